"""The claims ledger: each claim of ``policy/claims.csv``, its test on the data, and the verdict."""

from rareearths.claims.finding import (
    CONTESTED,
    NOT_SUPPORTED,
    NOT_TESTABLE,
    NOT_YET,
    SUPPORTED,
    VERDICTS,
    Finding,
    MissingData,
    Setting,
)
from rareearths.claims.ledger import (
    assess,
    counts,
    in_words,
    ledger,
    load_claims,
    names,
    numbers,
    widest,
    with_range,
)
from rareearths.claims.published import figures

__all__ = [
    "CONTESTED",
    "NOT_SUPPORTED",
    "NOT_TESTABLE",
    "NOT_YET",
    "SUPPORTED",
    "VERDICTS",
    "Finding",
    "MissingData",
    "Setting",
    "assess",
    "counts",
    "figures",
    "in_words",
    "ledger",
    "load_claims",
    "names",
    "numbers",
    "widest",
    "with_range",
]
