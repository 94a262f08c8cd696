"""Commands: ``python -m refnet_viz guard old.npz new.npz``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from .data.npz import Arrays, read_arrays
from .embedding import Embedding
from .graph import guard

PASSED, FAILED, REFUSED = 0, 1, 2
NAMES = "ids"


def embedding_from_npz(path: str | os.PathLike[str]) -> Embedding:
    """Return the vectors of an npz file, with the names of its rows if it has any.

    Parameters
    ----------
    path
        Holds one matrix ``(N, d)`` of real numbers, of several that of the name "z",
        and, under "ids", the names of its rows. Nothing is unpickled.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is foreign or damaged, holds no such matrix or several, or other names
        than rows.
    """
    arrays = read_arrays(path)
    ids = arrays.get(NAMES)
    return Embedding.from_arrays(_matrix(arrays, path), ids=ids)


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
        _check_names(paths)
        old, new, *others = (embedding_from_npz(path) for path in paths)
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


def _check_names(paths: Sequence[str]) -> None:
    """Refuse files of which some have names of their rows and some have none."""
    lacking = [path for path in paths if NAMES not in read_arrays(path)]
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
        "one matrix of vectors and, as 'ids', the names of its rows, by which rows are "
        "paired.",
    )
    command.add_argument("old", help="npz file of the embedding that is trusted")
    command.add_argument("new", help="npz file of the embedding to judge")
    command.add_argument("--reference", nargs="+", help="npz files of other seeds")
    command.add_argument("--k", type=int, default=15, help="neighbours a row (15)")
    command.add_argument("--tolerance", type=float, help="largest mean rewiring (.05)")
    command.add_argument("--metric", default="euclidean", help="or cosine")
    command.add_argument("--rows", type=int, default=10, help="rows to print (10)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
