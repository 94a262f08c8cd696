"""Points that are central for other reasons than their degree, counted."""

from __future__ import annotations

import pandas as pd


def beyond_shares(table: pd.DataFrame, measure: str) -> tuple[float, float]:
    """Return the shares of points above, and below, the null in every seed.

    Parameters
    ----------
    table
        Rows of one variant of ``Material.measures``.
    measure
        "pagerank", "core" or "clustering".

    Examples
    --------
    >>> beyond_shares(pd.DataFrame(
    ...     {"seeds": 2, "core above": [2.0, 1.0], "core below": [0.0, 0.0]}), "core")
    (0.5, 0.0)
    """
    sides = (table[f"{measure} {side}"].dropna() for side in ("above", "below"))
    above, below = (float((side == table["seeds"].iloc[0]).mean()) for side in sides)
    return above, below
