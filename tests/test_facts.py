"""What the codebook (data/README.md) says of the data, asserted from the files by plain pandas.

Shares are rounded as the codebook prints them, so that a changed figure fails.
"""

import re
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import pandas as pd
import pytest

DATA = Path(__file__).parents[1] / "data"
RARE_EARTHS = ["280530", "284610", "284690"]
AGGREGATES = ["WLD", "ROW"]
TEXT = ("product", "hs_codes", "since", "until", "claimed_date", "priority", "date")


@cache
def table(path: str) -> pd.DataFrame:
    """Read a table; empty cells only are missing, so that "NA" as printed stays."""
    types = dict.fromkeys(TEXT, "str")
    return pd.read_csv(
        DATA / f"{path}.csv", keep_default_na=False, na_values=[""], dtype=types, low_memory=False
    )


@cache
def baci() -> pd.DataFrame:
    path = DATA / "trade/baci_minerals.parquet"
    return pd.read_parquet(path, filters=[("product", "in", RARE_EARTHS)])


def where(rows: pd.DataFrame, **values) -> pd.DataFrame:
    """Rows in which each column has the value, or one of the values, given."""
    for column, value in values.items():
        one_of = value if isinstance(value, list | set | range) else [value]
        rows = rows[rows[column].isin(one_of)]
    return rows


def the(rows: pd.DataFrame, column: str, **values):
    """The one value that there is."""
    (value,) = where(rows, **values)[column]
    return value


def percent(share: float) -> float:
    return round(100 * share, 1)


def share_of(rows: pd.DataFrame, exporter: str, column: str = "value_usd") -> float:
    return where(rows, exporter=exporter)[column].sum() / rows[column].sum()


def million(rows: pd.DataFrame) -> int:
    return round(rows["value_usd"].sum() / 1e6)


def words(column: pd.Series) -> set[str]:
    """Every word of cells that hold several, separated by a semicolon."""
    return set(column.dropna().str.split(";").explode())


# The nine cautions, numbered.


@pytest.mark.parametrize(
    ("year", "here", "published"),
    [
        (2009, 82.7, {84, 85, 85.49}),
        (2018, 57.2, {58}),
        (2020, 47.3, {58}),
        (2024, 66.1, {70, 71, 71.9}),
    ],
)
def test_1_baci_runs_below_the_published_shares_of_japan(year, here, published):
    flows = where(baci(), importer="JPN", year=year)
    pages = where(
        table("trade/published_shares"),
        importer="JPN", exporter="CHN", material="rare_earths",
        start_year=year, end_year=year, comparable=True,
    )  # fmt: skip
    assert percent(share_of(flows, "CHN", "quantity_t")) == here
    assert set((100 * pages["share"]).round(2)) == published


def test_2_baci_understates_us_imports_of_metals_from_china_in_two_years_only():
    flow = {"importer": "USA", "exporter": "CHN", "product": "280530"}
    reported = where(table("trade/reported_imports"), **flow).set_index("year")["value_usd"]
    ratio = (reported / where(baci(), **flow).set_index("year")["value_usd"]).dropna()
    assert ratio.round(1).to_dict() == {
        2018: 1.0, 2019: 1.0, 2020: 1.0, 2021: 1.0, 2022: 2.2, 2023: 2.9, 2024: 1.0,
    }  # fmt: skip


def test_3_value_and_tonnes_tell_different_stories():
    flows = where(baci(), importer="JPN", year=2024, product="280530")
    assert percent(share_of(flows, "CHN")) == 24.4
    assert percent(share_of(flows, "CHN", "quantity_t")) == 62.0


def magnets_to_japan(year: int) -> pd.DataFrame:
    return where(table("trade/magnets"), importer="JPN", year=year)


def test_4_the_philippines_and_vietnam_sell_japan_more_magnets_than_china():
    flows = magnets_to_japan(2024)
    shares = {code: percent(share_of(flows, code)) for code in ("PHL", "VNM", "CHN")}
    assert shares == {"PHL": 33.1, "VNM": 28.5, "CHN": 28.2}
    by_weight = flows.groupby("exporter")["quantity_t"].sum() / flows["quantity_t"].sum()
    assert (by_weight.idxmax(), percent(by_weight.max())) == ("CHN", 36.7)


def test_4_the_philippines_of_2013_are_an_artefact():
    years = (2012, 2013, 2014)
    sold = [million(where(magnets_to_japan(year), exporter="PHL")) for year in years]
    assert sold == [277, 34, 193]
    assert [percent(share_of(magnets_to_japan(y), "CHN")) for y in years] == [21.5, 51.8, 25.9]


def mined(economy: str, year: int, source: str, edition: str | None = None) -> float:
    rows = where(
        table("supply/rare_earth_mine_production"), economy=economy, year=year, source=source
    )
    return the(rows if edition is None else where(rows, edition=edition), "quantity_t")


def test_5_usgs_restates_the_last_year():
    restated = {"AUS": (13_000, 29_000), "NGA": (13_000, 1_500), "THA": (13_000, 2_100)}
    for code, figures in restated.items():
        editions = tuple(mined(code, 2024, "USGS", f"MCS{year}") for year in (2025, 2026))
        assert editions == figures
    assert mined("AUS", 2024, "World Mining Data") == 20_100
    assert mined("AUS", 2024, "BGS") == 10_908


def test_6_the_stoppage_of_2010_is_marked_contested():
    events = table("policy/events")
    assert set(events.loc[events["contested"], "event_id"]) == {
        "chn-jpn-civil-ree-curbs-2026",
        "chn-jpn-informal-embargo-2010",
        "chn-oct9-suspension-2025",
        "usa-chn-beijing-summit-2026",
        "usa-chn-truce-extension-2026",
    }


def test_7_the_series_of_events_all_but_ends_in_june_2026():
    events = table("policy/events")
    late = events[events["date"].str[:7] > "2026-06"]
    assert late[["date", "confidence"]].to_numpy().tolist() == [["2026-09-24", "low"]]


def test_7_events_are_dense_in_2025_and_2026():
    per_year = table("policy/events")["date"].str[:4].value_counts()
    assert per_year[["2025", "2026"]].to_dict() == {"2025": 34, "2026": 32}
    assert per_year.drop(["2025", "2026"]).max() == per_year["2010"] == 11
    assert per_year.sum() == 134


def test_7_four_instruments_are_no_policy():
    events = table("policy/events")
    no_policy = {"supply_disruption", "resource_discovery", "election", "contextual_event"}
    assert (events["instrument"].isin(no_policy) == ~events["is_policy"]).all()
    assert (~events["is_policy"]).sum() == 14


def test_8_five_elements_were_never_under_control_and_seven_still_are():
    events = table("policy/events").set_index("event_id")
    seven, five = events.loc["chn-7ree-licensing-2025"], events.loc["chn-5ree-licensing-2025"]
    assert (five["date"], five["date_effective"]) == ("2025-10-09", "2025-11-08")
    assert events.loc["chn-oct9-suspension-2025", "date_effective"] == "2025-11-07"
    assert (five["status"], seven["status"]) == ("suspended", "in_force")
    assert seven["date_effective"] == "2025-04-04"
    state = table("reference/elements").groupby("china_control")["symbol"].agg(set)
    assert state["suspended"] == {"Ho", "Er", "Tm", "Eu", "Yb"} == set(five["materials"].split(";"))
    assert state["in_force"] == {"Sm", "Gd", "Tb", "Dy", "Lu", "Sc", "Y"}
    assert state["in_force"] < set(seven["materials"].split(";"))
    assert len(state["none"]) == 17 - 5 - 7


def test_9_world_exports_alone_do_not_flag_rare_earths():
    exports = baci().groupby(["product", "year", "exporter"])["value_usd"].sum()
    shares = exports / exports.groupby(["product", "year"]).transform("sum")
    hhi = (shares**2).groupby(["product", "year"]).sum().loc[:, 2013:]
    assert (round(hhi.min(), 2), round(hhi.max(), 2)) == (0.15, 0.28)
    assert len(hhi) == 3 * 12


def test_weights_of_rare_earths_are_thin_before_2000():
    flows = where(baci(), importer="JPN", year=range(1995, 2000))
    weighed = flows[flows["quantity_t"].notna()].groupby("year")["value_usd"].sum()
    covered = (100 * weighed / flows.groupby("year")["value_usd"].sum()).round()
    assert (covered.min(), covered.max()) == (17, 31)
    assert where(baci(), year=1996, product=["284610", "284690"])["quantity_t"].isna().all()


# Every row has a source.

SOURCE = {
    "trade/magnets": ["source"],
    "trade/magnets_coverage": ["source"],
    "trade/china_monthly_exports": ["source"],
    "trade/japan_customs": ["source_url"],
    "trade/china_export_quotas": ["source_title", "source_url"],
    "trade/china_customs": ["source_url"],
    "trade/eu_magnet_imports": ["source"],
    "trade/published_shares": ["publisher", "source_title", "source_url"],
    "supply/rare_earth_mine_production": ["source", "edition", "source_ref"],
    "supply/mine_production_overlaps": ["source_a", "edition_a", "source_b", "edition_b"],
    "supply/reserves": ["source", "edition", "source_url"],
    "supply/oxide_prices": ["source", "edition", "source_url"],
    "supply/stage_shares": ["publisher", "source_title", "source_url"],
    "supply/projects": ["source_title", "source_url"],
    "supply/japan_demand": ["source", "source_url"],
    "supply/stockpile_recycling": ["source", "source_url"],
    "supply/us_salient_statistics": ["source", "edition", "source_url"],
    "supply/us_import_sources": ["source", "edition", "source_url"],
    "supply/world_production": ["source", "source_url"],
    "policy/sources": ["url"],
    "policy/conflicts": ["event_ids"],
    "policy/to_verify": ["origin"],
    "reference/elements": ["abundance_source_url"],
    "reference/deposit_composition": ["source_title"],
    "reference/blocs": ["source", "source_url"],
    "reference/bloc_members": ["source_url"],
    "scenarios/assumptions": ["source_title", "source_url"],
}


@pytest.mark.parametrize("path", SOURCE)
def test_every_row_has_a_source(path):
    rows = table(path)
    assert rows[SOURCE[path]].notna().all().all()
    addresses = [c for c in SOURCE[path] if c.endswith("url")]
    assert rows[addresses].map(lambda url: url.startswith("http")).all().all()


# Trade.


def test_magnets_are_a_selection():
    rows = table("trade/magnets")
    named = rows["importer"].isin(["JPN", "USA", "DEU", "KOR"]) | (rows["exporter"] == "JPN")
    assert set(rows[~named]["exporter"]) == {"CHN"}
    assert rows[~named]["value_usd"].min() >= 20e6
    assert set(rows["product"]) == {"850511"}


def test_magnets_reach_down_to_the_threshold_of_the_year():
    coverage = table("trade/magnets_coverage").set_index("year")
    smallest = table("trade/magnets").groupby("year")["value_usd"].min()
    threshold = coverage["smallest_value_usd"]
    assert (smallest >= threshold).all()
    assert list(smallest.index[smallest == threshold]) == [2021, 2022, 2024]
    assert (threshold.min(), threshold.max()) == (10_522, 7_002_738)
    assert threshold[[2016, 2017]].tolist() == [163_212, 3_899_996]
    assert coverage["source_text"].isna().sum() == 11
    assert (coverage["hs_revision"] == "HS17").eq(coverage.index >= 2017).all()


def test_magnets_have_weights_in_2024_only():
    rows = table("trade/magnets")
    assert (rows["quantity_t"].notna() == (rows["year"] == 2024)).all()
    assert (rows["year"] == 2024).sum() == 47
    assert (rows["quantity_t"].dropna() % 1 == 0).all()


def test_magnets_know_taiwan_from_2018_and_north_korea_to_2006():
    rows = table("trade/magnets")
    taiwan = rows[(rows["exporter"] == "TWN") | (rows["importer"] == "TWN")]
    assert taiwan["year"].min() == 2018
    assert million(where(taiwan, year=2018, exporter="CHN")) == 83
    korea = rows[(rows["exporter"] == "PRK") | (rows["importer"] == "PRK")]
    assert set(zip(korea["exporter"], korea["year"], strict=True)) == {
        ("JPN", year) for year in range(2002, 2007)
    }
    assert (korea["value_usd"] / 1e6).agg(["min", "max"]).round(1).tolist() == [0.9, 3.7]


def test_china_monthly_exports_have_no_gap():
    rows = table("trade/china_monthly_exports")
    months = set(pd.period_range("2017-01", "2024-12", freq="M").astype(str))
    series = rows.groupby(["partner", "product_group"])["month"].agg(set)
    assert (series == months).all()
    assert set(series.index) == {("WLD", g) for g in ("metals", "compounds", "magnets")} | {
        (code, "all_three") for code in ("DEU", "JPN", "KOR", "USA", "VNM")
    }


def test_china_monthly_exports_are_mostly_magnets():
    world = where(table("trade/china_monthly_exports"), partner="WLD")
    magnets = where(world, product_group="magnets")["value_usd"].sum()
    assert percent(magnets / world["value_usd"].sum()) == 82.5


@pytest.mark.parametrize(("code", "low", "high"), [("284690", -2, 16), ("280530", -13, 6)])
def test_china_monthly_exports_are_near_baci(code, low, high):
    world = where(table("trade/china_monthly_exports"), partner="WLD", hs_codes=code)
    reported = world.groupby(world["month"].str[:4].astype(int))["value_usd"].sum()
    flows = where(baci(), exporter="CHN", product=code, year=set(reported.index))
    change = 100 * (reported / flows.groupby("year")["value_usd"].sum() - 1)
    assert (round(change.min()), round(change.max()), len(change)) == (low, high, 8)


def japan(partner: str = "CHN", **values) -> pd.DataFrame:
    return where(
        table("trade/japan_customs"),
        item="imports", partner=partner, product_scope="rare_earths", **values,
    )  # fmt: skip


def japan_tonnes(period: str, partner: str = "CHN") -> float:
    return the(japan(partner, measure="quantity_t"), "value", period=period)


def test_japan_customs_have_no_gap_around_the_stoppage():
    months = japan(measure="quantity_t", frequency="month")["period"]
    assert sorted(months) == list(pd.period_range("2010-09", "2011-05", freq="M").astype(str))


def test_japan_customs_of_2010():
    months = [japan_tonnes(f"2010-{month:02}") for month in (9, 10, 11, 12)]
    assert months == [2_246, 1_278, 634, 4_080]
    assert japan_tonnes("2010") == 23_310
    assert percent(23_310 / japan_tonnes("2010", "WLD")) == 81.6
    assert round(100 * 634 / japan_tonnes("2010-11", "WLD")) == 54
    assert the(japan(measure="share"), "value", period="2010-11") == 0.54
    assert set(japan(measure="share", period="2010")["value"]) == {0.82, 0.8161}
    assert the(japan(measure="share"), "value", period="2011") == 0.6837
    assert the(japan(measure="share"), "value", period="2009") == 0.8549


def test_japan_customs_by_metal_content_give_china_more_than_by_gross_weight():
    content = {"product_scope": "rare_earths_metal_equivalent", "measure": "share"}
    assert the(table("trade/japan_customs"), "value", **content) == 0.796


def test_japan_customs_line_of_metals_fits_metals_only():
    metals = where(baci(), importer="JPN", product="280530", year=2022)["quantity_t"].sum()
    assert round(metals / 12) == 682
    line = where(
        table("trade/japan_customs"),
        product_scope="rare_earth_metals", measure="quantity_t",
        period=["2022-04", "2022-08", "2022-11"],
    )["value"]  # fmt: skip
    assert sorted(line) == [543.49, 664.84, 856.97]


UNIT = {
    "quantity_t": "t",
    "share": "fraction",
    "change_on_year": "fraction",
    "value_jpy": "JPY",
    "unit_value_jpy_per_kg": "JPY/kg",
}


def test_japan_customs_have_one_unit_a_measure():
    rows = table("trade/japan_customs")
    assert (rows["unit"] == rows["measure"].map(UNIT)).all()
    assert where(rows, measure="share")["value"].between(0, 1).all()


def test_china_and_japan_disagree_on_january_to_september_2010():
    rows = where(table("trade/china_customs"), product="rare_earths", period="2010-01/2010-09")
    assert the(rows, "quantity_t", destination="JPN") == 16_000
    rest = sum(japan_tonnes(f"2010-{month}") for month in (10, 11, 12))
    assert japan_tonnes("2010") - rest == 17_318


def test_export_quotas():
    quotas = table("trade/china_export_quotas").set_index("year")
    assert sorted(set(range(2000, 2011)) - set(quotas.index)) == [2002]
    assert quotas.loc[[2004, 2005, 2009, 2010], "quota_t"].tolist() == [
        45_000, 65_580, 48_155, 30_258,
    ]  # fmt: skip
    assert (quotas["scope"] == "with_joint_ventures").eq(quotas.index >= 2005).all()
    exported = where(table("trade/china_customs"), product="rare_earths", period="2010-01/2010-11")
    assert the(exported, "quantity_t") == 35_000


@pytest.mark.parametrize(
    ("product", "missing"), [("magnets", ["02", "03", "04"]), ("rare_earths", ["09", "10"])]
)
def test_china_customs_miss_months_of_2025(product, missing):
    rows = where(table("trade/china_customs"), product=product, destination="WLD")
    there = set(where(rows, frequency="month")["period"])
    assert [m for m in map("{:02}".format, range(1, 13)) if f"2025-{m}" not in there] == missing


def test_china_customs_add_up_to_the_magnets_of_2025():
    rows = where(table("trade/china_customs"), product="magnets", destination="WLD")
    parts = ["2025-01/2025-09", "2025-10", "2025-11", "2025-12"]
    assert where(rows, period=parts)["quantity_t"].sum() == 57_392
    assert the(rows, "quantity_t", period="2025") == 57_392


@pytest.mark.parametrize("path", ["trade/japan_customs", "trade/china_customs"])
def test_periods_are_as_long_as_their_frequency_says(path):
    rows = table(path)
    start, end = (
        pd.PeriodIndex(rows[column], freq="M") for column in ("period_start", "period_end")
    )
    months = pd.Series([b.ordinal - a.ordinal + 1 for a, b in zip(start, end, strict=True)])
    length = rows["frequency"].map({"month": 1, "quarter": 3, "half": 6, "year": 12})
    assert (months == length.fillna(months)).all()
    assert (months >= 1).all()


@pytest.mark.parametrize(
    ("year", "value", "tonnes"), [(2023, 92.7, 91.6), (2024, 92.7, 91.1), (2025, 92.6, 93.7)]
)
def test_eu_magnets_from_china(year, value, tonnes):
    china = where(table("trade/eu_magnet_imports"), year=year, exporter="CHN").iloc[0]
    assert percent(china["value_eur"] / china["total_value_eur"]) == value
    assert percent(china["quantity_t"] / china["total_quantity_t"]) == tonnes
    assert china["provisional"] == (year == 2025)


def test_eu_magnets_of_eight_origins_are_nearly_all():
    by_year = table("trade/eu_magnet_imports").groupby("year")
    for column, low, high in (("value_eur", 99.4, 99.6), ("quantity_t", 98.8, 99.5)):
        totals = by_year[f"total_{column}"]
        assert (totals.nunique() == 1).all()
        covered = (by_year[column].sum() / totals.first()).map(percent)
        assert (covered.min(), covered.max()) == (low, high)
    assert (by_year.size() == 8).all()


# Supply: mine production.


def mine() -> pd.DataFrame:
    return table("supply/rare_earth_mine_production")


def best(economy: str, year: int) -> float:
    return the(mine(), "quantity_t", economy=economy, year=year, best=True)


def test_best_series_has_one_row_for_each_economy_and_year():
    chosen = mine()[mine()["best"]]
    assert not chosen.duplicated(["economy", "year"]).any()
    assert len(chosen) == mine().groupby(["economy", "year"]).ngroups == 328
    assert chosen["source"].value_counts().to_dict() == {
        "BGS": 208, "World Mining Data": 84, "USGS": 36,
    }  # fmt: skip
    assert set(where(chosen, year=2025)["source"]) == {"USGS"}
    step_4 = chosen[(chosen["source"] == "BGS") & (chosen["year"] >= 2018)]
    assert set(zip(step_4["economy"], step_4["year"], strict=True)) == {
        ("VNM", 2019), ("WLD", 2021), ("WLD", 2022),
    }  # fmt: skip


def test_best_series_follows_its_rule():
    early = ["BGS", "USGS"]
    late = ["World Mining Data", "USGS", "BGS"]
    editions = ["MCS2026", "MCS2025", "MCS2021", "MCS2019", "MCS2016", "historical statistics"]

    def rank(row):
        sources = early if row.year <= 2017 else late
        edition = editions.index(row.edition) if row.source == "USGS" else 0
        return sources.index(row.source), edition

    ranks = pd.Series([rank(row) for row in mine().itertuples()], index=mine().index)
    first = ranks.groupby([mine()["economy"], mine()["year"]]).transform("min")
    assert ((ranks == first) == mine()["best"]).all()


def test_world_mining_data_is_the_same_in_both_tables():
    keys = ["economy", "year", "quantity_t", "status", "edition"]
    one = where(table("supply/mine_production"), material="rare_earths")[keys]
    other = where(mine(), source="World Mining Data")[keys]
    assert set(one.itertuples(index=False)) == set(other.itertuples(index=False))
    assert len(one) == len(other) == 84


def test_best_series_steps_at_its_splices():
    steps = {
        ("CHN", 2017): 140_000, ("CHN", 2018): 120_000,
        ("AUS", 2024): 20_100, ("AUS", 2025): 29_000,
        ("MMR", 2024): 39_400, ("MMR", 2025): 22_000,
        ("MYS", 2024): 5_120, ("MYS", 2025): 110,
    }  # fmt: skip
    assert {step: best(*step) for step in steps} == steps
    assert [mined("CHN", year, "BGS") for year in range(2018, 2022)] == [180_000] * 4


def test_bgs_has_six_tenths_of_the_us_figure():
    usa = where(mine(), economy="USA", year=range(2012, 2025))
    usgs = where(usa, source="USGS").groupby("year")["quantity_t"].agg(set)
    bgs = where(usa, source="BGS").set_index("year")["quantity_t"]
    odd = [y for y, tonnes in bgs[bgs > 0].items() if tonnes * 10 not in {6 * t for t in usgs[y]}]
    assert (len(bgs[bgs > 0]), odd) == (11, [2018])
    assert (bgs[2018], usgs[2018]) == (10_800, {14_000, 15_000})
    assert [best("USA", year) for year in range(2012, 2016)] == [1_800, 3_300, 3_240, 3_540]
    assert bgs[range(2012, 2016)].tolist() == [1_800, 3_300, 3_240, 3_540]
    assert not where(usa, source="BGS", year=range(2018, 2025))["best"].any()


def bgs_world() -> pd.Series:
    return where(mine(), economy="WLD", source="BGS").set_index("year")["quantity_t"]


def test_bgs_may_be_too_high_from_2014():
    world = table("supply/world_production").set_index("year")["quantity_t"]
    exact = (world / bgs_world() - 1).dropna()
    assert percent(exact.loc[:2013].drop([2000, 2010]).abs().max()) == 10.1
    change = (100 * exact).round()
    assert change[[2000, 2010]].tolist() == [13, -17]
    assert set(change.loc[2014:2017]) == {-19, -17}
    assert change[[2010, *range(2014, 2019)]].agg(["min", "max"]).tolist() == [-25, -17]
    assert ((world < bgs_world().reindex(world.index)).sum(), len(change)) == (21, 29)
    assert (mined("CHN", 2013, "BGS"), mined("CHN", 2014, "BGS")) == (95_000, 139_000)


def test_bgs_holds_the_top_producers_only():
    producers = where(mine(), source="BGS").query("economy != 'WLD'")
    assert producers.groupby("year").size().max() == 8
    rest = bgs_world() - producers.groupby("year")["quantity_t"].sum()
    assert percent((rest / bgs_world()).max()) == 0.6
    assert (rest.loc[1995:2017] == 0).all()
    assert (producers["quantity_t"] == 0).sum() == 24


@pytest.mark.parametrize(
    ("year", "total", "printed", "of_total", "of_printed"),
    [
        (2017, 181_653, 181_653, 77.1, 77.1),
        (2018, 182_193, 190_000, 65.9, 63.2),
        (2021, 270_103, 265_296, 62.2, 63.3),
        (2022, 298_667, 283_920, 70.3, 74.0),
        (2023, 397_821, 376_000, 64.1, 67.8),
        (2024, 400_108, 380_000, 67.5, 71.1),
        (2025, 388_760, 390_000, 69.5, 69.2),
    ],
)
def test_a_printed_world_total_is_no_sum_of_the_best_series(
    year, total, printed, of_total, of_printed
):
    rows = where(mine(), year=year, best=True)
    assert rows[~rows["economy"].isin(AGGREGATES)]["quantity_t"].sum() == total
    assert best("WLD", year) == printed
    assert percent(best("CHN", year) / total) == of_total
    assert percent(best("CHN", year) / printed) == of_printed


def test_other_producers_of_usgs():
    assert [best("ROW", year) for year in (2023, 2024, 2025)] == [1_440, 1_000, 550]


def test_status_of_mine_production():
    chosen = where(mine(), source="World Mining Data", economy=["MMR", "MDG", "CHN"])
    assert set(chosen["status"]) == {"reported"}
    assert set(where(mine(), edition="MCS2025")["status"]) == {"estimated"}
    newest = where(mine(), edition="MCS2026").query("year < 2025")
    assert where(newest, status="reported")[["economy", "year"]].to_numpy().tolist() == [
        ["USA", 2024]
    ]
    assert set(newest["status"]) == {"reported", "not_stated"}


def test_overlaps_are_all_pairs_of_the_production_table():
    figure = ["source", "edition", "quantity_t"]
    expected = {
        (*key, frozenset(pair))
        for key, rows in mine().groupby(["economy", "year"])
        for pair in combinations(rows[figure].itertuples(index=False, name=None), 2)
    }
    listed = table("supply/mine_production_overlaps")
    assert expected == {
        (
            row.economy, row.year,
            frozenset({
                (row.source_a, row.edition_a, row.quantity_a_t),
                (row.source_b, row.edition_b, row.quantity_b_t),
            }),
        )
        for row in listed.itertuples()
    }  # fmt: skip
    assert len(listed) == len(expected) == 200
    ratio = (listed["quantity_b_t"] / listed["quantity_a_t"].replace(0, float("nan"))).round(4)
    assert ratio.equals(listed["ratio"])


def test_overlaps_of_sources_differ():
    listed = table("supply/mine_production_overlaps")
    pairs = where(listed, source_a="BGS", source_b="World Mining Data").dropna(subset="ratio")
    gap = (pairs["ratio"] - 1).abs()
    assert (len(gap), (gap <= 0.05).sum(), (gap > 0.5).sum()) == (55, 13, 15)
    assert pairs["year"].agg(["min", "max"]).tolist() == [2018, 2024]


def test_overlaps_of_editions_differ():
    listed = table("supply/mine_production_overlaps")
    pairs = listed[listed["source_a"] == listed["source_b"]]
    zero = pairs[pairs["ratio"].isna()]
    assert set(pairs["source_a"]) == {"USGS"}
    assert (len(pairs), len(listed) - len(pairs), len(zero)) == (27, 173, 6)
    assert (zero[["quantity_a_t", "quantity_b_t"]] == 0).all().all()
    assert ((pairs["ratio"] == 1).sum(), len(pairs) - len(zero)) == (7, 21)
    furthest = where(pairs, year=2024).set_index("economy")["ratio"]
    changes = furthest[["BRA", "AUS", "THA", "NGA"]].round(2)
    assert changes.tolist() == [28.0, 2.23, 0.16, 0.12]
    assert set(furthest[(furthest > 2) | (furthest < 0.2)].index) == {"BRA", "AUS", "THA", "NGA"}


def test_equal_figures_are_one_figure_copied():
    for source, edition in (("BGS", None), ("World Mining Data", None), ("USGS", "MCS2025")):
        assert [mined("CHN", year, source, edition) for year in (2023, 2024)] == [255_000, 270_000]


def test_world_production():
    rows = table("supply/world_production")
    assert (rows["year"].min(), rows["year"].max(), len(rows)) == (1900, 2020, 121)
    assert (rows["quantity_t"] == rows["quantity_t"].map(lambda t: float(f"{t:.3g}"))).all()
    late = rows[rows["year"] >= 1992].set_index("year")["quantity_t"]
    again = where(mine(), edition="historical statistics", economy="WLD")
    assert late.equals(again.set_index("year")["quantity_t"])
    summed = where(mine(), source="World Mining Data").groupby("year")["quantity_t"].sum()
    assert late[[2018, 2019, 2020]].tolist() == [190_000, 219_000, 243_000]
    assert summed[[2018, 2019, 2020]].tolist() == [182_193, 203_365, 229_892]


# Supply: reserves, prices, stages, projects, demand.


def test_reserves_change_by_revision():
    rows = table("supply/reserves")
    printed = rows.pivot(index="economy", columns="edition", values="reserves_as_printed")
    changed = printed[printed["MCS2025"] != printed["MCS2026"]]
    assert changed.T.to_dict("list") == {
        "AUS": ["5700000", "6300000"],
        "IND": ["6900000", "NA"],
        "MYS": ["NA", "710000"],
        "THA": ["4500", "NA"],
        "WLD": [">90000000", ">85000000"],
    }
    known = rows.groupby("economy")["reserves_t"].count()
    assert set(known.index[known == 0]) == {"MMR", "MDG", "NGA", "ROW"}


def test_reserves_add_up_to_the_bound_of_the_world():
    rows = table("supply/reserves")
    parts = rows[rows["economy"] != "WLD"].groupby("edition")["reserves_t"].sum()
    assert (parts / 1e6).round(1).to_dict() == {"MCS2025": 90.9, "MCS2026": 85.3}
    assert set(where(rows, economy="WLD")["qualifier"]) == {"greater_than"}


@pytest.mark.parametrize(
    ("path", "key", "marked"),
    [
        ("supply/oxide_prices", ["year", "product", "measure"], 137),
        ("supply/us_salient_statistics", ["year", "item"], 99),
    ],
)
def test_the_newest_edition_is_marked(path, key, marked):
    rows = table(path)
    newest = rows.groupby(key)["edition"].transform("max")
    assert ((rows["edition"] == newest) == rows["newest_edition"]).all()
    assert rows["newest_edition"].sum() == marked


def test_oxide_prices_of_two_editions():
    rows = table("supply/oxide_prices")
    figures = rows.groupby(["year", "product", "measure"])["low_usd_per_kg"]
    sizes = figures.size()
    assert ((sizes == 2).sum(), sizes.max(), (figures.nunique() == 2).sum()) == (48, 2, 19)
    terbium = where(rows, product="terbium_oxide")
    assert where(terbium, year=2020)["low_usd_per_kg"].tolist() == [628, 670]
    prices = ["low_usd_per_kg", "high_usd_per_kg"]
    in_2014 = where(terbium, year=2014).set_index("measure")[prices]
    assert in_2014.loc["year_end_range"].tolist() == [590, 640]
    assert in_2014.loc["annual_average"].tolist() == [713, 713]


def test_oxide_prices_have_two_measures():
    rows = table("supply/oxide_prices")
    spans = rows.groupby("measure")["year"].agg(["min", "max"])
    assert spans.loc["year_end_range"].tolist() == [2011, 2015]
    assert spans.loc["annual_average"].tolist() == [2014, 2025]
    assert set(where(rows, measure="year_end_range")["edition"]) == {"MCS2016"}
    last = rows.groupby("product")["year"].max()
    assert set(last.index[last < 2025]) == {"dysprosium_oxide", "terbium_oxide"}
    assert set(last[["dysprosium_oxide", "terbium_oxide"]]) == {2024}
    first = rows.groupby("product")["year"].min()
    assert set(first.index[first > 2011]) == {
        "gadolinium_oxide", "samarium_oxide", "praseodymium_oxide", "neodymium_praseodymium_oxide",
    }  # fmt: skip
    assert set(first[first > 2011]) == {2021}


def test_oxide_prices_are_coarse_and_their_last_year_estimated():
    rows = table("supply/oxide_prices")
    old = rows[rows["edition"] != "MCS2026"]
    assert (old[["low_usd_per_kg", "high_usd_per_kg"]] % 1 == 0).all().all()
    cheap = where(old, product=["cerium_oxide", "lanthanum_oxide"]).query("year >= 2016")
    assert set(cheap["low_usd_per_kg"]) == {1, 2}
    last = rows.groupby("edition")["year"].transform("max")
    assert ((rows["year"] == last) == rows["estimated"]).all()
    europium = where(rows, product="europium_oxide")
    purity = europium["edition"].eq("MCS2016").map({True: 0.999, False: 0.9999})
    assert (europium["minimum_purity"] == purity).all()


def test_stage_shares_are_shares():
    rows = table("supply/stage_shares")
    single, low, high = rows["share"], rows["share_low"], rows["share_high"]
    assert single.dropna().between(0, 1).all()
    assert (single.isna() == (low.between(0, 1) & high.between(0, 1) & (low < high))).all()
    assert single.isna().sum() == 2


def test_stage_shares_are_mixed():
    rows = table("supply/stage_shares")
    assert rows["confidence"].value_counts().to_dict() == {"medium": 36, "high": 19, "low": 14}
    several = rows[rows["economy"].isna()]["producer"]
    assert several.value_counts().to_dict() == {
        "TOP3": 2, "AUS+CHN+MMR": 2, "AUS+CHN+MYS": 2, "EUROPE": 1, "CHN-GANZHOU": 1,
    }  # fmt: skip
    projected = rows["measure"] == "projection"
    assert projected.sum() == 8
    assert (projected == (rows["year"] == 2030)).all()
    assert rows["year"].min() == 1984


@pytest.mark.parametrize(
    ("stage", "publisher", "shares"),
    [
        ("magnet", "ANI", {0.85}),
        ("magnet", "MacroPolo", {0.5, 0.87}),
        ("magnet", "Adamas", {0.92}),
        ("magnet", "IEA", {0.94}),
        ("magnet", "Wood Mackenzie", {0.95}),
        ("magnet", "Goldman Sachs", {0.98}),
        ("separation", "White House", {0.85}),
        ("separation", "IEA", {0.77, 0.87, 0.91, 0.92}),
        ("separation", "Goldman Sachs", {0.92}),
        ("mining", "White House", {0.55}),
        ("mining", "IEA", {0.54, 0.61, 0.62, 0.71}),
        ("mining", "Goldman Sachs", {0.69}),
        ("mining", "USGS", {0.69, 0.692}),
    ],
)
def test_publishers_disagree_on_the_stages(stage, publisher, shares):
    rows = where(table("supply/stage_shares"), stage=stage, economy="CHN")
    assert set(rows[rows["publisher"].str.contains(publisher)]["share"]) == shares


def test_the_common_ninety_percent_of_separation_is_of_low_confidence():
    rows = where(table("supply/stage_shares"), stage="separation", economy="CHN", share=0.9)
    assert rows["confidence"].tolist() == ["low"]


def test_projects_that_may_be_summed():
    rows = table("supply/projects")
    assert rows["count_in_capacity"].value_counts().to_dict() == {True: 29, False: 16}
    counted = rows[rows["count_in_capacity"].eq(True)]
    assert not counted["capacity_kind"].isin(["contract", "total"]).any()
    assert not counted["status"].eq("unknown").any()
    assert not counted["economy"].eq("CHN").any()
    assert set(where(counted, basis="feed")["project"]) == {
        "Hai Phong separation and recycling",
        "Kingston, Ontario",
    }
    assert counted[counted["capacity_t_per_year"].isna()]["project"].tolist() == [
        "White Mesa phase 1"
    ]
    assert (rows["confidence"] == "low").sum() == 4


def test_projects_with_particular_figures():
    rows = table("supply/projects").set_index("project")
    ends = ["capacity_low_t_per_year", "capacity_high_t_per_year"]
    assert rows.loc["White Mesa phase 1", ends].tolist() == [850, 1_000]
    mud = rows.loc["Minamitorishima mud trial"]
    assert (mud["capacity_as_given"], mud["basis"]) == ("350", "mud_per_day")
    assert mud[["capacity_t_per_year", *ends]].isna().all()
    pass_ = rows.loc[["Mountain Pass mine", "Mountain Pass separation"]]
    assert pass_["capacity_t_per_year"].tolist() == [45_000, 1_300]
    assert set(pass_["capacity_kind"]) == {"output"}
    assert rows.loc["Phalaborwa", "capacity_kind"] == "average"
    assert rows.loc["Silmet, Sillamae", ["capacity_t_per_year", "basis"]].tolist() == [
        3_000, "not_stated",
    ]  # fmt: skip


def test_japan_demand():
    rows = table("supply/japan_demand")
    total = where(rows, measure="domestic_demand", element="all").set_index("year")["quantity_t"]
    assert list(total.index) == [2013, 2018, 2020, 2022, 2024]
    assert (total.min(), total.max()) == (13_197, 18_835)
    assert the(rows, "quantity_t", measure="imports") == 16_205 > total[2013]
    assert the(rows, "year", weight_basis="oxide_equivalent") == 2013
    parts = rows[rows["element"] != "all"]
    assert parts.groupby("element")["year"].agg(list).to_dict() == {
        "yttrium": [2018, 2020], "europium": [2020], "lanthanum": [2020], "cerium": [2024],
    }  # fmt: skip


def test_stockpile_and_recycling():
    rows = table("supply/stockpile_recycling").set_index(["measure", "scope"])
    assert rows["days"].dropna().tolist() == [60, 180]
    assert rows.loc[("stockpile_target_high_risk", "high-risk minerals"), "qualifier"] == "such_as"
    assert rows.loc["recycling_input_rate", "share"].to_dict() == {
        "heavy_ree": 0.08, "light_ree": 0.03,
    }  # fmt: skip
    assert rows.loc["recycling_rate", "share"].tolist() == [0.01]
    assert rows.loc["largest_supplier_processing", ["supplier", "share"]].to_numpy().tolist() == [
        ["CHN", 0.85]
    ]


@pytest.mark.parametrize(
    ("item", "year", "column", "figures"),
    [
        ("net_import_reliance_compounds_metals", 2024, "share", [0.80, 0.53]),
        ("production_compounds_metals", 2024, "quantity_t", [1_300, 4_300]),
        ("production_compounds_metals", 2023, "quantity_t", [250, 800]),
        ("consumption_apparent", 2024, "quantity_t", [6_600, 9_010]),
        ("consumption_apparent", 2025, "quantity_t", [27_000]),
    ],
)
def test_us_statistics_are_revised(item, year, column, figures):
    rows = where(table("supply/us_salient_statistics"), item=item, year=year)
    assert rows.sort_values("edition")[column].tolist() == figures


def test_us_statistics_are_marked():
    rows = table("supply/us_salient_statistics")
    bounds = where(rows, qualifier="greater_than")
    assert bounds["value_as_printed"].value_counts().to_dict() == {">95": 5, ">90": 1}
    assert (100 * bounds["share"]).round().eq(bounds["value_as_printed"].str[1:].astype(int)).all()
    assert where(rows, qualifier="zero_dash")["quantity_t"].tolist() == [0] * 6
    last = rows["year"] == rows.groupby("edition")["year"].transform("max")
    flows = rows["item"].str.match("production|imports|exports")
    assert (
        rows["estimated"] == (last | (rows["edition"].isin(["MCS2021", "MCS2025"]) & flows))
    ).all()
    assert rows["share"].dropna().between(0, 1).all()


def test_us_items_change_with_the_edition():
    editions = table("supply/us_salient_statistics").groupby("item")["edition"].agg(set)
    assert editions["production_bastnaesite_concentrates"] == {"MCS2016", "MCS2019"}
    assert editions["production_concentrates"] == {"MCS2021", "MCS2025", "MCS2026"}
    assert editions["imports_metals_alloys"] == editions["exports_ores_compounds"] == {"MCS2026"}
    assert "MCS2026" not in editions["imports_metals_sc_y"]
    assert editions["consumption_estimated"] == editions["imports_cerium_compounds"] == {"MCS2016"}
    assert "MCS2016" not in editions["consumption_apparent"] | editions["imports_compounds"]


def test_us_import_sources():
    rows = table("supply/us_import_sources")
    assert rows["share"].between(0, 1).all()
    compounds = where(rows, product="compounds_and_metals")
    periods = compounds.groupby(["start_year", "end_year"])["share"].sum().round(2)
    assert periods.to_dict() == {(2020, 2023): 1, (2021, 2024): 1}
    assert where(compounds, exporter="CHN")["share"].tolist() == [0.70, 0.71]
    yttrium = where(rows, product="yttrium_compounds")
    assert yttrium[["exporter", "share"]].to_numpy().tolist() == [["CHN", 0.93]]


# Policy.

ISO_LENGTH = {"day": 10, "month": 7, "year": 4}


def not_after(one: str, other: str) -> bool:
    """Compare two dates at the precision that both have."""
    digits = min(len(one), len(other))
    return one[:digits] <= other[:digits]


def test_dates_are_in_order_but_for_one():
    broken = []
    for event in table("policy/events").itertuples():
        by_default = event.date if event.date_basis == "announced" else None
        announced = by_default if pd.isna(event.date_announced) else event.date_announced
        dates = [announced, event.date_effective, event.date_end]
        known = [date for date in dates if isinstance(date, str)]
        if not all(not_after(*pair) for pair in pairwise(known)):
            broken.append((event.event_id, *known[:2]))
    assert broken == [("chn-ree-export-reporting-2023", "2023-11-07", "2023-10-31")]


def test_dates_are_as_precise_as_they_say():
    for path, column in (("policy/events", "date"), ("policy/to_verify", "claimed_date")):
        rows = table(path)
        assert (rows[column].str.len() == rows["date_precision"].map(ISO_LENGTH)).all()


def test_the_suspensions_of_november_2025_end_a_year_later():
    events = table("policy/events").set_index("event_id")
    pair = events.loc[["chn-oct9-suspension-2025", "chn-usa-ban-suspension-2025"]]
    assert pair["date_end"].tolist() == ["2026-11-10", "2026-11-27"]
    assert set(pair["status"]) == {"check_expiry"}


def test_events_by_confidence():
    counts = table("policy/events")["confidence"].value_counts().to_dict()
    assert counts == {"high": 98, "medium": 31, "low": 5}


def test_every_event_has_a_page_and_every_page_an_event():
    events, pages = table("policy/events"), table("policy/sources")
    assert set(pages["event_id"]) == set(events["event_id"])
    numbers = pages.groupby("event_id")["n"].agg(list)
    assert numbers.map(lambda n: n == list(range(1, len(n) + 1))).all()
    assert not pages.duplicated(["event_id", "url"]).any()


def test_events_rest_on_at_least_the_pages_listed():
    pages = table("policy/sources")
    stated = table("policy/events").set_index("event_id")["n_sources"]
    opened = pages[pages["opened"]].groupby("event_id").size().reindex(stated.index)
    assert list(stated.index[stated < opened]) == ["usa-chn-truce-extension-2026"]
    assert opened.max() == 3
    assert opened.min() == 1


def test_pages_have_a_kind_where_they_are_the_main_page():
    pages = table("policy/sources")
    described = pages[["title", "publisher", "source_type"]].notna()
    assert described.eq(described["title"], axis=0).all().all()
    assert described["title"][pages["n"] == 1].all()
    assert (~described["title"]).sum() == 156
    copies = ["official_mirror", "machine_summary_of_official"]
    assert not where(pages, source_type=copies)["official"].any()
    assert len(where(pages, source_type="machine_summary_of_official")) == 6
    assert where(pages, source_type="official")["official"].all()
    unopened = pages[~pages["opened"]]
    assert (len(unopened), unopened["official"].all()) == (9, True)


VOCABULARY = [
    ("policy/events", "instrument"),
    ("policy/events", "direction"),
    ("policy/events", "stage"),
    ("policy/events", "status"),
    ("policy/events", "confidence"),
    ("policy/events", "date_basis"),
    ("policy/events", "date_precision"),
    ("policy/sources", "source_type"),
    ("policy/to_verify", "instrument"),
    ("policy/to_verify", "date_precision"),
    ("policy/to_verify", "priority"),
    ("scenarios/assumptions", "confidence"),
    ("supply/stage_shares", "confidence"),
    ("reference/deposit_composition", "confidence"),
]


@pytest.mark.parametrize(("path", "field"), VOCABULARY)
def test_the_vocabulary_covers_every_value_used(path, field):
    assert words(table(path)[field]) <= set(where(table("policy/vocabulary"), field=field)["value"])


def test_codes_are_economies_or_named_regions():
    economies = set(table("reference/economies")["economy"])
    regions = set(where(table("policy/vocabulary"), field="region")["value"])
    events, planned = table("policy/events"), table("policy/to_verify")
    assert words(events["issuers"]) - economies == {"EUU"}
    assert words(events["targets"]) - economies == {"EUU", "WLD"}
    assert words(planned["issuers"]) | words(planned["targets"]) <= economies | regions
    assert words(table("scenarios/assumptions")["region"]) - economies == regions


def test_conflicts_are_numbered_and_name_events():
    conflicts = table("policy/conflicts")
    numbers = [f"C{n:02}" for n in range(1, 27)]
    events = table("policy/events")
    assert list(conflicts["conflict_id"]) == numbers
    assert words(conflicts["event_ids"]) <= set(events["event_id"])
    cited = {n for note in events["notes"].dropna() for n in re.findall(r"\bC(\d+)\b", note)}
    assert {f"C{int(n):02}" for n in cited} < set(numbers)
    assert len(cited) == 20
    contested = where(conflicts, conflict_id=["C03", "C17", "C25"])["event_ids"]
    assert words(contested) <= set(events[events["contested"]]["event_id"])


def test_events_refer_to_events():
    events = table("policy/events")
    assert words(events["related_event_id"]) <= set(events["event_id"])
    assert set(table("policy/to_verify")["candidate_id"]).isdisjoint(events["event_id"])


def test_claims_name_what_these_data_cannot_decide():
    testable = table("policy/claims").set_index("claim_id")["testable"]
    assert testable["mandate-speed"] == "not_yet"
    assert testable.value_counts().to_dict() == {"yes": 12, "partly": 5, "no": 1, "not_yet": 1}


# Reference.


def test_elements():
    rows = table("reference/elements").set_index("symbol")
    assert len(rows) == 17
    assert set(rows.index[rows["main_uses"].isna()]) == {"Pm", "Ho", "Er", "Tm"}
    assert rows["main_uses"].isna().equals(rows["uses_source_url"].isna())
    assert rows["abundance_source_url"].nunique() == 1
    assert rows.loc["Pm", "crustal_abundance_ppm"] == 1e-18
    assert set(rows.index[rows["magnet_element"]]) == {"Nd", "Pr", "Sm", "Dy", "Tb"}
    controlled = rows["china_control"] != "none"
    assert rows["china_control_source_url"].notna().equals(controlled)
    assert rows["china_control_event"].notna().equals(controlled)
    listed = rows[rows["china_control"] == "in_force"]
    assert listed.loc["Sm", "group_light_heavy"] == "light"
    assert listed.loc["Sc", "group_light_heavy"] == "apart"


def test_deposit_shares():
    rows = table("reference/deposit_composition")
    bounds = rows[["share", "share_low", "share_high"]].stack().dropna()
    assert bounds.between(0, 1).all()
    assert (rows["share"].notna() | rows["share_low"].notna()).all()
    sums = rows.groupby(["deposit", "source_title"])["share"].sum()
    assert sums.max().round(4) <= 1
    assert sums["Longnan (Jiangxi)"].round(2).tolist() == [0.97]
    assert sums["Browns Range"].tolist() == [0.083, 0.1]
    second = where(rows, deposit="Longnan (Jiangxi), second source")
    assert {"La", "Ce", "Pr", "Nd"}.isdisjoint(second["element"])
    assert len(where(rows, deposit="Malaysian xenotime")) == 5
    book = rows[rows["source_url"].isna()]
    assert (len(book), book["source_title"].nunique()) == (36, 1)
    odd = where(rows, component="Tb+Dy", confidence="low")
    assert (the(odd, "deposit"), the(odd, "share")) == ("Serra Verde (Pela Ema)", 0.32)


def test_blocs_and_their_members():
    members = table("reference/bloc_members")
    sizes = members.groupby("bloc").size()
    assert set(sizes.index) == set(table("reference/blocs")["bloc"])
    assert set(where(members, bloc="FORGE")["economy"]) == {"USA", "KOR"}
    assert sizes[["MSP", "OECD", "G7", "QUAD"]].tolist() == [14, 38, 7, 4]
    unknown = members[members["since"].isna()]
    assert (len(unknown), len(where(unknown, bloc="OECD"))) == (35, 30)
    assert set(where(unknown, bloc="RCEP")["economy"]) == {"IDN", "MMR", "PHL"}
    assert (where(members, bloc="OECD")["note"] == "Low-grade page").sum() == 3
    dated = members.dropna(subset=["since", "until"])
    assert all(map(not_after, dated["since"], dated["until"]))


@pytest.mark.parametrize(("bloc", "flag"), [("EU27", "eu27"), ("G7", "g7"), ("OECD", "oecd")])
def test_blocs_agree_with_the_groups_of_the_economies(bloc, flag):
    economies = table("reference/economies")
    members = set(where(table("reference/bloc_members"), bloc=bloc)["economy"])
    assert members == set(economies[economies[flag]]["economy"])


# Scenarios.


def assumptions() -> pd.DataFrame:
    return table("scenarios/assumptions")


def test_assumptions_that_are_shares_are_in_range():
    figures = ["value", "low", "high"]
    shares = assumptions()[assumptions()["unit"].fillna("").str.startswith("fraction")]
    assert shares[figures].stack().dropna().between(0, 1).all()
    assert not shares.empty
    ranges = assumptions().dropna(subset=["low", "high"])
    assert (ranges["low"] <= ranges["high"]).all()
    both = ranges.dropna(subset="value")
    assert both["value"].between(both["low"], both["high"]).all()


def test_assumptions_without_a_number_have_no_unit():
    without = assumptions()[["value", "low", "high"]].isna().all(axis=1)
    assert without.sum() == 8
    assert without.equals(assumptions()["unit"].isna())
    assert (assumptions()["confidence"] == "low").sum() == 34


def test_trade_elasticities_of_protee():
    rows = assumptions()[assumptions()["source_title"].str.startswith("ProTEE")]
    by_code = rows["item"].str.extract(r"HS (\d{6})")[0].map(str)
    values = dict(zip(by_code, rows["value"], strict=True))
    assert pd.isna(values.pop("280530"))
    assert values == {"253090": -27.78, "284610": -20.94, "284690": -17.35, "850511": -6.25}


def test_losses_of_japan_in_one_year_differ():
    rows = where(assumptions(), topic="gdp_loss", region="JPN")
    rare_earths = rows[~rows["shock"].str.contains("other critical minerals|3 months", na=False)]
    relative = rare_earths[rare_earths["unit"].fillna("").str.startswith("relative change")]
    assert sorted(relative["value"]) == [-0.013, -0.0088, -0.0043]


def test_forecasts_of_demand_differ():
    rows = where(assumptions(), topic="end_use_demand", region="WLD")
    magnets = where(rows, year=2030, item="demand share (forecast)", end_use="magnets")
    assert sorted(magnets["value"]) == [0.35, 0.40]
    demand = where(rows, item="demand", end_use="magnet rare earths")
    assert [the(demand, "value", year=year) for year in (2022, 2023)] == [59_000, 93_000]
    assert the(rows, "value", item="demand", end_use="all", year=2012) == 105_000


# The codebook itself.


def test_the_index_of_the_codebook_leads_to_every_section_in_order():
    codebook = (DATA / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\| \[(\w+)\]\(#(\w+)\) \|", codebook)
    assert all(name == anchor for name, anchor in links)
    assert [name for name, _ in links] == re.findall(r"^## (\w+)$", codebook, flags=re.MULTILINE)


def test_the_codebook_counts_the_rows():
    codebook = (DATA / "README.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r"^`(\w+/\w+)\.csv` – ([\d,]+)\s+rows", codebook, flags=re.MULTILINE))
    files = {path.relative_to(DATA).with_suffix("").as_posix() for path in DATA.glob("*/*.csv")}
    assert set(stated) == files
    assert {path: f"{len(table(path)):,}" for path in stated} == stated
