"""What `embed` says of a run: shapes, held-out rows, answers, and Theorem 1."""

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist, squareform

import refnet_viz as rv
from refnet_viz.data import Dataset
from refnet_viz.data.dataset import Media, Modality
from refnet_viz.embedding import Embedding
from refnet_viz.inference import embed
from refnet_viz.train import fit, pretrain


@pytest.fixture(scope="module")
def known(make_paired):
    """Return the data of the runs below."""
    return make_paired(rows=300, noise=1.5)


@pytest.fixture(scope="module")
def runs(known, small):
    """Return a run without and a run with the refiner."""
    config = dataclasses.replace(
        small, epochs=60, hidden=64, dropout=0.0, contrastive=0.0
    )
    return {
        "plain": fit(known, dataclasses.replace(config, refiner=0.0), progress=False),
        "refiner": fit(known, config, progress=False),
    }


@pytest.fixture(scope="module")
def space(runs, known):
    """Return the refined run's embedding of all rows."""
    return embed(runs["refiner"], known)


def test_the_answer_has_the_shape_of_the_question(runs, known):
    run = runs["refiner"]
    assert isinstance(embed(run, known.test), Embedding)
    listed = embed([run, runs["plain"]], known.test)
    assert [one.info["config"]["refiner"] for one in listed] == [1.0, 0.0]
    named = embed({"a": [run], "b": run}, known.test)
    assert list(named) == ["a", "b"]
    assert isinstance(named["a"], list)
    assert np.array_equal(named["a"][0].z, named["b"].z)


def test_rows_and_types(space, known):
    assert space.ids.tolist() == known.ids.tolist()
    assert space.shape == (300, 8)
    assert space.labels.tolist() == known.labels.tolist()
    assert space.class_names == known.class_names
    for features in (space.inputs, space.unimodal, space.targets, space.decoded):
        assert list(features) == ["image", "text"]
        assert {values.dtype for values in features.values()} == {np.dtype("f4")}
        assert {len(values) for values in features.values()} == {300}
    assert space.unimodal["image"].shape == (300, 8)
    assert space.decoded["image"].shape == space.targets["image"].shape == (300, 6)
    assert space.spaces == ("latent", "refined", "image", "text", "sum")


def test_metadata_media_and_provenance_travel_along(runs, known):
    data = dataclasses.replace(
        known,
        metadata=pd.DataFrame({"year": range(300)}),
        media=Media(texts=tuple(f"row {i}" for i in range(300))),
    )
    part = embed(runs["refiner"], data.subset([5, 3]))
    assert part.metadata["year"].tolist() == [5, 3]
    assert part.media.texts == ("row 5", "row 3")
    assert part.info["seed"] == 0
    assert part.info["variant"] == "concat"  # a run that is in no sweep has no name
    assert part.info["dataset"] == "paired"
    assert part.info["fingerprint"] == known.fingerprint
    assert part.info["config"] == runs["refiner"].config.to_dict()
    assert set(part.info["versions"]) == {"refnet_viz", "python", "torch", "numpy"}


def test_training_rows_and_only_they_are_marked(space, known):
    assert space.held_out.tolist() == (known.split != "train").tolist()


def test_a_training_row_is_known_in_any_company(make_mixed, small):
    data = make_mixed(missing=True)
    run = fit(data, small, progress=False)
    expected = (data.split != "train").tolist()
    names = list(data.modalities)
    turned = dataclasses.replace(
        data,
        modalities={name: data.modalities[name] for name in names[::-1]},
        present=data.present[:, ::-1],
    )
    more = dataclasses.replace(
        data,
        modalities={"new": data.modalities["vector"]} | data.modalities,
        present=np.column_stack([np.ones(40, bool), data.present]),
    )
    old = data.modalities["sequence"]
    longer = dataclasses.replace(
        old,
        values=np.pad(old.values, ((0, 0), (0, 3), (0, 0)), constant_values=9.0),
        mask=np.pad(old.mask, ((0, 0), (0, 3))),
    )
    padded = dataclasses.replace(
        data, modalities=data.modalities | {"sequence": longer}
    )
    straight = embed(run, data)
    for other in (data, turned, more, padded):
        found = embed(run, other)
        assert found.held_out.tolist() == expected
        assert found.present.tolist() == data.present.tolist()  # in the run's order
        assert list(found.inputs) == names
        np.testing.assert_allclose(found.z, straight.z, atol=1e-5)


def test_a_row_with_the_id_of_a_training_row_but_other_content_is_held_out(runs, known):
    values = known.modalities["image"].values + 1
    other = dataclasses.replace(
        known, modalities=known.modalities | {"image": Modality.of("image", values)}
    )
    assert embed(runs["refiner"], other).held_out.all()


def test_targets_are_standardised_on_the_training_rows(space, known):
    training = known.split == "train"
    for name, values in space.targets.items():
        assert np.abs(values[training].mean(axis=0)).max() < 1e-5
        assert values[training].std(axis=0) == pytest.approx(1, abs=1e-4)
        assert np.array_equal(values, space.inputs[name])
        raw = known.modalities[name].values
        scaled = (raw - raw[training].mean(axis=0)) / raw[training].std(axis=0)
        np.testing.assert_allclose(values, scaled, atol=1e-4)


def r_squared(targets, answers):
    spread = np.square(targets - targets.mean(axis=0)).sum()
    return 1 - np.square(targets - answers).sum() / spread


def test_the_refiner_answers_for_every_modality_and_the_plain_run_less(runs, known):
    plain, refiner = embed(runs, known.test).values()
    for name, targets in refiner.targets.items():
        got = r_squared(targets, refiner.decoded[name])
        assert got > 0.5
        assert got > r_squared(plain.targets[name], plain.decoded[name]) + 0.1
        assert r_squared(targets, np.roll(refiner.decoded[name], 1, axis=0)) < 0


def test_predictions_are_the_most_probable_classes(space, known):
    assert space.scores.shape == (300, 3)
    np.testing.assert_allclose(space.scores.sum(axis=1), 1, atol=1e-5)
    assert space.predictions.tolist() == space.scores.argmax(axis=1).tolist()
    assert space.accuracy == np.mean(space.predictions == known.labels)


def test_the_head_reads_the_z_that_is_shown(runs, space):
    weights = runs["refiner"].weights
    logits = space.z @ weights["head.weight"].numpy().T + weights["head.bias"].numpy()
    assert logits.argmax(axis=1).tolist() == space.predictions.tolist()


def test_the_batch_size_changes_nothing(runs, known, space):
    for size in (1, 7):
        parts = embed(runs["refiner"], known, batch_size=size)
        np.testing.assert_allclose(parts.z, space.z, atol=1e-5)
        np.testing.assert_allclose(
            parts.decoded["text"], space.decoded["text"], atol=1e-5
        )


def test_unlabelled_training_predicts_nothing(known, small):
    space = embed(pretrain(known, small, progress=False), known.test)
    assert space.predictions is None
    assert space.scores is None
    assert space.labels.tolist() == known.test.labels.tolist()


def test_unlabelled_data_are_predicted_too(runs, known, space):
    bare = dataclasses.replace(known, labels=None, class_names=())
    found = embed(runs["refiner"], bare)
    assert found.labels is None
    assert found.predictions.tolist() == space.predictions.tolist()


def test_embedding_changes_nothing(runs, known):
    run = runs["refiner"]
    digest, fingerprint = run.digest, known.fingerprint
    first, second = embed(run, known), embed(run, known)
    assert np.array_equal(first.z, second.z)
    fields = {f.name: getattr(known, f.name) for f in dataclasses.fields(known)}
    assert (run.digest, Dataset(**fields).fingerprint) == (digest, fingerprint)


def test_other_data_are_refused_in_one_sentence(runs, known, make_paired):
    run = runs["refiner"]
    images = {"image": known.modalities["image"]}
    only = dataclasses.replace(known, modalities=images, present=known.present[:, :1])
    wide = Modality.of("image", np.ones((300, 9)))
    other = dataclasses.replace(known, modalities=known.modalities | {"image": wide})
    named = dataclasses.replace(known, class_names=("a", "b", "c"))
    several = make_paired(rows=300, labels=np.eye(3, dtype=int)[known.labels])
    cases = [
        (only, "`data` must have the modality 'text' of the run, got image."),
        (
            other,
            "`data.modalities['image']` must be of kind vector and shape (6,), got "
            "vector of shape (9,).",
        ),
        (
            named,
            "`data` must have the classes of the run (0, 1, 2), got a, b, c; "
            "`class_names` of `Dataset.from_arrays` sets them.",
        ),
        (
            several,
            "`data` must have one label a row as the run has, got several labels.",
        ),
    ]
    for data, sentence in cases:
        with pytest.raises(ValueError, match="`data") as caught:
            embed(run, data)
        assert str(caught.value) == sentence
    with pytest.raises(TypeError, match=r"^`runs` must hold Run values, got Config\.$"):
        embed({"a": [run.config]}, known)
    with pytest.raises(
        ValueError,
        match=r"^`batch_size` must be a whole number between 1 and 2147483648, got 0",
    ):
        embed(run, known, batch_size=0)
    with pytest.raises(
        ValueError,
        match=r"^`device` must be a device that torch finds on this machine, "
        r"e\.g\. 'cpu', got 'gpu'\.$",
    ):
        embed(run, known, device="gpu")


@pytest.mark.parametrize(
    "weights", [{"image": 1.0, "text": 1.0}, {"image": 0.2, "text": 3.0}]
)
@pytest.mark.parametrize("variant", ["plain", "refiner"])
def test_refined_distances_are_within_the_residuals_of_the_true_ones(
    variant, weights, runs, known
):
    space = embed(runs[variant], known)
    refined = squareform(pdist(space.space("refined", weights=weights)))
    true = squareform(pdist(space.space("sum", weights=weights)))
    residuals = np.hstack(
        [
            np.sqrt(weight) * (space.targets[m].astype(float) - space.decoded[m])
            for m, weight in weights.items()
        ]
    )
    rho = np.linalg.norm(residuals, axis=1)
    gap = np.abs(refined - true)
    tight = squareform(pdist(residuals))
    assert (gap <= tight + 1e-9).all()
    assert (tight <= rho[:, None] + rho[None, :] + 1e-9).all()
    # Not an empty statement: smaller bounds are broken.
    assert (gap > 0.5 * tight)[~np.eye(300, dtype=bool)].any()
    assert (gap > 0.25 * (rho[:, None] + rho[None, :])).any()


AGAIN = """
import sys
import torch
import refnet_viz as rv
from refnet_viz.train import Run

run, data = Run.load(sys.argv[1]), rv.data.emoji()
threads = torch.get_num_threads()
before = rv.embed(run, data.test).digest
torch.set_num_threads(torch.get_num_threads())  # as training does at its end
print(before == rv.embed(run, data.test).digest, torch.get_num_threads() == threads)
"""


def test_what_was_trained_before_does_not_change_the_bits(tmp_path):
    config = dataclasses.replace(rv.VARIANTS["plain"], epochs=1)
    fit(rv.data.emoji(), config, progress=False).save(tmp_path / "run")
    env = {name: value for name, value in os.environ.items() if "THREADS" not in name}
    out = subprocess.run(
        [sys.executable, "-c", AGAIN, str(tmp_path / "run")],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert out == ["True", "True"]  # and the caller has all threads again
