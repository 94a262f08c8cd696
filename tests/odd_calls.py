"""Odd values at every public verb: a result, or one sentence of ours.

``python tests/odd_calls.py 1500`` makes that many calls and prints all other answers.
"""

import collections
import inspect
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import refnet_viz as rv

X = np.random.default_rng(0).normal(size=(40, 3))
LABELS = np.arange(40) % 2
PARTS = ["train"] * 24 + ["val"] * 8 + ["test"] * 8
SMALL = rv.Config(epochs=1, hidden=8, width=4, batch_size=16)


def valid():
    """Return verb to a function and arguments with which it works, quickly."""
    data = rv.data.Dataset.from_arrays(
        {"a": X, "b": X[:, :2] ** 2}, labels=LABELS, split=PARTS
    )
    run = rv.fit(data, SMALL, progress=False)
    space = rv.embed(run, data.test)
    graph = rv.knn(space, 3)
    folder = tempfile.mkdtemp()
    saved = rv.save(space, Path(folder) / "spaces")
    figure = rv.plot.latent(space, layout="pca")
    manifest = {"made_of": {"call": figure.layout.meta["call"]}}
    run.save(Path(folder) / "run")
    many = {"seeds": [0], "n_jobs": 1, "progress": False}
    configs = {"a": SMALL}
    return {
        "Config": (rv.Config, {"epochs": 1, "width": 4, "fusion": "concat"}),
        "Embedding.from_arrays": (rv.Embedding.from_arrays, {"z": X}),
        "Dataset.from_arrays": (rv.data.Dataset.from_arrays, {"modalities": {"a": X}}),
        "Neighbors.from_arrays": (
            rv.Neighbors.from_arrays,
            {
                "indices": graph.indices,
                "distances": graph.distances,
                "ids": graph.ids,
                "self_column": False,
                "squared": False,
            },
        ),
        "Layout": (rv.project, {"spaces": space, "method": "pca"}),
        "Attribution": (rv.attribute, {"graphs": graph}),
        "Run": (rv.Run.load, {"folder": Path(folder) / "run"}),
        "ablate": (rv.ablate, {"runs": run, "data": data.test}),
        "attribute": (rv.attribute, {"graphs": graph}),
        "compare": (rv.compare, {"graphs": {"a": graph, "b": graph}}),
        "counterfactual": (rv.counterfactual, {"runs": run, "data": data.test, "k": 3}),
        "embed": (rv.embed, {"runs": run, "data": data.test}),
        "explore": (rv.explore, {"spaces": space}),
        "export_html": (
            rv.export_html, {"spaces": space, "path": f"{folder}/page.html"},
        ),
        "fit": (rv.fit, {"data": data, "config": SMALL, "progress": False}),
        "guard": (rv.guard, {"old": space, "new": space, "k": 3}),
        "knn": (rv.knn, {"spaces": space, "k": 3}),
        "label_curve": (
            rv.label_curve,
            {"data": data, "configs": configs, "fractions": [0.5, 1.0], "k": 3, **many},
        ),
        "load": (rv.load, {"folder": saved}),
        "pretrain": (rv.pretrain, {"data": data, "config": SMALL, "progress": False}),
        "project": (rv.project, {"spaces": space, "method": "pca"}),
        "rails": (rv.rails, {"data": data}),
        "refiner_curve": (
            rv.refiner_curve,
            {"data": data, "weights": [0, 1], "config": SMALL, "k": 3, **many},
        ),
        "replay": (rv.replay, {"manifest": manifest, "inputs": space}),
        "report": (
            rv.report,
            {"spaces": space, "path": f"{folder}/report.html", "progress": False},
        ),
        "robustness": (
            rv.robustness, {"runs": run, "data": data.test, "levels": [0.0, 1.0]},
        ),
        "save": (rv.save, {"thing": graph, "path": f"{folder}/g.graphml"}),
        "sweep": (rv.sweep, {"data": data, "configs": configs, **many}),
    }  # fmt: skip


NAMES = st.one_of(
    st.sampled_from(["", "a", "A", "..", "\ud800", "\x00", "con", "<b>", "__class__"]),
    st.text(max_size=4),
)
NUMBERS = st.one_of(
    st.integers(-2, 5),
    st.sampled_from(
        [True, 2**63, -(2**70), 10**400, 1 + 1j, np.int8(3), np.float16(1)]
    ),
    st.floats(),
)
ARRAYS = hnp.arrays(
    st.sampled_from(["f8", "f2", "i8", "u1", "?", "c8", "U2", "S2", "M8[s]", "m8[s]"]),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)
ODD = st.sampled_from(
    [
        None, object(), object, lambda *_: 1, iter([1]), range(3), b"bytes", {1, 2},
        slice(2), NotImplemented, ..., X.tolist(), X.astype(object), X + 1j, X[:3],
        X.astype("U"), np.full((40, 3), np.nan), np.ma.masked_array(X, X > 0),
        X * 1e300, X[:, :0], pd.DataFrame(X), pd.DataFrame(X).astype("Float64"),
        pd.Series(LABELS), pd.Categorical(["a", None] * 20), pd.Timestamp("2020"),
        pd.NaT, pd.DataFrame(), torch.tensor(X), torch.ones(3, device="meta"),
        torch.ones(2, 2).to_sparse(), rv.Config(), rv.Config, rv, Path("/dev/null"),
        Path("/nowhere/at/all"), np.array(None), np.array([{}, []], dtype=object),
        {"a": {"b": {}}}, {1: X, "1": X}, {"a": [1, [2]]}, [[]], [None], [X, X[:2]],
    ]
)  # fmt: skip
LEAVES = st.one_of(NAMES, NUMBERS, ARRAYS, ODD)
VALUES = st.one_of(
    LEAVES,
    st.lists(LEAVES, max_size=3),
    st.tuples(LEAVES, LEAVES),
    st.dictionaries(st.one_of(NAMES, st.integers(0, 3)), LEAVES, max_size=2),
)


def arguments_of(function):
    """Return the names of the arguments of a function."""
    return [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        and name not in ("on_epoch", "n_jobs", "device")
    ]


def fault(function, arguments):
    """Return what is wrong with the answer of a call: None, or what it said instead."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function(**arguments)
    except Exception as error:  # noqa: BLE001 (that is what is looked at)
        text = str(error)
        frames = traceback.extract_tb(error.__traceback__)
        ours = f"{Path(rv.__file__).parent}" in frames[-1].filename
        kind = isinstance(error, ValueError | TypeError | OSError)
        if ours and kind and "`" in text and "\n" not in text:
            return None
        where = next(
            (f for f in reversed(frames) if "refnet_viz/" in f.filename), frames[-1]
        )
        return f"{type(error).__name__} from {where.filename}:{where.lineno}: {text}"
    return None


def main(count):
    """Make calls, and print the different faults with their numbers."""
    verbs = valid()
    faults, calls = collections.defaultdict(list), 0

    @seed(0)
    @settings(
        max_examples=count, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.sampled_from(sorted(verbs)), st.data())
    def call(verb, data):
        nonlocal calls
        function, arguments = verbs[verb]
        name = data.draw(st.sampled_from(arguments_of(function)))
        value = data.draw(VALUES)
        calls += 1
        if said := fault(function, arguments | {name: value}):
            key = (verb, name, said.split(": ")[0])
            faults[key].append((repr(value)[:60], said[:160]))

    call()
    for key, several in sorted(faults.items(), key=str):
        print(len(several), *key, *several[0], sep=" | ")
    print(f"{calls} calls, {sum(map(len, faults.values()))} that fail in other words")


if __name__ == "__main__":
    main(int(sys.argv[1]))
