"""The layout of a page on a phone, for the keyboard and in print, on a report made for it."""

from itertools import pairwise

import pytest

import factory
from conftest import write_project
from rareearths.figures import look
from test_reading import A4_PX, DESKTOP, PHONE, WCAG, faults

CELLS = [
    'number: int = 1  # a number\nlanguage: str = "en"  # language of the page [en | ja]',
    "import pandas as pd\nfrom rareearths import catalogue, figures, reports\n"
    "reports.speak(language)\n"
    'for table in ("blocs", "colours", "baci_minerals", "published_shares", "crustal_abundance"):\n'
    "    catalogue.load(table)\n"
    "shares = pd.DataFrame({\n"
    '    "year": range(2005, 2025), "share_value": 0.8, "share_tonnes": 0.9,\n'
    '    "quantity_coverage": 1.0})',
    'reports.say("How many?", role="title")',
    'reports.say("{n:count} times.", role="answer", n=number)',
    *2 * ['figures.show(figures.plot_share_lines(figures.canvas(), shares.set_index("year")),\n'
    '    title="Both shares stay", subtitle="Share of the supplier", source="Source: made up",\n'
    '    alt="Two lines from 2005 to 2024.", data=shares)'],
    'rows = pd.DataFrame({"claim": ["It is so"], "because": ["A long text. " * 12]})\n'
    'figures.show_table(rows, ["claim", "because"], caption="Why")',
    'shares = pd.DataFrame([[0.1] * 6], columns=["share_low", "share_high", "share_baci"]\n'
    '    + ["hhi_low", "hhi_high", "hhi_baci"])\n'
    'figures.show_table(shares, list(shares.columns), caption="Wider than a phone")',
    'reports.say("## Sources")\nreports.sources()',
    'reports.record("{n:count} times", n=number)',
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The site with the report in both languages."""
    listed = "languages: [en, ja]\n" + factory.listing("made")
    made = write_project(tmp_path_factory.mktemp("layout"), listed, {"made": CELLS})
    done = factory.render(made)
    assert done.returncode == 0, done.stdout + done.stderr
    return made / "site"


@pytest.fixture
def opened(folder, browser):
    """Open a page of the site in a window of this width."""
    pages = []

    def visit(width: int, name: str = "made"):
        pages.append(browser.new_page(viewport={"width": width, "height": 800}))
        pages[-1].goto((folder / f"{name}.html").as_uri())
        return pages[-1]

    yield visit
    for page in pages:
        page.close()


def test_the_letters_of_a_picture_can_be_read_on_a_phone(opened):
    """The smallest have 8 points in a picture that is `WIDTH_IN` wide."""
    page = opened(PHONE)
    picture = page.locator("figure img").first
    letters = 8 / 72 / look.WIDTH_IN * picture.bounding_box()["width"]
    assert letters >= 10
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE
    assert faults(page, WCAG) == []


def test_no_picture_is_hidden_behind_an_edge(opened):
    for width in (PHONE, DESKTOP):
        for picture in opened(width).locator("figure img").all():
            box = picture.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width


def test_a_box_is_a_stop_of_the_tab_key_where_it_scrolls(opened):
    page = opened(DESKTOP)
    page.wait_for_function("() => !document.querySelector('main .scroll[tabindex]:not(details *)')")
    page.set_viewport_size({"width": PHONE, "height": 800})
    page.wait_for_function("() => document.querySelector('main .scroll[tabindex]:not(details *)')")
    assert page.locator(".scroll:has(.stacked)").get_attribute("tabindex") is None
    page.locator("main .scroll[tabindex]:not(details *)").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.activeElement.scrollLeft > 0")
    assert page.evaluate("scrollX") == 0


def test_a_table_of_texts_is_stacked_on_a_phone(opened):
    """The headings stand before the cells, and a screen reader still finds a table."""
    page = opened(PHONE)
    table = page.get_by_role("table").filter(has=page.locator("td.longer"))
    cells = page.locator(".stacked td")
    tops = [cell.bounding_box()["y"] for cell in cells.all()]
    assert all(b > a for a, b in pairwise(tops))
    assert cells.nth(1).evaluate("e => getComputedStyle(e, '::before').content") == (
        '"What the data show"'
    )
    assert table.get_by_role("columnheader").all_inner_texts() == ["Claim", "What the data show"]
    assert table.get_by_role("row").count() == 2
    assert table.get_by_role("cell").count() == 2
    page.set_viewport_size({"width": DESKTOP, "height": 800})
    tops = [cell.bounding_box()["y"] for cell in cells.all()]
    assert tops[0] == tops[1]


def test_three_figures_fit_a_printed_page(opened):
    page = opened(round(A4_PX[0]))
    page.emulate_media(media="print")
    figures = [figure.bounding_box() for figure in page.locator("figure").all()]
    assert figures[1]["y"] - figures[0]["y"] < A4_PX[1] / 3
    picture = page.locator("figure img").first.bounding_box()
    caption = page.locator("figcaption").first.bounding_box()
    assert caption["x"] > picture["x"] + picture["width"]


def test_addresses_are_printed_in_the_lists_of_sources_alone(opened):
    page = opened(round(A4_PX[0]))
    after = "e => getComputedStyle(e, '::after').content"
    links = page.locator(".sources a[href^=http]")
    assert {link.evaluate(after) for link in links.all()} == {"none"}
    page.emulate_media(media="print")
    shown = [(link.get_attribute("href"), link.evaluate(after)) for link in links.all()]
    assert len(shown) > 4
    assert all(said == f'" <" "{address}" ">"' or address in said for address, said in shown)
    others = page.locator(".skip, footer a:not([href^=http])")  # of files beside the page
    assert others.count() > 2
    assert {link.evaluate(after) for link in others.all()} == {"none"}
    assert page.evaluate("document.documentElement.scrollWidth") <= round(A4_PX[0])


def test_no_line_of_japanese_begins_with_a_comma(opened):
    """A path breaks at its parts, so that none has to break before what follows it."""
    page = opened(PHONE, "made-ja")
    found = []
    for width in range(320, 420, 10):
        page.set_viewport_size({"width": width, "height": 800})
        found += page.evaluate(_COMMAS)
    assert found == []
    page.evaluate("document.querySelectorAll('wbr').forEach((e) => e.remove())")
    for width in range(320, 420, 10):
        page.set_viewport_size({"width": width, "height": 800})
        found += page.evaluate(_COMMAS)
    assert found != [], "paths that do not break at their parts would do it"


# Paths in the sources whose comma stands further left than their own end: on the next line.
_COMMAS = """() => [...document.querySelectorAll(".sources strong ~ code")].filter((path) => {
  if (!path.textContent.includes("/")) return false;
  const comma = document.createRange(), end = [...path.getClientRects()].at(-1);
  comma.setStart(path.nextSibling, 0);
  comma.setEnd(path.nextSibling, 1);
  if (comma.toString() !== "、") throw path.outerHTML;
  return comma.getBoundingClientRect().left < end.left;
}).map((path) => path.textContent)"""
