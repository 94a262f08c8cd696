"""Subjective opinions about classes: evidence, Dempster's rule, its losses."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Opinion(NamedTuple):
    """Belief in every class ``(..., C)`` and uncertainty ``(...)``; they sum to 1."""

    belief: Tensor
    uncertainty: Tensor


def opinion(evidence: Tensor) -> Opinion:
    r"""Return the opinion that evidence :math:`e \ge 0` supports.

    With C classes and :math:`S = C + \sum_c e_c`: :math:`b = e / S`, :math:`u = C / S`.
    Without evidence it is vacuous: no belief, uncertainty 1.

    Examples
    --------
    >>> opinion(torch.tensor([2.0, 0.0]))
    Opinion(belief=tensor([0.5000, 0.0000]), uncertainty=tensor(0.5000))
    """
    strength = evidence.shape[-1] + evidence.sum(dim=-1)
    return Opinion(evidence / strength[..., None], evidence.shape[-1] / strength)


def combine(first: Opinion, second: Opinion) -> tuple[Opinion, Tensor]:
    r"""Return two opinions combined by Dempster's rule, and what they agree on.

    With the conflict :math:`K = \sum_{i \ne j} b^1_i b^2_j`:

    .. math::
        b = \frac{b^1 b^2 + b^1 u^2 + b^2 u^1}{1 - K}, \qquad
        u = \frac{u^1 u^2}{1 - K}

    :math:`1 - K = \sum_c b^1_c b^2_c + u^1 + u^2 (1 - u^1)` is summed from parts of one
    sign, so that it keeps its digits when the conflict is nearly total. The rule is
    commutative and associative, and a vacuous opinion changes nothing.

    Parameters
    ----------
    first, second
        Opinions about the same classes.

    Returns
    -------
    tuple
        The combined opinion, and 1 - K in [0, 1].

    Examples
    --------
    >>> half = Opinion(torch.tensor([0.5, 0.0]), torch.tensor(0.5))
    >>> both, agreement = combine(half, half)
    >>> both.belief.tolist(), both.uncertainty.item(), agreement.item()
    ([0.75, 0.0], 0.25, 1.0)
    """
    (b1, u1), (b2, u2) = first, second
    shared = b1 * b2
    agreement = shared.sum(dim=-1) + u1 + u2 * (1 - u1)
    belief = shared + b1 * u2[..., None] + b2 * u1[..., None]
    return Opinion(belief / agreement[..., None], u1 * u2 / agreement), agreement


def evidential_loss(evidence: Tensor, labels: Tensor, annealing: float) -> Tensor:
    r"""Return each row's expected cross-entropy and its penalty on false evidence.

    With :math:`\alpha = e + 1`, :math:`S = \sum_c \alpha_c` and
    :math:`\tilde\alpha = 1 + e (1 - y)`, the evidence for wrong classes:

    .. math:: \psi(S) - \psi(\alpha_y) + \lambda\,
        \mathrm{KL}(\mathrm{Dir}(\tilde\alpha) \,\|\, \mathrm{Dir}(1))

    Parameters
    ----------
    evidence
        ``(B, C)``, at least 0.
    labels
        ``(B,)`` class numbers.
    annealing
        The weight :math:`\lambda` of the penalty, 0 to 1.

    Returns
    -------
    torch.Tensor
        ``(B,)``, at least 0; lower is better.

    Examples
    --------
    >>> evidential_loss(torch.zeros(1, 2), torch.tensor([0]), 1.0).round(decimals=4)
    tensor([1.])
    """
    alpha = evidence + 1
    index = labels[:, None]
    expected = alpha.sum(dim=1).digamma() - alpha.gather(1, index).squeeze(1).digamma()
    wrong = alpha.scatter(1, index, 1.0)
    return expected + annealing * dirichlet_kl(wrong)


def dirichlet_kl(alpha: Tensor) -> Tensor:
    """Return the divergence of Dirichlet distributions from the uniform one, ``(B,)``.

    Examples
    --------
    >>> dirichlet_kl(torch.ones(1, 3)).abs().item() < 1e-6
    True
    """
    total = alpha.sum(dim=1, keepdim=True)
    count = torch.full_like(total, alpha.shape[1])
    normal = total.lgamma() - count.lgamma() - alpha.lgamma().sum(dim=1, keepdim=True)
    turn = (alpha - 1) * (alpha.digamma() - total.digamma())
    return normal.squeeze(1) + turn.sum(dim=1)
