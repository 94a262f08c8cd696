"""Datasets: the `Dataset` value, your own arrays, and three sets that ship."""

from .dataset import Dataset, Media, Modality
from .digits import digits
from .emoji import emoji

__all__ = ["Dataset", "Media", "Modality", "digits", "emoji"]
