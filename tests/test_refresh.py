"""A refresh moves the tables from one vintage to a newer one, or leaves everything as it was."""

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pandas as pd
import pytest
from filelock import FileLock
from frictionless import Package

import publishers as play
import rareearths.sources.refresh as refreshing
from publishers import FOREVER, KEY, Publisher, flow
from rareearths import build, catalogue, check
from rareearths.__main__ import main
from rareearths.sources import comtrade, difference, raw, swap, worldbank
from rareearths.sources.fetch import Client
from rareearths.sources.refresh import Options, RefreshError, refresh
from test_sources import EST, QUICK, SE, Clock

NOW = datetime(2027, 2, 1, 12, tzinfo=UTC)
STABILITY = "governance/political_stability.csv"
IMPORTS = "trade/reported_imports.csv"
REPLACED = {STABILITY, IMPORTS, "datapackage.json"}


@pytest.fixture
def publisher(data, monkeypatch):
    """A server that holds the tables of the test's data folder and a newer, invented year."""
    with Publisher() as running:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.delenv("COMTRADE_KEY", raising=False)
        two = {module.NAME: module for module in (comtrade, worldbank)}
        monkeypatch.setattr(refreshing, "SOURCES", two)  # the others have tests of their own
        monkeypatch.setattr(worldbank, "BASE", f"{running.url}/v2")
        monkeypatch.setattr(comtrade, "BASE", running.url)
        running.stability = invented_stability()
        running.flows = invented_flows()
        yield running


def invented_stability() -> dict:
    """Every figure of the table; Japan's of 2024 is revised, and 2025 and 2026 are invented."""
    rows = catalogue.load("political_stability")
    series = {EST: [], SE: []}
    for row in rows.itertuples():
        value = 1.25 if (row.economy, row.year) == ("JPN", 2024) else row.estimate
        series[EST].append((row.economy, row.economy, row.year, value))
        series[SE].append((row.economy, row.economy, row.year, row.standard_error))
    for year in (2025, 2026):
        series[EST].append(("JPN", "Japan", year, 1.5))
        series[SE].append(("JPN", "Japan", year, 0.25))
    return series


def invented_flows() -> list[dict]:
    """Every figure of the table as reported, rounded up, and an invented year 2026."""
    codes = catalogue.load("economies").set_index("economy")["baci_code"]
    rows = catalogue.load("reported_imports")
    flows = [
        flow(842, int(row.year), row.product, codes[row.exporter], row.value_usd + 0.0)
        for row in rows.itertuples()
    ]
    world = rows.groupby(["year", "product"])["value_usd"].sum()
    flows += [
        flow(842, int(year), product, 0, value + 0.0) for (year, product), value in world.items()
    ]
    return [*flows, *(flow(842, 2026, "280530", partner, 70.0) for partner in (0, 156))]


def options(lines: list | None = None, key: str = "", **given) -> Options:
    clock = Clock()
    made = partial(asking, clock=clock, sleep=clock.sleep, chance=lambda: 1.0, now=lambda: NOW)
    environment = {"COMTRADE_KEY": key} if key else {}
    progress = (lines if lines is not None else []).append
    return Options(**({"client": made, "environment": environment, "progress": progress} | given))


def asking(manners, **given) -> Client:
    quick = replace(QUICK, spacing=manners.spacing, largest=5_000_000, attempts=3)
    return Client(manners=quick, **given)


def hashes(folder) -> dict[str, str]:
    """The sha256 of every file that reports may read."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and "raw" not in path.relative_to(folder).parts
    }


def everything(folder) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def entry(name: str) -> dict:
    text = (catalogue.folder() / "datapackage.json").read_text(encoding="utf-8")
    return next(r for r in json.loads(text)["resources"] if r["name"] == name)


def problems() -> list:
    names = ("political_stability", "reported_imports")
    return [p for name in names for p in check.check_table(catalogue.table(name))]


# A refresh that succeeds.


def test_the_tables_move_to_the_newer_vintage(data, publisher):
    before, lines = hashes(data), []
    imports, stability = refresh([], options(lines))
    after = hashes(data)
    assert {path for path in after if after[path] != before.get(path)} == REPLACED
    assert before.keys() == after.keys()
    assert check.check_all() == []
    assert str(stability).startswith(
        "political_stability: new periods: 2 rows of 2025, 2026; revised"
    )
    revised = stability.revised[stability.revised["column"] == "estimate"]
    assert revised[["economy", "year", "new"]].to_numpy().tolist() == [["JPN", 2024, 1.25]]
    assert imports.periods == ("2026",)
    rows = catalogue.load("political_stability").set_index(["economy", "year"])
    assert rows.loc[("JPN", 2024), ["estimate", "normalised"]].to_list() == [1.25, 0.25]
    flows = catalogue.load("reported_imports")
    assert flows[flows["year"] == 2026]["value_usd"].to_list() == [70]
    assert lines[-1] == (
        "2 of 3 tables replaced; the old ones: raw/comtrade/2027-02-01T120000Z/before"
    )


def test_the_catalogue_tells_the_vintage(data, publisher):
    refresh([], options())
    stability, imports = entry("political_stability"), entry("reported_imports")
    assert stability["accessed"] == imports["accessed"] == "2027-02-01"
    assert stability["vintage"] == "2027-01-15"
    assert stability["title"].endswith(", 1996-2026")
    assert "Guyana" not in stability["description"]
    assert [s["title"] for s in stability["sources"]] == [
        "World Bank, Worldwide Governance Indicators",
        "World Bank API, series GOV_WGI_PV.EST and GOV_WGI_PV.SE",
    ]
    assert imports["title"].endswith("United States, rare earths, 2018-2026")
    years = {f["name"]: f for f in stability["schema"]["fields"]}["year"]["constraints"]
    assert (years["minimum"], years["maximum"]) == (1996, 2026)
    for name in ("political_stability", "reported_imports"):  # an independent reading
        resource = Package(str(data / "datapackage.json")).get_resource(name)
        assert resource.validate().flatten(["rowNumber", "type", "note"]) == []


def test_the_new_files_are_written_as_the_bundled_ones(data, publisher):
    """The same figures give the same lines, so that a difference is one of the data."""
    old = (data / STABILITY).read_text().splitlines()
    refresh(["worldbank"], options())
    new = [line for line in (data / STABILITY).read_text().splitlines() if line in set(old)]
    # The server knows six digits of an estimate; with more, three rows would be the same too.
    assert [line for line in old if line in set(new)] == new
    assert len(old) - len(new) == 1 + 3


def test_a_second_refresh_finds_nothing_new_and_changes_nothing(data, publisher):
    refresh([], options())
    before, lines = hashes(data), []
    assert refresh([], options(lines)) == []
    assert hashes(data) == before
    assert lines[-1] == "no table has changed"


def test_one_source_leaves_the_others(data, publisher):
    before = hashes(data)
    refresh(["worldbank"], options())
    after = hashes(data)
    assert {p for p in after if after[p] != before[p]} == {STABILITY, "datapackage.json"}
    assert not (data / "raw/comtrade").exists()


def test_since_asks_for_these_years_and_keeps_the_others(data, publisher):
    refresh(["worldbank"], options(since=2026))
    assert {query["date"] for _, query, _ in publisher.asked} == {"2026:2026"}
    rows = catalogue.load("political_stability")
    assert len(rows) == 5336 + 1
    assert "Carried by" in entry("political_stability")["sources"][1]["title"]
    assert problems() == []


def test_a_dry_run_asks_nothing_and_writes_nothing(data, publisher):
    before, lines = everything(data), []
    assert refresh([], options(lines, dry_run=True)) == []
    assert publisher.asked == []
    assert everything(data) == before
    assert not (data / "raw").exists()
    assert lines[0].startswith(
        "comtrade -> reported_imports, reported_exports: imports missing: 2026;"
    )
    assert sum(line.startswith("  GET http://127.0.0.1") for line in lines) == 4
    assert lines[-1] == "dry run: nothing was asked"


def test_a_refresh_with_a_key_shows_it_nowhere(data, publisher):
    lines: list[str] = []
    refresh(["comtrade"], options(lines, key=KEY))
    assert {headers[comtrade.KEY.name] for _, _, headers in publisher.asked} == {KEY}
    assert KEY not in "".join(lines)
    assert KEY.encode() not in everything(data)


def test_a_year_that_is_not_out_yet_is_nothing_new(data, publisher):
    for rows in publisher.stability.values():
        rows[:] = [row for row in rows if row[2] < 2025]
        rows.append(("JPN", "Japan", 2026, None))
    before, lines = hashes(data), []
    assert refresh(["worldbank"], options(lines, since=2026)) == []
    assert hashes(data) == before
    assert "  political_stability: nothing is new" in lines


def test_years_after_the_last_complete_one_are_not_asked_for(data, publisher):
    assert refresh([], options(since=2027)) == []
    assert publisher.asked == []


# A refresh that fails: a clear error, and not a byte of what reports read has changed.

FAULTS = (
    play.BROKEN
    | play.NOT_JSON
    | play.OF_COMTRADE
    | {
        "keyless": (
            play.status(401, "Access denied due to missing subscription key."),
            "status 401",
        ),
        "field missing": (
            play.instead({"data": [{"period": "2026"}], "error": ""}),
            "has no field",
        ),
    }
)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_in_a_clear_error_and_changes_nothing(data, publisher, fault):
    make, message = FAULTS[fault]
    publisher.faults = [make] * FOREVER
    before, lines = hashes(data), []
    with pytest.raises(RefreshError, match=message) as caught:
        refresh(["comtrade"], options(lines, key=KEY))
    assert str(caught.value).endswith("no table was changed")
    assert "\n" not in str(caught.value)
    assert hashes(data) == before
    assert not [p for p in data.rglob("*") if p.name.endswith(".new")]
    (folder,) = (data / "raw/comtrade").iterdir()
    state = json.loads((folder / "refresh.json").read_text())["state"]
    assert state == raw.REJECTED or not list(folder.glob("*.meta.json"))
    told = "".join(lines) + str(caught.value) + repr(caught.value.__cause__)
    assert KEY not in told
    assert KEY.encode() not in everything(data)


PASSING = play.PASSING | play.REDIRECTED


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_ends_in_the_right_table(data, publisher, fault):
    refresh(["comtrade"], options())
    expected = hashes(data)[IMPORTS]
    build.write(old_imports(data), data / IMPORTS)
    build.seal(["reported_imports"])
    publisher.faults = [PASSING[fault]]
    refresh(["comtrade"], options())
    assert hashes(data)[IMPORTS] == expected


def old_imports(data) -> pd.DataFrame:
    rows = catalogue.load("reported_imports")
    return rows[rows["year"] < 2026]


def test_a_fault_of_the_second_source_keeps_back_the_first(data, publisher):
    publisher.stability.pop(SE)
    before = hashes(data)
    with pytest.raises(RefreshError, match="error: The indicator was not found"):
        refresh(["comtrade", "worldbank"], options())
    assert hashes(data) == before


LOSSES = {
    "a year": (lambda f: f["period"] != "2024", "no row for 2024, which the table has"),
    "half of a year": (
        lambda f: f["period"] != "2025" or f["partnerCode"] in (0, 156),
        "old rows are missing",
    ),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_publisher_that_lost_rows_is_not_believed(data, publisher, loss):
    stays, message = LOSSES[loss]
    publisher.flows = [f for f in publisher.flows if stays(f)]
    before = hashes(data)
    with pytest.raises(RefreshError, match=message):
        refresh(["comtrade"], options())
    assert hashes(data) == before


def test_a_table_that_breaks_its_schema_is_not_taken(data, publisher):
    publisher.stability[EST][0] = (*publisher.stability[EST][0][:3], 9.0)
    before = hashes(data)
    with pytest.raises(RefreshError, match="breaks its schema: political_stability, row 2"):
        refresh(["worldbank"], options())
    assert hashes(data) == before
    (folder,) = (data / "raw/worldbank").iterdir()
    assert json.loads((folder / "refresh.json").read_text())["state"] == raw.REJECTED


# Interrupted: by the publisher, by the disk, by a kill.


def test_an_interrupted_refresh_goes_on_where_it_stopped(data, publisher):
    publisher.per_page = 1000  # six pages for each of two series
    publisher.faults = [play.good, play.good, play.good, play.status(403, "enough for today")]
    with pytest.raises(RefreshError, match="status 403"):
        refresh(["worldbank"], options())
    first = [(path, query["page"]) for path, query, _ in publisher.asked]
    refresh(["worldbank"], options())
    asked = [(path, query["page"]) for path, query, _ in publisher.asked]
    again = [one for one in asked if asked.count(one) > 1]
    assert again == [first[-1]] * 2
    assert len(asked) == 12 + 1
    assert problems() == []


@pytest.mark.parametrize("nth", range(1, 5))
def test_a_disk_that_fails_while_tables_are_replaced_changes_nothing(
    data, publisher, monkeypatch, nth
):
    before, real, calls = hashes(data), os.replace, []

    def failing(source, target):
        if "raw" not in str(target).replace(str(data), ""):
            calls.append(target)
            if len(calls) == nth:
                raise OSError(28, "No space left on device", str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", failing)
    if nth > len(REPLACED):
        refresh([], options())
        assert len(calls) == len(REPLACED)
        return
    with pytest.raises(RefreshError, match=r"No space left on device .*no table was changed"):
        refresh([], options())
    assert hashes(data) == before
    assert not swap.journal().exists()
    assert not [p for p in data.rglob("*") if p.name.endswith(".new")]


KILLED = """
import os, sys
from rareearths.sources import swap
real, left = os.replace, [int(sys.argv[1])]
def replace(source, target):
    if "raw" not in str(target):
        left[0] -= 1
        if left[0] < 0:
            os._exit(9)
    real(source, target)
os.replace = replace
from pathlib import Path
import json
from rareearths import catalogue
entries = json.loads((catalogue.folder() / "datapackage.json").read_text())["resources"]
new = [r | {"rows": 1} for r in entries if r["name"] in ("colours", "products")]
file = catalogue.folder() / "raw" / "new.csv"
file.parent.mkdir()
file.write_text("a\\n1\\n")
tables = [swap.NewTable(resource, file) for resource in new]
swap.swap(tables, catalogue.folder() / "raw" / "before")
"""


@pytest.mark.parametrize("done", [0, 1, 2])
def test_a_kill_while_tables_are_replaced_is_undone_by_the_next_refresh(data, publisher, done):
    before = hashes(data)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(done)], env=os.environ, check=False)
    assert killed.returncode == 9
    assert hashes(data) != before
    lines: list[str] = []
    publisher.faults = [play.status(404)] * FOREVER
    with pytest.raises(RefreshError):
        refresh(["worldbank"], options(lines))
    assert hashes(data) == before
    assert ("undone" in lines[0]) == (done > 0)


def test_tables_that_were_repaired_after_a_kill_are_not_touched(data, publisher):
    subprocess.run([sys.executable, "-c", KILLED, "2"], env=os.environ, check=False)
    for name in ("colours", "products"):
        path = catalogue.table(name).path
        (data / path).write_bytes((data / "raw/before" / path).read_bytes())
    rows = catalogue.load("colours").iloc[::-1]  # and changed on purpose
    build.write(rows, data / "reference/colours.csv")
    build.seal(["colours"])
    mended = (data / "reference/colours.csv").read_bytes()
    refresh(["worldbank"], options())
    assert (data / "reference/colours.csv").read_bytes() == mended
    assert not swap.journal().exists()


def test_a_stop_from_the_keyboard_changes_nothing_and_is_resumed(data, publisher):
    before, told = hashes(data), []

    def stop(line):
        told.append(line)
        if len(told) == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        refresh(["worldbank"], options(progress=stop))
    assert hashes(data) == before
    refresh(["worldbank"], options())
    assert len(publisher.asked) == 12


def test_a_closed_terminal_after_the_tables_were_replaced_is_no_failed_refresh(data, publisher):
    def closed(line):
        if "replaced" in line:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        refresh(["worldbank"], options(progress=closed))
    assert entry("political_stability")["accessed"] == "2027-02-01"
    assert problems() == []


def test_two_refreshes_at_once_are_refused(data, publisher):
    (data / "raw").mkdir()
    with FileLock(data / "raw/refresh.lock"), pytest.raises(RefreshError, match="another refresh"):
        refresh([], options())
    assert publisher.asked == []


# The command line.


def test_the_command_says_that_there_is_no_network(data, monkeypatch, capsys):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(comtrade, "BASE", "http://127.0.0.1:9")
    before = hashes(data)
    assert main(["data", "refresh", "comtrade"]) == 1
    err = capsys.readouterr().err
    assert err == (
        "rareearths: 127.0.0.1:9: no connection; is there a network? (asked 2x); "
        "no table was changed\n"
    )
    assert hashes(data) == before


def test_the_command_refreshes_and_the_check_agrees(data, publisher, monkeypatch, capsys):
    monkeypatch.setattr(comtrade, "MANNERS", replace(QUICK, spacing=0.0, largest=5_000_000))
    monkeypatch.setenv("COMTRADE_KEY", KEY)
    publisher.flows.append(flow(842, 2025, "280530", 56, 5.0))  # invented, whatever the day is
    assert main(["data", "refresh", "comtrade", "--since", "2024"]) == 0
    out, err = capsys.readouterr()
    assert re.search(r"^1 of 2 tables replaced; the old ones: raw/comtrade/\S+/before$", out, re.M)
    assert KEY not in out + err
    assert main(["data", "check"]) == 0
    assert capsys.readouterr().out.endswith("all good\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["data", "refresh", "comtrad"], "no source 'comtrad'; closest: comtrade"),
        (["data", "diff", "nowhere.csv", "nowhere.csv"], "nowhere.csv is missing"),
    ],
)
def test_wrong_input_has_the_exit_code_of_wrong_input(data, capsys, arguments, message):
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


def test_a_year_is_a_year(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["data", "refresh", "--since", "last"])
    assert caught.value.code == 2
    assert "a year is wanted" in capsys.readouterr().err


def test_a_damaged_key_is_named_by_its_variable_only(data, publisher):
    with pytest.raises(RefreshError, match="COMTRADE_KEY: the key holds a blank") as caught:
        refresh(["comtrade"], options(key="half a key"))
    assert "half" not in str(caught.value)


# The difference of two vintages.


def test_the_vintage_before_is_compared_with_the_one_after(data, publisher, capsys):
    refresh([], options())
    (old,) = (data / "raw").glob("*/*/before")
    assert main(["data", "diff", str(old), str(data)]) == 0
    out = capsys.readouterr().out
    assert "reported_imports: new periods: 1 row of 2026; revised data to 2025:" in out
    assert "political_stability: new periods: 2 rows of 2025, 2026" in out
    assert "  JPN 2024: estimate 1.134323 -> 1.25\n" in out


def vintage(folder, **values):
    """Write an invented version of political stability, Japan only, into a folder of its own."""
    rows = catalogue.load("political_stability")
    rows = rows[(rows["economy"] == "JPN") & (rows["year"] >= 2022)].reset_index(drop=True)
    for change in values.values():
        rows = change(rows)
    folder.mkdir()
    build.write(rows, folder / "political_stability.csv")
    return folder / "political_stability.csv"


def test_two_files_are_compared_by_period(tmp_path):
    old = vintage(tmp_path / "old", cut=lambda rows: rows[rows["year"] <= 2023])
    new = vintage(
        tmp_path / "new",
        revised=lambda rows: rows.assign(estimate=rows["estimate"].where(rows["year"] != 2023, 2)),
        gone=lambda rows: rows[rows["year"] != 2022],
    )
    (found,) = difference.compare(old, new)
    assert found.until == "2023"
    assert found.new["year"].to_list() == [2024]
    assert found.gone["year"].to_list() == [2022]
    assert found.revised[["economy", "year", "column", "new"]].to_numpy().tolist() == [
        ["JPN", 2023, "estimate", 2.0]
    ]
    assert found.lines()[0] == (
        "political_stability: new periods: 1 row of 2024; "
        "revised data to 2023: 1 row revised, 1 row gone"
    )
    assert found.lines()[-1] == "  JPN 2022: gone"


def test_equal_files_do_not_differ(tmp_path):
    (found,) = difference.compare(vintage(tmp_path / "old"), vintage(tmp_path / "new"))
    assert not found
    assert found.lines() == ["political_stability: no difference"]


UNCOMPARABLE = {
    "a file and a folder": (lambda a, b: (a, b.parent), "not one of each"),
    "a folder without a descriptor": (lambda a, b: (a.parent, b.parent), "not a data folder"),
    "an unknown file": (lambda a, b: (a.rename(a.with_name("x.csv")), b), "describes x.csv"),
    "another column": (
        lambda a, b: (a, b.write_text(b.read_text().replace("estimate", "guess", 1)) and b),
        "different columns .estimate, guess",
    ),
}


@pytest.mark.parametrize("case", UNCOMPARABLE)
def test_what_cannot_be_compared_is_said(tmp_path, case):
    make, message = UNCOMPARABLE[case]
    pair = make(vintage(tmp_path / "old"), vintage(tmp_path / "new"))
    with pytest.raises(catalogue.DataError, match=message):
        difference.compare(*pair)


def test_every_table_equals_itself():
    found = difference.compare(catalogue.folder(), catalogue.folder())
    assert len(found) == len(catalogue.tables())
    assert not any(found)


@pytest.mark.parametrize("name", ["stage_shares", "projects", "policy_events", "published_shares"])
def test_missing_values_and_projections_are_no_difference(name):
    rows, table = catalogue.load(name), catalogue.table(name)
    period = next((f["name"] for f in table.fields if f["name"] in ("year", "end_year")), None)
    found = difference.compare_rows(name, rows, rows, list(table.primary_key), period, "2020")
    assert not found
