"""Claims on the levers of cooperation: mining, refining, recycling, substitution.

A lever is called one where it could move a tenth of supply.
"""

import pandas as pd

from rareearths import catalogue, trade
from rareearths.claims.finding import (
    CONTESTED,
    EXPORTER,
    MATERIAL,
    NOT_SUPPORTED,
    NOT_YET,
    Finding,
    MissingData,
    Setting,
    judge,
    register,
)
from rareearths.words import fill, joined

LEVER = 0.1
LEAST_PROJECTS = 5
LEAST_YEARS = 5  # between two figures on a share, before its fall is judged
RUNNING = ("operating", "ramping")
BASES = ((2000, 2004), (2005, 2009), (2008, 2012))  # years before, of the tonnes imported


@register(
    "lever-mining",
    "85_claims_ledger.ipynb",
    "Not yet decidable while fewer than five mines outside China that start up, are built or are "
    "planned have a known capacity; then supported if those that start up could move a tenth of "
    "what the importer buys from China, contested if only the planned ones could.",
)
def lever_mining(setting: Setting) -> Finding:
    bought = _bought(setting)
    mines = _counted("mining", "reo").query("status != 'operating'")
    near = mines[mines["status"] != "planned"]["capacity_t_per_year"].sum()
    far = mines["capacity_t_per_year"].sum()
    signs = [near >= LEVER * bought, far >= LEVER * bought]
    names = trade.economy_names()
    listed = [f"{row.project} ({names[row.economy]}, {row.status})" for row in mines.itertuples()]
    return Finding(
        NOT_YET if len(mines) < LEAST_PROJECTS else judge(signs),
        "New output of mines that start up / tonnes bought from China",
        fill(
            "Known capacity of new mines outside China: {n}, {list}; {near:tonnes} to {far:tonnes} "
            "of oxide a year for the whole world. {importer} bought {bought:tonnes} (gross weight) "
            "from China. Ore has to be separated, and others want it too.",
            n=len(mines),
            list=joined(listed),
            near=near,
            far=far,
            importer=trade.economy_at_start(setting.importer),
            bought=bought,
        ),
        near / bought,
        near / bought,
        far / bought,
        "few",
        "starting up, all planned",
        "times",
    )


@register(
    "lever-refining",
    "10_global_supply.ipynb",
    "Not yet decidable while the published shares of separation span fewer than five years; then "
    "supported if China's share fell by ten points and half of the counted capacity elsewhere "
    "runs, contested if one holds. A projection decides nothing.",
    general=True,
)
def lever_refining(setting: Setting) -> Finding:
    plants = _counted("separation", "ndpr_oxide")
    running = plants[plants["status"].isin(RUNNING)]["capacity_t_per_year"].sum()
    built = running / plants["capacity_t_per_year"].sum()
    rows = catalogue.load("stage_shares")
    of_china = (rows["economy"] == EXPORTER) & (rows["stage"] == "separation")
    rows = rows[of_china & (rows["scope_group"] == "magnet_ree")].sort_values("year")
    seen, ahead = (rows[(rows["measure"] == "projection") == told] for told in (False, True))
    if seen.empty or ahead.empty:
        raise MissingData("no share of separation, or no projection of it, is in the data")
    first, last = seen["year"].min(), seen["year"].max()
    newest = seen[seen["year"] == last]["share"]
    signs = [seen["share"].iloc[0] - newest.min() >= LEVER, built >= 0.5]
    return Finding(
        NOT_YET if last - first < LEAST_YEARS else judge(signs),
        f"China's share of separated magnet rare earths, {last}",
        fill(
            "Published: {list}. Projected for {then}: {ahead:pct0}. Of the counted capacity "
            "elsewhere {built:pct0} runs.",
            list=", ".join(f"{row.share:.0%} ({row.year})" for row in seen.itertuples()),
            then=int(ahead["year"].iloc[-1]),
            ahead=ahead["share"].iloc[-1],
            built=built,
        ),
        newest.min(),
        seen["share"].min(),
        seen["share"].max(),
        span=f"published for {first} to {last}",
    )


@register(
    "lever-recycling",
    "85_claims_ledger.ipynb",
    "Supported if every published rate of recovery from used goods is a tenth of use or more, "
    "contested if some rare earths are recovered but less, not supported if none.",
    general=True,
)
def lever_recycling(setting: Setting) -> Finding:
    rates = recycling_rates()["value"]
    return Finding(
        judge([rates.min() >= LEVER, rates.max() > 0]),
        "Recovery from used goods, share of use, median of published rates",
        fill(
            "{n} published rates of the world and the European Union: {low:pct0} to "
            "{high:pct0} of use. Scrap of magnet making is not counted.",
            n=len(rates),
            low=rates.min(),
            high=rates.max(),
        ),
        rates.median(),
        rates.min(),
        rates.max(),
        span="over published rates",
    )


def recycling_rates() -> pd.DataFrame:
    """Published rates of recovery from used goods.

    Returns
    -------
    pandas.DataFrame
        ``value`` (fraction of use), ``item``, ``value_as_printed``, ``region``, ``year``,
        ``source`` (title) and ``source_url``.
    """
    own = catalogue.load("stockpile_recycling")
    own = own[own["measure"].str.startswith("recycling")]
    own = own.assign(
        value=own["share"],
        item=own["item_as_given"],
        value_as_printed=own["share"].map("{:.0%}".format),
        region="EUU",
    )
    rows = catalogue.load("scenario_assumptions")
    rows = rows[rows["item"] == "end-of-life recycling rate"].assign(source=rows["publisher"])
    rows["source"] = rows["source"].fillna("Repository note")
    columns = ["value", "item", "value_as_printed", "region", "year", "source", "source_url"]
    return pd.concat([own[columns], rows[columns]], ignore_index=True)


@register(
    "lever-substitution",
    "85_claims_ledger.ipynb",
    "Fewer tonnes are not less dependence, so the best verdict is contested: where two or more "
    "published cuts of content reach a tenth, or the tonnes from all suppliers fell by a tenth "
    "against each of three base periods; not supported if neither.",
)
def lever_substitution(setting: Setting) -> Finding:
    rows = catalogue.load("scenario_assumptions")
    found = rows[cuts(rows, setting)]["value"].abs()
    flows = trade.load_flows(setting.importer, products=MATERIAL)
    tonnes = flows.groupby("year")["quantity_t"].sum()
    before = {span: tonnes.loc[span[0] : span[1]].mean() for span in BASES}
    changes = [tonnes.iloc[-5:].mean() / mean - 1 for mean in before.values() if mean > 0]
    if len(changes) < len(BASES) or found.empty:
        raise MissingData("no published cut, or no tonnes before 2013")
    signs = [(found >= LEVER).sum() >= 2, max(changes) <= -LEVER]
    said = ", ".join(
        f"{change:+.0%} against {span[0]}-{span[1]}"
        for span, change in zip(BASES, changes, strict=True)
    )
    return Finding(
        CONTESTED if any(signs) else NOT_SUPPORTED,
        "Tonnes imported from all suppliers, last five years against 2005-2009",
        fill(
            "Published cuts of the content of a product ({n}): {span}. Tonnes that {importer} "
            "imports: {said}, for any reason; what is made abroad and what is bought as magnets is "
            "no substitution.",
            n=len(found),
            span=" to ".join(dict.fromkeys(f"{cut:.0%}" for cut in (found.min(), found.max()))),
            importer=trade.economy_in_text(setting.importer),
            said=said,
        ),
        changes[1],
        min(changes),
        max(changes),
        "signed_pct0",
        "over three base periods",
    )


def cuts(rows: pd.DataFrame, setting: Setting) -> pd.Series:
    """Marks published cuts of the content of a product, made at home or anywhere; no aims."""
    what = rows["item"].str.contains(r"cut of|saved|heavy rare earths per vehicle")
    here = rows["region"].isin([setting.importer, "WLD"])
    aim = rows["item"].str.contains("aim")
    return (rows["topic"] == "substitution") & here & what & ~aim


def _bought(setting: Setting) -> float:
    """Tonnes that the importer bought from China in the last year."""
    flows = trade.load_flows(setting.importer, EXPORTER, MATERIAL)
    tonnes = flows[flows["year"] == trade.year_range()[1]]["quantity_t"].sum()
    if not tonnes > 0:
        raise MissingData("the importer bought nothing of known weight from China")
    return float(tonnes)


def _counted(stage: str, basis: str) -> pd.DataFrame:
    """Projects of one stage outside China whose capacity counts, in tonnes a year."""
    rows = catalogue.load("projects")
    rows = rows[rows["count_in_capacity"] & (rows["stage"] == stage) & (rows["basis"] == basis)]
    rows = rows[(rows["economy"] != EXPORTER) & rows["status"].ne("paused")]
    middle = (rows["capacity_low_t_per_year"] + rows["capacity_high_t_per_year"]) / 2
    rows = rows.assign(capacity_t_per_year=rows["capacity_t_per_year"].fillna(middle))
    if rows.empty:
        raise MissingData(f"no capacity of {stage} is in the data")
    return rows
