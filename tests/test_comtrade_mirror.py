"""UN Comtrade by month from both sides: imports by origin and the exports to the same importers."""

import json
import math

import pandas as pd
import pytest

import publishers as play
import rareearths.sources.refresh as refreshing
from publishers import FOREVER, KEY, Publisher, flow
from rareearths import catalogue, check, mirror, monthly
from rareearths.sources import comtrade_mirror, raw
from rareearths.sources.fetch import SourceError, Unusable
from rareearths.sources.monthly import months_between
from rareearths.sources.refresh import RefreshError, refresh
from test_comtrade_months import about_rows
from test_refresh import everything, hashes, options
from test_sources import ECONOMIES, TODAY, read_of

TABLE = comtrade_mirror.TABLE
NOTHING = catalogue.load(TABLE)
COMPOUNDS, METALS = "284690", "280530"
USA, JPN, CHN, EST, WORLD = 842, 392, 156, 233, 0
MONTHS = months_between("2017-01", "2026-10")


def row(month: str, side: str, reporter: int, product: str, partner: int, value, weight=None):
    """Return one monthly row in Comtrade's shape: an import (M), or an export (X) free on board."""
    year, number = map(int, month.split("-"))
    by_month = {"freqCode": "M", "period": f"{year}{number:02d}", "refMonth": number}
    free = {"cifvalue": None, "fobvalue": value} if side == "X" else {}
    made = flow(reporter, year, product, partner, value, weight)
    return made | by_month | free | {"flowCode": side}


def both_sides(month: str) -> list[dict]:
    """The worked example of docs/methods/mirror.md, and a report of Japan that lacks an origin."""
    return [
        row(month, "M", USA, COMPOUNDS, WORLD, 146.0, 9_000.0),
        row(month, "M", USA, COMPOUNDS, CHN, 106.0, 9_000.0),
        row(month, "M", USA, COMPOUNDS, EST, 40.0, 0),
        row(month, "M", JPN, COMPOUNDS, WORLD, 60.0),
        row(month, "M", JPN, COMPOUNDS, CHN, 50.0),
        row(month, "X", CHN, COMPOUNDS, WORLD, 300.0),
        row(month, "X", CHN, COMPOUNDS, USA, 120.0),
        row(month, "X", EST, COMPOUNDS, WORLD, 30.0),
        row(month, "X", EST, COMPOUNDS, USA, 30.0, 2_500.0),
    ]


@pytest.fixture
def publisher(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("COMTRADE_KEY", raising=False)
    with Publisher() as running:
        monkeypatch.setattr(comtrade_mirror, "BASE", running.url)
        running.flows = both_sides("2026-01")
        yield running


def plan(rows=NOTHING, since=2026, keyed=True):
    return comtrade_mirror.plan({TABLE: rows}, since, TODAY, keyed=keyed, economies=ECONOMIES)


def fetched(publisher, notes=None, **given):
    note = (notes if notes is not None else []).append
    return comtrade_mirror.fetch(plan(**given), read_of(publisher), ECONOMIES, note).tables


def reported(publisher, notes=None, **given) -> pd.DataFrame:
    return comtrade_mirror.ordered(TABLE, fetched(publisher, notes, **given)[TABLE])


# What is asked.


def test_an_empty_table_asks_for_every_month_since_2017():
    made = plan(since=None)
    assert list(made.periods) == MONTHS
    assert made.why == "missing: 2017-01 to 2026-10 (with a key)"


def test_months_that_are_there_are_asked_for_when_they_may_be_revised():
    rows = pd.DataFrame({"month": [month for month in MONTHS[:-1] if month != "2019-05"]})
    made = plan(rows, since=None)
    assert made.periods[0] == "2019-05"
    assert list(made.periods[1:]) == MONTHS[-13:]


def test_both_sides_are_asked_for_by_month(publisher):
    reported(publisher)
    asked = {query["flowCode"]: (path, query) for path, query, _ in publisher.asked
             if "flowCode" in query}  # fmt: skip
    path, imports = asked["M"]
    assert path == "/data/v1/get/C/M/HS"
    assert imports["reporterCode"] == "276,392,410,842,704"
    assert "partnerCode" not in imports
    assert imports["cmdCode"] == "280530,284610,284690,850511"
    assert imports["period"] == "202601"
    _, exports = asked["X"]
    assert exports["partnerCode"] == "0,276,392,410,842,704"
    assert {"156", "233"} <= set(exports["reporterCode"].split(","))
    for query in (imports, exports):
        names = ("partner2Code", "customsCode", "motCode")
        assert [query[name] for name in names] == ["0", "C00", "0"]


def test_without_a_key_the_preview_is_asked(publisher):
    assert len(reported(publisher, keyed=False)) == 5
    path, query, headers = publisher.asked[-1]
    assert (path, query["maxRecords"]) == ("/public/v1/preview/C/M/HS", "500")
    assert comtrade_mirror.KEY.name not in headers


def test_a_side_that_has_not_reported_is_not_asked_for(publisher):
    publisher.flows = [f for f in publisher.flows if f["flowCode"] == "M"]
    notes = []
    assert set(reported(publisher, notes)["flow"]) == {"imports"}
    assert "UN Comtrade: no report of 202601 yet by" in "\n".join(notes)


# Rows.


def test_flows_come_in_the_columns_of_the_table(publisher):
    notes = []
    rows = reported(publisher, notes)
    assert list(rows.columns) == [field["name"] for field in catalogue.table(TABLE).fields]
    assert rows.drop(columns=["quantity_t", "complete"]).to_numpy().tolist() == [
        ["2026-01", "exports", "USA", COMPOUNDS, "CHN", 120],
        ["2026-01", "exports", "USA", COMPOUNDS, "EST", 30],
        ["2026-01", "imports", "JPN", COMPOUNDS, "CHN", 50],
        ["2026-01", "imports", "USA", COMPOUNDS, "CHN", 106],
        ["2026-01", "imports", "USA", COMPOUNDS, "EST", 40],
    ]
    assert rows["quantity_t"].fillna(-1).tolist() == [-1, 2.5, -1, 9, -1]
    assert rows["complete"].tolist() == [pd.NA, pd.NA, False, True, True]
    assert about_rows(notes) == [
        "UN Comtrade: JPN 202601 284690: origins sum to 50 US$, World is 60 US$"
    ]


def test_rows_that_break_a_flow_down_are_reduced_to_the_total(publisher):
    parts = [row("2026-01", "M", USA, COMPOUNDS, CHN, 53.0) | {"motCode": 2100} for _ in range(2)]
    publisher.flows += parts
    notes = []
    assert len(reported(publisher, notes)) == 5
    assert "UN Comtrade: 2 rows that break flows down are left out" in notes


def test_what_is_no_economy_is_left_out_and_told(publisher):
    publisher.flows[0]["primaryValue"] = 153.0
    publisher.flows.append(row("2026-01", "M", USA, COMPOUNDS, 899, 7.0))
    notes = []
    rows = reported(publisher, notes)
    assert len(rows) == 5
    assert "UN Comtrade: 7 US$ of partners that are no economy, left out (codes 899)" in notes
    assert not rows.loc[(rows["flow"] == "imports") & (rows["importer"] == "USA"), "complete"].any()


ROW_FAULTS = {
    "an export in place of an import": ({"flowCode": "X"}, "was not asked for: 842 202601"),
    "a year": ({"period": "2026"}, "was not asked for: 842 2026 "),
    "another importer": ({"reporterCode": 251}, "was not asked for: 251"),
    "value is missing": ({"primaryValue": None}, "has no value, or one that cannot be"),
    "value is text": ({"primaryValue": "n/a"}, "primaryValue is no number"),
    "no total row": ({"motCode": 2100}, "no total row for 842 202601 284690 0"),
}


@pytest.mark.parametrize("fault", ROW_FAULTS)
def test_an_unusable_row_is_an_error(publisher, fault):
    changes, message = ROW_FAULTS[fault]

    def alter(answer):
        if "primaryValue" in answer["data"][0] and answer["data"][0]["flowCode"] == "M":
            answer["data"][0] = answer["data"][0] | changes
        return answer

    publisher.alter = alter
    with pytest.raises(Unusable, match=message):
        reported(publisher)


def test_rows_that_come_twice_are_an_error(publisher):
    publisher.flows *= 2
    with pytest.raises(Unusable, match="two total rows for 842 202601"):
        reported(publisher)


def test_nothing_at_all_is_no_failure_of_an_empty_table(publisher):
    publisher.flows = []
    notes = []
    assert fetched(publisher, notes) == {}
    assert notes[-1] == "UN Comtrade: nothing is out for 2026-01 to 2026-10"


def test_nothing_at_all_of_months_that_the_table_has_is_an_error(publisher):
    publisher.flows = []
    with pytest.raises(Unusable, match="no row at all for 2025-10 to 2026-10"):
        fetched(publisher, rows=pd.DataFrame({"month": MONTHS[:-1]}), since=None)


@pytest.mark.parametrize("refusal", ["quota", "bad key"])
def test_a_refusal_says_what_to_do(publisher, refusal):
    make, message = (play.OF_COMTRADE | {
        "bad key": (play.status(401, "no"), "does not accept the key"),
    })[refusal]  # fmt: skip
    publisher.faults = [play.good, make]
    with pytest.raises(SourceError, match=message):
        reported(publisher)


# A whole refresh.


@pytest.fixture
def newer(data, publisher):
    publisher.flows = [flow for month in MONTHS[-24:] for flow in both_sides(month)]
    return publisher


def run(lines=None, **given):
    return refresh([comtrade_mirror.NAME], options(lines, **given))


def test_a_refresh_fills_the_table_and_pages_know_the_band_of_the_month(data, newer):
    before = hashes(data)
    (difference,) = run()
    after = hashes(data)
    changed = {path for path in after if after[path] != before[path]}
    assert changed == {"trade/mirror_months.csv", "datapackage.json"}
    assert check.check_all() == []
    assert len(difference.new) == 24 * 5
    months = mirror.by_month("USA", "CHN", "rare_earths")
    assert months["month"].tolist() == MONTHS[-24:]
    newest = months.iloc[-1]
    assert newest[["reported_usd", "exporter_usd"]].tolist() == [106, 120]
    assert newest["gap"] == pytest.approx(math.log(106 / 120 / 1.06))
    assert newest["share_low"] == pytest.approx(100 / (100 + 40 / 1.06))
    assert newest["share_high"] == pytest.approx(120 / 150)
    assert newest[["hhi_low", "hhi_high"]].tolist() == pytest.approx([0.602, 0.68], abs=5e-4)
    about = next(
        resource
        for resource in json.loads((data / "datapackage.json").read_text())["resources"]
        if resource["name"] == TABLE
    )
    assert "exports: 2024-11 to 2026-10; imports: 2024-11 to 2026-10" in about["description"]


def test_a_share_by_month_needs_all_origins(data, newer):
    run()
    shares = monthly.shares("USA", "CHN", "rare_earths")
    assert [str(month) for month in shares["month"]] == MONTHS[-24:]
    assert shares["share_value"].tolist() == pytest.approx([106 / 146] * 24)
    assert shares["provisional"].tolist() == [False] * 12 + [True] * 12
    assert set(shares["currency"]) == {"USD"}
    assert set(shares["source"]) == {"UN Comtrade, monthly imports as reported"}
    assert monthly.shares("JPN", "CHN", "rare_earths").empty  # an origin is not known
    assert mirror.by_month("JPN", "CHN", "rare_earths").empty  # no exporter reports to Japan


def test_a_supplier_that_neither_side_names_has_no_statement(data, newer):
    run()
    months = mirror.by_month("USA", "MYS", "rare_earths")
    assert months[["reported_usd", "exporter_usd", "gap"]].isna().all(axis=None)
    assert (months["share_high"] == 0).all()


def test_without_a_refresh_there_is_no_month():
    assert mirror.by_month("USA", "CHN", "rare_earths").empty


def test_a_second_refresh_asks_for_the_latest_year_and_finds_nothing_new(data, newer):
    run()
    before, lines = hashes(data), []
    newer.asked.clear()
    assert run(lines) == []
    assert hashes(data) == before
    assert lines[-1] == "no table has changed"
    got = {p for _, q, _ in newer.asked if "maxRecords" in q for p in q["period"].split(",")}
    assert got == {month.replace("-", "") for month in MONTHS[-12:]}


def test_the_key_is_sent_and_shown_nowhere(data, newer):
    lines: list[str] = []
    run(lines, key=KEY)
    assert {headers[comtrade_mirror.KEY.name] for _, _, headers in newer.asked} == {KEY}
    assert KEY not in "".join(lines)
    assert KEY.encode() not in everything(data)


def test_a_dry_run_asks_nothing(data, newer):
    before, lines = everything(data), []
    assert run(lines, dry_run=True) == []
    assert newer.asked == []
    assert everything(data) == before
    assert lines[0].startswith("comtrade-mirror -> mirror_months: missing: 2017-01 to 2026-10")


def test_the_source_is_one_of_those_that_are_refreshed():
    assert refreshing.SOURCES[comtrade_mirror.NAME] is comtrade_mirror


BROKEN = play.BROKEN | play.NOT_JSON | play.OF_COMTRADE
del BROKEN["empty"]  # no failure of an empty table, see above


@pytest.mark.parametrize("fault", BROKEN)
def test_a_fault_ends_in_a_clear_error_and_changes_nothing(data, newer, fault):
    """The first answer, on availability, is good."""
    make, message = BROKEN[fault]
    newer.faults = [play.good, *[make] * FOREVER]
    before, lines = hashes(data), []
    with pytest.raises(RefreshError, match=message) as caught:
        run(lines, key=KEY, since=2026)
    assert str(caught.value).endswith("no table was changed")
    assert hashes(data) == before
    told = "".join(lines) + str(caught.value) + repr(caught.value.__cause__)
    assert KEY not in told
    assert KEY.encode() not in everything(data)


PASSING = play.PASSING | play.REDIRECTED


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_ends_in_the_right_table(data, newer, fault):
    newer.faults = [play.good, PASSING[fault]]
    run(since=2026)
    assert len(catalogue.load(TABLE)) == 10 * 5


def test_an_interrupted_refresh_asks_nothing_twice(data, newer):
    newer.faults = [*[play.good] * 12, *[play.status(500)] * FOREVER]
    with pytest.raises(RefreshError, match="status 500"):
        run()
    answered = [asked[:2] for asked in newer.asked][:12]
    newer.faults.clear()
    newer.asked.clear()
    run()
    assert not any(asked[:2] in answered for asked in newer.asked)
    (folder,) = (data / "raw" / comtrade_mirror.NAME).iterdir()
    assert json.loads((folder / "refresh.json").read_text())["state"] == raw.FINISHED


def test_a_publisher_that_lost_a_month_is_not_believed(data, newer):
    run()
    newer.flows = [f for f in newer.flows if f["period"] != "202603"]
    before = hashes(data)
    with pytest.raises(RefreshError, match="no row for 2026-03, which the table has"):
        run()
    assert hashes(data) == before
