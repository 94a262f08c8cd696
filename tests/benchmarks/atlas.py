"""Whether embedding-atlas reads our parquet as it is meant.

``pip install --no-deps --target DIR embedding-atlas``, then
``python tests/benchmarks/atlas.py DIR``: its own graph metrics read the neighbours that
`rv.save` wrote, and must count the same in-degrees as we do. (Its other dependencies,
a server among them, are not needed for that.)
"""

import importlib
import sys
import tempfile
import types
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd

import refnet_viz as rv


def main(folder: str) -> None:
    """Compare in-degrees, and print what was compared."""
    # Its __init__ wants the server: the module of graph metrics is taken alone.
    package = types.ModuleType("embedding_atlas")
    package.__path__ = [str(Path(folder) / "embedding_atlas")]
    sys.modules["embedding_atlas"] = package
    sys.path.append(folder)
    theirs = importlib.import_module("embedding_atlas.graph_metrics")
    points = np.random.default_rng(0).normal(size=(500, 8))
    own = rv.Embedding.from_arrays(points, ids=[f"p{i}" for i in range(500)])
    with tempfile.TemporaryDirectory() as place:
        table = pd.read_parquet(rv.save(own, Path(place) / "points.parquet"))
    degrees = theirs.compute_degree_columns(table, neighbors="neighbors")
    ours = np.bincount(rv.knn(own).indices.ravel(), minlength=500)
    assert np.array_equal(np.asarray(degrees[0]), ours)
    version = metadata.version("embedding-atlas")
    print(f"embedding-atlas {version}: in-degrees of 500 points equal")


if __name__ == "__main__":
    main(sys.argv[1])
