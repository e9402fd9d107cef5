"""US Geological Survey: mine production, reserves, prices and US statistics, by edition.

The data releases of the Mineral Commodity Summaries (MCS) are items of ScienceBase, children of
one parent. From 2026 on an edition is one CSV file, ``MCS<year>_Commodities_Data.csv``; earlier
ones are archives of another layout and are not read. The file can lag behind the printed chapter,
of which later versions come out within the year. Import sources of the United States are not read.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import date
from urllib.parse import SplitResult, parse_qsl, urlsplit

import pandas as pd

from rareearths.catalogue import DataError
from rareearths.sources import mcs, mcs_salient, mine_figures
from rareearths.sources.fetch import BYTES, Manners, Request, Unusable, one_line
from rareearths.sources.plan import Fetched, Plan, years_in_words
from rareearths.words import joined

NAME = "usgs"
PRODUCTION, OVERLAPS, RESERVES, PRICES, STATISTICS = (
    "rare_earth_mine_production",
    "mine_production_overlaps",
    "reserves",
    "oxide_prices",
    "us_salient_statistics",
)
TABLES = (PRODUCTION, OVERLAPS, RESERVES, PRICES, STATISTICS)
FIGURES = {PRICES: ["year", "product", "measure"], STATISTICS: ["year", "item"]}
BASE = "https://www.sciencebase.gov/catalog"
PARENT = "5c8c03e4e4b0938824529f7d"  # National Minerals Information Center
LICENCE = "US government work, public domain: US Geological Survey, Mineral Commodity Summaries"
MANNERS = Manners(spacing=2.0)
KEY = None
RULE = "editions newer than those of a table, and this year's, which is published again"
FIRST_EDITION = 2026  # of the one-file layout
MOST_ITEMS = 100  # of one page of the listing
MOST_PAGES = 20
MOST_GONE = 0.1  # of the figures of an edition that is published again
_TITLE = re.compile(r"Mineral Commodity Summaries ([0-9]{4}) Data Release")


def plan(tables: dict, since: int | None, today: date, base: str | None = None, **_) -> Plan:
    """Say what to ask: editions by `RULE`; each comes out in January or February of its year.

    Parameters
    ----------
    tables : dict
        The present tables by name.
    since : int, optional
        Ask for every edition from this one on; none before `FIRST_EDITION` can be read.
    today : datetime.date
    base : str, optional
        Address of ScienceBase, for tests.
    """
    base = base or BASE
    newest = min(_newest(name, tables[name]) for name in (RESERVES, PRICES, STATISTICS))
    first = newest + 1
    if since is not None:
        first = since
    elif newest == today.year and _is_from(base, tables[RESERVES], newest):
        first = newest
    editions = tuple(range(max(first, FIRST_EDITION), today.year + 1))
    why = f"editions {years_in_words(editions)} ({RULE})" if editions else (
        f"no edition is newer than {newest}")  # fmt: skip
    asked = (_listing(base, 0),) if editions else ()
    return Plan(NAME, TABLES, editions, why, asked, {"base": base, "tables": tables})


def fetch(
    made: Plan, read: Callable, economies: pd.DataFrame, note: Callable[[str], None]
) -> Fetched:
    """Read the editions that are out and make the tables anew.

    The rows of an edition that is read stand in the place of its present ones; ``best`` and
    ``newest_edition`` are set and the pairs are made of all rows together.

    Parameters
    ----------
    made, read, economies, note
        As of `rareearths.sources.worldbank.fetch`.

    Raises
    ------
    Unusable
        An answer or a file is not what is documented, or the file is not what its checksum says.
    """
    mined, held = (made.rest["tables"][name] for name in (PRODUCTION, RESERVES))
    salient = {name: made.rest["tables"][name] for name in FIGURES}
    items, vintages = _items(made, read), []
    for edition in made.periods:
        if edition not in items:
            note(f"USGS: MCS {edition} is not out")
            continue
        item = _item(made, read, items[edition], edition)
        content = _file(made, read, item, edition, note)
        if content is None:
            continue
        page = f"{made.rest['base']}/item/{item['id']}"
        about = {"source": "USGS", "edition": f"MCS{edition}"}
        fresh = mcs.production(content, edition, economies, note)
        mined = _with(mined, fresh.assign(**about, source_ref=page), ["economy", "year"])
        fresh = mcs.reserves(content, edition, economies, note)
        held = _with(held, fresh.assign(**about, source_url=page), ["economy"])
        read_here = {
            PRICES: mcs_salient.prices(content, edition, note),
            STATISTICS: mcs_salient.statistics(content, edition, note),
        }
        for name, fresh in read_here.items():
            fresh = fresh.assign(**about, source_url=page)
            salient[name] = _with(salient[name], fresh, FIGURES[name])
        vintages.append(f"MCS {edition}, {_changed(item)}")
    mined = mine_figures.mark_best(ordered(PRODUCTION, mined))
    tables = {PRODUCTION: mined, OVERLAPS: mine_figures.overlaps(mined), RESERVES: held}
    for name, key in FIGURES.items():
        tables[name] = mcs_salient.mark_newest(ordered(name, salient[name]), key)
    return Fetched(tables, "; ".join(vintages) or "not stated")


def replaced(made: Plan, table: str, rows: pd.DataFrame) -> pd.Series:
    """Say which of the present rows the new ones stand for: all, as the tables come whole."""
    return pd.Series(True, rows.index)


def ordered(table: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Sort a table as the bundled one."""
    sides = ["source_a", "edition_a", "source_b", "edition_b"]
    by = {
        PRODUCTION: ["economy", "year", "source", "edition"],
        OVERLAPS: ["economy", "year", *sides],
        RESERVES: ["economy", "edition"],
        **{name: [*key, "edition"] for name, key in FIGURES.items()},
    }
    return rows.sort_values(by[table], ignore_index=True)


def describe(resource: dict, rows: pd.DataFrame, whole: bool) -> dict:
    """Return the texts of ``datapackage.json`` that a refresh makes untrue.

    An economy that had no row before is allowed from now on.
    """
    release = {"title": "US Geological Survey, data releases on ScienceBase", "path": BASE}
    others = [one for one in resource["sources"] if one["title"] != release["title"]]
    texts: dict = {"sources": [*others, release]}
    for column in resource["schema"]["fields"]:
        if column["name"] == "economy":
            known = {*column["constraints"]["enum"], *rows["economy"]}
            column["constraints"]["enum"] = sorted(known)
    if resource["name"] in (PRODUCTION, *FIGURES):
        span = f"{rows['year'].min()}-{rows['year'].max()}"
        texts["title"] = f"{resource['title'].rsplit(',', 1)[0]}, {span}"
    if resource["name"] == RESERVES:
        count = rows["edition"].nunique()
        texts["title"] = f"Reserves of rare earths by economy, {count} USGS editions"
        years = joined([str(year) for year in sorted(set(mine_figures.edition_year(rows)))])
        printed = r"Summaries of [0-9]{4}.*? print"
        texts["description"] = re.sub(
            printed, f"Summaries of {years} print", resource["description"]
        )
    return texts | {"schema": resource["schema"]}


def _newest(table: str, rows: pd.DataFrame) -> int:
    """Return the year of the newest edition in a table."""
    if rows.empty:
        raise DataError(f"{table} has no rows, which say what editions are known")
    return int(mine_figures.edition_year(rows).max())


def _is_from(base: str, rows: pd.DataFrame, edition: int) -> bool:
    """Whether the reserves of an edition were read here, and not in a copy."""
    own = rows[rows["edition"] == f"MCS{edition}"]
    return bool(own["source_url"].str.startswith(base).all())


def _listing(base: str, offset: int) -> Request:
    params = {
        "parentId": PARENT,
        "format": "json",
        "fields": "title,id",
        "max": str(MOST_ITEMS),
        "offset": str(offset),
    }
    return Request(f"{base}/items", params)


def _items(made: Plan, read: Callable) -> dict[int, str]:
    """Return the id of the item of each edition."""
    found: dict[int, str] = {}
    seen, total, pages = 0, 1, 0
    while seen < total and pages < MOST_PAGES:
        data = read(_listing(made.rest["base"], seen), lambda data: len(_children(data)))
        children, total, pages = _children(data), data["total"], pages + 1
        if not children and total:
            raise Unusable(f"ScienceBase: {seen} items came, {total} are announced")
        seen += len(children)
        for child in children:
            title = _TITLE.search(child["title"])
            if not title:
                continue
            if int(title[1]) in found and found[int(title[1])] != child["id"]:
                raise Unusable(f"ScienceBase: two items are the data release of MCS {title[1]}")
            found[int(title[1])] = child["id"]
    if not found:
        raise Unusable("ScienceBase: no data release of the Mineral Commodity Summaries is listed")
    return found


def _children(data) -> list[dict]:
    items = data.get("items") if isinstance(data, dict) else None
    whole = isinstance(items, list) and isinstance(data.get("total"), int)
    if not whole or isinstance(data["total"], bool):
        raise Unusable("ScienceBase: the listing has no list 'items' with a 'total'")
    for item in items:
        if not (isinstance(item, dict) and isinstance(item.get("title"), str)):
            raise Unusable("ScienceBase: an item of the listing has no 'title'")
        if not re.fullmatch(r"[0-9a-f]{24}", str(item.get("id"))):
            raise Unusable(f"ScienceBase: {one_line(item.get('id'))!r} is no id of an item")
    return items


def _item(made: Plan, read: Callable, id: str, edition: int) -> dict:
    """Return the description of an item, after it was found to be that of the edition."""

    def judge(data) -> int:
        title = _TITLE.search(str(data.get("title"))) if isinstance(data, dict) else None
        if not title or data.get("id") != id or int(title[1]) != edition:
            raise Unusable(f"ScienceBase: the answer is not item {id}, MCS {edition}")
        files = data.get("files") or []
        if not isinstance(files, list) or not all(isinstance(file, dict) for file in files):
            raise Unusable(f"ScienceBase: item {id} has no list 'files'")
        return len(files)

    request = Request(f"{made.rest['base']}/item/{id}", {"format": "json"})
    return read(request, judge)


def _file(made: Plan, read: Callable, item: dict, edition: int, note: Callable) -> bytes | None:
    """Return the data file of an edition; None when the item has no files yet."""
    wanted = f"MCS{edition}_Commodities_Data.csv"
    files = {str(file.get("name")): file for file in item.get("files") or []}
    if not files:
        note(f"USGS: the item of MCS {edition} has no files yet")
        return None
    if wanted not in files:
        there = one_line(", ".join(files))
        raise Unusable(f"USGS, MCS {edition}: no file {wanted}; there are {there}")
    there, here = _parts(str(files[wanted].get("url"))), urlsplit(made.rest["base"])
    if there is None or (there.scheme, there.netloc) != (here.scheme, here.netloc):
        raise Unusable(f"USGS, MCS {edition}: the address of {wanted} is not one of {here.netloc}")
    checksum = _md5(files[wanted])
    if checksum is None:
        note(f"USGS, MCS {edition}: no md5 is stated for {wanted}")

    def judge(content: bytes | None) -> int:
        if content is None:
            raise Unusable(f"USGS, MCS {edition}: {wanted} is empty")
        found = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if checksum not in (None, found):
            raise Unusable(f"USGS, MCS {edition}: {wanted} is not what its md5 says")
        return len(mcs.chapter(content, edition))

    address = f"{there.scheme}://{there.netloc}{there.path}"
    return read(Request(address, dict(parse_qsl(there.query)), BYTES), judge)


def _parts(address: str) -> SplitResult | None:
    """Return the parts of an address; None for a text that is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return None


def _md5(file: dict) -> str | None:
    stated = file.get("checksum")
    if not isinstance(stated, dict) or str(stated.get("type")).lower() != "md5":
        return None
    return str(stated.get("value")).lower()


def _changed(item: dict) -> str:
    """Return when an item was changed last, as a date."""
    provenance = item.get("provenance")
    stated = provenance.get("lastUpdated") if isinstance(provenance, dict) else None
    found = re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", str(stated))
    return found[0] if found else "not stated"


def _with(old: pd.DataFrame, fresh: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Put the rows of an edition in the place of its present ones."""
    edition = fresh["edition"].iloc[0]
    own = (old["source"] == "USGS") & (old["edition"] == edition)
    gone = own.sum() - old[own].merge(fresh[key], on=key)[key[0]].count()
    if gone > MOST_GONE * own.sum():
        raise Unusable(f"USGS, {edition}: {gone} of {own.sum()} present figures are missing")
    fresh = fresh.assign(**{c: pd.NA for c in old.columns if c not in fresh.columns})
    flags = {"best", "newest_edition"}.intersection(old.columns)
    fresh = fresh.assign(**dict.fromkeys(flags, False))
    return pd.concat([old[~own], fresh[old.columns].astype(old.dtypes.to_dict())],
                     ignore_index=True)  # fmt: skip
