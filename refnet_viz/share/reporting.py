"""`report`: every figure and table of a comparison in one page, and what they say."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from .. import _check
from .._nested import baseline_of
from .._progress import progress as progress_bar
from .._version import __version__
from ..data.dataset import Dataset
from ..data.media import data_address
from ..embedding import Embedding
from ..explorer.inputs import is_runs
from ..plot.export import HEIGHT
from ..plot.render import render
from ..plot.theme import ink
from . import markup
from .given import given, page_path, writing
from .markup import text
from .material import Material
from .overview import comparison_table, what_was_compared, what_was_found
from .sections import SECTIONS, Drawing, Section

WIDTH = 960
LARGEST = 600_000  # bytes of a vector picture; above that it becomes one of pixels


def report(
    spaces: Any,
    path: str | os.PathLike[str],
    *,
    data: Dataset | None = None,
    runs: Any = None,
    k: int | None = None,
    baseline: str | None = None,
    title: str = "Comparison of fused spaces",
    mode: str = "light",
    progress: bool = True,
) -> Path:
    """Write one HTML page with every figure and table of a comparison.

    The page begins with what was found, in words: what is better or worse than the
    baseline beyond seed noise, and what is inside it. It needs no network, no script
    and no other file. The same values give the same bytes.

    Parameters
    ----------
    spaces
        What `knn` takes: an Embedding or vectors of your own, a list of them (one a
        seed), a mapping from variants to one or several; runs in the same shapes with
        their `data`; or the folder of a saved comparison.
    path
        Where to, ending in ``.html``; an existing file is replaced.
    data
        The dataset; linear models of it then stand beside the variants. Of runs, the
        test rows are embedded.
    runs
        Runs in any shape that `refnet_viz.plot.history` takes; None takes `spaces`
        where these are runs, and leaves training out otherwise.
    k
        Neighbours a point, not counting the point itself; None takes 15, or as many
        as every point has.
    baseline
        The variant the others are compared with; None takes "plain", or the first.
    title
        Title of the page.
    mode
        "light" or "dark".
    progress
        Whether to show a bar.

    Returns
    -------
    pathlib.Path
        Where it was written.

    Raises
    ------
    TypeError
        If `spaces` holds anything else, or runs come without data.
    ValueError
        If a name is unknown, `k` is out of range or `path` has another suffix.
    OSError
        If the folder is missing or read-only.
    """
    ink(mode)
    path = page_path(path)
    variants = given(spaces, data)
    runs = spaces if runs is None and is_runs(spaces) else runs
    least = min(len(run) for members in variants.values() for run in members)
    material = Material(
        variants,
        _rails(data),
        runs,
        _check.k_or_default(k, least),
        baseline_of(baseline, variants),
        mode,
    )
    parts = [
        (section, *_drawn(section, material))
        for section in progress_bar(SECTIONS, "report", disable=not progress)
    ]
    body = _body(str(title), material, data, parts)
    style = markup.colors(mode) + markup.source("report.css")
    program = f"refnet_viz {__version__}"
    with writing(path) as file:
        file.write_bytes(
            markup.page(str(title), body, style=style, mode=mode, program=program)
        )
    return path


Part = tuple[Section, list[Drawing], str]


def _rails(data: Dataset | None) -> dict[str, Embedding] | None:
    if data is None:
        return None
    # They need torch, which readers of stored embeddings may do without.
    from ..baselines import rails  # noqa: PLC0415

    return rails(data)


def _drawn(section: Section, material: Material) -> tuple[list[Drawing], str]:
    """Return the figures of a section, or why there are none.

    A plot says in one sentence what it lacks; the rest of the report goes on.
    """
    try:
        return section.draw(material), ""
    except ValueError as error:
        return [], str(error)


def _body(
    title: str, material: Material, data: Dataset | None, parts: list[Part]
) -> str:
    names = [("findings", "What was found"), ("compared", "What was compared")]
    names += [(section.key, section.title) for section, *_ in parts]
    links = [f'<a href="#{key}">{text(name)}</a>' for key, name in names]
    sections = [
        _section(*names[0], what_was_found(material)),
        _section(*names[1], what_was_compared(material, data)),
        *(_section(p[0].key, p[0].title, _content(p, material)) for p in parts),
    ]
    lead = (
        f"{', '.join(material.variants)}: {len(material.every[0]):,} points, "
        f"{material.k} neighbours a point, compared with {material.baseline}."
    )
    return (
        '<a class="skip" href="#findings">Skip to what was found</a>'
        f'<header><h1>{text(title)}</h1><p class="lead">{text(lead)}</p></header>'
        f'<nav aria-label="contents"><h2>Contents</h2>{markup.items(links)}</nav>'
        f"<main>{''.join(sections)}</main>"
        f"<footer><p>Written by refnet_viz {__version__}. {_held_out(material)}</p>"
        "</footer>"
    )


def _held_out(material: Material) -> str:
    most = max(1 - run.held_out.mean() for run in material.every)
    if not most:
        return "No run was trained on any of these points."
    return f"Up to {most:.0%} of these points were trained on, which flatters the runs."


def _section(key: str, title: str, content: str) -> str:
    return (
        f'<section id="{key}" aria-labelledby="{key}-title">'
        f'<h2 id="{key}-title">{text(title)}</h2>{content}</section>'
    )


def _content(part: Part, material: Material) -> str:
    section, drawings, reason = part
    figures = "".join(_figure(drawing) for drawing in drawings)
    table = comparison_table(material.table) if section.key == "comparison" else ""
    left_out = f'<p class="note">Left out: {text(reason)}</p>' if reason else ""
    question = f'<p class="question">{text(section.question)}</p>'
    return question + figures + table + left_out


def _figure(drawing: Drawing) -> str:
    figure = drawing.figure
    alt = figure.layout.meta["alt"]
    height = int(figure.layout.height or HEIGHT)
    links = ", ".join(
        markup.csv_link(frame, name, name) for name, frame in drawing.data.items()
    )
    return (
        f'<figure><div class="picture" role="region" tabindex="0" '
        f'aria-label="figure: {text(alt)}">'
        f'<img src="{_picture(figure, height)}" alt="{text(alt)}" '
        f'width="{WIDTH}" height="{height}"></div>'
        f"<figcaption>{text(drawing.caption)} "
        f'<span class="data">Data as CSV: {links}</span></figcaption></figure>'
    )


def _picture(figure: go.Figure, height: int) -> str:
    """Return a picture as a data address; one of very many points in pixels."""
    image = render(figure, "svg", width=WIDTH, height=height)
    if len(image) <= LARGEST:
        return data_address("image/svg+xml", image)
    image = render(figure, "png", width=WIDTH, height=height, scale=2)
    return data_address("image/png", image)
