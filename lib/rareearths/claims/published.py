"""Claims tested on published figures: abundance, uses, concentration, environment, cost, levers."""

import pandas as pd

from rareearths import catalogue, policy, supply, trade
from rareearths.claims.finding import (
    NOT_SUPPORTED,
    NOT_YET,
    SUPPORTED,
    Finding,
    MissingData,
    Setting,
    judge,
    test,
)
from rareearths.words import fill

YARDSTICK = "Sn"  # tin: a scarce metal in everyday use, the one that the claim's test names first
USES = {
    "electric vehicles": r"\bEV\b|electric (?:vehicle|car)",
    "wind turbines": r"wind",
    "electronics": r"electronic|capacitor|LED",
    "missiles": r"missile|defen[cs]e|military",
}
LEVER = 0.1  # of supply: what a lever must be able to move to be called one
DOMINANT = 0.5
CONCENTRATED = 0.25
LONG_YEARS, LARGE_MILLION_USD = 5, 100
RUNNING = ("operating", "ramping")


@test(
    "abundance",
    "10_global_supply.ipynb",
    "Supported if more than half of the rare earths found in nature are more abundant in the crust "
    "than tin, and all are more abundant than gold; contested if one of the two holds.",
)
def abundance(setting: Setting) -> Finding:
    rows = catalogue.load("elements").set_index("name")["crustal_abundance_ppm"]
    natural = rows[rows > 1e-6]
    metals = catalogue.load("crustal_abundance").set_index("symbol")["crustal_abundance_ppm"]
    above = {symbol: int((natural > metals[symbol]).sum()) for symbol in metals.index}
    n = len(natural)
    return Finding(
        judge([above[YARDSTICK] > n / 2, above["Au"] == n]),
        "Rare earths that are more abundant than tin; range: than copper, than gold",
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
    )


@test(
    "seventeen-elements",
    "10_global_supply.ipynb",
    "Supported if the table of elements has 17 rows and three or more of the four uses stand in a "
    "published figure or in the uses of an element; a use that no figure names is not tested.",
)
def seventeen(setting: Setting) -> Finding:
    elements = catalogue.load("elements")
    demand = catalogue.load("scenario_assumptions").query("topic == 'end_use_demand'")
    texts = pd.concat([elements["main_uses"], demand["item"], demand["end_use"]]).dropna()
    found = {use: texts.str.contains(pattern).any() for use, pattern in USES.items()}
    missing = ", ".join(use for use, known in found.items() if not known)
    return Finding(
        judge([len(elements) == 17, sum(found.values()) >= 3]),
        "Elements",
        fill("The table has {n} elements. ", n=len(elements))
        + (
            f"Not tested, for no figure names it: {missing}."
            if missing
            else "All four uses are in the data."
        ),
        len(elements),
        form="count",
    )


@test(
    "concentration-mining",
    "10_global_supply.ipynb",
    "Supported if at every stage the exporter has more than half of the newest year, by the lowest "
    "figure published for it, and mining has an HHI above 0.25; contested if at some stages.",
)
def concentration(setting: Setting) -> Finding:
    shares = supply.mine_shares(supply.mine_output(setting.material))
    mined = shares[shares["year"] == shares["year"].max()].set_index("exporter")["share"]
    hhi = supply.mine_concentration(shares)["low"].iloc[-1]
    own = float(mined.get(setting.exporter, 0.0))
    lowest = {"mining": own} | _lowest_published(setting)
    said = ", ".join(f"{stage} {share:.0%}" for stage, share in lowest.items())
    signs = [own > DOMINANT and hhi > CONCENTRATED, *(s > DOMINANT for s in lowest.values())]
    return Finding(
        judge(signs),
        "Share of the exporter, lowest published of the newest year: mining; range over stages",
        fill("{said} of the world; HHI of mining {hhi:ratio}.", said=said.capitalize(), hhi=hhi),
        own,
        min(lowest.values()),
        max(lowest.values()),
    )


def _lowest_published(setting: Setting) -> dict[str, float]:
    """The lowest newest share of each stage after the mine, of the whole stage."""
    rows = catalogue.load("stage_shares")
    rows = rows[(rows["economy"] == setting.exporter) & (rows["measure"] != "projection")]
    whole = {"separation": "all_ree", "metal": "all_ree", "magnet": "ndfeb"}
    if setting.material != "rare_earths":
        return {}
    found = {}
    for stage, scope in whole.items():
        part = rows[(rows["stage"] == stage) & (rows["scope_group"] == scope)]
        newest = part[part["year"] == part["year"].max()]
        if len(newest):
            found[stage] = float(newest["share_low"].fillna(newest["share"]).min())
    return found


@test(
    "environment",
    "85_claims_ledger.ipynb",
    "Supported if every published comparison with a background or another metal shows a higher "
    "burden, and at least three publications give a figure; not supported if none does.",
)
def environment(setting: Setting) -> Finding:
    rows = catalogue.load("scenario_assumptions").query("topic == 'environment'")
    warming = rows[rows["unit"] == "kg CO2-eq/kg Nd metal"]["value"]
    times = rows.loc[rows["unit"] == "times", "value"].tolist()
    salt = rows[rows["unit"] == "mg/L"]
    times.append(salt["value"].max() / salt["high"].max())
    publications = rows["source_url"].nunique()
    return Finding(
        judge([all(t > 1 for t in times), publications >= 3]),
        "Emissions of neodymium metal, kg CO2-equivalent per kg; range over four routes",
        fill(
            "Making a kilogram of neodymium metal emits {low:.0f} to {high:.0f} kg CO2-equivalent "
            "by route. Where a comparison is printed, the burden is {least:.0f} to {most:.0f} "
            "times the reference. {n} publications; none was measured here.",
            low=warming.min(),
            high=warming.max(),
            least=min(times),
            most=max(times),
            n=publications,
        ),
        warming.median(),
        warming.min(),
        warming.max(),
        "short",
    )


@test(
    "slow-and-costly",
    "85_claims_ledger.ipynb",
    "Supported if the median published lead time is five years or more and the median published "
    "investment 100 million US$ or more; contested if one of the two holds.",
)
def slow_and_costly(setting: Setting) -> Finding:
    rows = catalogue.load("scenario_assumptions")
    years, cost = rows[_lead_times(rows)]["value"], rows[_investments(rows)]["value"]
    return Finding(
        judge([years.median() >= LONG_YEARS, cost.median() >= LARGE_MILLION_USD]),
        "Years from start to production, median of published cases",
        fill(
            "{n} published lead times: median {years:.0f} years, {low:.1f} to {high:.0f}; new "
            "parts of a standing plant are the quick ones. {m} published investments in US$: "
            "median {cost:.0f} million, {least:.0f} to {most:,.0f}.",
            n=len(years),
            years=years.median(),
            low=years.min(),
            high=years.max(),
            m=len(cost),
            cost=cost.median(),
            least=cost.min(),
            most=cost.max(),
        ),
        years.median(),
        years.min(),
        years.max(),
        "short",
    )


@test(
    "lever-mining",
    "85_claims_ledger.ipynb",
    "A lever can move a tenth of what the importer buys from the exporter. Supported if mines "
    "outside the exporter that start up can and the exporter does not separate more than half of "
    "all ore; contested if only planned mines can or the ore still has to go through the exporter; "
    "not supported if no mine can.",
)
def lever_mining(setting: Setting) -> Finding:
    flows = _bought(setting)
    mines = _counted(setting, "mining", "reo").query("status != 'operating'")
    near = mines[mines["status"] != "planned"]["capacity_t_per_year"].sum()
    far = mines["capacity_t_per_year"].sum()
    separated = _lowest_published(setting).get("separation", 0.0)
    enough = far >= LEVER * flows
    signs = [enough, near >= LEVER * flows, separated <= DOMINANT]
    return Finding(
        judge(signs) if enough else NOT_SUPPORTED,
        "New mine output outside the exporter / tonnes bought from it, all that is announced",
        fill(
            "Mines outside {exporter} that start up or are planned add {near:tonnes} to "
            "{far:tonnes} of oxide a year; {importer} bought {flows:tonnes} (gross weight) from "
            "{exporter}. An upper bound: others want that output too, and {separated:pct0} or more "
            "of all ore is separated in {exporter}.",
            separated=separated,
            exporter=trade.economy_in_text(setting.exporter),
            importer=trade.economy_in_text(setting.importer),
            near=near,
            far=far,
            flows=flows,
        ),
        far / flows,
        near / flows,
        far / flows,
        "times",
    )


@test(
    "lever-refining",
    "10_global_supply.ipynb",
    "Supported if half or more of the counted capacity outside the exporter runs and the "
    "exporter's published share of separation has fallen by ten points; not yet decidable if only "
    "a projection says that it will; not supported otherwise.",
)
def lever_refining(setting: Setting) -> Finding:
    plants = _counted(setting, "separation", "ndpr_oxide")
    running = plants[plants["status"].isin(RUNNING)]["capacity_t_per_year"].sum()
    built = running / plants["capacity_t_per_year"].sum()
    rows = catalogue.load("stage_shares")
    rows = rows[
        (rows["economy"] == setting.exporter)
        & (rows["stage"] == "separation")
        & (rows["scope_group"] == "magnet_ree")
    ]
    seen = rows[rows["measure"] != "projection"].sort_values("year")
    ahead = rows[rows["measure"] == "projection"].sort_values("year")
    if seen.empty or ahead.empty:
        raise MissingData("no share of separation and no projection is bundled for the exporter")
    first, last = seen["share"].iloc[0], seen.groupby("year")["share"].min().iloc[-1]
    then = ahead["share"].iloc[-1]
    fallen, will_fall = first - last >= 0.1, last - then >= 0.1
    verdict = SUPPORTED if built >= 0.5 and fallen else NOT_YET if will_fall else NOT_SUPPORTED
    return Finding(
        verdict,
        "Share of the exporter in separated magnet rare earths; range: projected, first",
        fill(
            "Published share of separated magnet rare earths: {first:pct0} in {y0}, {last:pct0} in "
            "{y1}, projected {then:pct0} in {y2}. Of the counted capacity elsewhere {built:pct0} "
            "runs.",
            first=first,
            last=last,
            then=then,
            y0=int(seen["year"].iloc[0]),
            y1=int(seen["year"].iloc[-1]),
            y2=int(ahead["year"].iloc[-1]),
            built=built,
        ),
        last,
        then,
        first,
    )


@test(
    "lever-recycling",
    "85_claims_ledger.ipynb",
    "Supported if every published rate of recovery from used goods is a tenth of use or more, "
    "contested if some rare earths are recovered but less, not supported if none.",
)
def lever_recycling(setting: Setting) -> Finding:
    own = catalogue.load("stockpile_recycling")
    own = own[own["measure"].str.startswith("recycling")]["share"]
    rows = catalogue.load("scenario_assumptions").query("topic == 'recycling'")
    rates = pd.concat([own, rows[rows["item"] == "end-of-life recycling rate"]["value"]])
    verdict = judge([rates.min() >= LEVER, rates.max() > 0])
    return Finding(
        verdict,
        "Published recovery from used goods, share of use, median",
        fill(
            "{n} published rates: {low:pct0} to {high:pct0} of use. Scrap of magnet making is not "
            "counted.",
            n=len(rates),
            low=rates.min(),
            high=rates.max(),
        ),
        rates.median(),
        rates.min(),
        rates.max(),
    )


@test(
    "lever-substitution",
    "85_claims_ledger.ipynb",
    "Supported if every published cut of content is a tenth or more and the importer's tonnes from "
    "all suppliers fell by a tenth from 2005-2009 to the last five years, none of which is back at "
    "the old level; contested if one holds.",
)
def lever_substitution(setting: Setting) -> Finding:
    rows = catalogue.load("scenario_assumptions")
    cuts = rows[_cuts(rows, setting)]["value"].abs()
    flows = trade.load_flows(setting.importer, products=setting.material)
    tonnes = flows.groupby("year")["quantity_t"].sum()
    before, now = tonnes.loc[2005:2009].mean(), tonnes.iloc[-5:].mean()
    if not before > 0 or cuts.empty:
        raise MissingData("no published cut for the importer, or no tonnes before 2010")
    change = now / before - 1
    yearly = tonnes.iloc[-5:] / before - 1
    return Finding(
        judge([(cuts >= LEVER).all(), change <= -LEVER and yearly.max() < 0]),
        "Change of the tonnes imported, 2005-2009 to the last five years; range: single years",
        fill(
            "Published cuts of the content of a product ({n}): {span}. The tonnes "
            "that {importer} imports from all suppliers changed by {change:+.0%}, for any reason: "
            "what is made elsewhere and what is bought as magnets is no substitution.",
            n=len(cuts),
            span=" to ".join(dict.fromkeys(f"{cut:.0%}" for cut in (cuts.min(), cuts.max()))),
            importer=trade.economy_in_text(setting.importer),
            change=change,
        ),
        change,
        yearly.min(),
        yearly.max(),
    )


def figures(setting: Setting) -> pd.DataFrame:
    """The published figures behind the claims that no other notebook shows.

    Returns
    -------
    pandas.DataFrame
        ``claim_label``, ``item``, ``value_as_printed``, ``where`` (economy and year),
        ``read`` (publisher or title) and ``source_url``; oldest claims of the list first.
    """
    rows = catalogue.load("scenario_assumptions")
    labels = catalogue.load("claims").set_index("claim_id")["label"]
    warming = rows["unit"].isin(["kg CO2-eq/kg Nd metal", "times", "mg/L"])
    chosen = {
        "environment": (rows["topic"] == "environment") & warming,
        "lever-recycling": rows["item"] == "end-of-life recycling rate",
        "lever-substitution": _cuts(rows, setting),
        "slow-and-costly": _lead_times(rows) | _investments(rows),
    }
    table = pd.concat([rows[mask].assign(claim_label=labels[c]) for c, mask in chosen.items()])
    where = (
        table["region"].fillna("WLD").map(lambda c: "World" if c == "WLD" else policy.name_of(c))
    )
    year = table["year"].astype("str").replace("<NA>", "")
    return table.assign(
        where=(where + " " + year).str.strip(), read=table["source_title"]
    ).reset_index(drop=True)


def _cuts(rows: pd.DataFrame, setting: Setting) -> pd.Series:
    """Marks published cuts of the content of a product, made at home or anywhere, not aims."""
    what = rows["item"].str.contains(r"cut of|saved|heavy rare earths per vehicle")
    here = rows["region"].isin([setting.importer, "WLD"])
    aim = rows["item"].str.contains("aim")
    return (rows["topic"] == "substitution") & here & what & ~aim


def _lead_times(rows: pd.DataFrame) -> pd.Series:
    return (rows["topic"] == "lead_time") & (rows["unit"] == "years")


def _investments(rows: pd.DataFrame) -> pd.Series:
    return (rows["subtopic"] == "capex") & (rows["unit"] == "million USD")


def _bought(setting: Setting) -> float:
    """Tonnes that the importer bought from the exporter in the last year."""
    flows = trade.load_flows(setting.importer, setting.exporter, setting.material)
    tonnes = flows[flows["year"] == trade.year_range()[1]]["quantity_t"].sum()
    if not tonnes > 0:
        raise MissingData("the importer bought nothing of known weight from the exporter")
    return float(tonnes)


def _counted(setting: Setting, stage: str, basis: str) -> pd.DataFrame:
    """Projects of one stage outside the exporter whose capacity counts, in tonnes a year."""
    rows = catalogue.load("projects")
    rows = rows[rows["count_in_capacity"] & (rows["stage"] == stage) & (rows["basis"] == basis)]
    rows = rows[(rows["economy"] != setting.exporter) & rows["status"].ne("paused")]
    middle = (rows["capacity_low_t_per_year"] + rows["capacity_high_t_per_year"]) / 2
    rows = rows.assign(capacity_t_per_year=rows["capacity_t_per_year"].fillna(middle))
    if setting.material != "rare_earths" or rows.empty:
        raise MissingData(f"no capacity of {stage} is bundled for {setting.material}")
    return rows
