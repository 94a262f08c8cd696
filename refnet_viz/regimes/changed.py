"""Counterfactual graphs: one modality removed, or permuted across rows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .. import _check
from .._nested import Variants, as_variants, baseline_of, distinct
from ..data import permuted, without
from ..data.answers import labelled
from ..data.dataset import Dataset
from ..embedding import Embedding
from ..graph import Attribution, attribute, knn
from ..graph.prediction import constant_accuracy
from ..inference import embed
from ..responsibility import r_squared
from ..train.run import Run
from .table import as_frame, rows_of

HOW = ("remove", "permute")


def counterfactual(
    runs: Any,
    data: Dataset,
    *,
    how: str = "remove",
    modalities: str | Collection[str] | None = None,
    k: int | None = None,
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
        "remove", where every row keeps another modality that the runs know, or
        "permute".
    modalities
        One or several that are touched, each alone; None takes all that the runs know.
    k
        Neighbours a point; None takes 15, or as many as there are.
    baseline
        The variant the others are compared with; None takes "plain", or the first.
    confidence
        Confidence level of bands and intervals, between 0 and 1.
    seed
        Seed of the permutation.

    Returns
    -------
    pandas.DataFrame
        One row a metric, ``modality`` that was touched and variant, with the columns of
        `robustness`:

        edges kept
            Share of the edges of the whole data's graph that are there again; chance
            is that of a graph of the same degrees.
        edges kept: all, only image, emergent ...
            The same share, of the edges that these modalities' own graphs have; see
            `Attribution.pattern`. Seeds without such an edge do not count.
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
    variants: Variants[Run] = as_variants("runs", runs, Run, alone="run")
    distinct("runs", variants)
    _check.instance("data", data, Dataset)
    base = baseline_of(baseline, variants)
    confidence = _check.number("confidence", confidence, low=0.01, high=0.9999)
    k = _check.k_or_default(k, len(data))
    seed = _check.integer("seed", seed, low=0)
    wholes = {
        name: [_Whole.of(space, k) for space in members]
        for name, members in embed(variants, data).items()
    }
    rows: list[dict[str, Any]] = []
    for name in _touched(modalities, variants):
        if how == "remove":
            _check_kept(variants, data, name)
            changed = without(data, name)
        else:
            changed = permuted(data, name, seed=seed)
        for metric, shares in _compared(wholes, embed(variants, changed)).items():
            rows += [
                {"metric": metric, "modality": name} | row
                for row in _rows(shares, variants, baseline=base, confidence=confidence)
            ]
    return as_frame(
        rows,
        "modality",
        baseline=base,
        confidence=confidence,
        how=how,
        k=k,
        dataset=data.name,
    )


@dataclass(frozen=True)
class _Share:
    """A number of one run, its chance, and the smallest step it can change by."""

    value: float
    chance: float
    step: float


@dataclass(frozen=True)
class _Whole:
    """The graph of a run's embedding of the whole data, with its patterns."""

    space: Embedding
    attribution: Attribution

    @classmethod
    def of(cls, space: Embedding, k: int) -> _Whole:
        # Refuses rows that were trained on, which changed rows would not look like.
        return cls(space, attribute(knn(space, k)))

    def compared(self, changed: Embedding) -> dict[str, _Share]:
        """Return each metric of which there is something to count."""
        graph = self.attribution.graph
        again = knn(changed, graph.k)
        source, target, _ = edges = graph.edges()
        survives = np.isin(edges.keys(len(graph)), again.edges().keys(len(graph)))
        degree = again.degree
        pairs = (degree.sum() ** 2 - np.sum(degree**2)) / 2
        odds = degree[source] * degree[target] / pairs * len(again.edges().source)
        groups = {"edges kept": np.ones(len(survives), dtype=bool)}
        for pattern in self.attribution.patterns["pattern"]:
            groups[f"edges kept: {pattern}"] = self.attribution.pattern == pattern
        metrics = {
            name: _Share(
                survives[members].mean(), odds[members].mean(), 1 / members.sum()
            )
            for name, members in groups.items()
            if members.any()
        }
        for name in self.space.inputs:
            if self.space.present_in(name).sum() > 1:
                share = _Share(self._answered(changed, name), 0.0, 0.0)
                metrics[f"responsibility: {name}"] = share
        if changed.labels is not None and not np.isnan(changed.accuracy):
            has_label = labelled(changed.labels, None, len(changed))
            chance = constant_accuracy(changed.labels)
            metrics["accuracy"] = _Share(changed.accuracy, chance, 1 / has_label.sum())
        return metrics

    def _answered(self, changed: Embedding, name: str) -> float:
        """Return R^2 about the features of the whole data: changed rows lack them."""
        present = self.space.present_in(name)
        target = self.space.targets[name][present].astype(np.float64)
        return r_squared(target, changed.decoded[name][present].astype(np.float64))


def _touched(
    modalities: str | Collection[str] | None, runs: Variants[Run]
) -> list[str]:
    """Return the modalities that were asked for, out of those that all runs know."""
    schemas = [run.schema.modalities for members in runs.values() for run in members]
    shared = [name for name in schemas[0] if all(name in schema for schema in schemas)]
    if modalities is None:
        return shared
    names = [modalities]
    if not isinstance(modalities, str):
        names = _check.several("modalities", modalities)
    if not names:
        raise ValueError(f"`modalities` must name at least one of {shared}, got none.")
    return _check.several_of("modalities", names, shared)


def _check_kept(runs: Variants[Run], data: Dataset, name: str) -> None:
    """Refuse to take from a row all that some run knows of it."""
    for variant, members in runs.items():
        for run in members:
            others = [n in run.schema.modalities and n != name for n in data.modalities]
            empty = np.flatnonzero(~data.present[:, others].any(axis=1))
            if len(empty):
                raise ValueError(
                    f"`data` must have in each row a modality besides {name!r} that "
                    f"`runs[{variant!r}]` knows, got none in row {empty[0]}."
                )


def _compared(
    wholes: dict[str, list[_Whole]], changed: dict[str, list[Embedding]]
) -> dict[str, dict[str, list[_Share | None]]]:
    """Return for each metric one number a seed of every variant, None for none."""
    tables = {
        name: [
            whole.compared(space)
            for whole, space in zip(members, changed[name], strict=True)
        ]
        for name, members in wholes.items()
    }
    metrics = dict.fromkeys(
        m for part in tables.values() for seed_metrics in part for m in seed_metrics
    )
    return {
        metric: {
            name: [seed_metrics.get(metric) for seed_metrics in part]
            for name, part in tables.items()
        }
        for metric in metrics
    }


def _rows(
    shares: dict[str, list[_Share | None]], runs: Variants[Run], **options: Any
) -> list[dict[str, Any]]:
    """Return a row a variant that has the metric, over the seeds that have it."""
    seed_shares: dict[str, list[_Share]] = {}
    variants: Variants[Run] = {}
    for name, part in shares.items():
        pairs = [(s, r) for s, r in zip(part, runs[name], strict=True) if s is not None]
        if pairs:
            seed_shares[name], variants[name] = map(list, zip(*pairs, strict=True))
    values = {
        name: np.array([s.value for s in part]) for name, part in seed_shares.items()
    }
    step = max(s.step for part in seed_shares.values() for s in part)
    return [
        row
        | {"chance": float(np.mean([s.chance for s in seed_shares[row["variant"]]]))}
        for row in rows_of(values, variants, step=step, **options)
    ]
