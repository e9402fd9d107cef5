"""What new projects add outside the supplier: by stage and element group, with their risk.

A project is finished with a probability and starts with a delay that hang on its status; part of
its success is common to all, because prices are. A plant that stood in the base year is in the
base, not here.
"""

from functools import cache

import numpy as np
import pandas as pd

from rareearths import catalogue
from rareearths.scenarios.party import (
    BASE_YEAR,
    SUPPLIER,
    Party,
    known_areas,
    members,
    part_of_other,
    part_of_outside,
)

PARTNERS = ("USA", "JPN", "AUS")  # whose projects the package Accelerated US-Japan helps
RUNNING = "operating"  # it stands: finished for certain, without delay
MAGNETS, OTHER = "magnets", "other"
COLUMNS = ["project", "economy", "stage", "group", "capacity_t", "value", "low", "high", "own_feed",
           "offtaker", "status", "start", "helped", "source_url"]  # fmt: skip


@catalogue.remembered
def load_projects() -> pd.DataFrame:
    """Load what is added after the base year, one row a project, stage and group.

    Returns
    -------
    pandas.DataFrame
        ``project``, ``economy``, ``stage``, ``group``, ``capacity_t`` (as given, tonnes a year; the
        middle of a printed range), ``value``, ``low``, ``high`` (tonnes of the group for each tonne
        of it), ``own_feed``, ``offtaker``, ``status``, ``start`` (year; missing where none is
        named; never before the page that says the plant does not yet run at full), ``helped``
        (whether it is one of the partners' or is supported by them), ``source_url``.
    """
    rows = catalogue.load("lever_projects").merge(
        catalogue.load("projects").drop(columns=["stage", "source_url", "note"]), on="project"
    )
    rows = rows[rows["economy"] != SUPPLIER]
    ends = (rows["capacity_low_t_per_year"] + rows["capacity_high_t_per_year"]) / 2
    started = rows["status"].isin([RUNNING, "ramping"])
    page = rows["as_of"].str[:4].astype("float64").fillna(0).clip(lower=BASE_YEAR + 1)
    named = rows["start_year"].astype("float64")
    start = np.maximum(named.where(named.notna() | ~started, page), page)
    helped = rows["economy"].isin(PARTNERS) | rows["offtaker"].isin(PARTNERS)
    rows = rows.assign(
        capacity_t=rows["capacity_t_per_year"].fillna(ends),
        start=start,
        helped=helped | rows["us_support"].notna(),
        offtaker=rows["offtaker"].fillna(""),
    )
    return rows[COLUMNS].reset_index(drop=True)


def had(of: Party, sample: dict, years: np.ndarray) -> list[tuple]:
    """What the party can have of each new project: (row, tonnes of its group, (n, T)).

    See `load_projects` for the rows.
    """
    magnets, other = part_of_outside(of, sample, years), part_of_other(of, sample)
    return [
        (row, output(row, sample, years) * accessible(row, of, sample, _open(part, sample)))
        for row in load_projects().itertuples()
        for part in [other if row.group == OTHER else magnets]
    ]


def _open(part: np.ndarray, sample: dict) -> np.ndarray:
    return np.minimum(1, part * sample["open_market"])


def output(row, sample: dict, years: np.ndarray) -> np.ndarray:
    """Output of a project in each draw and year, tonnes of its group, (n, T).

    Stated capacity times what of it is the group, times the part that is made, from the start plus
    delay on in equal steps; nothing where it is not finished. What a plant that runs adds was
    measured as output, or spans up to full capacity: it is not cut a second time.
    """
    made = 1.0 if row.status == RUNNING else sample["utilisation"]
    full = row.capacity_t * sample[f"content:{row.project}:{row.group}"] * made
    steps = (years - start_of(row, sample) + 1) / sample["ramp_years"]
    return finished(row, sample) * full * np.clip(steps, 0, 1)


def finished(row, sample: dict) -> np.ndarray:
    """Whether a project is finished, 1 or 0 in each draw, (n, 1).

    Notes
    -----
    One factor for all projects, one for each: the project is finished where
    sqrt(r) x + sqrt(1 - r) e > quantile(1 - p), x and e standard normal, r the correlation and p
    the probability of its status. Help takes a part of the remaining risk: p + (1 - p) gain.

    References
    ----------
    Vasicek (2002), Loan portfolio value, Risk 15: the one-factor model of default.
    """
    from scipy.special import ndtri

    counted = (sample["projects"] > 0) + 0.0 * sample["market"]
    if row.status == RUNNING:
        return counted
    chance = sample[f"completion_{row.status}"]
    if row.helped:
        chance = chance + (1 - chance) * sample["completion_gain"]
    common, own = ndtri(sample["market"]), ndtri(sample[f"luck:{row.project}"])
    shared = sample["shared_fate"]
    state = np.sqrt(shared) * common + np.sqrt(1 - shared) * own
    return (state > ndtri(1 - chance)) * counted


def start_of(row, sample: dict) -> np.ndarray:
    """Year in which a project starts, with its delay, (n, 1)."""
    start = sample[f"start_{row.status}"] if np.isnan(row.start) else row.start
    if row.status == RUNNING:
        return start + np.zeros_like(sample["market"])
    help_ = 1 - sample["time_gain"] * row.helped
    return start + sample[f"delay:{row.project}"] * help_


def accessible(row, of: Party, sample: dict, open_part: np.ndarray) -> np.ndarray:
    """Part of a new plant's output that the party can have, (n, T).

    What a contract gives to its buyer goes first; of the rest a large part stays at home, where
    magnets are used; of what is then left everyone has ``open_part``, which follows the party's
    part of the use outside the supplier.
    """
    left, part = 1.0, 0.0 * sample["market"]
    if row.offtaker:
        left = 1 - sample["offtake_share"]
        part = part + sample["offtake_share"] * (row.offtaker in of.home)
    if row.economy in of.home:
        return part + left * sample["home_share"]
    if row.economy in users():
        left = left * (1 - sample["home_share"])
    return part + left * open_part


@cache
def users() -> frozenset[str]:
    """Return the economies that use magnets themselves, as far as the data know."""
    return frozenset().union(*(members(area) for area in known_areas()))
