"""Change since the last report: three causes, told apart by re-running what is needed."""

import csv
import hashlib
import json
import os
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rareearths import build, catalogue
from rareearths.reports import change_text, changes, feed, history, page
from rareearths.reports.history import History
from rareearths.reports.prose import RECORD_MIME, SOURCES_MIME

PARTS = ("method", "revision", "real")

# A tiny catalogue, made by the test: a table by year, one as Parquet, one without a period.

FLOWS = [[2022, "a", 10.5], [2023, "a", 20.25], [2030, "forecast", 99.0]]
STOCK = [[2022, 7], [2023, 8]]
RATES = [["a", 2.0], ["b", 3.0]]


def resource(name: str, path: str, **types: str) -> dict:
    fields = [{"name": field, "type": kind} for field, kind in types.items()]
    return {
        "name": name,
        "path": path,
        "hash": "",
        "rows": 0,
        "accessed": "2026-11-22",
        "schema": {"fields": fields},
    }


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A data folder with three tables; `tiny.write(table, rows)` puts other rows and seals."""
    folder = tmp_path / "tiny"
    resources = [
        resource("flows", "trade/flows.csv", year="integer", partner="string", value_t="number"),
        resource("stock", "stock.parquet", year="integer", stock_t="integer"),
        resource("rates", "rates.csv", partner="string", rate="number"),
    ]
    folder.mkdir()
    (folder / "datapackage.json").write_text(json.dumps({"resources": resources}))
    monkeypatch.setenv("RAREEARTHS_DATA", str(folder))

    def write(name: str, rows: list) -> None:
        import pandas as pd

        names = [f["name"] for r in resources if r["name"] == name for f in r["schema"]["fields"]]
        build.write(pd.DataFrame(rows, columns=names), catalogue.table(name).file)
        build.seal([name])

    for name, rows in (("flows", FLOWS), ("stock", STOCK), ("rates", RATES)):
        write(name, rows)
    return SimpleNamespace(folder=folder, write=write, history=History(tmp_path / "state"))


def record(numbers: dict, code: str = "1", date: str = "2026-11-01", **values) -> dict:
    """The record of a report on the tiny tables as they are now."""
    tables = [{"name": t.name, "sha256": t.sha256} for t in catalogue.tables().values()]
    inputs = {
        "notebook": "n" + code,
        "modules": {"rareearths.trade": code},
        "environment": "e",
        "page": "p",
        "tables": {t["name"]: t["sha256"] for t in tables},
    }
    facts = {"id": "one", "title": "One?", "headline": "One.", "date": date, "parameters": {}}
    return facts | {"numbers": numbers, "tables": tables, "inputs": inputs} | values


def total(folder: Path, factor: int = 1) -> dict:
    """What a report on a data folder records: read by hand, without the library."""
    package = json.loads((folder / "datapackage.json").read_text())
    path = next(r["path"] for r in package["resources"] if r["name"] == "flows")
    with (folder / path).open(newline="") as text:
        return {"total": factor * sum(float(row["value_t"]) for row in csv.DictReader(text))}


class Rerun:
    """A notebook that counts how often it is run."""

    def __init__(self, answer=total):
        self.answer = answer
        self.parameters = []

    def __call__(self, folder: Path, parameters: dict) -> dict:
        self.parameters.append(parameters)
        return self.answer(folder)


def double(folder: Path) -> dict:
    return total(folder, 2)


def parts_of(change: dict, name: str = "total") -> tuple:
    return tuple(change["numbers"][name][part] for part in PARTS)


# The split


def test_a_first_report_has_no_change(tiny):
    assert changes.compare(None, record({"total": 1}), Rerun(), tiny.history) is None
    assert change_text.summary(None) == ""
    assert change_text.view({"change": None}) is None


def test_the_three_causes_at_once_are_told_apart(tiny):
    """Old: 1 x (10.5 + 20.25 + 99). New: twice, 20.25 revised to 21.5, and 2024 added."""
    before = record(total(tiny.folder))
    tiny.history.keep(["flows"])
    tiny.write("flows", [FLOWS[0], [2023, "a", 21.5], [2024, "a", 40.0], FLOWS[2]])
    rerun = Rerun(double)
    facts = record(double(tiny.folder), code="2", date="2026-12-01")
    change = changes.compare(before, facts, rerun, tiny.history)
    assert change["numbers"] == {
        "total": {
            "before": 129.75,
            "after": 342.0,
            "change": 212.25,
            "method": 129.75,
            "revision": 2.5,
            "real": 80.0,
        }
    }
    assert (change["state"], change["since"], change["date"]) == (
        "changed",
        "2026-11-01",
        "2026-12-01",
    )
    assert change["tables"] == ["flows"]
    assert change["code"] == ["notebook", "rareearths.trade"]
    assert len(rerun.parameters) == 2
    json.dumps(change, allow_nan=False)


@pytest.mark.parametrize(
    ("rows", "code", "parts", "runs"),
    [
        (FLOWS, "2", (129.75, 0.0, 0.0), 0),
        ([*FLOWS, [2024, "a", 5.0]], "1", (0.0, 0.0, 5.0), 0),
        ([FLOWS[0], [2023, "a", 30.25], FLOWS[2]], "1", (0.0, 10.0, 0.0), 0),
        ([FLOWS[0], FLOWS[1], [2030, "forecast", 90.0]], "1", (0.0, -9.0, 0.0), 0),
        ([[2022, "a", 11.5], FLOWS[1], FLOWS[2], [2024, "a", 5.0]], "1", (0.0, 1.0, 5.0), 1),
        ([*FLOWS, [2024, "a", 5.0]], "2", (129.75, 0.0, 10.0), 1),
        ([FLOWS[0], [2023, "a", 30.25], FLOWS[2]], "2", (129.75, 20.0, 0.0), 1),
    ],
)
def test_only_what_is_needed_is_run_again(tiny, rows, code, parts, runs):
    before = record(total(tiny.folder))
    tiny.history.keep(["flows"])
    tiny.write("flows", rows)
    answer = double if code == "2" else total
    rerun = Rerun(answer)
    change = changes.compare(before, record(answer(tiny.folder), code), rerun, tiny.history)
    assert parts_of(change) == parts
    assert len(rerun.parameters) == runs
    assert change["note"] == ""


def test_a_table_without_periods_is_revised_even_when_it_grows(tiny):
    before = record({"rows": 2})
    tiny.history.keep(["rates"])
    tiny.write("rates", [*RATES, ["c", 9.0]])
    rerun = Rerun()
    change = changes.compare(before, record({"rows": 3}), rerun, tiny.history)
    assert parts_of(change, "rows") == (0.0, 1.0, 0.0)
    assert rerun.parameters == []


@pytest.mark.parametrize(("by", "listed"), [(0, []), (1, ["year"])])
def test_a_year_that_moves_with_time_is_no_changed_number(tiny, by, listed):
    """A new period moves it, which is no news; another method is."""
    before = record({"year": 2023})
    tiny.history.keep(["flows"])
    tiny.write("flows", [*FLOWS, [2024, "a", 5.0]])
    code = "2" if by else "1"
    rerun = Rerun(lambda folder: {"year": 2023 + by})
    change = changes.compare(before, record({"year": 2024 + by}, code), rerun, tiny.history)
    assert list(change["numbers"]) == listed
    assert change["state"] == ("changed" if listed else "same")
    said = change_text.summary(change)
    assert said.startswith("1 number" if listed else "No number changed since")


def test_equal_numbers_need_no_run(tiny):
    before = record(total(tiny.folder))
    tiny.write("rates", RATES[:1])
    rerun = Rerun()
    change = changes.compare(before, record(total(tiny.folder), "2"), rerun, tiny.history)
    assert (change["state"], change["numbers"], rerun.parameters) == ("same", {}, [])
    assert change_text.summary(change) == "No number changed since 2026-11-01"


def test_the_rounding_of_the_machine_is_no_change(tiny):
    change = changes.compare(
        record({"sum": 0.1 + 0.2}), record({"sum": 0.3}, "2"), Rerun(), tiny.history
    )
    assert change["state"] == "same"


def test_a_page_made_again_keeps_its_change(tiny):
    before = record({"total": 1}, change={"state": "changed", "since": "2026-10-01"})
    facts = record({"total": 1}, date="2026-12-01")
    assert changes.compare(before, facts, Rerun(), tiny.history) == before["change"]
    facts["inputs"]["page"] = "another template, which moves no number"
    assert changes.compare(before, facts, Rerun(), tiny.history) == before["change"]
    del before["change"]
    assert changes.compare(before, facts, Rerun(), tiny.history) is None


def test_numbers_that_differ_without_a_cause_are_not_explained(tiny):
    change = changes.compare(record({"n": 1}), record({"n": 2}), Rerun(), tiny.history)
    assert parts_of(change, "n") == (None, None, None)
    assert "does not give the same numbers twice" in change["note"]


def test_other_parameters_are_another_question(tiny):
    before = record({"n": 1}, parameters={"importer": "JPN"})
    facts = record({"n": 2}, parameters={"importer": "USA"})
    rerun = Rerun()
    change = changes.compare(before, facts, rerun, tiny.history)
    assert (change["state"], change["numbers"]) == ("new question", {})
    assert "importer was 'JPN' and is 'USA'" in change_text.summary(change)
    assert rerun.parameters == []


def test_a_later_last_year_is_a_new_period(tiny):
    """The last year moved with the data: the old places of the path keep the old year."""
    old = {"importer": "JPN", "end_year": 2023}
    before = record(total(tiny.folder), parameters=old)
    tiny.history.keep(["flows"])
    tiny.write("flows", [[2022, "a", 11.5], *FLOWS[1:], [2024, "a", 5.0]])
    facts = record(double(tiny.folder), "2", parameters=old | {"end_year": 2024})
    rerun = Rerun(double)
    change = changes.compare(before, facts, rerun, tiny.history)
    assert parts_of(change) == (129.75, 2.0, 10.0)
    assert rerun.parameters == [old, old]
    back = changes.compare(facts, before, rerun, tiny.history)
    assert back["state"] == "new question", "an earlier year is not a new period"


def test_a_parameter_that_the_notebook_gains_or_loses_is_a_matter_of_its_code(tiny):
    before = record(total(tiny.folder), parameters={"importer": "JPN", "lost": 1})
    tiny.history.keep(["flows"])
    tiny.write("flows", [[2022, "a", 11.5], *FLOWS[1:]])
    facts = record(double(tiny.folder), "2", parameters={"importer": "JPN", "gained": 2})
    rerun = Rerun(double)
    change = changes.compare(before, facts, rerun, tiny.history)
    assert parts_of(change) == (129.75, 2.0, 0.0)
    assert rerun.parameters == [facts["parameters"]]


@pytest.mark.parametrize("damage", ["file", "all"])
def test_without_the_old_table_the_split_is_unknown_not_guessed(tiny, damage):
    before = record(total(tiny.folder))
    sha256 = tiny.history.keep(["flows"])["flows"]
    (tiny.history.folder / f"tables/{sha256}.csv").write_text("year,partner,value_t\n2022,a,1\n")
    if damage == "all":
        (tiny.history.folder / f"tables/{sha256}.json").write_text("{")
    tiny.write("flows", [[2022, "a", 11.5], *FLOWS[1:], [2024, "a", 5.0]])
    facts = record(double(tiny.folder), "2")
    change = changes.compare(before, facts, Rerun(double), tiny.history)
    assert parts_of(change) == (None, None, 10.0 if damage == "file" else None)
    assert "The last version of flows is not kept" in change["note"]
    assert "1 not fully explained" in change_text.summary(change)
    data_only = changes.compare(before, record(total(tiny.folder)), Rerun(), tiny.history)
    known = (0.0, 1.0, 5.0) if damage == "file" else (0.0, None, None)
    assert parts_of(data_only) == known


def test_a_run_that_fails_is_said_and_nothing_is_guessed(tiny):
    def fail(folder: Path) -> dict:
        raise ValueError(f"cannot read {folder}/trade\nsecond line")

    before = record(total(tiny.folder))
    tiny.history.keep(["flows"])
    tiny.write("flows", [[2022, "a", 11.5], *FLOWS[1:], [2024, "a", 5.0]])
    facts = record(double(tiny.folder), "2")
    change = changes.compare(before, facts, Rerun(fail), tiny.history)
    assert parts_of(change) == (None, None, None)
    assert "ValueError: cannot read data/trade" in change["note"]
    assert "second line" not in change["note"]


def test_numbers_appear_vanish_and_go_missing(tiny):
    before = record({"gone": 1, "lost": 2, "found": None, "none": None, "endless": 1.0})
    numbers = {"new": 3, "lost": None, "found": 4, "none": None, "endless": float("inf")}
    change = changes.compare(before, record(numbers, "2"), Rerun(), tiny.history)
    assert (change["appeared"], change["vanished"]) == (["new"], ["gone"])
    assert set(change["numbers"]) == {"lost", "found", "endless"}
    assert change["numbers"]["lost"] == {
        "before": 2,
        "after": None,
        "change": None,
        "real": None,
        "revision": None,
        "method": None,
    }
    json.dumps(change, allow_nan=False)
    assert "1 new; 1 no longer recorded" in change_text.summary(change)


def test_a_record_from_before_the_inputs_were_known_is_compared(tiny):
    before = record({"total": 1})
    del before["inputs"]
    change = changes.compare(before, record({"total": 3}), Rerun(), tiny.history)
    assert parts_of(change) == (2.0, 0.0, 0.0)
    assert change["code"] == ["code of the last report not known"]


@given(
    values=st.lists(st.floats(-1e9, 1e9) | st.integers(-(10**12), 10**12), min_size=4, max_size=4)
)
def test_the_parts_always_sum_to_the_change(tmp_path_factory, values):
    """As published, digit for digit, and to the change itself within their last digit."""
    before, same_data, old_periods, after = values
    path = changes._Path(*({"n": v} for v in (before, same_data, old_periods, after)))
    parts = json.loads(json.dumps(changes._parts("n", path)), parse_float=Decimal)
    assert sum(Decimal(parts[part]) for part in PARTS) == Decimal(parts["change"])
    last_digit = max(abs(Fraction(v)) for v in values) / 10**11
    for part, change in (
        ("method", Fraction(same_data) - Fraction(before)),
        ("revision", Fraction(old_periods) - Fraction(same_data)),
        ("real", Fraction(after) - Fraction(old_periods)),
        ("change", Fraction(after) - Fraction(before)),
    ):
        assert abs(Fraction(parts[part]) - change) <= last_digit


# Kept tables


def test_tables_are_kept_once_by_content(tiny):
    kept = tiny.history.keep(["flows", "stock"])
    tiny.history.keep(["flows", "stock"])
    files = sorted((tiny.history.folder / "tables").iterdir())
    assert len(files) == 4
    for name, sha256 in kept.items():
        version = tiny.history.find(sha256)
        assert hashlib.sha256(version.file.read_bytes()).hexdigest() == sha256
        assert version.resource["name"] == name
        assert tiny.history.last_period(sha256) == "2023", "the forecast for 2030 is no period"


def test_a_damaged_kept_table_counts_as_missing_and_is_kept_again(tiny):
    sha256 = tiny.history.keep(["flows"])["flows"]
    file = tiny.history.find(sha256).file
    file.write_bytes(b"year\n")
    assert tiny.history.find(sha256) is None
    assert tiny.history.keep(["flows"]) == {"flows": sha256}
    assert tiny.history.find(sha256) is not None


def test_a_damaged_table_is_never_kept(tiny):
    catalogue.table("flows").file.write_text("year,partner,value_t\n")
    with pytest.raises(catalogue.DataError, match="is not the file the catalogue describes"):
        tiny.history.keep(["flows"])
    assert not (tiny.history.folder / "tables").exists()


def test_a_write_that_fails_leaves_nothing_half_made(tiny, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        tiny.history.keep(["flows"])
    assert list((tiny.history.folder / "tables").iterdir()) == []


def test_prune_deletes_all_but_the_named(tiny):
    kept = tiny.history.keep(["flows", "rates"])
    assert tiny.history.prune([kept["flows"]]) == [kept["rates"]]
    assert tiny.history.find(kept["rates"]) is None
    assert tiny.history.find(kept["flows"]) is not None


def test_a_rerun_reads_the_old_table_through_the_catalogue(tiny, monkeypatch):
    kept = tiny.history.keep(["flows", "stock"])
    tiny.write("flows", [[2022, "new", 1.0]])
    tiny.write("stock", [[2022, 1]])
    versions = {name: tiny.history.find(sha256) for name, sha256 in kept.items()}
    with history.with_tables(versions) as folder:
        monkeypatch.setenv("RAREEARTHS_DATA", str(folder))
        assert catalogue.load("flows").to_numpy().tolist() == FLOWS
        assert catalogue.load("stock").to_numpy().tolist() == STOCK
        assert catalogue.load("rates").to_numpy().tolist() == RATES
    assert not folder.exists()
    monkeypatch.setenv("RAREEARTHS_DATA", str(tiny.folder))
    assert catalogue.load("stock").to_numpy().tolist() == [[2022, 1]]


@pytest.mark.parametrize(
    ("name", "rows", "stays"),
    [
        ("flows", [[2021, "b", 0.1], *FLOWS, [2024, 'a "b", c', 1e-7]], [[2021, "b", 0.1], *FLOWS]),
        ("stock", [*STOCK, [2024, 3], [2025, 4]], STOCK),
    ],
)
def test_old_periods_are_the_rows_up_to_the_last_one(
    tiny, tmp_path, monkeypatch, name, rows, stays
):
    tiny.write(name, rows)
    cut = history.old_periods(history.current(name), "2023", tmp_path)
    with history.with_tables({name: cut}) as folder:
        monkeypatch.setenv("RAREEARTHS_DATA", str(folder))
        loaded = catalogue.load(name)
        assert loaded.to_numpy().tolist() == stays
        assert catalogue.table(name).rows == len(stays)
    monkeypatch.setenv("RAREEARTHS_DATA", str(tiny.folder))
    assert (loaded.dtypes == catalogue.load(name).dtypes).all()
    assert history.old_periods(history.current(name), "2025", tmp_path) is None


def test_the_cut_keeps_the_bytes_of_the_rows_it_keeps(data, tmp_path):
    """Real tables: the cut up to the last period but one is the file without its last rows."""
    new = history.current("china_monthly_exports")
    lines = new.file.read_text(encoding="utf-8").splitlines(keepends=True)
    months = sorted({line.split(",")[0] for line in lines[1:]})
    cut = history.old_periods(new, months[-2], tmp_path)
    wanted = "".join(line for line in lines if not line.startswith(months[-1]))
    assert cut.file.read_text(encoding="utf-8") == wanted


@pytest.mark.parametrize(
    ("table", "field"),
    [
        ("baci_minerals", "year"),
        ("china_monthly_exports", "month"),
        ("japan_customs", "period_end"),
        ("published_shares", "end_year"),
        ("policy_events", "date"),
        ("projects", None),
        ("reserves", None),
        ("economies", None),
    ],
)
def test_the_period_of_a_row_is_told_by_the_schema(table, field):
    assert history.period_field(history.current(table).resource) == field


def test_a_projection_does_not_count_as_the_last_period():
    assert history.last_period(history.current("stage_shares")) == "2025"
    assert history.last_period(history.current("baci_minerals")) == "2024"


# What readers see

CHANGED = {
    "since": "2026-11-01",
    "date": "2026-12-01",
    "state": "changed",
    "numbers": {
        "share_tonnes": {
            "before": 0.6612840831,
            "after": 0.6720840831,
            "change": 0.0108,
            "real": 0.0123,
            "revision": -0.0015,
            "method": 0.0,
        },
        "lost_share": {
            "before": 0.1,
            "after": 0.2,
            "change": 0.1,
            "real": 0.1,
            "revision": None,
            "method": None,
        },
    },
    "appeared": [],
    "vanished": ["old_number"],
    "code": [],
    "tables": ["baci_minerals"],
    "note": "<b>why</b>",
}


def test_the_summary_counts_by_cause():
    assert change_text.summary(CHANGED) == (
        "2 numbers changed since 2026-11-01: 2 by new periods, 1 by revised data, "
        "1 not fully explained; 1 no longer recorded"
    )


def test_the_page_shows_each_number_with_its_parts():
    assert change_text.view({"change": CHANGED})["rows"] == [
        ["share tonnes", "0.6613", "0.6721", "+0.0123", "−0.0015", "0.0000"],
        ["lost share", "0.100", "0.200", "+0.100", "not known", "not known"],
    ]


def test_a_number_with_a_label_is_shown_in_its_format():
    facts = {
        "notebook": "20_import_dependence.ipynb",
        "subject": {"suppliers": {"CHN": "China"}},
        "change": CHANGED,
    }
    first, second = change_text.view(facts)["rows"]
    assert first == [
        "share of China by tonnes",
        "66.13%",
        "67.21%",
        "+1.23 points",
        "−0.15 points",
        "0.00 points",
    ]
    assert second[0] == "lost share"


def render(change) -> str:
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(page.TEMPLATES))
    shown = change_text.view({"change": change})
    return environment.get_template("change.html.j2").render(change=shown)


def test_the_section_of_the_page():
    html = render(CHANGED)
    root = ElementTree.fromstring(html.replace(" open>", ">"))
    assert [c.text for c in root.findall(".//tbody/tr/td")[:3]] == ["0.6613", "0.6721", "+0.0123"]
    assert root.find("h2").text == "Change since the last report"
    assert "&lt;b&gt;why" in html
    assert "<b>" not in html
    assert render(None).strip() == ""
    same = CHANGED | {"state": "same", "numbers": {}, "vanished": [], "note": ""}
    assert "No number changed since 2026-11-01." in render(same)
    assert "<table" not in render(same)


def test_changes_json_holds_every_report():
    records = [
        {"id": "a", "title": "A?", "date": "2026-12-01", "change": CHANGED},
        {"id": "b", "title": "B?", "date": "2026-12-01"},
    ]
    found = json.loads(change_text.collect(records))["reports"]
    assert [(r["id"], r["change"]) for r in found] == [("a", CHANGED), ("b", None)]


# The feed

ATOM = f"{{{feed.ATOM}}}"


def published(name: str, date: str, change: dict | None = None, **values) -> dict:
    return (
        {"id": name, "title": f"{name}?", "headline": "So.", "date": date}
        | values
        | {"change": change}
    )


def entries(text: str) -> list[tuple[str, str]]:
    root = ElementTree.fromstring(text)
    return [
        (e.find(f"{ATOM}link").get("href"), e.findtext(f"{ATOM}updated"))
        for e in root.iter(f"{ATOM}entry")
    ]


def test_the_feed_has_new_and_changed_reports_newest_first():
    same = CHANGED | {"state": "same"}
    text = feed.feed_text(
        [
            published("b-new", "2026-11-05"),
            published("a-new", "2026-11-05"),
            published("same", "2026-12-03", same),
            published("changed", "2026-12-01", CHANGED),
        ]
    )
    assert entries(text) == [
        ("changed.html", "2026-12-01T00:00:00Z"),
        ("a-new.html", "2026-11-05T00:00:00Z"),
        ("b-new.html", "2026-11-05T00:00:00Z"),
    ]
    root = ElementTree.fromstring(text)
    assert root.findtext(f"{ATOM}updated") == "2026-12-03T00:00:00Z"
    for element in [root, *root.iter(f"{ATOM}entry")]:
        assert element.findtext(f"{ATOM}id").startswith("urn:uuid:")
        assert element.findtext(f"{ATOM}title")
    assert root.findtext(f"{ATOM}author/{ATOM}name")


def test_the_feed_remembers_earlier_entries_and_is_the_same_twice():
    first = feed.feed_text([published("a", "2026-11-01"), published("gone", "2026-11-01")])
    later = [published("a", "2026-12-01", CHANGED)]
    text = feed.feed_text(later, earlier=first)
    assert [link for link, _ in entries(text)] == ["a.html", "a.html"]
    assert feed.feed_text(later, earlier=text) == text
    assert len(entries(feed.feed_text(later, earlier="<feed"))) == 1


def test_a_page_made_again_is_no_news():
    first = feed.feed_text([published("a", "2026-11-01"), published("b", "2026-12-01", CHANGED)])
    again = [published("a", "2026-12-20"), published("b", "2026-12-20", CHANGED)]
    assert entries(feed.feed_text(again, earlier=first)) == entries(first)


def test_the_feed_is_cut_at_fifty():
    records = [published(f"r{i:02}", f"2026-10-{1 + i % 28:02}") for i in range(70)]
    found = entries(feed.feed_text(records))
    assert len(found) == 50
    assert [day for _, day in found] == sorted((day for _, day in found), reverse=True)


@given(st.text(), st.text())
def test_no_title_breaks_the_feed(title, headline):
    text = feed.feed_text([published("a", "2026-11-01", title=title, headline=headline)])
    (entry,) = ElementTree.fromstring(text.encode()).iter(f"{ATOM}entry")
    harmless = "".join(c for c in title if c >= " " and c not in "\ufffe\uffff")
    found = entry.findtext(f"{ATOM}title")
    assert "".join(c for c in found if c >= " ") == harmless


def test_markup_in_a_title_stays_text():
    hostile = "<script>alert(1)</script>]]>&amp;\x00\ud800"
    text = feed.feed_text([published("a", "2026-11-01", title=hostile)], base="https://x.org/r/")
    assert "<script" not in text
    assert 'xml:base="https://x.org/r/"' in text


# For real: the notebook is run by papermill, three times on other data

LATEST = """
rows = catalogue.load("eu_magnet_imports")
year = int(rows["year"].max())
newest = rows[(rows["year"] == year) & ~rows["exporter"].isin(LEFT_OUT)]
china = newest.loc[newest["exporter"] == "CHN", "value_eur"].sum()
share = china / newest["value_eur"].sum()
total = int(rows.loc[~rows["exporter"].isin(LEFT_OUT), "value_eur"].sum())
"""


def cells(left_out: list[str]) -> list[str]:
    return [
        'importer: str = "EU27"  # importer',
        "from rareearths import catalogue, reports",
        LATEST.replace("LEFT_OUT", repr(left_out)),
        "reports.sources()",
        'reports.record("So.", year=year, china_share=share, total_eur=total)',
    ]


def execute(notebook: Path, output: Path, data: Path, monkeypatch) -> dict:
    """Run a notebook by papermill on a data folder; returns its numbers and tables."""
    import papermill

    with monkeypatch.context() as patch:
        patch.setenv("RAREEARTHS_DATA", str(data))
        done = papermill.execute_notebook(notebook, output, progress_bar=False)
    found = {m: d for c in done.cells for o in c.get("outputs", ()) for m, d in o.data.items()}
    return {"numbers": found[RECORD_MIME]["numbers"], "tables": found[SOURCES_MIME]}


def by_hand(rows: list[dict], left_out: list[str]) -> dict[str, Fraction]:
    rows = [r for r in rows if r["exporter"] not in left_out]
    year = max(int(r["year"]) for r in rows)
    newest = [r for r in rows if int(r["year"]) == year]
    china = sum(int(r["value_eur"]) for r in newest if r["exporter"] == "CHN")
    return {
        "year": Fraction(year),
        "china_share": Fraction(china, sum(int(r["value_eur"]) for r in newest)),
        "total_eur": Fraction(sum(int(r["value_eur"]) for r in rows)),
    }


def test_new_periods_revised_data_and_new_code_for_real(project, data, tmp_path, monkeypatch):
    """A year is added, two values are revised and an exporter is left out, all at once."""
    old_code, new_code = ["USA"], ["USA", "PHL"]
    folder = project("", report=cells(old_code))
    notebook, output = folder / "report.ipynb", folder / "done.ipynb"
    kept = History(tmp_path / "state")
    about = {"date": "2026-11-01", "parameters": {"importer": "EU27"}}
    inputs = {"notebook": "a", "modules": {}, "environment": "e"}
    before = about | execute(notebook, output, data, monkeypatch) | {"inputs": inputs}
    kept.keep(table["name"] for table in before["tables"])

    file = data / "trade/eu_magnet_imports.csv"
    with file.open(encoding="utf-8", newline="") as text:
        old_rows = list(csv.DictReader(text))
    revised = [
        row | {"value_eur": str(int(row["value_eur"]) - 31_000_007)}
        if row["exporter"] == "CHN" and row["year"] in ("2024", "2025")
        else row
        for row in old_rows
    ]
    added = [
        row | {"year": "2026", "value_eur": str(int(row["value_eur"]) * 7 // 5 + 11)}
        for row in old_rows
        if row["year"] == "2025"
    ]
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, old_rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(revised + added)
    build.seal(["eu_magnet_imports"])
    project("", report=cells(new_code))

    facts = about | execute(notebook, output, data, monkeypatch) | {"date": "2026-12-01"}
    facts["inputs"] = inputs | {"notebook": "b"}
    runs = []

    def rerun(folder: Path, parameters: dict) -> dict:
        runs.append(folder)
        return execute(notebook, output, folder, monkeypatch)["numbers"]

    change = changes.compare(before, facts, rerun, kept)

    assert len(runs) == 2
    assert (change["code"], change["tables"]) == (["notebook"], ["eu_magnet_imports"])
    places = [
        by_hand(old_rows, old_code),
        by_hand(old_rows, new_code),
        by_hand(revised, new_code),
        by_hand(revised + added, new_code),
    ]
    assert set(change["numbers"]) == {"china_share", "total_eur"}
    for name, parts in change["numbers"].items():
        values = [Fraction(round(place[name] * 10**12), 10**12) for place in places]
        for part, start, end in zip(PARTS, values, values[1:], strict=False):
            assert Fraction(repr(parts[part])) == end - start, (name, part)
        published_parts = [Fraction(repr(parts[part])) for part in PARTS]
        assert sum(published_parts) == Fraction(repr(parts["change"])), name
    assert 0 not in [change["numbers"]["china_share"][part] for part in PARTS]
