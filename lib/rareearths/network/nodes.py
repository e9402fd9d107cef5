"""The network around a bloc: who sits between others, who passes goods on, who can be lost.

Graphs are networkx graphs; an edge goes from exporter to importer.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rareearths import hubs, network, trade
from rareearths.network import origins

if TYPE_CHECKING:
    import networkx


def graph(trades: pd.DataFrame) -> "networkx.DiGraph":
    """Make a directed graph of a matrix of trade.

    Returns
    -------
    networkx.DiGraph
        An edge for each flow above zero, with ``weight`` (the amount) and ``distance`` (1 / the
        amount: the more is traded, the nearer).
    """
    import networkx as nx

    amounts = trades.to_numpy()
    made = nx.DiGraph()
    made.add_nodes_from(trades.index)
    made.add_edges_from(
        (trades.index[i], trades.columns[j], {"weight": a, "distance": 1 / a})
        for i, j in np.argwhere(amounts > 0)
        for a in [amounts[i, j]]
    )
    return made


def betweenness(trades: pd.DataFrame) -> pd.Series:
    """Part of the shortest ways between any two economies that run through each.

    The length of a step is 1 / the amount traded, so that the way between two economies is the one
    along the largest flows.

    Returns
    -------
    pandas.Series
        Fractions in [0, 1], the largest first.

    References
    ----------
    Freeman (1977), A set of measures of centrality based on betweenness; Brandes (2001), A faster
    algorithm for betweenness centrality; docs/methods/trusted_network.md

    Examples
    --------
    >>> chain = pd.DataFrame([[0, 9, 1], [0, 0, 9], [0, 0, 0]], list("ABC"), list("ABC"))
    >>> betweenness(chain).round(2).to_dict()
    {'B': 0.5, 'A': 0.0, 'C': 0.0}
    """
    import networkx as nx

    found = nx.betweenness_centrality(graph(trades), weight="distance", normalized=True)
    return pd.Series(found, dtype=float).sort_values(ascending=False, kind="stable")


def hub_table(
    trades: pd.DataFrame, members: list[str], exporter: str, own: pd.Series, material: str
) -> pd.DataFrame:
    """Economies that buy from the supplier and sell to members.

    Returns
    -------
    pandas.DataFrame
        ``economy``, ``member``, ``maker`` (a mine or plant of the material is known, see
        `hubs.producers`), ``from_supplier`` and ``to_members`` (amounts), ``passed`` and
        ``passed_high`` (of what it sells to members, the amount that rests on the supplier:
        proportional, and supplier first), ``betweenness`` and its ``rank``; most passed on first.
    """
    within = [code for code in members if code in trades.index]
    parts = {a: origins.content(trades, own, exporter, a) for a in origins.ASSUMPTIONS[1:]}
    between = betweenness(trades)
    sold = trades[within].sum(axis=1)
    table = pd.DataFrame(
        {
            "economy": trades.index,
            "member": trades.index.isin(within),
            "maker": trades.index.isin(list(hubs.producers(material))),
            "from_supplier": network.row(trades, exporter).to_numpy(),
            "to_members": sold.to_numpy(),
            "passed": (sold * parts["proportional"]).to_numpy(),
            "passed_high": (sold * parts["supplier_first"]).to_numpy(),
            "betweenness": between.reindex(trades.index).to_numpy(),
            "rank": between.rank(ascending=False, method="min").reindex(trades.index).to_numpy(),
        }
    )
    kept = (table["from_supplier"] > 0) & (table["to_members"] > 0)
    table = table[kept & (table["economy"] != exporter)]
    return table.sort_values("passed", ascending=False, kind="stable", ignore_index=True)


def removal(
    by_stage: dict[str, pd.DataFrame], members: list[str], nodes: list[str], own: pd.Series
) -> pd.DataFrame:
    """What the members lose when a node sells nothing any more.

    Parameters
    ----------
    by_stage : dict of str to pandas.DataFrame
        A matrix of trade for each stage: an oxide does not replace a metal.
    members : list of str
    nodes : list of str
        Economies to remove, one at a time. A member that is removed is no buyer either: the loss
        is that of the others.
    own : pandas.Series
        See `origins.own_output`.

    Returns
    -------
    pandas.DataFrame
        ``economy``, ``member``; fractions of the imports of the members that stay: ``loss`` (what
        the node sold them), ``loss_low`` (of it, what is left if all that other suppliers now sell
        to non-members went to members instead, within its stage and without what rests on the
        node, proportionally), ``loss_high`` (nothing replaced, and the sales of others that rest on
        the node, proportionally, are lost too); ``diverted`` (the part of these other
        sales that replacing the loss would take; 1 at most, missing where nothing is lost); the
        largest loss first.

    References
    ----------
    docs/methods/trusted_network.md
    """
    whole = _sum(list(by_stage.values()))
    rows = []
    for node in nodes:
        left = [code for code in members if code != node and code in whole.index]
        need = whole[left].to_numpy().sum()
        if not need > 0:
            continue
        rests = origins.content(whole, own, node, "proportional")
        lost, short, spare = _shortfall(by_stage, left, node, rests)
        through = float((whole[left].sum(axis=1) * rests).sum())
        rows.append(
            {
                "economy": node,
                "member": node in members,
                "loss": lost / need,
                "loss_low": short / need,
                "loss_high": max(lost, through) / need,
                "diverted": np.nan if lost == 0 else min(1.0, lost / spare) if spare else 1.0,
            }
        )
    columns = ["economy", "member", "loss", "loss_low", "loss_high", "diverted"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values("loss", ascending=False, kind="stable", ignore_index=True)


def large_nodes(trades: pd.DataFrame, members: list[str], first: str, most: int = 8) -> list[str]:
    """The supplier in question, and the largest other suppliers of the members."""
    within = [code for code in members if code in trades.index]
    sold = trades[within].sum(axis=1).drop(first, errors="ignore")
    largest = sold[sold > 0].sort_values(ascending=False, kind="stable").head(most - 1)
    return [first, *largest.index]


def _shortfall(
    by_stage: dict[str, pd.DataFrame], left: list[str], node: str, rests: pd.Series
) -> tuple[float, float, float]:
    """Over the stages: lost, still short after all is diverted, and what could be diverted."""
    lost = short = spare = 0.0
    for trades in by_stage.values():
        inside = [code for code in left if code in trades.index]
        gone = float(network.row(trades, node)[inside].sum())
        elsewhere = [code for code in trades.columns if code not in inside and code != node]
        others = trades.drop(index=node, errors="ignore")[elsewhere]
        free = float((others.sum(axis=1) * (1 - rests.reindex(others.index).fillna(0.0))).sum())
        lost, short, spare = lost + gone, short + max(0.0, gone - free), spare + free
    return lost, short, spare


def _sum(matrices: list[pd.DataFrame]) -> pd.DataFrame:
    codes = sorted(set().union(*(trades.index for trades in matrices)))
    full = [trades.reindex(index=codes, columns=codes, fill_value=0.0) for trades in matrices]
    return sum(full[1:], full[0])


def names(table: pd.DataFrame, column: str = "economy") -> pd.DataFrame:
    """Add ``name``, the economy in English, and ``member_text``, "yes" or "no"."""
    said = table.assign(name=table[column].map(trade.economy_names()))
    return said.assign(member_text=said["member"].map({True: "yes", False: "no"}))
