"""Radii around what is missing: coverage counted, exactly where it can be."""

import dataclasses
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet_viz.config import Config
from refnet_viz.data import playground, without
from refnet_viz.embedding import Embedding
from refnet_viz.inference import embed
from refnet_viz.responsibility import conformal_radius, missing_errors
from refnet_viz.train import fit

NOMINAL, SPLITS = 0.9, 50


def pair(target, answer, *, with_it=None):
    """Return points with modality b, and without it; a tells what is answered for b."""
    n = len(target)
    whole = Embedding.from_arrays(np.arange(n)[:, None], modalities={"a": target})
    own = target if with_it is None else with_it
    both = {"a": target, "b": target}
    whole = dataclasses.replace(
        whole,
        inputs=both,
        targets=both,
        decoded={"a": target, "b": own},
        present=np.ones((n, 2), dtype=bool),
    )
    lacking = dataclasses.replace(
        whole, decoded={"a": target, "b": answer}, present=whole.present & [True, False]
    )
    return whole, lacking


@given(
    st.lists(st.integers(0, 10**6), min_size=4, max_size=12, unique=True),
    st.integers(1, 11),
)
def test_leaving_each_point_out_covers_exactly_as_many_as_were_asked_for(errors, place):
    n = len(errors)
    place = min(place, n - 1)
    whole, lacking = pair(np.array(errors, float)[:, None], np.zeros((n, 1)))
    covered = 0
    for i in range(n):
        rest = np.flatnonzero(np.arange(n) != i)
        found = conformal_radius(
            whole.subset(rest), lacking.subset(rest), "b", coverage=place / n
        )
        assert found.points == n - 1
        covered += errors[i] <= found.radius
    assert covered == place


def test_bounds_and_intervals_by_hand():
    target = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])
    right, up = np.eye(2)
    whole, lacking = pair(target, target + up, with_it=target + right)
    radius = conformal_radius(whole, lacking, "b", coverage=0.5)
    assert radius.radius == 1.0
    bounds = radius.bounds(lacking.subset([0]), whole)
    # |(0, 1) - D(z_j)| + 1 + 1, the answers for the anchors being 1 to the right.
    far = [np.hypot(1, 1), np.hypot(4, 3), np.hypot(7, 7)]
    assert bounds[0] == pytest.approx(np.array(far) + 2)
    low, high = radius.interval(lacking.subset([0]), whole)
    near = np.array([1, np.hypot(3, 3), np.hypot(6, 7)])
    assert high[0] == pytest.approx(near + 1)
    assert low[0] == pytest.approx(near - 1)
    wide = dataclasses.replace(radius, radius=5.0)
    low, high = wide.interval(lacking.subset([0]), whole)
    assert low[0] == pytest.approx([0, 0, np.hypot(6, 7) - 5])


def covered(whole, lacking, fitted_on, modality):
    """Return how often statements hold of new points, over random splits.

    All at once: every upper bound of `bounds`, both of `interval`, the radius itself.
    """
    rng, held = np.random.default_rng(0), []
    x = whole.targets[modality].astype(float)
    errors = missing_errors(whole, lacking, modality)
    for _ in range(SPLITS):
        order = rng.permutation(len(whole))
        first, new = np.split(order, [len(order) // 2])
        anchors, points = whole.subset(first), lacking.subset(new)
        radius = conformal_radius(
            anchors, fitted_on.subset(first), modality, coverage=NOMINAL
        )
        true = np.linalg.norm(x[new][:, None] - x[first], axis=2)
        bounds = radius.bounds(points, anchors)
        low, high = radius.interval(points, anchors)
        assert (high <= bounds + 1e-9).all()
        within = (low - 1e-9 <= true) & (true <= high + 1e-9)
        held.append(
            [
                (true <= bounds + 1e-9).all(axis=1).mean(),
                within.all(axis=1).mean(),
                (errors[new] <= radius.radius).mean(),
            ]
        )
    return np.mean(held, axis=0)


@pytest.fixture(scope="module")
def exchangeable():
    """Return points of one distribution; the modality at hand is read off exactly."""
    rng = np.random.default_rng(0)
    target = rng.normal(size=(400, 3))
    noise = rng.standard_t(3, size=(400, 3)) * (0.2 + rng.random((400, 1)))
    return pair(target, target + noise, with_it=target + 0.01 * noise)


@pytest.fixture(scope="module")
def dropped():
    """Return test rows of a run that knows missing modalities, with and without one."""
    data = playground(1200)
    config = Config(epochs=30, contrastive=0.0, modality_dropout=0.3)
    run = fit(data, config, progress=False)
    return embed(run, data.test), embed(run, without(data.test, "touch"))


@pytest.mark.parametrize(
    ("points", "modality"), [("exchangeable", "b"), ("dropped", "touch")]
)
def test_coverage_is_what_was_promised(points, modality, request):
    whole, lacking = request.getfixturevalue(points)
    found = covered(whole, lacking, lacking, modality)
    assert (found >= NOMINAL - 0.02).all()
    # The radius is no larger than it must be; bounds through two answers are.
    assert found[2] == pytest.approx(NOMINAL, abs=0.02)


@pytest.mark.parametrize(
    ("points", "modality", "most"),
    [("exchangeable", "b", (0.3, 0.3, 0.1)), ("dropped", "touch", (0.75, 0.6, 0.1))],
)
def test_calibrating_with_the_modality_at_hand_covers_too_little(
    points, modality, most, request
):
    whole, lacking = request.getfixturevalue(points)
    flattering = dataclasses.replace(whole, present=lacking.present)
    assert (covered(whole, lacking, flattering, modality) < most).all()


def test_radii_that_prove_nothing_are_refused(dropped):
    whole, lacking = dropped
    cases = {
        "`whole` must have at least 99 rows for a coverage of 0.99, got 50.": (
            whole.subset(range(50)),
            lacking.subset(range(50)),
            "touch",
            0.99,
        ),
        "`without` must have the same ids as `whole`, in any order, got 239 and 240 of "
        "which 239 are the same: '7' is only in `whole`.": (
            whole,
            lacking.subset(np.arange(1, 240)),
            "touch",
            0.9,
        ),
        "`without` must lack 'sight' in every row, got 240 with it.": (
            whole,
            lacking,
            "sight",
            0.9,
        ),
        "`whole` must have 'touch' in every row, got 240 without it.": (
            lacking,
            lacking,
            "touch",
            0.9,
        ),
        "`modality` must be one of 'sight', 'sound', 'touch', got 'smell'.": (
            whole,
            lacking,
            "smell",
            0.9,
        ),
        "`coverage` must be a finite number between 0 and 1, got 90.": (
            whole,
            lacking,
            "touch",
            90,
        ),
        "`embedding` must hold only rows that its run was not trained on, got 240 of "
        "240 that it was; `embedding.subset(embedding.held_out)` leaves them out.": (
            dataclasses.replace(whole, held_out=~whole.held_out),
            lacking,
            "touch",
            0.9,
        ),
    }
    for told, (first, second, name, share) in cases.items():
        with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
            conformal_radius(first, second, name, coverage=share)


def test_the_smallest_sample_for_a_coverage():
    x = np.arange(9.0)[:, None]
    whole, lacking = pair(x, 2 * x)
    assert conformal_radius(whole, lacking, "b", coverage=0.9).radius == 8.0
    assert conformal_radius(whole, lacking, "b", coverage=0.1).radius == 0.0
    with pytest.raises(ValueError, match=r"at least 19 rows for a coverage of 0\.95"):
        conformal_radius(whole, lacking, "b", coverage=0.95)
