#!/usr/bin/env bash
# networkx: whole numbers from 2**31 on come back from GML as text
#
# Expected: `read_gml` gives an integer attribute back as the number that
#   `write_gml` was handed, or writing refuses it.
#
# Packages: networkx 3.6.1; Python 3.11
#
# Behaviour: numbers outside 32 bits are written in quotes and read as str,
#   those inside as int: one attribute has both types, and True is 1.
#
# Seen: [2147483647, '2147483648', 1]
#
# Hurt: counts, time stamps in milliseconds and numeric ids as attributes:
#   sorting fails or joins match only the small ones.
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
for name, value in {"a": 2**31 - 1, "b": 2**31, "c": True}.items():
    graph.add_node(name, value=value)
nx.write_gml(graph, "a.gml")
read = list(dict(nx.read_gml("a.gml").nodes(data="value")).values())
assert read == [2147483647, "2147483648", 1]
assert type(read[2]) is int
print(read)
PY
