"""What the explorer can colour points by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ..embedding import Embedding
from ..plot.color import Coloring, coloring
from ..plot.text import escape, short
from ..plot.theme import MODES, SYMBOLS
from .facts import Facts, answered, responsibility_of

# Two categories of the same colour and shape could not be told apart.
MOST_KINDS = len(SYMBOLS) * len(MODES["light"].classes)
CLASSES = ("label", "prediction", "correct")
LOWEST = -1.0  # responsibility has no lower end: few points would take the whole scale
NUMBERS = ("purity", "rewiring", "in-degree")


def options(embeddings: list[Embedding]) -> list[str]:
    """Return the names that colour can show, whatever is chosen besides.

    `Embedding.columns` are among them unless they hold another text in almost every
    row.
    """
    labelled = all(e.labels is not None for e in embeddings)
    told = all(e.predictions is not None for e in embeddings)
    found = ["label"]
    found += ["prediction"] * told + ["correct"] * (told and labelled)
    found += [name for name in NUMBERS if labelled or name != "purity"]
    if all(answered(e) for e in embeddings):
        found += [
            responsibility_of(name)
            for name in embeddings[0].decoded
            if all(name in e.decoded for e in embeddings)
        ]
    rest = [set(e.columns) for e in embeddings]
    for name, values in embeddings[0].columns.items():
        shared = all(name in names for names in rest)
        if shared and name not in found and _readable(pd.Series(values)):
            found.append(name)
    return found


def _readable(values: pd.Series[Any]) -> bool:
    return pd.api.types.is_float_dtype(values) or values.nunique() <= MOST_KINDS


def hue(facts: Facts, variant: str, color: str, mode: str) -> Coloring:
    """Return what the colour of every point means.

    Parameters
    ----------
    facts
        Of the shown graph.
    variant
        Its name.
    color
        One of `options`.
    mode
        "light" or "dark".
    """
    answers = {responsibility_of(name): name for name in facts.embedding.decoded}
    if color in answers and answered(facts.embedding):
        return _responsibility(facts, variant, answers[color], mode)
    if color not in NUMBERS:
        return coloring([(variant, facts.embedding)], color, mode)
    title = color
    if color == "rewiring":
        title = f"rewiring from {escape(facts.baseline)}"
    values = {
        "purity": facts.purity, "rewiring": facts.rewiring,
        "in-degree": facts.in_degree,
    }[color]  # fmt: skip
    numbers = np.asarray(values, np.float64)
    return replace(coloring([(variant, facts.embedding)], numbers, mode), title=title)


def _responsibility(facts: Facts, variant: str, name: str, mode: str) -> Coloring:
    """Return how far z answers for a modality, cut where single points would decide."""
    values = facts.responsibility[name]
    title = f"responsibility: {short(name)}<br>1 is best, 0 the mean predictor"
    worse = int(np.sum(values < LOWEST))
    if worse:
        title += f"<br>({worse:,} below {LOWEST:g} as {LOWEST:g})"
    numbers = np.maximum(values, LOWEST)
    return replace(coloring([(variant, facts.embedding)], numbers, mode), title=title)
