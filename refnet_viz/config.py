"""Every number of a run in one frozen value; an ablation is a weight set to 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from . import _check

REFINER_LOSS_NAMES = ("mse", "cosine", "contrastive", "multi_similarity")
CONTRASTIVE_NAMES = ("multi_similarity", "supcon", "info_nce")
_CHOICES = {
    "picture_encoder": ("light", "cnn", "described"),
    "refiner_loss": REFINER_LOSS_NAMES,
    "refiner_decay": ("linear", "exponential"),
    "targets": ("inputs", "features"),
    "contrastive_loss": CONTRASTIVE_NAMES,
    "keep": ("best", "last"),
    "precision": ("float32", "bfloat16"),
    "class_weights": ("none", "balanced"),
}
_RANGES = (
    ("refiner", 0, np.inf), ("contrastive", 0, np.inf), ("weight_decay", 0, np.inf),
    ("alpha", 0, np.inf), ("beta", 0, np.inf), ("learning_rate", 0, np.inf),
    ("jaccard", 0, 1), ("margin", 0, 1), ("dropout", 0, 1), ("label_fraction", 0, 1),
    ("base", -1, 1), ("modality_dropout", 0, 1), ("input_dropout", 0, 1),
    ("jitter", 0, 1), ("refiner_end", 0, np.inf),
)  # fmt: skip


def _name(key: Any) -> Any:
    """Return a name as text of Python's own, all else as it is."""
    return str.__str__(key) if isinstance(key, str) else key


@dataclass(frozen=True)
class Config:
    """Settings of a run. Change one with `dataclasses.replace`.

    Parameters
    ----------
    fusion
        Name of a class in `refnet_viz.model.fusion.FUSIONS`.
    width
        Features of every encoder's output and, for most fusions, of the fused vector z;
        ``run.model().fusion.z_width`` is what it is for the others.
    hidden
        Hidden features of encoders, fusion and decoders.
    dropout
        Share of hidden features dropped in training, 0 to 1.
    input_dropout
        Share of the numbers of vectors and sequences that are set to their mean at
        every step, 0 to 1.
    jitter
        Pictures are shifted at random, at every step, by up to this share of their
        side, and half of them are mirrored; 0 leaves them alone.
    rounds
        Rounds of progressive fusion: from the second one on, every encoder also
        reads z of the round before; 1 is none.
    modality_dropout
        Chance that a row loses one of its modalities, drawn anew at every step for
        each modality; a row always keeps one. 0 to 1.
    picture_encoder
        "light" (patches and linear maps, fast), "cnn" (convolutions) or "described"
        (a perceptron on colours and edges, strong when there are few pictures).
    refiner
        Weight of the refiner loss, which is a sum over modalities; 0 turns it off.
    refiner_loss
        "mse", "cosine", "contrastive" or "multi_similarity".
    refiner_end, refiner_decay
        What is left of the refiner's weight at the end, as a share of `refiner`, and
        how it gets there: "linear" or "exponential" over the steps.
    refiner_weights
        Modality to relative weight, for every refiner loss; None weighs all alike.
    targets
        What the refiner must answer: "inputs" (each modality's standardised
        features, the same for all runs) or "features" (the encoders' outputs before
        mixing). Both are detached and standardised on training rows.
    contrastive
        Weight of the contrastive loss; 0 turns it off.
    contrastive_loss
        "multi_similarity" on z, "supcon" on z, or "info_nce" between the modalities'
        own features, which needs no labels. The last two come from
        pytorch-metric-learning, which is installed by ``refnet_viz[metric]``.
    jaccard
        Rows with several labels are positives when the Jaccard index of their label
        sets is at least this; 0 means sharing one label is enough.
    alpha, beta, base, margin, mining
        Numbers of the Multi-Similarity loss, see `objectives.multi_similarity`.
    epochs
        Passes over the training rows.
    batch_size
        Rows a step.
    learning_rate, weight_decay
        Settings of AdamW; the rate falls to zero along a half cosine.
    keep
        Which epoch's state to keep: the "best" by validation score, or the "last",
        which needs no validation rows.
    precision
        "float32", or "bfloat16": forward passes under autocast, weights as ever.
    label_fraction
        Share of training rows with a label, one fixed stratified subset a seed; the
        refiner still sees every row.
    class_weights
        "balanced" weighs the cross-entropy of a row by n / (C n_c), for n labelled
        training rows, C classes among them and n_c rows of its class; with several
        labels a row, that of a label that is there by the rows without it for each
        row with it. Rare classes then count as much as common ones, in training and in
        the validation loss; scores, contrastive losses and what a fusion asks for
        itself are not weighted. "none" weighs all rows alike.

    Raises
    ------
    ValueError
        If a number is out of its range.
    TypeError
        If `mining` is neither True nor False.

    Examples
    --------
    >>> from dataclasses import replace
    >>> replace(Config(), refiner=0.0).refiner
    0.0
    """

    fusion: str = "concat"
    width: int = 64
    hidden: int = 256
    dropout: float = 0.1
    input_dropout: float = 0.0
    jitter: float = 0.0
    rounds: int = 1
    modality_dropout: float = 0.0
    picture_encoder: str = "light"
    refiner: float = 2.0
    refiner_loss: str = "mse"
    refiner_end: float = 1.0
    refiner_decay: str = "linear"
    refiner_weights: Mapping[str, float] | None = None
    targets: str = "inputs"
    contrastive: float = 1.0
    contrastive_loss: str = "multi_similarity"
    jaccard: float = 0.0
    alpha: float = 2.0
    beta: float = 50.0
    base: float = 0.5
    margin: float = 0.1
    mining: bool = True
    epochs: int = 40
    batch_size: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 0.02
    keep: str = "best"
    precision: str = "float32"
    label_fraction: float = 1.0
    class_weights: str = "none"

    def __post_init__(self) -> None:
        for name in ("width", "hidden", "rounds", "epochs", "batch_size"):
            self._set(name, _check.integer(name, getattr(self, name), low=1))
        for name, low, high in _RANGES:
            value = _check.number(name, getattr(self, name), low=low, high=high)
            self._set(name, value)
        for name in ("alpha", "beta", "learning_rate", "label_fraction"):
            if getattr(self, name) == 0:
                raise ValueError(f"`{name}` must be above 0, got 0.")
        example = "be the name of a fusion"
        fusion = _check.instance("fusion", self.fusion, str, example=example)
        self._set("fusion", str.__str__(fusion))
        for name, options in _CHOICES.items():
            self._set(name, _check.one_of(name, getattr(self, name), options))
        self._check_pairs()
        if self.refiner_weights is not None:
            _check.instance("refiner_weights", self.refiner_weights, Mapping)
            weights = {
                _name(key): _check.number(f"refiner_weights[{key!r}]", weight, low=0)
                for key, weight in self.refiner_weights.items()
            }
            self._set("refiner_weights", weights)

    def _check_pairs(self) -> None:
        if not isinstance(self.mining, bool):
            raise TypeError(
                f"`mining` must be True or False, got {_check.shown(self.mining)}."
            )
        if self.refiner_decay == "exponential" and self.refiner_end == 0:
            raise ValueError(
                "`refiner_end` must be above 0 when `refiner_decay` is 'exponential', "
                "got 0."
            )

    def _set(self, name: str, value: object) -> None:
        # Checked numbers are stored as Python's own: numpy's are no JSON.
        object.__setattr__(self, name, value)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain JSON values."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        if self.refiner_weights is not None:
            values["refiner_weights"] = dict(self.refiner_weights)
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Config:
        """Return the settings that `to_dict` wrote.

        Raises
        ------
        ValueError
            If a name is not a setting.
        """
        _check.instance("values", values, Mapping)
        names = [item.name for item in fields(cls)]
        for name in values:
            _check.one_of("config", name, names)
        return cls(**values)


VARIANTS: dict[str, Config] = {
    "plain": Config(refiner=0.0, contrastive=0.0),
    "refiner": Config(contrastive=0.0),
    "contrastive": Config(refiner=0.0),
    "both": Config(),
}
