"""Data quality: limits, known answers of the bundled data, properties, empty selections."""

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rareearths import catalogue, figures, mirror, quality, trade
from rareearths.catalogue import UnknownCode

given_many = settings(max_examples=60)


def one(**tests) -> pd.DataFrame:
    row = {
        "coverage": 1.0,
        "published_difference": math.nan,
        "reported_ratio": math.nan,
    }
    return pd.DataFrame([row | tests])


def grade(**tests) -> str:
    return quality.MARKS[int(quality._grades(one(**tests)).max(axis=1).iloc[0])]


def as_flows(rows) -> pd.DataFrame:
    columns = ["year", "exporter", "product", "value_usd", "quantity_t"]
    return pd.DataFrame(rows, columns=columns).assign(importer="USA", source="made by a test")


# Limits of the rule.


def test_full_coverage_and_nothing_to_compare_is_a():
    assert grade() == "A"


def test_no_weight_at_all_is_c():
    assert grade(coverage=0.0) == "C"


@pytest.mark.parametrize(
    ("tests", "mark"),
    [
        ({"coverage": 0.95}, "A"),
        ({"coverage": 0.9499}, "B"),
        ({"coverage": 0.80}, "B"),
        ({"coverage": 0.7999}, "C"),
        ({"published_difference": -0.05}, "A"),
        ({"published_difference": 0.0501}, "B"),
        ({"published_difference": -0.10}, "B"),
        ({"published_difference": 0.1001}, "C"),
        ({"reported_ratio": 1.25}, "A"),
        ({"reported_ratio": 0.8}, "A"),
        ({"reported_ratio": 1.26}, "B"),
        ({"reported_ratio": 0.5}, "B"),
        ({"reported_ratio": 2.01}, "C"),
        ({"reported_ratio": 0.49}, "C"),
    ],
)
def test_the_thresholds_belong_to_the_better_mark(tests, mark):
    assert grade(**tests) == mark


shares_of_one = st.floats(0, 1)


@given_many
@given(shares_of_one, st.floats(-1, 1), st.floats(0.01, 100), shares_of_one)
def test_the_worst_test_decides_and_more_weights_never_lower_the_mark(
    coverage, difference, ratio, more
):
    tests = {"published_difference": difference, "reported_ratio": ratio}
    mark = grade(coverage=coverage, **tests)
    alone = [grade(coverage=coverage)] + [grade(**{name: value}) for name, value in tests.items()]
    assert mark == max(alone)
    assert grade(coverage=max(coverage, more), **tests) <= mark
    assert grade(coverage=coverage, **tests | {"reported_ratio": 1 / ratio}) == mark


# Known answers.


@pytest.fixture(scope="module")
def marks_of_the_us():
    return quality.quality_marks("USA", "rare_earths").set_index(["product", "year"])


@pytest.mark.parametrize(("year", "ratio"), [(2022, 2.2), (2023, 2.9)])
def test_us_metals_far_from_the_report_are_not_a(marks_of_the_us, year, ratio):
    row = marks_of_the_us.loc[("280530", year)]
    assert round(row["reported_ratio"], 1) == ratio
    assert row["mark"] == "C"
    assert f"{ratio} times" in row["reason"]
    assert marks_of_the_us.at[("280530", 2024), "mark"] == "A"
    assert marks_of_the_us.at[("284690", year), "mark"] == "A"


def test_without_weights_every_year_is_c(marks_of_the_us):
    for year in range(1995, 2000):
        assert marks_of_the_us.at[("284690", year), "coverage"] == 0
        assert marks_of_the_us.at[("284690", year), "mark"] == "C"


def test_japan_2020_is_far_from_the_published_share_and_2009_2018_2024_are_not():
    marks = quality.quality_marks("JPN", "rare_earths", (2000, 2024))
    by_year = marks[marks["product"] == "280530"].set_index("year")
    found = by_year.loc[[2009, 2018, 2020, 2024], "published_difference"]
    assert found.round(3).tolist() == [0.013, 0.008, 0.107, 0.039]
    assert by_year.loc[[2009, 2018, 2020, 2024], "mark"].tolist() == ["A", "A", "C", "A"]
    assert set(marks.loc[marks["year"] == 2020, "mark"]) == {"C"}


def test_a_known_break_caps_the_mark():
    germanium = quality.quality_marks("JPN", "germanium").set_index("year")
    assert set(germanium.loc[germanium.index >= 2007, "mark"]) <= {"C"}
    assert pd.isna(germanium.at[2006, "known_break"])
    belgium = quality.quality_marks("BEL", "cobalt", (1995, 2002))
    inside = belgium["year"] <= 1998
    assert belgium.loc[inside, "known_break"].str.contains("predecessor").all()
    assert "A" not in set(belgium.loc[inside, "mark"])
    assert belgium.loc[~inside, "known_break"].isna().all()


def test_the_breaks_named_in_known_breaks_are_in_the_data():
    germanium = trade.load_flows(products="germanium").groupby("year")["value_usd"].sum() / 1e6
    assert germanium.loc[[2006, 2007]].round().tolist() == [81, 5]
    uranium = trade.load_flows(products="261210").groupby("year")["quantity_t"].sum() / 1e3
    assert uranium.loc[[2007, 2008, 2009, 2010]].round().tolist() == [495, 14, 192, 18]
    breaks = catalogue.load("known_breaks")
    none = breaks.loc[breaks["break_id"].str.startswith("no_weights_"), "product"]
    flows = trade.load_flows(
        products=[code for code in none if code != "711039"], years=(1995, 1999)
    )
    assert flows["quantity_t"].isna().all()


def test_the_reported_value_moves_the_share_of_the_us():
    flows = trade.load_flows("USA", products="rare_earths")
    effects = quality.reported_effect(flows, "USA", "CHN").set_index("year")
    assert effects["effect"].idxmax() == 2023
    assert effects.loc[[2022, 2023], "effect"].round(3).tolist() == [0.017, 0.027]
    by_code = quality.reported_by_code(flows, "USA", "CHN").set_index(["product", "year"])
    row = by_code.loc[("280530", 2022)]
    total = row["baci_usd"] / row["share_baci"]
    change = row["reported_usd"] - row["baci_usd"]
    expected = row["reported_usd"] / (total + change)
    assert row["share_if_reported"] == pytest.approx(expected, rel=1e-12)


def test_the_largest_revision_is_australia_2024():
    revised = quality.revisions("rare_earths")
    first = revised.iloc[0]
    assert (first["place"], first["year"]) == ("Australia", 2024)
    assert (first["before_t"], first["after_t"]) == (13_000, 29_000)
    assert len(revised) == 14
    assert revised["change_t"].abs().is_monotonic_decreasing
    assert (revised["before_t"] != revised["after_t"]).all()
    assert quality.revisions("cobalt").empty


def test_only_one_flow_is_stated_by_both_sides_alike():
    rows = mirror.evidence()
    decided = rows[rows["gap"].notna() & (rows["other"] != "BACI")]
    (row,) = decided.to_dict("records")
    assert (row["stated_t"], row["other_t"]) == (16_000, 23_310 - 1278 - 634 - 4080)
    assert row["gap"] == pytest.approx(math.log(17_318 / 16_000))
    assert rows.loc[rows["gap"].isna(), "why"].str.startswith("Cannot be decided").all()


def test_china_against_baci_has_whole_years_and_no_gap_for_magnets():
    rows = mirror.china_exports_against_baci()
    assert set(rows["year"]) == set(range(2017, 2025))
    by_group = rows.set_index(["product_group", "year"])
    assert rows.loc[rows["product_group"] == "magnets", "gap"].isna().all()
    assert by_group["gap"].abs().idxmax() == ("compounds", 2018)
    assert by_group.at[("metals", 2024), "gap"] == pytest.approx(0.1405, abs=1e-4)


def test_the_headline_of_japan_by_each_caution():
    flows = trade.load_flows("JPN", products="rare_earths")
    effects = quality.caution_effects(flows, "JPN", "CHN", "rare_earths", 2024)
    assert effects["share_if"].between(0, 1).all()
    found = quality.share_range(effects)
    assert round(found["low"], 3) == 0.378
    assert round(found["high"], 3) == 0.719
    assert found["tonnes_range"] == "66.1% to 71.9%"
    assert found["value_range"] == "37.8%"
    assert found["by_measure"] > found["by_source"]
    published = effects[effects["caution"].str.startswith("Published")]
    assert published["effect_pp"].tolist() == [5.77, 3.87, 4.87]


# The mirror gap.


def test_the_mirror_gap_of_agreeing_sides_is_zero():
    assert mirror.log_gap(100, 100) == 0
    assert mirror.log_gap(106, 100, mirror.freight_margin().value) == pytest.approx(0)


@given_many
@given(st.floats(1e-3, 1e9), st.floats(1e-3, 1e9))
def test_the_mirror_gap_changes_sign_with_the_sides(one_side, other_side):
    gap = mirror.log_gap(one_side, other_side)
    assert gap == pytest.approx(-mirror.log_gap(other_side, one_side), abs=1e-12)


@pytest.mark.parametrize("pair", [(0, 1), (1, 0), (-1, 1)])
def test_the_mirror_gap_of_nothing_is_refused(pair):
    with pytest.raises(ValueError, match="positive"):
        mirror.log_gap(*pair)


# Every importer; empty and wrong selections.


def test_the_figures_name_the_goods_of_each_code():
    marks = quality.quality_marks("JPN", "rare_earths", (2020, 2024))
    goods = [trade.product_in_text(code) for code in sorted(marks["product"].unique())]
    assert "Cerium compounds (HS 284610)" in goods
    said = quality.marks_in_words(marks[marks["year"] == 2024])
    assert said == f"Mark A in 2024: {'; '.join(goods)}."
    first = marks[marks["year"] == 2024].assign(mark=["C", "A", "C"])
    said = quality.marks_in_words(first)
    assert said == (f"Mark A in 2024: {goods[1]}. Mark C in 2024: {goods[0]}; {goods[2]}.")
    for plot in (figures.plot_marks, figures.plot_coverage):
        assert [text.get_text() for text in plot(figures.canvas(2), marks).texts] == goods


def test_every_importer_has_marks_in_the_latest_year():
    year = trade.year_range()[1]
    importers = trade.load_flows(products="rare_earths", years=year)["importer"].unique()
    for importer in sorted(importers)[::4]:
        marks = quality.quality_marks(importer, "rare_earths", year)
        assert len(marks)
        assert set(marks["mark"]) <= set(quality.MARKS)
        assert marks["reason"].str.len().gt(0).all()
        assert marks["coverage"].between(0, 1).all()


def test_an_empty_selection_has_no_marks():
    marks = quality.quality_marks("AIA", "germanium", 2024)
    full = quality.quality_marks("JPN", "germanium", 2006)
    assert marks.empty
    assert list(marks.columns) == list(full.columns)
    assert quality.mark_counts(marks) == {"n_A": 0, "n_B": 0, "n_C": 0, "n_all": 0, "n_compared": 0}


def test_wrong_input_is_refused():
    with pytest.raises(UnknownCode, match="JPN"):
        quality.quality_marks("JPM", "rare_earths")
    with pytest.raises(UnknownCode, match="rare_earths"):
        quality.quality_marks("JPN", "rare_earth")
    with pytest.raises(UnknownCode, match="CHN"):
        quality.quality_marks("JPN", "rare_earths", exporter="CHM")
    with pytest.raises(ValueError, match="out of range"):
        quality.quality_marks("JPN", "rare_earths", 2030)


def test_nothing_to_compare_gives_empty_tables_and_the_computed_share():
    flows = trade.load_flows("CHE", products="cobalt", years=2024)
    shares = trade.dependence(flows, "COD")
    assert quality.published_differences(shares, "CHE", "COD", "cobalt").empty
    assert quality.reported_effect(flows, "CHE", "COD").empty
    effects = quality.caution_effects(flows, "CHE", "COD", "cobalt", 2024)
    assert effects["share_if"].iloc[0] == shares.at[2024, "share_value"]


def test_marks_are_added_to_a_table():
    flows = trade.load_flows("USA", products="rare_earths", years=2022)
    table = trade.product_table(flows, "CHN", 2022)
    marked = quality.add_marks(table, "USA", "rare_earths", 2022)
    assert len(marked) == len(table)
    assert marked.set_index("product")["mark"].to_dict() == {
        "280530": "C",
        "284610": "A",
        "284690": "A",
    }


def test_a_worked_example():
    """docs/methods/data_quality.md: coverage, difference and ratio all give B."""
    flows = as_flows(
        [
            (2001, "CHN", "280530", 60, 1.0),
            (2001, "JPN", "280530", 30, 1.0),
            (2001, "VNM", "280530", 10, math.nan),
        ]
    )
    assert quality.coverage_by_product(flows)["coverage"].tolist() == [0.9]
    assert grade(coverage=0.9, published_difference=0.07, reported_ratio=1.5) == "B"


# Years that are not to be relied on.


def test_germanium_after_2006_is_not_used():
    flows = trade.load_flows("JPN", products="germanium")
    left_out = quality.unusable(flows, "JPN", "germanium")
    assert left_out["year"].min() == 2007
    assert left_out["description"].str.contains("HS 2007 moved germanium").all()
    kept = quality.reliable(flows, "JPN", "germanium")
    assert kept["year"].max() == 2006
    assert len(kept) == (flows["year"] <= 2006).sum()


def test_flows_without_a_break_are_all_kept():
    flows = trade.load_flows("JPN", products="rare_earths")
    assert quality.unusable(flows, "JPN", "rare_earths").empty
    pd.testing.assert_frame_equal(quality.reliable(flows, "JPN", "rare_earths"), flows)
    empty = trade.load_flows("TUV", products="tellurium")
    assert quality.reliable(empty, "TUV", "tellurium").empty
