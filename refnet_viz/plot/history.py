"""`history`: curves of training, seeds thin and their mean thick."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from .. import _check
from .panels import finish, grid, place
from .text import short, small
from .theme import DASHES, class_style, ink

HEIGHT = 200
ALONE = "run"


def history(runs: Any, *, columns: int | None = None, mode: str = "light") -> go.Figure:
    """Draw losses and validation scores by epoch, a panel each.

    Parameters
    ----------
    runs
        A Run, a list of them (seeds), a mapping of either, or a DataFrame with a
        column ``epoch`` and numeric columns.
    columns
        Panels in a row.
    mode
        "light" or "dark".

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
        name: [_frame(name, run) for run in members]
        for name, members in _variants(runs).items()
    }
    kept = {
        name: [getattr(r, "best_epoch", None) for r in m]
        for name, m in _variants(runs).items()
    }
    quantities = _quantities(variants)
    wide = min(3, len(quantities)) if columns is None else columns
    wide = _check.integer("columns", wide, low=1)
    titles = [[f"<b>{short(name.replace('_', ' '))}</b>"] for name in quantities]
    figure = grid(titles, columns=wide, height=HEIGHT, below=40, gap=14, width_gap=0.08)
    for number, quantity in enumerate(quantities):
        for turn, (name, frames) in enumerate(variants.items()):
            style = {
                "color": class_style(turn, mode)[0],
                "dash": DASHES[turn % len(DASHES)],
            }
            for trace in _curves(
                name, frames, kept[name], quantity, style, first=number == 0
            ):
                figure.add_trace(trace, **place(number, wide))
        suffix = "" if number == 0 else str(number + 1)
        figure.update_layout({
            f"xaxis{suffix}": {"title": {"text": "epoch"}, "showline": True, "showgrid": False},
            f"yaxis{suffix}": {"nticks": 5},
        })  # fmt: skip
    figure.update_layout(showlegend=len(variants) > 1 or ALONE not in variants)
    return finish(figure, _title(variants), mode, _meta(runs, variants, quantities))


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


def _frame(name: str, run: Any) -> pd.DataFrame:
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
    return frame


def _quantities(variants: dict[str, list[pd.DataFrame]]) -> list[str]:
    """Return the numeric columns of any history, in order of appearance."""
    found = dict.fromkeys(
        str(column)
        for frames in variants.values() for frame in frames
        for column in frame.select_dtypes("number").columns
        if column != "epoch" and frame[column].notna().any()
    )  # fmt: skip
    if not found:
        raise ValueError("`runs` must have a numeric column beside 'epoch', got none.")
    return list(found)


def _curves(
    name: str,
    frames: list[pd.DataFrame],
    kept: list[Any],
    quantity: str,
    style: dict[str, str],
    *,
    first: bool,
) -> list[go.Scatter]:
    parts = [
        (frame[["epoch", quantity]].dropna(), best)
        for frame, best in zip(frames, kept, strict=True)
        if quantity in frame.columns
    ]
    many = len(parts) > 1
    common = {"mode": "lines", "name": short(name), "legendgroup": name}
    traces = []
    for number, (part, _) in enumerate(parts):
        line = {"color": style["color"], "width": 1} if many else {**style, "width": 2}
        traces.append(
            go.Scatter(
                x=part["epoch"].to_numpy(), y=part[quantity].to_numpy(), line=line,
                opacity=0.45 if many else 1.0, showlegend=first and not many and number == 0,
                hovertemplate="epoch %{x}: %{y:.4g}<extra>" + short(name) + "</extra>", **common,
            )
        )  # fmt: skip
    if many:
        mean = pd.concat([part for part, _ in parts]).groupby("epoch")[quantity].mean()
        traces.append(
            go.Scatter(
                x=mean.index.to_numpy(), y=mean.to_numpy(), line={**style, "width": 2.5},
                showlegend=first, hovertemplate="epoch %{x}: %{y:.4g}<extra>mean of "
                f"{len(parts)} seeds</extra>", **common,
            )
        )  # fmt: skip
    return [*traces, *_best(name, parts, quantity, style["color"])]


def _best(
    name: str, parts: list[tuple[pd.DataFrame, Any]], quantity: str, color: str
) -> list[go.Scatter]:
    at = [
        (best, part.loc[part["epoch"] == best, quantity].iloc[0])
        for part, best in parts
        if best is not None and (part["epoch"] == best).any()
    ]
    if not at:
        return []
    x, y = zip(*at, strict=True)
    return [
        go.Scatter(
            x=list(x), y=list(y), mode="markers", name=f"{short(name)}: kept",
            showlegend=False, marker={"symbol": "diamond", "size": 7, "color": color},
            hovertemplate="kept: epoch %{x}<extra></extra>", legendgroup=name,
        )
    ]  # fmt: skip


def _title(variants: dict[str, list[pd.DataFrame]]) -> str:
    counts = sorted({len(frames) for frames in variants.values()})
    told = " to ".join(dict.fromkeys([str(counts[0]), str(counts[-1])]))
    words = "thin: one seed, thick: their mean, " if counts[-1] > 1 else ""
    seeds = "1 seed" if counts == [1] else f"{told} seeds"
    return f"Training<br>{small(f'{words}{seeds}; diamond: epoch that was kept')}"


def _meta(
    runs: Any, variants: dict[str, list[pd.DataFrame]], quantities: list[str]
) -> dict[str, Any]:
    members = _variants(runs)
    alt = f"Curves of {', '.join(quantities)} by epoch for {', '.join(variants)}."
    return {
        "figure": "history", "alt": alt,
        "seeds": {name: [getattr(r, "seed", None) for r in m] for name, m in members.items()},
        "configs": {
            name: sorted({str(c) for r in m if (c := getattr(r, "config", None)) is not None})
            for name, m in members.items()
        },
    }  # fmt: skip
