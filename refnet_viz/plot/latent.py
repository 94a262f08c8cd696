"""`latent`: maps of embeddings side by side, with the edges of their graphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .. import _check
from .._nested import as_variants
from .._spaces import ALONE
from ..data.rows import same_ids
from ..embedding import Embedding
from ..graph import Neighbors
from ..layout import Layout, project
from .color import Coloring, coloring
from .ink import Ink, ink
from .panels import default_columns, finish, flat_axes, grid, place, row_of
from .points import (
    MOST_TEXTS,
    cap,
    edge_lines,
    edge_opacity,
    edge_style,
    points,
)
from .record import replayable
from .text import count_of, listing, short, small, smalls, span, unmarked

HEIGHT = 340
METHODS = ("umap", "pca", "aligned")
KNOWN = ("seed", "dataset", "fingerprint")


@dataclass(frozen=True)
class Panel:
    """All that one panel shows."""

    name: str
    embedding: Embedding
    layout: Layout
    graph: Neighbors | None

    @property
    def title(self) -> str:
        """Variant and seed, escaped."""
        seed = self.embedding.info.get("seed")
        name = f"<b>{short(self.name)}</b>"
        return name if seed is None else f"{name}, seed {short(seed)}"

    def meta(self) -> dict[str, Any]:
        """Return what the panel was made of, for the manifest."""
        layout, graph, info = self.layout, self.graph, self.embedding.info
        content: dict[str, Any] = {
            "variant": self.name,
            "points": len(self.embedding),
            **{key: info[key] for key in KNOWN if key in info},
            "layout": layout.method,
            "layout_space": layout.space,
            "layout_settings": layout.settings,
            "trustworthiness": layout.trustworthiness,
            "continuity": layout.continuity,
        }
        if graph is not None:
            content |= {"k": graph.k, "space": graph.space, "metric": graph.metric}
        return content


@replayable
def latent(
    spaces: Any,
    *,
    edges: Any = None,
    color: Any = "label",
    layout: Any = None,
    seed: Any = None,
    max_edges: int = 2_000,
    columns: float | None = None,
    mode: str = "auto",
    caption: bool = False,
) -> go.Figure:
    """Draw maps of embeddings side by side.

    Parameters
    ----------
    spaces
        What `knn` takes: an Embedding or vectors of your own, a list of them (a panel
        each), or a mapping from variants to one or several (a panel a variant).
    edges
        Neighbors in the shape of `spaces`; the edges of the union graph are drawn.
    color
        "label", "prediction", "correct", one of `Embedding.columns` (metadata, and the
        fusion's diagnostics such as "gate: picture"), an array of one value a point,
        or a mapping from variants to such arrays.
    layout
        "umap", "pca", "aligned", or what `project` returned. None aligns several
        panels that have the same ids, and takes "umap" otherwise.
    seed
        Which run of each variant; None takes the first.
    max_edges
        Edges drawn a panel at most; the panel says how many there are.
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
        One trace of points a panel, ids in its `customdata`.

    Raises
    ------
    TypeError
        If a value is of another class.
    ValueError
        If a name is unknown or ids disagree.

    Examples
    --------
    >>> space = Embedding.from_arrays(np.eye(4), labels=["a", "a", "b", "b"])
    >>> figure = latent({"plain": space, "refiner": space}, layout="pca")
    >>> [trace.name for trace in figure.data]
    ['plain', 'refiner', 'a', 'b']
    """
    colors = ink(mode)
    most = _check.integer("max_edges", max_edges, low=0)
    panels = _panels(spaces, edges, layout, seed)
    usual = default_columns(len(panels))
    wide, page = row_of(columns, len(panels), usual)
    meaning = coloring([(p.name, p.embedding) for p in panels], color, mode)
    figure = grid(
        [_lines(p, most) for p in panels], columns=wide, height=HEIGHT, page=page
    )
    for number, panel in enumerate(panels):
        _draw(figure, panel, meaning, colors, most=most, at=place(number, wide))
    _axes(figure, panels, colors)
    meaning.add_key(figure)
    return finish(
        figure,
        _title(panels, meaning),
        mode,
        _meta(panels, meaning, most),
        caption=caption,
    )


def _lines(panel: Panel, most: int) -> list[str]:
    layout = panel.layout
    caption = layout.caption.split(" (")[0]
    lines = [panel.title, small(layout.note or layout.title), small(caption)]
    lines += smalls(short(layout.coverage))
    if len(panel.embedding) > MOST_TEXTS:
        lines.append(small(f"more than {MOST_TEXTS:,} points: hovering says the id"))
    if panel.graph is not None:
        total = len(panel.graph.edges().source)
        lines.append(small(count_of(min(most, total), total, "edges")))
        lines += smalls(panel.graph.approximation)
    return lines


def _draw(
    figure: go.Figure,
    panel: Panel,
    meaning: Coloring,
    colors: Ink,
    *,
    most: int,
    at: dict[str, int],
) -> None:
    number = len([t for t in figure.data if t.mode == "markers"])
    flat = panel.layout.coordinates
    if panel.graph is not None:
        edges = panel.graph.edges()
        pairs = np.column_stack([edges.source, edges.target])
        pairs = pairs[cap(pairs, most)]
        look = {"line": edge_style(colors), "opacity": edge_opacity(len(pairs))}
        lines = edge_lines(flat, pairs, count=len(flat), **look)
        figure.add_trace(lines.update(name=short(panel.name)), **at)
    few = len(panel.embedding) <= MOST_TEXTS
    marker, notes = meaning.marker(number), meaning.text(number) if few else None
    trace = points(panel.embedding, flat, marker, name=short(panel.name), notes=notes)
    figure.add_trace(trace, **at)


def _axes(figure: go.Figure, shown: list[Panel], colors: Ink) -> None:
    """Make aligned panels zoom and move together."""
    aligned = any(panel.layout.method == "aligned" for panel in shown)
    for number in range(1, len(shown) + 1):
        flat_axes(figure, number, colors)
        if aligned and number > 1:
            together = {f"{c}axis{number}": {"matches": c} for c in "xy"}
            figure.update_layout(together)


def _title(shown: list[Panel], meaning: Coloring) -> str:
    spaces = sorted({panel.layout.space for panel in shown})
    chance = sorted({f"{p.layout.chance:.2f}" for p in shown if p.layout.chance > 0})
    by = f", coloured by {meaning.title}" if meaning.title else ""
    title = f"Map of the {short(' and '.join(spaces))} space{by}"
    if not chance:
        return title
    note = f"chance for trustworthiness and continuity: {' and '.join(chance)}"
    return f"{title}<br>{small(note)}"


def _meta(shown: list[Panel], meaning: Coloring, most: int) -> dict[str, Any]:
    names = listing([panel.name for panel in shown])
    alt = (
        f"Maps of {len(shown[0].embedding):,} points, coloured by "
        f"{unmarked(meaning.title) or 'nothing'}, a panel each for {names}."
    )
    missing = {panel.layout.coverage for panel in shown} - {""}
    alt += f" {listing(sorted(missing))}." if missing else ""
    alt += _trust([panel.layout for panel in shown])
    counts = [
        f"{p.name} {len(p.graph.edges().source):,}"
        for p in shown
        if p.graph is not None
    ]
    if counts:
        alt += f" Edges: {listing(counts)}."
    panels = [panel.meta() for panel in shown]
    return {"alt": alt, "max_edges": most, "panels": panels}


def _trust(layouts: list[Layout]) -> str:
    """Say how far the maps can be trusted, beside chance."""
    judged = [layout for layout in layouts if layout.chance > 0]
    if not judged:
        return ""
    numbers = [
        f"{word} {span([getattr(layout, word) for layout in judged])}"
        for word in ("trustworthiness", "continuity")
    ]
    chance = span([layout.chance for layout in judged])
    return f" {', '.join(numbers).capitalize()}; chance {chance}."


@dataclass(frozen=True)
class _Slot:
    """Member of a variant that a panel shows."""

    name: str
    index: int
    embedding: Embedding

    @property
    def title(self) -> str:
        """The variant, or for a bare list what each embedding says of itself."""
        variant = self.embedding.info.get("variant", self.name)
        return str(variant) if self.name == ALONE else self.name


def _panels(spaces: Any, edges: Any, layout: Any, seed: Any) -> list[Panel]:
    """Bring embeddings, graphs and layouts together, panel by panel."""
    variants = as_variants("spaces", spaces, Embedding, alone=ALONE)
    if isinstance(spaces, list | tuple):
        chosen = [(ALONE, index) for index in range(len(spaces))]
    else:
        chosen = [(name, _run(name, runs, seed)) for name, runs in variants.items()]
    slots = [_Slot(name, index, variants[name][index]) for name, index in chosen]
    layouts = _layouts(slots, layout)
    graphs = [None] * len(slots) if edges is None else _edges(slots, edges)
    return [
        Panel(slot.title, slot.embedding, arrangement, graph)
        for slot, arrangement, graph in zip(slots, layouts, graphs, strict=True)
    ]


def _run(name: str, runs: list[Embedding], seed: Any) -> int:
    if seed is None:
        return 0
    seeds = [run.info.get("seed") for run in runs]
    if not _check.is_whole(seed) or seed not in seeds:
        raise ValueError(
            f"`seed` must be one of {seeds} (the seeds of {name!r}), got "
            f"{_check.shown(seed)}."
        )
    return seeds.index(seed)


def _layouts(slots: list[_Slot], layout: Any) -> list[Layout]:
    if layout is None:
        first = slots[0].embedding.ids
        same = all(same_ids(slot.embedding.ids, first) for slot in slots)
        layout = "aligned" if same and len(slots) > 1 else "umap"
    if isinstance(layout, str):
        _check.one_of("layout", layout, METHODS)
        arrangements = project(
            {str(i): s.embedding for i, s in enumerate(slots)}, layout
        )
        return [
            one.reordered(slot.embedding.ids)
            for one, slot in zip(arrangements.values(), slots, strict=True)
        ]
    if isinstance(layout, Layout):
        layout = {slot.name: layout for slot in slots}
    by_name = as_variants("layout", layout, Layout, alone=slots[0].name)
    return [_belonging("layout", by_name, slot) for slot in slots]


def _edges(slots: list[_Slot], edges: Any) -> list[Neighbors]:
    by_name = as_variants("edges", edges, Neighbors, alone=slots[0].name)
    return [_belonging("edges", by_name, slot) for slot in slots]


def _belonging(what: str, found: dict[str, list[Any]], slot: _Slot) -> Any:
    """Return the value that belongs to a panel: of its variant, seed and ids."""
    members = found[_check.one_of(what, slot.name, found)]
    value = members[min(slot.index, len(members) - 1)]
    like = f"spaces[{slot.name!r}]"
    return value.reordered(slot.embedding.ids, name=what, like=like)
