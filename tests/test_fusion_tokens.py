"""The numbers of the fusions that read tokens, held by loops and by hand."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from refnet_viz.config import Config
from refnet_viz.data import Dataset
from refnet_viz.inference import embed
from refnet_viz.model import ReFNet, Schema
from refnet_viz.model.encoders import Encoded, masked_mean
from refnet_viz.model.fusion import FUSIONS, Sizes, bottleneck
from refnet_viz.model.fusion.coupled_mamba import coupled_states
from refnet_viz.model.fusion.selective import (
    SelectiveBlock,
    linear_loop,
    linear_scan,
    linear_states,
)
from refnet_viz.model.fusion.session import by_session, carried
from refnet_viz.model.gaps import Timing
from refnet_viz.train import Run, fit


def drawn(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def built(name, kinds, **options):
    """Return a fusion of some kinds of modalities, in float64."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        usual = {"width": 8, "hidden": 16, "classes": 3} | options
        named = dict(zip("abcde", kinds, strict=False))
        sizes = Sizes(named, dict.fromkeys(named, 5), **usual)
        return FUSIONS[name](sizes).double().eval()


def sequences(count, length=6, rows=4, seed=0):
    """Return modalities of tokens without padding."""
    encoded = {}
    for i in range(count):
        tokens = drawn(rows, length, 8, seed=seed + i)
        mask = torch.ones(rows, length, dtype=torch.bool)
        encoded["abcde"[i]] = Encoded(tokens, mask, masked_mean(tokens, mask))
    return encoded, torch.ones(rows, count, dtype=torch.bool)


@settings(deadline=None, max_examples=40)
@given(length=st.integers(1, 40), seed=st.integers(0, 9))
def test_the_scan_is_the_loop(length, seed):
    decay, inject = drawn(2, length, 3, seed=seed), drawn(2, length, 3, seed=seed + 10)
    decay = decay.sigmoid()
    expected = linear_loop(decay, inject)
    state = torch.zeros(2, 3, dtype=torch.float64)
    for t in range(length):
        state = decay[:, t] * state + inject[:, t]
        torch.testing.assert_close(expected[:, t], state, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(linear_scan(decay, inject), expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(linear_states(decay, inject), expected)


def recurrences(steps, seed=0, count=3):
    """Return what blocks ask for long tokens: decays, injections."""
    torch.manual_seed(seed)
    blocks = [SelectiveBlock(4, 1).double() for _ in range(count)]
    asked = [b.recurrence(drawn(1, steps, 4, seed=i)) for i, b in enumerate(blocks)]
    with torch.no_grad():
        decay = torch.stack([item.decay for item in asked], dim=1)
        return decay, torch.stack([item.inject for item in asked], dim=1)


def test_the_mean_coupling_stays_bounded_where_the_printed_sum_explodes():
    decay, inject = recurrences(500)
    there = torch.ones(1, 3, 500, dtype=torch.bool)
    states, mean = coupled_states(decay, inject, there)
    assert states.abs().max() < 10
    assert mean.abs().max() < 10
    summed = linear_scan(decay.sum(dim=1), inject.sum(dim=1))
    assert not summed.abs().max() < 1e20


def test_coupled_states_are_a_loop_over_time_and_modalities():
    decay, inject = recurrences(9)
    mask = torch.ones(1, 3, 9, dtype=torch.bool)
    mask[0, 1, 5:] = False  # the second ends early
    mask[0, :, 7] = False  # nobody has step 7
    states, mean = coupled_states(decay, inject, mask)
    before = torch.zeros_like(mean[:, 0])
    for t in range(9):
        own = [decay[:, m, t] * before + inject[:, m, t] for m in range(3)]
        alive = [own[m] for m in range(3) if mask[0, m, t]]
        before = torch.stack(alive).mean(dim=0) if alive else before
        torch.testing.assert_close(mean[:, t], before)
        for m in range(3):
            torch.testing.assert_close(states[:, m, t], own[m])


def test_one_modality_is_coupled_with_itself_alone():
    decay, inject = recurrences(7, count=1)
    states, mean = coupled_states(decay, inject, torch.ones(1, 1, 7, dtype=torch.bool))
    torch.testing.assert_close(states[:, 0], linear_loop(decay[:, 0], inject[:, 0]))
    torch.testing.assert_close(states[:, 0], mean)


def test_rates_are_spared_weight_decay():
    block = SelectiveBlock(4, 1)
    assert block.log_rate.ndim == block.direct.ndim == 1


def test_residual_branches_hear_one_another_through_the_mixes_alone():
    net = built("coupled_mamba_residual", ["sequence"] * 2)
    encoded, present = sequences(2)
    layers = [net.layers[0], net.layers[1]]
    x, mask = net._clocked(encoded, present)
    other = x.clone()
    other[:, 1] += 1

    def through(tokens):
        for number, blocks in enumerate(layers):
            tokens = net._layer(tokens, mask, blocks, number)
        return tokens[:, 0]

    assert not torch.allclose(through(x), through(other))
    with torch.no_grad():
        for mix in net.mixes[0]:
            mix.weight.zero_()
    torch.testing.assert_close(through(x), through(other))


def test_what_residual_blocks_return_passes_one_shared_norm():
    net = built("coupled_mamba_residual", ["sequence"] * 2)
    before = {k: v for k, v in net.state_dict().items() if not k.startswith("after")}
    encoded, present = sequences(2)
    x, mask = net._clocked(encoded, present)
    added = net._layer(x, mask, net.layers[0], 0) - x
    real = added[mask].detach().numpy()  # a new norm: mean 0, variance 1
    np.testing.assert_allclose(real.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(real.var(axis=1), 1, atol=1e-2)
    assert sum(p.numel() for p in net.after.parameters()) == 16
    # Weights of before there was this norm are read as the network without it.
    old = built("coupled_mamba_residual", ["sequence"] * 2)
    old.load_state_dict(before)
    net.after = torch.nn.Identity()
    assert torch.equal(old(encoded, present).z, net(encoded, present).z)
    assert not any(name.startswith("after") for name in old.state_dict())


def test_a_vector_is_unrolled_and_its_steps_are_coupled():
    net = built("coupled_mamba", ["vector", "sequence"])
    encoded, present = sequences(2)
    single = encoded["a"].tokens[:, :1]
    one = torch.ones(4, 1, dtype=torch.bool)
    x, mask = net._clocked(encoded | {"a": Encoded(single, one, single[:, 0])}, present)
    assert mask[:, 0].sum(dim=1).tolist() == [4] * 4
    assert x.shape == (4, 2, 6, 8)


@pytest.mark.parametrize(("layers", "crossed"), [(1, False), (2, True)])
def test_only_the_bottleneck_carries_from_one_modality_to_another(
    layers, crossed, monkeypatch
):
    monkeypatch.setattr(bottleneck, "_LAYERS", layers)
    net = built("bottleneck", ["sequence"] * 2)
    encoded, present = sequences(2)
    encoded["b"].tokens.requires_grad_()
    last = []
    net.shared[-1][0].register_forward_hook(lambda _, given, out: last.append(out))
    net(encoded, present)
    last[0][:, 0].square().sum().backward()  # the class token of "a"
    grad = encoded["b"].tokens.grad
    assert (grad is not None and bool(grad.abs().max() > 0)) == crossed


@pytest.mark.parametrize("name", ["mult", "bottleneck", "dual_channel", "transformer"])
@pytest.mark.parametrize("mode", ["train", "eval", "no_grad", "inference_mode"])
def test_attention_of_absent_modalities_is_finite_and_blind(name, mode):
    """torch 2.13.0: MultiheadAttention over a row without an open key is NaN in eval.

    Only where gradients are off: its documentation names the fast path.
    """
    net = built(name, ["sequence"] * 2).train(mode == "train")
    if mode == "train":
        for part in net.modules():
            if isinstance(part, torch.nn.Dropout):
                part.eval()  # What is dropped differs from call to call.
    switched = {"no_grad": torch.no_grad, "inference_mode": torch.inference_mode}
    with switched.get(mode, torch.enable_grad)():
        check_absent(net)


def check_absent(net):
    encoded, present = sequences(2)
    present = present.clone()
    present[0, 1] = present[1, 0] = False
    z = net(encoded, present).z
    assert z.isfinite().all()
    other, _ = sequences(2, seed=50)
    mixed = {
        "a": encoded["a"]._replace(
            tokens=torch.where(
                present[:, 0, None, None], encoded["a"].tokens, other["a"].tokens
            )
        ),
        "b": encoded["b"]._replace(
            tokens=torch.where(
                present[:, 1, None, None], encoded["b"].tokens, other["b"].tokens
            )
        ),
    }
    assert torch.equal(net(mixed, present).z, z)


def test_sessions_know_the_past_only():
    net = built("session", ["sequence", "vector"])
    encoded, present = sequences(2, length=9)
    vector = encoded["b"].tokens[:, :1]
    encoded["b"] = Encoded(vector, torch.ones(4, 1, dtype=torch.bool), vector[:, 0])
    states = net(encoded, present).tokens
    assert states.shape == (4, 3, 8)
    later = encoded["a"].tokens.clone()
    later[:, 6:] += 1  # the third session
    changed = net(encoded | {"a": encoded["a"]._replace(tokens=later)}, present).tokens
    torch.testing.assert_close(changed[:, :2], states[:, :2], rtol=0, atol=0)
    assert not torch.allclose(changed[:, 2], states[:, 2])


def visits(rows=3, length=6, seed=0):
    """Return drawn tokens with a mask, sessions and gaps."""
    rng = np.random.default_rng(seed)
    mask = torch.tensor(rng.random((rows, length)) < 0.7)
    session = torch.tensor(rng.integers(0, 2, (rows, length)).cumsum(axis=1))
    # Numbered from 0 over the tokens that there are, as the door numbers them.
    for row in range(rows):
        real = session[row][mask[row]].tolist()
        numbers = {value: i for i, value in enumerate(dict.fromkeys(real))}
        for place in range(length):
            there = bool(mask[row, place])
            session[row, place] = numbers[int(session[row, place])] if there else 0
    gap = torch.tensor(rng.random((rows, length)), dtype=torch.float32)
    tokens = drawn(rows, length, 2, seed=seed) * mask[..., None]
    return tokens, mask, Timing(session, gap)


@pytest.mark.parametrize("seed", range(5))
def test_tokens_by_session_are_those_of_a_loop(seed):
    tokens, mask, timing = visits(seed=seed)
    result = by_session(tokens, mask, timing)
    for row in range(3):
        expected, between = {}, {}
        for place in np.flatnonzero(mask[row].numpy()):
            number, gap = int(timing.session[row, place]), timing.gap[row, place]
            begins = number not in expected
            within = torch.zeros(()) if begins else gap
            action = torch.cat([tokens[row, place], within[None]])
            expected.setdefault(number, []).append(action)
            between.setdefault(number, gap)
        assert int(result.mask[row].sum()) == int(mask[row].sum())
        for number, actions in expected.items():
            size = len(actions)
            assert result.mask[row, number].tolist()[:size] == [True] * size
            assert torch.equal(result.actions[row, number, :size], torch.stack(actions))
            assert result.between[row, number, 0] == between[number]


def test_the_cut_every_three_tokens_is_a_view_of_the_tokens():
    tokens, mask, _ = visits(length=7)
    result = by_session(tokens, mask, Timing(None, None))
    padded = torch.nn.functional.pad(tokens, (0, 0, 0, 2)).view(3, 3, 3, 2)
    assert torch.equal(result.actions, padded)
    assert result.between.shape == (3, 3, 0)


def clicks(rows=12, seed=0, **options):
    """Return rows of six clicks in sessions, and their times."""
    rng = np.random.default_rng(seed)
    real = np.arange(6) < rng.integers(2, 7, (rows, 1))
    pages = rng.integers(1, 5, (rows, 6))
    sessions = rng.integers(0, 2, (rows, 6)).cumsum(axis=1)
    times = rng.exponential(10.0, (rows, 6)).cumsum(axis=1)
    settings = {
        "labels": np.arange(rows) % 2,
        "times": {"clicks": times},
        "sessions": {"clicks": sessions},
    } | options
    modalities = {"clicks": (pages, real), "age": rng.normal(size=(rows, 2))}
    return Dataset.from_arrays(modalities, **settings)


def test_a_run_reads_gaps_keeps_their_scale_and_asks_for_them(tmp_path, small):
    data = clicks()
    config = dataclasses.replace(small, fusion="session", epochs=1, refiner=0.0)
    run = fit(data, config, progress=False)
    again = Run.load(run.save(tmp_path / "run"))
    z = embed(run, data).z
    np.testing.assert_array_equal(embed(again, data).z, z)
    scale = run.weights["gaps.0.scale"]
    assert (scale > 0).all()
    times = data.modalities["clicks"].clock.times
    # Another unit, and another origin, say the same; other gaps do not.
    sessions = {"clicks": data.modalities["clicks"].clock.sessions}
    later = clicks(times={"clicks": times + 1000}, sessions=sessions)
    np.testing.assert_allclose(embed(run, later).z, z, atol=1e-4)
    minutes = clicks(times={"clicks": times / 60})
    other = fit(minutes, config, progress=False)
    np.testing.assert_allclose(embed(other, minutes).z, z, atol=1e-4)
    slower = clicks(times={"clicks": times * 9}, sessions=sessions)
    assert np.abs(embed(run, slower).z - z).max() > 1e-4
    with pytest.raises(
        ValueError,
        match=r"^`data.modalities\['clicks'\]` must have sessions, as those that the "
        r"run was trained on, got none\.$",
    ):
        embed(run, clicks(sessions=None))


def test_a_run_that_was_trained_without_times_reads_none(small):
    config = dataclasses.replace(small, fusion="session", epochs=1, refiner=0.0)
    plain = clicks(times=None, sessions=None)
    run = fit(plain, config, progress=False)
    np.testing.assert_array_equal(embed(run, clicks()).z, embed(run, plain).z)
    assert not any(name.startswith("gaps") for name in run.weights)


def test_a_padded_row_has_the_z_that_it_has_alone():
    data = clicks()
    with torch.random.fork_rng():
        model = ReFNet(Schema.of(data), Config(fusion="session", hidden=16, width=8))
    model.fit_features(data)
    batch = model.eval().prepare(data)
    z = model(batch).z
    for row in (0, 5):
        alone = model(batch.rows(torch.tensor([row]))).z
        torch.testing.assert_close(alone[0], z[row], rtol=1e-5, atol=1e-6)
    present = batch.present.clone()
    present[:, 0] = False
    far = {"clicks": Timing(*(x + 1 for x in batch.timing["clicks"]))}
    unseen = dataclasses.replace(batch, present=present)
    other = dataclasses.replace(unseen, timing=far)
    assert torch.equal(model(unseen).z, model(other).z)
    model.to("meta")  # where no number says how long the longest session is
    assert model(model.prepare(data)).z.shape == z.shape


def test_carried_states_by_hand():
    states = torch.tensor([[[1.0], [2.0], [3.0], [4.0]]])
    mask = torch.tensor([[True, False, True, False]])
    assert carried(states, mask).flatten().tolist() == [1, 1, 3, 3]
    assert carried(states, torch.zeros_like(mask)).abs().max() == 0


def test_the_sentinel_is_all_that_is_left_of_an_absent_modality():
    net = built("dual_channel", ["sequence"] * 2)
    encoded, present = sequences(2)
    present = present.clone()
    present[0, 0] = False
    beta = net(encoded, present).diagnostics["sentinel"]
    assert beta[0] == 1
    assert ((beta[1:] > 0) & (beta[1:] < 1)).all()
