"""Records of figures: the calls that draw them, as JSON that `rv.replay` reads."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import wraps
from typing import Any, ParamSpec

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from .. import _check
from .._spaces import as_spaces
from ..config import Config
from ..data.fingerprint import digest_of
from ..embedding import Embedding
from ..graph import Neighbors
from ..graph.attribution import Attribution
from ..layout import Layout
from ..storage.frames import pack_frame
from ..storage.values import TAG, listed, pack
from .caption import moved
from .figure import Figure
from .ink import PAGE_MODES, fixed
from .narrow import fitted

INPUT = "input"  # an argument that stands among the inputs
LOST = "lost"  # one that JSON cannot hold
SCREEN = 960  # pixels for which a figure of any width is set
COMPUTED = ("kind", "rows", "digest", "ids", "saved")  # not of `Embedding.info`
RUN = ("config", "seed", "best_epoch")
# Of a layout; figures do not say how much variance it shows.
UNLAID = {"ids", "coordinates", "explained"}
LAID = tuple(f.name for f in fields(Layout) if f.name not in UNLAID)

P = ParamSpec("P")
Draw = Callable[P, go.Figure]

# Name to function of all that is `replayable`.
FIGURES: dict[str, Callable[..., go.Figure]] = {}


def replayable(draw: Draw[P]) -> Draw[P]:
    """Record every call of a function that draws a figure, in the figure's meta.

    The name of the function stands there as ``figure``, its arguments as ``call`` (see
    `call_of`), and in `FIGURES`, from which `rv.replay` calls it again. Where an
    argument is called ``spaces``, vectors of the user's own are embeddings before they
    are drawn and recorded. Figures of the mode "auto" are drawn in the light one (see
    `refnet_viz.plot.following`).

    Examples
    --------
    >>> from refnet_viz.plot import latent
    >>> latent is FIGURES["latent"]
    True
    """
    name, signature = draw.__name__, inspect.signature(draw)

    @wraps(draw)
    def recorded(*args: P.args, **kwargs: P.kwargs) -> go.Figure:
        try:
            call = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{name}() {error}") from None
        call.apply_defaults()
        if "spaces" in call.arguments:
            call.arguments["spaces"] = as_spaces(call.arguments["spaces"])
        recorded_call = call_of(name, call.arguments)
        mode = _check.one_of("mode", call.arguments["mode"], PAGE_MODES)
        call.arguments["mode"] = fixed(mode)
        drawing = draw(*call.args, **call.kwargs)
        drawing.layout.meta = {"figure": name, **drawing.layout.meta}
        return _settled(with_call(drawing, recorded_call))

    FIGURES[name] = recorded
    return recorded


def _settled(drawing: go.Figure) -> go.Figure:
    """Return a figure in the width of its page, its title in the caption if asked."""
    grid = drawing.layout.meta["grid"]
    page, captioned = grid.get("page"), grid.get("caption", False)
    if captioned:
        drawing = moved(drawing)
    if page or captioned or "used" in grid:
        drawing = fitted(drawing, page or SCREEN)
        drawing.layout.width = page
    return Figure(drawing)


def with_call(drawing: go.Figure, call: Mapping[str, Any]) -> go.Figure:
    """Return a figure with the call that drew it in its meta, before the grid.

    Parameters
    ----------
    drawing
        The figure, which is changed.
    call
        What `call_of` returns.

    Examples
    --------
    >>> figure = go.Figure().update_layout(meta={"alt": "A line.", "grid": {}})
    >>> list(with_call(figure, call_of("latent", {})).layout.meta)
    ['alt', 'call', 'grid']
    """
    meta = dict(drawing.layout.meta)
    grid = meta.pop("grid")
    drawing.layout.meta = {**meta, "call": call, "grid": grid}
    return drawing


def call_of(figure: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a function that draws was given.

    Parameters
    ----------
    figure
        Name of the function in `refnet_viz.plot`, or "explorer".
    arguments
        Name to value, as the function got them.

    Returns
    -------
    dict
        ``figure``; ``arguments``, plain values in which ``{"$": "input", "of": n}``
        points to the n-th of ``inputs``. Of embeddings these hold where they come from
        and a digest, of graphs and attributions how they were found, of layouts the
        coordinates, of tables and histories all of it.

    Examples
    --------
    >>> own = Embedding.from_arrays(np.eye(2), name="mine")
    >>> call = call_of("latent", {"spaces": {"a": own, "b": own}, "color": "label"})
    >>> call["arguments"]["spaces"]["b"], call["arguments"]["color"]
    ({'$': 'input', 'of': 0}, 'label')
    >>> call["inputs"][0]["variant"], call["inputs"][0]["rows"]
    ('mine', 2)
    """
    recorder = _Recorder()
    packed = {name: recorder.argument(value) for name, value in arguments.items()}
    return {"figure": figure, "arguments": packed, "inputs": recorder.inputs}


class _Recorder:
    """Describes every input once, those before it that it is made of first."""

    def __init__(self) -> None:
        self.inputs: list[dict[str, Any]] = []
        self._known: dict[int, int] = {}

    def argument(self, value: Any) -> Any:
        """Return JSON for an argument."""
        if isinstance(value, Mapping):
            packed = {str(key): self.argument(part) for key, part in value.items()}
            return packed if TAG not in packed else _lost(value)
        if isinstance(value, list | tuple):
            return [self.argument(part) for part in value]
        if self._describes(value):
            return {TAG: INPUT, "of": self.input(value)}
        if hasattr(value, "__array__") and not isinstance(value, np.generic):
            try:
                value = np.asarray(value)
            except (TypeError, ValueError, RuntimeError):  # sparse tensors and the like
                return _lost(value)
        try:
            return pack(value, listed, "argument")
        except TypeError:
            return _lost(value)

    def _describes(self, value: Any) -> bool:
        kinds = (Embedding, Neighbors, Attribution, Layout, pd.DataFrame)
        return isinstance(value, kinds) or _is_run(value)

    def input(self, value: Any) -> int:
        """Return the number of an input."""
        if id(value) not in self._known:
            description = self._described(value)
            self._known[id(value)] = len(self.inputs)
            self.inputs.append(description)
        return self._known[id(value)]

    def _described(self, value: Any) -> dict[str, Any]:
        if isinstance(value, Embedding):
            return of_embedding(value)
        if isinstance(value, Neighbors):
            return {
                "kind": "neighbors",
                "embedding": self.input(value.embedding),
                "k": value.k,
                "space": value.space,
                "metric": value.metric,
                "weights": value.weights and dict(value.weights),
                "digest": digest_of([value.indices]),
                **_search_of(value),
            }
        if isinstance(value, Attribution):
            return self._attribution(value)
        if isinstance(value, Layout):
            return self._layout(value)
        if isinstance(value, pd.DataFrame):
            return {"kind": "table", **_table(value)}
        fields = {name: getattr(value, name, None) for name in RUN}
        if isinstance(fields["config"], Config):
            fields["config"] = fields["config"].to_dict()
        packed = {name: _plain(part) for name, part in fields.items()}
        return {"kind": "run", **packed, "history": _table(value.history)}

    def _attribution(self, found: Attribution) -> dict[str, Any]:
        return {
            "kind": "attribution",
            "graph": self.input(found.graph),
            "weights": found.geometry and dict(found.geometry.weights),
            "beyond": (found.geometry and list(found.beyond)) or None,
        }

    def _layout(self, layout: Layout) -> dict[str, Any]:
        """Describe a layout; no figure takes one without an embedding of its ids."""
        ids = digest_of([layout.ids])
        same = [n for n, entry in enumerate(self.inputs) if entry.get("ids") == ids]
        return {
            "kind": "layout",
            "embedding": same[0] if same else None,
            **{name: pack(getattr(layout, name), listed, name) for name in LAID},
            "coordinates": listed(layout.coordinates),
        }


def _search_of(graph: Neighbors) -> dict[str, Any]:
    """Return how much of the true graph a search that is not exact found."""
    if graph.recall is None:
        return {}
    return {"method": "approximate", "recall": graph.recall.value}


def of_embedding(embedding: Embedding) -> dict[str, Any]:
    """Return where an embedding comes from, and what tells it from others."""
    info = {str(key): value for key, value in embedding.info.items()}
    return {
        **{key: _plain(value) for key, value in info.items()},
        "kind": "embedding",
        "rows": len(embedding),
        "digest": embedding.digest,
        "ids": digest_of([embedding.ids]),
    }


def _is_run(value: Any) -> bool:
    return isinstance(getattr(value, "history", None), pd.DataFrame)


def _plain(value: Any) -> Any:
    try:
        return pack(value, listed, "info")
    except TypeError:
        return _lost(value)


def _table(frame: pd.DataFrame) -> dict[str, Any]:
    try:
        return pack_frame(frame, listed, "table")
    except TypeError:
        return {"data": _lost(frame)}


def _lost(value: Any) -> dict[str, Any]:
    return {TAG: LOST, "of": type(value).__name__}
