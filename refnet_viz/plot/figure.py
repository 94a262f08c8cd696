"""A plotly figure that can still be seen where nothing draws plotly figures."""

from __future__ import annotations

import html
import sys
from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
import plotly.io
from IPython.display import display

from ..data.media import data_address
from .following import darkened, follows, marked, style
from .render import render

PLOTLY = "application/vnd.plotly.v1+json"
WIDTH, HEIGHT, SCALE = 960, 540, 1.5
# The rules need no room of their own.
STYLE = f"""<style class="rv-figures">{style(".js-plotly-plot")}
.jp-OutputArea-child:has(style.rv-figures), .output:has(> style.rv-figures) {{
  display: none;
}}</style>"""


class Figure(go.Figure):  # type: ignore[misc]  # plotly is not typed
    """A plotly figure that leaves a picture beside its data in a notebook.

    Only pages that bring plotly.js along draw what plotly leaves there by itself, so
    that a notebook converted by nbconvert, or shown on a web site, would be blank.
    The picture is HTML, because only there every converter keeps its alternative
    text; the text stands for it where there are no pictures. A figure of the mode
    "auto" is dark where the page is.
    """

    def _ipython_display_(self) -> None:
        bundle = self._repr_mimebundle_()
        if PLOTLY in bundle:
            if follows(self):
                display({"text/html": STYLE, "text/plain": ""}, raw=True)
            display(bundle, raw=True)
        else:
            super()._ipython_display_()

    def _repr_mimebundle_(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(*args, **kwargs)
        if PLOTLY in bundle and follows(self):
            bundle[PLOTLY] = marked(bundle[PLOTLY])
        if PLOTLY in bundle and "text/html" not in bundle:
            bundle |= self._stand_in()
        return bundle

    def _display_(self) -> go.Figure:
        """Return what marimo shows: a figure of plotly, dark where marimo is.

        marimo draws figures where no style sheet of ours applies, so a figure that is
        shown keeps its colours when the theme changes.
        """
        content = self.to_plotly_json()
        if follows(self) and sys.modules["marimo"].app_meta().theme == "dark":
            content = darkened(content)
        return go.Figure(content)

    def show(self, *args: Any, **kwargs: Any) -> None:
        """Show the figure as plotly does; without arguments as a cell shows it."""
        if args or kwargs or plotly.io.renderers.default != "plotly_mimetype":
            super().show(*args, **kwargs)
        else:
            self._ipython_display_()

    def _stand_in(self) -> dict[str, str]:
        """Return a picture and its alternative text, the text alone without one."""
        meta, title = self.layout.meta, self.layout.title.text
        alt = meta.get("alt") if isinstance(meta, Mapping) else None
        words = str(alt or title or "figure")
        width = int(self.layout.width or WIDTH)
        height = int(self.layout.height or HEIGHT)
        try:
            data = render(self, "png", width=width, height=height, scale=SCALE)
        except ValueError:  # it holds traces that need plotly.js
            return {"text/plain": words}
        picture = (
            f'<img alt="{html.escape(words)}" width="{width}" '
            f'style="max-width: 100%" src="{data_address("image/png", data)}">'
        )
        return {"text/html": picture, "text/plain": words}
