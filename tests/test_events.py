"""Event study: known coefficients, a second Newey-West, ranks, cuts, and the events of the data."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rareearths import (
    around,
    customs,
    events,
    evidence,
    peer_verdicts,
    peers,
    policy,
    segmented,
    series,
    trade,
    verdicts,
    words,
)
from rareearths.catalogue import UnknownCode
from rareearths.figures import show_studies

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
    sample = segmented.cut(y, day(f"{2000 + n // 2}-01-01"), n // 2)
    made = segmented.interrupted(sample)
    design = segmented.design_matrix(sample)
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
    sample = segmented.cut(y + 1e-9 * noisy(13), day("2006-09-21"))
    made = segmented.interrupted(sample)
    assert made.level == pytest.approx(-3, abs=1e-7)
    assert made.slope == pytest.approx(0.25, abs=1e-7)
    assert made.baseline.iloc[-1] == pytest.approx(10 + 0.5 * 5, abs=1e-6)
    assert (made.n_before, made.n_after) == (6, 6)


@given(step=st.floats(-5, 5), seed=st.integers(0, 50))
def test_a_step_moves_the_level_and_nothing_else(step, seed):
    y = noisy(seed=seed)
    after = np.arange(12) >= 6
    plain, moved = (
        segmented.interrupted(segmented.cut(y + amount * after, day("2006-01-01")))
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
    made = segmented.interrupted(segmented.cut(y, day("2020-01-01")))
    assert made.level == pytest.approx(-0.5, abs=0.02)


def test_smallest_effect_has_the_power_it_claims():
    """White noise with a step of the smallest size: the t-test with the true error finds 80 %."""
    made = segmented.interrupted(segmented.cut(noisy(), day("2006-01-01")))
    reach = made.smallest / made.error
    found = stats.nct.sf(stats.t.ppf(0.975, 8), 8, reach) + stats.nct.cdf(
        -stats.t.ppf(0.975, 8), 8, reach
    )
    assert found == pytest.approx(0.8, abs=0.01)


def test_the_period_of_the_event_belongs_to_neither_side():
    y = noisy(20)
    late = segmented.cut(y, day("2010-09-21"))
    assert [str(p) for p in late.periods] == [
        str(y) for y in [*range(2004, 2010), *range(2011, 2017)]
    ]
    first = segmented.cut(y, day("2010-01-01"))
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
        segmented.cut(y, day(when))


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
            segmented.interrupted(segmented.cut(yearly(rng.normal(size=12)), day("2006-01-01"))).t
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
    # the step is one between the lines; the first year after itself lies elsewhere
    fitted, baseline = made.fitted_lines()
    assert fitted["2011"] / baseline["2011"] - 1 == pytest.approx(made.effect)
    of_2011 = trade.load_flows("JPN", "CHN", "rare_earths", 2011)["quantity_t"].sum()
    assert of_2011 / baseline["2011"] - 1 == pytest.approx(made.first)
    assert (round(made.effect, 2), round(made.first, 2)) == (-0.44, -0.23)
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
        estimate = segmented.Estimate(**{**vars(found.estimate), "p": p})
        return events.Study(*list(vars(found).values())[:5], estimate, "", *placebos, found.partner)

    assert made(0.01, 0.08, 0.08).verdict == "found"
    assert made(0.01, 0.08, 0.5).verdict == "mixed"
    assert not made(0.01, 0.08, 0.5).own_only
    assert made(0.01, 0.5, 0.5).own_only
    assert "only its own error" in verdicts.on_step(made(0.01, 0.5, 0.5))
    assert made(0.2, 0.5, 0.5).verdict == "not found"
    assert made(0.01, 0.08, 0.08, n=8).verdict == "cannot be decided"


@pytest.mark.parametrize("window", [4, 0, -1])
def test_a_window_too_short_for_a_line_is_refused(window):
    with pytest.raises(ValueError, match=f"window {window} is too short: 5 years are needed"):
        events.study(STOP, "JPN", window=window)


def test_recent_events_cannot_be_decided():
    for event in ("chn-7ree-licensing-2025", "chn-ree-technology-ban-2023"):
        made = events.study(event, "JPN")
        assert made.verdict == made.against_others == "cannot be decided"
        assert made.reason.startswith("known years after the event")
        assert made.reason.endswith("as the data end in 2024")
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


def months_of(event, importer="JPN"):
    act = policy.load_event(event)
    months = series.customs_months(importer, "CHN", "rare_earths")
    return customs.compare(customs.around(months, act["from_day"]), act["from_day"]), act


def test_months_of_2010_are_told_one_by_one():
    mean, n = series.rest_of_year(2010)
    assert n == 8
    assert mean == pytest.approx((23310 - 2246 - 1278 - 634 - 4080) / 8)
    found, act = months_of(STOP)
    answer = customs.answer(found, act)
    assert "the mean of January to August 2010" in answer
    assert answer.endswith("October 2010 −32%, November −66%, December +117%.")
    (known,) = found
    november = known.known.set_index("month").loc["2010-11"]
    assert november["quantity_t"] == 634
    assert november["change"] == pytest.approx(634 / mean - 1)
    text = customs.on_months(found, act)
    assert text.endswith("\n\nSo few months, with gaps, bear no test.")
    assert "2010-09-21 to 2010-11-20: 2010-10 and 2010-11." in text
    lowest = "Lowest in the months after that of the event: 2010-11 (−66%)"
    assert customs.furthest(known, rises=False) == f"{lowest}; back at the mean in 2010-12"
    assert "make 109% of what that mean gives" in text
    assert "a sum that hides them: 2 below it, 2 above" in text


def test_months_of_2025_name_the_lowest_and_the_recovery():
    found, act = months_of("chn-7ree-licensing-2025")
    answer = customs.answer(found, act)
    assert "magnets to the world" in answer
    assert "May 2025 −77%, June −42%, July +2%" in answer
    to_japan, to_the_world, *_ = found
    paragraphs = customs.on_months(found, act).split("\n\n")
    assert paragraphs[0].endswith(
        "magnets to Japan: the known months do not reach around the event."
    )
    assert not to_japan.readable
    lowest = customs.furthest(to_the_world, rises=False)
    assert lowest.endswith("2025-05 (−77%); back at the mean in 2025-07")
    # what an act lifts is looked at from above, and the importer's own series come first
    found, act = months_of("chn-oct9-suspension-2025")
    assert "to Japan" in customs.answer(found, act)
    assert "world" not in customs.answer(found, act)
    highest = customs.furthest(found[0], rises=True)
    assert highest.startswith("Highest in the months after that of the event")
    assert customs.answer(*months_of("chn-ree-export-tax-introduced-2006")) == ""


def in_words(event, importer, material="rare_earths"):
    """The studies of an event and the values that its sentences are filled with."""
    studies = {m: events.study(event, importer, material=material, measure=m)
               for m in series.MEASURES}  # fmt: skip
    lead, share = studies["tonnes"], studies["share of tonnes"]
    mix, _ = peers.mix_of_others(event, importer, "CHN", material, 6)
    windows = evidence.windows_in_words(evidence.window_table(lead))
    facts = evidence.summary(lead) | evidence.summary(share, "share_") | peers.summary(lead, mix)
    names = {
        "importer": trade.economy_in_text(importer),
        "importer_first": trade.economy_at_start(importer),
        "exporter": "China",
        "material": trade.material_names()[material],
        "windows": windows,
    }
    return studies, facts | names


@pytest.fixture(scope="module")
def stop():
    return {c: in_words(STOP, c) for c in ("JPN", "USA", "KOR", "DEU", "FRA")}


def said(template, facts):
    return words.fill(template, **facts)


def test_the_answer_tells_the_line_from_the_year(stop):
    studies, facts = stop["DEU"]
    text = said(verdicts.on_step(studies["tonnes"]), facts)
    assert "starts **13% below** the line before, drawn on" in text
    assert "2011 itself lies 64% above." in text
    studies, facts = stop["JPN"]
    text = said(verdicts.on_step(studies["tonnes"]), facts)
    assert "in the main window (6 years before, 6 after)" in text
    assert "over windows of 5 to 8 years the p of the step runs from 0.03 to 0.32" in text
    assert text.endswith("A fall has to reach 69% to be seen four times in five.")


@pytest.mark.parametrize(
    ("event", "importer", "material"),
    [
        ("chn-ree-export-quota-abolished-2015", "USA", "rare_earths"),
        ("chn-ree-export-tax-introduced-2006", "DEU", "tungsten"),
        ("chn-graphite-licensing-2023", "JPN", "graphite"),
        (STOP, "NLD", "antimony"),
    ],
)
def test_every_sentence_can_be_filled(event, importer, material):
    studies, facts = in_words(event, importer, material)
    lead, share = studies["tonnes"], studies["share of tonnes"]
    apart = peers.set_apart(studies, lead)
    warned = around.on_strained([lead, share, *apart])
    others = verdicts.on_monthly([], evidence.month_table([]))
    if lead.estimate:
        others = peer_verdicts.on_answer(lead, apart, facts)
    templates = [
        verdicts.answer(lead, share, others, warned, ""),
        peer_verdicts.on_partners(lead, facts),
        peer_verdicts.on_other_measures(apart, lead),
        peer_verdicts.on_readings(lead, apart, facts),
    ]
    texts = [said(template, facts | {"warned": warned}) for template in templates]
    assert all(text.endswith(".") and "  " not in text for text in texts)
    assert ("Cannot be decided" in texts[0]) == (lead.estimate is None)


def test_what_is_not_told_apart_is_not_called_alike(stop):
    for importer, alike in (("JPN", True), ("USA", True), ("DEU", False), ("FRA", False)):
        studies, facts = stop[importer]
        lead = studies["tonnes"]
        assert lead.against_others == "like the others"
        apart = peers.set_apart(studies, lead)
        text = [
            said(peer_verdicts.on_answer(lead, apart, facts), facts),
            said(peer_verdicts.on_partners(lead, facts), facts),
            said(peer_verdicts.on_readings(lead, apart, facts), facts),
        ]
        assert all("cannot be told apart" in part for part in text)
        assert "fared like others, which" not in text[2]
        assert ("fit a change for all" in text[2]) == alike
        assert ("its mean changed by" in text[0]) != alike
    assert "272% above a mix of others (rank p = 0.09)" in "".join(
        said(peer_verdicts.on_answer(s["tonnes"], [], f), f) for s, f in [stop["DEU"]]
    )
    studies, facts = stop["KOR"]
    apart = peers.set_apart(studies, studies["tonnes"])
    text = said(peer_verdicts.on_answer(studies["tonnes"], apart, facts), facts)
    assert "by the share of value it stands above them (rank p = 0.03)" in text
    text = said(peer_verdicts.on_readings(studies["tonnes"], apart, facts), facts)
    assert "share of value above them (rank p = 0.03)" in text
    assert "does not make" in text


def test_a_break_before_the_event_is_not_put_at_it():
    found = evidence.regimes(events.study(STOP, "KOR"))
    nearest = evidence.nearest_break(found, day("2010-09-21"))
    assert nearest == 2009
    assert "the year before it" in verdicts.on_breaks(found, nearest, day("2010-09-21"))
    assert "puts one there" in verdicts.on_breaks(found, 2011, day("2010-09-21"))


def test_the_rank_of_a_mean_change_counts_the_further_ones(stop):
    studies, facts = stop["JPN"]
    changes = events.changes_among(studies["tonnes"])
    others = changes.drop("JPN")
    assert facts["n_more"] == (others < changes["JPN"]).sum() == 13
    assert facts["moved"] == "fell more"
    studies, facts = stop["DEU"]
    changes = events.changes_among(studies["tonnes"])
    assert facts["n_more"] == (changes.drop("DEU") > changes["DEU"]).sum()
    assert facts["moved"] == "rose more"
    assert peers.rank_of_change(changes, changes.index[-1]) < facts["change_p"]


def test_a_line_drawn_on_past_what_was_seen_is_warned_of(stop):
    korea = {x.measure: x for x in around.strained(list(stop["KOR"][0].values()))}
    assert korea["share of value"].at == pytest.approx(0.234, abs=0.001)
    assert str(korea["share of value"].past) == "2016"
    text = around.on_strained([stop["USA"][0]["share of tonnes"]])
    assert "99.3% in 2011 and outside 0 to 100% by 2016; seen before: 54.2% to 91.6%" in text
    japan = stop["JPN"][0]
    assert around.on_strained([japan["tonnes"], japan["share of tonnes"]]) == ""
    assert around.on_lines([japan["tonnes"]]) == "No line drawn on leaves what was seen before."
    assert "opposite ways for the tonnes" in around.on_lines([stop["DEU"][0]["tonnes"]])


def test_what_has_to_be_reached_is_possible_and_to_the_right_side(stop):
    table = evidence.estimate_table(list(stop["DEU"][0].values())).set_index("measure")
    assert table.at["share of tonnes", "seen_from"] == "more than there was (19.3%)"
    assert table.at["tonnes", "seen_from"].startswith("−")
    assert table.at["unit value", "seen_from"].startswith("+")
    assert set(table["verdict"]) <= {"found", "mixed", "not found", "cannot be decided"}
    lifted = events.study("chn-ree-export-quota-abolished-2015", "JPN")
    assert lifted.push == 1
    assert lifted.smallest_effect > 0


def test_the_year_of_the_event_is_told():
    quotas = evidence.quotas_around(day("2010-09-21"), "CHN", "rare_earths")
    table = around.years_table("JPN", "CHN", "rare_earths", day("2010-09-21"))
    assert list(table["year"]) == [2008, 2009, 2010, 2011, 2012]
    text = around.on_years(table, day("2010-09-21"), "Japan", quotas)
    assert "15,590 tonnes in 2009, 23,154 tonnes in 2010 and 15,156 tonnes in 2011" in text
    assert "49% more than the year before; the quota for all customers 37% less" in text
    assert "a yearly step can see only what lasted" in text
    first = around.on_years(table, day("2010-01-01"), "Japan", quotas[:0])
    assert "no year is left out" in first
    later = around.years_table("JPN", "CHN", "rare_earths", day("2025-04-04"))
    assert "2025, is not in" in around.on_years(later, day("2025-04-04"), "Japan", quotas[:0])
    assert "US Geological Survey" in peer_verdicts.on_quota(quotas)


def test_the_state_and_the_day_of_an_act_are_told():
    def of(event):
        template = verdicts.on_act(policy.load_event(event), named=True)
        return said(template, {"summary": "S.", "aimed": "all"})

    october = of("chn-5ree-licensing-2025")
    assert "suspended on 2025-11-07, a day before it was to begin" in october
    assert "The day tested is 2025-11-08" in october
    assert "and not 2025-10-09 (announced)" in october
    paused = of("chn-oct9-suspension-2025")
    assert "scheduled end (2026-11-10)" in paused
    assert "Sources disagree on it" in paused
    assert "day tested" not in paused
    assert "the first that 2006 can mean" in of("chn-ree-export-tax-introduced-2006")
    for event in policy.load_events()["event_id"]:
        assert of(event)


@pytest.mark.parametrize(
    ("event", "material", "reason"),
    [
        (STOP, "tungsten", r"only \$24,100 was bought in 2007"),
        (STOP, "antimony", "nothing was bought in 2009"),
        ("chn-w-te-bi-mo-in-licensing-2025", "tungsten", "nothing was bought in 2024"),
        ("chn-w-te-bi-mo-in-licensing-2025", "tungsten", "the data end in 2024"),
    ],
)
def test_too_little_trade_is_no_verdict(event, material, reason):
    for measure in series.MEASURES:
        assert events.study(event, "NLD", material=material, measure=measure).estimate is None
    made = events.study(event, "NLD", material=material)
    with pytest.raises(ValueError, match=reason):
        raise ValueError(made.reason)
    with pytest.raises(ValueError, match=reason):
        events.against_partners(event, "NLD", material=material)
    assert "ore" in trade.goods_in_text(material)
    assert evidence.goods_table(material)["label"].str.contains("ore").any()


def test_months_that_reach_are_named_with_their_largest_step():
    studies = events.monthly_studies("chn-ree-technology-ban-2023", "JPN", "CHN", "rare_earths")
    counts = evidence.month_counts(studies)
    assert counts["largest"] == "metals to the world, −62% (95% interval −81% to −23%)"
    table = evidence.month_table(studies)
    assert table["seen_from"].str.startswith("−").all()
    text = said(verdicts.on_monthly(studies, table), counts)
    assert text.endswith("The largest: metals to the world, −62% (95% interval −81% to −23%).")
    assert "the monthly ones do" in verdicts.on_power(table[:0], table)
    assert "for a test" in verdicts.on_monthly([], table[:0])


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


@pytest.mark.parametrize(
    ("event", "title"),
    [
        (STOP, "Share of tonnes: the line after starts 20.6 points below the line before; "),
        ("chn-oct9-suspension-2025", "Share of tonnes: 66.1% in 2024, the last year known; "),
    ],
)
def test_the_title_of_a_study_says_what_is_found_or_known(monkeypatch, event, title):
    made = []
    show = "rareearths.figures.events.show"
    monkeypatch.setattr(show, lambda _, title, **facts: made.append(words.fill(title, **facts)))
    study = events.study(event, "JPN", measure="share of tonnes")
    show_studies({study.measure: study}, events.event_day(event), importer="Japan")
    assert len(made) == 1
    assert made[0].startswith(title)
