"""The `Run` value: a trained network with everything needed to trust it."""

from __future__ import annotations

import hashlib
import html
import json
import platform
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from .. import _check
from .._folders import DamagedError
from .._version import __version__
from ..config import Config
from ..model import ReFNet, Schema, as_device
from ..storage.values import GARBLED
from .files import (
    FORM,
    Bounded,
    as_bytes,
    check_columns,
    check_manifest,
    check_place,
    checksum,
    described,
    flat,
    parted,
    tensors,
)

_ROWS = "train_rows"
# What a run without refiner learns when its training is over, by module.
FITTED_AFTERWARDS = ("refiner", "scales")


@dataclass(frozen=True, eq=False)
class Run:
    """A trained network: settings, seed, weights, history, and where it came from.

    Made by `fit`, `pretrain` and `sweep`.

    Parameters
    ----------
    config
        Every number of the run.
    seed
        Seed of initial weights, batch order and label subset.
    schema
        What the data looked like.
    weights
        State of the network, scalers included, at the best epoch.
    history
        A row an epoch: ``epoch``, training losses (``loss``, ``task``, ``refiner``,
        ``contrastive``, weighted as they enter the objective), ``val_loss`` (task
        loss only, or refiner loss in pre-training) and ``val_score``.
    manifest
        ``variant``, ``dataset``, ``fingerprint``, ``best_epoch``, ``versions`` ...
    train_rows
        Hashes of the rows trained on, by which `embed` knows what is held out.
    snapshots
        Epoch to those weights that training moved, as they were after it; see
        ``fit(..., snapshots=)`` and `at`.
    """

    config: Config
    seed: int
    schema: Schema
    weights: dict[str, Tensor] = field(repr=False)
    history: pd.DataFrame = field(repr=False)
    manifest: dict[str, Any]
    train_rows: npt.NDArray[np.uint64] = field(repr=False)
    snapshots: dict[int, dict[str, Tensor]] = field(default_factory=dict, repr=False)

    @property
    def best_epoch(self) -> int:
        """The epoch whose state was kept, chosen on validation rows."""
        return int(self.manifest["best_epoch"])

    @property
    def epochs(self) -> tuple[int, ...]:
        """The epochs that were kept for `at`, numbered from 0 as in the history."""
        return tuple(self.snapshots)

    @property
    def has_decoders(self) -> bool:
        """Whether the decoders belong to these weights; see `at`."""
        epoch = self.manifest.get("epoch", self.best_epoch)
        return self.config.refiner > 0 or int(epoch) == self.best_epoch

    def at(self, epoch: int) -> Run:
        """Return the same run with the weights of one of its `epochs`.

        Its manifest says ``"epoch"``, and so does the ``info`` of its embeddings. It
        has no snapshots itself.

        The decoders of a run without refiner are fitted when training is over, to the
        z of the epoch that was kept, and say nothing of another one: there they are
        dropped. They are NaN, and `embed` leaves ``targets``, ``decoded`` and
        ``decoders`` empty, so that there is no refined space. A refiner is trained
        with the rest, and every epoch has its own.

        Parameters
        ----------
        epoch
            One of `epochs`.

        Raises
        ------
        ValueError
            If the state of this epoch was not kept.
        """
        if not _check.is_whole(epoch) or epoch not in self.snapshots:
            epochs = ", ".join(map(str, self.epochs)) or "none kept"
            raise ValueError(
                f"`epoch` must be one of `Run.epochs` ({epochs}), "
                f"got {_check.shown(epoch)}; "
                "`fit(..., snapshots=1)` keeps all of them."
            )
        manifest = self.manifest | {"epoch": int(epoch)}
        weights = self.weights | self.snapshots[epoch]
        run = replace(self, weights=weights, manifest=manifest, snapshots={})
        if run.has_decoders:
            return run
        unknown = {
            name: torch.full_like(value, torch.nan)
            for name, value in self.weights.items()
            if name.split(".")[0] in FITTED_AFTERWARDS
        }
        return replace(run, weights=weights | unknown)

    def model(self, device: str | torch.device = "cpu") -> ReFNet:
        """Return the network in evaluation mode."""
        model = blank_model(self.schema, self.config)
        model.load_state_dict(self.weights)
        return model.to(as_device(device)).eval()

    @property
    def digest(self) -> str:
        """Hexadecimal digest that changes with any weight or training row.

        Snapshots do not enter: with and without them a run is the same start.
        """
        return hashlib.sha256(as_bytes(self._tensors())).hexdigest()

    def _tensors(self) -> dict[str, Tensor]:
        rows = torch.from_numpy(self.train_rows.view(np.int64).copy())
        return {**self.weights, _ROWS: rows}

    def save(self, folder: str | Path) -> Path:
        """Write the run as safetensors and JSON.

        The weights are written first, under a name made of their content; then the
        JSON that points to them replaces the old one in one step. Whenever writing
        stops, the folder holds a whole run: the old one or the new one.

        Raises
        ------
        ValueError
            If the folder's name is that of another seed, such as ``seed-1``.
        OSError
            If the folder cannot be written.
        """
        folder = _check.new_folder("folder", folder)
        check_place(folder, self.seed)
        blob = as_bytes(self._tensors() | flat(self.snapshots))
        entry = FORM.entry(blob)
        content = {
            "format": FORM.newest,
            "config": self.config.to_dict(),
            "seed": self.seed,
            "schema": asdict(self.schema),
            "history": self.history.to_dict("list"),
            "manifest": self.manifest,
            "weights": entry,
            **({"epochs": list(self.snapshots)} if self.snapshots else {}),
        }
        whole = content | {"sha256": checksum(content)}
        lines = ",\n".join(f' "{name}": {json.dumps(v)}' for name, v in whole.items())
        FORM.write(folder, entry["file"], blob, f"{{\n{lines}\n}}\n".encode())
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> Run:
        """Read what `save` wrote.

        Raises
        ------
        FileNotFoundError
            If the folder holds no run.
        ValueError
            If a file is damaged, foreign, or of a newer format, or the folder's name
            is that of another seed, as where one was copied.
        """
        folder = _check.path("folder", folder)
        run = FORM.read(folder, lambda text: cls._made(folder, text))
        check_place(folder, run.seed)
        return run

    @classmethod
    def _made(cls, folder: Path, text: bytes) -> Run:
        """Return the run that the JSON of a folder tells of."""
        path, stored = folder / FORM.pointer, described(folder, text)
        try:
            fields = stored["schema"]
            names = tuple(fields["class_names"])
            schema = Schema(
                fields["modalities"],
                names,
                fields["multilabel"],
                fields.get("regression", False),  # runs of before it was there
            )
            config = Config.from_dict(stored["config"])
            seed = _check.integer("seed", stored["seed"], low=0)
            history, manifest = pd.DataFrame(stored["history"]), stored["manifest"]
            check_columns(history)
            check_manifest(manifest, len(history))
            named = tensors(folder, stored["weights"])
            rows = named.pop(_ROWS).numpy().view(np.uint64)
            weights, snapshots = parted(named, stored.get("epochs", []))
            with Bounded(named):
                model = blank_model(schema, config)
            for state in ({}, *snapshots.values()):
                model.load_state_dict(weights | state)
        except DamagedError:
            raise
        except GARBLED as error:
            raise FORM.damaged(path, "it lacks or garbles a setting") from error
        except RuntimeError as error:  # torch's word for names or shapes that differ
            raise FORM.damaged(path, "its weights are of another network") from error
        return cls(config, seed, schema, weights, history, manifest, rows, snapshots)

    def _repr_html_(self) -> str:
        name = html.escape(str(self.manifest.get("variant") or self.config.fusion))
        epoch = int(self.manifest.get("epoch", self.best_epoch))
        score = self.history["val_score"].iloc[epoch]
        kind = "best epoch" if epoch == self.best_epoch else "epoch"
        snapshots = f", {len(self.epochs)} epochs kept" if self.epochs else ""
        count = sum(value.numel() for value in self.weights.values())
        return (
            f"<b>{name}</b>, seed {self.seed}: {html.escape(self.config.fusion)} "
            f"fusion, {count:,} numbers{snapshots}<br>{kind} {epoch + 1} of "
            f"{len(self.history)}: validation score {score:.3f}"
            "<br>next: <code>rv.embed(run, data.test)</code>"
        )


def blank_model(schema: Schema, config: Config) -> ReFNet:
    """Return a network without touching the caller's random numbers."""
    with torch.random.fork_rng(devices=[]):
        return ReFNet(schema, config)


def versions() -> dict[str, str]:
    """Return the versions that can change a number."""
    return {
        "refnet_viz": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }
