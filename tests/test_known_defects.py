"""Defects of earlier code that must not come back, one test each.

M are those of mmf's implementation, B those of MultiBench's. What cannot occur here:
M14's head of 30,522 words (there is one head, of one row a class; the test holds that
no parameter idles), M18's choice of a layer to average (targets have no layer), and
B7's published tables (the test holds that a stored score is the one recomputed). What
B9 says of NL-gate, multiplicative interactions, MFM and MVAE is held where their
numbers are, in test_fusion_vector.py.
"""

import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from refnet_viz.config import REFINER_LOSS_NAMES, Config
from refnet_viz.inference import embed
from refnet_viz.model import ReFNet, Schema
from refnet_viz.model.encoders import Encoded
from refnet_viz.model.fusion import FUSIONS, Answers
from refnet_viz.model.refiner import Refiner
from refnet_viz.objectives import (
    REFINER_LOSSES,
    classification,
    multi_similarity,
    refiner_loss,
)
from refnet_viz.train import Run, fit, rows, steps

every_fusion = pytest.mark.parametrize("fusion", FUSIONS)
every_loss = pytest.mark.parametrize("loss", REFINER_LOSSES)
both_targets = pytest.mark.parametrize("targets", ["inputs", "features"])


def built(data, **settings):
    """Return a network with fitted scalers, and the data as it reads them."""
    options = {"hidden": 16, "width": 8, "dropout": 0.0} | settings
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = ReFNet(Schema.of(data), Config(**options))
    model.fit_features(data.train)
    return model, model.prepare(data)


def mixed_for(fusion, make_mixed, **options):
    """Return mixed data with as many modalities as the fusion takes, at most four."""
    high = FUSIONS[fusion].counts[1]
    return make_mixed(count=min(high or 4, 4), **options)


def resident(data, batch):
    """Return rows as the training steps take them, all labelled."""
    labelled = torch.ones(len(data), dtype=torch.bool)
    return steps.Rows(batch, torch.tensor(data.labels), labelled)


def trained(data, config, **changes):
    return fit(data, dataclasses.replace(config, **changes), progress=False)


def random_pair(rows=12, width=5, seed=0, **options):
    generator = torch.Generator().manual_seed(seed)
    pair = torch.randn(2, rows, width, generator=generator, **options)
    return pair[0].clone().requires_grad_(), pair[1]


@both_targets
def test_m01_decoders_are_registered_trained_and_saved(targets, data, small):
    """Decoders in a plain dict are neither trained, saved nor put in eval mode."""
    model, _ = built(data, targets=targets, dropout=0.5)
    names = {n for n, _ in model.named_parameters() if n.startswith("refiner.")}
    assert len(names) == 2 * 4  # two modalities, two maps, weight and bias
    assert names <= set(model.state_dict())
    before = trained(data, small, targets=targets, learning_rate=1e-12).weights
    after = trained(data, small, targets=targets).weights
    for name in names:
        assert (after[name] - before[name]).abs().max() > 1e-3, name
    model.eval()
    z = torch.ones(3, 8)
    assert torch.equal(model.decode(z)["image"], model.decode(z)["image"])
    assert not any(module.training for module in model.modules())


@every_fusion
@both_targets
def test_m02_targets_are_detached_and_from_before_any_mixing(targets, fusion, data):
    """Targets that take a gradient, or are mixed already, move towards the answer."""
    model, batch = built(data, targets=targets, fusion=fusion)
    model.eval()
    output = model(batch)
    found = model.targets(batch, output)
    assert not any(target.requires_grad for target in found.values())
    # With z cut off, the refiner loss must not reach any encoder by another way.
    terms = refiner_loss(model.decode(output.z.detach()), found, batch.present)
    sum(terms.values()).backward()
    assert all(p.grad is None for p in model.encoders.parameters())
    assert all(p.grad is None for p in model.fusion.parameters())
    # What is asked of the picture does not change with the text.
    text, mask = batch.inputs["text"]
    inputs = batch.inputs | {"text": (text.roll(1, dims=0), mask)}
    other = dataclasses.replace(batch, inputs=inputs)
    changed = model(other)
    assert not torch.allclose(changed.z, output.z)
    assert torch.equal(model.targets(other, changed)["image"], found["image"])


@every_fusion
def test_m03_z_is_no_combination_of_its_targets(fusion, data):
    """A fused vector that is a mean of the targets answers for them by construction."""
    model, batch = built(data, targets="features", fusion=fusion, width=16)
    output = model.eval()(batch)
    span = torch.stack(list(output.unimodal.values()), dim=2)  # (B, w, 2)
    z = output.z.unflatten(1, (-1, 16)).mT  # (B, w, 1), or as wide as several blocks
    rest = z - span @ torch.linalg.lstsq(span, z).solution
    assert (rest.norm(dim=(1, 2)) / z.norm(dim=(1, 2))).median() > 0.2


def test_m04_head_refiner_contrastive_loss_and_viewer_share_one_z(
    data, small, monkeypatch
):
    """Head, refiner and metric loss read three vectors and trained three spaces."""
    seen = {}

    def note(name):
        return lambda module, given: seen.setdefault(name, given[0])

    def note_z(z, labels, **options):
        seen["contrastive"] = z
        return multi_similarity(z, labels, **options)

    monkeypatch.setattr(steps, "multi_similarity", note_z)
    model, batch = built(data)
    model.head.register_forward_pre_hook(note("head"))
    model.refiner.register_forward_pre_hook(note("refiner"))
    everything = torch.arange(len(data))
    steps._losses(model, resident(data, batch), everything, model.config, 0.0)
    assert set(seen) == {"head", "refiner", "contrastive"}
    assert seen["head"] is seen["refiner"]
    assert torch.equal(seen["contrastive"], seen["head"])

    run = trained(data, small)
    model, space = run.model(), embed(run, data)
    z = torch.tensor(space.z)
    with torch.no_grad():
        torch.testing.assert_close(
            model.head(z).softmax(dim=1), torch.tensor(space.scores)
        )
        answers = model.decode(z)
    for name, answer in answers.items():
        torch.testing.assert_close(answer, torch.tensor(space.decoded[name]))


@every_loss
def test_m05_weights_of_modalities_act_on_every_loss(loss, data):
    """Weights of modalities were ignored by all losses but the plain one."""
    model, batch = built(data, refiner_loss=loss)
    z = model.eval()(batch).z
    plain = refiner_loss(model.decode(z), batch.features, batch.present, loss=loss)
    expected = 3 * plain["image"] + 0 * plain["text"]
    weights = {"image": 3.0, "text": 0.0}
    other, _ = built(data, refiner_loss=loss, refiner_weights=weights)
    got = steps._refine(other, batch, other.decode(z), batch.features)
    assert plain["text"] > 0
    assert got.item() == pytest.approx(expected.item(), rel=1e-5)


def test_m06_no_row_is_dropped_and_few_labels_stay_few(data, small, monkeypatch):
    """The last row of every batch was dropped; few labels were others each time."""
    epochs = []
    losses = steps._losses

    def note(model, rows, index, config, done, **options):
        epochs.append((index.tolist(), index[rows.labelled[index]].tolist()))
        return losses(model, rows, index, config, done, **options)

    monkeypatch.setattr(steps, "_losses", note)
    run = trained(data, small, label_fraction=0.2, batch_size=25)
    steps_an_epoch = len(epochs) // 3
    labelled = set()
    for start in range(0, len(epochs), steps_an_epoch):
        batches = epochs[start : start + steps_an_epoch]
        rows = [row for index, _ in batches for row in index]
        assert sorted(rows) == list(range(72))
        labelled.add(frozenset(row for _, seen in batches for row in seen))
    assert len(labelled) == 1
    assert len(next(iter(labelled))) == run.manifest["labelled_rows"] == 15
    assert len({tuple(index) for index, _ in epochs}) == len(epochs)  # reshuffled


@every_loss
def test_m06_batches_of_one_row_are_finite(loss, make_paired, small):
    """A batch of one row gave NaN."""
    data = make_paired(rows=20)
    run = trained(data, small, batch_size=1, epochs=1, refiner_loss=loss)
    assert np.isfinite(run.history.to_numpy()).all()
    assert all(value.isfinite().all() for value in run.weights.values())


@every_loss
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_m07_wide_normalised_vectors_do_not_overflow(loss, dtype):
    """exp(50 s) of unnormalised 768-wide vectors was infinite."""
    torch.manual_seed(0)
    wide = nn.functional.layer_norm(torch.randn(16, 768), (768,)).to(dtype)
    values = []
    for scale in (1.0, 1e4):
        decoded = (wide.flip(0) * scale).requires_grad_()
        values.append(REFINER_LOSSES[loss](decoded, wide).mean())
        values[-1].backward()
        assert values[-1].isfinite()
        assert decoded.grad.isfinite().all()
    if loss != "mse":  # a cosine knows no length
        assert values[1].item() == pytest.approx(values[0].item(), rel=0.02)
        assert 0 < values[0] < 2
    z = (wide * 1e4).requires_grad_()
    value = multi_similarity(z, torch.arange(16) % 2)
    value.backward()
    assert value.isfinite()
    assert z.grad.isfinite().all()


@every_loss
def test_m08_an_easy_batch_gives_a_connected_scalar(loss):
    """An easy batch gave the Python number 0.0, which has no gradient."""
    target = torch.eye(4)
    decoded = torch.eye(4, requires_grad=True)
    there = torch.ones(4, 1, dtype=torch.bool)
    value = refiner_loss({"a": decoded}, {"a": target}, there, loss=loss)["a"]
    assert value.shape == ()
    value.backward()
    assert decoded.grad.isfinite().all()
    z = torch.eye(4, requires_grad=True)
    value = multi_similarity(z, torch.arange(4))
    assert value.shape == ()
    value.backward()
    assert z.grad.isfinite().all()


@pytest.mark.parametrize("loss", ["contrastive", "multi_similarity"])
def test_m09_a_duplicated_target_is_still_a_negative(loss):
    """Negatives of the positive's value vanished, and the violation with them."""
    target = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    values = REFINER_LOSSES[loss](target.clone(), target)
    assert values[0] > 0.05
    assert values[1] > 0.05
    assert values[2] == 0


def pairwise(z, positive):
    """Multi-Similarity without mining by its definition, pair by pair."""
    unit = z / z.norm(dim=1, keepdim=True)
    total = 0.0
    for i in range(len(z)):
        s = [float(unit[i] @ unit[j]) for j in range(len(z))]
        near = [s[j] for j in range(len(z)) if j != i and positive[i][j]]
        far = [s[j] for j in range(len(z)) if j != i and not positive[i][j]]
        total += math.log(1 + sum(math.exp(-2 * (v - 0.5)) for v in near)) / 2
        total += math.log(1 + sum(math.exp(50 * (v - 0.5)) for v in far)) / 50
    return total / len(z)


def test_m10_several_labels_are_compared_with_the_anchor_not_with_row_0():
    """Label sets were compared with the first row's instead of the anchor's."""
    z, _ = random_pair(rows=4)
    labels = torch.tensor([[1, 0, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1]])
    positive = [[0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0]]
    expected = pairwise(z.detach(), positive)
    got = multi_similarity(z, labels, mining=False)
    assert got.item() == pytest.approx(expected, rel=1e-5)


def test_m11_whole_numbers_of_many_classes_are_single_labels():
    """More than two classes were taken for several labels a row, and crashed."""
    z, _ = random_pair(rows=10)
    labels = torch.arange(10) % 5
    single = multi_similarity(z, labels)
    assert single > 0
    one_hot = multi_similarity(z, nn.functional.one_hot(labels))
    assert single.item() == pytest.approx(one_hot.item(), rel=1e-5)


def test_m12_a_duplicate_positive_counts_and_mining_and_margin_mean_what_they_say():
    """Duplicates were taken for the point itself, mining could not be turned off."""
    twins = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    labels = torch.tensor([0, 0, 1])
    got = multi_similarity(twins, labels, mining=False)
    assert got.item() == pytest.approx(pairwise(twins, [[0, 1, 0], [1, 0, 0], [0] * 3]))

    z, _ = random_pair(rows=20, seed=3)
    labels = torch.arange(20) % 4
    same = (labels[:, None] == labels).tolist()
    off = multi_similarity(z, labels, mining=False)
    assert off.item() == pytest.approx(pairwise(z.detach(), same), rel=1e-4)
    values = {
        (margin, mining): multi_similarity(
            z, labels, margin=margin, mining=mining
        ).item()
        for margin in (0.0, 0.1, 0.5)
        for mining in (True, False)
    }
    assert len({values[margin, True] for margin in (0.0, 0.1, 0.5)}) == 3
    assert len({values[margin, False] for margin in (0.0, 0.1, 0.5)}) == 1
    assert multi_similarity(z, labels, base=0.2).item() != values[0.1, True]
    assert multi_similarity(z, labels).shape == ()
    for dtype in (torch.float16, torch.bfloat16):
        half = multi_similarity(z.detach().to(dtype), labels)
        assert half.item() == pytest.approx(values[0.1, True], rel=0.1)


def test_m13_a_decoder_can_answer_anything():
    """Decoders ended in ReLU, LayerNorm and dropout, which few targets look like."""
    torch.manual_seed(0)
    refiner = Refiner(6, {"a": 4}, hidden=32)
    (decoder,) = refiner.decoders.values()
    assert isinstance(decoder[-1], nn.Linear)
    kinds = {type(layer) for layer in decoder}
    assert kinds == {nn.Linear, nn.ReLU}
    z = torch.randn(16, 6)
    target = 5 + torch.tensor([-9.0, 0.0, 0.1, 3.0]) * torch.randn(16, 4)
    optimizer = torch.optim.Adam(refiner.parameters(), lr=0.05)
    for _ in range(400):
        optimizer.zero_grad()
        error = (refiner.train()(z)["a"] - target).square().mean()
        error.backward()
        optimizer.step()
    assert error < 0.01 * target.var()


@every_fusion
@pytest.mark.parametrize("picture_encoder", ["light", "cnn", "described"])
def test_m14_no_parameter_idles(fusion, picture_encoder, make_mixed, small):
    """A head of 30,522 words ran on every token for an answer nobody read."""
    data = mixed_for(fusion, make_mixed, missing=True)
    kind = {"fusion": fusion, "picture_encoder": picture_encoder, "epochs": 1}
    before = trained(data, small, **kind, learning_rate=1e-12).weights
    run = trained(data, small, **kind)
    after = run.weights
    scalers = {name for name in before if name.startswith("features.")}
    for name in set(before) - scalers:
        assert not torch.allclose(before[name], after[name], atol=1e-6), name
    heads = {name for name in after if "head" in name.split(".")}
    classes = {3} & {size for name in heads for size in after[name].shape}
    assert classes == {3}
    if not FUSIONS[fusion].decides:
        assert after["head.weight"].shape == (3, run.model().fusion.z_width)


# A value of every setting that must make another run.
OTHER = {
    "fusion": "transformer",
    "width": 12,
    "hidden": 24,
    "dropout": 0.4,
    "picture_encoder": "cnn",
    "refiner": 0.5,
    "refiner_loss": "cosine",
    "refiner_weights": {"vector": 3.0},
    "targets": "features",
    "contrastive": 0.1,
    "jaccard": 0.6,
    "alpha": 3.0,
    "beta": 10.0,
    "base": 0.1,
    "margin": 0.0,
    "mining": False,
    "epochs": 3,
    "batch_size": 7,
    "learning_rate": 5e-3,
    "weight_decay": 0.5,
    "label_fraction": 0.5,
    "rounds": 2,
    "modality_dropout": 0.5,
    "refiner_end": 0.1,
    "refiner_decay": "exponential",
    "contrastive_loss": "supcon",
    "keep": "last",
    "precision": "bfloat16",
    "input_dropout": 0.3,
    "jitter": 0.3,
    "class_weights": "balanced",
}


@pytest.fixture(scope="module")
def several(make_mixed):
    """Return data on which every setting can matter."""
    labels = np.random.default_rng(0).integers(0, 2, (40, 4))
    return make_mixed(labels=labels)


@pytest.fixture(scope="module")
def usual(several, small):
    """Return a run of the usual settings on them."""
    return trained(several, small, epochs=4, refiner_end=0.5)


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Config)])
def test_m15_every_setting_is_read(name, several, usual, small):
    """Settings of another name than the code's were ignored without a word."""
    base = {"epochs": 4, "refiner_end": 0.5}
    changed = trained(several, small, **(base | {name: OTHER[name]}))
    same = changed.history.equals(usual.history)
    assert not same or changed.best_epoch != usual.best_epoch


def test_m15_unknown_settings_are_refused():
    """A misspelt setting was ignored without a word."""
    with pytest.raises(TypeError, match="unexpected keyword argument 'ms_loss_weight'"):
        Config(ms_loss_weight=0.1)
    with pytest.raises(ValueError, match="`config`") as caught:
        Config.from_dict({"ms_loss_weight": 0.1})
    known = ", ".join(repr(field.name) for field in dataclasses.fields(Config))
    assert str(caught.value) == (
        f"`config` must be one of {known}, got 'ms_loss_weight'."
    )


def test_m16_prediction_needs_no_labels_no_refiner_and_changes_no_input(
    data, monkeypatch
):
    """The forward pass asked for labels and changed its inputs on the way."""
    model, batch = built(dataclasses.replace(data, labels=None, class_names=()))
    tensors = [x for x, _ in batch.inputs.values()] + list(batch.features.values())
    before = [tensor.clone() for tensor in tensors]
    monkeypatch.setattr(
        Refiner, "forward", lambda *args: pytest.fail("the refiner was asked")
    )
    keys = list(batch.inputs)
    model.eval()(batch)
    model.train()(batch).z.sum().backward()
    assert list(batch.inputs) == keys
    assert all(torch.equal(a, b) for a, b in zip(before, tensors, strict=True))


def test_m17_unknown_losses_and_weights_are_refused_at_once_and_by_name():
    """An unknown loss became None and failed late; weights went by position."""
    with pytest.raises(ValueError, match=r"^`refiner_loss` must be one of 'mse', "):
        Config(refiner_loss="l1")
    x, there = torch.ones(2, 1), torch.ones(2, 2, dtype=torch.bool)
    pair = {"a": x, "b": 2 * x}
    with pytest.raises(
        ValueError,
        match=r"^`loss` must be one of 'mse', 'cosine', 'contrastive', "
        r"'multi_similarity', got 'l1'\.$",
    ):
        refiner_loss(pair, pair, there, loss="l1")
    assert tuple(REFINER_LOSSES) == REFINER_LOSS_NAMES
    zero = {"a": 0 * x, "b": 0 * x}
    weights = {"b": 10.0, "a": 1.0}
    terms = refiner_loss(pair, zero, there, weights=weights)
    assert {name: term.item() for name, term in terms.items()} == {"a": 1, "b": 40}
    turned = {"b": pair["b"], "a": pair["a"]}
    assert refiner_loss(turned, zero, there, weights=weights)["b"].item() == 40


def test_m17_losses_change_nothing_in_place():
    """Losses were summed in place on tensors of the graph."""
    decoded, target = random_pair()
    copies = decoded.detach().clone(), target.clone()
    for function in REFINER_LOSSES.values():
        (function(decoded, target).mean() + decoded.square().sum()).backward()
    z = decoded * 1
    multi_similarity(z, torch.arange(12) % 3).backward()
    assert torch.equal(decoded.detach(), copies[0])
    assert torch.equal(z.detach(), copies[0])
    assert torch.equal(target, copies[1])


@every_fusion
def test_m18_modalities_go_by_name_and_tokens_by_mask(fusion, make_sizes):
    """An order of modalities and of their tokens was taken for granted."""
    torch.manual_seed(0)
    high = FUSIONS[fusion].counts[1] or 3
    lengths = dict((("a", 1), ("b", 4), ("c", 2))[: min(high, 3)])
    net = FUSIONS[fusion](make_sizes(len(lengths))).eval()
    encoded = {}
    for name, length in lengths.items():
        tokens = torch.randn(5, length, 8)
        mask = torch.ones(5, length, dtype=torch.bool)
        encoded[name] = Encoded(tokens, mask, tokens.mean(dim=1))
    present = torch.ones(5, len(lengths), dtype=torch.bool)
    turned = {name: encoded[name] for name in reversed(encoded)}
    assert torch.equal(net(encoded, present).z, net(turned, present).z)


class Operations(TorchDispatchMode):
    """Count what reaches torch."""

    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += 1
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("name", [*REFINER_LOSSES, "ms", "ms several labels", "task"])
def test_m19_no_loss_loops_over_rows(name):
    """Every loss looped over the rows of the batch in Python."""

    def count(rows):
        decoded, target = random_pair(rows)
        labels = torch.arange(rows) % 4
        with Operations() as seen:
            if name == "task":
                value = classification(decoded, labels)
            elif name == "ms":
                value = multi_similarity(decoded, labels)
            elif name == "ms several labels":
                value = multi_similarity(decoded, nn.functional.one_hot(labels))
            else:
                value = REFINER_LOSSES[name](decoded, target).mean()
            value.backward()
        return seen.count

    assert count(16) == count(200) > 1


def test_b01_the_whole_network_is_saved_trained_and_switched_together(
    data, small, tmp_path
):
    """The refiner stood outside the saved, switched and optimised module."""
    run = trained(data, small)
    back = Run.load(run.save(tmp_path)).model()
    assert not any(module.training for module in back.modules())
    expected, got = embed(run, data.test), embed(Run.load(tmp_path), data.test)
    assert np.array_equal(expected.decoded["text"], got.decoded["text"])
    optimizer = steps._optimizer(back, small)
    held = [p for group in optimizer.param_groups for p in group["params"]]
    assert len(held) == len({id(p) for p in held})
    assert {id(p) for p in held} == {id(p) for p in back.parameters()}


def test_b02_every_decoder_has_the_width_of_its_own_target(make_mixed):
    """One decoder of any width answered for all modalities, sliced by offsets."""
    model, batch = built(make_mixed(count=5))
    widths = {name: x.shape[1] for name, x in batch.features.items()}
    assert len(set(widths.values())) > 3
    answers = model.decode(torch.zeros(40, 8))
    assert {name: x.shape[1] for name, x in answers.items()} == widths
    wrong = answers | {"vector": torch.zeros(40, 5)}
    with pytest.raises(ValueError, match=r"^`decoded\['vector'\]` must have the shape"):
        refiner_loss(wrong, batch.features, batch.present)


def test_b03_magnitude_is_reconstructed_and_zero_vectors_are_defined():
    """Only the cosine was trained: lengths were never answered for, zeros undefined."""
    assert Config().refiner_loss == "mse"
    _, target = random_pair()
    assert REFINER_LOSSES["mse"](2 * target, target).min() > 0.01
    assert REFINER_LOSSES["cosine"](2 * target, target).max() < 1e-5
    for loss, function in REFINER_LOSSES.items():
        for answer, asked in ((0.0, 1.0), (1.0, 0.0), (0.0, 0.0)):
            decoded = torch.full((3, 4), answer, requires_grad=True)
            value = function(decoded, torch.full((3, 4), asked)).mean()
            value.backward()
            assert value.isfinite(), loss
            assert decoded.grad.isfinite().all(), loss


@every_loss
def test_b04_absent_modalities_and_padding_are_no_targets(loss, make_mixed):
    """Padded steps and missing modalities had to be reconstructed."""
    data = make_mixed(missing=True)
    model, batch = built(data, refiner_loss=loss)
    torch.manual_seed(0)
    answers = {
        name: (torch.randn_like(x)).requires_grad_()
        for name, x in batch.features.items()
    }
    terms = refiner_loss(answers, batch.features, batch.present, loss=loss)
    sum(terms.values()).backward()
    for column, (name, answer) in enumerate(answers.items()):
        there = batch.present[:, column]
        assert not there.all()
        assert not answer.grad[~there].any()
        assert answer.grad[there].any()
        target = torch.where(there[:, None], batch.features[name], 1e6)
        other = refiner_loss(
            answers, batch.features | {name: target}, batch.present, loss=loss
        )
        assert torch.equal(other[name], terms[name])
    nobody = torch.zeros_like(batch.present)
    empty = refiner_loss(answers, batch.features, nobody, loss=loss)
    assert all(value == 0 and value.requires_grad for value in empty.values())
    longer = dataclasses.replace(
        data.modalities["tokens"],
        values=np.pad(data.modalities["tokens"].values, ((0, 0), (0, 4))),
        mask=np.pad(data.modalities["tokens"].mask, ((0, 0), (0, 4))),
    )
    padded = dataclasses.replace(data, modalities=data.modalities | {"tokens": longer})
    again = model.prepare(padded)
    assert torch.equal(batch.features["tokens"], again.features["tokens"])


def test_b05_selection_never_sees_the_refiner(data, small, monkeypatch):
    """Early stopping watched a total that contained the reconstruction."""
    run = trained(data, small)
    best = run.history.loc[run.best_epoch]
    space = embed(run, data.val)
    chosen = space.scores[np.arange(len(space)), space.labels]
    assert best["val_loss"] == pytest.approx(-np.log(chosen).mean(), rel=1e-4)
    assert best["val_score"] == pytest.approx(space.accuracy)

    validate, inside = steps._validate, []

    def mark(*args):
        inside.append(True)
        row = validate(*args)
        inside.pop()
        return row

    def watch(*args, **options):
        assert not inside, "the refiner was asked in validation"
        return refiner_loss(*args, **options)

    monkeypatch.setattr(steps, "_validate", mark)
    monkeypatch.setattr(steps, "refiner_loss", watch)
    trained(data, small)


@every_fusion
@both_targets
def test_b05_no_device_is_written_into_the_code(fusion, targets, make_mixed):
    """cuda:0 was written into the training loop."""
    data = mixed_for(fusion, make_mixed, missing=True)
    model, _ = built(data, fusion=fusion, targets=targets)
    model.to("meta").eval()  # whatever stays on the CPU, or is made there, raises
    batch = model.prepare(data)
    output = model(batch)
    asked = model.targets(batch, output)
    loss = classification(output.logits, torch.zeros(40, dtype=int, device="meta"))
    for name, answer in model.decode(output.z).items():
        for function in REFINER_LOSSES.values():
            loss = loss + function(answer, asked[name]).mean()
    loss.backward()
    assert {p.grad.device.type for p in model.refiner.parameters()} == {"meta"}


@pytest.mark.parametrize("count", [3, 4, 5])
def test_b06_more_than_two_modalities_each_have_their_own_answer(count, make_mixed):
    """Slices of the decoder's output were wrong beyond two modalities."""
    model, batch = built(make_mixed(count=count))
    z = model.eval()(batch).z.detach()
    terms = refiner_loss(model.decode(z), batch.features, batch.present)
    assert list(terms) == list(batch.features)
    for place, name in enumerate(terms):
        model.zero_grad()
        terms[name].backward(retain_graph=True)
        moved = {
            int(key.split(".")[2])
            for key, p in model.named_parameters()
            if p.grad is not None and p.grad.any()
        }
        assert moved == {place}


def test_b07_a_stored_score_is_the_one_recomputed(data, small, monkeypatch):
    """Tables of one repository disagreed on one and the same model."""
    monkeypatch.setattr(rows, "label_subset", lambda y, f, s: np.arange(len(y)) % 2 > 0)
    run = trained(data, small)
    space = embed(run, data.val)
    right = (space.predictions == space.labels)[1::2].mean()
    assert run.history["val_score"].max() == pytest.approx(right)
    assert run.manifest["versions"]["torch"] == torch.__version__
    assert run.manifest["fingerprint"] == data.fingerprint


def loose_tensors(module):
    """Return tensors that a module holds outside parameters and buffers."""
    waiting = [value for key, value in vars(module).items() if not key.startswith("_")]
    found = []
    while waiting:
        value = waiting.pop()
        if isinstance(value, torch.Tensor):
            found.append(value)
        elif isinstance(value, list | tuple | set):
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend(value.values())
    return found


@every_fusion
def test_b08_every_tensor_of_a_fusion_is_registered_trained_and_moved(
    fusion, make_sizes
):
    """Factors in a Python list were never trained: published rows are frozen noise."""
    torch.manual_seed(0)
    count = min(FUSIONS[fusion].counts[1] or 3, 3)
    net = FUSIONS[fusion](make_sizes(count))
    assert not [t for module in net.modules() for t in loose_tensors(module)]
    tokens = torch.randn(6, 5, 8, dtype=torch.float64)
    mask = torch.ones(6, 5, dtype=torch.bool)
    whole = Encoded(tokens, mask, tokens.mean(dim=1))
    single = Encoded(tokens[:, :1], mask[:, :1], tokens[:, 0])  # "b", "c" are vectors
    encoded = {n: whole if n == "a" else single for n in "abc"[:count]}
    present = torch.tensor([[1, 1, 1], [1, 0, 0], [0, 1, 1]] * 2, dtype=torch.bool)
    present = present[:, :count]
    net.to(torch.float64)
    fused = net(encoded, present)
    z = fused.z
    assert z.dtype == torch.float64
    features = {name: torch.randn(6, 5, dtype=torch.float64) for name in encoded}
    everyone = torch.ones(6, dtype=torch.bool)
    answers = Answers(features, present, torch.arange(6) % 3, everyone)
    terms = fused.aux_losses | net.losses(fused, answers)
    logits = z[:, :0] if fused.logits is None else fused.logits
    answer = (z * torch.randn_like(z)).sum() + logits.square().sum()
    (answer + sum(terms.values())).backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad.abs().max() > 0, name
    state = net.state_dict()
    assert set(state) >= {name for name, _ in net.named_parameters()}


def test_b08_the_check_for_loose_tensors_sees_a_list():
    """The guard above must see what it guards against."""
    module = nn.Module()
    module.factors = [torch.zeros(1), {"w": torch.ones(2)}]
    assert len(loose_tensors(module)) == 2


@every_fusion
def test_b09_dropout_leaves_outputs_whole_and_targets_are_not_squashed(
    fusion, make_mixed
):
    """A perceptron returned its dropped-out hidden layer; targets were squashed."""
    model, batch = built(mixed_for(fusion, make_mixed), fusion=fusion, dropout=0.9)
    output = model.train()(batch)
    assert output.z.shape == (40, model.fusion.z_width)
    for values in (output.z, *output.unimodal.values()):
        assert (values == 0).float().mean() < 0.1  # of .9 that a dropout leaves
    for target in model.targets(batch, output).values():
        assert target.min() < -0.5
        assert target.max() > 1.0


def test_b09_attention_is_scaled_by_the_width_of_a_head(make_sizes):
    """Attention scores without 1/sqrt(c) saturate: one token takes all."""
    torch.manual_seed(0)
    net = FUSIONS["transformer"](make_sizes(1, width=64))
    (attention, *_) = [m for m in net.modules() if isinstance(m, nn.MultiheadAttention)]
    tokens = torch.randn(2, 10, 64)
    _, weights = attention(tokens, tokens, tokens)
    queries, keys, _ = nn.functional.linear(
        tokens, attention.in_proj_weight, attention.in_proj_bias
    ).chunk(3, dim=-1)
    heads = [x.unflatten(-1, (attention.num_heads, -1)) for x in (queries, keys)]
    scores = torch.einsum("bqhc,bkhc->bhqk", *heads)
    scaled = (scores / math.sqrt(heads[0].shape[-1])).softmax(dim=-1).mean(dim=1)
    torch.testing.assert_close(weights, scaled)
