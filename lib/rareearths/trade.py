"""Bilateral trade: flows, supplier shares, unit values.

Every function takes the canonical columns that `load_flows` returns: ``year``, ``exporter``,
``importer`` (ISO3), ``product`` (HS6 as text), ``value_usd`` (current US$), ``quantity_t`` (tonnes
gross weight, missing where not reported) and ``source``. Shares are fractions in [0, 1].
"""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rareearths import catalogue
from rareearths.catalogue import UnknownCode, closest

if TYPE_CHECKING:
    from pathlib import Path

    import ibis.expr.types as ir

TABLE = "baci_minerals"
SOURCE = "CEPII BACI"
BASES = {"value": "value_usd", "tonnes": "quantity_t"}
UNSPECIFIED = "ZZZ"
LEAST_COVERAGE = 0.8  # of the value whose weight is known; below, tonnes are not relied on


def load_flows(
    importer: str | None = None,
    exporter: str | None = None,
    products: str | list[str] | None = None,
    years: int | tuple[int, int] | None = None,
) -> pd.DataFrame:
    """Load bilateral flows of the bundled trade table.

    Parameters
    ----------
    importer, exporter : str, optional
        ISO3 code; all by default.
    products : str or list of str, optional
        A material (``"rare_earths"``), an HS6 code (``"280530"``), or a list of codes.
    years : int or (int, int), optional
        One year, or the first and the last year.

    Returns
    -------
    pandas.DataFrame
        Columns ``year``, ``exporter``, ``importer``, ``product``, ``value_usd`` (current US$),
        ``quantity_t`` (tonnes; NaN where not reported), ``source``; one row a flow.
        Empty when there was no such trade.

    Raises
    ------
    UnknownCode
        An economy, product or material that the data do not know.
    ValueError
        Years out of range or reversed.
    """
    filters = [("product", "in", product_codes(products))]
    for column, code in (("importer", importer), ("exporter", exporter)):
        if code is not None:
            filters.append((column, "==", check_economy(code)))
    if years is not None:
        first, last = check_years(years)
        filters += [("year", ">=", first), ("year", "<=", last)]
    return catalogue.load(TABLE, filters=filters).assign(source=SOURCE)


def open_flows(source: "str | Path", engine: str = "duckdb", **chosen) -> "ir.Table":
    """Open flows of all the world, with DuckDB or on a cluster; see `rareearths.scale.engine`.

    Parameters
    ----------
    source : str or pathlib.Path
        A store that ``rareearths data import`` made, Parquet files, an archive of BACI, or the
        address of a database.
    engine : str
        ``"duckdb"``, a Spark master (``"spark://host:7077"``, ``"local[*]"``) or the address of a
        Spark Connect server (``"sc://host:15002"``).
    **chosen
        As of `rareearths.scale.engine.open_flows`.

    Returns
    -------
    ibis.expr.types.Table
        One row a flow, for the questions of `rareearths.scale.world`.
    """
    from rareearths.scale import engine as engines

    return engines.open_flows(source, engine, **chosen)


def product_codes(products: str | list[str] | None = None) -> list[str]:
    """Return the HS6 codes of a material, a code or a list of codes; all codes for None.

    Raises
    ------
    UnknownCode
        Neither a material nor an HS6 code of ``reference/products.csv``.
    """
    known = _products()
    if products is None:
        return list(known.index)
    wanted = [products] if isinstance(products, str) else list(products)
    if not wanted:
        raise ValueError("products is empty; name a material or HS6 codes, or None for all")
    codes = []
    for item in wanted:
        of_material = list(known.index[known["material"] == item])
        if not of_material and item not in known.index:
            valid = [*known["material"].unique(), *known.index]
            raise UnknownCode(f"unknown product or material {item!r}; {closest(item, valid)}")
        codes += of_material or [item]
    return codes


def product_labels(language: str = "en") -> dict[str, str]:
    """Return the short label of each HS6 code, in ``en`` or ``ja``."""
    return dict(_names(_products, f"label_{language}"))


def product_in_text(code: str) -> str:
    """Return the label of an HS6 code with the code: "Cerium compounds (HS 284610)"."""
    return f"{product_labels()[code]} (HS {code})"


def economy_names(language: str = "en") -> dict[str, str]:
    """Return the short name of each economy by ISO3 code, in ``en`` or ``ja``."""
    return dict(_names(_economies, f"name_{language}"))


def economy_in_text(code: str) -> str:
    """Return the English name of an economy as it stands in a sentence: "the United States"."""
    economy = _economies().loc[check_economy(code)]
    return f"the {economy['name_en']}" if economy["with_article"] else economy["name_en"]


def economy_at_start(code: str) -> str:
    """Return the English name of an economy as it begins a sentence: "The United States"."""
    name = economy_in_text(code)
    return name[0].upper() + name[1:]


def goods_in_text(material: str) -> str:
    """Return what the HS codes of a material hold, as it stands in a sentence: "nickel ore"."""
    return _materials().at[check_material(material), "goods_en"]


def material_in_text(material: str) -> str:
    """Return the English name of a material as it stands in a sentence: "rare earths"."""
    return material_names()[check_material(material)]


def material_names(language: str = "en") -> dict[str, str]:
    """Return the name of each material, in ``en`` or ``ja``."""
    return dict(_names(_materials, f"name_{language}"))


def year_range() -> tuple[int, int]:
    """Return the first and the last year of the trade table."""
    limits = catalogue.table(TABLE).field("year")["constraints"]
    return limits["minimum"], limits["maximum"]


def check_economy(code: str) -> str:
    """Return the ISO3 code, or raise `UnknownCode` with the closest valid ones."""
    names = economy_names()
    if code not in names:
        wanted = f"unknown economy {code!r}, an ISO3 code is wanted"
        raise UnknownCode(f"{wanted}; {closest(code, names, names)}")
    return code


def check_material(material: str) -> str:
    """Return the material, or raise `UnknownCode` with the closest valid ones."""
    known = material_names()
    if material not in known:
        raise UnknownCode(f"unknown material {material!r}; {closest(material, known)}")
    return material


def check_years(
    years: int | tuple[int, int], limits: tuple[int, int] | None = None
) -> tuple[int, int]:
    """Return (first, last), or raise ValueError when reversed or outside the data.

    ``limits`` are the first and the last year of the data, by default those of the trade table.
    """
    first, last = (years, years) if isinstance(years, (int, np.integer)) else years
    low, high = limits or year_range()
    if first > last:
        raise ValueError(f"years are reversed: {first} comes after {last}")
    if first < low or last > high:
        years = f"year {first} is" if first == last else f"years {first}-{last} are"
        raise ValueError(f"{years} out of range; the data cover {low}-{high}")
    return int(first), int(last)


def supplier_totals(flows: pd.DataFrame) -> pd.DataFrame:
    """Sum the flows of each exporter and year over importers and products.

    Returns
    -------
    pandas.DataFrame
        ``year``, ``exporter``, ``value_usd`` (current US$), ``quantity_t`` (tonnes of the flows
        whose quantity is known; NaN where none is), ``value_with_quantity_usd`` (the value of
        those flows).
    """
    known = flows["quantity_t"].notna()
    marked = flows.assign(value_with_quantity_usd=flows["value_usd"].where(known, 0))
    return marked.groupby(["year", "exporter"], as_index=False).agg(
        value_usd=("value_usd", "sum"),
        quantity_t=("quantity_t", lambda q: q.sum(min_count=1)),
        value_with_quantity_usd=("value_with_quantity_usd", "sum"),
    )


def supplier_shares(flows: pd.DataFrame, basis: str = "value") -> pd.DataFrame:
    """Share of each exporter in the importer's imports, by year.

    Parameters
    ----------
    flows : pandas.DataFrame
        Canonical flows, usually of one importer.
    basis : {"value", "tonnes"}
        Tonnes leave out the flows whose quantity is not known; see `quantity_coverage`.

    Returns
    -------
    pandas.DataFrame
        ``year``, ``exporter``, ``amount`` (current US$ or tonnes), ``share`` (fraction; the
        shares of a year sum to 1). A year without any known amount is absent.

    References
    ----------
    docs/methods/supplier_share.md
    """
    column = BASES[check_basis(basis)]
    amounts = (
        flows.dropna(subset=[column])
        .groupby(["year", "exporter"], as_index=False)[column]
        .sum()
        .rename(columns={column: "amount"})
    )
    amounts = amounts[amounts["amount"] > 0].reset_index(drop=True)
    total = amounts.groupby("year")["amount"].transform("sum")
    return amounts.assign(share=amounts["amount"] / total)


def check_basis(basis: str) -> str:
    """Return the basis, or raise ValueError naming the allowed ones."""
    if basis not in BASES:
        raise ValueError(f"basis {basis!r} is not one of {', '.join(BASES)}")
    return basis


def quantity_coverage(flows: pd.DataFrame) -> pd.Series:
    """Share of each year's import value that comes with a known quantity, in [0, 1]."""
    weighed = flows["value_usd"].where(flows["quantity_t"].notna(), 0)
    sums = [values.groupby(flows["year"]).sum() for values in (weighed, flows["value_usd"])]
    return (sums[0] / sums[1]).rename("quantity_coverage")


def dependence(flows: pd.DataFrame, exporter: str) -> pd.DataFrame:
    """Share of one exporter by value and by tonnes, and the gap between the two.

    Returns
    -------
    pandas.DataFrame
        Indexed by every year from the first to the last with trade: ``share_value``,
        ``share_tonnes`` (fractions), ``gap`` (tonnes minus value), ``quantity_coverage``
        (fraction). A year in which the exporter sold nothing has share 0; a year without any
        imports, or without known quantities, stays missing.
    """
    check_economy(exporter)
    if flows.empty:
        raise ValueError("there are no flows to take a share of")
    years = pd.RangeIndex(flows["year"].min(), flows["year"].max() + 1, name="year")
    result = pd.DataFrame(index=years)
    for basis in BASES:
        shares = supplier_shares(flows, basis)
        own = shares[shares["exporter"] == exporter].set_index("year")["share"]
        result[f"share_{basis}"] = own.reindex(shares["year"].unique(), fill_value=0.0)
    result["gap"] = result["share_tonnes"] - result["share_value"]
    result["quantity_coverage"] = quantity_coverage(flows)
    return result


def latest_year(shares: pd.DataFrame) -> int:
    """Return the last year in which the share is known by value and by tonnes.

    Where no year has both (no weights at all), the last year by value.
    """
    both = shares.dropna(subset=["share_value", "share_tonnes"])
    return int((both if len(both) else shares.dropna(subset=["share_value"])).index[-1])


def unit_values(flows: pd.DataFrame, exporter: str) -> pd.DataFrame:
    """Unit value of one exporter's goods and of all other suppliers' together.

    Only flows with a known quantity enter, in value and in weight.

    Returns
    -------
    pandas.DataFrame
        Indexed by year: ``exporter`` and ``others``, in current US$ per kilogram of gross
        weight; NaN where nothing was sold.
    """
    known = flows.dropna(subset=["quantity_t"])
    who = np.where(known["exporter"] == check_economy(exporter), "exporter", "others")
    sums = known.groupby(["year", who])[["value_usd", "quantity_t"]].sum()
    per_kg = sums["value_usd"] / (sums["quantity_t"] * 1000)
    return per_kg.where(sums["quantity_t"] > 0).unstack().reindex(columns=["exporter", "others"])


def supplier_table(flows: pd.DataFrame, year: int, top: int = 8) -> pd.DataFrame:
    """The largest suppliers of one year, by value.

    Returns
    -------
    pandas.DataFrame
        ``exporter``, ``name``, ``value_usd``, ``share_value``, ``quantity_t``, ``share_tonnes``,
        ``usd_per_kg`` (of the flows with a known quantity); missing where no quantity is known.
    """
    of_year = flows[flows["year"] == year]
    table = supplier_totals(of_year).set_index("exporter")
    for basis in BASES:
        table[f"share_{basis}"] = supplier_shares(of_year, basis).set_index("exporter")["share"]
    table["usd_per_kg"] = table["value_with_quantity_usd"] / (table["quantity_t"] * 1000)
    table["name"] = table.index.map(economy_names())
    return table.sort_values("value_usd", ascending=False, kind="stable").head(top).reset_index()


def product_table(flows: pd.DataFrame, exporter: str, year: int) -> pd.DataFrame:
    """One exporter's share of each HS6 code in one year.

    Returns
    -------
    pandas.DataFrame
        ``product``, ``label``, ``stage``, ``value_usd`` (imports from all suppliers),
        ``share_value``, ``share_tonnes`` (fractions; missing where nothing was imported or weights
        are known for less than `LEAST_COVERAGE` of the value), ``note`` (known faults of the code);
        one row a code that was imported.
    """
    of_year = flows[flows["year"] == year]
    table = of_year.groupby("product")["value_usd"].sum().to_frame()
    table[["share_value", "share_tonnes"]] = np.nan
    for code, part in of_year.groupby("product"):
        shares = dependence(part, exporter).loc[year]
        table.loc[code, "share_value"] = shares["share_value"]
        if shares["quantity_coverage"] >= LEAST_COVERAGE:
            table.loc[code, "share_tonnes"] = shares["share_tonnes"]
    about = _products().rename(columns={"label_en": "label"})
    return table.join(about[["label", "stage", "note"]]).reset_index()


def load_published(importer: str, exporter: str, material: str) -> pd.DataFrame:
    """Shares of one supplier as published, to be read beside the computed ones.

    Returns
    -------
    pandas.DataFrame
        The rows of ``published_shares`` for this selection of high or medium confidence, oldest
        first; empty when none is bundled.
    """
    rows = catalogue.load("published_shares")
    chosen = (
        (rows["importer"] == check_economy(importer))
        & (rows["exporter"] == check_economy(exporter))
        & (rows["material"] == material)
        & (rows["confidence"] != "low")
    )
    return rows[chosen].sort_values(["start_year", "end_year"], kind="stable", ignore_index=True)


def beside_published(published: pd.DataFrame, shares: pd.DataFrame) -> pd.DataFrame:
    """Add to published shares the computed ones of the same period, averaged over its years.

    Parameters
    ----------
    published : pandas.DataFrame
        Rows of `load_published`.
    shares : pandas.DataFrame
        See `dependence`.

    Returns
    -------
    pandas.DataFrame
        The rows with ``period`` and ``covers`` (text: who says it, of what);
        ``computed_value`` and ``computed_tonnes`` (fractions; missing unless every year of the
        period is known); ``computed``, the one of the row's own basis (tonnes where the page does
        not state it); ``difference``, published minus computed.
    """
    rows = published.copy()
    means = [
        shares.reindex(range(row.start_year, row.end_year + 1)).mean(skipna=False)
        for row in rows.itertuples()
    ]
    table = pd.DataFrame(means, index=rows.index, columns=shares.columns)
    rows["computed_value"] = table["share_value"]
    rows["computed_tonnes"] = table["share_tonnes"]
    by_value = rows["basis"] == "value"
    rows["computed"] = rows["computed_value"].where(by_value, rows["computed_tonnes"])
    rows["difference"] = rows["share"] - rows["computed"]
    first, last = rows["start_year"].astype(str), rows["end_year"].astype(str)
    rows["period"] = first.where(first == last, first + "–" + last)
    rows["basis"] = rows["basis"].str.replace("_", " ")
    rows["covers"] = rows["publisher"] + ": " + rows["product_scope"]
    return rows


def compare_reported(flows: pd.DataFrame, importer: str, exporter: str) -> pd.DataFrame:
    """Imports from one supplier as the importer reports them, beside the reconciled flows.

    Parameters
    ----------
    flows : pandas.DataFrame
        Canonical flows of the importer.

    Returns
    -------
    pandas.DataFrame
        ``product``, ``year``, ``reported_usd``, ``baci_usd`` (current US$) and ``ratio``
        (reported / BACI); only where both are known, empty when nothing reported is bundled.
    """
    keys = ["product", "year"]
    reported = catalogue.load("reported_imports")
    chosen = (reported["importer"] == check_economy(importer)) & (
        reported["exporter"] == check_economy(exporter)
    )
    reported = reported[chosen]
    baci = flows[flows["exporter"] == exporter].groupby(keys, as_index=False)["value_usd"].sum()
    both = reported.merge(baci, on=keys, suffixes=("_reported", "_baci"))
    both = both.rename(columns={"value_usd_reported": "reported_usd", "value_usd_baci": "baci_usd"})
    both["ratio"] = both["reported_usd"] / both["baci_usd"]
    columns = [*keys, "reported_usd", "baci_usd", "ratio"]
    return both[columns].sort_values(keys, ignore_index=True)


@cache
def _names(of: Callable[[], pd.DataFrame], column: str) -> dict[str, str]:
    return of()[column].to_dict()


@cache
def _products() -> pd.DataFrame:
    return catalogue.load("products").set_index("hs6")


@cache
def _economies() -> pd.DataFrame:
    return catalogue.load("economies").set_index("economy")


@cache
def _materials() -> pd.DataFrame:
    return catalogue.load("materials").set_index("material")
