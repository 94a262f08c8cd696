"""Points whose words hold a text."""

from __future__ import annotations

import numpy as np

from .points import PointTable, Rows


def found(facts: PointTable, text: str) -> Rows:
    """Return the rows in which every word of a text occurs, whatever its case.

    Looked through are ids, labels, predictions, texts and the metadata.

    Parameters
    ----------
    facts
        Of the points.
    text
        Words, each of which must occur somewhere in the row; nothing finds nothing.
    """
    words = text.casefold().split()
    if not words:
        return np.empty(0, np.intp)
    rows = range(len(facts.words))
    return np.array(
        [row for row in rows if all(word in facts.words[row] for word in words)],
        dtype=np.intp,
    )
