"""The notebooks in a real JupyterLab: run all cells, no error, the interactive chart is drawn."""

import re
import subprocess
import sys

import pytest

from browser import chromium
from conftest import ROOT


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


def test_the_timeline_runs_in_jupyterlab_and_draws_its_chart(lab):
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"{lab}/tree/30_policy_timeline.ipynb")
        page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        page.locator(".jp-NotebookPanel-toolbar").get_by_text("Python 3 (ipykernel)").wait_for()
        page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for(
            timeout=120_000
        )
        page.locator(".lm-MenuBar-itemLabel", has_text="Run").click()
        page.locator(".lm-Menu-itemLabel:text-is('Run All Cells')").click()
        chart = page.locator(".chart svg").first
        chart.wait_for(state="attached", timeout=120_000)
        chart.scroll_into_view_if_needed()
        assert chart.bounding_box()["width"] > 300
        page.get_by_text("All events", exact=True).first.wait_for(state="attached")
        assert page.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0
        assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
