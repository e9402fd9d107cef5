"""When a report is due: its schedule, the time it was last checked, and now. All times are UTC.

A schedule's moments are midnights: of each day, of Monday, of the first day of a month, a quarter
or a year. A report is due when it was not checked since the newest of them, however many passed in
between: what was missed is caught up once.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class TimeError(ValueError):
    """A text that is no time."""


def _day(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _week(at: datetime) -> datetime:
    return _day(at) - timedelta(days=at.weekday())


def _months(count: int) -> Callable[[datetime], datetime]:
    def start(at: datetime) -> datetime:
        return _day(at).replace(month=at.month - (at.month - 1) % count, day=1)

    return start


_STARTS = {
    "daily": _day,
    "weekly": _week,
    "monthly": _months(1),
    "quarterly": _months(3),
    "yearly": _months(12),
}
_LONGEST_DAYS = {"daily": 1, "weekly": 7, "monthly": 31, "quarterly": 92, "yearly": 366}
SCHEDULES = tuple(_STARTS)


def latest(schedule: str, at: datetime) -> datetime:
    """Return the newest moment of a schedule that is not after a time.

    Parameters
    ----------
    schedule : str
        One of `SCHEDULES`.
    at : datetime.datetime
        With a time zone.

    Returns
    -------
    datetime.datetime
        A midnight, UTC.

    Raises
    ------
    ValueError
        An unknown schedule, or a time without a zone.

    Examples
    --------
    >>> latest("quarterly", parse_time("2026-12-01T05:00")).isoformat()
    '2026-10-01T00:00:00+00:00'
    """
    if schedule not in _STARTS:
        raise ValueError(f"schedule {schedule!r} is not one of {', '.join(SCHEDULES)}")
    return _STARTS[schedule](_utc(at))


def following(schedule: str, at: datetime) -> datetime:
    """Return the first moment of a schedule after a time; arguments and errors as for `latest`.

    Examples
    --------
    >>> following("weekly", parse_time("2026-12-01")).isoformat()
    '2026-12-07T00:00:00+00:00'
    """
    start = latest(schedule, at)  # the longest period from its start ends in the next one
    return latest(schedule, start + timedelta(days=_LONGEST_DAYS[schedule]))


def is_due(schedule: str, checked: datetime | None, at: datetime) -> bool:
    """Return whether a report is due at a time.

    Parameters
    ----------
    schedule : str
        One of `SCHEDULES`.
    checked : datetime.datetime or None
        When it was last rendered or found to be unchanged; None if never. A time after ``at``
        (the clock was set back) is taken as not known.
    at : datetime.datetime
        With a time zone.
    """
    start = latest(schedule, at)
    return checked is None or not start <= _utc(checked) <= _utc(at)


def parse_time(text: str) -> datetime:
    """Read a time as ``--at`` takes it: a day or a time, UTC unless it says another offset.

    Raises
    ------
    ValueError
        Says what was given and what is wanted.

    Examples
    --------
    >>> parse_time("2026-12-01T05:00+09:00").isoformat()
    '2026-11-30T20:00:00+00:00'
    """
    try:
        found = datetime.fromisoformat(text.strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        wanted = "2026-12-01, 2026-12-01T05:00 (both UTC), 2026-12-01T05:00+09:00 or ...Z"
        raise TimeError(f"{text!r} is not a time; wanted: {wanted}") from None


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone; UTC is wanted")
    return at.astimezone(UTC)
