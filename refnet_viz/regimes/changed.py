"""What becomes of a fused graph when one modality is removed or dealt to other rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .._nested import Variants, as_variants, baseline_of
from ..data import permuted, without
from ..data.dataset import Dataset
from ..embedding import Embedding
from ..graph import Attribution, attribute, edge_diff, knn
from ..graph.prediction import constant_accuracy
from ..inference import embed
from ..responsibility import r_squared
from ..train.run import Run
from .table import Floats, as_frame, rows_of

Rows = npt.NDArray[np.int64]

HOW = ("remove", "permute")


def counterfactual(
    runs: Any,
    data: Dataset,
    *,
    how: str = "remove",
    k: int = 15,
    baseline: str | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure which edges and which answers survive without each modality.

    Nothing is trained again. Each modality in turn is marked absent in every row
    (`data.without`) or dealt to other rows (`data.permuted`), the rows are embedded
    again, and the graph of the latent space is compared with that of the whole data.

    Parameters
    ----------
    runs
        A `Run`, a list of them (seeds), or a mapping of either.
    data
        Rows that no run was trained on, usually `data.test`.
    how
        "remove", where every row keeps another modality, or "permute".
    k
        Neighbours a point.
    baseline
        The variant the others are compared with; None takes "plain", or the first.
    confidence
        Of bands and intervals.
    seed
        Of the permutation.

    Returns
    -------
    pandas.DataFrame
        One row a metric, ``modality`` that was touched and variant, with the columns of
        `robustness`:

        edges kept
            Share of the edges of the whole data's graph that are there again; chance
            is that of a graph of the same degrees.
        edges kept: all, only image, emergent ...
            Of the edges that these modalities' own graphs have, see
            `Attribution.pattern`.
        responsibility: image ...
            R^2 of what the changed z answers about the *true* features; at most 1,
            chance 0, the mean. Below 0 for a modality that was dealt to other rows and
            is still believed.
        accuracy
            Where there are labels and predictions.

    Raises
    ------
    TypeError
        If something in `runs` is not a Run.
    ValueError
        If a row was trained on, a row would keep no modality, or a name is unknown.

    Examples
    --------
    >>> from refnet_viz.train import Config, fit
    >>> a, b = np.random.default_rng(0).normal(size=(2, 90, 2))
    >>> data = Dataset.from_arrays({"a": a, "b": b}, labels=a[:, 0] > 0)
    >>> run = fit(data, Config(epochs=20, hidden=16, batch_size=8), progress=False)
    >>> table = counterfactual(run, data.test, how="permute", k=3)
    >>> own = table[table.metric == "responsibility: " + table.modality]
    >>> bool((own["mean"] < 0).all())
    True
    """
    _check.one_of("how", how, HOW)
    given: Variants[Run] = as_variants("runs", runs, Run, alone="run")
    base = baseline_of(baseline, given)
    confidence = _check.number("confidence", confidence, low=0.01, high=0.9999)
    wholes = {
        name: [_Whole.of(space, k) for space in members]
        for name, members in embed(given, data).items()
    }
    rows: list[dict[str, Any]] = []
    for name in _shared(given):
        if how == "remove":
            changed = without(data, name)
        else:
            changed = permuted(data, name, seed=seed)
        found = _found(wholes, embed(given, changed))
        for metric, (values, chances) in found.items():
            own = rows_of(
                values, given, baseline=base, confidence=confidence, step=0.0
            )  # fmt: skip
            rows += [
                {"metric": metric, "modality": name, "chance": chances[row["variant"]]}
                | row
                for row in own
            ]
    return as_frame(
        rows, "modality", baseline=base, confidence=confidence, how=how, k=k,
        dataset=data.name,
    )  # fmt: skip


@dataclass(frozen=True)
class _Whole:
    """The graph of a run's embedding of the whole data, with its patterns."""

    space: Embedding
    known: Attribution

    @classmethod
    def of(cls, space: Embedding, k: int) -> _Whole:
        # Refuses rows that were trained on, which changed rows would not look like.
        return cls(space, attribute(knn(space, k)))

    def compared(self, changed: Embedding) -> dict[str, tuple[float, float]]:
        """Return each metric and its chance."""
        graph = self.known.graph
        again = knn(changed, graph.k)
        source, target, _ = graph.edges()
        kept = np.isin(_keys(source, target), _keys(*edge_diff(graph, again).kept.T))
        degree = again.degree
        pairs = (degree.sum() ** 2 - np.sum(degree**2)) / 2
        odds = degree[source] * degree[target] / pairs * len(again.edges().source)
        found = {"edges kept": (float(kept.mean()), float(odds.mean()))}
        for pattern in self.known.patterns["pattern"]:
            own = self.known.pattern == pattern
            shares = (
                (kept[own].mean(), odds[own].mean()) if own.any() else (np.nan,) * 2
            )
            found[f"edges kept: {pattern}"] = shares
        for name in changed.decoded:
            found[f"responsibility: {name}"] = self._answered(changed, name), 0.0
        if changed.predictions is not None and changed.labels is not None:
            found["accuracy"] = changed.accuracy, constant_accuracy(changed.labels)
        return found

    def _answered(self, changed: Embedding, name: str) -> float:
        """Return R^2 about the features of the whole data: changed rows lack them."""
        there = self.space.present[:, list(self.space.inputs).index(name)]
        target = self.space.targets[name][there].astype(np.float64)
        return r_squared(target, changed.decoded[name][there].astype(np.float64))


def _keys(source: Rows, target: Rows) -> Rows:
    """Return one number a pair of rows."""
    return source << 32 | target


def _shared(runs: Variants[Run]) -> list[str]:
    """Return the modalities that all runs know."""
    every = [run.schema.modalities for members in runs.values() for run in members]
    return [name for name in every[0] if all(name in known for known in every)]


def _found(
    wholes: dict[str, list[_Whole]], changed: dict[str, list[Embedding]]
) -> dict[str, tuple[dict[str, Floats], dict[str, float]]]:
    """Return for each metric a number a seed, and its chance, of every variant."""
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    chances: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for name, members in wholes.items():
        for whole, space in zip(members, changed[name], strict=True):
            for metric, (value, chance) in whole.compared(space).items():
                values[metric][name].append(value)
                chances[metric][name].append(chance)
    found = {}
    for metric, parts in values.items():
        arrays = {name: np.array(parts[name]) for name in wholes if name in parts}
        # A set of modalities that some seed has no edge of has no mean over seeds.
        if all(len(arrays.get(n, ())) == len(m) for n, m in wholes.items()):
            means = {n: float(np.mean(c)) for n, c in chances[metric].items()}
            found[metric] = arrays, means
    return found
