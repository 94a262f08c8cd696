"""`curves`: a metric against noise, missing modalities or the share of labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..graph import METRICS
from ..graph.metrics import range_of
from ..statistics import LEAST, within
from .band import band
from .ink import Ink, ink, stroke
from .looks import colors as colors_of
from .looks import dashes, numbers
from .panels import asked_for, finish, grid, place, row_of
from .record import replayable
from .text import listing, short, small, span

HEIGHT = 260
APART = 1.5  # steps of the axis between the first weight and "off"
WIDE = 1.06  # factor from the middle of a single band to its end
COLUMNS = ("metric", "variant", "mean", "low", "high")
TITLES = {
    "noise": "noise level",
    "missing": "share of missing modalities",
    "level": "level of corruption",
    "fraction": "share of training labels (log scale)",
    "weight": "weight of the refiner (log scale; off: 0)",
}
# What is no metric of a single graph.
HIGHER = {
    "seed_stability",
    "overlap with sum",
    "refined overlap with sum",
    "supported",
    "certified",
}


@replayable
def curves(
    frame: pd.DataFrame,
    metric: str | Sequence[str] | None = None,
    *,
    columns: float | None = None,
    mode: str = "auto",
    caption: bool = False,
) -> go.Figure:
    """Draw what becomes of a metric with noise, gaps, few labels or a heavier refiner.

    A line a variant joins the means over seeds; its band is the columns `low` to
    `high`, left out where there are fewer than three seeds. A dotted line is chance.
    Shares of labels and weights stand on a logarithmic axis; a weight of 0 is no place
    on it, so it stands apart as "off", beyond a break that no line crosses.

    Parameters
    ----------
    frame
        Of `refnet_viz.robustness`, `refnet_viz.label_curve` or
        `refnet_viz.refiner_curve`.
    metric
        One or several of the frame's metrics, a panel each; None draws all that
        depend on the level or fraction.
    columns
        Columns of a journal's page that the figure is wide: 1 (252 pt), 1.5 (387 pt)
        or 2 (517 pt), with as many panels in a row as can be read. A larger whole
        number sets so many in a row on a screen, None as many as are usual.
    mode
        "light", "dark", or "auto": as the notebook or the page around; files of
        pictures are light then.
    caption
        True leaves title and method lines to the caption (`refnet_viz.plot.caption`,
        and the manifest), and gives the panels letters.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    TypeError
        If `frame` is not a DataFrame.
    ValueError
        If it lacks columns or a metric.

    Examples
    --------
    >>> row = {"metric": "accuracy", "variant": "plain", "low": 0.4, "high": 0.6}
    >>> frame = pd.DataFrame([
    ...     {**row, "level": 0.0, "mean": 0.5}, {**row, "level": 1.0, "mean": 0.45}])
    >>> [trace.y.tolist() for trace in curves(frame).data]
    [[0.6, 0.6, 0.4, 0.4, 0.6], [0.5, 0.45]]
    """
    ink(mode)
    key = _key_of(frame)
    frame = frame.infer_objects()  # numbers that came as objects
    frame = frame[frame[key].notna()].assign(at=lambda rows: _placed(rows[key]))
    names = _metrics(frame, metric)
    wide, page = row_of(columns, len(names), 2)
    titles = [
        [f"<b>{short(name.replace('_', ' '))}</b>", small(_direction(name))]
        for name in names
    ]
    look: dict[str, Any] = {"height": HEIGHT, "below": 44, "gap": 14, "width_gap": 0.12}
    figure = grid(titles, columns=wide, page=page, shared=True, **look)
    parts = [frame[frame["metric"] == name] for name in names]
    variants = list(dict.fromkeys(frame["variant"]))
    named: set[str] = set()
    for number, part in enumerate(parts):
        for trace in _panel(part, key, variants, mode):
            # Every variant stands in the legend once.
            trace.showlegend = trace.fill is None and trace.name not in named
            named |= {trace.name} if trace.showlegend else set()
            figure.add_trace(trace, **place(number, wide))
        _axes(figure, part, key, frame.attrs, number + 1)
    figure.update_layout(showlegend=True)
    return finish(
        figure, _title(frame, key), mode, _meta(frame, names), caption=caption
    )


def _key_of(frame: Any) -> str:
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(
            "`frame` must be the DataFrame that rv.robustness, rv.label_curve or "
            f"rv.refiner_curve returned, got {type(frame).__name__}."
        )
    keys = [key for key in ("level", "fraction", "weight") if key in frame.columns]
    missing = [column for column in COLUMNS if column not in frame.columns]
    if missing or not keys:
        raise ValueError(
            f"`frame` must have columns {list(COLUMNS)} and 'level', 'fraction' or "
            f"'weight', lacks {missing or 'the latter'}."
        )
    return keys[0]


def _metrics(frame: pd.DataFrame, metric: str | Sequence[str] | None) -> list[str]:
    available = list(dict.fromkeys(frame["metric"]))
    if not available:
        raise ValueError("`frame` must have at least one row, got none.")
    return asked_for("metric", metric, available)


def _direction(name: str) -> str:
    better = METRICS[name].higher_is_better if name in METRICS else None
    if better or name in HIGHER or name.startswith("responsibility"):
        return "higher is better"
    return "no direction is better" if better is None else "lower is better"


def _placed(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return where levels, fractions and weights stand: 0 apart from a log axis."""
    above = np.sort(values[values > 0].unique())
    if values.name != "weight" or not len(above):
        return values
    step = above[1] / above[0] if len(above) > 1 else 10.0
    return values.where(values > 0, above[0] / step**APART)


def _parted(rows: pd.DataFrame, key: str) -> list[pd.DataFrame]:
    """Return the rows that a line joins: a weight of 0 is no part of a log axis."""
    off = (rows[key] == 0) if key == "weight" else np.zeros(len(rows), dtype=bool)
    return [part for part in (rows[off], rows[~off]) if len(part)]


def _widened(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a line of a single place as a short one around it."""
    if len(rows) > 1:
        return rows
    ends = rows.loc[rows.index.repeat(2)]
    return ends.assign(at=ends["at"].to_numpy() * np.array([1 / WIDE, WIDE]) ** 3)


def _with_gap(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Return parts with an empty row between them, where no line is drawn."""
    if len(parts) < 2:
        return parts[0]
    gap = pd.DataFrame(np.nan, index=[0], columns=["at", "mean", "chance"])
    return pd.concat([parts[0], gap, *parts[1:]])


def _panel(
    part: pd.DataFrame, key: str, variants: list[str], mode: str
) -> list[go.Scatter]:
    """Return bands first, so that no line is hidden, then lines and chance."""
    bands, lines = [], []
    shades, patterns = colors_of(variants, mode), dashes(variants)
    signs = numbers(variants)
    for name in variants:
        rows = part[part["variant"] == name].sort_values(key)
        if rows.empty:
            continue
        color, symbol = shades[name], stroke(signs[name], mode)[1]
        dash = patterns[name]
        common: dict[str, Any] = {"name": short(name), "legendgroup": short(name)}
        parts = _parted(rows, key)
        for piece in parts:
            bands += _bands(piece, color, common)
        rows = _with_gap(parts)
        lines.append(
            go.Scatter(
                x=rows["at"].to_numpy(),
                y=rows["mean"].to_numpy(),
                mode="lines+markers",
                line={"color": color, "dash": dash, "width": 2},
                marker={"color": color, "symbol": symbol, "size": 7},
                hovertext=[
                    _hover(row, key) if pd.notna(row["mean"]) else ""
                    for row in rows.to_dict("records")
                ],
                hovertemplate="%{hovertext}<extra></extra>",
                **common,
            )
        )
    return [*bands, *lines, *_chance(part, key, ink(mode))]


def _bands(rows: pd.DataFrame, color: str, common: dict[str, Any]) -> list[go.Scatter]:
    """Return the band of a part of a line, around a single place a narrow one."""
    seeds = rows.get("seeds", pd.Series(LEAST, index=rows.index)).astype(int)
    span = range_of(str(rows["metric"].iloc[0]))
    ends = [
        within(low, high, count, span)
        for low, high, count in zip(rows["low"], rows["high"], seeds, strict=True)
    ]
    low, high = np.array(ends).T
    there = np.isfinite(low) & np.isfinite(high)
    place = rows["at"].to_numpy()[there]
    if not len(place):
        return []
    low, high = low[there], high[there]
    if len(place) == 1:
        place = place * np.array([1 / WIDE, WIDE])
        low, high = np.repeat(low, 2), np.repeat(high, 2)
    return [band(place, low, high, color, **common)]


def _hover(row: dict[Any, Any], key: str) -> str:
    at = f"{row[key]:.3g}"
    at = f"{100 * row[key]:g}% of the labels" if key == "fraction" else at
    lines = [f"<b>{short(row['variant'])}</b>, {at}: {row['mean']:.3f}"]
    if pd.notna(row["low"]) and row.get("seeds", LEAST) >= LEAST:
        lines.append(f"band {row['low']:.3f} to {row['high']:.3f}")
    if pd.notna(row.get("difference", np.nan)):
        lines.append(f"difference {row['difference']:+.3f}, {short(row['verdict'])}")
    return "<br>".join(lines)


def _chance(part: pd.DataFrame, key: str, colors: Ink) -> list[go.Scatter]:
    if "chance" not in part.columns or part["chance"].isna().all():
        return []
    means = part.groupby([key, "at"])["chance"].mean().reset_index()
    parts = [_widened(piece) for piece in _parted(means, key)]
    chance = _with_gap(parts)
    line = {"color": colors.text, "width": 1.4, "dash": "dot"}
    return [
        go.Scatter(
            x=chance["at"].to_numpy(),
            y=chance["chance"].to_numpy(),
            mode="lines",
            line=line,
            name="chance",
            legendgroup="chance",
            hovertemplate="chance: %{y:.3f}<extra></extra>",
        )
    ]


def _axes(
    figure: go.Figure, part: pd.DataFrame, key: str, known: Any, number: int
) -> None:
    names = dict(sorted(zip(part["at"], part[key], strict=True)))
    places = list(names)
    title = TITLES[known.get("corruption", key) if key == "level" else key]
    x = {
        "title": {"text": title},
        "showline": True,
        "showgrid": False,
        "tickvals": places,
        "ticktext": [
            "off" if key == "weight" and value == 0 else f"{value:g}"
            for value in names.values()
        ],
    }
    if key != "level":
        low, high = np.log10([places[0], places[-1]])
        room = 0.04 * (high - low) or 0.5
        x |= {"type": "log", "range": [low - room, high + room]}
    if key == "fraction":
        x["ticktext"] = [f"{100 * place:g}%" for place in places]
    name = "" if number == 1 else str(number)
    y = {"title": {"text": "mean over seeds"}, "nticks": 6}
    figure.update_layout({f"xaxis{name}": x, f"yaxis{name}": y})
    if key == "weight" and 0 in names.values() and len(places) > 1:
        _break(figure, np.sqrt(places[0] * places[1]), name)


def _break(figure: go.Figure, at: float, name: str) -> None:
    """Mark where the axis is broken, between "off" and the first weight."""
    figure.add_annotation(
        text="//",
        x=float(np.log10(at)),  # of a logarithmic axis plotly wants the logarithm
        y=0,
        xref=f"x{name}",
        yref=f"y{name} domain",
        showarrow=False,
        xanchor="center",
        yanchor="middle",
        font={"size": 12},
        bgcolor=figure.layout.paper_bgcolor,
    )


def _title(frame: pd.DataFrame, key: str) -> str:
    notes = []
    if "seeds" in frame.columns:
        counts = dict.fromkeys([int(frame["seeds"].min()), int(frame["seeds"].max())])
        notes.append(" to ".join(map(str, counts)))
        notes[0] += " seed a variant" if notes[0] == "1" else " seeds a variant"
    if "confidence" in frame.attrs and _banded(frame):
        notes.append(f"band: {frame.attrs['confidence']:.0%} of the mean")
    if frame.attrs.get("modality", "all") != "all":
        notes.append(f"only {short(frame.attrs['modality'])} is corrupted")
    words = {"noise": "Robustness to noise", "missing": "Robustness to missing data"}
    title = words.get(frame.attrs.get("corruption", ""), "Robustness")
    title = {"fraction": "With few labels", "weight": "With a heavier refiner"}.get(
        key, title
    )
    return title + (f"<br>{small(', '.join(notes))}" if notes else "")


def _banded(frame: pd.DataFrame) -> bool:
    """Return whether any row has a band that is drawn."""
    enough = frame["seeds"] >= LEAST if "seeds" in frame.columns else True
    return bool((frame["low"].notna() & enough).any())


def _ends(rows: pd.DataFrame, name: str, key: str) -> str:
    """Say what the first metric is at both ends, and what it is by chance."""
    part = rows[rows["metric"] == name].dropna(subset=["mean"])
    if part.empty:
        return ""
    low, high = part[key].min(), part[key].max()
    means = []
    for variant, group in part.groupby("variant", sort=False):
        ends = [group.loc[group[key] == end, "mean"].mean() for end in (low, high)]
        means.append(f"{variant} {ends[0]:.3f} and {ends[1]:.3f}")
    has_chance = "chance" in part.columns and part["chance"].notna().any()
    null = f"; chance {span(part['chance'].dropna().tolist())}" if has_chance else ""
    where = f"{TITLES[key].split(' (')[0]} {low:g} and {high:g}"
    return f"{name.replace('_', ' ').capitalize()} at {where}: {listing(means)}{null}."


def _meta(frame: pd.DataFrame, names: list[str]) -> dict[str, Any]:
    rows = frame[frame["metric"].isin(names)]
    attributes = {str(key): value for key, value in frame.attrs.items()}
    alt = (
        f"Curves with seed bands of {', '.join(dict.fromkeys(rows['variant']))} for "
        f"{', '.join(names)}, beside chance. {_ends(rows, names[0], _key_of(frame))}"
    ).strip()
    return {
        "alt": alt,
        **attributes,
        "rows": rows.to_dict("records"),
    }
