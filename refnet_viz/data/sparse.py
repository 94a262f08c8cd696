"""Sparse matrices: dense where they are small, else their singular directions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _check

# A dense float32 copy up to this size; larger ones never are dense in memory.
DENSE_BYTES = 256 * 2**20
DIRECTIONS = 100


def checked(name: str, matrix: Any) -> Any:
    """Return a sparse matrix of float32, rows compressed, without repeated entries.

    Raises
    ------
    ValueError
        If it is empty or holds something else than finite real numbers.

    Examples
    --------
    >>> from scipy.sparse import coo_array
    >>> checked("rna", coo_array(np.eye(2))).format
    'csr'
    """
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ValueError(
            f"`{name}` must be a matrix of shape (rows, features), "
            f"got shape {matrix.shape}."
        )
    if matrix.dtype.kind not in "biuf":
        raise ValueError(f"`{name}` must hold real numbers, got dtype {matrix.dtype}.")
    rows = matrix.tocsr()
    bad = np.flatnonzero(~np.isfinite(rows.data))
    if len(bad):
        row = np.searchsorted(rows.indptr, bad[0], side="right") - 1
        raise ValueError(
            f"`{name}` must hold finite numbers only, got {rows.data[bad[0]]} in row "
            f"{row}, column {rows.indices[bad[0]]}."
        )
    return rows.astype(np.float32)


def fits(matrix: Any) -> bool:
    """Return whether a dense copy is small enough to be made.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> fits(csr_array((10, 10))), fits(csr_array((10**6, 10**4)))
    (True, False)
    """
    return bool(4 * matrix.shape[0] * matrix.shape[1] <= DENSE_BYTES)


def reduced(
    matrix: Any, fit_rows: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
    """Return coordinates along the leading singular directions of some rows.

    The truncated singular value decomposition of scikit-learn (randomised, seed 0),
    fitted on `fit_rows`; it is not centred, so the matrix stays sparse throughout.

    Parameters
    ----------
    matrix
        ``(N, d)`` sparse.
    fit_rows
        ``(N,)`` bool: usually the training rows that have the modality.

    Returns
    -------
    coordinates
        ``(N, at most 100)``.
    info
        What was done, in plain values.

    Examples
    --------
    >>> from scipy.sparse import random_array
    >>> matrix = random_array((50, 300), density=0.1, rng=0, format="csr")
    >>> values, info = reduced(matrix, np.arange(50) < 30)
    >>> values.shape, info["rows"]
    ((50, 30), 30)
    """
    from sklearn.decomposition import TruncatedSVD  # noqa: PLC0415 (half a second)

    rows = np.flatnonzero(fit_rows)
    width = min(DIRECTIONS, len(rows), matrix.shape[1])
    _check.integer("rows", len(rows), low=1)
    if matrix.shape[1] == 1:  # which scikit-learn refuses
        values = np.asarray(matrix.toarray(), dtype=np.float32)
        return values, {"name": "a single column", "width": 1, "rows": len(rows)}
    svd = TruncatedSVD(width, random_state=0, n_iter=4)
    with np.errstate(invalid="ignore"):  # rows that are all the same explain nothing
        svd.fit(matrix[rows])
    values = np.asarray(svd.transform(matrix), dtype=np.float32)
    info = {
        "name": "truncated SVD",
        "width": width,
        "rows": len(rows),
        "from": int(matrix.shape[1]),
        "explained": round(float(np.nansum(svd.explained_variance_ratio_)), 4),
    }
    return values, info
