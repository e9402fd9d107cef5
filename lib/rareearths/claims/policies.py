"""Claims tested on the policy timeline: convergence, speed, retaliation."""

import numpy as np
import pandas as pd

from rareearths import policy, trade
from rareearths.claims.finding import (
    CONTESTED,
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

MANDATE = "jpn-takaichi-reappointed-2026"
LEVEL = 0.05
SINCE = 2010  # first year of the similarity of suppliers
RECENT_YEARS = 2
QUARTERS_NEEDED, QUARTERS_BEFORE = 4, 8
NEAR = pd.Timedelta(days=180)
LEAST_ACTS = 10
FIRST_SHIFT, LAST_SHIFT = 6, 36  # months by which the dates are moved for placebos


@test(
    "convergence-policies",
    "30_policy_timeline.ipynb",
    "Supported if both signed an instrument in the last two years and their suppliers, by tonnes, "
    "became more alike since 2010 (Kendall's tau, p < 0.05); contested if one of the two holds.",
)
def convergence(setting: Setting) -> Finding:
    from scipy.stats import kendalltau

    signed = joint_events(setting)
    recent = int((signed["earliest"] >= _timeline_end() - pd.DateOffset(years=RECENT_YEARS)).sum())
    alike = {basis: similarity(setting, basis) for basis in trade.BASES}
    tonnes = alike["tonnes"]
    if len(tonnes) < QUARTERS_BEFORE:
        raise MissingData("too few years in which both imported the material")
    trend = kendalltau(tonnes.index, tonnes)
    more_alike = trend.pvalue < LEVEL and trend.statistic > 0
    last = [float(values.iloc[-1]) for values in alike.values()]
    return Finding(
        judge([recent > 0, more_alike]),
        "Overlap of the two supplier structures by tonnes; range: by value, by tonnes",
        fill(
            "{n} instruments with both, {recent} of them in the last two years of the timeline "
            "(recent years are denser because sources are). Overlap of suppliers by tonnes: "
            "{first:pct0} in {y0}, {last:pct0} in {y1}; tau {tau:+.2f}, p {p:p}.",
            n=len(signed),
            recent=recent,
            first=tonnes.iloc[0],
            last=tonnes.iloc[-1],
            y0=int(tonnes.index[0]),
            y1=int(tonnes.index[-1]),
            tau=trend.statistic,
            p=trend.pvalue,
        ),
        float(tonnes.iloc[-1]),
        min(last),
        max(last),
    )


@test(
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
    mean = float(after.mean()) if len(after) else np.nan
    spread = (float(after.min()), float(after.max())) if len(after) > 1 else (np.nan, np.nan)
    return Finding(
        verdict, "Instruments with both a quarter, after the mandate", said, mean, *spread, "ratio"
    )


@test(
    "retaliation",
    "30_policy_timeline.ipynb",
    "Compares the exporter's restrictive acts that name one of the two in the 180 days after and "
    "before their joint instruments with the same count at shifted dates. Supported if the excess "
    "after ranks in the first 5 % of the shifts and there are ten acts or more, contested if there "
    "is an excess that does not meet both, not supported if there is none. An order in time is no "
    "cause.",
)
def retaliation(setting: Setting) -> Finding:
    signed = policy.group_packages(joint_events(setting))
    dates = signed[signed["date_precision"] != "year"]["earliest"]
    acts = _acts_against(setting)
    if dates.empty or acts.empty:
        raise MissingData("no joint instrument, or no act of the exporter that names one of them")
    own = _excess(dates, acts)
    shifts = [*range(-LAST_SHIFT, -FIRST_SHIFT + 1), *range(FIRST_SHIFT, LAST_SHIFT + 1)]
    placebos = np.array([_excess(dates + pd.DateOffset(months=m), acts) for m in shifts])
    p = float((1 + (placebos >= own).sum()) / (1 + len(placebos)))
    clear = p <= LEVEL and len(acts) >= LEAST_ACTS
    verdict = NOT_SUPPORTED if own <= 0 else SUPPORTED if clear else CONTESTED
    return Finding(
        verdict,
        "Acts after less acts before, per joint instrument; range: 90% of the shifted dates",
        fill(
            "{n} joint instruments, {m} restrictive acts that name one of the two, bunched in the "
            "last years, where the sources are denser. Acts after less acts before: {own:+.2f} per "
            "instrument, rank p {p:p} among {k} shifted calendars, which overlap.",
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
    )


def joint_events(setting: Setting) -> pd.DataFrame:
    """Policy that builds or frees supply and that both economies issued or are party to."""
    rows = policy.load_events(materials=[setting.material])
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
        flows = trade.load_flows(economy, products=setting.material,
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
    acts = policy.acts_of(policy.load_events(), setting.exporter)
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
