"""The two sides' reports of one supplier's flow by month, where a refresh has brought them."""

import pandas as pd

from rareearths import catalogue, trade
from rareearths.mirror.band import mirror_band
from rareearths.mirror.gap import freight_margin, log_gap
from rareearths.mirror.statements import side_by_side

COLUMNS = ["month", "reported_usd", "exporter_usd", "gap", "share_low", "share_high", "hhi_low",
           "hhi_high"]  # fmt: skip


def by_month(importer: str, exporter: str, products: str | list[str]) -> pd.DataFrame:
    """What both sides report of an importer's purchases from one supplier, and the band, by month.

    Parameters
    ----------
    importer, exporter : str
        ISO3 codes.
    products : str or list of str
        A material, an HS6 code, or several codes; see `trade.product_codes`.

    Returns
    -------
    pandas.DataFrame
        ``month`` (text), ``reported_usd`` (as the importer reports it, CIF) and ``exporter_usd``
        (as the exporter does, FOB), current US$, missing where not stated; ``gap``
        (`mirror.log_gap`; missing where one is missing or zero); ``share_low``, ``share_high``,
        ``hhi_low`` and ``hhi_high`` (of all suppliers; fractions), see `mirror.mirror_band`. Months
        with a report of the importer and a second statement on some flow; none as long as no
        refresh has brought rows of this importer.

    References
    ----------
    docs/methods/mirror.md
    """
    rows = catalogue.load("mirror_months")
    own = (rows["importer"] == importer) & rows["product"].isin(trade.product_codes(products))
    rows = rows[own].rename(columns={"month": "year"})  # the period, as the band knows it
    imports, exports = (rows[rows["flow"] == flow] for flow in ("imports", "exports"))
    exports = exports[exports["year"].isin(imports["year"])]
    if exports.empty:
        return pd.DataFrame(columns=COLUMNS)
    statements = side_by_side(imports, exports, rows.head(0), freight_margin().value)
    of_supplier = statements[statements["exporter"] == exporter]
    stated = of_supplier.groupby("year")[["reported_usd", "exporter_usd"]].sum(min_count=1)
    return _with_gap(mirror_band(statements, exporter).join(stated, on="year"))


def _with_gap(band: pd.DataFrame) -> pd.DataFrame:
    positive = band[["reported_usd", "exporter_usd"]].where(lambda value: value > 0)
    gap = log_gap(positive["reported_usd"], positive["exporter_usd"], freight_margin().value)
    return band.assign(month=band["year"], gap=gap)[COLUMNS]
