#!/usr/bin/env bash
# igraph: names with an ampersand come out of networkx's GraphML as others
#
# Expected: `Read_GraphML` has in `id` the ids of the file, in which XML
#   writes an ampersand as `&amp;`, as it has texts of attributes.
#
# Packages: igraph 1.0.0, networkx 3.6.1; Python 3.11
#
# Behaviour: each ampersand in a node's id becomes `&#38;` in the name, also
#   where the file has it as `&#38;` or `&#x26;`, while `<` and quotes are
#   right, and so is the same text in a data element.
#   igraph's own writer keeps names in data elements, so that the change is
#   lasting when the graph is written again.
#
# Seen: ids ['R&D', 'a<b'] read as ['R&#38;D', 'a<b'], title 'R&D'
#
# Hurt: joins by name of clusters or centralities from igraph with tables of
#   products, journals or captions: those with an ampersand match nothing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "igraph==1.0.0" \
  "networkx==3.6.1"
cd "$work"
"$work/env/bin/python" - <<'PY'
import igraph
import networkx as nx

graph = nx.Graph()
graph.add_node("R&D", title="R&D")
graph.add_node("a<b", title="")
graph.add_edge("R&D", "a<b")
nx.write_graphml(graph, "a.graphml")
names = list(nx.read_graphml("a.graphml"))
assert names == ["R&D", "a<b"]
read = igraph.Graph.Read_GraphML("a.graphml")
assert read.vs["title"] == ["R&D", ""]
assert read.vs["id"] == ["R&#38;D", "a<b"]
with open("a.graphml") as file:
    text = file.read()
for other in ("&#38;", "&#x26;"):
    with open("c.graphml", "w") as file:
        file.write(text.replace("&amp;", other))
    assert list(nx.read_graphml("c.graphml")) == names
    again = igraph.Graph.Read_GraphML("c.graphml")
    assert again.vs["id"] == ["R&#38;D", "a<b"]
read.write_graphml("b.graphml")
with open("b.graphml") as file:
    assert "R&amp;#38;D" in file.read()
print(f"ids {names} read as {read.vs['id']}, title {read.vs['title'][0]!r}")
PY
