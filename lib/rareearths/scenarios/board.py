"""The lever board: each lever pulled alone, how far, with what effect, resting on which pages."""

import numpy as np
import pandas as pd

from rareearths.scenarios import capacity, outlook, packages, uncertainty
from rareearths.scenarios.levers import binds
from rareearths.scenarios.party import Party
from rareearths.scenarios.tables import points_text
from rareearths.words import ranged


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
        a lever, one for the stock and a last one for all together. ``binds_mid`` is of
        the first year; the effects as numbers (fractions, missing for the stock) are ``mid``,
        ``mid_low``, ``mid_high``, ``end``, ``end_low``, ``end_high``.
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
                "binds_mid": binds(done, group, 0),
                **_numbers("mid", change[:, 0]),
                **_numbers("end", change[:, 1]),
            }
        )
    rows.insert(-1, _stock_row(done, package, group))
    return pd.DataFrame(rows)


def _numbers(name: str, change: np.ndarray) -> dict:
    low, middle, high = np.percentile(change, [5, 50, 95])
    return {name: middle, f"{name}_low": low, f"{name}_high": high}


def _stock_row(done: outlook.Outlook, package: str, group: str) -> dict:
    """A stock changes no dependence: the row of the board says how long it lasts."""
    row = packages.load_package(package).fillna({"source_url": ""}).loc["stock_days"]
    ends = outlook.cover(done, group)
    months = [float(ends[end][-1]) for end in ("median", "low90", "high90")]
    return {
        "lever": "Stock",
        "setting": ranged(row["value"], row["low"], row["high"], "count") + " days",
        "effect_mid": "none",
        "effect_end": f"none; lasts {ranged(*months, 'one')} months",
        "binds": "–",
        "pages": [(row["source"].split(",")[0].split(":")[0], row["source_url"])],
    }


def points(change: np.ndarray) -> str:
    """Median and middle 90% of a change in percentage points: "-7.4 (-15.1 to -1.9)"."""
    low, middle, high = np.percentile(change, [5, 50, 95])
    return points_text(middle, low, high)


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
