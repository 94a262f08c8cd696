"""Arguments under their former names, for one version more."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def renamed(old: str, new: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function take an argument under its former name, with a FutureWarning.

    Parameters
    ----------
    old, new
        The former name, and the one of the signature.

    Examples
    --------
    >>> import warnings
    >>> @renamed("number", "value")
    ... def double(value):
    ...     return 2 * value
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     double(number=2)
    4
    >>> str(caught[0].message).partition(";")[0]
    'double(number=) is called double(value=) now'
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        name = function.__name__

        @wraps(function)
        def under_both_names(*args: P.args, **kwargs: P.kwargs) -> R:
            if old in kwargs and new not in kwargs and not args:
                warnings.warn(
                    f"{name}({old}=) is called {name}({new}=) now; the old name goes "
                    "with the next version.",
                    FutureWarning,
                    stacklevel=2,
                )
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return under_both_names

    return decorate
