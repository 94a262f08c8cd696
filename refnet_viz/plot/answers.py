"""The numbers behind `responsibility`: of all points, of each class and of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ..graph.attribution import Attribution
from .text import short

EVERY = "all points"
MOST = 12  # classes of a panel
STEPS = 500  # places of a curve

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Panel:
    """What one variant's bars and curves show.

    Parameters
    ----------
    name
        Of the variant.
    found
        Its attribution.
    """

    name: str
    found: Attribution

    @property
    def modalities(self) -> list[str]:
        """The modalities that were answered for."""
        return list(self.found.graph.embedding.decoded)

    @property
    def title(self) -> str:
        """Variant and seed, escaped."""
        seed = self.found.graph.embedding.info.get("seed")
        name = f"<b>{short(self.name)}</b>"
        return name if seed is None else f"{name}, seed {short(seed)}"

    @property
    def values(self) -> dict[str, Floats]:
        """Modality to ``(N,)`` responsibility, NaN where a point lacks it."""
        return self.found.responsibility_by_point

    @cached_property
    def groups(self) -> list[tuple[str, Bools]]:
        """All points, then those of each class, the largest first."""
        graph = self.found.graph
        found = [(EVERY, np.ones(len(graph), dtype=bool))]
        if graph.labels is None or graph.labels.ndim != 1:
            return found
        sizes = np.bincount(graph.labels[graph.labels >= 0])
        order = np.argsort(-sizes, kind="stable")[: np.count_nonzero(sizes)]
        names = graph.embedding.class_names
        return found + [(str(names[c]), graph.labels == c) for c in order[:MOST]]

    @property
    def left_out(self) -> int:
        """Classes that are not drawn."""
        labels = self.found.graph.labels
        if labels is None or labels.ndim != 1:
            return 0
        return len(np.unique(labels[labels >= 0])) - len(self.groups) + 1

    def means(self, modality: str) -> list[float]:
        """Return the mean responsibility of each group, NaN where none has it."""
        values = self.values[modality]
        known = [values[rows & np.isfinite(values)] for _, rows in self.groups]
        return [float(part.mean()) if len(part) else np.nan for part in known]

    @cached_property
    def nulls(self) -> dict[str, dict[str, float]]:
        """Modality to its responsibility of all points, and that of nothing."""
        rows = self.found.responsibility.to_dict("records")
        keys = ("r2", "r2_shuffled", "r2_untrained")
        return {
            name: {key: float(row.get(key, np.nan)) for key in keys}
            for name, row in zip(self.modalities, rows, strict=True)
        }

    def null_text(self, modality: str) -> str:
        """Return what answers that know nothing reach, as far as it is known."""
        null = self.nulls[modality]
        told = {"shuffled": null["r2_shuffled"], "untrained": null["r2_untrained"]}
        return ", ".join(
            f"{word} {signed(value)}"
            for word, value in told.items()
            if np.isfinite(value)
        )

    def curve(self, modality: str) -> tuple[Floats, Floats]:
        """Return values, rising, and the share of points at or below each."""
        values = self.values[modality]
        values = np.sort(values[np.isfinite(values)])
        some = np.linspace(0, len(values) - 1, min(len(values), STEPS)).round()
        places = some.astype(int)
        return values[places], (places + 1) / max(1, len(values))


def signed(value: float) -> str:
    """Return a number with two places and a proper minus, or that it is unknown.

    Examples
    --------
    >>> signed(-0.345), signed(1.0)
    ('\u22120.34', '1.00')
    """
    return f"{value:.2f}".replace("-", "\u2212") if np.isfinite(value) else "unknown"
