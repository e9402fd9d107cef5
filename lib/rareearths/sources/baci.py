"""CEPII's BACI: trade of the world in critical minerals and magnets, from its yearly archive.

Each January there is a release with every year from 1995 to two years before; one that was
corrected has a letter (``V202401b``). Releases must not be mixed, so all years are replaced. The
archive is read in the classification HS 1992 alone, which is that of ``baci_minerals``.

``magnets`` is bundled from HS02 and HS17. A refresh makes it anew from HS 1992, where permanent
magnets of metal have the same code (850511): the same selection of flows, but one revision for all
years, no threshold by year, and weights. Each row names its revision in ``source``, and what
``magnets_coverage`` and ``known_breaks`` say of the bundled rows alone goes with them.
"""

from collections.abc import Callable
from copy import deepcopy
from datetime import date

import pandas as pd

from rareearths import catalogue
from rareearths.sources.baci_flows import read_flows
from rareearths.sources.fetch import ARCHIVE, Manners, Refused, Request
from rareearths.sources.plan import Fetched, Plan

NAME, TRADE, MAGNETS = "baci", "baci_minerals", "magnets"
COVERAGE, BREAKS = "magnets_coverage", "known_breaks"
TABLES = (TRADE, MAGNETS, COVERAGE, BREAKS)
DERIVED = (BREAKS,)
BASE = "https://www.cepii.fr/DATA_DOWNLOAD/baci/data"
LICENCE = "Etalab Open Licence 2.0: CEPII, BACI; Gaulier and Zignago (2010)"
MANNERS = Manners(attempts=8, whole_timeout=6 * 3600.0, largest=8 * 2**30)  # it has some 2.4 GB
KEY = None
RULE = "every year of the newest release, as releases must not be mixed"
REVISION = "HS92"
FIRST_YEAR = 1995
LAG = 2  # years from the last year of the data to the January of the release
LETTERS = ("b", "")  # a corrected release is the newer one
NOT_THERE = (404, 410)
MAGNET = "850511"
# The selection of `magnets`, beside every flow to an importer that `magnets_coverage` lists.
LISTED_EXPORTER = "JPN"
LARGE_EXPORTER, LARGE_USD = "CHN", 20_000_000
# Kinds of breaks of the bundled magnets that follow from how they were compiled.
COMPILED_BREAKS = ("splice", "partner_absent", "weights")


def plan(tables: dict, since: int | None, today: date, base: str | None = None, **_) -> Plan:
    """Say which releases may be there that the tables do not hold, the newest first.

    The release of the tables follows from their last year. A release that is corrected later the
    same year has the same last year: it is asked for with ``since`` alone.

    Parameters
    ----------
    tables : dict
        The present tables by name.
    since : int, optional
        Ask for the newest release, also if the tables may hold it; all years are replaced,
        whichever is named.
    today : datetime.date
    base : str, optional
        Address of the folder of archives, for tests.
    """
    lasts = [tables[name]["year"].max() for name in (TRADE, MAGNETS)]
    if any(pd.isna(last) for last in lasts):
        raise catalogue.DataError(f"{TRADE} or {MAGNETS} has no rows, which say what they hold")
    held, newest = int(min(lasts)) + LAG, today.year
    asked = range(newest, held - (since is not None), -1)
    if since is not None and since > newest - LAG:
        asked = range(0)
    releases = tuple(f"V{year}01{letter}" for year in asked for letter in LETTERS)
    last = newest - LAG
    why = f"{RULE}: {' or '.join(releases)}, data to {last}; an archive of some 2.4 GB"
    if not releases:
        why = f"the next release is of January {held + 1}, years to {held - LAG} are here"
    requests = tuple(_request(base or BASE, release) for release in releases)
    periods = tuple(range(FIRST_YEAR, last + 1)) if releases else ()
    rest = {
        "releases": releases,
        "magnets_from": int(tables[MAGNETS]["year"].min()),
        "listed": _listed(tables[COVERAGE]),
        "breaks": tables[BREAKS],
    }
    return Plan(NAME, TABLES, periods, why, requests, rest)


def fetch(
    made: Plan, read: Callable, economies: pd.DataFrame, note: Callable[[str], None]
) -> Fetched:
    """Read the newest release that is there; no table when none is.

    Parameters
    ----------
    made, read, economies, note
        As of `rareearths.sources.worldbank.fetch`.

    Raises
    ------
    SourceError
        The archive cannot be had whole.
    Unusable
        It is not what CEPII documents, see `baci_flows.read_flows`.
    """
    products = tuple(sorted({*catalogue.load("products")["hs6"], MAGNET}))
    for request, release in zip(made.requests, made.rest["releases"], strict=True):
        years = range(FIRST_YEAR, _last_year(release) + 1)
        found = []

        def judge(path, release=release, years=years, found=found) -> int:
            flows = read_flows(path, release, years, products, economies, note)
            found.append(flows.rows)
            return flows.read

        try:
            read(request, judge)
        except Refused as refused:
            if refused.status not in NOT_THERE:
                raise
            continue
        return Fetched(_tables(made, found[-1], release), release)
    note(f"BACI: not yet published: {', '.join(made.rest['releases'])}")
    return Fetched({}, "not stated")


def replaced(made: Plan, table: str, rows: pd.DataFrame) -> pd.Series:
    """Say which of the present rows the new ones stand for: all, and breaks of the old magnets."""
    if table == BREAKS:
        return (rows["series"] == MAGNETS) & rows["kind"].isin(COMPILED_BREAKS)
    return pd.Series(True, rows.index)


def ordered(table: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Sort a table as the bundled one."""
    by = {
        TRADE: ["product", "year", "importer", "exporter"],
        MAGNETS: ["year", "exporter", "importer", "product"],
        COVERAGE: ["year"],
    }
    if table == BREAKS:  # those that stay keep their place
        return rows.sort_index(ignore_index=True)
    return rows.sort_values(by[table], ignore_index=True)


def describe(resource: dict, rows: pd.DataFrame, whole: bool) -> dict:
    """Return the texts of ``datapackage.json`` that a refresh makes untrue."""
    if resource["name"] == BREAKS:
        return {}
    source = {
        "title": "CEPII, BACI (HS92), reconciled from UN Comtrade",
        "path": "https://www.cepii.fr/CEPII/en/bdd_modele/bdd_modele_item.asp?id=37",
    }
    if resource["name"] == COVERAGE:
        text = "For each year the smallest flow in magnets.csv, the revision and the file read."
        return {"description": text, "sources": [source], "schema": _coverage_schema(resource)}
    years = f"{rows['year'].min()}-{rows['year'].max()}"
    title = f"{resource['title'].rsplit(',', 1)[0]}, {years}"
    if resource["name"] == TRADE:
        return {"title": title, "sources": [source]}
    text = (
        "Annual flows of permanent magnets of metal: to and from Japan, to the United States, "
        f"Germany and South Korea, and from China where at least {LARGE_USD // 10**6} million US "
        "dollars. HS 1992 in all years. HS 850511 also holds AlNiCo and samarium-cobalt magnets."
    )
    schema = deepcopy(resource["schema"])
    weight = next(f for f in schema["fields"] if f["name"] == "quantity_t")
    weight["description"] = "Gross weight; missing where neither side reported it"
    return {"title": title, "description": text, "sources": [source], "schema": schema}


def _request(base: str, release: str) -> Request:
    return Request(f"{base}/BACI_{REVISION}_{release}.zip", kind=ARCHIVE)


def _last_year(release: str) -> int:
    """Return the last year of a release.

    Examples
    --------
    >>> _last_year("V202601b")
    2024
    """
    return int(release[1:5]) - LAG


def _listed(coverage: pd.DataFrame) -> tuple[str, ...]:
    """Return the importers whose flows of magnets are listed in every year."""
    codes = [set(listed.split(";")) for listed in coverage["importers_listed"]]
    return tuple(sorted(set.intersection(*codes)))


def _tables(made: Plan, rows: pd.DataFrame, release: str) -> dict[str, pd.DataFrame]:
    order = ["year", "exporter", "importer", "product", "value_usd", "quantity_t"]
    is_magnet = rows["product"] == MAGNET
    magnets = _selected(rows.loc[is_magnet, order], made.rest)
    magnets = magnets.assign(source=f"CEPII BACI {release} ({REVISION}), from UN Comtrade")
    return {
        TRADE: rows.loc[~is_magnet, order],
        MAGNETS: magnets,
        COVERAGE: _coverage(magnets, made.rest["listed"], release),
        BREAKS: _breaks(made.rest["breaks"], magnets),
    }


def _selected(rows: pd.DataFrame, rest: dict) -> pd.DataFrame:
    """Take the flows of magnets that the bundled table selects, small ones too."""
    is_listed = rows["importer"].isin(rest["listed"]) | (rows["exporter"] == LISTED_EXPORTER)
    is_large = (rows["exporter"] == LARGE_EXPORTER) & (rows["value_usd"] >= LARGE_USD)
    return rows[(rows["year"] >= rest["magnets_from"]) & (is_listed | is_large)]


def _coverage(magnets: pd.DataFrame, listed: tuple[str, ...], release: str) -> pd.DataFrame:
    smallest = magnets.groupby("year")["value_usd"].min()
    years = smallest.index
    return pd.DataFrame(
        {
            "year": years,
            "smallest_value_usd": smallest.to_numpy(),
            "importers_listed": ";".join(listed),
            "hs_revision": REVISION,
            "source_text": pd.Series(pd.NA, range(len(years)), dtype="str"),
            "source": [f"CEPII, BACI_{REVISION}_Y{year}_{release}.csv" for year in years],
            "note": pd.Series(pd.NA, range(len(years)), dtype="str"),
        }
    )


def _breaks(breaks: pd.DataFrame, magnets: pd.DataFrame) -> pd.DataFrame:
    """Return the breaks of how magnets were compiled that the new rows still have.

    Theirs is one revision, so that no splice is left. An economy that was absent (Taiwan, which
    BACI has under a code of its own) and weights that were unknown are left where they still are.
    """
    own = breaks[(breaks["series"] == MAGNETS) & breaks["kind"].isin(COMPILED_BREAKS)]
    return own[pd.Series([_holds(row, magnets) for row in own.itertuples()], own.index, dtype=bool)]


def _holds(row, magnets: pd.DataFrame) -> bool:
    if row.kind == "splice":
        return False
    years = magnets[magnets["year"].between(row.first_year, row.last_year)]
    if row.kind == "partner_absent":
        return not ((years["exporter"] == "TWN") | (years["importer"] == "TWN")).any()
    return not years["quantity_t"].notna().any()


def _coverage_schema(resource: dict) -> dict:
    schema = deepcopy(resource["schema"])
    revision = next(f for f in schema["fields"] if f["name"] == "hs_revision")
    revision["constraints"]["enum"] = sorted({*revision["constraints"]["enum"], REVISION})
    return schema
