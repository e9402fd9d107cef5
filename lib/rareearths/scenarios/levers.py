"""What each lever does: alone, together with the others, and which assumption decides."""

from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd

from rareearths import assumptions
from rareearths.scenarios import balance, capacity, outlook, packages, party, uncertainty
from rareearths.scenarios.party import BASE_YEAR, Party
from rareearths.words import ranged

ENDS = (1e-9, 1 - 1e-9)  # the low and the high end of a range, as uniform numbers
PERCENT = ("fraction", "fraction of use", "per year", "probability")
LUCK = (0.05, 0.95)  # of what has no range: a bad and a good one of twenty draws


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
    sample = uncertainty.sample(parts, uncertainty.ranges(of, package))
    had = capacity.had(of, sample, np.array([float(year)]))

    def value(chosen: frozenset) -> np.ndarray:
        return outlook.simulate(of, sample, [year], chosen, had).dependence(group)

    effects = shapley(value, tuple(packages.LEVERS))
    none, end = value(frozenset()), value(outlook.ALL)
    steps = {"base": first, "growth": none - first, **effects, "end": end}
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


def board(of: Party, package: str, parts: dict, years: tuple[int, int], group: str):
    """Each lever pulled alone: setting, effect on the dependence, bottleneck after it.

    Parameters
    ----------
    of, package, parts
        See `outlook.run`.
    years : (int, int)
        Two years whose effects are shown.
    group : str

    Returns
    -------
    pandas.DataFrame
        ``lever`` (name), ``setting`` (text with its range), ``effect_mid``, ``effect_end``
        (percentage points against no lever, median and the middle 90% of draws, as text),
        ``binds`` (the stage that binds most often in the last year) and ``pages`` (links); one row
        a lever, one for the stock and a last one for all together.
    """
    sample = uncertainty.sample(parts, uncertainty.ranges(of, package))
    had = capacity.had(of, sample, np.array(years, dtype=float))
    none = outlook.simulate(of, sample, years, frozenset(), had)
    chosen = {lever: frozenset([lever]) for lever in packages.LEVERS} | {"all": outlook.ALL}
    rows = []
    for lever, levers in chosen.items():
        done = outlook.simulate(of, sample, years, levers, had)
        change = done.dependence(group) - none.dependence(group)
        rows.append(
            {
                "lever": packages.LEVERS.get(lever, "All together"),
                "setting": setting_text(lever, package, had, group),
                "effect_mid": points(change[:, 0]),
                "effect_end": points(change[:, 1]),
                "binds": binds(done, group),
                "pages": pages(lever, package, had, group),
            }
        )
    rows.insert(-1, _stock_row(done, package, group))
    return pd.DataFrame(rows)


def _stock_row(done: outlook.Outlook, package: str, group: str) -> dict:
    """A stock changes no dependence: the row of the board says how long it lasts."""
    row = packages.load_package(package).fillna({"source_url": ""}).loc["stock_days"]
    ends = outlook.cover(done, group)
    months = [float(ends[end][-1]) for end in ("median", "low90", "high90")]
    return {
        "lever": "Stock",
        "setting": ranged(row["value"], row["low"], row["high"], "count") + " days",
        "effect_mid": "none",
        "effect_end": f"none; lasts {ranged(*months, 'months')} months",
        "binds": "–",
        "pages": [(row["source"].split(",")[0].split(":")[0], row["source_url"])],
    }


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


def points(change: np.ndarray) -> str:
    """Median and middle 90% of a change in percentage points: "-7.4 (-15.1 to -1.9)"."""
    low, middle, high = np.percentile(change, [5, 50, 95])
    return ranged(middle, low, high, "points").replace("-", "−")


def binds(done: outlook.Outlook, group: str) -> str:
    """The stage that binds in most draws of the last year, with that share: "metal (82%)"."""
    last = outlook.bottlenecks(done, group).iloc[:, -1]
    name = STAGE_NAMES[last.idxmax()]
    return f"{name} ({last.max():.0%})"


STAGE_NAMES = {"mining": "mining", "separation": "separation", "metal": "metal making",
               "magnet": "magnet making", "met": "none, need met"}  # fmt: skip


def setting_text(lever: str, package: str, had: list, group: str) -> str:
    """How far a lever is pulled in the last year, with its range."""
    spans = packages.settings(package)
    if lever == "all":
        return "–"
    if lever == "recycling":
        if group == "other":
            return "–"
        low, value, high = spans["recycling"]
        return ranged(value, low, high, "pct0") + " of use"
    if lever == "saving":
        return _saving_text(spans, group)
    added = _added(lever, had, group)
    if added is None or not added.max() > 0:
        return "no project"
    low, middle, high = np.percentile(added, [5, 50, 95])
    goods = "t of magnets" if lever == "making" else "t of oxide"
    return ranged(middle, low, high, "count") + f" {goods} a year"


def _saving_text(spans: dict, group: str) -> str:
    less = spans["thrift_" + group.removeprefix("magnet_")]
    text = ranged(less.value, less.low, less.high, "pct0") + " less"
    if group == "other":
        return text
    low, value, high = spans["substitution"]
    return f"{ranged(value, low, high, 'pct0')} fewer magnets, {text} in each"


def _added(lever: str, had: list, group: str):
    """What the projects of a lever add for the party in the last year, one number a draw."""
    wanted = {"making": ("magnet", capacity.MAGNETS)}.get(lever, (lever, group))
    found = [tonnes[:, -1] for row, tonnes in had if (row.stage, row.group) == wanted]
    if lever == "mining":
        found += [t[:, -1] for row, t in had if row.own_feed and row.group == group]
    return sum(found) if found else None


def pages(lever: str, package: str, had: list, group: str, top: int = 2) -> list[tuple]:
    """Pages that a lever rests on: those of its largest projects, or of its settings."""
    rows = packages.load_package(package)
    if lever in ("saving", "recycling"):
        kind = "thrift_" + group.removeprefix("magnet_")
        names = ["recycling"] if lever == "recycling" else ["substitution", kind]
        named = rows.loc[[n for n in names if n in rows.index]].fillna({"source_url": ""})
        return list(zip(named["source"].str.split(":").str[0], named["source_url"], strict=True))
    wanted = {"making": ("metal", "magnet")}.get(lever, (lever,))
    goods = (group, capacity.MAGNETS)
    own = lever == "mining"
    found = {
        (row.project.split(" (")[0].split(",")[0], row.source_url): tonnes.mean()
        for row, tonnes in had
        if row.group in goods and (row.stage in wanted or (own and row.own_feed))
    }
    return sorted(found, key=found.get, reverse=True)[:top]


def labels(of: Party, package: str) -> dict[str, str]:
    """The name of each assumption in words, by its name in the draws.

    Where there is one area, its name is left out.
    """
    rows = assumptions.load(party.MODEL)["label"]
    if len(of.areas) == 1:
        rows = rows.str.removesuffix(f", {party.name_of(of.areas[0])}")
    return rows.to_dict() | packages.load_package(package)["label"].to_dict() | uncertainty.GROUPED


def deciding(of: Party, package: str, year: int, groups: tuple, seed: int) -> dict:
    """Sobol indices of the dependence in a year, with names in words; see `uncertainty.sobol`.

    Returns
    -------
    dict of str to pandas.DataFrame
        By element group, as `uncertainty.sobol`, and ``label``.
    """
    spans, known = uncertainty.ranges(of, package), uncertainty.names(of)
    wanted = [n for n in known if ":" in n or n == "market" or np.ptp(spans[n]) > 0]
    middle = {n: np.array([[0.5]]) for n in known}

    def model(parts: dict) -> np.ndarray:
        done = outlook.simulate(of, uncertainty.sample(middle | parts, spans), [year])
        return np.hstack([done.dependence(group) for group in groups])

    named = labels(of, package)
    tables = uncertainty.sobol(model, wanted, seed)
    return {
        group: table.assign(label=table["name"].map(named))
        for group, table in zip(groups, tables, strict=True)
    }


def sensitivity(
    of: Party, package: str, parts: dict, year: int, group: str, table: pd.DataFrame, top: int = 7
) -> pd.DataFrame:
    """The median dependence with one assumption held at its low and its high end.

    Parameters
    ----------
    table : pandas.DataFrame
        See `deciding`: the ``top`` of its assumptions are taken, without those of single projects.

    Returns
    -------
    pandas.DataFrame
        ``changed`` (in words), ``held_low``, ``held_high`` (the ends), ``lever_low``,
        ``lever_high`` (median dependence, others drawn), ``lever_effect`` (the difference, points,
        as text).
    """
    spans, named = uncertainty.ranges(of, package), labels(of, package)
    sample = uncertainty.sample(parts, spans)
    units = _units(package)
    rows = []
    for name in [n for n in table["name"] if n in parts][:top]:
        ends, texts = _ends(name, spans, units.get(name, ""))
        held = [_held(sample, spans, name, at) for at in ends]
        runs = [outlook.simulate(of, changed, [year]) for changed in held]
        found = [float(np.median(run.dependence(group))) for run in runs]
        effect = f"{100 * (found[1] - found[0]):+.1f}".replace("-", "−")
        rows.append([named[name], *texts, *found, effect])
    columns = ["changed", "held_low", "held_high", "lever_low", "lever_high", "lever_effect"]
    return pd.DataFrame(rows, columns=columns)


def _units(package: str) -> dict[str, str]:
    """The unit of each assumption, by its name in the draws."""
    rows = assumptions.load(party.MODEL)["unit"].to_dict()
    return rows | packages.load_package(package)["unit"].to_dict()


def _ends(name: str, spans: dict, unit: str) -> tuple:
    """The ends of an assumption, as uniform numbers and as text."""
    if name not in spans:
        return LUCK, ("bad", "good")
    low, _, high = spans[name]
    if unit in PERCENT:
        return ENDS, tuple(f"{100 * end:.3g}%" for end in (low, high))
    return ENDS, (f"{low:,g}", f"{high:,g}")


def _held(sample: dict, spans: dict, name: str, at: float) -> dict:
    """The same draws with one assumption at a part of its range."""
    part = np.full_like(sample["market"], at)
    return sample | {name: uncertainty.triangle(spans[name], part) if name in spans else part}
