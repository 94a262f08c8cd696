"""Embeddings go out as scanpy, mudata and embedding-atlas read them."""

import warnings

import anndata
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import refnet_viz as rv
from refnet_viz.data.cells import quiet

with quiet():
    import mudata
    import scanpy as sc


@pytest.fixture
def blobs():
    """Two groups of ten points far apart, one row unlabelled, odd metadata."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 3)) + np.repeat([0, 30], 10)[:, None]
    metadata = pd.DataFrame(
        {
            "a/b": range(20),
            "tags": [["x", "y"]] * 20,
            "when": pd.date_range("2026-01-01", periods=20),
            "note": [None, *map(str, range(19))],
            "label": ["mine"] * 20,
        }
    )
    present = np.ones((20, 1), dtype=bool)
    present[0] = False
    return rv.Embedding.from_arrays(
        x,
        modalities={"rna": x},
        present=present,
        metadata=metadata,
        labels=[None, *["low"] * 9, *["high"] * 10],
        class_names=["low", "high"],
        ids=[f"c{i}" for i in range(20)],
    )


def test_scanpy_reads_the_graph(tmp_path, blobs):
    path = rv.save(blobs, tmp_path / "x.h5ad")
    adata = anndata.read_h5ad(path)
    assert adata.obs_names.tolist() == blobs.ids.tolist()
    np.testing.assert_array_equal(adata.obsm["X_latent"], blobs.z)
    assert np.isnan(adata.obsm["rna"][0]).all()
    graph = rv.knn(blobs)
    assert (adata.obsp["distances"] != graph.adjacency("directed", "distance")).nnz == 0
    weights = graph.adjacency("union", "similarity")
    assert abs(adata.obsp["connectivities"] - weights).max() < 1e-12
    with quiet():
        assert sc.Neighbors(adata).n_neighbors == 16
        sc.tl.umap(adata, maxiter=5)
        sc.tl.diffmap(adata, n_comps=3)
    assert adata.obsm["X_umap"].shape == (20, 2)


def test_what_is_known_of_a_row_comes_back(tmp_path, blobs):
    """anndata 0.12.19 writes a key with a slash that it cannot read: `write_h5ad`."""
    obs = anndata.read_h5ad(rv.save(blobs, tmp_path / "x.h5ad")).obs
    assert obs["a_b"].tolist() == list(range(20))
    assert set(obs["tags"]) == {'["x", "y"]'}
    assert str(obs["when"].iloc[1]) == "2026-01-02T00:00:00"
    assert obs["note"].isna().tolist() == [True] + [False] * 19
    assert set(obs["label"]) == {"mine"}
    ours = obs["label (refnet_viz)"]
    assert ours.cat.ordered
    assert ours.cat.categories.tolist() == ["low", "high"]
    assert ours.isna().tolist() == [True] + [False] * 19
    assert obs["has rna"].tolist() == ["no"] + ["yes"] * 19


def test_several_embeddings(tmp_path, blobs):
    turned = blobs.reordered(blobs.ids[::-1])
    spaces = {"plain": blobs, "both": turned}
    adata = anndata.read_h5ad(rv.save(spaces, tmp_path / "x.h5ad"))
    np.testing.assert_array_equal(adata.obsm["X_both"], adata.obsm["X_plain"])
    assert adata.uns["both"]["connectivities_key"] == "both_connectivities"
    difference = adata.obsp["both_distances"] - adata.obsp["plain_distances"]
    assert abs(difference).max() < 1e-9
    with quiet():
        mdata = mudata.read_h5mu(rv.save(spaces, tmp_path / "x.h5mu"))
    assert set(mdata.mod) == {"plain", "both", "rna"}
    assert mdata.mod["rna"].n_obs == 19
    again = rv.data.from_mudata(tmp_path / "x.h5mu", modalities=["plain", "both"])
    one, other = (m.values for m in again.modalities.values())
    np.testing.assert_array_equal(one, other)


def test_graphs_that_are_handed_over(blobs):
    adata = blobs.to_anndata(
        {"near": rv.knn(blobs, k=3), "rna": rv.knn(blobs, k=2, space="rna")}
    )
    assert set(adata.obsp) == {
        "near_distances",
        "near_connectivities",
        "rna_distances",
        "rna_connectivities",
    }
    assert adata.obsp["rna_distances"][0].nnz == 0
    assert adata.obsp["near_distances"][0].nnz == 3
    assert not blobs.to_anndata({}).obsp


def test_the_table_of_points(tmp_path, blobs):
    table = pq.read_table(rv.save(blobs, tmp_path / "x.parquet"))
    assert {"id", "x", "y", "neighbors", "a_b", "label"} <= set(table.column_names)
    graph = rv.knn(blobs)
    for row, line in enumerate(table["neighbors"].to_pylist()):
        assert line["ids"] == [row, *graph.indices[row].tolist()]
        assert line["distances"] == [0.0, *graph.distances[row].tolist()]
    assert table["id"].to_pylist() == blobs.ids.tolist()


def test_a_failed_write_keeps_the_old_file(tmp_path, blobs, monkeypatch):
    path = tmp_path / "x.h5ad"
    path.write_bytes(b"old")
    monkeypatch.setattr(anndata.AnnData, "write_h5ad", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        rv.save(blobs, path)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["x.h5ad"]


def test_nothing_warns(tmp_path, blobs):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rv.save(blobs, tmp_path / "x.h5ad")
        rv.save(blobs, tmp_path / "x.h5mu")
