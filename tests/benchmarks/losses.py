"""Multi-Similarity beside pytorch-metric-learning and the bare matrix products.

CPU seconds of forward and backward, d = 256, two threads, same process, medians.
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from pytorch_metric_learning.losses import MultiSimilarityLoss
from pytorch_metric_learning.miners import MultiSimilarityMiner
from report import Row, show

from refnet_viz.objectives import multi_similarity


def cpu_seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the median CPU time of `work` after one warm-up."""
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return float(np.median(times))


def measure() -> list[Row]:
    """Return the ratios at batch 1,024 and 4,096."""
    loss = MultiSimilarityLoss(alpha=2, beta=50, base=0.5)
    miner = MultiSimilarityMiner(epsilon=0.1)
    rows: list[Row] = []
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    for batch, asked in ((1024, 4), (4096, 6)):
        generator = torch.Generator().manual_seed(0)
        z = torch.randn(batch, 256, generator=generator, requires_grad=True)
        labels = torch.randint(0, 100, (batch,), generator=generator)
        fixed = z.detach()

        def ours(z: torch.Tensor = z, labels: torch.Tensor = labels) -> None:
            multi_similarity(z, labels).backward()

        def theirs(z: torch.Tensor = z, labels: torch.Tensor = labels) -> None:
            loss(z, labels, miner(z, labels)).backward()

        def products(x: torch.Tensor = fixed) -> None:
            similar = x @ x.T
            _ = similar @ x, similar.T @ x

        mine = cpu_seconds(ours, 7)
        rows += [
            {
                "name": "Multi-Similarity with mining, forward and backward, "
                f"batch {batch:,}",
                "asked": f"at least {asked}",
                "measured": f"{cpu_seconds(theirs, 3) / mine:.1f}",
                "unit": "times as fast as pytorch-metric-learning's miner and loss",
            },
            {
                "name": f"the same, cost beside the bare arithmetic, batch {batch:,}",
                "asked": "",
                "measured": f"{mine / cpu_seconds(products, 7):.1f}",
                "unit": "times its three matrix products",
            },
        ]
    torch.set_num_threads(threads)
    return rows


if __name__ == "__main__":
    show(measure())
