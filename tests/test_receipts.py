"""Receipts: every figure and table carries its data, its sources and a description."""

import base64
import hashlib
import io
import json
import math
import re

import nbformat
import numpy as np
import pandas as pd
import papermill
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from browser import chromium
from conftest import ROOT
from rareearths import catalogue, figures
from rareearths.figures import receipt
from rareearths.figures.alt import LONGEST, describe
from rareearths.figures.table import FOLDED_ROWS
from rareearths.reports import page, receipts
from rareearths.reports.facts import visible
from rareearths.reports.prose import SOURCES_MIME

HOSTILE = "</script><script>alert('1')</script>\"><img src=x onerror=alert(2)> =cmd()"
FACTS = {
    "change": None,
    "id": "one",
    "title": "Title",
    "headline": "Headline",
    "date": "2026-11-24",
    "notebook": "one.ipynb",
    "schedule": "monthly",
    "parameters": {"importer": "JPN", "materials": ["rare_earths", "cobalt"]},
}


def read(csv: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(csv))


def output_of(data: pd.DataFrame, title: str = "A table", kind: str = "table"):
    found = receipt.receipt(data, kind=kind, title=title)
    return new_output(
        "display_data",
        {"text/html": "<p>shown</p>", "text/csv": receipt.to_csv(data)},
        metadata={"rareearths": {"role": kind, "receipt": found}},
    )


def notebook_of(*outputs) -> nbformat.NotebookNode:
    return new_notebook(
        cells=[new_code_cell("x", id=f"c{i}", outputs=[o]) for i, o in enumerate(outputs)]
    )


@pytest.fixture
def shown(monkeypatch):
    """What is displayed: a list of (data, metadata)."""
    found = []
    monkeypatch.setattr(
        "IPython.display.display", lambda data, raw, metadata: found.append((data, metadata))
    )
    return found


# Data as CSV


@given(st.lists(st.floats(allow_nan=False), min_size=1), st.integers(-(2**53), 2**53))
def test_numbers_come_back_from_csv_as_they_were(floats, whole):
    data = pd.DataFrame({"share": floats, "n": whole})
    back = read(receipt.to_csv(data))
    assert back["share"].astype(float).tolist() == floats
    assert (back["n"] == whole).all()


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r")), min_size=1))
def test_text_comes_back_from_csv_and_no_cell_is_a_formula(texts):
    data = pd.DataFrame({"a": texts, "b": 1})
    csv = receipt.to_csv(data)
    back = pd.read_csv(io.StringIO(csv), keep_default_na=False, dtype=str)["a"].tolist()
    for text, cell in zip(texts, back, strict=True):
        assert cell in (text, f"'{text}")
        assert not cell.startswith(("=", "@", "\t", "\n"))


@pytest.mark.parametrize(
    "text", ["=cmd()", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\uff1dcmd()", "-", "=1"]
)
def test_a_formula_is_made_text(text):
    csv = receipt.to_csv(pd.DataFrame({text: [text]}))
    rows = csv.replace('"', "").rstrip("\n")
    assert rows.startswith(f"'{text}")
    assert rows.endswith(f"'{text}")


def test_numbers_that_are_text_have_the_hyphen_of_machines():
    rows = pd.DataFrame({"effect": ["−31.0", "−3%", "−2.0 (−5.0 to 0.0)"]})
    assert receipt.to_csv(rows).splitlines() == ["effect", "-31.0", "-3%", "−2.0 (−5.0 to 0.0)"]


@pytest.mark.parametrize("text", ["-0.5", "+3.1", "12", "-3%", "a=b", "China"])
def test_what_is_no_formula_stays(text):
    assert receipt.to_csv(pd.DataFrame({"a": [text]})) == f"a\n{text}\n"


def test_missing_is_empty_and_lists_of_pages_are_text():
    data = pd.DataFrame(
        {
            "who": ["A", None],
            "share": [np.nan, -0.1],
            "count": pd.array([1, None], "Int64"),
            "pages": [[("Page, one", "https://a.example"), ("b", "https://b.example")], []],
        }
    )
    lines = receipt.to_csv(data).splitlines()
    assert lines[1] == 'A,,1,"Page, one <https://a.example>; b <https://b.example>"'
    assert lines[2] == ",-0.1,,"
    assert receipt.to_csv(data) == receipt.to_csv(data.copy())


# Description


def test_a_series_is_described_by_its_ends_and_extremes():
    data = pd.DataFrame({"year": [2010, 2011, 2012], "share_value": [0.9, np.nan, 0.4]})
    assert describe("A line.", data) == (
        "A line. 3 rows, year 2010 to 2012. "
        "Share of value: first 90.0%, last 40.0%, lowest 40.0% (2012), highest 90.0% (2010)."
    )


def test_the_order_of_time_counts_not_that_of_the_rows():
    data = pd.DataFrame({"year": [2012, 2010], "quantity_t": [5.0, 70.0]})
    assert "year 2010 to 2012. Tonnes: first 70, last 5" in describe("A line.", data)


def test_rows_that_share_a_year_have_no_first_and_no_last():
    data = pd.DataFrame(
        {"year": [2023, 2023, 2024], "exporter": ["CHN", "EST", "CHN"], "value_usd": [2e6, 5e5, -9]}
    )
    said = describe("Bars.", data)
    assert "first" not in said
    assert "Value: lowest minus $9 (China, 2024), highest $2.0 million (China, 2023)." in said


def test_layers_are_described_one_after_the_other():
    lines = pd.DataFrame({"year": [2010, 2024], "share_value": [0.25, 0.75]})
    dots = pd.DataFrame({"period": ["2010", "2024"], "share": [0.3, 0.7]})
    data = figures.layers(computed=lines, published=dots)
    assert data["year"].dtype == "Int64"
    said = describe("Lines and dots.", data)
    assert "Computed: 2 rows, year 2010 to 2024. Share of value: first 25.0%" in said
    assert "Published: 2 rows, period 2010 to 2024. Share: first 30.0%" in said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([], "0 rows."),
        ([math.nan], "1 row."),
        ([math.inf, 3.0], "2 rows, x 3."),
        ([1e-17, -1e-17], "2 rows, x 1e-17 to −1e-17."),
    ],
)
def test_what_no_number_says_is_passed_over(values, said):
    text = describe("A line.", pd.DataFrame({"x": values}, dtype=float))
    assert text.startswith(f"A line. {said}")
    assert "nan" not in text


columns = st.sampled_from(["year", "share_value", "value_usd", "low", "who", "date", "count"])


@given(
    st.dictionaries(columns, st.sampled_from(["number", "text"]), min_size=1),
    st.integers(0, 5),
    st.data(),
)
def test_a_description_is_short_and_never_says_nan(kinds, rows, data):
    numbers = st.one_of(st.just(math.nan), st.floats(-1e12, 1e12))
    values = {"number": numbers, "text": st.one_of(st.none(), st.text("ab -_\n", max_size=90))}
    table = pd.DataFrame(
        {
            name: pd.Series(
                data.draw(st.lists(values[kind], min_size=rows, max_size=rows)),
                dtype=float if kind == "number" else object,
            )
            for name, kind in kinds.items()
        }
    )
    said = describe("What is drawn.", table)
    assert said.startswith("What is drawn. ")
    assert len(said) <= LONGEST
    assert not re.search(r"\b(nan|NaN|None|NaT|inf)\b", said)


# What is shown


def test_a_figure_carries_its_receipt_and_its_data(shown):
    catalogue.load("blocs")
    axes = figures.canvas()
    axes.plot([1, 2])
    data = pd.DataFrame({"year": [2023, 2024], "share": [0.123456789012345, None]})
    for _ in range(2):
        figures.show(
            axes, title="{x}", subtitle="s", source="s", alt="A line: {x}", data=data, x=HOSTILE
        )
    (output, metadata), again = shown
    assert (output, metadata) == again, "the same twice"
    found = metadata["rareearths"]["receipt"]
    assert metadata["rareearths"]["role"] == found["kind"] == "figure"
    assert found["title"] == HOSTILE
    assert found["alt"].startswith(f"A line: {HOSTILE} 2 rows, year 2023 to 2024.")
    assert (found["columns"], found["rows"]) == (["year", "share"], 2)
    assert {"name": "blocs", "sha256": catalogue.table("blocs").sha256} in [
        {k: t[k] for k in ("name", "sha256")} for t in found["tables"]
    ]
    assert output["text/csv"] == "year,share\n2023,0.123456789012345\n2024,\n"
    assert "<script" not in output["text/html"]
    assert "<img src=x" not in output["text/html"]
    json.dumps(metadata, allow_nan=False)


def test_a_figure_without_data_is_refused():
    with pytest.raises(TypeError, match="data"):
        figures.show(figures.canvas(), title="t", subtitle="s", source="s", alt="a")


def test_a_table_carries_all_digits_and_the_addresses_of_its_links(shown):
    data = pd.DataFrame(
        {
            "name": [HOSTILE],
            "share": [2 / 3],
            "covers": ["A page"],
            "source_url": ["https://a.example"],
        }
    )
    figures.show_table(data, ["share", "covers"], "Of {x}", search="Search", x=HOSTILE)
    ((output, metadata),) = shown
    found = metadata["rareearths"]["receipt"]
    assert (found["kind"], found["title"], found["alt"]) == ("table", f"Of {HOSTILE}", "")
    assert found["columns"] == ["share", "covers", "source_url"]
    assert output["text/csv"].splitlines()[1] == "0.6666666666666666,A page,https://a.example"
    assert "66.7%" in output["text/html"]


def test_a_long_figure_shows_its_first_rows_and_carries_all(shown):
    data = pd.DataFrame({"year": range(2000), "n": 1.5})
    figures.show(figures.canvas(), title="t", subtitle="s", source="s", alt="a", data=data)
    ((output, metadata),) = shown
    assert output["text/html"].count("<tr>") == 1 + FOLDED_ROWS
    assert f"the first {FOLDED_ROWS} of 2,000 rows; the CSV has all" in output["text/html"]
    assert metadata["rareearths"]["receipt"]["rows"] == 2000
    assert len(read(output["text/csv"])) == 2000


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="not one of figure, table"):
        receipt.receipt(pd.DataFrame({"a": [1]}), kind="picture", title="t")


# Receipts of a notebook, and on its page


def test_receipts_are_numbered_and_hashed():
    first, second = pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [2], "b": ["=1"]})
    text = new_output("display_data", {"text/markdown": "Said."})
    found = receipts.collect(notebook_of(output_of(first), text, output_of(second, kind="figure")))
    assert [(r["n"], r["cell"], r["kind"]) for r in found] == [
        (1, "c0", "table"),
        (2, "c2", "figure"),
    ]
    # sha256 of "a\n1\n"
    assert found[0]["csv_sha256"] == (
        "309b0e45a73d3fc5325e2b6ed0a01ef8b9cde6b05a5633c1f893f970d52bfddc"
    )
    assert found[0]["csv_sha256"] != found[1]["csv_sha256"]


def test_a_receipt_without_data_is_an_error():
    output = output_of(pd.DataFrame({"a": [1]}))
    del output.data["text/csv"]
    with pytest.raises(ValueError, match="cell c0"):
        receipts.collect(notebook_of(output))


def test_what_is_shown_without_a_receipt_is_named():
    bare = new_output("execute_result", {"text/html": "<table></table>", "text/plain": "a"})
    picture = new_output("display_data", {"image/png": ""})
    said = new_output("stream", name="stdout", text="printed")
    notebook = notebook_of(output_of(pd.DataFrame({"a": [1]})), bare, said, picture)
    assert receipts.without_receipt(notebook) == ["c1", "c3"]


def test_the_page_prints_each_receipt_folded_with_its_data():
    catalogue.load("blocs")
    data = pd.DataFrame({HOSTILE: [HOSTILE, "ü"], "n": [1, 2]})
    notebook = notebook_of(output_of(data, HOSTILE), output_of(data.head(1)))
    body = page.render(notebook, FACTS | {"parameters": {"note": HOSTILE, "years": [1, 2]}})
    assert body == page.render(notebook, FACTS | {"parameters": {"note": HOSTILE, "years": [1, 2]}})
    script = (page.TEMPLATES / "page.js").read_text(encoding="utf-8")
    assert body.count("<script") == body.count(f"<script>{script}</script>") == 1
    assert "<img" not in body
    assert body.count('<details class="receipt">') == 2
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'\">" in body
    assert "default-src 'none'; connect-src 'none'; " in body
    links = re.findall(r'<a download="([^"]+)" href="data:([^,]+),([^"]+)">([^<]+)</a>', body)
    assert [(name, said) for name, _, _, said in links] == [
        ("one-1.csv", "Data (CSV, 2 rows)"),
        ("one-2.csv", "Data (CSV, 1 row)"),
    ]
    assert {mime for _, mime, _, _ in links} == {"text/csv;charset=utf-8;base64"}
    assert base64.b64decode(links[0][2]).decode() == receipt.to_csv(data)
    sha = catalogue.table("blocs").sha256
    assert f"<code>blocs</code>, accessed <time>{catalogue.table('blocs').accessed}</time>" in body
    assert f"sha256 <code>{sha[:12]}</code>" in body
    assert "<code>years 1, 2</code>." in body
    assert "Notebook one.ipynb, no commit." in body


def test_the_page_names_the_commit():
    body = page.render(
        notebook_of(output_of(pd.DataFrame({"a": [1]}))), FACTS | {"commit": "abc<1>"}
    )
    assert "Notebook one.ipynb, commit abc&lt;1&gt;." in body


def test_the_data_can_be_downloaded_without_a_network(tmp_path):
    data = pd.DataFrame({"who": ["Türkiye", "=1"], "share": [1 / 3, None]})
    path = tmp_path / "one.html"
    path.write_text(page.render(notebook_of(output_of(data)), FACTS), encoding="utf-8")
    with chromium() as browser:
        opened = browser.new_context(offline=True, accept_downloads=True).new_page()
        messages = []
        opened.on("console", lambda m: messages.append(m.text))
        opened.goto(path.as_uri())
        link = opened.get_by_role("link", name="Data (CSV, 2 rows)")
        assert not link.is_visible()
        opened.get_by_text("Receipt").click()
        with opened.expect_download() as download:
            link.click()
        assert download.value.suggested_filename == "one-1.csv"
        assert download.value.path().read_bytes() == receipt.to_csv(data).encode()
        assert messages == []


@pytest.fixture(scope="module", params=["20_import_dependence", "60_diversification_levers"])
def executed(request, tmp_path_factory):
    return papermill.execute_notebook(
        ROOT / f"notebooks/{request.param}.ipynb",
        tmp_path_factory.mktemp("run") / "out.ipynb",
        cwd=ROOT / "notebooks",
        progress_bar=False,
    )


def test_every_figure_and_table_of_a_notebook_has_its_receipt(executed):
    found = receipts.collect(executed)
    outputs = [o for cell in executed.cells for o in cell.get("outputs", ())]
    (sources,) = (o.data[SOURCES_MIME] for o in outputs if SOURCES_MIME in o.get("data", {}))
    known = {(t["name"], t["sha256"], t["accessed"]) for t in sources}
    carrying = [o for o in outputs if "text/html" in o.get("data", {})]
    assert receipts.without_receipt(executed) == []
    assert len(found) == len(carrying) > 10
    for one, output in zip(found, carrying, strict=True):
        markup = output.data["text/html"]
        assert one["kind"] == ("figure" if markup.startswith("<figure>") else "table")
        data = pd.read_csv(io.StringIO(output.data["text/csv"]))
        assert (list(data), len(data)) == (one["columns"], one["rows"])
        assert len(data) > 0
        tables = {(t["name"], t["sha256"], t["accessed"]) for t in one["tables"]}
        assert tables
        assert tables <= known
        assert (one["kind"] == "table") == (one["alt"] == "")
        assert len(one["alt"]) <= LONGEST
        assert not re.search(r"\bnan\b", one["alt"], re.IGNORECASE)


def test_a_heading_with_nothing_under_it_is_left_out():
    full = new_code_cell("", outputs=[new_output("display_data", {"text/markdown": "It rose."})])
    cells = [
        new_markdown_cell("## Empty"),
        new_code_cell("if False: pass"),
        new_markdown_cell("## Full"),
        full,
        new_markdown_cell("## Told\n\nA sentence."),
        new_markdown_cell("## Last"),
    ]
    shown = visible(new_notebook(cells=cells)).cells
    assert [cell.source for cell in shown] == ["## Full", "", "## Told\n\nA sentence."]


def test_the_page_of_a_notebook_prints_the_receipts_and_stays_small(executed):
    shown = visible(executed)
    body = page.render(shown, FACTS)
    found = receipts.collect(shown)
    assert body.count('<details class="receipt">') == len(found)
    assert re.findall(r'download="one-(\d+)\.csv"', body) == [str(r["n"]) for r in found]
    assert len(body.encode()) < 2_000_000
