"""The index of a site in a real browser: search, filters, links, comparison; without scripts too.

The sites are made here, of records with made-up numbers: no notebook runs but one.
"""

import csv
import hashlib
import json
import re
import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import factory
from conftest import ROOT
from rareearths.reports import cards, compare, gate, page, site, sparkline, subject, trend
from rareearths.reports.config import Report
from rareearths.reports.store import DIGEST, Site

PHONE = 360
NAMES = {"JPN": "Japan", "USA": "United States", "CIV": "Côte d'Ivoire"}
MATERIALS = {"graphite": "graphite", "rare_earths": "rare earths"}
QUESTIONS = {"20_dependence.ipynb": "How dependent?", "60_levers.ipynb": "How much can it cut?"}
FAILURE = {"notebook": "n.ipynb", "cell": 4, "error": "E: wrong", "source": "x", "traceback": "y"}
HOSTILE = "</script><script>window.taken=1</script><img src=x onerror='window.taken=1'>\"' {{7*7}}"
HARMLESS = "harmless"


def report(report_id: str, importer: str, material: str, notebook: str) -> Report:
    given = {"importer": importer, "material": material}
    return Report(report_id, Path(notebook), "monthly", given)


REPORTS = [
    report("dep-jpn-ree", "JPN", "rare_earths", "20_dependence.ipynb"),
    report("dep-usa-ree", "USA", "rare_earths", "20_dependence.ipynb"),
    report("dep-usa-graphite", "USA", "graphite", "20_dependence.ipynb"),
    report("dep-civ-graphite", "CIV", "graphite", "20_dependence.ipynb"),
    report("levers-jpn", "JPN", "rare_earths", "60_levers.ipynb"),
    report("levers-usa", "USA", "rare_earths", "60_levers.ipynb"),
]
NUMBERS = {
    "dep-jpn-ree": {"year": 2024, "share": 0.25, "gap": -0.1},
    "dep-usa-ree": {"year": 2024, "share": 0.5, "gap": 0.05},
    "dep-usa-graphite": {"year": 2024, "share": 1.0, "gap": 0.1},
    "dep-civ-graphite": {"year": 2024, "share": None},
    "levers-jpn": {"cut": 12000},
}


def moved(since: str, date: str, before: float, after: float) -> dict:
    step = after - before
    parts = {"before": before, "after": after, "change": step, "real": step}
    numbers = {"share": parts | {"revision": 0.0, "method": 0.0}}
    return {
        "since": since, "date": date, "state": "changed", "numbers": numbers, "appeared": [],
        "vanished": [], "code": [], "tables": [], "note": "",
    }  # fmt: skip


def record_of(listed: Report, **said) -> dict:
    importer, material = listed.parameters["importer"], listed.parameters["material"]
    return {
        "id": listed.id,
        "state": "rendered",
        "title": f"{QUESTIONS[listed.notebook.name]} {NAMES[importer]}, {MATERIALS[material]}",
        "headline": "One number.",
        "date": "2026-11-22",
        "notebook": listed.notebook.name,
        "schedule": listed.schedule,
        "parameters": listed.parameters,
        "numbers": NUMBERS.get(listed.id, {}),
        "warnings": [],
        "change": None,
        "subject": {
            "question": QUESTIONS[listed.notebook.name],
            "importers": {importer: NAMES[importer]},
            "materials": {material: MATERIALS[material]},
        },
        "trend": None,
    } | said


def publish(folder: Path, record: dict) -> None:
    link = f'<link rel="alternate" href="records/{record["id"]}.{DIGEST}.json">'
    draft = f"<html><head>{link}</head><body></body></html>"
    record = record | {"page": hashlib.sha256(draft.encode()).hexdigest()}
    Site(folder).publish(record["id"], draft, json.dumps(record), '{"n": 1}')


def write(folder: Path, records: list[dict], listed: list[Report] = REPORTS) -> Path:
    for record in records:
        publish(folder, record)
    site.write(listed, Site(folder), {})
    return folder / "index.html"


@pytest.fixture(scope="module")
def index(tmp_path_factory) -> Path:
    """Six reports: two changed, one has a line, one has nothing to report, one failed."""
    said = {
        "dep-jpn-ree": {
            "change": moved("2026-10-01", "2026-11-01", 0.3, 0.25),
            "trend": {"number": "share", "receipt": 1, "years": [2022, 2023, 2024],
                      "values": [0.5, None, 0.25]},
        },
        "dep-usa-ree": {"change": moved("2026-10-01", "2026-11-22", 0.4, 0.5)},
        "dep-usa-graphite": {"change": moved("2026-10-01", "2026-11-22", 1.0, 1.0)
                             | {"state": "same", "numbers": {}}},
        "dep-civ-graphite": {"state": "no data"},
    }  # fmt: skip
    folder = tmp_path_factory.mktemp("site")
    Site(folder).write_failure("levers-usa", FAILURE)
    return write(folder, [record_of(r, **said.get(r.id, {})) for r in REPORTS[:5]])


@pytest.fixture
def opened(index, browser):
    """Open the index, by default without fragment; nothing may be said or asked for by then."""
    context = browser.new_context(offline=True, viewport={"width": 1200, "height": 900})

    def open_page(fragment: str = "", path: Path = index):
        tab, heard = context.new_page(), []
        tab.on("console", lambda message: heard.append(message.text))
        tab.on("pageerror", lambda error: heard.append(str(error)))
        tab.on("request", lambda asked: asks.append(asked.url))
        tab.goto(path.as_uri() + fragment)
        said.append(heard)
        wanted.append(path.as_uri())
        return tab

    asks, said, wanted = [], [], []
    yield open_page
    assert [heard for heard in said if heard] == []
    assert {url.split("#")[0] for url in asks} <= set(wanted)
    context.close()


def shown(tab) -> list[str]:
    """Return the ids of the reports whose cards are visible."""
    cards_seen = tab.locator(".card:visible")
    titles = cards_seen.locator("h3").all_inner_texts()
    by_title = {record_of(r)["title"]: r.id for r in REPORTS}
    return [by_title.get(title, title) for title in titles]


def count(tab) -> str:
    return tab.locator("[role=search] output").inner_text()


def address(tab) -> str:
    return tab.evaluate("location.href")


ALL = [r.id for r in REPORTS]


# Search and filters


def test_at_first_all_cards_are_there_and_the_address_stays(opened, index):
    tab = opened()
    assert shown(tab) == ALL
    assert count(tab) == "6 of 6"
    assert address(tab) == index.as_uri()
    assert tab.get_by_role("button", name="Show all").is_disabled()


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("japan", ["dep-jpn-ree", "levers-jpn"]),
        ("  CUT japan ", ["levers-jpn"]),
        ("cote d'ivoire", ["dep-civ-graphite"]),
        ("nothing to report", ["dep-civ-graphite"]),
        ("failed", ["levers-usa"]),
        ("thulium", []),
    ],
)
def test_the_search_narrows_by_words(opened, words, left):
    tab = opened()
    tab.get_by_label("Search").fill(words)
    assert shown(tab) == left
    assert count(tab) == f"{len(left)} of 6"
    tab.get_by_label("Search").fill("")
    assert shown(tab) == ALL


def test_filters_narrow_together(opened):
    tab = opened()
    tab.get_by_label("Importer").select_option("United States")
    assert shown(tab) == ["dep-usa-ree", "dep-usa-graphite", "levers-usa"]
    tab.get_by_label("Material").select_option("graphite")
    assert shown(tab) == ["dep-usa-graphite"]
    tab.get_by_label("Material").select_option("rare earths")
    tab.locator("#question").select_option("How much can it cut?")
    assert shown(tab) == ["levers-usa"]
    assert count(tab) == "1 of 6"


def test_a_choice_can_be_linked(opened, index):
    tab = opened()
    tab.get_by_label("Importer").select_option("United States")
    tab.get_by_label("Search").fill("rare & earths")
    tab.get_by_label("Search").fill("rare earths")
    assert address(tab) == f"{index.as_uri()}#words=rare+earths&importer=USA"
    other = opened(address(tab).removeprefix(index.as_uri()))
    assert other.get_by_label("Importer").input_value() == "USA"
    assert other.get_by_label("Search").input_value() == "rare earths"
    assert shown(other) == shown(tab) == ["dep-usa-ree", "levers-usa"]
    assert count(other) == "2 of 6"


def test_show_all_undoes_the_choice(opened, index):
    tab = opened("#importer=JPN&material=graphite&words=x")
    assert shown(tab) == []
    tab.get_by_role("button", name="Show all").click()
    assert shown(tab) == ALL
    assert address(tab) == index.as_uri()
    assert tab.evaluate("document.activeElement.id") == "words"


@pytest.mark.parametrize(
    ("fragment", "heading"),
    [("#importer=USA", "reports"), ("#table=20_dependence.ipynb", "compare"), ("", None)],
)
def test_a_link_shows_what_it_is_about(opened, fragment, heading):
    tab = opened()
    tab.set_viewport_size({"width": PHONE, "height": 500})
    tab.evaluate("fragment => { location.hash = fragment; }", fragment)
    if heading is None:
        assert tab.evaluate("scrollY") == 0
        return
    tab.wait_for_function(
        "id => Math.abs(document.getElementById(id).getBoundingClientRect().top) < 40", arg=heading
    )


@pytest.mark.parametrize("fragment", ["#importer=ATA", "#x", "#%E0%A4%A", "#=&&", "#importer"])
def test_a_fragment_that_says_nothing_hides_nothing(opened, fragment):
    assert shown(opened(fragment)) == ALL


def test_another_fragment_is_followed_and_a_place_on_the_page_is_none(opened):
    tab = opened()
    tab.evaluate("location.hash = 'material=graphite'")
    tab.wait_for_function("document.querySelectorAll('.card[hidden]').length === 4")
    tab.get_by_role("link", name="What changed").click()
    assert address(tab).endswith("#changed")
    assert shown(tab) == ["dep-usa-graphite", "dep-civ-graphite"]


def test_everything_is_reached_by_keyboard(opened):
    tab = opened()
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.id") == "words"
    tab.keyboard.type("earths")
    tab.keyboard.press("Tab")
    tab.keyboard.type("United")
    assert shown(tab) == ["dep-usa-ree", "levers-usa"]
    reached = []
    for _ in range(5):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.id || document.activeElement.href"))
    assert reached[:3] == ["material", "question", "clear"]
    assert reached[3].endswith("/dep-usa-ree.html")


# Comparison


def bars(tab) -> list[tuple[str, str]]:
    rows = tab.locator(".bars tbody tr")
    return [
        (rows.nth(i).locator("a").get_attribute("href"), rows.nth(i).locator("td").inner_text())
        for i in range(rows.count())
    ]


def test_a_number_is_compared_across_the_reports_on_a_question(opened):
    tab = opened()
    options = tab.get_by_label("Number", exact=True).locator("option").all_inner_texts()
    assert options == ["share", "gap"], "the year is the same in all: there is nothing to compare"
    assert bars(tab) == [
        ("dep-usa-graphite.html", "1.00"),
        ("dep-usa-ree.html", "0.50"),
        ("dep-jpn-ree.html", "0.25"),
    ]
    said = tab.locator(".comparison output").inner_text()
    assert said == "3 of 4 reports, highest first, 1 without this number"
    widths = [
        tab.locator(".track span").nth(i).evaluate("e => e.getBoundingClientRect().width")
        for i in range(3)
    ]
    assert widths[1] / widths[0] == pytest.approx(0.5, abs=0.01)
    assert widths[2] / widths[0] == pytest.approx(0.25, abs=0.01)


def test_negative_numbers_end_where_the_others_begin(opened):
    tab = opened()
    tab.get_by_label("Number", exact=True).select_option("gap")
    assert [text for _, text in bars(tab)] == ["0.100", "0.050", "−0.100"]
    sides = "e => { const r = e.getBoundingClientRect(); return [r.left, r.right]; }"
    most, _, least = (tab.locator(".track span").nth(i).evaluate(sides) for i in range(3))
    assert least[1] == pytest.approx(most[0], abs=1)
    assert least[0] < most[0]


def test_a_comparison_can_be_linked(opened, index):
    tab = opened()
    tab.get_by_label("Importer").select_option("Japan")
    tab.get_by_label("Number", exact=True).select_option("gap")
    fragment = "#importer=JPN&table=20_dependence.ipynb&number=gap"
    assert address(tab) == index.as_uri() + fragment
    other = opened(fragment)
    assert other.get_by_label("Number", exact=True).input_value() == "gap"
    assert bars(other) == bars(tab)
    assert shown(other) == ["dep-jpn-ree", "levers-jpn"]


def comparison(tab) -> str:
    return tab.locator(".comparison output").inner_text()


def test_filters_narrow_the_comparison_and_the_tables_too(opened, index):
    tab = opened()
    tab.get_by_label("Number", exact=True).select_option("gap")
    tab.get_by_label("Importer").select_option("United States")
    assert [href for href, _ in bars(tab)] == ["dep-usa-graphite.html", "dep-usa-ree.html"]
    assert comparison(tab) == "2 of 4 reports, highest first, 2 not in the choice above"
    tab.locator(".numbers summary").click()
    assert tab.locator(".numbers tbody tr:visible").count() == 2
    other = opened(address(tab).removeprefix(index.as_uri()))
    assert (bars(other), comparison(other)) == (bars(tab), comparison(tab))
    tab.get_by_label("Search").fill("cote")
    assert bars(tab) == []
    assert comparison(tab) == "No report with numbers to compare fits the choice above"
    tab.get_by_role("button", name="Show all").click()
    assert tab.get_by_label("Number", exact=True).input_value() == "gap", "a choice comes back"
    assert len(bars(tab)) == 3
    assert address(tab).endswith("#table=20_dependence.ipynb&number=gap")


def test_only_questions_that_fit_the_filters_are_compared(tmp_path, opened):
    cuts = {"levers-jpn": {"cut": 1.5}, "levers-usa": {"cut": 2.5}}
    made = [record_of(r, numbers=(NUMBERS | cuts)[r.id]) for r in REPORTS]
    tab = opened("#material=graphite&table=60_levers.ipynb", write(tmp_path, made))
    options = tab.locator("#table option")
    assert options.all_inner_texts() == ["How dependent?"], "no report on levers is on graphite"
    assert [href for href, _ in bars(tab)] == ["dep-usa-graphite.html"]
    tab.get_by_label("Material").select_option("Any")
    assert options.all_inner_texts() == list(QUESTIONS.values())
    assert [href for href, _ in bars(tab)] == ["levers-usa.html", "levers-jpn.html"]


def test_numbers_of_one_report_or_the_same_in_all_are_not_compared():
    made = [
        {"facts": {"numbers": numbers}, "notebook": notebook, "question": "?", "trend": None}
        for notebook, numbers in [
            ("a", {"first_year": 1995, "x": 1.0, "only": 3.0, "same": 2}),
            ("a", {"first_year": 1998, "x": 2.0, "same": 2, "endless": float("inf")}),
            ("a", {"x": None, "same": 2}),
            ("b", {"x": 1.0}),
        ]
    ]
    (table,) = compare.tables([*made, {"facts": None, "notebook": "a", "question": "?"}])
    assert table["names"] == {"x": "x"}
    assert [cells for _, cells in table["rows"]] == [[(1.0, "1")], [(2.0, "2")], [(None, "–")]]


def test_the_number_whose_history_is_drawn_most_is_compared_first():
    made = [
        {"facts": {"numbers": {"x": i, "y": i, "z": i}}, "notebook": "a", "question": "?",
         "trend": {"number": drawn} if drawn else None}
        for i, drawn in enumerate(["x", "z", None, "z"])
    ]  # fmt: skip
    (table,) = compare.tables(made)
    assert list(table["names"]) == ["z", "x", "y"]


# The page as it is


def test_without_scripts_all_is_there_and_nothing_is_offered(index, browser):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{index.as_uri()}#importer=JPN")
    assert shown(tab) == ALL
    assert not tab.locator("[role=search]").is_visible()
    assert not tab.locator(".comparison").is_visible()
    tab.locator(".numbers summary").click()
    cells = tab.locator(".numbers tbody tr").first.locator("td")
    assert cells.all_inner_texts() == ["0.25", "−0.100"]
    context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_phone_shows_it_without_sideways_scroll(index, browser, scripts):
    context = browser.new_context(
        java_script_enabled=scripts, viewport={"width": PHONE, "height": 700}
    )
    tab = context.new_page()
    tab.goto(index.as_uri())
    for summary in tab.locator("summary").all():
        summary.click()
    edge = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
    assert tab.evaluate(edge) <= PHONE
    context.close()


def test_what_changed_stands_first_and_the_newest_of_it(opened):
    tab = opened()
    headings = tab.locator("h2").all_inner_texts()
    assert headings == ["What changed", "Reports", "Compare a number across reports"]
    news = tab.locator(".news li")
    assert news.locator("a").all_inner_texts() == [
        record_of(REPORTS[1])["title"],
        record_of(REPORTS[0])["title"],
    ]
    assert "1 number changed since 2026-10-01: 1 by new periods" in news.first.inner_text()
    assert "share 0.400 → 0.500" in news.first.inner_text()
    said = "Numbers changed in 2 of 5 reports. 2 of them are new."
    assert tab.locator(".news > p").inner_text() == said


def test_each_card_says_how_its_report_is(opened):
    tab = opened()
    texts = tab.locator(".card .status").all_inner_texts()
    nothing = "nothing to report in this selection"
    assert [t.removeprefix("✓ ") for t in texts] == ["ok", "ok", "ok", nothing, "ok", "no page yet"]
    dates = tab.locator(".card time").all_inner_texts()
    assert dates == ["2026-11-22"] * 5
    links = [tab.locator(".card").nth(i).locator("h3 a").count() for i in range(6)]
    assert links == [1, 1, 1, 1, 1, 0]
    assert "E: wrong" in tab.locator(".card").nth(5).inner_text()


def test_a_page_whose_newest_run_failed_is_the_last_good_one_and_others_wait(tmp_path):
    publish(tmp_path, record_of(REPORTS[0]))
    Site(tmp_path).write_failure("dep-jpn-ree", FAILURE)
    path = write(tmp_path, [])
    found = re.findall(r'class="status \w+">([^<]*)<', path.read_text(encoding="utf-8"))
    assert found == ["last good page", *["not rendered yet"] * 5]


def test_a_line_is_drawn_where_the_record_has_one_and_said_in_words(opened):
    tab = opened()
    assert tab.locator(".spark").count() == 1
    first = tab.locator(".card").first
    assert first.locator(".spark").is_visible()
    assert first.locator(".trend p").inner_text() == "share: 0.500 in 2022, 0.250 in 2024"


def test_links_lead_beside_the_page_wherever_it_stands(index):
    source = index.read_text(encoding="utf-8")
    for link in re.findall(r'(?:href|src)="([^"]*)"', source):
        assert re.fullmatch(r"#[a-z]+|[\w-]+\.(html|json|xml)", link), link


def test_the_site_works_below_any_path(index, browser, tmp_path):
    """Served in a folder of a folder: page, feed and records are found beside the index."""
    shutil.copytree(index.parent, tmp_path / "a b/site")
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever).start()
        base = f"http://127.0.0.1:{server.server_port}/a%20b/site/"
        tab = browser.new_page()
        tab.goto(f"{base}#importer=JPN")
        assert count(tab) == "2 of 6"
        tab.locator(".card:visible h3 a").first.click()
        assert tab.url == f"{base}dep-jpn-ree.html"
        tab.goto(base)
        feed = tab.locator("head link[rel=alternate]").evaluate("link => link.href")
        assert feed == tab.get_by_role("link", name="Feed").evaluate("link => link.href")
        for address in (feed, f"{base}manifest.json"):
            assert tab.request.get(address).ok
        tab.close()
        server.shutdown()


def test_the_gate_finds_nothing_in_it_and_the_policy_names_its_one_script(index):
    source = index.read_text(encoding="utf-8")
    assert gate.page_faults(source) == []
    assert source.count("<script") == 1
    assert source.count("'sha256-") == 1


def test_a_script_beside_its_own_is_refused(index, browser, tmp_path):
    source = index.read_text(encoding="utf-8")
    forged = tmp_path / "index.html"
    forged.write_text(source.replace("</main>", "<script>window.taken = 1</script></main>"))
    tab = browser.new_page()
    tab.goto(forged.as_uri())
    assert tab.evaluate("window.taken") is None
    assert count(tab) == "6 of 6"
    tab.close()


def test_a_site_without_any_report_has_a_page(tmp_path, opened):
    tab = opened(path=write(tmp_path, []))
    assert "No report has been rendered yet." in tab.locator(".news").inner_text()
    assert tab.locator(".card").count() == 6
    assert not tab.get_by_role("link", name="Compare a number").is_visible()
    tab.get_by_label("Importer").select_option("JPN")
    assert count(tab) == "2 of 6"


def test_records_of_an_older_version_have_cards(tmp_path, opened):
    old = record_of(REPORTS[0])
    for name in ("subject", "trend", "parameters"):
        del old[name]
    tab = opened("#importer=JPN", write(tmp_path, [old, record_of(REPORTS[1])]))
    assert count(tab) == "2 of 6"
    assert shown(tab)[0] == "dep-jpn-ree"


# Texts from outside


def hostile_site(folder: Path, text: str) -> Path:
    parameters = {"importer": text, "material": text}
    named = {"question": text, "importers": {text: text}, "materials": {text: text}}
    change = moved(text, "2026-11-22", 0.3, 0.25)
    change["numbers"] = {text: change["numbers"]["share"]}
    said = {"title": text, "headline": text, "subject": named, "parameters": parameters,
            "change": change}  # fmt: skip
    told = [record_of(r, **said, numbers={text: i / 3}) for i, r in enumerate(REPORTS[:4])]
    told[0]["trend"] = {"number": text, "receipt": 1, "years": [1, 2], "values": [1.5, 2.5]}
    Site(folder).write_failure("levers-usa", dict.fromkeys(FAILURE, text))
    return write(folder, told)


def test_texts_of_records_stay_texts(tmp_path, opened):
    """The page of hostile texts has the elements of one of harmless texts, before and after."""
    count_elements = """() => [...document.querySelectorAll('*')].map((e) =>
        e.tagName + ' ' + e.getAttributeNames().sort().join(' '))"""
    found = {}
    for text in (HOSTILE, HARMLESS):
        tab = opened(path=hostile_site(tmp_path / str(len(text)), text))
        tab.locator("#table").select_option("20_dependence.ipynb")
        tab.locator("#number").select_option(text)
        tab.locator("#importer").select_option(text)
        assert count(tab) == "4 of 6"
        assert tab.locator(".bars tbody tr").count() == 4
        assert tab.locator(".card h3").first.inner_text() == text
        assert tab.evaluate("window.taken") is None
        found[text] = tab.evaluate(count_elements)
    assert len(found[HOSTILE]) > 150
    assert found[HOSTILE] == found[HARMLESS]


def test_the_same_site_has_the_same_index(tmp_path):
    texts = [hostile_site(tmp_path / name, HOSTILE).read_bytes() for name in ("a", "b")]
    assert texts[0] == texts[1]


# What the index knows: subject and line of a report


def executed(*tables: str, heading: str = "# How much?"):
    """Return a notebook that shows tables, given as CSV."""
    cells = [new_markdown_cell(heading)]
    for text in tables:
        said = {"rareearths": {"receipt": {"kind": "table", "title": "T"}}}
        data = {"text/html": "<table></table>", "text/csv": text}
        outputs = [new_output("display_data", data=data, metadata=said)]
        cells.append(new_code_cell("show", outputs=outputs))
    return new_notebook(cells=cells)


def by_year(values: list[str], header: str = "year,share") -> str:
    return "\n".join([header, *(f"{2020 + i},{v}" for i, v in enumerate(values))]) + "\n"


SHARE = 0.3777403061713894
LINE = by_year(["0.5", "0.4", "", "0.6", "0.7", repr(SHARE)])


def test_a_line_ends_in_a_recorded_number():
    numbers = {"year": 2025, "share": SHARE, "again": SHARE}
    assert trend.trend(executed("a,b\n1,2\n", LINE), numbers) == {
        "number": "share",
        "receipt": 2,
        "years": [2020, 2021, 2022, 2023, 2024, 2025],
        "values": [0.5, 0.4, None, 0.6, 0.7, SHARE],
    }


def test_lines_of_one_table_are_told_apart_by_its_texts_and_years_by_their_order():
    rows = [
        f"{who},{year},{year / 7!r}" for year in range(2025, 2019, -1) for who in ("CHN", "USA")
    ]
    rows[1] = f"USA,2025,{SHARE!r}"
    found = trend.trend(executed("\n".join(["who,year,share", *rows])), {"share": SHARE})
    assert found["years"] == list(range(2020, 2026))
    assert found["values"] == [year / 7 for year in range(2020, 2025)] + [SHARE]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (LINE, {"share": 0.3777}),
        (LINE, {}),
        (by_year(["0.5"] * 3 + [repr(SHARE)]), {"share": SHARE}),
        (by_year(["0.1", "0.2", repr(SHARE), "0.3", "0.4"]), {"share": SHARE}),
        (by_year(["1", "2", "3", "4", "5"]), {"count": 5, "half": 5.0}),
        (LINE.replace("year", "edition"), {"share": SHARE}),
        (LINE + LINE.split("\n", 1)[1], {"share": SHARE}),
        (LINE.replace("2020", "2020/21"), {"share": SHARE}),
        (by_year(["x"] * 5 + [repr(SHARE)]), {"share": SHARE}),
    ],
)
def test_where_no_table_shows_how_a_number_came_about_there_is_no_line(text, numbers):
    assert trend.trend(executed(text), numbers) is None


def test_a_line_is_broken_where_a_year_is_missing_and_negative_numbers_lie_below_zero():
    drawn = sparkline.svg([2000, 2001, 2002, 2004], [1.0, None, -1.0, 0.5])
    path = re.search(r'<path d="([^"]*)"', drawn)[1]
    assert re.findall("[ML]", path) == ["M", "M", "M"]
    heights = [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", path)]
    zero = float(re.search(r'class="zero" d="M[\d.]+ ([\d.]+)', drawn)[1])
    assert heights[0] < heights[2] < zero < heights[1]


def test_a_line_of_zeros_or_of_one_year_is_drawn():
    for years, values in [([2000, 2001], [0.0, 0.0]), ([2000], [3.0])]:
        assert "nan" not in sparkline.svg(years, values)


def rows_of(name: str) -> list[dict]:
    with (ROOT / "data/reference" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_names_are_those_of_the_data():
    economies = {row["economy"]: row["name_en"] for row in rows_of("economies.csv")}
    materials = {row["material"]: row["name_en"] for row in rows_of("materials.csv")}
    blocs = {row["bloc"]: row["name"] for row in rows_of("blocs.csv")}
    for given, importers, wanted in [
        ({"importer": "USA", "material": "rare_earths"}, ["USA"], ["rare_earths"]),
        ({"target": "JPN", "materials": ["cobalt", "nickel"]}, ["JPN"], ["cobalt", "nickel"]),
        ({"first": "JPN", "second": "AUS", "exporter": "CHN"}, ["JPN", "AUS"], []),
        ({"members": ["DEU", "FRA"], "bloc": "MSP"}, ["DEU", "FRA"], []),
        ({"importer": "G7", "bloc": "MSP"}, ["G7"], []),
    ]:
        said = subject.subject(executed(heading="text\n\n# What? \\*"), given)
        assert said["question"] == "What? *"
        assert said["importers"] == {code: (economies | blocs)[code] for code in importers}
        assert said["materials"] == {code: materials[code] for code in wanted}


def test_a_code_without_a_name_and_a_notebook_without_heading_do():
    said = subject.subject(executed(heading="No heading"), {"importer": 5, "material": ""})
    assert said == {"question": "", "importers": {"5": "5"}, "materials": {}, "suppliers": {}}


def test_every_report_of_the_list_has_an_importer_or_a_material():
    from rareearths.reports import config

    for listed in config.load(ROOT / "reports.yml"):
        kinds = (subject.IMPORTERS, subject.MATERIALS)
        assert any(subject.codes(listed.parameters, kind) for kind in kinds), listed.id


def test_a_rendered_report_brings_its_subject_and_its_line(tmp_path):
    cells = [
        'importer: str = "JPN"  # importer [economy]',
        "import pandas as pd\nfrom rareearths import catalogue, figures, reports\n"
        'blocs = catalogue.load("blocs")\n'
        'table = pd.DataFrame({"year": range(2015, 2025), "part": [i / 7 for i in range(10)]})',
        'reports.say("How many?", role="title")\nreports.say("{n:count}.", role="answer", n=9)',
        'figures.show_table(table, ["year", "part"], "Part by year")',
        'reports.sources()\nreports.record("{part:ratio}", part=table["part"].iloc[-1])',
    ]
    folder = factory.write(tmp_path / "p", {"one": cells})
    done = factory.render(folder)
    assert done.returncode == 0, done.stderr
    record = Site(folder / "site").record("one")
    assert record["subject"]["importers"] == {"JPN": "Japan"}
    assert record["subject"]["question"] == "Made by a test"
    assert record["trend"]["number"] == "part"
    assert record["trend"]["years"] == list(range(2015, 2025))
    source = (folder / "site/index.html").read_text(encoding="utf-8")
    assert "part: 0 in 2015, 1.29 in 2024" in source
    assert '<span data-importer="JPN">Japan</span>' in source


def test_cards_of_reports_that_share_a_notebook_share_its_question():
    entries = [
        {"id": "a", "schedule": "daily", "notebook": "10_x.ipynb", "parameters": {},
         "facts": record_of(REPORTS[0], subject={"question": "Q?"}), "change": "", "failure": None},
        {"id": "b", "schedule": "daily", "notebook": "10_x.ipynb", "parameters": {},
         "facts": None, "change": "", "failure": None},
        {"id": "c", "schedule": "daily", "notebook": "20_so_much.ipynb",
         "parameters": {"bloc": "G7"}, "facts": None, "change": "", "failure": None},
    ]  # fmt: skip
    made = cards.cards(entries)
    assert [card["question"] for card in made] == ["Q?", "Q?", "so much"]
    assert cards.choices(made)["questions"] == [
        ("10_x.ipynb", "Q?"),
        ("20_so_much.ipynb", "so much"),
    ]
    assert [card["importers"] for card in made] == [{"JPN": "Japan"}, {}, {"G7": "Group of Seven"}]
    assert cards.summary(made) == "3 reports: 1 ok, 2 not rendered yet"
    assert page.render_index(entries, []) == page.render_index(entries, [])
