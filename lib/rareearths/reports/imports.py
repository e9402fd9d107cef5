"""Which files of the library a notebook depends on, told from its source without running it.

A file depends on what it imports anywhere (at the top, in a function, under a condition), on the
packages around that, and on what those import in turn. Where this cannot be told safely (a cell
that is no plain Python, an import whose name is made at run time, a Python file of the notebook's
own folder) the notebook depends on every module, and `dependencies` says why.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rareearths.reports.scan import Scan, scan_file, scan_notebook

PACKAGE = Path(__file__).parents[1]
# Modules of `reports` that check, plan or start, and put nothing into a page: what these import
# is no input of a page. Their own files are.
APART = frozenset(
    {"reports.parameters", "reports.history", "reports.kernels.server", "reports.lean"}
)


@dataclass(frozen=True)
class Dependencies:
    """What a notebook depends on.

    Attributes
    ----------
    modules : dict of str to pathlib.Path
        File by dotted name; Python files of the notebook's own folder by file name.
    unsafe : str
        Why every module of the library is among them; empty if only those that are imported are.
    """

    modules: dict[str, Path]
    unsafe: str = ""


@dataclass(frozen=True)
class Library:
    """The files of a package.

    Attributes
    ----------
    name : str
    modules : dict of str to pathlib.Path
        Python file by dotted name.
    others : dict of str to pathlib.Path
        Every other file by its path, beginning with the package's name.
    scans : dict of str to Scan
    runs : dict of str to set of str
        The modules that importing one runs directly: those it names and the packages around them.
    """

    name: str
    modules: dict[str, Path]
    others: dict[str, Path]
    scans: dict[str, Scan]
    runs: dict[str, set[str]]


def library(package: Path | None = None) -> Library:
    """Read which files a package has, this one by default, and what its modules import."""
    package = package or PACKAGE
    modules, others = {}, {}
    for path in _listing(str(package), package.name):
        file = package.parent / path
        if not path.endswith(".py"):
            others[path] = file
            continue
        *folders, stem = path.removesuffix(".py").split("/")
        name = ".".join(folders if stem == "__init__" else [*folders, stem])
        if stem == "__init__" or name not in modules:  # Python prefers x/__init__.py to x.py
            modules[name] = file
    scans = {name: scan_file(file) for name, file in modules.items()}
    runs = {name: _resolved(scans[name].names, _around(name, modules), modules) for name in modules}
    return Library(package.name, modules, others, scans, runs)


def modules_of(notebook: Path, known: Library | None = None) -> dict[str, Path]:
    """Return the file of each module that a notebook depends on, by dotted name."""
    return dependencies(notebook, known).modules


def dependencies(notebook: Path, known: Library | None = None) -> Dependencies:
    """Return the modules that a notebook depends on, and why they are all of them, if they are.

    Parameters
    ----------
    notebook : pathlib.Path
    known : Library, optional
        The library, where it was read already.
    """
    known = known or library()
    scan = scan_notebook(notebook)
    local, wanted = _own_folder(notebook.parent, known, scan)
    reached, reason = _closure(_resolved(wanted, "", known.modules), known)
    imported = f"{min(local)} of the notebook's own folder is imported" if local else ""
    unsafe = scan.unsafe or imported or reason
    names = known.modules if unsafe else reached
    return Dependencies({name: known.modules[name] for name in sorted(names)} | local, unsafe)


def page_files(known: Library | None = None) -> dict[str, Path]:
    """Return the files that can change every page, by name: an input of every report.

    They are the modules of ``reports`` with what they import (except what only those in `APART`
    import) and all files of the package that are not Python.
    """
    known = known or library()
    reports = f"{known.name}.reports."
    makers = {name for name in known.modules if f"{name}.".startswith(reports)}
    reached, unsafe = _closure(makers, known, {f"{known.name}.{name}" for name in APART})
    names = known.modules if unsafe else reached
    return {name: known.modules[name] for name in sorted(names)} | known.others


def _listing(folder: str, inside: str) -> Iterator[str]:
    """Yield the path of each file below a folder, beginning with ``inside``."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda e: e.name):
            if entry.name == "__pycache__" or entry.name.startswith("."):
                continue
            path = f"{inside}/{entry.name}"
            if entry.is_dir():
                yield from _listing(entry.path, path)
            elif entry.is_file():
                yield path


# From imports to modules


def _closure(roots: set[str], known: Library, apart: Iterable[str] = ()) -> tuple[set[str], str]:
    """Return the modules reached from some, and why there may be more (empty if there are not)."""
    reached, waiting, reasons = set(), set(roots), []
    while waiting:
        name = waiting.pop()
        reached.add(name)
        if name in apart:
            continue
        if known.scans[name].unsafe:
            reasons.append(f"{name}: {known.scans[name].unsafe}")
        waiting |= known.runs[name] - reached
    return reached, "; ".join(sorted(reasons))


def _resolved(names: Iterable[str], package: str, modules: dict[str, Path]) -> set[str]:
    """Return the modules that importing some names from a package runs, the packages around too."""
    found = set()
    for name in names:
        absolute = _absolute(name, package)
        parts = absolute.split(".")
        found |= {".".join(parts[:n]) for n in range(1, len(parts) + 1)} & modules.keys()
        if parts[-1] == "*":
            found |= {m for m in modules if m.startswith(absolute.removesuffix("*"))}
    return found


def _around(name: str, modules: dict[str, Path]) -> str:
    """Return the package from which a module's relative imports start."""
    return name if modules[name].name == "__init__.py" else name.rpartition(".")[0]


def _absolute(name: str, package: str) -> str:
    bare = name.lstrip(".")
    level = len(name) - len(bare)
    if not level:
        return name
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - level + 1], bare])


# Python files beside a notebook, which it can import


def _own_folder(folder: Path, known: Library, scan: Scan) -> tuple[dict[str, Path], set[str]]:
    """Return the Python files of a notebook's folder that it imports, and all imported names.

    A file there also stands in for a module of the same name that the library imports.
    """
    wanted = set(scan.names)
    there = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".py" or (path.is_dir() and path.name.isidentifier()):
            there.setdefault(path.stem, []).append(path)
    imported = wanted.union(*(s.names for s in known.scans.values())) if there else ()
    found, waiting = {}, {name.split(".")[0] for name in imported}
    while waiting:
        for path in there.pop(waiting.pop(), ()):
            for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
                found[file.relative_to(folder).as_posix()] = file
                names = {n.lstrip(".") for n in scan_file(file).names}
                wanted |= names
                waiting |= {n.split(".")[0] for n in names}
    return found, wanted
