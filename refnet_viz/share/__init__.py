"""Comparisons that leave the notebook, and figures that are made again."""
