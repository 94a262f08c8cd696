"""Weighted nearest neighbours beside muon's: ``weighted.py [rows] [--write]``.

muon (0.1.9 and what it needs) is asked for in an environment of its own; where it is
missing the script says so. It searches the rows of the kernel width approximately, by
nearest-neighbour descent, and does not subtract the distance of the nearest neighbour
in its last step (the kernel is ``exp(-d / sigma)`` there); ours is exact and has one
kernel throughout, that of the weights. pynndescent's Jaccard index, by which muon
chooses the rows of the kernel width, expects sorted column numbers, while scanpy stores
each row by distance: most shared neighbours are missed, and the width is smaller. So
muon runs twice, as it is and with all pairs measured in place of the descent, and then
ours is taken with muon's rows of the width, and with its last kernel. With ``--write``
the table goes to RESULTS.md.
"""

import importlib.util
import sys
import time
import warnings
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
from report import Row, machine, show, table, write_section
from scipy.spatial.distance import cdist

from refnet_viz import Embedding
from refnet_viz._search import nearest
from refnet_viz.graph import knn, weighted_neighbors
from refnet_viz.graph.weighted import _Scale, _strongest, modality_weights

MARKS = ("<!-- weighted -->", "<!-- end of weighted -->")
ROWS, K = 1_000, 20
MUON = "muon's"
EXACT = f"{MUON}, searched exactly"


def cells(count: int, *, seed: int = 0) -> Embedding:
    """Return two modalities, each of which tells other classes apart."""
    rng = np.random.default_rng(seed)
    label = rng.integers(6, size=count)
    centres = rng.normal(size=(2, 6, 12))
    centres[0, :3] = centres[0, 0]  # the first sees no difference among 0, 1, 2
    centres[1, 3:] = centres[1, 3]  # and the second none among 3, 4, 5
    first, second = (c[label] + 0.6 * rng.normal(size=(count, 12)) for c in centres)
    return Embedding.from_arrays(
        np.hstack([first, second]),
        modalities={"first": first, "second": second},
        labels=label,
    )


@dataclass(frozen=True)
class Theirs:
    """What muon finds.

    Parameters
    ----------
    lists
        ``(N, K)`` neighbours, nearest first.
    weights
        ``(N, M)``.
    seconds
        CPU time.
    far
        ``(N, 20)`` of each modality, the rows that give the kernel width.
    """

    lists: np.ndarray
    weights: np.ndarray
    seconds: float
    far: list[np.ndarray]


def theirs(own: Embedding, *, exact: bool) -> Theirs:
    """Return muon's neighbours and weights of the same features.

    Parameters
    ----------
    own
        Features, which are scaled to length 1 as ours are.
    exact
        Whether pairs are all measured, in place of nearest-neighbour descent.
    """
    import anndata
    import mudata
    import muon
    import scanpy
    from muon._core import preproc

    parts = {}
    begin = time.process_time()
    for name, x in own.inputs.items():
        unit = x / np.linalg.norm(x, axis=1, keepdims=True)
        part = anndata.AnnData(unit.astype(np.float32))
        scanpy.pp.neighbors(part, n_neighbors=K + 1, use_rep="X")
        parts[name] = part
    data = mudata.MuData(parts)
    search = all_pairs if exact else preproc.nearest_neighbors
    searched = []

    def recorded(*args: Any, **settings: Any) -> Any:
        searched.append(search(*args, **settings))
        return searched[-1]

    with mock.patch.object(preproc, "nearest_neighbors", recorded):
        muon.pp.neighbors(data, n_neighbors=K, n_multineighbors=200)
    seconds = time.process_time() - begin
    far = data.obsp["distances"].tocsr()
    lists = []
    for i in range(len(own)):
        row = slice(*far.indptr[i : i + 2])
        order = far.indices[row][np.argsort(far.data[row], kind="stable")]
        lists.append(order[order != i][:K])
    weights = np.column_stack([data.obs[f"{name}:mod_weight"] for name in own.inputs])
    rows = [one[0] for one in searched[: len(parts)]]
    return Theirs(np.array(lists), weights, seconds, rows)


def all_pairs(
    x: np.ndarray, n_neighbors: int, metric: Any, metric_kwds: dict[str, Any], **_: Any
) -> tuple[np.ndarray, np.ndarray, None]:
    """Return indices and distances of the nearest rows, in the place of umap's."""
    if metric == "euclidean":
        far = cdist(x, x)
    else:
        values = metric_kwds.values()
        far = np.array([[metric(a, b, *values) for b in x] for a in x])
    order = np.argsort(far, axis=1, kind="stable")[:, :n_neighbors]
    return order, np.take_along_axis(far, order, axis=1), None


def with_theirs(own: Embedding, other: Theirs) -> tuple[np.ndarray, np.ndarray]:
    """Return our weights and lists, with muon's kernel width and last kernel."""
    units = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in own.inputs.values()]
    near = [nearest(x.astype(float), K, metric="euclidean") for x in units]
    scales, last = [], []
    for x, (_, distances), rows in zip(units, near, other.far, strict=True):
        width = np.linalg.norm(x[:, None] - x[rows], axis=2).mean(axis=1)
        scales.append(_Scale(distances[:, 0], width - distances[:, 0]))
        last.append(_Scale(np.zeros(len(x)), width))
    weights = modality_weights(units, [rows for rows, _ in near], scales)
    everyone = [nearest(x.astype(float), 200, metric="euclidean")[0] for x in units]
    return weights, _strongest(units, last, weights, everyone, K)[0]


def in_common(lists: np.ndarray, others: np.ndarray) -> float:
    """Return the mean share of neighbours that two lists of a row have in common."""
    pairs = zip(lists, others, strict=True)
    return float(np.mean([len(set(a) & set(b)) / K for a, b in pairs]))


def purity(own: Embedding, lists: np.ndarray) -> float:
    """Return the share of neighbours of the same class."""
    return float((own.labels[lists] == own.labels[:, None]).mean())


def measure(count: int = ROWS) -> list[Row]:
    """Return weights and lists beside muon's."""
    own = cells(count)
    begin = time.process_time()
    graph = weighted_neighbors(own, K)
    spent = time.process_time() - begin
    mine = graph.embedding.diagnostics["weight"]
    singles = [purity(own, knn(own, K, space=s).indices) for s in own.inputs]
    rows, found = [], {}
    for name in (MUON, EXACT):
        other = found[name] = theirs(own, exact=name == EXACT)
        same = in_common(graph.indices, other.lists)
        rows += [
            Row(
                name=f"weights of {count:,} rows, correlation with {name}",
                asked="",
                measured=f"{np.corrcoef(mine[:, 0], other.weights[:, 0])[0, 1]:.4f}",
                unit=f"(mean difference {np.abs(mine - other.weights).mean():.4f})",
            ),
            Row(
                name=f"neighbours in common with {name}, k = {K}",
                asked="",
                measured=f"{same:.3f}",
                unit=f"(chance {K / (count - 1):.3f})",
            ),
        ]
    weights, lists = with_theirs(own, found[EXACT])
    rows += [
        Row(
            name=f"{EXACT}, and ours with its rows of the width: largest difference of "
            "a weight",
            asked="",
            measured=f"{np.abs(weights - found[EXACT].weights).max():.1e}",
            unit="",
        ),
        Row(
            name="the same, and its last kernel: neighbours in common",
            asked="",
            measured=f"{in_common(lists, found[EXACT].lists):.3f}",
            unit="",
        ),
    ]
    purities = [
        purity(own, graph.indices),
        *(purity(own, other.lists) for other in found.values()),
        *singles,
        purity(own, knn(own, K, space="sum").indices),
    ]
    return [
        *rows,
        Row(
            name=f"purity: ours, {MUON}, {EXACT}, each modality alone, their sum",
            asked="",
            measured=", ".join(f"{value:.3f}" for value in purities),
            unit="",
        ),
        Row(
            name="CPU seconds, ours and muon's (compilation included)",
            asked="",
            measured=f"{spent:.1f} and {found[MUON].seconds:.1f}",
            unit="",
        ),
    ]


def main(words: list[str]) -> None:
    """Measure, print the table, and write it if asked."""
    warnings.simplefilter("ignore")
    if importlib.util.find_spec("muon") is None:
        print("muon is not installed: nothing is measured.", file=sys.stderr)
        return
    counts = [int(word) for word in words if word.isdigit()]
    rows = measure(*counts)
    show(rows)
    if "--write" in words:
        write_section(MARKS, f"{machine()}\n\n{table(rows)}")


if __name__ == "__main__":
    main(sys.argv[1:])
