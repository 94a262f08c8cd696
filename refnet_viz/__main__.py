"""Commands: ``python -m refnet_viz guard old.npz new.parquet``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _check
from .data import from_table
from .data.npz import Arrays, read_arrays
from .data.sources import is_table
from .embedding import Embedding
from .graph import guard
from .storage import load

PASSED, FAILED, REFUSED = 0, 1, 2
NAMES = "ids"


def embedding_from_file(path: str | os.PathLike[str]) -> tuple[Embedding, bool]:
    """Return the vectors of a file or folder, and whether its rows have names.

    Parameters
    ----------
    path
        An npz or npy file; a table as `data.from_table` reads it (csv, tsv, json lines,
        parquet, Arrow), whose columns are numbers, or one of arrays, beside "id"; or
        the folder of an Embedding that `refnet_viz.save` wrote. An npz file holds one
        matrix ``(N, d)``, of several that of the name "z", and, under "ids", the names
        of its rows. Nothing is unpickled.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is foreign or damaged, holds no such matrix or several, other names than
        rows, or something else than numbers.
    """
    path = _check.path("path", path)
    if path.is_dir() and not any(path.glob("*.parquet")):
        saved = load(path)
        if not isinstance(saved, Embedding):
            raise ValueError(
                f"`path` must hold one embedding, got {type(saved).__name__} of them "
                f"in {str(path)!r}."
            )
        return saved, True
    if path.suffix.lower() == ".npy":
        return Embedding.from_arrays(_array(path)), False
    if path.is_dir() or is_table(path):
        return _from_table(path)
    arrays = read_arrays(path)
    ids = arrays.get(NAMES)
    return Embedding.from_arrays(_matrix(arrays, path), ids=ids), ids is not None


def _array(path: Path) -> npt.NDArray[Any]:
    """Return the array of an npy file, unless it claims more than it holds."""
    if not path.is_file():
        raise FileNotFoundError(f"`path` must name a file, got {str(path)!r}.")
    try:
        array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(
            f"`path` must be an intact npy file, got {str(path)!r} ({error})."
        ) from error
    return array


def _from_table(path: Path) -> tuple[Embedding, bool]:
    """Return the columns of a table as vectors."""
    data = from_table(path, modalities={"z": "*"}, metadata=None)
    values = data.modalities["z"].values
    lacking = np.flatnonzero(~data.present[:, 0])
    if len(lacking) or values.ndim != 2:
        got = f"none in row {lacking[0]}" if len(lacking) else f"shape {values.shape}"
        raise ValueError(
            f"`path` must hold a vector in every row, got {got} of {str(path)!r}."
        )
    named = any(source["id"] is not None for source in data.info["source"])
    return Embedding.from_arrays(values, ids=data.ids), named


def _matrix(arrays: Arrays, path: str | os.PathLike[str]) -> object:
    matrices = {
        name: array
        for name, array in arrays.items()
        if array.ndim == 2 and array.dtype.kind in "fiu"
    }
    if "z" in matrices:
        return matrices["z"]
    if len(matrices) != 1:
        raise ValueError(
            f"`path` must hold one matrix of numbers, or one called 'z', got "
            f"{len(matrices)} in {os.fspath(path)!r}."
        )
    return next(iter(matrices.values()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Parameters
    ----------
    arguments
        Words after ``python -m refnet_viz``; None takes those of this process.

    Returns
    -------
    int
        0 passed, 1 failed, 2 refused: arguments or files are not what they should be.
    """
    options = _parser().parse_args(arguments)
    try:
        paths = [options.old, options.new, *(options.reference or [])]
        read = [embedding_from_file(path) for path in paths]
        _check_names(paths, [named for _, named in read])
        old, new, *others = (embedding for embedding, _ in read)
        result = guard(
            old,
            new,
            k=options.k,
            reference=others or None,
            tolerance=options.tolerance,
            metric=options.metric,
        )
    except (OSError, TypeError, ValueError) as error:
        sys.stderr.write(f"refused: {error}\n")
        return REFUSED
    sys.stdout.write(f"{result.sentence}\n")
    if len(result.moved) and options.rows:
        rows = result.moved.head(options.rows).to_string(index=False)
        sys.stdout.write(f"\nRows that moved most:\n{rows}\n")
    return PASSED if result else FAILED


def _check_names(paths: Sequence[str], named: Sequence[bool]) -> None:
    """Refuse files of which some have names of their rows and some have none."""
    lacking = [path for path, one in zip(paths, named, strict=True) if not one]
    if 0 < len(lacking) < len(paths):
        raise ValueError(
            "`ids` must be in all files or in none, so that rows are paired by name, "
            f"got none in {lacking[0]!r}."
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m refnet_viz", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser(
        "guard",
        help="exit with 1 if a new embedding rewires more than two seeds do",
        description="Exit code 0: passed, 1: failed, 2: refused. Files are npz with "
        "one matrix of vectors and, as 'ids', the names of its rows; npy; tables (csv, "
        "tsv, json lines, parquet, Arrow) of numbers beside 'id'; or folders that "
        "refnet_viz.save wrote. Rows are paired by name.",
    )
    command.add_argument("old", help="file of the embedding that is trusted")
    command.add_argument("new", help="file of the embedding to judge")
    command.add_argument("--reference", nargs="+", help="files of other seeds")
    command.add_argument("--k", type=int, default=15, help="neighbours a row (15)")
    command.add_argument("--tolerance", type=float, help="largest mean rewiring (.05)")
    command.add_argument("--metric", default="euclidean", help="or cosine")
    command.add_argument("--rows", type=int, default=10, help="rows to print (10)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
