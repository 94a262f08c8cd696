"""Opinions, confidences and prototypes, held by hand and by properties."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Dirichlet, kl_divergence

from refnet_viz.model.encoders import Encoded
from refnet_viz.model.fusion import FUSIONS, Answers
from refnet_viz.model.fusion.evidence import (
    Opinion,
    combine,
    dirichlet_kl,
    evidential_loss,
    opinion,
)

evidence = st.lists(st.floats(0, 1e4), min_size=3, max_size=3).map(
    lambda values: opinion(torch.tensor(values, dtype=torch.float64))
)
few = settings(deadline=None, max_examples=60)


def same(first, second, tolerance=1e-6):
    torch.testing.assert_close(first.belief, second.belief, rtol=0, atol=tolerance)
    torch.testing.assert_close(
        first.uncertainty, second.uncertainty, rtol=0, atol=tolerance
    )


def encoded_rows(count=2, rows=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    one = torch.ones(rows, 1, dtype=torch.bool)
    vectors = [torch.randn(rows, 8, generator=generator) for _ in range(count)]
    return {
        name: Encoded(x[:, None], one, x)
        for name, x in zip("abcde", vectors, strict=False)
    }, torch.ones(rows, count, dtype=torch.bool)


@few
@given(first=evidence, second=evidence)
def test_dempsters_rule_is_commutative_and_sums_to_one(first, second):
    fused, agreement = combine(first, second)
    same(fused, combine(second, first)[0])
    total = fused.belief.sum() + fused.uncertainty
    torch.testing.assert_close(total, torch.ones_like(total))
    conflict = sum(
        first.belief[i] * second.belief[j] for i in range(3) for j in range(3) if i != j
    )
    torch.testing.assert_close(agreement, 1 - conflict, rtol=1e-6, atol=1e-9)


@few
@given(first=evidence, second=evidence, third=evidence)
def test_dempsters_rule_is_associative(first, second, third):
    left = combine(combine(first, second)[0], third)[0]
    right = combine(first, combine(second, third)[0])[0]
    same(left, right)


@few
@given(known=evidence)
def test_a_vacuous_opinion_changes_nothing(known):
    vacuous = opinion(torch.zeros(3, dtype=torch.float64))
    assert vacuous.uncertainty == 1
    fused, agreement = combine(known, vacuous)
    assert torch.equal(fused.belief, known.belief / agreement)
    same(fused, known, 1e-12)
    assert agreement == pytest.approx(1)


def test_nearly_total_conflict_stays_finite():
    sure = opinion(torch.tensor([1e12, 0.0]))
    against = opinion(torch.tensor([0.0, 1e12]))
    fused, agreement = combine(sure, against)
    assert fused.belief.isfinite().all()
    torch.testing.assert_close(fused.belief, torch.tensor([0.5, 0.5]))
    assert 0 < agreement < 1e-11


def test_a_combination_by_hand():
    """b = (.6, .2), u = .2 with b = (.5, 0), u = .5: K = .1, 1 - K = .9."""
    first = Opinion(torch.tensor([0.6, 0.2]), torch.tensor(0.2))
    second = Opinion(torch.tensor([0.5, 0.0]), torch.tensor(0.5))
    fused, agreement = combine(first, second)
    assert agreement.item() == pytest.approx(0.9)
    assert fused.belief.tolist() == pytest.approx([0.7 / 0.9, 0.1 / 0.9])
    assert fused.uncertainty.item() == pytest.approx(0.1 / 0.9)


def test_the_divergence_and_the_loss_are_those_of_dirichlet_distributions():
    alpha = torch.tensor([[1.0, 3.0, 2.5], [4.0, 1.0, 1.0]], dtype=torch.float64)
    flat = torch.ones_like(alpha)
    torch.testing.assert_close(
        dirichlet_kl(alpha), kl_divergence(Dirichlet(alpha), Dirichlet(flat))
    )
    labels = torch.tensor([1, 0])
    torch.manual_seed(0)
    drawn = Dirichlet(alpha).sample((200_000,)).clamp(min=1e-300)
    expected = -drawn.log().mean(dim=0)[torch.arange(2), labels]
    got = evidential_loss(alpha - 1, labels, 0.0)
    torch.testing.assert_close(got, expected, rtol=0.02, atol=0.01)
    wrong = alpha.clone()
    wrong[torch.arange(2), labels] = 1.0
    more = evidential_loss(alpha - 1, labels, 0.5) - got
    torch.testing.assert_close(more, 0.5 * dirichlet_kl(wrong))


@pytest.mark.parametrize("name", ["tmc", "etmc"])
def test_logits_are_expected_probabilities_and_absence_is_doubt(name, make_sizes):
    torch.manual_seed(0)
    net = FUSIONS[name](make_sizes(2)).eval()
    encoded, present = encoded_rows()
    present[0, 1] = False
    fused = net(encoded, present)
    alpha = fused.memory["fused"] + 1
    expected = alpha / alpha.sum(dim=1, keepdim=True)
    torch.testing.assert_close(fused.logits.softmax(dim=1), expected)
    torch.testing.assert_close(fused.logits.exp().sum(dim=1), torch.ones(5))
    told = fused.diagnostics
    assert told["uncertainty"][0, 1] == 1
    assert (told["fused uncertainty"] <= told["uncertainty"].min(dim=1)[0] + 1e-6).all()
    if name == "tmc":
        alone = FUSIONS["tmc"](make_sizes(1)).eval()
        alone.views[0].load_state_dict(net.views[0].state_dict())
        alone.head[0].load_state_dict(net.head[0].state_dict())
        only = alone({"a": encoded["a"]}, present[:, :1])
        torch.testing.assert_close(only.logits[0], fused.logits[0])


def test_confidence_learns_but_does_not_teach(make_sizes):
    torch.manual_seed(0)
    net = FUSIONS["mm_dynamics"](make_sizes(2)).eval()
    encoded, present = encoded_rows(rows=2)
    present[1, 0] = False
    fused = net(encoded, present)
    assert fused.diagnostics["confidence"][1, 0] == 0
    assert fused.z[1, :8].abs().max() == 0
    labels, everyone = torch.tensor([2, 1]), torch.ones(2, dtype=torch.bool)
    terms = net.losses(fused, Answers({}, present, labels, everyone))
    pairs = [(0, 0), (0, 1), (1, 1)]  # rows and modalities that are there
    total = 0.0
    for row, column in pairs:
        logits = fused.memory["logits"][row, column]
        known = logits.softmax(dim=0)[labels[row]]
        missed = fused.memory["trust"][row, column] - known
        total += (missed**2 - known.log()).item()
    assert terms["confidence"].item() == pytest.approx(0.5 * total / 3, rel=1e-5)
    trust, logits = fused.memory["trust"], fused.memory["logits"].detach()
    held = replace(fused, memory=fused.memory | {"trust": trust, "logits": logits})
    net.losses(held, Answers({}, present, labels, everyone))["confidence"].backward()
    assert all(layer.weight.grad is None for layer in net.head)


def test_prototype_logits_are_weighted_cosines(make_sizes):
    torch.manual_seed(0)
    net = FUSIONS["prototype"](make_sizes(2)).eval()
    with torch.no_grad():
        net.weights.copy_(torch.tensor([0.3, -0.2, 0.5]))
    encoded, present = encoded_rows()
    present[0, 0] = False
    fused = net(encoded, present)
    points = fused.z.unflatten(1, (3, 8))
    there = torch.cat([torch.ones(5, 1, dtype=torch.bool), present], dim=1)
    for row in range(5):
        blocks = [k for k in range(3) if there[row, k]]
        weight = net.weights[blocks].softmax(dim=0)
        for c in range(3):
            near = [
                torch.cosine_similarity(
                    points[row, k], net.head["prototypes"][k, c], dim=0
                )
                for k in blocks
            ]
            value = 10.0 * sum(w * x for w, x in zip(weight, near, strict=True))
            torch.testing.assert_close(
                fused.logits[row, c], value, rtol=1e-4, atol=1e-4
            )
    share = fused.diagnostics["share"]
    assert share[0, 0] == 0
    assert (share.sum(dim=1) <= 1 + 1e-6).all()
