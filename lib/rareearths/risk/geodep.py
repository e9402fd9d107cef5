"""The GeoDep screen: which HS codes is an importer dependent for, by three criteria of trade alone.

The screen of CEPII asks of each code and year whether imports come from few suppliers, whether few
economies export it to the world, and whether imports exceed exports. It reads no mine and no plant.
"""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import pandas as pd

WINDOW = 3  # years looked at
LEAST_YEARS = 2  # of them, in which all criteria hold
NO_EXPORTS = 9999.0  # ratio of imports to exports that the publication sets where nothing is sold
CRITERIA = {
    "concentrated": "imports from few suppliers",
    "world": "few exporters in the world",
    "deficit": "imports above exports",
}


class Thresholds(NamedTuple):
    """Values above which a criterion holds, as published."""

    hhi: float = 0.4
    ratio: float = 1.0


def screen(
    flows: pd.DataFrame,
    year: int,
    importers: Collection[str],
    thresholds: Thresholds = Thresholds(),  # noqa: B008
) -> pd.DataFrame:
    """Screen every code that these importers bought in a year.

    Parameters
    ----------
    flows : pandas.DataFrame
        Canonical flows between all economies with ``material``, of ``year`` and the two years
        before it, see `index_cells.load_flows`.
    year : int
    importers : collection of str
        ISO3 codes.
    thresholds : Thresholds

    Returns
    -------
    pandas.DataFrame
        ``importer``, ``material``, ``product``; of the year ``import_hhi`` and ``world_hhi`` (by
        value, (0, 1]), ``ratio`` (imports / exports by value), ``value_usd`` (imports), the
        criteria of `CRITERIA` (booleans) and ``met`` (how many hold); ``years_met`` (of the
        window, with all three) and ``flagged`` (at least `LEAST_YEARS` of them).

    References
    ----------
    Lefebvre and Wibaux (2024), CEPII Policy Brief 2024-47; docs/methods/geodep.md
    """
    span = range(year - WINDOW + 1, year + 1)
    world = flows[flows["year"].isin(span)]
    rows = _criteria(world, importers, thresholds)
    keys = ["importer", "material", "product"]
    years_met = rows.assign(all=rows["met"] == len(CRITERIA)).groupby(keys)["all"].sum()
    now = rows[rows["year"] == year].set_index(keys)
    now["years_met"] = years_met.reindex(now.index)
    now["flagged"] = now["years_met"] >= LEAST_YEARS
    return now.drop(columns="year").reset_index()


def by_material(screened: pd.DataFrame) -> pd.DataFrame:
    """Sum the screen up to materials.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``importer`` and ``material``: ``codes``, ``flagged_codes``, ``flagged`` (any
        code), ``flagged_share`` (of the import value), ``criteria`` (mean number met, weighted by
        import value, 0 to 3).
    """
    rows = screened.assign(
        flagged_usd=screened["value_usd"].where(screened["flagged"], 0.0),
        met_usd=screened["value_usd"] * screened["met"],
    )
    sums = rows.groupby(["importer", "material"]).agg(
        codes=("product", "size"),
        flagged_codes=("flagged", "sum"),
        flagged_usd=("flagged_usd", "sum"),
        met_usd=("met_usd", "sum"),
        value_usd=("value_usd", "sum"),
    )
    return pd.DataFrame(
        {
            "codes": sums["codes"],
            "flagged_codes": sums["flagged_codes"],
            "flagged": sums["flagged_codes"] > 0,
            "flagged_share": sums["flagged_usd"] / sums["value_usd"],
            "criteria": sums["met_usd"] / sums["value_usd"],
        }
    )


def _criteria(
    flows: pd.DataFrame, importers: Collection[str], thresholds: Thresholds
) -> pd.DataFrame:
    """Measures and criteria of each importer, code and year."""
    code = ["material", "product", "year"]
    world = _hhi(flows, code, "exporter")
    own = flows[flows["importer"].isin(list(importers))]
    bought = own.groupby(["importer", *code])["value_usd"].sum()
    sold = flows[flows["exporter"].isin(list(importers))]
    sold = sold.groupby(["exporter", *code])["value_usd"].sum()
    rows = pd.DataFrame({"value_usd": bought})
    rows["import_hhi"] = _hhi(own, ["importer", *code], "exporter")
    exports = sold.rename_axis(rows.index.names).reindex(rows.index)
    rows["ratio"] = (rows["value_usd"] / exports).fillna(NO_EXPORTS)
    rows = rows.reset_index().merge(world.rename("world_hhi").reset_index(), on=code)
    rows["concentrated"] = rows["import_hhi"] > thresholds.hhi
    rows["world"] = rows["world_hhi"] > thresholds.hhi
    rows["deficit"] = rows["ratio"] > thresholds.ratio
    return rows.assign(met=rows[list(CRITERIA)].sum(axis=1))


def _hhi(flows: pd.DataFrame, keys: list[str], supplier: str) -> pd.Series:
    """HHI by value of the suppliers of each group."""
    amounts = flows.groupby([*keys, supplier])["value_usd"].sum()
    total = amounts.groupby(keys).transform("sum")
    return np.square(amounts / total).groupby(keys).sum()
