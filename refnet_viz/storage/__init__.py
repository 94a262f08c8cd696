"""Embeddings in a folder: safetensors and JSON, nothing that could run."""

from .folder import load, save_spaces

__all__ = ["load", "save_spaces"]
