"""`explore`: look at embeddings in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..data.dataset import Dataset
from ..explorer.view import View
from .explorer import Explorer
from .lifetime import register


def explore(  # noqa: PLR0913 (all by name)
    spaces: Any,
    *,
    data: Dataset | None = None,
    neighbors: Any = None,
    layouts: Any = None,
    variants: Sequence[str] | None = None,
    k: int | None = None,
    space: str = "latent",
    layout: str = "aligned",
    color: str = "label",
    baseline: str | None = None,
    seed: Any = None,
    mode: str = "auto",
) -> Explorer:
    """Look at embeddings in a notebook: maps, neighbours and points, linked.

    Parameters
    ----------
    spaces
        What `knn` takes: an Embedding or vectors of your own, a list of them (one a
        seed), or a mapping from variants to one or several; all of the same points, in
        any order. Or runs in these shapes, with
        their `data`; or a folder that `rv.save` wrote.
    data
        The data of the runs; their test rows are shown. With it, another variant can
        be trained from the explorer, also beside embeddings.
    neighbors
        Graphs that exist, so that they are not searched again: a Neighbors, or a
        mapping from variants to one or a list (spaces, seeds), each of the points of an
        embedding here (see `Neighbors.from_embedding` for lists of another tool). No
        map then shows more neighbours than the smallest has, and the recall of
        approximate ones is said. None searches.
    layouts
        What `project` returned for `spaces`, shown where `layout` is their method
        ("aligned" for rows placed `onto` a layout). None computes them.
    variants
        Which of them are shown side by side, one to four; None takes the baseline and
        the last one.
    k
        Neighbours a point, not counting the point itself; None takes 15, or as many
        as every point has.
    space
        "latent", "refined", a modality or "sum": where neighbours are looked for.
    layout
        "aligned" (every map begins at that of the first embedding, so that places can
        be compared; PCA is shown until it is ready), "umap" (each by itself) or "pca".
    color
        "label", "prediction", "correct", "confidence" (largest class probability),
        "purity", "rewiring", "in-degree" (hubs are high), "responsibility: <modality>"
        (where a refiner answered for rows it was not trained on) or a column of the
        metadata.
    baseline
        The variant that kept, gained and lost edges refer to; None takes "plain", or
        the first.
    seed
        Which run is shown; None takes the first.
    mode
        "light", "dark", or "auto": as the notebook is, or else the system, also when
        that changes. What is saved or left in a notebook is then light.

    Returns
    -------
    Explorer
        Shown by a notebook cell that ends with it. Running the cell again closes
        what it made before; one that is not shown is closed when
        nothing refers to it. Every control is an attribute that can be set, such as
        ``view.edges = "gained"``.

    Notes
    -----
    In a notebook the points are shown at once, by PCA; neighbours, numbers, layouts
    and seed bands follow while other cells run, and a line says what is being computed.
    What Python asks for, such as ``view.selected``, is computed when it asks.
    Neighbours and layouts of a saved comparison that took longer than half a second
    are kept in its folder, and read the next time.

    In the spaces "refined" and "sum" a slider a modality says how much it counts;
    points stay where equal weights lay them out, so that only edges and numbers move.
    Edges "by modality" have the colour of the modalities in whose own graphs they are
    too, beside the shares that chance would give, and are dashed where by some modality
    their ends are farther apart than most points.

    A map of more than 20,000 points shows on each pixel the mean colour of its points,
    the more opaque the more they are. All points are drawn, up to a million; of more a
    sample, which the map states, while lasso, search and every number take all. Edges
    are drawn as far as they are 20,000, and the map says of how many. Neighbours of
    more than 200,000 points, and layouts but PCA of more than 100,000, are computed
    when a button, or a setting that needs them, asks for them.

    Raises
    ------
    TypeError
        If `spaces` holds anything but embeddings or runs, or runs come without data,
        or `neighbors` or `layouts` something else.
    ValueError
        If ids differ between embeddings, or an argument is none of the above; if a
        graph or layout is of other ids or points, lacks a neighbour, has a point as its
        own neighbour, or has fewer neighbours than `k`.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> line = Embedding.from_arrays([[0.0], [1.0], [3.0], [7.0]], ids=list("abcd"))
    >>> view = explore(line, k=1, layout="pca")
    >>> view.select(["c", "a"])
    >>> view.selected["id"].tolist()
    ['a', 'c']
    >>> view.search("d")["id"].tolist()
    ['d']

    Graphs and layouts that exist are not computed again:

    >>> from refnet_viz import knn, project
    >>> view = explore(line, neighbors=knn(line, 2), layouts=project(line, "pca"),
    ...                layout="pca")
    >>> view.k
    2

    New rows on the map of the old ones:

    >>> old, layout = line, project(line, "pca")
    >>> both = old.joined(Embedding.from_arrays([[5.0]], ids=["e"]))
    >>> view = explore(both, layouts=project(both, onto=(layout, old)), color="rows")
    >>> view.search("new")["id"].tolist()
    ['e']

    Weigh modalities, and colour edges by those that have them:

    >>> both = {"picture": [[0.0], [1.0], [3.0]], "text": [[3.0], [1.0], [0.0]]}
    >>> pair = Embedding.from_arrays([[0.0], [1.0], [3.0]], modalities=both)
    >>> view = explore(pair, k=1, space="sum", layout="pca")
    >>> view.weights = {"picture": 2, "text": 0.5}
    >>> view.edges = "by modality"
    """
    settings = {
        "variants": variants,
        "k": k,
        "space": space,
        "layout": layout,
        "color": color,
        "baseline": baseline,
        "seed": seed,
        "mode": mode,
    }
    view = View.of(spaces, settings, data, neighbors=neighbors, layouts=layouts)
    explorer = Explorer(view.store, view.state, data=data)
    register(explorer)
    return explorer
