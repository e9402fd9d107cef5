"""Plants abroad: whose material is in magnets that come from a third economy?

Customs name the economy a magnet was shipped from. What went into it was bought by that economy:
its imports of compounds, metals and magnets name the suppliers. Shares are fractions of value
unless said otherwise. Magnets are the listed flows (see `position`).
"""

import pandas as pd

from rareearths import catalogue, stages, trade
from rareearths.value_chain import position

INPUTS = ("compound", "metal")  # what a magnet plant buys, besides unfinished magnets


def look_through(flows: pd.DataFrame, importer: str, exporter: str, year: int) -> dict:
    """Share of one supplier in an importer's magnets: by customs, and through third economies.

    Parameters
    ----------
    flows : pandas.DataFrame
        See `position.load_flows`, with magnets.
    importer, exporter : str
        ISO3 codes.
    year : int

    Returns
    -------
    dict
        ``direct``: the customs share (0 where the supplier has no listed flow); ``low`` and
        ``high``: with the share of the supplier in the known inputs of each third economy, lowest
        and highest measure (see `input_shares`); ``third``: the share of all third economies, so
        that ``direct + third`` is the upper bound, if all their material were the supplier's.

    References
    ----------
    docs/methods/look_through.md
    """
    table = hosts(flows, importer, exporter, year)
    direct = 1 - table["share"].sum()
    direct = direct if direct > 1e-12 else 0.0  # shares of third economies may sum to 1 inexactly
    return {
        "direct": direct,
        "low": direct + (table["share"] * table["low"]).sum(),
        "high": direct + (table["share"] * table["high"]).sum(),
        "third": table["share"].sum(),
    }


def hosts(flows: pd.DataFrame, importer: str, exporter: str, year: int) -> pd.DataFrame:
    """The third economies that sell magnets to an importer, and the supplier in their inputs.

    Returns
    -------
    pandas.DataFrame
        ``host``, ``place``, ``bought_usd`` (magnets the importer buys there), ``share`` (of its
        magnet imports), ``sold_usd`` (magnets it sells there; missing where not listed), ``low``
        and ``high`` (share of the supplier in the host's known inputs); largest first.

    Raises
    ------
    ValueError
        No listed magnets in that year.
    """
    of_year = flows[flows["year"] == year]
    magnets = of_year[of_year["stage"] == stages.MAGNETS]
    bought = magnets[magnets["importer"] == importer].groupby("exporter")["value_usd"].sum()
    if bought.empty:
        raise ValueError(f"no magnets bought by {importer} are listed in {year}")
    shares = bought / bought.sum()
    sold = magnets[magnets["exporter"] == importer].groupby("importer")["value_usd"].sum()
    third = [code for code in bought.index if code != exporter]
    own = own_share(of_year, importer, exporter)
    ends = input_shares(of_year, third, exporter, (importer, own))
    table = pd.DataFrame(
        {
            "host": third,
            "place": [trade.economy_names()[code] for code in third],
            "bought_usd": [float(bought[code]) for code in third],
            "share": [float(shares[code]) for code in third],
            "sold_usd": [float(sold.get(code, float("nan"))) for code in third],
            "low": [min(found) for found in ends],
            "high": [max(found) for found in ends],
        }
    )
    return table.sort_values("bought_usd", ascending=False, kind="stable", ignore_index=True)


def input_shares(
    of_year: pd.DataFrame, hosts_of: list[str], exporter: str, importer: tuple[str, float]
) -> list[list[float]]:
    """Share of the supplier in the known inputs of each of some economies, by several measures.

    The measures are compounds and metals by value, the same by tonnes, and both with the listed
    magnets by value; each once with the importer's own goods taken as free of the supplier's
    material, once with the supplier's share in the importer's own compounds and metals. An economy
    without known inputs has 0 and 1: nothing is known.

    Parameters
    ----------
    of_year : pandas.DataFrame
        Flows of one year.
    hosts_of : list of str
        ISO3 codes.
    exporter : str
        ISO3 code.
    importer : (str, float)
        ISO3 code, and the supplier's share in its own compounds and metals, see `own_share`.
    """
    bought = of_year[of_year["importer"].isin(hosts_of)]
    materials = bought[bought["stage"].isin(INPUTS)]
    with_magnets = bought[bought["stage"].isin([*INPUTS, stages.MAGNETS])]
    measures = [
        _shares(part, basis)
        for part, basis in ((materials, "value"), (materials, "tonnes"), (with_magnets, "value"))
    ]
    found = []
    for host in hosts_of:
        known = [shares[host] for shares in measures if host in shares]
        ends = [(of.get(exporter, 0.0), of.get(importer[0], 0.0) * importer[1]) for of in known]
        found.append([end for first, own in ends for end in (first, first + own)] or [0.0, 1.0])
    return found


def own_share(of_year: pd.DataFrame, importer: str, exporter: str) -> float:
    """Share of the supplier in the importer's own compounds and metals of a year, by value."""
    own = of_year[(of_year["importer"] == importer) & of_year["stage"].isin(INPUTS)]
    return float(_shares(own, "value").get(importer, {}).get(exporter, 0.0))


def _shares(flows: pd.DataFrame, basis: str) -> dict[str, dict[str, float]]:
    """Share of each supplier in the imports of each importer, of flows of one year."""
    amounts = flows.groupby(["importer", "exporter"])[trade.BASES[basis]].sum()
    amounts = amounts[amounts > 0]
    shares = amounts / amounts.groupby("importer").transform("sum")
    found = {}
    for (importer, exporter), share in shares.items():
        found.setdefault(importer, {})[exporter] = share
    return found


def by_year(flows: pd.DataFrame, importer: str, exporter: str) -> pd.DataFrame:
    """`look_through` for every year with listed magnets of the importer, indexed by year."""
    listed = flows[(flows["stage"] == stages.MAGNETS) & (flows["importer"] == importer)]
    if importer not in position.importers_listed():
        listed = listed[:0]
    years = sorted(listed["year"].unique())
    rows = [look_through(flows, importer, exporter, year) for year in years]
    columns = ["direct", "low", "high", "third"]
    return pd.DataFrame(rows, index=pd.Index(years, name="year"), columns=columns)


def share_by_tonnes(flows: pd.DataFrame, importer: str, exporter: str, year: int) -> float | None:
    """The customs share of a supplier in an importer's magnets by tonnes; None without weights."""
    chosen = (flows["importer"] == importer) & (flows["year"] == year)
    shares = trade.supplier_shares(flows[chosen & (flows["stage"] == stages.MAGNETS)], "tonnes")
    if shares.empty:
        return None
    return float(shares.set_index("exporter")["share"].get(exporter, 0.0))


def partners(flows: pd.DataFrame, importer: str, exporter: str, year: int) -> dict:
    """The third economies that an importer both sells magnets to and buys magnets from.

    Returns
    -------
    dict
        ``partners`` (ISO3 codes, largest first), ``bought_usd``, ``sold_usd`` (US$),
        ``bought_usd_per_kg``, ``sold_usd_per_kg`` (missing without weights), ``bought`` and
        ``sold`` (their share of the importer's listed imports and exports of magnets). Only
        ``partners``, empty, where there is none or customers are not listed.
    """
    nothing = {"partners": []}
    if not position.both_ways(importer, stages.MAGNETS):
        return nothing
    table = hosts(flows, importer, exporter, year).dropna(subset=["sold_usd"])
    of_year = flows[(flows["year"] == year) & (flows["stage"] == stages.MAGNETS)]
    exports = of_year.loc[of_year["exporter"] == importer, "value_usd"].sum()
    if table.empty:
        return nothing
    there = set(table["host"])
    out = of_year[(of_year["exporter"] == importer) & of_year["importer"].isin(there)]
    back = of_year[(of_year["importer"] == importer) & of_year["exporter"].isin(there)]
    return {
        "partners": list(table["host"]),
        "bought_usd": table["bought_usd"].sum(),
        "sold_usd": table["sold_usd"].sum(),
        "sold_usd_per_kg": _per_kg(out),
        "bought_usd_per_kg": _per_kg(back),
        "bought": table["share"].sum(),
        "sold": table["sold_usd"].sum() / exports,
    }


def _per_kg(flows: pd.DataFrame) -> float:
    known = flows.dropna(subset=["quantity_t"])
    tonnes = known["quantity_t"].sum()
    return known["value_usd"].sum() / (1000 * tonnes) if tonnes > 0 else float("nan")


def without(flows: pd.DataFrame, importer: str, others: list[str]) -> pd.DataFrame:
    """The flows without the magnets that go between an importer and some economies."""
    pair = (flows["exporter"] == importer) & flows["importer"].isin(others)
    pair |= (flows["importer"] == importer) & flows["exporter"].isin(others)
    return flows[~(pair & (flows["stage"] == stages.MAGNETS))]


def host_codes(flows: pd.DataFrame, importer: str, exporter: str, year: int) -> list[str]:
    """The codes of `hosts`."""
    return list(hosts(flows, importer, exporter, year)["host"])


def plants(hosts_of: list[str]) -> pd.DataFrame:
    """Magnet and metal plants in some economies, as the table of projects lists them.

    Returns
    -------
    pandas.DataFrame
        ``project``, ``company``, ``place_of_plant``, ``capacity_as_given``, ``status`` and
        ``source_url``, among the columns of ``projects``; empty without any.
    """
    rows = catalogue.load("projects")
    rows = rows[rows["economy"].isin(hosts_of) & rows["stage"].isin(["magnet", "metal"])]
    shown = ["capacity_as_given", "source_url", "company"]
    rows[shown] = rows[shown].fillna("–")
    return rows.assign(place_of_plant=rows["economy"].map(trade.economy_names())).reset_index(
        drop=True
    )
