"""Graphs as networkx objects and as files other programs read."""

from __future__ import annotations

import hashlib
import io
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
# Where other programs take no notice of it, and leave it out when they write.
_SUM = "sha256 of nodes and edges (refnet_viz)"
_BEFORE, _AFTER = f"<!-- {_SUM}: ", " -->"
_PARTS = {"directed", "multigraph", "graph", "nodes", "edges", _SUM}

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
    "exact text (refnet_viz)", from which `load_graph` restores them. In GraphML a
    node has its id as ``name``, too, which is where igraph looks for it. At the end
    stands a checksum of nodes and edges, which other programs leave out.

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
    path = _check.new_file("path", path)
    graph = _cleaned(neighbors.to_networkx(mode))
    with replacing(path) as temporary:
        _write(graph, temporary, suffix)
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
        If the suffix is another, the content is no graph of that format, or nodes and
        edges are not those of the checksum, where the file has one.
    OSError
        If there is no such file, or it cannot be read.
    """
    path = _check.path("path", path)
    suffix = _check.one_of("path suffix", path.suffix.lower(), SUFFIXES)
    path = _check.file("path", path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise type(error)(
            "`path` must name a file that can be read, "
            f"got {str(path)!r} ({error.strerror or error})."
        ) from error
    try:
        raw = _read(content, suffix)
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
        LookupError,
        TypeError,
        AttributeError,
        ValueError,
        RuntimeError,  # also from networkx, for GEXF of no known version
    ) as error:
        raise ValueError(
            f"`path` must be a {suffix} file written by save_graph, "
            f"got {path.name} ({_check.first_line(error)})."
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
    owners: dict[str, tuple[str, int]] = {}
    for row, (name, new) in enumerate(names.items()):
        if new in owners:
            other, first = owners[new]
            raise ValueError(
                "`ids` must stay different where control characters and halves are "
                f"{new!r}, got {other!a} in row {first} and {name!a} in row {row}."
            )
        owners[new] = name, row
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


def _write(graph: nx.Graph[str], path: Path, suffix: str) -> None:
    checksum = _digest(graph)
    if suffix == ".json":
        content = nx.node_link_data(graph, edges="edges") | {_SUM: checksum}
        path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        return
    if suffix == ".graphml":
        for name, data in graph.nodes(data=True):
            data["name"] = name
        nx.write_graphml_xml(graph, str(path))
    else:
        nx.write_gexf(graph, str(path))
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n{_BEFORE}{checksum}{_AFTER}\n")


def _read(content: bytes, suffix: str) -> Any:
    graph, checksum = _parsed(content, suffix)
    if checksum is not None and checksum != _digest(graph):
        raise ValueError("nodes and edges are not those of its checksum")
    return graph


def _parsed(content: bytes, suffix: str) -> tuple[Any, str | None]:
    """Return the graph of a file and the checksum that it has, if any."""
    if suffix == ".json":
        parts = json.loads(content)
        if parts.keys() - _PARTS:
            raise ValueError(f"it has {min(parts.keys() - _PARTS)!a}")
        return nx.node_link_graph(parts, edges="edges"), parts.get(_SUM)
    reader = nx.read_graphml if suffix == ".graphml" else nx.read_gexf
    graph = reader(io.BytesIO(content))
    if suffix == ".graphml":
        for _, data in graph.nodes(data=True):
            data.pop("name", None)
    content = content.rstrip()
    if not content.endswith(b"-->"):
        return graph, None
    comment = content[content.rindex(b"<!--") :].decode()
    return graph, comment.removeprefix(_BEFORE).removesuffix(_AFTER)


def _digest(graph: nx.Graph[str]) -> str:
    """Return the SHA-256 of nodes and edges in any order; empty text is nothing."""
    nodes = [
        [name, sorted(item for item in data.items() if item[1] != "")]
        for name, data in graph.nodes(data=True)
    ]
    edges = [
        [
            *((i, j) if graph.is_directed() else sorted((i, j))),
            *map(data.get, ATTRIBUTES),
        ]
        for i, j, data in graph.edges(data=True)
    ]
    content = [graph.is_directed(), sorted(nodes), sorted(edges)]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
