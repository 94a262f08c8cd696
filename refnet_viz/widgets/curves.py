"""Live curves of a training: losses, and what validation rows say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import anywidget
import numpy as np
import traitlets

from .scripts import HERE, bound

# Columns of a history that are no part of the training loss.
_OTHERS = ("epoch", "loss", "val_loss", "val_score")


class Curves(anywidget.AnyWidget):
    """Shows a `Record`; its script makes text nodes of every word."""

    _esm = bound("dom.js", to="curves.js")
    _css = HERE / "curves.css"
    content = traitlets.Dict().tag(sync=True)


@dataclass(frozen=True)
class Record:
    """The numbers of a training so far, each with its null.

    Parameters
    ----------
    epochs
        How many there are to be.
    nulls
        Name of a number to what it is when nothing is learned.
    score
        What the validation score is called.
    best
        The epoch whose state is kept so far, -1 before the first.
    rows
        A mapping an epoch: parts of the loss, ``val_score`` and ``purity``.
    over
        Whether no more will come.

    Examples
    --------
    >>> record = Record(9, {"val_score": 0.5}, "accuracy")
    >>> record = record.after({"epoch": 0, "task": 0.7, "val_score": 0.6}, best=0)
    >>> record.progress
    'epoch 1 of 9, best so far 1'
    >>> record.content["panels"][1]["label"]
    'Validation, epoch 1 of 9: accuracy 0.60 (chance 0.50).'
    """

    epochs: int
    nulls: Mapping[str, float]
    score: str = "score"
    best: int = -1
    rows: Sequence[Mapping[str, float]] = field(default=(), repr=False)
    over: bool = False

    def after(self, row: Mapping[str, float], *, best: int) -> Record:
        """Return the record with one more epoch."""
        rows = (*self.rows, row)
        return replace(self, best=best, rows=rows)

    @property
    def losses(self) -> list[str]:
        """The parts of the training loss."""
        names = dict.fromkeys(name for row in self.rows for name in row)
        return [n for n in names if n not in (*_OTHERS, "purity")]

    @property
    def scores(self) -> list[str]:
        """Names of the numbers of validation rows."""
        return [
            name
            for name in ("val_score", "purity")
            if any(np.isfinite(row.get(name, np.nan)) for row in self.rows)
        ]

    @property
    def span(self) -> int:
        """Number of epochs of the axis: all, but of very many only the next ones.

        Examples
        --------
        >>> [Record(900, {}, rows=[{}] * n).span for n in (0, 50, 51, 201, 900)]
        [50, 50, 100, 500, 900]
        >>> Record(900, {}, rows=[{}] * 7, over=True).span
        7
        """
        if self.over:
            return len(self.rows)
        steps = (step * 10**power for power in range(1, 9) for step in (5, 10, 20))
        few = next(step for step in steps if step >= len(self.rows))
        return self.epochs if self.epochs <= 100 else min(few, self.epochs)

    @property
    def content(self) -> dict[str, Any]:
        """Content for the script: numbers as float32, a line of bytes an epoch."""
        names = [*self.losses, *self.scores]
        table = [[row.get(name, np.nan) for name in names] for row in self.rows]
        return {
            "epochs": self.epochs,
            "span": self.span,
            "best": self.best,
            "panels": [
                self._panel("Training loss", self.losses, "null"),
                self._panel("Validation", self.scores, "chance"),
            ],
            "values": np.asarray(table, dtype=np.float32).tobytes(),
        }

    @property
    def progress(self) -> str:
        """Progress of training in a few words."""
        best = f", best so far {self.best + 1}" if self.scores else ""
        return f"epoch {len(self.rows)} of {self.epochs}{best}"

    def called(self, name: str) -> str:
        """Return what a number is called."""
        names = {"val_score": self.score, "purity": "kNN purity"}
        return names.get(name, name.replace("_", " "))

    def _panel(self, title: str, names: list[str], null: str) -> dict[str, Any]:
        numbers = self._told(names) or "no numbers yet"
        lines = [
            {"name": self.called(name), "null": self._null(name)} for name in names
        ]
        return {
            "title": title,
            "null": null,
            "lines": lines,
            "label": f"{title}, epoch {len(self.rows)} of {self.epochs}: {numbers}.",
        }

    def _null(self, name: str) -> float | None:
        value = self.nulls.get(name, np.nan)
        return float(value) if np.isfinite(value) else None

    def _told(self, names: list[str]) -> str:
        return ", ".join(self._number(name) for name in names)

    def _number(self, name: str) -> str:
        """Return the last of a number with its null."""
        value, null = self.rows[-1].get(name, np.nan), self._null(name)
        beside = "null" if name in self.losses else "chance"
        number = "–" if np.isnan(value) else f"{value:.2f}"
        suffix = "" if null is None else f" ({beside} {null:.2f})"
        return f"{self.called(name)} {number}{suffix}"
