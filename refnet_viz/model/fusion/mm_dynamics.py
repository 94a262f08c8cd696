"""Multimodal dynamics: features and modalities weighted by learned confidence."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..encoders import Encoded
from .base import Answers, Fused, Fusion, Sizes
from .vectors import present_vectors, wide

CONFIDENCE = 0.5  # weight of what the modalities' own classifiers have to learn
SPARSITY = 0.01  # weight of the mean feature gate


class DynamicsFusion(Fusion):
    r"""Gate every feature, weigh every modality by its true-class probability.

    .. math::
        s_m = \sigma(S_m x_m), \quad f_m = \mathrm{GELU}(W_m (s_m \circ x_m)), \quad
        c_m = \sigma(v_m^\top f_m), \quad z = [c_1 f_1; \ldots; c_M f_M]

    In training a classifier of each modality, :math:`q_m = A_m f_m`, learns the labels,
    the confidence :math:`c_m` learns the probability :math:`p_m(y)` it gives to the
    true one, and the gates are kept sparse:

    .. math::
        \sum_m \mathrm{CE}(q_m, y) + (c_m - p_m(y))^2 + \gamma\, \overline{s_m}

    An absent modality has confidence 0. Han, Yang, Huang, Zhang, Yao, "Multimodal
    Dynamics: Dynamical Fusion for Trustworthy Multimodal Classification", CVPR 2022.
    Ours: the confidence is bounded by a sigmoid (the published one is not), its target
    carries no gradient, GELU and dropout before it, and the weights.

    Diagnostics: "confidence" and "gate", the mean feature gate, both ``(B, M)``.
    """

    single_label = True

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        width = self.width
        self.gates = nn.ModuleList(nn.Linear(width, width) for _ in self.names)
        self.maps = nn.ModuleList(nn.Linear(width, width) for _ in self.names)
        self.trust = nn.ModuleList(nn.Linear(width, 1) for _ in self.names)
        self.head = nn.ModuleList(nn.Linear(width, sizes.classes) for _ in self.names)
        self.drop = nn.Dropout(self.dropout)

    @property
    def z_width(self) -> int:
        """One block of features a modality."""
        return len(self.names) * self.width

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the pooled vectors; see `Fusion.forward`."""
        pooled = present_vectors(encoded, self.names, present)  # (B, M, w)
        gates, features, confidence, logits = [], [], [], []
        for i, x in enumerate(pooled.unbind(1)):
            gate = wide(self.gates[i](x)).sigmoid()
            f = F.gelu(self.maps[i](self.drop(x * gate)))
            gates.append(gate.mean(dim=1))
            features.append(wide(f))
            confidence.append(wide(self.trust[i](f)).sigmoid().squeeze(1))
            logits.append(wide(self.head[i](f)))
        trust = torch.stack(confidence, dim=1) * present  # (B, M)
        gate = torch.stack(gates, dim=1) * present  # (B, M)
        z = torch.stack(features, dim=1) * trust[..., None]
        return Fused(
            z.flatten(1),
            diagnostics={"confidence": trust, "gate": gate},
            memory={"logits": torch.stack(logits, dim=1), "trust": trust, "gate": gate},
        )

    def losses(self, fused: Fused, answers: Answers) -> dict[str, Tensor]:
        """Return the losses of gates, confidences and the modalities' classifiers.

        Means over the modalities that are present.
        """
        weight = answers.present / answers.present.sum().clamp(min=1)
        losses = {"sparsity": SPARSITY * (fused.memory["gate"] * weight).sum()}
        if answers.labels is None:
            return losses
        judged = answers.present & answers.labelled[:, None]  # (B, M)
        logits = fused.memory["logits"][judged]  # (R, C)
        labels = answers.labels[:, None].expand_as(judged)[judged]
        log_likelihood = logits.log_softmax(dim=1).gather(1, labels[:, None]).squeeze(1)
        missed = (
            fused.memory["trust"][judged] - log_likelihood.detach().exp()
        ).square()
        total = (missed - log_likelihood).sum() / max(len(labels), 1)
        return losses | {"confidence": CONFIDENCE * total}
