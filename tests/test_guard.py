"""`guard`: verdicts, the rows it names, bad input, and the command line."""

from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest

import refnet_viz as rv
from refnet_viz.__main__ import main
from refnet_viz.graph.guarding import _distinct, _graph, _one_more, _Pool

RNG = np.random.default_rng(7)
X = RNG.normal(size=(240, 6))
SEEDS = [X + 0.25 * RNG.normal(size=X.shape) for _ in range(5)]
MOVED = np.arange(0, 240, 10)


def broken(z):
    """Return vectors of which one row in ten has another row's place."""
    z = z.copy()
    z[MOVED] = z[np.roll(MOVED, 5)]
    return z


def test_one_more_seed_passes_and_a_tenth_of_the_rows_moved_does_not():
    old, new, *reference = SEEDS
    result = rv.guard(old, new, reference=reference)
    assert result
    assert result.passed
    assert result.table["test"].tolist() == ["mean rewiring", "stable rows at chance"]
    assert (result.table["new"] <= result.table["limit"]).all()
    for z in (new, old):  # another seed, and the same weights on a broken machine
        wrong = rv.guard(old, broken(z), reference=reference)
        assert not wrong
        named = set(wrong.rows["id"][: len(MOVED)].astype(int))
        assert len(named & set(MOVED.tolist())) >= 0.8 * len(MOVED)
        with pytest.raises(AssertionError, match="failed: 240 rows, k = 15"):
            assert wrong


def test_passed_says_the_same_as_the_limits():
    for new in (SEEDS[1], broken(SEEDS[1]), RNG.normal(size=X.shape)):
        table = rv.guard(SEEDS[0], new, reference=SEEDS[2:]).table
        assert table["passed"].tolist() == (table["new"] <= table["limit"]).tolist()
        assert table["passed"].tolist() == (table["p"] > 0.025).tolist()
        assert table["chance"].gt(table["seeds"]).all()


def test_rows_are_those_of_the_pairs_of_graphs():
    old, new, *reference = SEEDS
    result = rv.guard(old, new, k=5, reference=reference)
    graphs = [rv.knn(z, 5) for z in (old, new, *reference)]
    assert np.array_equal(result.rewired, rv.graph.rewiring(graphs[0], graphs[1]))
    places = [0, 2, 3, 4]
    pairs = [
        rv.graph.rewiring(graphs[i], graphs[j]) for i in places for j in places if i < j
    ]
    assert np.allclose(result.between_seeds, np.mean(pairs, axis=0))
    means = [
        np.mean([rv.graph.rewiring(a, b).mean() for b in graphs if b is not a])
        for a in graphs
    ]
    row = result.table.iloc[0]
    assert row["new"] == pytest.approx(means[1])
    assert row["seeds"] == pytest.approx(np.mean([means[i] for i in places]))


def test_lost_rows_share_no_more_than_rows_placed_at_random():
    old, _, *reference = SEEDS
    new = SEEDS[1].copy()
    new[0] = 30.0  # far from all: its list is that of the outermost rows
    result = rv.guard(old, new, reference=reference)
    assert result.lost[0]
    assert result.rows["id"][0] == "0"
    unrelated = rv.guard(old, RNG.normal(size=X.shape), reference=reference)
    assert unrelated.lost.mean() > 0.95


def test_the_prior_weighs_as_much_as_four_seeds():
    values = np.array([1.0, 2.5, 2.0, 3.0])  # others 1, 2, 3: mean 2, variance 1
    p, top = _one_more(values, prior=0.5)
    error = np.sqrt((2 * 1.0 + 4 * 0.5) / 6 * (1 + 1 / 3))
    assert top == pytest.approx(2 + 2.4469118 * error)  # t of 6 degrees, 97.5 %
    assert 0.25 < p < 0.5


def test_a_tolerance_needs_no_seeds():
    result = rv.guard(X, X.astype(np.float32))
    assert result.passed
    assert result.sentence.startswith("passed: 240 rows, k = 15: rewiring 0.000")
    row = rv.guard(X, broken(X)).table.iloc[0]
    assert not row["passed"]
    assert row["limit"] == 0.05
    assert row["low"] < row["new"] < row["high"] < row["chance"]
    assert rv.guard(X, broken(X), tolerance=0.9)
    both = rv.guard(SEEDS[0], SEEDS[1], reference=SEEDS[2:], tolerance=0.01)
    assert both.table["passed"].tolist() == [False, True, True]
    assert not both


def test_rows_are_paired_by_name_and_widths_may_differ():
    names = [f"row {i}" for i in range(len(X))]
    old = pd.DataFrame(X, index=names)
    new = pd.DataFrame(np.hstack([X, np.zeros((len(X), 3))]), index=names)
    result = rv.guard(old, new.sample(frac=1, random_state=1))
    assert result.passed
    assert result.rewired.max() == 0
    with pytest.raises(ValueError, match="`new` must have the same ids as `old`"):
        rv.guard(old, new.iloc[1:])


def test_graphs_and_labels_are_taken():
    labels = ["a", "b"] * 120
    old = rv.Embedding.from_arrays(X, labels=labels)
    graphs = [rv.knn(z, 20) for z in (old, *SEEDS[1:])]
    by_graph = rv.guard(graphs[0], graphs[1], reference=graphs[2:])
    by_vector = rv.guard(old, SEEDS[1], reference=SEEDS[2:])
    assert by_graph.table.equals(by_vector.table)
    assert set(by_graph.rows["label"]) == {"a", "b"}


def test_rows_that_lack_the_space_are_left_out():
    present = np.ones((240, 1), bool)
    present[:6] = False
    spaces = [
        rv.Embedding.from_arrays(z, modalities={"a": z}, present=present) for z in SEEDS
    ]
    old, new, *reference = spaces
    result = rv.guard(old, new, reference=reference, space="a")
    assert np.isnan(result.rewired[:6]).all()
    assert not result.lost[:6].any()
    assert result.rows["rewired"].tail(6).isna().all()


def test_copies_of_the_old_one_are_no_seeds():
    old, new, third, *_ = SEEDS
    with pytest.raises(
        ValueError,
        match=r"^`reference` must hold at least 2 embeddings of other seeds, which "
        r"differ from `old` and one another, got 1 \(a tolerance needs none\)\.$",
    ):
        rv.guard(old, new, reference=[old, third, third])
    graphs = [_graph(z, "x", 15, "latent", "euclidean") for z in (*SEEDS, SEEDS[0])]
    assert len(_distinct(graphs)) == len(SEEDS)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"reference": {"a": X}}, TypeError, "`reference` must be a list"),
        ({"reference": SEEDS[2]}, ValueError, "at least 2 embeddings of other seeds"),
        ({"tolerance": 1.5}, ValueError, "`tolerance` must be a finite number between"),
        ({"k": 240}, ValueError, "`k` must be between 1 and 239"),
        ({"metric": "cosin"}, ValueError, "`metric` must be one of"),
        ({"space": "words"}, ValueError, "must be one of 'latent', got 'words'"),
    ],
)
def test_bad_input_is_one_sentence(arguments, error, words):
    with pytest.raises(error) as caught:
        rv.guard(SEEDS[0], SEEDS[1], **arguments)
    assert words in str(caught.value)
    assert str(caught.value).count("\n") == 0


def test_one_embedding_each():
    with pytest.raises(TypeError, match="`new` must be one embedding"):
        rv.guard(X, [X, X])
    with pytest.raises(TypeError, match="`old` must hold Embedding, Neighbors"):
        rv.guard("old.npz", X)
    with pytest.raises(ValueError, match="`new` must be a graph of the euclidean"):
        rv.guard(X, rv.knn(X, metric="cosine"))


def test_the_result_is_frozen_and_says_itself_in_html():
    result = rv.guard(X, broken(X))
    with pytest.raises(FrozenInstanceError):
        result.k = 3
    with pytest.raises(ValueError, match="read-only"):
        result.rewired[0] = 0
    assert "failed: 240 rows" in repr(result)
    assert "<table" in result._repr_html_()
    assert "Rows that moved most" in result._repr_html_()


def test_sums_of_counts_are_those_of_single_rows():
    graphs = [_graph(z, "x", 15, "latent", "euclidean") for z in SEEDS]
    pool = _Pool(graphs)
    shares, half = pool.stable_at_chance()
    assert half == 120
    lists = [[{*row} for row in graph.indices.tolist()] for graph in graphs]
    for j in range(5):
        agree = [
            sum(len(lists[a][i] & lists[b][i]) for a in range(5) for b in range(a))
            - sum(len(lists[j][i] & lists[b][i]) for b in range(5) if b != j)
            for i in range(240)
        ]
        stable = np.argsort(-np.array(agree), kind="stable")[:half]
        lost = [
            sum(len(lists[j][i] & lists[b][i]) for b in range(5) if b != j)
            <= pool.most_by_chance
            for i in stable
        ]
        assert shares[j] == np.mean(lost)


def test_the_command_has_an_exit_code(tmp_path, capsys):
    names = np.array([f"r{i}" for i in range(240)])
    order = np.random.default_rng(0).permutation(240)
    paths = {}
    for name, z in {"old": X, "new": X + 1e-9, "bad": broken(X)}.items():
        paths[name] = str(tmp_path / f"{name}.npz")
        rows = order if name == "new" else np.arange(240)
        np.savez(paths[name], z=z[rows], ids=names[rows])
    assert main(["guard", paths["old"], paths["new"]]) == 0
    assert "passed: 240 rows" in capsys.readouterr().out
    assert main(["guard", paths["old"], paths["bad"], "--rows", "3"]) == 1
    said = capsys.readouterr().out
    assert "failed" in said
    assert said.count("\n") == 7
    seeds = [str(tmp_path / f"seed{i}.npz") for i in range(5)]
    for path, z in zip(seeds, SEEDS, strict=True):
        np.savez(path, z)  # one matrix of any name
    assert main(["guard", *seeds[:2], "--reference", *seeds[2:]]) == 0


def test_the_command_refuses_what_it_cannot_trust(tmp_path, capsys):
    old, unnamed, pickled = (str(tmp_path / f"{n}.npz") for n in "abc")
    np.savez(old, z=X, ids=np.arange(240).astype(str))
    np.savez(unnamed, z=X)
    np.savez(pickled, z=np.array([{}], dtype=object))
    for new, words in {
        unnamed: "`ids` must be in all files or in none",
        pickled: "pickled",
        str(tmp_path / "none.npz"): "must name a file",
    }.items():
        assert main(["guard", old, new]) == 2
        assert words in capsys.readouterr().err
    np.savez(unnamed, a=X, b=X)
    np.savez(old, a=X, b=X)
    assert main(["guard", old, unnamed]) == 2
    assert "one matrix of numbers, or one called 'z', got 2" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        main(["guard", old])
    assert caught.value.code == 2


def as_file(folder, kind, z, names):
    """Write vectors and the names of their rows as a file of some kind."""
    table = pd.DataFrame(z, columns=[f"z{i}" for i in range(z.shape[1])])
    path = folder / f"z.{kind}"
    if kind == "csv":
        table.assign(id=names).to_csv(path, index=False)
    elif kind == "parquet":
        arrays = pd.DataFrame({"id": names, "vector": list(z)})
        arrays.to_parquet(path, index=False)
    elif kind == "npy":
        np.save(path, z)
    elif kind == "npz":
        np.savez(path, z=z, ids=names)
    else:
        path = rv.save(rv.Embedding.from_arrays(z, ids=names), folder / "saved")
    return str(path)


@pytest.mark.parametrize("kind", ["csv", "parquet", "folder"])
def test_the_command_reads_what_the_door_reads(tmp_path, capsys, kind):
    names = np.array([f"r{i}" for i in range(240)])
    order = np.random.default_rng(0).permutation(240)
    paths = []
    for where, kind_of, rows in (("a", "npz", slice(None)), ("b", kind, order)):
        (tmp_path / where).mkdir()
        paths.append(as_file(tmp_path / where, kind_of, X[rows], names[rows]))
    assert main(["guard", *paths]) == 0, capsys.readouterr()
    (tmp_path / "c").mkdir()
    bad = as_file(tmp_path / "c", kind, broken(X)[order], names[order])
    assert main(["guard", paths[0], bad]) == 1


def test_the_command_reads_arrays_without_names(tmp_path, capsys):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    old, new = (as_file(tmp_path / w, "npy", X, None) for w in "ab")
    assert main(["guard", old, new]) == 0
    named = as_file(tmp_path, "csv", X, np.arange(240).astype(str))
    assert main(["guard", old, named]) == 2
    assert "`ids` must be in all files or in none" in capsys.readouterr().err


def test_the_command_says_what_it_cannot_read(tmp_path, capsys):
    old = as_file(tmp_path, "npy", X, None)
    pickled, cut, words, several, other = (
        tmp_path / name for name in ("p.npy", "c.npy", "w.csv", "several", "a.txt")
    )
    np.save(pickled, np.array([{}], dtype=object), allow_pickle=True)
    cut.write_bytes((tmp_path / "z.npy").read_bytes()[:-8])
    pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}).to_csv(words, index=False)
    rv.save({"a": rv.Embedding.from_arrays(X)}, several)
    other.write_text("1 2", "utf-8")
    for path, said in {
        pickled: "`path` must be an intact npy file",
        cut: "`path` must be an intact npy file",
        words: "must",
        several: "`path` must hold one embedding, got dict of them",
        other: "`path` must be an npz file",
        tmp_path / "none.npy": "`path` must name a file",
    }.items():
        assert main(["guard", old, str(path)]) == 2, path
        error = capsys.readouterr().err
        assert said in error
        assert error.startswith("refused: `")
        assert error.count("\n") == 1
