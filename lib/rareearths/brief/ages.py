"""How old each table is, and which source is stale.

A series by month or year is as old as the end of its last period; what is gathered from many pages
is as old as its last reading. Each may be as old as its interval plus an allowance, `ALLOWED`: for
a series the time that publishers take.
"""

from collections.abc import Iterable

import pandas as pd

from rareearths import catalogue, policy
from rareearths.reports.history import PERIOD_FIELDS

ALLOWED = {"monthly": (31, 92), "annual": (366, 366), "irregular": (183, 31)}  # days
_RHYTHM = {"monthly": "by month", "annual": "by year", "irregular": "gathered from pages"}
_COLUMNS = ("name", "series", "rhythm", "last_period", "accessed", "age_days", "most_days",
            "is_stale", "freshness")  # fmt: skip


def tables_of(records: list[dict]) -> list[str]:
    """Return the tables that reports read, and those read so far here, in their order."""
    named = [table["name"] for record in records for table in record["tables"]]
    named += [table.name for table in catalogue.used()]
    return [name for name in dict.fromkeys(named) if name in catalogue.tables()]


def ages(names: Iterable[str], day: pd.Timestamp) -> pd.DataFrame:
    """Return how old tables are on a day, stale ones first.

    Left out are lists, series that have ended, and tables that no refresh has filled yet.

    Parameters
    ----------
    names : iterable of str
        Tables of the catalogue.
    day : pandas.Timestamp

    Returns
    -------
    pandas.DataFrame
        ``name``, ``series`` (title), ``rhythm``, ``last_period``, ``accessed`` (day of reading),
        ``age_days``, ``most_days`` (interval plus allowance), ``is_stale`` and ``freshness``.
    """
    tables = [catalogue.table(name) for name in names]
    rows = [_row(table, day) for table in tables if table.updated in ALLOWED and table.rows]
    made = pd.DataFrame(rows, columns=list(_COLUMNS))
    made["over"] = made["age_days"] / made["most_days"]
    made = made.sort_values("over", ascending=False, kind="stable", ignore_index=True)
    return made.drop(columns="over")


def _row(table: catalogue.Table, day: pd.Timestamp) -> dict:
    last = _last_period(table)
    by_period = last and table.updated != "irregular"
    since = policy.last_day(last) if by_period else policy.check_day(table.accessed)
    age, most = max(0, (day - since).days), sum(ALLOWED[table.updated])
    return {
        "name": table.name,
        "series": table.title,
        "rhythm": _RHYTHM[table.updated],
        "last_period": last or "–",
        "accessed": table.accessed,
        "age_days": age,
        "most_days": most,
        "is_stale": age > most,
        "freshness": "stale" if age > most else "current",
    }


def _last_period(table: catalogue.Table) -> str:
    """Return the last period that was observed; empty for a table without periods.

    Periods after the day of reading are projections and do not count.
    """
    names = {field["name"] for field in table.fields}
    field = next((name for name in PERIOD_FIELDS if name in names), None)
    if field is None:
        return ""
    periods = catalogue.load(table.name, columns=[field])[field].dropna().astype(str)
    return periods[periods <= table.accessed].max()
