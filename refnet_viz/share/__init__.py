"""Comparisons that leave the notebook: a report to read, a page to explore.

Each is one HTML file that needs no kernel, no network and no other file, and that a
strict content-security policy keeps from asking for any.
"""

from .page import export_html
from .reporting import report

__all__ = ["export_html", "report"]
