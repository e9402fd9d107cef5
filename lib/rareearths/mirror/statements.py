"""What importer and exporter state of the same flow, side by side, and the interval between them.

The importer's value is freed of freight and insurance, so that both are export values. Where only
one side speaks, the reconciled value of BACI is the second statement, and is named as such.
"""

import pandas as pd

from rareearths import catalogue, trade
from rareearths.mirror.gap import freight_margin, log_gap

KEYS = ["year", "product", "exporter"]
BOTH, IMPORTER, EXPORTER, RECONCILED = "both sides", "importer", "exporter", trade.SOURCE
SIDES = {
    (True, True): BOTH,
    (True, False): f"{IMPORTER}, {RECONCILED}",
    (False, True): f"{EXPORTER}, {RECONCILED}",
    (False, False): RECONCILED,
}
_STATED = ["importer_usd", "exporter_usd", "baci_usd"]


def load(
    importer: str,
    products: str | list[str],
    years: tuple[int, int] | None = None,
    margin: float | None = None,
) -> pd.DataFrame:
    """Lay the bundled and refreshed statements on an importer's flows side by side.

    Parameters
    ----------
    importer : str
        ISO3 code.
    products : str or list of str
        A material, an HS6 code or a list of codes.
    years : (int, int), optional
        First and last year. A last year in which BACI ends ends no newer statements.
    margin : float, optional
        Freight and insurance as a fraction of the export value; by default that of
        `freight_margin`.

    Returns
    -------
    pandas.DataFrame
        See `side_by_side`; without a row where the importer's report is not at hand.

    Raises
    ------
    UnknownCode, ValueError
        As `trade.load_flows`.
    """
    flows = trade.load_flows(importer, products=products, years=years)
    imports = _chosen(catalogue.load("reported_imports"), importer, products, years)
    if imports.empty:
        return side_by_side(imports, imports, flows, 0.0)
    exports = _chosen(catalogue.load("reported_exports"), importer, products, years)
    margin = freight_margin().value if margin is None else margin
    return side_by_side(imports, exports, flows, margin)


def side_by_side(
    imports: pd.DataFrame, exports: pd.DataFrame, flows: pd.DataFrame, margin: float
) -> pd.DataFrame:
    """Join the statements of two sides and of BACI on one importer's flows.

    Only years of which one side reports something are kept. There, flows that BACI alone knows
    stay, because a share needs all suppliers. Where the importer's report on an HS code is
    complete, an origin that it does not name is one that it states as zero.

    Parameters
    ----------
    imports, exports : pandas.DataFrame
        Rows of ``reported_imports`` and ``reported_exports``; import values are CIF.
    flows : pandas.DataFrame
        Canonical flows.
    margin : float
        Freight and insurance, as a fraction of the export value.

    Returns
    -------
    pandas.DataFrame
        ``year``, ``product``, ``exporter``; ``reported_usd`` (as the importer reports it) and
        ``importer_usd`` (without the margin), ``exporter_usd``, ``baci_usd``, all current US$ and
        missing where not stated; ``gap`` (`log_gap` of the two sides) and ``gap_baci`` (of the
        importer's value and BACI's), missing where one is missing or zero; ``low_usd``,
        ``high_usd`` (ends of the interval), ``sides`` (text: whose statements they are) and
        ``compared`` (whether there are two).

    References
    ----------
    docs/methods/mirror.md
    """
    columns = {"reported_usd": imports, "exporter_usd": exports, "baci_usd": flows}
    rows = pd.DataFrame(
        {name: table.groupby(KEYS)["value_usd"].sum() for name, table in columns.items()},
        dtype="float64",
    ).reset_index()
    reported = pd.concat([imports["year"], exports["year"]]).unique()
    rows = rows[rows["year"].isin(reported)].reset_index(drop=True)
    rows["reported_usd"] = rows["reported_usd"].mask(_silent(rows, imports), 0.0)
    rows["importer_usd"] = rows["reported_usd"] / (1 + margin)
    rows["gap"] = _gap(rows["reported_usd"], rows["exporter_usd"], margin)
    rows["gap_baci"] = _gap(rows["reported_usd"], rows["baci_usd"], margin)
    return _with_interval(rows)[
        [*KEYS, "reported_usd", *_STATED, "gap", "gap_baci", "low_usd", "high_usd", "sides",
         "compared"]
    ]  # fmt: skip


def largest_flows(statements: pd.DataFrame, year: int, top: int = 12) -> pd.DataFrame:
    """Return the largest flows of a year for a table, without columns in which nothing is stated.

    Returns
    -------
    pandas.DataFrame
        ``product``, ``name`` of the supplier, the statements and gaps of `side_by_side`, ``sides``.
    """
    rows = statements[statements["year"] == year].nlargest(top, "high_usd", keep="all")
    rows = rows.assign(name=rows["exporter"].map(trade.economy_names()))
    columns = ["reported_usd", *_STATED, "gap", "gap_baci"]
    stated = [name for name in columns if rows[name].notna().any()]
    return rows[["product", "name", *stated, "sides"]].reset_index(drop=True)


def _with_interval(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the interval: between the two sides, or between the one that speaks and BACI."""
    known = rows[_STATED].notna()
    both = known["importer_usd"] & known["exporter_usd"]
    second = rows[_STATED].assign(baci_usd=rows["baci_usd"].mask(both))
    sides = [SIDES[pair] for pair in zip(known["importer_usd"], known["exporter_usd"], strict=True)]
    alone = ~both & (known.sum(axis=1) == 1)
    named = pd.Series(sides, rows.index, dtype="str")
    named = named.mask(alone, named.str.removesuffix(f", {RECONCILED}"))
    return rows.assign(
        low_usd=second.min(axis=1), high_usd=second.max(axis=1), sides=named, compared=~alone
    )


def _silent(rows: pd.DataFrame, imports: pd.DataFrame) -> pd.Series:
    """Whether the importer names all origins of a code and year, and not this one."""
    complete = imports.groupby(KEYS[:2])["complete"].all()
    whole = rows.join(complete, on=KEYS[:2])["complete"].eq(True)
    return whole & rows["reported_usd"].isna()


def _gap(imported: pd.Series, exported: pd.Series, margin: float) -> pd.Series:
    """Return the `log_gap` where both are positive, else missing."""
    return log_gap(imported.where(imported > 0), exported.where(exported > 0), margin)


def _chosen(rows: pd.DataFrame, importer: str, products, years) -> pd.DataFrame:
    codes = trade.product_codes(products)
    rows = rows[(rows["importer"] == importer) & rows["product"].isin(codes)]
    if years is None:
        return rows
    first, last = years
    return rows[
        (rows["year"] >= first) & ((rows["year"] <= last) | (last >= trade.year_range()[1]))
    ]
