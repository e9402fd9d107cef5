"""Concentration of supply, and its risk."""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import pandas as pd

from rareearths import catalogue, trade

# Economies to which the published GeoPolRisk scores give no political stability of their own: BACI
# numbers Taiwan 490, a code that the governance indicator does not know.
UNRATED = ("TWN",)
MISSING_STABILITY = 0.5


class GeoPolRisk(NamedTuple):
    """A GeoPolRisk score and its two factors, see `geopolrisk`."""

    score: float
    hhi: float
    import_risk: float
    coverage: float


def hhi(shares) -> float:
    """Herfindahl-Hirschman index of a set of shares.

    Parameters
    ----------
    shares : array-like of float
        Fractions in [0, 1] that sum to 1; one per supplier.

    Returns
    -------
    float
        Sum of squared shares, in (0, 1]: 1 for one supplier, 1/n for n equal ones.

    Raises
    ------
    ValueError
        No shares, a missing or negative one, or a sum other than 1.

    References
    ----------
    Herfindahl (1950), Hirschman (1945); docs/methods/hhi.md

    Examples
    --------
    >>> round(hhi([0.5, 0.3, 0.2]), 2)
    0.38
    """
    values = np.asarray(shares, dtype=float)
    if values.size == 0:
        raise ValueError("hhi of no shares")
    if np.isnan(values).any() or (values < 0).any():
        raise ValueError("hhi: shares must not be missing or negative")
    if not np.isclose(values.sum(), 1.0, rtol=0, atol=1e-9):
        raise ValueError(f"hhi: shares must sum to 1, they sum to {values.sum():.6g}")
    return float(np.square(values).sum())


def effective_suppliers(shares) -> float:
    """Number of equal suppliers that would be as concentrated, 1 / HHI.

    Parameters and errors as for `hhi`. Returns a number from 1 to the number of suppliers.

    Examples
    --------
    >>> effective_suppliers([0.25] * 4)
    4.0
    """
    return 1.0 / hhi(shares)


def concentration(flows: pd.DataFrame, basis: str = "value") -> pd.DataFrame:
    """Concentration of an importer's suppliers, by year.

    Parameters
    ----------
    flows : pandas.DataFrame
        Canonical flows of one importer.
    basis : {"value", "tonnes"}

    Returns
    -------
    pandas.DataFrame
        Indexed by year: ``hhi`` (0-1], ``effective_suppliers`` (number), ``suppliers`` (count).
    """
    by_year = trade.supplier_shares(flows, basis).groupby("year")["share"]
    return pd.DataFrame(
        {
            "hhi": by_year.agg(hhi),
            "effective_suppliers": by_year.agg(effective_suppliers),
            "suppliers": by_year.size(),
        }
    )


def geopolrisk(
    material: str, importer: str, year: int, unrated: Collection[str] = UNRATED
) -> GeoPolRisk:
    """Geopolitical supply risk of one material for one importer.

    Parameters
    ----------
    material : str
        A material of ``reference/materials.csv``.
    importer : str
        ISO3 code.
    year : int
        A year of which trade, mine production and political stability are known (2018-2024).
    unrated : collection of str
        Suppliers counted with `MISSING_STABILITY`, as published scores do; none for ``()``.

    Returns
    -------
    GeoPolRisk
        ``score``, the product of ``hhi`` (of the world's mine production, in (0, 1]) and
        ``import_risk`` (mean political instability of the imports, 0 best, 1 worst, own mine
        production counted as without risk); ``coverage``, the share of the import value whose
        weight is known and enters.

    Raises
    ------
    UnknownCode
        An economy or a material that the data do not know.
    ValueError
        A year without mine production of the material, or without any import of known weight.

    Notes
    -----
    score = HHI x sum_i(g_i q_i) / (Q + P): q_i tonnes imported from i, Q their sum, P own mine
    production, g_i political stability of i, normalised so that 1 is the worst.

    References
    ----------
    Koyamparambath et al. (2024), doi 10.21105/joss.09600; docs/methods/geopolrisk.md

    Examples
    --------
    >>> round(geopolrisk("rare_earths", "JPN", 2024).score, 5)
    0.25186
    """
    flows = trade.load_flows(importer, products=trade.check_material(material), years=year)
    mined = catalogue.load("mine_production")
    mined = mined[(mined["material"] == material) & (mined["year"] == year)]
    output = mined.set_index("economy")["quantity_t"].dropna()
    if not output.sum() > 0:
        raise ValueError(f"mine production of {material} in {year} is not known")
    bought = flows.dropna(subset=["quantity_t"]).groupby("exporter")["quantity_t"].sum()
    if not bought.sum() > 0:
        raise ValueError(f"{importer} imported no {material} of known weight in {year}")
    instability = _instability(year).reindex(bought.index)
    instability[bought.index.isin(list(unrated))] = np.nan
    weighted = (instability.fillna(MISSING_STABILITY) * bought).sum()
    import_risk = float(weighted / (bought.sum() + output.get(importer, 0.0)))
    concentrated = hhi(output / output.sum())
    coverage = float(trade.quantity_coverage(flows).loc[year])
    return GeoPolRisk(concentrated * import_risk, concentrated, import_risk, coverage)


def _instability(year: int) -> pd.Series:
    """Political stability of each economy, normalised: 0 best, 1 worst."""
    rows = catalogue.load("political_stability")
    return rows[rows["year"] == year].set_index("economy")["normalised"]


def dependence_summary(flows: pd.DataFrame, exporter: str) -> dict:
    """The headline numbers of an importer's dependence on one supplier.

    Parameters
    ----------
    flows : pandas.DataFrame
        Canonical flows of one importer, not empty.
    exporter : str
        ISO3 code of the supplier.

    Returns
    -------
    dict
        ``year`` (the last one with both measures) and ``first_year``; ``share_value``,
        ``share_tonnes``, ``gap`` (tonnes minus value) and ``quantity_coverage`` in ``year``
        (fractions; ``share_tonnes``, ``gap`` and unit values are NaN where weights are known for
        less than `trade.LEAST_COVERAGE` of the value); ``share_value_first`` in ``first_year``;
        ``lowest_coverage`` and its ``lowest_coverage_year``; ``weighed_from``, the first year whose
        weights are known for 80 % of the value (NaN where none is); ``total_usd``; ``hhi_value``,
        ``hhi_tonnes``, ``effective_suppliers``, ``suppliers``; ``usd_per_kg`` of the supplier and
        ``usd_per_kg_others``; ``largest`` (ISO3), ``largest_name`` (as in a sentence)
        and ``largest_share`` by value.
    """
    shares = trade.dependence(flows, exporter)
    year = trade.latest_year(shares)
    now, first = shares.loc[year].copy(), shares.iloc[0]
    thin = not now["quantity_coverage"] >= trade.LEAST_COVERAGE
    if thin:
        now[["share_tonnes", "gap"]] = np.nan
    by_value = concentration(flows, "value").loc[year]
    by_tonnes = concentration(flows, "tonnes").reindex([year]).iloc[0]
    per_kg = trade.unit_values(flows, exporter).reindex([year]).iloc[0]
    coverage = shares["quantity_coverage"]
    largest = trade.supplier_table(flows, year, top=1).iloc[0]
    return {
        "year": year,
        "first_year": int(shares.index[0]),
        "share_value": now["share_value"],
        "share_tonnes": now["share_tonnes"],
        "gap": now["gap"],
        "share_value_first": first["share_value"],
        "quantity_coverage": now["quantity_coverage"],
        "lowest_coverage": coverage.min(),
        "lowest_coverage_year": int(coverage.idxmin()),
        "weighed_from": coverage.index[coverage >= trade.LEAST_COVERAGE].min(),
        "total_usd": flows.loc[flows["year"] == year, "value_usd"].sum(),
        "hhi_value": by_value["hhi"],
        "hhi_tonnes": by_tonnes["hhi"],
        "effective_suppliers": by_value["effective_suppliers"],
        "suppliers": int(by_value["suppliers"]),
        "usd_per_kg": np.nan if thin else per_kg["exporter"],
        "usd_per_kg_others": np.nan if thin else per_kg["others"],
        "largest": largest["exporter"],
        "largest_name": trade.economy_in_text(largest["exporter"]),
        "largest_share": largest["share_value"],
    }
