"""Material of a report, each part computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from .._nested import Variants
from ..data.stored import Stored
from ..embedding import Embedding
from ..graph import (
    Attribution,
    Neighbors,
    attribute,
    compare,
    knn,
    label_edges,
    point_measures,
    weighted_neighbors,
)
from ..graph.measures import USUAL
from ..graph.over_seeds import together
from ..graph.weighted import SPACE
from ..layout import Layout, project

MOST = 5_000  # points whose weighted graph is a rail
REACH = 200  # candidates of a point there, of each modality


@dataclass(frozen=True)
class Material:
    """Embeddings and all that is said of them.

    Parameters
    ----------
    variants
        Variant to one embedding a seed.
    rails
        Embeddings whose predictions stand beside those of the variants, or None.
    runs
        What `plot.history` takes, or None.
    k
        Neighbours a point.
    baseline
        The variant the others are compared with.
    mode
        "light", "dark" or "auto", of the figures.
    safe
        Whether text that a spreadsheet would compute is marked in the data.
    """

    variants: Variants[Embedding]
    rails: dict[str, Embedding] | None
    runs: Any
    k: int
    baseline: str
    mode: str
    safe: bool = False

    @property
    def first(self) -> dict[str, Embedding]:
        """The first run of each variant: the one that is drawn."""
        return {name: members[0] for name, members in self.variants.items()}

    @property
    def every(self) -> list[Embedding]:
        """All embeddings."""
        return [run for members in self.variants.values() for run in members]

    @property
    def others(self) -> list[str]:
        """The variants but the baseline."""
        return [name for name in self.variants if name != self.baseline]

    @cached_property
    def graphs(self) -> dict[str, list[Neighbors]]:
        """The graphs of the latent spaces."""
        graphs: dict[str, list[Neighbors]] = knn(self.variants, self.k)
        return graphs

    @cached_property
    def table(self) -> pd.DataFrame:
        """Table of `compare`."""
        rails = {**(self.rails or {}), **self._weighted}
        return compare(self.graphs, baseline=self.baseline, rails=rails or None)

    @property
    def _weighted(self) -> dict[str, Neighbors]:
        """The weighted graph of several modalities, where it takes no long search."""
        space = self.first[self.baseline]
        in_memory = not any(isinstance(x, Stored) for x in space.inputs.values())
        points = int(space.present_in("sum").sum()) if space.inputs else 0
        if len(space.inputs) < 2 or not in_memory or not self.k < points <= MOST:
            return {}
        reach = max(REACH, self.k)
        return {SPACE: weighted_neighbors(space, self.k, candidates=reach)}

    @cached_property
    def layouts(self) -> dict[str, Layout]:
        """Maps of the first runs; they begin at that of the baseline."""
        spaces = self.first
        if len(spaces) == 1:
            return dict(project(spaces))
        return dict(project(spaces, "aligned", reference=self.baseline))

    @cached_property
    def attributions(self) -> dict[str, Attribution]:
        """Attributions of the edges of the first runs."""
        return {name: runs[0] for name, runs in self.attributions_of_seeds.items()}

    @cached_property
    def attributions_of_seeds(self) -> dict[str, list[Attribution]]:
        """Attributions of the edges of all runs; the modalities' graphs are shared."""
        attributions: dict[str, list[Attribution]] = attribute(self.graphs)
        return attributions

    @cached_property
    def label_edges(self) -> pd.DataFrame | None:
        """Kinds of edges of all runs beside labels, None without labels."""
        if any(run.labels is None for run in self.every):
            return None
        return label_edges(self.attributions_of_seeds)

    @cached_property
    def measures(self) -> pd.DataFrame:
        """Measures of the points: of the first runs, and over the seeds.

        The columns of `refnet_viz.graph.point_measures` and, with "mean" where both
        have a name, those of `refnet_viz.graph.measures_over_seeds`.
        """
        parts = []
        for name, graphs in self.graphs.items():
            tables = point_measures(graphs)
            over_seeds = pd.DataFrame(together(tables, USUAL))
            over_seeds = over_seeds.drop(columns=[f"{one} null" for one in USUAL])
            over_seeds = over_seeds.rename(
                columns={one: f"{one} mean" for one in USUAL}
            )
            columns = [tables[0].assign(variant=name, seeds=len(graphs)), over_seeds]
            parts.append(pd.concat(columns, axis=1))
        return pd.concat(parts, ignore_index=True)
