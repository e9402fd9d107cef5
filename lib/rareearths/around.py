"""The years around an event, and how far the line before was drawn on past what had been seen."""

from dataclasses import dataclass

import pandas as pd

from rareearths import series
from rareearths.events import Study
from rareearths.words import choose, fill, joined, show_number

FORMS = {
    "tonnes": "tonnes",
    "value": "usd",
    "unit value": "usd_kg",
    "share of tonnes": "pct",
    "share of value": "pct",
}
_COLUMNS = {
    "quantity_t": "tonnes",
    "value_usd": "value",
    "usd_per_kg": "unit value",
    "share_tonnes": "share of tonnes",
    "share_value": "share of value",
}


def years_table(
    importer: str, exporter: str, material: str, day: pd.Timestamp, each_side: int = 2
) -> pd.DataFrame:
    """The five measures in the year of an event and in the years beside it.

    Returns
    -------
    pandas.DataFrame
        ``year``, ``quantity_t``, ``value_usd``, ``usd_per_kg``, ``share_tonnes``, ``share_value``
        (fractions); the years that the trade table has, maybe none.
    """
    known = {
        column: series.annual(importer, exporter, material, measure)
        for column, measure in _COLUMNS.items()
    }
    table = pd.DataFrame(known)
    table.insert(0, "year", table.index.year)
    near = table["year"].between(day.year - each_side, day.year + each_side)
    return table[near].reset_index(drop=True)


def on_years(table: pd.DataFrame, day: pd.Timestamp, importer: str, quotas: pd.DataFrame) -> str:
    """What was bought in the year of the event and beside it, as plain text.

    Parameters
    ----------
    table : pandas.DataFrame
        As from `years_table`.
    importer : str
        As it begins a sentence.
    quotas : pandas.DataFrame
        As from `evidence.quotas_around`.
    """
    by_year = table.set_index("year")
    if day.year not in by_year.index:
        return f"The year of the event, {day.year}, is not in the yearly data."
    near = by_year.reindex([day.year - 1, day.year, day.year + 1]).dropna(how="all")
    column = "value_usd" if near["quantity_t"].isna().any() else "quantity_t"
    amounts = near[column]
    form = FORMS[_COLUMNS[column]]
    bought = joined([f"{show_number(v, form)} in {year}" for year, v in amounts.items()])
    said = [f"{importer} bought {bought}.", *_year_of_event(amounts, day, quotas)]
    return " ".join([*said, _left_out(day)])


def _year_of_event(amounts: pd.Series, day: pd.Timestamp, quotas: pd.DataFrame) -> list[str]:
    """The change into the year of the event, beside that of the quota where one is known."""
    if not amounts.get(day.year - 1, 0) > 0:
        return []
    change = amounts[day.year] / amounts[day.year - 1] - 1
    said = f"In {day.year}, the year of the event, that was {_moved(change)}"
    if len(quotas) == 2:
        before, after = quotas["quota_t"]
        said += f"; the quota for all customers {_moved(after / before - 1)}"
    return [said + "."]


def _moved(change: float) -> str:
    """A change in words.

    Examples
    --------
    >>> _moved(0.49), _moved(-0.37), _moved(0.001)
    ('49% more than the year before', '37% less than the year before', 'as much as the year before')
    """
    if abs(change) < 0.005:
        return "as much as the year before"
    return f"{abs(change):,.0%} {'more' if change > 0 else 'less'} than the year before"


def _left_out(day: pd.Timestamp) -> str:
    """What the step can see of a short event."""
    return choose(
        (
            (day.month, day.day) == (1, 1),
            "The day tested is the first of a year, so no year is left out; but a year blurs what "
            "lasted weeks.",
        ),
        (
            True,
            f"A stop, or a rush, of weeks lies in the year that is left out, {day.year}: a yearly "
            "step can see only what lasted.",
        ),
    )


@dataclass(frozen=True)
class DrawnOn:
    """Where the line before an event stands in the first period after, and what was seen before.

    ``at``, ``low`` and ``high`` are in the unit of the measure; ``past`` is the last period in
    which a share drawn on is below 0 or above 1, None where there is none.
    """

    measure: str
    period: pd.Period
    at: float
    low: float
    high: float
    past: pd.Period | None

    @property
    def strained(self) -> bool:
        """Whether the line leaves what was seen before, or what a share can be."""
        return not self.low <= self.at <= self.high or self.past is not None


def drawn_on(study: Study) -> DrawnOn:
    """Look at the line before, drawn on, of a yearly study that has an estimate."""
    _, baseline = study.fitted_lines()
    after = baseline.iloc[study.estimate.n_before :]
    values = series.annual(study.importer, study.exporter, study.material, study.measure)
    seen = values[values.index <= baseline.index[study.estimate.n_before - 1]]
    if not series.is_share(study.measure):
        seen = seen[seen > 0]
    impossible = after[(after < 0) | (after > 1)] if series.is_share(study.measure) else after[:0]
    past = impossible.index[-1] if len(impossible) else None
    return DrawnOn(study.measure, after.index[0], after.iloc[0], seen.min(), seen.max(), past)


def strained(studies: list[Study]) -> list[DrawnOn]:
    """The studies whose line, drawn on, leaves what was seen before or what is possible."""
    drawn = [drawn_on(study) for study in studies if study.estimate is not None]
    return [line for line in drawn if line.strained]


def on_strained(studies: list[Study]) -> str:
    """A warning for the lines that leave what was seen before, as plain text; maybe empty."""
    lines = strained(list({study.measure: study for study in studies}.values()))
    if not lines:
        return ""
    return (
        "Beware: the line drawn on leaves what was seen before, or what is possible, for "
        f"{joined([_strain(line) for line in lines])}; a step against such a line is doubtful."
    )


def on_lines(studies: list[Study]) -> str:
    """What to know of the lines drawn on, for all measures, as plain text."""
    fine = "No line drawn on leaves what was seen before."
    return " ".join([on_strained(studies) or fine, on_opposed(studies)]).strip()


def _strain(line: DrawnOn) -> str:
    form = FORMS[line.measure]
    at, low, high = (show_number(x, form) for x in (line.at, line.low, line.high))
    for unit in (" tonnes", " per kg"):
        low = low.removesuffix(unit)
    past = "" if line.past is None else f" and outside 0 to 100% by {line.past}"
    return f"the {line.measure} ({at} in {line.period}{past}; seen before: {low} to {high})"


def on_opposed(studies: list[Study]) -> str:
    """Name the measures whose step and mean change differ in sign, as plain text; maybe empty."""
    names = [
        study.measure
        for study in studies
        if study.estimate is not None and study.effect * study.change < 0
    ]
    if not names:
        return ""
    return fill(
        "Step and mean change point opposite ways for {names}: the step there rests on the trend "
        "before.",
        names=joined([f"the {name}" for name in names]),
    )
