"""The losses: contrastive ones, the refiner's four, and those of the task.

Plain functions with one call form each. All are means over the rows that count, all
return a scalar that is connected to the graph even when nothing counts, and none
loops over rows in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import combinations
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from . import _check

_ROWS = 256  # rows of the similarity matrix held at once; fits the cache at B = 4096


def multi_similarity(
    z: Tensor,
    labels: Tensor,
    *,
    alpha: float = 2.0,
    beta: float = 50.0,
    base: float = 0.5,
    margin: float = 0.1,
    mining: bool = True,
    jaccard: float = 0.0,
) -> Tensor:
    r"""Return the Multi-Similarity loss of a batch of fused vectors.

    With cosine similarities :math:`s_{ij}`, positives :math:`P_i` and negatives
    :math:`N_i` of anchor i, the loss is the mean over anchors of

    .. math::
        \tfrac1\alpha \log\bigl(1 + \sum_{j \in P_i} e^{-\alpha (s_{ij} - b)}\bigr)
        + \tfrac1\beta \log\bigl(1 + \sum_{j \in N_i} e^{\beta (s_{ij} - b)}\bigr).

    Mining keeps negatives more similar than the least similar positive minus the
    margin, and positives less similar than the most similar negative plus the
    margin; an anchor without both kinds then contributes 0.

    The gradient is worked out with the value, a block of rows at a time, so the
    B x B similarity matrix is never stored and nothing overflows. It can be
    differentiated once.

    Parameters
    ----------
    z
        ``(B, d)`` vectors; normalised here.
    labels
        ``(B,)`` class numbers or ``(B, C)`` 0/1.
    alpha, beta
        Sharpness for positives and negatives, above 0.
    base
        Similarity that separates the two kinds, -1 to 1.
    margin
        Slack of the mining, in similarity.
    mining
        Whether to keep only the informative pairs.
    jaccard
        With several labels a row: pairs whose label sets have at least this Jaccard
        index are positives; 0 means sharing one label is enough.

    Returns
    -------
    torch.Tensor
        Scalar of at least 0; lower is better.

    Raises
    ------
    ValueError
        If `z` is not a matrix or `labels` has another number of rows.

    References
    ----------
    Wang et al., "Multi-Similarity Loss with General Pair Weighting for Deep Metric
    Learning", CVPR 2019, equations 11 to 13.

    Examples
    --------
    Two anchors alike, one apart: without mining the value is
    ``(2 * log(1 + exp(-1)) / 2 + 3 * log(1 + ...) / 50) / 3``.

    >>> z = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> loss = multi_similarity(z, torch.tensor([0, 0, 1]), mining=False)
    >>> round(float(loss), 4)
    0.1044
    """
    if z.ndim != 2:
        raise ValueError(f"`z` must have shape (rows, features), got {tuple(z.shape)}.")
    if labels.ndim not in (1, 2) or len(labels) != len(z):
        raise ValueError(
            f"`labels` must have shape ({len(z)},) or ({len(z)}, classes), "
            f"got {tuple(labels.shape)}."
        )
    if len(z) == 0:
        return z.sum()
    order = positive = None
    with _one_thread():
        if labels.ndim == 2:
            positive = label_overlap(labels, jaccard)
        else:
            # Sorted by label, the positives of a block of rows stand side by side.
            labels, order = labels.sort()
        pairs, numbers = (order, positive), (alpha, beta, base, margin, mining)
        value: Tensor = _MultiSimilarity.apply(z, labels, pairs, numbers)
    return value


def label_overlap(labels: Tensor, jaccard: float = 0.0) -> Tensor:
    """Return a mask of the positive pairs of rows, by their label sets.

    Parameters
    ----------
    labels
        ``(B, C)`` 0/1.
    jaccard
        Smallest Jaccard index of a positive pair; 0 means at least one shared label.

    Returns
    -------
    torch.Tensor
        ``(B, B)`` bool; the diagonal says nothing.

    Examples
    --------
    >>> label_overlap(torch.tensor([[1, 1, 0], [0, 1, 1]]))[0, 1].item()
    True
    >>> label_overlap(torch.tensor([[1, 1, 0], [0, 1, 1]]), 0.5)[0, 1].item()
    False
    """
    sets = labels.to(torch.float32)
    shared = sets @ sets.T
    if jaccard <= 0:
        return shared > 0
    sizes = sets.sum(dim=1)
    union = sizes[:, None] + sizes[None, :] - shared
    # Whole numbers: compare products, so that 1/3 >= 1/3 never fails by rounding.
    return (shared > 0) & (shared >= jaccard * union - 1e-4)


class _MultiSimilarity(torch.autograd.Function):
    """Multi-Similarity, with the gradient of unit rows computed in the same pass."""

    @staticmethod
    def forward(
        ctx: Any,
        z: Tensor,
        labels: Tensor,
        pairs: tuple[Tensor | None, Tensor | None],
        numbers: tuple[float, float, float, float, bool],
    ) -> Tensor:
        order, positive = pairs
        needs_gradient = ctx.needs_input_grad[0]
        with torch.set_grad_enabled(needs_gradient):
            ctx.z = z.detach().requires_grad_(needs_gradient)
            ctx.unit = _unit(ctx.z, order)  # the way back to z
        unit = ctx.unit.detach()
        gradient = torch.zeros_like(unit) if needs_gradient else None
        total = unit.new_zeros(())
        for start in range(0, len(unit), _ROWS):
            stop = min(start + _ROWS, len(unit))
            total += _block(unit, labels, positive, numbers, start, stop, gradient)
        if gradient is not None:
            ctx.save_for_backward(gradient.div_(len(unit)))
        return total / len(unit)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None, None]:
        (gradient,) = ctx.saved_tensors
        with _one_thread(), torch.enable_grad():
            # A sum has the same slope; a gradient of its own makes torch import sympy.
            total = (ctx.unit * gradient * upstream).sum()
            (slope,) = torch.autograd.grad(total, ctx.z, retain_graph=True)
        return slope, None, None, None


def _unit(z: Tensor, order: Tensor | None) -> Tensor:
    """Return normalised rows, in another order where there is one."""
    unit = F.normalize(z.float() if z.dtype.itemsize < 4 else z, dim=1)
    return unit if order is None else unit[order]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let one thread compute: of several, blocks are so small that most would wait."""
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        yield
    finally:
        torch.set_num_threads(threads)


def _block(
    unit: Tensor,
    labels: Tensor,
    positive: Tensor | None,
    numbers: tuple[float, float, float, float, bool],
    start: int,
    stop: int,
    gradient: Tensor | None,
) -> Tensor:
    """Return the summed loss of some anchors and add their gradient to `gradient`."""
    alpha, beta, base, margin, mining = numbers
    rows = unit[start:stop]
    similar = rows @ unit.T  # (R, B)
    index = torch.arange(stop - start, device=unit.device)
    if positive is None:
        first, last = labels[start], labels[stop - 1]
        low = int(torch.searchsorted(labels, first))
        high = int(torch.searchsorted(labels, last, right=True))
        together = labels[start:stop, None] == labels[None, low:high]  # (R, S)
    else:
        low, high = 0, len(unit)
        together = positive[start:stop].clone()
    together[index, index + start - low] = True
    near = similar[:, low:high].masked_fill(~together, torch.inf)
    near[index, index + start - low] = torch.inf  # positives, +inf elsewhere
    similar[:, low:high].masked_fill_(together, -torch.inf)  # negatives, -inf elsewhere
    hardest = similar.amax(dim=1, keepdim=True)
    if mining:
        easiest = near.amin(dim=1, keepdim=True) - margin
        similar.masked_fill_(similar <= easiest, -torch.inf)
        near.masked_fill_(near >= hardest + margin, torch.inf)
    pull, pull_slope = _log_one_plus_sum(near, -alpha, base, near.amin(1, keepdim=True))
    push, push_slope = _log_one_plus_sum(similar, beta, base, hardest)
    if gradient is not None:
        push_slope[:, low:high] -= pull_slope
        gradient[start:stop].addmm_(push_slope, unit)
        gradient.addmm_(push_slope.T, rows)
    return pull.sum() / alpha + push.sum() / beta


def _log_one_plus_sum(
    values: Tensor, sharpness: float, base: float, extreme: Tensor
) -> tuple[Tensor, Tensor]:
    """Return ``log(1 + sum exp(sharpness (v - base)))`` a row, and softmax weights.

    `extreme` bounds every finite value of its row on the side where the exponent is
    largest, so nothing overflows. `values` is overwritten by the weights.
    """
    shift = (sharpness * (extreme - base)).clamp_(min=0.0)  # exponent of the implied 1
    weights = values.sub_(base).mul_(sharpness).sub_(shift).exp_()
    total = weights.sum(dim=1, keepdim=True) + torch.exp(-shift)
    return (shift + torch.log(total)).squeeze(1), weights.div_(total)


def refiner_mse(decoded: Tensor, target: Tensor) -> Tensor:
    """Return each row's mean squared error, ``(B,)``; 1 - R² on standardised targets.

    Examples
    --------
    >>> refiner_mse(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 0.0]])).tolist()
    [0.5]
    """
    return (decoded - target).square().mean(dim=1)


def refiner_cosine(decoded: Tensor, target: Tensor) -> Tensor:
    """Return each row's 1 - cosine similarity, ``(B,)``, 0 best, 2 worst.

    Examples
    --------
    >>> refiner_cosine(torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 1.0]])).tolist()
    [1.0]
    """
    return 1 - F.cosine_similarity(decoded, target, dim=1)


def refiner_contrastive(decoded: Tensor, target: Tensor, *, tau: float = 0.1) -> Tensor:
    r"""Return each row's mean violation of "closer to the own target by tau".

    With :math:`s_{ij} = \cos(\hat x_i, t_j)` and the violators
    :math:`V_i = \{j \ne i : s_{ij} > s_{ii} - \tau\}` the value of row i is the mean
    of :math:`\tau + s_{ij} - s_{ii}` over :math:`V_i`, or 0 when there is none.

    Notes
    -----
    The intent of the reference implementation of Sankaran et al. (2021). Pairs are
    told apart by position, so a duplicated target counts as the violation it is.

    Examples
    --------
    >>> x = torch.eye(2)
    >>> refiner_contrastive(x, x).tolist()
    [0.0, 0.0]
    >>> [round(v, 4) for v in refiner_contrastive(x, x.flip(0)).tolist()]
    [1.1, 1.1]
    """
    similar = _cosines(decoded, target)
    excess = similar - similar.diagonal()[:, None] + tau
    violators = (excess > 0) & ~_own(similar)
    return (excess * violators).sum(dim=1) / violators.sum(dim=1).clamp(min=1)


def refiner_multi_similarity(
    decoded: Tensor,
    target: Tensor,
    *,
    alpha: float = 50.0,
    beta: float = 2.0,
    base: float = 0.5,
    margin: float = 0.1,
) -> Tensor:
    r"""Return each row's Multi-Similarity loss with its own target as only positive.

    A row without a hard negative (:math:`s_{ij} + m > s_{ii}`) gives 0, otherwise
    :math:`\tfrac1\beta \log(1 + e^{-\beta(s_{ii} - b)}) + \tfrac1\alpha
    \log(1 + \sum_j e^{\alpha(s_{ij} - b)})` over its hard negatives. Here alpha
    belongs to the negatives, as in the reference implementation.

    Examples
    --------
    >>> x = torch.eye(2)
    >>> refiner_multi_similarity(x, x).tolist()
    [0.0, 0.0]
    """
    similar = _cosines(decoded, target)
    matched = similar.diagonal()
    hard = (similar + margin > matched[:, None]) & ~_own(similar)
    exponents = (alpha * (similar - base)).masked_fill(~hard, -1e4)
    push = F.softplus(torch.logsumexp(exponents, dim=1)) / alpha
    pull = F.softplus(-beta * (matched - base)) / beta
    return (pull + push) * hard.any(dim=1)


REFINER_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": refiner_mse,
    "cosine": refiner_cosine,
    "contrastive": refiner_contrastive,
    "multi_similarity": refiner_multi_similarity,
}


def refiner_loss(
    decoded: dict[str, Tensor],
    targets: dict[str, Tensor],
    present: Tensor,
    *,
    loss: str = "mse",
    weights: dict[str, float] | None = None,
) -> dict[str, Tensor]:
    """Return each modality's weighted refiner loss over the rows that have it.

    Parameters
    ----------
    decoded, targets
        Modality to ``(B, d_m)``, in the same order; targets carry no gradient.
    present
        ``(B, M)`` bool in that order.
    loss
        A name in `REFINER_LOSSES`.
    weights
        Modality to relative weight, the same for every loss; None weighs all 1.

    Returns
    -------
    dict
        Modality to scalar; 0, connected to the graph, where no row has it.

    Raises
    ------
    ValueError
        If the loss is unknown or a decoder's width is not that of its target.

    Examples
    --------
    >>> out = refiner_loss({"a": torch.ones(2, 3)}, {"a": torch.zeros(2, 3)},
    ...                    torch.tensor([[True], [False]]))
    >>> out["a"].item()
    1.0
    """
    function = REFINER_LOSSES[_check.one_of("loss", loss, REFINER_LOSSES)]
    losses = {}
    for column, (name, answer) in enumerate(decoded.items()):
        target = targets[name].detach()
        if answer.shape != target.shape:
            raise ValueError(
                f"`decoded[{name!r}]` must have the shape of its target "
                f"{tuple(target.shape)}, got {tuple(answer.shape)}."
            )
        rows = present[:, column]
        weight = 1.0 if weights is None else weights.get(name, 1.0)
        pair = rows_that_count(rows, answer, target)
        values = function(*pair)
        losses[name] = weight * (values.mean() if len(values) else pair[0].sum())
    return losses


def rows_that_count(count: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
    """Return the rows of tensors that count; the tensors themselves if all do.

    A mask copies even where it keeps all, and once more for the gradient. Only on the
    CPU is it asked whether it does: elsewhere the answer would have to be waited for.

    Parameters
    ----------
    count
        ``(B,)`` bool.
    values
        Tensors ``(B, ...)``.

    Examples
    --------
    >>> x = torch.tensor([1.0, 2.0])
    >>> rows_that_count(torch.tensor([False, True]), x)[0].tolist()
    [2.0]
    >>> rows_that_count(torch.tensor([True, True]), x)[0] is x
    True
    """
    if count.device.type == "cpu" and bool(count.all()):
        return values
    return tuple(value[count] for value in values)


def classification(
    logits: Tensor, labels: Tensor, *, weights: Tensor | None = None
) -> Tensor:
    """Return cross-entropy for class numbers, binary cross-entropy for 0/1 rows.

    Parameters
    ----------
    logits
        ``(B, C)``.
    labels
        ``(B,)`` class numbers or ``(B, C)`` 0/1.
    weights
        ``(C,)``: what the loss of a row of each class is multiplied by, or with
        several labels that of a 1; None multiplies nothing. The mean stays that over
        B rows, so that batches with many rare classes count more, as they should.

    Returns
    -------
    torch.Tensor
        Scalar of at least 0; lower is better; 0, connected, when B is 0.

    Examples
    --------
    >>> round(classification(torch.zeros(1, 2), torch.tensor([1])).item(), 4)
    0.6931
    >>> logits, weights = torch.zeros(2, 2), torch.tensor([1.0, 3.0])
    >>> round(classification(logits, torch.tensor([0, 1]), weights=weights).item(), 4)
    1.3863
    """
    if len(logits) == 0:
        return logits.sum()
    if labels.ndim == 2:
        truth = labels.to(logits.dtype)
        return F.binary_cross_entropy_with_logits(logits, truth, pos_weight=weights)
    if weights is None:
        return F.cross_entropy(logits, labels)
    return (F.cross_entropy(logits, labels, reduction="none") * weights[labels]).mean()


def regression(predicted: Tensor, target: Tensor) -> Tensor:
    """Return the smooth L1 loss: squared up to an error of 1, linear beyond.

    Halfway between squared and absolute error (Huber 1964): on standardised targets
    a row that is off by many standard deviations does not outweigh all others.

    Parameters
    ----------
    predicted, target
        ``(B,)`` standardised.

    Returns
    -------
    torch.Tensor
        Scalar of at least 0; lower is better; 0, connected, when B is 0.

    Examples
    --------
    >>> regression(torch.tensor([0.0, 3.0]), torch.tensor([1.0, 0.0])).item()
    1.5
    """
    if len(predicted) == 0:
        return predicted.sum()
    return F.smooth_l1_loss(predicted, target.to(predicted.dtype))


def supcon(
    z: Tensor, labels: Tensor, *, temperature: float = 0.1, jaccard: float = 0.0
) -> Tensor:
    """Return the supervised contrastive loss of pytorch-metric-learning.

    Parameters
    ----------
    z
        ``(B, d)`` vectors; normalised there.
    labels
        ``(B,)`` class numbers or ``(B, C)`` 0/1.
    temperature
        Temperature of the softmax over the batch, above 0.
    jaccard
        As in `label_overlap`.

    Returns
    -------
    torch.Tensor
        Scalar of at least 0; lower is better; 0 without a positive pair.

    Raises
    ------
    ImportError
        If pytorch-metric-learning is not installed.

    References
    ----------
    Khosla et al., "Supervised Contrastive Learning", NeurIPS 2020, equation 2.

    Examples
    --------
    >>> z = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> supcon(z, torch.tensor([0, 0, 1, 1])) < supcon(z, torch.tensor([0, 1, 0, 1]))
    tensor(True)
    """
    losses = _metric_learning("supcon")
    if labels.ndim == 1:
        together = labels[:, None] == labels
    else:
        together = label_overlap(labels, jaccard)
    diagonal = _own(together)
    positives, negatives = together & ~diagonal, ~together & ~diagonal
    pairs = (*positives.nonzero(as_tuple=True), *negatives.nonzero(as_tuple=True))
    value: Tensor = losses.SupConLoss(temperature)(z.float(), indices_tuple=pairs)
    return value


def info_nce(
    unimodal: list[Tensor], present: Tensor, *, temperature: float = 0.1
) -> Tensor:
    """Return the mean InfoNCE loss over all pairs of modalities; needs no labels.

    A row's vectors from two modalities are a positive pair, all other rows of the
    batch are negatives, in both directions (pytorch-metric-learning's NTXentLoss).

    Parameters
    ----------
    unimodal
        One ``(B, d)`` a modality; normalised there.
    present
        ``(B, M)`` bool; rows that lack one of two modalities are left out.
    temperature
        Temperature of the softmax over the batch, above 0.

    Returns
    -------
    torch.Tensor
        Scalar of at least 0; lower is better, about log(2 B - 1) by chance; 0 with
        one modality.

    Raises
    ------
    ImportError
        If pytorch-metric-learning is not installed.

    References
    ----------
    van den Oord et al., arXiv 1807.03748; between modalities as in Zhang et al.,
    "Contrastive Learning of Medical Visual Representations", arXiv 2010.00747.

    Examples
    --------
    >>> x, there = torch.eye(3), torch.ones(3, 2, dtype=torch.bool)
    >>> info_nce([x, x], there) < info_nce([x, x.roll(1, 0)], there)
    tensor(True)
    """
    losses = _metric_learning("info_nce")
    loss = losses.SelfSupervisedLoss(losses.NTXentLoss(temperature), symmetric=True)
    terms = [torch.stack([x.sum() * 0.0 for x in unimodal]).sum()]
    for i, j in combinations(range(len(unimodal)), 2):
        both = present[:, i] & present[:, j]
        if both.sum() > 1:
            terms.append(loss(unimodal[i][both].float(), unimodal[j][both].float()))
    return torch.stack(terms).sum() / max(len(terms) - 1, 1)


def _metric_learning(name: str) -> Any:
    try:
        from pytorch_metric_learning import losses  # noqa: PLC0415 (optional)
    except ImportError as error:
        raise ImportError(
            "`contrastive_loss` must be 'multi_similarity' unless "
            f"pytorch-metric-learning is installed, got {name!r}; "
            'pip install "refnet_viz[metric]".'
        ) from error
    return losses


def _cosines(decoded: Tensor, target: Tensor) -> Tensor:
    return F.normalize(decoded, dim=1) @ F.normalize(target, dim=1).T  # (B, B)


def _own(similar: Tensor) -> Tensor:
    return torch.eye(len(similar), dtype=torch.bool, device=similar.device)
