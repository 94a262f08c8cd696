"""Fixed points and their gradients, held by unrolling and by linear algebra."""

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch

import refnet_viz as rv
from refnet_viz.model.encoders import Encoded
from refnet_viz.model.fusion import FUSIONS
from refnet_viz.model.fusion.equilibrium import anderson, equilibrium, resting_at


def contraction(size=6, seed=0):
    """Return a random linear contraction and its offset."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(size, size))
    return torch.tensor(0.8 * a / np.linalg.norm(a, 2)), torch.tensor(
        rng.normal(size=size)
    )


def vectors(count=2, rows=6, width=8, seed=0, present=None):
    generator = torch.Generator().manual_seed(seed)
    encoded = {}
    for name in "abcde"[:count]:
        x = torch.randn(rows, width, generator=generator, dtype=torch.float64)
        x.requires_grad_()
        encoded[name] = Encoded(x[:, None], torch.ones(rows, 1, dtype=torch.bool), x)
    there = torch.ones(rows, count, dtype=torch.bool) if present is None else present
    return encoded, there


@pytest.fixture
def net(make_sizes):
    """Return an equilibrium fusion of two modalities in float64."""
    torch.manual_seed(0)
    return FUSIONS["deq"](make_sizes(2)).double().eval()


def test_anderson_solves_a_linear_system():
    a, b = contraction()
    state, residual, steps = anderson(
        lambda x: x @ a.T + b,
        torch.zeros(1, 6, dtype=a.dtype),
        steps=60,
        tolerance=1e-8,
    )
    exact = np.linalg.solve(np.eye(6) - a.numpy(), b.numpy())
    np.testing.assert_allclose(state[0].numpy(), exact, rtol=1e-6)
    assert residual[0] <= 1e-8
    plain = int(np.ceil(np.log(1e-8) / np.log(0.8)))
    assert steps[0] < plain


def test_a_row_stops_by_itself_and_its_neighbours_do_not_matter():
    scale = torch.tensor([[0.0], [0.5], [0.95]], dtype=torch.float64)
    start = torch.zeros(3, 1, dtype=torch.float64)

    def rows(index):
        return anderson(
            lambda x: scale[index] * torch.tanh(x) + 1,
            start[index],
            steps=50,
            tolerance=1e-6,
        )

    state, _, steps = rows([0, 1, 2])
    assert steps[0] <= steps[1] <= steps[2]
    for i in range(3):
        alone, _, own = rows([i])
        torch.testing.assert_close(alone[0], state[i], rtol=0, atol=0)
        assert own[0] == steps[i]


def test_the_fusion_rests_and_says_so_honestly(net):
    encoded, present = vectors(rows=32)
    fused = net(encoded, present)
    told = fused.diagnostics
    assert told["converged"].mean() > 0.9
    resting = told["converged"].bool()
    assert (told["residual"][resting] <= resting_at(torch.float64)).all()
    assert (told["residual"][~resting] > resting_at(torch.float64)).all()
    # One more step from z moves it by no more than what is told.
    pooled = torch.stack([encoded[n].pooled for n in "ab"], dim=1)
    joint = (net.scale[:, None] * pooled).sum(dim=1) + net.shift
    there = present[..., None]

    def step(s, x, j):
        return net._step(s, x, j, there)

    rest = equilibrium(
        step, torch.zeros(32, 3, 8, dtype=torch.float64), (pooled, joint), steps=30
    )
    again = step(rest.state, pooled, joint)
    moved = (again - rest.state).flatten(1).norm(dim=1)
    size = again.flatten(1).norm(dim=1)
    assert (moved[resting] <= 5e-6 * size[resting]).all()
    torch.testing.assert_close(rest.state[:, -1], fused.z)


def test_the_implicit_gradient_is_the_unrolled_one(net):
    encoded, present = vectors(rows=16)
    fused = net(encoded, present)
    rows = fused.diagnostics["converged"].bool()
    assert rows.sum() >= 12
    weight = torch.randn(8, dtype=torch.float64)
    given = encoded["a"].pooled
    (fused.z[rows] @ weight).sum().backward()
    implicit = given.grad.clone()
    weights = {
        n: p.grad.clone() for n, p in net.named_parameters() if p.grad is not None
    }
    given.grad = None
    net.zero_grad()

    pooled = torch.stack([encoded[n].pooled for n in "ab"], dim=1)
    joint = (net.scale[:, None] * pooled).sum(dim=1) + net.shift
    state = torch.zeros(16, 3, 8, dtype=torch.float64)
    for _ in range(300):
        state = net._step(state, pooled, joint, present[..., None])
    at_rest = (state[:, -1] - fused.z).norm(dim=1) < 1e-4
    assert (at_rest & rows).sum() >= 10
    same = at_rest & rows
    (state[rows][:, -1] @ weight).sum().backward()
    torch.testing.assert_close(given.grad[same], implicit[same], rtol=1e-3, atol=1e-3)
    if bool(same[rows].all()):
        for name, parameter in net.named_parameters():
            torch.testing.assert_close(
                parameter.grad, weights[name], rtol=1e-3, atol=2e-3
            )


def test_it_has_as_many_parameters_as_the_published_code(make_sizes):
    # Theirs at three modalities of 64 features: 3 branches of 2 maps and 3 norms,
    # gate, fuse and a norm, three scalars and a bias.
    net = FUSIONS["deq"](make_sizes(3, width=64))
    assert sum(p.numel() for p in net.parameters()) == 34_564


def test_a_step_is_the_equation_with_norms_of_a_modalitys_own(net):
    encoded, present = vectors()
    for parameter in net.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    x = torch.stack([encoded[n].pooled for n in "ab"], dim=1)
    state = torch.randn(6, 3, 8, dtype=torch.float64)
    joint = torch.randn(6, 8, dtype=torch.float64)

    def normed(norm, values):
        centred = values - values.mean(dim=1, keepdim=True)
        size = (centred.square().mean(dim=1, keepdim=True) + 1e-5).sqrt()
        return centred / size * norm.weight + norm.bias

    z, gate, features = state[:, 2], 0, []
    for m in range(2):
        first, second, last = net.norms[m]
        h = normed(first, net.first[m](state[:, m])).relu()
        h = normed(second, net.second[m](h) + x[:, m])
        features.append(normed(last, (h + state[:, m]).relu()))
        gate = gate + net.gate(z + features[m]) * z
    fused = normed(net.fuse_norm, (net.fuse(gate) + joint).relu())
    expected = torch.stack([*features, fused], dim=1)
    there = present[..., None]
    torch.testing.assert_close(net._step(state, x, joint, there), expected)
    net.norms[0][2].weight.data *= 0.5  # of one modality: its features alone halve
    moved = (net._step(state, x, joint, there) - expected).abs().amax(dim=(0, 2))
    assert moved[0] > 0.1
    assert moved[1] < 1e-12


def test_weights_with_norms_that_modalities_shared_load_as_they_were(net, make_sizes):
    first = net.norms[0]
    net.norms[1].load_state_dict(first.state_dict())
    old = {
        name: value
        for name, value in net.state_dict().items()
        if not name.startswith(("norms", "fuse_norm", "shift"))
    }
    for number, norm in enumerate([*first, net.fuse_norm]):
        norm.weight.data += torch.rand_like(norm.weight)
        old |= {f"norms.{number}.{key}": x for key, x in norm.state_dict().items()}
    net.norms[1].load_state_dict(first.state_dict())
    again = FUSIONS["deq"](make_sizes(2)).double().eval()
    again.load_state_dict(old)
    assert torch.equal(again(*vectors()).z, net(*vectors()).z)


def test_the_penalty_trains_the_step_and_leaves_the_encoders_alone(net):
    encoded, present = vectors()
    net.train()(encoded, present).aux_losses["jacobian"].backward()
    assert net.first[0].weight.grad.abs().max() > 0
    assert all(x.pooled.grad is None for x in encoded.values())


def test_a_row_that_does_not_rest_passes_the_gradient_of_one_step():
    x = torch.ones(1, 1, dtype=torch.float64, requires_grad=True)
    turning = equilibrium(
        lambda z, x: -3 * z + torch.sin(40 * z) + x, torch.zeros_like(x), (x,), steps=4
    )
    assert not turning.converged[0]
    turning.state.sum().backward()
    assert x.grad.item() == 1


def test_nothing_is_kept_alive_after_the_gradient(net):
    encoded, present = vectors()
    fused = net(encoded, present)
    fused.z.sum().backward()
    seen = weakref.ref(fused.z)
    gc.disable()
    try:
        del fused
        assert seen() is None
    finally:
        gc.enable()


def test_training_keeps_it_resting(make_paired, small):
    data = make_paired()
    run = rv.fit(data, replace(small, fusion="deq", epochs=8), progress=False)
    assert rv.embed(run, data).diagnostics["converged"].mean() >= 0.9
