"""What the explorer sends and keeps beside jupyter-scatter, for the same points.

Run it with ``python tests/benchmarks/beside_scatter.py`` after
``pip install -c constraints.txt jupyter-scatter``; it takes about two minutes. Bytes
are those that go through comms, JSON and buffers together, but for scripts and styles,
which have a row of their own; times are CPU seconds of
Python. jupyter-scatter draws points; the explorer searches neighbours and computes
metrics and the layout as well, which its time of opening contains.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import comm
import jscatter
import numpy as np
import pandas as pd
from comm.base_comm import BaseComm
from jupyter_client.manager import start_new_kernel
from report import Row, show

from refnet_viz import Embedding, explore

SIZES = (2_000, 20_000, 50_000)
RERUNS, ROUNDS = 50, 5
ROOT = Path(__file__).parents[2]
sent = {"bytes": 0, "messages": 0, "script": 0}


class Counting(BaseComm):
    """A comm that counts what it is given to send."""

    def publish_msg(
        self,
        msg_type: str,
        data: Any = None,
        metadata: Any = None,
        buffers: Any = None,
        **keys: Any,
    ) -> None:
        """Count a message as it would stand on the wire."""
        parts = sum(memoryview(part).nbytes for part in buffers or ())
        sent["bytes"] += len(json.dumps(data, default=str).encode()) + parts
        sent["messages"] += 1
        state = (data or {}).get("state", {})
        sent["script"] += sum(
            len(str(state.get(name, ""))) for name in ("_esm", "_css")
        )


def points(n: int) -> dict[str, Any]:
    """Return two layouts of points of nine classes."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 9, n)
    first = 4 * rng.normal(size=(9, 2))[labels] + rng.normal(size=(n, 2))
    turned = first @ np.array([[0.8, -0.6], [0.6, 0.8]])
    return {
        "labels": labels,
        "first": first,
        "number": rng.normal(size=n),
        "second": turned + 0.3 * rng.normal(size=(n, 2)),
    }


def spent(action: Callable[[], Any]) -> tuple[float, int, int, Any]:
    """Return CPU milliseconds, bytes without scripts, messages, and the result."""
    sent.update(bytes=0, messages=0, script=0)
    began = time.process_time()
    result = action()
    seconds = time.process_time() - began
    size = sent["bytes"] - sent["script"]
    return 1_000 * seconds, size, sent["messages"], result


def median(actions: list[Callable[[], Any]]) -> tuple[float, int, int]:
    """Return the median cost of actions that do the same kind of thing."""
    costs = [spent(action)[:3] for action in actions]
    ms, size, messages = (
        statistics.median(column) for column in zip(*costs, strict=True)
    )
    return ms, int(size), int(messages)


def ours(n: int) -> dict[str, tuple[float, int, int]]:
    """Return what opening, colour, selection and layout cost in the explorer."""
    given = points(n)
    frame = pd.DataFrame({"number": given["number"], "other": -given["number"]})
    options = {"labels": given["labels"], "metadata": frame}
    spaces = {
        name: Embedding.from_arrays(given[name], **options)
        for name in ("first", "second")
    }
    ids = spaces["first"].ids

    def opened() -> Any:
        return explore(spaces, variants=["first"], layout="pca", k=15)

    *opening, view = spent(opened)
    scripts = sent["script"]

    def shown(name: str, value: Any) -> Callable[[], None]:
        return lambda: setattr(view, name, value)

    for value in ("second", "first"):  # layouts and graphs are computed once
        view.variants = [value]
    swaps = [["second"], ["first"]] * ROUNDS
    found = {
        "open": tuple(opening),
        "colour": median([shown("color", c) for c in ("number", "other") * ROUNDS]),
        "selection": median(
            [
                lambda start=start: view.select(ids[start : start + 100])
                for start in range(ROUNDS)
            ]
        ),
        "layout": median([shown("variants", names) for names in swaps]),
    }
    view.select(None)
    found["all edges"] = spent(shown("edges", "all"))[:3]
    found["scripts, once"] = (0.0, scripts, 0)
    view.close()
    return found


def theirs(n: int) -> dict[str, tuple[float, int, int]]:
    """Return the same of jupyter-scatter."""
    given = points(n)
    frame = pd.DataFrame(
        {
            "x": given["first"][:, 0],
            "y": given["first"][:, 1],
            "u": given["second"][:, 0],
            "v": given["second"][:, 1],
            "number": given["number"],
            "other": -given["number"],
            "label": pd.Categorical(given["labels"].astype(str)),
        }
    )

    def opened() -> Any:
        scatter = jscatter.Scatter(data=frame, x="x", y="y", color_by="label")
        scatter.show()
        return scatter

    *opening, scatter = spent(opened)
    scripts = sent["script"]
    swaps = [("u", "v"), ("x", "y")] * ROUNDS
    return {
        "open": tuple(opening),
        "colour": median(
            [
                lambda name=name: scatter.color(by=name)
                for name in ("number", "other") * ROUNDS
            ]
        ),
        "selection": median(
            [
                lambda start=start: scatter.selection(np.arange(start, start + 100))
                for start in range(ROUNDS)
            ]
        ),
        "layout": median([lambda pair=pair: scatter.xy(*pair) for pair in swaps]),
        "scripts, once": (0.0, scripts, 0),
    }


OURS = """
import numpy as np, refnet_viz as rv
z = np.random.default_rng(0).normal(size=(2000, 2))
view = rv.explore(rv.Embedding.from_arrays(z, labels=np.arange(2000) % 9), layout="pca")
view
"""
THEIRS = """
import numpy as np, pandas as pd, jscatter
z = np.random.default_rng(0).normal(size=(2000, 2))
frame = pd.DataFrame({"x": z[:, 0], "y": z[:, 1], "label": np.arange(2000) % 9})
scatter = jscatter.Scatter(data=frame, x="x", y="y", color_by="label")
scatter.show()
"""
KEPT = """
import gc, ipywidgets
gc.collect()
pages = int(open("/proc/self/statm").read().split()[1])
print(len(ipywidgets.widgets.widget._instances), pages * 4096)
"""


def kept(code: str) -> tuple[list[int], list[float]]:
    """Return widgets and MiB after each of many runs of one cell in a real kernel."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    manager, client = start_new_kernel(env={**os.environ, "PYTHONPATH": path})

    def run(source: str) -> str:
        content = {"code": source, "silent": False, "store_history": False}
        # The page says in which cell code runs; that is how views know they are old.
        message = client.session.msg(
            "execute_request", content, metadata={"cellId": "the cell"}
        )
        client.shell_channel.send(message)
        text = ""
        while True:
            reply = client.get_iopub_msg(timeout=120)
            if reply["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            if reply["msg_type"] == "stream":
                text += reply["content"]["text"]
            if reply["msg_type"] == "error":
                raise RuntimeError(reply["content"]["evalue"])
            idle = reply["content"].get("execution_state") == "idle"
            if reply["msg_type"] == "status" and idle:
                return text

    widgets, memory = [], []
    try:
        for _ in range(RERUNS):
            run(code)
            time.sleep(0.3)  # what waits until the cell has ended
            count, size = run(KEPT).split()
            widgets.append(int(count))
            memory.append(int(size) / 2**20)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return widgets, memory


def measure() -> list[Row]:
    """Return one row a size and action, ours beside theirs, then the reruns."""
    before, comm.create_comm = comm.create_comm, Counting
    try:
        explore(Embedding.from_arrays(points(100)["first"]), layout="pca").close()
        rows = [row for n in SIZES for row in beside(n, ours(n), theirs(n))]
    finally:
        comm.create_comm = before
    for name, code in (("explorer", OURS), ("jupyter-scatter", THEIRS)):
        widgets, memory = kept(code)
        more = statistics.median(memory[-5:]) - statistics.median(memory[5:10])
        asked = "flat" if code is OURS else ""
        told = f"{widgets[4]} to {widgets[-1]} widgets, {more:+.0f} MiB"
        title = f"{name}: one cell run {RERUNS} times, from the fifth run on"
        rows.append({"name": title, "asked": asked, "measured": told, "unit": ""})
    return rows


def beside(n: int, own: dict[str, Any], other: dict[str, Any]) -> list[Row]:
    """Return the rows of one size."""
    rows: list[Row] = []
    for action, cost in own.items():
        told = "explorer " + _told(cost)
        if action in other:
            told += "; jupyter-scatter " + _told(other[action])
        name = f"{n:,} points, {action}: sent, CPU time"
        rows.append({"name": name, "asked": "", "measured": told, "unit": ""})
    return rows


def _told(cost: tuple[float, int, int]) -> str:
    ms, size, messages = cost
    sized = f"{size / 1e6:.2f} MB" if size > 1e5 else f"{size / 1e3:.1f} kB"
    if not messages:
        return sized
    return f"{sized} in {messages}, {ms:.0f} ms"


if __name__ == "__main__":
    show(measure())
