"""Variants beside every single modality, by the one rule of verdicts."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from refnet_viz import Embedding
from refnet_viz.graph import compare, knn
from refnet_viz.graph.single_modality import judged, worst
from refnet_viz.share.answers import beside_best_modality

N = 400
RNG = np.random.default_rng(0)
LABELS = RNG.integers(3, size=N)
X = RNG.normal(size=(N, 2))


def answering(share, seed, *, trained=True):
    """Return an embedding that is right in a share of rows."""
    rng = np.random.default_rng(seed)
    own = Embedding.from_arrays(
        X + rng.normal(size=X.shape), modalities={"a": X, "b": X[::-1]}, labels=LABELS
    )
    right = rng.random(N) < share
    predictions = np.where(right, LABELS, (LABELS + 1) % 3)
    info = {"seed": seed} if trained else {}
    return replace(own, predictions=predictions, info=info)


def said(variants, rails):
    graphs = {
        name: [knn(answering(share, 10 * i + s), 5) for s in range(3)]
        for i, (name, share) in enumerate(variants.items())
    }
    beside = {
        f"{name} only": answering(share, 100 + i)
        for i, (name, share) in enumerate(rails.items())
    }
    table = compare(
        graphs, rails=beside, metrics=["accuracy"], permutations=0, baseline="plain"
    )
    return table.attrs["modalities"], beside_best_modality(table)


def test_a_variant_that_beats_both_modalities_is_said_to():
    rows, words = said({"plain": 0.6, "both": 0.9}, {"a": 0.6, "b": 0.4})
    assert [row["variant"] for row in rows] == ["plain", "both"]
    assert rows[1]["verdict"] == "higher"
    assert rows[1]["modality"] == "a"  # the one that is beaten least surely
    assert rows[1]["difference"] == pytest.approx(
        rows[1]["mean"] - rows[1]["mean_of_modality"]
    )
    assert words.startswith("Fusion pays: both beats every single modality (both 0.")


def test_where_one_modality_does_as_well_it_is_said_first():
    rows, words = said({"plain": 0.78, "both": 0.8}, {"a": 0.5, "b": 0.8})
    assert {row["verdict"] for row in rows} == {"inside noise"}
    assert words.startswith("The best single modality is as good: b alone has accuracy")


def test_where_one_modality_does_better_that_is_said():
    rows, words = said({"plain": 0.5, "both": 0.5}, {"a": 0.45, "b": 0.9})
    assert {row["verdict"] for row in rows} == {"lower"}
    assert words.startswith("A single modality is better: b alone has accuracy")


def test_single_runs_of_trained_variants_are_not_judged():
    graphs = {"plain": knn(answering(0.9, 0), 5)}
    rails = {f"{name} only": answering(0.4, i) for i, name in enumerate("ab")}
    table = compare(graphs, rails=rails, metrics=["accuracy"], permutations=0)
    assert table.attrs["modalities"][0]["verdict"] == "cannot tell: 1 seed"
    assert beside_best_modality(table) == ""
    fixed = {"plain": knn(answering(0.9, 0, trained=False), 5)}
    rails = {name: replace(rail, info={}) for name, rail in rails.items()}
    table = compare(fixed, rails=rails, metrics=["accuracy"], permutations=0)
    assert table.attrs["modalities"][0]["verdict"] == "higher"


def test_without_predictions_neighbours_are_asked():
    bare = replace(answering(0.5, 0, trained=False), predictions=None)
    table = compare({"mine": knn(bare, 5)}, permutations=0)
    assert [row["metric"] for row in table.attrs["modalities"]] == ["purity"]
    assert "purity" in beside_best_modality(table)
    assert beside_best_modality(pd.DataFrame()) == ""


def test_equal_variants_and_modalities_are_told_apart_in_few_tables():
    rng = np.random.default_rng(3)
    wrong, worlds = 0, 1_000
    for _ in range(worlds):
        modality, variant = rng.normal(size=2), rng.normal(size=3)
        rows = []
        for own in variant:
            gaps = (own - modality) / np.sqrt(2)
            beside = [
                {"difference": gap, "p": 2 * norm.sf(abs(gap)), "reason": ""}
                for gap in gaps
            ]
            rows.append(worst(beside, "higher"))
        verdicts = [row["verdict"] for row in judged(rows, confidence=0.95)]
        wrong += any(verdict in {"higher", "lower"} for verdict in verdicts)
    assert wrong / worlds < 0.05
