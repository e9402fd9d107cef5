"""Trusted partners: how much of what the members of a bloc import comes from one another.

A bloc is a list of economies. Its *inside share* is the part of its members' imports that other
members sold. It looks at the last border only: what the sellers bought from elsewhere first is
taken out by `rareearths.origins`; who passes goods on and what the loss of a supplier would take
away stand in `rareearths.nodes`.

A matrix of trade is a table with one row an exporter and one column an importer, the same economies
in both, zero where no flow is known (BACI lists every known flow).
"""

import numpy as np
import pandas as pd

from rareearths import catalogue, quality, stages, trade
from rareearths.network import blocs


def load_flows(material: str, years: tuple[int, int]) -> pd.DataFrame:
    """Load the world's trade in a material, with the stage of each flow.

    Years of a code that a known break marks as not to be relied on are left out. Magnets are not
    among these flows, see `load_magnets`.

    Returns
    -------
    pandas.DataFrame
        Canonical flows, see `trade.load_flows`, with ``stage``.
    """
    flows = trade.load_flows(products=trade.check_material(material), years=years)
    stage = catalogue.load("products").set_index("hs6")["stage"]
    flows = flows.assign(stage=flows["product"].map(stage))
    # Breaks of a single importer never mark so low; those of all importers stand with any of them.
    return quality.reliable(flows, "WLD", material) if len(flows) else flows


def load_magnets(members: list[str], years: tuple[int, int], material: str) -> pd.DataFrame:
    """Load the listed magnet imports of those members whose suppliers are listed.

    Returns
    -------
    pandas.DataFrame
        As `load_flows`; empty for another material than rare earths.
    """
    listed = set(catalogue.load("magnets_coverage")["importers_listed"].str.split(";").explode())
    who = [code for code in members if code in listed] if material == stages.WITH_MAGNETS else []
    found = [stages.load_flows(code, material, years) for code in who]
    found = [flows[flows["stage"] == stages.MAGNETS] for flows in found]
    found = [flows for flows in found if len(flows)]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def inside_shares(flows: pd.DataFrame, members: list[str]) -> pd.DataFrame:
    """Share of the members' imports that members sold, by value and by tonnes.

    Parameters
    ----------
    flows : pandas.DataFrame
        Canonical flows.
    members : list of str
        ISO3 codes.

    Returns
    -------
    pandas.DataFrame
        As `trade.dependence`, with all members as one supplier.

    Raises
    ------
    ValueError
        The members import nothing.

    References
    ----------
    docs/methods/trusted_network.md
    """
    bought = flows[flows["importer"].isin(members)]
    seller = bought["exporter"].where(~bought["exporter"].isin(members), members[0])
    return trade.dependence(bought.assign(exporter=seller), members[0])


def inside_as_of(flows: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """As `inside_shares`, with the members that the bloc had in each year, see `blocs.memberships`.

    Years with fewer than two members, or without imports of theirs, are left out. ``members``
    counts them.
    """
    found = []
    for year, of_year in flows.groupby("year"):
        members = blocs.members_in(rows, int(year))
        if len(members) > 1 and of_year["importer"].isin(members).any():
            found.append(inside_shares(of_year, members).assign(members=len(members)))
    return pd.concat(found) if found else pd.DataFrame()


def inside_by_stage(flows: pd.DataFrame, members: list[str]) -> pd.DataFrame:
    """The inside share of each stage, by year.

    Returns
    -------
    pandas.DataFrame
        ``stage``, ``goods`` (plural), ``year``, the columns of `inside_shares`, ``value_usd`` (all
        imports of the members).
    """
    parts = []
    for stage in stages.present(flows):
        part = flows[(flows["stage"] == stage) & flows["importer"].isin(members)]
        if len(part):
            shares = inside_shares(part, members)
            shares["value_usd"] = part.groupby("year")["value_usd"].sum()
            named = {"stage": stage, "goods": stages.PLURALS[stage]}
            parts.append(shares.reset_index().assign(**named))
    return pd.concat(parts, ignore_index=True)


def latest_stages(by_stage: pd.DataFrame, year: int) -> pd.DataFrame:
    """The newest year of each stage up to ``year``; thin weights count as unknown."""
    known = by_stage[(by_stage["year"] <= year) & by_stage["share_value"].notna()]
    rows = known.loc[known.groupby("stage", sort=False)["year"].idxmax()].reset_index(drop=True)
    thin = ~(rows["quantity_coverage"] >= trade.LEAST_COVERAGE)
    rows.loc[thin, ["share_tonnes", "gap"]] = np.nan
    return rows


def matrix(flows: pd.DataFrame, basis: str = "value") -> pd.DataFrame:
    """Sum flows into a matrix of trade; flows without a weight are left out of tonnes.

    Returns
    -------
    pandas.DataFrame
        Rows exporters, columns importers, the same economies; US$ or tonnes.
    """
    column = trade.BASES[trade.check_basis(basis)]
    summed = flows.astype({column: float}).groupby(["exporter", "importer"])[column].sum()
    wide = summed.unstack(fill_value=0.0)
    codes = sorted(set(wide.index) | set(wide.columns))
    return wide.reindex(index=codes, columns=codes, fill_value=0.0)


def inside_share(trades: pd.DataFrame, members: list[str]) -> float:
    """Inside share of one matrix of trade; NaN where the members import nothing.

    Examples
    --------
    >>> trades = pd.DataFrame([[0, 2, 1], [3, 0, 1], [5, 10, 0]], list("ABC"), list("ABC"))
    >>> inside_share(trades, ["A", "B"])
    0.25
    """
    inside, total = _sums(trades, members)
    return inside / total if total > 0 else np.nan


def by_member(trades: pd.DataFrame, members: list[str], exporter: str) -> pd.DataFrame:
    """Where each member's imports come from: other members, the supplier, the rest.

    Returns
    -------
    pandas.DataFrame
        Indexed by member with imports, the largest importer first: ``bought`` (amount), ``sold``
        (amount, to other members), ``inside``, ``direct`` (from the supplier), ``rest``; fractions
        of its imports that sum to 1.
    """
    within = [code for code in members if code in trades.index]
    bought = trades[within].sum()
    inside = trades.loc[within, within].sum() / bought
    direct = row(trades, exporter)[within] / bought
    table = pd.DataFrame(
        {
            "bought": bought,
            "sold": trades.loc[within, within].sum(axis=1),
            "inside": inside,
            "direct": direct,
            "rest": 1 - inside - direct,
        }
    )
    table = table[table["bought"] > 0].rename_axis("member")
    return table.sort_values("bought", ascending=False, kind="stable")


def marginal(trades: pd.DataFrame, members: list[str], without: str = "") -> pd.DataFrame:
    """What each member adds to the inside share, and what each outsider would add.

    Parameters
    ----------
    trades : pandas.DataFrame
        A matrix of trade.
    members : list of str
    without : str
        An outsider that is no candidate, the supplier in question.

    Returns
    -------
    pandas.DataFrame
        ``economy``, ``member`` (whether it is one), ``as_supplier``, ``as_buyer``, ``change``
        (fractions: inside share with it less that without it); the largest change first. As
        buyer: its own imports come to the need, and what it buys from the members to the part
        that is sourced inside. As supplier: what it sells to the members counts as inside too.
        The two sum to the change.

    References
    ----------
    docs/methods/trusted_network.md
    """
    within = [code for code in members if code in trades.index]
    candidates = [code for code in trades.index if code not in within and code != without]
    rows, everyone = [], trades[within]
    whole = _sums(trades, within)
    for code in [*within, *candidates]:
        rest = [other for other in within if other != code]
        inside, total = _sums(trades, rest) if code in within else whole
        sold, bought = everyone.loc[code, rest].sum(), trades.loc[rest, code].sum()
        both = total + trades[code].sum()
        before = inside / total if total > 0 else 0.0
        joined = (inside + bought) / both if both > 0 else 0.0
        after = (inside + bought + sold) / both if both > 0 else 0.0
        rows.append((code, code in within, after - joined, joined - before, after - before))
    table = pd.DataFrame(rows, columns=["economy", "member", "as_supplier", "as_buyer", "change"])
    return table.sort_values("change", ascending=False, kind="stable", ignore_index=True)


def shapley(trades: pd.DataFrame, members: list[str]) -> pd.DataFrame:
    """Each member's part of the inside share, averaged over every order of joining.

    The worth of a group is what its members sell one another, as a share of the imports of all
    members; a flow needs both its ends, and each end gets half of it. That is the Shapley value of
    this game, exact, without a sample of orders.

    Returns
    -------
    pandas.DataFrame
        Indexed by member, the largest first: ``as_supplier``, ``as_buyer``, ``part`` (fractions);
        the parts sum to the inside share.

    References
    ----------
    Shapley (1953); Deng and Papadimitriou (1994), On the complexity of cooperative solution
    concepts, theorem 1; docs/methods/trusted_network.md

    Examples
    --------
    >>> trades = pd.DataFrame([[0, 2, 1], [3, 0, 1], [5, 10, 0]], list("ABC"), list("ABC"))
    >>> [float(part) for part in shapley(trades, ["A", "B"])["part"]]
    [0.125, 0.125]
    """
    within = [code for code in members if code in trades.index]
    among = trades.loc[within, within]
    _, total = _sums(trades, within)
    table = pd.DataFrame(
        {"as_supplier": among.sum(axis=1) / 2 / total, "as_buyer": among.sum() / 2 / total}
    )
    table["part"] = table["as_supplier"] + table["as_buyer"]
    return table.rename_axis("member").sort_values("part", ascending=False, kind="stable")


def potential(
    by_stage: dict[str, pd.DataFrame], members: list[str], rests: pd.Series | None = None
) -> float:
    """Part of the members' imports that all they now export could cover, if it stayed inside.

    Stage by stage, and no more than is imported; an upper bound of what the present exports of the
    members could do.

    Parameters
    ----------
    by_stage : dict of str to pandas.DataFrame
        A matrix of trade for each stage.
    members : list of str
    rests : pandas.Series, optional
        Part of each economy's exports that does not count, see `origins.content`.

    Examples
    --------
    >>> trades = pd.DataFrame([[0, 2, 1], [3, 0, 1], [5, 10, 0]], list("ABC"), list("ABC"))
    >>> potential({"metal": trades}, ["A", "B"])
    0.35
    """
    covered = total = 0.0
    for trades in by_stage.values():
        _, need = _sums(trades, members)
        within = [code for code in members if code in trades.index]
        sold = trades.loc[within].sum(axis=1)
        counted = sold if rests is None else sold * (1 - rests.reindex(within).fillna(0.0))
        covered, total = covered + min(float(counted.sum()), need), total + need
    return covered / total if total > 0 else np.nan


def bands(trades: pd.DataFrame, members: list[str], always: str, top: int = 6) -> pd.DataFrame:
    """The flows to members as bands from the largest suppliers to the largest members.

    Parameters
    ----------
    trades : pandas.DataFrame
        A matrix of trade.
    members : list of str
    always : str
        A supplier that is shown apart wherever it sold something.
    top : int
        Suppliers and members shown apart; the rest is ``others``.

    Returns
    -------
    pandas.DataFrame
        ``source``, ``target``, ``amount`` (above zero), largest nodes first, ``others`` last; the
        amounts sum to the members' imports.
    """
    bought = trades[[code for code in members if code in trades.index]]
    sides = {"source": bought.sum(axis=1), "target": bought.sum()}
    order = {
        side: list(sums.sort_values(ascending=False, kind="stable").index[:top])
        for side, sums in sides.items()
    }
    if always in bought.index and always not in order["source"]:
        order["source"].append(always)
    flows = bought.rename_axis(index="source", columns="target").stack().rename("amount")
    flows = flows[flows > 0].reset_index()
    for side, shown in order.items():
        flows[side] = pd.Categorical(
            flows[side].where(flows[side].isin(shown), "others"), [*shown, "others"], ordered=True
        )
    summed = flows.groupby(["source", "target"], observed=True, as_index=False)["amount"].sum()
    return summed.astype({"source": str, "target": str})


def row(trades: pd.DataFrame, code: str) -> pd.Series:
    """Sales of one exporter to each economy; zeros where it sold nothing."""
    return trades.loc[code] if code in trades.index else pd.Series(0.0, index=trades.columns)


def with_magnets(
    flows: pd.DataFrame, members: list[str], material: str, years: tuple[int, int]
) -> pd.DataFrame:
    """Add the listed magnet imports of the members, see `load_magnets`."""
    magnets = load_magnets(members, years, material)
    return pd.concat([flows, magnets[flows.columns]], ignore_index=True) if len(magnets) else flows


def why_left_out(flows: pd.DataFrame, material: str) -> str:
    """Why years of a material are left out, as the known break says it; empty where none is."""
    left_out = quality.unusable(flows, "WLD", material) if len(flows) else flows
    return "" if left_out.empty else left_out["description"].iloc[-1]


def sold_to(trades: pd.DataFrame, members: list[str]) -> pd.Series:
    """What each economy sold to the members, the largest first; who sold nothing is left out."""
    sold = trades[[code for code in members if code in trades.index]].sum(axis=1)
    return sold[sold > 0].sort_values(ascending=False, kind="stable")


def supplier_part(trades: pd.DataFrame, members: list[str]) -> pd.Series:
    """Part of the members' imports that each economy sold; fractions, the largest first."""
    sold = sold_to(trades, members)
    return sold / sold.sum()


def part_table(part: pd.Series) -> pd.DataFrame:
    """`supplier_part` as a table: ``economy``, ``name``, ``part`` (fraction); the first 20."""
    table = part.rename("part").rename_axis("economy").reset_index().head(20)
    return table.assign(name=table["economy"].map(trade.economy_names()))


def member_table(each: pd.DataFrame, flows: pd.DataFrame) -> pd.DataFrame:
    """`by_member` with ``member_name`` and ``bought_usd`` (US$, whatever the basis)."""
    value = flows.groupby("importer")["value_usd"].sum()
    names = each.index.map(trade.economy_names())
    return each.assign(member_name=names, bought_usd=value.reindex(each.index).astype(float))


def shown_marginal(table: pd.DataFrame, most: int = 5) -> pd.DataFrame:
    """The members and the outsiders that add most, members first."""
    inside, outside = table[table["member"]], table[~table["member"] & (table["change"] > 0)]
    return pd.concat([inside.head(most), outside.head(most)], ignore_index=True)


def code_notes(material: str) -> pd.DataFrame:
    """The HS codes of a material with their notes: ``product``, ``label``, ``note``."""
    rows = catalogue.load("products")
    rows = rows[rows["material"] == material].rename(columns={"hs6": "product"})
    return rows.assign(label=rows["label_en"], note=rows["note"].fillna(""))


def _sums(trades: pd.DataFrame, members: list[str]) -> tuple[float, float]:
    """What the members sold one another, and all that they bought."""
    within = [code for code in members if code in trades.index]
    bought = trades[within]
    return float(bought.loc[within].to_numpy().sum()), float(bought.to_numpy().sum())
