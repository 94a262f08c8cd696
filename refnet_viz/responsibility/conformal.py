"""Conformal bounds on distances of points that lack a modality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import _check
from ..embedding import Embedding
from .geometry import Floats, check_answered


@dataclass(frozen=True)
class Radius:
    """A radius around the decoded answer for a modality that a point lacks.

    Parameters
    ----------
    modality
        The one that is missing.
    radius
        With probability `coverage` the true features of a new point lie within it of
        the answer of its z.
    coverage
        At least this, between 0 and 1.
    points
        Number of calibration points.
    """

    modality: str
    radius: float
    coverage: float
    points: int

    def bounds(self, new: Embedding, anchors: Embedding) -> Floats:
        """Return upper bounds of ``|x_new - x_anchor|`` in the missing modality.

        ``|D(z_new) - D(z_j)| + radius + |x_j - D(z_j)|``, for all anchors at once with
        probability `coverage` a new point (triangle inequality).

        Parameters
        ----------
        new
            Points embedded without the modality.
        anchors
            Points embedded with it, of the same run.

        Returns
        -------
        numpy.ndarray
            ``(N_new, N_anchors)``, in the unit of the targets.
        """
        name = self.modality
        theirs = anchors.decoded[name].astype(np.float64)
        error = np.linalg.norm(anchors.targets[name] - theirs, axis=1)
        answers = new.decoded[name].astype(np.float64)
        distances = np.empty((len(answers), len(theirs)))
        for row, answer in enumerate(answers):
            distances[row] = np.linalg.norm(answer - theirs, axis=1)
        return distances + self.radius + error

    def interval(self, new: Embedding, anchors: Embedding) -> tuple[Floats, Floats]:
        """Return both bounds of ``|x_new - x_anchor|``, for all anchors at once.

        ``|D(z_new) - x_j|`` plus and minus the radius (triangle inequality): nothing is
        decoded for the anchors, whose own features are known. Both hold with
        probability `coverage` a new point; the upper one is never above `bounds`.

        Parameters
        ----------
        new, anchors
            As in `bounds`.

        Returns
        -------
        tuple of numpy.ndarray
            Twice ``(N_new, N_anchors)``, in the unit of the targets.
        """
        theirs = anchors.targets[self.modality].astype(np.float64)
        answers = new.decoded[self.modality].astype(np.float64)
        distances = np.empty((len(answers), len(theirs)))
        for row, answer in enumerate(answers):
            distances[row] = np.linalg.norm(answer - theirs, axis=1)
        return np.maximum(distances - self.radius, 0), distances + self.radius


def conformal_radius(
    whole: Embedding, without: Embedding, modality: str, *, coverage: float = 0.9
) -> Radius:
    """Calibrate how far the answer for a missing modality is from the truth.

    The ``ceil((n + 1) coverage)``-th smallest of ``|x_i - D(z_i)|``, z having been
    computed without the modality: split conformal prediction (Vovk et al. 2005). If a
    new point that lacks it is exchangeable with these, its own error is below the
    radius with probability `coverage` or more. Never calibrate with the modality at
    hand: what z reads off directly flatters the radius.

    Parameters
    ----------
    whole
        Calibration points with the modality, held out from training.
    without
        The same points embedded from `data.without(data, modality)`, or dropped in
        whichever way new points will lack it.
    modality
        Which one.
    coverage
        Between 0 and 1.

    Returns
    -------
    Radius

    Raises
    ------
    ValueError
        If ids differ, a row was trained on, lacks the modality in `whole` or has it in
        `without`, or there are too few rows for the coverage.

    Examples
    --------
    >>> from dataclasses import replace
    >>> x = np.arange(9.0)[:, None]
    >>> whole = Embedding.from_arrays(x, modalities={"a": x, "b": x})
    >>> whole = replace(whole, targets={"a": x, "b": x}, decoded={"a": x, "b": x})
    >>> gone = whole.present & [True, False]
    >>> without = replace(whole, present=gone, decoded={"a": x, "b": 2 * x})
    >>> conformal_radius(whole, without, "b", coverage=0.8).radius
    7.0
    """
    _check.instance("whole", whole, Embedding)
    _check.instance("without", without, Embedding)
    coverage = _check.number("coverage", coverage, low=0, high=1)
    error = missing_errors(whole, without, modality)
    place = int(np.ceil((len(error) + 1) * coverage - 1e-9))
    if not 1 <= place <= len(error):
        least = int(np.ceil(coverage / max(1 - coverage, 1e-9)))
        raise ValueError(
            f"`whole` must have at least {least} rows for a coverage of {coverage:g}, "
            f"got {len(error)}."
        )
    radius = float(np.sort(error)[place - 1])
    return Radius(modality, radius, coverage, len(error))


def missing_errors(whole: Embedding, without: Embedding, modality: str) -> Floats:
    """Return each row's error of the answer for a missing modality.

    Parameters
    ----------
    whole, without, modality
        As in `conformal_radius`.

    Returns
    -------
    numpy.ndarray
        ``(N,)`` of ``|x_i - D(z_i)|``, z having been computed without the modality.

    Raises
    ------
    ValueError
        As `conformal_radius`.

    Examples
    --------
    >>> from dataclasses import replace
    >>> x = np.array([[0.0], [2.0]])
    >>> whole = Embedding.from_arrays(x, modalities={"a": x, "b": x})
    >>> whole = replace(whole, targets={"a": x, "b": x}, decoded={"a": x, "b": x})
    >>> gone = whole.present & [True, False]
    >>> without = replace(whole, present=gone, decoded={"a": x, "b": 2 * x})
    >>> missing_errors(whole, without, "b").tolist()
    [0.0, 2.0]
    """
    _check.instance("whole", whole, Embedding)
    _check.instance("without", without, Embedding)
    # A dropped modality changes what a row looks like, so only `whole` knows what was
    # trained on; and only `whole` still has the targets.
    check_answered(whole)
    _check.one_of("modality", modality, whole.decoded)
    without = without.reordered(whole.ids, name="without", like="whole")
    lacking = int(np.sum(~whole.present_in(modality)))
    if lacking:
        raise ValueError(
            f"`whole` must have {modality!r} in every row, got {lacking} without it."
        )
    count = int(np.sum(without.present_in(modality)))
    if count:
        raise ValueError(
            f"`without` must lack {modality!r} in every row, got {count} with it."
        )
    apart = whole.targets[modality].astype(np.float64) - without.decoded[modality]
    return np.asarray(np.linalg.norm(apart, axis=1))
