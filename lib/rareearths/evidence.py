"""What event studies show, made readable: tables, changes as text, numbers for sentences."""

from math import isnan, nan

import numpy as np
import pandas as pd

from rareearths import breaks, catalogue, events, segmented, series, trade
from rareearths.events import Study
from rareearths.segmented import to_change
from rareearths.words import fill, with_signs

SUBTITLES = {
    "tonnes": "Tonnes, gross weight, of {material} from {exporter} to {importer}",
    "value": "Value, current US$, of {material} from {exporter} to {importer}",
    "unit value": "Current US$ per kg of {material} from {exporter} to {importer}",
    "share of tonnes": "Share of {exporter} in the tonnes of {material} that {importer} imports",
    "share of value": "Share of {exporter} in the value of {material} that {importer} imports",
}
WINDOWS = (5, 6, 7, 8)
IMPOSSIBLE = "more than there is"  # of a change of a share by more than 100 points
_PLACEBO_TITLES = {
    "found": "The step stands out from chance",
    "mixed": "Not every comparison sets the step apart",
    "not found": "Chance does as much",
    "cannot be decided": "Too few placebos to rank the step",
}


def summary(study: Study, prefix: str = "") -> dict:
    """The words and numbers of one study that sentences need, ``prefix`` before each name.

    Returns
    -------
    dict
        ``measure``, ``verdict``, ``reason``; ``off`` ("44% below"), ``step``, ``step_range``,
        ``first_off`` (the first period after itself, "23% below"), ``first_period``, ``mean``,
        ``smallest`` and the ``push`` it belongs to ("fall"), ``years_before``, ``years_after``;
        all text, empty without an estimate.
    """
    known = study.estimate is not None
    about = {"measure": study.measure, "verdict": study.verdict, "reason": study.reason}
    names = ("off", "step", "step_range", "first_off", "first_period", "mean", "smallest", "push",
             "years_before", "years_after")  # fmt: skip
    said = about | (_words_of(study) if known else dict.fromkeys(names, ""))
    return {prefix + name: word for name, word in said.items()}


def _words_of(study: Study) -> dict:
    made, measure = study.estimate, study.measure
    return {
        "off": show_distance(study.effect, measure),
        "step": show_change(study.effect, measure),
        "step_range": show_range(study.low, study.high, measure),
        "first_off": show_distance(study.first, measure),
        "first_period": str(made.fitted.index[made.n_before]),
        "mean": show_change(study.change, measure),
        "smallest": show_change(study.smallest_effect, measure)[1:],
        "push": "rise" if study.push > 0 else "fall",
        "years_before": str(made.n_before),
        "years_after": str(made.n_after),
    }


def goods_table(material: str) -> pd.DataFrame:
    """The HS codes that stand for a material: ``product``, ``label``, ``note``."""
    codes = catalogue.load("products").query("material == @material")
    codes = codes.rename(columns={"hs6": "product", "label_en": "label"})
    return codes[["product", "label", "note"]].fillna("").reset_index(drop=True)


def estimate_table(studies: list[Study]) -> pd.DataFrame:
    """Readable estimates: one row a study, changes as text in per cent or points.

    Returns
    -------
    pandas.DataFrame
        ``measure``, ``verdict``, ``mean_change``, ``step``, ``step_range`` (95 %), ``p_value``,
        ``first`` (the first period after itself, off the line drawn on), ``slope_change`` (per
        period, with its 95 % range); ``seen_from`` and ``ranked_from``: what a change has to reach
        to be seen four times in five, or to rank in the first tenth of the placebo dates.
    """
    made = [s for s in studies if s.estimate is not None]
    return pd.DataFrame(
        {
            "measure": [s.measure for s in made],
            "verdict": [s.verdict for s in made],
            "mean_change": [show_change(s.change, s.measure) for s in made],
            "step": [show_change(s.effect, s.measure) for s in made],
            "step_range": [show_range(s.low, s.high, s.measure) for s in made],
            "first": [show_change(s.first, s.measure) for s in made],
            "p_value": [s.estimate.p for s in made],
            "slope_change": [_slope(s) for s in made],
            "seen_from": [show_reach(s.smallest_effect, s) for s in made],
            "ranked_from": [show_reach(s.smallest_ranked, s) for s in made],
        }
    )


def window_table(study: Study) -> pd.DataFrame:
    """The step of one study with other windows; empty where there is no estimate.

    Returns
    -------
    pandas.DataFrame
        ``window`` (years before and after that are known, as text), ``step``, ``step_range``,
        ``p_value``.
    """
    rows = []
    y = series.annual(study.importer, study.exporter, study.material, study.measure)
    for window in WINDOWS if study.estimate is not None else ():
        sample = segmented.cut(
            segmented.scaled(y, study.measure), events.event_day(study.event_id), window
        )
        made = segmented.interrupted(sample)
        step, low, high = (to_change(x, study.measure) for x in (made.level, made.low, made.high))
        known = f"{made.n_before} and {made.n_after} years"
        shown = show_change(step, study.measure), show_range(low, high, study.measure)
        rows.append((known, *shown, made.p))
    table = pd.DataFrame(rows, columns=["window", "step", "step_range", "p_value"])
    return table.drop_duplicates("window", ignore_index=True)


def windows_in_words(windows: pd.DataFrame) -> str:
    """The p-values of the windows as a part of a sentence; empty with fewer than two windows."""
    if len(windows) < 2:
        return ""
    return fill(
        "; over windows of {first} to {last} years the p of the step runs from {low:p} to {high:p}",
        first=str(WINDOWS[0]),
        last=str(WINDOWS[-1]),
        low=windows["p_value"].min(),
        high=windows["p_value"].max(),
    )


def placebo_rows(study: Study) -> dict[str, pd.Series]:
    """The t-values of the three kinds of placebo, by label."""
    return {
        "Other dates": study.time.t,
        "Other goods": study.product.t,
        "Other importers": study.partner.t,
    }


def placebo_title(study: Study) -> str:
    """Title of the figure of placebos."""
    return "Chance does as much" if study.own_only else _PLACEBO_TITLES[study.verdict]


def placebo_table(studies: list[Study]) -> pd.DataFrame:
    """Ranks of the step among placebos: one row a study and kind of placebo.

    Returns
    -------
    pandas.DataFrame
        ``measure``, ``placebo``, ``rank_p``, ``placebos`` (their number), ``reach`` (the smallest
        rank p-value that so many allow); ``rank_p`` is missing where there is no placebo.
    """
    rows = [
        (s.measure, kind, x.p, x.n, x.reach if x.n else nan)
        for s in studies
        if s.estimate is not None
        for kind, x in (
            ("other dates", s.time),
            ("other goods", s.product),
            ("other importers", s.partner),
        )
    ]
    return pd.DataFrame(rows, columns=["measure", "placebo", "rank_p", "placebos", "reach"])


def show_change(amount: float, measure: str) -> str:
    """Return a change as text: per cent with its sign, or points of a share; a dash if missing.

    Examples
    --------
    >>> show_change(-0.443, "tonnes"), show_change(0.0512, "share of value")
    ('−44%', '+5.1 points')
    """
    if isnan(amount):
        return "–"
    if series.is_share(measure):
        shown = f"{_even(amount * 100, 1):+.1f} points" if abs(amount) <= 1 else IMPOSSIBLE
    else:
        nearly_all = -1 < amount < -0.985
        shown = f"{amount:+.1%}" if nearly_all else f"{_even(amount, 2):+,.0%}"
    return with_signs(shown)


def show_distance(amount: float, measure: str) -> str:
    """Return a change as a distance from a line.

    Examples
    --------
    >>> show_distance(-0.443, "tonnes"), show_distance(0.0512, "share of value")
    ('44% below', '5.1 points above')
    """
    shown = show_change(amount, measure)
    size = "more than 100 points" if shown == IMPOSSIBLE else shown[1:]
    return f"{size} {'below' if amount < 0 else 'above'}"


def show_range(low: float, high: float, measure: str) -> str:
    """Return an interval of changes as text.

    Examples
    --------
    >>> show_range(-0.273, -0.14, "share of tonnes")
    '−27.3 to −14.0 points'
    """
    first, last = show_change(low, measure), show_change(high, measure)
    return f"{first.removesuffix(' points') if last.endswith(' points') else first} to {last}"


def show_reach(amount: float, study: Study) -> str:
    """Return what a change has to reach; of a share, whether there was so much to lose or to gain.

    Parameters
    ----------
    amount : float
        As `events.Study.smallest_effect`.
    """
    if series.is_share(study.measure) and not isnan(amount):
        before = study.estimate.before
        room = before if amount < 0 else 1 - before
        if abs(amount) > room:
            what = "there was" if amount < 0 else "there was to gain"
            return f"more than {what} ({room:.1%})"
    return show_change(amount, study.measure)


def _even(amount: float, digits: int) -> float:
    """Round, without a minus before a zero."""
    return round(amount, digits) + 0.0


def quotas_around(day: pd.Timestamp, exporter: str, material: str) -> pd.DataFrame:
    """China's rare-earth export quota of the event's year and of the year before.

    Returns
    -------
    pandas.DataFrame
        Two rows of ``china_export_quotas`` of one scope, or none.
    """
    rows = catalogue.load("china_export_quotas")
    if (exporter, material) != ("CHN", "rare_earths"):
        return rows[:0]
    rows = rows[rows["year"].isin([day.year - 1, day.year])].sort_values("year")
    return rows if len(rows) == 2 and rows["scope"].nunique() == 1 else rows[:0]


def regimes(study: Study) -> pd.DataFrame | None:
    """Breaks of a study's whole series, levels in its own unit; None where none can be sought."""
    values = series.annual(study.importer, study.exporter, study.material, study.measure)
    try:
        found = breaks.find_breaks(segmented.scaled(values, study.measure))
    except ValueError:
        return None
    if not series.is_share(study.measure):
        found["mean"] = np.exp(found["mean"])
    return found


def known_values(study: Study) -> pd.Series:
    """The whole series of a study, without what is missing or zero at its ends."""
    values = series.annual(study.importer, study.exporter, study.material, study.measure)
    return values[values > 0]


def breaks_title(found: pd.DataFrame) -> str:
    """Title of the figure of breaks."""
    years = [str(period) for period in found["first"].iloc[1:]]
    if not years:
        return "No break is found"
    return f"{'Breaks' if len(years) > 1 else 'A break'} in {', '.join(years)}"


def nearest_break(found: pd.DataFrame | None, day: pd.Timestamp) -> int | None:
    """Year of the break nearest to an event, None where there is none."""
    if found is None or len(found) < 2:
        return None
    years = [period.year for period in found["first"].iloc[1:]]
    return min(years, key=lambda year: abs(year - day.year))


def month_table(studies: list[Study]) -> pd.DataFrame:
    """Readable estimates of monthly exports: one row a series that reaches around the event."""
    made = [s for s in studies if s.estimate is not None]
    names = trade.economy_names() | {"WLD": "World"}
    return pd.DataFrame(
        {
            "goods": [s.material.replace("all_three", "all three together") for s in made],
            "partner": [names[s.importer] for s in made],
            "step": [show_change(s.effect, "value") for s in made],
            "step_range": [show_range(s.low, s.high, "value") for s in made],
            "p_value": [s.estimate.p for s in made],
            "rank_p": [s.p_time for s in made],
            "placebos": [s.time.n for s in made],
            "verdict": [s.verdict for s in made],
            "seen_from": [show_reach(s.smallest_effect, s) for s in made],
            "ranked_from": [show_reach(s.smallest_ranked, s) for s in made],
        }
    )


def month_counts(studies: list[Study]) -> dict:
    """What monthly series show, for sentences.

    Returns
    -------
    dict
        ``n_months``, how many series reach around the event; ``n_own``, ``n_ranked``, how many show
        a step by their errors and by rank; ``largest``, the largest step in words, empty without.
    """
    made = [s for s in studies if s.estimate is not None]
    largest = max(made, key=lambda s: abs(s.estimate.level), default=None)
    return {
        "n_months": len(made),
        "n_own": sum(s.estimate.p < segmented.LEVEL for s in made),
        "n_ranked": sum(s.p_time <= events.RANK for s in made),
        "largest": "" if largest is None else _largest(largest),
    }


def _largest(study: Study) -> str:
    goods, where = study.material.replace("all_three", "all three"), study.importer
    return fill(
        "{goods} to {where}, {step} (95% interval {span})",
        goods=goods,
        where="the world" if where == "WLD" else trade.economy_in_text(where),
        step=show_change(study.effect, "value"),
        span=show_range(study.low, study.high, "value"),
    )


def numbers(studies: dict[str, Study]) -> dict:
    """The numbers of all studies for the record, missing where there is no estimate."""
    parts = (
        "effect",
        "first",
        "low",
        "high",
        "p_time",
        "p_product",
        "p_partner",
        "smallest_effect",
    )
    return {
        f"{measure.replace(' ', '_')}_{part}": getattr(study, part)
        for measure, study in studies.items()
        for part in parts
    }


def _slope(study: Study) -> str:
    made, measure = study.estimate, study.measure
    mean, low, high = (to_change(x, measure) for x in (made.slope, made.slope_low, made.slope_high))
    return f"{show_change(mean, measure)} ({show_range(low, high, measure)})"
