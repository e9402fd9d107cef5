"""Which files of the library a notebook depends on, told from its source without running it.

A file depends on what it imports anywhere (at the top, in a function, under a condition), on the
packages around that, and on what those import in turn. Where this cannot be told safely (a cell
that is no plain Python, an import whose name is made at run time, a Python file of the notebook's
own folder) the notebook depends on every module, and `dependencies` says why.
"""

import ast
import json
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from rareearths.catalogue import file_sha256

PACKAGE = Path(__file__).parents[1]
# Modules of `reports` that check, plan or start, and put nothing into a page: what these import
# is no input of a page. Their own files are.
APART = frozenset({"reports.parameters"})

_RUNS_TEXT = frozenset({"exec", "eval", "__import__", "__loader__", "__builtins__", "get_ipython"})
_IMPORTS_BY_NAME = frozenset({"__import__", "import_module", "exec_module", "load_module"})
_IMPORTERS = frozenset({"importlib", "runpy", "pkgutil", "builtins", "zipimport", "imp"})
_HARMLESS = ("importlib.resources", "importlib.metadata")
_SYSTEM = frozenset({"path", "modules", "meta_path", "path_hooks"})


class Scan(NamedTuple):
    """What one source imports.

    ``names`` are dotted, ``a.b.*`` for all of a package, with leading dots where relative;
    ``unsafe`` says why there may be more, and is empty if there is not.
    """

    names: tuple[str, ...]
    unsafe: str


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
    scans = {name: _scan_file(file) for name, file in modules.items()}
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
    scan = _scan_notebook(notebook)
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


def notebook_text(notebook: Path) -> str:
    """Return what of a notebook can change its report: all but outputs and execution counts.

    The text is JSON with sorted keys; of a file that is no notebook it is the whole file.
    """
    return _read_notebook(notebook, file_sha256(notebook))[0]


@contextmanager
def remembered(file: Path) -> Iterator[None]:
    """Keep what sources import in a file, from one run to the next: parsing them takes a second.

    Sources are known by their hash, so the file may be deleted or damaged at any time.
    """
    before = _recall(file)
    _scans.update(before)
    yield
    if set(_used) - set(before):
        kept = {source: _scans[source] for source in sorted(_used)}
        new = file.with_name(f".{file.name}.{os.getpid()}.new")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            new.write_text(json.dumps({"by": _scanner(), "scans": kept}), encoding="utf-8")
            os.replace(new, file)
        except OSError:  # a folder that cannot be written costs a second each run, no more
            with suppress(OSError):
                new.unlink()


def _recall(file: Path) -> dict[str, Scan]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if found["by"] != _scanner():
            return {}
        return {
            source: Scan(tuple(map(str, names)), str(unsafe))
            for source, (names, unsafe) in found["scans"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


@cache
def _scanner() -> str:
    """Return the hash of this module: another one may see other imports in the same source."""
    return file_sha256(Path(__file__))


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
                names = {n.lstrip(".") for n in _scan_file(file).names}
                wanted |= names
                waiting |= {n.split(".")[0] for n in names}
    return found, wanted


# One source

_scans: dict[str, Scan] = {}
_used: set[str] = set()


def _scan_file(path: Path) -> Scan:
    return _remember(file_sha256(path), lambda: _scan_source(path.read_bytes()))


def _scan_notebook(path: Path) -> Scan:
    sha256 = file_sha256(path)
    return _remember(f"{sha256} notebook", lambda: _read_notebook(path, sha256)[1]())


def _remember(source: str, scan: Callable[[], Scan]) -> Scan:
    _used.add(source)
    if source not in _scans:
        _scans[source] = scan()
    return _scans[source]


@cache
def _read_notebook(path: Path, sha256: str) -> tuple[str, Callable[[], Scan]]:
    """Return the text of a notebook without outputs, and a function that scans its cells."""
    content = path.read_bytes()
    try:
        notebook = json.loads(content)
        cells = [c for c in notebook["cells"] if c["cell_type"] == "code"]
        sources = ["".join(cell["source"]) for cell in cells]
        language = notebook.get("metadata", {}).get("kernelspec", {}).get("language", "python")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        whole = content.decode("utf-8", errors="backslashreplace")
        return whole, lambda: Scan((), "the file is no notebook of format 4")
    for cell in cells:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)
    text = json.dumps(notebook, sort_keys=True, ensure_ascii=False)
    return text, lambda: _scan_cells(sources, language)


def _scan_cells(sources: list[str], language: str) -> Scan:
    if language != "python":
        return Scan((), f"the notebook is written in {language}")
    scans = [_scan_source(source) for source in sources]
    names = sorted({name for scan in scans for name in scan.names})
    reasons = [f"code cell {n}: {s.unsafe}" for n, s in enumerate(scans, 1) if s.unsafe]
    if "subprocess" in {name.split(".")[0] for name in names}:
        reasons.append("the notebook starts other programs (subprocess)")
    return Scan(tuple(names), "; ".join(reasons))


def _scan_source(source: str | bytes) -> Scan:
    try:
        with warnings.catch_warnings(action="ignore"):  # of an odd escape in a string
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError) as error:
        return Scan((), f"not plain Python ({type(error).__name__})")
    names, unsafe = set(), ""
    for node in ast.walk(tree):
        names |= _imported(node)
        unsafe = unsafe or _dynamic(node)
    for name in sorted(names):
        unsafe = unsafe or _reaches_importers(name)
    return Scan(tuple(sorted(names)), unsafe)


def _imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        base = "." * node.level + (f"{node.module}." if node.module else "")
        return {base + alias.name for alias in node.names}
    return set()


def _dynamic(node: ast.AST) -> str:
    """Say which use of a name can import what no import statement names."""
    if isinstance(node, ast.alias) and node.name == "sys" and node.asname not in (None, "sys"):
        return f"sys is imported as {node.asname}"
    if isinstance(node, ast.Name) and node.id in _RUNS_TEXT:
        return f"{node.id} is used"
    if isinstance(node, ast.Attribute):
        of_sys = isinstance(node.value, ast.Name) and node.value.id == "sys"
        if node.attr in _IMPORTS_BY_NAME or (of_sys and node.attr in _SYSTEM):
            return f"{node.attr} is used"
    return ""


def _reaches_importers(name: str) -> str:
    top, _, rest = name.partition(".")
    imports = top in _IMPORTERS and not f"{name}.".startswith(tuple(f"{h}." for h in _HARMLESS))
    return f"{name} is imported" if imports or (top == "sys" and rest in _SYSTEM) else ""
