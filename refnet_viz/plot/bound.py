"""`bound`: refined against modality-sum distance, a live test of Theorem 1."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from .. import _check
from ..graph.attribution import Attribution
from ..graph.bounds import edge_bounds
from .ink import ink, stroke
from .panels import finish, grid, place, row_of
from .points import cap, point_size, scatter_class
from .record import replayable
from .text import count_of, escape, short, small

HEIGHT = 400
KNOWN = ("variant", "seed", "dataset", "fingerprint")

Floats = npt.NDArray[np.float64]


@replayable
def bound(
    attribution: Attribution,
    *,
    max_edges: int = 2_000,
    columns: float | None = None,
    mode: str = "auto",
    caption: bool = False,
) -> go.Figure:
    """Draw the refined distance of every edge against its modality-sum distance.

    Theorem 1 (`refnet_viz.responsibility.Geometry.bound`) says
    ``|d_R - d_X| <= rho_i + rho_j`` for every pair. Left, both distances with the
    diagonal and a band of the largest reach on both sides; right, what part of its
    own reach each edge uses up, which must lie between -1 and +1.

    Parameters
    ----------
    attribution
        One Attribution with decoded answers; the numbers are those of
        `refnet_viz.graph.edge_bounds`.
    max_edges
        Edges drawn at most, evenly from all; the test itself takes all of them.
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
        The title says for how many edges it does not hold.

    Raises
    ------
    TypeError
        If `attribution` is no Attribution.
    ValueError
        If nothing was decoded, or no edge joins two points with every modality.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import knn
    >>> from refnet_viz.graph.attribution import attribute
    >>> from refnet_viz.responsibility import cross_fit
    >>> x = np.random.default_rng(0).normal(size=(40, 2))
    >>> own = cross_fit(Embedding.from_arrays(x[:, :1], modalities={"a": x}))
    >>> bound(attribute(knn(own, k=3))).layout.meta["violations"]
    0
    """
    ink(mode)
    most = _check.integer("max_edges", max_edges, low=0)
    table = edge_bounds(attribution)
    sample = table.iloc[cap(table.to_numpy(), most)]
    wide, page = row_of(columns, 2, 2)
    look: dict[str, Any] = {"height": HEIGHT, "below": 48, "width_gap": 0.12}
    figure = grid(_titles(attribution, table), columns=wide, page=page, **look)
    top = _top(table)
    for trace in _diagonal(table["reach"].max(), top, mode):
        figure.add_trace(trace, **place(0, wide))
    for trace in _limits(top, mode):
        figure.add_trace(trace, **place(1, wide))
    texts = _hover(sample)
    for number, name in enumerate(("refined", "used")):
        trace = _dots(sample["sum"].to_numpy(), sample[name].to_numpy(), texts, mode)
        figure.add_trace(trace, **place(number, wide))
    x = {
        "title": {"text": "modality-sum distance"},
        "showline": True,
        "nticks": 7,
        "range": [0, top],
    }
    y = {"title": {"text": "refined distance"}, "range": [0, top], "nticks": 7}
    share = {
        "title": {"text": "difference / reach"},
        "range": [-1.2, 1.2],
        "tickvals": [-1, -0.5, 0, 0.5, 1],
    }
    figure.update_layout(xaxis=x, xaxis2=x, yaxis=y, yaxis2=share, showlegend=True)
    meta = _meta(attribution, table, len(sample))
    return finish(figure, _title(table, len(sample)), mode, meta, caption=caption)


def _top(table: pd.DataFrame) -> float:
    return 1.05 * float(table[["refined", "sum"]].max().max()) or 1.0


def _titles(attribution: Attribution, table: pd.DataFrame) -> list[list[str]]:
    closest, widest = table["used"].abs().max(), table["reach"].max()
    band = f"band: diagonal ± {widest:.2f}, the largest reach of an edge"
    band += ", wider than this panel" if widest > _top(table) else ""
    info = attribution.graph.embedding.info
    name = f"<b>{short(info.get('variant', 'embedding'))}</b>"
    name += f", seed {short(info['seed'])}" if info.get("seed") is not None else ""
    return [
        [f"{name}: both distances of every edge", small(band)],
        [
            "<b>share of its own reach an edge uses</b>",
            small(f"at most {closest:.2f}; beyond 1 the theorem would be broken"),
        ],
    ]


def _diagonal(widest: float, top: float, mode: str) -> list[go.Scatter]:
    """Return the band, cut at 0 where distances end, and the diagonal."""
    colors = ink(mode)
    start = min(widest, top)
    corners = [
        (0.0, 0.0),
        (start, 0.0),
        (top, top - start),
        (top, top + widest),
        (0.0, widest),
        (0.0, 0.0),
    ]
    x, y = np.array(corners).T
    common = {"mode": "lines", "hoverinfo": "skip"}
    return [
        go.Scatter(
            x=x,
            y=y,
            fill="toself",
            fillcolor=colors.band,
            name="band",
            line={"width": 0.75, "color": colors.muted},
            showlegend=False,
            **common,
        ),
        go.Scatter(
            x=[None],
            y=[None],
            name="± largest reach",
            opacity=0.45,
            **common,
            line={"width": 8, "color": colors.muted},
        ),
        go.Scatter(
            x=[0.0, top],
            y=[0.0, top],
            name="equal",
            **common,
            line={"color": colors.text, "width": 1.2},
        ),
    ]


def _limits(top: float, mode: str) -> list[go.Scatter]:
    """Return the lines -1 and +1, and 0 where both distances are equal."""
    colors, red = ink(mode), stroke(3, mode)[0]
    x = [0.0, top, None, 0.0, top]
    common = {"mode": "lines", "hoverinfo": "skip"}
    return [
        go.Scatter(
            x=x,
            y=[1.0, 1.0, None, -1.0, -1.0],
            name="limit of the theorem",
            **common,
            line={"color": red, "width": 1.6, "dash": "dash"},
        ),
        go.Scatter(
            x=[0.0, top],
            y=[0.0, 0.0],
            showlegend=False,
            name="equal",
            **common,
            line={"color": colors.text, "width": 1.2},
        ),
    ]


def _dots(x: Floats, y: Floats, texts: list[str], mode: str) -> Any:
    color = stroke(0 if mode == "light" else 4, mode)[0]
    size = max(4.0, 0.7 * point_size(len(x)))
    return scatter_class(len(x))(
        x=x,
        y=y,
        mode="markers",
        name="edges",
        showlegend=False,
        hovertext=texts,
        marker={"color": color, "size": size, "opacity": 0.75},
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _hover(table: pd.DataFrame) -> list[str]:
    return [
        f"<b>{escape(edge['source'])}</b> and <b>{escape(edge['target'])}</b><br>"
        f"modality-sum {edge['sum']:.3f}, refined {edge['refined']:.3f}<br>"
        f"reach {edge['reach']:.3f}, of which {abs(edge['used']):.0%} used"
        for edge in table.to_dict("records")
    ]


def _title(table: pd.DataFrame, drawn: int) -> str:
    violations = table["violated"].sum()
    first = f"Theorem 1 on {len(table):,} edges: {violations} violations"
    note = "| refined − modality-sum distance | ≤ reach, the residuals of both ends"
    if drawn < len(table):
        note += f"; {count_of(drawn, len(table), 'edges')}, an even sample"
    return f"{first}<br>{small(note)}"


def _meta(attribution: Attribution, table: pd.DataFrame, drawn: int) -> dict[str, Any]:
    graph, geometry = attribution.graph, attribution.geometry
    info = graph.embedding.info
    violations, used = int(table["violated"].sum()), table["used"].abs().max()
    alt = (
        f"Scatter of refined against modality-sum distance of {len(table)} edges of "
        f"{info.get('variant', 'embedding')}, beside the bound of Theorem 1, which "
        f"{violations} of them violate. The closest one uses "
        f"{used:.0%} of what the theorem leaves it."
    )
    return {
        "alt": alt,
        **{key: info[key] for key in KNOWN if key in info},
        "k": graph.k,
        "space": graph.space,
        "metric": graph.metric,
        "weights": geometry.weights if geometry else {},
        "edges": len(table),
        "edges_drawn": drawn,
        "violations": violations,
        "largest_reach": table["reach"].max(),
        "largest_used": used,
    }
