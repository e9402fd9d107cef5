"""Which levers are pulled, and how far: the packages of ``scenarios/packages.csv``.

A package is named by its code, such as "announced". `Moved` is a package with some levers held at
another value; it can stand wherever a code can.
"""

from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from rareearths import catalogue
from rareearths.assumptions import Range
from rareearths.catalogue import UnknownCode, closest

REFERENCE = "china_only"  # no project, no lever
LEVERS = {
    "mining": "Mines",
    "separation": "Separation",
    "making": "Metal and magnets",
    "saving": "Substitution and thrifting",
    "recycling": "Recycling",
}
MOVED = "Moved levers"  # what a package is called whose levers were moved
FIXED = ("projects", "stock_days")  # settings that are a switch, or lower no dependence
SAVING = ("substitution", "thrift_light", "thrift_heavy", "thrift_other")


class Lever(NamedTuple):
    """A setting of a package that can be moved: its label and unit, and how far it goes."""

    label: str
    unit: str
    most: float


@dataclass(frozen=True)
class Moved:
    """A package with some of its levers held at a value; the others keep its ranges.

    Attributes
    ----------
    package : str
    levers : tuple of (str, float)
        Levers, see `levers`, and the value that each is held at.

    Raises
    ------
    UnknownCode, ValueError
        No such package or lever, or a value out of a lever's reach.
    """

    package: str
    levers: tuple

    def __post_init__(self):
        check_package(self.package)
        for lever in self.levers:
            check_lever(lever)

    def __str__(self):
        return "moved"


def with_moved(package: str, moved: dict) -> str | Moved:
    """Return a package with some levers held at a value, or the package where none is moved."""
    return Moved(package, tuple(moved.items())) if moved else check_package(package)


@catalogue.remembered
def load_package(package: str | Moved) -> pd.DataFrame:
    """Load the settings of a package, indexed by ``setting``.

    Raises
    ------
    UnknownCode
        No such package.
    """
    if isinstance(package, Moved):
        rows = load_package(package.package).copy()
        for name, value in package.levers:
            rows.loc[name] = _held(rows.loc[name], value)
        return rows
    rows = catalogue.load("packages")
    return rows[rows["package"] == check_package(package)].set_index("setting")


def check_package(package: str) -> str:
    """Return the package, or raise `UnknownCode` with the closest ones."""
    known = list(package_names())
    if package not in known:
        raise UnknownCode(f"unknown package {package!r}; {closest(package, known)}")
    return package


def check_lever(lever: tuple[str, float]) -> None:
    """Raise `UnknownCode` for an unknown lever and ValueError for a value out of its reach."""
    name, value = lever
    if name not in levers():
        raise UnknownCode(f"unknown lever {name!r}; {closest(name, levers())}")
    most = levers()[name].most
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise ValueError(f"{name} {value!r}: a number from 0 to {most:g} is allowed")


@catalogue.remembered
def levers() -> dict[str, Lever]:
    """Return the levers that can be moved; the furthest is the high end of any package."""
    rows = catalogue.load("packages").query("setting not in @FIXED")
    return {
        name: Lever(of["label"].iloc[0], of["unit"].iloc[0], float(of["high"].max()))
        for name, of in rows.groupby("setting", sort=False)
    }


@catalogue.remembered
def settings(package: str | Moved) -> dict[str, Range]:
    """Return the range of each setting of a package."""
    rows = load_package(package)
    return {name: Range(row["low"], row["value"], row["high"]) for name, row in rows.iterrows()}


def name_of(package: str | Moved) -> str:
    """Return the name of a package."""
    return MOVED if isinstance(package, Moved) else package_names()[check_package(package)]


@catalogue.remembered
def package_names() -> dict[str, str]:
    """Return the name of each package, in the order of the table."""
    rows = catalogue.load("packages")
    return rows.drop_duplicates("package").set_index("package")["package_name"].to_dict()


def _held(row: pd.Series, value: float) -> pd.Series:
    """The row of a lever that is held at a value; its note says what the package sets."""
    span = f"{row['value']:g} ({row['low']:g} to {row['high']:g})"
    said = {"kind": "held", "source": "The parameter moved", "source_url": None, "assumption": None}
    note = {"note": f"The package {row['package_name']} sets {span}."}
    return pd.Series(row.to_dict() | dict.fromkeys(Range._fields, float(value)) | said | note)
