"""Measures of points as columns of their embeddings: of a run, and over its seeds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .._nested import aligned
from .._spaces import variants_of
from ..data.meaning import distinct
from ..embedding import Embedding
from ..statistics import LEAST
from .measures import MEASURES, PIVOTS, USUAL, point_measures
from .neighbors import Neighbors
from .over_seeds import together
from .search import as_graphs

Floats = npt.NDArray[np.float64]

OVER, LOW, HIGH, BEYOND = " over null", " seed low", " seed high", " beyond null"
PARTS = (OVER, LOW, HIGH, BEYOND)  # of a measure, beside its value
_TITLE = re.compile(rf"({'|'.join(MEASURES)})((?: in .+)?, k \d+)", re.DOTALL)


def with_measures(
    graphs: Any,
    *,
    measures: Sequence[str] = USUAL,
    draws: int = 20,
    pivots: int = PIVOTS,
    seed: int = 0,
) -> Any:
    """Return embeddings with the measures of their points as columns of the metadata.

    There they are colours, filters, rows of the pane of details and columns of saved
    tables, in the explorer and in exported pages.

    Parameters
    ----------
    graphs
        As in `point_measures`; a list holds the seeds of one variant, over the same
        points.
    measures, draws, pivots, seed
        As in `point_measures`.

    Returns
    -------
    Embedding
        Or a list or mapping of them. Columns for each measure, whose names end in the
        space, where it is not the latent one, and k:

        <measure>
            Its value in this run.
        <measure> over null
            That over the mean of random graphs of the same degrees: 1 is what degrees
            explain; NaN where that mean is 0.
        <measure> seed low, <measure> seed high
            The 95 % interval of the mean over seeds, the same in every run; only of
            three seeds or more.
        <measure> beyond null
            "above in all 5 seeds", "below in all 5 seeds" or "not in all 5 seeds": the
            band of the random graphs, of which chance is .025 a side in one seed, and
            no more in all. "above; 1 seed: no band" where there is one seed.

    Raises
    ------
    TypeError, ValueError
        As in `point_measures`, or if seeds of a variant have other points.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> line = np.array([[0.0], [1.0], [2.2], [3.7], [9.0]])
    >>> one = with_measures(knn(line, k=2), measures=["core"])
    >>> list(one.columns)
    ['core, k 2', 'core over null, k 2', 'core beyond null, k 2']
    >>> seeds = with_measures([knn(line, k=2)] * 3, measures=["core"])
    >>> seeds[0].columns["core seed low, k 2"].tolist()
    [1.0, 1.0, 1.0, 1.0, 0.0]
    """
    nested = as_graphs(graphs)
    names = _check.several_of("measures", measures, MEASURES)
    options = {"measures": names, "draws": draws, "pivots": pivots, "seed": seed}
    variants = variants_of("graphs", nested, Neighbors, lambda graph: graph.embedding)
    columns = {
        variant: _with_columns(variant, members, names, options)
        for variant, members in variants.items()
    }
    if not isinstance(nested, Mapping):
        (runs,) = columns.values()
        return runs if isinstance(nested, list | tuple) else runs[0]
    return {
        name: runs if isinstance(nested[name], list | tuple) else runs[0]
        for name, runs in zip(nested, columns.values(), strict=True)
    }


def _with_columns(
    variant: str,
    members: list[Neighbors],
    names: Sequence[str],
    options: dict[str, Any],
) -> list[Embedding]:
    """Return the embeddings of the seeds of a variant with their columns."""
    aligned("graphs", {variant: members})  # refuses other points
    tables = [point_measures(graph, **options) for graph in members]
    first = members[0].ids
    rows = [pd.Index(graph.ids).get_indexer(pd.Index(first)) for graph in members]
    in_order = [
        table.iloc[order].reset_index(drop=True)
        for table, order in zip(tables, rows, strict=True)
    ]
    bands = together(in_order, names)
    runs = []
    for graph, table, order in zip(members, tables, rows, strict=True):
        metadata = graph.embedding.metadata.copy()
        back = np.argsort(order)
        bands_of_run = {part: values[back] for part, values in bands.items()}
        place = place_of(graph)
        for name in names:
            for part, values in _parts(name, table, bands_of_run, len(members)).items():
                metadata[f"{name}{part}{place}"] = values
        metadata.columns = pd.Index(distinct(metadata.columns))
        runs.append(replace(graph.embedding, metadata=metadata))
    return runs


def place_of(graph: Neighbors) -> str:
    """Return how titles of the measures of a graph end.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> place_of(knn(np.array([[0.0], [1.0], [3.0]]), k=1))
    ', k 1'
    """
    space = "" if graph.space == "latent" else f" in {graph.space}"
    return f"{space}, k {graph.k}"


def _parts(
    name: str, table: pd.DataFrame, bands: Mapping[str, Floats], seeds: int
) -> dict[str, Any]:
    """Return the columns of a measure in one run, by the parts of their names."""
    value, null = table[name].to_numpy(), table[f"{name} null"].to_numpy()
    parts: dict[str, Any] = {"": value, OVER: value / np.where(null > 0, null, np.nan)}
    if seeds >= LEAST:
        parts |= {LOW: bands[name + LOW], HIGH: bands[name + HIGH]}
    above, below = bands[f"{name} above"], bands[f"{name} below"]
    kinds = np.full(len(value), beyond_words("", seeds), dtype=object)
    kinds[above == seeds] = beyond_words("above", seeds)
    kinds[below == seeds] = beyond_words("below", seeds)
    kinds[np.isnan(above)] = None
    return {**parts, BEYOND: kinds}


def beyond_words(side: str, seeds: int) -> str:
    """Return where points are in every seed, and that few seeds have no band.

    Parameters
    ----------
    side
        "above", "below", or empty where it is neither in all seeds.
    seeds
        How many there are.

    Examples
    --------
    >>> beyond_words("above", 5), beyond_words("", 5)
    ('above in all 5 seeds', 'not in all 5 seeds')
    >>> beyond_words("", 1), beyond_words("below", 2)
    ('inside; 1 seed: no band', 'below in both; no band')
    """
    if seeds == 1:
        return f"{side or 'inside'}; 1 seed: no band"
    seeds_named = "both; no band" if seeds < LEAST else f"all {seeds} seeds"
    return f"{side or 'not'} in {seeds_named}"


def grouped(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the columns of measures that belong together, by the title of the value.

    Parameters
    ----------
    names
        Names of columns, those of `with_measures` among them.

    Examples
    --------
    >>> grouped(["size", "core, k 2", "core over null, k 2", "core beyond null, k 2"])
    {'core, k 2': {' over null': 'core over null, k 2', ' beyond null': \
'core beyond null, k 2'}}
    """
    titles_present = set(names)
    groups = {}
    for name in names:
        match = _TITLE.fullmatch(name)
        if match is None:
            continue
        titles = {part: f"{match[1]}{part}{match[2]}" for part in PARTS}
        parts = {
            part: title for part, title in titles.items() if title in titles_present
        }
        if OVER in parts and BEYOND in parts:
            groups[name] = parts
    return groups
