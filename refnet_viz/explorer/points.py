"""Table of points: numbers, words and metadata of every point of one graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..data.answers import label_texts, labelled
from ..data.meaning import RESERVED, distinct, texts
from ..embedding import Embedding, coverage
from ..graph import METRICS, Metric, Neighbors
from ..graph.points import (
    in_degree,
    purity_by_point,
    purity_chance_by_point,
    same_label,
)
from .embeddings import Rows
from .facts import facts_of
from .filters import MOST_FILTERS, Filter, filters_of

Floats = npt.NDArray[np.float64]


class Sources(NamedTuple):
    """Functions that compute the parts of a table that may take long.

    `graph` returns the graph; `rewiring` ``(N,)`` 1 - Jaccard of the neighbourhoods in
    it and the baseline, 0 is no change; `noise` the same between two seeds of the
    baseline, None where it has one; `scores` returns
    `refnet_viz.responsibility.scores_by_point`.
    """

    graph: Callable[[], Neighbors]
    rewiring: Callable[[], Floats]
    noise: Callable[[], Floats | None]
    scores: Callable[[], pd.DataFrame]


@dataclass(frozen=True, eq=False)
class PointTable:
    """Numbers and words of every point of a graph, beside those of its baseline.

    Each part is computed when it is first read; `is_ready` tells whether neighbours
    are there.

    Parameters
    ----------
    embedding
        Embedding of the points.
    space, weights, k
        Space in which neighbours are looked for, and how many a point.
    baseline
        Name of the variant it is compared with.
    compared
        Whether that is another graph.
    sources
        Where the slow parts come from.
    """

    embedding: Embedding
    space: str
    weights: Mapping[str, float]
    k: int
    baseline: str
    compared: bool
    sources: Sources

    @cached_property
    def _metrics(self) -> dict[str, float]:
        return {}

    def metric(self, name: str) -> float:
        """Return a metric of the whole graph, computed once."""
        if name not in self._metrics:
            self._metrics[name] = float(METRICS[name].function(self.graph))
        return self._metrics[name]

    @property
    def headline_metrics(self) -> list[str]:
        """The metrics that are declared headlines and that there are numbers for."""
        return headline_metrics(self.embedding)

    def has_metrics(self, names: Sequence[str]) -> bool:
        """Return whether metrics are computed already."""
        return all(name in self._metrics for name in names)

    @cached_property
    def graph(self) -> Neighbors:
        """The graph of the `k` nearest."""
        return self.sources.graph()

    @cached_property
    def rewiring(self) -> Floats:
        """``(N,)`` 1 - Jaccard of each point's neighbours here and in the baseline."""
        return self.sources.rewiring()

    @cached_property
    def noise(self) -> Floats | None:
        """The same between two seeds of the baseline, None when it has one."""
        return self.sources.noise()

    @property
    def is_ready(self) -> bool:
        """Whether the graph and its comparison are computed."""
        return {"graph", "rewiring", "noise"} <= vars(self).keys()

    @property
    def has_graph(self) -> bool:
        """Whether the graph is there, compared or not."""
        return "graph" in vars(self)

    def compute(self) -> None:
        """Compute the graph, its comparison and the headline metrics."""
        _ = self.graph, self.rewiring, self.noise
        for name in self.headline_metrics:
            self.metric(name)

    @property
    def coverage(self) -> str:
        """Coverage of the rows that have the space, in words."""
        weights = dict(self.weights) or None
        present = self.embedding.present_in(self.space, weights=weights)
        return coverage(present, self.space)

    @cached_property
    def purity(self) -> Floats | None:
        """Share of neighbours with the label of their point, None without labels."""
        return None if self.embedding.labels is None else purity_by_point(self.graph)

    @cached_property
    def purity_chance(self) -> Floats | None:
        """Share of all other points with the label, None without labels."""
        if self.embedding.labels is None:
            return None
        return purity_chance_by_point(self.graph)

    @cached_property
    def in_degree(self) -> npt.NDArray[np.int64]:
        """Number of points that have each point as a neighbour."""
        return in_degree(self.graph)

    @cached_property
    def same(self) -> npt.NDArray[np.bool_] | None:
        """Whether a neighbour shares a label with its point, None without labels."""
        return None if self.embedding.labels is None else same_label(self.graph)

    @cached_property
    def labels(self) -> list[str] | None:
        """Class names of every point, None without labels."""
        return class_words(self.embedding, self.embedding.labels)

    @cached_property
    def labelled(self) -> npt.NDArray[np.bool_]:
        """Whether a point has a label."""
        return labelled(self.embedding.labels, None, len(self.embedding))

    @cached_property
    def predictions(self) -> list[str] | None:
        """Predicted class names of every point, None without predictions."""
        return class_words(self.embedding, self.embedding.predictions)

    @cached_property
    def confidence(self) -> Floats | None:
        """Largest class probability of every point, None without predictions."""
        scores = self.embedding.scores
        return None if scores is None else scores.max(axis=1).astype(np.float64)

    @cached_property
    def correct(self) -> npt.NDArray[np.bool_] | None:
        """Whether a point is predicted right in all its labels, None if unknown.

        False for unlabelled ones, which cannot be judged.
        """
        labels, predictions = self.embedding.labels, self.embedding.predictions
        if labels is None or predictions is None:
            return None
        return np.asarray((labels == predictions).reshape(len(labels), -1).all(axis=1))

    @property
    def _correct_or_none(self) -> npt.NDArray[Any] | None:
        """`correct`, with None where there is no label."""
        if self.correct is None or self.labelled.all():
            return self.correct
        column = self.correct.astype(object)
        column[~self.labelled] = None
        return column

    @cached_property
    def responsibility(self) -> dict[str, Floats]:
        """Modality to the responsibility of z for it, empty where it is unknown.

        See `refnet_viz.responsibility.scores_by_point`: 1 is best, 0 is what the mean
        of all points would answer.
        """
        if not self.embedding.answers_held_out:
            return {}
        scores = self.sources.scores()
        return {name: scores[name].to_numpy() for name in self.embedding.decoded}

    @cached_property
    def metadata(self) -> dict[str, list[str]]:
        """The metadata as texts, by the names of `Embedding.columns`."""
        table = self.embedding.metadata
        names = distinct(table.columns)
        columns = (table.iloc[:, i] for i in range(len(names)))
        return dict(zip(names, map(texts, columns), strict=True))

    def told(self, row: int) -> dict[str, str]:
        """Return the metadata of one point as texts, see `facts_of`."""
        facts = facts_of(self.embedding.metadata.iloc[[row]])
        return {name: entries[0] for name, entries in facts.items()}

    def filters(self, *, is_ready: bool = True) -> list[Filter]:
        """Return histograms of answers, numbers of the graph and metadata.

        Parameters
        ----------
        is_ready
            Whether the neighbours are there; else there are no numbers of the graph.
        """
        numbers = self._graph_filters if is_ready else []
        filters = [*self._answer_filters, *numbers, *self._metadata_filters]
        return list({one.name: one for one in filters}.values())[:MOST_FILTERS]

    @cached_property
    def _answer_filters(self) -> list[Filter]:
        return filters_of(
            {
                "label": self._labels_or_none,
                "prediction": self.predictions,
                "correct": self._correct_or_none,
                "confidence": self.confidence,
            }
        )

    @cached_property
    def _graph_filters(self) -> list[Filter]:
        return filters_of(
            {
                "purity": self.purity,
                "rewiring": self.rewiring if self.compared else None,
                "in-degree": self.in_degree.astype(np.float64),
            }
        )

    @cached_property
    def _metadata_filters(self) -> list[Filter]:
        return filters_of(self.embedding.columns)

    @property
    def _labels_or_none(self) -> list[str | None] | None:
        """`labels`, with None where there is no label."""
        if self.labels is None:
            return None
        pairs = zip(self.labels, self.labelled, strict=True)
        return [label if labelled else None for label, labelled in pairs]

    @cached_property
    def _search_lines(self) -> list[str]:
        """All text of every point in one line, whatever its case.

        Measured numbers are left out: a search for 7 would find most of them.
        """
        embedding = self.embedding
        columns: list[Any] = [
            embedding.ids,
            self.labels,
            self.predictions,
            embedding.media.texts or None,
        ]
        columns += [self.metadata[name] for name in searched_metadata(embedding)]
        present = [column for column in columns if column is not None]
        lines = zip(*(map(str, column) for column in present), strict=True)
        return [folded(" ".join(line)) for line in lines]

    def search(self, text: str) -> Rows:
        """Return the rows in which every word of a text occurs, whatever its case.

        Parameters
        ----------
        text
            Words looked for in ids, labels, predictions, texts and the metadata, but
            for measured numbers. An empty text selects nothing.
        """
        words = folded(text).split()
        if not words:
            return np.empty(0, np.intp)
        lines = enumerate(self._search_lines)
        rows = [row for row, line in lines if all(word in line for word in words)]
        return np.array(rows, dtype=np.intp)

    def frame(self, rows: Rows) -> pd.DataFrame:
        """Return one row a point: id, classes, text, numbers, then the metadata."""
        columns: dict[str, Any] = {
            "id": self.embedding.ids,
            "label": self.labels,
            "prediction": self.predictions,
            "correct": self._correct_or_none,
            "confidence": self.confidence,
            "text": self.embedding.media.texts or None,
            "purity": self.purity,
            "rewiring": self.rewiring,
            "in_degree": self.in_degree,
        }
        for name, values in self.responsibility.items():
            columns[responsibility_of(name)] = values
        columns = {
            name: np.asarray(values)[rows]
            for name, values in columns.items()
            if values is not None
        }
        rest = self.embedding.metadata.iloc[rows].reset_index(drop=True)
        rest.columns = pd.Index(distinct(rest.columns, RESERVED | columns.keys()))
        return pd.concat([pd.DataFrame(columns), rest], axis=1)


def headline_metrics(embedding: Embedding) -> list[str]:
    """Return the metrics that are headlines and that an embedding has numbers for."""
    return [
        name
        for name, metric in METRICS.items()
        if metric.headline and _applies(metric, embedding)
    ]


def _applies(metric: Metric, embedding: Embedding) -> bool:
    """Return whether an embedding has what a metric is about."""
    if metric.needs_labels and embedding.labels is None:
        return False
    if metric.needs_target and embedding.target is None:
        return False
    answers = embedding.predicted if metric.needs_target else embedding.predictions
    return answers is not None or not metric.of_predictions


def folded(text: str) -> str:
    """Return text without differences of case, as the exported page folds it too.

    Browsers have no `str.casefold`; capitals made small again are nearly the same.

    Examples
    --------
    >>> folded("STRASSE") == folded("Straße"), folded("ΟΔΟΣ") == folded("οδος")
    (True, True)
    """
    return text.upper().lower().replace("ς", "σ")


def searched_metadata(embedding: Embedding) -> list[str]:
    """Return the names of the metadata that a search looks through.

    Examples
    --------
    >>> table = pd.DataFrame({"kind": ["a", "b"], "size": [0.5, 1.0]})
    >>> searched_metadata(Embedding.from_arrays([[0.0], [1.0]], metadata=table))
    ['kind']
    """
    names = distinct(embedding.metadata.columns)
    return [
        name
        for name in names
        if not pd.api.types.is_float_dtype(embedding.columns[name])
    ]


def responsibility_of(modality: str) -> str:
    """Return the name of a modality's responsibility in controls and tables.

    Examples
    --------
    >>> responsibility_of("text")
    'responsibility: text'
    """
    return f"responsibility: {modality}"


def class_words(
    embedding: Embedding, values: npt.NDArray[np.int64] | None
) -> list[str] | None:
    """Return class names for class numbers or 0/1 rows, several joined by "; "."""
    if values is None:
        return None
    return label_texts(values, embedding.class_names)
