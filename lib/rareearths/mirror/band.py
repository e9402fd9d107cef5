"""The mirror band: what a share and the HHI can be, whichever side is right."""

import numpy as np
import pandas as pd

from rareearths.mirror.bounds import hhi, largest_hhi, least_hhi, share_bounds
from rareearths.mirror.gap import freight_margin
from rareearths.mirror.statements import BOTH, load

BOUNDS = ["year", "share_low", "share_baci", "share_high", "hhi_low", "hhi_baci", "hhi_high"]
# What a reader has to know of the statements, with the numbers of `numbers`.
BACI_ALONE = (
    "The reports of the exporters are not at hand, so that BACI is the second statement "
    "throughout, on {band_stated_twice:pct0} of the value in {band_year}. As BACI is made from "
    "both reports, the true band is likely wider."
)
BOTH_AT_HAND = (
    "In {band_year} both sides' reports are at hand for {band_both_sides:pct0} of the value, and "
    "two statements for {band_stated_twice:pct0}."
)


def mirror_band(statements: pd.DataFrame, exporter: str) -> pd.DataFrame:
    """Bound one supplier's share and the HHI by year, by all values between the statements.

    Parameters
    ----------
    statements : pandas.DataFrame
        Of one importer, see `mirror.side_by_side`.
    exporter : str
        ISO3 code of the supplier.

    Returns
    -------
    pandas.DataFrame
        By year, only years with two statements on some flow: ``share_low``, ``share_high``,
        ``share_baci`` and ``hhi_low``, ``hhi_high``, ``hhi_baci`` (fractions; BACI's are missing
        where it has no value); ``stated_twice`` and ``both_sides`` (part of the value, in the
        middle of the intervals, on which there are two statements, and those of both sides);
        ``leader`` (ISO3 of the supplier that is the largest whatever statement is right; missing
        where there is none).

    References
    ----------
    docs/methods/mirror.md
    """
    rows = [
        {"year": year, **_of_year(part, exporter)}
        for year, part in statements.groupby("year")
        if part["compared"].any() and part["high_usd"].sum() > 0
    ]
    return pd.DataFrame(rows, columns=[*BOUNDS, "stated_twice", "both_sides", "leader"])


def numbers(band: pd.DataFrame) -> dict:
    """Return the newest year of a band by names for a record; none where there is no band.

    Returns
    -------
    dict
        ``band_year``, ``band_low``, ``band_high`` (share), ``band_hhi_low``, ``band_hhi_high``,
        ``band_stated_twice``, ``band_both_sides`` (fractions).
    """
    if band.empty:
        return {}
    newest = band.iloc[-1]
    names = ["year", "hhi_low", "hhi_high", "stated_twice", "both_sides"]
    shares = {"band_low": newest["share_low"], "band_high": newest["share_high"]}
    return shares | {f"band_{name}": newest[name] for name in names}


def by_margin(importer: str, products: str | list[str], exporter: str, year: int) -> pd.DataFrame:
    """Bound one supplier's share of a year at each end of the range of the freight margin.

    Returns
    -------
    pandas.DataFrame
        ``margin`` (fraction; low, central, high) and the columns of `mirror_band`.
    """
    rows = []
    for margin in freight_margin():
        statements = load(importer, products, (year, year), margin)
        rows.append(mirror_band(statements, exporter).assign(margin=margin))
    bands = pd.concat(rows, ignore_index=True)
    return bands[bands["year"] == year].reset_index(drop=True)


def share_band(statements: pd.DataFrame) -> pd.DataFrame:
    """Bound the share of every supplier, by year.

    Returns
    -------
    pandas.DataFrame
        ``year``, ``exporter``, ``low_usd``, ``high_usd`` (current US$), ``share_low``,
        ``share_high`` (fractions); the largest first.
    """
    sums = statements.groupby(["year", "exporter"], as_index=False)[["low_usd", "high_usd"]].sum()
    parts = []
    for _, part in sums.groupby("year"):
        low, high = share_bounds(part["low_usd"].to_numpy(), part["high_usd"].to_numpy())
        parts.append(part.assign(share_low=low, share_high=high))
    rows = pd.concat(parts) if parts else sums.assign(share_low=np.nan, share_high=np.nan)
    order = ["year", "share_high", "exporter"]
    return rows.sort_values(order, ascending=[True, False, True], ignore_index=True)


def _of_year(part: pd.DataFrame, exporter: str) -> dict:
    sums = part.groupby("exporter")[["low_usd", "high_usd", "baci_usd"]].sum(min_count=1)
    sums = sums if exporter in sums.index else pd.concat([sums, _none_of(exporter, sums)])
    low, high = sums["low_usd"].to_numpy(), sums["high_usd"].to_numpy()
    own = sums.index.get_loc(exporter)
    share_low, share_high = share_bounds(low, high)
    baci = sums["baci_usd"].fillna(0.0)  # BACI has no such flow
    middle = (part["low_usd"] + part["high_usd"]) / 2
    return {
        "share_low": share_low[own],
        "share_high": share_high[own],
        "share_baci": baci[exporter] / baci.sum() if baci.sum() else np.nan,
        "hhi_low": least_hhi(low, high),
        "hhi_high": largest_hhi(low, high),
        "hhi_baci": hhi(baci.to_numpy()),
        "stated_twice": middle[part["compared"]].sum() / middle.sum(),
        "both_sides": middle[part["sides"] == BOTH].sum() / middle.sum(),
        "leader": _leader(sums),
    }


def _none_of(exporter: str, sums: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(0.0, index=[exporter], columns=sums.columns)


def _leader(sums: pd.DataFrame) -> str | None:
    """Supplier whose low end no other's high end reaches."""
    first = sums["low_usd"].idxmax()
    others = sums["high_usd"].drop(first).max() if len(sums) > 1 else 0.0
    return first if sums.at[first, "low_usd"] > others else None
