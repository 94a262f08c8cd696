"""The losses against oracles: pytorch-metric-learning and plain double loops."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_metric_learning.losses import MultiSimilarityLoss
from pytorch_metric_learning.miners import MultiSimilarityMiner

from refnet_viz.objectives import (
    REFINER_LOSSES,
    classification,
    label_overlap,
    multi_similarity,
    refiner_loss,
)


def loop_multi_similarity(z, positive, *, alpha, beta, base, margin, mining):
    """The definition, pair by pair, in float64."""
    unit = F.normalize(z.double(), dim=1)
    total = unit.sum() * 0
    for i in range(len(z)):
        near = [unit[i] @ unit[j] for j in range(len(z)) if j != i and positive[i, j]]
        far = [
            unit[i] @ unit[j] for j in range(len(z)) if j != i and not positive[i, j]
        ]
        if mining:
            if not near or not far:
                continue
            easiest, hardest = min(near), max(far)
            near = [s for s in near if s < hardest + margin]
            far = [s for s in far if s > easiest - margin]
        if near:
            terms = sum(torch.exp(-alpha * (s - base)) for s in near)
            total = total + torch.log(1 + terms) / alpha
        if far:
            terms = sum(torch.exp(beta * (s - base)) for s in far)
            total = total + torch.log(1 + terms) / beta
    return total / len(z)


def value_and_gradient(loss, z):
    return loss.detach(), torch.autograd.grad(loss, z)[0]


@pytest.mark.parametrize("classes", [2, 9, 60])
@pytest.mark.parametrize("mining", [True, False])
@pytest.mark.parametrize("rows", [100, 600])
def test_single_label_equals_the_reference_library(classes, mining, rows):
    """pytorch-metric-learning 2.9.0: MultiSimilarityLoss and MultiSimilarityMiner."""
    generator = torch.Generator().manual_seed(classes)
    z = torch.randn(rows, 16, generator=generator, requires_grad=True)
    labels = torch.randint(0, classes, (rows,), generator=generator)
    reference = MultiSimilarityLoss(alpha=2, beta=50, base=0.5)
    pairs = MultiSimilarityMiner(epsilon=0.1)(z, labels) if mining else None
    expected = value_and_gradient(reference(z, labels, pairs), z)
    got = value_and_gradient(multi_similarity(z, labels, mining=mining), z)
    torch.testing.assert_close(got[0], expected[0], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(got[1], expected[1], rtol=1e-5, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    rows=st.integers(1, 12),
    mining=st.booleans(),
    jaccard=st.sampled_from([0.0, 1 / 3, 0.5, 1.0]),
)
def test_several_labels_equal_the_double_loop(seed, rows, mining, jaccard):
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(rows, 4, generator=generator, requires_grad=True)
    labels = torch.randint(0, 2, (rows, 3), generator=generator)
    sets = [set(np.flatnonzero(row)) for row in labels.numpy()]
    positive = torch.tensor(
        [
            [bool(a & b) and len(a & b) / len(a | b) >= jaccard - 1e-9 for b in sets]
            for a in sets
        ]
    )
    settings_ = {"alpha": 2.0, "beta": 50.0, "base": 0.5, "margin": 0.1}
    expected = value_and_gradient(
        loop_multi_similarity(z, positive, mining=mining, **settings_), z
    )
    got = value_and_gradient(
        multi_similarity(z, labels, mining=mining, jaccard=jaccard), z
    )
    assert float(got[0]) == pytest.approx(float(expected[0]), rel=1e-4, abs=1e-6)
    torch.testing.assert_close(got[1], expected[1].float(), rtol=1e-3, atol=1e-5)


def test_gradient_is_that_of_finite_differences():
    z = torch.randn(7, 3, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 0, 1, 1, 2, 2, 0])

    def loss(x):
        return multi_similarity(x, labels, mining=False)

    assert torch.autograd.gradcheck(loss, (z,), atol=1e-6)


def test_values_stay_finite_at_any_sharpness():
    z = torch.ones(8, 4, requires_grad=True)  # all alike: every negative is hard
    labels = torch.tensor([0, 1] * 4)
    for beta in (50.0, 500.0, 1e4):
        value, gradient = value_and_gradient(
            multi_similarity(z * 1e3, labels, beta=beta), z
        )
        assert value.isfinite()
        assert gradient.isfinite().all()
        pull = math.log(1 + 3 * math.exp(-1)) / 2
        push = (beta * 0.5 + math.log(4)) / beta
        assert float(value) == pytest.approx(pull + push, rel=1e-4)


def test_order_of_rows_changes_nothing():
    generator = torch.Generator().manual_seed(0)
    z, labels = torch.randn(40, 5, generator=generator), torch.arange(40) % 3
    order = torch.randperm(40, generator=generator)
    a = multi_similarity(z, labels)
    b = multi_similarity(z[order], labels[order])
    assert float(a) == pytest.approx(float(b), rel=1e-5)


def test_one_class_and_one_row_give_a_connected_zero():
    for rows in (1, 5):
        z = torch.randn(rows, 3, requires_grad=True)
        value, gradient = value_and_gradient(
            multi_similarity(z, torch.zeros(rows, dtype=torch.long)), z
        )
        assert value == 0
        assert torch.equal(gradient, torch.zeros_like(z))


def test_half_precision_is_computed_in_single():
    """pytorch-metric-learning 2.9.0 saturates there: its NTXentLoss, in float16."""
    z = torch.randn(20, 8, dtype=torch.bfloat16, requires_grad=True)
    loss = multi_similarity(z, torch.arange(20) % 2)
    assert loss.dtype == torch.float32
    loss.backward()
    assert z.grad.isfinite().all()


def test_bad_shapes_are_one_sentence():
    with pytest.raises(ValueError, match=r"^`z` must have shape \(rows, features\), "):
        multi_similarity(torch.zeros(3), torch.zeros(3))
    with pytest.raises(
        ValueError,
        match=r"^`labels` must have shape \(3,\) or \(3, classes\), got \(2,\)\.$",
    ):
        multi_similarity(torch.zeros(3, 2), torch.zeros(2))


def test_label_overlap_by_hand():
    labels = torch.tensor([[1, 1, 0], [0, 1, 1], [0, 0, 1], [0, 0, 0]])
    share = label_overlap(labels)
    assert share[0].tolist() == [True, True, False, False]
    third = label_overlap(labels, 1 / 3)
    assert third[0, 1]  # one of three labels shared: exactly a third
    assert not label_overlap(labels, 0.34)[0, 1]


def loop_refiner(name, decoded, target):
    """Each row's refiner loss by the definition."""
    unit = [x / x.norm() for x in target]
    values = []
    for i, answer in enumerate(decoded):
        s = [float(answer @ t / answer.norm()) for t in unit]
        others = [s[j] for j in range(len(s)) if j != i]
        if name == "mse":
            values.append(float(((answer - target[i]) ** 2).mean()))
        elif name == "cosine":
            values.append(1 - s[i])
        elif name == "contrastive":
            bad = [o for o in others if o > s[i] - 0.1]
            values.append(sum(0.1 + o - s[i] for o in bad) / max(len(bad), 1))
        else:
            hard = [o for o in others if o + 0.1 > s[i]]
            push = math.log(1 + sum(math.exp(50 * (o - 0.5)) for o in hard)) / 50
            pull = math.log(1 + math.exp(-2 * (s[i] - 0.5))) / 2
            values.append(push + pull if hard else 0.0)
    return values


@pytest.mark.parametrize("name", REFINER_LOSSES)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), rows=st.integers(1, 9), noise=st.floats(0.01, 2))
def test_refiner_losses_equal_their_loops(name, seed, rows, noise):
    generator = torch.Generator().manual_seed(seed)
    target = torch.randn(rows, 5, generator=generator, dtype=torch.float64)
    error = torch.randn(rows, 5, generator=generator, dtype=torch.float64)
    decoded = target + noise * error
    got = REFINER_LOSSES[name](decoded, target)
    assert got.tolist() == pytest.approx(loop_refiner(name, decoded, target), abs=1e-9)


def test_standardised_mse_is_one_minus_r_squared():
    target = torch.tensor([[-1.0], [1.0]])
    zero = refiner_loss(
        {"a": torch.zeros(2, 1)}, {"a": target}, torch.ones(2, 1, dtype=torch.bool)
    )
    assert zero["a"].item() == 1.0  # the mean predictor: R^2 = 0


def test_a_decoder_of_another_width_is_refused():
    with pytest.raises(
        ValueError,
        match=r"^`decoded\['a'\]` must have the shape of its target \(2, 3\), "
        r"got \(2, 4\)\.$",
    ):
        refiner_loss(
            {"a": torch.zeros(2, 4)},
            {"a": torch.zeros(2, 3)},
            torch.ones(2, 1, dtype=torch.bool),
        )


def test_classification_by_hand():
    logits = torch.tensor([[0.0, math.log(3.0)]])
    assert classification(logits, torch.tensor([1])).item() == pytest.approx(
        math.log(4 / 3)
    )
    several = classification(torch.zeros(1, 2), torch.tensor([[1, 0]]))
    assert several.item() == pytest.approx(math.log(2))
