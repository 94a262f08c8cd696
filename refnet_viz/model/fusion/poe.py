"""Product of experts: every modality is a Gaussian belief about z."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...objectives import refiner_loss
from ..encoders import Encoded
from .base import Answers, Fused, Fusion, Sizes
from .vectors import decoder, perceptron, present_vectors, wide

WEIGHT = 0.1  # of the ELBO beside the task's cross-entropy
BETA = 0.1  # of the KL term, a feature of z, beside an error a feature of the data
SPAN = 7.0  # log variances stay within +-7: precisions of 1/1000 to 1000


def product_of_experts(
    mean: Tensor, log_variance: Tensor, present: Tensor, *, prior: float = 1.0
) -> tuple[Tensor, Tensor]:
    r"""Return mean and variance of the product of independent Gaussians.

    Precisions add, and means are weighted by them:

    .. math::
        \sigma^{-2} = \tau_0 + \sum_m p_m \sigma_m^{-2}, \qquad
        \mu = \sigma^2 \sum_m p_m \sigma_m^{-2} \mu_m

    Parameters
    ----------
    mean, log_variance
        ``(B, M, d)``: one expert a modality.
    present
        ``(B, M)`` bool: which experts are asked.
    prior
        Precision of an expert of mean 0 who is always asked.

    Returns
    -------
    tuple of torch.Tensor
        Mean and variance ``(B, d)``.

    Examples
    --------
    Two experts of variances 1 and 1/2, and a prior of 1: precisions 1 + 1 + 2.

    >>> mean = torch.tensor([[[4.0], [1.0]]])
    >>> log_variance = torch.tensor([[[1.0], [0.5]]]).log()
    >>> both = torch.ones(1, 2, dtype=torch.bool)
    >>> [x.item() for x in product_of_experts(mean, log_variance, both)]
    [1.5, 0.25]
    """
    precision = (-log_variance).exp() * present[..., None]  # (B, M, d)
    total = prior + precision.sum(dim=1)  # (B, d)
    return (precision * mean).sum(dim=1) / total, 1 / total


def kl_to_unit(mean: Tensor, variance: Tensor) -> Tensor:
    r"""Return the mean over features of the divergence from a unit Gaussian.

    .. math:: \tfrac12 (\mu^2 + \sigma^2 - 1 - \log \sigma^2)

    Parameters
    ----------
    mean, variance
        ``(B, d)``.

    Returns
    -------
    torch.Tensor
        ``(B,)``, at least 0; 0 for mean 0 and variance 1.

    Examples
    --------
    >>> kl_to_unit(torch.tensor([[2.0, 0.0]]), torch.ones(1, 2))
    tensor([1.])
    """
    return (mean.square() + variance - 1 - variance.log()).mean(dim=1) / 2


class ProductOfExpertsFusion(Fusion):
    r"""Multiply the modalities' Gaussian beliefs about z, and a prior.

    .. math::
        q(z \mid x_m) = N(\mu_m, \sigma_m^2), \qquad
        q(z \mid x) \propto N(0, 1) \prod_{m\ \mathrm{present}} q(z \mid x_m)

    and z is the mean of the product, in training as in use: see
    `product_of_experts`. An absent modality is an expert who is not asked, which
    drops it exactly. In training each view S of a row, all its modalities and every
    one alone, adds a negative ELBO with one sample :math:`\tilde z \sim
    q(z \mid x_S)` and Gaussian decoders of the modalities' fixed standardised
    features:

    .. math::
        \sum_{m \in S} \mathrm{mse}(D_m(\tilde z), t_m)
        + \beta\, \mathrm{KL}\bigl(q(z \mid x_S) \,\|\, N(0, 1)\bigr)

    The multimodal variational autoencoder: Wu, Goodman, NeurIPS 2018. Ours: z is the
    mean and is classified, the terms are means over features with small weights
    `WEIGHT` and `BETA`, and log variances are bounded by :math:`7 \tanh(s / 7)`.

    Diagnostics: "precision", each modality's share of the precision of z, a mean
    over features (what is missing to 1 is the prior's); "variance", the sum of the
    variances of z, at most d.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        self.experts = nn.ModuleList(
            perceptron(self.width, self.hidden, 2 * self.width, self.dropout)
            for _ in self.names
        )
        self.decoders = nn.ModuleList(
            decoder(self.width, self.hidden, n) for n in sizes.features.values()
        )

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the pooled vectors; see `Fusion.forward`."""
        pooled = present_vectors(encoded, self.names, present)  # (B, M, w)
        pairs = zip(self.experts, pooled.unbind(1), strict=True)
        beliefs = wide(torch.stack([expert(x) for expert, x in pairs], dim=1))
        mean, score = beliefs.chunk(2, dim=2)  # (B, M, w) each
        log_variance = SPAN * (score / SPAN).tanh()
        z, variance = product_of_experts(mean, log_variance, present)  # (B, w)
        share = (-log_variance).exp() * variance[:, None]
        return Fused(
            z,
            diagnostics={
                "precision": share.mean(dim=2) * present,  # (B, M)
                "variance": variance.sum(dim=1),  # (B,)
            },
            memory={"mean": mean, "log_variance": log_variance},
        )

    def losses(self, fused: Fused, answers: Answers) -> dict[str, Tensor]:
        """Return reconstruction and KL, summed over a row's views; see the class."""
        errors, divergences = [], []
        columns = range(len(self.names))
        views = [tuple(columns), *((column,) for column in columns)]
        for view in views if len(columns) > 1 else views[:1]:
            error, divergence = self._elbo(fused, answers, view)
            errors.append(error)
            divergences.append(divergence)
        return {
            "reconstruction": WEIGHT * torch.stack(errors).sum(),
            "kl": WEIGHT * BETA * torch.stack(divergences).sum(),
        }

    def _elbo(
        self, fused: Fused, answers: Answers, view: tuple[int, ...]
    ) -> tuple[Tensor, Tensor]:
        """Return error and divergence of the rows that have any of these modalities."""
        columns = list(view)
        present = answers.present[:, columns]
        mean, variance = product_of_experts(
            fused.memory["mean"][:, columns],
            fused.memory["log_variance"][:, columns],
            present,
        )
        sample = mean + variance.sqrt() * torch.randn_like(mean)
        names = [self.names[column] for column in columns]
        decoded = {
            name: self.decoders[column](sample)
            for name, column in zip(names, columns, strict=True)
        }
        error = refiner_loss(decoded, answers.features, present)
        # A row without any of them is the prior: its divergence is 0.
        rows = present.any(dim=1).sum().clamp(min=1)
        return torch.stack(list(error.values())).sum(), (
            kl_to_unit(mean, variance).sum() / rows
        )
