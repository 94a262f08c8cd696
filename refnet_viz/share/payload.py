"""All that an exported page knows, as plain values that JSON can hold."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

# scipy.stats says the same but takes a second to import.
from scipy.special import stdtrit

from .._threads import one_thread_for
from ..data.answers import NO_LABEL, labelled
from ..data.meaning import distinct, texts
from ..embedding import Embedding
from ..explorer import edges, panes
from ..explorer.colors import OF_GRAPH, coloring_of, ends_of, origin_of, ramp
from ..explorer.embeddings import Embeddings, Key, Rows
from ..explorer.points import PointTable
from ..explorer.store import Store
from ..explorer.view import MOST_EDGES, drawn_rows_of
from ..explorer.wire import LONGEST_NAME
from ..explorer.words import cut
from ..graph.points import labelled_neighbors, same_label
from ..plot.color import MOST_ENTRIES
from ..plot.points import point_size

STEPS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50)  # of the slider of k
MOST_BYTES = 5_000_000  # of neighbours; more seeds than fit stay at home
NOTHING: Rows = np.empty(0, np.intp)


@dataclass(frozen=True)
class Content:
    """What goes into a page.

    Parameters
    ----------
    store
        Embeddings, graphs and layouts.
    space, layout
        Where neighbours are looked for, and how it is laid out.
    k
        Neighbours a point at first.
    baseline
        The variant that the others are compared with.
    shown, color
        The maps at first, and what their colour shows.
    mode
        "light" or "dark".
    pictures
        Whether pictures go along.
    """

    store: Store
    space: str
    layout: str
    k: int
    baseline: str
    shown: tuple[str, ...]
    color: str
    mode: str
    pictures: bool

    @property
    def embeddings(self) -> Embeddings:
        """All of them, by variant and seed."""
        return self.store.embeddings

    @property
    def first(self) -> Embedding:
        """The first embedding; ids, labels, texts and pictures are those of all."""
        return self.embeddings.first

    @cached_property
    def drawn(self) -> Rows:
        """The points that are drawn: all, or an even sample."""
        return drawn_rows_of(len(self.first))

    @cached_property
    def colors(self) -> list[str]:
        """What points can be coloured by."""
        found = list(self.store.colors)
        if len(self.drawn) < len(self.first):
            found.remove("in-degree")  # it counts points that the page does not know
        return found

    @cached_property
    def places(self) -> npt.NDArray[np.int64]:
        """New row number of each point: the drawn ones come first."""
        rest = np.setdiff1d(np.arange(len(self.first)), self.drawn)
        found = np.empty(len(self.first), np.int64)
        found[np.concatenate([self.drawn, rest])] = np.arange(len(found))
        return found

    @cached_property
    def steps(self) -> list[int]:
        """Every k that the page offers."""
        return sorted({self.k, *(s for s in STEPS if s <= 2 * self.k)} & self._possible)

    @property
    def _possible(self) -> set[int]:
        every = self.embeddings.embeddings
        having = min(int(own.present_in(self.space).sum()) for own in every)
        return set(range(1, having))

    @property
    def most(self) -> int:
        """The largest k."""
        return self.steps[-1]

    @cached_property
    def runs(self) -> dict[str, list[Key]]:
        """The runs of each variant that go along: all, or one with its baseline."""
        every = {
            name: [Key(name, seed, self.space) for seed in self.embeddings.seeds(name)]
            for name in self.embeddings.variants
        }
        count = len(self.embeddings.embeddings)
        if count * len(self.drawn) * (self.width * self.most + 8) <= MOST_BYTES:
            return every
        first = every[self.baseline][0]
        found = {name: [self.embeddings.beside(first, name)] for name in every}
        bases = [self.against(places[0]) for places in found.values()]
        return {**found, self.baseline: list(dict.fromkeys([first, *bases]))}

    @property
    def whole(self) -> bool:
        """Whether all seeds go along."""
        return sum(map(len, self.runs.values())) == len(self.embeddings.embeddings)

    @property
    def width(self) -> int:
        """Bytes that a row number takes."""
        return 2 if len(self.first) < 1 << 16 else 4

    def against(self, key: Key) -> Key:
        """Return the run of the baseline that a run is compared with."""
        return self.embeddings.beside(key, self.baseline)

    def table(self, key: Key, k: int) -> PointTable:
        """Return the table of points of a run."""
        return self.store.table(key, self.baseline, k)


def payload(content: Content) -> dict[str, Any]:
    """Return what the script of a page reads."""
    with one_thread_for(len(content.first)):
        variants = _variants(content)
        colors = _colors(content)
    first, drawn = content.first, content.drawn
    return {
        "mode": content.mode, "total": len(first), "count": len(drawn),
        "space": content.space, "together": content.layout == "aligned",
        "k": content.k, "steps": content.steps, "most": content.most,
        "baseline": content.baseline, "shown": list(content.shown),
        "color": content.color, "size": point_size(len(drawn)),
        "edges": {kind: _edge_style(kind, content.mode)
                  for kind in ("all", "kept", "gained", "lost")},
        "mostEdges": MOST_EDGES, "mostEntries": MOST_ENTRIES, "longest": panes.LONGEST,
        "ramp": list(ramp(content.mode)), "hint": panes.HINT,
        "ids": first.ids[drawn].tolist(), "texts": _texts(content),
        "metadata": _metadata(content), "pictures": _pictures(content),
        "noLabel": NO_LABEL, "lacking": panes.lacking(content.space),
        "missing": _missing(content), "counts": _counts(content),
        "classes": list(first.class_names), "labels": members(first.labels, drawn),
        "purityChance": _purity_chance(content),
        "multi": first.labels is not None and first.labels.ndim == 2,
        "wide": f"u{content.width}", "columns": _columns(content),
        "variants": variants, "colors": colors,
        "allSeeds": content.whole, **_bands(content),
    }  # fmt: skip


def as_json(values: Any) -> str:
    r"""Return JSON that can stand in a script element: it never closes one.

    Examples
    --------
    >>> print(as_json({"a": "</script>"}))
    {"a":"\u003c/script>"}
    """
    found = json.dumps(
        values, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    found = found.replace("<", "\\u003c")
    # Half a surrogate pair has no key in a file, only its number has.
    return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", found)


def packed(values: npt.NDArray[Any], kind: str) -> str:
    """Return numbers as base64 of little-endian bytes.

    Examples
    --------
    >>> packed(np.array([1, 2]), "<u2")
    'AQACAA=='
    """
    return base64.b64encode(np.ascontiguousarray(values, kind).tobytes()).decode()


def members(
    labels: npt.NDArray[np.int64] | None, rows: Rows
) -> list[list[int] | None] | None:
    """Return the classes of every point, one or several, None for an unlabelled one.

    Examples
    --------
    >>> members(np.array([[0, 1], [1, 1]]), np.array([0, 1]))
    [[1], [0, 1]]
    >>> members(np.array([2, -1]), np.array([0, 1]))
    [[2], None]
    """
    if labels is None:
        return None
    if labels.ndim == 1:
        return [None if label < 0 else [label] for label in labels[rows].tolist()]
    return [
        None if (row < 0).any() else np.flatnonzero(row).tolist()
        for row in labels[rows]
    ]


def _variants(content: Content) -> list[dict[str, Any]]:
    return [
        {"name": name, "runs": [_run(content, key) for key in keys]}
        for name, keys in content.runs.items()
    ]


def _run(content: Content, key: Key) -> dict[str, Any]:
    drawn, store = content.drawn, content.store
    graph = store.graph(key, content.most)
    layout = store.layout(key, content.layout)
    x, y = layout.coordinates[drawn].T
    width = f"<u{content.width}"
    same = None if graph.labels is None else same_label(graph)[drawn]
    judged = None
    if graph.labels is not None and not labelled(graph.labels, None, len(graph)).all():
        judged = packed(np.packbits(labelled_neighbors(graph)[drawn]), "u1")
    # Rows that lack the space have no neighbours: the largest number stands for none.
    nearest = content.places[graph.indices[drawn]]
    nearest[graph.indices[drawn] < 0] = np.iinfo(f"u{content.width}").max
    parts = [layout.note or layout.title, layout.caption, layout.coverage]
    return {
        "seed": str(key.seed), "against": str(content.against(key).seed),
        "x": packed(x, "<f4"), "y": packed(y, "<f4"),
        "note": ", ".join(part for part in parts if part),
        "neighbors": packed(nearest, width), "judged": judged,
        "same": None if same is None else packed(np.packbits(same), "u1"),
        "predictions": members(graph.embedding.predictions, drawn),
        "strip": [_strip(content, key, k)["rows"][0]["cells"] for k in content.steps],
    }  # fmt: skip


def _columns(content: Content) -> list[dict[str, Any]]:
    """Return the columns of the metric strip; the last one is of rewiring."""
    key = content.runs[content.baseline][0]
    found: list[dict[str, Any]] = _strip(content, key, content.k)["columns"]
    found[-1]["rewiring"] = True
    return found


def _bands(content: Content) -> dict[str, Any]:
    """Return whether there are bands, and Student's quantile for so many seeds."""
    most = max(map(len, content.store.embeddings.variants.values()))
    tail = (1 + panes.CONFIDENCE) / 2
    quantiles = [float(stdtrit(count - 1, tail)) for count in range(2, most + 1)]
    return {"banded": most > 1, "student": [None, None, *quantiles]}


def _strip(content: Content, key: Key, k: int) -> dict[str, Any]:
    """Return what the metric strip says of a whole graph, with the bands of seeds."""
    family = content.store.every_seed(key, content.baseline, k)
    line = panes.StripLine(key.variant, content.table(key, k), family)
    return panes.strip_of([line], NOTHING, 0)


def _colors(content: Content) -> list[dict[str, Any]]:
    """Return what points can be coloured by, a list of arrays a variant and run."""
    every = [key for keys in content.runs.values() for key in keys]
    shown = [content.table(key, content.k) for key in every]
    return [
        {"name": name} if name in OF_GRAPH else _color(content, shown, name)
        for name in content.colors
    ]


def _color(content: Content, shown: list[PointTable], name: str) -> dict[str, Any]:
    found, title = coloring_of(shown, name, content.mode)
    kind = "<u2" if found.names else "<f4"
    start = 0 if found.names else origin_of(found)
    columns = [packed(values[content.drawn] - start, kind) for values in found.values]
    if len(set(columns)) == 1:
        columns = columns[:1]  # the same for every run
    return {
        "name": name, "title": title,
        "names": [
            cut(found.entry(code), LONGEST_NAME)
            for code in range(len(found.names))
        ],
        "styles": [list(style) for style in found.styles], "columns": columns,
        **({} if found.kind in {"categories", "numbers"} else {
            "lowText": ends_of(found)[0], "highText": ends_of(found)[1]}),
    }  # fmt: skip


def _edge_style(kind: str, mode: str) -> dict[str, Any]:
    style, _ = next(edges.styled(kind, None, 0, mode))
    return style


def _texts(content: Content) -> list[str] | None:
    texts = content.first.media.texts
    return [str(texts[row]) for row in content.drawn] if texts else None


def _metadata(content: Content) -> list[dict[str, Any]]:
    """Return name and words of every column of the metadata."""
    known = content.first.metadata.iloc[content.drawn]
    return [
        {"name": cut(name), "values": texts(known.iloc[:, key])}
        for key, name in enumerate(distinct(known.columns))
    ]


def _pictures(content: Content) -> list[str] | None:
    if not (content.pictures and content.first.media.pictures):
        return None
    return [panes.picture(content.first, int(row)) for row in content.drawn]


def _counts(content: Content) -> str:
    key = content.runs[content.baseline][0]
    return panes.counts(content.table(key, content.k))


def _missing(content: Content) -> dict[str, str]:
    """Return a bit a point for each modality that some point lacks."""
    first = content.first
    there = {name: first.present_in(name)[content.drawn] for name in first.inputs}
    return {
        name: packed(np.packbits(~known), "u1")
        for name, known in there.items()
        if not known.all()
    }


def _purity_chance(content: Content) -> str | None:
    key = content.runs[content.baseline][0]
    chance = content.table(key, content.k).purity_chance
    return None if chance is None else packed(chance[content.drawn], "<f4")
