"""Revealed comparative advantage: of which stage does an economy export more than others do?

The flows are those of `position.load_flows`. Total exports of all goods are not in the data: the
denominator is the bundled minerals, or the chain itself, and has to be named with the number.
"""

import pandas as pd

from rareearths import catalogue, stages, trade


def load_all_goods(years: tuple[int, int]) -> pd.DataFrame:
    """Exports of every bundled mineral by year, exporter and material, in US$."""
    flows = trade.load_flows(years=years)
    material = catalogue.load("products").set_index("hs6")["material"]
    keys = ["year", "exporter", flows["product"].map(material).rename("material")]
    return flows.groupby(keys)["value_usd"].sum().reset_index()


def revealed_advantage(exports: pd.DataFrame) -> pd.DataFrame:
    """Revealed comparative advantage of each economy in each good.

    Parameters
    ----------
    exports : pandas.DataFrame
        US$, one row an economy, one column a good; all goods and economies that are compared.

    Returns
    -------
    pandas.DataFrame
        (x_is / x_i) / (x_s / x): the share of the good in the economy's exports over its share in
        all exports. 1 is the average; NaN for an economy or a good without exports.

    References
    ----------
    Balassa (1965), Trade liberalisation and revealed comparative advantage, Manchester School 33.
    docs/methods/position.md

    Examples
    --------
    >>> made = pd.DataFrame({"metal": [60, 40], "ore": [40, 360]}, index=["A", "B"])
    >>> revealed_advantage(made)["metal"].round(9).tolist()
    [3.0, 0.5]
    """
    by_economy, by_good = exports.sum(axis=1), exports.sum()
    total = by_good.sum()
    mine = exports.div(by_economy.where(by_economy > 0), axis=0)
    return mine.div((by_good / total).where(by_good > 0), axis=1)


def symmetric(advantage):
    """Return (RCA - 1) / (RCA + 1), in [-1, 1): 0 is the average.

    References
    ----------
    Laursen (1998), Revealed comparative advantage and the alternatives, DRUID working paper 98-30.

    Examples
    --------
    >>> symmetric(3.0), symmetric(0.0)
    (0.5, -1.0)
    """
    return (advantage - 1) / (advantage + 1)


def exports_table(
    flows: pd.DataFrame, importers: list[str] | None = None, other: pd.Series | None = None
) -> pd.DataFrame:
    """Exports by economy (rows) and stage (columns), US$, for `revealed_advantage`.

    Parameters
    ----------
    flows : pandas.DataFrame
        See `position.load_flows`. Without ``importers`` magnets are left out: there is no total.
    importers : list of str, optional
        Only what these economies buy.
    other : pandas.Series, optional
        Exports of other goods by economy, US$, added as the column ``other``.
    """
    if importers is None:
        flows = flows[flows["stage"] != stages.MAGNETS]
    else:
        flows = flows[flows["importer"].isin(importers)]
    table = flows.pivot_table(index="exporter", columns="stage", values="value_usd", aggfunc="sum")
    table = table[[stage for stage in stages.ORDER if stage in table]]
    if other is not None:
        table = table.join(other.rename("other"), how="outer")
    return table.fillna(0).astype(float)


def by_year(
    flows: pd.DataFrame,
    economies: list[str],
    importers: list[str] | None = None,
    goods: pd.DataFrame | None = None,
    material: str = "",
) -> pd.DataFrame:
    """Symmetric revealed advantage of some economies, by stage, year by year and over all years.

    Parameters
    ----------
    flows : pandas.DataFrame
        See `position.load_flows`; of the years that are meant.
    economies : list of str
        ISO3 codes.
    importers : list of str, optional
        See `exports_table`.
    goods : pandas.DataFrame, optional
        See `load_all_goods`: the denominator is then all bundled minerals; else the chain itself.
    material : str
        The material of the flows, left out of ``goods``.

    Returns
    -------
    pandas.DataFrame
        ``stage``, ``economy``, ``value`` (of all years together), ``low`` and ``high`` (of
        single years with exports, and of all), ``rca`` (not symmetric, of all years together).
    """
    years = sorted(flows["year"].unique())
    single = [_advantage(flows, [year], importers, goods, material) for year in years]
    whole = _advantage(flows, years, importers, goods, material)
    rows = [
        {
            "stage": stage,
            "economy": economy,
            "value": symmetric(whole.at[economy, stage]),
            **_ends([t.at[economy, stage] for t in [whole, *single] if _has(t, economy, stage)]),
            "rca": whole.at[economy, stage],
        }
        for stage in whole
        for economy in economies
        if _has(whole, economy, stage)
    ]
    return pd.DataFrame(rows, columns=["stage", "economy", "value", "low", "high", "rca"])


def _has(table: pd.DataFrame, economy: str, stage: str) -> bool:
    return economy in table.index and stage in table and table.at[economy, stage] > 0


def _ends(values: list[float]) -> dict:
    ends = [symmetric(value) for value in values]
    return {"low": min(ends), "high": max(ends)}


def _advantage(flows, years, importers, goods, material) -> pd.DataFrame:
    other = None
    if goods is not None:
        rest = goods[goods["year"].isin(years) & (goods["material"] != material)]
        other = rest.groupby("exporter")["value_usd"].sum()
    table = exports_table(flows[flows["year"].isin(years)], importers, other)
    return revealed_advantage(table).drop(columns="other", errors="ignore")
