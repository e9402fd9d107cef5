"""Everything that can change a report's page, as hashes: when they are the same, so is the page.

They are the notebook, the given parameters, the reports that links lead to, the tables, the modules
of the library that the notebook imports, what makes every page, the environment and the settings.
The day and the commit are not among them: a page that nothing has changed keeps its date.

Which tables a notebook reads and which notebooks its page links to is known after it ran. So
`collect` before the run takes all of them, `narrow` keeps those that the run used, and the next
plan asks `changes` for these alone. The order matters: what changes during a run shows at the next.
"""

import hashlib
import json
import sys
import sysconfig
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from rareearths import catalogue
from rareearths.reports import imports, scan
from rareearths.reports.config import Report

DIGITS = 16  # of each hash: 64 bits tell one state of a file from another


def collect(
    report: Report,
    beside: dict[str, str],
    tables: Collection[str] | None = None,
    links: Collection[str] | None = None,
    settings: dict | None = None,
) -> dict:
    """Return the inputs of a report as they are now.

    Parameters
    ----------
    report : Report
    beside : dict of str to str
        Report by notebook, to which links lead; see `rareearths.reports.config.Neighbours`.
    tables : collection of str, optional
        Names of the tables that the report reads; all by default.
    links : collection of str, optional
        File names of the notebooks that the page links to; all of ``beside`` by default.
    settings : dict, optional
        What else is given, by name: anything that JSON can hold.

    Returns
    -------
    dict
        For JSON: ``notebook`` and ``parameters`` are hashes; ``tables``, ``modules`` and ``page``
        hashes by name; ``links`` report by notebook; ``environment`` and ``settings`` values by
        name. None stands for what is not there: a table that vanished, a link without a report.

    Raises
    ------
    DataError
        ``datapackage.json`` is missing or cannot be read.
    """
    library = _once("library", imports.library)
    page = _once("page", lambda: _digests(imports.page_files(library)))
    notebook, modules = _once(report.notebook, lambda: _notebook(report.notebook, library))
    digests = _once("tables", _table_digests)
    own = ("id", "schedule", "translations")
    given = {name: getattr(report, name) for name in own} | (settings or {})
    return {
        "notebook": notebook,
        "parameters": _short(_canonical(report.parameters)),
        "links": _named(beside, links),
        "tables": _named(digests, tables),
        "modules": {name: digest for name, digest in modules.items() if name not in page},
        "page": page,
        "environment": _once("environment", _environment),
        "settings": {name: _short(_canonical(value)) for name, value in sorted(given.items())},
    }


@contextmanager
def snapshot(memory: Path | None = None) -> Iterator[None]:
    """Read each file once inside a ``with`` block: all reports are judged by one state of them.

    Parameters
    ----------
    memory : pathlib.Path, optional
        File that keeps between runs what was read from sources, see `scan.remembered`.
    """
    _held.append({})
    try:
        with scan.remembered(memory) if memory else nullcontext():
            yield
    finally:
        _held.pop()


def narrow(inputs: dict, tables: Collection[str], links: Collection[str] | None = None) -> dict:
    """Return the inputs with only the tables that were read and the notebooks that were linked to.

    What the inputs do not know is kept as None, so that it shows as changed when it appears.
    ``links`` is None where it is not known: then all of them stay.
    """
    kept = inputs | {"tables": _named(inputs["tables"], tables)}
    return kept if links is None else kept | {"links": _named(inputs["links"], links)}


def changes(
    report: Report, beside: dict[str, str], recorded: dict | None, settings: dict | None = None
) -> list[str]:
    """Return why a report is to be rendered again, given the inputs of its last run: see `why`.

    An empty list says that its page is what a new run would make.
    """
    used = [_used(recorded, kind) for kind in ("tables", "links")]
    return why(recorded, collect(report, beside, *used, settings))


def key(inputs: dict) -> str:
    """Return one hash of all inputs: equal keys, equal pages."""
    return _short(_canonical(inputs))


def why(old: dict | None, new: dict) -> list[str]:
    """Say what differs between the inputs of two runs, a sentence each; empty if nothing does.

    Examples
    --------
    >>> why(None, {})
    ['never rendered']
    >>> why({"tables": {"blocs": "1"}}, {"tables": {"blocs": "2"}})
    ['table blocs changed']
    """
    if old is None:
        return ["never rendered"]
    if not isinstance(old, dict) or not old:
        return ["the inputs of the last run are not known"]
    before, after = _flat(old), _flat(new)
    differing = [k for k in dict.fromkeys([*after, *before]) if before.get(k) != after.get(k)]
    return [_sentence(*k, before.get(k), after.get(k)) for k in differing]


_WORDS = {"tables": "table", "modules": "module", "page": "module", "settings": "setting"}
_ALL = "*"


def _named(values: dict, names: Collection[str] | None) -> dict:
    """Return the values of some names, or of all, which the name `_ALL` says."""
    if names is None:
        return {_ALL: "all"} | dict(sorted(values.items()))
    return {name: values.get(name) for name in sorted(names)}


def _used(recorded: dict | None, kind: str) -> list[str] | None:
    """Return the names that a record holds of a kind; None for all, also if it holds no names."""
    names = recorded.get(kind) if isinstance(recorded, dict) else None
    return list(names) if isinstance(names, dict) and _ALL not in names else None


def _flat(inputs: dict) -> dict[tuple[str, str], object]:
    """Return each hash or value by kind and name."""
    flat = {}
    for kind, part in inputs.items():
        named = part if isinstance(part, dict) else {"": part}
        flat |= {(kind, name): value for name, value in named.items()}
    return flat


def _sentence(kind: str, name: str, before, after) -> str:
    if kind == "links" and name:
        return f"links to {name} lead elsewhere"
    if (kind, name) == ("environment", "python") and before and after:
        return f"Python {before} became {after}"
    if kind == "environment":
        subject = name
    elif "/" in name or name.endswith(".py"):
        subject = f"file {name}"
    else:
        subject = f"{_WORDS.get(kind, kind)} {name}".strip()
    if after is None:
        return f"{subject} is no longer there"
    return f"{subject} is new" if before is None else f"{subject} changed"


_held: list[dict] = []


def _once(name, make: Callable):
    """Return what ``make`` returns; inside a `snapshot` it is made once."""
    if not _held:
        return make()
    if name not in _held[-1]:
        _held[-1][name] = make()
    return _held[-1][name]


def _notebook(path: Path, library: imports.Library) -> tuple[str, dict[str, str | None]]:
    modules = _digests(imports.modules_of(path, library))
    return _short(scan.notebook_text(path)), modules


def _table_digests() -> dict[str, str | None]:
    """Return a hash by table, of its file and of its entry in the catalogue; None without file."""
    catalogue.tables()  # says what is wrong with the catalogue, if something is
    descriptor = catalogue.folder() / "datapackage.json"
    found = {}
    for entry in json.loads(descriptor.read_text(encoding="utf-8"))["resources"]:
        file = _file_digest(descriptor.parent / entry["path"])
        found[entry["name"]] = file and _short(file + _canonical(entry))
    return found


def _environment() -> dict[str, str | None]:
    """Return Python's version, and hashes of the installed packages' names and of the lock file."""
    folders = {Path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib")}
    installed = sorted({p.name for folder in folders for p in folder.glob("*.dist-info")})
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "installed packages": _short("\n".join(installed)),
        "requirements.lock": _file_digest(imports.PACKAGE.parents[1] / "requirements.lock"),
    }


def _digests(files: dict[str, Path]) -> dict[str, str | None]:
    return {name: _file_digest(path) for name, path in files.items()}


def _file_digest(path: Path) -> str | None:
    try:
        return catalogue.file_sha256(path)[:DIGITS]
    except FileNotFoundError:
        return None


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]


def _canonical(value) -> str:
    """Return a value as text: the same for equal values whatever the order of their keys."""
    if isinstance(value, dict):
        pairs = sorted((_canonical(k), _canonical(v)) for k, v in value.items())
        return "{" + ",".join(f"{k}:{v}" for k, v in pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False, default=repr)
