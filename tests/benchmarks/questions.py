"""Does the refiner pay where the label needs both modalities? On `rv.data.questions`.

``python tests/benchmarks/questions.py [seeds] [--write]``: a fresh set a seed, every
run trained once and kept (REFNET_VIZ_ZOO, see `trials`), so that what was stopped
continues. The weight of the refiner is chosen on validation rows, seed by seed; test
rows are looked at once. With ``--write`` the table replaces that in RESULTS.md.
"""

import json
import os
import sys
import time
from dataclasses import replace

# Before torch is imported: every run has one thread.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from report import machine, write_section
from trials import FOLDER, Trial, points

import refnet_viz as rv
from refnet_viz.statistics import seed_band

SEEDS = tuple(range(3))
MARKS = ("<!-- questions -->", "<!-- end of questions -->")
PLAIN = rv.VARIANTS["plain"]
CANDIDATES = {
    "plain": PLAIN,
    "plain, 120 epochs": replace(PLAIN, epochs=120),
    "contrastive": rv.VARIANTS["contrastive"],
    "refiner 0.2": replace(PLAIN, refiner=0.2),
    "refiner 2": rv.VARIANTS["refiner"],
    "both": rv.VARIANTS["both"],
}
REFINED = ("refiner 0.2", "refiner 2", "both")


def run(seed: int, name: str, *, train: bool = True) -> dict[str, float] | None:
    """Return validation and test accuracy of one run; None where it is not kept."""
    trial = Trial(rv.data.questions(seed=seed), CANDIDATES[name], seed)
    place = trial.place.with_suffix(".questions.json")
    if not place.is_file():
        if not train:
            return None
        begin = time.process_time()
        fitted = rv.fit(trial.data, trial.config, seed=seed, progress=False)
        parts = {
            part: rv.embed(fitted, trial.data.subset(trial.data.split == part))
            for part in ("val", "test")
        }
        scores = {part: space.accuracy for part, space in parts.items()}
        scores["seconds"] = time.process_time() - begin
        FOLDER.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(scores), "utf-8")
    scores = json.loads(place.read_text("utf-8"))
    print(seed, name, scores, file=sys.stderr, flush=True)
    return scores


def table(seeds: list[int]) -> str:
    """Return the table of all seeds that are complete, and what it says."""
    found = {(s, name): run(s, name) for s in seeds for name in CANDIDATES}
    rails = [rv.rails(rv.data.questions(seed=s)) for s in seeds]
    lines = [
        "| model | validation | test | test − plain, points |",
        "|---|---|---|---|",
    ]
    for name in rails[0]:
        values = [each[name].accuracy for each in rails]
        lines.append(f"| {name} | | {np.mean(values):.3f} | |")
    plain = np.array([found[s, "plain"]["test"] for s in seeds])
    for name in CANDIDATES:
        own = np.array([found[s, name]["test"] for s in seeds])
        val = np.mean([found[s, name]["val"] for s in seeds])
        gain = "" if name == "plain" else points(own - plain)
        lines.append(f"| {name} | {val:.3f} | {own.mean():.3f} | {gain} |")
    chosen = [max(REFINED, key=lambda n: found[s, n]["val"]) for s in seeds]
    own = np.array([found[s, n]["test"] for s, n in zip(seeds, chosen, strict=True)])
    lines.append(
        f"| refined, chosen on validation rows | | {own.mean():.3f} "
        f"| {points(own - plain)} |"
    )
    low = seed_band(own - plain, 0.95)[0]
    pays = "cannot tell" if np.isnan(low) else "yes" if low > 0 else "not shown"
    seconds = np.median([found[key]["seconds"] for key in found])
    lines += [
        "",
        f"Does the refiner pay here: {pays}. {len(seeds)} fresh sets of 2,000 rows, "
        "each with its own seed; intervals are 95 % over them (Student's t), paired; "
        f"chance .25, who reads and looks 1. {seconds:.0f} CPU seconds a run; settings "
        "but the losses are the defaults.",
    ]
    return "\n".join(lines)


def main(words: list[str]) -> None:
    """Train what is asked for, print the table, write it if asked."""
    numbers = [int(word) for word in words if word.isdigit()]
    text = f"{machine()}\n\n{table(numbers or list(SEEDS))}"
    print(text)
    if "--write" in words:
        write_section(MARKS, text)


if __name__ == "__main__":
    main(sys.argv[1:])
