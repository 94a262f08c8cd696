"""Weighted nearest neighbours beside muon's: ``weighted.py [rows] [--write]``.

muon (0.1.9 and what it needs) is asked for in an environment of its own; where it is
missing the script says so. It searches the rows of the kernel width approximately, by
nearest-neighbour descent, and does not subtract the distance of the nearest neighbour
in its last step (the kernel is ``exp(-d / sigma)`` there); ours is exact and has one
kernel throughout, that of the weights. With ``--write`` the table goes to RESULTS.md.
"""

import importlib.util
import sys
import time
import warnings

import numpy as np
from report import Row, machine, show, table, write_section

from refnet_viz import Embedding
from refnet_viz.graph import knn, weighted_neighbors

MARKS = ("<!-- weighted -->", "<!-- end of weighted -->")
ROWS, K = 1_000, 20


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


def theirs(own: Embedding) -> tuple[np.ndarray, np.ndarray, float]:
    """Return muon's neighbours and weights of the same features, and CPU seconds."""
    import anndata
    import mudata
    import muon
    import scanpy

    parts = {}
    begin = time.process_time()
    for name, x in own.inputs.items():
        unit = x / np.linalg.norm(x, axis=1, keepdims=True)
        part = anndata.AnnData(unit.astype(np.float32))
        scanpy.pp.neighbors(part, n_neighbors=K + 1, use_rep="X")
        parts[name] = part
    data = mudata.MuData(parts)
    muon.pp.neighbors(data, n_neighbors=K, n_multineighbors=200)
    seconds = time.process_time() - begin
    far = data.obsp["distances"].tocsr()
    lists = []
    for i in range(len(own)):
        row = far[i]
        order = row.indices[np.argsort(row.data, kind="stable")]
        lists.append(order[order != i][:K])
    weights = np.column_stack([data.obs[f"{name}:mod_weight"] for name in own.inputs])
    return np.array(lists), weights, seconds


def purity(own: Embedding, lists: np.ndarray) -> float:
    """Return the share of neighbours of the same class."""
    return float((own.labels[lists] == own.labels[:, None]).mean())


def measure(count: int = ROWS) -> list[Row]:
    """Return weights and lists beside muon's."""
    own = cells(count)
    begin = time.process_time()
    graph = weighted_neighbors(own, K)
    spent = time.process_time() - begin
    lists, weights, seconds = theirs(own)
    mine = graph.embedding.diagnostics["weight"]
    same = np.mean(
        [len(set(a) & set(b)) / K for a, b in zip(graph.indices, lists, strict=True)]
    )
    singles = [purity(own, knn(own, K, space=s).indices) for s in own.inputs]
    return [
        Row(
            name="weights of rows, correlation with muon's",
            asked="",
            measured=f"{np.corrcoef(mine[:, 0], weights[:, 0])[0, 1]:.4f}",
            unit=f"(mean difference {np.abs(mine - weights).mean():.4f})",
        ),
        Row(
            name=f"neighbours in common with muon's, k = {K}",
            asked="",
            measured=f"{same:.3f}",
            unit=f"(chance {K / (count - 1):.3f})",
        ),
        Row(
            name="purity: ours, muon's, each modality alone, their sum",
            asked="",
            measured=f"{purity(own, graph.indices):.3f}, {purity(own, lists):.3f}, "
            f"{singles[0]:.3f}, {singles[1]:.3f}, "
            f"{purity(own, knn(own, K, space='sum').indices):.3f}",
            unit="",
        ),
        Row(
            name="CPU seconds, ours and muon's (compilation included)",
            asked="",
            measured=f"{spent:.1f} and {seconds:.1f}",
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
