"""Odd values, other spellings and damage at every public function and method.

``python tests/benchmarks/odd_doors.py 1600 [SEED] [--all]`` makes 1,600 calls and lists
those that are answered in other words, take more than 30 s or 2 GiB, or are wrong in
silence (`odd_calls.Judge`); with ``--all`` whatever is accepted, too. With
``--spellings`` each argument is written in every other spelling and damaged in every
way instead, but for those functions that take seconds.
"""

import collections
import contextlib
import importlib
import resource
import signal
import sys
import tempfile
import time
import warnings
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

# coverage.py of this folder would be taken for the package that numba looks for.
sys.path[0] = str(Path(__file__).parents[1])
odd_calls, doors = map(importlib.import_module, ("odd_calls", "doors"))

LONGEST, SLOW, LARGEST = 30, 8, 2 * 2**20  # seconds of work, seconds, kB
# One of so many calls goes to a function that takes seconds when it succeeds.
RARE = {"report": 20, "export_html": 10}
SLOWEST = {"report", "export_html", "plot.compare", "rails", "counterfactual"}
WRONG = ("fault", "ignored", "misread", "unnoticed")


class TooLongError(BaseException):
    """A call took longer than `LONGEST`."""


def _late(*_):
    raise TooLongError


def answer(judge, words, value, *, kind):
    """Return what a call is answered with, or that it needs too much."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signal.setitimer(signal.ITIMER_PROF, LONGEST)
    signal.alarm(20 * LONGEST)
    try:
        said = judge.answer(*words, value, kind=kind)
    except TooLongError:
        said = "fault", f"over {LONGEST} s"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
    if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before > LARGEST:
        said = "fault", "over 2 GiB"
    return said


def main(count, first, *, accepted):
    """Make calls, and print what is wrong with them."""
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, _late)
    signal.signal(signal.SIGPROF, _late)
    counts, shown = collections.Counter(), set()

    @settings(
        max_examples=count, deadline=None, database=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.data())
    def trial(data):
        one(*data.draw(odd_calls.calls(judge, RARE)))

    def one(words, value, kind):
        begin = time.process_time()
        what, said = answer(judge, words, value, kind=kind)
        counts["calls"] += 1
        counts[what] += 1
        line = (what, kind, *words, " ".join(repr(value).split())[:90], said[:240])
        if what in WRONG or (accepted and what == "accepted"):
            key = (what, *words, said.split(": ")[0], type(value))
            if key not in shown:
                print(*line, sep=" | ", flush=True)
            shown.add(key)
        if time.process_time() - begin > SLOW:
            print("SLOW", *line, sep=" | ", flush=True)

    # Some values are names of files that may well be written.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        judge = odd_calls.Judge(doors.doors(tempfile.mkdtemp(dir=folder)))
        if first is not None:
            seed(first)(trial)()
        else:
            for words, value, kind in odd_calls.every_spelling(judge, SLOWEST):
                one(words, value, kind)
    silent = sum(counts[what] for what in WRONG[1:])
    print(
        f"{counts['calls']:,} calls at {len(judge.every)} functions and methods: "
        f"{counts['refused']:,} refused in one sentence, "
        f"{counts['accepted']} accepted; {counts['fault']} in other words, over "
        f"{LONGEST} s or 2 GiB, {silent} that change nothing or something else."
    )


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    first = None if "--spellings" in sys.argv else [*numbers, 0, 0][1]
    main([*numbers, 0][0], first, accepted="--all" in sys.argv)
