"""Callbacks and snapshots of a running training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

State: TypeAlias = dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class Epoch:
    """An epoch that has just ended, as `fit` tells ``on_epoch`` of it.

    Parameters
    ----------
    epoch
        Its number, from 0, as in the history.
    epochs
        How many there are to be.
    row
        Its row of the history: losses and, with validation rows, their score.
    best
        The epoch whose state is kept if training ends here.
    """

    epoch: int
    epochs: int
    row: Mapping[str, float]
    best: int
    _z: Tensor | None = field(repr=False)
    _state: Callable[[], State] = field(repr=False)

    @property
    def val_z(self) -> npt.NDArray[np.float32] | None:
        """``(V, d)`` fused vectors of the validation rows, None without such rows.

        Validation has computed them anyway.
        """
        return None if self._z is None else self._z.float().cpu().numpy()

    def state(self) -> State:
        """Return a copy of all weights and scalers, while the callback runs.

        Raises
        ------
        RuntimeError
            If training has gone on.
        """
        return self._state()


@dataclass
class Best:
    """The state to keep so far, and what was seen on the way."""

    keep: str = "best"
    history: list[dict[str, float]] = field(default_factory=list)
    state: State = field(default_factory=dict)
    epoch: int = -1
    key: tuple[float, float] = (-np.inf, -np.inf)

    def update(self, model: nn.Module, row: dict[str, float]) -> None:
        """Add an epoch; keep its state when score, then loss, are better."""
        key = (row.get("val_score", -np.inf), -row.get("val_loss", np.inf))
        better = key > self.key or not self.state or self.keep == "last"
        # The slow part first: an interrupt in it leaves all fields as they were.
        state = state_of(model) if better else self.state
        self.history.append(row)
        if better:
            self.key, self.epoch, self.state = key, len(self.history) - 1, state


OnEpoch: TypeAlias = Callable[[Epoch], bool | None]


@dataclass
class Watch:
    """States to keep, and who is told of each epoch.

    Parameters
    ----------
    every
        Keep the states of the epochs 0, `every`, 2 `every` ... and of the last;
        0 keeps none.
    on_epoch
        Called after each epoch; True asks to stop.
    kept
        Epoch to state.
    """

    every: int = 0
    on_epoch: OnEpoch | None = None
    kept: dict[int, State] = field(default_factory=dict)

    def after(
        self,
        model: nn.Module,
        row: Mapping[str, float],
        *,
        epochs: int,
        best: int,
        z: Tensor | None,
    ) -> bool:
        """Tell of an epoch and keep its state; return whether that was the last one."""
        epoch = int(row["epoch"])
        last = self._report(model, row, epochs=epochs, best=best, z=z)
        if self.every and (last or epoch in kept_epochs(epochs, self.every)):
            self.kept[epoch] = state_of(model, device="cpu")
        return last and epoch < epochs - 1

    def _report(
        self,
        model: nn.Module,
        row: Mapping[str, float],
        *,
        epochs: int,
        best: int,
        z: Tensor | None,
    ) -> bool:
        if self.on_epoch is None:
            return False
        models = [model]

        def state() -> State:
            if not models:
                raise RuntimeError(
                    "`state` must be asked for while the callback runs, got a call "
                    "after training had gone on."
                )
            return state_of(models[0])

        metrics = MappingProxyType(dict(row))
        event = Epoch(int(row["epoch"]), epochs, metrics, best, z, state)
        try:
            with torch.random.fork_rng(devices=[]):  # what it draws moves no number
                return self.on_epoch(event) is True
        finally:
            models.clear()

    def snapshots(self, state: Mapping[str, Tensor]) -> dict[int, State]:
        """Return the states kept, without what is the same in all of them.

        Parameters
        ----------
        state
            The state that the run keeps, as it was trained.
        """
        moved = [
            name
            for name, value in state.items()
            if any(not torch.equal(s[name], value.cpu()) for s in self.kept.values())
        ]
        return {e: {name: s[name] for name in moved} for e, s in self.kept.items()}


def kept_epochs(epochs: int, every: int) -> tuple[int, ...]:
    """Return the epochs whose states are kept: each `every`-th, and the last.

    Examples
    --------
    >>> kept_epochs(8, 3)
    (0, 3, 6, 7)
    >>> kept_epochs(8, 0)
    ()
    """
    return tuple(sorted({*range(0, epochs, every), epochs - 1})) if every else ()


def state_of(model: nn.Module, device: str | None = None) -> State:
    """Return a copy of all weights and scalers, on their device or another one."""
    return {
        name: value.detach().to(device or value.device, copy=True)
        for name, value in model.state_dict().items()
    }
