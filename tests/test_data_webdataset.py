"""Shards of webdataset become rows; names with dots never merge rows in silence."""

import io
import json
import re
import tarfile

import numpy as np
import pytest
from PIL import Image

from refnet_viz.data import from_webdataset, pictures, words


def png(colour):
    out = io.BytesIO()
    Image.new("RGB", (4, 4), colour).save(out, "PNG")
    return out.getvalue()


def npy(values):
    out = io.BytesIO()
    np.save(out, values)
    return out.getvalue()


def write(path, files, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def sample(key, number):
    return {
        f"{key}.PNG": png((number, 0, 0)),
        f"{key}.txt": f"number {number} of many".encode(),
        f"{key}.cls": str(number % 2).encode(),
        f"{key}.json": json.dumps({"size": number, "txt": "other"}).encode(),
        f"{key}.emb.npy": npy(np.full(3, number, dtype=np.float32)),
    }


MODALITIES = {"image": pictures("png", size=4), "text": words("txt"), "v": "emb.npy"}


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_shard_is_read_column_by_column(tmp_path, mode):
    suffix = "tar" if mode == "w" else "tar.gz"
    for shard in range(2):
        files = {}
        for i in range(3):
            files |= sample(f"dir.v1/{shard}{i}", 3 * shard + i)
        write(tmp_path / f"s-{shard}.{suffix}", files, mode)
    for shards in (
        tmp_path,
        tmp_path / f"s-*.{suffix}",
        str(tmp_path / f"s-{{0..1}}.{suffix}"),
        [tmp_path / f"s-{shard}.{suffix}" for shard in range(2)],
    ):
        data = from_webdataset(shards, modalities=MODALITIES, labels="cls")
        assert data.ids.tolist() == [f"dir.v1/{s}{i}" for s in (0, 1) for i in range(3)]
        assert data.modalities["image"].values[:, 0, 0, 0].tolist() == list(range(6))
        assert data.modalities["v"].values[:, 0].tolist() == list(range(6))
        assert data.labels.tolist() == [0, 1] * 3
        assert data.metadata["size"].tolist() == list(range(6))
        assert data.metadata["json.txt"].tolist() == ["other"] * 6
        assert data.media.texts[5] == "number 5 of many"
        assert data.media.pictures[5] == png((5, 0, 0))


def test_a_row_without_a_file_lacks_the_modality(tmp_path):
    files = sample("a", 1) | sample("b", 2)
    del files["b.txt"]
    path = write(tmp_path / "x.tar", files)
    data = from_webdataset(path, modalities=MODALITIES)
    assert data.present.tolist() == [[True, True, True], [True, False, True]]


def test_pictures_of_several_kinds_are_one_column(tmp_path):
    jpeg = io.BytesIO()
    Image.new("RGB", (4, 4), "white").save(jpeg, "JPEG")
    path = write(tmp_path / "x.tar", {"a.jpg": jpeg.getvalue(), "b.png": png("black")})
    data = from_webdataset(path, modalities={"image": pictures("jpg;png", size=2)})
    assert data.modalities["image"].values[:, 0, 0, 0].tolist() == [255, 0]


def refused(path, sentence, **options):
    options.setdefault("modalities", {"image": pictures("png")})
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        from_webdataset(path, **options)


def test_numbers_with_dots_in_names_are_one_sentence(tmp_path):
    files = {"noise_0.5.png": png("red"), "noise_0.75.png": png("blue")}
    refused(
        write(tmp_path / "x.tar", files),
        r"`shards` must have no dots .* got 'noise_0\.5\.png' and "
        r"'noise_0\.75\.png' as one row 'noise_0'\.",
    )


def test_two_files_of_one_column_are_one_sentence(tmp_path):
    refused(
        write(tmp_path / "x.tar", {"a.png": png("red"), "a.PNG": png("blue")}),
        r"`shards` must have each column once in a row, got 'a\.png' and 'a\.PNG' in "
        r"'x\.tar'\.",
    )


def test_a_row_in_two_shards_is_one_sentence(tmp_path):
    for name in ("x.tar", "y.tar"):
        write(tmp_path / name, {"a.png": png("red")})
    refused(
        tmp_path, r"`shards` must name each row .* 'a' in 'x\.tar' and in 'y\.tar'\."
    )


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_shard_that_is_cut_off_is_one_sentence(tmp_path, mode):
    rng = np.random.default_rng(0)
    files = {f"{i}.npy": npy(rng.normal(size=500)) for i in range(9)}
    path = write(tmp_path / "x.tar", files, mode)
    path.write_bytes(path.read_bytes()[:9000])
    sentence = r"`shards` must be whole tar archives, got 'x\.tar': .*\."
    refused(path, sentence, modalities={"v": "npy"})


def test_a_pickle_is_one_sentence(tmp_path):
    out = io.BytesIO()
    np.save(out, np.array([{}], dtype=object), allow_pickle=True)
    path = write(tmp_path / "x.tar", {"a.npy": out.getvalue()})
    sentence = r"`shards` must hold files that can be read, got 'a\.npy' .* no npy\."
    refused(path, sentence, modalities={"v": "npy"})


def test_an_unreadable_picture_names_its_file(tmp_path):
    path = write(tmp_path / "x.tar", {"a.png": png("red"), "b.png": b"nothing"})
    refused(path, r".* got 'b\.png' in row 1: PIL cannot read its 7 bytes\.")


@pytest.mark.parametrize("name", ["x.tar", "x-*.tar", "x-{0..1}.tar", ""])
def test_no_shard_is_one_sentence(tmp_path, name):
    with pytest.raises(
        FileNotFoundError, match=r"^`shards` must be tar archives, got "
    ):
        from_webdataset(tmp_path / name, modalities=MODALITIES)


def test_files_without_a_row_or_a_column_are_none(tmp_path):
    path = write(tmp_path / "x.tar", {"README": b"", ".hidden": b""})
    with pytest.raises(ValueError, match=re.escape("got none in 1 archives.")):
        from_webdataset(path, modalities=MODALITIES)
