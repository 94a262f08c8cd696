"""One table of all benchmarks: ``python tests/benchmarks/report.py [--write]``.

With ``--write`` the table replaces the one in RESULTS.md; ``taskset -c 0,1`` in front
measures what two cores give.
"""

import datetime
import importlib
import os
import platform
import sys
from pathlib import Path
from typing import TypedDict

ROOMS = (
    "start",
    "losses",
    "steps",
    "graphs",
    "layouts",
    "explorer",
    "painted",
    "beside_scatter",
    "two_by_two",
    "splits",
    "few_labels",
    "attribution",
    "conformal",
)
RESULTS = Path(__file__).with_name("RESULTS.md")
MARKS = ("<!-- benchmarks -->", "<!-- end of benchmarks -->")


class Row(TypedDict):
    """A figure: what it is, what was asked, what was measured."""

    name: str
    asked: str
    measured: str
    unit: str


def write_section(marks: tuple[str, str], text: str) -> None:
    """Replace what stands in RESULTS.md between two marks."""
    before, rest = RESULTS.read_text("utf-8").split(marks[0])
    after = rest.split(marks[1])[1]
    RESULTS.write_text(f"{before}{marks[0]}\n{text}\n{marks[1]}{after}", "utf-8")


def table(rows: list[Row]) -> str:
    """Return rows as a Markdown table."""
    lines = ["| figure | asked | measured |", "|---|---|---|"]
    for row in rows:
        found = f"{row['measured']} {row['unit']}".strip()
        lines.append(f"| {row['name']} | {row['asked']} | {found} |")
    return "\n".join(lines)


def show(rows: list[Row]) -> None:
    """Print rows as a Markdown table."""
    print(table(rows))


def machine() -> str:
    """Return the date and the size of this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0))  # Linux only, like `taskset`
    return (
        f"Measured on {datetime.datetime.now(tz=datetime.UTC).date()}, "
        f"{cores} cores of a shared machine, {memory:.0f} GiB, no GPU, "
        f"Python {platform.python_version()}; ratios are of one run, times are medians."
    )


def main(words: list[str]) -> None:
    """Measure everything, print the table, and write it if asked."""
    chosen = [word for word in words if not word.startswith("-")] or ROOMS
    rows: list[Row] = []
    for name in chosen:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        rows += importlib.import_module(name).measure()
    text = f"{machine()}\n\n{table(rows)}"
    print(text)
    if "--write" in words:
        write_section(MARKS, text)


if __name__ == "__main__":
    main(sys.argv[1:])
