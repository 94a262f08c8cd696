"""Modalities on disk: the same results as in memory, and few rows read at once."""

import os
import pickle
import sys
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import refnet_viz as rv
from refnet_viz import _streamed
from refnet_viz._linear import logistic, ridge
from refnet_viz._search import nearest
from refnet_viz.data import Dataset, Media, from_anndata, on_disk
from refnet_viz.data import stored as stored_module
from refnet_viz.data.stored import InMemory, Stored, moments
from refnet_viz.graph import attribute, compare, knn

N, CLASSES = 240, 3
FAST = rv.Config(epochs=2, hidden=16, width=8)
ROUNDING = {"rtol": 1e-5, "atol": 2e-6}


class Recorder:
    """A source that remembers how many rows each read returned."""

    def __init__(self, values):
        self.values, self.reads = values, []
        self.shape, self.dtype = values.shape, values.dtype

    def read(self, rows):
        assert (np.diff(rows) > 0).all(), "rows rise: the disk is read in its order"
        self.reads.append(len(rows))
        return self.values[rows]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Blocks of some thirty rows, so that small data have several."""
    monkeypatch.setattr(stored_module, "AT_ONCE", 1_500)
    monkeypatch.setattr(_streamed, "_QUERIES", 400)
    monkeypatch.setattr(_streamed, "_OTHERS", 200)


def tables():
    """Two modalities of numbers with labels in them, of which one has gaps."""
    rng = np.random.default_rng(0)
    labels = rng.integers(CLASSES, size=N)
    a = (rng.normal(size=(N, 12)) + 2 * labels[:, None]).astype(np.float32)
    b = rng.normal(size=(N, 5)) + 3 * np.eye(5)[labels]
    b[7], b[100], a[11] = np.nan, np.nan, a[12]
    return {"a": a, "b": b}, labels


def maps(folder, arrays):
    """Return the same arrays as memory maps."""
    for name, values in arrays.items():
        np.save(folder / f"{name}.npy", values)
    return {n: np.load(folder / f"{n}.npy", mmap_mode="r") for n in arrays}


@pytest.fixture
def both(tmp_path):
    """Return a dataset in memory and the same on disk."""
    arrays, labels = tables()
    return (
        Dataset.from_arrays(arrays, labels=labels),
        Dataset.from_arrays(maps(tmp_path, arrays), labels=labels),
    )


def same_frame(one, other):
    pd.testing.assert_frame_equal(one, other, rtol=1e-4, atol=1e-6)


# The value


def test_rows_come_in_the_order_asked_for_and_repeat():
    values = np.arange(12.0).reshape(6, 2)
    rows = Stored(InMemory(values))
    index = np.array([4, 0, 4, 5])
    np.testing.assert_array_equal(rows[index], values[index])
    np.testing.assert_array_equal(rows[1:3], values[1:3])
    np.testing.assert_array_equal(rows[-1], values[-1])
    np.testing.assert_array_equal(rows[values[:, 0] > 5], values[3:])
    np.testing.assert_array_equal(rows[:, [1]], values[:, [1]])
    taken = rows.take(index).take([3, -1, 0])
    np.testing.assert_array_equal(np.asarray(taken), [values[5], [0, 0], values[4]])
    np.testing.assert_array_equal(np.stack(list(rows)), values)
    with pytest.raises(IndexError):
        rows[6]


@given(st.data())
def test_rows_are_those_that_numpy_takes(data):
    values = np.arange(21.0).reshape(7, 3)
    rows, expected = Stored(Recorder(values)), values
    for _ in range(data.draw(st.integers(1, 3))):
        places = st.integers(-1, len(expected) - 1)
        index = np.array(data.draw(st.lists(places, min_size=1, max_size=9)))
        rows = rows.take(index)
        expected = np.where(index[:, None] < 0, 0.0, expected[index])
        np.testing.assert_array_equal(rows.read(), expected)


def test_moments_of_blocks_are_those_of_all_rows():
    values = np.random.default_rng(0).normal(3, 2, size=(500, 3))
    mean, variance = moments(Stored(InMemory(values)))
    np.testing.assert_allclose(mean, values.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(variance, values.var(axis=0), rtol=1e-13)


def test_equal_numbers_have_no_variance_however_blocks_are_rounded():
    values = np.full((500, 3), [0.1, 1e6 + 0.1, 0.0])
    mean, variance = moments(Stored(InMemory(values)))
    np.testing.assert_allclose(mean, values[0], rtol=1e-13)
    assert not variance.any()


def test_all_rows_are_read_only_if_there_is_room(monkeypatch):
    rows = Stored(InMemory(np.ones((1000, 4))), name="rna")
    monkeypatch.setattr("refnet_viz._memory.available", lambda: 2.0**10)
    with pytest.raises(MemoryError, match="`rna` must fit into memory: reading all"):
        np.asarray(rows)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_neighbours_read_in_blocks_have_the_same_bits(metric):
    rng = np.random.default_rng(1)
    points = np.repeat(rng.normal(size=(90, 3)).round(1), 2, axis=0)
    points[:4] = 0
    index = rng.permutation(len(points))
    for k in (1, 4, len(points) - 1):
        expected = nearest(points[index], k, metric=metric)
        got = _streamed.nearest_read(
            Stored(InMemory(points)).take(index), k, metric=metric
        )
        np.testing.assert_array_equal(got[0], expected[0])
        np.testing.assert_array_equal(got[1], expected[1])


# Verbs


def test_fit_and_embed_are_those_of_data_in_memory(both):
    inside, outside = both
    assert outside.modalities["a"].on_disk
    assert inside.fingerprint == outside.fingerprint
    for config in (FAST, replace(FAST, refiner=0), replace(FAST, targets="features")):
        one, other = (rv.fit(data, config, progress=False) for data in both)
        np.testing.assert_allclose(one.history, other.history, **ROUNDING)
        np.testing.assert_array_equal(one.train_rows, other.train_rows)
        near, far = (
            rv.embed(run, data.test)
            for run, data in zip((one, other), both, strict=True)
        )
        assert isinstance(far.inputs["a"], Stored)
        np.testing.assert_allclose(near.z, far.z, **ROUNDING)
        np.testing.assert_array_equal(near.held_out, far.held_out)
        for part in ("inputs", "targets", "decoded", "unimodal"):
            features, stored = getattr(near, part), getattr(far, part)
            assert list(features) == list(stored)
            for name, values in features.items():
                np.testing.assert_allclose(values, np.asarray(stored[name]), **ROUNDING)
        some = far.subset([3, 1])
        np.testing.assert_array_equal(some.inputs["b"][[0]], far.inputs["b"][[3]])


def test_pretraining_validates_in_blocks(both):
    one, other = (rv.pretrain(data, FAST, progress=False) for data in both)
    np.testing.assert_allclose(one.history, other.history, **ROUNDING)


def test_graphs_attribution_and_comparison_are_the_same(both):
    run = rv.fit(both[0], FAST, progress=False)
    near, far = (rv.embed(run, data.test) for data in both)
    for space in ("a", "b", "sum", "refined"):
        one, other = knn(near, 5, space=space), knn(far, 5, space=space)
        np.testing.assert_array_equal(one.indices, other.indices)
        np.testing.assert_allclose(one.distances, other.distances, **ROUNDING)
    one, other = (attribute(knn(e, 5)) for e in (near, far))
    for part in ("patterns", "summary", "table", "points", "hubs", "responsibility"):
        same_frame(getattr(one, part), getattr(other, part))
    same_frame(one.lipschitz, other.lipschitz)
    same_frame(*(rv.responsibility.scores_by_class(e) for e in (near, far)))
    one, other = (compare({"plain": knn(e, 5)}, permutations=5) for e in (near, far))
    same_frame(one, other)


def test_features_beside_own_vectors_stay_on_disk(tmp_path):
    arrays, labels = tables()
    z = arrays["a"][:, :2]
    near, far = (
        rv.Embedding.from_arrays(z, modalities=values, labels=labels)
        for values in (arrays, maps(tmp_path, arrays))
    )
    assert isinstance(far.inputs["b"], Stored)
    for name, values in near.inputs.items():
        np.testing.assert_allclose(values, np.asarray(far.inputs[name]), **ROUNDING)
    one, other = (attribute(knn(e, 5)) for e in (near, far))
    same_frame(one.table, other.table)
    same_frame(
        rv.responsibility.scores(rv.responsibility.cross_fit(near)),
        rv.responsibility.scores(rv.responsibility.cross_fit(far)),
    )


def same_info(one, other):
    """Compare what rails say of themselves; numbers up to rounding."""
    assert list(one) == list(other)
    for name, value in one.items():
        if isinstance(value, dict):
            mine, others = (
                {key: x for key, x in info.items() if key != "words"}
                for info in (value, other[name])
            )
            assert mine == pytest.approx(others, abs=0.02)
        else:
            assert value == other[name]


@pytest.mark.parametrize("weights", ["none", "balanced"])
def test_rails_are_the_same(both, weights):
    one, other = (rv.rails(data, class_weights=weights) for data in both)
    for name, rail in one.items():
        same_info(rail.info, other[name].info)
        np.testing.assert_array_equal(rail.predictions, other[name].predictions)
        np.testing.assert_allclose(rail.scores, other[name].scores, atol=1e-3)
        np.testing.assert_allclose(rail.z, np.asarray(other[name].z), **ROUNDING)
    graphs = {"plain": knn(one["a only"], 4)}
    tables = [compare(graphs, rails=rails, permutations=2) for rails in (one, other)]
    same_frame(*tables)


def test_rails_of_a_target_are_the_same(tmp_path):
    arrays, labels = tables()
    target = labels + np.random.default_rng(0).normal(size=N)
    one, other = (
        rv.rails(Dataset.from_arrays(values, target=target))
        for values in (arrays, maps(tmp_path, arrays))
    )
    for name, rail in one.items():
        same_info(rail.info, other[name].info)
        np.testing.assert_allclose(
            rail.predicted, other[name].predicted, rtol=1e-6, atol=1e-6
        )


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("weight", [None, "balanced"])
def test_linear_models_in_blocks_are_those_of_scikit_learn(classes, weight):
    rng = np.random.default_rng(0)
    labels = rng.integers(classes, size=150)
    x = rng.normal(size=(150, 4)) + labels[:, None]
    rows = Stored(InMemory(x))
    one, other = (logistic(v, labels, 0.1, 5, class_weight=weight) for v in (x, rows))
    np.testing.assert_allclose(one(x), other(rows), atol=1e-4)
    one, other = (ridge(v, labels.astype(float), 3.0) for v in (x, rows))
    np.testing.assert_allclose(one(x), other(rows), rtol=1e-9)


def test_few_rows_are_read_at_once():
    arrays, labels = tables()
    source = Recorder(arrays["a"])
    data = Dataset.from_arrays({"a": on_disk(source), "b": arrays["b"]}, labels=labels)
    run = rv.fit(data, FAST, progress=False)
    embedding = rv.embed(run, data.test, batch_size=32)
    graph = knn(embedding, 4)
    attribution = attribute(graph)
    assert len(attribution.table)
    assert len(attribution.responsibility)
    rv.rails(data)
    compare({"plain": graph}, permutations=2)
    most = max(FAST.batch_size, 1_500 // (4 * 12))
    assert sum(source.reads) > 10 * N
    assert max(source.reads) <= most < 0.3 * N


# Kinds


def test_pictures_sequences_and_tokens_stay_on_disk(tmp_path):
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    arrays = {
        "picture": rng.integers(0, 255, (60, 3, 8, 8)).astype(np.uint8),
        "sound": rng.normal(size=(60, 4, 3)),
        "words": rng.integers(0, 9, (60, 5)),
    }
    mask = rng.random((60, 5)) < 0.8
    mask[:, 0] = True
    values = []
    for part in (arrays, maps(tmp_path, arrays)):
        pairs = {**part, "words": (part["words"], mask)}
        data = Dataset.from_arrays(pairs, labels=labels)
        run = rv.fit(data, FAST, progress=False)
        values.append((data, run, rv.embed(run, data.test), rv.rails(data)))
    (one, first, near, rails), (other, second, far, railed) = values
    assert all(modality.on_disk for modality in other.modalities.values())
    assert one.fingerprint == other.fingerprint
    np.testing.assert_allclose(first.history, second.history, **ROUNDING)
    np.testing.assert_allclose(near.z, far.z, **ROUNDING)
    for name, rail in rails.items():
        np.testing.assert_allclose(rail.z, railed[name].z, **ROUNDING)
    same_frame(one.leaks(), other.leaks())


def test_parts_of_maps_are_read_where_they_lie(tmp_path):
    values = np.arange(40.0).reshape(10, 4)
    whole = maps(tmp_path, {"x": values})["x"]
    for part in (slice(2, 9), slice(1, None, 3)):
        np.testing.assert_array_equal(np.asarray(on_disk(whole[part])), values[part])
    raw = np.memmap(tmp_path / "raw", np.float32, "w+", offset=12, shape=(5, 2))
    raw[:] = np.arange(10).reshape(5, 2)
    raw.flush()
    np.testing.assert_array_equal(on_disk(raw)[[3]], [[6, 7]])
    with pytest.raises(ValueError, match="side by side on disk"):
        on_disk(whole[:, ::2])
    again = pickle.loads(pickle.dumps(on_disk(whole)))
    np.testing.assert_array_equal(again[[9]], values[[9]])


def test_shards_are_one_modality(tmp_path):
    values = np.arange(24.0).reshape(8, 3)
    paths = [tmp_path / "0.npy", tmp_path / "1.npy", tmp_path / "2.npy"]
    for path, part in zip(paths, np.split(values, [2, 5]), strict=True):
        np.save(path, part)
    rows = on_disk(paths)
    np.testing.assert_array_equal(rows[[7, 0, 3]], values[[7, 0, 3]])
    paths[1].unlink()
    with pytest.raises(FileNotFoundError, match=r"'1.npy' must stay where it is"):
        rows[[3]]
    with pytest.raises(
        FileNotFoundError, match=r"`source` must be a file, got .*1.npy"
    ):
        on_disk(paths)


def test_parquet_is_unpacked_once_and_removed(tmp_path):
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame(np.arange(60.0).reshape(20, 3), columns=["u", "v", "w"])
    for number in range(2):
        frame[10 * number : 10 * number + 10].to_parquet(tmp_path / f"{number}.parquet")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    rows = on_disk(tmp_path, ["u", "w"], scratch=scratch)
    np.testing.assert_array_equal(np.asarray(rows), frame[["u", "w"]])
    data = Dataset.from_arrays({"x": rows})
    assert data.modalities["x"].features == ("u", "w")
    assert data.fingerprint == Dataset.from_arrays({"x": frame[["u", "w"]]}).fingerprint
    assert len(list(scratch.iterdir())) == 1
    del rows, data
    assert not list(scratch.iterdir())
    frame.assign(z=[[1.0, 2.0]] * 20)[["z"]].to_parquet(tmp_path / "lists.parquet")
    assert on_disk(tmp_path / "lists.parquet").shape == (20, 2)


@pytest.mark.parametrize("packed", [False, True])
def test_hdf5_and_backed_cells_are_read_from_their_file(tmp_path, packed):
    anndata = pytest.importorskip("anndata")
    x = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    adata = anndata.AnnData(x, obsm={"p": np.ones((30, 2))})
    adata.write_h5ad(tmp_path / "cells.h5ad", compression="gzip" if packed else None)
    rows = on_disk(tmp_path / "cells.h5ad", "X")
    np.testing.assert_array_equal(np.asarray(rows), x)
    assert ("cells.h5ad" in str(rows.source.path)) == (not packed)
    backed = anndata.read_h5ad(tmp_path / "cells.h5ad", backed="r")
    data = Dataset.from_arrays({"rna": backed})
    assert data.modalities["rna"].on_disk
    assert data.ids.tolist() == adata.obs_names.tolist()
    assert data.fingerprint == Dataset.from_arrays({"rna": adata}).fingerprint
    cells = from_anndata(backed, modalities={"rna": "X", "protein": "obsm/p"})
    assert cells.modalities["rna"].on_disk
    assert cells.modalities["rna"].features == ("0", "1", "2", "3")
    backed.file.close()


def test_zarr_arrays_are_unpacked(tmp_path):
    zarr = pytest.importorskip("zarr")
    values = np.random.default_rng(0).normal(size=(50, 3))
    group = zarr.open_group(str(tmp_path / "x.zarr"), mode="w")
    array = group.create_array("X", shape=values.shape, chunks=(7, 3), dtype="f8")
    array[:] = values
    np.testing.assert_array_equal(np.asarray(on_disk(tmp_path / "x.zarr")), values)
    nested = group.create_array("obsm/p", shape=(2, 2), chunks=(2, 2), dtype="f8")
    assert on_disk(tmp_path / "x.zarr", key="obsm/p").shape == nested.shape
    data = Dataset.from_arrays({"a": array})
    assert data.modalities["a"].on_disk
    assert data.fingerprint == Dataset.from_arrays({"a": values}).fingerprint


def test_rows_added_after_zarr_was_consolidated_are_read(tmp_path):
    """zarr 3.1.6: a group's consolidated metadata tell the old shape for ever."""
    zarr = pytest.importorskip("zarr", "3")
    path = tmp_path / "x.zarr"
    group = zarr.open_group(str(path), mode="w")
    group.create_array("X", data=np.ones((3, 2)))
    with warnings.catch_warnings(action="ignore"):
        zarr.consolidate_metadata(str(path))
    zarr.open_array(str(path / "X"), mode="r+").append(np.full((2, 2), 5.0))
    assert zarr.open_group(str(path), mode="r")["X"].shape == (3, 2)
    assert np.asarray(on_disk(path))[:, 0].tolist() == [1, 1, 1, 5, 5]


# Bad input


def test_a_map_that_shrinks_is_refused_without_a_signal(tmp_path):
    arrays, labels = tables()
    values = maps(tmp_path, arrays)
    data = Dataset.from_arrays(values, labels=labels)
    os.truncate(tmp_path / "a.npy", 1000)
    with pytest.raises(ValueError, match=r"'a.npy' must stay as it is .* shorter"):
        rv.fit(data, FAST, progress=False)
    with pytest.raises(ValueError, match="`a` must be as long as it says"):
        Dataset.from_arrays(values, labels=labels)


def test_a_file_that_changes_between_fit_and_embed_is_refused(tmp_path):
    arrays, labels = tables()
    data = Dataset.from_arrays(maps(tmp_path, arrays), labels=labels)
    run = rv.fit(data, FAST, progress=False)
    np.save(tmp_path / "a.npy", arrays["a"] + 1)
    with pytest.raises(ValueError, match=r"'a.npy' must stay .* open it anew"):
        rv.embed(run, data.test)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_named_by_row_and_column(tmp_path, bad):
    arrays, labels = tables()
    arrays["a"][130, 3] = bad
    message = rf"`a` must hold finite numbers only, got {bad} in row 130, column 3"
    for values in (arrays, maps(tmp_path, arrays)):
        with pytest.raises(ValueError, match=message):
            Dataset.from_arrays(values, labels=labels)


def test_rows_that_differ_in_number_are_refused(tmp_path):
    arrays, _ = tables()
    arrays["b"] = arrays["b"][:-1]
    with pytest.raises(
        ValueError, match=r"`b` must have as many rows as `a` \(240\), got 239"
    ):
        Dataset.from_arrays(maps(tmp_path, arrays))


def test_no_room_to_unpack_is_said_beforehand(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    pd.DataFrame({"u": [1.0, 2.0]}).to_parquet(tmp_path / "x.parquet")
    usage = type("Usage", (), {"free": 1})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(OSError, match="`scratch` must have room to unpack `source`"):
        on_disk(tmp_path / "x.parquet")


@pytest.mark.parametrize(
    ("name", "package"),
    [("x.h5", "h5py"), ("x.zarr", "zarr"), ("x.parquet", "pyarrow")],
)
def test_a_package_that_is_missing_is_one_sentence(
    tmp_path, monkeypatch, name, package
):
    (tmp_path / name).touch()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=f"`source` needs {package}: pip install"):
        on_disk(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not numpy", "`source` must be a whole file, got 'x.npy'"),
        (b"", "`source` must be a whole file, got 'x.npy'"),
    ],
)
def test_damaged_files_are_one_sentence(tmp_path, content, message):
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        on_disk(tmp_path / "x.npy")
    with pytest.raises(ValueError, match="must end in one of"):
        on_disk(__file__)
    with pytest.raises(TypeError, match="must be a path, a memory map"):
        on_disk(3)


# Media, and what has to hold all rows


def test_pictures_stay_on_disk_until_they_are_looked_at(tmp_path):
    image = pytest.importorskip("PIL.Image")
    paths = []
    for number in range(3):
        paths.append(tmp_path / f"{number}.png")
        image.new("RGB", (200, 100), (number, 0, 0)).save(paths[-1])
    entries = [*map(str, paths), None]
    now, later = Media(entries), Media(entries, on_disk=True)
    assert list(later.pictures) == list(now.pictures)
    data = Dataset.from_arrays({"a": np.eye(4)}, media=later)
    part = data.subset([3, 2]).media.pictures
    paths[0].unlink()
    assert (part[0], part[1]) == (b"", now.pictures[2])
    with pytest.warns(UserWarning, match=r"0.png' in row 0 .* It is left out"):
        assert later.pictures[0] == b""
    with pytest.raises(ValueError, match=r"`pictures` must name files that are there"):
        Media(entries, on_disk=True)
    with pytest.raises(TypeError, match="must be paths to be left on disk, got bytes"):
        Media([b"1"], on_disk=True)


def test_saving_holds_all_rows_and_loads_them_into_memory(both, tmp_path):
    run = rv.fit(both[1], FAST, progress=False)
    embedding = rv.embed(run, both[1].test)
    assert embedding.digest == embedding.subset(np.arange(len(embedding))).digest
    rv.save(embedding, tmp_path / "saved")
    again = rv.load(tmp_path / "saved")
    np.testing.assert_array_equal(again.inputs["a"], np.asarray(embedding.inputs["a"]))
