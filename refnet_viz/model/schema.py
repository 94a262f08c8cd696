"""What a network must know of a dataset before it sees any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..data.dataset import Dataset


@dataclass(frozen=True)
class Schema:
    """What a network must know of a dataset before it sees any.

    Parameters
    ----------
    modalities
        Name to ``{"kind", "shape", "words", "common_scale"}``.
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
        modalities = {}
        for column, (name, modality) in enumerate(data.modalities.items()):
            words = 0
            if modality.kind == "tokens" and modality.mask is not None:
                rows = training & data.present[:, column]
                seen = modality.values[rows][modality.mask[rows]]
                # Padding 0, unknown 1, then the ids seen in training, shifted by one.
                words = int(seen.max(initial=0)) + 2
            modalities[name] = {
                "kind": modality.kind, "shape": list(modality.shape), "words": words,
                "common_scale": modality.common_scale,
            }  # fmt: skip
        return cls(
            modalities, data.class_names, data.multilabel, data.target is not None
        )

    @property
    def outputs(self) -> int:
        """How many numbers the head gives a row."""
        # Unlabelled data still get a head, so that every state has the same names.
        return 1 if self.regression else max(len(self.class_names), 1)

    def check(self, data: Dataset) -> None:
        """Refuse data whose modalities are not those of the schema."""
        for name, known in self.modalities.items():
            if name not in data.modalities:
                raise ValueError(
                    f"`data` must have the modality {name!r} of the run, "
                    f"got {', '.join(data.modalities)}."
                )
            given = data.modalities[name]
            free = 1 if known["kind"] in ("tokens", "sequence") else 0
            same = list(given.shape)[free:] == known["shape"][free:]
            if given.kind != known["kind"] or not same:
                raise ValueError(
                    f"`data.modalities[{name!r}]` must be of kind {known['kind']} and "
                    f"shape {tuple(known['shape'])}, got {given.kind} of shape "
                    f"{given.shape}."
                )
