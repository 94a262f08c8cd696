"""Scores, both metrics, certificates and floors against slow obvious oracles."""

import dataclasses
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from refnet_viz.data import Dataset
from refnet_viz.decoder import Decoder
from refnet_viz.embedding import Embedding
from refnet_viz.graph import METRICS, knn, overlap
from refnet_viz.inference import embed
from refnet_viz.responsibility import (
    Geometry,
    certified,
    cross_fit,
    effective_rank,
    lipschitz_bound,
    pure_by_loss,
    recovery_margins,
    scores,
    scores_by_point,
    spectrum,
    supported,
)
from refnet_viz.train import Config, fit


def problem(seed=0, n=40, noise=0.3, widths=(3, 2), missing=0.0):
    """An embedding whose answers are its targets and noise."""
    rng = np.random.default_rng(seed)
    names = "abcd"[: len(widths)]
    x = {m: rng.normal(size=(n, d)) for m, d in zip(names, widths, strict=True)}
    own = Embedding.from_arrays(rng.normal(size=(n, 4)), modalities=x)
    decoded = {
        m: (v + noise * rng.normal(size=v.shape)).astype(np.float32)
        for m, v in own.inputs.items()
    }
    present = rng.random((n, len(widths))) >= missing
    return dataclasses.replace(
        own, targets=dict(own.inputs), decoded=decoded, present=present
    )


def oracle(own, weights):
    """All distances and residuals, by double loops over modalities."""
    n = len(own)
    refined, total, rho = np.zeros((n, n)), np.zeros((n, n)), np.zeros(n)
    for name, weight in weights.items():
        x, y = (part[name].astype(float) for part in (own.targets, own.decoded))
        refined += weight * cdist(y, y) ** 2
        total += weight * cdist(x, x) ** 2
        rho += weight * ((x - y) ** 2).sum(axis=1)
    return np.sqrt(refined), np.sqrt(total), np.sqrt(rho)


def pairs(n):
    """Both ends of all ordered pairs of different points."""
    source, target = np.nonzero(~np.eye(n, dtype=bool))
    return source, target


problems = st.builds(
    problem,
    st.integers(0, 10**6),
    st.integers(6, 25),
    st.floats(0.001, 3.0),
    st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(problems, st.lists(st.floats(0.01, 100), min_size=4, max_size=4))
def test_theorem_1_holds_for_all_pairs_and_any_weights(own, numbers):
    weights = dict(zip(own.targets, numbers, strict=False))
    geometry = Geometry.of(own, weights)
    refined, total, rho = oracle(own, weights)
    source, target = pairs(len(own))
    bound = geometry.bound(source, target)  # asserts it
    np.testing.assert_allclose(bound.refined, refined[source, target], atol=1e-9)
    np.testing.assert_allclose(bound.total, total[source, target], atol=1e-9)
    np.testing.assert_allclose(bound.reach, rho[source] + rho[target], atol=1e-9)
    gap = np.abs(refined - total)[source, target]
    assert (gap <= bound.slack + 1e-9).all()
    assert (bound.slack <= bound.reach + 1e-9).all()


def test_a_bound_that_does_not_hold_is_noticed():
    own = problem()
    geometry = Geometry.of(own)
    # Answers that are not those the residuals were taken from.
    vars(geometry)["rho"] = np.zeros(len(own))
    with pytest.raises(ArithmeticError, match=r"^Theorem 1 must hold for every pair"):
        geometry.bound(*pairs(len(own)))


@settings(max_examples=60, deadline=None)
@given(problems, st.integers(1, 5))
def test_what_is_certified_is_true_and_what_is_supported_is_the_truth(own, k):
    geometry = Geometry.of(own)
    _, total, _ = oracle(own, geometry.weights)
    np.fill_diagonal(total, np.inf)
    source, target = pairs(len(own))
    bound, radius = geometry.bound(source, target), geometry.radii([k])
    truth = total <= np.sort(total, axis=1)[:, [k - 1]] * (1 + 1e-12)
    found = supported(bound, radius[source, 0])
    assert (found == truth[source, target]).all()
    assert not (certified(bound, radius[source, 0]) & ~found).any()


def test_small_residuals_certify_and_large_ones_do_not():
    for noise, least, most in ((0.001, 0.9, 1.0), (1.0, 0.0, 0.0)):
        own = problem(noise=noise)
        graph = knn(own, 5, space="sum").edges("directed")
        geometry = Geometry.of(own)
        radius = geometry.radii([10])[graph.source, 0]
        share = certified(geometry.bound(graph.source, graph.target), radius).mean()
        assert least <= share <= most


@settings(max_examples=40, deadline=None)
@given(problems, st.integers(1, 3))
def test_a_margin_above_0_recovers_the_neighbourhood(own, k):
    margins = recovery_margins(Geometry.of(own), k)
    refined, true = (knn(own, k, space=space).indices for space in ("refined", "sum"))
    for row in np.flatnonzero(margins > 1e-9):
        assert set(refined[row]) == set(true[row])


def test_margins_are_met_by_nearly_exact_answers():
    assert (recovery_margins(Geometry.of(problem(noise=1e-4)), 3) > 0).mean() > 0.9
    assert (recovery_margins(Geometry.of(problem(noise=1.0)), 3) > 0).mean() == 0


def test_rows_that_lack_a_modality_are_not_judged():
    own = problem(missing=0.3, n=60)
    geometry = Geometry.of(own)
    whole = own.present.all(axis=1)
    assert 5 < whole.sum() < 55
    assert (np.isnan(geometry.rho) == ~whole).all()
    assert (np.isnan(geometry.radii([3])[:, 0]) == ~whole).all()
    source, target = pairs(len(own))
    bound = geometry.bound(source, target)
    assert (np.isnan(bound.total) == ~(whole[source] & whole[target])).all()
    assert np.isfinite(bound.refined).all()  # what is decoded is always there
    inner = own.subset(whole)
    places = np.flatnonzero(whole)
    assert np.array_equal(
        geometry.radii([3])[places], Geometry.of(inner).radii([3]), equal_nan=True
    )
    # Without the weight of a modality, the rows that lack only it are judged.
    alone = Geometry.of(own, {"a": 1.0, "b": 0.0})
    assert (alone.whole == own.present[:, 0]).all()


def test_more_neighbours_than_rows_have_no_radius():
    assert np.isnan(Geometry.of(problem(n=10)).radii([3, 10])[:, 1]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"decoded": {}},
            "`embedding` must have decoded answers, got none; "
            "`rv.responsibility.cross_fit` fits decoders to any embedding.",
        ),
        (
            {"held_out": np.arange(40) >= 3},
            "`embedding` must hold only rows that its run was not trained on, got 3 of "
            "40 that it was; `embedding.subset(embedding.held_out)` leaves them out.",
        ),
    ],
)
def test_residuals_that_prove_nothing_are_refused(change, message):
    own = dataclasses.replace(problem(), **change)
    for function in (Geometry.of, scores, scores_by_point, spectrum):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            function(own)


def test_weights_are_checked():
    own = problem()
    told = "^`weights` must have one above 0, got 0 for every modality.$"
    with pytest.raises(ValueError, match=told):
        Geometry.of(own, {"a": 0.0, "b": 0.0})
    with pytest.raises(ValueError, match=r"^`weights` must name every modality"):
        Geometry.of(own, {"a": 1.0})


def test_scores_against_loops():
    own = problem(n=30, noise=0.7)
    table, points = scores(own).set_index("modality"), scores_by_point(own)
    rng = np.random.default_rng(0)
    for name in own.decoded:
        x, y = (part[name].astype(float) for part in (own.targets, own.decoded))
        spread = ((x - x.mean(axis=0)) ** 2).sum()
        error = ((x - y) ** 2).sum(axis=1)
        assert table.r2[name] == pytest.approx(1 - error.sum() / spread)
        np.testing.assert_allclose(points[name], 1 - error / (spread / 30))
        assert points[name].mean() == pytest.approx(table.r2[name])
        ranks = [
            sum(
                np.linalg.norm(x[j] - y[i]) < np.linalg.norm(x[i] - y[i])
                for j in range(30)
                if j != i
            )
            / 29
            for i in range(30)
        ]
        np.testing.assert_allclose(points[f"{name} rank"], ranks)
        assert table["retrieval"][name] == pytest.approx(np.mean(np.equal(ranks, 0)))
        drawn = [1 - ((x - rng.permutation(y)) ** 2).sum() / spread for _ in range(999)]
        assert table.r2_shuffled[name] == pytest.approx(np.mean(drawn), abs=0.02)
    bare = scores_by_point(own, ranks=False)
    assert bare.equals(points[list(own.decoded)])
    assert np.isnan(table.r2_untrained).all()
    assert (table.alarm == "").all()


def test_a_collapsed_target_raises_the_alarm():
    own = problem(widths=(5, 5))
    line = np.outer(np.arange(40.0), np.ones(5)).astype(np.float32)
    still = 0.01 * own.targets["b"]
    own = dataclasses.replace(own, targets={"a": line, "b": still})
    assert scores(own).alarm.tolist() == ["collapsed", "collapsed"]
    assert effective_rank(line) == pytest.approx(1.0)


def test_the_rank_of_z_stands_beside_that_of_permuted_columns():
    own = problem()
    z = own.z.astype(float)
    sizes = np.linalg.svd(z - z.mean(axis=0), compute_uv=False)
    shares = sizes / sizes.sum()
    expected = np.exp(-np.sum(shares * np.log(shares)))
    assert effective_rank(z, of="singular values") == pytest.approx(expected)
    table = scores(own)
    assert table.z_rank.tolist() == pytest.approx([expected] * len(table), rel=1e-6)
    line = np.outer(z[:, 0], [1, 2, 3]) + 0.01 * z[:, :1] ** 2
    narrow = scores(dataclasses.replace(own, z=line.astype(np.float32)))
    assert narrow.z_rank[0] < 1.2 < 2 < narrow.z_rank_permuted[0] <= 3
    with pytest.raises(ValueError, match="`of` must be one of"):
        effective_rank(z, of="rank")


def test_a_modality_that_no_row_has_is_left_open():
    own = problem()
    own = dataclasses.replace(own, present=own.present & [True, False])
    table = scores(own).set_index("modality")
    assert table.points.to_dict() == {"a": 40, "b": 0}
    assert np.isnan(table.r2["b"])
    assert scores_by_point(own)["b"].isna().all()


def test_cross_fitting_never_shows_a_decoder_its_row():
    rng = np.random.default_rng(0)
    z, noise = rng.normal(size=(60, 30)), rng.normal(size=(60, 4))
    own = cross_fit(
        Embedding.from_arrays(z, modalities={"noise": noise, "z": z[:, :3]})
    )
    table = scores(own).set_index("modality")
    assert table.r2["noise"] < 0.05  # 30 features could fit 60 rows of noise well
    assert table.r2["z"] > 0.95
    again = cross_fit(own)
    assert (again.decoded["noise"] == own.decoded["noise"]).all()
    with pytest.raises(
        ValueError, match=r"^`embedding` must have modalities to answer"
    ):
        cross_fit(Embedding.from_arrays(z))


def test_cross_fitting_learns_nothing_from_absent_rows():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(50, 2))
    own = Embedding.from_arrays(z, modalities={"a": z})
    gone = np.arange(50) % 5 == 0
    wrong = own.inputs["a"].copy()
    wrong[gone] = 1000.0
    own = dataclasses.replace(own, inputs={"a": wrong}, present=~gone[:, None])
    assert scores(cross_fit(own)).r2[0] > 0.99


def clustered(spread, n=24):
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 3
    return np.eye(3)[labels] + spread * rng.normal(size=(n, 3)), labels


def test_the_label_certificate_is_sound_and_not_empty():
    for spread, least in ((0.001, 1.0), (0.2, 0.2), (2.0, 0.0)):
        z, labels = clustered(spread)
        proved = pure_by_loss(z, labels)
        assert proved.mean() >= least
        near = knn(z, 7, metric="cosine").indices  # as many as each has positives
        assert (labels[near] == labels[:, None]).all(axis=1)[proved].all()
    assert not pure_by_loss(np.ones((3, 2)), np.arange(3)).any()
    with pytest.raises(ValueError, match=r"^`labels` must be one class a point"):
        pure_by_loss(z, np.eye(24, dtype=int))


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10**6), st.floats(0.01, 1.5), st.floats(0.5, 10), st.floats(1, 80)
)
def test_the_label_certificate_is_sound_on_any_data(seed, spread, alpha, beta):
    rng = np.random.default_rng(seed)
    labels = rng.integers(3, size=20)
    z = np.eye(3)[labels] + spread * rng.normal(size=(20, 3))
    proved = pure_by_loss(z, labels, alpha=alpha, beta=beta)
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    for i in np.flatnonzero(proved):
        others = np.arange(20) != i
        same = labels == labels[i]
        cosines = unit @ unit[i]
        assert cosines[same & others].min() > cosines[~same].max()


def test_linear_answers_make_the_refined_graph_that_of_a_mahalanobis_metric():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(50, 4))
    maps = {"a": rng.normal(size=(4, 6)), "b": rng.normal(size=(4, 3))}
    weights = {"a": 0.7, "b": 2.0}
    x = {m: (z @ w + 1.0).astype(np.float32) for m, w in maps.items()}
    own = dataclasses.replace(
        Embedding.from_arrays(z, modalities=x), inputs=x, targets=x, decoded=x
    )
    metric = sum(weights[m] * w @ w.T for m, w in maps.items())
    scaled = z @ np.linalg.cholesky(metric)
    graph = knn(own, 5, space="refined", weights=weights)
    assert (graph.indices == knn(scaled, 5).indices).all()
    assert (graph.indices == knn(own, 5, space="sum", weights=weights).indices).all()
    assert overlap(graph, knn(own, 5)) < 1  # plain distances of z are others


def test_no_linear_refiner_is_below_the_floor_and_the_best_is_on_it():
    own = problem(n=40, widths=(6, 5))
    weights = {"a": 1.0, "b": 3.0}
    x = np.hstack([np.sqrt(w) * own.targets[m] for m, w in weights.items()])
    x = x.astype(float) - x.mean(axis=0)
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    rng = np.random.default_rng(0)
    for z in (rng.normal(size=(40, 4)), x[:, :4], u[:, :4] * s[:4]):
        answer = z @ np.linalg.lstsq(z, x, rcond=None)[0]
        parts = dict(zip(weights, np.split(answer, [6], axis=1), strict=True))
        decoded = {m: part / np.sqrt(weights[m]) for m, part in parts.items()}
        shifted = {m: v - v.mean(axis=0) for m, v in own.targets.items()}
        linear = dataclasses.replace(own, z=z, targets=shifted, decoded=decoded)
        found = spectrum(linear, weights)
        assert found.achieved >= found.floor - 1e-6
        assert found.floor == pytest.approx((s[4:] ** 2).sum())
    assert found.achieved == pytest.approx(found.floor)
    assert found.total == pytest.approx((s**2).sum())
    assert found.floor_share == pytest.approx(found.floor / found.total)
    np.testing.assert_allclose(found.eigenvalues[:11], s**2, atol=1e-8)


@pytest.fixture(scope="module")
def trained(make_paired):
    """Return an embedding of held-out rows with decoders, and its model."""
    data = make_paired(rows=200, noise=1.0)
    run = fit(data, Config(epochs=20, hidden=32, width=8, dropout=0.0), progress=False)
    return embed(run, data.test), run


def test_decoders_as_arrays_say_what_was_decoded(trained):
    space, run = trained
    for name, decoder in space.decoders.items():
        np.testing.assert_allclose(decoder(space.z), space.decoded[name], atol=1e-4)
    assert space.subset([0, 1]).decoders.keys() == space.decoders.keys()
    model = run.model().double()
    z = torch.tensor(space.z[:5], dtype=torch.float64)
    for number, decoder in enumerate(space.decoders.values()):
        part = model.refiner.decoders[str(number)]
        jacobians = [torch.autograd.functional.jacobian(part, row) for row in z]
        mean = torch.stack([j.T @ j for j in jacobians]).mean(dim=0)
        np.testing.assert_allclose(decoder.pull_back(space.z[:5]), mean, atol=1e-9)


def test_the_lipschitz_bound_holds_for_all_pairs(trained):
    space, _ = trained
    source, target = pairs(len(space))
    for name in space.decoders:
        most = lipschitz_bound(space, name, source=source, target=target)
        x = space.targets[name].astype(float)
        true = np.linalg.norm(x[source] - x[target], axis=1)
        assert (most >= true - 1e-4).all()
    told = "^`modality` must be one of "
    with pytest.raises(ValueError, match=told):
        lipschitz_bound(space, "scent", source=source, target=target)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_no_decoder_moves_faster_than_its_constant(seed):
    rng = np.random.default_rng(seed)
    decoder = Decoder(
        rng.normal(size=(5, 3)),
        rng.normal(size=5),
        rng.normal(size=(2, 5)),
        rng.normal(size=2),
    )
    a, b = rng.normal(size=(2, 20, 3)) * 10
    moved = np.linalg.norm(decoder(a) - decoder(b), axis=1)
    assert (moved <= decoder.lipschitz * np.linalg.norm(a - b, axis=1) + 1e-9).all()


def test_a_trained_refiner_answers_better_than_an_untrained_one(trained):
    table = scores(trained[0])
    assert (table.r2 > 0.15).all()
    assert (table.r2 > table.r2_untrained + 0.15).all()
    assert (table.r2 > table.r2_shuffled + 0.15).all()
    assert (table["rank"] < 0.4).all()
    found = spectrum(trained[0])
    assert 0 <= found.floor_share < found.achieved_share < 1
    assert found.condition >= 1


def toy(seed):
    """Three modalities of 4 shared and 3 private latents; classes of the shared."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(400, 4))
    arrays = {}
    for name, width in (("a", 20), ("b", 30), ("c", 12)):
        latent = np.hstack([shared, rng.normal(size=(400, 3))])
        seen = np.tanh(latent @ rng.normal(size=(7, width)) / np.sqrt(7))
        arrays[name] = seen + 0.05 * rng.normal(size=seen.shape)
    labels = (shared @ rng.normal(size=(4, 5))).argmax(axis=1)
    return Dataset.from_arrays(arrays, labels=labels, split=["train"] * 400)


def test_the_refiner_induces_the_graph_of_all_modalities_in_the_refined_space():
    """The shares of neighbours and of labels are those of our earlier derivation.

    With weights 0, 1 and 10 it found refined overlaps of .42, .86 and .90 with the
    modality-sum graph at k = 10, latent ones of .22, .25 and .39, and purities falling
    from .94 to .93 and .86, on another draw of such data and another optimiser.
    """
    data, found = toy(0), {}
    for weight in (0.0, 1.0, 10.0):
        config = Config(
            width=16,
            hidden=64,
            dropout=0.0,
            epochs=200,
            batch_size=100,
            keep="last",
            refiner=weight,
            contrastive=0.0,
            learning_rate=3e-3,
        )
        space = embed(fit(data, config, progress=False), data)
        graphs = {name: knn(space, 10, space=name) for name in space.spaces}
        found[weight] = (
            overlap(graphs["latent"], graphs["sum"]),
            overlap(graphs["refined"], graphs["sum"]),
            METRICS["purity"].function(graphs["latent"]),
        )
    assert found[1.0][:2] == pytest.approx((0.246, 0.856), abs=0.05)
    assert found[10.0][:2] == pytest.approx((0.394, 0.901), abs=0.08)
    assert found[0.0][1] < 0.45 < found[1.0][1] / 1.5
    assert found[0.0][2] > found[1.0][2] > found[10.0][2] > 0.7  # what is paid
