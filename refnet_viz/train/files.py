"""Files of a run: read with their checksum, never as a pickle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

_EPOCHS = "epochs"
_PARTS = {
    "format", "config", "seed", "schema", "history", "manifest", "weights", "epochs",
    "sha256",
}  # fmt: skip


class DamagedRunError(ValueError):
    """A file of a run is missing, damaged or foreign."""


def damaged(path: Path, why: str) -> DamagedRunError:
    """Return the error that says what is wrong with a file."""
    return DamagedRunError(f"`folder` must hold a whole run, got {str(path)!r}: {why}.")


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


def described(path: Path, newest: int) -> dict[str, Any]:
    """Read the JSON of a run.

    Runs that were saved before it had a checksum are taken without one.

    Parameters
    ----------
    path
        The file.
    newest
        The newest format that is understood.

    Raises
    ------
    DamagedRunError
        If it is no JSON of a run, or its checksum is another.
    ValueError
        If it is of a newer format.
    """
    try:
        stored = json.loads(path.read_bytes().decode("utf-8"))
        version = stored["format"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise damaged(path, "it is not the JSON of a run") from error
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise damaged(path, f"its format is {version!r}")
    if version > newest:
        raise ValueError(
            f"`folder` must hold a run of format {newest} or older, got format "
            f"{version} in {str(path)!r}; a newer refnet_viz wrote it."
        )
    if unknown := sorted(set(stored) - _PARTS):
        raise damaged(path, f"it has a part {unknown[0]!r}")
    expected = stored.pop("sha256", None)
    if expected is not None and checksum(stored) != expected:
        raise damaged(path, "its checksum is another")
    return dict(stored)


def as_bytes(tensors: Mapping[str, Tensor]) -> bytes:
    """Return tensors as safetensors."""
    return safetensors.torch.save({n: x.contiguous() for n, x in tensors.items()})


def tensors(path: Path, digest: str) -> dict[str, Tensor]:
    """Read a safetensors file.

    Raises
    ------
    DamagedRunError
        If it is missing, has another checksum or is no such file.
    """
    if not path.is_file():
        raise damaged(path, "it is missing")
    blob = path.read_bytes()
    if hashlib.sha256(blob).hexdigest() != digest:
        raise damaged(path, "its checksum is another")
    try:
        return safetensors.torch.load(blob)
    except safetensors.SafetensorError as error:
        raise damaged(path, "it is not a safetensors file") from error


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
