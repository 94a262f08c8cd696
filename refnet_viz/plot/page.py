"""A figure as one HTML page that asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from typing import Any

import plotly.graph_objects as go

from .. import _check
from .describe import describe, title_of
from .following import follows, marked, style
from .render.style import colour

BESIDE = "plotly.min.js"
# The button would send the data to a cloud.
CONFIG = {"showSendToCloud": False, "displaylogo": False, "responsive": True}
# WebGL is drawn by programs that plotly puts together in the page, by eval.
WEBGL = ("scattergl", "scatterpolargl", "splom", "parcoords")
HIDDEN = (
    "position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;"
    "clip-path:inset(50%);white-space:nowrap"
)
PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<meta name="description" content="{alt}">{style}
</head>
<body style="margin: 0; background: {paper}">
<main role="figure" aria-label="{title}" aria-describedby="refnet-viz-words">
<p id="refnet-viz-words" style="{hidden}">{alt}</p>
{figure}
</main>
</body>
</html>
"""


def page(figure: go.Figure, plotlyjs: Any) -> str:
    """Return a page whose content-security policy lets in only its own scripts.

    Parameters
    ----------
    figure
        To be shown.
    plotlyjs
        True puts plotly.js into the page, "directory" expects it beside the page.

    Raises
    ------
    ValueError
        If `plotlyjs` is neither.
    """
    if plotlyjs is not True and not (
        isinstance(plotlyjs, str) and plotlyjs == "directory"
    ):
        raise ValueError(
            f"`plotlyjs` must be True or 'directory', got {_check.shown(plotlyjs)}."
        )
    rules = ""
    if follows(figure):
        rules = f"\n<style>{style()}</style>"
        figure = go.Figure(marked(figure.to_plotly_json()))
    # A fixed name of the division keeps the file the same every time.
    body = figure.to_html(
        full_html=False, include_plotlyjs=plotlyjs, div_id="refnet-viz", config=CONFIG
    )
    red, green, blue, _ = colour(_paper(figure))
    return PAGE.format(
        style=rules,
        policy=policy(body, webgl=any(t.type in WEBGL for t in figure.data)),
        title=html.escape(title_of(figure) or "figure"),
        alt=html.escape(describe(figure)),
        paper=f"rgb({red * 255:.0f}, {green * 255:.0f}, {blue * 255:.0f})",
        hidden=HIDDEN,
        figure=body,
    )


def source_hash(code: str) -> str:
    """Return the name of an inline script or style in a content-security policy.

    Examples
    --------
    >>> source_hash("")
    'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
    """
    digest = hashlib.sha256(code.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def policy(body: str, *, webgl: bool) -> str:
    """Return a policy under which only the scripts in `body` run, and nothing loads.

    Parameters
    ----------
    body
        HTML; its scripts are named by what they hash to.
    webgl
        Whether they put programs together, which is eval.

    Examples
    --------
    >>> policy("<script>1</script>", webgl=False).split("; ")[1]
    "script-src 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='"
    """
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", body, re.DOTALL)
    allowed = [f"'{source_hash(text)}'" for text in dict.fromkeys(scripts) if text]
    allowed += ["'self'"] * (f'src="{BESIDE}"' in body)
    allowed += ["'unsafe-eval'"] * webgl
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(allowed)}",
            "style-src 'unsafe-inline'",
            "img-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _paper(figure: go.Figure) -> str:
    layout = figure.layout
    return layout.paper_bgcolor or layout.template.layout.paper_bgcolor or "#FFFFFF"
