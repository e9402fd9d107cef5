"""What an event did to a series, and whether it could be chance.

An interrupted series gives the estimate; the same estimate at dates, for products and for partners
where nothing happened gives the yardstick.
"""

from dataclasses import dataclass
from math import floor, isnan, nan

import numpy as np
import pandas as pd

from rareearths import catalogue, policy, series, trade
from rareearths.segmented import (
    LEAST_BEFORE,
    LEVEL,
    WINDOW,
    Estimate,
    Sample,
    cut,
    exact,
    first_after,
    interrupted,
    scaled,
    to_change,
)
from rareearths.synthetic import Synthetic, synthetic_control
from rareearths.words import fill

APART = {"Y": 2, "M": 6}  # periods between the event and the nearest placebo date
YEARS_MATCHED, DONORS = 10, 10  # of a synthetic control: fewer donors fit less by chance
SMALLEST_USD = 100_000  # a year before the event, below which a flow is too small to compare
RANK = 0.1  # rank p-values reach no lower than 1 / (1 + placebos): few placebos, wide limit
LEAST_PLACEBOS = 9  # below, a rank cannot reach RANK


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

    def __repr__(self) -> str:
        about = f"{self.event_id}, {self.importer} from {self.exporter}, {self.material}"
        found = self.reason if self.estimate is None else f"step {self.effect:+.2g}, {self.verdict}"
        return f"<Study of {about}, {self.measure}: {found}>"

    @property
    def verdict(self) -> str:
        return _verdict(self)

    @property
    def own_only(self) -> bool:
        """Whether only the error of the estimate tells the step from chance, no placebo does."""
        return self.verdict == "mixed" and not any(_ranks(self))

    @property
    def against_others(self) -> str:
        return _against_others(self)

    @property
    def effect(self) -> float:
        return self._as_change("level")

    @property
    def first(self) -> float:
        """The first period after itself, off the line before drawn on."""
        return self._as_change("first")

    @property
    def push(self) -> int:
        """Where such an act pushes the series: down (-1) or up (1).

        A restriction lowers what is bought and raises its price; what lifts one does the opposite.
        """
        lifts = policy.load_event(self.event_id)["direction"] == "liberalising"
        return 1 if lifts != (self.measure == "unit value") else -1

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
        """What a change to the side of `push` has to reach to be seen four times in five."""
        if self.estimate is None:
            return nan
        return to_change(self.push * self.estimate.smallest, self.measure)

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
        """What it has to reach to rank in the first tenth of the placebo dates."""
        if self.estimate is None:
            return nan
        return to_change(self.push * self.time.needed * self.estimate.error, self.measure)

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
        Years looked at before and after, `LEAST_BEFORE` or more.

    Returns
    -------
    Study
        ``estimate`` is None, and ``reason`` says why, where the series does not reach or a year
        before the event was worth less than `SMALLEST_USD`; the placebos are empty then.

    Raises
    ------
    ValueError
        A window too short for a line before the event.

    References
    ----------
    docs/methods/event_study.md
    """
    if window < LEAST_BEFORE["Y"]:
        raise ValueError(f"window {window} is too short: {LEAST_BEFORE['Y']} years are needed")
    day = event_day(event_id)
    raw = series.annual(importer, exporter, material, measure)
    y = scaled(raw, measure)
    about = (event_id, importer, exporter, material, measure)
    try:
        sample = cut(y, day, window, raw)
        check_size(series.annual(importer, exporter, material, "value"), sample)
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
        The series does not reach or is too small, or too few donors have one.
    """
    day = event_day(event_id)
    panel = series.by_importer(exporter, material, measure).drop(columns=exporter, errors="ignore")
    own = panel[importer] if importer in panel else panel.sum(axis=1) * nan
    matched = cut(scaled(own, measure), day, YEARS_MATCHED, own)
    recent = cut(scaled(own, measure), day, window, own)
    check_size(series.annual(importer, exporter, material, "value"), recent)
    n_after = min(int(matched.after.sum()), window)
    kept = np.r_[np.flatnonzero(~matched.after), np.flatnonzero(matched.after)[:n_after]]
    periods, after = matched.periods[kept], matched.after[kept]
    known = panel.loc[periods].where(panel > 0).dropna(axis=1)
    size = known[~after].mean()
    donors = size.drop(importer).nlargest(DONORS).index
    index = known[[importer, *donors]] / size[[importer, *donors]]
    return synthetic_control(index, importer, after)


def check_size(value: pd.Series, sample: Sample) -> None:
    """Raise ValueError where a year before the event was worth less than `SMALLEST_USD`.

    Parameters
    ----------
    value : pandas.Series
        Current US$ by year.
    """
    before = value.reindex(sample.periods[~sample.after])
    if before.min() < SMALLEST_USD:
        raise ValueError(
            fill(
                "only {least:usd} was bought in {year}; less than {limit:usd} in a year before "
                "the event is too little for a verdict",
                least=before.min(),
                year=str(before.idxmin()),
                limit=SMALLEST_USD,
            )
        )


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
    skip, start = first_after(y.index, day)
    before, after = int((~sample.after).sum()), int(sample.after.sum())
    found = {}
    for other in y.index:
        near = abs((other - start).n) < APART[freq]
        if not near and (made := exact(y, other, skip, before, after)) is not None:
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
        skip, start = first_after(y.index, day)
        if (made := exact(y, start, skip, before, after)) is not None:
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
    ranks = _ranks(study)
    if not ranks:
        return "cannot be decided"
    signs = [study.estimate.p < LEVEL, *ranks]
    return "found" if all(signs) else "mixed" if any(signs) else "not found"


def _ranks(study: Study) -> list[bool]:
    """Whether the step ranks in the first tenth, for each kind of placebo there is enough of."""
    return [x.p <= RANK for x in (study.time, study.product) if x.n >= LEAST_PLACEBOS]


def _against_others(study: Study) -> str:
    """Whether the importer's step stands out from that of other importers, and which way."""
    if study.estimate is None or study.partner.n < LEAST_PLACEBOS or isnan(study.partner.p):
        return "cannot be decided"
    if study.partner.p > RANK:
        return "like the others"
    return "lower" if study.estimate.t < study.partner.t.median() else "higher"
