"""Training from the explorer, kept epochs, and what else `explore` takes."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import paired
from exploring import move, offered

import refnet_viz as rv
from refnet_viz.data import Dataset
from refnet_viz.explorer.state import MOST

SMALL = rv.Config(epochs=4, hidden=16, width=8, batch_size=24, learning_rate=1e-2)


@pytest.fixture(scope="module")
def data():
    return paired()


@pytest.fixture(scope="module")
def runs(data):
    """Two variants; the second was trained for longer and kept every second epoch."""
    plain = replace(SMALL, refiner=0.0, contrastive=0.0)
    longer = replace(SMALL, epochs=6)
    return {
        "plain": [rv.fit(data, plain, seed=0, snapshots=1, progress=False)],
        "both": [rv.fit(data, longer, seed=0, snapshots=2, progress=False)],
    }


@pytest.fixture
def view(data, runs):
    view = rv.explore(runs, data=data, k=3, layout="pca")
    yield view
    view.close()


def titles(view):
    return [panel["title"] for panel in view.screen.texts["panels"]]


def flat(view, panel):
    part = view.screen.places["panels"][panel]
    return np.column_stack([np.frombuffer(part[name], "<f4") for name in "xy"])


def turned(space, runs, data):
    """Places of the PCA, turned to that of the first run as its training ended."""
    first = rv.project(rv.embed(runs["plain"][0], data.test), "pca")
    return rv.project(space, "pca", reference=first).coordinates


def test_runs_show_their_test_rows(view, data, runs):
    assert view.screen.said["names"] == data.test.ids.tolist()
    space = rv.embed(runs["both"][0], data.test)
    expected = turned(space, runs, data)
    np.testing.assert_array_equal(flat(view, 1), expected)


def test_runs_need_their_data(runs):
    with pytest.raises(TypeError, match="Dataset") as error:
        rv.explore(runs)
    assert str(error.value) == (
        "`data` must be the Dataset of the runs when `spaces` holds runs, got None."
    )


def test_data_must_hold_the_points(data, runs):
    strange = rv.embed(runs["both"][0], replace(data.test, ids=data.test.ids + "x"))
    with pytest.raises(ValueError, match="every point") as error:
        rv.explore(strange, data=data, k=3, layout="pca")
    name = str(data.test.ids[0]) + "x"
    assert str(error.value) == (
        f"`data` must hold every point of `spaces`, got none called {name!r}."
    )


def test_a_saved_comparison_is_shown(tmp_path, data, runs):
    rv.save(rv.embed(runs, data.test), tmp_path / "saved")
    for where in (tmp_path / "saved", str(tmp_path / "saved")):
        view = rv.explore(where, k=3, layout="pca")
        assert view.variants == ("plain", "both")
        assert view.screen.said["names"] == data.test.ids.tolist()


def test_epochs_are_scrubbed(view, data, runs):
    assert offered(view, "epoch") == [*"123456", "kept"]
    assert view.epoch is None
    move(view, epoch="2")
    assert (view.epoch, titles(view)) == (
        2,
        ["plain, seed 0, after 3 epochs", "both, seed 0, after 3 epochs"],
    )
    for number, name in enumerate(runs):
        space = rv.embed(runs[name][0].at(2), data.test)
        expected = turned(space, runs, data)
        np.testing.assert_array_equal(flat(view, number), expected)
    view.undo()
    assert titles(view) == ["plain, seed 0", "both, seed 0"]


def test_the_last_state_up_to_an_epoch_is_shown(view):
    view.epoch = 5  # plain ended with 3; both kept 0, 2, 4 and 5
    assert titles(view) == [
        "plain, seed 0, after 4 epochs",
        "both, seed 0, after 6 epochs",
    ]
    view.epoch = 3
    assert titles(view)[1] == "both, seed 0, after 3 epochs"


def test_the_refined_space_of_plain_is_that_of_the_kept_state(view):
    view.space, view.epoch = "refined", 2
    assert titles(view) == ["plain, seed 0", "both, seed 0, after 3 epochs"]


def test_an_unknown_epoch_is_refused(view):
    with pytest.raises(ValueError, match="epoch") as error:
        view.epoch = 9
    assert str(error.value) == (
        "`epoch` must be one of [0, 1, 2, 3, 4, 5, None], got 9."
    )


def test_without_snapshots_there_is_no_scrubber(data):
    run = rv.fit(data, SMALL, seed=0, progress=False)
    view = rv.explore(run, data=data, k=3, layout="pca")
    assert offered(view, "epoch") is None
    assert view.code() == 'view = rv.explore(spaces, data=data, k=3, layout="pca")'
    view.close()


def test_a_run_by_itself_has_its_own_name_at_every_epoch(data, runs):
    view = rv.explore(runs["both"][0], data=data, k=3, layout="pca")
    name = rv.embed(runs["both"][0], data.test).info["variant"]
    assert view.variants == (name,)
    view.epoch = 2
    assert titles(view) == [f"{name}, seed 0, after 3 epochs"]
    view.close()


def test_without_data_there_is_no_form(data, runs):
    view = rv.explore(rv.embed(runs, data.test), k=3, layout="pca")
    assert view.workshop is None
    assert view.trained == {}


@pytest.mark.slow
def test_a_trained_variant_becomes_a_map(view, data, runs):
    view.select(data.test.ids[:3])
    view.workshop.toggle.value = True
    form = view.workshop.form
    assert form.settings["epochs"].value == 6  # those of the last variant
    form.settings["epochs"].value = 3
    form.settings["snapshots"].value = True
    name = form.settings.name
    run = form.run()
    assert view.variants == ("plain", "both", name)
    assert view.variant == name
    assert view.trained[name] is run
    space = rv.embed(run, data.test)
    expected = turned(space, runs, data)
    np.testing.assert_array_equal(flat(view, 2), expected)
    assert len(view.selected) == 3
    assert offered(view, "baseline")[-1] == name
    view.epoch = 1
    assert titles(view)[2] == f"{name}, seed 0, after 2 epochs"

    # A fifth one takes the place of the one in focus.
    for _ in range(2):
        form.run()
    assert len(view.variants) == MOST
    assert view.variants[:2] == ("plain", "both")
    assert view.variants[-1] == view.variant == list(view.trained)[-1]
    view.undo()
    assert view.variant == list(view.trained)[-2]


def test_tags_are_trained_on():
    """Few labels beside many rows without: what was tagged, by id and in any order."""
    rng = np.random.default_rng(0)
    kinds = np.arange(60) % 2
    inputs = {
        "a": rng.normal(size=(60, 4)) + 4 * kinds[:, None],
        "b": rng.normal(size=(60, 3)) - 4 * kinds[:, None],
    }
    data = Dataset.from_arrays(inputs, ids=[f"r{i}" for i in range(60)])
    view = rv.explore(rv.Embedding.from_arrays(inputs["a"], ids=data.ids), layout="pca")
    view.tag("even", [f"r{i}" for i in range(0, 30, 2)])
    view.tag("odd", [f"r{i}" for i in range(1, 30, 2)])
    tagged = data.with_labels(view.tags["tag"].iloc[::-1])
    assert tagged.class_names == ("even", "odd")
    assert tagged.labels[:30].tolist() == kinds[:30].tolist()
    assert not tagged.labelled[30:].any()
    assert tagged.test.labelled.sum() == 6
    config = replace(SMALL, epochs=40)
    run = rv.fit(tagged, config, seed=0, progress=False)
    space = rv.embed(run, tagged)
    assert np.mean(space.predictions[30:] == kinds[30:]) > 0.9


def test_a_button_puts_the_new_map_into_focus(view):
    view.workshop.toggle.value = True
    form = view.workshop.form
    form.settings["name"].value = "third"
    form.settings["epochs"].value = 1
    assert form.showing.name == ""
    form.run()
    assert form.showing.name == "third"
    view.variant = "plain"
    form.showing._handle_custom_msg({"kind": "show", "words": []}, [])
    assert view.variant == "third"
    view.variants = ["plain", "both"]  # it comes back where it was closed
    form.showing._handle_custom_msg({"kind": "show", "words": []}, [])
    assert view.variant == "third"
    assert "third" in view.variants


def test_the_form_trains_on_tags_and_tags_every_point(view, data):
    view.workshop.toggle.value = True
    form = view.workshop.form
    labels = form.settings["labels"]
    assert labels.layout.display == "none"
    kinds = data.test.labels % 2
    for kind, word in enumerate(("even", "odd")):
        view.tag(word, data.test.ids[kinds == kind])
    assert labels.layout.display is None
    assert labels.options == (("those of the data", ""), ("tags: tag", "tag"))
    labels.value = "tag"
    assert form.settings["snapshots"].disabled
    form.settings["epochs"].value = 2
    assert form.settings.name == "both, 2 epochs, tag"
    run = form.run()
    assert run.schema.class_names == ("even", "odd")
    name = "tag by both, 2 epochs, tag"
    assert view.color == name
    space = rv.embed(run, replace(data.test, labels=None, class_names=()))
    assert view.tags[name].tolist() == [("even", "odd")[p] for p in space.predictions]
    # Its map has the labels of the others, by which it can be compared.
    shown = view._store.embeddings.variants[view.variant][0]
    assert shown.class_names == data.class_names
    assert shown.labels.tolist() == data.test.labels.tolist()
    assert shown.predictions is None
    assert not shown.held_out.all()  # tagged points were trained on
    np.testing.assert_array_equal(shown.z, space.z)
    view.undo()
    assert name not in view.tags
    # The labels of the data come back with the process that has them.
    labels.value = ""
    form.settings["name"].value = "again"
    assert form.run().schema.class_names == data.class_names


def test_too_few_tags_are_a_sentence(view):
    view.workshop.toggle.value = True
    form = view.workshop.form
    view.tag("one", view.selected["id"].tolist() or [0])
    form.settings["labels"].value = "tag"
    with pytest.raises(RuntimeError) as error:
        form.run()
    assert str(error.value) == (
        "`labels` must hold two different labels or more, got ['one']."
    )
