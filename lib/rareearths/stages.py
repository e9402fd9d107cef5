"""Dependence by stage: ores, compounds, metals and magnets are different purchases.

The stage of each HS code stands in ``reference/products.csv``. Magnets of rare earths come from a
table of their own, a selection of the larger flows, cut at one value for all years: only the
importers that ``magnets_coverage`` names have a share there, and a supplier without a listed flow
is unknown, not zero.
"""

import numpy as np
import pandas as pd

from rareearths import catalogue, risk, trade

ORDER = ("ore", "compound", "alloy", "metal", "article", "magnet")
PLURALS = {"ore": "ores", "compound": "compounds", "alloy": "alloys", "metal": "metals",
           "article": "semi-manufactures", "magnet": "magnets"}  # fmt: skip
MAGNETS = "magnet"
WITH_MAGNETS = "rare_earths"  # the one material whose magnets are in the data


def load_flows(
    importer: str, material: str, years: tuple[int, int] | None = None, magnets: bool = True
) -> pd.DataFrame:
    """Load an importer's purchases of a material with the stage of each flow.

    Parameters
    ----------
    importer : str
        ISO3 code.
    material : str
        A material of ``reference/materials.csv``.
    years : (int, int), optional
        First and last year.
    magnets : bool
        Whether the magnets of rare earths come along.

    Returns
    -------
    pandas.DataFrame
        Canonical flows, see `trade.load_flows`, with ``stage``, one of `ORDER`.

    Raises
    ------
    UnknownCode, ValueError
        As `trade.load_flows`.
    """
    trade.check_material(material)
    flows = trade.load_flows(importer, products=material, years=years)
    stage = catalogue.load("products").set_index("hs6")["stage"]
    flows = flows.assign(stage=flows["product"].map(stage))
    if material != WITH_MAGNETS or not magnets:
        return flows
    found = _magnets(importer)
    if years is not None:
        found = found[found["year"].between(*years)]
    return pd.concat([flows, found[flows.columns]], ignore_index=True) if len(found) else flows


def dependence(flows: pd.DataFrame, exporter: str) -> pd.DataFrame:
    """Dependence on one supplier, stage by stage and year by year.

    Parameters
    ----------
    flows : pandas.DataFrame
        See `load_flows`.
    exporter : str
        ISO3 code.

    Returns
    -------
    pandas.DataFrame
        ``stage``, ``year``, then as `trade.dependence`: ``share_value``, ``share_tonnes``, ``gap``
        (fractions) and ``quantity_coverage``; ``value_usd``, the imports from all suppliers.
        Magnets in which the supplier has no listed flow have no share.

    Raises
    ------
    ValueError
        No flows.
    """
    parts = []
    for stage in present(flows):
        part = flows[flows["stage"] == stage]
        shares = trade.dependence(part, exporter)
        shares["value_usd"] = part.groupby("year")["value_usd"].sum()
        if stage == MAGNETS:
            unlisted = shares["share_value"] == 0
            shares.loc[unlisted, ["share_value", "share_tonnes", "gap"]] = np.nan
        parts.append(shares.reset_index().assign(stage=stage))
    if not parts:
        raise ValueError("there are no flows to take a share of")
    table = pd.concat(parts, ignore_index=True)
    return table[["stage", *table.columns.drop("stage")]]


def latest(flows: pd.DataFrame, exporter: str) -> pd.DataFrame:
    """The newest year of each stage: shares of the supplier, the largest one, concentration.

    Returns
    -------
    pandas.DataFrame
        One row a stage: ``stage``, ``goods`` (plural), ``year``, ``value_usd`` (all imports),
        ``share_value``, ``share_tonnes`` (missing where weights are known for less than 80 % of
        the value), ``gap``, ``largest`` (name) and ``largest_share`` of the largest supplier by
        value, ``hhi`` (by value), ``suppliers`` (count).
    """
    table = dependence(flows, exporter)
    rows = []
    for stage, part in table.groupby("stage", sort=False):
        now = part.loc[part["value_usd"].last_valid_index()]
        of_year = flows[(flows["stage"] == stage) & (flows["year"] == now["year"])]
        shares = trade.supplier_shares(of_year).sort_values("share", ascending=False)
        weighed = now["quantity_coverage"] >= trade.LEAST_COVERAGE
        rows.append(
            {
                "stage": stage,
                "goods": PLURALS[stage],
                "year": int(now["year"]),
                "value_usd": now["value_usd"],
                "share_value": now["share_value"],
                "share_tonnes": now["share_tonnes"] if weighed else None,
                "gap": now["gap"] if weighed else None,
                "largest": trade.economy_names()[shares["exporter"].iloc[0]],
                "largest_share": shares["share"].iloc[0],
                "hhi": risk.hhi(shares["share"]),
                "suppliers": len(shares),
            }
        )
    return pd.DataFrame(rows).astype({"share_tonnes": "float64", "gap": "float64"})


def concentration(flows: pd.DataFrame) -> dict[str, pd.Series]:
    """HHI of the suppliers of each stage by value, and by tonnes too where there is one stage.

    Returns
    -------
    dict of str to pandas.Series
        By the plural of the stage, or ``value`` and ``tonnes``; each indexed by year.
    """
    found = present(flows)
    if len(found) == 1:
        return {basis: risk.concentration(flows, basis)["hhi"] for basis in trade.BASES}
    return {
        PLURALS[stage]: risk.concentration(flows[flows["stage"] == stage])["hhi"] for stage in found
    }


def suppliers(flows: pd.DataFrame, newest: pd.DataFrame, top: int = 6) -> pd.DataFrame:
    """The largest suppliers of each stage in its newest year, see `trade.supplier_table`.

    Returns
    -------
    pandas.DataFrame
        The columns of `trade.supplier_table` and ``stage``.
    """
    tables = [
        trade.supplier_table(flows[flows["stage"] == row.stage], row.year, top).assign(
            stage=row.stage
        )
        for row in newest.itertuples()
    ]
    return pd.concat(tables, ignore_index=True)


def numbers(newest: pd.DataFrame) -> dict[str, float]:
    """The numbers of `latest` for the record: ``compound_share_value``, ``metal_hhi``, ..."""
    return {
        f"{row['stage']}_{name}": row[name]
        for row in newest.to_dict("records")
        for name in ("share_value", "share_tonnes", "gap", "hhi")
    }


def share_words(row, form: str = "{:.0%}") -> str:
    """The shares of one row of `latest` as text: 60% of the tonnes and 50% of the value."""
    pairs = ((row.share_tonnes, "tonnes"), (row.share_value, "value"))
    known = [(share, basis) for share, basis in pairs if pd.notna(share)]
    if known and not any(share for share, _ in known):
        return "none"
    said = [f"{_share_text(share, form)} of the {basis}" for share, basis in known]
    return " and ".join(said) or "not known"


def _share_text(share: float, form: str) -> str:
    return "under 1%" if 0 < share < 0.005 else form.format(share)


def present(flows: pd.DataFrame) -> list[str]:
    """Return the stages that occur in the flows, from ore to magnet."""
    return [stage for stage in ORDER if (flows["stage"] == stage).any()]


def magnet_limit() -> float:
    """Return the value from which a flow of magnets is listed in every year, current US$.

    The lists of single years reach further down, each to another value; with one limit for all
    years, shares can be compared.
    """
    return float(catalogue.load("magnets_coverage")["smallest_value_usd"].max())


def magnet_source() -> str:
    """Return the source line of figures of magnets: release, and the year that alone has weights.

    Examples
    --------
    >>> magnet_source()
    'Source: CEPII BACI (V202601), larger flows of HS 850511; weights for 2024 only'
    """
    release = catalogue.load("magnets")["source"].iloc[-1].split()[2]
    year = only_weighed_year()
    weights = f"; weights for {year} only" if year else ""
    return f"Source: CEPII BACI ({release}), larger flows of HS 850511{weights}"


def only_weighed_year() -> int | None:
    """Return the year that alone has weights of magnets; None where several have, or none."""
    rows = catalogue.load("magnets")
    years = rows.loc[rows["quantity_t"].notna(), "year"].unique()
    return int(years[0]) if len(years) == 1 else None


def union_magnets(importer: str, exporter: str) -> pd.DataFrame:
    """Share of one supplier in the European Union's imports of rare-earth magnets (CN 85051110).

    Returns
    -------
    pandas.DataFrame
        ``year`` (complete years), ``share_value`` and ``share_tonnes`` (fractions; missing where
        the supplier is not listed); empty unless the importer is a member.
    """
    members = catalogue.load("bloc_members").query("bloc == 'EU27'")["economy"]
    rows = catalogue.load("eu_magnet_imports")
    rows = rows[~rows["provisional"] & (rows["exporter"] == trade.check_economy(exporter))]
    if importer not in set(members):
        rows = rows[:0]
    return pd.DataFrame(
        {
            "year": rows["year"],
            "share_value": rows["value_eur"] / rows["total_value_eur"],
            "share_tonnes": rows["quantity_t"] / rows["total_quantity_t"],
        }
    ).sort_values("year", ignore_index=True)


def _magnets(importer: str) -> pd.DataFrame:
    """Listed flows of magnets from `magnet_limit` on, where the importer's suppliers are listed."""
    coverage = catalogue.load("magnets_coverage").set_index("year")["importers_listed"]
    listed = coverage.index[coverage.str.split(";").map(lambda codes: importer in codes)]
    rows = catalogue.load("magnets")
    rows = rows[(rows["importer"] == importer) & rows["year"].isin(listed)]
    rows = rows[rows["value_usd"] >= magnet_limit()]
    rows = rows.astype({"year": "int64", "value_usd": "int64", "quantity_t": "float64"})
    return rows.assign(stage=MAGNETS)
