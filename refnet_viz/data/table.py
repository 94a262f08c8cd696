"""Datasets from tables: csv, json lines, parquet, Arrow, pandas, Polars, DuckDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .. import _check
from .clock_columns import find_clock, with_clocks
from .containers import is_single
from .dataset import Dataset, Media, Modality
from .features import Pictures, Words, pictures, words
from .gather import modality_names
from .media import stored_media
from .parts import (
    Part,
    Spec,
    find_part,
    fitted,
    read_part,
    state_present,
    stated_columns,
)
from .tables import Tables


def from_table(  # noqa: PLR0913 (all by name)
    source: Any,
    *,
    modalities: Mapping[str, Spec],
    id: str | None = None,  # noqa: A002 (what the column is called)
    labels: Any = None,
    target: Any = None,
    split: Any = None,
    groups: Any = None,
    metadata: Any = ...,
    join: Literal["inner", "outer"] | None = None,
    present: Mapping[str, Any] | None = None,
    times: Mapping[str, Any] | None = None,
    sessions: Mapping[str, Any] | None = None,
    class_names: Sequence[Any] = (),
    unlabelled: Any = None,
    media: Any = ...,
    name: str | None = None,
) -> Dataset:
    """Read a dataset from a table, or from several that name the same rows.

    Columns are called by their names. A pattern such as ``"gene_*"`` means every
    column that it matches and that has no other meaning here.

    Parameters
    ----------
    source
        Path to a csv, tsv, json lines, parquet, Arrow or Feather file (parquet and
        Arrow need the extra ``parquet``), a folder of parquet files; a frame of pandas
        or Polars, a DuckDB relation, an Arrow table, or whatever narwhals or the Arrow
        PyCapsule interface know; a dict of columns; or a list of such tables, which
        are paired by `id`.
    modalities
        Name to what it is made of: names or patterns of columns of numbers, a
        compiled regular expression, a function of a name; one column of arrays (nested
        ones are sequences or pictures); `words` or `pictures`.
    id
        The column that names the rows; None takes the index of a pandas frame, or a
        column "id" without gaps and repetitions, else numbers the rows.
    labels
        A column of classes or of lists of them, several columns of 0 and 1, or values
        of its own; where it is missing, a row is unlabelled.
    target, split, groups
        Columns, or values of their own, as in `Dataset.from_arrays`.
    metadata
        Columns to be kept beside; by default all that have no other meaning and hold
        neither arrays nor bytes. A frame of its own, or None.
    join
        What different names of rows mean, in several tables or in values of their
        own: None refuses them, "inner" keeps the rows that all have, "outer" those
        that any modality has.
    present
        Modality to a column, or to values, of bools or 0 and 1; None means all rows
        with a value.
    times, sessions
        Modality of sequences to the columns with the times, or the sessions, of its
        positions: names or patterns, in the order of the positions, or one column of
        lists; as in `Dataset.from_arrays`.
    class_names, unlabelled
        As in `Dataset.from_arrays`.
    media
        ``{"pictures": column, "texts": column}`` for hovering, or a `Media`; by
        default the first modalities of pictures and of words.
    name
        What tables and figures call the data; None takes the file's name.

    Returns
    -------
    Dataset

    Warns
    -----
    UserWarning
        If pictures are named that are not there, with their number.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If pyarrow is needed and missing.
    ValueError
        If a file is damaged, a column is unknown, ids are missing or repeat, a
        column of numbers holds something else, a picture cannot be read or its path
        leaves the root.

    Examples
    --------
    >>> table = {
    ...     "cell": ["a", "b", "c", "d", "e"], "cd3": [1.0, 2.0, 3.0, 4.0, 5.0],
    ...     "cd4": [0, 1, 0, 1, 0], "note": ["round", "flat", None, "round", "flat"],
    ...     "type": ["T", "B", "T", "B", None]}
    >>> data = from_table(table, id="cell", labels="type",
    ...                   modalities={"rna": "cd*", "note": words("note")})
    >>> data.modalities["rna"].features, data.present[:, 1].tolist()
    (('cd3', 'cd4'), [True, True, False, True, True])
    >>> data.class_names, data.labels.tolist()
    (('B', 'T'), [1, 0, 1, 0, -1])

    A csv with captions and the names of picture files beside it:

    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> from PIL import Image
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name) / "pets.csv"
    >>> pets = pd.DataFrame({"file": ["a.png", "b.png"], "caption": ["a cat", "a dog"]})
    >>> pets.to_csv(path, index=False)
    >>> for name, colour in (("a", "red"), ("b", "blue")):
    ...     Image.new("RGB", (40, 30), colour).save(path.with_name(f"{name}.png"))
    >>> data = from_table(path, modalities={
    ...     "image": pictures("file"), "text": words("caption")})
    >>> data.shape, data.modalities["image"].shape, data.media.texts
    ((2, 2), (32, 32, 3), ('a cat', 'a dog'))

    A parquet file with a column of arrays; a Polars frame; a DuckDB query:

    >>> import duckdb, polars
    >>> vectors = [[1.0, 2.0], [3.0, 4.0]]
    >>> frame = polars.DataFrame({"cell": ["u", "v"], "vector": vectors})
    >>> frame.write_parquet(path.with_name("cells.parquet"))
    >>> query = duckdb.sql("select * from frame where vector[1] < 9")
    >>> for source in (path.with_name("cells.parquet"), frame, query):
    ...     data = from_table(source, modalities={"rna": "vector"}, id="cell")
    ...     print(data.ids.tolist(), data.modalities["rna"].shape)
    ['u', 'v'] (2,)
    ['u', 'v'] (2,)
    ['u', 'v'] (2,)

    Tables of the same rows in different order, paired by their ids:

    >>> first = pd.DataFrame({"cell": ["u", "v"], "rna": [1.0, 2.0]})
    >>> other = pd.DataFrame({"cell": ["v", "u"], "protein": [20.0, 10.0]})
    >>> data = from_table([first, other], id="cell", modalities={
    ...     "rna": "rna", "protein": "protein"})
    >>> data.modalities["protein"].values.ravel().tolist()
    [10.0, 20.0]
    >>> folder.cleanup()

    Sequences with the time of each position:

    >>> clicks = [[[1.0], [2.0]], [[3.0], [4.0]]]
    >>> visits = {"clicks": clicks, "t_0": [0, 0], "t_1": [9, 7]}
    >>> data = from_table(visits, modalities={"clicks": "clicks"},
    ...                   times={"clicks": "t_*"})
    >>> data.modalities["clicks"].clock.times.tolist()
    [[0.0, 9.0], [0.0, 7.0]]
    """
    if not is_single(id):
        raise TypeError(f"`id` must name a column, got {_check.shown(id)}.")
    names = modality_names(modalities)
    specs = {key: modalities[word] for key, word in names.items()}
    roles = {"labels": labels, "target": target, "split": split, "groups": groups}
    tables = Tables.read(source, id, _as_text(specs, id, roles))
    single = {key: tables.single(key, value) for key, value in roles.items()}
    used = {column for part in single.values() for column in part.columns}
    used |= stated_columns(present)
    clocks = [
        *find_clock("times", times, list(specs), tables),
        *find_clock("sessions", sessions, list(specs), tables),
    ]
    used |= {column for clock in clocks for column in clock.columns}
    parts = {key: find_part(key, spec, tables, used) for key, spec in specs.items()}
    state_present(parts, present, tables)
    hover = _hover(media, parts, tables)
    for part in dict.fromkeys([*parts.values(), *hover.values()]):
        thumbnails = part is hover.get("pictures")
        decided = part.key in (present or {})
        read_part(part, tables, decided=decided, thumbnails=thumbnails)
    used |= {c for part in [*parts.values(), *hover.values()] for c in part.columns}
    data = Dataset.from_arrays(
        {
            key: tables.named(np.zeros((len(part.absent), 1)), part.place)
            for key, part in parts.items()
        },
        present={
            key: tables.named(~part.absent, part.place) for key, part in parts.items()
        },
        labels=single["labels"].values,
        target=single["target"].values,
        split=single["split"].values,
        groups=single["groups"].values,
        ids=tables.ids,
        class_names=class_names,
        unlabelled=unlabelled,
        metadata=tables.metadata(metadata, used),
        media=media if isinstance(media, Media) else None,
        join=join,
        info={"source": tables.described},
        name=tables.title if name is None else name,
    )
    return with_clocks(_filled(data, parts, hover, tables), clocks, tables)


def _as_text(
    specs: Mapping[str, Any], id_column: str | None, roles: Mapping[str, Any]
) -> list[str]:
    """Return the columns that are text in a csv, even if they look like numbers."""
    columns = ["id" if id_column is None else id_column]
    columns += [s.column for s in specs.values() if isinstance(s, Words | Pictures)]
    columns += [
        value
        for key, value in roles.items()
        if isinstance(value, str) and key != "target"
    ]
    return columns


def _hover(media: Any, parts: Mapping[str, Part], tables: Tables) -> dict[str, Part]:
    """Return the parts with hover media of a point: its pictures and its texts."""
    if media is None or isinstance(media, Media):
        return {}
    if media is ...:
        kinds = {"pictures": Pictures, "texts": Words}
        first = {
            key: next((p for p in parts.values() if isinstance(p.spec, kind)), None)
            for key, kind in kinds.items()
        }
        return {key: part for key, part in first.items() if part is not None}
    if not isinstance(media, Mapping):
        raise TypeError(
            "`media` must be a Media or {'pictures': column, 'texts': column}, "
            f"got {type(media).__name__}."
        )
    hover: dict[str, Any] = {}
    for key, spec in media.items():
        _check.one_of("media", key, ("pictures", "texts"))
        kind, make = (Pictures, pictures) if key == "pictures" else (Words, words)
        column = make(spec) if isinstance(spec, str) else spec
        if not isinstance(column, kind):
            raise TypeError(
                f"`media[{key!r}]` must be a column or {kind.__name__.lower()}(column),"
                f" got {type(spec).__name__}."
            )
        same = [p for p in parts.values() if isinstance(p.spec, kind)]
        same = [p for p in same if p.columns == (column.column,)]
        hover[key] = same[0] if same else find_part(f"media {key}", column, tables, [])
    return hover


def _filled(
    data: Dataset, parts: Mapping[str, Part], hover: Mapping[str, Part], tables: Tables
) -> Dataset:
    """Return the dataset with its modalities in place of what stood for them."""
    all_parts = dict.fromkeys([*parts.values(), *hover.values()])
    order = {part: tables.positions(part.place, data.ids) for part in all_parts}
    modalities, encoders = {}, {}
    for key, part in parts.items():
        train = np.zeros(len(part.absent), dtype=bool)
        index = order[part]
        rows = np.arange(len(data)) if index is None else index
        train[rows[(data.split == "train") & (rows >= 0)]] = True
        fitted(part, train)
        modalities[key] = _in_order(part.modality, index)
        if part.info is not None:
            encoders[key] = part.info
    media_parts: dict[str, Any] = {
        key: _media_of(part, key, order[part]) for key, part in hover.items()
    }
    info = {**data.info, **({"encoders": encoders} if encoders else {})}
    media = data.media
    if media_parts:
        media = stored_media(
            media_parts.get("pictures", ()), media_parts.get("texts", ())
        )
    return replace(data, modalities=modalities, media=media, info=info)


def _in_order(modality: Any, order: npt.NDArray[np.intp] | None) -> Modality:
    """Return a modality in the order of the dataset, 0 in rows its table lacks."""
    if order is None:
        return modality
    ordered = modality.take(np.maximum(order, 0))
    ordered.values[order < 0] = 0
    return ordered


def _media_of(part: Part, key: str, order: npt.NDArray[np.intp] | None) -> Any:
    """Return thumbnails or texts in the order of the dataset."""
    empty: Any = b"" if key == "pictures" else ""
    entries = part.read.thumbnails if part.read is not None else part.entries
    content = [
        empty if absent else entry
        for entry, absent in zip(entries, part.absent, strict=True)
    ]
    if order is None:
        return tuple(content)
    return tuple(empty if row < 0 else content[row] for row in order)
