"""The Refiner Fusion Network: encoders, fusions, refiner, and the whole model."""

from .refnet import Batch, Output, ReFNet, Schema

__all__ = ["Batch", "Output", "ReFNet", "Schema"]
