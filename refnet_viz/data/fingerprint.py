"""Digests of what a dataset, a row or any arrays hold."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .modality import Modality
from .stored import Stored, rows_at_once, update

_ROWS = 2**14  # that are hashed together


class Content(Protocol):
    """The parts of a dataset that its fingerprint covers: all but media."""

    @property
    def ids(self) -> npt.NDArray[np.str_]:
        """Names of the rows."""

    @property
    def modalities(self) -> Mapping[str, Modality]:
        """Values by name."""

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """Presence mask ``(N, M)``: True where a row has a modality."""

    @property
    def labels(self) -> npt.NDArray[Any] | None:
        """Classes of the rows."""

    @property
    def target(self) -> npt.NDArray[Any] | None:
        """Numbers to be predicted."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes."""

    @property
    def split(self) -> npt.NDArray[np.str_]:
        """Part of each row."""

    @property
    def groups(self) -> npt.NDArray[np.str_] | None:
        """Group of each row."""


def fingerprint(data: Content) -> str:
    """Return twelve hex digits that change with any content but hover media.

    Examples
    --------
    >>> from refnet_viz.data import Dataset
    >>> one, other = (Dataset.from_arrays({"a": np.eye(3) * s}) for s in (1, 2))
    >>> fingerprint(one) == fingerprint(other)
    False
    """
    names = (*data.modalities, *data.class_names)
    groups = () if data.groups is None else ("groups", *data.groups)
    text = "\x00".join([*data.ids, *data.split, *names, *groups])
    # Half a surrogate pair is a string, too: file names can hold one.
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    arrays = [data.present, data.labels]
    for modality in data.modalities.values():
        arrays += [modality.values, modality.mask]
        digest.update(f"{modality.kind}{modality.common_scale}".encode())
        if modality.clock is not None:  # others keep the digest that they had
            digest.update(" ".join(modality.clock.parts).encode())
            arrays += [modality.clock.times, modality.clock.sessions]
    for array in [*arrays, data.target]:
        if array is not None:
            digest.update(f"{array.shape}{array.dtype}".encode())
            update(digest, array)
    return digest.hexdigest()[:12]


def row_hashes(data: Content, names: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Return a number for each row's id and content, equal only for equal rows.

    Only the named modalities count, in that order, and of them only what is present
    and no padding: the same row keeps its number in a dataset that knows more.

    Examples
    --------
    >>> from refnet_viz.data import Dataset
    >>> data = Dataset.from_arrays({"a": np.eye(3), "b": np.ones((3, 2))})
    >>> part = Dataset.from_arrays({"a": np.eye(3)}).subset([1, 2])
    >>> bool((row_hashes(data, ["a"])[1:] == row_hashes(part, ["a"])).all())
    True
    """
    columns = [
        (data.modalities[name], data.present[:, list(data.modalities).index(name)])
        for name in names
    ]
    hashes = np.empty(len(data.ids), dtype=np.uint64)
    step = min(_ROWS, *(rows_at_once(modality.values) for modality, _ in columns))
    for start in range(0, len(hashes), step):
        rows = np.arange(start, min(start + step, len(hashes)))
        blocks = [(modality.read(rows), present[rows]) for modality, present in columns]
        for i, key in enumerate(data.ids[rows]):
            digest = hashlib.blake2b(
                key.encode("utf-8", "surrogatepass"), digest_size=8
            )
            for block, present in blocks:
                real = ... if block.mask is None else block.mask[i]
                content = block.values[i][real].tobytes() if present[i] else b""
                digest.update(f"|{len(content)}|".encode() + content)
            hashes[start + i] = int.from_bytes(digest.digest(), "little")
    return hashes


def digest_of(parts: Sequence[Any]) -> str:
    """Return one SHA-256 of strings, arrays, and tuples of them, in order.

    Examples
    --------
    >>> digest_of(["ab", ""]) == digest_of(["a", "b"])
    False
    """
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, tuple | list):
            content, kind = digest_of(part).encode(), f"{len(part)} parts"
        elif isinstance(part, np.ndarray) and part.dtype.kind != "U":
            content = np.ascontiguousarray(part).tobytes()
            kind = f"{part.dtype}{part.shape}"
        elif isinstance(part, Stored):
            digest.update(f"{part.dtype}{part.shape} {part.nbytes}\n".encode())
            update(digest, part)
            continue
        elif isinstance(part, np.ndarray):  # however wide its strings are stored
            content, kind = digest_of(part.tolist()).encode(), f"{len(part)} strings"
        else:
            content, kind = str(part).encode("utf-8", "surrogatepass"), "text"
        digest.update(f"{kind} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
