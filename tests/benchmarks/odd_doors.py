"""Odd values at every public function and method.

``python tests/benchmarks/odd_doors.py 1500 [SEED] [--write]`` makes 1,500 calls.

One argument of a call that works is replaced by an odd value (`odd_calls.VALUES`). An
answer must be a result or one sentence of ours, within 30 s. What is accepted and gives
the bits of the untouched call is listed: such an argument was perhaps ignored.
``--write`` puts the counts into RESULTS.md.
"""

import collections
import contextlib
import hashlib
import importlib
import signal
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from report import machine, write_section

import refnet_viz as rv

# coverage.py of this folder would be taken for the package that numba looks for.
sys.path[0] = str(Path(__file__).parents[1])
odd_calls = importlib.import_module("odd_calls")

MARKS = ("<!-- odd doors -->", "<!-- end of odd doors -->")
LONGEST, SLOW = 30, 5  # seconds of a call
# One of so many calls goes to a function that takes seconds when it succeeds.
RARE = {
    "report": 40, "label_curve": 20, "refiner_curve": 20, "counterfactual": 10,
    "rails": 10, "export_html": 10, "explore": 4, "robustness": 4, "sweep": 2,
}  # fmt: skip


def doors():
    """Return name to a function and arguments with which it works: all of them."""
    verbs = odd_calls.valid()
    space, graph = verbs["knn"][1]["spaces"], verbs["attribute"][1]["graphs"]
    data, run = verbs["fit"][1]["data"], verbs["embed"][1]["runs"]
    kept = rv.fit(data, odd_calls.SMALL, progress=False, snapshots=1)
    folder = Path(tempfile.mkdtemp())
    table, edges = rv.compare({"a": graph, "b": graph}), rv.attribute(graph)
    both = {"graphs": {"a": graph, "b": graph}}
    curve = rv.label_curve(**verbs["label_curve"][1])
    other = rv.data.Dataset.from_arrays(
        {"a": odd_calls.X[:2], "b": odd_calls.X[:2, :2]}, ids=["u", "v"]
    )
    one = np.ones(1)
    bound = rv.responsibility.Bound(one, one, 0 * one, 0.5 * one)
    table_file = folder / "t.csv"
    pd.DataFrame({"x": [1.0, 2.0], "y": ["a", "b"]}).to_csv(table_file, index=False)
    frame = pd.DataFrame({"x": odd_calls.X[:, 0], "y": odd_calls.LABELS})
    graph_file = rv.save(graph, folder / "g.graphml")
    view = rv.explore(space, layout="pca")
    room = {
        "plot.attribution": (
            rv.plot.attribution,
            {"attributions": edges, "layout": "pca"},
        ),
        "plot.bound": (rv.plot.bound, {"attribution": edges}),
        "plot.compare": (rv.plot.compare, {"frame": table}),
        "plot.curves": (rv.plot.curves, {"frame": curve}),
        "plot.graph": (rv.plot.graph, {"neighbors": graph, "layout": "pca"}),
        "plot.history": (rv.plot.history, {"runs": run}),
        "plot.latent": (rv.plot.latent, {"spaces": space, "layout": "pca"}),
        "plot.overlaps": (rv.plot.overlaps, {"spaces": space, "k_max": 4}),
        "plot.responsibility": (rv.plot.responsibility, {"attributions": edges}),
        "plot.rewiring": (
            rv.plot.rewiring,
            {**both, "a": "a", "b": "b", "layout": "pca"},
        ),
        "plot.spectrum": (rv.plot.spectrum, {"spaces": space}),
        "graph.calibrated_similarity": (
            rv.graph.calibrated_similarity,
            {**both, "permutations": 9},
        ),
        "graph.compare_pairs": (rv.graph.compare_pairs, both),
        "graph.compare_points": (
            rv.graph.compare_points,
            {"embedding": space, "one": 0, "other": 1, "k": 3},
        ),
        "graph.contradictions": (rv.graph.contradictions, {"attributions": edges}),
        "graph.edge_bounds": (rv.graph.edge_bounds, {"attribution": edges}),
        "graph.edge_diff": (rv.graph.edge_diff, {"a": graph, "b": graph}),
        "graph.edge_sets": (rv.graph.edge_sets, {"attributions": edges}),
        "graph.jaccard": (rv.graph.jaccard, {"a": graph, "b": graph}),
        "graph.label_edges": (
            rv.graph.label_edges,
            {"attributions": edges, "permutations": 9},
        ),
        "graph.label_information": (
            rv.graph.label_information,
            {"attributions": edges},
        ),
        "graph.linear_cka": (rv.graph.linear_cka, {"x": odd_calls.X, "y": odd_calls.X}),
        "graph.load_graph": (rv.graph.load_graph, {"path": graph_file}),
        "graph.name_clusters": (
            rv.graph.name_clusters,
            {"graphs": graph, "permutations": 20},
        ),
        "graph.overlap": (rv.graph.overlap, {"a": graph, "b": graph}),
        "graph.over_splits": (
            rv.graph.over_splits,
            {"tables": [table], "test_per_train": 0.25},
        ),
        "graph.overlap_by_k": (rv.graph.overlap_by_k, {"spaces": space, "k_max": 4}),
        "graph.point_measures": (
            rv.graph.point_measures,
            {"graphs": graph, "draws": 2},
        ),
        "graph.rbo": (rv.graph.rbo, {"a": graph, "b": graph}),
        "graph.representatives": (rv.graph.representatives, {"graphs": graph}),
        "graph.rewiring": (rv.graph.rewiring, {"a": graph, "b": graph}),
        "graph.save_graph": (
            rv.graph.save_graph,
            {"neighbors": graph, "path": folder / "h.gexf"},
        ),
        "graph.second_order_cosine": (
            rv.graph.second_order_cosine,
            {"a": graph, "b": graph},
        ),
        "graph.with_measures": (rv.graph.with_measures, {"graphs": graph, "draws": 2}),
        "graph.search_effort": (rv.graph.search_effort, {"spaces": space, "k": 3}),
        "responsibility.cross_fit": (
            rv.responsibility.cross_fit,
            {"embedding": space, "folds": 2},
        ),
        "responsibility.effective_rank": (
            rv.responsibility.effective_rank,
            {"x": odd_calls.X},
        ),
        "responsibility.leftover": (rv.responsibility.leftover, {"spaces": space}),
        "responsibility.linear_floor": (
            rv.responsibility.linear_floor,
            {"spaces": space},
        ),
        "responsibility.lipschitz_bound": (
            rv.responsibility.lipschitz_bound,
            {
                "embedding": space,
                "modality": "a",
                "source": np.array([0]),
                "target": np.array([1]),
            },
        ),
        "responsibility.certified": (
            rv.responsibility.certified,
            {"bound": bound, "radius": 0.1},
        ),
        "responsibility.supported": (
            rv.responsibility.supported,
            {"bound": bound, "radius": 0.1},
        ),
        "responsibility.pure_by_loss": (
            rv.responsibility.pure_by_loss,
            {"z": odd_calls.X, "labels": odd_calls.LABELS, "alpha": 0.1, "beta": 0.2},
        ),
        "responsibility.r_squared": (
            rv.responsibility.r_squared,
            {"target": odd_calls.X, "answer": odd_calls.X},
        ),
        "responsibility.scores": (rv.responsibility.scores, {"embedding": space}),
        "responsibility.scores_by_class": (
            rv.responsibility.scores_by_class,
            {"embedding": space},
        ),
        "responsibility.scores_by_point": (
            rv.responsibility.scores_by_point,
            {"embedding": space},
        ),
        "responsibility.spectrum": (rv.responsibility.spectrum, {"embedding": space}),
        "data.Media": (rv.data.Media, {"texts": ["a", "b"]}),
        "data.missing": (rv.data.missing, {"data": data, "rate": 0.5, "modality": "a"}),
        "data.noisy": (rv.data.noisy, {"data": data, "level": 0.5, "modality": "a"}),
        "data.permuted": (rv.data.permuted, {"data": data, "name": "a"}),
        "data.playground": (rv.data.playground, {"n": 40}),
        "data.with_validation": (rv.data.with_validation, {"data": data}),
        "data.without": (rv.data.without, {"data": data, "names": "a"}),
        "data.from_table": (
            rv.data.from_table,
            {"source": frame, "modalities": {"x": ["x"]}, "labels": "y"},
        ),
        "data.from_npz": (
            rv.data.from_npz,
            {"path": folder / "n.npz", "modalities": {"a": "a"}},
        ),
        "data.on_disk": (rv.data.on_disk, {"source": folder / "x.npy"}),
        "data.encode": (
            rv.data.encode,
            {
                "items": ["a", "b"],
                "encoder": lambda t: np.ones((len(t), 2)),
                "kind": "words",
                "progress": False,
            },
        ),
        "Dataset.part": (data.part, {"split": "train"}),
        "Dataset.resplit": (data.resplit, {"seed": 1}),
        "Dataset.subset": (data.subset, {"rows": [0, 1]}),
        "Dataset.with_labels": (
            data.with_labels,
            {"labels": pd.Series(odd_calls.LABELS, data.ids)},
        ),
        "Embedding.joined": (space.joined, {"new": rv.embed(run, other)}),
        "Embedding.positions": (space.positions, {"rows": [0]}),
        "Embedding.present_in": (space.present_in, {"space": "sum"}),
        "Embedding.reordered": (space.reordered, {"ids": space.ids[::-1]}),
        "Embedding.space": (space.space, {"name": "latent"}),
        "Embedding.subset": (space.subset, {"rows": [0, 1]}),
        "Neighbors.adjacency": (graph.adjacency, {}),
        "Neighbors.edges": (graph.edges, {}),
        "Neighbors.head": (graph.head, {"k": 2}),
        "Neighbors.reordered": (graph.reordered, {"ids": graph.ids[::-1]}),
        "Neighbors.similarity": (graph.similarity, {"distance": np.ones((8, 3))}),
        "Neighbors.to_networkx": (graph.to_networkx, {}),
        "Neighbors.from_embedding": (
            rv.Neighbors.from_embedding,
            {
                "embedding": space,
                "indices": graph.indices,
                "distances": graph.distances,
                "self_column": False,
                "squared": False,
            },
        ),
        "Attribution.by_point": (
            edges.by_point,
            {"flag": np.ones(len(edges.edges[0]))},
        ),
        "Attribution.groups": (edges.groups, {"most": 4}),
        "Run.at": (kept.at, {"epoch": 0}),
        "Run.save": (run.save, {"folder": folder / "run"}),
        "Config.from_dict": (rv.Config.from_dict, {"values": rv.Config().to_dict()}),
        "Explorer.select": (view.select, {"ids": list(space.ids[:2])}),
        "Explorer.search": (view.search, {"text": "1"}),
        "Explorer.tag": (view.tag, {"word": "a", "ids": list(space.ids[:2])}),
        "Explorer.on_select": (view.on_select, {"callback": lambda table: None}),
        **{
            f"Explorer.{name}": (
                lambda value, name=name: setattr(view, name, value),
                {"value": getattr(view, name)},
            )
            for name in (
                "variants",
                "seed",
                "space",
                "metric",
                "color",
                "k",
                "edges",
                "baseline",
                "layout",
                "epoch",
                "weights",
                "names",
                "variant",
            )
        },
        "save(figure)": (
            rv.save,
            {"thing": rv.plot.latent(space, layout="pca"), "path": folder / "f.svg"},
        ),
        "save(picture)": (
            rv.save,
            {"thing": rv.plot.latent(space, layout="pca"), "path": folder / "f.png"},
        ),
        "save(table)": (rv.save, {"thing": table, "path": folder / "t.csv"}),
        "save(spaces)": (rv.save, {"thing": space, "path": folder / "s"}),
    }
    np.save(folder / "x.npy", odd_calls.X)
    np.savez(folder / "n.npz", a=odd_calls.X, labels=odd_calls.LABELS)
    return verbs | room


def signature(value):
    """Return a digest of a result, None where there is none to take."""
    if isinstance(value, rv.Embedding):
        return value.digest
    if isinstance(value, rv.Neighbors):
        parts = [
            value.indices.tobytes(),
            value.distances.tobytes(),
            *map(str, value.ids),
        ]
        return hashlib.sha256(
            b"".join(
                p if isinstance(p, bytes) else p.encode("utf-8", "surrogatepass")
                for p in parts
            )
        ).hexdigest()
    if isinstance(value, rv.data.Dataset):
        return value.fingerprint
    if isinstance(value, pd.DataFrame):
        return value.to_csv()
    if hasattr(value, "to_json") and hasattr(value, "layout"):
        return value.to_json()
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, int | float | str | tuple):
        return repr(value)
    return None


class TooLongError(BaseException):
    """A call took longer than `LONGEST`."""


def _late(*_):
    raise TooLongError


class Trials:
    """Odd calls, and what became of them."""

    def __init__(self, every):
        self.every = every
        self.names = sorted(every)
        self.counts = collections.Counter()
        self._seen = set()
        self._before = {
            name: self._usual(name) for name in self.names if name not in RARE
        }

    def _usual(self, name):
        """Return the signature of the call as it should be."""
        function, arguments = self.every[name]
        try:
            return signature(function(**arguments))
        except Exception as error:  # noqa: BLE001 (a fixture that does not work)
            print("DOES NOT WORK", name, repr(error)[:200], flush=True)
            return None

    def parameters(self, name):
        """Return the arguments of a function that are replaced."""
        function, arguments = self.every[name]
        if name.startswith("Explorer.") and "value" in arguments:
            return ["value"]
        return odd_calls.arguments_of(function)

    def call(self, name, parameter, value):
        """Make one call, and count what it answers."""
        function, arguments = self.every[name]
        result = []
        begin = time.perf_counter()
        signal.alarm(LONGEST)
        try:
            said = odd_calls.fault(
                lambda **words: result.append(function(**words)),
                arguments | {parameter: value},
            )
        except TooLongError:
            said = f"over {LONGEST} s"
        finally:
            signal.alarm(0)
        self.counts["calls"] += 1
        words = (name, parameter, repr(value)[:70])
        if said:
            self.counts["faults"] += 1
            if (name, parameter, said.split(": ")[0]) not in self._seen:
                self._seen.add((name, parameter, said.split(": ")[0]))
                print("FAULT", *words, said[:240], sep=" | ", flush=True)
        elif result:
            self._accepted(words, result[0])
        else:
            self.counts["refused"] += 1
        if time.perf_counter() - begin > SLOW:
            print("SLOW", *words, sep=" | ", flush=True)

    def _accepted(self, words, result):
        """Count what was accepted, and whether it changed anything."""
        before = self._before.get(words[0])
        same = before is not None and signature(result) == before
        self.counts["accepted"] += 1
        self.counts["same"] += same
        print("SAME" if same else "TAKEN", *words, sep=" | ", flush=True)


def main(count, first, *, write):
    """Make calls; print the different faults, and what was perhaps ignored."""
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, _late)
    trials = Trials(doors())

    @seed(first)
    @settings(
        max_examples=count, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.sampled_from(trials.names), st.integers(0, 39), st.data())
    def call(name, turn, data):
        parameters = trials.parameters(name)
        if parameters and not turn % RARE.get(name, 1):
            parameter = data.draw(st.sampled_from(parameters))
            trials.call(name, parameter, data.draw(odd_calls.VALUES))

    # Some values are names of files that may well be written.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        call()
    counts = trials.counts
    line = (
        f"{counts['calls']:,} odd calls at {len(trials.names)} functions and methods: "
        f"{counts['refused']:,} refused in one sentence, {counts['accepted']} accepted "
        f"({counts['same']} with the bits of the untouched call), "
        f"{counts['faults']} in other words or over {LONGEST} s."
    )
    print(line)
    if write:
        write_section(MARKS, f"{machine()}\n\n{line}")


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    main(*[*numbers, 0][:2], write="--write" in sys.argv)
