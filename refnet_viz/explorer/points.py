"""What is known of the points of one graph: for the table, the pane and the strip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..data.answers import label_texts, labelled
from ..data.meaning import RESERVED, distinct, texts
from ..embedding import Embedding
from ..graph import METRICS, Neighbors
from ..graph.points import (
    in_degree,
    purity_by_point,
    purity_chance_by_point,
    same_label,
)

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class PointTable:
    """Numbers of every point of a graph, beside those of its baseline.

    Parameters
    ----------
    graph
        Of the shown variant.
    baseline
        Name of the variant it is compared with.
    compared
        Whether that is another graph.
    rewiring
        1 - Jaccard of the neighbourhoods in both.
    noise
        The same between two seeds of the baseline, None when it has one.
    answers
        Asks how far z answers for each modality, which takes a moment the first time.
    """

    graph: Neighbors
    baseline: str
    compared: bool
    rewiring: Floats
    noise: Floats | None
    answers: Callable[[], pd.DataFrame]

    @cached_property
    def _values(self) -> dict[str, float]:
        return {}

    def value(self, name: str) -> float:
        """Return a metric of the whole graph, computed once."""
        if name not in self._values:
            self._values[name] = float(METRICS[name].function(self.graph))
        return self._values[name]

    def knows(self, names: Sequence[str]) -> bool:
        """Return whether metrics can be had at once."""
        return all(name in self._values for name in names)

    @property
    def embedding(self) -> Embedding:
        """Whose points these are."""
        return self.graph.embedding

    @cached_property
    def purity(self) -> Floats | None:
        """Share of neighbours with the label of their point, None without labels."""
        return None if self.graph.labels is None else purity_by_point(self.graph)

    @cached_property
    def purity_chance(self) -> Floats | None:
        """Share of all other points with the label, None without labels."""
        return None if self.graph.labels is None else purity_chance_by_point(self.graph)

    @cached_property
    def in_degree(self) -> npt.NDArray[np.int64]:
        """How often each point is a neighbour."""
        return in_degree(self.graph)

    @cached_property
    def same(self) -> npt.NDArray[np.bool_] | None:
        """Which neighbour shares a label with its point, None without labels."""
        return None if self.graph.labels is None else same_label(self.graph)

    @cached_property
    def labels(self) -> list[str] | None:
        """Class names of every point, None without labels."""
        return class_words(self.embedding, self.embedding.labels)

    @cached_property
    def labelled(self) -> npt.NDArray[np.bool_]:
        """Which points have a label."""
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
    def right(self) -> npt.NDArray[np.bool_] | None:
        """Which points are predicted right in all their labels, None if unknown.

        False for unlabelled ones, of which nobody can say.
        """
        labels, told = self.embedding.labels, self.embedding.predictions
        if labels is None or told is None:
            return None
        return np.asarray((labels == told).reshape(len(labels), -1).all(axis=1))

    @property
    def _correct(self) -> npt.NDArray[Any] | None:
        """Right or wrong for the table, nothing where there is no label."""
        if self.right is None or self.labelled.all():
            return self.right
        found = self.right.astype(object)
        found[~self.labelled] = None
        return found

    @cached_property
    def responsibility(self) -> dict[str, Floats]:
        """Modality to how far z answers for it, empty where nobody can say.

        See `refnet_viz.responsibility.scores_by_point`: 1 is best, 0 is what the mean
        of all points would answer.
        """
        if not self.embedding.answers_held_out:
            return {}
        found = self.answers()
        return {name: found[name].to_numpy() for name in self.embedding.decoded}

    @cached_property
    def words(self) -> list[str]:
        """All that is written of every point, for looking things up.

        Digits of measured numbers say nothing: a search for 7 would find most of them.
        """
        own = self.embedding
        columns: list[Any] = [
            own.ids,
            self.labels,
            self.predictions,
            own.media.texts or None,
        ]
        columns += [
            values
            for name, values in self.told.items()
            if not pd.api.types.is_float_dtype(own.columns[name])
        ]
        given = [column for column in columns if column is not None]
        lines = zip(*(map(str, column) for column in given), strict=True)
        return [" ".join(line).casefold() for line in lines]

    @cached_property
    def told(self) -> dict[str, list[str]]:
        """The metadata in words, by the names of `Embedding.columns`."""
        own = self.embedding
        names = distinct(own.metadata.columns)
        columns = (own.metadata.iloc[:, i] for i in range(len(names)))
        return dict(zip(names, map(texts, columns), strict=True))

    def frame(self, rows: Rows) -> pd.DataFrame:
        """Return one row a point: id, classes, text, numbers, then the metadata."""
        known: dict[str, Any] = {
            "id": self.embedding.ids, "label": self.labels,
            "prediction": self.predictions, "correct": self._correct,
            "confidence": self.confidence,
            "text": self.embedding.media.texts or None, "purity": self.purity,
            "rewiring": self.rewiring, "in_degree": self.in_degree,
        }  # fmt: skip
        for name, values in self.responsibility.items():
            known[responsibility_of(name)] = values
        columns = {
            name: np.asarray(values)[rows]
            for name, values in known.items()
            if values is not None
        }
        rest = self.embedding.metadata.iloc[rows].reset_index(drop=True)
        rest.columns = pd.Index(distinct(rest.columns, RESERVED | columns.keys()))
        return pd.concat([pd.DataFrame(columns), rest], axis=1)


def responsibility_of(modality: str) -> str:
    """Return what controls and tables call it.

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
