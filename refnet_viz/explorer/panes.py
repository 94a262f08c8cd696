"""Panes of the explorer as plain values: details of points, and the metric strip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..data.answers import NO_LABEL
from ..data.media import data_address, mime_of
from ..embedding import Embedding
from ..graph import METRICS, Neighbors
from ..graph.naming import NO_NAME
from ..graph.pairs import mean_of
from ..graph.points import same_label
from ..graph.prediction import constant_accuracy
from ..graph.two_points import chance_edge, chance_rank, chance_shared
from ..plot.rewiring import chance_rewiring
from ..plot.text import clipped, cut
from ..statistics import LEAST, seed_band
from .embeddings import Key, Rows
from .help import WORDS
from .points import PointTable, class_words, responsibility_of
from .questions import REWIRING, Question
from .questions import judged as judged_questions
from .store import Clusters
from .view import SEARCHED, View
from .wire import named_clusters

MOST_ROWS = 20  # selected points in a list
COMMUNITIES = "its communities, each by its most central member"
MOST_NEIGHBORS = 50  # in every space
MOST_CLASSES = 5  # of a selection, counted one by one
LONGEST = 280  # characters of a text
HINT = (
    "Point at a dot to see it here with its neighbours. Draw around dots to select "
    "them, with Shift to add more; click two dots to compare them; double-click the "
    "map to clear. With the keyboard: arrows move between dots, Enter clicks."
)
COMPUTING = "neighbours are being computed"
NOT_YET = "neighbours are not computed yet"  # of so many points that one has to ask
OF_SELECTION = ("accuracy", "purity")  # metrics that a selection has too
WAYS = ("none", "one way", "both ways")  # of an edge between two points
CONFIDENCE = 0.95  # of the interval over seeds
CHANCE = (
    "The small number is chance: what neighbours, or answers, that have nothing to do "
    "with the data would give."
)


def detail(view: View, pointed: tuple[str, int] | None = None) -> dict[str, Any]:
    """Return the pane of details: of one point, two, the selection, or a hint.

    Parameters
    ----------
    view
        View of the maps.
    pointed
        Variant and row of the point that is pointed at, if any; otherwise a point that
        is selected alone is shown, in the map in focus.
    """
    variants, rows = view.state.variants, view.rows
    if pointed is None and len(rows) == 1:
        pointed = view.state.variant, int(rows[0])
    if pointed is not None:
        variant, row = pointed
        number = variants.index(variant) if variant in variants else view.focus
        table = view.tables[number]
        others = view.other_spaces(view.keys[number])
        content = point(table, row, others, is_ready=view.ready[number])
        if len(variants) > 1:
            content["title"] += f" in {variants[number]}"
        return content
    if len(rows) == 2:
        return pair(view)
    if len(rows):
        return selection(view.tables[view.focus], rows)
    return {"hint": HINT, **communities(view)}


def communities(view: View) -> dict[str, Any]:
    """Return the named communities of the map in focus, each by its central member.

    Nothing where maps show no names of communities.
    """
    if not view.clusters:
        return {}
    table, clusters = view.tables[view.focus], view.clusters[view.focus]
    names = named_clusters(clusters, view.drawn_rows)["names"]
    entries = [
        _entry(table, row)
        | {
            "title": names[number] or NO_NAME,
            "text": f"{size:,} points" + (f", {side}" if side else ""),
        }
        for row, number, size, side in central_members(clusters)
    ]
    return {
        "heading": COMMUNITIES,
        "rows": entries,
        "more": more(len(clusters.words), MOST_ROWS),
    }


def central_members(clusters: Clusters) -> list[tuple[int, int, int, str]]:
    """Return row, number, size and who holds it together of the largest communities."""
    sizes = np.bincount(clusters.codes[clusters.codes >= 0])
    order = np.argsort(-sizes, kind="stable")[:MOST_ROWS]
    return [
        (int(clusters.central[n]), int(n), int(sizes[n]), clusters.sides[n])
        for n in order
    ]


def point(
    table: PointTable,
    row: int,
    other_spaces: Sequence[Neighbors] = (),
    *,
    is_ready: bool = True,
) -> dict[str, Any]:
    """Return the pane of one point and its nearest neighbours.

    Parameters
    ----------
    table
        Table of the map it lies on.
    row
        Row number of the point.
    other_spaces
        Graphs whose nearest neighbours are shown small.
    is_ready
        Whether the neighbours in the table are there.
    """
    answers = _answers(table, row)
    content: dict[str, Any] = {
        "title": str(table.embedding.ids[row]),
        "picture": picture(table.embedding, row),
        "text": text(table.embedding, row),
        "facts": [*answers, *_facts(table, row, is_ready=is_ready)],
        "answers": len(answers),
        "elsewhere": [
            _tiles(table, other, row, is_ready=is_ready) for other in other_spaces
        ],
    }
    if not is_ready:
        many = len(table.embedding) > SEARCHED
        heading = NOT_YET if many else COMPUTING
        return {**content, "heading": heading, "rows": [], "more": ""}
    return content | _nearest(table, row)


def _nearest(table: PointTable, row: int) -> dict[str, Any]:
    """Return the nearest neighbours of a point in the map's own space."""
    graph = table.graph
    present = bool(graph.present[row])
    same = None if table.same is None or not table.labelled[row] else table.same[row]
    shared = "" if same is None else f", {int(same.sum())} with its label"
    heading = f"{graph.k} nearest in the {graph.space} space{shared}"
    return {
        "heading": heading if present else lacking(graph.space),
        "rows": _entries(table, graph, row, same),
        "more": more(graph.k, MOST_NEIGHBORS) if present else "",
    }


def selection(table: PointTable, rows: Rows) -> dict[str, Any]:
    """Return the pane of several selected points."""
    return {
        "title": f"{len(rows):,} selected",
        "picture": "",
        "text": "",
        "facts": _class_counts(table, rows),
        "answers": MOST_CLASSES + 2,
        "heading": "in the order of the data",
        "elsewhere": [],
        "rows": [_entry(table, row) for row in rows[:MOST_ROWS]],
        "more": more(len(rows), MOST_ROWS),
    }


def pair(view: View, reach: int | None = None) -> dict[str, Any]:
    """Return the pane of two points beside each other.

    Parameters
    ----------
    view
        View of the maps, with two selected points.
    reach
        Neighbours of a point that are known, as in a page that holds no coordinates;
        None for all, and distances.
    """
    first, second = view.state.pinned
    table = view.tables[view.focus]
    here = view.keys[view.focus]
    names = [str(table.embedding.ids[row]) for row in (first, second)]
    title = f"{names[0]} and {names[1]}"
    if len(view.keys) > 1:
        title += f" in {view.state.variants[view.focus]}"
    others = [key for key in dict.fromkeys(view.keys) if key != here]
    spaces = [
        *((f"in the {key.space} space of {cut(key.variant)}", key) for key in others),
        *((f"in the {key.space} space", key) for key in view.beside(here)),
    ]
    own = _between(view, table, here, reach)
    return {
        "title": title,
        "picture": "",
        "text": "",
        "pair": [
            {"entry": _entry(table, row), "facts": _answers(table, row)}
            for row in (first, second)
        ],
        "facts": own["facts"],
        "answers": len(own["facts"]),
        "heading": f"in the {here.space} space: {own['words']}",
        "rows": own["rows"],
        "more": "",
        "elsewhere": [
            {
                "heading": f"{heading}: {part['words']}",
                "facts": part["facts"],
                "rows": part["rows"],
            }
            for heading, key in spaces
            for part in [_between(view, table, key, reach)]
        ],
    }


def _between(
    view: View, table: PointTable, key: Key, reach: int | None
) -> dict[str, Any]:
    """Return what a space says of the two points, and the neighbours they share."""
    between = view.store.between(key, view.state.pinned, view.state.k)
    if between is None:
        return {"words": "not both have it", "facts": [], "rows": []}
    k, others = between.k, between.others
    ranks = [
        f"{rank:,}"
        if reach is None or rank <= reach
        else f"beyond {min(reach, others)}"
        for rank in between.ranks
    ]
    facts = [
        ["ranks", f"{ranks[0]} and {ranks[1]} of {others:,} "
         f"(chance {chance_rank(others):,.1f})".replace(".0)", ")"), ""],
        [f"edge at k = {k}", f"{WAYS[between.ways]} "
         f"(chance of one {number(chance_edge(k, others))})", ""],
    ]  # fmt: skip
    if reach is None:
        distance = f"{between.distance:.3g} (median {between.typical:.3g})"
        facts.insert(0, ["distance", distance, ""])
    chance = number(chance_shared(k, others))
    return {
        "words": f"{len(between.shared)} of {k} neighbours shared (chance {chance})",
        "facts": facts,
        "rows": [_entry(table, row) for row in between.shared[:MOST_NEIGHBORS]],
    }


def lacking(space: str) -> str:
    """Return the words for a point that lacks a space.

    Examples
    --------
    >>> lacking("rna"), lacking("sum")
    ('has no rna', 'lacks a modality: not in the sum space')
    """
    if space == "sum":
        return "lacks a modality: not in the sum space"
    return f"has no {space}"


def picture(embedding: Embedding, row: int) -> str:
    """Return the picture of a point as a data address, empty without one."""
    pictures = embedding.media.pictures
    if not pictures or not pictures[row]:
        return ""
    data = pictures[row]
    return data_address(mime_of(data), data)


def text(embedding: Embedding, row: int) -> str:
    """Return the text of a point, cut where it gets long, empty without one."""
    texts = embedding.media.texts
    if not texts:
        return ""
    return clipped(str(texts[row]), LONGEST)


def _tiles(
    table: PointTable, graph: Neighbors, row: int, *, is_ready: bool
) -> dict[str, Any]:
    """Return the nearest neighbours of a point in another space."""
    if not graph.present[row]:
        return {"heading": lacking(graph.space), "rows": []}
    judged = graph.labels is not None and table.labelled[row]
    same = same_label(graph)[row] if judged else None
    heading = f"in the {graph.space} space"
    if is_ready and table.graph.present[row]:
        both = np.intersect1d(table.graph.indices[row], graph.indices[row])
        heading += f", {len(both)} of {graph.k} shared"
    return {
        "heading": heading,
        "rows": _entries(table, graph, row, same),
    }


def _entries(
    table: PointTable, graph: Neighbors, row: int, same: Any
) -> list[dict[str, Any]]:
    return [
        _entry(table, other, same=None if same is None else bool(same[place]))
        for place, other in enumerate(graph.indices[row][:MOST_NEIGHBORS])
        if other >= 0
    ]


def _entry(table: PointTable, row: int, *, same: bool | None = None) -> dict[str, Any]:
    embedding = table.embedding
    return {
        "row": int(row),
        "title": str(embedding.ids[row]),
        "picture": picture(embedding, row),
        "text": text(embedding, row),
        "same": same,
    }


def _facts(table: PointTable, row: int, *, is_ready: bool) -> list[list[str]]:
    """Return the facts after the answers: a point's numbers and its metadata."""
    texts = ((name, cut(each, LONGEST)) for name, each in table.told(row).items())
    metadata = [[name, words, ""] for name, words in texts if words]
    numbers = _graph_facts(table, row) if is_ready else []
    return [*numbers, *metadata]


def _answers(table: PointTable, row: int) -> list[list[str]]:
    """Return what a point lacks, its label and its prediction: the first facts.

    Each is a name, a value and a mark ("right", "wrong" or none).
    """
    absent = zip(table.embedding.inputs, ~table.embedding.present[row], strict=False)
    lines = [["has no", name, ""] for name, lacks in absent if lacks]
    embedding = table.embedding
    if embedding.labels is not None:
        lines.append(["label", _class_word(embedding, embedding.labels, row), ""])
    if embedding.predictions is not None:
        words = _class_word(embedding, embedding.predictions, row)
        lines.append(_prediction(table, row, words))
    return lines


def _class_word(embedding: Embedding, values: npt.NDArray[np.int64], row: int) -> str:
    return (class_words(embedding, values[[row]]) or [""])[0]


def _graph_facts(table: PointTable, row: int) -> list[list[str]]:
    """Return the numbers of a point's neighbourhood, and of what z says of it."""
    lines = []
    if table.purity is not None and table.purity_chance is not None:
        purity, chance = table.purity[row], table.purity_chance[row]
        if not np.isnan(purity):
            lines.append(["purity", f"{purity:.2f} (chance {chance:.2f})", ""])
    if table.compared and not np.isnan(table.rewiring[row]):
        rewired = f"{table.rewiring[row]:.2f}"
        lines.append([f"rewiring from {table.baseline}", rewired, ""])
    embedding = table.embedding
    for name, values in table.responsibility.items():
        if name not in embedding.inputs or embedding.present_in(name)[row]:
            words = _responsibility(table, name, values[row])
            lines.append([responsibility_of(name), words, ""])
    if table.graph.present[row]:
        degree = f"{table.in_degree[row]} (mean {table.graph.k})"
        lines.append(["in-degree", degree, ""])
    return lines


def _responsibility(table: PointTable, name: str, value: float) -> str:
    """Return a responsibility in words, beside its null and the mean of all points."""
    mean, why = mean_responsibility(table, name)
    return why or f"{number(value)} (null 0, all {mean})"


def mean_responsibility(table: PointTable, name: str) -> tuple[str, str]:
    """Return the mean over all points in words, and why there is none."""
    mean = mean_of(table.responsibility[name])
    if not np.isnan(mean):
        return number(mean), ""
    present = table.embedding.present_in(name).any()
    why = f"{name} does not vary" if present else f"no point has {name}"
    return number(mean), f"not defined: {why}"


def _prediction(table: PointTable, row: int, name: str) -> list[str]:
    words, mark = name, ""
    if table.confidence is not None:
        words += f" ({table.confidence[row]:.2f})"
    if table.correct is not None and table.labelled[row]:
        mark, sign = ("right", " ✓") if table.correct[row] else ("wrong", " ✗")
        words += sign
    return ["prediction", words, mark]


def _class_counts(table: PointTable, rows: Rows) -> list[list[str]]:
    """Return the largest classes among some points, with their counts."""
    if table.embedding.labels is None:
        return []
    counts: dict[str, int] = {}
    labels = table.embedding.labels[rows[table.labelled[rows]]]
    # One row a kind, in the order in which they come first.
    kinds, first, sizes = np.unique(
        labels, axis=0, return_index=True, return_counts=True
    )
    order = np.argsort(first)
    words = class_words(table.embedding, kinds[order]) or []
    for word, size in zip(words, sizes[order].tolist(), strict=True):
        counts[word] = counts.get(word, 0) + size
    ranked = sorted(counts.items(), key=lambda pair: -pair[1])
    rest = sum(count for _, count in ranked[MOST_CLASSES:])
    unlabelled = int((~table.labelled[rows]).sum())
    last = [("other labels", rest), (NO_LABEL, unlabelled)]
    lines = [*ranked[:MOST_CLASSES], *(pair for pair in last if pair[1])]
    return [[name, f"{count:,}", ""] for name, count in lines]


def more(count: int, most: int) -> str:
    """Return how many of a list are shown, empty for all.

    Examples
    --------
    >>> more(1_200, 20), more(3, 20)
    ('20 of 1,200 shown', '')
    """
    return f"{most} of {count:,} shown" if count > most else ""


# Cell of a number that is still to be computed.
NO_VERDICT = {"verdict": "", "why": "", "beside": ""}
VERDICT_PENDING = {**NO_VERDICT, "verdict": "…"}
PENDING = {
    **NO_VERDICT,
    "whole": "…",
    "band": "",
    "selected": "",
    "selectedBand": "",
    "nulls": ["being computed"],
}
WAITING = {**PENDING, "nulls": ["not computed yet"]}


class StripLine(NamedTuple):
    """Variant, table of its points, and tables of all seeds where they are known.

    `is_ready` tells whether the neighbours in the table are there.
    """

    variant: str
    table: PointTable
    family: Sequence[PointTable]
    is_ready: bool = True


def strip(view: View, *, banded: bool, judged: bool = True) -> dict[str, Any]:
    """Return the metric strip of a view: a row a map and a column a metric.

    Parameters
    ----------
    view
        View of the maps.
    banded
        Whether all seeds are looked at, which may take a moment.
    judged
        Whether numbers have verdicts, which may take a moment more.
    """
    compared = len(view.store.embeddings.variants) > 1
    lines = [
        StripLine(variant, table, view.every_seed(number) if banded else [], is_ready)
        for number, (variant, table, is_ready) in enumerate(
            zip(view.state.variants, view.tables, view.ready, strict=True)
        )
    ]
    content = strip_of(lines, view.rows, view.focus, compared=compared)
    names = [*view.tables[0].headline_metrics, *([REWIRING] if compared else [])]
    others = [name != view.state.baseline for name in view.state.variants]
    judgements = verdicts(view.questions, view.state.looks) if judged else {}
    for variant, other, ready, row in zip(
        view.state.variants, others, view.ready, content["rows"], strict=True
    ):
        if other and ready:
            pairs = zip(names, row["cells"], strict=True)
            row["cells"] = [
                {**cell, **judgements.get((variant, name), VERDICT_PENDING)}
                for name, cell in pairs
            ]
    return {**content, "views": views(view.state.looks)}


def verdicts(
    asked: Sequence[Question], looks: int
) -> dict[tuple[str, str], dict[str, str]]:
    """Return what the cell of each variant and metric says of its difference.

    Parameters
    ----------
    asked
        All that the strip asks.
    looks
        How many views were looked at, this one among them.
    """
    return {
        (question.variant, question.metric): {
            **verdict._asdict(),
            "beside": question.beside,
        }
        for question, verdict in zip(asked, judged_questions(asked, looks), strict=True)
    }


def views(looks: int) -> str:
    """Return of how many views a strip is one.

    Examples
    --------
    >>> views(1), views(1_200)
    ('1 of 1 view', '1 of 1,200 views')
    """
    return f"1 of {looks:,} view{'s' * (looks != 1)}"


def strip_of(
    lines: Sequence[StripLine], rows: Rows, focus: int, *, compared: bool = True
) -> dict[str, Any]:
    """Return the metric strip of some tables, beside seed bands and nulls.

    Parameters
    ----------
    lines
        A row each.
    rows
        The selected points.
    focus
        Number of the line in focus.
    compared
        Whether there are variants to compare, so that rewiring has a column.
    """
    first = lines[0].table
    names = first.headline_metrics
    pending = WAITING if len(first.embedding) > SEARCHED else PENDING
    columns = [
        {"name": name.replace("_", " "), "tip": f"{METRICS[name].help} {CHANCE}"}
        for name in names
    ]
    if compared:
        columns.append(
            {
                "name": rewiring_title(first.baseline),
                "tip": WORDS["rewiring"],
            }
        )
    cells = [
        {
            "name": cut(line.variant),
            "focused": number == focus and len(lines) > 1,
            "cells": [
                *(_metric_cell(line, name, rows) for name in names),
                *([_rewiring_cell(line.table, rows)] if compared else []),
            ]
            if line.is_ready
            else [pending] * len(columns),
        }
        for number, line in enumerate(lines)
    ]
    caption = counts(first)  # after the cells: what they computed says its recall
    if len(rows):
        caption += f", {len(rows):,} selected (second number)"
    if any(len(line.family) >= LEAST for line in lines):
        caption += f"; brackets: mean over seeds, {CONFIDENCE:.0%} interval"
    return {"caption": caption, "columns": columns, "rows": cells}


def rewiring_title(baseline: str) -> str:
    """Return the name of the column of rewiring.

    Examples
    --------
    >>> rewiring_title("plain")
    'rewiring from plain'
    """
    return f"rewiring from {cut(baseline)}"


def counts(table: PointTable) -> str:
    """Return how many points there are, without a label, and in the space."""
    labels = table.embedding.labels
    unlabelled = 0 if labels is None else int((~table.labelled).sum())
    parts = [
        f"{len(table.embedding):,} points",
        f"{unlabelled:,} without a label" if unlabelled else "",
        table.coverage,
        table.graph.approximation if table.has_graph else "",
    ]
    return ", ".join(part for part in parts if part)


def _metric_cell(line: StripLine, name: str, rows: Rows) -> dict[str, Any]:
    table, metric = line.table, METRICS[name]
    chance = float("nan") if metric.chance is None else metric.chance(table.graph)
    nulls = f"chance {number(chance)}"
    selected = band = ""
    if len(rows) and name in OF_SELECTION:
        selected = number(_of_selection(table, name, rows))
        nulls += f", {number(_chance_of_selection(table, name, rows))}"
        values = [_of_selection(one, name, rows) for one in line.family]
        band = _band(values, metric.range)
    return {
        **NO_VERDICT,
        "whole": number(table.metric(name)),
        "band": _band([one.metric(name) for one in line.family], metric.range),
        "selected": selected,
        "selectedBand": band,
        "nulls": [nulls],
    }


def _band(values: list[float], span: tuple[float, float]) -> str:
    """Return the mean over seeds with its interval; of two seeds their values."""
    if len(values) < 2:
        return ""
    words = f"{len(values)} seeds "
    if len(values) < LEAST:
        return words + ", ".join(map(number, values))
    seeds = np.array(values)
    low, high = seed_band(seeds, CONFIDENCE, span)
    return f"{words}{number(seeds.mean())} [{number(low)}, {number(high)}]"


def _of_selection(table: PointTable, name: str, rows: Rows) -> float:
    """Return a metric of the selected points."""
    if name == "purity" and table.purity is not None:
        return mean_of(table.purity[rows])
    rows = rows[table.labelled[rows]]
    return table.embedding.subset(rows).accuracy if len(rows) else float("nan")


def _chance_of_selection(table: PointTable, name: str, rows: Rows) -> float:
    """Return the chance level of a metric of the selected points."""
    if name == "purity" and table.purity_chance is not None:
        return mean_of(table.purity_chance[rows])
    labels = table.embedding.labels
    return float("nan") if labels is None else constant_accuracy(labels[rows])


def _rewiring_cell(table: PointTable, rows: Rows) -> dict[str, Any]:
    empty = {**NO_VERDICT, "band": "", "selected": "", "selectedBand": ""}
    if not table.compared:
        return {**empty, "whole": "–", "nulls": ["this is the baseline"]}
    graph = table.graph
    chance = chance_rewiring(graph.k, graph.k, int(graph.present.sum()))
    nulls = [f"chance {number(chance)}"]
    if table.noise is None:
        nulls.append("seed noise unknown: one seed")
    else:
        noise = number(mean_of(table.noise))
        if len(rows):
            noise += f", {number(mean_of(table.noise[rows]))}"
        nulls.append(f"two seeds {noise}")
    selected = number(mean_of(table.rewiring[rows])) if len(rows) else ""
    whole = number(mean_of(table.rewiring))
    return {**empty, "whole": whole, "selected": selected, "nulls": nulls}


def number(value: float) -> str:
    """Return a number with two places, a dash for one that is not defined.

    Examples
    --------
    >>> number(0.125), number(float("nan"))
    ('0.12', '–')
    """
    return "–" if np.isnan(value) else f"{value:.2f}"
