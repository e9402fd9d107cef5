"""Claims tested on the policy timeline: convergence, speed, retaliation."""

import numpy as np
import pandas as pd

from rareearths import policy, trade
from rareearths.claims.finding import (
    CONTESTED,
    EXPORTER,
    MATERIAL,
    NOT_SUPPORTED,
    NOT_YET,
    SUPPORTED,
    Finding,
    MissingData,
    Setting,
    judge,
    register,
)
from rareearths.words import fill

MANDATE = "jpn-takaichi-reappointed-2026"
LEVEL = 0.05
SINCE = 2010  # first year of the similarity of suppliers
RECENT_YEARS = 2
QUARTERS_NEEDED, QUARTERS_BEFORE = 4, 8
LEAST_YEARS = 8  # of a trend
NEAR = pd.Timedelta(days=180)
LEAST_ACTS = 10
FIRST_SHIFT, LAST_SHIFT = 6, 60  # months back by which the dates are moved for placebos


@register(
    "convergence-policies",
    "30_policy_timeline.ipynb",
    "Supported if an instrument of the last two years was issued by one of the two and is with or "
    "names the other, and their suppliers became more alike since 2010 by tonnes and by value "
    "(Kendall's tau, p < 0.05); contested if some of it holds.",
)
def convergence(setting: Setting) -> Finding:
    from scipy.stats import kendalltau

    signed = policy.group_packages(joint_events(setting))
    since = _timeline_end() - pd.DateOffset(years=RECENT_YEARS)
    recent = int((signed["earliest"] >= since).sum())
    alike = {basis: similarity(setting, basis) for basis in ("tonnes", "value")}
    if min(map(len, alike.values())) < LEAST_YEARS:
        raise MissingData("too few years in which both imported the material")
    trends = {basis: kendalltau(values.index, values) for basis, values in alike.items()}
    signs = [trend.pvalue < LEVEL and trend.statistic > 0 for trend in trends.values()]
    said = "; ".join(
        f"by {basis} {values.iloc[0]:.0%} in {values.index[0]}, {values.iloc[-1]:.0%} in "
        f"{values.index[-1]} (tau {trends[basis].statistic:+.2f}, p {trends[basis].pvalue:.3f})"
        for basis, values in alike.items()
    )
    last = [float(values.iloc[-1]) for values in alike.values()]
    return Finding(
        judge([recent > 0, *signs]),
        "Overlap of the two supplier structures by tonnes",
        fill(
            "Instruments of or with both: {n}, {recent} of them in the last two years of the "
            "timeline, which is denser there because sources are. Overlap of suppliers {said}; "
            "neighbouring years resemble each other, so that p is too small rather than too large.",
            n=len(signed),
            recent=recent,
            said=said,
        ),
        last[0],
        min(last),
        max(last),
        span="by tonnes and by value",
    )


@register(
    "mandate-speed",
    "30_policy_timeline.ipynb",
    "Not yet decidable before four whole quarters after the mandate are in the timeline; then "
    "supported if the quarters after have more instruments with both than those before (rank-sum "
    "test, p < 0.05), not supported otherwise.",
)
def mandate_speed(setting: Setting) -> Finding:
    from scipy.stats import mannwhitneyu

    if "JPN" not in (setting.importer, setting.partner):
        raise MissingData("the mandate is that of Japan's prime minister")
    day = policy.load_event(MANDATE)["from_day"]
    quarter, end = pd.Period(day, "Q"), _timeline_end()
    last = pd.Period(end, "Q")
    last -= int(end.month != last.end_time.month)  # whole where its last month has an event
    signed = policy.group_packages(joint_events(setting))["earliest"].dt.to_period("Q")
    counts = signed.value_counts()
    before = counts.reindex(
        pd.period_range(end=quarter - 1, periods=QUARTERS_BEFORE, freq="Q"), fill_value=0
    )
    after = counts.reindex(pd.period_range(quarter + 1, last, freq="Q"), fill_value=0)
    said = fill(
        "Instruments with both: {before:.1f} a quarter in the two years before; whole quarters "
        "after the mandate that the timeline holds: {n} of {needed} needed, instruments in them: "
        "{sum}.",
        before=before.mean(),
        n=len(after),
        needed=QUARTERS_NEEDED,
        sum=int(after.sum()),
    )
    if len(after) < QUARTERS_NEEDED:
        verdict = NOT_YET
    else:
        p = mannwhitneyu(after, before, alternative="greater").pvalue
        verdict = SUPPORTED if p < LEVEL else NOT_SUPPORTED
    several = len(after) > 1
    return Finding(
        verdict,
        "Instruments with both in the whole quarters after the mandate",
        said,
        float(after.sum()),
        float(after.min()) if several else np.nan,
        float(after.max()) if several else np.nan,
        "count",
        "over single quarters" if several else "",
    )


@register(
    "retaliation",
    "30_policy_timeline.ipynb",
    "Compares China's restrictive acts, on any mineral, that name one of the two in the 180 days "
    "after and before their joint instruments with the same count at dates moved back. Supported "
    "if the excess after ranks in the first 5% of the moved dates and there are ten acts or more, "
    "contested if there is an excess that does not meet both, not supported if there is none. "
    "Packages count once. An order in time is no cause.",
)
def retaliation(setting: Setting) -> Finding:
    signed = policy.group_packages(joint_events(setting))
    dates = signed[signed["date_precision"] != "year"]["earliest"]
    acts = _acts_against(setting)
    if dates.empty or acts.empty:
        raise MissingData("no joint instrument, or no act of the exporter that names one of them")
    own = _excess(dates, acts)
    months = range(FIRST_SHIFT, LAST_SHIFT + 1)  # moved forward, they would leave the timeline
    placebos = np.array([_excess(dates - pd.DateOffset(months=m), acts) for m in months])
    p = float((1 + (placebos >= own).sum()) / (1 + len(placebos)))
    clear = p <= LEVEL and len(acts) >= LEAST_ACTS
    verdict = NOT_SUPPORTED if own <= 0 else SUPPORTED if clear else CONTESTED
    return Finding(
        verdict,
        "Acts after minus acts before, per joint instrument",
        fill(
            "{n} joint instruments, {m} restrictive acts that name one of the two, bunched in the "
            "last years, where the sources are denser. Acts after minus acts before: {own:+.2f} "
            "per instrument, rank p {p:p} among {k} calendars moved back, which overlap. The last "
            "instruments have less than 180 days after them in the timeline.",
            n=len(dates),
            m=len(acts),
            own=own,
            p=p,
            k=len(placebos),
        ),
        own,
        float(np.quantile(placebos, 0.05)),
        float(np.quantile(placebos, 0.95)),
        "ratio",
        "what 90% of the moved dates give",
    )


def joint_events(setting: Setting) -> pd.DataFrame:
    """Policy that builds or frees supply and that both economies issued or are party to."""
    rows = policy.load_events(materials=[MATERIAL])
    rows = rows[rows["is_policy"] & rows["direction"].isin(["supportive", "liberalising"])]
    one, other = policy.codes_of(setting.importer), policy.codes_of(setting.partner)
    named = [set(a) | set(b) for a, b in zip(rows["issuers"], rows["targets"], strict=True)]
    both = [bool(codes & one) and bool(codes & other) for codes in named]
    acted = rows["issuers"].map(lambda codes: bool(set(codes) & (one | other)))
    return rows[pd.Series(both, rows.index) & acted].reset_index(drop=True)


def similarity(setting: Setting, basis: str) -> pd.Series:
    """Overlap of two importers' supplier shares by year: the sum of the smaller of each pair.

    Returns
    -------
    pandas.Series
        Fractions, 1 where both have the same suppliers in the same proportions; years from
        `SINCE` on in which both imported. Each other's sales count as any supplier's.
    """
    shares = []
    for economy in (setting.importer, setting.partner):
        flows = trade.load_flows(economy, products=MATERIAL,
                                 years=(SINCE, trade.year_range()[1]))  # fmt: skip
        table = trade.supplier_shares(flows, basis)
        shares.append(table.pivot(index="year", columns="exporter", values="share"))
    one, other = (table.fillna(0) for table in shares)
    years = one.index.intersection(other.index)
    one, other = one.loc[years].align(other.loc[years], axis=1, fill_value=0.0)
    return pd.Series(np.minimum(one, other).sum(axis=1), years)


def _timeline_end() -> pd.Timestamp:
    """The last day of which the timeline knows an event with more than low confidence."""
    return policy.load_events(min_confidence="medium")["latest"].max()


def _acts_against(setting: Setting) -> pd.Series:
    """First days of the exporter's restrictive acts that name the importer or the partner."""
    acts = policy.acts_of(policy.load_events(), EXPORTER)
    acts = acts[acts["direction"] == "restrictive"]
    wanted = policy.codes_of(setting.importer) | policy.codes_of(setting.partner)
    named = acts["targets"].map(lambda codes: bool(wanted & set(codes)))
    return policy.group_packages(acts[named])["earliest"]


def _excess(dates: pd.Series, acts: pd.Series) -> float:
    """Mean number of acts within `NEAR` after a date less that within `NEAR` before it."""
    gaps = acts.to_numpy()[None, :] - dates.to_numpy()[:, None]
    near = np.timedelta64(NEAR)
    after = ((gaps > np.timedelta64(0)) & (gaps <= near)).sum(axis=1)
    before = ((gaps < np.timedelta64(0)) & (gaps >= -near)).sum(axis=1)
    return float((after - before).mean())
