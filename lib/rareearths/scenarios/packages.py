"""Which levers are pulled, and how far: the packages of ``scenarios/packages.csv``."""

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
SAVING = ("substitution", "thrift_light", "thrift_heavy", "thrift_other")


@catalogue.remembered
def load_package(package: str) -> pd.DataFrame:
    """Load the settings of a package, indexed by ``setting``.

    Raises
    ------
    UnknownCode
        No such package.
    """
    rows = catalogue.load("packages")
    return rows[rows["package"] == check_package(package)].set_index("setting")


def check_package(package: str) -> str:
    """Return the package, or raise `UnknownCode` with the closest ones."""
    known = list(package_names())
    if package not in known:
        raise UnknownCode(f"unknown package {package!r}; {closest(package, known)}")
    return package


@catalogue.remembered
def settings(package: str) -> dict[str, Range]:
    """Return the range of each setting of a package."""
    rows = load_package(package)
    return {name: Range(row["low"], row["value"], row["high"]) for name, row in rows.iterrows()}


@catalogue.remembered
def package_names() -> dict[str, str]:
    """Return the name of each package, in the order of the table."""
    rows = catalogue.load("packages")
    return rows.drop_duplicates("package").set_index("package")["package_name"].to_dict()
