"""The figures of a report, each with its words and the data behind it."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from .. import plot
from ..graph import METRICS, edge_bounds, edge_diff
from ..graph import rewiring as point_rewiring
from . import answers, overview
from .material import Material

MOST_METRICS = 6  # that one glance takes in
HEADLINES = [
    *(name for name, metric in METRICS.items() if metric.headline),
    "overlap with sum",
]


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
    slim
        What a phone shows in its place, None for the same figure.
    """

    figure: go.Figure
    caption: str
    data: dict[str, pd.DataFrame]
    slim: go.Figure | None = None


def meta_of(drawing: Drawing) -> dict[str, Any]:
    """Return what a figure says of itself."""
    return dict(drawing.figure.layout.meta)


@dataclass(frozen=True)
class Section:
    """One question of a report.

    Parameters
    ----------
    key, title
        Its name in addresses, and in the list of contents.
    question
        What it asks, in a sentence.
    draw
        From the material to its figures, the one that answers first; raises ValueError
        with the reason why there are none.
    answer
        From material and figures to the answer in one sentence.
    table
        From the material to HTML that is folded below; empty for none.
    """

    key: str
    title: str
    question: str
    draw: Callable[[Material], list[Drawing]] = field(repr=False)
    answer: Callable[[Material, list[Drawing]], str] = field(repr=False)
    table: Callable[[Material], str] = field(default=lambda _: "", repr=False)


def _comparison(material: Material) -> list[Drawing]:
    caption = (
        "A dot is the mean over seeds, its band where the mean over many seeds and "
        "points is expected; a full dot differs from the baseline beyond noise. "
        "Dotted: chance. Dashed: what one modality, or a linear model, reaches alone."
    )
    table, mode = material.table, material.mode
    names = list(dict.fromkeys(table["metric"]))
    main = [name for name in names if name in HEADLINES] or names[:MOST_METRICS]
    drawings = [Drawing(plot.compare(table, main, mode=mode), caption, {})]
    if main != names:
        words = "Every metric, drawn alike; the table below has the numbers."
        whole = plot.compare(table, columns=1.5, mode=mode)
        drawings.append(Drawing(whole, words, {}))
    drawings[0].data["comparison"] = table
    return drawings


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
    files = {"maps": _places(material), "point measures": material.measures}
    return [Drawing(figure, caption, files)]


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
    first, *others = reversed(material.others)
    folded = [_rewired(material, name, columns=1.5) for name in others]
    return [_rewired(material, first), *folded]


def _rewired(material: Material, name: str, columns: float | None = None) -> Drawing:
    base = material.baseline
    figure = plot.rewiring(
        material.graphs,
        base,
        name,
        layout=material.layouts[base],
        columns=columns,
        mode=material.mode,
    )
    before, after = material.graphs[base][0], material.graphs[name][0]
    points = {"id": before.ids, "rewiring": point_rewiring(before, after)}
    caption = (
        f"The neighbourhoods of {base} in {name}: edges kept, gained and lost, on the "
        f"map of {base}. The curves show the change of points beside that between two "
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
    names = [material.baseline, *material.others[-1:]]
    figure = plot.attribution(
        {name: material.attributions[name] for name in names},
        layout={name: material.layouts[name] for name in names},
        mode=material.mode,
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
    files = {"edge patterns": pd.concat(tables)}
    if material.label_edges is not None:
        files["edges and labels"] = material.label_edges
    return [Drawing(figure, caption, files)]


def _bound(material: Material) -> list[Drawing]:
    name, attribution = list(material.attributions.items())[-1]
    figure = plot.bound(attribution, mode=material.mode)
    caption = (
        f"{name}: distances of what z decodes to against distances by all modalities. "
        "Theorem 1 says that they differ by no more than the residuals of both ends, "
        "their reach."
    )
    return [Drawing(figure, caption, {f"bound {name}": edge_bounds(attribution)})]


def _responsibility(material: Material) -> list[Drawing]:
    names = [material.baseline, *material.others[-1:]]
    drawn = {name: material.attributions[name] for name in names}
    slim = {names[-1]: drawn[names[-1]]}
    figures = [plot.responsibility(one, mode=material.mode) for one in (drawn, slim)]
    tables = [
        attribution.responsibility.assign(variant=name)
        for name, attribution in material.attributions.items()
    ]
    caption = (
        "How far z answers for each modality: 1 is all of its variance, 0 what the "
        "mean of all points would answer. By class, and by point."
    )
    return [
        Drawing(figures[0], caption, {"responsibility": pd.concat(tables)}, figures[1])
    ]


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
        "comparison",
        "Better or worse",
        "What is better or worse by more than noise?",
        _comparison,
        lambda material, _: answers.comparison(material),
        lambda material: (
            overview.what_was_found(material)
            + overview.comparison_table(material.table)
        ),
    ),
    Section(
        "maps",
        "Maps",
        "What do the spaces look like?",
        _maps,
        lambda material, _: f"{answers.maps(material)} {answers.central(material)}",
        overview.measures_table,
    ),
    Section(
        "rewiring",
        "Changed neighbours",
        "Whose neighbours change, and by more than from seed to seed?",
        _rewiring,
        lambda material, drawings: answers.rewiring(material, map(meta_of, drawings)),
    ),
    Section(
        "overlaps",
        "Overlap with the modalities",
        "Whose neighbours are those of the fused space?",
        _overlaps,
        lambda material, _: answers.overlaps(material),
    ),
    Section(
        "attribution",
        "Who answers for an edge",
        "Which modalities have each edge in their own graphs?",
        _attribution,
        lambda material, _: answers.attribution(material),
        overview.label_edges_table,
    ),
    Section(
        "responsibility",
        "Responsibility",
        "How far does z answer for each modality?",
        _responsibility,
        lambda material, _: answers.responsibility(material),
    ),
    Section(
        "spectrum",
        "Spectrum",
        "How much of the modalities can z hold at all?",
        _spectrum,
        lambda _, drawings: answers.spectrum(meta_of(drawings[0])),
    ),
    Section(
        "bound",
        "What is proved of distances",
        "Does the bound hold for every edge, and how tight is it?",
        _bound,
        lambda material, _: answers.bound(material),
    ),
    Section(
        "history",
        "Training",
        "Did every run converge?",
        _history,
        lambda material, drawings: answers.history(
            material, meta_of(drawings[0])["alt"]
        ),
    ),
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
