"""What tests share: notebooks made for a test, and the reports rendered once for all."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from hypothesis import settings
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).parents[1]
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


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A copy of the data folder that the library reads for this one test."""
    copy = tmp_path / "data"
    shutil.copytree(ROOT / "data", copy)
    monkeypatch.setenv("RAREEARTHS_DATA", str(copy))
    return copy


@pytest.fixture
def project(tmp_path):
    """A project in a temporary folder: `project(name=cells)` writes notebooks and `reports.yml`."""

    def make(reports: str, **notebooks: list[str]) -> Path:
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
            nbformat.write(notebook, tmp_path / f"{name}.ipynb")
        (tmp_path / "reports.yml").write_text(reports, encoding="utf-8")
        return tmp_path

    return make


def pytest_collection_modifyitems(items):
    """Share the tests among the processors: file by file, and first those that read the site."""
    for item in items:
        group = "site" if "site" in item.fixturenames else item.nodeid.split("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: "site" not in item.fixturenames)


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The reports of reports.yml, rendered once by the command line."""
    folder = tmp_path_factory.mktemp("site")
    done = run_cli("render", "--site", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^(\d+) of \1 reports", done.stdout, re.M), done.stdout
    return folder
