"""Picture files become squares and thumbnails; what is wrong is one sentence."""

import io
import json
import re
import struct
import warnings
import zlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image

from refnet_viz.data import from_table, pictures
from refnet_viz.data.media import THUMBNAIL
from refnet_viz.data.picture_files import open_picture

RED, BLUE = (255, 0, 0), (0, 0, 255)


def encoded(picture, kind="PNG", **options):
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def plain(colour=RED, size=(8, 8), mode="RGB"):
    return Image.new(mode, size, colour)


@pytest.fixture
def folder(tmp_path):
    """Make a folder with a csv of twenty pictures."""
    (tmp_path / "img").mkdir()
    rng = np.random.default_rng(0)
    for i in range(20):
        pixels = rng.integers(0, 255, (6, 6, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "img" / f"{i}.png")
    table = pd.DataFrame({"file": [f"img/{i}.png" for i in range(20)]})
    table.to_csv(tmp_path / "x.csv", index=False)
    return tmp_path


def read(folder, **options):
    return from_table(
        folder / "x.csv", modalities={"image": pictures("file", **options)}
    )


def test_files_are_squares_in_their_own_rows(folder):
    data = read(folder, size=6)
    modality = data.modalities["image"]
    assert modality.kind == "picture"
    assert modality.common_scale
    for i in range(20):
        own = np.asarray(Image.open(folder / "img" / f"{i}.png"))
        np.testing.assert_array_equal(modality.values[i], own)
    assert data.media.pictures[3] == (folder / "img" / "3.png").read_bytes()
    assert data.info["encoders"]["image"]["size"] == 6
    json.dumps(data.info)


def sources(contents):
    """Return tables of the same pictures in every form."""
    structs = [{"bytes": c, "path": None} for c in contents]
    return {
        "bytes": pd.DataFrame({"p": contents}),
        "bytes in Arrow": pa.table({"p": contents}),
        "structs": pa.table({"p": structs}),
        "dicts": pd.DataFrame({"p": structs}),
        "PIL": pd.DataFrame({"p": [Image.open(io.BytesIO(c)) for c in contents]}),
    }


@pytest.mark.parametrize("form", sources([encoded(plain())]))
def test_every_form_of_a_picture_is_read(form):
    contents = [encoded(plain(RED)), encoded(plain(BLUE))]
    source = sources(contents)[form]
    data = from_table(source, modalities={"p": pictures("p", size=2)})
    assert data.modalities["p"].values[:, 0, 0].tolist() == [list(RED), list(BLUE)]
    assert len(data.media.pictures) == 2
    assert all(data.media.pictures)
    assert "p" not in data.metadata


def sixteen_bits():
    return Image.fromarray(np.full((4, 4), 65_535 // 2, dtype=np.uint16))


MODES = {
    "grey": (plain(128, mode="L"), (128, 128, 128)),
    "black and white": (plain(1, mode="1"), (255, 255, 255)),
    "transparent": (plain((255, 0, 0, 0), mode="RGBA"), (255, 255, 255)),
    "half transparent": (plain((255, 0, 0, 128), mode="RGBA"), (255, 127, 127)),
    "grey and transparent": (plain((0, 0), mode="LA"), (255, 255, 255)),
    "palette": (plain(RED).convert("P", palette=Image.Palette.ADAPTIVE), RED),
    "16 bits": (sixteen_bits(), (127, 127, 127)),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_becomes_red_green_and_blue_on_white(mode):
    picture, colour = MODES[mode]
    table = pd.DataFrame({"p": [encoded(picture)]})
    data = from_table(table, modalities={"p": pictures("p", size=2)})
    np.testing.assert_allclose(data.modalities["p"].values[0, 0, 0], colour, atol=1)


@pytest.mark.parametrize("kind", ["CMYK", "float", "array"])
def test_other_modes_and_arrays_are_read(kind):
    entry = {
        "CMYK": encoded(plain((0, 255, 255, 0), mode="CMYK"), "TIFF"),
        "float": encoded(Image.fromarray(np.ones((4, 4), np.float32)), "TIFF"),
        "array": np.full((4, 4, 3), RED, dtype=np.uint8),
    }[kind]
    colour = (255, 255, 255) if kind == "float" else RED
    assert open_picture(entry, None).getpixel((0, 0)) == colour


def test_a_picture_is_turned_as_its_camera_says():
    picture = Image.new("RGB", (8, 4), RED)
    picture.paste(BLUE, (0, 0, 4, 4))  # blue on the left
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to the right: blue on top
    content = encoded(picture, "JPEG", exif=exif, quality=95)
    table = pd.DataFrame({"p": [content]})
    data = from_table(table, modalities={"p": pictures("p", size=4)})
    values = data.modalities["p"].values[0].astype(int)
    assert (values[0, :, 2] > 200).all()
    assert (values[-1, :, 0] > 200).all()


def test_large_pictures_become_thumbnails():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (1000, 1500, 3), dtype=np.uint8)
    for kind in ("PNG", "JPEG", "BMP"):
        content = encoded(Image.fromarray(pixels), kind)
        table = pd.DataFrame({"p": [content]})
        data = from_table(table, modalities={"p": pictures("p")})
        thumb = data.media.pictures[0]
        assert max(Image.open(io.BytesIO(thumb)).size) <= THUMBNAIL
        assert len(thumb) < 2**16


def test_entries_that_are_empty_lack_the_picture():
    table = pd.DataFrame({"p": [encoded(plain()), None, ""], "a": [1, 2, 3]})
    data = from_table(table, modalities={"p": pictures("p"), "a": "a"})
    assert data.present[:, 0].tolist() == [True, False, False]
    assert data.media.pictures[1:] == (b"", b"")
    assert not data.modalities["p"].values[1:].any()


def test_files_that_are_not_there_are_counted_and_their_rows_lack_them(folder):
    (folder / "img" / "4.png").unlink()
    (folder / "img" / "7.png").unlink()
    message = (
        r"^`pictures\('file'\)` names 2 pictures that are not there, so 2 of 20 rows "
        r"lack 'image': rows 4, 7, the first 'img/4\.png'\.$"
    )
    table = pd.read_csv(folder / "x.csv").assign(a=range(20))
    with pytest.warns(UserWarning, match=message) as caught:
        data = from_table(
            table, modalities={"image": pictures("file", root=folder), "a": "a"}
        )
    assert caught[0].filename == __file__
    assert np.flatnonzero(~data.present[:, 0]).tolist() == [4, 7]
    assert data.info["encoders"]["image"]["missing_files"] == 2


def test_a_struct_with_a_path_and_no_bytes_is_said():
    """datasets 5.2.0, `to_parquet`: a path of the writer's machine, and no bytes."""
    entries = [{"bytes": encoded(plain()), "path": None}, {"bytes": None, "path": "a"}]
    table = pa.table({"p": entries, "a": [1, 2]})
    with pytest.warns(UserWarning, match=r"rows 1, the first 'a'\.$"):
        data = from_table(table, modalities={"p": pictures("p"), "a": "a"})
    assert data.present[:, 0].tolist() == [True, False]


def test_a_wrong_root_is_one_sentence(folder):
    (folder / "other").mkdir()
    message = r"must hold a picture that is there below .*other', got none in 20 rows"
    with pytest.raises(ValueError, match=message):
        read(folder, root=folder / "other")
    with pytest.raises(FileNotFoundError, match=r"^`root` must be a folder, got "):
        read(folder, root=folder / "nowhere")


def damage(folder, content):
    (folder / "img" / "17.png").write_bytes(content)


def refused(folder, words_of_it, **options):
    start = re.escape(
        "`pictures('file')` must hold pictures that can be read, got 'img/17.png' in "
        "row 17: "
    )
    with pytest.raises(ValueError, match=f"^{start}{words_of_it}$"):
        read(folder, **options)


def test_an_unreadable_picture_is_one_sentence(folder):
    damage(folder, b"no picture")
    refused(folder, r"PIL cannot read its 10 bytes\.")


def test_a_picture_that_is_cut_off_is_one_sentence(folder):
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)
    damage(folder, encoded(Image.fromarray(pixels))[:3000])
    refused(folder, r"PIL cannot read its 3000 bytes\.")


def test_unreadable_pictures_can_be_absent(folder):
    damage(folder, b"no picture")
    table = pd.read_csv(folder / "x.csv").assign(a=range(20))
    spec = pictures("file", root=folder, unreadable="absent")
    with pytest.warns(UserWarning, match=r"0 pictures .* and 1 that cannot be read"):
        data = from_table(table, modalities={"image": spec, "a": "a"})
    assert not data.present[17, 0]


def chunk(kind, content):
    whole = kind + content
    return (
        struct.pack(">I", len(content)) + whole + struct.pack(">I", zlib.crc32(whole))
    )


def bomb(side):
    """Return a PNG of few bytes that says it has `side` times `side` pixels."""
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


@pytest.mark.parametrize("side", [10_000, 50_000])  # a warning and an error of PIL
def test_a_bomb_is_one_sentence(folder, side):
    damage(folder, bomb(side))
    refused(
        folder, rf"its \d+ bytes unpack to {side**2} pixels, more than PIL holds .*"
    )


def test_warnings_of_other_pictures_are_what_they_were(folder):
    read(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("default", Image.DecompressionBombWarning)
        with pytest.warns(Image.DecompressionBombWarning):
            Image.open(io.BytesIO(bomb(10_000)))


OUTSIDE = ["../secret.png", "img/../../secret.png", "/absolute", "img/link.png"]


@pytest.mark.parametrize("way", OUTSIDE)
@pytest.mark.parametrize("unreadable", ["refuse", "absent"])
def test_a_path_that_leaves_the_root_is_one_sentence(tmp_path, way, unreadable):
    root = tmp_path / "root"
    (root / "img").mkdir(parents=True)
    secret = tmp_path / "secret.png"
    plain().save(secret)
    plain().save(root / "a.png")
    (root / "img" / "link.png").symlink_to(secret)
    entry = str(secret) if way == "/absolute" else way
    pd.DataFrame({"file": ["a.png", entry]}).to_csv(root / "x.csv", index=False)
    message = rf"got '{re.escape(entry)}' in row 1: it leaves the root '.*root'\.$"
    with pytest.raises(ValueError, match=message):
        read(root, unreadable=unreadable)


def test_a_link_within_the_root_and_a_linked_root_are_fine(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    plain().save(root / "a.png")
    (root / "b.png").symlink_to(root / "a.png")
    pd.DataFrame({"file": ["a.png", "./b.png"]}).to_csv(root / "x.csv", index=False)
    (tmp_path / "linked").symlink_to(root)
    assert len(read(root)) == len(read(tmp_path / "linked")) == 2


def test_an_address_is_one_sentence():
    table = pd.DataFrame({"p": ["https://example.org/a.png"]})
    with pytest.raises(ValueError, match=r"in row 0: it is no path of a file\.$"):
        from_table(table, modalities={"p": pictures("p")})


def test_numbers_are_no_pictures():
    table = pd.DataFrame({"p": [1, 2]})
    with pytest.raises(
        ValueError, match=r"got 'int' in row 0: it is neither a path nor"
    ):
        from_table(table, modalities={"p": pictures("p")})


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"size": 1}, "`size` must be a whole number between 2 and 4096, got 1."),
        (
            {"unreadable": "skip"},
            "`unreadable` must be one of 'refuse', 'absent', got 'skip'.",
        ),
    ],
)
def test_bad_settings_are_one_sentence(options, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        pictures("file", **options)


def test_pictures_to_hover_on_need_not_be_a_modality(folder):
    table = pd.read_csv(folder / "x.csv").assign(a=range(20))
    data = from_table(
        table, modalities={"a": "a"}, media={"pictures": pictures("file", root=folder)}
    )
    assert data.media.pictures[5] == (folder / "img" / "5.png").read_bytes()
    assert list(data.modalities) == ["a"]


def corner(images):
    """Return the first pixel of each picture."""
    return [image.getpixel((0, 0)) for image in images]


def test_an_encoder_sees_whole_pictures_of_the_rows_that_have_one(folder):
    (folder / "img" / "4.png").unlink()
    table = pd.read_csv(folder / "x.csv").assign(a=range(20))
    spec = pictures("file", root=folder, encoder=corner)
    with pytest.warns(UserWarning, match="names 1 pictures"):
        data = from_table(table, modalities={"image": spec, "a": "a"})
    values = data.modalities["image"].values
    own = Image.open(folder / "img" / "7.png").getpixel((0, 0))
    assert values[7].tolist() == list(own)
    assert not values[4].any()
    info = data.info["encoders"]["image"]
    assert (info["name"], info["missing_files"]) == ("corner", 1)
