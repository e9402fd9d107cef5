"""Parameters of the models: every one has a range, and a source or a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rareearths import assumptions, catalogue
from rareearths.assumptions import Range


def test_every_parameter_has_a_range_and_a_source_or_a_reason():
    rows = catalogue.load(assumptions.TABLE)
    assert (rows["low"] <= rows["value"]).all()
    assert (rows["value"] <= rows["high"]).all()
    judged = rows["kind"] == "judgement"
    assert rows.loc[~judged, "source_url"].notna().all()
    assert rows["note"].str.len().gt(20).all()


def test_a_row_that_rests_on_a_published_figure_names_the_same_page():
    rows = catalogue.load(assumptions.TABLE).dropna(subset=["assumption"])
    pages = catalogue.load("scenario_assumptions").set_index("id")["source_url"]
    assert (rows["assumption"].map(pages) == rows["source_url"]).all()


def test_an_unknown_model_is_named():
    with pytest.raises(catalogue.UnknownCode, match=r"unknown model 'disruptoin'.*disruption"):
        assumptions.load("disruptoin")


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3), st.floats(0, 1))
def test_a_draw_stays_in_its_range(ends, part):
    low, value, high = sorted(ends)
    drawn = Range(low, value, high).at(part)
    assert low - 1e-6 <= drawn <= high + 1e-6


def test_the_quantile_function_is_that_of_the_triangle():
    """At the mode, the probability below it is (value - low) / (high - low)."""
    assert Range(0, 3, 10).at(0.3) == pytest.approx(3)
    assert Range(0, 0, 1).at(0.75) == pytest.approx(0.5)  # density 2 (1 - x)
    assert Range(5, 5, 5).at(0.9) == 5
