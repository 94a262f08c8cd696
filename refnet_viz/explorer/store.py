"""Store of graphs, layouts and tables of points, within a budget in bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from .._memory import available
from .._nested import Variants, aligned
from .._search import of_all_pairs
from .._threads import one_thread_for
from ..data.dataset import Media
from ..embedding import Embedding, present_rows
from ..graph import Attribution, Neighbors, rewiring
from ..graph.attribution import BEYOND
from ..graph.edges import louvain
from ..graph.ground import Grounds
from ..graph.naming import cohesion, medoids, typical_words
from ..graph.reweighting import Reweighting, multiples
from ..graph.search import is_patient, knn
from ..graph.two_points import PointPair, point_pair
from ..layout import Layout, project
from ..layout.projection import unjudged
from ..plot.color import Coloring
from ..responsibility import scores_by_point
from .cache import Cache
from .colors import OF_GRAPH, coloring_of, differing, options
from .computed import Computed
from .embeddings import Earlier, Embeddings, Key
from .points import Floats, PointTable, Sources, headline_metrics
from .precomputed import Precomputed
from .questions import Question, Samples, questions, rewired, samples
from .tags import checked_column

Call = Callable[..., Any]

K_MAX = 50  # neighbours searched; graphs of fewer are cut from these
# The budget holds so many graphs of `k_max` neighbours, and 64 MiB at least: four maps
# with their baselines, other seeds and modalities, twice over. At most a quarter of the
# memory that is there, and 4 GiB: what is pushed out is computed again.
GRAPHS, LEAST, MOST = 32, 1 << 26, 1 << 32
# One redraw asks for three: the graph, its baseline and another seed of the baseline.
REWEIGHTINGS = 3
QUICK = 0.1  # CPU seconds that a search may take within a redraw
FORECAST = 10_000  # points up to which a forecast is no longer than a redraw
JUDGED_AT_ONCE = 2_000  # points whose PCA is judged within a redraw
CLUSTERED = 15  # neighbours a point in the graph of communities
AT_ONCE = 20_000  # points of which graphs at hand are compared within a redraw


class Clusters(NamedTuple):
    """Communities of a graph: ``(N,)`` numbers, -1 for none, and typical words of each.

    Parameters
    ----------
    codes
        ``(N,)``.
    words
        Typical words of each community, the most typical first; it may have none.
    central
        Row of the most central member of each, see `naming.medoids`.
    sides
        Which modalities hold each together where they disagree, in words.
    """

    codes: npt.NDArray[np.int64]
    words: list[list[str]]
    central: npt.NDArray[np.int64] = np.zeros(0, np.int64)
    sides: Sequence[str] = ()


def direct(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function returns here.

    Examples
    --------
    >>> direct(max, 1, 2)
    2
    """
    return function(*arguments)


@dataclass(frozen=True, eq=False)
class Store:
    """Embeddings over the same points, with graphs, layouts and tables of them.

    Parameters
    ----------
    embeddings
        By variant and seed.
    k_max
        Neighbours searched for every graph, as far as the rows that have its space
        allow; graphs of fewer are cut from these.
    cache
        What was computed, by kind and key.
    precomputed
        Graphs and layouts that nobody has to compute.
    """

    embeddings: Embeddings
    k_max: int
    cache: Cache = field(repr=False)
    precomputed: Precomputed = field(default_factory=Precomputed, repr=False)
    _grounds: dict[int, Grounds] = field(default_factory=dict, repr=False)
    _weighted: Cache = field(default_factory=lambda: Cache(REWEIGHTINGS), repr=False)

    @classmethod
    def of(
        cls,
        variants: Variants[Embedding],
        k: int,
        earlier: Mapping[str, Earlier] | None = None,
        *,
        neighbors: Any = None,
        layouts: Any = None,
    ) -> Store:
        """Return a store that searches graphs of `k` neighbours and more.

        Of `neighbors`, graphs that exist, and `layouts` nothing is computed again, and
        no graph has more neighbours than they have. Rows that come in another order
        are brought into that of the first embedding.

        Raises
        ------
        ValueError
            If ids differ between embeddings, or `Precomputed` refuses what exists.
        """
        embeddings = Embeddings(aligned("spaces", variants), earlier or {})
        precomputed = Precomputed.of(embeddings, neighbors, layouts)
        count = len(embeddings.first)
        k_max = min(max(K_MAX, k), count - 1)
        k_max = min(k_max, precomputed.most or k_max)
        return cls(embeddings, k_max, Cache(budget_of(count, k_max)), precomputed)

    def joined(
        self, name: str, runs: list[Embedding], earlier: Earlier | None = None
    ) -> Store:
        """Return a store with one more variant, which keeps what was computed."""
        variants = aligned("spaces", {**self.embeddings.variants, name: runs})
        epochs = {**self.embeddings.earlier, **({name: earlier} if earlier else {})}
        return replace(self, embeddings=Embeddings(variants, epochs))

    @cached_property
    def _computed(self) -> Computed:
        return Computed.of(self.embeddings)

    @cached_property
    def colors(self) -> list[str]:
        """Names that colour can show, see `colors.options`."""
        return options(self.embeddings.embeddings)

    def tag_column(self, name: Any) -> str:
        """Return the name of a column of tags, see `tags.checked_column`."""
        return checked_column(name, self.colors, self.embeddings.first.columns)

    def coloring(
        self, tables: Sequence[PointTable], keys: Sequence[Key], color: str, mode: str
    ) -> tuple[Coloring, str]:
        """Return the colour of every point and its title, see `colors.coloring_of`."""

        def make() -> tuple[Coloring, str]:
            among = differing(self.embeddings.embeddings, color)
            return coloring_of(tables, color, mode, among)

        runs = tuple((key.variant, key.seed, key.epoch) for key in keys)
        graph: tuple[Any, ...] = ()
        if color in OF_GRAPH:
            graph = (tuple(keys), tables[0].baseline, tables[0].k)
        return self.cache.get(
            ("coloring", runs, color, mode, graph),
            make,
            lambda pair: sum(values.nbytes for values in pair[0].values),
        )

    # Graphs

    def has_graph(self, key: Key, k: int) -> bool:
        """Return whether a graph can be had without a search."""
        if ("head", key, k) in self.cache:
            return True
        if key.weights:
            return key.unweighted in self._weighted
        return self._has_whole(key)

    def _has_whole(self, key: Key) -> bool:
        """Return whether the graph of most neighbours is at hand."""
        twin = self.embeddings.twin(key)
        return ("graph", twin) in self.cache or twin in self.precomputed.graphs

    def graph(self, key: Key, k: int) -> Neighbors:
        """Return the graph of the `k` nearest; only the first call searches.

        Of fewer where not so many other rows have the space.
        """
        make = partial(self._cut, key, k)
        return self.cache.get(("head", key, k), make, partial(_graph_bytes, key))

    def _cut(self, key: Key, k: int) -> Neighbors:
        twin = self.embeddings.twin(key)
        if twin != key:
            embedding = self.embeddings.embedding(key)
            return replace(self.graph(twin, k), embedding=embedding)
        if key.weights:
            return self._reweighted(key, k)
        whole = self.cache.get(
            ("graph", key), partial(self._search, key), partial(_graph_bytes, key)
        )
        head = whole.head(min(k, whole.k))
        # Slices would keep the whole graph alive.
        return replace(
            head, indices=head.indices.copy(), distances=head.distances.copy()
        )

    def _search(self, key: Key) -> Neighbors:
        if key in self.precomputed.graphs:
            return self.precomputed.graphs[key]
        embedding = self.embeddings.embedding(key)
        k = min(self.k_max, int(embedding.present_in(key.space).sum()) - 1)
        search = partial(
            knn, embedding, k, space=key.space, metric=key.metric, method="auto"
        )
        with one_thread_for(len(embedding)):
            return self._computed.graph(key, k, embedding, search)

    def _reweighted(self, key: Key, k: int) -> Neighbors:
        """Return a graph under other weights; the distances are computed once."""
        even = key.unweighted

        def make() -> Reweighting:
            return Reweighting.of(self.embeddings.embedding(key), key.space)

        distances = self._weighted.get(even, make, lambda _: 1)
        weights = distances.scaled(dict(key.weights))
        present = distances.embedding.present_in(key.space, weights=weights)
        return distances.knn(min(k, int(present.sum()) - 1), weights)

    def attribution(self, key: Key, k: int) -> Attribution:
        """Return which modalities have the edges of a graph."""
        make = partial(self._attribute, key, k)
        size_of = partial(_attribution_bytes, key)
        return self.cache.get(("attribution", key, k), make, size_of)

    def _attribute(self, key: Key, k: int) -> Attribution:
        graph = self.graph(key, k)
        # Judged once, for every k: distances take longer than all else.
        widest = self.widest(key) if k < self.k_max else None
        grounds = self._ground(graph.embedding, graph.k)
        return Attribution(graph, graph.weights, BEYOND, grounds, widest)

    def has_attribution(self, key: Key, k: int) -> bool:
        """Return whether edges of a graph by modality take no longer than a redraw."""
        rows = len(self.embeddings.first)
        return (
            self._is_searched_quickly(key._replace(space="sum"))
            or ("attribution", key, k) in self.cache
            or (rows <= AT_ONCE and ("widest", key) in self.cache)
        )

    def is_judged(self, key: Key) -> bool:
        """Return whether the edges of every k are judged."""
        return ("widest", key) in self.cache

    def widest(self, key: Key) -> Attribution:
        """Return the attribution of most neighbours, of which others are a part."""

        def make() -> Attribution:
            widest = self._attribute(key, self.k_max)
            _ = widest.close
            return widest

        size_of = partial(_attribution_bytes, key)
        return self.cache.get(("widest", key), make, size_of)

    def _ground(self, embedding: Embedding, k: int) -> Grounds:
        """Return the modalities' own graphs, cut from one search each."""
        whole = self._grounds.setdefault(self.k_max, Grounds(self.k_max, "euclidean"))
        with one_thread_for(len(embedding)):
            for name in embedding.inputs:
                whole.of(embedding, name)
        if k not in self._grounds:
            self._grounds[k] = whole.head(k)
        return self._grounds[k]

    # Clusters

    def has_clusters(self, key: Key) -> bool:
        """Return whether communities and their names are computed."""
        return ("clusters", self.embeddings.twin(key)) in self.cache

    def clusters(self, key: Key, call: Call = direct) -> Clusters:
        """Return the communities of a graph of 15 neighbours, with typical words.

        Of fewer than 60 points a quarter. They do not follow k: names stay while one
        looks at more neighbours.

        Parameters
        ----------
        key
            Key of the graph.
        call
            Calls the function that takes long, here or in another process.
        """
        twin = self.embeddings.twin(key)

        def make() -> Clusters:
            few = max(len(self.embeddings.first) // 4, 1)
            graph = self.graph(twin, min(CLUSTERED, few, self.k_max))
            compact, codes = graph.compact, np.full(len(graph), -1)
            codes[graph.present] = call(louvain, compact.edges(), len(compact))
            words = typical_words(graph.embedding, codes)
            few = len(graph) <= AT_ONCE
            sides = cohesion(graph, codes) if few else [""] * len(words)
            return Clusters(codes, words, medoids(graph, codes), sides)

        return self.cache.get(
            ("clusters", twin), make, lambda clusters: clusters.codes.nbytes
        )

    # Points

    def between(self, key: Key, rows: tuple[int, ...], k: int) -> PointPair | None:
        """Return what a space says of two points, None where one of them lacks it."""
        twin = self.embeddings.twin(key)

        def make() -> PointPair | None:
            embedding, space, factors = (
                self.embeddings.embedding(twin),
                twin.space,
                dict(twin.weights),
            )
            return point_pair(
                embedding,
                (rows[0], rows[1]),
                k,
                space=space,
                metric=twin.metric,
                weights=multiples(embedding, space, factors) if factors else None,
            )

        return self.cache.get(("between", twin, rows, k), make, lambda _: 16 * k)

    def rewiring(self, key: Key, baseline: str, k: int) -> Floats:
        """Return 1 - Jaccard of each point's neighbours here and in a baseline."""
        other = self.embeddings.beside(key, baseline)
        return rewiring(self.graph(other, k), self.graph(key, k))

    def noise(self, key: Key, baseline: str, k: int) -> Floats | None:
        """Return the rewiring between two seeds of the baseline, None for one seed."""
        pair = self._noise_pair(key, baseline)
        return rewiring(*(self.graph(one, k) for one in pair)) if pair else None

    def _noise_pair(self, key: Key, baseline: str) -> list[Key]:
        """Return the keys of two seeds of the baseline, none where it has one."""
        first = self.embeddings.beside(key, baseline)
        seeds = [s for s in self.embeddings.seeds(baseline) if s != first.seed]
        return [first, first._replace(seed=seeds[0])] if seeds else []

    def is_quick(self, key: Key, baseline: str, k: int) -> bool:
        """Return whether the table of a graph takes no longer than a redraw may."""
        rows = len(self.embeddings.first)
        if self._is_searched_quickly(key):
            return True
        beside = self.embeddings.beside(key, baseline)
        needed = {key, beside, *self._noise_pair(key, baseline)}
        return rows <= AT_ONCE and all(self.has_graph(one, k) for one in needed)

    def _is_searched_quickly(self, key: Key) -> bool:
        """Return whether a search fits into a redraw, by its own forecast."""
        twin = self.embeddings.twin(key.unweighted)
        embedding = self.embeddings.embedding(twin)

        def make() -> bool:
            width = self._width(twin)
            of_all = of_all_pairs(len(embedding), width, self.k_max)
            if of_all.seconds <= QUICK or len(embedding) > FORECAST:
                return of_all.seconds <= QUICK
            present = embedding.present_in(twin.space)
            points = present_rows(embedding.space(twin.space, centred=False), present)
            k = min(self.k_max, max(1, len(points) - 1))
            with one_thread_for(len(embedding)):
                return is_patient(points, k, twin.metric, QUICK)

        return self.cache.get(("quick", twin), make, lambda _: 1)

    def _width(self, key: Key) -> int:
        """Return about how many numbers a point has in a space."""
        embedding = self.embeddings.embedding(key)
        if key.space == "latent":
            return embedding.z.shape[1]
        parts = embedding.decoded if key.space == "refined" else embedding.inputs
        return sum(values.shape[1] for values in parts.values())

    def table(self, key: Key, baseline: str, k: int) -> PointTable:
        """Return the table of points of a graph."""

        def make() -> PointTable:
            sources = Sources(
                partial(self.graph, key, k),
                partial(self.rewiring, key, baseline, k),
                partial(self.noise, key, baseline, k),
                partial(self.scores, key),
            )
            return PointTable(
                self.embeddings.embedding(key),
                key.space,
                dict(key.weights),
                k,
                baseline,
                key != self.embeddings.beside(key, baseline),
                sources,
            )

        return self.cache.get(
            ("table", key, baseline, k), make, partial(_table_bytes, key)
        )

    def every_seed(self, key: Key, baseline: str, k: int) -> list[PointTable]:
        """Return the tables of the same graph of every seed."""
        family = self.embeddings.family(key)
        return [self.table(other, baseline, k) for other in family]

    def has_metrics(
        self, key: Key, baseline: str, k: int, names: Sequence[str]
    ) -> bool:
        """Return whether metrics of a graph are computed."""
        if ("table", key, baseline, k) not in self.cache:
            return False
        table = self.table(key, baseline, k)
        return table.is_ready and table.has_metrics(names)

    def has_samples(self, key: Key, k: int) -> bool:
        """Return whether the headline metrics of all seeds are measured."""
        return ("samples", key._replace(seed=None), k) in self.cache

    def samples(self, key: Key, k: int) -> Samples:
        """Return the headline metrics of every seed, and what points do to them.

        Parameters
        ----------
        key
            Key of the graph, of any seed.
        k
            Neighbours a point.
        """

        def make() -> Samples:
            # Long lists of neighbours stay with a graph, and go with these.
            graphs = [replace(one) for one in self.graphs(key, k)]
            names = headline_metrics(self.embeddings.embedding(key))
            with one_thread_for(len(self.embeddings.first)):
                return samples(graphs, names)

        name = ("samples", key._replace(seed=None), k)
        return self.cache.get(name, make, _samples_bytes)

    def graphs(self, key: Key, k: int) -> list[Neighbors]:
        """Return the same graph of every seed."""
        return [self.graph(other, k) for other in self.embeddings.family(key)]

    def questions(self, key: Key, baseline: str, k: int) -> list[Question]:
        """Return what the strip asks of a variant, nothing of the baseline.

        The rewiring comes last.

        Parameters
        ----------
        key
            Key of the variant's graph, of any seed.
        baseline, k
            Variant that it is compared with, and neighbours a point.
        """
        pair = key, self.embeddings.beside(key, baseline)
        if key.variant == baseline:
            return []
        graphs = (self.graphs(pair[0], k), self.graphs(pair[1], k))
        measured = (self.samples(pair[0], k), self.samples(pair[1], k))
        changed = self.rewired(key, baseline, k)
        return [*questions(key.variant, graphs, measured), changed]

    def has_rewired(self, key: Key, baseline: str, k: int) -> bool:
        """Return whether it is known what a change of the seed rewires."""
        return self._rewired_name(key, baseline, k) in self.cache

    def rewired(self, key: Key, baseline: str, k: int) -> Question:
        """Return whether a variant rewires the baseline more than seeds do.

        Parameters
        ----------
        key, baseline, k
            As in `questions`.
        """

        def make() -> Question:
            other = self.embeddings.beside(key, baseline)
            # Long lists of neighbours stay with a graph, and go with these.
            pair = [
                [replace(one) for one in self.graphs(each, k)] for each in (key, other)
            ]
            with one_thread_for(len(self.embeddings.first)):
                return rewired(key.variant, (pair[0], pair[1]))

        return self.cache.get(self._rewired_name(key, baseline, k), make, lambda _: 200)

    def _rewired_name(
        self, key: Key, baseline: str, k: int
    ) -> tuple[str, Key, Key, int]:
        pair = key, self.embeddings.beside(key, baseline)
        one, other = (each._replace(seed=None) for each in pair)
        return "rewired", one, other, k

    def scores(self, key: Key) -> pd.DataFrame:
        """Return `scores_by_point` of a run: 1 is best, 0 what the mean would answer.

        Empty where nothing was decoded or rows were trained on.
        """

        def make() -> pd.DataFrame:
            embedding = self.embeddings.embedding(key)
            if not embedding.answers_held_out:
                return pd.DataFrame()
            return scores_by_point(embedding, ranks=False)

        run = key.variant, key.seed, key.epoch
        return self.cache.get(
            ("scores", *run), make, lambda table: 16 * max(table.size, 1)
        )

    # Layouts

    def has_layout(self, key: Key, method: str) -> bool:
        """Return whether a layout can be had at once."""
        name = self._layout_key(key, method)
        if name in self.cache or name[1:] in self.precomputed.layouts:
            return True
        return method == "pca" and len(self.embeddings.first) <= JUDGED_AT_ONCE

    def layout(self, key: Key, method: str, call: Call = direct) -> Layout:
        """Return the layout of a space; "aligned" begins at the first embedding's.

        PCA is turned to lie like it.

        It is that of equal weights: other weights move edges, never points. Embeddings
        with the same points have the same layout.

        Parameters
        ----------
        key, method
            What is laid out, and how.
        call
            Calls the function that takes long, here or in another process.
        """
        name = self._layout_key(key, method)

        def make() -> Layout:
            if name[1:] in self.precomputed.layouts:
                return self.precomputed.layouts[name[1:]]
            members = name[1], self.embeddings.origin(name[1])
            pair = [self.embeddings.embedding(member) for member in members]
            compute = partial(self._lay_out, name[1], method, call)
            with one_thread_for(len(self.embeddings.first)):
                return self._computed.layout(name[1], method, pair, compute)

        return self.cache.get(name, make, lambda layout: layout.coordinates.nbytes)

    def _layout_key(self, key: Key, method: str) -> tuple[str, Key, str]:
        return "layout", self.embeddings.twin(key.unweighted), method

    def _lay_out(self, key: Key, method: str, call: Call) -> Layout:
        origin = self.embeddings.origin(key)
        reference = None
        if method == "aligned" and key == origin:
            method = "umap"
        elif method == "aligned" or (method == "pca" and key != origin):
            reference = self.layout(origin, method, call)
        embedding = self.embeddings.embedding(key)
        # Pictures and words have no place in a layout, and are long to send.
        bare = replace(
            embedding,
            media=Media(),
            metadata=pd.DataFrame(index=range(len(embedding))),
            unimodal={},
        )
        layout: Layout = call(_project, bare, method, key.space, reference)
        return layout

    def layout_at_hand(self, key: Key) -> Layout:
        """Return the PCA until there is a layout, not judged yet where that is slow."""
        rows = len(self.embeddings.first)
        if rows <= JUDGED_AT_ONCE or self._layout_key(key, "pca") in self.cache:
            return self.layout(key, "pca")
        bare = self._layout_key(key, "not judged")

        def make() -> Layout:
            origin, reference = self.embeddings.origin(key), None
            if bare[1] != origin:
                reference = self.layout_at_hand(origin)
            with one_thread_for(rows):
                return unjudged(self.embeddings.embedding(key), key.space, reference)

        return self.cache.get(bare, make, lambda layout: layout.coordinates.nbytes)

    def is_prepared(self, key: Key, method: str) -> bool:
        """Return whether the graph of any k and the layout are at hand."""
        return self._has_whole(key) and self.has_layout(key, method)

    def prepare(self, key: Key, method: str, call: Call = direct) -> None:
        """Compute graph and layout."""
        self.graph(key, 1)
        self.layout(key, method, call)


def budget_of(count: int, k_max: int) -> int:
    """Return the bytes that graphs, layouts and tables of an explorer may take.

    Parameters
    ----------
    count
        Number of points.
    k_max
        Neighbours a point.

    Examples
    --------
    >>> budget_of(1_000, 50) == LEAST
    True
    >>> budget_of(1_000_000, 50) <= MOST
    True
    """
    wanted = GRAPHS * 16 * count * k_max
    return int(max(LEAST, min(wanted, MOST, available() / 4)))


def _project(
    embedding: Embedding, method: str, space: str, reference: Layout | None
) -> Layout:
    layout: Layout = project(embedding, method, space=space, reference=reference)
    return layout


def _graph_bytes(key: Key, graph: Neighbors) -> int:
    """Return the bytes of a graph with its edges and what it keeps alive."""
    arrays = graph.indices.nbytes + graph.distances.nbytes
    return 2 * arrays + _embedding_bytes(key, graph.embedding)


def _table_bytes(key: Key, table: PointTable) -> int:
    """Return the bytes of ten numbers and about 200 characters of text a point."""
    numbers = 280 + 3 * 8 * table.k
    return numbers * len(table.embedding) + _embedding_bytes(key, table.embedding)


def _samples_bytes(measured: Samples) -> int:
    points = (one.points for one in measured.values())
    return 1 + sum(part.nbytes for part in points if part is not None)


def _attribution_bytes(key: Key, attribution: Attribution) -> int:
    """Return about how much an attribution takes once its parts are computed."""
    graph = attribution.graph
    parts = graph.indices.nbytes * (3 + 2 * len(graph.embedding.inputs))
    return parts + _embedding_bytes(key, graph.embedding)


def _embedding_bytes(key: Key, embedding: Embedding) -> int:
    """Return the bytes of an embedding that nothing but the cache keeps alive."""
    if key.epoch is None:
        return 0
    arrays = [embedding.z, *embedding.decoded.values(), *embedding.targets.values()]
    return sum(array.nbytes for array in arrays)
