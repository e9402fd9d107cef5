"""Imports of the United States by month: each answer ends in the right rows or a clear error."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import customs_publishers as customs
import publishers as play
from publishers import FOREVER, KEY, Publisher
from rareearths import catalogue, check
from rareearths.__main__ import main
from rareearths.sources import census, monthly, raw
from rareearths.sources.fetch import SourceError, Unusable
from rareearths.sources.refresh import RefreshError, refresh
from test_refresh import everything, hashes, options
from test_sources import ANY, altered, client

TODAY = date(2027, 2, 1)  # the last month that is out is 2026-11
ECONOMIES = catalogue.load("economies")
EMPTY = catalogue.load(monthly.TABLE)
MAGNET = "8505110070"
TABLES = "trade/monthly_imports.csv"


NAMES = {"-": "TOTAL FOR ALL COUNTRIES", "5700": "CHINA", "5880": "JAPAN", "5830": "TAIWAN"}


def row(month, code, country, value, quantity="-", unit="KG", flag="-"):
    name = NAMES.get(country, "SOMEWHERE")
    return (month, code, country, name, value, quantity, unit, flag)


METAL = row("2026-09", "2805300090", "5700", "5", "1")  # of the first product asked for


def invented() -> list[tuple]:
    """Two months of sintered magnets: 100 US$ from three countries, and a month later 50."""
    return [
        row("2026-09", MAGNET, "-", "100", "30"),
        row("2026-09", MAGNET, "5700", "70", "25"),
        row("2026-09", MAGNET, "5880", "20", "5"),
        row("2026-09", MAGNET, "5830", "10", "0"),
        row("2026-10", MAGNET, "-", "50", "12"),
        row("2026-10", MAGNET, "5700", "50", "12"),
    ]


@pytest.fixture
def office():
    return customs.Census(invented())


@pytest.fixture
def publisher(office, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Publisher(pages={customs.CENSUS_PATH: office.page}) as running:
        monkeypatch.setattr(census, "BASE", running.url)
        yield running


def plan(rows=EMPTY, since=2026, today=TODAY, base=None):
    return census.plan({monthly.TABLE: rows}, since, today, base=base)


def imports(publisher, notes=None, made=None, **given) -> pd.DataFrame:
    asking = client(**given)

    def read(request, judge):
        data = asking.get(request).data
        judge(data)
        return data

    note = (notes if notes is not None else []).append
    made = made or plan(base=publisher.url)
    return census.fetch(made, read, ECONOMIES, note).tables[monthly.TABLE]


# Months.


def test_an_empty_table_asks_for_every_month_from_the_first():
    made = plan(since=None)
    assert (made.periods[0], made.periods[-1], len(made.periods)) == ("2017-01", "2026-11", 119)
    assert made.why == "missing: 2017-01 to 2026-11"
    assert len(made.requests) == 4 * 10


def have(months, importer="USA", provisional=False) -> pd.DataFrame:
    rows = pd.DataFrame({"month": months}).assign(importer=importer, provisional=provisional)
    return rows.reindex(columns=EMPTY.columns).astype(EMPTY.dtypes.to_dict())


def test_the_rule_asks_for_what_is_missing_or_may_be_revised():
    rows = have([m for m in monthly.months_between("2017-01", "2026-10") if m != "2019-05"])
    made = plan(rows, since=None)
    assert made.why == "missing: 2019-05, 2026-11; may be revised: 2025-06 to 2026-10"
    assert made.periods == ("2019-05", *monthly.months_between("2025-06", "2026-11"))
    assert made.rest["revised_from"] == "2025-06"


def test_a_month_that_is_provisional_in_the_table_is_asked_for_once_more():
    rows = have(monthly.months_between("2017-01", "2026-11"))
    rows.loc[rows["month"] == "2025-01", "provisional"] = True
    assert plan(rows, since=None).periods[:2] == ("2025-01", "2025-06")


def test_months_of_another_importer_are_none_of_ours():
    rows = have(monthly.months_between("2017-01", "2026-11"), importer="EUU")
    assert len(plan(rows, since=None).periods) == 119


def test_since_asks_for_its_months_and_a_year_to_come_for_none():
    assert plan(since=2026).periods == tuple(monthly.months_between("2026-01", "2026-11"))
    assert plan(since=2026).why == "every month from 2026"
    assert plan(since=2027).periods == plan(since=2027).requests == ()


@pytest.mark.parametrize(
    ("today", "last"),
    [
        (date(2026, 3, 6), "2025-12"),
        (date(2026, 3, 7), "2026-01"),  # 31 January and 35 days
        (date(2026, 1, 3), "2025-10"),
        (date(2026, 1, 4), "2025-11"),  # 30 November and 35 days
    ],
)
def test_a_month_is_out_five_weeks_after_its_end(today, last):
    assert monthly.last_published(today, census.DAYS) == last


# What is asked.


def test_each_product_is_asked_for_with_all_its_codes_and_countries(publisher):
    imports(publisher)
    assert [query["I_COMMODITY"] for _, query, _ in publisher.asked] == [
        "280530*",
        "284610*",
        "284690*",
        "850511*",
    ]
    path, query, _ = publisher.asked[0]
    assert path == "/imports/hs"
    assert query["time"] == "from 2026-01 to 2026-11"
    assert (query["COMM_LVL"], query["SUMMARY_LVL"]) == ("HS10", "DET")
    assert "CTY_CODE" not in query
    assert query["get"].split(",") == list(census._GET)


def test_at_most_a_year_is_asked_for_at_once(publisher):
    imports(publisher, made=plan(since=2024, base=publisher.url))
    asked = [q["time"] for _, q, _ in publisher.asked if q["I_COMMODITY"] == "280530*"]
    assert asked == [
        "from 2024-01 to 2024-12",
        "from 2025-01 to 2025-12",
        "from 2026-01 to 2026-11",
    ]


# Rows.


def test_imports_come_in_the_columns_of_the_table(publisher):
    notes = []
    rows = imports(publisher, notes)
    assert list(rows.columns) == [f["name"] for f in catalogue.table(monthly.TABLE).fields]
    assert rows[["month", "exporter", "value"]].to_numpy().tolist() == [
        ["2026-09", "CHN", 70.0],
        ["2026-09", "JPN", 20.0],
        ["2026-09", "TWN", 10.0],
        ["2026-10", "CHN", 50.0],
    ]
    same = rows[["importer", "schedule", "code", "product", "currency", "valuation"]]
    assert same.drop_duplicates().to_numpy().tolist() == [
        ["USA", "HTS", MAGNET, "850511", "USD", "customs"]
    ]
    assert rows["provisional"].all()
    assert notes == []


def test_months_before_the_latest_eighteen_are_settled(publisher, office):
    office.rows = [row(m, MAGNET, "5700", "5") for m in ("2025-05", "2025-06")]
    rows = imports(publisher, made=plan(since=2025, base=publisher.url))
    assert list(rows["provisional"]) == [False, True]


WEIGHTS = {
    "kilograms": (("25", "KG", "-"), 25.0),
    "a blank flag": (("25", "KG", ""), 25.0),
    "null flag": (("25", "KG", None), 25.0),
    "zero": (("0", "KG", "-"), None),
    "flagged missing": (("25", "KG", "M"), None),
    "suppressed": (("25", "KG", "A"), None),
    "pieces": (("25", "NO", "-"), None),
    "no unit": (("25", "-", "-"), None),
    "null": ((None, "KG", None), None),
    "empty": (("", "KG", ""), None),
}


@pytest.mark.parametrize("case", WEIGHTS)
def test_a_weight_is_one_that_is_known_in_kilograms(publisher, office, case):
    (quantity, unit, flag), expected = WEIGHTS[case]
    office.rows = [row("2026-09", MAGNET, "5700", "70", quantity, unit, flag)]
    (weight,) = imports(publisher)["quantity_kg"]
    assert pd.isna(weight) if expected is None else weight == expected


def test_totals_and_groups_are_no_countries(publisher, office):
    groups = ("0003", "0022", "4XXX", "5XXX")
    office.rows += [row("2026-09", MAGNET, code, "60") for code in groups]
    notes = []
    assert imports(publisher, notes)["value"].sum() == 150
    assert notes == []


def test_months_without_trade_have_no_row(publisher, office):
    office.rows += [row("2026-10", MAGNET, "5880", "0", "0"), row("2026-10", MAGNET, "5830", None)]
    assert len(imports(publisher)) == 4


def test_two_codes_of_one_economy_are_one_row(publisher, office):
    office.rows = [
        row("2026-09", MAGNET, "5082", "3", "2"),
        row("2026-09", MAGNET, "5083", "4", "5"),
        row("2026-10", MAGNET, "5082", "3", "2"),
        row("2026-10", MAGNET, "5083", "4", "0"),
    ]
    rows = imports(publisher)
    assert list(rows["exporter"]) == ["PSE", "PSE"]
    assert list(rows["value"]) == [7.0, 7.0]
    assert rows["quantity_kg"].to_list()[0] == 7.0
    assert pd.isna(rows["quantity_kg"].to_list()[1])  # half a weight is none


def test_a_country_that_is_no_economy_is_left_out_and_told(publisher, office):
    office.rows += [row("2026-10", MAGNET, "8220", "7", "1")]
    office.rows[4] = row("2026-10", MAGNET, "-", "57", "13")
    notes = []
    assert imports(publisher, notes)["value"].sum() == 150
    assert notes[0] == (
        "US Census: 7 US$ of partners that are no economy, left out (8220 SOMEWHERE)"
    )


def test_a_name_that_is_not_ours_is_told(publisher, office):
    office.rows = [("2026-09", MAGNET, "5700", "ELSEWHERE", "70", "25", "KG", "-")]
    notes = []
    imports(publisher, notes)
    assert "US Census: 5700 is called ELSEWHERE, here China" in notes


def test_a_total_that_the_countries_do_not_reach_is_told(publisher, office):
    del office.rows[1]
    notes = []
    imports(publisher, notes)
    assert notes == [
        "US Census: partners do not sum to the total in 1 of 2 flows, "
        f"most in 2026-09 {MAGNET}: 30 of 100 US$"
    ]


def test_a_missing_total_is_told(publisher, office):
    del office.rows[0]
    notes = []
    imports(publisher, notes)
    assert notes == ["US Census: 1 of 2 flows have no total to compare with"]


def test_a_code_keeps_its_leading_zero_and_a_name_may_stand_twice(publisher, office):
    office.rows = [row("2026-09", "2805300090", "5700", "5", "1")]
    rows = imports(publisher)
    assert list(rows["product"]) == ["280530"]


def test_every_code_of_schedule_c_is_of_four_digits_and_leads_to_one_economy():
    codes = monthly.partners(census.SYSTEM)
    assert codes.index.str.fullmatch("[1-7][0-9]{3}").all()
    assert codes.index.is_unique
    assert codes.loc[["5700", "5880", "5570", "5520", "4470"], "economy"].to_list() == [
        "CHN",
        "JPN",
        "MYS",
        "VNM",
        "EST",
    ]
    twice = codes["economy"].duplicated(keep=False)
    assert set(codes.loc[twice, "economy"]) == {"PSE"}


# What is no usable answer.


def first_row(**changes):
    def alter(answer):
        header, first = answer[0], answer[1]
        for name, value in changes.items():
            first[len(header) - 1 - header[::-1].index(name) if name == "time" else
                  header.index(name)] = value  # fmt: skip
        return answer

    return alter


def renamed(name):
    return lambda answer: [[f"{c}_X" if c == name else c for c in answer[0]], *answer[1:]]


FAULTS = {
    "a map": (lambda a: {"rows": a}, "not a list of lists"),
    "nothing": (lambda a: [], "not a list of lists"),
    "a text": (lambda a: "There was an error while running your query.", "There was an error"),
    "column renamed": (renamed("GEN_VAL_MO"), "there is no column 'GEN_VAL_MO'"),
    "flag renamed": (renamed("GEN_QY1_MO_FLAG"), "there is no column 'GEN_QY1_MO_FLAG'"),
    "short row": (lambda a: [a[0], a[1][:-1]], "a row has not the columns of the header"),
    "a list in a row": (first_row(GEN_VAL_MO=[1]), "a row has not the columns"),
    "another month": (first_row(time="2019-01"), "was not asked for: 2019-01"),
    "another code": (first_row(I_COMMODITY="2805300090"), "was not asked for"),
    "another level": (first_row(I_COMMODITY="850511"), "was not asked for"),
    "no country": (first_row(CTY_CODE="CHN"), "'CHN' is no code of a country"),
    "value is text": (first_row(GEN_VAL_MO="many"), r"'many' is no number \(GEN_VAL_MO\)"),
    "weight is text": (first_row(GEN_QY1_MO="few"), r"'few' is no number \(GEN_QY1_MO\)"),
    "value cannot be": (first_row(GEN_VAL_MO="1e99"), "'1e99' cannot be"),
    "nan": (first_row(GEN_VAL_MO="nan"), "'nan' cannot be"),
    "rows twice": (lambda a: [*a, *a[1:]], f"comes twice: 2026-09 {MAGNET} -"),
    "header alone": (lambda a: a[:1], "no row at all for 2026-01 to 2026-11"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_unusable_answer_is_an_error(publisher, office, fault):
    office.alter, message = FAULTS[fault]
    with pytest.raises(Unusable, match=message):
        imports(publisher)


def test_no_row_in_any_month_is_an_error(publisher, office):
    office.rows = []
    with pytest.raises(Unusable, match="no row at all"):
        imports(publisher)


REFUSALS = {
    "no key": (play.redirect(customs.KEYLESS), "set CENSUS_API_KEY"),
    "bad key": (
        play.redirect("https://api.census.gov/data/invalid_key.html"),
        r"does not accept the key \(status 302: redirects to /data/invalid_key.html\)",
    ),
    "another host": (play.redirect("https://example.org/x"), "redirects to /x"),
    "forbidden": (play.status(403, "no"), "does not accept the key"),
    "unknown variable": (
        play.status(400, "error: unknown variable 'GEN_QY1_MO_FLAG'"),
        "unknown variable 'GEN_QY1_MO_FLAG'",
    ),
    "unknown data set": (play.status(404, "no"), "status 404"),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_says_what_to_do(publisher, refusal):
    make, message = REFUSALS[refusal]
    publisher.faults = [make]
    with pytest.raises(SourceError, match=message):
        imports(publisher, manners=census.MANNERS)
    assert len(publisher.asked) == 1


@given(place=st.integers(0, 100), value=ANY)
def test_any_answer_is_rows_or_unusable(place, value):
    shape = customs.Census(invented()[:2])

    def read(request, judge):
        status, body, _ = shape.page("", dict(request.params))
        data = altered(json.loads(body), place, value) if status == 200 else None
        judge(data)
        return data

    with suppress(Unusable):
        rows = census.fetch(plan(), read, ECONOMIES, lambda line: None).tables[monthly.TABLE]
        assert set(rows["exporter"]) <= set(ECONOMIES["economy"])
        assert not (rows["quantity_kg"] == 0).any()


# A whole refresh.


def keyed(lines=None, **given):
    return options(lines, environment={"CENSUS_API_KEY": KEY}, **given)


def test_a_refresh_fills_the_empty_table(data, publisher, capsys):
    before = hashes(data)
    (difference,) = refresh(["census"], keyed())
    after = hashes(data)
    assert {p for p in after if after[p] != before[p]} == {TABLES, "datapackage.json"}
    assert check.check_all() == []
    assert len(difference.new) == 4
    assert difference.periods == ("2026-09", "2026-10")
    rows = catalogue.load(monthly.TABLE)
    assert rows["value"].sum() == 150
    text = (data / "datapackage.json").read_text(encoding="utf-8")
    about = next(r for r in json.loads(text)["resources"] if r["name"] == monthly.TABLE)
    assert about["description"].endswith("USA: 2026-09 to 2026-10.")
    assert about["accessed"] == "2027-02-01"
    (old,) = (data / "raw/census").glob("*/before")
    assert main(["data", "diff", str(old), str(data)]) == 0
    assert "monthly_imports: new periods: 4 rows of 2026-09, 2026-10" in capsys.readouterr().out


def test_a_second_refresh_finds_nothing_new_and_a_revision_is_told(data, publisher, office):
    refresh(["census"], keyed())
    assert refresh(["census"], keyed()) == []
    office.rows[4:] = [
        row("2026-10", MAGNET, "-", "55", "12"),
        row("2026-10", MAGNET, "5700", "55", "12"),
        row("2026-11", MAGNET, "5700", "9", "1"),
        row("2026-11", MAGNET, "-", "9", "1"),
    ]
    (difference,) = refresh(["census"], keyed())
    revised = difference.revised[["month", "column", "old", "new"]].to_numpy().tolist()
    assert revised == [["2026-10", "value", 50.0, 55.0]]
    assert difference.periods == ("2026-11",)


def test_the_key_is_sent_and_shown_nowhere(data, publisher):
    lines: list[str] = []
    refresh(["census"], keyed(lines))
    assert {query["key"] for _, query, _ in publisher.asked} == {KEY}
    assert KEY not in "".join(lines)
    assert KEY.encode() not in everything(data)


def test_without_a_key_nothing_is_asked(data, publisher):
    with pytest.raises(RefreshError, match="census is not asked without a key: set CENSUS_API_KEY"):
        refresh(["census"], options())
    assert publisher.asked == []


BROKEN = (
    play.BROKEN
    | play.NOT_JSON
    | {
        "another host": (play.redirect("https://example.org/"), "does not accept the key"),
        "keyless": (play.redirect(customs.KEYLESS), "does not accept the key"),
        "another shape": (play.instead({"rows": []}), "not a list of lists"),
        "the key repeated": (
            lambda handler, body: play.send(handler, json.dumps([[KEY]]).encode()),
            "repeats the key",
        ),
        "the key repeated in an error": (play.status(400, f"{KEY} is bad"), r"\[key\] is bad"),
    }
)


@pytest.mark.parametrize("fault", BROKEN)
def test_a_fault_ends_in_a_clear_error_and_changes_nothing(data, publisher, office, fault):
    make, message = BROKEN[fault]
    office.rows.append(METAL)
    publisher.faults = [make] * FOREVER
    before, lines = hashes(data), []
    with pytest.raises(RefreshError, match=message) as caught:
        refresh(["census"], keyed(lines, since=2026, client=wary))
    assert str(caught.value).endswith("no table was changed")
    assert hashes(data) == before
    told = "".join(lines) + str(caught.value) + repr(caught.value.__cause__)
    assert KEY not in told
    assert KEY.encode() not in everything(data)


def wary(manners, **given):
    """A client that follows no redirect where the source wants none."""
    made = options().client(manners=manners, **given)
    return replace(made, manners=replace(made.manners, follows=manners.follows))


PASSING = play.PASSING


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_ends_in_the_right_table(data, publisher, office, fault):
    office.rows.append(METAL)
    publisher.faults = [PASSING[fault]]
    refresh(["census"], keyed(since=2026))
    assert catalogue.load(monthly.TABLE)["value"].to_list() == [5.0, 70.0, 20.0, 10.0, 50.0]
    assert len(publisher.asked) == 4 + 1


def test_an_interrupted_refresh_goes_on_where_it_stopped(data, publisher):
    good = [lambda handler, body: play.send(handler, b"", 204)] * 7
    publisher.faults = [*good, play.status(404, "enough")]
    with pytest.raises(RefreshError, match="status 404"):
        refresh(["census"], keyed())
    refresh(["census"], keyed())
    assert len(publisher.asked) == 40 + 1
    (folder,) = (data / "raw/census").iterdir()
    assert json.loads((folder / "refresh.json").read_text())["state"] == raw.FINISHED


def test_a_publisher_that_lost_a_month_is_not_believed(data, publisher, office):
    refresh(["census"], keyed())
    del office.rows[4:]
    before = hashes(data)
    with pytest.raises(RefreshError, match="no row for 2026-10, which the table has"):
        refresh(["census"], keyed())
    assert hashes(data) == before
