"""An embedding as JSON that points to arrays, each content kept once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .._frozen import read_only
from ..data.media import Media, stored_media
from ..decoder import Decoder
from ..embedding import Embedding
from .frames import pack_frame, unpack_frame
from .values import pack, unpack

Array = npt.NDArray[Any]

FEATURES = ("inputs", "unimodal", "targets", "decoded", "diagnostics")
PLAIN = (
    "z",
    "labels",
    "class_names",
    "predictions",
    "scores",
    "present",
    "held_out",
    "target",
    "predicted",
    *FEATURES,
)
DECODER = tuple(item.name for item in fields(Decoder))


def text_of(content: Any) -> str:
    """Return JSON as the one text that its checksum is taken of."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def encoded(text: str) -> bytes:
    """Return UTF-8 in which halves of characters are allowed, as in file names."""
    return text.encode("utf-8", "surrogatepass")


class Store:
    """Collects what embeddings are made of; equal contents are kept once."""

    def __init__(self) -> None:
        self.arrays: dict[str, Array] = {}
        self.shared: dict[str, Any] = {}
        self._seen: dict[int, tuple[Any, str]] = {}

    def keep(self, array: Array) -> str:
        """Keep an array; return its key."""
        plain = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
        plain = plain.reshape(array.shape)  # numpy gives a number an axis of its own
        digest = hashlib.sha256(f"{plain.dtype.str}{plain.shape}".encode())
        digest.update(plain.tobytes())
        key = digest.hexdigest()[:32]
        self.arrays.setdefault(key, plain)
        return key

    def share(self, value: Any, where: str) -> str:
        """Keep what embeddings usually have in common; return its key."""
        value = _owner(value)
        if id(value) not in self._seen:
            packed = self._pack(value, where)
            key = hashlib.sha256(encoded(text_of(packed))).hexdigest()[:32]
            self.shared.setdefault(key, packed)
            self._seen[id(value)] = value, key  # held, so that no other gets its id
        return self._seen[id(value)][1]

    def _pack(self, value: Any, where: str) -> Any:
        if isinstance(value, pd.DataFrame):
            return {"frame": pack_frame(value, self.keep, where)}
        if isinstance(value, Media):
            blobs = list(value.pictures)
            pixels = np.frombuffer(b"".join(blobs), np.uint8)
            sizes = np.array([len(blob) for blob in blobs], np.int64)
            pictures = {"bytes": self.keep(pixels), "sizes": self.keep(sizes)}
            texts = list(value.texts)
            return {"media": {"pictures": pictures, "texts": texts}}
        return {"value": pack(value, self.keep, where)}

    def describe(self, embedding: Embedding) -> dict[str, Any]:
        """Return JSON for an embedding."""
        info = {k: v for k, v in embedding.info.items() if k != "saved"}
        decoders = {
            name: [getattr(decoder, part) for part in DECODER]
            for name, decoder in embedding.decoders.items()
        }
        return {
            "ids": self.share(embedding.ids, "ids"),
            "metadata": self.share(embedding.metadata, "metadata"),
            "media": self.share(embedding.media, "media"),
            "info": pack(info, self.keep, "info"),
            "decoders": pack(decoders, self.keep, "decoders"),
            **{name: pack(getattr(embedding, name), self.keep, name) for name in PLAIN},
        }


class Shelf:
    """Makes embeddings of what a `Store` kept; what was shared is shared again."""

    def __init__(self, arrays: Mapping[str, Array], shared: Mapping[str, Any]) -> None:
        # Copies, as what safetensors returns holds on to the whole file.
        self.arrays = {key: read_only(array.copy()) for key, array in arrays.items()}
        self.shared = {key: self._read(stored) for key, stored in shared.items()}

    def take(self, key: str) -> Array:
        """Return the array of a key."""
        return self.arrays[key]

    def _read(self, stored: dict[str, Any]) -> Any:
        ((kind, value),) = stored.items()
        if kind == "frame":
            return unpack_frame(value, self.take)
        if kind == "media":
            return self._media(value)
        return read_only(unpack(value, self.take))

    def _media(self, stored: dict[str, Any]) -> Media:
        whole = self.take(stored["pictures"]["bytes"]).tobytes()
        ends = np.cumsum(self.take(stored["pictures"]["sizes"])).tolist()
        pictures = [whole[a:b] for a, b in zip([0, *ends], ends, strict=False)]
        return stored_media(tuple(pictures), tuple(stored["texts"]))

    def embedding(self, stored: dict[str, Any], folder: str) -> Embedding:
        """Return the embedding that was described, which knows where it is from."""
        fields: dict[str, Any] = {n: unpack(stored[n], self.take) for n in PLAIN}
        fields |= {n: self.shared[stored[n]] for n in ("ids", "metadata", "media")}
        info = {**unpack(stored["info"], self.take), "saved": folder}
        decoders = {
            name: Decoder(*parts)
            for name, parts in unpack(stored["decoders"], self.take).items()
        }
        embedding = Embedding(**fields, info=info, decoders=decoders)
        _check_rows(embedding)
        return embedding


def _owner(value: Any) -> Any:
    """Return the array that a view shows the whole of; anything else as it is."""
    base = getattr(value, "base", None)
    if not isinstance(value, np.ndarray) or not isinstance(base, np.ndarray):
        return value
    shapes = [(array.shape, array.strides, array.dtype) for array in (base, value)]
    return base if shapes[0] == shapes[1] else value


def _check_rows(embedding: Embedding) -> None:
    """Refuse an embedding whose parts do not belong together."""
    n = len(embedding.ids)
    values: list[Any] = [embedding.z, embedding.present, embedding.held_out]
    values += [getattr(embedding, name) for name in PLAIN if name not in FEATURES]
    values += [v for name in FEATURES for v in getattr(embedding, name).values()]
    arrays = [value for value in values if isinstance(value, np.ndarray)]
    counts = {len(array) for array in arrays} | {len(embedding.metadata)}
    if counts != {n} or embedding.z.ndim != 2:
        raise ValueError("its arrays have rows of another number")
