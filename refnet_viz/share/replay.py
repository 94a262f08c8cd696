"""`replay`: a figure made again from the manifest beside it."""

from __future__ import annotations

import hashlib
import inspect
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from .. import _check, plot
from ..explorer.picture import state_figure
from ..plot.belonging import SUFFIX, note_beside
from ..plot.manifest import final, json_of, versions
from .sources import Sources

Draw = Callable[..., go.Figure]
# What a call that was damaged in its structure ends in.
_GARBLED = (KeyError, IndexError, AttributeError, TypeError, RecursionError)


def replay(
    manifest: str | os.PathLike[str] | Mapping[str, Any], inputs: Any = None
) -> go.Figure:
    """Make a saved figure again.

    What was drawn is taken from `inputs`, from the folder the embeddings were loaded
    from, or, for data sets that ship with the package, trained once more with the same
    settings and seeds, which gives the same bits on the same machine. Each embedding
    must have the digest that the manifest names. Tables and histories stand in the
    manifest itself. Where the figure differs from the saved one, a warning says so.

    Parameters
    ----------
    manifest
        What `refnet_viz.save` wrote beside a figure, or the figure itself, or the
        manifest's content.
    inputs
        Embeddings, lists or mappings of them, or a folder of saved ones.

    Returns
    -------
    plotly.graph_objects.Figure
        The figure in its saved size, so that it can be saved again byte by byte.

    Raises
    ------
    FileNotFoundError
        If there is no manifest.
    ValueError
        If it does not say how the figure was made, or embeddings cannot be found.

    Warns
    -----
    UserWarning
        If the figure is not the one that was saved, the manifest was changed since, or
        the file beside it is of another figure.

    Examples
    --------
    >>> import numpy as np
    >>> space = plot.record.Embedding.from_arrays(np.eye(4))
    >>> call = plot.latent(space, layout="pca").layout.meta["call"]
    >>> figure = replay({"made_of": {"call": call}}, inputs=space)
    >>> figure.layout.meta["call"] == call
    True
    """
    content, folder = _read(manifest)
    call = _call(content, manifest)
    sources = Sources(call["inputs"], inputs, folder)
    sources.check()
    try:
        arguments = {
            key: sources.value(value) for key, value in call["arguments"].items()
        }
    except _GARBLED as error:
        raise _foreign(manifest) from error
    size = content.get("size") or {}
    if not isinstance(size, Mapping) or set(size) - {"width", "height"}:
        raise _foreign(manifest)
    figure = _draw(call["figure"], arguments)
    figure = final(figure, dict(size))
    _compare(figure, content)
    return figure


def _read(manifest: Any) -> tuple[dict[str, Any], Path]:
    """Return the content, and the folder from which it names others."""
    if isinstance(manifest, Mapping):
        return dict(manifest), Path()
    path, figure = _check.path("manifest", manifest), None
    if not path.name.endswith(SUFFIX):
        path, figure = path.with_suffix(SUFFIX), path
    if not path.is_file():
        raise FileNotFoundError(
            "`manifest` must be a manifest that rv.save wrote, or a figure beside one, "
            f"got {str(manifest)!r}."
        )
    try:
        content, why = note_beside(path, figure)
    except OSError as error:
        raise type(error)(
            f"`manifest` must be a file that can be read, got {str(manifest)!r} "
            f"({error.strerror or error})."
        ) from error
    if content is None:
        raise _foreign(manifest)
    if why:
        warnings.warn(
            f"{why}; the figure is made as the manifest says.",
            UserWarning,
            stacklevel=3,
        )
    return content, path.parent


def _foreign(manifest: Any) -> ValueError:
    kind = "a mapping" if isinstance(manifest, Mapping) else repr(str(manifest))
    return ValueError(
        "`manifest` must say how the figure was made, as those of figures of "
        f"refnet_viz.plot do, got {kind} without it."
    )


def _call(found: Mapping[str, Any], manifest: Any) -> dict[str, Any]:
    made_of = found.get("made_of")
    call = made_of.get("call") if isinstance(made_of, Mapping) else None
    if (
        not isinstance(call, Mapping)
        or not isinstance(call.get("figure"), str)
        or not isinstance(call.get("arguments"), Mapping)
        or not isinstance(call.get("inputs"), list | tuple)
    ):
        raise _foreign(manifest)
    return dict(call)


def _functions() -> dict[str, Draw]:
    """Return name to function of the figures that manifests can name."""
    drawings = {name: plot.record.FIGURES[name] for name in plot.FIGURES}
    return {**drawings, "explorer": state_figure}


def _draw(name: str, arguments: dict[str, Any]) -> go.Figure:
    drawings = _functions()
    if name not in drawings:
        raise ValueError(
            f"`manifest` must be of a figure out of {', '.join(drawings)}, got "
            f"{name!r}; another version of refnet_viz wrote it."
        )
    try:
        inspect.signature(drawings[name]).bind(**arguments)
    except TypeError as error:
        raise ValueError(
            f"`manifest` must name arguments that {name!r} takes, got another one "
            f"({error}); another version of refnet_viz wrote it."
        ) from error
    return drawings[name](**arguments)


def _compare(figure: go.Figure, found: Mapping[str, Any]) -> None:
    """Warn where the figure is not the one that was saved."""
    if "sha256" not in found:
        return
    digest = hashlib.sha256(json_of(figure).encode()).hexdigest()
    if digest == found["sha256"]:
        return
    then, now = found.get("versions"), versions()
    then = then if isinstance(then, Mapping) else {}
    names = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    old, new = (
        ", ".join(f"{name} {each.get(name, 'unknown')}" for name in names)
        for each in (then, now)
    )
    why = f"it was made with {old}, and here are {new}"
    if not names:
        why = (
            "with the same versions of all programs, so it was changed after it was "
            "drawn, or metadata or the machine are others"
        )
    warnings.warn(
        f"the figure differs from the one that was saved (SHA-256 {digest[:12]} "
        f"instead of {str(found['sha256'])[:12]}): {why}.",
        UserWarning,
        stacklevel=3,
    )
