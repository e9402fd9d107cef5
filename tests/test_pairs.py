"""Two economies side by side: the measure, its limits, plain queries, projects and instruments."""

import math

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from rareearths import build, figures, stages
from rareearths.catalogue import UnknownCode
from rareearths.cooperation import accords, holdings, pair_answers, pair_tables, pairs, ventures
from rareearths.reports import parameters

PAIR = ("JPN", "USA")
NOTEBOOK = ROOT / "notebooks/50_us_japan_cooperation.ipynb"
SUPPLIERS = ["AUS", "CHN", "FRA", "MYS", "VNM"]

weights = st.lists(st.floats(0, 1e6), min_size=5, max_size=5).filter(lambda w: sum(w) > 1)


def structure(values) -> pd.Series:
    shares = pd.Series(values, index=SUPPLIERS, dtype=float)
    return shares / shares.sum()


def made(rows) -> pd.DataFrame:
    """Flows made by a test."""
    columns = ["year", "importer", "exporter", "value_usd", "quantity_t", "stage"]
    return pd.DataFrame(rows, columns=columns).assign(product="280530", source="made by a test")


@given(weights)
def test_equal_structures_overlap_fully(values):
    shares = structure(values)
    assert pairs.similarity(shares, shares) == pytest.approx(1, abs=1e-9)
    assert pairs.cosine(shares, shares) == pytest.approx(1, abs=1e-9)


def test_structures_without_a_common_supplier_do_not_overlap():
    a, b = pd.Series({"CHN": 0.7, "VNM": 0.3}), pd.Series({"MYS": 1.0})
    assert pairs.similarity(a, b) == 0
    assert pairs.cosine(a, b) == 0


@given(weights, weights)
def test_both_measures_are_symmetric_and_bounded(left, right):
    a, b = structure(left), structure(right)
    for measure in (pairs.similarity, pairs.cosine):
        assert measure(a, b) == pytest.approx(measure(b, a), abs=1e-12)
        assert -1e-12 <= measure(a, b) <= 1 + 1e-9


@given(weights, weights)
def test_the_overlap_is_one_less_half_the_distance(left, right):
    """min(a, b) = (a + b - |a - b|) / 2, so the sum is 1 - half the sum of absolute differences."""
    a, b = structure(left), structure(right)
    assert pairs.similarity(a, b) == pytest.approx(1 - (a - b).abs().sum() / 2, abs=1e-9)


@given(weights, weights, st.floats(0.01, 0.99))
def test_moving_towards_the_other_never_lowers_the_overlap(left, right, part):
    a, b = structure(left), structure(right)
    nearer = part * b + (1 - part) * a
    assert pairs.similarity(nearer, b) >= pairs.similarity(a, b) - 1e-9


def test_the_worked_example_of_the_method_page():
    a = pd.Series({"CHN": 0.6, "VNM": 0.3, "MYS": 0.1})
    b = pd.Series({"CHN": 0.8, "MYS": 0.2})
    assert pairs.similarity(a, b) == pytest.approx(0.7)
    assert pairs.cosine(a, b) == pytest.approx(0.5 / math.sqrt(0.46 * 0.68))


@pytest.mark.parametrize("wrong", [{"CHN": 0.5}, {"CHN": 1.2, "VNM": -0.2}, {"CHN": np.nan}])
def test_shares_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match="sum to 1"):
        pairs.similarity(pd.Series(wrong), pd.Series({"CHN": 1.0}))


def test_a_pair_is_two_known_economies_and_a_third():
    with pytest.raises(ValueError, match="the same economy, JPN"):
        pairs.check_pair("JPN", "JPN", "CHN")
    with pytest.raises(ValueError, match="exporter USA is one of the two"):
        pairs.check_pair("JPN", "USA", "USA")
    with pytest.raises(UnknownCode, match=r"unknown economy 'JPX'.*; closest: "):
        pairs.check_pair("JPX", "JPX", "CHN")


def test_the_same_economy_twice_stops_before_a_kernel_starts():
    with pytest.raises(parameters.ParameterError, match="the same economy, KOR"):
        parameters.check(NOTEBOOK, {"first": "KOR", "second": "KOR"})
    with pytest.raises(parameters.ParameterError, match="exporter CHN is one of the two"):
        parameters.check(NOTEBOOK, {"first": "CHN"})


def plain(year: int, codes: list[str], column: str) -> pd.DataFrame:
    """Shares of both, from the file as it is."""
    where = [("year", "==", year), ("product", "in", codes), ("importer", "in", list(PAIR))]
    rows = pq.read_table(ROOT / "data/trade/baci_minerals.parquet", filters=where).to_pandas()
    sums = rows.groupby(["exporter", "importer"], observed=True)[column].sum().unstack(fill_value=0)
    return sums / sums.sum()


@pytest.fixture(scope="module")
def japan_usa():
    flows = pairs.load_flows(PAIR, "rare_earths", (2015, 2024))
    table = pairs.by_year(flows, PAIR, "CHN")
    return flows, table, pairs.latest(table)


def test_overlap_and_the_part_of_china_are_those_of_plain_queries(japan_usa):
    newest = japan_usa[2].set_index("stage")
    for stage, codes in (("compound", ["284610", "284690"]), ("metal", ["280530"])):
        for basis, column in (("value", "value_usd"), ("tonnes", "quantity_t")):
            common = plain(2024, codes, column).min(axis=1)
            assert newest.at[stage, f"share_{basis}"] == pytest.approx(common.sum(), rel=1e-9)
            assert newest.at[stage, f"exporter_{basis}"] == pytest.approx(common["CHN"], rel=1e-9)


def test_japan_and_the_united_states_in_2024(japan_usa):
    """The numbers of the page: overlap by value and tonnes, and how much of it is China."""
    said = {row.goods: pairs.span_text(row) for row in japan_usa[2].itertuples()}
    assert said == {"compounds": "62% to 83%", "metals": "24% to 62%", "magnets": "30% to 38%"}
    low, high = pair_answers.exporter_part(japan_usa[2])
    assert 0.81 < low < 0.82
    assert high > 0.999


def test_the_order_of_the_two_changes_nothing_in_common(japan_usa):
    flows, table, _ = japan_usa
    turned = pairs.by_year(flows, ("USA", "JPN"), "CHN")
    pd.testing.assert_frame_equal(turned, table)


def test_the_exporter_is_never_more_than_the_overlap(japan_usa):
    table = japan_usa[1]
    for basis in ("value", "tonnes"):
        known = table.dropna(subset=[f"exporter_{basis}"])
        assert (known[f"exporter_{basis}"] <= known[f"share_{basis}"] + 1e-12).all()


def test_shares_of_each_sum_to_one_and_others_are_scaled_up(japan_usa):
    flows = japan_usa[0]
    part = flows[(flows["stage"] == "metal") & (flows["year"] == 2024)]
    every, others = pairs.shares(part, PAIR), pairs.shares(part, PAIR, without=["CHN"])
    assert every[["first", "second"]].sum().tolist() == pytest.approx([1, 1], abs=1e-9)
    scale = every["first"].drop("CHN") / (1 - every.at["CHN", "first"])
    pd.testing.assert_series_equal(
        others["first"].sort_index(), scale.sort_index(), check_names=False
    )


def test_a_year_in_which_one_buys_nothing_has_no_overlap():
    flows = made(
        [
            (2020, "JPN", "CHN", 10, 1.0, "metal"),
            (2021, "JPN", "CHN", 10, 1.0, "metal"),
            (2021, "USA", "VNM", 10, np.nan, "metal"),
        ]
    )
    table = pairs.by_year(flows, PAIR, "CHN")
    assert list(table["year"]) == [2021]
    assert table["share_value"].tolist() == [0]
    assert table["share_tonnes"].isna().all(), "no weight of one of the two: not zero, not known"


def test_tonnes_are_left_out_where_few_weights_are_known():
    flows = made(
        [
            (2021, "JPN", "CHN", 100, 1.0, "metal"),
            (2021, "USA", "CHN", 10, 1.0, "metal"),
            (2021, "USA", "VNM", 90, np.nan, "metal"),
        ]
    )
    row = pairs.latest(pairs.by_year(flows, PAIR, "CHN")).iloc[0]
    assert row["quantity_coverage"] == pytest.approx(0.1)
    assert row["share_value"] == pytest.approx(0.1)
    assert math.isnan(row["share_tonnes"])


def test_no_magnets_of_an_economy_whose_suppliers_are_not_listed():
    table = pairs.by_year(
        pairs.load_flows(("JPN", "AUS"), "rare_earths", (2023, 2024)), ("JPN", "AUS"), "CHN"
    )
    assert stages.MAGNETS not in set(table["stage"])


def test_what_the_two_sell_each_other_is_in_the_file(japan_usa):
    rows = (
        pair_tables.bilateral(japan_usa[0], PAIR)
        .query("year == 2024")
        .set_index(["stage", "exporter"])
    )
    where = [("year", "==", 2024), ("exporter", "==", "JPN"), ("importer", "==", "USA")]
    file = pq.read_table(ROOT / "data/trade/baci_minerals.parquet", filters=where).to_pandas()
    compounds = file[file["product"].isin(["284610", "284690"])]["value_usd"].sum()
    assert rows.at[("compound", "JPN"), "value_usd"] == compounds
    assert set(rows.reset_index()["exporter"]) <= set(PAIR)


def test_the_sensitivity_table_starts_from_the_base_and_encloses_it(japan_usa):
    flows, _, newest = japan_usa
    table = pairs.variants(flows, newest, PAIR, "CHN")
    base = newest.set_index("stage")["share_value"]
    assert (table["base"] == table["stage"].map(base)).all()
    assert (table["low"] <= table["base"]).all()
    assert (table["high"] >= table["base"]).all()
    effect = pair_answers.largest_effect(table)
    assert effect["changed"] == "tonnes in place of value"
    assert effect["goods"] == "metals"


def projects_csv() -> pd.DataFrame:
    return pd.read_csv(ROOT / "data/supply/projects.csv")


def test_capacity_is_summed_within_a_basis_and_a_total_adds_only_what_is_new():
    """By hand: magnets with a part of Japan or the United States, tonnes a year."""
    by_name = projects_csv().set_index("project")["capacity_t_per_year"]
    operating = by_name["San Marcos, Texas"] + by_name["Hai Phong magnets (SMMV)"]
    ramping = by_name[["Independence, Fort Worth", "Stillwater line 1"]].sum()
    ramping += by_name["Sumter, South Carolina"]
    later = by_name["10X facility"] - by_name["Independence, Fort Worth"]
    later += by_name["Dallas-Fort Worth"]
    row = ventures.promise(ventures.load(PAIR)).loc["magnets"]
    assert row["operating_low"] == row["operating_high"] == operating == 4200
    assert row["ramp_up_high"] == operating + ramping == 8400
    assert row["planned_high"] == operating + ramping + later == 18150
    assert ventures.added_magnets(ventures.promise(ventures.load(PAIR))) == (4200, 13950)


def test_what_could_be_added_hangs_on_one_planned_plant():
    table = ventures.added_variants(ventures.load(PAIR), PAIR, 12394.0).set_index("changed")
    assert list(table["added_low"]) == [4200, 4200, 4200, 4200]
    assert table.at["without what is only planned", "added_high"] == 4950
    assert table.at["without the largest, 10X facility", "added_high"] == 4950
    assert table["part_text"].iloc[0] == "34% to 113%"
    assert ventures.added_variants(ventures.load(("JPN", "AUS")), ("JPN", "AUS"), 3715.0).empty


def test_later_steps_never_hold_less():
    for pair in (PAIR, ("JPN", "AUS"), ("DEU", "USA"), ("JPN", "FRA"), ("EST", "CAN")):
        table = ventures.promise(ventures.load(pair))
        for end in ("low", "high"):
            steps = table[[f"{step}_{end}" for step in ventures.STEPS]].to_numpy()
            assert (np.diff(steps, axis=1) >= 0).all()


def test_a_printed_range_stays_a_range():
    row = ventures.promise(ventures.load(("USA", "CAN"))).loc["ndpr_oxide"]
    assert (row["operating_low"], row["operating_high"]) == (850, 1000)


def test_no_contract_is_summed_and_no_basis_is_mixed():
    summed = ventures.summed(ventures.load(("JPN", "AUS")))
    assert "contract" not in set(summed["capacity_kind"].dropna())
    assert set(summed["basis"]) <= set(ventures.BASES)
    assert "feed" not in ventures.BASES


def test_joint_projects_are_those_of_firms_with_a_part_of_both():
    rows = ventures.load(PAIR)
    assert ventures.in_one(rows) == ["MP - Sumitomo distribution to Japan"]
    assert set(ventures.joint(rows)["firm"]) == {
        "Cyclic Materials",
        "Lynas Rare Earths",
        "MP Materials",
    }
    brazil = rows.set_index("project").loc["Serra Verde (Pela Ema) phase 1"]
    assert pd.isna(brazil["part_first"]), "buyers that are interested have no part"
    assert "DFC" in brazil["part_second"]


def test_a_pair_without_printed_parts_says_so():
    assert ventures.gap_text(PAIR) == ""
    assert "Germany and South Korea" in ventures.gap_text(("DEU", "KOR"))
    assert ventures.joint(ventures.load(("DEU", "KOR"))).empty


def test_magnets_bought_are_those_of_the_file(japan_usa):
    rows = pd.read_csv(ROOT / "data/trade/magnets.csv").query("year == 2024 and exporter == 'CHN'")
    expected = rows.set_index("importer")["quantity_t"][list(PAIR)]
    assert ventures.magnets_bought(japan_usa[0], "CHN").to_dict() == expected.to_dict()


def test_the_united_states_mine_and_japan_sells_magnets():
    only_japan, only_usa = holdings.lacks(PAIR, "rare_earths")
    assert set(only_japan) == {"sold"}
    assert set(only_usa) == {"mine", "separation"}
    table = holdings.matrix(PAIR, "rare_earths", 2024).set_index("held")
    assert table.at["Mine output", "first_text"] == holdings.NONE
    assert table.at["Magnet plants", "first_text"] == "2 running"
    told = holdings.matrix(PAIR, "rare_earths", 2024, "CHN").set_index("held")
    there = told.at["Plants abroad with its part", "first_text"]
    assert there.endswith("; of these in China: 1 running"), "the alloy plant at Longyan"


def test_what_one_lacks_is_turned_with_the_pair():
    assert holdings.lacks(PAIR, "rare_earths") == holdings.lacks(PAIR[::-1], "rare_earths")[::-1]


def test_mine_output_spans_the_publishers():
    own = holdings.mined("AUS", "rare_earths")
    rows = pd.read_csv(ROOT / "data/supply/rare_earth_mine_production.csv")
    rows = rows[
        (rows["economy"] == "AUS") & (rows["year"] >= 2024) & (rows["edition"] != "MCS2025")
    ]
    assert (own["low"], own["high"]) == (rows["quantity_t"].min(), rows["quantity_t"].max())
    assert holdings.mined("JPN", "rare_earths")["text"] == holdings.NONE


def test_contracts_are_no_plants():
    names = set(holdings.plants()["project"])
    assert "JARE supply agreement 2026-2038" not in names
    assert "Lynas - US Department of Defense letter of intent" not in names
    assert {"Mt Weld mine and concentrator", "Takefu sintering (Fukui)"} <= names


def test_acts_of_both_are_those_of_the_file():
    events = accords.load(PAIR, "rare_earths")
    alone = events[events["how"] == accords.ALONE]["event_id"]
    assert set(alone) == {"usa-jpn-ree-cooperation-2010", "usa-jpn-framework-2025"}
    both = events[events["how"] != accords.TOWARDS]
    assert both["issuers"].map(lambda codes: set(PAIR) <= set(codes)).all()
    assert list(events["number"]) == list(range(1, len(events) + 1))
    assert events["earliest"].is_monotonic_increasing


def test_a_member_acts_through_the_union_and_is_marked():
    events = accords.load(("DEU", "USA"), "rare_earths").set_index("event_id")
    assert events.at["usa-eu-action-plan-2026", "union"]
    assert not events.at["msp-launch-2022", "union"]
    assert accords.ALONE not in set(events["how"])


def test_shared_blocs_have_both_as_members():
    members = pd.read_csv(ROOT / "data/reference/bloc_members.csv").query("until.isna()")
    sets = members.groupby("bloc")["economy"].agg(set)
    assert len(accords.shared_blocs(PAIR)) == sum(set(PAIR) <= codes for codes in sets)
    assert accords.shared_blocs(("JPN", "NPL")).empty


def test_advice_follows_the_numbers(japan_usa):
    """The same words must not stand where the suppliers are the same as where they differ."""
    flows, _, newest = japan_usa
    table = pairs.variants(flows, newest, PAIR, "CHN")
    others = table["kind"].isin(["others_value", "others_tonnes"])

    bought = pairs.exposure(flows, PAIR, "CHN")

    def advice(value, exposure=bought):
        moved = table.assign(value=table["value"].mask(others, value))
        return pair_answers.what_to_do(newest, moved, ({}, {}), PAIR, "CHN", exposure)

    assert "different suppliers" in advice(0.1)
    assert "much the same suppliers" in advice(0.9)
    assert "partly from the same" in advice(0.4)
    few = bought.assign(value_usd=bought["value_usd"].where(bought["importer"] == "JPN", 1e3))
    small = "the United States buys little of these ($1,000 against $261.2 million)"
    assert small in advice(0.9, few)
    own = ({}, {})
    little = newest.assign(exporter_value=0.02, exporter_tonnes=0.01)
    assert "hardly a dependence" in pair_answers.what_to_do(little, table, own, PAIR, "CHN", bought)
    none = newest.assign(exporter_value=0.0, exporter_tonnes=0.0)
    assert "share no dependence" in pair_answers.what_to_do(none, table, own, PAIR, "CHN", bought)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ((0.0, 0.0), "and none of that was China"),
        ((0.2, 0.4), "and less than half of that was China (20% to 40% of it)"),
        ((0.3, 0.9), "and China was 30% to 90% of that"),
        ((0.6, 0.95), "and most of that was China"),
        ((0.92, 0.95), "and nearly all of that was China"),
        ((np.nan, np.nan), "how much of that was China is not known"),
    ],
)
def test_the_first_sentence_follows_the_part_of_the_exporter(part, said):
    row = {"stage": "metal", "year": 2024, "share_value": 0.5, "share_tonnes": 0.5}
    row |= {"exporter_value": 0.5 * part[0], "exporter_tonnes": 0.5 * part[1]}
    bought = pd.DataFrame({"stage": "metal", "importer": PAIR, "value_usd": [1e6, 2e5]})
    text = pair_answers.on_common(pd.DataFrame([row]), bought, PAIR, "CHN", "rare_earths")
    assert "buys little" not in text
    bought["value_usd"] = [1e6, 9e4]
    text = pair_answers.on_common(pd.DataFrame([row]), bought, PAIR, "CHN", "rare_earths")
    assert "But the United States buys little of these goods ($90,000 against $1.0 million)" in text
    assert said in text
    assert text.startswith("Japan and the United States had 50% of their supply")


def test_a_change_is_clear_only_where_the_years_do_not_overlap():
    table = pd.DataFrame(
        {
            "stage": ["metal"] * 6,
            "year": range(2019, 2025),
            "share_value": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
        }
    )
    assert "clearly more alike" in pair_answers.on_trend(table)
    turned = table.assign(share_value=table["share_value"].to_numpy()[::-1])
    assert "clearly less alike" in pair_answers.on_trend(turned)
    mixed = table.assign(share_value=[0.1, 0.2, 0.45, 0.4, 0.5, 0.6])
    assert "no clear change" in pair_answers.on_trend(mixed)
    assert "20% by value in the first 3 years, 50% in the last" in pair_answers.trend_title(table)
    level = table.assign(share_value=[0.1, 0.2, 0.3, 0.3, 0.2, 0.1])
    title = "Metals: 20% by value in the last 3 years, as much as in the first"
    assert pair_answers.trend_title(level) == title


def test_steps_of_one_dispute_are_told_apart_from_other_acts():
    events = accords.load(PAIR, "rare_earths")
    rows = pd.read_csv(ROOT / "data/policy/events.csv")
    steps = rows["instrument"].eq("wto_dispute") & rows["issuers"].str.contains("USA")
    assert f"({steps.sum()} of them steps of a WTO dispute)" in pair_answers.on_accords(
        events, PAIR
    )


def test_published_shares_stand_beside_the_computed():
    flows = pairs.load_flows(PAIR, "rare_earths", (2024, 2024))
    rows = pd.read_csv(ROOT / "data/trade/published_shares.csv")
    rows = rows[(rows["importer"] == "USA") & (rows["end_year"] == 2024) & rows["comparable"]]
    rows = rows[(rows["start_year"] == 2024) & (rows["confidence"] != "low")]
    rows = rows[(rows["exporter"] == "CHN") & (rows["material"] == "rare_earths")]
    text = pair_answers.on_published(flows, PAIR, "CHN", "rare_earths")
    assert f"{rows['share'].min():.0%} of what the United States bought in 2024" in text


def test_a_year_without_a_flow_breaks_the_line():
    """Japan and Australia traded metals in few years: no line joins them."""
    rows = pd.DataFrame(
        {"year": [2000, 2001, 2005, 2006], "exporter": "JPN", "value_usd": [1e6, 2e6, 3e6, 1e6]}
    )
    axes = figures.plot_mutual(figures.canvas(), rows, PAIR[::-1])  # the other one sold nothing
    assert axes.get_ylim()[1] == axes.get_yticks()[-1] >= 3
    line = axes.get_lines()[0]
    assert np.isnan(line.get_ydata()).tolist() == [False, False, True, True, True, False, False]


def test_the_title_of_a_trend_says_how_it_turned():
    rows = pd.DataFrame(
        {"stage": "metal", "year": range(2000, 2006), "share_value": [0.1, 0.2, 0.3] + [0.5] * 3}
    )
    assert pair_answers.trend_title(rows) == (
        "Metals: clearly more alike, 20% by value in the first 3 years, 50% in the last"
    )
    assert pair_answers.trend_title(rows[:2]) == "Metals: overlap of suppliers in 2000–2001"


def test_a_supplier_that_sold_a_little_has_a_diamond_and_one_that_sold_nothing_has_none():
    found = pd.DataFrame({"first": [0.999, 0.001], "second": [1.0, 0.0]}, index=["CHN", "VNM"])
    axes = figures.pairs.plot_side_by_side(figures.canvas(), found, found, PAIR)
    seen = [line.get_xdata() for line in axes.get_lines() if line.get_marker() == "D"]
    assert [np.isnan(places).tolist() for places in seen] == [[False, False], [False, True]]
    assert {text.get_text() for text in axes.texts} >= {"<1% / <1%", "0% / 0%"}


def test_the_figures_hold_what_they_are_given(japan_usa):
    flows, table, _ = japan_usa
    exposure = pairs.exposure(flows, PAIR, "CHN")
    axes = figures.plot_exposure(figures.canvas(), exposure, PAIR)
    assert len(axes.get_yticks()) == len(exposure)
    metal = table[table["stage"] == "metal"].set_index("year")
    drawn = figures.plot_overlap(figures.canvas(), metal).get_lines()
    ends = {round(float(line.get_ydata()[-1]), 6) for line in drawn if len(line.get_ydata())}
    assert {
        round(metal["share_value"].iloc[-1], 6),
        round(metal["share_tonnes"].iloc[-1], 6),
    } <= ends
    events = accords.load(PAIR, "rare_earths")
    texts = [t.get_text() for t in figures.plot_instruments(figures.canvas(), events).texts]
    assert texts
    assert set(texts) == {str(number) for number in events["number"]}
    with pytest.raises(ValueError, match="no instrument"):
        figures.plot_instruments(figures.canvas(), events[:0])


def test_the_limits_name_a_year_that_alone_has_weights(data):
    assert "rare earths too, with weights for 2024 only; for" in ventures.limits()
    path = data / "trade/magnets.csv"
    rows = pd.read_csv(path, dtype=str)
    rows["quantity_t"] = rows["quantity_t"].fillna("1.0")
    rows.to_csv(path, index=False)
    build.seal(["magnets"])
    assert "rare earths too; for" in ventures.limits()
