"""The notebooks in a real JupyterLab, in Voila and as jobs: no error, charts are drawn and move."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from urllib.parse import quote
from urllib.request import Request, urlopen

import nbformat
import pytest
from playwright.sync_api import TimeoutError

from conftest import ROOT

ADDRESS = re.compile(r"http://(127\.0\.0\.1|localhost):\d+")
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
NOTEBOOKS.remove("explore")  # it has a test of its own, which moves its widgets


@contextmanager
def serving(folder, *command: str):
    """Start a server that works on a copy of the notebooks, as on a first day; its address."""
    work = folder / "notebooks"
    work.mkdir()
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        (work / path.name).write_bytes(path.read_bytes())
    own = {f"JUPYTER_{kind}_DIR": str(folder / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    with subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=work, env=os.environ | own,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as server:  # fmt: skip
        try:
            line = next(line for line in server.stdout if ADDRESS.search(line))
            yield answering(ADDRESS.search(line).group(), server)
        finally:
            server.terminate()


def answering(address: str, server: subprocess.Popen) -> str:
    """Wait until a server listens: it names its address a moment before."""
    where = address.removeprefix("http://").split(":")
    while server.poll() is None:
        with suppress(ConnectionRefusedError), socket.create_connection(where):
            return address
        time.sleep(0.1)
    raise AssertionError(f"the server ended with {server.returncode}")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab on loopback."""
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0"]
    options += ["--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True"]
    options += ["--ServerApp.shutdown_no_activity_timeout=300"]
    options += ["--LabApp.expose_app_in_browser=True"]
    with serving(tmp_path_factory.mktemp("lab"), "jupyterlab", *options) as address:
        yield address


@pytest.fixture(scope="module")
def page(browser, lab):
    """JupyterLab in a browser; its commands are those of its menus."""
    opened = browser.new_page(viewport={"width": 1400, "height": 1000})
    opened.set_default_timeout(300_000)
    opened.goto(f"{lab}/lab")
    opened.wait_for_function("window.jupyterapp?.restored")
    opened.evaluate("window.jupyterapp.restored")
    return opened


OPEN = """async name => {
    const { commands } = window.jupyterapp;
    const panel = await commands.execute("docmanager:open", { path: `${name}.ipynb` });
    await panel.context.ready;
    await panel.sessionContext.ready;
    window.panel = panel;
}"""
# Run All Cells: whether all ran, and what they wrote.
RUN = """async () => {
    const ran = await window.jupyterapp.commands.execute("notebook:run-all-cells");
    const cells = Array.from(window.panel.content.model.cells);
    const outputs = cells.flatMap(cell => cell.outputs?.toJSON() ?? []);
    return { ran, outputs };
}"""
# Put a line of the parameters cell in place of the one that sets the same parameter.
SET = """line => {
    const cells = Array.from(window.panel.content.model.cells);
    const cell = cells.find(cell => (cell.getMetadata("tags") ?? []).includes("parameters"));
    const source = cell.sharedModel.getSource();
    const name = line.split(":")[0];
    cell.sharedModel.setSource(source.replace(new RegExp(`^${name}:.*$`, "m"), line));
}"""
CLOSE = "async () => { await window.panel.sessionContext.shutdown(); window.panel.dispose(); }"


@pytest.fixture
def opened(page):
    """A function that opens a notebook in JupyterLab; it is closed after the test."""
    yield lambda name: page.evaluate(OPEN, name)
    page.evaluate(CLOSE)


def run_all(page) -> str:
    """Run all cells; none may end with an error or write one. Returns what is shown as HTML."""
    done = page.evaluate(RUN)
    faults = [
        output
        for output in done["outputs"]
        if output["output_type"] == "error" or output.get("name") == "stderr"
    ]
    assert faults == []
    assert done["ran"]
    shown = [output["data"] for output in done["outputs"] if "data" in output]
    return "\n".join("".join(data.get("text/html", "")) for data in shown)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_to_its_end(page, opened, name):
    opened(name)
    assert run_all(page)


def test_the_first_start_asks_nothing(page):
    about = page.evaluate("document.getElementById('jupyter-config-data').textContent")
    disabled = json.loads(about)["disabledExtensions"]
    assert "@jupyterlab/apputils-extension:announcements" in disabled
    assert "@jupyterlab/mathjax-extension:plugin" in disabled
    assert page.locator(".jp-toast-message, .jp-Dialog").count() == 0


def test_a_changed_parameter_changes_the_notebook(page, opened):
    opened("30_policy_timeline")
    before = run_all(page)
    page.evaluate(SET, 'target: str = "USA"')
    after = run_all(page)
    assert "the United States" in after
    assert before != after


def run_first(page, source: str) -> None:
    """Type a cell before all others and run it."""
    page.evaluate("window.jupyterapp.commands.execute('notebook:insert-cell-above')")
    page.keyboard.press("Enter")
    page.keyboard.type(source)
    page.keyboard.press("Control+Enter")


def test_two_amounts_in_dollars_are_no_formula(page, opened):
    opened("_template")
    say = "reports.say('It rose from {low:usd} to {high:usd}.', low=5e6, high=6e6)"
    run_first(page, f"from rareearths import reports; {say}")
    said = page.locator(".jp-RenderedMarkdown", has_text="It rose from")
    said.wait_for()
    assert said.inner_text().strip() == "It rose from $5.0 million to $6.0 million."


def complete(page, name: str) -> None:
    """Press Tab until the list shows a name.

    JupyterLab drops what a kernel answers after a second, which the first answer can take.
    """
    for _ in range(30):
        page.keyboard.press("Tab")
        with suppress(TimeoutError):
            page.locator(".jp-Completer-item", has_text=name).wait_for(timeout=5_000)
            return
    raise AssertionError(f"{name} was never offered")


def test_the_keyboard_completes_names_and_shows_what_a_function_takes(page, opened):
    opened("00_tour")
    run_first(page, "from rareearths import trade")
    page.wait_for_function("window.panel.content.activeCell.model.executionCount == 1")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+End")
    page.keyboard.type("\ntrade.load_")
    complete(page, "load_flows")
    page.keyboard.press("Enter")
    page.keyboard.type("(")
    page.keyboard.press("Shift+Tab")
    told = page.locator(".jp-Tooltip")
    told.wait_for()
    assert "material" in told.inner_text()
    assert "Returns" in told.inner_text()
    page.keyboard.press("Escape")


def move_widgets(page) -> None:
    """Choose another importer and another package: charts and texts follow."""
    trade, levers = (page.locator(".widget-html figure").nth(i) for i in (0, 1))
    levers.wait_for(state="attached")
    for figure, label, choice, title in (
        (trade, "Importer", "United States", "to the United States"),
        (levers, "Package", "China only", "bands of China only"),
    ):
        before = figure.locator("img").get_attribute("src")
        page.get_by_label(label, exact=True).first.select_option(label=choice)
        figure.locator(".subtitle", has_text=title).wait_for(state="attached")
        assert figure.locator("img").get_attribute("src") != before
    page.locator("pre", has_text='importer, material = "USA"').wait_for(state="attached")


def test_the_widgets_of_the_explorer_move_its_charts(page, opened):
    opened("explore")
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").click()
    page.locator(".lm-Menu-itemLabel:text-is('Run All Cells')").click()
    move_widgets(page)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def test_they_move_in_voila_too(browser, tmp_path):
    command = ("voila", "explore.ipynb", "--no-browser", "--Voila.ip=127.0.0.1")
    port = f"--port={free_port()}"  # Voila names the 0 that it is given, not what it gets
    with serving(tmp_path, *command, port) as address, browser.new_page() as page:
        page.set_default_timeout(300_000)
        page.goto(address)
        move_widgets(page)
        assert page.get_by_text("panel.trade_panel").count() == 0  # a page without code


def ask(address: str, **body) -> dict:
    """Ask a server for JSON, or send it some."""
    content = json.dumps(body).encode() if body else None
    with urlopen(Request(address, content, {"Content-Type": "application/json"})) as answer:
        return json.load(answer)


def test_a_job_runs_a_report_with_its_parameters(lab):
    (environment,) = ask(f"{lab}/scheduler/runtime_environments")
    job = ask(
        f"{lab}/scheduler/jobs",
        name="supply",
        input_uri="_template.ipynb",
        runtime_environment_name=environment["name"],
        output_formats=["ipynb"],
        parameters={"importer": "'USA'", "year": "2020"},
    )["job_id"]
    while (done := ask(f"{lab}/scheduler/jobs/{job}"))["status"] not in ("COMPLETED", "FAILED"):
        time.sleep(0.3)
    assert done["status_message"] is None
    urlopen(f"{lab}/scheduler/jobs/{job}/download_files").close()
    while not (file := ask(f"{lab}/scheduler/jobs/{job}")["job_files"][0]["file_path"]):
        time.sleep(0.3)
    notebook = nbformat.from_dict(ask(f"{lab}/api/contents/{quote(file)}")["content"])
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    shown = [str(output.get("data")) for output in outputs]
    assert all(any(word in text for text in shown) for word in ("the United States", "2020"))
