"""The figures of a report, each with its words and the data behind it."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from .. import plot
from ..graph import edge_bounds, edge_diff
from ..graph import rewiring as point_rewiring
from .material import Material


@dataclass(frozen=True)
class Drawing:
    """A figure with what is said below it.

    Parameters
    ----------
    figure
        Figure of `refnet_viz.plot`.
    caption
        How to read it, plain text.
    data
        File name to the table behind it.
    """

    figure: go.Figure
    caption: str
    data: dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Section:
    """One part of a report.

    Parameters
    ----------
    key, title
        Its name in addresses, and for readers.
    question
        What it asks, in a sentence.
    draw
        From the material to its figures; raises ValueError with the reason why there
        are none.
    """

    key: str
    title: str
    question: str
    draw: Callable[[Material], list[Drawing]] = field(repr=False)


def _comparison(material: Material) -> list[Drawing]:
    caption = (
        "A dot is the mean over seeds, its band where the mean over many seeds is "
        "expected. Dotted: chance. Dashed: what one modality, or a linear model, "
        "reaches by itself. The table below has the same numbers."
    )
    figure = plot.compare(material.table, mode=material.mode)
    return [Drawing(figure, caption, {"comparison": material.table})]


def _maps(material: Material) -> list[Drawing]:
    graphs = {name: seeds[0] for name, seeds in material.graphs.items()}
    figure = plot.latent(
        material.first, edges=graphs, layout=material.layouts, mode=material.mode
    )
    aligned = len(material.first) > 1
    caption = (
        "The first run of each variant. "
        + "All maps begin at that of the baseline, so a point can be found again. "
        * aligned
        + "Two dimensions cannot keep all neighbours: the titles say how many to trust."
    )
    return [Drawing(figure, caption, {"maps": _places(material)})]


def _places(material: Material) -> pd.DataFrame:
    parts = []
    for name, layout in material.layouts.items():
        x, y = layout.coordinates.T
        columns = {"variant": name, "id": layout.ids, "x": x, "y": y}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def _rewiring(material: Material) -> list[Drawing]:
    if not material.others:
        raise ValueError("there is only one variant.")
    return [_rewired(material, name) for name in material.others]


def _rewired(material: Material, name: str) -> Drawing:
    base = material.baseline
    figure = plot.rewiring(
        material.graphs, base, name, layout=material.layouts[base], mode=material.mode
    )
    before, after = material.graphs[base][0], material.graphs[name][0]
    points = {"id": before.ids, "rewiring": point_rewiring(before, after)}
    caption = (
        f"The neighbourhoods of {base} in {name}: edges kept, gained and lost, on the "
        f"map of {base}. Right, the change of every point beside that between two "
        "seeds, which no effect can be told from."
    )
    files = {"points": pd.DataFrame(points), "edges": edge_diff(before, after).frame()}
    return Drawing(
        figure, caption, {f"rewiring {name} {k}": f for k, f in files.items()}
    )


def _overlaps(material: Material) -> list[Drawing]:
    figure = plot.overlaps(material.variants, mode=material.mode)
    caption = (
        "Share of a point's neighbours that the modalities' own graphs have too, for "
        "every k, as mean and band over seeds. Dotted: chance."
    )
    return [Drawing(figure, caption, {"overlaps": curves(figure)})]


def _attribution(material: Material) -> list[Drawing]:
    figure = plot.attribution(
        material.attributions, layout=material.layouts, mode=material.mode
    )
    tables = [
        attribution.patterns.assign(variant=name)
        for name, attribution in material.attributions.items()
    ]
    caption = (
        "Edges of the fused graphs by the modalities whose own graphs have them. "
        "Emergent edges are in none. Dashed: some modality puts the ends farther apart "
        "than most points."
    )
    return [Drawing(figure, caption, {"edge patterns": pd.concat(tables)})]


def _bound(material: Material) -> list[Drawing]:
    drawings = []
    for name, attribution in material.attributions.items():
        figure = plot.bound(attribution, mode=material.mode)
        caption = (
            f"{name}: distances of what z decodes to against distances by all "
            "modalities. Theorem 1 says that they differ by no more than the residuals "
            "of both ends, their reach."
        )
        files = {f"bound {name}": edge_bounds(attribution)}
        drawings.append(Drawing(figure, caption, files))
    return drawings


def _responsibility(material: Material) -> list[Drawing]:
    figure = plot.responsibility(material.attributions, mode=material.mode)
    tables = [
        attribution.responsibility.assign(variant=name)
        for name, attribution in material.attributions.items()
    ]
    caption = (
        "How far z answers for each modality: 1 is all of its variance, 0 what the "
        "mean of all points would answer. Left by class, right by point."
    )
    return [Drawing(figure, caption, {"responsibility": pd.concat(tables)})]


def _spectrum(material: Material) -> list[Drawing]:
    figure = plot.spectrum(material.variants, mode=material.mode)
    caption = (
        "What each refiner leaves of the modalities' variance, beside the least that "
        "any linear one of the same width can leave."
    )
    return [Drawing(figure, caption, {"spectrum": curves(figure)})]


def _history(material: Material) -> list[Drawing]:
    if material.runs is None:
        raise ValueError("no runs were given.")
    figure = plot.history(material.runs, mode=material.mode)
    caption = (
        "Losses and validation scores by epoch, a thin line a seed. A diamond marks "
        "the epoch whose weights were kept."
    )
    return [Drawing(figure, caption, {"history": curves(figure)})]


SECTIONS = (
    Section(
        "comparison", "Comparison", "What differs by more than seed noise?", _comparison
    ),
    Section("maps", "Maps", "What do the spaces look like?", _maps),
    Section(
        "rewiring",
        "Rewiring",
        "Whose neighbours changed, and by more than from seed to seed?",
        _rewiring,
    ),
    Section(
        "overlaps",
        "Overlap with the modalities",
        "Whose neighbours are those of the fused space?",
        _overlaps,
    ),
    Section(
        "attribution",
        "Who answers for an edge",
        "Which modalities have each edge in their own graphs?",
        _attribution,
    ),
    Section(
        "bound",
        "What is proved of distances",
        "Does the bound hold for every edge, and how tight is it?",
        _bound,
    ),
    Section(
        "responsibility",
        "Responsibility",
        "How far does z answer for each modality?",
        _responsibility,
    ),
    Section(
        "spectrum",
        "Spectrum",
        "How much of the modalities can z hold at all?",
        _spectrum,
    ),
    Section("history", "Training", "Did every run converge?", _history),
)


def curves(figure: go.Figure) -> pd.DataFrame:
    """Return the curves of a figure as a long table: panel, curve, x, y.

    Examples
    --------
    >>> curves(go.Figure(go.Scatter(x=[1, 2], y=[3.0, 4.0], name="loss")))
       panel curve    x    y
    0      1  loss  1.0  3.0
    1      1  loss  2.0  4.0
    """
    parts = []
    for trace in figure.data:
        if trace.type not in {"scatter", "scattergl"} or trace.x is None:
            continue
        panel = int((trace.xaxis or "x")[1:] or 1)
        x, y = (np.asarray(values, dtype=np.float64) for values in (trace.x, trace.y))
        name = html.unescape(trace.name or "")  # plotly reads names as HTML
        named = {"panel": panel, "curve": name, "x": x, "y": y}
        parts.append(pd.DataFrame(named).dropna())
    if not parts:
        return pd.DataFrame(columns=["panel", "curve", "x", "y"])
    return pd.concat(parts, ignore_index=True)
