"""What an event did to a series, and whether it could be chance.

An interrupted series gives the estimate; the same estimate at dates, for products and for partners
where nothing happened gives the yardstick. Logarithms are taken of tonnes, values and unit values,
so that a change is a ratio; shares are taken as they are, so that a change is in points.
"""

from dataclasses import dataclass
from math import exp, floor, isnan, nan

import numpy as np
import pandas as pd
from scipy import stats

from rareearths import catalogue, policy, series, trade
from rareearths.synthetic import Synthetic, synthetic_control

WINDOW = {"Y": 6, "M": 36}  # periods looked at before and after
LEAST_BEFORE = {"Y": 5, "M": 24}
LEAST_AFTER = {"Y": 3, "M": 6}
APART = {"Y": 2, "M": 6}  # periods between the event and the nearest placebo date
YEARS_MATCHED, DONORS = 10, 10  # of a synthetic control: fewer donors fit less by chance
SMALLEST_USD = 100_000  # mean yearly value before, below which a flow is no placebo
LEVEL = 0.05  # of a test; the intervals hold with 1 - LEVEL
POWER = 0.8
RANK = 0.1  # rank p-values reach no lower than 1 / (1 + placebos): few placebos, wide limit
LEAST_PLACEBOS = 9  # below, a rank cannot reach RANK


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

    ``level`` is the step at the first period after, over the trend before; ``slope`` the change of
    the trend per period; ``change`` the mean of all periods after less the mean before, without any
    trend. ``low`` and ``high`` bound the level at 95 %, ``smallest`` is the size of a step that
    this series would have shown four times in five.
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
    change: float
    smallest: float
    lags: int
    n_before: int
    n_after: int
    fitted: pd.Series
    baseline: pd.Series


@dataclass(frozen=True)
class Placebos:
    """The t-values of the same estimate where nothing happened, and the rank among them."""

    t: pd.Series
    p: float

    @property
    def n(self) -> int:
        return len(self.t)

    @property
    def reach(self) -> float:
        """The smallest rank p-value that so many placebos allow."""
        return 1 / (1 + self.n)

    @property
    def needed(self) -> float:
        """The size of t from which the rank p-value is at most `RANK`; NaN with too few."""
        if self.n < LEAST_PLACEBOS:
            return nan
        exceeded = floor(RANK * (1 + self.n) + 1e-9) - 1  # so many placebos may do as much
        return float(np.sort(self.t.abs())[::-1][exceeded])


NO_PLACEBOS = Placebos(pd.Series(dtype=float), nan)


@dataclass(frozen=True)
class Study:
    """The study of one event and one series; see `study`."""

    event_id: str
    importer: str
    exporter: str
    material: str
    measure: str
    estimate: Estimate | None
    reason: str
    time: Placebos
    product: Placebos
    partner: Placebos

    @property
    def verdict(self) -> str:
        return _verdict(self)

    @property
    def against_others(self) -> str:
        return _against_others(self)

    @property
    def effect(self) -> float:
        return self._as_change("level")

    @property
    def low(self) -> float:
        return self._as_change("low")

    @property
    def high(self) -> float:
        return self._as_change("high")

    @property
    def change(self) -> float:
        return self._as_change("change")

    @property
    def smallest_effect(self) -> float:
        """The smallest fall (negative) that the series would have shown four times in five."""
        return nan if self.estimate is None else to_change(-self.estimate.smallest, self.measure)

    @property
    def p_time(self) -> float:
        return self.time.p

    @property
    def p_product(self) -> float:
        return self.product.p

    @property
    def p_partner(self) -> float:
        return self.partner.p

    @property
    def smallest_ranked(self) -> float:
        """The smallest fall that would have ranked in the first tenth of the placebo dates."""
        if self.estimate is None:
            return nan
        return to_change(-self.time.needed * self.estimate.error, self.measure)

    def fitted_lines(self) -> tuple[pd.Series, pd.Series]:
        """Fitted values and the trend before drawn on, in the unit of the measure."""
        fitted, baseline = self.estimate.fitted, self.estimate.baseline
        if series.is_share(self.measure):
            return fitted, baseline
        return np.exp(fitted), np.exp(baseline)

    def _as_change(self, name: str) -> float:
        if self.estimate is None:
            return nan
        return to_change(getattr(self.estimate, name), self.measure)


def study(
    event_id: str,
    importer: str,
    exporter: str = "CHN",
    material: str = "rare_earths",
    measure: str = "tonnes",
    window: int = WINDOW["Y"],
) -> Study:
    """Study what an event of the timeline did to an importer's purchases, year by year.

    Parameters
    ----------
    event_id : str
        An event of ``policy_events``.
    importer, exporter : str
        ISO3 codes.
    material : str
        A material of ``reference/materials.csv``.
    measure : str
        One of `series.MEASURES`.
    window : int
        Years looked at before and after.

    Returns
    -------
    Study
        ``estimate`` is None, and ``reason`` says why, where the series does not reach; the
        placebos are empty then.

    References
    ----------
    docs/methods/event_study.md
    """
    day = event_day(event_id)
    y = scaled(series.annual(importer, exporter, material, measure), measure)
    about = (event_id, importer, exporter, material, measure)
    try:
        sample = cut(y, day, window)
    except ValueError as error:
        return Study(*about, None, str(error), *[NO_PLACEBOS] * 3)
    estimate = interrupted(sample)
    panels = panels_of(importer, exporter, material, measure, day, sample)
    return Study(
        *about,
        estimate,
        "",
        placebos_in_time(y, day, sample, estimate.t),
        *(placebos_among(panel, measure, day, sample, estimate.t) for panel in panels),
    )


def study_months(
    event_id: str, partner: str, group: str = "all_three", window: int = WINDOW["M"]
) -> Study:
    """Study what an event did to China's monthly exports, by value.

    Parameters
    ----------
    event_id : str
        An event of ``policy_events``.
    partner, group : str
        As for `series.monthly_exports`.
    window : int
        Months looked at before and after.

    Returns
    -------
    Study
        As for `study`; the product is the group, and other groups and destinations are the
        placebos, too few of them to be ranked.
    """
    day = event_day(event_id)
    y = scaled(series.monthly_exports(partner, group), "value")
    about = (event_id, partner, "CHN", group, "value")
    try:
        sample = cut(y, day, window)
    except ValueError as error:
        return Study(*about, None, str(error), *[NO_PLACEBOS] * 3)
    estimate = interrupted(sample)
    panel = series.monthly_panel()
    groups = panel["WLD"].drop(columns=group) if partner == "WLD" else panel[[]]
    partners = panel.xs(group, axis=1, level=1).drop(columns=partner)
    return Study(
        *about,
        estimate,
        "",
        placebos_in_time(y, day, sample, estimate.t),
        placebos_among(groups, "value", day, sample, estimate.t),
        placebos_among(partners, "value", day, sample, estimate.t),
    )


def against_partners(
    event_id: str,
    importer: str,
    exporter: str = "CHN",
    material: str = "rare_earths",
    measure: str = "tonnes",
    window: int = WINDOW["Y"],
) -> Synthetic:
    """Set an importer beside a mix of others that bought alike before the event.

    Parameters
    ----------
    event_id, importer, exporter, material, window
        As for `study`.
    measure : {"tonnes", "value"}

    Returns
    -------
    Synthetic
        Indices, 1 being the mean before the event. Up to `YEARS_MATCHED` years before are matched;
        the donors are the `DONORS` largest importers whose series is complete.

    Raises
    ------
    ValueError
        The series does not reach, or too few donors have one.
    """
    day = event_day(event_id)
    panel = series.by_importer(exporter, material, measure).drop(columns=exporter, errors="ignore")
    own = panel[importer] if importer in panel else panel.sum(axis=1) * nan
    matched = cut(scaled(own, measure), day, YEARS_MATCHED)
    n_after = min(int(matched.after.sum()), window)
    kept = np.r_[np.flatnonzero(~matched.after), np.flatnonzero(matched.after)[:n_after]]
    periods, after = matched.periods[kept], matched.after[kept]
    known = panel.loc[periods].where(panel > 0).dropna(axis=1)
    size = known[~after].mean()
    donors = size.drop(importer).nlargest(DONORS).index
    index = known[[importer, *donors]] / size[[importer, *donors]]
    return synthetic_control(index, importer, after)


def monthly_studies(event_id: str, importer: str, exporter: str, material: str) -> list[Study]:
    """Study every monthly export series that concerns an importer and the world.

    Returns
    -------
    list of Study
        Empty unless the exporter is China and the material rare earths: there are no others.
    """
    if (exporter, material) != ("CHN", "rare_earths"):
        return []
    wanted = [(p, g) for p, g in series.monthly_panel() if p in (importer, "WLD")]
    return [study_months(event_id, partner, group) for partner, group in wanted]


def panels_of(
    importer: str, exporter: str, material: str, measure: str, day: pd.Timestamp, sample: Sample
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The panels of placebo products and of placebo partners: years by material, by importer.

    Placebo products are other materials that the importer buys from the exporter and that no act of
    the exporter restricted or freed within the window. Placebo partners are other importers of the
    same material. Both only where they were worth `SMALLEST_USD` a year before the event.
    """
    products = _untouched(series.by_material(importer, exporter, measure), exporter, sample)
    products = products.drop(columns=material, errors="ignore")
    partners = series.by_importer(exporter, material, measure)
    partners = partners.drop(columns=[importer, exporter], errors="ignore")
    return (
        _large(products, series.by_material(importer, exporter, "value"), sample),
        _large(partners, series.by_importer(exporter, material, "value"), sample),
    )


def event_day(event_id: str) -> pd.Timestamp:
    """Return the first day on which an event took effect; `UnknownCode` where there is none."""
    return policy.load_event(event_id)["from_day"]


def acts_within(study: Study) -> pd.DataFrame:
    """Other acts of the exporter on the material in the periods looked at, oldest first."""
    acts = policy.acts_of(policy.load_events(materials=[study.material]), study.exporter)
    if study.estimate is None:
        return acts[:0]
    periods = study.estimate.fitted.index
    near = acts["from_day"].between(periods[0].start_time, periods[-1].end_time)
    return acts[near & (acts["event_id"] != study.event_id)]


def untouched(
    materials: list[str], exporter: str, first: pd.Timestamp, last: pd.Timestamp
) -> list[str]:
    """Keep the materials that no act of the exporter restricted or freed between two days.

    An act that names no single mineral ("critical minerals") touches all of them.

    Raises
    ------
    UnknownCode
        A material that ``reference/materials.csv`` does not have.
    """
    acts = policy.acts_of(policy.load_events(), exporter)
    acts = acts[(acts["from_day"] >= first) & (acts["from_day"] <= last)]
    tokens = set(acts["materials"].explode().str.strip())
    words = catalogue.load("policy_materials")
    touched = set(words.loc[words["token"].isin(tokens), "material"])
    apart = [m for m in materials if trade.check_material(m) not in touched]
    return [] if "all" in touched else apart


def scaled(values, measure: str):
    """Return a series or panel on the scale of the estimate: logarithms, or shares as they are.

    Zero has no logarithm and becomes missing.
    """
    return values if series.is_share(measure) else np.log(values.where(values > 0))


def to_change(amount: float, measure: str) -> float:
    """Return an amount on the scale of the estimate as a fraction, or as points of a share."""
    return amount if series.is_share(measure) else exp(amount) - 1


def cut(y: pd.Series, day: pd.Timestamp, window: int | None = None) -> Sample:
    """Cut a series to the known periods around an event.

    Parameters
    ----------
    y : pandas.Series
        Indexed by consecutive years or months.
    day : pandas.Timestamp
        First day of the event.
    window : int, optional
        Periods on each side at most; `WINDOW` by default.

    Raises
    ------
    ValueError
        Too few known periods next to the event, before or after; the message says how many.
    """
    freq = y.index.freqstr[0]
    window = window or WINDOW[freq]
    skip, start = _first_after(y.index, day)
    before = _run(y[y.index < start - skip][::-1])[:window]
    after = _run(y[y.index >= start])[:window]
    unit = {"Y": "years", "M": "months"}[freq]
    for found, least, side in (
        (len(before), LEAST_BEFORE[freq], "before"),
        (len(after), LEAST_AFTER[freq], "after"),
    ):
        if found < least:
            raise ValueError(f"known {unit} {side} the event: {found}, needed: {least}")
    return _sample(y, start, skip, len(before), len(after))


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
    import statsmodels.api as sm

    design = design_matrix(sample)
    n, terms = design.shape
    lags = floor(4 * (n / 100) ** (2 / 9))
    fit = sm.OLS(sample.y, design.to_numpy()).fit(
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


def rank_p(t: float, placebos) -> float:
    """Rank p-value: how often chance does as much, (1 + #{|t*| >= |t|}) / (1 + N).

    Examples
    --------
    >>> rank_p(-3.0, [1.0, -4.0, 0.5])
    0.5
    """
    sizes = np.abs(np.asarray(placebos, dtype=float))
    return float((1 + (sizes >= abs(t)).sum()) / (1 + len(sizes))) if len(sizes) else nan


def placebos_in_time(y: pd.Series, day: pd.Timestamp, sample: Sample, t: float) -> Placebos:
    """The same estimate, of the same length, at every other date of the series that allows it."""
    freq = y.index.freqstr[0]
    skip, start = _first_after(y.index, day)
    before, after = int((~sample.after).sum()), int(sample.after.sum())
    found = {}
    for other in y.index:
        near = abs((other - start).n) < APART[freq]
        if not near and (made := _sample(y, other, skip, before, after)) is not None:
            found[str(other)] = interrupted(made).t
    return _ranked(found, t)


def placebos_among(
    panel: pd.DataFrame, measure: str, day: pd.Timestamp, sample: Sample, t: float
) -> Placebos:
    """The same estimate, at the same dates, for every column of a panel that is known there."""
    before, after = int((~sample.after).sum()), int(sample.after.sum())
    found = {}
    for name, values in panel.items():
        y = scaled(values, measure)
        skip, start = _first_after(y.index, day)
        if (made := _sample(y, start, skip, before, after)) is not None:
            found[name] = interrupted(made).t
    return _ranked(found, t)


def changes_among(study: Study) -> pd.Series:
    """Mean after against mean before, for the importer and each placebo partner.

    Returns
    -------
    pandas.Series
        Importer to change, a fraction or points of a share, in ascending order; empty without an
        estimate.
    """
    if study.estimate is None:
        return pd.Series(dtype=float)
    panel = series.by_importer(study.exporter, study.material, study.measure)
    periods, n_before = study.estimate.fitted.index, study.estimate.n_before
    y = scaled(panel[[study.importer, *study.partner.t.index]], study.measure).loc[periods]
    steps = y.iloc[n_before:].mean() - y.iloc[:n_before].mean()
    return steps.map(lambda step: to_change(step, study.measure)).sort_values()


def _first_after(periods: pd.PeriodIndex, day: pd.Timestamp) -> tuple[int, pd.Period]:
    """Whether a period is left out (1) or not (0), and the first period after the event."""
    period = pd.Period(day, freq=periods.freqstr)
    skip = int(period.start_time.normalize() != day.normalize())
    return skip, period + skip


def _sample(y: pd.Series, start: pd.Period, skip: int, before: int, after: int) -> Sample | None:
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


def _ranked(found: dict, t: float) -> Placebos:
    values = pd.Series(found, dtype=float)
    values = values[np.isfinite(values)]
    return Placebos(values, rank_p(t, values))


def _untouched(panel: pd.DataFrame, exporter: str, sample: Sample):
    """Drop the materials that some act of the exporter restricted or freed in these years."""
    first, last = sample.periods[0].start_time, sample.periods[-1].end_time
    return panel[untouched(list(panel), exporter, first, last)]


def _large(panel: pd.DataFrame, values: pd.DataFrame, sample: Sample) -> pd.DataFrame:
    """Keep the columns worth at least `SMALLEST_USD` a year before the event."""
    before = values.reindex(sample.periods[~sample.after]).mean()
    return panel[[name for name in panel if before.get(name, 0) >= SMALLEST_USD]]


def _verdict(study: Study) -> str:
    """ "found" where every test that can be made speaks for it, "not found" where none does."""
    if study.estimate is None:
        return "cannot be decided"
    ranks = [x.p <= RANK for x in (study.time, study.product) if x.n >= LEAST_PLACEBOS]
    if not ranks:
        return "cannot be decided"
    signs = [study.estimate.p < LEVEL, *ranks]
    return "found" if all(signs) else "mixed" if any(signs) else "not found"


def _against_others(study: Study) -> str:
    """Whether the importer's step stands out from that of other importers, and which way."""
    if study.estimate is None or study.partner.n < LEAST_PLACEBOS or isnan(study.partner.p):
        return "cannot be decided"
    if study.partner.p > RANK:
        return "like the others"
    return "lower" if study.estimate.t < study.partner.t.median() else "higher"
