"""UN Comtrade by month: China's exports in the series of the table, or a clear error."""

import json
from datetime import date

import pandas as pd
import pytest

import publishers as play
import rareearths.sources.refresh as refreshing
from publishers import FOREVER, KEY, Publisher, flow
from rareearths import catalogue, check
from rareearths.__main__ import main
from rareearths.brief import ages
from rareearths.sources import comtrade_months, comtrade_parts, raw
from rareearths.sources.fetch import SourceError, Unusable
from rareearths.sources.monthly import months_between
from rareearths.sources.refresh import RefreshError, refresh
from test_refresh import everything, hashes, options
from test_sources import ECONOMIES, TODAY, read_of

TABLE = comtrade_months.TABLE
EXPORTS = "trade/china_monthly_exports.csv"
BUNDLED = catalogue.load(TABLE)
METALS, COMPOUNDS, MAGNETS = "280530", "284690", "850511"
AREAS = {"WLD": 0, "DEU": 276, "JPN": 392, "KOR": 410, "USA": 842, "VNM": 704}
CODES = {"metals": METALS, "compounds": COMPOUNDS, "magnets": MAGNETS}
YEAR_2024 = tuple(f"2024-{number:02d}" for number in range(1, 13))


def export(month: str, product: str, partner: str, value, **other) -> dict:
    """Return one monthly row in Comtrade's shape: an export of China, valued free on board."""
    year, number = map(int, month.split("-"))
    by_month = {"freqCode": "M", "period": f"{year}{number:02d}", "refMonth": number}
    free = {"flowCode": "X", "cifvalue": None, "fobvalue": value}
    row = flow(156, year, product, AREAS[partner], value, 1000.0)
    return row | by_month | free | other


def invented(month: str) -> list[dict]:
    """Every partner: 1 US$ of metals, 2 of compounds, 4 of magnets; ten of each to the world."""
    values = {METALS: 1.0, COMPOUNDS: 2.0, MAGNETS: 4.0}
    return [
        export(month, product, partner, value * (10 if partner == "WLD" else 1))
        for partner in AREAS
        for product, value in values.items()
    ]


def bundled_flows(months=YEAR_2024) -> list[dict]:
    """Rows that give the bundled values of some months: of a partner all as magnets but 2 US$."""
    rows = BUNDLED[BUNDLED["month"].isin(months)]
    flows = []
    for row in rows.itertuples():
        if row.partner == "WLD":
            flows.append(export(row.month, row.hs_codes, "WLD", row.value_usd + 0.0))
        else:
            parts = {METALS: 1.0, COMPOUNDS: 1.0, MAGNETS: row.value_usd - 2.0}
            flows += [export(row.month, code, row.partner, v) for code, v in parts.items()]
    return flows


@pytest.fixture
def publisher(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("COMTRADE_KEY", raising=False)
    with Publisher() as running:
        monkeypatch.setattr(comtrade_months, "BASE", running.url)
        running.flows = invented("2026-01")
        yield running


def plan(rows=BUNDLED, since=2026, today=TODAY, keyed=True):
    return comtrade_months.plan({TABLE: rows}, since, today, keyed=keyed, economies=ECONOMIES)


def fetched(publisher, notes=None, **given):
    note = (notes if notes is not None else []).append
    return comtrade_months.fetch(plan(**given), read_of(publisher), ECONOMIES, note)


def exports(publisher, notes=None, **given) -> pd.DataFrame:
    rows = fetched(publisher, notes, **given).tables[TABLE]
    return comtrade_months.ordered(TABLE, rows)


def values(rows) -> dict:
    keys = ["month", "partner", "product_group"]
    return rows.set_index(keys)["value_usd"].to_dict()


def about_rows(notes) -> list[str]:
    """The notes, without those on months that are not out."""
    return [line for line in notes if "no report of" not in line and "not asked for" not in line]


# Months.


def test_the_rule_asks_for_what_is_missing_and_the_twelve_latest():
    made = plan(since=None)
    assert (
        made.why == "missing: 2025-01 to 2026-10; may be revised: 2024-01 to 2024-12 (with a key)"
    )
    assert (made.periods[0], made.periods[-1], len(made.periods)) == ("2024-01", "2026-10", 34)
    gap = plan(BUNDLED[BUNDLED["month"] != "2019-05"], since=None)
    assert gap.periods[:2] == ("2019-05", "2024-01")


def test_a_table_that_is_up_to_date_is_asked_for_its_twelve_latest_months():
    made = plan(since=None, today=date(2025, 4, 1))
    assert made.periods == YEAR_2024
    assert made.why.startswith("may be revised: 2024-01 to 2024-12 (")


@pytest.mark.parametrize(
    ("today", "last"), [(date(2027, 1, 28), "2026-09"), (date(2027, 1, 29), "2026-10")]
)
def test_a_month_is_asked_for_ninety_days_after_its_end(today, last):
    assert plan(today=today).periods[-1] == last


def test_since_asks_for_its_months_and_a_year_to_come_for_none():
    assert plan(since=2026).periods == tuple(f"2026-{n:02d}" for n in range(1, 11))
    assert plan(since=2026).why == "every month from 2026 (with a key)"
    assert plan(since=2027).periods == plan(since=2027).requests == ()


def test_only_rows_of_the_months_asked_for_are_replaced():
    stood_for = comtrade_months.replaced(plan(since=None), TABLE, BUNDLED)
    assert set(BUNDLED.loc[stood_for, "month"]) == set(YEAR_2024)


def test_an_empty_table_does_not_say_what_to_ask_for():
    with pytest.raises(catalogue.DataError, match="no rows, which say what series"):
        plan(BUNDLED.head(0))


def test_a_partner_without_an_area_code_is_an_error():
    with pytest.raises(catalogue.DataError, match="no area code of LIE"):
        plan(BUNDLED.assign(partner="LIE"))


# What is asked.


def test_the_series_of_the_table_are_asked_for_by_month(publisher):
    exports(publisher)
    (available, _, _), (path, query, _) = publisher.asked
    assert available == "/public/v1/getDA/C/M/HS"
    assert path == "/data/v1/get/C/M/HS"
    wanted = {
        "reporterCode": "156",
        "partnerCode": "0,276,392,410,842,704",
        "flowCode": "X",
        "period": "202601",
        "cmdCode": "280530,284690,850511",
        "partner2Code": "0",
        "customsCode": "C00",
        "motCode": "0",
    }
    assert {name: query[name] for name in wanted} == wanted


def test_without_a_key_the_preview_is_asked(publisher):
    rows = exports(publisher, keyed=False)
    assert len(rows) == 8
    path, query, headers = publisher.asked[-1]
    assert (path, query["maxRecords"]) == ("/public/v1/preview/C/M/HS", "500")
    assert comtrade_parts.KEY.name not in headers


def test_at_most_twelve_months_are_asked_for_at_once(publisher):
    months = [*YEAR_2024, "2025-01", "2025-02"]
    publisher.flows = [row for month in months for row in invented(month)]
    assert len(exports(publisher, since=2024)) == 14 * 8
    asked = [query["period"].split(",") for path, query, _ in publisher.asked]
    assert [len(periods) for periods in asked] == [12, 12, 10, 12, 2]
    assert asked[-1] == ["202501", "202502"]


def test_a_reply_at_the_cap_is_asked_again_in_parts(publisher, monkeypatch):
    monkeypatch.setattr(comtrade_parts, "CAP", 19)
    publisher.flows += invented("2026-02")
    publisher.cap = 19
    assert len(exports(publisher)) == 16
    asked = [query["period"] for path, query, _ in publisher.asked if "/get/" in path]
    assert asked == ["202601,202602", "202601", "202602"]


def test_months_that_are_not_out_are_not_asked_for_and_told(publisher):
    notes = []
    exports(publisher, notes)
    assert [query["period"] for path, query, _ in publisher.asked if "/get/" in path] == ["202601"]
    assert "UN Comtrade: no report of 202602 yet by CHN" in notes
    assert about_rows(notes) == []


# Rows.


def test_exports_come_in_the_series_of_the_table(publisher):
    rows = exports(publisher)
    assert set(rows.columns) == set(BUNDLED.columns)
    sums = {("2026-01", partner, "all_three"): 7 for partner in AREAS if partner != "WLD"}
    world = {"metals": 10, "compounds": 20, "magnets": 40}
    assert values(rows) == sums | {("2026-01", "WLD", group): v for group, v in world.items()}
    names = ["exporter", "partner", "product_group", "hs_codes"]
    last = BUNDLED[BUNDLED["month"] == "2024-12"]
    assert rows[names].to_numpy().tolist() == last[names].to_numpy().tolist()
    assert rows["source"].str.startswith("UN Comtrade API, monthly exports").all()
    assert set(rows.loc[rows["partner"] == "USA", "source"].str.split("; ").str[1]) == {
        "sum of 3 codes"
    }


def test_a_value_is_in_whole_dollars(publisher):
    for row in publisher.flows:
        row["primaryValue"] += 0.4
    assert values(exports(publisher))[("2026-01", "JPN", "all_three")] == 7


def test_a_period_may_be_a_number(publisher):
    for row in publisher.flows:
        row["period"] = int(row["period"])
    assert len(exports(publisher)) == 8


def test_rows_that_break_a_flow_down_are_reduced_to_the_total(publisher):
    publisher.flows += [
        export("2026-01", MAGNETS, "USA", 3.0, motCode=2100),
        export("2026-01", MAGNETS, "USA", 3.0, partner2Code=344),
        export("2026-01", MAGNETS, "USA", 3.0, customsCode="C04"),
    ]
    notes = []
    assert values(exports(publisher, notes))[("2026-01", "USA", "all_three")] == 7
    assert about_rows(notes) == ["UN Comtrade: 3 rows that break flows down are left out"]


def without(publisher, *flows) -> None:
    """Take rows out of what the server holds: ``(code, partner)``."""
    gone = {(code, AREAS[partner]) for code, partner in flows}
    publisher.flows = [r for r in publisher.flows if (r["cmdCode"], r["partnerCode"]) not in gone]


def test_a_code_that_the_world_row_shows_is_left_out_of_a_sum_and_told(publisher):
    without(publisher, (METALS, "DEU"))
    notes = []
    rows = values(exports(publisher, notes))
    assert rows[("2026-01", "DEU", "all_three")] == 6
    assert len(rows) == 8
    assert about_rows(notes) == [
        "UN Comtrade: CHN to DEU, all_three: 280530 has no row in 2026-01, zero or not reported; "
        "the sum is that of the others"
    ]


def test_a_code_that_is_not_reported_at_all_leaves_no_sum(publisher):
    without(publisher, (METALS, "DEU"), (METALS, "WLD"))
    notes = []
    rows = values(exports(publisher, notes))
    assert ("2026-01", "DEU", "all_three") not in rows
    assert ("2026-01", "WLD", "metals") not in rows
    assert rows[("2026-01", "JPN", "all_three")] == 7  # each code is reported for it
    assert about_rows(notes) == [
        "UN Comtrade: CHN 202601 280530: destinations sum to 4 US$, World is not reported",
        "UN Comtrade: CHN to DEU, all_three: no value is known in 2026-01, no row",
        "UN Comtrade: CHN to WLD, metals: no value is known in 2026-01, no row",
    ]


def test_a_partner_without_any_row_has_none_here(publisher):
    without(publisher, *((code, "VNM") for code in CODES.values()))
    notes = []
    assert ("2026-01", "VNM", "all_three") not in values(exports(publisher, notes))
    assert about_rows(notes) == [
        "UN Comtrade: CHN to VNM, all_three: no value is known in 2026-01, no row"
    ]


def test_a_value_of_zero_is_reported_and_no_row_by_itself(publisher):
    for row in publisher.flows:
        if row["cmdCode"] == METALS:
            row["primaryValue"] = 0.0
    notes = []
    rows = values(exports(publisher, notes))
    assert rows[("2026-01", "USA", "all_three")] == 6
    assert ("2026-01", "WLD", "metals") not in rows
    assert about_rows(notes) == [
        "UN Comtrade: CHN to WLD, metals: no value is known in 2026-01, no row"
    ]


def test_a_month_that_should_be_out_and_has_no_row_is_told(publisher):
    publisher.faults = [play.instead({"data": [available(202601), available(202602)], "error": ""})]
    notes = []
    assert set(exports(publisher, notes)["month"]) == {"2026-01"}
    assert len([line for line in notes if "no value is known in 2026-02" in line]) == 8


def available(period: int) -> dict:
    return {"reporterCode": 156, "period": period, "freqCode": "M"}


def test_more_than_the_world_is_told(publisher):
    publisher.flows[0]["primaryValue"] = 3.0
    notes = []
    exports(publisher, notes)
    assert about_rows(notes) == [
        "UN Comtrade: CHN 202601 280530: destinations sum to 5 US$, World is 3 US$"
    ]


# What is no usable answer.


ROW_FAULTS = {
    "an import": ({"flowCode": "M"}, "was not asked for: 156 202601 280530 M 0"),
    "another month": ({"period": "202512"}, "was not asked for: 156 202512"),
    "a year": ({"period": "2026"}, "was not asked for: 156 2026 "),
    "another code": ({"cmdCode": "284610"}, "was not asked for: 156 202601 284610"),
    "another exporter": ({"reporterCode": 392}, "was not asked for: 392"),
    "another destination": ({"partnerCode": 251}, "was not asked for: 156 202601 280530 X 251"),
    "value negative": ({"primaryValue": -1.0}, "has no value, or one that cannot be"),
    "value is missing": ({"primaryValue": None}, "has no value, or one that cannot be"),
    "value is text": ({"primaryValue": "n/a"}, "primaryValue is no number"),
    "no total row": ({"motCode": 2100}, "no total row for 156 202601 280530 0"),
}


@pytest.mark.parametrize("fault", ROW_FAULTS)
def test_an_unusable_row_is_an_error(publisher, fault):
    changes, message = ROW_FAULTS[fault]

    def alter(answer):
        if "elapsedTime" in answer and "primaryValue" in answer["data"][0]:
            answer["data"][0] = answer["data"][0] | changes
        return answer

    publisher.alter = alter
    with pytest.raises(Unusable, match=message):
        exports(publisher)


def test_rows_that_come_twice_are_an_error(publisher):
    publisher.flows *= 2
    with pytest.raises(Unusable, match="two total rows for 156 202601"):
        exports(publisher)


def test_a_column_that_changed_is_named(publisher):
    for row in publisher.flows:
        row["primaryvalue"] = row.pop("primaryValue")
    with pytest.raises(Unusable, match="a row has no field 'primaryValue'"):
        exports(publisher)


def test_no_row_of_months_that_the_table_has_is_an_error(publisher):
    publisher.flows = []
    with pytest.raises(Unusable, match="no row at all for 2024-01 to 2026-10"):
        fetched(publisher, since=None)


def test_no_row_of_months_to_come_is_no_failure(publisher):
    publisher.flows = []
    notes = []
    assert fetched(publisher, notes).tables == {}
    assert notes[-1] == "UN Comtrade: nothing is out for 2026-01 to 2026-10"


REFUSALS = {
    "quota": play.OF_COMTRADE["quota"],
    "bad key": (play.status(401, "no"), "does not accept the key"),
    "bad value": (play.status(400, "The field partnerCode is invalid"), "partnerCode is invalid"),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_says_what_to_do(publisher, refusal):
    make, message = REFUSALS[refusal]
    publisher.faults = [play.instead({"data": [available(202601)], "error": ""}), make]
    with pytest.raises(SourceError, match=message):
        exports(publisher)


def test_where_availability_is_not_known_every_month_is_asked_for(publisher):
    publisher.faults = [play.status(404, "Resource not found")]
    notes = []
    assert set(exports(publisher, notes)["month"]) == {"2026-01"}
    assert publisher.asked[-1][1]["period"].endswith("202610")
    assert "which years are published is not known" in notes[0]
    assert notes[-1].endswith("no value is known in 2026-02 to 2026-10, no row")


# A whole refresh.


@pytest.fixture
def newer(data, publisher):
    """The server with the table's year 2024, one figure revised, and invented months after it."""
    publisher.flows = bundled_flows()
    revised = ("202412", METALS, AREAS["WLD"])
    for row in publisher.flows:
        if (row["period"], row["cmdCode"], row["partnerCode"]) == revised:
            row["primaryValue"] += 5.0
    for month in months_between("2025-01", "2026-10"):
        publisher.flows += invented(month)
    return publisher


def run(lines=None, **given):
    return refresh([comtrade_months.NAME], options(lines, **given))


def test_a_refresh_brings_the_table_up_to_date(data, newer, capsys):
    before, lines = hashes(data), []
    (difference,) = run(lines)
    after = hashes(data)
    assert {p for p in after if after[p] != before[p]} == {EXPORTS, "datapackage.json"}
    assert check.check_all() == []
    assert difference.periods == tuple(months_between("2025-01", "2026-10"))
    assert len(difference.new) == 22 * 8
    changed = difference.revised[difference.revised["column"] == "value_usd"]
    old = values(BUNDLED)[("2024-12", "WLD", "metals")]
    assert changed[["month", "partner", "old", "new"]].to_numpy().tolist() == [
        ["2024-12", "WLD", old, old + 5]
    ]
    rows = catalogue.load(TABLE)
    kept = [frame[frame["month"] < "2024-01"].reset_index(drop=True) for frame in (BUNDLED, rows)]
    pd.testing.assert_frame_equal(*kept)
    assert values(rows)[("2026-10", "JPN", "all_three")] == 7
    (folder,) = (data / "raw" / comtrade_months.NAME).glob("*/before")
    capsys.readouterr()
    assert main(["data", "diff", str(folder), str(data)]) == 0
    assert "china_monthly_exports: new periods: 176 rows of 2025-01" in capsys.readouterr().out


def test_the_catalogue_tells_what_was_read_and_the_table_is_no_longer_stale(data, newer):
    run()
    entry = catalogue.table(TABLE)
    assert entry.title == "China's monthly exports of rare earths and magnets, 2017-2026"
    assert entry.accessed == "2027-02-01"
    text = (data / "datapackage.json").read_text(encoding="utf-8")
    about = next(r for r in json.loads(text)["resources"] if r["name"] == TABLE)["description"]
    read = "Read from the API of UN Comtrade and not to be published: 2024-01 to 2026-10."
    assert about.endswith(read)
    again = comtrade_months.describe(
        {"title": entry.title, "description": about}, catalogue.load(TABLE), False
    )
    assert again == {"title": entry.title, "description": about}
    (row,) = ages.ages([TABLE], pd.Timestamp(TODAY)).itertuples()
    assert (row.last_period, row.is_stale) == ("2026-10", False)


def test_a_second_refresh_asks_for_the_latest_year_and_finds_nothing_new(data, newer):
    run()
    before, lines = hashes(data), []
    newer.asked.clear()
    assert run(lines) == []
    assert hashes(data) == before
    assert lines[-1] == "no table has changed"
    periods = {p for _, query, _ in newer.asked for p in query["period"].split(",")}
    assert (min(periods), max(periods), len(periods)) == ("202511", "202610", 12)


def test_the_key_is_sent_and_shown_nowhere(data, newer):
    lines: list[str] = []
    run(lines, key=KEY)
    assert {headers[comtrade_months.KEY.name] for _, _, headers in newer.asked} == {KEY}
    assert KEY not in "".join(lines)
    assert KEY.encode() not in everything(data)


def test_a_dry_run_asks_nothing(data, newer):
    before, lines = everything(data), []
    assert run(lines, dry_run=True) == []
    assert newer.asked == []
    assert everything(data) == before
    assert lines[0].startswith("comtrade-months -> china_monthly_exports: missing: 2025-01 to")


def test_the_source_is_one_of_those_that_are_refreshed():
    assert refreshing.SOURCES[comtrade_months.NAME] is comtrade_months


BROKEN = play.BROKEN | play.NOT_JSON | play.OF_COMTRADE


@pytest.mark.parametrize("fault", BROKEN)
def test_a_fault_ends_in_a_clear_error_and_changes_nothing(data, newer, fault):
    """The first three answers, on availability, are good; the empty one comes from the first."""
    make, message = BROKEN[fault]
    first = [] if fault == "empty" else [play.good] * 3
    newer.faults = [*first, *[make] * FOREVER]
    before, lines = hashes(data), []
    with pytest.raises(RefreshError, match=message) as caught:
        run(lines, key=KEY)
    assert str(caught.value).endswith("no table was changed")
    assert hashes(data) == before
    told = "".join(lines) + str(caught.value) + repr(caught.value.__cause__)
    assert KEY not in told
    assert KEY.encode() not in everything(data)


PASSING = play.PASSING | play.REDIRECTED


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_ends_in_the_right_table(data, newer, fault):
    newer.faults = [play.good, play.good, play.good, PASSING[fault]]
    run()
    assert len(catalogue.load(TABLE)) == len(BUNDLED) + 22 * 8


def test_an_interrupted_refresh_asks_nothing_twice(data, newer):
    newer.faults = [*[play.good] * 5, *[play.status(500)] * FOREVER]
    with pytest.raises(RefreshError, match="status 500"):
        run()
    last = newer.asked[-1][:2]
    newer.faults.clear()
    newer.asked.clear()
    run()
    assert [asked[:2] for asked in newer.asked] == [last]
    (folder,) = (data / "raw" / comtrade_months.NAME).iterdir()
    assert json.loads((folder / "refresh.json").read_text())["state"] == raw.FINISHED


LOSSES = {
    "a month": (lambda f: f["period"] != "202403", "no row for 2024-03, which the table has"),
    "a quarter of the rows": (
        lambda f: f["period"] > "202412" or f["partnerCode"] not in (276, 392),
        "24 of 96 old rows are missing",
    ),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_publisher_that_lost_rows_is_not_believed(data, newer, loss):
    stays, message = LOSSES[loss]
    newer.flows = [f for f in newer.flows if stays(f)]
    before = hashes(data)
    with pytest.raises(RefreshError, match=message):
        run()
    assert hashes(data) == before


def test_a_refresh_of_months_to_come_changes_nothing(data, publisher):
    publisher.flows = []
    before, lines = hashes(data), []
    assert run(lines, since=2026) == []
    assert hashes(data) == before
    assert "  china_monthly_exports: nothing is new" in lines
