"""Button that opens the form by which the explorer trains another variant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np
import pandas as pd

from .._nested import Variants
from ..config import Config
from ..data.dataset import Dataset
from ..embedding import Embedding
from ..explorer.embeddings import Earlier, Epochs

if TYPE_CHECKING:
    from ..train import Run


@dataclass(frozen=True, eq=False)
class Made:
    """A variant that was trained here, and what it was on the way.

    Parameters
    ----------
    name, run, embedding, earlier
        Its name, the run, the embedding of the points that are shown, and those of
        epochs that were kept.
    tags, predicted
        The column of tags that it learned from, empty without one, and the tag that it
        predicts for each point.
    """

    name: str
    run: Run
    embedding: Embedding
    earlier: Earlier | None
    tags: str = ""
    predicted: tuple[str, ...] = ()


class Workshop(W.VBox):  # type: ignore[misc]  # ipywidgets is not typed
    """A button that opens the training form.

    The form is made when it is opened first: it imports torch, which people who look
    at their own vectors do not need.

    Parameters
    ----------
    variants
        What there is already; the form starts from the settings of the last one.
    data
        What is trained on.
    rows
        Those rows of it that are shown.
    """

    def __init__(
        self, variants: Variants[Embedding], data: Dataset, rows: Dataset
    ) -> None:
        self._variants, self._data, self._rows = variants, data, rows
        self._listeners: list[Callable[[Made], None]] = []
        self._shows: list[Callable[[str], None]] = []
        self._tags = pd.DataFrame()
        self.form: Any = None
        self.toggle = W.ToggleButton(
            description="Train another variant",
            tooltip="a form with live curves; what it makes appears as a map",
        )
        self.toggle.add_class("rv-button")
        super().__init__([self.toggle])
        self.add_class("rv-workshop")
        self.toggle.observe(self._opened, "value")

    def on_made(self, listener: Callable[[Made], None]) -> None:
        """Call a function with every variant that is trained here."""
        self._listeners.append(listener)

    def on_show(self, listener: Callable[[str], None]) -> None:
        """Call a function with the variant whose map is asked for."""
        self._shows.append(listener)

    def offer_tags(self, tags: pd.DataFrame) -> None:
        """Offer tags of the points as labels, see `Training.offer_tags`."""
        self._tags = tags
        if self.form is not None:
            self.form.offer_tags(tags)

    def close(self) -> None:
        """End the training process, if there is one."""
        if self.form is not None:
            self.form.close()
        super().close()

    def _opened(self, change: Any) -> None:
        if self.form is None:
            from .training import Training  # noqa: PLC0415  torch

            last = list(self._variants.values())[-1][0].info.get("config")
            base = None if last is None else Config.from_dict(last)
            self.form = Training(self._data, base=base, names=self._variants)
            self.form.on_run(self._finished)
            for listener in self._shows:
                self.form.on_show(listener)
            self.form.offer_tags(self._tags)
            self.children = (self.toggle, self.form)
        self.form.layout.display = None if change["new"] else "none"

    def _finished(self, run: Run) -> None:
        tags = str(run.manifest.get("tags", ""))
        variant = self._tagged(run, tags) if tags else self._labelled(run)
        for listener in self._listeners:
            listener(variant)

    def _labelled(self, run: Run) -> Made:
        from ..inference import embed  # noqa: PLC0415  torch

        return Made(
            str(run.manifest["variant"]),
            run,
            embed(run, self._rows),
            Epochs([run], self._rows) if run.epochs else None,
        )

    def _tagged(self, run: Run, tags: str) -> Made:
        """Return a variant whose classes are tags: its map has the labels of the data.

        Other maps have these, too, so that their numbers can be compared; what it
        predicts are tags of all points.
        """
        from ..inference import embed  # noqa: PLC0415  torch

        bare = replace(self._rows, labels=None, class_names=(), target=None)
        embedding = embed(run, bare)
        names = np.array(embedding.class_names, dtype=object)
        return Made(
            str(run.manifest["variant"]),
            run,
            replace(
                embedding,
                labels=self._rows.labels,
                class_names=self._rows.class_names,
                target=self._rows.target,
                predictions=None,
                scores=None,
            ),
            None,
            tags,
            tuple(names[embedding.predictions]),
        )
