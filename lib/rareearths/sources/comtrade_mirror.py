"""UN Comtrade: monthly flows as both sides report them, for ``mirror_months``.

Imports by origin of the importers that ``reported_imports`` and ``china_monthly_exports`` name, and
the exports to them of the exporters named there. Its terms forbid to publish rows again: raw copies
and the table stay local.
"""

from collections.abc import Callable
from datetime import date

import pandas as pd

from rareearths import catalogue, monthly
from rareearths.catalogue import DataError
from rareearths.sources import comtrade, comtrade_months, comtrade_parts
from rareearths.sources.comtrade_availability import published_years
from rareearths.sources.comtrade_months import months_of, periods_of
from rareearths.sources.comtrade_parts import EXPORTS, IMPORTS, MONTHLY, PREVIEW_CAP
from rareearths.sources.comtrade_rows import (
    WORLD,
    area_codes,
    codes_of,
    tidy,
    with_completeness,
    within_world,
)
from rareearths.sources.fetch import Unusable
from rareearths.sources.monthly import (
    FIRST_MONTH,
    last_published,
    months_by_rule,
    months_in_words,
)
from rareearths.sources.plan import Fetched, Plan

NAME, TABLE = "comtrade-mirror", "mirror_months"
TABLES = (TABLE,)
BASE, LICENCE, MANNERS, KEY = comtrade.BASE, comtrade.LICENCE, comtrade.MANNERS, comtrade.KEY
REVISED_MONTHS = monthly.REVISED_MONTHS
RULE = (
    f"months that are missing from {FIRST_MONTH} on, and the {REVISED_MONTHS} latest of the "
    "table, which may be revised"
)
FLOWS = {IMPORTS: "imports", EXPORTS: "exports"}  # as the table calls them: who reports
_SIDES = {IMPORTS: ("importer", "exporter"), EXPORTS: ("exporter", "importer")}
_ORDER = ["month", "flow", "importer", "product", "exporter"]
_COLUMNS = [*_ORDER, "value_usd", "quantity_t", "complete"]


def plan(
    tables: dict,
    since: int | None,
    today: date,
    base: str | None = None,
    keyed: bool = False,
    economies: pd.DataFrame | None = None,
) -> Plan:
    """Say what to ask: the economies and products that the other tables name, months by `RULE`.

    Parameters
    ----------
    tables : dict
        The present tables by name; ``reported_imports`` and ``china_monthly_exports``, which say
        whose flows to ask for, are read from the catalogue.
    since, today, base, keyed, economies
        As of `rareearths.sources.comtrade_months.plan`.
    """
    imports, exports = (catalogue.load(name) for name in (comtrade.TABLE, comtrade_months.TABLE))
    if imports.empty and exports.empty:
        raise DataError(f"{comtrade.TABLE} and {comtrade_months.TABLE} have no rows to follow")
    named = exports[exports["partner"] != "WLD"]
    importers = {*imports["importer"], *named["partner"]}
    exporters = {*imports["exporter"], *exports["exporter"]}
    importers, exporters = (codes_of(side, economies, TABLE) for side in (importers, exporters))
    last = last_published(today, comtrade_months.DAYS)
    present = tables[TABLE]["month"]
    months, why = months_by_rule(present, since, FIRST_MONTH, last, REVISED_MONTHS)
    rest = {
        "base": base or BASE,
        "keyed": keyed,
        "frequency": MONTHLY,
        "products": tuple(sorted({*imports["product"], *comtrade_months.products(exports)})),
        "known": bool(present.isin(months).any()),
        IMPORTS: {"reporters": importers, "partners": ()},
        EXPORTS: {"reporters": exporters, "partners": (WORLD, *importers)},
    }
    asked = tuple(
        comtrade_parts.request(part, rest)
        for flow in FLOWS
        for part in comtrade_parts.parts(flow, periods_of(months), rest)
    )
    access = "with a key" if keyed else f"preview without a key, {PREVIEW_CAP} rows a reply"
    return Plan(NAME, TABLES, months, f"{why} ({access})", asked, rest)


def fetch(
    made: Plan, read: Callable, economies: pd.DataFrame, note: Callable[[str], None]
) -> Fetched:
    """Read the plan's months in the columns of ``mirror_months``.

    Import values are as the importer values them, mostly CIF; export values are FOB; both are
    whole US$. Months that nobody has published yet are not asked for.

    Parameters
    ----------
    made, read, economies, note
        As of `rareearths.sources.worldbank.fetch`.

    Raises
    ------
    SourceError
        The quota of the day is used up, the key is refused, or an answer is not what is documented.
    """
    sides = [_reported(flow, made, read, economies, note) for flow in FLOWS]
    found = [side for side in sides if len(side)]
    if found:
        return Fetched({TABLE: pd.concat(found, ignore_index=True)}, "not stated")
    if made.rest["known"]:
        raise Unusable(f"UN Comtrade: no row at all for {months_in_words(made.periods)}")
    note(f"UN Comtrade: nothing is out for {months_in_words(made.periods)}")
    return Fetched({}, "not stated")


def replaced(made: Plan, table: str, rows: pd.DataFrame) -> pd.Series:
    """Say which of the present rows the new ones stand for: those of the months asked for."""
    return rows["month"].isin(made.periods)


def ordered(table: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Sort the table by its key."""
    return rows.sort_values(_ORDER, ignore_index=True)


def describe(resource: dict, rows: pd.DataFrame, whole: bool) -> dict:
    """Return the texts of ``datapackage.json`` that a refresh makes untrue."""
    by_flow = rows.groupby("flow", sort=False)["month"]
    months = "; ".join(f"{flow}: {months_in_words(these)}" for flow, these in by_flow)
    text = (
        "Flows by month and HS code, as the importer reports them and as the exporter does. "
        f"Months that have rows: {months}. Not to be published."
    )
    return {"description": text}


def _reported(
    flow: str, made: Plan, read: Callable, economies: pd.DataFrame, note: Callable[[str], None]
) -> pd.DataFrame:
    """Read what one side reports.

    ``complete`` says of an import whether all origins of the code and month are there; of an export
    it is missing, as only some destinations are asked for.
    """
    iso3 = area_codes(economies)
    asked = published_years(flow, periods_of(made.periods), made.rest, read, iso3, note)
    records = [
        record
        for part in comtrade_parts.parts(flow, asked, made.rest)
        for record in comtrade_parts.read_part(part, made.rest, read)
    ]
    rows = tidy(records, iso3, note)
    if rows.empty:
        return pd.DataFrame(columns=_COLUMNS)
    if flow == IMPORTS:
        rows = with_completeness(rows, note)
    else:
        rows = within_world(rows, note).assign(complete=pd.NA)
    reporter, partner = _SIDES[flow]
    rows = rows.rename(columns={"reporter": reporter, "partner": partner})
    rows = rows.assign(
        month=months_of(rows["year"]), flow=FLOWS[flow], complete=rows["complete"].astype("boolean")
    )
    return rows[_COLUMNS]
