"""Does the refiner pay where the label needs both modalities? On `rv.data.questions`.

``python tests/benchmarks/questions.py [seeds] [--kept] [--write]``: a fresh set a seed,
every run trained once and kept (REFNET_VIZ_ZOO, see `trials`), so that what was stopped
continues. The weight of the refiner is chosen on validation rows, seed by seed; test
rows are looked at once. ``--kept`` trains nothing. With ``--write`` the table replaces
that in RESULTS.md.
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


def rails_of(seed: int) -> dict[str, float]:
    """Return the accuracy of every rail on test rows."""
    rails = rv.rails(rv.data.questions(seed=seed))
    return {name: rail.accuracy for name, rail in rails.items()}


def table(
    runs: dict[tuple[int, str], dict[str, float]], rails: list[dict[str, float]]
) -> str:
    """Return the table of all runs that there are, and what it says.

    Differences are over the seeds that have both; what is chosen on validation rows, is
    so among the refined runs of each seed.
    """
    lines = [
        "| model | sets | validation | test | test − plain, points |",
        "|---|---|---|---|---|",
    ]
    for name in rails[0]:
        value = np.mean([each[name] for each in rails])
        lines.append(f"| rail: {name} | {len(rails)} | | {value:.3f} | |")
    plain = {s: scores["test"] for (s, name), scores in runs.items() if name == "plain"}
    for name in CANDIDATES:
        own = {s: scores for (s, other), scores in runs.items() if other == name}
        if own:
            means = (
                np.mean([x[part] for x in own.values()]) for part in ("val", "test")
            )
            words = " | ".join(f"{mean:.3f}" for mean in means)
            pairs = [own[s]["test"] - plain[s] for s in own if s in plain]
            gain = "" if name == "plain" else gained(np.array(pairs))
            lines.append(f"| {name} | {len(own)} | {words} | {gain} |")
    best = {}
    for seed in plain:
        refined = [runs[seed, name] for name in REFINED if (seed, name) in runs]
        if refined:
            best[seed] = max(refined, key=lambda scores: scores["val"])["test"]
    gains = np.array([best[seed] - plain[seed] for seed in best])
    lines.append(
        f"| refined, chosen on validation rows | {len(best)} | "
        f"| {np.mean(list(best.values())):.3f} | {gained(gains)} |"
    )
    low = seed_band(gains, 0.95)[0]
    pays = "cannot tell" if np.isnan(low) else "yes" if low > 0 else "not shown"
    lines += [
        "",
        f"Does the refiner pay here: {pays}. Fresh sets of 2,000 rows, each with its "
        "own seed; intervals are 95 % over them (Student's t), paired, none of fewer "
        "than three; chance .25, who reads and looks 1. Settings but those named are "
        "the defaults (concatenation, 40 epochs).",
    ]
    return "\n".join(lines)


def gained(values: np.ndarray) -> str:
    """Return the mean difference in points, with its interval where there is one."""
    return points(values) if len(values) > 2 else f"{100 * values.mean():+.1f}"


def main(words: list[str]) -> None:
    """Train what is asked for, print the table, write it if asked."""
    numbers = [int(word) for word in words if word.isdigit()]
    seeds, train = numbers or list(SEEDS), "--kept" not in words
    runs = {
        (seed, name): scores
        for seed in seeds
        for name in CANDIDATES
        if (scores := run(seed, name, train=train))
    }
    text = f"{machine()}\n\n{table(runs, [rails_of(seed) for seed in seeds])}"
    print(text)
    if "--write" in words:
        write_section(MARKS, text)


if __name__ == "__main__":
    main(sys.argv[1:])
