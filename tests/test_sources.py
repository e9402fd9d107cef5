"""The publishers as they answer and misanswer: each ends in the right rows or a clear error."""

import gzip
import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from urllib.parse import quote

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import publishers as play
from publishers import FOREVER, KEY, Publisher, flow
from rareearths import catalogue
from rareearths.sources import comtrade, comtrade_parts, raw, worldbank
from rareearths.sources.fetch import (
    BYTES,
    Client,
    Key,
    Manners,
    Refused,
    Request,
    SourceError,
    Unusable,
)

TODAY = date(2027, 2, 1)
ECONOMIES = catalogue.load("economies")
EST, SE = worldbank.SERIES.values()
QUICK = Manners(
    spacing=2.0,
    connect_timeout=2.0,
    read_timeout=1.0,
    whole_timeout=1.0,
    largest=500_000,
)


class Clock:
    """Time that passes by itself, and at once when somebody sleeps."""

    def __init__(self):
        self.slept = []

    def __call__(self) -> float:
        return time.monotonic() + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.slept.append(seconds)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def publisher():
    with Publisher() as running:
        yield running


def client(clock: Clock | None = None, lines: list | None = None, **given) -> Client:
    clock = clock or Clock()
    settings = {"manners": QUICK, "chance": lambda: 1.0, "clock": clock, "sleep": clock.sleep}
    settings["now"] = lambda: datetime(2027, 2, 1, 12, tzinfo=UTC)
    settings["progress"] = (lines if lines is not None else []).append
    return Client(**(settings | given))


def ask(publisher: Publisher, clock: Clock | None = None, **given):
    publisher.stability = {EST: [("JPN", "Japan", 2026, 1.0)]}
    params = {"source": "3", "date": "2026:2026", "per_page": "10", "page": "1"}
    request = Request(f"{publisher.url}/v2/country/all/indicator/{EST}", params)
    return client(clock, **given).get(request)


# The client: what passes is tried again, what does not ends.


def test_a_good_reply_is_asked_for_once(publisher):
    clock = Clock()
    assert ask(publisher, clock).data[1][0]["value"] == 1.0
    assert (len(publisher.asked), clock.slept) == (1, [])
    assert publisher.asked[0][2]["Accept"] == "application/json"


PASSING = {
    "429 with Retry-After": (play.status(429, Retry_After="7"), 7.0),
    "429 with a date": (play.status(429, Retry_After="Mon, 01 Feb 2027 12:00:30 GMT"), 30.0),
    "429 without": (play.status(429), 1.0),
    "429 with nonsense": (play.status(429, Retry_After="soon"), 1.0),
    "408": (play.status(408), 1.0),
    "500": (play.status(500), 1.0),
    "502": (play.status(502), 1.0),
    "503": (play.status(503, Retry_After="3"), 3.0),
    "504": (play.status(504), 1.0),
    "time-out": (play.silence, 1.0),
    "slow drip": (play.drip, 1.0),
    "connection cut": (play.cut_connection, 1.0),
    "body cut": (play.short_body, 1.0),
    "body cut behind whole JSON": (play.short_whole_json, 1.0),
    "JSON cut": (play.cut_json, 1.0),
    "HTML page": (play.html, 1.0),
    "HTML page that says JSON": (play.html_called_json, 1.0),
    "wrong type": (play.wrong_type, 1.0),
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_is_tried_again_after_the_right_time(publisher, fault):
    make, pause = PASSING[fault]
    publisher.faults = [make]
    clock, lines = Clock(), []
    assert ask(publisher, clock, lines=lines).data[1][0]["value"] == 1.0
    assert len(publisher.asked) == 2
    assert clock.slept[0] == pause
    assert sum(clock.slept) >= min(QUICK.spacing - 0.5, pause)
    assert len(lines) == 1
    assert f"again in {pause:.0f} s" in lines[0]


def test_the_pauses_grow_and_have_an_end(publisher):
    publisher.faults = [play.status(500, "out of order")] * FOREVER
    clock = Clock()
    with pytest.raises(SourceError, match=r"status 500: .*out of order.*asked 5x"):
        ask(publisher, clock, manners=replace(QUICK, spacing=0.0))
    assert clock.slept == [1.0, 2.0, 4.0, 8.0]
    assert len(publisher.asked) == 5


def test_jitter_halves_a_pause_at_most(publisher):
    publisher.faults = [play.status(500)] * 2
    clock = Clock()
    ask(publisher, clock, chance=lambda: 0.0, manners=replace(QUICK, spacing=0.0))
    assert clock.slept == [0.5, 1.0]


ENDS = {
    "429 for an hour": (play.status(429, Retry_After="3600"), "asks to wait 3600 s"),
    "400": (play.status(400, "bad value"), "status 400: .*bad value"),
    "401": (play.status(401, "missing subscription key"), "status 401: .*missing subscription"),
    "403": (play.status(403, "no"), "status 403"),
    "404": (play.status(404), "status 404"),
    "501": (play.status(501), "status 501"),
    "206": (lambda handler, body: play.send(handler, body, 206), "status 206"),
    "another host": (play.redirect("http://example.org/v2"), "redirects to http://example.org"),
    "another port": (play.redirect("http://127.0.0.1:9/v2"), "redirects to .*refused"),
    "another scheme": (play.redirect("ftp://127.0.0.1/v2"), "redirects to ftp://.*refused"),
    "nowhere": (play.redirect(""), "redirects to nowhere"),
    "a gigabyte": (play.gigabyte, "more than 500,000 bytes"),
    "an endless body": (play.endless, "more than 500,000 bytes"),
}


@pytest.mark.parametrize("fault", ENDS)
def test_a_fault_that_does_not_pass_ends_at_once(publisher, fault):
    make, message = ENDS[fault]
    publisher.faults = [make] * FOREVER
    clock = Clock()
    with pytest.raises(SourceError, match=message):
        ask(publisher, clock)
    assert (len(publisher.asked), clock.slept) == (1, [])


def test_a_redirect_on_the_same_host_is_followed_but_not_in_circles(publisher):
    publisher.faults = [play.redirect_here] * 3
    assert ask(publisher).data[1][0]["value"] == 1.0
    publisher.faults = [play.redirect_here] * FOREVER
    with pytest.raises(SourceError, match="more than 3 times"):
        ask(publisher)


def test_http_after_https_is_refused():
    with pytest.raises(SourceError, match=r"redirects to http://a\.example"):
        client()._next("https://a.example/x", "http://a.example/x")
    assert client()._next("https://a.example/x", "/y") == "https://a.example/y"


def test_calls_to_a_host_keep_their_distance(publisher):
    clock = Clock()
    asking = client(clock)
    request = Request(f"{publisher.url}/v2/country/all/indicator/{EST}", {"source": "3"})
    asking.get(request)
    asking.get(request)
    assert clock.slept == [pytest.approx(QUICK.spacing, abs=0.5)]


def test_no_network_is_said_after_two_attempts():
    clock = Clock()
    with pytest.raises(SourceError, match=r"127.0.0.1:9: no connection; is there a network\?"):
        client(clock).get(Request("http://127.0.0.1:9/v2"))
    assert len(clock.slept) <= 2


def test_a_key_goes_into_the_header_alone(publisher):
    ask(publisher, key=Key("Ocp-Apim-Subscription-Key", KEY))
    (path, query, headers) = publisher.asked[0]
    assert headers["Ocp-Apim-Subscription-Key"] == KEY
    assert KEY not in path + str(query)


@pytest.mark.parametrize("code", [200, 401, 500])
def test_a_publisher_that_repeats_the_key_does_not_make_us_do_so(publisher, code):
    publisher.faults = [play.echo_of_key(code)] * FOREVER
    lines: list[str] = []
    with pytest.raises(SourceError) as caught:
        ask(publisher, lines=lines, key=Key("Ocp-Apim-Subscription-Key", KEY))
    assert KEY not in str(caught.value) + repr(caught.value) + "".join(lines)
    assert "[key]" in str(caught.value) or isinstance(caught.value, Unusable)


def test_a_key_that_is_a_parameter_stands_in_no_address_that_is_kept(publisher):
    publisher.faults = [play.status(500), play.status(404, f"no page for {quote(KEY, safe='')}")]
    lines: list[str] = []
    with pytest.raises(Refused) as caught:
        ask(publisher, lines=lines, key=Key("appId", KEY, in_address=True))
    assert [query["appId"] for _, query, _ in publisher.asked] == [KEY, KEY]
    shown = str(caught.value) + "".join(lines)
    assert "[key]" in shown
    assert not any(writing in shown for writing in (KEY, quote(KEY, safe="")))


def test_a_redirect_that_means_a_missing_key_is_not_followed(publisher):
    publisher.faults = [play.redirect("/data/missing_key.html")]
    with pytest.raises(Refused, match=r"redirects to /data/missing_key\.html"):
        ask(publisher, manners=replace(QUICK, follows=False))
    assert len(publisher.asked) == 1


def test_an_answer_without_a_byte_says_nothing(publisher, tmp_path):
    request = Request(f"{publisher.url}/v2/country/all/indicator/{EST}", {"source": "3"})
    publisher.faults = [lambda handler, _: play.send(handler, b"", 204)]
    made = raw.begin(tmp_path, stability_plan(publisher), "free", client())
    assert made.read(request, lambda data: 0 if data is None else len(data)) is None
    assert made.read(request, lambda data: 0) is None
    assert len(publisher.asked) == 1


CSV = "code,name\n0105,日本\n".encode("cp932")
BODIES = {
    "plain": CSV,
    "gzip that no header announces": gzip.compress(CSV),
}


@pytest.mark.parametrize("body", BODIES)
def test_bytes_come_as_they_are_and_are_kept(publisher, tmp_path, body):
    request = Request(f"{publisher.url}/file.csv", kind=BYTES)
    publisher.faults = [lambda handler, _: play.send(handler, BODIES[body], kind="text/csv")]
    made = raw.begin(tmp_path, stability_plan(publisher), "free", client())
    assert made.read(request, len) == made.read(request, len) == CSV
    assert [headers["Accept"] for _, _, headers in publisher.asked] == ["*/*"]


BAD_BYTES = {
    "a page": (b"<html>Maintenance</html>", "text/html", "an HTML page"),
    "a page called data": (b"\n<!DOCTYPE HTML><html>", "text/csv", "an HTML page"),
    "half a gzip": (gzip.compress(bytes(range(256)) * 9)[:-9], "text/csv", "not whole"),
    "a damaged gzip": (b"\x1f\x8b" + b"\xff" * 99, "text/csv", "is damaged"),
    "a bomb": (gzip.compress(b" " * 600_000), "text/csv", "more than 500,000 bytes"),
}


@pytest.mark.parametrize("what", BAD_BYTES)
def test_bytes_that_are_no_data_are_refused(publisher, what):
    body, kind, message = BAD_BYTES[what]
    publisher.faults = [lambda handler, _: play.send(handler, body, kind=kind)] * FOREVER
    with pytest.raises(SourceError, match=message):
        client().get(Request(f"{publisher.url}/file.csv", kind=BYTES))


KEY_WRITINGS = {
    "escaped as PHP does": lambda key: json.dumps(key).replace("/", "\\/"),
    "escaped as a whole": lambda key: '"' + "".join(f"\\u{ord(sign):04x}" for sign in key) + '"',
    "as in an address": lambda key: json.dumps(quote(key, safe="")),
}


@pytest.mark.parametrize("writing", KEY_WRITINGS)
def test_a_key_in_a_good_reply_is_found_however_it_is_written(publisher, writing):
    body = f'[{{"page": 1}}, [{KEY_WRITINGS[writing](KEY)}]]'.encode()
    publisher.faults = [lambda handler, _: play.send(handler, body)]
    with pytest.raises(Unusable, match="repeats the key"):
        ask(publisher, key=Key("X-Key", KEY))


def test_a_message_of_a_publisher_is_one_line_without_control_signs(publisher):
    text = "bad\n\x1b[31mvalue\u202e"
    publisher.faults = [lambda handler, _: play.send(handler, text.encode(), 400)]
    with pytest.raises(Refused, match=r"bad \[31mvalue$") as caught:
        ask(publisher)
    assert str(caught.value).isprintable()
    publisher.faults = [play.instead({"error": text, "data": []})]
    with pytest.raises(Unusable, match=r"bad \[31mvalue$") as caught:
        imports(publisher)
    assert str(caught.value).isprintable()


def test_a_short_key_is_refused():
    with pytest.raises(SourceError, match="fewer than 8"):
        Key("X-Key", "1234567")


def test_a_key_with_a_line_break_is_refused_without_showing_it():
    with pytest.raises(SourceError) as caught:
        Key("X-Key", "secret\nvalue")
    assert "secret" not in str(caught.value)
    assert KEY not in repr(Key("X-Key", KEY))


def test_the_command_line_loads_no_http_library():
    code = (
        "import sys, rareearths.__main__ as m; from rareearths import catalogue, trade, build; "
        "trade.load_flows('JPN'); m._parser(); "
        "print([n for n in ('requests', 'urllib3') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


# Raw copies.


@pytest.fixture
def plan(publisher):
    publisher.stability = {
        EST: [("JPN", "Japan", 2026, 1.0), ("CHN", "China", 2026, -0.5)],
        SE: [("JPN", "Japan", 2026, 0.2), ("CHN", "China", 2026, 0.25)],
    }
    return stability_plan(publisher)


def stability_plan(publisher, since=2026, today=TODAY):
    return worldbank.plan({}, since, today, base=f"{publisher.url}/v2")


def copies_of(folder, plan, **given) -> raw.Copies:
    return raw.begin(folder, plan, "CC BY 4.0", client(**given))


def test_a_reply_is_kept_with_its_sidecar(tmp_path, plan):
    copies = copies_of(tmp_path, plan)
    data = copies.read(plan.requests[0], lambda data: len(data[1]))
    (sidecar,) = copies.folder.glob("*.meta.json")
    about = json.loads(sidecar.read_text())
    kept = copies.folder / sidecar.name.replace(".meta", "")
    assert copies.folder == tmp_path / "worldbank/2027-02-01T120000Z"
    assert json.loads(kept.read_bytes()) == data
    assert about["sha256"] == catalogue.file_sha256(kept)
    assert about["url"] == plan.requests[0].address
    assert (about["time"], about["status"]) == ("2027-02-01T12:00:00Z", 200)
    assert (about["rows"], about["licence"]) == (2, "CC BY 4.0")


def test_what_is_kept_is_not_asked_for_again(tmp_path, publisher, plan):
    copies_of(tmp_path, plan).read(plan.requests[0], len)
    copies_of(tmp_path, plan).read(plan.requests[0], len)
    assert len(publisher.asked) == 1


def test_the_key_is_no_part_of_what_a_copy_is_found_by(tmp_path, publisher, plan):
    copies_of(tmp_path, plan, key=Key("X-Key", KEY)).read(plan.requests[0], len)
    copies_of(tmp_path, plan, key=Key("X-Key", "another-key")).read(plan.requests[0], len)
    assert len(publisher.asked) == 1
    assert all(KEY.encode() not in p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())


def damaged(copies):
    (sidecar,) = copies.folder.glob("*.meta.json")
    (copies.folder / sidecar.name.replace(".meta", "")).write_text("[{}, []]")


NOT_RESUMED = {
    "finished": lambda copies: copies.mark(raw.FINISHED),
    "rejected": lambda copies: copies.mark(raw.REJECTED),
    "sidecar missing": lambda copies: next(copies.folder.glob("*.meta.json")).unlink(),
    "copy damaged": damaged,
    "refresh.json damaged": lambda copies: (copies.folder / "refresh.json").write_text("{"),
}


@pytest.mark.parametrize("why", NOT_RESUMED)
def test_a_copy_that_does_not_count_is_asked_for_again(tmp_path, publisher, plan, why):
    copies = copies_of(tmp_path, plan)
    copies.read(plan.requests[0], len)
    NOT_RESUMED[why](copies)
    copies_of(tmp_path, plan).read(plan.requests[0], len)
    assert len(publisher.asked) == 2


def test_a_refresh_of_two_days_ago_is_not_resumed(tmp_path, publisher, plan):
    copies_of(tmp_path, plan).read(plan.requests[0], len)
    later = datetime(2027, 2, 3, 12, tzinfo=UTC)
    copies_of(tmp_path, plan, now=lambda: later).read(plan.requests[0], len)
    assert len(publisher.asked) == 2


def test_what_is_not_usable_is_not_kept(tmp_path, plan):
    copies = copies_of(tmp_path, plan)

    def judge(data):
        raise Unusable("not what is documented")

    with pytest.raises(Unusable):
        copies.read(plan.requests[0], judge)
    assert [p.name for p in copies.folder.iterdir()] == ["refresh.json"]


# The World Bank.


def read_of(publisher):
    return lambda request, judge: judged(client(), request, judge)


def judged(asking, request, judge):
    data = asking.get(request).data
    judge(data)
    return data


def stability(publisher, notes=None, **given):
    note = (notes if notes is not None else []).append
    made = stability_plan(publisher, **given)
    return worldbank.fetch(made, read_of(publisher), ECONOMIES, note)


def test_political_stability_comes_in_the_columns_of_the_table(publisher, plan):
    publisher.stability[EST] += [
        ("", "Channel Islands", 2026, 0.9),
        ("AFE", "Africa Eastern and Southern", 2026, -0.9),
        ("FRA", "France", 2026, None),
    ]
    publisher.stability[EST][0] = ("JPN", "Japan", 2026, "1.0000004")  # numbers may be text
    notes = []
    fetched = stability(publisher, notes)
    expected = pd.DataFrame(
        {
            "economy": ["CHN", "JPN"],
            "year": [2026, 2026],
            "estimate": [-0.5, 1.0],
            "standard_error": [0.25, 0.2],
            "normalised": [0.6, 0.3],
        }
    )
    pd.testing.assert_frame_equal(fetched.tables[worldbank.TABLE], expected)
    assert list(fetched.tables[worldbank.TABLE].columns) == [
        f["name"] for f in catalogue.table(worldbank.TABLE).fields
    ]
    assert fetched.vintage == "2027-01-15"
    assert notes == ["World Bank: no economy of ours, left out: AFE, Channel Islands"]


def test_all_pages_are_read(publisher, plan):
    economies = list(ECONOMIES["economy"][:7])
    for series in (EST, SE):
        publisher.stability[series] = [(e, e, 2026, 0.5) for e in economies]
    publisher.per_page = 3
    assert list(stability(publisher).tables[worldbank.TABLE]["economy"]) == economies
    assert [query["page"] for _, query, _ in publisher.asked] == ["1", "2", "3"] * 2
    assert {query["source"] for _, query, _ in publisher.asked} == {"3"}


def without(name):
    def alter(data):
        del data[1][0][name]
        return data

    return alter


def header(**changes):
    return lambda data: [data[0] | changes, data[1]]


def first_row(**changes):
    return lambda data: [data[0], [data[1][0] | changes, *data[1][1:]]]


ROW = play.observation(EST, "JPN", "Japan", 2026, 1.0)
STABILITY_FAULTS = {
    "error with 200": (
        lambda data: [{"message": [{"id": "175", "value": "indicator was not found"}]}],
        "the answer is an error: indicator was not found",
    ),
    "no list": (lambda data: {"rows": data}, "not a header and a list"),
    "null": (lambda data: None, "not a header and a list"),
    "no rows": (lambda data: [data[0] | {"total": 0, "pages": 0}, None], "no row for 2026"),
    "rows missing": (lambda data: [data[0], data[1][:1]], "1 rows came, the header says 2"),
    "rows null": (lambda data: [data[0], None], "0 rows came, the header says 2"),
    "another page": (header(page=2), "the answer is page 2"),
    "the same page twice": (
        lambda data: [data[0] | {"pages": 2, "total": 4, "page": 1}, data[1] or [ROW]],
        "page 2: the answer is page 1",
    ),
    "the same rows twice": (
        lambda data: [data[0] | {"total": 4}, data[1] * 2],
        "pages repeat rows, first JPN 2026",
    ),
    "no count of pages": (header(pages="many"), "no number 'pages'"),
    "field missing": (without("value"), "a row has no field 'value'"),
    "field renamed": (without("countryiso3code"), "a row has no field 'countryiso3code'"),
    "a year that is none": (first_row(date="2026Q1"), "'2026Q1' is no year"),
    "a value that is none": (first_row(value="n/a"), "'n/a' is no number"),
}


@pytest.mark.parametrize("fault", STABILITY_FAULTS)
def test_an_unusable_answer_of_the_world_bank_is_an_error(publisher, plan, fault):
    publisher.alter, message = STABILITY_FAULTS[fault]
    with pytest.raises(Unusable, match=message):
        stability(publisher)


def test_two_editions_are_not_mixed(publisher, plan):
    dates = iter(["2027-01-15", "2027-01-16"])
    publisher.alter = lambda data: [data[0] | {"lastupdated": next(dates)}, data[1]]
    with pytest.raises(Unusable, match="two editions"):
        stability(publisher)


# UN Comtrade.

TABLE = pd.DataFrame(
    {
        "importer": ["USA"] * 4,
        "year": [2023, 2024, 2025, 2025],
        "product": ["280530", "280530", "280530", "284610"],
        "exporter": ["CHN"] * 4,
        "complete": [False, True, True, True],
    }
)


def flows_2026() -> list[dict]:
    """Invented imports of one product: 100 from four partners."""
    return [
        flow(842, 2026, "280530", 0, 100.0, 10_000.0),
        flow(842, 2026, "280530", 156, 60.4, 5_000.0),
        flow(842, 2026, "280530", 490, 20.0, 0),
        flow(842, 2026, "280530", 251, 15.0, None),
        flow(842, 2026, "280530", 392, 4.6, 2_500.0, isNetWgtEstimated=True),
    ]


def import_plan(publisher, since=2026, keyed=True, rows=TABLE, today=TODAY):
    base = publisher.url if publisher else None
    tables = {comtrade.TABLE: rows, comtrade.MIRROR_TABLE: catalogue.load("reported_exports")}
    return comtrade.plan(tables, since, today, base=base, keyed=keyed, economies=ECONOMIES)


def imports(publisher, notes=None, **given):
    note = (notes if notes is not None else []).append
    return comtrade.imports(import_plan(publisher, **given), read_of(publisher), ECONOMIES, note)


def import_flows(made, read):
    return comtrade.read_flows(made, comtrade_parts.IMPORTS, read, ECONOMIES, lambda line: None)


def test_the_rule_asks_for_what_is_missing_incomplete_or_young():
    made = import_plan(None, since=None)
    assert made.periods == (2023, 2024, 2025, 2026)
    assert made.why.startswith("imports missing: 2026; incomplete: 2023; may be revised: 2024-2025")
    assert import_plan(None, since=2025).periods == (2025, 2026)
    assert import_plan(None, since=2030).requests == ()


def test_a_table_without_rows_says_nothing_to_ask_for():
    with pytest.raises(catalogue.DataError, match="has no rows"):
        import_plan(None, rows=TABLE.head(0))
    with pytest.raises(catalogue.DataError, match="no area code of LIE"):
        import_plan(None, rows=TABLE.assign(importer="LIE"))


def test_the_total_row_is_asked_for(publisher):
    publisher.flows = flows_2026()
    imports(publisher)
    ((path, query, _),) = publisher.asked
    assert path == "/data/v1/get/C/A/HS"
    wanted = {
        "partner2Code": "0",
        "customsCode": "C00",
        "motCode": "0",
        "breakdownMode": "classic",
        "reporterCode": "842",
        "period": "2026",
        "cmdCode": "280530,284610",
        "flowCode": "M",
    }
    assert {name: query[name] for name in wanted} == wanted
    assert "partnerCode" not in query


def test_imports_come_in_the_columns_of_the_table(publisher):
    publisher.flows = flows_2026()
    notes = []
    rows = comtrade.ordered(comtrade.TABLE, imports(publisher, notes))
    assert list(rows.columns) == [f["name"] for f in catalogue.table(comtrade.TABLE).fields]
    assert list(rows["exporter"]) == ["CHN", "TWN", "FRA", "JPN"]
    assert list(rows["value_usd"]) == [60, 20, 15, 5]
    assert rows["complete"].all()
    assert rows["share_in_source"].isna().all()
    assert notes == []


def test_a_weight_of_zero_is_missing_and_an_estimate_is_marked(publisher):
    publisher.flows = flows_2026()
    rows = import_flows(import_plan(publisher), read_of(publisher)).set_index("partner")
    assert rows.loc[["CHN", "JPN"], "quantity_t"].to_list() == [5.0, 2.5]
    assert rows.loc[["TWN", "FRA"], "quantity_t"].isna().all()
    assert list(rows.index[rows["quantity_estimated"]]) == ["JPN"]


def test_without_a_key_the_preview_is_asked(publisher):
    publisher.flows = flows_2026()
    imports(publisher, keyed=False)
    ((path, query, headers),) = publisher.asked
    assert path == "/public/v1/preview/C/A/HS"
    assert query["maxRecords"] == "500"
    assert "Ocp-Apim-Subscription-Key" not in headers


def test_at_most_twelve_periods_are_asked_at_once(publisher):
    publisher.flows = flows_2026()
    imports(publisher, since=2001)
    assert [len(q["period"].split(",")) for _, q, _ in publisher.asked] == [12, 12, 2]


def test_a_reply_at_the_cap_is_asked_again_in_parts(publisher, monkeypatch):
    monkeypatch.setattr(comtrade_parts, "CAP", 4)
    publisher.flows = [
        flow(842, year, product, partner, value)
        for year in (2025, 2026)
        for product in ("280530", "284610")
        for partner, value in ((0, 30.0), (156, 20.0), (392, 10.0))
    ]
    rows = imports(publisher, since=2025)
    assert len(rows) == 8
    assert rows["complete"].all()
    asked = [(q["period"], q["cmdCode"]) for _, q, _ in publisher.asked]
    both = "280530,284610"
    assert asked == [
        ("2025,2026", both),
        ("2025", both),
        ("2025", "280530"),
        ("2025", "284610"),
        ("2026", both),
        ("2026", "280530"),
        ("2026", "284610"),
    ]


def test_a_reply_that_cannot_be_split_further_is_an_error(publisher, monkeypatch):
    monkeypatch.setattr(comtrade_parts, "PREVIEW_CAP", 3)
    publisher.flows = flows_2026()
    with pytest.raises(Unusable, match="842 2026 280530 M alone reaches the row cap"):
        imports(publisher, keyed=False)


def test_importers_are_split_before_products(publisher, monkeypatch):
    monkeypatch.setattr(comtrade_parts, "CAP", 4)
    publisher.flows = [
        flow(reporter, 2026, product, partner, 10.0)
        for reporter in (842, 392)
        for product in ("280530", "284610")
        for partner in (0, 156)
    ]
    two = TABLE.assign(importer=["USA", "JPN", "USA", "JPN"])
    rows = imports(publisher, rows=two)
    assert [q["reporterCode"] for _, q, _ in publisher.asked][:2] == ["392,842", "392"]
    assert set(rows["importer"]) == {"USA", "JPN"}


def test_rows_that_break_a_flow_down_are_reduced_to_the_total(publisher):
    parts = [
        flow(842, 2026, "280530", 156, 40.0, motCode=2100),
        flow(842, 2026, "280530", 156, 20.4, motCode=1000),
        flow(842, 2026, "280530", 156, 60.4, partner2Code=344),
        flow(842, 2026, "280530", 156, 60.4, customsCode="C04"),
    ]
    publisher.flows = flows_2026() + parts
    notes = []
    assert imports(publisher, notes)["value_usd"].sum() == 100
    assert notes == ["UN Comtrade: 4 rows that break flows down are left out"]


def test_a_world_row_that_the_origins_do_not_reach_is_told(publisher):
    publisher.flows = [f for f in flows_2026() if f["partnerCode"] != 156]
    notes = []
    rows = imports(publisher, notes)
    assert not rows["complete"].any()
    assert notes == ["UN Comtrade: USA 2026 280530: origins sum to 40 US$, World is 100 US$"]


def test_a_missing_world_row_is_told(publisher):
    publisher.flows = flows_2026()[1:]
    notes = []
    assert not imports(publisher, notes)["complete"].any()
    assert "World is not reported" in notes[0]


def test_partners_that_are_no_economy_are_left_out_and_told(publisher):
    publisher.flows = [*flows_2026(), flow(842, 2026, "280530", 899, 7.0)]
    publisher.flows[0]["primaryValue"] = 107.0
    notes = []
    rows = imports(publisher, notes)
    assert len(rows) == 4
    assert not rows["complete"].any()
    assert notes[0] == ("UN Comtrade: 7 US$ of partners that are no economy, left out (codes 899)")


def one_row(**changes):
    def alter(data):
        data["data"][1] |= changes
        return data

    return alter


def row_without(name):
    def alter(data):
        del data["data"][1][name]
        return data

    return alter


IMPORT_FAULTS = {
    "empty": (lambda data: data | {"count": 0, "data": []}, "no row at all for 2026"),
    "empty with an error": (
        lambda data: data | {"count": -1, "data": [], "error": "Maximum number of periods is 12"},
        "the answer is an error: Maximum number",
    ),
    "a list": (lambda data: [data], "no list 'data'"),
    "a placeholder": (lambda data: data | {"data": {"count": 5}}, "no list 'data'"),
    "field missing": (row_without("primaryValue"), "a row has no field 'primaryValue'"),
    "field renamed": (row_without("motCode"), "a row has no field 'motCode'"),
    "value missing": (one_row(primaryValue=None), "has no value, or one that cannot be"),
    "value negative": (one_row(primaryValue=-5.0), "has no value, or one that cannot be"),
    "value is text": (one_row(primaryValue="many"), "primaryValue is no number"),
    "another year": (one_row(period="2019"), "was not asked for: 842 2019 280530 M"),
    "an export": (one_row(flowCode="X"), "was not asked for: 842 2026 280530 X"),
    "no partner": (one_row(partnerCode=None), "'None' is no partner code"),
    "no total row": (one_row(motCode=2100), "no total row for 842 2026 280530 156"),
    "rows twice": (lambda data: data | {"data": data["data"] * 2}, "two total rows for 842 2026"),
}


@pytest.mark.parametrize("fault", IMPORT_FAULTS)
def test_an_unusable_answer_of_comtrade_is_an_error(publisher, fault):
    publisher.flows = flows_2026()
    publisher.alter, message = IMPORT_FAULTS[fault]
    with pytest.raises(Unusable, match=message):
        imports(publisher)


def test_a_period_as_a_number_is_the_same(publisher):
    publisher.flows = [f | {"period": 2026} for f in flows_2026()]
    assert imports(publisher)["year"].unique().tolist() == [2026]


REFUSALS = {
    "quota": (
        play.status(403, "Out of call volume quota. Quota will be replenished in 03:14:17."),
        "the quota of the day is used up .*03:14:17",
    ),
    "keyless": (play.status(401, "Access denied due to missing subscription key."), "set COMTRADE"),
    "forbidden": (play.status(403, "no such product"), "does not accept the key"),
    "bad request": (play.status(400, "The field partnerCode is invalid"), "partnerCode is invalid"),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_of_comtrade_says_what_to_do(publisher, refusal):
    make, message = REFUSALS[refusal]
    publisher.faults = [make]
    with pytest.raises(SourceError, match=message):
        imports(publisher)
    assert len(publisher.asked) == 1


def test_a_refusal_has_its_status(publisher):
    publisher.faults = [play.status(400, "no")]
    with pytest.raises(Refused) as caught:
        ask(publisher)
    assert caught.value.status == 400


# Any JSON at any place of an answer: rows or `Unusable`, never another error.

ANY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.just([{"a": [1]}]),
    st.sampled_from(["2026", "0", "1e999", "-1", "٢٠٢٦", "JPN"]),
)


def altered(answer, place: int, value):
    """Put a value at one place of an answer: the whole, a part, a row, or a field of a row."""
    copy = json.loads(json.dumps(answer))
    spots = list(_spots(copy))
    holder, name = spots[place % len(spots)]
    if holder is None:
        return value
    holder[name] = value
    return copy


def _spots(answer, holder=None, name=None):
    yield holder, name
    items = answer.items() if isinstance(answer, dict) else []
    items = enumerate(answer) if isinstance(answer, list) else items
    for key, part in list(items):
        yield from _spots(part, answer, key)


def altering(shape: Publisher, place: int, value):
    """Read answers in which one place holds something else."""

    def read(request, judge):
        data = altered(shape.answer(request.url, dict(request.params))[1], place, value)
        judge(data)
        return data

    return read


@given(place=st.integers(0, 150), value=ANY)
def test_any_answer_of_the_world_bank_is_rows_or_unusable(place, value):
    shape = Publisher(stability={s: [("JPN", "Japan", 2026, 0.5)] for s in (EST, SE)})
    made = worldbank.plan({}, 2026, TODAY, base="http://127.0.0.1/v2")

    with suppress(Unusable):
        fetched = worldbank.fetch(made, altering(shape, place, value), ECONOMIES, lambda line: None)
        assert set(fetched.tables[worldbank.TABLE]["economy"]) <= {"JPN"}


@given(place=st.integers(0, 150), value=ANY)
def test_any_answer_of_comtrade_is_rows_or_unusable(place, value):
    shape = Publisher(flows=flows_2026())
    made = import_plan(None)

    with suppress(Unusable):
        rows = import_flows(made, altering(shape, place, value))
        assert (rows["value_usd"] >= 0).all()
        assert not (rows["quantity_t"] <= 0).any()


# What is packed.


def packed(handler, body):
    play.send(handler, gzip.compress(body), Content_Encoding="gzip")


def packed_gigabytes(handler, body):
    """Small on the way, larger than the limit when unpacked."""
    play.send(handler, gzip.compress(b" " * 2_000_000), Content_Encoding="gzip")


def half_packed(handler, body):
    play.send(handler, gzip.compress(body)[:-12], Content_Encoding="gzip")


def deep(handler, body):
    play.send(handler, b"[" * 200_000)


def test_a_packed_reply_is_unpacked(publisher):
    publisher.faults = [packed]
    assert ask(publisher).data[1][0]["value"] == 1.0
    assert len(publisher.asked) == 1


def test_the_limit_counts_what_is_unpacked(publisher):
    publisher.faults = [packed_gigabytes]
    with pytest.raises(SourceError, match="more than 500,000 bytes"):
        ask(publisher)


@pytest.mark.parametrize("fault", [half_packed, deep])
def test_what_cannot_be_unpacked_or_parsed_is_asked_again(publisher, fault):
    publisher.faults = [fault]
    assert ask(publisher).data[1][0]["value"] == 1.0
    assert len(publisher.asked) == 2
