"""What one source imports, a module or the cells of a notebook, and what cannot be told of it.

Parsing all sources of the library takes a second, so what was read is known by the source's hash
and can be kept in a file.
"""

import ast
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from rareearths.catalogue import file_sha256

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


def scan_file(path: Path) -> Scan:
    """Return what a Python file imports."""
    return _remember(file_sha256(path), lambda: _scan_source(path.read_bytes()))


def scan_notebook(path: Path) -> Scan:
    """Return what the code cells of a notebook import."""
    sha256 = file_sha256(path)
    return _remember(f"{sha256} notebook", lambda: _read_notebook(path, sha256)[1]())


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


_scans: dict[str, Scan] = {}
_used: set[str] = set()


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
    """Return what reads sources: another module or Python may see other imports in the same one."""
    return f"{file_sha256(Path(__file__))} {sys.version_info[:2]}"


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
