"""The `Run` value: a trained network with everything needed to trust it."""

from __future__ import annotations

import contextlib
import hashlib
import html
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from .._files import replacing
from .._version import __version__
from ..config import Config
from ..data.dataset import Dataset
from ..model import ReFNet, Schema

FORMAT = 1
_MANIFEST = "run.json"
_ROWS = "train_rows"


@dataclass(frozen=True, eq=False)
class Run:
    """A trained network: settings, seed, weights, history, and where it came from.

    Made by `fit`, `pretrain` and `sweep`.

    Parameters
    ----------
    config
        Every number of the run.
    seed
        Of initial weights, batch order and label subset.
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
    """

    config: Config
    seed: int
    schema: Schema
    weights: dict[str, Tensor] = field(repr=False)
    history: pd.DataFrame = field(repr=False)
    manifest: dict[str, Any]
    train_rows: npt.NDArray[np.uint64] = field(repr=False)

    @property
    def best_epoch(self) -> int:
        """The epoch whose state was kept, chosen on validation rows."""
        return int(self.manifest["best_epoch"])

    def model(self, device: str | torch.device = "cpu") -> ReFNet:
        """Return the network in evaluation mode."""
        model = blank_model(self.schema, self.config)
        model.load_state_dict(self.weights)
        return model.to(device).eval()

    @property
    def digest(self) -> str:
        """Hexadecimal digest that changes with any weight or training row."""
        return hashlib.sha256(self._blob()).hexdigest()

    def _blob(self) -> bytes:
        tensors = {name: value.contiguous() for name, value in self.weights.items()}
        tensors[_ROWS] = torch.from_numpy(self.train_rows.view(np.int64).copy())
        return safetensors.torch.save(tensors)

    def save(self, folder: str | Path) -> Path:
        """Write the run as safetensors and JSON.

        The weights are written first, under a name made of their content; then the
        JSON that points to them replaces the old one in one step. Whenever writing
        stops, the folder holds a whole run: the old one or the new one.

        Raises
        ------
        OSError
            If the folder cannot be written.
        """
        folder = Path(folder)
        blob = self._blob()
        digest = hashlib.sha256(blob).hexdigest()
        name = f"weights-{digest[:16]}.safetensors"
        text = json.dumps(
            {
                "format": FORMAT,
                "config": self.config.to_dict(),
                "seed": self.seed,
                "schema": asdict(self.schema),
                "history": self.history.to_dict("list"),
                "manifest": self.manifest,
                "weights": {"file": name, "sha256": digest},
            },
            indent=1,
        )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write(folder / name, blob)
            _write(folder / _MANIFEST, text.encode())
        except OSError as error:
            raise OSError(
                f"`folder` must be a folder that can be written, got {str(folder)!r} "
                f"({error.strerror or error})."
            ) from error
        for stale in folder.glob("weights-*.safetensors"):
            if stale.name != name:
                with contextlib.suppress(OSError):
                    stale.unlink()
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> Run:
        """Read what `save` wrote.

        Raises
        ------
        FileNotFoundError
            If the folder holds no run.
        ValueError
            If a file is damaged, foreign, or of a newer format.
        """
        folder = Path(folder)
        path = folder / _MANIFEST
        if not path.is_file():
            raise FileNotFoundError(
                f"`folder` must hold a saved run ({_MANIFEST}), got {str(folder)!r}."
            )
        try:
            stored = json.loads(path.read_text("utf-8"))
            version = int(stored["format"])
        except (ValueError, KeyError, TypeError) as error:
            raise _damaged(path, "it is not the JSON of a run") from error
        if version > FORMAT:
            raise ValueError(
                f"`folder` must hold a run of format {FORMAT} or older, got format "
                f"{version} in {str(path)!r}; a newer refnet_viz wrote it."
            )
        try:
            known = stored["schema"]
            names = tuple(known["class_names"])
            schema = Schema(
                known["modalities"], names, known["multilabel"],
                known.get("regression", False),  # runs of before it was there
            )  # fmt: skip
            config, seed = Config.from_dict(stored["config"]), int(stored["seed"])
            history, manifest = pd.DataFrame(stored["history"]), stored["manifest"]
            file, digest = stored["weights"]["file"], stored["weights"]["sha256"]
            # Only a name: a path would let a foreign file read outside the folder.
            weights = _tensors(folder / Path(file).name, digest)
            rows = weights.pop(_ROWS).numpy().view(np.uint64)
            blank_model(schema, config).load_state_dict(weights)
        except _DamagedRunError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _damaged(path, "it lacks or garbles a setting") from error
        except RuntimeError as error:  # torch's word for names or shapes that differ
            raise _damaged(path, "its weights are of another network") from error
        return cls(config, seed, schema, weights, history, manifest, rows)

    def _repr_html_(self) -> str:
        name = html.escape(str(self.manifest.get("variant") or self.config.fusion))
        last = self.history.iloc[self.best_epoch]
        count = sum(value.numel() for value in self.weights.values())
        return (
            f"<b>{name}</b>, seed {self.seed}: {html.escape(self.config.fusion)} "
            f"fusion, {count:,} numbers<br>best epoch {self.best_epoch + 1} of "
            f"{len(self.history)}: validation score {last['val_score']:.3f}"
            "<br>next: <code>rv.embed(run, data.test)</code>"
        )


def blank_model(schema: Schema, config: Config) -> ReFNet:
    """Return a network without touching the caller's random numbers."""
    with torch.random.fork_rng(devices=[]):
        return ReFNet(schema, config)


def row_hashes(data: Dataset, names: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Return a number for each row's id and content, equal only for equal rows.

    Only the named modalities count, in that order, and of them only what is present
    and no padding: the same row keeps its number in a dataset that knows more.

    Examples
    --------
    >>> data = Dataset.from_arrays({"a": np.eye(3), "b": np.ones((3, 2))})
    >>> part = Dataset.from_arrays({"a": np.eye(3)}).subset([1, 2])
    >>> bool((row_hashes(data, ["a"])[1:] == row_hashes(part, ["a"])).all())
    True
    """
    columns = [
        (data.modalities[name], data.present[:, list(data.modalities).index(name)])
        for name in names
    ]
    hashes = np.empty(len(data), dtype=np.uint64)
    for i, key in enumerate(data.ids):
        digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8)
        for modality, present in columns:
            real = ... if modality.mask is None else modality.mask[i]
            content = modality.values[i][real].tobytes() if present[i] else b""
            digest.update(f"|{len(content)}|".encode() + content)
        hashes[i] = int.from_bytes(digest.digest(), "little")
    return hashes


def versions() -> dict[str, str]:
    """Return the versions that can change a number."""
    return {
        "refnet_viz": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


def _write(path: Path, content: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(content)


class _DamagedRunError(ValueError):
    pass


def _damaged(path: Path, why: str) -> _DamagedRunError:
    return _DamagedRunError(
        f"`folder` must hold a whole run, got {str(path)!r}: {why}."
    )


def _tensors(path: Path, digest: str) -> dict[str, Tensor]:
    if not path.is_file():
        raise _damaged(path, "it is missing")
    blob = path.read_bytes()
    if hashlib.sha256(blob).hexdigest() != digest:
        raise _damaged(path, "its checksum is another")
    try:
        return safetensors.torch.load(blob)
    except safetensors.SafetensorError as error:
        raise _damaged(path, "it is not a safetensors file") from error
