"""Small data that a human can check, shared by the tests."""

import numpy as np
import pytest

from refnet_viz.data import Dataset


def paired(rows=120, classes=3, seed=0, noise=1.0, **options):
    """Two vector modalities; each shows half of what tells the classes apart."""
    rng = np.random.default_rng(seed)
    labels = np.arange(rows) % classes
    centres = rng.normal(size=(2, classes, 6)) * 2
    arrays = {
        name: (centres[i][labels] + noise * rng.normal(size=(rows, 6)))
        for i, name in enumerate(("image", "text"))
    }
    return Dataset.from_arrays(arrays, labels=labels, name="paired", **options)


@pytest.fixture
def data():
    """Return 120 rows, 3 classes, 2 modalities."""
    return paired()
