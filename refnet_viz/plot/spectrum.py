"""`spectrum`: what a refiner leaves, beside the best linear one of any width."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ..embedding import Embedding
from .band import band
from .leftover import CONFIDENCE, Variant, variant_of
from .panels import SPARE, finish, grid
from .record import replayable
from .text import listing, short, small, span
from .theme import LINES, ink, stroke
from .variants import variants_of

HEIGHT = 400
KNOWN = ("dataset", "fingerprint")
BELOW = {"xanchor": "right", "xshift": -8, "yshift": -12}
MARK = 24  # letters of a name beside its line


@replayable
def spectrum(
    spaces: Any, *, weights: Mapping[str, float] | None = None, mode: str = "light"
) -> go.Figure:
    """Draw what each refiner leaves beside the least that any linear one can leave.

    The curve is the share of ``sum_m w_m sum_i |x_mi - mean|^2`` that is left when the
    first k eigenvalues of the modality-sum kernel are kept: the floor of linear
    refiners of width k (`refnet_viz.responsibility.Spectrum.floor`). A vertical line
    stands at the width of z, horizontal ones at what the variants achieved, and a dot
    where a linear refiner would be as good. Decoders that are not linear may fall
    below the floor.

    Parameters
    ----------
    spaces
        An Embedding, a list of them (seeds), or a mapping of either, of held-out rows
        with decoded answers. Several seeds are drawn as their mean and its 95 % band.
    weights
        As in `Embedding.space`.
    mode
        "light" or "dark".

    Returns
    -------
    plotly.graph_objects.Figure
        One curve where all variants have the same targets, else one a variant. The
        title raises an alarm where targets collapsed: to answer for them means
        nothing.

    Raises
    ------
    TypeError
        If a value is no Embedding.
    ValueError
        If nothing was decoded, a row was trained on, no row has every modality or the
        targets do not vary.

    Examples
    --------
    >>> from refnet_viz.responsibility import cross_fit
    >>> x = np.random.default_rng(0).normal(size=(40, 3))
    >>> own = Embedding.from_arrays(x[:, :1], modalities={"a": x}, name="one")
    >>> figure = spectrum(cross_fit(own))
    >>> [t.name for t in figure.data if t.showlegend is not False][1:3]
    ['best linear refiner', 'width of z: 1']
    """
    ink(mode)
    every = variants_of("spaces", spaces, Embedding)
    variants = [variant_of(name, found, weights) for name, found in every.items()]
    figure = grid([[""]], columns=1, height=HEIGHT, below=44)
    end = 10 ** _reach(variants)
    for number, variant in enumerate(variants):
        line = {
            "color": stroke(number, mode)[0], "width": 2,
            "dash": LINES[number % len(LINES)],
        }  # fmt: skip
        figure.add_traces(_achieved(variant, line, end))
    _curves(figure, variants, mode)
    _widths(figure, variants, mode)
    _axes(figure, variants)
    figure.update_layout(showlegend=True)
    return finish(figure, _title(variants, mode), mode, _meta(variants, every))


def _achieved(variant: Variant, line: dict[str, Any], end: float) -> list[go.Scatter]:
    """Return the line of what was achieved, its band, and where it is equalled."""
    color = line["color"]
    name, share, equal = short(variant.name), variant.achieved, variant.equal
    told = f"{name}: {share:.2f} left"
    ends = [1.0, end]
    traces = []
    if len(variant.found) > 1:
        low, high = variant.ends
        traces.append(band(
            ends, [low, low], [high, high], color, name=name, legendgroup=name,
            showlegend=False,
        ))  # fmt: skip
    told += f" (best linear: width {equal})" if equal else ""
    traces.append(go.Scatter(
        x=ends, y=[share, share], mode="lines", name=told, legendgroup=name,
        line=line, hovertemplate=f"{told}<extra></extra>",
    ))  # fmt: skip
    if equal:
        traces.append(go.Scatter(
            x=[equal], y=[share], mode="markers", name=name, legendgroup=name,
            marker={"color": color, "size": 9}, showlegend=False,
            hovertemplate=f"{told}<extra></extra>",
        ))  # fmt: skip
    return traces


def _curves(figure: go.Figure, variants: list[Variant], mode: str) -> None:
    """Add the spectrum, once where all variants share their targets."""
    first = variants[0].left
    same = all(
        len(v.left) == len(first) and np.allclose(v.left, first, atol=1e-6)
        for v in variants
    )
    for number, variant in enumerate(variants[:1] if same else variants):
        color = ink(mode).text if same else stroke(number, mode)[0]
        name = "best linear refiner"
        name += "" if same else f" for the targets of {short(variant.name)}"
        figure.add_trace(go.Scatter(
            x=np.arange(1, len(variant.left) + 1), y=variant.left, mode="lines",
            name=name, line={"color": color, "width": 2, "dash": "dash"},
            hovertemplate="width %{x}: %{y:.3f} left<extra></extra>",
        ))  # fmt: skip


def _widths(figure: go.Figure, variants: list[Variant], mode: str) -> None:
    """Add a line at every width of z, and a diamond at its floor."""
    colors = ink(mode)
    top = _top(variants)
    known = {(v.first.width, round(v.first.floor_share, 6)) for v in variants}
    for width in sorted({width for width, _ in known}):
        figure.add_trace(go.Scatter(
            x=[width, width], y=[0.0, top], mode="lines", name=f"width of z: {width}",
            line={"color": colors.muted, "width": 1.4, "dash": "dot"},
            hoverinfo="skip",
        ))  # fmt: skip
    for width, floor in sorted(known):
        told = f"floor of width {width}: {floor:.2f}"
        figure.add_trace(go.Scatter(
            x=[width], y=[floor], mode="markers", name=told,
            marker={"color": colors.text, "size": 10, "symbol": "diamond"},
            hovertemplate=f"{told}<extra></extra>",
        ))  # fmt: skip
        _label(figure, np.log10(width), floor, f"floor {floor:.2f}", mode, **BELOW)
    for number, variant in enumerate(variants):
        place = 0.02 + 0.5 * number / len(variants) * _reach(variants)
        text = f"{short(variant.name, MARK)} {variant.achieved:.2f}"
        # The legend tells the same: lines close together lose their names first.
        _label(figure, place, variant.achieved, text, mode, xanchor="left", name=SPARE)


def _label(
    figure: go.Figure, x: float, y: float, text: str, mode: str, **more: Any
) -> None:
    """Write on a line; plotly wants the logarithm on a logarithmic axis."""
    figure.add_annotation(
        x=float(x), y=y, xref="x", yref="y", text=text, showarrow=False,
        bgcolor=ink(mode).paper, font={"size": 11}, **{"yanchor": "middle", **more},
    )  # fmt: skip


def _reach(variants: list[Variant]) -> float:
    """Return the largest width drawn, as a power of ten."""
    widest = max(max(len(v.left), v.first.width) for v in variants)
    return float(np.log10(max(2, widest)))


def _top(variants: list[Variant]) -> float:
    ends = [np.fmax(v.achieved, v.ends[1]) for v in variants]
    return 1.05 * float(max(1.0, *ends))


def _axes(figure: go.Figure, variants: list[Variant]) -> None:
    reach = _reach(variants)
    steps = [m * 10**p for p in range(int(reach) + 1) for m in (1, 2, 5)]
    steps = [step for step in steps if step <= 10**reach]
    x = {
        "title": {"text": "width of a linear refiner (log scale)"}, "type": "log",
        "range": [-0.02 * reach, 1.02 * reach], "showline": True, "showgrid": False,
        "tickvals": steps, "ticktext": [f"{step:,}" for step in steps],
    }  # fmt: skip
    y = {"title": {"text": "share left"}, "range": [0, _top(variants)], "nticks": 6}
    figure.update_layout(xaxis=x, yaxis=y)


def _title(variants: list[Variant], mode: str) -> str:
    told = "1: what the mean predictor leaves, 0: nothing"
    counts = [len(v.found) for v in variants]
    if max(counts) > 1:
        told += f"; band: {CONFIDENCE:.0%} of the mean of {max(counts)} seeds"
    title = f"What refiners leave of all modalities<br>{small(told)}"
    alarms = [
        f"{short(', '.join(v.collapsed))} in {short(v.name)}"
        for v in variants if v.collapsed
    ]  # fmt: skip
    if not alarms:
        return title
    red = ink(mode).alarm
    words = f"alarm, targets collapsed: {'; '.join(alarms)}: answers mean nothing"
    return f'{title}<br><span style="font-size:11px;color:{red}">{words}</span>'


def _floors(variants: list[Variant]) -> str:
    return span([variant.first.floor_share for variant in variants])


def _meta(
    variants: list[Variant], every: Mapping[str, list[Embedding]]
) -> dict[str, Any]:
    info = next(iter(every.values()))[0].info
    known = {key: info[key] for key in KNOWN if key in info}
    alt = (
        "Curve of the share left by the best linear refiner of each width, beside "
        "what was achieved: "
        + listing([f"{v.name} {v.achieved:.2f}" for v in variants])
        + f"; the floor of linear refiners of the width of z is {_floors(variants)}, "
        "the mean predictor leaves 1."
    )  # fmt: skip
    rows = [variant.meta() for variant in variants]
    return {"alt": alt, **known, "variants": rows}
