"""`save_spaces` and `load`: a comparison in a folder, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from .. import _check
from .._files import write_pair
from .._nested import as_variants, map_values
from ..embedding import Embedding
from .computed import forget_computed
from .parts import Shelf, Store, encoded, text_of

FORMAT = 1
MANIFEST = "comparison.json"


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
    folder = _check.path("folder", folder)
    as_variants("spaces", spaces, Embedding, alone="embedding")
    store, described = Store(), []

    def add(embedding: Embedding) -> int:
        described.append(store.describe(embedding))
        return len(described) - 1

    places = _shape(map_values(add, spaces))
    blob = safetensors.numpy.save(store.arrays)
    digest = hashlib.sha256(blob).hexdigest()
    name = f"arrays-{digest[:16]}.safetensors"
    content = {
        "spaces": places,
        "embeddings": described,
        "shared": store.shared,
        "arrays": {"file": name, "sha256": digest},
    }
    text = text_of(content)
    check = hashlib.sha256(encoded(text)).hexdigest()
    whole = f'{{"format":{FORMAT},"sha256":"{check}","content":{text}}}\n'
    write_pair(folder, (name, blob), (MANIFEST, encoded(whole)))
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
    path = folder / MANIFEST
    if not path.is_file():
        raise FileNotFoundError(
            f"`folder` must hold a saved comparison ({MANIFEST}), got {str(folder)!r}."
        )
    content = _content(path)
    try:
        # Only a name: a path would let a foreign file read outside the folder.
        file = folder / Path(content["arrays"]["file"]).name
        arrays = _arrays(file, content["arrays"]["sha256"])
        shelf = Shelf(arrays, content["shared"])
        location = str(folder.absolute())
        embeddings = [
            shelf.embedding(entry, location) for entry in content["embeddings"]
        ]
        return map_values(embeddings.__getitem__, _unshape(content["spaces"]))
    except _DamagedError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise _damaged(path, "it lacks or garbles a part") from error


def _shape(places: Any) -> Any:
    """Return the shape as JSON: a number, a list, or pairs of name and either."""
    if isinstance(places, dict):
        return {"variants": [[str(name), place] for name, place in places.items()]}
    return places


def _unshape(stored: Any) -> Any:
    return dict(stored["variants"]) if isinstance(stored, dict) else stored


def _content(path: Path) -> Any:
    try:
        stored = json.loads(path.read_bytes().decode("utf-8", "surrogatepass"))
        version = int(stored["format"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path, "it is not the JSON of a comparison") from error
    if version > FORMAT:
        raise ValueError(
            f"`folder` must hold a comparison of format {FORMAT} or older, got format "
            f"{version} in {str(path)!r}; a newer refnet_viz wrote it."
        )
    content = stored.get("content")
    if hashlib.sha256(encoded(text_of(content))).hexdigest() != stored.get("sha256"):
        raise _damaged(path, "its checksum is another")
    return content


def _arrays(path: Path, digest: str) -> dict[str, np.ndarray[Any, Any]]:
    if not path.is_file():
        raise _damaged(path, "it is missing")
    blob = path.read_bytes()
    if hashlib.sha256(blob).hexdigest() != digest:
        raise _damaged(path, "its checksum is another")
    try:
        return safetensors.numpy.load(blob)
    except safetensors.SafetensorError as error:
        raise _damaged(path, "it is not a safetensors file") from error


class _DamagedError(ValueError):
    pass


def _damaged(path: Path, why: str) -> _DamagedError:
    return _DamagedError(
        f"`folder` must hold a whole comparison, got {str(path)!r}: {why}."
    )
