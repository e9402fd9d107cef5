"""Flows of which two sides' figures are bundled, in tonnes and as China's monthly reports."""

import numpy as np
import pandas as pd

from rareearths import catalogue, stages, trade
from rareearths.mirror.gap import log_gap

_KEYS = ["product", "year"]


def evidence() -> pd.DataFrame:
    """Flows of which two sides' figures are bundled, in tonnes, whatever the importer.

    Returns
    -------
    pandas.DataFrame
        ``flow``, ``period``, ``stated_t`` (exports as China's customs state them), ``other_t``
        (the other side, named in ``other``), ``gap`` (see `log_gap`; missing where the two are
        not alike, so that nothing can be decided) and ``why`` (text).
    """
    return pd.concat([_japan_mirror(), _world_mirror(), _eu_mirror()], ignore_index=True)


def china_exports_against_baci() -> pd.DataFrame:
    """China's exports to the world as reported month by month, against BACI, by year.

    BACI is reconciled from both sides' reports, so this is no pure mirror. Both are FOB.

    Returns
    -------
    pandas.DataFrame
        ``product_group``, ``year`` (complete years only), ``stated_usd``, ``baci_usd`` (current
        US$), ``gap`` (see `log_gap`; missing for magnets, of which only the larger flows are
        bundled).
    """
    monthly = catalogue.load("china_monthly_exports")
    monthly = monthly[(monthly["partner"] == "WLD") & (monthly["product_group"] != "all_three")]
    monthly = monthly.assign(year=monthly["month"].str[:4].astype("int64"))
    keys = ["product_group", "hs_codes", "year"]
    rows = monthly.groupby(keys)["value_usd"].agg(["sum", "size"]).reset_index()
    rows = rows[rows["size"] == 12].rename(columns={"sum": "stated_usd", "hs_codes": "product"})
    magnets = catalogue.load("magnets")
    codes = [code for code in rows["product"].unique() if code in trade.product_codes()]
    baci = pd.concat([trade.load_flows(exporter="CHN", products=codes), magnets])
    baci = baci[baci["exporter"] == "CHN"].groupby(_KEYS)["value_usd"].sum()
    rows = rows.join(baci.astype("float64").rename("baci_usd"), on=_KEYS)
    difference = log_gap(rows["baci_usd"], rows["stated_usd"].astype("float64"))
    rows["gap"] = difference.where(rows["product"].isin(codes))
    return rows[["product_group", "year", "stated_usd", "baci_usd", "gap"]].reset_index(drop=True)


def _evidence(flow, period, stated_t, other, other_t, why, alike=True) -> dict:
    difference = log_gap(other_t, stated_t) if alike and other_t > 0 else np.nan
    return {
        "flow": flow,
        "period": _period_text(period),
        "stated_t": float(stated_t),
        "other": other,
        "other_t": float(other_t),
        "gap": difference,
        "why": why,
    }


def _period_text(period: str) -> str:
    """Return "Jan–Sep 2010" for "2010-01/2010-09", any other period as it is."""
    if "/" not in period:
        return period
    first, last = (pd.Period(month, freq="M") for month in period.split("/"))
    return f"{first.strftime('%b')}–{last.strftime('%b %Y')}"


def _japan_mirror() -> pd.DataFrame:
    """China's exports of rare earths to Japan, as both customs state them."""
    china = catalogue.load("china_customs")
    china = china[(china["product"] == "rare_earths") & (china["destination"] == "JPN")]
    japan = catalogue.load("japan_customs")
    quoted = japan[japan["item"] == "partner_exports"].rename(columns={"value": "quantity_t"})
    imports = japan[
        (japan["item"] == "imports")
        & (japan["partner"] == "CHN")
        & (japan["measure"] == "quantity_t")
        & (japan["product_scope"] == "rare_earths")
    ]
    rows = []
    for row in pd.concat([china, quoted]).itertuples():
        other, how = _imports_in(imports, row.period_start, row.period_end)
        flow = "Rare earths to Japan"
        rows.append(_evidence(flow, row.period, row.quantity_t, "Japan's customs", other, how))
    return pd.DataFrame(rows)


def _imports_in(imports: pd.DataFrame, start: str, end: str) -> tuple[float, str]:
    """Sum of the months, or the year less its other months; NaN where that is not known."""
    if imports.duplicated("period").any():
        raise catalogue.DataError("japan_customs: two figures for one period; say which one stands")
    months = imports[imports["frequency"] == "month"].set_index("period")
    wanted = pd.period_range(start, end, freq="M").astype("str")
    whole = pd.period_range(start[:4], end[:4], freq="Y").strftime("%Y")
    if wanted.isin(months.index).all():
        return months.loc[wanted, "value"].sum(), "The sum of Japan's months"
    years = imports[imports["frequency"] == "year"].set_index("period")
    of_years = pd.period_range(f"{start[:4]}-01", f"{end[:4]}-12", freq="M").astype("str")
    rest = of_years.difference(wanted)
    if whole.isin(years.index).all() and rest.isin(months.index).all():
        known = years.loc[whole, "value"].sum() - months.loc[rest, "value"].sum()
        return known, "Japan's year less the other months"
    return np.nan, "Cannot be decided: Japan's months are not bundled"


def _world_mirror() -> pd.DataFrame:
    """China's exports of rare earths to the world in whole years, against BACI's weights."""
    china = catalogue.load("china_customs")
    china = china[
        (china["product"] == "rare_earths")
        & (china["destination"] == "WLD")
        & (china["frequency"] == "year")
    ]
    baci = trade.load_flows(exporter="CHN", products="rare_earths")
    tonnes = baci.groupby("year")["quantity_t"].sum()
    why = "BACI is reconciled: no pure mirror"
    rows = [
        _evidence("Rare earths, all", r.period, r.quantity_t, "BACI", tonnes[year], why)
        for r in china.itertuples()
        if (year := int(r.period)) in tonnes.index
    ]
    return pd.DataFrame(rows)


def _eu_mirror() -> pd.DataFrame:
    """China's exports of magnets, of which the part that goes to the EU is not known."""
    eu = catalogue.load("eu_magnet_imports")
    eu = eu[eu["exporter"] == "CHN"].set_index("year")["quantity_t"]
    china = catalogue.load("china_customs")
    china = china[
        (china["product"] == "magnets")
        & (china["destination"] == "WLD")
        & (china["frequency"] == "year")
    ]
    why = "Cannot be decided: the other side is the EU alone"
    rows = [
        _evidence("Magnets, all", r.period, r.quantity_t, "Eurostat", eu[year], why, alike=False)
        for r in china.itertuples()
        if (year := int(r.period)) in eu.index
    ]
    return pd.DataFrame(rows)


def monthly_exports_to(importer: str, exporter: str, material: str) -> pd.DataFrame:
    """Exports to one importer as China reports them month by month, against BACI, by year.

    The report holds rare-earth metals, compounds and magnets together, so that BACI's flows of the
    same codes stand beside it as one sum: 280530 and 284690 of the trade table and 850511 of
    ``magnets``. Both are FOB. Where the two are the same, BACI knows no report of the importer.

    Parameters
    ----------
    importer, exporter : str
        ISO3 codes.
    material : str

    Returns
    -------
    pandas.DataFrame
        ``year`` (whole years), ``reported_usd``, ``baci_usd`` (current US$; missing where the
        larger flows of magnets do not hold this one) and ``gap`` (`log_gap`). Empty where no such
        report is bundled: of another exporter or material, and for most importers.
    """
    monthly = catalogue.load("china_monthly_exports")
    chosen = (monthly["partner"] == importer) & (monthly["exporter"] == exporter)
    monthly = monthly[chosen & (monthly["product_group"] == "all_three")]
    if material != stages.WITH_MAGNETS or monthly.empty:
        return pd.DataFrame(columns=["year", "reported_usd", "baci_usd", "gap"])
    years = monthly["month"].str[:4].astype("int64")
    rows = monthly.groupby(years.rename("year"))["value_usd"].agg(["sum", "size"])
    rows = rows[rows["size"] == 12].rename(columns={"sum": "reported_usd"})
    codes = {code for joined in monthly["hs_codes"].unique() for code in joined.split(";")}
    flows = trade.load_flows(importer, exporter, sorted(codes & set(trade.product_codes())))
    magnets = catalogue.load("magnets")
    pair = (magnets["importer"] == importer) & (magnets["exporter"] == exporter)
    sums = [part.groupby("year")["value_usd"].sum() for part in (flows, magnets[pair])]
    rows["baci_usd"] = (sums[0] + sums[1]).reindex(rows.index).astype("float64")
    rows["gap"] = log_gap(rows["baci_usd"], rows["reported_usd"].astype("float64"))
    return rows[["reported_usd", "baci_usd", "gap"]].reset_index()
