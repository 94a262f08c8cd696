"""One picture of any make as RGB pixels of PIL."""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

TURNED = 0x0112  # the Exif tag of a picture's orientation


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
        try:
            image = _opened(picture)
            return upright(image)
        except (
            OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError,
            Image.DecompressionBombWarning,
        ) as error:  # fmt: skip
            raise ValueError(str(error)) from error


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
    return _on_white(_eight_bits(picture))


def _opened(picture: Any) -> Image:
    from PIL import Image  # noqa: PLC0415

    if isinstance(picture, Image.Image):
        return picture
    if isinstance(picture, bytes | bytearray | memoryview):
        return Image.open(io.BytesIO(picture))
    if isinstance(picture, str | os.PathLike):
        return Image.open(io.BytesIO(Path(picture).read_bytes()))
    raise TypeError(f"{type(picture).__name__}")


def _eight_bits(image: Image) -> Image:
    """Bring more bits a pixel to 8; PIL itself cuts them off at 255."""
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
