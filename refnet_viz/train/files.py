"""Files of a run: read with their checksum, never as a pickle."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import safetensors
import safetensors.torch
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from .. import _check
from .._folders import Form

# Formats 1 and 2, without and with snapshots, may lack a checksum.
FORM = Form("run", "run.json", "weights", newest=3)
_UNSIGNED = 2
_EPOCHS = "epochs"
_FACTORIES = (torch.empty, torch.zeros, torch.ones, torch.randn, torch.rand)
_ROOM = 2**20  # numbers
_PARTS = {
    "format", "config", "seed", "schema", "history", "manifest", "weights", "epochs",
    "sha256",
}  # fmt: skip


def checksum(content: Any) -> str:
    """Return the SHA-256 of what a run's JSON says, however it is laid out.

    Examples
    --------
    >>> checksum({"seed": 1, "format": 1}) == checksum({"format": 1, "seed": 1})
    True
    """
    plain = json.loads(json.dumps(content))  # as a reader will have it
    text = json.dumps(plain, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def described(folder: Path, text: bytes) -> dict[str, Any]:
    """Return what the JSON of a run says.

    Runs that were saved before it had a checksum, up to format 2, are taken without.

    Parameters
    ----------
    folder
        Where the run is.
    text
        The JSON.

    Raises
    ------
    DamagedError
        If it is no JSON of a run, or its checksum is another.
    ValueError
        If it is of a newer format.
    """
    stored, path = FORM.described(folder, text), folder / FORM.pointer
    if unknown := sorted(set(stored) - _PARTS):
        raise FORM.damaged(path, f"it has a part {unknown[0]!r}")
    expected = stored.pop("sha256", None)
    if expected is None and stored["format"] <= _UNSIGNED:
        return stored
    try:
        actual = checksum(stored)
    except RecursionError:
        actual = None
    if actual is None or actual != expected:
        raise FORM.damaged(path, "its checksum is another")
    return stored


def as_bytes(tensors: Mapping[str, Tensor]) -> bytes:
    """Return tensors as safetensors."""
    return safetensors.torch.save({n: x.contiguous() for n, x in tensors.items()})


def tensors(folder: Path, entry: Any) -> dict[str, Tensor]:
    """Read the safetensors file that the JSON of a run tells of.

    Raises
    ------
    DamagedError
        If it is missing, has another checksum or is no such file.
    """
    return FORM.arrays(folder, entry, safetensors.torch.load)


def flat(snapshots: Mapping[int, Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Return the tensors of all epochs under one name each.

    Examples
    --------
    >>> import torch
    >>> list(flat({5: {"head.bias": torch.zeros(1)}}))
    ['epochs/5/head.bias']
    """
    return {
        f"{_EPOCHS}/{epoch}/{name}": value
        for epoch, state in snapshots.items()
        for name, value in state.items()
    }


def parted(
    named: Mapping[str, Tensor], epochs: Sequence[int]
) -> tuple[dict[str, Tensor], dict[int, dict[str, Tensor]]]:
    """Return the weights of the run and its snapshots, as they were before `flat`.

    Parameters
    ----------
    named
        The weights, and the tensors that `flat` named.
    epochs
        Those that were kept; where training moved nothing, no tensor tells.

    Raises
    ------
    KeyError
        If there are tensors of another epoch.
    """
    weights: dict[str, Tensor] = {}
    snapshots: dict[int, dict[str, Tensor]] = {int(epoch): {} for epoch in epochs}
    for name, value in named.items():
        if name.startswith(f"{_EPOCHS}/"):
            _, epoch, rest = name.split("/", 2)
            snapshots[int(epoch)][rest] = value
        else:
            weights[name] = value
    return weights, snapshots


def check_place(folder: Path, seed: int) -> None:
    """Refuse a folder whose name is that of another seed, as a copied one has.

    Examples
    --------
    >>> check_place(Path("a/seed-1"), 1)
    >>> check_place(Path("a/seed-1"), 0)
    Traceback (most recent call last):
    ...
    ValueError: `folder` must hold the run of seed 1 in 'a/seed-1', got that of seed 0.
    """
    match = re.fullmatch(r"seed-([0-9]+)", folder.name)
    if match and int(match[1]) != seed:
        raise ValueError(
            f"`folder` must hold the run of seed {int(match[1])} in {str(folder)!r}, "
            f"got that of seed {seed}."
        )


def check_columns(history: pd.DataFrame) -> None:
    """Refuse a history that lacks a row, a column or a number.

    Raises
    ------
    ValueError
        If it does.
    """
    lacking = {"epoch", "loss"} - set(history.columns)
    numeric = all(pd.api.types.is_numeric_dtype(dtype) for dtype in history.dtypes)
    if lacking or not numeric or not len(history):
        raise ValueError("the history is not that of a run")


def check_manifest(manifest: Any, epochs: int) -> None:
    """Refuse a manifest that does not say what is asked of every run.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it does not.
    """
    kinds: dict[str, Any] = {
        "fingerprint": str,
        "supervised": bool,
        "stopped": bool,
        "start": str | None,
        "versions": dict,
    }
    for name, kind in kinds.items():
        value = manifest.get(name, False) if name == "stopped" else manifest[name]
        if not isinstance(value, kind):
            raise TypeError(f"{name} is not what it is in a run")
    for epoch in (manifest["best_epoch"], manifest.get("epoch", 0)):
        _check.integer("epoch", epoch, low=0, high=epochs - 1)


class Bounded(TorchFunctionMode):
    """Refuses tensors that are far larger than all that a file holds.

    What a file says of sizes is not believed before memory is set aside.

    Parameters
    ----------
    weights
        The tensors of the file.

    Examples
    --------
    >>> import torch
    >>> with Bounded({"a": torch.zeros(3)}):
    ...     torch.nn.Linear(10**6, 10**6)
    Traceback (most recent call last):
    ...
    ValueError: the file holds 3 numbers, and its settings ask for 1000000000000
    """

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.held = sum(value.numel() for value in weights.values())

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Look at the shape that is asked for, and go on."""
        if func in _FACTORIES:
            shape = args[0] if args and not isinstance(args[0], int) else args
            sizes = [size for size in shape if isinstance(size, int)]
            if (count := math.prod(sizes)) > _ROOM + 4 * self.held:
                raise ValueError(
                    f"the file holds {self.held} numbers, and its settings ask for "
                    f"{count}"
                )
        return func(*args, **(kwargs or {}))
