"""A copy of the project whose report list has one report per notebook, with its defaults."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench import commands

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Project:
    """A copy of the project.

    Attributes
    ----------
    folder : pathlib.Path
    ids : list of str
        The reports, in the order of the notebooks.
    """

    folder: Path
    ids: list[str]

    @property
    def env(self) -> dict[str, str]:
        return commands.environment(self.folder / "lib")

    def notebook(self, report_id: str) -> Path:
        return self.folder / "notebooks" / f"{report_id.replace('-', '_')}.ipynb"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "rareearths", *arguments]

    def render(self, site: str, *arguments: str) -> commands.Done:
        """Run ``rareearths render`` into a site of the folder with a state of its own."""
        return commands.run(self.command(*self.places(site), *arguments), self.folder, self.env)

    def places(self, site: str) -> list[str]:
        return ["render", "--site", site, "--state", f"{site}.state"]

    def records(self, site: str) -> dict[str, dict]:
        """Return the record of each report of a site."""
        manifest = (self.folder / site / "manifest.json").read_text(encoding="utf-8")
        return json.loads(manifest)["reports"]


def copy(folder: Path) -> Project:
    """Copy library, data and notebooks; the library is compiled, as after its first use."""
    folder.mkdir(parents=True)
    ignore = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "raw", "*.egg-info")
    for name in ("lib", "data", "notebooks"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    shutil.copy(ROOT / "requirements.lock", folder)
    notebooks = sorted((folder / "notebooks").glob("[1-9]*.ipynb"))
    ids = [path.stem.replace("_", "-") for path in notebooks]
    text = report_list({report_id: {} for report_id in ids})
    (folder / "reports.yml").write_text(text, encoding="utf-8")
    subprocess.run([sys.executable, "-m", "compileall", "-q", folder / "lib"], check=True)
    return Project(folder, ids)


def report_list(parameters: dict[str, dict]) -> str:
    """Return the text of a report list: parameters by id, which names the notebook."""
    entries = [
        f"  - id: {report_id}\n    notebook: notebooks/{report_id.replace('-', '_')}.ipynb\n"
        f"    schedule: monthly\n    parameters: {json.dumps(given)}\n"
        for report_id, given in parameters.items()
    ]
    return "reports:\n" + "".join(entries)


def fresh(folder: Path) -> Path:
    """Return an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return folder
