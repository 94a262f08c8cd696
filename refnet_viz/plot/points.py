"""Points and edges as traces: one trace each, however many there are."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from ..data.answers import label_texts
from ..embedding import Embedding
from .ink import Ink
from .text import escape

FAINTEST = 0.4  # opacity of edges whose colours tell something
MOST_SVG = 5_000  # a page can hold five WebGL plots, but any number of SVG ones
LONGEST_TEXT = 80
MOST_TEXTS = 20_000  # points that say more than their id when they are pointed at

Flat = npt.NDArray[np.floating[Any]]
Pairs = npt.NDArray[np.int64]


def scatter_class(count: int) -> type[go.Scatter] | type[go.Scattergl]:
    """Return the trace class for so many points: SVG up to 5,000."""
    return go.Scatter if count <= MOST_SVG else go.Scattergl


def point_size(count: int) -> float:
    """Return a diameter in pixels that leaves so many points apart.

    Examples
    --------
    >>> point_size(100), point_size(100_000)
    (9.0, 3.0)
    """
    return float(np.clip(np.round(14 - 2.5 * np.log10(max(count, 1)), 1), 3, 9))


def points(
    embedding: Embedding,
    coordinates: Flat,
    marker: dict[str, Any],
    *,
    name: str,
    notes: list[str] | None = None,
) -> go.Scatter | go.Scattergl:
    """Return the one trace that holds every point of a panel.

    Parameters
    ----------
    embedding
        Whose points these are; its ids become `customdata`.
    coordinates
        ``(N, 2)``; NaN for points that have no place, which are not drawn.
    marker
        Plotly marker properties; colours are an array.
    name
        Name of the panel, escaped.
    notes
        One more line a point for the hover text, escaped.
    """
    count = len(embedding)
    marker = {"size": point_size(count), "opacity": 0.9, **marker}
    return scatter_class(count)(
        x=coordinates[:, 0],
        y=coordinates[:, 1],
        mode="markers",
        marker=marker,
        customdata=embedding.ids,
        hovertext=hover_texts(embedding, notes),
        hovertemplate="%{hovertext}<extra></extra>",
        name=name,
        showlegend=False,
    )


def edge_lines(
    coordinates: Flat, pairs: Pairs, *, count: int, **style: Any
) -> go.Scatter | go.Scattergl:
    """Return all edges as one trace, a gap after each.

    Those with an end that has no place are left out.

    Parameters
    ----------
    coordinates
        ``(N, 2)`` of the points; NaN for those that have no place.
    pairs
        ``(E, 2)`` row numbers.
    count
        Points of the panel, which decide between SVG and WebGL.
    style
        Properties of the trace, such as ``line``.
    """
    placed = np.isfinite(coordinates[:, 0])
    pairs = pairs[placed[pairs].all(axis=1)]
    ends = np.full((len(pairs), 3, 2), np.nan, dtype=coordinates.dtype)
    ends[:, :2] = coordinates[pairs]
    options = {"mode": "lines", "hoverinfo": "skip", "showlegend": False, **style}
    x, y = ends.reshape(-1, 2).T
    return scatter_class(count)(x=x, y=y, **options)


def cap(pairs: Pairs, most: int) -> npt.NDArray[np.intp]:
    """Return which edges are drawn: all, or an even draw that is always the same.

    Examples
    --------
    >>> cap(np.zeros((3, 2), np.int64), 5).tolist()
    [0, 1, 2]
    """
    if len(pairs) <= most:
        return np.arange(len(pairs))
    sample = np.random.default_rng(0).permutation(len(pairs))[:most]
    return np.sort(sample)


def edge_opacity(count: int) -> float:
    """Return an opacity with which so many edges leave what lies below to be seen.

    Examples
    --------
    >>> edge_opacity(200), edge_opacity(2_000), edge_opacity(50_000)
    (1.0, 0.5, 0.1)
    """
    return float(np.clip(np.sqrt(500 / max(count, 1)), 0.1, 1.0).round(2))


def edge_style(colors: Ink, width: float = 0.8) -> dict[str, Any]:
    """Return the line of an ordinary edge."""
    return {"color": colors.edge, "width": width}


def hover_texts(
    embedding: Embedding, notes: list[str] | None = None
) -> list[str] | npt.NDArray[np.str_]:
    """Return what a point says when it is pointed at, escaped.

    Of more than 20,000 points only their ids: plotly looks at every string of a figure
    several times. An array of strings, which it takes as it is.
    """
    columns = [[f"<b>{escape(name)}</b>" for name in embedding.ids]]
    if len(embedding) > MOST_TEXTS:
        return np.array(columns[0])
    if embedding.labels is not None:
        columns.append([f"label: {t}" for t in class_texts(embedding, "labels")])
    if embedding.predictions is not None:
        texts = class_texts(embedding, "predictions")
        columns.append([f"prediction: {text}" for text in texts])
    if embedding.media.texts:
        columns.append([escape(t[:LONGEST_TEXT]) for t in embedding.media.texts])
    if notes is not None:
        columns.append(notes)
    return ["<br>".join(lines) for lines in zip(*columns, strict=True)]


def class_texts(embedding: Embedding, which: str) -> list[str]:
    """Return the escaped class name of every point, several joined by "; "."""
    names = [escape(name) for name in embedding.class_names]
    return label_texts(getattr(embedding, which), names)
