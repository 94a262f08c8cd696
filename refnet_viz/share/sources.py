"""Sources from which `replay` takes what a figure was made of."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ..config import Config
from ..data import Dataset, digits, emoji, playground, questions
from ..data.fingerprint import digest_of
from ..embedding import Embedding
from ..graph import attribute, knn
from ..layout import Layout
from ..plot.record import COMPUTED, INPUT, LAID, LOST
from ..storage import load
from ..storage.frames import unpack_frame
from ..storage.values import TAG, unlisted, unpack

BUILT_IN: dict[str, Callable[[], Dataset]] = {
    "emoji": emoji,
    "digits": digits,
    "playground": playground,
    "questions": questions,
    "emoji (subgroup)": partial(emoji, labels="subgroup"),
    "emoji (keywords)": partial(emoji, labels="keywords"),
}


class Sources:
    """Makes the inputs of a figure again, each once.

    Parameters
    ----------
    described
        The inputs, as `plot.record.call_of` described them.
    given
        Embeddings or a folder of them, given by the caller.
    folder
        From which the manifest names folders.
    """

    def __init__(
        self, described: list[dict[str, Any]], given: Any, folder: Path
    ) -> None:
        self.described = described
        self.given = given
        self.folder = folder
        self._made: dict[int, Any] = {}
        self._data: dict[str, Dataset] = {}

    def check(self) -> None:
        """Say what is wrong with the caller's embeddings, before the manifest is."""
        _ = self._given

    def value(self, value: Any) -> Any:
        """Return an argument: inputs in their places, all else as it was."""
        if isinstance(value, list):
            return [self.value(part) for part in value]
        if not isinstance(value, Mapping):
            return value
        if TAG not in value:
            return {key: self.value(part) for key, part in value.items()}
        if value[TAG] == INPUT:
            return self.input(value["of"])
        if value[TAG] == LOST:
            raise ValueError(
                "`manifest` must hold every argument of the figure, got only the name "
                f"of its class for a {value['of']}."
            )
        return unpack(value, unlisted)

    def input(self, number: int) -> Any:
        """Return one of the inputs."""
        if number not in self._made:
            described = self.described[number]
            self._made[number] = KINDS[described["kind"]](self, described)
        return self._made[number]

    def _neighbors(self, known: dict[str, Any]) -> Any:
        graph = knn(
            self.input(known["embedding"]),
            known["k"],
            space=known["space"],
            metric=known["metric"],
            weights=known["weights"],
            method=known.get("method", "exact"),
        )
        if "recall" in known and digest_of([graph.indices]) != known["digest"]:
            warnings.warn(
                f"a graph of the {known['space']!r} space was approximate, with recall "
                f"{known['recall']:.3f}; it is searched again, and has other neighbours"
                f" ({graph.approximation or 'exact'}).",
                stacklevel=3,
            )
        return graph

    def _attribution(self, known: dict[str, Any]) -> Any:
        more = {"beyond": known["beyond"]} if known["beyond"] else {}
        return attribute(self.input(known["graph"]), weights=known["weights"], **more)

    def _layout(self, known: dict[str, Any]) -> Layout:
        laid = {name: self.value(known[name]) for name in LAID}
        ids = self.input(known["embedding"]).ids
        return Layout(ids=ids, coordinates=unlisted(known["coordinates"]), **laid)

    def _table(self, known: dict[str, Any]) -> Any:
        if isinstance(known["data"], Mapping):
            return self.value(known["data"])  # refused
        return unpack_frame(known, unlisted)

    def _run(self, known: dict[str, Any]) -> SimpleNamespace:
        """Return what `plot.history` asks of a run."""
        values = {name: self.value(known[name]) for name in ("seed", "best_epoch")}
        config = known["config"]
        config = Config.from_dict(config) if isinstance(config, Mapping) else config
        return SimpleNamespace(
            history=self._table(known["history"]), config=config, **values
        )

    def _embedding(self, known: dict[str, Any]) -> Embedding:
        embedding = self._given.get(known["digest"]) or self._saved(known)
        embedding = embedding or self._trained(known)
        if embedding is None:
            raise ValueError(
                f"`inputs` must hold the embedding of {known.get('variant')!r}, seed "
                f"{known.get('seed')} ({known['rows']} rows of "
                f"{known.get('dataset')!r}, digest {known['digest'][:12]}), which can "
                f"be found nowhere else, got {self._held}."
            )
        info = {key: self.value(v) for key, v in known.items() if key not in COMPUTED}
        return replace(embedding, info=info)

    @property
    def _held(self) -> str:
        held = ", ".join(digest[:12] for digest in self._given)
        return f"embeddings of the digests {held}" if held else "none"

    @cached_property
    def _given(self) -> dict[str, Embedding]:
        """Embeddings of the caller, by digest."""
        inputs = self.given
        if isinstance(inputs, str | os.PathLike):
            inputs = load(inputs)
        return {embedding.digest: embedding for embedding in _embeddings(inputs)}

    @cached_property
    def _folders(self) -> dict[str, dict[str, Embedding]]:
        return {}

    def _saved(self, known: dict[str, Any]) -> Embedding | None:
        """Return it from the folder it was loaded from, if that is still there."""
        name = known.get("saved")
        if not name:
            return None
        if name not in self._folders:
            try:
                spaces = load(self.folder / name)
            except (OSError, ValueError):  # gone or damaged: other sources may do
                spaces = []
            self._folders[name] = {e.digest: e for e in _embeddings(spaces)}
        return self._folders[name].get(known["digest"])

    def _trained(self, known: dict[str, Any]) -> Embedding | None:
        """Return it from a run trained as it was, on data that ship."""
        data = self._dataset(known)
        if data is None or not isinstance(known.get("config"), Mapping):
            return None
        parts = (data.test, data.val, data.train, data)
        rows = next((p for p in parts if digest_of([p.ids]) == known["ids"]), None)
        if rows is None:
            return None
        # torch takes seconds, and most figures are made again without it.
        from ..inference import embed  # noqa: PLC0415
        from ..train import fit  # noqa: PLC0415

        config = Config.from_dict(known["config"])
        run = fit(data, config, seed=int(known["seed"]), progress=False)
        embedding: Embedding = embed(run, rows)
        return embedding if embedding.digest == known["digest"] else None

    def _dataset(self, known: dict[str, Any]) -> Dataset | None:
        name = str(known.get("dataset"))
        if name not in BUILT_IN:
            return None
        if name not in self._data:
            self._data[name] = BUILT_IN[name]()
        same = self._data[name].fingerprint == known.get("fingerprint")
        return self._data[name] if same else None


KINDS: dict[str, Callable[[Sources, dict[str, Any]], Any]] = {
    "embedding": Sources._embedding,
    "neighbors": Sources._neighbors,
    "attribution": Sources._attribution,
    "layout": Sources._layout,
    "table": Sources._table,
    "run": Sources._run,
}


def _embeddings(given: Any) -> Iterator[Embedding]:
    """Yield the embeddings inside any shape.

    Raises
    ------
    TypeError
        If there is anything else.
    """
    if isinstance(given, Embedding):
        yield given
    elif isinstance(given, Mapping):
        for part in given.values():
            yield from _embeddings(part)
    elif isinstance(given, list | tuple):
        for part in given:
            yield from _embeddings(part)
    elif given is not None:
        raise TypeError(
            "`inputs` must hold Embedding values or be a folder of saved ones, "
            f"got {type(given).__name__}."
        )
