"""What readers do with the pages: look, print, scroll, switch, search, listen."""

import re

from axe_playwright_python.sync_playwright import Axe

from published import INDICES, JAPANESE, REPORTS, SAMPLE, TIMELINE

PHONE, DESKTOP = 360, 1200
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
A4_PX = (178 * 96 / 25.4, 263 * 96 / 25.4)  # inside the margins of the print style


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
    """axe-core finds nothing against WCAG 2.2 A and AA, by day or by night, with folds opened."""
    found = []
    for number, name in enumerate([*INDICES, *SAMPLE, *JAPANESE[::4]]):
        scheme = ("light", "dark")[number % 2]
        page = browser.new_page(viewport={"width": DESKTOP, "height": 800}, color_scheme=scheme)
        page.goto((site / f"{name}.html").as_uri())
        page.evaluate(_SHORTEN)
        found += [(name, scheme, fault) for fault in faults(page, WCAG)]
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
    assert not page.locator("figure:has(.chart) img").first.is_visible()
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
    assert page.locator("figure:has(.chart) img").first.is_visible()
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
