"""The levers: balance closes, limits hold, more of a lever never hurts, the worked example."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ROOT
from rareearths import assumptions, catalogue, trade
from rareearths.assumptions import Range
from rareearths.reports import parameters
from rareearths.scenarios import (
    answers,
    balance,
    board,
    capacity,
    levers,
    outlook,
    packages,
    party,
    tables,
    uncertainty,
)
from rareearths.scenarios.balance import SHORT, STAGES, Chain
from rareearths.scenarios.party import BASE_YEAR, GROUPS, HORIZON

YEARS = range(BASE_YEAR, HORIZON + 1)
tonnes = st.floats(0, 1e6)
parts = st.floats(0.05, 1)
often = settings(max_examples=60, deadline=None)
seldom = settings(max_examples=12, deadline=None)


@st.composite
def chains(draw, stages=STAGES):
    """A chain of any capacities, recoveries and scrap before metal making, and a need."""
    capacities = {stage: np.array(draw(tonnes)) for stage in stages}
    recovery = {stage: draw(parts) for stage in stages[1:]}
    scrap = {"metal": np.array(draw(tonnes))} if "metal" in stages else {}
    return Chain(capacities, recovery, scrap), draw(st.floats(1, 1e6))


@pytest.fixture(scope="module")
def japan():
    return party.load_party("JPN")


@pytest.fixture(scope="module")
def drawn(japan):
    return uncertainty.draw(japan, 300, 7)


def by_hand(chain: Chain, need: float) -> float:
    """The rule of the issue, stage by stage: a stage passes on at most what it is given."""
    out = None
    for stage, most in chain.capacity.items():
        given_ = (
            np.inf if out is None else (out + chain.scrap.get(stage, 0)) * chain.recovery[stage]
        )
        out = min(float(most), float(given_))
    return min(need, out)


@given(chains())
@often
def test_the_least_level_is_what_the_stages_carry_one_by_one(made):
    chain, need = made
    assert float(balance.delivered(chain, need)) == pytest.approx(by_hand(chain, need), rel=1e-12)


@given(st.one_of(chains(), chains(SHORT)))
@often
def test_the_balance_closes(made):
    chain, need = made
    flows = {name: float(value) for name, value in balance.account(chain, need).items()}
    scale = max(1.0, flows["mined"] + flows["scrap"])
    into = flows["mined"] + flows["scrap"]
    out = sum(flows[name] for name in ("delivered", "lost", "unused_ore", "unused_scrap"))
    assert abs(into - out) <= 1e-9 * scale
    assert min(flows.values()) >= -1e-9 * scale


@given(chains(), st.sampled_from(STAGES), tonnes)
@often
def test_more_of_any_stage_or_scrap_never_raises_what_is_bought(made, stage, more):
    chain, need = made
    before = balance.dependence(need, balance.delivered(chain, need))
    wider = Chain(
        chain.capacity | {stage: chain.capacity[stage] + more}, chain.recovery, chain.scrap
    )
    scrap = Chain(chain.capacity, chain.recovery, {"metal": chain.scrap["metal"] + more})
    for better in (wider, scrap):
        assert balance.dependence(need, balance.delivered(better, need)) <= before + 1e-12


@given(chains())
@often
def test_one_more_tonne_helps_at_the_bottleneck_and_nowhere_else(made):
    chain, need = made
    binds = balance.bottleneck(chain, need)
    gains = [float(balance.gain(chain, need, stage, need)) for stage in STAGES]
    alone = {stage for stage, share in zip(STAGES, binds, strict=True) if share == 1}
    for stage, gained in zip(STAGES, gains, strict=True):
        if alone == {stage}:
            assert gained > 0
        elif stage not in alone:
            assert gained <= 1e-6 * need


def test_stages_that_bind_together_share_it_and_a_met_need_has_no_bottleneck():
    chain = Chain({"mining": 50.0, "separation": 50.0}, {"separation": 1.0})
    assert balance.bottleneck(chain, 80.0).tolist() == [0.5, 0.5]
    assert balance.bottleneck(chain, 50.0).tolist() == [0.0, 0.0]
    assert balance.gain(chain, 80.0, "mining") == 0


def test_the_worked_example_of_the_method_page():
    chain = Chain(
        {"mining": 300.0, "separation": 200.0, "metal": 90.0, "magnet": 150.0},
        {"separation": 0.9, "metal": 0.9, "magnet": 1.0},
        {"metal": 20.0},
    )
    assert balance.levels(chain).round(6).tolist() == [261.0, 198.0, 90.0, 150.0]
    assert float(balance.delivered(chain, 160.0)) == 90
    assert float(balance.dependence(160.0, 90.0)) == 0.4375
    assert float(balance.missing(chain, 160.0, "metal")) == 60
    flows = {name: float(value) for name, value in balance.account(chain, 160.0).items()}
    assert flows["unused_ore"] == pytest.approx(300 - (100 - 20) / 0.9)
    assert flows["unused_scrap"] == 0


def test_a_full_stop_without_others_and_without_stock_leaves_nothing():
    assert balance.under_stop(100.0, 0.0, 1.0, 0.0) == 0
    assert balance.under_stop(100.0, 0.0, 0.0, 0.0) == 100
    assert balance.under_stop(100.0, 30.0, 1.0, 1000.0) == 100


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1000), st.floats(0, 1000))
@often
def test_a_stock_helps_under_a_stop_and_changes_no_dependence(share, stopped, small, more):
    need, outside = 100.0, 100 * (1 - share)
    less = balance.under_stop(need, outside, stopped, small)
    assert less <= balance.under_stop(need, outside, stopped, small + more) <= need + 1e-9
    months = balance.months_of_cover(np.array([small, small + more]), np.array([share, share]))
    assert months[0] <= months[1]


def test_a_share_of_nothing_is_refused():
    with pytest.raises(ValueError, match="must be positive"):
        balance.dependence(0.0, 0.0)
    with pytest.raises(ValueError, match="between zero and the need"):
        balance.dependence(1.0, 2.0)


@pytest.mark.parametrize("group", GROUPS)
def test_without_levers_and_without_growth_the_dependence_stays(japan, drawn, group):
    spans = uncertainty.ranges(japan, packages.REFERENCE)
    still = {name: Range(0, 0, 0) for name in spans if name.startswith("growth_")}
    done = outlook.simulate(japan, uncertainty.sample(drawn, spans | still), YEARS)
    share = done.dependence(group)
    assert np.abs(share - share[:, :1]).max() < 1e-12


@pytest.mark.parametrize("package", ["announced", "accelerated"])
def test_with_every_lever_off_a_package_is_china_only(japan, drawn, package):
    off = outlook.run(japan, package, drawn, YEARS, frozenset())
    none = outlook.run(japan, packages.REFERENCE, drawn, YEARS)
    for group in GROUPS:
        assert np.array_equal(off.dependence(group), none.dependence(group))


def test_without_levers_growth_never_lowers_the_dependence_on_magnets(japan, drawn):
    none = outlook.run(japan, packages.REFERENCE, drawn, YEARS)
    for group in answers.MAGNETS:
        assert (np.diff(none.dependence(group), axis=1) >= -1e-12).all()


@given(
    st.frozensets(st.sampled_from(sorted(packages.LEVERS))),
    st.sampled_from(sorted(packages.LEVERS)),
)
@seldom
def test_one_more_lever_never_raises_the_dependence(japan, drawn, pulled, one):
    fewer = outlook.run(japan, "accelerated", drawn, [2030, 2035], pulled)
    more = outlook.run(japan, "accelerated", drawn, [2030, 2035], pulled | {one})
    for group in GROUPS:
        assert (more.dependence(group) <= fewer.dependence(group) + 1e-12).all()


@given(st.floats(0, 0.3), st.floats(0, 0.3))
@seldom
def test_more_recycling_never_raises_imports(japan, drawn, rate, more):
    spans = uncertainty.ranges(japan, "accelerated")
    bought = []
    for level in (rate, rate + more):
        held = spans | {"recycling": Range(level, level, level)}
        done = outlook.simulate(japan, uncertainty.sample(drawn, held), [2030, 2035])
        bought.append([done.need[g] - done.outside(g) for g in answers.MAGNETS])
    for less, greater in zip(bought[1], bought[0], strict=True):
        assert (less <= greater + 1e-9).all()


@pytest.mark.parametrize("group", GROUPS)
def test_the_balance_of_every_draw_and_year_closes(japan, drawn, group):
    done = outlook.run(japan, "accelerated", drawn, YEARS)
    flows = balance.account(done.chains[group], done.need[group])
    into = flows["mined"] + flows["scrap"]
    out = flows["delivered"] + flows["lost"] + flows["unused_ore"] + flows["unused_scrap"]
    assert np.abs(into / out - 1).max() < 1e-9
    assert min(value.min() for value in flows.values()) >= -1e-9


@pytest.mark.parametrize("group", answers.MAGNETS)
def test_the_steps_of_the_waterfall_sum_exactly(japan, drawn, group):
    table = levers.waterfall(japan, "accelerated", drawn, HORIZON, group).set_index("step")["mean"]
    assert abs(table[:-1].sum() - table["end"]) < 1e-12
    end = outlook.run(japan, "accelerated", drawn, [HORIZON]).dependence(group).mean()
    assert abs(table["end"] - end) < 1e-12
    assert (table[list(packages.LEVERS)] <= 1e-12).all()


def test_by_year_the_levers_lead_from_nothing_new_to_the_package(japan, drawn):
    years = [BASE_YEAR, 2029, HORIZON]
    parts = levers.contributions(japan, "accelerated", drawn, years, "magnet_heavy")
    none = outlook.run(japan, "china_only", drawn, years).dependence("magnet_heavy")
    end = outlook.run(japan, "accelerated", drawn, years).dependence("magnet_heavy")
    assert np.abs(parts["none"] - none).max() < 1e-12
    added = sum(parts[lever] for lever in packages.LEVERS)
    assert np.abs(none + added - end).max() < 1e-12
    assert max(np.abs(parts[lever][:, 0]).max() for lever in packages.LEVERS) < 1e-12
    table = levers.by_year(parts, years).set_index(["step", "year"])
    last = levers.waterfall(japan, "accelerated", drawn, HORIZON, "magnet_heavy").set_index("step")
    for lever in packages.LEVERS:
        assert table.loc[(lever, HORIZON), "mean"] == pytest.approx(last.at[lever, "mean"])


def test_a_mean_outside_the_middle_of_the_draws_is_named_beside_the_median(japan, drawn):
    years = [BASE_YEAR, HORIZON]
    found = levers.contributions(japan, "accelerated", drawn, years, "magnet_light")
    rare = np.zeros_like(found["separation"])
    rare[:5, 1] = -0.2  # 5 of 300 draws: a mean of -0.33 points, none in the middle 90%
    table = levers.by_year(found | {"separation": rare}, years)
    done = outlook.run(japan, "accelerated", drawn, years)
    shown = tables.lever_table(table, done, "magnet_light").set_index("lever_year")
    assert shown["adds_separation"].tolist() == ["0.0", "0.0; mean −0.3"]
    for row in table[table["step"].isin(packages.LEVERS)].itertuples():
        text = shown.at[str(row.year), f"adds_{row.step}"]
        assert text.startswith(tables.points_text(row.median, row.low, row.high))
        low, mean, high = (round(100 * end, 1) for end in (row.low, row.mean, row.high))
        assert ("mean" in text) == (not low <= mean <= high)
        assert row.low <= row.median <= row.high


def test_a_plant_that_runs_adds_what_it_makes(drawn, japan):
    sample = uncertainty.sample(drawn, uncertainty.ranges(japan, "announced"))
    rows = capacity.load_projects()
    row = next(rows[rows["status"] == capacity.RUNNING].itertuples())
    made = capacity.output(row, sample, np.array([2100.0]))
    low, high = row.capacity_t * row.low, row.capacity_t * row.high
    assert low * (1 - 1e-9) <= made.min()
    assert made.max() <= high * (1 + 1e-9)


def test_shapley_shares_a_game_as_the_textbook_does():
    """The glove game: one left glove, two right ones; a pair is worth 1 (2/3, 1/6, 1/6)."""
    worth = levers.shapley(lambda s: float("L" in s and len(s) > 1), ("L", "R1", "R2"))
    assert worth == pytest.approx({"L": 2 / 3, "R1": 1 / 6, "R2": 1 / 6})


@given(st.floats(0, 10), st.floats(0, 10), st.floats(0, 10), st.floats(1e-6, 1 - 1e-6))
@often
def test_the_triangle_for_many_is_the_one_for_single_parts(a, b, c, part):
    span = Range(*sorted((a, b, c)))
    found = uncertainty.triangle(span, np.array([part]))[0]
    assert found == pytest.approx(span.at(part), abs=1e-9)


def test_projects_are_finished_as_often_as_their_probability_says():
    row = pd.Series({"project": "P", "status": "planned", "helped": True})
    rng = np.random.default_rng(1)
    sample = {
        "market": rng.uniform(size=(40_000, 1)),
        "luck:P": rng.uniform(size=(40_000, 1)),
        "shared_fate": np.array([[0.6]]),
        "completion_planned": np.array([[0.3]]),
        "completion_gain": np.array([[0.5]]),
        "projects": np.array([[1.0]]),
    }
    assert capacity.finished(row, sample).mean() == pytest.approx(0.3 + 0.7 * 0.5, abs=0.01)
    assert capacity.finished(row, sample | {"projects": np.array([[0.0]])}).max() == 0


def test_help_makes_projects_likelier_and_sooner(japan, drawn):
    announced = outlook.run(japan, "announced", drawn, YEARS)
    spans = uncertainty.ranges(japan, "announced")
    helped = spans | {
        name: packages.settings("accelerated")[name] for name in ("completion_gain", "time_gain")
    }
    faster = outlook.simulate(japan, uncertainty.sample(drawn, helped), YEARS)
    for group in GROUPS:
        assert (faster.dependence(group) <= announced.dependence(group) + 1e-12).all()


def test_no_plant_is_sold_twice():
    """What Japan, the United States and the European Union can have of a plant is not above it."""
    parties = [party.load_party(code) for code in ("JPN", "USA", "EU27")]
    samples = [
        uncertainty.sample(uncertainty.draw(p, 300, 7), uncertainty.ranges(p, "announced"))
        for p in parties
    ]
    for row in capacity.load_projects().itertuples():
        shares = [
            capacity.accessible(row, p, s, party.part_of_outside(p, s, np.array([2030.0])))
            for p, s in zip(parties, samples, strict=True)
        ]
        assert sum(share.mean() for share in shares) <= 1, row.project


def test_sobol_finds_what_is_known_of_a_sum():
    """x + 2 y, uniform and independent: y has four fifths of the variance, x one fifth."""
    (table,) = uncertainty.sobol(lambda p: p["x"] + 2 * p["y"], ["x", "y"], 3, 1024)
    found = table.set_index("name")[["first", "total"]].astype(float)
    assert found.loc["y"].to_numpy() == pytest.approx([0.8, 0.8], abs=0.05)
    assert found.loc["x"].to_numpy() == pytest.approx([0.2, 0.2], abs=0.05)
    assert uncertainty.sobol(lambda p: 0 * p["x"], ["x"], 3, 64)[0].empty


def test_the_same_seed_gives_the_same_draws(japan):
    first, again = (uncertainty.draw(japan, 100, 5) for _ in range(2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    with pytest.raises(ValueError, match="at least 100"):
        uncertainty.draw(japan, 50, 5)


def test_the_base_year_is_what_customs_say(japan):
    """China's part of the magnets Japan uses: 3,715 t of 12,400 + 10,122 - 9,865 t."""
    magnets = catalogue.load("magnets").query("year == 2024")
    bought = magnets[magnets["importer"] == "JPN"]
    sold = magnets[magnets["exporter"] == "JPN"]["quantity_t"].sum()
    used = 12_400 + bought["quantity_t"].sum() - sold
    china = bought[bought["exporter"] == "CHN"]["quantity_t"].sum()
    rows = assumptions.load(party.MODEL)
    assert rows.at["magnet_use_jpn", "value"] == pytest.approx(used, rel=0.01)
    assert rows.at["supplier_magnets_jpn", "value"] == pytest.approx(china / used, abs=0.005)


def test_derived_rows_follow_from_the_tables():
    rows = assumptions.load(party.MODEL)
    published = catalogue.load("scenario_assumptions").set_index("id")["value"]
    made = published["end-use-demand-chn-2024-output-ndfeb-magnets"]
    shares = catalogue.load("stage_shares")
    iea = shares[(shares["year"] == 2024) & (shares["scope_group"] == "ndfeb")]["share"].iloc[0]
    assert rows.at["world_magnets", "value"] == pytest.approx(made / iea, rel=0.002)
    exported = 58_152
    assert rows.at["need_outside_magnets", "value"] == pytest.approx(
        exported + rows.at["world_magnets", "value"] - made, rel=0.005
    )
    sep = shares[(shares["stage"] == "separation") & (shares["scope_group"] == "magnet_ree")]
    sep = sep[(sep["economy"] == "CHN") & (sep["measure"] == "output")]["share"]
    assert sep.min() <= rows.at["supplier_separation_light", "value"] <= sep.max()


def test_the_metal_that_japan_buys_follows_from_what_each_supplier_earns():
    """Cheap metal at the price of mischmetal, magnet metal at that of Vietnam: 2024."""
    flows = trade.load_flows("JPN", products=["280530"], years=(BASE_YEAR, BASE_YEAR))
    sold = flows.groupby("exporter")[["value_usd", "quantity_t"]].sum()
    dear = sold.at["VNM", "value_usd"] / sold.at["VNM", "quantity_t"] / 1000
    china = sold.loc["CHN"]
    others = sold.loc[["VNM", "THA"], "quantity_t"].sum()
    prices = catalogue.load("oxide_prices").set_index(["product", "year", "edition"])
    cheap = prices.loc[("mischmetal", BASE_YEAR, "MCS2026"), "low_usd_per_kg"].max()
    earned, weight = china["value_usd"] / 1e6, china["quantity_t"] / 1000
    fewest = 1000 * (earned - cheap * weight) / (dear - cheap)
    row = assumptions.load(party.MODEL).loc["supplier_metal_jpn"]
    assert row["low"] == pytest.approx(fewest / (fewest + others), abs=0.01)
    assert row["value"] == pytest.approx(china["value_usd"] / sold["value_usd"].sum(), abs=0.001)


def test_every_range_of_the_levers_is_in_order_and_says_why():
    tables = [
        assumptions.load(party.MODEL),
        catalogue.load("packages"),
        catalogue.load("lever_projects"),
    ]
    for rows in tables:
        assert (rows["low"] <= rows["value"]).all()
        assert (rows["value"] <= rows["high"]).all()
        assert (rows["note"].str.len() > 5).all()
        linked = rows["source_url"].notna()
        assert (linked | rows["kind"].isin(["judgement", "definition"])).all()
    pages = catalogue.load("scenario_assumptions").set_index("id")["source_url"]
    cited = tables[1].dropna(subset=["assumption"])
    assert (cited["assumption"].map(pages) == cited["source_url"]).all()


def test_every_counted_project_that_adds_something_is_in_the_table():
    """Outside China, counted, not yet running in the base year, with a capacity, no recycling."""
    rows = catalogue.load("projects")
    wanted = rows[rows["count_in_capacity"].fillna(False) & (rows["economy"] != "CHN")]
    wanted = wanted[(wanted["stage"] != "recycling") & (wanted["status"] != "operating")]
    known = set(catalogue.load("lever_projects")["project"])
    assert set(wanted["project"]) - known == set()
    later = {"10X facility", "Narva phase 2", "White Mesa phase 2", "Eneabba refinery (total)"}
    running = {"Kuantan (Gebeng) light separation", "Kuantan heavy separation circuit"}
    assert known - set(wanted["project"]) == later | running


def test_totals_count_only_what_they_add():
    rows = capacity.load_projects().set_index("project")
    added = rows["capacity_t"] * rows["value"]
    assert added["10X facility"] == 10_000 - 1_000
    assert added["Narva phase 2"] == 5_000 - 2_000
    assert added["White Mesa phase 2"] == pytest.approx(6_000 - 925, rel=0.001)


def test_parties_and_their_faults():
    assert party.load_party("FRA").areas == ()
    seven = party.load_party("G7")
    assert set(seven.areas) == {"JPN", "USA", "DEU"}
    assert "France" in seven.left_out
    ended = party.load_party("MSP")
    assert set(ended.areas) == {"JPN", "USA", "DEU", "KOR"}
    assert len(ended.home) == 14
    assert answers.party_words(ended).startswith("The bloc ended on 2026-02-04; ")
    assert "ended" not in answers.party_words(seven)
    with pytest.raises(ValueError, match="supplier"):
        party.load_party("RCEP")
    with pytest.raises(ValueError, match="no page read lists the members of FORGE"):
        party.load_party("FORGE")
    with pytest.raises(ValueError, match="unknown economy or bloc 'JPX'; closest: "):
        party.load_party("JPX")
    with pytest.raises(ValueError, match="unknown package 'anounced'; closest: announced"):
        packages.load_package("anounced")
    with pytest.raises(ValueError, match="from 2025 to 2035"):
        outlook.check_end_year(2050)
    with pytest.raises(ValueError, match="from 0 to 1"):
        outlook.check_target(50)


def test_a_wrong_party_is_named_before_a_kernel_starts():
    path = ROOT / "notebooks/60_diversification_levers.ipynb"
    assert parameters.check(path, {"importer": "G7"})["importer"] == "G7"
    wanted = "unknown economy or bloc 'G8'; closest: G7"
    with pytest.raises(parameters.ParameterError, match=wanted):
        parameters.check(path, {"importer": "G8"})


def test_the_board_of_levers_says_what_each_does_alone(japan, drawn):
    table = board.board(japan, "accelerated", drawn, (2030, HORIZON), "magnet_light")
    assert list(table["lever"]) == [*packages.LEVERS.values(), "Stock", "All together"]
    assert table.set_index("lever").at["Stock", "effect_mid"] == "none"
    done = outlook.run(japan, "accelerated", drawn, [HORIZON])
    change = done.dependence("magnet_light") - outlook.run(
        japan, packages.REFERENCE, drawn, [HORIZON]
    ).dependence("magnet_light")
    said = f"{100 * np.median(change):.1f}".replace("-", "−")
    assert table["effect_end"].iloc[-1].startswith(said)
    assert all(address for pages in table["pages"] for _, address in pages)


def test_lifting_the_bottleneck_gains_and_shows_the_next_one(japan, drawn):
    done = outlook.run(japan, "accelerated", drawn, YEARS)
    for group in answers.MAGNETS:
        found = levers.relief(done, group)
        now = done.dependence(group)[:, -1]
        assert found["stage"] != found["next"]
        assert (found["share"] <= now + 1e-12).all()
        assert ((found["tonnes"] > 0) == (found["share"] < now - 1e-12)).mean() > 0.99


def test_the_target_is_reached_when_it_is_and_never_when_it_is_not(japan, drawn):
    done = outlook.run(japan, "accelerated", drawn, YEARS)
    assert outlook.first_year(done, "magnet_light", 1.0)["probability"] == 1
    assert outlook.first_year(done, "magnet_light", 0.0) == {
        "probability": 0.0,
        "year": None,
        "early": None,
        "late": None,
    }
    chance = [outlook.reached(done, "magnet_heavy", t).iloc[-1] for t in (0.3, 0.5, 0.7, 0.9)]
    assert chance == sorted(chance)
    assert (outlook.bottlenecks(done, "magnet_heavy").sum() - 1).abs().max() < 1e-12


def test_the_design_of_the_sobol_sample_is_that_of_salib():
    from SALib.sample import sobol

    names = ["a", "luck:x", "luck:y", "b", "delay:x", "luck:z"]
    problem = {
        "num_vars": len(names),
        "names": names,
        "bounds": [[1e-9, 1 - 1e-9]] * len(names),
        "groups": [name.split(":")[0] for name in names],
    }
    theirs = sobol.sample(problem, 16, calc_second_order=False, seed=5)
    assert np.array_equal(uncertainty._design(problem, 16, 5), theirs)
