"""From notebook to page: what a notebook says with, and how its report is rendered."""

from rareearths.reports.prose import (
    ClaimError,
    NothingToReport,
    choose,
    claim,
    conclude,
    fill,
    record,
    require_rows,
    say,
    sources,
)
from rareearths.translation import speak

__all__ = [
    "ClaimError",
    "NothingToReport",
    "choose",
    "claim",
    "conclude",
    "fill",
    "record",
    "require_rows",
    "say",
    "sources",
    "speak",
]
