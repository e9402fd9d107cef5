"""Execute one notebook: papermill runs it in a kernel of its own, which has limits."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rareearths.reports import kernels
from rareearths.reports.config import papermill_path
from rareearths.reports.kernels.limits import Limits, Watch
from rareearths.reports.task import Failure, ReportFailed


@dataclass(frozen=True)
class Execution:
    """An executed notebook.

    Attributes
    ----------
    notebook : nbformat.NotebookNode
        Without times, paths and random ids: two runs of the same inputs give the same.
    nothing : str
        Why there is nothing to report; empty when there is something.
    output : str
        What the kernel wrote to its own stdout and stderr, past the notebook.
    """

    notebook: object
    nothing: str
    output: str = ""


@dataclass
class Usage:
    """What the executions for one report used: highest memory, time of all cells."""

    peak_mb: float = 0.0
    cell_seconds: float = 0.0


def execute(
    notebook: Path,
    parameters: dict,
    limits: Limits,
    usage: Usage,
    *,
    kernel: str = kernels.ORDINARY,
    server: str = "",
    data: Path | None = None,
    folders: Mapping[str, Path] | None = None,
) -> Execution:
    """Run a notebook in a kernel of its own.

    Parameters
    ----------
    notebook : pathlib.Path
    parameters : dict
    limits : Limits
    usage : Usage
        Is brought up to date, after a failure too.
    kernel : str
        `kernels.ORDINARY` or `kernels.WARM`.
    server : str
        Socket of the process that warm kernels are forked from.
    data : pathlib.Path, optional
        Data folder of this run; by default that of the library.
    folders : mapping of str to pathlib.Path, optional
        Other folders that the notebook reads, by environment variable.

    Raises
    ------
    ReportFailed
        A cell raised an error, the kernel died or exceeded a limit.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from rareearths.reports.kernels.client import started

    running, env = _Running(notebook), kernels.ONE_THREAD | os.environ | {kernels.ADDRESS: server}
    if data:
        env["RAREEARTHS_DATA"] = str(data)
    env |= {name: str(path.resolve()) for name, path in (folders or {}).items()}
    cwd = str(notebook.parent.resolve())
    with tempfile.TemporaryDirectory(prefix="kernel-", ignore_cleanup_errors=True) as folder:
        output = Path(folder) / "out.ipynb"
        try:
            with started(kernel, cwd, env, folder) as manager, running.watch(manager, limits):
                executed = papermill.execute_notebook(
                    papermill_path(notebook),
                    papermill_path(output),
                    parameters=parameters,
                    cwd=cwd,
                    progress_bar=False,
                    request_save_on_cell_execute=False,
                    km=manager,
                    on_cell_execute=running.begin,
                )
            nothing = ""
        except PapermillExecutionError as error:
            if error.ename != "NothingToReport":
                raise ReportFailed(running.raised(error)) from error
            executed, nothing = _read(output), error.evalue
        except Exception as error:  # a kernel that dies or never starts: this report only
            raise ReportFailed(running.died(error)) from error
        finally:
            usage.peak_mb = max(usage.peak_mb, running.peak_mb)
        written = manager.output.read_text(encoding="utf-8", errors="replace")
    usage.cell_seconds += _cell_seconds(executed)
    return Execution(_normal(executed), nothing, written)


class _Running:
    """Which cell runs, and what ended the kernel, for the message of a failure."""

    def __init__(self, notebook: Path):
        self.notebook = notebook
        self.cell: int | None = None
        self.source = ""
        self.ended = ""
        self.peak_mb = 0.0
        self._executed = 0
        self._watch: Watch | None = None

    @contextmanager
    def watch(self, manager, limits: Limits) -> Iterator[None]:
        process = manager.provisioner.process
        manager.most_mb = limits.output_mb
        watch = self._watch = Watch(process.pid, limits, manager.received_mb)
        try:
            yield
            watch.check()
        except Exception:
            self.ended = watch.exceeded or _end_in_words(process.poll())
            raise
        finally:
            watch.close()
            self.peak_mb = watch.peak_mb

    def begin(self, cell, cell_index: int) -> None:
        if self._watch:
            self._watch.check()  # it was the cell before that exceeded a limit
        self._executed += cell.cell_type == "code"
        self.cell, self.source = self._executed, cell.source

    def raised(self, error) -> Failure:
        from nbconvert.filters import strip_ansi

        traceback = strip_ansi("\n".join(error.traceback))
        text = f"{error.ename}: {error.evalue}"
        return Failure(self.notebook.name, error.exec_count, text, error.source, traceback)

    def died(self, error: Exception) -> Failure:
        text = self.ended or f"{type(error).__name__}: {error}"
        return Failure(self.notebook.name, self.cell, text, self.source)


def _end_in_words(code: int | None) -> str:
    import signal

    if code is None:
        return ""
    if code >= 0:
        return f"the kernel ended with exit code {code}"
    name = signal.Signals(-code).name
    hint = "; the system ends processes so when memory is short" if name == "SIGKILL" else ""
    return f"the kernel was ended by {name}{hint}"


def _read(path: Path):
    import nbformat

    return nbformat.read(path, as_version=4)


def _cell_seconds(notebook) -> float:
    return sum(c.metadata.get("papermill", {}).get("duration") or 0 for c in notebook.cells)


def _normal(notebook):
    """Take out what differs between two runs of the same inputs."""
    notebook.metadata.pop("papermill", None)
    for number, cell in enumerate(notebook.cells):
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if {"injected-parameters", "papermill-error-cell-tag"} & set(cell.metadata.get("tags", ())):
            cell["id"] = f"papermill-{number}"
    return notebook
