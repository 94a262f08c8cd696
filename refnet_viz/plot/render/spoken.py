"""Title and description inside a drawing, where screen readers find them."""

from __future__ import annotations

import hashlib
import html
import re


def spoken(drawing: bytes, title: str, description: str) -> bytes:
    """Return an SVG that is one picture with a name and a description.

    Parameters
    ----------
    drawing
        The SVG.
    title, description
        Plain text; without a description the title serves.

    Examples
    --------
    >>> spoken(b'<svg width="1"></svg>', "a<b", "more").count(b"</desc>")
    1
    """
    title = title or description
    if not title:
        return drawing
    # Several drawings on one page must not share an id.
    name = hashlib.sha256(drawing).hexdigest()[:12]
    parts = [("title", title)] + [("desc", description)] * bool(description)
    names = " ".join(f"{tag}-{name}" for tag, _ in parts)
    inside = "".join(
        f'<{tag} id="{tag}-{name}">{html.escape(text, quote=False)}</{tag}>'
        for tag, text in parts
    )
    head = re.compile(r"<svg\b([^>]*)>")
    opened = f'<svg role="img" aria-labelledby="{names}"'
    svg = head.sub(lambda found: f"{opened}{found[1]}>{inside}", drawing.decode(), 1)
    return svg.encode()
