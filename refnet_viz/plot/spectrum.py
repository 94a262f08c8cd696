"""`spectrum`: what a refiner leaves, beside the best linear one of any width."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from .._nested import Variants
from .._spaces import space_variants
from ..embedding import Embedding
from ..responsibility import Spectrum
from ..responsibility.leftover import leftover_of, linear_floor_of, spectra_of
from ..statistics import LEAST
from .band import band
from .ink import ink
from .looks import colors as colors_of
from .looks import dashes
from .panels import SPARE, finish, grid, row_of
from .record import replayable
from .text import listing, short, small, span

CONFIDENCE = 0.95
HEIGHT = 400
KNOWN = ("dataset", "fingerprint")
BELOW = {"xanchor": "right", "xshift": -8, "yshift": -12}
MARK = 24  # letters of a name beside its line


@replayable
def spectrum(
    spaces: Any,
    *,
    weights: Mapping[str, float] | None = None,
    columns: float | None = None,
    mode: str = "auto",
    caption: bool = False,
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
        with decoded answers. Several seeds are drawn as their mean, three or more with
        its 95 % band.
        The numbers are those of `refnet_viz.responsibility.leftover` and
        `refnet_viz.responsibility.linear_floor`.
    weights
        As in `Embedding.space`.
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
    variants = space_variants(spaces)
    spectra = spectra_of(variants, weights)
    table, floors = leftover_of(variants, spectra, CONFIDENCE), linear_floor_of(spectra)
    figure = grid(
        [[""]], columns=1, height=HEIGHT, below=44, page=row_of(columns, 1, 1)[1]
    )
    reach = _reach(table, floors)
    shades, patterns = colors_of(variants, mode), dashes(list(variants))
    for variant in _records(table):
        name = variant["variant"]
        line = {"color": shades[name], "width": 2, "dash": patterns[name]}
        figure.add_traces(_achieved(variant, line, 10**reach))
    _curves(figure, floors, shades, mode)
    _widths(figure, table, mode, reach=reach)
    _axes(figure, _top(table), reach)
    figure.update_layout(showlegend=True)
    return finish(
        figure,
        _title(table, mode),
        mode,
        _meta(table, spectra, variants),
        caption=caption,
    )


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of `leftover`, None standing for a width that is missing."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _achieved(
    variant: dict[str, Any], line: dict[str, Any], end: float
) -> list[go.Scatter]:
    """Return the line of what was achieved, its band, and where it is equalled."""
    color = line["color"]
    name, share = short(variant["variant"]), variant["mean"]
    equal = variant["equal_width"]
    label = f"{name}: {share:.2f} left"
    ends = [1.0, end]
    traces = []
    if variant["low"] is not None:
        low, high = variant["low"], variant["high"]
        traces.append(
            band(
                ends,
                [low, low],
                [high, high],
                color,
                name=name,
                legendgroup=name,
                showlegend=False,
            )
        )
    label += f" (best linear: width {equal})" if equal else ""
    traces.append(
        go.Scatter(
            x=ends,
            y=[share, share],
            mode="lines",
            name=label,
            legendgroup=name,
            line=line,
            hovertemplate=f"{label}<extra></extra>",
        )
    )
    if equal:
        traces.append(
            go.Scatter(
                x=[equal],
                y=[share],
                mode="markers",
                name=name,
                legendgroup=name,
                marker={"color": color, "size": 9},
                showlegend=False,
                hovertemplate=f"{label}<extra></extra>",
            )
        )
    return traces


def _curves(
    figure: go.Figure, floors: pd.DataFrame, shades: dict[str, str], mode: str
) -> None:
    """Add the spectrum, once where all variants share their targets."""
    curves = {
        variant: (rows["width"].to_numpy(), rows["floor"].to_numpy())
        for variant, rows in floors.groupby("variant", sort=False)
    }
    _, first = next(iter(curves.values()))
    same = all(
        len(floor) == len(first) and np.allclose(floor, first, atol=1e-6)
        for _, floor in curves.values()
    )
    for number, (variant, (width, floor)) in enumerate(curves.items()):
        if same and number:
            return
        color = ink(mode).text if same else shades[str(variant)]
        name = "best linear refiner"
        name += "" if same else f" for the targets of {short(variant)}"
        figure.add_trace(
            go.Scatter(
                x=width,
                y=floor,
                mode="lines",
                name=name,
                line={"color": color, "width": 2, "dash": "dash"},
                hovertemplate="width %{x}: %{y:.3f} left<extra></extra>",
            )
        )


def _widths(figure: go.Figure, table: pd.DataFrame, mode: str, *, reach: float) -> None:
    """Add a line at every width of z, and a diamond at its floor."""
    colors = ink(mode)
    top = _top(table)
    rows = _records(table)
    points = {(row["width"], round(row["floor"], 6)) for row in rows}
    for width in sorted({width for width, _ in points}):
        figure.add_trace(
            go.Scatter(
                x=[width, width],
                y=[0.0, top],
                mode="lines",
                name=f"width of z: {width}",
                line={"color": colors.muted, "width": 1.4, "dash": "dot"},
                hoverinfo="skip",
            )
        )
    for width, floor in sorted(points):
        label = f"floor of width {width}: {floor:.2f}"
        figure.add_trace(
            go.Scatter(
                x=[width],
                y=[floor],
                mode="markers",
                name=label,
                marker={"color": colors.text, "size": 10, "symbol": "diamond"},
                hovertemplate=f"{label}<extra></extra>",
            )
        )
        _label(figure, np.log10(width), floor, f"floor {floor:.2f}", mode, **BELOW)
    for number, row in enumerate(rows):
        place = 0.02 + 0.5 * number / len(rows) * reach
        text = f"{short(row['variant'], MARK)} {row['mean']:.2f}"
        # The legend tells the same: lines close together lose their names first.
        _label(figure, place, row["mean"], text, mode, xanchor="left", name=SPARE)


def _label(
    figure: go.Figure, x: float, y: float, text: str, mode: str, **more: Any
) -> None:
    """Write on a line; plotly wants the logarithm on a logarithmic axis."""
    figure.add_annotation(
        x=float(x),
        y=y,
        xref="x",
        yref="y",
        text=text,
        showarrow=False,
        bgcolor=ink(mode).paper,
        font={"size": 11},
        **{"yanchor": "middle", **more},
    )


def _reach(table: pd.DataFrame, floors: pd.DataFrame) -> float:
    """Return the largest width drawn, as a power of ten."""
    widest = max(table["width"].max(), floors["width"].max())
    return float(np.log10(max(2, widest)))


def _top(table: pd.DataFrame) -> float:
    return 1.05 * float(max(1.0, table[["mean", "high"]].max().max()))


def _axes(figure: go.Figure, top: float, reach: float) -> None:
    steps = [m * 10**p for p in range(int(reach) + 1) for m in (1, 2, 5)]
    steps = [step for step in steps if step <= 10**reach]
    x = {
        "title": {"text": "width of a linear refiner (log scale)"},
        "type": "log",
        "range": [-0.02 * reach, 1.02 * reach],
        "showline": True,
        "showgrid": False,
        "tickvals": steps,
        "ticktext": [f"{step:,}" for step in steps],
    }
    y = {"title": {"text": "share left"}, "range": [0, top], "nticks": 6}
    figure.update_layout(xaxis=x, yaxis=y)


def _title(table: pd.DataFrame, mode: str) -> str:
    note = "1: what the mean predictor leaves, 0: nothing"
    seeds = table["seeds"].max()
    if seeds >= LEAST:
        note += f"; band: {CONFIDENCE:.0%} of the mean of {seeds} seeds"
    title = f"What refiners leave of all modalities<br>{small(note)}"
    alarms = [
        f"{short(', '.join(names))} in {short(variant)}"
        for variant, names in zip(table["variant"], table["collapsed"], strict=True)
        if names
    ]
    if not alarms:
        return title
    red = ink(mode).alarm
    words = f"alarm, targets collapsed: {'; '.join(alarms)}: answers mean nothing"
    return f'{title}<br><span style="font-size:11px;color:{red}">{words}</span>'


def _meta(
    table: pd.DataFrame, spectra: Variants[Spectrum], every: Variants[Embedding]
) -> dict[str, Any]:
    info = next(iter(every.values()))[0].info
    origin = {key: info[key] for key in KNOWN if key in info}
    rows = _records(table)
    left = listing([f"{row['variant']} {row['mean']:.2f}" for row in rows])
    alt = (
        "Curve of the share left by the best linear refiner of each width, beside "
        f"what was achieved: {left}; the floor of linear refiners of the width of z is "
        f"{span(table['floor'].tolist())}, the mean predictor leaves 1."
    )
    variants = [
        {
            "variant": row["variant"],
            "seeds": row["seeds"],
            "width": row["width"],
            "achieved": row["mean"],
            "band": (row["low"], row["high"]),
            "floor": row["floor"],
            "equal_width": row["equal_width"],
            "condition": [one.condition for one in spectra[row["variant"]]],
            "collapsed": row["collapsed"],
        }
        for row in rows
    ]
    return {"alt": alt, **origin, "variants": variants}
