"""Embeddings from values, arrays, frames, and mappings of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Number
from typing import Any, TypeVar

from ._nested import Variants, as_variants, some
from .embedding import Embedding

T = TypeVar("T")

ALONE = "embedding"  # a variant without a name


def as_spaces(
    values: Any, argument: str = "spaces", *, kinds: str = "Embedding"
) -> Any:
    """Return embeddings in the shape they came in.

    Parameters
    ----------
    values
        An Embedding, or vectors as `Embedding.from_arrays` takes them: a
        ``(rows, features)`` array, frame (its index names the rows), tensor or sparse
        matrix. Or a list of these (seeds), or a mapping of either (variants), whose
        keys become the names of bare vectors.
    argument, kinds
        What the caller calls it and what else it may hold; used in error sentences.

    Raises
    ------
    TypeError
        If there is anything else.
    ValueError
        If vectors are not finite or no matrix.

    Examples
    --------
    >>> import numpy as np
    >>> as_spaces({"mine": [np.eye(2)]})["mine"][0].info["variant"]
    'mine'
    """
    return _as_spaces(some(argument, values), ALONE, argument, kinds)


def _as_spaces(values: Any, name: str, argument: str, kinds: str) -> Any:
    if isinstance(values, Embedding):
        return values
    if isinstance(values, Mapping):
        return {
            key: _as_spaces(value, str(key), f"{argument}[{key!r}]", kinds)
            for key, value in values.items()
        }
    if isinstance(values, list | tuple):
        if any(isinstance(value, Number) for value in values):
            raise TypeError(
                f"`{argument}` must hold {kinds} values or arrays (rows, features), "
                f"got a {type(values).__name__} of numbers; a list holds an embedding "
                "a seed, so make an array of it first."
            )
        return [_as_spaces(value, name, argument, kinds) for value in values]
    if not hasattr(values, "shape"):
        raise TypeError(
            f"`{argument}` must hold {kinds} values or arrays (rows, features), "
            f"got {type(values).__name__}."
        )
    return Embedding.from_arrays(values, name=name)


def variants_of(
    argument: str,
    values: Any,
    kind: type[T],
    embedding_of: Callable[[T], Embedding],
) -> Variants[T]:
    """Return variant to one value a seed; what has no name says itself what it is.

    Parameters
    ----------
    argument
        What the caller calls it; used in error sentences.
    values
        A value, a list of values, or a mapping of either.
    kind
        The class every value must have.
    embedding_of
        The embedding of a value, whose variant names what comes without a name.

    Examples
    --------
    >>> own = Embedding.from_arrays([[0.0], [1.0]], name="mine")
    >>> list(variants_of("spaces", own, Embedding, lambda space: space))
    ['mine']
    """
    variants = as_variants(argument, values, kind, alone=ALONE)
    if isinstance(values, Mapping):
        return variants
    members = variants[ALONE]
    return {str(embedding_of(members[0]).info.get("variant", ALONE)): members}


def space_variants(spaces: Any) -> Variants[Embedding]:
    """Return variant to one embedding a seed, of all that `as_spaces` takes.

    Examples
    --------
    >>> import numpy as np
    >>> list(space_variants(np.eye(2))), list(space_variants({"mine": np.eye(2)}))
    (['embedding'], ['mine'])
    """
    return variants_of("spaces", as_spaces(spaces), Embedding, lambda space: space)
