"""What is rendered again after a change, and how long it takes to see that nothing is to do."""

import csv
import json
from pathlib import Path

from bench import commands, processes, project
from bench.figures import Bench, Figure
from bench.project import Project

TITLE = "After a change"
TELLS = (
    "The reports of a rendered site are asked for again, after one thing has changed at a time. "
    "*Wrongly run or left* counts the reports that ran although their record does not list what "
    "changed, and those that did not although it does."
)
AGAIN = 5  # repetitions of a command of a second
TABLE, ROW = "oxide_prices", {"year": "1900"}  # no report shows this year
PARAMETERS = {"material": "cobalt", "exporter": "COD"}  # of the first notebook


def run(bench: Bench) -> list[Figure]:
    """Render all, then again after nothing, a table, a parameter and a module has changed."""
    copy = project.copy(bench.scratch / "caching")
    bench.say("a first render")
    copy.render("site")
    figures = _nothing(bench, copy)
    for change in (_table, _parameter, _module):
        bench.say(f"after a change: {change.__name__.strip('_')}")
        what, expected = change(copy)
        done = copy.render("site")
        figures += _compared(what, set(done.results), expected, done.seconds)
    return figures


def _nothing(bench: Bench, copy: Project) -> list[Figure]:
    bench.say("nothing changed")
    seconds, others = [], []
    for _ in range(AGAIN):
        command = copy.command(*copy.places("site"))
        with (
            commands.started(command, copy.folder, copy.env) as (process, done),
            processes.Sampler(process.pid, every=0.02, with_memory=False) as sampler,
        ):
            process.wait()
        if done.results or not sampler.looks:
            raise commands.CommandFailed(f"unwatched, or these ran: {list(done.results)}")
        seconds.append(done.seconds)
        others.append(len(set(sampler.seen) - {process.pid}))
    looks = "processes below the command, looked at 50 times a second"
    return [
        Figure("nothing changed, the whole command", seconds, at_most=1.5),
        Figure("nothing changed, kernels and workers started", others, "", at_most=0, note=looks),
    ]


def _compared(what: str, ran: set[str], expected: set[str], seconds: float) -> list[Figure]:
    note = f"lists it: {len(expected)}; seconds: {seconds:.1f}"
    wrong = sorted(ran ^ expected)
    return [
        Figure(f"{what}: reports run", [len(ran)], "", note=note),
        Figure(f"{what}: wrongly run or left", [len(wrong)], "", at_most=0, note=", ".join(wrong)),
    ]


def change_table(copy: Project) -> None:
    """Append a row that no report shows to a table, and seal it."""
    package = json.loads((copy.folder / "data/datapackage.json").read_text(encoding="utf-8"))
    path = next(r["path"] for r in package["resources"] if r["name"] == TABLE)
    _append(copy.folder / "data" / path)
    commands.run(copy.command("data", "seal", TABLE), copy.folder, copy.env)


def _append(path: Path) -> None:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.DictWriter(file, list(rows[0]), lineterminator="\n").writerow(rows[-1] | ROW)


def _table(copy: Project) -> tuple[str, set[str]]:
    listing = {i for i, r in copy.records("site").items() if TABLE in r["inputs"]["tables"]}
    change_table(copy)
    return f"table `{TABLE}` changed", listing


def _parameter(copy: Project) -> tuple[str, set[str]]:
    given = {report_id: {} for report_id in copy.ids} | {copy.ids[0]: PARAMETERS}
    (copy.folder / "reports.yml").write_text(project.report_list(given), encoding="utf-8")
    return f"parameters of `{copy.ids[0]}` changed", {copy.ids[0]}


def _module(copy: Project) -> tuple[str, set[str]]:
    """Change the module that the fewest reports depend on."""
    records = copy.records("site")
    users: dict[str, set[str]] = {}
    for report_id, record in records.items():
        for name in record["inputs"]["modules"]:
            users.setdefault(name, set()).add(report_id)
    if not users:
        raise commands.CommandFailed("no record lists a module of its own")
    name = min(users, key=lambda n: (len(users[n]), n))
    path = copy.folder / "lib" / f"{name.replace('.', '/')}.py"
    with path.open("a", encoding="utf-8") as file:
        file.write("# changed by the benchmark\n")
    return f"module `{name}` changed", users[name]
