"""Figures of an event study: series around an event, placebos, synthetic control, breaks."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, PercentFormatter

from rareearths import around, customs, evidence, series
from rareearths.figures.frame import show
from rareearths.figures.look import (
    INK,
    MUTED,
    OTHERS_COLOUR,
    PAPER,
    canvas,
    dollars,
    economy_colours,
    economy_name,
    label_right,
    labelled_years,
    text_colour,
)
from rareearths.words import choose, show_number, with_signs

DASHED = (0, (4, 3))
ABOVE = 0.55  # height of the importer in question over the dots of the others


_FORMATS = {
    "tonnes": lambda v, _: f"{v:,.0f}",
    "value": lambda v, _: f"${v / 1e6:,.4g}m",
    "unit value": dollars,
    "share of tonnes": lambda v, _: f"{v:.0%}",
    "share of value": lambda v, _: f"{v:.0%}",
}


def plot_interrupted(axes: Axes, values: pd.Series, study, day: pd.Timestamp, economy: str) -> Axes:
    """Draw a series and its event, the fitted lines, and the trend before drawn on (dashed).

    Parameters
    ----------
    values : pandas.Series
        The series by years or months, also outside the fit; some of it is known.
    study : events.Study
        Its estimate may be missing: then the series alone is drawn.
    day : pandas.Timestamp
        Day of the event.
    economy : str
        ISO3 code for the colour.
    """
    colour = economy_colours([economy])[0]
    top = values.max()
    axes.plot(_time(values.index), values, "o", ms=3.5, color=colour, alpha=0.75)
    if study.estimate is not None:
        fitted, baseline = study.fitted_lines()
        start = study.estimate.n_before
        for part in (fitted.iloc[:start], fitted.iloc[start:]):
            axes.plot(_time(part.index), part, color=colour, lw=1.8)
        drawn_on = baseline.iloc[start:]
        axes.plot(_time(drawn_on.index), drawn_on, color=MUTED, lw=1.4, ls=DASHED)
        top = max(top, fitted.max())
    axes.set_ylim(0, 1.12 * top)
    axes.yaxis.set_major_formatter(FuncFormatter(_FORMATS[study.measure]))
    _time_axis(axes, values.index)
    return _mark(axes, day)


def show_studies(studies: dict, day: pd.Timestamp, **facts) -> None:
    """Show a figure for each study whose series has any data; see `plot_interrupted`.

    Parameters
    ----------
    studies : dict of str to events.Study
        By measure.
    day : pandas.Timestamp
        Day of the event.
    **facts
        Values of the templates: ``importer``, ``exporter``, ``material``, ``source``.
    """
    for measure, study in studies.items():
        values = series.annual(study.importer, study.exporter, study.material, measure)
        if not values.max() > 0:
            continue
        known = values.dropna()
        last = known.index[-1]
        show(
            plot_interrupted(canvas(2.5), values, study, day, study.exporter),
            title=choose(
                (
                    study.estimate is not None,
                    "{what}: the line after starts {off} the line before; mean {mean}",
                ),
                (
                    last.year < day.year,
                    "{what}: {newest} in {last}, the last year known; the event came later",
                ),
                (True, "{what}: {newest} in {last}, too little for a line on both sides"),
            ),
            subtitle=evidence.SUBTITLES[measure]
            + ("; dotted: the event" if study.estimate is None and last.year >= day.year else ""),
            alt="{what} by year, {first} to {last}, with the day of the event.",
            data=values.rename(measure).rename_axis("year").reset_index().astype({"year": str}),
            **facts | evidence.summary(study),
            what="Quantity" if measure == "tonnes" else measure.capitalize(),
            first=str(known.index[0]),
            last=str(last),
            newest=show_number(known.iloc[-1], around.FORMS[measure]),
        )


def plot_placebos(axes: Axes, rows: dict[str, pd.Series], t: float) -> Axes:
    """Draw the t-values of placebos, one row a kind, and that of the event.

    Parameters
    ----------
    rows : dict of str to pandas.Series
        Label of the row to t-values; an empty one says "none".
    t : float
        The t-value at the event.
    """
    limit = 1.1 * max([abs(t), *(s.abs().max() for s in rows.values() if len(s))])
    for i, values in enumerate(rows.values()):
        axes.plot(values, np.full(len(values), i), "|", ms=13, mew=1.4, color=OTHERS_COLOUR)
        axes.plot(t, i, "D", ms=6.5, color=INK, mec=PAPER, mew=0.8, zorder=5)
        if not len(values):
            axes.annotate("none", (0, i), ha="center", va="center", fontsize=8, color=MUTED)
    axes.axvline(0, color=MUTED, lw=0.8)
    axes.set(xlim=(-limit, limit), ylim=(len(rows) - 0.5, -0.5), yticks=range(len(rows)))
    axes.set_yticklabels(rows)
    axes.grid(axis="y", visible=False)
    return axes


def placebo_values(rows: dict[str, pd.Series], t: float) -> pd.DataFrame:
    """The data of `plot_placebos`: ``row`` (label or "the event") and ``t_value``."""
    found = {"the event": [t]} | rows
    pairs = [(label, value) for label, values in found.items() for value in values]
    return pd.DataFrame(pairs, columns=["row", "t_value"])


def plot_changes(axes: Axes, changes: pd.Series, importer: str, in_points: bool = False) -> Axes:
    """Draw the change of each importer as a dot on one line, the one in question named.

    Parameters
    ----------
    changes : pandas.Series
        Importer to change, as a fraction or in points of a share (``in_points``).
    importer : str
        ISO3 code of the one to name; it is among them.
    """
    shown = changes if in_points else np.log1p(changes)
    rng = np.random.default_rng(0)  # spreads dots that would hide each other
    heights = rng.uniform(-0.3, 0.3, len(shown))
    own = shown.index == importer
    colour = economy_colours([importer])[0]
    axes.plot(shown[~own], heights[~own], "o", ms=5, color=OTHERS_COLOUR, alpha=0.7)
    median = shown[~own].median()
    axes.axvline(0, color=MUTED, lw=0.8)
    axes.axvline(median, color=MUTED, lw=1.2, ls=DASHED)
    place = float(shown[own].iloc[0])
    axes.plot(place, ABOVE, "D", ms=8, color=colour, mec=PAPER, zorder=5)
    side, away = ("right", -8) if place < median else ("left", 8)
    axes.annotate(
        economy_name(importer), (place, ABOVE), (away, 0), textcoords="offset points", ha=side,
        va="center", fontsize=9, color=text_colour(colour),
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
    )  # fmt: skip
    axes.annotate("median", (median, -0.48), (3, 0), textcoords="offset points", fontsize=8,
                  color=MUTED)  # fmt: skip
    axes.set(ylim=(-0.6, 0.75), yticks=[])
    if in_points:
        axes.xaxis.set_major_formatter(FuncFormatter(_signed))
    else:
        ticks = [x for x in (-0.95, -0.9, -0.75, -0.5, 0, 1, 3, 9, 19) if _inside(axes, x)]
        axes.set_xticks(np.log1p(ticks), [_signed(x) for x in ticks])
    return axes


def plot_synthetic(
    axes: Axes, treated: pd.Series, control: pd.Series, day: pd.Timestamp, economy: str
) -> Axes:
    """Draw an importer beside its synthetic control, both as an index with 1 before the event.

    Parameters
    ----------
    treated, control : pandas.Series
        Indexed by the same years.
    day : pandas.Timestamp
        Day of the event.
    economy : str
        ISO3 code of the importer.
    """
    colour = economy_colours([economy])[0]
    ends = pd.Series({"own": treated.iloc[-1], "mix": control.iloc[-1]})
    for line, shade, style in ((treated, colour, "-"), (control, MUTED, DASHED)):
        years = pd.period_range(line.index[0], line.index[-1], freq="Y")
        axes.plot(_time(years), line.reindex(years), "o", ms=3, color=shade, ls=style)
    axes.set_ylim(0, 1.08 * max(treated.max(), control.max()))
    _time_axis(axes, pd.period_range(treated.index[0], treated.index[-1], freq="Y"))
    _mark(axes, day)
    label_right(axes, ends, [economy_name(economy), "Mix of others"], [colour, MUTED])
    return axes


def plot_regimes(
    axes: Axes, values: pd.Series, regimes: pd.DataFrame, measure: str, economy: str
) -> Axes:
    """Draw a series and the level of each regime between breaks.

    Parameters
    ----------
    values : pandas.Series
        Indexed by periods.
    regimes : pandas.DataFrame
        ``first``, ``last`` (periods) and ``mean`` in the unit of ``values``.
    measure : str
        What is measured, for the scale.
    economy : str
        ISO3 code for the colour.
    """
    colour = economy_colours([economy])[0]
    axes.plot(_time(values.index), values, "o-", ms=3, lw=0.9, color=colour, alpha=0.6)
    for row in regimes.itertuples():
        axes.plot(_time([row.first, row.last]), [row.mean] * 2, color=INK, lw=2)
    axes.set_ylim(0, 1.08 * values.max())
    axes.yaxis.set_major_formatter(FuncFormatter(_FORMATS[measure]))
    _time_axis(axes, values.index)
    return axes


def plot_months(axes: Axes, months: customs.Months, day: pd.Timestamp) -> Axes:
    """Draw monthly tonnes as published, one dot a month that is known; gaps stay empty.

    Parameters
    ----------
    months : customs.Months
        One series; dashed is the mean that it is held against, where there is one.
    day : pandas.Timestamp
        Day of the event.
    """
    known = months.known.set_index("month")["quantity_t"]
    full = known.reindex(pd.period_range(known.index[0], known.index[-1], freq="M"))
    if months.readable:
        axes.axhline(months.base, color=MUTED, lw=1.2, ls=DASHED)
    axes.plot(_time(full.index), full, "-", lw=1.2, color=OTHERS_COLOUR)
    axes.plot(_time(known.index), known, "o", ms=4, color=INK)
    axes.set_ylim(0, 1.12 * known.max())
    axes.yaxis.set_major_formatter(FuncFormatter(_FORMATS["tonnes"]))
    _time_axis(axes, full.index)
    return _mark(axes, day)


def plot_monthly_share(axes: Axes, shares: pd.DataFrame) -> Axes:
    """Draw one supplier's share by month; months that may be revised are hollow dots.

    Parameters
    ----------
    shares : pandas.DataFrame
        ``month`` (period), ``share_value`` (fraction), ``provisional``, see `monthly.shares`.
    """
    known = shares.set_index("month")
    months = pd.period_range(known.index.min(), known.index.max(), freq="M")
    line = known["share_value"].reindex(months)
    axes.plot(_time(months), line, color=INK, lw=1.4)
    for provisional, fill in ((False, INK), (True, PAPER)):
        part = known.loc[known["provisional"] == provisional, "share_value"]
        axes.plot(_time(part.index), part, "o", ms=4, color=INK, mfc=fill)
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    _time_axis(axes, months)
    return axes


def show_months(found: list[customs.Months], act: pd.Series, /, **facts) -> None:
    """Show a figure for each series of customs months; see `plot_months`.

    Parameters
    ----------
    found : list of customs.Months
        As from `customs.compare`.
    act : pandas.Series
        The event, as from `policy.load_event`.
    """
    for months in found:
        names = months.known["month"].astype(str)
        title = "{n} months are known, {first} to {last}"
        if months.readable:
            title = customs.furthest(months, act["direction"] == "liberalising")
        show(
            plot_months(canvas(2.4), months, act["from_day"]),
            title=title,
            subtitle="{name}, tonnes"
            + "; dashed: {of}" * months.readable
            + "; dotted: the event" * (names.iloc[0] <= str(months.event) <= names.iloc[-1])
            + "; gaps: months not quoted",
            alt="A dot for each known month, and the day of the event.",
            data=months.known[["month", "quantity_t", "change"]].assign(month=names),
            name=months.name,
            of=months.of,
            n=len(names),
            first=names.iloc[0],
            last=names.iloc[-1],
            **facts | {"source": "Source: customs, as quoted by the pages of the table"},
        )


def _mark(axes: Axes, day: pd.Timestamp) -> Axes:
    """Mark the day of an event by a vertical line, where it lies within the axes."""
    place = day.year + (day.day_of_year - 1) / 365.25
    low, high = axes.get_xlim()
    if low <= place <= high:
        axes.axvline(place, color=INK, lw=0.9, ls=(0, (1, 2)))
    return axes


def _time_axis(axes: Axes, periods: pd.PeriodIndex) -> None:
    """Set limits and labels of a time axis: up to six years or four months under their periods."""
    step = max(1, -(-len(periods) // 4))
    if periods.freqstr != "M":
        years = labelled_years(periods[0].year, periods[-1].year)
        axes.set_xticks([year + 0.5 for year in years], [str(year) for year in years])
    elif len(periods) > 24:
        labelled = periods[periods.month == 1][:: max(1, len(periods) // 72)]
        axes.set_xticks([p.year for p in labelled], [str(p.year) for p in labelled])
    else:
        axes.set_xticks(_time(periods[::step]), [str(p) for p in periods[::step]])
    places = _time(periods)
    pad = (places[1] - places[0]) / 2 if len(places) > 1 else 0.5
    axes.set_xlim(places[0] - pad, places[-1] + pad)


def _signed(change: float, _=None) -> str:
    """Return a change as the label of a tick: −50%, 0%, +100%."""
    return with_signs(f"{change:+.0%}") if change else "0%"


def _inside(axes: Axes, change: float) -> bool:
    low, high = axes.get_xlim()
    return low <= np.log1p(change) <= high


def _time(periods) -> np.ndarray:
    """Periods as years with fractions, each in its middle, so that an event lies beside it."""
    return np.array([p.year + ((p.month - 0.5) / 12 if p.freqstr == "M" else 0.5) for p in periods])
