"""The index and a report look as they did: pictures against those kept in ``tests/pictures``.

The report is made here of made-up numbers, so that neither new data nor another notebook changes
its picture; the index is that of `test_index`. How to renew them stands in ``tests/README.md``.
"""

import os
from pathlib import Path

import pytest

import factory
import pictures
from browser import ARGUMENTS, executable
from conftest import write_project
from test_index import index  # noqa: F401  the fixture

CELLS = [
    'importer: str = "JPN"  # ISO3 code of the importer [economy]\n'
    'exporter: str = "CHN"  # ISO3 code of the supplier in question [economy]',
    "import pandas as pd\nfrom rareearths import catalogue, figures, reports\n"
    'blocs = catalogue.load("blocs")\n'
    "shares = pd.DataFrame({\n"
    '    "year": range(2005, 2025),\n'
    '    "share_value": [0.8 - 0.02 * i for i in range(20)],\n'
    '    "share_tonnes": [0.9 - 0.01 * i for i in range(20)],\n'
    '    "quantity_coverage": 1.0,\n'
    '}).set_index("year")',
    'reports.say("How dependent is a made-up economy?", role="title")\n'
    'reports.say("By made-up numbers **42%** of the value and **71%** of the tonnes come from "\n'
    '    "one supplier, less than in 2005.", role="answer")',
    'figures.show(figures.plot_share_lines(figures.canvas(), shares), title="Both shares fall",\n'
    '    subtitle="Share of the supplier", source="Source: made up for a test",\n'
    '    alt="Two lines that fall from 2005 to 2024.", data=shares.reset_index())',
    'figures.show_table(shares.reset_index().tail(8), ["year", "share_value", "share_tonnes"],\n'
    '    caption="The last eight years")',
    'reports.say("## Limits\\n\\n- The numbers are made up, so that they never change.\\n"\n'
    '    "- A second item, long enough to run over the end of a line on a phone.")',
    'reports.say("## Sources")\nreports.sources()',
    'reports.record("42% of the value.", compound_share_tonnes=0.71, compound_share_value=0.42,\n'
    "    metal_share_tonnes=0.62, metal_share_value=0.24, compound_hhi=0.34, metal_hhi=0.48)",
]
TAKEN = [
    ("index", "phone", "light"),
    ("index", "desktop", "light"),
    ("index", "desktop", "dark"),
    ("report", "phone", "light"),
    ("report", "phone", "dark"),
    ("report", "desktop", "light"),
]
# What would go wrong with a page, as a script that does so.
BROKEN = {
    "without its style sheet": "document.querySelector('style').remove()",
    "without a section": "document.querySelector('{section}').remove()",
    "with an empty one": "for (const e of document.querySelectorAll('{empty}'))"
    " e.style.visibility = 'hidden'",
    "in another colour": "document.documentElement.style.setProperty('--accent', '#fff')",
}
PARTS = {
    "index": {"section": ".news", "empty": ".card:nth-child(2) *"},
    "report": {"section": ".tiles", "empty": "figure img"},
}


@pytest.fixture(scope="module")
def pages(index, tmp_path_factory) -> dict[str, Path]:  # noqa: F811
    notebook = {"notebook": "20_import_dependence.ipynb"}
    listed = factory.listing(report=notebook)
    folder = write_project(tmp_path_factory.mktemp("p"), listed, {"20_import_dependence": CELLS})
    done = factory.render(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return {"index": index, "report": folder / "site/report.html"}


@pytest.mark.parametrize(("page", "device", "scheme"), TAKEN)
def test_a_page_looks_as_it_did(pages, browser, page, device, scheme):
    picture = pictures.take(browser, pages[page], device, scheme)
    name = f"{page}-{device}-{scheme}"
    if os.environ.get(pictures.RENEW):
        pictures.keep(name, picture)
    assert pictures.differences(picture, pictures.read(name)) == []


@pytest.mark.parametrize(("page", "device", "scheme"), TAKEN)
@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_page_does_not(pages, browser, page, device, scheme, fault):
    script = BROKEN[fault].format(**PARTS[page])
    picture = pictures.take(browser, pages[page], device, scheme, script)
    before = pictures.read(f"{page}-{device}-{scheme}")
    assert pictures.differences(picture, before) != []


def test_a_page_whose_letters_are_placed_otherwise_does(pages, browser):
    """Letters on whole pixels move words and ends of lines, as on a machine of another kind."""
    settings = [*ARGUMENTS, "--disable-font-subpixel-positioning"]
    other = browser.browser_type.launch(executable_path=executable(), args=settings)
    for page, device, scheme in TAKEN:
        picture = pictures.take(other, pages[page], device, scheme)
        before = pictures.read(f"{page}-{device}-{scheme}")
        assert pictures.differences(picture, before) == []
        assert pictures.windows(picture, before).max() > 1, "the setting does nothing"
    other.close()


def test_the_pictures_are_small_and_none_is_left_over():
    kept = {path.stem: path.stat().st_size for path in pictures.FOLDER.iterdir()}
    assert set(kept) == {"-".join(names) for names in TAKEN}
    assert sum(kept.values()) < 300_000
