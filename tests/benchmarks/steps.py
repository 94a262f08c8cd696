"""What a training step costs beside a hand-written loop of the same arithmetic.

``python tests/benchmarks/steps.py``. Both in one process and turn by turn, batch 128,
concatenation of two vector modalities, one thread, CPU time, medians of ratios.
"""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from report import Row, show
from torch import nn

from refnet_viz.config import Config
from refnet_viz.data import Dataset
from refnet_viz.train import steps
from refnet_viz.train.loop import _model
from refnet_viz.train.rows import rows_of

ROWS, BATCH, CLASSES, TURNS = 1024, 128, 10, 60
CONFIG = Config(refiner=0, contrastive=0, batch_size=BATCH, targets="features")


def data() -> Dataset:
    """Return 1,024 rows of two modalities of 300 and 500 numbers."""
    rng = np.random.default_rng(0)
    return Dataset.from_arrays(
        {"a": rng.normal(size=(ROWS, 300)), "b": rng.normal(size=(ROWS, 500))},
        labels=np.arange(ROWS) % CLASSES,
        split=["train"] * ROWS,
    )


class Minimal(nn.Module):
    """The same encoders, concatenation and head, written down as they are needed."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        hidden, width = config.hidden, config.width

        def encoder(features: int) -> nn.Sequential:
            return nn.Sequential(
                nn.Linear(features, hidden),
                nn.GELU(),
                nn.Dropout(config.dropout),
                nn.Linear(hidden, width),
            )

        self.a, self.b = encoder(300), encoder(500)
        self.body = nn.Sequential(
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(2 * width, hidden),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(hidden, width),
        )
        self.head = nn.Linear(width, CLASSES)

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        return self.head(self.body(torch.cat([self.a(a), self.b(b)], dim=1)))


def minimal() -> Callable[[torch.Tensor], None]:
    """Return one step of the hand-written loop."""
    net = Minimal(CONFIG)
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, fused=True)
    a, b = torch.randn(ROWS, 300), torch.randn(ROWS, 500)
    labels = torch.arange(ROWS) % CLASSES

    def step(index: torch.Tensor) -> None:
        loss = F.cross_entropy(net(a[index], b[index]), labels[index])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return step


def ours(config: Config) -> Callable[[torch.Tensor], None]:
    """Return one step of `fit`."""
    given = data()
    model = _model(given, config, None).train()
    rows = rows_of(model, given, config, 0, supervised=True)
    optimizer = steps._optimizer(model, config)

    def step(index: torch.Tensor) -> None:
        losses = steps._losses(model, rows, index, config, 0.5)
        optimizer.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()
        optimizer.step()

    return step


def timed(step: Callable[[torch.Tensor], None]) -> float:
    """Return CPU seconds of five steps."""
    begin = time.process_time()
    for _ in range(5):
        step(torch.randperm(ROWS)[:BATCH])
    return time.process_time() - begin


def measure() -> list[Row]:
    """Return both ratios."""
    torch.set_num_threads(1)
    kinds = {
        "minimal": minimal(),
        "ours": ours(CONFIG),
        "refined": ours(replace(CONFIG, refiner=2.0)),
        "inputs": ours(replace(CONFIG, refiner=2.0, targets="inputs")),
    }
    for step in kinds.values():
        timed(step)
    turns = [{name: timed(step) for name, step in kinds.items()} for _ in range(TURNS)]

    def ratio(top: str, bottom: str) -> str:
        return f"{np.median([turn[top] / turn[bottom] for turn in turns]):.2f}"

    return [
        {
            "name": f"a training step, concatenation, batch {BATCH}, beside a "
            "hand-written loop",
            "asked": "at most 1.3",
            "measured": ratio("ours", "minimal"),
            "unit": "times the CPU time",
        },
        {
            "name": "the same with refiner, targets the encoders' features",
            "asked": "at most 1.5",
            "measured": ratio("refined", "ours"),
            "unit": "times without",
        },
        {
            "name": "the same with refiner, targets 800 raw inputs",
            "asked": "",
            "measured": ratio("inputs", "ours"),
            "unit": "times without",
        },
    ]


if __name__ == "__main__":
    show(measure())
