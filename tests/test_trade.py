"""Trade: known answers of the bundled data by two ways, properties, wrong input."""

import math
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rareearths import risk, trade
from rareearths.catalogue import UnknownCode

BACI = Path(__file__).parents[1] / "data/trade/baci_minerals.parquet"
COLUMNS = ["year", "exporter", "importer", "product", "value_usd", "quantity_t"]
CANONICAL = [*COLUMNS, "source"]
# Written down here, not read from products.csv, so that the two ways share nothing.
CODES = {
    "rare_earths": ["280530", "284610", "284690"],
    "280530": ["280530"],
    "graphite": ["250410", "250490"],
    "cobalt": ["282200", "810510"],
    "lithium": ["282520", "283691"],
}
EXACT = {"rel": 0, "abs": 1e-12}
given_many = settings(max_examples=40)


# Known answers, each by the library and by a plain query of the file.


@pytest.fixture(scope="module")
def plain():
    """The file as it is, read without the library."""
    return pq.read_table(BACI).to_pandas()


def select(plain, importer, product, year):
    wanted = plain["product"].isin(CODES[product]) & (plain["importer"] == importer)
    return plain[wanted & (plain["year"] == year)]


def plain_shares(rows, column):
    amounts = rows.groupby("exporter")[column].sum()
    return amounts[amounts > 0] / amounts.sum()


@pytest.mark.parametrize(
    ("importer", "product", "exporter", "year", "value", "tonnes"),
    [
        ("JPN", "rare_earths", "CHN", 2009, 64.4, 82.7),
        ("JPN", "rare_earths", "CHN", 2018, 41.9, 57.2),
        ("JPN", "rare_earths", "CHN", 2020, 34.2, 47.3),
        ("JPN", "rare_earths", "CHN", 2024, 37.8, 66.1),
        ("JPN", "280530", "CHN", 2024, 24.4, 62.0),
        ("USA", "rare_earths", "CHN", 2024, 67.6, 77.9),
        ("USA", "graphite", "CHN", 2024, 66.7, 46.4),
        ("USA", "cobalt", "NOR", 2024, 23.1, 20.1),
        ("KOR", "rare_earths", "CHN", 2024, 50.3, 65.2),
        ("KOR", "graphite", "CHN", 2024, 93.3, 97.3),
        ("KOR", "cobalt", "CHN", 2024, 46.7, 24.3),
        ("DEU", "rare_earths", "CHN", 2024, 36.7, 57.2),
        ("DEU", "cobalt", "CHN", 2024, 4.6, 5.4),
        ("JPN", "lithium", "CHL", 2024, 16.5, 16.0),
    ],
)
def test_known_shares(plain, importer, product, exporter, year, value, tonnes):
    flows = trade.load_flows(importer, products=product, years=year)
    found = trade.dependence(flows, exporter).loc[year]
    assert (round(100 * found["share_value"], 1), round(100 * found["share_tonnes"], 1)) == (
        value,
        tonnes,
    )
    rows = select(plain, importer, product, year)
    by_value = plain_shares(rows, "value_usd")
    by_tonnes = plain_shares(rows, "quantity_t")
    assert found["share_value"] == pytest.approx(by_value[exporter], **EXACT)
    assert found["share_tonnes"] == pytest.approx(by_tonnes[exporter], **EXACT)
    gap = by_tonnes[exporter] - by_value[exporter]
    assert found["gap"] == pytest.approx(gap, **EXACT)
    for basis, shares in (("value", by_value), ("tonnes", by_tonnes)):
        hhi = risk.concentration(flows, basis).at[year, "hhi"]
        assert hhi == pytest.approx((shares**2).sum(), **EXACT)


@pytest.mark.parametrize(
    ("importer", "product", "year", "china", "others"),
    [
        ("JPN", "rare_earths", 2009, 9.86, 22.33),
        ("JPN", "rare_earths", 2024, 12.19, 39.22),
        ("JPN", "280530", 2024, 11.84, 59.88),
        ("USA", "graphite", 2024, 2.95, 1.27),
        ("KOR", "cobalt", 2024, 21.23, 7.80),
        ("DEU", "rare_earths", 2024, 6.61, 15.27),
    ],
)
def test_known_unit_values(plain, importer, product, year, china, others):
    flows = trade.load_flows(importer, products=product, years=year)
    found = trade.unit_values(flows, "CHN").loc[year]
    assert found.round(2).to_dict() == {"exporter": china, "others": others}
    rows = select(plain, importer, product, year).dropna(subset=["quantity_t"])
    for name, part in (("CHN", found["exporter"]), ("rest", found["others"])):
        of_part = rows[(rows["exporter"] == "CHN") == (name == "CHN")]
        per_kg = of_part["value_usd"].sum() / (1000 * of_part["quantity_t"].sum())
        assert part == pytest.approx(per_kg, rel=1e-12, abs=0)


@pytest.mark.parametrize(("year", "percent"), [(1996, 17.4), (2009, 94.9), (2024, 100.0)])
def test_known_quantity_coverage(plain, year, percent):
    found = trade.quantity_coverage(trade.load_flows("JPN", products="rare_earths", years=year))
    assert round(100 * found[year], 1) == percent
    rows = select(plain, "JPN", "rare_earths", year)
    known = rows.loc[rows["quantity_t"].notna(), "value_usd"].sum()
    assert found[year] == pytest.approx(known / rows["value_usd"].sum(), **EXACT)


def test_all_flows_are_the_whole_file(plain):
    flows = trade.load_flows()
    pd.testing.assert_frame_equal(flows[COLUMNS], plain[COLUMNS])


def test_a_year_range_includes_both_ends():
    flows = trade.load_flows("JPN", "CHN", "rare_earths", (2010, 2012))
    assert sorted(flows["year"].unique()) == [2010, 2011, 2012]
    assert set(flows["importer"]) == {"JPN"}
    assert set(flows["exporter"]) == {"CHN"}
    assert set(flows["product"]) == set(CODES["rare_earths"])


@pytest.mark.parametrize("product", CODES)
def test_materials_and_codes_mean_their_products(product):
    assert sorted(trade.product_codes(product)) == CODES[product]
    assert sorted(trade.product_codes(CODES[product])) == CODES[product]


# Properties, on synthetic flows.

EXPORTERS = ["CHN", "USA", "AUS", "VNM"]


@st.composite
def synthetic_flows(draw):
    """Make synthetic flows to one importer; about a third of the weights is not known."""
    keys = st.tuples(
        st.integers(2000, 2003), st.sampled_from(EXPORTERS), st.sampled_from(["280530", "284610"])
    )
    chosen = draw(st.lists(keys, min_size=1, max_size=20, unique=True))
    weights = st.integers(1, 10**9).map(lambda kilograms: kilograms / 1000)
    return as_flows(
        (*key, draw(st.integers(1, 10**9)), draw(weights | weights | st.just(math.nan)))
        for key in chosen
    )


def as_flows(rows) -> pd.DataFrame:
    columns = ["year", "exporter", "product", "value_usd", "quantity_t"]
    flows = pd.DataFrame(list(rows), columns=columns).astype({"quantity_t": "float64"})
    return flows.assign(importer="JPN", source="synthetic")[CANONICAL]


@given_many
@given(synthetic_flows())
def test_shares_of_a_year_sum_to_one(flows):
    for basis, column in (("value", "value_usd"), ("tonnes", "quantity_t")):
        shares = trade.supplier_shares(flows, basis)
        sums = shares.groupby("year")["share"].sum()
        assert sums.to_numpy() == pytest.approx(1, **EXACT)
        # A year is there exactly when any amount is known.
        assert set(sums.index) == set(flows.loc[flows[column].notna(), "year"])
        assert shares["share"].gt(0).all()


@given_many
@given(synthetic_flows())
def test_dependence_on_all_exporters_sums_to_one(flows):
    each = [trade.dependence(flows, exporter) for exporter in EXPORTERS]
    for basis, column in (("value", "value_usd"), ("tonnes", "quantity_t")):
        sums = sum(one[f"share_{basis}"] for one in each)
        known = sums.index.isin(flows.loc[flows[column].notna(), "year"])
        assert sums[known].to_numpy() == pytest.approx(1, **EXACT)
        assert sums[~known].isna().all()  # missing, not zero


@given_many
@given(synthetic_flows())
def test_the_gap_is_tonnes_minus_value(flows):
    found = trade.dependence(flows, "CHN")
    expected = found["share_tonnes"] - found["share_value"]
    pd.testing.assert_series_equal(found["gap"], expected, check_names=False, check_exact=True)
    assert found["gap"].dropna().between(-1, 1).all()


@given_many
@given(synthetic_flows())
def test_a_missing_quantity_stays_missing_and_the_coverage_says_so(flows):
    totals = trade.supplier_totals(flows).set_index(["year", "exporter"])
    for key, rows in flows.groupby(["year", "exporter"]):
        known = rows[rows["quantity_t"].notna()]
        assert totals.at[key, "value_usd"] == rows["value_usd"].sum()
        assert totals.at[key, "value_with_quantity_usd"] == known["value_usd"].sum()
        if known.empty:
            assert math.isnan(totals.at[key, "quantity_t"])
        else:
            assert totals.at[key, "quantity_t"] == pytest.approx(known["quantity_t"].sum())
    coverage = trade.quantity_coverage(flows)
    for year, rows in flows.groupby("year"):
        known = rows.loc[rows["quantity_t"].notna(), "value_usd"].sum()
        assert coverage[year] == pytest.approx(known / rows["value_usd"].sum(), **EXACT)


@given_many
@given(synthetic_flows())
def test_no_function_changes_its_input(flows):
    before = flows.copy(deep=True)
    for basis in trade.BASES:
        trade.supplier_shares(flows, basis)
        risk.concentration(flows, basis)
    trade.dependence(flows, "CHN")
    trade.unit_values(flows, "CHN")
    pd.testing.assert_frame_equal(flows, before)


def test_dependence_tells_zero_from_missing():
    flows = as_flows(
        [
            (2000, "CHN", "280530", 100, math.nan),
            (2002, "CHN", "280530", 100, 2.0),
            (2002, "USA", "280530", 300, 6.0),
            (2003, "USA", "280530", 300, 1.0),
        ]
    )
    found = trade.dependence(flows, "CHN")
    expected = pd.DataFrame(
        {
            "share_value": [1.0, math.nan, 0.25, 0.0],
            "share_tonnes": [math.nan, math.nan, 0.25, 0.0],
            "gap": [math.nan, math.nan, 0.0, 0.0],
            "quantity_coverage": [0.0, math.nan, 1.0, 1.0],
        },
        index=pd.RangeIndex(2000, 2004, name="year"),
    )
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_unit_values_use_only_flows_with_a_weight():
    flows = as_flows(
        [
            (2001, "CHN", "280530", 6000, 2.0),
            (2001, "CHN", "284610", 9999, math.nan),
            (2001, "USA", "280530", 5000, 1.0),
            (2001, "AUS", "280530", 7000, 3.0),
            (2002, "USA", "280530", 1000, 1.0),
        ]
    )
    found = trade.unit_values(flows, "CHN")
    assert found.loc[2001].to_dict() == {"exporter": 3.0, "others": 3.0}
    assert math.isnan(found.at[2002, "exporter"])
    assert found.at[2002, "others"] == 1.0


# Empty selections and wrong input.


def test_an_empty_selection_has_the_canonical_columns():
    flows = trade.load_flows("AIA", "CHN", "280530", 1995)
    assert list(flows.columns) == CANONICAL
    assert flows.empty
    full = trade.load_flows("JPN", "CHN", "280530", 2024)
    assert flows.dtypes.to_dict() == full.dtypes.to_dict()


def test_an_empty_selection_has_empty_shares_and_no_dependence():
    flows = trade.load_flows("AIA", "CHN", "280530", 1995)
    for basis in trade.BASES:
        shares = trade.supplier_shares(flows, basis)
        assert shares.empty
        assert list(shares.columns) == ["year", "exporter", "amount", "share"]
    with pytest.raises(ValueError, match="no flows"):
        trade.dependence(flows, "CHN")


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("JPM", "JPN (Japan)"),
        ("jpn", "JPN (Japan)"),
        ("Japan", "JPN (Japan)"),
        ("Germny", "DEU (Germany)"),
        ("United State", "USA (United States)"),
    ],
)
def test_an_unknown_economy_names_the_closest(wrong, near):
    calls = [
        lambda: trade.load_flows(importer=wrong),
        lambda: trade.load_flows(exporter=wrong),
        lambda: trade.dependence(as_flows([(2001, "CHN", "280530", 1, 1.0)]), wrong),
        lambda: trade.unit_values(as_flows([(2001, "CHN", "280530", 1, 1.0)]), wrong),
    ]
    for call in calls:
        with pytest.raises(UnknownCode) as error:
            call()
        assert repr(wrong) in str(error.value)
        assert near in str(error.value)


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("28053", "280530"),
        ("rare_earth", "rare_earths"),
        ("Graphite", "graphite"),
        ("cobolt", "cobalt"),
        (["280530", "284691"], "284690"),
    ],
)
def test_an_unknown_product_names_the_closest(wrong, near):
    with pytest.raises(UnknownCode, match=rf"\b{near}\b"):
        trade.load_flows("JPN", products=wrong)


@pytest.mark.parametrize(
    ("years", "message"),
    [
        ((2020, 2010), "reversed: 2020 comes after 2010"),
        ((1990, 2000), "the data cover 1995-2024"),
        ((2020, 2025), "the data cover 1995-2024"),
        (1994, "the data cover 1995-2024"),
        (2025, "the data cover 1995-2024"),
    ],
)
def test_wrong_years_are_refused(years, message):
    with pytest.raises(ValueError, match=message):
        trade.load_flows("JPN", years=years)


@pytest.mark.parametrize("basis", ["weight", "Value", "", None])
def test_a_wrong_basis_is_refused(basis):
    flows = as_flows([(2001, "CHN", "280530", 1, 1.0)])
    with pytest.raises(ValueError, match="not one of value, tonnes"):
        trade.supplier_shares(flows, basis)


def test_labels_exist_in_both_languages():
    for language in ("en", "ja"):
        assert set(trade.product_labels(language)) == set(trade.product_codes())
        for names in (trade.economy_names, trade.material_names, trade.product_labels):
            assert all(isinstance(text, str) and text for text in names(language).values())
    assert trade.economy_names("ja")["JPN"] == "日本"


# Tables of the reports.


def test_the_supplier_table_has_the_largest_first():
    flows = as_flows(
        [
            (2001, "CHN", "280530", 6000, 2.0),
            (2001, "CHN", "284610", 1000, math.nan),
            (2001, "USA", "280530", 9000, 6.0),
            (2001, "VNM", "280530", 4000, math.nan),
            (2002, "AUS", "280530", 99_999, 1.0),
        ]
    )
    found = trade.supplier_table(flows, 2001).set_index("exporter")
    assert list(found.index) == ["USA", "CHN", "VNM"]
    assert list(found["name"]) == ["United States", "China", "Vietnam"]
    assert list(found["share_value"]) == [0.45, 0.35, 0.2]
    assert found["share_tonnes"].tolist()[:2] == [0.75, 0.25]
    assert found["usd_per_kg"].tolist()[:2] == [1.5, 3.0]
    assert found.loc["VNM", ["quantity_t", "share_tonnes", "usd_per_kg"]].isna().all()
    assert list(trade.supplier_table(flows, 2001, top=1)["exporter"]) == ["USA"]


def test_the_product_table_has_one_row_a_code_that_was_imported():
    flows = trade.load_flows("JPN", products="rare_earths", years=2024)
    found = trade.product_table(flows, "CHN", 2024).set_index("product")
    assert list(found.index) == CODES["rare_earths"]
    assert list(found["stage"]) == ["metal", "compound", "compound"]
    assert found["value_usd"].sum() == flows["value_usd"].sum()
    metals = found.loc["280530", ["share_value", "share_tonnes"]]
    assert [round(100 * share, 1) for share in metals] == [24.4, 62.0]


def test_the_latest_year_has_both_shares_where_any_year_has():
    flows = as_flows(
        [(2001, "CHN", "280530", 1, 1.0), (2002, "CHN", "280530", 1, math.nan)],
    )
    assert trade.latest_year(trade.dependence(flows, "CHN")) == 2001
    without_weights = flows.assign(quantity_t=math.nan)
    assert trade.latest_year(trade.dependence(without_weights, "CHN")) == 2002


def test_reported_imports_of_the_united_states_stand_above_baci():
    flows = trade.load_flows("USA", products="280530")
    found = trade.compare_reported(flows, "USA", "CHN").set_index("year")
    assert found["ratio"].round(1).loc[2020:2024].tolist() == [1.0, 1.0, 2.2, 2.9, 1.0]
    baci = flows[(flows["exporter"] == "CHN") & (flows["year"] == 2022)]
    assert found.at[2022, "baci_usd"] == baci["value_usd"].sum()
    assert trade.compare_reported(trade.load_flows("DEU"), "DEU", "CHN").empty


def test_published_shares_are_of_the_selection_and_not_of_low_confidence():
    found = trade.load_published("JPN", "CHN", "rare_earths")
    assert set(found["confidence"]) == {"high", "medium"}
    assert found["start_year"].is_monotonic_increasing
    assert trade.load_published("JPN", "CHN", "tin").empty


def test_names_in_a_sentence():
    assert trade.economy_in_text("USA") == "the United States"
    assert trade.economy_in_text("JPN") == "Japan"


def test_a_published_share_is_compared_on_its_own_basis():
    """Korea 2018: 42 % of the value as published is close to BACI's value, far from its tonnes."""
    shares = trade.dependence(trade.load_flows("KOR", products="rare_earths"), "CHN")
    published = trade.load_published("KOR", "CHN", "rare_earths")
    rows = trade.beside_published(published, shares)
    by_value = rows[(rows["period"] == "2018") & (rows["basis"] == "value")].iloc[0]
    assert by_value["computed"] == by_value["computed_value"] == shares.loc[2018, "share_value"]
    assert by_value["difference"] == pytest.approx(0.42 - shares.loc[2018, "share_value"])
    by_tonnes = rows[(rows["period"] == "2005") & (rows["basis"] == "tonnes")].iloc[0]
    assert by_tonnes["computed"] == shares.loc[2005, "share_tonnes"]


def test_a_period_is_compared_with_the_mean_of_its_years():
    shares = trade.dependence(trade.load_flows("USA", products="rare_earths"), "CHN")
    published = trade.load_published("USA", "CHN", "rare_earths")
    rows = trade.beside_published(published, shares)
    window = rows[rows["period"] == "2021–2024"].iloc[0]
    mean = shares.loc[2021:2024, "share_tonnes"].mean()
    assert window["computed_tonnes"] == pytest.approx(mean, rel=1e-12)
