"""Layouts by landmarks, on graphs that are handed over, and of new rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import refnet_viz as rv
from refnet_viz import _search
from refnet_viz._progress import Cancelled, watched
from refnet_viz.embedding import Embedding
from refnet_viz.graph import Neighbors, knn
from refnet_viz.layout import fidelity, project, projection
from refnet_viz.layout.landmarks import spread
from refnet_viz.layout.onto import _medians
from refnet_viz.layout.quality import judged
from refnet_viz.statistics import share_interval


def clouds(n=400, seed=0, width=6):
    """Return points in four clusters; other seeds give other points of the same."""
    rng = np.random.default_rng(seed)
    centres = 3 * np.random.default_rng(7).normal(size=(4, width))
    return centres[np.arange(n) % 4] + rng.normal(size=(n, width))


# Landmarks


def test_landmarks_repeat_and_keep_the_fidelity():
    space = Embedding.from_arrays(clouds())
    first, again = (project(space, landmarks=100) for _ in range(2))
    np.testing.assert_array_equal(first.coordinates, again.coordinates)
    assert first.settings["landmarks"] == 100
    assert first.title == "UMAP, 100 landmarks"
    whole = project(space)
    assert "landmarks" not in whole.settings
    assert first.trustworthiness > whole.trustworthiness - 0.02
    assert first.continuity > whole.continuity - 0.02
    other = project(space, landmarks=100, seed=1)
    assert not np.array_equal(first.coordinates, other.coordinates)


def test_many_points_have_landmarks_unasked(monkeypatch):
    monkeypatch.setattr(projection, "MANY", 300)
    monkeypatch.setattr(projection, "LANDMARKS", 80)
    space = Embedding.from_arrays(clouds())
    assert project(space).settings["landmarks"] == 80
    assert "landmarks" not in project(space, landmarks=0).settings
    assert "landmarks" not in project(space, landmarks=10_000).settings
    assert "landmarks" not in project(space, "pca").settings


def test_aligned_layouts_with_landmarks_lie_like_the_reference():
    spaces = {
        "a": Embedding.from_arrays(clouds()),
        "b": Embedding.from_arrays(clouds() + 0.1 * clouds(seed=1)),
        "c": Embedding.from_arrays(clouds(seed=5)[::-1] ** 3),
    }
    drawn = project(spaces, "aligned", landmarks=100)
    width = np.ptp(drawn["a"].coordinates, axis=0).max()
    near, far = (drawn[n].coordinates - drawn["a"].coordinates for n in "bc")
    assert np.median(np.abs(near)) < 0.1 * width
    assert np.isfinite(far).all()
    assert drawn["b"].settings["landmarks"] == 100


def test_rows_without_the_space_have_no_place_beside_landmarks():
    x = clouds()
    image = np.where(np.arange(len(x))[:, None] < 30, np.nan, x)
    space = Embedding.from_arrays(x, modalities={"image": image})
    layout = project(space, space="image", landmarks=100)
    assert np.isnan(layout.coordinates[:30]).all()
    assert np.isfinite(layout.coordinates[30:]).all()


def test_parts_of_the_graph_without_a_landmark_lie_on_their_nearest():
    # Two pairs and a triple; only rows 0 and 4 have a place.
    graph = np.zeros((7, 7))
    for a, b in [(0, 1), (2, 3), (4, 5), (5, 6)]:
        graph[a, b] = graph[b, a] = 1
    places = np.full((7, 2), np.nan)
    places[0], places[4] = [1, 1], [9, 9]
    line = np.array([0.0, 1, 3, 4, 7, 8, 9])[:, None]
    assert spread(graph, places, line)[:, 0].tolist() == [1, 1, 1, 9, 9, 9, 9]
    assert spread(graph, places)[2:4].tolist() == [[5, 5], [5, 5]]


def test_a_large_layout_reports_and_can_be_left():
    space = Embedding.from_arrays(clouds())

    def leave(part):
        if 0.4 < part < 1:
            raise Cancelled

    with pytest.raises(Cancelled), watched(leave):
        project(space, landmarks=100)
    project(space, landmarks=100)  # nothing is left locked


# Graphs that are handed over


def test_a_graph_is_laid_out_without_a_search(monkeypatch):
    space = Embedding.from_arrays(clouds())
    graph, expected = knn(space, 15), project(space)

    def never(*_, **__):
        raise AssertionError

    monkeypatch.setattr(projection, "knn", never)
    layout = project({"mine": graph})["mine"]
    np.testing.assert_array_equal(layout.coordinates, expected.coordinates)
    assert project(graph.head(5)).settings["neighbors"] == 5


def test_a_graph_of_cosines_is_judged_by_directions():
    x = clouds() * np.random.default_rng(1).uniform(0.1, 10, (400, 1))
    layout = project(knn(x, 15, metric="cosine"))
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    expected = fidelity(unit, layout.coordinates)
    assert layout.trustworthiness == pytest.approx(expected.trustworthiness, abs=1e-9)


def test_layouts_of_approximate_graphs_say_so():
    x = clouds(60)
    lists = np.roll(knn(x, 5).indices, 1, axis=1)
    lists[:, 0] = (np.arange(60) + 1) % 60
    lists = np.array(
        [
            np.r_[row[0], [j for j in row[1:] if j != row[0]]]
            for row in [
                np.r_[r, (i + 7) % 60] if len(set(r)) < 5 else r
                for i, r in enumerate(lists)
            ]
        ]
    )[:, :4]
    graph = Neighbors.from_embedding(Embedding.from_arrays(x), lists, self_column=False)
    layout = project(graph)
    assert layout.settings["recall"] == graph.recall.value < 1
    assert f"recall {graph.recall.value:.3f}" in layout.title


# Fidelity of a sample


def test_intervals_hold_the_fidelity_of_all():
    held = 0
    for seed in range(20):
        space = clouds(1_200, seed)
        flat = space[:, :2] + np.random.default_rng(seed).normal(size=(1_200, 2))
        whole = fidelity(space, flat, sample=1_200)
        part = fidelity(space, flat, sample=150)
        assert whole.trustworthiness_interval is None
        for name in ("trustworthiness", "continuity"):
            low, high = getattr(part, f"{name}_interval")
            held += low <= getattr(whole, name) <= high
    assert held >= 36  # of 40; 38 are expected


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=30))
def test_intervals_of_shares_stay_within_their_range(shares):
    shares = np.array(shares)
    low, high = share_interval(shares)
    assert 0 <= low <= shares.mean() + 1e-9
    assert shares.mean() - 1e-9 <= high <= 1
    some = share_interval(shares, of=2 * len(shares))
    assert some[0] >= low - 1e-9
    assert some[1] <= high + 1e-9


def test_a_judged_sample_is_told():
    layout = project(Embedding.from_arrays(clouds(1_001)), "pca")
    low, high = layout.trustworthiness_interval
    assert low <= layout.trustworthiness <= high
    assert f"intervals {low:.3f} to {high:.3f} and" in layout.caption
    assert "1,000 points" in layout.caption


def test_rows_judged_among_others_by_hand():
    # New row 4 at 6 on a line of 0, 1, 3, 7: nearest 7, 3, 1, 0. The layout puts it
    # beside 1, which ranks third of four; k = 1, n = 5: 1 - 2 / 6 * (3 - 1).
    line = np.array([[0.0], [1.0], [3.0], [7.0], [6.0]])
    flat = np.array([[0.0], [1.0], [3.0], [7.0], [1.1]])
    told = judged(line, flat, np.array([4]), np.arange(4), 1)
    assert told.trustworthiness == pytest.approx(1 - 2 / 6 * 2)
    # Its nearest in the space, 7, ranks fourth in the layout.
    assert told.continuity == pytest.approx(1 - 2 / 6 * 3)


# New rows


def old_and_new():
    old = Embedding.from_arrays(clouds(), ids=[f"old {i}" for i in range(400)])
    new = Embedding.from_arrays(clouds(60, seed=3), ids=[f"new {i}" for i in range(60)])
    return old, project(old), new


def test_new_rows_lie_among_their_neighbours_and_old_ones_stay():
    old, layout, new = old_and_new()
    together = Embedding.from_arrays(
        np.vstack([new.z[:20], old.z[::-1], new.z[20:]]),
        ids=[*new.ids[:20], *old.ids[::-1], *new.ids[20:]],
    )
    everyone, alone = (project(x, onto=(layout, old)) for x in (together, new))
    kept = everyone.coordinates[20:420][::-1]
    np.testing.assert_array_equal(kept, layout.coordinates)
    added = np.r_[everyone.coordinates[:20], everyone.coordinates[420:]]
    np.testing.assert_array_equal(added, alone.coordinates)
    # Cluster by cluster: a new row lies nearest to old rows of its own.
    apart = ((alone.coordinates[:, None] - layout.coordinates) ** 2).sum(axis=2)
    assert (apart.argmin(axis=1) % 4 == np.arange(60) % 4).mean() > 0.95
    assert alone.judged == 60
    assert alone.chance < 0.6 < alone.trustworthiness_interval[0]
    assert everyone.trustworthiness == alone.trustworthiness
    told = alone.settings["onto"]
    assert told["trustworthiness"] == layout.trustworthiness
    assert alone.title == "placed on UMAP of 400 points"
    assert f"the layout itself {layout.trustworthiness:.2f} and" in alone.caption


def test_a_new_row_lies_where_it_would_alone():
    old, layout, new = old_and_new()
    every, one = (project(x, onto=(layout, old)) for x in (new, new.subset([7])))
    np.testing.assert_array_equal(every.coordinates[7], one.coordinates[0])


def test_the_order_of_old_rows_does_not_matter():
    old, layout, new = old_and_new()
    turned = old.subset(np.random.default_rng(0).permutation(len(old)))
    one, other = (project(new, onto=(layout, x)) for x in (old, turned))
    np.testing.assert_array_equal(one.coordinates, other.coordinates)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_no_place_near_a_median_has_a_smaller_sum_of_distances(seed):
    rng = np.random.default_rng(seed)
    places, weights = rng.normal(size=(1, 6, 2)), rng.uniform(0.1, 1, (1, 6))
    median = _medians(places, weights)[0]

    def cost(place):
        return (weights[0] * np.linalg.norm(places[0] - place, axis=1)).sum()

    for angle in np.linspace(0, 2 * np.pi, 9):
        other = median + 0.1 * np.array([np.cos(angle), np.sin(angle)])
        assert cost(median) <= cost(other) + 1e-3


def test_a_copy_lies_on_its_twin():
    old, layout, _ = old_and_new()
    twins = Embedding.from_arrays(old.z[5:9], ids=list("abcd"))
    placed = project([twins], onto=(layout, old))[0]
    np.testing.assert_allclose(placed.coordinates, layout.coordinates[5:9], rtol=1e-6)


def test_a_map_of_new_rows_is_drawn_and_drawn_again(tmp_path):
    old, layout, new = old_and_new()
    figure = rv.plot.latent(new, layout=project(new, onto=(layout, old)))
    assert "placed on UMAP of 400 points" in figure.layout.annotations[0].text
    path = rv.save(figure, tmp_path / "map.json")
    assert rv.replay(path, inputs=new).to_json() == figure.to_json()


@pytest.mark.parametrize(
    ("kind", "change", "sentence"),
    [
        (TypeError, {"onto": 3}, "`onto` must be a pair (layout, embedding that it was "
         "made of), got int."),
        (ValueError, {"space": "image"}, "`space` must be None, or that of the layout "
         "('latent'), got 'image'."),
        (ValueError, {"reference": "a"}, "`reference` must be None where rows are "
         "placed `onto` one."),
        (ValueError, {"landmarks": -1}, "`landmarks` must be a whole number of at "
         "least 0, got -1."),
    ],
)  # fmt: skip
def test_errors_are_sentences(kind, change, sentence):
    old = Embedding.from_arrays(np.eye(4), ids=list("abcd"))
    new = Embedding.from_arrays(np.eye(4) + 1, ids=list("efgh"))
    with pytest.raises(kind) as caught:
        project(new, **{"onto": (project(old, "pca"), old), **change})
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("vectors", "ids", "sentence"),
    [
        (np.eye(5), list("efghi"), "`spaces` must have vectors as long as those of "
         "`onto[1]` (4), got 5."),
        (np.eye(4)[:2], ["a", "c"], "`spaces` must have the same vectors as `onto[1]` "
         "where ids are the same, got another one for 'c'."),
        (np.eye(4)[:2], ["a", "b"], "`spaces` must have rows with 'latent' that "
         "`onto[0]` lacks, got none among 2."),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_placed_are_named(vectors, ids, sentence):
    old = Embedding.from_arrays(np.eye(4), ids=list("abcd"))
    new = Embedding.from_arrays(vectors, ids=ids)
    with pytest.raises(ValueError, match="`spaces`") as caught:
        project(new, onto=(project(old, "pca"), old))
    assert str(caught.value) == sentence


def test_graphs_without_vectors_and_of_other_spaces_are_refused():
    graph = Neighbors.from_arrays(
        None, [[1], [0]], [[1.0], [1.0]], self_column=False, squared=False
    )
    with pytest.raises(ValueError, match="from_arrays`, which has none"):
        project(graph)
    with pytest.raises(ValueError, match=r"that of the graphs \('latent'\)"):
        project(knn(np.eye(5), 2), space="image")


# Search among others


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["euclidean", "cosine"]))
def test_nearest_of_others_is_what_a_loop_finds(seed, metric):
    rng = np.random.default_rng(seed)
    x = rng.integers(-2, 3, size=(rng.integers(4, 50), 2)).astype(float)
    mine = rng.random(len(x)) < 0.4
    mine[:2] = True, False
    rows, others = np.flatnonzero(mine), np.flatnonzero(~mine)
    k = int(rng.integers(1, len(others) + 1))
    indices, distances = _search.nearest_of(x, rows, others, k, metric=metric)
    for row, near, far in zip(rows, indices, distances, strict=True):
        lengths = _search.lengths_from(x, np.array([row]), metric=metric)[0]
        order = sorted(others, key=lambda j: (lengths[j], j))[:k]
        assert near.tolist() == order
        assert far.tolist() == lengths[order].tolist()


def test_nearest_of_others_by_cells_is_that_of_all_pairs(monkeypatch):
    x = np.vstack([clouds(2_600), clouds(2_400, seed=1)])
    rows, others = np.arange(2_600, 5_000), np.arange(2_600)
    cells = _search.nearest_of(x, rows, others, 6, metric="euclidean")
    monkeypatch.setattr(_search, "_pays", lambda *_: False)
    pairs = _search.nearest_of(x, rows, others, 6, metric="euclidean")
    for one, other in zip(cells, pairs, strict=True):
        np.testing.assert_array_equal(one, other)
