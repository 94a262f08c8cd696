"""Processes of a torch process group that train one run together.

Each passes its part of a batch through the network. What the losses read is gathered,
so that every process has the losses of the whole batch: mining, negatives and means
over the rows that count are those of one process.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from ..model import Output
from ..model.fusion import Fused
from .watch import Epoch, OnEpoch

# Back ends that send the tensors of a device.
_BACKENDS = {"cpu": ("gloo", "mpi"), "cuda": ("nccl",)}


@dataclass(frozen=True)
class Processes:
    """One process among those that train a run together; alone by default."""

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    seeds: np.random.Generator = field(default_factory=np.random.default_rng)

    @classmethod
    def of_group(cls, device: torch.device, seed: int) -> Processes:
        """Return this process among those of the default group, if there is one.

        Raises
        ------
        RuntimeError
            If torchrun started several processes and no group is initialised.
        ValueError
            If the group's back end does not send tensors of the device.
        """
        if not (dist.is_available() and dist.is_initialized()):
            _check_launched()
            return ALONE
        rank, size = dist.get_rank(), dist.get_world_size()
        if size == 1:
            return ALONE
        _check_backend(device.type)
        return cls(rank, size, device, np.random.default_rng([seed, rank]))

    @property
    def alone(self) -> bool:
        """Whether no other process takes part."""
        return self.size == 1

    def sizes(self, rows: int) -> list[int]:
        """Return the rows of a batch that each process takes.

        Examples
        --------
        >>> Processes(size=3).sizes(8)
        [3, 3, 2]
        """
        return [(rows + self.size - 1 - rank) // self.size for rank in range(self.size)]

    def part(self, rows: int) -> slice:
        """Return the rows of a batch that this process takes.

        Examples
        --------
        >>> Processes(rank=1, size=3).part(8)
        slice(3, 6, None)
        """
        start = sum(self.sizes(rows)[: self.rank])
        return slice(start, start + self.sizes(rows)[self.rank])

    def gather(self, part: Tensor, rows: int) -> Tensor:
        """Return the rows of all processes, with gradients, in the order of the batch.

        Parameters
        ----------
        part
            ``(rows of this process, ...)``.
        rows
            Rows of the whole batch.
        """
        whole: Tensor = _Gather.apply(part.flatten(1), self.sizes(rows), self.rank)
        return whole.reshape(rows, *part.shape[1:])

    def gathered(
        self, output: Output, decoded: Mapping[str, Tensor], rows: int
    ) -> tuple[Output, dict[str, Tensor]]:
        """Return output and decoded features of the whole batch."""

        # One by one: what no loss reads must not get a gradient of zero, which decays.
        def whole(parts: Mapping[str, Tensor]) -> dict[str, Tensor]:
            return {name: self.gather(part, rows) for name, part in parts.items()}

        fused = output.fused
        # The mean over a part counts as often as the part has rows.
        counted = {n: x.expand(len(fused.z), 1) for n, x in fused.aux_losses.items()}
        losses = {name: x.mean() for name, x in whole(counted).items()}
        z = self.gather(fused.z, rows)
        fused = Fused(z, aux_losses=losses, memory=whole(fused.memory))
        logits = self.gather(output.logits, rows)
        return Output(fused, logits, whole(output.unimodal)), whole(decoded)

    def same(self, row: Mapping[str, float]) -> dict[str, float]:
        """Return the numbers that the first process has."""
        if self.alone:
            return dict(row)
        values = torch.tensor(list(row.values()), dtype=torch.float64).to(self.device)
        dist.broadcast(values, src=0)
        return {
            name: type(value)(first)
            for (name, value), first in zip(row.items(), values.tolist(), strict=True)
        }

    def asked(self, on_epoch: OnEpoch | None) -> OnEpoch | None:
        """Return a callback that the first process calls, and all obey."""
        if self.alone or on_epoch is None:
            return on_epoch

        def together(epoch: Epoch) -> bool:
            stop = self.rank == 0 and on_epoch(epoch) is True
            return bool(self.same({"stop": stop})["stop"])

        return together

    def share(self, model: nn.Module) -> None:
        """Give every process the weights of the first one."""
        if not self.alone:
            for value in model.state_dict().values():
                dist.broadcast(value, src=0)

    def averaged(self, objective: nn.Module) -> nn.Module:
        """Return the module with gradients that are averaged over the processes."""
        # Without a weight in the objective, decoders and head have no gradient.
        return nn.parallel.DistributedDataParallel(
            objective, find_unused_parameters=True
        )

    def check_alike(self, *settings: Any) -> None:
        """Refuse processes that are about to train different runs.

        Raises
        ------
        ValueError
            In every process, if one has other settings than another.
        """
        if self.alone:
            return
        digest = hashlib.sha256(repr(settings).encode()).digest()
        number = int.from_bytes(digest[:8], "big", signed=True)
        # Minima of a number and of its complement, which is the maximum.
        ends = torch.tensor([number, ~number], device=self.device)
        dist.all_reduce(ends, dist.ReduceOp.MIN)
        if int(ends[0]) != ~int(ends[1]):
            raise ValueError(
                "`data`, `config`, `seed` and `start` must be the same in all "
                f"{self.size} processes of the group, got others in one of them."
            )

    def check_rows(self, rows: int, steps: int) -> None:
        """Refuse more processes than rows in a batch.

        Raises
        ------
        ValueError
            If a process would have no row.
        """
        fewest = rows // steps
        if fewest < self.size:
            raise ValueError(
                "`config.batch_size` must leave every process a row of each batch, got "
                f"batches of {fewest} rows for {self.size} processes."
            )


ALONE = Processes()


def _check_launched() -> None:
    launched = dist.is_available() and dist.is_torchelastic_launched()
    if launched and (count := int(os.environ.get("WORLD_SIZE", "1"))) > 1:
        raise RuntimeError(
            "`torch.distributed.init_process_group` must be called before training "
            f"under torchrun, got {count} processes without a group."
        )


def _check_backend(device: str) -> None:
    pairs = (pair.split(":") for pair in dist.get_backend_config().split(","))
    backend = dict(pairs).get(device, "none")
    allowed = _BACKENDS.get(device, ())
    if backend not in allowed:
        names = " or ".join(map(repr, allowed)) or "that is not supported"
        raise ValueError(
            "`device` must be one whose tensors the process group sends, got "
            f"{device!r}, which needs the back end {names}, and a group of {backend!r}."
        )


def check_single(verb: str) -> None:
    """Refuse a verb that trains many runs where processes train one together.

    Raises
    ------
    RuntimeError
        If a group of several processes is initialised.
    """
    there = dist.is_available() and dist.is_initialized()
    if there and dist.get_world_size() > 1:
        raise RuntimeError(
            f"`{verb}` must be called outside a process group, got one of "
            f"{dist.get_world_size()} processes; `fit` trains one run in all of them."
        )


class _Gather(torch.autograd.Function):
    """Rows of all processes, each of which computes the same losses of them."""

    @staticmethod
    def forward(ctx: Any, mine: Tensor, sizes: list[int], rank: int) -> Tensor:
        ctx.sizes, ctx.rank = sizes, rank
        padded = F.pad(mine, (0, 0, 0, max(sizes) - len(mine))).contiguous()
        parts = [torch.empty_like(padded) for _ in sizes]
        dist.all_gather(parts, padded)
        return torch.cat([part[:n] for part, n in zip(parts, sizes, strict=True)])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        # The mean over processes that follows divides by their number.
        part = gradient.split(ctx.sizes)[ctx.rank]
        return part * len(ctx.sizes), None, None
