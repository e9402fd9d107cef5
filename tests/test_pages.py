"""The rendered pages in a real browser: no request, no error, nothing cut off, alt texts."""

import json
import re
from collections import Counter
from itertools import product

import pytest

from crowded import crowded
from numbers_of import numbers_of
from published import INDICES, JAPANESE, REPORTS, SAMPLE
from rareearths import figures, mirror, translation
from rareearths.figures import frame
from rareearths.reports import labels, tiles
from rareearths.reports.store import Site
from rareearths.words import with_signs

PHONE, DESKTOP = 360, 1200


@pytest.fixture(scope="module")
def visits(site, browser) -> dict[str, dict]:
    """Each page opened once, on a phone and a desktop, by day and by night: what was found."""
    found, context = {}, browser.new_context(offline=True)
    for path in sorted(site.glob("*.html")):
        page, messages, requests = context.new_page(), [], []
        page.on("console", lambda m, log=messages: log.append(m.text))
        page.on("pageerror", lambda e, log=messages: log.append(str(e)))
        page.on("request", lambda r, log=requests: log.append(r.url))
        page.goto(path.as_uri())
        too_wide = []
        for width, scheme in product((PHONE, DESKTOP), ("light", "dark")):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme)
            if page.evaluate("document.documentElement.scrollWidth") > width:
                too_wide.append((width, scheme))
        found[path.stem] = page.evaluate(_SEEN) | {
            "too_wide": too_wide,
            "crowded": crowded(page),
            "messages": messages,
            "requests": [url for url in requests if not url.startswith("data:")],
        }
        page.close()
    context.close()
    return found


# What a reader of a page reads, or hears of its pictures; `english` stands in English on purpose.
_SEEN = """() => {
  const texts = (names) => [...document.querySelectorAll(names)].map((e) => e.innerText.trim());
  const read = [...document.images].map((image) => ({text: image.alt, english: false}));
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (nodes.nextNode()) {
    const text = nodes.currentNode.textContent.trim(), within = nodes.currentNode.parentElement;
    if (text && !within.closest("code, pre, script, style, svg, .chart"))
      read.push({text, english: !!within.closest("[lang=en]")});
  }
  return {
    language: document.documentElement.lang, title: document.title, read,
    h1: texts("h1"), h2: texts("h2"), answer: texts(".answer").join(" "),
    alts: [...document.querySelectorAll("figure img")].map((image) => image.alt),
    drawn: [...document.images].every((i) => i.complete && i.naturalWidth > 0),
    code_open: document.querySelector("details.code")?.open,
    text: document.body.innerText,
  };
}"""


def test_pages_open_offline_without_request_or_error(site, visits):
    assert visits.keys() == {*INDICES, *(report.id for report in REPORTS), *JAPANESE}
    for name, seen in visits.items():
        assert seen["too_wide"] == [], name
        assert seen["drawn"], name
        assert seen["messages"] == [], name
        assert seen["requests"] == [(site / f"{name}.html").as_uri()]


def test_a_report_has_what_a_reader_expects(site, visits):
    for name in visits.keys() - {*INDICES}:
        seen = visits[name]
        assert seen["h1"] == [seen["title"]]
        assert re.search(r"\d", seen["answer"]), name
        wanted = ("Limits", "Sources", "This report")
        assert {translation.said(words, seen["language"]) for words in wanted} <= {*seen["h2"]}
        assert len(seen["alts"]) >= 2
        assert min(map(len, seen["alts"])) > 20
        assert "nan" not in seen["text"].lower().split()
        assert "{" not in seen["text"]
        assert "**" not in seen["text"], "markup that was not read"
        assert seen["code_open"] is False
        source = (site / f"{name}.html").read_text(encoding="utf-8")
        assert len(source.encode()) < 2_000_000
        assert "importer: str" not in source, "the parameters cell is not shown"
        assert "from rareearths import" not in source, "the set-up cell is not shown"


def test_no_text_of_a_chart_overlaps_another_or_is_cut(visits):
    assert {name: seen["crowded"] for name, seen in visits.items() if seen["crowded"]} == {}


def test_a_crowded_chart_would_be_found(browser):
    axes = figures.canvas()
    for place, said in ((0.4, "one"), (0.42, "two"), (2.0, "beyond")):
        axes.figure.text(place, 0.5, said)
    page = browser.new_page()
    page.set_content(f"<figure><img src='{frame._data_address(axes.figure)}' alt=''></figure>")
    found = sorted(fault.split(" ")[:2] for fault in crowded(page))
    page.close()
    assert found == [["cut:", "beyond"], ["overlap:", "one"]]


def test_negative_numbers_of_a_page_have_a_minus_sign(visits):
    for name, seen in visits.items():
        texts = [piece["text"] for piece in seen["read"]]
        assert [text for text in texts if with_signs(text) != text] == [], name
    assert any("−" in seen["text"] for seen in visits.values())


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


_ENGLISH = re.compile(r"(?:\b[A-Za-z][a-z'’-]+[ ,;:]+)+[A-Za-z]+")
_LITTLE_WORDS = frozenset(
    re.findall(r"\w+", "a and are as at by for from in is it no not of on or the to with")
)


def test_pages_of_both_languages_say_the_same_numbers(site, visits):
    for english, japanese in zip(SAMPLE, JAPANESE, strict=True):
        said = [
            numbers_of("\n".join(piece["text"] for piece in visits[name]["read"]))
            for name in (english, japanese)
        ]
        assert said[0] - said[1] == said[1] - said[0] == Counter(), english
        numbers = [Site(site).record(name)["numbers"] for name in (english, japanese)]
        assert numbers[0] == numbers[1]


def test_no_english_is_left_in_a_japanese_page(site, visits):
    for name in (INDICES[1], *JAPANESE):
        assert visits[name]["language"] == "ja"
        texts = [piece["text"] for piece in visits[name]["read"] if not piece["english"]]
        found = [match[0] for text in texts for match in _ENGLISH.finditer(text)]
        assert [words for words in found if _LITTLE_WORDS & {*words.split()}] == [], name
    for name in JAPANESE:
        assert Site(site).record(name)["untranslated"] == [], name


def test_every_sentence_of_the_english_pages_has_a_japanese_one(site):
    """Also of those pages that are not rendered in Japanese here."""
    lacking = set()
    for report in REPORTS:
        path = Site(site).record_path(report.id)
        record = json.loads(path.read_text(encoding="utf-8"))
        texts = [receipt[kind] for receipt in record["receipts"] for kind in ("title", "alt")]
        notebook = json.loads(path.with_suffix(".ipynb").read_text(encoding="utf-8"))
        outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
        said = [output.get("data", {}).get("text/markdown", "") for output in outputs]
        texts += [record["headline"], *map("".join, said)]
        lacking |= {s for text in texts for s in translation.lacking(text, "ja")}
    assert sorted(lacking) == []


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
