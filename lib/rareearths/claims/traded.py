"""Claims tested on trade: dependence, diversification, the shock of 2010, value chain, network."""

import numpy as np
import pandas as pd

from rareearths import answers, catalogue, events, evidence, policy, series, stages, trade
from rareearths.claims.finding import (
    CONTESTED,
    NOT_SUPPORTED,
    SUPPORTED,
    Finding,
    MissingData,
    Setting,
    judge,
    test,
)
from rareearths.words import fill

STOP_2010 = "chn-jpn-informal-embargo-2010"
DOMINANT = 0.5
POINTS = 0.1  # of a share: a change that counts
RANKS, YEARS = 5, 5  # a major consumer is among the first five, in each of the last five years
LEVEL = 0.05
BASES = ("share_tonnes", "share_value")


@test(
    "dependence-today",
    "20_import_dependence.ipynb",
    "Supported if the exporter has more than half of the imports at every stage, by tonnes and by "
    "value; contested if at some stage or by one measure; not supported if nowhere.",
)
def dependence_today(setting: Setting) -> Finding:
    flows = stages.load_flows(setting.importer, setting.material)
    if flows.empty:
        raise MissingData("the importer bought none of the material")
    newest = stages.latest(flows, setting.exporter)
    shares = newest[list(BASES)].stack().dropna()
    first = next(newest.itertuples())
    return Finding(
        judge(shares > DOMINANT),
        f"Share of the exporter in {first.goods}; range over stages, by tonnes and by value",
        fill(
            "In {year}: {list}.",
            year=int(newest["year"].max()),
            list=answers.stage_list(newest, int(newest["year"].max())),
        ),
        shares.iloc[0],
        shares.min(),
        shares.max(),
    )


@test(
    "diversification-after-2010",
    "40_export_control_events.ipynb",
    "Supported if the exporter's share of tonnes was ten points below 2009 in 2012 and in 2018, "
    "still is in the last year, and the break of 2010 is found by every placebo test; contested if "
    "the share fell but came back or the break is not found; not supported if it did not fall.",
)
def diversification(setting: Setting) -> Finding:
    shares = _shares(setting)
    if not {2009, 2012, 2018} <= set(shares["share_tonnes"].dropna().index):
        raise MissingData("the share of 2009, 2012 or 2018 is not known by tonnes")
    if shares.at[2009, "share_tonnes"] < POINTS:
        raise MissingData("the exporter had less than a tenth of the imports in 2009")
    last = trade.latest_year(shares)
    years = [2009, 2012, 2018, last]
    tonnes = [float(shares.at[year, "share_tonnes"]) for year in years]
    fell = [tonnes[0] - later >= POINTS for later in tonnes[1:]]
    study = events.study(STOP_2010, setting.importer, setting.exporter, setting.material,
                         "share of tonnes")  # fmt: skip
    broke = study.verdict == "found" and study.effect < 0
    verdict = judge([*fell[:2], fell[2], broke]) if any(fell[:2]) else NOT_SUPPORTED
    drops = [shares.at[last, basis] - shares.at[2009, basis] for basis in BASES]
    return Finding(
        verdict,
        f"Change of the exporter's share of tonnes, 2009 to {last}; range: by value, by tonnes",
        fill(
            "Share of tonnes: {list}. The step at 2010 is {verdict} among placebos; by value the "
            "change from 2009 is {by_value}.",
            list=", ".join(f"{y} {s:.0%}" for y, s in zip(years, tonnes, strict=True)),
            verdict=study.verdict,
            by_value=evidence.show_change(drops[1], "share of value"),
        ),
        drops[0],
        min(drops),
        max(drops),
        "points",
    )


@test(
    "japan-major-consumer",
    "20_import_dependence.ipynb",
    "Supported if the importer is among the five largest importers of the world, by tonnes and by "
    "value, in each of the last five years; contested if in some years or by one measure.",
)
def major_consumer(setting: Setting) -> Finding:
    flows = trade.load_flows(products=setting.material)
    ranks, shares = {}, {}
    for basis, column in trade.BASES.items():
        sums = flows.groupby(["year", "importer"])[column].sum().unstack()
        ranks[basis] = sums.rank(axis=1, ascending=False)
        shares[basis] = sums.div(sums.sum(axis=1), axis=0)
    if setting.importer not in ranks["value"]:
        raise MissingData("the importer bought none of the material")
    own = pd.DataFrame({basis: table[setting.importer] for basis, table in ranks.items()})
    recent = own.iloc[-YEARS:].fillna(np.inf)
    last = own.iloc[-1]
    return Finding(
        judge((recent <= RANKS).to_numpy().ravel()),
        "Rank among importers by value; range: best and worst of five years, both measures",
        fill(
            "In {year} rank {value:.0f} by value, with {share:pct0} of world imports, and rank "
            "{tonnes:.0f} by tonnes. Imports are no use: what is shipped on counts too.",
            year=int(own.index[-1]),
            value=last["value"],
            tonnes=last["tonnes"],
            share=shares["value"][setting.importer].iloc[-1],
        ),
        last["value"],
        recent.to_numpy().min(),
        recent.to_numpy().max(),
        "count",
    )


@test(
    "shock-2010",
    "40_export_control_events.ipynb",
    "Supported if the tonnes fell at 2010, every placebo test tells that from chance, the importer "
    "stands below other importers and publications agree; contested if some test of the tonnes or "
    "of the exporter's share tells a fall from chance; not supported if none does.",
)
def shock_2010(setting: Setting) -> Finding:
    about = (STOP_2010, setting.importer, setting.exporter, setting.material)
    tonnes, share = events.study(*about), events.study(*about, measure="share of tonnes")
    if tonnes.estimate is None:
        raise MissingData(f"the yearly series does not reach: {tonnes.reason}")
    readings = set(policy.load_readings(STOP_2010)["reading"])
    disputed = {"targeted stop", "no targeted stop"} <= readings
    full = tonnes.verdict == "found" and _fell(tonnes) and tonnes.against_others == "lower"
    partly = any(_fell(study) for study in (tonnes, share))
    verdict = CONTESTED if full and disputed else judge([full, partly])
    return Finding(
        verdict,
        "Step of the tonnes from the exporter at 2010; range: 95% interval",
        fill(
            "Tonnes: {tonnes} among placebos (rank p {p:p} in time). Share of tonnes: {share}, "
            "step {step}. {months} Publications {literature}.",
            tonnes=tonnes.verdict,
            p=tonnes.p_time if tonnes.time.n else 1.0,
            share=share.verdict,
            step=evidence.show_change(share.effect, "share of tonnes"),
            months=_months(setting),
            literature="disagree" if disputed else "agree",
        ),
        tonnes.effect,
        tonnes.low,
        tonnes.high,
        "pct0",
    )


def _fell(study) -> bool:
    """Whether some test tells a fall of this series from chance."""
    return study.verdict in ("found", "mixed") and study.effect < 0


def _months(setting: Setting) -> str:
    """What the customs months around the stop show, as a sentence; empty without any."""
    months = series.customs_months(setting.importer, setting.exporter, setting.material)
    mean, left = series.rest_of_year(2010)
    known = months[months["series"] == series.JAPAN_MONTHS]
    known = known[known["month"].map(lambda month: str(month)[:4]) == "2010"]
    if known.empty or not left:
        return "No month of 2010 is known."
    ratio = known["quantity_t"].sum() / (mean * len(known))
    return fill(
        "The {n} known months of 2010 after the event had {ratio:pct0} of the mean of the others.",
        n=len(known),
        ratio=ratio,
    )


@test(
    "trusted-network",
    "85_claims_ledger.ipynb",
    "Supported if members buy more than half of their imports from each other, at every stage and "
    "by both measures; contested if at some; not supported if nowhere.",
)
def trusted_network(setting: Setting) -> Finding:
    members = bloc_members(setting.bloc)
    year = trade.year_range()[1]
    inside = {
        (stage, basis, when): _share_inside(setting.material, stage, basis, members, when)
        for stage in ("compound", "metal")
        for basis in trade.BASES
        for when in (2010, year)
    }
    now = {key[:2]: value for key, value in inside.items() if key[2] == year}
    before = {key[:2]: value for key, value in inside.items() if key[2] == 2010}
    said = ", ".join(
        f"{stages.PLURALS[stage]} by {basis} {share:.0%} ({before[stage, basis]:.0%} in 2010)"
        for (stage, basis), share in now.items()
    )
    values = list(now.values())
    return Finding(
        judge(share > DOMINANT for share in values),
        f"Share of the members' imports that members supply, {year}, median; range over stages",
        fill(
            "{bloc}, {n} members: {said}. Of the economies outside, {exporter} apart, {next} sells "
            "them most, {more:pct0} of the value. Where the goods were mined does not show.",
            bloc=setting.bloc,
            n=len(members),
            said=said,
            exporter=trade.economy_in_text(setting.exporter),
            **_next_member(setting, members, year),
        ),
        float(np.median(values)),
        min(values),
        max(values),
    )


def _next_member(setting: Setting, members: set[str], year: int) -> dict:
    """The economy outside, the exporter apart, that sells the members most: ``next``, ``more``."""
    flows = trade.load_flows(products=setting.material, years=year)
    flows = flows[flows["importer"].isin(members)]
    sums = flows.groupby("exporter")["value_usd"].sum()
    outside = sums.drop([*members, setting.exporter], errors="ignore")
    economy = outside.idxmax()
    return {"next": trade.economy_in_text(economy), "more": float(outside.max() / sums.sum())}


def bloc_members(bloc: str) -> set[str]:
    """Return the members of a bloc, past ones of a bloc that was replaced included."""
    rows = catalogue.load("bloc_members")
    members = set(rows.loc[rows["bloc"] == bloc, "economy"])
    if len(members) < 2:
        raise MissingData(f"no list of members of {bloc} is bundled")
    return members


def _share_inside(material: str, stage: str, basis: str, members: set, year: int) -> float:
    about = catalogue.load("products")
    codes = about[(about["material"] == material) & (about["stage"] == stage)]["hs6"]
    if codes.empty:
        raise MissingData(f"no {stage} of {material} is in the trade data")
    flows = trade.load_flows(products=list(codes), years=year)
    flows = flows[flows["importer"].isin(members)]
    amounts = flows.groupby("exporter")[trade.BASES[basis]].sum()
    return float(amounts[amounts.index.isin(members)].sum() / amounts.sum())


@test(
    "value-chain",
    "20_import_dependence.ipynb",
    "Supported if exports of magnets per dollar of imports rose over the years, by Kendall's tau "
    "with p < 0.05; not supported if they fell so; contested otherwise. Flows below the largest "
    "yearly limit of the table are left out of every year.",
)
def value_chain(setting: Setting) -> Finding:
    from scipy.stats import kendalltau

    if setting.importer != "JPN" or setting.material != stages.WITH_MAGNETS:
        raise MissingData("exports of magnets to all destinations are bundled for Japan only")
    rows = catalogue.load("magnets")
    limit = catalogue.load("magnets_coverage")["smallest_value_usd"].max()
    rows = rows[rows["value_usd"] >= limit]
    sold = rows[rows["exporter"] == setting.importer].groupby("year")["value_usd"].sum()
    bought = rows[rows["importer"] == setting.importer].groupby("year")["value_usd"].sum()
    ratio = (sold / bought).dropna()
    trend = kendalltau(ratio.index, ratio)
    clear = trend.pvalue < LEVEL
    verdict = CONTESTED if not clear else SUPPORTED if trend.statistic > 0 else NOT_SUPPORTED
    return Finding(
        verdict,
        f"Exports of magnets per dollar of imports, {ratio.index[-1]}; range over the years",
        fill(
            "Exports per dollar of imports: {first:.1f} in {y0}, {last:.1f} in {y1}; Kendall's tau "
            "{tau:+.2f}, p {p:p}, {n} years. Makers' plants abroad count as foreign, and advanced "
            "materials other than magnets are not in the data.",
            first=ratio.iloc[0],
            last=ratio.iloc[-1],
            y0=int(ratio.index[0]),
            y1=int(ratio.index[-1]),
            tau=trend.statistic,
            p=trend.pvalue,
            n=len(ratio),
        ),
        ratio.iloc[-1],
        ratio.min(),
        ratio.max(),
        "ratio",
    )


def _shares(setting: Setting) -> pd.DataFrame:
    flows = trade.load_flows(setting.importer, products=setting.material)
    if flows.empty:
        raise MissingData("the importer bought none of the material")
    return trade.dependence(flows, setting.exporter)
