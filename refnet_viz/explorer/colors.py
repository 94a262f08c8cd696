"""What the explorer can colour points by."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from plotly.colors import sample_colorscale

from ..data.meaning import as_series, count_of_names, kind_of
from ..embedding import Embedding
from ..plot.color import Coloring, coloring
from ..plot.scale import text_of
from ..plot.theme import MODES, SCALE, SYMBOLS
from .points import PointTable, responsibility_of

# Two categories of the same colour and shape could not be told apart.
MOST_KINDS = len(SYMBOLS) * len(MODES["light"].classes)
LOWEST = -1.0  # responsibility has no lower end: few points would take the whole scale
NUMBERS = ("confidence", "purity", "rewiring", "in-degree")
# The dark end of the scale would be lost on dark paper, its middle among grey points.
FIRST_STEP = {"light": 0.0, "dark": 0.2}


@dataclass(frozen=True)
class Hue:
    """What colour means on every map.

    Parameters
    ----------
    coloring
        Values a panel, names and styles.
    title
        What it shows, as plain text.
    """

    coloring: Coloring
    title: str

    @property
    def values(self) -> tuple[npt.NDArray[Any], ...]:
        """One array a panel: positions in `names`, or numbers where there are none."""
        return self.coloring.values

    @property
    def names(self) -> tuple[str, ...]:
        """The categories."""
        return self.coloring.names

    @property
    def styles(self) -> tuple[tuple[str, str], ...]:
        """Colour and symbol of each category."""
        return self.coloring.styles

    @property
    def mode(self) -> str:
        """Light or dark."""
        return self.coloring.mode

    @property
    def span(self) -> tuple[float, float]:
        """Smallest and largest number of all panels."""
        return self.coloring.span

    @property
    def origin(self) -> float:
        """What is taken off before numbers travel in single precision."""
        return 0.0 if self.coloring.kind == "numbers" else self.span[0]

    @property
    def ends(self) -> tuple[str, str]:
        """What stands at the ends of the scale."""
        low, high = self.span
        if self.coloring.kind == "numbers":
            return f"{low:.3g}", f"{high:.3g}"
        low_text, high_text = (
            text_of(self.coloring.kind, end, high - low) for end in (low, high)
        )
        return low_text, high_text


@cache
def ramp(mode: str) -> tuple[str, ...]:
    """Return the colours of the scale, from low to high.

    Examples
    --------
    >>> len(ramp("light")), ramp("light")[-1] == ramp("dark")[-1]
    (64, True)
    """
    steps = np.linspace(FIRST_STEP[mode], 1, 64)
    return tuple(sample_colorscale(SCALE, steps.tolist()))


def options(embeddings: Sequence[Embedding]) -> list[str]:
    """Return the names that colour can show, whatever is chosen besides.

    `Embedding.columns` are among them as far as they mean a colour (see
    `refnet_viz.data.meaning`), unless they hold another text in almost every row.
    """
    labelled = all(e.labels is not None for e in embeddings)
    told = all(e.predictions is not None for e in embeddings)
    found = ["label"]
    found += ["prediction"] * told + ["correct"] * (told and labelled)
    found += ["confidence"] * all(e.scores is not None for e in embeddings)
    found += ["purity"] * labelled + ["rewiring", "in-degree"]
    if all(e.answers_held_out for e in embeddings):
        found += [
            responsibility_of(name)
            for name in embeddings[0].decoded
            if all(name in e.decoded for e in embeddings)
        ]
    rest = [set(e.columns) for e in embeddings]
    for name, values in embeddings[0].columns.items():
        shared = all(name in names for names in rest)
        if shared and name not in found and _readable(values):
            found.append(name)
    return found


def _readable(values: Any) -> bool:
    kind = kind_of(as_series(values))
    if kind == "categories":
        return 1 <= count_of_names(values) <= MOST_KINDS
    return kind != "none"


def hue(shown: Sequence[PointTable], color: str, mode: str) -> Hue:
    """Return what the colour of every point means.

    Parameters
    ----------
    shown
        Of every map.
    color
        One of `options`.
    mode
        "light" or "dark".
    """
    panels = [(str(number), facts.embedding) for number, facts in enumerate(shown)]
    numbers, title = _numbers(shown, color)
    if numbers is None:
        found = coloring(panels, color, mode)
        return Hue(found, html.unescape(found.title))
    by_panel = {name: own for (name, _), own in zip(panels, numbers, strict=True)}
    return Hue(coloring(panels, by_panel, mode), title)


def _numbers(
    shown: Sequence[PointTable], color: str
) -> tuple[list[npt.NDArray[np.float64]] | None, str]:
    """Return the numbers of every map and their title, None where there are none."""
    first = shown[0]
    names = {responsibility_of(name): name for name in first.embedding.decoded}
    if color in names and all(facts.embedding.answers_held_out for facts in shown):
        return _responsibility(shown, names[color])
    if color not in NUMBERS:
        return None, ""
    titles = {
        "rewiring": f"rewiring from {first.baseline}",
        "confidence": "confidence of the prediction",
        "in-degree": f"in-degree (mean {first.graph.k}): hubs are high",
    }
    values = [
        {
            "confidence": facts.confidence, "purity": facts.purity,
            "rewiring": facts.rewiring, "in-degree": facts.in_degree,
        }[color]
        for facts in shown
    ]  # fmt: skip
    return [np.asarray(own, np.float64) for own in values], titles.get(color, color)


def _responsibility(
    shown: Sequence[PointTable], name: str
) -> tuple[list[npt.NDArray[np.float64]], str]:
    """Return how far z answers for a modality, cut where single points would decide."""
    values = [facts.responsibility[name] for facts in shown]
    title = f"responsibility: {name} (1 is best, 0 the mean predictor"
    worse = sum(int(np.sum(own < LOWEST)) for own in values)
    title += f"; {worse:,} below {LOWEST:g} as {LOWEST:g})" if worse else ")"
    return [np.maximum(own, LOWEST) for own in values], title
