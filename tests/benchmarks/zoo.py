"""Every fusion with and without the refiner, on two built-in and on four real sets.

``zoo.py [emoji questions fashion cub rosmap mosi] [fusions] [--write]``. The real sets
are read from REFNET_VIZ_DATA; where that is not set, they are left out with a word.
Names of fusions leave the others out of the table of `questions`, of which ``--kept``
shows what there is and trains nothing. With ``--write`` the tables replace those in
RESULTS.md. For resuming: `trials`.

``python tests/benchmarks/zoo.py --again=deq,session [--write]`` trains these fusions
alone, on emoji; the numbers of all others are those of notebooks/zoo.csv. It replaces
their lines, and says below the table that they are of another day.
"""

import datetime
import os
import sys
from collections.abc import Collection
from dataclasses import replace

# Before torch is imported: every trial has one thread, trials run side by side.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from real_sets import SETS, table_of
from report import RESULTS, machine, write_section
from scipy.stats import ttest_1samp
from trials import Scores, Trial, points, run_all

import refnet_viz as rv
from refnet_viz.model.fusion import FUSIONS
from refnet_viz.statistics import PRIMARY, judge

SPLITS = (1, 2, 3)  # each with a seed of its own; no setting was chosen on them
TEST_PER_TRAIN = 1 / 3  # rows of emoji, 60/20/20, of which each split is one draw
VARIANTS = ("plain", "refiner", "both")
# Where each label needs both modalities, answering for all of them may cost nothing:
# the weight was chosen on validation rows of other draws (`questions.py`).
ON_QUESTIONS = {
    "plain": rv.VARIANTS["plain"],
    "refiner 0.2": replace(rv.VARIANTS["refiner"], refiner=0.2),
    "both": rv.VARIANTS["both"],
}
KEYS = ["fusion", "variant", "split"]
NUMBERS = RESULTS.parents[2] / "notebooks" / "zoo.csv"
MARKS = ("<!-- zoo -->", "<!-- end of zoo -->")
MARKS_OF_QUESTIONS = ("<!-- zoo on questions -->", "<!-- end of zoo on questions -->")

Table = dict[tuple[str, str], list[Scores]]
Gains = dict[tuple[str, str], np.ndarray]  # of fusion and variant, a number a set


def emoji_trials(
    fusions: Collection[str] = tuple(FUSIONS),
) -> dict[tuple[str, str, int], Trial]:
    """Return a trial a fusion, variant and split."""
    data = {split: rv.data.emoji(split_seed=split) for split in SPLITS}
    return {
        (fusion, variant, split): Trial(
            data[split], replace(rv.VARIANTS[variant], fusion=fusion), split
        )
        for split in SPLITS
        for fusion in FUSIONS
        if fusion in fusions
        for variant in VARIANTS
    }


def emoji(again: Collection[str] = ()) -> tuple[list[str], str]:
    """Return the lines of the table of all fusions on emoji, and the sentence below.

    Parameters
    ----------
    again
        The fusions to train, where all others are those of zoo.csv; none trains all.
    """
    trials = emoji_trials(again or tuple(FUSIONS))
    found = dict(zip(trials, run_all(list(trials.values()), "emoji"), strict=True))
    if again:
        found = kept() | found
    cells: Table = {
        (fusion, variant): [found[fusion, variant, split] for split in SPLITS]
        for fusion in FUSIONS
        for variant in VARIANTS
    }
    keep(found)
    rails = [rv.rails(rv.data.emoji(split_seed=split)) for split in SPLITS]
    rail = np.mean([each["concatenation"].accuracy for each in rails])
    lines = [
        "| fusion | z | parameters | CPU s | plain | refiner − plain | both − plain "
        "| overlap: plain → both |",
        "|---|---|---|---|---|---|---|---|",
        *(row(name, cells) for name in FUSIONS),
    ]
    return lines, said(cells, float(rail))


def questions(fusions: list[str], *, train: bool = True) -> str:
    """Return the table of fusions on `questions`: a fresh set a split.

    Without training, of what is kept; fewer than three sets have no interval.
    """
    data = {seed: rv.data.questions(seed=100 + seed) for seed in SPLITS}
    trials = {
        (fusion, variant, seed): Trial(data[seed], replace(config, fusion=fusion), seed)
        for fusion in fusions
        for seed in SPLITS
        for variant, config in ON_QUESTIONS.items()
    }
    if not train:
        trials = {key: one for key, one in trials.items() if one.place.is_file()}
    found = dict(zip(trials, run_all(list(trials.values()), "questions"), strict=True))
    refined = list(ON_QUESTIONS)[1:]
    gains: Gains = {}
    for fusion in fusions:
        for variant in refined:
            pairs = [
                [(fusion, name, seed) for name in ("plain", variant)] for seed in SPLITS
            ]
            pairs = [pair for pair in pairs if found.keys() >= set(pair)]
            scores = [[found[key]["accuracy"] for key in pair] for pair in pairs]
            gains[fusion, variant] = np.array([own - base for base, own in scores])
    cells = judged(gains)
    lines = [
        f"| fusion, on questions | CPU s | {' | '.join(ON_QUESTIONS)} "
        f"| {' | '.join(f'{variant} − plain' for variant in refined)} |",
        "|---" * (2 + 2 * len(ON_QUESTIONS) - 1) + "|",
    ]
    for fusion in fusions:
        runs = {
            variant: [
                found[fusion, variant, seed]
                for seed in SPLITS
                if (fusion, variant, seed) in found
            ]
            for variant in ON_QUESTIONS
        }
        cost = np.median([one["seconds"] for own in runs.values() for one in own])
        means = " | ".join(
            f"{np.mean([scores['accuracy'] for scores in own]):.3f}" if own else ""
            for own in runs.values()
        )
        row = " | ".join(cells[fusion, variant] for variant in refined)
        lines.append(f"| {fusion} | {cost:.0f} | {means} | {row} |")
    rails = [rv.rails(each) for each in data.values()]
    said = ", ".join(
        f"{name} {np.mean([each[name].accuracy for each in rails]):.3f}"
        for name in rails[0]
    )
    lines += [
        "",
        f"Accuracy on `questions`, means of {len(SPLITS)} fresh sets, each with its "
        "own seed, where no smaller number is named; differences are paired, in "
        "points, with intervals of 95 % over sets (Student's t); words pay for all "
        "questions of the table (Holm). CPU seconds are the median of whole runs. "
        f"Rails: {said}; chance .25.",
    ]
    return "\n".join(lines)


def judged(gains: Gains) -> dict[tuple[str, str], str]:
    """Return each difference with its interval and a word that pays for all of them."""
    words, _ = judge(
        [float(values.mean()) if len(values) else np.nan for values in gains.values()],
        [p_of(values) for values in gains.values()],
        [PRIMARY] * len(gains),
        [f"{len(values)} of {len(SPLITS)} sets" for values in gains.values()],
        confidence=0.95,
    )
    return {
        key: f"{points(values)}: {word}"
        if len(values) > 2
        else f"{100 * values.mean():+.1f}: {word}"
        if len(values)
        else word
        for (key, values), word in zip(gains.items(), words, strict=True)
    }


def p_of(values: np.ndarray) -> float:
    """Return the p value of no difference; NaN of fewer than three sets."""
    if len(values) < 3:
        return np.nan
    if not np.ptp(values):
        return float(values[0] == 0)
    return float(ttest_1samp(values, 0).pvalue)


def keep(found: dict[tuple[str, str, int], Scores]) -> None:
    """Write the numbers of every run for notebook 05, to be read there."""
    keys = list(emoji_trials())
    frame = pd.DataFrame([found[key] for key in keys]).round(4)
    names = pd.DataFrame(keys, columns=KEYS)
    names.join(frame).to_csv(NUMBERS, index=False)


def kept() -> dict[tuple[str, str, int], Scores]:
    """Return the numbers of every run that were written for notebook 05."""
    frame = pd.read_csv(NUMBERS).set_index(KEYS)
    return {
        (str(fusion), str(variant), int(split)): scores
        for (fusion, variant, split), scores in frame.to_dict("index").items()
    }


def write_lines(lines: list[str], sentence: str, again: Collection[str]) -> None:
    """Replace the lines of all fusions in RESULTS.md, and the sentence below.

    Those trained again are named there.
    """
    text = RESULTS.read_text("utf-8")
    section = text.split(MARKS[0])[1].split(MARKS[1])[0]
    changed = section
    for line in section.split("\n"):
        name = line.removeprefix("| ").partition(" |")[0]
        if name in FUSIONS:
            new = next(x for x in lines if x.startswith(f"| {name} |"))
            changed = changed.replace(line, new)
        if line.startswith("refiner: accuracy rises"):
            date = datetime.datetime.now(tz=datetime.UTC).date()
            cores = len(os.sched_getaffinity(0))
            note = f"Measured again on {date}, {cores} cores: {', '.join(again)}."
            changed = changed.replace(line, f"{sentence} {note}")
    RESULTS.write_text(text.replace(section, changed), "utf-8")


def row(name: str, cells: Table) -> str:
    """Return the line of one fusion."""
    plain, both = cells[name, "plain"], cells[name, "both"]
    cost = np.median([s["seconds"] for s in cells[name, "refiner"]])
    accuracy = np.mean([s["accuracy"] for s in plain])
    differences = " | ".join(
        points(changes(cells, name, variant), test_per_train=TEST_PER_TRAIN)
        for variant in VARIANTS[1:]
    )
    overlap = " → ".join(
        f"{np.mean([s['overlap'] for s in c]):.2f}" for c in (plain, both)
    )
    return (
        f"| {name} | {plain[0]['z']} | {plain[0]['parameters']:,} | {cost:.0f} "
        f"| {accuracy:.3f} | {differences} | {overlap} |"
    )


def changes(
    cells: Table, name: str, variant: str, score: str = "accuracy"
) -> np.ndarray:
    """Return variant minus plain, a number a split."""
    pairs = zip(cells[name, variant], cells[name, "plain"], strict=True)
    return np.array([own[score] - base[score] for own, base in pairs])


def said(cells: Table, rail: float) -> str:
    """Return the sentence below the table."""
    parts = []
    for variant in VARIANTS[1:]:
        every = np.array([changes(cells, name, variant) for name in FUSIONS])
        up = int((every.mean(axis=1) > 0).sum())
        overlap = [changes(cells, name, variant, "overlap") for name in FUSIONS]
        # Splits are what is drawn anew: fusions on the same rows are no repeats.
        mean = points(every.mean(axis=0), test_per_train=TEST_PER_TRAIN)
        parts.append(
            f"{variant}: accuracy rises for {up} of {len(every)} fusions, on average "
            f"by {mean} points, overlap with the modality-sum "
            f"graph for {int((np.mean(overlap, axis=1) > 0).sum())}"
        )
    return (
        f"{'; '.join(parts)}. Means of {len(SPLITS)} fresh splits, each with its own "
        "seed; intervals are 95 % over them (Student's t, corrected for rows that "
        "splits share, Nadeau and Bengio 2003), differences are paired. "
        f"Logistic regression on everything: {rail:.3f}; the largest class: .195. CPU "
        "seconds are those of a whole run with refiner, encoders included."
    )


def main(words: list[str]) -> None:
    """Run some fusions again, or all of the sets asked for."""
    again = [word.partition("=")[2] for word in words if word.startswith("--again=")]
    if again:
        names = again[0].split(",")
        lines, sentence = emoji(names)
        print("\n".join([*lines, "", sentence]))
        if "--write" in words:
            write_lines(lines, sentence, names)
    else:
        of_sets(words)


def of_sets(words: list[str]) -> None:
    """Run the sets asked for, print their tables, write them if asked."""
    chosen = [w for w in words if not w.startswith("-") and w not in FUSIONS]
    parts = []
    if not chosen or "emoji" in chosen:
        lines, sentence = emoji()
        parts.append("\n".join([*lines, "", sentence]))
    real = [name for name in SETS if not chosen or name in chosen]
    if real and os.environ.get("REFNET_VIZ_DATA"):
        parts.append(table_of(real))
    elif real:
        print(
            "REFNET_VIZ_DATA is not set: the real sets are left out.", file=sys.stderr
        )
    sections = {MARKS: parts}
    if not chosen or "questions" in chosen:
        named = [word for word in words if word in FUSIONS]
        table = questions(named or list(FUSIONS), train="--kept" not in words)
        sections[MARKS_OF_QUESTIONS] = [table]
    for marks, tables in sections.items():
        if tables:
            text = "\n\n".join([machine(), *tables])
            print(text)
            if "--write" in words:
                write_section(marks, text)


if __name__ == "__main__":
    main(sys.argv[1:])
