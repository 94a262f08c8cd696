"""The band of a curve over seeds, as one filled outline."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from .ink import faded


def band(
    x: npt.ArrayLike,
    low: npt.ArrayLike,
    high: npt.ArrayLike,
    color: str,
    *,
    rim: float = 0.75,
    **more: Any,
) -> go.Scatter:
    """Return the outline along the upper ends and back along the lower ones.

    Parameters
    ----------
    x, low, high
        ``(K,)`` places, rising, and the ends of the band there.
    color
        Colour of the curve, as ``#rrggbb``.
    rim
        Width of the outline; 0 for none.
    more
        Further properties of the trace.

    Examples
    --------
    >>> trace = band([1, 2], [0, 1], [2, 3], "#000000")
    >>> trace.x.tolist(), trace.y.tolist()
    ([1, 2, 2, 1, 1], [2, 3, 1, 0, 2])
    """
    place, foot, top = (np.asarray(values) for values in (x, low, high))
    return go.Scatter(
        x=np.concatenate([place, place[::-1], place[:1]]),
        y=np.concatenate([top, foot[::-1], top[:1]]),
        mode="lines",
        line={"color": faded(color, 0.4), "width": rim},
        fill="toself",
        fillcolor=faded(color, 0.12),
        hoverinfo="skip",
        **more,
    )
