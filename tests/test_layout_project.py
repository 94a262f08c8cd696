"""Layouts: what is drawn, from where, and what happens to odd inputs."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from refnet_viz.embedding import Embedding
from refnet_viz.graph import knn
from refnet_viz.layout import Layout, fidelity, project
from refnet_viz.layout.fuzzy import fuzzy_graph
from refnet_viz.layout.pca import explained, pca, turned


def blobs(noise=0.3, n=120, seed=0, ids=None):
    """Return four clusters in ten dimensions; noise differs by seed, centres do not."""
    centres = 3 * np.random.default_rng(7).normal(size=(4, 10))
    points = np.repeat(centres, n // 4, axis=0)
    base = np.random.default_rng(8).normal(size=points.shape)
    moved = noise * np.random.default_rng(seed).normal(size=points.shape)
    return Embedding.from_arrays(points + base + moved, ids=ids)


def test_pca_is_that_of_scikit_learn_up_to_sign():
    points = blobs().space()
    for part in (points, points[:8]):  # tall, and wide
        expected = PCA(2, random_state=0).fit_transform(part)
        np.testing.assert_allclose(np.abs(pca(part)), np.abs(expected), atol=1e-9)


def test_pca_sign_never_flips():
    points = blobs().space()
    np.testing.assert_allclose(pca(points), pca(points[:, ::-1]), atol=1e-9)
    flat = pca(points)
    assert (flat[np.abs(flat).argmax(axis=0), [0, 1]] > 0).all()


def test_shape_of_the_answer_is_that_of_the_question():
    one = blobs()
    assert isinstance(project(one, "pca"), Layout)
    assert [type(x) for x in project([one, one], "pca")] == [Layout, Layout]
    nested = project({"a": [one], "b": one}, "pca")
    assert isinstance(nested["a"], list)
    assert isinstance(nested["b"], Layout)


def test_umap_repeats_and_separates_clusters():
    space = blobs()
    first, again = project(space), project(space)
    np.testing.assert_array_equal(first.coordinates, again.coordinates)
    assert first.coordinates.dtype == np.float32
    other = project(space, seed=1)
    assert not np.array_equal(first.coordinates, other.coordinates)
    assert first.trustworthiness > 0.9
    assert first.settings == {"seed": 0, "neighbors": 15, "rate": 1.0, "epochs": 300}
    assert first.title == "UMAP"


def test_fidelity_is_that_of_the_coordinates():
    space = blobs()
    layout = project(space, neighbors=10)
    found = fidelity(space.space(), layout.coordinates, k=10)
    assert layout.trustworthiness == found.trustworthiness
    assert layout.continuity == found.continuity
    assert (layout.k, layout.judged) == (10, len(space))


def test_aligned_layouts_stay_near_the_reference():
    spaces = {"a": [blobs(seed=0), blobs(seed=1)], "b": blobs(seed=2)}
    drawn = project(spaces, "aligned")
    reference, later = drawn["a"][0], [drawn["a"][1], drawn["b"]]
    assert reference.method == "umap"
    width = np.ptp(reference.coordinates, axis=0).max()
    alone = project(spaces["b"])
    for layout in later:
        assert layout.method == "aligned"
        moved = np.abs(layout.coordinates - reference.coordinates)
        assert np.median(moved) < 0.1 * width
        assert layout.trustworthiness > alone.trustworthiness - 0.02
        assert layout.title == f"aligned UMAP, rate {layout.settings['rate']:g}"
    assert np.median(np.abs(alone.coordinates - reference.coordinates)) > 0.1 * width


def test_reference_by_name_and_by_value():
    spaces = {"a": blobs(seed=0), "b": blobs(seed=1)}
    drawn = project(spaces, "aligned", reference="b")
    assert [drawn[name].method for name in "ab"] == ["aligned", "umap"]
    start = project(spaces["a"], "pca")
    drawn = project(spaces, "aligned", reference=start)
    assert [drawn[name].method for name in "ab"] == ["aligned", "aligned"]
    # A layout by PCA is brought to the scale of UMAP for the steps, and back.
    assert (
        np.corrcoef(drawn["a"].coordinates.ravel(), start.coordinates.ravel())[0, 1]
        > 0.9
    )


@pytest.mark.parametrize("n", [1, 2, 3])
def test_very_few_points_are_laid_out_by_pca(n):
    layout = project(Embedding.from_arrays(np.eye(n)))
    assert layout.method == "pca"
    assert layout.note == f"PCA: UMAP needs more than 3 points, got {n}."
    assert np.isfinite(layout.coordinates).all()


@pytest.mark.parametrize(
    "points",
    [
        np.random.default_rng(0).normal(size=(4, 2)),
        np.repeat(np.eye(3), 4, axis=0),
        np.arange(12.0)[:, None],
        np.r_[np.zeros((11, 2)), np.ones((1, 2))],
    ],
    ids=["k above n", "duplicates", "one dimension", "one outlier"],
)
@pytest.mark.parametrize("method", ["umap", "aligned"])
def test_odd_inputs_get_finite_layouts(points, method):
    space = Embedding.from_arrays(points)
    layout = project({"a": space, "b": Embedding.from_arrays(2 * points)}, method)["b"]
    assert layout.coordinates.shape == (len(points), 2)
    assert np.isfinite(layout.coordinates).all()
    assert layout.settings["neighbors"] == min(15, len(points) - 1)


def test_equal_points():
    constant = Embedding.from_arrays(np.ones((6, 3)))
    layout = project(constant)
    assert layout.note == "PCA: all points are equal."
    np.testing.assert_array_equal(layout.coordinates, np.zeros((6, 2)))
    # Nothing can be aligned to a single place, so the other is laid out by itself.
    other = Embedding.from_arrays(np.random.default_rng(0).normal(size=(6, 3)))
    assert project({"a": constant, "b": other}, "aligned")["b"].method == "umap"


def test_modality_spaces_are_laid_out():
    rng = np.random.default_rng(0)
    picture = rng.normal(size=(30, 5))
    space = Embedding.from_arrays(rng.normal(size=(30, 2)), modalities={"p": picture})
    layout = project(space, "pca", space="p")
    np.testing.assert_allclose(layout.coordinates, pca(space.space("p")), atol=1e-5)


ONE = Embedding.from_arrays(np.eye(5))
OTHER = Embedding.from_arrays(np.eye(5), ids=list("abcde"))


@pytest.mark.parametrize(
    ("kind", "arguments", "sentence"),
    [
        (
            ValueError,
            {"method": "tsne"},
            "`method` must be one of 'umap', 'pca', 'aligned', got 'tsne'.",
        ),
        (
            ValueError,
            {"neighbors": 0},
            "`neighbors` must be a whole number of at least 1, got 0.",
        ),
        (
            ValueError,
            {"seed": -1},
            "`seed` must be a whole number between 0 and 2147483647, got -1.",
        ),
        (
            ValueError,
            {"method": "umap", "reference": "a"},
            "`reference` must be None unless `method` is 'aligned' or 'pca', got "
            "`method` 'umap'.",
        ),
        (
            ValueError,
            {"method": "aligned", "reference": "b"},
            "`reference` must be one of 'embedding', got 'b'.",
        ),
        (
            ValueError,
            {"space": "image"},
            "`space` must be one of 'latent', got 'image'.",
        ),
        (
            TypeError,
            {"spaces": 3},
            "`spaces` must hold Embedding values or arrays (rows, features), got int.",
        ),
        (
            ValueError,
            {"spaces": {"a": ONE, "b": OTHER}, "method": "aligned"},
            "`spaces['b']` must have the same ids as `reference`, in any order, "
            "got 5 and 5 of which 0 are the same: 'a' is only in `spaces['b']`.",
        ),
    ],
)
def test_errors_are_sentences(kind, arguments, sentence):
    with pytest.raises(kind) as caught:
        project(**{"spaces": ONE, **arguments})
    assert str(caught.value) == sentence


def test_repr_escapes_and_says_what_comes_next():
    layout = project(ONE, "pca")
    assert "rv.plot.latent" in layout._repr_html_()
    assert layout.caption in layout._repr_html_()


@pytest.mark.parametrize("name", ["blobs", "duplicates", "outlier", "few"])
def test_fuzzy_graph_is_that_of_umap_learn(name):
    rng = np.random.default_rng(0)
    points = {
        "blobs": blobs().z,
        "duplicates": np.repeat(rng.normal(size=(8, 3)), 5, axis=0),
        "outlier": np.r_[rng.normal(size=(30, 2)), [[1e4, 0]]],
        "few": rng.normal(size=(4, 2)),
    }[name]
    found = knn(Embedding.from_arrays(points), min(10, len(points) - 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # that TensorFlow is missing
        from umap.umap_ import fuzzy_simplicial_set
    n = len(points)
    expected = fuzzy_simplicial_set(
        points,
        found.k + 1,
        np.random.RandomState(0),
        "euclidean",
        knn_indices=np.column_stack([np.arange(n), found.indices]),
        knn_dists=np.column_stack([np.zeros(n), found.distances]).astype(np.float32),
    )[0]
    ours = fuzzy_graph(found)
    np.testing.assert_allclose(ours.toarray(), expected.toarray(), atol=2e-4)
    assert ours.toarray().max() <= 1


# What a PCA shows, and how it lies


def test_explained_variance_is_that_of_scikit_learn():
    points = blobs().space()
    for part in (points, points[:8]):  # tall, and wide
        shares = explained(part).shares
        expected = PCA(2, random_state=0).fit(part).explained_variance_ratio_
        np.testing.assert_allclose(shares, expected, atol=1e-9)


def test_independent_features_explain_what_their_null_says():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(4_000, 40)) * np.linspace(1, 2, 40)
    shares, independent = explained(features)
    np.testing.assert_allclose(shares, independent, rtol=0.03)
    # Features that follow a line explain far more than that.
    bound = rng.normal(size=(4_000, 1)) @ rng.normal(size=(1, 40)) + 0.1 * features
    shares, independent = explained(bound)
    assert shares[0] > 0.8 > 3 * independent[0]


def test_few_points_explain_much_by_chance():
    """Of so few points the first direction of noise has the share it has for many.

    Marchenko and Pastur 1967: the largest eigenvalue of n points of d independent
    features is near (1 + sqrt(d / n)) ** 2, of d in all.
    """
    n, d = 400, 100
    noise = np.random.default_rng(0).normal(size=(n, d))
    edge = (1 + np.sqrt(d / n)) ** 2 / d
    assert explained(noise).independent[0] == pytest.approx(edge, rel=0.08)


def test_what_does_not_vary_explains_nothing():
    assert explained(np.ones((5, 3))) is None
    shares, independent = explained(np.arange(5.0)[:, None])
    assert (shares, independent) == ((1.0, 0.0), (1.0, 0.0))


def test_a_layout_by_pca_says_what_it_shows():
    space = blobs()
    layout = project(space, "pca")
    assert layout.explained == explained(space.space())
    assert str(layout.explained) in layout._repr_html_()
    assert project(space, "umap").explained is None


@given(st.floats(0, 6.28), st.booleans(), st.integers(0, 99))
def test_turning_finds_rotation_and_reflection(angle, mirrored, seed):
    flat = np.random.default_rng(seed).normal(size=(7, 2)) * [3, 1]
    cos, sin = np.cos(angle), np.sin(angle)
    other = flat @ np.array([[cos, -sin], [sin, cos]]) * [1, -1 if mirrored else 1]
    np.testing.assert_allclose(turned(flat, other), other, atol=1e-9)
    # Neither size nor place of the reference counts, nor points that it lacks.
    far = 5 * other + 100
    far[3] = np.nan
    places = turned(flat, far)
    np.testing.assert_allclose(
        np.linalg.norm(places, axis=1), np.linalg.norm(flat, axis=1)
    )


def test_turning_is_the_best_of_all_turns():
    rng = np.random.default_rng(1)
    flat, other = rng.normal(size=(2, 20, 2))
    still = other - other.mean(axis=0)

    def apart(places):
        return ((places - places.mean(axis=0) - still) ** 2).sum()

    best = apart(turned(flat, other))
    for angle in np.linspace(0, 2 * np.pi, 200):
        cos, sin = np.cos(angle), np.sin(angle)
        turn = flat @ np.array([[cos, -sin], [sin, cos]])
        assert best <= apart(turn) + 1e-9
        assert best <= apart(turn * [1, -1]) + 1e-9


def test_nothing_is_turned_to_what_has_no_extent():
    flat = np.array([[1.0, 2.0], [3.0, 4.0], [-1.0, 0.5]])
    np.testing.assert_array_equal(turned(flat, np.zeros((3, 2))), flat)
    np.testing.assert_array_equal(turned(flat, np.full((3, 2), np.nan)), flat)


def test_pca_with_a_reference_is_turned_and_keeps_distances():
    spaces = {"a": blobs(), "b": blobs(noise=0.3, seed=4)}
    own = project(spaces, "pca")
    beside = project(spaces, "pca", reference="a")
    np.testing.assert_array_equal(beside["a"].coordinates, own["a"].coordinates)
    norms = [np.linalg.norm(one["b"].coordinates, axis=1) for one in (own, beside)]
    np.testing.assert_allclose(*norms, rtol=1e-5)
    before, after = (
        np.linalg.norm(one["b"].coordinates - one["a"].coordinates)
        for one in (own, beside)
    )
    assert after <= before + 1e-6
    assert beside["b"].title == "PCA, turned"
    assert beside["b"].explained == own["b"].explained
    assert beside["b"].trustworthiness == pytest.approx(own["b"].trustworthiness)


def test_pca_turned_to_rows_in_another_order():
    one = blobs()
    begin = project(one, "pca")
    shuffled = one.subset(np.random.default_rng(0).permutation(len(one)))
    layout = project(shuffled, "pca", reference=begin)
    assert layout.ids.tolist() == begin.ids.tolist()
    np.testing.assert_allclose(layout.coordinates, begin.coordinates, atol=1e-4)
