"""Metadata of points as the pane of details says it: measures of graphs in a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..data.meaning import distinct, texts
from ..graph.measured import BEYOND, HIGH, LOW, OVER, grouped


def facts_of(table: pd.DataFrame) -> dict[str, list[str]]:
    """Return the metadata of points as texts, the columns of a measure as one.

    Parameters
    ----------
    table
        Metadata of some points.

    Examples
    --------
    >>> facts_of(pd.DataFrame({
    ...     "kind": ["a"], "core, k 2": [3.0], "core over null, k 2": [1.5],
    ...     "core beyond null, k 2": ["above; 1 seed: no band"]}))
    {'kind': ['a'], 'core, k 2': ['3 (1.50 × null), above; 1 seed: no band']}
    """
    names = distinct(table.columns)
    columns = {name: table.iloc[:, i] for i, name in enumerate(names)}
    groups = grouped(names)
    members = {title for parts in groups.values() for title in parts.values()}
    facts = {}
    for name, column in columns.items():
        if name in groups:
            parts = {part: columns[title] for part, title in groups[name].items()}
            facts[name] = _measures(column, parts)
        elif name not in members:
            facts[name] = texts(column)
    return facts


def _measures(values: Any, parts: Mapping[str, Any]) -> list[str]:
    """Return values beside null and band, as texts; empty where there are none."""
    missing = [float("nan")] * len(values)
    columns = [parts.get(part, missing) for part in (OVER, LOW, HIGH, BEYOND)]
    rows = zip(values, *columns, strict=True)
    return ["" if pd.isna(row[0]) else _measure(*row) for row in rows]


def _measure(value: float, over: float, low: float, high: float, beyond: Any) -> str:
    null = "null 0" if pd.isna(over) else f"{over:.2f} × null"
    band = f", seeds [{low:.3g}, {high:.3g}]" if pd.notna(low) else ""
    return f"{value:.3g} ({null}){band}, {beyond}"
