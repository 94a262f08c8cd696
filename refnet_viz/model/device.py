"""The device to compute on."""

from __future__ import annotations

import torch

from .. import _check


def as_device(device: str | torch.device) -> torch.device:
    """Return the device when torch finds it on this machine.

    Raises
    ------
    TypeError
        If it is neither a device nor a name.
    ValueError
        If the name means nothing or the hardware is missing.

    Examples
    --------
    >>> as_device("cpu")
    device(type='cpu')
    """
    if not isinstance(device, str | torch.device):
        raise TypeError(
            "`device` must be a device of torch or its name, e.g. 'cpu', "
            f"got {_check.shown(device)}."
        )
    try:
        place = torch.device(device)
        torch.empty(0, device=place)  # asks for the hardware, not for the name alone
    except (AssertionError, RuntimeError, TypeError) as error:
        raise ValueError(
            "`device` must be a device that torch finds on this machine, e.g. 'cpu', "
            f"got {_check.shown(device)}."
        ) from error
    return place
