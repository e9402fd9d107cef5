"""Criticality indices, each from the same terms of the same data.

A *cell* is a material for an importer in a year, with its terms (`rareearths.index_cells`). An
`Index` says which of them it takes, so that two indices can exchange one term after another
(`rareearths.concordance`). See `Index` for the scale of each score.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from rareearths import trade
from rareearths.catalogue import UnknownCode, closest
from rareearths.risk import index_cells
from rareearths.risk.index_cells import column_name
from rareearths.risk.index_weights import parameters

LEAST = 5  # materials that a comparison of ranks needs


class Terms(NamedTuple):
    """The choices that make an index; two indices differ in some of them.

    ``stage``: where concentration is measured, ``mines``, ``suppliers`` (of the importer),
    ``both`` or ``none``. ``stability``: how the political stability of countries enters, ``no``,
    ``imports`` (its mean over the imports) or ``shares`` (each squared share is weighted).
    ``own``: what own mine output does, ``no``, ``credited`` (imports as a part of imports and
    output), ``source`` (one more supplier, with net reliance as weight of the world) or ``net``
    (net import reliance). ``controls``: the trade parameter, ``no`` or ``yes``. ``measure``:
    ``tonnes`` or ``value``. ``recycling``: recycling and substitution, ``no`` or ``yes``.
    """

    stage: str
    stability: str
    own: str
    controls: str
    measure: str
    recycling: str


class Index(NamedTuple):
    """An index: its name in words, its terms, and score = scale x (product of terms) ^ power."""

    label: str
    short: str
    terms: Terms
    scale: float = 1.0
    power: float = 1.0


INDICES = {
    "supplier_hhi": Index(
        "concentration of suppliers (HHI)",
        "Supplier HHI",
        Terms("suppliers", "no", "no", "no", "value", "no"),
    ),
    "geopolrisk": Index(
        "GeoPolRisk", "GeoPolRisk", Terms("mines", "imports", "credited", "no", "tonnes", "no")
    ),
    "eu_supply_risk": Index(
        "EU supply risk",
        "EU supply risk",
        Terms("both", "shares", "source", "yes", "tonnes", "yes"),
        scale=10.0,
    ),
    "usgs_risk": Index(
        "USGS-style supply risk",
        "USGS-style",
        Terms("mines", "shares", "net", "no", "tonnes", "no"),
        power=0.5,
    ),
    "net_reliance": Index(
        "net import reliance",
        "Net reliance",
        Terms("none", "no", "net", "no", "tonnes", "no"),
    ),
}


def check_index(name: str) -> str:
    """Return the name of an index, or raise `UnknownCode` with the closest ones."""
    if name not in INDICES:
        raise UnknownCode(f"unknown index {name!r}; {closest(name, INDICES)}")
    return name


def score(
    cells: pd.DataFrame, terms: Terms, recycling: pd.Series | float | None = None
) -> pd.Series:
    """Return the product of the terms of an index for each cell.

    Parameters
    ----------
    cells : pandas.DataFrame
        See `index_cells.load`.
    terms : Terms
    recycling : pandas.Series or float, optional
        Factor for recycling and substitution, by material or for all; by default
        `recycling_factor`.

    Returns
    -------
    pandas.Series
        The score without scale and power, see `Index`; missing where a term is not known.
    """
    made = _concentration(cells, terms)
    if terms.stability == "imports":
        made = made * cells[f"unstable_{terms.measure}"].to_numpy()
    if terms.own == "credited":
        made = made * cells["credited"].to_numpy()
    if terms.own == "net":
        made = made * cells[f"net_{terms.measure}"].to_numpy()
    if terms.recycling == "yes":
        factor = _central_factor() if recycling is None else recycling
        if isinstance(factor, pd.Series):
            factor = factor.reindex(cells.index.get_level_values("material")).to_numpy()
        made = made * factor
    return pd.Series(made, index=cells.index)


def table(
    cells: pd.DataFrame, basis: str = "value", recycling: pd.Series | float | None = None
) -> pd.DataFrame:
    """Compute every index of `INDICES` for each cell.

    Parameters
    ----------
    cells, recycling
        As for `score`.
    basis : {"value", "tonnes"}
        Measure of the concentration of suppliers; the other indices are by weight.

    Returns
    -------
    pandas.DataFrame
        Indexed like ``cells``, one column an index. ``supplier_hhi``, ``geopolrisk``,
        ``usgs_risk`` and ``net_reliance`` lie in [0, 1], ``eu_supply_risk`` in [0, 10 x the
        largest trade parameter]; its makers call a material critical from 1.
    """
    made = {}
    for name, index in with_basis(basis).items():
        raw = score(cells, index.terms, recycling)
        made[name] = index.scale * raw**index.power
    return pd.DataFrame(made)


def with_basis(basis: str) -> dict[str, Index]:
    """Return `INDICES` with the concentration of suppliers by this measure."""
    trade.check_basis(basis)
    hhi = INDICES["supplier_hhi"]
    return INDICES | {"supplier_hhi": hhi._replace(terms=hhi.terms._replace(measure=basis))}


def recycling_factor(end: str = "value") -> pd.Series:
    """Return (1 - recycling input rate) x substitution index by material.

    Parameters
    ----------
    end : {"low", "value", "high"}
        Which end of the ranges of the parameters; ``low`` gives the lowest factor.

    Notes
    -----
    The recycling rate is known for rare earths only, the substitution index for none: what is not
    known is 0 and 1 in the central case, and takes its range at the ends.
    """
    rows = parameters()
    other_end = {"low": "high", "value": "value", "high": "low"}[end]
    unknown = rows.at["recycling_unknown", other_end]
    rates = pd.Series(unknown, index=list(trade.material_names()), dtype=float)
    rates["rare_earths"] = rows.at["recycling_rare_earths", other_end]
    return (1 - rates) * rows.at["substitution", end]


def left_out(cells: pd.DataFrame, importer: str, year: int) -> pd.DataFrame:
    """Which materials of an importer have no full set of indices, and why.

    Returns
    -------
    pandas.DataFrame
        ``material``, ``name`` and ``reason`` (text).
    """
    own = cells.loc[importer]
    made = table(cells.loc[[importer]]).loc[importer]
    broken = index_cells.broken_codes((year, year)).set_index("material")["description"]
    found = []
    for material in made.index[made.isna().any(axis=1)]:
        if material in broken.index:
            reason = broken[[material]].iloc[0]
        elif not own.at[material, "imports_usd"] > 0:
            reason = f"No imports in {year}"
        elif not own.at[material, "imports_t"] > 0:
            reason = f"No import of {year} has a known weight"
        elif material in index_cells.mixed_units():
            reason = index_cells.mixed_units()[material]
        else:
            reason = "A term is not known"
        found.append((material, trade.material_names()[material].capitalize(), reason))
    return pd.DataFrame(found, columns=["material", "name", "reason"])


def _concentration(cells: pd.DataFrame, terms: Terms) -> np.ndarray:
    if terms.stage == "none":
        return np.ones(len(cells))
    mines = column_name("mines", terms.stability, terms.controls)
    if terms.stage == "mines":
        return cells[mines].to_numpy()
    whose = "sources" if terms.own == "source" else "suppliers"
    bought = column_name(f"{whose}_{terms.measure}", terms.stability, terms.controls)
    if terms.stage == "suppliers":
        return cells[bought].to_numpy()
    world = 0.5 * (cells[f"net_{terms.measure}"].to_numpy() if terms.own == "source" else 1.0)
    return cells[mines].to_numpy() * world + cells[bought].to_numpy() * (1 - world)


@cache
def _central_factor() -> pd.Series:
    return recycling_factor()
