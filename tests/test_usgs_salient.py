"""Prices and US statistics of a data release: what becomes a row, and what is told instead."""

import pandas as pd
import pytest

from rareearths import catalogue, check, resources
from rareearths.sources import mcs_salient, usgs
from rareearths.sources.fetch import Unusable
from rareearths.sources.refresh import RefreshError
from salient import HEAVY_PRICES, PER_KG, PRICES, RELIANCE, STATISTICS, price_rows, statistics_rows
from test_refresh import entry, hashes
from test_usgs import ITEM, catalog, fetched, file, of_edition, publisher, run, salient_rows

__all__ = ["catalog", "publisher"]  # fixtures

KEYS = {usgs.PRICES: ["year", "product"], usgs.STATISTICS: ["year", "item"]}


def made(light=PRICES, heavy=HEAVY_PRICES, statistics=STATISTICS) -> bytes:
    """Return a file with other prices and statistics."""
    return file(salient=price_rows(light, heavy) + statistics_rows(statistics))


def prices(notes=None, **changed) -> pd.DataFrame:
    note = (notes if notes is not None else []).append
    return mcs_salient.prices(made(**changed), 2027, note).set_index(KEYS[usgs.PRICES])


def statistics(notes=None, **changed) -> pd.DataFrame:
    note = (notes if notes is not None else []).append
    return mcs_salient.statistics(made(**changed), 2027, note).set_index(KEYS[usgs.STATISTICS])


# Prices.


def test_prices_come_as_printed_with_purity_and_mark():
    rows = prices()
    columns = ["low_usd_per_kg", "high_usd_per_kg", "minimum_purity", "estimated"]
    assert rows.loc[(2025, "lanthanum_oxide"), columns].to_list() == [0.88, 0.88, 0.995, False]
    assert rows.loc[(2026, "lanthanum_oxide"), columns].to_list() == [2, 2, 0.995, True]
    assert rows.loc[(2026, "neodymium_praseodymium_oxide"), columns].to_list() == [
        83, 83, 0.99, True,
    ]  # fmt: skip
    assert set(rows["measure"]) == {"annual_average"}
    assert rows.loc[(2026, "mischmetal"), "low_usd_per_kg"] == 4.6
    assert pd.isna(rows.loc[(2026, "mischmetal"), "minimum_purity"])


def test_terbium_and_dysprosium_come_from_the_chapter_on_heavy_elements():
    rows = prices()
    assert rows.loc[(2025, "terbium_oxide"), "low_usd_per_kg"] == 1234
    assert rows.loc[(2025, "terbium_oxide"), "minimum_purity"] == 0.9999
    assert rows.loc[(2026, "dysprosium_oxide"), "low_usd_per_kg"] == 211
    assert len(rows) == 2 * (len(PRICES) + 2)


def test_without_the_heavy_chapter_the_others_come_and_it_is_told():
    notes = []
    assert len(prices(notes, heavy={})) == 2 * len(PRICES)
    assert notes == ["USGS, MCS 2027: prices do not have dysprosium_oxide, terbium_oxide"]


@pytest.mark.parametrize(
    ("value", "low", "high", "estimated"),
    [
        ("60–65", 60, 65, False),
        ("e60-65", 60, 65, True),
        ("1,340–1,400", 1340, 1400, False),
        ("e0.97", 0.97, 0.97, True),
    ],
)
def test_a_range_keeps_its_ends(value, low, high, estimated):
    wording = "Neodymium oxide, 99.5% minimum"
    row = prices(light=PRICES | {wording: ("Neodymium", value, "70")}).loc[
        (2025, "neodymium_oxide")
    ]
    assert (row["low_usd_per_kg"], row["high_usd_per_kg"]) == (low, high)
    assert row["estimated"] == estimated


NO_PRICE = ["W", "NA", "—", "--", "XX", "", "0", "0.00", ">50", "<1", "65–60", "5–", "(3)", "$50"]


@pytest.mark.parametrize("value", NO_PRICE)
def test_what_is_no_price_is_no_row_and_never_zero(value):
    notes = []
    changed = {"Neodymium oxide, 99.5% minimum": ("Neodymium", value, "70")}
    rows = prices(notes, light=PRICES | changed)
    assert (2025, "neodymium_oxide") not in rows.index
    assert (rows["low_usd_per_kg"] > 0).all()
    said = f"{PER_KG}Neodymium oxide, 99.5% minimum 2025 ({value})"
    assert notes[1:] == [f"USGS, MCS 2027: prices without a figure: {said}"]


@pytest.mark.parametrize(
    "wording",
    [
        "Neodymium metal, 99.5% minimum",
        "Neodymium oxide",
        "Mischmetal, 50% cerium, 50% lanthanum",
        "Neodymium oxide, year end, 99.5% minimum",
    ],
)
def test_other_words_are_another_price_and_told(wording):
    notes = []
    rows = prices(notes, light=PRICES | {wording: ("Neodymium", "7", "8")})
    assert len(rows) == 2 * (len(PRICES) + 2)
    assert notes == [
        "USGS, MCS 2027: prices that the table does not hold: "
        f"{PER_KG}{wording}; {PER_KG}Erbium oxide, 99.5%, minimum"
    ]


# US statistics.


def test_statistics_come_as_printed():
    rows = statistics()
    columns = ["quantity_t", "value_as_printed", "estimated"]
    assert rows.loc[(2025, "imports_compounds"), columns].to_list() == [6500, "6500", True]
    assert rows.loc[(2026, "imports_compounds"), columns].to_list() == [18_000, "18000", True]
    assert rows.loc[(2025, "consumption_apparent"), columns].to_list() == [5500, "5500", False]
    assert rows.loc[(2026, "production_compounds_metals"), columns].to_list() == [
        7000, "7000", True,
    ]  # fmt: skip
    mines = rows.xs("production_concentrates", level="item")
    assert mines["quantity_t"].to_dict() == {
        2022: 42_500, 2023: 41_600, 2024: 45_500, 2025: 46_000, 2026: 50_000,
    }  # fmt: skip
    assert rows["share"].notna().sum() == 2


def test_reliance_is_a_share_and_a_bound_is_marked():
    rows = statistics().xs(mcs_salient.RELIANCE, level="item")
    columns = ["share", "value_as_printed", "qualifier"]
    assert rows.loc[2025, columns[:2]].to_list() == [0.44, "44"]
    assert pd.isna(rows.loc[2025, "qualifier"])
    assert rows.loc[2026, columns].to_list() == [0.8, ">80", "greater_than"]
    assert rows["quantity_t"].isna().all()


def test_a_dash_is_zero_by_the_legend_and_na_is_missing():
    rows = statistics()
    columns = ["quantity_t", "value_as_printed", "qualifier"]
    assert rows.loc[(2025, "imports_metals_alloys"), columns].to_list() == [0, "—", "zero_dash"]
    assert rows.loc[(2026, "consumption_apparent"), columns[1:]].to_list() == [
        "NA", "not_available",
    ]  # fmt: skip
    assert pd.isna(rows.loc[(2026, "consumption_apparent"), "quantity_t"])


def test_other_statistics_are_told_once_each():
    notes = []
    statistics(notes)
    assert len(notes) == 1
    for wording in ("Ferrocerium, alloys", "Employment, mine", f"{RELIANCE}Mineral concentrates"):
        assert notes[0].count(wording) == 1


@pytest.mark.parametrize("value", ["E", "W", "XX", "<1", "(3)", "", "50–60"])
def test_what_is_no_reliance_is_no_row(value):
    notes = []
    changed = {RELIANCE + "Compounds and metals": ("Net import reliance", "percent", value, "67")}
    rows = statistics(notes, statistics=STATISTICS | changed)
    assert (2025, mcs_salient.RELIANCE) not in rows.index
    assert notes[1].endswith(f"without a figure: {RELIANCE}Compounds and metals 2025 ({value})")


def test_an_item_that_is_gone_is_told():
    notes = []
    kept = {name: row for name, row in STATISTICS.items() if name != "Imports: Compounds"}
    statistics(notes, statistics=kept)
    assert notes[-1] == "USGS, MCS 2027: US statistics do not have imports_compounds"


# What is not as documented.


def changed(rows, place, value) -> bytes:
    return file(salient=[[*row[:place], value, *row[place + 1 :]] for row in rows])


WORDING = RELIANCE + "Compounds and metals"
UNUSABLE = {
    "no prices": (file(salient=statistics_rows()), "have no known prices"),
    "no price of a known product": (
        made(light={"Neodymium metal": ("Neodymium", "7", "8")}, heavy={}), "no known prices",
    ),
    "prices in pounds": (
        changed(price_rows(), 6, "dollars per pound"), "'dollars per pound', not in dollars per ki",
    ),
    "a price of two years": (changed(price_rows(), 7, "2025–26"), "'2025–26' is no year of Price"),
    "a price of the future": (changed(price_rows(), 7, "2027"), "'2027' is no year of Price"),
    "a price twice": (
        file(salient=price_rows() * 2), "two figures of lanthanum_oxide 2025",
    ),
    "tonnes in thousands": (
        file(salient=price_rows() + [[*row[:6], "thousand metric tons", *row[7:]]
                                     for row in statistics_rows()]),
        "Production: Compounds and metals in 'thousand metric tons', not in metric tons",
    ),
    "a reliance above all": (
        made(statistics={WORDING: ("Net import reliance", "percent", "530", "67")}),
        "net_import_reliance_compounds_metals of 530 percent",
    ),
    "an item twice": (
        file(salient=price_rows() + statistics_rows() * 2),
        "two figures of production_compounds_metals 2025",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", UNUSABLE)
def test_a_file_that_is_not_as_documented_is_an_error(catalog, fault):
    catalog.content, message = UNUSABLE[fault]
    with pytest.raises(Unusable, match=f"^USGS, MCS 2027: .*{message}"):
        fetched()


def test_a_file_without_any_statistics_is_an_error():
    others = [row for row in salient_rows({}) if row[4] == "Net import reliance"]
    with pytest.raises(Unusable, match="have no known US statistics"):
        mcs_salient.statistics(file(others, salient=price_rows()), 2027, print)


def test_an_error_changes_no_table(data, catalog):
    catalog.content = file(salient=statistics_rows())
    before = hashes(data)
    with pytest.raises(RefreshError, match="no table was changed"):
        run()
    assert hashes(data) == before


# Editions side by side.


@pytest.mark.parametrize("name", KEYS)
def test_the_rule_gives_the_bundled_flags(name):
    rows = catalogue.load(name)
    again = mcs_salient.mark_newest(rows.assign(newest_edition=False), usgs.FIGURES[name])
    assert again["newest_edition"].to_list() == rows["newest_edition"].to_list()
    assert usgs.ordered(name, rows).equals(rows)


def test_the_newest_edition_of_a_figure_is_the_one_that_has_it(catalog):
    tables = fetched().tables
    rows = tables[usgs.PRICES]
    rows = rows[rows["newest_edition"] & (rows["measure"] == "annual_average")]
    newest = rows.set_index(["year", "product"])["edition"]
    assert newest.index.is_unique
    assert newest[(2025, "neodymium_oxide")] == newest[(2025, "terbium_oxide")] == "MCS2027"
    assert newest[(2024, "neodymium_oxide")] == "MCS2026"
    assert newest[(2024, "terbium_oxide")] == "MCS2025", "the bundled MCS 2026 has none"


def test_an_edition_that_lost_prices_is_not_believed(catalog):
    fresh = mcs_salient.prices(made(heavy={}), 2027, print)
    fresh = fresh.assign(source="USGS", edition="MCS2026", source_url="https://example.org")
    with pytest.raises(Unusable, match=r"MCS2026: 36 of 45 present figures are missing"):
        usgs._with(catalogue.load(usgs.PRICES), fresh, usgs.FIGURES[usgs.PRICES])


def test_a_refresh_brings_both_tables_and_the_catalogue_tells_it(data, catalog):
    before = {name: catalogue.load(name) for name in KEYS}
    run()
    for name in KEYS:
        rows = catalogue.load(name)
        added = of_edition(rows)
        assert len(rows) == len(before[name]) + len(added)
        assert set(added["source_url"]) == {f"{catalog.base}/item/{ITEM}"}
        assert check.check_table(catalogue.table(name)) == []
        told = entry(name)
        assert told["title"].endswith(", 2011-2026")
        assert told["vintage"] == "MCS 2027, 2027-01-29"
        assert told["sources"][-1]["path"] == usgs.BASE


def test_the_prices_of_magnet_elements_go_on_after_a_refresh(data, catalog):
    run()
    found = resources.magnet_prices((2025, 2026)).set_index(["element", "year"])["price"]
    assert found[("terbium", 2026)] == 1111
    assert found[("neodymium", 2025)] == 62, "MCS 2027 revises the 73 of MCS 2026"
