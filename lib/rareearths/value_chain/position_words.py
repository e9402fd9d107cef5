"""Words that the tables and the sentences on the value chain share."""

from rareearths import stages

INPUTS = {"prices": "Prices of the oxides", "magnet_price": "Price of the magnet"}


def stage_name(stage: str) -> str:
    """The plural of a stage as it stands in a sentence; magnets say that they are a selection."""
    return "magnets (larger flows)" if stage == stages.MAGNETS else stages.PLURALS[stage]


def span(low: float, high: float) -> str:
    """Two fractions as text, once where they round to the same.

    Examples
    --------
    >>> span(0.34, 0.662), span(0.9, 0.901)
    ('34% to 66%', '90%')
    """
    low, high = f"{low:.0%}", f"{high:.0%}"
    return low if low == high else f"{low} to {high}"


def capital(text: str) -> str:
    """Return text with a capital first letter."""
    return text[0].upper() + text[1:]
