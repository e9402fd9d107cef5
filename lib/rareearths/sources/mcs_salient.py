"""Prices and US statistics in the data file of one edition of the Mineral Commodity Summaries.

Both stand in the salient statistics, one figure a row with its marks in ``Notes``. The wording is
that of MCS 2026, version 1.3; of other words (ferrocerium, employment, holmium) no column of the
tables speaks, so that these rows are left out and told. Terbium and dysprosium have their prices
in the chapter on heavy rare earths, nothing else is taken from there. Import sources are not read.
"""

import re
from collections.abc import Callable, Iterator

import pandas as pd

from rareearths.sources import mcs, mine_figures
from rareearths.sources.fetch import Unusable, one_line

HEAVY = "RARE EARTHS (Heavy)"
PRODUCTS = {
    "cerium oxide": "cerium_oxide",
    "dysprosium oxide": "dysprosium_oxide",
    "europium oxide": "europium_oxide",
    "gadolinium oxide": "gadolinium_oxide",
    "lanthanum oxide": "lanthanum_oxide",
    "neodymium oxide": "neodymium_oxide",
    "neodymium-praseodymium (ndpr) oxide": "neodymium_praseodymium_oxide",
    "praseodymium oxide": "praseodymium_oxide",
    "samarium oxide": "samarium_oxide",
    "terbium oxide": "terbium_oxide",
}
MISCHMETAL = "mischmetal, 65% cerium, 35% lanthanum"  # of another mix it is another product
RELIANCE = "net_import_reliance_compounds_metals"
ITEMS = {
    "production: mineral concentrates": "production_concentrates",
    "production: compounds and metals": "production_compounds_metals",
    "imports: compounds": "imports_compounds",
    "imports: metals: rare-earth metals and alloys": "imports_metals_alloys",
    "exports: ores and compounds": "exports_ores_compounds",
    "consumption, apparent, compounds and metals": "consumption_apparent",
    "net import reliance as a percentage of apparent consumption: compounds and metals": RELIANCE,
}
PRICE_UNIT = "dollars per kilogram"
_PRICE = f"price, average, {PRICE_UNIT}: "
_OXIDE = re.compile(r"(.+ oxide), ([0-9]{2}(?:\.[0-9]+)?)%,? minimum")
_RANGE = re.compile(r"(e?)([0-9][0-9,.]*) ?[–-] ?([0-9][0-9,.]*)")


def prices(content: bytes, edition: int, note: Callable[[str], None]) -> pd.DataFrame:
    """Read average prices, in the columns of ``oxide_prices`` but the last ones.

    A bound, a dash, NA and a price of zero are no price; such rows are left out and told.

    Returns
    -------
    pandas.DataFrame
        ``year``, ``product``, ``measure``, ``low_usd_per_kg`` and ``high_usd_per_kg`` (US$ per kg,
        the same where one figure is printed), ``minimum_purity`` (fraction), ``estimated``.

    Raises
    ------
    Unusable
        There is no price of a known product, or one is not in US$ per kg.
    """
    made, told = [], _Told(edition, note)
    for row in _salient(content, edition, [mcs.CHAPTER, HEAVY]):
        if row["Statistics"].lower() != "price":
            continue
        product, purity = _product(row)
        if product is None:
            told.unknown(row)
            continue
        _demand(row, PRICE_UNIT, edition)
        ends, estimated = _ends(row["Value"])
        if ends is None:
            told.no_figure(row)
            continue
        low, high = ends
        about = {"year": _year(row, edition), "product": product, "measure": "annual_average"}
        price = {"low_usd_per_kg": low, "high_usd_per_kg": high, "minimum_purity": purity}
        made.append(about | price | {"estimated": estimated or _is_estimate(row)})
    told.report("prices")
    return _whole(made, "product", [*PRODUCTS.values(), "mischmetal"], edition, "prices", note)


def statistics(content: bytes, edition: int, note: Callable[[str], None]) -> pd.DataFrame:
    """Read US statistics, in the columns of ``us_salient_statistics`` but the last ones.

    Returns
    -------
    pandas.DataFrame
        ``year``, ``item``, ``quantity_t`` (tonnes of oxide equivalent), ``share`` (fraction),
        ``value_as_printed``, ``qualifier``, ``estimated``.

    Raises
    ------
    Unusable
        There is no known item, or one is in another unit.
    """
    made, told = [], _Told(edition, note)
    for row in _salient(content, edition, [mcs.CHAPTER]):
        if row["Statistics"].lower() == "price":
            continue
        item = ITEMS.get(_words(row))
        if item is None:
            told.unknown(row)
            continue
        is_share = item == RELIANCE
        _demand(row, "percent" if is_share else mcs.UNIT, edition)
        found = mcs.figure(row["Value"])
        if found is None:  # E, a net exporter, is none either
            told.no_figure(row)
            continue
        number = found.number
        if is_share and number is not None and number > 100:
            raise Unusable(f"{mcs.place(edition)}: {item} of {number:g} percent")
        made.append({
            "year": _year(row, edition),
            "item": item,
            "quantity_t": None if is_share else number,
            "share": round(number / 100, 6) if is_share and number is not None else None,
            "value_as_printed": found.printed,
            "qualifier": found.qualifier,
            "estimated": found.estimated or _is_estimate(row),
        })  # fmt: skip
    told.report("US statistics")
    return _whole(made, "item", [*ITEMS.values()], edition, "US statistics", note)


def mark_newest(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Mark the row of the newest edition of each figure; ``newest_edition`` is set anew.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of ``oxide_prices`` or ``us_salient_statistics``.
    key : list of str
        Columns that name a figure whatever the edition.
    """
    year = mine_figures.edition_year(rows)
    newest = year.groupby([rows[name] for name in key]).transform("max")
    return rows.assign(newest_edition=year == newest)


class _Told:
    """Rows that become none, gathered for one note each."""

    def __init__(self, edition: int, note: Callable[[str], None]):
        self.edition, self.note = edition, note
        self.words: dict[str, None] = {}
        self.cells: list[str] = []

    def unknown(self, row: dict) -> None:
        self.words[one_line(row["Statistics_detail"])] = None

    def no_figure(self, row: dict) -> None:
        said = f"{row['Statistics_detail']} {row['Year']} ({row['Value']})"
        self.cells.append(one_line(said))

    def report(self, what: str) -> None:
        place = mcs.place(self.edition)
        if self.words:
            self.note(f"{place}: {what} that the table does not hold: {'; '.join(self.words)}")
        if self.cells:
            self.note(f"{place}: {what} without a figure: {'; '.join(self.cells)}")


def _salient(content: bytes, edition: int, chapters: list[str]) -> Iterator[dict]:
    wanted = {name.lower() for name in chapters}
    for row in mcs.lines(content, edition):
        if row["MCS chapter"].lower() in wanted and row["Section"].lower().startswith("salient"):
            yield row


def _words(row: dict) -> str:
    """Return the wording of a row without capitals and doubled blanks."""
    return " ".join(row["Statistics_detail"].lower().split())


def _product(row: dict) -> tuple[str | None, float | None]:
    """Return product and minimum purity (fraction) of a price; None for other words."""
    words = _words(row)
    if not words.startswith(_PRICE):
        return None, None
    words = words.removeprefix(_PRICE)
    if words == MISCHMETAL:
        return "mischmetal", None
    found = _OXIDE.fullmatch(words)
    if not found or found[1] not in PRODUCTS:
        return None, None
    return PRODUCTS[found[1]], round(float(found[2]) / 100, 6)


def _ends(text: str) -> tuple[tuple[float, float] | None, bool]:
    """Return both ends of a price, and whether it is marked as an estimate in the cell."""
    span = _RANGE.fullmatch(text)
    mark, *parts = span.groups() if span else ("", text, text)
    low, high = map(mcs.figure, parts)
    for end in (low, high):
        if end is None or end.qualifier or not end.number:
            return None, False
    if low.number > high.number:
        return None, False
    return (low.number, high.number), bool(mark) or low.estimated


def _is_estimate(row: dict) -> bool:
    return "Estimated" in [part.strip(" .") for part in row["Notes"].split(" -- ")]


def _demand(row: dict, unit: str, edition: int) -> None:
    if row["Unit"].lower() != unit:
        what = one_line(f"{row['Statistics_detail']} in {row['Unit']!r}")
        raise Unusable(f"{mcs.place(edition)}: {what}, not in {unit}")


def _year(row: dict, edition: int) -> int:
    return mcs.year_of(row, edition, one_line(row["Statistics_detail"]))


def _whole(
    made: list[dict], name: str, known: list[str], edition: int, what: str, note: Callable
) -> pd.DataFrame:
    """Return the rows as a table, each figure once; tell what of the known is not there."""
    if not made:
        raise Unusable(f"{mcs.place(edition)}: the salient statistics have no known {what}")
    table = pd.DataFrame(made)
    twice = table[table.duplicated(["year", name])]
    if len(twice):
        said = f"{twice[name].iloc[0]} {twice['year'].iloc[0]}"
        raise Unusable(f"{mcs.place(edition)}: two figures of {said}")
    missing = [one for one in known if one not in set(table[name])]
    if missing:
        note(f"{mcs.place(edition)}: {what} do not have {', '.join(missing)}")
    return table
