"""The controls of the training form, and the settings that they mean."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import ipywidgets as W

from ..config import Config
from ..data.dataset import Dataset
from ..model import Schema
from ..model.fusion import FUSIONS
from ..train.run import blank_model

KINDS = {
    (False, False): "plain",
    (True, False): "refiner",
    (False, True): "contrastive",
    (True, True): "both",
}
KEPT = 10  # about so many epochs are kept
MOST_EPOCHS, HEAVIEST = 10_000, 1_000.0


class Settings:
    """Settings of a training, and the name of its variant.

    The name is made of the settings until another one is typed, and never that of a
    variant that there is already.

    Parameters
    ----------
    data
        What is trained on: it decides which fusions and losses there are.
    base
        Settings without a control, and the first values of the others.
    names
        Variants that there are already.
    """

    def __init__(self, data: Dataset, base: Config, names: Iterable[str]) -> None:
        self._base = base
        self._taken = {str(name) for name in names}
        self._off = _off(data, base)
        self._busy = False
        self.widgets = _widgets(base, fitting(data, base))
        for name in self._off:
            self.widgets[name].value = 1.0 if name == "label_fraction" else 0.0
        controls = W.HBox(list(self.widgets.values()))
        controls.add_class("rv-bar")
        self.sentence = W.Label(described_fusion(self["fusion"].value))
        self.sentence.add_class("rv-more-help")
        self["fusion"].observe(self._explain, "value")
        self["labels"].observe(lambda _: self.enable(on=not self._busy), "value")
        self.offer_tags(())
        self.widget = W.VBox([controls, self.sentence])
        self.enable()
        self._made = ""
        self._rename()
        for name, control in self.widgets.items():
            control.add_class("rv-control")
            control.add_class(f"rv-train-{name.replace('_', '-')}")
            if name != "name":
                control.observe(self._rename, "value")

    def __getitem__(self, name: str) -> Any:
        return self.widgets[name]

    @property
    def name(self) -> str:
        """Name of the variant."""
        return str(self["name"].value).strip()

    @property
    def config(self) -> Config:
        """The settings of the run."""
        names = ("fusion", "refiner", "contrastive", "epochs", "label_fraction")
        return replace(self._base, **{name: self[name].value for name in names})

    @property
    def seed(self) -> int:
        """The seed of the run."""
        return int(self["seed"].value)

    @property
    def snapshots(self) -> int:
        """Each how many epochs a state is kept; 0 keeps none."""
        if self.tags or not self["snapshots"].value:
            return 0
        return max(1, self["epochs"].value // KEPT)

    @property
    def tags(self) -> str:
        """The column of tags that are the labels, empty where those of the data are."""
        return str(self["labels"].value)

    def offer_tags(self, columns: Iterable[str]) -> None:
        """Offer columns of tags as labels, beside those of the data.

        Parameters
        ----------
        columns
            Their names; without any there is nothing to choose.
        """
        control, chosen = self["labels"], self.tags
        own = "none" if self._off & {"label_fraction"} else "those of the data"
        names = list(columns)
        control.options = [(own, ""), *((f"tags: {name}", name) for name in names)]
        control.value = chosen if chosen in names else ""
        control.layout.display = None if names else "none"

    def checked_name(self) -> str:
        """Return the name.

        Raises
        ------
        ValueError
            If there is none, or a variant has it.
        """
        if not self.name:
            raise ValueError("`name` must not be empty.")
        if self.name in self._taken:
            raise ValueError(
                f"`name` must be that of no variant that there is, got {self.name!r}."
            )
        return self.name

    def take(self, name: str) -> None:
        """Give a name away, and propose another one."""
        self._taken.add(name)
        if self.name in self._taken:
            self._made = self.name
        self._rename()

    def enable(self, *, on: bool = True) -> None:
        """Let the controls be moved, or not."""
        self._busy = not on
        # Tags are labels; states on the way would answer for other classes.
        off = {"snapshots"} if self.tags else self._off
        for name, control in self.widgets.items():
            control.disabled = not on or name in off

    def _explain(self, change: Any) -> None:
        self.sentence.value = described_fusion(change["new"])

    def _rename(self, _: Any = None) -> None:
        if self.name not in ("", self._made):
            return  # somebody typed it
        description = described(self.config, self._base)
        if self.tags:
            description += f", {self.tags}"
        proposal = description
        number = 1
        while proposal in self._taken:
            number += 1
            proposal = f"{description} {number}"
        self._made = self["name"].value = proposal


def fitting(data: Dataset, base: Config) -> list[str]:
    """Return the fusions that are defined for a dataset.

    Examples
    --------
    >>> import numpy as np
    >>> several = Dataset.from_arrays({"a": np.eye(9)}, labels=np.eye(9, dtype=int))
    >>> "concat" in fitting(several, Config()), "tmc" in fitting(several, Config())
    (True, False)
    """
    schema, fusions = Schema.of(data), []
    for name in FUSIONS:
        try:
            blank_model(schema, replace(base, fusion=name, refiner_weights=None))
        except ValueError:
            continue
        fusions.append(name)
    return fusions


def described_fusion(name: str) -> str:
    """Return what a fusion does, in the first sentence of its documentation.

    Examples
    --------
    >>> described_fusion("gmu")
    'gmu: weigh every hidden feature of every modality by a learned gate.'
    """
    first = (FUSIONS[name].__doc__ or "").strip().partition("\n")[0]
    return f"{name}: {first[:1].lower()}{first[1:]}" if first else name


def described(config: Config, base: Config) -> str:
    """Return a name for settings: what differs from the base, in a few words.

    Examples
    --------
    >>> described(Config(contrastive=0, fusion="gmu", label_fraction=0.1), Config())
    'gmu refiner, 10% labels'
    """
    words = KINDS[config.refiner > 0, config.contrastive > 0]
    if config.fusion != base.fusion:
        words = f"{config.fusion} {words}"
    parts = [
        f"{name} {getattr(config, name):g}"
        for name in ("refiner", "contrastive")
        if getattr(config, name)
        not in (0, getattr(base, name), getattr(Config(), name))
    ]
    if config.label_fraction < 1:
        parts.append(f"{config.label_fraction:.0%} labels")
    if config.epochs != base.epochs:
        parts.append(f"{config.epochs} epochs")
    return ", ".join([words, *parts])


def _off(data: Dataset, base: Config) -> set[str]:
    """Return the controls that mean nothing for a dataset."""
    if data.target is not None:  # no classes, but a number to predict
        return set() if base.contrastive_loss == "info_nce" else {"contrastive"}
    return {"contrastive", "label_fraction"} if data.labels is None else set()


def _widgets(base: Config, fusions: list[str]) -> dict[str, Any]:
    fusion = base.fusion if base.fusion in fusions else fusions[0]
    weight = {"min": 0.0, "max": HEAVIEST, "step": 0.5}
    return {
        "name": W.Text(description="Name of the variant", continuous_update=False),
        "fusion": W.Dropdown(
            options=fusions,
            value=fusion,
            description="Fusion",
            tooltip="how the modalities become one vector",
        ),
        "refiner": W.BoundedFloatText(
            value=base.refiner,
            description="Refiner weight",
            **weight,
            tooltip="how much z must answer for every modality; 0 turns it off",
        ),
        "contrastive": W.BoundedFloatText(
            value=base.contrastive,
            description="Contrastive weight",
            **weight,
            tooltip="how much rows of one label are drawn together; 0 turns it off",
        ),
        "labels": W.Dropdown(
            options=[("", "")],
            value="",
            description="Labels",
            tooltip="what is learned from: labels of the data, or your own tags",
        ),
        "epochs": W.BoundedIntText(
            value=base.epochs,
            min=1,
            max=MOST_EPOCHS,
            description="Epochs",
            tooltip="passes over the training rows",
        ),
        "label_fraction": W.BoundedFloatText(
            value=base.label_fraction,
            min=0.01,
            max=1.0,
            step=0.05,
            description="Share of labels",
            tooltip="share of training and validation rows with a label",
        ),
        "seed": W.BoundedIntText(
            value=0,
            min=0,
            max=2**31 - 1,
            description="Seed",
            tooltip="of initial weights, batch order and label subset",
        ),
        "snapshots": W.Checkbox(
            value=False,
            description="Keep epochs",
            indent=False,
            tooltip=f"keep about {KEPT} states on the way, to look at them later",
        ),
    }
