"""A supplier stops a share of its deliveries for some months: stock, cover, shortfall, price.

Amounts are in months of the importer's normal use, which is taken to be its imports: 1 is what it
buys in a month of the last year. Shares and cuts are fractions in [0, 1]. What is not delivered is
taken from stock until that is used up; the rest is the shortfall. Nothing is bought elsewhere
instead, and nothing is refilled: both would be levers, not a disruption.
"""

import math
from typing import NamedTuple

import pandas as pd

from rareearths import assumptions, policy, quality, supply, trade
from rareearths.assumptions import Range

DAYS_A_MONTH = 365 / 12
LONGEST = 36  # months; a longer stop is a question of new mines and plants
ROUNDING = 1e-12  # months of use; less is an error of rounding
STALE = 3  # years before the last year of trade; older trade says nothing of a stop to come
RECENT = 1  # a published share may be this many years older than the last year of trade


class Exposure(NamedTuple):
    """Share of one supplier in an importer's imports: a range over bases and publishers.

    ``share`` has the lowest, the central (by tonnes where the weights are known) and the highest
    share; ``year`` and ``imports_usd`` (current US$), ``imports_t`` (tonnes, missing where few
    weights are known) are of the last year; ``rows`` are the shares, each with its source.
    """

    share: Range
    year: int
    imports_usd: float
    imports_t: float
    rows: pd.DataFrame


def check_stop(
    importer: str, exporter: str, material: str, stopped: float, months: int, start: str
) -> pd.PeriodIndex:
    """Return the months of the stop, or raise an error that says what is allowed.

    Parameters
    ----------
    importer, exporter : str
        ISO3 codes, not the same.
    material : str
        A material of ``reference/materials.csv``.
    stopped : float
        Share of the supplier's deliveries that stops, in [0, 1].
    months : int
        Length of the stop, 1 to `LONGEST`.
    start : str
        First month, YYYY-MM (YYYY: January).

    Raises
    ------
    UnknownCode
        An economy or a material that the data do not know.
    ValueError
        A value out of range, or an importer that is the exporter.
    """
    trade.check_economy(importer)
    trade.check_economy(exporter)
    trade.check_material(material)
    if importer == exporter:
        raise ValueError(f"importer and exporter are the same economy, {importer}")
    if not 0 <= stopped <= 1:
        raise ValueError(f"stopped is a share from 0 to 1 (1: everything), not {stopped}")
    if not 1 <= months <= LONGEST or months != int(months):
        raise ValueError(f"months is a whole number from 1 to {LONGEST}, not {months}")
    return pd.period_range(policy.first_day(start), periods=int(months), freq="M", name="month")


def check_stock(stock_days: float) -> Range:
    """Return the stock in days of use with the range of the assumption, widened to hold it.

    Raises
    ------
    ValueError
        A negative stock.
    """
    if not 0 <= stock_days < math.inf:
        raise ValueError(f"stock_days is a number of days, 0 or more, not {stock_days}")
    assumed = assumptions.ranges(assumptions.load("disruption"))["stock_days"]
    return Range(min(assumed.low, stock_days), stock_days, max(assumed.high, stock_days))


def check_elasticity(elasticity: list[float]) -> Range:
    """Return the range of the demand elasticity (absolute), its centre the geometric mean.

    Raises
    ------
    ValueError
        Not two ends above zero, the lower one first.
    """
    ends = list(elasticity)
    if len(ends) != 2 or not 0 < ends[0] <= ends[1] < math.inf:
        wanted = "two ends above 0, the lower one first, such as [0.15, 0.7]"
        raise ValueError(f"elasticity wants {wanted}, not {elasticity}")
    return Range(ends[0], math.sqrt(ends[0] * ends[1]), ends[1])


def recent_flows(importer: str, material: str) -> pd.DataFrame:
    """An importer's flows of a year near the last one of the data; maybe empty.

    Years that a known break marks C are left out (`quality.reliable`), and all of them where the
    newest one left lies `STALE` years or more before the last year of the data.
    """
    flows = trade.load_flows(importer, products=material)
    flows = quality.reliable(flows, importer, material)
    old = flows["year"].max() <= trade.year_range()[1] - STALE if len(flows) else True
    return flows[:0] if old else flows


def exposure(importer: str, exporter: str, material: str) -> Exposure:
    """Share of a supplier in the last year: by value, by tonnes, and as published.

    Published shares enter where they cover whole years and the whole material, are of high or
    medium confidence and end at most `RECENT` years before the last year of trade.

    Raises
    ------
    ValueError
        No imports in `recent_flows`.
    """
    flows = recent_flows(importer, material)
    shares = trade.dependence(flows, exporter)
    year = int(shares["share_value"].last_valid_index())
    now = shares.loc[year]
    source = f"{trade.SOURCE}, {year}"
    rows = [(f"value, {year}", now["share_value"], source, "")]
    weighed = now["quantity_coverage"] >= trade.LEAST_COVERAGE and pd.notna(now["share_tonnes"])
    if weighed:
        rows.append((f"tonnes, {year}", now["share_tonnes"], source, ""))
    printed = trade.load_published(importer, exporter, material)
    printed = printed[printed["comparable"] & (printed["end_year"] >= year - RECENT)]
    rows += [
        (
            f"published, {supply.years_text(row.start_year, row.end_year)}",
            row.share,
            row.publisher,
            row.source_url,
        )
        for row in printed.itertuples()
    ]
    table = pd.DataFrame(rows, columns=["basis", "share", "publisher", "source_url"])
    of_year = flows[flows["year"] == year]
    middle = float(now["share_tonnes"] if weighed else now["share_value"])
    return Exposure(
        Range(float(table["share"].min()), middle, float(table["share"].max())),
        year,
        float(of_year["value_usd"].sum()),
        float(of_year["quantity_t"].sum()) if weighed else math.nan,
        table,
    )


def path(
    share: float, stopped: float, months: int, stock_days: float, demand: float = 1.0
) -> pd.DataFrame:
    """Imports arriving, stock drawn and shortfall, month by month.

    Parameters
    ----------
    share : float
        Share of the supplier in the imports.
    stopped : float
        Share of its deliveries that stops.
    months : int
        Length of the stop.
    stock_days : float
        Stock at the start, days of normal use.
    demand : float
        What users want, as a share of normal use; below 1 where high prices make them save.

    Returns
    -------
    pandas.DataFrame
        One row a month, in months of normal use: ``need``, ``arriving``, ``drawn`` (from stock),
        ``short``; need = arriving + drawn + short. ``stock``, left at the end of the month.

    References
    ----------
    docs/methods/disruption.md

    Examples
    --------
    >>> path(0.5, 1.0, 3, 30.42).round(2).to_numpy().tolist()[-1]
    [1.0, 0.5, 0.0, 0.5, 0.0]
    """
    arriving = min(demand, 1 - share * stopped)
    gap = demand - arriving
    opening = stock_days / DAYS_A_MONTH
    gone = pd.Series([min(opening, gap * month) for month in range(months + 1)])
    drawn = gone.diff().iloc[1:].reset_index(drop=True)
    return pd.DataFrame(
        {
            "need": demand,
            "arriving": arriving,
            "drawn": drawn,
            "short": (gap - drawn).where(lambda short: short > ROUNDING, 0.0),
            "stock": opening - gone.iloc[1:].reset_index(drop=True),
        }
    )


def cover_months(stock_days: float, share: float, stopped: float, demand: float = 1.0) -> float:
    """Months until the stock is used up; infinite where nothing is missing.

    Parameters as in `path`.

    Returns
    -------
    float
        Stock / (use - arrivals), in months.

    References
    ----------
    docs/methods/disruption.md

    Examples
    --------
    >>> round(cover_months(60, 0.5, 1.0), 2), cover_months(60, 0.5, 0.0)
    (3.95, inf)
    """
    gap = demand - min(demand, 1 - share * stopped)
    return stock_days / DAYS_A_MONTH / gap if gap > 0 else math.inf


def short_months(
    share: float, stopped: float, months: int, stock_days: float, demand: float = 1.0
) -> float:
    """Shortfall over the whole stop, in months of normal use; parameters as in `path`.

    Examples
    --------
    >>> round(short_months(0.5, 1.0, 12, 73), 2)
    3.6
    """
    return float(path(share, stopped, months, stock_days, demand)["short"].sum())


def price_factor(cut: float, elasticity: float) -> float:
    """How many times its old price a good costs when demand must fall by ``cut``.

    Parameters
    ----------
    cut : float
        Share of normal use that is missing, in [0, 1].
    elasticity : float
        Own-price elasticity of demand, absolute, constant.

    Returns
    -------
    float
        P1 / P0 = (1 - cut) ^ (-1 / elasticity); infinite for a cut of 1.

    References
    ----------
    Constant-elasticity demand Q = k P^(-e), solved for the price; docs/methods/disruption.md

    Examples
    --------
    >>> price_factor(0.5, 1.0), round(price_factor(0.37, 0.65), 2)
    (2.0, 2.04)
    """
    if cut >= 1:
        return math.inf
    try:
        return (1 - cut) ** (-1 / elasticity)
    except OverflowError:
        return math.inf


def demand_after(price: float, elasticity: float) -> float:
    """Share of normal use that is still wanted at ``price`` times the old price.

    The inverse of `price_factor`: price ^ (-elasticity).

    Examples
    --------
    >>> demand_after(4.0, 0.5)
    0.5
    """
    return price**-elasticity


def implied_elasticity(cut: float, price: float) -> float:
    """The demand elasticity that makes `price_factor` give an observed pair.

    Examples
    --------
    >>> round(implied_elasticity(0.5, 2.0), 2)
    1.0
    """
    return -math.log(1 - cut) / math.log(price)


def cover_range(stock: Range, share: Range, stopped: float, demand: float = 1.0) -> Range:
    """`cover_months` at both ends: little stock and a large share, much stock and a small one."""
    return Range(
        cover_months(stock.low, share.high, stopped, demand),
        cover_months(stock.value, share.value, stopped, demand),
        cover_months(stock.high, share.low, stopped, demand),
    )


def short_range(
    stock: Range, share: Range, stopped: float, months: int, demand: float = 1.0
) -> Range:
    """`short_months` at both ends: much stock and a small share, little stock and a large one."""
    return Range(
        short_months(share.low, stopped, months, stock.high, demand),
        short_months(share.value, stopped, months, stock.value, demand),
        short_months(share.high, stopped, months, stock.low, demand),
    )


def scaled(values: Range, factor: float) -> Range:
    """Return a range times a positive number."""
    return Range(*(value * factor for value in values))


def price_range(elasticity: Range, cut: Range) -> Range:
    """`price_factor` at both ends: a small cut and elastic demand, a large cut and inelastic."""
    return Range(
        price_factor(cut.low, elasticity.high),
        price_factor(cut.value, elasticity.value),
        price_factor(cut.high, elasticity.low),
    )


def path_table(
    exposed: Exposure, stock: Range, stopped: float, calendar: pd.PeriodIndex
) -> pd.DataFrame:
    """The central path with its months, and the ends of the shortfall.

    Returns
    -------
    pandas.DataFrame
        ``month`` (YYYY-MM) and the columns of `path`; ``short_low`` and ``short_high``: the
        shortfall of the month at the ends of share and stock.
    """
    share, months = exposed.share, len(calendar)
    middle = path(share.value, stopped, months, stock.value)
    return middle.assign(
        month=calendar.astype(str),
        short_low=path(share.low, stopped, months, stock.high)["short"],
        short_high=path(share.high, stopped, months, stock.low)["short"],
    )


def first_hit(
    exporter: str, material: str, year: int, stopped: float, stock_days: float, top: int = 15
) -> pd.DataFrame:
    """The largest importers, ranked by how soon the same days of stock would run out.

    Returns
    -------
    pandas.DataFrame
        ``importer``, ``place`` (name), ``value_usd`` (imports, current US$), ``share_value``,
        ``share_tonnes`` (missing where few weights are known), ``cover_low``, ``cover`` and
        ``cover_high`` (months, over the two bases; by tonnes where known), ``mine_t`` (own mine
        output of the year; missing where none is listed). The soonest first.
    """
    flows = trade.load_flows(products=material, years=year)
    flows = flows[~flows["importer"].isin([exporter, trade.UNSPECIFIED])]
    largest = flows.groupby("importer")["value_usd"].sum().nlargest(top)
    output = supply.mine_output(material)
    mines = output[output["year"] == year].set_index("economy")["quantity_t"]
    rows = []
    for importer, value in largest.items():
        now = trade.dependence(flows[flows["importer"] == importer], exporter).loc[year]
        thin = not now["quantity_coverage"] >= trade.LEAST_COVERAGE
        tonnes = math.nan if thin else now["share_tonnes"]
        known = [now["share_value"], *([] if thin else [tonnes])]
        covers = [cover_months(stock_days, share, stopped) for share in known]
        rows.append((importer, value, now["share_value"], tonnes, min(covers), max(covers),
                     covers[-1], mines.get(importer, math.nan)))  # fmt: skip
    columns = ["importer", "value_usd", "share_value", "share_tonnes", "cover_low", "cover_high",
               "cover", "mine_t"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    table["place"] = table["importer"].map(trade.economy_names())
    return table.sort_values(["cover", "cover_low"], kind="stable", ignore_index=True)
