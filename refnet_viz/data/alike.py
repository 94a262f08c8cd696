"""Agreement of labels between rows and their neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .answers import labelled

Rows = npt.NDArray[np.integer[Any]]
Bools = npt.NDArray[np.bool_]


def share_alike(labels: Rows, indices: Rows) -> npt.NDArray[np.float64]:
    """Return for each row the share of its labelled neighbours that have its label.

    With several labels a row, sharing one of them counts.

    Parameters
    ----------
    labels
        ``(N,)``, -1 unlabelled, or ``(N, C)`` of 0 and 1, -1 in unlabelled rows.
    indices
        ``(N, k)`` row numbers of the neighbours; -1 in rows that have none.

    Returns
    -------
    numpy.ndarray
        ``(N,)`` between 0 and 1; NaN for rows without neighbours or a label, and for
        those without a labelled neighbour.

    Examples
    --------
    >>> share_alike(np.array([0, 0, 1]), np.array([[1, 2], [0, 2], [1, 0]])).tolist()
    [0.5, 0.5, 0.0]
    """
    both = both_labelled(labels, indices)
    count = both.sum(axis=1)
    share = alike(labels, indices).sum(axis=1) / np.where(count > 0, count, np.nan)
    return np.asarray(share, dtype=np.float64)


def alike(labels: Rows, indices: Rows) -> Bools:
    """Return ``(N, k)``: whether each neighbour shares a label with its row."""
    both = both_labelled(labels, indices)
    others = labels[indices]  # -1 takes the last row, which does not count
    if labels.ndim == 1:
        return np.asarray((others == labels[:, None]) & both)
    return np.asarray((others & labels[:, None]).any(axis=2) & both)


def both_labelled(labels: Rows, indices: Rows) -> Bools:
    """Return ``(N, k)``: whether both a row and its neighbour have a label."""
    has_label = labelled(labels.astype(np.int64, copy=False), None, len(labels))
    return np.asarray(has_label[indices] & has_label[:, None] & (indices >= 0))
