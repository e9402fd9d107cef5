"""Transshipment scan: planted hubs, windows, placebos, the interval, Japan 2010, empty cases.

Flows called synthetic are made here; no data file holds them.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from rareearths import catalogue, events, figures, hub_verdicts, hubs, policy, trade, words
from rareearths.catalogue import UnknownCode
from rareearths.figures.look import INK

YEARS = range(2004, 2016)
MILLION = 1_000_000


def flow(exporter, importer, before, after, own=0, product="280530"):
    """Synthetic flows of one pair: US$ a year before 2010, in 2010, and after it."""
    values = {y: before if y < 2010 else own if y == 2010 else after for y in YEARS}
    rows = [(y, exporter, importer, product, v, 1.0) for y, v in values.items() if v]
    columns = ["year", "exporter", "importer", "product", "value_usd", "quantity_t"]
    return pd.DataFrame(rows, columns=columns)


def market_of(*flows, importer="JPN", exporter="CHN"):
    made = pd.concat(flows)
    return hubs.make_market(made, made, importer, exporter)


def planted(**extra):
    """Japan buys from China, a hub, an unfed newcomer, a steady trader and a producer."""
    return market_of(
        flow("CHN", "JPN", 60 * MILLION, 40 * MILLION),
        flow("HKG", "JPN", 1 * MILLION, 8 * MILLION, **extra),
        flow("CHN", "HKG", 2 * MILLION, 9 * MILLION),
        flow("PHL", "JPN", 0, 5 * MILLION),
        flow("SGP", "JPN", 3 * MILLION, 4 * MILLION),
        flow("EST", "JPN", 1 * MILLION, 30 * MILLION),
        flow("CHN", "EST", 1 * MILLION, 40 * MILLION),
        flow("BEL", "JPN", 10_000, 90_000),
    )


def by_supplier(market, year=2010):
    return hubs.scan(market, "rare_earths", year).set_index("supplier")


def test_a_planted_hub_is_found_and_a_producer_is_not():
    table = by_supplier(planted())
    assert list(table.index) == ["HKG", "PHL", "SGP", "BEL"]  # neither China nor Estonia
    assert table.index[table["flagged"]].tolist() == ["HKG", "PHL"]
    assert table.index[table["fed"]].tolist() == ["HKG"]
    assert table.loc["HKG", "times"] == pytest.approx(8)
    assert np.isnan(table.loc["PHL", "times"])
    assert table["candidate"].to_dict() == {"HKG": True, "PHL": True, "SGP": True, "BEL": False}


@settings(max_examples=20)
@given(own=st.integers(0, 10**10))
def test_the_year_itself_is_left_out(own):
    pd.testing.assert_frame_equal(by_supplier(planted(own=own)), by_supplier(planted()))


@settings(max_examples=20)
@given(factor=st.floats(1, 50))
def test_a_price_boom_alone_flags_nobody(factor):
    """Synthetic: every flow grows by the same factor."""
    pairs = [("CHN", "JPN", 50), ("HKG", "JPN", 3), ("SGP", "JPN", 1), ("CHN", "HKG", 9)]
    table = by_supplier(
        market_of(*[flow(e, i, v * MILLION, v * MILLION * factor) for e, i, v in pairs])
    )
    assert table["candidate"].all()
    assert not table["flagged"].any()


@pytest.mark.parametrize(
    ("bought_before", "bought_after", "fed"),
    [(2, 9, True), (2, 5.4, False), (9, 2, False), (30, 37, True), (0, 0, False)],
)
def test_fed_needs_half_of_the_rise_from_the_exporter(bought_before, bought_after, fed):
    """Synthetic: sales rise by 7 million; purchases rise by enough, too little, or fall."""
    table = by_supplier(
        market_of(
            flow("CHN", "JPN", 60 * MILLION, 40 * MILLION),
            flow("HKG", "JPN", 1 * MILLION, 8 * MILLION),
            flow("CHN", "HKG", bought_before * MILLION, bought_after * MILLION),
        )
    )
    assert table.loc["HKG", "flagged"]
    assert table.loc["HKG", "fed"] == fed


def test_fed_needs_a_larger_part_of_what_the_exporter_sells():
    """Synthetic: the exporter sells everybody four times as much, which feeds nobody apart."""
    table = by_supplier(
        market_of(
            flow("CHN", "JPN", 10 * MILLION, 40 * MILLION),
            flow("HKG", "JPN", MILLION / 2, 8 * MILLION),
            flow("CHN", "HKG", 20 * MILLION, 80 * MILLION),
        )
    )
    assert table.loc["HKG", "flagged"]
    assert not table.loc["HKG", "fed"]


def test_goods_sent_back_and_other_buyers_do_not_count():
    sent_back = flow("HKG", "CHN", 0, 900 * MILLION)
    elsewhere = flow("SGP", "USA", 0, 900 * MILLION)
    flows = [flow("CHN", "JPN", 60 * MILLION, 60 * MILLION), flow("SGP", "JPN", MILLION, MILLION)]
    assert not by_supplier(market_of(*flows, sent_back, elsewhere))["flagged"].any()
    world = by_supplier(market_of(*flows, sent_back, elsewhere, importer=None))
    assert world.index.tolist() == ["SGP"]
    assert world.loc["SGP", "flagged"]
    assert not world.loc["SGP", "fed"]


def test_producers_are_those_of_the_tables():
    known = hubs.producers("rare_earths")
    assert {"CHN", "MMR", "EST", "FRA", "MYS", "VNM", "USA", "JPN"} <= known
    assert not {"HKG", "NLD", "BEL", "SGP", "ROW", "WLD", "TOP3"} & known
    # South Africa mined; Norway only builds
    assert "ZAF" in known
    assert "NOR" not in known
    graphite = catalogue.load("mine_production").query("material == 'graphite' and quantity_t > 0")
    assert hubs.producers("graphite") == set(graphite["economy"])


def test_controls_of_china_on_rare_earths():
    acts = hubs.controls("CHN", "rare_earths", "JPN").set_index("year")
    usable = acts[acts["reason"] == ""]
    assert list(usable.index) == [1999, 2006, 2010, 2011, 2012, 2014]
    assert "chn-jpn-informal-embargo-2010" in acts.loc[2010, "acts"]
    assert acts.loc[2025, "reason"] == "the trade data end in 2024"
    named = {event for ids in acts["acts"] for event in ids}
    assert not {"chn-ree-export-reporting-2023", "chn-ree-technology-ban-2023"} & named
    everyone = hubs.controls("CHN", "rare_earths", "USA").set_index("year")
    assert everyone.loc[2010, "acts"] == ["chn-ree-quota-2010h2-cut"]
    assert hub_verdicts.headline_year(acts.reset_index()) == hub_verdicts.headline_year(
        everyone.reset_index()
    )
    assert hub_verdicts.headline_year(acts.reset_index()) == 2010
    assert hubs.controls("CHN", "cobalt").empty
    assert hub_verdicts.headline_year(hubs.controls("CHN", "germanium")) is None


@pytest.mark.parametrize(
    ("material", "year", "message"),
    [
        ("rare_earths", 1997, "the trade data begin in 1995"),
        ("rare_earths", 2024, "the trade data end in 2024"),
        ("germanium", 2005, "HS 2007 moved germanium"),
        ("germanium", 2023, "HS 2007 moved germanium"),
        ("boron", 2010, "HS 2012 merged"),
    ],
)
def test_years_that_cannot_be_bracketed_are_refused(material, year, message):
    with pytest.raises(ValueError, match=message):
        hubs.scan(planted(), material, year)
    assert not hubs.why_not("germanium", 2002)  # the codes hold to 2005
    assert not hubs.why_not("rare_earths", 2023)


def test_wrong_input_is_refused():
    with pytest.raises(ValueError, match="both CHN"):
        hubs.load_market("CHN", "CHN")
    with pytest.raises(UnknownCode, match="unknown economy"):
        hubs.load_market("JAP", "CHN")
    with pytest.raises(UnknownCode, match="unknown material"):
        hubs.scan(planted(), "unobtainium", 2010)
    with pytest.raises(ValueError, match="4 years after 2010 are asked for; 1 to 3"):
        hubs.scan(planted(), "rare_earths", 2010, 4)
    with pytest.raises(ValueError, match="not one of flagged, fed"):
        hubs.false_positive_rate(hubs.placebos(planted(), "rare_earths", 2010), 0.5, "guilty")


@pytest.fixture(scope="module")
def japan():
    return hubs.load_market("JPN", "CHN")


@pytest.fixture(scope="module")
def runs(japan):
    return hubs.scan_all(japan, "rare_earths")


def test_japan_2010_by_plain_pandas(japan):
    """Every supplier of Japan around 2010, computed from the flows in another way."""
    flows = trade.load_flows("JPN", products="rare_earths")
    period = pd.cut(flows["year"], [2006, 2009, 2010, 2013], labels=["before", "own", "after"])
    sold = flows.pivot_table("value_usd", "exporter", period, "sum", observed=False) / 3
    parts = sold / sold.sum()
    exports = trade.load_flows(exporter="CHN", products="rare_earths")
    years = {"before": [2007, 2008, 2009], "after": [2011, 2012, 2013]}
    bought = {
        name: exports[exports["year"].isin(span)].groupby("importer")["value_usd"].sum() / 3
        for name, span in years.items()
    }
    table = by_supplier(japan)
    for code, row in table.iterrows():
        assert row["before_usd"] == pytest.approx(sold.loc[code, "before"])
        assert row["share_after"] == pytest.approx(parts.loc[code, "after"])
        assert row["bought_after_usd"] == pytest.approx(bought["after"].get(code, 0.0))
        part = bought["before"].get(code, 0.0) / bought["before"].sum()
        assert row["part_before"] == pytest.approx(part)
    doubled = (sold["after"] >= 2 * sold["before"]) & (parts["after"] >= 2 * parts["before"])
    large = (sold["after"] >= 100_000) & (parts["after"] >= 0.001)
    expected = set(sold.index[doubled & large]) - hubs.producers("rare_earths")
    assert set(table.index[table["flagged"]]) == expected == {"PHL", "KAZ", "KOR", "IDN"}
    assert table.index[table["fed"]].tolist() == ["KOR"]
    assert round(table.loc["HKG", "times"], 2) == 2.97


def test_hong_kong_after_2010():
    """Of these customers, Hong Kong jumped, fed by China, for four; for Japan it did not."""
    fed = {
        importer: "HKG" in set(by_supplier(hubs.load_market(importer, "CHN")).query("fed").index)
        for importer in ("KOR", "DEU", "FRA", "JPN", None)
    }
    assert fed == {"KOR": True, "DEU": True, "FRA": True, "JPN": False, None: True}


def test_shares_are_parts_of_one_whole(japan):
    table = by_supplier(japan)
    for name in ("share_before", "share_after", "part_before", "part_after"):
        assert (table[name] >= 0).all()
        assert table[name].sum() < 1  # China and the producers are left out
    assert (table["flagged"] <= table["candidate"]).all()
    assert (table["fed"] <= table["flagged"]).all()


def test_placebo_years_keep_their_distance(runs):
    acts = policy.acts_of(policy.load_events(materials=["rare_earths"]), "CHN")
    lifted = acts[acts["direction"] == "liberalising"]["from_day"].dt.year
    known = {*lifted, *hubs.controls("CHN", "rare_earths")["year"]}
    years = set(runs.loc[runs["kind"] == "year", "year"])
    assert years == {2002, 2003, *range(2018, 2022)}
    assert all(abs(year - other) >= 3 for year in years for other in known)


def test_placebo_goods_are_bought_from_the_exporter_and_untouched(runs):
    goods = runs[runs["kind"] == "product"]
    assert "rare_earths" not in set(goods["material"])
    assert not {"tungsten", "molybdenum"} & set(goods.loc[goods["control"] == 2006, "material"])
    assert "tungsten" in set(goods.loc[goods["control"] == 2010, "material"])
    late = goods[goods["control"] >= 2006]
    assert "germanium" in set(goods.loc[goods["control"] == 1999, "material"])
    assert "germanium" not in set(late["material"])  # its codes moved in 2007
    assert (goods["year"] == goods["control"]).all()
    flows = trade.load_flows("JPN", "CHN", years=(2007, 2009))
    material = flows["product"].map(catalogue.load("products").set_index("hs6")["material"])
    worth = flows.groupby(material)["value_usd"].sum() / 3
    named = set(goods.loc[goods["control"] == 2010, "material"])
    assert named == set(worth.index[worth >= 100_000]) - {"rare_earths", "germanium", "boron"}


def test_placebo_windows_are_as_long_as_that_of_the_control(japan):
    short = hubs.placebos(japan, "graphite", 2023)
    assert short.loc[short["kind"] == "year", "year"].max() == 2020  # three years from 2023
    one = hubs.scan(japan, "graphite", 2015, 1)
    flows = trade.load_flows("JPN", products="graphite", years=2016).groupby("exporter")
    after = flows["value_usd"].sum()
    assert one.set_index("supplier")["after_usd"].to_dict() == {
        code: after.get(code, 0) for code in one["supplier"]
    }


def test_an_act_that_names_no_mineral_touches_all(monkeypatch):
    day = pd.Timestamp("2010-06-01")
    made = policy.load_events(["CHN"], materials=["rare_earths"]).head(1)
    made = made.assign(materials=[["critical minerals"]], from_day=day)
    span = (pd.Timestamp("2010-01-01"), pd.Timestamp("2010-12-31"))
    monkeypatch.setattr(policy, "load_events", lambda: made)
    assert events.untouched(["copper", "tin"], "CHN", *span) == []
    assert events.untouched(["copper", "tin"], "USA", *span) == ["copper", "tin"]
    with pytest.raises(UnknownCode, match="unknown material"):
        events.untouched(["unobtainium"], "CHN", *span)


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(1, 8)), min_size=1, max_size=20))
def test_interval_bounds_the_rate_and_is_never_narrower_than_wilson(pairs):
    hits = np.array([min(pair) for pair in pairs])
    trials = np.array([max(pair) for pair in pairs])
    rate, low, high = hubs.interval(hits, trials)
    wilson = proportion_confint(hits.sum(), trials.sum(), method="wilson")
    assert 0 <= low <= rate + 1e-12
    assert rate - 1e-12 <= high <= 1
    assert low <= wilson[0] + 1e-6
    assert high >= wilson[1] - 1e-6


def test_interval_equals_wilson_for_one_run_and_widens_with_clusters():
    assert hubs.interval(np.array([3]), np.array([17])) == pytest.approx(
        (3 / 17, *proportion_confint(3, 17, method="wilson")), abs=1e-6
    )
    even = hubs.interval(np.full(10, 2), np.full(10, 8))
    lumps = hubs.interval(np.repeat([8, 0], [2, 8]), np.full(10, 6))
    plain = proportion_confint(16, 60, method="wilson")
    assert even[1:] == pytest.approx(proportion_confint(20, 80, method="wilson"), abs=1e-6)
    assert lumps[2] - lumps[1] > 1.5 * (plain[1] - plain[0])
    assert np.isnan(hubs.interval(np.array([]), np.array([]))).all()


def test_interval_covers_the_rate_of_runs_that_differ():
    """Synthetic: runs whose own rate varies (beta, mean 0.2); plain Wilson covers too seldom."""
    rng = np.random.default_rng(3)
    covered, plain, n = 0, 0, 300
    for _ in range(n):
        trials = rng.integers(4, 14, 25)
        hits = rng.binomial(trials, rng.beta(0.8, 3.2, 25))
        _, low, high = hubs.interval(hits, trials)
        wilson = proportion_confint(hits.sum(), trials.sum(), method="wilson")
        covered += low <= 0.2 <= high
        plain += wilson[0] <= 0.2 <= wilson[1]
    assert covered / n >= 0.9
    assert plain < covered


def test_noise_stands_out_no_more_often_than_the_rank_says():
    """Synthetic: trade of all goods and years is the same noise, and 2010 is nothing special."""
    rng = np.random.default_rng(8)
    index = pd.MultiIndex.from_product(
        [list(trade.material_names()), range(1995, 2025)], names=["material", "year"]
    )
    # economies that make none of these goods, so that every good has the same candidates
    makers = frozenset().union(*(hubs.producers(m) for m in trade.material_names()))
    traders = [code for code in trade.economy_names() if code not in makers | {"JPN"}][:12]
    names = [*traders, "CHN"]
    often, rates, trials = 0, [], 40
    for _ in range(trials):
        sales = pd.DataFrame(
            rng.lognormal(15, 1.5, (len(index), len(names))), index, names, dtype=float
        )
        market = hubs.Market("JPN", "CHN", sales, sales)
        own = hubs.scan(market, "rare_earths", 2010)
        rate = own["flagged"].sum() / own["candidate"].sum()
        chance = hubs.false_positive_rate(hubs.placebos(market, "rare_earths", 2010), rate)
        often += chance.loc["all", "rank_p"] <= events.RANK
        rates.append(chance.loc["all", "false_rate"])
        assert chance.loc["all", "runs"] == chance.loc[["year", "product"], "runs"].sum()
    assert often <= 9  # of 40, at most one in ten each: binomial, 99 %
    assert np.std(rates) < 0.05
    assert 0.05 < np.mean(rates) < 0.4


def test_the_rank_counts_ties_against_the_control():
    made = pd.DataFrame(
        {"kind": ["year"] * 3 + ["product"], "candidates": [4, 4, 2, 4], "flagged": [2, 1, 2, 0]}
    )
    made["fed"] = 0
    table = hubs.false_positive_rate(made, 0.5)
    assert table.loc["all", "false_rate"] == pytest.approx(5 / 14)
    assert table.loc["all", "ranked"] == 3  # two candidates are too few to be ranked
    assert table.loc["all", "rank_p"] == (1 + 1) / (1 + 3)
    assert np.isnan(hubs.false_positive_rate(made, np.nan).loc["all", "rank_p"])
    assert np.isnan(hubs.false_positive_rate(made[:0], 0.5).loc["all", "false_rate"])


def test_judge_follows_the_rank(runs):
    judged = hubs.judge(runs, "fed").set_index("year")
    own = runs[(runs["control"] == 1999) & (runs["kind"] == "control")].iloc[0]
    assert (own["candidates"], own["flagged"], own["fed"]) == (8, 4, 3)
    assert judged.loc[1999, "verdict"] == "more often"
    assert judged.loc[2014, "verdict"] == "no more often"
    assert judged["rank_p"].between(0, 1).all()
    assert (judged["low"] <= judged["false_rate"]).all()
    few = runs.assign(candidates=runs["candidates"].where(runs["kind"] != "control", 2))
    assert set(hubs.judge(few)["verdict"]) == {"cannot be decided"}
    table = hubs.control_table(runs)
    assert table["fed_hits"].tolist() == judged["hits"].tolist()


def say(importer, material):
    market = hubs.load_market(importer, "CHN")
    said = hub_verdicts.summary(market, material, hubs.scan_all(market, material))
    facts = {
        "importer": trade.economy_in_text(importer),
        "exporter": trade.economy_in_text("CHN"),
        "material": trade.material_names()[material],
    }
    return said, words.fill(hub_verdicts.on_all(said), **facts, **said)


@pytest.mark.parametrize("importer", ["JPN", "USA", "KOR", "DEU", "FRA", "MDV", "TUV", "VNM"])
@pytest.mark.parametrize("material", ["rare_earths", "graphite", "cobalt", "germanium", "antimony"])
def test_every_importer_and_material_gets_a_sentence(importer, material):
    said, text = say(importer, material)
    assert "{" not in text
    if material in ("cobalt", "germanium", "antimony"):
        assert said["control_year"] is None
    assert text.endswith(hub_verdicts.CAUTION) == bool(said.get("candidates"))


def test_sentences_say_what_was_found():
    japan = say("JPN", "rare_earths")[1]
    assert "**4 of 10** suppliers of Japan" in japan
    assert "the Philippines, Kazakhstan, South Korea and Indonesia." in japan
    assert "does not stand out (p = 0.28)" in japan
    assert "Of them, South Korea bought more from China too" in japan
    assert "**stands out** (p = 0.08)" in say("DEU", "rare_earths")[1]
    assert "there is nothing to scan" in say("MDV", "rare_earths")[1]
    assert "knows no act by which China holds back exports of cobalt" in say("JPN", "cobalt")[1]
    assert "HS 2007 moved germanium" in say("USA", "germanium")[1]
    assert "cannot be decided" in say("JPN", "graphite")[1]


def test_figures_show_every_candidate(japan, runs):
    table = hubs.scan(japan, "rare_earths", 2010)
    shown = table[table["candidate"]]
    axes = figures.plot_scan(figures.canvas(), table)
    assert [label.get_text() for label in axes.get_yticklabels()] == shown["name"].tolist()
    dark = [text.get_text() for text in axes.texts if text.get_color() == INK]
    assert dark == ["×1,283", "×6.5", "×6.7, fed", "×138"]
    few = figures.plot_scan(figures.canvas(), table, top=4)
    assert len(few.texts) == table["flagged"].sum()  # those that jumped come first
    judged = hubs.judge(runs)
    rates = figures.plot_scan_rates(figures.canvas(), runs, judged)
    diamonds = [line.get_xdata()[0] for line in rates.lines if line.get_marker() == "D"]
    assert diamonds == judged["rate"].tolist()


def test_figures_of_nothing_are_refused():
    nothing = hubs.load_market("TUV", "CHN")
    with pytest.raises(ValueError, match="nothing to draw"):
        figures.plot_scan(figures.canvas(), hubs.scan(nothing, "rare_earths", 2010))
    none = hubs.scan_all(nothing, "cobalt")
    assert none.empty
    assert hubs.judge(none).empty
    assert hubs.control_table(none).empty
    with pytest.raises(ValueError, match="nothing to draw"):
        figures.plot_scan_rates(figures.canvas(), none, hubs.judge(none))
