"""Non-local gate: the first modality queries the others."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..encoders import Encoded
from .base import Fused, Fusion, Sizes
from .vectors import present_vectors, shares, wide

SLOTS = 4  # into which a vector is cut, so that there is something to attend over


class NLGateFusion(Fusion):
    r"""Let the first modality query every other one, and add what it is told.

    Vectors become T slots of c features by a linear map each, queries Q of the first
    modality, keys K and values V of all others, one below the other:

    .. math:: z = \mathrm{vec}\bigl(Q + \mathrm{softmax}(Q K^\top / \sqrt{c})\, V\bigr)

    With two modalities this is the published form. An absent modality is not attended
    over; without any other z is the query, and an absent first modality queries by
    the learned bias of its map. Order matters: the first modality is the one that
    asks.

    The non-local block: Wang, Girshick, Gupta, He, CVPR 2018, as a fusion in
    MultiBench (Liang et al. 2021), whose softmax lacks :math:`\sqrt{c}`. More than
    one queried modality, with one softmax over all of them, and a GELU before the
    maps are ours.

    The diagnostic "share" is each modality's part in z: the norm of its term (Q of
    the first, its values times their attention of any other) over the sum of norms.
    """

    counts = (2, 5)

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        self.slot = -(-self.width // SLOTS)
        others = len(self.names) - 1
        self.query = nn.Linear(self.width, self.z_width)
        self.keys, self.values = (
            nn.ModuleList(nn.Linear(self.width, self.z_width) for _ in range(others))
            for _ in range(2)
        )

    @property
    def z_width(self) -> int:
        """Features of z: those of all slots, the width rounded up."""
        return SLOTS * self.slot

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the pooled vectors; see `Fusion.forward`."""
        pooled = F.gelu(present_vectors(encoded, self.names, present))  # (B, M, w)
        first, *others = pooled.unbind(1)
        query = self._slots([self.query], [first])[:, 0]  # (B, T, c)
        keys = self._slots(self.keys, others)  # (B, M - 1, T, c)
        values = self._slots(self.values, others)
        scores = torch.einsum("bqc,bmkc->bqmk", query, keys) * self.slot**-0.5
        key_mask = present[:, 1:].repeat_interleave(SLOTS, dim=1)[:, None]
        attention = shares(wide(scores).flatten(2), key_mask)  # (B, T, (M - 1) T)
        attention = attention.unflatten(2, (len(others), SLOTS))
        read = torch.einsum("bqmk,bmkc->bmqc", attention, values)  # (B, M - 1, T, c)
        terms = torch.cat([query[:, None], wide(read)], dim=1).flatten(2)  # (B, M, d)
        sizes = terms.detach().norm(dim=2) * present
        share = sizes / sizes.sum(dim=1, keepdim=True).clamp(min=1e-12)
        return Fused(terms.sum(dim=1), diagnostics={"share": share})

    def _slots(self, layers: Iterable[nn.Module], vectors: list[Tensor]) -> Tensor:
        """Return a map of every vector, cut into slots ``(B, m, T, c)``."""
        maps = [layer(x) for layer, x in zip(layers, vectors, strict=True)]
        return wide(torch.stack(maps, dim=1)).unflatten(2, (SLOTS, self.slot))
