"""Look-through: how much of what is bought somewhere was bought from one supplier before.

Trade says who sold last. What a seller exports comes out of what it imported and what it made
itself; nobody records in which proportion. Three assumptions bound it:

- *none*: everything sold on was made by the seller; the supplier's part is what it sells directly,
- *proportional*: exports are a mix of imports and own output like all that the seller has,
- *supplier first*: a seller exports what it bought of the supplier's material before all else.

Whatever passes through the supplier in question counts as the supplier's.
"""

import numpy as np
import pandas as pd

from rareearths import supply, trade

ASSUMPTIONS = ("none", "proportional", "supplier_first")
LEAST_OWN = 1e-6  # part of the exports that is own output at least: goods cannot circle for ever
TURNS = 20_000  # of the iteration at most


def own_output(material: str, year: int, flows: pd.DataFrame, basis: str = "value") -> pd.Series:
    """Mine output of each economy in the unit of the basis, to set beside its imports.

    Parameters
    ----------
    material : str
    year : int
    flows : pandas.DataFrame
        Canonical flows of the year, for the unit values.
    basis : {"value", "tonnes"}

    Returns
    -------
    pandas.Series
        By economy: tonnes of content, or their value at the unit value of the economy's exports
        (that of all exporters where its own is not known). Economies that are not listed, and
        years before the mine data begin, are absent.
    """
    mined = supply.mine_output(material)
    mined = mined[(mined["year"] == year) & (mined["economy"] != supply.REST)]
    tonnes = mined.groupby("economy")["quantity_t"].sum(min_count=1).dropna()
    if trade.check_basis(basis) == "tonnes" or tonnes.empty:
        return tonnes
    known = flows.dropna(subset=["quantity_t"])
    sums = known.groupby("exporter")[["value_usd", "quantity_t"]].sum()
    world = sums["value_usd"].sum() / sums["quantity_t"].sum() if len(sums) else np.nan
    per_t = (sums["value_usd"] / sums["quantity_t"]).reindex(tonnes.index).fillna(world)
    return (tonnes * per_t).dropna()


def imported_part(trades: pd.DataFrame, own: pd.Series) -> pd.Series:
    """Part of each economy's exports that it imported before, if all is mixed.

    Imports divided by imports and own output together; own output is what the mine data say, and
    at least what exports exceed imports by.

    Returns
    -------
    pandas.Series
        Fractions below 1, by economy; 0 where it imports nothing.
    """
    imports, exports = trades.sum(), trades.sum(axis=1)
    made = own.reindex(trades.index).fillna(0.0)
    made = np.maximum(made, exports - imports).clip(lower=0)
    there = imports + made
    part = (imports / there.where(there > 0)).fillna(0.0)
    return part.clip(upper=1 - LEAST_OWN)


def origins(trades: pd.DataFrame, own: pd.Series, exporter: str) -> pd.DataFrame:
    """Where the material of each economy's imports was made, under the proportional assumption.

    Parameters
    ----------
    trades : pandas.DataFrame
        A matrix of trade, see `network.matrix`.
    own : pandas.Series
        See `own_output`.
    exporter : str
        The supplier in question; what passes through it counts as made there.

    Returns
    -------
    pandas.DataFrame
        Rows origins, columns importers; each column with imports sums to 1.

    Notes
    -----
    An absorbing Markov chain: a good bought in j comes from seller i with probability s_ij (its
    share of j's imports), was made there with probability 1 - r_i, else bought by i before. With
    the diagonal matrix R of the r_i, the origins are (I - R) S (I - R S)^-1, taken column by
    column; r is 0 for the supplier.

    References
    ----------
    Kemeny and Snell (1960), Finite Markov Chains, chapter 3; docs/methods/trusted_network.md

    Examples
    --------
    >>> trades = pd.DataFrame([[0, 8, 0], [0, 0, 4], [0, 0, 0]], list("CHM"), list("CHM"), float)
    >>> origins(trades, pd.Series({"H": 8.0}), "C")["M"].round(3).to_dict()
    {'C': 0.5, 'H': 0.5, 'M': 0.0}
    """
    bought = trades.sum()
    shares = (trades / bought.where(bought > 0)).fillna(0.0).to_numpy()
    part = imported_part(trades, own)
    if exporter in part.index:
        part[exporter] = 0.0
    again = part.to_numpy()
    # content of exports: E = diag(1 - r) + O diag(r); content of imports: O = E S
    chain = np.eye(len(again)) - np.diag(again) @ shares
    made = np.linalg.solve(chain.T, (np.diag(1 - again) @ shares).T).T
    return pd.DataFrame(made, trades.index, trades.columns)


def content(trades: pd.DataFrame, own: pd.Series, exporter: str, assumed: str) -> pd.Series:
    """Part of each economy's exports that rests on the supplier, under one assumption.

    Parameters
    ----------
    trades, own, exporter
        As for `origins`.
    assumed : {"none", "proportional", "supplier_first"}

    Returns
    -------
    pandas.Series
        Fractions in [0, 1] by economy; 1 for the supplier itself.

    Raises
    ------
    ValueError
        Another assumption, or an iteration that does not come to rest.
    """
    if assumed not in ASSUMPTIONS:
        raise ValueError(f"assumption {assumed!r} is not one of {', '.join(ASSUMPTIONS)}")
    zero = pd.Series(0.0, index=trades.index)
    if exporter not in trades.index:
        return zero
    if assumed == "proportional":
        zero = imported_part(trades, own) * origins(trades, own, exporter).loc[exporter]
    elif assumed == "supplier_first":
        zero = _first(trades, exporter)
    zero[exporter] = 1.0
    return zero


def look_through(
    trades: pd.DataFrame, members: list[str], exporter: str, own: pd.Series
) -> pd.DataFrame:
    """Split the members' imports by who sold them, and by whether they rest on the supplier.

    Returns
    -------
    pandas.DataFrame
        Indexed by `ASSUMPTIONS`; fractions of all imports of the members: ``inside`` (sold by
        members), ``inside_rests`` (of it, what rests on the supplier), ``inside_left`` (the
        difference), ``direct`` (sold by the supplier), ``rest`` (sold by others), ``rest_rests``,
        ``rests`` (all that rests on the supplier: directly, inside and through others).

    References
    ----------
    docs/methods/trusted_network.md
    """
    within = [code for code in members if code in trades.index]
    sold = trades[within].sum(axis=1)
    total = sold.sum()
    rows = {}
    for assumed in ASSUMPTIONS:
        part = content(trades, own, exporter, assumed)
        rests = sold * part / total
        direct = rests.get(exporter, 0.0)
        inside, inside_rests = sold[within].sum() / total, rests[within].sum()
        rows[assumed] = {
            "inside": inside,
            "inside_rests": inside_rests,
            "inside_left": inside - inside_rests,
            "direct": direct,
            "rest": 1 - inside - direct,
            "rest_rests": rests.sum() - inside_rests - direct,
            "rests": rests.sum(),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("assumed")


def _first(trades: pd.DataFrame, exporter: str) -> pd.Series:
    """Exports that rest on the supplier if its material is exported first, as far as it goes.

    The least solution of e_i = min(1, m_i c_i / x_i), with c_i = sum_k s_ki e_k: it grows from
    the supplier outwards.
    """
    exports, amounts = trades.sum(axis=1), trades.to_numpy()
    sells = (exports > 0).to_numpy()
    per = np.where(sells, exports, 1.0)
    at = trades.index.get_loc(exporter)
    part = np.zeros(len(trades))
    part[at] = 1.0
    for _ in range(TURNS):
        bought = part @ amounts  # of the supplier's material, in each economy
        new = np.where(sells, np.minimum(1.0, bought / per), 0.0)
        new[at] = 1.0
        if np.abs(new - part).max() < 1e-12:
            return pd.Series(new, trades.index)
        part = new
    worst = trades.index[np.abs(new - part).argmax()]
    raise ValueError(f"the look-through does not come to rest; the last to move is {worst}")
