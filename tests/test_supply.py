"""World supply: limits and properties of the bounds, the bundled figures, what a report may say.

Known figures are read from the tables with plain pandas, not through the library.
"""

import itertools
import math
import re

import pandas as pd
import papermill
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from rareearths import chain, figures, resources, supply
from rareearths.catalogue import UnknownCode
from rareearths.reports import parameters
from rareearths.reports.parameters import ParameterError
from rareearths.reports.prose import RECORD_MIME, SOURCES_MIME

NOTEBOOK = ROOT / "notebooks/10_global_supply.ipynb"
EXACT = {"rel": 1e-12, "abs": 1e-12}
EVER = (1992, 2025)


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(ROOT / f"data/{name}.csv", keep_default_na=False, na_values=[""])


def best(year: int) -> pd.Series:
    """Tonnes of the best series by economy, without the printed world total."""
    rows = table("supply/rare_earth_mine_production")
    rows = rows[rows["best"] & (rows["year"] == year) & (rows["economy"] != "WLD")]
    return rows.set_index("economy")["quantity_t"]


def synthetic(*rows: tuple) -> pd.DataFrame:
    """Make synthetic mine output: year, economy, quantity_t, source, status (else reported)."""
    columns = ["year", "economy", "quantity_t", "source", "status"]
    return pd.DataFrame([(*row, "reported")[:5] for row in rows], columns=columns)


def page(economy: str, least: float, most: float | None = None, qualifier=None, url="a") -> dict:
    """One printed figure of a synthetic page."""
    most = least if most is None else most
    return {"economy": economy, "least": least, "most": most, "qualifier": qualifier,
            "source_url": url, "scope": "all", "measure": "output"}  # fmt: skip


# Bounds of the HHI


parts = st.lists(st.integers(1, 10**6), min_size=1, max_size=12)


@given(known=parts, rest=parts)
def test_the_bounds_hold_for_any_split_of_the_rest(known, rest):
    total = sum(known) + sum(rest)
    low, high = supply.hhi_bounds(pd.Series(known) / total)
    true = sum((amount / total) ** 2 for amount in [*known, *rest])
    assert low < true <= high + 1e-12


@given(known=parts, rest=st.integers(1, 10**6))
def test_the_upper_bound_is_reached_by_a_single_producer(known, rest):
    total = sum(known) + rest
    _, high = supply.hhi_bounds(pd.Series(known) / total)
    assert high == pytest.approx(sum((a / total) ** 2 for a in [*known, rest]), **EXACT)


@given(known=parts)
def test_the_lower_bound_is_neared_by_many_small_producers(known):
    total = 2 * sum(known)
    low, _ = supply.hhi_bounds(pd.Series(known) / total)
    crumbs = [0.5 / 10_000] * 10_000
    true = sum((a / total) ** 2 for a in known) + sum(c**2 for c in crumbs)
    assert 0 < true - low < 1e-4


@given(known=parts)
def test_the_bounds_meet_where_nothing_is_left(known):
    low, high = supply.hhi_bounds(pd.Series(known) / sum(known))
    assert high == pytest.approx(low, **EXACT)
    assert 1 / len(known) - 1e-12 <= low <= 1 + 1e-12


@pytest.mark.parametrize("wrong", [[], [0.5, -0.1], [0.7, 0.4], [0.5, math.nan], [69.4]])
def test_wrong_shares_are_refused(wrong):
    with pytest.raises(ValueError, match="sum to 1 at most"):
        supply.hhi_bounds(pd.Series(wrong, dtype=float))


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.5, 0.5, "0.50"),
        (0.81, 0.8199, "0.81"),
        (0.81, 0.83, "0.81 to 0.83"),
        (0, 1, "0.00 to 1.00"),
    ],
)
def test_bounds_are_named_where_they_differ(low, high, text):
    assert supply.hhi_text(low, high) == text


# Mining


def test_a_rest_counts_in_the_shares_but_is_no_producer():
    output = synthetic((2001, "CHN", 60, "A"), (2001, "USA", 20, "A"), (2001, "ROW", 20, "A"))
    shares = supply.mine_shares(output)
    assert shares.set_index("exporter")["share"].to_dict() == {"CHN": 0.6, "USA": 0.2, "ROW": 0.2}
    low, high = supply.mine_concentration(shares).loc[2001]
    assert (low, high) == (pytest.approx(0.40, **EXACT), pytest.approx(0.44, **EXACT))
    rest_first = synthetic((2001, "CHN", 10, "A"), (2001, "ROW", 90, "A"))
    assert supply.largest(supply.mine_shares(rest_first), 2001)["exporter"] == "CHN"


def test_not_listed_is_not_zero():
    output = synthetic(
        (2001, "CHN", 60, "A"), (2001, "USA", 40, "A"),
        (2002, "CHN", 80, "A"),
        (2003, "CHN", 80, "A"), (2003, "USA", 0, "A"),
    )  # fmt: skip
    sides = supply.outside(output, "USA")
    assert sides.at[2001, "share"] == 0.4
    assert math.isnan(sides.at[2002, "share"])
    assert math.isnan(sides.at[2002, "inside_t"])
    assert sides.at[2003, "share"] == 0
    assert sides["outside_t"].to_dict() == {2001: 60, 2002: 80, 2003: 80}


def test_an_economy_that_mines_nothing_is_not_listed():
    output = supply.mine_output("rare_earths")
    facts = supply.summary(output, "JPN")
    assert not facts["listed"]
    assert math.isnan(facts["share"])
    assert facts["outside_t"] == best(2025).sum()
    assert facts["outside_share"] == 1
    assert not facts["listed_last"]
    assert facts["outside_part"] == ""


def test_sources_of_a_series_and_where_they_change():
    output = synthetic(
        (2001, "CHN", 1, "A"), (2002, "CHN", 1, "A"),
        (2003, "CHN", 1, "B"), (2003, "USA", 1, "B"), (2003, "AUS", 1, "C"),
    )  # fmt: skip
    assert supply.splices(output) == [2003]
    assert supply.source_text(output) == (
        "A (2001–2002), B (2003); gaps for single producers filled from C"
    )
    assert supply.splices(supply.mine_output("rare_earths")) == [2018, 2025]
    assert supply.splices(supply.mine_output("cobalt")) == []


def test_the_rest_is_left_out_where_another_source_may_list_it():
    output = supply.mine_output("rare_earths")
    assert best(2024)["ROW"] == 1000
    assert best(2025)["ROW"] == 550
    assert list(output[output["economy"] == "ROW"]["year"]) == [2025]
    assert "WLD" not in set(output["economy"])


@pytest.mark.parametrize("year", [1995, 2010, 2017, 2018, 2022, 2025])
def test_shares_of_rare_earths_are_of_the_sum_of_the_producers(year):
    shares = supply.mine_shares(supply.mine_output("rare_earths"))
    of_year = shares[shares["year"] == year].set_index("exporter")["share"]
    tonnes = best(year)
    assert of_year.sum() == pytest.approx(1, **EXACT)
    assert of_year["CHN"] == pytest.approx(tonnes["CHN"] / tonnes.sum(), **EXACT)
    squares = sum((t / tonnes.sum()) ** 2 for code, t in tonnes.items() if code != "ROW")
    low = supply.mine_concentration(shares).at[year, "low"]
    assert low == pytest.approx(squares, **EXACT)


@pytest.mark.parametrize(
    ("material", "leader", "share", "hhi"),
    [
        ("rare_earths", "CHN", 0.6935, 0.5072),
        ("graphite", "CHN", 0.7593, 0.5861),
        ("cobalt", "COD", 0.7451, 0.5706),
        ("germanium", "CHN", 0.9333, 0.8726),
        ("lithium", "AUS", 0.3821, 0.2442),
        ("aluminium", "GIN", 0.3423, 0.2106),
        ("platinum", "ZAF", 0.7021, 0.5193),
    ],
)
def test_known_leaders_of_the_last_year(material, leader, share, hhi):
    shares = supply.mine_shares(supply.mine_output(material))
    year = shares["year"].max()
    first = supply.largest(shares, year)
    assert first["exporter"] == leader
    assert round(first["share"], 4) == share
    assert round(supply.mine_concentration(shares).at[year, "low"], 4) == hhi


def test_each_publisher_alone_is_its_newest_edition():
    found = supply.by_publisher("CHN", EVER).set_index(["year", "source"])["share"]
    rows = table("supply/rare_earth_mine_production")
    rows = rows[
        (rows["year"] == 2024) & (rows["edition"] == "MCS2026") & (rows["economy"] != "WLD")
    ]
    of_china = rows.loc[rows["economy"] == "CHN", "quantity_t"].sum()
    assert found[2024, "USGS"] == pytest.approx(of_china / rows["quantity_t"].sum(), **EXACT)
    assert found[2018].round(3).to_dict() == {"BGS": 0.713, "World Mining Data": 0.659}
    assert (2020, "USGS") not in found.index  # only the United States and the world in that year


def test_last_compared_year_names_every_publisher():
    rows = supply.last_compared(supply.by_publisher("CHN", EVER))
    assert rows["year"].unique() == [2024]
    assert supply.compared_text(rows) == (
        "67.8% by World Mining Data (HHI 0.49), 70.3% by USGS (HHI 0.52) and 74.9% by BGS (HHI "
        "0.58)"
    )
    assert supply.last_compared(supply.by_publisher("CHN", (2011, 2013))).empty


def test_low_figures_of_the_united_states():
    low = supply.low_figures("USA", EVER)
    assert (low["first"], low["last"], low["n"]) == (2012, 2015, 4)
    assert round(low["factor"], 3) == 0.6
    assert supply.low_figures("USA", (2018, 2025))["n"] == 0


def test_disagreement_is_between_publishers_on_single_producers():
    rows = table("supply/mine_production_overlaps")
    rows = rows[~rows["economy"].isin(["WLD", "ROW"]) & (rows["source_a"] != rows["source_b"])]
    ratios = rows["ratio"][rows["ratio"] > 0]
    found = supply.disagreement()
    assert found["n"] == len(ratios) == 138
    factors = [max(ratio, 1 / ratio) for ratio in ratios]
    assert sum(factor >= found["median"] - 1e-9 for factor in factors) == 69
    assert sum(factor > found["wide"] for factor in factors) == 14


@pytest.mark.parametrize(
    ("material", "name", "unit"),
    [
        ("aluminium", "bauxite", "tonnes"),
        ("graphite", "natural graphite", "tonnes"),
        ("beryllium", "beryllium", "tonnes of concentrate"),
        ("lithium", "lithium", "tonnes of Li2O content"),
        ("rare_earths", "rare earths", "tonnes of REO content"),
    ],
)
def test_what_is_mined_and_weighed(material, name, unit):
    assert supply.mined(material) == name
    assert supply.unit(material) == unit


@pytest.mark.parametrize("ask", [supply.mine_output, supply.mined])
def test_an_unknown_material_is_refused(ask):
    with pytest.raises(UnknownCode, match="closest: rare_earths"):
        ask("rare earth")


# How sure, and with how many digits


@pytest.mark.parametrize(
    ("tonnes", "text"),
    [
        (119_310, "119,000 tonnes"),
        (371_914, "372,000 tonnes"),
        (999_600, "1 million tonnes"),
        (349_833_986, "350 million tonnes"),
        (10, "10 tonnes"),
        (0.1234, "0.123 tonnes"),
        (0, "0 tonnes"),
    ],
)
def test_tonnes_have_three_digits_that_count(tonnes, text):
    assert supply.tonnes_text(tonnes) == text


@given(tonnes=st.floats(0.01, 1e10))
def test_rounded_tonnes_are_within_half_a_per_cent(tonnes):
    number, *size, _ = supply.tonnes_text(tonnes).split(" ")
    said = float(number.replace(",", "")) * (1e6 if size else 1)
    assert said == pytest.approx(tonnes, rel=0.0051)


@pytest.mark.parametrize(
    ("share", "decimals", "text"),
    [
        (0.694, 0, "69%"),
        (0.694, 1, "69.4%"),
        (150 / 389_310, 0, "under 0.1%"),
        (150 / 389_310, 1, "under 0.1%"),
        (0.005, 0, "0.5%"),
        (0.0097, 0, "1%"),
        (0.9996, 0, "over 99.9%"),
        (0.996, 0, "99.6%"),
        (0, 1, "0%"),
        (1, 0, "100%"),
        (math.nan, 0, "–"),
    ],
)
def test_a_share_is_nothing_or_all_only_where_it_is(share, decimals, text):
    assert supply.share_text(share, decimals) == text


def test_the_answer_says_estimated_by_the_status_of_the_rows():
    rows = table("supply/rare_earth_mine_production")
    rows = rows[rows["best"] & (rows["year"] == 2025) & (rows["economy"] != "WLD")]
    assert set(rows["status"]) == {"estimated"}
    facts = supply.summary(supply.mine_output("rare_earths"), "CHN")
    assert (facts["hedge"], facts["outside_hedge"]) == ("an estimated ", "an estimated ")
    assert (facts["outside_text"], facts["outside_part"]) == ("119,000 tonnes", ", 31% of all")
    cobalt = supply.summary(supply.mine_output("cobalt"), "COD")
    assert (cobalt["hedge"], cobalt["outside_hedge"]) == ("", "")
    assert (cobalt["outside_text"], cobalt["outside_part"]) == ("68,500 tonnes", ", 25% of all")


def test_a_sum_is_estimated_where_most_of_it_is():
    rows = [(2001, "CHN", 90, "A"), (2001, "USA", 6, "A", "estimated"), (2001, "AUS", 4, "A")]
    facts = supply.summary(synthetic(*rows), "CHN")
    assert (facts["hedge"], facts["outside_hedge"]) == ("", "an estimated ")
    assert supply.estimated_share(synthetic(*rows)) == pytest.approx(0.06, **EXACT)


def test_the_range_of_publishers_is_that_of_the_last_compared_year():
    assert supply.publishers_apart("CHN", EVER) == "in 2024 publishers ranged from 68% to 75%"
    assert supply.publishers_apart("CHN", (2011, 2013)) == ""


@pytest.mark.parametrize("material", ["cobalt", "lithium", "graphite", "germanium"])
def test_a_series_of_one_source_says_so(material):
    rows = table("supply/mine_production")
    rows = rows[rows["material"] == material]
    assert rows["source"].unique() == ["World Mining Data"]
    last = rows[rows["year"] == 2024]
    part = last.loc[last["status"] == "estimated", "quantity_t"].sum() / last["quantity_t"].sum()
    said = supply.certainty(supply.mine_output(material))
    assert said.startswith(
        "All figures of output are of one publisher, World Mining Data, without a range or an "
        "uncertainty; what others say is not known here."
    )
    assert said.endswith(f"Of the tonnes of 2024, {supply.share_text(part)} are estimates.")


def test_a_last_year_of_one_source_says_so():
    output = supply.mine_output("rare_earths")
    assert supply.certainty(output) == (
        "All figures of 2025 are of one publisher, USGS, without a range or an uncertainty; what "
        "others say is not known for that year. Every figure of 2025 is an estimate."
    )
    several = supply.certainty(output[output["year"] <= 2024])
    assert re.fullmatch(r"Of the tonnes of 2024, \d+% are estimates\.", several)
    of_bgs = supply.certainty(output[output["year"] <= 2017])
    assert of_bgs.endswith("Which figures of 2017 are estimates is not stated.")


def test_the_quota_behind_the_output_of_china_is_noted():
    rows = table("supply/rare_earth_mine_production")
    noted = rows[(rows["economy"] == "CHN") & rows["note"].notna()]
    assert sorted(noted["year"]) == [2023, 2024]
    (note,) = noted["note"].unique()
    said = supply.remarks(supply.mine_output("rare_earths"), ["CHN", "CHN", "JPN"])
    assert said == (
        f"On the figures of USGS for China in 2023 and 2024 the data note: “{note}”. In 2023 and "
        "2024 the series has the same tonnes as these figures."
    )
    assert "quota" in said
    early = supply.mine_output("rare_earths").query("year < 2020")
    assert supply.remarks(early, ["CHN"]) == ""


def test_a_by_product_is_not_said_to_be_mined():
    notes = table("reference/products").dropna(subset=["note"]).set_index("label_en")["note"]
    assert "germanium" in notes["Zinc ore and concentrate"]
    assert supply.carriers("germanium") == ["zinc ore and concentrate"]
    assert supply.output_name("germanium") == "output"
    assert supply.output_name("cobalt") == "mine output"
    assert chain.question("germanium", "mining") == "Who produces the world's germanium?"
    assert chain.what_there_is("germanium", "all").startswith("Of germanium the data hold output")


def test_what_follows_a_number_of_tonnes():
    assert supply.content("lithium") == " of Li2O content"
    assert supply.content("cobalt") == ""


# The stages as published


def test_bounds_of_a_page_follow_its_hedges():
    def bounds(*rows):
        return chain.stage_hhi(pd.DataFrame(rows))

    assert bounds(page("CHN", 0.9)) == pytest.approx((0.81, 0.82), **EXACT)
    assert bounds(page("CHN", 0.9, qualifier="at_least")) == pytest.approx((0.81, 1), **EXACT)
    ranged = page("CHN", 0.85, 0.9, "range"), page("MYS", 0.08)
    low, high = 0.85**2 + 0.08**2, 0.9**2 + 0.08**2 + 0.02**2
    assert bounds(*ranged) == pytest.approx((low, high), **EXACT)
    assert all(map(math.isnan, bounds(page("CHN", 0.9, qualifier="up_to"))))


def test_a_range_of_a_small_producer_takes_the_end_that_gives_more():
    low, high = chain.stage_hhi(pd.DataFrame([page("JPN", 0.1, 0.3, "range")]))
    assert low == pytest.approx(0.01, **EXACT)
    assert high == pytest.approx(0.1**2 + 0.9**2, **EXACT)


def test_pages_that_disagree_widen_the_bounds_and_are_not_added():
    rows = [page("CHN", 0.9, url="a"), page("CHN", 0.8, url="b")]
    assert chain.stage_hhi(pd.DataFrame(rows)) == pytest.approx((0.64, 0.82), **EXACT)


def test_known_bounds_of_magnets_2010_and_metal_2025():
    rows = chain.stage_figures(EVER)
    rows = rows[rows["whole"]].set_index(["stage", "year"])
    low, high = chain.stage_hhi(rows.loc[("magnet", 2010)].reset_index())
    assert (round(low, 4), round(high, 4)) == (0.6677, 0.6679)
    assert chain.stage_hhi(rows.loc[("metal", 2025)].reset_index()) == pytest.approx((0.81, 1))


def test_every_single_economy_of_the_table_is_a_figure_but_no_projection():
    rows = table("supply/stage_shares")
    rows = rows[rows["economy"].notna() & (rows["measure"] != "projection")]
    rows = rows[rows["year"].between(*EVER)]
    found = chain.stage_figures(EVER)
    assert len(found) == len(rows)
    assert found["year"].max() == 2025
    assert set(found[found["stage"] == "metal"]["economy"]) == {"CHN", "EST"}
    assert set(found[found["stage"] == "magnet"]["economy"]) == {"CHN", "JPN", "VNM"}


def test_a_printed_range_is_no_middle():
    found = chain.stage_figures((2025, 2025))
    ranged = found[found["qualifier"] == "range"]
    assert set(ranged["printed"]) == {"60% to 70%", "85% to 90%"}


def test_newest_figures_name_each_economy_of_a_stage_in_its_newest_year():
    found = chain.newest_figures(chain.stage_figures(EVER), ["magnet"])
    listed = found[["stage", "place", "year", "printed"]].values.tolist()
    assert ["magnet", "Japan", 2025, "about 5%"] in listed
    assert ["magnet", "Vietnam", 2022, "1%"] in listed
    assert ["metal_to_magnet", "Japan", 2022, "6%"] in listed
    assert not found.duplicated(["stage", "scope_group", "economy", "said"]).any()


@pytest.mark.parametrize(
    ("economy", "stages", "sentence"),
    [
        ("CHN", ["magnet"], "NdFeB magnets about 92% (2025, uncertain), 94% (2024)"),
        ("CHN", ["metal"], "metal making at least 90% (2025, uncertain)"),
        ("MYS", ["separation"],
         "separation about 8% (2025, uncertain), of the magnet elements 5% (2023)"),
        ("VNM", list(chain.STAGES), "NdFeB magnets 1% (2022)"),
        ("BRA", list(chain.STAGES), ""),
        ("CHN", ["mining"], ""),
    ],
)  # fmt: skip
def test_newest_shares_as_a_sentence(economy, stages, sentence):
    assert chain.stage_sentence(chain.stage_figures(EVER), economy, stages) == sentence


def test_the_answer_names_the_largest_and_the_one_in_question():
    found = chain.stage_figures(EVER)
    answer = chain.later_answer(found, "BRA", chain.STAGES)
    assert answer.startswith("Published shares of China after the mine: separation ")
    assert answer.endswith("No share of Brazil after the mine is in the data.")
    of_china = chain.later_answer(found, "CHN", ["metal"])
    assert of_china == "Published shares of China: metal making at least 90% (2025, uncertain)."
    assert chain.later_answer(found[:0], "CHN", chain.STAGES) == ""


def test_share_and_hhi_by_year():
    found = chain.by_year("rare_earths", "CHN", chain.STAGES, (2005, 2025)).set_index("year")
    assert list(found.index) == list(range(2025, 2004, -1))
    assert found.at[2025, "mining_share"] == "69.4%"
    assert found.at[2024, "mining_span"] == "67.8% to 74.9%"
    assert found.at[2025, "separation_share"] == "85% to 92%, uncertain"
    assert found.at[2021, "separation_share"] == "85% to 87%"
    assert found.at[2010, "magnet_hhi"] == "0.67"
    assert pd.isna(found.at[2024, "metal_share"])
    assert set(found.columns) <= set(figures.COLUMNS)


def test_share_and_hhi_by_year_of_one_stage_and_of_another_material():
    found = chain.by_year("rare_earths", "JPN", ["magnet"], EVER)
    assert list(found.columns) == ["year", "magnet_share", "magnet_hhi"]
    assert found["magnet_share"].dropna().tolist() == ["about 5%, uncertain", "19.3%"]
    cobalt = chain.by_year("cobalt", "COD", chain.STAGES, EVER)
    assert list(cobalt.columns) == ["year", "output_of_all", "output_hhi"]
    assert set(cobalt.columns) <= set(figures.COLUMNS)
    assert list(cobalt["year"]) == list(range(2024, 2017, -1))


# Sections and titles


@pytest.mark.parametrize(
    ("material", "stage", "years", "sections"),
    [
        ("rare_earths", "all", EVER,
         {"mining", "later", "exports", "reserves", "prices", "abundance"}),
        ("rare_earths", "mining", EVER, {"mining", "reserves", "abundance"}),
        ("rare_earths", "magnet", EVER, {"later", "prices"}),
        ("rare_earths", "metal", (1995, 2015), {"exports", "prices"}),
        ("rare_earths", "all", (1992, 1993), {"mining", "reserves", "abundance"}),
        ("cobalt", "all", EVER, {"mining", "exports"}),
        ("germanium", "all", EVER, {"mining"}),
        ("copper", "mining", EVER, {"mining", "exports"}),
        ("cobalt", "magnet", EVER, set()),
    ],
)  # fmt: skip
def test_only_sections_with_data_are_shown(material, stage, years, sections):
    assert chain.sections(material, stage, years) == sections


def test_each_stage_asks_its_own_question():
    stages = ["all", *chain.STAGES]
    titles = {chain.question("rare_earths", stage) for stage in stages}
    assert len(titles) == len(stages)
    assert chain.question("aluminium", "mining") == "Who mines the world's bauxite?"


def test_an_unknown_stage_is_refused():
    with pytest.raises(ValueError, match="not one of all, mining, separation"):
        chain.stages_asked("smelting")


def test_what_there_is_names_the_years():
    assert chain.what_there_is("cobalt", "magnet") == (
        "Of cobalt the data hold mine output of 2018–2024."
    )
    assert chain.basis("cobalt", "magnet", EVER).empty
    assert chain.basis("cobalt", "all", (1995, 2010)).empty


# Exports, reserves, prices, abundance


def test_exports_are_of_the_codes_of_the_stage():
    found = chain.exports("rare_earths", EVER, ["metal"])
    assert list(found["stage"]) == ["metal"]
    flows = pd.read_parquet(
        ROOT / "data/trade/baci_minerals.parquet",
        filters=[("product", "==", "280530"), ("year", "==", 2024)],
    )
    sums = flows.groupby("exporter")["value_usd"].sum() / flows["value_usd"].sum()
    row = found.iloc[0]
    assert row["year"] == 2024
    assert row["share_value"] == pytest.approx(sums.max(), **EXACT)
    assert row["hhi"] == pytest.approx((sums**2).sum(), **EXACT)


def test_reserves_are_of_the_newest_edition_and_missing_ones_stay_missing():
    rows = table("supply/reserves")
    rows = rows[(rows["edition"] == "MCS2026") & ~rows["economy"].isin(["WLD", "ROW"])]
    held = rows.set_index("economy")["reserves_t"]
    found = resources.reserves().set_index("economy")
    assert found.at["CHN", "reserve_share"] == pytest.approx(held["CHN"] / held.sum(), **EXACT)
    assert found.at["CHN", "output_share"] == pytest.approx(270_000 / best(2025).sum(), **EXACT)
    assert math.isnan(found.at["MMR", "reserves_t"])
    assert math.isnan(found.at["GRL", "years_left"])  # no output, so no ratio
    facts = resources.reserve_facts(found.reset_index())
    assert facts["unknown"] == "India, Madagascar, Myanmar, Nigeria, Thailand"


def test_reserves_over_output_has_two_digits_and_a_trace_is_not_zero():
    found = resources.reserves().set_index("economy")
    assert found.loc[["CHN", "VNM", "RUS", "USA"], "years_left"].tolist() == [160, 23_000, 1500, 37]
    assert found.loc[["CHN", "VNM", "GRL"], "output_part"].tolist() == ["69%", "under 0.1%", "0%"]
    assert found.at["CHN", "reserve_part"] == "52%"


def test_averages_and_ranges_of_prices_are_never_mixed():
    found = resources.magnet_prices(EVER)
    assert (found["price"].isna() == found["low"].notna()).all()
    assert not found.duplicated(["year", "element"]).any()
    assert found.loc[found["low"].notna(), "year"].max() == 2013
    of = found.set_index(["element", "year"])
    assert of.at[("terbium", 2020), "price"] == 670  # 628 in an older edition
    assert of.loc[("terbium", 2011), ["low", "high"]].tolist() == [2800, 2820]
    assert ("terbium", 2025) not in of.index


def test_the_widest_swing_is_of_averages_only():
    swing = resources.price_swing(resources.magnet_prices(EVER))
    assert (swing["element"], swing["low"], swing["high"]) == ("terbium", 415, 2051)
    assert (swing["low_year"], swing["high_year"]) == ("2016", "2022")
    assert resources.price_swing(resources.magnet_prices((2011, 2013))) == {}


def test_abundance_leaves_out_what_has_no_natural_supply():
    found = resources.abundance()
    elements = table("reference/elements")
    assert set(elements["symbol"]) - set(found["symbol"]) == {"Pm"}
    assert found["ppm"].sum() == pytest.approx(184.4, **EXACT)
    assert found["name"].iloc[0] == "cerium"
    assert found["name"].iloc[-1] == "thulium"


def test_abundance_beside_other_metals():
    found = resources.abundance()
    metals = resources.yardsticks(found)
    ppm = table("reference/crustal_abundance").set_index("name")["crustal_abundance_ppm"]
    assert set(ppm.index) - set(metals["name"]) == {"aluminium", "iron"}
    facts = resources.abundance_facts(found, metals, "tin")
    rare = table("reference/elements")["crustal_abundance_ppm"]
    assert facts["above"] == (rare > ppm["tin"]).sum() == 11
    assert (facts["rarest"], facts["times"]) == ("gold", 200)
    assert 150 < rare[rare > 0.001].min() / ppm["gold"] < 250


# Figures


def test_a_range_of_prices_is_not_joined_to_the_averages():
    """Ranges end in 2013, averages begin in 2014: no stroke leads from one to the other."""
    axes = figures.plot_prices(figures.canvas(), resources.magnet_prices((2011, 2015)))
    for line in axes.lines:
        drawn = pd.Series(line.get_ydata(), line.get_xdata(), dtype=float)
        assert 2013 not in drawn.dropna().index or 2014 not in drawn.dropna().index


def test_the_stage_figure_has_a_row_for_each_economy_of_each_stage():
    later = chain.later_figures(chain.stage_figures(EVER), chain.STAGES)
    axes = figures.plot_stages(figures.canvas(), later)
    labels = [label.get_text() for label in axes.get_yticklabels()]
    pairs = later.drop_duplicates(["stage", "economy"])
    assert len(labels) == len(pairs) + later["stage"].nunique()
    assert labels[:3] == ["Separation", "China", "Malaysia"]


def test_a_splice_lies_between_two_years():
    axes = figures.mark_splices(figures.canvas(), [2018, 2025])
    assert [line.get_xdata()[0] for line in axes.lines] == [2017.5, 2024.5]


# Parameters and the notebook


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"start_year": 1991}, "year 1991 is out of range; the data cover 1992-2025"),
        ({"end_year": 2026}, "year 2026 is out of range; the data cover 1992-2025"),
        ({"start_year": 2020, "end_year": 2010}, "start_year 2020 comes after end_year 2010"),
        ({"end_year": "2025"}, "end_year must be int"),
        ({"stage": "smelting"}, "'smelting' is not one of all, mining, separation, metal, magnet"),
        ({"exporter": "CHX"}, "unknown economy 'CHX'"),
        ({"material": "rare earth"}, "closest: rare_earths"),
    ],
)
def test_wrong_parameters_are_refused(given, message):
    with pytest.raises(ParameterError, match=re.escape(message)):
        parameters.check(NOTEBOOK, given)


def test_years_of_the_supply_tables_are_allowed():
    years = {"start_year": 1992, "end_year": 2025}
    assert parameters.check(NOTEBOOK, years).items() >= years.items()
    assert supply.year_range() == EVER


def ran(tmp_path, **given) -> dict:
    """Run the notebook: what it recorded, the tables it read, its text."""
    notebook = papermill.execute_notebook(
        NOTEBOOK, tmp_path / "out.ipynb", parameters=given, cwd=NOTEBOOK.parent, progress_bar=False
    )
    outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    assert not [o for o in outputs if o.output_type == "stream"], "no warning and no print"
    shown = [o.data for o in outputs]
    return {
        "record": next(d[RECORD_MIME] for d in shown if RECORD_MIME in d),
        "tables": {t["name"] for t in next(d[SOURCES_MIME] for d in shown if SOURCES_MIME in d)},
        "text": "\n".join(d.get("text/markdown", "") for d in shown),
    }


def test_a_page_on_another_material_is_short_and_reads_no_table_of_rare_earths(tmp_path):
    page = ran(tmp_path, material="cobalt", exporter="COD")
    rows = table("supply/mine_production")
    rows = rows[(rows["material"] == "cobalt") & (rows["year"] == 2024)].set_index("economy")
    share = rows.at["COD", "quantity_t"] / rows["quantity_t"].sum()
    assert page["record"]["numbers"]["share"] == pytest.approx(share, **EXACT)
    assert not page["tables"] & {
        "rare_earth_mine_production", "mine_production_overlaps", "stage_shares", "reserves",
        "oxide_prices", "elements", "crustal_abundance",
    }  # fmt: skip
    headings = re.findall(r"^## (.+)$", page["text"], re.M)
    assert headings == [
        "Mining",
        "The world outside the DR Congo",
        "Share and HHI by year",
        "Exports",
    ]


def shown_answer(page: dict) -> str:
    """The first text after the title."""
    return page["text"].split("\n")[1]


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        (
            {"material": "lithium", "exporter": "AUS"},
            "By World Mining Data, Australia had **38%** of the world's mine output of lithium in "
            "2024; the HHI of mine output is 0.24. Outside Australia, output was 372,000 tonnes of "
            "Li2O content, 62% of all. ",
        ),
        (
            {"material": "germanium"},
            "By World Mining Data, China had **93%** of the world's output of germanium in 2024; "
            "the HHI of output is 0.87. Outside China, output was an estimated 10 tonnes, 7% of "
            "all. ",
        ),
        (
            {"stage": "mining", "exporter": "VNM"},
            "By USGS, China had an estimated **69%** of the world's mine output of rare earths in "
            "2025 (in 2024 publishers ranged from 68% to 75%); the HHI of mine output is 0.51. "
            "Outside Vietnam, output was an estimated 389,000 tonnes of REO content, over 99.9% of "
            "all. ",
        ),
        (
            {"material": "cobalt", "exporter": "JPN"},
            "By World Mining Data, the DR Congo had **75%** of the world's mine output of cobalt "
            "in 2024; the HHI of mine output is 0.57. Japan is not among the producers that are "
            "listed in that year. ",
        ),
    ],
)
def test_the_answer_of_a_page(tmp_path, given, answer):
    page = ran(tmp_path, **given)
    assert shown_answer(page) == answer
    assert "mine output" not in page["text"] or given.get("material") != "germanium"


def test_a_page_on_one_stage_of_an_economy_without_mines(tmp_path):
    page = ran(tmp_path, stage="magnet", exporter="JPN")
    assert page["record"]["numbers"]["magnet_year"] == 2025
    assert page["record"]["numbers"]["magnet_most"] == 0.05
    assert "mine output" not in page["text"].split("## After the mine")[0]
    headings = re.findall(r"^## (.+)$", page["text"], re.M)
    assert headings == ["After the mine", "Share and HHI by year", "Prices of the magnet elements"]


def test_stages_after_the_mine_have_figures_for_rare_earths_only():
    for material, stage in itertools.product(["rare_earths", "lithium"], ["all", *chain.STAGES]):
        found = chain.basis(material, stage, EVER)
        expected = material == "rare_earths" or stage in ("all", "mining")
        assert bool(len(found)) == expected, (material, stage)
