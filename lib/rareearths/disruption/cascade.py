"""A stop on its way through third countries: who passes the supplier's goods on, and what is lost.

Each economy that lacks a share of its supply is taken to ship and to use that share less, all
alike (proportional rationing). Supply is what it imports and what it makes itself; see `network`.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from rareearths import supply, trade
from rareearths.assumptions import Range

ROUNDS = 100_000
CLOSE = 1e-14
LEAST = 0.0005  # of an importer's supply; who passes on less is left out, but for the largest


class Network(NamedTuple):
    """The flows of one material and year between economies.

    ``flows`` : exporters by importers, in tonnes or current US$, square, zero where nothing was
    shipped; ``own`` : what each economy makes itself, in the same unit.
    """

    flows: pd.DataFrame
    own: pd.Series

    @property
    def supply(self) -> pd.Series:
        """Imports and own output of each economy."""
        return self.flows.sum() + self.own

    @property
    def shares(self) -> pd.DataFrame:
        """Share of each exporter (rows) in the supply of each importer (columns)."""
        total = self.supply
        return self.flows.div(total.where(total > 0), axis="columns").fillna(0.0)


def network(material: str, year: int, basis: str = "tonnes", mines: bool = False) -> Network:
    """Load the flows of a material and estimate what each economy makes itself.

    What an economy ships beyond what it buys it must have made: own output is at least exports
    less imports. With ``mines``, it is at least its mine output too.

    Parameters
    ----------
    material : str
    year : int
    basis : {"tonnes", "value"}
        Tonnes leave out flows without a weight.
    mines : bool
        Whether mine output counts as supply of the traded goods; tonnes of content, so that it
        is compared with gross weight. By tonnes only.

    Raises
    ------
    ValueError
        Mines by value.
    """
    if mines and trade.check_basis(basis) != "tonnes":
        raise ValueError("mine output is known in tonnes, not in value")
    column = trade.BASES[trade.check_basis(basis)]
    rows = trade.load_flows(products=material, years=year).dropna(subset=[column])
    rows = rows[~rows[["exporter", "importer"]].isin([trade.UNSPECIFIED]).any(axis=1)]
    economies = sorted(set(rows["exporter"]) | set(rows["importer"]))
    flows = rows.pivot_table(index="exporter", columns="importer", values=column, aggfunc="sum")
    flows = flows.reindex(index=economies, columns=economies).fillna(0.0)  # no flow is no trade
    own = (flows.sum(axis=1) - flows.sum()).clip(lower=0.0)
    if mines:
        output = supply.mine_output(material)
        mined = output[output["year"] == year].set_index("economy")["quantity_t"]
        own = np.maximum(own, mined.reindex(economies).fillna(0.0))  # not listed: no mine known
    return Network(flows, own.rename("own"))


def lost_share(net: Network, supplier: str, stopped: float, only: str | None = None) -> pd.Series:
    """Share of its supply that each economy loses when rationing is passed on.

    Parameters
    ----------
    net : Network
    supplier : str
        ISO3 code of the economy that stops.
    stopped : float
        Share of its deliveries that stops, in [0, 1].
    only : str, optional
        The one importer that is not served; by default the stop is for all.

    Returns
    -------
    pandas.Series
        x, by economy, in [0, stopped]; the supplier itself has ``stopped`` (0 where ``only`` is
        given: its deliveries to the others go on).

    Notes
    -----
    x_j = sum_k S_kj x_k with S_kj the share of k in the supply of j, and the supplier's deliveries
    fixed by the stop. Solved as a linear system over the economies that the stop can reach; the
    others lose nothing.

    References
    ----------
    docs/methods/cascade.md
    """
    shares, direct = _direct(net, supplier, stopped, only)
    reached = _reached(shares, direct)
    result = pd.Series(0.0, index=shares.index)
    if reached:
        inner = shares.loc[reached, reached].to_numpy()
        left = np.eye(len(reached)) - inner.T
        result[reached] = np.linalg.solve(left, direct[reached].to_numpy())
    result[supplier] = 0.0 if only else stopped
    return result.rename("lost")


def lost_share_by_rounds(
    net: Network, supplier: str, stopped: float, only: str | None = None
) -> pd.Series:
    """As `lost_share`, round after round until nothing changes; slower, and the same."""
    shares, direct = _direct(net, supplier, stopped, only)
    lost = direct.copy()
    for _ in range(ROUNDS):
        after = direct + shares.T @ lost
        if (after - lost).abs().max() < CLOSE:
            break
        lost = after
    lost[supplier] = 0.0 if only else stopped
    return lost.rename("lost")


def balance(net: Network, lost: pd.Series, supplier: str) -> pd.DataFrame:
    """Where the goods that are not delivered are missing, economy by economy.

    Returns
    -------
    pandas.DataFrame
        By economy, in the unit of the network: ``not_received``, ``not_shipped``, ``not_used``;
        without the supplier. What the supplier does not ship equals the sum of ``not_used`` and
        what the others do not ship to the supplier.
    """
    others = net.flows.index.drop(supplier)
    received = lost[others] * net.supply[others]
    shipped = lost[others] * net.flows.loc[others].sum(axis=1)
    return pd.DataFrame(
        {"not_received": received, "not_shipped": shipped, "not_used": received - shipped}
    )


def carriers(net: Network, lost: pd.Series, importer: str, supplier: str) -> pd.DataFrame:
    """The third countries through which the stop reaches an importer.

    Returns
    -------
    pandas.DataFrame
        ``exporter``, ``place`` (name), ``bought`` (share in the importer's supply), ``lost``
        (share of its own supply that it loses), ``passed_on`` (points of the importer's supply:
        bought x lost); the largest first, only those that pass something on.
    """
    bought = net.shares[importer].drop(supplier)
    table = pd.DataFrame({"bought": bought, "lost": lost.drop(supplier)})
    table["passed_on"] = table["bought"] * table["lost"]
    table = table[table["passed_on"] > 0].sort_values("passed_on", ascending=False, kind="stable")
    table["place"] = table.index.map(trade.economy_names())
    return table.rename_axis("exporter").reset_index()


def carriers_range(
    nets: dict[str, Network], importer: str, supplier: str, stopped: float, top: int = 8
) -> pd.DataFrame:
    """The largest `carriers` of the first case, with the range over all cases.

    Returns
    -------
    pandas.DataFrame
        The columns of `carriers`, and ``bought_low``, ``bought_high``, ``lost_low`` and so on.
    """
    found = {
        name: carriers(net, lost_share(net, supplier, stopped), importer, supplier)
        for name, net in nets.items()
        if {importer, supplier} <= set(net.flows.index)
    }
    if not found:
        return pd.DataFrame(columns=["exporter", "bought", "lost", "passed_on", "place"])
    first = next(iter(found.values())).head(top)
    first = first[(first["passed_on"] >= LEAST) | (first.index == 0)]
    for name in ("bought", "lost", "passed_on"):
        wide = pd.DataFrame({case: t.set_index("exporter")[name] for case, t in found.items()})
        wide = wide.reindex(first["exporter"]).fillna(0.0)  # passes nothing on in that case
        first = first.assign(
            **{f"{name}_low": wide.min(axis=1).to_numpy(),
               f"{name}_high": wide.max(axis=1).to_numpy()}
        )  # fmt: skip
    return first


def cases(material: str, year: int) -> dict[str, Network]:
    """The networks that give the range: by tonnes, by value, by tonnes with mines as supply."""
    return {
        "tonnes": network(material, year),
        "value": network(material, year, "value"),
        "tonnes, own mines as supply": network(material, year, mines=True),
    }


def effects(nets: dict[str, Network], importer: str, supplier: str, stopped: float) -> pd.DataFrame:
    """First round and total effect of a stop for an importer, case by case.

    Returns
    -------
    pandas.DataFrame
        ``case``; as shares of the importer's supply: ``first_round``, ``stop_for_all``
        (with what third countries pass on), ``through_others`` (their difference),
        ``only_importer`` (if the supplier stops this importer alone).
    """
    rows = []
    for name, net in nets.items():
        known = importer in net.flows.columns and supplier in net.flows.index
        if not known or net.supply[importer] == 0:
            continue
        direct = net.shares.at[supplier, importer] * stopped
        everyone = lost_share(net, supplier, stopped)[importer]
        alone = lost_share(net, supplier, stopped, only=importer)[importer]
        rows.append((name, direct, everyone, everyone - direct, alone))
    columns = ["case", "first_round", "stop_for_all", "through_others", "only_importer"]
    return pd.DataFrame(rows, columns=columns)


def spread(table: pd.DataFrame, column: str) -> Range:
    """The first case (by tonnes) with the lowest and the highest of all cases."""
    values = table[column]
    return Range(float(values.min()), float(values.iloc[0]), float(values.max()))


def _direct(net: Network, supplier: str, stopped: float, only: str | None):
    """Shares among the others, and what each of them loses in the first round."""
    shares = net.shares.copy()
    direct = shares.loc[supplier] * stopped
    if only is not None:
        direct = direct.where(direct.index == only, 0.0)
    direct[supplier] = 0.0
    shares.loc[supplier] = 0.0  # its deliveries are fixed by the stop
    shares[supplier] = 0.0
    return shares, direct


def _reached(shares: pd.DataFrame, direct: pd.Series) -> list[str]:
    """Economies that the stop can reach, directly or through others."""
    linked = shares.to_numpy() > 0
    found = direct.to_numpy() > 0
    while True:
        more = found | (linked.T @ found)
        if (more == found).all():
            return list(shares.index[found])
        found = more
