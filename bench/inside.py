"""What a render is asked from inside: the pure time of cells, and what a worker holds on to.

``python -m bench.inside`` runs in a process of its own and prints JSON.
"""

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from bench import processes


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("cells", "many"))
    parser.add_argument("--site", type=Path, required=True)
    parser.add_argument("--config", type=Path, default=Path("reports.yml"))
    parser.add_argument("--count", type=int, default=0)
    args = parser.parse_args()
    found = _cells(args) if args.what == "cells" else _many(args)
    json.dump(found, sys.stdout)


def _cells(args) -> dict:
    """Make each report alone, one after the other; return the seconds of cells and of all."""
    results = list(_run(_tasks(args.config), args.site))
    for result in results:
        if result.failure:
            sys.exit(f"{result.id}: {result.failure.error}")
    return {r.id: {"cells": r.cell_seconds, "all": r.seconds} for r in results}


def _many(args) -> list:
    """Make one report often in one worker; return what the worker holds after each."""
    task = _tasks(args.config)[0]
    ids = [f"same-{number:03}" for number in range(args.count)]
    tasks = [replace(task, report=replace(task.report, id=name)) for name in ids]
    found = []
    for result in _run(tasks, args.site):
        if result.failure:
            sys.exit(f"{result.id}: {result.failure.error}")
        kinds = processes.family(os.getpid())
        workers = [pid for pid, kind in kinds.items() if kind == processes.WORKER]
        if len(workers) == 1:
            pss, rss = processes.memory_mb(workers[0])
            held = {"pid": workers[0], "pss": pss, "rss": rss}
            found.append(held | processes.open_files(workers[0]))
    return found


def _tasks(path: Path) -> list:
    from rareearths.reports import config, inputs, parameters
    from rareearths.reports.task import Task

    reports, tasks = config.load(path), []
    neighbours = config.Neighbours(reports)
    with inputs.snapshot():
        for report in reports:
            given = parameters.check(report.notebook, report.parameters, report.id)
            beside = neighbours.of(report)
            tasks.append(Task(report, given, beside, inputs.collect(report, beside)))
    return tasks


def _run(tasks: list, site: Path):
    from rareearths.reports import kernels, workers
    from rareearths.reports.task import Place

    kernel = kernels.WARM if kernels.can_fork() else kernels.ORDINARY
    place = Place(site, Path(f"{site}.state"), kernel)
    notebooks = {task.report.notebook for task in tasks}
    with workers.Preparation(place, notebooks) as preparation:
        yield from workers.run(tasks, preparation.ready(), jobs=1)


if __name__ == "__main__":
    main()
