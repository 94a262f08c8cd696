#!/usr/bin/env bash
# torch_geometric: an undirected graph made undirected has its weights doubled
#
# Expected: `to_undirected` of a graph that has each edge in both directions
#   with one weight leaves it as it is, as networkx and igraph do; calling it
#   twice is calling it once.
#
# Packages: torch-geometric 2.8.1, torch 2.13.0, numpy 2.4.6; Python 3.11
#
# Behaviour: weights of both directions are added (`reduce="add"`), so that
#   each call, and `ToUndirected` in a list of transforms, doubles them. Of a
#   directed kNN graph mutual edges have the sum and one-sided ones their own
#   weight. Without weights the call does nothing the second time.
#
# Seen: weights 0.5 and 0.25, undirected: [1.0, 1.0, 0.5, 0.5], again: [2.0,
#   2.0, 1.0, 1.0]
#
# Hurt: weighted kNN graphs that pass more than one pipeline: distances double,
#   and similarities exceed 1.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "torch==2.13.0" \
  "torch-geometric==2.8.1" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import torch
from torch_geometric.data import Data
from torch_geometric.transforms import ToUndirected
from torch_geometric.utils import is_undirected, to_undirected

edges = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
weights = torch.tensor([0.5, 0.5, 0.25, 0.25])
assert is_undirected(edges, weights)
once = to_undirected(edges, weights)
twice = to_undirected(*once)
assert torch.equal(once[0], edges) and torch.equal(once[1], 2 * weights)
assert torch.equal(twice[1], 4 * weights)
data = ToUndirected()(Data(edge_index=edges, edge_attr=weights, num_nodes=3))
assert torch.equal(data.edge_attr, 2 * weights)
print(
    f"weights 0.5 and 0.25, undirected: {once[1].tolist()}, again: {twice[1].tolist()}"
)
PY
