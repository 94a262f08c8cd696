"""The emoji: pictures of Noto Color Emoji with the English keywords of CLDR."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .dataset import Dataset, Modality
from .media import stored_media
from .splits import stratified_split

ASSET = Path(__file__).parent / "assets/emoji.npz"
LABELS = ("group", "subgroup", "keywords")
TEXT_WIDTH = 64
KEYWORD_ROWS = 10  # training rows a keyword needs to become a label


def emoji(*, labels: str = "group", split_seed: int | None = None) -> Dataset:
    """Load 1,870 emoji as pairs of a picture and its words.

    Modality ``picture`` is the emoji on white, 32 x 32 pixels. Modality ``text`` is
    made of its Unicode name and CLDR keywords: words and the character n-grams
    inside them (2 to 4 characters), TF-IDF, the 64 leading singular directions, each
    row scaled to length 1 and rounded to 4 decimals. Vocabulary, idf and directions
    are fitted on the training rows.

    The text never holds the answer: every word that occurs in a class name, in
    singular or plural, is masked in all rows alike. Siblings such as "man running"
    and "woman running" are rows of their own and can fall on both sides of the
    split, as flags of two countries do; the numbers below include that.

    Parameters
    ----------
    labels
        "group" (9 classes), "subgroup" (99 classes), or "keywords": several labels
        a row, the keywords that at least 10 training rows have; a row may have none.
    split_seed
        None takes the stored split, 60/20/20 and stratified by group; a number
        draws another one by the same rule.

    Returns
    -------
    Dataset
        Its ids are the emoji; metadata has ``name``, ``keywords``, ``group`` and
        ``subgroup``; media has pictures of 64 x 64 pixels and the full keywords.

    Raises
    ------
    ValueError
        If `labels` is none of the three.

    Notes
    -----
    Test accuracy of logistic regression on the stored split (`refnet_viz.baselines`;
    374 rows, so one standard error is 2.5 points): groups 65 % from pictures, 68 %
    from text, 78 % from both, largest class 19 %; subgroups 53 %, 44 % and 59 %,
    largest class 14 %. Without the mask text alone reaches 76 %.

    Pictures: Noto Color Emoji, SIL Open Font License 1.1. Names, groups and
    keywords: Unicode License. ``assets/LICENSES.md`` has both.

    Examples
    --------
    >>> data = emoji()
    >>> data.shape, len(data.class_names), data.ids[:3].tolist()
    ((1870, 2), 9, ['😀', '😃', '😄'])
    """
    _check.one_of("labels", labels, LABELS)
    asset = _asset()
    split = asset["split"]
    if split_seed is not None:
        seed = _check.integer("split_seed", split_seed, low=0)
        group = asset["group"].astype(np.int64)
        split = stratified_split(group, len(group), (0.6, 0.2, 0.2), seed)
    numbers, names = _labels(labels, asset, split == "train")
    texts = masked(asset["text"], names)
    return Dataset.from_arrays(
        {
            "picture": asset["picture"],
            "text": Modality(
                text_features(texts, split == "train"), "vector", common_scale=True
            ),
        },
        labels=numbers,
        class_names=names,
        split=split,
        ids=asset["ids"],
        metadata=_metadata(asset),
        media=stored_media(tuple(asset["thumbs"]), tuple(asset["keywords"].tolist())),
        name="emoji" if labels == "group" else f"emoji ({labels})",
    )


def masked(texts: Iterable[str], class_names: Sequence[str]) -> list[str]:
    """Return the words of each text without those that occur in a class name.

    Plural and singular count as the same word; punctuation is dropped, because
    "flag: Mayotte" would still be told by its colon.

    Examples
    --------
    >>> masked(["flag: Mayotte", "glass of milk, drinks"], ["Flags", "Food & Drink"])
    ['mayotte', 'glass of milk']
    """
    answers = {_singular(word) for name in class_names for word in _words(name)}
    return [
        " ".join(word for word in _words(text) if _singular(word) not in answers)
        for text in texts
    ]


def text_features(
    texts: Sequence[str], train: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
    """Return TF-IDF features of words and character n-grams, reduced by an SVD.

    With c counts of a term in a text, its weight is (1 + ln c) idf for n-grams and
    c idf for words; each kind is scaled to length 1 (Deerwester et al. 1990, latent
    semantic indexing). Terms of a single training text are left out.

    Parameters
    ----------
    texts
        One a row.
    train
        Which rows vocabulary, idf and singular directions are fitted on.

    Returns
    -------
    numpy.ndarray
        ``(N, 64)`` of length 1; a text without a known term is zero.
    """
    # scikit-learn takes a second to import and is needed only when data are loaded.
    from sklearn.decomposition import TruncatedSVD  # noqa: PLC0415
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415
    from sklearn.pipeline import make_union  # noqa: PLC0415
    from sklearn.preprocessing import normalize  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    terms = make_union(
        TfidfVectorizer(
            analyzer="char_wb", ngram_range=(2, 4), min_df=2, sublinear_tf=True
        ),
        TfidfVectorizer(min_df=2),
    )
    tfidf = terms.fit_transform(np.asarray(texts)[train])
    svd = TruncatedSVD(TEXT_WIDTH, algorithm="arpack", random_state=0)
    # The products are small: on a busy machine threads made this 30 times slower.
    with threadpool_limits(1):
        svd.fit(tfidf)
    reduced = normalize(svd.transform(terms.transform(texts)))
    # The last bits depend on the linear algebra library; a fingerprint should not.
    return np.round(reduced, 4).astype(np.float32) + np.float32(0)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _labels(
    labels: str, asset: dict[str, Any], train: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    if labels != "keywords":
        names = tuple(asset[f"{labels}_names"].tolist())
        return asset[labels].astype(np.int64), names
    keywords = [set(text.split(" | ")) - {""} for text in asset["keywords"]]
    vocabulary = sorted(set().union(*keywords))
    contains = np.array([[word in row for word in vocabulary] for row in keywords])
    frequent = contains[train].sum(axis=0) >= KEYWORD_ROWS
    names = tuple(
        word for word, often in zip(vocabulary, frequent, strict=True) if often
    )
    return contains[:, frequent].astype(np.int64), names


def _metadata(asset: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": asset["name"],
            "keywords": asset["keywords"],
            "group": asset["group_names"][asset["group"]],
            "subgroup": asset["subgroup_names"][asset["subgroup"]],
        }
    )


# Decoding 1,870 pictures takes most of the loading time and never changes.
@lru_cache(maxsize=1)
def _asset() -> dict[str, Any]:
    from PIL import Image  # noqa: PLC0415 (importing the package stays light)

    with np.load(ASSET, allow_pickle=False) as file:
        asset: dict[str, Any] = {key: file[key] for key in file.files}
    png, offsets = asset.pop("png").tobytes(), asset.pop("offsets")
    thumbs = tuple(png[start:stop] for start, stop in pairwise(offsets))
    pixels = np.stack(
        [np.asarray(Image.open(io.BytesIO(thumb)).convert("RGB")) for thumb in thumbs]
    )
    # The mean of each 2 x 2 block: exact, the same on every machine.
    blocks = pixels.reshape(len(thumbs), 32, 2, 32, 2, 3).sum(axis=(2, 4), dtype=int)
    asset["picture"] = ((blocks + 2) // 4).astype(np.uint8)
    asset["thumbs"] = thumbs
    asset["text"] = [
        f"{name} {words}"
        for name, words in zip(asset["name"], asset["keywords"], strict=True)
    ]
    return asset
