#!/usr/bin/env bash
# igraph and leidenalg: a weighted partition reports an unweighted modularity
#
# Expected: a partition optimised with `weights="weight"` says the weighted
#   modularity in `.modularity`; `Graph.modularity` of a graph with the edge
#   attribute `weight` uses it.
#
# Packages: igraph 1.0.0, leidenalg 0.12.0; Python 3.11
#
# Behaviour: both say the unweighted value, here 0.0, where the partition's
#   own `.quality()` and `Graph.modularity(..., weights="weight")` say 0.4.
#   `find_partition` itself ignores the attribute unless it is named.
#
# Seen: quality 0.4, modularity 0.0
#
# Hurt: scores of clusterings of weighted kNN graphs: the figure reported is
#   not the one optimised.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "igraph==1.0.0" \
  "leidenalg==0.12.0"
cd "$work"
"$work/env/bin/python" - <<'PY'
import igraph
import leidenalg

graph = igraph.Graph([(0, 1), (2, 3), (0, 2), (1, 3)])
graph.es["weight"] = [9, 9, 1, 1]
partition = leidenalg.find_partition(
    graph, leidenalg.ModularityVertexPartition, weights="weight", seed=1
)
groups = partition.membership
assert groups in ([0, 0, 1, 1], [1, 1, 0, 0])
assert abs(partition.quality() - 0.4) < 1e-9
assert abs(graph.modularity(groups, weights="weight") - 0.4) < 1e-9
assert abs(partition.modularity) < 1e-9 and abs(graph.modularity(groups)) < 1e-9
quality, modularity = partition.quality(), partition.modularity
print(f"quality {quality:.1f}, modularity {modularity:.1f}")
PY
