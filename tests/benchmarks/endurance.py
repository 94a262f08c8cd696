"""Kills, simultaneous savers, loads under fire and damages of saved things.

Run ``python tests/benchmarks/endurance.py [--part 0.1] [--minutes 60] [--write]``.
``--part`` is the share of the counts that are asked for: 500 kills, 300 pairs of
savers, 50 pairs of sweeps, 20,000 loads, 2,000 damages; ``--write`` replaces the
section in RESULTS.md after each trial, until the minutes are over.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from report import machine, write_section

sys.path.insert(0, str(Path(__file__).parents[1]))
import enduring

import refnet_viz as rv
from refnet_viz.share import replay as room
from refnet_viz.train import Run, sweeps

MARKS = ("<!-- endurance -->", "<!-- end of endurance -->")
GOOD = ("whole", "one sentence", "equal", "said", "read 0", "read 1")


@dataclass
class Sweep:
    """A sweep of 2 variants x 2 seeds, and its digests when nothing disturbs it."""

    folder: Path

    def __post_init__(self) -> None:
        rng = np.random.default_rng(0)
        values = {"a": rng.normal(size=(80, 6)), "b": rng.normal(size=(80, 4))}
        self.data = rv.data.Dataset.from_arrays(values, labels=np.arange(80) % 2)
        small = rv.Config(epochs=3, hidden=16, width=8)
        self.configs = {"plain": replace(small, refiner=0.0), "both": small}
        self.expected = self.run(None)

    def run(self, folder: Path | None, n_jobs: int = 1) -> list[list[str]]:
        """Run it; return the digests."""
        runs = rv.sweep(
            self.data,
            self.configs,
            seeds=range(2),
            folder=folder,
            n_jobs=n_jobs,
            progress=False,
        )
        return [[run.digest for run in row] for row in runs.values()]

    def whole(self, folder: Path) -> str:
        """Return what is wrong with a folder after one more sweep, if anything."""
        if self.run(folder) != self.expected:
            return "lost"
        files = [path for path in folder.rglob("*") if path.is_file()]
        return "whole" if len(files) == 8 else "left over"

    def killed(self, rounds: int, seed: int) -> enduring.Tally:
        """Kill a sweep of one process at random moments, then go on."""
        tally, rng = enduring.Tally(), np.random.default_rng(seed)
        for count in range(rounds):
            folder = self.folder / f"killed-{count}"
            number = enduring.child(lambda f=folder: self.run(f))
            time.sleep(float(rng.uniform(0.05, 2.0)))
            os.kill(number, signal.SIGKILL)
            enduring.ended(number)
            tally.add(self.whole(folder))
        return tally

    def together(self, rounds: int) -> enduring.Tally:
        """Let two sweeps fill one folder; count what is trained twice."""
        tally, train = enduring.Tally(), sweeps.fit
        for count in range(rounds):
            folder = self.folder / f"together-{count}"
            log = self.folder / f"log-{count}"

            def fit(*args: Any, log: Path = log, **options: Any) -> Run:
                with log.open("a") as file:
                    file.write("x\n")
                return train(*args, **options)

            def work(folder: Path = folder, fit: Any = fit) -> None:
                sweeps.fit = fit
                assert self.run(folder) == self.expected

            children = [enduring.child(work) for _ in range(2)]
            well = [enduring.ended(number) for number in children]
            trained = len(log.read_text().splitlines())
            twice = "whole" if trained == 4 else "trained twice"
            tally.add("failed" if False in well else twice)
            tally.add(self.whole(folder))
        return tally


def figure_reader(folder: Path) -> tuple[Any, list[str]]:
    """Return the manifest of a figure, and what was said of it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        content, _ = room._read(Path(folder) / "f.svg")
    return content, [str(each.message) for each in caught]


def trials(part: float, root: Path) -> Any:
    """Yield each trial's name, what is asked, and its tally."""
    pair = [enduring.spaces(0), enduring.spaces(1)]
    spaces = enduring.SavedSpaces(pair)
    sweep = Sweep(root)
    runs = [
        rv.fit(sweep.data, sweep.configs["both"], seed=s, progress=False, snapshots=1)
        for s in (0, 1)
    ]
    run = enduring.SavedRun(runs)
    figures = [rv.plot.latent(pair[0], layout="pca", mode=m) for m in ("light", "dark")]
    kinds = [spaces, run]
    kinds += [enduring.SavedFigure(figures, end) for end in (".json", ".svg", ".html")]
    table = [pd.DataFrame({"a": [which] * 9}) for which in (0, 1)]
    kinds.append(enduring.SavedFile("t.csv", lambda w, path: rv.save(table[w], path)))
    pages = [{"mine": pair[which]} for which in (0, 1)]

    def page(which: int, path: Path) -> None:
        rv.export_html(pages[which], path, layout="pca")

    kinds.append(enduring.SavedFile("p.html", page))
    for kind in kinds:
        if isinstance(kind, enduring.SavedFile):
            kind.learn(root / "known")
    for kind in kinds:
        every = max(1, round(0.2 / part))
        yield (
            f"kills while saving: {kind.name}",
            enduring.kills(kind, root / "k", every=every),
        )
    yield "kills of a sweep", sweep.killed(round(100 * part), 0)
    for kind in (spaces, run, kinds[2]):
        yield (
            f"pairs of savers: {kind.name}",
            enduring.savers(kind, root / "s", round(100 * part)),
        )
        yield (
            f"loads under fire: {kind.name}",
            enduring.under_fire(kind, root / "u", round(6667 * part)),
        )
    yield "two sweeps in one folder", sweep.together(round(50 * part))
    yield from damages(part, root, (pair[0], runs[0], figures[0]))


def damages(part: float, root: Path, saved: tuple[Any, Any, Any]) -> Any:
    """Yield the tallies of damages."""
    space, run, figure = saved
    rounds = round(500 * part)
    folders = [root / name for name in ("ds", "dr", "dk", "df")]
    rv.save(space, folders[0])
    replace(run, snapshots={}).save(folders[1])
    run.save(folders[2])
    folders[3].mkdir()
    rv.save(figure, folders[3] / "f.svg")

    def same_run(other: Run) -> bool:
        def state(value: Run) -> Any:
            keep = (value.config, value.seed, value.schema, value.manifest)
            return keep, value.digest, value.history.to_dict("list")

        return bool(state(other) == state(run))

    yield (
        "damages: spaces",
        enduring.damages(
            folders[0],
            lambda f: (rv.load(f), ""),
            lambda e: e.digest == space.digest,
            rounds,
        ),
    )
    for folder, name in ((folders[1], "run"), (folders[2], "run with snapshots")):
        yield (
            f"damages: {name}",
            enduring.damages(folder, lambda f: (Run.load(f), ""), same_run, rounds),
        )
    whole, _ = figure_reader(folders[3])
    yield (
        "damages: figure and manifest",
        enduring.damages(
            folders[3], figure_reader, lambda content: content == whole, rounds
        ),
    )


def row(name: str, tally: enduring.Tally) -> str:
    """Return a line of the table."""
    good = sum(tally.counts[key] for key in GOOD)
    counts = ", ".join(f"{n} {key}" for key, n in sorted(tally.counts.items()))
    bad = sum(tally.counts.values()) - good
    return f"| {name} | {good + bad} | {bad} | {counts} |"


def main() -> None:
    """Print the table, and write it into RESULTS.md if asked to."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", type=float, default=1.0)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    end, lines = time.monotonic() + 60 * options.minutes, []
    warnings.simplefilter("ignore")
    head = f"{time.strftime('%Y-%m-%d')}, {machine()}, {options.part:g} of the counts."
    titles = ["| what | tried | bad | outcomes |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as root:
        for name, tally in trials(options.part, Path(root)):
            lines.append(row(name, tally))
            print(lines[-1], json.dumps(tally.examples), flush=True)
            if options.write:
                write_section(MARKS, f"{head}\n\n" + "\n".join(titles + lines))
            if time.monotonic() > end:
                break


if __name__ == "__main__":
    main()
