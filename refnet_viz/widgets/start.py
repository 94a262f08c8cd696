"""`explore`: look at embeddings in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import _check
from .._nested import as_variants, baseline_of
from ..embedding import Embedding
from ..plot.theme import ink
from .atlas import Atlas
from .explorer import Explorer
from .lifetime import register


def explore(  # noqa: PLR0913  # each is a control of the explorer
    spaces: Any,
    *,
    variants: Sequence[str] | None = None,
    k: int = 15,
    space: str = "latent",
    metric: str = "euclidean",
    layout: str = "aligned",
    color: str = "label",
    edges: str = "none",
    baseline: str | None = None,
    seed: Any = None,
    weights: Mapping[str, float] | None = None,
    selected: Any = None,
    mode: str = "light",
) -> Explorer:
    """Look at embeddings in a notebook: maps, neighbours and points, linked.

    Parameters
    ----------
    spaces
        An Embedding, a list of them (one a seed), or a mapping from variants to one
        or several; all of the same points, in any order.
    variants
        Which of them are shown side by side, one to four; None takes the baseline and
        the last one.
    k
        Neighbours a point, not counting the point itself.
    space
        "latent", "refined", a modality or "sum": where neighbours are looked for.
    metric
        "euclidean" or "cosine".
    layout
        "aligned" (every map begins at that of the first embedding, so that places can
        be compared; PCA is shown until it is ready), "umap" (each by itself) or "pca".
    color
        "label", "prediction", "correct", "confidence" (largest class probability),
        "purity", "rewiring", "in-degree" (hubs are high), "responsibility: <modality>"
        (where a refiner answered for rows it was not trained on) or a column of the
        metadata.
    edges
        "none", "all", "by modality", or "kept", "gained", "lost" since the baseline.
    baseline
        The variant that kept, gained and lost edges refer to; None takes "plain", or
        the first.
    seed
        Which run is shown; None takes the first.
    weights
        Modality to weight from 0 to 2 in the refined and the sum space; None weighs
        all alike.
    selected
        Ids, or a bool mask, of points that are selected at first.
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
    their ends are farther apart than most points. More than 20,000 points are drawn as
    a sample, which the map states; lasso, search and every number take all.

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
    >>> view.search("d")["id"].tolist()
    ['d']

    Weigh modalities, and colour edges by those that have them:

    >>> both = {"picture": [[0.0], [1.0], [3.0]], "text": [[3.0], [1.0], [0.0]]}
    >>> pair = Embedding.from_arrays([[0.0], [1.0], [3.0]], modalities=both)
    >>> view = explore(pair, k=1, space="sum", layout="pca", edges="by modality")
    >>> view.weights = {"picture": 2, "text": 0.5}
    """
    every = as_variants("spaces", spaces, Embedding, alone="embedding")
    ink(mode)
    atlas = Atlas.of(every, _check.k_neighbors(k, _size(every)))
    names, first = list(every), baseline_of(baseline, every)
    shown = list(dict.fromkeys([first, names[-1]])) if variants is None else variants
    settings = {
        "variants": shown, "k": k, "space": space, "metric": metric, "layout": layout,
        "color": color, "edges": edges, "baseline": first,
        "seed": atlas.seeds(names[0])[0] if seed is None else seed,
    }  # fmt: skip
    if weights is not None:
        settings["weights"] = weights
    view = Explorer(atlas, settings, mode)
    if selected is not None:
        view.select(selected)
    register(view)
    return view


def _size(variants: dict[str, list[Embedding]]) -> int:
    return len(next(iter(variants.values()))[0])
