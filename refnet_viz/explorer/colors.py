"""Colours of points in the explorer: what can be chosen, and its values."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from plotly.colors import sample_colorscale

from ..data.meaning import as_series, count_of_names, kind_of
from ..embedding import Embedding
from ..plot.color import Coloring
from ..plot.color import coloring as plot_coloring
from ..plot.ink import MODES, SCALE, SYMBOLS
from ..plot.scale import text_of
from .points import PointTable, responsibility_of

# Two categories of the same colour and shape could not be told apart.
MOST_KINDS = len(SYMBOLS) * len(MODES["light"].classes)
LOWEST = -1.0  # responsibility has no lower end: few points would take the whole scale
# Colour to the attribute of the table of points; those of the graph follow its k.
NUMBERS = {
    "confidence": "confidence",
    "purity": "purity",
    "rewiring": "rewiring",
    "in-degree": "in_degree",
}
OF_GRAPH = ("purity", "rewiring", "in-degree")
# The dark end of the scale would be lost on dark paper, its middle among grey points.
FIRST_STEP = {"light": 0.0, "dark": 0.2}


@cache
def ramp(mode: str) -> tuple[str, ...]:
    """Return the colours of the scale, from low to high.

    Examples
    --------
    >>> len(ramp("light")), ramp("light")[-1] == ramp("dark")[-1]
    (64, True)
    """
    steps = np.linspace(FIRST_STEP[mode], 1, 64)
    return tuple(sample_colorscale(SCALE, steps.tolist()))


def options(embeddings: Sequence[Embedding]) -> list[str]:
    """Return the names that colour can show, whatever is chosen besides.

    `Embedding.columns` are among them as far as they mean a colour (see
    `refnet_viz.data.meaning`), unless they hold another text in almost every row.
    """
    labels = all(e.labels is not None for e in embeddings)
    predictions = all(e.predictions is not None for e in embeddings)
    names = ["label"]
    names += ["prediction"] * predictions + ["correct"] * (predictions and labels)
    names += ["confidence"] * all(e.scores is not None for e in embeddings)
    names += ["purity"] * labels + ["rewiring", "in-degree"]
    if all(e.answers_held_out for e in embeddings):
        names += [
            responsibility_of(name)
            for name in embeddings[0].decoded
            if all(name in e.decoded for e in embeddings)
        ]
    columns = [set(e.columns) for e in embeddings]
    for name, values in embeddings[0].columns.items():
        everywhere = all(name in others for others in columns)
        if everywhere and name not in names and _has_colors(values):
            names.append(name)
    return names


def _has_colors(values: Any) -> bool:
    kind = kind_of(as_series(values))
    if kind == "categories":
        return 1 <= count_of_names(values) <= MOST_KINDS
    return kind != "none"


def differing(embeddings: Sequence[Embedding], color: str) -> Sequence[Embedding]:
    """Return the embeddings, if a column has other categories in some; else none.

    Parameters
    ----------
    embeddings
        All of them.
    color
        One of `options`.
    """
    columns = [embedding.columns.get(color) for embedding in embeddings]
    if color in NUMBERS or any(column is None for column in columns):
        return ()
    series = [as_series(column) for column in columns]
    if kind_of(series[0]) != "categories":
        return ()
    same = all(one.equals(series[0]) for one in series[1:])
    return () if same else embeddings


def coloring_of(
    tables: Sequence[PointTable],
    color: str,
    mode: str,
    among: Sequence[Embedding] = (),
) -> tuple[Coloring, str]:
    """Return the colour of every point and its title as plain text.

    Parameters
    ----------
    tables
        Table of the points of every map.
    color
        One of `options`.
    mode
        "light" or "dark".
    among
        Embeddings whose categories have colours, too, so that those of the maps stay
        when others are shown; see `differing`.
    """
    panels = [(str(number), table.embedding) for number, table in enumerate(tables)]
    numbers, title = _numbers(tables, color)
    if numbers is None:
        others = [(f"other {number}", each) for number, each in enumerate(among)]
        coloring = plot_coloring([*panels, *others], color, mode)
        coloring = replace(coloring, values=coloring.values[: len(panels)])
        return coloring, html.unescape(coloring.title)
    names = (name for name, _ in panels)
    by_panel = dict(zip(names, numbers, strict=True))
    return plot_coloring(panels, by_panel, mode), title


def origin_of(coloring: Coloring) -> float:
    """Return what is taken off times before they travel in single precision."""
    return 0.0 if coloring.kind == "numbers" else coloring.span[0]


def ends_of(coloring: Coloring) -> tuple[str, str]:
    """Return the texts at the low and the high end of the scale."""
    low, high = coloring.span
    if coloring.kind == "numbers":
        return f"{low:.3g}", f"{high:.3g}"
    low_text, high_text = (
        text_of(coloring.kind, end, high - low) for end in (low, high)
    )
    return low_text, high_text


def title_of(color: str, baseline: str, k: int) -> str:
    """Return the title of a colour that is a number a point.

    Examples
    --------
    >>> title_of("in-degree", "plain", 15)
    'in-degree (mean 15): hubs are high'
    """
    titles = {
        "rewiring": f"rewiring from {baseline}",
        "confidence": "confidence of the prediction",
        "in-degree": f"in-degree (mean {k}): hubs are high",
    }
    return titles.get(color, color)


def _numbers(
    tables: Sequence[PointTable], color: str
) -> tuple[list[npt.NDArray[np.float64]] | None, str]:
    """Return the numbers of every map and their title, None where there are none."""
    first = tables[0]
    names = {responsibility_of(name): name for name in first.embedding.decoded}
    if color in names and all(t.embedding.answers_held_out for t in tables):
        return _responsibility(tables, names[color])
    if color not in NUMBERS:
        return None, ""
    values = [np.asarray(getattr(t, NUMBERS[color]), np.float64) for t in tables]
    k = first.graph.k if color in OF_GRAPH else first.k
    return values, title_of(color, first.baseline, k)


def _responsibility(
    tables: Sequence[PointTable], name: str
) -> tuple[list[npt.NDArray[np.float64]], str]:
    """Return responsibilities, cut where single points would take the whole scale."""
    values = [table.responsibility[name] for table in tables]
    title = responsibility_title(name)
    worse = sum(int(np.sum(numbers < LOWEST)) for numbers in values)
    title += f"; {worse:,} below {LOWEST:g} as {LOWEST:g})" if worse else ")"
    return [np.maximum(numbers, LOWEST) for numbers in values], title


def responsibility_title(modality: str) -> str:
    """Return the title of a responsibility, open for how many are cut.

    Examples
    --------
    >>> responsibility_title("text")
    'responsibility: text (1 is best, 0 the mean predictor'
    """
    return f"responsibility: {modality} (1 is best, 0 the mean predictor"
