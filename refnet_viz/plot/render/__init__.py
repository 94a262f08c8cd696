"""Pictures of plotly figures without a browser: the same figure, by matplotlib.

It knows what the plots of this package are made of: scatter, bar, histogram and
heatmap traces, subplots, shapes, annotations, legends and colour bars. Anything else
is refused in one sentence, never left out in silence.
"""

from .picture import render

__all__ = ["render"]
