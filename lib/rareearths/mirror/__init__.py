"""The same flow as both sides state it: the mirror gap, and the band around shares and HHI.

`statements` lays what importer and exporter report side by side, `bounds` says what shares and
their concentration can be between them, `band` does so by year and `months` by month, `bundled`
holds further comparisons of the bundled tables.
"""

from rareearths.mirror.band import (
    BACI_ALONE,
    BOTH_AT_HAND,
    BOUNDS,
    by_margin,
    mirror_band,
    numbers,
    share_band,
)
from rareearths.mirror.bounds import largest_hhi, least_hhi, share_bounds
from rareearths.mirror.bundled import china_exports_against_baci, evidence, monthly_exports_to
from rareearths.mirror.gap import freight_margin, log_gap
from rareearths.mirror.months import by_month
from rareearths.mirror.statements import BOTH, largest_flows, load, side_by_side

__all__ = [
    "BACI_ALONE",
    "BOTH",
    "BOTH_AT_HAND",
    "BOUNDS",
    "by_margin",
    "by_month",
    "china_exports_against_baci",
    "evidence",
    "freight_margin",
    "largest_flows",
    "largest_hhi",
    "least_hhi",
    "load",
    "log_gap",
    "mirror_band",
    "monthly_exports_to",
    "numbers",
    "share_band",
    "share_bounds",
    "side_by_side",
]
