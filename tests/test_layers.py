"""Imports run one way, every module has a place, and importing costs nothing."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import refnet_viz

PACKAGE = Path(refnet_viz.__file__).parent
ORDER = (
    "_version",
    "_networkx",
    "_renamed",
    "_check",
    "_orphans",
    "_locks",
    "_files",
    "_folders",
    "_frozen",
    "_nested",
    "_progress",
    "_beside",
    "_threads",
    "_memory",
    "_cells",
    "_pruned",
    "_search",
    "_streamed",
    "_linear",
    "_mixture",
    "config",
    "data",
    "decoder",
    "cells",
    "embedding",
    "_spaces",
    "storage",
    "objectives",
    "model",
    "train",
    "inference",
    "statistics",
    "interaction",
    "baselines",
    "responsibility",
    "graph",
    "regimes",
    "layout",
    "plot",
    "explorer",
    "share",
    "widgets",
    "__main__",
)
MODULES = sorted(PACKAGE.rglob("*.py"))


def room(path):
    """Return the top-level name that a module belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def relative_imports(source, path):
    """Return the room and the line of every relative import that runs.

    Imports for the type checker alone do not run.
    """
    found = []
    waiting = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        waiting.extend(ast.iter_child_nodes(node))
        if isinstance(node, ast.ImportFrom) and node.level:
            base = path.parents[node.level - 1].relative_to(PACKAGE).parts
            names = [a.name for a in node.names] if not node.module else [node.module]
            for name in names:
                found.append(((*base, *name.split("."))[0], node.lineno))
    return found


def absolute_imports(source):
    """Return the modules imported by their full name, with their lines."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        if isinstance(node, ast.ImportFrom) and not node.level:
            found.append((node.module, node.lineno))
    return found


def test_every_module_has_a_place():
    rooms = {room(path) for path in MODULES} - {"__init__"}
    assert rooms <= set(ORDER)
    assert {"config", "data", "model", "train", "inference", "graph"} <= rooms


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_backwards(path):
    source = path.read_text("utf-8")
    place = len(ORDER) if path == PACKAGE / "__init__.py" else ORDER.index(room(path))
    for other, line in relative_imports(source, path):
        own = other == room(path)
        assert own or ORDER.index(other) < place, f"{path}:{line} imports {other}"
    for name, line in absolute_imports(source):
        assert name.split(".")[0] != "refnet_viz", f"{path}:{line} imports {name}"


def test_the_guard_sees_what_it_must():
    path = PACKAGE / "graph" / "search.py"
    source = (
        "from typing import TYPE_CHECKING\n"
        "from .. import _check, plot\n"
        "from ..widgets.explorer import explore\n"
        "from .edges import pairs\n"
        "if TYPE_CHECKING:\n"
        "    from ..plot import theme\n"
        "def later():\n"
        "    from ..layout import project\n"
    )
    assert sorted(relative_imports(source, path)) == [
        ("_check", 2),
        ("graph", 4),
        ("layout", 8),
        ("plot", 2),
        ("widgets", 3),
    ]
    assert absolute_imports("import refnet_viz.data as d") == [("refnet_viz.data", 1)]


# What may be loaded by importing which rooms: heavy libraries have their places.
LAZY = {
    "refnet_viz": {"torch", "umap", "pandas", "plotly", "matplotlib", "numba", "scipy"},
    "refnet_viz.embedding": {"torch", "umap", "plotly", "matplotlib", "numba"},
    "refnet_viz.storage": {"torch", "umap", "plotly", "matplotlib", "numba"},
    "refnet_viz.responsibility": {"torch", "umap", "plotly", "matplotlib", "numba"},
    "refnet_viz.graph": {"torch", "umap", "plotly", "matplotlib", "numba"},
    "refnet_viz.train": {"umap", "plotly", "matplotlib", "numba", "networkx.drawing"},
    "refnet_viz.share": {"torch", "umap", "plotly", "matplotlib", "ipywidgets"},
    "refnet_viz.share.save": {"torch", "umap", "plotly", "matplotlib", "ipywidgets"},
    "refnet_viz.layout": {"torch", "umap", "plotly", "matplotlib", "numba"},
}


def test_an_embedding_is_saved_without_what_draws(tmp_path):
    code = (
        "import json, sys\nimport refnet_viz as rv\n"
        "space = rv.Embedding.from_arrays([[0.0], [1.0], [3.0]])\n"
        "rv.save({'mine': space}, sys.argv[1])\n"
        "print(json.dumps([*sys.modules]))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "spaces")],
        capture_output=True,
        text=True,
        check=True,
        cwd=PACKAGE.parent,
        timeout=120,
    )
    unneeded = {"torch", "plotly", "matplotlib", "ipywidgets", "anywidget", "IPython"}
    assert (tmp_path / "spaces").is_dir()
    assert not set(json.loads(out.stdout)) & unneeded


@pytest.mark.parametrize(
    "module",
    [
        pytest.param(name, marks=[pytest.mark.torch] * (name == "refnet_viz.train"))
        for name in LAZY
    ],
)
def test_importing_loads_no_more_than_it_needs(module):
    code = f"import {module}, json, sys; print(json.dumps(list(sys.modules)))"
    out = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=PACKAGE.parent,
        timeout=600,
    )
    loaded = set(json.loads(out.stdout))
    assert module in loaded
    assert not loaded & LAZY[module]
