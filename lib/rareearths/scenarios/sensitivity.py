"""Which assumption decides: Sobol indices, and the share with one assumption held at an end."""

import numpy as np
import pandas as pd

from rareearths import assumptions
from rareearths.scenarios import outlook, packages, party, uncertainty
from rareearths.scenarios.party import Party
from rareearths.words import with_signs

ENDS = (1e-9, 1 - 1e-9)  # the low and the high end of a range, as uniform numbers
PERCENT = ("fraction", "fraction of use", "per year", "probability")
LUCK = (0.05, 0.95)  # of what has no range: a bad and a good one of twenty draws


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


def at_the_ends(
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
        effect = with_signs(f"{100 * (found[1] - found[0]):+.1f}")
        rows.append([named[name], *texts, *found, effect])
    columns = ["changed", "held_low", "held_high", "lever_low", "lever_high", "lever_effect"]
    return pd.DataFrame(rows, columns=columns)


def labels(of: Party, package: str) -> dict[str, str]:
    """The name of each assumption in words, by its name in the draws.

    Where there is one area, its name is left out.
    """
    rows = assumptions.load(party.MODEL)["label"]
    if len(of.areas) == 1:
        rows = rows.str.removesuffix(f", {party.name_of(of.areas[0])}")
    return rows.to_dict() | packages.load_package(package)["label"].to_dict() | uncertainty.GROUPED


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
