"""The `Layout` value: two coordinates a point, with their fidelity."""

from __future__ import annotations

import html
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..data.rows import order_of
from ..embedding import coverage
from .pca import Explained


@dataclass(frozen=True, eq=False)
class Layout:
    """Two coordinates a point, and how far they can be trusted.

    Parameters
    ----------
    ids
        ``(N,)`` names of the points.
    coordinates
        ``(N, 2)`` float32; NaN for rows that lack the space, which have no place.
    method
        "pca", "umap", "aligned" or, of new rows `onto` a layout, "placed": what was
        done, which for very few points is not what was asked for (see `note`).
    space
        The space of the embedding that was laid out.
    trustworthiness, continuity
        Between 0 and 1, 1 is best (see `fidelity`); NaN for fewer than 3 points.
    chance
        What a random layout gets in both, about 0.5.
    k, judged
        Neighbours a point behind both numbers, and how many points they average; 0
        where nothing was judged.
    settings
        Seed, neighbours, epochs and rate, the number of landmarks, the recall of an
        approximate graph, or that a PCA was turned, as far as they apply. Of placed
        rows the method, points, trustworthiness and continuity of the layout.
    note
        Why the method is another than asked for, or empty.
    explained
        For PCA the shares of variance that it shows, beside those of independent
        features; None where they were not computed.
    trustworthiness_interval, continuity_interval
        95 % interval for all points, where a random sample was judged; None where all
        were.
    """

    ids: npt.NDArray[np.str_]
    coordinates: npt.NDArray[np.float32]
    method: str
    space: str
    trustworthiness: float
    continuity: float
    chance: float
    k: int
    judged: int
    settings: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    explained: Explained | None = None
    trustworthiness_interval: tuple[float, float] | None = None
    continuity_interval: tuple[float, float] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """``(N,)`` which rows have a place: those that have the space."""
        return ~np.isnan(self.coordinates[:, 0])

    @property
    def coverage(self) -> str:
        """Coverage of rows with a place, in words; empty where all have one."""
        return coverage(self.present, self.space)

    def reordered(self, ids: Any, *, name: str = "layout", like: str = "ids") -> Layout:
        """Return the same layout with its rows in another order.

        Parameters
        ----------
        ids
            The same ids, in the order that is wanted.
        name, like
            What errors call this and what it is brought in line with.

        Raises
        ------
        ValueError
            If `ids` are others.

        Examples
        --------
        >>> from refnet_viz import Embedding, project
        >>> own = Embedding.from_arrays(np.eye(3))
        >>> project(own, "pca").reordered(["2", "1", "0"]).ids.tolist()
        ['2', '1', '0']
        """
        order = order_of(self.ids, np.asarray(ids), name=name, like=like)
        if order is None:
            return self
        return replace(self, ids=self.ids[order], coordinates=self.coordinates[order])

    @property
    def title(self) -> str:
        """The method in a few words: steps, landmarks, and what a search missed."""
        if self.method == "placed":
            old = self.settings["onto"]
            return f"placed on {old['title']} of {old['points']:,} points"
        if self.method == "aligned":
            words = f"aligned UMAP, rate {self.settings['rate']:g}"
        else:
            turned = ", turned" if "turned" in self.settings else ""
            words = self.method.upper() + turned
        if "landmarks" in self.settings:
            words += f", {self.settings['landmarks']:,} landmarks"
        if "recall" in self.settings:
            words += f", neighbours with recall {self.settings['recall']:.3f}"
        return words

    @property
    def caption(self) -> str:
        """Fidelity in words, with its chance value."""
        if not self.judged:
            return "not judged yet"
        if np.isnan(self.trustworthiness):
            return "too few points to judge"
        notes = [f"chance {self.chance:.2f}"]
        if self.trustworthiness_interval and self.continuity_interval:
            trust, continuity = (
                f"{low:.3f} to {high:.3f}"
                for low, high in (
                    self.trustworthiness_interval,
                    self.continuity_interval,
                )
            )
            notes.append(
                f"95 % intervals {trust} and {continuity}, {self.judged:,} points"
            )
        if self.method == "placed":
            old = self.settings["onto"]
            notes.append(
                f"the layout itself {old['trustworthiness']:.2f} and "
                f"{old['continuity']:.2f}"
            )
        return (
            f"trustworthiness {self.trustworthiness:.2f}, "
            f"continuity {self.continuity:.2f} ({'; '.join(notes)})"
        )

    def _repr_html_(self) -> str:
        more = (str(self.explained or ""), self.coverage, self.note)
        note = "".join(f"<br>{html.escape(line)}" for line in more if line)
        return (
            f"<b>{html.escape(self.title)}</b> of {len(self)} points, space: "
            f"{html.escape(self.space)}<br>{self.caption}{note}"
            "<br>next: <code>rv.plot.latent(spaces, layout=layout)</code>"
        )
