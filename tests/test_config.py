"""Every setting is checked, kept as a plain number, and read by something."""

import dataclasses
import json

import numpy as np
import pytest

from refnet_viz.config import VARIANTS, Config

ABOVE_ZERO = ("alpha", "beta", "learning_rate", "label_fraction")


def test_the_variants_differ_in_two_weights_only():
    assert list(VARIANTS) == ["plain", "refiner", "contrastive", "both"]
    weights = {name: (c.refiner > 0, c.contrastive > 0) for name, c in VARIANTS.items()}
    assert weights == {
        "plain": (False, False),
        "refiner": (True, False),
        "contrastive": (False, True),
        "both": (True, True),
    }
    off = {
        dataclasses.replace(config, refiner=0.0, contrastive=0.0)
        for config in VARIANTS.values()
    }
    assert len(off) == 1


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("width", 0, "a whole number of at least 1"),
        ("hidden", 2.5, "a whole number of at least 1"),
        ("epochs", True, "a whole number of at least 1"),
        ("batch_size", -3, "a whole number of at least 1"),
        ("refiner", -0.1, "a finite number of at least 0"),
        ("contrastive", float("inf"), "a finite number of at least 0"),
        ("weight_decay", "1", "a finite number of at least 0"),
        ("alpha", -1, "a finite number of at least 0"),
        ("beta", float("nan"), "a finite number of at least 0"),
        ("learning_rate", None, "a finite number of at least 0"),
        ("dropout", 1.5, "a finite number between 0 and 1"),
        ("jaccard", -1, "a finite number between 0 and 1"),
        ("margin", 2, "a finite number between 0 and 1"),
        ("label_fraction", 1.01, "a finite number between 0 and 1"),
        ("base", -2, "a finite number between -1 and 1"),
        ("picture_encoder", "vit", "one of 'light', 'cnn', 'described'"),
        ("targets", "z", "one of 'inputs', 'features'"),
        (
            "refiner_loss",
            "l1",
            "one of 'mse', 'cosine', 'contrastive', 'multi_similarity'",
        ),
        *((name, 0, "above 0") for name in ABOVE_ZERO),
    ],
)
def test_a_setting_out_of_its_range_is_one_sentence(name, value, rule):
    with pytest.raises(ValueError, match="`") as caught:
        Config(**{name: value})
    assert str(caught.value) == f"`{name}` must be {rule}, got {value!r}."


def test_mining_and_weights_are_checked_too():
    with pytest.raises(
        TypeError, match=r"^`mining` must be True or False, got 'no'\.$"
    ):
        Config(mining="no")
    with pytest.raises(
        ValueError,
        match=r"^`refiner_weights\['a'\]` must be a finite number of at least 0, "
        r"got -1\.$",
    ):
        Config(refiner_weights={"a": -1})


def test_settings_go_through_json_also_when_they_were_numpy_numbers():
    config = Config(
        width=np.int64(8), refiner=np.float32(0.5), refiner_weights={"a": np.float64(2)}
    )
    text = json.dumps(config.to_dict())
    assert Config.from_dict(json.loads(text)) == config
    assert (config.width, config.refiner) == (8, 0.5)


def test_a_config_keeps_its_own_weights():
    weights = {"a": 1.0}
    config = Config(refiner_weights=weights)
    weights["a"] = 9.0
    config.to_dict()["refiner_weights"]["a"] = 9.0
    assert config.refiner_weights == {"a": 1.0}
