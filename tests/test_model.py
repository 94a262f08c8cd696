"""What every fusion and encoder promises, over the whole registry."""

import contextlib
import dataclasses

import numpy as np
import pytest
import torch

from refnet_viz.config import Config
from refnet_viz.data import Dataset
from refnet_viz.data.dataset import Modality
from refnet_viz.inference import embed
from refnet_viz.model import ReFNet, Schema, as_device
from refnet_viz.model.encoders import Encoded, encoder, masked_mean
from refnet_viz.model.fusion import FUSIONS, Answers, Fusion
from refnet_viz.model.refiner import RunningScale
from refnet_viz.objectives import classification, refiner_loss
from refnet_viz.train import Run, fit

every_fusion = pytest.mark.parametrize("fusion", FUSIONS)


def built(data, **settings):
    """Return a network with fitted scalers, and the data as it reads them."""
    options = {"hidden": 16, "width": 8, "dropout": 0.0} | settings
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = ReFNet(Schema.of(data), Config(**options))
    model.fit_features(data.train)
    return model, model.prepare(data)


def replaced(data, **contents):
    """Return the data with other modalities."""
    return dataclasses.replace(data, modalities=data.modalities | contents)


def allowed(fusion, count):
    """Return whether a fusion is defined for that many modalities."""
    low, high = FUSIONS[fusion].counts
    return low <= count and (high is None or count <= high)


def learned(model, batch, output, labels):
    """Return the task loss and all that the fusion adds to it."""
    truth, there = torch.tensor(labels), torch.ones(len(labels), dtype=torch.bool)
    answers = Answers(batch.features, batch.present, truth, there, 0.5)
    terms = output.fused.aux_losses | model.fusion.losses(output.fused, answers)
    return classification(output.logits, truth) + sum(terms.values())


def mixed_for(fusion, make_mixed, **options):
    """Return mixed data with as many modalities as the fusion takes, at most four."""
    data = make_mixed(**options)
    # The last ones: sequences and tokens have masks, which ask for the most care.
    names = list(data.modalities)[-(FUSIONS[fusion].counts[1] or 4) :]
    return dataclasses.replace(
        data,
        modalities={name: data.modalities[name] for name in names},
        present=data.present[:, -len(names) :],
    )


@every_fusion
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_shapes_for_one_to_five_modalities(fusion, count, make_mixed):
    data = make_mixed(count=count, missing=count > 1)
    if not allowed(fusion, count):
        with pytest.raises(
            ValueError, match=rf"^`data` must have .+ modalities for .+, got {count}\.$"
        ):
            built(data, fusion=fusion)
        return
    model, batch = built(data, fusion=fusion)
    output = model.eval()(batch)
    assert output.z.shape == (40, model.fusion.z_width)
    assert output.logits.shape == (40, 3)
    assert list(output.unimodal) == list(data.modalities)
    assert {x.shape for x in output.unimodal.values()} == {(40, 8)}
    decoded = {name: x.shape for name, x in model.decode(output.z).items()}
    assert decoded == {name: x.shape for name, x in batch.features.items()}
    shapes = {x.shape for x in output.fused.diagnostics.values()}
    assert shapes <= {(40,), (40, count)}
    assert all(x.isfinite().all() for x in output.fused.diagnostics.values())
    assert all(x.shape == () for x in output.fused.aux_losses.values())


@every_fusion
def test_losses_are_finite_scalars_that_use_labels_only_where_they_may(
    fusion, make_mixed
):
    data = mixed_for(fusion, make_mixed, missing=True)
    model, batch = built(data, fusion=fusion)
    fused = model.train()(batch).fused
    labels = torch.tensor(data.labels)
    found = []
    for hidden_label in (0, 1):
        labels = labels.clone()
        labels[5] = hidden_label
        seen = torch.arange(40) != 5
        answers = Answers(batch.features, batch.present, labels, seen, 0.5)
        with torch.random.fork_rng():
            torch.manual_seed(0)  # a loss may sample
            terms = model.fusion.losses(fused, answers)
        assert all(x.shape == () and x.isfinite() for x in terms.values())
        found.append({name: float(x.detach()) for name, x in terms.items()})
    assert found[0] == found[1]
    nobody = torch.zeros(40, dtype=torch.bool)
    for known in (labels, None):
        answers = Answers(batch.features, batch.present, known, nobody, 0.0)
        terms = model.fusion.losses(fused, answers)
        assert all(x.isfinite() for x in terms.values())


@every_fusion
def test_half_precision_forwards_are_finite_and_close(fusion, make_mixed):
    data = mixed_for(fusion, make_mixed, missing=True)
    model, batch = built(data, fusion=fusion)
    exact = model.eval()(batch).z
    with torch.autocast("cpu", torch.bfloat16):
        output = model.train()(batch)
        loss = output.z.float().square().mean() + output.logits.float().square().mean()
    loss.backward()
    got = output.z.float()
    assert got.isfinite().all()
    # 8 bits, through as many rounds as an equilibrium takes; processors differ.
    assert (got - exact).norm() < 0.15 * exact.norm()
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    assert all(grad.isfinite().all() for grad in grads)


@every_fusion
def test_weights_survive_being_saved_and_loaded(fusion, make_mixed, tmp_path, small):
    data = mixed_for(fusion, make_mixed, missing=True)
    run = fit(data, dataclasses.replace(small, fusion=fusion, epochs=1), progress=False)
    again = Run.load(run.save(tmp_path / "run"))
    np.testing.assert_array_equal(embed(again, data).z, embed(run, data).z)


@every_fusion
def test_progressive_rounds_start_as_the_fusion_itself_and_then_differ(
    fusion, make_mixed
):
    data = mixed_for(fusion, make_mixed, missing=True)
    model, batch = built(data, fusion=fusion, rounds=2)
    once, _ = built(data, fusion=fusion)
    once.load_state_dict(model.state_dict(), strict=False)
    first = once.eval()(batch).z
    torch.testing.assert_close(model.eval()(batch).z, first, rtol=1e-4, atol=1e-5)
    for parameter in model.feedback.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    assert not torch.allclose(model(batch).z, first, atol=1e-4)
    unimodal, before = model(batch).unimodal, once(batch).unimodal
    assert all(torch.equal(unimodal[name], before[name]) for name in before)


@every_fusion
def test_what_is_absent_or_padding_changes_nothing(fusion, make_mixed):
    clean = mixed_for(fusion, make_mixed, missing=True)
    there = dict(zip(clean.modalities, clean.present.T, strict=True))

    def junk(name, value):
        old = clean.modalities[name]
        keep = there[name]
        if old.mask is not None:
            keep = keep[:, None] & old.mask
        keep = keep.reshape(keep.shape + (1,) * (old.values.ndim - keep.ndim))
        return dataclasses.replace(old, values=np.where(keep, old.values, value))

    huge = np.float32(3e38)  # overflows as soon as it is scaled
    worst = {
        "vector": huge,
        "picture": np.uint8(255),
        "sequence": huge,
        "tokens": 10**6,
    }
    dirty = replaced(clean, **{name: junk(name, worst[name]) for name in there})
    model, batch = built(clean, fusion=fusion)
    other, same = built(dirty, fusion=fusion)
    z, other_z = model.eval()(batch).z, other.eval()(same).z
    assert z.isfinite().all()
    assert torch.equal(z, other_z)
    for name, features in batch.features.items():
        assert torch.equal(features, same.features[name])


@every_fusion
def test_more_padding_changes_nothing(fusion, make_mixed):
    data = mixed_for(fusion, make_mixed)
    model, batch = built(data, fusion=fusion)
    longer = {}
    for name, old in data.modalities.items():
        if old.mask is None:
            continue
        end = ((0, 0), (0, 4))
        values = np.pad(old.values, end + ((0, 0),) * (old.values.ndim - 2))
        longer[name] = dataclasses.replace(
            old, values=values, mask=np.pad(old.mask, end)
        )
    padded = model.prepare(replaced(data, **longer))
    expected, got = model.eval()(batch), model(padded)
    torch.testing.assert_close(got.z, expected.z, rtol=1e-5, atol=1e-6)
    for name, pooled in expected.unimodal.items():
        torch.testing.assert_close(got.unimodal[name], pooled, rtol=1e-5, atol=1e-6)


def encoded_batch(rows=6, width=8, seed=0):
    """Two modalities as encoders hand them over, of 3 tokens and of 1."""
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randn(rows, 3, width, generator=generator)
    mask = torch.arange(3) < torch.tensor([1, 2, 3, 1, 2, 3])[:, None]
    vector = torch.randn(rows, width, generator=generator)
    encoded = {
        "a": Encoded(tokens, mask, masked_mean(tokens, mask)),
        "b": Encoded(vector[:, None], torch.ones(rows, 1, dtype=torch.bool), vector),
    }
    present = torch.tensor([[1, 1], [1, 0], [0, 1]] * 2, dtype=torch.bool)
    return encoded, present


@every_fusion
def test_nan_behind_the_mask_reaches_neither_z_nor_a_gradient(fusion, make_sizes):
    encoded, present = encoded_batch()
    dirty = {}
    for column, (name, (tokens, mask, pooled)) in enumerate(encoded.items()):
        gone = ~present[:, column, None]
        hidden = (~mask | gone)[..., None]
        dirty[name] = Encoded(
            tokens.masked_fill(hidden, torch.nan),
            mask,
            pooled.masked_fill(gone, torch.nan),
        )
    net = FUSIONS[fusion](make_sizes(2)).eval()
    expected, got = net(encoded, present).z, net(dirty, present).z
    assert torch.equal(expected, got)
    fused = net.train()(dirty, present)
    features = {name: torch.ones(6, 5) for name in dirty}
    everyone = torch.ones(6, dtype=torch.bool)
    answers = Answers(features, present, torch.arange(6) % 3, everyone)
    terms = fused.aux_losses | net.losses(fused, answers)
    logits = fused.z[:, :0] if fused.logits is None else fused.logits
    (fused.z.square().sum() + logits.square().sum() + sum(terms.values())).backward()
    assert all(p.grad.isfinite().all() for p in net.parameters())


@every_fusion
def test_absent_modalities_are_blank_in_every_mode(fusion, make_sizes):
    # Evaluation without gradients takes other routes through torch's attention.
    encoded, present = encoded_batch()
    net = FUSIONS[fusion](make_sizes(2, dropout=0.3))
    filled = []
    for value in (0.0, 1e4, torch.nan):
        parts = {}
        for column, (name, (tokens, mask, pooled)) in enumerate(encoded.items()):
            gone = ~present[:, column, None]
            held = tokens.masked_fill(gone[..., None], value)
            parts[name] = Encoded(held, mask, pooled.masked_fill(gone, value))
        filled.append(parts)
    for training in (True, False):
        net.train(training)
        for mode in (contextlib.nullcontext, torch.no_grad, torch.inference_mode):
            results = []
            for parts in filled:
                torch.manual_seed(0)  # the same numbers are dropped
                with mode():
                    fused = net(parts, present)
                values = [fused.z, fused.logits, *fused.diagnostics.values()]
                results.append([x.detach() for x in values if x is not None])
            assert all(x.isfinite().all() for x in results[0])
            for other in results[1:]:
                assert all(map(torch.equal, results[0], other))


@every_fusion
def test_a_permuted_batch_gives_permuted_outputs(fusion, make_mixed):
    model, batch = built(mixed_for(fusion, make_mixed, missing=True), fusion=fusion)
    order = torch.randperm(len(batch), generator=torch.Generator().manual_seed(0))
    straight, shuffled = model.eval()(batch), model(batch.rows(order))
    torch.testing.assert_close(shuffled.z, straight.z[order], rtol=1e-4, atol=1e-5)
    for name in batch.features:
        torch.testing.assert_close(
            shuffled.unimodal[name],
            straight.unimodal[name][order],
            rtol=1e-4,
            atol=1e-5,
        )


@every_fusion
def test_rows_do_not_see_one_another_even_in_training(fusion, make_mixed):
    model, batch = built(mixed_for(fusion, make_mixed, missing=True), fusion=fusion)
    model.train()
    alone = model(batch.rows(torch.tensor([3, 17]))).z
    torch.testing.assert_close(alone, model(batch).z[[3, 17]], rtol=1e-4, atol=1e-5)


@every_fusion
@pytest.mark.parametrize("picture", ["light", "cnn", "described"])
def test_every_parameter_gets_a_gradient(fusion, picture, make_mixed):
    data = mixed_for(fusion, make_mixed, missing=True)
    model, batch = built(data, fusion=fusion, picture_encoder=picture)
    output = model.train()(batch)
    terms = refiner_loss(model.decode(output.z), batch.features, batch.present)
    loss = learned(model, batch, output, data.labels)
    (loss + sum(terms.values())).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


@every_fusion
def test_evaluation_is_deterministic_and_training_drops_out(fusion, make_mixed):
    model, batch = built(mixed_for(fusion, make_mixed), fusion=fusion, dropout=0.5)
    assert torch.equal(model.eval()(batch).z, model(batch).z)
    assert not torch.equal(model.train()(batch).z, model(batch).z)


@every_fusion
def test_every_present_modality_moves_z(fusion, make_mixed):
    data = mixed_for(fusion, make_mixed)
    model, batch = built(data, fusion=fusion)
    z = model.eval()(batch).z
    turned = torch.arange(len(data)).roll(1)
    for name, (values, mask) in batch.inputs.items():
        rolled = values[turned], None if mask is None else mask[turned]
        inputs = batch.inputs | {name: rolled}
        other = model(dataclasses.replace(batch, inputs=inputs)).z
        assert ((other - z).abs().amax(dim=1) > 1e-6).float().mean() > 0.9, name


@every_fusion
def test_it_can_learn_thirty_two_samples_by_heart(fusion, make_mixed):
    labels = np.random.default_rng(1).integers(0, 4, 32)
    data = mixed_for(fusion, make_mixed, rows=32, labels=labels, split=["train"] * 32)
    model, batch = built(data, fusion=fusion, hidden=64, width=16)
    truth = torch.tensor(labels)
    optimizer = torch.optim.Adam(model.train().parameters(), lr=5e-3)
    torch.manual_seed(0)  # some losses sample
    for _ in range(6):
        model.train()
        for _ in range(10):
            optimizer.zero_grad()
            learned(model, batch, model(batch), labels).backward()
            optimizer.step()
        if (model.eval()(batch).logits.argmax(dim=1) == truth).all():
            return
    pytest.fail("a network of this size learns 32 rows in 60 steps")


@every_fusion
def test_everything_follows_the_device_and_the_type(fusion, make_mixed):
    data = mixed_for(fusion, make_mixed, missing=True)
    model, _ = built(data, fusion=fusion)
    # The device "meta" has shapes and no numbers: whatever stays behind on the
    # CPU, or is made there, meets it and raises.
    model.to("meta").eval()
    batch = model.prepare(data)
    output = model(batch)
    answers = model.decode(output.z)
    found = [output.z, output.logits, batch.present, *answers.values()]
    found += [*batch.features.values(), *model.targets(batch, output).values()]
    assert {x.device.type for x in found} == {"meta"}
    model, batch = built(data, fusion=fusion)
    model.double().eval()
    assert {p.dtype for p in model.parameters()} == {torch.float64}
    assert model(model.prepare(data)).z.dtype == torch.float64


def test_every_entry_of_the_registry_is_a_fusion_under_its_own_name():
    assert {"concat", "transformer"} <= set(FUSIONS)
    assert all(issubclass(kind, Fusion) for kind in FUSIONS.values())
    assert len(set(FUSIONS.values())) == len(FUSIONS)


def test_an_unknown_fusion_and_an_odd_width_are_one_sentence(make_mixed):
    with pytest.raises(
        ValueError,
        match=r"^`fusion` must be one of 'concat', 'transformer'.*, got 'sum'\.$",
    ):
        built(make_mixed(), fusion="sum")
    with pytest.raises(
        ValueError,
        match=r"^`width` must be a multiple of 4 \(attention heads\) for "
        r"TransformerFusion, got 6\.$",
    ):
        built(make_mixed(), fusion="transformer", width=6)


@pytest.mark.parametrize("tokens", [True, False])
@pytest.mark.parametrize("picture", ["light", "cnn"])
@pytest.mark.parametrize(
    "shape", [(40, 30, 3), (8, 8, 1), (1, 1, 1), (3, 17, 2), (32, 32, 4)]
)
def test_pictures_of_any_size_are_read_to_the_last_pixel(picture, shape, tokens):
    torch.manual_seed(0)
    net = encoder(
        "picture",
        shape,
        0,
        hidden=16,
        width=8,
        dropout=0.0,
        picture=picture,
        tokens=tokens,
    )
    x = torch.randn(2, shape[2], *shape[:2], requires_grad=True)
    out = net(net.arranged(x), None)
    assert out.pooled.shape == (2, 8)
    assert out.tokens.shape[0::2] == (2, 8)
    assert out.mask.shape == out.tokens.shape[:2]
    assert out.mask.all()
    torch.testing.assert_close(out.pooled, masked_mean(out.tokens, out.mask))
    assert (out.tokens.shape[1] == 1) or tokens
    out.pooled.square().sum().backward()
    corner = x.grad[:, :, -1, -1]
    assert corner.abs().max() > 0


@pytest.mark.parametrize("kind", ["vector", "picture", "sequence", "tokens"])
@pytest.mark.parametrize("picture", ["light", "cnn"])
def test_the_narrowest_encoders_still_work(kind, picture):
    shape = {"vector": (1,), "picture": (2, 2, 1), "sequence": (1, 1), "tokens": (1,)}
    net = encoder(
        kind,
        shape[kind],
        2,
        hidden=1,
        width=1,
        dropout=0.0,
        picture=picture,
        tokens=False,
    )
    x = torch.zeros(3, 1, 2, 2) if kind == "picture" else torch.zeros(3, *shape[kind])
    x = x.long() if kind == "tokens" else x
    assert net(net.arranged(x), None).pooled.shape == (3, 1)


def test_masked_mean_of_nothing_is_zero_and_ignores_nan():
    tokens = torch.tensor([[[1.0], [3.0]], [[torch.nan], [5.0]], [[7.0], [torch.nan]]])
    mask = torch.tensor([[True, True], [False, True], [False, False]])
    assert masked_mean(tokens, mask).flatten().tolist() == [2.0, 5.0, 0.0]


def test_the_running_scale_by_hand():
    scale, all_there = RunningScale(1, momentum=0.5), torch.tensor([True, True])
    first = torch.tensor([[1.0], [3.0]], requires_grad=True)
    assert not scale(first, all_there).requires_grad
    assert (scale.mean.item(), scale.std.item()) == (2.0, 1.0)
    scale(torch.tensor([[4.0], [8.0]]), all_there)  # mean 6, deviation 2
    assert (scale.mean.item(), scale.std.item()) == (4.0, 1.5)
    scale(torch.tensor([[99.0], [8.0]]), torch.tensor([False, True]))  # one row: kept
    assert (scale.mean.item(), scale.std.item()) == (4.0, 1.5)
    scale.eval()
    assert scale(torch.tensor([[7.0], [1.0]]), all_there).flatten().tolist() == [2, -2]
    assert (scale.mean.item(), scale.std.item()) == (4.0, 1.5)


def test_a_device_that_is_not_there_is_one_sentence():
    for name in ("gpu", "cuda:99"):
        with pytest.raises(
            ValueError,
            match=r"^`device` must be a device that torch finds on this machine, "
            rf"e\.g\. 'cpu', got {name!r}\.$",
        ):
            as_device(name)
    with pytest.raises(TypeError, match=r"^`device` must be a device .* got None\.$"):
        as_device(None)
    assert as_device("cpu") == torch.device("cpu")


def test_the_schema_refuses_other_modalities_in_one_sentence(make_mixed):
    data = make_mixed()
    schema = Schema.of(data)
    schema.check(data)
    rest = {k: v for k, v in data.modalities.items() if k != "picture"}
    with pytest.raises(
        ValueError,
        match=r"^`data` must have the modality 'picture' of the run, "
        r"got vector, sequence, tokens\.$",
    ):
        schema.check(dataclasses.replace(data, modalities=rest))
    with pytest.raises(
        ValueError,
        match=r"^`data\.modalities\['vector'\]` must be of kind vector and shape "
        r"\(4,\), got vector of shape \(5,\)\.$",
    ):
        schema.check(replaced(data, vector=Modality.of("vector", np.ones((40, 5)))))
    with pytest.raises(
        ValueError,
        match=r"^`data\.modalities\['picture'\]` must be of kind picture and shape "
        r"\(10, 9, 3\), got vector of shape \(4,\)\.$",
    ):
        schema.check(replaced(data, picture=data.modalities["vector"]))


def test_the_schema_takes_more_modalities_and_any_length(make_mixed):
    data = make_mixed()
    mask = np.ones((40, 9), dtype=bool)
    longer = replaced(
        data,
        sequence=Modality.of("sequence", (np.ones((40, 9, 2)), mask)),
        tokens=Modality.of("tokens", (np.ones((40, 9), dtype=int), mask)),
        extra=data.modalities["vector"],
    )
    Schema.of(data).check(longer)


def test_modalities_are_found_by_name_in_any_order(make_mixed):
    data = make_mixed(missing=True)
    model, batch = built(data)
    names = list(data.modalities)[::-1]
    turned = dataclasses.replace(
        data,
        modalities={name: data.modalities[name] for name in names},
        present=data.present[:, ::-1],
    )
    other = model.prepare(turned)
    assert torch.equal(batch.present, other.present)
    assert torch.equal(model.eval()(batch).z, model(other).z)


def test_a_modality_without_training_rows_is_one_sentence(make_paired):
    data = make_paired()
    present = np.ones((120, 2), dtype=bool)
    present[data.split == "train", 1] = False
    with pytest.raises(
        ValueError,
        match=r"^`data` must have training rows with the modality 'text', got none\.$",
    ):
        built(dataclasses.replace(data, present=present))
    mask = np.zeros((12, 2), dtype=bool)
    mask[-4:] = True
    empty = Dataset.from_arrays(
        {"a": (np.ones((12, 2, 1)), mask)}, split=["train"] * 8 + ["val"] * 4
    )
    with pytest.raises(ValueError, match=r"^`data` must have training rows with the "):
        built(empty)
