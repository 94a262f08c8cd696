"""Representatives of classes that hold over seeds and modalities, with pictures."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .._nested import as_variants
from ..data.answers import UNLABELLED
from ..data.media import data_address, mime_of
from ..data.rows import positions
from ..embedding import Embedding
from .ground import Grounds
from .measures import page_rank_of
from .neighbors import Neighbors
from .search import as_graphs

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SELECTION = "selection"
FUSED = "fused"
SHOWN = 60  # characters of a text


@dataclass(frozen=True, eq=False)
class Representatives:
    """Representatives of classes, or of a selection.

    Made by `representatives`.

    Parameters
    ----------
    table
        One row a class and representative, see `representatives`.
    agreement
        One row a class and pair of rankings: seeds with one another, and the fused
        graph with each modality's own.
    embedding
        Holds the pictures and texts of the rows.
    """

    table: pd.DataFrame
    agreement: pd.DataFrame
    embedding: Embedding = field(repr=False)

    def __repr__(self) -> str:
        return f"Representatives(\n{self.table.to_string(index=False)}\n)"

    def _repr_html_(self) -> str:
        """Return a row of pictures, or texts, for each class."""
        lines = []
        for name, rows in self.table.groupby("class", sort=False):
            cells = "".join(map(self._cell, rows.to_dict("records")))
            lines.append(f"<tr><th>{html.escape(str(name))}</th>{cells}</tr>")
        agreement = self.agreement.to_html(index=False, float_format="{:.2f}".format)
        return (
            "<p>The most central rows of each class; beside an id the share of seeds "
            "that have it among these.</p>"
            f"<table>{''.join(lines)}</table>{agreement}"
        )

    def _cell(self, row: dict[Any, Any]) -> str:
        """Return a representative as the cell of a table."""
        place = int(np.flatnonzero(self.embedding.ids == row["id"])[0])
        media, content = self.embedding.media, ""
        if media.pictures and media.pictures[place]:
            data = media.pictures[place]
            address = data_address(mime_of(data), data)
            content = (
                f'<img src="{address}" alt="{html.escape(row["id"])}" height="72">'
            )
        if media.texts and media.texts[place]:
            content += f"<br>{html.escape(str(media.texts[place])[:SHOWN])}"
        note = f"; disputed: {html.escape(row['disputed'])}" if row["disputed"] else ""
        name = html.escape(row["id"])
        return f"<td>{content}<br>{name} ({row['seeds kept']:.0%}{note})</td>"


def representatives(
    graphs: Any,
    *,
    rows: Any = None,
    most: int = 9,
) -> Representatives:
    """Return the rows that stand for each class, over seeds and modalities.

    A row stands for its class where random walks among the rows of the class, from each
    to one of its neighbours in the class, often come: PageRank of the graph restricted
    to the class, as the medoids of `name_clusters` are by in-degree. Over seeds the
    mean rank counts.

    Parameters
    ----------
    graphs
        `Neighbors`, or what `knn` takes: one, or a list of one a seed over the same
        rows.
    rows
        Ids, row numbers or a mask of a selection, whose representatives are wanted in
        place of those of the classes.
    most
        Representatives of each class; as many as it has rows where that is less.

    Returns
    -------
    Representatives
        With pictures in a notebook. Its `table` has one row each:

        class, rank, id
            The class, or "selection"; 1 is the most central.
        pagerank
            Mean over seeds, times the rows of the class: 1 in the mean.
        seeds kept
            Share of the seeds that have it among their own `most`; 1 where it survives
            all. Of one seed 1.
        by <modality>
            Place in the modality's own graph, as the share of the class that is less
            central: 1 is the most central, 1/2 chance. NaN without the modality.
        disputed
            Modalities to which it is less central than half of the class, joined.

        `agreement` has one row a class and pair:

        class, first, second
            "seed" and "seed": mean over pairs of seeds; "fused" and a modality.
        shared, chance
            Share of the `most` that both have among theirs, and what it is by chance,
            `most` over the rows of the class.

    Raises
    ------
    TypeError
        If `graphs` is a mapping, or holds anything else.
    ValueError
        If points differ, rows have several labels or none and none are selected, or
        fewer than two rows are selected.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> line = Embedding.from_arrays(
    ...     [[0.0], [1.0], [2.1], [9.0], [9.9], [11.0]], labels=list("aaabbb"))
    >>> result = representatives(knn(line, k=1), most=1)
    >>> result.table[["class", "id", "seeds kept"]].values.tolist()
    [['a', '1', 1.0], ['b', '4', 1.0]]
    """
    seeds = _seeds(graphs)
    most = _check.integer("most", most, low=1)
    embedding = seeds[0].embedding
    classes, codes = _classes(embedding, rows)
    table, agreement = [], []
    own = _own_graphs(seeds[0])
    for number, name in enumerate(classes):
        members = np.flatnonzero((codes == number) & seeds[0].present)
        if not len(members):
            continue
        ranks = np.array([_central(graph, members) for graph in seeds])
        by_modality = {key: _central(graph, members) for key, graph in own.items()}
        table += _lines(name, embedding.ids, members, ranks, by_modality, most)
        agreement += _agreement(name, ranks, by_modality, most)
    columns = ["class", "rank", "id", "pagerank", "seeds kept"]
    columns += [*(f"by {key}" for key in own), "disputed"]
    pairs = ["class", "first", "second", "shared", "chance"]
    return Representatives(
        pd.DataFrame(table, columns=columns),
        pd.DataFrame(agreement, columns=pairs),
        embedding,
    )


def _seeds(graphs: Any) -> list[Neighbors]:
    """Return the graph of each seed, rows in the order of the first."""
    if isinstance(graphs, dict):
        raise TypeError(
            "`graphs` must be a graph, or a list of one a seed, got a mapping."
        )
    made = as_graphs(graphs)
    (members,) = as_variants("graphs", {"graphs": made}, Neighbors).values()
    ids = members[0].ids
    return [
        graph.reordered(ids, name=f"graphs[{i}]", like="graphs[0]")
        for i, graph in enumerate(members)
    ]


def _classes(embedding: Embedding, rows: Any) -> tuple[Sequence[str], Rows]:
    """Return the names of classes and the class of every row, -1 for none."""
    if rows is not None:
        codes = np.full(len(embedding), UNLABELLED)
        chosen = positions(embedding.ids, rows)
        if len(chosen) < 2:
            raise ValueError(
                f"`rows` must select at least two rows, got {len(chosen)}."
            )
        codes[chosen] = 0
        return [SELECTION], codes
    labels = embedding.labels
    if labels is None or labels.ndim != 1:
        raise ValueError(
            "`graphs` must have one label a row, or `rows` a selection, got "
            f"{'no labels' if labels is None else 'several labels a row'}."
        )
    return embedding.class_names, labels


def _own_graphs(graph: Neighbors) -> dict[str, Neighbors]:
    """Return the modalities' own graphs, as far as there are any."""
    grounds = Grounds(graph.k, graph.metric)
    own = {name: grounds.of(graph.embedding, name) for name in graph.embedding.inputs}
    return {name: ground for name, ground in own.items() if ground is not None}


def _central(graph: Neighbors, members: Rows) -> Floats:
    """Return PageRank within some rows, times their number; NaN for absent ones."""
    rank = np.full(len(members), np.nan)
    inside = np.full(len(graph) + 1, -1)  # the last place is that of -1
    present = np.flatnonzero(graph.present[members])
    if not len(present):
        return rank
    inside[members[present]] = np.arange(len(present))
    nearest = inside[graph.indices[members[present]]]
    source, column = np.nonzero(nearest >= 0)
    rank[present] = page_rank_of(len(present), source, nearest[source, column])
    return rank


def _first(rank: Floats, most: int) -> set[int]:
    """Return places of the most central rows, of equal ones the first."""
    order = np.argsort(-np.where(np.isnan(rank), -np.inf, rank), kind="stable")
    return {*order[:most].tolist()}


def _standing(rank: Floats) -> Floats:
    """Return the share of other rows that are less central, equal ones as half."""
    known = np.flatnonzero(~np.isnan(rank))
    standing = np.full(len(rank), np.nan)
    if len(known) > 1:
        values = np.sort(rank[known])
        below = np.searchsorted(values, rank[known], side="left")
        equal = np.searchsorted(values, rank[known], side="right") - below - 1
        standing[known] = (below + equal / 2) / (len(known) - 1)
    return standing


def _lines(
    name: str,
    ids: npt.NDArray[np.str_],
    members: Rows,
    ranks: Floats,
    by_modality: dict[str, Floats],
    most: int,
) -> list[dict[str, Any]]:
    """Return the rows of the table of one class."""
    standings = np.array([_standing(rank) for rank in ranks])
    mean = standings.mean(axis=0) if len(members) > 1 else np.ones(len(members))
    order = np.argsort(-mean, kind="stable")[:most]
    firsts = [_first(rank, most) for rank in ranks]
    places = {key: _standing(rank) for key, rank in by_modality.items()}
    lines = []
    for number, row in enumerate(order.tolist(), start=1):
        by = {key: float(place[row]) for key, place in places.items()}
        kept = [row in first for first in firsts]
        lines.append(
            {
                "class": name,
                "rank": number,
                "id": str(ids[members[row]]),
                "pagerank": float(ranks[:, row].mean()),
                "seeds kept": float(np.mean(kept)),
                **{f"by {key}": value for key, value in by.items()},
                "disputed": ", ".join(key for key, v in by.items() if v < 0.5),
            }
        )
    return lines


def _agreement(
    name: str, ranks: Floats, by_modality: dict[str, Floats], most: int
) -> list[dict[str, Any]]:
    """Return how many representatives pairs of rankings share, beside chance."""
    count = min(most, ranks.shape[1])
    firsts = [_first(rank, most) for rank in ranks]
    lines = []

    def add(first: str, second: str, shared: list[float], rows: int) -> None:
        lines.append(
            {
                "class": name,
                "first": first,
                "second": second,
                "shared": float(np.mean(shared)),
                "chance": count / rows,
            }
        )

    if len(firsts) > 1:
        pairs = [len(a & b) / count for a, b in combinations(firsts, 2)]
        add("seed", "seed", pairs, ranks.shape[1])
    for key, rank in by_modality.items():
        theirs = _first(rank, most)
        add(FUSED, key, [len(a & theirs) / count for a in firsts], ranks.shape[1])
    return lines
