"""Features from words and pictures: an encoder's vectors, in batches and kept."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _check, _progress
from .gaps import tensor_values
from .items import as_items, digest, opened
from .pretrained import KINDS, Encoder, as_encoder, at_rest
from .rounding import rounded_column
from .vectors import DIGEST, VectorCache

# A file of the cache is written after so many vectors, or seconds.
_ROWS, _SECONDS = 4096, 15.0


def encode(
    items: Sequence[Any],
    encoder: Any,
    *,
    kind: str = "words",
    batch_size: int = 32,
    device: Any = None,
    cache: str | os.PathLike[str] | None = None,
    progress: bool = True,
    name: str | None = None,
    version: str | None = None,
) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
    """Encode texts or pictures with a pretrained model, each different one once.

    =============================  ==================================================
    `encoder`                      what its vectors are
    =============================  ==================================================
    a callable                     what it returns for a list of str or of RGB
                                   pictures of PIL: ``(batch, width)``
    an object with ``encode``      the same
    a sentence-transformers model  its sentence embeddings; of pictures where it can
    (model, preprocess)            of timm: what its classifier sees. Of open_clip:
                                   ``encode_text`` (preprocess is the tokenizer) and
                                   ``encode_image``. Of any other module: its output
    (model, tokenizer) or          of transformers: text and image features where it
    (model, processor)             has both; else the mean of the last states of a
                                   text's tokens, and what the model pools of a
                                   picture. Heads made for a task are left out
    =============================  ==================================================

    Nothing is scaled to length 1 unless the model does it. Modules of torch compute in
    evaluation and without gradients, and are left as they were.

    Parameters
    ----------
    items
        N texts, or N pictures: of PIL, bytes of files, or paths.
    encoder
        One of the table; it must give the same item the same vector every time.
    kind
        "words" or "pictures".
    batch_size
        Items at a time.
    device
        Where a module of torch computes, as "cuda"; None leaves it where it is.
    cache
        A folder that keeps vectors by content, encoder and version, so that a second
        call reads them and a cancelled one goes on. Encoders may share it.
    progress
        Whether to show a bar.
    name, version
        What manifests call the encoder; None takes them from the object. Keeping the
        vectors of a plain callable takes a name: its code is compared, but not what
        it closes over, so give it another version when that changes.

    Returns
    -------
    numpy.ndarray
        ``(N, width)`` float32, row i for item i.
    dict
        ``name``, ``version``, ``digest`` (of weights and settings), ``kind``,
        ``width``, ``rows`` and ``normalized`` (whether every row has length 1), as
        plain values for manifests.

    Raises
    ------
    ValueError
        If an item cannot be read, the encoder fails or returns anything but one row of
        finite numbers an item, always of one width, or `cache` belongs to another
        encoder. What was encoded until then is in the cache.

    Examples
    --------
    >>> def lengths(texts):
    ...     return [[len(text), text.count("a")] for text in texts]
    >>> vectors, info = encode(["a cat", "a dog"], lengths, progress=False)
    >>> vectors.tolist(), info["name"], info["width"]
    ([[5.0, 2.0], [5.0, 1.0]], 'lengths', 2)
    """
    _check.one_of("kind", kind, KINDS)
    size = _check.integer("batch_size", batch_size, low=1)
    progress = _check.flag("progress", progress)
    listed = as_items(items, kind)
    model = as_encoder(encoder, kind, name=name, version=version)
    _check_plain(model, device, cache, named=name is not None or version is not None)
    job = _Job(listed, kind, model)
    store = None
    if cache is not None:
        about = {"name": model.name, "version": model.version, "digest": model.digest}
        store = VectorCache(_check.path("cache", cache), about, model.key)
    job.read(store)
    if job.left:
        bar = _progress.progress(
            title=f"encoding {kind}", total=job.left, delay=1, disable=not progress
        )
        with at_rest(model.module, device), bar:
            job.run(size, store, bar.update)
    vectors = job.vectors[job.place]
    return vectors, _info(model, kind, vectors)


def encode_rows(
    items: list[Any], rows: npt.NDArray[np.intp], count: int, kind: str, spec: Any
) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
    """Return the vectors of some of `count` rows, 0 in the others.

    Parameters
    ----------
    items
        What is encoded, one for each of `rows`.
    rows
        Row numbers.
    count
        Number of all rows.
    kind
        "words" or "pictures".
    spec
        `Words` or `Pictures` with an encoder.

    Examples
    --------
    >>> from refnet_viz.data import words
    >>> spec = words("text", encoder=lambda texts: [[len(t)] for t in texts])
    >>> encode_rows(["ab"], np.array([1]), 2, "words", spec)[0].tolist()
    [[0.0], [2.0]]
    """
    vectors, info = encode(items, spec.encoder, kind=kind, **spec.options)
    values = np.zeros((count, vectors.shape[1]), dtype=np.float32)
    values[rows] = vectors
    return values, info


class _Job:
    """The different items of a call, and the vectors that they have so far."""

    def __init__(self, items: list[Any], kind: str, model: Encoder) -> None:
        self.items, self.kind, self.model = items, kind, model
        keys = [digest(item, kind, row) for row, item in enumerate(items)]
        first: dict[bytes, int] = {}
        self.rows: list[int] = []  # of each different item, where it stands first
        for row, key in enumerate(keys):
            if first.setdefault(key, len(self.rows)) == len(self.rows):
                self.rows.append(row)
        self.place = np.array([first[key] for key in keys])
        self.digests = np.frombuffer(b"".join(first), np.uint8).reshape(-1, DIGEST)
        self.done = np.zeros(len(self.rows), dtype=bool)
        self.vectors = np.empty((len(self.rows), 0), dtype=np.float32)
        self._first = first
        self._rounded = False  # whether it was said that 32 bits are too few

    @property
    def left(self) -> int:
        """Number of items without a vector."""
        return int((~self.done).sum())

    def read(self, store: VectorCache | None) -> None:
        """Take what a cache has."""
        for digests, vectors in store.blocks() if store is not None else ():
            indices = [self._first.get(line.tobytes(), -1) for line in digests]
            places = np.array(indices, dtype=np.intp)
            fits = not self.done.any() or vectors.shape[1] == self.vectors.shape[1]
            if fits and (places >= 0).any():
                self._put(places[places >= 0], vectors[places >= 0])

    def _put(
        self, places: npt.NDArray[np.intp], block: npt.NDArray[np.float32]
    ) -> None:
        if not self.done.any():
            self.vectors = np.empty((len(self.rows), block.shape[1]), dtype=np.float32)
        self.vectors[places] = block
        self.done[places] = True

    def run(
        self, size: int, store: VectorCache | None, tell: Callable[[int], Any]
    ) -> None:
        """Encode what is left, writing now and then, and whatever ends it."""
        waiting: list[npt.NDArray[np.intp]] = []
        begin = time.monotonic()
        try:
            for places in self._batches(size):
                self._encode(places, store)
                waiting.append(places)
                tell(len(places))
                many = len(waiting) * size >= _ROWS
                if many or time.monotonic() - begin > _SECONDS:
                    self._write(waiting, store)
                    begin = time.monotonic()
        finally:
            self._write(waiting, store)

    def _batches(self, size: int) -> Iterator[npt.NDArray[np.intp]]:
        """Yield the places of items without a vector, for models long texts first."""
        places = np.flatnonzero(~self.done)
        if self.kind == "words" and self.model.module is not None:
            lengths = [len(self.items[self.rows[place]]) for place in places]
            places = places[np.argsort(lengths, kind="stable")[::-1]]
        for start in range(0, len(places), size):
            yield places[start : start + size]

    def _encode(self, places: npt.NDArray[np.intp], store: VectorCache | None) -> None:
        """Ask for the vectors of one batch and check them."""
        rows = [self.rows[place] for place in places]
        batch = [opened(self.items[row], self.kind, row) for row in rows]
        after = ""
        if store is not None:
            after = f"; what was encoded so far is kept in {str(store.folder)!r}"
        try:
            output = self.model.ask(batch)
        except Exception as error:
            raise ValueError(
                f"`encoder` must encode {self.kind}, got {type(error).__name__} "
                f"({_check.first_line(error)}) in the batch of row {rows[0]}{after}."
            ) from error
        width = self.vectors.shape[1] if self.done.any() else None
        numbers = _as_array(output)
        self._rounded = self._rounded or _warn_rounding(numbers)
        fault = _fault(array := _in_single(numbers), rows, width)
        if fault:
            raise ValueError(f"`encoder` must return {fault}{after}.")
        self._put(places, array)

    def _write(
        self, waiting: list[npt.NDArray[np.intp]], store: VectorCache | None
    ) -> None:
        if waiting and store is not None:
            places = np.concatenate(waiting)
            store.add(self.digests[places], self.vectors[places])
        waiting.clear()


def _fault(array: npt.NDArray[Any], rows: list[int], width: int | None) -> str:
    """Return the rule that a batch of vectors breaks, as the end of a sentence."""
    if array.dtype.kind not in "fiub" or array.ndim != 2 or array.shape[1] == 0:
        return (
            "a matrix of numbers (batch, width), "
            f"got shape {array.shape} of {array.dtype} in the batch of row {rows[0]}"
        )
    if len(array) != len(rows):
        return (
            f"one row an item, got {len(array)} rows for the {len(rows)} items "
            f"in the batch of row {rows[0]}"
        )
    if width is not None and array.shape[1] != width:
        return f"rows of one width ({width}), got {array.shape[1]} in row {rows[0]}"
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        row, column = bad[0]
        return f"finite numbers only, got {array[row, column]} in row {rows[row]}"
    return ""


def _as_array(output: Any) -> npt.NDArray[Any]:
    """Return an encoder's output as an array, of objects where it is none."""
    if hasattr(output, "toarray"):  # sparse matrices of scipy
        output = output.toarray()
    if isinstance(output, list | tuple):
        output = [_plain(value) for value in output]
    try:
        return np.asarray(_plain(output))
    except ValueError:  # rows of unequal length
        return np.empty(len(output), dtype=object)


def _in_single(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return numbers as float32, and what holds none as it is."""
    if array.dtype.kind not in "fiub":
        return array
    with np.errstate(over="ignore"):
        return array.astype(np.float32)


def _warn_rounding(array: npt.NDArray[Any]) -> bool:
    """Say that 32 bits lose the differences of a batch, and return whether they do."""
    fits = (
        array.dtype.kind in "fiub"
        and array.ndim == 2
        and array.dtype.itemsize > 4
        and np.isfinite(array).all()
    )
    column = rounded_column(array) if fits and len(array) else None
    if column is not None:
        warnings.warn(
            "`encoder` returns numbers so far from zero that 32 bits lose their "
            f"differences in column {column}: subtract an origin in it.",
            UserWarning,
            stacklevel=2,
        )
    return column is not None


def _plain(value: Any) -> Any:
    if isinstance(value, np.ma.MaskedArray):
        return np.ma.filled(value.astype(np.float64), np.nan)
    if hasattr(value, "detach"):  # tensors, of whatever precision and place
        return tensor_values(value.to_dense() if value.is_sparse else value, "encoder")
    return value


def _check_plain(model: Encoder, device: Any, cache: Any, *, named: bool) -> None:
    """Refuse what has no meaning for a callable without weights that can be seen."""
    if model.module is not None:
        return
    if device is not None and not (isinstance(device, str) and device == "cpu"):
        raise ValueError(
            "`device` must be None where `encoder` is no module of torch, "
            f"got {_check.shown(device)}."
        )
    if cache is not None and not named:
        raise ValueError(
            f"`name` must be given to keep the vectors of a plain callable, got None "
            f"for {model.name!r}."
        )


def _info(
    model: Encoder, kind: str, vectors: npt.NDArray[np.float32]
) -> dict[str, Any]:
    lengths = np.linalg.norm(vectors, axis=1)
    return {
        "name": model.name,
        "version": model.version,
        "digest": model.digest,
        "kind": kind,
        "width": vectors.shape[1],
        "rows": len(vectors),
        "normalized": bool(np.allclose(lengths, 1, atol=1e-3)),
    }
