"""What event studies show, made readable: tables, changes as text, numbers for sentences."""

from math import isnan, nan

import numpy as np
import pandas as pd

from rareearths import breaks, catalogue, events, series, trade
from rareearths.events import Study, to_change
from rareearths.synthetic import Synthetic

SUBTITLES = {
    "tonnes": "Tonnes, gross weight, of {material} from {exporter} to {importer}",
    "value": "Value, current US$, of {material} from {exporter} to {importer}",
    "unit value": "Current US$ per kg of {material} from {exporter} to {importer}",
    "share of tonnes": "Share of {exporter} in the tonnes of {material} that {importer} imports",
    "share of value": "Share of {exporter} in the value of {material} that {importer} imports",
}
WINDOWS = (5, 6, 7, 8)
PLACEBO_TITLES = {
    "found": "The step stands out from chance",
    "mixed": "Not every comparison sets the step apart",
    "not found": "Chance does as much",
    "cannot be decided": "Too few placebos to rank the step",
}
NEAR = 12  # months on each side of an event that are looked at in customs statistics


def summary(study: Study) -> dict:
    """The words and numbers of one study that sentences need.

    Returns
    -------
    dict
        ``measure``, ``verdict``, ``reason``; ``off`` ("44% below"), ``step``, ``step_range``,
        ``mean``, ``smallest``, all text, empty without an estimate.
    """
    known = study.estimate is not None
    step = show_change(study.effect, study.measure)
    return {
        "measure": study.measure,
        "verdict": study.verdict,
        "reason": study.reason,
        "off": f"{step[1:]} {'below' if study.effect < 0 else 'above'}" if known else "",
        "step": step if known else "",
        "step_range": _range(study.low, study.high, study.measure) if known else "",
        "mean": show_change(study.change, study.measure) if known else "",
        "smallest": show_change(study.smallest_effect, study.measure)[1:] if known else "",
    }


def first_word(economy: str) -> str:
    """The name of an economy as it begins a sentence: "The United States"."""
    name = trade.economy_in_text(economy)
    return name[0].upper() + name[1:]


def ranks(lead: Study, share: Study) -> dict:
    """The ranks among partners, and the words on the share, that sentences need.

    Returns
    -------
    dict
        ``p_partner``, ``p_share`` (missing where there is none), ``n_partners``; ``n_lower``, how
        many partners ended lower; `summary` of the share, ``share_`` before each name.
    """
    changes = events.changes_among(lead)
    return {
        "p_partner": lead.partner.p,
        "p_share": share.partner.p,
        "n_partners": lead.partner.n,
        "n_lower": int((changes < changes.get(lead.importer, nan)).sum()),
        **{f"share_{name}": word for name, word in summary(share).items()},
    }


def estimate_table(studies: list[Study]) -> pd.DataFrame:
    """Readable estimates: one row a study, changes as text in per cent or points.

    Returns
    -------
    pandas.DataFrame
        ``measure``, ``mean_change``, ``step``, ``step_range`` (95 %), ``p_value``, ``slope_change``
        (per period, with its 95 % range), ``seen_from`` (smallest fall seen four times in five),
        ``ranked_from`` (smallest fall among the first tenth of the placebo dates).
    """
    made = [s for s in studies if s.estimate is not None]
    return pd.DataFrame(
        {
            "measure": [s.measure for s in made],
            "mean_change": [show_change(s.change, s.measure) for s in made],
            "step": [show_change(s.effect, s.measure) for s in made],
            "step_range": [_range(s.low, s.high, s.measure) for s in made],
            "p_value": [s.estimate.p for s in made],
            "slope_change": [_slope(s) for s in made],
            "seen_from": [show_change(s.smallest_effect, s.measure) for s in made],
            "ranked_from": [show_change(s.smallest_ranked, s.measure) for s in made],
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
        sample = events.cut(
            events.scaled(y, study.measure), events.event_day(study.event_id), window
        )
        made = events.interrupted(sample)
        step, low, high = (to_change(x, study.measure) for x in (made.level, made.low, made.high))
        known = f"{made.n_before} and {made.n_after} years"
        shown = show_change(step, study.measure), _range(low, high, study.measure)
        rows.append((known, *shown, made.p))
    table = pd.DataFrame(rows, columns=["window", "step", "step_range", "p_value"])
    return table.drop_duplicates("window", ignore_index=True)


def placebo_rows(study: Study) -> dict[str, pd.Series]:
    """The t-values of the three kinds of placebo, by label."""
    return {
        "Other dates": study.time.t,
        "Other goods": study.product.t,
        "Other importers": study.partner.t,
    }


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
        shown = f"{amount * 100:+.1f} points" if abs(amount) <= 1 else "more than there is"
    else:
        shown = f"{amount:+.1%}" if -1 < amount < -0.985 else f"{amount:+,.0%}"
    return shown.replace("-", "−")


def rank_of_change(changes: pd.Series, importer: str, measure: str) -> dict:
    """Where one importer stands among all: texts and counts for sentences.

    Parameters
    ----------
    changes : pandas.Series
        As from `events.changes_among`.
    """
    others = changes.drop(importer)
    return {
        "name": trade.economy_names()[importer],
        "own_change": show_change(changes[importer], measure),
        "median_change": show_change(others.median(), measure),
        "n_partners": len(others),
    }


def mix_of_others(
    event_id: str, importer: str, exporter: str, material: str, window: int
) -> tuple[Synthetic | None, str]:
    """The synthetic control by tonnes, or None and the reason why there is none."""
    try:
        return events.against_partners(event_id, importer, exporter, material, window=window), ""
    except ValueError as error:
        return None, str(error)


def mix_table(mix: Synthetic) -> pd.DataFrame:
    """The importer and its mix by year: ``year`` (text), ``importer``, ``mix``."""
    table = pd.DataFrame({"importer": mix.treated, "mix": mix.control}).rename_axis("year")
    return table.reset_index().astype({"year": str})


def mix_summary(mix: Synthetic) -> dict:
    """The words and numbers of a synthetic control that sentences need."""
    gap = float((mix.gap / mix.control)[mix.treated.index >= mix.first_after].mean())
    large = mix.weights[mix.weights >= 0.05].sort_values(ascending=False)
    names = trade.economy_names()
    return {
        "mix_side": "Below" if gap < 0 else "Above",
        "mix_size": show_change(abs(gap), "tonnes")[1:],
        "mix_p": mix.p,
        "n_units": len(mix.ratios),
        "n_donors": len(mix.weights),
        "recipe": ", ".join(f"{names.get(c, c)} {w:.0%}" for c, w in large.items()),
    }


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
        found = breaks.find_breaks(events.scaled(values, study.measure))
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
            "step_range": [_range(s.low, s.high, "value") for s in made],
            "p_value": [s.estimate.p for s in made],
            "rank_p": [s.p_time for s in made],
            "placebos": [s.time.n for s in made],
            "verdict": [s.verdict for s in made],
        }
    )


def month_counts(table: pd.DataFrame) -> dict:
    """How many monthly series there are, and how many show a step by their errors and by rank."""
    return {
        "n_months": len(table),
        "n_own": int((table["p_value"] < events.LEVEL).sum()),
        "n_ranked": int((table["rank_p"] <= events.RANK).sum()),
    }


def months_around(months: pd.DataFrame, day: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """The monthly rows within `NEAR` months of an event, by series; only those with three or more.

    Parameters
    ----------
    months : pandas.DataFrame
        As from `series.customs_months`.
    """
    event = pd.Period(day, "M")
    distance = months["month"].map(lambda month: abs((month - event).n))
    near = months[distance.astype(float) <= NEAR]
    return {name: rows for name, rows in near.groupby("series") if len(rows) >= 3}


def before_and_after(months: pd.DataFrame, day: pd.Timestamp) -> dict:
    """Means and counts of the known months before and after an event, its own month left out."""
    event = pd.Period(day, "M")
    before = months.loc[months["month"] < event, "quantity_t"]
    after = months.loc[months["month"] > event, "quantity_t"]
    least = months.loc[months["quantity_t"].idxmin()]
    return {
        "n_before": len(before),
        "n_after": len(after),
        "mean_before": before.mean() if len(before) else 0.0,
        "mean_after": after.mean() if len(after) else 0.0,
        "lowest": least["quantity_t"],
        "lowest_month": str(least["month"]),
    }


def numbers(studies: dict[str, Study]) -> dict:
    """The numbers of all studies for the record, missing where there is no estimate."""
    parts = ("effect", "low", "high", "p_time", "p_product", "p_partner", "smallest_effect")
    return {
        f"{measure.replace(' ', '_')}_{part}": getattr(study, part)
        for measure, study in studies.items()
        for part in parts
    }


def _range(low: float, high: float, measure: str) -> str:
    return f"{show_change(low, measure)} to {show_change(high, measure)}"


def _slope(study: Study) -> str:
    made, measure = study.estimate, study.measure
    mean, low, high = (to_change(x, measure) for x in (made.slope, made.slope_low, made.slope_high))
    return f"{show_change(mean, measure)} ({_range(low, high, measure)})"
