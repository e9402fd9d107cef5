"""What the sources of ``monthly_imports`` share: which months to ask, sums against totals, texts.

A month is text, ``"2026-03"``, so that months compare as they follow each other.
"""

from collections.abc import Callable, Iterable
from datetime import date, timedelta

import pandas as pd

from rareearths import catalogue
from rareearths.sources.plan import because

TABLE = "monthly_imports"
PARTNERS = "partner_codes"
FIRST_MONTH = "2017-01"  # HS 2017 begins, and a year lies before the tariffs of 2018
REVISED_MONTHS = 18  # the US revises a year until June of the next: its January is 18 months back
RULE = f"months that are missing, and the {REVISED_MONTHS} latest, which may be revised"
TOLERANCE = 0.001  # of the total; what a sum of rounded parts may miss
COLUMNS = ["month", "importer", "schedule", "code", "product", "exporter", "value", "currency",
           "valuation", "quantity_kg", "provisional", "source"]  # fmt: skip
KEY = ["month", "importer", "code", "exporter"]


def months_between(first: str, last: str) -> list[str]:
    """Return the months from the first to the last, both included.

    Examples
    --------
    >>> months_between("2025-11", "2026-01")
    ['2025-11', '2025-12', '2026-01']
    """
    numbers = range(_number(first), _number(last) + 1)
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in numbers]


def last_published(today: date, days: int) -> str:
    """Return the last month that ended at least so many days ago.

    Examples
    --------
    >>> last_published(date(2026, 11, 30), 35)
    '2026-09'
    """
    next_month = today - timedelta(days - 1)
    number = next_month.year * 12 + next_month.month - 2
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def first_revised(last: str) -> str:
    """Return the first of the months that may be revised, when ``last`` is the latest."""
    return months_between(FIRST_MONTH, last)[-REVISED_MONTHS:][0]


def months_to_ask(
    rows: pd.DataFrame, importer: str, last: str, since: int | None
) -> tuple[tuple[str, ...], str]:
    """Choose the months to ask for, and say why.

    A month that is provisional in the table is asked for until it is not.

    Parameters
    ----------
    rows : pandas.DataFrame
        The present ``monthly_imports``.
    importer : str
    last : str
        The last month that can be out.
    since : int, optional
        Ask for every month of this year and later, whatever the rule says.
    """
    if since is not None:
        return tuple(months_between(f"{since}-01", last)), f"every month from {since}"
    wanted = months_between(FIRST_MONTH, last)
    present = rows[rows["importer"] == importer]
    missing = set(wanted) - set(present["month"])
    open_ones = set(present.loc[present["provisional"].astype("bool"), "month"])
    revised = (open_ones | set(wanted[-REVISED_MONTHS:])) - missing
    named = {"missing": missing, "may be revised": revised}
    return tuple(sorted(missing | revised)), because(named, months_in_words)


def months_by_rule(
    present: Iterable[str], since: int | None, first: str, last: str, revised: int
) -> tuple[tuple[str, ...], str]:
    """Choose months that are missing between two, and the latest ones that are there; say why.

    Parameters
    ----------
    present : iterable of str
        Months of which there are rows.
    since : int, optional
        Ask for every month of this year and later, whatever the rule says.
    first, last : str
    revised : int
        How many of the latest months that are there may be revised.
    """
    if since is not None:
        return tuple(months_between(f"{since}-01", last)), f"every month from {since}"
    known = sorted(set(present))
    missing = set(months_between(first, last)) - set(known)
    latest = set(known[-revised:])
    why = because({"missing": missing, "may be revised": latest}, months_in_words)
    return tuple(sorted(missing | latest)), why


def spans(months: Iterable[str], most: int) -> list[tuple[str, ...]]:
    """Cut months into runs without a gap, of at most so many months each.

    Examples
    --------
    >>> spans(["2025-01", "2025-02", "2025-03", "2026-01"], 2)
    [('2025-01', '2025-02'), ('2025-03',), ('2026-01',)]
    """
    runs: list[list[str]] = []
    for month in sorted(set(months)):
        if runs and len(runs[-1]) < most and _number(month) == _number(runs[-1][-1]) + 1:
            runs[-1].append(month)
        else:
            runs.append([month])
    return [tuple(run) for run in runs]


def months_in_words(months: Iterable[str]) -> str:
    """Return months with runs joined.

    Examples
    --------
    >>> months_in_words(["2025-01", "2025-02", "2026-01"])
    '2025-01 to 2025-02, 2026-01'
    """
    runs = spans(months, most=10_000)
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def partners(system: str) -> pd.DataFrame:
    """Return the codes of one publisher: ``name`` and ``economy`` (ISO3) by ``code``."""
    codes = catalogue.load(PARTNERS)
    return codes[codes["system"] == system].set_index("code")[["name", "economy"]]


def table_rows(parts: pd.DataFrame, revised_from: str, **same) -> pd.DataFrame:
    """Make rows of the table; several partners of one economy are one row.

    Parameters
    ----------
    parts : pandas.DataFrame
        `KEY`, ``value`` (currency of the source) and ``quantity_kg`` (kg, missing where not known).
    revised_from : str
        Months from this one on are provisional.
    **same
        Columns with one value in all rows: ``schedule``, ``currency``, ``valuation``, ``source``.
    """
    grouped = parts.groupby(KEY)
    weight = grouped["quantity_kg"]
    sums = pd.DataFrame(
        {
            "value": grouped["value"].sum(),
            "quantity_kg": weight.sum().where(weight.count() == weight.size()),
        }
    )
    rows = sums.round(3).reset_index()
    rows["product"] = rows["code"].str[:6]
    rows["provisional"] = rows["month"] >= revised_from
    return rows.assign(**same)[COLUMNS]


def tell_gaps(
    whose: str, parts: pd.Series, totals: pd.Series, currency: str, note: Callable[[str], None]
) -> None:
    """Compare sums over partners with the publisher's totals, and tell how many differ.

    Parameters
    ----------
    whose : str
        Name of the publisher.
    parts, totals : pandas.Series
        Values by flow: the index says which.
    """
    both = pd.DataFrame({"parts": parts, "total": totals})
    untold = both["total"].isna()
    both["parts"] = both["parts"].fillna(0.0)
    gap = (both["parts"] - both["total"]).abs()
    differ = both[(gap > TOLERANCE * both["total"].abs()) & ~untold]
    if len(differ):
        worst = gap[differ.index].idxmax()
        row = differ.loc[worst]
        sums = f"{row['parts']:,.0f} of {row['total']:,.0f} {currency}"
        note(
            f"{whose}: partners do not sum to the total in {len(differ):,} of {len(both):,} flows, "
            f"most in {' '.join(map(str, worst))}: {sums}"
        )
    if untold.any():
        note(f"{whose}: {int(untold.sum()):,} of {len(both):,} flows have no total to compare with")


def tell_left_out(
    whose: str, unknown: pd.DataFrame, currency: str, note: Callable[[str], None]
) -> None:
    """Tell the value of partners that are no economy (columns ``partner`` and ``value``)."""
    if len(unknown):
        codes = ", ".join(sorted(unknown["partner"].unique()))
        value = f"{unknown['value'].sum():,.0f} {currency}"
        note(f"{whose}: {value} of partners that are no economy, left out ({codes})")


def ordered(table: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Sort the table by its key."""
    return rows.sort_values(KEY, ignore_index=True)


def describe(resource: dict, rows: pd.DataFrame, whole: bool) -> dict:
    """Return the texts of ``datapackage.json`` that a refresh makes untrue."""
    by_importer = rows.groupby("importer")["month"]
    months = "; ".join(f"{name}: {months_in_words(these)}" for name, these in by_importer)
    text = (
        "Imports by month, national code and origin, as the customs of the importer report them. "
        f"Months that have rows: {months}."
    )
    return {"description": text}


def _number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:]) - 1
