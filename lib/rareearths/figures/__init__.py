"""One look for all figures.

A plot function draws on an Axes and returns it; `show` puts title, subtitle, source, description
and data around it. Colour means economy, always the same one. The chart itself is an SVG whose
neutral colours follow the reader's light or dark setting.
"""

from rareearths.figures.claims import plot_ranges, plot_verdicts
from rareearths.figures.events import (
    plot_changes,
    plot_interrupted,
    plot_months,
    plot_placebos,
    plot_regimes,
    plot_synthetic,
    show_months,
    show_studies,
)
from rareearths.figures.frame import show
from rareearths.figures.hubs import plot_scan, plot_scan_rates, show_scan, show_scan_rates
from rareearths.figures.look import canvas, economy_colours
from rareearths.figures.quality import (
    plot_cautions,
    plot_coverage,
    plot_differences,
    plot_gaps,
    plot_marks,
    plot_reported,
    plot_revisions,
)
from rareearths.figures.scenarios import (
    plot_bottlenecks,
    plot_deciding,
    plot_fan,
    plot_waterfall,
    show_boards,
    show_bottlenecks,
    show_deciding,
    show_fans,
    show_sensitivities,
    show_waterfalls,
)
from rareearths.figures.shares import (
    by_year,
    hollow_note,
    plot_hhi,
    plot_published,
    plot_share_lines,
    plot_supplier_shares,
    plot_supplier_unit_values,
    plot_unit_values,
    show_supplier_unit_values,
)
from rareearths.figures.stages import show_stage_shares, show_stage_suppliers
from rareearths.figures.supply import (
    mark_splices,
    plot_abundance,
    plot_mine_hhi,
    plot_outside,
    plot_prices,
    plot_reserves,
    plot_stages,
)
from rareearths.figures.table import COLUMNS, show_assumptions, show_table
from rareearths.figures.timeline import plot_events_over_shares, plot_timeline, timeline_chart

__all__ = [
    "COLUMNS",
    "by_year",
    "canvas",
    "economy_colours",
    "hollow_note",
    "mark_splices",
    "plot_abundance",
    "plot_bottlenecks",
    "plot_cautions",
    "plot_changes",
    "plot_coverage",
    "plot_deciding",
    "plot_differences",
    "plot_events_over_shares",
    "plot_fan",
    "plot_gaps",
    "plot_hhi",
    "plot_interrupted",
    "plot_marks",
    "plot_mine_hhi",
    "plot_months",
    "plot_outside",
    "plot_placebos",
    "plot_prices",
    "plot_published",
    "plot_ranges",
    "plot_regimes",
    "plot_reported",
    "plot_reserves",
    "plot_revisions",
    "plot_scan",
    "plot_scan_rates",
    "plot_share_lines",
    "plot_stages",
    "plot_supplier_shares",
    "plot_supplier_unit_values",
    "plot_synthetic",
    "plot_timeline",
    "plot_unit_values",
    "plot_verdicts",
    "plot_waterfall",
    "show",
    "show_assumptions",
    "show_boards",
    "show_bottlenecks",
    "show_deciding",
    "show_fans",
    "show_months",
    "show_scan",
    "show_scan_rates",
    "show_sensitivities",
    "show_stage_shares",
    "show_stage_suppliers",
    "show_studies",
    "show_supplier_unit_values",
    "show_table",
    "show_waterfalls",
    "timeline_chart",
]
