"""Multi-view MATLAB files of the literature come in as their owners mean them."""

import h5py
import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import csc_array, csc_matrix

import refnet_viz as rv
from refnet_viz.data.matfile import read_variables

N = 6
ONE = np.arange(N * 3.0).reshape(N, 3)
TWO = ONE[:, :2] + 100
LABELS = np.array([[1], [2], [1], [2], [1], [4]])


def cell(*entries, column=False):
    values = np.empty((len(entries), 1) if column else (1, len(entries)), dtype=object)
    values.ravel()[:] = entries
    for place, entry in enumerate(entries):
        values[(place, 0) if column else (0, place)] = entry
    return values


def same(data, *views, names=("view1", "view2")):
    assert tuple(data.modalities) == names
    for modality, view in zip(data.modalities.values(), views, strict=True):
        np.testing.assert_array_equal(modality.values, view)


@pytest.mark.parametrize("column", [True, False])
@pytest.mark.parametrize("label", ["y", "Y", "gt", "gnd", "truth", "true_label"])
def test_views_in_a_cell(tmp_path, column, label):
    savemat(tmp_path / "a.mat", {"X": cell(ONE, TWO, column=column), label: LABELS})
    data = rv.data.from_mat(tmp_path / "a.mat")
    same(data, ONE, TWO)
    assert data.class_names == ("1", "2", "4")
    assert data.labels.tolist() == [0, 1, 0, 1, 0, 2]
    assert data.info["source"][0]["labels"] == label


def test_sparse_views_turned_and_labels_for_each_view(tmp_path):
    views = cell(csc_matrix(ONE.T), csc_matrix(TWO.T))
    both = cell(LABELS, LABELS)
    savemat(tmp_path / "bbc.mat", {"data": views, "truelabel": both})
    data = rv.data.from_mat(tmp_path / "bbc.mat")
    same(data, ONE, TWO)
    assert data.info["source"][0]["turned"] == ["view1", "view2"]


def test_named_matrices_and_what_is_left_out(tmp_path):
    content = {"msr1": ONE, "msr2": TWO, "W": np.eye(3), "gt": LABELS.T}
    savemat(tmp_path / "msrc.mat", content)
    data = rv.data.from_mat(tmp_path / "msrc.mat")
    same(data, ONE, TWO, names=("msr1", "msr2"))
    assert data.info["source"][0]["left out"] == ["W"]
    renamed = rv.data.from_mat(tmp_path / "msrc.mat", views={"a": "msr2"}, labels=None)
    same(renamed, TWO, names=("a",))
    assert renamed.labels is None


def test_one_class_a_row_as_columns_and_binary_views(tmp_path):
    hot = np.eye(3)[[0, 1, 2, 0, 1, 2]]
    content = {"x1": (ONE > 3).astype(np.uint8), "x2": TWO > 101, "Y": hot}
    savemat(tmp_path / "movies.mat", content)
    data = rv.data.from_mat(tmp_path / "movies.mat")
    same(data, ONE > 3, TWO > 101, names=("x1", "x2"))
    assert data.labels.tolist() == [0, 1, 2, 0, 1, 2]


def test_names_of_views_of_classes_and_fields_of_a_struct(tmp_path):
    content = {
        "data": {"views": cell(ONE, TWO), "names": cell("words", "links")},
        "gt": LABELS,
    }
    savemat(tmp_path / "s.mat", content)
    data = rv.data.from_mat(tmp_path / "s.mat", class_names=["a", "b", "c", "d"])
    same(data, ONE, TWO, names=("words", "links"))
    assert data.labels.tolist() == [0, 1, 0, 1, 0, 3]


def write_73(path, views, labels, *, sparse=()):
    """Write a file as MATLAB 7.3 does: a header, columns first, cells by reference."""
    with h5py.File(path, "w", userblock_size=512) as file:
        refs = file.create_group("#refs#")
        cells = file.create_dataset("X", (len(views), 1), dtype=h5py.ref_dtype)
        cells.attrs["MATLAB_class"] = np.bytes_("cell")
        for i, view in enumerate(views):
            if i in sparse:
                matrix = csc_array(view)
                part = refs.create_group(f"v{i}")
                part.attrs["MATLAB_sparse"] = np.uint64(matrix.shape[0])
                part["data"], part["ir"] = matrix.data, matrix.indices
                part["jc"] = matrix.indptr
            else:
                part = refs.create_dataset(f"v{i}", data=view.T)
                part.attrs["MATLAB_class"] = np.bytes_("double")
            cells[i, 0] = part.ref
        file["y"] = labels.T
        file["y"].attrs["MATLAB_class"] = np.bytes_("double")
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(512))


def test_matlab_73(tmp_path):
    write_73(tmp_path / "a.mat", [ONE, TWO.T], LABELS, sparse=(1,))
    data = rv.data.from_mat(tmp_path / "a.mat")
    same(data, ONE, TWO)
    assert data.class_names == ("1", "2", "4")
    assert data.info["source"][0]["turned"] == ["view2"]


def test_names_in_a_matrix_of_characters(tmp_path):
    """mat73 0.65, loadmat: one word, letters by columns (findings/mat73_*)."""
    names = ["kiwi", "fig", "🥝 x"]
    codes = [np.frombuffer(n.encode("utf-16-le"), "<u2") for n in names]
    padded = np.array([[*code, *[32] * (4 - len(code))] for code in codes])
    with h5py.File(tmp_path / "c.mat", "w", userblock_size=512) as file:
        for key, rows in {
            "names": padded,
            "one": padded[:1],
            "line": padded[2],
        }.items():
            file[key] = rows.T
            file[key].attrs["MATLAB_class"] = np.bytes_("char")
    read = read_variables(tmp_path / "c.mat")
    assert read == {"names": names, "one": "kiwi", "line": "🥝 x"}
    savemat(tmp_path / "5.mat", {"names": np.array(names)})
    assert read_variables(tmp_path / "5.mat")["names"] == names


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (
            {"X": cell(ONE), "y": LABELS, "gt": LABELS[::-1]},
            {},
            "`labels` must say which of 'y', 'gt' is meant",
        ),
        (
            {"A": cell(ONE), "B": cell(TWO), "y": LABELS},
            {},
            "`views` must say which of the cells 'A', 'B' is meant",
        ),
        ({"X": cell(ONE, np.eye(2)), "y": LABELS}, {}, "for each of 6 labels"),
        ({"X": cell(ONE), "y": LABELS}, {"labels": "z"}, "`labels` must be one of"),
        ({"X": cell(ONE), "y": LABELS}, {"views": "z"}, "`views` must be one of"),
        ({"a": 1.0, "y": LABELS}, {}, "must hold views"),
        # scipy 1.17.1, savemat: a list of views of one shape is one array.
        ({"X": [ONE, ONE + 1], "y": LABELS}, {}, "must hold views"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path, content, options, words):
    savemat(tmp_path / "a.mat", content)
    with pytest.raises(ValueError, match=words):
        rv.data.from_mat(tmp_path / "a.mat", **options)


@pytest.mark.parametrize("new", [True, False])
def test_a_file_that_is_cut_off_or_another(tmp_path, new):
    path = tmp_path / "a.mat"
    if new:
        write_73(path, [ONE, TWO], LABELS)
    else:
        savemat(path, {"X": cell(ONE, TWO), "y": LABELS})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match="`path` must be an intact MATLAB file"):
        rv.data.from_mat(path)
    path.write_text("no such thing")
    with pytest.raises(ValueError, match="`path` must be an intact MATLAB file"):
        rv.data.from_mat(path)
