"""Draw all assumptions at once, and find out which of them decides.

Every assumption is a triangle from low over value to high; projects have a luck and a delay of
their own. All draws come from uniform numbers in (0, 1), one column an assumption, so that two
packages can be compared draw by draw, and that the indices of Sobol see the same model.
"""

import numpy as np
import pandas as pd

from rareearths import assumptions, catalogue
from rareearths.assumptions import Range
from rareearths.scenarios import capacity, packages, party

GROUPED = {
    "luck": "Luck of each project",
    "delay": "Delay of each project",
    "content": "What projects add of each group",
    "market": "Fate that projects share",
}
DELAYS = "delay_"  # the range of these rows is that of single projects


@catalogue.remembered
def ranges(of: party.Party, package: str) -> dict[str, Range]:
    """Ranges of all assumptions that a party and a package hang on, by name.

    Those of other areas are left out; ``content:PROJECT:GROUP`` are the rows of projects.
    """
    rows = assumptions.ranges(assumptions.load(party.MODEL))
    others = tuple(f"_{a.lower()}" for a in party.known_areas() if a not in of.areas)
    found = {name: span for name, span in rows.items() if not name.endswith(others)}
    for row in capacity.load_projects().itertuples():
        found[f"content:{row.project}:{row.group}"] = Range(row.low, row.value, row.high)
    return found | packages.settings(package)


@catalogue.remembered
def names(of: party.Party) -> list[str]:
    """Names of the uniform numbers that a draw needs, always in the same order."""
    found = [n for n in ranges(of, packages.REFERENCE) if not n.startswith(DELAYS)]
    projects = sorted(set(capacity.load_projects()["project"]))
    lucks = [f"{kind}:{name}" for kind in ("luck", "delay") for name in projects]
    return sorted(found) + lucks + ["market"]


def draw(of: party.Party, draws: int, seed: int) -> dict[str, np.ndarray]:
    """Draw uniform numbers, each (draws, 1), from a fixed seed.

    Raises
    ------
    ValueError
        Fewer than 100 draws: no range can be told from them.
    """
    if draws < 100:
        raise ValueError(f"{draws} draws are too few for a range of 90%: at least 100 are wanted")
    wanted = names(of)
    numbers = np.random.default_rng(seed).uniform(1e-9, 1 - 1e-9, (draws, len(wanted)))
    return {name: numbers[:, [i]] for i, name in enumerate(wanted)}


def sample(parts: dict[str, np.ndarray], spans: dict[str, Range]) -> dict[str, np.ndarray]:
    """Turn uniform numbers into drawn assumptions, each (n, 1); see `ranges` and `draw`."""
    found = {name: triangle(spans[name], part) for name, part in parts.items() if name in spans}
    for row in capacity.load_projects().itertuples():
        if row.status != capacity.RUNNING:
            key = f"delay:{row.project}"
            found[key] = triangle(spans[DELAYS + row.status], parts[key])
    lucks = {name: part for name, part in parts.items() if name.startswith("luck:")}
    return found | lucks | {"market": parts["market"]}


def triangle(span: Range, part: np.ndarray) -> np.ndarray:
    """`Range.at` for many parts at once.

    Examples
    --------
    >>> triangle(Range(0, 1, 2), np.array([0.0, 0.5, 1.0])).tolist()
    [0.0, 1.0, 2.0]
    """
    low, value, high = span
    width = high - low
    if width == 0:
        return np.full_like(part, value)
    turn = (value - low) / width
    rising = low + np.sqrt(part * width * (value - low))
    falling = high - np.sqrt((1 - part) * width * (high - value))
    return np.where(part <= turn, rising, falling)


def band(values: np.ndarray, axis: int = 0) -> dict[str, np.ndarray]:
    """Median and the ends of the middle 50 and 90% of draws."""
    ends = {"low90": 5, "low50": 25, "median": 50, "high50": 75, "high90": 95}
    found = np.percentile(values, list(ends.values()), axis=axis)
    return dict(zip(ends, found, strict=True))


def sobol(model, wanted: list[str], seed: int, size: int = 512) -> list[pd.DataFrame]:
    """Sobol indices of a model's outputs: how much of their variance each assumption explains.

    Parameters
    ----------
    model : callable
        Takes uniform numbers (dict of (n, 1) arrays by name) and returns its outputs, (n, k).
    wanted : list of str
        Names of the uniform numbers; names before a colon are taken together, see `GROUPED`.
    seed : int
    size : int
        Base sample, a power of two; the model runs (groups + 2) times as often.

    Returns
    -------
    list of pandas.DataFrame
        For each output ``name``, ``first`` (alone), ``total`` (with its interactions),
        ``first_conf`` and ``total_conf`` (half of the 95% interval), largest total first; empty
        where the output does not vary.

    References
    ----------
    Sobol (2001), Mathematics and Computers in Simulation 55; Saltelli et al. (2010), Computer
    Physics Communications 181; the estimators of SALib (Herman and Usher 2017).
    """
    problem = {
        "num_vars": len(wanted),
        "names": wanted,
        "bounds": [[1e-9, 1 - 1e-9]] * len(wanted),
        "groups": [name.split(":")[0] for name in wanted],
    }
    numbers = _design(problem, size, seed)
    outputs = model({name: numbers[:, [i]] for i, name in enumerate(wanted)})
    return [_indices(problem, output, seed) for output in outputs.T]


def _design(problem: dict, size: int, seed: int) -> np.ndarray:
    """Rows as of ``SALib.sample.sobol``, which writes them number by number.

    Two samples A and B stand side by side in the sequence. For each of its points come A, A with
    one group after the other taken from B, and B.
    """
    from scipy.stats import qmc

    groups, wide = np.array(problem["groups"]), problem["num_vars"]
    points = qmc.Sobol(d=2 * wide, scramble=True, seed=seed).random(size)
    first, second = points[:, :wide], points[:, wide:]
    mixed = [np.where(groups == group, second, first) for group in dict.fromkeys(groups)]
    rows = np.stack([first, *mixed, second], axis=1).reshape(-1, wide)
    low, high = np.array(problem["bounds"]).T
    return rows * (high - low) + low


def _indices(problem: dict, output: np.ndarray, seed: int) -> pd.DataFrame:
    from SALib.analyze import sobol as analysis

    keys = {"first": "S1", "total": "ST", "first_conf": "S1_conf", "total_conf": "ST_conf"}
    if np.ptp(output) == 0:
        return pd.DataFrame(columns=["name", *keys])
    found = analysis.analyze(problem, output, calc_second_order=False, seed=seed)
    names_ = list(dict.fromkeys(problem["groups"]))
    table = pd.DataFrame({"name": names_} | {column: found[key] for column, key in keys.items()})
    return table.sort_values("total", ascending=False, kind="stable", ignore_index=True)
