"""Event study: known coefficients, a second Newey-West, ranks, cuts, and the events of the data."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rareearths import events, evidence, policy, series, trade, verdicts
from rareearths.catalogue import UnknownCode

STOP = "chn-jpn-informal-embargo-2010"


def yearly(values, first="2000"):
    return pd.Series(values, pd.period_range(first, periods=len(values), freq="Y"), dtype=float)


def day(text):
    return pd.Timestamp(text)


def noisy(n=12, seed=0):
    return yearly(np.random.default_rng(seed).normal(size=n))


def newey_west(y, x, lags):
    """Newey and West (1987) written out: errors of least squares, Bartlett weights."""
    inverse = np.linalg.inv(x.T @ x)
    residuals = y - x @ (inverse @ x.T @ y)
    scores = x * residuals[:, None]
    middle = scores.T @ scores
    for lag in range(1, lags + 1):
        product = scores[lag:].T @ scores[:-lag]
        middle += (1 - lag / (lags + 1)) * (product + product.T)
    n, terms = x.shape
    return np.sqrt(np.diag(inverse @ middle @ inverse) * n / (n - terms))


@pytest.mark.parametrize(("n", "lags"), [(12, 2), (16, 2), (48, 3)])
def test_errors_equal_a_second_implementation(n, lags):
    y = noisy(n, seed=n)
    sample = events.cut(y, day(f"{2000 + n // 2}-01-01"), n // 2)
    made = events.interrupted(sample)
    design = events.design_matrix(sample)
    errors = newey_west(sample.y, design.to_numpy(), lags)
    assert made.lags == lags
    assert made.error == pytest.approx(errors[list(design).index("level")], rel=1e-9)
    freedom = n - 4
    assert made.p == pytest.approx(2 * stats.t.sf(abs(made.t), freedom), rel=1e-9)
    half = stats.t.ppf(0.975, freedom) * made.error
    assert (made.low, made.high) == pytest.approx((made.level - half, made.level + half))


def test_known_coefficients_of_an_interrupted_series():
    """y = 10 + 0.5 t - 3 D + 0.25 t D, the year of the event left out, and its own trend."""
    time = np.arange(13) - 7
    after = time >= 0
    y = yearly(10 + 0.5 * time - 3 * after + 0.25 * time * after)
    y.iloc[6] = 99  # the year of the event
    sample = events.cut(y + 1e-9 * noisy(13), day("2006-09-21"))
    made = events.interrupted(sample)
    assert made.level == pytest.approx(-3, abs=1e-7)
    assert made.slope == pytest.approx(0.25, abs=1e-7)
    assert made.baseline.iloc[-1] == pytest.approx(10 + 0.5 * 5, abs=1e-6)
    assert (made.n_before, made.n_after) == (6, 6)


@given(step=st.floats(-5, 5), seed=st.integers(0, 50))
def test_a_step_moves_the_level_and_nothing_else(step, seed):
    y = noisy(seed=seed)
    after = np.arange(12) >= 6
    plain, moved = (
        events.interrupted(events.cut(y + amount * after, day("2006-01-01")))
        for amount in (0, step)
    )
    assert moved.level - plain.level == pytest.approx(step, abs=1e-8)
    assert moved.error == pytest.approx(plain.error, rel=1e-6)
    assert moved.slope == pytest.approx(plain.slope, abs=1e-8)
    assert moved.change - plain.change == pytest.approx(step, abs=1e-8)


def test_month_effects_are_no_step():
    months = pd.period_range("2017-01", periods=60, freq="M")
    noise = np.random.default_rng(2).normal(0, 0.01, 60)
    y = pd.Series(
        np.sin(2 * np.pi * months.month / 12) + noise - 0.5 * (months >= "2020-01"), months
    )
    made = events.interrupted(events.cut(y, day("2020-01-01")))
    assert made.level == pytest.approx(-0.5, abs=0.02)


def test_smallest_effect_has_the_power_it_claims():
    """White noise with a step of the smallest size: the t-test with the true error finds 80 %."""
    made = events.interrupted(events.cut(noisy(), day("2006-01-01")))
    reach = made.smallest / made.error
    found = stats.nct.sf(stats.t.ppf(0.975, 8), 8, reach) + stats.nct.cdf(
        -stats.t.ppf(0.975, 8), 8, reach
    )
    assert found == pytest.approx(0.8, abs=0.01)


def test_the_period_of_the_event_belongs_to_neither_side():
    y = noisy(20)
    late = events.cut(y, day("2010-09-21"))
    assert [str(p) for p in late.periods] == [
        str(y) for y in [*range(2004, 2010), *range(2011, 2017)]
    ]
    first = events.cut(y, day("2010-01-01"))
    assert [str(p) for p in first.periods] == [str(y) for y in range(2004, 2016)]


@pytest.mark.parametrize(
    ("gap", "when", "message"),
    [
        (2008, "2010-09-21", "known years before the event: 1, needed: 5"),
        (2012, "2010-09-21", "known years after the event: 1, needed: 3"),
        (2000, "2018-06-01", "known years after the event: 1, needed: 3"),
        (2000, "2003-01-01", "known years before the event: 2, needed: 5"),
        (2000, "2030-01-01", "known years after the event: 0, needed: 3"),
    ],
)
def test_what_does_not_reach_is_refused(gap, when, message):
    y = noisy(20)
    y[str(gap)] = np.nan
    with pytest.raises(ValueError, match=message):
        events.cut(y, day(when))


def test_rank_p_has_its_limits():
    assert events.rank_p(5, [1, -2, 3]) == 1 / 4
    assert events.rank_p(0, [1, -2, 3]) == 1
    assert events.rank_p(-2, [1, -2, 3]) == 3 / 4  # a tie counts against the event
    assert np.isnan(events.rank_p(1, []))


def test_needed_t_is_where_the_rank_begins_to_count():
    placebos = events.Placebos(pd.Series(np.arange(1.0, 20)), 1.0)
    assert events.rank_p(placebos.needed + 1e-9, placebos.t) <= events.RANK
    assert events.rank_p(placebos.needed - 1e-9, placebos.t) > events.RANK
    assert placebos.reach == 1 / 20
    assert np.isnan(events.Placebos(pd.Series([1.0] * 8), 1.0).needed)


def test_chance_is_found_no_more_often_than_the_rank_says():
    """Nothing happens in 20 series like each other: the rank is at most 0.1 one time in ten."""
    rng = np.random.default_rng(11)
    low, trials = 0, 120
    for _ in range(trials):
        t = [
            events.interrupted(events.cut(yearly(rng.normal(size=12)), day("2006-01-01"))).t
            for _ in range(20)
        ]
        low += events.rank_p(t[0], t[1:]) <= events.RANK
    limits = stats.binom(trials, 0.1).ppf([0.001, 0.999])
    assert limits[0] <= low <= limits[1]


def test_the_stop_of_2010():
    made = events.study(STOP, "JPN")
    assert made.estimate.n_before == made.estimate.n_after == 6
    assert made.low < made.effect < made.high
    assert not {"JPN", "CHN"} & set(made.partner.t.index)
    assert not {"rare_earths", "tungsten"} & set(made.product.t.index)  # studied, and taxed in 2006
    assert not {"2010", "2011", "2012"} & set(made.time.t.index)
    # the first year after over the trend before, from the fitted lines
    fitted, baseline = made.fitted_lines()
    assert fitted["2011"] / baseline["2011"] - 1 == pytest.approx(made.effect)
    changes = events.changes_among(made)
    flows = trade.load_flows("JPN", "CHN", "rare_earths").groupby("year")["quantity_t"].sum()
    ratio = np.exp(np.log(flows.loc[2011:2016]).mean() - np.log(flows.loc[2004:2009]).mean())
    assert changes["JPN"] == pytest.approx(ratio - 1)


def test_verdict_follows_the_signs():
    def made(p, time, product, n=12):
        found = events.study(STOP, "JPN")
        placebos = [
            events.Placebos(pd.Series(np.arange(n, dtype=float)), q) for q in (time, product)
        ]
        estimate = events.Estimate(**{**vars(found.estimate), "p": p})
        return events.Study(*list(vars(found).values())[:5], estimate, "", *placebos, found.partner)

    assert made(0.01, 0.08, 0.08).verdict == "found"
    assert made(0.01, 0.08, 0.5).verdict == "mixed"
    assert made(0.2, 0.5, 0.5).verdict == "not found"
    assert made(0.01, 0.08, 0.08, n=8).verdict == "cannot be decided"


def test_recent_events_cannot_be_decided():
    for event in ("chn-7ree-licensing-2025", "chn-ree-technology-ban-2023"):
        made = events.study(event, "JPN")
        assert made.verdict == made.against_others == "cannot be decided"
        assert made.reason.startswith("known years after the event")
        assert np.isnan(made.effect)


def test_months_reach_the_ban_of_2023_only():
    reached = evidence.month_table(
        events.monthly_studies("chn-ree-technology-ban-2023", "JPN", "CHN", "rare_earths")
    )
    assert set(reached["goods"]) == {"all three together", "metals", "compounds", "magnets"}
    assert (reached["placebos"] >= events.LEAST_PLACEBOS).all()
    later = events.monthly_studies("chn-7ree-licensing-2025", "JPN", "CHN", "rare_earths")
    assert all(s.estimate is None for s in later)
    assert events.monthly_studies(STOP, "JPN", "CHN", "graphite") == []


def test_synthetic_importer_leaves_out_the_event_year():
    made = events.against_partners(STOP, "JPN")
    assert "2010" not in {str(p) for p in made.treated.index}
    assert "CHN" not in made.weights.index
    assert len(made.weights) == events.DONORS
    before = made.treated[made.treated.index < made.first_after]
    assert before.mean() == pytest.approx(1)
    with pytest.raises(ValueError, match="known years after"):
        events.against_partners("chn-7ree-licensing-2025", "JPN")


def test_unknown_event_names_the_closest():
    with pytest.raises(UnknownCode, match="chn-jpn-informal-embargo-2010"):
        events.event_day("chn-jpn-informal-embargo-2011")


def test_series_keep_gaps_and_zeros_apart():
    tonnes = series.annual("JPN", "CHN", "rare_earths", "tonnes")
    assert tonnes["1995":"1999"].isna().all()  # weights are known for too little of the value
    nothing = series.annual("JPN", "ISL", "rare_earths", "tonnes")
    assert (nothing.dropna() == 0).all()
    shares = [series.annual("JPN", e, "rare_earths", "share of value") for e in ("CHN", "EST")]
    known = trade.dependence(trade.load_flows("JPN", products="rare_earths"), "CHN")
    assert shares[0].to_numpy() == pytest.approx(known["share_value"].to_numpy())
    unit = series.annual("JPN", "CHN", "rare_earths", "unit value")
    assert unit["2024"] == pytest.approx(12.19, abs=0.005)
    with pytest.raises(ValueError, match="not one of tonnes"):
        series.annual("JPN", "CHN", "rare_earths", "kilograms")


def test_panels_hold_the_same_series():
    for measure in series.MEASURES:
        own = series.annual("KOR", "CHN", "rare_earths", measure)
        by_importer = series.by_importer("CHN", "rare_earths", measure)["KOR"]
        by_material = series.by_material("KOR", "CHN", measure)["rare_earths"]
        for other in (by_importer, by_material):
            assert other.to_numpy() == pytest.approx(own.to_numpy(), nan_ok=True)


def test_months_of_2010_against_the_rest_of_the_year():
    mean, n = series.rest_of_year(2010)
    assert n == 8
    assert mean == pytest.approx((23310 - 2246 - 1278 - 634 - 4080) / 8)
    text = verdicts.on_customs(
        evidence.months_around(
            series.customs_months("JPN", "CHN", "rare_earths"), day("2010-09-21")
        ),
        day("2010-09-21"),
    )
    assert "2010-11 634 tonnes (−66%)" in text
    assert "Together these 4 months had 8,238 tonnes, 109%" in text


@pytest.mark.parametrize(
    ("amount", "measure", "shown"),
    [
        (-0.444, "tonnes", "−44%"),
        (20.46, "value", "+2,046%"),
        (-0.998, "value", "−99.8%"),
        (0.0512, "share of value", "+5.1 points"),
        (-1.7, "share of value", "more than there is"),
        (float("nan"), "tonnes", "–"),
    ],
)
def test_changes_as_text(amount, measure, shown):
    assert evidence.show_change(amount, measure) == shown


def test_readings_name_both_sides():
    readings = policy.load_readings(STOP)
    assert {"targeted stop", "no targeted stop"} <= set(readings["reading"])
    assert policy.load_readings("chn-7ree-licensing-2025").empty
