"""A view as the code that makes it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

LINE = 88
ARGUMENTS = ("variants", "k", "space", "layout", "color", "baseline", "seed", "mode")
DEFAULTS = {
    "k": 15, "space": "latent", "layout": "aligned", "color": "label", "mode": "light",
    "metric": "euclidean", "edges": "none", "epoch": None, "selected": (),
}  # fmt: skip


def written(settings: Mapping[str, Any]) -> str:
    """Return the code that makes a view of `spaces` again.

    Parameters
    ----------
    settings
        Name to value; what `explore` does by itself is left out.

    Examples
    --------
    >>> print(written({"k": 20, "edges": "kept", "metric": "euclidean"}))
    view = rv.explore(spaces, k=20)
    view.edges = "kept"
    """
    told = {
        name: _literal(value)
        for name, value in settings.items()
        if name not in DEFAULTS or value != DEFAULTS[name]
    }
    given = [f"{name}={told.pop(name)}" for name in ARGUMENTS if name in told]
    chosen = told.pop("selected", "")
    lines = [_call(["spaces", *given])]
    lines += [f"view.{name} = {value}" for name, value in told.items()]
    lines += [f"view.select({chosen})"] if chosen else []
    return "\n".join(lines)


def _call(parts: list[str]) -> str:
    line = f"view = rv.explore({', '.join(parts)})"
    if len(line) <= LINE:
        return line
    inner = "".join(f"    {part},\n" for part in parts)
    return f"view = rv.explore(\n{inner})"


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
    return repr(value.item() if isinstance(value, np.generic) else value)


def _quoted(text: str) -> str:
    """Return a string as Python writes it, in double quotes."""
    inner = repr('"' + text)[2:-1]  # with a quote inside, repr chooses single ones
    return '"' + inner.replace("\\'", "'").replace('"', '\\"') + '"'
