#!/usr/bin/env bash
# igraph: an undirected copy of a weighted graph has no weights
#
# Expected: `as_undirected()` of a directed graph, and `simplify()` of one
#   with parallel edges, keep the edge attribute `weight`: the first, the last
#   or the sum.
#
# Packages: igraph 1.0.0; Python 3.11
#
# Behaviour: without `combine_edges=` each edge attribute is dropped, also
#   those of edges that are merged with no other, without a warning.
#   `mode="each"` keeps them.
#
# Seen: attributes before ['weight'], as_undirected [], simplify []
#
# Hurt: Leiden and PageRank over kNN graphs, which are directed: after the
#   usual conversion `weights="weight"` fails, and code that asks whether
#   there are weights goes on without.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "igraph==1.0.0"
cd "$work"
"$work/env/bin/python" - <<'PY'
import igraph

edges = [(0, 1), (1, 0), (1, 2)]
graph = igraph.Graph(edges, directed=True, edge_attrs={"weight": [1.0, 2.0, 3.0]})
undirected = graph.as_undirected()
assert undirected.get_edgelist() == [(0, 1), (1, 2)]
assert undirected.es.attributes() == []
assert graph.as_undirected(mode="each").es["weight"] == [1.0, 2.0, 3.0]
assert graph.as_undirected(combine_edges="sum").es["weight"] == [3.0, 3.0]
simple = igraph.Graph([(0, 1), (0, 1)], edge_attrs={"weight": [1.0, 2.0]}).simplify()
assert simple.ecount() == 1
assert simple.es.attributes() == []
print(
    f"attributes before {graph.es.attributes()}, "
    f"as_undirected {undirected.es.attributes()}, simplify {simple.es.attributes()}"
)
PY
