"""What a figure was given, by variant, whatever shape it came in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from .._nested import Variants, as_variants
from ..embedding import Embedding
from ..graph.attribution import Attribution

T = TypeVar("T", Embedding, Attribution)

ALONE = "embedding"


def variants_of(argument: str, values: Any, kind: type[T]) -> Variants[T]:
    """Return variant to one value a seed; what has no name says itself what it is.

    Examples
    --------
    >>> own = Embedding.from_arrays([[0.0], [1.0]], name="mine")
    >>> list(variants_of("spaces", own, Embedding))
    ['mine']
    """
    every = as_variants(argument, values, kind, alone=ALONE)
    if isinstance(values, Mapping):
        return every
    members = every[ALONE]
    first = members[0]
    embedding = first if isinstance(first, Embedding) else first.graph.embedding
    return {str(embedding.info.get("variant", ALONE)): members}
