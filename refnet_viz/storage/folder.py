"""`save_spaces` and `load`: a comparison in a folder, whole or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import safetensors
import safetensors.numpy

from .. import _check
from .._folders import DamagedError, Form
from .._nested import as_variants, map_values
from ..embedding import Embedding
from .computed import forget_computed
from .parts import Shelf, Store, encoded, text_of
from .values import GARBLED

FORMAT = 1
MANIFEST = "comparison.json"
FORM = Form("comparison", MANIFEST, "arrays", FORMAT)
_PARTS = {"format", "sha256", "content"}


def save_spaces(spaces: Any, folder: str | os.PathLike[str]) -> Path:
    """Write embeddings into a folder, as safetensors and JSON.

    What several embeddings share (ids, metadata, hover media, inputs) is stored once.
    Arrays are written first, under a name made of their content; then the JSON that
    points to them replaces the old one in one step. Whenever writing stops, the
    folder holds a whole comparison: the old one or the new one.

    Parameters
    ----------
    spaces
        An Embedding, a list of them, or a mapping from variants to one or several.
    folder
        Where to; it is made when it is not there.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    TypeError
        If something is no Embedding, or metadata or `info` hold what is no plain
        value.
    ValueError
        If there is nothing to be saved.
    OSError
        If the folder cannot be written.
    """
    folder = _check.new_folder("folder", folder)
    as_variants("spaces", spaces, Embedding, alone="embedding")
    store, described = Store(), []

    def add(embedding: Embedding) -> int:
        described.append(store.describe(embedding))
        return len(described) - 1

    places = _shape(map_values(add, spaces))
    blob = safetensors.numpy.save(store.arrays)
    entry = FORM.entry(blob)
    content = {
        "spaces": places,
        "embeddings": described,
        "shared": store.shared,
        "arrays": entry,
    }
    text = text_of(content)
    check = hashlib.sha256(encoded(text)).hexdigest()
    whole = f'{{"format":{FORMAT},"sha256":"{check}","content":{text}}}\n'
    FORM.write(folder, entry["file"], blob, encoded(whole))
    forget_computed(folder)
    return folder


def load(folder: str | os.PathLike[str]) -> Any:
    """Read the embeddings that `refnet_viz.save` wrote into a folder.

    Nothing in the folder is run; a file that was changed since is refused.

    Parameters
    ----------
    folder
        Where they are.

    Returns
    -------
    Embedding
        Or a list or mapping of them, in the shape that was saved, equal in every
        field; ``info["saved"]`` is the folder.

    Raises
    ------
    FileNotFoundError
        If the folder holds no comparison.
    ValueError
        If a file is damaged, foreign, or of a newer format.
    """
    folder = _check.path("folder", folder)
    return FORM.read(folder, lambda text: _made(folder, text))


def _made(folder: Path, text: bytes) -> Any:
    """Return the embeddings that the pointer tells of."""
    path = folder / MANIFEST
    stored = FORM.described(folder, text)
    if set(stored) != _PARTS:
        raise FORM.damaged(path, "it is not the JSON of a comparison")
    content = stored["content"]
    if hashlib.sha256(encoded(text_of(content))).hexdigest() != stored["sha256"]:
        raise FORM.damaged(path, "its checksum is another")
    try:
        arrays = FORM.arrays(folder, content["arrays"], safetensors.numpy.load)
        shelf = Shelf(arrays, content["shared"])
        location = str(folder.resolve())
        embeddings = [
            shelf.embedding(entry, location) for entry in content["embeddings"]
        ]
        return map_values(embeddings.__getitem__, _unshape(content["spaces"]))
    except DamagedError:
        raise
    except GARBLED as error:
        raise FORM.damaged(path, "it lacks or garbles a part") from error


def _shape(places: Any) -> Any:
    """Return the shape as JSON: a number, a list, or pairs of name and either."""
    if isinstance(places, dict):
        return {"variants": [[str(name), place] for name, place in places.items()]}
    return places


def _unshape(stored: Any) -> Any:
    return dict(stored["variants"]) if isinstance(stored, dict) else stored
