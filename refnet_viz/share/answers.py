"""The answers of a report: each question in one sentence, beside its null."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from ..graph import METRICS, edge_bounds
from ..graph.compare_pairs import MEASURES, judged_change, judged_pair
from ..graph.patterns import EMERGENT
from ..graph.single_modality import ASKED
from ..plot.text import listing
from ..plot.text import span as span_of
from ..statistics import LEAST, is_undecided, seeds_of
from .central import beyond_shares
from .findings import findings, signed, spoken
from .material import Material

CENTRAL = {
    "pagerank": "PageRank",
    "core": "core number",
    "clustering": "clustering",
}
MOST = 3  # modalities that are named one by one


def comparison(material: Material) -> str:
    """Say in how many metrics each variant is better or worse, beside what luck gives.

    Parameters
    ----------
    material
        Material of the report.
    """
    alone = beside_best_modality(material.table)
    lines = findings(material.table)
    if not lines:
        only = f"{material.baseline} is the only variant, so nothing is compared."
        return f"{alone} {only}".strip()
    judged = [line for line in lines if line.kind != "unknown"]
    if not judged:
        noise = (
            "Nothing can be told from noise: every variant needs three seeds or more."
        )
        return f"{alone} {noise}".strip()
    parts = [
        f"{name} is {_counts([one for one in judged if one.subject == name])}"
        for name in dict.fromkeys(line.subject for line in judged)
    ]
    total = sum(len(line.points) for line in judged)
    level = 1 - material.table.attrs["confidence"]
    return (
        f"{alone} Against {material.baseline}, {'; '.join(parts)} (corrected for "
        f"{total} questions: luck alone says so of any in at most {level:.0%} of such "
        "tables)."
    ).strip()


def beside_best_modality(table: pd.DataFrame) -> str:
    """Say whether some variant is better than every modality by itself.

    By accuracy, else by the error of a target, else by purity; empty where that was
    not judged. The verdicts are those of `refnet_viz.statistics.judge`.

    Parameters
    ----------
    table
        Table of `refnet_viz.compare`.

    Examples
    --------
    >>> table = pd.DataFrame()
    >>> row = {"metric": "accuracy", "variant": "both", "modality": "text",
    ...        "mean": 0.8, "mean_of_modality": 0.79, "difference": 0.01,
    ...        "diff_low": -0.02, "diff_high": 0.04, "verdict": "inside noise"}
    >>> table.attrs["modalities"] = [row]
    >>> beside_best_modality(table)[:53]
    'The best single modality is as good: text alone has a'
    """
    records = table.attrs.get("modalities", [])
    metric = next(
        (name for name in ASKED if any(r["metric"] == name for r in records)), ""
    )
    rows = [row for row in records if row["metric"] == metric]
    if not rows or all(is_undecided(row["verdict"]) for row in rows):
        return ""
    higher = bool(METRICS[metric].higher_is_better)
    good, bad = ("higher", "lower") if higher else ("lower", "higher")
    sign = 1 if higher else -1
    best = max(rows, key=lambda row: sign * row["mean"])
    ahead = [row for row in rows if row["verdict"] == good]
    if ahead:
        names = listing([row["variant"] for row in ahead])
        row = max(ahead, key=lambda row: sign * row["mean"])
        verb = "beats" if len(ahead) == 1 else "beat"
        return f"Fusion pays: {names} {verb} every single modality ({_beside(row)})."
    alone = (
        f"{best['modality']} alone has {spoken(metric)} {best['mean_of_modality']:.3f}"
    )
    if all(row["verdict"] == bad for row in rows):
        return (
            f"A single modality is better: {alone}, the best variant {_beside(best)}."
        )
    return (
        f"The best single modality is as good: {alone}, and no variant is better "
        f"beyond noise (the best, {_beside(best)})."
    )


def _beside(row: Mapping[str, Any]) -> str:
    """Return a variant beside a modality: means, difference, interval and verdict."""
    span = ""
    if pd.notna(row["diff_low"]):
        span = f" [{signed(row['diff_low'])}, {signed(row['diff_high'])}]"
    return (
        f"{row['variant']} {row['mean']:.3f} beside {row['mean_of_modality']:.3f} of "
        f"{row['modality']}, {signed(row['difference'])}{span}, {row['verdict']}"
    )


def _counts(lines: Iterable[Any]) -> str:
    counts = {line.kind: len(line.points) for line in lines}
    better, worse = (counts.get(kind, 0) or "none" for kind in ("better", "worse"))
    return f"better in {better} and worse in {worse} of {sum(counts.values())} metrics"


def maps(material: Material) -> str:
    """Say how far the maps can be trusted.

    Parameters
    ----------
    material
        Material of the report.
    """
    layouts = list(material.layouts.values())
    trust, whole = (
        span([getattr(layout, name) for layout in layouts], ".2f")
        for name in ("trustworthiness", "continuity")
    )
    return (
        "Of neighbours on the maps and in the spaces most are the same: "
        f"trustworthiness {trust}, continuity {whole} (chance "
        f"{layouts[0].chance:.2f}, at most 1)."
    )


def central(material: Material) -> str:
    """Say how many points are central for other reasons than their degree.

    Parameters
    ----------
    material
        Material of the report.
    """
    shares: dict[str, dict[str, float]] = {name: {} for name in CENTRAL}
    seeds = set()
    for variant, table in material.measures.groupby("variant", sort=False):
        seeds.add(int(table["seeds"].iloc[0]))
        for measure, by_variant in shares.items():
            by_variant[str(variant)] = beyond_shares(table, measure)[0]
    parts = [
        f"the {CENTRAL[measure]} of {_each(by_variant, '.0%')}"
        for measure, by_variant in shares.items()
    ]
    every = ", in all seeds," if min(seeds) > 1 else ""
    few = f"; {seeds_of(min(seeds))}: no band" if min(seeds) < LEAST else ""
    return (
        f"Above what random graphs of the same degrees have{every} lie "
        f"{listing(parts)} of the points (by chance at most 2.5%{few})."
    )


def rewiring(material: Material, shown: Iterable[Mapping[str, Any]]) -> str:
    """Say how far neighbourhoods change, beside two seeds and unrelated graphs.

    Parameters
    ----------
    material
        Material of the report, of two variants or more.
    shown
        Meta of the figures of `refnet_viz.plot.rewiring`, one a variant.
    """
    base = material.graphs[material.baseline]
    confidence = material.table.attrs["confidence"]
    metas = {meta["variants"][1]: meta for meta in shown}
    rows = [
        judged_pair(
            MEASURES["knn_jaccard"], base, material.graphs[name], confidence=confidence
        )
        for name in material.others
    ]
    words = judged_change(rows, confidence=confidence)
    verdicts = dict(zip(material.others, words, strict=True))
    changes = {name: metas[name]["rewiring"] for name in material.others}
    one = next(iter(metas.values()))
    nulls = f"unrelated graphs {one['chance']:.2f}"
    if one["seed_noise"] is not None:
        nulls = f"two seeds of {material.baseline} {one['seed_noise']:.2f}, {nulls}"
    return (
        f"Of {material.baseline}'s neighbourhoods {_each(changes)} change, the mean of "
        f"1 − Jaccard ({nulls}); beside two seeds: {_judged(verdicts)}."
    )


def _judged(verdicts: Mapping[str, str]) -> str:
    """Return verdicts in words.

    Examples
    --------
    >>> _judged({"a": "inside noise", "b": "inside noise"})
    'inside noise'
    """
    if len(set(verdicts.values())) == 1:
        return next(iter(verdicts.values()))
    return listing([f"{name} {words}" for name, words in verdicts.items()])


def overlaps(material: Material) -> str:
    """Say how many neighbours are those of the modalities, beside chance.

    Parameters
    ----------
    material
        Material of the report.
    """
    table = material.table[material.table["kind"] == "variant"]
    names = [
        f"overlap with {name}"
        for name in ("sum", *list(material.every[0].inputs)[:MOST])
    ]
    parts = []
    for name in names:
        rows = table[table["metric"] == name]
        if rows.empty:
            continue
        shares = dict(zip(rows["variant"], rows["mean"], strict=True))
        with_what = name.removeprefix("overlap with ")
        ground = "all modalities together" if with_what == "sum" else with_what
        chance = f"chance {rows['chance'].iloc[0]:.0%}"
        parts.append(f"with {ground} {_each(shares, '.0%')} ({chance})")
    return f"Neighbours shared {'; '.join(parts)}." if parts else ""


def attribution(material: Material) -> str:
    """Say how many edges some modality has in its own graph, beside chance.

    Parameters
    ----------
    material
        Material of the report.
    """
    tables = {name: one.patterns for name, one in material.attributions.items()}
    rows = {name: table[table["pattern"] == EMERGENT] for name, table in tables.items()}
    shares = {name: 1 - row["share"].iloc[0] for name, row in rows.items()}
    chance = span([1 - row["chance"].iloc[0] for row in rows.values()], ".0%")
    return (
        "Edges that are in the own graph of at least one modality: "
        f"{_each(shares, '.0%')} (chance {chance}); the others emerge from fusion"
        f"{_joined(material.label_edges)}."
    )


def _joined(table: pd.DataFrame | None) -> str:
    """Return how often edges of the last variant join one label, by who has them."""
    if table is None:
        return ""
    last = table[table["variant"].eq(table["variant"].iloc[-1])]
    rows = last[(last["graph"] == "fused") & (last["edges"] > 0)]
    kinds = {"redundant": "of several modalities", "emergent": "emergent ones"}
    alone = [kind for kind in rows["kind"] if kind.startswith("unique: ")]
    if len(alone) <= MOST:
        kinds |= {kind: f"of {kind.removeprefix('unique: ')} alone" for kind in alone}
    parts = [
        f"{row['same']:.0%} {kinds[row['kind']]} (chance {row['chance']:.0%})"
        for row in rows.to_dict("records")
        if row["kind"] in kinds
    ]
    joined = f"; edges of {table['variant'].iloc[-1]} join rows of one label: "
    return joined + listing(parts) if parts else ""


def bound(material: Material) -> str:
    """Say how often the bound is broken, and how tight it is.

    Parameters
    ----------
    material
        Material of the report.
    """
    tables = [edge_bounds(one) for one in material.attributions.values()]
    broken = sum(int(table["violated"].sum()) for table in tables)
    used = span([float(table["used"].abs().max()) for table in tables], ".0%")
    return (
        f"{broken:,} of {sum(map(len, tables)):,} edges violate the bound, which is "
        f"proved (so any would be an error); the closest edge uses {used} of it."
    )


def responsibility(material: Material) -> str:
    """Say how far z answers for each modality, beside answers of shuffled rows.

    Parameters
    ----------
    material
        Material of the report.
    """
    tables = [one.responsibility for one in material.attributions.values()]
    table = pd.concat(tables)
    parts = [
        f"{span(rows['r2'], '.2f')} of {name}"
        for name, rows in table.groupby("modality", sort=False)
    ]
    nulls = "0 is the mean of all points"
    if "r2_shuffled" in table and table["r2_shuffled"].notna().any():
        nulls += f", shuffled answers {span(table['r2_shuffled'].dropna(), '.2f')}"
    directions = (
        f"it varies in {span(table['z_rank'], '.1f')} directions (effective rank; with "
        f"columns permuted {span(table['z_rank_permuted'], '.1f')})"
    )
    return f"z answers for {listing(parts)} (1 is everything, {nulls}); {directions}."


def spectrum(shown: Mapping[str, Any]) -> str:
    """Say what is left of the modalities, beside the floor and the mean predictor.

    Parameters
    ----------
    shown
        Meta of the figure of `refnet_viz.plot.spectrum`.
    """
    rows = shown["variants"]
    shares = {row["variant"]: row["achieved"] for row in rows}
    return (
        f"Of the modalities' variance {_each(shares)} is left; the best linear refiner "
        f"of the same width would leave {span([row['floor'] for row in rows], '.2f')}, "
        "the mean of all points 1."
    )


def history(material: Material, alt: str) -> str:
    """Say which validation scores were kept.

    Parameters
    ----------
    material
        Material of the report.
    alt
        What the figure says of itself; its last sentence has the scores.
    """
    scores = alt[alt.find("Validation scores") :].rstrip(".")
    if not scores.startswith("Validation scores"):
        return "The losses of every run, epoch by epoch."
    rows = material.table[material.table["metric"] == "accuracy"]
    chance = rows["chance"].dropna()
    if chance.empty:
        return f"{scores}."
    return f"{scores} (chance of {spoken('accuracy')} {chance.iloc[0]:.3f})."


def _each(values: Mapping[str, float], form: str = ".2f") -> str:
    """Return a number a variant, or the number alone where there is one variant.

    Examples
    --------
    >>> _each({"plain": 0.5}), _each({"plain": 0.5, "both": 0.25}, ".0%")
    ('0.50', '50% (plain) and 25% (both)')
    """
    if len(values) == 1:
        return f"{next(iter(values.values())):{form}}"
    return listing([f"{value:{form}} ({name})" for name, value in values.items()])


def span(values: Any, form: str) -> str:
    """Return the least and the largest number with proper minus signs.

    Examples
    --------
    >>> span([-0.25, 0.5], ".2f")
    '−0.25 to 0.50'
    """
    return span_of(list(values), form).replace("-", "−")
