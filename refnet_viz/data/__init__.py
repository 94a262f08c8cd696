"""Datasets: the `Dataset` value, your own arrays, three sets that ship, corruption."""

from .corrupt import missing, noisy, permuted, without
from .dataset import Dataset, Media, Modality
from .digits import digits
from .emoji import emoji
from .playground import playground, playground_neighbors
from .readers import from_npz, shared

__all__ = [
    "Dataset", "Media", "Modality", "digits", "emoji", "from_npz", "missing", "noisy",
    "permuted", "playground", "playground_neighbors", "shared", "without",
]  # fmt: skip
