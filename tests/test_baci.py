"""CEPII's archive: what it holds comes into the right rows, and nothing else gets in."""

import shutil
import struct
import zipfile
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archives
import publishers as play
import rareearths.sources.refresh as refreshing
from archives import RELEASE, cut_after, ranged, year_name, zipped
from conftest import ROOT
from publishers import FOREVER, Publisher
from rareearths import build, catalogue, check, quality
from rareearths.__main__ import main
from rareearths.sources import archive, baci, worldbank
from rareearths.sources.baci_flows import read_flows
from rareearths.sources.fetch import Client, Unusable
from rareearths.sources.refresh import Options, RefreshError, refresh
from test_sources import QUICK, Clock

ECONOMIES = catalogue.load("economies")
CODES, YEAR = archives.codes_name(), year_name(2025)
IMPORTERS = ["DEU", "JPN", "KOR", "USA"]
PRODUCTS = ("280530", "850511")
NOW = datetime(2027, 2, 1, 12, tzinfo=UTC)

# Invented flows of one year.
LINES = """t,i,j,k,v,q
2025,156,392,280530,123.456,7.89
2025,490,842,850511,45.1,         NA
2025,251,392,010110,9.000,1.000
2025,392,156,280530,0.001,0.000
"""


def members(year: str = LINES, codes: str | bytes | None = None, **more) -> dict:
    return {CODES: archives.countries() if codes is None else codes, YEAR: year} | more


def flows(path, content: bytes | dict, notes: list | None = None, years=range(2025, 2026)):
    path = path / "archive.zip"
    path.write_bytes(zipped(content) if isinstance(content, dict) else content)
    note = (notes if notes is not None else []).append
    return read_flows(path, RELEASE, years, PRODUCTS, ECONOMIES, note)


# The good archive.


def test_flows_come_in_our_codes_and_units(tmp_path):
    notes = []
    found = flows(tmp_path, members(), notes)
    expected = pd.DataFrame(
        {
            "year": [2025, 2025, 2025],
            "exporter": ["CHN", "TWN", "JPN"],
            "importer": ["JPN", "USA", "CHN"],
            "product": ["280530", "850511", "280530"],
            "value_usd": [123_456, 45_100, 1],
            "quantity_t": [7.89, np.nan, np.nan],
        }
    )
    pd.testing.assert_frame_equal(found.rows, expected, check_dtype=False)
    assert found.read == 4
    assert notes == []


def test_columns_are_found_by_name(tmp_path):
    """In another order, with one more, a byte order mark and line ends of another system."""
    turned = [[*reversed(line.split(",")), "x"] for line in LINES.splitlines()]
    text = "\ufeff" + "\r\n".join(map(",".join, turned))
    given = flows(tmp_path, members(text))
    pd.testing.assert_frame_equal(given.rows, flows(tmp_path, members()).rows)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig"])
def test_an_older_country_table_may_be_latin_1(tmp_path, encoding):
    codes = archives.countries().replace("Name of TUR", "Türkiye").encode(encoding)
    assert len(flows(tmp_path, members(codes=codes)).rows) == 3


def test_a_code_is_what_the_table_in_the_archive_says(tmp_path):
    codes = archives.countries().replace("156,Name of CHN,XX,CHN", "156,Name,XX,CAN")
    assert flows(tmp_path, members(codes=codes)).rows["exporter"].iloc[0] == "CAN"


def test_predecessors_count_for_the_economy_that_continues_them(tmp_path):
    lines = LINES + "2025,58,392,280530,2.000,1.000\n2025,711,392,280530,3.000,1.000\n"
    rows = flows(tmp_path, members(lines + "2025,392,736,280530,4.000,1.0\n")).rows
    assert rows["exporter"].to_list()[3:] == ["BEL", "ZAF", "JPN"]
    assert rows["importer"].iloc[-1] == "SDN"


def test_who_is_no_economy_of_ours_is_left_out_and_told(tmp_path):
    codes = archives.countries() + "899,Areas,N/A,N/A\n"
    notes = []
    lines = LINES + "2025,899,392,280530,2.000,1.000\n"
    assert len(flows(tmp_path, members(lines, codes), notes).rows) == 3
    assert notes == ["BACI: 2,000 US$ of partners that are no economy of ours, left out: 899 N/A"]


def test_only_documented_members_are_read(tmp_path):
    more = {"Readme.txt": "x", year_name(2024): "no table", "sub/" + YEAR: "no table"}
    assert len(flows(tmp_path, members(**more)).rows) == 3


def test_a_table_is_read_in_pieces(tmp_path, monkeypatch):
    """Pieces that end within a line give the same rows, and few rows are in memory at once."""
    lines = LINES + "".join(f"2025,156,{392},{k:06d},1.000,2.000\n" for k in range(10_000, 40_000))
    whole = flows(tmp_path, members(lines))
    sizes = []
    monkeypatch.setattr(archive, "BLOCK", 1000)
    real = archive._table

    def counted(content, *rest):
        sizes.append(len(content))
        return real(content, *rest)

    monkeypatch.setattr(archive, "_table", counted)
    lines = "\n".join(lines.splitlines()[:2_000])  # the last line has no end
    pieces = flows(tmp_path, members(lines))
    pd.testing.assert_frame_equal(pieces.rows, whole.rows)
    assert pieces.read == 1_999
    assert max(sizes) < 2_100
    assert len(sizes) > 50


def test_the_memory_does_not_grow_with_the_other_products(tmp_path, monkeypatch):
    """While 100,000 rows of other products pass, little of them is held."""
    other = "".join(f"2025,156,392,{i % 5000 + 10_000:06d},{i}.1,{i}.5\n" for i in range(100_000))
    monkeypatch.setattr(archive, "BLOCK", 2**16)
    real, held = archive._table, []

    def watched(*given):
        held.append(pa.total_allocated_bytes())
        return real(*given)

    monkeypatch.setattr(archive, "_table", watched)
    found = flows(tmp_path, members(LINES + other))
    assert found.read == 100_004
    assert len(found.rows) == 3
    assert len(held) > 40
    assert max(held) - held[0] < len(other) / 10


def test_bundled_flows_come_back_as_they_were(tmp_path):
    """The bundled rows, put into the shape of an archive and read again."""
    years = [1998, 1999, 2011, 2012]  # before and after Belgium, South Africa and Sudan
    bundled = catalogue.load("baci_minerals", filters=[("year", "in", years)])
    products = tuple(bundled["product"].unique())
    path = tmp_path / "archive.zip"
    path.write_bytes(zipped(archives.members_of(bundled)))
    parts = [
        read_flows(path, RELEASE, range(first, first + 2), products, ECONOMIES, print).rows
        for first in (1998, 2011)
    ]
    rows = pd.concat(parts)[list(bundled.columns)].astype(bundled.dtypes.to_dict())
    rows = baci.ordered(baci.TRADE, rows)
    pd.testing.assert_frame_equal(rows, bundled)


# What is not as documented.


def line(text: str) -> dict:
    return members(LINES + text + "\n")


NOT_AS_DOCUMENTED = {
    "no country table": ({YEAR: LINES}, "no member country_codes_V202701.csv"),
    "no year": ({CODES: archives.countries()}, f"no member {YEAR}"),
    "another release": (
        {archives.codes_name("V202601"): "", year_name(2025, "V202601"): LINES},
        "no member country_codes_V202701.csv and 1 more",
    ),
    "column renamed": (members(LINES.replace("v,q", "value,q")), "0 columns 'v'"),
    "column twice": (members(LINES.replace("v,q", "q,q")), "0 columns 'v'|2 columns 'q'"),
    "no header": (members(LINES[12:]), "0 columns 't'"),
    "empty": (members(""), "0 columns 't'"),
    "no row": (members("t,i,j,k,v,q\n"), "no flow of our products"),
    "a page": (members("<!DOCTYPE html>\n<html></html>"), "0 columns 't'"),
    "a product missing": (members(LINES.replace("850511", "850519")), "no flow at all of 850511"),
    "a short line": (line("2025,156,392"), "no such table: CSV parse error"),
    "a long line": (line("2025,156,392,280530,1,2,3,4"), "no such table: CSV parse error"),
    "another year": (line("2024,156,842,280530,1.0,1.0"), "a row is of the year '2024'"),
    "an unknown code": (line("2025,999,842,280530,1.0,1.0"), "'999' is not in the country table"),
    "a code that is none": (line("2025,CHN,842,280530,1.0,1.0"), "'CHN' is not in the country"),
    "no value": (line("2025,156,842,280530,,1.0"), "has no value, or one that cannot be"),
    "value missing": (line("2025,156,842,280530,NA,1.0"), "a value of v is no number"),
    "value zero": (line("2025,156,842,280530,0.000,1.0"), "has no value, or one that cannot be"),
    "value negative": (line("2025,156,842,280530,-1.0,1.0"), "has no value, or one that cannot be"),
    "value endless": (line("2025,156,842,280530,inf,1.0"), "has no value, or one that cannot be"),
    "value is text": (line("2025,156,842,280530,many,1.0"), "a value of v is no number"),
    "weight negative": (line("2025,156,842,280530,1.0,-1"), "a weight that cannot be"),
    "weight is text": (line("2025,156,842,280530,1.0,few"), "a value of q is no number"),
    "a flow twice": (line("2025,156,392,280530,1.0,1.0"), "two rows for 2025 CHN JPN 280530"),
    "successor and predecessor": (
        line("2025,56,842,280530,1.0,1.0\n2025,58,842,280530,1.0,1.0"),
        "two rows for 2025 BEL USA 280530",
    ),
    "no iso3": (members(codes="country_code,country_name\n156,China\n"), "column 'country_iso3'"),
    "no country": (members(codes=""), "no column 'country_code'"),
    "a code twice": (
        members(codes=archives.countries() + "156,Canada,CA,CAN\n"),
        "code 156 is CHN and CAN",
    ),
}


@pytest.mark.parametrize("what", NOT_AS_DOCUMENTED)
def test_what_is_not_as_documented_is_a_clear_error(tmp_path, what):
    content, message = NOT_AS_DOCUMENTED[what]
    with pytest.raises(Unusable, match=message) as caught:
        flows(tmp_path, content)
    assert str(caught.value).startswith("BACI V202701")
    assert str(caught.value).isprintable()


# Archives that would do harm.

GOOD = zipped(members())


def flipped(name: str) -> bytes:
    """The archive with one byte of a member altered."""
    content = bytearray(GOOD)
    with zipfile.ZipFile(archives.io.BytesIO(GOOD)) as opened:
        info = opened.getinfo(name)
    content[info.header_offset + 30 + len(name) + info.compress_size // 2] ^= 0xFF
    return bytes(content)


def claiming(size: int) -> bytes:
    """The archive whose list says another size for the year."""
    content = bytearray(GOOD)
    place = content.rindex(b"PK\x01\x02")
    content[place + 24 : place + 28] = struct.pack("<I", size)
    return bytes(content)


def with_password() -> bytes:
    content = bytearray(GOOD)
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


HARMFUL = {
    "truncated": (GOOD[: len(GOOD) // 2], "is no whole zip archive"),
    "without its end": (GOOD[:-30], "is no whole zip archive"),
    "no archive": (b"t,i,j,k,v,q\n", "is no whole zip archive"),
    "empty": (zipped({}), "no member"),
    "a damaged year": (flipped(YEAR), "damaged"),
    "a damaged country table": (flipped(CODES), "damaged"),
    "too large": (claiming(2**32 - 2), "would unpack to 4,294,967,294 bytes, which is refused"),
    "smaller than it is": (claiming(50), "damaged"),
    "a password": (with_password(), "has a password"),
    "an absolute name": (zipped(members(), [("/etc/x.csv", "")]), "'/etc/x.csv' leads out"),
    "a name upwards": (zipped(members(), [("../x.csv", "")]), "'../x.csv' leads out"),
    "upwards in the middle": (zipped(members(), [("a/../../x", "")]), "leads out of a folder"),
    "upwards on another system": (zipped(members(), [("..\\x.csv", "")]), "leads out of a folder"),
    "a drive": (zipped(members(), [("C:x.csv", "")]), "'C:x.csv' leads out"),
    "many": (zipped({str(i): "" for i in range(1001)}), "1,001 members, which is refused"),
}


@pytest.mark.parametrize("what", HARMFUL)
def test_an_archive_that_would_do_harm_is_a_clear_error(tmp_path, what):
    content, message = HARMFUL[what]
    with pytest.raises(Unusable, match=message):
        flows(tmp_path, content)
    assert [path.name for path in tmp_path.iterdir()] == ["archive.zip"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_refused(tmp_path):
    with pytest.raises(Unusable, match=f"has {YEAR} twice"):
        flows(tmp_path, zipped(members(), [(YEAR, LINES)]))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "LARGEST", 1_000_000)
    content = zipped(members(LINES + " " * 2_000_000))
    assert len(content) < 20_000
    with pytest.raises(Unusable, match=r"would unpack to 2,000,\d{3} bytes"):
        flows(tmp_path, content)


def test_a_line_without_an_end_does_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "BLOCK", 1000)
    with pytest.raises(Unusable, match="a line without an end"):
        flows(tmp_path, members(LINES + "2025," + "1" * 5000))


@settings(max_examples=150)
@given(place=st.integers(0, len(GOOD) - 1), value=st.integers(1, 255))
def test_any_damage_is_an_error_or_leaves_the_same_rows(tmp_path_factory, place, value):
    content = bytearray(GOOD)
    content[place] ^= value
    folder = tmp_path_factory.mktemp("damaged")
    with suppress(Unusable):
        assert len(flows(folder, bytes(content)).rows) == 3


# The plan.


def tables(last: int = 2024) -> dict:
    rows = pd.DataFrame({"year": [2002, last]})
    return {
        baci.TRADE: rows,
        baci.MAGNETS: rows,
        baci.COVERAGE: pd.DataFrame({"importers_listed": ["JPN;USA", "USA;JPN;DEU"]}),
        baci.BREAKS: catalogue.load("known_breaks"),
    }


def test_nothing_is_asked_before_a_newer_release_can_be_there():
    made = baci.plan(tables(), None, date(2026, 12, 31))
    assert (made.periods, made.requests) == ((), ())
    assert made.why == "the next release is of January 2027, years to 2024 are here"


def test_the_newest_release_is_asked_for_first():
    made = baci.plan(tables(), None, date(2028, 1, 1))
    assert made.rest["releases"] == ("V202801b", "V202801", "V202701b", "V202701")
    assert made.requests[0].address == (
        "https://www.cepii.fr/DATA_DOWNLOAD/baci/data/BACI_HS92_V202801b.zip"
    )
    assert made.periods == tuple(range(1995, 2027))
    assert "releases must not be mixed" in made.why


def test_a_release_that_may_be_held_is_asked_for_with_since_alone():
    made = baci.plan(tables(), 2024, date(2026, 12, 31))
    assert made.rest["releases"] == ("V202601b", "V202601")
    assert baci.plan(tables(), 2025, date(2026, 12, 31)).requests == ()


def test_the_table_that_is_behind_decides():
    held = tables() | {baci.MAGNETS: tables(2023)[baci.MAGNETS]}
    assert baci.plan(held, None, date(2026, 3, 1)).rest["releases"] == ("V202601b", "V202601")


def test_importers_are_those_listed_in_every_year():
    assert baci.plan(tables(), None, date(2027, 1, 1)).rest["listed"] == ("JPN", "USA")


def test_a_table_without_rows_says_nothing():
    empty = tables() | {baci.TRADE: tables()[baci.TRADE].head(0)}
    with pytest.raises(catalogue.DataError, match="has no rows"):
        baci.plan(empty, None, date(2027, 1, 1))


# A whole refresh, from 2023 on, so that the tables are small.


@pytest.fixture(scope="module")
def cut(tmp_path_factory):
    """The bundled tables from 2023 on and of four importers, and the archive of a newer release."""
    folder = tmp_path_factory.mktemp("cut") / "data"
    shutil.copytree(ROOT / "data", folder, ignore=shutil.ignore_patterns("raw"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAREEARTHS_DATA", str(folder))
        for name in (baci.COVERAGE, baci.MAGNETS, baci.TRADE):
            rows = catalogue.load(name)
            rows = rows[rows["year"] >= 2023]
            rows = rows[rows["importer"].isin(IMPORTERS)] if name == baci.TRADE else rows
            build.write(rows, catalogue.table(name).file)
            build.seal([name])
        return folder, invented()


@pytest.fixture
def small(cut, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(baci, "FIRST_YEAR", 2023)
    monkeypatch.setenv("RAREEARTHS_DATA", str(tmp_path / "data"))
    return shutil.copytree(cut[0], tmp_path / "data")


@pytest.fixture
def publisher(cut, small, monkeypatch):
    """A host with the release of 2027: the bundled flows, one revised, and an invented year."""
    content = zipped(archives.members_of(cut[1]))
    with Publisher() as running:
        monkeypatch.setattr(baci, "BASE", running.url)
        running.pages = {f"/BACI_HS92_{RELEASE}.zip": lambda *_: (200, content, "application/zip")}
        running.pages["/"] = lambda *_: (404, b"", "text/html")
        running.faults = [ranged] * FOREVER
        yield running


def invented() -> pd.DataFrame:
    trade = catalogue.load(baci.TRADE).astype({"year": "int64"})
    is_metal = (trade["year"] == 2024) & (trade["product"] == "280530")
    is_one = is_metal & (trade["importer"] == "JPN") & (trade["exporter"] == "CHN")
    assert is_one.sum() == 1
    trade.loc[is_one, "value_usd"] += 1000
    old = catalogue.load(baci.MAGNETS)[trade.columns].astype(trade.dtypes.to_dict())
    new = [
        (2025, "CHN", "JPN", product, 7_000, 0.5) for product in catalogue.load("products")["hs6"]
    ]
    new += [
        (2025, "CHN", "JPN", "850511", 900, 0.025),  # small, to a listed importer
        (2025, "CHN", "FRA", "850511", 20_000_000, np.nan),  # large
        (2025, "CHN", "ITA", "850511", 19_999_999, 1.0),  # not large
        (2025, "DEU", "ITA", "850511", 90_000_000, 1.0),  # neither
        (2025, "JPN", "ITA", "850511", 300, 1.0),  # from Japan
        (2017, "TWN", "USA", "850511", 1_000, 1.0),  # before the table
    ]
    later = pd.DataFrame(new, columns=trade.columns)
    return pd.concat([trade, old, later], ignore_index=True)


def options(lines: list | None = None, **given) -> Options:
    clock = Clock()
    made = partial(asking, clock=clock, sleep=clock.sleep, chance=lambda: 1.0, now=lambda: NOW)
    progress = (lines if lines is not None else []).append
    return Options(**({"client": made, "environment": {}, "progress": progress} | given))


def asking(manners, **given) -> Client:
    quick = replace(QUICK, largest=5_000_000, attempts=3, whole_timeout=20.0)
    return Client(manners=quick, **given)


def problems() -> list:
    return [p for name in baci.TABLES for p in check.check_table(catalogue.table(name))]


def paths(publisher) -> list[str]:
    return [path for path, _, _ in publisher.asked]


def content_of(folder) -> dict:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "raw" not in path.relative_to(folder).parts
    }


def test_the_tables_move_to_the_newer_release(small, publisher):
    old, lines = catalogue.load(baci.TRADE), []
    breaks = catalogue.load(baci.BREAKS)
    trade, magnets, coverage, _ = refresh(["baci"], options(lines))
    assert problems() == []
    assert paths(publisher) == ["/BACI_HS92_V202701b.zip", "/BACI_HS92_V202701.zip"]
    assert trade.periods == magnets.periods == coverage.periods == ("2025",)
    assert len(trade.new) == 49
    revised = trade.revised[["year", "exporter", "importer", "product", "column"]]
    assert revised.to_numpy().tolist() == [[2024, "CHN", "JPN", "280530", "value_usd"]]
    rows = catalogue.load(baci.TRADE)
    assert rows.dtypes.equals(old.dtypes)
    expected = rows.sort_values(["product", "year", "importer", "exporter"], ignore_index=True)
    pd.testing.assert_frame_equal(rows, expected)
    assert len(rows) == len(old) + 49
    left = catalogue.load(baci.BREAKS)
    is_splice = breaks["break_id"] == "magnets_splice_2017"
    pd.testing.assert_frame_equal(left, breaks[~is_splice].reset_index(drop=True))


def test_magnets_are_the_same_selection_in_one_revision(small, publisher):
    refresh(["baci"], options())
    rows = catalogue.load(baci.MAGNETS)
    assert rows["source"].unique().tolist() == ["CEPII BACI V202701 (HS92), from UN Comtrade"]
    new = rows[rows["year"] == 2025].set_index(["exporter", "importer"])["value_usd"]
    assert new.to_dict() == {
        ("CHN", "FRA"): 20_000_000,
        ("CHN", "JPN"): 900,
        ("JPN", "ITA"): 300,
    }
    assert rows["year"].min() == 2023
    covered = catalogue.load(baci.COVERAGE).set_index("year")
    assert covered.loc[2025, "smallest_value_usd"] == 300
    assert set(covered["importers_listed"]) == {"DEU;JPN;KOR;USA"}
    assert set(covered["hs_revision"]) == {"HS92"}
    assert covered.loc[2025, "source"] == "CEPII, BACI_HS92_Y2025_V202701.csv"


def test_the_catalogue_tells_the_release(small, publisher):
    refresh(["baci"], options())
    trade, magnets = (refreshing._resource(name) for name in (baci.TRADE, baci.MAGNETS))
    assert trade["vintage"] == magnets["vintage"] == RELEASE
    assert trade["title"] == "Bilateral trade in critical minerals, 2023-2025"
    assert [source["title"] for source in trade["sources"]] == [
        "CEPII, BACI (HS92), reconciled from UN Comtrade"
    ]
    assert magnets["title"].endswith("(HS 850511), 2023-2025")
    assert "Not complete" not in magnets["description"]
    years = {f["name"]: f for f in trade["schema"]["fields"]}["year"]["constraints"]
    assert years["maximum"] == 2025


def test_a_second_refresh_asks_nothing_and_since_finds_no_news(small, publisher):
    refresh(["baci"], options())
    before = content_of(small)
    assert refresh(["baci"], options()) == []
    assert len(publisher.asked) == 2
    lines = []
    assert refresh(["baci"], options(lines, since=2025)) == []
    assert len(publisher.asked) == 4
    assert content_of(small) == before
    assert lines[-1] == "no table has changed"


def test_a_release_that_is_not_out_is_no_failure(small, publisher):
    del publisher.pages[f"/BACI_HS92_{RELEASE}.zip"]
    before, lines = content_of(small), []
    assert refresh(["baci"], options(lines)) == []
    assert "  BACI: not yet published: V202701b, V202701" in lines
    assert lines[-1] == "no table has changed"
    assert content_of(small) == before
    assert len(publisher.asked) == 2


def test_a_corrected_release_is_taken_before_the_first_one(cut, small, publisher):
    content = zipped(archives.members_of(cut[1], f"{RELEASE}b"))
    publisher.pages = {f"/BACI_HS92_{RELEASE}b.zip": lambda *_: (200, content, "application/zip")}
    refresh(["baci"], options())
    assert paths(publisher) == ["/BACI_HS92_V202701b.zip"]
    assert refreshing._resource(baci.TRADE)["vintage"] == "V202701b"


def test_a_dry_run_asks_nothing(small, publisher):
    lines = []
    refresh(["baci"], options(lines, dry_run=True))
    assert publisher.asked == []
    assert "2.4 GB" in lines[0]
    assert [line for line in lines if "GET" in line][1].endswith("/BACI_HS92_V202701.zip")


def test_an_interrupted_download_goes_on_in_the_next_refresh(small, publisher):
    publisher.faults = [ranged, cut_after(1000), *[play.status(500)] * 2]
    before = content_of(small)
    with pytest.raises(RefreshError, match=r"status 500.*no table was changed"):
        refresh(["baci"], options())
    assert content_of(small) == before
    publisher.faults = [ranged] * FOREVER
    refresh(["baci"], options())
    assert publisher.asked[-1][2]["Range"] == "bytes=1000-"
    assert problems() == []


def damaged_archive(handler, body):
    ranged(handler, body[:1000] + bytes(1000) + body[2000:])


def without(rows: str):
    """Send an archive that lacks some rows."""

    def fault(handler, body):
        ranged(handler, zipped(archives.members_of(invented().query(f"not ({rows})"))))

    return fault


FAULTS = {
    "429 for ever": (play.status(429), "status 429"),
    "429 for an hour": (play.status(429, Retry_After="3600"), "asks to wait 3600 s"),
    "503 for ever": (play.status(503), "status 503"),
    "403": (play.status(403, "no"), "status 403"),
    "HTML page": (play.html, "an HTML page came in the place of data"),
    "another host": (play.redirect("https://example.org/"), "redirects to https://example.org"),
    "a gigabyte": (play.gigabyte, "more than 5,000,000 bytes"),
    "damaged": (damaged_archive, "damaged"),
    "half": (lambda handler, body: ranged(handler, body[:5000]), "no whole zip archive"),
    "a year missing": (without("year == 2024"), "no member BACI_HS92_Y2024_V202701.csv"),
    "an importer missing": (without("importer == 'DEU'"), "old rows are missing"),
    "a product missing": (without("product == '280530'"), "no flow at all of 280530"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_in_a_clear_error_and_changes_nothing(small, publisher, fault):
    make, message = FAULTS[fault]
    publisher.faults = [ranged, *[make] * FOREVER]
    before = content_of(small)
    with pytest.raises(RefreshError, match=message) as caught:
        refresh(["baci"], options())
    assert str(caught.value).endswith("no table was changed")
    assert content_of(small) == before


def test_the_vintages_are_compared_by_the_command(small, publisher, capsys):
    refresh(["baci"], options())
    (before,) = (small / "raw").glob("*/*/before")
    assert main(["data", "diff", str(before), str(small)]) == 0
    out = capsys.readouterr().out
    assert "baci_minerals: new periods: 49 rows of 2025; revised data to 2024: 1 row revised" in out
    assert main(["data", "check"]) == 0


def test_the_archive_may_be_deleted_afterwards(small, publisher):
    refresh(["baci"], options())
    (file,) = (small / "raw/baci").glob("*/*.zip")
    file.unlink()
    assert refresh(["baci"], options()) == []
    assert problems() == []


def test_breaks_that_the_new_magnets_do_not_have_are_told_no_more(small, publisher):
    refresh(["baci"], options())
    told = quality.known_breaks("JPN", "rare_earths", (2010, 2025))
    told = told[told["series"] == "magnets"]
    assert "splice" not in set(told["kind"])
    assert "artefact" in set(told["kind"])


def test_breaks_go_when_the_rows_contradict_them():
    rows = pd.DataFrame(
        {
            "year": [2010, 2023],
            "exporter": ["TWN", "CHN"],
            "importer": ["JPN", "JPN"],
            "quantity_t": [np.nan, np.nan],
        }
    )
    breaks = catalogue.load(baci.BREAKS)
    left = baci._breaks(breaks, rows)
    assert left["break_id"].to_list() == ["magnets_weights_to_2023"]
    rows["quantity_t"] = 1.0
    assert baci._breaks(breaks, rows).empty
    assert list(baci._breaks(breaks, rows).columns) == list(breaks.columns)


def test_the_source_is_listed():
    assert refreshing.SOURCES["baci"] is baci
    assert set(baci.TABLES) <= set(catalogue.tables())
    assert not set(baci.TABLES) & set(worldbank.TABLES)
