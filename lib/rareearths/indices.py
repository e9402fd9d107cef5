"""Criticality indices, each from the same terms of the same data.

A *cell* is a material for an importer in a year. `load_cells` computes the terms of many cells at
once; an `Index` says which of them it takes, so that two indices can exchange one term after
another (`rareearths.concordance`). Shares and terms are fractions; tonnes are gross weights of
trade and content of mine output, see `Index` for the scale of each score.
"""

from collections.abc import Collection
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd

from rareearths import assumptions, catalogue, policy, risk, trade
from rareearths.catalogue import UnknownCode, closest

KEYS = ["importer", "material"]
CONTROLS = ("export_tax", "export_quota", "export_ban", "export_licensing")
NO_COMPARISON = "do not compare tonnages"  # in the notes of the materials
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


def year_range() -> tuple[int, int]:
    """Return the first and the last year with mine output of every material."""
    years = _mine_production()["year"]
    return int(years.min()), int(years.max())


def load_flows(years: tuple[int, int]) -> pd.DataFrame:
    """Load the flows of all materials between all economies, without the years that break.

    Returns
    -------
    pandas.DataFrame
        As `trade.load_flows`, with ``material``; without the codes and years that
        ``known_breaks`` marks C (germanium after 2006), see `left_out`.
    """
    flows = trade.load_flows(years=years)
    flows["material"] = flows["product"].map(_materials_of_codes())
    broken = _broken_codes(years)
    pairs = pd.MultiIndex.from_frame(flows[["product", "year"]])
    return flows[~pairs.isin(pd.MultiIndex.from_frame(broken[["product", "year"]]))]


def largest_importers(flows: pd.DataFrame, year: int, count: int) -> list[str]:
    """Return the economies that import most of these goods by value, the largest first.

    Raises
    ------
    ValueError
        Fewer than two or more importers than the flows hold.
    """
    bought = flows[(flows["year"] == year) & (flows["importer"] != trade.UNSPECIFIED)]
    totals = bought.groupby("importer")["value_usd"].sum().sort_values(ascending=False)
    if not 2 <= count <= len(totals):
        raise ValueError(f"importers must be from 2 to {len(totals)}, not {count}")
    return list(totals.index[:count])


def load_cells(
    flows: pd.DataFrame,
    year: int,
    importers: Collection[str],
    unrated: Collection[str] = risk.UNRATED,
    control: float | None = None,
    member: float | None = None,
) -> pd.DataFrame:
    """Compute the terms of all indices for every material of these importers.

    Parameters
    ----------
    flows : pandas.DataFrame
        See `load_flows`; all importers and exporters of the year.
    year : int
        A year of `year_range`.
    importers : collection of str
        ISO3 codes.
    unrated : collection of str
        Suppliers counted with `risk.MISSING_STABILITY`, as in `risk.geopolrisk`.
    control, member : float, optional
        Trade parameter of a supplier that holds the material back (1 without a control), and of
        own output and fellow members of the European Union, by default the values of the
        parameters ``control_weight`` and ``member_weight``.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``importer`` and ``material``: ``imports_t``, ``exports_t``, ``output_t``
        (tonnes; imports missing where no weight is known), ``imports_usd``, ``coverage`` (of their
        value by known weights), ``credited`` and ``net_MEASURE`` (fractions, see `Terms`),
        ``unstable_MEASURE`` (0 best, 1 worst), and the weighted sums of squared shares, named by
        `_name`. Missing where not known.
    """
    trade.check_years(year, year_range())
    of_year = flows[flows["year"] == year]
    weights = _Weights(year, unrated, control, member)
    frame = _amounts(of_year, year, list(importers))
    bought = _bought(of_year, list(importers), weights)
    own = _own_rows(frame, weights)
    parts = [frame]
    for measure in trade.BASES:
        rows = bought.rename(columns={measure: "amount"})
        with_own = pd.concat([rows, own.rename(columns={measure: "amount"})])
        parts.append(_concentrations(rows, f"suppliers_{measure}"))
        parts.append(_concentrations(with_own, f"sources_{measure}"))
        parts.append(_mean_instability(rows).rename(f"unstable_{measure}"))
    parts.append(_concentrations(_mined(year, list(importers), weights), "mines"))
    cells = pd.concat(parts, axis=1).reindex(frame.index)
    return _without_mixed_units(cells)


def score(
    cells: pd.DataFrame, terms: Terms, recycling: pd.Series | float | None = None
) -> pd.Series:
    """Return the product of the terms of an index for each cell.

    Parameters
    ----------
    cells : pandas.DataFrame
        See `load_cells`.
    terms : Terms
    recycling : pandas.Series or float, optional
        Factor for recycling and substitution, by material or for all; by default
        `recycling_factor`.

    Returns
    -------
    pandas.Series
        The score without scale and power, see `Index`; missing where a term is not known.
    """
    concentration = _concentration(cells, terms)
    if terms.stability == "imports":
        concentration = concentration * cells[f"unstable_{terms.measure}"]
    if terms.own == "credited":
        concentration = concentration * cells["credited"]
    if terms.own == "net":
        concentration = concentration * cells[f"net_{terms.measure}"]
    if terms.recycling == "yes":
        factor = _central_factor() if recycling is None else recycling
        if isinstance(factor, pd.Series):
            factor = factor.reindex(cells.index.get_level_values("material")).to_numpy()
        concentration = concentration * factor
    return concentration


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
    broken = _broken_codes((year, year)).set_index("material")["description"]
    found = []
    for material in made.index[made.isna().any(axis=1)]:
        if material in broken.index:
            reason = broken[[material]].iloc[0]
        elif not own.at[material, "imports_usd"] > 0:
            reason = f"No imports in {year}"
        elif not own.at[material, "imports_t"] > 0:
            reason = f"No import of {year} has a known weight"
        elif material in mixed_units():
            reason = mixed_units()[material]
        else:
            reason = "A term is not known"
        found.append((material, trade.material_names()[material].capitalize(), reason))
    return pd.DataFrame(found, columns=["material", "name", "reason"])


def mixed_units() -> dict[str, str]:
    """Return the materials whose output and trade are weighed in different forms, and why."""
    notes = catalogue.load("materials").set_index("material")["note"].dropna()
    return notes[notes.str.contains(NO_COMPARISON)].to_dict()


def restrictions(year: int) -> pd.DataFrame:
    """Export taxes, quotas, bans and licences in force at the end of a year.

    Returns
    -------
    pandas.DataFrame
        ``exporter``, ``material``, ``target`` (ISO3 or ``WLD``), ``event_id``; without controls on
        technology alone.
    """
    acts = policy.in_force(f"{year}-12-31")
    acts = acts[acts["instrument"].isin(CONTROLS) & (acts["direction"] == "restrictive")]
    acts = acts[[set(stages) != {"technology"} for stages in acts["stage"]]]
    rows = [
        (exporter, material, target, act.event_id)
        for act in acts.itertuples()
        for exporter in act.issuers
        for target in act.targets
        for material in trade.material_names()
        if _tokens()[material] & set(act.materials)
    ]
    return pd.DataFrame(rows, columns=["exporter", "material", "target", "event_id"])


class _Weights:
    """Political instability and trade parameter of the suppliers, looked up for many rows."""

    def __init__(self, year: int, unrated: Collection[str], control, member):
        rows = catalogue.load("political_stability")
        known = rows[rows["year"] == year].set_index("economy")["normalised"]
        self.instability = known.drop(list(unrated), errors="ignore")
        central = parameters()["value"]
        self.control = central["control_weight"] if control is None else control
        self.member = central["member_weight"] if member is None else member
        economies = catalogue.load("economies").set_index("economy")
        self.union = set(economies.index[economies["eu27"]])
        self.acts = _acts(year)

    def add(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Add ``instability`` (0 best, 1 worst) and ``parameter`` to rows of suppliers."""
        rated = rows["exporter"].map(self.instability).astype(float)
        own = rows["exporter"] == rows["importer"]
        inside = rows["exporter"].isin(self.union) & rows["importer"].isin(self.union)
        held = [
            bool({(e, m, i), (e, m, "WLD"), (e, m, "EUU" if i in self.union else i)} & self.acts)
            for e, m, i in zip(rows["exporter"], rows["material"], rows["importer"], strict=True)
        ]
        parameter = np.where(own | inside, self.member, np.where(held, self.control, 1.0))
        rated = rated.fillna(risk.MISSING_STABILITY)
        return rows.assign(instability=rated, parameter=parameter)


def _amounts(flows: pd.DataFrame, year: int, importers: list[str]) -> pd.DataFrame:
    """Imports, exports, own output and what is made of them, for each cell."""
    materials = list(trade.material_names())
    index = pd.MultiIndex.from_product([importers, materials], names=KEYS)
    flows = flows.assign(weighed_usd=flows["value_usd"].where(flows["quantity_t"].notna()))
    columns = ["quantity_t", "value_usd", "weighed_usd"]
    own = flows[flows["importer"].isin(importers)]
    into = own.groupby(KEYS)[columns].sum(min_count=1).reindex(index)
    own = flows[flows["exporter"].isin(importers)]
    out = own.groupby(["exporter", "material"])[columns].sum()
    out = out.rename_axis(KEYS).reindex(index).fillna(0.0)  # nothing recorded: nothing exported
    mined = _mine_production().query("year == @year")
    output = mined.groupby(["economy", "material"])["quantity_t"].sum().rename_axis(KEYS)
    output = output.reindex(index).fillna(0.0)  # World Mining Data lists every producer
    price = into["weighed_usd"] / into["quantity_t"]
    frame = pd.DataFrame(
        {
            "imports_t": into["quantity_t"],
            "imports_usd": into["value_usd"],
            "coverage": into["weighed_usd"].fillna(0.0) / into["value_usd"],
            "exports_t": out["quantity_t"],
            "exports_usd": out["value_usd"],
            "output_t": output,
            "output_usd": output * price,  # at the unit value of the imports
        }
    )
    frame["credited"] = frame["imports_t"] / (frame["imports_t"] + output)
    for measure, unit in (("tonnes", "t"), ("value", "usd")):
        amounts = (frame[f"{kind}_{unit}"] for kind in ("imports", "exports", "output"))
        frame[f"net_{measure}"] = net_reliance(*amounts).clip(lower=0.0)
    return frame


def net_reliance(imports: pd.Series, exports: pd.Series, output: pd.Series) -> pd.Series:
    """Net import reliance: net imports as a share of apparent consumption.

    Parameters
    ----------
    imports, exports, output : pandas.Series
        In one unit; output is own mine output.

    Returns
    -------
    pandas.Series
        (imports - exports) / (output + imports - exports), at most 1; 0 for a net exporter,
        whose use this balance does not show; missing where imports are. Stock changes, which
        the US Geological Survey adds, are not in the data.

    References
    ----------
    USGS, Mineral Commodity Summaries, appendix; docs/methods/net_import_reliance.md

    Examples
    --------
    >>> def one(amount):
    ...     return pd.Series([float(amount)])
    >>> float(net_reliance(one(60), one(10), one(50)).iloc[0])
    0.5
    """
    net = imports - exports
    share = net / (output + net).where(net > 0)
    return share.where(net > 0, 0.0).where(imports.notna())


def _bought(flows: pd.DataFrame, importers: list[str], weights: _Weights) -> pd.DataFrame:
    """Imports of each cell from each supplier: ``tonnes`` and ``value``, with their weights."""
    own = flows[flows["importer"].isin(importers)]
    columns = {column: measure for measure, column in trade.BASES.items()}
    rows = own.groupby([*KEYS, "exporter"], as_index=False)[list(columns)].sum(min_count=1)
    return weights.add(rows.rename(columns=columns))


def _own_rows(frame: pd.DataFrame, weights: _Weights) -> pd.DataFrame:
    """Own output as a supplier of its own."""
    columns = {"output_t": "tonnes", "output_usd": "value"}
    rows = frame[list(columns)].rename(columns=columns).reset_index()
    return weights.add(rows.assign(exporter=rows["importer"]))


def _mined(year: int, importers: list[str], weights: _Weights) -> pd.DataFrame:
    """Mine output by producer, seen from each importer."""
    rows = _mine_production().query("year == @year and quantity_t > 0")
    rows = rows.rename(columns={"economy": "exporter", "quantity_t": "amount"})
    seen = pd.DataFrame({"importer": importers}).merge(
        rows[["material", "exporter", "amount"]], how="cross"
    )
    return weights.add(seen)


def _name(of: str, stability: str, controls: str) -> str:
    """Name of a column of `load_cells`: of whom, and by what squared shares are weighted."""
    return f"{of}_{'stability' if stability == 'shares' else 'plain'}_{controls}"


def _concentrations(rows: pd.DataFrame, of: str) -> pd.DataFrame:
    """Sums of squared shares, with and without the weights for stability and controls."""
    rows = rows[rows["amount"] > 0]
    squared = (rows["amount"] / rows.groupby(KEYS)["amount"].transform("sum")) ** 2
    made = {}
    for stability, controls in product(("no", "shares"), ("no", "yes")):
        weight = rows["instability"] if stability == "shares" else 1.0
        weight = weight * (rows["parameter"] if controls == "yes" else 1.0)
        made[_name(of, stability, controls)] = squared * weight
    return pd.DataFrame(made).groupby([rows[key] for key in KEYS]).sum()


def _mean_instability(rows: pd.DataFrame) -> pd.Series:
    """Mean instability of the suppliers, by their part in the imports."""
    rows = rows[rows["amount"] > 0].assign(product=lambda r: r["amount"] * r["instability"])
    sums = rows.groupby(KEYS)[["product", "amount"]].sum()
    return sums["product"] / sums["amount"]


def _concentration(cells: pd.DataFrame, terms: Terms) -> pd.Series:
    if terms.stage == "none":
        return pd.Series(1.0, index=cells.index)
    mines = cells[_name("mines", terms.stability, terms.controls)]
    whose = "sources" if terms.own == "source" else "suppliers"
    bought = cells[_name(f"{whose}_{terms.measure}", terms.stability, terms.controls)]
    if terms.stage == "mines":
        return mines
    if terms.stage == "suppliers":
        return bought
    world = 0.5 * (cells[f"net_{terms.measure}"] if terms.own == "source" else 1.0)
    return mines * world + bought * (1 - world)


def _without_mixed_units(cells: pd.DataFrame) -> pd.DataFrame:
    """Blank the terms that set own output against trade where the two weigh different things."""
    mixed = cells.index.get_level_values("material").isin(mixed_units())
    concerned = [c for c in cells if c.startswith(("credited", "net_", "sources_"))]
    cells.loc[mixed, concerned] = np.nan
    return cells


@cache
def parameters() -> pd.DataFrame:
    """The assumptions of the indices, see `assumptions.load`."""
    return assumptions.load("indices")


@cache
def _central_factor() -> pd.Series:
    return recycling_factor()


@cache
def _mine_production() -> pd.DataFrame:
    return catalogue.load("mine_production")


@cache
def _tokens() -> dict[str, set[str]]:
    return {material: policy.material_tokens(material) for material in trade.material_names()}


@cache
def _acts(year: int) -> frozenset:
    acts = restrictions(year)
    return frozenset(zip(acts["exporter"], acts["material"], acts["target"], strict=True))


def _materials_of_codes() -> pd.Series:
    return catalogue.load("products").set_index("hs6")["material"]


def _broken_codes(years: tuple[int, int]) -> pd.DataFrame:
    """Codes and years that a known break marks C: ``product``, ``material``, ``year``."""
    rows = catalogue.load("known_breaks")
    rows = rows[(rows["series"] == trade.TABLE) & (rows["best_mark"] == "C")]
    spans = [
        (row.product, row.material, year, row.description)
        for row in rows.itertuples()
        for year in range(years[0], years[1] + 1)
        if row.first_year <= year and (pd.isna(row.last_year) or year <= row.last_year)
    ]
    return pd.DataFrame(spans, columns=["product", "material", "year", "description"])
