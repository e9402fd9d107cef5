"""Rates of a transshipment scan: how often suppliers jump without a control, and at each control.

The false-positive rate is that of the placebo scans of `hubs.placebos`; a control stands out where
its own rate ranks among their highest.
"""

import numpy as np
import pandas as pd

from rareearths import events
from rareearths.hubs import GRADES

LEAST_CANDIDATES = 3  # of a scan whose rate is ranked
_Z = 1.959964  # of a 95 % interval
_JUDGED = [
    "year", "candidates", "hits", "rate", "runs", "false_rate", "low", "high", "ranked", "rank_p",
    "year_rate", "product_rate", "verdict",
]  # fmt: skip


def false_positive_rate(runs: pd.DataFrame, rate: float, grade: str = "flagged") -> pd.DataFrame:
    """How often suppliers jump where nothing was controlled, and the rank of a rate among that.

    Parameters
    ----------
    runs : pandas.DataFrame
        Rows of `hubs.placebos`.
    rate : float
        Flagged per candidate at the control, fraction.
    grade : {"flagged", "fed"}

    Returns
    -------
    pandas.DataFrame
        Indexed by ``year``, ``product`` and ``all``: ``runs``, ``candidates``, ``hits`` (counts),
        ``false_rate`` (hits per candidate), ``low`` and ``high`` (95 %, see `interval`), ``ranked``
        (runs with `LEAST_CANDIDATES` or more) and ``rank_p``, (1 + runs with at least this rate) /
        (1 + runs), of those; missing without runs.
    """
    if grade not in GRADES:
        raise ValueError(f"grade {grade!r} is not one of {', '.join(GRADES)}")
    rows = {}
    for kind in ("year", "product", "all"):
        part = runs if kind == "all" else runs[runs["kind"] == kind]
        part = part[part["candidates"] > 0]
        false_rate, low, high = interval(part[grade].to_numpy(), part["candidates"].to_numpy())
        ranked = part[part["candidates"] >= LEAST_CANDIDATES]
        p = np.nan if np.isnan(rate) else events.rank_p(rate, ranked[grade] / ranked["candidates"])
        counts = (len(part), part["candidates"].sum(), part[grade].sum())
        rows[kind] = (*map(int, counts), false_rate, low, high, len(ranked), p)
    columns = ["runs", "candidates", "hits", "false_rate", "low", "high", "ranked", "rank_p"]
    return pd.DataFrame.from_dict(rows, "index", columns=columns).rename_axis("kind")


def interval(hits: np.ndarray, trials: np.ndarray) -> tuple[float, float, float]:
    """Rate over several runs with its 95 % interval.

    Parameters
    ----------
    hits, trials : array of int
        By run; the suppliers of one run share its year and goods and are not independent.

    Returns
    -------
    (float, float, float)
        Sum of hits over sum of trials, and Wilson's interval with the number of trials divided by
        the design effect (variance of the rate between runs over the binomial one; at least 1).
        NaN without trials.

    References
    ----------
    Wilson (1927); Franco et al. (2019) on effective sample sizes; docs/methods/transshipment.md

    Examples
    --------
    >>> [round(x, 3) for x in interval(np.array([1, 1]), np.array([5, 5]))]
    [0.2, 0.057, 0.51]
    """
    n, k = trials.sum(), len(trials)
    if n == 0:
        return np.nan, np.nan, np.nan
    rate = hits.sum() / n
    binomial = rate * (1 - rate) / n
    effect = 1.0
    if k > 1 and binomial > 0:
        between = k / (k - 1) * np.square(hits - rate * trials).sum() / n**2
        effect = max(1.0, between / binomial)
    n = n / effect
    middle, half = rate + _Z**2 / (2 * n), _Z * np.sqrt(rate * (1 - rate) / n + (_Z / (2 * n)) ** 2)
    low, high = (middle - half) / (1 + _Z**2 / n), (middle + half) / (1 + _Z**2 / n)
    return float(rate), float(max(low, 0.0)), float(min(high, 1.0))


def judge(runs: pd.DataFrame, grade: str = "flagged") -> pd.DataFrame:
    """Set every control beside its placebos.

    Parameters
    ----------
    runs : pandas.DataFrame
        See `hubs.scan_all`.
    grade : {"flagged", "fed"}

    Returns
    -------
    pandas.DataFrame
        One row a control: ``year``, ``candidates``, ``hits``, ``rate``, then ``runs``,
        ``false_rate``, ``low``, ``high``, ``ranked``, ``rank_p`` over all placebos (see
        `false_positive_rate`), ``year_rate`` and ``product_rate`` (those of one kind), and
        ``verdict``: "more often" where the rank p-value is at most
        `events.RANK`, "no more often", or "cannot be decided" with too few candidates or placebos.
    """
    rows = []
    for year, part in runs.groupby("control"):
        own = part[part["kind"] == "control"].iloc[0]
        rate = own[grade] / own["candidates"] if own["candidates"] else np.nan
        by_kind = false_positive_rate(part[part["kind"] != "control"], rate, grade)
        chance = by_kind.loc["all"]
        enough = own["candidates"] >= LEAST_CANDIDATES and chance["ranked"] >= events.LEAST_PLACEBOS
        verdict = "more often" if chance["rank_p"] <= events.RANK else "no more often"
        rows.append(
            {"year": int(year), "candidates": own["candidates"], "hits": own[grade], "rate": rate}
            | chance.drop(["candidates", "hits"]).to_dict()
            | {f"{kind}_rate": by_kind.at[kind, "false_rate"] for kind in ("year", "product")}
            | {"verdict": verdict if enough else "cannot be decided"}
        )
    table = pd.DataFrame(rows, columns=_JUDGED)
    counts = ["candidates", "hits", "runs", "ranked"]
    return table.astype(dict.fromkeys(counts, int))


def control_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Both grades of `judge` side by side, one row a control.

    Returns
    -------
    pandas.DataFrame
        ``year``, ``candidates``, ``placebo_scans``, and for each grade, the second with ``fed_``
        before it: ``hits``, ``false_rate``, ``year_rate``, ``product_rate``, ``false_range`` (the
        interval as text), ``rank_p``.
    """
    by_grade = [judge(runs, grade) for grade in GRADES]
    table = by_grade[0][["year", "candidates"]].assign(placebo_scans=by_grade[0]["runs"])
    for judged, prefix in zip(by_grade, ("", "fed_"), strict=True):
        for name in ("hits", "false_rate", "year_rate", "product_rate", "rank_p"):
            table[prefix + name] = judged[name]
        known = zip(judged["low"], judged["high"], strict=True)
        ranges = [f"{low:.0%} to {high:.0%}" if low == low else "–" for low, high in known]
        table[prefix + "false_range"] = ranges
    return table
