"""The days that a brief is about."""

from dataclasses import dataclass

import pandas as pd

from rareearths import policy

TODAY = "today"
MOST_DAYS = 366


@dataclass(frozen=True)
class Window:
    """The days of a brief, both ends counted.

    Attributes
    ----------
    start, end : pandas.Timestamp
    """

    start: pd.Timestamp
    end: pd.Timestamp

    @property
    def first(self) -> str:
        return f"{self.start:%Y-%m-%d}"

    @property
    def last(self) -> str:
        return f"{self.end:%Y-%m-%d}"

    @property
    def before(self) -> str:
        """The day before the first one."""
        return f"{self.start - pd.Timedelta(days=1):%Y-%m-%d}"

    def holds(self, day: str) -> bool:
        return self.first <= day <= self.last


def window(as_of: str, days: int) -> Window:
    """Return the days up to a day.

    Parameters
    ----------
    as_of : str
        The last day, YYYY-MM-DD, or ``today`` (UTC; ``SOURCE_DATE_EPOCH`` fixes it).
    days : int
        How many days, 1 to `MOST_DAYS`.

    Raises
    ------
    ValueError
        No day, or another number of days.

    Examples
    --------
    >>> window("2026-11-30", 30).first
    '2026-11-01'
    """
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(f"days must be 1 to {MOST_DAYS}, not {days}")
    end = check_day(as_of)
    return Window(end - pd.Timedelta(days=days - 1), end)


def check_day(text: str) -> pd.Timestamp:
    """Return the day that a text means, YYYY-MM-DD or ``today``; ValueError where it is none."""
    from rareearths.reports.task import now

    if text != TODAY:
        return policy.check_day(text)
    return pd.Timestamp(now().date())
