"""Breaks: a published series, planted breaks, refusals."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from rareearths.breaks import find_breaks


def yearly(values, first="1871"):
    return pd.Series(values, pd.period_range(first, periods=len(values), freq="Y"), dtype=float)


def test_the_nile_breaks_in_1899():
    flow = sm.datasets.nile.load_pandas().data["volume"].to_numpy()
    found = find_breaks(yearly(flow))
    assert [str(p) for p in found["first"]] == ["1871", "1899"]
    assert found["mean"].round(2).tolist() == [1097.75, 849.97]  # Cobb (1978)


def test_two_planted_breaks():
    noise = np.random.default_rng(1).normal(0, 0.1, 30)
    y = yearly(noise + np.repeat([0, 1, -1], 10), "1995")
    assert [str(p) for p in find_breaks(y)["first"]] == ["1995", "2005", "2015"]


def test_noise_breaks_one_time_in_twenty():
    noise = np.random.default_rng(0).normal(size=(200, 25))
    false_alarms = sum(len(find_breaks(yearly(y))) > 1 for y in noise)
    assert 2 <= false_alarms <= 21  # 99.8 % of a binomial with 200 trials and p = 0.05


def test_missing_ends_are_cut_and_gaps_refused():
    y = yearly([np.nan, 1, 1.1, 1, 5, 5.1, 5, 5.2, np.nan])
    assert [str(p) for p in find_breaks(y)["first"]] == ["1872", "1875"]
    y.iloc[4] = np.nan
    with pytest.raises(ValueError, match="gap inside"):
        find_breaks(y)
    with pytest.raises(ValueError, match="5 years; 6 are needed"):
        find_breaks(yearly([1, 2, 3, 4, 5]))
