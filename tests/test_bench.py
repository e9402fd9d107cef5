"""The benchmarks' own sums, tables and readings; nothing here takes the time of anything."""

import json
import os
import subprocess
import sys

import pytest

from bench import __main__, commands, page, processes, project
from bench.commands import Done
from bench.figures import Figure
from conftest import ROOT


def shown(*figures: Figure, **given) -> dict:
    about = {
        "cores": 2,
        "processor": "p",
        "memory_mb": 8000,
        "system": "Linux 6",
        "python": "3.12.1",
        "packages": {"papermill": "2.7.0", "pyzmq": ""},
    }
    topic = {"title": "T", "tells": "What.", "date": "2026-01-01 00:00", "runs": 3}
    topic |= {"load_before": 0.1, "machine": about, "error": "", "seconds": 5}
    return topic | {"figures": [f.as_dict() for f in figures]} | given


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [
        (Figure("a", [1.0, 9.0, 1.2]), ""),
        (Figure("a", [1.0, 9.0, 1.2], at_most=1.2), "met"),
        (Figure("a", [1.0, 9.0, 2.4], at_most=1.2), "missed: 2.4 is 100% off"),
        (Figure("a", [7.0, 5.0, 6.0], at_least=6), "met"),
        (Figure("a", [4.5], at_least=6), "missed: 4.5 is 25% off"),
        (Figure("a", [3.0], at_most=0), "missed: 3 instead of 0"),
        (Figure("a", [], at_most=1, error="no"), "not measured"),
    ],
)
def test_the_median_is_compared_with_the_target(figure, verdict):
    assert figure.verdict == verdict


def test_results_hold_every_repetition():
    found = Figure("a", [3.0, 1.0, 2.00049]).as_dict()
    assert found["values"] == [3.0, 1.0, 2.0]
    assert (found["median"], found["lowest"], found["highest"]) == (2.0, 1.0, 3.0)
    assert Figure("a", [], error="gone").as_dict()["median"] is None


def test_the_page_shows_systems_by_speed_and_what_failed():
    text = page.readme(
        {
            "one": shown(
                Figure("a", [30.0], system="stock"),
                Figure("b", [10.0], system="**own**"),
                Figure("c", [5.0], system="faster"),
                Figure("d", [], error="no | such\nfile", system="broken"),
            )
        }
    )
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[0] for row in rows[1:5]] == [
        "| faster",
        "| **own**",
        "| stock",
        "| broken",
    ]
    assert "| faster | 5.0 | 0.50 times as long |" in text
    assert "| broken | failed | no \\| such file |" in text
    assert (
        "Measured on 2 cores (p), 8 GB of memory, Linux 6, Python 3.12.1; papermill 2.7.0." in text
    )


def test_the_page_says_what_is_missed_and_what_not_to_trust():
    missed = Figure("slow", [2.0, 4.0, 3.0], at_most=1.5)
    text = page.readme({"one": shown(missed, load_before=2.0), "two": shown(error="It | fell")})
    assert (
        "| slow | 3.00 s | 2.00 s to 4.00 s | at most 1.5: **missed: 3 is 100% off** |  |" in text
    )
    assert text.count("The machine was busy") == 1
    assert "Not measured: It \\| fell" in text


def test_the_published_page_is_that_of_the_results():
    results = json.loads((ROOT / "bench/results.json").read_text(encoding="utf-8"))
    assert (ROOT / "bench/README.md").read_text(encoding="utf-8") == page.readme(results)
    assert list(results) == list(__main__.TOPICS)
    assert all(f["values"] or f["error"] for topic in results.values() for f in topic["figures"])


def test_an_unknown_topic_names_the_known_ones(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench", "rendring"])
    with pytest.raises(SystemExit):
        __main__.main()
    assert "no topic rendring; there are rendering, " in capsys.readouterr().err


def test_a_topic_that_fails_leaves_its_error(monkeypatch, tmp_path):
    def run(bench):
        raise commands.CommandFailed(f"in {bench.scratch} it broke")

    monkeypatch.setattr(__main__.TOPICS["memory"], "run", run)
    found = __main__.measured("memory", 1, tmp_path, 0.1)
    assert found["error"] == "CommandFailed: in  it broke"
    assert found["figures"] == []


# What is read from commands and processes


def test_a_render_tells_when_each_report_started():
    lines = [(9.0, "[1/2] b-1: rendered, 6.0 s"), (9.5, "    warning: x")]
    done = Done(12.0, [*lines, (11.0, "[2/2] a: no data, 2.5 s")])
    assert done.results == {"b-1": ("rendered", 3.0, 9.0), "a": ("no data", 8.5, 11.0)}
    assert done.warm_up == 3.0


def test_a_command_that_fails_says_what_it_said():
    script = "import sys; print(input(), flush=True); sys.exit('gone')"
    with pytest.raises(commands.CommandFailed, match=r"ended with 1: hello\ngone"):
        commands.run([sys.executable, "-c", script], ROOT, dict(os.environ), stdin="hello\n")


def test_processes_are_told_apart_by_parent_and_command():
    assert (
        processes._kind("command", "python -m rareearths.reports.kernels.server /s")
        == "kernel server"
    )
    assert (
        processes._kind("kernel server", "python -m rareearths.reports.kernels.server /s")
        == "kernel"
    )
    assert processes._kind("worker server", "python") == "worker"
    assert processes._kind("command", "git describe") == "other"


def test_memory_and_files_of_a_process_are_read():
    script = (
        "import os; e = os.eventfd(0); b = bytearray(60_000_000); print(1, flush=True); input()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", script], **pipes) as process:
        process.stdout.readline()
        assert processes.family(os.getpid())[process.pid] == "other"
        pss, rss = processes.memory_mb(process.pid)
        assert 60 < pss <= rss < 200
        assert processes.open_files(process.pid) == {"files": 4, "signals": 1}
        process.communicate("\n")


def test_the_copied_project_has_a_report_for_each_notebook(tmp_path):
    from rareearths.reports import config

    copy = project.copy(tmp_path / "copy")
    reports = config.load(copy.folder / "reports.yml")
    numbered = sorted(path.name for path in (ROOT / "notebooks").glob("[1-9]*.ipynb"))
    assert [r.notebook.name for r in reports] == numbered
    assert [copy.notebook(r.id) for r in reports] == [r.notebook for r in reports]
    assert [r.id for r in reports] == copy.ids
