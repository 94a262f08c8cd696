"""`save`: figures, tables, graphs and embeddings as files."""

from __future__ import annotations

import csv
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from .. import _check
from .._files import replacing, write
from ..embedding import Embedding
from ..graph import Neighbors, save_graph
from ..graph.cells import write_cells
from ..layout.points_table import points_table
from ..storage import save_spaces

FIGURES = (".html", ".json", ".png", ".svg", ".pdf")
PICTURES = (".png", ".svg", ".pdf")
TABLES = (".csv", ".parquet")
CELLS = (".h5ad", ".h5mu")
GRAPHS = (".graphml", ".gexf", ".json")
# What a spreadsheet takes for the beginning of a formula; "" is none.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_HALF = re.compile("[\ud800-\udfff]")


def save(
    thing: Any,
    path: str | os.PathLike[str],
    *,
    width: int | None = None,
    height: int | None = None,
    scale: float = 2.0,
    plotlyjs: bool | str = True,
    safe: bool = False,
) -> Path:
    """Write a figure, a table, a graph or embeddings; the suffix of `path` says how.

    Nothing of this needs a browser. The same figure gives the same bytes, and beside
    it a manifest (``figure2.pdf``: ``figure2.manifest.json``) says what it was made
    of. A file appears whole or not at all.

    Parameters
    ----------
    thing
        A figure (``.html``, ``.json``, ``.png``, ``.svg``, ``.pdf``), a DataFrame
        (``.csv``, ``.parquet``), Neighbors (``.graphml``, ``.gexf``, ``.json``), or an
        Embedding, a list or a mapping of them (a folder, for `refnet_viz.load`;
        ``.h5ad`` and ``.h5mu`` for scanpy and muon, with 15 neighbours in the latent
        space; ``.parquet`` for embedding-atlas, a row a point).
    path
        Where to; an existing file is replaced. A folder of embeddings has no suffix.
    width, height
        Size of a figure in pixels, 96 an inch; None takes the figure's own, which
        ``columns=`` gives it, or 960 and 540.
    scale
        Pixels of a PNG for each of these, and of the many marks that an SVG or a PDF
        holds as a picture; at most 65,535 a side.
    plotlyjs
        For ``.html``: True puts the 5 MB of plotly.js into the file, "directory" puts
        it beside the file once for all.
    safe
        For ``.csv``: text that a spreadsheet would compute (it begins with ``=``,
        ``+``, ``-``, ``@``, a tabulator or a line break) gets an apostrophe in front.
        Numbers stay as they are.

    Returns
    -------
    pathlib.Path
        Where it was written.

    Raises
    ------
    TypeError
        If `thing` is something else.
    ValueError
        If the suffix is unknown, the figure holds what cannot be drawn, a table holds
        half a character (a lone surrogate), or an argument says nothing of such a file.
    MemoryError
        If a picture of that size does not fit into memory.
    OSError
        If the folder is missing or read-only.

    Examples
    --------
    >>> save(pd.DataFrame(), "table.xlsx")
    Traceback (most recent call last):
    ...
    ValueError: `path` must end in '.csv', '.parquet' for a table, got 'table.xlsx'.
    """
    path = _check.path("path", path)
    _check.instance("safe", safe, bool)
    _refuse_ignored(
        thing,
        path,
        width=width,
        height=height,
        scale=scale,
        plotlyjs=plotlyjs,
        safe=safe,
    )
    try:
        if _is_figure(thing):
            # plotly is not needed for what is no figure.
            from ..plot.export import save_figure  # noqa: PLC0415

            _suffix(path, FIGURES, "a figure")
            size = {"width": width, "height": height}
            scale = _check.number("scale", scale, low=0.1, high=20)
            save_figure(thing, size, path, scale=scale, plotlyjs=plotlyjs)
        elif isinstance(thing, pd.DataFrame):
            _suffix(path, TABLES, "a table")
            _save_table(thing, path, safe=safe)
        elif isinstance(thing, Neighbors):
            _suffix(path, GRAPHS, "a graph")
            save_graph(thing, path)
        else:
            _save_spaces(thing, path)
    except OSError as error:
        raise type(error)(
            "`path` must lie in a folder that exists and can be written to, "
            f"got {str(path)!r} ({error.strerror or error})."
        ) from error
    return path


def _refuse_ignored(thing: Any, path: Path, **settings: Any) -> None:
    """Refuse settings that say nothing of such a file."""
    figure, suffix = _is_figure(thing), path.suffix.lower()
    table = isinstance(thing, pd.DataFrame)
    rules = {
        "width": (None, figure, "a figure"),
        "height": (None, figure, "a figure"),
        "scale": (
            2.0,
            figure and suffix in PICTURES,
            "a figure as '.png', '.svg', '.pdf'",
        ),
        "plotlyjs": (True, figure and suffix == ".html", "a figure as '.html'"),
        "safe": (False, table and suffix == ".csv", "a table as '.csv'"),
    }
    for name, (usual, used, kind) in rules.items():
        value = settings[name]
        number = isinstance(value, float | int) and not isinstance(value, bool)
        same = value is usual or (number and value == usual)
        if not used and not same:
            raise ValueError(
                f"`{name}` must be {usual} for all but {kind}, "
                f"got {_check.shown(value)} for {path.name!r}."
            )


def _save_spaces(thing: Any, path: Path) -> None:
    members = [part for group in _members(thing) for part in _members(group)]
    kinds = {type(member) for member in members}
    if kinds == {Embedding}:
        suffix = path.suffix.lower()
        if suffix in CELLS:
            with replacing(path) as temporary:
                write_cells(thing, temporary, suffix)
            return
        if suffix == ".parquet":
            write(path, points_table(thing))
            return
        if path.suffix:
            raise ValueError(
                "`path` must name a folder, without a suffix, or end in '.h5ad', "
                f"'.h5mu', '.parquet' for embeddings, got {path.name!r}."
            )
        save_spaces(thing, path)
        return
    several = len(kinds) == 1 and isinstance(members[0], Neighbors | pd.DataFrame)
    name = type(members[0]).__name__ if several else type(thing).__name__
    raise TypeError(
        "`thing` must be a plotly figure, a DataFrame, Neighbors or Embeddings, got "
        + (f"several {name}: save them one by one." if several else f"{name}.")
    )


def _members(thing: Any) -> list[Any]:
    if isinstance(thing, Mapping):
        return list(thing.values())
    return list(thing) if isinstance(thing, list | tuple) else [thing]


def _suffix(path: Path, known: tuple[str, ...], what: str) -> None:
    if path.suffix.lower() not in known:
        names = ", ".join(repr(suffix) for suffix in known)
        raise ValueError(f"`path` must end in {names} for {what}, got {path.name!r}.")


def _is_figure(thing: Any) -> bool:
    """Return whether it is one of plotly's figures, which only plotly can make."""
    plotly = sys.modules.get("plotly.basedatatypes")
    return plotly is not None and isinstance(thing, plotly.BaseFigure)


def _save_table(frame: pd.DataFrame, path: Path, *, safe: bool) -> None:
    returns = _check_characters(frame)
    named = frame.index.name is not None or not isinstance(frame.index, pd.RangeIndex)
    if path.suffix.lower() == ".csv":
        frame = without_formulas(frame) if safe else frame
        # Before Python 3.13 csv leaves a bare carriage return without quotes.
        quoting: Literal[0, 2] = csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL
        text = frame.to_csv(index=named, lineterminator="\n", quoting=quoting)
        write(path, text.encode())
        return
    try:
        content = frame.to_parquet(index=named)
    except ImportError as error:
        raise ValueError(
            "`path` must end in '.csv', because '.parquet' needs the package pyarrow, "
            f"got {path.name!r}."
        ) from error
    write(path, content)


def without_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with an apostrophe before text that a spreadsheet would compute.

    Names of columns and rows are text, too; numbers stay.

    Examples
    --------
    >>> table = pd.DataFrame({"note": ["=1+2", "a-b"], "size": [-1, 2]})
    >>> without_formulas(table).to_numpy().tolist()
    [["'=1+2", -1], ['a-b', 2]]
    """

    def plain(value: Any) -> Any:
        return (
            f"'{value}" if isinstance(value, str) and value[:1] in _FORMULA else value
        )

    result = frame.copy()
    for place, (_, column) in enumerate(frame.items()):
        if not pd.api.types.is_numeric_dtype(column.dtype):
            values = pd.Series([plain(v) for v in column], frame.index, dtype=object)
            result.isetitem(place, values.to_numpy())
    for axis in ("index", "columns"):
        labels = getattr(result, axis)
        names = [None if name is None else plain(name) for name in labels.names]
        if isinstance(labels, pd.MultiIndex):
            rows = [tuple(map(plain, row)) for row in labels]
            setattr(result, axis, pd.MultiIndex.from_tuples(rows, names=names))
        elif not pd.api.types.is_numeric_dtype(labels.dtype):
            cells = [plain(label) for label in labels]
            setattr(result, axis, pd.Index(cells, dtype=object, name=names[0]))
    return result


def _check_characters(frame: pd.DataFrame) -> bool:
    """Refuse halves of characters, which no file of text can hold.

    Returns
    -------
    bool
        Whether some text has a carriage return.
    """
    returns = False
    columns = {"the index": frame.index} | {
        f"column {name!a}": frame.iloc[:, i] for i, name in enumerate(frame.columns)
    }
    columns["the names of columns"] = frame.columns
    for place, column in columns.items():
        if pd.api.types.is_numeric_dtype(column.dtype):
            continue
        for row, value in enumerate(column):
            if not isinstance(value, str):
                continue
            returns = returns or "\r" in value
            if _HALF.search(value):
                raise ValueError(
                    "`thing` must hold whole characters, got a lone surrogate in "
                    f"entry {row} of {place}: {value!a}."
                )
    return returns
