"""Results of a saved comparison in its folder, so that none is computed twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from .._files import alone, write
from .._version import __version__
from ..data.fingerprint import digest_of

PREFIX, SUFFIX = "computed-", ".safetensors"

Arrays = Mapping[str, npt.NDArray[Any]]


def path_of(folder: Path, name: Any) -> Path:
    """Return the file of a result.

    Parameters
    ----------
    folder
        Folder of the comparison.
    name
        JSON that says of what it is a result, and of which kind; the version of this
        package is a part of it, too.
    """
    text = json.dumps([__version__, name])
    digest = hashlib.sha256(text.encode()).hexdigest()[:32]
    return folder / f"{PREFIX}{digest}{SUFFIX}"


def read_computed(
    folder: Path, name: Any
) -> tuple[dict[str, npt.NDArray[Any]], Any] | None:
    """Return the arrays of a result and the JSON beside them.

    None where there are none, or the file was changed since: it is computed again.
    """
    path = path_of(folder, name)
    try:
        blob = path.read_bytes()
        arrays = safetensors.numpy.load(blob)
        size = int.from_bytes(blob[:8], "little")
        words = json.loads(blob[8 : 8 + size])["__metadata__"]
    except (OSError, ValueError, KeyError, safetensors.SafetensorError):
        return None
    if words.get("check") != _check_of(arrays, words.get("beside", "")):
        return None
    return arrays, json.loads(words["beside"])


def write_computed(folder: Path, name: Any, arrays: Arrays, beside: Any) -> None:
    """Write a result; a folder that cannot be written keeps none.

    Parameters
    ----------
    folder, name
        As in `path_of`.
    arrays
        Name to array.
    beside
        JSON.
    """
    text = json.dumps(beside)
    plain = {key: np.ascontiguousarray(array) for key, array in arrays.items()}
    words = {"beside": text, "check": _check_of(plain, text)}
    with suppress(OSError):
        write(path_of(folder, name), safetensors.numpy.save(plain, words))


def forget_computed(folder: Path) -> None:
    """Remove the results of the comparison that a folder held."""
    for path in folder.iterdir():
        name = path.name
        if name.startswith(PREFIX) and name.endswith(SUFFIX):
            with suppress(OSError):
                path.unlink()
        elif name.startswith(f".{PREFIX}") and SUFFIX in name:  # of killed writers
            result = folder / (name[1:].split(SUFFIX)[0] + SUFFIX)
            with suppress(OSError), alone(result):
                pass


def _check_of(arrays: Arrays, text: str) -> str:
    return digest_of(
        [text, *(part for key in sorted(arrays) for part in (key, arrays[key]))]
    )
