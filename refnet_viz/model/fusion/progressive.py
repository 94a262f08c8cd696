"""Progressive fusion: z goes back into the encoders."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn


class Feedback(nn.Module):
    r"""Maps z to a context for every encoder, a wrapper around any fusion.

    With encoders G, fusion F and :math:`z^{(0)} = 0` every round is

    .. math::
        z^{(r)} = F\bigl(G_1(x_1, W_1 z^{(r-1)}), \ldots,
        G_M(x_M, W_M z^{(r-1)})\bigr)

    with the same weights in every round. The context is added to an encoder's hidden
    layer. :math:`W_m` starts at 0: the first step of training is that of the fusion
    without feedback. The modalities' own features, for which the refiner may be
    asked, are those of round 1, which no z has entered.

    Parameters
    ----------
    z_width
        Features of z.
    widths
        Features of every encoder's context.

    References
    ----------
    Shankar, Thompson, Fiterau, "Progressive Fusion for Multimodal Integration",
    arXiv 2209.00302. That the context is added, and where, is our choice.
    """

    def __init__(self, z_width: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.maps = nn.ModuleList(nn.Linear(z_width, w, bias=False) for w in widths)
        for layer in self.maps:
            nn.init.zeros_(layer.weight)  # type: ignore[arg-type]

    def forward(self, z: Tensor) -> list[Tensor]:
        """Return every encoder's context ``(B, h_m)``."""
        return [layer(z) for layer in self.maps]
