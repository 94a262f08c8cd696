"""A 22nd fusion on trial: autoencoders that exchange what they share.

``python tests/benchmarks/exchange.py [rosmap cub emoji] [--write]``; the first two are
read from REFNET_VIZ_DATA. It earns a place in the zoo if its accuracy on rows held out
from the training rows is above that of the concatenation, over three sets and three
seeds, each with rows of its own. Test rows are not looked at. What was measured is kept
as JSON, so what was stopped continues. MOSI is none of the sets: its features were
trained on its training labels, and networks are right on 99 % of what is held out.
"""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

# Before torch is imported: on matrices this small, threads only wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
import torch.nn.functional as F
from real_sets import SETS, folds, inner
from report import machine, write_section
from torch import Tensor, nn
from trials import Trial, points

import refnet_viz as rv
from refnet_viz.model.encoders import Encoded
from refnet_viz.model.fusion import FUSIONS, Answers, Fused, Fusion, Sizes
from refnet_viz.model.fusion.vectors import decoder, present_vectors

RECONSTRUCTION = 0.1
SEEDS = (0, 1, 2)
NAMES = ("rosmap", "cub", "emoji")
MARKS = ("<!-- exchange -->", "<!-- end of exchange -->")


class ExchangeFusion(Fusion):
    r"""An autoencoder a modality, whose shared halves take each other's place.

    .. math::
        [s_m; p_m] = W_m\,\mathrm{GELU}(x_m), \qquad
        \hat x_m = D_m([s_{\pi(m)}; p_m]), \qquad
        z = [\tfrac1{|P|}\textstyle\sum_{m \in P} s_m; p_1; \ldots; p_M]

    with :math:`\pi(m)` the next modality in the circle of those present. In the style
    of the self-consistent field autoencoder of Xiong, Wang, Xue, et al., "Multimodal
    Fusion via Self-Consistent Task-Gradient Fields", ICML 2026, arXiv 2410.15475:
    shared and specific parts, shared ones substituted in a circle, task and
    reconstruction as the only two losses. Sizes, weights and the head are ours.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        self.half = self.width // 2
        count = len(self.names)
        self.codes = nn.ModuleList(
            nn.Linear(self.width, 2 * self.half) for _ in range(count)
        )
        self.decoders = nn.ModuleList(
            decoder(2 * self.half, self.hidden, width)
            for width in sizes.features.values()
        )
        self.drop = nn.Dropout(self.dropout)

    @property
    def z_width(self) -> int:
        """Features of z."""
        return self.half * (1 + len(self.names))

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the pooled vectors; see `Fusion.forward`."""
        x = present_vectors(encoded, self.names, present)  # (B, M, w)
        codes = [
            code(self.drop(F.gelu(part)))
            for code, part in zip(self.codes, x.unbind(1), strict=True)
        ]
        both = torch.stack(codes, dim=1) * present[..., None]  # (B, M, w)
        shared, specific = both.chunk(2, dim=2)
        count = present.sum(dim=1, keepdim=True).clamp(min=1)
        z = torch.cat([shared.sum(dim=1) / count, specific.flatten(1)], dim=1)
        memory = {"shared": shared, "specific": specific}
        return Fused(z, memory=memory)

    def losses(self, fused: Fused, answers: Answers) -> dict[str, Tensor]:
        """Return the error of reconstruction from own and from exchanged parts."""
        shared, specific = fused.memory["shared"], fused.memory["specific"]
        there = answers.present
        taken = shared.gather(1, following(there)[..., None].expand_as(shared))
        terms = []
        for i, name in enumerate(self.names):
            for part in (shared, taken):
                made = self.decoders[i](torch.cat([part[:, i], specific[:, i]], dim=1))
                error = (made - answers.features[name]).square().mean(dim=1)
                rows = there[:, i]
                terms.append((error * rows).sum() / rows.sum().clamp(min=1))
        return {"exchange": RECONSTRUCTION * torch.stack(terms).mean()}


def following(present: Tensor) -> Tensor:
    """Return the next present modality of each, in a circle, ``(B, M)``."""
    count = present.shape[1]
    nearest = torch.arange(count, device=present.device).expand(present.shape)
    for step in range(count - 1, 0, -1):
        there = present.roll(-step, dims=1)
        place = (torch.arange(count, device=present.device) + step) % count
        nearest = torch.where(there, place, nearest)
    return nearest


def accuracy(data: rv.data.Dataset, config: rv.Config, seed: int) -> float:
    """Return the accuracy on the held-out rows, from its file if it was measured."""
    place = Trial(data, config, seed).place.with_suffix(".exchange")
    if not place.is_file():
        run = rv.fit(data, config, seed=seed, progress=False)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(float(rv.embed(run, data.test).accuracy)), "utf-8")
    return float(json.loads(place.read_text("utf-8")))


def held_out(name: str, number: int) -> tuple[rv.data.Dataset, dict[str, rv.Config]]:
    """Return data whose "test" rows are held-out ones, and the two settings."""
    if name == "emoji":
        data = inner(rv.data.emoji(split_seed=number + 1))
        return data, {"plain": rv.VARIANTS["plain"], "both": rv.VARIANTS["both"]}
    data = next(islice(folds(rv.data.shared(name).train, 5), number, None))
    return data, {"plain": SETS[name].plain, "both": SETS[name].refined}


def measured(names: Sequence[str]) -> dict[tuple[str, str], np.ndarray]:
    """Return exchange minus concatenation by set and variant, a number a seed."""
    found: dict[tuple[str, str], list[float]] = {}
    for number, seed in enumerate(SEEDS):
        for name in names:
            data, settings = held_out(name, number)
            for variant, config in settings.items():
                own, base = (
                    accuracy(data, replace(config, fusion=fusion), seed)
                    for fusion in ("exchange", "concat")
                )
                found.setdefault((name, variant), []).append(own - base)
                print(
                    f"{name} {variant} {seed}: {own:.4f} {base:.4f}",
                    file=sys.stderr,
                    flush=True,
                )
    return {key: np.array(values) for key, values in found.items()}


def main(words: list[str]) -> None:
    """Measure, print, and write the lines if asked."""
    FUSIONS["exchange"] = ExchangeFusion
    names = [word for word in words if not word.startswith("-")] or NAMES
    found = measured(names)
    lines = [
        "| set | plain | both losses |",
        "|---|---|---|",
        *(
            f"| {name} | {points(found[name, 'plain'])} "
            f"| {points(found[name, 'both'])} |"
            for name in names
        ),
    ]
    text = "\n".join([machine(), "", *lines])
    print(text)
    if "--write" in words:
        write_section(MARKS, text)


if __name__ == "__main__":
    main(sys.argv[1:])
