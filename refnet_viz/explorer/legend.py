"""Legend of classes: how many points each has, and what a click on one selects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..plot.color import Coloring
from ..plot.text import middle
from .embeddings import Rows
from .selection import toggled

LISTED = 12  # classes; of more the most frequent ones, and the others as one
LONGEST_NAME = 32

Codes = npt.NDArray[np.integer[Any]]


def legend(coloring: Coloring, panel: int, rows: Rows) -> dict[str, Any]:
    """Return the entries of all classes that occur, and one of the rare ones.

    Parameters
    ----------
    coloring
        Colour of every point of every map.
    panel
        The map whose points are counted.
    rows
        The selected points.

    Returns
    -------
    dict
        ``entries``, in the order of the classes, or of their counts where they are
        more than `LISTED`; ``listed``, how many are shown at first; ``other``, what
        stands for the rest, or None.
    """
    if len(coloring.names) < 2:
        return {"entries": [], "listed": LISTED, "other": None}
    points, size = coloring.values[panel], len(coloring.names)
    codes = np.flatnonzero(sum(np.bincount(v, minlength=size) for v in coloring.values))
    counts = np.bincount(points, minlength=size)
    chosen = np.bincount(points[rows], minlength=size)
    if len(codes) > LISTED:
        codes = codes[np.argsort(-counts[codes], kind="stable")]
    entries = [_entry(coloring, int(code), counts, chosen) for code in codes]
    rest = codes[LISTED:]
    other = None
    if len(rest):
        other = {
            "name": f"{len(rest)} other" + ("s" if len(rest) > 1 else ""),
            "codes": rest.tolist(),
            "count": int(counts[rest].sum()),
            "on": _share(chosen[rest].sum(), counts[rest].sum()),
        }
    return {"entries": entries, "listed": LISTED, "other": other}


def _entry(
    coloring: Coloring, code: int, counts: Codes, chosen: Codes
) -> dict[str, Any]:
    color, symbol = coloring.styles[code]
    full = " ".join(coloring.names[code].split())
    return {
        "name": middle(full, LONGEST_NAME),
        "full": full,
        "color": color,
        "symbol": symbol,
        "codes": [code],
        "count": int(counts[code]),
        "on": _share(chosen[code], counts[code]),
    }


def _share(chosen: int, count: int) -> str:
    """Return whether all, some or none of so many are selected."""
    if not chosen:
        return "none"
    return "all" if chosen == count else "some"


def selected_by(points: Codes, rows: Rows, codes: Sequence[int], how: str) -> Rows:
    """Return what is selected after a click on classes.

    Parameters
    ----------
    points
        Class of every point.
    rows
        The selected points.
    codes
        The classes.
    how
        As in `selection.toggled`.

    Examples
    --------
    >>> points, none = np.array([0, 1, 1]), np.empty(0, np.intp)
    >>> selected_by(points, none, [1], "alone").tolist()
    [1, 2]
    >>> selected_by(points, np.array([1, 2]), [1], "alone").tolist()
    []
    >>> selected_by(points, np.array([1, 2]), [0], "add").tolist()
    [0, 1, 2]
    """
    members = np.flatnonzero(np.isin(points, codes))
    return toggled(rows, members, how)
