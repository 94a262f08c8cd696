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
import pandas as pd

# scipy.stats says the same but takes a second to import.
from scipy.special import stdtrit

from .. import statistics
from .._threads import one_thread_for
from ..data.answers import NO_LABEL, labelled
from ..data.meaning import distinct, texts
from ..embedding import Embedding
from ..explorer import edges, panes
from ..explorer.colors import (
    LOWEST,
    OF_GRAPH,
    coloring_of,
    ends_of,
    origin_of,
    ramp,
    responsibility_title,
)
from ..explorer.embeddings import Embeddings, Key, Rows
from ..explorer.facts import facts_of
from ..explorer.help import terms
from ..explorer.legend import LISTED, LONGEST_NAME
from ..explorer.points import PointTable, responsibility_of, searched_metadata
from ..explorer.questions import BESIDE, CONFIDENCE, REWIRING, Question
from ..explorer.state import State
from ..explorer.store import Store
from ..explorer.view import CLUSTER_NOTE, MOST_EDGES, drawn_rows_of
from ..explorer.wire import (
    LEAST_WIDE,
    MANY,
    MOST_AT_FIRST,
    named_clusters,
    names_on_map,
    quantised,
)
from ..graph.metrics import asked_first
from ..graph.naming import NO_NAME, has_words
from ..graph.points import labelled_neighbors, same_label
from ..graph.table import family_of
from ..plot.ink import in_dark
from ..plot.points import point_size
from ..plot.text import cut, middle

STEPS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50)  # of the slider of k
MOST_POINTS = 200_000  # drawn
MOST_BYTES = 5_000_000  # of neighbours; more seeds than fit stay at home
NOT_LISTED = "neighbours are not in this page"
MOST_NAMED = 2_000  # points of which a page has communities, half a second a run
OF_RUN = ("latent", "refined")  # spaces that every run has of its own
NOTHING: Rows = np.empty(0, np.intp)


@dataclass(frozen=True)
class Content:
    """Content of a page.

    Parameters
    ----------
    store
        Embeddings, graphs and layouts.
    state
        The page at first.
    pictures
        Whether pictures go along.
    auto
        Whether the colours of a dark page go along with those of a light one.
    """

    store: Store
    state: State
    pictures: bool
    auto: bool = False

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
        return drawn_rows_of(len(self.first), MOST_POINTS)

    @property
    def compared(self) -> bool:
        """Whether there are variants to compare."""
        return len(self.embeddings.variants) > 1

    @cached_property
    def colors(self) -> list[str]:
        """Names of what points can be coloured by."""
        names = list(self.state.offered(self.store)["color"])
        if not self.has_neighbors:
            return [name for name in names if name not in OF_GRAPH]
        if len(self.drawn) < len(self.first):
            names.remove("in-degree")  # it counts points that the page does not know
        return names

    @cached_property
    def places(self) -> npt.NDArray[np.int64]:
        """New row number of each point: the drawn ones come first."""
        rest = np.setdiff1d(np.arange(len(self.first)), self.drawn)
        numbers = np.empty(len(self.first), np.int64)
        numbers[np.concatenate([self.drawn, rest])] = np.arange(len(numbers))
        return numbers

    @cached_property
    def steps(self) -> list[int]:
        """Every k that the page offers: of many points those that do not take much."""
        if not self.has_neighbors:
            return [self.state.k]
        steps = {self.state.k, *(s for s in STEPS if s <= 2 * self.state.k)}
        if len(self.drawn) > MANY:
            steps = {step for step in steps if self._fits(step)}
        return sorted(steps & self._possible)

    @property
    def has_neighbors(self) -> bool:
        """Whether neighbours go along; those of many points may take too much."""
        return len(self.drawn) <= MANY or self._fits(self.state.k)

    def _fits(self, k: int) -> bool:
        return len(self.drawn) * self.width * k <= MOST_BYTES

    @property
    def _possible(self) -> set[int]:
        embeddings = self.embeddings.embeddings
        smallest = min(
            int(one.present_in(self.state.space).sum()) for one in embeddings
        )
        return set(range(1, min(smallest, self.store.k_max + 1)))

    @property
    def most(self) -> int:
        """The largest k."""
        return self.steps[-1]

    @cached_property
    def runs(self) -> dict[str, list[Key]]:
        """The runs of each variant that go along: all, or one with its baseline."""
        keys = {
            name: [
                Key(name, seed, self.state.space)
                for seed in self.embeddings.seeds(name)
            ]
            for name in self.embeddings.variants
        }
        count = len(self.embeddings.embeddings)
        if count * len(self.drawn) * (self.width * self.most + 8) <= MOST_BYTES:
            return keys
        first = keys[self.state.baseline][0]
        single = {name: [self.embeddings.beside(first, name)] for name in keys}
        bases = [self.against(places[0]) for places in single.values()]
        return {**single, self.state.baseline: list(dict.fromkeys([first, *bases]))}

    @cached_property
    def other_spaces(self) -> list[str]:
        """The other spaces whose neighbours go along, none where they take too much."""
        if not self.has_neighbors:
            return []
        spaces = [name for name in self.embeddings.spaces if name != self.state.space]
        runs = sum(map(len, self.runs.values()))
        graphs = sum(runs if name in OF_RUN else 1 for name in spaces)
        size = len(self.drawn) * self.width * self.most
        return spaces if (runs + graphs) * size <= MOST_BYTES else []

    @cached_property
    def other_keys(self) -> list[Key]:
        """Graphs of other spaces, those of the features once for all runs."""
        keys = (
            self.embeddings.twin(key.in_space(space))
            for keys in self.runs.values()
            for key in keys
            for space in self.other_spaces
        )
        return list(dict.fromkeys(keys))

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
        return self.embeddings.beside(key, self.state.baseline)

    def table(self, key: Key, k: int) -> PointTable:
        """Return the table of points of a run."""
        return self.store.table(key, self.state.baseline, k)


def payload(content: Content) -> dict[str, Any]:
    """Return what the script of a page reads."""
    with one_thread_for(len(content.first)):
        variants = _variants(content)
        colors = _colors(content)
    first, rows = content.first, content.drawn
    return {
        "mode": content.state.mode,
        "total": len(first),
        "alone": content.embeddings.alone,
        "count": len(rows),
        "space": content.state.space,
        "spaceNote": f"{cut(content.state.space)} space",
        "otherSpaces": [
            {"name": name, "lacking": panes.lacking(name)}
            for name in content.other_spaces
        ],
        "graphs": [_graph(content, key) for key in content.other_keys],
        "responsibilities": _responsibilities(content),
        "together": content.state.layout == "aligned",
        "k": content.state.k,
        "steps": content.steps,
        "most": content.most,
        "baseline": content.state.baseline,
        "seed": str(content.state.seed),
        "shown": list(content.state.variants),
        "color": content.state.color,
        "size": point_size(len(rows)),
        **_look(content, content.state.mode),
        "dark": _dark_look(content, colors) if content.auto else None,
        "mostEdges": MOST_EDGES,
        "names": content.state.names,
        "whenNames": content.state.choices(content.store)["names"],
        "mostAtFirst": MOST_AT_FIRST,
        "leastWide": LEAST_WIDE,
        "clusterNote": CLUSTER_NOTE,
        "communities": panes.COMMUNITIES,
        "noName": NO_NAME,
        "listed": LISTED,
        "linesTitle": edges.LINES_TITLE,
        "longest": panes.LONGEST,
        "hint": panes.HINT,
        "terms": terms(),
        "ids": None if _are_numbers(content) else first.ids[rows].tolist(),
        "hasNeighbors": content.has_neighbors,
        "texts": _texts(content),
        "metadata": _metadata(content),
        "pictures": _pictures(content),
        "noLabel": NO_LABEL,
        "lacking": panes.lacking(content.state.space)
        if content.has_neighbors
        else NOT_LISTED,
        "missing": _missing(content),
        "counts": _counts(content),
        "classes": list(first.class_names),
        "labels": members(first.labels, rows),
        "purityChance": _purity_chance(content),
        "multi": first.labels is not None and first.labels.ndim == 2,
        "wide": f"u{content.width}",
        "columns": _columns(content),
        "variants": variants,
        "colors": colors,
        "allSeeds": content.whole,
        "looks": content.state.looks,
        "rule": _rule(),
        **_bands(content),
    }


def as_json(values: Any) -> str:
    r"""Return JSON that can stand in a script element: it never closes one.

    Examples
    --------
    >>> print(as_json({"a": "</script>"}))
    {"a":"\u003c/script>"}
    """
    text = json.dumps(
        values, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    text = text.replace("<", "\\u003c")
    # Half a surrogate pair has no key in a file, only its number has.
    return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", text)


def packed(values: npt.NDArray[Any], kind: str) -> str:
    """Return numbers as base64 of little-endian bytes.

    Examples
    --------
    >>> packed(np.array([1, 2]), "<u2")
    'AQACAA=='
    """
    return packed_bytes(np.ascontiguousarray(values, kind).tobytes())


def packed_bytes(values: bytes) -> str:
    """Return bytes as base64."""
    return base64.b64encode(values).decode()


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
        {
            "name": name,
            "seeds": len(content.embeddings.seeds(name)),
            "runs": [_run(content, key) for key in keys],
            "questions": [_questions(content, keys[0], k) for k in content.steps],
        }
        for name, keys in content.runs.items()
    ]


def _run(content: Content, key: Key) -> dict[str, Any]:
    layout = content.store.layout(key, content.state.layout)
    embedding = content.embeddings.embedding(key)
    notes = [layout.note or layout.title, layout.caption, layout.coverage]
    twins = [
        content.embeddings.twin(key.in_space(space)) for space in content.other_spaces
    ]
    return {
        "seed": str(key.seed),
        "against": str(content.against(key).seed),
        **_places(layout.coordinates[content.drawn]),
        "explained": str(layout.explained or ""),
        "note": ", ".join(note for note in notes if note),
        **_graph(content, key),
        "others": [content.other_keys.index(twin) for twin in twins],
        "clusters": _clusters(content, key),
        "predictions": members(embedding.predictions, content.drawn),
        "responsibility": _means(content, key),
        "strip": [_cells(content, key, k) for k in content.steps],
    }


def _questions(content: Content, key: Key, k: int) -> list[dict[str, Any]]:
    """Return what the strip asks of a variant; the page gives the verdicts.

    They depend on how many variants are shown, and on how many views were looked at.
    """
    return [
        {
            "column": _column_of(content, one),
            "higher": one.difference > 0,
            "p": None if np.isnan(one.p) else one.p,
            "reason": one.reason,
            "interval": one.interval,
        }
        for one in content.store.questions(key, content.state.baseline, k)
    ]


def _column_of(content: Content, question: Question) -> str:
    """Return the name of the column of the strip that a question belongs to."""
    if question.metric == REWIRING:
        return panes.rewiring_title(content.state.baseline)
    return question.metric.replace("_", " ")


def _rule() -> dict[str, Any]:
    """Return the rule of `statistics.judge` for the questions of the strip."""
    return {
        "none": panes.NO_VERDICT,
        "level": 1 - CONFIDENCE,
        "lead": statistics.LEAD,
        "tenths": statistics.TENTHS,
        "alone": statistics.ALONE,
        "inside": statistics.INSIDE,
        "undecided": statistics.UNDECIDED,
    }


def _places(flat: npt.NDArray[np.float32]) -> dict[str, Any]:
    """Return the places of a map, those of many points in steps of `quantised`."""
    if len(flat) <= MANY:
        return {name: packed(flat[:, i], "<f4") for i, name in enumerate("xy")}
    places = quantised(flat)
    return places | {name: packed_bytes(places[name]) for name in "xy"}


def _are_numbers(content: Content) -> bool:
    """Return whether ids are the row numbers of many points, which a page can count."""
    count, ids = len(content.first), content.first.ids
    if not MANY < count == len(content.drawn):
        return False
    return bool(np.array_equal(ids, np.arange(count).astype(str)))


def _clusters(content: Content, key: Key) -> dict[str, Any] | None:
    """Return the names of communities, None where there is nothing to name them by."""
    if len(content.first) > MOST_NAMED or not has_words(content.first):
        return None
    clusters = content.store.clusters(key)
    words = named_clusters(clusters, content.drawn)
    members = [
        [int(content.places[row]), number, size, *([side] if side else [])]
        for row, number, size, side in panes.central_members(clusters)
    ]
    return {
        "names": words["names"],
        "codes": packed_bytes(words["codes"]),
        "members": members,
        "more": panes.more(len(clusters.words), panes.MOST_ROWS),
    }


def _graph(content: Content, key: Key) -> dict[str, Any]:
    """Return the neighbours of a graph, and which of them share a label."""
    rows = content.drawn
    if not content.has_neighbors:
        return {"neighbors": "", "most": 0, "among": 0, "same": None, "judged": None}
    graph = content.store.graph(key, content.most)
    same = judged = None
    if graph.labels is not None:
        same = packed(np.packbits(same_label(graph)[rows]), "u1")
        if not labelled(graph.labels, None, len(graph)).all():
            judged = packed(np.packbits(labelled_neighbors(graph)[rows]), "u1")
    # Rows that lack the space have no neighbours: the largest number stands for none.
    nearest = content.places[graph.indices[rows]]
    nearest[graph.indices[rows] < 0] = np.iinfo(f"u{content.width}").max
    neighbors = packed(nearest, f"<u{content.width}")
    return {
        "neighbors": neighbors,
        "most": graph.k,
        "among": int(graph.present.sum()) - 1,  # others that a rank counts among
        "same": same,
        "judged": judged,
    }


def _responsibilities(content: Content) -> list[dict[str, str]]:
    """Return modality and colour of every responsibility that goes along."""
    names = {responsibility_of(name): name for name in content.first.decoded}
    return [
        {"modality": names[color], "name": color}
        for color in content.colors
        if color in names
    ]


def _means(content: Content, key: Key) -> dict[str, dict[str, str]]:
    """Return the mean of each responsibility over all points, or why there is none."""
    table = content.table(key, content.state.k)
    return {
        name: dict(
            zip(("mean", "why"), panes.mean_responsibility(table, name), strict=True)
        )
        for name in table.responsibility
    }


def _columns(content: Content) -> list[dict[str, Any]]:
    """Return the columns of the metric strip; the last one is of rewiring."""
    key = content.runs[content.state.baseline][0]
    columns: list[dict[str, Any]] = _strip(content, key, content.state.k)["columns"]
    names = content.table(key, content.state.k).headline_metrics
    first = asked_first(names)
    if content.compared:
        names = [*names, REWIRING]
        columns[-1] |= {"rewiring": True, "beside": BESIDE}
    for name, column in zip(names, columns, strict=True):
        column |= {"family": family_of(name, first), "leads": name in first[:1]}
    return columns


def _bands(content: Content) -> dict[str, Any]:
    """Return whether there are bands, and Student's quantile for so many seeds."""
    most = max(map(len, content.store.embeddings.variants.values()))
    tail = (1 + panes.CONFIDENCE) / 2
    quantiles = [float(stdtrit(count - 1, tail)) for count in range(2, most + 1)]
    return {"student": [None, None, *quantiles]}


def _strip(content: Content, key: Key, k: int) -> dict[str, Any]:
    """Return what the metric strip says of a whole graph, with the bands of seeds."""
    family = content.store.every_seed(key, content.state.baseline, k)
    line = panes.StripLine(key.variant, content.table(key, k), family)
    return panes.strip_of([line], NOTHING, 0, compared=content.compared)


def _cells(content: Content, key: Key, k: int) -> list[dict[str, Any]]:
    """Return the cells of a run in the strip, to which the page adds verdicts."""
    cells = _strip(content, key, k)["rows"][0]["cells"]
    return [
        {name: value for name, value in cell.items() if name not in panes.NO_VERDICT}
        for cell in cells
    ]


def _colors(content: Content) -> list[dict[str, Any]]:
    """Return what points can be coloured by, a list of arrays a variant and run."""
    keys_of_all = [key for keys in content.runs.values() for key in keys]
    tables = [content.table(key, content.state.k) for key in keys_of_all]
    return [
        {"name": name} if name in OF_GRAPH else _color(content, tables, name)
        for name in content.colors
    ]


def _color(content: Content, tables: list[PointTable], name: str) -> dict[str, Any]:
    coloring, title = coloring_of(tables, name, content.state.mode)
    values, lowest = coloring.values, {}
    modality = {responsibility_of(m): m for m in content.first.decoded}.get(name)
    if modality is not None and tables[0].responsibility:
        # The page cuts them itself: the pane of details says them as they are.
        values = tuple(table.responsibility[modality] for table in tables)
        title, lowest = responsibility_title(modality), {"lowest": LOWEST}
    kind = "<u2" if coloring.names else "<f4"
    start = 0 if coloring.names else origin_of(coloring)
    columns = [packed(each[content.drawn] - start, kind) for each in values]
    if len(set(columns)) == 1:
        columns = columns[:1]  # the same for every run
    ends = {}
    if coloring.kind not in {"categories", "numbers"}:
        ends = dict(zip(("lowText", "highText"), ends_of(coloring), strict=True))
    full = [" ".join(each.split()) for each in coloring.names]
    return {
        "name": name,
        "title": title,
        "names": [middle(each, LONGEST_NAME) for each in full],
        "words": names_on_map(coloring),
        "full": full,
        "styles": [list(style) for style in coloring.styles],
        "columns": columns,
        **lowest,
        **ends,
    }


def _look(content: Content, mode: str) -> dict[str, Any]:
    """Return the colours of edges, of lines to neighbours and of numbers."""
    return {
        "edges": {
            kind: _edge_style(kind, mode) for kind in ("all", "kept", "gained", "lost")
        },
        "changes": edges.change_styles(mode),
        "lines": {
            kind: edges.change_key(
                mode, content.state.baseline, compared=kind == "compared"
            )
            for kind in ("compared", "alone")
        },
        "ramp": list(ramp(mode)),
    }


def _edge_style(kind: str, mode: str) -> dict[str, Any]:
    style, _ = next(edges.styled(kind, None, 0, mode))
    return style


def _texts(content: Content) -> list[str] | None:
    texts = content.first.media.texts
    return [str(texts[row]) for row in content.drawn] if texts else None


def _metadata(content: Content) -> list[dict[str, Any]]:
    """Return names and texts of the metadata: of saved tables, and of the pane.

    Each with one list of texts where all runs have the same ones, else one a run, None
    where a run lacks it. A column without a header is said in the pane alone, one that
    is no fact in tables alone: there the columns of a measure are one line.
    """
    keys = [key for keys in content.runs.values() for key in keys]
    runs = [content.embeddings.embedding(key) for key in keys]
    tables = [run.metadata.iloc[content.drawn] for run in runs]
    columns = [_texts_of(table) for table in tables]
    facts = [facts_of(table) for table in tables]
    headers: dict[str, str] = {}
    searched: set[str] = set()
    for key, run, own in zip(keys, runs, columns, strict=True):
        written = content.table(key, content.state.k).frame(NOTHING).columns.tolist()
        headers |= dict(zip(own, written[len(written) - len(own) :], strict=True))
        searched |= set(searched_metadata(run))
    entries = []
    for name, header in headers.items():
        as_fact = [each.get(name) for each in facts]
        as_column = [each.get(name) for each in columns]
        same = as_fact == as_column
        parts: list[tuple[list[list[str] | None], str | None, bool]]
        parts = [(as_column, header, same)]
        parts += [] if same or not any(as_fact) else [(as_fact, None, True)]
        for values, title, is_fact in parts:
            entries.append(
                {
                    "name": name,
                    "header": title,
                    "fact": is_fact,
                    "searched": title is not None and name in searched,
                    "values": values[:1] if values[1:] == values[:-1] else values,
                }
            )
    return entries


def _texts_of(table: pd.DataFrame) -> dict[str, list[str]]:
    """Return the columns of a table as texts, by distinct names."""
    names = distinct(table.columns)
    return {name: texts(table.iloc[:, i]) for i, name in enumerate(names)}


def _pictures(content: Content) -> list[str] | None:
    if not (content.pictures and content.first.media.pictures):
        return None
    return [panes.picture(content.first, int(row)) for row in content.drawn]


def _counts(content: Content) -> str:
    key = content.runs[content.state.baseline][0]
    return panes.counts(content.table(key, content.state.k))


def _missing(content: Content) -> dict[str, str]:
    """Return a bit a point for each modality that some point lacks."""
    first = content.first
    present = {name: first.present_in(name)[content.drawn] for name in first.inputs}
    return {
        name: packed(np.packbits(~has_it), "u1")
        for name, has_it in present.items()
        if not has_it.all()
    }


def _purity_chance(content: Content) -> str | None:
    if not content.has_neighbors:
        return None
    key = content.runs[content.state.baseline][0]
    chance = content.table(key, content.state.k).purity_chance
    return None if chance is None else packed(chance[content.drawn], "<f4")


def _dark_look(content: Content, colors: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what a dark page draws in other colours, from those of a light one."""
    styles = {
        color["name"]: [[in_dark(each), symbol] for each, symbol in color["styles"]]
        for color in colors
        if color.get("styles")
    }
    return {**_look(content, "dark"), "styles": styles}
