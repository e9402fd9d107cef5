"""Damaged files, full and closed folders, several commands at once, a clock that was changed."""

import ctypes
import json
import os
import re
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

import factory
from conftest import ROOT
from factory import CHEAP, Command, render, strays, whole, with_cell
from rareearths.reports.store import Site

IDS = ("one", "two", "three", "four", "five", "six")


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """A project with six reports, rendered once."""
    folder = tmp_path_factory.mktemp("rendered")
    factory.write(folder, dict.fromkeys(IDS, CHEAP))
    done = render(folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def six(rendered, tmp_path):
    """A copy of the project."""
    return Path(shutil.copytree(rendered, tmp_path / "p"))


def change(folder: Path, **cells: str) -> None:
    """Put a cell into the notebooks of some reports."""
    factory.write(folder, dict.fromkeys(IDS, CHEAP) | {n: with_cell(c) for n, c in cells.items()})


def states(done) -> dict[str, str]:
    """Return the state of each report in the table of a render."""
    table = done.stdout.partition("\nreport ")[2].partition("\n\n")[0]
    return dict(re.match(r"(\S+) +(no data|\w+)", row).groups() for row in table.splitlines()[1:])


def test_each_damaged_file_of_a_cache_is_noticed_and_made_again(six):
    site = six / "site"
    before = whole(site, *IDS)
    record, notebook = (
        Site(site).record_path(i).with_suffix(s) for i, s in [("two", ".json"), ("three", ".ipynb")]
    )
    (site / "one.html").write_bytes((site / "one.html").read_bytes()[:-20])
    record.write_bytes(record.read_bytes().replace(b"12 rows", b"99 rows"))
    notebook.unlink()
    (site / "four.html").unlink()
    (site / "records/five.0123456789abcdef.json").write_text("left by a command that was killed")
    for name in ("manifest.json", "feed.xml", "changes.json", "alerts.json", "index.html"):
        (site / name).write_bytes(b"\xff{<")
    (six / ".rareearths/imports.json").write_bytes(b"\xff[")
    (table,) = (six / ".rareearths/tables").glob("*.csv")
    table.write_bytes(table.read_bytes()[:100])
    done = render(six)
    assert done.returncode == 0, done.stderr
    made = dict.fromkeys(("one", "two", "three", "four"), "rendered")
    assert states(done) == made | {"five": "cached", "six": "cached"}
    assert whole(site, *IDS) == before
    assert strays(site) == []
    assert set(json.loads((site / "manifest.json").read_text())["reports"]) == set(IDS)
    assert table.stat().st_size > 100


@pytest.mark.parametrize("text", ["{", '{"resource": 3}'])
def test_a_damaged_entry_of_a_kept_table_is_made_again(six, text):
    (entry,) = (six / ".rareearths/tables").glob("*.json")
    good = entry.read_bytes()
    entry.write_text(text)
    change(six, one="6 * 7")
    done = render(six, "one")
    assert done.returncode == 0, done.stderr
    assert entry.read_bytes() == good


def test_a_damaged_table_fails_the_reports_that_read_it_and_no_other(six):
    shutil.copytree(ROOT / "data", six / "data")
    other = [cell.replace("blocs", "elements") for cell in CHEAP]
    notebooks = dict.fromkeys(IDS, CHEAP) | {"two": other}
    factory.write(six, notebooks)
    given = {"RAREEARTHS_DATA": str(six / "data")}
    assert render(six, **given).returncode == 0
    before = whole(six / "site", *IDS)
    table = six / "data/reference/elements.csv"
    table.write_bytes(table.read_bytes().replace(b"Nd", b"Nx", 1))
    done = render(six, **given)
    assert done.returncode == 1
    (line,) = [x for x in done.stderr.splitlines() if x.startswith("two failed")]
    assert line.startswith("two failed in two.ipynb, cell [3]: DataError: ")
    assert "elements.csv" in line
    assert "git checkout -- data/reference/elements.csv" in done.stderr
    assert {s for i, s in states(done).items() if i != "two"} == {"cached"}
    assert whole(six / "site", *IDS) == before


# Wrong input stops before anything is written

WRONG = {
    "list not UTF-8": ("reports.yml", b"reports:\n - {id: \xff}\n", "is not YAML in UTF-8"),
    "list cut": ("reports.yml", b"reports: [{id: on", "is not YAML in UTF-8"),
    "notebook not UTF-8": ("one.ipynb", b'{"cells": [\xff', "one.ipynb cannot be read as a note"),
    "notebook no JSON": ("one.ipynb", b"<<<<<<< ours", "one.ipynb cannot be read as a notebook"),
    "notebook a list": ("one.ipynb", b"[]", "one.ipynb cannot be read as a notebook"),
    "notebook empty": ("one.ipynb", b"{}", "one.ipynb"),
    "no cells": (
        "one.ipynb",
        b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
        "no cell tagged 'parameters'",
    ),
    "notebook missing": ("one.ipynb", None, "there is no notebook one.ipynb"),
    "notebook a folder": ("one.ipynb", "folder", "there is no notebook one.ipynb"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_named_and_nothing_is_written(six, name):
    file, content, said = WRONG[name]
    before = {p: p.read_bytes() for p in (six / "site").rglob("*") if p.is_file()}
    (six / file).unlink()
    if content == "folder":
        (six / file).mkdir()
    elif content is not None:
        (six / file).write_bytes(content)
    done = render(six)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert {p: p.read_bytes() for p in (six / "site").rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("epoch", ["soon", "1e9", "99999999999999999999", "-"])
def test_a_time_that_is_none_is_named(six, epoch):
    done = render(six, SOURCE_DATE_EPOCH=epoch)
    assert done.returncode == 2
    assert "SOURCE_DATE_EPOCH" in done.stderr
    assert "Traceback" not in done.stderr


# Full and closed folders


def limited(size: int):
    """Let no file of the command grow beyond a size, as when a disk is full."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "preexec_fn": limit}


def test_files_that_cannot_be_written_are_named_and_nothing_is_lost(six):
    """A record has about 9 kB, a page 7 kB."""
    before = {p: p.read_bytes() for p in (six / "site").rglob("*") if p.is_file()}
    (six / "site/index.html").unlink()
    change(six, one="6 * 7")
    done = Command("render", cwd=six, temporary=six / "tmp", options=limited(5500)).end()
    assert done.returncode == 1
    (line,) = [x for x in done.stderr.splitlines() if x.startswith("one failed")]
    assert "File too large" in line
    assert "index.html cannot be written: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    before.pop(six / "site/index.html")
    after = {p: p.read_bytes() for p in (six / "site").rglob("*") if p.is_file()}
    assert {p: after[p] for p in before} == before
    assert render(six).returncode == 0
    assert strays(six / "site") == []


def test_a_terminal_that_takes_nothing_stops_the_command_and_loses_nothing(six):
    change(six, one="6 * 7", two="6 * 7")
    with open("/dev/full", "w") as full:
        options = {"stdout": full, "stderr": subprocess.PIPE}
        command = Command("render", cwd=six, temporary=six / "tmp", options=options)
        done = command.end()
    assert done.returncode != 0
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    whole(six / "site", *IDS)
    assert render(six).returncode == 0
    assert strays(six / "site") == []


def bound() -> None:
    """Let root obey permissions like any other user: without the capability to override them."""
    if os.getuid() == 0:
        assert ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0) == 0


PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1
BOUND = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "preexec_fn": bound}


def test_a_site_that_is_read_only_is_named(six):
    before = whole(six / "site", *IDS)
    change(six, one="6 * 7")
    (six / "site/.lock").unlink()
    (six / "site").chmod(0o555)
    done = Command("render", cwd=six, temporary=six / "tmp", options=BOUND).end()
    assert done.returncode == 2
    assert "the site site cannot be written: Permission denied" in done.stderr
    assert "Traceback" not in done.stderr
    assert whole(six / "site", *IDS) == before


def test_a_folder_that_is_read_only_fails_the_reports_and_is_named(six):
    before = whole(six / "site", *IDS)
    change(six, one="6 * 7", two="6 * 7")
    (six / "site").chmod(0o555)
    done = Command("render", cwd=six, temporary=six / "tmp", options=BOUND).end()
    assert done.returncode == 1
    for name in ("one", "two"):
        (line,) = [x for x in done.stderr.splitlines() if x.startswith(f"{name} failed")]
        assert "Permission denied" in line
    assert "4 of 6 reports" in done.stdout
    assert whole(six / "site", *IDS) == before
    (six / "site").chmod(0o755)
    assert render(six).returncode == 0
    assert strays(six / "site") == []


# Several commands at once

WAITS = (
    "import pathlib\nimport time\n\npathlib.Path('{mine}').touch()\n"
    "while not pathlib.Path('{other}').exists():\n    time.sleep(0.02)"
)


def test_a_second_render_of_a_site_waits_and_finds_all_done(six):
    change(six, one=WAITS.format(mine="running", other="go"))
    first = Command("render", cwd=six, temporary=six / "tmp")
    while not (six / "running").exists():
        assert first.process.poll() is None
    second = Command("render", cwd=six, temporary=six / "tmp2")
    assert second.process.stdout.readline().startswith("Another command writes site; waiting")
    (six / "go").touch()
    done = [first.end(), second.end()]
    assert [d.returncode for d in done] == [0, 0], done[0].stderr + done[1].stderr
    assert states(done[0])["one"] == "rendered"
    assert set(states(done[1]).values()) == {"cached"}
    whole(six / "site", *IDS)
    assert strays(six / "site") == []


def test_two_sites_are_rendered_at_once(six):
    """Each waits for the other to run: one after the other they would not end."""
    change(six, one=WAITS.format(mine="first", other="second"))
    extra = with_cell(WAITS.format(mine="second", other="first"))
    factory.write(six, {"one": with_cell(WAITS.format(mine="first", other="second")), "two": extra})
    commands = [
        Command("render", name, "--site", name, cwd=six, temporary=six / f"tmp-{name}")
        for name in ("one", "two")
    ]
    done = [command.end() for command in commands]
    assert [d.returncode for d in done] == [0, 0], done[0].stderr + done[1].stderr
    whole(six / "one", "one")
    whole(six / "two", "two")


# A clock that was changed


def test_a_report_that_was_checked_in_the_future_is_due(six):
    manifest = json.loads((six / "site/manifest.json").read_text())
    manifest["reports"]["two"]["checked"] = "2099-01-01T00:00:00+00:00"
    (six / "site/manifest.json").write_text(json.dumps(manifest))
    done = render(six, "--due")
    assert done.returncode == 0
    assert states(done) == {"two": "cached"}
    again = render(six, "--due")
    assert states(again) == {}
    assert "0 of 0 reports" in again.stdout


def test_a_clock_that_was_set_back_stops_nothing(six):
    change(six, one="6 * 7")
    done = render(six, "one", SOURCE_DATE_EPOCH="86400")
    assert done.returncode == 0, done.stderr
    record = Site(six / "site").record("one")
    assert record["date"] == "1970-01-02"
    assert record["change"]["since"] == "2026-11-22"
    feed = (six / "site/feed.xml").read_text()
    assert "<updated>1970-01-02" not in feed.split("<entry>")[0]
