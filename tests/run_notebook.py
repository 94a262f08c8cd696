"""Execute notebooks without a browser: ``python tests/run_notebook.py NOTEBOOK...``.

The notebook on disk is left as it is. Exits with 1 and the error when a cell fails,
also when a widget's handler fails, which Jupyter itself would swallow.
"""

import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).parent.parent


def execute(path: Path, *, timeout: int = 300) -> tuple[nbformat.NotebookNode, float]:
    """Return the executed notebook and the wall seconds it took."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=timeout, resources={"metadata": {"path": str(path.parent)}}
    )
    # The package need not be installed to be tried.
    roots = filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
    start = time.perf_counter()
    client.execute(env={**os.environ, "PYTHONPATH": os.pathsep.join(roots)})
    return notebook, time.perf_counter() - start


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
    for path in paths:
        try:
            notebook, seconds = execute(Path(path))
        except CellExecutionError as error:
            print(f"{path}: failed\n{error}")
            return 1
        wrong = errors(notebook)
        if wrong:
            print(f"{path}: failed in a widget: {wrong[0]}")
            return 1
        cells = sum(cell.cell_type == "code" for cell in notebook.cells)
        print(f"{path}: {cells} cells ran in {seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
