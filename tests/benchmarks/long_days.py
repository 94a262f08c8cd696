"""Long days in one kernel: loops, a hundred interrupts each, and a kernel that goes.

``python tests/benchmarks/long_days.py [COUNT] [SECONDS] [NAME ...] [--write]``: COUNT
interrupts of each kind (100), and loops shorter in proportion; none longer than SECONDS
(600), and the table says how many there were. Of NAMEs, only the rows that have one of
them; ``--write`` puts each row into the table in RESULTS.md.
"""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from report import RESULTS, machine, write_section

sys.path.insert(0, str(Path(__file__).parents[1]))
import lasting

MARKS = ("<!-- long days -->", "<!-- end of long days -->")
Row = Callable[[], tuple[int, str]]
HEAD = "| what | times | afterwards |\n|---|---|---|"


def written(name: str, line: str) -> None:
    """Put a row into the table, in place of the one of its name."""
    text = RESULTS.read_text("utf-8").split(MARKS[0])[1].split(MARKS[1])[0]
    lines = [row for row in text.splitlines() if row.startswith("| ")][1:]
    places = [place for place, row in enumerate(lines) if f"| {name} |" in row]
    if places:
        lines[places[0]] = line
    else:
        lines.append(line)
    rows = "\n".join([HEAD, *lines])
    write_section(MARKS, f"{machine()}\n\n{rows}")


def interrupts(count: int, seconds: int) -> Iterator[tuple[str, Row]]:
    """Yield the name of each trial of interrupts, and what makes its row."""
    rng = np.random.default_rng(0)

    def row(make: Callable[[], Any]) -> tuple[int, str]:
        endings, faults = lasting.interrupted(make, count, rng, most=seconds)
        late, landed = endings.pop("returned"), endings.pop("KeyboardInterrupt")
        said = "".join(f", {number} {key}" for key, number in endings.items())
        more = "" if not faults else f": {faults[0]}"
        late_ones = f"({late} interrupts came too late)"
        return landed, f"{len(faults)} unusable{more}{said} {late_ones}"

    for name, make in lasting.INTERRUPTIONS.items():
        yield f"interrupt in {name}", partial(row, make)


def loops(count: int, seconds: int) -> Iterator[tuple[str, Row]]:
    """Yield the name of each loop, and what makes its row; and the killed kernels."""

    def row(action: Callable[[], object], usual: int) -> tuple[int, str]:
        times = max(usual * count // 100, 4)
        times, growth = lasting.grown(action, times, warm=times // 4, most=seconds)
        return times, ", ".join(f"{growth[key]:+.0f} {key}" for key in growth)

    def killed() -> tuple[int, str]:
        times = max(count // 5, 1)
        left = sum(lasting.left_by_a_kernel() for _ in range(times))
        return times, f"{left} processes left"

    for name, (action, usual) in lasting.loops().items():
        title = f"{name} in a loop, growth after the first quarter"
        yield title, partial(row, action, usual)
    yield "kernel killed while the process beside it works", killed


def main(count: int, seconds: int, names: list[str], *, write: bool) -> None:
    """Run everything, print the table, and write it if asked."""
    trials = *interrupts(count, seconds), *loops(count, seconds)
    for name, row in trials:
        if names and not any(part in name for part in names):
            continue
        line = "| " + " | ".join(map(str, [name, *row()])) + " |"
        print(line, flush=True)
        if write:  # what is measured stays, whatever comes
            written(name, line)


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    numbers = [int(word) for word in words if word.isdigit()]
    main(
        *(numbers + [100, 600][len(numbers) :]),
        [word for word in words if not word.isdigit()],
        write="--write" in sys.argv,
    )
