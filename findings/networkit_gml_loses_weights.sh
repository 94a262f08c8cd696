#!/usr/bin/env bash
# networkit: GML is written without the weights of the graph
#
# Expected: a weighted graph keeps its weights through its own GML writer and
#   reader (GML has attributes of edges), or the writer refuses or warns.
#
# Packages: networkit 11.3; Python 3.11
#
# Behaviour: the file holds no weights, the graph that is read is unweighted,
#   and each weight is 1.0. GraphML keeps them.
#
# Seen: weights 0.25 and 0.5 through GML: [1.0, 1.0]
#
# Hurt: similarity graphs passed on to Gephi, Cytoscape or igraph as GML: all
#   neighbours are equally near.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "networkit==11.3"
cd "$work"
"$work/env/bin/python" - <<'PY'
import networkit as nk

graph = nk.Graph(3, weighted=True)
graph.addEdge(0, 1, 0.5)
graph.addEdge(1, 2, 0.25)


def through(form):
    nk.writeGraph(graph, f"graph.{form.name}", form)
    back = nk.readGraph(f"graph.{form.name}", form)
    return back.isWeighted(), sorted(w for _, _, w in back.iterEdgesWeights())


assert through(nk.Format.GraphML) == (True, [0.25, 0.5])
weighted, weights = through(nk.Format.GML)
assert (weighted, weights) == (False, [1.0, 1.0])
print(f"weights 0.25 and 0.5 through GML: {weights}")
PY
