"""Panels of equal size in one figure, each with a title of several lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from .. import _check
from .ink import Ink
from .text import plain
from .theme import theme

LINE = 15  # pixels a line of a panel title takes
HEAD = 50  # pixels above the first panel title
FOOT = 24
LEGEND_GAP = 10
TITLE_TOP = 14
SPARE = "spare"  # name of notes that a slim figure does without
HIGHEST = 920  # pixels, 690 pt: no page of a journal is higher
LOWEST = 60  # pixels of a panel of a figure that would be higher still
# Pixels (96 an inch) of so many columns of a journal's page: 252, 387 and 517 pt.
PAGES: dict[float, int] = {1: 336, 1.5: 516, 2: 690}
MOST = 4  # panels that may stand in a row of a page


def grid(
    titles: Sequence[Sequence[str]],
    *,
    columns: int,
    height: int,
    gap: int = 24,
    below: int = 0,
    width_gap: float = 0.06,
    page: int | None = None,
    shared: bool = False,
    used: Sequence[int] = (),
) -> go.Figure:
    """Return a figure of empty panels with their titles.

    Parameters
    ----------
    titles
        The lines of each panel's title, escaped; the first one is the largest.
    columns
        Panels in a row.
    height
        Pixels of one panel.
    gap
        Free pixels between two rows of panels, beside their titles.
    below
        Pixels the axis of a panel needs below it.
    width_gap
        Share of the width between two columns.
    page
        Pixels that the figure is wide on a page; None for a screen of any width.
    shared
        Whether all panels have the same axis of x (or the same rows with names), so
        that a page names it once.
    used
        How many rows with a name each panel needs, where `height` is that of one row;
        the figure is then set for a screen, too.
    """
    rows = -(-len(titles) // columns)
    block = LINE * max(len(lines) for lines in titles) + 8
    between = gap + block + below
    free = HIGHEST - HEAD - block - FOOT - below - (rows - 1) * between
    tall = height * max(used, default=1)
    tall = min(tall, max(LOWEST, free // rows))
    inner = rows * tall + (rows - 1) * between
    figure = make_subplots(
        rows,
        columns,
        vertical_spacing=between / inner if rows > 1 else 0.0,
        horizontal_spacing=width_gap if columns > 1 else 0.0,
    )
    for number, lines in enumerate(titles, start=1):
        figure.add_annotation(
            text="<br>".join(lines),
            align="left",
            showarrow=False,
            x=0,
            xref=f"x{number} domain" if number > 1 else "x domain",
            y=1,
            yref=f"y{number} domain" if number > 1 else "y domain",
            xanchor="left",
            yanchor="bottom",
            yshift=3,
            font={"size": 12},
        )
    for number in range(len(titles) + 1, rows * columns + 1):
        hidden = {f"{axis}axis{number}": {"visible": False} for axis in "xy"}
        figure.update_layout(hidden)
    margin = {"l": 16, "r": 16, "t": HEAD + block, "b": FOOT + below}
    # What `narrow.fitted` needs to set the panels in another width.
    spec = {
        "panels": len(titles),
        "columns": columns,
        "height": height if used else tall,
        "gap": gap,
        "below": below,
        "shared": shared,
        **({"used": list(used)} if used else {}),
        **({} if page is None else {"page": page}),
    }
    return figure.update_layout(
        height=inner + margin["t"] + margin["b"], margin=margin, meta={"grid": spec}
    )


WIDEST = 100  # panels in a row of a screen


def row_of(
    columns: Any, count: int, default: int, *, most: int = MOST
) -> tuple[int, int | None]:
    """Return how many panels stand in a row, and the pixels of the figure's width.

    Parameters
    ----------
    columns
        Columns of a journal's page: 1, 1.5 or 2; a larger whole number asks for so
        many panels in a row on a screen of any width, None for `default` of them.
    count
        Number of panels.
    default
        Panels in a row where nothing is asked for.
    most
        Panels in a row of a page at most.

    Raises
    ------
    ValueError
        If `columns` is anything else.

    Examples
    --------
    >>> row_of(1.5, 6, 3), row_of(3, 6, 2), row_of(None, 6, 2)
    ((4, 516), (3, None), (2, None))
    """
    if columns is None:
        return min(default, count), None
    number = isinstance(columns, int | float | np.number)
    if number and not isinstance(columns, bool):
        if columns in PAGES:
            return min(most, count), PAGES[columns]
        if max(PAGES) < columns <= WIDEST and columns == int(columns):
            return min(int(columns), count), None
    raise ValueError(
        "`columns` must be 1, 1.5 or 2 (of a journal's page) or a larger whole number "
        f"(panels in a row), got {_check.shown(columns)}."
    )


def asked_for(
    argument: str, names: str | Sequence[str] | None, known: list[str]
) -> list[str]:
    """Return the panels asked for by name, all where nothing is.

    Raises
    ------
    ValueError
        If a name is unknown or the list is empty.

    Examples
    --------
    >>> asked_for("metrics", "purity", ["accuracy", "purity"])
    ['purity']
    """
    if names is None:
        return known
    chosen = [names] if isinstance(names, str) else _check.several(argument, names)
    if not chosen:
        raise ValueError(f"`{argument}` must name at least one of {known}, got none.")
    return [_check.one_of(argument, name, known) for name in chosen]


def place(number: int, columns: int) -> dict[str, int]:
    """Return row and column of a panel for `Figure.add_trace`."""
    row, column = divmod(number, columns)
    return {"row": row + 1, "col": column + 1}


def default_columns(count: int) -> int:
    """Return how many panels stand in a row: two, or three of an odd number."""
    return min(count, 2 if count in {2, 4} else 3)


def flat_axes(figure: go.Figure, number: int, colors: Ink, **more: Any) -> None:
    """Give a map's panel one unit in both directions and no ticks: they mean nothing.

    Parameters
    ----------
    figure
        To change.
    number
        Number of the panel, from 1.
    colors
        Colours of the mode.
    more
        Further properties of both axes.
    """
    name = "" if number == 1 else str(number)
    common = {
        "showticklabels": False,
        "showgrid": False,
        "ticks": "",
        "mirror": True,
        "showline": True,
        "linecolor": colors.grid,
        **more,
    }
    figure.update_layout(
        {f"xaxis{name}": common, f"yaxis{name}": {**common, "scaleanchor": f"x{name}"}}
    )


def finish(
    figure: go.Figure,
    title: str,
    mode: str,
    meta: Mapping[str, Any],
    *,
    caption: bool = False,
) -> go.Figure:
    """Return the figure with title, look, meta and a legend below.

    Where a caption is asked for, `replayable` moves title and methods into it.
    """
    _check.flag("caption", caption)
    margin, height = figure.layout.margin, figure.layout.height
    # Plotly measures the legend in plotting areas and the title in figures.
    inner = height - margin.t - margin.b
    below = margin.b - FOOT + LEGEND_GAP
    grid = {**figure.layout.meta["grid"], **({"caption": True} if caption else {})}
    figure.update_layout(
        title={"text": title, "y": 1 - TITLE_TOP / height},
        meta={**plain(dict(meta)), "grid": grid},
        legend={
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "yanchor": "top",
            "y": -below / inner,
        },
    )
    return theme(figure, mode)
