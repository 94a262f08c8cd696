"""Colours of points by a class, a column, or any number a point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from .. import _check
from ..data.answers import NO_LABEL, labelled
from ..data.meaning import as_series, meaning
from ..data.rows import order_of, same_ids
from ..embedding import Embedding
from . import scale
from .ink import SCALE, class_style, ink
from .points import MOST_SVG
from .text import escape, short

MOST_ENTRIES = 24  # a legend longer than this is no longer read
MISSING = "missing"
OPEN = "-open"  # how symbols without a filling end
RING = 1.3  # pixels of their line


@dataclass(frozen=True)
class Coloring:
    """The same meaning of colour for every panel of a figure.

    Parameters
    ----------
    title
        What the colour shows, escaped.
    values
        One array a panel: positions in `names`, or numbers when `names` is empty.
    names
        The categories, as they come from the data.
    styles
        Colour and symbol of each category.
    mode
        "light" or "dark".
    hollow
        Position of the category of points that have no value, if there is one.
    kind
        "categories" or what its scale is of: "numbers", "times" (seconds since 1970)
        or "durations" (seconds).
    """

    title: str
    values: tuple[npt.NDArray[Any], ...]
    names: tuple[str, ...]
    styles: tuple[tuple[str, str], ...]
    mode: str
    hollow: int | None = None
    kind: str = "numbers"

    def marker(self, panel: int) -> dict[str, Any]:
        """Return the marker of a panel's one trace: an entry a point.

        Above `points.MOST_SVG` points no rims, which would darken all colours.
        """
        values = self.values[panel]
        wide = 0.5 if len(values) <= MOST_SVG else 0.0
        rim: dict[str, Any] = {"color": ink(self.mode).outline, "width": wide}
        if not self.names:
            return {"color": values, "coloraxis": "coloraxis", "line": rim}
        colors = np.array([color for color, _ in self.styles])
        symbols = np.array([symbol for _, symbol in self.styles])
        shapes: Any = symbols[values] if len(set(symbols)) > 1 else symbols[0]
        if self.hollow is not None:  # a ring thin as a rim would be lost
            rim["width"] = np.where(values == self.hollow, RING, wide)
        return {"color": colors[values], "symbol": shapes, "line": rim}

    def text(self, panel: int) -> list[str] | None:
        """Return a hover line a point, unless the hover text says it already."""
        if self.title in {"label", "prediction"} or len(self.names) == 1:
            return None
        values = self.values[panel]
        if self.names:
            return [f"{self.title}: {escape(self.names[v])}" for v in values]
        low, high = self.span
        return [f"{self.title}: {self._told(value, high - low)}" for value in values]

    @property
    def span(self) -> tuple[float, float]:
        """Smallest and largest number of all panels."""
        numbers = np.concatenate([np.asarray(values, float) for values in self.values])
        numbers = numbers[np.isfinite(numbers)]
        low, high = (numbers.min(), numbers.max()) if len(numbers) else (0.0, 1.0)
        return float(low), float(high if high > low else low + 1)

    def _told(self, value: float, span: float) -> str:
        if self.kind != "numbers" and np.isnan(value):
            return MISSING
        return scale.text_of(self.kind, value, span)

    def entry(self, code: int) -> str:
        """Return what the legend calls a category, of those without a value how many.

        The largest number of any panel.
        """
        if code != self.hollow:
            return self.names[code]
        most = max(int(np.sum(values == code)) for values in self.values)
        return f"{self.names[code]} ({most:,})"

    def add_key(self, figure: go.Figure) -> None:
        """Add the legend, or the colour bar, to a figure."""
        if not self.names:
            figure.update_layout(coloraxis=self._axis())
            return
        if len(self.names) == 1:
            return
        codes = sorted({int(v) for values in self.values for v in np.unique(values)})
        entries = [(short(self.entry(i)), *self.styles[i]) for i in codes]
        if len(entries) > MOST_ENTRIES:
            rest = f"and {len(entries) - MOST_ENTRIES} more: point at them"
            entries = [*entries[:MOST_ENTRIES], (rest, "rgba(0,0,0,0)", "circle")]
        rim = {"color": ink(self.mode).outline, "width": 0.5}
        for name, color, symbol in entries:
            bare = color == "rgba(0,0,0,0)"
            marker = {"color": color, "symbol": symbol, "size": 9}
            bare = bare or symbol.endswith(OPEN)
            figure.add_trace(
                go.Scatter(
                    x=[None],
                    y=[None],
                    mode="markers",
                    name=name,
                    hoverinfo="skip",
                    marker=marker if bare else {**marker, "line": rim},
                )
            )
        figure.update_layout(legend_title_text=self.title)

    def _axis(self) -> dict[str, Any]:
        numbers = np.concatenate([np.asarray(v, float) for v in self.values])
        gaps = int(np.isnan(numbers).sum())
        low, high = self.span
        title = self.title + (f"<br>({gaps:,} {MISSING}, grey)" if gaps else "")
        bar = {
            "title": {"text": title, "font": {"size": 11}},
            "outlinewidth": 0,
            "thickness": 12,
            "lenmode": "pixels",
            "len": 260,
            "y": 1,
            "yanchor": "top",
        }
        if self.kind != "numbers":
            places, words = scale.ticks(self.kind, low, high)
            bar |= {"tickmode": "array", "tickvals": places, "ticktext": words}
        return {"colorscale": SCALE, "colorbar": bar, "cmin": low, "cmax": high}


def coloring(
    panels: Sequence[tuple[str, Embedding]], color: Any, mode: str
) -> Coloring:
    """Return what `color` means for every panel.

    Parameters
    ----------
    panels
        Variant name and embedding of each.
    color
        "label", "prediction", "correct", the name of one of `Embedding.columns`, an
        array of one value a point, or a mapping from variants to such arrays.
    mode
        "light" or "dark".

    Raises
    ------
    ValueError
        If a name is unknown, something was not predicted, or lengths disagree.
    """
    ink(mode)
    embeddings = [embedding for _, embedding in panels]
    if not isinstance(color, str):
        arrays = [_given(color, panel, panels[0]) for panel in panels]
        return _of_values("value", arrays, mode)
    options = _options(embeddings)
    if color == "label" and color not in options:
        return _classes(
            "", [np.zeros(len(e), np.int64) for e in embeddings], [""], mode
        )
    _check.one_of("color", color, options)
    if color == "correct":
        return _correct(embeddings, mode)
    if color in {"label", "prediction"}:
        return _labels(embeddings, color, mode)
    if color in modalities_lacking(embeddings):
        return _presence(embeddings, color, mode)
    columns = [e.columns[color] for e in embeddings]
    classes = embeddings[0].class_names
    return _of_values(short(color), columns, mode, name=color, classes=classes)


def _options(embeddings: Sequence[Embedding]) -> list[str]:
    """Return the names that every panel can answer."""
    names = ["label"] * all(e.labels is not None for e in embeddings)
    predicted = all(e.predictions is not None for e in embeddings)
    names += ["prediction"] * predicted + ["correct"] * (predicted and bool(names))
    rest = [set(e.columns) for e in embeddings]
    return names + [c for c in embeddings[0].columns if all(c in r for r in rest)]


def _length(color: Any) -> int:
    if isinstance(color, str) or not isinstance(color, Sized):
        raise TypeError(
            "`color` must be a name or hold one value a point, got "
            f"{_check.shown(color)}."
        )
    return len(color)


def _given(
    color: Any, panel: tuple[str, Embedding], first: tuple[str, Embedding]
) -> Any:
    """Return one value a point: of the variant's own rows, or of the first one's."""
    (name, embedding), lead = panel, first[1]
    if isinstance(color, Mapping):
        color = color[_check.one_of("color", name, [str(k) for k in color])]
        lead = embedding
    if isinstance(color, pd.Series) and not isinstance(color.index, pd.RangeIndex):
        names = color.index.astype(str).to_numpy().astype(str)
        order = order_of(names, embedding.ids, name="color", like="spaces")
        return color if order is None else color.iloc[order]
    shape = np.shape(color) if hasattr(color, "shape") else (_length(color),)
    if shape != (len(embedding),):
        raise ValueError(
            f"`color` must hold one value a point ({len(embedding)}), "
            f"got shape {shape}."
        )
    if embedding is lead or not same_ids(embedding.ids, lead.ids):
        return color
    order = order_of(lead.ids, embedding.ids, name="color", like="spaces")
    return color if order is None else as_series(color).iloc[order]


def _labels(embeddings: Sequence[Embedding], which: str, mode: str) -> Coloring:
    field = "labels" if which == "label" else "predictions"
    names: list[str] = [str(name) for name in embeddings[0].class_names]
    columns = []
    for embedding in embeddings:
        values = getattr(embedding, field)
        if values.ndim == 2:
            values = np.where(values.any(axis=1), values.argmax(axis=1), len(names))
        columns.append(values)
    many = getattr(embeddings[0], field).ndim == 2
    title = f"{which} (first of several)" if many else which
    kinds = [*names, "none"] if many else names
    bare = [_unlabelled(e, which) for e in embeddings]
    if not np.any(bare):
        return _classes(title, columns, kinds, mode)
    columns = [
        np.where(mask, len(kinds), column)
        for mask, column in zip(bare, columns, strict=True)
    ]
    return with_hollow(_classes(title, columns, kinds, mode), NO_LABEL)


def _unlabelled(embedding: Embedding, which: str) -> npt.NDArray[np.bool_]:
    if which == "prediction":
        return np.zeros(len(embedding), dtype=bool)
    return ~labelled(embedding.labels, None, len(embedding))


def with_hollow(found: Coloring, name: str) -> Coloring:
    """Return a colouring with one more category, of points that have no value."""
    style = ink(found.mode).muted, f"circle{OPEN}"
    return replace(
        found,
        names=(*found.names, name),
        styles=(*found.styles, style),
        hollow=len(found.names),
    )


def modalities_lacking(embeddings: Sequence[Embedding]) -> list[str]:
    """Return the columns that say which rows have a modality.

    Examples
    --------
    >>> inputs = {"a": np.eye(2), "b": np.eye(2)}
    >>> gone = np.array([[True, True], [True, False]])
    >>> space = Embedding.from_arrays(np.eye(2), modalities=inputs, present=gone)
    >>> modalities_lacking([space])
    ['has b']
    """
    first = embeddings[0]
    names = [f"has {name}" for name in first.inputs]
    return [n for n in names if n in first.columns and n not in first.metadata]


def _presence(embeddings: Sequence[Embedding], color: str, mode: str) -> Coloring:
    lacking = [np.asarray(e.columns[color] == "no").astype(int) for e in embeddings]
    return with_hollow(_classes(short(color), lacking, ["yes"], mode), "no")


def _correct(embeddings: Sequence[Embedding], mode: str) -> Coloring:
    wrong = []
    for embedding in embeddings:
        differs = np.asarray(embedding.labels != embedding.predictions)
        rows = differs.reshape(len(embedding), -1)
        codes = np.asarray(rows.any(axis=1), dtype=np.int64)
        wrong.append(np.where(_unlabelled(embedding, "label"), 2, codes))
    blue, red = (class_style(i, mode)[0] for i in (0, 3))
    styles = ((blue, "circle"), (red, "x"))
    result = Coloring("prediction", tuple(wrong), ("right", "wrong"), styles, mode)
    return with_hollow(result, NO_LABEL) if np.any(np.array(wrong) == 2) else result


def _of_values(
    title: str,
    columns: Sequence[Any],
    mode: str,
    *,
    name: str = "",
    classes: Sequence[Any] = (),
) -> Coloring:
    """Return what values mean; names of classes have the colours of these."""
    combined = meaning(columns)
    if combined.kind == "none":
        subject = f"{name!r}" if name else "them"
        raise ValueError(
            "`color` must be categories, numbers, times or durations, got "
            f"{subject} of lists, mappings or others that have no colour."
        )
    cuts = np.cumsum([len(column) for column in columns])[:-1]
    if combined.kind != "categories":
        parts = tuple(np.split(combined.values, cuts))
        return Coloring(title, parts, (), (), mode, kind=combined.kind)
    codes, names = combined.values, list(combined.names)
    by_class = {str(label): number for number, label in enumerate(classes)}
    places = list(range(len(names)))
    if set(map(str, names)) <= by_class.keys():
        places = [by_class[str(label)] for label in names]
    if (codes < 0).any():
        codes, names = np.where(codes < 0, len(names), codes), [*names, MISSING]
        places.append(max(places, default=-1) + 1)
    styles = tuple(class_style(place, mode) for place in places)
    return Coloring(title, tuple(np.split(codes, cuts)), tuple(names), styles, mode)


def _classes(
    title: str, columns: Sequence[npt.NDArray[Any]], names: Sequence[str], mode: str
) -> Coloring:
    styles = tuple(class_style(i, mode) for i in range(len(names)))
    return Coloring(title, tuple(columns), tuple(names), styles, mode)
