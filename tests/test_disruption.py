"""A supply stop: mass balance, limits, monotonicity; losses; third countries; the bundled data."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ROOT
from rareearths import assumptions, catalogue, disruption, figures
from rareearths.assumptions import Range
from rareearths.disruption import cascade, losses, outcomes, precedents, stop_answers
from rareearths.disruption.cascade import Network

CLOSE = {"rel": 1e-9, "abs": 1e-9}
part = st.floats(0, 1)
length = st.integers(1, disruption.LONGEST)
days = st.floats(0, 400)
elasticity = st.floats(0.05, 5)


# The path of a stop


@given(part, part, length, days, st.floats(0.1, 1))
def test_the_mass_balance_closes(share, stopped, months, stock, demand):
    table = disruption.path(share, stopped, months, stock, demand)
    assert len(table) == months
    sides = table["arriving"] + table["drawn"] + table["short"]
    assert np.allclose(sides, table["need"], rtol=0, atol=1e-9)
    opening = stock / disruption.DAYS_A_MONTH
    assert opening - table["drawn"].sum() == pytest.approx(table["stock"].iloc[-1], **CLOSE)
    assert (table[["arriving", "drawn", "short", "stock"]] >= -1e-9).all(axis=None)


@given(part, length, days)
def test_without_a_stop_nothing_changes(share, months, stock):
    table = disruption.path(share, 0.0, months, stock)
    assert (table["arriving"] == 1).all()
    assert (table[["drawn", "short"]] == 0).all(axis=None)
    assert disruption.cover_months(stock, share, 0.0) == math.inf
    assert disruption.price_factor(0.0, 0.3) == 1
    assert losses.ces_loss(0.01, 0.0, 0.3) == losses.second_order_loss(0.01, 0.0, 0.3) == 0


def test_a_full_stop_of_the_only_supplier_and_no_stock_leave_nothing():
    table = disruption.path(1.0, 1.0, 6, 0)
    assert (table["short"] == 1).all()
    assert table[["arriving", "drawn"]].to_numpy().sum() == 0
    assert disruption.cover_months(0, 1.0, 1.0) == 0
    assert disruption.price_factor(1.0, 0.3) == math.inf


@given(part, part, length, days, days)
def test_more_stock_never_shortens_cover_nor_adds_to_the_shortfall(share, stopped, months, a, b):
    less, more = sorted((a, b))
    covers = [disruption.cover_months(stock, share, stopped) for stock in (less, more)]
    short = [disruption.short_months(share, stopped, months, stock) for stock in (less, more)]
    assert covers[0] <= covers[1]
    assert short[1] <= short[0] + 1e-9


@given(part, part, length, length, days)
def test_a_longer_stop_never_lowers_shortfall_or_loss(share, stopped, a, b, stock):
    stops = [outcomes.Stop(share, stopped, months, stock, 0.3, 0.001) for months in sorted((a, b))]
    assert stops[0].short <= stops[1].short + 1e-9
    assert stops[0].loss <= stops[1].loss + 1e-9


@given(part, part, part, days, length)
def test_a_larger_share_never_lengthens_cover(a, b, stopped, stock, months):
    small, large = sorted((a, b))
    assert disruption.cover_months(stock, large, stopped) <= disruption.cover_months(
        stock, small, stopped
    )
    short = [disruption.short_months(share, stopped, months, stock) for share in (small, large)]
    assert short[0] <= short[1] + 1e-9


@given(part, part, length, days, st.floats(0.1, 1))
def test_saving_never_shortens_cover(share, stopped, months, stock, demand):
    assert disruption.cover_months(stock, share, stopped, demand) >= disruption.cover_months(
        stock, share, stopped
    )
    assert (
        disruption.short_months(share, stopped, months, stock, demand)
        <= disruption.short_months(share, stopped, months, stock) + 1e-9
    )


def test_cover_and_shortfall_of_a_worked_example():
    """73 days are 2.4 months of use; at half missing they last 4.8; 12 months lack 3.6."""
    assert disruption.cover_months(73, 0.5, 1.0) == pytest.approx(4.8)
    assert disruption.short_months(0.5, 1.0, 12, 73) == pytest.approx(0.5 * 12 - 2.4)


@given(st.floats(0, 0.95), elasticity)
def test_price_and_demand_are_inverse(cut, e):
    price = disruption.price_factor(cut, e)
    assert disruption.demand_after(price, e) == pytest.approx(1 - cut, rel=1e-6)
    assert price >= 1


@given(st.floats(0.01, 0.95), elasticity)
def test_an_implied_elasticity_is_the_one_that_made_the_pair(cut, e):
    price = disruption.price_factor(cut, e)
    assert disruption.implied_elasticity(cut, price) == pytest.approx(e, rel=1e-6)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"stopped": 1.2}, "stopped is a share from 0 to 1"),
        ({"stopped": -0.1}, "stopped is a share from 0 to 1"),
        ({"months": 0}, "whole number from 1 to 36"),
        ({"months": 37}, "whole number from 1 to 36"),
        ({"start": "soon"}, "is not a date"),
        ({"importer": "CHN"}, "same economy"),
        ({"importer": "JPX"}, "unknown economy 'JPX'.*closest"),
        ({"material": "rare_earth"}, "unknown material 'rare_earth'.*closest"),
    ],
)
def test_a_wrong_stop_is_refused(changed, message):
    given_stop = {"importer": "JPN", "exporter": "CHN", "material": "rare_earths",
                  "stopped": 1.0, "months": 12, "start": "2027-01"}  # fmt: skip
    with pytest.raises(ValueError, match=message):
        disruption.check_stop(**given_stop | changed)


@pytest.mark.parametrize("ends", [[], [0.3], [0.7, 0.2], [0, 0.5], [-1, 1], [0.1, 0.2, 0.3]])
def test_wrong_ends_of_the_elasticity_are_refused(ends):
    with pytest.raises(ValueError, match="two ends above 0"):
        disruption.check_elasticity(ends)


def test_a_negative_stock_is_refused_and_the_range_holds_the_stock():
    with pytest.raises(ValueError, match="0 or more"):
        disruption.check_stock(-1)
    assert disruption.check_stock(10).low == 10
    assert disruption.check_stock(400).high == 400


# Losses


@given(part, part)
def test_ces_limits(cost_share, cut):
    """s -> 0 is Leontief, s -> 1 Cobb-Douglas; and the limits are approached from both sides."""
    if cost_share > 0:
        assert losses.ces_loss(cost_share, cut, 0) == cut
    douglas = 1 - (1 - cut) ** cost_share
    assert losses.ces_loss(cost_share, cut, 1) == pytest.approx(douglas, **CLOSE)
    if cut < 0.99:
        for near in (1 - 1e-6, 1 + 1e-6):
            assert losses.ces_loss(cost_share, cut, near) == pytest.approx(douglas, abs=1e-4)


@pytest.mark.parametrize(("share", "cut", "s"), [(0.5, 0.5, 0.5), (0.2, 0.3, 2.0), (0.1, 0.4, 0.6)])
def test_ces_against_the_formula_written_out(share, cut, s):
    power = (s - 1) / s
    direct = 1 - ((1 - share) + share * (1 - cut) ** power) ** (1 / power)
    assert losses.ces_loss(share, cut, s) == pytest.approx(direct, rel=1e-12)


def test_ces_approaches_leontief():
    assert losses.ces_loss(0.3, 0.4, 0.001) == pytest.approx(0.4, abs=2e-3)


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999), elasticity, elasticity)
def test_a_better_substitute_never_raises_the_loss(share, cut, a, b):
    hard, easy = sorted((a, b))
    assert losses.ces_loss(share, cut, easy) <= losses.ces_loss(share, cut, hard) + 1e-9


@given(st.floats(0.01, 0.99), st.floats(0.2, 3))
def test_the_second_order_is_right_to_the_second_order(share, s):
    """Halving a small shock divides the gap to the CES by about eight: the error is third order."""
    gaps = [
        abs(losses.ces_loss(share, cut, s) - losses.second_order_loss(share, cut, s))
        for cut in (1 - math.exp(-0.02), 1 - math.exp(-0.01))
    ]
    assert gaps[1] <= gaps[0] / 6 + 1e-12


def test_the_second_order_equals_hulten_for_cobb_douglas_and_fails_far_out():
    assert losses.second_order_loss(0.3, 0.6, 1) == pytest.approx(losses.hulten_loss(0.3, 0.6))
    assert losses.second_order_loss(0.3, 0.99, 3) < 0 < losses.ces_loss(0.3, 0.99, 3)
    assert losses.second_order_loss(1e-4, 0.66, 0.1) < losses.ces_loss(1e-4, 0.66, 0.1) / 10


@given(st.floats(0.01, 0.9), st.floats(0.15, 3))
def test_loss_per_dollar_is_the_limit_of_a_small_share(cut, s):
    tiny = 1e-9
    exact = losses.loss_per_dollar(cut, s)
    if exact * tiny < 1e-4:
        assert losses.ces_loss(tiny, cut, s) / tiny == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize(("cut", "agree"), [(0.3, 1.2), (0.7, 2.0), (0.95, 4.0)])
def test_losses_per_dollar_are_told_only_where_the_models_agree(cut, agree):
    assumed = Range(0.1, 0.3, 1.0)
    found = losses.held(assumed, agree, cut, None)

    def ratio(s):
        return losses.loss_per_dollar(cut, s) / (losses.second_order_loss(1e-9, cut, s) / 1e-9)

    assert ratio(found.low) <= agree * (1 + 1e-6)
    assert found.low == assumed.low or ratio(found.low - 0.01) > agree
    assert found.low <= found.value <= found.high == 1.0
    assert losses.held(assumed, agree, cut, Range(1e-4, 1e-4, 1e-4)) == assumed
    assert losses.held(assumed, agree, 1.0, None).low == 1.0


def test_months_of_loss_are_twelfths_of_a_year():
    short = pd.Series([0.0, 0.5, 0.5])
    one = losses.ces_loss(0.01, 0.5, 0.3)
    assert losses.over_months(losses.ces_loss, 0.01, short, 0.3) == pytest.approx(2 * one / 12)


@pytest.mark.parametrize("wrong", [(1.1, 0.5, 0.5), (0.5, -0.1, 0.5), (0.5, 0.5, -1)])
def test_losses_refuse_what_is_no_share(wrong):
    with pytest.raises(ValueError, match=r"shares in \[0, 1\]|0 or more"):
        losses.ces_loss(*wrong)


def test_japans_output_follows_from_the_printed_losses():
    printed = catalogue.load("scenario_assumptions").set_index("id")["value"]
    year = "gdp-loss-jpn-2026-{}-rare-earth-exports-from-china-to-japan-restricted-one-year"
    yen = printed[year.format("loss")] / -printed[year.format("gdp")]
    quarter = "gdp-loss-jpn-2026-loss-rare-earth-exports-from-china-to-japan-restricted-3-months"
    rows = assumptions.load("disruption")["value"]
    assert rows["gdp_jpn"] == pytest.approx(yen, abs=0.1)
    assert rows["jpy_per_usd"] == pytest.approx(printed[quarter] / 4.21, abs=0.1)
    assert losses.gdp_usd("JPN").value == pytest.approx(yen * 1e12 / (660 / 4.21), rel=1e-3)
    assert losses.gdp_usd("USA") is None


# Third countries


def made(flows: dict, own: dict) -> Network:
    codes = sorted({code for pair in flows for code in pair} | set(own))
    table = pd.DataFrame(0.0, index=codes, columns=codes)
    for (exporter, importer), amount in flows.items():
        table.loc[exporter, importer] = amount
    return Network(table, pd.Series(own, dtype=float).reindex(codes).fillna(0.0))


CHAIN = made({("S", "A"): 6, ("S", "B"): 2, ("A", "B"): 3, ("C", "B"): 5}, {"A": 4, "C": 5})


def test_a_chain_by_hand():
    """A gets 6 of its 10 from S, so loses 60 %; B loses 2/10 at once and 3/10 of 60 % through A."""
    lost = cascade.lost_share(CHAIN, "S", 1.0)
    assert lost["A"] == pytest.approx(0.6)
    assert lost["B"] == pytest.approx(0.2 + 0.3 * 0.6)
    assert lost["C"] == 0
    alone = cascade.lost_share(CHAIN, "S", 1.0, only="B")
    assert alone["B"] == pytest.approx(0.2)
    assert alone["A"] == alone["S"] == 0
    (way,) = cascade.carriers(CHAIN, lost, "B", "S").to_dict("records")
    assert way["exporter"] == "A"
    assert way["passed_on"] == pytest.approx(0.18)


def test_a_loop_that_the_supplier_does_not_reach_loses_nothing():
    net = made({("S", "A"): 1, ("X", "Y"): 5, ("Y", "X"): 5}, {})
    lost = cascade.lost_share(net, "S", 1.0)
    assert lost["X"] == lost["Y"] == 0
    assert lost["A"] == 1


@st.composite
def networks(draw):
    n = draw(st.integers(2, 6))
    amounts = st.floats(0, 100)
    codes = [f"E{i}" for i in range(n)]
    table = pd.DataFrame(
        [[0.0 if i == j else draw(amounts) for j in range(n)] for i in range(n)], codes, codes
    )
    extra = pd.Series([draw(amounts) for _ in range(n)], codes)
    balance = (table.sum(axis=1) - table.sum()).clip(lower=0)
    return Network(table, balance + extra + 1)


@settings(max_examples=40)
@given(networks(), part, st.booleans())
def test_rationing_conserves_and_stays_between_nothing_and_the_stop(net, stopped, alone):
    only = "E1" if alone else None
    lost = cascade.lost_share(net, "E0", stopped, only)
    assert lost.between(-1e-9, stopped + 1e-9).all()
    rounds = cascade.lost_share_by_rounds(net, "E0", stopped, only)
    assert np.allclose(lost, rounds, atol=1e-9)
    withheld = net.flows.loc["E0"] * stopped
    withheld = withheld["E1"] if alone else withheld.sum()
    others = net.flows.index.drop("E0")
    back = (net.flows.loc[others, "E0"] * lost[others]).sum()
    missing = cascade.balance(net, lost, "E0")
    assert missing["not_used"].sum() + back == pytest.approx(withheld, **CLOSE)
    assert (missing >= -1e-7).all(axis=None)


@settings(max_examples=40)
@given(networks(), part)
def test_a_stop_for_all_is_never_milder_than_one_for_a_single_importer(net, stopped):
    everyone = cascade.lost_share(net, "E0", stopped)
    alone = cascade.lost_share(net, "E0", stopped, only="E1")
    assert (everyone >= alone - 1e-9).all()
    assert alone["E1"] >= net.shares.at["E0", "E1"] * stopped - 1e-9


@pytest.fixture(scope="module")
def nets():
    return cascade.cases("rare_earths", 2024)


def test_the_real_networks_conserve(nets):
    for net in nets.values():
        lost = cascade.lost_share(net, "CHN", 1.0)
        missing = cascade.balance(net, lost, "CHN")
        back = (net.flows["CHN"] * lost).drop("CHN").sum()
        shipped = net.flows.loc["CHN"].sum()
        assert missing["not_used"].sum() + back == pytest.approx(shipped, rel=1e-9)
        assert np.allclose(lost, cascade.lost_share_by_rounds(net, "CHN", 1.0), atol=1e-9)
        assert (net.supply - net.flows.sum(axis=1) >= -1e-6).all(), "nobody ships what it has not"


def test_mines_by_value_are_refused():
    with pytest.raises(ValueError, match="in tonnes, not in value"):
        cascade.network("rare_earths", 2024, "value", mines=True)


def test_the_first_round_for_japan_is_its_import_share(nets):
    rounds = cascade.effects(nets, "JPN", "CHN", 1.0).set_index("case")
    assert rounds.at["tonnes", "first_round"] == pytest.approx(0.6613, abs=1e-4)
    assert rounds.at["value", "first_round"] == pytest.approx(0.3777, abs=1e-4)
    assert (rounds["stop_for_all"] > rounds["first_round"]).all()
    half = cascade.effects(nets, "JPN", "CHN", 0.5).set_index("case")
    assert half.at["tonnes", "stop_for_all"] == pytest.approx(
        rounds.at["tonnes", "stop_for_all"] / 2
    )
    ways = cascade.carriers(nets["tonnes"], cascade.lost_share(nets["tonnes"], "CHN", 1.0),
                            "JPN", "CHN")  # fmt: skip
    assert ways["passed_on"].sum() == pytest.approx(rounds.at["tonnes", "through_others"])


# The bundled data


def test_the_share_of_japan_runs_from_value_over_tonnes_to_what_is_published():
    exposed = disruption.exposure("JPN", "CHN", "rare_earths")
    assert exposed.year == 2024
    assert exposed.share == pytest.approx((0.37774, 0.66128, 0.719), abs=1e-5)
    assert exposed.rows["source_url"].str.startswith("http").sum() == 3


def test_ends_of_the_ranges_are_ends():
    share, stock = Range(0.4, 0.6, 0.7), Range(42, 60, 180)
    for span in (
        disruption.cover_range(stock, share, 1.0),
        disruption.short_range(stock, share, 1.0, 12),
        disruption.price_range(Range(0.15, 0.3, 0.7), share),
    ):
        assert span.low <= span.value <= span.high
    middle = outcomes.Stop(0.6, 1.0, 12, 60, 0.3, 1e-4)
    loss = outcomes.loss_range(middle, share, stock, Range(0.1, 0.3, 1), Range(9e-5, 1e-4, 2e-4))
    assert loss.low <= loss.value <= loss.high


def test_the_observed_pairs_are_the_printed_figures():
    pairs = precedents.observed_pairs().set_index("number")
    assert pairs.at["1", "elasticity"] == pytest.approx(math.log(1 / 0.628) / math.log(2.042))
    assert pairs.at["2", "elasticity"] == pytest.approx(math.log(1 / 0.686) / math.log(10))
    assert pairs.at["4", "price"] == pytest.approx(850 / 280)


def test_the_stop_of_2010_in_tonnes():
    """2010: 23,310 t in the year, 8,238 in the last four months: 1,884 a month in the others."""
    found = precedents.japan_2010()
    assert found["base_t"] == pytest.approx((23310 - 2246 - 1278 - 634 - 4080) / 8)
    assert found["deepest"] == "November 2010"
    assert found["deepest_t"] == pytest.approx(3 * 1884 - 2246 - 1278 - 634)
    assert found["stock_days"].high == pytest.approx((2 * 1884 - 1278 - 634) / (28564 / 365))


def test_who_is_hit_first_has_the_largest_share():
    ranked = disruption.first_hit("CHN", "rare_earths", 2024, 1.0, 60)
    assert len(ranked) == 15
    assert "CHN" not in set(ranked["importer"])
    assert ranked["share_tonnes"].is_monotonic_decreasing
    row = ranked.set_index("importer").loc["JPN"]
    assert row["cover"] == pytest.approx(60 * 12 / 365 / 0.66128, rel=1e-4)
    assert row["cover_low"] <= row["cover"] <= row["cover_high"]


def test_end_uses_of_japan_add_to_no_more_than_the_whole():
    uses = precedents.end_uses("JPN", Range(0, 6, 7), 24000.0)
    japan = uses[uses["use_area"] == "Japan, 2011"]
    assert set(japan["end_use"]) == {"auto exhaust catalysts", "high-power magnets"}
    assert (japan["use_part"] == "20% to 22%").all()
    assert uses["source_url"].str.startswith("http").all()


def test_tariff_elasticities_are_not_taken_for_demand():
    rows = assumptions.load("disruption")
    assert rows.at["elasticity_demand", "high"] < 1
    assert rows.at["elasticity_demand", "kind"] == "judgement"
    source = (ROOT / "lib/rareearths/disruption/__init__.py").read_text(encoding="utf-8")
    assert "protee" not in source.lower()


def test_every_case_of_the_sensitivity_keeps_its_base():
    middle = outcomes.Stop(0.66, 1.0, 12, 60, 0.3, 1.3e-4)
    table = outcomes.sensitivity(middle, Range(0.38, 0.66, 0.72), Range(42, 60, 180),
                                 Range(0.1, 0.3, 1), Range(0.15, 0.32, 0.7))  # fmt: skip
    base = table.iloc[0]
    assert base["short_low"] == base["short_high"] == middle.short
    none = table[table["changed"] == outcomes.NO_STOCK].iloc[0]
    assert none["short_low"] == pytest.approx(12 * 0.66)
    assert outcomes.widest(table)["changed"] == "Days in stock"
    assert "substitution" in stop_answers.loss_title(table)
    others = outcomes.sensitivity(middle, Range(0.38, 0.66, 0.72), Range(42, 60, 180),
                                  Range(0.1, 0.3, 1), Range(0.15, 0.32, 0.7),
                                  Range(0.5, 0.7, 0.8))  # fmt: skip
    row = others[others["changed"] == "Third countries pass it on"].iloc[0]
    assert row["short_high"] == pytest.approx(12 * 0.8 - 60 / disruption.DAYS_A_MONTH)


def test_a_cover_without_end_is_an_arrow_at_the_edge():
    table = pd.DataFrame(
        {"importer": ["JPN", "USA"], "place": ["Japan", "United States"], "cover": [3.0, math.inf],
         "cover_low": [2.0, 30.0], "cover_high": [5.0, math.inf]}
    )  # fmt: skip
    axes = figures.plot_cover(figures.canvas(), table, "JPN")
    ends = [float(x) for line in axes.get_lines() for x in line.get_xdata()]
    assert max(ends) == 24
    assert [line.get_marker() for line in axes.get_lines()].count(">") == 1
    assert [label.get_fontweight() for label in axes.get_yticklabels()] == ["bold", "normal"]
    assert len({label.get_color() for label in axes.get_yticklabels()}) == 2


def test_a_dot_does_not_hide_another():
    pairs = precedents.observed_pairs()
    axes = figures.plot_price(figures.canvas(), pairs, Range(0.15, 0.3, 0.7), Range(0.4, 0.6, 0.7))
    places = {(round(text.get_position()[0], 3), text.get_text()) for text in axes.texts}
    assert len({x for x, number in places if number in ("4", "5")}) == 2


def test_published_losses_beside_ours_are_of_rare_earths_alone():
    rows = losses.published("JPN")
    marks = losses.marks(rows, "JPN", 12)
    assert list(marks["loss"]) == [0.0043, 0.0088, 0.013]
    assert list(losses.marks(rows, "JPN", 3)["loss"]) == [0.0011]
    assert losses.marks(rows, "USA", 12).empty
    assert rows["source_url"].str.startswith("http").all()
    assert rows.iloc[0]["where"] == "Japan"
    assert {"USGS"} <= set(rows["publisher"])
