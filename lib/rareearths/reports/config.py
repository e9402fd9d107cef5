"""The report list, ``reports.yml``: which notebook, with which parameters, how often.

Beside ``reports:``, ``matrix:`` makes a report for each combination of lists of parameters, and
``defaults:`` gives limits and alerts to every report that does not set its own. ``languages:``
makes each report once in each of them; in a language other than English, the id ends with its code.
An entry with ``reads: reports`` is a report about the others.
"""

import itertools
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from rareearths.catalogue import closest
from rareearths.reports.alerts import check_thresholds, merged
from rareearths.reports.kernels.limits import Limits
from rareearths.reports.schedule import SCHEDULES
from rareearths.translation import ENGLISH, LANGUAGES


class ConfigError(Exception):
    """``reports.yml`` cannot be read as a list of reports."""


_LIMITS = ("seconds", "memory_mb")
_SETTINGS = (*_LIMITS, "alerts")
_ENTRY = ("id", "notebook", "schedule", "parameters", "reads", *_SETTINGS)
_READS = ("reports",)
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Report:
    """One entry of ``reports.yml``.

    Attributes
    ----------
    id : str
        Lower-case letters, digits and hyphens; names the files of the report.
    notebook : pathlib.Path
    schedule : str
        One of `SCHEDULES`.
    parameters : dict
        Only those that differ from the notebook's defaults.
    limits : Limits
        Wall-clock time and memory of a run.
    alerts, own_alerts : tuple of dict
        Thresholds of recorded numbers, see `rareearths.reports.alerts`; with those of
        ``defaults:``, and those of the entry alone.
    matrix : str
        Name of the matrix that made the entry; empty for an entry of its own.
    language : str
        One of `translation.LANGUAGES`.
    translations : dict of str to str
        Id of the same report in each other language.
    reads : str
        ``reports`` for a report about the others, which is rendered after them; else empty.
    """

    id: str
    notebook: Path
    schedule: str
    parameters: dict = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    alerts: tuple = ()
    own_alerts: tuple = ()
    matrix: str = ""
    language: str = ENGLISH
    translations: dict = field(default_factory=dict)
    reads: str = ""


def load(path: Path = Path("reports.yml")) -> list[Report]:
    """Read the report list; notebooks are relative to its folder.

    Raises
    ------
    ConfigError
        Names the file, the entry and what is wrong.
    """
    content = _read(path)
    defaults = content.get("defaults") or {}
    _check_settings(f"{path}, defaults", defaults, _SETTINGS)
    reports = [
        _report(path, f"{path}, report {number}", defaults, entry)
        for number, entry in enumerate(content.get("reports") or [], 1)
    ]
    for number, entry in enumerate(content.get("matrix") or [], 1):
        reports += _matrix(path, f"{path}, matrix {number}", defaults, entry)
    languages = _languages(path, content)
    reports = [_in(language, r, languages) for r in reports for language in languages]
    repeated = sorted(i for i, n in Counter(r.id for r in reports).items() if n > 1)
    if repeated:
        raise ConfigError(f"{path}: id used twice: {', '.join(repeated)}")
    return reports


def select(reports: list[Report], patterns: list[str], matrix: str | None = None) -> list[Report]:
    """Return the reports that the patterns and the matrix choose; all when none is given.

    Parameters
    ----------
    reports : list of Report
    patterns : list of str
        Ids, or shell patterns such as ``import-*-lithium``.
    matrix : str, optional
        Name of a matrix; ``""`` for the reports of all matrices.

    Raises
    ------
    ConfigError
        A pattern or a matrix that no report has.
    """
    ids, names = [r.id for r in reports], {r.matrix for r in reports if r.matrix}
    if matrix is not None:
        if not names:
            raise ConfigError("the report list has no matrix")
        if matrix and matrix not in names:
            raise ConfigError(f"no matrix {matrix!r} in the report list; {closest(matrix, names)}")
        reports = [r for r in reports if r.matrix and matrix in ("", r.matrix)]
    for pattern in patterns:
        if not any(fnmatchcase(i, pattern) for i in ids):
            raise ConfigError(f"no report {pattern!r} in reports.yml; {closest(pattern, ids)}")
    return [r for r in reports if not patterns or any(fnmatchcase(r.id, p) for p in patterns)]


def shard(reports: list[Report], part: str | None) -> list[Report]:
    """Return part ``i/n`` of the reports; the parts are the same on every machine.

    Raises
    ------
    ConfigError
        Not of the form ``i/n`` with i from 1 to n.
    """
    if part is None:
        return reports
    found = re.fullmatch(r"(\d+)/(\d+)", part)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise ConfigError(f"a shard is i/n with i from 1 to n, such as 2/5, not {part!r}")
    return reports[int(found[1]) - 1 :: int(found[2])]


class Neighbours:
    """Which report of each other notebook stands beside a report, by the parameters they share.

    Parameters
    ----------
    reports : list of Report
    """

    def __init__(self, reports: list[Report]):
        self._groups: dict[tuple[str, str], list[Report]] = {}
        for report in reports:
            self._groups.setdefault((report.notebook.name, report.language), []).append(report)
        # By notebook, language, parameter and value: the places in the group.
        self._holding: dict[tuple[str, str, str, str], list[int]] = {}
        for key, group in self._groups.items():
            for place, report in enumerate(group):
                for name, value in report.parameters.items():
                    self._holding.setdefault((*key, name, repr(value)), []).append(place)

    def of(self, report: Report) -> dict[str, str]:
        """Return the file name of each other notebook, and the id of its report beside this one:
        the one that shares most of the parameters named in ``reports.yml`` and contradicts none.
        """
        found = {}
        for notebook, language in self._groups:
            if language == report.language and notebook != report.notebook.name:
                best = self._best(report, (notebook, language))
                if best is not None:
                    found[notebook] = best.id
        return found

    def _best(self, report: Report, key: tuple[str, str]) -> Report | None:
        own = {name: value for name, value in report.parameters.items() if name != "language"}
        same = Counter(
            place
            for name, value in own.items()
            for place in self._holding.get((*key, name, repr(value)), ())
        )
        group = self._groups[key]
        for place, number in sorted(same.items(), key=lambda item: (-item[1], item[0])):
            if number == len(own.keys() & group[place].parameters.keys()):
                return group[place]
        return next((r for r in group if not own.keys() & r.parameters.keys()), None)


def papermill_path(path: Path) -> str:
    """Return a path as papermill wants it, which reads braces as fields to fill."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _read(path: Path) -> dict:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not YAML in UTF-8: {error}") from error
    if not isinstance(content, dict) or not any(content.get(k) for k in ("reports", "matrix")):
        raise ConfigError(f"{path}: 'reports:' with a list of reports is wanted")
    for key, value in content.items():
        wanted = {"reports": list, "matrix": list, "defaults": dict, "languages": list}
        if key not in wanted:
            raise ConfigError(f"{path}: unknown key {key!r}; {closest(key, wanted)}")
        if not isinstance(value, wanted[key]):
            raise ConfigError(f"{path}: '{key}:' must be a {wanted[key].__name__}")
    return content


def _report(path: Path, where: str, defaults: dict, entry, matrix: str = "") -> Report:
    if not isinstance(entry, dict):
        raise ConfigError(f"{where}: id, notebook and schedule are wanted, found {entry!r}")
    where += f" ({entry.get('id')})"
    _check_settings(where, entry, _ENTRY)
    for key in _ENTRY[:3]:
        if not isinstance(entry.get(key), str):
            raise ConfigError(f"{where}: {key} is missing or not text")
    if not _ID.fullmatch(entry["id"]):
        raise ConfigError(f"{where}: an id is lower-case letters, digits and hyphens")
    if entry["schedule"] not in SCHEDULES:
        raise ConfigError(f"{where}: schedule must be one of {', '.join(SCHEDULES)}")
    if not isinstance(entry.get("parameters", {}), dict):
        raise ConfigError(f"{where}: parameters must be 'name: value' pairs")
    if entry.get("reads", "reports") not in _READS:
        raise ConfigError(f"{where}: reads must be one of {', '.join(_READS)}")
    notebook = path.parent / entry["notebook"]
    if not notebook.is_file():
        raise ConfigError(f"{where}: there is no notebook {entry['notebook']}")
    settings = defaults | entry
    limits = Limits(**{key: settings[key] for key in _LIMITS if key in settings})
    own = tuple(entry.get("alerts") or ())
    alerts = tuple(merged(defaults.get("alerts") or [], list(own)))
    parameters = entry.get("parameters") or {}
    made = Report(entry["id"], notebook, entry["schedule"], parameters, limits, alerts, own, matrix)
    return replace(made, reads=entry.get("reads", ""))


def _languages(path: Path, content: dict) -> list[str]:
    wanted = content.get("languages") or [ENGLISH]
    for language in wanted:
        if language not in LANGUAGES:
            known = ", ".join(LANGUAGES)
            raise ConfigError(f"{path}: language {language!r} is not one of {known}")
    if ENGLISH not in wanted:
        raise ConfigError(f"{path}: {ENGLISH} is wanted among the languages: index.html is English")
    return wanted


def _in(language: str, report: Report, languages: list[str]) -> Report:
    """Return a report in a language; its id ends with the code of another one than English."""
    ids = {other: report.id if other == ENGLISH else f"{report.id}-{other}" for other in languages}
    spoken = {} if language == ENGLISH else {"language": language}
    return replace(
        report,
        id=ids.pop(language),
        parameters=report.parameters | spoken,
        language=language,
        translations=ids,
    )


def _matrix(path: Path, where: str, defaults: dict, entry) -> list[Report]:
    """Return a report for each combination of the values of the parameters of a matrix."""
    if not isinstance(entry, dict):
        raise ConfigError(f"{where}: name, notebook, schedule and parameters are wanted")
    name, axes = entry.get("name"), entry.get("parameters")
    where += f" ({name})"
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise ConfigError(f"{where}: a name is lower-case letters, digits and hyphens")
    if not isinstance(axes, dict) or not all(isinstance(v, list) and v for v in axes.values()):
        raise ConfigError(f"{where}: parameters must be 'name: [value, value]' lists")
    entry = {key: value for key, value in entry.items() if key != "name"}
    rows = itertools.product(*axes.values())
    combinations = [dict(zip(axes, values, strict=True)) for values in rows]
    entries = [entry | {"id": _slug(name, *c.values()), "parameters": c} for c in combinations]
    return [_report(path, where, defaults, e, name) for e in entries]


def _slug(*parts) -> str:
    text = "-".join(str(part) for part in parts).lower()
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")


def _check_settings(where: str, entry: dict, allowed: tuple) -> None:
    for key in entry:
        if key not in allowed:
            raise ConfigError(f"{where}: unknown key {key!r}; {closest(key, allowed)}")
    for key in _LIMITS:
        value = entry.get(key, 1)
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise ConfigError(f"{where}: {key} must be a number above 0, not {value!r}")
    check_thresholds(entry.get("alerts"), where)


_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, where it is built
