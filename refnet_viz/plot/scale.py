"""Colour scales of numbers, times and durations: what stands beside them."""

from __future__ import annotations

import datetime as dt

import numpy as np

UNITS = (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0), ("s", 1.0))
_START = dt.datetime(1970, 1, 1)


def moment(seconds: float, span: float) -> str:
    """Return a time as a date, with the time of day where a scale is below four days.

    Examples
    --------
    >>> moment(86_400.0, 1e7), moment(86_400.0, 3600)
    ('1970-01-02', '1970-01-02 00:00')
    """
    when = _START + dt.timedelta(seconds=round(float(seconds)))
    if span >= 4 * 86_400:
        return when.date().isoformat()
    return when.isoformat(" ", "minutes" if span >= 600 else "seconds")


def length(seconds: float, span: float) -> str:
    """Return a duration in the unit that suits a scale.

    Examples
    --------
    >>> length(5_400, 10_000), length(30, 50)
    ('1.5 h', '30 s')
    """
    unit, size = next((u for u in UNITS if span >= 2 * u[1]), UNITS[-1])
    return f"{seconds / size:.4g} {unit}"


def text_of(kind: str, value: float, span: float) -> str:
    """Return a number of a scale as people read it.

    Examples
    --------
    >>> text_of("numbers", 1234.5678, 1.0), text_of("times", float("nan"), 1.0)
    ('1235', 'nan')
    """
    if kind == "numbers" or np.isnan(value):
        return f"{value:.4g}"
    return moment(value, span) if kind == "times" else length(value, span)


def ticks(kind: str, low: float, high: float) -> tuple[list[float], list[str]]:
    """Return up to about six places on a scale of times or durations, and their texts.

    Examples
    --------
    >>> ticks("times", 0.0, 3 * 365 * 86_400.0)[1][:3]
    ['1970-01-01', '1970-07-01', '1971-01-01']
    """
    # Both take a while to import.
    from matplotlib.dates import AutoDateLocator, num2date  # noqa: PLC0415
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    if kind == "times":
        ends = [_START + dt.timedelta(seconds=float(end)) for end in (low, high)]
        locator = AutoDateLocator(minticks=3, maxticks=7)
        candidates = [
            (num2date(day).replace(tzinfo=None) - _START).total_seconds()
            for day in locator.tick_values(*ends)
        ]
    else:
        unit = next((size for _, size in UNITS if high - low >= 2 * size), 1.0)
        steps = MaxNLocator(5).tick_values(low / unit, high / unit)
        candidates = [float(value) * unit for value in steps]
    inside = [value for value in candidates if low <= value <= high] or [low, high]
    # Steps below a second read alike: each text stands once.
    places = {text_of(kind, value, high - low): value for value in reversed(inside)}
    return list(places.values())[::-1], list(places)[::-1]
