"""`rewiring`: which neighbours were kept, gained and lost, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from scipy.stats import hypergeom

from .. import _check
from .._nested import aligned, as_variants
from ..graph import Neighbors, edge_diff
from ..graph import rewiring as point_rewiring
from ..graph.compare_pairs import MEASURES, judged_change, judged_pair
from ..graph.pairs import mean_of
from ..layout import Layout, project
from ..statistics import is_undecided
from .ink import SCALE, ink, stroke
from .panels import finish, flat_axes, grid, place, row_of
from .points import FAINTEST, MOST_SVG, cap, edge_lines, edge_opacity, points
from .record import replayable
from .text import count_of, listing, short, signed, small, smalls, unmarked

HEIGHT = 420
CONFIDENCE = 0.95
MOST_PAIRS = 10  # pairs of seeds that make the noise
KINDS = {"kept": "solid", "gained": "dash", "lost": "dot"}

Floats = npt.NDArray[np.float64]
Pairs = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Change:
    """From one graph to another, beside the change between seeds of the first.

    Parameters
    ----------
    names
        Names of the two variants.
    before, after
        Their graphs.
    noise
        Rewiring of each point between two seeds of the first, for some pairs of seeds.
    judged
        The mean rewiring from seed to seed of the same number, beside that between
        seeds of one variant: a row of `refnet_viz.graph.compare_pairs`.
    """

    names: tuple[str, str]
    before: Neighbors
    after: Neighbors
    noise: list[Floats]
    judged: Mapping[str, Any]

    @cached_property
    def points(self) -> Floats:
        """Rewiring of each point."""
        return point_rewiring(self.before, self.after)

    @cached_property
    def edges(self) -> dict[str, Pairs]:
        """Edges kept, gained and lost."""
        diff = edge_diff(self.before, self.after)
        return {kind: getattr(diff, kind) for kind in KINDS}

    @property
    def chance(self) -> float:
        """Rewiring between unrelated graphs."""
        count = max(len(graph.compact) for graph in (self.before, self.after))
        return chance_rewiring(self.before.k, self.after.k, count)

    @cached_property
    def mean(self) -> float:
        """Mean rewiring of the points that are in both graphs."""
        return mean_of(self.points)

    @property
    def coverage(self) -> str:
        """Coverage and recall of the graphs, in words; empty where all is there."""
        both = self.before, self.after
        words = dict.fromkeys([graph.coverage for graph in both])
        words |= dict.fromkeys([graph.approximation for graph in both])
        return listing([word for word in words if word])

    @property
    def verdict(self) -> str:
        """The mean, and whether seeds of one variant differ as much."""
        words = judged_change([self.judged], confidence=CONFIDENCE)[0]
        if is_undecided(words):
            return f"mean {self.mean:.2f}; {words}"
        names = ("difference", "diff_high", "diff_low")  # of similarity
        more, low, high = (signed(-self.judged[name]) for name in names)
        return (
            f"mean {self.mean:.2f}; difference from two seeds of one variant {more} "
            f"[{low}, {high}], {self.judged['seeds']} seeds: {words}"
        )

    @property
    def noise_text(self) -> str:
        """The change between seeds, in words."""
        name = short(self.names[0])
        if not self.noise:
            return f"seed noise unknown: one seed of {name}"
        return f"two seeds of {name}: mean {mean_of(np.stack(self.noise)):.2f}"

    def drawn(self, most: int) -> dict[str, Pairs]:
        """Return an even draw of all edges, so that shares stay what they are."""
        pairs = np.concatenate(list(self.edges.values()))
        kind = np.repeat(np.arange(3), [len(p) for p in self.edges.values()])
        chosen = cap(pairs, most)
        return {
            name: pairs[chosen[kind[chosen] == number]]
            for number, name in enumerate(self.edges)
        }

    def meta(self) -> dict[str, Any]:
        """Return what the figure was made of, for the manifest."""
        counts = {kind: len(pairs) for kind, pairs in self.edges.items()}
        tally = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
        ends = (self.before, self.after)
        origin = {
            key: [graph.embedding.info.get(key) for graph in ends]
            for key in ("seed", "dataset", "fingerprint")
        }
        alt = (
            f"Map of {self.names[0]} with the edges kept, gained and lost in "
            f"{self.names[1]} ({tally}), and curves of the share of points at or below "
            f"each amount of change (1 - Jaccard): {self.verdict}; "
            f"{unmarked(self.noise_text)}; unrelated graphs {self.chance:.2f}."
            + (f" {self.coverage}." if self.coverage else "")
        )
        return {
            "alt": alt,
            "variants": self.names,
            **origin,
            "k": [graph.k for graph in ends],
            "space": [graph.space for graph in ends],
            "metric": [graph.metric for graph in ends],
            **counts,
            "rewiring": self.mean,
            "chance": self.chance,
            "seed_noise": mean_of(np.stack(self.noise)) if self.noise else None,
        }


@replayable
def rewiring(
    graphs: Any,
    a: str,
    b: str,
    *,
    layout: Any = None,
    max_edges: int = 2_000,
    columns: float | None = None,
    mode: str = "auto",
    caption: bool = False,
) -> go.Figure:
    """Draw how the neighbourhoods of one variant change in another.

    Points are coloured by 1 - Jaccard of their two neighbourhoods, edges by what
    became of them. The curves tell for every amount of change the share of points that
    changed by at most that much, beside the same between two seeds of `a`. The mean is
    judged as in `refnet_viz.graph.compare_pairs`: from seed to seed of the same
    number, with an interval over seeds and points: "higher" is more than two seeds
    change. Fewer than three seeds of both cannot tell.

    Parameters
    ----------
    graphs
        Mapping from variants to Neighbors, or to one a seed; the first of each is
        drawn.
    a, b
        From which variant to which.
    layout
        "umap", "pca" or a Layout; None takes "umap" of `a`.
    max_edges
        Edges drawn at most, evenly from all three kinds.
    columns
        Columns of a journal's page that the figure is wide: 1 (252 pt, curves below
        the map), 1.5 (387 pt) or 2 (517 pt); None sets both panels side by side on a
        screen of any width.
    mode
        "light", "dark", or "auto": as the notebook or the page around; files of
        pictures are light then.
    caption
        True leaves title and method lines to the caption (`refnet_viz.plot.caption`,
        and the manifest), and gives the panels letters.

    Returns
    -------
    plotly.graph_objects.Figure
        One trace of points, ids in its `customdata`.

    Raises
    ------
    TypeError
        If `graphs` is no mapping of Neighbors.
    ValueError
        If a name is unknown or ids disagree.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> x = np.array([[0.0], [1.0], [3.0], [7.0]])
    >>> graphs = {"plain": knn(x, k=1), "both": knn(np.eye(4), k=1)}
    >>> figure = rewiring(graphs, "plain", "both", layout="pca")
    >>> figure.layout.meta["kept"], figure.layout.meta["rewiring"]
    (1, 0.5)
    """
    most = _check.integer("max_edges", max_edges, low=0)
    wide, page = row_of(columns, 2, 2)
    ink(mode)
    variants = as_variants("graphs", graphs, Neighbors)
    before = aligned("graphs", {a: variants[_check.one_of("a", a, variants)]})
    both = {**before, b: variants[_check.one_of("b", b, variants)]}
    seeds, others = before[a], aligned("graphs", both)[b]
    pairs = list(combinations(seeds, 2))[:MOST_PAIRS]
    noise = [point_rewiring(one, other) for one, other in pairs]
    judged = judged_pair(MEASURES["knn_jaccard"], seeds, others, confidence=CONFIDENCE)
    change = Change((a, b), seeds[0], others[0], noise, judged)
    coordinates, captions = _coordinates(change.before, layout)
    total = sum(len(edges) for edges in change.edges.values())
    names = f"{short(a)} to {short(b)}"
    captions = [*captions, count_of(min(most, total), total, "edges")]
    titles = [
        [f"<b>{names}</b>", *smalls(*captions, short(change.coverage))],
        ["<b>how far points change</b>", small(change.noise_text)],
    ]
    look: dict[str, Any] = {"height": HEIGHT, "below": 32, "width_gap": 0.16}
    figure = grid(titles, columns=wide, page=page, **look)
    _map(figure, change, coordinates, most, mode=mode)
    _curves(figure, change, place(1, wide), mode=mode)
    bar = {
        "title": {"text": "1 − Jaccard", "font": {"size": 11}},
        "thickness": 12,
        "lenmode": "pixels",
        "len": HEIGHT * 0.6,
        "y": 1,
        "yanchor": "top",
        "x": 0.43,
        "outlinewidth": 0,
    }
    scale = {"colorscale": SCALE, "cmin": 0, "cmax": 1, "colorbar": bar}
    figure.update_layout(coloraxis=scale)
    second = f"{change.verdict}; unrelated graphs {change.chance:.2f}"
    title = f"Rewiring from {names}<br>{small(second)}"
    return finish(figure, title, mode, change.meta(), caption=caption)


def chance_rewiring(k_a: int, k_b: int, n: int) -> float:
    """Return the expected rewiring of unrelated graphs.

    Examples
    --------
    >>> round(chance_rewiring(1, 1, 4), 3)
    0.667
    """
    shared = np.arange(min(k_a, k_b) + 1)
    weights = hypergeom.pmf(shared, n - 1, k_a, k_b)
    return float(1 - weights @ (shared / (k_a + k_b - shared)))


def _coordinates(graph: Neighbors, layout: Any) -> tuple[npt.NDArray[Any], list[str]]:
    """Return where the points lie, and two lines that say how far to trust it."""
    if isinstance(layout, Layout):
        layout = layout.reordered(graph.ids, name="layout", like="graphs")
    else:
        name = "umap" if layout is None else layout
        name = _check.one_of("layout", name, ("umap", "pca"))
        layout = project(graph.embedding, name, space=graph.space)
    return layout.coordinates, [layout.note or layout.title, layout.caption]


def _map(
    figure: go.Figure,
    change: Change,
    coordinates: npt.NDArray[Any],
    most: int,
    *,
    mode: str,
) -> None:
    colors, graph = ink(mode), change.before
    blue, red = (stroke(i, mode)[0] for i in (0 if mode == "light" else 4, 3))
    shades = {"kept": colors.edge, "gained": blue, "lost": red}
    drawn = change.drawn(most)
    strength = max(FAINTEST, edge_opacity(sum(map(len, drawn.values()))))
    for kind, pairs in drawn.items():
        lines = edge_lines(
            coordinates,
            pairs,
            count=len(graph),
            showlegend=True,
            line={"color": shades[kind], "width": 1, "dash": KINDS[kind]},
            name=f"{kind}: {len(change.edges[kind]):,}",
            opacity=strength * (1.0 if kind == "kept" else 0.7),
        )
        figure.add_trace(lines, row=1, col=1)
    wide = 0.5 if len(graph) <= MOST_SVG else 0.0  # rims would darken all colours
    rim = {"color": colors.outline, "width": wide}
    marker = {"color": change.points, "coloraxis": "coloraxis", "line": rim}
    notes = [
        "not in both graphs" if np.isnan(value) else f"rewiring {value:.2f}"
        for value in change.points
    ]
    trace = points(graph.embedding, coordinates, marker, name="points", notes=notes)
    figure.add_trace(trace, row=1, col=1)
    flat_axes(figure, 1, colors)


def _curves(
    figure: go.Figure, change: Change, at: dict[str, int], *, mode: str
) -> None:
    """Draw for every amount of change the share of points up to it, as steps."""
    colors = ink(mode)
    parts = [("this change", change.points, stroke(3, mode)[0], "solid", 2.4)]
    if change.noise:
        name = f"two seeds of {short(change.names[0])}"
        values = np.concatenate(change.noise)
        parts.insert(0, (name, values, colors.muted, "dash", 2.0))
    for words, values, color, dash, width in parts:
        x, share = _shares(values)
        steps = go.Scatter(
            x=x,
            y=share,
            mode="lines",
            name=words,
            line={"color": color, "dash": dash, "width": width, "shape": "hv"},
            hovertemplate="%{y:.1%} of the points: at most %{x:.2f}<extra></extra>",
        )
        figure.add_trace(steps, **at)
    unrelated = go.Scatter(
        x=[change.chance] * 2,
        y=[0.0, 1.0],
        mode="lines",
        name="unrelated graphs",
        line={"color": colors.text, "dash": "dot", "width": 1.4},
        hoverinfo="skip",
    )
    figure.add_trace(unrelated, **at)
    title = {"text": "1 − Jaccard of the neighbourhoods"}
    amounts = {"title": title, "range": [0, 1.02], "showline": True}
    shares = {
        "title": {"text": "share of points at or below"},
        "tickformat": ".0%",
        "range": [0, 1.02],
    }
    figure.update_layout(xaxis2=amounts, yaxis2=shares, showlegend=True)


def _shares(values: Floats) -> tuple[Floats, Floats]:
    """Return each value once, rising, and the share of values up to it; from 0 to 1.

    Examples
    --------
    >>> x, share = _shares(np.array([0.5, 0.0, 0.5, np.nan, 1.0]))
    >>> x.tolist(), share.tolist()
    ([0.0, 0.0, 0.5, 1.0, 1.0], [0.0, 0.25, 0.75, 1.0, 1.0])
    """
    x, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    share = np.cumsum(counts) / max(1, counts.sum())
    return np.array([0.0, *x, 1.0]), np.array([0.0, *share, float(len(x) > 0)])
