"""One number across reports: a table of the recorded numbers for each notebook."""

import math
import re
from collections import Counter

from rareearths.reports import change_text

_YEAR = re.compile(r"(^|_)year$")


def tables(cards: list[dict]) -> list[dict]:
    """Return a table for each notebook with numbers that can be compared.

    Those are recorded by at least two of its reports, are not the same in all of them and are no
    years. The number whose history most of the cards show stands first.

    Parameters
    ----------
    cards : list of dict
        From `rareearths.reports.cards`.

    Returns
    -------
    list of dict
        ``notebook``, ``question``, ``names`` (name of a number to its words) and ``rows``: card
        and cells, of each the exact value (None where it is missing) and the text.
    """
    groups: dict[str, list[dict]] = {}
    for card in cards:
        if (card["facts"] or {}).get("numbers"):
            groups.setdefault(card["notebook"], []).append(card)
    made = [_table(notebook, group) for notebook, group in groups.items()]
    return [table for table in made if table["names"]]


def _table(notebook: str, group: list[dict]) -> dict:
    columns = _columns([card["facts"]["numbers"] for card in group], _foremost(group))
    pairs = [zip(v, change_text.shown(v), strict=True) for v in columns.values()]
    rows = [list(cells) for cells in zip(*pairs, strict=True)]
    return {
        "notebook": notebook,
        "question": group[0]["question"],
        "names": {name: change_text.readable(name) for name in columns},
        "rows": list(zip(group, rows, strict=True)) if rows else [],
    }


def _foremost(group: list[dict]) -> list[str]:
    """Return the number whose history most of the cards show, as a list; empty without one."""
    drawn = Counter(card["trend"]["number"] for card in group if card["trend"])
    return [name for name, _ in drawn.most_common(1)]


def _columns(recorded: list[dict], foremost: list[str]) -> dict[str, list[float | None]]:
    """Return the values of each number in all reports, of those that tell reports apart."""
    names = dict.fromkeys(name for numbers in [foremost, *recorded] for name in numbers)
    columns = {
        name: [_finite(numbers.get(name)) for numbers in recorded]
        for name in names
        if not _YEAR.search(name)
    }
    return {name: values for name, values in columns.items() if len({*values} - {None}) > 1}


def _finite(value) -> float | None:
    return value if value is not None and math.isfinite(value) else None
