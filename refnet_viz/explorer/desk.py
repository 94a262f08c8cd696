"""From settings to all that one redraw needs; nothing here knows of widgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ..graph import Neighbors
from ..layout import Layout
from . import edges, strip
from .colors import hue
from .embeddings import Key
from .points import PointTable, Rows
from .state import BY_MODALITY
from .store import Store
from .view import Panel, View

IS_BASELINE = "this is the baseline: nothing is {kind}"


class Settings(NamedTuple):
    """What is chosen; the names are arguments of `explore`."""

    variants: tuple[str, ...]
    seed: Any
    space: str
    metric: str
    layout: str
    color: str
    k: int
    edges: str
    baseline: str
    weights: dict[str, float]
    epoch: int | None


@dataclass(frozen=True)
class Desk:
    """What some settings show.

    Parameters
    ----------
    atlas
        Embeddings, graphs and layouts.
    chosen
        The settings.
    mode
        "light" or "dark".
    hurried
        Whether what takes long is left for later.
    """

    atlas: Store
    chosen: Settings
    mode: str
    hurried: bool

    def place(self, variant: str) -> Key:
        """Return where a variant is looked at."""
        chosen = self.chosen
        weighed = chosen.metric == "euclidean"
        names = self.atlas.weighed(chosen.space) if weighed else []
        given = tuple((name, chosen.weights[name]) for name in names)
        even = len({weight for _, weight in given}) < 2
        place = Key(
            variant, chosen.seed, chosen.space, chosen.metric, () if even else given,
            chosen.epoch,
        )  # fmt: skip
        return self.atlas.beside(place, variant)

    @cached_property
    def places(self) -> list[Key]:
        """Where every map looks."""
        return [self.place(variant) for variant in self.chosen.variants]

    def facts(self, variant: str) -> PointTable:
        """Return what is known of the points of a variant."""
        chosen = self.chosen
        return self.atlas.facts(self.place(variant), chosen.baseline, chosen.k)

    @cached_property
    def shown(self) -> list[PointTable]:
        """What is known of the points of every map."""
        return [self.facts(variant) for variant in self.chosen.variants]

    def view(self, rows: Rows, focus: int) -> View:
        """Return what the maps show.

        Parameters
        ----------
        rows
            The selected points.
        focus
            The map that is spoken of.
        """
        return View(
            tuple(self._panel(place, rows) for place in self.places),
            hue(self.shown, self.chosen.color, self.mode), rows, focus,
            together=self.together,
        )  # fmt: skip

    @property
    def together(self) -> bool:
        """Whether places in all maps mean the same."""
        aligned = self.chosen.layout == "aligned"
        return aligned and not self.waited_for

    def _panel(self, place: Key, rows: Rows) -> Panel:
        chosen, atlas = self.chosen, self.atlas
        own = place == atlas.beside(place, chosen.baseline)
        vain = own and chosen.edges in {"kept", "gained", "lost"}
        kind = "none" if vain else chosen.edges
        pairs = atlas.edges(place, chosen.baseline, chosen.k, kind)
        by_modality = chosen.edges == BY_MODALITY
        groups = None
        if by_modality:
            groups = atlas.attribution(place, chosen.k).groups(edges.MOST)
        note = IS_BASELINE.format(kind=chosen.edges) if vain else ""
        if len(rows):
            touching = np.flatnonzero(np.isin(pairs, rows).any(axis=1))
            pairs = pairs[touching]
            groups = groups and groups.subset(touching)
        return Panel(place, self._layout(place), pairs, chosen.edges, groups, note)

    def _layout(self, place: Key) -> Layout:
        """Return the layout, or in a hurry one that is at hand."""
        method = self.chosen.layout
        if self.hurried and not self.atlas.has_layout(place, method):
            return self.atlas.stand_in(place, method)
        return self.atlas.layout(place, method)

    @property
    def waited_for(self) -> list[Key]:
        """The maps whose layout is not computed yet, the reference first."""
        if not self.hurried:
            return []
        method = self.chosen.layout
        first = [self.atlas.origin(place) for place in self.places[:1]]
        every = [*first, *self.places] if method == "aligned" else self.places
        return [place for place in every if not self.atlas.has_layout(place, method)]

    def lines(self, *, banded: bool) -> list[strip.Line]:
        """Return what the strip says of every map.

        Parameters
        ----------
        banded
            Whether all seeds are looked at, which may take a moment.
        """
        chosen, atlas = self.chosen, self.atlas
        return [
            strip.Line(
                variant, facts,
                atlas.all_seeds(place, chosen.baseline, chosen.k) if banded else [],
            )
            for variant, place, facts in zip(
                chosen.variants, self.places, self.shown, strict=True
            )
        ]  # fmt: skip

    @property
    def banded(self) -> bool:
        """Whether the bands of all seeds can be had at once."""
        chosen, atlas = self.chosen, self.atlas
        names = strip.columns(self.shown[0])
        return all(
            atlas.knows(other, chosen.baseline, chosen.k, names)
            for place in self.places
            for other in atlas.family(place)
        )

    def elsewhere(self, place: Key) -> Sequence[Neighbors]:
        """Return the graphs of the other spaces of a map, those at hand in a hurry."""
        others = [place.looking(space) for space in self.atlas.spaces]
        return [
            self.atlas.graph(other, self.chosen.k)
            for other in others
            if other.space != place.space
            and (not self.hurried or self.atlas.graphs.has(other))
        ]
