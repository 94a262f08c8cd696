"""MM-IMDb: posters and plots of films, and their genres."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check, _progress
from .dataset import Dataset, Modality
from .published import (
    PARTS,
    Rows,
    field,
    first_file,
    json_file,
    paired,
    without_encoder,
)

# By falling frequency, as the authors order them; rarer ones are no classes. Where a
# file states its own order (`target_names`), that one counts.
GENRES = (
    "Drama",
    "Comedy",
    "Romance",
    "Thriller",
    "Crime",
    "Action",
    "Adventure",
    "Horror",
    "Documentary",
    "Mystery",
    "Sci-Fi",
    "Fantasy",
    "Family",
    "Biography",
    "War",
    "History",
    "Music",
    "Animation",
    "Musical",
    "Western",
    "Sport",
    "Short",
    "Film-Noir",
)
METRICS = ("f1_micro", "f1_macro")
HDF5 = "multimodal_imdb.hdf5"
SIZES = (15_552, 2_608, 7_799)


def mm_imdb(
    folder: str | os.PathLike[str], *, text: Any = None, picture: Any = None
) -> Dataset:
    """Read MM-IMDb with its official parts, from its files or from its vectors.

    Either the folder holds what ``mmimdb.tar.gz`` does::

        split.json              {"train": [ids], "dev": [ids], "test": [ids]}
        dataset/<id>.json       "plot" (a list, the longest is taken), "genres", "title"
        dataset/<id>.jpeg       the poster

    or it holds (or is) ``multimodal_imdb.hdf5``, whose ``features`` (300, mean word
    vectors of the plot) and ``vgg_features`` (4,096) become the modalities. That takes
    the extra ``hdf5``. The official parts have 15,552 / 2,608 / 7,799 films.

    The classes are the 23 genres of the authors, several a film; others, as News, are
    none. The official numbers are micro and macro F1 (`METRICS["f1_micro"]` and
    `METRICS["f1_macro"]`).

    Parameters
    ----------
    folder
        Where these files stand, or the path of the hdf5 file.
    text, picture
        What encodes them, as `encode` takes it, or `words` and `pictures` with its
        options (their column does not matter). None makes TF-IDF with singular
        directions, and squares of pixels. Only None with the hdf5 file.

    Returns
    -------
    Dataset
        Modalities ``picture`` and ``text``; dev is "val".

    Warns
    -----
    UserWarning
        If posters are not there or cannot be read, with their number; these rows lack
        the modality.

    Raises
    ------
    FileNotFoundError
        If the folder or a file is missing.
    ImportError
        If the hdf5 file is to be read without h5py.
    ValueError
        If a file is damaged.

    Notes
    -----
    The layout was read in ``make_dataset.py`` of johnarevalo/gmu-mmimdb and in
    ``datasets/imdb/get_data.py`` of pliang279/MultiBench. The former makes the classes
    of the most frequent genres and writes their names to the attribute
    ``target_names`` of the hdf5 file's ``genres``, which is read. The json files hold
    no such list: their classes, and those of an hdf5 file without the attribute, are
    23 names in the order of published lists, not checked against the owners' files.

    References
    ----------
    Arevalo et al. 2017, Gated Multimodal Units for Information Fusion.

    Examples
    --------
    >>> mm_imdb("nowhere")
    Traceback (most recent call last):
    ...
    FileNotFoundError: `folder` must hold split.json or multimodal_imdb.hdf5, got
    'nowhere' without.
    """
    place = _check.path("folder", folder)
    if place.exists() and not place.is_dir():
        _check.file("folder", place)  # no device and no pipe
    path = place if place.is_file() else first_file(place, ("split.json", HDF5))
    info = {"source": "MM-IMDb", "files": [path.name], "metrics": list(METRICS)}
    if path.name != "split.json":
        without_encoder({"text": text, "picture": picture}, path.name)
        return _of_vectors(path, info)
    return paired(
        _rows(place, path), text=text, picture=picture, info=info, name="MM-IMDb"
    )


def _rows(folder: Path, path: Path) -> Rows:
    parts = json_file(path)
    names = {part: field(parts, (part,), path) for part in PARTS}
    ids = [str(name) for part in PARTS for name in names[part]]
    films = [
        json_file(first_file(folder, (f"dataset/{name}.json",)))
        for name in _progress.progress(ids, "films", delay=2)
    ]
    texts = [_plot(film.get("plot")) for film in films]
    labels = np.array([_genres(film.get("genres")) for film in films], dtype=np.int64)
    occurring = (labels > 0).any(axis=0)  # all of them in the whole set
    return Rows(
        ids=ids,
        texts=texts,
        files=[f"dataset/{name}.jpeg" for name in ids],
        split=[PARTS[part] for part in PARTS for _ in names[part]],
        labels=labels[:, occurring],
        class_names=tuple(np.array(GENRES)[occurring].tolist()),
        root=folder,
        metadata=pd.DataFrame(
            {
                "title": [str(film.get("title") or "") for film in films],
                "genres": [", ".join(film.get("genres") or ()) for film in films],
            }
        ),
    )


def _plot(plots: Any) -> str:
    """Return the longest of several plots, as the authors do."""
    several = [plots] if isinstance(plots, str) else plots or [""]
    return max((str(plot) for plot in several), key=len)


def _genres(genres: Any) -> list[int]:
    if genres is None:
        return [-1] * len(GENRES)
    return [int(genre in genres) for genre in GENRES]


def _of_vectors(path: Path, info: dict[str, Any]) -> Dataset:
    try:
        import h5py  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise ImportError(
            f"`folder` must be read with h5py where it is {path.name}: "
            'pip install "refnet_viz[hdf5]" brings it.'
        ) from error
    fields = ("features", "vgg_features", "genres", "imdb_ids")
    try:
        with h5py.File(path, "r") as file:
            arrays = {name: file[name][:] for name in fields}
            names = json.loads(file["genres"].attrs.get("target_names", "null"))
            split = _split(file.attrs.get("split"), len(arrays["genres"]))
    except (OSError, KeyError, RuntimeError) as error:
        raise ValueError(
            f"`folder` must hold {', '.join(fields)} in an intact {path.name}, "
            f"got {_check.first_line(error)}."
        ) from error
    return Dataset.from_arrays(
        {
            "picture": Modality(arrays["vgg_features"], "vector", common_scale=True),
            "text": Modality(arrays["features"], "vector", common_scale=True),
        },
        labels=arrays["genres"],
        class_names=GENRES if names is None else names,
        split=split,
        ids=[name.decode() for name in arrays["imdb_ids"]],
        info=info,
        name="MM-IMDb",
    )


def _split(table: Any, count: int) -> npt.NDArray[np.str_]:
    """Return the parts that the file states, else those of the whole set."""
    parts = np.full(count, "", dtype="U5")
    if table is not None:
        for line in table[table["source"] == b"genres"]:
            parts[line["start"] : line["stop"]] = PARTS[line["split"].decode()]
    elif count == sum(SIZES):
        parts[:] = np.repeat(list(PARTS.values()), SIZES)
    if (parts == "").any():
        raise ValueError(
            f"`folder` must hold {sum(SIZES)} films, or say where its parts begin in "
            f"the attribute 'split', got {count} films."
        )
    return parts
