"""Names of clusters: the words that are typical of them, beside permuted clusters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array

from .. import _check
from .._nested import map_values
from ..data.answers import label_texts, labelled
from ..data.meaning import as_series, count_of_names, kind_of, texts
from ..embedding import Embedding
from .ground import Grounds
from .neighbors import Neighbors
from .search import as_graphs

SOURCES = ("text", "label", "metadata")
NO_NAME = "no word is typical"
TOKEN = re.compile(r"[^\W\d_]{2,}")
MOST_WORDS = 2_000  # the most frequent ones
MOST_NAMES = 50  # of a column of the metadata; more are no categories
LEAST_ROWS = 2  # that a word occurs in
CONFIDENCE = 0.95
PERMUTED = 100  # permutations of an explorer's clusters

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


class Words(NamedTuple):
    """Words and the rows in which they occur.

    Parameters
    ----------
    names
        ``(V,)``.
    occurs
        ``(N, V)`` 0/1.
    """

    names: list[str]
    occurs: csr_array


class Scores(NamedTuple):
    """Scores of words in clusters.

    Parameters
    ----------
    values
        ``(C, V)`` log-odds in standard deviations, higher is more typical.
    limit
        The 95 % quantile of the largest score that permuted clusters have.
    """

    values: Floats
    limit: float


def name_clusters(
    graphs: Any,
    *,
    sources: Sequence[str] = SOURCES,
    most: int = 3,
    permutations: int = 200,
    seed: int = 0,
) -> Any:
    """Name the communities of a graph by the words that are typical of them.

    A word is typical when more of a cluster's rows have it than of the others: by the
    log-odds ratio with an informative Dirichlet prior, in standard deviations (Monroe,
    Colaresi and Quinn 2008, "Fightin' Words"). The prior has the frequencies of all
    rows and weighs as much as an average cluster. Only words are shown whose score
    is above the limit: the 95 % quantile, over permutations of the rows among the
    clusters, of the largest score of any word in any cluster. Where nothing is typical,
    a name appears in at most one of twenty such tables.

    Parameters
    ----------
    graphs
        `Neighbors`, or what `knn` takes; one, a list or a mapping. That of a modality,
        ``knn(embedding, space="text")``, has the clusters of the modality.
    sources
        Where words come from: "text" (words of two letters and more), "label" and
        "metadata" (columns of at most 50 categories, written ``column: value``); what
        an embedding lacks is passed over.
    most
        Words of a name.
    permutations
        How often rows are permuted, 20 or more.
    seed
        Seed of the permutations.

    Returns
    -------
    pandas.DataFrame
        One row a community (`Neighbors.communities`), the largest first; in the shape
        of `graphs`.

        cluster, points
            Its number, and how many points it has.
        name
            Its typical words, the most typical first, or "no word is typical".
        score, limit
            Largest score of a word, and what it must exceed.
        medoid
            Id of its most central member: the one that most others of the cluster have
            as a neighbour, of several the first row.
        within: <modality>, limit: <modality>, chance: <modality>
            Share of the neighbours in the modality's own graph that are in the same
            cluster, over the cluster's rows that have it; the 95 % quantile of that
            share when rows are permuted, and its mean. With two modalities or more.
        disagree
            Whether some modality holds the cluster together (its share is above the
            limit) and another one does not, as words and pictures may. Clusters of a
            modality's own graph are held together by it, of course.

    Raises
    ------
    TypeError
        If `graphs` holds anything else.
    ValueError
        If a source is unknown, or a number is out of range.

    Examples
    --------
    >>> from refnet_viz.data import Media
    >>> from refnet_viz.graph import knn
    >>> sides = np.repeat([0.0, 9.0], 6) + np.tile(np.arange(6) / 10, 2)
    >>> words = ["red fish", "blue fish"] * 3 + ["red bird", "blue bird"] * 3
    >>> own = Embedding.from_arrays(sides[:, None], media=Media((), tuple(words)))
    >>> name_clusters(knn(own, k=3))[["points", "name", "medoid"]]
       points  name medoid
    0       6  fish      2
    1       6  bird      8
    """
    sources = _check.several_of("sources", sources, SOURCES)
    most = _check.integer("most", most, low=1)
    permutations = _check.repeats("permutations", permutations, low=20)
    seed = _check.integer("seed", seed, low=0)

    def table(graph: Neighbors) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        clusters = graph.communities
        frame = _named(graph, clusters, sources, most, permutations, rng)
        for name, share in _within(graph, clusters, permutations, rng):
            frame[name] = share
        if len(graph.embedding.inputs) > 1:
            frame["disagree"] = _disagree(frame, list(graph.embedding.inputs))
        order = np.lexsort((frame["cluster"], -frame["points"]))
        return frame.iloc[order].reset_index(drop=True)

    return map_values(table, as_graphs(graphs))


def _disagree(frame: pd.DataFrame, modalities: list[str]) -> npt.NDArray[np.bool_]:
    """Return whether some modality holds a cluster together and another one does not.

    False where it is unknown of some modality.
    """
    shares = frame[[f"within: {name}" for name in modalities]].to_numpy()
    limits = frame[[f"limit: {name}" for name in modalities]].to_numpy()
    holds = (shares > limits).sum(axis=1)
    some = (holds > 0) & (holds < len(modalities))
    unknown = np.isnan(shares).any(axis=1)
    return np.asarray(some & ~unknown)


def typical_words(embedding: Embedding, clusters: Rows) -> list[list[str]]:
    """Return the words that are typical of each cluster, as `name_clusters` has them.

    Parameters
    ----------
    embedding
        Holds texts, labels and metadata.
    clusters
        ``(N,)`` cluster of every row, from 0 without gaps; -1 for none.
    """
    words = words_of(embedding)
    scores = score(words, clusters, 100, np.random.default_rng(0))
    return [_typical(words, values, scores.limit) for values in scores.values]


def cohesion(graph: Neighbors, clusters: Rows) -> list[str]:
    """Return which modalities hold each cluster together, where they disagree.

    Empty for a cluster that all hold together or none, see `name_clusters`.

    Parameters
    ----------
    graph
        Graph of the points.
    clusters
        ``(N,)`` cluster of every row, from 0 without gaps; -1 for none.
    """
    count = int(clusters.max(initial=-1)) + 1
    names, rng = list(graph.embedding.inputs), np.random.default_rng(0)
    parts = dict(_within(graph, clusters, PERMUTED, rng))
    if not parts or not count:
        return [""] * count
    frame = pd.DataFrame(parts)
    return [
        _sides(frame.iloc[number], names) if differ else ""
        for number, differ in enumerate(_disagree(frame, names))
    ]


def _sides(row: pd.Series[Any], modalities: list[str]) -> str:
    """Return who holds a cluster together and who does not, beside chance."""
    holds: dict[bool, list[str]] = {True: [], False: []}
    for name in modalities:
        share, limit, chance = (
            row[f"{k}: {name}"] for k in ("within", "limit", "chance")
        )
        words = f"{name} ({share:.0%}, chance {chance:.0%})"
        holds[bool(share > limit)].append(words)
    yes, no = (" and ".join(holds[side]) for side in (True, False))
    return f"held together by {yes}, not by {no}"


def has_words(embedding: Embedding) -> bool:
    """Return whether there is anything that clusters could be named by."""
    with_columns = len(embedding.metadata.columns) > 0
    return bool(embedding.media.texts) or embedding.labels is not None or with_columns


def _typical(words: Words, values: Floats, limit: float) -> list[str]:
    """Return the words of a cluster whose scores are above the limit, best first."""
    above = np.flatnonzero(values > limit)
    return [words.names[i] for i in above[np.argsort(-values[above], kind="stable")]]


def _named(
    graph: Neighbors,
    clusters: Rows,
    sources: Sequence[str],
    most: int,
    permutations: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return number, size, name, score, limit and medoid of every cluster."""
    count = int(clusters.max(initial=-1)) + 1
    sizes = np.bincount(clusters[clusters >= 0], minlength=count)
    words = words_of(graph.embedding, sources)
    scores = score(words, clusters, permutations, rng)
    typical = [_typical(words, values, scores.limit)[:most] for values in scores.values]
    best = [values.max(initial=-np.inf) for values in scores.values]
    ids = graph.embedding.ids[medoids(graph, clusters)]
    return pd.DataFrame(
        {
            "cluster": np.arange(count),
            "points": sizes,
            "name": [", ".join(names) or NO_NAME for names in typical],
            "score": np.where(np.isfinite(best), best, np.nan),
            "limit": scores.limit,
            "medoid": ids,
        }
    )


def words_of(embedding: Embedding, sources: Sequence[str] = SOURCES) -> Words:
    """Return the words of every row, once a row, those of too few or all rows left out.

    Parameters
    ----------
    embedding
        Holds texts, labels and metadata.
    sources
        As in `name_clusters`.

    Examples
    --------
    >>> from refnet_viz.data import Media
    >>> texts = Media((), ("a red cat", "Red", "cat 9"))
    >>> words = words_of(Embedding.from_arrays(np.eye(3), media=texts))
    >>> words.names, words.occurs.toarray().tolist()
    (['cat', 'red'], [[1, 1], [0, 1], [1, 0]])
    """
    names: dict[str, str] = {}  # by the word without differences of case
    row_numbers, keys = [], []
    for line in _lines(embedding, sources):
        for row, spoken in enumerate(line):
            for word in dict.fromkeys(spoken):
                key = word.upper().lower()
                names.setdefault(key, word)
                row_numbers.append(row)
                keys.append(key)
    vocabulary = {key: number for number, key in enumerate(names)}
    columns = [vocabulary[key] for key in keys]
    shape = len(embedding), len(names)
    occurs = csr_array((np.ones(len(columns)), (row_numbers, columns)), shape=shape)
    occurs.sum_duplicates()
    occurs.data[:] = 1
    counts = np.asarray(occurs.sum(axis=0), dtype=np.int64).ravel()
    usable = np.flatnonzero((counts >= LEAST_ROWS) & (counts < len(embedding)))
    frequent = usable[np.argsort(-counts[usable], kind="stable")][:MOST_WORDS]
    words = list(names.values())
    ordered = np.array(sorted(frequent, key=lambda i: words[i]), dtype=np.int64)
    return Words([words[i] for i in ordered], occurs[:, ordered].astype(np.int64))


def _lines(
    embedding: Embedding, sources: Sequence[str]
) -> Iterator[list[Iterable[str]]]:
    """Yield the words of every row, a list a source: those with capitals first."""
    if "label" in sources and embedding.labels is not None:
        spoken = label_texts(embedding.labels, embedding.class_names)
        judged = labelled(embedding.labels, None, len(embedding))
        lines = zip(spoken, judged, strict=True)
        yield [text.split("; ") if known else () for text, known in lines]
    if "metadata" in sources:
        # A column of class names says what the labels say.
        classes = {*embedding.class_names, ""}
        for name, values in embedding.columns.items():
            series = as_series(values)
            if kind_of(series) != "categories":
                continue
            names = texts(series)
            if 2 <= count_of_names(values) <= MOST_NAMES and not classes >= set(names):
                yield [(f"{name}: {word}",) if word else () for word in names]
    if "text" in sources and embedding.media.texts:
        yield [TOKEN.findall(str(text).lower()) for text in embedding.media.texts]


def score(
    words: Words, clusters: Rows, permutations: int, rng: np.random.Generator
) -> Scores:
    """Return how typical each word is of each cluster, and the limit by permutation.

    Parameters
    ----------
    words
        Words of every row.
    clusters
        ``(N,)`` cluster of every row, -1 for none.
    permutations
        How often rows are permuted.
    rng
        Draws the permutations.
    """
    present = np.flatnonzero(clusters >= 0)
    codes, occurs = clusters[present], words.occurs[present]
    count = int(codes.max(initial=-1)) + 1
    # Among rows that have a cluster a word may occur nowhere, or everywhere.
    total = np.asarray(occurs.sum(axis=0)).ravel()
    usable = np.flatnonzero((total > 0) & (total < len(codes)))
    values = np.full((count, len(words.names)), -np.inf)
    if count < 2 or len(usable) < 2:
        return Scores(values, np.nan)
    occurs = occurs[:, usable]
    values[:, usable] = log_odds(_counts(occurs, codes, count))
    largest = [
        log_odds(_counts(occurs, rng.permutation(codes), count)).max()
        for _ in range(permutations)
    ]
    limit = float(np.quantile(largest, CONFIDENCE, method="higher"))
    return Scores(values, limit)


def _counts(occurs: csr_array, codes: Rows, count: int) -> Floats:
    """Return ``(C, V)``: rows of each cluster that have each word."""
    rows = np.arange(len(codes))
    member = csr_array((np.ones(len(codes)), (codes, rows)), shape=(count, len(codes)))
    return np.asarray((member @ occurs).todense(), dtype=np.float64)


def log_odds(counts: Floats) -> Floats:
    """Return log-odds of words in clusters against all others, in standard deviations.

    With an informative Dirichlet prior and the approximate variance of Monroe, Colaresi
    and Quinn 2008 (Political Analysis 16, 372-403). The prior has the frequencies of
    all words and weighs as much as an average cluster.

    Parameters
    ----------
    counts
        ``(C, V)`` of two clusters and two words or more.

    Examples
    --------
    >>> log_odds(np.array([[3.0, 1.0], [1.0, 3.0]])).round(2).tolist()
    [[1.4, -1.4], [-1.4, 1.4]]
    """
    total = counts.sum(axis=0)  # (V,)
    prior = total / len(counts)
    weight = prior.sum()
    inside, outside = counts + prior, total - counts + prior
    within = counts.sum(axis=1, keepdims=True) + weight
    beyond = total.sum() - counts.sum(axis=1, keepdims=True) + weight
    odds = np.log(inside / (within - inside)) - np.log(outside / (beyond - outside))
    values: Floats = odds / np.sqrt(1 / inside + 1 / outside)
    return values


def medoids(graph: Neighbors, clusters: Rows) -> Rows:
    """Return the row of each cluster's most central member.

    The one that most others of the cluster have as a neighbour, of several the first.

    Parameters
    ----------
    graph
        Graph of the points.
    clusters
        ``(N,)`` cluster of every row, from 0 without gaps; -1 for none.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> line = knn(np.array([[0.0], [1.0], [2.1]]), k=1)
    >>> medoids(line, np.zeros(3, int)).tolist()
    [1]
    """
    edges = graph.edges("directed")
    inside = clusters[edges.source] == clusters[edges.target]
    degree = np.bincount(edges.target[inside], minlength=len(clusters))
    rows = np.lexsort((np.arange(len(clusters)), -degree, clusters))
    rows = rows[clusters[rows] >= 0]
    _, first = np.unique(clusters[rows], return_index=True)
    return rows[first]


def _within(
    graph: Neighbors, clusters: Rows, permutations: int, rng: np.random.Generator
) -> Iterator[tuple[str, Floats]]:
    """Yield how each modality's own graph holds the clusters together.

    The share of neighbours in the same cluster, its limit and its chance.
    """
    embedding, count = graph.embedding, int(clusters.max(initial=-1)) + 1
    if len(embedding.inputs) < 2:
        return
    grounds = Grounds(graph.k, "euclidean")
    for name in embedding.inputs:
        ground = grounds.of(embedding, name)
        shares = np.full((permutations + 1, count), np.nan)
        if ground is not None:
            rows = np.flatnonzero(ground.present & (clusters >= 0))
            codes = np.full(len(clusters), -1)
            for turn in range(permutations + 1):
                codes[rows] = (
                    rng.permutation(clusters[rows]) if turn else clusters[rows]
                )
                shares[turn] = _share(codes, ground.indices[rows], codes[rows], count)
        yield f"within: {name}", shares[0]
        yield (
            f"limit: {name}",
            np.quantile(shares[1:], CONFIDENCE, axis=0, method="higher"),
        )
        yield f"chance: {name}", shares[1:].mean(axis=0)


def _share(codes: Rows, nearest: Rows, own: Rows, count: int) -> Floats:
    """Return the share of neighbours in the same cluster, a number a cluster."""
    same = (codes[nearest] == own[:, None]).mean(axis=1)
    sizes = np.bincount(own, minlength=count)
    with np.errstate(invalid="ignore"):
        share: Floats = np.bincount(own, same, minlength=count) / sizes
    return share
