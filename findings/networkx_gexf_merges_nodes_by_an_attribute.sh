#!/usr/bin/env bash
# networkx: nodes with a common attribute `id` become one node in GEXF
#
# Expected: `write_gexf` writes node attributes of any name beside the node's
#   own name, as `write_graphml` does, or refuses what the format calls
#   something else.
#
# Packages: networkx 3.6.1; Python 3.11
#
# Behaviour: an attribute called `id` takes the place of the node's name, in
#   nodes and edges: two nodes with the same value are one when the file is
#   read, and edges between them are loops. No warning. GraphML keeps both.
#
# Seen: 3 nodes a, b, c: GraphML 3 nodes, GEXF 2 nodes P1, P2 with edges
#   [('P1', 'P1'), ('P1', 'P2')]
#
# Hurt: graphs of cells, visits or posts with a column `id` of the patient or
#   author, on their way to Gephi.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "networkx==3.6.1"
cd "$work"
"$work/env/bin/python" - <<'PY'
import networkx as nx

graph = nx.Graph()
for name, patient in {"a": "P1", "b": "P1", "c": "P2"}.items():
    graph.add_node(name, id=patient)
graph.add_edges_from([("a", "b"), ("b", "c")])
nx.write_gexf(graph, "a.gexf")
nx.write_graphml_xml(graph, "a.graphml")
whole, merged = nx.read_graphml("a.graphml"), nx.read_gexf("a.gexf")
assert dict(whole.nodes(data="id")) == {"a": "P1", "b": "P1", "c": "P2"}
assert list(merged) == ["P1", "P2"]
edges = list(merged.edges)
assert edges == [("P1", "P1"), ("P1", "P2")]
print(
    f"3 nodes {', '.join(graph)}: GraphML {len(whole)} nodes, GEXF {len(merged)} nodes "
    f"{', '.join(merged)} with edges {edges}"
)
PY
