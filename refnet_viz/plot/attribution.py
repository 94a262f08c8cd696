"""`attribution`: the edges of fused graphs, coloured by who else has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from .. import _check
from .._nested import as_variants
from ..graph import Attribution
from ..layout import Layout, project
from .panels import default_columns, finish, flat_axes, grid, place
from .points import cap, edge_lines, points
from .text import count_of, short, small
from .theme import Ink, class_style, faded, ink

HEIGHT = 420
LAYOUTS = ("umap", "pca", "aligned")
EMERGENT, SEVERAL = "emergent", "other sets"
MOST = 7  # sets of modalities with a colour of their own
WIDTH = 1.0


def attribution(
    attributions: Any,
    *,
    layout: Any = None,
    max_edges: int = 2_000,
    columns: int | None = None,
    mode: str = "light",
) -> go.Figure:
    """Draw fused graphs with their edges coloured by the modalities that have them.

    Edges that no modality has are thin and grey. Dashed edges are contradicted: by some
    modality their ends are farther apart than most points are.

    Parameters
    ----------
    attributions
        Of `refnet_viz.attribute`: one, a list (a panel each), or a mapping from
        variants to one or several (the first of each is drawn).
    layout
        "umap", "pca", "aligned", a Layout, or a mapping from variants to Layouts; None
        aligns several panels of the same ids, and takes "umap" otherwise.
    max_edges
        Edges drawn a panel at most, evenly from all sets.
    columns
        Panels in a row.
    mode
        "light" or "dark".

    Returns
    -------
    plotly.graph_objects.Figure
        The legend has the share of each set in each panel, beside chance.

    Raises
    ------
    TypeError
        If a value is no Attribution.
    ValueError
        If a name is unknown or ids disagree.

    Examples
    --------
    >>> from refnet_viz import Embedding, attribute, knn
    >>> x = np.array([[0.0], [1.0], [5.0], [7.0]])
    >>> own = Embedding.from_arrays(x, modalities={"a": x, "b": x[[0, 2, 1, 3]]})
    >>> figure = attribution(attribute(knn(own, k=1)), layout="pca")
    >>> figure.layout.meta["panels"][0]["patterns"]["only a"]
    1.0
    """
    colors = ink(mode)
    most = _check.integer("max_edges", max_edges, low=0)
    shown = _panels(attributions)
    wide = default_columns(len(shown)) if columns is None else columns
    wide = _check.integer("columns", wide, low=1)
    layouts = _layouts(shown, layout)
    titles = [
        _lines(name, known, found, most)
        for (name, known), found in zip(shown.items(), layouts, strict=True)
    ]
    figure = grid(titles, columns=wide, height=HEIGHT)
    order = _order(list(shown.values()))
    sets = [edge_sets(known, order) for known in shown.values()]
    for number, (known, found) in enumerate(zip(shown.values(), layouts, strict=True)):
        at = place(number, wide)
        for trace in _edges(sets[number], found.coordinates, most, mode=mode):
            figure.add_trace(trace, **at)
        marker = {
            "color": colors.muted, "size": 4, "line": {"width": 0}, "opacity": 0.8
        }  # fmt: skip
        notes = _notes(known)
        trace = points(
            known.graph.embedding, found.coordinates, marker, name="points", notes=notes
        )
        figure.add_trace(trace, **at)
        flat_axes(figure, number + 1, colors)
    _key(figure, sets, colors, mode=mode)
    title = "Which modalities have the edges of the fused graph"
    told = small("dashed: contradicted by some modality; chance keeps every degree")
    return finish(figure, f"{title}<br>{told}", mode, _meta(shown, most))


def _panels(attributions: Any) -> dict[str, Attribution]:
    """Return the attribution of each panel: the first of each variant, or a list's."""
    every = as_variants("attributions", attributions, Attribution, alone="attribution")
    if isinstance(attributions, list | tuple):
        return {f"number {i + 1}": value for i, value in enumerate(attributions)}
    if isinstance(attributions, Attribution):
        name = attributions.graph.embedding.info.get("variant", "embedding")
        return {str(name): attributions}
    return {name: members[0] for name, members in every.items()}


def _layouts(shown: dict[str, Attribution], layout: Any) -> list[Layout]:
    graphs = [known.graph for known in shown.values()]
    if layout is None:
        same = all(np.array_equal(g.ids, graphs[0].ids) for g in graphs)
        layout = "aligned" if same and len(graphs) > 1 else "umap"
    if isinstance(layout, str):
        _check.one_of("layout", layout, LAYOUTS)
        spaces = {str(i): graph.embedding for i, graph in enumerate(graphs)}
        found = project(spaces, layout, space=graphs[0].space)
        return list(found.values())
    if isinstance(layout, Layout):
        layout = dict.fromkeys(shown, layout)
    given = as_variants("layout", layout, Layout, alone=next(iter(shown)))
    chosen = [given[_check.one_of("layout", name, given)][0] for name in shown]
    for one, graph in zip(chosen, graphs, strict=True):
        if not np.array_equal(one.ids, graph.ids):
            raise ValueError(
                "`layout` must have the ids of `attributions`, in their order."
            )
    return chosen


def _lines(name: str, known: Attribution, layout: Layout, most: int) -> list[str]:
    share = known.contradicted.any(axis=1).mean()
    total = len(known)
    return [
        f"<b>{short(name)}</b>", small(layout.note or layout.title),
        small(layout.caption.split(" (")[0]),
        small(f"{count_of(min(most, total), total, 'edges')}, "
              f"{share:.0%} contradicted"),
    ]  # fmt: skip


@dataclass(frozen=True)
class EdgeSets:
    """The edges of a graph by the set of modalities that has them, ready to be drawn.

    Parameters
    ----------
    pairs
        ``(E, 2)`` ends of the edges.
    group
        ``(E,)`` name of the set of each, "emergent" where no modality has it.
    dashed
        ``(E,)`` bool: contradicted by some modality.
    order
        Names of the sets that have a colour.
    shares, chance
        Name to its share of the edges, and to the share expected by chance.
    """

    pairs: npt.NDArray[np.int64]
    group: npt.NDArray[np.object_]
    dashed: npt.NDArray[np.bool_]
    order: list[str]
    shares: dict[str, float]
    chance: dict[str, float]

    @property
    def names(self) -> list[str]:
        """Every set, the lowest first."""
        return [EMERGENT, *reversed(self.order)]

    def drawn(self, name: str, *, dashed: bool, rows: Any = ...) -> Any:
        """Return the pairs of a set that are dashed or not, of some edges."""
        own = (self.group[rows] == name) & (self.dashed[rows] == dashed)
        return self.pairs[rows][own]

    def line(self, name: str, mode: str) -> dict[str, Any]:
        """Return colour and width of a set."""
        if name == EMERGENT:
            return {"color": faded(ink(mode).muted, 0.5), "width": 0.7}
        return {"color": class_style(self.order.index(name), mode)[0], "width": WIDTH}


def edge_sets(known: Attribution, order: list[str] | None = None) -> EdgeSets:
    """Return the edges of an attribution by set.

    Parameters
    ----------
    known
        The attribution.
    order
        Sets with a colour; None takes the largest, the rest being "other sets".

    Examples
    --------
    >>> from refnet_viz import Embedding, attribute, knn
    >>> x = np.array([[0.0], [1.0], [5.0], [7.0]])
    >>> own = Embedding.from_arrays(x, modalities={"a": x, "b": x[[0, 2, 1, 3]]})
    >>> edge_sets(attribute(knn(own, k=1))).shares
    {'only a': 1.0, 'only b': 0.0, 'emergent': 0.0}
    """
    order = _order([known]) if order is None else order
    source, target, _ = known.edges
    named = np.isin(known.pattern.astype(str), [*order, EMERGENT])
    shares, chance = (
        {name: _share(known, name, order, column) for name in [*order, EMERGENT]}
        for column in ("share", "chance")
    )
    return EdgeSets(
        np.column_stack([source, target]), np.where(named, known.pattern, SEVERAL),
        np.asarray(known.contradicted.any(axis=1)), order, shares, chance,
    )  # fmt: skip


def _order(every: list[Attribution]) -> list[str]:
    """Return the sets with a colour of their own, from all modalities to one."""
    shares: dict[str, float] = {}
    for known in every:
        for name, share in _column(known, "share").items():
            shares[name] = shares.get(name, 0.0) + share
    shares.pop(EMERGENT, None)
    if len(shares) <= MOST:
        return list(shares)
    largest = sorted(shares, key=lambda name: -shares[name])[: MOST - 1]
    return [name for name in shares if name in largest] + [SEVERAL]


def _edges(
    sets: EdgeSets, coordinates: npt.NDArray[Any], most: int, *, mode: str
) -> list[go.Scatter]:
    """Return two traces a set, solid and dashed; emergent edges lie below."""
    rows, traces = cap(sets.pairs, most), []
    for name in sets.names:
        for dash in ("dash", "solid"):
            pairs = sets.drawn(name, dashed=dash == "dash", rows=rows)
            if not len(pairs):
                continue
            traces.append(
                edge_lines(
                    coordinates, pairs, count=len(coordinates),
                    line={**sets.line(name, mode), "dash": dash},
                    name=f"{short(name)}{', contradicted' * (dash == 'dash')}",
                )
            )  # fmt: skip
    return traces


def _key(figure: go.Figure, every: list[EdgeSets], colors: Ink, *, mode: str) -> None:
    """Add one entry a set, with its share in every panel and by chance."""
    for name in [*every[0].order, EMERGENT]:
        told = ", ".join(f"{sets.shares[name]:.0%}" for sets in every)
        chance = np.mean([sets.chance[name] for sets in every])
        line = every[0].line(name, mode)
        if name == EMERGENT:
            line = {"color": colors.muted, "width": 0.8}
        figure.add_trace(
            go.Scatter(
                x=[None], y=[None], mode="lines", line=line, hoverinfo="skip",
                name=f"{short(name)}: {told} (chance {chance:.0%})",
            )
        )  # fmt: skip


def _share(known: Attribution, name: str, order: list[str], column: str) -> float:
    table = _column(known, column)
    if name != SEVERAL:
        return table.get(name, 0.0)
    return sum(v for other, v in table.items() if other not in (*order, EMERGENT))


def _column(known: Attribution, column: str) -> dict[str, float]:
    """Return each set of modalities with its share or its chance."""
    numbers = known.patterns[column].to_numpy(dtype=float).tolist()
    return dict(zip(known.patterns["pattern"], numbers, strict=True))


def _notes(known: Attribution) -> list[str]:
    degree = known.graph.degree
    lone = known.by_point(known.pattern == EMERGENT) * degree
    return [
        f"{int(total)} edges, {round(own)} emergent"
        for total, own in zip(degree, lone, strict=True)
    ]


def _meta(shown: dict[str, Attribution], most: int) -> dict[str, Any]:
    panels: list[dict[str, Any]] = []
    for name, known in shown.items():
        info = known.graph.embedding.info
        panels.append({
            "variant": name, "seed": info.get("seed"), "k": known.graph.k,
            "space": known.graph.space, "fingerprint": info.get("fingerprint"),
            "patterns": _column(known, "share"), "chance": _column(known, "chance"),
        })  # fmt: skip
    told = "; ".join(
        f"{p['variant']}: {p['patterns'].get(EMERGENT, 0):.0%} emergent" for p in panels
    )
    alt = f"Maps with edges coloured by the modalities that have them too ({told})."
    return {"figure": "attribution", "alt": alt, "max_edges": most, "panels": panels}
