"""Fixed points by Anderson acceleration, with the implicit gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

_MEMORY, _RIDGE = 5, 1e-4

Step = Callable[..., Tensor]


@dataclass(frozen=True)
class Rest:
    """Result of a fixed-point iteration.

    Parameters
    ----------
    state
        ``(B, ...)``, connected to the inputs by the implicit gradient.
    residual
        ``(B,)`` relative change by one more step.
    converged
        ``(B,)`` bool: the residual is within the tolerance.
    steps
        ``(B,)`` steps taken.
    penalty
        Scalar: mean square of the Jacobian by the state, estimated by one probe. It
        reaches the parameters of the step, not what the inputs were made by.
    """

    state: Tensor
    residual: Tensor
    converged: Tensor
    steps: Tensor
    penalty: Tensor


def anderson(
    step: Callable[[Tensor], Tensor],
    start: Tensor,
    *,
    steps: int,
    tolerance: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return a fixed point of `step`, its relative residual and the steps taken.

    Each row mixes its own last five states by the weights that make the residual of
    the mixture smallest, keeps the best state it has met, and stops by itself: what
    its neighbours do does not matter.

    Parameters
    ----------
    step
        Maps ``(B, ...)`` to the same shape, row by row.
    start
        ``(B, ...)``.
    steps
        The most steps to take.
    tolerance
        Relative change at which a row rests.

    Returns
    -------
    tuple of torch.Tensor
        State ``(B, ...)``, residual ``(B,)`` and steps ``(B,)``.

    References
    ----------
    Walker, Ni, "Anderson Acceleration for Fixed-Point Iterations", SIAM Journal on
    Numerical Analysis 49, 2011.

    Examples
    --------
    >>> half = lambda x: 0.5 * x + 1.0
    >>> state, _, taken = anderson(half, torch.zeros(1, 1), steps=20, tolerance=1e-4)
    >>> round(state.item(), 3), taken.item() < 8
    (2.0, True)
    """
    rows = len(start)
    flat = start.reshape(rows, -1)
    best, count = flat, torch.zeros(rows).to(flat)
    least = torch.full((rows,), torch.inf).to(flat)
    points: list[Tensor] = []
    images: list[Tensor] = []
    current = flat
    for number in range(1, steps + 1):
        image = step(current.reshape(start.shape)).reshape(rows, -1)
        change = (image - current).norm(dim=1) / image.norm(dim=1).clamp(min=1e-8)
        running = least > tolerance
        better = running & (change < least)
        best = torch.where(better[:, None], image, best)
        least = torch.where(better, change, least)
        count = torch.where(running, number, count)
        points, images = [*points, current][-_MEMORY:], [*images, image][-_MEMORY:]
        # Without numbers, on the device "meta", nothing can be found to have stopped.
        if flat.device.type != "meta" and not bool((least > tolerance).any()):
            break
        current = _mixed(points, images)
    return best.reshape(start.shape), least, count


def _mixed(points: list[Tensor], images: list[Tensor]) -> Tensor:
    """Return each row's mixture of images whose residual is smallest."""
    image = torch.stack(images, dim=1)  # (B, m, d)
    gap = image - torch.stack(points, dim=1)
    scale = gap.norm(dim=(1, 2), keepdim=True).clamp(min=1e-12)
    gap = gap / scale
    gram = gap @ gap.transpose(1, 2)  # (B, m, m)
    m = len(points)
    ridge = _RIDGE * gram.diagonal(dim1=1, dim2=2).mean(dim=1).clamp(min=1e-12)
    gram = gram + ridge[:, None, None] * torch.eye(m).to(gram)
    weights = torch.linalg.solve(gram, torch.ones(len(gram), m, 1).to(gram))
    weights = weights / weights.sum(dim=1, keepdim=True)
    return (weights * image).sum(dim=1)


def resting_at(dtype: torch.dtype) -> float:
    """Return the relative change at which a row rests.

    A thousandth is far below what two seeds differ by; in float64, which is for
    checking, a millionth.
    """
    return 1e-6 if dtype == torch.float64 else 1e-3


def equilibrium(
    step: Step, start: Tensor, inputs: tuple[Tensor, ...], *, steps: int
) -> Rest:
    r"""Return the fixed point of `step`, differentiable by the implicit theorem.

    At rest, :math:`z^* = f(z^*, x)`, and a gradient g of the loss by z passes on as
    v with :math:`v = J^\top v + g`, J the Jacobian of f by z, found by the same solver;
    no step but the last is stored. For rows that do not rest, in either direction, v
    is g: the gradient of the last step alone.

    Parameters
    ----------
    step
        ``step(state, *inputs)``, row by row.
    start
        ``(B, ...)`` first state.
    inputs
        What the step reads besides the state.
    steps
        The most steps to take, forward and backward.

    References
    ----------
    Bai, Kolter, Koltun, "Deep Equilibrium Models", NeurIPS 2019; the penalty: Bai,
    Koltun, Kolter, "Stabilizing Equilibrium Models by Jacobian Regularization", 2021.

    Examples
    --------
    At rest z = z / 2 + x, so dz / dx = 2:

    >>> x = torch.tensor([[1.0]], requires_grad=True)
    >>> rest = equilibrium(lambda z, x: 0.5 * z + x, torch.zeros(1, 1), (x,), steps=20)
    >>> rest.state.sum().backward()
    >>> round(rest.state.item(), 3), round(x.grad.item(), 3)
    (2.0, 2.0)
    """
    tolerance = resting_at(start.dtype)
    with torch.no_grad():
        fixed_point, residual, count = anderson(
            lambda state: step(state, *inputs), start, steps=steps, tolerance=tolerance
        )
    resting = residual <= tolerance
    state = step(fixed_point, *inputs)
    penalty = state.new_zeros(())
    if torch.is_grad_enabled() and state.requires_grad:
        point = fixed_point.detach().requires_grad_()
        image = step(point, *(x.detach() for x in inputs))

        def pulled(v: Tensor) -> Tensor:
            (back,) = torch.autograd.grad(image, point, v, retain_graph=True)
            return back

        def implicit(g: Tensor) -> Tensor:
            size = g.flatten(1).norm(dim=1).clamp(min=1e-30).reshape(-1, *_ones(g))
            v, missed, _ = anderson(
                lambda v: pulled(v) + g / size,
                g / size,
                steps=steps,
                tolerance=tolerance,
            )
            usable = resting & (missed <= 10 * tolerance)
            return torch.where(usable.reshape(-1, *_ones(g)), v * size, g)

        state.register_hook(implicit)
        penalty = _jacobian(step, fixed_point, inputs)
    return Rest(state, residual, resting, count, penalty)


def _ones(x: Tensor) -> list[int]:
    return [1] * (x.ndim - 1)


def _jacobian(step: Step, fixed_point: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
    """Return the mean square of the Jacobian's action on a random probe.

    The inputs are detached: the penalty is to make the step contract, and must not
    pull encoders to where any step does.
    """
    point = fixed_point.detach().requires_grad_()
    image = step(point, *(x.detach() for x in inputs))
    probe = torch.randn_like(image)
    (back,) = torch.autograd.grad(image, point, probe, create_graph=True)
    return back.square().mean()
