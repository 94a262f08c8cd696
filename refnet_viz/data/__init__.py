"""Datasets: the `Dataset` value, your own arrays, four sets that ship, corruption."""

from .corrupt import missing, noisy, permuted, without
from .dataset import Dataset, Media, Modality
from .digits import digits
from .emoji import emoji
from .encode import encode
from .features import pictures, words
from .hateful_memes import hateful_memes
from .mm_imdb import mm_imdb
from .multiview import from_mat
from .omics import from_anndata, from_mudata
from .on_disk import on_disk
from .playground import playground, playground_neighbors
from .questions import questions
from .readers import from_npz, shared
from .snli_ve import snli_ve
from .splits import with_validation
from .table import from_table
from .webdataset import from_webdataset

__all__ = [
    "Dataset",
    "Media",
    "Modality",
    "digits",
    "emoji",
    "encode",
    "from_anndata",
    "from_mat",
    "from_mudata",
    "from_npz",
    "from_table",
    "from_webdataset",
    "hateful_memes",
    "missing",
    "mm_imdb",
    "noisy",
    "on_disk",
    "permuted",
    "pictures",
    "playground",
    "playground_neighbors",
    "questions",
    "shared",
    "snli_ve",
    "with_validation",
    "without",
    "words",
]
