"""Embeddings from embeddings, runs with their data, or a saved folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .._nested import Variants, as_variants
from .._spaces import ALONE, as_spaces, space_variants
from ..data.dataset import Dataset
from ..embedding import Embedding
from ..storage import load
from .embeddings import Earlier, Epochs


def spaces_of(spaces: Any, data: Dataset | None) -> Variants[Embedding]:
    """Return variant to one embedding a seed, see `embeddings_of`.

    What has no name says itself what it is.
    """
    return space_variants(embeddings_of(spaces, data))


def embeddings_of(spaces: Any, data: Dataset | None) -> Any:
    """Return embeddings in the shape of `spaces`.

    Parameters
    ----------
    spaces
        Embeddings or vectors, as `knn` takes them, or runs; one, a list or a mapping.
        Or a folder that `rv.save` wrote.
    data
        The data of runs, whose test rows are embedded; all rows where none are.

    Raises
    ------
    TypeError
        If `spaces` is something else, or runs come without data.
    """
    if isinstance(spaces, str | Path):
        spaces = load(spaces)
    if data is not None and not isinstance(data, Dataset):
        raise TypeError(f"`data` must be a Dataset, got {type(data).__name__}.")
    if is_runs(spaces):
        if data is None:
            raise TypeError(
                "`data` must be the Dataset of the runs when `spaces` holds runs, "
                "got None."
            )
        # torch is only needed where something is embedded.
        from ..inference import embed  # noqa: PLC0415

        spaces = embed(spaces, shown_rows(data))
    return as_spaces(spaces)


def earlier_of(
    spaces: Any, data: Dataset | None, names: Iterable[str]
) -> dict[str, Earlier]:
    """Return those variants of which runs kept states on the way.

    Parameters
    ----------
    spaces, data
        As in `embeddings_of`.
    names
        Names of the variants, in the order of `spaces_of`.
    """
    if not is_runs(spaces) or data is None:
        return {}
    # torch again.
    from ..train.run import Run  # noqa: PLC0415

    rows = shown_rows(data)
    members = as_variants("spaces", spaces, Run, alone=ALONE).values()
    epochs = {
        name: Epochs(runs, rows) for name, runs in zip(names, members, strict=True)
    }
    return {name: earlier for name, earlier in epochs.items() if earlier.epochs}


def is_runs(spaces: Any) -> bool:
    """Return whether the values are runs, without importing what makes them."""
    first = spaces
    while isinstance(first, Mapping | list | tuple) and len(first):
        first = next(iter(first.values() if isinstance(first, Mapping) else first))
    return type(first).__name__ == "Run" and hasattr(first, "train_rows")


def rows_of(data: Dataset, embedding: Embedding) -> Dataset:
    """Return those rows of a dataset that an embedding shows.

    Raises
    ------
    ValueError
        If it does not have them all.
    """
    ids = set(data.ids.tolist())
    for name in embedding.ids:
        if name not in ids:
            raise ValueError(
                f"`data` must hold every point of `spaces`, got none called "
                f"{str(name)!r}."
            )
    return data.subset(embedding.ids)


def shown_rows(data: Dataset) -> Dataset:
    """Return the test rows, or all where none are."""
    return data.test if (data.split == "test").any() else data
