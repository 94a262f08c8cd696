"""A comparison in plain words: what differs beyond noise, and what does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..statistics import ALONE, is_alone, is_inside, is_undecided

OPPOSITE = {"higher": "lower", "lower": "higher"}
WORDS = {
    "better": "Better, beyond noise",
    "worse": "Worse, beyond noise",
    "other": "Different beyond noise, where no direction is better",
    "alone": "Different if it were the only question: not shown by so large a table",
    "inside": "Inside noise: not shown to help or to harm",
    "unknown": "Cannot tell from noise: too few seeds or points",
}
EXACT = ("better", "worse", "alone")  # of the others the names are enough


@dataclass(frozen=True)
class Finding:
    """One line of what was found.

    Parameters
    ----------
    subject
        The variant it is about.
    kind
        A key of `WORDS`.
    points
        The metrics in the order of the table; with differences where they are better
        or worse.
    """

    subject: str
    kind: str
    points: tuple[str, ...]

    @property
    def words(self) -> str:
        """The statement about the points, in words."""
        return WORDS[self.kind]


def findings(table: pd.DataFrame) -> list[Finding]:
    """Return for every variant what differs from the baseline, and what does not.

    Parameters
    ----------
    table
        Table of `refnet_viz.compare`.

    Returns
    -------
    list
        By variant: better, worse, different, different if it were the only question,
        inside noise, undecided. That
        nothing is better or worse is said, too; others without points are left out.

    Examples
    --------
    >>> row = {"metric": "purity", "kind": "variant", "better": "higher",
    ...        "difference": 0.1, "diff_low": 0.05, "diff_high": 0.15}
    >>> table = pd.DataFrame([{**row, "variant": "plain", "verdict": "baseline"},
    ...                       {**row, "variant": "both", "verdict": "higher"}])
    >>> [(found.kind, *found.points) for found in findings(table)]
    [('better', 'purity +0.100 [+0.050, +0.150]'), ('worse',)]
    """
    rows = table[(table["kind"] == "variant") & table["difference"].notna()]
    rows = rows[rows["verdict"] != "baseline"]
    lines = []
    for name in dict.fromkeys(rows["variant"]):
        points_by_kind: dict[str, list[str]] = {kind: [] for kind in WORDS}
        for row in rows[rows["variant"] == name].to_dict("records"):
            kind = kind_of(row)
            points_by_kind[kind].append(_point(row, exact=kind in EXACT))
        judged = any(points_by_kind[kind] for kind in WORDS if kind != "unknown")
        lines += [
            Finding(str(name), kind, tuple(points))
            for kind, points in points_by_kind.items()
            if points or (judged and kind in {"better", "worse"})
        ]
    return lines


def kind_of(row: dict[Any, Any]) -> str:
    """Return which line of the findings a row of the table belongs to.

    Examples
    --------
    >>> kind_of({"verdict": "lower", "better": "higher"})
    'worse'
    """
    words = row["verdict"]
    if is_undecided(words):
        return "unknown"
    if is_inside(words) or is_alone(words):
        return "inside" if is_inside(words) else "alone"
    if not row["better"]:
        return "other"
    return "better" if row["verdict"] == row["better"] else "worse"


def _point(row: dict[Any, Any], *, exact: bool) -> str:
    """Return a metric, with its difference and interval where that is the news."""
    words = spoken(row["metric"])
    if exact:
        words += f" {signed(row['difference'])}"
    if exact and pd.notna(row["diff_low"]):
        words += f" [{signed(row['diff_low'])}, {signed(row['diff_high'])}]"
    return words


def beside_rails(table: pd.DataFrame) -> list[str]:
    """Return a line a metric: which variants are ahead of every rail, or behind one.

    The verdicts are those of ``attrs["rails"]``, which pay for all rails, variants and
    metrics; without them nothing is said. Only metrics of answers and labels are asked:
    a modality's own graph overlaps with itself by definition.
    """
    lines: dict[str, list[dict[str, Any]]] = {}
    for row in table.attrs.get("rails", []):
        lines.setdefault(row["metric"], []).append(row)
    return [_beside_rail(table, name, rows) for name, rows in lines.items()]


def _beside_rail(table: pd.DataFrame, name: str, rows: list[dict[str, Any]]) -> str:
    rails = table[(table["metric"] == name) & (table["kind"] == "rail")]
    better = str(rails["better"].iloc[0])
    sign = 1 if better == "higher" else -1
    best = rails.iloc[int(np.argmax(sign * rails["mean"].to_numpy()))]
    places: dict[str, list[str]] = {}
    for row in rows:
        words = row["verdict"]
        place = words
        if is_inside(words):
            place = "not told apart from the rails"
        elif not is_undecided(words):
            ahead = words.startswith(better)
            place = "ahead of every rail" if ahead else "behind a rail"
            place += ALONE * is_alone(words)
        places.setdefault(place, []).append(str(row["variant"]))
    parts = [f"{place}: {', '.join(names)}" for place, names in places.items()]
    rail = f"{spoken(name)}: the best rail is {best['variant']}"
    return f"{rail} ({best['mean']:.3f}); {'; '.join(parts)}."


def like_permuted(table: pd.DataFrame) -> list[str]:
    """Return the variants that do no better than permuted labels, with the metric."""
    rows = table[(table["kind"] == "variant") & table["null_low"].notna()]
    inside = rows["mean"].between(rows["null_low"], rows["null_high"])
    like = rows[inside]
    return [
        f"{row['variant']} in {spoken(row['metric'])}" for _, row in like.iterrows()
    ]


def spoken(metric: Any) -> str:
    """Return a metric's name in words.

    Examples
    --------
    >>> spoken("adjusted_homophily")
    'adjusted homophily'
    """
    return str(metric).replace("_", " ")


def signed(value: float) -> str:
    """Return a difference with its sign, three places and a proper minus.

    Examples
    --------
    >>> signed(-0.25), signed(0.5)
    ('−0.250', '+0.500')
    """
    return f"{value:+.3f}".replace("-", "−")
