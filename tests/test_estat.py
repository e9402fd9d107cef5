"""Japan's monthly imports as e-Stat answers and misanswers. Every value is invented."""

import copy
import json
from contextlib import suppress
from datetime import date
from functools import partial
from urllib.parse import quote

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import publishers as play
from publishers import FOREVER, KEY, Publisher
from rareearths import catalogue, check
from rareearths.__main__ import main
from rareearths.sources import customs_names, estat, estat_answers, raw
from rareearths.sources.fetch import Key, SourceError, Unusable
from rareearths.sources.refresh import RefreshError, refresh
from test_refresh import entry, everything, hashes
from test_refresh import options as options_of
from test_sources import ANY, ECONOMIES, altered, client, judged

TODAY = date(2027, 2, 1)
TABLE = "0004049326"
METAL, MAGNET, OTHER = "280530000", "850511000", "280540000"
AREAS = {
    "50103": "103_大韓民国",
    "50105": "105_中華人民共和国",
    "50304": "304_アメリカ合衆国",
    "50702": "702_不明",
}
KG_SECOND, NUMBER_AND_KG, NUMBERS = ("", "ＫＧ"), ("ＮＯ", "ＫＧ"), ("ＮＯ", "")
FIELDS = ("@cat01", "@cat02", "@time")


def months(**values):
    """By month: quantity 1, quantity 2, thousand yen; ``m3=(0, 70, 400)`` is of March."""
    return {int(name[1:]): value for name, value in values.items()}


class Estat:
    """The API: the list of tables, axes, values in pages."""

    def __init__(self):
        self.tables = {TABLE: "品別国別表　輸入　2026年～"}
        self.years = {TABLE: (2026, 2027)}
        self.codes = [METAL, MAGNET, OTHER, "280530"]
        self.units = {METAL: KG_SECOND, MAGNET: KG_SECOND}
        # By code, area and year. Months that are not out are zeros.
        self.flows = {
            (METAL, "50105", 2026): months(m1=(0, 80_000, 500_000), m2=(0, 70_000, 400_000)),
            (METAL, "50304", 2026): months(m1=(0, 0, 120)),
            (MAGNET, "50105", 2026): months(m1=(0, 9, 25), m12=(0, 1_000, 9_000)),
            (MAGNET, "50105", 2027): months(),
        }
        self.per_page = 100_000
        self.alter = None
        self.value_unit = "千円"

    def pages(self) -> dict:
        return {f"/{call}": partial(self.answer, call) for call in CALLS}

    def answer(self, call, path, query):
        data = CALLS[call](self, query)
        if self.alter:
            data = self.alter(copy.deepcopy(data))
        return 200, json.dumps(data, ensure_ascii=False).encode(), "application/json"

    def list_of_tables(self, query):
        assert query["statsCode"] == "00350300"
        named = self.tables.items()
        tables = [{"@id": id, "TITLE": {"@no": "1", "$": title}} for id, title in named]
        return {"GET_STATS_LIST": {"RESULT": GOOD, "DATALIST_INF": {"TABLE_INF": single(tables)}}}

    def meta(self, query):
        measures = {"100": "単位1", "110": "単位2", "120": "合計_数量1", "140": "合計_金額"}
        for month in range(1, 13):
            for first, kind in ((150, "数量1"), (160, "数量2"), (170, "金額")):
                measures[str(first + 30 * (month - 1))] = f"{month}月_{kind}"
        years = self.years.get(query["statsDataId"], ())
        axes = {
            "cat01": [member(code, code) for code in self.codes],
            "cat02": [member(code, name) for code, name in measures.items()],
            "area": [member(code, name) for code, name in AREAS.items()],
            "time": [member(f"{year}000000", f"{year}年") for year in years],
        }
        classes = [{"@id": id, "@name": id, "CLASS": single(some)} for id, some in axes.items()]
        inside = {"TABLE_INF": {"@id": query["statsDataId"]}, "CLASS_INF": {"CLASS_OBJ": classes}}
        return {"GET_META_INFO": {"RESULT": GOOD, "METADATA_INF": inside}}

    def data(self, query):
        wanted = [query[name].split(",") for name in ("cdCat01", "cdCat02", "cdTime")]
        rows = [
            row
            for row in self.values()
            if all(row[name] in codes for name, codes in zip(FIELDS, wanted, strict=True))
        ]
        if not rows:
            return {"GET_STATS_DATA": {"RESULT": GOOD | {"STATUS": 1, "ERROR_MSG": "該当なし"}}}
        start = int(query["startPosition"])
        size = min(int(query["limit"]), self.per_page)
        shown = rows[start - 1 : start - 1 + size]
        about = {"TOTAL_NUMBER": len(rows), "FROM_NUMBER": start}
        if start - 1 + size < len(rows):
            about["NEXT_KEY"] = start + size
        inside = {
            "RESULT_INF": about,
            "TABLE_INF": {"@id": query["statsDataId"], "UPDATED_DATE": "2027-01-29"},
            "DATA_INF": {"NOTE": {"@char": "-", "$": "no figure"}, "VALUE": single(shown)},
        }
        return {"GET_STATS_DATA": {"RESULT": GOOD, "STATISTICAL_DATA": inside}}

    def values(self) -> list[dict]:
        rows = []
        for (code, area, year), by_month in self.flows.items():
            texts = {"100": self.units[code][0], "110": self.units[code][1]}
            for month in range(1, 13):
                of_month = by_month.get(month, (0, 0, 0))
                for first, value in zip((150, 160, 170), of_month, strict=True):
                    texts[str(first + 30 * (month - 1))] = str(value)
            for measure, text in texts.items():
                row = {"@cat01": code, "@cat02": measure, "@area": area, "@time": f"{year}000000"}
                if text:
                    row["$"] = text
                if measure in estat.VALUE_CODES:
                    row["@unit"] = self.value_unit
                rows.append(row)
        return rows


GOOD = {"STATUS": 0, "ERROR_MSG": "正常に終了しました。", "DATE": "2027-02-01T00:00:00.000+09:00"}
CALLS = {
    "getStatsList": Estat.list_of_tables,
    "getMetaInfo": Estat.meta,
    "getStatsData": Estat.data,
}


def member(code, name) -> dict:
    unit = {"@unit": "千円"} if code in estat.VALUE_CODES else {}
    return {"@code": code, "@name": name, "@level": "1"} | unit


def single(rows: list):
    """One element is an object, as the API has it."""
    return rows[0] if len(rows) == 1 else rows


@pytest.fixture
def publisher(monkeypatch):
    with Publisher() as running:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr(estat, "BASE", running.url)
        yield running


@pytest.fixture
def japan(publisher):
    api = Estat()
    publisher.pages = api.pages()
    return api


def table(*rows: tuple) -> pd.DataFrame:
    """Rows of ``monthly_imports`` by importer, month and whether they are provisional."""
    empty = catalogue.load(estat.TABLE).head(0)
    given = pd.DataFrame(rows, columns=["importer", "month", "provisional"])
    return given.reindex(columns=empty.columns).astype(empty.dtypes.to_dict())


def plan(since=2026, today=TODAY, rows=None):
    return estat.plan({estat.TABLE: table() if rows is None else rows}, since, today)


def imports(notes=None, **given) -> pd.DataFrame:
    note = (notes if notes is not None else []).append
    asking = client(key=Key("appId", KEY, in_address=True))
    read = partial(judged, asking)
    return estat.fetch(plan(**given), read, ECONOMIES, note).tables[estat.TABLE]


def asked(publisher, call: str) -> list[dict]:
    return [query for path, query, _ in publisher.asked if path == f"/{call}"]


# Values into rows.


def test_imports_come_in_the_columns_of_the_table(japan):
    notes = []
    rows = imports(notes)
    assert list(rows.columns) == [field["name"] for field in catalogue.table(estat.TABLE).fields]
    shown = rows[["month", "code", "exporter", "value", "quantity_kg"]].astype("object")
    assert shown.where(shown.notna(), None).to_numpy().tolist() == [
        ["2026-01", METAL, "CHN", 500_000_000, 80_000],
        ["2026-01", METAL, "USA", 120_000, None],
        ["2026-01", MAGNET, "CHN", 25_000, 9],
        ["2026-02", METAL, "CHN", 400_000_000, 70_000],
        ["2026-12", MAGNET, "CHN", 9_000_000, 1_000],
    ]
    for name, value in {"importer": "JPN", "schedule": "JP", "currency": "JPY"}.items():
        assert set(rows[name]) == {value}
    assert set(rows["valuation"]) == {"cif"}
    assert rows["product"].to_list() == ["280530", "280530", "850511", "280530", "850511"]
    assert set(rows["source"]) == {
        f"Japan Ministry of Finance, trade statistics, by e-Stat, table {TABLE}"
    }
    silent = ", ".join(f"2026-{month:02d}" for month in range(3, 12))
    assert notes == [f"e-Stat: no trade at all in {silent}"]


def test_codes_are_looked_up_by_their_first_six_digits(japan, publisher):
    japan.codes = ["284690230", METAL, OTHER, "850511010", "850519000", "2846", "28469023"]
    japan.flows = {("284690230", "50105", 2026): months(m1=(0, 5, 7))}
    japan.units = {"284690230": KG_SECOND}
    assert imports()["code"].to_list() == ["284690230"]
    (query,) = asked(publisher, "getStatsData")
    assert query["cdCat01"] == f"{METAL},284690230,850511010"
    assert query["cdTime"] == "2026000000,2027000000"
    assert "100" in query["cdCat02"].split(",")
    assert len(query["cdCat02"].split(",")) == 2 + 36


def test_many_codes_are_asked_for_in_parts(japan, publisher, monkeypatch):
    monkeypatch.setattr(estat, "MOST_CODES", 1)
    assert len(imports()) == 5
    assert [q["cdCat01"] for q in asked(publisher, "getStatsData")] == [METAL, MAGNET]


def test_all_pages_are_read(japan, publisher):
    japan.per_page = 50
    rows = imports()
    assert len(rows) == 5
    starts = [int(query["startPosition"]) for query in asked(publisher, "getStatsData")]
    assert starts == [1, 51, 101, 151]


def test_kilograms_are_taken_from_the_slot_that_says_so(japan):
    japan.units = {METAL: ("KG", "NO"), MAGNET: NUMBER_AND_KG}
    japan.flows = {
        (METAL, "50105", 2026): months(m1=(70, 3, 400)),
        (MAGNET, "50105", 2026): months(m1=(5_000, 20, 30)),
    }
    assert imports()["quantity_kg"].to_list() == [70, 20]


def test_a_code_that_is_counted_otherwise_has_no_weight(japan):
    japan.units[MAGNET] = NUMBERS
    notes = []
    rows = imports(notes)
    assert rows[rows["code"] == MAGNET]["quantity_kg"].isna().all()
    assert notes[0] == f"e-Stat: {MAGNET} has no weight in 2026, it is counted in NO"


def test_one_element_that_comes_as_an_object_is_a_list_of_one(japan):
    japan.years = {TABLE: (2026,)}
    japan.codes = [METAL]
    japan.per_page = 1
    japan.flows = {(METAL, "50105", 2026): months(m1=(0, 5, 7))}
    rows = imports()
    assert rows[["month", "value"]].to_numpy().tolist() == [["2026-01", 7_000]]


@pytest.mark.parametrize("mark", ["-", "－", "***", "x", "X", "...", "…"])
def test_a_mark_is_no_figure(japan, mark):
    japan.flows = {(METAL, "50105", 2026): months(m1=(0, mark, 500), m2=(0, 70, mark))}
    notes = []
    rows = imports(notes)
    assert rows[["month", "value"]].to_numpy().tolist() == [["2026-01", 500_000]]
    assert rows["quantity_kg"].isna().all()
    assert notes[0] == "e-Stat: 1 rows have a weight and no value, left out (2026-02)"


def test_months_that_are_not_out_are_no_rows(japan):
    assert not imports()["month"].str.startswith("2027").any()


def test_a_month_that_has_begun_is_not_taken(japan):
    """The table of a year may be ahead of the last complete month by a fault."""
    japan.flows[(MAGNET, "50105", 2027)] = months(m1=(0, 5, 7), m2=(0, 5, 7))
    assert imports()["month"].max() == "2027-01"


def test_a_table_without_data_for_a_year_is_no_fault(japan):
    japan.flows = {}
    assert imports().empty


def test_years_that_are_not_fixed_are_provisional(japan):
    assert imports()["provisional"].all()
    years = (2025, 2026, 2027)
    japan.years[TABLE] = years
    japan.flows = {(METAL, "50105", year): months(m1=(0, 1, 1)) for year in years}
    later = imports(today=date(2028, 3, 1)).set_index("month")["provisional"]
    assert later.to_dict() == {"2026-01": False, "2027-01": True}


# Origins.


def test_origins_that_are_no_economy_are_told_and_counted(japan):
    japan.flows[(METAL, "50702", 2026)] = months(m1=(0, 1, 30), m2=(0, 1, 40))
    notes = []
    assert len(imports(notes)) == 5
    assert notes[0] == (
        "e-Stat: 70,000 yen in 2 rows of origins that are no economy, left out: 702_不明"
    )


def test_two_origins_of_one_economy_are_one_row(japan, monkeypatch):
    monkeypatch.setitem(AREAS, "50999", "999_中華人民共和国")
    japan.flows[(METAL, "50999", 2026)] = months(m1=(0, 1, 30), m2=(0, 0, 40))
    rows = imports()
    china = rows[(rows["code"] == METAL) & (rows["exporter"] == "CHN")].set_index("month")
    assert china["value"].to_list() == [500_030_000, 400_040_000]
    assert china.loc["2026-01", "quantity_kg"] == 80_001
    assert pd.isna(china.loc["2026-02", "quantity_kg"]), "the weight of one part is not known"


NAMED = {
    "105_中華人民共和国": "CHN",
    "103_大韓民国": "KOR",
    "106_台湾": "TWN",
    "205_英国": "GBR",
    "301_グリーンランド（デンマーク）": "GRL",
    "219_ジブラルタル(英)": "GIB",
    "323_ドミニカ共和国": "DOM",
    "333_ドミニカ": "DMA",
    "533_コンゴ民主共和国": "COD",
    "551_南アフリカ共和国": "ZAF",
    "ベトナム": "VNM",
}


def test_names_of_customs_are_matched():
    unknown = ["216_アゾレス(葡)", "702_不明", "703_保税工場・総合保税地域", ""]
    assert customs_names.economy_by_name([*NAMED, *unknown], ECONOMIES) == NAMED


def test_each_exception_is_one():
    """A name that the table has by itself, or a code that it has not, is no exception."""
    names = set(ECONOMIES["name_ja"])
    assert not names & set(customs_names.EXCEPTIONS)
    assert set(customs_names.EXCEPTIONS.values()) <= set(ECONOMIES["economy"])
    found = customs_names.economy_by_name(list(customs_names.EXCEPTIONS), ECONOMIES)
    assert found == customs_names.EXCEPTIONS


# The plan.


def test_a_table_without_rows_asks_from_the_year_of_the_stop():
    made = plan(since=None, rows=table(("USA", "2020-01", False)))
    assert made.periods[0] == "2010-01"
    assert made.periods[-1] == "2027-01"
    ids = [request.params["statsDataId"] for request in made.requests]
    assert ids == ["0003228184", "0003228185", "0003313966", "0003425294", TABLE]


def test_the_rule_asks_for_what_is_missing_provisional_or_young():
    rows = table(
        ("JPN", "2022-05", False),
        ("JPN", "2023-01", True),
        ("JPN", "2025-12", False),
        ("JPN", "2026-01", True),
        ("USA", "2024-01", True),
    )
    made = plan(since=None, rows=rows)
    assert made.why == "missing: 2024, 2027; provisional: 2023, 2026"
    assert {month[:4] for month in made.periods} == {"2023", "2024", "2026", "2027"}
    fixed = table(*[("JPN", f"{year}-01", False) for year in range(2024, 2028)])
    made = plan(since=None, rows=fixed)
    assert made.why == "may be revised: 2026-2027"
    assert made.periods[-1] == "2027-01", "February has just begun"


def test_since_and_the_turn_of_the_year():
    assert plan(since=1990).periods[0] == "2001-01"
    assert plan(since=2028).requests == ()
    made = plan(since=2026, today=date(2027, 1, 20))
    assert (made.periods[0], made.periods[-1]) == ("2026-01", "2026-12")


def test_only_japans_rows_of_the_months_asked_for_are_replaced():
    rows = table(("JPN", "2026-01", True), ("USA", "2026-01", True), ("JPN", "2025-01", True))
    assert estat.replaced(plan(), estat.TABLE, rows).to_list() == [True, False, False]


def test_a_new_table_is_found_in_the_list(japan, publisher):
    japan.years = {TABLE: (2026,), "0009999999": (2027,), "0008888888": (2027,)}
    japan.tables |= {
        "0008888888": "概況品別国別表　輸入　2027年～",
        "0007777777": "税関別　品別国別表　輸入",
        "0009999999": "品別国別表　輸入　2027年～",
        "0006666666": "品別国別表　輸出　2027年～",
    }
    japan.flows = {
        (METAL, "50105", 2026): months(m1=(0, 1, 2)),
        (MAGNET, "50105", 2027): months(m1=(0, 5, 7)),
    }
    rows = imports()
    assert rows[["month", "value"]].to_numpy().tolist() == [["2026-01", 2_000], ["2027-01", 7_000]]
    assert rows["source"].str[-10:].to_list() == [TABLE, "0009999999"]
    asked_of = [query["statsDataId"] for query in asked(publisher, "getMetaInfo")]
    assert asked_of == [TABLE, "0009999999"]


def test_a_year_that_no_table_has_is_told(japan, publisher):
    japan.years = {TABLE: (2026,)}
    notes = []
    assert len(imports(notes)) == 5
    assert "e-Stat: no table has 2027" in notes
    assert len(asked(publisher, "getStatsList")) == 1
    with pytest.raises(Unusable, match="no table has 2027"):
        imports(since=2027)


# What is not as documented.


def on(call, change):
    """Change the answer to one call; others stay."""

    def alter(data):
        if call in data:
            change(data[call])
        return data

    return lambda api: setattr(api, "alter", alter)


def meta(change):
    return on("GET_META_INFO", lambda body: change(classes(body)))


def classes(body) -> list:
    return body["METADATA_INF"]["CLASS_INF"]["CLASS_OBJ"]


def value(**changes):
    """Change one value: of the first month, in thousand yen."""
    return on("GET_STATS_DATA", lambda body: rows_of(body)[4].update(changes))


def rows_of(body) -> list:
    return body["STATISTICAL_DATA"]["DATA_INF"]["VALUE"]


def inside(**changes):
    return on("GET_STATS_DATA", lambda b: b["STATISTICAL_DATA"]["RESULT_INF"].update(changes))


def result(call, **changes):
    return on(call, lambda body: body["RESULT"].update(changes))


def again(body):
    """The first rows again, as if the page were sent twice."""
    rows_of(body).extend(copy.deepcopy(rows_of(body)))
    body["STATISTICAL_DATA"]["RESULT_INF"]["TOTAL_NUMBER"] *= 2


BAD_KEY = "認証に失敗しました。アプリケーションIDを確認して下さい。"
UNUSABLE = {
    "a bad key with 200": (
        result("GET_META_INFO", STATUS=100, ERROR_MSG=BAD_KEY),
        r"error 100: 認証に失敗しました.*is the key of ESTAT_APP_ID right\?",
    ),
    "an error with 200": (result("GET_STATS_DATA", STATUS=300, ERROR_MSG="no"), "error 300: no"),
    "an odd status": (result("GET_STATS_DATA", STATUS=2), "status 2 is not documented"),
    "no status": (result("GET_META_INFO", STATUS=None), "STATUS is no number"),
    "another root": (lambda api: setattr(api, "alter", lambda d: {"DATA": d}), "no GET_META_INFO"),
    "no axis of months": (meta(lambda axes: axes.pop(1)), "has no axis 'cat02'"),
    "an axis renamed": (meta(lambda axes: axes[2].update({"@id": "cat03"})), "has no axis 'area'"),
    "measures renumbered": (
        meta(lambda axes: axes[1]["CLASS"][6].update({"@name": "1月_数量"})),
        "measure 170 is '1月_数量', not 金額 of month 1",
    ),
    "a measure missing": (meta(lambda a: a[1]["CLASS"].pop(6)), "measure 170 is 'none'"),
    "a member without name": (meta(lambda a: a[2]["CLASS"][0].pop("@name")), "of area has no"),
    "no code of ours": (lambda api: setattr(api, "codes", [OTHER]), "no code begins with 280530"),
    "a field missing": (
        on("GET_STATS_DATA", lambda body: rows_of(body)[4].pop("@area")),
        "no field '@area'",
    ),
    "a code not asked for": (value(**{"@cat01": OTHER}), f"cat01 '{OTHER}' was not asked for"),
    "a year not asked for": (value(**{"@time": "2019000000"}), "time '2019000000' was not asked"),
    "an area without a name": (value(**{"@area": "50999"}), "area '50999' was not asked for"),
    "another unit": (lambda api: setattr(api, "value_unit", "万円"), "a value is in '万円', not"),
    "a value that is none": (value(**{"$": "many"}), "'MANY' is no number"),
    "a negative value": (value(**{"$": "-5"}), "'-5' is no number"),
    "more value than can be": (value(**{"$": "9" * 15}), "is no number"),
    "rows missing": (inside(TOTAL_NUMBER=999), "rows came, 999 are announced"),
    "no count": (inside(TOTAL_NUMBER=None), "TOTAL_NUMBER is no number"),
    "another page": (inside(FROM_NUMBER=51), "the page begins at row 51"),
    "a page in a circle": (inside(NEXT_KEY=1), "rows came, the next page is 1"),
    "rows twice": (on("GET_STATS_DATA", again), "280530000 50105 2026 100 twice"),
    "no values": (on("GET_STATS_DATA", lambda b: b.pop("STATISTICAL_DATA")), "has no RESULT_INF"),
}


@pytest.mark.parametrize("fault", UNUSABLE)
def test_what_is_not_as_documented_is_an_error(japan, fault):
    break_it, message = UNUSABLE[fault]
    break_it(japan)
    with pytest.raises(Unusable, match=message) as caught:
        imports()
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("code", [401, 403])
def test_a_refusal_says_what_to_do_and_hides_the_key(japan, publisher, code):
    text = f"key {KEY} or {quote(KEY, safe='')}: {BAD_KEY}"
    publisher.faults = [play.instead({"GET_META_INFO": {"RESULT": {"ERROR_MSG": text}}}, code)]
    with pytest.raises(SourceError, match="set ESTAT_APP_ID") as caught:
        imports()
    assert KEY not in str(caught.value)
    assert quote(KEY, safe="") not in str(caught.value)
    assert len(publisher.asked) == 1


@settings(max_examples=60)
@given(call=st.sampled_from(["getMetaInfo", "getStatsData"]), place=st.integers(0, 400), value=ANY)
def test_any_answer_is_rows_or_unusable(call, place, value):
    api = Estat()
    api.years, api.codes = {TABLE: (2026,)}, [METAL]
    api.flows = {(METAL, "50105", 2026): months(m1=(0, 5, 7))}

    def read(request, judge):
        name = request.url.rsplit("/", 1)[1]
        data = CALLS[name](api, request.params)
        if name == call:
            data = altered(data, place, value)
        judge(data)
        return data

    with suppress(Unusable):
        made = estat.plan({estat.TABLE: table()}, 2026, TODAY, base="http://127.0.0.1")
        rows = estat.fetch(made, read, ECONOMIES, lambda line: None).tables[estat.TABLE]
        assert (rows["value"] >= 0).all()
        assert not (rows["quantity_kg"] <= 0).any()


def test_an_empty_page_has_no_rows():
    nothing = {"GET_STATS_DATA": {"RESULT": {"STATUS": "1"}}}
    assert estat_answers.page(nothing, TABLE, 1) == estat_answers.Page([], 0, None, "not stated")


# A whole refresh.


def options(lines=None, key=KEY, **given):
    return options_of(lines, environment={"ESTAT_APP_ID": key} if key else {}, **given)


def run(lines=None, since=2026, **given):
    return refresh(["estat"], options(lines, since=since, **given))


def test_the_months_come_into_the_table(data, japan, capsys):
    before = hashes(data)
    (found,) = run()
    after = hashes(data)
    changed = {path for path in after if after[path] != before.get(path)}
    assert changed == {"trade/monthly_imports.csv", "datapackage.json"}
    assert check.check_table(catalogue.table(estat.TABLE)) == []
    assert len(catalogue.load(estat.TABLE)) == 5
    assert entry(estat.TABLE)["vintage"] == f"{TABLE} of 2027-01-29"
    assert entry(estat.TABLE)["description"].endswith(": JPN: 2026-01 to 2026-02, 2026-12.")
    assert bool(found)
    (old,) = (data / "raw").glob("*/*/before")
    assert main(["data", "diff", str(old), str(data)]) == 0
    assert "monthly_imports:" in capsys.readouterr().out


def test_a_revised_month_and_a_new_one_are_told_apart(data, japan):
    run()
    assert run() == []
    japan.flows[(METAL, "50105", 2026)][2] = (0, 71_000, 410_000)
    japan.flows[(MAGNET, "50105", 2027)] = months(m1=(0, 5, 7))
    (found,) = run()
    assert found.periods == ("2027-01",)
    assert found.revised[["month", "column", "old", "new"]].to_numpy().tolist() == [
        ["2026-02", "quantity_kg", 70_000, 71_000],
        ["2026-02", "value", 400_000_000, 410_000_000],
    ]


def test_a_month_that_vanished_is_not_believed(data, japan):
    run()
    before = hashes(data)
    del japan.flows[(METAL, "50105", 2026)][2]
    with pytest.raises(RefreshError, match="no row for 2026-02, which the table has"):
        run()
    assert hashes(data) == before


def test_the_key_stands_nowhere(data, japan, publisher):
    lines = []
    run(lines)
    assert {query["appId"] for _, query, _ in publisher.asked} == {KEY}
    written = quote(KEY, safe="")
    assert not any(secret in "".join(lines) for secret in (KEY, written))
    kept = everything(data)
    assert KEY.encode() not in kept
    assert written.encode() not in kept


def test_without_a_key_it_is_not_asked(data, japan, publisher):
    with pytest.raises(RefreshError, match="estat is not asked without a key: set ESTAT_APP_ID"):
        run(key="")
    assert publisher.asked == []


def test_a_dry_run_asks_nothing(data, japan, publisher):
    before, lines = hashes(data), []
    assert run(lines, since=None, dry_run=True) == []
    assert publisher.asked == []
    assert hashes(data) == before
    assert lines[0] == "estat -> monthly_imports: no rows yet: every year from 2010"
    assert "appId" not in "".join(lines)


FAULTS = (
    play.BROKEN
    | play.NOT_JSON
    | {
        "so many calls": (play.status(403, "too many"), "status 403.*goes on where it stopped"),
    }
)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_values_changes_nothing(data, japan, publisher, fault):
    make, message = FAULTS[fault]
    publisher.faults = [play.good] + [make] * FOREVER
    before, lines = hashes(data), []
    with pytest.raises(RefreshError, match=message) as caught:
        run(lines)
    assert str(caught.value).endswith("no table was changed")
    assert hashes(data) == before
    assert not [p for p in data.rglob("*") if p.name.endswith(".new")]
    told = "".join(lines) + str(caught.value) + repr(caught.value.__cause__)
    assert not any(secret in told for secret in (KEY, quote(KEY, safe="")))


def test_what_was_read_is_not_asked_for_again(data, japan, publisher):
    japan.per_page = 50
    publisher.faults = [play.good, play.good, play.status(403, "too many")]
    with pytest.raises(RefreshError, match="status 403"):
        run()
    run()
    starts = [query["startPosition"] for query in asked(publisher, "getStatsData")]
    assert starts == ["1", "51", "51", "101", "151"]
    assert len(asked(publisher, "getMetaInfo")) == 1


def test_an_answer_that_is_not_usable_is_asked_anew(data, japan):
    japan.alter = lambda data: {"DATA": data}
    with pytest.raises(RefreshError, match="no GET_META_INFO"):
        run()
    (folder,) = (data / "raw/estat").iterdir()
    assert json.loads((folder / "refresh.json").read_text())["state"] == raw.REJECTED
    japan.alter = None
    assert len(run()) == 1
