"""The headline numbers of a page: a few of the recorded ones, in words, each with its change.

Which ones, and how they read, stands in ``template/tiles.csv``; a notebook without a row there
shows none. An estimate that may be chance has no place among them: a large print would hide that.
"""

import csv
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rareearths.reports import change_text
from rareearths.words import fill, show_number

TABLE = Path(__file__).parent / "template/tiles.csv"

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
        The record: ``notebook``, ``numbers`` and ``change``.
    """
    made = [_tile(row, facts) for row in rows() if f"{row['notebook']}.ipynb" == facts["notebook"]]
    shown = [tile for tile in made if tile][:MOST]
    return shown if len(shown) >= FEWEST else []


@cache
def rows() -> list[dict[str, str]]:
    """Return the rows of the table: ``notebook``, ``number``, ``unit``, ``value``, ``label``.

    ``value`` and ``label`` are templates filled with the numbers of the record (see
    `words.fill`); ``number`` is the one whose change is shown, in ``unit``: ``points`` for a
    fraction, ``plain`` for others.
    """
    with TABLE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _tile(row: dict[str, str], facts: dict) -> Tile | None:
    """Return a tile; None where the record lacks one of its numbers."""
    recorded = facts["numbers"].items()
    known = {name: n for name, n in recorded if n is not None and math.isfinite(n)}
    try:
        value, label = (fill(row[part], **known) for part in ("value", "label"))
    except KeyError:
        return None
    return Tile(value, label, _change(row, facts.get("change")))


def _change(row: dict[str, str], change: dict | None) -> str:
    if change is None or change["state"] == "new question":
        return ""
    parts = change["numbers"].get(row["number"])
    if parts is None:
        return ""
    if parts["change"] is None:
        return f"not comparable with {change['since']}"
    if row["unit"] == "points":
        said = f"{show_number(parts['change'], 'points')} points".replace("-", "−")
    else:
        said = change_text.shown([parts["change"]], signed=True)[0]
    return f"{said} since {change['since']}"
