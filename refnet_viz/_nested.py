"""One rule for every verb: a value, a list of values (seeds), or a named mapping.

`embed`, `knn` and `project` answer in the shape they were asked in, so that
``{"plain": [run, run], "refiner": [run, run]}`` goes through the whole pipeline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from . import _check

A = TypeVar("A")
B = TypeVar("B")

Nested: TypeAlias = A | Sequence[A] | Mapping[str, A] | Mapping[str, Sequence[A]]
Variants: TypeAlias = dict[str, list[A]]


def map_values(function: Callable[[Any], B], values: Any) -> Any:
    """Apply `function` to every value inside `values`, keeping the shape.

    Examples
    --------
    >>> map_values(abs, {"a": [-1, 2], "b": [-3]})
    {'a': [1, 2], 'b': [3]}
    """
    if isinstance(values, Mapping):
        return {name: map_values(function, value) for name, value in values.items()}
    if isinstance(values, list | tuple):
        return [map_values(function, value) for value in values]
    return function(values)


def as_variants(
    name: str, values: Any, kind: type[A], *, alone: str = ""
) -> Variants[A]:
    """Return ``{variant: [one value per seed]}`` for any accepted shape.

    Parameters
    ----------
    name
        What the caller calls the argument; used in error sentences.
    values
        A value, a list of values, or a mapping of either.
    kind
        The class every value must have.
    alone
        The variant name given to values that come without one; when empty, a
        mapping is required.

    Raises
    ------
    TypeError
        If a name is missing or a value is of another class.
    ValueError
        If there is nothing in `values`.

    Examples
    --------
    >>> as_variants("graphs", {"plain": 1, "refiner": [2, 3]}, int)
    {'plain': [1], 'refiner': [2, 3]}
    """
    if not isinstance(values, Mapping):
        if not alone:
            raise TypeError(
                f"`{name}` must be a mapping of named variants, e.g. "
                f"{{'refiner': value}}, got {type(values).__name__}."
            )
        values = {alone: values}
    _check.unique(name, [str(key) for key in values])
    variants = {
        str(key): list(value) if isinstance(value, list | tuple) else [value]
        for key, value in values.items()
    }
    if not variants or not all(variants.values()):
        raise ValueError(f"`{name}` must hold at least one value a variant, got none.")
    for key, members in variants.items():
        for member in members:
            if not isinstance(member, kind):
                raise TypeError(
                    f"`{name}[{key!r}]` must hold {kind.__name__} values, "
                    f"got {type(member).__name__}."
                )
    return variants


def aligned(name: str, variants: Variants[Any]) -> Variants[Any]:
    """Return the same values, the rows of each in the order of the first one's.

    Parameters
    ----------
    name
        What the caller calls the argument; used in error sentences.
    variants
        Variant to values that have ``ids`` and can be ``reordered``: embeddings,
        graphs or layouts.

    Raises
    ------
    ValueError
        If a value has other ids.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> a = Embedding.from_arrays([[0.0], [1.0]], ids=["x", "y"])
    >>> every = aligned("spaces", {"a": [a], "b": [a.subset(["y", "x"])]})
    >>> every["b"][0].ids.tolist()
    ['x', 'y']
    """
    lead = next(iter(variants))
    ids, like = variants[lead][0].ids, f"{name}[{lead!r}]"
    return {
        key: [
            member.reordered(ids, name=f"{name}[{key!r}]", like=like)
            for member in members
        ]
        for key, members in variants.items()
    }


def baseline_of(baseline: str | None, variants: Mapping[str, Any]) -> str:
    """Return the variant the others are compared with: "plain", or the first.

    Raises
    ------
    ValueError
        If the one given is no variant.

    Examples
    --------
    >>> baseline_of(None, {"both": 1, "plain": 2})
    'plain'
    """
    if baseline is None:
        return "plain" if "plain" in variants else next(iter(variants))
    return _check.one_of("baseline", baseline, variants)
