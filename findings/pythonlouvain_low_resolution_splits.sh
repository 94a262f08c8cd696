#!/usr/bin/env bash
# python-louvain: a lower resolution gives more communities, a higher one too
#
# Expected: `best_partition(resolution=)` is monotone, as in networkx and
#   igraph, where a lower resolution gives larger communities; or it is the
#   time of Lambiotte and others, which its documentation names, and a lower
#   one gives smaller communities.
#
# Packages: python-louvain 0.16, networkx 3.6.1, numpy 2.4.6; Python 3.11
#
# Behaviour: the moves of nodes weigh the null model by the resolution, and
#   the measure that ends the search weighs the edges by it: below 1 the
#   search ends early, with more and smaller communities than at 1; above 1
#   there are more, too.
#
# Seen: communities at .25, .5, 1, 2, 4: python-louvain [8, 5, 4, 7, 12],
#   networkx [2, 2, 4, 7, 12]
#
# Hurt: whoever scans the resolution for a coarse view of a kNN graph: the
#   coarsest partition is that of 1.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "python-louvain==0.16" \
  "networkx==3.6.1" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import community
import networkx as nx

graph = nx.karate_club_graph()
scan = [0.25, 0.5, 1, 2, 4]
ours = [
    len(set(community.best_partition(graph, resolution=r, random_state=0).values()))
    for r in scan
]
theirs = [
    len(nx.community.louvain_communities(graph, resolution=r, seed=0)) for r in scan
]
assert ours == [8, 5, 4, 7, 12]
assert theirs == [2, 2, 4, 7, 12]
print(
    f"communities at .25, .5, 1, 2, 4: python-louvain {ours}, networkx {theirs}"
)
PY
