"""`responsibility`: how far z answers for each modality, by class and by point."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from ..graph.attribution import Attribution
from ..graph.sets import attribution_variants
from ..responsibility import scores_by_class
from .ink import LINES, ink, stroke
from .panels import finish, grid, place, row_of
from .record import replayable
from .text import listing, short, signed, small

LEAST = 240  # pixels of a panel
ROW = 12  # pixels a bar takes
FLOOR = -1.0  # what lies below is cut: answers far off can reach any depth
KNOWN = ("seed", "dataset", "fingerprint")
EVERY = "all points"
MOST = 12  # classes of a panel
STEPS = 500  # places of a curve

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Panel:
    """The bars and curves of one variant.

    Parameters
    ----------
    name
        Name of the variant.
    attribution
        Its first seed.
    """

    name: str
    attribution: Attribution

    @property
    def modalities(self) -> list[str]:
        """The modalities that were answered for."""
        return list(self.attribution.graph.embedding.decoded)

    @property
    def title(self) -> str:
        """Variant and seed, escaped."""
        seed = self.attribution.graph.embedding.info.get("seed")
        name = f"<b>{short(self.name)}</b>"
        return name if seed is None else f"{name}, seed {short(seed)}"

    @cached_property
    def _by_class(self) -> pd.DataFrame:
        return scores_by_class(self.attribution.graph.embedding)

    def groups(self, modality: str) -> pd.DataFrame:
        """Return the means of all points and of the largest classes."""
        table = self._by_class[self._by_class["modality"] == modality]
        return table.iloc[: 1 + MOST]

    @cached_property
    def labels(self) -> list[str]:
        """The classes that are drawn."""
        return self.groups(self.modalities[0])["label"].dropna().tolist()

    @property
    def left_out(self) -> int:
        """Number of classes that are not drawn."""
        classes = len(self._by_class) // len(self.modalities) - 1
        return classes - len(self.labels)

    @cached_property
    def nulls(self) -> dict[str, dict[str, float]]:
        """Modality to its responsibility of all points, and that of nothing."""
        table = self.attribution.responsibility.set_index("modality")
        table = table.reindex(columns=["r2", "r2_shuffled", "r2_untrained"])
        return {
            str(name): dict(zip(table.columns, map(float, row), strict=True))
            for name, row in zip(table.index, table.to_numpy(), strict=True)
        }

    def null_text(self, modality: str) -> str:
        """Return what answers that know nothing reach, as far as it is known."""
        null = self.nulls[modality]
        words = {"shuffled": null["r2_shuffled"], "untrained": null["r2_untrained"]}
        return ", ".join(
            f"{word} {signed(value)}"
            for word, value in words.items()
            if np.isfinite(value)
        )

    def curve(self, modality: str) -> tuple[Floats, Floats]:
        """Return values, rising, and the share of points at or below each."""
        values = self.attribution.responsibility_by_point[modality]
        values = np.sort(values[np.isfinite(values)])
        steps = np.linspace(0, len(values) - 1, min(len(values), STEPS)).round()
        places = steps.astype(int)
        return values[places], (places + 1) / max(1, len(values))


@replayable
def responsibility(
    attributions: Any,
    *,
    columns: float | None = None,
    mode: str = "auto",
    caption: bool = False,
) -> go.Figure:
    """Draw how far z answers for each modality, by class and by point.

    The responsibility of a point is ``1 - |x_i - D(z_i)|^2 / mean_j |x_j - mean|^2``
    (`refnet_viz.responsibility.scores_by_point`): at most 1, higher is better, 0 is
    the mean predictor. Left its mean over all points and over each class, a bar a
    modality; right the share of points that stay below a value. Axes end at -1.

    Parameters
    ----------
    attributions
        An Attribution, a list of them (seeds), or a mapping of either, with decoded
        answers; the first of each variant is drawn, in a row of two panels. The
        numbers are those of `refnet_viz.responsibility.scores_by_class`.
    columns
        As in `refnet_viz.plot.compare`.
    mode
        "light", "dark", or "auto": as the notebook or the page around; files of
        pictures are light then.
    caption
        True leaves title and method lines to the caption (`refnet_viz.plot.caption`,
        and the manifest), and gives the panels letters.

    Returns
    -------
    plotly.graph_objects.Figure
        The titles of the panels tell what shuffled answers and untrained decoders
        reach.

    Raises
    ------
    TypeError
        If a value is no Attribution.
    ValueError
        If nothing was decoded.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import knn
    >>> from refnet_viz.graph.attribution import attribute
    >>> from refnet_viz.responsibility import cross_fit
    >>> x = np.random.default_rng(0).normal(size=(40, 2))
    >>> own = cross_fit(Embedding.from_arrays(x, modalities={"a": x}))
    >>> figure = responsibility(attribute(knn(own, k=3)))
    >>> figure.data[0].x.round(3).tolist()  # z is the modality itself
    [1.0]
    """
    ink(mode)
    panels = _panels(attributions)
    names = list(dict.fromkeys(m for panel in panels for m in panel.modalities))
    colors = {name: stroke(i, mode)[0] for i, name in enumerate(names)}
    most = 1 + max(len(panel.labels) for panel in panels)
    height = max(LEAST, int(most * (ROW * len(names) + 8)))
    titles = [lines for panel in panels for lines in _titles(panel)]
    wide, page = row_of(columns, len(titles), 2, most=2)
    look: dict[str, Any] = {"below": 40, "gap": 14, "width_gap": 0.1}
    figure = grid(titles, columns=wide, height=height, page=page, **look)
    for number, panel in enumerate(panels):
        for trace in _bars(panel, colors, mode):
            figure.add_trace(trace, **place(2 * number, wide))
        for trace in _curves(panel, colors, mode):
            figure.add_trace(trace, **place(2 * number + 1, wide))
    _axes(figure, panels, mode)
    listed: set[str] = set()
    for trace in figure.data:
        # Every name stands in the legend once.
        trace.showlegend = trace.name not in listed
        listed.add(trace.name)
    figure.update_layout(barmode="group", bargap=0.25, showlegend=True)
    title = "Responsibility: how far the fused vectors answer for each modality"
    note = "share of the variance that is decoded right; 0: the mean predictor, 1: all"
    return finish(
        figure, f"{title}<br>{small(note)}", mode, _meta(panels), caption=caption
    )


def _panels(attributions: Any) -> list[Panel]:
    panels = []
    for key, members in attribution_variants(attributions).items():
        if members[0].geometry is None:
            raise ValueError(
                f"`attributions` must have decoded answers, got none in {key!r}; "
                "`rv.responsibility.cross_fit` fits decoders to any embedding."
            )
        panels.append(Panel(key, members[0]))
    return panels


def _titles(panel: Panel) -> list[list[str]]:
    """Return the titles of a variant's two panels."""
    nulls = [
        f"{short(name, 18)} {signed(panel.nulls[name]['r2'])}: {panel.null_text(name)}"
        for name in panel.modalities
    ]
    rest = f", {panel.left_out} smaller ones left out" if panel.left_out else ""
    return [
        [f"{panel.title}: mean by class{rest}", *map(small, nulls)],
        [f"{panel.title}: by point"],
    ]


def _bars(panel: Panel, colors: dict[str, str], mode: str) -> list[Any]:
    places = np.arange(1 + len(panel.labels))
    bars = []
    for name in panel.modalities:
        groups = panel.groups(name)
        means = groups["mean"].to_numpy()
        texts = [
            f"<b>{short(label)}</b>, {members:,} points<br>"
            f"{short(name)}: {signed(mean)}<br>all points: {panel.null_text(name)}"
            for label, members, mean in zip(
                [EVERY, *panel.labels], groups["members"], means, strict=True
            )
        ]
        bars.append(
            go.Bar(
                x=means,
                y=places,
                orientation="h",
                name=short(name),
                legendgroup=short(name),
                hovertext=texts,
                marker={"color": colors[name], "line": {"width": 0}},
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    return [*bars, _zero(-0.6, places[-1] + 0.6, mode)]


def _curves(panel: Panel, colors: dict[str, str], mode: str) -> list[go.Scatter]:
    lines = []
    for number, name in enumerate(panel.modalities):
        x, y = panel.curve(name)
        lines.append(
            go.Scatter(
                x=x,
                y=y,
                mode="lines",
                name=short(name),
                legendgroup=short(name),
                line={
                    "color": colors[name],
                    "width": 2,
                    "dash": LINES[number % len(LINES)],
                },
                hovertemplate=f"{short(name)}<br>%{{y:.0%}} of the points are at most "
                "%{x:.2f}<extra></extra>",
            )
        )
    return [*lines, _zero(0.0, 1.0, mode)]


def _zero(low: float, high: float, mode: str) -> go.Scatter:
    return go.Scatter(
        x=[0.0, 0.0],
        y=[low, high],
        mode="lines",
        name="mean predictor",
        line={"color": ink(mode).text, "width": 1.4, "dash": "dot"},
        hoverinfo="skip",
        legendgroup="mean predictor",
    )


def _axes(figure: go.Figure, panels: list[Panel], mode: str) -> None:
    """Give all bars one range, and all curves another."""
    means = [v for p in panels for m in p.modalities for v in p.groups(m)["mean"]]
    curves = [p.curve(m)[0].min(initial=0.0) for p in panels for m in p.modalities]
    for row, panel in enumerate(panels):
        count = 1 + len(panel.labels)
        words = [f"<i>{EVERY}</i>", *(short(label, 22) for label in panel.labels)]
        classes = {
            "tickvals": list(range(count)),
            "ticktext": words,
            "ticks": "",
            "range": [count - 0.4, -0.6],
            "showgrid": False,
            "tickfont": {"color": ink(mode).text},
        }
        shares = {
            "title": {"text": "share of points below"},
            "range": [0, 1.02],
            "tickformat": ".0%",
        }
        parts = (
            (classes, "mean responsibility", means),
            (shares, "responsibility", curves),
        )
        for number, (y, words_x, values) in enumerate(parts, start=2 * row + 1):
            name = "" if number == 1 else str(number)
            low = max(FLOOR, np.nanmin([0.0, *values]))
            x = {
                "title": {"text": words_x},
                "showline": True,
                "nticks": 7,
                "range": [low - 0.02 * (1 - low), 1.02],
            }
            figure.update_layout({f"xaxis{name}": x, f"yaxis{name}": y})


def _answers(panel: Panel) -> str:
    """Say what the mean over all points is, beside what knows nothing."""
    answers = [
        f"{name} {signed(panel.nulls[name]['r2'])} ({panel.null_text(name)})"
        for name in panel.modalities
    ]
    return f"{panel.name}: {listing(answers)}."


def _meta(panels: list[Panel]) -> dict[str, Any]:
    rows = []
    for panel in panels:
        info = panel.attribution.graph.embedding.info
        geometry = panel.attribution.geometry
        rows.append(
            {
                "variant": panel.name,
                **{k: info[k] for k in KNOWN if k in info},
                "weights": geometry and geometry.weights,
                "responsibility": panel.nulls,
            }
        )
    alt = (
        f"Bars of the responsibility for {', '.join(panels[0].modalities)} by class, "
        f"and curves of it by point, for {', '.join(p.name for p in panels)}; "
        f"0 is the mean predictor. {' '.join(map(_answers, panels))}"
    )
    return {"alt": alt, "panels": rows}
