"""The device to compute on."""

from __future__ import annotations

import torch


def as_device(device: str | torch.device) -> torch.device:
    """Return the device when torch finds it on this machine.

    Raises
    ------
    ValueError
        If the name means nothing or the hardware is missing.

    Examples
    --------
    >>> as_device("cpu")
    device(type='cpu')
    """
    try:
        place = torch.device(device)
        torch.empty(0, device=place)  # asks for the hardware, not for the name alone
    except (AssertionError, RuntimeError, TypeError) as error:
        raise ValueError(
            "`device` must be a device that torch finds on this machine, e.g. 'cpu', "
            f"got {device!r}."
        ) from error
    return place
