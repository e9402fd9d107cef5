"""Rendering through the command line: what runs and why, parts, exit codes, the same bytes."""

import csv
import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml

import factory
from conftest import ROOT, run_cli
from factory import CHEAP, render, whole, with_cell
from rareearths import build
from rareearths.reports import config, schedule
from rareearths.reports.store import Site

IDS = ("one", "two", "three")
OTHER = [cell.replace("blocs", "elements") for cell in CHEAP]
MATRIX = {
    "reports": [{"id": i, "notebook": f"{i}.ipynb", "schedule": "monthly"} for i in IDS],
    "matrix": [
        {"name": "grid", "notebook": "two.ipynb", "schedule": "daily",
         "parameters": {"number": [2, 3]}},
        {"name": "line", "notebook": "two.ipynb", "schedule": "yearly",
         "parameters": {"number": [4]}},
    ],
}  # fmt: skip


def files(site: Path) -> dict[str, bytes]:
    """Return every file of a site but that of the lock."""
    found = {p.relative_to(site).as_posix(): p.read_bytes() for p in site.rglob("*") if p.is_file()}
    return {name: data for name, data in found.items() if name != ".lock"}


def planned(folder: Path, *arguments: str) -> dict[str, str]:
    """Return what `render --plan` says of each report."""
    done = render(folder, "--plan", *arguments)
    assert done.returncode == 0, done.stderr
    *lines, _, last = done.stdout.splitlines()
    said = dict(line.split(": ", 1) for line in lines)
    running = sum(text != "up to date" for text in said.values())
    assert last == f"{running} of {len(said)} reports would run"
    return said


def states(done) -> dict[str, str]:
    """Return the state of each report in the table of a render."""
    table = done.stdout.partition("\nreport ")[2].partition("\n\n")[0]
    return dict(re.match(r"(\S+) +(no data|\w+)", row).groups() for row in table.splitlines()[1:])


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """A project with three reports and two matrices, rendered once."""
    folder = tmp_path_factory.mktemp("rendered")
    factory.write(folder, {"one": CHEAP, "two": CHEAP, "three": OTHER})
    (folder / "reports.yml").write_text(yaml.safe_dump(MATRIX))
    done = render(folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def project(rendered, tmp_path):
    """A copy of it."""
    return Path(shutil.copytree(rendered, tmp_path / "p"))


ALL = ("one", "two", "three", "grid-2", "grid-3", "line-4")


# What runs, and why


def test_a_new_project_was_never_rendered(project):
    shutil.rmtree(project / "site")
    assert planned(project) == dict.fromkeys(ALL, "never rendered")
    assert not (project / "site").exists()


def test_nothing_runs_twice_without_a_reason(project):
    before = files(project / "site")
    assert planned(project) == dict.fromkeys(ALL, "up to date")
    done = render(project)
    assert states(done) == dict.fromkeys(ALL, "cached")
    assert files(project / "site") == before


def test_a_reason_is_said_and_only_what_has_one_runs(project):
    factory.write(project, {"one": with_cell("6 * 7"), "two": CHEAP, "three": OTHER})
    content = json.loads(json.dumps(MATRIX))
    content["reports"][2]["parameters"] = {"number": 5}
    (project / "reports.yml").write_text(yaml.safe_dump(content))
    Site(project / "site").write_failure("two", {"notebook": "two.ipynb", "error": "it failed"})
    (project / "site/line-4.html").unlink()
    assert planned(project) == {
        "one": "notebook changed",
        "two": "the newest run failed",
        "three": "parameters changed",
        "grid-2": "up to date",
        "grid-3": "up to date",
        "line-4": "never rendered",
    }
    changed = planned(project, "--changed")
    assert "line-4" not in changed, "it is not published"
    before = files(project / "site")
    done = render(project)
    assert done.returncode == 0, done.stderr
    ran = {name for name, state in states(done).items() if state == "rendered"}
    assert ran == {"one", "two", "three", "line-4"}
    after = files(project / "site")
    assert {n for n in before if n.startswith("records/grid")} <= set(after)
    assert Site(project / "site").failure("two") is None
    assert set(planned(project).values()) == {"up to date"}


def test_a_choice_by_id_pattern_matrix_and_shard(project):
    def chosen(*arguments: str) -> list[str]:
        return list(planned(project, *arguments))

    assert chosen("one") == ["one"]
    assert chosen("--only", "one", "grid-*") == ["one", "grid-2", "grid-3"]
    assert chosen("--matrix") == ["grid-2", "grid-3", "line-4"]
    assert chosen("--matrix", "line") == ["line-4"]
    parts = [chosen("--shard", f"{i}/4") for i in (1, 2, 3, 4)]
    assert sorted(name for part in parts for name in part) == sorted(ALL)
    assert planned(project, "--force") == dict.fromkeys(ALL, "asked for")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--shard", "3/2"], "a shard is i/n with i from 1 to n"),
        (["--shard", "one"], "a shard is i/n with i from 1 to n"),
        (["--matrix", "gird"], "no matrix 'gird' in the report list; closest: grid"),
        (["--due", "--at", "soon"], "'soon' is not a time"),
        (["onee"], "no report 'onee' in reports.yml; closest: one"),
        (["--jobs", "0"], "a whole number from 1 is wanted"),
        (["--config", "none.yml"], "none.yml: No such file or directory"),
    ],
)
def test_a_wrong_choice_exits_with_2(project, arguments, said):
    done = render(project, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_due_reports_are_those_not_checked_in_their_period(project):
    """All were checked on 22 November 2026."""

    def due(at: str) -> list[str]:
        done = run_cli("due", "--at", at, cwd=project)
        assert done.returncode == 0
        return [line.split()[0] for line in done.stdout.splitlines()]

    assert due("2026-11-22T23:59") == []
    assert due("2026-11-23") == ["grid-2", "grid-3"]
    assert due("2026-12-01T00:00+09:00") == ["grid-2", "grid-3"], "still November, UTC"
    assert due("2026-12-01") == ["one", "two", "three", "grid-2", "grid-3"]
    assert due("2027-01-01") == list(ALL)
    assert due("2026-11-01") == list(ALL), "checked in the future"
    planned_then = planned(project, "--due", "--at", "2026-11-23")
    assert planned_then == dict.fromkeys(("grid-2", "grid-3"), "up to date")
    epoch = str(int(schedule.parse_time("2026-11-23T05:00").timestamp()))
    done = render(project, "--due", SOURCE_DATE_EPOCH=epoch)
    assert states(done) == dict.fromkeys(("grid-2", "grid-3"), "cached")
    assert due("2026-11-23T06:00") == [], "found up to date is checked"


def test_the_table_says_state_time_memory_and_headline(project):
    done = render(project, "one", "two", "--force")
    header, one, two = done.stdout.partition("\nreport")[2].splitlines()[:3]
    assert header.split() == ["state", "seconds", "peak", "MB", "headline"]
    for row, name in [(one, "one"), (two, "two")]:
        found = re.fullmatch(rf"{name} +rendered +(\d+\.\d) +(\d+)  12 rows", row)
        assert float(found[1]) > 0
        assert int(found[2]) > 50
    assert re.search(r"2 of 2 reports in \d+\.\d s: site/index\.html", done.stdout)
    assert re.search(r"\[[12]/2\] one: rendered, \d+\.\d s", done.stdout)


def test_a_terminal_without_unicode_loses_only_signs(project):
    cells = [cell.replace("{n:count} rows", "{n:count} Reihen für 日本") for cell in CHEAP]
    factory.write(project, {"one": cells, "two": CHEAP, "three": OTHER})
    done = render(project, "one", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "12 Reihen f" in done.stdout
    assert Site(project / "site").record("one")["headline"] == "12 Reihen für 日本"


# The same bytes


def test_shards_joined_are_the_site_rendered_at_once(project):
    for part in ("1/3", "2/3", "3/3"):
        done = render(project, "--shard", part, "--site", f"part{part[0]}", "--jobs", "1")
        assert done.returncode == 0, done.stderr
    done = run_cli("site", "part1", "part2", "part3", "--site", "joined", cwd=project)
    assert done.returncode == 0, done.stderr
    assert "6 reports: joined/index.html" in done.stdout
    assert files(project / "joined") == files(project / "site")


REAL = (
    "global-supply-cobalt",
    "data-quality-japan-rare-earths",
    "policy-timeline-japan-rare-earths",
)


def test_two_renders_of_the_same_inputs_are_the_same_bytes(rendered, tmp_path):
    """Warm kernels and two at once, against ordinary ones one by one; ours and three of ours."""
    known = {r.id for r in config.load(ROOT / "reports.yml")}
    assert known.issuperset(REAL)
    sites = []
    for name, how in [("warm", ["--jobs", "2"]), ("stock", ["--stock", "--jobs", "1"])]:
        site, state = tmp_path / name, tmp_path / f"{name}-state"
        places = ["--site", str(site), "--state", str(state)]
        done = run_cli("render", *REAL, *places, *how)
        assert done.returncode == 0, done.stderr
        sites.append(files(site))
    assert len(sites[0]) == 7 + 3 * len(REAL)
    assert set(sites[0]) == set(sites[1])
    differ = [name for name in sites[0] if sites[0][name] != sites[1][name]]
    assert differ == []


def test_a_small_project_again_in_ordinary_kernels_is_the_same_bytes(project):
    done = render(project, "--site", "again", "--stock", "--jobs", "1", "--state", "state")
    assert done.returncode == 0, done.stderr
    assert files(project / "again") == files(project / "site")


# Change since the last report, and alerts

SHARE = [
    "number: int = 1  # a number",
    'from rareearths import catalogue, reports\n\nrows = catalogue.load("china_export_quotas")',
    'total = float(rows["quota_t"].sum()) * number',
    'reports.say("How much?", role="title")',
    'reports.say("{t:count} t.", role="answer", t=total)',
    "reports.sources()",
    'reports.record("{total:count} t", total=total)',
]


def rows_of(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.reader(text))


def edit(data: Path, change, monkeypatch) -> None:
    """Change the rows of the table of quotas, and seal it."""
    file = data / "trade/china_export_quotas.csv"
    header, *rows = rows_of(file)
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([header, *change(header, rows)])
    monkeypatch.setenv("RAREEARTHS_DATA", str(data))
    build.seal(["china_export_quotas"])


def new_year(header: list[str], rows: list[list[str]]) -> list[list[str]]:
    last = list(rows[-1])
    last[header.index("year")] = str(int(last[header.index("year")]) + 1)
    last[header.index("quota_t")] = "1000"
    return [*rows, last]


def revised(header: list[str], rows: list[list[str]]) -> list[list[str]]:
    place = header.index("quota_t")
    first = list(rows[0])
    first[place] = str(float(first[place]) + 500)
    return [first, *rows[1:]]


def test_a_change_is_split_shown_and_told(tmp_path, monkeypatch):
    """A new year brings 1,000 t, a revision 500 t; then the method doubles all."""
    data = Path(shutil.copytree(ROOT / "data", tmp_path / "data"))
    alerts = {"share": {"alerts": [{"number": "total", "change": 100}]}}
    folder = factory.write(tmp_path / "p", {"share": SHARE, "calm": CHEAP}, **alerts)
    site = folder / "site"

    def rendered(epoch: int, *arguments: str):
        given = {"RAREEARTHS_DATA": str(data), "SOURCE_DATE_EPOCH": str(epoch)}
        return render(folder, *arguments, **given)

    first = rendered(1795305600)
    assert first.returncode == 0, first.stderr
    assert Site(site).record("share")["change"] is None
    total = Site(site).record("share")["numbers"]["total"]

    edit(data, lambda header, rows: revised(header, new_year(header, rows)), monkeypatch)
    second = rendered(1795392000, "--fail-on-alert")
    assert second.returncode == 3, second.stderr
    assert "alert: total changed by +1500 (limit 100)" in second.stderr
    record = Site(site).record("share")
    parts = record["change"]["numbers"]["total"]
    assert (parts["before"], parts["after"]) == (total, total + 1500)
    assert (parts["real"], parts["revision"], parts["method"]) == (1000, 500, 0)
    said = "1 number changed since 2026-11-22: 1 by new periods, 1 by revised data"
    for file in ("share.html", "index.html", "feed.xml"):
        assert said in (site / file).read_text(), file
    table = re.sub("<[^>]*>", " ", (site / "share.html").read_text()).split()
    assert "493,196 +1000 +500 0" in " ".join(table)
    (told, _) = json.loads((site / "changes.json").read_text())["reports"]
    assert told["change"] == record["change"]
    alerts = json.loads((site / "alerts.json").read_text())["alerts"]
    assert [a["report"] for a in alerts] == ["share"]
    assert states(second)["calm"] == "cached"

    factory.write(folder, {"share": [c.replace("* number", "* 2") for c in SHARE], "calm": CHEAP})
    third = rendered(1795478400, "--fail-on-alert")
    assert third.returncode == 0, "no threshold is left"
    parts = Site(site).record("share")["change"]["numbers"]["total"]
    assert (parts["real"], parts["revision"], parts["method"]) == (0, 0, total + 1500)
    feed = ElementTree.parse(site / "feed.xml").getroot()
    atom = "{http://www.w3.org/2005/Atom}"
    told = [
        (entry.find(f"{atom}link").get("href"), entry.findtext(f"{atom}updated")[:10])
        for entry in feed.iter(f"{atom}entry")
    ]
    assert told == [
        ("share.html", "2026-11-24"),
        ("share.html", "2026-11-23"),
        ("calm.html", "2026-11-22"),
        ("share.html", "2026-11-22"),
    ]
    assert set(json.loads((site / "alerts.json").read_text())["alerts"]) == set()


def test_a_failure_counts_more_than_an_alert(tmp_path):
    settings = {"loud": {"alerts": [{"number": "n", "above": 1}]}}
    cells = {"loud": CHEAP, "bad": with_cell("1 / 0")}
    folder = factory.write(tmp_path / "p", cells, **settings)
    done = render(folder, "--fail-on-alert")
    assert done.returncode == 1
    assert "alert: n is 12, above 1" in done.stderr
    assert render(folder, "loud", "--fail-on-alert").returncode == 3
    assert render(folder, "loud").returncode == 0
    whole(folder / "site", "loud")
