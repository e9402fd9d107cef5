"""Claims tested on trade: dependence, diversification, the shock of 2010, value chain, network."""

import numpy as np
import pandas as pd

from rareearths import (
    catalogue,
    customs,
    events,
    evidence,
    policy,
    risk,
    series,
    stages,
    supply,
    trade,
)
from rareearths.claims.finding import (
    CONTESTED,
    EXPORTER,
    MATERIAL,
    NOT_SUPPORTED,
    SUPPORTED,
    Finding,
    MissingData,
    Setting,
    judge,
    register,
)
from rareearths.events import Study
from rareearths.words import fill, joined

STOP_2010 = "chn-jpn-informal-embargo-2010"
DOMINANT = 0.5
POINTS = 0.1  # of a share: a change that counts
RANKS, YEARS = 5, 5  # a major consumer is among the first five, in each of the last five years
LEVEL = 0.05
STAGES = ("compound", "metal")
_TESTED = {  # how a verdict of an event study reads in a sentence
    "found": "every placebo test tells it from chance",
    "mixed": "some tests tell it from chance",
    "not found": "no test tells it from chance",
    "cannot be decided": "too few placebos to judge it",
}


@register(
    "dependence-today",
    "20_import_dependence.ipynb",
    "Supported if one supplier, whoever it is, has more than half of the imports at every stage, "
    "by tonnes and by value; contested if at some stage, by one measure, or if a stage is not "
    "known; not supported if nowhere.",
)
def dependence_today(setting: Setting) -> Finding:
    largest = largest_suppliers(setting.importer)
    if largest.empty:
        raise MissingData("the importer bought none of the material")
    missing = [s for s in (*STAGES, stages.MAGNETS) if s not in set(largest["stage"])]
    signs = [*(largest["share"] > DOMINANT), *[False] * len(missing)]
    first = largest.iloc[0]
    said = "; ".join(
        f"{stages.PLURALS[stage]} "
        + ", ".join(
            f"{row.name_en} {row.share:.0%} of the {row.basis}" for row in part.itertuples()
        )
        for stage, part in largest.groupby("stage", sort=False)
    )
    gap = f" Not in the data: {joined([stages.PLURALS[s] for s in missing])}." if missing else ""
    return Finding(
        judge(signs) if (largest["share"] > DOMINANT).any() else NOT_SUPPORTED,
        f"Largest supplier's share of {stages.PLURALS[first['stage']]} by {first['basis']}",
        f"Largest suppliers: {said}.{gap}",
        first["share"],
        largest["share"].min(),
        largest["share"].max(),
        span="over stages and measures",
    )


def largest_suppliers(importer: str) -> pd.DataFrame:
    """The largest supplier of each stage by tonnes and by value, in the newest year of the stage.

    Returns
    -------
    pandas.DataFrame
        ``stage``, ``basis`` (tonnes, value), ``name_en``, ``share`` (fraction). Magnets of members
        of the European Union are those that the Union imports from outside.
    """
    flows = stages.load_flows(importer, MATERIAL)
    found = []
    for stage in stages.present(flows):
        part = flows[flows["stage"] == stage]
        part = part[part["year"] == part["year"].max()]
        for basis in ("tonnes", "value"):
            coverage = trade.quantity_coverage(part).iloc[-1]
            if basis == "value" or coverage >= trade.LEAST_COVERAGE:
                shares = trade.supplier_shares(part, basis).set_index("exporter")["share"]
                name = trade.economy_names()[shares.idxmax()]
                found.append((stage, basis, name, shares.max()))
    union = stages.union_magnets(importer, EXPORTER)
    if len(union) and stages.MAGNETS not in stages.present(flows):
        for basis in ("tonnes", "value"):
            share = union[f"share_{basis}"].iloc[-1]
            found.append((stages.MAGNETS, basis, "China (of the European Union's imports)", share))
    return pd.DataFrame(found, columns=["stage", "basis", "name_en", "share"])


@register(
    "diversification-after-2010",
    "40_export_control_events.ipynb",
    "Supported if China's share was ten points below 2009 in 2018 and still is in the last year, "
    "by tonnes and by value, and every placebo test tells the break of 2010 from chance by both; "
    "contested if some of it holds; not supported if it was ten points below in neither year by "
    "either measure. "
    "That the episode prompted it is not tested.",
)
def diversification(setting: Setting) -> Finding:
    shares = _shares(setting)
    last = trade.latest_year(shares)
    known = set(shares["share_tonnes"].dropna().index)
    if not {2009, 2018, last} <= known or shares.at[2009, "share_tonnes"] < POINTS:
        raise MissingData("China's share of 2009 is not known or was under a tenth")
    about = (STOP_2010, setting.importer, EXPORTER, MATERIAL)
    breaks = {basis: events.study(*about, f"share of {basis}") for basis in ("tonnes", "value")}
    drops = {
        (basis, year): shares.at[year, f"share_{basis}"] - shares.at[2009, f"share_{basis}"]
        for basis in breaks
        for year in (2018, last)
    }
    fell = [drop <= -POINTS for drop in drops.values()]
    broke = [study.verdict == "found" and study.effect < 0 for study in breaks.values()]
    return Finding(
        judge([*fell, *broke]) if any(fell) else NOT_SUPPORTED,
        f"Change of China's share of tonnes, 2009 to {last}",
        _diversification_words(setting, shares, breaks, last),
        drops["tonnes", last],
        min(drops.values()),
        max(drops.values()),
        "points",
        f"by tonnes and by value, to 2018 and to {last}",
    )


def _diversification_words(
    setting: Setting, shares: pd.DataFrame, breaks: dict[str, Study], last: int
) -> str:
    flows = trade.load_flows(setting.importer, products=MATERIAL)
    effective = risk.concentration(flows, "tonnes")["effective_suppliers"]
    years = (2009, 2012, 2018, last)
    steps = {
        basis: f"{evidence.show_change(study.effect, study.measure)}, {_tested(study)}"
        for basis, study in breaks.items()
    }
    parts = [
        f"By {basis}: "
        + ", ".join(f"{year} {shares.at[year, f'share_{basis}']:.0%}" for year in years)
        + f"; the step at 2010: {step}."
        for basis, step in steps.items()
    ]
    parts.append(
        f"Effective suppliers by tonnes: {effective[2009]:.1f}, now {effective[last]:.1f}."
    )
    pages = trade.load_published(setting.importer, EXPORTER, MATERIAL)
    pages = pages[pages["comparable"] & (pages["start_year"] == pages["end_year"])]
    ends = [_published(pages, year) for year in (2009, last)]
    if all(ends):
        parts.append(f"Published: {ends[0]} (2009), {ends[1]} ({last}).")
    return " ".join(parts)


def _published(pages: pd.DataFrame, year: int) -> str:
    shares = pages.loc[pages["start_year"] == year, "share"]
    if shares.empty:
        return ""
    return " to ".join(dict.fromkeys(f"{share:.0%}" for share in (shares.min(), shares.max())))


@register(
    "japan-major-consumer",
    "20_import_dependence.ipynb",
    "Supported if the importer is among the five largest importers of the world, by tonnes and by "
    "value, in each of the last five years; contested if in some years or by one measure.",
)
def major_consumer(setting: Setting) -> Finding:
    flows = trade.load_flows(products=MATERIAL)
    ranks, shares = {}, {}
    for basis, column in trade.BASES.items():
        sums = flows.groupby(["year", "importer"])[column].sum().unstack()
        ranks[basis] = sums.rank(axis=1, ascending=False)
        shares[basis] = sums.div(sums.sum(axis=1), axis=0)
    if setting.importer not in ranks["value"]:
        raise MissingData("the importer bought none of the material")
    own = pd.DataFrame({basis: table[setting.importer] for basis, table in ranks.items()})
    recent = own.iloc[-YEARS:].dropna()
    if len(recent) < YEARS:
        raise MissingData("the importer did not buy in each of the last five years")
    last = own.iloc[-1]
    return Finding(
        judge((recent <= RANKS).to_numpy().ravel()),
        "Rank among the importers of the world, by value",
        fill(
            "In {year} rank {value:.0f} by value, with {share:pct} of world imports, and rank "
            "{tonnes:.0f} by tonnes. Imports are not consumption: what is shipped on counts too.",
            year=int(own.index[-1]),
            value=last["value"],
            tonnes=last["tonnes"],
            share=shares["value"][setting.importer].iloc[-1],
        ),
        last["value"],
        recent.to_numpy().min(),
        recent.to_numpy().max(),
        "count",
        "best and worst of five years, both measures",
    )


@register(
    "shock-2010",
    "40_export_control_events.ipynb",
    "Supported if the tonnes fell at 2010, every placebo test tells that from chance and the "
    "importer stands below other importers; contested if some test of the tonnes or of China's "
    "share does; not supported if none does. For the customer at whom the stop was aimed the best "
    "verdict is contested while publications disagree.",
)
def shock_2010(setting: Setting) -> Finding:
    about = (STOP_2010, setting.importer, EXPORTER, MATERIAL)
    tonnes, share = events.study(*about), events.study(*about, measure="share of tonnes")
    if tonnes.estimate is None:
        raise MissingData(f"the yearly series does not reach: {tonnes.reason}")
    aimed_at = setting.importer in policy.load_event(STOP_2010)["targets"]
    readings = set(policy.load_readings(STOP_2010)["reading"])
    disputed = aimed_at and {"targeted stop", "no targeted stop"} <= readings
    full = tonnes.verdict == "found" and _fell(tonnes) and tonnes.against_others == "lower"
    partly = any(_fell(study) for study in (tonnes, share))
    return Finding(
        CONTESTED if full and disputed else judge([full, partly]),
        "Step between the lines fitted to the tonnes from China, at 2010",
        fill(
            "Tonnes: {tonnes}. China's share of them: step {step}; {share}. {months} {literature}",
            tonnes=_tested(tonnes),
            step=evidence.show_change(share.effect, "share of tonnes"),
            share=_tested(share),
            months=_months(setting),
            literature="Publications disagree." if disputed else "",
        ).strip(),
        tonnes.effect,
        tonnes.low,
        tonnes.high,
        "signed_pct0",
        "95% interval",
    )


def _tested(study: Study) -> str:
    return "only its own error tells it from chance" if study.own_only else _TESTED[study.verdict]


def _fell(study: Study) -> bool:
    """Whether some test tells a fall of this series from chance."""
    return study.verdict in ("found", "mixed") and study.effect < 0


def _months(setting: Setting) -> str:
    """The customs months after the one of the stop, against those before it, as a sentence."""
    act = policy.load_event(STOP_2010)
    months = series.customs_months(setting.importer, EXPORTER, MATERIAL)
    found = customs.compare(customs.around(months, act["from_day"]), act["from_day"])
    return customs.answer(found, act) or "No month of 2010 is known."


@register(
    "trusted-network",
    "85_claims_ledger.ipynb",
    "Signs: the members mine more than they buy from outside, and they buy more than half of their "
    "imports from each other, at each stage and by both measures. Supported if all hold, contested "
    "if some do, not supported if none does.",
)
def trusted_network(setting: Setting) -> Finding:
    members = bloc_members(setting.bloc)
    year = trade.year_range()[1]
    inside = {
        (stage, basis): [_share_inside(stage, basis, members, y) for y in (2010, year)]
        for stage in STAGES
        for basis in trade.BASES
    }
    now = [last for _, last in inside.values()]
    mined, bought = _mined(members, year), _bought_outside(members, year)
    said = ", ".join(
        f"{stages.PLURALS[stage]} by {basis} {last:.0%} (the same economies in 2010: {first:.0%})"
        for (stage, basis), (first, last) in inside.items()
    )
    return Finding(
        judge([mined > bought, *(share > DOMINANT for share in now)]),
        f"Share of the members' imports that members supply, {year}, median",
        fill(
            "{bloc}: {n} members mined {mined:tonnes} of oxide in {year} and bought "
            "{bought:tonnes} (gross weight) of compounds and metals from outside. From each other: "
            "{said}. What is shipped on inside counts as supply. Outside, China apart, {next} "
            "sells them most, {more:pct0} of the value.",
            bloc=_bloc_name(setting.bloc),
            n=len(members),
            mined=mined,
            year=year,
            bought=bought,
            said=said,
            **_next_member(members, year),
        ),
        float(np.median(now)),
        min(now),
        max(now),
        span="over stages and measures",
    )


def bloc_members(bloc: str) -> set[str]:
    """Return the members of a bloc, past ones of a bloc that was replaced included."""
    rows = catalogue.load("bloc_members")
    members = set(rows.loc[rows["bloc"] == bloc, "economy"]) & set(trade.economy_names())
    if len(members) < 2:
        raise MissingData(f"no list of members of {bloc} is in the data")
    return members


def _bloc_name(bloc: str) -> str:
    """The name of a bloc, with the day on which all its memberships ended."""
    name = catalogue.load("blocs").set_index("bloc").at[bloc, "name"]
    ends = catalogue.load("bloc_members").query("bloc == @bloc")["until"]
    return f"{name} (to {ends.max()})" if ends.notna().all() else name


def _bought_from(members: set[str], stage: str | None, year: int) -> pd.DataFrame:
    """Flows that members bought, of one stage or of all."""
    codes = catalogue.load("products").query("material == @MATERIAL")
    codes = codes if stage is None else codes[codes["stage"] == stage]
    flows = trade.load_flows(products=list(codes["hs6"]), years=year)
    return flows[flows["importer"].isin(members)]


def _share_inside(stage: str, basis: str, members: set[str], year: int) -> float:
    amounts = _bought_from(members, stage, year).groupby("exporter")[trade.BASES[basis]].sum()
    return float(amounts[amounts.index.isin(members)].sum() / amounts.sum())


def _bought_outside(members: set[str], year: int) -> float:
    flows = _bought_from(members, None, year)
    return float(flows[~flows["exporter"].isin(members)]["quantity_t"].sum())


def _mined(members: set[str], year: int) -> float:
    output = supply.mine_output(MATERIAL)
    mined = output["economy"].isin(members) & (output["year"] == year)
    return float(output.loc[mined, "quantity_t"].sum())


def _next_member(members: set[str], year: int) -> dict:
    """The economy outside, China apart, that sells the members most: ``next``, ``more``."""
    sums = _bought_from(members, None, year).groupby("exporter")["value_usd"].sum()
    outside = sums.drop([*members, EXPORTER], errors="ignore")
    return {
        "next": trade.economy_in_text(outside.idxmax()),
        "more": float(outside.max() / sums.sum()),
    }


@register(
    "value-chain",
    "20_import_dependence.ipynb",
    "Supported if exports of magnets per dollar of imports rose over the years (Kendall's tau, "
    "p < 0.05), both with all listed flows and with the larger ones of every year alone; not "
    "supported if they fell so; contested otherwise. What can be in future is not tested.",
)
def value_chain(setting: Setting) -> Finding:
    from scipy.stats import kendalltau

    if setting.importer != "JPN":
        raise MissingData("exports of magnets to all destinations are in the data for Japan only")
    limit = catalogue.load("magnets_coverage")["smallest_value_usd"].max()
    ratios = [_magnet_ratio(setting.importer, least) for least in (0, limit)]
    trends = [kendalltau(ratio.index, ratio) for ratio in ratios]
    clear = all(trend.pvalue < LEVEL for trend in trends)
    rising = {trend.statistic > 0 for trend in trends}
    verdict = CONTESTED if not clear or len(rising) > 1 else (
        SUPPORTED if rising == {True} else NOT_SUPPORTED
    )  # fmt: skip
    ratio, trend = ratios[0], trends[0]
    return Finding(
        verdict,
        f"Exports of magnets per dollar of imports, {ratio.index[-1]}",
        fill(
            "{first:.1f} in {y0}, {last:.1f} in {y1}; tau {tau:+.2f}, p {p:p}, {n} years; with "
            "flows of {limit:usd} or more {large:.1f} in {y0}. The code was revised in 2017, and "
            "2013 is out of line. Makers' plants abroad count as foreign; advanced materials "
            "other than magnets are not in the data.",
            first=ratio.iloc[0],
            last=ratio.iloc[-1],
            y0=int(ratio.index[0]),
            y1=int(ratio.index[-1]),
            tau=trend.statistic,
            p=trend.pvalue,
            n=len(ratio),
            limit=limit,
            large=ratios[1].iloc[0],
        ),
        ratio.iloc[-1],
        ratio.min(),
        ratio.max(),
        "ratio",
        "over the years",
        "US$ per US$",
    )


def _magnet_ratio(importer: str, least: float) -> pd.Series:
    rows = catalogue.load("magnets")
    rows = rows[rows["value_usd"] >= least]
    sold = rows[rows["exporter"] == importer].groupby("year")["value_usd"].sum()
    bought = rows[rows["importer"] == importer].groupby("year")["value_usd"].sum()
    return (sold / bought).dropna()


def _shares(setting: Setting) -> pd.DataFrame:
    flows = trade.load_flows(setting.importer, products=MATERIAL)
    if flows.empty:
        raise MissingData("the importer bought none of the material")
    return trade.dependence(flows, EXPORTER)
