"""Trustworthiness and continuity, against scikit-learn and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.manifold import trustworthiness

from refnet_viz.layout import fidelity
from refnet_viz.layout.quality import SAMPLE


def test_hand_computed():
    # Four points on a line, the last two exchanged by the layout; worked out in the
    # docstring: one neighbour ranks third, one second, of 4 points with k = 1.
    found = fidelity([[0.0], [1.0], [3.0], [7.0]], [[0.0], [1.0], [7.0], [3.0]], k=1)
    assert found.trustworthiness == 1 - 3 / 8
    assert found.continuity == 1 - 3 / 8


@pytest.mark.parametrize("k", [1, 5, 14])
def test_equal_to_scikit_learn(k):
    rng = np.random.default_rng(0)
    space = rng.normal(size=(31, 6))
    flat = space[:, :2] + 0.3 * rng.normal(size=(31, 2))
    found = fidelity(space, flat, k=k)
    assert found.trustworthiness == pytest.approx(
        trustworthiness(space, flat, n_neighbors=k), abs=1e-12
    )
    assert found.continuity == pytest.approx(
        trustworthiness(flat, space, n_neighbors=k), abs=1e-12
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 30), st.integers(1, 10), st.integers(0, 10_000))
def test_bounds_and_perfect_layouts(n, k, seed):
    rng = np.random.default_rng(seed)
    space = rng.normal(size=(n, 2))
    found = fidelity(space, rng.normal(size=(n, 2)), k=k)
    assert 0 <= found.trustworthiness <= 1
    assert 0 <= found.continuity <= 1
    assert found.k <= (n - 1) // 2
    same = fidelity(space, 3 - 2 * space, k=k)
    assert (same.trustworthiness, same.continuity) == (1, 1)


def test_a_layout_that_is_the_data_is_perfect_with_ties():
    """scikit-learn 1.9.1 says less than 1 of it: sklearn.manifold.trustworthiness."""
    space = np.repeat(np.arange(10.0)[:, None], 3, axis=0)
    same = fidelity(space, space, k=4)
    assert (same.trustworthiness, same.continuity) == (1, 1)
    assert trustworthiness(space, space, n_neighbors=4) < 1


def test_chance_is_what_random_layouts_get():
    rng = np.random.default_rng(0)
    space = rng.normal(size=(60, 5))
    drawn = [fidelity(space, rng.normal(size=(60, 2)), k=10) for _ in range(100)]
    mean = np.mean([found.trustworthiness for found in drawn])
    assert drawn[0].chance == pytest.approx(mean, abs=0.01)


def test_a_sample_is_near_the_whole_and_stated():
    rng = np.random.default_rng(0)
    space = rng.normal(size=(1_000, 8))
    whole, part = (fidelity(space, space[:, :2], k=10, sample=s) for s in (1_000, 300))
    assert (whole.judged, part.judged) == (1_000, 300)
    assert part.trustworthiness == pytest.approx(whole.trustworthiness, abs=0.02)


def test_large_layouts_are_sampled():
    flat = np.random.default_rng(0).normal(size=(SAMPLE + 1, 2))
    assert fidelity(flat, flat).judged == SAMPLE


@pytest.mark.parametrize("n", [1, 2])
def test_too_few_points(n):
    found = fidelity(np.eye(n), np.eye(n))
    assert np.isnan(found.trustworthiness)
    assert np.isnan(found.continuity)


def test_rows_disagree():
    with pytest.raises(ValueError, match="rows") as caught:
        fidelity(np.eye(3), np.eye(2))
    assert str(caught.value) == (
        "`coordinates` must have as many rows as `space` (3), got 2."
    )
