"""World Bank: political stability, from the Worldwide Governance Indicators.

The API answers with a list of two: a header and the rows of one page. Its errors are a list of one
and come with status 200. The ids of the two series are those that several public programs use; the
publisher's own list of series was not read.
"""

import re
from collections.abc import Callable
from datetime import date

import pandas as pd

from rareearths.sources.fetch import Manners, Request, Unusable, one_line
from rareearths.sources.plan import Fetched, Plan, years_in_words

NAME, TABLE = "worldbank", "political_stability"
TABLES = (TABLE,)
BASE = "https://api.worldbank.org/v2"
LICENCE = "CC BY 4.0: World Bank, Worldwide Governance Indicators"
MANNERS = Manners(spacing=1.0)
KEY = None
RULE = "each edition restates every year"
SERIES = {"estimate": "GOV_WGI_PV.EST", "standard_error": "GOV_WGI_PV.SE"}
DATABASE = "3"  # Worldwide Governance Indicators
FIRST_YEAR = 1996
PER_PAGE = 1000
MOST_PAGES = 100  # of one series; there are six
_FIELDS = ("countryiso3code", "date", "value")


def plan(tables: dict, since: int | None, today: date, base: str | None = None, **_) -> Plan:
    """Say what to ask: every year to the last complete one, as each edition restates them all.

    Parameters
    ----------
    tables : dict
        The present tables by name.
    since : int, optional
        First year to ask for.
    today : datetime.date
    base : str, optional
        Address of the API, for tests.
    """
    years = tuple(range(max(since or FIRST_YEAR, FIRST_YEAR), today.year))
    asked = tuple(_page(series, years, 1, base or BASE) for series in SERIES.values())
    why = f"{RULE}: {years_in_words(years)}"
    return Plan(NAME, TABLES, years, why, asked if years else (), {"base": base or BASE})


def fetch(
    made: Plan, read: Callable, economies: pd.DataFrame, note: Callable[[str], None]
) -> Fetched:
    """Read both series and join them.

    Parameters
    ----------
    made : Plan
    read : callable
        ``read(request, judge)``, see `rareearths.sources.raw.Copies`.
    economies : pandas.DataFrame
        The table ``economies``; rows of others, aggregates among them, are left out.
    note : callable
        Gets a line on what is left out.

    Returns
    -------
    Fetched
        Columns of ``political_stability``: ``economy``, ``year``, ``estimate`` and
        ``standard_error`` (standard deviations), ``normalised`` (0 best, 1 worst).

    Raises
    ------
    Unusable
        An answer is an error, is not what is documented, or pages repeat or are missing.
    """
    columns, editions, left_out = {}, set(), set()
    for column, series in SERIES.items():
        observed, edition = _series(made, series, read)
        editions.add(edition)
        known = observed["economy"].isin(economies["economy"])
        left_out |= set(observed.loc[~known, "label"])
        valued = observed[known].dropna(subset=["value"])
        columns[column] = valued.set_index(["economy", "year"])["value"]
    if len(editions) > 1:
        raise Unusable(f"World Bank: two editions in one refresh ({', '.join(sorted(editions))})")
    if left_out:
        note(f"World Bank: no economy of ours, left out: {', '.join(sorted(left_out))}")
    rows = pd.DataFrame(columns).dropna(subset=["estimate"]).astype("float64")
    rows["normalised"] = ((2.5 - rows["estimate"]) / 5).clip(0, 1)
    return Fetched({TABLE: rows.sort_index().round(6).reset_index()}, editions.pop())


def replaced(made: Plan, table: str, rows: pd.DataFrame) -> pd.Series:
    """Say which of the present rows the new ones stand for: those of the years asked for."""
    return rows["year"].isin(made.periods)


def ordered(table: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Sort the table as the bundled one."""
    return rows.sort_values(["economy", "year"], ignore_index=True)


def describe(resource: dict, rows: pd.DataFrame, whole: bool) -> dict:
    """Return the texts of ``datapackage.json`` that a refresh makes untrue.

    Parameters
    ----------
    resource : dict
        The present entry.
    rows : pandas.DataFrame
        The new table.
    whole : bool
        Whether every row of it was read now.
    """
    first, last = rows["year"].min(), rows["year"].max()
    title = f"Political stability and absence of violence, {first}-{last}"
    api = {"title": f"World Bank API, series {' and '.join(SERIES.values())}", "path": BASE}
    if not whole:
        others = [s for s in resource["sources"] if s["title"] != api["title"]]
        return {"title": title, "sources": [*others, api]}
    missing = sorted(set(range(first, last + 1)) - set(rows["year"]))
    gaps = f" There is no figure for {years_in_words(missing)}." if missing else ""
    text = f"Worldwide Governance Indicators, dimension political stability.{gaps}"
    return {"title": title, "description": text, "sources": [resource["sources"][0], api]}


def _page(series: str, years: tuple[int, ...], page: int, base: str) -> Request:
    params = {
        "source": DATABASE,
        "format": "json",
        "date": f"{years[0]}:{years[-1]}" if years else "",
        "per_page": str(PER_PAGE),
        "page": str(page),
    }
    return Request(f"{base}/country/all/indicator/{series}", params)


def _series(made: Plan, series: str, read: Callable) -> tuple[pd.DataFrame, str]:
    """Read all pages of one series; returns the observations and the edition's date."""
    observed, page, pages = [], 1, 1
    header: dict = {}
    while page <= pages:
        wanted = page

        def judge(data, wanted=wanted) -> int:
            return len(_rows(data, series, wanted))

        request = _page(series, made.periods, page, made.rest["base"])
        data = read(request, judge)
        header, pages, page = data[0], _whole(data[0], "pages"), page + 1
        if pages > MOST_PAGES:
            raise Unusable(f"World Bank {series}: {pages:,} pages are announced")
        observed += _rows(data, series, wanted)
    if len(observed) != _whole(header, "total"):
        message = f"{len(observed)} rows came, the header says {_whole(header, 'total')}"
        raise Unusable(f"World Bank {series}: {message}")
    if not observed:
        raise Unusable(f"World Bank {series}: no row for {years_in_words(made.periods)}")
    rows = pd.DataFrame([_observation(row, series) for row in observed])
    twice = rows[rows.duplicated(["label", "year"])]
    if len(twice):
        first = f"{twice.iloc[0]['label']} {twice.iloc[0]['year']}"
        raise Unusable(f"World Bank {series}: pages repeat rows, first {first}")
    return rows, one_line(header.get("lastupdated") or "not stated")


def _rows(data, series: str, page: int) -> list[dict]:
    """Return the rows of one page, after it was found to be the page that was asked for."""
    place = f"World Bank {series}, page {page}"
    header = data[0] if isinstance(data, list) and data else None
    if isinstance(header, dict) and "message" in header:
        raise Unusable(f"{place}: the answer is an error: {_said(header['message'])}")
    if not (isinstance(header, dict) and len(data) == 2 and _are_rows(data[1])):
        raise Unusable(f"{place}: not a header and a list of rows")
    rows = data[1] or []
    if rows and _whole(data[0], "page") != page:
        raise Unusable(f"{place}: the answer is page {_whole(data[0], 'page')}")
    for row in rows:
        lacking = [name for name in _FIELDS if name not in row]
        if lacking:
            raise Unusable(f"{place}: a row has no field {lacking[0]!r}")
    return rows


def _are_rows(rows) -> bool:
    """Whether this is a list of objects; null stands for none."""
    return rows is None or (isinstance(rows, list) and all(isinstance(row, dict) for row in rows))


def _said(messages) -> str:
    """The texts of an error in one line."""
    listed = messages if isinstance(messages, list) else [messages]
    texts = [str(m.get("value", m)) if isinstance(m, dict) else str(m) for m in listed]
    return one_line("; ".join(texts))


def _whole(header: dict, name: str) -> int:
    """Return a number of the header, which may be text."""
    try:
        return int(header[name])
    except (KeyError, TypeError, ValueError, OverflowError):
        raise Unusable(f"World Bank: the header has no number {name!r}") from None


def _observation(row: dict, series: str) -> dict:
    code = one_line(row["countryiso3code"] or "")
    country = row["country"] if isinstance(row.get("country"), dict) else {}
    if not re.fullmatch(r"[0-9]{4}", str(row["date"])):
        raise Unusable(f"World Bank {series}: {one_line(row['date'])!r} is no year")
    try:
        value = None if row["value"] in (None, "") else float(row["value"])
    except (TypeError, ValueError, OverflowError):
        raise Unusable(f"World Bank {series}: {one_line(row['value'])!r} is no number") from None
    label = code or one_line(country.get("value") or country.get("id") or "(no name)")
    return {"economy": code, "label": label, "year": int(row["date"]), "value": value}
