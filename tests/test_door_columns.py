"""Columns that carry names are found by them, in whatever order a table has them."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from refnet_viz import Config, embed, fit
from refnet_viz.data import Dataset
from refnet_viz.train import Run

SMALL = Config(epochs=2, hidden=16, width=8)
RNG = np.random.default_rng(0)
GENES = pd.DataFrame(RNG.normal(size=(60, 4)) * [1, 5, 1, 9], columns=list("gabc"))
LIPIDS = pd.DataFrame(RNG.normal(size=(60, 3)), columns=list("xyz"))
KIND = np.arange(60) % 3


def made(genes=GENES, lipids=LIPIDS):
    return Dataset.from_arrays({"genes": genes, "lipids": lipids}, labels=KIND)


@pytest.fixture(scope="module")
def run():
    return fit(made(), SMALL, progress=False)


def test_a_run_reads_columns_by_their_names(run):
    swapped = made(GENES[list("cbga")], LIPIDS[list("zxy")])
    one, other = embed(run, made()), embed(run, swapped)
    np.testing.assert_array_equal(one.z, other.z)
    np.testing.assert_array_equal(one.held_out, other.held_out)
    assert not one.held_out.all()


def test_a_run_started_from_another_reads_them_as_it_did(run):
    swapped = made(GENES[list("cbga")])
    config = dataclasses.replace(SMALL, epochs=1)
    one = fit(made(), config, start=run, progress=False)
    other = fit(swapped, config, start=run, progress=False)
    assert one.digest == other.digest


def test_other_columns_are_one_sentence(run):
    with pytest.raises(ValueError, match="`") as caught:
        embed(run, made(GENES.rename(columns={"a": "A"})))
    assert str(caught.value) == (
        "`data.modalities['genes']` must have the columns of the run, "
        "got none called 'a'."
    )


def test_columns_without_names_stand_in_their_order(run):
    one = embed(run, made(GENES.to_numpy()))
    np.testing.assert_array_equal(one.z, embed(run, made()).z)


def test_names_of_columns_are_kept_with_a_run(run, tmp_path):
    again = Run.load(run.save(tmp_path / "run"))
    assert again.schema.modalities["genes"]["features"] == list("gabc")
    swapped = embed(again, made(GENES[list("cbga")]))
    np.testing.assert_array_equal(swapped.z, embed(run, made()).z)
