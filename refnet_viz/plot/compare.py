"""`compare`: a dot and its seed band a variant, beside chance, nulls and rails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from .. import _check
from ..embedding import counted
from .panels import asked_for, finish, grid, place
from .record import replayable
from .text import listing, short, small, span
from .theme import Ink, ink, stroke

ROW = 36  # pixels a variant takes with its verdict above it
DENSE = 24  # the same with the verdict beside it
FEW = 6  # metrics that are named one by one
DOUBTED = ("inside seed noise", "one seed: no band")
APART = ("higher", "lower")  # verdicts that are more than noise
COLUMNS = ("metric", "variant", "kind", "mean", "low", "high")
DIRECTIONS = {"higher": "higher is better", "lower": "lower is better"}


@replayable
def compare(
    frame: pd.DataFrame,
    metrics: Sequence[str] | None = None,
    *,
    columns: int | None = None,
    mode: str = "light",
) -> go.Figure:
    """Draw a comparison: small panels, one a metric, each with its own axis.

    A dot is the mean over seeds and its band the columns `low` to `high`. A full dot
    is proven to differ from the baseline, a hollow one is not: its difference is
    inside seed noise, or there is one seed. The verdict stands beside it; of more than
    six metrics only "higher" and "lower" are written. A dotted line is chance, a grey
    band what permuted labels give. Rails (what one modality alone reaches) stand in
    rows of their own, with a dashed line up through the variants.

    Parameters
    ----------
    frame
        Table that `refnet_viz.compare` returned.
    metrics
        Which metrics, in this order; None draws all.
    columns
        Panels in a row.
    mode
        "light" or "dark".

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
    >>> row = {"metric": "purity", "kind": "variant", "seeds": 2, "chance": 0.2}
    >>> frame = pd.DataFrame([
    ...     {**row, "variant": "plain", "mean": 0.5, "low": 0.4, "high": 0.6},
    ...     {**row, "variant": "both", "mean": 0.7, "low": 0.6, "high": 0.8}])
    >>> [trace.x.tolist() for trace in compare(frame).data[:2]]
    [[0.4, 0.6], [0.5]]
    """
    colors = ink(mode)
    names = _metrics(frame, metrics)
    wide = min(3, len(names)) if columns is None else columns
    wide = _check.integer("columns", wide, low=1)
    parts = [frame[frame["metric"] == name] for name in names]
    titles = [
        [f"<b>{short(str(n).replace('_', ' '))}</b>", small(_direction(p))]
        for n, p in zip(names, parts, strict=True)
    ]
    rows, row = max(len(part) for part in parts), ROW if len(names) <= FEW else DENSE
    figure = grid(
        titles, columns=wide, height=row * rows + 16, below=24, gap=18, width_gap=0.12
    )
    variants = list(dict.fromkeys(frame.loc[frame["kind"] == "variant", "variant"]))
    for number, part in enumerate(parts):
        at = place(number, wide)
        _panel(figure, part, variants, number + 1, dense=row == DENSE, mode=mode, at=at)
        _axis(figure, part, number + 1, rows, colors)
    _key(figure, frame, colors)
    return finish(figure, _title(frame), mode, _meta(frame, names, variants))


def _metrics(frame: pd.DataFrame, metrics: Sequence[str] | None) -> list[str]:
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(
            "`frame` must be the DataFrame that rv.compare returned, "
            f"got {type(frame).__name__}."
        )
    missing = [column for column in COLUMNS if column not in frame.columns]
    if missing:
        raise ValueError(f"`frame` must have columns {list(COLUMNS)}, lacks {missing}.")
    available = list(dict.fromkeys(frame["metric"]))
    if not available:
        raise ValueError("`frame` must have at least one row, got none.")
    return asked_for("metrics", metrics, available)


def _direction(part: pd.DataFrame) -> str:
    better = part["better"].iloc[0] if "better" in part.columns else ""
    return DIRECTIONS.get(better, "no direction is better")


def _panel(
    figure: go.Figure,
    part: pd.DataFrame,
    variants: list[str],
    number: int,
    *,
    dense: bool,
    mode: str,
    at: dict[str, int],
) -> None:
    colors = ink(mode)
    records = part.to_dict("records")
    middle = sum(_reach(part)) / 2
    for row, record in enumerate(records):
        if record["kind"] == "variant":
            color = stroke(variants.index(record["variant"]), mode)[0]
            for trace in _variant(record, row, color, colors):
                figure.add_trace(trace, **at)
            verdict = record.get("verdict")
            if isinstance(verdict, str) and (verdict in APART if dense else verdict):
                right = record["mean"] > middle
                note = _verdict(record, row, colors, right=right, dense=dense)
                axis = "" if number == 1 else str(number)
                figure.add_annotation(note, xref=f"x{axis}", yref=f"y{axis}")
        else:
            figure.add_trace(_rail(record, row, colors), **at)
    for trace in _nulls(records, colors):
        figure.add_trace(trace, **at)


def _variant(
    record: dict[Any, Any], row: int, color: str, colors: Ink
) -> list[go.Scatter]:
    """Return band and dot."""
    common = {
        "y": [row],
        "showlegend": False,
        "name": short(record["variant"]),
        "zorder": 1,  # above the lines of the rails
    }
    banded = pd.notna(record["low"]) and pd.notna(record["high"])
    ends = [record["low"], record["high"]] if banded else [record["mean"]] * 2
    band = go.Scatter(
        **{**common, "y": [row, row]},
        x=np.array(ends),
        mode="lines",
        line={"color": color, "width": 4},
        hoverinfo="skip",
    )
    doubted = record.get("verdict") in DOUBTED
    marker = {
        "color": colors.paper if doubted else color,
        "size": 11,
        "line": {"color": color, "width": 2},
    }
    dot = go.Scatter(
        **common,
        x=np.array([record["mean"]]),
        mode="markers",
        marker=marker,
        hovertext=[_hover(record)],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    return [band, dot]


def _verdict(
    record: dict[Any, Any], row: int, colors: Ink, *, right: bool, dense: bool
) -> dict[str, Any]:
    """Return the verdict above the dot, or beside its band, towards the middle."""
    away = 6 if dense else -6
    end = record["low" if right else "high"] if dense else record["mean"]
    return {
        "text": short(record["verdict"]),
        "y": row,
        "showarrow": False,
        "x": end if pd.notna(end) else record["mean"],
        "xanchor": "right" if right else "left",
        "xshift": -away if right else away,
        "yanchor": "middle" if dense else "bottom",
        "yshift": 0 if dense else 6,
        "font": {"size": 10, "color": colors.muted},
        "bgcolor": colors.paper,
        "borderpad": 0,
    }


def _hover(record: dict[Any, Any]) -> str:
    lines = [f"<b>{short(record['variant'])}</b>: {record['mean']:.3f}"]
    if _known(record, "low"):
        lines.append(f"band {record['low']:.3f} to {record['high']:.3f}")
    if _known(record, "seeds"):
        lines.append(f"{record['seeds']:.0f} seeds")
    if _known(record, "difference"):
        lines.append(f"difference {record['difference']:+.3f}")
    if _known(record, "diff_low"):
        lines[-1] += f" ({record['diff_low']:+.3f} to {record['diff_high']:+.3f})"
    if _known(record, "chance"):
        lines.append(f"chance {record['chance']:.3f}")
    return "<br>".join(lines)


def _known(record: dict[Any, Any], key: str) -> bool:
    return key in record and pd.notna(record[key])


def _rail(record: dict[Any, Any], row: int, colors: Ink) -> go.Scatter:
    return go.Scatter(
        x=np.array([record["mean"]] * 2),
        y=[row, -0.6],
        mode="lines+markers",
        line={"color": colors.muted, "width": 1.2, "dash": "dash"},
        marker={
            "color": colors.muted,
            "size": [9, 0],
            "symbol": "diamond",
            "opacity": 1,
        },
        hovertext=[_hover(record)] * 2,
        hovertemplate="%{hovertext}<extra></extra>",
        name=short(record["variant"]),
        showlegend=False,
    )


def _nulls(records: list[dict[Any, Any]], colors: Ink) -> list[go.Scatter]:
    """Return chance as short lines and the null as bands, a row each."""
    chance: list[tuple[float, float]] = []
    band: list[tuple[float, float]] = []
    for row, record in enumerate(records):
        if _known(record, "chance"):
            x = record["chance"]
            chance += [(x, row - 0.45), (x, row + 0.45), (np.nan, np.nan)]
        if _known(record, "null_low") and _known(record, "null_high"):
            low, high = record["null_low"], record["null_high"]
            top, foot = row - 0.45, row + 0.45
            corners = [(low, top), (high, top), (high, foot), (low, foot), (low, top)]
            band += [*corners, (np.nan, np.nan)]
    common = {"mode": "lines", "showlegend": False, "hoverinfo": "skip"}
    traces = []
    if band:
        x, y = np.array(band).T
        style = {"fill": "toself", "fillcolor": colors.band, "line": {"width": 0}}
        traces.append(go.Scatter(x=x, y=y, name="null", **style, **common))
    if chance:
        x, y = np.array(chance).T
        line = {"color": colors.text, "width": 1.4, "dash": "dot"}
        traces.append(go.Scatter(x=x, y=y, name="chance", line=line, **common))
    return traces


def _reach(part: pd.DataFrame) -> tuple[float, float]:
    """Return the lowest and the highest number of a panel."""
    names = ("mean", "low", "high", "chance", "null_low", "null_high")
    values = part[[name for name in names if name in part.columns]].to_numpy(float)
    values = values[np.isfinite(values)]
    return (values.min(), values.max()) if len(values) else (0.0, 1.0)


def _axis(
    figure: go.Figure, part: pd.DataFrame, number: int, rows: int, colors: Ink
) -> None:
    """Give every panel the rows of the longest, so that they stand in line."""
    name = "" if number == 1 else str(number)
    words = [
        short(v, 18) if kind == "variant" else f"<i>{short(v, 18)}</i>"
        for v, kind in zip(part["variant"], part["kind"], strict=True)
    ]
    y = {
        "tickvals": list(range(len(part))),
        "ticktext": words,
        "showgrid": False,
        "range": [rows - 0.4, -0.7],
        "ticks": "",
        "tickfont": {"color": colors.text},
    }
    low, high = _reach(part)
    room = 0.06 * (high - low) or 0.5
    x = {"showline": True, "nticks": 5, "range": [low - room, high + room]}
    figure.update_layout({f"xaxis{name}": x, f"yaxis{name}": y})


def _key(figure: go.Figure, frame: pd.DataFrame, colors: Ink) -> None:
    dot = {"color": colors.muted, "size": 11}
    hollow = {**dot, "color": colors.paper, "line": {"color": colors.muted, "width": 2}}
    band = {"color": colors.muted, "width": 4}
    entries: list[tuple[str, dict[str, Any]]] = [
        ("mean over seeds", {"mode": "markers", "marker": dot}),
        ("seed band", {"mode": "lines", "line": band}),
    ]
    verdicts = frame["verdict"] if "verdict" in frame.columns else pd.Series(dtype=str)
    for words in dict.fromkeys(v for v in verdicts if v in DOUBTED):
        entries.append((words, {"mode": "markers", "marker": hollow}))
    if "chance" in frame.columns and frame["chance"].notna().any():
        line = {"color": colors.text, "width": 1.4, "dash": "dot"}
        entries.append(("chance", {"mode": "lines", "line": line}))
    if "null_low" in frame.columns and frame["null_low"].notna().any():
        marker = {"color": colors.band, "symbol": "square", "size": 14}
        entries.append(("labels permuted", {"mode": "markers", "marker": marker}))
    if (frame["kind"] != "variant").any():
        line = {"color": colors.muted, "width": 1.2, "dash": "dash"}
        entries.append(("one modality alone", {"mode": "lines", "line": line}))
    for name, style in entries:
        figure.add_trace(go.Scatter(x=[None], y=[None], name=name, **style))


def _title(frame: pd.DataFrame) -> str:
    notes = []
    if "seeds" in frame.columns:
        seeds = frame.loc[frame["kind"] == "variant", "seeds"]
        notes.append(
            " to ".join(dict.fromkeys(f"{n:.0f}" for n in (seeds.min(), seeds.max())))
        )
        notes[0] += " seed a variant" if notes[0] == "1" else " seeds a variant"
    if "confidence" in frame.attrs:
        notes.append(f"band: {frame.attrs['confidence']:.0%} of the mean")
    if "baseline" in frame.attrs:
        notes.append(f"verdicts against {short(frame.attrs['baseline'])}")
    if "k" in frame.attrs:
        notes.append(f"k = {frame.attrs['k']}")
    notes += [short(words) for words in _missing(frame)]
    return "Comparison of graphs" + (f"<br>{small(', '.join(notes))}" if notes else "")


def _missing(frame: pd.DataFrame) -> list[str]:
    """Say how many rows have each space that some row lacks."""
    counts = frame.attrs.get("present", {})
    return [counted(present, n, space) for space, (present, n) in counts.items()]


def _named(names: list[str]) -> str:
    if len(names) > FEW:
        return f"{len(names)} metrics"
    return listing([str(name).replace("_", " ") for name in names])


def _told(frame: pd.DataFrame, name: str) -> str:
    """Say one metric in words: means, verdicts, rails and chance."""
    part = frame[frame["metric"] == name].to_dict("records")
    means = []
    for record in part:
        verdict = record.get("verdict") if record["kind"] == "variant" else ""
        words = f" ({verdict})" if isinstance(verdict, str) and verdict else ""
        means.append(f"{record['variant']} {record['mean']:.2f}{words}")
    chances = [record["chance"] for record in part if _known(record, "chance")]
    null = f"; chance {span(chances)}" if chances else ""
    return f"{str(name).replace('_', ' ').capitalize()}: {listing(means)}{null}."


def _verdicts(frame: pd.DataFrame) -> str:
    """Say how many differences are more than noise."""
    if "verdict" not in frame.columns:
        return ""
    counts = frame.loc[frame["kind"] == "variant", "verdict"].value_counts()
    apart = int(counts.get("higher", 0) + counts.get("lower", 0))
    inside = int(counts.get("inside seed noise", 0))
    if not apart + inside:
        return ""
    return f"Of {apart + inside} differences {inside} are inside seed noise."


def _meta(frame: pd.DataFrame, names: list[str], variants: list[str]) -> dict[str, Any]:
    rows = frame[frame["metric"].isin(names)].to_dict("records")
    attributes = {str(key): value for key, value in frame.attrs.items()}
    alt = (
        f"Dots with seed bands of {listing(variants)} for "
        f"{_named(names)}, beside chance. "
        f"{_told(frame, 'purity' if 'purity' in names else names[0])} "
        f"{_verdicts(frame[frame['metric'].isin(names)])}"
    ).strip()
    missing = _missing(frame)
    alt += f" {listing(missing)}." if missing else ""
    return {"alt": alt, **attributes, "rows": rows}
