"""Button that opens the form by which the explorer trains another variant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets as W

from .._nested import Variants
from ..config import Config
from ..data.dataset import Dataset
from ..embedding import Embedding
from ..explorer.embeddings import Earlier, Epochs

if TYPE_CHECKING:
    from ..train import Run


@dataclass(frozen=True, eq=False)
class Made:
    """A variant that was trained here, and what it was on the way."""

    name: str
    run: Run
    embedding: Embedding
    earlier: Earlier | None


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
            self.children = (self.toggle, self.form)
        self.form.layout.display = None if change["new"] else "none"

    def _finished(self, run: Run) -> None:
        from ..inference import embed  # noqa: PLC0415  torch

        variant = Made(
            str(run.manifest["variant"]),
            run,
            embed(run, self._rows),
            Epochs([run], self._rows) if run.epochs else None,
        )
        for listener in self._listeners:
            listener(variant)
