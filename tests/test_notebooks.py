"""Every notebook runs, stays small, and is committed without outputs."""

import json
import re
from pathlib import Path

import nbformat
import pytest
from run_notebook import FEWER, errors, execute

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


def test_the_notebooks_of_the_readme_are_there():
    readme = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
    assert len(NOTEBOOKS) >= 3
    for path in NOTEBOOKS:
        assert f"notebooks/{path.name}" in readme


# Of the notebooks two train nothing.
TRAIN = [
    pytest.param(path, marks=[pytest.mark.torch] * (path.stem[:2] not in {"07", "10"}))
    for path in NOTEBOOKS
]


@pytest.mark.slow
@pytest.mark.parametrize("path", TRAIN, ids=[path.stem for path in NOTEBOOKS])
def test_it_runs_without_an_error_in_any_output(path, executed):
    notebook = executed(path)
    assert errors(notebook) == []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", output.get("text")


def test_what_is_printed_with_pauses_is_one_output_as_in_lab(tmp_path):
    code = "import time\nfor i in range(3):\n    print(i)\n    time.sleep(0.5)"
    cells = [nbformat.v4.new_code_cell(code)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "paused.ipynb")
    (cell,) = execute(tmp_path / "paused.ipynb").cells
    assert [output.text for output in cell.outputs] == ["0\n1\n2\n"]


def shown_numbers(notebook, start):
    """Return the numbers with two digits that a cell shows, by the first words."""
    cell = next(c for c in notebook.cells if c.source.startswith(start))
    text = cell.outputs[-1]["data"]["text/plain"]
    lines = [re.fullmatch(r"(\D+?)((?:\s+\d\.\d+)+)", x) for x in text.splitlines()]
    return {x[1]: [float(n) for n in x[2].split()] for x in lines if x}


@pytest.mark.slow
@pytest.mark.torch
def test_what_notebook_03_says_of_intervals_is_what_it_computes(executed):
    notebook = executed(next(path for path in NOTEBOOKS if path.stem[:2] == "03"))
    prose = "".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    shares = shown_numbers(notebook, "shares = ")
    each, seeds, points, both = shares.values()
    assert f"in {each[0]:.2f} and in {each[1]:.2f} of worlds" in prose
    assert f"{seeds[0]:.2f} where seeds hardly differ" in prose
    assert f"{points[1]:.2f} where seeds differ" in prose
    assert f"either population: {both[0]:.2f} and {both[1]:.2f}" in prose
    assert all(0.93 <= share <= 0.98 for share in both)
    reach = shown_numbers(notebook, "reach = ")
    assert f"in {reach['naive'][0]:.2f} of draws" in prose
    assert f"in {reach['compare'][0]:.2f}. (The truth" in prose


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_committed_clean(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    assert len(json.dumps(notebook)) < 60_000


def test_what_runs_with_fewer_points_has_that_number_once_and_says_so():
    for path in NOTEBOOKS:
        text = "".join(c.source for c in nbformat.read(path, as_version=4).cells)
        for whole, fewer in FEWER.get(path.stem, {}).items():
            assert text.count(whole) == 1
            number = re.search(r"[\d_]+(?=\D*$)", fewer)[0]
            assert number.replace("_", ",") in text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_its_cells_are_tiny(path):
    cells = nbformat.read(path, as_version=4).cells
    code = [len(c.source.splitlines()) for c in cells if c.cell_type == "code"]
    assert max(code) <= 10
    assert sorted(code)[len(code) // 2] <= 3
