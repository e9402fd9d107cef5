"""Cells of the criticality indices: the terms of every material for every importer in a year.

Shares and terms are fractions; tonnes are gross weights of trade and content of mine output.
"""

from collections.abc import Collection
from functools import cache
from itertools import product

import numpy as np
import pandas as pd

from rareearths import catalogue, risk, trade
from rareearths.risk.index_weights import Weights

KEYS = ["importer", "material"]
NO_COMPARISON = "do not compare tonnages"  # in the notes of the materials


def year_range() -> tuple[int, int]:
    """Return the first and the last year with mine output of every material."""
    years = _mine_production()["year"]
    return int(years.min()), int(years.max())


def load_flows(years: tuple[int, int]) -> pd.DataFrame:
    """Load the flows of all materials between all economies, without the years that break.

    Returns
    -------
    pandas.DataFrame
        As `trade.load_flows`, with ``material``; without the codes and years that
        ``known_breaks`` marks C (germanium after 2006), see `indices.left_out`.
    """
    flows = trade.load_flows(years=years)
    flows["material"] = flows["product"].map(_materials_of_codes())
    broken = broken_codes(years)
    pairs = pd.MultiIndex.from_frame(flows[["product", "year"]])
    return flows[~pairs.isin(pd.MultiIndex.from_frame(broken[["product", "year"]]))]


def largest_importers(flows: pd.DataFrame, year: int, count: int) -> list[str]:
    """Return the economies that import most of these goods by value, the largest first.

    Raises
    ------
    ValueError
        Fewer than two or more importers than the flows hold.
    """
    bought = flows[(flows["year"] == year) & (flows["importer"] != trade.UNSPECIFIED)]
    totals = bought.groupby("importer")["value_usd"].sum().sort_values(ascending=False)
    if not 2 <= count <= len(totals):
        raise ValueError(f"importers must be from 2 to {len(totals)}, not {count}")
    return list(totals.index[:count])


def load(
    flows: pd.DataFrame,
    year: int,
    importers: Collection[str],
    unrated: Collection[str] = risk.UNRATED,
    control: float | None = None,
    member: float | None = None,
) -> pd.DataFrame:
    """Compute the terms of all indices for every material of these importers.

    Parameters
    ----------
    flows : pandas.DataFrame
        See `load_flows`; all importers and exporters of the year.
    year : int
        A year of `year_range`.
    importers : collection of str
        ISO3 codes.
    unrated : collection of str
        Suppliers counted with `risk.MISSING_STABILITY`, as in `risk.geopolrisk`.
    control, member : float, optional
        Trade parameter of a supplier that holds the material back (1 without a control), and of
        own output and fellow members of the European Union, by default the values of the
        parameters ``control_weight`` and ``member_weight``.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``importer`` and ``material``: ``imports_t``, ``exports_t``, ``output_t``
        (tonnes; imports missing where no weight is known), ``imports_usd``, ``coverage`` (of their
        value by known weights), ``credited`` and ``net_MEASURE`` (fractions, see `indices.Terms`),
        ``unstable_MEASURE`` (0 best, 1 worst), and the weighted sums of squared shares, named by
        `column_name`. Missing where not known.
    """
    trade.check_years(year, year_range())
    of_year = flows[flows["year"] == year]
    weights = Weights(year, unrated, control, member)
    frame = _amounts(of_year, year, list(importers))
    rows = _suppliers(of_year, frame, year, weights)
    parts = [frame, _mean_instability(rows), _concentrations(rows)]
    cells = pd.concat(parts, axis=1).reindex(frame.index)
    return _without_mixed_units(cells)


def net_reliance(imports: pd.Series, exports: pd.Series, output: pd.Series) -> pd.Series:
    """Net import reliance: net imports as a share of apparent consumption.

    Parameters
    ----------
    imports, exports, output : pandas.Series
        In one unit; output is own mine output.

    Returns
    -------
    pandas.Series
        (imports - exports) / (output + imports - exports), at most 1; 0 for a net exporter,
        whose use this balance does not show; missing where imports are. Stock changes, which
        the US Geological Survey adds, are not in the data.

    References
    ----------
    USGS, Mineral Commodity Summaries, appendix; docs/methods/net_import_reliance.md

    Examples
    --------
    >>> def one(amount):
    ...     return pd.Series([float(amount)])
    >>> float(net_reliance(one(60), one(10), one(50)).iloc[0])
    0.5
    """
    net = imports - exports
    share = net / (output + net).where(net > 0)
    return share.where(net > 0, 0.0).where(imports.notna())


@catalogue.remembered
def mixed_units() -> dict[str, str]:
    """Return the materials whose output and trade are weighed in different forms, and why."""
    notes = catalogue.load("materials").set_index("material")["note"].dropna()
    return notes[notes.str.contains(NO_COMPARISON)].to_dict()


def broken_codes(years: tuple[int, int]) -> pd.DataFrame:
    """Codes and years that a known break marks C: ``product``, ``material``, ``year``."""
    rows = catalogue.load("known_breaks")
    rows = rows[(rows["series"] == trade.TABLE) & (rows["best_mark"] == "C")]
    spans = [
        (row.product, row.material, year, row.description)
        for row in rows.itertuples()
        for year in range(years[0], years[1] + 1)
        if row.first_year <= year and (pd.isna(row.last_year) or year <= row.last_year)
    ]
    return pd.DataFrame(spans, columns=["product", "material", "year", "description"])


def column_name(of: str, stability: str, controls: str) -> str:
    """Name of a column of `load`: of whom, and by what squared shares are weighted."""
    return f"{of}_{'stability' if stability == 'shares' else 'plain'}_{controls}"


def _amounts(flows: pd.DataFrame, year: int, importers: list[str]) -> pd.DataFrame:
    """Imports, exports, own output and what is made of them, for each cell."""
    materials = list(trade.material_names())
    index = pd.MultiIndex.from_product([importers, materials], names=KEYS)
    flows = flows.assign(weighed_usd=flows["value_usd"].where(flows["quantity_t"].notna()))
    columns = ["quantity_t", "value_usd", "weighed_usd"]
    own = flows[flows["importer"].isin(importers)]
    into = own.groupby(KEYS)[columns].sum(min_count=1).reindex(index)
    own = flows[flows["exporter"].isin(importers)]
    out = own.groupby(["exporter", "material"])[columns].sum()
    out = out.rename_axis(KEYS).reindex(index).fillna(0.0)  # nothing recorded: nothing exported
    mined = _mine_production()
    mined = mined[mined["year"] == year]
    output = mined.groupby(["economy", "material"])["quantity_t"].sum().rename_axis(KEYS)
    output = output.reindex(index).fillna(0.0)  # World Mining Data lists every producer
    price = into["weighed_usd"] / into["quantity_t"]
    frame = pd.DataFrame(
        {
            "imports_t": into["quantity_t"],
            "imports_usd": into["value_usd"],
            "coverage": into["weighed_usd"].fillna(0.0) / into["value_usd"],
            "exports_t": out["quantity_t"],
            "exports_usd": out["value_usd"],
            "output_t": output,
            "output_usd": output * price,  # at the unit value of the imports
        }
    )
    frame["credited"] = frame["imports_t"] / (frame["imports_t"] + output)
    for measure, unit in (("tonnes", "t"), ("value", "usd")):
        amounts = (frame[f"{kind}_{unit}"] for kind in ("imports", "exports", "output"))
        frame[f"net_{measure}"] = net_reliance(*amounts).clip(lower=0.0)
    return frame


def _suppliers(flows: pd.DataFrame, frame: pd.DataFrame, year: int, weights: Weights):
    """Who supplies each cell, and how much, in each way to count it.

    Returns
    -------
    pandas.DataFrame
        ``of``: ``suppliers_MEASURE`` (imports), ``sources_MEASURE`` (own output too) or ``mines``
        (of the world); `KEYS`, ``exporter``, ``amount`` (positive), ``instability``, ``parameter``.
    """
    importers = frame.index.unique("importer")
    base = {
        "bought": _bought(flows, importers),
        "own": _own_rows(frame),
        "mined": _mined(year, importers),
    }
    base = weights.add(pd.concat(base, names=["kind"]).reset_index("kind"))
    bought, mined = base["kind"] == "bought", base["kind"] == "mined"
    ways = {"mines": base[mined]}
    for measure in trade.BASES:
        counted = base.assign(amount=base[measure])
        ways[f"suppliers_{measure}"] = counted[bought]
        ways[f"sources_{measure}"] = counted[~mined]
    rows = pd.concat(ways, names=["of"]).reset_index("of")
    return rows.loc[rows["amount"] > 0, ["of", *KEYS, "amount", "instability", "parameter"]]


def _bought(flows: pd.DataFrame, importers: Collection[str]) -> pd.DataFrame:
    """Imports of each cell from each supplier, by measure."""
    own = flows[flows["importer"].isin(importers)]
    columns = {column: measure for measure, column in trade.BASES.items()}
    rows = own.groupby([*KEYS, "exporter"], as_index=False)[list(columns)].sum(min_count=1)
    return rows.rename(columns=columns)


def _own_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Own output as a supplier of its own."""
    columns = {"output_t": "tonnes", "output_usd": "value"}
    rows = frame[list(columns)].rename(columns=columns).reset_index()
    return rows.assign(exporter=rows["importer"])


def _mined(year: int, importers: Collection[str]) -> pd.DataFrame:
    """Mine output by producer, seen from each importer."""
    rows = _mine_production()
    rows = rows[(rows["year"] == year) & (rows["quantity_t"] > 0)]
    rows = rows.rename(columns={"economy": "exporter", "quantity_t": "amount"})
    return pd.DataFrame({"importer": importers}).merge(
        rows[["material", "exporter", "amount"]], how="cross"
    )


def _concentrations(rows: pd.DataFrame) -> pd.DataFrame:
    """Sums of squared shares of each cell, with and without weights for stability and controls."""
    keys = ["of", *KEYS]
    squared = (rows["amount"] / rows.groupby(keys)["amount"].transform("sum")) ** 2
    made = {}
    for stability, controls in product(("no", "shares"), ("no", "yes")):
        weight = rows["instability"] if stability == "shares" else 1.0
        weight = weight * (rows["parameter"] if controls == "yes" else 1.0)
        made[column_name("", stability, controls)] = squared * weight
    sums = rows[keys].assign(**made).groupby(keys).sum().unstack("of")
    return sums.set_axis([of + name for name, of in sums.columns], axis=1)


def _mean_instability(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean instability of the suppliers, by their part in the imports."""
    keys = ["of", *KEYS]
    rows = rows[rows["of"].str.startswith("suppliers_")]
    rows = rows.assign(product=rows["amount"] * rows["instability"])
    sums = rows.groupby(keys)[["product", "amount"]].sum()
    mean = (sums["product"] / sums["amount"]).unstack("of")
    return mean.rename(columns=lambda of: of.replace("suppliers_", "unstable_"))


def _without_mixed_units(cells: pd.DataFrame) -> pd.DataFrame:
    """Blank the terms that set own output against trade where the two weigh different things."""
    mixed = cells.index.get_level_values("material").isin(mixed_units())
    concerned = [c for c in cells if c.startswith(("credited", "net_", "sources_"))]
    cells.loc[mixed, concerned] = np.nan
    return cells


@cache
def _mine_production() -> pd.DataFrame:
    return catalogue.load("mine_production")


def _materials_of_codes() -> pd.Series:
    return catalogue.load("products").set_index("hs6")["material"]
