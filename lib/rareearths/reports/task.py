"""What the parts of a render hand to each other: the task, where it is done, the result."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rareearths.reports import kernels
from rareearths.reports.config import Report
from rareearths.reports.schedule import TimeError

RENDERED, NO_DATA, CACHED, FAILED = "rendered", "no data", "cached", "failed"


@dataclass(frozen=True)
class Failure:
    """Where and why a report failed."""

    notebook: str
    cell: int | None
    error: str
    source: str = ""
    traceback: str = ""


class ReportFailed(Exception):
    """A report that cannot be published."""

    def __init__(self, failure: Failure):
        self.failure = failure
        super().__init__(failure.error)


@dataclass(frozen=True)
class Task:
    """One report to make.

    Attributes
    ----------
    report : Report
    parameters : dict
        All parameters, checked.
    beside : dict of str to str
        Report by notebook, to which links lead.
    inputs : dict
        What the page depends on but for the tables, see `inputs.collect`.
    commit : str
        Commit of the project, empty outside git.
    """

    report: Report
    parameters: dict
    beside: dict[str, str]
    inputs: dict
    commit: str = ""


@dataclass(frozen=True)
class Place:
    """Where reports are made.

    Attributes
    ----------
    site, state : pathlib.Path
        The site folder, and the folder of the tables that earlier reports read.
    kernel : str
        `kernels.ORDINARY` or `kernels.WARM`.
    server : str
        Socket of the process that warm kernels are forked from.
    """

    site: Path
    state: Path
    kernel: str = kernels.ORDINARY
    server: str = ""


@dataclass(frozen=True)
class Result:
    """What became of one report: `RENDERED`, `NO_DATA`, `CACHED` or `FAILED`.

    Attributes
    ----------
    seconds : float
        Wall-clock time of everything.
    cell_seconds : float
        Time of the cells alone.
    peak_mb : float
        Highest resident memory of the kernel and what it started.
    """

    id: str
    state: str
    seconds: float = 0.0
    peak_mb: float = 0.0
    cell_seconds: float = 0.0
    headline: str = ""
    failure: Failure | None = None
    warnings: list[str] = field(default_factory=list)


def now() -> datetime:
    """Return the time (UTC); ``SOURCE_DATE_EPOCH`` fixes it.

    Raises
    ------
    TimeError
        ``SOURCE_DATE_EPOCH`` is no number of seconds, or beyond what a date can be.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        return datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    except (ValueError, OverflowError, OSError):
        message = f"SOURCE_DATE_EPOCH must be the seconds since 1970, not {epoch!r}"
        raise TimeError(message) from None
