"""The pane beside the map: one point with its neighbours, or a selection."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..data.answers import NO_LABEL
from ..data.media import mime_of
from ..embedding import Embedding
from ..graph import Neighbors
from ..graph.pairs import mean_of
from ..graph.points import same_label
from .points import PointTable, Rows, responsibility_of
from .words import cut

MOST_ROWS = 20
LONGEST = 280
HINT = (
    "Point at a dot to see it here with its neighbours. Draw around dots to select "
    "them, with Shift to add more; click a dot to select it alone; double-click the "
    "map to clear. With the keyboard: arrows move between dots, Enter selects."
)
ELSEWHERE = 8  # neighbours shown of every other space


def hint() -> dict[str, Any]:
    """Return what the pane says before anything was pointed at."""
    return {"hint": HINT}


def of_point(
    facts: PointTable, row: int, elsewhere: Sequence[Neighbors] = ()
) -> dict[str, Any]:
    """Return what the pane says of one point and its nearest neighbours.

    Parameters
    ----------
    facts
        Of the map it lies on.
    row
        Of the point.
    elsewhere
        Graphs of other spaces, whose nearest neighbours are shown small.
    """
    embedding, graph = facts.embedding, facts.graph
    there = bool(graph.present[row])
    nearest = graph.indices[row]
    same = None if facts.same is None or not facts.labelled[row] else facts.same[row]
    rows = [
        _entry(facts, other, same=None if same is None else bool(same[place]))
        for place, other in enumerate(nearest[:MOST_ROWS])
        if other >= 0
    ]
    shared = "" if same is None else f", {int(same.sum())} with its label"
    heading = f"{graph.k} nearest in the {graph.space} space{shared}"
    return {
        "title": str(embedding.ids[row]),
        "picture": picture(embedding, row),
        "text": text(embedding, row),
        "facts": _facts(facts, row),
        "heading": heading if there else lacking(graph.space),
        "rows": rows,
        "more": _more(graph.k) if there else "",
        "elsewhere": [_nearest(facts, other, row) for other in elsewhere],
    }


def _nearest(facts: PointTable, graph: Neighbors, row: int) -> dict[str, Any]:
    if not graph.present[row]:
        return {"heading": lacking(graph.space), "rows": []}
    nearest = graph.indices[row][:ELSEWHERE]
    judged = graph.labels is not None and facts.labelled[row]
    same = same_label(graph)[row] if judged else None
    shared = set(facts.graph.indices[row].tolist()) & set(graph.indices[row].tolist())
    told = f", {len(shared)} of {graph.k} shared" if facts.graph.present[row] else ""
    return {
        "heading": f"in the {graph.space} space{told}",
        "rows": [
            _entry(facts, int(other), same=None if same is None else bool(same[place]))
            for place, other in enumerate(nearest)
        ],
    }


def lacking(space: str) -> str:
    """Return what is said of a point in a space that it lacks.

    Examples
    --------
    >>> lacking("rna"), lacking("sum")
    ('has no rna', 'lacks a modality: not in the sum space')
    """
    if space == "sum":
        return "lacks a modality: not in the sum space"
    return f"has no {space}"


def of_selection(facts: PointTable, rows: Rows) -> dict[str, Any]:
    """Return what the pane says of several selected points."""
    return {
        "title": f"{len(rows):,} selected",
        "picture": "",
        "text": "",
        "facts": _classes(facts, rows),
        "heading": "in the order of the data",
        "elsewhere": [],
        "rows": [_entry(facts, row) for row in rows[:MOST_ROWS]],
        "more": _more(len(rows)),
    }


def picture(embedding: Embedding, row: int) -> str:
    """Return the picture of a point as a data address, empty without one."""
    pictures = embedding.media.pictures
    if not pictures or not pictures[row]:
        return ""
    data = pictures[row]
    return f"data:{mime_of(data)};base64,{base64.b64encode(data).decode()}"


def text(embedding: Embedding, row: int) -> str:
    """Return the text of a point, cut where it gets long, empty without one."""
    texts = embedding.media.texts
    if not texts:
        return ""
    words = str(texts[row])
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


def _facts(facts: PointTable, row: int) -> list[list[str]]:
    """Return name, value and mark ("right", "wrong" or nothing) of what is known."""
    found = _missing(facts.embedding, row)
    if facts.labels is not None:
        found.append(["label", facts.labels[row], ""])
    if facts.predictions is not None:
        found.append(_prediction(facts, row, facts.predictions[row]))
    found += _purity(facts, row)
    if facts.compared and not np.isnan(facts.rewiring[row]):
        found.append(
            [f"rewiring from {facts.baseline}", f"{facts.rewiring[row]:.2f}", ""]
        )
    for name, values in facts.responsibility.items():
        if _lacks(facts.embedding, name, row):
            continue
        found.append([responsibility_of(name), _answered(facts, name, values[row]), ""])
    if not facts.graph.present[row]:
        return [*found, *_metadata(facts, row)]
    degree = f"{facts.in_degree[row]} (mean {facts.graph.k})"
    return [*found, ["in-degree", degree, ""], *_metadata(facts, row)]


def _answered(facts: PointTable, name: str, value: float) -> str:
    """Return in words how far z answers for a modality of a point."""
    every = mean_of(facts.responsibility[name])
    if np.isnan(every):
        there = facts.embedding.present_in(name).any()
        why = f"{name} does not vary" if there else f"no point has {name}"
        return f"not defined: {why}"
    told = "–" if np.isnan(value) else f"{value:.2f}"
    return f"{told} (null 0, all {every:.2f})"


def _metadata(facts: PointTable, row: int) -> list[list[str]]:
    """Return what the metadata says of a point, gaps left out."""
    every = {name: cut(values[row], LONGEST) for name, values in facts.told.items()}
    return [[name, words, ""] for name, words in every.items() if words]


def _lacks(embedding: Embedding, name: str, row: int) -> bool:
    return name in embedding.inputs and not embedding.present_in(name)[row]


def _missing(embedding: Embedding, row: int) -> list[list[str]]:
    """Return which modalities a point lacks."""
    lacks = zip(embedding.inputs, ~embedding.present[row], strict=False)
    return [["has no", name, ""] for name, gone in lacks if gone]


def _prediction(facts: PointTable, row: int, name: str) -> list[str]:
    mark, sign = "", ""
    if facts.confidence is not None:
        sign = f" ({facts.confidence[row]:.2f})"
    if facts.right is not None and facts.labelled[row]:
        mark, told = ("right", " ✓") if facts.right[row] else ("wrong", " ✗")
        sign += told
    return ["prediction", name + sign, mark]


def _purity(facts: PointTable, row: int) -> list[list[str]]:
    if facts.purity is None or facts.purity_chance is None:
        return []
    purity, chance = facts.purity[row], facts.purity_chance[row]
    if np.isnan(purity):
        return []
    return [["purity", f"{purity:.2f} (chance {chance:.2f})", ""]]


def _classes(facts: PointTable, rows: Rows) -> list[list[str]]:
    """Return the largest classes among some points, with their counts."""
    if facts.labels is None:
        return []
    counts: dict[str, int] = {}
    for row in rows[facts.labelled[rows]]:
        counts[facts.labels[row]] = counts.get(facts.labels[row], 0) + 1
    ranked = sorted(counts.items(), key=lambda pair: -pair[1])
    rest = sum(count for _, count in ranked[5:])
    shown = [[name, f"{count:,}", ""] for name, count in ranked[:5]]
    bare = int((~facts.labelled[rows]).sum())
    last = (("other labels", rest), (NO_LABEL, bare))
    return shown + [[name, f"{count:,}", ""] for name, count in last if count]


def _entry(facts: PointTable, row: int, *, same: bool | None = None) -> dict[str, Any]:
    embedding = facts.embedding
    return {
        "row": int(row),
        "title": str(embedding.ids[row]),
        "picture": picture(embedding, row),
        "text": text(embedding, row),
        "same": same,
    }


def _more(count: int) -> str:
    return f"{MOST_ROWS} of {count:,} shown" if count > MOST_ROWS else ""
