"""Hostile text from data and parameters: it is shown as text, and nothing else comes of it."""

import csv
import re
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from nbconvert.filters import markdown2html_mistune as markdown2html

from conftest import ROOT, run_cli, write_project
from rareearths import build, words
from rareearths.figures import interactive
from rareearths.reports import gate, prose

TAKEN = "window.taken=1;document.title='taken'"
HOSTILE = [
    f"<script>{TAKEN}</script>",
    f"<SCRIPT >{TAKEN}</SCRIPT >",
    f"</script><script>{TAKEN}</script>",
    f"<img src=x onerror=\"{TAKEN}\">",
    f"'><svg onload={TAKEN!r}>",
    "\"><iframe src='http://evil.invalid/frame'></iframe>",
    f"<a href=\"javascript:{TAKEN}\">press</a>",
    f"[press](javascript:{TAKEN})",
    "![](http://evil.invalid/picture.png)",
    "[x]: http://evil.invalid/reference",
    "<http://evil.invalid/automatic> http://evil.invalid/bare",
    "</style><style>*{background:url(http://evil.invalid/style)}</style>",
    "<meta http-equiv=refresh content='0;url=http://evil.invalid/refresh'>",
    "<base href='http://evil.invalid/'><form action='http://evil.invalid/form'>",
    "</title></head></main></body></html><!-- <script>",
    "]]> <![CDATA[ <?php ?> &lt;b&gt; &#60;b&#62;",
    "{{ 7 * 7 }} {% raw %} {# x #} {0.__class__} {text!r} %(id)s SCRIPT-HASHES",
    "one\n\n# two\n\n- three\n\n```\nfour\n```\n\n    five\n\n<b>six</b>\n---\n",
    "- item", "1. item", "    code", "+ item", "---", "===", "> quote", "| a | b |",
    r"\(<b>\) \begin{equation}<b>\end{equation} \[x\] $<b>$ $$<i>$$ \\",
    "`code` *thin* __bold__ ~~gone~~ ~sub~ ^sup^ ==mark== [^1] :smile:",
    "data:text/html,<script>parent.taken=1</script>",
    "evil\x00null\x07bell\x1b[31mred",
    "\u202e9.99\u2066 turned round \u2069",
    "W" * 3000,
]  # fmt: skip
ADDRESSES = [
    "https://example.org/a'onmouseover='x", f"javascript:{TAKEN}", f"JavaScript:{TAKEN}",
    f" javascript:{TAKEN}", "data:text/html,<script>1</script>", "//evil.invalid/x", "file:///etc",
    "vbscript:x", "https://example.org/\"><script>x</script>", "",
]  # fmt: skip
FILE_NAME = "a <img src=x onerror=taken=1> ' \" {{ x }}"

SHOWING = [
    'text: str = "x"  # any text\ntexts: list = ["x"]  # any texts\nurls: list = ["x"]  # any',
    "import pandas as pd\n\nfrom rareearths import catalogue, figures, reports\n\n"
    "rows = catalogue.load('blocs')",
    'reports.say("About {text}, 1", role="title", text=text)',
    'reports.say("{text} 1", role="answer", text=text)',
    'for item in texts:\n    reports.say("{item}", item=item)',
    'reports.say("{texts} and {texts[0]!r}", texts=texts)',
    'reports.conclude(do="{text}", change="{text}", sure="{text}", text=text)',
    'table = pd.DataFrame({"name": texts, "covers": texts, "source_url": "https://example.org"})',
    'figures.show_table(table, ["name", "covers"], "{x}", search=text, x=text)',
    'links = pd.DataFrame({"covers": urls, "source_url": urls})',
    'figures.show_table(links, ["covers"], "Links", headings={"covers": text})',
    "axes = figures.canvas(1)\n"
    "chart = {'data': {'values': [{'name': text} for text in texts]}, 'mark': 'text',\n"
    "    'encoding': {'text': {'field': 'name'}}}",
    'figures.show(axes, title="{x}", subtitle="{x}", source="{x}", alt="{x}", note="{x}",\n'
    "    data=pd.DataFrame({text: texts}), chart=chart, x=text)",
    "table",
    "print(text)",
    "text",
    'reports.say("## Sources")\nreports.sources()',
    'reports.record("{x} 1", x=text)',
]
FAILING = [SHOWING[0], "raise ValueError(text)"]


TIMELINE = [
    'issuer: str = "CHN"  # who acted [issuer]',
    "from rareearths import figures, policy, reports\n\n"
    "events = policy.load_events([issuer], start='2025')\ntable = policy.event_table(events)",
    'reports.say("Acts, {first}", role="title", first=table["summary"].iloc[0])',
    "axes = figures.plot_timeline(figures.canvas(2), events)\n"
    "chart = figures.timeline_chart(events, policy.load_sources())\n"
    'figures.show(axes, title="T", subtitle="S", source="S", alt="A", data=table[["summary"]],\n'
    "    chart=chart)",
    'figures.show_table(table, ["act", "summary", "pages"], "All", search="Search")',
    'reports.sources()\nreports.record("{first}", first=table["summary"].iloc[-1])',
]


def entry(name: str, notebook: str, **parameters) -> dict:
    return {"id": name, "notebook": notebook, "schedule": "daily", "parameters": parameters}


def write(folder: Path) -> Path:
    """Write notebooks that show texts everywhere and that fail with one, for both kinds of text.

    Another shows a table of events whose texts and addresses are hostile.
    """
    hostile = {"text": " ".join(HOSTILE), "texts": HOSTILE, "urls": ADDRESSES}
    plain_urls = ["https://example.org", "x" * 150, *["x"] * 6, "http://x", ""]
    texts = ["harmless".ljust(150, "x")] * len(HOSTILE)  # as long: tables are alike
    harmless = {"text": "harmless", "texts": texts, "urls": plain_urls}
    reports = [
        entry("shown-hostile", f"{FILE_NAME}.ipynb", **hostile),
        entry("shown-harmless", "a.ipynb", **harmless),
        entry("failed-hostile", "b.ipynb", **hostile),
        entry("failed-harmless", "b.ipynb", **harmless),
        entry("timeline", "c.ipynb"),
    ]
    notebooks = {FILE_NAME: SHOWING, "a": SHOWING, "b": FAILING, "c": TIMELINE}
    return write_project(folder, yaml.safe_dump({"reports": reports}), notebooks)


def poison(data: Path) -> None:
    """Give every event a hostile summary, and every page of it a hostile title and address."""
    for name, changes in {
        "events": {"summary": HOSTILE, "legal_ref": HOSTILE},
        "sources": {"title": HOSTILE, "publisher": HOSTILE, "url": ADDRESSES[1:-1]},
    }.items():
        path = data / f"policy/{name}.csv"
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        for number, row in enumerate(rows):
            row |= {column: texts[number % len(texts)] for column, texts in changes.items()}
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(row for row in rows)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = write(tmp_path_factory.mktemp("hostile"))
    shutil.copytree(ROOT / "data", folder / "data")
    poison(folder / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAREEARTHS_DATA", str(folder / "data"))
        build.seal(["policy_events", "policy_sources"])
        done = run_cli("render", cwd=folder)
    assert "3 of 5 reports" in done.stdout, done.stderr
    return folder / "site"


def pages(site: Path) -> list[Path]:
    return sorted(site.glob("*.html"))


def test_no_script_runs_and_no_request_goes_out(site, browser):
    context = browser.new_context()
    for path in pages(site):
        page, requests, dialogs = context.new_page(), [], []
        page.on("request", lambda r, log=requests: log.append(r.url))
        page.on("dialog", lambda d, log=dialogs: log.append(d.message))
        page.goto(path.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        page.wait_for_timeout(300)
        assert page.evaluate("window.taken") is None, path.name
        assert page.title() != "taken"
        assert dialogs == []
        assert [u for u in requests if not u.startswith("data:")] == [path.as_uri()], path.name
        page.close()
    context.close()


def elements(browser, path: Path, inside: str) -> list[list[str]]:
    """The elements of each place of a page, with the names of their attributes, in order.

    The page is parsed, not opened: what its scripts draw depends on the texts.
    """
    page = browser.new_page()
    found = page.evaluate(
        """([source, inside]) => {
          const parsed = new DOMParser().parseFromString(source, "text/html");
          const named = (e) => e.tagName + " " + e.getAttributeNames().sort().join(" ");
          return [...parsed.querySelectorAll(inside)].map((place) =>
            [...place.querySelectorAll("*")].map(named));
        }""",
        [path.read_text(encoding="utf-8"), inside],
    )
    page.close()
    return found


def test_a_page_of_hostile_texts_has_the_elements_of_one_of_harmless_texts(site, browser):
    """Element by element the two are the same: no element came from a text, none was lost."""
    hostile, harmless = (
        elements(browser, site / f"shown-{kind}.html", "html") for kind in ("hostile", "harmless")
    )
    assert len(hostile[0]) > 200
    assert hostile == harmless


def test_the_index_takes_no_element_from_a_title_a_headline_or_an_error(site, browser):
    shown, plain, failed, failed_plain, timeline = elements(browser, site / "index.html", "li")
    assert shown == plain == timeline
    assert failed == failed_plain
    source = (site / "index.html").read_text(encoding="utf-8")
    assert source.count("&lt;script&gt;window.taken=1") > 3, "title, headline, error, traceback"


def test_the_texts_are_shown_as_they_are(site, browser):
    page = browser.new_page()
    page.goto((site / "shown-hostile.html").as_uri())
    shown = page.locator("tbody").first.locator("td:first-child").all_text_contents()
    said = page.locator("main div.text").all_text_contents()
    for number, text in enumerate(HOSTILE):
        visible = re.sub("[\x00\x07\x1b\u202e\u2066\u2069]", "", text)
        assert shown[number].split() == visible.split()
        assert said[number].split() == visible.split()
    page.close()


def test_the_gate_finds_nothing_in_these_pages(site):
    for path in pages(site):
        assert gate.page_faults(path.read_text(encoding="utf-8")) == [], path.name


LINKS = r"https?://(?!evil)|#[\w-]+$|(records/)?[\w.-]+$|data:text/csv;charset=utf-8;base64,"


def test_only_web_addresses_become_links(site, browser):
    page = browser.new_page()
    for path in pages(site):
        page.goto(path.as_uri())
        links = page.evaluate(
            "[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))"
        )
        for link in links:
            assert re.match(LINKS, link), (path.name, link)
    page.close()
    shown = (site / "shown-hostile.html").read_text(encoding="utf-8")
    assert len(re.findall(r"href=[\"']https://example\.org/", shown)) == 2


def test_an_address_of_a_source_cannot_leave_its_link():
    """`sources()` links to an address of the catalogue, whatever brackets and quotes it holds."""
    for address in (
        "https://e.org/a) <script>x</script> (b",
        "https://e.org/'\"`\\<b>",
        "http://[x",
    ):
        shown = markdown2html(prose._link({"title": "<b>t</b>", "path": address}))
        assert re.fullmatch(r'<p><a href="http[^"<>]*">&lt;b&gt;t&lt;/b&gt;</a></p>\s*', shown)
    for address in ADDRESSES[1:8]:
        assert "[" not in prose._link({"title": "t", "path": address})


# The policy


def test_the_policy_stands_before_anything_hostile(site):
    assert len(pages(site)) == 4
    for path in pages(site):
        source = path.read_text(encoding="utf-8")
        before = source[: source.index("Content-Security-Policy")]
        assert before.count("<meta") <= 4
        assert not re.search("<(title|style|script|body|link)", before)
        assert "evil" not in before


def test_a_script_that_an_output_brings_along_is_refused(project, browser):
    """Its hash is not named, since the library did not make it; the gate names it."""
    raw = f"from IPython.display import HTML\nHTML({f'<b>here</b><script>{TAKEN}</script>'!r})"
    listed = yaml.safe_dump({"reports": [entry("one", "a.ipynb")]})
    folder = project(listed, a=[*SHOWING[:4], raw, *SHOWING[-2:]])
    done = run_cli("render", cwd=folder)
    path = folder / "site/one.html"
    if path.is_file():
        source = path.read_text(encoding="utf-8")
        assert TAKEN in source
        assert [f.kind for f in gate.page_faults(source)] == ["page"]
        page = browser.new_page()
        page.goto(path.as_uri())
        assert page.locator("b", has_text="here").is_visible()
        assert page.evaluate("window.taken") is None
        page.close()
    else:
        assert "a script that the library did not make" in done.stderr


def test_data_of_a_chart_cannot_end_its_script(browser):
    said = f"</script><script>{TAKEN}</script>"
    rows = [{"text": said}, {"text": "<!--<script>"}]
    chart = {"data": {"values": rows}, "mark": "text", "encoding": {"text": {"field": "text"}}}
    markup = interactive.chart_html(chart, said)
    assert markup.count("<script") == markup.count("</script>") == 2
    own = interactive.own_scripts(markup + "<script>alert(1)</script>")
    assert len(own) == len(set(own)) == 3, "two that stand there, and what one of them unpacks"
    page = browser.new_page()
    page.set_content(f"<main>{markup}<p class='last'>after</p></main>")
    page.locator(".chart svg").wait_for()
    assert page.locator("p.last").inner_text() == "after"
    assert page.evaluate("window.taken") is None
    page.close()


# Sentences


FRAGMENTS = st.sampled_from(
    [*HOSTILE[:-1], "\\", "(", ")", "&", "#", "\n", " ", "  ", "1", ".", "$"]
)


@given(st.lists(FRAGMENTS, max_size=6).map("".join))
def test_a_sentence_of_any_fragments_is_one_paragraph_of_text(text):
    visible = re.sub("[\x00-\x08\x0b-\x1f]", "", text)
    shown = markdown2html(words.fill_markdown("{text}.", text=visible))
    inner = re.fullmatch(r"<p>([^<>]*)</p>\s*", shown)
    assert inner, shown
    assert words.unescape(words.escape(text)) == text


def test_values_that_are_no_text_are_escaped_too():
    filled = words.fill_markdown("{x} {p} {x[0]!r}", x=["<b>"], p=Path("<i>"))
    assert "<" not in filled
    assert words.fill_markdown("{n:pct} {m}", n=0.5, m=-3) == "50.0% \N{MINUS SIGN}3"
