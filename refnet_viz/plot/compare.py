"""`compare`: a dot and its seed band a variant, beside chance, nulls and rails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..embedding import counted
from ..graph.metrics import range_of
from ..statistics import (
    APART,
    BASELINE,
    LEAST,
    is_alone,
    is_inside,
    is_undecided,
    within,
)
from .ink import Ink, ink
from .looks import colors as colors_of
from .panels import HIGHEST, SPARE, asked_for, finish, grid, place, row_of
from .record import replayable
from .text import listing, short, small, span

ROW = 36  # pixels a variant takes with its verdict above it
DENSE = 24  # the same with the verdict beside it
FEW = 6  # metrics that are named one by one
FEW_WORDS = "cannot tell"
ALONE_WORDS = "different if it were the only question"
INSIDE_WORDS = "inside noise"
DOUBT = "in doubt"  # one hollow dot for several reasons
ABOVE = 65  # pixels between two rows of panels
AROUND = 140  # pixels above and below all of them
COLUMNS = ("metric", "variant", "kind", "mean", "low", "high")
ARROWS = {"higher": " \u2191", "lower": " \u2193"}
ARROW_WORDS = {"\u2191": "higher is better", "\u2193": "lower is better"}


@replayable
def compare(
    frame: pd.DataFrame,
    metrics: Sequence[str] | None = None,
    *,
    columns: float | None = None,
    mode: str = "auto",
    caption: bool = False,
) -> go.Figure:
    """Draw a comparison: small panels, one a metric, each with its own axis.

    A dot is the mean over seeds (of a table of splits, over these) and its band the
    columns `low` to `high`; of fewer than three there is none, unless it is over
    points, and each of them is a small stroke. A full dot differs from the baseline
    although so many questions are asked, a hollow one does not: its difference would
    stand as the only question, is inside noise, or cannot be told. Where there is room
    the verdict stands beside it; of more than six metrics only "higher" and "lower" are
    written. A dotted line is chance, a grey band what permuted labels give. Rails (what
    one modality alone reaches) stand in rows of their own, with a dashed line up
    through the variants. An arrow beside a metric points to where it is better.

    Parameters
    ----------
    frame
        Table that `refnet_viz.compare` or `refnet_viz.graph.over_splits` returned.
    metrics
        Which metrics, in this order; None draws all.
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
    >>> row = {"metric": "purity", "kind": "variant", "seeds": 3, "chance": 0.2}
    >>> frame = pd.DataFrame([
    ...     {**row, "variant": "plain", "mean": 0.5, "low": 0.4, "high": 0.6},
    ...     {**row, "variant": "both", "mean": 0.7, "low": 0.6, "high": 0.8}])
    >>> [trace.x.tolist() for trace in compare(frame).data[:2]]
    [[0.4, 0.6], [0.5]]
    """
    colors = ink(mode)
    names = _metrics(frame, metrics)
    parts = [frame[frame["metric"] == name] for name in names]
    rows = _rows(pd.concat(parts))
    values = frame.attrs.get("values", {})
    lines = [
        [_Line(row, rows, values.get(name, {})) for row in part.to_dict("records")]
        for name, part in zip(names, parts, strict=True)
    ]
    titles = [
        [f"<b>{short(str(n).replace('_', ' '))}</b>{_direction(p)}"]
        for n, p in zip(names, parts, strict=True)
    ]
    dense = len(names) > FEW
    height = DENSE if dense else ROW
    used = [1 + max(line.row for line in part) for part in lines]
    wide, page = row_of(columns, len(names), _usual(used, height))
    look: dict[str, Any] = {
        "height": height,
        "below": 24,
        "gap": 18,
        "width_gap": 0.05,
        "used": used,
    }
    figure = grid(titles, columns=wide, page=page, shared=True, **look)
    variants = list(dict.fromkeys(frame.loc[frame["kind"] == "variant", "variant"]))
    shades = colors_of(variants, mode)
    for number, part in enumerate(lines):
        at = place(number, wide)
        _panel(figure, part, shades, number + 1, dense=dense, mode=mode, at=at)
        _axis(figure, part, rows, number, colors)
    _key(figure, frame, colors)
    meta = _meta(frame, names, variants)
    return finish(figure, _title(frame, parts), mode, meta, caption=caption)


@dataclass(frozen=True)
class _Line:
    """One row of the table, and where it stands in every panel."""

    record: dict[Any, Any]
    rows: list[tuple[str, str]]
    values: dict[str, list[float]]

    @property
    def row(self) -> int:
        """Number of its row in the panels."""
        return self.rows.index((self.record["kind"], self.record["variant"]))

    @cached_property
    def band(self) -> tuple[float, float]:
        """Ends of the seed band as they may be shown, NaN where there is none."""
        low, high = self.record["low"], self.record["high"]
        seeds = int(self.record.get("seeds", LEAST))
        if self.record.get("over") in {"points", "both"}:
            seeds = LEAST  # the band is no matter of so many seeds
        return within(low, high, seeds, range_of(str(self.record["metric"])))

    @property
    def banded(self) -> bool:
        """Whether it has a band."""
        return bool(np.isfinite(self.band).all())

    @property
    def singles(self) -> list[float]:
        """Numbers of single seeds or splits, where several are too few for a band."""
        values = self.values.get(self.record["variant"], [])
        several = self.record["kind"] == "variant" and 1 < len(values) < LEAST
        return values if several else []

    @property
    def reach(self) -> list[float]:
        """All numbers that are drawn of it."""
        names = ("mean", "chance", "null_low", "null_high")
        numbers = [self.record.get(name, np.nan) for name in names]
        return [*numbers, *self.band, *self.singles]


def _rows(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """Return kind and name of every row, the same in all panels.

    Variants come first and rails that few metrics have last, so that the other panels
    end before them.
    """
    pairs = Counter(zip(frame["kind"], frame["variant"], strict=True))
    order = list(pairs)
    return sorted(pairs, key=lambda p: (p[0] != "variant", -pairs[p], order.index(p)))


def _usual(used: list[int], height: int) -> int:
    """Return so many panels in a row that the figure is not higher than a page."""
    tall = height * max(used) + ABOVE
    for wide in range(min(3, len(used)), 6):
        if -(-len(used) // wide) * tall <= HIGHEST - AROUND:
            return wide
    return 6


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
    return ARROWS.get(better, "")


def _panel(
    figure: go.Figure,
    lines: list[_Line],
    shades: dict[str, str],
    number: int,
    *,
    dense: bool,
    mode: str,
    at: dict[str, int],
) -> None:
    colors = ink(mode)
    middle = sum(_reach(lines)) / 2
    for line in lines:
        record = line.record
        if record["kind"] != "variant":
            figure.add_trace(_rail(line, colors), **at)
            continue
        for trace in _variant(line, shades[record["variant"]], colors):
            figure.add_trace(trace, **at)
        verdict = record.get("verdict")
        written = verdict in APART
        if not dense:
            written |= verdict == BASELINE or is_inside(verdict) or is_alone(verdict)
        if written:
            right = record["mean"] > middle
            note = _verdict(line, colors, right=right, dense=dense)
            axis = "" if number == 1 else str(number)
            figure.add_annotation(note, xref=f"x{axis}", yref=f"y{axis}")
    for trace in _nulls(lines, colors):
        figure.add_trace(trace, **at)


def _variant(line: _Line, color: str, colors: Ink) -> list[go.Scatter]:
    """Return band, or the single seeds where they are too few for one, and dot."""
    record, row = line.record, line.row
    common = {
        "y": [row],
        "showlegend": False,
        "name": short(record["variant"]),
        "zorder": 1,  # above the lines of the rails
    }
    ends = line.band if line.banded else (record["mean"],) * 2
    band = go.Scatter(
        **{**common, "y": [row, row]},
        x=np.array(ends),
        mode="lines",
        line={"color": color, "width": 4},
        hoverinfo="skip",
    )
    if line.singles:
        band.update(
            x=np.array(line.singles),
            mode="markers",
            marker=_stroke(color),
        )
    doubted = bool(_doubt(record.get("verdict")))
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
        hovertext=[_hover(line)],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    return [band, dot]


def _doubt(words: object) -> str:
    """Return why a difference does not stand; empty where it does.

    Examples
    --------
    >>> _doubt("cannot tell: 1 seed"), _doubt("lower")
    ('cannot tell', '')
    """
    if is_undecided(words):
        return FEW_WORDS
    if is_alone(words):
        return ALONE_WORDS
    return INSIDE_WORDS if is_inside(words) else ""


def _stroke(color: str) -> dict[str, Any]:
    """Return the marker of a single seed: an upright stroke."""
    rim = {"color": color, "width": 2}
    return {"color": color, "size": 9, "symbol": "line-ns", "line": rim}


def _verdict(line: _Line, colors: Ink, *, right: bool, dense: bool) -> dict[str, Any]:
    """Return the verdict above the dot, or beside its band, towards the middle."""
    away, mean = 6 if dense else -6, line.record["mean"]
    end = line.band[0 if right else 1] if dense and line.banded else mean
    return {
        "text": short(line.record["verdict"]),
        "y": line.row,
        "showarrow": False,
        "x": end,
        "xanchor": "right" if right else "left",
        "xshift": -away if right else away,
        "yanchor": "middle" if dense else "bottom",
        "yshift": 0 if dense else 6,
        "font": {"size": 10, "color": colors.muted},
        "bgcolor": colors.paper,
        "borderpad": 0,
        "name": SPARE,  # full and hollow dots say the same
    }


def _hover(line: _Line) -> str:
    record = line.record
    lines = [f"<b>{short(record['variant'])}</b>: {record['mean']:.3f}"]
    if line.banded:
        lines.append(f"band {line.band[0]:.3f} to {line.band[1]:.3f}")
    if line.singles:
        unit = "splits" if "splits" in record else "seeds"
        lines.append(f"single {unit} {', '.join(f'{v:.3f}' for v in line.singles)}")
    for unit in ("seeds", "splits"):
        if _known(record, unit):
            one = unit.removesuffix("s")
            lines.append(f"{record[unit]:.0f} {one if record[unit] == 1 else unit}")
    if _known(record, "difference"):
        lines.append(f"difference {record['difference']:+.3f}")
    if _known(record, "diff_low"):
        lines[-1] += f" ({record['diff_low']:+.3f} to {record['diff_high']:+.3f})"
    if _known(record, "chance"):
        lines.append(f"chance {record['chance']:.3f}")
    return "<br>".join(lines)


def _known(record: dict[Any, Any], key: str) -> bool:
    return key in record and pd.notna(record[key])


def _rail(line: _Line, colors: Ink) -> go.Scatter:
    """Return a diamond, and a thin line up through the variants."""
    return go.Scatter(
        x=np.array([line.record["mean"]] * 2),
        y=[line.row, -0.6],
        mode="lines+markers",
        line={"color": colors.muted, "width": 0.8, "dash": "dash"},
        marker={
            "color": colors.muted,
            "size": [9, 0],
            "symbol": "diamond",
            "opacity": 1,
        },
        hovertext=[_hover(line)] * 2,
        hovertemplate="%{hovertext}<extra></extra>",
        name=short(line.record["variant"]),
        showlegend=False,
    )


def _nulls(lines: list[_Line], colors: Ink) -> list[go.Scatter]:
    """Return chance as short lines and the null as bands, a row each."""
    chance: list[tuple[float, float]] = []
    band: list[tuple[float, float]] = []
    for line in lines:
        record, row = line.record, line.row
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
        dots = {"color": colors.text, "width": 1.4, "dash": "dot"}
        traces.append(go.Scatter(x=x, y=y, name="chance", line=dots, **common))
    return traces


def _reach(lines: list[_Line]) -> tuple[float, float]:
    """Return the lowest and the highest number of a panel."""
    values = np.array([number for line in lines for number in line.reach], dtype=float)
    values = values[np.isfinite(values)]
    return (values.min(), values.max()) if len(values) else (0.0, 1.0)


def _axis(
    figure: go.Figure,
    lines: list[_Line],
    rows: list[tuple[str, str]],
    number: int,
    colors: Ink,
) -> None:
    """Give every panel the same rows, which are named at the left."""
    name = "" if number == 0 else str(number + 1)
    words = [
        short(v, 18) if kind == "variant" else f"<i>{short(v, 18)}</i>"
        for kind, v in rows
    ]
    y = {
        "tickvals": list(range(len(rows))),
        "ticktext": words,
        "showgrid": False,
        "range": [len(rows) - 0.4, -0.7],
        "ticks": "",
        "tickfont": {"color": colors.text},
    }
    low, high = _reach(lines)
    room = 0.06 * (high - low) or 0.5
    x = {"showline": True, "nticks": 5, "range": [low - room, high + room]}
    figure.update_layout({f"xaxis{name}": x, f"yaxis{name}": y})


def _key(figure: go.Figure, frame: pd.DataFrame, colors: Ink) -> None:
    dot = {"color": colors.muted, "size": 11}
    hollow = {**dot, "color": colors.paper, "line": {"color": colors.muted, "width": 2}}
    band = {"color": colors.muted, "width": 4}
    entries: list[tuple[str, dict[str, Any]]] = [
        (f"mean over {_units(frame)}", {"mode": "markers", "marker": dot}),
    ]
    unit = _units(frame).removesuffix("s")
    counts = frame.loc[frame["kind"] == "variant"].get(
        _units(frame), pd.Series([LEAST])
    )
    if counts.max() >= LEAST or _over(frame):
        entries.append(
            (
                f"{unit} band" if not _over(frame) else "band",
                {"mode": "lines", "line": band},
            )
        )
    if ((counts > 1) & (counts < LEAST)).any() and "values" in frame.attrs:
        mark = _stroke(colors.muted)
        entries.append((f"single {unit}", {"mode": "markers", "marker": mark}))
    verdicts = frame["verdict"] if "verdict" in frame.columns else pd.Series(dtype=str)
    doubts = {_doubt(words) for words in verdicts} - {""}
    if doubts:
        name = doubts.pop() if len(doubts) == 1 else DOUBT
        name = DOUBT if name == ALONE_WORDS else name
        entries.append((name, {"mode": "markers", "marker": hollow}))
    if _has_chance(frame):
        line = {"color": colors.text, "width": 1.4, "dash": "dot"}
        entries.append(("chance", {"mode": "lines", "line": line}))
    if "null_low" in frame.columns and frame["null_low"].notna().any():
        marker = {"color": colors.band, "symbol": "square", "size": 14}
        entries.append(("labels permuted", {"mode": "markers", "marker": marker}))
    if (frame["kind"] != "variant").any():
        line = {"color": colors.muted, "width": 0.8, "dash": "dash"}
        entries.append(("one modality alone", {"mode": "lines", "line": line}))
    for name, style in entries:
        figure.add_trace(go.Scatter(x=[None], y=[None], name=name, **style))


def _title(frame: pd.DataFrame, parts: list[pd.DataFrame]) -> str:
    notes, units = [], _units(frame)
    if units in frame.columns:
        counts = frame.loc[frame["kind"] == "variant", units]
        notes.append(
            " to ".join(dict.fromkeys(f"{n:.0f}" for n in (counts.min(), counts.max())))
        )
        notes[0] += f" {units.removesuffix('s') if notes[0] == '1' else units}"
        notes[0] += " a variant" * (units == "seeds")
    enough = units not in frame.columns or frame[units].max() >= LEAST
    enough |= bool(_over(frame))
    if "confidence" in frame.attrs and enough:
        notes.append(f"band: {frame.attrs['confidence']:.0%} of the mean{_over(frame)}")
    if "baseline" in frame.attrs:
        notes.append(f"verdicts against {short(frame.attrs['baseline'])}")
    if "k" in frame.attrs:
        notes.append(f"k = {frame.attrs['k']}")
    notes += [short(words) for words in _missing(frame)]
    lines = frame.attrs.get("recall", {}).values()
    recalls = [value for line in lines for value in line if value is not None]
    notes += [f"approximate neighbours, recall {span(recalls)}"] if recalls else []
    arrows = dict.fromkeys(_direction(part).strip() for part in parts)
    notes += [f"{arrow} {ARROW_WORDS[arrow]}" for arrow in arrows if arrow]
    return "Comparison of graphs" + (f"<br>{small(', '.join(notes))}" if notes else "")


def _has_chance(frame: pd.DataFrame) -> bool:
    """Return whether a table says what chance would give."""
    return "chance" in frame.columns and bool(frame["chance"].notna().any())


def _units(frame: pd.DataFrame) -> str:
    """Return what means are over: seeds, or splits in a table of `over_splits`.

    Examples
    --------
    >>> _units(pd.DataFrame({"splits": [4]})), _units(pd.DataFrame({"seeds": [4]}))
    ('splits', 'seeds')
    """
    return "splits" if "splits" in frame.columns else "seeds"


def _over(frame: pd.DataFrame) -> str:
    """Return what the bands cover besides seeds or splits, in words."""
    if "over" not in frame.columns:
        return ""
    kinds = set(frame["over"])
    if "both" in kinds:
        return " over seeds and points"
    return " over points" if "points" in kinds else ""


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
    doubts = [_doubt(v) for v, n in counts.items() for _ in range(n)]
    inside, alone = doubts.count(INSIDE_WORDS), doubts.count(ALONE_WORDS)
    if not apart + inside + alone:
        return ""
    words = f"Of {apart + inside + alone} differences {inside} are inside noise"
    return f"{words} and {alone} {ALONE_WORDS}." if alone else f"{words}."


def _meta(frame: pd.DataFrame, names: list[str], variants: list[str]) -> dict[str, Any]:
    rows = frame[frame["metric"].isin(names)].to_dict("records")
    attributes = {str(k): v for k, v in frame.attrs.items() if k != "values"}
    alt = (
        f"Dots with bands of {listing(variants)} for "
        f"{_named(names)}{', beside chance' * _has_chance(frame)}. "
        f"{_told(frame, 'purity' if 'purity' in names else names[0])} "
        f"{_verdicts(frame[frame['metric'].isin(names)])}"
    ).strip()
    missing = _missing(frame)
    alt += f" {listing(missing)}." if missing else ""
    return {"alt": alt, **attributes, "rows": rows}
