"""What each lever adds to the others, and what would be gained at the bottleneck."""

from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd

from rareearths.scenarios import balance, capacity, outlook, packages, uncertainty
from rareearths.scenarios.party import BASE_YEAR, Party


def shapley(value, players: tuple) -> dict:
    """Shapley value of each player: its mean marginal contribution over all orders.

    Parameters
    ----------
    value : callable
        Takes a frozenset of players; returns a number or an array.
    players : tuple

    Returns
    -------
    dict
        They sum to the value of all players less that of none.

    References
    ----------
    Shapley (1953), A value for n-person games.

    Examples
    --------
    >>> shapley(lambda s: 10.0 if len(s) == 2 else 0.0, ("ore", "plant"))
    {'ore': 5.0, 'plant': 5.0}
    """
    n = len(players)
    sets = [frozenset(c) for k in range(n + 1) for c in combinations(players, k)]
    values = {s: value(s) for s in sets}
    return {
        player: sum(
            factorial(len(s)) * factorial(n - len(s) - 1) / factorial(n)
            * (values[s | {player}] - values[s])
            for s in sets
            if player not in s
        )
        for player in players
    }  # fmt: skip


def contributions(of: Party, package: str, parts: dict, years, group: str) -> dict:
    """What each lever of a package takes off the dependence, in each draw and year.

    Returns
    -------
    dict of str to numpy.ndarray
        ``none`` (dependence with nothing new), the Shapley value of each lever of
        `packages.LEVERS`, and ``end`` (dependence with all of them), each (n, T): ``none`` and the
        levers sum to ``end``.
    """
    years = [int(year) for year in years]
    sample = uncertainty.sample(parts, uncertainty.ranges(of, package))
    had = capacity.had(of, sample, np.array(years, dtype=float))

    def value(chosen: frozenset) -> np.ndarray:
        return outlook.simulate(of, sample, years, chosen, had).dependence(group)

    effects = shapley(value, tuple(packages.LEVERS))
    return {"none": value(frozenset()), **effects, "end": value(outlook.ALL)}


def by_year(parts: dict, years) -> pd.DataFrame:
    """Mean, median and middle 90% of draws of `contributions`, a row a step and year.

    The means sum from none to end, the medians do not. A lever that moves much in a few draws and
    nothing in most has a mean outside its middle 90%.

    Returns
    -------
    pandas.DataFrame
        ``year``, ``step`` (none, the levers, end), ``mean``, ``median``, ``low``, ``high``.
    """
    rows = [
        (int(year), step, values[:, at].mean(), *np.percentile(values[:, at], [50, 5, 95]))
        for step, values in parts.items()
        for at, year in enumerate(years)
    ]
    return pd.DataFrame(rows, columns=["year", "step", "mean", "median", "low", "high"])


def wedges(of: Party, pulled, parts: dict, years, groups: tuple) -> dict:
    """`by_year` of each of the packages that pulls levers: {package: {group: table}}."""
    return {
        package: {
            group: by_year(contributions(of, package, parts, years, group), years)
            for group in groups
        }
        for package in pulled
        if package != packages.REFERENCE
    }


def waterfall(of: Party, package: str, parts: dict, year: int, group: str) -> pd.DataFrame:
    """From the dependence of the base year to that of a package, step by step.

    Returns
    -------
    pandas.DataFrame
        ``step``: base, growth (of the need, with nothing new), one row a lever of
        `packages.LEVERS`, end; ``label``; ``mean`` over draws, a level for base and end and a
        change for the others, which sum from base to end; ``low`` and ``high``, the middle 90% of
        draws.
    """
    first = outlook.run(of, package, parts, [BASE_YEAR]).dependence(group)
    found = contributions(of, package, parts, [year], group)
    none, end = found.pop("none"), found.pop("end")
    steps = {"base": first, "growth": none - first, **found, "end": end}
    labels = {"base": str(BASE_YEAR), "growth": "Growth of need", "end": str(year)}
    return pd.DataFrame(
        {
            "step": list(steps),
            "label": [(labels | packages.LEVERS)[step] for step in steps],
            "mean": [float(values.mean()) for values in steps.values()],
            "low": [float(np.percentile(values, 5)) for values in steps.values()],
            "high": [float(np.percentile(values, 95)) for values in steps.values()],
        }
    )


def relief(done: outlook.Outlook, group: str) -> dict:
    """What would be gained if the stage that binds most often in the last year were no limit.

    Returns
    -------
    dict
        ``stage`` and ``next`` (the stage that binds most often then), ``tonnes`` (capacity that is
        missing until then, oxide) and ``share`` (dependence then), the last two one number a draw;
        empty where the need is met in most draws.
    """
    last = outlook.bottlenecks(done, group).iloc[:, -1]
    stage = last.idxmax()
    if stage == "met":
        return {}
    chain, need = done.chains[group], done.need[group]
    lifted = balance.without_limit(chain, stage)
    then = outlook.Outlook(done.years, {group: need}, {group: lifted}, done.stock_days)
    missing = balance.missing(chain, need, stage)[:, -1]
    return {
        "stage": stage,
        "next": outlook.bottlenecks(then, group).iloc[:, -1].idxmax(),
        "tonnes": missing,
        "share": then.dependence(group)[:, -1],
    }


def binds(done: outlook.Outlook, group: str, year: int = -1) -> str:
    """The stage that binds in most draws of the last year, with that share: "metal (82%)".

    ``year`` is the place of another year among those of the outlook.
    """
    shares = outlook.bottlenecks(done, group).iloc[:, year]
    return f"{STAGE_NAMES[shares.idxmax()]} ({shares.max():.0%})"


STAGE_NAMES = {"mining": "mining", "separation": "separation", "metal": "metal making",
               "magnet": "magnet making", "met": "none, need met"}  # fmt: skip
