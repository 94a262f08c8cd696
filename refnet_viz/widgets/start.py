"""`explore`: look at embeddings in a notebook."""

from __future__ import annotations

from typing import Any

from .. import _check
from .._nested import as_variants
from ..embedding import Embedding
from ..plot.theme import ink
from .atlas import Atlas
from .explorer import Explorer
from .lifetime import register


def explore(
    spaces: Any,
    *,
    k: int = 15,
    space: str = "latent",
    layout: str = "umap",
    color: str = "label",
    baseline: str | None = None,
    seed: Any = None,
    mode: str = "light",
) -> Explorer:
    """Look at embeddings in a notebook: maps, neighbours and points, linked.

    Parameters
    ----------
    spaces
        An Embedding, a list of them (one a seed), or a mapping from variants to one
        or several; all over the same points.
    k
        Neighbours a point, not counting the point itself.
    space
        "latent", "refined", a modality or "sum": where neighbours are looked for.
    layout
        "umap", aligned between variants (PCA is shown until it is ready), or "pca".
    color
        "label", "prediction", "correct", "purity", "rewiring", "in-degree",
        "responsibility: <modality>" (where a refiner answered for rows it was not
        trained on) or a column of the metadata.
    baseline
        The variant that kept, gained and lost edges refer to; None takes "plain", or
        the first.
    seed
        Which run is shown; None takes the first.
    mode
        "light" or "dark".

    Returns
    -------
    Explorer
        Shown by a notebook cell that ends with it. Running the cell again closes
        what it made before.

    Notes
    -----
    In the spaces "refined" and "sum" a slider a modality says how much it counts;
    points stay where equal weights lay them out, so that only edges and numbers move.
    Edges "by modality" have the colour of the modalities in whose own graphs they are
    too, beside the shares that chance would give, and are dashed where by some modality
    their ends are farther apart than most points.

    Raises
    ------
    TypeError
        If `spaces` holds anything but embeddings.
    ValueError
        If ids differ between embeddings, or an argument is none of the above.

    Examples
    --------
    >>> line = Embedding.from_arrays([[0.0], [1.0], [3.0], [7.0]], ids=list("abcd"))
    >>> view = explore(line, k=1, layout="pca")
    >>> view.select(["c", "a"])
    >>> view.selected["id"].tolist()
    ['a', 'c']

    Weigh modalities, and colour edges by those that have them:

    >>> both = {"picture": [[0.0], [1.0], [3.0]], "text": [[3.0], [1.0], [0.0]]}
    >>> pair = Embedding.from_arrays([[0.0], [1.0], [3.0]], modalities=both)
    >>> view = explore(pair, k=1, space="sum", layout="pca")
    >>> view.weights = {"picture": 2, "text": 0.5}
    >>> view.edges = "by modality"
    """
    variants = as_variants("spaces", spaces, Embedding, alone="embedding")
    ink(mode)
    atlas = Atlas.of(variants, _check.k_neighbors(k, _size(variants)))
    names = list(variants)
    first = "plain" if "plain" in names else names[0]
    settings = {
        "k": k, "space": space, "layout": layout, "color": color,
        "seed": atlas.seeds(names[0])[0] if seed is None else seed,
        "baseline": first if baseline is None else baseline,
    }  # fmt: skip
    view = Explorer(atlas, settings, mode)
    register(view)
    return view


def _size(variants: dict[str, list[Embedding]]) -> int:
    return len(next(iter(variants.values()))[0])
