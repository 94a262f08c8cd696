"""Factorised fusion: one shared factor, and a private one of every modality."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...objectives import refiner_loss
from ..encoders import Encoded
from .base import Answers, Fused, Fusion, Sizes
from .vectors import decoder, perceptron, present_vectors

WEIGHT = 0.5  # of the reconstruction; MultiBench has 1 beside 2 cross-entropies


class MFMFusion(Fusion):
    r"""Share what the modalities have in common in z, and keep the rest private.

    .. math::
        z = \mathrm{MLP}([x_1; \ldots; x_M]), \qquad p_m = \mathrm{MLP}_m(x_m)

    In training decoders of both rebuild every modality's fixed standardised features,
    :math:`\sum_m \mathrm{mse}(D_m([p_m; z]), t_m)` over what is present; the head
    reads z alone, and in use neither :math:`p_m` nor :math:`D_m` is called.

    The contrast with the refiner: its decoders have z only, so z must answer for the
    whole of every modality. Here whatever :math:`p_m` can carry need not be in z:
    **z is not responsible for the whole modality**, it is asked only for what the
    private factors leave over. A private factor of width 0 would be a refiner.

    In the style of the Multimodal Factorization Model: Tsai, Liang, Zadeh, Morency,
    Salakhutdinov, ICLR 2019, in the deterministic form of MultiBench. "In the style":
    the original is generative and matches a prior on all factors (a Wasserstein
    autoencoder with MMD); here are neither prior nor generative factors. Ours: a
    private factor of a quarter of the width of z, and a learned vector in the place
    of what is absent, as in `ConcatFusion`.
    """

    counts = (2, None)  # one modality has nobody to share with

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        count, width, hidden = len(self.names), self.width, self.hidden
        private = max(width // 4, 1)
        self.absent = nn.Parameter(torch.zeros(count, width))
        self.shared = perceptron(count * width, hidden, width, self.dropout)
        self.privates = nn.ModuleList(
            perceptron(width, hidden, private, self.dropout) for _ in self.names
        )
        self.decoders = nn.ModuleList(
            decoder(private + width, hidden, n) for n in sizes.features.values()
        )

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the pooled vectors; see `Fusion.forward`."""
        pooled = present_vectors(encoded, self.names, present)  # (B, M, w)
        filled = pooled + self.absent * ~present[..., None]
        return Fused(self.shared(filled.flatten(1)), memory={"pooled": pooled})

    def losses(self, fused: Fused, answers: Answers) -> dict[str, Tensor]:
        """Return the reconstruction of what is present from ``[p_m; z]``."""
        decoded = {}
        for column, name in enumerate(self.names):
            private = self.privates[column](fused.memory["pooled"][:, column])
            factors = torch.cat([private, fused.z], dim=1)  # (B, p + w)
            decoded[name] = self.decoders[column](factors)
        terms = refiner_loss(decoded, answers.features, answers.present)
        return {"reconstruction": WEIGHT * torch.stack(list(terms.values())).sum()}
