"""The rendered pages in a real browser: no request, no error, nothing cut off, alt texts."""

import json
import re
from collections import Counter
from itertools import product
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from conftest import ROOT, run_cli
from numbers_of import numbers_of
from rareearths import mirror, translation
from rareearths.reports import config, labels, tiles
from rareearths.reports.store import Site

PHONE, DESKTOP = 360, 1200
EVERYTHING = config.load(ROOT / "reports.yml")
REPORTS = [report for report in EVERYTHING if report.language == "en"]
TIMELINE = "policy-timeline-japan-rare-earths.html"
# The first report of each notebook.
SAMPLE = list({report.notebook: report.id for report in reversed(REPORTS)}.values())
JAPANESE = [f"{report_id}-ja" for report_id in SAMPLE]
INDICES = ("index", "index-ja")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
A4_PX = (178 * 96 / 25.4, 263 * 96 / 25.4)  # inside the margins of the print style


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The reports of reports.yml, rendered once by the command line; in Japanese a sample."""
    folder = tmp_path_factory.mktemp("site")
    state = tmp_path_factory.mktemp("state")
    wanted = [*(report.id for report in REPORTS), *JAPANESE]
    done = run_cli("render", *wanted, "--site", str(folder), "--state", str(state))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^(\d+) of \1 reports", done.stdout, re.M), done.stdout
    return folder


def pages_of(site):
    return sorted(site.glob("*.html"))


def test_pages_open_offline_without_request_or_error(site, browser):
    """Each page is opened once, and looked at on a phone and a desktop, by day and by night."""
    assert len(pages_of(site)) == len([*INDICES, *REPORTS, *JAPANESE])
    context = browser.new_context(offline=True)
    for path in pages_of(site):
        page, messages, requests = context.new_page(), [], []
        page.on("console", lambda m, log=messages: log.append(m.text))
        page.on("pageerror", lambda e, log=messages: log.append(str(e)))
        page.on("request", lambda r, log=requests: log.append(r.url))
        page.goto(path.as_uri())
        for width, scheme in product((PHONE, DESKTOP), ("light", "dark")):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path.stem
        drawn = page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
        assert drawn, path.stem
        assert messages == []
        assert [url for url in requests if not url.startswith("data:")] == [path.as_uri()]
        page.close()
    context.close()


def test_a_report_has_what_a_reader_expects(site, browser):
    page = browser.new_page()
    for path in pages_of(site):
        if path.stem in INDICES:
            continue
        language = "ja" if path.stem in JAPANESE else "en"
        page.goto(path.as_uri())
        assert page.locator("h1").count() == 1
        assert page.title() == page.locator("h1").inner_text()
        assert re.search(r"\d", page.locator(".answer").inner_text())
        headings = page.locator("h2").all_inner_texts()
        wanted = ("Limits", "Sources", "This report")
        assert {translation.said(heading, language) for heading in wanted} <= set(headings)
        images = page.locator("figure img")
        assert images.count() >= 2
        for i in range(images.count()):
            assert len(images.nth(i).get_attribute("alt")) > 20
        text = page.locator("body").inner_text()
        assert "nan" not in text.lower().split()
        assert "{" not in text
        assert "**" not in text, "markup that was not read"
        assert path.stat().st_size < 2_000_000
        assert not page.locator("details.code").first.evaluate("d => d.open")
        assert "importer: str" not in page.content(), "the parameters cell is not shown"
        assert "from rareearths import" not in page.content(), "the set-up cell is not shown"
    page.close()


def test_the_index_leads_to_every_report(site, browser):
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    links = page.locator(".reports h3 a")
    assert links.count() == len(REPORTS)
    for i in range(len(REPORTS)):
        href = links.nth(i).get_attribute("href")
        assert (site / href).is_file()
    links.first.click()
    assert page.url == (site / f"{REPORTS[0].id}.html").as_uri()
    page.get_by_role("link", name="All reports").click()
    assert page.url == (site / "index.html").as_uri()
    page.close()


def test_figures_follow_the_readers_setting(site, browser):
    """The same figure is light on dark for a reader who has set dark."""
    shares = {}
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        page = context.new_page()
        page.goto((site / "import-dependence-japan-rare-earths.html").as_uri())
        image = page.locator("figure img").nth(1)
        shares[scheme] = _bright_share(image.screenshot())
        context.close()
    assert shares["light"] > 0.8
    assert shares["dark"] < 0.2


def _bright_share(png: bytes) -> float:
    import io

    from PIL import Image

    grey = Image.open(io.BytesIO(png)).convert("L")
    bright = sum(n for level, n in enumerate(grey.histogram()) if level > 128)
    return bright / (grey.width * grey.height)


def test_pages_have_no_fault_of_accessibility(site, browser):
    """axe-core finds nothing against WCAG 2.2 A and AA, by day and by night, with folds opened."""
    found = []
    for name in [*INDICES, *SAMPLE, *JAPANESE[::4]]:
        page = browser.new_page(viewport={"width": DESKTOP, "height": 800})
        page.goto((site / f"{name}.html").as_uri())
        page.evaluate(_SHORTEN)
        found += [(name, "light", fault) for fault in faults(page, WCAG)]
        page.emulate_media(color_scheme="dark")
        found += [(name, "dark", fault) for fault in faults(page, ["color-contrast"])]
        page.close()
    assert found == []


# Of what is the same many times, rows and folds, axe sees the first; it would take minutes else.
_SHORTEN = """() => {
  document.querySelectorAll("tbody tr:nth-child(n+3)").forEach((row) => row.remove());
  document.querySelector(".bar button")?.click();
  document.querySelectorAll("details").forEach((fold) => { fold.open = false; });
  for (const kind of ["code", "data", "receipt"]) {
    const fold = document.querySelector("details." + kind);
    if (fold) fold.open = true;
  }
}"""


def faults(page, rules: list[str]) -> list[str]:
    """Return the rules of axe-core that the page breaks; some rule must have been applied."""
    done = Axe().run(page, options={"runOnly": rules, "resultTypes": ["violations"]}).response
    assert done["passes"]
    return [f"{fault['id']}: {fault['nodes'][0]['target']}" for fault in done["violations"]]


def test_axe_would_find_a_fault(site, browser):
    page = browser.new_page()
    page.goto((site / f"{SAMPLE[0]}.html").as_uri())
    page.evaluate("document.querySelector('figure img').removeAttribute('alt')")
    page.evaluate("document.querySelector('.answer').style.color = '#bbb'")
    found = {fault.partition(":")[0] for fault in faults(page, WCAG)}
    assert found == {"image-alt", "color-contrast"}
    page.close()


def test_pages_print_with_all_figures(site, browser):
    """The PDF of a reader who has set dark holds each figure with its description, on white."""
    for name in (TIMELINE, "import-dependence-japan-rare-earths.html"):
        page = browser.new_page(color_scheme="dark")  # a second PDF would tell of hidden charts too
        page.goto((site / name).as_uri())
        figures = page.locator("figure img").count()
        pdf = page.pdf(prefer_css_page_size=True, tagged=True)
        assert len(re.findall(rb"/MediaBox \[0 0 59[45]\S* 84[12]\S*\]", pdf)) > 5, "not on A4"
        assert len(re.findall(rb"/S /Figure\b", pdf)) >= pdf.count(b"/Alt ") == figures >= 2
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
            "rgb(255, 255, 255)"
        )
        for hidden in ("details.code", "details.receipt", "details.data", ".bar", ".contents"):
            assert not page.locator(hidden).first.is_visible(), hidden
        assert page.locator("figure img").first.is_visible()
        assert _bright_share(page.locator("figure img").first.screenshot()) > 0.8
        page.close()


def test_page_breaks_cut_nothing(site, browser):
    """Columns of the size of a page break by the same rules as pages, and can be measured."""
    width, height = A4_PX
    for name in SAMPLE:
        page = browser.new_page()
        page.goto((site / f"{name}.html").as_uri())
        page.emulate_media(media="print")
        page.evaluate(
            "([width, height]) => Object.assign(document.body.style, {columnWidth: width + 'px',"
            " width: width + 'px', height: height + 'px', columnGap: '99px', columnFill: 'auto'})",
            [width, height],
        )
        cut, wide, alone, pages = page.evaluate(_BREAKS, width + 99)
        assert (cut, wide, alone) == ([], [], []), name
        assert pages > 2
        page.close()


_BREAKS = """(step) => {
  const boxes = (element) => [...element.getClientRects()].filter((box) => box.width);
  const page = (box) => Math.floor(box.left / step);
  const all = (names) => [...document.querySelectorAll(names)].filter((e) => boxes(e).length);
  const cut = all("figure, tr, .caption, .answer, .tiles, h2")
    .filter((e) => new Set(boxes(e).map(page)).size > 1);
  const wide = all("table, figure, img").filter((e) => boxes(e)[0].width > step - 98);
  const next = (e) => e.nextElementSibling ?? e.parentElement.nextElementSibling;
  const alone = all("main h2, .caption").filter((e) => next(e) && boxes(next(e)).length
    && page(boxes(next(e))[0]) !== page(boxes(e)[0]));
  const names = (list) => list.map((e) => e.tagName + " " + e.textContent.slice(0, 60));
  const pages = new Set(all("main *").map((e) => page(boxes(e)[0]))).size;
  return [names(cut), names(wide), names(alone), pages];
}"""


def test_the_contents_follow_the_scroll(site, browser):
    page = browser.new_page(viewport={"width": DESKTOP, "height": 800})
    page.goto((site / TIMELINE).as_uri())
    links = page.locator(".contents.beside a")
    assert links.all_inner_texts() == page.locator("main h2, footer h2").all_inner_texts()
    assert page.locator(".contents a[aria-current]").count() == 0
    current = page.locator(".contents.beside a[aria-current]")
    for name in ("What was in force", "How to cite", "All events"):
        links.filter(has_text=name).click()
        current.filter(has_text=name).wait_for()
        assert current.count() == 1
        assert page.get_by_role("heading", name=name, exact=True).is_visible()
    page.evaluate("scrollTo(0, document.getElementById('what-was-in-force').offsetTop - 100)")
    current.filter(has_text="What was in force").wait_for()
    page.set_viewport_size({"width": PHONE, "height": 800})
    assert not links.first.is_visible()
    folded = page.locator(".contents.folded")
    assert not folded.locator("a").first.is_visible()
    folded.locator("summary").click()
    folded.get_by_role("link", name="Limits").click()
    assert page.url.endswith("#limits")
    assert not folded.locator("a").first.is_visible()
    page.close()


def test_one_switch_shows_all_code(site, browser):
    page = browser.new_page()
    page.goto((site / f"{SAMPLE[0]}.html").as_uri())
    codes, switch = page.locator("details.code"), page.get_by_role("button", name="Show code")
    assert not any(code.is_visible() for code in codes.all())
    for _ in range(4):  # All reports, the other language, then the switch
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert switch.get_attribute("aria-pressed") == "true"
    assert all(code.is_visible() for code in page.locator("details.code pre").all())
    switch.click()
    assert switch.get_attribute("aria-pressed") == "false"
    assert not any(code.is_visible() for code in codes.all())
    page.close()


def test_without_scripts_contents_and_code_still_work(site, browser):
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": 1200, "height": 800}
    )
    page = context.new_page()
    page.goto((site / f"{SAMPLE[0]}.html").as_uri())
    assert not page.get_by_role("button", name="Show code").is_visible()
    code = page.locator("details.code").first
    assert not code.locator("pre").is_visible()
    code.locator("summary").click()
    assert code.locator("pre").is_visible()
    page.locator(".contents.beside").get_by_role("link", name="Limits").click()
    assert page.url.endswith("#limits")
    context.close()


def test_headline_numbers_are_recorded_ones(site):
    """Each row of the table of tiles shows in some report, and no tile has a raw name."""
    records = [Site(site).record(report.id) for report in REPORTS]
    for row in tiles.rows():
        notebook = f"{row['notebook']}.ipynb"
        assert any(row["number"] in r["numbers"] for r in records if r["notebook"] == notebook), row
    shown = {record["id"]: tiles.of_report(record) for record in records}
    assert len([name for name, found in shown.items() if found]) > len(REPORTS) / 2
    for name, found in shown.items():
        page = (site / f"{name}.html").read_text(encoding="utf-8")
        assert page.count('<dd class="value">') == len(found)
        assert not any(re.search(r"_|\bnan\b|\binf\b", tile.label + tile.value) for tile in found)


def test_every_recorded_number_has_a_label_and_a_format(site):
    records = [Site(site).record(report.id) for report in REPORTS]
    found = {(record["notebook"], n): record for record in records for n in record["numbers"]}
    bare = [key for key, record in found.items() if not labels.label(record, key[1]).form]
    assert bare == [], "rows are missing in template/numbers.csv"
    assert len(found) > 300
    for (_, number), record in found.items():
        value = record["numbers"][number]
        assert re.fullmatch(r"[^_]+", labels.label(record, number).shown(value)), number


def test_the_comparison_shows_shares_in_per_cent(site, browser):
    page = browser.new_page()
    page.goto((site / "index.html").as_uri() + "#table=20_import_dependence.ipynb")
    assert "share of China by tonnes" in page.locator("#number").inner_text()
    page.locator("#number").select_option("share_tonnes")
    shown = dict(
        zip(
            page.locator(".bars th a").all_inner_texts(),
            page.locator(".bars td").all_inner_texts(),
            strict=True,
        )
    )
    assert shown["How dependent is Japan on China for rare earths?"].strip() == "66%"
    page.close()


# What a reader of a page reads, or hears of its pictures.
_TEXTS = """(left_out) => {
  const texts = [...document.images].map((image) => image.alt);
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (nodes.nextNode()) {
    const text = nodes.currentNode.textContent.trim();
    if (text && !nodes.currentNode.parentElement.closest(left_out)) texts.push(text);
  }
  return texts;
}"""
_NO_TEXT = "code, pre, script, style, svg, .chart"
_ENGLISH = re.compile(r"(?:\b[A-Za-z][a-z'’-]+[ ,;:]+){2,}[A-Za-z]+")
_LITTLE_WORDS = frozenset(
    re.findall(r"\w+", "a and are as at by for from in is it no not of on or the to with")
)


def texts_of(page, path: Path, left_out: str = "") -> list[str]:
    page.goto(path.as_uri())
    return page.evaluate(_TEXTS, ", ".join(filter(None, [_NO_TEXT, left_out])))


def test_pages_of_both_languages_say_the_same_numbers(site, browser):
    page = browser.new_page()
    for english, japanese in zip(SAMPLE, JAPANESE, strict=True):
        said = [
            numbers_of("\n".join(texts_of(page, site / f"{name}.html")))
            for name in (english, japanese)
        ]
        assert said[0] - said[1] == said[1] - said[0] == Counter(), english
        numbers = [Site(site).record(name)["numbers"] for name in (english, japanese)]
        assert numbers[0] == numbers[1]
    page.close()


def test_no_english_is_left_in_a_japanese_page(site, browser):
    page = browser.new_page()
    for name in [INDICES[1], *JAPANESE]:
        texts = texts_of(page, site / f"{name}.html", "[lang=en]")
        found = [match[0] for text in texts for match in _ENGLISH.finditer(text)]
        assert [words for words in found if _LITTLE_WORDS & {*words.split()}] == [], name
        assert page.evaluate("document.documentElement.lang") == "ja"
    for name in JAPANESE:
        assert Site(site).record(name)["untranslated"] == [], name
    page.close()


def test_every_sentence_of_the_english_pages_has_a_japanese_one(site):
    """Also of those pages that are not rendered in Japanese here."""
    lacking = set()
    for report in REPORTS:
        path = Site(site).record_path(report.id)
        record = json.loads(path.read_text(encoding="utf-8"))
        texts = [receipt[kind] for receipt in record["receipts"] for kind in ("title", "alt")]
        texts = [text for text in texts if "…" not in text]  # a name is cut after its translation
        notebook = json.loads(path.with_suffix(".ipynb").read_text(encoding="utf-8"))
        outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
        said = [output.get("data", {}).get("text/markdown", "") for output in outputs]
        texts += [record["headline"], *map("".join, said)]
        lacking |= {s for text in texts for s in translation.lacking(text, "ja")}
    assert sorted(lacking) == []


def test_pages_lead_to_the_other_language(site, browser):
    page = browser.new_page()
    page.goto((site / f"{SAMPLE[0]}.html").as_uri())
    page.get_by_role("link", name="日本語").click()
    assert page.url.endswith(f"{JAPANESE[0]}.html")
    page.get_by_role("link", name="English").click()
    assert page.url.endswith(f"{SAMPLE[0]}.html")
    page.goto((site / f"{JAPANESE[0]}.html").as_uri())
    page.locator(".bar a").first.click()
    assert page.url.endswith("/index-ja.html")
    page.close()


def test_a_japanese_page_carries_the_signs_it_needs(site, browser):
    page = browser.new_page()
    page.goto((site / f"{JAPANESE[0]}.html").as_uri())
    loaded = page.evaluate("document.fonts.load('16px \"signs of this page\"', '日本')")
    assert len(loaded) == 1
    page.close()


def test_the_interactive_timeline_answers_to_hover_and_zoom(site, browser):
    page = browser.new_page()
    page.goto((site / TIMELINE).as_uri())
    chart = page.locator("figure .chart svg").first
    chart.wait_for()
    assert not page.locator("figure:has(.chart) > img").first.is_visible()
    marks = chart.locator(".mark-symbol.role-mark path")
    assert marks.count() > 50
    marks.first.scroll_into_view_if_needed()
    marks.first.hover()
    tooltip = page.locator("#vg-tooltip-element")
    tooltip.wait_for()
    assert re.search(r"What.*\w+", tooltip.inner_text(), re.DOTALL)
    labels = chart.locator(".role-axis-label text")
    before = labels.all_inner_texts()
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.5)
    page.mouse.wheel(0, -600)
    page.wait_for_function(
        "before => JSON.stringify([...document.querySelectorAll('.chart .role-axis-label text')]"
        ".map(t => t.textContent)) !== JSON.stringify(before)",
        arg=before,
    )
    page.close()


def test_the_events_can_be_searched(site, browser):
    page = browser.new_page()
    page.goto((site / TIMELINE).as_uri())
    rows = page.locator(".searchable tbody tr:visible")
    everything = rows.count()
    page.get_by_label("Search the events").fill("informal embargo 2010")
    assert rows.count() == 1
    assert "contested" in rows.first.inner_text()
    assert page.locator(".searchable output").inner_text() == f"1 of {everything}"
    page.get_by_label("Search the events").fill("")
    assert rows.count() == everything
    page.close()


def test_without_scripts_and_in_print_the_static_twin_is_shown(site, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / TIMELINE).as_uri())
    figure = page.locator("figure:has(.chart)").first
    assert figure.locator("img").is_visible()
    assert not page.locator(".search").is_visible()
    context.close()
    page = browser.new_page()
    page.goto((site / TIMELINE).as_uri())
    page.locator("figure .chart svg").first.wait_for()
    page.emulate_media(media="print")
    assert page.locator("figure:has(.chart) > img").first.is_visible()
    assert not page.locator("figure .chart").first.is_visible()
    page.close()


def test_only_the_pages_own_scripts_may_run(site, browser):
    """A script that is not named by its hash is refused, and so is a request."""
    source = (site / TIMELINE).read_text(encoding="utf-8")
    forged = source.replace("</main>", "<script>document.title = 'taken'</script></main>")
    forged_path = site / "forged.htm"
    forged_path.write_text(forged, encoding="utf-8")
    page = browser.new_page()
    messages = []
    page.on("console", lambda m: messages.append(m.text))
    page.goto(forged_path.as_uri())
    assert page.title() != "taken"
    assert any("Content Security Policy" in message for message in messages)
    forged_path.unlink()
    page.close()


def test_the_rendered_reports_record_the_known_answers(site):
    japan = Site(site).record("import-dependence-japan-rare-earths")
    assert round(japan["numbers"]["share_tonnes"], 3) == 0.661
    assert round(japan["numbers"]["share_value"], 3) == 0.378
    assert {t["name"] for t in japan["tables"]} >= {"baci_minerals", "published_shares"}
    assert all(len(t["sha256"]) == 64 for t in japan["tables"])


def test_the_quality_page_shows_every_flow_that_two_sides_state(site):
    """The table holds each row of the evidence, and the sentence counts the undecided ones."""
    page = (site / "data-quality-japan-rare-earths.html").read_text(encoding="utf-8")
    evidence = mirror.evidence()
    section = re.split("<h2[^>]*>Both sides of the same flow", page)[1].split("<h2")[0]
    table = section.split("<tbody>")[1].split("</tbody>")[0]
    assert table.count("<tr>") == len(evidence) == 6
    undecided = evidence["gap"].isna().sum()
    assert f"{undecided} comparisons cannot be decided" in section
