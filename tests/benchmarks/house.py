"""How far a move of the explorer travels, and what it holds on to.

Run as ``python tests/benchmarks/house.py [moves|epochs|lines]``; without a word all
three run. "moves" counts files and changes of file of one move of `k` and the classes
whose methods run, in Python alone, after a first move that warms imports and caches up;
"epochs" scrubs sixty epochs of two variants at 2,000 points; "lines" counts the code.
"""

from __future__ import annotations

import ast
import gc
import io
import resource
import statistics
import sys
import time
import tokenize
from pathlib import Path

import numpy as np

import refnet_viz as rv

PACKAGE = Path(rv.__file__).parent
POINTS, EPOCHS = 2_000, 60
ROOMS = ("explore", "explorer", "widgets", "share", "plot")


def compared(variants=("plain", "refiner", "contrastive", "both")):
    """Return embeddings of 2,000 points, two seeds a variant."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 9, POINTS)
    centres = 1.2 * rng.normal(size=(9, 32))[labels]
    return {
        name: [
            rv.Embedding.from_arrays(
                centres + rng.normal(size=(POINTS, 32)), labels=labels
            )
            for _ in range(2)
        ]
        for name in variants
    }


class Travel:
    """Files that calls visit, changes of file, and classes whose methods run."""

    def __init__(self):
        self.files, self.classes, self.changes = set(), set(), 0
        self._last = None

    def __call__(self, frame, event, _):
        path = frame.f_code.co_filename
        if event != "call" or not path.startswith(str(PACKAGE)):
            return
        self.files.add(path)
        self.changes += path != self._last
        self._last = path
        room = Path(path).relative_to(PACKAGE).parts[0]
        owner = frame.f_locals.get("self")
        if owner is not None and room in ROOMS:
            self.classes.add(type(owner).__name__)


def moves():
    """Print what one move of `k` visits, and the CPU time of a redraw."""
    spaces = compared()
    view = rv.explore(spaces, layout="pca", k=10)
    view.k = 12
    travel = Travel()
    sys.setprofile(travel)
    view.k = 14
    sys.setprofile(None)
    print(f"move of k, two maps: {len(travel.files)} files, ", end="")
    print(f"{travel.changes} changes of file")
    print(f"classes in the move: {len(travel.classes)}: {sorted(travel.classes)}")
    print(*sorted(str(Path(path).relative_to(PACKAGE)) for path in travel.files))
    view.close()
    view = rv.explore(spaces, layout="pca", variants=list(spaces), k=10)
    view.k = 12
    times = []
    for k in [10, 12] * 20:
        began = time.process_time()
        view.k = k
        times.append(time.process_time() - began)
    print(f"redraw, four maps: {1e3 * statistics.median(times):.1f} ms of CPU")
    view.close()


def epochs():
    """Print the memory after ten and after sixty epochs."""
    rng = np.random.default_rng(0)
    labels = np.arange(POINTS) % 3
    data = rv.data.Dataset.from_arrays(
        {"a": rng.normal(size=(POINTS, 16)), "b": rng.normal(size=(POINTS, 16))},
        labels=labels,
    )
    config = rv.Config(epochs=EPOCHS, hidden=32, width=32)
    runs = {
        name: rv.fit(data, config, snapshots=1, progress=False)
        for name in ("plain", "both")
    }
    view = rv.explore(runs, data=data, layout="pca", k=10)
    sizes = {}
    for epoch in range(EPOCHS):
        view.epoch = epoch
        sizes[epoch] = memory()
    first, last = sizes[9], sizes[EPOCHS - 1]
    print(f"epochs: {first:.0f} MB after 10, {last:.0f} MB after {EPOCHS}", end="")
    print(
        f": {last / first:.2f} times, {(last - first) / (EPOCHS - 10):.2f} MB an epoch"
    )
    gc.collect()
    alive = [o for o in gc.get_objects() if isinstance(o, rv.Embedding)]
    on_the_way = sum(one.info.get("epoch") is not None for one in alive)
    print(f"embeddings of epochs alive: {on_the_way} of {2 * EPOCHS}")
    view.close()


def memory():
    """Return the megabytes that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def lines():
    """Print lines of code without docstrings, comments and blanks, and file sizes."""
    code, sizes, longest = 0, [], (0, "")
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text("utf-8")
        numbers = code_lines(text)
        code += len(numbers)
        sizes.append(text.count("\n"))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                inside = len(
                    [n for n in numbers if node.lineno <= n <= node.end_lineno]
                )
                longest = max(longest, (inside, f"{path.name}:{node.name}"))
    scripts = [p for p in PACKAGE.rglob("*") if p.suffix in {".js", ".css"}]
    print(f"Python: {len(sizes)} files, {sum(sizes)} lines, {code} of code")
    print(f"files: median {statistics.median(sizes):.0f}, largest {max(sizes)} lines")
    print(f"longest function: {longest[0]} lines of code, {longest[1]}")
    print(
        f"scripts and styles: {sum(len(p.read_text().splitlines()) for p in scripts)}"
    )


def code_lines(text):
    """Return the numbers of lines that hold code."""
    documented = set()
    for node in ast.walk(ast.parse(text)):
        kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        if isinstance(node, kinds) and ast.get_docstring(node) is not None:
            first = node.body[0]
            documented.update(range(first.lineno, first.end_lineno + 1))
    ignored = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT}
    ignored |= {tokenize.DEDENT, tokenize.ENDMARKER, tokenize.ENCODING}
    numbers = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in ignored:
            numbers.update(range(token.start[0], token.end[0] + 1))
    return numbers - documented


if __name__ == "__main__":
    tasks = {"moves": moves, "epochs": epochs, "lines": lines}
    for name in sys.argv[1:] or tasks:
        tasks[name]()
