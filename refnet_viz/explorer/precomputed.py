"""Graphs and layouts computed before an explorer is opened, checked against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .. import _check
from .._nested import Variants, as_variants
from ..embedding import Embedding, present_rows
from ..graph import Neighbors
from ..graph.lists import check_convention, check_rows, checked_lists
from ..layout import Layout
from .embeddings import Embeddings, Key

Kept = dict[Key, Neighbors]
Places = dict[tuple[Key, str], Layout]


@dataclass(frozen=True)
class Precomputed:
    """Graphs and layouts that the explorer shows instead of computing them.

    Parameters
    ----------
    graphs
        By the key of the space.
    layouts
        By the key of the space and the setting of `layout` that shows them.
    arguments
        ``neighbors`` and ``layouts`` as they came, by variant, for records.
    """

    graphs: Mapping[Key, Neighbors] = field(default_factory=dict)
    layouts: Mapping[tuple[Key, str], Layout] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, runs: Embeddings, neighbors: Any, layouts: Any) -> Precomputed:
        """Return checked graphs and layouts of embeddings.

        Parameters
        ----------
        runs
            The embeddings.
        neighbors
            Neighbors, or a mapping from variants to one or a list; None for none. Each
            belongs to the embedding of which it has the coordinates.
        layouts
            What `project` returned for the embeddings; None for nothing.

        Raises
        ------
        TypeError
            If a value is of another class, or names of variants are missing.
        ValueError
            If ids, points or a name are others, or lists are not whole.

        Examples
        --------
        >>> from refnet_viz.graph import knn
        >>> own = Embedding.from_arrays([[0.0], [1.0], [3.0]])
        >>> ready = Precomputed.of(Embeddings({"mine": [own]}), knn(own, 1), None)
        >>> [(key.variant, key.space) for key in ready.graphs]
        [('mine', 'latent')]
        """
        graphs: Kept = {}
        places: Places = {}
        arguments: dict[str, Any] = {}
        if neighbors is not None:
            arguments["neighbors"] = _by_variant(
                "neighbors", neighbors, Neighbors, runs
            )
            graphs = _graphs(runs, arguments["neighbors"])
        if layouts is not None:
            layouts_of = _by_variant("layouts", layouts, Layout, runs)
            arguments["layouts"], places = layouts_of, dict(_places(runs, layouts_of))
        return cls(graphs, places, arguments)

    @property
    def most(self) -> int | None:
        """Neighbours a point that every graph has, None where nothing limits them."""
        limits = [g.k for g in self.graphs.values() if g.k < int(g.present.sum()) - 1]
        return min(limits, default=None)

    def check(self, k: int, layout: str) -> None:
        """Refuse settings for which graphs or layouts would be computed again.

        Parameters
        ----------
        k, layout
            Settings of the explorer.

        Raises
        ------
        ValueError
            If a graph has fewer than `k` neighbours, or a layout another method.

        Examples
        --------
        >>> from refnet_viz.graph import knn
        >>> own = Embedding.from_arrays([[0.0], [1.0], [3.0]])
        >>> ready = Precomputed.of(Embeddings({"mine": [own]}), knn(own, 1), None)
        >>> ready.check(2, "pca")
        Traceback (most recent call last):
        ...
        ValueError: `neighbors` must have at least `k` = 2 neighbours a point, got 1.
        """
        if self.most is not None and self.most < k:
            raise ValueError(
                f"`neighbors` must have at least `k` = {k} neighbours a point, "
                f"got {self.most}."
            )
        for key, _ in self.layouts:
            methods = sorted({m for other, m in self.layouts if other == key})
            if layout not in methods:
                raise ValueError(
                    f"`layout` must be {' or '.join(map(repr, methods))} to show the "
                    f"layout of {key.variant!r} in `layouts`, got {layout!r}."
                )


def _by_variant(
    argument: str, values: Any, kind: type[Any], runs: Embeddings
) -> Variants[Any]:
    names = list(runs.variants)
    alone = names[0] if len(names) == 1 else ""
    by_variant = as_variants(argument, values, kind, alone=alone)
    for name in by_variant:
        _check.one_of(argument, name, names)
    return by_variant


def _graphs(runs: Embeddings, by_variant: Variants[Neighbors]) -> Kept:
    graphs: Kept = {}
    for name, members in by_variant.items():
        for member in members:
            graph = _checked(f"neighbors[{name!r}]", member, runs)
            key = _owner(runs, name, graph)
            if key in graphs:
                raise ValueError(
                    f"`neighbors[{name!r}]` must hold one graph a space, distance and "
                    f"seed, got two of the {graph.space!r} space."
                )
            graphs[key] = replace(graph, embedding=runs.embedding(key))
    return graphs


def _checked(name: str, graph: Neighbors, runs: Embeddings) -> Neighbors:
    """Return a graph of whole lists in the order of the embeddings' rows."""
    if graph.space == "latent" and not graph.embedding.z.shape[1]:
        raise ValueError(
            f"`{name}` must be lists of the embedding, which "
            "`Neighbors.from_embedding` checks, got lists without vectors."
        )
    if graph.weights is not None:
        raise ValueError(
            f"`{name}` must be of a space with its own weights, got weights "
            f"{dict(graph.weights)}."
        )
    _check.one_of(f"{name}.space", graph.space, runs.spaces)
    try:
        _check_lists(graph)
    except ValueError as error:
        words = str(error)
        for part in ("indices", "distances"):
            words = words.replace(f"`{part}`", f"`{name}.{part}`", 1)
        raise ValueError(words) from None
    lead = next(iter(runs.variants))
    return graph.reordered(runs.first.ids, name=name, like=f"spaces[{lead!r}]")


def _check_lists(graph: Neighbors) -> None:
    """Refuse lists that are not whole, or not of the points of their embedding."""
    own, space = graph.embedding, graph.space
    checked_lists(graph.indices, graph.distances, self_column=False, squared=False)
    present = own.present_in(space)
    check_rows(graph.indices, present, space)
    without = np.flatnonzero(present & (graph.indices[:, 0] < 0))
    if len(without):
        raise ValueError(
            "`indices` must hold neighbours of every row that has the space, got none "
            f"in row {without[0]}."
        )
    points = np.where(present[:, None], own.space(space, centred=False), 0.0)
    check_convention(
        graph.distances,
        graph.indices,
        points,
        squared=False,
        metric=graph.metric,
        space=space,
    )


def _owner(runs: Embeddings, variant: str, graph: Neighbors) -> Key:
    """Return the key of the embedding whose points a graph is of."""
    for seed in runs.seeds(variant):
        key = Key(variant, seed, graph.space, graph.metric)
        if _same_points(runs.embedding(key), graph):
            return runs.twin(key)
    raise ValueError(
        f"`neighbors[{variant!r}]` must be of the points of `spaces[{variant!r}]`, got "
        f"a graph of others in the {graph.space!r} space that have the same ids."
    )


def _same_points(embedding: Embedding, graph: Neighbors) -> bool:
    if embedding is graph.embedding:
        return True
    present = embedding.present_in(graph.space)
    if not np.array_equal(present, graph.embedding.present_in(graph.space)):
        return False
    mine, theirs = (
        present_rows(one.space(graph.space, centred=False), present)
        for one in (embedding, graph.embedding)
    )
    return np.array_equal(mine, theirs)


def _places(
    runs: Embeddings, by_variant: Variants[Layout]
) -> Iterator[tuple[tuple[Key, str], Layout]]:
    lead = next(iter(runs.variants))
    for variant, members in by_variant.items():
        name, seeds = f"layouts[{variant!r}]", runs.seeds(variant)
        for space in dict.fromkeys(layout.space for layout in members):
            _check.one_of(f"{name}.space", space, runs.spaces)
            group = [layout for layout in members if layout.space == space]
            if len(group) != len(seeds):
                raise ValueError(
                    f"`{name}` must hold a layout of the {space!r} space for each of "
                    f"the embeddings ({len(seeds)}), got {len(group)}."
                )
            for seed, member in zip(seeds, group, strict=True):
                layout = member.reordered(
                    runs.first.ids, name=name, like=f"spaces[{lead!r}]"
                )
                key = Key(variant, seed, space)
                present = runs.embedding(key).present_in(space)
                if not np.array_equal(layout.present, present):
                    raise ValueError(
                        f"`{name}` must have places for the rows that have the "
                        f"{space!r} space ({present.sum()}), and for no others, got "
                        f"{layout.present.sum()}."
                    )
                twin = runs.twin(key)
                for method in _settings(layout, is_first=twin == runs.origin(key)):
                    yield (twin, method), layout


def _settings(layout: Layout, *, is_first: bool) -> tuple[str, ...]:
    """Return the settings that show a layout: of few points all are the same."""
    if layout.note:
        return "aligned", "umap", "pca"
    if layout.method in ("aligned", "placed"):
        return ("aligned",)
    if layout.method == "umap" and is_first:  # at which aligned ones begin
        return "umap", "aligned"
    return (layout.method,)
