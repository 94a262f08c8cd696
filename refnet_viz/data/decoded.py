"""One picture of any make as RGB pixels of PIL, and what PIL raises on the way."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._files import content
from .gaps import is_missing

if TYPE_CHECKING:
    from PIL.Image import Image

TURNED = 0x0112  # the Exif tag of a picture's orientation
# What the readers of PIL raise for damaged files.
BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    OverflowError,
    struct.error,
    zlib.error,
    MemoryError,
    RuntimeError,
)


def as_rgb(picture: Any) -> Image:
    """Decode a picture: upright, transparent parts on white, at its own size.

    Parameters
    ----------
    picture
        A picture of PIL, the bytes of a file, or a path.

    Raises
    ------
    ValueError
        If PIL cannot read it whole or holds it for a decompression bomb.
    TypeError
        If it is something else.

    Examples
    --------
    >>> from PIL import Image
    >>> as_rgb(Image.new("RGBA", (2, 1))).getpixel((0, 0))
    (255, 255, 255)
    """
    from PIL import Image  # noqa: PLC0415 (importing the package stays light)

    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        bombs = Image.DecompressionBombError, Image.DecompressionBombWarning
        _refuse_foreign(picture)
        try:
            return upright(_opened(picture))
        except (*BROKEN, *bombs) as error:
            raise ValueError(str(error) or type(error).__name__) from error


def upright(picture: Any) -> Image:
    """Return an opened picture in RGB as a camera saw it, transparent parts on white.

    Examples
    --------
    >>> from PIL import Image
    >>> upright(Image.new("L", (2, 1), 255)).getpixel((0, 0))
    (255, 255, 255)
    """
    from PIL import ImageOps  # noqa: PLC0415 (importing the package stays light)

    picture.load()
    if picture.getexif().get(TURNED, 1) != 1:
        picture = ImageOps.exif_transpose(picture)
    if picture.mode == "RGB" and "transparency" not in picture.info:
        return picture
    return _on_white(eight_bits(picture))


def bytes_or_path(entry: Any) -> Any:
    """Return the bytes, else the path, of a struct of both; all else as it is.

    Parquet files of Hugging Face have such structs; bytes go before the path.

    Examples
    --------
    >>> bytes_or_path({"bytes": None, "path": "a.png"}), bytes_or_path(b"GIF89a")
    ('a.png', b'GIF89a')
    """
    if not isinstance(entry, Mapping):
        return entry
    fields = (entry.get("bytes"), entry.get("path"))
    return next((one for one in fields if not is_missing(one) and one), None)


def _refuse_foreign(picture: Any) -> None:
    from PIL import Image  # noqa: PLC0415

    kinds = (Image.Image, bytes, bytearray, memoryview, str, os.PathLike)
    if not isinstance(picture, kinds):
        raise TypeError(f"{type(picture).__name__}")


def _opened(picture: Any) -> Image:
    from PIL import Image  # noqa: PLC0415

    if isinstance(picture, Image.Image):
        return picture
    if isinstance(picture, str | os.PathLike):
        picture = content(picture)
    return Image.open(io.BytesIO(picture))


def eight_bits(image: Image) -> Image:
    """Return a picture of more bits a pixel with 8; PIL itself cuts them off at 255.

    Examples
    --------
    >>> from PIL import Image
    >>> eight_bits(Image.new("I;16", (1, 1), 65_535)).getpixel((0, 0))
    255
    """
    import numpy as np  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    if not image.mode.startswith("I") and image.mode != "F":
        return image
    values = np.asarray(image).astype(np.float64)
    high = values.max(initial=0)
    top = 65_535 if high > 255 else 1 if image.mode == "F" and high <= 1 else 255
    return Image.fromarray(np.round(values * (255 / top)).clip(0, 255).astype(np.uint8))


def _on_white(image: Image) -> Image:
    from PIL import Image  # noqa: PLC0415

    if (
        image.mode not in {"RGBA", "LA", "PA", "RGBa", "La"}
        and "transparency" not in image.info
    ):
        return image.convert("RGB")
    ground = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")
