"""What the explorer can colour points by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ..embedding import Embedding
from ..plot.color import Coloring, coloring
from ..plot.text import escape
from ..plot.theme import MODES, SYMBOLS
from .facts import ANSWERS, Facts, answered

# Two categories of the same colour and shape could not be told apart.
MOST_KINDS = len(SYMBOLS) * len(MODES["light"].classes)
CLASSES = ("label", "prediction", "correct")
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
        names = embeddings[0].decoded
        found += [ANSWERS + m for m in names if all(m in e.decoded for e in embeddings)]
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
    if color.startswith(ANSWERS) and facts.responsibility:
        values = facts.responsibility[color.removeprefix(ANSWERS)]
        # A few points far below would take the whole scale.
        shown = coloring([(variant, facts.embedding)], values.clip(-1, 1), mode)
        return replace(shown, title=f"{escape(color)}<br>(1 is best, 0 the mean)")
    if color not in NUMBERS:
        return coloring([(variant, facts.embedding)], color, mode)
    title = color
    if color == "rewiring":
        title = f"rewiring from {escape(facts.baseline)}"
    known = {
        "purity": facts.purity, "rewiring": facts.rewiring,
        "in-degree": facts.in_degree,
    }[color]  # fmt: skip
    numbers = np.asarray(known, np.float64)
    return replace(coloring([(variant, facts.embedding)], numbers, mode), title=title)
