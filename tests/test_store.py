"""The site folder: whatever stops a command, every page stands with its own record and notebook."""

import errno
import hashlib
import inspect
import io
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from factory import HANGS_S, strays
from rareearths.reports import config, site
from rareearths.reports.store import DIGEST, Site, SiteError

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
KEPT = {"index.html", "manifest.json", "changes.json", "feed.xml", "alerts.json", "alerts.md"}


def files_of(report_id: str, number: int) -> dict[str, str]:
    """Return the three texts of a report, as a render makes them."""
    link = f'<link rel="alternate" href="records/{report_id}.{DIGEST}.json">'
    draft = f"<html><head>{link}</head><body>{number}</body></html>"
    record = {
        "id": report_id, "state": "rendered", "title": f"About {report_id}", "headline": "One.",
        "date": "2026-11-22", "notebook": "n.ipynb", "numbers": {"number": number},
        "warnings": [], "change": None, "page": hashlib.sha256(draft.encode()).hexdigest(),
    }  # fmt: skip
    return {"draft": draft, "record": json.dumps(record), "notebook": f'{{"n": {number}}}'}


def publish(folder: Path, report_id: str, number: int) -> None:
    Site(folder).publish(report_id, **files_of(report_id, number))


def number_of(folder: Path, report_id: str) -> int | None:
    """Return the number of a report, the same in page, record and notebook; None if damaged."""
    record = Site(folder).record(report_id)
    if record is None:
        return None
    number = record["numbers"]["number"]
    assert f"<body>{number}</body>" in (folder / f"{report_id}.html").read_text()
    notebook = Site(folder).record_path(report_id).with_suffix(".ipynb")
    assert json.loads(notebook.read_text()) == {"n": number}
    return number


def reports(*ids: str) -> list[config.Report]:
    return [config.Report(i, Path("n.ipynb"), "monthly") for i in ids]


# Publication


def test_a_report_is_published_whole_and_its_old_files_go(tmp_path):
    for number in (1, 2):
        publish(tmp_path, "a", number)
        assert number_of(tmp_path, "a") == number
    assert len(list((tmp_path / "records").iterdir())) == 2


def test_the_same_report_again_writes_nothing(tmp_path):
    publish(tmp_path, "a", 1)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    publish(tmp_path, "a", 1)
    assert {p: before[p] for p in before if p.is_file()} == {
        p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()
    }


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


# What is done to page, record and notebook
DAMAGES = {
    "page cut": lambda page, record, notebook: cut(page),
    "page changed": lambda page, record, notebook: edit(page, "<body>1", "<body>7"),
    "page empty": lambda page, record, notebook: page.write_bytes(b""),
    "page not UTF-8": lambda page, record, notebook: page.write_bytes(page.read_bytes() + b"\xff"),
    "page a folder": lambda page, record, notebook: (page.unlink(), page.mkdir()),
    "record changed": lambda page, record, notebook: edit(record, "One", "Two"),
    "record cut": lambda page, record, notebook: cut(record),
    "record not UTF-8": lambda page, record, notebook: record.write_bytes(b"\xff\xfe"),
    "record a list": lambda page, record, notebook: record.write_text("[]"),
    "record missing": lambda page, record, notebook: record.unlink(),
    "notebook missing": lambda page, record, notebook: notebook.unlink(),
    "notebook changed": lambda page, record, notebook: notebook.write_text("{}"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_report_is_none(tmp_path, name):
    publish(tmp_path, "a", 1)
    assert number_of(tmp_path, "a") == 1
    record = Site(tmp_path).record_path("a")
    DAMAGES[name](tmp_path / "a.html", record, record.with_suffix(".ipynb"))
    assert Site(tmp_path).record("a") is None


# A disk that is full, at each of the moments at which a system call can say so


def failing_at(monkeypatch, name: str, call: int):
    """Let one function of the system fail at its n-th call."""
    real, calls = getattr(os, name), []

    def fake(*arguments, **named):
        calls.append(1)
        if len(calls) == call:
            raise FULL
        return real(*arguments, **named)

    monkeypatch.setattr(os, name, fake)
    return calls


@pytest.mark.parametrize("name", ["fsync", "replace", "unlink"])
def test_a_full_disk_loses_nothing(tmp_path, monkeypatch, name):
    """Each call of a publication fails in turn: the old report or the new one is there, whole."""
    failed = 0
    for call in range(1, 9):
        folder = tmp_path / str(call)
        publish(folder, "a", 1)
        with monkeypatch.context() as patch:
            failing_at(patch, name, call)
            try:
                publish(folder, "a", 2)
            except OSError:
                failed += 1
        assert number_of(folder, "a") in (1, 2)
        with Site(folder).lock():
            pass
        assert strays(folder) == []
        publish(folder, "a", 3)
        assert number_of(folder, "a") == 3
    assert failed, "the fault was met"


@pytest.mark.parametrize("call", range(1, 7))
def test_an_index_that_cannot_be_written_is_named(tmp_path, monkeypatch, call):
    publish(tmp_path, "a", 1)
    site.write(reports("a"), Site(tmp_path), {})
    before = {p.name: p.read_text() for p in tmp_path.iterdir() if p.name in KEPT}
    assert set(before) == KEPT
    publish(tmp_path, "b", 2)
    for name in KEPT:
        (tmp_path / name).unlink()
    failing_at(monkeypatch, "replace", call)
    with pytest.raises(SiteError, match="No space left on device") as refused:
        site.write(reports("a", "b"), Site(tmp_path), {})
    assert any(name in str(refused.value) for name in KEPT)
    site.write(reports("a", "b"), Site(tmp_path), {})
    assert {p.name for p in tmp_path.iterdir() if p.is_file()} == KEPT | {"a.html", "b.html"}


# A command that is killed

PUBLISHES = """
import hashlib, json, sys
from pathlib import Path
from rareearths.reports.store import DIGEST, Site
FILES_OF
number, site = int(sys.argv[2]), Site(Path(sys.argv[1]))
with site.lock():
    while True:
        number += 1
        for name in ("a", "b", "c"):
            site.publish(name, **files_of(name, number))
        print(number, flush=True)
"""


def test_a_publication_that_is_killed_loses_nothing(tmp_path):
    """The process does nothing but publish, and is killed 40 times."""
    script = PUBLISHES.replace("FILES_OF", inspect.getsource(files_of))
    chance, number, torn = random.Random(7), 0, 0
    for _ in range(40):
        command = [sys.executable, "-c", script, str(tmp_path), str(number)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert int(process.stdout.readline()) == number + 1
            time.sleep(chance.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
            said = [number + 1, *map(int, process.stdout.read().split())]
        found = [number_of(tmp_path, name) for name in ("a", "b", "c")]
        assert all(n in (said[-1], said[-1] + 1, said[-1] + 2) for n in found), (found, said)
        torn += bool(strays(tmp_path))
        number = max(found)
    assert torn, "it was killed in the middle of a publication too"
    with Site(tmp_path).lock() as waited:
        assert not waited
    assert strays(tmp_path) == []
    assert len(list((tmp_path / "records").iterdir())) == 6


# One command at a time


def test_a_second_command_waits_and_says_so(tmp_path, monkeypatch):
    order, said = [], io.StringIO()
    monkeypatch.setattr(sys, "stdout", said)

    def second() -> None:
        with Site(tmp_path).lock() as waited:
            order.append(("second", waited))

    with Site(tmp_path).lock() as waited:
        order.append(("first", waited))
        thread = threading.Thread(target=second)
        thread.start()
        ends = time.monotonic() + HANGS_S
        while "waiting for it to end" not in said.getvalue() and time.monotonic() < ends:
            time.sleep(0.01)
        order.append(("first ends", None))
    thread.join(HANGS_S)
    assert f"Another command writes {tmp_path}" in said.getvalue()
    assert order == [("first", False), ("first ends", None), ("second", True)]


def test_a_site_that_is_a_file_is_named(tmp_path):
    (tmp_path / "site").write_text("")
    with (
        pytest.raises(SiteError, match=r"site .* cannot be written: File exists"),
        Site(tmp_path / "site").lock(),
    ):
        pass


# Manifest and joining


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{", "null", '{"reports": []}', '{"reports": {"a": 3}}',
        '{"reports": {"a": {"checked": 3}}}', '{"reports": {"a": {"checked": null}}}',
        '{"reports": {"a": {"checked": "soon"}}}', '{"reports": {"a": {}}}',
        '{"reports": {"a": {"checked": "0001-01-01T00:00+23:00"}}}', "\udcff",
    ],
)  # fmt: skip
def test_a_damaged_manifest_knows_no_times_and_is_made_again(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text, errors="surrogateescape")
    assert site.checked(tmp_path) == {}
    publish(tmp_path, "a", 1)
    time = datetime(2026, 11, 22, tzinfo=UTC)
    site.write(reports("a"), Site(tmp_path), {"a": time})
    assert site.checked(tmp_path) == {"a": time}


def test_a_time_without_a_zone_is_utc(tmp_path):
    entry = {"checked": "2026-11-22T05:00:00"}
    (tmp_path / "manifest.json").write_text(json.dumps({"reports": {"a": entry}}))
    assert site.checked(tmp_path) == {"a": datetime(2026, 11, 22, 5, tzinfo=UTC)}


@pytest.mark.parametrize("text", ["", "[]", "3", "null", "{}", '{"cell": 3}', '"x"'])
def test_a_damaged_failure_stops_no_index(tmp_path, text):
    publish(tmp_path, "a", 1)
    (tmp_path / "records/a.error.json").write_text(text)
    site.write(reports("a", "b"), Site(tmp_path), {})
    assert "About a" in (tmp_path / "index.html").read_text()


DAY = datetime(2026, 11, 22, tzinfo=UTC)
FAILURE = {"notebook": "n.ipynb", "cell": 4, "error": "wrong", "source": "", "traceback": ""}


def part(folder: Path, checked: dict[str, datetime], number: int = 1, failed: str = "") -> Path:
    """Write a site with some reports, as the render of a shard leaves it."""
    for report_id in checked:
        publish(folder, report_id, number)
    if failed:
        Site(folder).write_failure(failed, FAILURE)
    site.write(reports("a", "b"), Site(folder), checked)
    return folder


def test_of_a_report_in_two_sites_the_newer_is_taken(tmp_path):
    one = part(tmp_path / "1", {"a": DAY, "b": DAY.replace(day=23)}, number=1)
    two = part(tmp_path / "2", {"a": DAY.replace(day=23), "b": DAY}, number=2)
    for order, target in [((one, two), "x"), ((two, one), "y")]:
        joined = tmp_path / target
        assert site.join(list(order), Site(joined), reports("a", "b")) == 2
        assert (number_of(joined, "a"), number_of(joined, "b")) == (2, 1)
        assert site.checked(joined) == dict.fromkeys(("a", "b"), DAY.replace(day=23))


def test_what_failed_in_a_shard_has_failed_in_the_whole(tmp_path):
    one = part(tmp_path / "1", {"a": DAY}, failed="a")
    two = part(tmp_path / "2", {"a": DAY}, failed="b")
    joined = tmp_path / "x"
    assert site.join([one, two], Site(joined), reports("a", "b")) == 1
    assert Site(joined).failure("a") == Site(joined).failure("b") == FAILURE
    assert (joined / "index.html").read_text().count("The newest run failed") == 2


def test_a_failure_that_is_repaired_in_a_shard_is_gone(tmp_path):
    old = part(tmp_path / "1", {"a": DAY}, failed="a")
    new = part(tmp_path / "2", {"a": DAY.replace(day=23)}, number=2)
    joined = tmp_path / "x"
    site.join([old, new], Site(joined), reports("a"))
    assert Site(joined).failure("a") is None
    assert number_of(joined, "a") == 2


def test_a_site_joined_with_itself_stays_as_it_is(tmp_path):
    folder = part(tmp_path, {"a": DAY}, failed="a")
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    site.join([folder], Site(folder), reports("a", "b"))
    before[folder / ".lock"] = b""
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_a_damaged_page_or_a_folder_that_is_no_site_is_named(tmp_path):
    one = part(tmp_path / "1", {"a": DAY})
    (one / "a.html").write_text("")
    with pytest.raises(SiteError, match=r"a\.html or its record is damaged; render it again"):
        site.join([one], Site(tmp_path / "x"), reports("a"))
    with pytest.raises(SiteError, match=r"is not a site: it has no manifest\.json"):
        site.join([tmp_path], Site(tmp_path / "x"), reports("a"))
