"""Series of trade over time: one measure of one flow, and panels of flows like it.

A series is indexed by periods, years or months, without a gap in the index; what is not known is
missing. Measures: ``tonnes``, ``value`` (current US$), ``unit value`` (current US$ per kg, of the
flows with a weight), ``share of tonnes`` and ``share of value`` (of the importer's imports).
"""

import numpy as np
import pandas as pd

from rareearths import catalogue, trade

MEASURES = ("tonnes", "value", "unit value", "share of tonnes", "share of value")
JAPAN_MONTHS = "Japan's imports of rare earths from China"
GROUPS = ("metals", "compounds", "magnets", "all_three")


def check_measure(measure: str) -> str:
    """Return the measure, or raise ValueError naming the allowed ones."""
    if measure not in MEASURES:
        raise ValueError(f"measure {measure!r} is not one of {', '.join(MEASURES)}")
    return measure


def is_share(measure: str) -> bool:
    """Whether a measure is a share, whose changes are read in points and not in per cent."""
    return check_measure(measure).startswith("share")


def annual(importer: str, exporter: str, product: str | list[str], measure: str) -> pd.Series:
    """One measure of an importer's purchases from one exporter, by year.

    Parameters
    ----------
    importer, exporter : str
        ISO3 codes.
    product : str or list of str
        A material or HS6 codes.
    measure : str
        One of `MEASURES`.

    Returns
    -------
    pandas.Series
        Indexed by every year of the trade table. A year without purchases has 0 tonnes and value
        and no unit value; a year whose weights are known for less than `trade.LEAST_COVERAGE` of
        value has no tonnes, unit value and share of tonnes.
    """
    flows = trade.load_flows(importer, products=product)
    return _measured(flows, exporter, [], measure).rename(importer)


def by_importer(exporter: str, product: str | list[str], measure: str) -> pd.DataFrame:
    """The same measure for every importer of a product from one exporter: years by importers."""
    flows = trade.load_flows(None, exporter, product)
    if is_share(measure):
        flows = trade.load_flows(products=product)
    return _measured(flows, exporter, ["importer"], measure)


def by_material(importer: str, exporter: str, measure: str) -> pd.DataFrame:
    """The same measure for every material that one importer buys: years by materials."""
    flows = trade.load_flows(importer)
    material = catalogue.load("products").set_index("hs6")["material"]
    flows = flows.assign(material=flows["product"].map(material))
    return _measured(flows, exporter, ["material"], measure)


def monthly_exports(partner: str = "WLD", group: str = "all_three") -> pd.Series:
    """China's exports of rare earths and magnets by month, as China reports them.

    Parameters
    ----------
    partner : str
        ISO3 code of a destination in the table, or ``"WLD"``.
    group : str
        One of `GROUPS`; destinations other than the world have ``all_three`` only.

    Returns
    -------
    pandas.Series
        Current US$, indexed by month; empty where the table has no such series.
    """
    rows = catalogue.load("china_monthly_exports")
    chosen = rows[(rows["partner"] == partner) & (rows["product_group"] == group)]
    months = pd.PeriodIndex(chosen["month"], freq="M")
    return pd.Series(chosen["value_usd"].to_numpy(dtype=float), months, name=partner).sort_index()


def monthly_panel() -> pd.DataFrame:
    """All series of `monthly_exports`, months by (partner, group)."""
    rows = catalogue.load("china_monthly_exports")
    keys = rows[["partner", "product_group"]].drop_duplicates()
    series = {(p, g): monthly_exports(p, g) for p, g in keys.itertuples(index=False)}
    return pd.DataFrame(series)


def customs_months(importer: str, exporter: str, material: str) -> pd.DataFrame:
    """Tonnes by month that customs published, as far as pages quote them; months are missing.

    Returns
    -------
    pandas.DataFrame
        ``month`` (period), ``series`` (whose customs, what, where to), ``quantity_t``; exports of
        China to the importer and to the world, and Japan's imports where it is the importer.
        Empty unless the exporter is China and the material rare earths: there are no others.
    """
    if (exporter, material) != ("CHN", "rare_earths"):
        return pd.DataFrame({"month": [], "series": [], "quantity_t": []})
    exports = catalogue.load("china_customs").query("frequency == 'month'")
    exports = exports[exports["destination"].isin([importer, "WLD"])]
    where = exports["destination"].map(
        lambda c: "the world" if c == "WLD" else trade.economy_in_text(c)
    )
    what = exports["product"].str.replace("_", " ")
    found = [exports.assign(series="China's exports of " + what + " to " + where)]
    if importer == "JPN":
        imports = catalogue.load("japan_customs").query(
            "frequency == 'month' and partner == 'CHN' and measure == 'quantity_t' "
            "and product_scope == 'rare_earths' and item == 'imports'"
        )
        imports = imports.rename(columns={"value": "quantity_t"})
        found.append(imports.assign(series=JAPAN_MONTHS))
    rows = pd.concat(found)
    rows["month"] = pd.PeriodIndex(rows["period_start"], freq="M")
    return rows[["month", "series", "quantity_t"]].sort_values(["series", "month"])


def rest_of_year(year: int) -> tuple[float, int]:
    """Mean of the months that no page quotes: the year's total less the known months.

    Returns
    -------
    (float, int)
        Tonnes a month of Japan's rare-earth imports from China, and the number of such months;
        (NaN, 0) where the total or no month of the year is known.
    """
    rows = catalogue.load("japan_customs").query(
        "partner == 'CHN' and measure == 'quantity_t' and item == 'imports' "
        "and product_scope == 'rare_earths'"
    )
    of_year = rows[rows["period_start"].str[:4].astype(int) == year]
    total = of_year.loc[of_year["frequency"] == "year", "value"]
    months = of_year.loc[of_year["frequency"] == "month", "value"]
    if total.empty or months.empty or len(months) == 12:
        return np.nan, 0
    left = 12 - len(months)
    return float((total.iloc[0] - months.sum()) / left), left


def unquoted_months(year: int) -> list[int]:
    """The months (1 to 12) of Japan's rare-earth imports from China that no page quotes."""
    rows = catalogue.load("japan_customs").query(
        "partner == 'CHN' and measure == 'quantity_t' and item == 'imports' "
        "and product_scope == 'rare_earths' and frequency == 'month'"
    )
    months = pd.PeriodIndex(rows["period_start"], freq="M")
    return sorted(set(range(1, 13)) - set(months[months.year == year].month))


def _measured(flows: pd.DataFrame, exporter: str, keys: list[str], measure: str):
    """One measure of the exporter's flows by year (rows) and keys (columns)."""
    check_measure(measure)
    of_own = _sums(flows[flows["exporter"] == trade.check_economy(exporter)], keys)
    value, tonnes = of_own["value"], of_own["tonnes"]
    if measure == "value":
        return value
    if measure == "tonnes":
        return tonnes
    if measure == "unit value":
        return of_own["weighed"] / (tonnes.where(tonnes > 0) * 1000)
    basis = "value" if measure == "share of value" else "tonnes"
    total = _sums(flows, keys)[basis]
    columns = value.columns if keys else None
    total = total.reindex(columns=columns) if keys else total
    return of_own[basis] / total.where(total > 0)


def _sums(flows: pd.DataFrame, keys: list[str]) -> dict:
    """Value, weighed value and tonnes by year and keys; 0 without trade, tonnes with a gap."""
    first, last = trade.year_range()
    years = pd.period_range(str(first), str(last), freq="Y", name="year")
    known = flows["quantity_t"].notna()
    marked = flows.assign(weighed=flows["value_usd"].where(known, 0.0))
    sums = marked.groupby(["year", *keys])[["value_usd", "weighed", "quantity_t"]].sum()
    wide = sums.unstack(keys) if keys else sums
    wide.index = pd.PeriodIndex(wide.index.astype(str), freq="Y", name="year")
    wide = wide.reindex(years).fillna(0.0)
    value, weighed, tonnes = wide["value_usd"], wide["weighed"], wide["quantity_t"]
    coverage = weighed / value.where(value > 0)
    thin = coverage.lt(trade.LEAST_COVERAGE)
    return {"value": value, "weighed": weighed, "tonnes": tonnes.where(~thin, np.nan)}
