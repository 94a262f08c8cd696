"""Comparisons of several splits as one: splits, seeds and points drawn together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check, statistics
from .metrics import FAMILY, in_family, range_of
from .table import verdicts

COLUMNS = [
    "metric",
    "variant",
    "kind",
    "mean",
    "low",
    "high",
    "splits",
    "difference",
    "diff_low",
    "diff_high",
    "verdict",
    "p",
    "holm",
    "better",
    "chance",
]
SETTINGS = ("k", "metric", "space")  # attrs that all tables share
_KEY = ["metric", "variant", "kind"]
_NEEDED = [*_KEY, "mean", "verdict", "better"]


def over_splits(
    tables: Sequence[pd.DataFrame],
    *,
    test_per_train: float,
    family: Sequence[str] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return what the comparisons of several splits say together.

    A split has training rows, test rows and seeds of its own, so its mean over seeds
    is one value, and the variance between splits holds all three. Seeds within a split
    only make its value steadier: more splits tell more than more seeds.

    Parameters
    ----------
    tables
        One table of `compare` a split, of the same variants, baseline and k.
    test_per_train
        Test rows per training row where splits are drawn from the same rows, such as
        ``0.25`` for 20 % test and 80 % training rows; 0 where every split has rows of
        its own, as sets that are generated afresh have.
    family
        Metrics that the table asks first, and the first of them leads, as in
        `compare`; None takes those of the first table.
    confidence
        Confidence level of intervals.

    Returns
    -------
    pandas.DataFrame
        One row a metric and variant that any table has, in the order of the first:

        metric, variant, kind, better
            As in `compare`.
        mean, low, high, splits
            Mean over splits and its interval within the metric's range, and how many
            splits have the number.
        difference, diff_low, diff_high
            Mean difference to the baseline of the same split, with its interval.
        verdict, p, holm
            As in `compare`, by the same rule; "cannot tell: 2 splits" below three.
        chance
            Mean over splits of what chance gives; NaN where a table does not say it.

        ``attrs`` hold baseline, confidence, family, over ("splits"), test_per_train,
        values (metric to variant to the number of every split) and, where the tables
        have them, k, metric and space. `refnet_viz.plot.compare` draws the table.

    Raises
    ------
    TypeError
        If `tables` are no tables.
    ValueError
        If they lack a column, are of other variants or another baseline, or one is
        there twice.

    Notes
    -----
    Estimand: the expected difference over splits anew, each with its rows and seeds.
    Assumptions: values of splits are about normal; where splits share rows, they are
    as alike as the correction of Nadeau and Bengio takes them to be: see
    `refnet_viz.statistics.of_splits`. Measured: tests/benchmarks/RESULTS.md.

    Source: Nadeau and Bengio 2003, "Inference for the generalization error", Machine
    Learning 52; Holm 1979.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import compare, knn
    >>> def of_split(number):
    ...     rng = np.random.default_rng(number)
    ...     labels = np.arange(40) % 2
    ...     noise = rng.normal(size=(40, 2))
    ...     spaces = {"plain": noise, "apart": noise + 3 * labels[:, None]}
    ...     return compare(
    ...         {x: knn(Embedding.from_arrays(z, labels=labels), 3)
    ...          for x, z in spaces.items()}, metrics=["purity"])
    >>> table = over_splits([of_split(i) for i in range(4)], test_per_train=0)
    >>> table[["metric", "variant", "splits", "verdict"]]
       metric variant  splits   verdict
    0  purity   plain       4  baseline
    1  purity   apart       4    higher
    """
    tables = _check.several("tables", tables)
    ratio = _check.number("test_per_train", test_per_train, low=0)
    confidence = _check.number("confidence", confidence, low=0.01, high=0.9999)
    splits = [_means(number, table) for number, table in enumerate(tables)]
    baseline = _baseline(tables)
    chances = [_chances(table) for table in tables]
    questions: dict[tuple[str, str, str], Any] = {}
    for split, one in zip(splits, tables, strict=True):
        for key, better in zip(split.index, one["better"], strict=True):
            questions.setdefault(key, better)
    first = _first(family, tables[0], [metric for metric, _, _ in questions])
    rows: list[dict[str, Any]] = []
    numbers: dict[str, dict[str, list[float]]] = {}
    for key, better in questions.items():
        values, theirs = (
            np.array([split.get(one, np.nan) for split in splits], dtype=np.float64)
            for one in (key, (key[0], baseline, "variant"))
        )
        row = dict(zip(_KEY, key, strict=True)) | {"better": better}
        row["chance"] = float(np.mean([each.get(key, np.nan) for each in chances]))
        rows.append(row | _numbers(values, range_of(key[0]), ratio, confidence))
        if key[1:] == (baseline, "variant"):
            rows[-1]["verdict"] = statistics.BASELINE
        else:
            apart = statistics.of_splits(
                values - theirs, test_per_train=ratio, confidence=confidence
            )
            rows[-1] |= {
                "difference": apart.value,
                "diff_low": apart.low,
                "diff_high": apart.high,
                "p": apart.p,
                "reason": apart.reason,
            }
        if key[2] == "variant":
            numbers.setdefault(key[0], {})[key[1]] = values.tolist()
    table = verdicts(
        pd.DataFrame(rows, columns=[*COLUMNS, "reason"]), first, confidence
    )[COLUMNS]
    of_all = {name: tables[0].attrs.get(name) for name in SETTINGS}
    table.attrs = {
        **{name: value for name, value in of_all.items() if value is not None},
        "baseline": baseline,
        "confidence": confidence,
        "family": first,
        "over": "splits",
        "test_per_train": ratio,
        "values": numbers,
    }
    return table


def _means(number: int, table: Any) -> pd.Series[float]:
    """Return the means of a table, by metric, variant and kind."""
    name = f"tables[{number}]"
    _check.instance(name, table, pd.DataFrame, example="be a table of `compare`")
    lacking = [column for column in _NEEDED if column not in table]
    if lacking:
        raise ValueError(
            f"`{name}` must be a table of `compare`, got one without {lacking[0]!r}."
        )
    for column in _KEY:
        for word in table[column]:
            _check.instance(f"{name}[{column!r}]", word, str, example="hold names")
    if not pd.api.types.is_numeric_dtype(table["mean"]):
        kinds = ", ".join(dict.fromkeys(type(x).__name__ for x in table["mean"]))
        raise ValueError(f"`{name}` must have numbers as means, got {kinds}.")
    means = table.set_index(_KEY)["mean"].astype(float)
    if np.isinf(means).any():
        raise ValueError(f"`{name}` must have no infinite means, got inf.")
    if not means.index.is_unique:
        twice = means.index[means.index.duplicated()][0]
        raise ValueError(
            f"`{name}` must have one row a metric and variant, got two of "
            f"{twice[0]!r} and {twice[1]!r}."
        )
    return means


def _chances(table: pd.DataFrame) -> Mapping[Any, float]:
    """Return chance by metric, variant and kind, as far as a table says it."""
    if "chance" not in table or not pd.api.types.is_numeric_dtype(table["chance"]):
        return {}
    chances: dict[Any, float] = table.set_index(_KEY)["chance"].astype(float).to_dict()
    return chances


def _baseline(tables: list[pd.DataFrame]) -> str:
    """Return the variant that all tables compare with, where they ask the same."""
    if not tables:
        raise ValueError("`tables` must hold at least one table, got none.")
    asked = []
    for number, table in enumerate(tables):
        judged = table[table["kind"] == "variant"]
        of_table = judged.loc[judged["verdict"] == statistics.BASELINE, "variant"]
        if of_table.nunique() != 1:
            raise ValueError(
                f"`tables[{number}]` must have one baseline, got {of_table.nunique()}."
            )
        settings = tuple(table.attrs.get(name) for name in SETTINGS)
        variants = tuple(dict.fromkeys(judged["variant"]))
        asked.append((str(of_table.iloc[0]), variants, settings))
        if asked[-1] != asked[0]:
            raise ValueError(
                "`tables` must have the same baseline, variants, k, metric and space, "
                f"got {asked[0]} and {asked[-1]}."
            )
        for other in range(number):
            if tables[other].equals(table):
                raise ValueError(
                    "`tables` must be of different splits, got the same table as "
                    f"tables[{other}] and tables[{number}]."
                )
    return asked[0][0]


def _first(
    family: Sequence[str] | None, table: pd.DataFrame, metrics: list[str]
) -> list[str]:
    """Return the metrics that are asked first."""
    names = list(dict.fromkeys(metrics))
    if family is None:
        family = table.attrs.get("family", FAMILY)
    else:
        allowed = [*names, *(name.partition(" for ")[0] for name in names)]
        family = _check.several_of("family", family, dict.fromkeys(allowed))
    return [name for one in family for name in names if in_family(name, [one])]


def _numbers(
    values: npt.NDArray[np.float64],
    span: tuple[float, float],
    ratio: float,
    confidence: float,
) -> dict[str, Any]:
    """Return the mean over splits, its interval and how many splits have it."""
    band = statistics.of_splits(values, test_per_train=ratio, confidence=confidence)
    count = int(np.isfinite(values).sum())
    low, high = statistics.within(band.low, band.high, len(values), span)
    return {"mean": float(values.mean()), "low": low, "high": high, "splits": count}
