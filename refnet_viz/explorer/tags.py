"""Tags: words that points are given while one explores, in columns of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..data.meaning import RESERVED
from ..plot.color import Coloring, with_hollow
from ..plot.ink import class_style
from .embeddings import Rows

COLUMN = "tag"  # what the first column is called
NONE = "no tag"

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tagged:
    """One column of tags.

    Parameters
    ----------
    words
        The tags, in the order in which they were first given.
    codes
        ``(N,)`` number of each point's tag, -1 where it has none.
    """

    words: tuple[str, ...]
    codes: Codes

    @property
    def values(self) -> npt.NDArray[np.object_]:
        """``(N,)`` tags, None where a point has none."""
        return np.array([*self.words, None], dtype=object)[self.codes]


@dataclass(frozen=True, eq=False)
class Tags:
    """Columns of tags, by name.

    Parameters
    ----------
    columns
        Name to column.

    Examples
    --------
    >>> tags = Tags().put("tag", "odd", [1, 3], count=4).put("tag", "two", [2], count=4)
    >>> tags.frame(["a", "b", "c", "d"])["tag"].tolist()
    [None, 'odd', 'two', 'odd']
    >>> tags.put("tag", "", [1, 2], count=4).frame(["a", "b", "c", "d"])["tag"].tolist()
    [None, None, None, 'odd']
    """

    columns: Mapping[str, Tagged] = field(default_factory=dict)

    def __iter__(self) -> Any:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def put(
        self, column: str, word: str, rows: Sequence[int] | Rows, *, count: int
    ) -> Tags:
        """Return the tags after some points have been given one.

        Parameters
        ----------
        column
            Name of the column, which is new or has tags already.
        word
            The tag; the empty one takes away what these points have.
        rows
            Row numbers.
        count
            Number of all points.
        """
        now = self.columns.get(column) or Tagged((), np.full(count, -1))
        words = now.words if not word or word in now.words else (*now.words, word)
        codes = now.codes.copy()
        codes[rows] = words.index(word) if word else -1
        return Tags({**self.columns, column: Tagged(words, codes)})

    def filled(self, column: str, words: Sequence[str]) -> Tags:
        """Return the tags with a column in which every point has one.

        Parameters
        ----------
        column
            Name of the column, which is replaced if there is one.
        words
            A tag a point.

        Examples
        --------
        >>> Tags().filled("kind", ["b", "a", "b"]).frame([*"xyz"])["kind"].tolist()
        ['b', 'a', 'b']
        """
        names, codes = np.unique(np.array(words, dtype=object), return_inverse=True)
        tagged = Tagged((*names.tolist(),), codes.astype(np.int64))
        return Tags({**self.columns, column: tagged})

    def frame(self, ids: Sequence[str] | npt.NDArray[Any]) -> pd.DataFrame:
        """Return a table of all columns, indexed by the ids of the points."""
        values = {name: column.values for name, column in self.columns.items()}
        return pd.DataFrame(values, index=pd.Index(ids, name="id"), dtype=object)

    def by_word(self, ids: npt.NDArray[Any]) -> dict[str, dict[str, list[str]]]:
        """Return the ids of the points of every tag, by column and tag."""
        return {
            name: {
                word: ids[column.codes == number].tolist()
                for number, word in enumerate(column.words)
                if (column.codes == number).any()
            }
            for name, column in self.columns.items()
        }


def checked_column(name: Any, colors: Collection[str], columns: Any) -> str:
    """Return the name of a column of tags.

    Parameters
    ----------
    name
        The name.
    colors, columns
        Names of other colours, and of the metadata.

    Raises
    ------
    TypeError
        If it is no text.
    ValueError
        If it is empty or a table of points has another colour or column of this name.

    Examples
    --------
    >>> checked_column(" mine ", ["label"], [])
    'mine'
    >>> checked_column("label", ["label"], [])
    Traceback (most recent call last):
    ...
    ValueError: `column` must be no name of another colour, got 'label'.
    """
    if not isinstance(name, str):
        raise TypeError(f"`column` must be a text, got {type(name).__name__}.")
    name = " ".join(name.split())
    if not name:
        raise ValueError("`column` must be a name, got an empty one.")
    if name in colors:
        raise ValueError(f"`column` must be no name of another colour, got {name!r}.")
    if name in RESERVED or name in columns:
        raise ValueError(f"`column` must be no name of another column, got {name!r}.")
    return name


def checked_word(word: Any) -> str:
    """Return a tag, which is one line of text; the empty one takes tags away.

    Raises
    ------
    TypeError
        If it is no text.

    Examples
    --------
    >>> checked_word("two  words"), checked_word("")
    ('two words', '')
    """
    if not isinstance(word, str):
        raise TypeError(f"`word` must be a text, got {type(word).__name__}.")
    return " ".join(word.split())


def coloring(
    name: str, column: Tagged, panels: int, classes: Sequence[str], mode: str
) -> Coloring:
    """Return the colours of a column: those of classes for tags that are their names.

    Parameters
    ----------
    name
        Title of the legend.
    column
        The tags.
    panels
        Number of maps.
    classes
        Names of the classes.
    mode
        "light" or "dark".
    """
    taken = {str(label): number for number, label in enumerate(classes)}
    for word in column.words:
        taken.setdefault(word, len(taken))
    styles = tuple(class_style(taken[word], mode) for word in column.words)
    codes = np.where(column.codes < 0, len(column.words), column.codes)
    tagged = Coloring(
        name, (codes,) * panels, column.words, styles, mode, kind="categories"
    )
    return with_hollow(tagged, NONE)
