"""Decompositions: exact sums, limits at zero, published and independent figures."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rareearths import decompose, trade

FACTOR = st.floats(1e-3, 1e6)
FACTORS = st.tuples(FACTOR, FACTOR, FACTOR).map(lambda v: dict(zip("abc", v, strict=True)))
both_methods = pytest.mark.parametrize("method", [decompose.lmdi, decompose.shapley])


def product(factors: dict) -> float:
    return math.prod(factors.values())


def rounding(before: dict, after: dict) -> float:
    """What rounding can cost: a billionth of the largest product met on the way."""
    return 1e-9 * math.prod(max(before[name], after[name]) for name in before)


@both_methods
@given(before=FACTORS, after=FACTORS)
def test_the_parts_sum_to_the_change(method, before, after):
    change = product(after) - product(before)
    total = sum(method(before, after).values())
    assert total == pytest.approx(change, abs=rounding(before, after))


@both_methods
@given(before=FACTORS, after=FACTORS)
def test_turning_time_round_turns_the_signs(method, before, after):
    there, back = method(before, after), method(after, before)
    for name in there:
        assert there[name] == pytest.approx(-back[name], abs=rounding(before, after))


def test_ends_that_differ_by_rounding_are_no_division_by_zero():
    """Found by a property: the product is the same but for the last bit."""
    before = {"a": 3.0, "b": 1.7554734111472499, "c": 1.7554734111472499}
    after = {"a": before["c"], "b": before["b"], "c": before["a"]}
    parts = decompose.lmdi(before, after)
    assert sum(parts.values()) == pytest.approx(product(after) - product(before), abs=1e-12)
    assert parts["a"] == pytest.approx(-parts["c"])


@both_methods
def test_a_factor_that_does_not_change_contributes_nothing(method):
    parts = method({"a": 3, "b": 5}, {"a": 3, "b": 7})
    assert parts["a"] == 0
    assert parts["b"] == pytest.approx(6, rel=1e-12)


@both_methods
def test_what_vanishes_takes_the_whole_change(method):
    parts = method({"a": 4, "b": 5, "c": 2}, {"a": 4, "b": 0, "c": 2})
    assert parts == {"a": 0, "b": -40, "c": 0}
    assert set(method({"a": 0, "b": 5}, {"a": 0, "b": 9}).values()) == {0}


def test_lmdi_at_zero_is_the_limit_of_small_values():
    """Two factors that vanish together take half each, whatever the third does."""
    exact = decompose.lmdi({"a": 4, "b": 5, "c": 2}, {"a": 0, "b": 0, "c": 3})
    assert exact == {"a": -20, "b": -20, "c": 0}
    distances = []
    for tiny in (1e-20, 1e-60, 1e-150):
        near = decompose.lmdi({"a": 4, "b": 5, "c": 2}, {"a": tiny, "b": tiny, "c": 3})
        distances.append(max(abs(near[name] - exact[name]) for name in exact))
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 0.1


@both_methods
@pytest.mark.parametrize(
    ("before", "after"), [({"a": 1}, {"b": 1}), ({}, {}), ({"a": -1}, {"a": 1})]
)
def test_wrong_factors_are_refused(method, before, after):
    with pytest.raises(ValueError, match="factor"):
        method(before, after)


def test_japan_from_china_2018_to_2024():
    """The figures of the design, and the same by a formula written out here."""
    flows = trade.load_flows("JPN", products="rare_earths")
    rows = decompose.why_changed(flows, "CHN", 2018, 2024).set_index("factor")
    thousands = (rows["lmdi_usd"] / 1000).round()
    assert thousands["volume"] == -48_083
    assert thousands["share"] == 31_071
    assert thousands["unit value"] == -23_423
    value = flows[flows["exporter"] == "CHN"].groupby("year")["value_usd"].sum()
    change = value[2024] - value[2018]
    assert round(change / 1000) == -40_436
    for method in ("lmdi_usd", "shapley_usd"):
        assert rows[method].sum() == pytest.approx(change, abs=1e-9 * value[2018])
    (v0, s0, p0), (v1, s1, p1) = rows.loc[
        ["volume", "share", "unit value"], ["before", "after"]
    ].T.to_numpy()
    by_hand = (v1 - v0) * ((s0 * p0 + s1 * p1) / 3 + (s0 * p1 + s1 * p0) / 6)
    assert rows.at["volume", "shapley_usd"] == pytest.approx(by_hand, rel=1e-9)


@pytest.mark.parametrize("importer", ["USA", "KOR", "DEU", "FRA", "VNM"])
def test_every_pair_of_years_adds_up(importer):
    flows = trade.load_flows(importer, products="rare_earths")
    for first, last in ((2000, 2024), (2010, 2011), (2023, 2024)):
        rows = decompose.why_changed(flows, "CHN", first, last)
        own = flows[flows["exporter"] == "CHN"].groupby("year")["value_usd"].sum()
        change = own.get(last, 0) - own.get(first, 0)
        for method in ("lmdi_usd", "shapley_usd"):
            assert rows[method].sum() == pytest.approx(change, abs=1e-9 * own.max())


def test_a_supplier_that_comes_in_gives_all_to_the_share():
    flows = trade.load_flows("JPN", products="rare_earths")
    flows = flows[~((flows["year"] == 2010) & (flows["exporter"] == "MYS"))]
    rows = decompose.why_changed(flows, "MYS", 2010, 2020).set_index("factor")
    weighed = rows.loc[["volume", "share", "unit value"]]
    assert weighed["lmdi_usd"].to_dict() == {
        "volume": 0,
        "share": pytest.approx(np.prod(weighed["after"])),
        "unit value": 0,
    }


def test_a_year_without_weights_is_refused():
    flows = trade.load_flows("JPN", products="284690")
    with pytest.raises(ValueError, match="no import with a known weight in 1996"):
        decompose.why_changed(flows, "CHN", 1996, 2024)


def test_the_illustration_of_ang():
    """Ang, A Simple Guide to LMDI (2016): 140 to 160 Mtoe, parts +50, -10 and -20.

    The guide prints the parts and no factors. The parts fix the ratios of the factors by the
    formula, and the product of these ratios must then be 160 / 140: that closes the circle.
    """
    printed = {"activity": 50.0, "structure": -10.0, "intensity": -20.0}
    mean = (160 - 140) / math.log(160 / 140)
    ratios = {name: math.exp(part / mean) for name, part in printed.items()}
    assert product(ratios) == pytest.approx(160 / 140, rel=1e-12)
    before = {"activity": 1000.0, "structure": 0.7, "intensity": 0.2}
    assert product(before) == pytest.approx(140)
    after = {name: value * ratios[name] for name, value in before.items()}
    assert product(after) == pytest.approx(160)
    assert decompose.lmdi(before, after) == pytest.approx(printed, rel=1e-9)
    without_saving = product(after) - printed["intensity"]
    assert without_saving == pytest.approx(180), "the guide: no improvement, 180 Mtoe"


# Why the share of tonnes is not the share of value.


def made_flows(rows) -> pd.DataFrame:
    columns = ["year", "exporter", "product", "value_usd", "quantity_t"]
    return pd.DataFrame(rows, columns=columns).assign(importer="JPN", source="made by a test")


@pytest.mark.parametrize("importer", ["JPN", "USA", "KOR", "DEU", "FRA"])
@pytest.mark.parametrize("material", ["rare_earths", "graphite", "cobalt", "lithium"])
def test_the_causes_of_the_gap_sum_to_it(importer, material):
    flows = trade.load_flows(importer, products=material)
    gap = trade.dependence(flows, "CHN")["gap"]
    for year in (2005, 2015, 2024):
        parts = decompose.why_gap(flows, "CHN", year)["part"]
        assert parts.sum() == pytest.approx(gap[year], abs=1e-12)


def test_one_code_has_no_mix_and_equal_prices_have_no_gap():
    one_code = made_flows([(2024, "CHN", "280530", 10, 5.0), (2024, "USA", "280530", 90, 5.0)])
    parts = decompose.why_gap(one_code, "CHN", 2024).set_index("cause")["part"]
    assert parts.to_dict() == {
        "mix of HS codes": 0.0,
        "unit values within codes": pytest.approx(0.4),
        "flows without weight": 0.0,
    }
    two_codes = made_flows([(2024, "CHN", "284610", 10, 10.0), (2024, "USA", "280530", 90, 10.0)])
    parts = decompose.why_gap(two_codes, "CHN", 2024).set_index("cause")["part"]
    assert parts["mix of HS codes"] == pytest.approx(0.4), "a cheap code of its own"
    assert parts["unit values within codes"] == 0


def test_a_supplier_without_any_weight_has_no_mix():
    """Brazil sells France ferro-niobium whose weight is not known: no crash, all in one row."""
    flows = trade.load_flows("FRA", products="niobium")
    own = flows[(flows["exporter"] == "BRA") & (flows["year"] == 2024)]
    assert own["quantity_t"].isna().all()
    parts = decompose.why_gap(flows, "BRA", 2024).set_index("cause")["part"]
    assert parts["mix of HS codes"] == parts["unit values within codes"] == 0
    assert parts["flows without weight"] < -0.8


def test_a_year_without_sales_has_no_unit_value():
    flows = trade.load_flows("JPN", products="rare_earths")
    flows = flows[~((flows["year"] == 2010) & (flows["exporter"] == "MYS"))]
    rows = decompose.why_changed(flows, "MYS", 2010, 2020).set_index("factor")
    assert math.isnan(rows.at["unit value", "before"])
    assert rows.at["unit value", "after"] > 0


def test_value_without_weight_has_a_row_of_its_own():
    flows = made_flows([(2024, "CHN", "280530", 10, 5.0), (2024, "USA", "280530", 10, None)])
    parts = decompose.why_gap(flows, "CHN", 2024).set_index("cause")["part"]
    assert parts["flows without weight"] == 0.5
    with pytest.raises(ValueError, match="no import with a known weight in 2020"):
        decompose.why_gap(flows, "CHN", 2020)
