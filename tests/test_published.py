"""Sets in the layouts of their owners, written on the spot from made-up rows."""

import builtins
import io
import json
import re

import h5py
import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import f1_score, roc_auc_score

import refnet_viz as rv
from refnet_viz.data import hateful_memes, mm_imdb, pictures, snli_ve, words

TEXTS = ("look at this", "what a day", "nobody asked", "a good dog", "my own cat")


def save_picture(path, number):
    """Write a small picture whose colour tells its number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (9, 7), (number * 9 % 256, 60, 90)).save(path)


def save_lines(path, entries):
    path.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries), "utf-8")


def meme(number, **options):
    entry = {"id": number, "img": f"img/{number:05d}.png", "label": number % 2}
    return entry | {"text": f"{TEXTS[number % 5]} {TEXTS[number % 3]}"} | options


def save_memes(folder, names, counts=(20, 6, 6)):
    """Write memes of three parts; those of the last have no labels."""
    number = 0
    for name, count in zip(names, counts, strict=True):
        entries = []
        for _ in range(count):
            number += 1
            entries.append(meme(number))
            save_picture(folder / f"img/{number:05d}.png", number)
            if name.startswith("test"):
                del entries[-1]["label"]
        save_lines(folder / f"{name}.jsonl", entries)


SEEN = ("train", "dev_seen", "test_seen")


def test_hateful_memes(tmp_path):
    save_memes(tmp_path, SEEN)
    data = hateful_memes(tmp_path)
    assert data.shape == (32, 2)
    assert data.ids[:2].tolist() == ["1", "2"]
    assert data.split.tolist() == ["train"] * 20 + ["val"] * 6 + ["test"] * 6
    assert data.class_names == ("not hateful", "hateful")
    assert data.labels.tolist() == [i % 2 for i in range(1, 27)] + [-1] * 6
    assert data.labelled.sum() == 26
    assert data.present.all()
    pixels = data.modalities["picture"].values
    assert pixels.shape == (32, 32, 32, 3)
    assert pixels[2, 0, 0].tolist() == [27, 60, 90]
    assert data.media.texts[0] == meme(1)["text"]
    with Image.open(io.BytesIO(data.media.pictures[2])) as shown:
        assert shown.size == (9, 7)
    assert json.loads(json.dumps(data.info)) == data.info
    assert data.info["metrics"] == ["auroc", "accuracy"]
    assert set(data.info["metrics"]) <= set(rv.METRICS)
    assert data.info["files"] == [f"{name}.jsonl" for name in SEEN]


def test_the_second_phase_and_the_first_release(tmp_path):
    save_memes(tmp_path / "a", ("train", "dev_unseen", "test_unseen"), (5, 2, 3))
    assert len(hateful_memes(tmp_path / "a", phase="unseen")) == 10
    with pytest.raises(FileNotFoundError, match=r"hold dev_seen\.jsonl or dev\.jsonl"):
        hateful_memes(tmp_path / "a")
    save_memes(tmp_path / "b", ("train", "dev", "test"), (5, 2, 3))
    assert len(hateful_memes(tmp_path / "b").test) == 3
    with pytest.raises(FileNotFoundError, match=r"must hold dev_unseen\.jsonl, got"):
        hateful_memes(tmp_path / "b", phase="unseen")


def test_pictures_that_are_not_there_are_counted_and_not_present(tmp_path):
    save_memes(tmp_path, SEEN)
    (tmp_path / "img/00003.png").unlink()
    (tmp_path / "img/00004.png").write_bytes(b"no picture")
    whole = (tmp_path / "img/00005.png").read_bytes()
    (tmp_path / "img/00005.png").write_bytes(whole[: len(whole) // 2])
    sentence = (
        "`folder` names 1 pictures that are not there and 2 that cannot be read, so 3 "
        "of 32 rows lack 'picture': the first is 'img/00003.png'."
    )
    with pytest.warns(UserWarning, match=re.escape(sentence)) as caught:
        data = hateful_memes(tmp_path)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert np.flatnonzero(~data.present[:, 0]).tolist() == [2, 3, 4]
    assert data.present[:, 1].all()
    assert not data.modalities["picture"].values[2:5].any()
    assert data.media.pictures[2] == b""
    made = data.info["encoders"]["picture"]
    assert (made["missing_files"], made["unreadable"]) == (1, 2)


def test_encoders_and_their_options(tmp_path):
    save_memes(tmp_path, SEEN)
    (tmp_path / "img/00003.png").unlink()

    def length(texts):
        return [[float(len(text)), 1.0] for text in texts]

    def red(images):
        return [[float(np.asarray(image)[0, 0, 0])] for image in images]

    options = {
        "text": words("any", encoder=length, name="length", cache=tmp_path / "kept"),
        "picture": red,
    }
    with pytest.warns(UserWarning, match="1 of 32 rows lack 'picture'"):
        data = hateful_memes(tmp_path, **options)
    assert data.modalities["text"].values[:, 0].tolist() == [
        len(text) for text in data.media.texts
    ]
    expected = [0.0 if i == 3 else i * 9 % 256 for i in range(1, 33)]
    assert data.modalities["picture"].values[:, 0].tolist() == expected
    assert data.info["encoders"]["text"]["name"] == "length"
    assert data.info["encoders"]["picture"]["missing_files"] == 1
    assert len(list((tmp_path / "kept").iterdir())) == 1
    save_picture(tmp_path / "img/00003.png", 3)
    small = hateful_memes(tmp_path, picture=pictures("any", size=8))
    assert small.modalities["picture"].shape == (8, 8, 3)


def test_only_training_rows_are_fitted_on(tmp_path):
    save_memes(tmp_path, SEEN)
    before = hateful_memes(tmp_path).modalities["text"].values[:20]
    lines = [meme(i, text="other words wholly") for i in range(27, 33)]
    save_lines(tmp_path / "test_seen.jsonl", lines)
    after = hateful_memes(tmp_path).modalities["text"].values[:20]
    np.testing.assert_array_equal(before, after)


@pytest.mark.torch
def test_official_numbers_of_memes(tmp_path, small):
    save_memes(tmp_path, SEEN)
    save_lines(tmp_path / "test_seen.jsonl", [meme(i) for i in range(27, 33)])
    data = hateful_memes(tmp_path)
    space = rv.embed(rv.fit(data, small, progress=False), data.test)
    graph = rv.knn(space, k=3)
    right = roc_auc_score(space.labels, space.scores[:, 1])
    assert rv.METRICS["auroc"].function(graph) == pytest.approx(right)
    assert rv.METRICS["accuracy"].function(graph) == pytest.approx(space.accuracy)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "`folder` must hold JSON in train.jsonl, got line 21 that is no JSON."),
        ("[1]", "`folder` must hold JSON in train.jsonl, got list in line 21."),
        ('{"id": 99}', "`folder` must hold a field 'text' in every row of train.jsonl"),
        (
            json.dumps(meme(99, label=2)),
            "`folder` must hold labels 0 and 1 of memes, g",
        ),
        (
            json.dumps(meme(99, img="../x.png")),
            "`folder` must hold every picture that ",
        ),
        (json.dumps(meme(1)), "`ids` must be unique, got '1' more than once."),
    ],
)
def test_damaged_memes(tmp_path, line, sentence):
    save_memes(tmp_path, SEEN)
    with (tmp_path / "train.jsonl").open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
        hateful_memes(tmp_path)


def test_no_picture_at_all(tmp_path):
    save_memes(tmp_path, SEEN)
    for path in (tmp_path / "img").iterdir():
        path.unlink()
    with pytest.raises(ValueError, match=r"that can be read, got none of 32 below "):
        hateful_memes(tmp_path)


# MM-IMDb.

RAW = {
    "train": ["0000005", "0000008", "0000012", "0000014", "0000091"],
    "dev": ["0000131", "0000417"],
    "test": ["0000439", "0000628", "0000798"],
}
FILMS = [name for part in RAW.values() for name in part]


def film(number, **options):
    genres = [["Drama"], ["Comedy", "Short"], ["Drama", "News"], ["Short", "Comedy"]]
    plots = [TEXTS[number % 5], f"{TEXTS[number % 3]} and {TEXTS[number % 4]}", "x"]
    entry = {"title": f"Film {number}", "plot": plots, "genres": genres[number % 4]}
    return entry | options


@pytest.fixture
def films(tmp_path):
    """Return the folder of ten films."""
    (tmp_path / "dataset").mkdir()
    (tmp_path / "split.json").write_text(json.dumps(RAW))
    for number, name in enumerate(FILMS):
        (tmp_path / f"dataset/{name}.json").write_text(json.dumps(film(number)))
        save_picture(tmp_path / f"dataset/{name}.jpeg", number)
    return tmp_path


def test_mm_imdb(films):
    data = mm_imdb(films)
    assert data.ids.tolist() == FILMS
    assert data.split.tolist() == ["train"] * 5 + ["val"] * 2 + ["test"] * 3
    # In the order of the authors; News is none of the 23.
    assert data.class_names == ("Drama", "Comedy", "Short")
    assert data.multilabel
    assert data.labels[:4].tolist() == [[1, 0, 0], [0, 1, 1], [1, 0, 0], [0, 1, 1]]
    assert data.media.texts[1] == "what a day and what a day"
    assert data.metadata["title"].tolist()[0] == "Film 0"
    assert data.metadata["genres"].tolist()[2] == "Drama, News"
    assert set(data.info["metrics"]) <= set(rv.METRICS)


def test_films_with_gaps(films):
    (films / "dataset/0000008.jpeg").unlink()
    for name, change in (
        ("0000005", {"plot": []}),
        ("0000012", {"plot": "one text", "genres": None}),
    ):
        (films / f"dataset/{name}.json").write_text(json.dumps(film(0, **change)))
    with pytest.warns(UserWarning, match="names 1 pictures that are not there and 0 "):
        data = mm_imdb(films)
    assert data.present[:3].tolist() == [[True, False], [False, True], [True, True]]
    assert data.labels[2].tolist() == [-1, -1, -1]
    assert data.labelled.tolist() == [True, True, False] + [True] * 7
    assert data.media.texts[2] == "one text"


@pytest.mark.torch
def test_official_numbers_of_films(films, small):
    data = mm_imdb(films)
    space = rv.embed(rv.fit(data, small, progress=False), data)
    graph = rv.knn(space, k=3)
    for average in ("micro", "macro"):
        right = f1_score(
            space.labels, space.predictions, average=average, zero_division=0
        )
        found = rv.METRICS[f"f1_{average}"].function(graph)
        assert found == pytest.approx(right)


def save_hdf5(path, counts, *, state=True):
    """Write the vectors of films as Fuel lays them out."""
    rng = np.random.default_rng(0)
    rows = sum(counts)
    with h5py.File(path, "w") as file:
        file["features"] = rng.normal(size=(rows, 300)).astype("f4")
        file["vgg_features"] = rng.normal(size=(rows, 4096)).astype("f4")
        file["genres"] = rng.integers(0, 2, (rows, 23)).astype("i4")
        file["imdb_ids"] = np.array([f"{i:07d}" for i in range(rows)], "S7")
        names = [f"genre {i}" for i in range(23)]
        file["genres"].attrs["target_names"] = json.dumps(names)
        ends = np.cumsum([0, *counts])
        kind = [
            ("split", "S5"),
            ("source", "S12"),
            ("start", "i8"),
            ("stop", "i8"),
            ("indices", h5py.ref_dtype),
            ("available", "?"),
            ("comment", "S1"),
        ]
        none = h5py.Reference()
        lines = [
            (part, source, ends[i], ends[i + 1], none, True, b"")
            for i, part in enumerate((b"train", b"dev", b"test"))
            for source in (b"features", b"genres")
        ]
        if state:
            file.attrs["split"] = np.array(lines, dtype=kind)
    return rng


def test_mm_imdb_of_vectors(tmp_path):
    path = tmp_path / "multimodal_imdb.hdf5"
    save_hdf5(path, (7, 2, 4))
    data = mm_imdb(tmp_path)
    assert data.split.tolist() == ["train"] * 7 + ["val"] * 2 + ["test"] * 4
    assert data.ids[:2].tolist() == ["0000000", "0000001"]
    assert data.class_names[22] == "genre 22"
    with h5py.File(path) as file:
        np.testing.assert_array_equal(data.labels, file["genres"][:])
        np.testing.assert_array_equal(
            data.modalities["picture"].values, file["vgg_features"][:]
        )
        np.testing.assert_array_equal(
            data.modalities["text"].values, file["features"][:]
        )
    assert mm_imdb(path).fingerprint == data.fingerprint


def test_hdf5_that_cannot_be_read(tmp_path, monkeypatch):
    path = tmp_path / "multimodal_imdb.hdf5"
    save_hdf5(path, (7, 2, 4), state=False)
    with pytest.raises(
        ValueError, match=r"^`folder` must hold 25959 films, or say whe"
    ):
        mm_imdb(path)
    with pytest.raises(ValueError, match=r"^`text` must be None with multimodal_imdb"):
        mm_imdb(path, text=len)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ValueError, match=r"^`folder` must hold features, vgg_features"):
        mm_imdb(path)
    load = builtins.__import__

    def without(name, *rest, **options):
        if name == "h5py":
            raise ImportError(name)
        return load(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r'pip install "refnet_viz\[hdf5\]" brings'):
        mm_imdb(path)


# SNLI-VE.


def pair(photograph, number, key="Flickr30K_ID", **options):
    label = ("entailment", "neutral", "contradiction")[number % 3]
    return {
        "annotator_labels": [label] * 5,
        "captionID": f"{photograph}.jpg#0",
        "gold_label": label,
        "pairID": f"{photograph}.jpg#0r{number}",
        "sentence1": "the caption",
        "sentence2": f"{TEXTS[number % 5]} {number % 4}",
        key: photograph,
    } | options


@pytest.fixture
def entailment(tmp_path):
    """Return the folders of sentences and of photographs."""
    keys = ("Flickr30K_ID", "Flikr30kID", "Flickr30K_ID")
    for part, key, start in zip(("train", "dev", "test"), keys, (0, 4, 6), strict=True):
        several = range(start, start + (4 if part == "train" else 2))
        entries = [pair(str(1000 + i), j, key) for i in several for j in range(3)]
        save_lines(tmp_path / f"snli_ve_{part}.jsonl", entries)
    for i in range(8):
        save_picture(tmp_path / f"flickr/{1000 + i}.jpg", i)
    return tmp_path


def test_snli_ve(entailment):
    data = snli_ve(entailment, flickr=entailment / "flickr")
    assert data.shape == (24, 2)
    assert data.ids[:2].tolist() == ["1000.jpg#0r0", "1000.jpg#0r1"]
    assert data.split.tolist() == ["train"] * 12 + ["val"] * 6 + ["test"] * 6
    assert data.class_names == ("entailment", "neutral", "contradiction")
    assert data.labels.tolist() == [0, 1, 2] * 8
    assert data.groups[:4].tolist() == ["1000", "1000", "1000", "1001"]
    assert data.media.texts[1] == "what a day 1"
    first = data.modalities["picture"].values[:3]
    assert (first == first[0]).all()
    assert data.info["metrics"] == ["accuracy"]


def test_a_photograph_is_encoded_once(entailment):
    asked = []

    def red(images):
        asked.extend(images)
        return [[float(np.asarray(image)[0, 0, 0])] for image in images]

    data = snli_ve(entailment, flickr=entailment / "flickr", picture=red)
    assert len(asked) == 8
    assert len(set(data.modalities["picture"].values[:, 0].tolist())) == 8


def test_absent_photographs_and_undecided_sentences(entailment):
    (entailment / "flickr/1001.jpg").unlink()
    path = entailment / "snli_ve_test.jsonl"
    undecided = pair("1006.jpg", 9, gold_label="-")
    path.write_text(path.read_text() + json.dumps(undecided) + "\n\n")
    with pytest.warns(UserWarning, match="so 3 of 25 rows lack 'picture'"):
        data = snli_ve(entailment, flickr=entailment / "flickr")
    assert np.flatnonzero(~data.present[:, 0]).tolist() == [3, 4, 5]
    assert data.labels[-1] == -1
    assert data.groups[-1] == "1006"


def test_what_snli_ve_refuses(entailment):
    with pytest.raises(FileNotFoundError, match=r"^`flickr` must be a folder of phot"):
        snli_ve(entailment, flickr=entailment / "nowhere")
    path = entailment / "snli_ve_test.jsonl"
    whole = path.read_text()
    path.write_text(whole + json.dumps(pair("1006", 9, gold_label="maybe")))
    with pytest.raises(ValueError, match=r"^`folder` must hold gold_label as 'entail"):
        snli_ve(entailment, flickr=entailment / "flickr")
    path.write_text(whole + json.dumps(pair("1000", 9)))
    with pytest.raises(ValueError, match=r"^`split` must .*'1000'"):
        snli_ve(entailment, flickr=entailment / "flickr")
    path.write_text(whole + json.dumps(pair("1006", 9, key="image")))
    with pytest.raises(ValueError, match=r"a field 'Flickr30K_ID' or 'Flikr30kID' or "):
        snli_ve(entailment, flickr=entailment / "flickr")
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"must hold snli_ve_test\.jsonl, got"):
        snli_ve(entailment, flickr=entailment / "flickr")
