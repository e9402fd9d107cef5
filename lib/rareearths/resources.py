"""What lies in the ground and what it sells for: reserves, prices, abundance of rare earths.

Shares are fractions; reserves are tonnes of oxide, prices US$ per kg of oxide.
"""

import pandas as pd

from rareearths import catalogue, supply, trade

TRACE_PPM = 1e-3  # less is no supply; of the 17 elements only promethium


def reserves() -> pd.DataFrame:
    """Rare-earth reserves of the newest edition against the output of the newest year.

    Returns
    -------
    pandas.DataFrame
        ``economy``, ``place``, ``edition``, ``year`` (of the output), ``reserves_t``, ``output_t``
        (tonnes of oxide; missing where not known), ``reserve_share``, ``output_share`` (of the sum
        that is listed; as text ``reserve_part``, ``output_part``), ``years_left`` (reserves over
        output, two digits that count; missing without output). Largest reserves first; economies
        without a figure of reserves come last.
    """
    rows = catalogue.load("reserves")
    rows = rows[
        (rows["edition"] == rows["edition"].max()) & ~rows["economy"].isin(["WLD", supply.REST])
    ]
    output = supply.mine_output(supply.RARE_EARTHS)
    newest = output[output["year"] == output["year"].max()].set_index("economy")["quantity_t"]
    made = rows["economy"].map(newest)
    table = rows.assign(
        place=rows["economy"].map(trade.economy_names()),
        year=output["year"].max(),
        output_t=made,
        reserve_share=rows["reserves_t"] / rows["reserves_t"].sum(),
        output_share=made / newest.sum(),
        years_left=(rows["reserves_t"] / made.where(made > 0)).map(_two_digits),
    )
    for name in ("reserve", "output"):
        table[f"{name}_part"] = table[f"{name}_share"].map(supply.share_text)
    return table.sort_values("reserves_t", ascending=False, kind="stable", ignore_index=True)


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")


def reserve_facts(table: pd.DataFrame) -> dict:
    """What a sentence on reserves needs.

    Parameters
    ----------
    table : pandas.DataFrame
        See `reserves`.

    Returns
    -------
    dict
        ``holder_first`` (as it begins a sentence), ``held`` and ``made`` (share of reserves and of
        output of the largest holder);
        ``unknown`` (economies without a figure, as text) and ``unknown_share`` (of output);
        ``edition``, ``output_year``.
    """
    first, blank = table.iloc[0], table[table["reserves_t"].isna()]
    return {
        "holder_first": trade.economy_at_start(first["economy"]),
        "held": first["reserve_share"],
        "made": first["output_share"],
        "unknown": ", ".join(sorted(blank["place"])),
        "unknown_share": blank["output_share"].sum(),
        "edition": first["edition"].removeprefix("MCS"),
        "output_year": str(first["year"]),
    }


def magnet_prices(years: tuple[int, int]) -> pd.DataFrame:
    """Prices of the oxides that magnets need, newest edition of each year.

    Returns
    -------
    pandas.DataFrame
        ``year``, ``element``, ``price`` (US$ per kg, average of the year; missing where only a
        range is printed), ``low`` and ``high`` (ends of the range at the end of the year; missing
        where there is an average), ``edition``.
    """
    wanted = ["neodymium_oxide", "praseodymium_oxide", "dysprosium_oxide", "terbium_oxide"]
    rows = catalogue.load("oxide_prices")
    rows = rows[rows["newest_edition"] & rows["product"].isin(wanted)]
    rows = rows[rows["year"].between(*years)].sort_values("measure")  # averages come first
    rows = rows.drop_duplicates(["product", "year"])
    average = rows["measure"] == "annual_average"
    rows = rows.assign(
        element=rows["product"].str.removesuffix("_oxide"),
        price=rows["high_usd_per_kg"].where(average),
        low=rows["low_usd_per_kg"].mask(average),
        high=rows["high_usd_per_kg"].mask(average),
    )
    columns = ["year", "element", "price", "low", "high", "edition"]
    return rows[columns].sort_values(["element", "year"], ignore_index=True)


def price_swing(prices: pd.DataFrame) -> dict:
    """The element whose average price moved by the largest factor, and between which years.

    Returns
    -------
    dict
        ``element``, ``low`` and ``high`` (US$ per kg), ``low_year``, ``high_year``, ``factor``;
        empty where no element has averages of two years.
    """
    known = prices.dropna(subset=["price"]).set_index("year").groupby("element")["price"]
    known = {name: part for name, part in known if len(part) > 1}
    if not known:
        return {}
    name = max(known, key=lambda key: known[key].max() / known[key].min())
    part = known[name]
    return {
        "element": name,
        "low": part.min(),
        "high": part.max(),
        "low_year": str(part.idxmin()),
        "high_year": str(part.idxmax()),
        "factor": part.max() / part.min(),
    }


def abundance() -> pd.DataFrame:
    """Abundance of the rare earths in the crust, most abundant first.

    Returns
    -------
    pandas.DataFrame
        ``symbol``, ``name``, ``ppm`` (parts per million by mass), ``magnet`` (bool); without
        promethium, which has no natural supply (under `TRACE_PPM`).
    """
    rows = catalogue.load("elements")
    rows = rows[rows["crustal_abundance_ppm"] > TRACE_PPM]
    table = rows.assign(ppm=rows["crustal_abundance_ppm"], magnet=rows["magnet_element"])
    table = table.sort_values("ppm", ascending=False, kind="stable", ignore_index=True)
    return table[["symbol", "name", "ppm", "magnet"]]


def yardsticks(table: pd.DataFrame) -> pd.DataFrame:
    """Other metals to compare the rare earths with, most abundant first.

    Parameters
    ----------
    table : pandas.DataFrame
        See `abundance`; metals more than twice as abundant as its first element are left out.

    Returns
    -------
    pandas.DataFrame
        ``symbol``, ``name``, ``ppm`` (parts per million by mass). Another estimate than that of
        `abundance`: compare orders of magnitude.
    """
    rows = catalogue.load("crustal_abundance").rename(columns={"crustal_abundance_ppm": "ppm"})
    rows = rows[rows["ppm"] <= 2 * table["ppm"].max()]
    rows = rows.sort_values("ppm", ascending=False, kind="stable", ignore_index=True)
    return rows[["symbol", "name", "ppm"]]


def abundance_facts(table: pd.DataFrame, metals: pd.DataFrame, metal: str) -> dict:
    """What a sentence on abundance needs.

    Parameters
    ----------
    table, metals : pandas.DataFrame
        See `abundance` and `yardsticks`.
    metal : str
        Name of the metal that the elements are counted against.

    Returns
    -------
    dict
        ``n`` (elements), ``total`` (ppm of all); ``top`` and ``end``, the most and the least
        abundant, and ``factor`` between them; ``metal`` and ``above`` (elements more abundant than
        it); ``rarest`` (the rarest metal), ``times`` (``end`` over it, one digit that counts).
    """
    last, rarest = table.iloc[-1], metals.iloc[-1]
    limit = metals.set_index("name").at[metal, "ppm"]
    return {
        "n": len(table),
        "total": table["ppm"].sum(),
        "top": table["name"].iloc[0],
        "end": last["name"],
        "factor": table["ppm"].iloc[0] / last["ppm"],
        "metal": metal,
        "above": int((table["ppm"] > limit).sum()),
        "rarest": rarest["name"],
        "times": float(f"{last['ppm'] / rarest['ppm']:.1g}"),
    }
