"""Schema of a dataset: kinds and shapes of modalities, vocabularies and classes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..data.dataset import Dataset
from ..data.stored import Stored


@dataclass(frozen=True)
class Schema:
    """Kinds and shapes of modalities, vocabularies and classes of a dataset.

    Parameters
    ----------
    modalities
        Name to ``{"kind", "shape", "words", "common_scale"}``; "features", the names
        of columns, where they have any; "clock", of "times" and "sessions" those that
        are known of its positions.
    class_names
        One name a class; empty without labels.
    multilabel
        Whether rows have several labels.
    regression
        Whether a number is predicted, and no class.
    """

    modalities: dict[str, dict[str, Any]]
    class_names: tuple[str, ...]
    multilabel: bool
    regression: bool = False

    @classmethod
    def of(cls, data: Dataset) -> Schema:
        """Return the schema of a dataset; vocabularies come from its training rows."""
        training = data.split == "train"
        modalities: dict[str, dict[str, Any]] = {}
        for column, (name, modality) in enumerate(data.modalities.items()):
            words = 0
            if modality.kind == "tokens" and modality.mask is not None:
                rows = np.flatnonzero(training & data.present[:, column])
                # Padding 0, unknown 1, then the ids of training, shifted by one.
                words = 2 + max(
                    (
                        int(block.values[block.mask].max(initial=0))
                        for _, block in modality.blocks(rows)
                    ),
                    default=0,
                )
            modalities[name] = {
                "kind": modality.kind,
                "shape": list(modality.shape),
                "words": words,
                "common_scale": modality.common_scale,
            }
            if modality.features:
                modalities[name]["features"] = list(modality.features)
            if modality.clock is not None:
                modalities[name]["clock"] = list(modality.clock.parts)
        return cls(
            modalities, data.class_names, data.multilabel, data.target is not None
        )

    @property
    def outputs(self) -> int:
        """Width of the head's output."""
        # Unlabelled data still get a head, so that every state has the same names.
        return 1 if self.regression else max(len(self.class_names), 1)

    def check(self, data: Dataset) -> None:
        """Refuse data whose modalities are not those of the schema."""
        for name, entry in self.modalities.items():
            if name not in data.modalities:
                raise ValueError(
                    f"`data` must have the modality {name!r} of the run, "
                    f"got {', '.join(data.modalities)}."
                )
            modality = data.modalities[name]
            free = 1 if entry["kind"] in ("tokens", "sequence") else 0
            same = list(modality.shape)[free:] == entry["shape"][free:]
            if modality.kind != entry["kind"] or not same:
                raise ValueError(
                    f"`data.modalities[{name!r}]` must be of kind {entry['kind']} and "
                    f"shape {tuple(entry['shape'])}, got {modality.kind} of shape "
                    f"{modality.shape}."
                )
            named = entry.get("features", [])
            if named and modality.features and {*named} != {*modality.features}:
                lacking = next(
                    title for title in named if title not in modality.features
                )
                raise ValueError(
                    f"`data.modalities[{name!r}]` must have the columns of the run, "
                    f"got none called {lacking!r}."
                )

    def ordered(self, data: Dataset) -> Dataset:
        """Return the data with named columns in the order of the schema's.

        Raises
        ------
        ValueError
            If a modality or a column is missing, or has another shape.
        """
        self.check(data)
        changed = {}
        for name, entry in self.modalities.items():
            named, titles = entry.get("features", []), data.modalities[name].features
            if named and titles and [*named] != [*titles]:
                place = {title: i for i, title in enumerate(titles)}
                columns = [place[title] for title in named]
                values = data.modalities[name].values
                values = (
                    values.columns(columns)
                    if isinstance(values, Stored)
                    else values[:, columns]
                )
                changed[name] = replace(
                    data.modalities[name], values=values, features=tuple(named)
                )
        if not changed:
            return data
        return replace(data, modalities={**data.modalities, **changed})
