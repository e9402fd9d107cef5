"""UN Comtrade: annual imports as the importer reports them, and exports as the exporter does.

The exports are those of every origin that ``reported_imports`` names, to its importers: the other
side of the same flows, for `rareearths.mirror`. Its terms forbid to publish rows again: raw copies
and refreshed tables stay local.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pandas as pd

from rareearths.catalogue import DataError
from rareearths.sources import comtrade_parts
from rareearths.sources.comtrade_availability import published_years
from rareearths.sources.comtrade_parts import ANNUAL, EXPORTS, IMPORTS, PREVIEW_CAP
from rareearths.sources.comtrade_rows import (
    WORLD,
    area_codes,
    codes_of,
    tidy,
    with_completeness,
    within_world,
)
from rareearths.sources.fetch import Manners, Unusable
from rareearths.sources.plan import Fetched, Plan, because, years_in_words

NAME, TABLE, MIRROR_TABLE = "comtrade", "reported_imports", "reported_exports"
TABLES = (TABLE, MIRROR_TABLE)
_FILLS = {IMPORTS: TABLE, EXPORTS: MIRROR_TABLE}
BASE = "https://comtradeapi.un.org"
LICENCE = "UN Comtrade: figures as facts with attribution; rows may not be re-published"
MANNERS = Manners(spacing=2.0)  # at 1.0 s half of the calls of one client drew a 429
KEY = comtrade_parts.KEY
REVISED_YEARS = 2  # reporters restate their latest years
RULE = f"years that are missing or incomplete, and the {REVISED_YEARS} latest, which are revised"
_IMPORT_COLUMNS = ["importer", "year", "product", "exporter", "value_usd"]
_EXPORT_COLUMNS = ["exporter", "year", "product", "importer", "value_usd", "quantity_t"]


def plan(
    tables: dict,
    since: int | None,
    today: date,
    base: str | None = None,
    keyed: bool = False,
    economies: pd.DataFrame | None = None,
) -> Plan:
    """Say what to ask: importers, origins and products of the present imports, years by `RULE`.

    Exports are asked for in the years of the imports. An origin that a refresh brings is asked for
    by the next one, and ``since`` asks for its earlier years.

    Parameters
    ----------
    tables : dict
        The present tables by name.
    since : int, optional
        Ask for every year from this one on, whatever the rule says.
    today : datetime.date
        Years are asked for to the last complete one.
    base : str, optional
        Address of the API, for tests.
    keyed : bool
        Whether there is a key; without one the preview is asked, 500 rows a reply.
    economies : pandas.DataFrame
        The table ``economies``, for the codes.
    """
    rows = tables[TABLE]
    if rows.empty:
        raise DataError(f"{TABLE} has no rows, which say what importers and products to ask for")
    importers, origins = (
        codes_of(rows[side], economies, TABLE) for side in ("importer", "exporter")
    )
    years = {
        table: _chosen_years(tables[table], int(rows["year"].min()), since, today.year - 1)
        for table in TABLES
    }
    rest = {
        "base": base or BASE,
        "keyed": keyed,
        "frequency": ANNUAL,
        "products": tuple(sorted(rows["product"].unique())),
        "years": {table: chosen for table, (chosen, _) in years.items()},
        "filled": len(tables[MIRROR_TABLE]) > 0,
        IMPORTS: {"reporters": importers, "partners": ()},
        EXPORTS: {"reporters": origins, "partners": (WORLD, *importers)},
    }
    asked = tuple(
        comtrade_parts.request(part, rest)
        for flow, table in _FILLS.items()
        for part in comtrade_parts.parts(flow, rest["years"][table], rest)
    )
    access = "with a key" if keyed else f"preview without a key, {PREVIEW_CAP} rows a reply"
    why = f"imports {years[TABLE][1]}; exports {years[MIRROR_TABLE][1]} ({access})"
    periods = tuple(sorted({year for chosen, _ in years.values() for year in chosen}))
    return Plan(NAME, TABLES, periods, why, asked, rest)


def fetch(
    made: Plan, read: Callable, economies: pd.DataFrame, note: Callable[[str], None]
) -> Fetched:
    """Read the plan's flows in the columns of ``reported_imports`` and ``reported_exports``.

    Years that no reporter has published yet are not asked for.

    Parameters
    ----------
    made, read, economies, note
        As of `rareearths.sources.worldbank.fetch`.

    Raises
    ------
    SourceError
        The quota of the day is used up, the key is refused, or an answer is not what is documented.
    """
    made = _published(made, read, economies, note)
    tables = {TABLE: imports(made, read, economies, note)}
    exported = exports(made, read, economies, note)
    if len(exported) or made.rest["filled"]:
        tables[MIRROR_TABLE] = exported
    else:
        note("UN Comtrade: no exporter reports exports to these importers")
    return Fetched(tables, "not stated")


def imports(
    made: Plan, read: Callable, economies: pd.DataFrame, note: Callable[[str], None]
) -> pd.DataFrame:
    """Read the imports of a plan.

    Returns
    -------
    pandas.DataFrame
        The columns of ``reported_imports``: ``value_usd`` as the importer values them.
        ``share_in_source`` stays missing, as the publisher prints none, and weights are not in the
        table. ``complete`` is false where the origins do not add up to the World row.
    """
    rows = read_flows(made, IMPORTS, read, economies, note)
    if rows.empty:
        raise Unusable(f"UN Comtrade: no row at all for {years_in_words(made.periods)}")
    rows = with_completeness(rows, note)
    rows = rows.rename(columns={"reporter": "importer", "partner": "exporter"})
    rows["share_in_source"] = pd.Series(pd.NA, rows.index, dtype="Float64")
    return rows[[*_IMPORT_COLUMNS, "share_in_source", "complete"]]


def exports(
    made: Plan, read: Callable, economies: pd.DataFrame, note: Callable[[str], None]
) -> pd.DataFrame:
    """Read the exports of a plan to its importers.

    Only these destinations are asked for, so that the World row can but bound their sum: more is
    told. A year that an exporter has not reported yet has no row, and neither has a flow that it
    does not know; the two cannot be told apart.

    Returns
    -------
    pandas.DataFrame
        The columns of ``reported_exports``; ``value_usd`` is FOB. Empty when nothing is reported.
    """
    rows = read_flows(made, EXPORTS, read, economies, note)
    rows = within_world(rows, note) if len(rows) else rows
    rows = rows.rename(columns={"reporter": "exporter", "partner": "importer"})
    return rows[_EXPORT_COLUMNS]


def read_flows(
    made: Plan, flow: str, read: Callable, economies: pd.DataFrame, note: Callable[[str], None]
) -> pd.DataFrame:
    """Read the total rows of all flows of a plan in one direction, see `comtrade_rows.tidy`.

    Parameters
    ----------
    flow : str
        `comtrade_parts.IMPORTS` or `comtrade_parts.EXPORTS`.
    """
    years = made.rest["years"][_FILLS[flow]]
    records = [
        record
        for part in comtrade_parts.parts(flow, years, made.rest)
        for record in comtrade_parts.read_part(part, made.rest, read)
    ]
    return tidy(records, area_codes(economies), note)


def replaced(made: Plan, table: str, rows: pd.DataFrame) -> pd.Series:
    """Say which of the present rows the new ones stand for: those of the years asked for."""
    return rows["year"].isin(made.rest["years"][table])


def ordered(table: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Sort a table: of imports the largest origin of each flow first, of exports by flow."""
    if table == MIRROR_TABLE:
        return rows.sort_values(_EXPORT_COLUMNS[:4], ignore_index=True)
    by = ["importer", "year", "product", "value_usd", "exporter"]
    return rows.sort_values(by, ascending=[True, True, True, False, True], ignore_index=True)


def describe(resource: dict, rows: pd.DataFrame, whole: bool) -> dict:
    """Return the texts of ``datapackage.json`` that a refresh makes untrue."""
    title = resource["title"].rsplit(",", 1)[0]
    years = f"{rows['year'].min()}-{rows['year'].max()}"
    if resource["name"] == MIRROR_TABLE:
        text = (
            "Exports by destination, as the exporter reports them: the other side of "
            "reported_imports, for its importers and the origins it names. What an exporter has "
            "not reported has no row. Not to be published."
        )
        return {"title": f"{title}, {years}", "description": text}
    by_flow = rows.groupby("year")["complete"].all()
    complete = years_in_words(by_flow.index[by_flow])
    text = (
        "Imports by origin, as the importer reports them. "
        f"All origins are here for {complete or 'no year'}; elsewhere those that are known. "
        "Kept apart from BACI so that it can be refreshed or dropped."
    )
    return {"title": f"{title}, {years}", "description": text}


def _chosen_years(
    rows: pd.DataFrame, first: int, since: int | None, last: int
) -> tuple[tuple[int, ...], str]:
    """Return the years to ask for of one table, and why, in words."""
    if since is not None:
        return tuple(range(since, last + 1)), f"every year from {since}"
    present = sorted(int(year) for year in rows["year"].unique())
    incomplete = rows.loc[~rows["complete"], "year"] if "complete" in rows else rows["year"].head(0)
    partial = {int(year) for year in incomplete}
    missing = set(range(min([first, *present]), last + 1)) - set(present)
    revised = set(present[-REVISED_YEARS:])
    named = {"missing": missing, "incomplete": partial, "may be revised": revised - partial}
    why = because(named, years_in_words)
    return tuple(sorted(missing | partial | revised)), why


def _published(made: Plan, read: Callable, economies: pd.DataFrame, note: Callable) -> Plan:
    """Return the plan without the years that no reporter has published."""
    years = {
        table: published_years(
            flow, made.rest["years"][table], made.rest, read, area_codes(economies), note
        )
        for flow, table in _FILLS.items()
    }
    return replace(made, rest=made.rest | {"years": years})
