"""The outlook: need, supply from outside the supplier and the bottleneck, year by year."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from rareearths.scenarios import balance, capacity, packages, party, uncertainty
from rareearths.scenarios.balance import SHORT, STAGES, Chain
from rareearths.scenarios.party import BASE_YEAR, HORIZON, Party

ALL = frozenset(packages.LEVERS)
LEVER_OF = {"mining": "mining", "separation": "separation"}  # metal and magnets are one lever


@dataclass(frozen=True)
class Outlook:
    """Draws of the future of one party under one package.

    Attributes
    ----------
    years : numpy.ndarray
        (T,).
    need : dict of str to numpy.ndarray
        Tonnes of oxide held by what is used, after saving, by element group; (n, T).
    chains : dict of str to Chain
        By element group.
    stock_days : numpy.ndarray
        (n, 1).
    """

    years: np.ndarray
    need: dict = field(repr=False)
    chains: dict = field(repr=False)
    stock_days: np.ndarray = field(repr=False)

    def outside(self, group: str) -> np.ndarray:
        """What does not come from the supplier, tonnes of oxide, (n, T)."""
        return balance.delivered(self.chains[group], self.need[group])

    def dependence(self, group: str) -> np.ndarray:
        """Share of the need that has to come from the supplier, (n, T)."""
        return balance.dependence(self.need[group], self.outside(group))


def check_end_year(year: int) -> int:
    """Return the last year of an outlook, or raise ValueError."""
    if not BASE_YEAR < year <= HORIZON:
        raise ValueError(f"end_year {year}: from {BASE_YEAR + 1} to {HORIZON} is allowed")
    return year


def check_target(share: float) -> float:
    """Return a target share, or raise ValueError."""
    if not 0 <= share <= 1:
        raise ValueError(f"target {share}: a share from 0 to 1 is wanted")
    return share


def simulate(
    of: Party, sample: dict, years, levers: frozenset = ALL, had: list | None = None
) -> Outlook:
    """Work out need and chains of all groups for drawn assumptions.

    Parameters
    ----------
    of : Party
        With at least one area.
    sample : dict of str to numpy.ndarray
        See `uncertainty.sample`.
    years : sequence of int
    levers : frozenset of str
        Those that are pulled, of `packages.LEVERS`; the others do nothing.
    had : list, optional
        See `capacity.had`, to spare a second computation with the same draws and years.
    """
    years = np.asarray(list(years), dtype=float)
    kept = {name: 0.0 * part for name, part in sample.items() if _off(name, levers)}
    sample = sample | kept
    had = capacity.had(of, sample, years) if had is None else had
    new = _additions(had, sample, levers)
    need, chains = {}, {}
    for group in ("magnet_light", "magnet_heavy"):
        need[group], chains[group] = _magnet_chain(of, sample, years, group, new)
    need["other"], chains["other"] = _other_chain(of, sample, years, new)
    return Outlook(years.astype(int), need, chains, sample["stock_days"])


def run(of: Party, package: str, parts: dict, years, levers: frozenset = ALL) -> Outlook:
    """Draw the assumptions of a package and simulate; see `uncertainty.draw`."""
    sample = uncertainty.sample(parts, uncertainty.ranges(of, package))
    return simulate(of, sample, years, levers)


def fan(outlook: Outlook, group: str) -> pd.DataFrame:
    """Median and bands of the dependence by year; see `uncertainty.band`."""
    found = uncertainty.band(outlook.dependence(group))
    return pd.DataFrame({"year": outlook.years} | found)


def bottlenecks(outlook: Outlook, group: str) -> pd.DataFrame:
    """Share of draws in which each stage binds, by year.

    Returns
    -------
    pandas.DataFrame
        Indexed by stage, a column a year; ``met`` is the share in which the need is met. Columns
        sum to 1; a tie counts in equal parts.
    """
    chain = outlook.chains[group]
    shares = balance.bottleneck(chain, outlook.need[group]).mean(axis=1)
    table = pd.DataFrame(shares, index=list(chain.capacity), columns=outlook.years)
    table.loc["met"] = (1 - table.sum()).clip(lower=0)  # no -2e-16
    return table


def reached(outlook: Outlook, group: str, target: float) -> pd.Series:
    """Share of draws whose dependence is at or below the target, by year."""
    return pd.Series(
        (outlook.dependence(group) <= target + 1e-12).mean(axis=0), index=outlook.years
    )


def first_year(outlook: Outlook, group: str, target: float) -> dict:
    """When a target share is reached for good, and how likely that is.

    Returns
    -------
    dict
        ``probability`` that it holds in the last year; ``year``, the median of the years from which
        on it holds to the end in those draws, with ``early`` and ``late``, the ends of their middle
        90%; missing where no draw reaches it.
    """
    holds = outlook.dependence(group) <= target + 1e-12
    lasting = np.cumprod(holds[:, ::-1], axis=1).sum(axis=1)
    arrived = lasting[lasting > 0]
    if not arrived.size:
        return {"probability": 0.0, "year": None, "early": None, "late": None}
    from_year = outlook.years[-1] - arrived + 1
    early, middle, late = np.percentile(from_year, [5, 50, 95], method="nearest")
    return {
        "probability": float(holds[:, -1].mean()),
        "year": int(middle),
        "early": int(early),
        "late": int(late),
    }


def cover(outlook: Outlook, group: str) -> dict[str, np.ndarray]:
    """Median and bands of the months that the stock lasts without the supplier, by year."""
    months = balance.months_of_cover(outlook.stock_days, outlook.dependence(group))
    return uncertainty.band(np.minimum(months, 1e6))


def _off(setting: str, levers: frozenset) -> bool:
    """Whether a setting belongs to a lever that is not pulled."""
    saving = setting in packages.SAVING and "saving" not in levers
    return saving or (setting == "recycling" and "recycling" not in levers)


def _reach(sample: dict, setting: str, years: np.ndarray) -> np.ndarray:
    """A setting grows in equal steps from nothing in the base year to its level, (n, T)."""
    return sample[setting] * np.clip((years - BASE_YEAR) / (HORIZON - BASE_YEAR), 0, 1)


def _additions(had: list, sample: dict, levers: frozenset) -> dict:
    """What new projects add to what the party can have, by stage and group, (n, T) each."""
    found: dict = {}
    for row, tonnes in had:
        if LEVER_OF.get(row.stage, "making") in levers:
            _add(found, row.stage, row.group, tonnes)
        if row.own_feed and "mining" in levers:
            _add(found, "mining", row.group, tonnes / sample["yield_separation"])
    return found


def _add(found: dict, stage: str, group: str, tonnes: np.ndarray) -> None:
    found[stage, group] = found.get((stage, group), 0) + tonnes


def _magnet_chain(of: Party, sample: dict, years: np.ndarray, group: str, new: dict):
    """Need of one magnet group, and its chain from ore to magnet."""
    now = np.array([float(BASE_YEAR)])
    saved = 1 - _reach(sample, "thrift_" + group.removeprefix("magnet_"), years)
    held = party.content(of, sample, years, group) * saved
    used = party.magnets_used(of, sample, years) * (1 - _reach(sample, "substitution", years))
    made = new.get(("magnet", capacity.MAGNETS), 0)
    in_base = party.magnets_outside(of, sample) * party.content(of, sample, now, group)
    base = _base(of, sample, group, in_base)
    metal = (
        new.get(("metal", group), 0)
        + made * held / sample["yield_magnet"] * sample["metal_follows"]
    )
    chain = Chain(
        {
            "mining": base["mining"] + new.get(("mining", group), 0),
            "separation": base["separation"] + new.get(("separation", group), 0),
            "metal": base["metal"] + metal,
            "magnet": (party.magnets_outside(of, sample) + made) * held,
        },
        {stage: sample[f"yield_{stage}"] for stage in STAGES[1:]},
        {"metal": _reach(sample, "recycling", years) * used * held},
    )
    return used * held, chain


def _base(of: Party, sample: dict, group: str, magnets: np.ndarray) -> dict:
    """What the party can have at each stage in the base year, tonnes of oxide, (n, 1)."""
    kind = group.removeprefix("magnet_")
    heavy = sample["world_heavy"]
    world = heavy if kind == "heavy" else sample["world_magnet_ree"] - heavy
    access = np.minimum(1, sum(sample[f"access_oxide_{area.lower()}"] for area in of.areas))
    mined = world / sample["yield_separation"] * (1 - sample[f"supplier_mining_{kind}"])
    metal = world * sample["yield_metal"] * (1 - sample["supplier_metal"])
    return {
        "mining": access * mined * (1 - sample[f"mine_tied_{kind}"]),
        "separation": access * world * (1 - sample[f"supplier_separation_{kind}"]),
        "metal": _metal(of, sample, access * metal, magnets),
        "magnet": magnets,
    }


def _metal(of: Party, sample: dict, open_market: np.ndarray, magnets: np.ndarray) -> np.ndarray:
    """Metal in the base year: what an area buys from others where that is known."""
    known = [area for area in of.areas if f"supplier_metal_{area.lower()}" in sample]
    if not known:
        return open_market
    used = {a: sample[f"magnet_use_{a.lower()}"] for a in of.areas}
    outside = {a: used[a] * (1 - sample[f"supplier_magnets_{a.lower()}"]) for a in of.areas}
    held = magnets / sum(outside.values())
    bought = sum(
        used[a] * held * (1 - sample[f"supplier_metal_{a.lower()}"]) / sample["yield_magnet"]
        for a in known
    )
    rest = [sample[f"access_oxide_{a.lower()}"] for a in of.areas if a not in known]
    access = sum(sample[f"access_oxide_{a.lower()}"] for a in of.areas)
    return bought + open_market * sum(rest) / access if rest else bought


def _other_chain(of: Party, sample: dict, years: np.ndarray, new: dict):
    """Need of the other rare earths, and their chain from ore to oxide."""
    used = party.other_used(of, sample, years)
    part = party.part_of_other(of, sample)
    chain = Chain(
        {
            "mining": sample["world_other_outside_mined"] * part + new.get(("mining", "other"), 0),
            "separation": party.other_outside(of, sample) + new.get(("separation", "other"), 0),
        },
        {stage: sample[f"yield_{stage}"] for stage in SHORT[1:]},
    )
    return used * (1 - _reach(sample, "thrift_other", years)), chain
