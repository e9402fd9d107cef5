"""Memory of the processes of a render at their peak, and what a worker holds on to."""

import json
import sys

from bench import commands, processes, project
from bench.figures import Bench, Figure
from bench.processes import COMMAND, FORKER, KERNEL, PAIR, SERVER, WORKER
from bench.project import Project

TITLE = "Memory"
TELLS = (
    "PSS counts a page that several processes share in proportion, RSS counts it for each. *Worker "
    "and kernel* is the largest worker and the largest kernel of the same moment. Looked at ten "
    "times a second. What the kernel server has imported is shared by its kernels and comes once."
)
MANY, EARLY = 200, 20  # reports of one worker
_ROWS = (
    (PAIR, "worker and kernel, PSS", 0, 400), (PAIR, "worker and kernel, RSS", 1, None),
    (KERNEL, "largest kernel, RSS", 1, None), (WORKER, "largest worker, RSS", 1, None),
    (SERVER, "kernel server, PSS", 0, None), (SERVER, "kernel server, RSS", 1, None),
    (FORKER, "worker server, PSS", 0, None), (COMMAND, "the command, PSS", 0, None),
)  # fmt: skip


def run(bench: Bench) -> list[Figure]:
    """Watch a render of all notebooks, then make one report many times in one worker."""
    copy = project.copy(bench.scratch / "memory")
    bench.say("memory of a render")
    command = copy.command(*copy.places("site"))
    with (
        commands.started(command, copy.folder, copy.env) as (process, _),
        processes.Sampler(process.pid, every=0.1) as sampler,
    ):
        process.wait()
    note = f"of {len(copy.ids)} reports, {sampler.looks} looks"
    figures = [
        Figure(f"{name}, peak", [sampler.peaks[kind][which]], "MB", limit, note=note)
        for kind, name, which, limit in _ROWS
    ]
    return figures + _held(bench, copy)


def _held(bench: Bench, copy: Project) -> list[Figure]:
    count = MANY if bench.runs > 1 else 2 * EARLY
    bench.say(f"one worker makes the template's report {count} times")
    text = "reports:\n  - {id: one, notebook: notebooks/_template.ipynb, schedule: monthly}\n"
    (copy.folder / "one.yml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "bench.inside", "many", "--count", str(count)]
    command += ["--site", "many", "--config", "one.yml"]
    done = commands.run(command, copy.folder, copy.env)
    seen = json.loads(done.lines[-1][1])
    if len({look["pid"] for look in seen}) != 1 or len(seen) != count:
        raise commands.CommandFailed("there was more than one worker")
    early, late = seen[EARLY - 1], seen[-1]
    return [
        Figure(f"worker after {EARLY} reports, RSS", [early["rss"]], "MB"),
        Figure(f"worker after {count} reports, RSS", [late["rss"]], "MB"),
        Figure("what it has grown by in between", [late["rss"] - early["rss"]], "MB", at_most=10),
        *(
            Figure(
                f"{name} that it has more than after {EARLY}",
                [late[key] - early[key]],
                "",
                at_most=0,
                note=f"{early[key]}, then {late[key]}",
            )
            for key, name in (
                ("files", "open files"),
                ("signals", "event descriptors (each zmq socket has one)"),
            )
        ),
    ]
