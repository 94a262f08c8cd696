"""Long days in one kernel: loops, a hundred interrupts each, and a kernel that goes.

``python tests/benchmarks/long_days.py [COUNT] [SECONDS] [--write]``: COUNT interrupts
of each kind (100), and loops shorter in proportion; none longer than SECONDS (600), and
the table says how many were tried.
"""

import importlib
import sys
from pathlib import Path

import numpy as np

MARKS = ("<!-- long days -->", "<!-- end of long days -->")


def main(count: int, seconds: int, *, write: bool) -> None:
    """Run everything, print the table, and write it if asked."""
    report = importlib.import_module("report")
    # coverage.py of this folder would be taken for the package that numba looks for.
    sys.path[0] = str(Path(__file__).parents[1])
    lasting = importlib.import_module("lasting")

    lines = [
        "| what | tried | afterwards |",
        "|---|---|---|",
    ]

    def add(*cells: object) -> None:
        lines.append("| " + " | ".join(map(str, cells)) + " |")
        print(lines[-1], flush=True)
        if write:  # what is measured stays, whatever comes
            text = "\n".join(lines)
            report.write_section(MARKS, f"{report.machine()}\n\n{text}")

    rng = np.random.default_rng(0)
    for name, make in lasting.INTERRUPTIONS.items():
        endings, faults = lasting.interrupted(make, count, rng, most=seconds)
        said = ", ".join(f"{key} {value}" for key, value in endings.items())
        more = "" if not faults else f": {faults[0]}"
        add(
            f"interrupt in {name}",
            sum(endings.values()),
            f"{said}; {len(faults)} unusable{more}",
        )
    for name, (action, usual) in lasting.loops().items():
        times = max(usual * count // 100, 4)
        times, growth = lasting.grown(action, times, warm=times // 4, most=seconds)
        said = ", ".join(f"{growth[key]:+.0f} {key}" for key in growth)
        add(f"{name} (growth after the first quarter, at least two)", times, said)
    left = lasting.left_by_a_kernel()
    add("kernel killed while the process beside it works", 1, f"{left} left")


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    main(*(numbers + [100, 600][len(numbers) :]), write="--write" in sys.argv)
