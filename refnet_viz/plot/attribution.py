"""`attribution`: fused graphs, edges coloured by the modalities that have them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from .. import _check
from .._nested import as_variants
from ..data.rows import same_ids
from ..graph.attribution import Attribution
from ..graph.patterns import EMERGENT
from ..graph.sets import (
    SEVERAL,
    attribution_variants,
    contradictions,
    edge_sets,
    pooled,
)
from ..layout import Layout, project
from .ink import ink, stroke
from .panels import finish, flat_axes, grid, place, row_of
from .points import FAINTEST, cap, edge_lines, edge_opacity, point_size, points
from .record import replayable
from .text import count_of, listing, short, small, smalls

HEIGHT = 400
METHODS = ("umap", "pca", "aligned")
KNOWN = ("seed", "dataset", "fingerprint")
MOST = 7  # colours that can be told apart as thin lines on any background
WIDTHS = {EMERGENT: 0.6, SEVERAL: 1.0}

Styles = dict[str, dict[str, Any]]


@replayable
def attribution(
    attributions: Any,
    *,
    layout: Any = None,
    max_edges: int = 2_000,
    columns: float | None = None,
    mode: str = "auto",
    caption: bool = False,
) -> go.Figure:
    """Draw which modalities have each edge of a fused graph in their own graph.

    Edges are coloured by the set of modalities that have them, and dashed where some
    modality puts the ends farther apart than most points. Emergent edges, which no
    modality has, lie thin and grey below the others. The legend tells the share of
    each set beside what equal degrees give by chance, panel by panel.

    Parameters
    ----------
    attributions
        An Attribution, a list of them (seeds), or a mapping of either; the first of
        each variant is drawn. The numbers are those of `refnet_viz.graph.edge_sets`
        and `refnet_viz.graph.contradictions`.
    layout
        "umap" or "pca" of the space that was searched, "aligned" (all begin at the
        map of the first), a Layout, or a mapping of them. None aligns several panels
        that have the same ids, and takes "umap" otherwise.
    max_edges
        Edges drawn a panel at most, evenly from all sets.
    columns
        Columns of a journal's page that the figure is wide: 1 (252 pt), 1.5 (387 pt)
        or 2 (517 pt), with as many panels in a row as can be read. A larger whole
        number sets so many in a row on a screen, None as many as are usual.
    mode
        "light", "dark", or "auto": as the notebook or the page around; files of
        pictures are light then.
    caption
        True leaves title and method lines to the caption (`refnet_viz.plot.caption`,
        and the manifest), and gives the panels letters.

    Returns
    -------
    plotly.graph_objects.Figure
        Sets beyond the seventh are pooled as "several", combinations first.

    Raises
    ------
    TypeError
        If a value is no Attribution or no Layout.
    ValueError
        If a name is unknown or ids disagree.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import knn
    >>> from refnet_viz.graph.attribution import attribute
    >>> x = np.array([[0.0], [1.0], [5.0], [7.0]])
    >>> own = Embedding.from_arrays(x, modalities={"a": x, "b": x[[0, 2, 1, 3]]})
    >>> figure = attribution(attribute(knn(own, k=1)), layout="pca")
    >>> [trace.name for trace in figure.data if trace.showlegend][0]
    'only a 1.00, chance 0.33'
    """
    ink(mode)
    most = _check.integer("max_edges", max_edges, low=0)
    variants = attribution_variants(attributions)
    firsts = {name: members[0] for name, members in variants.items()}
    sets = edge_sets(firsts, most=MOST)
    against = contradictions(firsts)
    layouts = _layouts(firsts, layout)
    styles = _styles(sets["set"].unique(), mode)
    wide, page = row_of(columns, len(firsts), 2)
    titles = [
        _lines(name, value, arrangement, most)
        for (name, value), arrangement in zip(firsts.items(), layouts, strict=True)
    ]
    figure = grid(titles, columns=wide, height=HEIGHT, page=page)
    for number, (name, arrangement) in enumerate(zip(firsts, layouts, strict=True)):
        for trace in [
            *_edges(firsts[name], arrangement, styles, most),
            _points(name, firsts[name], arrangement, mode),
        ]:
            figure.add_trace(trace, **place(number, wide))
        flat_axes(figure, number + 1, ink(mode))
    figure.add_traces(_key(sets, against, styles, mode)).update_layout(showlegend=True)
    note = "chance: edges drawn between points of these degrees"
    if len(firsts) > 1:
        note = f"shares in the order of the panels; {note}"
    title = f"Edges by the modalities that have them<br>{small(note)}"
    return finish(
        figure, title, mode, _meta(firsts, layouts, sets, against), caption=caption
    )


def _layouts(shown: dict[str, Attribution], layout: Any) -> list[Layout]:
    graphs = [value.graph for value in shown.values()]
    first = graphs[0]
    if layout is None:
        same = all(same_ids(graph.ids, first.ids) for graph in graphs)
        layout = "aligned" if same else "umap"
    if isinstance(layout, str):
        _check.one_of("layout", layout, METHODS)
        begin = "umap" if layout == "aligned" else layout
        arrangements: list[Layout] = [
            project(first.embedding, begin, space=first.space)
        ]
        # Graphs of several spaces can be aligned too, one by one.
        further: dict[str, Any] = (
            {"reference": arrangements[0]} if layout == "aligned" else {}
        )
        arrangements += [
            project(graph.embedding, layout, space=graph.space, **further)
            for graph in graphs[1:]
        ]
        return [
            one.reordered(graph.ids)
            for one, graph in zip(arrangements, graphs, strict=True)
        ]
    if isinstance(layout, Layout):
        layout = dict.fromkeys(shown, layout)
    by_name = as_variants("layout", layout, Layout, alone=next(iter(shown)))
    layouts = [by_name[_check.one_of("layout", name, by_name)][0] for name in shown]
    return [
        one.reordered(graph.ids, name="layout", like=f"attributions[{name!r}]")
        for name, graph, one in zip(shown, graphs, layouts, strict=True)
    ]


def _styles(sets: Iterable[str], mode: str) -> Styles:
    """Return a line style a set of modalities, the emergent edges last."""
    grey = {SEVERAL: ink(mode).muted, EMERGENT: ink(mode).edge}
    return {
        name: {
            "color": grey.get(name) or stroke(number, mode)[0],
            "width": WIDTHS.get(name, 1.4),
        }
        for number, name in enumerate(sets)
    }


def _edges(found: Attribution, layout: Layout, styles: Styles, most: int) -> list[Any]:
    """Return a trace a set and kind of line, emergent ones at the bottom."""
    source, target, _ = found.edges
    pairs = np.column_stack([source, target])
    sample = cap(pairs, most)
    sets = pooled(found.pattern[sample], styles)
    dashed = found.contradicted[sample].any(axis=1)
    strength = max(FAINTEST, edge_opacity(len(sample)))
    traces: list[Any] = []
    for name in reversed(styles):
        for dash, chosen in (("dash", dashed), ("solid", ~dashed)):
            part = pairs[sample[(sets == name) & chosen]]
            if len(part):
                traces.append(
                    edge_lines(
                        layout.coordinates,
                        part,
                        count=len(layout),
                        legendgroup=name,
                        line={**styles[name], "dash": dash},
                        name=short(name),
                        opacity=strength,
                    )
                )
    return traces


def _points(name: str, found: Attribution, layout: Layout, mode: str) -> Any:
    graph = found.graph
    marker = {"color": ink(mode).muted, "size": 0.5 * point_size(len(graph))}
    emergent = found.by_point(found.pattern == EMERGENT)
    notes = [
        "no edges" if np.isnan(share) else f"{share:.0%} of its edges are emergent"
        for share in emergent
    ]
    return points(
        graph.embedding, layout.coordinates, marker, name=short(name), notes=notes
    )


def _key(
    sets: pd.DataFrame, against: pd.DataFrame, styles: Styles, mode: str
) -> list[go.Scatter]:
    """Return the legend: shares and chances of every set, panel by panel."""
    entries = []
    for name, line in styles.items():
        rows = sets[sets["set"] == name]
        share, chance = _told(rows["share"]), _told(rows["chance"])
        entries.append((f"{short(name)} {share}, chance {chance}", name, line))
    share, chance = _told(against["share"]), _told(against["chance"])
    words = f"contradicted by a modality {share}, chance {chance}"
    dash = {"color": ink(mode).text, "width": 1.4, "dash": "dash"}
    entries.append((words, "contradicted", dash))
    return [
        go.Scatter(
            x=[None],
            y=[None],
            mode="lines",
            line=line,
            name=words,
            legendgroup=group,
            showlegend=True,
            hoverinfo="skip",
        )
        for words, group, line in entries
    ]


def _told(values: Iterable[float]) -> str:
    """Return numbers of all panels, once where they read the same."""
    words = [f"{v:.2g}" if 0 < v < 0.01 else f"{v:.2f}" for v in values]
    return words[0] if len(set(words)) == 1 else " / ".join(words)


def _lines(name: str, found: Attribution, layout: Layout, most: int) -> list[str]:
    graph, total = found.graph, len(found)
    seed = graph.embedding.info.get("seed")
    head = f"<b>{short(name)}</b>" + ("" if seed is None else f", seed {short(seed)}")
    return [
        head,
        small(f"{graph.k} neighbours a point, {short(graph.space)} space"),
        small(f"{layout.note or layout.title}, {layout.caption.split(' (')[0]}"),
        small(count_of(min(most, total), total, "edges")),
        *smalls(short(graph.coverage), graph.approximation),
    ]


def _shares(sets: pd.DataFrame, against: pd.DataFrame) -> str:
    """Say which share no modality has and which one contradicts, beside chance."""
    emergent = sets[sets["set"] == EMERGENT].merge(against, on="variant")
    words = listing(
        [
            f"in {row['variant']} {row['share_x']:.0%} of the edges are in no "
            f"modality's graph (chance {row['chance_x']:.0%}) and "
            f"{row['share_y']:.0%} are contradicted by one "
            f"(chance {row['chance_y']:.0%})"
            for row in emergent.to_dict("records")
        ]
    )
    return f"{words[0].upper()}{words[1:]}."


def _meta(
    shown: dict[str, Attribution],
    layouts: list[Layout],
    sets: pd.DataFrame,
    against: pd.DataFrame,
) -> dict[str, Any]:
    panels = []
    rows = against.to_dict("records")
    for (name, value), arrangement, far in zip(
        shown.items(), layouts, rows, strict=True
    ):
        graph, info = value.graph, value.graph.embedding.info
        panels.append(
            {
                "variant": name,
                **{key: info[key] for key in KNOWN if key in info},
                "k": graph.k,
                "space": graph.space,
                "metric": graph.metric,
                "layout": arrangement.method,
                "layout_space": arrangement.space,
                "trustworthiness": arrangement.trustworthiness,
                "continuity": arrangement.continuity,
                "edges": len(value),
                "contradicted": far["share"],
                "contradicted_chance": far["chance"],
                "patterns": value.patterns.to_dict("records"),
            }
        )
    alt = (
        f"Maps of {', '.join(shown)}: edges coloured by the modalities "
        f"({', '.join(next(iter(shown.values())).modalities)}) that have them."
        f" {_shares(sets, against)}"
    )
    return {"alt": alt, "panels": panels}
