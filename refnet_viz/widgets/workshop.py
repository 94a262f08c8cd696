"""Where the explorer trains another variant: a form that opens on demand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets as W

from ..data.dataset import Dataset
from ..embedding import Embedding
from .runs import Earlier

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
    names
        Variants that there are already.
    data
        What is trained on.
    rows
        Those rows of it that are shown.
    """

    def __init__(self, names: Sequence[str], data: Dataset, rows: Dataset) -> None:
        self._names, self._data, self._rows = list(names), data, rows
        self._listeners: list[Callable[[Made], None]] = []
        self.form: Any = None
        self.open = W.ToggleButton(
            description="Train another variant",
            tooltip="a form with live curves; what it makes appears as a map",
        )
        self.open.add_class("rv-button")
        super().__init__([self.open])
        self.add_class("rv-workshop")
        self.open.observe(self._opened, "value")

    def on_made(self, listener: Callable[[Made], None]) -> None:
        """Call a function with every variant that is trained here."""
        self._listeners.append(listener)

    def close(self) -> None:
        """End the training process, if there is one."""
        if self.form is not None:
            self.form.close()
        super().close()

    def _opened(self, change: Any) -> None:
        if self.form is None:
            from .training import Training  # noqa: PLC0415  torch

            self.form = Training(self._data, names=self._names)
            self.form.on_run(self._finished)
            self.children = (self.open, self.form)
        self.form.layout.display = None if change["new"] else "none"

    def _finished(self, run: Run) -> None:
        from ..inference import embed  # noqa: PLC0415  torch
        from .epochs import Epochs  # noqa: PLC0415  torch

        made = Made(
            str(run.manifest["variant"]), run, embed(run, self._rows),
            Epochs([run], self._rows) if run.epochs else None,
        )  # fmt: skip
        for listener in self._listeners:
            listener(made)
