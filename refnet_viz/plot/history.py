"""`history`: curves of training, seeds thin and their mean thick."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from .ink import ink
from .looks import colors, dashes
from .panels import finish, grid, place, row_of
from .record import replayable
from .text import listing, short, small, span

HEIGHT = 200
ALONE = "run"
TERMS = ("task", "contrastive", "refiner")  # of the loss


@replayable
def history(
    runs: Any,
    *,
    columns: float | None = None,
    mode: str = "auto",
    caption: bool = False,
) -> go.Figure:
    """Draw losses and validation scores by epoch, a panel each.

    Epochs are counted from 1; a history that begins with 0, as those of runs do, is
    drawn one later.

    Parameters
    ----------
    runs
        A Run, a list of them (seeds), a mapping of either, or a DataFrame with a
        column ``epoch`` and numeric columns.
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
        A thin line a seed and, with several seeds, their mean as a thick one; a
        diamond marks the epoch whose weights were kept, where the run names it.

    Raises
    ------
    TypeError
        If a value has no history.
    ValueError
        If a history lacks the column ``epoch`` or any other number.

    Examples
    --------
    >>> frame = pd.DataFrame({"epoch": [1, 2, 3], "loss": [3.0, 2.0, 1.5]})
    >>> history(frame).data[0].y.tolist()
    [3.0, 2.0, 1.5]
    """
    ink(mode)
    variants = {
        name: [_curve(name, run) for run in members]
        for name, members in _variants(runs).items()
    }
    quantities = _quantities(variants)
    wide, page = row_of(columns, len(quantities), 3)
    shades, patterns = colors(variants, mode), dashes(list(variants))
    titles = [
        [
            f"<b>{short(name.replace('_', ' '))}</b>",
            *map(small, _remarks(name, variants)),
        ]
        for name in quantities
    ]
    look: dict[str, Any] = {"height": HEIGHT, "below": 40, "gap": 14, "width_gap": 0.08}
    figure = grid(titles, columns=wide, page=page, shared=True, **look)
    named: set[str] = set()
    for number, quantity in enumerate(quantities):
        for name, curves in variants.items():
            line = {"color": shades[name], "dash": patterns[name]}
            measured = [curve for curve in curves if len(curve.of(quantity))]
            if not measured:
                continue
            traces = _traces(name, measured, quantity, line)
            traces[-1].showlegend = name not in named
            named.add(name)
            diamonds = _kept(measured, quantity, line["color"])
            for trace in [*traces, *diamonds]:
                figure.add_trace(trace, **place(number, wide))
        suffix = "" if number == 0 else str(number + 1)
        x: dict[str, Any] = {"title": {"text": "epoch"}, "showline": True}
        x |= {"showgrid": False, "tickformat": "d"}
        figure.update_layout({f"xaxis{suffix}": x, f"yaxis{suffix}": {"nticks": 5}})
    figure.update_layout(showlegend=len(variants) > 1 or ALONE not in variants)
    return finish(
        figure, _title(variants), mode, _meta(variants, quantities), caption=caption
    )


@dataclass(frozen=True)
class Curve:
    """The history of one run, and what is known of the run."""

    frame: pd.DataFrame
    best: Any
    seed: Any
    config: Any

    def of(self, quantity: str) -> pd.DataFrame:
        """Return the epochs at which a quantity was measured."""
        return self.frame.reindex(columns=["epoch", quantity]).dropna()


def _variants(runs: Any) -> dict[str, list[Any]]:
    if not isinstance(runs, Mapping):
        runs = {ALONE: runs}
    variants = {
        str(name): list(members) if isinstance(members, list | tuple) else [members]
        for name, members in runs.items()
    }
    if not variants or not all(variants.values()):
        raise ValueError("`runs` must hold at least one run a variant, got none.")
    return variants


def _curve(name: str, run: Any) -> Curve:
    frame = run if isinstance(run, pd.DataFrame) else getattr(run, "history", None)
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(
            f"`runs[{name!r}]` must hold Run values or DataFrames, "
            f"got {type(run).__name__}."
        )
    if "epoch" not in frame.columns:
        raise ValueError(
            f"`runs[{name!r}]` must have a column 'epoch', got {list(frame.columns)}."
        )
    best, seed, config = (
        getattr(run, key, None) for key in ("best_epoch", "seed", "config")
    )
    if len(frame) and frame["epoch"].min() == 0:
        frame = frame.assign(epoch=frame["epoch"] + 1)
        best = None if best is None else best + 1
    return Curve(frame, best, seed, config)


def _quantities(variants: dict[str, list[Curve]]) -> list[str]:
    """Return the numeric columns of any history, in order of appearance."""
    frames = [curve.frame for curves in variants.values() for curve in curves]
    names = dict.fromkeys(
        str(column)
        for frame in frames
        for column in frame.select_dtypes("number").columns
        if column != "epoch" and frame[column].notna().any()
    )
    if not names:
        raise ValueError("`runs` must have a numeric column beside 'epoch', got none.")
    return list(names)


def _remarks(quantity: str, variants: dict[str, list[Curve]]) -> list[str]:
    """Return what must be known to compare a quantity between variants."""
    summed = {
        tuple(term for term in TERMS if len(curve.of(term)))
        for curves in variants.values()
        for curve in curves
    }
    if quantity == "loss" and len(summed) > 1:
        return ["sum of each variant's own terms"]
    return []


def _traces(
    name: str, curves: list[Curve], quantity: str, line: dict[str, str]
) -> list[go.Scatter]:
    """Return a line a seed, and their mean as the last one."""
    parts = [curve.of(quantity) for curve in curves]
    hover = "epoch %{x}: %{y:.4g}<extra>" + short(name)
    common = {
        "mode": "lines",
        "name": short(name),
        "legendgroup": short(name),
        "showlegend": False,
    }
    if len(parts) == 1:
        x, y = parts[0]["epoch"].to_numpy(), parts[0][quantity].to_numpy()
        thick = {**line, "width": 2}
        return [
            go.Scatter(x=x, y=y, line=thick, hovertemplate=f"{hover}</extra>", **common)
        ]
    thin = {"color": line["color"], "width": 1}
    traces = [
        go.Scatter(
            x=part["epoch"].to_numpy(),
            y=part[quantity].to_numpy(),
            line=thin,
            opacity=0.45,
            hovertemplate=f"{hover}</extra>",
            **common,
        )
        for part in parts
    ]
    mean = pd.concat(parts).groupby("epoch")[quantity].mean()
    thick = {**line, "width": 2.5}
    hover = f"{hover}, mean of {len(parts)} seeds</extra>"
    x, y = mean.index.to_numpy(), mean.to_numpy()
    return [*traces, go.Scatter(x=x, y=y, line=thick, hovertemplate=hover, **common)]


def _kept(curves: list[Curve], quantity: str, color: str) -> list[go.Scatter]:
    """Return diamonds at the epochs whose weights were kept."""
    parts = []
    for curve in curves:
        part = curve.of(quantity)
        parts.append(part[part["epoch"] == curve.best])
    at = pd.concat(parts)
    if at.empty:
        return []
    marker = {"symbol": "diamond", "size": 7, "color": color}
    return [
        go.Scatter(
            x=at["epoch"].to_numpy(),
            y=at[quantity].to_numpy(),
            mode="markers",
            marker=marker,
            showlegend=False,
            name="kept",
            hovertemplate="kept: epoch %{x}<extra></extra>",
        )
    ]


def _title(variants: dict[str, list[Curve]]) -> str:
    counts = sorted({len(curves) for curves in variants.values()})
    number = " to ".join(dict.fromkeys([str(counts[0]), str(counts[-1])]))
    lines = ["1 seed" if counts == [1] else f"{number} seeds"]
    if counts[-1] > 1:
        lines.append("thick: their mean")
    if any(curve.best is not None for curves in variants.values() for curve in curves):
        lines.append("diamond: the epoch that was kept")
    return f"Training<br>{small(', '.join(lines))}"


def _reached(variants: dict[str, list[Curve]]) -> str:
    """Return the validation scores of the epochs that were kept, if they are known."""
    notes = []
    for name, curves in variants.items():
        rows = [c.of("val_score") for c in curves]
        kept = [r[r["epoch"] == c.best] for r, c in zip(rows, curves, strict=True)]
        scores = [float(r["val_score"].iloc[0]) for r in kept if len(r)]
        if scores:
            notes.append(f"{name} {span(scores, '.3f')}")
    return f"Validation scores of the epochs kept: {listing(notes)}." if notes else ""


def _meta(variants: dict[str, list[Curve]], quantities: list[str]) -> dict[str, Any]:
    names = [f"{name} (seeds: {len(curves)})" for name, curves in variants.items()]
    words = listing([quantity.replace("_", " ") for quantity in quantities])
    alt = (
        f"Curves of {words} by epoch for {listing(names)}. {_reached(variants)}".strip()
    )
    return {
        "alt": alt,
        "seeds": {name: [c.seed for c in curves] for name, curves in variants.items()},
        "configs": {
            name: sorted({str(c.config) for c in curves if c.config is not None})
            for name, curves in variants.items()
        },
    }
