"""Manifest of a saved figure: what it was made of, beside it as JSON."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.basedatatypes import BaseFigure

from .. import _check
from .caption import caption
from .narrow import fitted
from .render.text import drawn_font
from .text import plain

PROGRAMS = (
    "refnet_viz",
    "numpy",
    "scipy",
    "scikit-learn",
    "pandas",
    "networkx",
    "umap-learn",
    "torch",
    "plotly",
    "matplotlib",
)
RUN = ("variant", "seed", "dataset", "fingerprint", "digest")
SEARCH = ("k", "space", "metric", "weights")


def final(figure: BaseFigure, size: Mapping[str, int | None]) -> go.Figure:
    """Return what is written: a plain copy of the size asked for.

    The lasso of a widget cannot be written, and folders of this machine are nobody
    else's business.
    """
    content = figure.to_dict()
    layout = content["layout"]
    layout.pop("selections", None)
    for part in _inputs(layout.get("meta")):
        part.pop("saved", None)
    for name, value in size.items():
        if value is not None:
            layout[name] = _check.integer(name, value, low=50, high=20_000)
    removed = layout.get("modebar", {}).get("remove") or ()
    removed = [removed] if isinstance(removed, str) else removed
    removed = dict.fromkeys([*removed, "sendChartToCloud"])
    layout["modebar"] = {**layout.get("modebar", {}), "remove": [*removed]}
    result = go.Figure(content)
    if result.layout.width is not None:
        result = fitted(result, int(result.layout.width), height=size.get("height"))
    # Plotly puts what it is given into an order of its own, so copies are the same.
    return go.Figure(result)


def _inputs(meta: Any) -> list[dict[str, Any]]:
    """Return what a figure says it was made of."""
    call = meta.get("call") if isinstance(meta, Mapping) else None
    return list(call["inputs"]) if isinstance(call, Mapping) else []


def json_of(figure: go.Figure) -> str:
    """Return a figure as JSON, the same whether orjson is installed or not."""
    return str(figure.to_json(engine="json"))


def manifest_of(figure: go.Figure, meta: Any, folder: Path) -> dict[str, Any]:
    """Return what a figure was made of; no date, so that it repeats.

    Parameters
    ----------
    figure
        What is written.
    meta
        Meta of the figure as it was given, with the folders of its embeddings.
    folder
        Where the manifest lies; folders are named from there.
    """
    made_of = plain(figure.layout.meta)
    inputs = _inputs(made_of)
    for part, original in zip(inputs, _inputs(meta), strict=True):
        if "saved" in original:
            part["saved"] = _from(folder, original["saved"])
    return {
        **_summary(made_of, inputs),
        "caption": caption(figure),
        "made_of": made_of,
        "sha256": hashlib.sha256(json_of(figure).encode()).hexdigest(),
        "size": {side: figure.layout[side] for side in ("width", "height")},
        "versions": versions(),
        "font": drawn_font(),
    }


def versions() -> dict[str, str]:
    """Return the versions that can change a figure."""
    by_name: dict[str, str] = {"python": platform.python_version()}
    for name in PROGRAMS:
        try:
            by_name[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return by_name


def _from(folder: Path, saved: str) -> str:
    try:
        return Path(os.path.relpath(saved, folder)).as_posix()
    except ValueError:  # another drive
        return saved


def _summary(made_of: Any, inputs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what a reader looks for first: runs, data, k, spaces, selection."""
    attributes = [part.get("attrs", {}) for part in inputs]
    runs = [part for part in inputs if part.get("kind") in {"embedding", "run"}]
    runs += [run for attrs in attributes for run in attrs.get("runs", ())]
    searches = [part for part in inputs if part.get("kind") == "neighbors"]
    searches += [attrs for attrs in attributes if "k" in attrs]
    summary: dict[str, Any] = {
        "runs": _each({k: run[k] for k in RUN if k in run} for run in runs),
        "data": {r["dataset"]: r["fingerprint"] for r in runs if r.get("fingerprint")},
        **{
            key: _each(part[key] for part in searches if part.get(key) is not None)
            for key in SEARCH
        },
    }
    summary = {key: value for key, value in summary.items() if value}
    if isinstance(made_of, Mapping) and "selection" in made_of:
        summary["selection"] = made_of["selection"]
    return summary


def _each(values: Iterable[Any]) -> list[Any]:
    """Return each of some values once, in order."""
    distinct: list[Any] = []
    for value in values:
        if value not in distinct:
            distinct.append(value)
    return distinct
