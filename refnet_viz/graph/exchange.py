"""Graphs as networkx objects and as files other programs read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import networkx as nx

from .. import _check
from .._files import replacing
from .neighbors import Neighbors

SUFFIXES = (".graphml", ".gexf", ".json")
ATTRIBUTES = ("distance", "weight")
# Holds, as JSON in ASCII, what a node says that XML cannot hold.
_EXACT = "exact text (refnet_viz)"

# XML cannot hold these: control characters become their pictures (U+2400 and
# on, so that names stay different), halves of characters the replacement sign.
_UNSAFE = {
    **{code: 0x2400 + code for code in range(32)},
    **dict.fromkeys([*range(0xD800, 0xE000), 0xFFFE, 0xFFFF], 0xFFFD),
}


def save_graph(
    neighbors: Neighbors, path: str | os.PathLike[str], *, mode: str = "union"
) -> Path:
    """Write a graph as GraphML, GEXF or node-link JSON, by the suffix of `path`.

    Nodes have the metadata and predictions of their points, as `to_networkx` says.
    The file appears whole or not at all. Control characters, which XML cannot hold,
    become their pictures, e.g. U+2409 for a tabulator, and halves of characters the
    replacement sign; such a node says them once more, as JSON, in
    "exact text (refnet_viz)", from
    which `load_graph` restores them.

    Parameters
    ----------
    neighbors
        The graph.
    path
        Ends in ``.graphml``, ``.gexf`` or ``.json``.
    mode
        "union", "mutual" or "directed".

    Returns
    -------
    pathlib.Path
        Where it was written.

    Raises
    ------
    ValueError
        If the suffix is another, or two ids become the same name.
    """
    _check.instance("neighbors", neighbors, Neighbors)
    path = _check.path("path", path)
    suffix = _check.one_of("path suffix", path.suffix.lower(), SUFFIXES)
    graph = _cleaned(neighbors.to_networkx(mode))
    with replacing(path) as temporary:
        _write(graph, str(temporary), suffix)
    return path


def load_graph(path: str | os.PathLike[str]) -> nx.Graph[str]:
    """Read a graph that `save_graph` wrote.

    Parameters
    ----------
    path
        Ends in ``.graphml``, ``.gexf`` or ``.json``.

    Returns
    -------
    networkx.Graph or networkx.DiGraph
        Equal to the graph that was saved: ids, labels, which rows lack the space
        or a label, distances, weights and directedness.

    Raises
    ------
    ValueError
        If the suffix is another or the content is no graph of that format.
    """
    path = _check.path("path", path)
    suffix = _check.one_of("path suffix", path.suffix.lower(), SUFFIXES)
    try:
        raw = _read(path, suffix)
        graph: nx.Graph[str] = nx.DiGraph() if raw.is_directed() else nx.Graph()
        names = {}
        for name, data in raw.nodes(data=True):
            names[name], attributes = _restored(str(name), _attributes(data))
            graph.add_node(names[name], **attributes)
        # Readers add attributes of their own, such as GEXF's edge numbers.
        graph.add_edges_from(
            (names[i], names[j], {key: float(data[key]) for key in ATTRIBUTES})
            for i, j, data in raw.edges(data=True)
        )
    except (
        ParseError,
        nx.NetworkXError,
        KeyError,
        TypeError,
        AttributeError,
        ValueError,
    ) as error:
        raise ValueError(
            f"`path` must be a {suffix} file written by save_graph, "
            f"got {path.name} ({error})."
        ) from error
    return graph


def _restored(name: str, data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a node's name and what it says, with the characters that XML lacks."""
    if _EXACT not in data:
        return name, data
    exact = json.loads(data[_EXACT])
    restored: dict[str, Any] = {}
    for key, value in data.items():
        if key != _EXACT:
            old, text = exact["of"].get(key, (key, value))
            restored[str(old)] = text
    return str(exact["id"]), restored


def _attributes(data: dict[str, Any]) -> dict[str, Any]:
    """Return what a node says; readers leave out a label that is empty."""
    return {"label": str(data.get("label", ""))} | {
        str(key): value for key, value in data.items() if key != "label"
    }


def _cleaned(graph: nx.Graph[str]) -> nx.Graph[str]:
    names = {name: name.translate(_UNSAFE) for name in graph}
    _check.unique("ids", list(names.values()))
    for name, data in graph.nodes(data=True):
        cleaned = {
            key.translate(_UNSAFE): value.translate(_UNSAFE)
            if isinstance(value, str)
            else value
            for key, value in data.items()
        }
        exact = {
            new: [key, value]
            for (key, value), (new, shown) in zip(
                data.items(), cleaned.items(), strict=True
            )
            if key != new or (isinstance(value, str) and value != shown)
        }
        if exact or name != names[name]:
            cleaned[_EXACT] = json.dumps({"id": name, "of": exact})
        data.clear()
        data.update(cleaned)
    if all(old == new for old, new in names.items()):
        return graph
    return nx.relabel_nodes(graph, names)


def _write(graph: nx.Graph[str], path: str, suffix: str) -> None:
    if suffix == ".graphml":
        nx.write_graphml_xml(graph, path)
    elif suffix == ".gexf":
        nx.write_gexf(graph, path)
    else:
        text = json.dumps(nx.node_link_data(graph, edges="edges"), ensure_ascii=False)
        Path(path).write_text(text, encoding="utf-8")


def _read(path: Path, suffix: str) -> Any:
    if suffix == ".graphml":
        return nx.read_graphml(path)
    if suffix == ".gexf":
        return nx.read_gexf(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    return nx.node_link_graph(content, edges="edges")
