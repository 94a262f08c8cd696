"""Variants compared, each number beside its nulls."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check, statistics
from .._nested import aligned, as_variants, baseline_of, check_same_points, distinct
from .._progress import progress
from .._threads import one_thread_for
from ..embedding import Embedding
from .answered import answered
from .bias import search_bias
from .ground import Grounds
from .metrics import FAMILY, METRICS, Metric, asked_first, per_neighbor
from .neighbors import Neighbors
from .search import as_graphs
from .single_modality import judged as judged_beside
from .table import (
    Line,
    Settings,
    as_frame,
    beside_modalities,
    beside_rails,
    rows_of,
    samples_of,
)

Floats = npt.NDArray[np.float64]


def compare(
    graphs: Mapping[str, Any],
    *,
    baseline: str | None = None,
    rails: Mapping[str, Any] | None = None,
    metrics: Sequence[str] | None = None,
    over: str = "both",
    family: Sequence[str] | None = None,
    confidence: float = 0.95,
    permutations: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare variants by the metrics of their graphs, each number with its nulls.

    Parameters
    ----------
    graphs
        Variant to its graph, or to one graph a seed. Embeddings and vectors of your
        own are searched by `knn` with its defaults.
    baseline
        The variant the others are compared with; None takes "plain", or the first.
    rails
        Embeddings whose predictions to judge beside those of the variants, such as
        those of `refnet_viz.rails`; and graphs to judge beside theirs, such as
        `refnet_viz.graph.weighted_neighbors`. All are of the points of `graphs`, in any
        order. The graphs of each modality and of their
        sum are always shown beside the metrics of graphs.
    metrics
        Names out of `METRICS`, "emergent" (share of edges that no modality's graph has)
        and, of held-out rows with decoded answers, "refined overlap with sum",
        "supported" and "certified" (among the 10 k nearest by all modalities) and
        "responsibility for ..." each modality. None takes all but the slow ones (and
        above 200,000 points the spectral gap, which takes minutes then). Those that do
        not apply are left out: label metrics without labels, accuracy without
        predictions, F1 of single labels ... Overlaps are always there.
    over
        What intervals cover: "seeds" (training anew), "points" (other points of the
        same kind, seeds as they are) or "both". A row covers as much of that as it
        can, and its column `over` says what: three seeds or more, from 20 to 200,000
        points.
        Vectors that come without seeds are compared over points.
    family
        Names of metrics that the table asks first, "responsibility" for those of all
        modalities; the others are the rest, and the first of those that the table has
        leads. None takes accuracy, purity, overlap with sum and responsibility.
    confidence
        Confidence level of bands and intervals.
    permutations
        How often labels are permuted; 0 leaves the columns empty.
    seed
        Seed of the permutations.

    Returns
    -------
    pandas.DataFrame
        One row a metric and variant, in the order of `METRICS` and of `graphs`:

        metric, variant, kind
            "variant" or "rail".
        mean, low, high, seeds
            Mean over the seeds and its confidence interval within the metric's range:
            where the mean over many seeds, many points or both is expected.
        difference, diff_low, diff_high, pairing
            Mean minus baseline, with its interval; by points always paired. "paired":
            over runs of the same seed; "unpaired": seeds differ, so both spreads
            enter; empty: a rail that no seed changes.
        over
            What the interval of the difference (of the baseline: of the mean) covers:
            "seeds", "points", "both", or "" where there is none.
        verdict
            "higher" or "lower" when the difference stands although the table asks so
            many questions; "higher if it were the only question" when it would stand
            alone; "inside noise"; "cannot tell: 2 seeds"; or "baseline". Of tables
            whose variants do not differ at most 1 - confidence say "higher" or "lower"
            of any: see `refnet_viz.statistics.verdict`.
        p, holm
            P value of the difference alone, and corrected for the questions of its
            family (Holm); "higher" and "lower" have one below 1 - confidence. What is
            asked first has eight tenths of the error, and eight tenths of these are
            for the metric that leads; the rest and the rails have one tenth each.
        chance
            Expected when neighbours, or answers, have nothing to do with the data.
        null_low, null_high
            Band of the mean when labels, or targets, are permuted over the points.
        better
            "higher", "lower" or empty.

        ``attrs`` hold baseline, confidence, over, family, k, space, metric, runs
        (variant, seed, dataset and its fingerprint of every graph), values (metric to
        variant to the number of every seed), modalities (by accuracy, mae and purity,
        every variant beside the single modality that speaks most against it, with a
        verdict that pays for all modalities and variants), rails (by every metric of
        answers and labels, every variant beside the rail that speaks most against it,
        with a verdict that pays for all rails, variants and metrics) and, where some
        row lacks a modality, present: space to how many rows have it and how many there
        are. A graph is over the rows that have its space. Where a graph is approximate,
        recall: variant to the measured recall of every graph, None for exact ones, and
        bias: variant to what `search_bias` says of purity and overlaps of every graph;
        what a search misses is not in the bands.

    Raises
    ------
    TypeError
        If `graphs` is a bare graph.
    ValueError
        If k or distances differ, a rail is of other points, or a name is unknown.

    Warns
    -----
    UserWarning
        If points are among those a run was trained on.

    Notes
    -----
    Estimand: the expectation of the metric over trainings anew (`over` "seeds"), over
    test rows anew, as many and of the same kind ("points"), or over both; of a
    difference, that of variant minus baseline on the same rows. Graph metrics depend on
    how many points there are: theirs is the expectation at this number.

    Assumptions: seeds are independent draws, rows too (of grouped rows the intervals
    are too short); the mean is about normal. A split, data and settings are held fixed
    (of several splits, `over_splits`).
    Points of a graph metric depend on one another and are judged by halves of them, up
    to 20,000 points, else by leaving each out, which is too long rather than too short.

    Sources: crossed random effects with an interval of a sum of variances after
    Graybill and Wang 1980; Student's t; Holm 1979; for halves, Politis and Romano 1994.
    Coverage that was measured: tests/benchmarks/RESULTS.md, and notebook 03 on
    populations that are known.

    Examples
    --------
    >>> import numpy as np
    >>> from refnet_viz.graph import knn
    >>> line = np.array([[0.0], [1.0], [3.0], [6.0]])
    >>> table = compare({"plain": knn(line, k=1), "bent": knn(line**2, k=1)})
    >>> table.loc[table.metric == "reciprocity", ["variant", "mean", "verdict"]]
      variant  mean              verdict
    2   plain   0.5             baseline
    3    bent   0.5  cannot tell: 1 seed
    """
    graphs = as_graphs(graphs) if isinstance(graphs, Mapping) else graphs
    variants = aligned("graphs", as_variants("graphs", graphs, Neighbors))
    distinct("graphs", variants)
    baseline = baseline_of(baseline, variants)
    settings = Settings(
        baseline,
        _check.number("confidence", confidence, low=0.01, high=0.9999),
        _check.repeats("permutations", permutations, low=0),
        _check.integer("seed", seed, low=0),
        _check.one_of("over", over, statistics.OVER),
    )
    all_graphs = [graph for members in variants.values() for graph in members]
    _same_search(all_graphs)
    _warn_of_training_rows(all_graphs)
    grounds = Grounds(all_graphs[0].k, all_graphs[0].metric)
    lines = [Line(name, "variant", members) for name, members in variants.items()]
    lines += _rails(variants[baseline][0], grounds)
    answer_metrics = answered(all_graphs, grounds)
    chosen = _chosen(metrics, answer_metrics, len(all_graphs[0]))
    chosen |= _overlaps(all_graphs, grounds)
    chosen |= answer_metrics if metrics is None else {}
    first = _family(family, chosen)
    judged, rail_graphs = _beside_rails(rails, all_graphs[0])
    lines += rail_graphs
    rows: list[dict[str, Any]] = []
    modalities: list[dict[str, Any]] = []
    behind: list[dict[str, Any]] = []
    with one_thread_for(len(all_graphs[0])):
        for name, metric in progress(chosen.items(), "metrics", delay=1):
            more = judged if metric.of_predictions else []
            compared = lines + more
            samples = samples_of(metric, compared, settings)
            rows += rows_of(name, metric, compared, samples, settings)
            modalities += beside_modalities(name, metric, compared, samples, settings)
            behind += beside_rails(name, metric, compared, samples, settings)
    table = as_frame(rows, first, settings)
    table.attrs = {
        "baseline": baseline,
        "confidence": settings.confidence,
        "over": settings.over,
        "family": list(first),
        "k": all_graphs[0].k,
        "space": ", ".join(dict.fromkeys(graph.space for graph in all_graphs)),
        "metric": all_graphs[0].metric,
        "runs": _runs(variants),
        "values": _values(rows),
        "modalities": modalities,
        "rails": judged_beside(behind, confidence=settings.confidence),
    }
    table.attrs.update(_present(lines) | _recall(variants, grounds))
    return table


def _values(rows: list[dict[str, Any]]) -> dict[str, dict[str, list[float]]]:
    """Return what every seed of each variant gave: metric to variant to numbers."""
    values: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        if row["kind"] == "variant":
            values.setdefault(row["metric"], {})[row["variant"]] = row["values"]
    return values


def _present(lines: list[Line]) -> dict[Hashable, Any]:
    """Return "present": how many rows of how many have a space that some row lacks.

    Nothing where every row has every space.
    """
    counts = {
        graph.space: (int(graph.present.sum()), len(graph))
        for line in lines
        for graph in line.graphs
        if not graph.present.all()
    }
    return {"present": counts} if counts else {}


def _recall(
    variants: Mapping[str, Sequence[Neighbors]], grounds: Grounds
) -> dict[Hashable, Any]:
    """Return "recall" and "bias" of all graphs; nothing where all are exact."""
    every = [graph for graphs in variants.values() for graph in graphs]
    if not any(graph.recall for graph in every):
        return {}
    recall = {
        name: [graph.recall.value if graph.recall else None for graph in graphs]
        for name, graphs in variants.items()
    }
    bias = {
        name: [search_bias(graph, _own(graph, grounds)) for graph in graphs]
        for name, graphs in variants.items()
    }
    return {"recall": recall, "bias": bias}


def _own(graph: Neighbors, grounds: Grounds) -> dict[str, Neighbors]:
    """Return the graphs of the modalities and of their sum, as far as there are any."""
    inputs = graph.embedding.inputs
    names = [*inputs, "sum"] if graph.recall and inputs else []
    own = {name: grounds.of(graph.embedding, name) for name in names}
    return {name: ground for name, ground in own.items() if ground is not None}


def _runs(variants: Mapping[str, Sequence[Neighbors]]) -> list[dict[str, Any]]:
    keys = ("seed", "dataset", "fingerprint")
    return [
        {"variant": name, **{key: graph.embedding.info.get(key) for key in keys}}
        for name, members in variants.items()
        for graph in members
    ]


def _same_search(every: list[Neighbors]) -> None:
    for name in ("k", "metric"):
        values = sorted({getattr(graph, name) for graph in every})
        if len(values) > 1:
            raise ValueError(
                f"`graphs` must all have the same {name}, got {values[0]!r} and "
                f"{values[1]!r}."
            )


def _warn_of_training_rows(every: list[Neighbors]) -> None:
    share = max(1 - graph.embedding.held_out.mean() for graph in every)
    if share > 0:
        warnings.warn(
            f"{share:.0%} of the points were trained on: what their labels taught "
            "leaks into every number, so compare held-out points.",
            UserWarning,
            stacklevel=3,
        )


def _rails(first: Neighbors, grounds: Grounds) -> list[Line]:
    """Return the modalities' own graphs and that of their sum."""
    lines = []
    names = [*first.embedding.inputs, "sum"] if first.embedding.inputs else []
    for name in names:
        ground = grounds.of(first.embedding, name)
        if ground is not None:
            lines.append(Line(name, "rail", [ground]))
    return lines


def _beside_rails(
    rails: Mapping[str, Any] | None, first: Neighbors
) -> tuple[list[Line], list[Line]]:
    """Return rails of which the predictions are compared, and those of graphs."""
    if rails is None or (isinstance(rails, Mapping) and not rails):
        return [], []
    graphs = {}
    if isinstance(rails, Mapping):
        graphs = {name: x for name, x in rails.items() if _holds_graphs(x)}
        rails = {name: x for name, x in rails.items() if name not in graphs}
    spaces = not isinstance(rails, Mapping) or bool(rails)
    embeddings = as_variants("rails", rails, Embedding) if spaces else {}
    searched = as_variants("rails", graphs, Neighbors) if graphs else {}
    for name, members in searched.items():
        for graph in members:
            if graph.k != first.k:
                raise ValueError(
                    f"`rails[{name!r}]` must have the k of the graphs, {first.k}, got "
                    f"{graph.k}."
                )
    judged = [
        Line(name, "rail", [_unsearched(one, first, name) for one in members])
        for name, members in embeddings.items()
    ]
    beside = [
        Line(
            name,
            "rail",
            [_in_line(graph, first, name) for graph in members],
        )
        for name, members in searched.items()
    ]
    return judged, beside


def _holds_graphs(value: Any) -> bool:
    members = value if isinstance(value, list | tuple) else [value]
    return bool(members) and isinstance(members[0], Neighbors)


def _in_line(rail: Any, first: Neighbors, name: str) -> Any:
    """Return a rail in the order of the graphs; one of other points is refused."""
    called = f"rails[{name!r}]"
    rail = rail.reordered(first.ids, name=called, like="graphs")
    check_same_points(called, rail, "graphs", first)
    return rail


def _unsearched(embedding: Embedding, first: Neighbors, name: str) -> Neighbors:
    """Return an embedding as a graph that nothing reads: only answers are judged."""
    embedding = _in_line(embedding, first, name)
    following = np.roll(np.arange(len(embedding)), -1)[:, None]
    blank = np.ones(following.shape)
    return Neighbors(embedding, "latent", first.metric, following, blank)


def _chosen(
    metrics: Sequence[str] | None, more: dict[str, Metric], n: int
) -> dict[str, Metric]:
    if metrics is None:
        return {
            name: metric
            for name, metric in METRICS.items()
            if not metric.slow and n <= (metric.most or n)
        }
    available = METRICS | more
    names = _check.several_of("metrics", metrics, available)
    return {name: available[name] for name in names}


def _family(family: Sequence[str] | None, chosen: Mapping[str, Metric]) -> list[str]:
    """Return the metrics that a table asks first, of those that are computed."""
    if family is not None:
        allowed = [*chosen, *(name.partition(" for ")[0] for name in chosen)]
        family = _check.several_of("family", family, dict.fromkeys(allowed))
    return asked_first(list(chosen), family or FAMILY)


def _overlaps(every: list[Neighbors], grounds: Grounds) -> dict[str, Metric]:
    """Return one metric a modality: the overlap with its own graph."""
    spaces = dict.fromkeys(name for graph in every for name in graph.embedding.inputs)
    names = [*spaces, "sum"] if spaces else []

    def of(
        number: Callable[[Neighbors, str], float], space: str, graph: Neighbors
    ) -> float:
        inputs = graph.embedding.inputs
        has_space = bool(inputs) if space == "sum" else space in inputs
        return number(graph, space) if has_space else float("nan")

    def influence(space: str, graph: Neighbors) -> Floats:
        if np.isnan(of(grounds.overlap, space, graph)):
            return np.full(len(graph), np.nan)
        return grounds.of_overlap(graph, space)

    def apart(space: str, graph: Neighbors) -> Floats | None:
        if np.isnan(of(grounds.overlap, space, graph)):
            return None
        return grounds.overlap_of_halves(graph, space)

    return {
        f"overlap with {name}": Metric(
            partial(of, grounds.overlap, name),
            f"share of neighbours that are so by {name}",
            (0, 1),
            higher_is_better=True if name == "sum" else None,
            chance=partial(of, grounds.overlap_chance, name),
            step=per_neighbor,
            influence=partial(influence, name),
            halves=partial(apart, name),
        )
        for name in names
    }
