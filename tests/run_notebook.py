"""Execute notebooks without a browser: ``python tests/run_notebook.py NOTEBOOK...``.

The notebook on disk is left as it is. Exits with 1 and the error when a cell fails,
also when a widget's handler fails, which Jupyter itself would swallow. With ``--docs``
executed notebooks go into docs/notebooks, their explorers into docs/exported, and what
is there of the same sources already is not executed again.
"""

import ast
import hashlib
import os
import sys
import time
from pathlib import Path

import nbformat
from filelock import FileLock
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).parent.parent
EXECUTED = ROOT / "docs" / "notebooks"
PAGES = ROOT / "docs" / "exported" / "explorers"
# What `export_html` takes of what `explore` was called with.
SHARED = ("variants", "k", "space", "layout", "color", "baseline")
# Tests and documentation run this notebook with fewer points, as it says.
FEWER = {
    "10_a_million_points": {
        "n, new = 1_000_000,": "n, new = 24_000,",
        "np.arange(n // 20)": "np.arange(n // 8)",
        'rv.project(graphs["both"])': 'rv.project(graphs["both"], landmarks=8_000)',
    }
}


def execute(path: Path, *, timeout: int = 600) -> nbformat.NotebookNode:
    """Execute a notebook, leaving the file as it is."""
    notebook = nbformat.read(path, as_version=4)
    _execute(notebook, path.parent, timeout)
    return notebook


def _execute(notebook: nbformat.NotebookNode, folder: Path, timeout: int) -> None:
    """Execute a notebook in place."""
    # What is printed with a pause comes in pieces. Lab shows them as one output.
    client = NotebookClient(
        notebook,
        timeout=timeout,
        resources={"metadata": {"path": str(folder)}},
        coalesce_streams=True,
    )
    # The package need not be installed to be tried.
    roots = filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
    client.execute(env={**os.environ, "PYTHONPATH": os.pathsep.join(roots)})


def digest(path: Path) -> str:
    """Return a digest of a notebook and of all that its outputs depend on."""
    words = f"{sys.version} {FEWER.get(path.stem, {})}"
    whole = hashlib.sha256(words.encode())
    package = (ROOT / "refnet_viz").rglob("*.*")
    sources = [file for file in package if file.suffix in {".py", ".js", ".css"}]
    for file in (path, ROOT / "constraints.txt", *sorted(sources)):
        whole.update(file.read_bytes())
    return whole.hexdigest()


def documented(path: Path, *, timeout: int = 600) -> nbformat.NotebookNode:
    """Return an executed notebook, of docs/notebooks if it is there already.

    Tests and documentation share it, also those that run in several processes. After
    each cell that shows an explorer its page is exported by the same arguments.
    """
    for folder in (EXECUTED, PAGES):
        folder.mkdir(parents=True, exist_ok=True)
    target, current = EXECUTED / path.name, digest(path)
    with FileLock(target.with_suffix(".lock")):
        if target.exists():
            kept = nbformat.read(target, as_version=4)
            if kept.metadata["refnet_viz"]["digest"] == current:
                return kept
        notebook = _with_pages(path, timeout)
        notebook.metadata["refnet_viz"] = {"digest": current}
        nbformat.write(notebook, target)
        return notebook


def _with_pages(path: Path, timeout: int) -> nbformat.NotebookNode:
    """Execute a notebook and write the pages of its explorers."""
    notebook = nbformat.read(path, as_version=4)
    cells = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for whole, fewer in FEWER.get(path.stem, {}).items():
                cell.source = cell.source.replace(whole, fewer)
        cells.append(cell)
        code = _export(cell, f"{path.stem}-{len(cells)}.html")
        if code:
            cells.append(code)
    notebook.cells = cells
    _execute(notebook, path.parent, timeout)
    notebook.cells = [cell for cell in cells if "page" not in cell.metadata]
    return notebook


def _export(cell: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode | None:
    """Return a cell that exports the explorer of `cell` as a page, if there is one."""
    if cell.cell_type != "code":
        return None
    for node in ast.walk(ast.parse(cell.source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "rv.explore":
            words = [ast.unparse(node.args[0]), repr(str(PAGES / name))]
            words += [ast.unparse(k) for k in node.keywords if k.arg in SHARED]
            cell.metadata["explorer"] = name
            code = f"rv.export_html({', '.join(words)});"
            return nbformat.v4.new_code_cell(code, metadata={"page": name})
    return None


def errors(notebook: nbformat.NotebookNode) -> list[str]:
    """Return what went wrong in any output, those inside widgets included."""
    outputs = [
        output
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    ]
    widgets = notebook.metadata.get("widgets", {})
    for bundle in widgets.values():
        for model in bundle.get("state", {}).values():
            outputs += model.get("state", {}).get("outputs", [])
    return [
        f"{output['ename']}: {output['evalue']}"
        for output in outputs
        if output.get("output_type") == "error"
    ]


def main(paths: list[str]) -> int:
    """Execute each notebook and print one line about it."""
    run = documented if "--docs" in paths else execute
    for path in (Path(word) for word in paths if word != "--docs"):
        start = time.perf_counter()
        try:
            notebook = run(path)
        except CellExecutionError as error:
            print(f"{path}: failed\n{error}")
            return 1
        wrong = errors(notebook)
        if wrong:
            print(f"{path}: failed in a widget: {wrong[0]}")
            return 1
        seconds = time.perf_counter() - start
        cells = sum(cell.cell_type == "code" for cell in notebook.cells)
        print(f"{path}: {cells} cells ran in {seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
