"""What is saved comes back field by field, or is refused in one sentence."""

import json
import os
import pickle
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import refnet_viz as rv
from refnet_viz import Config, Embedding
from refnet_viz.data import Media
from refnet_viz.decoder import Decoder
from refnet_viz.storage import load, save_spaces
from refnet_viz.storage.folder import MANIFEST
from refnet_viz.storage.frames import pack_frame, unpack_frame
from refnet_viz.storage.values import listed, pack, unlisted, unpack

# Any code point: control characters and halves of characters are strings, too.
TEXT = st.text(st.characters(codec=None, exclude_characters="\x00"), max_size=6)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(TEXT | st.integers() | st.just("$"), inner, max_size=3)
    ),
    max_leaves=8,
)
QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def same_array(a, b):
    if (a.dtype, a.shape) != (b.dtype, b.shape):
        return False
    if a.dtype == object:
        return all(map(same, a.ravel(), b.ravel()))
    return a.tobytes() == b.tobytes()


def same(a, b):
    """Whether two values are equal down to types, dtypes and bits."""
    if isinstance(a, pd.DataFrame):
        pd.testing.assert_frame_equal(a, b, check_exact=True)
        return same(a.attrs, b.attrs)
    if isinstance(a, Media | Decoder):
        return type(a) is type(b) and same(vars(a), vars(b))
    if type(a) is not type(b) and not isinstance(a, str):  # torch's version is one
        return False
    if isinstance(a, np.ndarray):
        return same_array(a, b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a is b or a == b or (a != a and b != b)


def assert_equal(a, b, folder):
    """Every field is equal; `info` says where it is from, too."""
    for item in fields(Embedding):
        mine, other = getattr(a, item.name), getattr(b, item.name)
        if item.name == "info":
            mine = {**mine, "saved": str(folder)}
        assert same(mine, other), item.name
    assert a.digest == b.digest


def made(n=5, seed=0, name="made"):
    """An embedding with something in every field."""
    rng = np.random.default_rng(seed)
    known = Embedding.from_arrays(
        rng.normal(size=(n, 3)),
        modalities={"a": rng.normal(size=(n, 2))},
        ids=[f"{i}\ud83d\t" for i in range(n)],
        labels=["x", "<y>\x07", "x", "x", "x"][:n],
        metadata=pd.DataFrame({"word": ["<b>", "b", None, "d", "e"][:n]}),
        media=Media(
            tuple(bytes([i]) * i for i in range(n)), ("\ud800",) * n, thumbnails=False
        ),
        name=name,
    )
    return replace(
        known,
        decoded={"a": rng.normal(size=(n, 2)).astype(np.float32)},
        predictions=known.labels,
        scores=np.full((n, 2), np.nan, np.float32),
        diagnostics={"gate": np.ones((n, 1), np.float32)},
        target=np.arange(n) / 3,
        predicted=np.full(n, -0.0),
        held_out=np.arange(n) > 1,
        decoders={"a": Decoder(np.eye(3), np.zeros(3), np.ones((2, 3)), np.ones(2))},
        info={**known.info, "seed": 3, "lr": float("inf"), "t": (1, None)},
    )


@pytest.mark.parametrize(
    "spaces",
    [
        made(),
        [made(), made(seed=1)],
        {"plain": made(), "<b>\ud800": made(seed=1)},
        {"plain": [made(), made(seed=1)], "both": [made(seed=2)]},
    ],
    ids=["one", "list", "mapping", "seeds"],
)
def test_every_shape_and_field_comes_back(tmp_path, spaces):
    assert save_spaces(spaces, tmp_path / "a") == tmp_path / "a"
    again = load(tmp_path / "a")
    pairs = [(spaces, again)]
    while pairs:
        mine, other = pairs.pop()
        if isinstance(mine, Embedding):
            assert_equal(mine, other, tmp_path / "a")
        else:
            assert type(mine) is type(other)
            assert len(mine) == len(other)
            assert not isinstance(mine, dict) or list(mine) == list(other)
            values = (v.values() if isinstance(v, dict) else v for v in (mine, other))
            pairs += zip(*values, strict=True)


@pytest.mark.torch
def test_real_embeddings_of_every_kind_of_modality(tmp_path, make_mixed, small):
    data = make_mixed(missing=True)
    runs = rv.sweep(
        data,
        {"plain": replace(small, refiner=0.0, contrastive=0.0), "both": small},
        seeds=[0, 1],
        n_jobs=1,
        progress=False,
    )
    spaces = rv.embed(runs, data.test)
    again = rv.load(rv.save(spaces, tmp_path / "spaces"))
    for name, members in spaces.items():
        for mine, other in zip(members, again[name], strict=True):
            assert_equal(mine, other, tmp_path / "spaces")
    graphs, later = (rv.knn(e, k=3, space="refined") for e in (spaces, again))
    assert np.array_equal(graphs["both"][1].indices, later["both"][1].indices)


def test_what_is_shared_is_stored_once_and_shared_again(tmp_path):
    one = made(n=4)
    rng = np.random.default_rng(0)
    many = [replace(one, z=rng.normal(size=(4, 3)).astype("f4")) for _ in range(20)]
    copied = [replace(e, inputs={"a": e.inputs["a"].copy()}) for e in many]
    save_spaces(copied, tmp_path / "a")
    (arrays,) = (tmp_path / "a").glob("*.safetensors")
    assert len(safetensors.numpy.load_file(arrays)) == 20 + 15
    text = (tmp_path / "a" / MANIFEST).read_bytes()
    assert text.count("\ud800".encode("utf-8", "surrogatepass")) == 4
    again = load(tmp_path / "a")
    assert again[0].ids is again[19].ids
    assert again[0].media is again[19].media
    assert again[0].inputs["a"] is again[19].inputs["a"]
    assert not again[0].z.flags.writeable


def test_saved_again_it_is_of_the_new_folder(tmp_path):
    save_spaces(made(), tmp_path / "a")
    save_spaces(load(tmp_path / "a"), tmp_path / "b")
    assert_equal(made(), load(tmp_path / "b"), tmp_path / "b")
    files = [sorted(p.name for p in (tmp_path / f).iterdir()) for f in "ab"]
    assert files[0] == files[1]
    assert all(
        (tmp_path / "a" / n).read_bytes() == (tmp_path / "b" / n).read_bytes()
        for n in files[0]
    )


def test_the_folder_is_absolute_whatever_was_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rv.save(made(), "spaces")
    assert rv.load("spaces").info["saved"] == str(tmp_path / "spaces")


@QUICK
@given(PLAIN)
def test_plain_values_come_back(value):
    again = json.loads(json.dumps(pack(value, listed, "info"), ensure_ascii=False))
    assert same(value, unpack(again, unlisted))


@QUICK
@given(
    hnp.arrays(
        st.sampled_from(["?", "i1", "u2", "i8", "u8", "f2", "f4", "f8"]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
    )
)
def test_arrays_come_back(tmp_path_factory, array):
    again = unpack(json.loads(json.dumps(pack(array, listed, "x"))), unlisted)
    # One NaN is as good as another.
    assert array.dtype == again.dtype
    np.testing.assert_array_equal(array, again, strict=True)
    space = replace(made(2), info={"x": array})
    folder = tmp_path_factory.mktemp("a")
    assert same(load(save_spaces(space, folder)).info["x"], array)


@pytest.mark.parametrize("order", ["turned", "strided", "backwards"])
def test_any_order_in_memory_comes_back(tmp_path, order):
    """safetensors 0.8.0 (numpy) writes memory, not values: findings/safetensors_*.

    An array that is not contiguous came back scrambled, with the right shape.
    """
    x = np.arange(20.0, dtype=np.float32).reshape(4, 5)
    z = {"turned": x.T, "strided": x[:, ::2], "backwards": x[::-1]}[order]
    assert not z.flags.c_contiguous
    space = replace(made(len(z)), z=z, info={"x": z})
    again = load(save_spaces(space, tmp_path / "a"))
    np.testing.assert_array_equal(again.z, z)
    np.testing.assert_array_equal(again.info["x"], z)


@QUICK
@given(
    st.lists(TEXT, min_size=1, max_size=5, unique_by=str),
    st.lists(PLAIN, min_size=5, max_size=5),
    st.data(),
)
def test_ids_texts_and_metadata_come_back(tmp_path_factory, ids, column, data):
    n = len(ids)
    texts = data.draw(st.lists(TEXT, min_size=n, max_size=n))
    pictures = data.draw(st.lists(st.binary(max_size=9), min_size=n, max_size=n))
    z = data.draw(hnp.arrays("f4", (n, 2), elements=st.floats(-9, 9, width=32)))
    objects = np.empty(n, dtype=object)
    objects[:] = column[:n]
    frame = pd.DataFrame({"any": pd.Series(objects, dtype=object)})
    space = replace(
        Embedding.from_arrays(z, ids=ids),
        metadata=frame,
        media=Media(tuple(pictures), tuple(texts), thumbnails=False),
    )
    folder = tmp_path_factory.mktemp("a")
    again = load(save_spaces({"v": space}, folder))["v"]
    assert same(again.ids, space.ids)
    assert same(again.media, space.media)
    assert same(list(again.metadata["any"]), list(frame["any"]))


FRAMES = {
    "kinds": pd.DataFrame(
        {
            "bool": [True, False],
            "int": np.array([1, 2], "i2"),
            "float": [np.nan, np.inf],
            "word": ["a", None],
            "object": pd.Series([1, "x"], dtype=object),
            "day": pd.to_datetime(["2026-01-01", None]),
            "zoned": pd.to_datetime(
                ["2026-03-29 00:59:59.123456789", None], utc=True
            ).tz_convert("Europe/Berlin"),
            "lag": pd.to_timedelta(["1 day", None]),
            "gap": pd.array([1, None], "Int64"),
            "maybe": pd.array([True, None], "boolean"),
            "kind": pd.Categorical(["b", None], ["b", "a"], ordered=True),
            "age": pd.Categorical([3, 1], [1, 3]),
            "text": pd.array(["a", None], "string"),
        }
    ),
    "empty": pd.DataFrame(index=range(3)),
    "no rows": pd.DataFrame({"a": np.empty(0)}),
    "repeated": pd.DataFrame([[1, "x"], [2, "y"]], columns=["a", "a"]),
    "odd names": pd.DataFrame([[1, 2]], columns=pd.Index([1, None], dtype=object)),
    "index": pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="key")),
    "levels": pd.DataFrame(
        [[1, 2]],
        columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", None]),
        index=pd.MultiIndex.from_tuples([("i", 0)]),
    ),
    "dates": pd.DataFrame({"a": [1]}, index=pd.to_datetime(["2026-01-01"])),
}


@pytest.mark.parametrize("name", FRAMES)
def test_tables_come_back(name):
    frame = FRAMES[name].copy()
    frame.attrs = {"k": 15, "spaces": ("latent",)}
    packed = json.loads(json.dumps(pack_frame(frame, listed, "t")))
    again = unpack_frame(packed, unlisted)
    pd.testing.assert_frame_equal(frame, again, check_exact=True, check_freq=False)
    assert again.attrs == frame.attrs
    assert list(again.dtypes) == list(frame.dtypes)


DAYS = pd.period_range("2026", periods=5, freq="D")


class Trap:
    """Says so when it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was read",))


def damage(folder, how):
    (arrays,) = folder.glob("*.safetensors")
    path = folder / MANIFEST
    if how == "cut":
        path.write_bytes(path.read_bytes()[:-30])
    elif how == "changed":
        path.write_bytes(path.read_bytes().replace(b'"seed":3', b'"seed":4'))
    elif how == "pickle":
        path.write_bytes(pickle.dumps(Trap()))
    elif how == "list":
        path.write_text("[1, 2]")
    elif how == "bits":
        arrays.write_bytes(arrays.read_bytes()[:-1] + b"\x99")
    elif how == "gone":
        arrays.unlink()
    return {"bits": arrays, "gone": arrays}.get(how, path)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("cut", "it is not the JSON of a comparison"),
        ("changed", "its checksum is another"),
        ("pickle", "it is not the JSON of a comparison"),
        ("list", "it is not the JSON of a comparison"),
        ("bits", "its checksum is another"),
        ("gone", "it is missing"),
    ],
)
def test_damage_is_refused(tmp_path, how, why):
    save_spaces(made(), tmp_path)
    path = damage(tmp_path, how)
    with pytest.raises(ValueError, match="whole comparison") as caught:
        load(tmp_path)
    assert str(caught.value) == (
        f"`folder` must hold a whole comparison, got {str(path)!r}: {why}."
    )


def resealed(folder, change):
    """Change the content and give it the checksum of the change."""
    import hashlib

    from refnet_viz.storage.parts import encoded, text_of

    path = folder / MANIFEST
    stored = json.loads(path.read_bytes().decode("utf-8", "surrogatepass"))
    change(stored["content"])
    stored["sha256"] = hashlib.sha256(encoded(text_of(stored["content"]))).hexdigest()
    path.write_bytes(encoded(text_of(stored)))


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["embeddings"][0].pop("z"),
        lambda c: c["embeddings"][0].update(z={"$": "array", "of": "none"}),
        lambda c: c["embeddings"][0].update(z={"$": "eval", "of": "1"}),
        lambda c: c["embeddings"][0].update(z=c["embeddings"][0]["target"]),
        lambda c: c["embeddings"][0].update(z=None),
        lambda c: c.update(spaces=7),
        lambda c: c.update(shared={}),
        lambda c: c.pop("arrays"),
    ],
)
def test_foreign_content_with_a_right_checksum_is_refused(tmp_path, change):
    save_spaces(made(), tmp_path)
    resealed(tmp_path, change)
    with pytest.raises(ValueError, match="whole comparison") as caught:
        load(tmp_path)
    assert str(caught.value) == (
        f"`folder` must hold a whole comparison, got {str(tmp_path / MANIFEST)!r}: it "
        "lacks or garbles a part."
    )


def test_a_foreign_file_cannot_read_outside_the_folder(tmp_path):
    save_spaces(made(), tmp_path / "a")
    (arrays,) = (tmp_path / "a").glob("*.safetensors")
    arrays.rename(tmp_path / arrays.name)
    resealed(tmp_path / "a", lambda c: c["arrays"].update(file=f"../{arrays.name}"))
    with pytest.raises(ValueError, match="it is missing"):
        load(tmp_path / "a")


def test_a_newer_format_is_refused(tmp_path):
    save_spaces(made(), tmp_path)
    path = tmp_path / MANIFEST
    path.write_bytes(path.read_bytes().replace(b'{"format":1', b'{"format":2', 1))
    with pytest.raises(ValueError, match="newer") as caught:
        load(tmp_path)
    assert str(caught.value) == (
        "`folder` must hold a comparison of format 1 or older, got format 2 in "
        f"{str(path)!r}; a newer refnet_viz wrote it."
    )


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        load(tmp_path)
    assert str(caught.value) == (
        "`folder` must hold a saved comparison (comparison.json), got "
        f"{str(tmp_path)!r}."
    )


@pytest.mark.parametrize("stop", range(1, 5))
def test_whenever_writing_stops_the_folder_is_whole(tmp_path, monkeypatch, stop):
    save_spaces(made(), tmp_path)
    steps = iter(range(9))
    real = {Path: Path.replace, os: os.fsync}

    def counted(place):
        def step(*args):
            if next(steps) >= stop - 1:
                raise OSError(28, "No space left on device")
            return real[place](*args)

        return step

    monkeypatch.setattr(Path, "replace", counted(Path))
    monkeypatch.setattr(os, "fsync", counted(os))
    with pytest.raises(OSError, match="No space left") as caught:
        save_spaces(made(seed=1), tmp_path)
    assert str(caught.value) == (
        f"`folder` must be a folder that can be written, got {str(tmp_path)!r} (No "
        "space left on device)."
    )
    monkeypatch.undo()
    assert load(tmp_path).digest == made().digest
    save_spaces(made(seed=1), tmp_path)
    assert load(tmp_path).digest == made(seed=1).digest
    assert len(list(tmp_path.iterdir())) == 2


def test_what_is_shown_is_kept(tmp_path):
    table = pd.DataFrame(
        {
            "day": DAYS,
            "bin": pd.cut([1, 5, 9, 3, 2], [0, 4, 10]),
            "tags": [["a"], [], None, ["b", 1], ["c"]],
        }
    )
    save_spaces(replace(made(), metadata=table), tmp_path)
    pd.testing.assert_frame_equal(load(tmp_path).metadata, table)


def test_what_has_no_words_in_json_is_kept_as_text(tmp_path):
    odd = replace(made(), metadata=pd.DataFrame({"x": [1j] * 5}))
    with pytest.warns(UserWarning, match="saved as text"):
        save_spaces(odd, tmp_path)
    assert load(tmp_path).metadata["x"].tolist() == ["1j"] * 5


@pytest.mark.parametrize(
    ("kind", "thing", "sentence"),
    [
        (
            TypeError,
            {"plain": 3},
            "`spaces['plain']` must hold Embedding values, got int.",
        ),
        (ValueError, [], "`spaces` must hold at least one value a variant, got none."),
        (
            TypeError,
            replace(made(), info={"run": Trap()}),
            "`info['run']` must be made of numbers, strings, lists and mappings to be "
            "written, got Trap.",
        ),
        (
            TypeError,
            replace(made(), z=np.ones((5, 2), complex)),
            "`z` must be an array of real numbers or strings to be written, got "
            "complex128.",
        ),
    ],
)
def test_what_cannot_be_written_is_a_sentence(tmp_path, kind, thing, sentence):
    with pytest.raises(kind) as caught:
        save_spaces(thing, tmp_path / "a")
    assert str(caught.value) == sentence
    assert not (tmp_path / "a").exists()


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "a").write_text("mine")
    with pytest.raises(OSError, match="must be a folder") as caught:
        save_spaces(made(), tmp_path / "a")
    assert str(caught.value) == (
        f"`folder` must be a folder that can be written, got {str(tmp_path / 'a')!r} "
        "(File exists)."
    )
    assert (tmp_path / "a").read_text() == "mine"


DIGESTED = (
    "ids",
    "labels",
    "class_names",
    "z",
    "inputs",
    "decoded",
    "predictions",
    "scores",
    "diagnostics",
    "present",
    "held_out",
    "target",
    "predicted",
    "decoders",
)


@pytest.mark.parametrize("name", DIGESTED)
def test_the_digest_changes_with(name):
    one, other = made(), made(seed=1)
    value = {
        "ids": np.array([*one.ids[:-1], "new"]),
        "class_names": ("x", "z"),
        "labels": 1 - one.labels,
        "predictions": None,
        "scores": None,
        "diagnostics": {},
        "present": ~one.present,
        "held_out": ~one.held_out,
        "target": one.target + 1,
        "predicted": None,
        "decoders": {},
    }.get(name, getattr(other, name))
    assert replace(one, **{name: value}).digest != one.digest


def test_the_digest_is_of_the_numbers_alone():
    one = made()
    assert len(one.digest) == 64
    assert one.digest == replace(one, info={}, media=Media()).digest
    wide = replace(one, ids=one.ids.astype("U99"))
    assert wide.digest == one.digest
    moved = replace(one, decoded={}, targets=one.decoded)
    assert moved.digest != one.digest


def test_config_is_plain_in_info(tmp_path):
    config = Config(refiner_weights={"a": 1.0}).to_dict()
    space = replace(made(), info={"config": config})
    again = load(save_spaces(space, tmp_path))
    assert Config.from_dict(again.info["config"]).to_dict() == config
