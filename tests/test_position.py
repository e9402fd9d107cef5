"""Position in a chain: limits, published examples, conservation, known figures by plain queries."""

import itertools
import math

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from conftest import ROOT
from rareearths import assumptions, stages
from rareearths.assumptions import Range
from rareearths.catalogue import UnknownCode
from rareearths.value_chain import (
    abroad,
    advantage,
    position,
    position_advice,
    position_tables,
    position_verdicts,
    upgrading,
    value_added,
)

YEARS = (2002, 2024)
money = st.floats(0, 1e9)


@pytest.fixture(scope="module")
def flows():
    return position.load_flows("rare_earths", YEARS)


def made(rows) -> pd.DataFrame:
    """Flows made by a test, of one year."""
    columns = ["exporter", "importer", "stage", "value_usd", "quantity_t"]
    return pd.DataFrame(rows, columns=columns).assign(year=2020, product="x", source="a test")


# balance


@given(money, money)
def test_the_normalised_balance_lies_between_its_limits_and_turns_its_sign(sold, bought):
    there, back = (
        position.normalised_balance(sold, bought),
        position.normalised_balance(bought, sold),
    )
    if sold + bought == 0:
        assert math.isnan(there)
    else:
        assert -1 <= there <= 1
        assert there == pytest.approx(-back, abs=1e-12)


def test_the_balances_of_the_world_sum_to_zero(flows):
    recent = flows[(flows["year"] == 2023) & (flows["stage"] != stages.MAGNETS)]
    part = recent[recent["stage"] == "metal"]
    codes = set(part["exporter"]) | set(part["importer"])
    total = sum(position.balance(part, code)["balance_usd"].sum() for code in codes)
    assert abs(total) <= 1e-9 * part["value_usd"].sum()


def test_the_balance_is_that_of_a_plain_query(flows):
    rows = pq.read_table(
        ROOT / "data/trade/baci_minerals.parquet",
        filters=[("year", "==", 2024), ("product", "==", "280530")],
    ).to_pandas()
    sold, bought = rows[rows["exporter"] == "JPN"], rows[rows["importer"] == "JPN"]
    table = position.balance(flows, "JPN").set_index(["stage", "year"]).loc[("metal", 2024)]
    x, m = sold["value_usd"].sum(), bought["value_usd"].sum()
    assert table["ntb"] == pytest.approx((x - m) / (x + m))
    ratio = (x / sold["quantity_t"].sum()) / (m / bought["quantity_t"].sum())
    assert table["unit_value_ratio"] == pytest.approx(ratio, rel=1e-9)


def test_what_is_not_listed_is_missing_and_never_zero(flows):
    germany = position.balance(flows, "DEU").query("stage == 'magnet'")
    assert germany["exports_usd"].isna().all()
    assert germany["ntb"].isna().all()
    assert (germany["imports_usd"] > 0).all()
    assert "magnet" not in set(position.balance(flows, "FRA")["stage"])
    assert position.both_ways("JPN", "magnet")
    assert not position.both_ways("CHN", "magnet")


def test_the_customers_of_the_economies_called_listed_reach_the_limit_of_every_year():
    """Japan's exports go down to the limit of each list, China's only to 20 million US$."""
    rows = pd.read_csv(ROOT / "data/trade/magnets.csv")
    four = position.importers_listed()
    outside = rows[~rows["importer"].isin(four)]
    least = outside.groupby("exporter")["value_usd"].min()
    assert least["JPN"] < stages.magnet_limit()
    assert least["CHN"] >= 2e7
    assert set(least.index) == {"JPN", "CHN"}


def test_small_flows_widen_the_balance_of_magnets_to_both_sides(flows):
    row = position.balance(flows, "JPN").query("stage == 'magnet' and year == 2023").iloc[0]
    low, high = position.ntb_bounds(row, position.below_limit("JPN", YEARS))
    assert low < row["ntb"] < high
    assert position.ntb_bounds(row, {"exports": (0, 0), "imports": (0, 0)}) == pytest.approx(
        (row["ntb"], row["ntb"])
    )


def test_the_share_below_the_limit_is_that_of_the_list_itself():
    rows = pd.read_csv(ROOT / "data/trade/magnets.csv").query("year == 2023 and exporter == 'JPN'")
    below = rows.loc[rows["value_usd"] < stages.magnet_limit(), "value_usd"].sum()
    share = below / rows["value_usd"].sum()
    assert position.below_limit("JPN", (2023, 2023))["exports"] == pytest.approx((share, share))
    assert position.below_limit("JPN", (2024, 2024))["exports"] == (0.0, 0.0)


# advantage


@given(st.lists(st.lists(st.floats(1, 1e6), min_size=3, max_size=3), min_size=2, max_size=6))
def test_the_weighted_mean_of_the_advantage_is_one(values):
    table = pd.DataFrame(values, columns=list("abc"))
    weights = table.sum(axis=1) / table.to_numpy().sum()
    means = advantage.revealed_advantage(table).mul(weights, axis=0).sum()
    assert np.allclose(means, 1, rtol=1e-9)


def test_equal_economies_have_no_advantage_and_a_lone_exporter_all_of_it():
    same = advantage.revealed_advantage(pd.DataFrame({"a": [2.0, 4.0], "b": [3.0, 6.0]}))
    assert np.allclose(same, 1)
    lone = advantage.revealed_advantage(pd.DataFrame({"a": [5.0, 0.0], "b": [0.0, 15.0]}))
    assert lone["a"].tolist() == [4.0, 0.0]


@given(st.floats(1e-6, 1e6))
def test_the_symmetric_advantage_turns_its_sign_with_the_inverse(rca):
    found = advantage.symmetric(rca)
    assert -1 <= found < 1
    assert found == pytest.approx(-advantage.symmetric(1 / rca), abs=1e-9)


def test_the_advantage_within_all_bundled_minerals_by_a_plain_query(flows):
    rows = pq.read_table(
        ROOT / "data/trade/baci_minerals.parquet", filters=[("year", "==", 2024)]
    ).to_pandas()
    metal, own = rows[rows["product"] == "280530"], rows[rows["exporter"] == "JPN"]
    expected = (
        metal.loc[metal["exporter"] == "JPN", "value_usd"].sum() / own["value_usd"].sum()
    ) / (metal["value_usd"].sum() / rows["value_usd"].sum())
    table = advantage.by_year(
        flows[flows["year"] == 2024],
        ["JPN"],
        goods=advantage.load_all_goods((2024, 2024)),
        material="rare_earths",
    ).set_index("stage")
    assert table.at["metal", "rca"] == pytest.approx(expected, rel=1e-9)
    assert "magnet" not in table.index, "the data have no world total of magnets"


# moving up or down


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=8, max_size=10, unique=True))
def test_the_rank_test_is_the_published_one(values):
    early, late = values[: len(values) // 2], values[len(values) // 2 :]
    expected = mannwhitneyu(early, late, alternative="two-sided", method="exact").pvalue
    assert upgrading.rank_p(early, late) == pytest.approx(expected, abs=1e-9)


def test_equal_years_are_no_move():
    assert upgrading.rank_p([1] * 5, [1] * 5) == 1


def signal_series(first: float, second: float, signals=tuple(upgrading.NAMES)) -> pd.DataFrame:
    steps = np.arange(5) / 100
    values = [*(first + steps), *(second + steps)]
    table = pd.DataFrame(dict.fromkeys(upgrading.NAMES, values), index=range(2010, 2020))
    table.loc[:, [name for name in upgrading.NAMES if name not in signals]] = np.nan
    return table


def test_the_verdict_follows_the_signals():
    up = upgrading.signals(signal_series(0.1, 0.5))
    assert upgrading.verdict(up) == upgrading.UP
    assert upgrading.verdict(upgrading.signals(signal_series(0.5, 0.1))) == upgrading.DOWN
    assert upgrading.verdict(upgrading.signals(signal_series(0.1, 0.1))) == upgrading.UNCLEAR
    assert upgrading.verdict(up.assign(direction=[1, -1, 0])) == upgrading.MIXED
    assert upgrading.verdict(up.assign(direction=[1, 0, 0])) == upgrading.UNCLEAR


def test_one_stage_or_few_years_have_no_verdict():
    without = upgrading.signals(signal_series(0.1, 0.5, ("last_ntb", "unit_value_ratio")))
    assert upgrading.verdict(without) == upgrading.NONE
    assert upgrading.verdict(upgrading.signals(signal_series(0.1, 0.5).iloc[:7])) == upgrading.NONE
    graphite = position.load_flows("graphite", YEARS)
    assert upgrading.series(graphite, "JPN")["last_share"].isna().all()


def test_japan_as_the_page_prints_it(flows):
    found = upgrading.signals(upgrading.series(flows, "JPN")).set_index("signal")
    rows = pd.read_csv(ROOT / "data/trade/magnets.csv")
    rows = rows[rows["value_usd"] >= stages.magnet_limit()]
    sold = rows[rows["exporter"] == "JPN"].groupby("year")["value_usd"].sum()
    bought = rows[rows["importer"] == "JPN"].groupby("year")["value_usd"].sum()
    ntb = (sold - bought) / (sold + bought)
    assert found.at["last_ntb", "early"] == pytest.approx(ntb.loc[2002:2006].mean())
    assert found.at["last_ntb", "late"] == pytest.approx(ntb.loc[2020:2024].mean())
    assert upgrading.verdict(found.reset_index()) == upgrading.DOWN


def test_a_stage_with_scrap_is_known():
    assert upgrading.mixed_stage("cobalt", "metal")
    assert not upgrading.mixed_stage("rare_earths", "metal")


# value by step


def parameters() -> tuple[dict, dict]:
    return assumptions.ranges(value_added.load_parameters()), value_added.oxide_prices(2024)


@settings(max_examples=30, deadline=None)
@given(st.floats(20, 200), st.floats(0, 0.05), st.floats(0, 0.02), st.floats(0, 20))
def test_the_steps_add_up_to_the_price(price, dysprosium, terbium, added):
    given_ = {"rare_earths": 0.3, "dysprosium": dysprosium, "terbium": terbium}
    given_ |= {"oxide_per_metal": 1.2, "material_use": 1.1, "metal_step": added}
    found = value_added.steps(given_, {"ndpr": 55, "dy": 260, "tb": 810}, price)
    assert sum(found.values()) == pytest.approx(price, abs=1e-9)
    dearer = value_added.steps(given_, {"ndpr": 56, "dy": 261, "tb": 811}, price)
    assert dearer["oxide"] > found["oxide"]
    assert dearer["magnet"] < found["magnet"]


def test_free_oxide_and_free_metal_leave_the_whole_price_to_the_magnet():
    given_ = dict.fromkeys(("rare_earths", "oxide_per_metal", "material_use"), 1.0)
    given_ |= {"dysprosium": 0.0, "terbium": 0.0, "metal_step": 0.0}
    found = value_added.steps(given_, {"ndpr": 0.0, "dy": 0.0, "tb": 0.0}, 40.0)
    assert found == {"oxide": 0.0, "metal": 0.0, "magnet": 40.0}


def test_the_shares_of_the_ladder_sum_to_one_and_without_ranges_there_is_none():
    ranges, prices = parameters()
    table = value_added.ladder(ranges, prices, Range(42, 55, 101), draws=300)
    assert table["share"].sum() == pytest.approx(1, abs=1e-9)
    assert (table["share_low"] < table["share_high"]).all()
    fixed = {name: Range(*[found.value] * 3) for name, found in ranges.items()}
    paid = {name: Range(*[found.value] * 3) for name, found in prices.items()}
    narrow = value_added.ladder(fixed, paid, Range(55, 55, 55), draws=10)
    assert narrow["share_low"].to_numpy() == pytest.approx(narrow["share_high"].to_numpy())
    by_hand = (0.29 * 55 + 0.01 * 260) * 1.25 * 1.1 / 55
    assert narrow["share"].iloc[0] == pytest.approx(by_hand)


def test_holding_an_input_at_its_ends_moves_the_oxide_the_way_it_should():
    ranges, prices = parameters()
    table = value_added.sensitivity(ranges, prices, Range(42, 55, 101)).set_index("input")
    rises = table.drop(index=["magnet_price", "metal_step"])
    assert (rises["share_at_high"] > rises["share_at_low"]).all()
    assert table.at["magnet_price", "share_at_high"] < table.at["magnet_price", "share_at_low"]
    assert table.at["metal_step", "effect"] == pytest.approx(0, abs=1e-12)


def test_the_prices_are_those_of_the_newest_edition():
    prices = value_added.oxide_prices(2024)
    assert prices["ndpr"] == (55, 55, 75)
    assert prices["dy"] == (260, 260, 330)
    with pytest.raises(
        ValueError, match="no average prices of the magnet oxides for 2024 and 2025"
    ):
        value_added.oxide_prices(2025)


def test_a_step_without_a_published_share_is_said_and_counts_as_nothing():
    table = pd.DataFrame({"step": list(value_added.STEPS), "share": [0.5, 0.1, 0.4]})
    shares = pd.DataFrame(
        {"step": list(value_added.STEPS), "least": [0.8, np.nan, 0.5], "most": [0.9, np.nan, 0.5]}
    )
    assert value_added.value_share(table, shares) == pytest.approx((0.6, 0.65, False))
    assert value_added.value_share(table, value_added.made_where("CHN"))[2]
    assert value_added.value_share(table, value_added.made_where("DEU")) == (0.0, 0.0, False)


# plants abroad


def test_the_worked_example_of_the_look_through():
    rows = made(
        [
            ("CHN", "JPN", "magnet", 40, np.nan),
            ("VNM", "JPN", "magnet", 60, np.nan),
            ("CHN", "VNM", "metal", 30, np.nan),
            ("JPN", "VNM", "metal", 10, np.nan),
            ("MYS", "VNM", "metal", 60, np.nan),
            ("CHN", "JPN", "metal", 50, np.nan),
            ("MYS", "JPN", "metal", 50, np.nan),
        ]
    )
    found = abroad.look_through(rows, "JPN", "CHN", 2020)
    assert found["direct"] == pytest.approx(0.4)
    assert found["low"] == pytest.approx(0.58)
    assert found["high"] == pytest.approx(0.61)
    assert found["direct"] + found["third"] == pytest.approx(1)


def test_a_host_without_known_inputs_may_hold_nothing_or_all_of_it():
    rows = made([("CHN", "JPN", "magnet", 40, 1.0), ("VNM", "JPN", "magnet", 60, 1.0)])
    found = abroad.look_through(rows, "JPN", "CHN", 2020)
    assert (found["low"], found["high"]) == (pytest.approx(0.4), pytest.approx(1))


@pytest.mark.parametrize("importer", ["JPN", "DEU", "KOR", "USA"])
def test_the_band_lies_between_its_bounds_in_every_year(flows, importer):
    table = abroad.by_year(flows[flows["year"] >= 2017], importer, "CHN")
    ends = [table["direct"], table["low"], table["high"], table["direct"] + table["third"]]
    for below, above in itertools.pairwise(ends):
        assert (below <= above + 1e-9).all()


def test_more_of_the_supplier_in_a_host_never_lowers_the_band():
    rows = [("CHN", "JPN", "magnet", 40, 1.0), ("VNM", "JPN", "magnet", 60, 1.0)]
    rows += [("CHN", "VNM", "metal", 30, 1.0), ("MYS", "VNM", "metal", 60, 1.0)]
    less = abroad.look_through(made(rows), "JPN", "CHN", 2020)
    more = abroad.look_through(made([*rows, ("CHN", "VNM", "metal", 100, 1.0)]), "JPN", "CHN", 2020)
    assert more["low"] > less["low"]
    assert more["high"] > less["high"]
    assert more["direct"] == less["direct"]


def test_the_customs_share_is_the_one_of_the_stages(flows):
    newest = stages.latest(stages.load_flows("JPN", "rare_earths"), "CHN").set_index("stage")
    found = abroad.look_through(flows, "JPN", "CHN", 2024)
    assert found["direct"] == pytest.approx(newest.at["magnet", "share_value"])
    assert abroad.share_by_tonnes(flows, "JPN", "CHN", 2024) == pytest.approx(
        newest.at["magnet", "share_tonnes"]
    )
    assert abroad.share_by_tonnes(flows, "JPN", "CHN", 2023) is None


def test_the_partners_of_japan_and_the_flows_without_them(flows):
    found = abroad.partners(flows, "JPN", "CHN", 2024)
    assert set(found["partners"]) == {"PHL", "VNM", "MYS", "THA"}
    left = abroad.without(flows, "JPN", found["partners"])
    gone = flows["value_usd"].sum() - left["value_usd"].sum()
    pairs = flows[flows["stage"] == "magnet"]
    pairs = pairs[
        ((pairs["exporter"] == "JPN") & pairs["importer"].isin(found["partners"]))
        | ((pairs["importer"] == "JPN") & pairs["exporter"].isin(found["partners"]))
    ]
    assert gone == pairs["value_usd"].sum()
    assert abroad.partners(flows, "DEU", "CHN", 2024) == {"partners": []}


# words


def test_the_balance_of_the_signals_is_a_mean_and_that_of_the_stages_one_of_sums(flows):
    row = upgrading.signals(upgrading.series(flows, "JPN")).set_index("signal").loc["last_ntb"]
    years = [int(year) for year in row["late_years"].split("–")]
    found = position.balance(flows, "JPN").query("stage == 'magnet'").set_index("year")
    found = found.loc[years[0] : years[1]]
    assert row["late"] == pytest.approx(found["ntb"].mean())
    standing = position.standing(flows, ["JPN"]).set_index("stage").loc["magnet", "value"]
    sums = found[["exports_usd", "imports_usd"]].sum()
    assert standing == pytest.approx((sums.iloc[0] - sums.iloc[1]) / sums.sum())
    assert f"{standing:.2f}" != f"{row['late']:.2f}"  # so that the page has to say why


def test_the_same_economy_twice_and_wrong_codes_are_named():
    assert position.economies("JPN", ["DEU", "JPN"], "CHN") == ["JPN", "DEU"]
    with pytest.raises(ValueError, match="the same economy, CHN"):
        position.economies("CHN", [], "CHN")
    with pytest.raises(UnknownCode, match="unknown economy 'JPX'"):
        position.economies("JPN", ["JPX"], "CHN")


def test_a_verdict_that_variants_do_not_share_is_hedged():
    found = upgrading.signals(signal_series(0.5, 0.1))
    shaky = position_verdicts.on_move(found, upgrading.DOWN, "metal", (5, 8))
    firm = position_verdicts.on_move(found, upgrading.DOWN, "metal", (8, 8))
    scrap = position_verdicts.on_move(found, upgrading.DOWN, "metal", (8, 8), mixed=True)
    assert "may be moving down" in shaky
    assert "is **moving down" in firm
    assert "may be moving down" in scrap


def test_the_answer_counts_the_variants_of_the_verdict_and_of_each_signal(flows):
    table = upgrading.series(flows, "JPN")
    found = upgrading.signals(table)
    rows = position_tables.variants(flows, "JPN", ["PHL", "VNM", "MYS", "THA"])
    votes = position_advice.signal_votes(rows, found)
    assert votes["unit_value_ratio"][1] == 8
    assert votes["last_ntb"][1] == votes["last_share"][1] == 7  # without magnets: another stage
    steady = position_advice.steadiness(rows, upgrading.DOWN)
    said = position_verdicts.on_move(found, upgrading.DOWN, "magnet", steady, tried=rows)
    assert upgrading.UP not in position_advice.votes(rows)
    assert "no sign of moving up" in said
    assert "none says the reverse" in said
    assert "Not moved beyond chance: the share of magnets in its exports." in said
    assert "The balance here is the mean of the single years" in said
    reverse = rows.assign(low_move=upgrading.UP)
    said = position_verdicts.on_move(found, upgrading.DOWN, "magnet", (2, 8), tried=reverse)
    assert "no sign" not in said
    assert "4 say the reverse" in said


def test_the_balance_is_said_as_its_range_allows():
    one = pd.DataFrame(
        {"stage": "metal", "value": [0.02], "low": [-0.1], "high": [0.2], "years": "2020–2024"}
    )
    even = position_verdicts.on_standing(one)
    assert "about as much as it bought" in even
    assert "every stage" not in even
    assert "for metals not in every single year" in even
    two = pd.concat([one.assign(stage="compound", value=-0.5, low=-0.6, high=-0.4), one])
    assert "at some stages in the data, about as much" in position_verdicts.on_standing(two)
    firm = position_verdicts.on_standing(two.assign(value=-0.5, low=-0.6, high=-0.4), "metal")
    assert "bought more than it sold at every stage" in firm
    assert "metals -" not in firm


def test_a_dip_between_the_windows_is_said(flows):
    table = upgrading.series(flows, "JPN")
    found = upgrading.signals(table)
    assert table["unit_value_ratio"].idxmin() == 2011
    said = position_verdicts.on_path(table, found, "magnet")
    assert "stood at 3.39 in 2008 and at 0.52 in 2011" in said
    assert "balance" not in said
    straight = signal_series(0.5, 0.1)
    assert position_verdicts.on_path(straight, upgrading.signals(straight), "metal") == ""


def test_the_central_case_is_that_of_the_table_of_assumptions():
    """0.29 kg of light metal at 55 US$ and 0.01 kg of dysprosium at 260, oxide and losses."""
    shares = value_added.central_case(value_added.load_parameters(), 2024, Range(42, 55, 101))
    assert shares["oxide"] == pytest.approx((0.29 * 55 + 0.01 * 260) * 1.25 * 1.1 / 55)
    assert sum(shares.values()) == pytest.approx(1, abs=1e-12)


def test_the_variants_say_whether_the_verdict_stays(flows):
    rows = position_tables.variants(flows, "JPN", ["PHL", "VNM", "MYS", "THA"])
    assert len(rows) == 4
    for row in rows.itertuples():
        same = {row.low_move, row.high_move} == {upgrading.DOWN}
        assert (row.then == "Verdict stays") == same
    same, tried = position_advice.steadiness(rows, upgrading.DOWN)
    assert tried == 8
    assert same == sum(m == upgrading.DOWN for m in [*rows["low_move"], *rows["high_move"]])


def test_a_supplier_without_a_listed_flow_is_not_said_to_sell_nothing(flows):
    found = abroad.look_through(flows, "DEU", "JPN", 2024)
    assert found["direct"] == 0
    sentence, _ = position_verdicts.on_plants(found, 2024)
    assert sentence.startswith("No flow of magnets from {exporter} is listed")
    assert "no flow listed" in position_verdicts.headline(upgrading.UNCLEAR, found, (6, 6))
