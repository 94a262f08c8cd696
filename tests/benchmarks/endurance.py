"""Kills, simultaneous savers, loads under fire and damages of saved things.

Run ``python tests/benchmarks/endurance.py [--part 0.1] [--minutes 60] [--write]
[--only kills,pairs]``. ``--part`` is the share of the counts that are asked for: 500
kills, 300 pairs of savers, 50 pairs of sweeps, 20,000 loads, 2,000 damages; ``--write``
puts each line into the table in RESULTS.md, until the minutes are over.

Savers are killed before, in and after each operation on files, and sweeps, reports and
pages at random moments. Workers of a sweep are forked, so that they begin at once; a
tenth of the sweeps starts them as users' do.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib.externals.loky.backend import context
from report import RESULTS, machine, write_section

sys.path.insert(0, str(Path(__file__).parents[1]))
import enduring

import refnet_viz as rv
from refnet_viz.data.vectors import VectorCache
from refnet_viz.explorer import computed
from refnet_viz.explorer.embeddings import Key
from refnet_viz.graph import load_graph, save_graph
from refnet_viz.share import replay as room
from refnet_viz.train import Run, sweeps
from refnet_viz.train.claims import claimed

MARKS = ("<!-- endurance -->", "<!-- end of endurance -->")
GOOD = ("whole", "one sentence", "equal", "said", "read 0", "read 1")


@dataclass
class Sweep:
    """A sweep of 2 variants x 2 seeds, and its digests when nothing disturbs it."""

    folder: Path
    width: int = 4

    def __post_init__(self) -> None:
        rng = np.random.default_rng(0)
        values = {"a": rng.normal(size=(80, 6)), "b": rng.normal(size=(80, self.width))}
        self.data = rv.data.Dataset.from_arrays(values, labels=np.arange(80) % 2)
        small = rv.Config(epochs=3, hidden=16, width=8)
        self.configs = {"plain": replace(small, refiner=0.0), "both": small}

    @cached_property
    def expected(self) -> list[list[str]]:
        """Return the digests of a sweep that nothing disturbs."""
        return self.run(None)

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

    def two(self, folder: Path, *, forked: bool = True) -> None:
        """Run it by two workers, which keep their files in a folder beside."""
        os.environ["JOBLIB_TEMP_FOLDER"] = str(handed(folder))
        os.environ["PYTHONWARNINGS"] = "ignore"  # joblib tells what a killed one left
        handed(folder).mkdir(exist_ok=True)
        if forked:
            context.set_start_method("fork", force=True)
        assert self.run(folder, n_jobs=2) == self.expected

    def whole(self, folder: Path) -> str:
        """Return what is wrong with a folder after one more sweep, if anything."""
        if self.run(folder) != self.expected:
            return "lost"
        files = [path for path in folder.rglob("*") if path.is_file()]
        left = handed(folder).exists() and list(handed(folder).iterdir())
        return "left over" if len(files) != 8 or left else "whole"

    def killed(self, rounds: int, *, by: str, seed: int = 0) -> enduring.Tally:
        """Kill sweeps at random moments, then go on.

        `by` says which: "itself" is a sweep of one process, "parent" the one that
        started two workers, "worker" one of them.
        """
        assert self.expected  # known before a child is forked
        tally, rng = enduring.Tally(), np.random.default_rng(seed)
        lengths: dict[bool, float] = {}
        for count in range(4 * rounds):
            if sum(tally.counts.values()) == rounds:
                break
            forked = count % 10 != 0
            folder = self.folder / f"{by}-{count}"

            def work(folder: Path = folder, forked: bool = forked) -> None:
                if by == "itself":
                    assert self.run(folder) == self.expected
                else:
                    self.two(folder, forked=forked)

            if forked not in lengths:
                lengths[forked] = enduring.length_of(work, times=1)
                shutil.rmtree(folder)
            number = enduring.child(work, apart=True)
            time.sleep(float(rng.uniform(0, lengths[forked])))
            outcome = self._struck(number, by, rng)
            if not enduring.all_ended(number):
                outcome = "left running"
            if outcome:
                tally.add(self.whole(folder) if outcome == "struck" else outcome)
        return tally

    def _struck(self, number: int, by: str, rng: np.random.Generator) -> str:
        """Kill one process of a sweep; return "" where it ended before."""
        if by == "worker":
            those = workers(number)
            if not those:
                os.kill(number, signal.SIGKILL)
                enduring.ended(number)
                return ""
            os.kill(those[int(rng.integers(len(those)))], signal.SIGKILL)
            return "struck" if enduring.ended(number) else "failed"
        os.kill(number, signal.SIGKILL)
        return "" if enduring.ended(number) else "struck"

    def lost(self, rounds: int) -> enduring.Tally:
        """Kill every worker, until the sweep says in a sentence what is whole."""
        assert self.expected  # known before a child is forked
        tally, rng = enduring.Tally(), np.random.default_rng(0)
        for count in range(rounds):
            folder, words = self.folder / f"lost-{count}", self.folder / f"says-{count}"

            def work(folder: Path = folder, words: Path = words) -> None:
                try:
                    self.two(folder)
                except RuntimeError as error:
                    words.write_text(str(error), "utf-8")

            number = enduring.child(work, apart=True)
            well = all_killed(number, float(rng.uniform(0.02, 0.3)))
            said = words.read_text("utf-8") if words.exists() else ""
            there = len(list(folder.rglob("run.json")))
            if not enduring.all_ended(number):
                tally.add("left running")
            elif not well:
                tally.add("failed")
            elif said and f"{there} of 4 runs are whole in" not in said:
                tally.add("miscounted", f"{there} in the folder: {said}")
            else:
                tally.add(self.whole(folder), "" if said else "it ended before")
        return tally

    def together(self, rounds: int) -> enduring.Tally:
        """Let two sweeps fill one folder; count what is trained twice."""
        assert self.expected  # known before a child is forked
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


def handed(folder: Path) -> Path:
    """Return where joblib keeps what it hands to the workers of a sweep."""
    return folder.with_name(f"{folder.name}-handed")


def workers(parent: int) -> list[int]:
    """Return the workers of a process, without those that only watch resources."""
    return [
        number
        for number, above, command in enduring.running(parent)
        if above == parent and "tracker" not in command
    ]


def all_killed(number: int, pause: float) -> bool:
    """Kill workers until their parent ends; return whether it went well."""
    while not os.waitid(os.P_PID, number, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        time.sleep(pause)
        for each in workers(number):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
    return enduring.ended(number)


def figure_reader(folder: Path) -> tuple[Any, list[str]]:
    """Return the manifest of a figure, and what was said of it."""
    return with_words(lambda: room._read(Path(folder) / "f.svg")[0])


def with_words(read: Callable[[], Any]) -> tuple[Any, list[str]]:
    """Return what was read, and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        content = read()
    return content, [str(each.message) for each in caught]


def saved_kinds(sweep: Sweep) -> tuple[list[Any], tuple[Any, Any, Any]]:
    """Return what is saved, each of two contents; and one space, run and figure."""
    pair = [enduring.spaces(0), enduring.spaces(1)]
    runs = [
        rv.fit(sweep.data, sweep.configs["both"], seed=s, progress=False, snapshots=1)
        for s in (0, 1)
    ]
    figures = [rv.plot.latent(pair[0], layout="pca", mode=m) for m in ("light", "dark")]
    kinds: list[Any] = [enduring.SavedSpaces(pair), enduring.SavedRun(runs)]
    kinds += [enduring.SavedFigure(figures, end) for end in (".json", ".svg", ".html")]
    table = [pd.DataFrame({"a": [which] * 9}) for which in (0, 1)]
    graphs = [rv.knn(space, 3) for space in pair]

    def page(which: int, path: Path) -> None:
        rv.export_html({"mine": pair[which]}, path, layout="pca")

    def report(which: int, path: Path) -> None:
        rv.report(pair[which], path, k=5, progress=False)

    files = {
        "t.csv": lambda which, path: rv.save(table[which], path),
        "g.graphml": lambda which, path: rv.save(graphs[which], path),
        "page.html": page,
        "report.html": report,
    }
    for name, write in files.items():
        kinds.append(enduring.SavedFile(name, write))
    return kinds, (pair[0], runs[0], figures[0])


def trials(part: float, root: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield each trial's name, and what makes its tally."""
    sweep = Sweep(root)
    kinds, saved = saved_kinds(sweep)
    spaces, run, figure = kinds[:3]
    page, report = kinds[-2:]
    every = max(1, round(0.25 / part))

    def count(rounds: int) -> int:
        return max(1, round(rounds * part))

    for kind in kinds:
        yield (
            f"kills at operations on files: {kind.name}",
            partial(enduring.kills, kind, root / "k", every=every),
        )
    for kind, rounds in ((spaces, 50), (run, 50), (page, 50), (report, 30)):
        yield (
            f"kills at random moments: {kind.name}",
            partial(enduring.kills_any_time, kind, root / "k", count(rounds)),
        )
    # Beyond a megabyte, joblib hands arrays over in files of its own.
    wide = Sweep(root, 1700)
    for by, what, kind in (
        ("itself", "of a sweep of one process", sweep),
        ("parent", "of the parent of two workers", wide),
        ("worker", "of one of two workers", wide),
    ):
        yield f"kills {what}", partial(kind.killed, count(40), by=by)
    yield "kills of every worker, again and again", partial(wide.lost, count(20))
    for kind in (spaces, run, figure):
        yield (
            f"pairs of savers: {kind.name}",
            partial(enduring.savers, kind, root / "s", count(100)),
        )
        yield (
            f"loads under fire: {kind.name}",
            partial(enduring.under_fire, kind, root / "u", count(6667)),
        )
    yield "pairs of sweeps: one folder", partial(sweep.together, count(50))
    yield from damages(part, root, saved, sweep)


def damages(
    part: float, root: Path, saved: tuple[Any, Any, Any], sweep: Sweep
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield the trials of damages."""
    space, run, figure = saved

    def damaged(name: str, read: Any, same: Any, rounds: int, **options: Any) -> Any:
        folder, rounds = root / f"d {name}", max(1, round(rounds * part))
        work = partial(enduring.damages, folder, read, same, rounds, **options)
        return f"damages: {name}", work

    def same_run(other: Run) -> bool:
        def state(value: Run) -> Any:
            keep = (value.config, value.seed, value.schema, value.manifest)
            return keep, value.digest, value.history.to_dict("list")

        return bool(state(other) == state(run))

    rv.save(space, root / "d spaces")
    replace(run, snapshots={}).save(root / "d run")
    run.save(root / "d run with snapshots")
    yield damaged(
        "spaces", lambda f: (rv.load(f), ""), lambda e: e.digest == space.digest, 300
    )
    for name in ("run", "run with snapshots"):
        yield damaged(name, lambda f: (Run.load(f), ""), same_run, 300)
    (root / "d figure and manifest").mkdir()
    rv.save(figure, root / "d figure and manifest" / "f.svg")
    whole, _ = figure_reader(root / "d figure and manifest")
    yield damaged("figure and manifest", figure_reader, whole.__eq__, 300)
    graph = rv.knn(space, 3)
    for suffix in (".graphml", ".gexf", ".json"):
        name = f"graph as {suffix}"
        (root / f"d {name}").mkdir()
        path = save_graph(graph, root / f"d {name}" / f"g{suffix}")
        right = state_of(load_graph(path))

        def read(_: Any, path: Path = path) -> Any:
            return with_words(lambda: state_of(load_graph(path)))

        yield damaged(name, read, right.__eq__, 100)
    yield from damaged_again(damaged, root, space)
    yield from damaged_claims(damaged, root, sweep)


def state_of(graph: Any) -> Any:
    """Return what a graph says."""
    return graph.is_directed(), dict(graph.nodes(data=True)), list(graph.edges.data())


def damaged_again(damaged: Any, root: Path, space: Any) -> Iterator[Any]:
    """Yield damages of what is computed again where its file is not whole."""
    name = "neighbours and layouts kept with a comparison"
    folder, computed.WORTH = root / f"d {name}", -1.0
    folder.mkdir()
    kept, key, runs = computed.Computed(folder), Key("a", 0, "latent", "cosine"), []

    def search() -> Any:
        runs.append("graph")
        return rv.knn(space, 3)

    def lay_out() -> Any:
        runs.append("layout")
        return rv.project(space, "umap")

    def results(_: Any) -> Any:
        runs.clear()
        graph = kept.graph(key, 3, space, search)
        layout = kept.layout(key, "umap", [space], lay_out)
        return (graph.indices.tobytes(), layout.coordinates.tobytes()), ""

    right, _ = results(None)
    yield damaged(name, results, right.__eq__, 200)

    name = "vectors of an encoder"
    about = {"name": "mine"}
    cache = VectorCache(root / f"d {name}", about, "ab" * 32)
    cache.add(np.zeros((1, 32), np.uint8), np.ones((1, 2), np.float32))

    def blocks(folder: Path) -> Any:
        cache = VectorCache(folder, about, "ab" * 32)
        return [vectors.tolist() for _, vectors in cache.blocks()], ""

    files = sorted(cache.folder.iterdir())
    yield damaged(name, blocks, lambda v: v in ([], [[[1.0, 1.0]]]), 150, files=files)


def damaged_claims(damaged: Any, root: Path, sweep: Sweep) -> Iterator[Any]:
    """Yield damages of claims: of one that is held, and of one that a killed left."""
    name = "claim of a run that is being trained"
    place = root / f"d {name}" / "seed-0"

    def again(_: Any) -> Any:
        with claimed(place, wait=False) as mine:
            return mine, ""

    with claimed(place, wait=False):
        files = [place.with_name(".seed-0.json")]
        yield damaged(name, again, False.__eq__, 100, files=files)
    name = "claim that a killed sweep left"
    sweep.run(root / f"d {name}")
    owner = root / f"d {name}" / "plain" / ".seed-0.json"
    owner.write_text('{"refnet_viz": "0.1.0"}', "utf-8")

    def resumed(folder: Path) -> Any:
        owner.with_suffix(".lock").touch()
        return sweep.whole(folder), ""

    yield damaged(name, resumed, "whole".__eq__, 50, files=[owner])


def row(name: str, counts: Counter[str]) -> str:
    """Return a line of the table."""
    good = sum(counts[key] for key in GOOD)
    words = ", ".join(f"{n} {key}" for key, n in sorted(counts.items()))
    bad = sum(counts.values()) - good
    return f"| {name} | {good + bad} | {bad} | {words} |"


def rows_of(text: str) -> dict[str, Counter[str]]:
    """Return what was counted, by trial, of lines that `row` made.

    Examples
    --------
    >>> rows_of("| kills of a | 3 | 1 | 1 lost, 2 whole |")
    {'kills of a': Counter({'whole': 2, 'lost': 1})}
    """
    rows = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 4 and cells[2].isdigit() and "**" not in cells[1]:
            parts = [part.split(" ", 1) for part in cells[4].split(", ")]
            rows[cells[1]] = Counter({key: int(number) for number, key in parts})
    return rows


def table(rows: dict[str, Counter[str]]) -> str:
    """Return the table, with the sums of each kind above."""
    sums: dict[str, Counter[str]] = {}
    for name, counts in rows.items():
        kind = re.split(" (?:at|of|under)|:", name)[0]
        kind = name.split(":")[0] if kind == "pairs" else kind
        sums.setdefault(f"**all {kind}**", Counter()).update(counts)
    head = ["| what | tried | bad | outcomes |", "|---|---|---|---|"]
    return "\n".join(head + [row(*each) for each in [*sums.items(), *rows.items()]])


def main() -> None:
    """Print the lines, and write them into the table in RESULTS.md if asked to."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", type=float, default=1.0)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--only", default="", help="what names of trials begin with")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as root:
        for name, work in trials(options.part, Path(root)):
            if not name.startswith(tuple(options.only.split(","))):
                continue
            if time.monotonic() > end:
                break
            tally = work()
            line = row(name, tally.counts)
            print(line, json.dumps(tally.examples), time.strftime("%X"), flush=True)
            if options.write:
                stored = RESULTS.read_text("utf-8").split(MARKS[0])[1]
                rows = rows_of(stored.split(MARKS[1])[0]) | rows_of(line)
                write_section(MARKS, f"{machine()}\n\n{table(rows)}")


if __name__ == "__main__":
    main()
