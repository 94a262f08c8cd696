"""`spectrum`: what a linear refiner of each width leaves, and what was reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .._nested import as_variants
from ..embedding import Embedding
from ..responsibility import Spectrum
from ..responsibility import spectrum as spectrum_of
from .panels import finish, grid
from .text import short, small
from .theme import DASHES, class_style, ink

HEIGHT = 340
LINES = tuple(dash for dash in DASHES if dash != "dot")


def spectrum(
    spaces: Any, *, weights: Mapping[str, float] | None = None, mode: str = "light"
) -> go.Figure:
    """Draw the floor of any linear refiner against width, and what runs reached.

    The curve is the share of the modalities' variance beyond the first d principal
    directions of all of them together: no linear decoders of a z of width d leave less.
    The vertical line is the width of z, each level what a variant leaves on these rows.

    Parameters
    ----------
    spaces
        Embeddings with decoded answers, of held-out rows: one, a list (seeds), or a
        mapping from variants to one or several.
    weights
        As in `Embedding.space`.
    mode
        "light" or "dark".

    Returns
    -------
    plotly.graph_objects.Figure
        ``layout.meta`` has floor and achieved as shares of the variance, and the
        distortion that the pull-back metric allows, of each variant.

    Raises
    ------
    TypeError
        If a value is no Embedding.
    ValueError
        If nothing was decoded, a row was trained on, or no row has every modality.

    Examples
    --------
    >>> from refnet_viz.responsibility import cross_fit
    >>> x = np.random.default_rng(0).normal(size=(40, 3))
    >>> own = cross_fit(Embedding.from_arrays(x[:, :2], modalities={"a": x}))
    >>> meta = spectrum(own).layout.meta["variants"]["embedding"]
    >>> meta["floor"] < meta["achieved"]
    True
    """
    colors = ink(mode)
    every = as_variants("spaces", spaces, Embedding, alone="embedding")
    found = {
        name: [spectrum_of(one, weights) for one in members]
        for name, members in every.items()
    }
    first = next(iter(found.values()))[0]
    left = 1 - np.cumsum(first.eigenvalues) / first.total
    left = np.maximum(np.insert(left, 0, 1.0), 0.0)
    figure = grid([_lines(first)], columns=1, height=HEIGHT, below=44)
    figure.add_trace(go.Scatter(
        x=np.arange(len(left)), y=left, mode="lines", name="linear floor",
        line={"color": colors.text, "width": 2}, fill="tozeroy", fillcolor=colors.band,
        hovertemplate="width %{x}: at least %{y:.1%} left<extra></extra>",
    ))  # fmt: skip
    figure.add_trace(go.Scatter(
        x=[first.width] * 2, y=[0, 1], mode="lines", hoverinfo="skip",
        name=f"width of z: {first.width} (floor {first.floor_share:.0%})",
        line={"color": colors.muted, "width": 1.4, "dash": "dot"},
    ))  # fmt: skip
    for turn, (name, members) in enumerate(found.items()):
        share = float(np.mean([one.achieved_share for one in members]))
        figure.add_trace(go.Scatter(
            x=[0, len(left) - 1], y=[share, share], mode="lines",
            line={"color": class_style(turn, mode)[0], "width": 2,
                  "dash": LINES[(turn + 1) % len(LINES)]},
            name=f"{short(name)}: {share:.0%} left",
            hovertemplate=f"{short(name)}: {share:.1%} left<extra></extra>",
        ))  # fmt: skip
    figure.update_layout(
        xaxis={"title": {"text": "width d of z"}, "range": [0, len(left) - 1]},
        yaxis={"title": {"text": "share of variance left"}, "tickformat": ".0%",
               "range": [0, 1.02]},
    )  # fmt: skip
    title = "What the fused vector leaves unanswered, and the linear floor"
    return finish(figure, title, mode, _meta(found))


def _lines(first: Spectrum) -> list[str]:
    told = (
        f"a linear refiner of width {first.width} leaves at least "
        f"{first.floor_share:.0%} of the variance of these rows"
    )
    return ["<b>all modalities together</b>", small(told)]


def _meta(found: dict[str, list[Spectrum]]) -> dict[str, Any]:
    told = {
        name: {
            "achieved": np.mean([one.achieved_share for one in members]),
            "floor": np.mean([one.floor_share for one in members]),
            "width": members[0].width,
            "distortion": np.mean([one.condition for one in members]),
        }
        for name, members in found.items()
    }
    words = ", ".join(f"{name} {entry['achieved']:.0%}" for name, entry in told.items())
    first = next(iter(told.values()))
    alt = (
        f"The share of variance that a linear refiner leaves against its width: "
        f"{first['floor']:.0%} at the width of z, {first['width']}; reached: {words}."
    )
    return {"figure": "spectrum", "alt": alt, "variants": told}
