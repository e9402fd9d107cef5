"""How soon the command line answers, beside that of papermill."""

import sys

from bench import commands
from bench.figures import Bench, Figure
from bench.project import ROOT

TITLE = "Start of the command line"
TELLS = "Commands that compute nothing, each a process of its own, in turn, beside papermill's."
REPEATED = 10  # of each, for each run that is asked for
LIMIT_S = 0.25
COMMANDS = {
    "`rareearths --help`": ["-m", "rareearths", "--help"],
    "`rareearths list`": ["-m", "rareearths", "list"],
    "`papermill --help`": ["-m", "papermill", "--help"],
}


def run(bench: Bench) -> list[Figure]:
    """Time each command."""
    env, seconds = commands.environment(ROOT / "lib"), {name: [] for name in COMMANDS}
    bench.say("commands that compute nothing")
    for _ in range(REPEATED * bench.runs):
        for name, arguments in COMMANDS.items():
            done = commands.run([sys.executable, *arguments], ROOT, env)
            seconds[name].append(done.seconds)
    own = {name for name in COMMANDS if name.startswith("`rareearths")}
    return [
        Figure(name, values, at_most=LIMIT_S if name in own else None)
        for name, values in seconds.items()
    ]
