"""Small projects for tests of the report factory, and what is left of a command that ended."""

import os
import signal
import subprocess
import sys
import tempfile
import uuid
from contextlib import suppress
from pathlib import Path

import nbformat
import psutil
import yaml

from conftest import write_project
from rareearths.reports.store import Site

HANGS_S = 180  # a guard against hanging, no measure
CHEAP = [
    "number: int = 1  # a number",
    'from rareearths import catalogue, reports\n\nrows = catalogue.load("blocs")',
    'reports.say("How many?", role="title")',
    'reports.say("{n:count} rows, {m:count}.", role="answer", n=len(rows), m=number)',
    "reports.sources()",
    'reports.record("{n:count} rows", n=len(rows))',
]


def with_cell(source: str, cells: list[str] = CHEAP) -> list[str]:
    """Return the cells with one more, which is executed as the fourth: [4]."""
    return [*cells[:2], source, *cells[2:]]


def listing(*ids: str, **settings: dict) -> str:
    """Return `reports.yml` with a report for each id and for each notebook of that name."""
    ids = [*ids, *(i for i in settings if i not in ids)]
    entries = [
        {"id": i, "notebook": f"{i}.ipynb", "schedule": "monthly"} | settings.get(i, {})
        for i in ids
    ]
    return yaml.safe_dump({"reports": entries})


def write(folder: Path, notebooks: dict[str, list[str]], **settings: dict) -> Path:
    """Write a project with a report for each notebook."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_project(folder, listing(*notebooks, **settings), notebooks)


def tag(path: Path, position: int, name: str) -> None:
    """Give a cell a tag; the first cell is a text."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[position].metadata["tags"] = [name]
    nbformat.write(notebook, path)


class Command:
    """`rareearths` in a session of its own, with a private folder for temporary files.

    Parameters
    ----------
    *arguments : str
    cwd : pathlib.Path
    temporary : pathlib.Path
    **environment : str
    """

    def __init__(self, *arguments: str, cwd: Path, temporary: Path, options=None, **environment):
        self.mark = uuid.uuid4().hex
        temporary.mkdir(exist_ok=True)
        # A short name of the folder: the paths of sockets are limited.
        self.short = Path(tempfile.gettempdir()) / f"f-{self.mark[:8]}"
        self.short.symlink_to(temporary)
        own = {"TMPDIR": str(self.short), "RAREEARTHS_MARK": self.mark}
        inherited = dict(os.environ)
        inherited.pop("PYTEST_CURRENT_TEST", None)  # kernels behave differently where it is set
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rareearths", *arguments],
            cwd=cwd,
            env=inherited | own | environment,
            start_new_session=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            **({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | (options or {})),
        )

    def end(self) -> subprocess.CompletedProcess:
        """Wait for the end; nothing of it is left then, or this fails."""
        try:
            out, err = self.process.communicate(timeout=HANGS_S)
        finally:
            left = self.left()
            self.short.unlink(missing_ok=True)
            for process in left:
                with suppress(psutil.Error):
                    process.kill()
        assert left == []
        return subprocess.CompletedProcess([], self.process.returncode, out or "", err or "")

    def left(self) -> list[psutil.Process]:
        """Return the processes that the command started, once those had time to end."""
        _, alive = psutil.wait_procs(self.family(), timeout=20)
        return [p for p in alive if p.pid != self.process.pid]

    def family(self) -> list[psutil.Process]:
        """Return all processes that have the environment of the command."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("RAREEARTHS_MARK") == self.mark:
                    found.append(process)
        return found

    def kill(self, number: int = signal.SIGKILL) -> None:
        self.process.send_signal(number)

    def press_ctrl_c(self) -> None:
        """Send SIGINT as a terminal does, to all of the foreground."""
        os.killpg(self.process.pid, signal.SIGINT)


def render(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Render a project to the end; no process and no temporary file is left then."""
    temporary = folder / "tmp"
    done = Command("render", *arguments, cwd=folder, temporary=temporary, **environment).end()
    assert sorted(temporary.rglob("*")) == []
    return done


def whole(site: Path, *ids: str) -> dict[str, dict[str, bytes]]:
    """Return the files of published reports by name; each is whole, or this fails."""
    found = {}
    for report_id in ids:
        record = Site(site).record_path(report_id)
        assert Site(site).record(report_id), f"{report_id} is damaged"
        files = (site / f"{report_id}.html", record, record.with_suffix(".ipynb"))
        found[report_id] = {path.name: path.read_bytes() for path in files}
    return found


def strays(site: Path) -> list[str]:
    """Return the files of a site that belong to no page and to no failure."""
    named = {"index.html", "manifest.json", "changes.json", "feed.xml", "alerts.json", "alerts.md"}
    named.add(".lock")
    for page in site.glob("*.html"):
        record = Site(site).record_path(page.stem)
        if record:
            stem = record.relative_to(site).as_posix().removesuffix(".json")
            named |= {page.name, f"{stem}.json", f"{stem}.ipynb"}
    present = {p.relative_to(site).as_posix() for p in site.rglob("*") if p.is_file()}
    return sorted(n for n in present - named if not n.endswith(".error.json"))
