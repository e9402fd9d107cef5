"""Whose need it is: an economy or a bloc, and what it uses of each element group.

What an area uses stands in ``scenarios/model_parameters.csv``, in rows whose name ends with its
code. A bloc is the sum of its members that have such rows.
"""

from dataclasses import dataclass

import numpy as np

from rareearths import assumptions, catalogue, policy, trade
from rareearths.network import blocs
from rareearths.words import joined

SUPPLIER = "CHN"  # the one economy whose share of every stage is in the data
MODEL = "levers"
BASE_YEAR = 2024  # the last one for which trade, mining and the shares by stage are known
HORIZON = 2035  # the year in which packages reach what they set
GROUPS = {
    "magnet_light": "neodymium and praseodymium",
    "magnet_heavy": "dysprosium and terbium",
    "other": "other rare earths",
}
_USED = "magnet_use_"


@dataclass(frozen=True)
class Party:
    """An economy or a bloc whose need is looked at.

    Attributes
    ----------
    code, name : str
        ``name`` as it stands in a sentence.
    areas : tuple of str
        Areas of ``model_parameters`` that it is the sum of; empty where its need is unknown.
    home : frozenset of str
        ISO3 codes of the economies whose plants are its own.
    left_out : tuple of str
        Names of members whose need is not in the data.
    """

    code: str
    name: str
    areas: tuple
    home: frozenset
    left_out: tuple


@catalogue.remembered
def known_areas() -> list[str]:
    """Return the codes of the areas whose use of magnets is in the data."""
    names = assumptions.load(MODEL).index
    return [name.removeprefix(_USED).upper() for name in names if name.startswith(_USED)]


@catalogue.remembered
def load_party(code: str) -> Party:
    """Return the economy or bloc with what is known of it.

    Raises
    ------
    UnknownCode
        Neither an economy nor a bloc.
    ValueError
        The supplier itself, a bloc that it belongs to, or one whose members no page lists.
    """
    policy.check_party(code)
    home = members(code)
    if SUPPLIER in home:
        raise ValueError(f"{code} is or contains the supplier, {SUPPLIER}: choose another importer")
    known = known_areas()
    areas = [code] if code in known else [area for area in known if area in home]
    lacking = [m for m in sorted(home) if m not in areas and code not in known]
    out = [trade.economy_in_text(m) for m in lacking]
    return Party(code, name_of(code), tuple(areas), frozenset(home), tuple(out))


@catalogue.remembered
def members(code: str) -> set[str]:
    """Return the economies of a bloc, see `blocs.members_of`, or the economy itself."""
    is_bloc = code in set(catalogue.load("blocs")["bloc"])
    return set(blocs.members_of(code, [])) if is_bloc else {code}


def name_of(code: str) -> str:
    """Return the name as it stands in a sentence: "the United States", "the Group of Seven"."""
    if code in trade.economy_names():
        return trade.economy_in_text(code)
    name = catalogue.load("blocs").set_index("bloc").at[code, "name"].split(",")[0]
    return f"the {name}"


def known_names() -> str:
    """Name the areas whose need is in the data, as a list in a sentence."""
    return joined([name_of(code) for code in known_areas()])


def magnets_used(party: Party, sample: dict, years: np.ndarray) -> np.ndarray:
    """Magnets used in each draw and year, in tonnes, before any lever.

    Parameters
    ----------
    party : Party
    sample : dict of str to numpy.ndarray
        Drawn assumptions, one column a draw (n, 1); see `uncertainty.sample`.
    years : numpy.ndarray
        (T,).

    Returns
    -------
    numpy.ndarray
        (n, T).
    """
    return sum(_used(area, sample, years) for area in party.areas)


def magnets_outside(party: Party, sample: dict) -> np.ndarray:
    """Magnets of the base year that do not come from the supplier, in tonnes, (n, 1)."""
    return sum(
        sample[_USED + area.lower()] * (1 - sample[f"supplier_magnets_{area.lower()}"])
        for area in party.areas
    )


def content(party: Party, sample: dict, years: np.ndarray, group: str) -> np.ndarray:
    """Oxide of an element group held by a tonne of the magnets used, (n, T).

    Areas differ: motors need more dysprosium than loudspeakers.
    """
    weights = [_used(area, sample, years) for area in party.areas]
    parts = [
        sample.get(f"{group}_{area.lower()}", sample[group]) * weight
        for area, weight in zip(party.areas, weights, strict=True)
    ]
    return sum(parts) / sum(weights) * sample["oxide_per_metal"]


def other_used(party: Party, sample: dict, years: np.ndarray) -> np.ndarray:
    """Oxide of the other rare earths used in each draw and year, in tonnes, (n, T)."""
    base = sum(sample[f"other_use_{area.lower()}"] for area in party.areas)
    return base * (1 + sample["growth_other"]) ** (years - BASE_YEAR)


def other_outside(party: Party, sample: dict) -> np.ndarray:
    """Other rare earths of the base year that do not come from the supplier, in tonnes, (n, 1)."""
    return sum(
        sample[f"other_use_{area.lower()}"] * (1 - sample[f"supplier_other_{area.lower()}"])
        for area in party.areas
    )


def part_of_other(party: Party, sample: dict) -> np.ndarray:
    """Its part of the other rare earths used outside the supplier, (n, 1), at most 1."""
    base = other_used(party, sample, np.array([float(BASE_YEAR)]))
    return np.minimum(1, base / sample["need_outside_other"])


def part_of_outside(party: Party, sample: dict, years: np.ndarray) -> np.ndarray:
    """Its part of all magnets used outside the supplier, (n, T), at most 1."""
    growth = (1 + sample["growth_world"]) ** (years - BASE_YEAR)
    outside = sample["need_outside_magnets"] * growth
    return np.minimum(1, magnets_used(party, sample, years) / outside)


def _used(area: str, sample: dict, years: np.ndarray) -> np.ndarray:
    low = area.lower()
    return sample[_USED + low] * (1 + sample[f"growth_magnets_{low}"]) ** (years - BASE_YEAR)
