"""Files of a view as bytes: maps, points, graph, page, and all of them in one zip."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from .._nested import Variants
from ..embedding import Embedding
from ..graph import Neighbors
from ..plot.belonging import FILES, SUFFIX, sealed, text_of
from ..plot.caption import caption
from .page import export_html
from .save import save

WRITTEN = (1980, 1, 1, 0, 0, 0)  # so that the same files are the same zip

File = tuple[str, bytes]


def maps_file(figure: go.Figure, suffix: str, width: int | None = None) -> File:
    """Return the maps as a file, or the manifest that makes them again.

    Parameters
    ----------
    figure
        The maps.
    suffix
        "png", "svg", "pdf" or "html"; or "manifest".
    width
        Pixels, 96 an inch; None takes the figure's own.
    """
    with TemporaryDirectory() as folder:
        # The manifest is the same whatever the figure's suffix.
        kind = "json" if suffix == "manifest" else suffix
        path = save(figure, Path(folder) / f"maps.{kind}", width=width)
        if suffix == "manifest":
            path = path.with_suffix(SUFFIX)
            note = json.loads(path.read_bytes())
            del note[FILES]  # it goes beside files of any suffix
            return path.name, text_of(sealed(note))
        return path.name, path.read_bytes()


def points_file(
    table: pd.DataFrame, name: str = "points.csv", *, safe: bool = False
) -> File:
    r"""Return a table of points as CSV.

    Parameters
    ----------
    table
        A row a point.
    name
        What the file is called.
    safe
        As in `refnet_viz.save`.

    Examples
    --------
    >>> points_file(pd.DataFrame({"id": ["a", "b"]}))
    ('points.csv', b'id\na\nb\n')
    """
    with TemporaryDirectory() as folder:
        return name, save(table, Path(folder) / name, safe=safe).read_bytes()


def graph_file(neighbors: Neighbors, suffix: str, *, safe: bool = False) -> File:
    """Return a graph as GraphML, or its edges as a table.

    Parameters
    ----------
    neighbors
        The graph.
    suffix
        "graphml", or "csv": source, target and distance, an edge a row.
    safe
        As in `refnet_viz.save`, for "csv".

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> line = Embedding.from_arrays([[0.0], [1.0], [3.0]])
    >>> print(graph_file(knn(line, k=1), "csv")[1].decode())
    source,target,distance
    0,1,1.0
    1,2,2.0
    <BLANKLINE>
    """
    with TemporaryDirectory() as folder:
        if suffix == "csv":
            edges, ids = neighbors.edges(), neighbors.ids
            ends = {"source": ids[edges.source], "target": ids[edges.target]}
            table = pd.DataFrame({**ends, "distance": edges.distance})
            path = save(table, Path(folder) / "edges.csv", safe=safe)
        else:
            path = save(neighbors, Path(folder) / f"graph.{suffix}")
        return path.name, path.read_bytes()


def page_file(spaces: Variants[Embedding], settings: dict[str, Any]) -> File:
    """Return the explorer as a page.

    Parameters
    ----------
    spaces
        Variant to one embedding a seed.
    settings
        Arguments of `export_html`.
    """
    with TemporaryDirectory() as folder:
        path = export_html(spaces, Path(folder) / "explorer.html", **settings)
        return path.name, path.read_bytes()


def everything(
    figure: go.Figure,
    selected: pd.DataFrame | None,
    width: int | None = None,
    *,
    safe: bool = False,
) -> File:
    """Return a zip with the maps, their manifest, their caption and the selection.

    Parameters
    ----------
    figure
        The maps.
    selected
        Table of the selected points, None where there are none.
    width
        As in `maps_file`.
    safe
        As in `points_file`.
    """
    files = [maps_file(figure, kind, width) for kind in ("png", "pdf", "manifest")]
    files.append(("caption.txt", f"{caption(figure)}\n".encode("utf-8", "replace")))
    if selected is not None:
        files.append(points_file(selected, "selected.csv", safe=safe))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name, WRITTEN), data)
    return "maps.zip", content.getvalue()
