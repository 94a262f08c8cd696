"""The rows of a regime's frame: every variant at one level, beside the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import statistics
from .._nested import Variants
from ..graph.metrics import in_family
from ..train.run import Run

Floats = npt.NDArray[np.float64]
SHARE = (0.0, 1.0)
NUMBERS = ["mean", "low", "high", "difference", "diff_low", "diff_high"]


def rows_of(
    values: Mapping[str, Floats],
    runs: Variants[Run],
    *,
    baseline: str,
    confidence: float,
    step: float,
    span: tuple[float, float] = SHARE,
) -> list[dict[str, Any]]:
    """Return a row a variant: mean, band, and difference to the baseline.

    Parameters
    ----------
    values
        Variant to one number a seed.
    runs
        Where the numbers come from, in the same order.
    baseline
        The variant the others are compared with; where `values` lack it, there are no
        differences and no verdicts.
    confidence
        Confidence level of bands and intervals, between 0 and 1.
    step
        Smallest possible change of a number.
    span
        Smallest and largest value that a number can have.
    """
    seeds: dict[str, list[object]] = {
        name: [run.seed for run in members] for name, members in runs.items()
    }
    rows = []
    for name, scores in values.items():
        low, high = statistics.seed_band(scores, confidence, span)
        row = {
            "variant": name,
            "mean": float(scores.mean()),
            "low": low,
            "high": high,
            "verdict": statistics.BASELINE if name == baseline else "",
            "seeds": len(scores),
        }
        if name != baseline and baseline in values:
            apart = statistics.difference(
                (scores, seeds[name]),
                (values[baseline], seeds[baseline]),
                confidence=confidence,
                step=step,
            )
            row |= difference_of(apart)
        rows.append(row)
    return rows


def difference_of(difference: statistics.Difference) -> dict[str, Any]:
    """Return the columns of a difference, and what its verdict is made of."""
    return {
        "difference": difference.value,
        "diff_low": difference.low,
        "diff_high": difference.high,
        "p": difference.p,
        "reason": difference.reason or statistics.seeds_of(difference.seeds),
    }


def as_frame(rows: list[dict[str, Any]], key: str, **attributes: Any) -> pd.DataFrame:
    """Return tidy rows; `key` names the column of levels, conditions or fractions."""
    names = [
        "metric",
        "variant",
        key,
        *NUMBERS,
        "verdict",
        "chance",
        "seeds",
    ]
    table = pd.DataFrame(rows, columns=[*names, "p", "reason"])
    table[NUMBERS] = table[NUMBERS].astype(float)
    table["verdict"] = _verdicts(table, attributes.get("confidence", 0.95))
    table.attrs.update(attributes)
    return table[names]


def _verdicts(table: pd.DataFrame, confidence: float) -> pd.Series[Any]:
    """Return the verdicts, which pay for all differences of the table."""
    settled = table["verdict"].isin([statistics.BASELINE])
    settled |= table["p"].isna() & table["reason"].isna()
    open_rows = table[~settled]
    words, _ = statistics.judge(
        open_rows["difference"].to_numpy(dtype=float),
        open_rows["p"].to_numpy(dtype=float),
        [
            statistics.PRIMARY if in_family(name) else statistics.REST
            for name in open_rows["metric"]
        ],
        open_rows["reason"].tolist(),
        confidence=confidence,
    )
    judged = pd.Series(words, index=open_rows.index, dtype=object)
    return table["verdict"].where(settled, judged)
