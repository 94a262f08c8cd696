"""Calibrated scores beside those of the package calibrated-similarity.

``python tests/benchmarks/calibrated.py [--write]``, after ``pip install
calibrated-similarity``. The package gets vectors and, for each measure, a function of
vectors that searches their graphs; both permute the same rows.
"""

import datetime
import sys

import numpy as np
import torch
from calibrated_similarity import __version__, calibrate
from report import Row, table, write_section

import refnet_viz as rv
from refnet_viz.graph import calibrated_similarity
from refnet_viz.graph.calibrated import permuted_rows
from refnet_viz.graph.compare_pairs import MEASURES

MARKS = ("<!-- calibrated -->", "<!-- end of calibrated -->")
N, K, PERMUTATIONS = 300, 15, 100


def measure() -> list[Row]:
    """Return the largest difference of score, p and critical value by measure."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 8)).astype(np.float32)
    others = {
        "related": x + rng.normal(size=x.shape).astype(np.float32),
        "unrelated": rng.normal(size=(N, 20)).astype(np.float32),
    }
    rows: list[Row] = []
    for kind, y in others.items():
        graphs = {"x": rv.knn(x, K), "y": rv.knn(y, K)}
        ours = calibrated_similarity(graphs, permutations=PERMUTATIONS)
        for row in ours.itertuples():
            orders = iter(permuted_rows(graphs["y"], PERMUTATIONS, 0))

            def similarity(a: torch.Tensor, b: torch.Tensor) -> float:
                return MEASURES[row.metric](rv.knn(a.numpy(), K), rv.knn(b.numpy(), K))  # noqa: B023

            theirs = calibrate(
                torch.tensor(x),
                torch.tensor(y),
                similarity,
                K=PERMUTATIONS,
                perm_fn=lambda n, device: torch.tensor(next(orders)),  # noqa: B023
            )
            pairs = zip((row.calibrated, row.p, row.critical), theirs, strict=True)
            apart = max(abs(a - float(b)) for a, b in pairs)
            rows.append(
                {
                    "name": f"{row.metric}, {kind}: score {row.calibrated:.3f}, "
                    "largest difference of score, p and critical value",
                    "asked": "0 (single precision)",
                    "measured": f"{apart:.1e}",
                    "unit": "",
                }
            )
    return rows


if __name__ == "__main__":
    date = datetime.datetime.now(tz=datetime.UTC).date()
    text = (
        f"Measured on {date}, calibrated-similarity {__version__}, {N} rows, k = {K}, "
        f"{PERMUTATIONS} permutations.\n\n{table(measure())}"
    )
    print(text)
    if "--write" in sys.argv:
        write_section(MARKS, text)
