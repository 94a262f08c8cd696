"""AnnData and MuData come in as their owners mean them, paired by names."""

import warnings

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

import refnet_viz as rv
from refnet_viz.data.cells import quiet

with quiet():
    import mudata

CELLS = [f"cell{i}" for i in range(6)]


def cells(names=CELLS):
    """Row i of everything says i: rna is i, protein 10 * i, counts 100 * i."""
    number = np.array([CELLS.index(name) for name in names], float)
    obs = pd.DataFrame(
        {
            "kind": pd.Categorical(
                [None if n == 5 else ["low", "high"][int(n) % 2] for n in number],
                categories=["low", "high"],
            ),
            "patient": [f"p{int(n) // 2}" for n in number],
            "age": number,
        },
        index=pd.Index(names),
    )
    return anndata.AnnData(
        csr_array(number[:, None] * np.ones((1, 3))).tocsr(),
        obs,
        pd.DataFrame(index=["g1", "g2", "g3"]),
        obsm={
            "protein": pd.DataFrame(
                {"cd3": 10 * number, "cd4": 1.0}, index=pd.Index(names)
            ),
            "pca": number[:, None] * np.ones((1, 2)),
        },
        layers={"counts": 100 * number[:, None] * np.ones((1, 3))},
    )


def whole(join=CELLS, other=CELLS[::-1]):
    with quiet():
        return mudata.MuData({"rna": cells(join), "atac": cells(other)})


def values(data, name):
    return data.modalities[name].values[:, 0].tolist()


def test_an_anndata_is_read_where_it_is_said():
    adata = cells()
    adata.raw = adata
    data = rv.data.from_anndata(
        adata,
        modalities={
            "rna": "X",
            "protein": "obsm/protein",
            "counts": "layers/counts",
            "raw": "raw/X",
            "pca": "obsm/pca",
        },
        labels="kind",
        groups="patient",
    )
    assert data.ids.tolist() == CELLS
    assert data.class_names == ("low", "high")
    assert data.labels.tolist() == [0, 1, 0, 1, 0, -1]
    assert data.groups.tolist() == ["p0", "p0", "p1", "p1", "p2", "p2"]
    assert list(data.metadata) == ["age"]
    assert values(data, "rna") == values(data, "raw") == [0, 1, 2, 3, 4, 5]
    assert values(data, "protein") == [0, 10, 20, 30, 40, 50]
    assert values(data, "counts") == [0, 100, 200, 300, 400, 500]
    assert data.modalities["rna"].features == ("g1", "g2", "g3")
    assert data.modalities["protein"].features == ("cd3", "cd4")
    assert data.modalities["pca"].features == ()


@pytest.mark.parametrize("kind", ["h5ad", "zarr"])
def test_an_anndata_from_a_file(tmp_path, kind):
    path = tmp_path / f"mine.{kind}"
    with quiet():
        cells().write_h5ad(path) if kind == "h5ad" else cells().write_zarr(path)
    data = rv.data.from_anndata(path, modalities={"rna": "X"}, labels="kind")
    assert (data.name, values(data, "rna")) == ("mine", [0, 1, 2, 3, 4, 5])
    assert data.class_names == ("low", "high")
    backed = anndata.read_h5ad(path, backed="r") if kind == "h5ad" else cells()
    again = rv.data.from_anndata(backed, modalities={"rna": "X"}, labels="kind")
    assert again.fingerprint == data.fingerprint or kind == "zarr"


def test_rows_of_a_mudata_are_paired_by_name():
    """mudata 0.3.10 keeps each modality's own order: findings/mudata_rows_*."""
    data = rv.data.from_mudata(whole(), labels="rna:kind")
    assert values(data, "rna") == values(data, "atac")
    assert [f"cell{int(v)}" for v in values(data, "rna")] == data.ids.tolist()
    assert data.present.all()


@pytest.mark.parametrize("kind", ["object", "h5mu", "zarr"])
def test_cells_that_a_modality_lacks_are_not_present(tmp_path, kind):
    mdata = whole(CELLS[:4], CELLS[:1:-1])
    if kind != "object":
        with quiet():
            path = tmp_path / f"m.{kind}"
            mdata.write_h5mu(path) if kind == "h5mu" else mdata.write_zarr(path)
        mdata = path
    data = rv.data.from_mudata(mdata, labels="atac:kind", target="rna:age")
    place = {name: i for i, name in enumerate(data.ids)}
    order = [place[name] for name in CELLS]
    assert data.present[order].tolist() == [
        [True, False],
        [True, False],
        [True, True],
        [True, True],
        [False, True],
        [False, True],
    ]
    assert np.array(values(data, "rna"))[order].tolist() == [0, 1, 2, 3, 0, 0]
    assert np.array(values(data, "atac"))[order].tolist() == [0, 0, 2, 3, 4, 5]
    assert data.labels[order].tolist() == [-1, -1, 0, 1, 0, -1]
    np.testing.assert_array_equal(data.target[order], [0, 1, 2, 3, np.nan, np.nan])


def test_places_in_a_mudata():
    mdata = whole()
    mdata.obsm["factors"] = np.arange(6.0)[:, None] * np.ones((1, 2))
    mdata.obs["sex"] = ["f", "m"] * 3
    data = rv.data.from_mudata(
        mdata,
        modalities={
            "a": "rna",
            "b": "rna/obsm/pca",
            "atac": "layers/counts",
            "f": "obsm/factors",
        },
        labels="sex",
        metadata=["rna:age"],
    )
    assert values(data, "b") == values(data, "a")
    assert values(data, "atac") == [100 * value for value in values(data, "a")]
    assert values(data, "f") == [0, 1, 2, 3, 4, 5]
    assert list(data.metadata) == ["rna:age"]
    assert data.class_names == ("f", "m")


def test_a_column_of_one_modality_needs_no_prefix_and_one_of_two_does():
    mdata = whole()
    with quiet():
        mdata.mod["rna"].obs["only"] = list("ababab")
        mdata.mod["atac"].obs["kind"] = "another"
    assert rv.data.from_mudata(mdata, labels="only").class_names == ("a", "b")
    with pytest.raises(ValueError, match="must say which of 'rna:kind', 'atac:kind'"):
        rv.data.from_mudata(mdata, labels="kind")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda p: rv.data.from_mudata(p / "m.h5mu", modalities={"x": "protein/X"}),
            r"`modalities\['x'\]` must begin with one of 'rna', 'atac'",
        ),
        (
            lambda p: rv.data.from_mudata(p / "m.h5mu", modalities=["protein"]),
            "`modalities` must be one of 'rna', 'atac', got 'protein'",
        ),
        (
            lambda p: rv.data.from_anndata(p / "a.h5ad", modalities={"x": "layers/c"}),
            r"must be one of 'X', 'layers/counts', .*got 'layers/c'",
        ),
        (
            lambda p: rv.data.from_anndata(
                p / "a.h5ad", modalities={"x": "X"}, labels="cell_type"
            ),
            "`labels` must be one of 'kind', 'patient', 'age', got 'cell_type'",
        ),
        (
            lambda p: rv.data.from_anndata(p / "cut.h5ad", modalities={"x": "X"}),
            "`adata` must be an intact file of its kind, got 'cut.h5ad'",
        ),
        (
            lambda p: rv.data.from_mudata(p / "a.zarr"),
            "must hold a MuData, got one that holds an AnnData, which `from_anndata`",
        ),
        (
            lambda p: rv.data.from_anndata(p / "other.zarr", modalities={"x": "X"}),
            "must hold an AnnData, got a zarr folder of another kind: 'other.zarr'",
        ),
        (
            lambda p: rv.data.from_anndata(p, modalities={"x": "X"}),
            "`adata` must be an intact file of its kind|zarr folder of another kind",
        ),
        (
            lambda p: rv.data.from_anndata(p / "none.h5ad", modalities={"x": "X"}),
            "`adata` must be a file or a zarr folder, got",
        ),
        (
            lambda p: rv.data.from_anndata(whole(), modalities={"x": "X"}),
            "got a MuData, which `from_mudata` reads",
        ),
        (
            lambda p: rv.data.from_mudata(cells()),
            "`mdata` must be a MuData or a path to one, got AnnData, which",
        ),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path, call, words):
    import zarr

    with quiet():
        cells().write_h5ad(tmp_path / "a.h5ad")
        cells().write_zarr(tmp_path / "a.zarr")
        whole().write_h5mu(tmp_path / "m.h5mu")
        zarr.open_group(str(tmp_path / "other.zarr"), mode="w")
    content = (tmp_path / "a.h5ad").read_bytes()
    (tmp_path / "cut.h5ad").write_bytes(content[: len(content) // 2])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # What `call` makes itself, of anndata 0.13 beside pandas 3.
        warnings.filterwarnings("ignore", ".*infer_string", Warning)
        with pytest.raises((ValueError, TypeError, FileNotFoundError), match=words):
            call(tmp_path)


def test_a_column_that_modalities_share_is_one_where_they_agree():
    mdata = whole()
    with quiet():
        for part in mdata.mod.values():
            part.obs["shared"] = [f"{name}!" for name in part.obs_names]
    data = rv.data.from_mudata(mdata, labels="shared")
    said = [data.class_names[code] for code in data.labels]
    assert said == [f"{name}!" for name in data.ids]
