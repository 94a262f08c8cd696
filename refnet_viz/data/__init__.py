"""Datasets: the `Dataset` value, your own arrays, and three sets that ship."""

from .dataset import Dataset, Media, Modality
from .digits import digits
from .emoji import emoji
from .playground import playground, playground_neighbors
from .readers import from_npz, shared

__all__ = [
    "Dataset", "Media", "Modality", "digits", "emoji", "from_npz", "playground",
    "playground_neighbors", "shared",
]  # fmt: skip
