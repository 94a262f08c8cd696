"""Checks of arguments; each error names argument, rule and value in one sentence."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

LONGEST = 80  # letters of a value in an error
_MOST = 1_000_000  # values that are listed one by one
_NAME = 255  # bytes of a name that file systems take


def first_line(error: BaseException) -> str:
    """Return the first line of another library's error, without a full stop.

    Examples
    --------
    >>> first_line(ValueError("bad magic.")), first_line(KeyError())
    ('bad magic', 'KeyError')
    """
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")


def shown(value: object) -> str:
    """Return what Python calls a value, in one line of at most 80 letters.

    Examples
    --------
    >>> shown("a"), shown(np.eye(2)), len(shown([7] * 99))
    ("'a'", 'array([[1., 0.], [0., 1.]])', 80)
    """
    text = " ".join(repr(value).split()) if not isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def instance(name: str, value: Any, kind: type[Any], *, example: str = "") -> Any:
    """Return `value` when it is of a class.

    Examples
    --------
    >>> instance("data", [1], dict)
    Traceback (most recent call last):
    ...
    TypeError: `data` must be a dict, got list.
    """
    if isinstance(value, kind):
        return value
    article = "an" if kind.__name__[0] in "AEIOU" else "a"
    rule = example or f"be {article} {kind.__name__}"
    raise TypeError(f"`{name}` must {rule}, got {type(value).__name__}.")


def several(name: str, values: Any) -> list[Any]:
    """Return the entries of a list or of anything else that holds up to a million.

    No mapping, whose values would be ignored, and no word, of which each letter would
    be a value. A set, which has no order, is sorted.

    Examples
    --------
    >>> several("levels", range(2)), several("levels", {10, 2})
    ([0, 1], [2, 10])
    >>> several("levels", 3)
    Traceback (most recent call last):
    ...
    TypeError: `levels` must hold several values, got 3.
    """
    listed: Any = None if isinstance(values, Mapping | str | bytes) else values
    try:
        entries = list(islice(listed, _MOST + 1))
    except (TypeError, RuntimeError) as error:  # torch says the latter
        raise TypeError(
            f"`{name}` must hold several values, got {shown(values)}."
        ) from error
    if len(entries) > _MOST:
        raise ValueError(f"`{name}` must hold at most {_MOST:,} values, got more.")
    if isinstance(values, set | frozenset):
        with suppress(TypeError):  # of entries that have no order either
            return sorted(entries)
    return entries


def ordered(name: str, values: Any) -> list[Any]:
    """Return the entries of what holds them in an order, as `several` does; no set.

    Examples
    --------
    >>> ordered("class_names", {"yes"})
    Traceback (most recent call last):
    ...
    TypeError: `class_names` must hold values in an order, got the set {'yes'}.
    """
    if isinstance(values, set | frozenset):
        kind = type(values).__name__
        raise TypeError(
            f"`{name}` must hold values in an order, got the {kind} {shown(values)}."
        )
    return several(name, values)


def path(name: str, value: Any) -> Path:
    """Return `value` as a path when a file can have that name.

    Examples
    --------
    >>> path("folder", 3)
    Traceback (most recent call last):
    ...
    TypeError: `folder` must be a path or its text, got int.
    >>> path("folder", "")
    Traceback (most recent call last):
    ...
    ValueError: `folder` must name a file or a folder, got ''.
    """
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str):
        raise TypeError(
            f"`{name}` must be a path or its text, got {type(value).__name__}."
        )
    try:
        longest = max((len(os.fsencode(part)) for part in Path(text).parts), default=1)
    except UnicodeEncodeError:  # half a character
        longest = _NAME + 1
    if not text or "\0" in text or longest > _NAME:
        raise ValueError(f"`{name}` must name a file or a folder, got {shown(text)}.")
    return Path(text)


def file(name: str, value: Any) -> Path:
    """Return the path of a file that is there: no folder, no device, no pipe.

    Examples
    --------
    >>> file("path", "nowhere.npz")
    Traceback (most recent call last):
    ...
    FileNotFoundError: `path` must name a file, got 'nowhere.npz'.
    """
    place = path(name, value)
    if not place.is_file():
        raise FileNotFoundError(f"`{name}` must name a file, got {str(place)!r}.")
    return place


def folder(name: str, value: Any, *, of: str = "") -> Path:
    """Return the path of a folder that is there.

    Examples
    --------
    >>> folder("root", "nowhere", of="of pictures")
    Traceback (most recent call last):
    ...
    FileNotFoundError: `root` must be a folder of pictures, got 'nowhere'.
    """
    place = path(name, value)
    if not place.is_dir():
        rule = f"a folder {of}".rstrip()
        raise FileNotFoundError(f"`{name}` must be {rule}, got {str(place)!r}.")
    return place


def new_file(name: str, value: Any) -> Path:
    """Return the path of a file to be written, in a folder that is there.

    A file may stand there already, but no folder, device or pipe.

    Examples
    --------
    >>> new_file("path", "nowhere/page.html")
    Traceback (most recent call last):
    ...
    FileNotFoundError: `path` must lie in a folder that exists, got 'nowhere/page.html'.
    """
    place = path(name, value)
    if not place.parent.is_dir():
        # Said before minutes of work, not after.
        raise FileNotFoundError(
            f"`{name}` must lie in a folder that exists, got {str(place)!r}."
        )
    if place.exists() and not place.is_file():
        what = "a folder" if place.is_dir() else "a device or a pipe"
        raise ValueError(f"`{name}` must name a file, got {str(place)!r}, {what}.")
    return place


def new_folder(name: str, value: Any) -> Path:
    """Return the path of a folder that is there, or can be made.

    Examples
    --------
    >>> new_folder("folder", f"{os.devnull}/runs") # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    NotADirectoryError: `folder` must be a folder that can be written, got ...
    """
    place = path(name, value)
    nearest = next(one for one in (place, *place.absolute().parents) if one.exists())
    if not nearest.is_dir():
        reason = "File exists" if nearest == place.absolute() else "Not a directory"
        raise NotADirectoryError(
            f"`{name}` must be a folder that can be written, got {str(place)!r} "
            f"({reason})."
        )
    return place


def flag(name: str, value: Any) -> bool:
    """Return `value` when it is True or False.

    Examples
    --------
    >>> flag("caption", 1)
    Traceback (most recent call last):
    ...
    TypeError: `caption` must be True or False, got 1.
    """
    if isinstance(value, bool | np.bool_):
        return bool(value)
    raise TypeError(f"`{name}` must be True or False, got {shown(value)}.")


def one_of(name: str, value: object, options: Collection[str]) -> str:
    """Return `value` when it is one of `options`.

    Examples
    --------
    >>> one_of("metric", "cosin", ["cosine", "euclidean"])
    Traceback (most recent call last):
    ...
    ValueError: `metric` must be one of 'cosine', 'euclidean', got 'cosin'.
    """
    if isinstance(value, str) and value in options:
        # The option itself: the value may be text of another class.
        return next(option for option in options if option == value)
    names = ", ".join(repr(option) for option in options)
    raise ValueError(f"`{name}` must be one of {names}, got {shown(value)}.")


def several_of(
    name: str, value: Any, options: Collection[str], *, none: bool = False
) -> list[str]:
    """Return a name or some names, each once, when all are among the options.

    An empty list is refused unless `none` allows it. A set, which has no order, means
    its names in the order of the options.

    Examples
    --------
    >>> several_of("metrics", "a", ["a", "b"]), several_of("metrics", ("b",), ["b"])
    (['a'], ['b'])
    >>> several_of("metrics", {"b", "a"}, ["a", "b"])
    ['a', 'b']
    >>> several_of("metrics", 3, ["a"])
    Traceback (most recent call last):
    ...
    TypeError: `metrics` must be a name or a list of names, got int.
    """
    if isinstance(value, str):
        value = [value]
    single = not isinstance(value, Iterable) or getattr(value, "shape", None) == ()
    if single or isinstance(value, Mapping):
        raise TypeError(
            f"`{name}` must be a name or a list of names, got {type(value).__name__}."
        )
    names = [one_of(name, each, options) for each in several(name, value)]
    if not names and not none:
        raise ValueError(f"`{name}` must have at least one name, got none.")
    unique(name, names)
    if isinstance(value, set | frozenset):
        return [option for option in options if option in names]
    return names


def is_whole(value: object) -> bool:
    """Return whether a value is a whole number: no bool, and no duration.

    Examples
    --------
    >>> is_whole(np.int8(3)), is_whole(True), is_whole(np.timedelta64(3, "s"))
    (True, False, False)
    """
    whole = isinstance(value, int | np.integer)
    return whole and not isinstance(value, bool | np.timedelta64)


def integer(name: str, value: Any, *, low: int, high: int | None = None) -> int:
    """Return `value` as an int when it is whole and between `low` and `high`.

    Examples
    --------
    >>> integer("k", 9, low=1, high=5)
    Traceback (most recent call last):
    ...
    ValueError: `k` must be a whole number between 1 and 5, got 9.
    """
    if is_whole(value) and value >= low and (high is None or value <= high):
        return int(value)
    rule = f"of at least {low}" if high is None else f"between {low} and {high}"
    raise ValueError(f"`{name}` must be a whole number {rule}, got {shown(value)}.")


def repeats(name: str, value: Any, *, low: int, each: int = 1) -> int:
    """Return how often something random is drawn: at most 100,000 times.

    Fewer where all draws, of `each` numbers, would take more than 2 GiB.

    Examples
    --------
    >>> repeats("permutations", 10**6, low=1)
    Traceback (most recent call last):
    ...
    ValueError: `permutations` must be a whole number between 1 and 100000, got 1000000.
    """
    return integer(name, value, low=low, high=max(low, min(100_000, 2**28 // each)))


def number(
    name: str, value: Any, *, low: float = -np.inf, high: float = np.inf
) -> float:
    """Return `value` as a float when it is finite and between `low` and `high`.

    Examples
    --------
    >>> number("dropout", float("nan"), low=0, high=1)
    Traceback (most recent call last):
    ...
    ValueError: `dropout` must be a finite number between 0 and 1, got nan.
    """
    real = is_whole(value) or isinstance(value, float | np.floating)
    if real and low <= value <= high:
        try:
            as_float = float(value)
        except OverflowError:  # a whole number of hundreds of digits
            as_float = np.inf
        if np.isfinite(as_float):
            return as_float
    rule = ""
    if np.isfinite(low) and np.isfinite(high):
        rule = f" between {low:g} and {high:g}"
    elif np.isfinite(low):
        rule = f" of at least {low:g}"
    raise ValueError(f"`{name}` must be a finite number{rule}, got {shown(value)}.")


K = 15  # neighbours a point, where nobody said how many


def k_or_default(k: Any, n: int, *, those: str = "other points") -> int:
    """Return `k` as `k_neighbors` does, or as many as fit, at most 15, for None.

    Examples
    --------
    >>> k_or_default(None, 100), k_or_default(None, 8), k_or_default(5, 8)
    (15, 7, 5)
    """
    if k is not None:
        return k_neighbors(k, n, those=those)
    if n < 2:
        raise ValueError(f"`k` must have at least 1 of the {those}, got {n - 1}.")
    return min(K, n - 1)


def k_neighbors(k: Any, n: int, *, those: str = "other points") -> int:
    """Return `k` when every one of `n` points has that many other points.

    The error calls them `those`.

    Examples
    --------
    >>> k_neighbors(4, 4)
    Traceback (most recent call last):
    ...
    ValueError: `k` must be between 1 and 3 (the number of other points), got 4.
    """
    if is_whole(k) and 1 <= k < n:
        return int(k)
    raise ValueError(
        f"`k` must be between 1 and {n - 1} (the number of {those}), got {shown(k)}."
    )


def finite(name: str, values: npt.NDArray[Any]) -> None:
    """Refuse NaN and infinity, saying in which row the first one stands.

    Examples
    --------
    >>> finite("image", np.array([[0.0], [np.nan]]))
    Traceback (most recent call last):
    ...
    ValueError: `image` must hold finite numbers only, got nan in row 1.
    """
    if not np.issubdtype(values.dtype, np.inexact):
        return
    bad = ~np.isfinite(values)
    if bad.any():
        where = np.argwhere(bad)[0]
        raise ValueError(
            f"`{name}` must hold finite numbers only, "
            f"got {values[tuple(where)]} in row {where[0]}."
        )


def rows(name: str, count: int, expected: int, of: str) -> None:
    """Refuse an array whose number of rows differs from that of another.

    Examples
    --------
    >>> rows("text", 5, 6, "image")
    Traceback (most recent call last):
    ...
    ValueError: `text` must have as many rows as `image` (6), got 5.
    """
    if count != expected:
        raise ValueError(
            f"`{name}` must have as many rows as `{of}` ({expected}), got {count}."
        )


def unique(name: str, values: Sequence[str] | npt.NDArray[Any]) -> None:
    """Refuse repeated entries, naming the first.

    Examples
    --------
    >>> unique("ids", ["a", "b", "a"])
    Traceback (most recent call last):
    ...
    ValueError: `ids` must be unique, got 'a' more than once.
    """
    earlier: set[str] = set()
    for value in values:
        if getattr(value, "__hash__", None) is None:
            raise TypeError(f"`{name}` must hold names, got {shown(value)}.")
        if value in earlier:
            raise ValueError(
                f"`{name}` must be unique, got {str(value)!r} more than once."
            )
        earlier.add(value)


def unmasked(name: str, values: Any) -> Any:
    """Return `values`, of a tensor without its gradient, unless an entry is masked.

    Examples
    --------
    >>> unmasked("labels", np.ma.masked_all(2))
    Traceback (most recent call last):
    ...
    ValueError: `labels` must hold a number everywhere, got a masked entry.
    """
    if hasattr(values, "detach"):
        values = values.detach()
    if np.ma.isMaskedArray(values) and np.ma.getmaskarray(values).any():
        raise ValueError(f"`{name}` must hold a number everywhere, got a masked entry.")
    return values


def numbers(name: str, values: Any) -> npt.NDArray[np.float64]:
    """Return `values` as a float64 array when they are real numbers.

    Examples
    --------
    >>> numbers("radius", [1, True]).tolist()
    [1.0, 1.0]
    >>> numbers("radius", ["1.5"])
    Traceback (most recent call last):
    ...
    TypeError: `radius` must hold real numbers, got ['1.5'].
    """
    values = unmasked(name, values)
    try:
        array = np.asarray(values)
        if array.dtype.kind == "O" and not any(
            isinstance(entry, str | bytes | complex) for entry in array.flat
        ):
            array = array.astype(np.float64)
    except (TypeError, ValueError, RuntimeError, OverflowError):  # of other libraries
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"`{name}` must hold real numbers, got {shown(values)}.")
    # In rows: sums over another order of memory have other last digits.
    return np.asarray(array, dtype=np.float64, order="C")


def matrix(name: str, values: Any) -> npt.NDArray[np.float64]:
    """Return `values` as a finite float64 matrix.

    Examples
    --------
    >>> matrix("z", [1.0, 2.0])
    Traceback (most recent call last):
    ...
    ValueError: `z` must be a matrix of shape (rows, features), got shape (2,).
    """
    array = numbers(name, values)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(
            f"`{name}` must be a matrix of shape (rows, features), "
            f"got shape {array.shape}."
        )
    finite(name, array)
    return array
