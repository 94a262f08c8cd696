"""Selection of table columns, and arrays from columns of lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Numbers = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]

# A list of names and patterns, one of either, a regular expression, or a test.
Choice = str | Sequence[str] | re.Pattern[str] | Callable[[str], bool]

JOKERS = re.compile(r"[*?\[]")


def known_column(argument: str, name: Any, columns: Sequence[str]) -> str:
    """Return the name of a column that is there.

    Raises
    ------
    ValueError
        If there is none, with the names that are nearest.

    Examples
    --------
    >>> known_column("labels", "lable", ["label", "x"])
    Traceback (most recent call last):
    ...
    ValueError: `labels` must name a column of `source`, got 'lable'; nearest: 'label'.
    """
    if str(name) in columns:
        return str(name)
    lower = {column.lower(): column for column in columns}
    near = [
        lower[key] for key in get_close_matches(str(name).lower(), lower, n=3)
    ] or list(columns[:8])
    kind = "nearest" if len(near) < len(columns) or len(near) <= 3 else "it has"
    names = ", ".join(repr(column) for column in near)
    raise ValueError(
        f"`{argument}` must name a column of `source`, got {name!r}; {kind}: {names}."
    )


def chosen(
    argument: str,
    choice: Choice,
    columns: Sequence[str],
    taken: Collection[str] = (),
) -> list[str]:
    """Return the columns that names, patterns or a test mean, in the table's order.

    Parameters
    ----------
    argument
        What the caller calls it.
    choice
        A name or a list of them, each of which may be a pattern such as ``"gene_*"``;
        a compiled regular expression, which the whole name has to match; or a
        function of a name that returns whether the column is meant.
    columns
        Names of the table's columns.
    taken
        Columns that mean something else, such as labels, which no pattern takes.

    Raises
    ------
    ValueError
        If a name is unknown, or a pattern matches nothing.

    Examples
    --------
    >>> chosen("rna", ["gene_*", "age"], ["id", "gene_a", "gene_b", "age"])
    ['gene_a', 'gene_b', 'age']
    """
    free = [column for column in columns if column not in taken]
    if isinstance(choice, re.Pattern):
        return _some(argument, choice.pattern, filter(choice.fullmatch, free))
    if callable(choice):
        name = getattr(choice, "__name__", "the function")
        return _some(argument, name, filter(choice, free))
    names: list[str] = []
    for name in [choice] if isinstance(choice, str) else choice:
        if str(name) not in columns and JOKERS.search(str(name)):
            matching = [key for key in free if fnmatchcase(key, str(name))]
            names += _some(argument, name, matching)
        else:
            names.append(known_column(argument, name, columns))
    return list(dict.fromkeys(names))


def _some(argument: str, pattern: str, columns: Any) -> list[str]:
    names = list(columns)
    if not names:
        raise ValueError(
            f"`{argument}` must match a column of `source`, got {pattern!r}, which "
            "matches none."
        )
    return names


def first_odd(column: pd.Series[Any]) -> int | None:
    """Return the row of the first entry that is neither a number nor missing.

    Examples
    --------
    >>> first_odd(pd.Series(["1", "x", None])), first_odd(pd.Series([1, 2]))
    (1, None)
    """
    if pd.api.types.is_numeric_dtype(column.dtype):
        return None
    numbers = pd.to_numeric(column.astype(object), errors="coerce")
    odd = np.flatnonzero(numbers.isna() & ~column.isna())
    if len(odd):
        return int(odd[0])
    # Text may look like numbers throughout, as the id "007" does.
    words = [isinstance(entry, str) for entry in column]
    return words.index(True) if True in words else None


def is_array_type(kind: Any) -> bool:
    """Return whether an Arrow type is one of lists of numbers, however deep.

    Examples
    --------
    >>> import pyarrow as pa
    >>> is_array_type(pa.list_(pa.float32(), 8)), is_array_type(pa.list_(pa.string()))
    (True, False)
    """
    import pyarrow as pa  # noqa: PLC0415 (there, as a type of it is)

    depth = 0
    kind = stored_type(kind)
    while _is_list(pa, kind):
        kind, depth = kind.value_type, depth + 1
    plain = pa.types.is_floating(kind) or pa.types.is_integer(kind)
    return bool(depth and (plain or pa.types.is_boolean(kind)))


def holds_plain_values(table: Any, name: str) -> bool:
    """Return whether a column of a `Table` holds neither arrays nor bytes.

    Examples
    --------
    >>> from .sources import Table
    >>> table = Table(pd.DataFrame({"a": [1], "b": [b"GIF89a"], "c": [[1.5, 2.5]]}))
    >>> [holds_plain_values(table, name) for name in "abc"]
    [True, False, False]
    """
    column = table.arrow(name)
    if column is not None:
        return not is_array_type(column.type) and not _holds_bytes(column.type)
    series = table.series(name)
    first = series.first_valid_index() if series.dtype == object else None
    return first is None or not _is_array_or_bytes(series.loc[first])


def is_bytes_type(kind: Any) -> bool:
    """Return whether an Arrow type is one of bytes.

    Examples
    --------
    >>> import pyarrow as pa
    >>> is_bytes_type(pa.binary()), is_bytes_type(pa.string())
    (True, False)
    """
    import pyarrow as pa  # noqa: PLC0415 (there, as a type of it is)

    types = pa.types
    return bool(
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_fixed_size_binary(kind)
        or types.is_binary_view(kind)
    )


def stored_type(kind: Any) -> Any:
    """Return the Arrow type that an extension of Arrow's types is stored as.

    Examples
    --------
    >>> import pyarrow as pa
    >>> stored_type(pa.bool8()), stored_type(pa.int8())
    (DataType(int8), DataType(int8))
    """
    import pyarrow as pa  # noqa: PLC0415 (there, as a type of it is)

    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _holds_bytes(kind: Any) -> bool:
    import pyarrow as pa  # noqa: PLC0415 (there, as a type of it is)

    kind = stored_type(kind)
    if pa.types.is_struct(kind):
        return any(_holds_bytes(field.type) for field in kind)
    return is_bytes_type(kind)


def _is_array_or_bytes(entry: Any) -> bool:
    if isinstance(entry, dict):
        return any(_is_array_or_bytes(value) for value in entry.values())
    if isinstance(entry, list | tuple):
        first = entry[0] if len(entry) else None
        number = isinstance(first, int | float) and not isinstance(first, bool)
        return number or isinstance(first, list | np.ndarray)
    array = isinstance(entry, np.ndarray) and entry.dtype.kind != "O"
    picture = hasattr(entry, "getbands") or hasattr(entry, "read")
    return array or picture or isinstance(entry, bytes)


def _is_list(pa: Any, kind: Any) -> bool:
    types = pa.types
    return bool(
        types.is_list(kind)
        or types.is_large_list(kind)
        or types.is_fixed_size_list(kind)
    )


def arrays(name: str, column: Any) -> tuple[Numbers, Bools, Bools | None]:
    """Return the arrays of an Arrow column of lists, without a Python object each.

    A column of one chunk without gaps is not copied.

    Parameters
    ----------
    name
        The modality, for errors.
    column
        A ``pyarrow.ChunkedArray`` of lists of numbers of equal length, however deep;
        or of lists of different length of vectors of one length: sequences.

    Returns
    -------
    values
        ``(N, ...)``, 0 in rows without a list.
    absent
        ``(N,)`` bool, the rows without a list.
    mask
        For sequences of different length: ``(N, L)`` bool, true where they hold data.

    Raises
    ------
    ValueError
        If lengths differ otherwise, or a list is missing within another.

    Examples
    --------
    >>> import pyarrow as pa
    >>> arrays("x", pa.chunked_array([[[1, 2], None], [[3, 4]]]))[0].tolist()
    [[1, 2], [0, 0], [3, 4]]
    """
    import pyarrow as pa  # noqa: PLC0415 (there, as a column of it is)

    parts = [_Part(name, chunk, pa) for chunk in column.chunks if len(chunk)]
    if not parts:
        return np.empty((0, 0)), np.zeros(0, dtype=bool), None
    absent = np.concatenate([part.absent for part in parts])
    filled = [part for part in parts if not part.absent.all()]
    shapes = {part.shape for part in filled}
    lengths = sorted({int(n) for part in filled for n in np.unique(part.lengths)})
    if len(shapes) > 1 or (len(lengths) > 1 and len(next(iter(shapes))) != 1):
        sizes = f"lengths {lengths}" if len(lengths) > 1 else f"shapes {sorted(shapes)}"
        raise ValueError(f"`{name}` must have rows of one shape, got {sizes}.")
    if not filled:
        return np.zeros((len(absent), 1)), absent, None
    if len(lengths) > 1:
        return *_padded(parts, absent, lengths[-1]), absent, _mask(parts, lengths[-1])
    if len(parts) == 1 and not absent.any():
        only = parts[0]
        return only.flat.reshape(len(absent), *lengths, *only.shape), absent, None
    kind = np.result_type(*[part.flat.dtype for part in filled])
    values = np.zeros((len(absent), *lengths, *filled[0].shape), dtype=kind)
    start = 0
    for part in parts:
        block = values[start : start + len(part.absent)]
        if not part.absent.all():
            block[~part.absent] = part.flat.reshape(-1, *values.shape[1:])
        start += len(part.absent)
    return values, absent, None


class _Part:
    """One chunk of a column of lists, flattened.

    `flat` has the numbers of the rows that have a list, `lengths` how many entries
    each of these rows has, `shape` the shape of one entry.
    """

    def __init__(self, name: str, chunk: Any, pa: Any) -> None:
        tensor: tuple[int, ...] = ()
        if isinstance(chunk.type, pa.BaseExtensionType):
            tensor = tuple(getattr(chunk.type, "shape", ()))
            chunk = chunk.storage
        self.absent: Bools = np.array(chunk.is_null().to_numpy(zero_copy_only=False))
        lengths = _lengths(chunk, self.absent)
        self.absent[~self.absent] = lengths == 0  # an empty list is none
        self.lengths = lengths[lengths > 0]
        flat, shape = chunk.flatten(), list[int]()
        while _is_list(pa, flat.type):
            if flat.null_count:
                raise ValueError(
                    f"`{name}` must have no gaps within its lists, got one of "
                    f"{flat.null_count}."
                )
            sizes = np.unique(_lengths(flat, np.zeros(len(flat), dtype=bool)))
            if len(sizes) > 1:
                raise ValueError(
                    f"`{name}` must have rows of one shape, "
                    f"got lists of lengths {sizes.tolist()} within its lists."
                )
            shape.append(int(sizes[0]) if len(sizes) else 0)
            flat = flat.flatten()
        self.shape = tuple(shape)
        self.flat: Numbers = flat.to_numpy(zero_copy_only=False)
        if len(tensor) > 1:
            self.lengths = np.full(len(self.lengths), tensor[0])
            self.shape = tensor[1:]


def _lengths(lists: Any, absent: Bools) -> Numbers:
    """Return the lengths of the lists of the rows that have one."""
    if hasattr(lists.type, "list_size"):
        return np.full(int((~absent).sum()), lists.type.list_size)
    ends = lists.offsets.to_numpy()
    return np.diff(ends)[~absent]


def _padded(parts: list[_Part], absent: Bools, longest: int) -> tuple[Numbers]:
    filled = [part for part in parts if len(part.flat)]
    kind = np.result_type(*[part.flat.dtype for part in filled])
    values = np.zeros((len(absent), longest, *filled[0].shape), dtype=kind)
    values[_mask(parts, longest)] = np.concatenate(
        [part.flat.reshape(-1, *part.shape) for part in filled]
    )
    return (values,)


def _mask(parts: list[_Part], longest: int) -> Bools:
    lengths = np.zeros(sum(len(part.absent) for part in parts), dtype=np.intp)
    absent = np.concatenate([part.absent for part in parts])
    lengths[~absent] = np.concatenate([part.lengths for part in parts])
    return np.arange(longest) < lengths[:, None]
