"""`export_html`: the explorer as one file, without a kernel behind it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import _check
from .._version import __version__
from ..data.media import data_address
from ..explorer import picture, scripts
from ..explorer.inputs import is_runs
from ..explorer.view import View, opened
from ..explorer.wire import MANY
from ..plot.ink import AUTO
from ..plot.render import render
from ..plot.text import cut
from . import markup
from .given import given, page_path, writing
from .markup import text
from .payload import Content, as_json, payload

WIDTH = 960
SCRIPTS = ("numbers.js", "address.js", "page.js")
BODY = """<header><h1>{title}</h1><p class="lead">{lead}</p></header>
<main>
<div id="app" class="rv-explorer rv-{mode}" hidden></div>
<figure id="still"><img src="{picture}" alt="{alt}" width="{width}" height="{height}">
<figcaption>The maps as they are at first.</figcaption></figure>
<noscript><p>This is a picture of the maps. With JavaScript switched on they can be
searched, coloured and selected; nothing is loaded from anywhere.</p></noscript>
</main>
<footer><p>{foot}</p></footer>
<script type="application/json" id="payload">{payload}</script>"""


def export_html(  # noqa: PLR0913 (all by name)
    spaces: Any,
    path: str | os.PathLike[str],
    *,
    neighbors: Any = None,
    layouts: Any = None,
    variants: Sequence[str] | None = None,
    k: int | None = None,
    space: str = "latent",
    layout: str = "aligned",
    color: str = "label",
    baseline: str | None = None,
    mode: str = "auto",
    pictures: bool = True,
    looks: int = 1,
) -> Path:
    """Write the explorer as one HTML page that needs no kernel and no network.

    Panels stay linked: lasso, click and search select in all of them, edges are shown
    that are kept, gained or lost since the baseline, colours, seeds and k change, and
    the metric strip sets every number beside its seed band and chance. A strict policy
    keeps the page from loading or sending anything. What is shown is in the address of
    the page, so that a link opens the same view. The same values give the same bytes.

    Parameters
    ----------
    spaces
        What `knn` takes: an Embedding or vectors of your own, a list of them (one a
        seed), a mapping from variants to one or several; or the folder of a saved
        comparison; all of the same points.
    path
        Where to, ending in ``.html``; an existing file is replaced.
    neighbors, layouts
        Graphs and layouts that exist, as in `explore`: none is computed again.
    variants
        Which of them are shown side by side at first, one to four; None takes the
        baseline and the last one. All can be chosen in the page.
    k
        Neighbours a point at first, not counting the point itself; the page goes up
        to twice as many. None takes 15, or as many as every point has.
    space
        "latent", "refined", a modality or "sum": where neighbours are looked for.
    layout
        "aligned" (every map begins at that of the first embedding), "umap" (each by
        itself) or "pca".
    color
        As in `explore`.
    baseline
        The variant the others are compared with; None takes "plain", or the first.
    mode
        "light", "dark", or "auto": as the reader's system is set, also when that
        changes.
    pictures
        Whether the pictures of points go along.
    looks
        How many views were looked at before the page was written, its first one among
        them (`Explorer.looks`). The page counts on, and its verdicts pay for all.

    Returns
    -------
    pathlib.Path
        Where it was written.

    Raises
    ------
    TypeError
        If `spaces` holds anything but embeddings.
    ValueError
        If ids differ, a name is unknown, or `path` has another suffix.
    OSError
        If the folder is missing or read-only.

    Notes
    -----
    Where the neighbours of all seeds would take more than 5 MB, those of the first
    seed go along; bands are still those of all. More than 20,000 points have fewer
    steps of `k`, and where 5 MB do not hold the neighbours at `k`, the page has none
    and says so. More than 200,000 points are drawn as a sample, which the page states;
    numbers of whole graphs are those of all points.
    """
    palette = markup.palette_of(mode)
    path = page_path(path)
    if is_runs(spaces):
        raise TypeError(
            "`spaces` must hold embeddings, e.g. rv.embed(runs, data.test), got runs."
        )
    embeddings = given(spaces)
    settings = {
        "variants": variants,
        "k": k,
        "space": space,
        "layout": layout,
        "color": color,
        "baseline": baseline,
        "mode": palette,
        "looks": looks,
    }
    _check.instance("pictures", pictures, bool)
    store, state = opened(
        embeddings, settings, neighbors=neighbors, layouts=layouts, steps=2
    )
    content = Content(store, state, pictures, mode == AUTO)
    _check.one_of("color", color, content.colors)
    document = _page(content, mode)
    with writing(path) as file:
        file.write_bytes(document)
    return path


def _page(content: Content, mode: str) -> bytes:
    names, first = list(content.store.embeddings.variants), content.first
    dataset = first.info.get("dataset", names[0])
    title = ", ".join(cut(name) for name in names)
    if names != [dataset]:
        title = f"{cut(dataset)}: {title}"
    picture, alt, height = _still(content)
    body = BODY.format(
        title=text(title),
        lead=text(_lead(content)),
        mode=content.state.mode,
        alt=text(alt),
        picture=picture,
        width=WIDTH,
        height=height,
        foot=text(_foot(content)),
        payload=as_json(payload(content)),
    )
    style = markup.colors(mode) + scripts.style() + markup.source("page.css")
    counted = scripts.COUNTED if len(content.drawn) > MANY else ()
    script = "\n".join(
        [
            "(() => {",
            '"use strict";',
            scripts.script(*scripts.SCENE, *counted, *scripts.PANES, scripts.MORE),
            *(markup.source(name) for name in SCRIPTS),
            "})();",
        ]
    )
    return markup.page(
        title,
        body,
        style=style,
        script=script,
        mode=mode,
        program=f"refnet_viz {__version__}",
    )


def _lead(content: Content) -> str:
    total, sample = len(content.first), len(content.drawn)
    words = f"{total:,} points, neighbours in the {content.state.space} space"
    if sample < total:
        words += (
            f". {sample:,} of them, drawn by chance, are shown: numbers of whole "
            "graphs are those of all points, numbers of a selection those of the shown "
            "ones"
        )
    if not content.has_neighbors:
        words += ". Numbers count the neighbours, which are not in the page themselves"
    if not content.whole:
        words += ". The first seed of each variant is shown; bands are those of all"
    return f"{words}."


def _foot(content: Content) -> str:
    info = content.first.info
    origin = f"Made by refnet_viz {__version__}"
    origin += f" of data {info['fingerprint']}" if "fingerprint" in info else ""
    most = max(1 - run.held_out.mean() for run in content.store.embeddings.embeddings)
    warning = f" Up to {most:.0%} of the points were trained on." if most else ""
    policy = "Nothing is loaded from anywhere, and nothing leaves this page."
    return f"{origin}. {policy}{warning}"


def _still(content: Content) -> tuple[str, str, int]:
    """Return a picture of the maps, what it shows, and its height.

    It is there where no script runs, so that the page is never blank.
    """
    view = View(content.store, content.state)
    figure = picture.figure(view, {"k": content.state.k, "space": content.state.space})
    height = int(figure.layout.height)
    still = render(figure, "png", width=WIDTH, height=height, scale=1.5)
    alt = picture.summary(view)
    return data_address("image/png", still), alt, height
