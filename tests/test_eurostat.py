"""Imports of the European Union by month: each answer ends in right rows or a clear error."""

import gzip
import json
from contextlib import suppress
from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import customs_publishers as customs
import publishers as play
from publishers import FOREVER, Publisher
from rareearths import catalogue, check
from rareearths.__main__ import main
from rareearths.sources import census, eurostat, monthly, raw
from rareearths.sources.fetch import Refused, Unusable
from rareearths.sources.refresh import RefreshError, refresh
from test_census import KEY, TABLES, have, invented
from test_refresh import entry, hashes, options
from test_sources import client

TODAY = date(2027, 2, 1)  # the last month that is out is 2026-11
ECONOMIES = catalogue.load("economies")
EMPTY = catalogue.load(monthly.TABLE)
MAGNET, SIX = "85051110", "850511"
VALUE, WEIGHT = eurostat.VALUE, eurostat.WEIGHT
UNION = eurostat.UNION_CODE
CODES = [
    "28",
    "2805",
    "280530",
    "28053010",
    "28053031",
    "28461000",
    "28469040",
    "284690SS",
    "2846XXXX",
    "85051100",
    MAGNET,
    "85051910",
    "01012100",
]


def flow(partner, value, weight="", month="2026-09", reporter=UNION, product=MAGNET) -> list[tuple]:
    """One import: a cell for its value and one for its weight, where they have a text."""
    cells = [(VALUE, value), (WEIGHT, weight)]
    return [(reporter, partner, product, month, what, text) for what, text in cells if text]


def union() -> list[tuple]:
    """Invented magnets: 100 euro from outside in September, 40 in October."""
    return [
        *flow("CN", "70", "2.5"),
        *flow("JP", "20", "0"),
        *flow("NA", "10"),
        *flow("DE", "999", "9"),
        *flow("EXT_EU27_2020", "100", product=SIX),
        *flow("INT_EU27_2020", "999", product=SIX),
        *flow("CN", "40", "1.25", month="2026-10"),
        *flow("EXT_EU27_2020", "40", month="2026-10", product=SIX),
    ]


@pytest.fixture
def office():
    return customs.Comext(union(), list(CODES))


@pytest.fixture
def publisher(office, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Publisher(pages={customs.COMEXT_PATH: office.page}) as running:
        monkeypatch.setattr(eurostat, "BASE", f"{running.url}/sdmx/2.1")
        monkeypatch.setattr(eurostat, "IMPORTERS", ("EUU",))
        yield running


def plan(rows=EMPTY, since=2026, today=TODAY, base=None):
    tables = {monthly.TABLE: rows}
    return eurostat.plan(tables, since, today, base=base, economies=ECONOMIES)


def fetched(publisher, notes=None, made=None, **given):
    asking = client(**given)

    def read(request, judge):
        data = asking.get(request).data
        judge(data)
        return data

    made = made or plan(base=f"{publisher.url}/sdmx/2.1")
    note = (notes if notes is not None else []).append
    return eurostat.fetch(made, read, ECONOMIES, note)


def imports(publisher, notes=None, made=None, **given) -> pd.DataFrame:
    return fetched(publisher, notes, made, **given).tables[monthly.TABLE]


def asked(publisher) -> list[tuple]:
    """Reporter and months of each request for data."""
    return [
        (path.rsplit("/", 1)[1].split(".")[1], query["startPeriod"], query["endPeriod"])
        for path, query, _ in publisher.asked
        if "/data/" in path
    ]


# Months and importers.


def test_the_union_and_the_members_of_reports_are_asked_for():
    made = plan(since=None)
    assert made.why == "EUU, DEU, FRA: missing: 2017-01 to 2026-11"
    assert (made.periods[0], made.periods[-1]) == ("2017-01", "2026-11")
    assert [request.url.rsplit("/", 1)[1] for request in made.requests] == ["CXT_NC"]


def test_a_member_in_the_table_is_asked_for_too_and_each_has_months_of_its_own():
    months = monthly.months_between("2017-01", "2026-10")
    rows = pd.concat([have(months, "EUU"), have(months[:-1], "NLD"), have(months, "JPN")])
    rows["schedule"] = rows["importer"].map({"EUU": "CN", "NLD": "CN", "JPN": "JP"})
    made = plan(rows, since=None)
    assert list(made.rest["months"]) == ["EUU", "DEU", "FRA", "NLD"]
    assert made.rest["months"]["EUU"] == tuple(monthly.months_between("2025-06", "2026-11"))
    assert "NLD: missing: 2026-10 to 2026-11; may be revised: 2025-06 to 2026-09" in made.why
    replaced = rows[eurostat.replaced(made, monthly.TABLE, rows)]
    assert sorted(replaced["importer"].unique()) == ["EUU", "NLD"]
    assert replaced["month"].min() == "2025-06"


def test_since_asks_for_its_months_and_a_year_to_come_for_none():
    assert plan(since=2026).periods == tuple(monthly.months_between("2026-01", "2026-11"))
    assert plan(since=2027).requests == ()


def test_a_month_is_out_six_weeks_after_its_end():
    assert plan(today=date(2027, 1, 10)).periods[-1] == "2026-10"
    assert plan(today=date(2027, 1, 11)).periods[-1] == "2026-11"  # 30 November and 42 days


# What is asked.


def test_the_code_list_says_which_codes_are_asked_for(publisher):
    imports(publisher)
    (list_path, list_query, _), (path, query, _) = publisher.asked
    assert list_path == "/sdmx/2.1/codelist/ESTAT/CXT_NC"
    assert list_query == {"format": "TSV"}
    six = "280530+284610+284690+850511"
    eight = "28053010+28053031+28461000+28469040+85051100+85051110"
    key = f"M.EU27_2020..{six}+{eight}.1.VALUE_IN_EUROS+QUANTITY_IN_100KG"
    assert path == f"/sdmx/2.1/data/DS-045409/{key}"
    assert query == {"startPeriod": "2026-01", "endPeriod": "2026-11", "format": "SDMX-CSV"}


def test_greece_is_asked_for_by_its_letters(publisher, monkeypatch):
    monkeypatch.setattr(eurostat, "IMPORTERS", ("GRC",))
    publisher.pages[customs.COMEXT_PATH].__self__.cells = flow("CN", "5", reporter="GR")
    assert list(imports(publisher)["importer"]) == ["GRC"]
    assert asked(publisher)[0][0] == "GR"


REFUSED = {
    "413": (413, customs.TOO_BIG),
    "200": (200, customs.TOO_BIG),
    "queued": (413, customs.QUEUED),
    "queued with 200": (200, customs.QUEUED),
}


@pytest.mark.parametrize("refusal", REFUSED)
def test_a_request_that_is_too_large_is_split_by_time(publisher, office, refusal):
    office.most, office.refusal = 3, REFUSED[refusal]
    rows = imports(publisher)
    assert rows["value"].sum() == 140
    assert asked(publisher) == [
        (UNION, "2026-01", "2026-11"),
        (UNION, "2026-01", "2026-05"),
        (UNION, "2026-01", "2026-02"),
        (UNION, "2026-03", "2026-05"),
        (UNION, "2026-06", "2026-11"),
        (UNION, "2026-06", "2026-08"),
        (UNION, "2026-09", "2026-11"),
    ]


def test_what_cannot_be_split_further_is_an_error(publisher, office):
    office.most = 0
    message = r"EU27_2020 2026-01 to 2026-01 280530 alone is too large"
    with pytest.raises(Unusable, match=message):
        imports(publisher)


def test_at_most_a_year_is_asked_for_at_once(publisher):
    imports(publisher, made=plan(since=2025, base=eurostat.BASE))
    assert [months for _, *months in asked(publisher)] == [
        ["2025-01", "2025-12"],
        ["2026-01", "2026-11"],
    ]


# Rows.


def test_imports_come_in_the_columns_of_the_table(publisher):
    notes = []
    answer = fetched(publisher, notes)
    rows = answer.tables[monthly.TABLE]
    assert list(rows.columns) == [f["name"] for f in catalogue.table(monthly.TABLE).fields]
    assert rows[["month", "exporter", "value"]].to_numpy().tolist() == [
        ["2026-09", "CHN", 70.0],
        ["2026-09", "JPN", 20.0],
        ["2026-09", "NAM", 10.0],
        ["2026-10", "CHN", 40.0],
    ]
    same = rows[["importer", "schedule", "code", "product", "currency", "valuation"]]
    assert same.drop_duplicates().to_numpy().tolist() == [
        ["EUU", "CN", MAGNET, SIX, "EUR", "statistical"]
    ]
    assert answer.vintage == "Comext of 15/01/27 11:00:00"
    assert notes == []


def test_weights_are_of_100_kilograms_and_zero_is_missing(publisher):
    rows = imports(publisher).set_index(["month", "exporter"])["quantity_kg"]
    assert rows[[("2026-09", "CHN"), ("2026-10", "CHN")]].to_list() == [250.0, 125.0]
    assert rows[[("2026-09", "JPN"), ("2026-09", "NAM")]].isna().all()


def test_months_before_the_latest_eighteen_are_settled(publisher, office):
    office.cells = flow("CN", "5", month="2025-05") + flow("CN", "5", month="2025-06")
    rows = imports(publisher, made=plan(since=2025, base=eurostat.BASE))
    assert list(rows["provisional"]) == [False, True]


def test_a_member_counts_its_neighbours_and_is_compared_with_the_world(
    publisher, office, monkeypatch
):
    monkeypatch.setattr(eurostat, "IMPORTERS", ("DEU",))
    office.cells = [
        *flow("CN", "60", reporter="DE"),
        *flow("FR", "40", reporter="DE"),
        *flow("WORLD", "100", reporter="DE", product=SIX),
        *flow("EXT_EU27_2020", "60", reporter="DE", product=SIX),
        *flow("INT_EU27_2020", "40", reporter="DE", product=SIX),
    ]
    notes = []
    rows = imports(publisher, notes)
    assert rows[["importer", "exporter"]].to_numpy().tolist() == [["DEU", "CHN"], ["DEU", "FRA"]]
    assert notes == []
    del office.cells[2]  # without WORLD, outside and inside together
    assert len(imports(publisher, notes)) == 2
    assert notes == []


def test_a_correction_stays_negative(publisher, office):
    office.cells += flow("KR", "-5", "-0.5")
    row = imports(publisher).set_index("exporter").loc["KOR"]
    assert (row["value"], row["quantity_kg"]) == (-5.0, -50.0)


def test_a_missing_value_is_no_row(publisher, office):
    office.cells += [
        *flow("KR", ":", "3"),
        (UNION, "US", MAGNET, "2026-09", WEIGHT, "3"),
        *flow("VN", "0", "0"),
    ]
    assert set(imports(publisher)["exporter"]) == {"CHN", "JPN", "NAM"}


def test_groups_of_countries_are_left_out(publisher, office):
    office.cells += [*flow("EU", "999"), *flow("EXT_EU27_2020", "999"), *flow("WORLD", "999")]
    assert imports(publisher)["value"].sum() == 140


def test_trade_that_is_confidential_is_left_out_and_told(publisher, office):
    office.cells = [
        *flow("CN", "100"),
        *flow("QY", "4"),
        *flow("QZ", "3"),
        *flow("FO", "2"),
        *flow("EXT_EU27_2020", "109", product=SIX),
    ]
    notes = []
    assert imports(publisher, notes)["value"].to_list() == [100.0]
    assert notes == ["Eurostat: 9 EUR of partners that are no economy, left out (FO, QY, QZ)"]


def test_codes_that_are_confidential_show_in_the_total(publisher, office):
    office.cells[-1:] = flow("EXT_EU27_2020", "400", month="2026-10", product=SIX)
    notes = []
    imports(publisher, notes)
    assert notes == [
        "Eurostat: partners do not sum to the total in 1 of 2 flows, "
        f"most in EUU 2026-10 {SIX}: 40 of 400 EUR"
    ]


def test_a_missing_total_is_told(publisher, office):
    office.cells = flow("CN", "5")
    notes = []
    imports(publisher, notes)
    assert notes == ["Eurostat: 1 of 1 flows have no total to compare with"]


@pytest.mark.parametrize(
    ("partners", "expected"), [(["GB"], 5.0), (["XU"], 5.0), (["GB", "XU"], 5.0)]
)
def test_britain_is_counted_once(publisher, office, partners, expected):
    office.cells = [cell for partner in partners for cell in flow(partner, "5")]
    rows = imports(publisher)
    assert list(rows["exporter"]) == ["GBR"]
    assert list(rows["value"]) == [expected]


def test_kosovo_and_serbia_have_letters_of_their_own(publisher, office):
    office.cells = [*flow("XK", "5"), *flow("XS", "6"), *flow("RS", "7"), *flow("GR", "8")]
    rows = imports(publisher)
    assert rows[["exporter", "value"]].to_numpy().tolist() == [["SRB", 13.0], ["XKX", 5.0]]


def test_every_code_of_comext_is_two_letters_of_one_economy():
    codes = monthly.partners(eurostat.SYSTEM)
    assert codes.index.str.fullmatch("[A-Z]{2}").all()
    assert codes.index.is_unique
    members = ECONOMIES.loc[ECONOMIES["eu27"].astype("bool"), "economy"]
    assert set(members) <= set(codes["economy"])
    assert not codes.index.str.fullmatch("Q[P-Z]").any()


def test_an_update_in_the_middle_is_told(publisher, office, monkeypatch):
    monkeypatch.setattr(eurostat, "MOST_MONTHS", 1)
    days = iter(range(1, 99))
    page = office.page

    def later(path, query):
        office.updated = f"{next(days):02d}/01/27"
        return page(path, query)

    publisher.pages[customs.COMEXT_PATH] = later
    notes = []
    assert fetched(publisher, notes).vintage == "Comext of 10/01/27"
    assert notes == ["Eurostat: the data set was updated meanwhile (10/01/27, 11/01/27)"]


# What is no usable answer.


def replacing(old, new, count=1):
    return lambda text: text.replace(old, new, count)


FAULTS = {
    "a map": (lambda text: '{"error": "no"}', "no column 'freq'; the answer begins .*error"),
    "an error with 200": (lambda text: "<error><id>100</id></error>", "the answer begins <error>"),
    "nothing": (lambda text: "", "there is no column 'freq'"),
    "header alone": (lambda text: text.splitlines()[0] + "\r\n", "no row at all for 2026-01"),
    "column renamed": (replacing("OBS_VALUE", "VALUE"), "there is no column 'OBS_VALUE'"),
    "partner renamed": (replacing("partner", "PARTNER"), "there is no column 'partner'"),
    "a row is cut": (lambda text: text[: text.rindex(",")], "has not the columns of the header"),
    "a comma too many": (replacing(",70\r", ",7,0\r"), "has not the columns of the header"),
    "a quote not closed": (
        replacing(",70\r", ',"70\r'),
        "has not the columns of the header|is no number",
    ),
    "a column twice": (replacing("LAST UPDATE", "freq"), "a column comes twice"),
    "another reporter": (replacing("M,EU27_2020", "M,DE"), "was not asked for: M DE CN"),
    "a year": (replacing(",M,", ",A,"), "was not asked for: A EU27_2020"),
    "an export": (replacing(",1,VALUE", ",2,VALUE"), "was not asked for"),
    "another month": (replacing("2026-09", "2019-09"), "was not asked for"),
    "another product": (replacing(MAGNET, "85051910"), "was not asked for"),
    "another indicator": (replacing(VALUE, "VALUE_EUR"), "was not asked for"),
    "value is text": (replacing(",70\r", ",many\r"), "'many' is no number"),
    "value cannot be": (replacing(",70\r", ",1e99\r"), "'1e99' cannot be"),
    "nan": (replacing(",70\r", ",nan\r"), "'nan' cannot be"),
    "rows twice": (lambda text: text + text.split("\r\n", 1)[1], "comes twice: EU27_2020 CN"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_unusable_answer_is_an_error(publisher, office, fault):
    office.alter, message = FAULTS[fault]
    with pytest.raises(Unusable, match=message):
        imports(publisher)


def test_columns_are_read_by_name_and_more_of_them_do_no_harm(publisher, office):
    office.alter = lambda text: "".join(
        ",".join([*line.split(",")[::-1], "x" if i else "OBS_FLAG"]) + "\n"
        for i, line in enumerate(text.splitlines())
    )
    assert imports(publisher)["value"].sum() == 140


def test_a_code_list_without_a_code_is_an_error(publisher, office):
    office.codes.remove("28461000")
    with pytest.raises(Unusable, match="CXT_NC has no eight-digit code of 284610"):
        imports(publisher)


def test_bytes_that_are_packed_without_a_word_are_unpacked(publisher, office):
    page = office.page

    def packed(path, query):
        status, body, kind = page(path, query)
        return status, gzip.compress(body), kind

    publisher.pages[customs.COMEXT_PATH] = packed
    assert imports(publisher)["value"].sum() == 140


@pytest.mark.parametrize("code", [400, 404, 406])
def test_another_refusal_is_not_split(publisher, code):
    publisher.faults = [lambda handler, body: play.send(handler, body), play.status(code, "no")]
    with pytest.raises(Refused, match=f"status {code}"):
        imports(publisher)
    assert len(publisher.asked) == 2


@given(place=st.integers(0, 600), text=st.sampled_from(["", ",", "\n", '"', "x", "9", "\x00", "é"]))
def test_any_answer_is_rows_or_unusable(place, text):
    shape = customs.Comext(union(), CODES)

    def read(request, judge):
        _, body, _ = shape.page(request.url, dict(request.params))
        if "/data/" in request.url:
            good = body.decode()
            body = (good[:place] + text + good[place + 1 :]).encode()
        judge(body)
        return body

    made = plan(base="http://127.0.0.1/sdmx/2.1")
    made.rest["months"] = {"EUU": made.rest["months"]["EUU"]}
    with suppress(Unusable):
        rows = eurostat.fetch(made, read, ECONOMIES, lambda line: None).tables[monthly.TABLE]
        assert set(rows["exporter"]) <= set(ECONOMIES["economy"])
        assert not (rows["quantity_kg"] == 0).any()


# A whole refresh.


def test_a_refresh_fills_the_empty_table(data, publisher, capsys):
    before = hashes(data)
    (difference,) = refresh(["eurostat"], options())
    after = hashes(data)
    assert {p for p in after if after[p] != before[p]} == {TABLES, "datapackage.json"}
    assert check.check_all() == []
    assert len(difference.new) == 4
    about = entry(monthly.TABLE)
    assert about["description"].endswith("EUU: 2026-09 to 2026-10.")
    assert about["vintage"] == "Comext of 15/01/27 11:00:00"
    (old,) = (data / "raw/eurostat").glob("*/before")
    assert main(["data", "diff", str(old), str(data)]) == 0
    assert "monthly_imports: new periods: 4 rows of 2026-09, 2026-10" in capsys.readouterr().out


def test_two_customs_offices_fill_one_table(data, publisher, monkeypatch):
    publisher.pages[customs.CENSUS_PATH] = customs.Census(invented()).page
    monkeypatch.setattr(census, "BASE", publisher.url)
    lines: list[str] = []
    with_key = options(lines, environment={"CENSUS_API_KEY": KEY})
    us, eu = refresh(["census", "eurostat"], with_key)
    assert len(us.new) == len(eu.new) == 4
    assert eu.revised.empty
    rows = catalogue.load(monthly.TABLE)
    assert rows["importer"].value_counts().to_dict() == {"USA": 4, "EUU": 4}
    assert check.check_all() == []
    assert entry(monthly.TABLE)["rows"] == 8
    assert lines[-1].startswith("1 of 1 tables replaced")
    assert refresh(["census", "eurostat"], with_key) == []
    publisher.pages[customs.COMEXT_PATH].__self__.cells[0] = flow("CN", "77")[0]
    (revised,) = refresh(["eurostat"], with_key)
    assert revised.revised[["importer", "old", "new"]].to_numpy().tolist() == [["EUU", 70.0, 77.0]]
    assert catalogue.load(monthly.TABLE)["importer"].value_counts()["USA"] == 4


BROKEN = play.BROKEN | {
    "HTML page that says JSON": (play.html_called_json, "an HTML page came in the place of data"),
    "empty": (lambda handler, body: play.send(handler, b"", 204), "has no eight-digit code"),
    "an error with 200": (play.instead({"error": "no"}), "has no eight-digit code"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_fault_ends_in_a_clear_error_and_changes_nothing(data, publisher, fault):
    make, message = BROKEN[fault]
    publisher.faults = [make] * FOREVER
    before = hashes(data)
    with pytest.raises(RefreshError, match=message) as caught:
        refresh(["eurostat"], options(since=2026))
    assert str(caught.value).endswith("no table was changed")
    assert hashes(data) == before


LATER = ("body cut", "HTML page", "500 for ever", "an endless body")


@pytest.mark.parametrize("fault", LATER)
def test_a_fault_after_the_code_list_changes_nothing_either(data, publisher, fault):
    make, message = BROKEN[fault]
    publisher.faults = [lambda handler, body: play.send(handler, body), *([make] * FOREVER)]
    before = hashes(data)
    with pytest.raises(RefreshError, match=message):
        refresh(["eurostat"], options(since=2026))
    assert hashes(data) == before


PASSING = play.PASSING | play.REDIRECTED


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_ends_in_the_right_table(data, publisher, fault):
    publisher.faults = [PASSING[fault]]
    refresh(["eurostat"], options(since=2026))
    assert catalogue.load(monthly.TABLE)["value"].to_list() == [70.0, 20.0, 10.0, 40.0]
    assert len(publisher.asked) == 2 + 1


def test_an_interrupted_refresh_goes_on_where_it_stopped(data, publisher):
    good = [lambda handler, body: play.send(handler, body)] * 5
    publisher.faults = [*good, play.status(404, "enough")]
    with pytest.raises(RefreshError, match="status 404"):
        refresh(["eurostat"], options())
    refresh(["eurostat"], options())
    assert len(publisher.asked) == 1 + 10 + 1
    (folder,) = (data / "raw/eurostat").iterdir()
    assert json.loads((folder / "refresh.json").read_text())["state"] == raw.FINISHED


def test_a_publisher_that_lost_a_month_is_not_believed(data, publisher, office):
    refresh(["eurostat"], options())
    office.cells = [cell for cell in office.cells if cell[3] != "2026-10"]
    before = hashes(data)
    with pytest.raises(RefreshError, match="no row for 2026-10, which the table has"):
        refresh(["eurostat"], options())
    assert hashes(data) == before


def test_a_dry_run_asks_nothing(data, publisher):
    lines: list[str] = []
    assert refresh(["eurostat"], options(lines, dry_run=True)) == []
    assert publisher.asked == []
    assert lines[0] == "eurostat -> monthly_imports: EUU: missing: 2017-01 to 2026-11"
