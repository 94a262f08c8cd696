"""Files that a page can save: the maps as a figure, its manifest, a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import plotly.graph_objects as go

from ..share.save import save

MANIFEST, TABLE = "manifest", "table"
TYPES = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "html": "text/html",
    MANIFEST: "application/json",
    TABLE: "text/csv",
}


def written(
    which: str, figure: Callable[[], go.Figure], table: pd.DataFrame
) -> tuple[str, bytes]:
    """Return the name and the content of a file, as `refnet_viz.save` writes it.

    Parameters
    ----------
    which
        One of `TYPES`.
    figure
        Makes the maps as a figure.
    table
        The selected points, or all of them.
    """
    with TemporaryDirectory() as folder:
        if which == TABLE:
            path = save(table, Path(folder) / "points.csv")
            return path.name, path.read_bytes()
        # The manifest is the same whatever the figure's suffix.
        suffix = "json" if which == MANIFEST else which
        path = save(figure(), Path(folder) / f"maps.{suffix}")
        if which == MANIFEST:
            path = path.with_suffix(".manifest.json")
        return path.name, path.read_bytes()
