"""Every notebook: its anatomy, and a real run by papermill with the numbers it records."""

import statistics

import nbformat
import papermill
import pyarrow.parquet as pq
import pytest

from conftest import REPORT_NOTEBOOKS, ROOT
from rareearths.reports import kernels, parameters
from rareearths.reports.execute import Usage, execute
from rareearths.reports.kernels.limits import Limits
from rareearths.reports.prose import RECORD_MIME, SOURCES_MIME
from rareearths.reports.task import ReportFailed

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
# Those that are run in both kinds of kernels; JupyterLab runs each one (`test_lab.py`), and the
# reports of each are rendered (`test_pages.py`).
IN_BOTH_KERNELS = [
    ROOT / f"notebooks/{name}.ipynb"
    for name in (
        "_template", "10_global_supply", "30_policy_timeline", "40_export_control_events",
        "95_data_quality",
    )
]  # fmt: skip
each_report = pytest.mark.parametrize("path", REPORT_NOTEBOOKS, ids=lambda p: p.stem)


def code(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tagged(notebook, tag: str) -> list[int]:
    return [i for i, c in enumerate(notebook.cells) if tag in c.metadata.get("tags", [])]


def recorded(notebook, mime: str):
    (found,) = (
        o.data[mime] for c in code(notebook) for o in c.outputs if mime in o.get("data", {})
    )
    return found


def test_there_are_notebooks():
    names = {p.name for p in REPORT_NOTEBOOKS}
    assert names >= {"20_import_dependence.ipynb", "_template.ipynb"}
    assert {p.name for p in NOTEBOOKS} - names == {"00_tour.ipynb", "explore.ipynb"}


@each_notebook
def test_it_is_stripped_and_begins_with_its_title(path):
    notebook = nbformat.read(path, as_version=4)
    assert not any(c.outputs or c.execution_count for c in code(notebook))
    assert notebook.cells[0].cell_type == "markdown"
    assert notebook.cells[0].source.startswith("# ")


@each_report
def test_anatomy(path):
    notebook = nbformat.read(path, as_version=4)
    cells = code(notebook)
    assert len(tagged(notebook, "parameters")) == 1
    assert tagged(notebook, "record") == [len(notebook.cells) - 1], "record comes last"
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    assert "## Limits" in text
    assert "## Sources" in text
    joined = "\n".join(c.source for c in cells)
    assert 'role="title"' in joined
    assert 'role="answer"' in joined


@each_notebook
def test_cells_are_short_and_hold_no_logic(path):
    cells = code(nbformat.read(path, as_version=4))
    lengths = [len(c.source.splitlines()) for c in cells]
    assert max(lengths) <= 25
    assert statistics.median(lengths) <= 8
    for line in (line for c in cells for line in c.source.splitlines()):
        assert not line.startswith(("def ", "class ", "for ", "while ")), line
        assert "sys.path" not in line
        assert "read_csv" not in line
        assert not line.lstrip().startswith(("%", "!")), line


@each_report
def test_parameters_are_typed_and_explained(path):
    declared = parameters.declared(path)
    assert declared[-1].name == "language"
    assert len(declared[:-1]) <= 8
    assert all(p.help for p in declared)
    parameters.check(path, {})


@pytest.mark.parametrize("path", IN_BOTH_KERNELS, ids=lambda p: p.stem)
def test_a_warm_kernel_shows_what_papermill_shows(path, tmp_path, server, monkeypatch):
    """Nothing is excepted, with one thread each: our notebooks show no time and no address."""
    for name, number in kernels.ONE_THREAD.items():
        monkeypatch.setenv(name, number)
    stock = papermill.execute_notebook(
        path, tmp_path / "out.ipynb", cwd=path.parent, progress_bar=False
    )
    assert recorded(stock, RECORD_MIME)["headline"]
    assert recorded(stock, SOURCES_MIME)
    streams = [o for c in code(stock) for o in c.outputs if o.output_type == "stream"]
    assert streams == [], "no warning and no print"
    warm = execute(path, {}, Limits(), Usage(), kernel=kernels.WARM, server=server).notebook
    assert [c.source for c in warm.cells] == [c.source for c in stock.cells]
    for mine, theirs in zip(code(warm), code(stock), strict=True):
        assert mine.outputs == theirs.outputs, mine.id
        assert mine.execution_count == theirs.execution_count


@each_report
def test_a_wrong_code_is_named_with_the_closest_ones(path, server):
    wrong = {"material": "rare_earth", "economy": "JPX", "economy or bloc": "JPX",
             "bloc": "MPS", "index": "geopolrisc"}  # fmt: skip
    for parameter in parameters.declared(path):
        if parameter.allowed not in wrong:
            continue
        value = wrong[parameter.allowed]
        given = {parameter.name: [value] if parameter.type == "list" else value}
        unknown = f"unknown {parameter.allowed} '{value}'.*; closest: "
        with pytest.raises(ReportFailed, match=unknown):
            execute(path, given, Limits(), Usage(), kernel=kernels.WARM, server=server)


def test_years_in_the_wrong_order_are_named(tmp_path):
    path = ROOT / "notebooks/10_global_supply.ipynb"
    with pytest.raises(papermill.PapermillExecutionError, match="reversed: 2010 comes after 2005"):
        papermill.execute_notebook(
            path, tmp_path / "out.ipynb", {"start_year": 2010, "end_year": 2005}, progress_bar=False
        )


def test_papermill_runs_it_for_another_importer(tmp_path):
    """`papermill notebook out.ipynb -p importer USA`, checked against a query of its own."""
    path = ROOT / "notebooks/20_import_dependence.ipynb"
    ran = papermill.execute_notebook(
        path, tmp_path / "out.ipynb", parameters={"importer": "USA"}, progress_bar=False
    )
    flows = pq.read_table(
        ROOT / "data/trade/baci_minerals.parquet",
        filters=[
            ("importer", "==", "USA"),
            ("year", "==", 2024),
            ("product", "in", ["280530", "284610", "284690"]),
        ],
    ).to_pandas()
    of_china = flows[flows["exporter"] == "CHN"]
    numbers = recorded(ran, RECORD_MIME)["numbers"]
    assert numbers["year"] == 2024
    assert numbers["share_value"] == pytest.approx(
        of_china["value_usd"].sum() / flows["value_usd"].sum(), rel=1e-12
    )
    assert numbers["share_tonnes"] == pytest.approx(
        of_china["quantity_t"].sum() / flows["quantity_t"].sum(), rel=1e-12
    )
