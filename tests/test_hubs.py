"""Transshipment scan: planted hubs, windows, placebos, the interval, Japan 2010, empty cases.

Flows called synthetic are made here; no data file holds them.
"""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from rareearths import (
    catalogue,
    events,
    figures,
    hub_rates,
    hub_verdicts,
    hubs,
    policy,
    trade,
    words,
)
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


def records(exporter, importer, values, product="280530"):
    """Synthetic flows of one pair, from US$ by year."""
    flows = [
        flow(exporter, importer, v, v, v, product).query("year == @y") for y, v in values.items()
    ]
    return pd.concat(flows)


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


@cache
def load_market(importer):
    return hubs.load_market(importer, "CHN")


def by_supplier(market, year=2010, material="rare_earths"):
    return hubs.scan(market, material, year).set_index("supplier")


def plainly(purchases, exports, exporter, material, years, statistic="median"):
    """The scan in plain pandas, from flows of one material and lists of years before and after."""
    found = {}
    for name, span in zip(("before", "after"), years, strict=True):
        for flows, who, usd, part in (
            (purchases, "exporter", f"{name}_usd", f"share_{name}"),
            (exports, "importer", f"bought_{name}_usd", f"part_{name}"),
        ):
            wide = flows.pivot_table("value_usd", who, "year", "sum").reindex(columns=span)
            found[usd] = wide.fillna(0.0).agg(statistic, axis="columns")
            found[part] = found[usd] / found[usd].sum()
    t = pd.DataFrame(found).fillna(0.0)
    large = (t["before_usd"] >= 100_000) | (t["after_usd"] >= 100_000)
    t["candidate"] = large & ((t["share_before"] >= 0.001) | (t["share_after"] >= 0.001))
    doubled = (t["after_usd"] >= 2 * t["before_usd"]) & (t["share_after"] >= 2 * t["share_before"])
    t["flagged"] = t["candidate"] & doubled
    bought = t["bought_after_usd"] - t["bought_before_usd"]
    enough = bought >= (t["after_usd"] - t["before_usd"]) / 2
    t["fed"] = t["flagged"] & enough & (t["part_after"] > t["part_before"])
    return t.drop(index=[*hubs.producers(material), exporter], errors="ignore")


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


@pytest.mark.parametrize("year", [2011, 2012, 2013])
def test_one_wrong_record_between_quiet_years_flags_nobody(year):
    """Synthetic, after Japan's record of 2013: with means, the same record would flag."""
    quiet = dict.fromkeys([2007, 2008, 2009, 2011, 2012, 2013], 40_000)
    flows = [
        flow("CHN", "JPN", 60 * MILLION, 60 * MILLION),
        records("PHL", "JPN", quiet | {year: 100 * MILLION}),
        flow("SGP", "JPN", MILLION, 9 * MILLION),
    ]
    table = by_supplier(market_of(*flows))
    assert table["flagged"].to_dict() == {"SGP": True, "PHL": False}
    assert table.loc["PHL", "times"] == 1
    made = pd.concat(flows)
    years = ([2007, 2008, 2009], [2011, 2012, 2013])
    from_china = made[made["exporter"] == "CHN"]
    means = plainly(made, from_china, "CHN", "rare_earths", years, "mean")
    assert means.loc["PHL", "flagged"]


def test_two_good_years_of_three_do_flag():
    quiet = dict.fromkeys([2007, 2008, 2009, 2011], 40_000)
    flows = [
        flow("CHN", "JPN", 60 * MILLION, 60 * MILLION),
        records("PHL", "JPN", quiet | dict.fromkeys([2012, 2013], 5 * MILLION)),
    ]
    assert by_supplier(market_of(*flows)).loc["PHL", "flagged"]


def test_producers_are_those_of_the_tables():
    known = hubs.producers("rare_earths")
    # a plant opened in 2012, its state today not read; a plant that runs
    assert {"KAZ", "AUT"} <= known
    works = catalogue.load("projects").set_index("economy")
    assert works.loc[["KAZ"], "status"].tolist() == ["unknown"]
    assert "unknown" in hubs.BUILT
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
        hub_rates.false_positive_rate(hubs.placebos(planted(), "rare_earths", 2010), 0.5, "guilty")


@pytest.fixture(scope="module")
def japan():
    return load_market("JPN")


@pytest.fixture(scope="module")
def runs(japan):
    return hubs.scan_all(japan, "rare_earths")


@pytest.mark.parametrize("importer", ["JPN", "USA", "KOR", "DEU", "FRA"])
@pytest.mark.parametrize(
    ("material", "years"),
    [
        ("rare_earths", ([2007, 2008, 2009], [2011, 2012, 2013])),
        ("graphite", ([2020, 2021, 2022], [2024])),
    ],
)
def test_scans_by_plain_pandas(importer, material, years):
    """Every supplier, computed from the flows in another way."""
    purchases = trade.load_flows(importer, products=material)
    exports = trade.load_flows(exporter="CHN", products=material)
    expected = plainly(purchases, exports, "CHN", material, years)
    sold = expected.index[(expected["before_usd"] > 0) | (expected["after_usd"] > 0)]
    table = by_supplier(load_market(importer), years[0][-1] + 1, material)
    assert set(table.index) == set(sold) - {importer}
    for column in expected:
        wanted = expected.loc[table.index, column].to_numpy()
        assert table[column].to_numpy() == pytest.approx(wanted), column


def test_japan_2010(japan):
    table = by_supplier(japan)
    assert table.index[table["flagged"]].tolist() == ["HKG", "SGP", "NLD"]
    assert table.index[table["fed"]].tolist() == ["HKG", "SGP"]
    assert table["candidate"].sum() == 8
    assert round(table.loc["HKG", "times"], 2) == 3.95
    # one record of 100 million US$ in 2013, which a mean would make the largest jump
    assert not table.loc["PHL", "candidate"]
    assert "KAZ" not in table.index  # it opened a plant


def test_hong_kong_after_2010():
    """For these customers Hong Kong jumped, fed by China; for the United States it did not."""
    fed = {
        importer: "HKG" in set(by_supplier(load_market(importer)).query("fed").index)
        for importer in ("KOR", "DEU", "FRA", "JPN", "USA", None)
    }
    assert fed == {"KOR": True, "DEU": True, "FRA": True, "JPN": True, "USA": False, None: True}


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
    yearly = flows.groupby([material, "year"])["value_usd"].sum().unstack().fillna(0.0)
    worth = yearly.median(axis="columns")
    assert list(yearly.columns) == [2007, 2008, 2009]
    named = set(goods.loc[goods["control"] == 2010, "material"])
    assert named == set(worth.index[worth >= 100_000]) - {"rare_earths", "germanium", "boron"}


def test_placebo_goods_are_chosen_by_the_median(japan):
    """Japan bought chromium from China in one of the years 2011-2013, so a mean would take it."""
    chromium = japan.sales.loc["chromium"].loc[2011:2013, "CHN"]
    assert chromium.mean() >= 100_000 > chromium.median()
    goods = hubs.placebos(japan, "rare_earths", 2014).query("kind == 'product'")
    assert "chromium" not in set(goods["material"])


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
    rate, low, high = hub_rates.interval(hits, trials)
    wilson = proportion_confint(hits.sum(), trials.sum(), method="wilson")
    assert 0 <= low <= rate + 1e-12
    assert rate - 1e-12 <= high <= 1
    assert low <= wilson[0] + 1e-6
    assert high >= wilson[1] - 1e-6


def test_interval_equals_wilson_for_one_run_and_widens_with_clusters():
    assert hub_rates.interval(np.array([3]), np.array([17])) == pytest.approx(
        (3 / 17, *proportion_confint(3, 17, method="wilson")), abs=1e-6
    )
    even = hub_rates.interval(np.full(10, 2), np.full(10, 8))
    lumps = hub_rates.interval(np.repeat([8, 0], [2, 8]), np.full(10, 6))
    plain = proportion_confint(16, 60, method="wilson")
    assert even[1:] == pytest.approx(proportion_confint(20, 80, method="wilson"), abs=1e-6)
    assert lumps[2] - lumps[1] > 1.5 * (plain[1] - plain[0])
    assert np.isnan(hub_rates.interval(np.array([]), np.array([]))).all()


def test_interval_covers_the_rate_of_runs_that_differ():
    """Synthetic: runs whose own rate varies (beta, mean 0.2); plain Wilson covers too seldom."""
    rng = np.random.default_rng(3)
    covered, plain, n = 0, 0, 300
    for _ in range(n):
        trials = rng.integers(4, 14, 25)
        hits = rng.binomial(trials, rng.beta(0.8, 3.2, 25))
        _, low, high = hub_rates.interval(hits, trials)
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
        chance = hub_rates.false_positive_rate(hubs.placebos(market, "rare_earths", 2010), rate)
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
    table = hub_rates.false_positive_rate(made, 0.5)
    assert table.loc["all", "false_rate"] == pytest.approx(5 / 14)
    assert table.loc["all", "ranked"] == 3  # two candidates are too few to be ranked
    assert table.loc["all", "rank_p"] == (1 + 1) / (1 + 3)
    assert np.isnan(hub_rates.false_positive_rate(made, np.nan).loc["all", "rank_p"])
    assert np.isnan(hub_rates.false_positive_rate(made[:0], 0.5).loc["all", "false_rate"])


def test_judge_follows_the_rank(runs):
    judged = hub_rates.judge(runs, "fed").set_index("year")
    own = runs[(runs["control"] == 1999) & (runs["kind"] == "control")].iloc[0]
    assert (own["candidates"], own["flagged"], own["fed"]) == (8, 3, 2)
    assert judged.loc[1999, "verdict"] == "more often"
    assert judged.loc[2014, "verdict"] == "no more often"
    assert judged["rank_p"].between(0, 1).all()
    assert (judged["low"] <= judged["false_rate"]).all()
    few = runs.assign(candidates=runs["candidates"].where(runs["kind"] != "control", 2))
    assert set(hub_rates.judge(few)["verdict"]) == {"cannot be decided"}
    table = hub_rates.control_table(runs)
    assert table["fed_hits"].tolist() == judged["hits"].tolist()


def say_now(importer, material):
    market = load_market(importer)
    said = hub_verdicts.summary(market, material, hubs.scan_all(market, material))
    facts = {
        "importer": trade.economy_in_text(importer) if importer else "the world",
        "exporter": trade.economy_in_text("CHN"),
        "material": trade.material_names()[material],
    }
    return said, words.fill(hub_verdicts.on_all(said), **facts, **said)


say = cache(say_now)


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
    assert "rare earths back in 2010: export quota; informal embargo (contested)." in japan
    assert "the median of the 3 years before it, 2007-2009, is compared with that of" in japan
    assert "the 3 years after it, 2011-2013." in japan
    assert "Of the 8 suppliers of Japan without a known mine or plant" in japan
    assert "**3** at least doubled their sales there" in japan
    assert "as a share: Hong Kong, Singapore and the Netherlands." in japan
    assert "25% of such suppliers do so (20 scans" in japan
    assert "among the 17 of these scans" in japan
    assert "does not stand out (p = 0.28; the limit is 0.10)" in japan
    assert "Of those that jumped, Hong Kong and Singapore also bought more from China" in japan
    assert "The controls of 2025 and 2026 cannot be scanned: the trade data end in 2024." in japan
    germany = say("DEU", "rare_earths")[1]
    assert "embargo" not in germany  # aimed at Japan
    assert "by this count the control **stands out** (p = 0.09)" in germany
    assert "there is nothing to compare" in say("MDV", "rare_earths")[1]
    assert "knows no act by which China holds back exports of cobalt" in say("JPN", "cobalt")[1]
    germanium = say("USA", "germanium")[1]
    assert "2023, by export licensing: HS 2007 moved germanium" in germanium
    assert "2024, by export ban: the trade data end in 2024." in germanium
    antimony = say("USA", "antimony")[1]
    assert "by export licensing (confidence medium) and export ban:" in antimony
    graphite = say("JPN", "graphite")[1]
    assert "is compared with 2024, the only year after it in the data" in graphite
    assert "The one supplier of Japan without a known mine (" in graphite
    assert "cannot be decided: at least 3 such suppliers are needed." in graphite
    assert "a refiner counts as a supplier without one" in graphite
    assert "cannot be decided: at least 9 scans" in say("VNM", "rare_earths")[1]


def test_the_number_of_tests_is_told():
    """Two tests a control year; at the limit, one in ten of them at most is low by chance."""
    said, korea = say("KOR", "rare_earths")
    assert said["n_judged"] == 4
    assert "4 can be judged, each by two tests" in korea
    assert "by the first, none stands out; by the second, 2010 stands out." in korea
    assert "a limit of p = 0.10, chance alone makes up to 0.8 of 8 tests stand out" in korea
    germany = say("DEU", "rare_earths")[1]
    assert "by the second, 2010 and 2011 stand out." in germany
    assert "up to 1.2 of 12 tests" in germany
    assert "none stands out by either" in say("USA", "rare_earths")[1]
    assert "each by two tests" not in say("USA", "graphite")[1]


@pytest.mark.parametrize(
    ("hits", "fed", "candidates", "found", "supplied"),
    [
        (0, 0, 5, "Of the 5 suppliers of X", None),
        (0, 0, 1, "The one supplier of X", None),
        (1, 0, 1, "The one supplier of X", "The one that jumped did not buy so much more from C"),
        (1, 0, 5, "**1** at least doubled its sales", "The one that jumped did not buy so much"),
        (
            1,
            1,
            5,
            "**1** at least doubled its sales",
            "The one that jumped also bought more from C",
        ),
        (2, 0, 5, "**2** at least doubled their sales", "None of those that jumped bought so much"),
        (2, 1, 5, "**2** at least doubled their sales", "Of those that jumped, B also bought more"),
        (2, 2, 5, "**2** at least doubled their sales", "All that jumped also bought more from C"),
        (5, 5, 5, "**all 5** at least doubled their sales", "All that jumped also bought more"),
    ],
)
@pytest.mark.parametrize("verdict", ["more often", "no more often", "cannot be decided"])
def test_every_count_has_its_words(hits, fed, candidates, found, supplied, verdict):
    said = say("JPN", "rare_earths")[0] | {"candidates": candidates, "hits": hits, "names": "A, B"}
    said |= {"fed_hits": fed, "fed_names": "B", "verdict": verdict, "fed_verdict": verdict}
    facts = {"importer": "X", "exporter": "C", "material": "rare earths"}
    text = words.fill(hub_verdicts.on_all(said), **facts, **said)
    assert found in text
    assert ("do so (" in text) == bool(hits and verdict != "cannot be decided")
    assert ("double theirs" in text) == (not hits and verdict != "cannot be decided")
    assert ("cannot be decided" in text) == (verdict == "cannot be decided")
    told = {"more often": 1, "no more often": 1, "cannot be decided": 0}[verdict]
    assert text.count("the limit is 0.10") == told
    assert (supplied or "scans") in text or verdict == "cannot be decided"
    assert ("that jumped" in text) == bool(hits)
    assert (": A, B." in text) == bool(hits and candidates > 1)


def test_a_contested_control_is_not_stated_as_fact(monkeypatch):
    """As if the reported stoppage were all that China did in 2010 and 2026."""
    known = policy.load_events(materials=["rare_earths"])
    kept = known[known["contested"] | ~known["earliest"].dt.year.isin([2010, 2011, 2012, 2026])]
    monkeypatch.setattr(policy, "load_events", lambda *_, **__: kept.reset_index(drop=True))
    acts = hubs.controls("CHN", "rare_earths", "JPN").set_index("year")
    assert acts["contested"].to_dict() == {
        year: year in (2010, 2026) for year in (1999, 2006, 2010, 2014, 2025, 2026)
    }
    monkeypatch.setattr(hub_verdicts, "headline_year", lambda _: 2010)
    text = say_now("JPN", "rare_earths")[1]
    assert (
        "China that are said to have held rare earths back in 2010: informal embargo (con" in text
    )
    assert "the reported control does not stand out" in text
    assert "The controls of 2025 and 2026 (contested) cannot be scanned" in text
    assert "the control does" not in text


def test_acts_name_their_aim_where_the_world_buys():
    said = say(None, "rare_earths")[0]
    assert said["acts"] == "export quota; informal embargo at Japan (contested)"
    assert say("USA", "rare_earths")[0]["acts"] == "export quota"


def test_figures_show_every_candidate(japan, runs):
    table = hubs.scan(japan, "rare_earths", 2010)
    shown = table[table["candidate"]]
    axes = figures.plot_scan(figures.canvas(), table)
    assert [label.get_text() for label in axes.get_yticklabels()] == shown["name"].tolist()
    dark = [text.get_text() for text in axes.texts if text.get_color() == INK]
    assert dark == ["×4.0, fed", "from 0, fed", "×34"]
    few = figures.plot_scan(figures.canvas(), table, top=3)
    assert [text.get_text() for text in few.texts] == dark  # those that jumped come first
    judged = hub_rates.judge(runs)
    rates = figures.plot_scan_rates(figures.canvas(), runs, judged)
    diamonds = [line.get_xdata()[0] for line in rates.lines if line.get_marker() == "D"]
    assert diamonds == judged["rate"].tolist()


def test_the_tables_set_each_interval_beside_its_rate(runs):
    tables = {"false_rate": figures.hubs._JUMPED, "fed_false_rate": figures.hubs._FED}
    for rate, columns in tables.items():
        assert columns[columns.index(rate) + 1] == rate.replace("rate", "range")
    row = hub_rates.control_table(runs).set_index("year").loc[2010]
    assert (row["false_rate"], row["false_range"]) == (31 / 125, "16% to 36%")
    assert (row["year_rate"], row["product_rate"]) == (3 / 38, 28 / 87)
    assert (row["fed_false_rate"], row["fed_false_range"]) == (7 / 125, "2% to 15%")


def test_figures_of_nothing_are_refused():
    nothing = hubs.load_market("TUV", "CHN")
    with pytest.raises(ValueError, match="nothing to draw"):
        figures.plot_scan(figures.canvas(), hubs.scan(nothing, "rare_earths", 2010))
    none = hubs.scan_all(nothing, "cobalt")
    assert none.empty
    assert hub_rates.judge(none).empty
    assert hub_rates.control_table(none).empty
    with pytest.raises(ValueError, match="nothing to draw"):
        figures.plot_scan_rates(figures.canvas(), none, hub_rates.judge(none))
