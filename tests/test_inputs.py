"""What can change a page: told from sources and hashes alone, and never too little."""

import datetime
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from conftest import REPORT_NOTEBOOKS as NOTEBOOKS
from conftest import ROOT
from rareearths import catalogue
from rareearths.reports import config, imports, inputs, scan

REPORTS = config.load(ROOT / "reports.yml")

FILES = {
    "__init__.py": "from pkg.base import LOW\n",
    "base.py": "LOW = 1\n",
    "alone.py": "",
    "late.py": "def f():\n    if f:\n        import pkg.deep.far as far\n    return far\n",
    "deep/__init__.py": "from . import near\nNAME = 3\n",
    "deep/near.py": "from ..alone import *\n",
    "deep/far.py": "import json, pkg.alone\n",
    "deep/other.py": "",
    "table/data.json": "{}",
    "dynamic.py": "import importlib\n\ndef f(name):\n    return importlib.import_module(name)\n",
    "resource.py": "from importlib.resources import files\n",
    "broken.py": "def f(:\n",
    "star.py": "from pkg.deep import *\n",
    "reports/__init__.py": "from pkg.reports.prose import say\n",
    "reports/prose.py": "from pkg import words\n",
    "reports/page.py": "",
    "reports/parameters.py": "import pkg.late\n",
    "reports/template/style.css": "p {}",
    "words.py": "",
}
ALL = {
    ".".join(["pkg", *(p for p in name.removesuffix(".py").split("/") if p != "__init__")])
    for name in FILES
    if name.endswith(".py")
}


@pytest.fixture
def package(tmp_path):
    """A small package `pkg`; takes the place of the library where a test asks for it."""
    for name, text in FILES.items():
        file = tmp_path / "lib/pkg" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path / "lib/pkg"


def write_notebook(path: Path, *cells: str, **metadata) -> Path:
    made = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "outputs": [], "source": source}
        for i, source in enumerate(cells)
    ]
    made.insert(0, {"cell_type": "markdown", "id": "m", "metadata": {}, "source": "import pkg.x"})
    notebook = {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def depends(package: Path, *cells: str, **metadata) -> imports.Dependencies:
    path = write_notebook(package.parents[1] / "notebooks/n.ipynb", *cells, **metadata)
    return imports.dependencies(path, imports.library(package))


# What is imported


@pytest.mark.parametrize(
    ("cell", "modules"),
    [
        ("x = 1", ""),
        ("import pkg", "pkg pkg.base"),
        ("from pkg import LOW", "pkg pkg.base"),
        ("from pkg import alone", "pkg pkg.base pkg.alone"),
        ("import pkg.alone as a, json", "pkg pkg.base pkg.alone"),
        ("from pkg.alone import name", "pkg pkg.base pkg.alone"),
        ("from pkg.deep import NAME", "pkg pkg.base pkg.deep pkg.deep.near pkg.alone"),
        ("from pkg.deep import (\n  other,\n)", "pkg pkg.base pkg.deep pkg.deep.near pkg.alone "
         "pkg.deep.other"),
        ("import pkg.deep.far", "pkg pkg.base pkg.deep pkg.deep.near pkg.deep.far pkg.alone"),
        ("def f():\n  import pkg.alone", "pkg pkg.base pkg.alone"),
        ("x = 1; import pkg.alone", "pkg pkg.base pkg.alone"),
        ("import pkg.late", "pkg pkg.base pkg.late pkg.deep pkg.deep.near pkg.deep.far pkg.alone"),
        ("import pkg.star", "pkg pkg.base pkg.star pkg.deep pkg.deep.near pkg.deep.far "
         "pkg.deep.other pkg.alone"),
        ("import pkg.resource", "pkg pkg.base pkg.resource"),
        ("import pkg.reports", "pkg pkg.base pkg.reports pkg.reports.prose pkg.words"),
        ("await f()", ""),
        ('s = "import pkg.alone"  # import pkg.alone', ""),
        ("import pkgs.alone", ""),
    ],
)  # fmt: skip
def test_what_a_cell_imports_is_followed_to_the_end(package, cell, modules):
    found = depends(package, "import json", cell)
    assert found.unsafe == ""
    assert set(found.modules) == set(modules.split())
    assert all(file.is_file() for file in found.modules.values())


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("%matplotlib inline", "code cell 2: not plain Python"),
        ("!ls", "not plain Python"),
        ("%%bash\nls", "not plain Python"),
        ("print(", "not plain Python"),
        ("import importlib", "importlib is imported"),
        ("from importlib import import_module as f", "importlib.import_module is imported"),
        ("import importlib.util", "importlib.util is imported"),
        ("import runpy", "runpy is imported"),
        ("m = __import__(name)", "__import__ is used"),
        ("exec(text)", "exec is used"),
        ("f = eval", "eval is used"),
        ("get_ipython().run_line_magic('run', 'x.py')", "get_ipython is used"),
        ("import sys\nsys.path.insert(0, '..')", "path is used"),
        ("from sys import path", "sys.path is imported"),
        ("import sys as s\ns.path.append('.')", "sys is imported as s"),
        ("import subprocess", "starts other programs"),
        ("from pkg import dynamic", "pkg.dynamic: import"),
        ("from pkg import broken", "pkg.broken: not plain Python"),
    ],
)
def test_what_cannot_be_told_safely_depends_on_everything(package, cell, reason):
    found = depends(package, "import json", cell)
    assert reason in found.unsafe
    assert set(found.modules) == ALL


@pytest.mark.parametrize(
    "cell",
    [
        "import ast\nast.literal_eval('1')",
        "frame.eval('a + b')",
        "import sys\nsys.version",
        "r'\\d'",
    ],
)
def test_what_only_looks_like_it_is_safe(package, cell):
    assert depends(package, cell) == imports.Dependencies({})


def test_a_notebook_in_another_language_depends_on_everything(package):
    found = depends(package, "x = 1", kernelspec={"name": "ir", "language": "R"})
    assert set(found.modules) == ALL
    assert "written in R" in found.unsafe
    spec = {"name": "python3", "language": "python"}
    assert depends(package, "x = 1", kernelspec=spec).unsafe == ""


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"\xff\xfe\xfa", b'{"cells": 3}', b'{"cells": [{}]}']
)
def test_a_file_that_is_no_notebook_depends_on_everything(package, content):
    path = package.parents[1] / "n.ipynb"
    path.write_bytes(content)
    found = imports.dependencies(path, imports.library(package))
    assert set(found.modules) == ALL
    assert "no notebook" in found.unsafe


def test_a_python_file_beside_the_notebook_is_an_input(package):
    folder = package.parents[1] / "notebooks"
    (folder / "more").mkdir(parents=True)
    (folder / "helper.py").write_text("import second\n")
    (folder / "second.py").write_text("")
    (folder / "more/inner.py").write_text("")
    (folder / "unused.py").write_text("")
    for cell, files in (
        ("import helper", {"helper.py", "second.py"}),
        ("from more import inner", {"more/inner.py"}),
        ("def f():\n  import second", {"second.py"}),
    ):
        found = depends(package, cell)
        assert set(found.modules) == ALL | files
        assert "own folder" in found.unsafe
    assert set(depends(package, "x = 1").modules) == set()


def test_a_file_that_hides_a_module_the_library_imports_is_an_input(package):
    folder = package.parents[1] / "notebooks"
    folder.mkdir()
    (folder / "json.py").write_text("")
    assert set(depends(package, "x = 1").modules) == {*ALL, "json.py"}


def test_of_a_package_and_a_module_of_one_name_the_package_counts(package):
    (package / "deep.py").write_text("import pkg.words")
    assert imports.library(package).modules["pkg.deep"] == package / "deep/__init__.py"


def test_what_makes_the_page_is_an_input_of_every_report(package):
    (package / "__pycache__").mkdir()
    (package / "__pycache__/x.pyc").write_bytes(b"")
    assert set(imports.page_files(imports.library(package))) == {
        "pkg",
        "pkg.base",
        "pkg.words",
        "pkg.reports",
        "pkg.reports.page",
        "pkg.reports.parameters",
        "pkg.reports.prose",
        "pkg/reports/template/style.css",
        "pkg/table/data.json",
    }


# What sources import is remembered between runs


@pytest.fixture
def new_process(monkeypatch):
    """Forget what this process has read: as a new one."""

    def forget():
        monkeypatch.setattr(scan, "_scans", {})
        monkeypatch.setattr(scan, "_used", set())

    forget()
    return forget


def test_what_is_remembered_is_what_was_read(package, tmp_path, new_process, monkeypatch):
    file = tmp_path / "state/imports.json"
    with scan.remembered(file):
        first = depends(package, "import pkg.late")
    parsed = []
    new_process()
    monkeypatch.setattr(scan, "_scan_source", lambda source: parsed.append(source))
    with scan.remembered(file):
        assert depends(package, "import pkg.late") == first
    assert parsed == []


@pytest.mark.parametrize(
    "damage", [b"", b"\xff", b"[]", b'{"by": 1}', b'{"by": "other", "scans": {}}', "scans"]
)
def test_a_damaged_memory_is_no_memory(package, tmp_path, damage, new_process):
    file = tmp_path / "imports.json"
    if damage == "scans":
        damage = json.dumps({"by": scan._scanner(), "scans": {"x": 3}}).encode()
    file.write_bytes(damage)
    with scan.remembered(file):
        assert set(depends(package, "from pkg import LOW").modules) == {"pkg", "pkg.base"}
    assert json.loads(file.read_text())["by"] == scan._scanner()


def test_a_memory_that_cannot_be_written_is_no_error(package, tmp_path, new_process):
    (tmp_path / "file").write_text("in the way")
    with scan.remembered(tmp_path / "file/imports.json"):
        assert depends(package, "x = 1").unsafe == ""


# The collection: no notebook imports what is not told

RUN_IMPORTS = """
import ast, json, sys, warnings
from pathlib import Path

warnings.simplefilter("ignore")
found = {}
for path in map(Path, sys.argv[1:]):
    for name in [m for m in sys.modules if m.split(".")[0] == "rareearths"]:
        del sys.modules[name]
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            for node in ast.walk(ast.parse("".join(cell["source"]))):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    exec(compile(ast.Module([node], []), str(path), "exec"), {})
    found[path.name] = sorted(m for m in sys.modules if m.split(".")[0] == "rareearths")
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def imported():
    """Modules of the library that are loaded after the imports of each notebook, for real."""
    done = subprocess.run(
        [sys.executable, "-c", RUN_IMPORTS, *map(str, NOTEBOOKS)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT / "notebooks",
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_module_that_a_notebook_loads_is_told(imported, notebook):
    found = imports.dependencies(notebook)
    assert found.unsafe == "", "a notebook of the collection imports plainly"
    loaded = set(imported[notebook.name])
    assert "rareearths.reports.prose" in loaded
    assert loaded <= set(found.modules)


def test_a_notebook_does_not_depend_on_modules_of_other_questions():
    reached = {path.name[:2]: set(imports.modules_of(path)) for path in NOTEBOOKS}
    ladder, cascade = "rareearths.value_chain.upgrading", "rareearths.disruption.cascade"
    assert {number for number, names in reached.items() if ladder in names} == {"70"}
    assert {number for number, names in reached.items() if cascade in names} == {"65"}
    assert not any("rareearths.build" in names for names in reached.values())


def test_no_module_of_an_analysis_is_an_input_of_every_report():
    """A module of `reports` that imports one, or by name, belongs into `imports.APART`."""
    names = {name for name in imports.page_files() if "/" not in name}
    others = {name for name in names if not name.startswith("rareearths.reports")}
    others = {name for name in others if not name.startswith("rareearths.translation")}
    assert others == {"rareearths", "rareearths.catalogue", "rareearths.words"}
    assert "rareearths/reports/template/style.css" in imports.page_files()


# The inputs of a report


@pytest.fixture
def report(package, data, monkeypatch):
    """A report of a made-up notebook and library, on a copy of the data."""
    monkeypatch.setattr(imports, "PACKAGE", package)
    cells = ("importer: str = 'JPN'", "from pkg import alone, reports")
    notebook = write_notebook(package.parents[1] / "notebooks/n.ipynb", *cells)
    return config.Report("one", notebook, "monthly", {"importer": "JPN", "years": [2010, 2024]})


BESIDE = {"other.ipynb": "two", "third.ipynb": "three"}


def recorded(report, settings=None) -> dict:
    """The inputs of a run that read two tables and linked to one notebook, as read from JSON."""
    everything = inputs.collect(report, BESIDE, settings=settings)
    used = inputs.narrow(everything, ["blocs", "economies"], ["other.ipynb"])
    return json.loads(json.dumps(used))


def test_nothing_changed_is_no_change(report):
    before = recorded(report, {"limit": 3})
    assert inputs.changes(report, BESIDE, before, {"limit": 3}) == []
    again = recorded(report, {"limit": 3})
    assert inputs.key(before) == inputs.key(again)
    assert set(before["tables"]) == {"blocs", "economies"}
    assert set(before["modules"]) == {"pkg.alone"}
    assert "pkg.reports.page" in before["page"]


def rewrite(path: Path, text: str = "\n# more\n") -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def edit_entry(data: Path, name: str, edit) -> None:
    path = data / "datapackage.json"
    package = json.loads(path.read_text(encoding="utf-8"))
    package["resources"] = [
        entry for entry in package["resources"] if entry["name"] != name or edit(entry) is not False
    ]
    path.write_text(json.dumps(package), encoding="utf-8")


@pytest.mark.parametrize(
    ("changed", "sentences"),
    [
        ("notebooks/n.ipynb", ["notebook changed"]),
        ("lib/pkg/alone.py", ["module pkg.alone changed"]),
        ("lib/pkg/base.py", ["module pkg.base changed"]),
        ("lib/pkg/reports/page.py", ["module pkg.reports.page changed"]),
        (
            "lib/pkg/reports/template/style.css",
            ["file pkg/reports/template/style.css changed"],
        ),
        ("data/reference/economies.csv", ["table economies changed"]),
        ("lib/pkg/late.py", []),
        ("lib/pkg/deep/near.py", []),
        ("data/trade/published_shares.csv", []),
        ("data/README.md", []),
    ],
)
def test_a_changed_file_is_named_and_one_that_is_not_read_is_no_change(
    report, tmp_path, changed, sentences
):
    before = recorded(report)
    path = tmp_path / changed
    if path.suffix == ".ipynb":
        write_notebook(path, "importer: str = 'USA'", "from pkg import alone, reports")
    else:
        rewrite(path)
    assert inputs.changes(report, BESIDE, before) == sentences


def test_a_file_of_another_size_or_time_with_the_same_bytes_is_no_change(report, package):
    before = recorded(report)
    text = (package / "alone.py").read_text()
    (package / "alone.py").write_text(text + "x = 1")
    assert inputs.changes(report, BESIDE, before) == ["module pkg.alone changed"]
    (package / "alone.py").write_text(text)
    assert inputs.changes(report, BESIDE, before) == []


def test_the_entry_of_a_table_counts_as_well_as_its_bytes(report, data):
    before = recorded(report)
    edit_entry(data, "blocs", lambda entry: entry.update(title="Another title"))
    assert inputs.changes(report, BESIDE, before) == ["table blocs changed"]


def test_a_table_that_vanished_is_a_change_and_no_error(report, data):
    before = recorded(report)
    edit_entry(data, "blocs", lambda entry: False)
    (data / "reference/economies.csv").unlink()
    assert inputs.changes(report, BESIDE, before) == [
        "table blocs is no longer there",
        "table economies is no longer there",
    ]
    gone = recorded(report)
    assert gone["tables"] == {"blocs": None, "economies": None}
    assert inputs.changes(report, BESIDE, gone) == []


def test_a_table_that_was_looked_for_in_vain_is_a_change_when_it_appears(report, data):
    edit_entry(data, "blocs", lambda entry: False)
    before = recorded(report)
    edit_entry(data, "economies", lambda entry: entry.update(name="blocs"))
    assert "table blocs is new" in inputs.changes(report, BESIDE, before)


def test_without_a_catalogue_the_error_says_how_to_repair_it(report, data):
    (data / "datapackage.json").unlink()
    with pytest.raises(catalogue.DataError, match="git checkout"):
        inputs.collect(report, BESIDE)


def test_outputs_of_a_notebook_saved_in_jupyterlab_are_no_change(report):
    before = recorded(report)
    notebook = json.loads(report.notebook.read_text())
    notebook["cells"][1] |= {"execution_count": 7, "outputs": [{"output_type": "stream"}]}
    report.notebook.write_text(json.dumps(notebook, indent=1))
    assert inputs.changes(report, BESIDE, before) == []
    notebook["cells"][1]["metadata"] = {"tags": ["record"]}
    report.notebook.write_text(json.dumps(notebook, indent=1))
    assert inputs.changes(report, BESIDE, before) == ["notebook changed"]


def but(report: config.Report, **fields) -> config.Report:
    values = {name: getattr(report, name) for name in ("id", "notebook", "schedule", "parameters")}
    return config.Report(**(values | fields))


def test_what_the_report_list_says_is_an_input(report):
    before = recorded(report)
    other = but(report, parameters=report.parameters | {"importer": "USA"})
    assert inputs.changes(other, BESIDE, before) == ["parameters changed"]
    turned = but(report, parameters=dict(reversed(report.parameters.items())))
    assert inputs.changes(turned, BESIDE, before) == []
    assert inputs.changes(but(report, schedule="daily"), BESIDE, before) == [
        "setting schedule changed"
    ]
    assert inputs.changes(report, BESIDE, before, {"limit": 1}) == ["setting limit is new"]


def test_only_links_of_the_page_count(report):
    before = recorded(report)
    assert inputs.changes(report, BESIDE | {"third.ipynb": "four", "new.ipynb": "x"}, before) == []
    for beside in (BESIDE | {"other.ipynb": "four"}, {}):
        assert inputs.changes(report, beside, before) == ["links to other.ipynb lead elsewhere"]


def test_where_the_links_and_tables_are_not_known_all_of_them_count(report, data):
    before = json.loads(json.dumps(inputs.collect(report, BESIDE)))
    assert inputs.changes(report, BESIDE, before) == []
    more = inputs.changes(report, BESIDE | {"new.ipynb": "x"}, before)
    assert more == ["links to new.ipynb lead elsewhere"]
    rewrite(data / "trade/published_shares.csv")
    assert inputs.changes(report, BESIDE, before) == ["table published_shares changed"]


def test_another_environment_is_a_change(report, package):
    before = recorded(report)
    assert before["environment"]["python"] == ".".join(map(str, sys.version_info[:3]))
    (package.parents[1] / "requirements.lock").write_text("a==1")
    assert inputs.changes(report, BESIDE, before) == ["requirements.lock is new"]
    before = recorded(report)
    before["environment"] |= {"python": "3.9.0", "installed packages": "other"}
    now = before["environment"] | {"python": "3.14.0", "installed packages": "these"}
    sentences = ["Python 3.9.0 became 3.14.0", "installed packages changed"]
    assert inputs.why(before, before | {"environment": now}) == sentences


def test_a_module_that_a_notebook_no_longer_imports_is_named(report):
    before = recorded(report)
    write_notebook(report.notebook, "importer: str = 'JPN'", "from pkg import late, reports")
    found = inputs.changes(report, BESIDE, before)
    assert {"notebook changed", "module pkg.late is new"} <= set(found)
    write_notebook(report.notebook, "importer: str = 'JPN'", "from pkg import reports")
    found = inputs.changes(report, BESIDE, before)
    assert found == ["notebook changed", "module pkg.alone is no longer there"]


@pytest.mark.parametrize(
    "old", [{}, [], "text", 3, {"tables": 3}, {"tables": None, "links": [], "page": {"x": {}}}]
)
def test_a_record_that_cannot_be_read_is_a_change_and_no_error(report, old):
    assert inputs.changes(report, BESIDE, None) == ["never rendered"]
    assert inputs.changes(report, BESIDE, old)


def test_a_snapshot_judges_all_reports_by_one_state(report, data):
    with inputs.snapshot():
        before = inputs.collect(report, BESIDE)
        rewrite(data / "reference/economies.csv")
        assert inputs.collect(report, BESIDE) == before
        with inputs.snapshot():
            assert inputs.why(before, inputs.collect(report, BESIDE)) == ["table economies changed"]
    assert inputs.changes(report, BESIDE, before) == ["table economies changed"]


leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
plain = st.recursive(
    leaves, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(), x, max_size=3)
)


@given(plain, plain)
def test_equal_values_and_only_these_have_the_same_text(one, other):
    assert inputs._canonical(one) == inputs._canonical(json.loads(json.dumps(one)))
    same_json = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (inputs._canonical(one) == inputs._canonical(other)) == same_json


def test_what_yaml_can_hold_has_a_text():
    value = yaml.safe_load("{day: 2026-12-01, 2: [a, 1.5, true, null], b: {c: d}}")
    assert value["day"] == datetime.date(2026, 12, 1)
    assert inputs._canonical(value) != inputs._canonical(value | {"day": "2026-12-01"})


kinds = st.sampled_from(["tables", "modules", "page", "settings", "links"])
parts = st.dictionaries(kinds, st.dictionaries(st.sampled_from("ab"), st.sampled_from("12")))


@given(parts, parts)
def test_there_is_a_reason_exactly_when_the_key_is_another(one, other):
    one, other = ({"notebook": "1"} | {k: v for k, v in p.items() if v} for p in (one, other))
    assert bool(inputs.why(one, other)) == (inputs.key(one) != inputs.key(other))
    assert inputs.why(None, one) == ["never rendered"]


# The whole report list


def test_one_parameter_changed_is_one_report():
    """On the real list; the pages' links are not known here, so none are taken to be used."""
    with inputs.snapshot():
        before = {r.id: inputs.collect(r, {}, links=[]) for r in REPORTS}
        changed = REPORTS[7]
        listed = [but(r, parameters={"importer": "ITA"}) if r == changed else r for r in REPORTS]
        now = {r.id: inputs.collect(r, {}, links=[]) for r in listed}
    assert {i for i in now if inputs.why(before[i], now[i])} == {changed.id}
    assert len({inputs.key(i) for i in before.values()}) == len(REPORTS)


PLAN = """
import sys
from rareearths.reports import config, inputs, schedule
inputs.collect(config.load()[0], {})
print(*sorted({"pandas", "numpy", "matplotlib", "papermill", "nbformat"} & set(sys.modules)))
"""


def test_a_plan_loads_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-c", PLAN], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "\n"
