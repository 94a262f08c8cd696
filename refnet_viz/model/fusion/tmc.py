"""Evidential fusion: every modality votes with evidence, Dempster's rule counts."""

from __future__ import annotations

from functools import reduce

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..encoders import Encoded
from .base import Answers, Fused, Fusion, Sizes
from .evidence import Opinion, combine, evidential_loss, opinion
from .vectors import perceptron, present_vectors, wide

WEIGHT = 0.2  # of the evidential losses, a mean over views, beside the cross-entropy
ANNEALED = 0.5  # share of the training after which the penalty has its full weight


class EvidentialFusion(Fusion):
    r"""Combine the modalities' opinions about the class (TMC).

    .. math::
        h_m = \mathrm{MLP}_m(x_m), \quad e_m = \mathrm{softplus}(A_m h_m), \quad
        (b, u) = (b_1, u_1) \oplus \ldots \oplus (b_M, u_M)

    with the opinions and Dempster's rule :math:`\oplus` of `evidence`. The logits are
    :math:`\log(b_c + u / C)`, the logarithm of the expected class probability. z is
    :math:`[h_1; \ldots; h_M]`, all that the votes are read from, with zeros for an
    absent modality, whose opinion is vacuous and changes nothing.

    Han, Zhang, Fu, Zhou, "Trusted Multi-View Classification", ICLR 2021. In training
    every view and the fused opinion add their evidential loss, to which the usual
    cross-entropy of the logits comes; that z is the penultimate features, and the
    weights, are ours.

    Diagnostics: "uncertainty" of each modality ``(B, M)``, 1 where it is absent,
    "fused uncertainty" ``(B,)`` and "conflict" ``(B,)``, one minus the product of all
    agreements, each 0 to 1.
    """

    decides = True
    single_label = True
    pseudo = False  # whether a view of all modalities votes, too

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        count, width = len(self.names), self.width
        inputs = [width] * count + [count * width] * self.pseudo
        self.views = nn.ModuleList(
            perceptron(n, self.hidden, width, self.dropout) for n in inputs
        )
        self.head = nn.ModuleList(nn.Linear(width, sizes.classes) for _ in inputs)

    @property
    def z_width(self) -> int:
        """One block of features a view."""
        return len(self.views) * self.width

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the pooled vectors; see `Fusion.forward`."""
        pooled = present_vectors(encoded, self.names, present)  # (B, M, w)
        inputs = list(pooled.unbind(1))
        votes = present
        if self.pseudo:
            inputs.append(pooled.flatten(1))
            votes = torch.cat([present, present.any(dim=1, keepdim=True)], dim=1)
        pairs = zip(self.views, inputs, strict=True)
        hidden = torch.stack([wide(view(x)) for view, x in pairs], dim=1)
        hidden = hidden * votes[..., None]  # (B, V, w)
        pairs = zip(self.head, hidden.unbind(1), strict=True)
        scores = torch.stack([wide(layer(F.gelu(x))) for layer, x in pairs], dim=1)
        evidence = F.softplus(scores) * votes[..., None]  # (B, V, C)
        views = opinion(evidence)
        fused, agreement = _folded(views)
        return Fused(
            hidden.flatten(1),
            logits=(fused.belief + fused.uncertainty[:, None] / scores.shape[2]).log(),
            diagnostics={
                "uncertainty": views.uncertainty[:, : len(self.names)],  # (B, M)
                "fused uncertainty": fused.uncertainty,
                "conflict": 1 - agreement,
            },
            memory={
                "evidence": evidence,
                "fused": fused.belief * (scores.shape[2] / fused.uncertainty[:, None]),
            },
        )

    def losses(self, fused: Fused, answers: Answers) -> dict[str, Tensor]:
        """Return the evidential losses of the views and of the fused opinion."""
        if answers.labels is None:
            return {}
        labelled = answers.labelled
        annealing = min(1.0, answers.progress / ANNEALED)
        evidence = fused.memory["evidence"][labelled]  # (R, V, C)
        labels = answers.labels[labelled]
        votes = torch.ones_like(evidence[..., 0])
        votes[:, : len(self.names)] = answers.present[labelled].to(votes.dtype)
        each = evidential_loss(
            evidence.flatten(0, 1),
            labels.repeat_interleave(evidence.shape[1]),
            annealing,
        )
        views = (each * votes.flatten()).sum() / votes.sum().clamp(min=1)
        whole = evidential_loss(fused.memory["fused"][labelled], labels, annealing)
        joint = whole.sum() / max(len(whole), 1)
        return {"evidence": WEIGHT * (views + joint)}


class EnhancedEvidentialFusion(EvidentialFusion):
    r"""Combine the modalities' opinions and that of a view of them all (ETMC).

    As `EvidentialFusion`, with one more view
    :math:`h_{M+1} = \mathrm{MLP}([x_1; \ldots; x_M])`, combined last. It sees what no
    modality says alone.

    Han, Zhang, Fu, Zhou, "Trusted Multi-View Classification with Dynamic Evidential
    Fusion", IEEE TPAMI 2022.
    """

    pseudo = True


def _folded(views: Opinion) -> tuple[Opinion, Tensor]:
    """Return the combination of opinions ``(B, V, C)`` and their whole agreement."""
    single = [
        Opinion(b, u)
        for b, u in zip(
            views.belief.unbind(1), views.uncertainty.unbind(1), strict=True
        )
    ]

    def step(state: tuple[Opinion, Tensor], other: Opinion) -> tuple[Opinion, Tensor]:
        fused, agreement = combine(state[0], other)
        return fused, state[1] * agreement

    begin = single[0], torch.ones_like(single[0].uncertainty)
    return reduce(step, single[1:], begin)
