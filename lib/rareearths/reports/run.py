"""Run one report: papermill executes the notebook, the page and its record are made from it."""

import json
import os
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rareearths.reports import page
from rareearths.reports.config import Report, papermill_path
from rareearths.reports.prose import RECORD_MIME, SOURCES_MIME

SUFFIXES = (".ipynb", ".json", ".html")
HIDDEN_TAGS = {"parameters", "injected-parameters", "setup", "record", "lab-only"}


@dataclass(frozen=True)
class Failure:
    """Where and why a notebook failed."""

    notebook: str
    cell: int | None
    error: str
    source: str = ""
    traceback: str = ""


@dataclass(frozen=True)
class Result:
    """What became of one report: ``rendered``, ``nothing to report`` or ``failed``."""

    id: str
    state: str
    seconds: float
    headline: str = ""
    failure: Failure | None = None
    warnings: list[str] = field(default_factory=list)


class NotebookError(Exception):
    """A notebook that ran but did not say what every report must say."""


def run(report: Report, parameters: dict, site: Path, beside: dict[str, str]) -> Result:
    """Render one report into the site folder.

    ``beside`` names the report of each other notebook to which links lead.

    The three files of a report replace the old ones only when all of them are made; after a
    failure the old ones stay, and ``<id>.error.json`` says what failed.
    """
    started = time.perf_counter()
    site.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{report.id}-", dir=site))
    try:
        result = _render(report, parameters, scratch, beside)
        _publish(report.id, scratch, site)
    except _Failed as failed:
        result = {"state": "failed", "failure": failed.failure}
        error = json.dumps(asdict(failed.failure), ensure_ascii=False, indent=2)
        _replace(site / f"{report.id}.error.json", error)
    finally:
        shutil.rmtree(scratch)
    return Result(report.id, seconds=time.perf_counter() - started, **result)


def today() -> str:
    """Return the report date, YYYY-MM-DD (UTC); ``SOURCE_DATE_EPOCH`` fixes it."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return now.strftime("%Y-%m-%d")


class _Failed(Exception):
    def __init__(self, failure: Failure):
        self.failure = failure
        super().__init__(failure.error)


def _render(report: Report, parameters: dict, scratch: Path, beside: dict[str, str]) -> dict:
    notebook, nothing = _execute(report, parameters, scratch / f"{report.id}.ipynb")
    try:
        if nothing:
            recorded = {"headline": nothing, "numbers": {}}
        else:
            recorded = _only_output(notebook, RECORD_MIME, "record")
        facts = {
            "id": report.id,
            "state": "nothing to report" if nothing else "rendered",
            "title": _title(notebook),
            "headline": recorded["headline"],
            "date": today(),
            "notebook": report.notebook.name,
            "schedule": report.schedule,
            "parameters": parameters,
            "numbers": recorded["numbers"],
            "tables": _only_output(notebook, SOURCES_MIME, "sources"),
        }
        html = page.render(_visible(notebook), facts, beside)
    except NotebookError as error:
        raise _Failed(Failure(report.notebook.name, None, str(error))) from error
    text = json.dumps(facts, ensure_ascii=False, indent=2) + "\n"
    (scratch / f"{report.id}.json").write_text(text, encoding="utf-8")
    (scratch / f"{report.id}.html").write_text(html, encoding="utf-8")
    state, headline = facts["state"], facts["headline"]
    return {"state": state, "headline": headline, "warnings": _warnings(notebook)}


def _execute(report: Report, parameters: dict, output: Path):
    """Run the notebook; returns it, and the message when there was nothing to report."""
    import nbformat
    import papermill
    from papermill.exceptions import PapermillExecutionError

    try:
        with tempfile.TemporaryDirectory(prefix="kernel-") as sockets:
            papermill.execute_notebook(
                papermill_path(report.notebook),
                papermill_path(output),
                parameters=parameters,
                cwd=report.notebook.parent,
                progress_bar=False,
                config=_kernel_config(sockets),
            )
    except PapermillExecutionError as error:
        if error.ename != "NothingToReport":
            raise _Failed(_failure(report, error)) from error
        return nbformat.read(output, as_version=4), error.evalue
    except Exception as error:  # a kernel that dies or never starts: this report only
        message = f"{type(error).__name__}: {error}"
        raise _Failed(Failure(report.notebook.name, None, message)) from error
    return nbformat.read(output, as_version=4), None


def _kernel_config(sockets: str):
    """Quiet kernels that talk through files in a private folder, not TCP, where the system can."""
    from traitlets.config import Config

    quiet = ["--IPKernelApp.log_level=CRITICAL"]
    config = Config({"PapermillNotebookClient": {"extra_arguments": quiet}})
    if os.name == "posix":
        config.KernelManager.transport = "ipc"
        config.KernelManager.ip = os.path.join(sockets, "k")
    return config


def _failure(report: Report, error) -> Failure:
    from nbconvert.filters import strip_ansi

    return Failure(
        notebook=report.notebook.name,
        cell=error.exec_count,
        error=f"{error.ename}: {error.evalue}",
        source=error.source,
        traceback=strip_ansi("\n".join(error.traceback)),
    )


def _visible(notebook):
    """Return the notebook without what a page does not show: plumbing cells, errors, stderr."""
    shown = notebook.copy()
    shown.cells = []
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", []))
        if tags & HIDDEN_TAGS or any(tag.startswith("papermill-error") for tag in tags):
            continue
        kept = cell.copy()
        if cell.cell_type == "code":
            kept.outputs = [o for o in cell.outputs if not _is_noise(o)]
            if not kept.outputs:
                continue
        shown.cells.append(kept)
        if any(o.output_type == "error" for o in cell.get("outputs", ())):
            break  # what follows a NothingToReport was never run
    return shown


def _is_noise(output) -> bool:
    return output.output_type == "error" or output.get("name") == "stderr"


def _warnings(notebook) -> list[str]:
    return [
        o.text.strip()
        for cell in notebook.cells
        for o in cell.get("outputs", ())
        if o.get("name") == "stderr"
    ]


def _only_output(notebook, mime: str, function: str):
    found = [
        output.data[mime]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if mime in output.get("data", {})
    ]
    if len(found) != 1:
        raise NotebookError(f"{function}() must be called once, it was called {len(found)} times")
    return found[0]


def _title(notebook) -> str:
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.get("metadata", {}).get("rareearths", {}).get("role") == "title":
                return page.plain_text(output.data["text/markdown"])
    raise NotebookError('no title: say("...", role="title") is missing')


def _publish(report_id: str, scratch: Path, site: Path) -> None:
    for suffix in SUFFIXES:
        os.replace(scratch / f"{report_id}{suffix}", site / f"{report_id}{suffix}")
    (site / f"{report_id}.error.json").unlink(missing_ok=True)


def _replace(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)
