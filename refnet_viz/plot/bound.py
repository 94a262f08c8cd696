"""`bound`: refined against true distances, and the band no edge can leave."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from ..graph import Attribution
from ..responsibility import Bound
from .panels import finish, grid
from .points import scatter_class
from .text import count_of, escape, small
from .theme import class_style, faded, ink

HEIGHT = 340
MOST = 4_000  # edges drawn

Floats = npt.NDArray[np.float64]


def bound(attribution: Attribution, *, mode: str = "light") -> go.Figure:
    """Draw Theorem 1 for every edge: refined and true distance differ by rho at most.

    On the left the refined distance d_R against the distance d_X by all modalities,
    with the diagonal and the band of the largest rho_i + rho_j; on the right their
    difference as a share of its own bound, which cannot leave -1 to 1.

    Parameters
    ----------
    attribution
        Of `refnet_viz.attribute`, of an embedding with decoded answers.
    mode
        "light" or "dark".

    Returns
    -------
    plotly.graph_objects.Figure
        ``layout.meta["violations"]`` is 0, or something is wrong with this package.

    Raises
    ------
    TypeError
        If it is no Attribution.
    ValueError
        If nothing was decoded.

    Examples
    --------
    >>> from refnet_viz import Embedding, attribute, knn
    >>> from refnet_viz.responsibility import cross_fit
    >>> x = np.random.default_rng(0).normal(size=(30, 3))
    >>> own = cross_fit(Embedding.from_arrays(x[:, :2], modalities={"a": x}))
    >>> bound(attribute(knn(own, k=3))).layout.meta["violations"]
    0
    """
    colors = ink(mode)
    found = _bound(attribution)
    known = np.flatnonzero(np.isfinite(found.total))
    drawn = known[np.linspace(0, len(known) - 1, min(MOST, len(known))).astype(int)]
    share = _share(found)
    broken = int(np.sum(np.abs(share[known]) > 1 + 1e-9))
    titles = [
        ["<b>both distances</b>", small("every edge lies within the band")],
        ["<b>difference as a share of its bound</b>", small("−1 to 1 for every edge")],
    ]
    figure = grid(titles, columns=2, height=HEIGHT, below=44, width_gap=0.12)
    blue = class_style(0 if mode == "light" else 4, mode)[0]
    most = float(np.nanmax(found.total[known], initial=0.0))
    reach = float(np.nanmax(found.reach[known], initial=0.0))
    ends = np.array([0.0, most])
    path = np.unique([0.0, min(reach, most), most])  # distances are never negative
    for sign, fill in ((-1, None), (1, "tonexty")):
        edge = {"color": colors.muted, "width": 1, "dash": "dash"}
        figure.add_trace(
            go.Scatter(
                x=path, y=np.maximum(path + sign * reach, 0.0), mode="lines",
                line=edge, fill=fill,
                fillcolor=colors.band, hoverinfo="skip", showlegend=sign > 0,
                name=f"± the largest ρᵢ + ρⱼ ({reach:.2f})",
            ), row=1, col=1,
        )  # fmt: skip
    plain = {"color": colors.text, "width": 1.2}
    figure.add_trace(
        go.Scatter(x=ends, y=ends, mode="lines", line=plain, name="equal distances",
                   hoverinfo="skip"), row=1, col=1,
    )  # fmt: skip
    words = _words(attribution, found, share, drawn)
    for column, values in ((1, found.refined), (2, share)):
        figure.add_trace(
            scatter_class(len(drawn))(
                x=found.total[drawn], y=values[drawn], mode="markers", name="edges",
                marker={"color": faded(blue, 0.35), "size": 4, "line": {"width": 0}},
                hovertext=words, hovertemplate="%{hovertext}<extra></extra>",
                showlegend=column == 1,
            ), row=1, col=column,
        )  # fmt: skip
    for level in (-1, 1):
        line = {"color": colors.text, "width": 1.2, "dash": "dot"}
        figure.add_trace(
            go.Scatter(x=ends, y=[level, level], mode="lines", line=line,
                       hoverinfo="skip", showlegend=level > 0, name="the bound"),
            row=1, col=2,
        )  # fmt: skip
    x = {"title": {"text": "distance by all modalities, d<sub>X</sub>"}}
    figure.update_layout(
        xaxis=x, xaxis2=x, yaxis={"title": {"text": "refined distance, d<sub>R</sub>"}},
        yaxis2={"title": {"text": "(d<sub>R</sub> − d<sub>X</sub>) / (ρᵢ + ρⱼ)"},
                "range": [-1.15, 1.15]},
    )  # fmt: skip
    told = count_of(len(drawn), len(known), "edges")
    title = f"Theorem 1 on every edge: {broken} violations"
    return finish(
        figure, f"{title}<br>{small(told)}", mode,
        _meta(attribution, found, known, broken),
    )  # fmt: skip


def _bound(attribution: Any) -> Bound:
    if not isinstance(attribution, Attribution):
        raise TypeError(
            "`attribution` must be one Attribution, such as "
            f"rv.attribute(graphs)['refiner'][0], got {type(attribution).__name__}."
        )
    if not attribution.proofs:
        raise ValueError(
            "`attribution` must be of an embedding with decoded answers, got none."
        )
    return attribution.proofs["sum"].bound


def _share(found: Bound) -> Floats:
    """Return the difference as a share of rho_i + rho_j, 0 where both are 0."""
    reach = np.where(found.reach > 0, found.reach, 1.0)
    return np.asarray((found.refined - found.total) / reach)


def _words(
    attribution: Attribution, found: Bound, share: Floats, drawn: npt.NDArray[np.intp]
) -> list[str]:
    ids = attribution.graph.ids
    source, target, _ = attribution.edges
    return [
        f"<b>{escape(ids[source[e]])} – {escape(ids[target[e]])}</b><br>"
        f"refined {found.refined[e]:.2f}, by all {found.total[e]:.2f}<br>"
        f"ρᵢ + ρⱼ {found.reach[e]:.2f}, share of the bound {share[e]:+.2f}"
        for e in drawn
    ]


def _meta(
    attribution: Attribution, found: Bound, known: npt.NDArray[np.intp], broken: int
) -> dict[str, Any]:
    info = attribution.graph.embedding.info
    correlation = float(np.corrcoef(found.refined[known], found.total[known])[0, 1])
    alt = (
        f"Refined against true distances of {len(known)} edges; {broken} lie outside "
        f"the band of Theorem 1; their correlation is {correlation:.2f}."
    )
    return {
        "figure": "bound", "alt": alt, "edges": len(known), "violations": broken,
        "correlation": correlation, "variant": info.get("variant"),
        "seed": info.get("seed"), "fingerprint": info.get("fingerprint"),
        "k": attribution.graph.k, "space": attribution.graph.space,
        "weights": attribution.geometry and attribution.geometry.weights,
    }  # fmt: skip
