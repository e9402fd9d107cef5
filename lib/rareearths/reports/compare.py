"""One number across reports: a table of the recorded numbers for each notebook."""

import math
from collections import Counter

from rareearths.reports import labels


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
    facts = group[0]["facts"]
    suppliers = {labels.supplier_of(card["facts"]) for card in group}
    supplier = suppliers.pop() if len(suppliers) == 1 else labels.THE_SUPPLIER
    columns = _columns(group)
    called = {name: labels.label(facts, name, supplier) for name in columns}
    pairs = [zip(v, _texts(called[name], v), strict=True) for name, v in columns.items()]
    rows = [list(cells) for cells in zip(*pairs, strict=True)]
    return {
        "notebook": notebook,
        "question": group[0]["question"],
        "names": {name: label.text for name, label in called.items()},
        "rows": list(zip(group, rows, strict=True)) if rows else [],
    }


def _foremost(group: list[dict]) -> list[str]:
    """Return the number whose history most of the cards show, as a list; empty without one."""
    drawn = Counter(card["trend"]["number"] for card in group if card["trend"])
    return [name for name, _ in drawn.most_common(1)]


def _columns(group: list[dict]) -> dict[str, list[float | None]]:
    """Return the values of each number in all reports, of those that tell reports apart."""
    recorded = [card["facts"]["numbers"] for card in group]
    names = dict.fromkeys(name for numbers in [_foremost(group), *recorded] for name in numbers)
    columns = {
        name: [_finite(numbers.get(name)) for numbers in recorded]
        for name in names
        if not labels.is_year(group[0]["facts"], name)
    }
    return {name: values for name, values in columns.items() if len({*values} - {None}) > 1}


def _texts(label: labels.Label, values: list[float | None]) -> list[str]:
    """Return the cells of a column; numbers without a format have the same decimals."""
    return [label.shown(v) for v in values] if label.form else labels.plain(values)


def _finite(value) -> float | None:
    return value if value is not None and math.isfinite(value) else None
