"""An interrupted series: a line before an event, a step, and another line after it.

Logarithms are taken of tonnes, values and unit values, so that a change is a ratio; shares are
taken as they are, so that a change is in points.
"""

from dataclasses import dataclass
from math import exp, floor

import numpy as np
import pandas as pd
from scipy import stats

from rareearths import series

WINDOW = {"Y": 6, "M": 36}  # periods looked at before and after
LEAST_BEFORE = {"Y": 5, "M": 24}
LEAST_AFTER = {"Y": 3, "M": 6}
LEVEL = 0.05  # of a test; the intervals hold with 1 - LEVEL
POWER = 0.8


@dataclass(frozen=True)
class Sample:
    """A series cut to the periods before and after an event.

    ``y`` is the series on the scale of the estimate, ``after`` marks the periods after, ``time``
    counts periods from the first one after. The period in which the event falls is left out,
    unless it begins on the period's first day.
    """

    y: np.ndarray
    time: np.ndarray
    after: np.ndarray
    periods: pd.PeriodIndex


@dataclass(frozen=True)
class Estimate:
    """An interrupted series: what changed at the event, on the scale of the sample.

    ``level`` is the step between two fitted lines: where the line of the periods after starts, over
    the line before drawn on to the same period. It is not that period itself: ``first`` is how far
    the period's own value lies off the line drawn on. ``slope`` is the change of the trend per
    period; ``before`` the mean before, ``change`` the mean after less it, without any trend.
    ``low`` and ``high`` bound the level at 95 %; a step has to reach ``smallest`` to be seen four
    times in five.
    """

    level: float
    error: float
    t: float
    p: float
    low: float
    high: float
    slope: float
    slope_low: float
    slope_high: float
    first: float
    before: float
    change: float
    smallest: float
    lags: int
    n_before: int
    n_after: int
    fitted: pd.Series
    baseline: pd.Series


def scaled(values, measure: str):
    """Return a series or panel on the scale of the estimate: logarithms, or shares as they are.

    Zero has no logarithm and becomes missing.
    """
    return values if series.is_share(measure) else np.log(values.where(values > 0))


def to_change(amount: float, measure: str) -> float:
    """Return an amount on the scale of the estimate as a fraction, or as points of a share."""
    return amount if series.is_share(measure) else exp(amount) - 1


def cut(
    y: pd.Series, day: pd.Timestamp, window: int | None = None, raw: pd.Series | None = None
) -> Sample:
    """Cut a series to the known periods around an event.

    Parameters
    ----------
    y : pandas.Series
        Indexed by consecutive years or months.
    day : pandas.Timestamp
        First day of the event.
    window : int, optional
        Periods on each side at most; `WINDOW` by default.
    raw : pandas.Series, optional
        The series before logarithms were taken, to tell nothing bought (0) from not known.

    Raises
    ------
    ValueError
        Too few known periods next to the event; the message says how many and what ends them. Or
        a series that never moves.
    """
    freq = y.index.freqstr[0]
    window = WINDOW[freq] if window is None else window
    skip, start = first_after(y.index, day)
    before = _run(y[y.index < start - skip][::-1])[:window]
    after = _run(y[y.index >= start])[:window]
    last = min([start - skip - 1, *y.index[-1:]])
    ends = (last - len(before), start + len(after))
    sides = (("before", before, LEAST_BEFORE[freq]), ("after", after, LEAST_AFTER[freq]))
    unit = {"Y": "years", "M": "months"}[freq]
    short = [
        f"known {unit} {side} the event: {len(run)}, needed: {least}, as {_why(y, raw, end)}"
        for (side, run, least), end in zip(sides, ends, strict=True)
        if len(run) < least
    ]
    if short:
        raise ValueError("; ".join(short))
    sample = exact(y, start, skip, len(before), len(after))
    if sample is None:
        raise ValueError(f"the series is {y[start]:g} throughout")
    return sample


def interrupted(sample: Sample) -> Estimate:
    """Fit the interrupted series y = a + b t + c D + d t D, plus month effects where monthly.

    Returns
    -------
    Estimate
        Standard errors are those of Newey and West with floor(4 (n / 100)^(2/9)) lags and the
        correction for the number of terms; intervals and tests use Student's t.

    References
    ----------
    Newey and West (1987), lags as in Newey and West (1994); docs/methods/event_study.md
    """
    from statsmodels.regression.linear_model import OLS

    design = design_matrix(sample)
    n, terms = design.shape
    lags = floor(4 * (n / 100) ** (2 / 9))
    fit = OLS(sample.y, design.to_numpy()).fit(
        cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True}, use_t=True
    )
    where = {name: i for i, name in enumerate(design.columns)}
    level, slope = where["level"], where["slope"]
    bounds = fit.conf_int(LEVEL)
    error, freedom = float(fit.bse[level]), n - terms
    reach = stats.t.ppf(1 - LEVEL / 2, freedom) + stats.t.ppf(POWER, freedom)
    without = design.assign(level=0.0, slope=0.0).to_numpy() @ fit.params
    after = sample.after
    return Estimate(
        level=float(fit.params[level]),
        error=error,
        t=float(fit.tvalues[level]),
        p=float(fit.pvalues[level]),
        low=float(bounds[level][0]),
        high=float(bounds[level][1]),
        slope=float(fit.params[slope]),
        slope_low=float(bounds[slope][0]),
        slope_high=float(bounds[slope][1]),
        first=float(sample.y[after][0] - without[after][0]),
        before=float(sample.y[~after].mean()),
        change=float(sample.y[after].mean() - sample.y[~after].mean()),
        smallest=float(reach * error),
        lags=lags,
        n_before=int((~after).sum()),
        n_after=int(after.sum()),
        fitted=pd.Series(fit.fittedvalues, sample.periods),
        baseline=pd.Series(without, sample.periods),
    )


def design_matrix(sample: Sample) -> pd.DataFrame:
    """Return the terms of the interrupted series, one row a period."""
    after = sample.after.astype(float)
    terms = pd.DataFrame(
        {"one": 1.0, "trend": sample.time, "level": after, "slope": after * sample.time},
        index=sample.periods,
    )
    if sample.periods.freqstr == "M":
        months = pd.get_dummies(sample.periods.month, prefix="month", drop_first=True, dtype=float)
        terms = terms.join(months.set_index(sample.periods))
    return terms


def first_after(periods: pd.PeriodIndex, day: pd.Timestamp) -> tuple[int, pd.Period]:
    """Whether a period is left out (1) or not (0), and the first period after the event."""
    period = pd.Period(day, freq=periods.freqstr)
    skip = int(period.start_time.normalize() != day.normalize())
    return skip, period + skip


def exact(y: pd.Series, start: pd.Period, skip: int, before: int, after: int) -> Sample | None:
    """Cut exactly so many periods; None where one of them is unknown or outside the series."""
    first = pd.period_range(end=start - 1 - skip, periods=before, freq=y.index.freq)
    last = pd.period_range(start=start, periods=after, freq=y.index.freq)
    periods = first.append(last)
    values = y.reindex(periods).to_numpy(dtype=float)
    if not np.isfinite(values).all() or np.ptp(values) == 0:
        return None
    time = np.array([(period - start).n for period in periods], dtype=float)
    return Sample(values, time, time >= 0, periods)


def _run(y: pd.Series) -> pd.Series:
    """Keep the known values up to the first missing one."""
    return y[~y.isna().cummax()]


def _why(y: pd.Series, raw: pd.Series | None, period: pd.Period) -> str:
    """Why the series is not known in a period."""
    if y.empty:
        return "there is no such series"
    if period > y.index[-1]:
        return f"the data end in {y.index[-1]}"
    if period < y.index[0]:
        return f"the data begin in {y.index[0]}"
    nothing = raw is not None and raw.get(period) == 0
    return f"nothing was bought in {period}" if nothing else f"{period} is not known"
