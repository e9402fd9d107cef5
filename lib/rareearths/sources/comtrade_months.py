"""UN Comtrade: exports by month as the exporter reports them, for ``china_monthly_exports``.

The series are those of the table: who exports to whom, and which codes are added up. Addresses,
rows and limits are those of the annual figures (`comtrade`), by month. Its terms forbid to publish
rows again: raw copies and a refreshed table stay local.

A code without a row of a partner may be zero or not reported; nobody can tell. Where the World row
of that code and month is there, the code was reported, and the sum is that of the other codes;
where it is not, there is no sum. Both are told.
"""

from collections.abc import Callable, Iterable
from datetime import date

import pandas as pd

from rareearths.catalogue import DataError
from rareearths.sources import comtrade, comtrade_parts
from rareearths.sources.comtrade_availability import published_years
from rareearths.sources.comtrade_parts import EXPORTS, MONTHLY, PREVIEW_CAP
from rareearths.sources.comtrade_rows import WORLD, area_codes, codes_of, tidy, within_world
from rareearths.sources.fetch import Unusable
from rareearths.sources.monthly import last_published, months_by_rule, months_in_words
from rareearths.sources.plan import Fetched, Plan

NAME, TABLE = "comtrade-months", "china_monthly_exports"
TABLES = (TABLE,)
BASE, LICENCE, MANNERS, KEY = comtrade.BASE, comtrade.LICENCE, comtrade.MANNERS, comtrade.KEY
DAYS = 90  # an estimate, no date is promised; what is out is looked up before it is asked for
REVISED_MONTHS = 12  # reporters restate their latest months
RULE = f"months that are missing, and the {REVISED_MONTHS} latest of the table, may be revised"
SOURCE = "UN Comtrade API, monthly exports as reported (C/M/HS, flow X), total rows"
_WHOLE_WORLD = "WLD"
_SERIES = ["exporter", "partner", "product_group", "hs_codes"]
_READ = " Read from the API of UN Comtrade and not to be published: "


def plan(
    tables: dict,
    since: int | None,
    today: date,
    base: str | None = None,
    keyed: bool = False,
    economies: pd.DataFrame | None = None,
) -> Plan:
    """Say what to ask: the series of the present table, months by `RULE`.

    Parameters
    ----------
    tables : dict
        The present tables by name.
    since : int, optional
        Ask for every month of this year and later, whatever the rule says.
    today : datetime.date
        Months are asked for to the last one that ended `DAYS` days ago.
    base : str, optional
        Address of the API, for tests.
    keyed : bool
        Whether there is a key; without one the preview is asked, 500 rows a reply.
    economies : pandas.DataFrame
        The table ``economies``, for the codes.
    """
    rows = tables[TABLE]
    if rows.empty:
        raise DataError(f"{TABLE} has no rows, which say what series to ask for")
    series = rows[_SERIES].drop_duplicates().sort_values(_SERIES)
    last = last_published(today, DAYS)
    months, why = months_by_rule(rows["month"], since, rows["month"].min(), last, REVISED_MONTHS)
    partners = codes_of(set(series["partner"]) - {_WHOLE_WORLD}, economies, TABLE)
    exporters = codes_of(series["exporter"], economies, TABLE)
    rest = {
        "base": base or BASE,
        "keyed": keyed,
        "frequency": MONTHLY,
        "products": products(series),
        "series": tuple(series.itertuples(index=False, name=None)),
        "known": bool(rows["month"].isin(months).any()),
        EXPORTS: {"reporters": exporters, "partners": (WORLD, *partners)},
    }
    parts = comtrade_parts.parts(EXPORTS, periods_of(months), rest)
    asked = tuple(comtrade_parts.request(part, rest) for part in parts)
    access = "with a key" if keyed else f"preview without a key, {PREVIEW_CAP} rows a reply"
    return Plan(NAME, TABLES, months, f"{why} ({access})", asked, rest)


def fetch(
    made: Plan, read: Callable, economies: pd.DataFrame, note: Callable[[str], None]
) -> Fetched:
    """Read the plan's months in the columns of ``china_monthly_exports``.

    Values are FOB in whole US$. Months that are not published yet are not asked for.

    Parameters
    ----------
    made, read, economies, note
        As of `rareearths.sources.worldbank.fetch`.

    Raises
    ------
    SourceError
        The quota of the day is used up, the key is refused, or an answer is not what is documented.
    """
    iso3 = area_codes(economies)
    asked = published_years(EXPORTS, periods_of(made.periods), made.rest, read, iso3, note)
    records = [
        record
        for part in comtrade_parts.parts(EXPORTS, asked, made.rest)
        for record in comtrade_parts.read_part(part, made.rest, read)
    ]
    if not records and not made.rest["known"]:
        note(f"UN Comtrade: nothing is out for {months_in_words(made.periods)}")
        return Fetched({}, "not stated")
    if not records:
        raise Unusable(f"UN Comtrade: no row at all for {months_in_words(made.periods)}")
    flows = tidy(records, iso3, note)
    within_world(flows, note)
    return Fetched(
        {TABLE: _table_rows(flows, months_of(asked), made.rest["series"], note)}, "not stated"
    )


def products(rows: pd.DataFrame) -> tuple[str, ...]:
    """Return the HS codes of the series in rows of the table."""
    return tuple(sorted({code for codes in rows["hs_codes"] for code in codes.split(";")}))


def replaced(made: Plan, table: str, rows: pd.DataFrame) -> pd.Series:
    """Say which of the present rows the new ones stand for: those of the months asked for."""
    return rows["month"].isin(made.periods)


def ordered(table: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Sort the table by its key."""
    return rows.sort_values(["month", *_SERIES], ignore_index=True)


def describe(resource: dict, rows: pd.DataFrame, whole: bool) -> dict:
    """Return the texts of ``datapackage.json`` that a refresh makes untrue."""
    title, text = resource["title"].rsplit(",", 1)[0], resource["description"].split(_READ)[0]
    first, last = (month[:4] for month in (rows["month"].min(), rows["month"].max()))
    months = months_in_words(rows.loc[rows["source"].str.startswith(SOURCE), "month"])
    return {"title": f"{title}, {first}-{last}", "description": f"{text}{_READ}{months}."}


def _table_rows(
    flows: pd.DataFrame, months: list[str], series: tuple, note: Callable[[str], None]
) -> pd.DataFrame:
    """Add up the codes of each series, see the module on codes without a row."""
    flows = flows.assign(
        month=months_of(flows["year"]),
        partner=flows["partner"].mask(flows["partner_code"] == WORLD, _WHOLE_WORLD),
    )
    keys = ["reporter", "partner", "month", "product"]
    values = flows.set_index(keys)["value_usd"].astype("float64").unstack("product")
    made = [_series_rows(values, months, one, note) for one in series]
    return pd.concat(made, ignore_index=True)


def _series_rows(
    values: pd.DataFrame, months: list[str], one: tuple, note: Callable[[str], None]
) -> pd.DataFrame:
    exporter, partner, group, joined = one
    codes = joined.split(";")
    stated, world = (
        values.reindex(
            index=pd.MultiIndex.from_product([[exporter], [side], months]), columns=codes
        ).set_axis(months)
        for side in (partner, _WHOLE_WORLD)
    )
    total = stated.sum(axis="columns")  # missing adds nothing: only where World says it may
    is_known = (stated.notna() | world.notna()).all(axis="columns") & (total > 0)
    named = f"UN Comtrade: {exporter} to {partner}"
    if not is_known.all():
        left = months_in_words(total.index[~is_known])
        note(f"{named}, {group}: no value is known in {left}, no row")
    for code in codes:
        lacking = stated.index[is_known & stated[code].isna()]
        if len(lacking):
            note(
                f"{named}, {group}: {code} has no row in {months_in_words(lacking)}, zero or not "
                "reported; the sum is that of the others"
            )
    rows = total[is_known].astype("int64").rename("value_usd").rename_axis("month").reset_index()
    rows = rows.assign(**dict(zip(_SERIES, one, strict=True)))
    rows["source"] = SOURCE if len(codes) == 1 else f"{SOURCE}; sum of {len(codes)} codes"
    return rows[["month", *_SERIES, "value_usd", "source"]]


def periods_of(months: Iterable[str]) -> tuple[int, ...]:
    """Months as UN Comtrade writes them: 202601."""
    return tuple(int(month.replace("-", "")) for month in months)


def months_of(periods: Iterable[int]) -> list[str]:
    """Months as the tables write them: 2026-01."""
    return [f"{period // 100}-{period % 100:02d}" for period in periods]
