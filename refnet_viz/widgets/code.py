"""A view as the code that makes it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anywidget

from .scripts import script

LINE = 88
DEFAULTS = {
    "k": 15, "space": "latent", "metric": "euclidean", "layout": "aligned",
    "color": "label", "edges": "none", "mode": "light", "epoch": None,
    "weights": None, "selected": (),
}  # fmt: skip


class Code(anywidget.AnyWidget):
    """A button that asks for the code, shows it and puts it on the clipboard."""

    _esm = script("dom.js", "code.js")


def written(settings: Mapping[str, Any], data: str = "spaces") -> str:
    """Return the call of `explore` that shows these settings.

    Parameters
    ----------
    settings
        Arguments by name; what `explore` does by itself is left out.
    data
        What the first argument is called.

    Examples
    --------
    >>> print(written({"k": 20, "edges": "none", "selected": ["a"]}))
    view = rv.explore(spaces, k=20, selected=["a"])
    """
    given = [
        f"{name}={_literal(value)}"
        for name, value in settings.items()
        if name not in DEFAULTS or value != DEFAULTS[name]
    ]
    line = f"view = rv.explore({', '.join([data, *given])})"
    if len(line) <= LINE:
        return line
    parts = "".join(f"    {part},\n" for part in [data, *given])
    return f"view = rv.explore(\n{parts})"


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, tuple):
        inner = ", ".join(map(_literal, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, Mapping):
        pairs = (f"{_literal(key)}: {_literal(own)}" for key, own in value.items())
        return f"{{{', '.join(pairs)}}}"
    return repr(value)


def _quoted(text: str) -> str:
    """Return a string as Python writes it, in double quotes."""
    inner = repr('"' + text)[2:-1]  # with a quote inside, repr chooses single ones
    return '"' + inner.replace("\\'", "'").replace('"', '\\"') + '"'
