"""Claims tested on published figures: abundance, uses, concentration, environment, cost."""

import pandas as pd

from rareearths import catalogue, policy, supply
from rareearths.claims.finding import EXPORTER, MATERIAL, Finding, Setting, judge, register
from rareearths.words import fill

YARDSTICK = "Sn"  # tin: a scarce metal in everyday use, the one that the claim's test names first
USES = {
    "electric vehicles": r"\bEV\b|electric (?:vehicle|car)",
    "wind turbines": r"wind",
    "electronics": r"electronic|capacitor|LED",
    "missiles": r"missile|defen[cs]e|military",
}
DOMINANT = 0.5
CONCENTRATED = 0.25
LEAST_PUBLICATIONS = 3
LONG_YEARS, LARGE_MILLION_USD = 5, 100
STAGES = {"mining": "all_ree", "separation": "all_ree", "metal": "all_ree", "magnet": "ndfeb"}


@register(
    "abundance",
    "10_global_supply.ipynb",
    "Supported if more than half of the rare earths found in nature are more abundant in the crust "
    "than tin, and all are more abundant than gold; contested if one of the two holds.",
    general=True,
)
def abundance(setting: Setting) -> Finding:
    rows = catalogue.load("elements").set_index("name")["crustal_abundance_ppm"]
    natural = rows[rows > 1e-6]
    metals = catalogue.load("crustal_abundance").set_index("symbol")["crustal_abundance_ppm"]
    above = {symbol: int((natural > metals[symbol]).sum()) for symbol in metals.index}
    n = len(natural)
    return Finding(
        judge([above[YARDSTICK] > n / 2, above["Au"] == n]),
        "Rare earths that are more abundant than tin",
        fill(
            "Of {n} rare earths found in nature, {tin} are more abundant than tin, {copper} than "
            "copper and {gold} than gold. The figures come from two estimates.",
            n=n,
            tin=above[YARDSTICK],
            copper=above["Cu"],
            gold=above["Au"],
        ),
        above[YARDSTICK],
        above["Cu"],
        above["Au"],
        "count",
        "than copper, than gold",
        f"of {n}",
    )


@register(
    "seventeen-elements",
    "10_global_supply.ipynb",
    "Supported if the table of elements has 17 rows and three or more of the four uses stand in a "
    "published figure or in the uses of an element; a use that no figure names is not tested.",
    general=True,
)
def seventeen(setting: Setting) -> Finding:
    elements = catalogue.load("elements")
    demand = catalogue.load("scenario_assumptions").query("topic == 'end_use_demand'")
    texts = pd.concat([elements["main_uses"], demand["item"], demand["end_use"]]).dropna()
    found = {use: texts.str.contains(pattern).any() for use, pattern in USES.items()}
    missing = ", ".join(use for use, known in found.items() if not known)
    return Finding(
        judge([len(elements) == 17, sum(found.values()) >= 3]),
        "Rare-earth elements",
        fill("The table has {n} elements. ", n=len(elements))
        + (
            f"Not tested, for no figure names it: {missing}."
            if missing
            else "All four uses are in the data."
        ),
        len(elements),
        form="count",
        unit="elements",
    )


@register(
    "concentration-mining",
    "10_global_supply.ipynb",
    "Supported if at every stage China has more than half of the newest year, by the lowest figure "
    "published for it, and mining has an HHI above 0.25; contested if at some stages.",
    general=True,
)
def concentration(setting: Setting) -> Finding:
    shares = supply.mine_shares(supply.mine_output(MATERIAL))
    hhi = supply.mine_concentration(shares)["low"].iloc[-1]
    stages = lowest_published()
    said = ", ".join(
        f"{row.stage} {row.share:.0%} ({row.year}{'' if row.sure else ', low confidence'})"
        for row in stages.itertuples()
    )
    return Finding(
        judge([hhi > CONCENTRATED, *(stages["share"] > DOMINANT)]),
        "China's share of mining, lowest figure published for the newest year",
        fill(
            "Lowest published: {said}. The mine series has an HHI of {hhi:ratio}.",
            said=said,
            hhi=hhi,
        ),
        stages["share"].iloc[0],
        stages["share"].min(),
        stages["share"].max(),
        span="over four stages",
    )


def lowest_published() -> pd.DataFrame:
    """The lowest figure of the newest year on China's share of each stage.

    Returns
    -------
    pandas.DataFrame
        ``stage``, ``year``, ``share`` (fraction), ``sure`` (some figure of that year is of more
        than low confidence).
    """
    rows = catalogue.load("stage_shares")
    rows = rows[(rows["economy"] == EXPORTER) & (rows["measure"] != "projection")]
    found = []
    for stage, scope in STAGES.items():
        part = rows[(rows["stage"] == stage) & (rows["scope_group"] == scope)]
        newest = part[part["year"] == part["year"].max()]
        share = newest["share_low"].fillna(newest["share"]).min()
        sure = (newest["confidence"] != "low").any()
        found.append((stage, int(newest["year"].max()), float(share), bool(sure)))
    return pd.DataFrame(found, columns=["stage", "year", "share", "sure"])


@register(
    "environment",
    "85_claims_ledger.ipynb",
    "Supported if every published comparison with a background or another metal shows a higher "
    "burden, and at least three publications give figures on mines or refineries; contested if "
    "one of the two holds.",
    general=True,
)
def environment(setting: Setting) -> Finding:
    rows = catalogue.load("scenario_assumptions").query("topic == 'environment'")
    burden = rows[(rows["stage"] != "recycling") & (rows["unit"] != "relative change")]
    warming = rows[rows["unit"] == "kg CO2-eq/kg Nd metal"]["value"]
    salt = rows[rows["unit"] == "mg/L"]
    measured = salt["value"].max() / salt["high"].max(), salt["value"].max() / salt["low"].min()
    times = rows.loc[rows["unit"] == "times", "value"]
    publications = burden["source_title"].nunique()
    return Finding(
        judge([min(*measured, *times) > 1, publications >= LEAST_PUBLICATIONS]),
        "Emissions of a kilogram of neodymium metal",
        fill(
            "Emissions by route: {low:.0f} to {high:.0f} kg CO2-equivalent per kg of metal. "
            "Groundwater under an old plant held {least:short} to {most:short} times the salt of "
            "its surroundings; heavy oxides take over {steel:.0f} times the energy of steel. "
            "Titles read: {n}; many lean on each other, and none was measured here.",
            low=warming.min(),
            high=warming.max(),
            least=measured[0],
            most=measured[1],
            steel=times.iloc[0],
            n=publications,
        ),
        warming.median(),
        warming.min(),
        warming.max(),
        "short",
        "over four routes",
        "kg CO2e per kg",
    )


@register(
    "slow-and-costly",
    "85_claims_ledger.ipynb",
    "Supported if the median published time is five years or more for mines and for separation "
    "plants, and the median published investment 100 million US$ or more; contested if some hold.",
    general=True,
)
def slow_and_costly(setting: Setting) -> Finding:
    rows = catalogue.load("scenario_assumptions")
    times = rows[_lead_times(rows)]
    mines, plants = (times[times["stage"] == s]["value"] for s in ("mine", "separation"))
    cost = rows[_investments(rows)]["value"]
    spread = pd.concat([mines, times[times["stage"] == "mine"][["low", "high"]].stack()])
    return Finding(
        judge([mines.median() >= LONG_YEARS, plants.median() >= LONG_YEARS,
               cost.median() >= LARGE_MILLION_USD]),
        "From discovery to mine, median of published means",
        fill(
            "Mines of any mineral, {n} published means: median {mines:.0f} years. Separation, {m} "
            "cases: {low:.1f} to {high:.0f} years. Magnet plants: {quick:.1f} to {slow:.1f} years. "
            "Investments in US$, {k} plants: median {cost:.0f} million, {least:.0f} to {most:.0f} "
            "million.",
            n=len(mines),
            mines=mines.median(),
            m=len(plants),
            low=plants.min(),
            high=plants.max(),
            quick=times[times["stage"] == "magnet"]["value"].min(),
            slow=times[times["stage"] == "magnet"]["value"].max(),
            k=len(cost),
            cost=cost.median(),
            least=cost.min(),
            most=cost.max(),
        ),
        mines.median(),
        spread.min(),
        spread.max(),
        "short",
        "over means and cases",
        "years",
    )  # fmt: skip


def figures(setting: Setting) -> pd.DataFrame:
    """The published figures behind the claims that no other notebook shows.

    Returns
    -------
    pandas.DataFrame
        ``claim_label``, ``item``, ``value_as_printed``, ``where`` (economy and year),
        ``read`` (title or publisher) and ``source_url``.
    """
    from rareearths.claims.levers import cuts, recycling_rates

    rows = catalogue.load("scenario_assumptions")
    rates = recycling_rates().rename(columns={"source": "source_title"})
    warming = rows["unit"].isin(["kg CO2-eq/kg Nd metal", "times", "mg/L"])
    chosen = {
        "environment": rows[(rows["topic"] == "environment") & warming],
        "lever-recycling": rates,
        "lever-substitution": rows[cuts(rows, setting)],
        "slow-and-costly": rows[_lead_times(rows) | _investments(rows)],
    }
    labels = catalogue.load("claims").set_index("claim_id")["label"]
    table = pd.concat(
        [part.assign(claim_label=labels[claim]) for claim, part in chosen.items()],
        ignore_index=True,
    )
    where = table["region"].fillna(policy.EVERYONE).map(policy.name_of)
    year = table["year"].astype("str").replace("<NA>", "")
    return table.assign(where=(where + " " + year).str.strip(), read=table["source_title"])


def _lead_times(rows: pd.DataFrame) -> pd.Series:
    return (rows["topic"] == "lead_time") & (rows["unit"] == "years")


def _investments(rows: pd.DataFrame) -> pd.Series:
    """Marks the cost of plants in US$; financing and first estimates that were replaced are out."""
    unlike = rows["value_as_printed"].str.contains("financing|attracted") | rows[
        "item"
    ].str.contains("first estimate")
    return (rows["subtopic"] == "capex") & (rows["unit"] == "million USD") & ~unlike
