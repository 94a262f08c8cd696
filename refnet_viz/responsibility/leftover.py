"""Errors of refiners, beside the best linear ones of any width."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .._nested import Variants
from .._spaces import space_variants
from .._threads import one_thread_for
from ..embedding import Embedding
from ..statistics import seed_band
from .answers import scores
from .floor import Spectrum, spectrum

Floats = npt.NDArray[np.float64]


def leftover(
    spaces: Any,
    *,
    weights: Mapping[str, float] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the error of each variant's refiner, beside the floor of linear ones.

    All is a share of ``sum_m w_m sum_i |x_mi - mean|^2``, so that 1 is what the mean
    predictor leaves and 0 nothing; lower is better.

    Parameters
    ----------
    spaces
        An Embedding, a list of them (seeds), or a mapping of either, of held-out rows
        with decoded answers.
    weights
        As in `Embedding.space`.
    confidence
        Confidence level of the bands over seeds, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        One row a variant:

        variant, seeds, width
            Its name, the number of seeds, and the width of z (of the first seed).
        mean, low, high
            What is left, the mean over the seeds, and its band (Student's t), NaN below
            three.
        floor
            What the best linear refiner of the width of z leaves (of the first seed,
            see `Spectrum.floor`); decoders that are not linear may fall below it.
        equal_width
            Width of the smallest linear refiner that leaves no more; missing if none.
        null
            1, what the mean predictor leaves.
        collapsed
            List of the modalities whose targets collapsed in any seed (see `scores`):
            to answer for them means nothing.

    Raises
    ------
    TypeError
        If a value is no Embedding.
    ValueError
        If nothing was decoded, a row was trained on, no row has every modality or the
        targets do not vary.

    Examples
    --------
    >>> from refnet_viz.responsibility import cross_fit
    >>> x = np.eye(4)[[0, 1, 2, 3] * 5]
    >>> own = Embedding.from_arrays(x[:, :1], modalities={"a": x}, name="one")
    >>> leftover(cross_fit(own, folds=4)).round(2)[["width", "floor", "null"]]
       width  floor  null
    0      1   0.67   1.0
    """
    variants = space_variants(spaces)
    return leftover_of(variants, spectra_of(variants, weights), confidence)


def linear_floor(
    spaces: Any, *, weights: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Return the error of the best linear refiner of every width.

    Parameters
    ----------
    spaces, weights
        Those of `leftover`.

    Returns
    -------
    pandas.DataFrame
        One row a variant and width, of the targets of its first seed:

        variant, width
            Directions that are kept, from 1 to all.
        floor
            Share of the variance that is left, falling from below 1 to 0: no linear
            refiner of this width leaves less.
        null
            1, what the mean predictor leaves.

    Raises
    ------
    TypeError
        If a value is no Embedding.
    ValueError
        As in `leftover`.

    Examples
    --------
    >>> from refnet_viz.responsibility import cross_fit
    >>> x = np.eye(4)[[0, 1, 2, 3] * 5]
    >>> own = Embedding.from_arrays(x[:, :1], modalities={"a": x}, name="one")
    >>> linear_floor(cross_fit(own, folds=4)).round(2)[["width", "floor"]]
       width  floor
    0      1   0.67
    1      2   0.33
    2      3   0.00
    3      4   0.00
    """
    return linear_floor_of(spectra_of(space_variants(spaces), weights))


def spectra_of(
    variants: Variants[Embedding], weights: Mapping[str, float] | None
) -> Variants[Spectrum]:
    """Return the spectrum of every seed of every variant.

    Raises
    ------
    ValueError
        If the targets of a variant do not vary, or as `spectrum` does.
    """
    spectra: Variants[Spectrum] = {}
    for name, members in variants.items():
        spectra[name] = []
        for member in members:
            with one_thread_for(len(member)):
                spectra[name].append(spectrum(member, weights))
        if not all(one.total for one in spectra[name]):
            raise ValueError(
                f"`spaces` must have targets that vary, got none in {name!r}."
            )
    return spectra


def leftover_of(
    variants: Variants[Embedding], spectra: Variants[Spectrum], confidence: float = 0.95
) -> pd.DataFrame:
    """Return the table of `leftover`, of spectra that are known."""
    confidence = _check.number("confidence", confidence, low=0.01, high=0.9999)
    rows = []
    for name, members in spectra.items():
        first = members[0]
        shares = np.array([one.achieved_share for one in members])
        low, high = seed_band(shares, confidence, (0.0, float("inf")))
        mean = float(np.mean(shares))
        enough = np.flatnonzero(floors(first.eigenvalues) <= mean)
        rows.append(
            {
                "variant": name,
                "seeds": len(members),
                "width": first.width,
                "mean": mean,
                "low": low,
                "high": high,
                "floor": first.floor_share,
                "equal_width": int(enough[0]) + 1 if len(enough) else None,
                "null": 1.0,
                "collapsed": _collapsed(variants[name]),
            }
        )
    return pd.DataFrame(rows).astype({"equal_width": "Int64"})


def linear_floor_of(spectra: Variants[Spectrum]) -> pd.DataFrame:
    """Return the table of `linear_floor`, of spectra that are known."""
    parts = []
    for name, members in spectra.items():
        shares = floors(members[0].eigenvalues)
        widths = np.arange(1, len(shares) + 1)
        parts.append(
            pd.DataFrame(
                {
                    "variant": name,
                    "width": widths,
                    "floor": shares,
                    "null": 1.0,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def floors(eigenvalues: Floats) -> Floats:
    """Return the share that is left when the first 1, 2 ... eigenvalues are kept.

    Examples
    --------
    >>> floors(np.array([6.0, 3.0, 1.0])).round(3).tolist()
    [0.4, 0.1, 0.0]
    """
    tails = np.append(np.cumsum(eigenvalues[::-1])[::-1][1:], 0.0)
    total = eigenvalues.sum()
    shares: Floats = tails / total if total else np.full(len(tails), np.nan)
    return shares


def _collapsed(members: list[Embedding]) -> list[str]:
    """Return the modalities whose targets collapsed in any seed."""
    rows = [row for member in members for row in scores(member).to_dict("records")]
    names = [str(row["modality"]) for row in rows if row.get("alarm") == "collapsed"]
    return list(dict.fromkeys(names))
