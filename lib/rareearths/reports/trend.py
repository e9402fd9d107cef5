"""How a recorded number came about: the years before it, from the data of the report's figures."""

import csv
import io
import math
from collections.abc import Iterator

from rareearths.reports import receipts

YEAR = "year"
LEAST = 5  # years with a value; fewer make no line
_FEW_DIGITS = 6  # decimals; a number with no more may equal another one by chance


def trend(notebook, numbers: dict) -> dict | None:
    """Return the first line of a figure or table that ends in a recorded number.

    A line is a column of numbers of a table with the column ``year``, each year once; where the
    table holds several lines, its columns of text tell them apart. That a recorded number is the
    value of the line's newest year, to the last digit, makes it the number's own history.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Only the cells that the page shows.
    numbers : dict
        The recorded numbers.

    Returns
    -------
    dict or None
        ``number`` (its name), ``receipt`` (from 1, as in the record), ``years`` and ``values``
        (None where missing); None when no figure shows how a number came about.
    """
    names = {v: name for name, v in reversed(numbers.items()) if _is_distinct(v)}
    for n, text in enumerate(receipts.data(notebook), 1):
        if any(repr(value) in text for value in names):
            for values in _lines(text):
                known = {year: value for year, value in values.items() if value is not None}
                last = known[max(known)] if len(known) >= LEAST else None
                if last in names:
                    found = {"number": names[last], "receipt": n}
                    return found | {"years": list(values), "values": list(values.values())}
    return None


def _is_distinct(value) -> bool:
    return isinstance(value, float) and math.isfinite(value) and round(value, _FEW_DIGITS) != value


def _lines(text: str) -> Iterator[dict[int, float | None]]:
    """Yield the lines of a table in CSV, each as its values by year."""
    rows = list(csv.DictReader(io.StringIO(text)))
    if not rows or YEAR not in rows[0] or not all(row[YEAR].isdecimal() for row in rows):
        return
    others = [name for name in rows[0] if name != YEAR]
    columns = {name: [_number(row[name]) for row in rows] for name in others}
    texts = [name for name in others if columns[name].count(math.inf)]
    places: dict[tuple, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(tuple(row[name] for name in texts), []).append(place)
    for group in places.values():
        ordered = sorted(group, key=lambda place: int(rows[place][YEAR]))
        years = [int(rows[place][YEAR]) for place in ordered]
        if len(set(years)) == len(years) >= LEAST:
            for name in others:
                if name not in texts:
                    yield dict(zip(years, (columns[name][p] for p in ordered), strict=True))


def _number(text: str | None) -> float | None:
    """Return a cell as a number: None where it is empty, infinite where it is text."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        return math.inf
    return value if math.isfinite(value) else math.inf
