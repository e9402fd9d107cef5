"""What a refresh would ask of a publisher, and why; making a plan asks nothing."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from rareearths.sources.fetch import Request


@dataclass(frozen=True)
class Plan:
    """The questions of one source.

    Attributes
    ----------
    source : str
    tables : tuple of str
        Of the catalogue, that the answers make.
    periods : tuple
        Years (int) or months (``"YYYY-MM"``) asked for; empty when nothing has to be asked.
    why : str
        What is asked for and by which rule, in words.
    requests : tuple of Request
        The first questions; further pages and parts follow from the answers.
    rest : dict
        What the source needs besides, such as its reporters and products.
    """

    source: str
    tables: tuple[str, ...]
    periods: tuple
    why: str
    requests: tuple[Request, ...]
    rest: dict

    @property
    def digest(self) -> str:
        """The same for the same questions: it tells what an interrupted refresh was about."""
        asked = [self.source, self.tables, self.periods, [r.address for r in self.requests]]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class KeyRule:
    """Where a source finds its key, and how it is sent.

    Attributes
    ----------
    variable : str
        Of the environment.
    name : str
        Of the header, or of the parameter when ``in_address``.
    in_address : bool
    required : bool
        Without the key the source is not asked.
    """

    variable: str
    name: str
    in_address: bool = False
    required: bool = False


@dataclass(frozen=True)
class Fetched:
    """What a source gave.

    Attributes
    ----------
    tables : dict
        Rows (pandas.DataFrame, in the columns of the schema) by name of the table.
    vintage : str
        What the publisher states of its edition, or ``"not stated"``.
    """

    tables: dict[str, pd.DataFrame]
    vintage: str


def because(named: dict, in_words: Callable) -> str:
    """Say why periods are asked for: each reason that has any, with its periods.

    Examples
    --------
    >>> because({"missing": {2024, 2025}, "incomplete": set()}, years_in_words)
    'missing: 2024-2025'
    """
    return "; ".join(f"{what}: {in_words(periods)}" for what, periods in named.items() if periods)


def years_in_words(years) -> str:
    """Return years with runs joined.

    Examples
    --------
    >>> years_in_words([2018, 2019, 2020, 2024])
    '2018-2020, 2024'
    """
    runs: list[list[int]] = []
    for year in sorted(set(years)):
        if runs and year == runs[-1][1] + 1:
            runs[-1][1] = year
        else:
            runs.append([year, year])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
