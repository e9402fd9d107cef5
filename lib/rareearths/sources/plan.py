"""What a refresh would ask of a publisher, and why; making a plan asks nothing."""

import hashlib
import json
from dataclasses import dataclass

import pandas as pd

from rareearths.sources.fetch import Request


@dataclass(frozen=True)
class Plan:
    """The questions of one source.

    Attributes
    ----------
    source, table : str
        Of the publisher, and of the catalogue.
    years : tuple of int
        Calendar years asked for; their rows replace those of the table.
    why : str
        The rule by which these years are asked for, in words.
    requests : tuple of Request
        The first questions; further pages and parts follow from the answers.
    rest : dict
        What the source needs besides, such as its reporters and products.
    """

    source: str
    table: str
    years: tuple[int, ...]
    why: str
    requests: tuple[Request, ...]
    rest: dict

    @property
    def digest(self) -> str:
        """The same for the same questions: it tells what an interrupted refresh was about."""
        asked = [self.source, self.table, self.years, [r.address for r in self.requests]]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Fetched:
    """What a source gave: the rows of the plan's years, and the vintage the publisher states."""

    rows: pd.DataFrame
    vintage: str


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
