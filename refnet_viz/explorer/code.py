"""Code that makes a state of the explorer again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, fields
from typing import Any

import numpy as np

from .state import State
from .tags import COLUMN

LINE = 88
ARGUMENTS = ("variants", "k", "space", "layout", "color", "baseline", "seed", "mode")
DEFAULTS = {
    one.name: one.default for one in fields(State) if one.default is not MISSING
} | {"selected": ()}


def code_of(
    arguments: Mapping[str, Any],
    *,
    trainable: bool = False,
    beside: Iterable[str] = (),
) -> str:
    """Return the code that explores `spaces` with some settings.

    Parameters
    ----------
    arguments
        Name to value, as of `State.arguments`; defaults are left out.
    trainable
        Whether the explorer has the data of its runs, so that variants can be trained.
    beside
        Names of arguments with graphs or layouts that existed.

    Examples
    --------
    >>> print(code_of({"k": 20, "edges": "kept", "metric": "euclidean"}))
    view = rv.explore(spaces, k=20)
    view.edges = "kept"
    >>> print(code_of({}, trainable=True))
    view = rv.explore(spaces, data=data)
    """
    literals = {
        name: _literal(value)
        for name, value in arguments.items()
        if name not in DEFAULTS or value != DEFAULTS[name]
    }
    selected, _ = literals.pop("selected", ""), literals.pop("tags", "")
    tags = arguments.get("tags", {})
    # A colour that is a tag can be chosen when there are tags.
    names = [n for n in ARGUMENTS if n != "color" or arguments.get(n) not in tags]
    first = [f"{name}={literals.pop(name)}" for name in names if name in literals]
    values = [*(["data"] * trainable), *beside]
    lines = [_call(["spaces", *(f"{name}={name}" for name in values), *first])]
    lines += list(_tag_lines(tags))
    lines += [f"view.{name} = {value}" for name, value in literals.items()]
    lines += [f"view.select({selected})"] if selected else []
    return "\n".join(lines)


def _tag_lines(tags: Mapping[str, Mapping[str, list[str]]]) -> Iterator[str]:
    for column, words in tags.items():
        named = "" if column == COLUMN else f", column={_literal(column)}"
        for word, ids in words.items():
            yield f"view.tag({_literal(word)}, {_literal(ids)}{named})"


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
        pairs = (f"{_literal(key)}: {_literal(each)}" for key, each in value.items())
        return f"{{{', '.join(pairs)}}}"
    return repr(value.item() if isinstance(value, np.generic) else value)


def _quoted(text: str) -> str:
    """Return a string as Python writes it, in double quotes."""
    inner = repr('"' + text)[2:-1]  # with a quote inside, repr chooses single ones
    return '"' + inner.replace("\\'", "'").replace('"', '\\"') + '"'
