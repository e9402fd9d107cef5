"""Transshipment scan: who sells more of a material after a control, and makes none of it.

A supplier without a known mine or plant whose sales to an importer jump after the exporter's
control may pass the exporter's goods on. Many jump for other reasons: the same scan at dates and
for goods without a control says how many (`hub_rates`).

Medians of up to three years are compared, in current US$: a single wrong record, such as magnets
booked as metal, moves a mean and not a median of three. BACI lists every known flow, so a year of
no trade counts as zero here.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from rareearths import catalogue, events, policy, supply, trade

BEFORE, AFTER = 3, 3  # years compared, the year of the control left out; after it at most
APART = 3  # years between a placebo date and the nearest act on the material
JUMP = 2.0  # sales after against before, in dollars and as a share
FED_PART = 0.5  # of the rise in sales: a hub marks up what it passes on
SMALLEST_USD, SMALLEST_SHARE = events.SMALLEST_USD, 0.001  # a year, of the importer's purchases
HOLD_BACK = (  # instruments that hold goods back; reports and technology rules do not
    "export_ban", "export_licensing", "export_quota", "export_tax", "informal_embargo",
    "entity_listing",
)  # fmt: skip
BUILT = ("operating", "ramping", "unknown")  # "unknown": opened, its state today was not read
GRADES = ("flagged", "fed")


@dataclass(frozen=True)
class Market:
    """Purchases of every material, by year.

    ``sales``: what each economy (columns) sold to the importer, or to the world without the
    exporter where ``importer`` is None; ``bought``: what each bought from the exporter. Rows are
    (material, year), US$, without a gap in the years; both tables have the same rows and columns.
    """

    importer: str | None
    exporter: str
    sales: pd.DataFrame
    bought: pd.DataFrame


def load_market(importer: str | None, exporter: str) -> Market:
    """Load the purchases of an importer, or of the world for None, once for every scan.

    Raises
    ------
    UnknownCode
        An economy that the data do not know.
    ValueError
        Importer and exporter are the same.
    """
    return make_market(
        trade.load_flows(importer), trade.load_flows(exporter=exporter), importer, exporter
    )


def make_market(
    purchases: pd.DataFrame, exports: pd.DataFrame, importer: str | None, exporter: str
) -> Market:
    """Make a market from canonical flows: the importer's purchases and the exporter's exports."""
    trade.check_economy(exporter)
    if importer == exporter:
        raise ValueError(f"importer and exporter are both {exporter}; name two economies")
    purchases = purchases[purchases["importer"] != exporter]  # goods sent back change no supplier
    if importer is not None:
        purchases = purchases[purchases["importer"] == importer]
    exports = exports[exports["exporter"] == exporter]
    sales, bought = _yearly(purchases, "exporter").align(_yearly(exports, "importer"))
    return Market(importer, exporter, sales.fillna(0.0), bought.fillna(0.0))  # no flow, no trade


@cache
def producers(material: str) -> frozenset[str]:
    """Economies with a known mine or plant of a material, in whatever year.

    Parameters
    ----------
    material : str
        A material of ``reference/materials.csv``.

    Returns
    -------
    frozenset of str
        ISO3 codes. Rare earths: any mine output since 1992; a published share of a stage, each
        member of a group named; a plant of ``projects`` that was opened (`BUILT`). Other materials:
        mine output of 2018-2024 only, since no plants are in the data: their refiners pass for
        non-producers.
    """
    output = supply.mine_output(material)
    known = set(output.loc[output["quantity_t"] > 0, "economy"])
    if material == "rare_earths":
        known |= _plants()
    return frozenset(known & set(trade.economy_names()))


def controls(exporter: str, material: str, importer: str | None = None) -> pd.DataFrame:
    """Years in which restrictions of an exporter on a material took effect.

    Parameters
    ----------
    exporter, material : str
    importer : str, optional
        Only acts that aim at this economy, at the European Union if it is a member, or at all.

    Returns
    -------
    pandas.DataFrame
        ``year``; ``acts`` (list of event ids); ``contested`` (whether every act of the year is);
        ``years_after`` (years that can be compared); ``reason`` (text: why the year cannot be
        scanned; empty where it can). Acts that hold goods back (`HOLD_BACK`), by the first day on
        which they applied.
    """
    acts = _restrictions(exporter, material)
    if importer is not None:
        aims = policy.codes_of(importer) | {policy.EVERYONE}
        acts = acts[acts["targets"].map(lambda targets: bool(aims & set(targets))).astype(bool)]
    by_year = acts.groupby(acts["from_day"].dt.year)
    table = by_year.agg(acts=("event_id", list), contested=("contested", "all"))
    table = table.rename_axis("year").reset_index()
    reach = trade.year_range()[1] - table["year"]
    table["years_after"] = reach.clip(0, AFTER).astype(int)
    table["reason"] = [why_not(material, year) for year in table["year"]]
    return table


def why_not(material: str, year: int) -> str:
    """Say why a year cannot be scanned; an empty text where it can."""
    first, last = trade.year_range()
    if year - BEFORE < first:
        return f"the trade data begin in {first}"
    if year >= last:
        return f"the trade data end in {last}"
    start, stop = year - BEFORE, min(year + AFTER, last)
    changes = (text for a, b, text in _code_changes(material) if a <= stop and b >= start)
    return next(changes, "")


def scan(market: Market, material: str, year: int, years_after: int | None = None) -> pd.DataFrame:
    """Compare what each supplier without a mine or plant sold before and after a year.

    Parameters
    ----------
    market : Market
    material : str
    year : int
        Left out itself; the medians of three years before and of up to three after it are
        compared.
    years_after : int, optional
        As many as the table holds by default.

    Returns
    -------
    pandas.DataFrame
        One row a supplier whose median before or after is above zero, the largest after first:
        ``supplier``, ``name``; ``before_usd``, ``after_usd`` (US$ a year), ``share_before``,
        ``share_after`` (of the sum of the medians of all suppliers), ``times`` (after / before;
        missing where the median before is zero); ``bought_before_usd``, ``bought_after_usd`` (US$ a
        year from the exporter), ``part_before``, ``part_after`` (of the sum of the medians of all
        its customers); ``candidate`` (large enough before or after), ``flagged`` (at least doubled,
        in US$ and as a share) and ``fed`` (flagged, and bought more from the exporter: at least
        half of the rise in sales, and a larger part of its exports); ``jump``, the two as text.

    Raises
    ------
    ValueError
        A year that the data cannot bracket, or whose codes changed; the message says which.

    References
    ----------
    docs/methods/transshipment.md
    """
    if reason := why_not(trade.check_material(material), year):
        raise ValueError(f"{year} cannot be scanned for {material}: {reason}")
    table = pd.DataFrame(_graded(market, material, year, _after(year, years_after)))
    before = table["before_usd"].where(table["before_usd"] > 0)
    names = trade.economy_names()
    table.insert(1, "name", table["supplier"].map(names))
    table["times"] = table["after_usd"] / before
    table["jump"] = np.select([table["fed"], table["flagged"]], ["yes, fed", "yes"], "no")
    order = ["after_usd", "before_usd"]
    return table.sort_values(order, ascending=False, kind="stable", ignore_index=True)


def placebos(
    market: Market, material: str, year: int, years_after: int | None = None
) -> pd.DataFrame:
    """Scan where nothing was controlled: other years of the material, other goods of the year.

    Placebo years lie at least `APART` years from every act of the exporter that held the material
    back or freed it. Placebo goods are materials that no act touched within the window, that the
    importer bought from the exporter for `SMALLEST_USD` a year before (the median, as in `scan`),
    and whose codes held.

    Returns
    -------
    pandas.DataFrame
        One row a scan: ``kind`` (``year`` or ``product``), ``material``, ``year``, ``candidates``,
        ``flagged``, ``fed`` (counts), ``rate`` and ``fed_rate`` (of the candidates; missing
        without any). Windows are as long as those of the year in question.
    """
    length = _after(year, years_after)
    goods = _placebo_goods(market, material, year, length)
    years = _placebo_years(market.exporter, material, length)
    runs = [_run(market, material, y, length, "year") for y in years]
    runs += [_run(market, m, year, length, "product") for m in goods]
    return pd.DataFrame(runs, columns=_RUN)


def scan_all(market: Market, material: str) -> pd.DataFrame:
    """Scan every control of a material, and its placebos.

    Returns
    -------
    pandas.DataFrame
        As `placebos`, with ``control`` (year of the control that a scan belongs to) and the kind
        ``control`` for the scan of that year itself. Empty where no control can be scanned.
    """
    found = []
    for row in controls(market.exporter, material, market.importer).itertuples():
        if not row.reason:
            own = _run(market, material, row.year, row.years_after, "control")
            runs = placebos(market, material, row.year, row.years_after)
            runs = pd.concat([pd.DataFrame([own], columns=_RUN), runs], ignore_index=True)
            found.append(runs.assign(control=row.year))
    return (
        pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=[*_RUN, "control"])
    )


_RUN = ["kind", "material", "year", "candidates", "flagged", "fed", "rate", "fed_rate"]


def _yearly(flows: pd.DataFrame, who: str) -> pd.DataFrame:
    """Value by material and year (rows, every year) and economy (columns); 0 without trade."""
    material = catalogue.load("products").set_index("hs6")["material"]
    keys = [flows["product"].map(material).rename("material"), flows["year"], flows[who]]
    sums = flows["value_usd"].astype(float).groupby(keys).sum().unstack(who, fill_value=0.0)
    first, last = trade.year_range()
    materials = sums.index.unique("material")
    full = pd.MultiIndex.from_product(
        [materials, range(first, last + 1)], names=["material", "year"]
    )
    return sums.reindex(full, fill_value=0.0)


def _graded(market: Market, material: str, year: int, length: int) -> dict[str, np.ndarray]:
    """The columns of `scan` by supplier that is neither producer, importer nor exporter."""
    found = _measures(market, material, year, length)
    before, after = found["before_usd"], found["after_usd"]
    share_before, share_after = found["share_before"], found["share_after"]
    large = np.maximum(before, after) >= SMALLEST_USD
    large &= np.maximum(share_before, share_after) >= SMALLEST_SHARE
    jumped = (after >= JUMP * before) & (share_after >= JUMP * share_before)
    more = found["bought_after_usd"] - found["bought_before_usd"]
    supplied = (more >= FED_PART * (after - before)) & (found["part_after"] > found["part_before"])
    return found | {"candidate": large, "flagged": large & jumped, "fed": large & jumped & supplied}


def _measures(market: Market, material: str, year: int, length: int) -> dict[str, np.ndarray]:
    """Medians before and after, and the shares in their sums, by supplier."""
    suppliers = market.sales.columns.to_numpy()
    spans = {"before": (year - BEFORE, year), "after": (year + 1, year + length + 1)}
    columns = {"supplier": suppliers}
    for name, (start, stop) in spans.items():
        sold = _typical(market.sales, material, start, stop)
        bought = _typical(market.bought, material, start, stop)
        columns |= {f"{name}_usd": sold, f"share_{name}": _parts(sold)}
        columns |= {f"bought_{name}_usd": bought, f"part_{name}": _parts(bought)}
    others = {*producers(material), market.importer, market.exporter}
    kept = (columns["before_usd"] > 0) | (columns["after_usd"] > 0)
    kept &= [supplier not in others for supplier in suppliers]
    return {name: values[kept] for name, values in columns.items()}


def _typical(values: pd.DataFrame, material: str, start: int, stop: int) -> np.ndarray:
    """Median of the years from ``start`` to before ``stop`` by economy; 0 for goods not traded."""
    if (material, start) not in values.index:
        return np.zeros(values.shape[1])
    row = values.index.get_loc((material, start))
    return np.median(values.to_numpy()[row : row + stop - start], axis=0)


def _parts(values: np.ndarray) -> np.ndarray:
    total = values.sum()
    return values / total if total > 0 else np.zeros_like(values)


def _run(market: Market, material: str, year: int, length: int, kind: str) -> dict:
    """One row of `placebos`."""
    found = _graded(market, material, year, length)
    n, flagged, fed = (int(found[name].sum()) for name in ("candidate", *GRADES))
    rates = {"rate": flagged / n, "fed_rate": fed / n} if n else {}
    about = {"kind": kind, "material": material, "year": year}
    return about | {"candidates": n, "flagged": flagged, "fed": fed} | rates


def _after(year: int, years_after: int | None) -> int:
    """Years after that are compared; as many as the data hold where None is asked for."""
    most = min(AFTER, trade.year_range()[1] - year)
    if years_after is None:
        return most
    if not 1 <= years_after <= most:
        raise ValueError(f"{years_after} years after {year} are asked for; 1 to {most} are there")
    return years_after


def _restrictions(exporter: str, material: str) -> pd.DataFrame:
    acts = policy.acts_of(policy.load_events(materials=[material]), trade.check_economy(exporter))
    return acts[(acts["direction"] == "restrictive") & acts["instrument"].isin(HOLD_BACK)]


def _placebo_years(exporter: str, material: str, length: int) -> list[int]:
    first, last = trade.year_range()
    years = range(first + BEFORE, last - length + 1)
    marked = _marked_years(exporter, material)
    apart = [y for y in years if all(abs(y - mark) >= APART for mark in marked)]
    return [y for y in apart if not why_not(material, y)]


@cache
def _marked_years(exporter: str, material: str) -> tuple[int, ...]:
    """Years in which the exporter held the material back, from whomever, or freed it."""
    acts = policy.acts_of(policy.load_events(materials=[material]), exporter)
    freed = acts[acts["direction"] == "liberalising"]
    days = pd.concat([_restrictions(exporter, material), freed])["from_day"]
    return tuple(int(year) for year in days.dt.year.unique())


def _placebo_goods(market: Market, material: str, year: int, length: int) -> list[str]:
    first, last = pd.Timestamp(year - BEFORE, 1, 1), pd.Timestamp(year + length, 12, 31)
    sold = market.sales.get(market.exporter)
    if sold is None:
        return []
    before = sold.unstack("material").loc[year - BEFORE : year - 1].median()
    bought = [m for m in before.index[before >= SMALLEST_USD] if m != material]
    apart = events.untouched(bought, market.exporter, first, last)
    return [m for m in apart if not why_not(m, year)]


@cache
def _code_changes(material: str) -> list[tuple[float, float, str]]:
    """First year, last year and description of each change of the material's codes."""
    rows = catalogue.load("known_breaks")
    rows = rows[(rows["series"] == trade.TABLE) & rows["kind"].str.startswith("codes_")]
    rows = rows[rows["material"] == material]
    lasts = rows["last_year"].astype(float).fillna(np.inf)
    return list(zip(rows["first_year"], lasts, rows["description"], strict=True))


def _plants() -> set[str]:
    """Economies with a share of a stage of the rare-earth chain, or a plant that was opened."""
    shares = catalogue.load("stage_shares")
    shares = shares[shares["measure"] != "projection"]
    named = shares.loc[shares[["share", "share_high"]].max(axis=1) > 0, "producer"]
    works = catalogue.load("projects")
    works = works[works["status"].isin(BUILT) & (works["capacity_kind"] != "contract")]
    return set(named.str.split("+").explode()) | set(works["economy"])
