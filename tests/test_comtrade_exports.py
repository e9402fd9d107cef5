"""UN Comtrade's exports, the other side of reported imports: rows, questions, faults, a refresh."""

import json

import pandas as pd
import pytest

import publishers as play
from publishers import FOREVER, KEY, Publisher, flow
from rareearths import catalogue, check
from rareearths.__main__ import main
from rareearths.sources import comtrade, comtrade_parts
from rareearths.sources.fetch import Refused, SourceError, Unusable
from rareearths.sources.refresh import RefreshError, refresh
from test_refresh import everything, hashes, invented_flows, options, problems
from test_sources import ECONOMIES, TABLE, TODAY, read_of

EXPORTS = "trade/reported_exports.csv"
TWO_ORIGINS = TABLE.assign(exporter=["CHN", "CHN", "JPN", "CHN"])
NOTHING = catalogue.load("reported_exports")


@pytest.fixture
def publisher(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Publisher() as running:
        yield running


def export(reporter, year, product, partner, value, weight=None, **other) -> dict:
    """Return one row in Comtrade's shape: an export, valued free on board."""
    free = {"flowCode": "X", "cifvalue": None, "fobvalue": value}
    return flow(reporter, year, product, partner, value, weight, **(free | other))


def exports_2026() -> list[dict]:
    """Invented exports of two economies to the United States, and to all the world."""
    return [
        export(156, 2026, "280530", 0, 90.0, 9_000.0),
        export(156, 2026, "280530", 842, 40.4, 4_000.0),
        export(156, 2026, "284610", 0, 20.0, 0),
        export(156, 2026, "284610", 842, 20.0, 0),
        export(392, 2026, "280530", 0, 7.0, None),
        export(392, 2026, "280530", 842, 4.6, None),
        export(392, 2026, "280530", 156, 2.4, None),
    ]


def plan_of(publisher, since=2026, keyed=True, imports=TWO_ORIGINS, exports=NOTHING):
    base = publisher.url if publisher else None
    tables = {comtrade.TABLE: imports, comtrade.MIRROR_TABLE: exports}
    return comtrade.plan(tables, since, TODAY, base=base, keyed=keyed, economies=ECONOMIES)


def exports_of(publisher, notes=None, **given):
    note = (notes if notes is not None else []).append
    return comtrade.exports(plan_of(publisher, **given), read_of(publisher), ECONOMIES, note)


# Rows.


def test_exports_come_in_the_columns_of_the_table(publisher):
    publisher.flows = exports_2026()
    notes = []
    rows = comtrade.ordered(comtrade.MIRROR_TABLE, exports_of(publisher, notes))
    assert list(rows.columns) == [f["name"] for f in catalogue.table("reported_exports").fields]
    assert rows[["exporter", "product", "importer", "value_usd"]].to_numpy().tolist() == [
        ["CHN", "280530", "USA", 40],
        ["CHN", "284610", "USA", 20],
        ["JPN", "280530", "USA", 5],
    ]
    assert notes == []


def test_a_weight_of_zero_is_missing(publisher):
    publisher.flows = exports_2026()
    weights = exports_of(publisher)["quantity_t"]
    assert weights.iloc[0] == 4.0
    assert weights.iloc[1:].isna().all()


def test_every_origin_is_asked_for_its_exports_to_the_importers_and_the_world(publisher):
    publisher.flows = exports_2026()
    exports_of(publisher)
    ((path, query, _),) = publisher.asked
    wanted = {
        "reporterCode": "156,392",
        "partnerCode": "0,842",
        "flowCode": "X",
        "period": "2026",
        "cmdCode": "280530,284610",
        "partner2Code": "0",
        "customsCode": "C00",
        "motCode": "0",
    }
    assert path == "/data/v1/get/C/A/HS"
    assert {name: query[name] for name in wanted} == wanted


def test_rows_that_break_a_flow_down_are_reduced_to_the_total(publisher):
    publisher.flows = [
        *exports_2026(),
        export(156, 2026, "280530", 842, 30.0, motCode=2100),
        export(156, 2026, "280530", 842, 40.4, customsCode="C04"),
    ]
    notes = []
    assert exports_of(publisher, notes)["value_usd"].sum() == 65
    assert notes == ["UN Comtrade: 2 rows that break flows down are left out"]


def test_more_than_the_world_is_told(publisher):
    publisher.flows = exports_2026()
    publisher.flows[0]["primaryValue"] = 30.0
    notes = []
    assert len(exports_of(publisher, notes)) == 3
    assert notes == [
        "UN Comtrade: CHN 2026 280530: destinations sum to 40 US$, World is 30 US$",
    ]


def test_a_missing_world_row_is_told(publisher):
    publisher.flows = [f for f in exports_2026() if f["partnerCode"] != 0][:1]
    notes = []
    exports_of(publisher, notes)
    assert notes == [
        "UN Comtrade: CHN 2026 280530: destinations sum to 40 US$, World is not reported"
    ]


def test_no_export_at_all_is_an_empty_table(publisher):
    rows = exports_of(publisher)
    assert rows.empty
    assert list(rows.columns) == list(NOTHING.columns)


def test_a_reply_at_the_cap_is_asked_again_in_parts(publisher, monkeypatch):
    monkeypatch.setattr(comtrade_parts, "CAP", 3)
    publisher.flows = exports_2026()
    assert exports_of(publisher)["value_usd"].sum() == 65
    both = "280530,284610"
    asked = [(q["reporterCode"], q["cmdCode"]) for _, q, _ in publisher.asked]
    assert asked == [
        ("156,392", both),
        ("156", both),
        ("156", "280530"),
        ("156", "284610"),
        ("392", both),
    ]


def test_partners_are_split_last(publisher, monkeypatch):
    monkeypatch.setattr(comtrade_parts, "PREVIEW_CAP", 2)
    publisher.flows = exports_2026()
    assert exports_of(publisher, keyed=False)["value_usd"].sum() == 65
    assert [q["partnerCode"] for _, q, _ in publisher.asked][3:5] == ["0", "842"]
    monkeypatch.setattr(comtrade_parts, "PREVIEW_CAP", 1)
    with pytest.raises(Unusable, match="156 2026 280530 X alone reaches the row cap"):
        exports_of(publisher, keyed=False)


ROW_FAULTS = {
    "an import": ({"flowCode": "M"}, "was not asked for: 156 2026 280530 M 0"),
    "another destination": ({"partnerCode": 276}, "was not asked for: 156 2026 280530 X 276"),
    "value negative": ({"primaryValue": -1.0}, "has no value, or one that cannot be"),
    "value is text": ({"primaryValue": "n/a"}, "primaryValue is no number"),
    "weight is text": ({"netWgt": "heavy"}, "netWgt is no number"),
}


@pytest.mark.parametrize("fault", ROW_FAULTS)
def test_an_unusable_row_is_an_error(publisher, fault):
    changes, message = ROW_FAULTS[fault]
    publisher.flows = exports_2026()

    def alter(data):
        data["data"][0] |= changes
        return data

    publisher.alter = alter
    with pytest.raises(Unusable, match=message):
        exports_of(publisher)


# What is asked.


def years(exports, since=None) -> tuple:
    return plan_of(None, since=since, exports=exports).rest["years"][comtrade.MIRROR_TABLE]


def reported(*present) -> pd.DataFrame:
    rows = [["CHN", year, "280530", "USA", 1, 1.0] for year in present]
    return pd.DataFrame(rows, columns=list(NOTHING.columns)).astype(NOTHING.dtypes.to_dict())


def test_exports_are_asked_for_in_the_years_of_the_imports():
    assert years(NOTHING) == (2023, 2024, 2025, 2026)
    assert years(reported(2023, 2024, 2025)) == (2024, 2025, 2026)
    assert years(reported(2022, 2024, 2025)) == (2023, 2024, 2025, 2026)
    assert years(reported(2023, 2024, 2025), since=2025) == (2025, 2026)
    made = plan_of(None, since=None, exports=reported(2023, 2024, 2025))
    assert "exports missing: 2026; may be revised: 2024-2025 (with a key)" in made.why
    assert [dict(r.params)["flowCode"] for r in made.requests] == ["M", "X"]


def test_an_origin_without_an_area_code_is_an_error():
    with pytest.raises(catalogue.DataError, match="no area code of LIE"):
        plan_of(None, imports=TABLE.assign(exporter="LIE"))


# Which years are published.


def fetched(publisher, notes=None, **given):
    note = (notes if notes is not None else []).append
    return comtrade.fetch(plan_of(publisher, **given), read_of(publisher), ECONOMIES, note)


def import_row(year=2026) -> list[dict]:
    return [flow(842, year, "280530", partner, 50.0) for partner in (0, 156)]


def test_years_that_nobody_has_reported_are_not_asked_for(publisher):
    publisher.flows = [*import_row(2025), export(156, 2025, "280530", 842, 9.0)]
    publisher.flows.append(export(156, 2025, "280530", 0, 9.0))
    notes = []
    tables = fetched(publisher, notes, since=2025).tables
    assert [len(tables[name]) for name in comtrade.TABLES] == [1, 1]
    data = [query["period"] for path, query, _ in publisher.asked if "/get/" in path]
    assert data == ["2025", "2025"]
    assert notes == [
        "UN Comtrade: no report of 2026 yet by USA",
        "UN Comtrade: 2026 not asked for: nobody has reported",
        "UN Comtrade: no report of 2025 yet by JPN",
        "UN Comtrade: no report of 2026 yet by CHN, JPN",
        "UN Comtrade: 2026 not asked for: nobody has reported",
    ]


def test_without_exports_the_table_is_left_alone(publisher):
    publisher.flows = import_row()
    notes = []
    assert list(fetched(publisher, notes).tables) == [comtrade.TABLE]
    assert notes[-1] == "UN Comtrade: no exporter reports exports to these importers"
    tables = fetched(publisher, exports=reported(2025)).tables
    assert tables[comtrade.MIRROR_TABLE].empty


def test_where_availability_is_not_known_every_year_is_asked_for(publisher):
    publisher.flows = [*import_row(), *exports_2026()]
    publisher.faults = [play.status(404, "Resource not found")]
    notes = []
    assert len(fetched(publisher, notes).tables[comtrade.TABLE]) == 1
    assert "which years are published is not known" in notes[0]


AVAILABILITY_FAULTS = {
    "quota": (play.status(403, "Out of call volume quota."), SourceError, "quota of the day"),
    "forbidden": (play.status(403, "no"), SourceError, "does not accept the key"),
    "gone": (play.status(410, "gone"), Refused, "gone"),
    "no list": (play.instead({"data": None}), Unusable, "availability: the answer has no list"),
    "an error": (play.instead({"data": [], "error": "no"}), Unusable, "the answer is an error: no"),
    "another field": (
        play.instead({"data": [{"reporterCode": 842}], "error": ""}),
        Unusable,
        "availability: a row has no field 'period'",
    ),
    "nothing": (play.instead({"data": [], "error": ""}), Unusable, "no row at all for 2026"),
}


@pytest.mark.parametrize("fault", AVAILABILITY_FAULTS)
def test_an_unusable_answer_on_availability_is_an_error(publisher, fault):
    make, error, message = AVAILABILITY_FAULTS[fault]
    publisher.flows = import_row()
    publisher.faults = [make]
    with pytest.raises(error, match=message):
        fetched(publisher)


# A whole refresh.


@pytest.fixture
def both_sides(data, publisher, monkeypatch):
    """The server with the table's imports, and the exports of each, 5 per cent lower, rounded."""
    monkeypatch.setattr(comtrade, "BASE", publisher.url)
    codes = catalogue.load("economies").set_index("economy")["baci_code"]
    rows = catalogue.load("reported_imports")
    made = [
        export(int(codes[r.exporter]), int(r.year), r.product, 842, round(r.value_usd / 1.05) + 0.0)
        for r in rows.itertuples()
    ]
    world = [row | {"partnerCode": 0} for row in made]
    publisher.flows = [*invented_flows(), *made, *world]
    return publisher


def test_a_refresh_fills_the_table(data, both_sides):
    lines = []
    refresh(["comtrade"], options(lines, key=KEY))
    rows, imports = catalogue.load("reported_exports"), catalogue.load("reported_imports")
    assert len(rows) == len(imports) - 1  # 2026 is reported by the importer alone
    assert rows["quantity_t"].isna().all()
    one = rows.set_index(["exporter", "year", "product"]).loc[("CHN", 2024, "280530")]
    stated = imports.set_index(["exporter", "year", "product"]).loc[("CHN", 2024, "280530")]
    assert one["value_usd"] == round(stated["value_usd"] / 1.05)
    entry = catalogue.table("reported_exports")
    assert entry.title == "Exports as the exporter reports them, 2018-2025"
    assert problems() == []
    assert check.check_table(entry) == []
    assert lines[-1].startswith("2 of 2 tables replaced")
    assert KEY not in "".join(lines)
    assert KEY.encode() not in everything(data)


def test_a_second_refresh_finds_nothing_new(data, both_sides):
    refresh(["comtrade"], options())
    before, lines = hashes(data), []
    assert refresh(["comtrade"], options(lines)) == []
    assert hashes(data) == before
    assert lines[-1] == "no table has changed"


def test_exports_of_a_year_that_vanish_are_not_believed(data, both_sides):
    refresh(["comtrade"], options())
    gone = ("X", "2025")
    both_sides.flows = [f for f in both_sides.flows if (f["flowCode"], f["period"]) != gone]
    before = hashes(data)
    with pytest.raises(RefreshError, match="no row for 2025, which the table has"):
        refresh(["comtrade"], options())
    assert hashes(data) == before


def test_a_fault_of_the_exports_keeps_back_the_imports(data, both_sides):
    both_sides.alter = break_exports
    before = hashes(data)
    with pytest.raises(RefreshError, match="a row has no field 'primaryValue'"):
        refresh(["comtrade"], options())
    assert hashes(data) == before


def break_exports(answer):
    for row in answer["data"]:
        if row.get("flowCode") == "X":
            del row["primaryValue"]
    return answer


def test_an_interrupted_refresh_asks_nothing_twice(data, both_sides):
    both_sides.faults = [play.good, play.good, play.good, *[play.status(500)] * FOREVER]
    with pytest.raises(RefreshError, match="status 500"):
        refresh(["comtrade"], options(key=KEY))
    first = [json.dumps([path, query]) for path, query, _ in both_sides.asked]
    both_sides.faults.clear()
    both_sides.asked.clear()
    refresh(["comtrade"], options(key=KEY))
    again = [json.dumps([path, query]) for path, query, _ in both_sides.asked]
    assert again == [first[-1]]


def test_a_refreshed_table_can_be_compared(data, both_sides, capsys):
    refresh(["comtrade"], options())
    old = next((data / "raw/comtrade").glob("*/before"))
    capsys.readouterr()
    main(["data", "diff", str(old / EXPORTS), str(data / EXPORTS)])
    assert "133 rows" in capsys.readouterr().out
