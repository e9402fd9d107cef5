"""What stops of the past show, beside what the model of `disruption` says of them.

Prices and quantities that pages print for 2010-12, 2024 and 2025, the demand elasticities they
imply, and two stops whose dates are known. All of them are of rare earths, gallium or germanium.
"""

import math

import pandas as pd

from rareearths import catalogue, disruption, series, trade, words
from rareearths.assumptions import Range

QUOTA = "response-event-response-wld-2010-quota-2010-against-2009-chinese-export-quota-cut"
UNIT_VALUE = (
    "response-event-response-usa-2010-unit-value-of-rare-earths-2010-against-2009-1998-dollars"
)
DYSPROSIUM = "response-price-response-jpn-2011-dysprosium-price-export-controls-tightened"
DEMAND_2012 = "response-quantity-response-jpn-2012-rare-earth-demand-after-the-2011-price-peak"
PEAK = "response-price-response-wld-2010-2015-rare-earth-prices-chinese-export-restrictions"
GALLIUM = "response-price-response-usa-2024-gallium-price-complete-stop-of-china-s-net-exports-of"
GERMANIUM = (
    "response-price-response-usa-2024-germanium-price-complete-stop-of-china-s-net-exports-of"
)
MAGNETS_2025 = (
    "response-event-response-wld-2025-chinese-magnet-exports-in-may-year-on-year-announcement"
)
BEFORE_2025 = "price-premium-europe-2025-{}-oxide-europe-early-april"
AFTER_2025 = "price-premium-europe-2025-{}-oxide-europe-early-may"
PLANT_STOP = "stockpile-jpn-2025-days-from-control-4-april-to-first-car-plant-stop-26-may"
OLDEST = 5  # years that a share of an end use may lie before the newest one
FAR = 120  # months of cover; more is not told apart
MARKET_2011 = "end-use-demand-jpn-2011-market-all"


def figures_by_id() -> pd.DataFrame:
    """The published figures of ``scenario_assumptions``, indexed by their id."""
    return catalogue.load("scenario_assumptions").set_index("id")


def times(row: pd.Series) -> float:
    """A printed price response as times the old price: +150 % is 2.5, "10 times" is 10."""
    return float(row["value"] if row["unit"] == "times" else 1 + row["value"])


def observed_pairs() -> pd.DataFrame:
    """Price and quantity of past stops, and the demand elasticity that each pair implies.

    Returns
    -------
    pandas.DataFrame
        ``number`` (as text), ``episode``, ``cut`` (fraction by which the quantity fell), ``price``
        (times; the middle of the ends where a range is printed), ``elasticity`` (implied,
        absolute), ``mixed`` (what else is in the pair), ``source_url`` of the price.

    References
    ----------
    docs/methods/disruption.md
    """
    printed = figures_by_id()
    quota, demand = -printed.at[QUOTA, "value"], -printed.at[DEMAND_2012, "value"]
    magnets = -printed.at[MAGNETS_2025, "value"]
    rows = [
        ("2010: China's quota, US unit value", quota, times(printed.loc[UNIT_VALUE]),
         "A quota is no demand; the mix of goods changed", UNIT_VALUE),
        ("2011–12: Japan's demand, dysprosium", demand, times(printed.loc[DYSPROSIUM]),
         "Price of one element, demand of all; users ran down stocks and moved plants abroad",
         DYSPROSIUM),
        ("2011–12: Japan's demand, highest peak", demand, times(printed.loc[PEAK]),
         "“Up to”: the highest of all prices", PEAK),
    ]  # fmt: skip
    for element, name in (("dy", "dysprosium"), ("tb", "terbium")):
        after = AFTER_2025.format(element)
        price = _middle(printed.loc[after]) / _middle(printed.loc[BEFORE_2025.format(element)])
        mixed = "Magnets shipped by China, oxide priced in Europe; few deals"
        rows.append((f"2025: China's magnets, {name} in Europe", magnets, price, mixed, after))
    table = pd.DataFrame(rows, columns=["episode", "cut", "price", "mixed", "id"])
    table["number"] = [str(number) for number in range(1, len(table) + 1)]
    table["elasticity"] = [
        disruption.implied_elasticity(row.cut, row.price) for row in table.itertuples()
    ]
    table["source_url"] = table["id"].map(printed["source_url"])
    return table


def responses(
    elasticity: Range, stock: Range, share: Range, stopped: float, months: int
) -> pd.DataFrame:
    """What users would save at prices that were printed for past stops, and how cover changes.

    Returns
    -------
    pandas.DataFrame
        ``episode``, ``price_text``, ``saved`` (share of use saved: centre and ends of the
        elasticity, as text), ``cover_text`` (months) and ``short_text`` (months of use) at the
        central elasticity, with the range of share and stock; ``saved_from``, ``source_url``.
    """
    printed = figures_by_id()
    rows = []
    for name, key in (("Germanium, model of USGS", GERMANIUM), ("Gallium, model of USGS", GALLIUM),
                      ("Dysprosium, 2011", DYSPROSIUM)):  # fmt: skip
        row = printed.loc[key]
        price = times(row)
        saved = [1 - disruption.demand_after(price, e) for e in elasticity]
        demand = 1 - saved[1]
        cover = disruption.cover_range(stock, share, stopped, demand)
        short = disruption.short_range(stock, share, stopped, months, demand)
        rows.append((name, f"{price:.3g} times", words.ranged(saved[1], saved[0], saved[2], "pct0"),
                     months_text(cover), words.ranged(*_ordered(short), "one"), row["publisher"],
                     row["source_url"]))  # fmt: skip
    columns = ["episode", "price_text", "saved", "cover_text", "short_text", "saved_from",
               "source_url"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def end_uses(importer: str, short: Range, year_t: float) -> pd.DataFrame:
    """What each end use of rare earths lacks over the stop, if all are cut alike.

    Parameters
    ----------
    importer : str
        ISO3 code. Its own use where a page prints it, then the world's newest.
    short : Range
        Shortfall, months of normal use.
    year_t : float
        Imports of a year, tonnes gross weight.

    Returns
    -------
    pandas.DataFrame
        ``end_use``, ``use_area`` (with the year of the share), ``use_part`` (of all use, as text),
        ``use_risk`` (tonnes over the stop with their range; a dash without weights), ``loss_by``
        (who prints the share), ``source_url``.
    """
    rows = _use_shares()
    world = rows[rows["region"] == "WLD"]
    world = world[world["year"] >= world["year"].max() - OLDEST]
    chosen = pd.concat([rows[rows["region"] == importer], world]).drop_duplicates(
        ["region", "end_use"]
    )
    per_share = [year_t * part / 12 for part in _ordered(short)]
    return pd.DataFrame(
        {
            "end_use": chosen["end_use"],
            "use_area": [f"{_area(row.region)}, {int(row.year)}" for row in chosen.itertuples()],
            "use_part": [_percent(row.low, row.high) for row in chosen.itertuples()],
            "use_risk": [_risk(row, per_share) for row in chosen.itertuples()],
            "loss_by": chosen["publisher"],
            "source_url": chosen["source_url"],
        }
    ).reset_index(drop=True)


def japan_2010() -> dict:
    """The stop of 2010 in Japan's customs figures, and the stock that would have bridged it.

    Returns
    -------
    dict
        ``base_t`` (tonnes a month from China in the months of 2010 that no page quotes), ``first``
        and ``last`` month, ``months``, ``table`` (``month``, ``arrived_t``, ``missing_t`` against
        the base, ``missing_so_far_t``, below 0 where more came), ``deepest`` month, ``deepest_t``
        (largest sum that was missing), ``cut`` (its share of the imports until then),
        ``months_to_deepest``, ``stock_days`` (Range: days of use, the imports of 2010, that would
        have bridged it; high: where months with more than the base are not set against it).
    """
    months = series.customs_months("JPN", "CHN", "rare_earths")
    months = months[(months["series"] == series.JAPAN_MONTHS)].set_index("month")["quantity_t"]
    span = pd.period_range("2010-09", "2011-05", freq="M")
    arrived = months.reindex(span)
    base, _ = series.rest_of_year(2010)
    table = pd.DataFrame({"arrived_t": arrived, "missing_t": base - arrived})
    table["missing_so_far_t"] = table["missing_t"].cumsum()
    customs = catalogue.load("japan_customs").query(
        "period == '2010' and partner == 'WLD' and measure == 'quantity_t' "
        "and product_scope == 'rare_earths' and item == 'imports'"
    )
    a_day = float(customs["value"].iloc[0]) / 365
    deepest = table["missing_so_far_t"].idxmax()
    count = span.get_loc(deepest) + 1
    lost = float(table.loc[deepest, "missing_so_far_t"])
    uncredited = table["missing_t"].clip(lower=0)[:deepest].sum()  # nothing for full months
    return {
        "base_t": base,
        "table": table.rename_axis("month").reset_index().astype({"month": str}),
        "deepest": f"{deepest:%B %Y}",
        "deepest_t": lost,
        "stock_days": Range(lost / a_day, lost / a_day, float(uncredited) / a_day),
        "cut": lost / (a_day * disruption.DAYS_A_MONTH * count),
        "months_to_deepest": int(count),
    }


def plant_stop_2025(share: Range) -> dict:
    """The first car plant that stood still in 2025: days after the control, stock implied.

    Parameters
    ----------
    share : Range
        Share of China in Japan's imports.

    Returns
    -------
    dict
        ``days`` from control to stop, and ``implied`` (Range, days of use in stock that a full
        stop would have used up by then): days x share.
    """
    days = float(figures_by_id().at[PLANT_STOP, "value"])
    return {"days": days, "implied": Range(*(days * part for part in share))}


def months_text(cover: Range) -> str:
    """Months of cover with their range; "no end" where nothing is missing, none beyond `FAR`.

    Examples
    --------
    >>> months_text(Range(1.9, 3.0, math.inf)), months_text(Range(1.5, 3.0, 15.6))
    ('3.0 (1.9 to no end)', '3.0 (1.5 to 15.6)')
    >>> months_text(Range(21.6, 975, 975))
    'over 120 (21.6 to over 120)'
    """
    low, middle, high = (_months(part) for part in cover)
    return middle if low == middle == high else f"{middle} ({low} to {high})"


def _months(count: float) -> str:
    if math.isinf(count):
        return "no end"
    return f"over {FAR}" if count > FAR else words.show_number(count, "one")


def _ordered(values: Range) -> tuple[float, float, float]:
    return values.value, values.low, values.high


def _middle(row: pd.Series) -> float:
    return float(row["value"] if pd.notna(row["value"]) else (row["low"] + row["high"]) / 2)


def _use_shares() -> pd.DataFrame:
    """Shares of end uses in the use of all rare earths, as printed, or tonnes over the market's."""
    rows = catalogue.load("scenario_assumptions")
    rows = rows[rows["topic"] == "end_use_demand"]
    shares = rows[
        (rows["item"] == "demand share") & rows["scope"].str.startswith("all REE", na=False)
    ]
    shares = shares.assign(low=shares["value"], high=shares["value"])
    market = rows.set_index("id").at[MARKET_2011, "value"]
    tonnes = rows[(rows["region"] == "JPN") & (rows["year"] == 2011) & (rows["item"] == "demand")]
    tonnes = tonnes.assign(low=tonnes["low"] / market, high=tonnes["high"] / market)
    return pd.concat([shares, tonnes]).sort_values(["year", "high"], ascending=False, kind="stable")


def _area(region: str) -> str:
    return "World" if region == "WLD" else trade.economy_names()[region]


def _percent(low: float, high: float) -> str:
    ends = f"{low:.0%}", f"{high:.0%}"
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def _risk(row, per_share: list[float]) -> str:
    if math.isnan(per_share[0]):
        return "–"
    middle, low, high = per_share
    return words.ranged(middle * (row.low + row.high) / 2, low * row.low, high * row.high, "count")
