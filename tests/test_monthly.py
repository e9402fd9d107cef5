"""Shares by month: from the rows of a refresh, and nothing without them."""

import pandas as pd
import pytest

from rareearths import build, catalogue, figures, monthly, reports, translation
from rareearths.brief import ages, charts
from rareearths.brief.window import window
from rareearths.reports import prose

COLUMNS = ["month", "importer", "schedule", "code", "product", "exporter", "value", "currency",
           "valuation", "quantity_kg", "provisional", "source"]  # fmt: skip
CENSUS = "US Census Bureau, International Trade API, imports/hs"
# Invented: two codes of compounds in one month, one month without China, one with a correction.
ROWS = [
    ("2026-01", "USA", "HTS", "2846901000", "284690", "CHN", 60.0, False),
    ("2026-01", "USA", "HTS", "2846902000", "284690", "CHN", 15.0, False),
    ("2026-01", "USA", "HTS", "2846902000", "284690", "JPN", 25.0, False),
    ("2026-02", "USA", "HTS", "2846902000", "284690", "JPN", 40.0, False),
    ("2026-03", "USA", "HTS", "2846902000", "284690", "CHN", -5.0, True),
    ("2026-03", "USA", "HTS", "2846902000", "284690", "JPN", 10.0, True),
    ("2026-05", "USA", "HTS", "2805300000", "280530", "CHN", 10.0, True),
    ("2026-05", "USA", "HTS", "2846902000", "284690", "MYS", 30.0, True),
    ("2026-01", "USA", "HTS", "8505110000", "850511", "CHN", 999.0, False),
    ("2026-01", "DEU", "CN", "28469040", "284690", "CHN", 999.0, False),
]


@pytest.fixture
def months(data):
    """A data folder whose ``monthly_imports`` has rows."""
    rows = [
        (
            *row[:7],
            "USD",
            "customs",
            None,
            row[7],
            "US Census Bureau, International Trade API, imports/hs",
        )
        for row in ROWS
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    build.write(table, data / catalogue.table("monthly_imports").path)
    build.seal(["monthly_imports"])
    return data


def test_without_a_refresh_there_is_no_month():
    found = monthly.shares("USA", "CHN", "rare_earths")
    assert found.empty
    assert list(found.columns) == [
        "month", "share_value", "value", "currency", "provisional", "source",
    ]  # fmt: skip


def test_a_share_is_of_all_codes_of_the_material_by_month(months):
    found = monthly.shares("USA", "CHN", "rare_earths").set_index("month")
    assert [str(month) for month in found.index] == ["2026-01", "2026-02", "2026-03", "2026-05"]
    assert found["share_value"].iloc[[0, 1, 3]].tolist() == [0.75, 0.0, 0.25]
    assert pd.isna(found["share_value"].iloc[2])  # a correction leaves less than nothing
    assert found["value"].tolist() == [100.0, 40.0, 5.0, 40.0]
    assert found["provisional"].tolist() == [False, False, True, True]


def test_a_code_alone_and_another_importer(months):
    assert monthly.shares("USA", "CHN", "280530")["share_value"].tolist() == [1.0]
    assert monthly.shares("DEU", "CHN", "rare_earths")["share_value"].tolist() == [1.0]
    assert monthly.shares("JPN", "CHN", "rare_earths").empty


def test_a_month_without_a_figure_breaks_the_line_and_young_months_are_hollow(months):
    axes = figures.canvas()
    figures.plot_monthly_share(axes, monthly.shares("USA", "CHN", "rare_earths"))
    line, firm, young = axes.lines
    heights = pd.Series(line.get_ydata())
    assert heights.isna().tolist() == [False, False, True, True, False]
    assert (len(firm.get_xdata()), young.get_xdata().tolist()[-1]) == (2, line.get_xdata()[-1])
    assert firm.get_markerfacecolor() != young.get_markerfacecolor()


@pytest.mark.parametrize(
    ("day", "month", "share"), [("2026-06-01", "05", "25%"), ("2026-02-20", "02", "0%")]
)
def test_the_brief_shows_them_up_to_its_day(months, monkeypatch, day, month, share):
    shown = []
    monkeypatch.setattr(figures, "show", lambda axes, **texts: shown.append(texts))
    facts = {"importer": "the United States", "exporter": "China", "goods": "rare earths"}
    span = window(day, 31)
    assert charts.show_standing("USA", "CHN", "rare_earths", span, 1, **facts, source="") == 1
    (texts,) = shown
    assert texts["month"] == f"2026-{month}"
    assert f"{texts['share']:.0%}" == share


def test_the_texts_have_a_japanese_form():
    for text in (
        "2026-05: China has 25% of the value by customs' months",
        "Share in imports of rare earths by Japan, by month; hollow dots: may be revised",
        "A dot a month. In 2026-05 it is 25%.",
        f"Source: {CENSUS}, months to 2026-05",
        "Source: Eurostat, Comext, DS-045409, months to 2026-05",
        "Source: Japan Ministry of Finance, trade statistics, by e-Stat, table 0004049326, "
        "months to 2026-05",
    ):
        assert translation.lacking(text, "ja") == [], text


def test_a_table_without_rows_is_recorded_as_read_but_is_no_source(monkeypatch):
    monthly.shares("USA", "CHN", "rare_earths")
    shown = {}
    monkeypatch.setattr(prose, "_display", lambda data, _: shown.update(data))
    reports.sources()
    assert "monthly_imports" in [entry["name"] for entry in shown[prose.SOURCES_MIME]]
    assert "data/trade/monthly_imports.csv" not in shown["text/markdown"]
    assert "data/reference/products.csv" in shown["text/markdown"]


def test_a_table_without_rows_is_no_series():
    day = pd.Timestamp("2026-11-30")
    assert ages.ages(["monthly_imports", "baci_minerals"], day)["name"].tolist() == [
        "baci_minerals"
    ]


def test_it_is_a_series_once_it_has_rows(months):
    row = ages.ages(["monthly_imports"], pd.Timestamp("2026-09-02")).iloc[0]
    assert (row["last_period"], row["age_days"], row["is_stale"]) == ("2026-05", 94, False)
