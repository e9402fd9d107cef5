"""The speed of rendering: the stock commands in sequence, and ``rareearths render``."""

import json
import sys
from pathlib import Path

from bench import commands, machine, project
from bench.figures import Bench, Figure
from bench.project import Project

TITLE = "Rendering from cold"
TELLS = (
    "One report per notebook with its defaults, every run in new processes and into an empty "
    "folder. Runs of the stock commands, of `rareearths render` and of the cells alone take turns."
)


def run(bench: Bench) -> list[Figure]:
    """Render all notebooks once in each way, ``bench.runs`` times."""
    copy = project.copy(bench.scratch / "rendering")
    stock, renders, cells = [], [], []
    for number in range(1, bench.runs + 1):
        bench.say(f"round {number} of {bench.runs}: rareearths render")
        renders.append(copy.render(f"site{number}"))
        bench.say(f"round {number}: {renders[-1].seconds:.1f} s; now the stock commands")
        stock.append(_stock(copy))
        bench.say(f"round {number}: {stock[-1]:.1f} s; now the cells alone")
        cells.append(_cells(copy, f"cells{number}"))
    bench.say("rareearths render --stock")
    ordinary = copy.render("ordinary", "--stock").seconds
    return _figures(copy, stock, renders, cells, ordinary)


def _stock(copy: Project) -> float:
    """Run ``papermill`` and ``jupyter nbconvert`` for each notebook; return the seconds."""
    out = project.fresh(copy.folder / "stock")
    total = 0.0
    for report_id in copy.ids:
        source, made = copy.notebook(report_id), out / f"{report_id}.ipynb"
        papermill = [commands.script("papermill"), source.name, str(made)]
        page = [commands.script("jupyter"), "nbconvert", "--to", "html", str(made)]
        for command in (papermill, page):
            total += commands.run(command, source.parent, copy.env).seconds
    return total


def _cells(copy: Project, site: str) -> dict[str, dict]:
    command = [sys.executable, "-m", "bench.inside", "cells", "--site", site]
    done = commands.run(command, copy.folder, copy.env)
    return json.loads(done.lines[-1][1])


def _figures(copy: Project, stock, renders, cells, ordinary: float) -> list[Figure]:
    cores, number = machine.cores(), len(copy.ids)
    pure = [sum(c["cells"] for c in each.values()) for each in cells]
    around = [sum(c["all"] - c["cells"] for c in each.values()) / number for each in cells]
    warm = [done.warm_up for done in renders]
    after = [done.seconds - max(end for _, _, end in done.results.values()) for done in renders]
    wall = [done.seconds for done in renders]
    times = [s / w for s, w in zip(stock, wall, strict=True)]
    ratio = [(w - u) / (p / cores) for w, u, p in zip(wall, warm, pure, strict=True)]
    return [
        Figure(
            f"{number} reports, `papermill` then `jupyter nbconvert --to html` for each",
            stock,
            system="papermill, then nbconvert",
        ),
        Figure(f"{number} reports, `rareearths render`", wall, system="**rareearths render**"),
        Figure("times faster than the stock commands", times, "x", at_least=6),
        Figure("time of the cells alone, summed", pure, note="warm kernel, one report at a time"),
        Figure(
            "wall-clock time without warm-up over (cells / cores)",
            ratio,
            "x",
            at_most=1.4,
            note=f"{cores} cores",
        ),
        Figure("warm-up: from the command to the first report", warm, note="to about 0.1 s"),
        Figure("after the last report: index, feed, end of the processes", after),
        Figure("a report apart from its cells", around, note="kernel, page, gates, files"),
        Figure(
            f"{number} reports, `rareearths render --stock`",
            [ordinary],
            note="ordinary kernels, everything else the same",
            system="rareearths render --stock",
        ),
    ]


def pages(copy: Project, notebooks: list[Path]) -> float:
    """Return the seconds of one ``jupyter nbconvert`` for all executed notebooks."""
    command = [commands.script("jupyter"), "nbconvert", "--to", "html", *map(str, notebooks)]
    return commands.run(command, copy.folder, copy.env).seconds
