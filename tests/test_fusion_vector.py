"""The fusions of pooled vectors, number by number."""

import dataclasses
import math
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.distributions import Normal, kl_divergence

from refnet_viz.model.encoders import Encoded
from refnet_viz.model.fusion import FUSIONS, Answers, Fused, poe, tensor
from refnet_viz.model.fusion.low_rank import RANK
from refnet_viz.model.fusion.nl_gate import SLOTS
from refnet_viz.model.fusion.poe import kl_to_unit, product_of_experts
from refnet_viz.model.fusion.vectors import shares, unit_scale, wide

NAMES = (
    "late",
    "tensor",
    "low_rank",
    "multiplicative",
    "nl_gate",
    "gmu",
    "poe",
    "mfm",
)
COUNTS = [
    (name, count)
    for name in NAMES
    for count in range(1, 6)
    if FUSIONS[name].counts[0] <= count <= (FUSIONS[name].counts[1] or 5)
]
every_count = pytest.mark.parametrize(("name", "count"), COUNTS)


def vectors(count, rows=12, width=8, seed=0):
    """Return pooled vectors as encoders hand them over, all present."""
    generator = torch.Generator().manual_seed(seed)
    encoded = {}
    for name in "abcde"[:count]:
        x = torch.randn(rows, width, generator=generator)
        encoded[name] = Encoded(x[:, None], torch.ones(rows, 1, dtype=torch.bool), x)
    return encoded, torch.ones(rows, count, dtype=torch.bool)


def answers_for(encoded, present, seed=1):
    """Return what a training step knows of these rows."""
    generator = torch.Generator().manual_seed(seed)
    rows = len(present)
    return Answers(
        {name: torch.randn(rows, 5, generator=generator) for name in encoded},
        present,
        torch.arange(rows) % 3,
        torch.ones(rows, dtype=torch.bool),
    )


def made(name, count, make_sizes, **options):
    """Return a fusion without dropout, the same at every call."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return FUSIONS[name](make_sizes(count, **options))


def some_missing(present):
    """Return presence in which row i lacks modality i modulo M, where it may."""
    rows, count = present.shape
    if count == 1:
        return present
    gone = torch.arange(rows)[:, None] % (count + 1) == torch.arange(count)
    return present & ~gone


@every_count
def test_every_parameter_learns_for_every_number_of_modalities(name, count, make_sizes):
    net = made(name, count, make_sizes)
    encoded, present = vectors(count)
    present = some_missing(present)
    fused = net(encoded, present)
    terms = net.losses(fused, answers_for(encoded, present))
    (fused.z.square().sum() + sum(terms.values())).backward()
    for key, parameter in net.named_parameters():
        assert parameter.grad.abs().max() > 0, key


@every_count
def test_a_missing_modality_is_out_of_z_and_of_the_losses(name, count, make_sizes):
    net = made(name, count, make_sizes).eval()
    encoded, present = vectors(count)
    present = some_missing(present)
    other = {}
    for column, (key, (_, mask, x)) in enumerate(encoded.items()):
        dirty = x.masked_fill(~present[:, column, None], torch.nan)
        other[key] = Encoded(dirty[:, None], mask, dirty)
    answers = answers_for(encoded, present)
    features = {
        key: x.masked_fill(~present[:, column, None], torch.nan)
        for column, (key, x) in enumerate(answers.features.items())
    }
    hidden = Answers(features, present, answers.labels, answers.labelled)
    first, second = net(encoded, present), net(other, present)
    assert torch.equal(first.z, second.z)
    for key, x in first.diagnostics.items():
        assert torch.equal(x, second.diagnostics[key])
    found = []
    for fused, given_ in ((first, answers), (second, hidden)):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            found.append([x.item() for x in net.losses(fused, given_).values()])
    assert found[0] == found[1]
    assert all(math.isfinite(x) for x in found[0])


@every_count
def test_shares_of_modalities_are_at_most_one_and_none_of_what_is_absent(
    name, count, make_sizes
):
    net = made(name, count, make_sizes).eval()
    encoded, present = vectors(count)
    present = some_missing(present)
    for key, x in net(encoded, present).diagnostics.items():
        if x.ndim == 2:
            assert x.shape == present.shape
            assert (x[~present] == 0).all()
            assert (x[present] > 0).all()
            if key in ("weight", "share"):
                torch.testing.assert_close(x.sum(dim=1), torch.ones(12))
            if key == "precision":
                assert (x.sum(dim=1) < 1).all()  # the rest is the prior's


@pytest.mark.parametrize("name", NAMES)
def test_a_row_with_nothing_at_all_is_finite(name, make_sizes):
    count = FUSIONS[name].counts[0] + 1
    net = made(name, count, make_sizes)
    encoded, present = vectors(count)
    fused = net(encoded, ~present)
    assert fused.z.isfinite().all()
    assert torch.equal(fused.z, fused.z[:1].expand_as(fused.z))
    terms = net.losses(fused, answers_for(encoded, ~present))
    fused.z.square().sum().backward()
    assert all(x.isfinite() for x in terms.values())
    assert all(p.grad.isfinite().all() for p in net.parameters() if p.grad is not None)


@pytest.mark.parametrize(
    ("name", "count", "span"),
    [
        ("late", 1, "at least 2"),
        ("mfm", 1, "at least 2"),
        ("gmu", 1, "at least 2"),
        ("nl_gate", 1, "2 to 5"),
        ("nl_gate", 6, "2 to 5"),
        ("tensor", 13, "1 to 12"),
        ("multiplicative", 4, "2 to 3"),
    ],
)
def test_a_number_of_modalities_it_is_not_for_is_one_sentence(
    name, count, span, make_sizes
):
    kind = FUSIONS[name].__name__
    kinds = {f"modality {i}": "vector" for i in range(count)}
    sizes = dataclasses.replace(make_sizes(1), kinds=kinds)
    with pytest.raises(
        ValueError,
        match=rf"^`data` must have {span} modalities for {kind}, got {count}\.$",
    ):
        FUSIONS[name](sizes)


def test_shares_by_hand_and_where_a_softmax_would_lose_them():
    scores = torch.tensor([0.0, math.log(3.0), 9.0])
    two = torch.tensor([True, True, False])
    torch.testing.assert_close(shares(scores, two), torch.tensor([0.25, 0.75, 0.0]))
    low = torch.tensor([-900.0, -900.0, 900.0])
    assert shares(low, two).tolist() == [0.5, 0.5, 0.0]


def test_half_precision_is_widened_and_double_is_kept():
    for given_, kept in (
        (torch.bfloat16, torch.float32),
        (torch.float16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ):
        assert wide(torch.ones(2, dtype=given_)).dtype == kept


@given(st.floats(1e-2, 1e4), st.integers(1, 9))
def test_unit_scale_forgets_the_size_of_a_vector(size, width):
    x = torch.randn(4, width, generator=torch.Generator().manual_seed(width)) + 3
    one = unit_scale(x)
    torch.testing.assert_close(unit_scale(size * x), one, rtol=1e-2, atol=1e-3)
    torch.testing.assert_close(one.square().mean(dim=1), torch.ones(4))


# Late fusion


@pytest.mark.parametrize("count", [2, 3, 5])
def test_late_head_on_z_is_the_weighted_mean_of_the_modalities_logits(
    count, make_sizes
):
    net = made("late", count, make_sizes).eval()
    nn.init.normal_(net.scores)
    encoded, present = vectors(count)
    present = some_missing(present)
    fused = net(encoded, present)
    assert net.z_width == fused.z.shape[1] == 8 * count
    head = nn.Linear(8 * count, 3)
    expected = torch.zeros(12, 3)
    for row in range(12):
        columns = present[row].nonzero().ravel().tolist()
        weights = net.scores[columns].softmax(dim=0)
        for weight, column in zip(weights, columns, strict=True):
            h = net.bodies[column](encoded["abcde"[column]].pooled[row])
            block = head.weight[:, 8 * column : 8 * (column + 1)]
            expected[row] += weight * (block @ h + head.bias)
    torch.testing.assert_close(head(fused.z), expected)


def test_late_weights_by_hand(make_sizes):
    net = made("late", 3, make_sizes).eval()
    net.scores.data = torch.tensor([1.0, 2.0, 5.0]).log()
    encoded, _ = vectors(3, rows=3)
    present = torch.tensor([[1, 1, 1], [1, 1, 0], [0, 1, 0]], dtype=torch.bool)
    weight = net(encoded, present).diagnostics["weight"]
    expected = torch.tensor([[1 / 8, 2 / 8, 5 / 8], [1 / 3, 2 / 3, 0], [0, 1, 0]])
    torch.testing.assert_close(weight, expected)


# Tensor fusion


@pytest.mark.parametrize("count", range(1, 13))
def test_tensor_width_is_the_largest_that_fits(count):
    width = tensor.projected_width(count)
    assert (width + 1) ** count <= 4096
    assert width == 32 or (width + 2) ** count > 4096


@pytest.mark.parametrize("present", [(1, 1, 1), (1, 0, 1), (0, 0, 1), (0, 0, 0)])
def test_tensor_fusion_is_the_sum_over_products_of_what_is_present(present, make_sizes):
    net = made("tensor", 3, make_sizes).eval()
    encoded, _ = vectors(3, rows=1)
    size = tensor.projected_width(3) + 1
    weight = net.out.weight.unflatten(1, (size, size, size))  # (w, d+1, d+1, d+1)
    y = [
        layer(unit_scale(F.gelu(x.pooled)))[0]
        for layer, x in zip(net.maps, encoded.values(), strict=True)
    ]
    expected = torch.zeros(8)
    ranges = [range(size) if there else range(1) for there in present]
    for i in ranges[0]:
        for j in ranges[1]:
            for k in ranges[2]:
                product = 1.0
                for place, part in zip((i, j, k), y, strict=True):
                    product = product * (part[place - 1] if place else 1.0)
                expected += weight[:, i, j, k] * product
    got = net(encoded, torch.tensor([present], dtype=torch.bool)).z[0]
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


# Low-rank fusion


@pytest.mark.parametrize(("count", "width"), [(2, 15), (2, 8), (3, 3)])
def test_low_rank_is_tensor_fusion_when_the_rank_allows(count, width, make_sizes):
    torch.manual_seed(0)
    net = made("low_rank", count, make_sizes, width=width).double().eval()
    size = width + 1
    terms = size ** (count - 1)
    assert terms <= RANK
    full = torch.randn(*[size] * count, width, dtype=torch.float64)
    # Term r picks one coordinate of all modalities but the last, which has the rest.
    for factor in net.factors:
        factor.data.zero_()
    places = torch.cartesian_prod(*[torch.arange(size)] * (count - 1))
    for r, place in enumerate(places.reshape(terms, -1).tolist()):
        for column, i in enumerate(place):
            net.factors[column].data[r, i] = 1.0
        net.factors[-1].data[r] = full[tuple(place)]
    net.weights.data = (torch.arange(RANK) < terms).double()
    net.bias.data.normal_()
    encoded, present = vectors(count, width=width)
    encoded = {
        key: Encoded(x.tokens.double(), x.mask, x.pooled.double())
        for key, x in encoded.items()
    }
    present = some_missing(present)
    parts = []
    for column, x in enumerate(encoded.values()):
        u = unit_scale(F.gelu(x.pooled)) * present[:, column, None]
        parts.append(torch.cat([u, torch.ones(12, 1, dtype=torch.float64)], dim=1))
    letters = "ijk"[:count]
    rule = ",".join(f"b{letter}" for letter in letters)
    expected = torch.einsum(f"{rule},{letters}o->bo", *parts, full) + net.bias
    torch.testing.assert_close(net(encoded, present).z, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_low_rank_starts_with_unit_variance_and_each_absence_halves_it(
    count, make_sizes
):
    found = {0: [], 1: []}
    for seed in range(12):
        torch.manual_seed(seed)
        net = FUSIONS["low_rank"](make_sizes(count, width=64))
        encoded, present = vectors(count, rows=64, width=64, seed=seed)
        for gone, values in found.items():
            there = present & (torch.arange(count) >= gone)
            values.append(net(encoded, there).z.square().mean().item())
    whole, halved = (sum(values) / 12 for values in found.values())
    assert whole == pytest.approx(1.0, rel=0.15)
    assert halved == pytest.approx(0.5, rel=0.15)


# Multiplicative interactions


def test_multiplicative_is_a_bilinear_form_and_two_linear_ones(make_sizes):
    net = made("multiplicative", 2, make_sizes).double().eval()
    encoded, present = vectors(2)
    x, y = (F.gelu(e.pooled.double()) for e in encoded.values())
    rank = net.hidden
    c, b = net.out.weight, net.out.bias
    first, second = net.first.weight, net.second.weight
    form = torch.einsum("or,ri,rj->oij", c[:, :rank], first[:rank], second[:rank])
    u, v = c[:, rank : 2 * rank] @ first[rank:], c[:, 2 * rank :] @ second[rank:]
    assert torch.linalg.matrix_rank(u) == 8  # U and V are not restricted
    expected = torch.zeros(12, 8, dtype=torch.float64)
    for row in range(12):
        for o in range(8):
            expected[row, o] = x[row] @ form[o] @ y[row]
    expected = expected + x @ u.T + y @ v.T + b
    got = net(double(encoded), present).z
    torch.testing.assert_close(got, expected)
    # Without the second modality U x + b remains, without the first V y + b.
    one = torch.tensor([[True, False], [False, True]]).repeat(6, 1)
    left = torch.where(one[:, :1], x @ u.T, y @ v.T) + b
    torch.testing.assert_close(net(double(encoded), one).z, left)


def double(encoded):
    """Return the encoded vectors in double precision."""
    return {
        key: Encoded(x.tokens.double(), x.mask, x.pooled.double())
        for key, x in encoded.items()
    }


def test_multiplicative_the_third_modality_writes_the_form_of_the_two(make_sizes):
    two = made("multiplicative", 2, make_sizes).double().eval()
    three = made("multiplicative", 3, make_sizes).double().eval()
    three.load_state_dict(two.state_dict(), strict=False)
    encoded, present = vectors(3)
    encoded = double(encoded)
    pair = {name: encoded[name] for name in "ab"}
    without = present & torch.tensor([True, True, False])
    torch.testing.assert_close(
        three(encoded, without).z, two(pair, present[:, :2]).z, rtol=1e-9, atol=1e-9
    )
    # With a given third modality the map is that of two with other weights.
    c = F.gelu(encoded["c"].pooled[:1])
    scale, shift = (layer(c) for layer in three.third)
    two.out.weight.data *= 1 + scale
    two.out.bias.data += shift[0]
    same = encoded["c"].pooled[:1].expand(12, -1)
    fixed = encoded | {"c": Encoded(same[:, None], encoded["c"].mask, same)}
    torch.testing.assert_close(three(fixed, present).z, two(pair, present[:, :2]).z)


@pytest.mark.parametrize("hidden", [32, 512])
def test_multiplicative_maps_start_with_unit_outputs_whatever_their_fans(
    hidden, make_sizes
):
    """Xavier on a tensor of three axes took the wrong fans (B9)."""
    net = made("multiplicative", 3, make_sizes, width=64, hidden=hidden)
    x = torch.randn(500, 64, generator=torch.Generator().manual_seed(0))
    for layer in (net.first, net.second, *net.third):
        assert layer(x).std().item() == pytest.approx(1.0, rel=0.1)


# Non-local gate


@pytest.mark.parametrize("present", [(1, 1, 1), (1, 0, 1), (1, 0, 0), (0, 1, 1)])
def test_nl_gate_by_loops_with_scores_over_the_root_of_c(present, make_sizes):
    net = made("nl_gate", 3, make_sizes, width=16).eval()
    encoded, _ = vectors(3, rows=1, width=16)
    c = net.slot
    assert (c, net.z_width) == (4, 16)
    x = [
        F.gelu(e.pooled[0]) * there
        for e, there in zip(encoded.values(), present, strict=True)
    ]
    query = net.query(x[0]).reshape(SLOTS, c)
    expected = query.detach().clone()
    for t in range(SLOTS):
        scores, values = [], []
        for other in (1, 2):
            if not present[other]:
                continue
            keys = net.keys[other - 1](x[other]).reshape(SLOTS, c)
            rows = net.values[other - 1](x[other]).reshape(SLOTS, c)
            scores += [query[t] @ keys[s] / math.sqrt(c) for s in range(SLOTS)]
            values += list(rows)
        if scores:
            weights = torch.stack(scores).softmax(dim=0)
            expected[t] += sum(w * v for w, v in zip(weights, values, strict=True))
    got = net(encoded, torch.tensor([present], dtype=torch.bool)).z[0]
    torch.testing.assert_close(got, expected.flatten())


def test_nl_gate_rounds_an_odd_width_up(make_sizes):
    net = made("nl_gate", 2, make_sizes, width=6)
    encoded, present = vectors(2, width=6)
    assert net(encoded, present).z.shape == (12, net.z_width) == (12, 8)


def test_nl_gate_share_is_the_norm_of_each_part(make_sizes):
    net = made("nl_gate", 2, make_sizes).eval()
    encoded, present = vectors(2)
    share = net(encoded, present).diagnostics["share"]
    query = net.query(F.gelu(encoded["a"].pooled))
    told = net(encoded, present).z - query
    expected = query.norm(dim=1) / (query.norm(dim=1) + told.norm(dim=1))
    torch.testing.assert_close(share[:, 0], expected, rtol=1e-4, atol=1e-5)
    assert not share.requires_grad


# Gated multimodal unit


def test_gmu_of_two_by_the_formula_and_of_one_that_is_left(make_sizes):
    net = made("gmu", 2, make_sizes).eval()
    encoded, present = vectors(2)
    x = [e.pooled for e in encoded.values()]
    h = [layer(v).tanh() for layer, v in zip(net.maps, x, strict=True)]
    g = net.gates(torch.cat(x, dim=1)).sigmoid()
    assert g.shape == (12, 8)  # one tied gate a feature
    fused = net(encoded, present)
    torch.testing.assert_close(fused.z, g * h[0] + (1 - g) * h[1])
    gate = fused.diagnostics["gate"]
    torch.testing.assert_close(gate[:, 0], g.mean(dim=1))
    torch.testing.assert_close(gate.sum(dim=1), torch.ones(12))
    for column in (0, 1):
        alone = net(encoded, present & (torch.arange(2) == column))
        torch.testing.assert_close(alone.z, h[column])
        assert alone.diagnostics["gate"][0].round(decimals=6).tolist() == [
            1.0 - column,
            0.0 + column,
        ]


def test_gmu_of_three_has_free_gates_and_keeps_their_sum(make_sizes):
    net = made("gmu", 3, make_sizes).eval()
    encoded, present = vectors(3)
    x = [e.pooled for e in encoded.values()]
    h = torch.stack([f(v).tanh() for f, v in zip(net.maps, x, strict=True)], dim=1)
    g = net.gates(torch.cat(x, dim=1)).sigmoid().unflatten(1, (3, 8))
    torch.testing.assert_close(net(encoded, present).z, (g * h).sum(dim=1))
    there = present & torch.tensor([True, False, True])
    x[1] = torch.zeros_like(x[1])
    g = net.gates(torch.cat(x, dim=1)).sigmoid().unflatten(1, (3, 8))
    total, kept = g.sum(dim=1), g[:, 0] + g[:, 2]
    expected = (g[:, 0] * h[:, 0] + g[:, 2] * h[:, 2]) * total / kept
    torch.testing.assert_close(net(encoded, there).z, expected)


def test_gmu_gates_of_nearly_nothing_still_split_what_there_is(make_sizes):
    net = made("gmu", 3, make_sizes)
    encoded, present = vectors(3)
    net.gates.weight.data *= 1e4
    fused = net(encoded, some_missing(present))
    fused.z.sum().backward()
    assert fused.z.isfinite().all()
    assert all(p.grad.isfinite().all() for p in net.parameters())


# Product of experts


def beliefs(count=3, seed=0):
    """Return random experts in double precision, and all of them present."""
    generator = torch.Generator().manual_seed(seed)
    pair = torch.randn(2, 5, count, 4, generator=generator, dtype=torch.float64)
    return pair[0], pair[1], torch.ones(5, count, dtype=torch.bool)


def test_one_expert_without_prior_is_that_expert_and_precisions_add():
    mean, log_variance, present = beliefs(1)
    found = product_of_experts(mean, log_variance, present, prior=0.0)
    torch.testing.assert_close(found[0], mean[:, 0])
    torch.testing.assert_close(found[1], log_variance[:, 0].exp())
    mean, log_variance, present = beliefs(3)
    _, variance = product_of_experts(mean, log_variance, present)
    torch.testing.assert_close(1 / variance, 1 + (-log_variance).exp().sum(dim=1))


def test_a_missing_expert_is_not_asked_and_without_any_the_prior_remains():
    mean, log_variance, present = beliefs(3)
    two = product_of_experts(mean[:, :2], log_variance[:, :2], present[:, :2])
    there = present & torch.tensor([True, True, False])
    for found, expected in zip(
        product_of_experts(mean, log_variance, there), two, strict=True
    ):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-15)
    mean_, variance = product_of_experts(mean, log_variance, ~present)
    assert (mean_ == 0).all()
    assert (variance == 1).all()


def test_the_product_is_the_product_of_the_densities():
    mean, log_variance, present = beliefs(3)
    found, variance = product_of_experts(mean, log_variance, present)
    grid = torch.linspace(-3, 3, 7, dtype=torch.float64)[:, None, None]
    experts = Normal(mean, (log_variance / 2).exp())
    together = experts.log_prob(grid[:, None]).sum(dim=2) + Normal(0, 1).log_prob(grid)
    ratio = together - Normal(found, variance.sqrt()).log_prob(grid)
    torch.testing.assert_close(ratio, ratio[:1].expand_as(ratio))


def test_kl_by_hand_and_by_torch():
    # (9 + 4 - 1 - log 4) / 2 in one feature.
    by_hand = (12 - math.log(4.0)) / 2
    found = kl_to_unit(torch.tensor([[3.0]]), torch.tensor([[4.0]]))
    assert found.item() == pytest.approx(by_hand)
    mean, log_variance, _ = beliefs(1)
    mean, variance = mean[:, 0], log_variance[:, 0].exp()
    unit = Normal(torch.zeros_like(mean), 1.0)
    expected = kl_divergence(Normal(mean, variance.sqrt()), unit).mean(dim=1)
    torch.testing.assert_close(kl_to_unit(mean, variance), expected)


def test_poe_z_is_the_mean_in_training_too_and_only_the_losses_sample(make_sizes):
    net = made("poe", 3, make_sizes)
    encoded, present = vectors(3)
    before = torch.get_rng_state()
    fused = net.train()(encoded, present)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(fused.z, net.eval()(encoded, present).z)
    answers = answers_for(encoded, present)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        one, two = net.losses(fused, answers), net.losses(fused, answers)
    assert one["reconstruction"] != two["reconstruction"]
    assert one["kl"] == two["kl"]


def test_poe_losses_are_those_of_all_views_by_loops(make_sizes):
    net = made("poe", 2, make_sizes)
    encoded, present = vectors(2)
    present = some_missing(present)
    fused, answers = net(encoded, present), answers_for(encoded, present)
    mean, log_variance = fused.memory["mean"], fused.memory["log_variance"]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        got = net.losses(fused, answers)
        torch.manual_seed(0)
        noise = [torch.randn(12, 8) for _ in range(3)]
    error = divergence = 0.0
    for view, epsilon in zip([(0, 1), (0,), (1,)], noise, strict=True):
        squares = {m: [] for m in view}
        divergences = []
        for row in range(12):
            asked = [m for m in view if present[row, m]]
            if not asked:
                continue
            precision = 1 + sum((-log_variance[row, m]).exp() for m in asked)
            centre = sum((-log_variance[row, m]).exp() * mean[row, m] for m in asked)
            belief = Normal(centre / precision, precision.rsqrt())
            divergences.append(kl_divergence(belief, Normal(0, 1)).mean())
            z = belief.loc + belief.scale * epsilon[row]
            for m in asked:
                wrong = net.decoders[m](z) - answers.features["ab"[m]][row]
                squares[m].append(wrong.square().mean())
        error += sum(torch.stack(values).mean() for values in squares.values())
        divergence += torch.stack(divergences).mean()
    torch.testing.assert_close(got["reconstruction"], poe.WEIGHT * error)
    torch.testing.assert_close(got["kl"], poe.WEIGHT * poe.BETA * divergence)


@pytest.mark.parametrize("progress", [0.0, 0.5, 1.0])
def test_poe_never_goes_without_its_kl(progress, make_sizes):
    """MultiBench's AV-MNIST run has a KL weight of 0, which is no ELBO (B9)."""
    net = made("poe", 2, make_sizes)
    encoded, present = vectors(2)
    known = answers_for(encoded, present)
    answers = Answers(known.features, present, None, known.labelled, progress)
    term = net.losses(net(encoded, present), answers)["kl"]
    term.backward()
    assert term > 0
    assert net.experts[0][-1].weight.grad.abs().max() > 0


def test_poe_variance_falls_with_every_expert_and_shares_are_of_the_precision(
    make_sizes,
):
    net = made("poe", 3, make_sizes).eval()
    encoded, present = vectors(3)
    totals = []
    for count in range(4):
        fused = net(encoded, present & (torch.arange(3) < count))
        totals.append(fused.diagnostics["variance"])
    assert (totals[0] == 8).all()  # the prior's, one a feature
    assert all((b < a).all() for a, b in pairwise(totals))
    precision = (-fused.memory["log_variance"]).exp()
    share = precision / (1 + precision.sum(dim=1, keepdim=True))
    torch.testing.assert_close(fused.diagnostics["precision"], share.mean(dim=2))


def test_poe_no_expert_can_be_infinitely_sure(make_sizes):
    net = made("poe", 2, make_sizes)
    encoded, present = vectors(2)
    net.experts[0][-1].weight.data *= 1e6
    fused = net(encoded, present)
    fused.z.sum().backward()
    assert fused.memory["log_variance"].abs().max() <= 7
    assert all(p.grad.isfinite().all() for p in net.experts.parameters())


# Factorised fusion


def test_mfm_z_neither_calls_nor_holds_the_private_factors(make_sizes):
    net = made("mfm", 3, make_sizes).eval()
    encoded, present = vectors(3)
    before = net(encoded, present).z
    for parameter in (*net.privates.parameters(), *net.decoders.parameters()):
        parameter.data.fill_(torch.nan)
    assert torch.equal(net(encoded, present).z, before)


def test_mfm_targets_are_taken_as_they_are(make_sizes):
    """MultiBench squashes the targets by a sigmoid (B9)."""
    net = made("mfm", 2, make_sizes)
    encoded, present = vectors(2)
    for parameter in net.decoders.parameters():
        parameter.data.zero_()
    for decoder in net.decoders:
        decoder[-1].bias.data += 2.0
    answers = answers_for(encoded, present)
    for features in answers.features.values():
        features[:] = 5.0
    fused = net(encoded, present)
    assert net.losses(fused, answers)["reconstruction"].item() == 0.5 * (9 + 9)


def test_mfm_private_factors_can_answer_where_z_says_nothing(make_sizes):
    """The contrast with the refiner, for which a constant z leaves an R2 of 0."""
    net = made("mfm", 2, make_sizes, width=32, hidden=64)
    encoded, present = vectors(2, rows=40, width=32)
    answers = answers_for(encoded, present)
    with torch.no_grad():
        pooled = net(encoded, present).memory["pooled"]
    for key in answers.features:
        x = answers.features[key]
        answers.features[key] = (x - x.mean(dim=0)) / x.std(dim=0, correction=0)
    silent = Fused(torch.zeros(40, 32), memory={"pooled": pooled})
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        loss = net.losses(silent, answers)["reconstruction"]
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1 * 0.5 * 2  # a tenth of the variance of both
