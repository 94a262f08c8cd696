"""`responsibility`: how far z answers for each modality, by class and by point."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from .._nested import as_variants
from ..graph import Attribution
from .panels import finish, grid, place
from .text import short, small
from .theme import DASHES, class_style, ink

HEIGHT = 260
ROW = 15  # pixels of a bar
EVERY = "all points"
LOWEST = -1.0  # single points may be far below; the axis stops here
LINES = tuple(dash for dash in DASHES if dash != "dot")  # dots are the null


def responsibility(attributions: Any, *, mode: str = "light") -> go.Figure:
    """Draw how far the fused vector answers for each modality.

    Above, the mean responsibility of each class and of all points, a bar a modality:
    1 is a perfect answer, 0 that of the mean, below 0 worse than the mean. Below, the
    share of points that reach a responsibility.

    Parameters
    ----------
    attributions
        Of `refnet_viz.attribute`, of embeddings with decoded answers: one, a list
        (seeds), or a mapping from variants to one or several; a column a variant, the
        mean over its seeds.
    mode
        "light" or "dark".

    Returns
    -------
    plotly.graph_objects.Figure
        ``layout.meta["means"]`` has variant, class and modality to mean.

    Raises
    ------
    TypeError
        If a value is no Attribution.
    ValueError
        If nothing was decoded.

    Examples
    --------
    >>> from refnet_viz import Embedding, attribute, knn
    >>> from refnet_viz.responsibility import cross_fit
    >>> x = np.random.default_rng(0).normal(size=(40, 2))
    >>> own = cross_fit(Embedding.from_arrays(x, modalities={"a": x}))
    >>> figure = responsibility(attribute(knn(own, k=3)))
    >>> round(figure.layout.meta["means"]["attribution"]["all points"]["a"], 3)
    1.0
    """
    colors = ink(mode)
    every = as_variants("attributions", attributions, Attribution, alone="attribution")
    for members in every.values():
        if any(known.geometry is None for known in members):
            raise ValueError(
                "`attributions` must be of embeddings with decoded answers, got one "
                "without."
            )
    tables = {name: [k.points for k in members] for name, members in every.items()}
    first = next(iter(every.values()))[0]
    names, wide = list(first.graph.embedding.decoded), len(every)
    means = {name: _means(members, names) for name, members in tables.items()}
    titles = [
        [f"<b>{short(name)}</b>", small(_nulls(members, names))]
        for name, members in every.items()
    ]
    titles += [["<b>by point</b>", small("share of points at or above")]] * wide
    rows = max(len(table) for table in means.values()) * (len(names) + 1)
    height = max(HEIGHT, ROW * rows)
    figure = grid(titles, columns=wide, height=height, below=44, width_gap=0.06)
    for number, name in enumerate(every):
        for turn, modality in enumerate(names):
            for trace in (
                _bars(means[name], modality, turn, mode),
                _curve(tables[name], modality, turn, mode),
            ):
                lower = isinstance(trace, go.Scatter)
                trace.showlegend = number == 0 and not lower
                figure.add_trace(trace, **place(number + wide * lower, wide))
        null = _null(means[name], colors.text)
        figure.add_trace(null, **place(number, wide))
        _axes(figure, number + 1, wide)
    most = min(0.0, *(float(table.to_numpy().min()) for table in means.values()))
    for number in range(1, wide + 1):
        name = "" if number == 1 else str(number)
        figure.update_layout({f"xaxis{name}": {"range": [1.05 * most, 1]}})
    figure.update_layout(barmode="group", bargap=0.25)
    title = "Responsibility: what the fused vector answers of each modality"
    told = small("1: everything, 0: what the mean would answer")
    return finish(figure, f"{title}<br>{told}", mode, _meta(every, means))


def _means(tables: list[pd.DataFrame], names: list[str]) -> pd.DataFrame:
    """Return the mean of each class and of all points, over seeds."""
    every = pd.concat(tables, ignore_index=True)
    found = every[names].mean().to_frame(EVERY).T
    if "label" in every.columns:
        found = pd.concat([found, every.groupby("label", sort=False)[names].mean()])
    return found


def _nulls(members: list[Attribution], names: list[str]) -> str:
    """Return what answers dealt to other rows, and untrained decoders, would reach."""
    parts = []
    for column, words in (("r2_shuffled", "shuffled"), ("r2_untrained", "untrained")):
        tables = [known.responsibility.set_index("modality") for known in members]
        values = [np.mean([t[column][name] for t in tables]) for name in names]
        if np.isfinite(values).all():
            parts.append(f"{words} {', '.join(f'{value:.1f}' for value in values)}")
    return "; ".join(parts)


def _bars(means: pd.DataFrame, modality: str, turn: int, mode: str) -> go.Bar:
    labels = [_label(name) for name in means.index]
    return go.Bar(
        y=labels, x=means[modality].to_numpy(), name=short(modality), orientation="h",
        marker={"color": class_style(turn, mode)[0], "line": {"width": 0}},
        hovertemplate=f"{short(modality)}, %{{y}}: %{{x:.2f}}<extra></extra>",
    )  # fmt: skip


def _curve(
    tables: list[pd.DataFrame], modality: str, turn: int, mode: str
) -> go.Scatter:
    values = np.sort(pd.concat([table[modality] for table in tables]).dropna())
    share = 1 - np.arange(len(values)) / max(1, len(values))
    line = {
        "color": class_style(turn, mode)[0], "width": 2,
        "dash": LINES[turn % len(LINES)],
    }  # fmt: skip
    return go.Scatter(
        x=values, y=share, mode="lines", line=line, name=short(modality),
        hovertemplate=f"{short(modality)}: %{{y:.0%}} at %{{x:.2f}} or above"
        "<extra></extra>",
    )  # fmt: skip


def _null(means: pd.DataFrame, color: str) -> go.Scatter:
    """Return a line at 0 along all classes."""
    ends = [_label(means.index[0]), _label(means.index[-1])]
    line = {"color": color, "width": 1, "dash": "dot"}
    return go.Scatter(
        x=[0, 0], y=ends, mode="lines", line=line,
        hoverinfo="skip", showlegend=False, name="mean predictor",
    )  # fmt: skip


def _label(name: Any) -> str:
    return short(name, 18)


def _axes(figure: go.Figure, number: int, wide: int) -> None:
    upper, lower = "" if number == 1 else str(number), str(number + wide)
    named, title = number == 1, {"title": {"text": "mean responsibility"}}
    figure.update_layout({
        f"xaxis{upper}": {**title},
        f"yaxis{upper}": {"autorange": "reversed", "showgrid": False, "ticks": "",
                          "showticklabels": named},
        f"xaxis{lower}": {"range": [LOWEST, 1], "title": {"text": "responsibility"}},
        f"yaxis{lower}": {"range": [0, 1.02], "tickformat": ".0%",
                          "showticklabels": named,
                          "title": {"text": "share of points" if named else ""}},
    })  # fmt: skip


def _meta(
    every: dict[str, list[Attribution]], means: dict[str, pd.DataFrame]
) -> dict[str, Any]:
    told = {name: table.to_dict("index") for name, table in means.items()}
    words = "; ".join(
        f"{name}: " + ", ".join(f"{m} {v:.2f}" for m, v in rows[EVERY].items())
        for name, rows in told.items()
    )
    alt = (
        "Bars of the responsibility for each modality by class, and curves of the "
        f"share of points that reach it ({words})."
    )
    seeds = {name: len(members) for name, members in every.items()}
    return {"figure": "responsibility", "alt": alt, "seeds": seeds, "means": told}
