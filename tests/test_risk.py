"""Concentration: limits, published worked examples, properties, the bundled data."""

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from rareearths import risk, trade
from rareearths.catalogue import UnknownCode

DATA = ROOT / "data"

EXACT = {"rel": 1e-12, "abs": 1e-12}


def as_shares(amounts: list[int]) -> list[float]:
    return [amount / sum(amounts) for amount in amounts]


shares = st.lists(st.integers(1, 10**9), min_size=1, max_size=40).map(as_shares)


def test_one_supplier_is_full_concentration():
    assert risk.hhi([1.0]) == 1.0
    assert risk.effective_suppliers([1.0]) == 1.0


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 10, 100])
def test_equal_suppliers(n):
    assert risk.hhi([1 / n] * n) == pytest.approx(1 / n, **EXACT)
    assert risk.effective_suppliers([1 / n] * n) == pytest.approx(n, **EXACT)


def test_a_supplier_of_nothing_does_not_count():
    assert risk.hhi([0.7, 0.3, 0.0]) == risk.hhi([0.7, 0.3])


@pytest.mark.parametrize(
    ("percent", "points"),
    [
        # US Department of Justice, page "Herfindahl-Hirschman Index".
        ([30, 30, 20, 20], 2600),
        # Investopedia, "Herfindahl-Hirschman Index": eight participants.
        ([10, 9, 12, 15, 12, 11, 15, 16], 1296),
    ],
)
def test_published_examples(percent, points):
    assert risk.hhi([p / 100 for p in percent]) == pytest.approx(points / 10_000, **EXACT)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([], "no shares"),
        ([0.5, math.nan], "missing"),
        ([0.5, None], "missing"),
        ([1.5, -0.5], "negative"),
        ([0.5, 0.4], "sum to 0.9"),
        ([50, 50], "sum to 100"),
        ([math.inf], "sum to inf"),
    ],
)
@pytest.mark.parametrize("index", [risk.hhi, risk.effective_suppliers])
def test_wrong_shares_are_refused(index, wrong, message):
    with pytest.raises(ValueError, match=message):
        index(wrong)


@given(shares)
def test_hhi_lies_between_equality_and_monopoly(values):
    assert 1 / len(values) - 1e-12 <= risk.hhi(values) <= 1 + 1e-12


@given(shares)
def test_effective_suppliers_lie_between_one_and_their_number(values):
    assert 1 - 1e-9 <= risk.effective_suppliers(values) <= len(values) + 1e-9


@given(shares.flatmap(lambda values: st.tuples(st.just(values), st.permutations(values))))
def test_the_order_does_not_matter(both):
    values, shuffled = both
    assert risk.hhi(shuffled) == pytest.approx(risk.hhi(values), **EXACT)


@given(shares.filter(lambda values: len(values) > 1))
def test_a_merger_of_two_suppliers_adds_twice_their_product(values):
    first, second, *rest = values
    gain = risk.hhi([first + second, *rest]) - risk.hhi(values)
    assert gain == pytest.approx(2 * first * second, abs=1e-12)


def synthetic(rows: list[tuple]) -> pd.DataFrame:
    """Make synthetic flows: year, exporter, value_usd, quantity_t."""
    flows = pd.DataFrame(rows, columns=["year", "exporter", "value_usd", "quantity_t"])
    return flows.assign(importer="JPN", product="280530", source="synthetic")


def test_concentration_by_year_and_basis():
    flows = synthetic(
        [
            (2001, "CHN", 50, 8.0),
            (2001, "USA", 30, 2.0),
            (2001, "VNM", 20, math.nan),
            (2002, "CHN", 10, math.nan),
        ]
    )
    by_value = risk.concentration(flows)
    assert by_value.loc[2001].tolist() == pytest.approx([0.38, 1 / 0.38, 3], **EXACT)
    assert by_value.loc[2002].tolist() == [1, 1, 1]
    by_tonnes = risk.concentration(flows, "tonnes")
    assert list(by_tonnes.index) == [2001]  # without a known weight there is no index
    assert by_tonnes.loc[2001].tolist() == pytest.approx([0.68, 1 / 0.68, 2], **EXACT)


def test_concentration_of_nothing_is_empty():
    assert risk.concentration(synthetic([])).empty


def test_concentration_refuses_an_unknown_basis():
    with pytest.raises(ValueError, match="value, tonnes"):
        risk.concentration(synthetic([(2001, "CHN", 1, 1.0)]), "kilograms")


@pytest.mark.parametrize(
    ("importer", "material", "by_value", "by_tonnes"),
    [
        ("JPN", "rare_earths", 0.266052, 0.463186),
        ("USA", "rare_earths", 0.476820, 0.618008),
        ("KOR", "graphite", 0.870456, 0.946273),
        ("DEU", "cobalt", 0.121108, 0.147846),
    ],
)
def test_known_concentration_of_2024(importer, material, by_value, by_tonnes):
    flows = trade.load_flows(importer, products=material, years=2024)
    assert round(risk.concentration(flows).at[2024, "hhi"], 6) == by_value
    assert round(risk.concentration(flows, "tonnes").at[2024, "hhi"], 6) == by_tonnes


# GeoPolRisk.


@pytest.mark.parametrize(("year", "score"), [(2022, 0.28149), (2023, 0.23919), (2024, 0.25186)])
def test_geopolrisk_of_japan_as_published(year, score):
    """The values of the authors' own program, geopolrisk-py 2.0.1."""
    assert round(risk.geopolrisk("rare_earths", "JPN", year).score, 5) == score


def test_geopolrisk_is_the_product_of_its_factors_by_plain_queries():
    made = risk.geopolrisk("rare_earths", "KOR", 2024, unrated=())
    mined = pd.read_csv(DATA / "supply/mine_production.csv")
    mined = mined[(mined["material"] == "rare_earths") & (mined["year"] == 2024)]
    shares = mined["quantity_t"] / mined["quantity_t"].sum()
    stability = pd.read_csv(DATA / "governance/political_stability.csv").query("year == 2024")
    stability = stability.set_index("economy")["normalised"]
    where = [("importer", "==", "KOR"), ("year", "==", 2024)]
    where.append(("product", "in", ["280530", "284610", "284690"]))
    flows = pd.read_parquet(DATA / "trade/baci_minerals.parquet", filters=where)
    flows = flows.dropna(subset=["quantity_t"])
    instability = flows["exporter"].map(stability).fillna(0.5)
    by_hand = (instability * flows["quantity_t"]).sum() / flows["quantity_t"].sum()
    assert made.hhi == pytest.approx((shares**2).sum(), rel=1e-12)
    assert made.import_risk == pytest.approx(by_hand, rel=1e-12)
    assert made.score == made.hhi * made.import_risk


def test_own_mines_are_credited_at_every_stage():
    """The known flaw: ore that is shipped abroad lowers the score of the United States."""
    scores = {
        year: risk.geopolrisk("rare_earths", "USA", year).score for year in (2018, 2019, 2020)
    }
    assert scores[2020] < scores[2018] / 3
    assert risk.geopolrisk("rare_earths", "USA", 2018).import_risk < 0.5


@pytest.mark.parametrize("importer", ["JPN", "USA", "KOR", "DEU", "FRA"])
@pytest.mark.parametrize("material", ["rare_earths", "graphite", "cobalt", "lithium"])
def test_geopolrisk_lies_between_zero_and_one(material, importer):
    made = risk.geopolrisk(material, importer, 2024)
    assert 0 < made.score <= made.hhi <= 1
    assert 0 < made.import_risk <= 1
    assert 0.9 < made.coverage <= 1


def test_geopolrisk_refuses_what_the_data_do_not_hold():
    with pytest.raises(UnknownCode, match="rare_earths"):
        risk.geopolrisk("rare earths", "JPN", 2024)
    with pytest.raises(UnknownCode, match="Japan"):
        risk.geopolrisk("rare_earths", "JAP", 2024)
    with pytest.raises(ValueError, match="mine production of rare_earths in 2017 is not known"):
        risk.geopolrisk("rare_earths", "JPN", 2017)
    with pytest.raises(ValueError, match="imported no germanium of known weight"):
        risk.geopolrisk("germanium", "JPN", 2024)
