"""`overlaps`: neighbours that the modalities have too, against k, beside chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from .. import _check
from .._nested import Variants, as_variants
from ..embedding import Embedding
from ..graph import knn
from ..graph.ground import Grounds
from ..graph.statistics import seed_band
from .panels import finish, grid, place
from .text import short, small
from .theme import class_style, faded, ink

HEIGHT = 280
ENOUGH = 3  # seeds: with two, a 95% band is thirteen times as wide as their spread
FUSED = {"refined": "solid", "latent": "dash"}

Floats = npt.NDArray[np.float64]
Curves = dict[tuple[str, str, str], Floats]


def overlaps(
    spaces: Any, *, k_max: int = 50, columns: int | None = None, mode: str = "light"
) -> go.Figure:
    """Draw which share of the k nearest is so by the modalities, for every k.

    The first panel asks all modalities together, the others each one; solid lines are
    the refined space, dashed ones the latent space, dotted ones chance, k / (N - 1).

    Parameters
    ----------
    spaces
        An Embedding with modalities, a list of them (seeds), or a mapping from variants
        to one or several: means over seeds, with the 95% band from three seeds on.
    k_max
        Largest number of neighbours.
    columns
        Panels in a row.
    mode
        "light" or "dark".

    Returns
    -------
    plotly.graph_objects.Figure
        ``layout.meta["overlaps"]`` has the means: panel, variant and space to numbers
        from k = 1.

    Raises
    ------
    TypeError
        If a value is no Embedding.
    ValueError
        If an embedding has no modalities or `k_max` is out of range.

    Examples
    --------
    >>> x = np.array([[0.0], [1.0], [5.0], [7.0]])
    >>> own = Embedding.from_arrays(x, modalities={"a": x, "b": x[[0, 2, 1, 3]]})
    >>> figure = overlaps(own, k_max=2)
    >>> figure.layout.meta["overlaps"]["a"]["embedding"]["latent"]
    [1.0, 1.0]
    """
    ink(mode)
    variants = as_variants("spaces", spaces, Embedding, alone="embedding")
    first = next(iter(variants.values()))[0]
    if not first.inputs:
        raise ValueError("`spaces` must have modalities to compare with, got none.")
    k_max = _check.k_neighbors(k_max, len(first))
    panels = ["sum", *first.inputs]
    curves = _curves(variants, panels, k_max)
    wide = min(3, len(panels)) if columns is None else columns
    wide = _check.integer("columns", wide, low=1)
    titles = [[f"<b>neighbours by {short(_words(name))}</b>"] for name in panels]
    figure = grid(titles, columns=wide, height=HEIGHT, below=44, width_gap=0.07)
    ks = np.arange(1.0, k_max + 1)
    for number, panel in enumerate(panels):
        for turn, name in enumerate(variants):
            for space in FUSED:
                found = curves.get((panel, name, space))
                if found is not None:
                    for trace in _traces(found, ks, (name, space), turn, mode=mode):
                        trace.showlegend = number == 0 and trace.fill is None
                        figure.add_trace(trace, **place(number, wide))
        figure.add_trace(
            go.Scatter(
                x=ks, y=ks / (len(first) - 1), mode="lines", name="chance",
                line={"color": ink(mode).text, "width": 1.4, "dash": "dot"},
                hovertemplate="chance at k = %{x}: %{y:.3f}<extra></extra>",
                showlegend=number == 0,
            ), **place(number, wide),
        )  # fmt: skip
        suffix = "" if number == 0 else str(number + 1)
        y = {"rangemode": "tozero", "title": {"text": "share" if not number else ""}}
        x = {"title": {"text": "k nearest neighbours"}}
        figure.update_layout({f"xaxis{suffix}": x, f"yaxis{suffix}": y})
    seeds = sorted({len(members) for members in variants.values()})
    told = f"{' or '.join(map(str, seeds))} seed{'s' * (seeds != [1])} a variant, "
    told += "band: 95% of the mean" if seeds[-1] >= ENOUGH else "too few for a band"
    title = "Neighbours that the modalities have too"
    return finish(
        figure, f"{title}<br>{small(told)}", mode, _meta(curves, panels, k_max)
    )


def _words(panel: str) -> str:
    return "all modalities" if panel == "sum" else panel


def _curves(variants: Variants[Embedding], panels: list[str], k_max: int) -> Curves:
    """Return ``(seeds, k_max)`` for each panel, variant and space that there is."""
    grounds, found = Grounds(k_max, "euclidean"), {}
    for name, members in variants.items():
        for space in FUSED:
            if not all(space in one.spaces for one in members):
                continue
            graphs = [knn(one, k_max, space=space) for one in members]
            for panel in panels:
                rows = [grounds.overlaps(graph, panel) for graph in graphs]
                found[panel, name, space] = np.array(rows)
    return found


def _traces(
    found: Floats, ks: Floats, names: tuple[str, str], turn: int, *, mode: str
) -> list[go.Scatter]:
    """Return the line of the mean over seeds, above its band."""
    color, _ = class_style(turn, mode)
    words = f"{short(names[0])}, {names[1]}"
    line = {"color": color, "dash": FUSED[names[1]], "width": 2}
    traces = [
        go.Scatter(
            x=ks, y=found.mean(axis=0), mode="lines", line=line, name=words,
            hovertemplate=f"{words} at k = %{{x}}: %{{y:.3f}}<extra></extra>",
        )
    ]  # fmt: skip
    if len(found) >= ENOUGH:
        bands = [seed_band(column, 0.95) for column in found.T]
        low, high = np.clip(bands, 0.0, 1.0).T
        traces.insert(0, go.Scatter(
            x=np.concatenate([ks, ks[::-1]]), y=np.concatenate([high, low[::-1]]),
            mode="lines", line={"color": faded(color, 0.0), "width": 0}, fill="toself",
            fillcolor=faded(color, 0.12), hoverinfo="skip", name=words,
        ))  # fmt: skip
    return traces


def _meta(curves: Curves, panels: list[str], k_max: int) -> dict[str, Any]:
    told: dict[str, Any] = {panel: {} for panel in panels}
    for (panel, name, space), found in curves.items():
        told[panel].setdefault(name, {})[space] = found.mean(axis=0)
    last = {
        f"{name} {space}": found[:, -1].mean()
        for (panel, name, space), found in curves.items()
        if panel == "sum"
    }
    words = ", ".join(f"{name} {value:.2f}" for name, value in last.items())
    alt = (
        "Curves of the share of neighbours that are so by all modalities and by each, "
        f"against k; by all at k = {k_max}: {words}."
    )
    return {"figure": "overlaps", "alt": alt, "k_max": k_max, "overlaps": told}
