"""`graph`: one kNN graph as nodes and links, hubs large."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from scipy.stats import binom

from .. import _check
from ..graph import Neighbors
from ..graph.points import in_degree
from ..layout import Layout, project
from .color import coloring
from .ink import faded, ink
from .panels import finish, flat_axes, grid, row_of
from .points import cap, edge_lines, points
from .record import replayable
from .text import count_of, short, small

HEIGHT = 520
LAYOUTS = ("umap", "pca", "spring")
# Opacity of the links, from the most similar quarter to the least.
STRENGTHS = (0.6, 0.4, 0.25, 0.12)
KNOWN = ("variant", "seed", "dataset", "fingerprint")
QUARTERS = ("closest quarter", "second", "third", "farthest quarter")


@replayable
def graph(
    neighbors: Neighbors,
    *,
    color: Any = "label",
    layout: Any = None,
    max_edges: int = 4_000,
    columns: float | None = None,
    mode: str = "auto",
    caption: bool = False,
) -> go.Figure:
    """Draw a kNN graph: nodes grow with their in-degree, close links are darker.

    Parameters
    ----------
    neighbors
        The graph; its union (every pair of which one is a neighbour of the other) is
        drawn.
    color
        As in `latent`.
    layout
        "umap" or "pca" of the space that was searched, "spring" (networkx, up to
        2,000 points), or a Layout; None takes "umap".
    max_edges
        Links drawn at most; the title says how many there are.
    columns
        As in `refnet_viz.plot.compare`.
    mode
        "light", "dark", or "auto": as the notebook or the page around; files of
        pictures are light then.
    caption
        True leaves title and method lines to the caption (`refnet_viz.plot.caption`,
        and the manifest), and gives the panels letters.

    Returns
    -------
    plotly.graph_objects.Figure
        One trace of points, ids in its `customdata`, above four of links.

    Raises
    ------
    TypeError
        If `neighbors` is not a graph.
    ValueError
        If a name is unknown, ids disagree or a spring layout would take minutes.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> figure = graph(knn(np.array([[0.0], [1.0], [3.0]]), k=1), layout="pca")
    >>> figure.layout.meta["largest_in_degree"]
    2
    """
    example = "be one Neighbors value, e.g. graphs['plain'][0]"
    _check.instance("neighbors", neighbors, Neighbors, example=example)
    colors = ink(mode)
    most = _check.integer("max_edges", max_edges, low=0)
    embedding = neighbors.embedding
    coordinates, captions = _coordinates(neighbors, layout)
    meaning = coloring([(_name(neighbors), embedding)], color, mode)
    edges = neighbors.edges()
    pairs = np.column_stack([edges.source, edges.target])
    hubs = in_degree(neighbors)
    lines = _lines(neighbors, hubs, min(most, len(pairs)), len(pairs))
    figure = grid(
        [[lines[0], *(small(line) for line in [*captions, *lines[1:]])]],
        columns=1,
        height=HEIGHT,
        page=row_of(columns, 1, 1)[1],
    )
    sample = cap(pairs, most)
    rank = np.argsort(np.argsort(edges.distance, kind="stable"), kind="stable")
    quarter = np.minimum(rank * 4 // max(len(pairs), 1), 3)[sample]
    for part, strength in enumerate(STRENGTHS):
        style = {"color": faded(colors.text, strength), "width": 0.8}
        figure.add_trace(
            edge_lines(
                coordinates,
                pairs[sample[quarter == part]],
                count=len(neighbors),
                line=style,
                name=f"links: {QUARTERS[part]}",
            )
        )
    # The area of a node grows with its in-degree, above a size that can be seen.
    size = np.round(np.sqrt(16 + 60 * hubs / max(hubs.max(), 1) * 3), 2)
    notes = [f"in-degree {count} (mean {neighbors.k})" for count in hubs]
    more = meaning.text(0)
    notes = (
        notes
        if more is None
        else [f"{a}<br>{b}" for a, b in zip(notes, more, strict=True)]
    )
    figure.add_trace(
        points(
            embedding,
            coordinates,
            {**meaning.marker(0), "size": size},
            name=short(_name(neighbors)),
            notes=notes,
        )
    )
    meaning.add_key(figure)
    flat_axes(figure, 1, colors)
    title = "Neighbour graph" + (
        f", coloured by {meaning.title}" if meaning.title else ""
    )
    return finish(
        figure,
        title,
        mode,
        _meta(neighbors, hubs, len(pairs), len(sample)),
        caption=caption,
    )


def _name(neighbors: Neighbors) -> str:
    return str(neighbors.embedding.info.get("variant", "embedding"))


def hub_chance(k: int, n: int) -> int:
    """Return the largest in-degree to expect when neighbours are drawn at random.

    Examples
    --------
    >>> hub_chance(10, 300)
    19
    """
    return int(binom.ppf(1 - 1 / n, n - 1, k / (n - 1)))


def _lines(
    neighbors: Neighbors, hubs: npt.NDArray[np.int64], drawn: int, total: int
) -> list[str]:
    seed = neighbors.embedding.info.get("seed")
    name = f"<b>{short(_name(neighbors))}</b>"
    k, n = neighbors.k, len(neighbors.compact)
    notes = [short(neighbors.coverage), neighbors.approximation]
    return [
        name if seed is None else f"{name}, seed {short(seed)}",
        f"{k} neighbours a point, {short(neighbors.space)} space, {neighbors.metric}",
        f"largest in-degree {hubs.max()} (by chance {hub_chance(k, n)})",
        count_of(drawn, total, "edges"),
        *filter(None, notes),
    ]


def _meta(
    neighbors: Neighbors, hubs: npt.NDArray[np.int64], total: int, drawn: int
) -> dict[str, Any]:
    info, missing = neighbors.embedding.info, neighbors.coverage
    return {
        "alt": (
            f"Node-link picture of {_name(neighbors)}: {len(neighbors):,} points, "
            f"{total:,} edges, {neighbors.k} neighbours a point in the "
            f"{neighbors.space} space. The largest in-degree is {hubs.max()}; by "
            f"chance {hub_chance(neighbors.k, len(neighbors.compact))}."
            + (f" {missing}: only those are in the graph." if missing else "")
        ),
        **{key: info[key] for key in KNOWN if key in info},
        "k": neighbors.k,
        "space": neighbors.space,
        "metric": neighbors.metric,
        "edges": total,
        "edges_drawn": drawn,
        "largest_in_degree": hubs.max(),
    }


def _coordinates(
    neighbors: Neighbors, layout: Any
) -> tuple[npt.NDArray[Any], list[str]]:
    """Return where the points lie, and a line that says how that was found."""
    if layout is None:
        layout = "umap"
    if isinstance(layout, Layout):
        layout = layout.reordered(neighbors.ids, name="layout", like="neighbors")
    elif _check.one_of("layout", layout, LAYOUTS) == "spring":
        return _spring(neighbors), ["spring layout of the graph"]
    else:
        layout = project(neighbors.embedding, layout, space=neighbors.space)
    return layout.coordinates, [layout.note or layout.title, layout.caption]


def _spring(neighbors: Neighbors) -> npt.NDArray[np.float64]:
    most = 2_000
    if len(neighbors) > most:
        raise ValueError(
            f"`layout` 'spring' takes at most {most:,} points, got {len(neighbors):,}: "
            "take 'umap'."
        )
    bare: nx.Graph[int] = nx.Graph()
    bare.add_nodes_from(np.flatnonzero(neighbors.present).tolist())
    edges = neighbors.edges()
    bare.add_edges_from(zip(edges.source.tolist(), edges.target.tolist(), strict=True))
    places = nx.spring_layout(bare, seed=0, iterations=50)
    nowhere = (np.nan, np.nan)  # rows that lack the space
    return np.array([places.get(i, nowhere) for i in range(len(neighbors))])
