"""Rails: honest baselines, fitted on training rows, chosen on validation rows."""

import numpy as np
import pytest

from refnet_viz._linear import logistic
from refnet_viz.baselines import STRENGTHS, features, rails
from refnet_viz.data import Dataset, digits, emoji, playground, questions
from refnet_viz.embedding import Embedding


def blobs(n=120, **changes) -> Dataset:
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 3
    near = np.eye(3)[labels] * 2
    given = {
        "labels": labels,
        "modalities": {
            "image": near + rng.normal(size=(n, 3)),
            "text": near[:, :2] + rng.normal(size=(n, 2)),
        },
    }
    given.update(changes)
    return Dataset.from_arrays(given.pop("modalities"), **given)


def test_one_rail_a_modality_and_the_concatenation():
    data = blobs(name="blobs")
    found = rails(data, seed=4)
    alone = ["image only", "text only", "concatenation"]
    assert list(found) == [*alone, "late fusion", "products"]
    assert [rail.shape[1] for rail in found.values()] == [3, 2, 5, 5, 5]
    for name, rail in found.items():
        assert isinstance(rail, Embedding)
        assert rail.ids.tolist() == data.test.ids.tolist()
        assert rail.labels.tolist() == data.test.labels.tolist()
        assert rail.held_out.all()
        assert list(rail.inputs) == ["image", "text"]
        assert rail.scores.sum(axis=1) == pytest.approx(1)
        assert rail.predictions.tolist() == rail.scores.argmax(axis=1).tolist()
        if name not in alone:
            assert rail.info["variant"] == name
            continue
        assert rail.info["C"] in STRENGTHS
        assert rail.info == {
            "variant": f"logistic regression, {name.removesuffix(' only')}",
            "seed": 4,
            "dataset": "blobs",
            "fingerprint": data.fingerprint,
            "C": rail.info["C"],
            "rail": True,
        }
    z = found["concatenation"].z
    np.testing.assert_array_equal(z[:, :3], found["image only"].z)
    np.testing.assert_array_equal(z[:, 3:], found["text only"].z)
    assert found["concatenation"].spaces == ("latent", "image", "text", "sum")


def test_c_and_predictions_agree_with_scikit_learn_by_hand():
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    data = blobs()
    x = data.modalities["text"].values.astype(float)
    train, val, test = (data.split == part for part in ("train", "val", "test"))
    x = StandardScaler().fit(x[train]).transform(x)
    models = [
        LogisticRegression(C=c, max_iter=10_000).fit(x[train], data.labels[train])
        for c in STRENGTHS
    ]
    best = int(np.argmax([m.score(x[val], data.labels[val]) for m in models]))
    rail = rails(data)["text only"]
    assert rail.info["C"] == STRENGTHS[best]
    assert rail.predictions.tolist() == models[best].predict(x[test]).tolist()
    assert rail.scores == pytest.approx(models[best].predict_proba(x[test]), abs=1e-4)


def test_features_have_mean_0_and_variance_1_on_training_rows():
    for values in features(digits()).values():
        train = values[digits().split == "train"].astype(float)
        assert np.abs(train.mean(axis=0)).max() < 1e-5
        spread = train.std(axis=0)
        assert np.all((np.abs(spread - 1) < 1e-4) | (spread == 0))


@pytest.mark.parametrize("make", [digits, lambda: playground(300)])
def test_nothing_of_the_test_rows_reaches_training_rows(make):
    data = make()
    train = data.split == "train"
    changed = {}
    for name, modality in data.modalities.items():
        values = modality.values.copy()
        values[data.split == "test"] = values.max()
        changed[name] = values
    other = Dataset.from_arrays(changed, labels=data.labels, split=data.split)
    for name, values in features(data).items():
        moved = features(other)[name]
        np.testing.assert_array_equal(moved[train], values[train])
        assert not np.array_equal(moved[~train], values[~train])


def test_test_labels_reach_nothing_but_the_comparison():
    data = blobs()
    labels = data.labels.copy()
    labels[data.split == "test"] = 0
    other = blobs(labels=labels, split=data.split)
    for name, rail in rails(data).items():
        np.testing.assert_array_equal(rails(other)[name].scores, rail.scores)


def test_sequences_are_averaged_over_their_mask_and_words_are_counted():
    values = np.array([[[2.0], [4.0]], [[8.0], [99.0]], [[5.0], [5.0]]])
    mask = np.array([[True, True], [True, False], [False, False]])
    tokens = np.array([[1, 1], [2, 1], [2, 0]])
    data = Dataset.from_arrays(
        {"s": (values, mask), "t": (tokens, tokens > 0)}, split=[0, 0, 2]
    )
    found = features(data)
    # Means 3, 8 and (nothing) 0; train mean 5.5, deviation 2.5.
    assert found["s"].ravel().tolist() == pytest.approx([-1, 1, -2.2])
    # Counts of words 1 and 2: (2, 0), (1, 1), (0, 1); train means 1.5 and 0.5.
    assert found["t"].tolist() == [[1, -1], [-1, 1], [-3, 1]]


def test_an_absent_modality_gets_the_training_mean():
    values = np.array([[1.0], [3.0], [1000.0], [1000.0]])
    present = np.array([[1, 1], [1, 1], [0, 1], [0, 1]])
    data = Dataset.from_arrays(
        {"a": values, "b": np.ones((4, 1))}, present=present, split=[0, 0, 0, 2]
    )
    found = features(data)
    assert found["a"].ravel().tolist() == [-1, 1, 0, 0]
    assert found["b"].ravel().tolist() == [0, 0, 0, 0]


def test_several_labels_a_row_are_fitted_one_against_the_rest():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    labels = np.column_stack([x[:, 0] > 0, x[:, 1] > 0.5, np.zeros(200)]).astype(int)
    data = Dataset.from_arrays({"x": x}, labels=labels)
    rail = rails(data)["x only"]
    assert rail.predictions.shape == rail.scores.shape == (len(data.test), 3)
    assert (rail.scores[:, 2] == 0).all()
    assert rail.accuracy > 0.95
    z = features(data)["x"].astype(float)
    train, test = data.split == "train", data.split == "test"
    for column in range(2):
        model = LogisticRegression(C=rail.info["C"]).fit(
            z[train], labels[train, column]
        )
        expected = model.predict_proba(z[test])[:, 1]
        assert rail.scores[:, column] == pytest.approx(expected, abs=1e-3)


def test_without_validation_rows_a_fifth_of_the_training_rows_chooses():
    split = np.where(np.arange(120) < 90, "train", "test")
    data = blobs(split=split)
    with pytest.warns(UserWarning, match="18 of its 90 training rows"):
        found = rails(data, seed=1)
    assert found["concatenation"].accuracy > 0.8
    again = rails(data, seed=1)
    for name, rail in found.items():
        np.testing.assert_array_equal(again[name].scores, rail.scores)
        assert again[name].info == rail.info


def test_a_class_without_training_rows_is_never_predicted():
    data = blobs()
    split = np.where(data.labels == 1, "test", data.split)
    rail = rails(blobs(split=split))["concatenation"]
    assert rail.scores.shape[1] == 3
    assert (rail.scores[:, 1] == 0).all()
    assert (rail.predictions != 1).all()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (lambda: blobs(labels=None), "`data` must have labels or a target, got none."),
        (
            lambda: blobs().test,
            "`data` must have training and test rows, got 0 and 24.",
        ),
        (
            lambda: blobs(labels=[0] * 120),
            "`data` must have at least two classes among its training rows, got 1.",
        ),
        (
            lambda: blobs(
                split=[0] * 60 + [2] * 60,
                present=np.column_stack([np.ones(120), np.arange(120) > 59]),
            ),
            "`data` must have training rows with modality 'text', got none.",
        ),
    ],
)
def test_data_that_cannot_be_fitted_are_refused(data, sentence):
    with pytest.raises(ValueError, match="must") as caught:
        rails(data())
    assert str(caught.value) == sentence


def test_a_bad_seed_is_refused():
    with pytest.raises(ValueError, match="seed") as caught:
        rails(blobs(), seed=-1)
    assert str(caught.value) == "`seed` must be a whole number of at least 0, got -1."


def test_fusion_pays_on_emoji():
    found = rails(emoji())
    accuracy = {name: rail.accuracy for name, rail in found.items()}
    # 374 test rows: one standard error is about 2.5 points; chance is 19.5 %.
    assert accuracy["picture only"] == pytest.approx(0.65, abs=0.03)
    assert accuracy["text only"] == pytest.approx(0.68, abs=0.03)
    assert accuracy["concatenation"] == pytest.approx(0.78, abs=0.03)


def test_no_linear_rail_sees_synergy_but_products_do():
    # Cluster known, half unknown: one half; nothing known: one sixth.
    found = rails(playground())
    products = found.pop("products")
    for rail in found.values():
        assert 0.4 < rail.accuracy < 0.58
    assert products.accuracy > 0.62
    said = products.info["interaction"]
    assert said["verdict"] == "higher"
    assert said["low"] > 0 > said["null"] - 0.03
    assert said["words"].startswith("The answers need modalities together")


def test_neither_picture_nor_question_nor_their_sum_answers():
    data = questions(1200)
    found = {name: rail.accuracy for name, rail in rails(data).items()}
    products = found.pop("products")
    # 240 test rows: one standard error of 1/4 is 2.8 points; who looks is always right.
    assert max(found.values()) < 0.36
    assert products > 0.55


def test_where_sums_say_all_no_interaction_is_shown():
    found = rails(blobs(400))["products"].info["interaction"]
    assert found["verdict"] == "inside noise"
    assert found["low"] < 0 < found["high"]
    assert abs(found["null"]) < 0.05
    assert found["words"].startswith("No interaction of modalities is shown")


def test_few_or_no_judged_rows_leave_the_interaction_open():
    part = np.repeat(["train", "val", "test"], [80, 28, 12])
    said = rails(blobs(split=part))["products"].info["interaction"]
    assert said["verdict"] == "cannot tell: 12 points"
    assert said["words"].startswith("Whether modalities interact is open (")
    labels = np.where(part == "test", -1, np.arange(120) % 3)
    blind = rails(blobs(split=part, labels=labels, unlabelled=-1))["products"]
    assert blind.info["interaction"]["words"] == (
        "Whether modalities interact is open: no test row has an answer."
    )


def test_late_fusion_is_that_of_a_slow_search():
    data = blobs(300)
    found = rails(data)
    train, val = data.split == "train", data.split == "val"
    val_parts, test_parts = [], []
    for name in ("image", "text"):
        x = features(data)[name].astype(float)
        model = logistic(
            x[train], data.labels[train], found[f"{name} only"].info["C"], 3
        )
        heats = np.geomspace(0.05, 20, 400)

        def warm(p, heat):
            powers = np.maximum(p, 1e-9) ** (1 / heat)
            return powers / powers.sum(axis=1, keepdims=True)

        def loss(p):
            return -np.log(p[np.arange(val.sum()), data.labels[val]]).mean()

        chosen = model(x[val])
        best = min(heats, key=lambda heat: loss(warm(chosen, heat)))
        assert found["late fusion"].info["temperatures"][name] == pytest.approx(
            best, rel=0.03
        )
        val_parts.append(warm(chosen, best))
        test_parts.append(warm(model(x[data.split == "test"]), best))
    shares = np.linspace(0, 1, 201)
    best = min(shares, key=lambda s: loss(s * val_parts[0] + (1 - s) * val_parts[1]))
    assert found["late fusion"].info["weights"]["image"] == pytest.approx(
        best, abs=0.01
    )
    expected = best * test_parts[0] + (1 - best) * test_parts[1]
    assert found["late fusion"].scores == pytest.approx(expected, abs=0.01)


def test_late_fusion_answers_by_what_a_row_has():
    present = np.ones((120, 2), dtype=bool)
    present[::4, 1] = False
    data = blobs(present=present)
    found = rails(data)
    lacks = ~data.test.present[:, 1]
    assert lacks.any()
    right = {n: (r.predictions == r.labels)[lacks] for n, r in found.items()}
    assert right["late fusion"].tolist() == right["image only"].tolist()
