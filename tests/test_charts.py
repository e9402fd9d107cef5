"""Interactive charts in a real browser: true values to a pointer and to keys, a twin in print."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from conftest import run_cli
from rareearths import figures, network, policy, stages, trade
from rareearths.figures.look import economy_colours
from rareearths.network import blocs
from rareearths.scenarios import answers, board, party, uncertainty
from test_reading import PHONE, WCAG, faults

SUPPLIERS = "import-dependence-japan-rare-earths"
LEVERS = "levers-japan"
NETWORK = "trusted-network-msp"
TIMELINE = "policy-timeline-japan-rare-earths"
CHARTS = {SUPPLIERS: 3, LEVERS: 2, NETWORK: 2, TIMELINE: 1}
YEAR = 2024
FIND = """([figure, wanted]) => [...figure.querySelectorAll("svg path, svg line")].find((mark) => {
  const told = [mark.__data__].flat()[0]?.tooltip;
  return told && Object.entries(wanted).every(([name, text]) => String(told[name]) === text);
})"""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder, state = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("state")
    done = run_cli("render", *CHARTS, "--site", str(folder), "--state", str(state))
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def opened(site, browser):
    """Open a page with all its charts drawn; nothing may be requested or complained of."""
    context = browser.new_context(offline=True)
    said = []

    def open_page(name: str, **media):
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda r: r.url[:5] in ("file:", "data:") or said.append(r.url))
        page.emulate_media(**media)
        page.goto((site / f"{name}.html").as_uri())
        for figure in charts(page):
            figure.locator(".chart svg").wait_for()
        return page

    yield open_page
    context.close()
    assert said == []


def charts(page) -> list:
    return page.locator("figure:has(.chart)").all()


def tooltip_over(page, figure, **wanted: str) -> dict[str, str]:
    """Move the pointer to the mark whose tooltip has these texts; return all that it shows."""
    handle = page.evaluate_handle(FIND, [figure.element_handle(), wanted])
    assert handle.as_element(), f"no mark says {wanted}"
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 1, y)  # where it comes from a mark in one leap, the next step shows it
    page.mouse.move(x, y)
    page.locator("#vg-tooltip-element.visible").wait_for()
    rows = page.locator("#vg-tooltip-element tr").all()
    return dict(row.locator("td").all_inner_texts() for row in rows)


def read_out(figure) -> str:
    return figure.locator(".keys output").inner_text()


@pytest.fixture(scope="module")
def compounds():
    flows = stages.load_flows("JPN", "rare_earths", (1995, YEAR))
    return trade.supplier_shares(flows[flows["stage"] == "compound"], "tonnes")


@pytest.fixture(scope="module")
def trades():
    flows = network.load_flows("rare_earths", (1995, YEAR))
    return network.matrix(flows[flows["year"] == YEAR], "value")


def test_a_supplier_tells_its_share_and_amount(opened, compounds):
    page = opened(SUPPLIERS)
    row = compounds.set_index(["year", "exporter"]).loc[(YEAR, "CHN")]
    assert tooltip_over(page, charts(page)[0], Supplier="China", Year=str(YEAR)) == {
        "Supplier": "China",
        "Year": str(YEAR),
        "Share": f"{row['share']:.1%}",
        "Quantity": f"{row['amount']:,.0f} tonnes",
    }


def test_a_list_isolates_a_supplier(opened):
    page = opened(SUPPLIERS)
    figure = charts(page)[0]
    marks = figure.locator(".mark-rect.role-mark path")
    faint = ".mark-rect.role-mark path[opacity='0.12']"
    assert figure.locator(faint).count() == 0
    figure.get_by_role("combobox", name="Supplier").select_option(label="France")
    figure.locator(faint).first.wait_for()
    french = "marks => marks.filter(m => m.__data__.tooltip.Supplier === 'France').length"
    assert figure.locator(faint).count() == marks.count() - marks.evaluate_all(french)
    figure.get_by_role("combobox", name="Supplier").select_option(label="All suppliers")
    page.wait_for_function("!document.querySelector(\".mark-rect path[opacity='0.12']\")")


def test_colours_are_those_of_the_static_twin(opened):
    page = opened(SUPPLIERS)
    fills = {}
    for name, code in (("China", "CHN"), ("France", "FRA"), ("Others", "others")):
        handle = page.evaluate_handle(
            FIND, [charts(page)[0].element_handle(), {"Supplier": name, "Year": str(YEAR)}]
        )
        fills[code] = handle.evaluate("mark => getComputedStyle(mark).fill")
    drawn = [[int(part) / 255 for part in re.findall(r"\d+", fill)] for fill in fills.values()]
    assert drawn == [list(to_rgb(colour)) for colour in economy_colours(list(fills))]


def test_a_year_is_whole_and_one_year_has_no_chart(compounds):
    rows = figures.supplier_chart(compounds, "tonnes")["data"]["values"]
    sums = {row["year"]: 0.0 for row in rows}
    for row in rows:
        sums[row["year"]] += row["part"]
    assert sorted(sums) == sorted(compounds["year"].unique())
    assert all(abs(total - 1) < 1e-9 for total in sums.values())
    assert figures.supplier_chart(compounds[compounds["year"] == YEAR], "tonnes") is None


def test_a_tile_tells_its_economy(opened, trades):
    sold = trades[[code for code in blocs.members_of("MSP", []) if code in trades]].sum(axis=1)
    page = opened(NETWORK)
    for code, name in (("CHN", "China"), ("VNM", "Vietnam")):
        assert tooltip_over(page, charts(page)[0], Economy=name) == {
            "Economy": name,
            "Share": f"{sold[code] / sold.sum():.1%}",
            "Value": f"${sold[code] / 1e6:,.1f} million",
        }


def test_a_flow_tells_its_ends_and_stands_out(opened, trades):
    page = opened(NETWORK)
    amount = trades.at["CHN", "JPN"]
    total = (
        trades[[code for code in blocs.members_of("MSP", []) if code in trades]].to_numpy().sum()
    )
    figure = charts(page)[1]
    assert tooltip_over(page, figure, From="China", To="Japan") == {
        "From": "China",
        "To": "Japan",
        "Share": f"{amount / total:.0%}",
        "Value": f"${amount / 1e6:,.1f} million",
    }
    lit = figure.locator(".mark-area path[opacity='1']")
    assert lit.count() == 1
    assert lit.evaluate("mark => [mark.__data__].flat()[0].tooltip.From") == "China"


def test_a_lever_tells_effect_range_and_what_binds(opened):
    japan, years = party.load_party("JPN"), (2030, 2035)
    parts = uncertainty.draw(japan, 2000, 2026)
    table = board.board(japan, "accelerated", parts, years, answers.MAGNETS[1])
    page = opened(LEVERS)
    for row in table.dropna(subset=["end"]).to_dict("records"):
        told = tooltip_over(page, charts(page)[1], Lever=row["lever"], Year=str(years[1]))
        assert told.pop("How far") == row["setting"]
        assert told == {
            "Lever": row["lever"],
            "Year": str(years[1]),
            "Effect, points (90% of draws)": row["effect_end"],
            "What binds then": row["binds"],
        }


def test_events_of_a_quarter_are_stacked_in_their_lane(opened):
    page = opened(TIMELINE)
    marks = charts(page)[0].locator(".mark-symbol.role-mark path")
    drawn = pd.DataFrame(
        marks.evaluate_all(
            "marks => marks.map(m => ({...m.__data__.datum, x: m.__data__.x, y: m.__data__.y}))"
        )
    )
    assert (drawn.groupby(["x", "y"]).size() == 1).all()
    assert (drawn.groupby("begins")["x"].nunique() == 1).all()
    bounds = drawn.groupby("lane")["y"].agg(["min", "max"]).sort_values("min")
    assert (bounds["min"].iloc[1:].to_numpy() > bounds["max"].iloc[:-1].to_numpy()).all()


@pytest.mark.parametrize("contested", [True, False])
def test_the_legend_of_the_timeline_tells_what_hollow_means(contested):
    events = policy.load_events(["CHN"])
    events = events[events["contested"] == contested]
    drawn = figures.plot_timeline(figures.canvas(2), events)
    written = [text.get_text() for text in drawn.figure.legends[0].get_texts()]
    chart = figures.timeline_chart(events, policy.load_sources())
    assert written == chart["encoding"]["shape"]["scale"]["domain"]
    assert ("contested" in written) == contested


def test_acts_stand_at_their_dates_and_names_at_the_ends_of_the_lines():
    years = range(2005, 2025)
    shares = pd.DataFrame({"share_value": 0.3, "share_tonnes": 0.8}, years)
    shares["quantity_coverage"] = 1.0
    days = pd.to_datetime(["2010-01-01", "2010-07-02", "2023-12-31", "2024-01-01", "2025-01-01"])
    events = pd.DataFrame({"earliest": days, "number": range(1, 6)})
    axes = figures.plot_events_over_shares(figures.canvas(), shares, events)
    low, high = axes.get_xlim()
    lines = [line for line in axes.lines if line.get_transform() == axes.transAxes]
    places = [low + line.get_xdata()[0] * (high - low) for line in lines]
    assert places == pytest.approx([2009.5, 2010, 2023.5, 2023.5], abs=0.01)
    texts = {text.get_text(): text.get_position() for text in axes.texts}
    assert texts["by value 30%"][1] == pytest.approx(0.3)
    assert texts["by tonnes 80%"][1] == pytest.approx(0.8)
    numbers = [texts[str(number)][0] for number in range(1, 5)]
    assert min(np.diff(numbers)) > 0.05
    assert "5" not in texts


@pytest.mark.parametrize("name", CHARTS)
def test_keys_do_what_a_pointer_does(opened, name):
    page = opened(name)
    assert len(charts(page)) == CHARTS[name]
    for figure in charts(page):
        chart = figure.locator(".chart")
        chart.focus()
        assert figure.get_by_text("Arrow keys move from mark to mark.").is_visible()
        seen = []
        for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "End", "Home"):
            page.keyboard.press(key)
            page.locator("#vg-tooltip-element.visible").wait_for()
            rows = page.locator("#vg-tooltip-element tr").all()
            shown = [": ".join(row.locator("td").all_inner_texts()) for row in rows]
            seen.append(read_out(figure))
            assert seen[-1] == "; ".join(shown)
        assert seen[0] == seen[2] == seen[4]
        assert len(set(seen)) == 3
        page.keyboard.press("Escape")
        page.locator("#vg-tooltip-element.visible").wait_for(state="detached")
        assert read_out(figure) == ""


def test_up_and_down_lead_to_the_marks_above_and_below(opened):
    page = opened(SUPPLIERS)
    figure = charts(page)[0]
    figure.locator(".chart").focus()
    page.keyboard.press("Home")
    lowest = read_out(figure)
    page.keyboard.press("ArrowUp")
    assert re.findall(r"Year: \d+", lowest) == re.findall(r"Year: \d+", read_out(figure))
    assert lowest != read_out(figure)
    page.keyboard.press("ArrowDown")
    assert read_out(figure) == lowest


@pytest.mark.parametrize("name", CHARTS)
def test_a_page_with_charts_is_small_fits_a_phone_and_has_a_twin(site, opened, name):
    assert (site / f"{name}.html").stat().st_size < 2_000_000
    page = opened(name, color_scheme="dark")
    page.set_viewport_size({"width": PHONE, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    for figure in charts(page):
        svg, place = figure.locator("svg").bounding_box(), figure.bounding_box()
        assert svg["x"] + svg["width"] <= place["x"] + place["width"] + 1
        assert not figure.locator("img").is_visible()
        described = figure.locator("[role=graphics-document]").get_attribute("aria-label")
        assert described == figure.locator("img").get_attribute("alt")
    page.emulate_media(media="print")
    for figure in charts(page):
        assert figure.locator("img").is_visible()
        assert not figure.locator(".chart").is_visible()
        assert not figure.locator(".keys").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", CHARTS)
def test_drawn_charts_have_no_fault_of_accessibility(site, browser, name, scheme):
    """With the charts drawn, one in focus, and a tooltip open."""
    page = browser.new_page(color_scheme=scheme)
    page.goto((site / f"{name}.html").as_uri())
    page.locator(".chart svg").last.wait_for()
    page.evaluate("document.querySelectorAll('table').forEach((table) => table.remove())")
    page.locator(".chart").first.focus()
    page.keyboard.press("ArrowRight")
    assert faults(page, WCAG) == []
    page.close()


def test_colours_follow_the_reader_without_a_new_drawing(opened):
    page = opened(LEVERS, color_scheme="light")
    label = charts(page)[0].locator(".role-axis-label text").first
    inks = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        inks.append(label.evaluate("text => getComputedStyle(text).fill"))
    assert inks == ["rgb(27, 32, 38)", "rgb(228, 232, 236)"]
