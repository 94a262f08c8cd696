"""Four real sets that are not shipped: how they are split, settled and published.

Nothing is chosen on test rows. Regularisation was chosen by cross-validation of the
concatenation on training rows (fashion: on its validation rows). The fusion is chosen
here, on rows held out from the training rows; then it is trained on all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from sklearn.model_selection import StratifiedKFold
from trials import Scores, Trial, points, run_all

import refnet_viz as rv
from refnet_viz.config import Config
from refnet_viz.data import Dataset

SMALL = Config(
    dropout=0.3,
    input_dropout=0.5,
    modality_dropout=0.3,
    learning_rate=1e-3,
    keep="last",
    refiner=0.5,
    contrastive=0.5,
)


@dataclass(frozen=True)
class RealSet:
    """How one set is used.

    Parameters
    ----------
    refined
        Settings with both losses; without them, both weights are 0.
    seeds
        How many times the chosen fusion is trained.
    folds
        Folds of the training rows that choose the fusion; 1 takes the stored
        validation rows, 0 draws a random 80/20 split for every seed and chooses, for
        each, on a fifth of its training rows.
    protocol, published
        How it is split here; accuracies in percent, each with its protocol.
    """

    refined: Config
    seeds: int
    folds: int
    protocol: str
    published: str

    @property
    def plain(self) -> Config:
        """The settings without refiner and contrastive loss."""
        return replace(self.refined, refiner=0.0, contrastive=0.0)


SETS = {
    "fashion": RealSet(
        replace(
            SMALL,
            picture_encoder="described",
            jitter=0.05,
            input_dropout=0.2,
            dropout=0.1,
            modality_dropout=0.2,
            learning_rate=3e-3,
            epochs=30,
        ),
        5,
        1,
        "stored split, 5 seeds",
        "none known",
    ),
    "cub": RealSet(
        SMALL,
        10,
        0,
        "10 random 80/20 splits",
        "EDL 89.4, ensemble 90.3, TMDL-OA 95.4, ECML 98.5 (10 random 80/20)",
    ),
    "rosmap": RealSet(
        replace(
            SMALL,
            hidden=64,
            dropout=0.5,
            input_dropout=0.6,
            weight_decay=0.1,
            epochs=80,
            refiner=0.1,
            contrastive=0.3,
        ),
        20,
        5,
        "official split, 20 seeds",
        "MOGONET 81.5, MM-Dynamics 84.2, GCFANet 86.3, ACML 88.2 (several chosen on "
        "test rows)",
    ),
    "mosi": RealSet(
        replace(SMALL, epochs=20),
        10,
        3,
        "official split, 10 seeds",
        "on other features only",
    ),
}

# All of these are defined for two and three modalities and train in seconds.
CANDIDATES = (
    "concat",
    "late",
    "low_rank",
    "gmu",
    "poe",
    "mfm",
    "tmc",
    "etmc",
    "mm_dynamics",
    "prototype",
    "transformer",
)
Choice = tuple[list[Dataset], list[tuple[Dataset, int]]]


def choices(name: str) -> Iterator[Choice]:
    """Yield what a fusion is chosen on, and what it is then trained and tested on.

    In each dataset "train" is what is fitted and "test" what is judged.
    """
    known, data = SETS[name], rv.data.shared(name)
    if known.folds == 0:
        for seed in range(known.seeds):
            split = data.resplit(seed=seed, fractions=(0.64, 0.16, 0.2))
            yield [inner(split)], [(whole(split), seed)]
        return
    if known.folds == 1:
        held_out = [inner(data)]
    else:
        held_out = list(folds(data.train, known.folds))
    yield held_out, [(whole(data), seed) for seed in range(known.seeds)]


def inner(data: Dataset) -> Dataset:
    """Return training and validation rows, the latter to be judged."""
    part = data.subset(data.split != "test")
    return replace(part, split=np.where(part.split == "val", "test", "train"))


def whole(data: Dataset) -> Dataset:
    """Return the data with validation rows among the training rows."""
    return replace(data, split=np.where(data.split == "test", "test", "train"))


def folds(data: Dataset, count: int) -> Iterator[Dataset]:
    """Yield stratified folds of training rows."""
    cut = StratifiedKFold(count, shuffle=True, random_state=0)
    for _, judged in cut.split(data.labels, data.labels):
        split = np.full(len(data), "train", dtype="U5")
        split[judged] = "test"
        yield replace(data, split=split)


def choose(held_out: list[Dataset], config: Config, label: str) -> str:
    """Return the fusion of highest mean accuracy there; ties: of least surprise."""
    trials = [
        Trial(data, replace(config, fusion=name), fold)
        for name in CANDIDATES
        for fold, data in enumerate(held_out)
    ]
    found = iter(run_all(trials, label))
    scores = {}
    for name in CANDIDATES:
        own = [next(found) for _ in held_out]
        scores[name] = (mean(own, "accuracy"), -mean(own, "surprise"))
    return max(CANDIDATES, key=lambda name: scores[name])


def mean(scores: list[Scores], key: str = "accuracy") -> float:
    """Return the mean of one number."""
    return float(np.mean([score[key] for score in scores]))


def line(name: str) -> str:
    """Return one set's line of the table."""
    known = SETS[name]
    finals: list[tuple[str, Dataset, int]] = []
    for number, (held_out, tests) in enumerate(choices(name)):
        fusion = choose(held_out, known.refined, f"{name}, choice {number + 1}")
        finals += [(fusion, data, seed) for data, seed in tests]
    found = {}
    for label, base, fixed in (
        ("concat plain", known.plain, "concat"),
        ("concat both", known.refined, "concat"),
        ("plain", known.plain, None),
        ("both", known.refined, None),
    ):
        trials = [
            Trial(data, replace(base, fusion=fixed or fusion), seed)
            for fusion, data, seed in finals
        ]
        found[label] = run_all(trials, f"{name}, {label}")
    names = [fusion for fusion, _, _ in finals]
    often = {n: names.count(n) for n in sorted(set(names), key=names.count)[::-1]}
    said = ", ".join(n if len(often) == 1 else f"{n} ({c})" for n, c in often.items())
    return (
        f"| {name} | {known.protocol} | {rail_cells(name, finals)} "
        f"| {cell(found['concat plain'])} | {cell(found['concat both'])} | {said} "
        f"| {cell(found['plain'])} | {cell(found['both'])} "
        f"| {paired(found['both'], found['plain'], known)} | {known.published} |"
    )


def rail_cells(name: str, finals: list[tuple[str, Dataset, int]]) -> str:
    """Return the best single modality and the concatenation by logistic regression."""
    every = finals if SETS[name].folds == 0 else finals[:1]
    found = [rv.rails(data, seed=seed) for _, data, seed in every]
    means = {key: np.mean([each[key].accuracy for each in found]) for key in found[0]}
    whole_ = means.pop("concatenation")
    alone = [key for key in means if key.endswith(" only")]
    best = max(alone, key=lambda key: means[key])
    return f"{100 * means[best]:.1f} ({best}) | {100 * whole_:.1f}"


def cell(scores: list[Scores]) -> str:
    """Return mean and standard deviation in percent."""
    values = [100 * score["accuracy"] for score in scores]
    return f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f}"


def paired(own: list[Scores], base: list[Scores], drawn: RealSet) -> str:
    """Return the mean paired difference in points and its 95 % interval."""
    pairs = zip(own, base, strict=True)
    gains = np.array([a["accuracy"] - b["accuracy"] for a, b in pairs])
    return points(gains, test_per_train=0.25 if drawn.folds == 0 else 0.0)


def table_of(names: list[str]) -> str:
    """Return the table of the real sets."""
    return "\n".join(
        [
            "| set | protocol | best modality | concatenation | concat, plain "
            "| concat, both | chosen fusion | plain | both | both − plain "
            "| published |",
            "|---|---|---|---|---|---|---|---|---|---|---|",
            *(line(name) for name in names),
            "",
            "Accuracy in percent on test rows, mean ± standard deviation over seeds or "
            "splits; the two rails are logistic regressions. The fusion is chosen on "
            "rows held out from the training rows (times chosen in brackets), with "
            f"both losses on, out of {len(CANDIDATES)}: {', '.join(CANDIDATES)}.",
        ]
    )
