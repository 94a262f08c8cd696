"""Comparisons that leave the notebook: to be read, explored, and made again.

A report to read and a page to explore are one HTML file each that needs no kernel, no
network and no other file, and that a strict content-security policy keeps from asking
for any. `replay` makes a saved figure again from its manifest.
"""

from .page import export_html
from .reporting import report

__all__ = ["export_html", "report"]
