"""Datasets: the `Dataset` value, your own arrays, three sets that ship, corruption."""

from .corrupt import missing, noisy, permuted, without
from .dataset import Dataset, Media, Modality
from .digits import digits
from .emoji import emoji
from .encode import encode
from .features import pictures, words
from .playground import playground, playground_neighbors
from .readers import from_npz, shared
from .splits import with_validation
from .table import from_table
from .webdataset import from_webdataset

__all__ = [
    "Dataset", "Media", "Modality", "digits", "emoji", "encode", "from_npz",
    "from_table", "from_webdataset", "missing", "noisy", "permuted", "pictures",
    "playground", "playground_neighbors", "shared", "with_validation", "without",
    "words",
]  # fmt: skip
