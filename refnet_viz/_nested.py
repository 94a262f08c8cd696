"""One rule for every verb: a value, a list of values (seeds), or a named mapping.

`embed`, `knn` and `project` answer in the shape they were asked in, so that
``{"plain": [run, run], "refiner": [run, run]}`` goes through the whole pipeline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np

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


def some(name: str, values: Any) -> Any:
    """Return a value, or a list or a mapping of values when it holds any.

    Raises
    ------
    ValueError
        If it is empty, or holds an empty list.

    Examples
    --------
    >>> some("graphs", {"a": []})
    Traceback (most recent call last):
    ...
    ValueError: `graphs` must hold at least one value a variant, got none.
    """
    parts = values.values() if isinstance(values, Mapping) else [values]
    lists = [values, *parts]
    if any(isinstance(one, list | tuple | Mapping) and not one for one in lists):
        raise ValueError(f"`{name}` must hold at least one value a variant, got none.")
    return values


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
    encoded = next((key for key in values if isinstance(key, bytes)), None)
    if encoded is not None:
        raise TypeError(f"`{name}` must have text for names, got {encoded!r}.")
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
        If a value has other ids, or other labels for the same ids.

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
    result = {
        key: [
            member.reordered(ids, name=f"{name}[{key!r}]", like=like)
            for member in members
        ]
        for key, members in variants.items()
    }
    for key, members in result.items():
        for member in members:
            check_same_points(f"{name}[{key!r}]", member, like, result[lead][0])
    return result


def check_same_points(name: str, other: Any, like: str, one: Any) -> None:
    """Refuse values of one order whose labels say that they are of other points.

    Parameters
    ----------
    name, like
        What errors call the two.
    other, one
        With ``ids`` in the same order; labels count where both know them by the same
        names of classes.

    Raises
    ------
    ValueError
        If a row has another label.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> z = [[0.0], [1.0]]
    >>> a, b = (Embedding.from_arrays(z, labels=x) for x in ([0, 1], [1, 0]))
    >>> check_same_points("b", b, "a", a)
    Traceback (most recent call last):
    ...
    ValueError: `b` must be of the points of `a`, got other labels for 2 of 2 rows of
    the same ids.
    """
    a, b = getattr(one, "labels", None), getattr(other, "labels", None)
    if a is None or b is None or np.shape(a) != np.shape(b):
        return
    if class_names_of(one) != class_names_of(other):
        return
    apart = (a != b) & (a >= 0) & (b >= 0)
    rows = int(apart.reshape(len(apart), -1).any(axis=1).sum())
    if rows:
        raise ValueError(
            f"`{name}` must be of the points of `{like}`, got other labels for "
            f"{rows:,} of {len(apart):,} rows of the same ids."
        )


def class_names_of(value: Any) -> Any:
    """Return the names of the classes of an embedding, or of a graph's."""
    return getattr(getattr(value, "embedding", value), "class_names", None)


def distinct(name: str, variants: Variants[Any]) -> None:
    """Refuse a value that is there twice among the seeds of a variant.

    Raises
    ------
    ValueError
        If one is: it would count as two seeds, without noise between them.

    Examples
    --------
    >>> one = object()
    >>> distinct("graphs", {"a": [one, object()], "b": [one]})
    >>> distinct("graphs", {"a": [one, one]})
    Traceback (most recent call last):
    ...
    ValueError: `graphs['a']` must hold each seed once, got number 1 again as
    number 2.
    """
    for variant, members in variants.items():
        for place, member in enumerate(members):
            earlier = [i for i in range(place) if _equal(members[i], member)]
            if earlier:
                raise ValueError(
                    f"`{name}[{variant!r}]` must hold each seed once, got number "
                    f"{earlier[0] + 1} again as number {place + 1}."
                )


def _equal(one: Any, other: Any) -> bool:
    """Return whether two are one thing, or copies of the run of one seed."""
    if one is other:
        return True
    a, b = (getattr(value, "embedding", value) for value in (one, other))
    seeds = [_seed_of(value) for value in (a, b)]
    if seeds[0] is None or seeds[0] != seeds[1]:
        return False
    if hasattr(a, "z"):
        return a is b or np.array_equal(a.z, b.z)
    return bool(getattr(a, "digest", a) == getattr(b, "digest", b))


def _seed_of(value: Any) -> Any:
    return getattr(value, "seed", getattr(value, "info", {}).get("seed"))


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
