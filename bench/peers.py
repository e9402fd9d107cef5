"""The other systems on the same notebooks: jupyter-cache and ploomber-engine.

They live in an environment of their own, which sees the packages of the project.
"""

import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

from bench import caching, commands, project, rendering
from bench.figures import Bench, Figure
from bench.project import Project

TITLE = "Other systems"
TELLS = (
    "Both execute notebooks and make no pages, so the seconds of one `jupyter nbconvert` for all "
    "notebooks are added. Neither is given limits, checks, records or an index to make."
)
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_LOOP = """
import sys
from ploomber_engine import execute_notebook
out, *notebooks = sys.argv[1:]
for path in notebooks:
    name = path.rsplit("/", 1)[1]
    execute_notebook(path, f"{out}/{name}", cwd=".", progress_bar=False, verbose=False)
"""


def run(bench: Bench) -> list[Figure]:
    """Run each system once; one that cannot be installed or fails is named with its error."""
    copy = project.copy(bench.scratch / "peers")
    try:
        install(bench)
    except (OSError, subprocess.CalledProcessError) as error:
        text = getattr(error, "stderr", "") or str(error)
        return [_failed("jupyter-cache and ploomber-engine", f"not installed: {text[-400:]}")]
    figures = _tried("ploomber-engine", lambda: _ploomber(bench, copy))
    seconds = next((f.values[0] for f in figures if f.name == _PAGES), None)
    for executor in ("local-parallel", "local-serial"):
        name = f"jupyter-cache {executor}"
        figures += _tried(name, lambda e=executor: _jupyter_cache(bench, copy, e, seconds))
    return figures


_PAGES = "pages of all reports, one `jupyter nbconvert`"


def install(bench: Bench) -> None:
    """Make the environment of the other systems, if it is not there."""
    stamp = bench.peers / "requirements.txt"
    wanted = REQUIREMENTS.read_text(encoding="utf-8") + sysconfig.get_path("purelib")
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    bench.say("installing the other systems")
    quiet = {"check": True, "capture_output": True, "text": True}
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", bench.peers], **quiet)
    python = commands.script("python", bench.peers)
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own = subprocess.run([python, "-c", ask], **quiet).stdout.strip()
    theirs = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    (Path(own) / "project.pth").write_text(theirs, encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "-r", REQUIREMENTS], **quiet)
    stamp.write_text(wanted, encoding="utf-8")


def _tried(name: str, measure: Callable[[], list[Figure]]) -> list[Figure]:
    try:
        return measure()
    except (OSError, commands.CommandFailed) as error:
        return [_failed(name, str(error)[-600:])]


def _failed(name: str, error: str) -> Figure:
    return Figure(f"{name}, all reports", [], error=error, system=name)


def _ploomber(bench: Bench, copy: Project) -> list[Figure]:
    """One process executes all notebooks in turn, in itself: no kernels, nothing kept apart."""
    bench.say("ploomber-engine")
    out = project.fresh(copy.folder / "ploomber")
    notebooks = [str(copy.notebook(i)) for i in copy.ids]
    command = [commands.script("python", bench.peers), "-c", _LOOP, str(out), *notebooks]
    seconds = commands.run(command, copy.folder / "notebooks", copy.env).seconds
    pages = rendering.pages(copy, sorted(out.glob("*.ipynb")))
    note = "one process, its own; a notebook sees what those before it left behind"
    return [
        Figure(_PAGES, [pages]),
        Figure("ploomber-engine, executing all", [seconds], note=note),
        Figure(
            "ploomber-engine and pages",
            [seconds + pages],
            system="ploomber-engine, then nbconvert once",
        ),
    ]


def _jupyter_cache(bench: Bench, copy: Project, executor: str, pages: float | None) -> list:
    name = f"jupyter-cache {executor}"
    bench.say(name)
    env = copy.env | {"JUPYTERCACHE": str(copy.folder / executor)}
    jcache = commands.script("jcache", bench.peers)
    paths = [str(copy.notebook(i)) for i in copy.ids]
    added = commands.run([jcache, "notebook", "add", *paths], copy.folder, env, stdin="y\n")
    execute = [jcache, "project", "execute", "--executor", executor, "--timeout", "900"]

    def executed() -> tuple[float, int]:
        done = commands.run(execute, copy.folder, env)
        said = [line for _, line in done.lines]
        if "excepted: []" not in said or "errored: []" not in said:
            raise commands.CommandFailed("\n".join(said[-15:]))
        return done.seconds, sum(line.startswith("- ") for line in said)

    first, number = executed()
    again, none = executed()
    if (number, none) != (len(paths), 0):
        raise commands.CommandFailed(f"it executed {number} of {len(paths)}, then {none}")
    whole = added.seconds + first
    figures = [
        Figure(f"{name}, executing all", [whole], note="adding the notebooks included"),
        Figure(f"{name}, again with nothing changed", [again]),
    ]
    if pages is not None:
        system = f"{name}, then nbconvert once"
        figures.append(Figure(f"{name} and pages", [whole + pages], system=system))
    if executor == "local-serial":
        caching.change_table(copy)
        note = "its key is the code of the notebook: it takes old reports for new ones"
        figures.append(
            Figure(f"{name}, run again after a table changed", [executed()[1]], "", note=note)
        )
    return figures
