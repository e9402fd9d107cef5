"""Criticality indices and their concordance: limits, known answers, queries of their own."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from conftest import ROOT
from rareearths import risk, trade
from rareearths.catalogue import UnknownCode
from rareearths.risk import (
    concordance,
    geodep,
    index_answers,
    index_cells,
    index_checks,
    index_weights,
    indices,
)

DATA = ROOT / "data"
EXACT = {"rel": 1e-12, "abs": 1e-12}


@pytest.fixture(scope="module")
def flows():
    return index_cells.load_flows((2016, 2024))


@pytest.fixture(scope="module")
def importers(flows):
    return index_cells.largest_importers(flows, 2024, 30)


@pytest.fixture(scope="module")
def cells(flows, importers):
    return index_cells.load(flows, 2024, importers)


@pytest.fixture(scope="module")
def years(flows):
    return index_checks.each_year(flows, ["JPN", "USA"])


@pytest.fixture(scope="module")
def choices(flows):
    return index_checks.variants(flows, 2024, "JPN")


@pytest.fixture(scope="module")
def scores(cells):
    return indices.table(cells)


# One data set for all indices.


def test_thirty_importers_and_twenty_materials_have_every_index(scores, importers):
    full = scores.dropna().groupby("importer").size()
    assert len(importers) == 30
    assert (full >= 20).sum() >= 29  # Mozambique buys 21 materials, 19 of them with every index
    assert {"CHN", "JPN", "KOR", "USA", "DEU"} <= set(importers)


def test_scores_stay_in_their_bounds(scores):
    in_one = scores.drop(columns="eu_supply_risk").stack().dropna()
    assert in_one.between(0, 1 + 1e-12).all()
    eu = scores["eu_supply_risk"].dropna()
    assert eu.between(0, 10 * index_weights.parameters().at["control_weight", "value"]).all()


@pytest.mark.parametrize(("year", "score"), [(2022, 0.28149), (2023, 0.23919), (2024, 0.25186)])
def test_geopolrisk_has_the_published_values(flows, year, score):
    made = indices.table(index_cells.load(flows, year, ["JPN"]))
    assert round(made.at[("JPN", "rare_earths"), "geopolrisk"], 5) == score


@pytest.mark.parametrize("importer", ["JPN", "USA", "DEU", "CHN"])
@pytest.mark.parametrize("material", ["rare_earths", "cobalt", "lithium", "palladium", "copper"])
def test_geopolrisk_is_that_of_the_module_risk(scores, importer, material):
    alone = risk.geopolrisk(material, importer, 2024)
    assert scores.at[(importer, material), "geopolrisk"] == pytest.approx(alone.score, **EXACT)


@pytest.mark.parametrize("basis", ["value", "tonnes"])
def test_the_concentration_of_suppliers_is_that_of_the_module_risk(cells, basis):
    made = indices.table(cells, basis)
    for importer, material in (("JPN", "rare_earths"), ("DEU", "cobalt"), ("KOR", "graphite")):
        bought = trade.load_flows(importer, products=material, years=2024)
        alone = risk.concentration(bought, basis).at[2024, "hhi"]
        assert made.at[(importer, material), "supplier_hhi"] == pytest.approx(alone, **EXACT)


def _eu_by_hand(importer: str, union: set[str], held: float) -> float:
    """EU supply risk of graphite in 2024, by plain queries and loops."""
    stability = pd.read_csv(DATA / "governance/political_stability.csv").query("year == 2024")
    stability = stability.set_index("economy")["normalised"].to_dict()

    def weight(supplier: str) -> float:
        unstable = 0.5 if supplier == "TWN" else stability.get(supplier, 0.5)
        inside = supplier == importer or {supplier, importer} <= union
        return unstable * (0.8 if inside else held if supplier == "CHN" else 1.0)

    mined = pd.read_csv(DATA / "supply/mine_production.csv")
    mined = mined.query("material == 'graphite' and year == 2024")
    mined = mined.set_index("economy")["quantity_t"].to_dict()
    where = [("year", "==", 2024), ("product", "in", ["250410", "250490"])]
    trade_rows = pd.read_parquet(DATA / "trade/baci_minerals.parquet", filters=where)
    sources, sold = {importer: mined.get(importer, 0.0)}, 0.0
    for row in trade_rows.dropna(subset=["quantity_t"]).itertuples():
        if row.importer == importer:
            sources[row.exporter] = sources.get(row.exporter, 0.0) + row.quantity_t
        if row.exporter == importer:
            sold += row.quantity_t
    bought = sum(sources.values()) - sources[importer]
    net = max(bought - sold, 0.0)
    reliance = net / (net + sources[importer]) if net else 0.0
    world, all_sources = sum(mined.values()), sum(sources.values())
    of_mines = sum((q / world) ** 2 * weight(e) for e, q in mined.items())
    of_sources = sum((q / all_sources) ** 2 * weight(e) for e, q in sources.items())
    return 10 * (of_mines * reliance / 2 + of_sources * (1 - reliance / 2))


@pytest.mark.parametrize("importer", ["DEU", "JPN", "USA"])
def test_eu_supply_risk_by_plain_queries(scores, importer):
    """China holds graphite back by licences since December 2023; members of the Union count 0.8."""
    economies = pd.read_csv(DATA / "reference/economies.csv")
    union = set(economies.loc[economies["eu27"], "economy"])
    by_hand = _eu_by_hand(importer, union, held=1.1)
    assert scores.at[(importer, "graphite"), "eu_supply_risk"] == pytest.approx(by_hand, rel=1e-9)


def test_controls_in_force_are_those_of_the_timeline():
    held = index_weights.restrictions(2024)
    pairs = set(zip(held["exporter"], held["material"], strict=True))
    assert {("CHN", "graphite"), ("CHN", "antimony"), ("MYS", "rare_earths")} <= pairs
    assert (
        "CHN",
        "rare_earths",
    ) not in pairs  # quotas to 2015, licences from 2025
    assert index_weights.restrictions(2018).empty


def test_a_heavier_control_never_lowers_the_eu_index(flows):
    light, heavy = (
        indices.table(index_cells.load(flows, 2024, ["JPN", "DEU"], control=weight))
        for weight in (1.0, 1.5)
    )
    rise = (heavy["eu_supply_risk"] - light["eu_supply_risk"]).dropna()
    assert (rise >= -1e-12).all()
    assert rise.loc[("JPN", "graphite")] > 0.1
    unchanged = [name for name in light if name != "eu_supply_risk"]
    pd.testing.assert_frame_equal(light[unchanged], heavy[unchanged])


def test_more_recycling_never_raises_an_index(cells):
    low, high = (indices.table(cells, recycling=factor) for factor in (0.5, 1.0))
    halved = (low["eu_supply_risk"] / high["eu_supply_risk"]).dropna()
    assert halved.to_numpy() == pytest.approx(0.5, **EXACT)
    ends = [indices.recycling_factor(end) for end in ("low", "value", "high")]
    assert (ends[0] <= ends[1]).all()
    assert (ends[1] <= ends[2]).all()


@pytest.mark.parametrize("importer", ["JPN", "USA"])
@pytest.mark.parametrize("material", ["rare_earths", "tungsten", "nickel"])
def test_usgs_risk_by_plain_queries(scores, importer, material):
    """Square root of the weighted concentration of mines times net import reliance."""
    stability = pd.read_csv(DATA / "governance/political_stability.csv").query("year == 2024")
    stability = stability.set_index("economy")["normalised"].to_dict()
    mined = pd.read_csv(DATA / "supply/mine_production.csv").query("year == 2024")
    mined = mined[mined["material"] == material].set_index("economy")["quantity_t"].to_dict()
    world = sum(mined.values())
    potential = sum((q / world) ** 2 * stability.get(e, 0.5) for e, q in mined.items())
    products = pd.read_csv(DATA / "reference/products.csv", dtype={"hs6": str})
    codes = list(products.loc[products["material"] == material, "hs6"])
    where = [("year", "==", 2024), ("product", "in", codes)]
    rows = pd.read_parquet(DATA / "trade/baci_minerals.parquet", filters=where)
    net = rows.loc[rows["importer"] == importer, "quantity_t"].sum()
    net -= rows.loc[rows["exporter"] == importer, "quantity_t"].sum()
    reliance = net / (net + mined.get(importer, 0.0)) if net > 0 else 0.0
    by_hand = (potential * reliance) ** 0.5
    assert scores.at[(importer, material), "usgs_risk"] == pytest.approx(by_hand, rel=1e-9)
    assert scores.at[(importer, material), "net_reliance"] == pytest.approx(reliance, rel=1e-9)


def test_a_single_supplier_is_full_concentration():
    rows = pd.DataFrame(
        {
            "of": "x",
            "importer": "JPN",
            "material": "tin",
            "amount": [3.0, 0.0],
            "instability": [0.4, 0.2],
            "parameter": [1.5, 1.0],
        }
    )
    made = index_cells._concentrations(rows).iloc[0]
    assert made.to_dict() == pytest.approx(
        {"x_plain_no": 1, "x_plain_yes": 1.5, "x_stability_no": 0.4, "x_stability_yes": 0.6}
    )


def test_the_agreement_over_importers_is_that_of_scipy_and_names_each(scores, importers):
    each = concordance.for_each_importer(scores, ("geopolrisk", "eu_supply_risk"), draws=50)
    assert sorted(each["importer"]) == sorted(importers)
    assert each["tau"].is_monotonic_decreasing
    for row in each.itertuples():
        own = scores.loc[row.importer, ["geopolrisk", "eu_supply_risk"]].dropna()
        assert row.n == len(own)
        assert row.tau == pytest.approx(kendalltau(own.iloc[:, 0], own.iloc[:, 1]).statistic)
        assert row.low <= row.tau <= row.high
    found = index_answers.over_facts(each)
    assert found["alike"] + found["opposed"] + found["open"] + found["no_tau"] == 30
    assert found["twenty"] >= 29


# What is left out, and what is refused.


def test_what_cannot_be_compared_is_left_out_with_its_reason(cells, scores):
    missing = indices.left_out(cells, "JPN", 2024).set_index("material")["reason"]
    assert "HS 2007 moved germanium" in missing["germanium"]
    assert "do not compare tonnages" in missing["arsenic"]
    assert scores.loc[("JPN", "germanium")].isna().all()
    arsenic = scores.loc[("JPN", "arsenic")]
    assert arsenic["supplier_hhi"] > 0
    assert arsenic.drop("supplier_hhi").isna().all()


def test_wrong_years_indices_and_counts_are_named(flows):
    with pytest.raises(ValueError, match="2017 is out of range; the data cover 2018-2024"):
        index_cells.load(flows, 2017, ["JPN"])
    with pytest.raises(UnknownCode, match=r"unknown index 'geopolrisc'.*geopolrisk"):
        indices.check_index("geopolrisc")
    with pytest.raises(ValueError, match="same index"):
        index_answers.check_pair("geopolrisk", "geopolrisk")
    with pytest.raises(ValueError, match="importers must be from 2 to"):
        index_cells.largest_importers(flows, 2024, 1)


def test_an_importer_without_trade_has_nothing_to_compare(flows):
    made = indices.table(index_cells.load(flows, 2024, ["SMR"]))
    names = ("geopolrisk", "eu_supply_risk")
    assert index_answers.comparable(made, "SMR", names).empty


# Net import reliance.

amounts = st.floats(0, 1e9)


def reliance(imports, exports, output) -> float:
    columns = (pd.Series([float(x)]) for x in (imports, exports, output))
    return index_cells.net_reliance(*columns).iloc[0]


def test_net_reliance_at_its_limits():
    assert reliance(10, 0, 0) == 1
    assert reliance(10, 10, 5) == 0
    assert reliance(1, 50, 100) == 0
    assert reliance(60, 10, 50) == 0.5
    assert np.isnan(reliance(np.nan, 0, 5))


@given(amounts, amounts, amounts, amounts)
def test_net_reliance_falls_with_own_output_and_rises_with_imports(imports, exports, output, more):
    value = reliance(imports, exports, output)
    assert 0 <= value <= 1
    assert reliance(imports, exports, output + more) <= value + 1e-12
    assert reliance(imports + more, exports, output) >= value - 1e-12


def test_the_published_reliance_of_2024_lies_between_ours(years):
    rows = index_checks.published_reliance(years).set_index("year")
    now = rows.loc[2024]
    assert now["published"] == 0.53
    assert now["computed"] < 0.53 < now["uncounted"] == 1
    assert rows.loc[2019, "as_printed"] == "100"


# The GeoDep screen.


def test_rare_earths_are_not_flagged_for_japan(flows):
    """World exports of each code are spread over hubs: HHI .15 to .28, under .4."""
    screened = geodep.screen(flows, 2024, ["JPN"])
    codes = screened[screened["material"] == "rare_earths"]
    assert len(codes) == 3
    assert not codes["flagged"].any()
    assert codes["world_hhi"].between(0.15, 0.28).all()
    assert not codes["world"].any()
    mined = index_checks.hub_example(flows, screened, 2024, "CHN", "rare_earths").iloc[0]
    assert mined["hhi"] == pytest.approx(0.486, abs=5e-4)
    ships = index_checks.hub_exports(flows, 2024, "rare_earths")
    assert ships["share"].sum() == pytest.approx(1, **EXACT)
    assert ships.set_index("exporter").at["JPN", "mine_share"] == 0
    assert ships["mine_share"].sum() <= 1 + 1e-12


def test_what_is_sold_to_the_largest_miner_by_a_plain_query(flows):
    where = [("year", "==", 2024), ("product", "in", ["280530", "284610", "284690"])]
    rows = pd.read_parquet(DATA / "trade/baci_minerals.parquet", filters=where)
    to_china = rows.loc[rows["importer"] == "CHN", "value_usd"].sum() / rows["value_usd"].sum()
    made = index_checks.sold_to(flows, 2024, "CHN", "rare_earths")
    assert made["to_exporter"] == pytest.approx(to_china, rel=1e-12)
    assert 0 < made["rest_low"] <= made["rest_high"] < 0.4


def synthetic(rows: list[tuple]) -> pd.DataFrame:
    """Make synthetic flows: year, exporter, importer, value_usd."""
    made = pd.DataFrame(rows, columns=["year", "exporter", "importer", "value_usd"])
    return made.assign(material="tin", product="260900", value_usd=made["value_usd"].astype(float))


def test_one_supplier_of_the_world_is_flagged_after_two_years():
    rows = [(year, "BOL", "JPN", 10) for year in (2022, 2023)] + [(2024, "BOL", "JPN", 10)]
    alone = geodep.screen(synthetic(rows), 2024, ["JPN"]).iloc[0]
    assert (alone["import_hhi"], alone["world_hhi"], alone["met"]) == (1, 1, 3)
    assert alone["ratio"] == geodep.NO_EXPORTS
    assert (alone["years_met"], alone["flagged"]) == (3, True)
    spread = [(year, e, "JPN", 10) for year in (2022, 2023) for e in ("BOL", "PER", "IDN")]
    once = geodep.screen(synthetic([*spread, (2024, "BOL", "JPN", 10)]), 2024, ["JPN"]).iloc[0]
    assert (once["years_met"], once["flagged"]) == (1, False)


def test_an_exporter_of_as_much_as_it_buys_has_no_deficit():
    rows = [(2024, "BOL", "JPN", 10), (2024, "JPN", "KOR", 10)]
    made = geodep.screen(synthetic(rows), 2024, ["JPN"]).iloc[0]
    assert made["ratio"] == 1
    assert not made["deficit"]


@pytest.mark.parametrize("importer", ["JPN", "USA"])
def test_a_lower_threshold_never_flags_fewer(flows, importer):
    rows = index_checks.flagged_by_threshold(flows, 2024, importer, (0.2, 0.25, 0.4, 0.6))
    assert rows["codes"].is_monotonic_decreasing
    assert set(rows["names"].iloc[2]) <= set(rows["names"].iloc[1])


# Own mines.


def test_own_mines_are_what_lowers_the_american_score(years):
    series = index_checks.credit_series(years, "USA", "rare_earths")
    falls = series.loc[2020] / series.loc[2018]
    assert falls["credited"] < 1 / 3
    assert falls["not_credited"] > 0.8
    assert (series["credited"] <= series["not_credited"]).all()


def test_the_example_is_the_importer_itself_where_it_mines(cells):
    assert index_checks.credit_example(cells, "JPN", "rare_earths") == "USA"
    assert index_checks.credit_example(cells, "IND", "rare_earths") == "IND"


# Agreement.

small = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=5, max_size=25)


@given(small)
def test_tau_is_that_of_scipy(values):
    a, b = (pd.Series(column, dtype=float) for column in zip(*values, strict=True))
    ours, theirs = concordance.tau(a, b), kendalltau(a, b).statistic
    assert ours == pytest.approx(theirs, nan_ok=True, **EXACT)


def test_a_draw_is_the_tau_of_that_sample():
    random = np.random.default_rng(1)
    a, b = pd.Series(random.random(12)), pd.Series(random.random(12))
    drawn = concordance.tau_draws(a, b, draws=20, seed=7)
    counts = np.random.default_rng(7).multinomial(12, np.full(12, 1 / 12), size=20)
    for value, times in zip(drawn[1:], counts, strict=True):
        sample = [np.repeat(x.to_numpy(), times) for x in (a, b)]
        assert value == pytest.approx(kendalltau(*sample).statistic, **EXACT)


def test_too_few_materials_and_equal_scores_have_no_tau():
    few = pd.Series([1.0, 2.0, 3.0, 4.0])
    assert np.isnan(concordance.tau(few, few))
    six = pd.Series(range(6), dtype=float)
    assert np.isnan(concordance.tau(six, pd.Series(1.0, index=six.index)))


def test_every_importer_has_every_pair(scores):
    made = concordance.over_importers(scores)
    assert made.groupby("importer").size().eq(10).all()
    assert made["tau"].dropna().between(-1, 1).all()


# The term that makes them differ.


@given(st.dictionaries(st.frozensets(st.sampled_from("abcd")), st.floats(-9, 9), min_size=1))
def test_shapley_parts_sum_to_the_whole(worths):
    def worth(players):
        return worths.get(players, 0.0)

    parts = concordance.shapley(list("abcd"), worth)
    whole = worth(frozenset("abcd")) - worth(frozenset())
    assert sum(parts.values()) == pytest.approx(whole, abs=1e-9)


def test_shapley_gives_nothing_to_one_who_adds_nothing():
    parts = concordance.shapley(list("abc"), lambda s: 3.0 * ("a" in s and "b" in s))
    assert parts == pytest.approx({"a": 1.5, "b": 1.5, "c": 0.0}, **EXACT)


@pytest.mark.parametrize("importer", ["JPN", "USA", "DEU"])
def test_the_parts_of_the_terms_sum_to_the_disagreement(cells, scores, importer):
    table = concordance.pairs(scores.loc[importer], draws=50)
    for pair in table.dropna(subset=["tau"]).itertuples():
        ends = indices.INDICES[pair.first], indices.INDICES[pair.second]
        parts = concordance.why_differ(cells.loc[[importer]], *ends, draws=50)
        assert parts["part"].sum() == pytest.approx(1 - pair.tau, abs=1e-9)
        assert (parts["low"] <= parts["part"] + 1e-12).all()
        assert (parts["part"] <= parts["high"] + 1e-12).all()
        assert parts["first_in"].sum() == pytest.approx(1)
        back = concordance.why_differ(cells.loc[[importer]], *ends[::-1], draws=0)
        there = parts.set_index("term")["part"]
        assert back.set_index("term")["part"].reindex(there.index).to_numpy() == pytest.approx(
            there.to_numpy(), abs=1e-12
        )


def test_indices_that_differ_in_one_term_differ_by_it_alone(cells):
    one = indices.INDICES["geopolrisk"]
    other = one._replace(terms=one.terms._replace(own="no"))
    (row,) = concordance.why_differ(cells.loc[["USA"]], one, other, draws=0).itertuples()
    scores = [indices.score(cells.loc[["USA"]], index.terms) for index in (one, other)]
    assert row.term == "own"
    assert row.part == pytest.approx(1 - concordance.tau(*scores), **EXACT)


def test_exchanging_every_term_gives_the_other_index(cells):
    first, second = (indices.INDICES[name].terms for name in ("geopolrisk", "eu_supply_risk"))
    names = concordance.differing_terms(first, second)
    assert concordance.exchange(first, second, names) == second
    steps = concordance.one_at_a_time(
        cells.loc[["JPN"]],
        indices.INDICES["geopolrisk"],
        indices.INDICES["eu_supply_risk"],
        "rare_earths",
    )
    assert steps["tau"].iloc[0] == 1
    assert len(steps) == len(names) + 2


def test_where_concentration_is_measured_parts_mines_from_suppliers(cells):
    """The known difference: GeoPolRisk looks at mines, the HHI at who ships."""
    parts = concordance.why_differ(
        cells.loc[["JPN"]], indices.INDICES["geopolrisk"], indices.INDICES["supplier_hhi"]
    )
    assert parts["term"].iloc[0] == "stage"
    assert parts["part"].iloc[0] > parts["part"].sum() / 2


def test_ranks_run_from_one_and_the_range_holds_them(choices):
    rows = index_checks.material_scores(choices, "rare_earths", "value")
    assert (rows["rank_low"] <= rows["rank"]).all()
    assert (rows["rank"] <= rows["rank_high"]).all()
    assert (rows["score_low"] <= rows["score"]).all()
    assert (rows["rank_low"] >= 1).all()
    assert rows.set_index("index").at["geopolrisk", "rank"] == 8


def test_the_sensitivity_table_holds_the_computed_tau(choices, years, scores):
    names = ("geopolrisk", "eu_supply_risk")
    rows = index_checks.sensitivity(choices, years, names, "rare_earths", "value")
    value = concordance.tau(*(scores.loc["JPN", name] for name in names))
    assert (rows["tau_low"] <= value + 1e-12).all()
    assert (value <= rows["tau_high"] + 1e-12).all()
