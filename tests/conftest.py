"""What tests share: notebooks made for a test, and the reports rendered once for all."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from filelock import FileLock
from hypothesis import settings
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from browser import chromium
from published import JAPANESE, REPORTS
from rareearths.reports import kernels

ROOT = Path(__file__).parents[1]
# Those from 10 on and the template are reports; the others are for people who explore.
REPORT_NOTEBOOKS = sorted((ROOT / "notebooks").glob("[1-9_]*.ipynb"))
# A slow machine is no failure, and reports made around midnight are those of one day.
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")
os.environ.setdefault("SOURCE_DATE_EPOCH", "1795305600")


def run_cli(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    """Run the command line as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "rareearths", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture(scope="module")
def server():
    """The process that warm kernels are forked from: its socket."""
    with kernels.serving() as wait:
        assert wait()
        yield wait()


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The reports of `published`, which the first process that asks renders by the command line."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    made, making = shared / "published", shared / "published-in-the-making"
    with FileLock(shared / "published.lock"):
        if not made.is_dir():
            wanted = [*(report.id for report in REPORTS), *JAPANESE]
            state = str(shared / "published-state")
            done = run_cli("render", *wanted, "--site", str(making), "--state", state)
            assert done.returncode == 0, done.stdout + done.stderr
            assert re.search(r"^(\d+) of \1 reports", done.stdout, re.M), done.stdout
            making.rename(made)
    return made


@pytest.fixture(scope="module")
def browser():
    """A Chromium that is closed at the end."""
    with chromium() as started:
        yield started


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A copy of the data folder that the library reads for this one test."""
    copy = tmp_path / "data"
    shutil.copytree(ROOT / "data", copy, ignore=shutil.ignore_patterns("raw", "store"))
    monkeypatch.setenv("RAREEARTHS_DATA", str(copy))
    return copy


@pytest.fixture
def project(tmp_path):
    """A project in a temporary folder: `project(name=cells)` writes notebooks and `reports.yml`."""

    def make(reports: str, **notebooks: list[str]) -> Path:
        return write_project(tmp_path, reports, notebooks)

    return make


def write_project(folder: Path, reports: str, notebooks: dict[str, list[str]]) -> Path:
    """Write `reports.yml` and notebooks, by name the sources of their cells, into a folder."""
    for name, sources in notebooks.items():
        cells = [new_code_cell(source, id=f"c{i}") for i, source in enumerate(sources)]
        cells[0].metadata["tags"] = ["parameters"]
        cells.insert(0, new_markdown_cell("# Made by a test", id="intro"))
        notebook = new_notebook(cells=cells)
        notebook.metadata.kernelspec = {
            "name": "python3",
            "display_name": "P",
            "language": "python",
        }
        nbformat.write(notebook, folder / f"{name}.ipynb")
    (folder / "reports.yml").write_text(reports, encoding="utf-8")
    return folder


def pytest_collection_modifyitems(items):
    """Begin with what takes longest: files are shared among the processors."""
    first = ("test_pages", "test_notebooks", "test_lab", "test_reading", "test_faults")
    place = {f"tests/{name}.py": place for place, name in enumerate(first)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(place)))
