"""`overlaps`: shared neighbours with the modality-sum graph, whatever k."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from .._nested import Variants, aligned
from .._spaces import space_variants
from ..embedding import Embedding, coverage
from ..graph.overlaps import overlap_by_k
from ..statistics import LEAST
from .band import band
from .ink import SYMBOLS, ink, stroke
from .looks import numbers
from .panels import default_columns, finish, grid, place, row_of
from .record import replayable
from .text import listing, short, small, smalls

HEIGHT = 300
CONFIDENCE = 0.95
SHOWN = 15  # the k of which the summary speaks
KNOWN = ("dataset", "fingerprint")
DASHES = {"latent": "dash", "refined": "solid"}
CURVE = ["variant", "space"]


@replayable
def overlaps(
    spaces: Any,
    *,
    k_max: int = 50,
    columns: float | None = None,
    mode: str = "auto",
    caption: bool = False,
) -> go.Figure:
    """Draw how many neighbours a space shares with the modalities, for every k.

    ``mean_i |N_k(i) & N_k'(i)| / k`` of the latent and of the refined space with the
    graph of all modalities (the modality-sum), and in further panels with each
    modality's own graph, over the points that have it. The dotted line is chance,
    k / (N - 1).

    Parameters
    ----------
    spaces
        An Embedding, a list of them (seeds), or a mapping of either, all with the
        same modalities. Several seeds are drawn as their mean, three or more with its
        95 % band. The numbers are those of `refnet_viz.graph.overlap_by_k`.
    k_max
        Largest k; lowered to the number of other points with every modality. Every
        space is searched once, at this k.
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
        A colour a variant; solid is refined, dashed is latent.

    Raises
    ------
    TypeError
        If a value is no Embedding.
    ValueError
        If modalities are missing or differ, or fewer than two points have all.

    Examples
    --------
    >>> x = np.array([[0.0], [1.0], [3.0], [7.0]])
    >>> own = Embedding.from_arrays(x, modalities={"a": -x, "b": x[[2, 0, 3, 1]]})
    >>> lines = [t for t in overlaps(own).data if t.y is not None and len(t.y) == 3]
    >>> [line.y.round(2).tolist() for line in lines[2:4]]  # with a alone, chance
    [[1.0, 1.0, 1.0], [0.33, 0.67, 1.0]]
    """
    ink(mode)
    variants = aligned("spaces", space_variants(spaces))
    table = overlap_by_k(variants, k_max=k_max, confidence=CONFIDENCE)
    grounds = list(table["ground"].unique())
    wide, page = row_of(columns, len(grounds), default_columns(len(grounds)))
    first = next(iter(variants.values()))[0]
    titles = [
        [f"<b>with {_words(ground)}</b>", *smalls(short(_coverage(first, ground)))]
        for ground in grounds
    ]
    look: dict[str, Any] = {"height": HEIGHT, "below": 44, "gap": 14, "width_gap": 0.07}
    figure = grid(titles, columns=wide, page=page, shared=True, **look)
    looks = {name: _look(i, mode) for name, i in numbers(variants).items()}
    for number, ground in enumerate(grounds):
        part = table[table["ground"] == ground]
        for trace in [*_panel(part, looks), _chance(part, mode)]:
            figure.add_trace(trace, **place(number, wide))
    _axes(figure, table, len(grounds))
    _key(figure, table, looks, mode)
    return finish(
        figure, _title(variants), mode, _meta(variants, table), caption=caption
    )


def _look(number: int, mode: str) -> dict[str, Any]:
    """Return the colour and the sign of a variant, dashes being those of spaces."""
    return {
        "color": stroke(number, mode)[0],
        "symbol": SYMBOLS[number % len(SYMBOLS)],
    }


def _signs(count: int, number: int, of: int) -> npt.NDArray[np.float64]:
    """Return the sizes of points along a line: a few, beside those of other lines."""
    step = max(1, count // 6)
    marked = np.arange(count) % step == (number * step) // of
    return np.where(marked, 7.0, 0.0)


def _panel(table: pd.DataFrame, looks: dict[str, dict[str, Any]]) -> list[go.Scatter]:
    """Return bands first, so that no line is hidden."""
    order = list(looks)
    bands, lines = [], []
    for names, rows in table.groupby(CURVE, sort=False):
        variant, space = map(str, names)
        look, ks = looks[variant], rows["k"].to_numpy()
        color = look["color"]
        common: dict[str, Any] = {"legendgroup": short(variant), "showlegend": False}
        name = f"{short(variant)}, {space}"
        if rows["low"].notna().all():
            ends = rows["low"].to_numpy(), rows["high"].to_numpy()
            bands.append(band(ks, *ends, color, rim=0, name=name, **common))
        size = _signs(len(ks), order.index(variant), len(order))
        lines.append(
            go.Scatter(
                x=ks,
                y=rows["mean"].to_numpy(),
                mode="lines+markers",
                name=name,
                marker={**look, "size": size},
                line={"color": color, "width": 2, "dash": DASHES[space]},
                hovertemplate=f"{name}<br>k = %{{x}}: %{{y:.3f}}<extra></extra>",
                **common,
            )
        )
    return [*bands, *lines]


def _chance(table: pd.DataFrame, mode: str) -> go.Scatter:
    rows = table.drop_duplicates("k")
    return go.Scatter(
        x=rows["k"].to_numpy(),
        y=rows["chance"].to_numpy(),
        mode="lines",
        name="chance",
        line={"color": ink(mode).text, "width": 1.4, "dash": "dot"},
        legendgroup="chance",
        showlegend=False,
        hovertemplate="chance<br>k = %{x}: %{y:.3f}<extra></extra>",
    )


def _coverage(embedding: Embedding, ground: str) -> str:
    return coverage(embedding.present_in(ground), ground)


def _words(ground: str) -> str:
    return "all modalities (sum)" if ground == "sum" else f"{short(ground, 24)} alone"


def _axes(figure: go.Figure, table: pd.DataFrame, count: int) -> None:
    """Give all panels one range, so that heights can be compared."""
    top = min(1.0, 1.06 * table[["mean", "high", "chance"]].max().max())
    x = {
        "title": {"text": "k, neighbours a point"},
        "showline": True,
        "showgrid": False,
        "range": [0, int(table["k"].max()) + 1],
    }
    for number in range(1, count + 1):
        name = "" if number == 1 else str(number)
        y = {"title": {"text": "shared"}, "range": [0, top], "tickformat": ".0%"}
        figure.update_layout({f"xaxis{name}": x, f"yaxis{name}": y})


def _key(
    figure: go.Figure,
    table: pd.DataFrame,
    looks: dict[str, dict[str, Any]],
    mode: str,
) -> None:
    """Add the legend: colours of variants, dashes of spaces, chance."""
    entries: list[tuple[str, str, dict[str, Any], Any]] = [
        (short(name), short(name), {"color": look["color"], "width": 2}, look)
        for name, look in looks.items()
    ]
    grey = {"color": ink(mode).muted, "width": 2}
    spaces = [space for space in DASHES if (table["space"] == space).any()]
    entries += [
        (f"{space} space", f"{space} space", {**grey, "dash": DASHES[space]}, None)
        for space in reversed(spaces)
    ]
    dots = {"color": ink(mode).text, "width": 1.4, "dash": "dot"}
    entries.append(("chance, k / (N − 1)", "chance", dots, None))
    for name, group, line, look in entries:
        figure.add_trace(
            go.Scatter(
                x=[None],
                y=[None],
                mode="lines+markers" if look else "lines",
                name=name,
                line=line,
                marker={**look, "size": 7} if look else None,
                legendgroup=group,
                showlegend=True,
                hoverinfo="skip",
            )
        )
    figure.update_layout(showlegend=True)


def _title(every: Variants[Embedding]) -> str:
    counts = sorted({len(members) for members in every.values()})
    note = " to ".join(dict.fromkeys([str(counts[0]), str(counts[-1])]))
    note += " seed a variant" if counts[-1] == 1 else " seeds a variant"
    if counts[-1] >= LEAST:
        note += f", band: {CONFIDENCE:.0%} of the mean"
    note += "; share of the k nearest that are also k nearest by the modalities"
    return f"Neighbours shared with the modalities<br>{small(note)}"


def _at(table: pd.DataFrame, k: int) -> str:
    """Say what is shared with all modalities at one k, beside chance."""
    rows = table[(table["ground"] == "sum") & (table["k"] == k)]
    shares = [
        f"{variant} ({space}) {mean:.0%}"
        for variant, space, mean in zip(
            rows["variant"], rows["space"], rows["mean"], strict=True
        )
    ]
    chance = rows["chance"].iloc[0]
    return f"With all, at k = {k}: {listing(shares)}; chance {chance:.0%}."


def _meta(every: Variants[Embedding], table: pd.DataFrame) -> dict[str, Any]:
    most = int(table["k"].max())
    alt = (
        f"Curves of the share of neighbours that {', '.join(every)} share with the "
        f"graph of all modalities and of each, for k from 1 to {most}, beside chance. "
        f"{_at(table, min(SHOWN, most))}"
    )
    rows = [
        {
            "variant": variant,
            "space": space,
            "ground": ground,
            "mean": curve["mean"].to_numpy(),
            "seeds": int(curve["seeds"].iloc[0]),
        }
        for (variant, space, ground), curve in table.groupby(
            ["variant", "space", "ground"], sort=False
        )
    ]
    first = next(iter(every.values()))[0]
    missing = [_coverage(first, ground) for ground in table["ground"].unique()]
    coverage = listing([word for word in dict.fromkeys(missing) if word])
    alt += f" {coverage}." if coverage else ""
    origin = {k: first.info[k] for k in KNOWN if k in first.info}
    return {"alt": alt, **origin, "k_max": most, "curves": rows}
