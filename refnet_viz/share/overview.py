"""The words and tables of a report: what was found, and what was compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..data.dataset import Dataset
from ..graph.measures import USUAL
from ..plot.manifest import versions
from ..statistics import LEAST, is_undecided, seeds_of
from . import markup
from .central import beyond_shares
from .findings import (
    OPPOSITE,
    beside_rails,
    findings,
    kind_of,
    like_permuted,
    signed,
    spoken,
)
from .markup import Cell, text
from .material import Material

COLUMNS = (
    "metric",
    "variant",
    "mean",
    "band",
    "seeds",
    "difference",
    "verdict",
    "Holm p",
    "chance",
    "permuted labels",
)
CORRECTED = (
    "Better, worse and different are what stands although the table asks so many "
    "questions (Holm)."
)


def what_was_found(material: Material) -> str:
    """Return what differs and what does not, variant by variant."""
    table = material.table
    lines_found = findings(table)
    blocks = []
    for name in dict.fromkeys(finding.subject for finding in lines_found):
        lines = [
            f"<b>{text(finding.words)}:</b> {_listed(finding.points)}."
            for finding in lines_found
            if finding.subject == name
        ]
        against = f"{text(name)} beside {text(material.baseline)}"
        blocks.append(f"<h3>{against}</h3>{markup.items(lines)}")
    if not lines_found:
        blocks.append("<p>There is only one variant: nothing is compared.</p>")
    beside = beside_rails(table)
    beside += interactions(material)
    if beside:
        rails = markup.items(map(text, beside))
        blocks.append(f"<h3>Beside single modalities and linear models</h3>{rails}")
    if table["null_low"].notna().any():
        blocks.append(f"<h3>Beside permuted labels</h3><p>{_permuted(table)}</p>")
    return f'{"".join(blocks)}<p class="note">{_legend(table)}</p>'


def interactions(material: Material) -> list[str]:
    """Return what the rails say of products of modalities, if anything."""
    infos = [rail.info for rail in (material.rails or {}).values()]
    return [info["interaction"]["words"] for info in infos if "interaction" in info]


def _listed(points: tuple[str, ...]) -> str:
    """Return metrics of which none is broken over two lines."""
    kept = (f'<span class="whole">{text(point)}</span>' for point in points)
    return ", ".join(kept) or "nothing"


def _permuted(table: pd.DataFrame) -> str:
    like = like_permuted(table)
    if not like:
        return "Every mean lies outside what permuted labels give."
    return f"No different from permuted labels: {text(', '.join(like))}."


def _legend(table: pd.DataFrame) -> str:
    seeds = table.loc[table["kind"] == "variant", "seeds"]
    count = " to ".join(dict.fromkeys(f"{n}" for n in (seeds.min(), seeds.max())))
    judged = not table["verdict"].map(is_undecided).any()
    if count == "1" and judged:
        return (
            f"Differences of fixed embeddings, with {table.attrs['confidence']:.0%} "
            "intervals over points: how another seed of either would do they do not "
            f"say. {CORRECTED}"
        )
    if count == "1":
        return (
            "Differences of single runs. Two seeds of one variant differ, too: train "
            "several to tell an effect from that."
        )
    if seeds.max() < LEAST:
        return (
            f"Means over {count} seeds, whose spread says too little of the noise: "
            "train three or more to tell an effect from that."
        )
    return (
        f"Means over {count} seeds, differences with {table.attrs['confidence']:.0%} "
        f"intervals over seeds and, where that is known, points. {CORRECTED}"
    )


def what_was_compared(material: Material, data: Dataset | None) -> str:
    """Return variants, seeds, settings, data and versions."""
    first = material.first
    configs = {name: run.info.get("config", {}) for name, run in first.items()}
    same, differ = _settings(configs)
    columns = [
        "variant",
        "seeds",
        "points",
        "width of z",
        *differ,
        "data",
        "fingerprint",
    ]
    rows = []
    for name, members in material.variants.items():
        info = members[0].info
        seeds = ", ".join(str(run.info.get("seed", "unknown")) for run in members)
        rows.append(
            [
                name,
                seeds,
                f"{len(members[0]):,}",
                members[0].z.shape[1],
                *(configs[name].get(key, "–") for key in differ),
                info.get("dataset", "unknown"),
                info.get("fingerprint", "unknown"),
            ]
        )
    shared = "<p>How they were made is not known to the embeddings.</p>"
    if same:
        content = markup.table("Settings", ["setting", "value"], list(same.items()))
        shared = markup.folded("Settings that all variants share", content)
    programs = markup.table(
        "Versions", ["program", "version"], list(_versions(material).items())
    )
    folded = markup.folded("Versions of programs", programs)
    return markup.table("Variants", columns, rows) + _about(data) + shared + folded


def _settings(
    configs: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[str, Any], list[str]]:
    """Return the settings that all variants share, and names of those that differ."""
    names = list(dict.fromkeys(key for config in configs.values() for key in config))
    values = {key: [config.get(key) for config in configs.values()] for key in names}
    same = {k: v[0] for k, v in values.items() if all(one == v[0] for one in v)}
    return same, [key for key in names if key not in same]


def _versions(material: Material) -> dict[str, str]:
    """Return versions of what trained the runs and of what wrote the report."""
    training = material.every[0].info.get("versions", {})
    return versions() | {f"{name} (training)": str(training[name]) for name in training}


def _about(data: Dataset | None) -> str:
    if data is None:
        return "<p>No dataset was given, so no linear models are compared.</p>"
    names, counts = np.unique(data.split, return_counts=True)
    rows = ", ".join(f"{n:,} {name}" for name, n in zip(names, counts, strict=True))
    return (
        f"<p>Dataset {text(data.name)} ({text(data.fingerprint)}): {text(rows)} rows; "
        "linear models of each modality and of all stand beside the variants.</p>"
    )


def comparison_table(table: pd.DataFrame) -> str:
    """Return the whole table of a comparison, a group of rows a metric."""
    head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    groups = []
    for name in dict.fromkeys(table["metric"]):
        rows = table[table["metric"] == name].to_dict("records")
        better = f"<small>{rows[0]['better']} is better</small>"
        title = text(spoken(name)) + (better if rows[0]["better"] else "")
        first = f'<th scope="rowgroup" rowspan="{len(rows)}">{title}</th>'
        lines = [markup.line(_row(row)) for row in rows]
        body = "".join(f"<tr>{cells}</tr>" for cells in [first + lines[0], *lines[1:]])
        groups.append(f"<tbody>{body}</tbody>")
    caption = (
        f"Every metric of the graphs with {table.attrs['k']} neighbours a point, "
        f"verdicts against {table.attrs['baseline']}"
    )
    return markup.framed(caption, f"<thead><tr>{head}</tr></thead>{''.join(groups)}")


def label_edges_table(material: Material) -> str:
    """Return how often each kind of edge joins one label, beside chance, with bands.

    Empty without labels.
    """
    table = material.label_edges
    if table is None:
        return ""
    rows = [
        [
            f"{row['variant']}, {row['graph']}: {row['kind']}",
            row["seeds"],
            f"{row['edges']:,.0f}",
            number(row["same"]),
            number(row["chance"]),
            number(row["excess"]),
            interval(row),
        ]
        for row in table.to_dict("records")
        if row["edges"] > 0
    ]
    columns = [
        "edges of",
        "seeds",
        "edges",
        "same label",
        "chance",
        "excess",
        "95% interval",
    ]
    caption = (
        "Edges that join rows of one label, by the modalities that have them: means "
        "over seeds; excess is (same − chance) / (1 − chance), 1 at best, 0 by chance"
    )
    return markup.table(caption, columns, rows)


def interval(row: Mapping[Any, Any]) -> str:
    """Return an interval and what it covers, or why there is none.

    Examples
    --------
    >>> interval({"low": 0.5, "high": 0.75, "over": "both", "seeds": 3})
    '0.500 to 0.750 over seeds and points'
    >>> interval({"low": np.nan, "high": np.nan, "over": "", "seeds": 2})
    '2 seeds: no band'
    """
    if not row["over"]:
        few = row["seeds"] < LEAST
        return f"{seeds_of(row['seeds'])}: no band" if few else "not defined"
    over = {"both": "seeds and points"}.get(row["over"], row["over"])
    alone = f" ({seeds_of(1)}: no band over seeds)" * (row["seeds"] == 1)
    return f"{span(row['low'], row['high'])} over {over}{alone}"


def measures_table(material: Material) -> str:
    """Return how many points are beyond random graphs of the same degrees, by variant.

    With the width of the band over seeds, of three seeds or more.
    """
    rows = []
    for variant, table in material.measures.groupby("variant", sort=False):
        seeds = int(table["seeds"].iloc[0])
        for name in USUAL:
            low, high = table[f"{name} seed low"], table[f"{name} seed high"]
            band = f"{seeds_of(seeds)}: no band"
            if seeds >= LEAST:
                band = f"± {(high - low).median() / 2:.3g}"
            shares = beyond_shares(table, name)
            rows.append(
                [
                    f"{variant}: {name}",
                    seeds,
                    number(table[f"{name} mean"].mean()),
                    number(table[f"{name} null"].mean()),
                    *(f"{share:.1%}" for share in shares),
                    band,
                ]
            )
    columns = [
        *("measure", "seeds", "mean", "of random graphs", "above in all seeds"),
        *("below in all seeds", "band of a point (median)"),
    ]
    caption = (
        "Measures of points beside random graphs in which every point keeps its in- "
        "and out-degree; by chance at most 2.5% of points are above, and below"
    )
    return markup.table(caption, columns, rows)


def _row(row: dict[Any, Any]) -> list[Any]:
    name = row["variant"] + " (rail)" * bool(row["kind"] == "rail")
    difference = "–" if pd.isna(row["difference"]) else signed(row["difference"])
    if pd.notna(row["diff_low"]):
        difference += f" [{signed(row['diff_low'])}, {signed(row['diff_high'])}]"
    return [
        name,
        number(row["mean"]),
        span(row["low"], row["high"]),
        row["seeds"],
        difference,
        _verdict(row),
        number(row["holm"]),
        number(row["chance"]),
        span(row["null_low"], row["null_high"]),
    ]


def _verdict(row: dict[Any, Any]) -> str:
    words = row["verdict"] if isinstance(row["verdict"], str) else ""
    if words not in OPPOSITE:
        return words
    kind = kind_of(row)
    if kind == "other":
        return words
    return Cell(f"{words}: {kind}", "good" if kind == "better" else "bad")


def number(value: float) -> str:
    """Return a number with three places, a dash where there is none.

    Examples
    --------
    >>> number(0.5), number(float("nan"))
    ('0.500', '–')
    """
    return "–" if pd.isna(value) else f"{value:.3f}".replace("-", "−")


def span(low: float, high: float) -> str:
    """Return both ends of a band.

    Examples
    --------
    >>> span(-0.5, 0.25)
    '−0.500 to 0.250'
    """
    return "–" if pd.isna(low) else f"{number(low)} to {number(high)}"
