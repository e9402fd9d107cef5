"""One look for all figures.

A plot function draws on an Axes and returns it; `show` puts title, subtitle, source, description
and data around it. Colour means economy, always the same one. The chart itself is an SVG whose
neutral colours follow the reader's light or dark setting.
"""

from rareearths.figures.claims import plot_ranges, plot_verdicts
from rareearths.figures.disruption import (
    plot_carriers,
    plot_cover,
    plot_losses,
    plot_price,
    plot_stop,
)
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
from rareearths.figures.indices import (
    plot_concordance,
    plot_credit,
    plot_parts,
    plot_places,
    plot_ranks,
    rank_height,
)
from rareearths.figures.look import canvas, economy_colours
from rareearths.figures.network import (
    marginal_canvas,
    plot_inside_lines,
    plot_look_through,
    plot_marginal,
    plot_removal,
    show_tile_map,
)
from rareearths.figures.pairs import (
    instruments_height,
    plot_exposure,
    plot_instruments,
    plot_mutual,
    plot_overlap,
    plot_side_by_side,
    show_mutual,
    show_overlaps,
    show_side_by_side,
)
from rareearths.figures.position import (
    plot_material_band,
    plot_positions,
    plot_stage_balance,
    plot_terms,
    plot_value_steps,
)
from rareearths.figures.quality import (
    plot_cautions,
    plot_coverage,
    plot_differences,
    plot_gaps,
    plot_marks,
    plot_reported,
    plot_revisions,
)
from rareearths.figures.sankey import plot_sankey, sankey_layout
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
from rareearths.figures.tilemap import plot_tile_map, tile_canvas, tile_layout
from rareearths.figures.timeline import plot_events_over_shares, plot_timeline, timeline_chart

__all__ = [
    "COLUMNS",
    "by_year",
    "canvas",
    "economy_colours",
    "hollow_note",
    "instruments_height",
    "marginal_canvas",
    "mark_splices",
    "plot_abundance",
    "plot_carriers",
    "plot_cautions",
    "plot_changes",
    "plot_concordance",
    "plot_cover",
    "plot_coverage",
    "plot_credit",
    "plot_differences",
    "plot_events_over_shares",
    "plot_exposure",
    "plot_gaps",
    "plot_hhi",
    "plot_inside_lines",
    "plot_instruments",
    "plot_interrupted",
    "plot_look_through",
    "plot_losses",
    "plot_marginal",
    "plot_marks",
    "plot_material_band",
    "plot_mine_hhi",
    "plot_months",
    "plot_mutual",
    "plot_outside",
    "plot_overlap",
    "plot_parts",
    "plot_placebos",
    "plot_places",
    "plot_positions",
    "plot_price",
    "plot_prices",
    "plot_published",
    "plot_ranges",
    "plot_ranks",
    "plot_regimes",
    "plot_removal",
    "plot_reported",
    "plot_reserves",
    "plot_revisions",
    "plot_sankey",
    "plot_scan",
    "plot_scan_rates",
    "plot_share_lines",
    "plot_side_by_side",
    "plot_stage_balance",
    "plot_stages",
    "plot_stop",
    "plot_supplier_shares",
    "plot_supplier_unit_values",
    "plot_synthetic",
    "plot_terms",
    "plot_tile_map",
    "plot_timeline",
    "plot_unit_values",
    "plot_value_steps",
    "plot_verdicts",
    "rank_height",
    "sankey_layout",
    "show",
    "show_assumptions",
    "show_months",
    "show_mutual",
    "show_overlaps",
    "show_scan",
    "show_scan_rates",
    "show_side_by_side",
    "show_stage_shares",
    "show_stage_suppliers",
    "show_studies",
    "show_supplier_unit_values",
    "show_table",
    "show_tile_map",
    "tile_canvas",
    "tile_layout",
    "timeline_chart",
]
