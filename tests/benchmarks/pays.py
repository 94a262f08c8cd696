"""Does fusion pay, and does the refiner, with the defaults, on splits drawn anew?

``pays.py [emoji cub rosmap fashion mosi alone] [--trials] [--kept] [--write]``; the
shared sets are read from REFNET_VIZ_DATA. Every split has a seed of its own, which the
networks share. MOSI keeps its test rows: its features were trained on the others.
``alone`` is drawn anew each time: one modality says the class, the other is noise.

Splits of one set share training rows, so their results are no independent draws. The
variance of a mean of J splits is taken as ``s^2 (1 / J + n_test / n_train)`` (Nadeau
and Bengio, "Inference for the Generalization Error", Machine Learning 52, 2003). Where
test rows are always the same, the interval is over seeds and rows, as `compare` has it.

``--trials`` also trains changes of the default: a gate or a head for each modality, and
input dropout; and mixes its answers with those of single modalities. They are judged on
validation rows alone. Answers of every run are kept (REFNET_VIZ_ZOO, see `trials`), so
that what was stopped continues; ``--kept`` trains nothing and takes what there is, of
three splits or more. With ``--write`` the tables replace those in RESULTS.md.
"""

import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

# Before torch is imported: every run has one thread.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch.nn.functional as F
from report import machine, write_section
from torch import Tensor, nn
from trials import FOLDER, Trial

import refnet_viz as rv
from refnet_viz._mixture import (
    logits_of,
    mixed,
    probabilities_of,
    surprise,
    temperature_of,
    weights_of,
)
from refnet_viz.data import Dataset
from refnet_viz.data.splits import with_validation
from refnet_viz.model.encoders import Encoded, stacked
from refnet_viz.model.fusion import FUSIONS, Answers, Fused, Sizes
from refnet_viz.model.fusion.concat import ConcatFusion
from refnet_viz.statistics import (
    PRIMARY,
    RAIL,
    Sample,
    apart,
    by_influences,
    judge,
    of_splits,
)

FIRST = 51  # seed of the first split; none of these was used to choose a setting
NETWORKS = {
    "plain": rv.VARIANTS["plain"],
    "refiner 0.2": replace(rv.VARIANTS["refiner"], refiner=0.2),
    "both": rv.VARIANTS["both"],
}
TRIALS = {
    "gates": replace(rv.VARIANTS["both"], fusion="gated concat"),
    "heads": replace(rv.VARIANTS["both"], fusion="concat with heads"),
    "input dropout": replace(rv.VARIANTS["both"], input_dropout=0.3),
}
REFINED = ("refiner 0.2", "both")
BEST = "both − best modality"
MIXTURE = "mixture"
HEADS = 0.5  # weight of the mean loss of the heads
MARKS = ("<!-- pays -->", "<!-- end of pays -->")

Probabilities = dict[str, np.ndarray]  # of validation rows, "val", and of "test"


@dataclass(frozen=True)
class Drawn:
    """How splits of one set are drawn.

    Parameters
    ----------
    count
        Number of splits.
    split
        Returns the data with the split of a seed.
    words
        Says how, in the table.
    shared
        What splits have in common: "training rows", "test rows" or "nothing".
    """

    count: int
    split: Callable[[int], Dataset]
    words: str
    shared: str = "training rows"


def again(name: str, fractions: tuple[float, float, float]) -> Callable[[int], Dataset]:
    """Return what splits a shared set anew."""
    return lambda seed: rv.data.shared(name).resplit(seed=seed, fractions=fractions)


def alone(seed: int) -> Dataset:
    """Return a set of which one modality says all that there is to say."""
    rng = np.random.default_rng(seed)
    label = rng.integers(6, size=2_000)
    telling = 0.4 * rng.normal(size=(6, 32))[label] + rng.normal(size=(2_000, 32))
    data = Dataset.from_arrays(
        {"telling": telling, "noise": rng.normal(size=(2_000, 256))},
        labels=label,
        name="alone",
    )
    return data.resplit(seed=seed, fractions=(0.3, 0.1, 0.6))


SETS = {
    "emoji": Drawn(10, lambda s: rv.data.emoji(split_seed=s), "60/20/20"),
    "cub": Drawn(10, again("cub", (0.64, 0.16, 0.2)), "64/16/20"),
    "rosmap": Drawn(10, again("rosmap", (0.56, 0.14, 0.3)), "56/14/30"),
    "fashion": Drawn(5, again("fashion", (0.7, 0.1, 0.2)), "70/10/20"),
    "mosi": Drawn(
        5,
        lambda s: with_validation(rv.data.shared("mosi"), seed=s),
        "official test rows",
        "test rows",
    ),
    "alone": Drawn(5, alone, "30/10/60", "nothing"),
}


class GatedConcatFusion(ConcatFusion):
    r"""Concatenation of pooled vectors, each times a gate of its own.

    .. math:: g = 2\,\sigma(G [x_1; \ldots; x_M] + b), \qquad x_m \leftarrow g_m x_m

    All gates begin at 1.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        count = len(self.names)
        self.gates = nn.Linear(count * self.width, count)
        nn.init.zeros_(self.gates.weight)
        nn.init.zeros_(self.gates.bias)

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the pooled vectors; see `Fusion.forward`."""
        pooled = stacked(encoded, self.names)  # (B, M, w)
        pooled = pooled.masked_fill(~present[..., None], 0.0)
        gate = 2 * self.gates(pooled.flatten(1)).sigmoid()
        return Fused(self.body((gate[..., None] * pooled).flatten(1)))


class HeadedConcatFusion(ConcatFusion):
    """Concatenation, with a linear classifier on each modality's vector in training."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        self.head = nn.ModuleList(
            nn.Linear(self.width, sizes.classes) for _ in self.names
        )

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the pooled vectors; see `Fusion.forward`."""
        fused = super().forward(encoded, present)
        return replace(fused, memory={"pooled": stacked(encoded, self.names)})

    def losses(self, fused: Fused, answers: Answers) -> dict[str, Tensor]:
        """Return the mean cross-entropy of the classifiers."""
        rows = answers.labelled
        pooled = fused.memory["pooled"]
        loss = sum(
            F.cross_entropy(head(pooled[rows, i]), answers.labels[rows])
            for i, head in enumerate(self.head)
        )
        return {"heads": HEADS * loss / len(self.head)}


def of_network(
    data: Dataset, config: rv.Config, seed: int, *, train: bool = True
) -> Probabilities | None:
    """Return what a network answers on validation and test rows; None if not kept."""
    place = Trial(data, config, seed).place.with_suffix(".pays.npz")
    if not place.is_file():
        if not train:
            return None
        run = rv.fit(data, config, seed=seed, progress=False)
        spaces = rv.embed(run, data.val), rv.embed(run, data.test)
        keep(place, dict(zip(("val", "test"), (x.scores for x in spaces), strict=True)))
    return dict(np.load(place))


def of_rails(
    data: Dataset, seed: int, *, train: bool = True
) -> dict[str, Probabilities] | None:
    """Return what linear models answer on validation and test rows; None if not kept.

    Those that answer on validation rows have not seen them: their penalty is chosen on
    a fifth of the training rows.
    """
    place = Trial(data, rv.VARIANTS["plain"], seed).place.with_suffix(".rails.npz")
    if not place.is_file():
        if not train:
            return None
        rows = data.subset(data.split != "test")
        inner = replace(rows, split=np.where(rows.split == "val", "test", "train"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that validation rows are training rows
            answers = {
                "val": rv.rails(inner, seed=seed),
                "test": rv.rails(data, seed=seed),
            }
        keep(
            place,
            {
                f"{rail}/{part}": space.scores
                for part, rails in answers.items()
                for rail, space in rails.items()
            },
        )
    stored = np.load(place)
    names = dict.fromkeys(key.split("/")[0] for key in stored)
    return {
        rail: {part: stored[f"{rail}/{part}"] for part in ("val", "test")}
        for rail in names
    }


def keep(place: os.PathLike[str], arrays: dict[str, np.ndarray]) -> None:
    """Write arrays whole or not at all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    temporary = FOLDER / f"{os.getpid()}.npz"
    np.savez_compressed(temporary, **arrays)
    temporary.replace(place)


@dataclass(frozen=True)
class Split:
    """One split: its labels, how many rows it has to learn from, all answers.

    Parameters
    ----------
    labels
        Part to class numbers, of "val" and "test".
    fitted
        Number of training rows.
    answers
        Model to probabilities.
    alone
        Those models that see one modality.
    """

    labels: dict[str, np.ndarray]
    fitted: int
    answers: dict[str, Probabilities]
    alone: tuple[str, ...]

    def right(self, model: str, part: str = "test") -> np.ndarray:
        """Return which rows a model has right, 0 or 1."""
        answer = self.answers[model][part].argmax(axis=1)
        return (answer == self.labels[part]).astype(float)

    def best(self) -> str:
        """Return the single modality that is best on validation rows."""
        return max(self.alone, key=lambda model: self.right(model, "val").mean())


def measured(
    name: str, networks: dict[str, rv.Config], *, train: bool = True
) -> list[Split]:
    """Return all splits of a set; without training, those whose answers are kept."""
    splits = []
    for seed in range(FIRST, FIRST + SETS[name].count):
        data = SETS[name].split(seed)
        answers = of_rails(data, seed, train=train) or {}
        single = tuple(key for key in answers if key.endswith(" only"))
        for model, config in networks.items():
            answer = of_network(data, config, seed, train=train)
            print(name, seed, model, answer is not None, file=sys.stderr, flush=True)
            answers |= {} if answer is None else {model: answer}
        if not single or not answers.keys() >= NETWORKS.keys():
            continue
        labels = {"val": data.val.labels, "test": data.test.labels}
        split = Split(labels, len(data.train), answers, single)
        answers[MIXTURE] = mixture(split)
        splits.append(split)
    return splits


def mixture(split: Split) -> Probabilities:
    """Return the answers of `both`, mixed with those of single modalities.

    Temperatures and weights of each half of the validation rows are those of the other
    half; of the test rows, those of all validation rows.
    """
    models = ("both", *split.alone)
    labels = split.labels["val"]
    val, test = (
        np.array([split.answers[model][part] for model in models], dtype=float)
        for part in ("val", "test")
    )
    halves = np.random.default_rng(0).permutation(len(labels)) % 2
    answers = np.empty_like(val[0])
    for half in (0, 1):
        rows = halves == half
        answers[rows] = mixed_by(val[:, ~rows], labels[~rows], val[:, rows])
    return {"val": answers, "test": mixed_by(val, labels, test)}


def mixed_by(known: np.ndarray, labels: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Return calibrated, weighted answers; both are fitted where labels are known."""
    calibrated = []
    for one, other in zip(known, asked, strict=True):
        pair = [logits_of(part, several=False) for part in (one, other)]
        degree = temperature_of(pair[0], labels)
        calibrated.append([probabilities_of(x, degree, several=False) for x in pair])
    fitted, answered = (np.array(parts) for parts in zip(*calibrated, strict=True))
    there = [np.ones((part.shape[1], len(part)), dtype=bool) for part in (known, asked)]
    weights = weights_of(fitted, there[0], lambda p: surprise(p, labels))
    return mixed(answered, weights, there[1])


@dataclass(frozen=True)
class Gain:
    """A mean difference in points, with its intervals of 95 %.

    Parameters
    ----------
    mean
        The difference.
    naive
        Its interval if results of splits were independent draws.
    ends
        Its interval with what splits have in common.
    p
        The p value that belongs to it.
    """

    mean: float
    naive: tuple[float, float]
    ends: tuple[float, float]
    p: float

    def __str__(self) -> str:
        return f"{self.mean:+.1f} {interval(self.ends)}"


Pairs = list[tuple[np.ndarray, np.ndarray]]  # right or not, of two models, a split each


def interval(ends: tuple[float, float]) -> str:
    """Return an interval in brackets."""
    return f"[{ends[0]:+.1f}, {ends[1]:+.1f}]"


def gained(pairs: Pairs, ratio: float) -> Gain:
    """Return the mean difference over splits.

    Parameters
    ----------
    pairs
        Which rows the one and the other have right, of each split.
    ratio
        Judged rows a training row where splits share training rows, else 0.
    """
    values = 100 * np.array([own.mean() - base.mean() for own, base in pairs])
    naive, own = (
        of_splits(values, test_per_train=share, confidence=0.95)
        for share in (0.0, ratio)
    )
    return Gain(own.value, (naive.low, naive.high), (own.low, own.high), own.p)


def crossed(pairs: Pairs) -> Gain:
    """Return the mean difference where all splits judge the same rows."""
    seeds: list[object] = list(range(len(pairs)))
    samples = []
    for side in zip(*pairs, strict=True):
        rows = 100 * np.array(side)
        influences = by_influences(rows - rows.mean(axis=1, keepdims=True))
        samples.append(Sample(rows.mean(axis=1), seeds, *influences))
    one = apart(samples[0], samples[1], confidence=0.95, over="both")
    naive = gained(pairs, 0.0).naive
    return Gain(one.value, naive, (one.low, one.high), one.p)


def difference(name: str, pairs: Pairs, fitted: int) -> Gain:
    """Return the mean difference on one set, by what its splits have in common."""
    if SETS[name].shared == "test rows":
        return crossed(pairs)
    common = SETS[name].shared == "training rows"
    return gained(pairs, len(pairs[0][0]) / fitted if common else 0.0)


def percent(values: list[float]) -> str:
    """Return the mean in percent."""
    return f"{100 * np.mean(values):.1f}"


def means_table(splits: dict[str, list[Split]]) -> list[str]:
    """Return the table of accuracies on test rows."""
    models = ("concatenation", *NETWORKS)
    lines = [
        f"| set | splits | best modality | {' | '.join(models)} |",
        "|---" * (3 + len(models)) + "|",
    ]
    for name, own in splits.items():
        best = [split.best() for split in own]
        often = max(set(best), key=best.count)
        said = often.removesuffix(" only")
        said += "" if best.count(often) == len(own) else f", {best.count(often)}"
        cells = [f"{percent([s.right(s.best()).mean() for s in own])} ({said})"]
        cells += [percent([s.right(model).mean() for s in own]) for model in models]
        how = f"{len(own)}, {SETS[name].words}"
        lines.append(f"| {name} | {how} | {' | '.join(cells)} |")
    return lines


def differences_table(splits: dict[str, list[Split]]) -> list[str]:
    """Return the table of differences, with words that pay for all of them."""
    asked: dict[tuple[str, str], Gain] = {}
    for name, own in splits.items():
        for model in REFINED:
            pairs = [(s.right(model), s.right("plain")) for s in own]
            asked[name, f"{model} − plain"] = difference(name, pairs, own[0].fitted)
        pairs = [(s.right("both"), s.right(s.best())) for s in own]
        asked[name, BEST] = difference(name, pairs, own[0].fitted)
    gains = list(asked.values())
    words, _ = judge(
        [gain.mean for gain in gains],
        [gain.p for gain in gains],
        [RAIL if what == BEST else PRIMARY for _, what in asked],
        [""] * len(gains),
        confidence=0.95,
    )
    lines = [
        "| set | difference | points | interval | naive interval | verdict |",
        "|---|---|---|---|---|---|",
    ]
    for (name, what), gain, word in zip(asked, gains, words, strict=True):
        ends = f"{interval(gain.ends)} | {interval(gain.naive)}"
        lines.append(f"| {name} | {what} | {gain.mean:+.1f} | {ends} | {word} |")
    return lines


def trials_table(splits: dict[str, list[Split]], trials: list[str]) -> list[str]:
    """Return the table of what was tried in order not to lose to one modality."""
    names = [*trials, MIXTURE]
    lines = [
        "| set, validation rows | both − best modality | "
        + " | ".join(f"{name} − both" for name in names)
        + f" | {MIXTURE} − both, test rows |",
        "|---" * (3 + len(names)) + "|",
    ]
    for name, own in splits.items():
        judged = len(own[0].labels["val"])
        ratio = 0.0 if SETS[name].shared == "nothing" else judged / own[0].fitted
        pairs = [(s.right("both", "val"), s.right(s.best(), "val")) for s in own]
        cells = [str(gained(pairs, ratio))]
        for model in names:
            done = [split for split in own if model in split.answers]
            pairs = [(s.right(model, "val"), s.right("both", "val")) for s in done]
            cell = str(gained(pairs, ratio)) if len(pairs) > 2 else "not measured"
            cells.append(
                cell + ("" if len(done) in (0, len(own)) else f" ({len(done)})")
            )
        pairs = [(s.right(MIXTURE), s.right("both")) for s in own]
        cells.append(str(difference(name, pairs, own[0].fitted)))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def main(words: list[str]) -> None:
    """Measure, print the tables, and write them if asked."""
    FUSIONS["gated concat"] = GatedConcatFusion
    FUSIONS["concat with heads"] = HeadedConcatFusion
    names = [word for word in words if not word.startswith("-")] or list(SETS)
    trials = TRIALS if "--trials" in words else {}
    train = "--kept" not in words
    splits = {name: measured(name, NETWORKS | trials, train=train) for name in names}
    splits = {name: own for name, own in splits.items() if len(own) > 2}
    lines = [machine(), "", *means_table(splits), "", *differences_table(splits)]
    if trials:
        lines += ["", *trials_table(splits, list(trials))]
    text = "\n".join(lines)
    print(text)
    if "--write" in words:
        write_section(MARKS, text)


if __name__ == "__main__":
    main(sys.argv[1:])
