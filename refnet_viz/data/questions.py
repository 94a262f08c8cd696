"""Generated pictures with a question each: neither says anything without the other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .dataset import Dataset, Modality
from .media import enlarged, stored_media

Pixels = npt.NDArray[np.uint8]

MOST = 200_000  # pictures, of 5 kB each with their thumbnails
SIDE, HALF = 16, 8  # pixels of a picture and of one of its four places
THUMB_ZOOM = 4
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 39, 40),
    "yellow": (237, 201, 72),
    "green": (44, 160, 44),
    "blue": (31, 119, 180),
}
SHAPES = ("disc", "square", "cross")
CORNERS = ("upper left", "upper right", "lower left", "lower right")
WORDINGS = ("what colour is {corner}", "name the {corner} colour", "look {corner}")


def questions(n: int = 2000, *, seed: int = 0) -> Dataset:
    """Draw pictures of four coloured shapes, and ask each for the colour of one.

    Modality ``picture`` has a shape in each of its four corners, 16 x 16 pixels: one is
    red, one yellow, one green and one blue. Form, size, place (by a pixel), tone and
    the grain of the paper vary. Modality ``question`` is a sentence as tokens, in one
    of three wordings, that asks for one corner, drawn uniformly. The label is its
    colour.

    So the label needs both together: given the question alone, or the picture alone,
    all four colours are equally likely (chance 1/4). A sum of what each of them says,
    such as logistic regression on both, stays near that, too. Who reads the question
    and then looks at the corner is always right.

    Parameters
    ----------
    n
        Number of rows, at least 30.
    seed
        Same seed, same data.

    Returns
    -------
    Dataset
        Four classes, split 60/20/20 by class; metadata has colour and shape of each
        corner and the corner that is asked for; media has the pictures, four times as
        large, and the questions with their answers.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> data = questions(60)
    >>> data.shape, data.class_names
    ((60, 2), ('red', 'yellow', 'green', 'blue'))
    >>> data.media.texts[0]
    'name the lower right colour: red'
    """
    n = _check.integer("n", n, low=30, high=MOST)
    rng = np.random.default_rng(_check.integer("seed", seed, low=0))
    colours = np.argsort(rng.random((n, 4)), axis=1)
    shapes = rng.integers(len(SHAPES), size=(n, 4))
    corner, wording = rng.integers(4, size=n), rng.integers(len(WORDINGS), size=n)
    label = colours[np.arange(n), corner]
    sentences = [
        WORDINGS[i].format(corner=CORNERS[j])
        for i, j in zip(wording, corner, strict=True)
    ]
    pictures, names = _pictures(colours, shapes, rng), tuple(COLOURS)
    answered = [
        f"{sentence}: {names[answer]}"
        for sentence, answer in zip(sentences, label, strict=True)
    ]
    return Dataset.from_arrays(
        {"picture": pictures, "question": _tokens(sentences)},
        labels=label,
        class_names=names,
        metadata=_metadata(colours, shapes, corner),
        media=stored_media(tuple(map(_thumb, pictures)), tuple(answered)),
        name="questions",
    )


def _tokens(sentences: list[str]) -> Modality:
    split = [sentence.split() for sentence in sentences]
    texts = " ".join([*WORDINGS, *CORNERS]).split()
    words = sorted({word for word in texts if "{" not in word})
    number = {word: i + 1 for i, word in enumerate(words)}
    values = np.zeros((len(split), max(map(len, split))), dtype=np.int64)
    for line, sentence in zip(values, split, strict=True):
        line[: len(sentence)] = [number[word] for word in sentence]
    return Modality(values, "tokens", values > 0, ("", *words))


def _pictures(
    colours: npt.NDArray[np.int64],
    shapes: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> Pixels:
    """Return ``(N, 16, 16, 3)``."""
    n = len(colours)
    tones = np.array(list(COLOURS.values()), dtype=float)
    paper = 245 + rng.normal(scale=6, size=(n, SIDE, SIDE, 3))
    down, across = np.indices((HALF, HALF)) - (HALF - 1) / 2
    for place in range(4):
        radius = rng.uniform(2.4, 3.4, (n, 1, 1))
        shift = rng.integers(-1, 2, (2, n, 1, 1))
        masks = _masks(down - shift[0], across - shift[1], radius)
        inked = masks[shapes[:, place], np.arange(n)][..., None]
        tone = tones[colours[:, place]] + rng.normal(scale=8, size=(n, 3))
        top, left = HALF * (place // 2), HALF * (place % 2)
        part = paper[:, top : top + HALF, left : left + HALF]
        part[:] = np.where(inked, tone[:, None, None], part)
    return np.clip(np.round(paper), 0, 255).astype(np.uint8)


def _masks(
    down: npt.NDArray[np.float64],
    across: npt.NDArray[np.float64],
    radius: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    """Return ``(shapes, N, 8, 8)`` which pixels each shape would cover."""
    far = np.maximum(abs(down), abs(across))
    thin = np.minimum(abs(down), abs(across)) < 1
    return np.array(
        [
            np.hypot(down, across) <= radius,
            far <= 0.9 * radius,
            thin & (far <= radius),
        ]
    )


def _metadata(
    colours: npt.NDArray[np.int64],
    shapes: npt.NDArray[np.int64],
    corner: npt.NDArray[np.int64],
) -> pd.DataFrame:
    columns = {
        name: [
            f"{list(COLOURS)[colour]} {SHAPES[shape]}"
            for colour, shape in zip(colours[:, i], shapes[:, i], strict=True)
        ]
        for i, name in enumerate(CORNERS)
    }
    return pd.DataFrame({**columns, "corner": np.array(CORNERS)[corner]})


def _thumb(picture: Pixels) -> bytes:
    return enlarged(picture, THUMB_ZOOM)
