#!/usr/bin/env bash
# networkx: edges of names with `#` or a space vanish or change in lists
#
# Expected: `write_edgelist` and `write_adjlist` write names that the reading
#   functions give back, or refuse them.
#
# Packages: networkx 3.6.1; Python 3.11
#
# Behaviour: names are written as they are. `#` begins a comment and a space
#   another name: the edge of `C#` is not there when the list is read, and an
#   adjacency list makes a node of each word. Neither writing nor reading says
#   so.
#
# Seen: edges ['C# - Go', 'Go - Rust'] read as ['Go - Rust'], ['New York -
#   Rome'] as ['New - Rome', 'New - York']
#
# Hurt: graphs of tags, titles, genes (`IGH#2`) or captions: they come back
#   smaller, or with other nodes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "networkx==3.6.1"
cd "$work"
"$work/env/bin/python" - <<'PY'
import networkx as nx


def read(edges, form):
    """Edges as an edge list or an adjacency list gives them back."""
    write, again = {
        "edges": (nx.write_edgelist, nx.read_edgelist),
        "neighbours": (nx.write_adjlist, nx.read_adjlist),
    }[form]
    write(nx.Graph(edges), "a.txt")
    return sorted(" - ".join(sorted(edge)) for edge in again("a.txt").edges)


tags = [("C#", "Go"), ("Go", "Rust")]
cities = [("New York", "Rome")]
first, second = read(tags, "edges"), read(cities, "neighbours")
assert first == read(tags, "neighbours") == ["Go - Rust"]
assert second == ["New - Rome", "New - York"]
print(
    f"edges ['C# - Go', 'Go - Rust'] read as {first}, "
    f"['New York - Rome'] as {second}"
)
PY
