"""The monthly brief: what changed by which cause, policy in its days, how old each series is."""

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import papermill
import pytest
import yaml

from conftest import ROOT, run_cli, write_project
from rareearths import build, catalogue, trade
from rareearths.brief import acts, ages, answers, charts, numbers
from rareearths.brief.window import window
from rareearths.reports import config, parameters, published
from rareearths.reports.history import History
from rareearths.reports.prose import RECORD_MIME
from rareearths.reports.store import Site
from rareearths.sources.refresh import refresh
from test_refresh import invented_flows, options, publisher  # noqa: F401  a fixture

NOTEBOOK = ROOT / "notebooks/90_monthly_brief.ipynb"
BRIEF, DEPENDENCE, OTHER = "brief", "dependence", "events"
FIRST_DAY, NEXT_DAY = datetime(2027, 1, 20, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)
KINDS = ("real", "revision", "method")

# Stands in for the report on dependence, whose name and headline numbers it has: the share of China
# in the newest year of what the United States report, and the number of suppliers of all years.
CELLS = [
    'importer: str = "USA"  # importer [economy]\nmaterial: str = "rare_earths"  # material\n'
    'exporter: str = "CHN"  # supplier [economy]\nlanguage: str = "en"  # language [en | ja]',
    "from rareearths import catalogue, reports\n\nreports.speak(language)",
    'rows = catalogue.load("reported_imports")\n'
    'rows = rows[~rows["exporter"].isin(LEFT_OUT)]\n'
    'newest = rows[rows["year"] == rows["year"].max()]\n'
    'china = newest.loc[newest["exporter"] == exporter, "value_usd"].sum()\n'
    'share = china / newest["value_usd"].sum()\n'
    'all_usd = rows["value_usd"].sum()',
    'reports.say("How dependent is the United States on China for rare earths?", role="title")',
    'reports.say("Other stages of rare earths are not in the data.", role="answer")',
    "reports.sources()",
    'reports.record("Japan", compound_share_tonnes=share, metal_share_tonnes=1 - share, '
    "compound_hhi=all_usd / 1e12)",
]
HEADLINES = {"compound_share_tonnes", "metal_share_tonnes", "compound_hhi"}
STILL = [
    *CELLS[:2],
    'rows = catalogue.load("blocs")',
    'reports.say("How dependent is the United States on China for rare earths?", role="title")',
    'reports.say("Other stages of rare earths are not in the data.", role="answer")',
    "reports.sources()",
    'reports.record("Japan", in_force=len(rows), suspended=0)',
]


def cells(left_out: list[str]) -> list[str]:
    return [cell.replace("LEFT_OUT", repr(left_out)) for cell in CELLS]


def entry(report_id: str, notebook: str, **more) -> dict:
    about = {"importer": "USA", "exporter": "CHN", "material": "rare_earths"}
    return {
        "id": report_id, "notebook": notebook, "schedule": "monthly", "parameters": about,
    } | more  # fmt: skip


def write(folder: Path, left_out: list[str]) -> Path:
    """Write the project: two reports of a test, and the brief itself, first in the list."""
    alert = {"number": "compound_share_tonnes", "change": 0.0001}
    reports = [
        entry(BRIEF, NOTEBOOK.name, reads="reports"),
        entry(DEPENDENCE, "20_import_dependence.ipynb", alerts=[alert]),
        entry(OTHER, "30_policy_timeline.ipynb"),
    ]
    text = yaml.safe_dump({"languages": ["en", "ja"], "reports": reports})
    made = {"20_import_dependence": cells(left_out), "30_policy_timeline": STILL}
    write_project(folder, text, made)
    shutil.copy(NOTEBOOK, folder)
    return folder


def render(folder: Path, day: datetime, monkeypatch) -> dict[str, str]:
    """Render everything on a day; returns the state of each report."""
    with monkeypatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", f"{day.timestamp():.0f}")
        done = run_cli("render", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    return {line[0]: line[1] for line in lines if line and line[0] in published_ids(folder)}


def published_ids(folder: Path) -> set[str]:
    return {report.id for report in config.load(folder / "reports.yml")}


def record(folder: Path, report_id: str = BRIEF) -> dict:
    return Site(folder / "site").record(report_id)


def page(folder: Path, report_id: str = BRIEF) -> str:
    return (folder / "site" / f"{report_id}.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def first_run(tmp_path_factory):
    """A project whose reports were rendered once."""
    folder = write(tmp_path_factory.mktemp("brief"), ["KOR"])
    with pytest.MonkeyPatch.context() as patch:
        render(folder, FIRST_DAY, patch)
    return folder


@pytest.fixture
def rendered(first_run, tmp_path):
    """A copy of that project, for a test that goes on."""
    return Path(shutil.copytree(first_run, tmp_path / "project"))


def flows_of(kinds: set[str]) -> list[dict]:
    """Return what the publisher has: a new year, or another value of China in 2025, or both."""
    flows = invented_flows()
    if "real" not in kinds:
        flows = [f for f in flows if f["period"] != "2026"]
    if "revision" in kinds:
        of_2025 = [f for f in flows if f["period"] == "2025" and f["partnerCode"] in (0, 156)]
        of_2025 = [f for f in of_2025 if f["cmdCode"] == "280530"]
        assert len(of_2025) == 2
        for flow in of_2025:  # in the sum of the world too
            flow["primaryValue"] += 9_000_000.0
    return flows


def by_hand(rows: pd.DataFrame, left_out: list[str]) -> float:
    """Return the share of China in the newest year."""
    newest = [r for r in rows.to_dict("records") if r["exporter"] not in left_out]
    year = max(r["year"] for r in newest)
    newest = [r for r in newest if r["year"] == year]
    china = sum(int(r["value_usd"]) for r in newest if r["exporter"] == "CHN")
    return china / sum(int(r["value_usd"]) for r in newest)


# From a first run to the next one.


def test_the_first_run_has_nothing_to_compare_with(first_run):
    found = record(first_run)["numbers"]
    assert (found["reports"], found["first"], found["changed"]) == (2, 2, 0)
    assert "each the first of its kind" in page(first_run)
    assert record(first_run)["change"] is None


@pytest.mark.parametrize("kinds", [(), *((kind,) for kind in KINDS), KINDS], ids="+".join)
def test_the_brief_tells_the_three_kinds_of_change_apart(
    rendered,
    data,
    publisher,  # noqa: F811
    monkeypatch,
    kinds,
):
    old = catalogue.load("reported_imports")
    if {"real", "revision"} & set(kinds):
        publisher.flows = flows_of(set(kinds))
        assert refresh(["comtrade"], options())
    before, after = ["KOR"], ["KOR", "MYS"] if "method" in kinds else ["KOR"]
    write(rendered, after)
    states = render(rendered, NEXT_DAY, monkeypatch)

    assert states[OTHER] == states[f"{OTHER}-ja"] == "cached"
    touched = "rendered" if kinds else "cached"
    assert states[DEPENDENCE] == states[f"{DEPENDENCE}-ja"] == touched
    assert states[BRIEF] == states[f"{BRIEF}-ja"] == "rendered"  # another month

    found = record(rendered)["numbers"]
    assert found["headlines"] == len(HEADLINES) + 2
    assert found["changed"] == (len(HEADLINES) if kinds else 0)
    for kind in KINDS:
        assert (found[f"by_{kind}"] > 0) == (kind in kinds), kind
    assert found["alerts"] == bool(kinds)

    new = catalogue.load("reported_imports")
    revised = new[new["year"] <= old["year"].max()]
    places = [
        by_hand(old, before),
        by_hand(old, after),
        by_hand(revised, after),
        by_hand(new, after),
    ]
    (row,) = changed_rows(rendered)
    if kinds:
        for kind, start, end in zip(
            ("method", "revision", "real"), places, places[1:], strict=False
        ):
            assert row[kind] == pytest.approx(end - start, abs=1e-11), kind
        text = page(rendered)
        assert "Headline numbers that changed in the 31 days to 2027-02-01" in text
        assert f'<a href="{DEPENDENCE}.html">' in text or f"<a href='{DEPENDENCE}.html'>" in text
        assert row["by_real"] in text
    japanese = record(rendered, f"{BRIEF}-ja")
    assert japanese["numbers"] == found
    assert japanese["untranslated"] == []
    again = render(rendered, NEXT_DAY, monkeypatch)
    assert set(again.values()) == {"cached"}


def changed_rows(folder: Path) -> list[dict]:
    """Return the row of the share in the table of what changed; an empty one where none did."""
    about = {"importer": "USA", "exporter": "CHN", "material": "rare_earths", "language": "en"}
    records = published.records(folder / "site", about)
    table = numbers.changed(records, window("2027-02-01", 31))
    rows = table[table["number"] == "compound_share_tonnes"].to_dict("records")
    return rows or [{}]


def test_it_is_rendered_again_only_for_its_reports_and_its_month(rendered, monkeypatch):
    """Neither another day nor a report on another importer touches it; another month does."""
    listing = yaml.safe_load((rendered / "reports.yml").read_text(encoding="utf-8"))
    far = entry("france", "20_import_dependence.ipynb")
    far["parameters"] = far["parameters"] | {"importer": "FRA"}
    listing["reports"].append(far)
    (rendered / "reports.yml").write_text(yaml.safe_dump(listing), encoding="utf-8")
    states = render(rendered, FIRST_DAY.replace(day=30), monkeypatch)
    assert (states["france"], states[BRIEF]) == ("rendered", "cached")
    assert record(rendered)["date"] == f"{FIRST_DAY:%Y-%m-%d}"
    states = render(rendered, NEXT_DAY, monkeypatch)
    assert {name for name, state in states.items() if state == "rendered"} == {BRIEF, f"{BRIEF}-ja"}
    assert record(rendered)["date"] == f"{NEXT_DAY:%Y-%m-%d}"
    assert record(rendered)["numbers"]["reports"] == 2


def test_a_plan_says_why_and_a_shard_leaves_it_out(first_run, tmp_path):
    options = ("--site", str(first_run / "site"), "--state", str(tmp_path))
    plan = run_cli("render", "--plan", *options, cwd=first_run).stdout
    (line,) = re.findall(f"^{BRIEF}: .*", plan, re.M)
    assert line == f"{BRIEF}: setting month changed"
    shard = run_cli("render", "--plan", "--shard", "1/1", *options, cwd=first_run).stdout
    assert f"{DEPENDENCE}: up to date" in shard
    assert f"{BRIEF}:" not in shard


def test_reads_is_checked(tmp_path):
    write(tmp_path, [])
    text = (tmp_path / "reports.yml").read_text(encoding="utf-8")
    (tmp_path / "reports.yml").write_text(text.replace("reads: reports", "reads: news"))
    with pytest.raises(config.ConfigError, match="reads must be one of reports"):
        config.load(tmp_path / "reports.yml")


# Which numbers changed, and which of them have a chart.


def changed_record(report: str, date: str = "2026-11-15", **moves: tuple) -> dict:
    """Return an invented record: of each number before, real, revision, method and after."""
    parts = ("before", "real", "revision", "method", "after")
    split = {name: dict(zip(parts, move, strict=True)) for name, move in moves.items()}
    for one in split.values():
        known = one["before"] is not None and one["after"] is not None
        one["change"] = one["after"] - one["before"] if known else None
    return {
        "id": report,
        "title": f"{report}?",
        "notebook": "20_import_dependence.ipynb",
        "numbers": {name: one["after"] for name, one in split.items()},
        "change": {"date": date, "state": "changed", "numbers": split, "replaced": {}},
        "subject": {"suppliers": {"CHN": "China"}},
        "trend": None,
        "translations": {},
        "tables": [],
    }


DAYS = window("2026-11-30", 30)


def test_largest_changes_come_first_and_alerts_before_them():
    small = (0.5, 0.01, 0.0, 0.0, 0.51)
    large = (0.5, 0.0, -0.25, 0.0, 0.25)
    records = [
        changed_record("a", compound_share_tonnes=small, gap=large),
        changed_record("b", compound_share_tonnes=large, metal_share_tonnes=small),
        changed_record("c", metal_share_tonnes=(None, None, None, None, 0.3)),
    ]
    raised = [{"report": "a", "number": "compound_share_tonnes"}]
    table = numbers.changed(records, DAYS, raised)
    assert table[["report", "number"]].to_numpy().tolist() == [
        ["a", "compound_share_tonnes"],
        ["c", "metal_share_tonnes"],
        ["b", "compound_share_tonnes"],
        ["b", "metal_share_tonnes"],
        ["a", "gap"],
    ]
    assert numbers.counts(table) == {
        "changed": 4, "by_real": 2, "by_revision": 1, "by_method": 0, "unknown": 1, "others": 1,
    }  # fmt: skip
    assert charts.drawn(table)["report"].to_list() == ["a", "b", "b"]
    assert numbers.main_cause(table.iloc[2]) == "revised data"
    assert numbers.main_cause(table.iloc[1]) == ""


def test_a_change_relative_to_the_line_of_its_number():
    record = changed_record("a", compound_share_tonnes=(0.5, 0.02, 0.0, 0.0, 0.52))
    line = {"number": "compound_share_tonnes", "years": [1, 2, 3], "values": [0.48, None, 0.52]}
    (size,) = numbers.changed([record | {"trend": line}], DAYS)["size"]
    assert size == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("date", "rows"), [("2026-10-31", 0), ("2026-11-01", 1), ("2026-11-30", 1), ("2026-12-01", 0)]
)
def test_only_changes_of_these_days_count(date, rows):
    record = changed_record("a", date, compound_share_tonnes=(0.5, 0.02, 0.0, 0.0, 0.52))
    assert len(numbers.changed([record], DAYS)) == rows


def test_another_question_is_no_change():
    record = changed_record("a", compound_share_tonnes=(0.5, 0.02, 0.0, 0.0, 0.52))
    record["change"]["state"] = "new question"
    assert numbers.changed([record], DAYS).empty
    assert numbers.tally([record])["incomparable"] == 1


def test_the_steps_of_a_chart_lead_from_before_to_now():
    row = numbers.changed(
        [changed_record("a", compound_share_tonnes=(0.5, 0.125, -0.25, 0.0625, 0.4375))], DAYS
    ).iloc[0]
    steps = numbers.steps(row)
    assert steps["step"].to_list() == ["before", "method", "revision", "real", "now"]
    assert steps["end"].to_list() == [0.5, 0.5625, 0.3125, 0.4375, 0.4375]
    assert steps["start"].to_list()[1:4] == [0.5, 0.5625, 0.3125]


def test_records_are_those_that_the_codes_concern(first_run):
    def found(**about) -> list[str]:
        return [r["id"] for r in published.records(first_run / "site", about)]

    assert found(importer="USA", material="rare_earths") == [DEPENDENCE, OTHER]
    assert found(importer="USA", language="ja") == [f"{DEPENDENCE}-ja", f"{OTHER}-ja"]
    assert found(importer="JPN") == found(material="graphite") == found(exporter="AUS") == []
    assert published.records(first_run / "nowhere", {}) == []


def test_a_report_that_is_not_rendered_in_the_language_is_read_in_english(first_run, tmp_path):
    manifest = json.loads((first_run / "site/manifest.json").read_text(encoding="utf-8"))
    del manifest["reports"][f"{OTHER}-ja"]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    japanese, english = (published.records(tmp_path, {"language": code}) for code in ("ja", "en"))
    assert [r["id"] for r in japanese] == [f"{DEPENDENCE}-ja", OTHER]
    assert [r["id"] for r in english] == [DEPENDENCE, OTHER]
    alert = {"report": DEPENDENCE, "message": "so"}
    (tmp_path / "alerts.json").write_text(json.dumps({"alerts": [alert]}), encoding="utf-8")
    assert published.alerts(tmp_path, japanese) == [alert | {"report": f"{DEPENDENCE}-ja"}]
    (tmp_path / "manifest.json").write_text("[", encoding="utf-8")
    assert published.records(tmp_path, {}) == []


# Policy


def test_a_pause_that_runs_out_in_these_days_changes_states():
    rows = acts.moved("JPN", "rare_earths", window("2026-11-30", 31)).set_index("event_id")
    events = catalogue.load("policy_events").set_index("event_id")
    ended = events[(events["date_end"] == "2026-11-10") & (events["instrument"] == "suspension")]
    assert len(ended) == 1
    assert rows.loc[ended.index[0], ["state_before", "state"]].to_list() == [
        "in force",
        "uncertain",
    ]
    paused = rows[rows["state_before"] == "suspended"]
    assert set(events.loc[paused.index, "related_event_id"]) == set(ended.index)
    assert set(paused["state"]) == {"uncertain"}
    assert acts.moved("JPN", "rare_earths", window("2026-11-30", 5)).empty


def test_a_control_that_came_into_force_is_told_apart():
    rows = acts.moved("JPN", "rare_earths", window("2026-07-05", 10))
    assert rows["event_id"].to_list() == ["chn-jpn-entity-listing-2026-06"]
    assert acts.tally(rows) == {"into_force": 1, "other_states": 0}
    assert rows["pages"].iloc[0]


def test_days_to_come_are_those_that_measures_name():
    rows = acts.coming("JPN", "rare_earths", window("2026-10-15", 31))
    assert ("2026-11-10", "last day known") in set(
        zip(rows["comes"], rows["what_comes"], strict=True)
    )
    assert (rows["comes"] > "2026-10-15").all()
    assert rows["comes"].is_monotonic_increasing


def test_acts_are_those_dated_in_the_days():
    rows = acts.dated("JPN", "rare_earths", window("2026-06-30", 30))
    assert "chn-jpn-entity-listing-2026-06" in set(rows["event_id"])
    assert (rows["latest"] >= "2026-06-01").all()
    assert (rows["earliest"] <= "2026-06-30").all()
    assert acts.last_date("JPN", "rare_earths", window("2026-11-30", 31)) == rows["date"].iloc[-1]


def test_events_that_are_new_in_the_table_are_found_by_its_version_before(data, tmp_path):
    whole = (data / "policy/events.csv").read_bytes()
    rows = catalogue.load("policy_events")
    name = "chn-jpn-entity-listing-2026-06"
    build.write(rows[rows["event_id"] != name], data / "policy/events.csv")
    build.seal(["policy_events"])
    kept = History(tmp_path / "state").keep(["policy_events"])
    (data / "policy/events.csv").write_bytes(whole)
    build.seal(["policy_events"])
    record = changed_record("a")
    record["change"] |= {"state": "same", "replaced": kept}

    def entered(state: str, day: str = "2026-11-30"):
        days = window(day, 30)
        return acts.new_rows([record], "JPN", "rare_earths", days, tmp_path / state)

    assert entered("state")["event_id"].to_list() == [name]
    assert entered("state", "2026-09-30").empty
    assert entered("nowhere") is None
    assert "is not known" in answers.on_new_rows(None)


# How old each series is


def test_a_series_is_as_old_as_the_end_of_its_last_period():
    day = pd.Timestamp("2026-12-31")
    table = ages.ages(["baci_minerals", "china_monthly_exports", "policy_sources", "colours"], day)
    found = table.set_index("name")
    last = trade.year_range()[1]
    assert found.at["baci_minerals", "last_period"] == str(last)
    assert found.at["baci_minerals", "age_days"] == (day - pd.Timestamp(last, 12, 31)).days
    read = pd.Timestamp(catalogue.table("policy_sources").accessed)
    assert found.at["policy_sources", "age_days"] == (day - read).days
    assert "colours" not in found.index
    assert table["is_stale"].is_monotonic_decreasing


@pytest.mark.parametrize(
    ("name", "last_good"),
    [
        ("baci_minerals", pd.Timestamp("2024-12-31") + pd.Timedelta(days=732)),
        ("china_monthly_exports", pd.Timestamp("2024-12-31") + pd.Timedelta(days=123)),
        ("policy_events", pd.Timestamp("2026-11-22") + pd.Timedelta(days=214)),
    ],
)
def test_a_source_is_stale_the_day_after_its_interval_and_allowance(name, last_good):
    def is_stale(day) -> bool:
        return bool(ages.ages([name], day)["is_stale"].iloc[0])

    assert not is_stale(last_good)
    assert is_stale(last_good + pd.Timedelta(days=1))


def test_the_banner_names_what_is_stale_and_nothing_else():
    day = pd.Timestamp("2026-11-30")
    fresh = ages.ages(["baci_minerals"], day)
    assert answers.on_stale(fresh) == ""
    table = ages.ages(["baci_minerals", "china_monthly_exports"], day)
    assert answers.on_stale(table).startswith("**One source is stale**")
    assert answers.stale_list(table) == (
        "China's monthly exports of rare earths and magnets, 2017-2024 "
        "(last period 2024-12, read on 2026-11-22)"
    )


def test_every_table_has_a_rhythm_that_the_check_knows():
    assert {table.updated for table in catalogue.tables().values()} <= set(catalogue.UPDATED)
    assert set(ages.ALLOWED) | {"fixed"} == set(catalogue.UPDATED)


# The notebook by itself


def run(tmp_path, **given):
    return papermill.execute_notebook(
        NOTEBOOK, tmp_path / "out.ipynb", parameters=given, cwd=NOTEBOOK.parent, progress_bar=False
    )


def shown(notebook) -> str:
    outputs = [o for c in notebook.cells for o in c.get("outputs", ())]
    return "\n".join(
        str(o.data.get("text/markdown") or o.data.get("text/html", ""))
        for o in outputs
        if "data" in o
    )


def recorded(notebook) -> dict:
    outputs = [o for c in notebook.cells for o in c.get("outputs", ())]
    (found,) = (o.data[RECORD_MIME] for o in outputs if RECORD_MIME in o.get("data", {}))
    return found


@pytest.mark.parametrize(
    ("importer", "material", "as_of", "stale"),
    [("DEU", "rare_earths", "2026-11-30", False), ("KOR", "graphite", "2028-01-01", True)],
)
def test_without_a_site_it_says_what_to_do(tmp_path, importer, material, as_of, stale):
    nowhere = str(tmp_path / "nowhere")
    made = run(tmp_path, importer=importer, material=material, as_of=as_of, site=nowhere)
    text = shown(made)
    assert "No report has been rendered yet" in text
    assert "the parameter `site` names the folder" in text
    assert recorded(made)["numbers"]["reports"] == 0
    assert (recorded(made)["numbers"]["stale"] > 0) == stale
    roles = [
        o.metadata.get("rareearths", {}).get("role")
        for c in made.cells
        for o in c.get("outputs", ())
        if "metadata" in o
    ]
    assert ("banner" in roles) == stale
    assert "answer" in roles
    assert text.count("<figure>") == 3


def test_in_japanese_it_has_the_same_numbers(tmp_path, first_run):
    about = {"importer": "USA", "as_of": "2027-01-20", "site": str(first_run / "site")}
    english, japanese = (recorded(run(tmp_path, language=code, **about)) for code in ("en", "ja"))
    assert japanese["numbers"] == english["numbers"]
    assert japanese["numbers"]["reports"] == 2
    assert japanese.get("untranslated", []) == []


@pytest.mark.parametrize("as_of", ["2026-13-01", "yesterday", "2026-11", ""])
def test_a_day_that_is_none_is_refused(as_of):
    with pytest.raises(ValueError, match="is not a day, YYYY-MM-DD"):
        window(as_of, 31)
    with pytest.raises(parameters.ParameterError, match=r"as_of: .* is not a day"):
        parameters.check(NOTEBOOK, {"as_of": as_of})


@pytest.mark.parametrize("days", [0, -1, 367])
def test_days_have_limits(days):
    with pytest.raises(ValueError, match="days must be 1 to 366"):
        window("2026-11-30", days)


def test_today_is_the_day_of_the_render(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", f"{NEXT_DAY.timestamp():.0f}")
    assert window("today", 1).last == window("today", 1).first == "2027-02-01"
    assert parameters.check(NOTEBOOK, {})["as_of"] == "today"
