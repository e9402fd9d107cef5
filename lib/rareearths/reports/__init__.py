"""From notebook to page: what a notebook says with, and how its report is rendered."""

from rareearths.reports.prose import (
    ClaimError,
    NoTrade,
    choose,
    claim,
    fill,
    record,
    require_trade,
    say,
    sources,
)

__all__ = [
    "ClaimError",
    "NoTrade",
    "choose",
    "claim",
    "fill",
    "record",
    "require_trade",
    "say",
    "sources",
]
