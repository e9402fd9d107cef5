"""US Census Bureau: imports of the United States by month, ten-digit code (HTS) and origin.

The answer is a list of lists of text, the first of them the names of the columns. Totals and groups
of countries stand among the countries, told apart by their codes alone. A key is required; without
a good one the API redirects to a page, so no redirect is followed. An answer without a row is
status 204 and empty.

The true-zero flag is a letter whose list was not found: a weight with a letter that public
programs take for missing or suppressed is missing, and so is a weight of zero.
"""

import math
import re
from collections.abc import Callable
from datetime import date

import pandas as pd

from rareearths.sources import monthly
from rareearths.sources.fetch import (
    REDIRECTS,
    Manners,
    Refused,
    Request,
    SourceError,
    Unusable,
    one_line,
)
from rareearths.sources.plan import Fetched, KeyRule, Plan

NAME, TABLE = "census", monthly.TABLE
TABLES = (TABLE,)
ordered, describe = monthly.ordered, monthly.describe
BASE = "https://api.census.gov/data/timeseries/intltrade"
LICENCE = "US government work; the Census Bureau asks to be named and endorses nothing"
MANNERS = Manners(spacing=1.2, follows=False)
KEY = KeyRule("CENSUS_API_KEY", "key", in_address=True, required=True)
RULE = monthly.RULE
IMPORTER, SYSTEM = "USA", "schedule_c"
PRODUCTS = ("280530", "284610", "284690", "850511")
DAYS = 35  # a month is out about five weeks after its end
MOST_MONTHS = 12  # of one request; very wide ones end in an error
MOST_USD = 1e13  # more than all goods imports of a year
TOTAL = "-"
KILOGRAM = "KG"
NO_FIGURE = ("M", "A", "N")  # flags that public programs take for missing, suppressed, none
_GET = ("CTY_CODE", "CTY_NAME", "I_COMMODITY", "GEN_VAL_MO", "GEN_QY1_MO", "GEN_QY1_MO_FLAG",
        "UNIT_QY1")  # fmt: skip
_COLUMNS = (*_GET, "COMM_LVL", "time")
_FLOW = ["time", "I_COMMODITY"]


def plan(tables: dict, since: int | None, today: date, base: str | None = None, **_) -> Plan:
    """Say what to ask: all codes under `PRODUCTS`, months by `RULE`.

    Parameters
    ----------
    tables : dict
        The present tables by name.
    since : int, optional
        Ask for every month of this year and later.
    today : datetime.date
    base : str, optional
        Address of the API, for tests.
    """
    last = monthly.last_published(today, DAYS)
    months, why = monthly.months_to_ask(tables[TABLE], IMPORTER, last, since)
    rest = {"base": base or BASE, "revised_from": monthly.first_revised(last)}
    asked = tuple(_request(*part, rest) for part in _parts(months))
    return Plan(NAME, TABLES, months, why, asked, rest)


def fetch(
    made: Plan, read: Callable, economies: pd.DataFrame, note: Callable[[str], None]
) -> Fetched:
    """Read the plan's months in the columns of ``monthly_imports``.

    General imports at customs value in US$. Rows without a value are left out, and so are rows of
    zero, which the API gives for months without trade.

    Parameters
    ----------
    made, read, economies, note
        As of `rareearths.sources.worldbank.fetch`.

    Raises
    ------
    SourceError
        The key is refused, or an answer is not what is documented.
    """
    records = [
        record
        for product, months in _parts(made.periods)
        for record in _records(_read(product, months, made.rest, read), product, months)
    ]
    if not records:
        asked = monthly.months_in_words(made.periods)
        raise Unusable(f"US Census: no row at all for {asked}")
    rows = _numbered(pd.DataFrame(records))
    countries = rows[rows["CTY_CODE"].str.fullmatch("(?!00)[0-9]{4}")]
    totals = rows[rows["CTY_CODE"] == TOTAL].set_index(_FLOW)["value"]
    monthly.tell_gaps("US Census", countries.groupby(_FLOW)["value"].sum(), totals, "US$", note)
    parts = _with_economies(countries, note)
    same = {"schedule": "HTS", "currency": "USD", "valuation": "customs"}
    source = "US Census Bureau, International Trade API, imports/hs"
    tidy = monthly.table_rows(parts, made.rest["revised_from"], source=source, **same)
    return Fetched({TABLE: tidy}, "not stated")


def replaced(made: Plan, table: str, rows: pd.DataFrame) -> pd.Series:
    """Say which of the present rows the new ones stand for: US rows of the months asked for."""
    return (rows["importer"] == IMPORTER) & rows["month"].isin(made.periods)


def _parts(months: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
    """Products, each with the months of one request."""
    return [(p, span) for p in PRODUCTS for span in monthly.spans(months, MOST_MONTHS)]


def _request(product: str, months: tuple[str, ...], rest: dict) -> Request:
    params = {
        "get": ",".join(_GET),
        "I_COMMODITY": f"{product}*",
        "COMM_LVL": "HS10",
        "SUMMARY_LVL": "DET",  # without groups of countries, with the total
        "time": f"from {months[0]} to {months[-1]}",
    }
    return Request(f"{rest['base']}/imports/hs", params)


def _read(product: str, months: tuple[str, ...], rest: dict, read: Callable) -> object:
    def judge(data) -> int:
        return len(_records(data, product, months))

    try:
        return read(_request(product, months, rest), judge)
    except Refused as error:
        if error.status in (401, 403, *REDIRECTS):
            raise SourceError(
                f"US Census does not accept the key (status {error.status}: {error.excerpt}); "
                f"set {KEY.variable} to one that is activated"
            ) from None
        raise


def _records(data, product: str, months: tuple[str, ...]) -> list[dict]:
    """Return the rows of a reply by name of the column; none for one that is empty.

    A name that is asked for in two ways occurs twice; the first is taken.
    """
    place = f"US Census, {product} {months[0]} to {months[-1]}"
    if data is None:
        return []
    lists = isinstance(data, list) and data and all(isinstance(row, list) for row in data)
    if not lists:
        raise Unusable(f"{place}: not a list of lists: {one_line(data)}")
    header, *rows = data
    for name in _COLUMNS:
        if name not in header:
            raise Unusable(f"{place}: there is no column {name!r}")
    where = {name: header.index(name) for name in _COLUMNS}
    records, seen = [], set()
    for row in rows:
        if len(row) != len(header) or not all(isinstance(c, str | int | None) for c in row):
            raise Unusable(f"{place}: a row has not the columns of the header")
        record = {name: "" if row[i] is None else str(row[i]) for name, i in where.items()}
        _refuse_strange(record, product, months, place)
        key = (record["time"], record["I_COMMODITY"], record["CTY_CODE"])
        if key in seen:
            raise Unusable(f"{place}: a row comes twice: {' '.join(key)}")
        seen.add(key)
        records.append(record)
    return records


def _refuse_strange(record: dict, product: str, months: tuple[str, ...], place: str) -> None:
    code, time = record["I_COMMODITY"], record["time"]
    of_product = re.fullmatch(r"[0-9]{10}", code) and code.startswith(product)
    if not of_product or record["COMM_LVL"] != "HS10" or time not in months:
        named = one_line(f"{time} {code} {record['COMM_LVL']}")
        raise Unusable(f"{place}: a row was not asked for: {named}")
    if not re.fullmatch(r"-|[0-9][0-9X]{3}", record["CTY_CODE"]):
        raise Unusable(f"{place}: {one_line(record['CTY_CODE'])!r} is no code of a country")


def _numbered(rows: pd.DataFrame) -> pd.DataFrame:
    """Add value (US$) and weight (kg); rows without a value, or of zero, are left out."""
    value = _numbers(rows["GEN_VAL_MO"], "GEN_VAL_MO")
    quantity = _numbers(rows["GEN_QY1_MO"], "GEN_QY1_MO")
    is_weight = (rows["UNIT_QY1"] == KILOGRAM) & ~rows["GEN_QY1_MO_FLAG"].isin(NO_FIGURE)
    weight = quantity.where(is_weight & (quantity != 0))  # zero means that none is known
    numbered = rows.assign(value=value, quantity_kg=weight)
    return numbered[value.notna() & ((value != 0) | weight.notna())]


def _numbers(column: pd.Series, name: str) -> pd.Series:
    """Numbers of a column of text, where ``-`` and nothing mean that there is none."""
    values = []
    for text in column:
        try:
            number = math.nan if text in ("", "-", "null") else float(text)
        except ValueError:
            raise Unusable(f"US Census: {one_line(text)!r} is no number ({name})") from None
        if abs(number) > MOST_USD or text.lower() == "nan":
            raise Unusable(f"US Census: {one_line(text)!r} cannot be ({name})")
        values.append(number)
    return pd.Series(values, column.index, dtype="float64")


def _with_economies(countries: pd.DataFrame, note: Callable[[str], None]) -> pd.DataFrame:
    """Add the economy of each country; tell the ones without, and names that are not ours."""
    codes = monthly.partners(SYSTEM)
    label = countries["CTY_CODE"] + " " + countries["CTY_NAME"].map(one_line)
    countries = countries.assign(partner=label)
    known = countries["CTY_CODE"].isin(codes.index)
    monthly.tell_left_out("US Census", countries[~known], "US$", note)
    named = countries[known].drop_duplicates(["CTY_CODE", "CTY_NAME"])
    for code, name in zip(named["CTY_CODE"], named["CTY_NAME"], strict=True):
        if name.upper() != codes.loc[code, "name"].upper():
            note(f"US Census: {code} is called {one_line(name)}, here {codes.loc[code, 'name']}")
    return pd.DataFrame(
        {
            "month": countries["time"],
            "importer": IMPORTER,
            "code": countries["I_COMMODITY"],
            "exporter": countries["CTY_CODE"].map(codes["economy"]),
            "value": countries["value"],
            "quantity_kg": countries["quantity_kg"],
        }
    )[known]
