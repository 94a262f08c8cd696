"""Real files as their owners keep them, up to an explorer, a page and a report.

``python tests/benchmarks/real_files.py FOLDER``; FOLDER has the public files that
``OPEN`` names. Warnings are errors. Prints a Markdown table of CPU seconds.
"""

import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd

import refnet_viz as rv
from refnet_viz.data import Dataset

CONFIG = rv.Config(epochs=2, hidden=64, width=16)


def nutrimouse(folder: Path) -> Dataset:
    """Return 40 mice: a csv a modality, one of diets."""
    tables = {n: pd.read_csv(folder / f"nutri_{n}.csv") for n in ("gene", "lipid")}
    diet = pd.read_csv(folder / "nutri_diet.csv")
    return Dataset.from_arrays(tables, labels=diet, name="nutrimouse")


OPEN: dict[str, Callable[[Path], Dataset]] = {
    "nutri_*.csv": nutrimouse,
    "3Sources.mat": lambda folder: rv.data.from_mat(folder / "3Sources.mat"),
    "mdata.h5mu": lambda folder: rv.data.from_mudata(folder / "mdata.h5mu"),
    "pbmc_10k_protein_v3.h5ad": lambda folder: rv.data.from_anndata(
        folder / "pbmc_10k_protein_v3.h5ad",
        modalities={"rna": "X", "protein": "obsm/protein_expression"},
    ),
}


def through(data: Dataset, folder: Path) -> dict[str, float]:
    """Return the CPU seconds of every step behind the door."""
    config, train = CONFIG, rv.fit
    if data.labels is None:
        train = rv.pretrain
    steps, made = {}, {}

    def step(name: str, function: Callable[[], object]) -> None:
        start = time.process_time()
        made[name] = function()
        steps[name] = time.process_time() - start

    step("train", lambda: train(data, config, progress=False))
    step("embed", lambda: rv.embed(made["train"], data.test))
    step("explore", lambda: rv.explore(made["embed"], layout="pca"))
    step("page", lambda: rv.export_html(made["embed"], folder / "page.html"))
    step("report", lambda: rv.report(made["embed"], folder / "report.html"))
    return steps


def main(folder: Path) -> None:
    """Print the table."""
    titles = ["file", "rows", "modalities", "classes", "open", "train", "explore"]
    print(f"| {' | '.join([*titles, 'page', 'report'])} |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, opened in OPEN.items():
        start = time.process_time()
        data = opened(folder)
        seconds = time.process_time() - start
        widths = " + ".join(
            "x".join(map(str, modality.shape)) for modality in data.modalities.values()
        )
        with tempfile.TemporaryDirectory() as place:
            steps = through(data, Path(place))
        print(
            f"| {name} | {len(data)} | {widths} | {len(data.class_names) or '–'} | "
            f"{seconds:.1f} | {steps['train']:.1f} | {steps['explore']:.1f} | "
            f"{steps['page']:.1f} | {steps['report']:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    warnings.simplefilter("error")
    warnings.filterwarnings("default", category=DeprecationWarning)
    main(Path(sys.argv[1]))
