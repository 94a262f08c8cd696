"""`report`: every figure and table of a comparison in one page, and what they say."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from .. import _check
from .._nested import baseline_of
from .._progress import progress as progress_bar
from .._progress import report as report_progress
from .._progress import stage
from .._version import __version__
from ..data.dataset import Dataset
from ..data.media import data_address
from ..embedding import Embedding
from ..explorer.inputs import is_runs
from ..plot.export import HEIGHT
from ..plot.following import following_picture, follows
from ..plot.ink import PAGE_MODES
from ..plot.narrow import fitted
from ..plot.render import render
from ..plot.text import listing
from . import markup
from .given import given, page_path, writing
from .markup import text
from .material import Material
from .overview import what_was_compared
from .save import without_formulas
from .sections import SECTIONS, Drawing, Section

WIDTH, SLIM = 960, 360  # pixels of a figure on a screen, and on a phone
BETWEEN = 516  # the same of one that is folded away
NARROW = "(max-width: 620px)"  # as in report.css
MOST_MARKS = 2_000  # points and ends of lines that are all drawn in vectors
_PATH = re.compile(rb' d="[^"]*"')
MOST_OF_TRACE = 20  # the same of one trace where there are more
SCALE = 1.75  # pixels of a picture of pixels for each of the screen


def report(
    spaces: Any,
    path: str | os.PathLike[str],
    *,
    data: Dataset | None = None,
    runs: Any = None,
    k: int | None = None,
    baseline: str | None = None,
    title: str = "Comparison of fused spaces",
    mode: str = "auto",
    safe: bool = False,
    progress: bool = True,
) -> Path:
    """Write one HTML page with every figure and table of a comparison.

    Every question has one sentence, with its null, and one figure; tables, further
    figures and the data are folded below. It needs no network, no script and no other
    file, and can be read on a phone. The same values give the same bytes.

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
        "light", "dark", or "auto": as the reader's system is set.
    safe
        As in `refnet_viz.save`, of the data in the page: text that a spreadsheet would
        compute gets an apostrophe in front.
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
    _check.one_of("mode", mode, PAGE_MODES)
    for name, value in (("progress", progress), ("safe", safe)):
        _check.instance(name, value, bool)
    _check.instance("title", title, str)
    path = page_path(path)
    variants = given(spaces, data)
    runs = spaces if runs is None and is_runs(spaces) else runs
    least = min(len(run) for members in variants.values() for run in members)
    k = _check.k_or_default(k, least)
    baseline = baseline_of(baseline, variants)
    with progress_bar(title="report", total=100, disable=not progress) as bar:
        with stage(bar, 15):
            rails = _rails(data)
        material = Material(variants, rails, runs, k, baseline, mode, safe)
        with stage(bar, 10):
            _ = material.table
        parts = []
        for section in SECTIONS:
            with stage(bar, 75 / len(SECTIONS)):
                parts.append(_part(section, material))
    body = _body(str(title), material, data, parts)
    style = markup.colors(mode) + markup.source("report.css")
    program = f"refnet_viz {__version__}"
    with writing(path) as file:
        file.write_bytes(
            markup.page(str(title), body, style=style, mode=mode, program=program)
        )
    return path


@dataclass(frozen=True)
class Part:
    """A section as HTML: its answer, its first figure and what is folded below."""

    section: Section
    content: str


def _rails(data: Dataset | None) -> dict[str, Embedding] | None:
    if data is None:
        return None
    # They need torch, which readers of stored embeddings may do without.
    from ..baselines import rails  # noqa: PLC0415

    return rails(data)


def _part(section: Section, material: Material) -> Part:
    """Return a section, or the sentence that says why it is left out.

    A plot says in one sentence what it lacks; the rest of the report goes on.
    """
    report_progress(0.0)
    try:
        drawings = section.draw(material)
        answer = section.answer(material, drawings)
    except ValueError as error:
        left_out = f'<p class="note">Left out: {text(error)}</p>'
        return Part(section, left_out + _folded(section, [], material))
    content = (
        f'<p class="answer">{text(answer)}</p>{_figure(drawings[0])}'
        f"{_folded(section, drawings, material)}"
    )
    return Part(section, content)


def _folded(section: Section, drawings: list[Drawing], material: Material) -> str:
    """Return what stands behind the answer, folded."""
    figures = "".join(_figure(drawing, folded=True) for drawing in drawings[1:])
    # What is found needs no figure; other tables are of what figures show.
    table = section.table(material) if drawings or section.key == "comparison" else ""
    links = ", ".join(
        markup.csv_link(without_formulas(frame) if material.safe else frame, name, name)
        for drawing in drawings
        for name, frame in drawing.data.items()
    )
    data = f'<p class="data">Data as CSV: {links}</p>' if links else ""
    if not (figures or table or data):
        return ""
    kinds = ["numbers"] * bool(table) + ["figures"] * bool(figures) + ["data"]
    title = listing(kinds).capitalize()
    return markup.folded(title, table + figures + data)


def _body(
    title: str, material: Material, data: Dataset | None, parts: list[Part]
) -> str:
    names = [(part.section.key, part.section.title) for part in parts]
    names.append(("compared", "What was compared"))
    links = [f'<a href="#{key}">{text(name)}</a>' for key, name in names]
    sections = [
        *(_section(p.section.key, p.section.question, p.content) for p in parts),
        _section(*names[-1], what_was_compared(material, data)),
    ]
    lead = (
        f"{', '.join(material.variants)}: {len(material.every[0]):,} points, "
        f"{material.k} neighbours a point, compared with {material.baseline}."
    )
    return (
        f'<a class="skip" href="#{names[0][0]}">Skip to the first answer</a>'
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


def _figure(drawing: Drawing, *, folded: bool = False) -> str:
    """Return a figure in two widths, of which the browser takes the one that fits.

    One that is folded away has a width between them.
    """
    figure = drawing.figure
    alt = text(figure.layout.meta["alt"])
    width = BETWEEN if folded else WIDTH
    if folded and figure.layout.width != BETWEEN:
        figure = fitted(figure, BETWEEN)
    address, height = picture(figure, width)
    image = f'<img src="{address}" alt="{alt}" width="{width}" height="{height}">'
    if not folded:
        slim, tall = picture(fitted(drawing.slim or figure, SLIM), SLIM)
        image = (
            f'<source media="{NARROW}" srcset="{slim}" width="{SLIM}" '
            f'height="{tall}">{image}'
        )
    name = "picture between" if folded else "picture"
    return (
        f'<figure><picture class="{name}">{image}</picture>'
        f"<figcaption>{text(drawing.caption)}</figcaption></figure>"
    )


def picture(figure: go.Figure, width: int) -> tuple[str, int]:
    """Return a picture as a data address, and its height.

    It is drawn in vectors; in one of many marks, these are in pixels.

    Parameters
    ----------
    figure
        Figure of `refnet_viz.plot`.
    width
        Pixels of a screen.
    """
    height = int(figure.layout.height or HEIGHT)
    marks = sum(0 if trace.x is None else len(trace.x) for trace in figure.data)
    most = math.inf if marks <= MOST_MARKS else MOST_OF_TRACE
    image = render(figure, "svg", width=width, height=height, scale=SCALE, most=most)
    image = _PATH.sub(_rounded, image)
    if follows(figure):
        image = following_picture(image)
    return data_address("image/svg+xml", image), height


def _rounded(match: re.Match[bytes]) -> bytes:
    """Return a path in hundredths of a pixel."""
    return re.sub(rb"(\.\d\d)\d+", rb"\1", match[0])
