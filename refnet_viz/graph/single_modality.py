"""Verdicts on variants beside every single modality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import statistics

# Metrics by which variants are asked, the first that there is before the others.
ASKED = ("accuracy", "mae", "purity")


def modality_of(rail: str, modalities: Sequence[str]) -> str | None:
    """Return the modality that a rail is of alone; None for a rail of several.

    Examples
    --------
    >>> modality_of("text only", ["text"]), modality_of("text", ["text"])
    ('text', 'text')
    >>> modality_of("sum", ["text"]) is None
    True
    """
    names = {f"{name} only": name for name in modalities}
    return names.get(rail) or (rail if rail in modalities else None)


def worst(rows: Sequence[dict[str, Any]], better: str) -> dict[str, Any]:
    """Return the row of a variant beside the modality that speaks most against fusion.

    A variant beats every modality when it beats the one that it beats least surely, so
    the largest p value of them needs no correction (an intersection-union test, Berger
    1982). Where some modality is ahead, the surest of those counts, with a p value that
    pays for all modalities (Bonferroni).

    Parameters
    ----------
    rows
        One a modality: difference (variant minus modality) and p.
    better
        "higher" or "lower".

    Examples
    --------
    >>> rows = [{"difference": 0.1, "p": 0.01}, {"difference": 0.2, "p": 0.001}]
    >>> worst(rows, "higher")["p"]
    0.01
    >>> rows = [{"difference": -0.1, "p": 0.01}, {"difference": 0.2, "p": 0.001}]
    >>> worst(rows, "higher")["p"]
    0.02
    """
    sign = 1 if better == "higher" else -1
    behind = [row for row in rows if sign * row["difference"] <= 0]
    if not behind:
        return max(rows, key=lambda row: _known(row["p"], 1.0))
    row = min(behind, key=lambda row: _known(row["p"], 1.0))
    return row | {"p": min(1.0, row["p"] * len(rows))}


def _known(p: float, other: float) -> float:
    return other if np.isnan(p) else p


def judged(
    rows: Sequence[dict[str, Any]], *, confidence: float
) -> list[dict[str, Any]]:
    """Return the rows with their verdicts, which pay for all variants (Holm).

    Parameters
    ----------
    rows
        One a variant: difference, p and reason.
    confidence
        As of `statistics.judge`.
    """
    words, corrected = statistics.judge(
        [row["difference"] for row in rows],
        [row["p"] for row in rows],
        [statistics.PRIMARY] * len(rows),
        [row["reason"] for row in rows],
        confidence=confidence,
    )
    return [
        {key: row[key] for key in row if key != "reason"}
        | {"holm": float(p), "verdict": word}
        for row, p, word in zip(rows, corrected, words, strict=True)
    ]
