"""The months of customs statistics around an event: so few that they are read, not tested."""

from dataclasses import dataclass

import pandas as pd

from rareearths import policy, series
from rareearths.words import choose, fill, joined, with_signs

NEAR = 12  # months on each side of an event that are looked at
LEAST = 3  # months of a series within them, and months before that make a mean
NEXT = 3  # months after the event that the answer names
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True)
class Months:
    """The known months of one series around an event, against a mean.

    ``base`` is in tonnes a month, missing where nothing known precedes; ``of`` says in words which
    months it is the mean of; ``known`` has ``month`` (period), ``quantity_t`` and ``change``
    (against ``base``, fraction).
    """

    name: str
    base: float
    of: str
    known: pd.DataFrame
    event: pd.Period

    @property
    def rows(self) -> pd.DataFrame:
        """The months from that of the event on."""
        return self.known[self.known["month"] >= self.event]

    @property
    def after(self) -> pd.DataFrame:
        """The months after that of the event."""
        return self.rows[self.rows["month"] > self.event]

    @property
    def total(self) -> bool:
        """Whether it is a total for all customers."""
        return self.name.endswith("to the world")

    @property
    def readable(self) -> bool:
        """Whether there is a mean to compare with and a month to compare."""
        return self.base > 0 and len(self.after) > 0


def around(months: pd.DataFrame, day: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """The monthly rows within `NEAR` months of an event, by series; only those with `LEAST`.

    Parameters
    ----------
    months : pandas.DataFrame
        As from `series.customs_months`.
    """
    event = pd.Period(day, "M")
    distance = months["month"].map(lambda month: abs((month - event).n))
    near = months[distance.astype(float) <= NEAR]
    return {name: rows for name, rows in near.groupby("series") if len(rows) >= LEAST}


def compare(customs: dict[str, pd.DataFrame], day: pd.Timestamp) -> list[Months]:
    """Set the months around an event against a mean of the months before.

    Japan's imports of 2010 have no month before the event, but the year's total: what it leaves
    for the months that no page quotes is the mean then.
    """
    event = pd.Period(day, "M")
    found = []
    for name, rows in customs.items():
        base, of = _base(name, rows, event)
        known = rows.sort_values("month").assign(change=rows["quantity_t"] / base - 1)
        found.append(Months(name, base, of, known, event))
    return found


def _base(name: str, rows: pd.DataFrame, event: pd.Period) -> tuple[float, str]:
    mean, _ = series.rest_of_year(event.year)
    if name == series.JAPAN_MONTHS and mean > 0:
        left = spans(series.unquoted_months(event.year))
        return mean, f"the mean of {left} {event.year} (from the year's total)"
    before = rows.loc[rows["month"] < event, "quantity_t"]
    if len(before) < LEAST:
        return float("nan"), ""
    return float(before.mean()), f"the mean of the {len(before)} known months before"


def spans(months: list[int]) -> str:
    """Name months, runs of them by their ends.

    Examples
    --------
    >>> spans([1, 2, 3, 8]), spans([5])
    ('January to March and August', 'May')
    """
    runs: list[list[int]] = []
    for month in sorted(months):
        if runs and month == runs[-1][-1] + 1:
            runs[-1].append(month)
        else:
            runs.append([month])
    names = [[MONTHS[month - 1] for month in (run[0], run[-1])] for run in runs]
    return joined([first if first == last else f"{first} to {last}" for first, last in names])


def answer(found: list[Months], act: pd.Series) -> str:
    """The first months after the event as a sentence of the answer, plain text; maybe empty.

    The importer's own series come first; those of the world are read only where it has none and
    the event aimed at the whole world.
    """
    own = [months for months in found if months.readable and not months.total]
    world = [months for months in found if months.readable and months.total and _aims_at_all(act)]
    return " ".join(
        fill(
            "By customs, {name} against {of}: {list}.",
            name=months.name,
            of=months.of,
            list=", ".join(f"{month} {_percent(x)}" for month, x in _named(months.after[:NEXT])),
        )
        for months in own or world
    )


def _named(rows: pd.DataFrame) -> list[tuple[str, float]]:
    """Months by name, the year with the first one of each year, and their changes."""
    named, year = [], None
    for row in rows.itertuples():
        said = MONTHS[row.month.month - 1]
        named.append((said if row.month.year == year else f"{said} {row.month.year}", row.change))
        year = row.month.year
    return named


def on_months(found: list[Months], act: pd.Series) -> str:
    """What the months of each series are held against and what their sum hides, as plain text.

    Parameters
    ----------
    found : list of Months
    act : pandas.Series
        The event, as from `policy.load_event`.

    Returns
    -------
    str
        A paragraph for each series, and one for all.
    """
    if not found:
        return "No month of customs statistics is at hand within a year of the event."
    said = [_on_series(months, act) for months in found]
    return "\n\n".join([*said, "So few months, with gaps, bear no test."])


def _on_series(months: Months, act: pd.Series) -> str:
    if not months.readable:
        return f"{months.name}: the known months do not reach around the event."
    return " ".join(
        [
            fill(
                "{name}: the event's months are held against {of}, {base:tonnes} a month.",
                name=months.name,
                of=months.of,
                base=months.base,
            ),
            *_inside(months, act),
            *_sum(months),
            *["A total for all customers cannot show a stop of one."]
            * (months.total and not _aims_at_all(act)),
        ]
    )


def _aims_at_all(act: pd.Series) -> bool:
    return policy.EVERYONE in act["targets"]


def _inside(months: Months, act: pd.Series) -> list[str]:
    """Which months lie mostly between the days of an event that is over."""
    if act["status"] not in ("removed", "expired") or pd.isna(act["to_day"]):
        return []
    middle = months.rows["month"].map(lambda month: month.start_time + pd.Timedelta(days=15))
    within = middle.between(act["from_day"], act["to_day"])
    names = [str(month) for month in months.rows.loc[within, "month"]]
    template = "Mostly within the days given for the event, {first} to {last}: {names}."
    days = {"first": f"{act['from_day']:%Y-%m-%d}", "last": f"{act['to_day']:%Y-%m-%d}"}
    return [fill(template, names=joined(names), **days)] if names else []


def furthest(months: Months, rises: bool) -> str:
    """The lowest month after the event (or the highest), and when the mean was met again.

    Parameters
    ----------
    months : Months
        Readable ones.
    rises : bool
        Whether to look for the highest.
    """
    after = months.after
    change = after["change"]
    row = after.loc[change.idxmax() if rises else change.idxmin()]
    later = after[after["month"] > row["month"]]
    back = later[later["change"] <= 0] if rises else later[later["change"] >= 0]
    lead = "{which} in the months after that of the event: {month} ({x})"
    template = choose(
        ((row["change"] > 0) != rises, f"{lead}, no {{move}}"),
        (len(back) > 0, f"{lead}; back at the mean in {{back}}"),
        (later.empty, f"{lead}; no later month is known"),
        (True, f"{lead}; no later known month is back at the mean"),
    )
    return fill(
        template,
        which="Highest" if rises else "Lowest",
        move="rise" if rises else "fall",
        month=str(row["month"]),
        x=_percent(row["change"]),
        back=str(back["month"].iloc[0]) if len(back) else "",
    )


def _sum(months: Months) -> list[str]:
    """What the months of the event's year make together, where that hides some of them."""
    rows = months.rows[months.rows["month"].map(lambda month: month.year) == months.event.year]
    ratio = rows["quantity_t"].sum() / (months.base * len(rows)) if len(rows) else 1.0
    below, above = int((rows["change"] < 0).sum()), int((rows["change"] > 0).sum())
    if not below or not above or len(rows) < LEAST:
        return []
    return [
        fill(
            "Together the {n} known months of {year} make {ratio:pct0} of what that mean gives, a "
            "sum that hides them: {below} below it, {above} above.",
            n=len(rows),
            year=str(months.event.year),
            ratio=ratio,
            below=below,
            above=above,
        )
    ]


def _percent(change: float) -> str:
    return with_signs(f"{round(change, 2) + 0.0:+,.0%}")
