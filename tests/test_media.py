"""Pictures and texts of rows: whatever they come as, small bytes or nothing."""

import io
import struct

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import refnet_viz as rv
from refnet_viz.data import Media
from refnet_viz.data.media import FEW, THUMBNAIL

RED, CLEAR = (200, 0, 0), (0, 0, 0, 0)


def encoded(size=(40, 20), color=RED, kind="PNG", mode="RGB", **options):
    buffer = io.BytesIO()
    Image.new(mode, size, color).save(buffer, kind, **options)
    return buffer.getvalue()


def photograph(side=2000, kind="JPEG"):
    """A picture that no format makes small."""
    noise = np.random.default_rng(0).integers(0, 255, (side, side, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, kind)
    return buffer.getvalue()


def opened(data):
    return Image.open(io.BytesIO(data))


def only(picture, **options):
    """The bytes that one picture became."""
    return Media([picture], **options).pictures[0]


def refusal(call, kind=ValueError):
    with pytest.raises(kind) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith("`")
    assert text.endswith(".")
    return text


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_small_bytes_that_browsers_show_stay_as_they_are(kind):
    data = encoded(kind=kind)
    assert only(data) is data


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_large_pictures_become_thumbnails(kind, tmp_path):
    data = encoded((400, 200), kind=kind)
    path = tmp_path / "red.x"
    path.write_bytes(data)
    for picture in (data, bytearray(data), str(path), path, opened(data)):
        made = opened(only(picture))
        assert made.size == (THUMBNAIL, THUMBNAIL // 2)
        assert np.abs(np.subtract(made.convert("RGB").getpixel((5, 5)), RED)).max() < 6
    assert opened(only(data, thumbnails=24)).size == (24, 12)


def test_full_size_is_kept_when_it_is_asked_for(tmp_path):
    data = encoded((400, 200))
    (tmp_path / "a.png").write_bytes(data)
    assert only(data, thumbnails=False) is data
    assert only(tmp_path / "a.png", thumbnails=False) == data
    assert opened(only(opened(data), thumbnails=False)).size == (400, 200)


def test_a_page_of_forty_photographs_is_small(tmp_path):
    data = photograph()
    assert len(data) > 2_000_000
    z = np.random.default_rng(0).normal(size=(40, 4))
    media = Media([data + bytes([row]) for row in range(40)])  # none is another's
    page = rv.export_html(rv.Embedding.from_arrays(z, media=media), tmp_path / "p.html")
    assert page.stat().st_size < 2_000_000


def test_pictures_stand_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned to the right
    half = Image.new("RGB", (400, 200), "black")
    half.paste(RED, (0, 0, 200, 200))  # the left becomes the top
    buffer = io.BytesIO()
    half.save(buffer, "JPEG", exif=exif)
    for side in (THUMBNAIL, 400):
        made = opened(only(buffer.getvalue(), thumbnails=side))
        assert made.size == (side // 2, side)
        assert made.getpixel((side // 4, 5))[0] > 150
        assert made.getpixel((side // 4, side - 5))[0] < 50
        assert not made.getexif()


def test_the_first_frame_of_an_animation_is_shown():
    frames = [Image.new("RGB", (30, 30), color) for color in ("red", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    made = opened(only(buffer.getvalue()))
    assert getattr(made, "n_frames", 1) == 1
    assert made.convert("RGB").getpixel((5, 5)) == (255, 0, 0)


def test_print_colours_are_converted_and_clear_ones_stay_clear():
    assert opened(only(encoded((200, 200), (0, 0, 0, 0), "JPEG", "CMYK"))).mode == "RGB"
    clear = opened(only(encoded((200, 200), CLEAR, "PNG", "RGBA")))
    assert (clear.format, clear.mode) == ("PNG", "RGBA")
    solid = opened(only(encoded((200, 200), (1, 2, 3, 255), "PNG", "RGBA")))
    assert (solid.format, solid.mode) == ("JPEG", "RGB")


GREY = np.arange(64).reshape(8, 8) * 4


@pytest.mark.parametrize(
    ("array", "wanted"),
    [
        (GREY.astype(np.uint8), GREY),
        (GREY, GREY),
        (GREY / 255, GREY),
        ((GREY * 257).astype(np.uint16), GREY),
        (GREY > 100, (GREY > 100) * 255),
        (GREY[..., None].astype(np.uint8), GREY),
        (np.stack([GREY] * 3).astype(np.uint8), np.stack([GREY] * 3, axis=-1)),
        (np.stack([GREY] * 3, axis=-1) / 255, np.stack([GREY] * 3, axis=-1)),
        (torch.tensor(GREY / 255, requires_grad=True), GREY),
    ],
)
def test_arrays_of_every_make_are_pictures(array, wanted):
    assert np.array_equal(np.asarray(opened(only(array))), wanted)


def test_an_array_of_all_pictures_shares_its_white():
    dark, light = np.zeros((8, 8)), np.full((8, 8), 255.0)
    dark[0, 0] = 1
    stack = Media(np.stack([dark, light, np.full((8, 8), np.nan)])).pictures
    assert np.asarray(opened(stack[0]))[0, 0] == 1
    assert np.asarray(opened(stack[1])).min() == 255
    assert stack[2] == b""


def test_sixteen_bits_of_a_file_are_read():
    buffer = io.BytesIO()
    Image.fromarray((GREY * 257).astype(np.uint16)).save(buffer, "TIFF")
    assert np.array_equal(np.asarray(opened(only(buffer.getvalue()))), GREY)


@pytest.mark.parametrize("none", [None, float("nan"), pd.NA, "", b"", np.nan])
def test_nothing_is_nothing(none):
    data = encoded()
    media = Media([data, none], ["a dog", None if isinstance(none, bytes) else none])
    assert media.pictures == (data, b"")
    assert media.texts == ("a dog", "")
    assert len(media) == 2
    assert Media(None, None).pictures == ()


def test_a_series_pairs_by_name():
    data = encoded()
    pictures = pd.Series([data, None], index=["u", "v"])
    texts = {"v": "of v", "u": "of u"}
    media = Media(pictures, texts)
    assert media.texts == ("of u", "of v")
    whole = rv.Embedding.from_arrays(np.eye(2), ids=["v", "u"], media=media)
    assert whole.media.texts == ("of v", "of u")
    assert whole.media.pictures == (b"", data)
    found = refusal(lambda: Media(pictures, {"v": "of v", "w": "of w"}))
    assert found == (
        "`texts` must name the rows that `pictures` names, got 2 and 2 names, 1 of "
        "them in both."
    )


def test_what_parquet_files_hold_is_read(tmp_path):
    data = encoded()
    (tmp_path / "a.png").write_bytes(data)
    rows = [{"bytes": data, "path": None}, {"bytes": None, "path": tmp_path / "a.png"}]
    assert Media([*rows, {"bytes": None, "path": None}]).pictures == (data, data, b"")


def test_an_unreadable_picture_is_named(tmp_path):
    whole = encoded((40, 40), kind="JPEG")
    (tmp_path / "cut.jpg").write_bytes(photograph(200)[:900])
    rows = [whole] * 17
    assert refusal(lambda: Media([*rows, b"no picture"])) == (
        "`pictures` must hold pictures of a known format, got 10 bytes in row 17."
    )
    found = refusal(lambda: Media([*rows, tmp_path / "cut.jpg"]))
    assert "cut.jpg' in row 17 (" in found
    found = refusal(lambda: Media([*rows, tmp_path / "gone.jpg"]))
    assert found.endswith("gone.jpg' in row 17 (No such file or directory).")
    assert "in row 17" in refusal(lambda: Media([*rows, np.full((4, 4), -1)]))
    assert "in row 17" in refusal(lambda: Media([*rows, np.zeros((5, 5, 2))]))
    assert "in row 17" in refusal(lambda: Media([*rows, 7]), TypeError)


def test_a_flaw_in_the_header_of_a_file_is_one_sentence():
    data = bytearray(encoded())
    data[16:24] = struct.pack(">II", 0, 0)
    assert "in row 0" in refusal(lambda: Media([bytes(data)]))


@pytest.mark.parametrize("side", [9, 11, 40])  # below, a warning of PIL, an error
def test_the_guard_of_pil_stays_on(monkeypatch, side):
    data = encoded((side, side))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    if side == 9:
        assert only(data) is data
        return
    found = refusal(lambda: Media([b"", data]))
    assert found.startswith("`pictures` must have at most PIL.Image.MAX_IMAGE_PIXELS")
    assert "(100) pixels" in found
    assert "in row 1" in found


def test_words_and_numbers_are_no_lists_of_texts():
    assert "got str" in refusal(lambda: Media([], "a dog"), TypeError)
    assert "got str" in refusal(lambda: Media("dog.png"), TypeError)
    assert "got 3 in row 1" in refusal(lambda: Media([], ["a", 3]), TypeError)
    assert "got int64" in refusal(lambda: Media([], np.arange(3)))
    assert "`thumbnails`" in refusal(lambda: Media([], thumbnails=1))
    assert "`media`" in refusal(
        lambda: rv.Embedding.from_arrays(np.eye(2), media=["a", "b"]), TypeError
    )


def test_many_pictures_are_read_side_by_side_in_their_order():
    pictures = [encoded((4, 4), (row % 256, row // 256, 0)) for row in range(FEW + 9)]
    assert Media(pictures).pictures == tuple(pictures)
    pictures[FEW] = b"?"
    assert f"in row {FEW}" in refusal(lambda: Media(pictures))


def test_rows_without_a_picture_or_text_are_shown_without(tmp_path):
    z = np.random.default_rng(0).normal(size=(12, 3))
    for media in (
        Media([encoded(), None] * 6),
        Media([], ["a dog", None] * 6),
        Media([encoded(), None, None] * 4, [None, "a dog"] * 6),
    ):
        space = rv.Embedding.from_arrays(z, labels=[0, 1] * 6, media=media)
        rv.export_html(space, tmp_path / "page.html", k=3)
        view = rv.explore(space, k=3, layout="pca")
        view.select([1])
        view.select([0])
        view.close()
        assert rv.plot.latent(space).data
