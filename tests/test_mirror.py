"""The mirror band: bounds against brute force, statements side by side, the bundled numbers."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from rareearths import assumptions, build, catalogue, mirror, trade, translation, words
from rareearths.figures import canvas, plot_band
from rareearths.mirror import bounds

given_many = settings(max_examples=150, deadline=None)
amount = st.one_of(st.just(0.0), st.floats(1e-3, 1e6))
intervals = st.lists(st.tuples(amount, amount).map(sorted), min_size=1, max_size=7)


def boxed(pairs) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.array(pairs, dtype="float64").T
    assume(high.sum() > 0)
    return low, high


def corners(low, high) -> list[np.ndarray]:
    ends = itertools.product(*zip(low, high, strict=True))
    return [np.array(corner) for corner in ends if sum(corner) > 0]


# Shares.


@given_many
@example([[0.0, 0.001], [0.03125, 524288.0]])  # a small supplier beside a large one
@given(intervals)
def test_bounds_of_shares_are_those_of_the_corners(pairs):
    low, high = boxed(pairs)
    least, largest = mirror.share_bounds(low, high)
    shares = np.array([corner / corner.sum() for corner in corners(low, high)])
    assert np.allclose(least, shares.min(axis=0), rtol=1e-9, atol=1e-15)
    assert np.allclose(largest, shares.max(axis=0), rtol=1e-9, atol=1e-15)


@given_many
@given(intervals, st.randoms(use_true_random=False))
def test_no_amounts_in_the_box_leave_the_bounds(pairs, random):
    low, high = boxed(pairs)
    amounts = np.array([random.uniform(a, b) for a, b in pairs])
    assume(amounts.sum() > 0)
    least, largest = mirror.share_bounds(low, high)
    shares = amounts / amounts.sum()
    assert (least <= shares + 1e-12).all()
    assert (shares <= largest + 1e-12).all()
    found = bounds.hhi(amounts)
    assert mirror.least_hhi(low, high) <= found * (1 + 1e-9)
    assert found <= mirror.largest_hhi(low, high) * (1 + 1e-9)


def test_the_share_of_a_lone_supplier_is_one_and_of_none_is_missing():
    least, largest = mirror.share_bounds(np.zeros(2), np.array([0.0, 5.0]))
    assert (least.tolist(), largest.tolist()) == ([0.0, 1.0], [0.0, 1.0])
    assert np.isnan(mirror.share_bounds(np.zeros(2), np.zeros(2))).all()


@pytest.mark.parametrize(
    ("low", "high"), [([-1.0], [1.0]), ([2.0], [1.0]), ([math.nan], [1.0]), ([1.0], [math.inf])]
)
def test_wrong_ends_are_refused(low, high):
    for bound in (mirror.share_bounds, mirror.least_hhi, mirror.largest_hhi):
        with pytest.raises(ValueError, match="ends of amounts"):
            bound(low, high)


# Concentration.


@given_many
@given(intervals)
def test_the_largest_hhi_is_that_of_the_best_corner(pairs):
    low, high = boxed(pairs)
    best = max(bounds.hhi(corner) for corner in corners(low, high))
    assert mirror.largest_hhi(low, high) == pytest.approx(best, rel=1e-8)


@given_many
@given(intervals)
def test_the_least_hhi_is_reached_at_a_level_and_no_corner_is_lower(pairs):
    low, high = boxed(pairs)
    least = mirror.least_hhi(low, high)
    ends = np.unique([0.0, *low, *high])
    levels = np.concatenate([np.linspace(a, b, 50)[1:] for a, b in itertools.pairwise(ends)])
    clamped = [np.clip(level, low, high) for level in levels]
    assert least <= min(map(bounds.hhi, corners(low, high) + clamped)) + 1e-12
    assert least >= 1 / (high > 0).sum() - 1e-12


def test_exact_statements_leave_no_width():
    amounts = np.array([60.0, 30.0, 10.0])
    least, largest = mirror.share_bounds(amounts, amounts)
    assert (least == largest).all()
    assert mirror.least_hhi(amounts, amounts) == pytest.approx(0.46)
    assert mirror.largest_hhi(amounts, amounts) == pytest.approx(0.46)


def test_intervals_with_a_common_point_can_be_equal_shares():
    assert mirror.least_hhi([40, 30, 35], [60, 50, 45]) == pytest.approx(1 / 3)


def test_the_worked_example_of_the_method():
    low, high = np.array([100, 40 / 1.06]), np.array([120, 40 / 1.06])
    low[1], high[1] = 30, 40 / 1.06
    least, largest = mirror.share_bounds(low, high)
    assert (round(least[0], 3), round(largest[0], 3)) == (0.726, 0.8)
    assert round(mirror.least_hhi(low, high), 3) == 0.602
    assert round(mirror.largest_hhi(low, high), 3) == 0.68
    assert round(mirror.log_gap(106, 120, 0.06), 2) == -0.18


def test_equal_middles_are_searched_not_guessed():
    """Where every interval has the middle 1, no order of suppliers tells the best corner."""
    reach = np.array([0.9, 0.7, 0.55, 0.5, 0.35, 0.2])
    best = max(bounds.hhi(corner) for corner in corners(1 - reach, 1 + reach))
    assert mirror.largest_hhi(1 - reach, 1 + reach) == pytest.approx(best, rel=1e-9)


def test_many_equal_intervals_end_in_an_upper_bound(monkeypatch):
    monkeypatch.setattr(bounds, "MOST_BOXES", 50)
    low, high = np.ones(30), np.full(30, 3.0)
    best = max(bounds.hhi(np.repeat([3.0, 1.0], [k, 30 - k])) for k in range(31))
    assert best <= mirror.largest_hhi(low, high) <= best * 1.01


# Statements side by side.

COLUMNS = ["year", "product", "exporter", "value_usd"]


def table(*rows, **more) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS).assign(**more)


def stated(imports=(), exports=(), flows=(), margin=0.06, complete=False) -> pd.DataFrame:
    rows = mirror.side_by_side(
        table(*imports, complete=complete), table(*exports), table(*flows), margin
    )
    return rows.set_index("exporter")


def test_each_pair_of_statements_gives_its_interval():
    rows = stated(
        imports=[(2020, "1", "AAA", 106), (2020, "1", "BBB", 106), (2020, "1", "CCC", 106)],
        exports=[(2020, "1", "AAA", 120), (2020, "1", "DDD", 50)],
        flows=[(2020, "1", "AAA", 500), (2020, "1", "BBB", 90), (2020, "1", "DDD", 60),
               (2020, "1", "EEE", 7)],
    )  # fmt: skip
    found = rows[["low_usd", "high_usd", "sides", "compared"]].T.to_dict("list")
    assert found == {
        "AAA": [100, 120, "both sides", True],  # BACI is not asked
        "BBB": [90, 100, "importer, CEPII BACI", True],
        "CCC": [100, 100, "importer", False],
        "DDD": [50, 60, "exporter, CEPII BACI", True],
        "EEE": [7, 7, "CEPII BACI", False],
    }
    assert rows.at["AAA", "gap"] == pytest.approx(mirror.log_gap(106, 120, 0.06))
    assert rows.at["BBB", "gap_baci"] == pytest.approx(math.log(100 / 90))
    assert rows["gap"].notna().sum() == 1


def test_a_complete_report_states_zero_for_whom_it_does_not_name():
    flows = [(2020, "1", "BBB", 30), (2020, "2", "BBB", 5)]
    rows = stated([(2020, "1", "AAA", 106)], (), flows, complete=True).loc["BBB"]
    rows = rows.set_index("product")
    assert rows.loc["1", ["low_usd", "high_usd", "sides"]].tolist() == [
        0, 30, "importer, CEPII BACI",
    ]  # fmt: skip
    assert rows.loc["2", ["low_usd", "high_usd", "sides"]].tolist() == [5, 5, "CEPII BACI"]
    assert rows["gap_baci"].isna().all()
    incomplete = stated([(2020, "1", "AAA", 106)], (), flows).loc["BBB"]
    assert (incomplete["sides"] == "CEPII BACI").all()


def test_years_without_a_report_are_left_out():
    rows = stated([(2020, "1", "AAA", 106)], (), [(2019, "1", "AAA", 5), (2020, "2", "BBB", 5)])
    assert rows["year"].unique().tolist() == [2020]
    assert set(rows.index) == {"AAA", "BBB"}
    assert stated(flows=[(2019, "1", "AAA", 5)]).empty


def test_the_band_of_two_sides():
    rows = stated(
        [(2020, "1", "AAA", 106), (2020, "1", "BBB", 40)],
        [(2020, "1", "AAA", 120), (2020, "1", "BBB", 30)],
        [(2020, "1", "AAA", 110), (2020, "1", "BBB", 30), (2020, "1", "CCC", 0)],
    )
    (year,) = mirror.mirror_band(rows.reset_index(), "AAA").to_dict("records")
    assert year["share_low"] == pytest.approx(100 / (100 + 40 / 1.06))
    assert year["share_high"] == pytest.approx(0.8)
    assert year["share_baci"] == pytest.approx(110 / 140)
    assert year["hhi_high"] == pytest.approx(0.68)
    assert (year["leader"], year["both_sides"], year["stated_twice"]) == ("AAA", 1.0, 1.0)
    other = mirror.mirror_band(rows.reset_index(), "ZZZ").iloc[0]
    assert (other["share_low"], other["share_high"]) == (0, 0)
    both = mirror.share_band(rows.reset_index())
    assert both["exporter"].tolist() == ["AAA", "BBB", "CCC"]
    assert both["share_high"].iloc[:2].to_list() == pytest.approx(
        [0.8, 40 / 1.06 / (100 + 40 / 1.06)]
    )


def test_without_a_second_statement_there_is_no_band():
    rows = stated([(2020, "1", "AAA", 106)]).reset_index()
    assert mirror.mirror_band(rows, "AAA").empty
    assert mirror.numbers(mirror.mirror_band(rows, "AAA")) == {}


def test_nobody_leads_where_intervals_overlap():
    rows = stated([(2020, "1", "AAA", 106), (2020, "1", "BBB", 95)], [(2020, "1", "AAA", 80)])
    assert mirror.mirror_band(rows.reset_index(), "AAA")["leader"].isna().all()


# The bundled data.


@pytest.fixture(scope="module")
def usa() -> pd.DataFrame:
    return mirror.load("USA", "rare_earths", (1995, trade.year_range()[1]))


def test_the_margin_is_a_row_with_a_source():
    row = assumptions.load("mirror").loc["freight_margin"]
    assert mirror.freight_margin() == (0.0, 0.06, 0.1)
    assert row["kind"] == "published"
    assert row["source_url"].startswith("https://")


def test_the_band_of_the_united_states(usa):
    band = mirror.mirror_band(usa, "CHN").set_index("year")
    assert band.index.tolist() == list(range(2018, 2025))  # 2025 is stated once
    newest = band.loc[2024].drop("leader").astype("float64").round(3)
    assert newest[["share_low", "share_baci", "share_high"]].to_list() == [0.661, 0.676, 0.699]
    assert newest[["hhi_low", "hhi_high"]].to_list() == [0.458, 0.506]
    assert (band["leader"] == "CHN").all()
    assert band.at[2024, "stated_twice"] == 1
    for measure in ("share", "hhi"):
        assert (band[f"{measure}_low"] <= band[f"{measure}_baci"]).all()
        assert (band[f"{measure}_baci"] <= band[f"{measure}_high"]).all()


def test_baci_is_that_of_the_trade_table(usa):
    shares = trade.dependence(trade.load_flows("USA", products="rare_earths"), "CHN")
    band = mirror.mirror_band(usa, "CHN").set_index("year")
    assert np.allclose(band["share_baci"], shares.loc[band.index, "share_value"])


def test_a_higher_margin_widens_the_band_of_2024():
    bands = mirror.by_margin("USA", "rare_earths", "CHN", 2024)
    assert bands["margin"].tolist() == [0.0, 0.06, 0.1]
    assert (bands["share_high"] - bands["share_low"]).is_monotonic_increasing


def test_the_largest_flows_have_no_empty_column(usa):
    rows = mirror.largest_flows(usa, 2024)
    assert "exporter_usd" not in rows
    assert rows.iloc[0][["product", "name"]].tolist() == ["284690", "China"]
    assert len(rows) == 12


def test_with_exports_both_sides_stand_side_by_side(data):
    """Invented exports in the place of those that the bundle may not hold."""
    exports = table((2025, "284690", "CHN", 90_000_000), importer="USA", quantity_t=1.0)
    exports = exports[catalogue.load("reported_exports").columns]
    exports.to_csv(data / "trade/reported_exports.csv", index=False)
    build.seal(["reported_exports"])
    rows = mirror.load("USA", "rare_earths", (1995, trade.year_range()[1]))
    one = rows[(rows["year"] == 2025) & (rows["sides"] == mirror.BOTH)].iloc[0]
    assert one["exporter_usd"] == 90_000_000
    assert one["gap"] == pytest.approx(math.log(105_505_469 / 90_000_000 / 1.06))
    assert mirror.mirror_band(rows, "CHN")["year"].max() == 2025


@pytest.mark.parametrize(("importer", "material"), [("JPN", "rare_earths"), ("USA", "cobalt")])
def test_elsewhere_there_is_no_band(importer, material):
    rows = mirror.load(importer, material)
    assert rows.empty
    assert mirror.mirror_band(rows, "CHN").empty


def test_chinas_monthly_report_beside_baci():
    rows = mirror.monthly_exports_to("VNM", "CHN", "rare_earths").set_index("year")
    assert rows.index.tolist() == list(range(2017, 2025))
    assert rows.at[2024, "gap"] == 0  # BACI has no report of Viet Nam
    assert rows.at[2018, "gap"] == pytest.approx(-0.277, abs=1e-3)
    assert mirror.monthly_exports_to("FRA", "CHN", "rare_earths").empty
    assert mirror.monthly_exports_to("JPN", "USA", "rare_earths").empty
    assert mirror.monthly_exports_to("JPN", "CHN", "cobalt").empty


def test_the_chart_shows_band_threshold_and_labels(usa):
    band = mirror.mirror_band(usa, "CHN")
    axes = plot_band(canvas(), band, "hhi")
    low, high = axes.get_ylim()
    assert low < 0.4 < high
    assert low <= band["hhi_low"].min() <= band["hhi_high"].max() <= high
    assert [text.get_text() for text in axes.texts] == ["highest 0.51", "BACI 0.48", "lowest 0.46"]
    labels = [text.get_text() for text in plot_band(canvas(), band, "share").texts]
    assert labels == ["highest 70%", "BACI 68%", "lowest 66%"]
    one = plot_band(canvas(), band.tail(1), "share")
    assert len(one.texts) == 3


@pytest.mark.parametrize("template", [mirror.BACI_ALONE, mirror.BOTH_AT_HAND])
def test_what_a_reader_has_to_know_is_said_in_japanese(template):
    """The second holds only after a refresh, so that no rendered page of the bundle says it."""
    numbers = {"band_year": 2024, "band_stated_twice": 1.0, "band_both_sides": 0.5}
    translation.speak("ja")
    try:
        translation.said(words.fill(template, **numbers))
        assert translation.missed() == []
    finally:
        translation.speak("en")
