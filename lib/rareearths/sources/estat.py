"""e-Stat: Japan's imports by month, 9-digit code and origin, from its trade statistics.

A table holds five years; the year is on the axis ``time``, the month is part of the measure
(``cat02``). Codes have no names and differ from year to year, so that they are looked up by their
first six digits. Months that are not out yet are zeros. A year is fixed late in the next one; until
then its months are flagged as provisional. There is no way without a key: the published CSV files
have addresses that only the catalogue of the same API tells.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date

import pandas as pd

from rareearths.sources import customs_names, estat_answers, monthly
from rareearths.sources.estat_answers import PUBLISHER, plain
from rareearths.sources.fetch import Manners, Refused, Request, SourceError, Unusable, one_line
from rareearths.sources.plan import Fetched, KeyRule, Plan, because, years_in_words

NAME, TABLE = "estat", monthly.TABLE
TABLES = (TABLE,)
ordered, describe = monthly.ordered, monthly.describe
BASE = "https://api.e-stat.go.jp/rest/3.0/app/json"
LICENCE = "terms of e-Stat, with credit: Japan Ministry of Finance, trade statistics, by e-Stat"
MANNERS = Manners(spacing=2.0)
KEY = KeyRule("ESTAT_APP_ID", "appId", in_address=True, required=True)
RULE = "years that are missing or provisional, this year and the last"
IMPORTER = "JPN"
PREFIXES = ("280530", "284610", "284690", "850511")
FIRST_YEAR = 2010  # of a table without rows: the year of the stop; --since asks for earlier ones
STATISTICS = "00350300"
# Imports by commodity and country, nationwide, by the first year of a table.
IMPORT_TABLES = {
    2001: "0003228183",
    2006: "0003228184",
    2011: "0003228185",
    2016: "0003313966",
    2021: "0003425294",
    2026: "0004049326",
}
LIST_WORDS = ("品別国別表", "輸入")
OTHER_LISTS = ("概況", "税関")  # by principal commodity, by customs office
UNIT_CODES = {1: "100", 2: "110"}  # by quantity slot
FIRST_CODE, STEP = {1: 150, 2: 160, "value": 170}, 30  # of January, and to the next month
VALUE_CODES = {str(FIRST_CODE["value"] + STEP * month) for month in range(12)}
KINDS = {1: "数量", 2: "数量", "value": "金額"}
VALUE_UNIT, YEN = "千円", 1000
KILOGRAM = "KG"
MISSING = ("", "-", "***", "X", "...", "…")
MOST_CODES = 100  # of one parameter
LIMIT = 100_000  # rows of one page
MOST_PAGES = 200
LARGEST = 1e12  # thousand yen; more than all imports of a year


def plan(tables: dict, since: int | None, today: date, base: str | None = None, **_) -> Plan:
    """Say what to ask: months of the years by `RULE`, to the last complete month.

    Parameters
    ----------
    tables : dict
        The present tables by name.
    since : int, optional
        Ask for every year from this one on.
    today : datetime.date
    base : str, optional
        Address of the API, for tests.
    """
    rows = tables[TABLE]
    own = rows[rows["importer"] == IMPORTER]
    last = today.year if today.month > 1 else today.year - 1
    if since is None:
        years, why = _chosen_years(own, last)
    else:
        years = tuple(range(max(since, min(IMPORT_TABLES)), last + 1))
        why = f"every year from {since}"
    months = tuple(
        f"{year}-{month:02d}"
        for year in years
        for month in range(1, 13)
        if (year, month) < (today.year, today.month)
    )
    asked = sorted({IMPORT_TABLES[max(y for y in IMPORT_TABLES if y <= year)] for year in years})
    base = base or BASE
    rest = {"base": base, "tables": tuple(asked), "years": years, "fixed_to": today.year - 2}
    return Plan(NAME, TABLES, months, why, tuple(_meta(base, table) for table in asked), rest)


def fetch(
    made: Plan, read: Callable, economies: pd.DataFrame, note: Callable[[str], None]
) -> Fetched:
    """Read the months asked for, in the columns of ``monthly_imports``.

    Parameters
    ----------
    made, read, economies, note
        As of `rareearths.sources.worldbank.fetch`.

    Returns
    -------
    Fetched
        ``value`` in yen, cif; ``quantity_kg`` of the slot that is counted in kilograms, missing
        where it is zero or there is none.

    Raises
    ------
    SourceError
        The key is refused, or an answer is not what is documented.
    """
    parts, vintages = [], []
    try:
        for table, axes, years in _found(made, read, note):
            rows, updated = _imports(made, read, table, axes, years, economies, note)
            parts.append(rows)
            vintages.append(f"{table} of {updated}")
    except Refused as error:
        raise _explained(error) from None
    if not parts:
        raise Unusable(f"{PUBLISHER}: no table has {years_in_words(made.rest['years'])}")
    rows = pd.concat(parts)
    rows = ordered(TABLE, rows[rows["month"].isin(made.periods)])
    out = set(rows["month"])
    if gaps := [m for m in made.periods if out and min(out) < m < max(out) and m not in out]:
        note(f"{PUBLISHER}: no trade at all in {', '.join(gaps)}")
    return Fetched({TABLE: rows}, "; ".join(vintages))


def replaced(made: Plan, table: str, rows: pd.DataFrame) -> pd.Series:
    """Say which of the present rows the new ones stand for: Japan's of the months asked for."""
    return (rows["importer"] == IMPORTER) & rows["month"].isin(made.periods)


def _chosen_years(own: pd.DataFrame, last: int) -> tuple[tuple[int, ...], str]:
    if own.empty:
        years = range(FIRST_YEAR, last + 1)
        return tuple(years), f"no rows yet: every year from {FIRST_YEAR}"
    present = own["month"].str[:4].astype("int64")
    named = {
        "missing": set(range(int(present.min()), last + 1)) - set(present),
        "provisional": set(present[own["provisional"].astype("bool")]),
    }
    named["may be revised"] = {last - 1, last} - named["missing"] - named["provisional"]
    why = because(named, years_in_words)
    return tuple(sorted(int(year) for year in set().union(*named.values()))), why


def _meta(base: str, table: str) -> Request:
    return Request(f"{base}/getMetaInfo", {"statsDataId": table, "lang": "J"})


def _explained(error: Refused) -> SourceError:
    if error.status not in (401, 403):
        return error
    return SourceError(
        f"{PUBLISHER} refuses the key or so many calls (status {error.status}: {error.excerpt}); "
        f"set {KEY.variable}, or run the same command again later, it goes on where it stopped"
    )


def _found(made: Plan, read: Callable, note: Callable) -> Iterator[tuple[str, dict, list[int]]]:
    """Yield each table that has some of the years, with its axes; new tables are looked up."""
    left = set(made.rest["years"])
    for table in _tables(made, read, left):
        axes = _axes(made, read, table)
        years = sorted(left & {_year(code) for code in axes["time"]})
        left.difference_update(years)
        if years:
            yield table, axes, years
    if left:
        note(f"{PUBLISHER}: no table has {years_in_words(left)}")


def _tables(made: Plan, read: Callable, left: set[int]) -> Iterator[str]:
    """Yield the known tables; when they are through and years are left, those of the list."""
    yield from made.rest["tables"]
    if not left:
        return
    params = {"statsCode": STATISTICS, "searchWord": " ".join(LIST_WORDS), "lang": "J"}
    request = Request(f"{made.rest['base']}/getStatsList", params)
    titles = estat_answers.titles(read(request, lambda data: len(estat_answers.titles(data))))
    for table, title in titles.items():
        is_known = table in IMPORT_TABLES.values()
        is_other = any(word in title for word in OTHER_LISTS)
        if all(word in title for word in LIST_WORDS) and not (is_known or is_other):
            yield table


def _axes(made: Plan, read: Callable, table: str) -> dict:
    """Return the axes of a table after it was found to be one of imports by month."""
    place = f"{PUBLISHER}, table {table}"

    def judge(data) -> int:
        axes = estat_answers.axes(data, table)
        for kind, first in FIRST_CODE.items():
            for month in range(1, 13):
                code = str(first + STEP * (month - 1))
                name = axes["cat02"].get(code, {}).get("name", "none")
                if not re.search(rf"(?<![0-9]){month}月.*{KINDS[kind]}", name):
                    raise Unusable(f"{place}: measure {code} is {one_line(name)!r}, "
                                   f"not {KINDS[kind]} of month {month}")  # fmt: skip
        if not _codes(axes):
            raise Unusable(f"{place}: no code begins with {', '.join(PREFIXES)}")
        return sum(map(len, axes.values()))

    return estat_answers.axes(read(_meta(made.rest["base"], table), judge), table)


def _codes(axes: dict) -> list[str]:
    """The 9-digit codes of rare earths and magnets; totals of six digits are none."""
    return sorted(c for c in axes["cat01"] if re.fullmatch(r"[0-9]{9}", c) and c[:6] in PREFIXES)


def _year(code: str) -> int:
    return int(code[:4]) if re.fullmatch(r"[0-9]{4}000000", code) else 0


def _imports(
    made: Plan, read: Callable, table: str, axes: dict, years: list[int],
    economies: pd.DataFrame, note: Callable,
) -> tuple[pd.DataFrame, str]:  # fmt: skip
    """Read the years of one table; returns the rows, and when the table was changed."""
    codes, updated, cells = _codes(axes), "not stated", {}
    for first in range(0, len(codes), MOST_CODES):
        some = codes[first : first + MOST_CODES]
        for page in _pages(made, read, table, axes, some, years):
            updated = page.updated
            for row in page.rows:
                key = (row["cat01"], row["area"], _year(row["time"]), row["cat02"])
                if key in cells:
                    raise Unusable(f"{PUBLISHER}, table {table}: {' '.join(map(str, key))} twice")
                cells[key] = row["text"]
    rows = _tidy(cells, axes, table, note)
    rows = _with_origins(rows, axes, economies, note)
    rows["provisional"] = rows["month"].str[:4].astype("int64") > made.rest["fixed_to"]
    about = {"importer": IMPORTER, "schedule": "JP", "currency": "JPY", "valuation": "cif"}
    source = f"Japan Ministry of Finance, trade statistics, by e-Stat, table {table}"
    rows = rows.assign(**about, product=rows["code"].str[:6], source=source)
    columns = ["month", "importer", "schedule", "code", "product", "exporter", "value", "currency",
               "valuation", "quantity_kg", "provisional", "source"]  # fmt: skip
    return rows[columns], updated


def _pages(
    made: Plan, read: Callable, table: str, axes: dict, codes: list[str], years: list[int]
) -> Iterator[estat_answers.Page]:
    times = {code for code in axes["time"] if _year(code) in years}
    measures = {str(first + STEP * month) for first in FIRST_CODE.values() for month in range(12)}
    measures |= set(UNIT_CODES.values())
    measures &= set(axes["cat02"])
    asked = {"cat01": set(codes), "cat02": measures, "time": times, "area": set(axes["area"])}
    params = {
        "statsDataId": table,
        "cdCat01": ",".join(codes),
        "cdCat02": ",".join(sorted(measures)),
        "cdTime": ",".join(sorted(times)),
        "metaGetFlg": "N",
        "lang": "J",
        "limit": str(LIMIT),
    }
    start, seen, pages = 1, 0, 0
    while start:
        wanted = start

        def judge(data, wanted=wanted) -> int:
            return _checked(estat_answers.page(data, table, wanted), asked, axes, table)

        request = Request(
            f"{made.rest['base']}/getStatsData", params | {"startPosition": str(start)}
        )
        page = estat_answers.page(read(request, judge), table, start)
        yield page
        seen, pages, start = seen + len(page.rows), pages + 1, page.following
        if pages > MOST_PAGES or (start is None and seen != page.total):
            said = f"{seen:,} rows came, {page.total:,} are announced"
            raise Unusable(f"{PUBLISHER}, table {table}: {said}")


def _checked(page: estat_answers.Page, asked: dict, axes: dict, table: str) -> int:
    """Count the rows of a page after each was found to be one that was asked for."""
    place = f"{PUBLISHER}, table {table}"
    for row in page.rows:
        for axis, codes in asked.items():
            if row[axis] not in codes:
                raise Unusable(f"{place}: {axis} {one_line(row[axis])!r} was not asked for")
        if row["cat02"] not in UNIT_CODES.values():
            _number(row["text"], table)
        unit = row["unit"] or axes["cat02"][row["cat02"]]["unit"]
        if row["cat02"] in VALUE_CODES and unit != VALUE_UNIT:
            raise Unusable(f"{place}: a value is in {one_line(unit)!r}, not in {VALUE_UNIT}")
    return len(page.rows)


def _tidy(cells: dict, axes: dict, table: str, note: Callable) -> pd.DataFrame:
    """Return one row for each month with trade: yen and kilograms by code and area."""
    slots = _kilogram_slots(cells, note)
    flows = sorted({key[:3] for key in cells})
    read = [
        {
            "code": code,
            "area": area,
            "year": year,
            "number": month,
            "month": f"{year}-{month:02d}",
            "value": _month(cells, (code, area, year), "value", month, table),
            "quantity_kg": _month(cells, (code, area, year), slots.get((code, year)), month, table),
        }
        for code, area, year in flows
        for month in range(1, 13)
    ]
    rows = pd.DataFrame(read, columns=["code", "area", "year", "number", "month", "value",
                                       "quantity_kg"])  # fmt: skip
    rows = rows.astype({"value": "float64", "quantity_kg": "float64"})
    traded = rows[(rows["value"] > 0) | (rows["quantity_kg"] > 0)]
    unknown = traded[traded["value"].isna()]
    if len(unknown):
        months = ", ".join(sorted(unknown["month"].unique()))
        note(f"{PUBLISHER}: {len(unknown)} rows have a weight and no value, left out ({months})")
    traded = traded.dropna(subset=["value"])
    weights = traded["quantity_kg"].where(traded["quantity_kg"] > 0)  # zero: less than one, or none
    return traded.assign(value=traded["value"] * YEN, quantity_kg=weights)


def _kilogram_slots(cells: dict, note: Callable) -> dict[tuple[str, int], int]:
    """Say which of the two quantities is in kilograms, by code and year."""
    slots: dict[tuple[str, int], int] = {}
    units: dict[tuple[str, int], set[str]] = {}
    for (code, _, year, measure), text in cells.items():
        for slot, unit_code in UNIT_CODES.items():
            if measure == unit_code and plain(text):
                units.setdefault((code, year), set()).add(plain(text).upper())
                if plain(text).upper() == KILOGRAM:
                    slots[code, year] = slot
    without = sorted({(code, year) for code, _, year, _ in cells} - set(slots))
    for code, year in without:
        said = ", ".join(sorted(units.get((code, year), {"no unit"})))
        note(f"{PUBLISHER}: {code} has no weight in {year}, it is counted in {one_line(said)}")
    return slots


def _month(cells: dict, flow: tuple, slot, month: int, table: str) -> float | None:
    if slot is None:
        return None
    text = cells.get((*flow, str(FIRST_CODE[slot] + STEP * (month - 1))), "")
    return _number(text, table)


def _number(text: str, table: str) -> float | None:
    """Return a number; None for the marks of a missing one."""
    text = plain(text).upper()
    if text in MISSING:
        return None
    digits = text.replace(",", "")
    if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]+)?", digits) or float(digits) > LARGEST:
        raise Unusable(f"{PUBLISHER}, table {table}: {one_line(text)!r} is no number")
    return float(digits)


def _with_origins(
    rows: pd.DataFrame, axes: dict, economies: pd.DataFrame, note: Callable
) -> pd.DataFrame:
    """Replace areas by economies, those of one economy added up; what has none is told."""
    names = {area: member["name"] for area, member in axes["area"].items()}
    codes = customs_names.economy_by_name(list(names.values()), economies)
    rows = rows.assign(exporter=rows["area"].map(names).map(codes))
    lost = rows[rows["exporter"].isna()]
    if len(lost):
        who = ", ".join(one_line(names[area]) for area in sorted(lost["area"].unique()))
        value = f"{lost['value'].sum():,.0f} yen in {len(lost)} rows"
        note(f"{PUBLISHER}: {value} of origins that are no economy, left out: {who}")
    flows = rows.dropna(subset=["exporter"]).groupby(["month", "code", "exporter"])
    sums = {"value": flows["value"].sum(), "quantity_kg": flows["quantity_kg"].sum(skipna=False)}
    return pd.DataFrame(sums).reset_index()
