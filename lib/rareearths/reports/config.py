"""The report list, ``reports.yml``: which notebook, with which parameters, how often."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from rareearths.catalogue import closest

SCHEDULES = ("daily", "weekly", "monthly", "quarterly", "yearly")


class ConfigError(Exception):
    """``reports.yml`` cannot be read as a list of reports."""


@dataclass(frozen=True)
class Report:
    """One entry of ``reports.yml``.

    Attributes
    ----------
    id : str
        Lower-case letters, digits and hyphens; names the files of the report.
    notebook : pathlib.Path
    parameters : dict
        Only those that differ from the notebook's defaults.
    schedule : str
        One of `SCHEDULES`.
    """

    id: str
    notebook: Path
    schedule: str
    parameters: dict = field(default_factory=dict)


def load(path: Path = Path("reports.yml")) -> list[Report]:
    """Read the report list; notebooks are relative to its folder.

    Raises
    ------
    ConfigError
        Names the file, the entry and what is wrong.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("reports"), list):
        raise ConfigError(f"{path}: 'reports:' with a list of reports is wanted")
    reports = [_report(path, number, entry) for number, entry in enumerate(content["reports"], 1)]
    ids = [r.id for r in reports]
    repeated = sorted({i for i in ids if ids.count(i) > 1})
    if repeated:
        raise ConfigError(f"{path}: id used twice: {', '.join(repeated)}")
    return reports


def select(reports: list[Report], ids: list[str]) -> list[Report]:
    """Return the reports with these ids, all for an empty list."""
    known = {r.id: r for r in reports}
    for wanted in ids:
        if wanted not in known:
            raise ConfigError(f"no report {wanted!r} in reports.yml; {closest(wanted, known)}")
    return [known[i] for i in ids] or reports


def beside(report: Report, reports: list[Report]) -> dict[str, str]:
    """Which report of each other notebook stands beside a report, by the parameters they share.

    Returns
    -------
    dict of str to str
        File name of the notebook to the id of the report that shares most of the parameters named
        in ``reports.yml`` and contradicts none.
    """
    found: dict[str, tuple[int, str]] = {}
    for other in reports:
        shared = set(report.parameters) & set(other.parameters)
        agree = all(report.parameters[name] == other.parameters[name] for name in shared)
        best = found.get(other.notebook.name, (-1, ""))
        if other.notebook != report.notebook and agree and len(shared) > best[0]:
            found[other.notebook.name] = (len(shared), other.id)
    return {name: report_id for name, (_, report_id) in found.items()}


def papermill_path(path: Path) -> str:
    """Return a path as papermill wants it, which reads braces as fields to fill."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _report(path: Path, number: int, entry) -> Report:
    where = f"{path}, report {number}"
    if not isinstance(entry, dict):
        raise ConfigError(f"{where}: id, notebook and schedule are wanted, found {entry!r}")
    where += f" ({entry.get('id')})"
    allowed = ("id", "notebook", "schedule", "parameters")
    for key in entry:
        if key not in allowed:
            raise ConfigError(f"{where}: unknown key {key!r}; {closest(key, allowed)}")
    for key in allowed[:3]:
        if not isinstance(entry.get(key), str):
            raise ConfigError(f"{where}: {key} is missing or not text")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry["id"]):
        raise ConfigError(f"{where}: an id is lower-case letters, digits and hyphens")
    if entry["schedule"] not in SCHEDULES:
        raise ConfigError(f"{where}: schedule must be one of {', '.join(SCHEDULES)}")
    if not isinstance(entry.get("parameters", {}), dict):
        raise ConfigError(f"{where}: parameters must be 'name: value' pairs")
    notebook = path.parent / entry["notebook"]
    if not notebook.is_file():
        raise ConfigError(f"{where}: there is no notebook {entry['notebook']}")
    return Report(entry["id"], notebook, entry["schedule"], entry.get("parameters") or {})
