"""Hover media: pictures and texts of the rows."""

from __future__ import annotations

import base64
import io
import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import InitVar, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .._files import content
from .._progress import progress
from .._threads import cores
from .containers import as_pandas, is_counted, row_names
from .decoded import TURNED, bytes_or_path, eight_bits
from .gaps import is_missing, tensor_values
from .pixels import as_bytes, channels_last, white_of

if TYPE_CHECKING:
    from PIL.Image import Image

THUMBNAIL = 96  # pixels: the pane shows 72, a dense screen more
FEW = 300  # pictures that are read without a bar and without threads
AS_PNG = 32  # pixels up to which every one of them counts
QUALITY = 85
# What browsers show, by how the bytes begin.
SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpeg",
    b"GIF87a": "gif",
    b"GIF89a": "gif",
    b"RIFF": "webp",
    b"BM": "bmp",
}


@dataclass(frozen=True, eq=False)
class Media:
    """Pictures and texts that the viewer shows when a point is hovered.

    Pictures are read and made small at once, so that one that cannot be read is told
    where it was handed over; for more than some hundreds a bar shows how far it is.
    With `on_disk` files stay where they are until they are looked at.

    Parameters
    ----------
    pictures
        One a row, or empty: encoded bytes (PNG, JPEG, WebP, GIF, BMP, TIFF), paths, PIL
        pictures, or arrays and tensors ``(H, W)``, ``(H, W, C)`` or ``(C, H, W)`` with
        1, 3 or 4 channels; bool, whole numbers up to 255 or 65,535, or fractions of 1.
        None, NaN and empty entries mean that a row has none. A Series or a dict names
        their rows. Afterwards encoded bytes, ``b""`` where a row has none.
    texts
        One a row, or empty, in the same way; afterwards ``""`` where a row has none.
    thumbnails
        The longest side of the pictures that are kept, in pixels. Bytes of no larger
        pictures stay as they are. False keeps every picture in its full size, and
        encoded bytes unread.
    on_disk
        Leave pictures, which then have to be paths, on disk until each is looked at.
        Now it is only made sure that they are there; one that cannot be read later is
        warned of and left out.
    names
        Row names, where a Series or a dict had them; data are paired by them.

    Raises
    ------
    ValueError
        If a picture cannot be read or is larger than ``PIL.Image.MAX_IMAGE_PIXELS``,
        or a text is none.

    Examples
    --------
    >>> media = Media([np.zeros((500, 250, 3), np.uint8), None], ["a wall", None])
    >>> media.pictures[1], media.texts
    (b'', ('a wall', ''))
    """

    pictures: Sequence[bytes] = ()
    texts: tuple[str, ...] = ()
    thumbnails: InitVar[int | bool] = field(default=THUMBNAIL, kw_only=True)
    on_disk: InitVar[bool] = field(default=False, kw_only=True)
    names: Any = field(default=None, init=False, repr=False)

    def __post_init__(self, thumbnails: int | bool, on_disk: bool) -> None:
        side = _side(thumbnails)
        _check.flag("on_disk", on_disk)
        pictures, picture_names = _entries("pictures", self.pictures)
        texts, text_names = _entries("texts", self.texts)
        texts = [_text(row, text) for row, text in enumerate(texts)]
        names = picture_names
        if picture_names is None:
            names = text_names
        elif text_names is not None and not picture_names.equals(text_names):
            texts = _paired(texts, text_names, picture_names)
        small = _left_on_disk(pictures, side) if on_disk else _encoded(pictures, side)
        object.__setattr__(self, "pictures", small)
        object.__setattr__(self, "texts", tuple(texts))
        object.__setattr__(self, "names", names)

    def __len__(self) -> int:
        return max(len(self.pictures), len(self.texts))

    def take(self, index: npt.NDArray[np.intp]) -> Media:
        """Return the media of the rows at `index`; none where that is -1."""
        pictures: Sequence[bytes] = ()
        if isinstance(self.pictures, PictureFiles):
            pictures = self.pictures.take(index)
        elif self.pictures:
            pictures = tuple(self.pictures[i] if i >= 0 else b"" for i in index)
        return stored_media(
            pictures,
            tuple(self.texts[i] if i >= 0 else "" for i in index) if self.texts else (),
        )


@dataclass(frozen=True)
class PictureFiles(Sequence[bytes]):
    """Encoded pictures of files, each read and made small when it is looked at.

    Parameters
    ----------
    paths
        One a row, or "" where a row has none.
    side
        Longest side, in pixels; 0 for their own.

    Examples
    --------
    >>> PictureFiles(("",), 96)[0], len(PictureFiles(("", ""), 96))
    (b'', 2)
    """

    paths: tuple[str, ...]
    side: int

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return PictureFiles(self.paths[row], self.side)
        if not self.paths[row]:
            return b""
        try:
            return _each(
                lambda job: _picture(*job, self.side), [(row, self.paths[row])]
            )[0]
        except ValueError as error:
            warnings.warn(f"{error} It is left out.", UserWarning, stacklevel=2)
            return b""

    def take(self, index: npt.NDArray[np.intp]) -> PictureFiles:
        """Return those of the rows at `index`; none where that is -1."""
        paths = tuple(self.paths[i] if i >= 0 else "" for i in index)
        return PictureFiles(paths, self.side)


def enlarged(picture: npt.NDArray[np.uint8], zoom: int) -> bytes:
    """Return a small picture as PNG, every pixel of it as a square.

    Parameters
    ----------
    picture
        ``(H, W)`` or ``(H, W, 3)``.
    zoom
        Pixels of a square's side.

    Examples
    --------
    >>> enlarged(np.zeros((2, 2), np.uint8), 4)[1:4]
    b'PNG'
    """
    from PIL import Image  # noqa: PLC0415 (importing the package stays light)

    large = picture.repeat(zoom, axis=0).repeat(zoom, axis=1)
    buffer = io.BytesIO()
    Image.fromarray(large).save(buffer, "PNG")
    return buffer.getvalue()


def stored_media(pictures: Sequence[bytes], texts: tuple[str, ...]) -> Media:
    """Return media of what other media held, as it stands.

    Examples
    --------
    >>> stored_media((), ("a wall",)).texts
    ('a wall',)
    """
    media = Media()
    object.__setattr__(media, "pictures", pictures)
    object.__setattr__(media, "texts", texts)
    return media


def as_media(media: Any, n: int, first: str) -> Media:
    """Return media of as many rows as the data, or empty.

    Raises
    ------
    TypeError
        If it is something else than media.
    ValueError
        If it has another number of rows.

    Examples
    --------
    >>> as_media(None, 3, "rna")
    Media(pictures=(), texts=())
    """
    if media is None:
        return Media()
    check_media(media)
    for name, values in (("pictures", media.pictures), ("texts", media.texts)):
        if values:
            _check.rows(name, len(values), n, first)
    return stored_media(media.pictures, media.texts)


def check_media(media: Any) -> None:
    """Refuse what is no `Media`.

    Examples
    --------
    >>> check_media(["a wall"])
    Traceback (most recent call last):
    ...
    TypeError: `media` must be refnet_viz.data.Media(pictures, texts), got list.
    """
    if not isinstance(media, Media):
        raise TypeError(
            "`media` must be refnet_viz.data.Media(pictures, texts), "
            f"got {type(media).__name__}."
        )


def data_address(kind: str, content: bytes) -> str:
    """Return content as a data address.

    Examples
    --------
    >>> data_address("text/plain", b"ab")
    'data:text/plain;base64,YWI='
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def mime_of(picture: bytes) -> str:
    """Return the MIME type of a picture's bytes.

    Examples
    --------
    >>> mime_of(b"GIF89a"), mime_of(b"?")
    ('image/gif', 'image/jpeg')
    """
    for signature, kind in SIGNATURES.items():
        if picture.startswith(signature):
            return f"image/{kind}"
    return "image/tiff" if picture[:4] in _TIFF else "image/jpeg"


_LONGEST = 120
_TIFF = (b"II*\0", b"MM\0*")


def _side(thumbnails: Any) -> int:
    """Return the longest side that is kept, 0 for any."""
    if thumbnails is False:
        return 0
    if thumbnails is True:
        return THUMBNAIL
    whole = isinstance(thumbnails, int | np.integer)
    if not whole or not 8 <= thumbnails <= 4096:
        raise ValueError(
            "`thumbnails` must be a number of pixels from 8 to 4096, or False, "
            f"got {_check.shown(thumbnails)}."
        )
    return int(thumbnails)


def _entries(name: str, values: Any) -> tuple[list[Any], pd.Index | None]:
    """Return one entry a row, and the names of the rows if they have any."""
    if hasattr(values, "detach"):
        values = tensor_values(values, name)
    values = () if values is None else as_pandas(values, name)
    names = None
    if isinstance(values, pd.DataFrame):
        if values.shape[1] != 1:
            raise ValueError(f"`{name}` must be one column, got {values.shape[1]}.")
        values = values.iloc[:, 0]
    if isinstance(values, pd.Series):
        names = None if is_counted(values.index) else row_names(name, values.index)
    if isinstance(values, np.ndarray):
        values = _of_array(name, values)
    # A word can be gone through, letter by letter, and a picture is one row; a set
    # has no order.
    single = isinstance(values, str | bytes | os.PathLike | set | frozenset)
    if single or not hasattr(values, "__iter__"):
        raise TypeError(
            f"`{name}` must be a list with one entry a row, "
            f"got {type(values).__name__}."
        )
    return list(values), names


def _of_array(name: str, values: npt.NDArray[Any]) -> list[Any]:
    """Return the entries of an array; pictures in one share what white is."""
    if values.ndim and values.dtype.kind not in "biufc":
        return list(values)
    if name != "pictures" or values.ndim not in (3, 4):
        raise ValueError(
            f"`{name}` must have one entry a row, got {values.dtype} "
            f"of shape {values.shape}."
        )
    pixels = channels_last(name, values)
    if pixels.dtype == np.uint8:
        return list(pixels)
    missing = _are_missing(pixels)
    present = pixels[~missing]
    white = white_of(present) if present.size else 1.0
    return [
        None if absent else _bytes_of(row, one, white)
        for row, (one, absent) in enumerate(zip(pixels, missing, strict=True))
    ]


def _are_missing(pixels: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    if pixels.dtype.kind != "f":
        return np.zeros(len(pixels), dtype=bool)
    return np.asarray(np.isnan(pixels).reshape(len(pixels), -1).all(axis=1))


def _is_empty(entry: Any) -> bool:
    """Return whether there is no picture or text: also where it is empty."""
    return is_missing(entry) or (isinstance(entry, str | bytes) and not entry)


def _text(row: int, entry: Any) -> str:
    if _is_empty(entry):
        return ""
    if isinstance(entry, bytes):
        return entry.decode("utf-8", "surrogateescape")
    if not isinstance(entry, str):
        shown = _check.shown(entry)
        raise TypeError(f"`texts` must hold text, got {shown} in row {row}.")
    return str(entry)


def _paired(texts: list[str], names: pd.Index, target: pd.Index) -> list[str]:
    """Return texts in the order of the pictures' names."""
    order = names.get_indexer(target)
    lacking = target[order < 0]
    if len(lacking) or len(names) != len(target):
        raise ValueError(
            "`texts` must name the rows that `pictures` names, got "
            f"{len(names)} and {len(target)} names, {len(target) - len(lacking)} of "
            f"them in both."
        )
    return [texts[place] for place in order]


def _left_on_disk(entries: list[Any], side: int) -> PictureFiles:
    """Return pictures by their paths, once it is sure that they are there."""
    paths = []
    for row, entry in enumerate(entries):
        if _is_empty(entry):
            paths.append("")
            continue
        if not isinstance(entry, str | os.PathLike):
            raise TypeError(
                "`pictures` must be paths to be left on disk, "
                f"got {type(entry).__name__} in row {row}."
            )
        path = _check.path("pictures", entry).absolute()
        if not path.is_file():
            raise ValueError(
                f"`pictures` must name files that are there, got {_cut(entry)!r} in "
                f"row {row}."
            )
        paths.append(str(path))
    return PictureFiles(tuple(paths), side)


def _encoded(entries: list[Any], side: int) -> tuple[bytes, ...]:
    """Return every picture as encoded bytes; equal bytes are read once."""
    if not side and all(isinstance(entry, bytes) for entry in entries):
        return tuple(entries)

    def encode(job: tuple[int, Any]) -> bytes:
        return _picture(*job, side)

    jobs = dict[Any, tuple[int, Any]]()
    keys = [
        entry if isinstance(entry, bytes | str) else (row,)
        for row, entry in enumerate(entries)
    ]
    for row, (key, entry) in enumerate(zip(keys, entries, strict=True)):
        jobs.setdefault(key, (row, entry))
    blobs = _each(encode, list(jobs.values()))
    encoded = dict(zip(jobs, blobs, strict=True))
    return tuple(encoded[key] for key in keys)


def _each(
    encode: Callable[[tuple[int, Any]], bytes], jobs: Sequence[tuple[int, Any]]
) -> list[bytes]:
    from PIL import Image  # noqa: PLC0415 (importing the package stays light)

    with warnings.catch_warnings():  # once: it is no matter of one thread
        warnings.simplefilter("ignore")  # of small flaws in files
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        if len(jobs) <= FEW:
            return [encode(job) for job in jobs]
        with ThreadPoolExecutor(min(8, cores())) as pool:
            results = pool.map(encode, jobs)
            bar = progress(results, "pictures", total=len(jobs), delay=1)
            try:
                return list(bar)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


def _picture(row: int, entry: Any, side: int) -> bytes:
    """Return one picture as encoded bytes, empty where there is none."""
    entry = bytes_or_path(entry)
    if _is_empty(entry):
        return b""
    if isinstance(entry, bytearray | memoryview):
        entry = bytes(entry)
    if isinstance(entry, str | os.PathLike):
        return _of_bytes(row, _read(row, entry), side, repr(_cut(entry)))
    if isinstance(entry, bytes):
        return _of_bytes(row, entry, side, f"{len(entry):,} bytes")
    if hasattr(entry, "getexif") and hasattr(entry, "mode"):
        return _guarded(
            row, f"a picture of {entry.size}", lambda: encoded_small(entry, side)
        )
    return _of_pixels(row, entry, side)


def _read(row: int, path: str | os.PathLike[str]) -> bytes:
    try:
        return content(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ValueError(
            f"`pictures` must name files that can be read, "
            f"got {_cut(path)!r} in row {row} ({reason})."
        ) from error


def _cut(path: str | os.PathLike[str]) -> str:
    """Return the end of a path, which tells files apart."""
    text = str(path)
    return text if len(text) <= _LONGEST else f"…{text[-_LONGEST:]}"


def _of_bytes(row: int, data: bytes, side: int, called: str) -> bytes:
    if not side or data in SIGNATURES:  # a signature alone stands for a picture
        return data

    def made() -> bytes:
        from PIL import Image  # noqa: PLC0415

        with Image.open(io.BytesIO(data)) as image:
            if _is_small(image, len(data), side):
                image.load()  # so that a file that is cut off is told here
                return data
            return encoded_small(image, side)

    return _guarded(row, called, made)


def _guarded(row: int, called: str, encode: Callable[[], bytes]) -> bytes:
    """Return the encoded picture, or raise a sentence that names row and fault."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415

    try:
        return encode()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(
            "`pictures` must have at most PIL.Image.MAX_IMAGE_PIXELS "
            f"({Image.MAX_IMAGE_PIXELS:,}) pixels, got {called} in row {row} "
            f"({str(error).split(',')[0]})."
        ) from error
    except UnidentifiedImageError as error:
        raise ValueError(
            "`pictures` must hold pictures of a known format, "
            f"got {called} in row {row}."
        ) from error
    # PIL lets out whatever its readers of formats meet in a damaged file.
    except Exception as error:
        raise ValueError(
            "`pictures` must hold pictures that can be read, "
            f"got {called} in row {row} ({str(error).rstrip('.')})."
        ) from error


def _is_small(image: Image, size: int, side: int) -> bool:
    """Return whether a browser shows the bytes as they are, and they are few."""
    return (
        (image.format or "").lower() in SIGNATURES.values()
        and max(image.size) <= side
        and size <= 4 * image.width * image.height + 4096
        and getattr(image, "n_frames", 1) == 1
        and image.mode != "CMYK"
        and image.getexif().get(TURNED, 1) == 1
    )


def encoded_small(image: Image, side: int) -> bytes:
    """Return a picture upright, no larger than asked, as PNG or JPEG.

    Parameters
    ----------
    image
        An opened picture of PIL.
    side
        The longest side in pixels; 0 keeps its size.

    Examples
    --------
    >>> from PIL import Image
    >>> mime_of(encoded_small(Image.new("RGB", (200, 100)), 96))
    'image/jpeg'
    """
    from PIL import Image as images  # noqa: PLC0415, N813
    from PIL import ImageOps  # noqa: PLC0415

    image.seek(0) if getattr(image, "is_animated", False) else None
    exif = image.getexif()
    if side and image.format == "JPEG":
        image.draft("RGB", (2 * side, 2 * side))  # decodes no more than is needed
    plain = _plain(image)
    if side:
        plain.thumbnail((side, side), images.Resampling.LANCZOS, reducing_gap=2)
    plain.getexif()[TURNED] = exif.get(TURNED, 1)
    plain = ImageOps.exif_transpose(plain)
    for word in ("exif", "icc_profile", "xmp", "transparency"):
        plain.info.pop(word, None)
    buffer = io.BytesIO()
    if plain.mode in ("RGBA", "LA") or max(plain.size) <= AS_PNG:
        plain.save(buffer, "PNG", exif=b"")
    else:
        plain.save(buffer, "JPEG", quality=QUALITY, exif=b"")
    return buffer.getvalue()


def _plain(image: Image) -> Image:
    """Return a copy in grey or colour, with alpha where some of it is transparent."""
    image = eight_bits(image)
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        clear = image.convert("RGBA")
        if clear.getchannel(3).getextrema() != (255, 255):
            return clear
        return clear.convert("RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _of_pixels(row: int, entry: Any, side: int) -> bytes:
    """Return an array or a tensor as encoded bytes."""
    from PIL import Image  # noqa: PLC0415

    is_tensor = hasattr(entry, "detach")
    array = tensor_values(entry, "pictures") if is_tensor else np.asarray(entry)
    if array.dtype.kind not in "biuf" or array.ndim not in (2, 3) or not array.size:
        raise TypeError(
            "`pictures` must hold bytes, paths, PIL pictures or arrays of 2 or 3 axes, "
            f"got {type(entry).__name__} of shape {array.shape} in row {row}."
        )
    if _are_missing(array[None]).all():
        return b""
    pixels = _bytes_of(row, array)
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    return _guarded(
        row, f"an array of {array.shape}", lambda: encoded_small(image, side)
    )


def _bytes_of(
    row: int, array: npt.NDArray[Any], white: float | None = None
) -> npt.NDArray[np.uint8]:
    """Return ``(H, W, C)`` bytes of a picture of any numbers."""
    if array.dtype.kind == "b":
        array, white = array.astype(np.uint8), 1.0
    try:
        stack = channels_last("pictures", array[None])
        return as_bytes("pictures", stack, white)[0]
    except ValueError as error:
        raise ValueError(f"{str(error)[:-1]} in row {row}.") from error
