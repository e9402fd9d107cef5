"""A pull of levers: how far each is moved, and what then has to come from the supplier."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes

from rareearths import catalogue, figures
from rareearths.catalogue import UnknownCode, closest
from rareearths.scenarios import outlook, packages, party, uncertainty
from rareearths.words import ranged

DRAWS, SEED = 500, 2026  # enough for a curve, and drawn in an instant


@dataclass(frozen=True)
class Pull:
    """Levers as a package sets them, but for those that are moved.

    Attributes
    ----------
    importer : str
        One of `party.known_areas`.
    package : str
        One of `packages.package_names`.
    group : str
        Element group, one of `party.GROUPS`.
    moved : tuple of (str, float)
        Levers and the value that each is held at; the others keep the range of the package.

    Raises
    ------
    UnknownCode, ValueError
        A choice that the model does not know, or a value out of a lever's reach.
    """

    importer: str = "JPN"
    package: str = "accelerated"
    group: str = "magnet_heavy"
    moved: tuple = ()

    def __post_init__(self):
        packages.with_moved(self.package, dict(self.moved))
        _check(self.importer, party.known_areas(), "area with a known need")
        _check(self.group, party.GROUPS, "element group")

    @property
    def pulled(self) -> str | packages.Moved:
        """The package, with the levers that are moved."""
        return packages.with_moved(self.package, dict(self.moved))


def set_by(package: str) -> dict[str, float]:
    """Return the central value of each lever in a package."""
    return {name: packages.settings(package)[name].value for name in packages.levers()}


@catalogue.remembered
def fan(importer: str, package: str | packages.Moved, group: str) -> pd.DataFrame:
    """Return median and bands of the dependence by year.

    Parameters
    ----------
    importer, package, group
        As in `Pull`; or a package with some levers moved.

    Returns
    -------
    pandas.DataFrame
        See `outlook.fan`.
    """
    who = party.load_party(importer)
    parts = uncertainty.draw(who, DRAWS, SEED)
    done = outlook.run(who, package, parts, range(party.BASE_YEAR, party.HORIZON + 1))
    return outlook.fan(done, group)


def load(pull: Pull) -> dict[str, pd.DataFrame]:
    """Return the fan of each package by its name, and that with moved levers."""
    shown = dict.fromkeys([*packages.package_names(), pull.pulled])
    return {packages.name_of(p): fan(pull.importer, p, pull.group) for p in shown}


def chosen(pull: Pull) -> str:
    """Return the name of the fan whose bands are drawn."""
    return packages.name_of(pull.pulled)


def draw(pull: Pull, fans: dict[str, pd.DataFrame]) -> Axes:
    """Draw the fans, the chosen one with its bands; dashed: its first year."""
    today = fans[chosen(pull)]["median"].iloc[0]
    return figures.plot_fan(figures.canvas(), fans, chosen(pull), today)


def show(pull: Pull) -> None:
    """Show the chart of a pull of levers with title, source and data."""
    fans = load(pull)
    figures.show(draw(pull, fans), data=table(fans), **TEXTS, **values(pull, fans))


def table(fans: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the fans as one table: ``path`` (name), then as `outlook.fan`."""
    data = pd.concat([fan.assign(path=name) for name, fan in fans.items()], ignore_index=True)
    return data[["path", *data.columns.drop("path")]]


TEXTS = {
    "title": "{goods}: {share} from {supplier} in {end}",
    "subtitle": "Share of the need of {importer} that has to come from {supplier}; bands of "
    "{name}: 50 and 90% of draws; dashed: {base}",
    "alt": "Lines by year for each package, with bands around {name}.",
    "source": "Source: own model, {draws} draws; docs/methods/levers.md",
}


def values(pull: Pull, fans: dict[str, pd.DataFrame]) -> dict:
    """Return what the texts of the chart name."""
    last = fans[chosen(pull)].iloc[-1]
    goods = party.GROUPS[pull.group]
    return {
        "goods": goods[0].upper() + goods[1:],
        "importer": party.name_of(pull.importer),
        "supplier": party.name_of(party.SUPPLIER),
        "name": chosen(pull),
        "share": ranged(last["median"], last["low90"], last["high90"], "pct0"),
        "base": party.BASE_YEAR,
        "end": party.HORIZON,
        "draws": DRAWS,
    }


def _check(code: str, known, what: str) -> str:
    if code not in known:
        raise UnknownCode(f"unknown {what} {code!r}; {closest(code, known)}")
    return code
