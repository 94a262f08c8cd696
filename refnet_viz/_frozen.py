"""Read-only arrays of frozen values."""

from __future__ import annotations

from typing import Any

import numpy as np


def read_only(value: Any) -> Any:
    """Return arrays as views that refuse to be written into; nothing is copied.

    Dicts are copied with their arrays as such views, anything else is returned as it
    is. The array itself stays as writable as it was.

    Examples
    --------
    >>> own = np.zeros(2)
    >>> read_only(own).flags.writeable, own.flags.writeable
    (False, True)
    >>> read_only({"a": own})["a"].base is own
    True
    """
    if isinstance(value, dict):
        return {key: read_only(entry) for key, entry in value.items()}
    if not isinstance(value, np.ndarray) or not value.flags.writeable:
        return value
    view = value.view()
    view.flags.writeable = False
    return view


def freeze(value: object, *names: str) -> None:
    """Make arrays of a frozen dataclass read-only, as it is made.

    Parameters
    ----------
    value
        The dataclass.
    names
        Its fields that hold arrays, or dicts of them.
    """
    for name in names:
        object.__setattr__(value, name, read_only(getattr(value, name)))
