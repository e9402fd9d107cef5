"""One look for all figures.

A plot function draws on an Axes and returns it; `show` puts title, subtitle, source, description
and data around it. Colour means economy, always the same one. The chart itself is an SVG whose
neutral colours follow the reader's light or dark setting.
"""

from rareearths.figures.frame import show
from rareearths.figures.look import canvas, economy_colours
from rareearths.figures.shares import (
    plot_hhi,
    plot_published,
    plot_share_lines,
    plot_supplier_shares,
    plot_unit_values,
)
from rareearths.figures.table import COLUMNS, show_table

__all__ = [
    "COLUMNS",
    "canvas",
    "economy_colours",
    "plot_hhi",
    "plot_published",
    "plot_share_lines",
    "plot_supplier_shares",
    "plot_unit_values",
    "show",
    "show_table",
]
