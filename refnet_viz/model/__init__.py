"""The Refiner Fusion Network: encoders, fusions, refiner, and the whole model."""

from .device import as_device
from .refnet import Batch, Output, ReFNet, StoredBatch
from .schema import Schema

__all__ = ["Batch", "Output", "ReFNet", "Schema", "StoredBatch", "as_device"]
