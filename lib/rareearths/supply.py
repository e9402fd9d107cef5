"""World supply: mine output by producer, its concentration, and how far its sources agree.

Shares are fractions. Tonnes of mine output are of the content that the source weighs (oxide for
rare earths). What comes after the mine stands in `rareearths.chain`; reserves, prices and abundance
in `rareearths.resources`.
"""

import re

import numpy as np
import pandas as pd

from rareearths import catalogue, trade, words

REST = "ROW"  # producers that a source does not list one by one
RARE_EARTHS = "rare_earths"  # the one material with a series of several sources


def year_range() -> tuple[int, int]:
    """Return the first and the last year of the supply tables."""
    limits = catalogue.table("rare_earth_mine_production").field("year")["constraints"]
    return limits["minimum"], limits["maximum"]


def check_years(years: int | tuple[int, int]) -> tuple[int, int]:
    """Return (first, last), or raise ValueError when reversed or outside the supply tables."""
    return trade.check_years(years, year_range())


def mined(material: str) -> str:
    """Name of what the mine output of a material counts: "bauxite" of aluminium.

    The material's own name where that ends with the source's name ("natural graphite").
    """
    row = _material(material)
    counted = row["wmd_material"].split(" (")[0].lower()
    return row["name_en"] if row["name_en"].endswith(counted) else counted


def unit(material: str) -> str:
    """What a tonne of mine output is a tonne of: "tonnes of Li2O content", or "tonnes"."""
    rows = catalogue.load("mine_production")
    content = rows.loc[rows["material"] == material, "content"].dropna().unique()
    if not len(content):
        return "tonnes"
    return "tonnes of concentrate" if content[0] == "conc." else f"tonnes of {content[0]} content"


def content(material: str) -> str:
    """What follows a number of tonnes: " of Li2O content"; empty where the material is weighed."""
    return unit(material).removeprefix("tonnes")


def carriers(material: str) -> list[str]:
    """Goods that carry a material as a by-product, by the notes of the products.

    Examples
    --------
    >>> carriers("germanium"), carriers("cobalt")
    (['zinc ore and concentrate'], [])
    """
    goods, name = catalogue.load("products"), trade.material_in_text(material)
    carried = rf"^Carrier of by-products\b[^.]*\b{re.escape(name)}\b"
    return list(goods.loc[goods["note"].str.contains(carried, na=False), "label_en"].str.lower())


def output_name(material: str) -> str:
    """ "mine output", or "output" of a by-product: no table says if mine or refinery counts it."""
    return "output" if carriers(material) else "mine output"


def material_note(material: str) -> str:
    """The remark of the table of materials; empty where there is none."""
    note = _material(material)["note"]
    return "" if pd.isna(note) else note


def _material(material: str) -> pd.Series:
    rows = catalogue.load("materials").set_index("material")
    return rows.loc[trade.check_material(material)]


def mine_output(material: str) -> pd.DataFrame:
    """Load mine output by economy and year.

    Parameters
    ----------
    material : str
        A material of ``reference/materials.csv``.

    Returns
    -------
    pandas.DataFrame
        ``year``, ``economy`` (ISO3, or `REST`), ``quantity_t`` (tonnes of content), ``source``,
        ``status`` (``reported``, ``estimated``, ``provisional``, ``not_stated``).
        Rare earths: the best series of three sources, 1992 on; other materials: World Mining Data,
        2018 on. Without the world totals, which come from other sources; `REST` only in years of
        a single source, because another source may list these producers one by one.

    Raises
    ------
    UnknownCode
        A material that the data do not know.
    """
    _material(material)
    if material == RARE_EARTHS:
        rows = catalogue.load("rare_earth_mine_production")
        rows = rows[rows["best"] & (rows["economy"] != "WLD")]
    else:
        rows = catalogue.load("mine_production")
        rows = rows[rows["material"] == material]
    mixed = rows.groupby("year")["source"].transform("nunique") > 1
    rows = rows[~(mixed & (rows["economy"] == REST))]
    columns = ["year", "economy", "quantity_t", "source", "status"]
    return rows[columns].sort_values(["year", "economy"], ignore_index=True)


def mine_shares(output: pd.DataFrame) -> pd.DataFrame:
    """Share of each producer in the sum of all that are listed, by year.

    Parameters
    ----------
    output : pandas.DataFrame
        See `mine_output`.

    Returns
    -------
    pandas.DataFrame
        ``year``, ``exporter`` (the producer; so that figures of suppliers take it), ``amount``
        (tonnes), ``share``; producers with output only.
    """
    made = output[output["quantity_t"] > 0].rename(
        columns={"economy": "exporter", "quantity_t": "amount"}
    )
    total = made.groupby("year")["amount"].transform("sum")
    made = made.assign(share=made["amount"] / total)
    return made[["year", "exporter", "amount", "share"]].reset_index(drop=True)


def hhi_bounds(shares: pd.Series) -> tuple[float, float]:
    """Bounds of the HHI where some producers are known and the rest is not listed.

    Parameters
    ----------
    shares : pandas.Series
        Known shares, fractions; the rest, 1 less their sum, may be many small producers or one.

    Returns
    -------
    (float, float)
        HHI if the rest is of no concentration, and if it is a single producer; equal where the
        shares sum to 1.

    Raises
    ------
    ValueError
        No share, a missing or negative one, or a sum above 1.

    References
    ----------
    docs/methods/supply.md

    Examples
    --------
    >>> low, high = hhi_bounds(pd.Series([0.9]))
    >>> round(low, 2), round(high, 2)
    (0.81, 0.82)
    """
    values = np.asarray(shares, dtype=float)
    if not len(values) or not (values >= 0).all() or values.sum() > 1 + 1e-9:
        raise ValueError("shares must not be missing or negative, and sum to 1 at most")
    low = float(np.square(values).sum())
    return low, low + max(0.0, 1 - float(values.sum())) ** 2


def mine_concentration(shares: pd.DataFrame) -> pd.DataFrame:
    """HHI of mining by year, with its bounds where a rest is not listed one by one.

    Returns
    -------
    pandas.DataFrame
        Indexed by year: ``low`` and ``high``, the bounds of `hhi_bounds`.
    """
    listed = shares[shares["exporter"] != REST]
    bounds = listed.groupby("year")["share"].agg(hhi_bounds)
    return pd.DataFrame(bounds.tolist(), index=bounds.index, columns=["low", "high"])


def outside(output: pd.DataFrame, exporter: str) -> pd.DataFrame:
    """Mine output inside and outside one economy.

    Returns
    -------
    pandas.DataFrame
        Indexed by year: ``inside_t``, ``outside_t`` (tonnes; all that is listed less the economy's
        own), ``share`` (of the economy). Inside and share are missing where it is not listed.
    """
    own = output[output["economy"] == trade.check_economy(exporter)].set_index("year")
    total = output.groupby("year")["quantity_t"].sum()
    inside = own["quantity_t"].reindex(total.index)
    rest = total - inside.fillna(0)  # an economy that is not listed takes nothing off the sum
    return pd.DataFrame(
        {"inside_t": inside, "outside_t": rest, "share": inside / total.where(total > 0)}
    )


def largest(shares: pd.DataFrame, year: int) -> pd.Series:
    """The largest producer of a year: ``exporter``, ``amount``, ``share``."""
    of_year = shares[(shares["year"] == year) & (shares["exporter"] != REST)]
    return of_year.loc[of_year["share"].idxmax()]


def main_sources(output: pd.DataFrame) -> pd.Series:
    """The source that most of a year's figures come from, indexed by year."""
    return output.groupby("year")["source"].agg(lambda names: names.value_counts().index[0])


def splices(output: pd.DataFrame) -> list[int]:
    """The years from which on the series has another main source."""
    main = main_sources(output)
    return [int(year) for year in main.index[1:][main.to_numpy()[1:] != main.to_numpy()[:-1]]]


def source_text(output: pd.DataFrame) -> str:
    """The sources of the series as text: "BGS (2010-2017), World Mining Data (2018-2024)".

    Sources that only fill in producers which the main source of a year lacks are named last.
    """
    main = main_sources(output)
    runs = main.groupby((main != main.shift()).cumsum())
    parts = [
        f"{names.iloc[0]} ({years_text(names.index.min(), names.index.max())})" for _, names in runs
    ]
    fills = output[output["source"] != output["year"].map(main)]["source"].unique()
    filled = f"; gaps for single producers filled from {words.joined(sorted(fills))}"
    return ", ".join(parts) + (filled if len(fills) else "")


def years_text(first: int, last: int) -> str:
    """One year or a range of years as text."""
    return str(first) if first == last else f"{first}–{last}"


def summary(output: pd.DataFrame, exporter: str) -> dict:
    """The headline numbers of mining.

    Parameters
    ----------
    output : pandas.DataFrame
        See `mine_output`; some output above zero.
    exporter : str
        ISO3 code of the economy in question.

    Returns
    -------
    dict
        ``year``, ``first_year`` and whether they differ (``several``); ``leader`` and
        ``leader_name`` (as in a sentence, and alone), ``leader_share`` (also as ``_text``) and
        ``hedge`` ("an estimated " where its status says so, else empty); ``hhi``, ``hhi_high`` and
        ``hhi_text``; ``exporter_first`` (the economy in question at the start of a sentence), its
        ``share`` and ``share_first`` (missing where it is not listed; also as ``_text``),
        ``listed`` (in any year), ``listed_last`` and ``both_ends`` (in the last, in the first and
        the last); the output of all others: ``outside_share``, ``outside_part`` (", 31% of all",
        empty where the economy is not listed), ``outside_hedge`` (where most of it is
        estimated), ``outside_t`` and ``outside_first_t`` (tonnes, also as ``_text``); ``by`` and
        ``by_first``, who counted in the last and in the first year.
    """
    shares, sides = mine_shares(output), outside(output, exporter)
    first, year = int(shares["year"].min()), int(shares["year"].max())
    low, high = mine_concentration(shares).loc[year]
    leader = largest(shares, year)
    status = output[output["year"] == year].set_index("economy")[["quantity_t", "status"]]
    listed = bool(sides["share"].notna()[year])
    part = sides.at[year, "outside_t"] / sides.loc[year, _SIDES].sum()
    return {
        "year": year,
        "first_year": first,
        "several": first < year,
        "leader": trade.economy_in_text(leader["exporter"]),
        "leader_name": trade.economy_names()[leader["exporter"]],
        "leader_share": leader["share"],
        "leader_share_text": share_text(leader["share"]),
        "hedge": _hedge(status.loc[[leader["exporter"]]]),
        "hhi": low,
        "hhi_high": high,
        "hhi_text": hhi_text(low, high),
        "share": sides.at[year, "share"],
        "share_text": share_text(sides.at[year, "share"]),
        "share_first": sides.at[first, "share"],
        "share_first_text": share_text(sides.at[first, "share"]),
        "listed": bool(sides["share"].notna().any()),
        "listed_last": listed,
        "both_ends": bool(sides.loc[[first, year], "share"].notna().all()),
        "exporter_first": trade.economy_at_start(exporter),
        "outside_share": part,
        "outside_part": f", {share_text(part)} of all" if listed else "",
        "outside_hedge": _hedge(status.drop(exporter, errors="ignore")),
        "outside_t": sides.at[year, "outside_t"],
        "outside_text": tonnes_text(sides.at[year, "outside_t"]),
        "outside_first_t": sides.at[first, "outside_t"],
        "outside_first_text": tonnes_text(sides.at[first, "outside_t"]),
        "by": _publishers(output, year),
        "by_first": _publishers(output, first),
    }


_SIDES = ["inside_t", "outside_t"]


def _hedge(rows: pd.DataFrame) -> str:
    return "an estimated " if estimated_share(rows) > 0.5 else ""


def estimated_share(rows: pd.DataFrame) -> float:
    """Share of estimates in the tonnes of some figures, a fraction; 0 where there is no output."""
    total = rows["quantity_t"].sum()
    guessed = rows.loc[rows["status"] == "estimated", "quantity_t"].sum()
    return guessed / total if total > 0 else 0.0


def _publishers(output: pd.DataFrame, year: int) -> str:
    rows = output[(output["year"] == year) & (output["quantity_t"] > 0)]
    return " and ".join(rows["source"].value_counts().index)


def tonnes_text(tonnes: float) -> str:
    """Tonnes as text: three digits that count, in millions from one million on.

    Examples
    --------
    >>> tonnes_text(119_310), tonnes_text(349_833_986), tonnes_text(10)
    ('119,000 tonnes', '350 million tonnes', '10 tonnes')
    """
    rounded = float(f"{tonnes:.3g}")
    if rounded < 1e6:
        return f"{rounded:,.12g} tonnes"
    return f"{rounded / 1e6:,.12g} million tonnes"


def share_text(share: float, decimals: int = 0) -> str:
    """A share as text that is 0% or 100% only where it is exactly that.

    Parameters
    ----------
    share : float
        A fraction; missing gives a dash.
    decimals : int
        Of the per cent; shares within one point of 0% or of 100% have one.

    Examples
    --------
    >>> share_text(0.694), share_text(0.004), share_text(0.0004), share_text(0.9996), share_text(0)
    ('69%', '0.4%', 'under 0.1%', 'over 99.9%', '0%')
    """
    if np.isnan(share):
        return "–"
    if 0 < share < 0.001:
        return "under 0.1%"
    if 0.999 < share < 1:
        return "over 99.9%"
    close = 0 < round(share, 3) < 0.01 or 0.99 < round(share, 3) < 1
    whole = share in (0, 1)
    return f"{share:.{0 if whole else 1 if close else decimals}%}"


def hhi_text(low: float, high: float) -> str:
    """An HHI as text; its bounds where they are more than 0.01 apart.

    Examples
    --------
    >>> hhi_text(0.512, 0.513), hhi_text(0.81, 1.0)
    ('0.51', '0.81 to 1.00')
    """
    return f"{low:.2f}" if high - low <= 0.01 else f"{low:.2f} to {high:.2f}"


def by_publisher(exporter: str, years: tuple[int, int]) -> pd.DataFrame:
    """Share and HHI of rare-earth mining by each publisher alone, newest edition of each.

    Parameters
    ----------
    exporter : str
        ISO3 code.
    years : (int, int)
        First and last year.

    Returns
    -------
    pandas.DataFrame
        ``year``, ``source``, ``share`` (of the economy in the sum of all that the publisher lists;
        missing where it is not listed), ``low`` and ``high`` (HHI); publishers that list a single
        producer are left out.
    """
    rows = catalogue.load("rare_earth_mine_production")
    rows = rows[(rows["economy"] != "WLD") & rows["year"].between(*years)]
    rows = rows[rows["quantity_t"] > 0].sort_values("edition")
    rows = rows.drop_duplicates(["year", "source", "economy"], keep="last")
    found = []
    for (year, source), of_year in rows.groupby(["year", "source"]):
        shares = of_year.set_index("economy")["quantity_t"] / of_year["quantity_t"].sum()
        if len(shares) > 1:
            listed = shares.drop(REST, errors="ignore")
            found.append((year, source, shares.get(exporter), *hhi_bounds(listed)))
    return pd.DataFrame(found, columns=["year", "source", "share", "low", "high"])


def last_compared(publishers: pd.DataFrame) -> pd.DataFrame:
    """The publishers of the last year in which two or more give a share, lowest share first."""
    known = publishers.dropna(subset=["share"])
    several = known[known.groupby("year")["source"].transform("size") > 1]
    return several[several["year"] == several["year"].max()].sort_values("share")


def compared_text(rows: pd.DataFrame) -> str:
    """Share and HHI by each publisher as text.

    Parameters
    ----------
    rows : pandas.DataFrame
        See `last_compared`; two rows or more.
    """
    parts = [
        f"{share_text(row.share, 1)} by {row.source} (HHI {hhi_text(row.low, row.high)})"
        for row in rows.itertuples()
    ]
    return ", ".join(parts[:-1]) + f" and {parts[-1]}"


def publishers_apart(economy: str, years: tuple[int, int]) -> str:
    """The lowest and the highest share by a publisher in the last year that has several, as text.

    Empty where no year has several.

    Examples
    --------
    >>> publishers_apart("CHN", (1995, 2025))
    'in 2024 publishers ranged from 68% to 75%'
    """
    rows = last_compared(by_publisher(economy, years))
    if rows.empty:
        return ""
    least, most = (share_text(rows["share"].iloc[place]) for place in (0, -1))
    return f"in {rows['year'].iloc[0]} publishers ranged from {least} to {most}"


def certainty(output: pd.DataFrame) -> str:
    """How far the last year of a series can be checked: its publishers, and what is estimated.

    Parameters
    ----------
    output : pandas.DataFrame
        See `mine_output`; some output above zero.
    """
    made = output[output["quantity_t"] > 0]
    year = made["year"].max()
    last = made[made["year"] == year]
    by, known = _publishers(made, year), set(last["status"])
    alone = (
        "of one publisher, {by}, without a range or an uncertainty; what others say is not known"
    )
    part = share_text(estimated_share(last))
    cases = [
        (made["source"].nunique() == 1, f"All figures of output are {alone} here. "),
        (last["source"].nunique() == 1, f"All figures of {{year}} are {alone} for that year. "),
        (True, ""),
    ]
    status = [
        (known == {"estimated"}, "Every figure of {year} is an estimate."),
        (known == {"not_stated"}, "Which figures of {year} are estimates is not stated."),
        ("estimated" in known, "Of the tonnes of {year}, {part} are estimates."),
        (True, ""),
    ]
    text = words.choose(*cases) + words.choose(*status)
    return words.fill(text, by=by, year=str(year), part=part).strip()


def remarks(output: pd.DataFrame, economies: list[str]) -> str:
    """What the table of rare earths notes on the figures of some economies, and where they stand.

    Parameters
    ----------
    output : pandas.DataFrame
        See `mine_output`, of rare earths.
    economies : list of str
        ISO3 codes; one that comes twice is read once.

    Returns
    -------
    str
        Of each economy the newest note that a figure within the years of ``output`` carries, and
        the years in which the series has the same tonnes; empty where there is none.
    """
    found = (_remark(output, economy) for economy in dict.fromkeys(economies))
    return " ".join(text for text in found if text)


def _remark(output: pd.DataFrame, economy: str) -> str:
    rows = catalogue.load("rare_earth_mine_production")
    own = rows["economy"].eq(economy) & rows["year"].isin(output["year"]) & rows["quantity_t"].gt(0)
    noted = rows[own].dropna(subset=["note"]).sort_values("year")
    if noted.empty:
        return ""
    source, note = noted.iloc[-1][["source", "note"]]
    noted = noted[(noted["note"] == note) & (noted["source"] == source)]
    own = output[output["economy"].eq(economy)].merge(noted[["year", "quantity_t"]])
    name = trade.economy_in_text(economy)
    text = f"On the figures of {source} for {name} in {_years_list(noted)} the data note: “{note}”."
    same = " In {years} the series has the same tonnes as these figures."
    return text + (same.format(years=_years_list(own)) if len(own) else "")


def _years_list(rows: pd.DataFrame) -> str:
    return words.joined([str(year) for year in sorted(rows["year"].unique())])


def disagreement() -> dict:
    """How far publishers differ on rare-earth output of the same producer and year.

    Returns
    -------
    dict
        ``n`` (pairs of figures above zero), ``median`` (factor between the two, of the middle
        pair), ``wide`` (factor that one pair in ten exceeds).
    """
    rows = catalogue.load("mine_production_overlaps")
    single = ~rows["economy"].isin(["WLD", REST]) & (rows["source_a"] != rows["source_b"])
    ratio = rows.loc[single & (rows["ratio"] > 0), "ratio"]
    apart = np.exp(np.abs(np.log(ratio)))
    return {"n": len(apart), "median": apart.median(), "wide": apart.quantile(0.9)}


def low_figures(economy: str, years: tuple[int, int]) -> dict:
    """Where the series has BGS for an economy and USGS has more: ``first``, ``last``, ``factor``.

    ``factor`` is the median of BGS over USGS (newest edition); ``n`` the number of such years.
    """
    rows = catalogue.load("mine_production_overlaps")
    rows = rows[(rows["economy"] == economy) & (rows["source_a"] == "BGS")]
    rows = rows[(rows["source_b"] == "USGS") & rows["year"].between(*years)]
    rows = rows.sort_values("edition_b").drop_duplicates("year", keep="last")
    best = mine_output(RARE_EARTHS)
    in_series = best[(best["economy"] == economy) & (best["source"] == "BGS")]["year"]
    rows = rows[rows["year"].isin(in_series) & (rows["ratio"] > 1)]
    first, last = rows["year"].min(), rows["year"].max()
    return {"n": len(rows), "first": first, "last": last, "factor": (1 / rows["ratio"]).median()}
