"""The picture a cell keeps when nothing is running behind it."""

from __future__ import annotations

import base64
import html

import plotly.graph_objects as go

from ..plot.render import render

WIDTH, HEIGHT = 900, 620
# Without a kernel Lab writes an error where the widget was; only outputs of widgets do
# not say what type they have.
STYLE = """
<style>
.jp-OutputArea:has(.rv-static):not(:has(.rv-explorer)) .jp-OutputArea-child:has(
  > .jp-OutputArea-output:not([data-mime-type])) { display: none; }
</style>
"""


def picture(figure: go.Figure, alt: str) -> str:
    """Return HTML with a picture of a figure, drawn without a browser.

    The style of the explorer hides it wherever the explorer itself is shown.

    Parameters
    ----------
    figure
        A plain figure.
    alt
        What it shows, for those who cannot see it.
    """
    data = render(figure, "png", width=WIDTH, height=HEIGHT, scale=1.5)
    source = base64.b64encode(data).decode()
    return (
        f'{STYLE}<img class="rv-static" alt="{html.escape(alt)}" '
        f'style="max-width: 100%" width="{WIDTH}" '
        f'src="data:image/png;base64,{source}">'
    )
