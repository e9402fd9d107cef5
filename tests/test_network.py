"""Blocs: what is sourced inside, what it rests on, who adds most, what a loss takes away."""

from itertools import pairwise, permutations

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from conftest import ROOT
from rareearths import catalogue, figures, network, trade
from rareearths.network import blocs, network_answers, network_cases, nodes, origins

CODES = list("ABCDEF")
MEMBERS = ["A", "B", "C"]
YEAR = 2024


def amounts(n: int = 6):
    """Matrices of trade between n economies, with zeros, none with itself."""
    steps = st.integers(0, 40).map(lambda k: float(k) if k > 12 else 0.0)
    return arrays(float, (n, n), elements=steps).map(
        lambda a: pd.DataFrame(a * (1 - np.eye(n)), CODES[:n], CODES[:n])
    )


outputs = st.lists(st.integers(0, 30), min_size=6, max_size=6).map(
    lambda values: pd.Series(dict(zip(CODES, map(float, values), strict=True)))
)


@pytest.fixture(scope="module")
def flows():
    return network.load_flows("rare_earths", (2022, YEAR))


@pytest.fixture(scope="module")
def msp():
    return blocs.members_of("MSP", [])


def worked() -> pd.DataFrame:
    rows = [[0, 2, 0, 0], [3, 0, 0, 0], [5, 10, 0, 8], [2, 0, 0, 0]]
    return pd.DataFrame(rows, list("ABCH"), list("ABCH"), dtype=float)


# Members.


def test_a_list_takes_precedence_over_the_bloc():
    assert blocs.members_of("MSP", ["USA", "JPN"]) == ["JPN", "USA"]


def test_a_bloc_that_ended_keeps_its_members(msp):
    assert len(msp) == 14
    assert "CHN" not in msp
    assert network_answers.names("MSP", msp, listed=False)["ended"] == "2026-02-04"


@pytest.mark.parametrize(
    ("bloc", "members", "message"),
    [
        ("MPS", [], r"unknown bloc 'MPS'.*closest: .*MSP"),
        ("MSP", ["JPX", "USA"], r"unknown economy 'JPX'.*closest: .*JPN"),
        ("MSP", ["JPN"], "JPN alone has no partner"),
        ("MSP", ["JPN", "JPN"], "twice"),
        ("FORGE", [], "no page read lists the members of FORGE"),
    ],
)
def test_members_that_make_no_group_are_named(bloc, members, message):
    with pytest.raises(ValueError, match=message):
        blocs.members_of(bloc, members)


def test_the_supplier_cannot_be_a_member():
    members = blocs.members_of("RCEP", [])
    with pytest.raises(ValueError, match=r"exporter CHN is a member of RCEP.*AUS, "):
        blocs.check_supplier("CHN", members, "RCEP")


def test_members_as_dated_leave_out_who_has_no_date():
    rows = blocs.memberships("MSP")
    assert blocs.members_in(rows, 2021) == []
    assert "NOR" in set(rows["economy"])
    assert "NOR" not in blocs.members_in(rows, 2024)
    assert "IND" not in blocs.members_in(rows, 2022)
    assert "IND" in blocs.members_in(rows, 2023)
    assert blocs.members_in(rows, 2026) == []


# The inside share.


def test_the_inside_share_is_that_of_a_query_of_its_own(flows, msp):
    table = pq.read_table(
        ROOT / "data/trade/baci_minerals.parquet",
        filters=[
            ("year", "==", YEAR),
            ("importer", "in", msp),
            ("product", "in", ["280530", "284610", "284690"]),
        ],
    ).to_pandas()
    inside = table[table["exporter"].isin(msp)]
    now = network.inside_shares(flows, msp).loc[YEAR]
    for basis, column in trade.BASES.items():
        wanted = inside[column].sum() / table[column].sum()
        assert now[f"share_{basis}"] == pytest.approx(wanted, rel=1e-12)
        trades = network.matrix(flows[flows["year"] == YEAR], basis)
        assert network.inside_share(trades, msp) == pytest.approx(wanted, rel=1e-12)


def test_a_bloc_of_the_whole_world_sources_all_inside(flows):
    everyone = sorted(set(flows["exporter"]) | set(flows["importer"]))
    assert network.inside_shares(flows, everyone)["share_value"].to_list() == [1, 1, 1]


def test_the_stages_weighed_by_their_imports_give_the_whole(flows, msp):
    stages = network.inside_by_stage(flows, msp).set_index("year").loc[[YEAR]]
    whole = (stages["share_value"] * stages["value_usd"]).sum() / stages["value_usd"].sum()
    assert whole == pytest.approx(network.inside_shares(flows, msp).at[YEAR, "share_value"])


def test_years_that_cannot_be_relied_on_are_left_out():
    flows = network.load_flows("germanium", (2000, 2024))
    assert flows["year"].max() == 2006
    everything = trade.load_flows(products="germanium", years=(2000, 2024))
    assert "moved germanium" in network.why_left_out(everything, "germanium")


def test_magnets_come_only_from_importers_whose_suppliers_are_listed(msp):
    magnets = network.load_magnets(msp, (2020, YEAR), "rare_earths")
    assert set(magnets["importer"]) == {"DEU", "JPN", "KOR", "USA"}
    assert network.load_magnets(msp, (2020, YEAR), "cobalt").empty


@given(amounts())
@settings(max_examples=20)
def test_each_members_shares_sum_to_one(trades):
    table = network.by_member(trades, MEMBERS, "D")
    assert np.allclose(table[["inside", "direct", "rest"]].sum(axis=1), 1, atol=1e-12)


# Who adds what.


@given(amounts())
@settings(max_examples=15)
def test_supplier_and_buyer_sum_to_the_change_of_the_inside_share(trades):
    table = network.marginal(trades, MEMBERS, without="F").set_index("economy")
    assert set(table.index) == set("ABCDE")
    for code, row in table.iterrows():
        bigger = sorted({*MEMBERS, code})
        smaller = [other for other in bigger if other != code]
        change = np.nan_to_num(network.inside_share(trades, bigger)) - np.nan_to_num(
            network.inside_share(trades, smaller)
        )
        assert row["change"] == pytest.approx(change, abs=1e-12)
        assert row["as_supplier"] + row["as_buyer"] == pytest.approx(change, abs=1e-12)
        assert row["as_supplier"] >= 0


def test_a_buyer_that_buys_elsewhere_lowers_the_share():
    trades = worked()
    trades.loc["C", "H"] = 1000.0
    row = network.marginal(trades, ["A", "B"], "C").set_index("economy").loc["H"]
    assert row["as_buyer"] < 0 < row["as_supplier"]


@given(amounts(5))
@settings(max_examples=8)
def test_shapley_is_the_mean_over_all_orders(trades):
    members = CODES[:4]
    total = trades[members].to_numpy().sum()
    if total == 0:
        return
    mean = dict.fromkeys(members, 0.0)
    orders = list(permutations(members))
    for order in orders:
        for i, code in enumerate(order):
            before, after = list(order[:i]), list(order[: i + 1])
            gain = trades.loc[after, after].to_numpy().sum()
            gain -= trades.loc[before, before].to_numpy().sum()
            mean[code] += gain / total / len(orders)
    parts = network.shapley(trades, members)["part"]
    assert parts.to_dict() == pytest.approx(mean, abs=1e-12)
    assert parts.sum() == pytest.approx(network.inside_share(trades, members), abs=1e-12)


def test_shapley_parts_sum_to_the_inside_share_of_the_bloc(flows, msp):
    trades = network.matrix(flows[flows["year"] == YEAR])
    parts = network.shapley(trades, msp)["part"]
    assert parts.sum() == pytest.approx(network.inside_share(trades, msp), abs=1e-12)


@given(amounts())
@settings(max_examples=30)
def test_the_potential_is_at_least_the_inside_share_and_at_most_one(trades):
    share = network.inside_share(trades, MEMBERS)
    if np.isnan(share):
        return
    most = network.potential({"metal": trades}, MEMBERS)
    assert share - 1e-12 <= most <= 1
    nothing = pd.Series(1.0, index=trades.index)
    assert network.potential({"metal": trades}, MEMBERS, nothing) == 0


# Look-through.


def test_the_worked_example_by_hand():
    """A and B make nothing themselves: e(A) = 0.6 + 0.3 e(B), e(B) = 10/12 + 2/12 e(A)."""
    of_a = (0.6 + 0.3 * 10 / 12) / (1 - 0.3 * 2 / 12)
    of_b = 10 / 12 + 2 / 12 * of_a
    own = pd.Series({"H": 8.0})
    table = origins.look_through(worked(), ["A", "B"], "C", own)
    assert table.at["none", "inside_rests"] == 0
    wanted = (2 * of_a + 3 * of_b) / 22
    assert table.at["proportional", "inside_rests"] == pytest.approx(wanted, abs=1e-5)
    assert table.at["supplier_first", "inside_left"] == pytest.approx(0, abs=1e-12)
    assert table["direct"].to_list() == pytest.approx([15 / 22] * 3)


@given(amounts(), outputs)
@settings(max_examples=60)
def test_the_origins_of_every_economys_imports_sum_to_one(trades, own):
    made = origins.origins(trades, own, "D")
    assert (made.to_numpy() >= -1e-9).all()
    imports = trades.sum() > 0
    assert np.allclose(made.sum()[imports], 1, atol=1e-9)
    assert (made.sum()[~imports] == 0).all()


def test_origins_are_conserved_in_the_real_network(flows):
    of_year = flows[flows["year"] == YEAR]
    for basis in trade.BASES:
        trades = network.matrix(of_year, basis)
        own = origins.own_output("rare_earths", YEAR, of_year, basis)
        made = origins.origins(trades, own, "CHN")
        assert np.abs(made.sum()[trades.sum() > 0] - 1).max() < 1e-9


@given(amounts(), outputs)
@settings(max_examples=60)
def test_the_readings_are_ordered_and_bounded(trades, own):
    readings = [origins.content(trades, own, "D", assumed) for assumed in origins.ASSUMPTIONS]
    for low, high in pairwise(readings):
        assert (low <= high + 1e-9).all()
    assert all(part["D"] == 1 and part.between(0, 1 + 1e-12).all() for part in readings)


@given(amounts(), outputs, st.sampled_from(MEMBERS))
@settings(max_examples=40)
def test_more_own_output_never_rests_more_on_the_supplier(trades, own, who):
    more = own.copy()
    more[who] += 50
    before = origins.content(trades, own, "D", "proportional")
    after = origins.content(trades, more, "D", "proportional")
    assert (after <= before + 1e-9).all()


@given(amounts(), outputs)
@settings(max_examples=30)
def test_all_parts_of_the_look_through_sum_to_the_imports(trades, own):
    if trades[MEMBERS].to_numpy().sum() == 0:
        return
    table = origins.look_through(trades, MEMBERS, "D", own)
    assert np.allclose(table["inside"] + table["direct"] + table["rest"], 1, atol=1e-12)
    rests = table["direct"] + table["inside_rests"] + table["rest_rests"]
    assert np.allclose(rests, table["rests"], atol=1e-12)
    assert table.at["none", "rests"] == pytest.approx(table.at["none", "direct"], abs=1e-12)


def test_a_supplier_that_sells_nothing_carries_nothing():
    own = pd.Series(dtype=float)
    assert (origins.content(worked(), own, "Z", "proportional") == 0).all()
    with pytest.raises(ValueError, match="'some' is not one of none, proportional"):
        origins.content(worked(), own, "C", "some")


def test_own_output_by_value_is_tonnes_at_the_unit_value_of_the_exports(flows):
    of_year = flows[flows["year"] == YEAR]
    tonnes = origins.own_output("rare_earths", YEAR, of_year, "tonnes")
    value = origins.own_output("rare_earths", YEAR, of_year, "value")
    sold = of_year[of_year["exporter"] == "USA"].dropna(subset=["quantity_t"])
    per_t = sold["value_usd"].sum() / sold["quantity_t"].sum()
    assert value["USA"] == pytest.approx(tonnes["USA"] * per_t)
    assert "ROW" not in tonnes.index
    assert origins.own_output("cobalt", 2010, of_year, "tonnes").empty


# Nodes.


def test_betweenness_follows_the_largest_flows():
    """A hub with large flows is between; one with a small flow is not."""
    trades = pd.DataFrame(0.0, list("ABCD"), list("ABCD"))
    trades.loc["A", "B"] = trades.loc["B", "D"] = 100.0
    trades.loc["A", "C"] = trades.loc["C", "D"] = 1.0
    between = nodes.betweenness(trades)
    assert between["B"] == pytest.approx(1 / 6)  # one of the 3 x 2 ordered pairs
    assert between["C"] == 0
    assert nodes.graph(trades)["A"]["B"] == {"weight": 100.0, "distance": 0.01}


def test_hubs_buy_from_the_supplier_and_sell_to_members(flows, msp):
    of_year = flows[flows["year"] == YEAR]
    trades = network.matrix(of_year)
    own = origins.own_output("rare_earths", YEAR, of_year)
    table = nodes.hub_table(trades, msp, "CHN", own, "rare_earths")
    assert "CHN" not in set(table["economy"])
    assert (table["from_supplier"] > 0).all()
    assert (table["passed"] <= table["passed_high"] * (1 + 1e-9)).all()
    assert (table["passed_high"] <= table["to_members"] * (1 + 1e-9)).all()


def test_without_a_supplier_who_sells_nothing_nothing_is_lost():
    trades = worked().reindex(index=list("ABCHZ"), columns=list("ABCHZ"), fill_value=0.0)
    row = nodes.removal({"metal": trades}, ["A", "B"], ["Z"], pd.Series(dtype=float)).iloc[0]
    assert row[["loss", "loss_low", "loss_high"]].to_list() == [0, 0, 0]


def test_the_loss_by_hand():
    """C sold 15 of 22; the others sell non-members nothing, so that nothing can be diverted."""
    row = nodes.removal({"metal": worked()}, ["A", "B"], ["C"], pd.Series({"H": 8.0})).iloc[0]
    assert (row["loss"], row["loss_low"]) == pytest.approx((15 / 22, 15 / 22))
    trades = worked()
    trades.loc["H", "C"] = 4.0  # bought by the node itself: not free
    trades.loc["H", "A"] = 0.0
    trades = trades.reindex(index=list("ABCHX"), columns=list("ABCHX"), fill_value=0.0)
    trades.loc["A", "X"] = 6.0
    own = pd.Series({"A": 1e9, "H": 1e9})
    row = nodes.removal({"metal": trades}, ["A", "B"], ["C"], own).iloc[0]
    assert row["loss"] == pytest.approx(15 / 20)
    assert row["loss_low"] == pytest.approx(9 / 20, abs=1e-6)


def test_a_stage_is_not_replaced_by_another():
    metal, oxide = worked(), worked() * 0
    oxide.loc["H", "C"] = 0.0
    oxide = oxide.reindex(index=list("ABCHX"), columns=list("ABCHX"), fill_value=0.0)
    oxide.loc["H", "X"] = 100.0
    own = pd.Series({"H": 1e9})
    apart = nodes.removal({"metal": metal, "compound": oxide}, ["A", "B"], ["C"], own).iloc[0]
    assert apart["loss_low"] == pytest.approx(apart["loss"])


@given(amounts(), outputs)
@settings(max_examples=12)
def test_the_loss_lies_in_its_range(trades, own):
    table = nodes.removal({"metal": trades}, MEMBERS, CODES, own)
    assert (table["loss_low"] <= table["loss"] + 1e-12).all()
    assert (table["loss"] <= table["loss_high"] + 1e-12).all()
    assert table[["loss_low", "loss", "loss_high"]].to_numpy().max(initial=0) <= 1 + 1e-12


# The report's numbers.


def test_the_summary_of_the_bloc_and_its_sensitivity(flows, msp):
    facts = network_cases.summary(flows, msp, "CHN", "rare_earths", "value")
    assert (facts["year"], facts["basis"]) == (YEAR, "value")
    assert facts["left_low"] <= facts["left"] <= facts["left_high"] == facts["inside"]
    assert facts["potential_low"] <= facts["potential"] <= facts["potential_high"]
    assert facts["inside_low"] == min(facts["inside_value"], facts["inside_tonnes"])
    trades = network.matrix(flows[flows["year"] == YEAR])
    table, parts = network.marginal(trades, msp, "CHN"), network.shapley(trades, msp)
    facts |= network_cases.marginal_summary(table, parts)
    newest = network.latest_stages(network.inside_by_stage(flows, msp), YEAR)
    rows = blocs.memberships("MSP")
    cases = network_cases.sensitivity(flows, facts, msp, newest, table, rows, "rare_earths")
    assert {"Measure", "Stage", "One member", "Members"} <= set(cases["changed"])
    assert cases["width"].is_monotonic_decreasing
    assert (cases["width"] >= 0).all()


def test_thin_weights_fall_back_on_value(msp):
    old = network.load_flows("rare_earths", (1995, 1999))
    facts = network_cases.summary(old, msp, "CHN", "rare_earths", "tonnes")
    assert facts["basis"] == "value"
    assert np.isnan(facts["inside_tonnes"])
    assert "weights are not known" in network_answers.on_inside(facts)


def test_mine_output_of_the_members_spans_the_publishers(flows, msp):
    """By hand, from the file: each publisher's newest edition, members and all that it lists."""
    rows = pd.read_csv(ROOT / "data/supply/rare_earth_mine_production.csv")
    rows = rows[(rows["year"] == YEAR) & (rows["economy"] != "WLD")]
    rows = rows[rows["edition"] != "MCS2025"]
    world = rows.groupby("source")["quantity_t"].sum()
    own = rows[rows["economy"].isin(msp)].groupby("source")["quantity_t"].sum()
    facts = network_cases.summary(flows, msp, "CHN", "rare_earths", "value")
    ends = (facts["mined_t_low"], facts["mined_t_high"])
    assert ends == (own.min(), own.max()) == (42108, 77400)
    assert facts["mined_t_low"] <= facts["mined_t"] <= facts["mined_t_high"]
    assert facts["mined_share_low"] == pytest.approx((own / world).min())
    assert facts["mined_share_high"] == pytest.approx((own / world).max())


def test_most_comes_from_outside_where_value_times_outside_share_is_largest():
    rows = pd.DataFrame(
        {
            "goods": ["metals", "magnets"],
            "year": YEAR,
            "value_usd": [1e6, 9e6],
            "share_value": [0.0, 0.5],
            "share_tonnes": [0.0, np.nan],
        }
    )
    assert "outside in magnets: 50% of " in network_answers._most_outside(rows)
    assert network_answers._most_outside(rows[:1]) == ""


def test_the_hub_named_is_the_one_that_can_pass_on_most():
    """Not the first of the table, which is in the order of the proportional reading."""
    rows = pd.DataFrame(
        {
            "economy": ["ITA", "SGP", "VNM"],
            "member": False,
            "maker": [False, False, True],
            "passed": [2.9, 2.4, 49.8],
            "passed_high": [4.5, 6.3, 102.8],
        }
    )
    said = network_answers.on_hubs(rows, {})
    assert "Singapore can pass on most" in said
    assert f"{(4.5 + 6.3) / (4.5 + 6.3 + 102.8):.0%} of what can be passed on" in said


def test_nobody_stands_between_where_all_sell_directly(flows):
    trades = flows[(flows["year"] == YEAR) & (flows["exporter"] == "CHN")]
    facts = {"basis": "value", "inside_tonnes": np.nan}
    assert network_cases.between_text(trades, facts).startswith("No economy lies on")


# The figures.


def test_every_economy_has_one_tile_and_no_two_share_one():
    tiles = catalogue.load("tile_map")
    assert not tiles.duplicated(["row", "column"]).any()
    assert set(tiles["economy"]) == set(catalogue.load("economies")["economy"])
    assert set(catalogue.load("bloc_members")["economy"]) <= set(tiles["economy"])


def test_the_drawn_tiles_keep_their_places_to_each_other(msp):
    layout = figures.tile_layout({*msp, "CHN", "VNM", "BRA"})
    assert not layout.duplicated().any()
    assert {*msp, "CHN", "VNM", "BRA"} <= set(layout.index)
    assert layout.at["USA", "x"] < layout.at["FRA", "x"] < layout.at["EST", "x"]
    assert layout.at["CAN", "y"] < layout.at["USA", "y"] < layout.at["BRA", "y"]
    assert layout.at["CHN", "x"] < layout.at["KOR", "x"] < layout.at["JPN", "x"]
    assert layout.at["JPN", "y"] < layout.at["VNM", "y"] < layout.at["AUS", "y"]


def test_bands_carry_all_imports_of_the_members(flows, msp):
    trades = network.matrix(flows[flows["year"] == YEAR])
    bands = network.bands(trades, msp, "CHN")
    assert bands["amount"].sum() == pytest.approx(trades[msp].to_numpy().sum(), rel=1e-12)
    direct = bands.loc[bands["source"] == "CHN", "amount"].sum()
    assert direct == pytest.approx(trades.loc["CHN", msp].sum(), rel=1e-12)


@given(amounts())
@settings(max_examples=12)
def test_the_widths_of_the_bands_are_the_flows_at_both_ends(trades):
    bands = network.bands(trades, MEMBERS, "D", top=2)
    if bands.empty:
        return
    placed = figures.sankey_layout(bands)
    left = placed["source_high"] - placed["source_low"]
    right = placed["target_high"] - placed["target_low"]
    assert np.allclose(left, right, atol=1e-9)
    per = left / placed["amount"]
    assert np.allclose(per, per.iloc[0], atol=1e-9)
    for side in ("source", "target"):
        ends = placed.sort_values(f"{side}_low")
        apart = ends[f"{side}_low"].to_numpy()[1:] - ends[f"{side}_high"].to_numpy()[:-1]
        assert (apart >= -1e-9).all(), "bands of one side never overlap"
        assert placed[f"{side}_low"].min() >= -1e-9
        assert placed[f"{side}_high"].max() <= 1 + 1e-9


def test_a_band_without_an_amount_is_refused():
    with pytest.raises(ValueError, match="amount above zero"):
        figures.sankey_layout(pd.DataFrame({"source": ["A"], "target": ["B"], "amount": [0.0]}))


def boxes(axes):
    axes.figure.draw_without_rendering()
    renderer = axes.figure._get_renderer()
    return [t.get_window_extent(renderer) for t in axes.texts if t.get_text()]


def test_the_axis_of_inside_shares_ends_a_little_above_them():
    shares = pd.DataFrame(
        {"share_value": [0.4, 0.2], "share_tonnes": [0.3, 0.1], "quantity_coverage": [0.5, 1]},
        index=[2000, 2001],
    )
    axes = figures.plot_inside_shares(figures.canvas(), shares)
    assert axes.get_ylim() == pytest.approx((0, 0.46))
    assert [text.get_text() for text in axes.texts] == ["by value 20%", "by tonnes 10%"]
    assert list(axes.get_lines()[-1].get_xdata()) == [2000]


def test_labels_of_the_figures_do_not_overlap(flows, msp):
    trades = network.matrix(flows[flows["year"] == YEAR])
    layout = figures.tile_layout({*msp, "CHN", "VNM"})
    shares = network.supplier_part(trades, msp)
    tiles = figures.plot_tile_map(figures.tile_canvas(layout), layout, shares, msp, "CHN")
    bands = figures.plot_sankey(figures.canvas(3.6), network.bands(trades, msp, "CHN"), msp)
    for axes in (tiles, bands):
        found = boxes(axes)
        assert len(found) > 10
        for i, box in enumerate(found):
            assert not any(box.overlaps(other) for other in found[i + 1 :])
