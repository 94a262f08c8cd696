"""Small data that a human can check, shared by the tests."""

import functools
import importlib.util
import os
import sys

# Before torch is imported: on matrices this small, threads only wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import hypothesis
import numpy as np
import pytest

from refnet_viz.config import Config
from refnet_viz.data import Dataset

# Files of tests that train, or of networks: left out where there is no torch. Of other
# files single tests are marked `torch`.
WITH_TORCH = [
    "test_api.py",
    "test_attribution.py",
    "test_baselines.py",
    "test_conformal.py",
    "test_counterfactual.py",
    "test_door_columns.py",
    "test_door_values.py",
    "test_encode.py",
    "test_fusion_decisions.py",
    "test_fusion_equilibrium.py",
    "test_fusion_tokens.py",
    "test_fusion_vector.py",
    "test_inference.py",
    "test_known_defects.py",
    "test_media.py",
    "test_model.py",
    "test_model_features.py",
    "test_nulls.py",
    "test_objectives.py",
    "test_outside.py",
    "test_plot_accessible.py",
    "test_plot_journal.py",
    "test_plot_latent.py",
    "test_prediction.py",
    "test_recipe.py",
    "test_regimes.py",
    "test_regression.py",
    "test_replay.py",
    "test_responsibility.py",
    "test_runs.py",
    "test_snapshots.py",
    "test_train.py",
    "test_train_device.py",
    "test_train_distributed.py",
    "test_train_settings.py",
    "test_train_validation.py",
    "test_train_weights.py",
    "test_training_form.py",
    "test_unlabelled.py",
    "test_workshop.py",
]
collect_ignore = [] if importlib.util.find_spec("torch") else WITH_TORCH

# An example may take as long as a busy machine needs.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

KINDS = ("vector", "picture", "sequence", "tokens", "other vector")


def pytest_collection_modifyitems(config, items):
    """Begin with the files that drive servers, browsers and notebooks.

    They take longest: processes that share the tests end at about the same time. One
    file executes the notebooks; the others that look at them come when that is done.
    Tests marked `torch` are left out where there is none.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    _, *waiting = dict.fromkeys(
        item.path for item in items if "executed" in getattr(item, "fixturenames", ())
    ) or [None]
    # Stable: else as collected.
    items.sort(key=lambda item: (item.path not in slow, item.path in waiting))
    if not importlib.util.find_spec("torch"):
        kept = [item for item in items if not item.get_closest_marker("torch")]
        config.hook.pytest_deselected(items=[i for i in items if i not in kept])
        items[:] = kept


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Say what state the pages are in where a test with a browser fails.

    A page that paints no more waits for ever, and so does the test.
    """
    report = yield
    if report.failed and item.get_closest_marker("browser"):
        import lab

        report.sections += [("page", words) for words in lab.states()]
    return report


@pytest.fixture(autouse=True)
def _seeded():
    """Start every test from one state of torch's generator, whatever ran before."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(0)


def paired(rows=120, classes=3, seed=0, noise=1.0, **options):
    """Two vector modalities; each shows half of what tells the classes apart."""
    rng = np.random.default_rng(seed)
    labels = np.arange(rows) % classes
    centres = rng.normal(size=(2, classes, 6)) * 2
    arrays = {
        name: (centres[i][labels] + noise * rng.normal(size=(rows, 6)))
        for i, name in enumerate(("image", "text"))
    }
    options = {"labels": labels, "name": "paired"} | options
    return Dataset.from_arrays(arrays, **options)


def mixed(rows=40, count=4, seed=0, missing=False, **options):
    """One modality of every kind; the class moves all of them.

    With `missing`, row i lacks modality ``i % (count + 1)``, if there is one.
    """
    rng = np.random.default_rng(seed)
    labels = np.arange(rows) % 3
    level = labels[:, None] - 1.0
    real = np.arange(5) < rng.integers(1, 6, size=(rows, 1))
    pixels = level[:, :, None, None] * 40 + rng.integers(60, 190, (rows, 10, 9, 3))
    arrays = {
        "vector": level + rng.normal(size=(rows, 4)),
        "picture": pixels.astype(np.uint8),
        "sequence": (level[:, None] + rng.normal(size=(rows, 5, 2)), real),
        "tokens": (labels[:, None] * 3 + rng.integers(1, 4, size=(rows, 5)), real),
        "other vector": rng.normal(size=(rows, 3)),
    }
    present = np.ones((rows, count + 1), dtype=bool)
    if missing:
        present[np.arange(rows), np.arange(rows) % (count + 1)] = False
    return Dataset.from_arrays(
        {name: arrays[name] for name in KINDS[:count]},
        present=present[:, :count] if count > 1 else None,
        **{"labels": labels, "name": "mixed"} | options,
    )


@pytest.fixture
def data():
    """Return 120 rows, 3 classes, 2 modalities."""
    return paired()


@pytest.fixture
def spaces():
    """Return two variants of 24 points, of two and of three seeds."""
    from exploring import two_variants

    return two_variants()


@pytest.fixture
def refined():
    """Return two variants of one seed each, with a refiner's answers."""
    from exploring import answered

    return {name: [answered(name, 0)] for name in ("plain", "both")}


@pytest.fixture
def view(spaces):
    """Return an explorer of both variants, side by side."""
    from refnet_viz import explore

    made = explore(spaces, k=3, layout="pca")
    yield made
    made.close()


@pytest.fixture(scope="module")
def browser():
    """Return a browser without pages, for all tests of a file."""
    # Needs playwright, which other tests do not.
    from lab import chrome

    with chrome() as running:
        yield running


@pytest.fixture(scope="session")
def executed():
    """Return the function that executes a notebook, once for all processes and docs."""
    # Tests also run this file by its path, where the helpers are not found.
    from run_notebook import documented

    return functools.cache(documented)


@pytest.fixture(scope="session")
def make_paired():
    """Return the function that makes paired data."""
    return paired


@pytest.fixture(scope="session")
def make_mixed():
    """Return the function that makes data of every kind of modality."""
    return mixed


@pytest.fixture(scope="session")
def small():
    """Return settings that train in a tenth of a second."""
    return Config(
        epochs=3, hidden=16, width=8, batch_size=24, learning_rate=1e-2, refiner=1.0
    )


@pytest.fixture(scope="session")
def make_sizes():
    """Return the function that says what a fusion must know of its modalities."""
    from refnet_viz.model.fusion import Sizes

    def sizes(count, **options):
        kinds = {"abcde"[i]: "vector" if i else "sequence" for i in range(count)}
        usual = {"width": 8, "hidden": 16, "classes": 3} | options
        return Sizes(kinds, dict.fromkeys(kinds, 5), **usual)

    return sizes
