"""Datasets from webdataset shards: tar archives, files of one name are a row."""

from __future__ import annotations

import glob
import io
import json
import os
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import _check
from .dataset import Dataset
from .features import Pictures, Words
from .parts import Spec
from .table import from_table

SHARD = "shard"
RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")


def from_webdataset(  # noqa: PLR0913 (all by name)
    shards: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    modalities: Mapping[str, Spec],
    labels: Any = None,
    target: Any = None,
    split: Any = None,
    groups: Any = None,
    metadata: Any = ...,
    present: Mapping[str, Any] | None = None,
    class_names: Sequence[Any] = (),
    unlabelled: Any = None,
    media: Any = ...,
    name: str | None = None,
) -> Dataset:
    """Read a dataset from webdataset shards.

    The name of a file is split at the first dot after its last slash: what is before
    names the row, what is after is the column, in small letters. ``txt`` and ``cls``
    are text and whole numbers, ``npy`` arrays, the fields of ``json`` columns of their
    own; all else is bytes, which stay in the archive until they are read. Nothing is
    unpacked to disk or unpickled. Each row's archive is the column "shard".

    Parameters
    ----------
    shards
        A path, one with ``*`` or ``{000..012}`` in it, a folder, or a list of them.
    modalities
        As in `from_table`, of these columns; ``pictures("jpg;png")`` takes what a row
        has of both.
    labels, target, split, groups, metadata, present
        As in `from_table`.
    class_names, unlabelled, media, name
        As in `from_table`.

    Returns
    -------
    Dataset

    Raises
    ------
    FileNotFoundError
        If there is no such archive.
    ValueError
        If an archive is damaged, two files are the same column of a row, dots in
        names make one row of different files, or as in `from_table`.

    Examples
    --------
    >>> import tempfile
    >>> files = {"a.cls": b"0", "a.txt": b"red cat", "b.cls": b"1", "b.txt": b"red dog"}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "pets-000.tar"
    ...     with tarfile.open(path, "w") as archive:
    ...         for key, content in files.items():
    ...             member = tarfile.TarInfo(key)
    ...             member.size = len(content)
    ...             archive.addfile(member, io.BytesIO(content))
    ...     words = Words("txt")
    ...     data = from_webdataset(path, modalities={"text": words}, labels="cls")
    >>> data.ids.tolist(), data.class_names
    (['a', 'b'], ('0', '1'))
    """
    paths = _paths(shards)
    samples: dict[str, dict[str, Any]] = {}
    names: dict[tuple[str, str], str] = {}
    for path in paths:
        for key, column, entry in _entries(path):
            row = samples.setdefault(key, {SHARD: path.name})
            _refuse_clash(key, column, entry, path, row, names)
            names[key, column] = entry.name
            row[column] = _decoded(column, entry)
    if not samples:
        raise ValueError(
            "`shards` must hold at least one file with a dot in its name, "
            f"got none in {len(paths)} archives."
        )
    rows = _with_fields(list(samples.values()))
    frame = pd.DataFrame(rows, index=pd.Index(list(samples)))
    for spec in _check.instance("modalities", modalities, Mapping).values():
        if isinstance(spec, Words | Pictures) and ";" in spec.column:
            frame[spec.column] = _first_of(frame, spec.column.split(";"))
            frame = frame.drop(columns=spec.column.split(";"), errors="ignore")
    data = from_table(
        frame.infer_objects(),
        modalities=modalities,
        labels=labels,
        target=target,
        split=split,
        groups=groups,
        metadata=metadata,
        present=present,
        class_names=class_names,
        unlabelled=unlabelled,
        media=media,
        name=paths[0].name.partition(".")[0] if name is None else name,
    )
    sources = [{"kind": "webdataset", "name": p.name} for p in paths]
    return replace(data, info={**data.info, "source": sources})


@dataclass(frozen=True, eq=False)
class Member:
    """A file in an archive, read when it is asked for.

    Parameters
    ----------
    name
        Its whole name.
    size
        Its bytes.
    path, offset
        Where they are in an archive that is not compressed.
    content
        The bytes, of one that is.
    """

    name: str
    size: int
    path: Path
    offset: int = 0
    content: bytes | None = None

    def read(self) -> bytes:
        """Return the bytes."""
        if self.content is not None:
            return self.content
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.size)


def _paths(shards: Any) -> list[Path]:
    """Return the archives that paths, patterns and folders mean, in order."""
    single = isinstance(shards, str | os.PathLike)
    each = [shards] if single else _check.several("shards", shards)
    paths: list[Path] = []
    for entry in each:
        for name in _ranged(str(_check.path("shards", entry))):
            path = Path(name)
            if path.is_dir():
                paths += sorted(path.glob("*.tar")) + sorted(path.glob("*.tar.gz"))
            elif path.is_file():
                paths.append(path)
            else:
                matching = sorted(glob.glob(name))  # noqa: PTH207 (absolute patterns)
                if not matching:
                    raise FileNotFoundError(
                        f"`shards` must be tar archives, got {name!r}."
                    )
                paths += map(Path, matching)
    if not paths:
        raise FileNotFoundError(
            f"`shards` must be tar archives, got {_check.shown(shards)}."
        )
    return paths


def _ranged(name: str) -> Iterator[str]:
    """Return the names that a range in braces means."""
    match = RANGE.search(name)
    if match is None:
        yield name
        return
    first, last = match.groups()
    for number in range(int(first), int(last) + 1):
        padded = str(number).zfill(len(first))
        yield from _ranged(name[: match.start()] + padded + name[match.end() :])


def _entries(path: Path) -> Iterable[tuple[str, str, Member]]:
    """Return the row, the column and the file of each member of an archive."""
    try:
        with tarfile.open(path) as archive:
            packed = archive.fileobj is None or type(archive.fileobj).__name__ in (
                "GzipFile",
                "BZ2File",
                "LZMAFile",
                "_Stream",
            )
            size = path.stat().st_size
            for member in archive:
                folder, _, file = member.name.rpartition("/")
                stem, dot, column = file.partition(".")
                if not (member.isreg() and stem and dot and column):
                    continue
                content = None
                if packed:
                    opened = archive.extractfile(member)
                    content = b"" if opened is None else opened.read()
                elif member.offset_data + member.size > size:
                    raise tarfile.ReadError("unexpected end of data")
                key = f"{folder}/{stem}" if folder else stem
                yield (
                    key,
                    column.lower(),
                    Member(member.name, member.size, path, member.offset_data, content),
                )
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ValueError(
            f"`shards` must be whole tar archives, got {path.name!r}: "
            f"{_check.first_line(error)}."
        ) from error


def _refuse_clash(
    key: str,
    column: str,
    entry: Member,
    path: Path,
    row: Mapping[str, Any],
    names: Mapping[tuple[str, str], str],
) -> None:
    if row[SHARD] != path.name:
        raise ValueError(
            "`shards` must name each row in one archive, "
            f"got {key!r} in {row[SHARD]!r} and in {path.name!r}."
        )
    if (key, column) in names:
        raise ValueError(
            "`shards` must have each column once in a row, "
            f"got {names[key, column]!r} and {entry.name!r} in {path.name!r}."
        )
    kind = column.rpartition(".")[2]
    if not column.partition(".")[0].isdigit():
        return
    for other in [c for c in row if (key, c) in names]:
        if other.partition(".")[0].isdigit() and other.rpartition(".")[2] == kind:
            raise ValueError(
                "`shards` must have no dots in the names of rows, which end at the "
                f"first, got {names[key, other]!r} and {entry.name!r} as one row "
                f"{key!r}."
            )


def _decoded(column: str, entry: Member) -> Any:
    """Return the decoded content of a file; its bytes where no decoder applies."""
    decode = _DECODE.get(column.rpartition(".")[2])
    if decode is None:
        return entry
    try:
        return decode(entry.read())
    except (ValueError, UnicodeDecodeError, EOFError) as error:
        raise ValueError(
            f"`shards` must hold files that can be read, got {entry.name!r} in "
            f"{entry.path.name!r}, which is no {column.rpartition('.')[2]}."
        ) from error


def _with_fields(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows with the fields of json files as columns.

    A field that is called as another column is, is called after its file too.
    """
    files = {column for row in rows for column in row}
    fields: dict[str, set[str]] = {}
    for row in rows:
        for column, value in row.items():
            for field in value if isinstance(value, dict) else ():
                fields.setdefault(field, set()).add(column)
    single = {f for f, columns in fields.items() if len(columns) == 1} - files
    return [
        {
            name: part
            for column, value in row.items()
            for name, part in (
                [
                    (field if field in single else f"{column}.{field}", part)
                    for field, part in value.items()
                ]
                if isinstance(value, dict)
                else [(column, value)]
            )
        }
        for row in rows
    ]


def _whole_number(content: bytes) -> Any:
    text = content.decode("utf-8").strip()
    return int(text) if re.fullmatch(r"-?(0|[1-9]\d*)", text) else text


_DECODE: dict[str, Callable[[bytes], Any]] = {
    "txt": lambda content: content.decode("utf-8"),
    "text": lambda content: content.decode("utf-8"),
    "cls": _whole_number,
    "json": json.loads,
    "npy": lambda content: np.load(io.BytesIO(content), allow_pickle=False),
}


def _first_of(frame: pd.DataFrame, columns: Sequence[str]) -> Any:
    """Return each row's first entry of some columns, None where it has none."""
    sources = [frame[name] for name in columns if name in frame.columns]
    if not sources:
        raise ValueError(
            f"`shards` must have a column of {', '.join(map(repr, columns))}, "
            f"got {', '.join(map(repr, frame.columns[:8]))}."
        )
    first = sources[0].astype(object)
    for other in sources[1:]:
        first = first.where(~first.isna(), other)
    return first
