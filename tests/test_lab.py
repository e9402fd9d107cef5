"""The notebooks in a real JupyterLab: run all cells, no error, charts are drawn and move."""

import re
import subprocess
import sys

import pytest

from browser import chromium
from conftest import ROOT

IDLE = ".jp-Notebook-ExecutionIndicator[data-status='idle']"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab on loopback that works on copies of the notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        (folder / path.name).write_bytes(path.read_bytes())
    command = [sys.executable, "-m", "jupyter", "lab", str(folder), "--no-browser", "--allow-root"]
    command += ["--ip=127.0.0.1", "--port=0", "--IdentityProvider.token="]
    command += ["--ServerApp.shutdown_no_activity_timeout=300"]
    command += ["--LabApp.news_url=None", "--LabApp.workspaces_dir", str(folder / "workspaces")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        try:
            yield next(
                found.group()
                for line in server.stdout
                if (found := re.search(r"http://127\.0\.0\.1:\d+/lab", line))
            )
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


def run_all(browser, lab: str, name: str):
    """Open a notebook in a workspace of its own, run all cells; returns the page."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(f"{lab}/workspaces/{name}/tree/{name}.ipynb")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    page.locator(".jp-NotebookPanel-toolbar").get_by_text("Python 3 (ipykernel)").wait_for()
    page.locator(IDLE).wait_for(timeout=120_000)
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").click()
    page.locator(".lm-Menu-itemLabel:text-is('Run All Cells')").click()
    return page


def check_no_error(page) -> None:
    for kind in ("error", "stderr"):
        assert page.locator(f"[data-mime-type='application/vnd.jupyter.{kind}']").count() == 0


def test_the_timeline_runs_in_jupyterlab_and_draws_its_chart(browser, lab):
    page = run_all(browser, lab, "30_policy_timeline")
    chart = page.locator(".chart svg").first
    chart.wait_for(state="attached", timeout=120_000)
    chart.scroll_into_view_if_needed()
    assert chart.bounding_box()["width"] > 300
    page.get_by_text("All events", exact=True).first.wait_for(state="attached")
    check_no_error(page)


def test_the_widgets_of_the_explorer_move_its_charts(browser, lab):
    page = run_all(browser, lab, "explore")
    trade, levers = (page.locator(".widget-output figure").nth(i) for i in (0, 1))
    levers.wait_for(state="attached", timeout=120_000)
    for figure, label, choice, title in (
        (trade, "Importer", "United States", "to the United States"),
        (levers, "Package", "China only", "bands of China only"),
    ):
        before = figure.locator("img").get_attribute("src")
        page.get_by_label(label, exact=True).first.select_option(label=choice)
        figure.locator(".subtitle", has_text=re.compile(title)).wait_for(state="attached")
        assert figure.locator("img").get_attribute("src") != before
    assert page.locator("pre", has_text='importer, material = "USA"').count() == 1
    check_no_error(page)


def test_the_tour_runs_to_its_end(browser, lab):
    page = run_all(browser, lab, "00_tour")
    page.locator(".jp-OutputArea", has_text="of the tonnes").wait_for(
        state="attached", timeout=120_000
    )
    page.locator(IDLE).wait_for(timeout=120_000)
    assert page.locator("figure img").count() == 3
    check_no_error(page)
