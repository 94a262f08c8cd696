"""The four sets that ship: what is in them, and that nothing leaks."""

import importlib
import io
import re
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, features
from threadpoolctl import threadpool_limits

from refnet_viz.data import (
    build_emoji,
    digits,
    emoji,
    from_npz,
    playground,
    playground_neighbors,
    questions,
)
from refnet_viz.data.playground import FACTORS
from refnet_viz.data.questions import COLOURS, CORNERS

# The package gives the function the module's name.
emoji_room = importlib.import_module("refnet_viz.data.emoji")
digits_room = importlib.import_module("refnet_viz.data.digits")

GROUPS = (
    "Smileys & Emotion",
    "People & Body",
    "Animals & Nature",
    "Food & Drink",
    "Travel & Places",
    "Activities",
    "Objects",
    "Symbols",
    "Flags",
)


@pytest.fixture(scope="module")
def pictograms():
    return emoji()


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


# emoji


def test_emoji_are_the_official_ones_without_skin_tones(pictograms):
    assert pictograms.shape == (1870, 2)
    assert pictograms.class_names == GROUPS
    assert np.bincount(pictograms.labels).tolist() == [
        166,
        363,
        152,
        133,
        218,
        85,
        261,
        223,
        269,
    ]
    assert pictograms.metadata["subgroup"].nunique() == 99
    assert not any(0x1F3FB <= ord(c) <= 0x1F3FF for c in "".join(pictograms.ids))
    row = pictograms.metadata[pictograms.ids == "🦊"].iloc[0]
    assert row.to_dict() == {
        "name": "fox",
        "keywords": "face | fox",
        "group": "Animals & Nature",
        "subgroup": "animal-mammal",
    }


def test_emoji_split_is_stored_stratified_and_seeded(pictograms):
    for label in range(9):
        own = pictograms.split[pictograms.labels == label]
        for part, share in (("train", 0.6), ("val", 0.2), ("test", 0.2)):
            assert abs(np.sum(own == part) - share * len(own)) < 1
    assert pictograms.split.tolist() == emoji(split_seed=0).split.tolist()
    other = emoji(split_seed=1)
    assert other.split.tolist() != pictograms.split.tolist()
    assert other.labels.tolist() == pictograms.labels.tolist()


def test_emoji_load_the_same_twice_and_belong_to_the_caller(pictograms):
    pictograms_again = emoji()
    assert pictograms_again.fingerprint == pictograms.fingerprint
    pictograms_again.modalities["picture"].values[:] = 0
    assert emoji().fingerprint == pictograms.fingerprint


def test_emoji_pictures_are_the_thumbnails_made_smaller(pictograms):
    values = pictograms.modalities["picture"].values
    assert values.shape == (1870, 32, 32, 3)
    assert values.dtype == np.uint8
    row = int(np.flatnonzero(pictograms.ids == "🔴")[0])
    thumb = Image.open(io.BytesIO(pictograms.media.pictures[row])).convert("RGB")
    assert thumb.size == (64, 64)
    pixels = np.asarray(thumb, dtype=float)
    for i, j in [(0, 0), (16, 16), (7, 20)]:
        block = pixels[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean(axis=(0, 1))
        assert np.abs(values[row, i, j] - block).max() <= 0.5
    assert values[row, 0, 0].tolist() == [255, 255, 255]
    red, green, blue = values[row, 16, 16].astype(int)
    assert red > 2 * max(green, blue)


def test_no_two_emoji_look_the_same_to_the_eye(pictograms):
    # A font without a glyph would draw the same box for many.
    looks = set(pictograms.media.pictures)
    assert len(looks) > 1840  # some flags of territories are those of their country


def test_emoji_hover_shows_all_keywords(pictograms):
    assert pictograms.media.texts == tuple(pictograms.metadata["keywords"])


@pytest.mark.parametrize("labels", ["group", "subgroup", "keywords"])
def test_text_never_holds_a_word_of_a_class_name(labels):
    data = emoji(labels=labels)
    raw = data.metadata["name"] + " " + data.metadata["keywords"]
    left = [words(text) for text in emoji_room.masked(raw, data.class_names)]
    answers = {word for name in data.class_names for word in words(name)}
    assert not answers & {word for text in left for word in text}
    assert sum(bool(text) for text in left) > 1500


def test_masking_knows_plurals_and_drops_the_mark_of_a_flag():
    texts = ["flag: Chad", "Flags and berries", "glass", "berry | glasses"]
    assert emoji_room.masked(texts, ["Flags", "Berry"]) == [
        "chad",
        "and",
        "glass",
        "glasses",
    ]


def test_text_features_are_fitted_on_training_rows_only():
    texts = [f"{a} {b}" for a in ("red", "blue", "grey") for b in range(60)]
    train = np.arange(180) < 150
    reference = emoji_room.text_features(texts, train)
    assert reference.shape == (180, 64)
    changed = [*texts[:150], *["unheard of: žluťoučký"] * 30]
    moved = emoji_room.text_features(changed, train)
    np.testing.assert_array_equal(moved[:150], reference[:150])
    assert not np.array_equal(moved[150:], reference[150:])
    shown = emoji_room.text_features(
        [*changed[:149], changed[-1], *changed[150:]], train
    )
    assert not np.array_equal(shown[:149], reference[:149])


def test_text_features_agree_with_a_decomposition_done_by_hand():
    texts = emoji_room.masked(
        (emoji().metadata["name"] + " " + emoji().metadata["keywords"])[:300], GROUPS
    )
    train = np.arange(300) % 3 > 0
    from sklearn.feature_extraction.text import TfidfVectorizer

    options = {"min_df": 2, "norm": "l2"}
    kinds = [
        TfidfVectorizer(
            analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, **options
        ),
        TfidfVectorizer(**options),
    ]
    training = np.array(texts)[train]
    known = np.hstack([kind.fit_transform(training).toarray() for kind in kinds])
    with threadpool_limits(1):
        directions = np.linalg.svd(known, full_matrices=False)[2][:64]
    every = np.hstack([kind.transform(texts).toarray() for kind in kinds])
    expected = every @ directions.T
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = emoji_room.text_features(texts, train)
    # Directions are unique up to their sign.
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-4)


def test_subgroups_and_keywords_as_labels(pictograms):
    subgroups = emoji(labels="subgroup")
    assert len(subgroups.class_names) == 99
    assert subgroups.class_names[subgroups.labels[0]] == "face-smiling"
    assert subgroups.name == "emoji (subgroup)"
    data = emoji(labels="keywords")
    assert data.multilabel
    assert data.split.tolist() == pictograms.split.tolist()
    assert {"face", "flag", "man", "woman", "zodiac"} <= set(data.class_names)
    for column, name in enumerate(data.class_names):
        has = [name in text.split(" | ") for text in data.metadata["keywords"]]
        assert data.labels[:, column].tolist() == has
    assert data.train.labels.sum(axis=0).min() >= 10


def test_unknown_labels_are_refused():
    with pytest.raises(ValueError, match="labels") as caught:
        emoji(labels="groups")
    assert str(caught.value) == (
        "`labels` must be one of 'group', 'subgroup', 'keywords', got 'groups'."
    )


def test_the_asset_is_small_and_names_its_licences():
    assert build_emoji.ASSET.stat().st_size < 8e6
    text = build_emoji.ASSET.with_name("LICENSES.md").read_text(encoding="utf-8")
    for phrase in (
        "SIL OPEN FONT LICENSE Version 1.1",
        "Unicode-DFS-2016",
        "2.042-0+deb12u1",
        "15.0.0-1",
        "41-0.1",
        "build_emoji",
    ):
        assert phrase in text


@pytest.mark.skipif(
    not all(path.exists() for path in build_emoji.SOURCES)
    or not features.check("raqm"),
    reason="needs fonts-noto-color-emoji, unicode-data, unicode-cldr-core and raqm",
)
def test_rebuilding_gives_the_committed_asset():
    built = build_emoji.build()
    with np.load(build_emoji.ASSET, allow_pickle=False) as stored:
        assert sorted(stored.files) == sorted(built)
        for key in set(stored.files) - {"png", "offsets"}:
            np.testing.assert_array_equal(built[key], stored[key])
        old = decoded(stored["png"], stored["offsets"])
        new = decoded(built["png"], built["offsets"])
    # Another Pillow may round a pixel or choose a palette differently.
    assert np.abs(old.astype(int) - new).mean() < 1


def decoded(png, offsets) -> np.ndarray:
    encoded = png.tobytes()
    return np.stack(
        [
            np.asarray(Image.open(io.BytesIO(encoded[start:stop])).convert("RGB"))
            for start, stop in pairwise(offsets[:101])
        ]
    )


# digits


def test_digits_are_the_scans_of_scikit_learn():
    from sklearn.datasets import load_digits

    data, scans = digits(), load_digits()
    assert data.shape == (1797, 2)
    assert data.labels.tolist() == scans.target.tolist()
    values = data.modalities["picture"].values
    assert values.shape == (1797, 8, 8, 1)
    np.testing.assert_array_equal(np.round(values[..., 0] / 255 * 16), scans.images)
    thumb = np.asarray(Image.open(io.BytesIO(data.media.pictures[7])))
    assert thumb.shape == (64, 64)
    np.testing.assert_array_equal(255 - thumb[::8, ::8], values[7, ..., 0])
    assert data.modalities["shape"].values.shape == (1797, 49)


def test_holes_tell_zero_from_one_and_eight():
    data = digits()
    holes = data.modalities["shape"].values[:, 2]
    assert np.median(holes[data.labels == 0]) == 1
    assert np.median(holes[data.labels == 1]) == 0
    assert np.mean(holes[data.labels == 8] == 2) > 0.4


def test_topology_by_hand():
    eight = np.array(
        [[[1, 1, 1], [1, 0, 1], [1, 1, 1], [1, 0, 1], [1, 1, 1]]], dtype=float
    )
    # 13 of 15 pixels, one stroke, two holes; outline 16 outside and 8 inside.
    assert digits_room.topology(eight)[0].tolist() == [13 / 15, 1, 2, -1, 24]
    corner = np.array([[[1, 0], [0, 1]]], dtype=float)
    assert digits_room.topology(corner)[0].tolist() == [0.5, 1, 0, 1, 8]
    apart = np.array([[[1, 0, 1]], [[0, 0, 0]]], dtype=float)
    assert digits_room.topology(apart)[:, 1:4].tolist() == [[2, 0, 2], [0, 0, 0]]


def test_moments_agree_with_double_loops():
    ink = np.random.default_rng(0).random((2, 5, 4))
    for picture, found in zip(ink, digits_room.moments(ink), strict=True):
        mass = picture.sum()
        cells = [(r, c, picture[r, c]) for r in range(5) for c in range(4)]
        row = sum(r * v for r, _, v in cells) / mass
        column = sum(c * v for _, c, v in cells) / mass

        def eta(p, q, cells=cells, row=row, column=column, mass=mass):
            total = sum(v * (r - row) ** p * (c - column) ** q for r, c, v in cells)
            return total / mass ** (1 + (p + q) / 2)

        assert found[:5] == pytest.approx(
            [row, column, eta(2, 0), eta(0, 2), eta(1, 1)]
        )


def test_hu_invariants_agree_with_complex_moments():
    ink = np.random.default_rng(0).random((1, 5, 4))
    picture = ink[0] / ink.sum()
    rows, columns = np.indices(picture.shape)
    point = rows + 1j * columns
    point -= (picture * point).sum()

    def moment(p, q):
        raw = (picture * point**p * point.conj() ** q).sum()
        return raw / ink.sum() ** ((p + q) / 2)

    # Each is a product in which a turn of the plane cancels (Flusser 2000).
    turn = moment(3, 0) * moment(1, 2) ** 3
    invariants = [
        moment(1, 1).real,
        abs(moment(2, 0)) ** 2,
        abs(moment(3, 0)) ** 2,
        abs(moment(2, 1)) ** 2,
        turn.real,
        (moment(2, 0) * moment(1, 2) ** 2).real,
        turn.imag,
    ]
    degrees = [1, 2, 2, 2, 4, 3, 4]
    expected = np.sign(invariants) * np.abs(invariants) ** (1 / np.array(degrees))
    assert digits_room.moments(ink)[0, 5:] == pytest.approx(expected)


def test_hu_invariants_stay_under_turns_and_shifts_and_the_last_flips_in_the_mirror():
    ink = np.zeros((1, 9, 9))
    ink[0, 2:6, 2:6] = np.random.default_rng(1).random((4, 4))
    hu = digits_room.moments(ink)[0, 5:]
    turned = digits_room.moments(np.rot90(ink, axes=(1, 2)))[0, 5:]
    shifted = digits_room.moments(np.roll(ink, (1, 2), axis=(1, 2)))[0, 5:]
    mirrored = digits_room.moments(ink[:, :, ::-1])[0, 5:]
    assert turned == pytest.approx(hu, abs=1e-9)
    assert shifted == pytest.approx(hu, abs=1e-9)
    assert mirrored[:6] == pytest.approx(hu[:6], abs=1e-9)
    assert mirrored[6] == pytest.approx(-hu[6], abs=1e-9)
    assert abs(hu[6]) > 1e-3


def test_profiles_count_ink_and_entries():
    ink = np.array([[[1.0, 0.0, 0.6], [0.0, 0.4, 0.6]]])
    assert digits_room.profiles(ink)[0] == pytest.approx(
        [1.6, 1.0, 1.0, 0.4, 1.2, 2, 1, 1, 0, 1]
    )
    assert not digits_room.shape_descriptors(np.zeros((1, 8, 8))).any()


# playground


def test_playground_is_seeded():
    assert playground(60).fingerprint == playground(60).fingerprint
    assert playground(60, seed=1).fingerprint != playground(60).fingerprint


def test_without_noise_a_modality_is_a_rotation_of_what_it_carries():
    data = playground(200, noise=0.0)
    for sense, modality in data.modalities.items():
        planes = [
            data.metadata[[f"factor_{name}_1", f"factor_{name}_2"]].to_numpy()
            for name, senses in FACTORS.items()
            if sense in senses and name != "synergistic"
        ]
        x = modality.values.astype(float)
        known = np.hstack(planes)
        weights, *_ = np.linalg.lstsq(x, known, rcond=None)
        np.testing.assert_allclose(x @ weights, known, atol=1e-4)
        has_half = sense in FACTORS["synergistic"]
        assert np.linalg.matrix_rank(x, tol=1e-3) == known.shape[1] + 2 * has_half
        squared = (x**2).sum(axis=1) - (known**2).sum(axis=1)
        np.testing.assert_allclose(squared, 2.0 * has_half, atol=1e-4)


def test_the_synergistic_angle_is_the_difference_of_what_two_modalities_carry():
    data = playground(300, noise=0.0)
    planes = {}
    for sense in ("sight", "touch"):
        carried = [
            data.metadata[[f"factor_{name}_1", f"factor_{name}_2"]].to_numpy()
            for name, senses in FACTORS.items()
            if sense in senses and name != "synergistic"
        ]
        x = data.modalities[sense].values.astype(float)
        known = np.hstack(carried)
        # x = known A + half B with orthonormal rows: take the known part away.
        mixing = np.linalg.lstsq(np.hstack([known, np.ones((300, 1))]), x, rcond=None)[
            0
        ][:-1]
        rest = x - known @ mixing
        _, _, directions = np.linalg.svd(rest, full_matrices=False)
        planes[sense] = rest @ directions[:2].T
    a, b = (planes[sense] / np.sqrt(2) for sense in ("sight", "touch"))
    # cos t and sin t are bilinear in the two planes, in any basis of each.
    products = (a[:, :, None] * b[:, None, :]).reshape(300, 4)
    truth = data.metadata[["factor_synergistic_1", "factor_synergistic_2"]].to_numpy()
    design = np.hstack([products, a, b, np.ones((300, 1))])
    weights, *_ = np.linalg.lstsq(design, truth, rcond=None)
    alone, *_ = np.linalg.lstsq(design[:, 4:], truth, rcond=None)
    left = ((truth - design @ weights) ** 2).mean()
    assert left < 0.05
    assert ((truth - design[:, 4:] @ alone) ** 2).mean() > 0.9


def test_playground_classes_are_cluster_and_half_of_the_circle():
    data = playground(500)
    below = data.metadata["factor_synergistic_2"].to_numpy() < 0
    assert (data.labels % 2 == below).all()
    for cluster in range(3):
        own = data.metadata[data.labels // 2 == cluster]
        angle = 2 * np.pi * cluster / 3
        middle = own[["factor_shared_1", "factor_shared_2"]].mean().to_numpy()
        expected = np.sqrt(1.5) * np.array([np.cos(angle), np.sin(angle)])
        assert np.abs(middle - expected).max() < 0.15
    spread = data.metadata.var()
    assert spread.between(0.8, 1.2).all()


def test_a_modality_shows_the_neighbours_of_the_factors_it_carries_and_no_others():
    data = playground(400, noise=0.1)
    chance = 10 / 399
    for name, senses in FACTORS.items():
        truth = playground_neighbors(data, name, 10)
        for sense, modality in data.modalities.items():
            found = nearest(modality.values.astype(float), 10)
            shared = np.mean(
                [len(set(a) & set(b)) / 10 for a, b in zip(truth, found, strict=True)]
            )
            if sense in senses and name != "synergistic":
                assert shared > 1.6 * chance
            else:
                assert shared < 1.4 * chance


def nearest(points, k) -> np.ndarray:
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    return np.argsort(distances, axis=1, kind="stable")[:, :k]


def test_true_neighbours_are_those_of_the_factor_in_any_part():
    test = playground(150).test
    points = test.metadata[["factor_redundant_1", "factor_redundant_2"]].to_numpy()
    np.testing.assert_array_equal(
        playground_neighbors(test, "redundant", 7), nearest(points, 7)
    )


def test_missing_modalities_are_marked_and_zero():
    data = playground(100, missing=0.3)
    assert (~data.present).sum(axis=0).sum() == 30
    assert (~data.present).sum(axis=1).max() == 1
    for i, modality in enumerate(data.modalities.values()):
        np.testing.assert_array_equal(modality.values.any(axis=1), data.present[:, i])
    assert playground(100).present.all()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: playground(29),
            "`n` must be a whole number between 30 and 1000000, got 29.",
        ),
        (
            lambda: playground(noise=-1),
            "`noise` must be a finite number of at least 0, got -1.",
        ),
        (
            lambda: playground(missing=2),
            "`missing` must be a finite number between 0 and 1, got 2.",
        ),
        (
            lambda: playground_neighbors(playground(30), "private", 3),
            "`factor` must be one of 'shared', 'redundant', 'private_sight', "
            "'private_sound', 'private_touch', 'synergistic', got 'private'.",
        ),
        (
            lambda: playground_neighbors(playground(30), "shared", 30),
            "`k` must be between 1 and 29 (the number of other points), got 30.",
        ),
        (
            lambda: playground_neighbors(digits(), "shared", 3),
            "`data` must come from playground(), got metadata ['digit'].",
        ),
    ],
)
def test_bad_playground_arguments_are_refused(call, sentence):
    with pytest.raises(ValueError, match="must") as caught:
        call()
    assert str(caught.value) == sentence


def test_the_asset_is_no_dataset_file():
    with pytest.raises(ValueError, match="mod_<modality>"):
        from_npz(build_emoji.ASSET)


# questions


def read(data):
    """Return the colour at the corner each question names, as people would look."""
    tones = np.array(list(COLOURS.values()))
    places = {name: (8 * (i // 2), 8 * (i % 2)) for i, name in enumerate(CORNERS)}
    words = data.modalities["question"]
    answers = []
    for picture, line in zip(
        data.modalities["picture"].values, words.values, strict=True
    ):
        sentence = " ".join(words.vocabulary[word] for word in line if word)
        top, left = next(at for name, at in places.items() if name in sentence)
        part = picture[top : top + 8, left : left + 8].reshape(-1, 3).astype(float)
        ink = part[part.min(axis=1) < 215]
        gaps = ((ink[:, None] - tones) ** 2).sum(axis=2)
        answers.append(np.bincount(gaps.argmin(axis=1), minlength=4).argmax())
    return np.array(answers)


def test_who_reads_the_question_and_looks_is_always_right():
    data = questions(600)
    assert (read(data) == data.labels).all()
    names = data.metadata["corner"]
    named = [data.metadata[corner][i].split()[0] for i, corner in enumerate(names)]
    assert named == [data.class_names[label] for label in data.labels]


def test_neither_question_nor_picture_tells_the_colour():
    data = questions(4000)
    count = np.bincount(data.labels, minlength=4)
    assert count.min() > 0.23 * len(data)
    words = data.modalities["question"].values
    for sentence in np.unique(words, axis=0):
        rows = (words == sentence).all(axis=1)
        # Twelve sentences of some 333 rows: four standard errors around 1/4.
        assert np.bincount(data.labels[rows], minlength=4).max() < 0.35 * rows.sum()
    for corner in CORNERS:
        colour = data.metadata[corner].str.split().str[0]
        for name in data.class_names:
            rows = (colour == name).to_numpy()
            assert abs(
                (data.labels[rows] == list(COLOURS).index(name)).mean() - 0.25
            ) < (0.06)


def test_questions_are_seeded_and_shown():
    data = questions(60)
    assert data.fingerprint == questions(60).fingerprint
    assert data.fingerprint != questions(60, seed=1).fingerprint
    assert data.media.texts[0].endswith(f": {data.class_names[data.labels[0]]}")
    picture = np.asarray(Image.open(io.BytesIO(data.media.pictures[0])))
    np.testing.assert_array_equal(
        picture[::4, ::4], data.modalities["picture"].values[0]
    )
    with pytest.raises(ValueError, match="`n` must be a whole number between 30 and"):
        questions(3)
