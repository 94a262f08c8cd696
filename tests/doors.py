"""Every public function and method, with arguments with which it works quickly."""

import io
import json
import tarfile
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import scipy.io
from PIL import Image

import refnet_viz as rv
from refnet_viz import layout
from refnet_viz.widgets import Explorer

X = np.random.default_rng(0).normal(size=(40, 3))
LABELS = np.arange(40) % 2
IDS = [f"p{i}" for i in range(40)]
PARTS = ["train"] * 24 + ["val"] * 8 + ["test"] * 8
SMALL = rv.Config(epochs=1, hidden=8, width=4, batch_size=16)
QUIET = {"n_jobs": 1, "progress": False}


def doors(folder):
    """Return name to a function and arguments: all that the package offers.

    Parameters
    ----------
    folder
        An empty folder, in which files are read and written.
    """
    folder = Path(folder)
    data = rv.data.Dataset.from_arrays(
        {"a": X, "b": X[:, :2] ** 2}, labels=LABELS, split=PARTS
    )
    run = rv.fit(data, SMALL, progress=False, snapshots=1)
    space = rv.embed(run, data.test)
    without = rv.embed(run, rv.data.without(data, "a").test)
    graph = rv.knn(space, 3)
    return (
        _values(space, graph)
        | _training(data, run, folder)
        | _readers(folder)
        | _data(data)
        | _graphs(space, graph, folder)
        | _responsibility(space, without)
        | _plots(space, graph, run)
        | _shared(space, graph, folder)
        | _explorer(space)
    )


def _values(space, graph):
    """Return the doors of values and their methods."""
    edges = rv.attribute(graph)
    lists = {
        "indices": graph.indices,
        "distances": graph.distances,
        "self_column": False,
        "squared": False,
    }
    rich = {
        "labels": LABELS,
        "split": PARTS,
        "ids": IDS,
        "present": {"b": LABELS == 0},
        "class_names": ["x", "y"],
        "groups": [f"g{i // 2}" for i in range(40)],
        "metadata": {"age": np.arange(40), "place": ["here", "there"] * 20},
        "media": rv.data.Media(texts=IDS),
        "join": "inner",
        "unlabelled": 7,
        "info": {"source": "made"},
        "name": "rich",
    }
    shared = ("labels", "ids", "present", "class_names", "metadata", "media", "join",
              "unlabelled", "name")  # fmt: skip
    modalities = {"a": X, "b": X[:, :2]}
    return {
        "Config": (rv.Config, SMALL.to_dict()),
        "Config.from_dict": (rv.Config.from_dict, {"values": SMALL.to_dict()}),
        "Embedding.from_arrays": (rv.Embedding.from_arrays, {"z": X}),
        "Embedding.from_arrays, all": (
            rv.Embedding.from_arrays,
            {"z": X, "modalities": modalities} | {name: rich[name] for name in shared},
        ),
        "Embedding.from_arrays, target": (
            rv.Embedding.from_arrays,
            {"z": X, "target": X[:, 0], "labels": None},
        ),
        "Dataset.from_arrays": (rv.data.Dataset.from_arrays, {"modalities": {"a": X}}),
        "Dataset.from_arrays, all": (
            rv.data.Dataset.from_arrays,
            {"modalities": modalities} | rich,
        ),
        "Dataset.from_arrays, times": (
            rv.data.Dataset.from_arrays,
            {
                "modalities": {"s": X[:, :, None]},
                "target": X[:, 1],
                "times": {"s": np.cumsum(np.ones((40, 3)), axis=1)},
                "sessions": {"s": np.tile([0, 0, 1], (40, 1))},
            },
        ),
        "Neighbors.from_arrays": (
            rv.Neighbors.from_arrays,
            {"ids": graph.ids, "labels": space.labels, "class_names": ["x", "y"]}
            | lists,
        ),
        "Neighbors.from_embedding": (
            rv.Neighbors.from_embedding,
            {"embedding": space, "ids": space.ids, **lists},
        ),
        "Embedding.joined": (
            space.joined,
            {"new": _renamed(space.subset([0, 1])), "column": "rows"},
        ),
        "Embedding.positions": (space.positions, {"rows": [0, 2]}),
        "Embedding.present_in": (space.present_in, {"space": "sum"}),
        "Embedding.reordered": (space.reordered, {"ids": space.ids[::-1]}),
        "Embedding.space": (
            space.space,
            {"name": "sum", "weights": {"a": 1.0, "b": 0.5}, "centred": True},
        ),
        "Embedding.space_on_disk": (space.space_on_disk, {"name": "latent"}),
        "Embedding.subset": (space.subset, {"rows": [0, 1]}),
        "Embedding.to_anndata": (space.to_anndata, {"graphs": graph}),
        "Neighbors.adjacency": (graph.adjacency, {}),
        "Neighbors.edges": (graph.edges, {}),
        "Neighbors.head": (graph.head, {"k": 2}),
        "Neighbors.reordered": (graph.reordered, {"ids": graph.ids[::-1]}),
        "Neighbors.similarity": (graph.similarity, {"distance": np.ones((8, 3))}),
        "Neighbors.to_networkx": (graph.to_networkx, {}),
        "Attribution.by_point": (
            edges.by_point,
            {"flag": np.arange(len(edges.edges[0])) % 2 == 0},
        ),
        "Attribution.groups": (edges.groups, {"most": 4}),
    }


def _renamed(space):
    """Return an embedding under other ids."""
    return rv.Embedding.from_arrays(
        space.z, ids=[f"new {name}" for name in space.ids], labels=space.labels,
        modalities=dict(space.inputs),
    )  # fmt: skip


def _training(data, run, folder):
    """Return the doors that train, and those of runs."""
    run.save(folder / "run")
    configs = {"a": SMALL}
    many = {"seeds": [0], **QUIET}
    return {
        "fit": (rv.fit, {"data": data, "config": SMALL, "progress": False}),
        "pretrain": (rv.pretrain, {"data": data, "config": SMALL, "progress": False}),
        "sweep": (
            rv.sweep,
            {"data": data, "configs": configs, "folder": folder / "runs", **many},
        ),
        "embed": (rv.embed, {"runs": run, "data": data.test}),
        "Run.load": (rv.Run.load, {"folder": folder / "run"}),
        "Run.save": (run.save, {"folder": folder / "run"}),
        "Run.at": (run.at, {"epoch": 0}),
        "Run.model": (run.model, {}),
        "ablate": (rv.ablate, {"runs": run, "data": data.test}),
        "counterfactual": (rv.counterfactual, {"runs": run, "data": data.test, "k": 3}),
        "label_curve": (
            rv.label_curve,
            {"data": data, "configs": configs, "fractions": [0.5, 1.0], "k": 3, **many},
        ),
        "refiner_curve": (
            rv.refiner_curve,
            {"data": data, "weights": [0, 1], "config": SMALL, "k": 3, **many},
        ),
        "robustness": (
            rv.robustness,
            {"runs": run, "data": data.test, "levels": [0.0, 1.0]},
        ),
        "rails": (rv.rails, {"data": data}),
    }


def _readers(folder):
    """Return the doors that read files and tables of other packages."""
    np.save(folder / "x.npy", X)
    np.savez(folder / "n.npz", a=X, labels=LABELS)
    np.savez(folder / "rosmap.npz", mod_a=X, y=LABELS)
    scipy.io.savemat(folder / "m.mat", {"fea": X, "gnd": LABELS + 1})
    with h5py.File(folder / "x.h5", "w") as file:
        file["X"] = X
    frame = pd.DataFrame(X, columns=["u", "v", "w"], index=IDS).assign(y=LABELS)
    frame.to_csv(folder / "t.csv", index_label="id")
    with tarfile.open(folder / "t.tar", "w") as archive:
        for i in range(4):
            for suffix, content in (("txt", f"row {i}"), ("cls", str(i % 2))):
                member = tarfile.TarInfo(f"{i}.{suffix}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content.encode()))
    (folder / "pictures").mkdir()
    for i in range(4):
        Image.new("RGB", (4, 4), (60 * i, 0, 0)).save(folder / "pictures" / f"{i}.png")
    (folder / "t.jsonl").write_text(
        "".join(json.dumps({"t": f"row {i}", "p": f"{i}.png"}) + "\n" for i in range(4))
    )
    rows = rv.Embedding.from_arrays(X, ids=IDS, labels=LABELS).to_anndata()
    reader = rv.data
    return {
        "data.from_table": (
            reader.from_table,
            {"source": frame, "modalities": {"x": ["u", "v"], "w": "w"}, "labels": "y"},
        ),
        "data.from_table, file": (
            reader.from_table,
            {
                "source": folder / "t.csv",
                "modalities": {"x": ["u", "v"], "w": ["w"]},
                "id": "id",
                "labels": "y",
                "class_names": ["x", "y"],
                "unlabelled": 7,
            },
        ),
        "data.from_npz": (
            reader.from_npz,
            {"path": folder / "n.npz", "modalities": {"a": "a"}, "labels": "labels"},
        ),
        "data.from_mat": (
            reader.from_mat,
            {"path": folder / "m.mat", "views": {"a": "fea"}, "labels": "gnd"},
        ),
        "data.from_anndata": (
            reader.from_anndata,
            {"adata": rows, "modalities": {"z": "X"}, "labels": "label"},
        ),
        "data.from_webdataset": (
            reader.from_webdataset,
            {
                "shards": folder / "t.tar",
                "modalities": {"t": reader.words("txt")},
                "labels": "cls",
            },
        ),
        "data.shared": (reader.shared, {"name": "rosmap", "folder": folder}),
        "data.on_disk": (reader.on_disk, {"source": folder / "x.npy"}),
        "data.on_disk, store": (
            reader.on_disk,
            {"source": folder / "x.h5", "key": "X", "scratch": folder},
        ),
        "data.pictures": (
            lambda **words: reader.from_table(
                folder / "t.jsonl", modalities={"p": reader.pictures(**words)}
            ),
            {"column": "p", "root": folder / "pictures", "size": 4},
        ),
        "data.words": (
            lambda **words: reader.from_table(
                folder / "t.jsonl", modalities={"t": reader.words(**words)}
            ),
            {"column": "t", "encoder": _ones, "name": "few", "version": "1"},
        ),
        "data.encode": (
            reader.encode,
            {
                "items": ["a", "b"],
                "encoder": _ones,
                "kind": "words",
                "progress": False,
                "cache": folder / "cache",
                "name": "few",
                "version": "1",
            },
        ),
        "data.hateful_memes": (reader.hateful_memes, {"folder": folder}),
        "data.mm_imdb": (reader.mm_imdb, {"folder": folder}),
        "data.snli_ve": (reader.snli_ve, {"folder": folder, "flickr": folder}),
    }


def _ones(texts):
    return np.array([[len(text), 1.0] for text in texts])


def _data(data):
    """Return the doors of data."""
    room = rv.data
    return {
        "Dataset.part": (data.part, {"split": "train"}),
        "Dataset.resplit": (data.resplit, {"seed": 1}),
        "Dataset.subset": (data.subset, {"rows": [0, 1]}),
        "Dataset.with_labels": (
            data.with_labels,
            {"labels": pd.Series(LABELS, data.ids)},
        ),
        "Modality.of": (lambda values: room.Modality.of("a", values), {"values": X}),
        "data.Media": (room.Media, {"texts": ["a", "b"]}),
        "data.missing": (room.missing, {"data": data, "rate": 0.5, "modality": "a"}),
        "data.noisy": (room.noisy, {"data": data, "level": 0.5, "modality": "a"}),
        "data.permuted": (room.permuted, {"data": data, "name": "a"}),
        "data.playground": (room.playground, {"n": 40}),
        "data.playground_neighbors": (
            room.playground_neighbors,
            {"data": room.playground(40), "factor": "shared", "k": 3},
        ),
        "data.questions": (room.questions, {"n": 30}),
        "data.with_validation": (room.with_validation, {"data": data.train}),
        "data.without": (room.without, {"data": data, "names": "a"}),
    }


def _table_of_split(seed):
    rows = np.random.default_rng(seed).normal(size=(20, 3))
    graphs = {
        name: rv.knn(rv.Embedding.from_arrays(x, labels=LABELS[:20]), 3)
        for name, x in (("a", rows), ("b", rows[:, :2]))
    }
    return rv.compare(graphs, permutations=0)


def _graphs(space, graph, folder):
    """Return the doors of graphs and layouts."""
    room = rv.graph
    edges, both = rv.attribute(graph), {"graphs": {"a": graph, "b": graph.head(2)}}
    both["graphs"]["b"] = rv.knn(space, 3, space="a")
    pair = {"a": graph, "b": both["graphs"]["b"]}
    tables = [_table_of_split(seed) for seed in range(3)]
    file = rv.save(graph, folder / "g.graphml")
    return {
        "knn": (rv.knn, {"spaces": space, "k": 3, "space": "sum",
                         "weights": {"a": 1.0, "b": 0.5}}),
        "attribute": (rv.attribute, {"graphs": graph}),
        "compare": (rv.compare, {**both, "permutations": 9}),
        "guard": (rv.guard, {"old": space, "new": space, "k": 3}),
        "project": (rv.project, {"spaces": space, "method": "pca"}),
        "layout.fidelity": (
            layout.fidelity,
            {"space": X, "coordinates": X[:, :2], "k": 3},
        ),
        "graph.calibrated_similarity": (
            room.calibrated_similarity,
            {**both, "permutations": 9},
        ),
        "graph.compare_pairs": (room.compare_pairs, both),
        "graph.compare_points": (
            room.compare_points,
            {"embedding": space, "one": 0, "other": 1, "k": 3},
        ),
        "graph.contradictions": (room.contradictions, {"attributions": edges}),
        "graph.edge_bounds": (room.edge_bounds, {"attribution": edges}),
        "graph.edge_diff": (room.edge_diff, pair),
        "graph.edge_sets": (room.edge_sets, {"attributions": edges}),
        "graph.jaccard": (room.jaccard, pair),
        "graph.label_edges": (
            room.label_edges,
            {"attributions": edges, "permutations": 9},
        ),
        "graph.label_information": (room.label_information, {"attributions": edges}),
        "graph.linear_cka": (room.linear_cka, {"x": X, "y": X[:, :2] ** 2}),
        "graph.load_graph": (room.load_graph, {"path": file}),
        "graph.name_clusters": (
            room.name_clusters,
            {"graphs": graph, "permutations": 20},
        ),
        "graph.measures_over_seeds": (
            room.measures_over_seeds,
            {"graphs": [graph], "draws": 2},
        ),
        "graph.overlap": (room.overlap, pair),
        "graph.over_splits": (
            room.over_splits,
            {"tables": tables, "test_per_train": 0.25},
        ),
        "graph.overlap_by_k": (room.overlap_by_k, {"spaces": space, "k_max": 4}),
        "graph.point_measures": (room.point_measures, {"graphs": graph, "draws": 2}),
        "graph.rbo": (room.rbo, pair),
        "graph.representatives": (room.representatives, {"graphs": graph}),
        "graph.rewiring": (room.rewiring, pair),
        "graph.save_graph": (
            room.save_graph,
            {"neighbors": graph, "path": folder / "h.gexf"},
        ),
        "graph.second_order_cosine": (room.second_order_cosine, pair),
        "graph.with_measures": (room.with_measures, {"graphs": graph, "draws": 2}),
        "graph.search_effort": (room.search_effort, {"spaces": space, "k": 3}),
        "graph.search_bias": (room.search_bias, {"graph": graph}),
        "graph.weighted_neighbors": (
            room.weighted_neighbors,
            {"spaces": space, "k": 3, "near": 2, "candidates": 5},
        ),
        "Recall.of": (
            room.Recall.of,
            {"found": np.array([3, 2, 3, 3]), "k": 3},
        ),
        "Reweighting.of": (room.Reweighting.of, {"embedding": space, "space": "sum"}),
        "Reweighting.scaled": (
            room.Reweighting.of(space, "sum").scaled,
            {"factors": {"a": 1.0, "b": 0.5}},
        ),
    }  # fmt: skip


def _responsibility(space, without):
    """Return the doors of responsibility."""
    room = rv.responsibility
    one = np.ones(1)
    bound = room.Bound(one, one, 0 * one, 0.5 * one)
    geometry = room.Geometry.of(space)
    apart = 4.0 * np.eye(2)[LABELS]
    lacking = {"whole": space, "without": without, "modality": "a"}
    return {
        "responsibility.cross_fit": (room.cross_fit, {"embedding": space, "folds": 2}),
        "responsibility.effective_rank": (room.effective_rank, {"x": X}),
        "responsibility.leftover": (room.leftover, {"spaces": space}),
        "responsibility.linear_floor": (room.linear_floor, {"spaces": space}),
        "responsibility.lipschitz_bound": (
            room.lipschitz_bound,
            {"embedding": space, "modality": "a", "source": np.array([0, 1]),
             "target": np.array([1, 3])},
        ),
        "responsibility.certified": (
            room.certified,
            {"bound": bound, "radius": np.array([0.1])},
        ),
        "responsibility.supported": (
            room.supported,
            {"bound": bound, "radius": np.array([0.1])},
        ),
        "responsibility.pure_by_loss": (
            room.pure_by_loss,
            {"z": apart, "labels": LABELS, "alpha": 0.5, "beta": 0.5},
        ),
        "responsibility.r_squared": (
            room.r_squared,
            {"target": X, "answer": X + 0.1 * X[::-1]},
        ),
        "responsibility.scores": (room.scores, {"embedding": space}),
        "responsibility.scores_by_class": (room.scores_by_class, {"embedding": space}),
        "responsibility.scores_by_point": (room.scores_by_point, {"embedding": space}),
        "responsibility.spectrum": (room.spectrum, {"embedding": space}),
        "responsibility.recovery_margins": (
            room.recovery_margins,
            {"geometry": geometry, "k": 2},
        ),
        "responsibility.missing_errors": (
            room.missing_errors,
            lacking,
        ),
        "responsibility.conformal_radius": (
            room.conformal_radius,
            {**lacking, "coverage": 0.5},
        ),
        "Geometry.of": (room.Geometry.of, {"embedding": space}),
        "Geometry.radii": (geometry.radii, {"ks": [1, 2]}),
        "Geometry.points": (geometry.points, {"side": "sum"}),
    }  # fmt: skip


def _plots(space, graph, run):
    """Return the doors of figures."""
    room = rv.plot
    edges, pca = rv.attribute(graph), {"layout": "pca"}
    both = {"graphs": {"a": graph, "b": rv.knn(space, 3, space="a")}}
    table = rv.compare(**both, permutations=9)
    data = rv.data.Dataset.from_arrays({"a": X}, labels=LABELS, split=PARTS)
    curve = rv.label_curve(
        data, {"a": SMALL}, fractions=[0.5, 1.0], seeds=[0], k=3, **QUIET
    )
    figure = room.latent(space, **pca)
    return {
        "plot.attribution": (room.attribution, {"attributions": edges, **pca}),
        "plot.bound": (room.bound, {"attribution": edges}),
        "plot.caption": (room.caption, {"figure": figure}),
        "plot.compare": (room.compare, {"frame": table}),
        "plot.curves": (room.curves, {"frame": curve}),
        "plot.describe": (room.describe, {"figure": figure}),
        "plot.graph": (room.graph, {"neighbors": graph, **pca}),
        "plot.history": (room.history, {"runs": run}),
        "plot.latent": (room.latent, {"spaces": space, **pca}),
        "plot.overlaps": (room.overlaps, {"spaces": space, "k_max": 4}),
        "plot.responsibility": (room.responsibility, {"attributions": edges}),
        "plot.rewiring": (room.rewiring, {**both, "a": "a", "b": "b", **pca}),
        "plot.spectrum": (room.spectrum, {"spaces": space}),
    }


def _shared(space, graph, folder):
    """Return the doors that write files, and those that read them again."""
    figure = rv.plot.latent(space, layout="pca")
    manifest = {"made_of": {"call": figure.layout.meta["call"]}}
    table = pd.DataFrame({"x": [1.5, 2.0], "y": ["a", "=b"]})
    return {
        "load": (rv.load, {"folder": rv.save(space, folder / "spaces")}),
        "replay": (rv.replay, {"manifest": manifest, "inputs": space}),
        "export_html": (rv.export_html, {"spaces": space, "path": f"{folder}/p.html"}),
        "report": (
            rv.report,
            {"spaces": space, "path": f"{folder}/r.html", "progress": False},
        ),
        "save": (rv.save, {"thing": graph, "path": f"{folder}/s.graphml"}),
        "save, figure": (rv.save, {"thing": figure, "path": folder / "f.svg"}),
        "save, picture": (rv.save, {"thing": figure, "path": folder / "f.png"}),
        "save, page": (rv.save, {"thing": figure, "path": folder / "f.html"}),
        "save, table": (rv.save, {"thing": table, "path": folder / "t2.csv"}),
        "save, spaces": (rv.save, {"thing": space, "path": folder / "s"}),
    }


def _explorer(space):
    """Return the doors of the explorer: each call is made of a new one.

    An explorer remembers how many views were looked at, and its state says so.
    """
    spaces, first = {"one": space, "two": space}, list(space.ids[:2])

    def room(move):
        def call(**words):
            view = rv.explore(spaces, layout="pca")
            answer = move(view, **words)
            return view.state if answer is None else answer

        call.__signature__ = None
        return call

    def setting(name):
        return room(lambda view, value: setattr(view, name, value))

    view = rv.explore(spaces, layout="pca")
    settings = ("variants", "seed", "space", "metric", "color", "k", "edges",
                "baseline", "layout", "epoch", "weights", "names",
                "variant", "looks")  # fmt: skip
    return {
        "explore": (rv.explore, {"spaces": space, "layout": "pca"}),
        "Explorer.select": (room(Explorer.select), {"ids": first, "how": "alone"}),
        "Explorer.search": (room(Explorer.search), {"text": "33"}),
        "Explorer.tag": (
            room(Explorer.tag),
            {"word": "odd", "ids": first, "column": "tag"},
        ),
        "Explorer.on_select": (room(Explorer.on_select), {"callback": _ones}),
        **{
            f"Explorer.{name}": (setting(name), {"value": getattr(view, name)})
            for name in settings
        },
    }
