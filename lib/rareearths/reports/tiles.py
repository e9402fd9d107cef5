"""The headline numbers of a page: a few of the recorded ones, in words, each with its change.

Which ones, and how they read, stands in ``template/numbers.csv``, in the rows with a ``tile``; a
notebook without one shows none. An estimate that may be chance has no place among them: a large
print would hide that.
"""

import math
from dataclasses import dataclass

from rareearths.reports import labels
from rareearths.words import fill, show_number

MOST, FEWEST = 5, 2  # of a row; a single one says no more than the answer above it


@dataclass(frozen=True)
class Tile:
    """A headline number as a page shows it.

    Attributes
    ----------
    value, label : str
    change : str
        Since the last report; empty where there is none.
    """

    value: str
    label: str
    change: str


def of_report(facts: dict) -> list[Tile]:
    """Return the tiles of a report, those that its record has numbers for.

    Parameters
    ----------
    facts : dict
        The record: ``notebook``, ``numbers``, ``subject`` and ``change``.
    """
    made = [_tile(row, facts) for row in rows() if f"{row['notebook']}.ipynb" == facts["notebook"]]
    shown = [tile for tile in made if tile][:MOST]
    return shown if len(shown) >= FEWEST else []


def rows() -> list[dict[str, str]]:
    """Return the rows of `labels.rows` that are headline numbers."""
    return [row for row in labels.rows() if row["tile"]]


def _tile(row: dict[str, str], facts: dict) -> Tile | None:
    """Return a tile; None where the record lacks one of its numbers."""
    recorded = facts["numbers"].items()
    known = {name: n for name, n in recorded if n is not None and math.isfinite(n)}
    known["supplier"] = labels.supplier_of(facts)
    template = row["value"] or f"{{{row['number']}:{row['format']}}}"
    try:
        value, label = fill(template, **known), fill(row["tile"], **known)
    except KeyError:
        return None
    return Tile(value, label, _change(row["number"], facts))


def _change(number: str, facts: dict) -> str:
    change = facts.get("change")
    if change is None or change["state"] == "new question":
        return ""
    parts = change["numbers"].get(number)
    if parts is None:
        return ""
    if parts["change"] is None:
        return f"not comparable with {change['since']}"
    if labels.label(facts, number).by_hundred:
        said = f"{show_number(parts['change'], 'points')} points"
    else:
        said = labels.plain([parts["change"]], signed=True)[0]
    return f"{said} since {change['since']}"
