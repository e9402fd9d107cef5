"""Imports by month as the importer reports them, where a refresh has brought them.

The importer's own customs come first, with codes as fine as theirs; where their rows are not at
hand, its reports to UN Comtrade by HS code.
"""

import pandas as pd

from rareearths import catalogue, trade

REVISED_MONTHS = 12  # the latest ones of UN Comtrade, which reporters restate
_COMTRADE = "UN Comtrade, monthly imports as reported"


def shares(importer: str, exporter: str, products: str | list[str]) -> pd.DataFrame:
    """One supplier's share in the value of an importer's purchases, by month.

    Parameters
    ----------
    importer, exporter : str
        ISO3 codes.
    products : str or list of str
        A material, an HS6 code, or several codes; see `trade.product_codes`.

    Returns
    -------
    pandas.DataFrame
        ``month`` (period), ``share_value`` (fraction; missing where corrections leave nothing or
        less), ``value`` of all suppliers (in ``currency``), ``provisional`` (whether a figure of
        the month may still be revised) and ``source``. Empty as long as no refresh has brought
        rows of this importer; months without a row are left out, and so are those of UN Comtrade
        of which not all origins are there.

    References
    ----------
    Share in imports by origin, data/README.md, tables ``monthly_imports`` and ``mirror_months``.
    """
    own = _of_importer(importer, trade.product_codes(products))
    by_month = own.groupby("month")
    value = by_month["value"].sum()
    supplied = own[own["exporter"] == exporter].groupby("month")["value"].sum()
    supplied = supplied.reindex(value.index, fill_value=0.0)
    found = pd.DataFrame(
        {
            "share_value": (supplied / value).where((value > 0) & (supplied >= 0)),
            "value": value,
            "currency": by_month["currency"].first(),
            "provisional": by_month["provisional"].any(),
            "source": by_month["source"].first(),
        }
    ).reset_index()
    return found.assign(month=pd.PeriodIndex(found["month"], freq="M"))


def _of_importer(importer: str, codes: list[str]) -> pd.DataFrame:
    rows = catalogue.load("monthly_imports")
    reported = catalogue.load("mirror_months")
    rows = rows[(rows["importer"] == importer) & rows["product"].isin(codes)]
    if len(rows):
        return rows
    reported = reported[(reported["flow"] == "imports") & (reported["importer"] == importer)]
    latest = sorted(reported["month"].unique())[-REVISED_MONTHS:]
    reported = reported[reported["product"].isin(codes)]
    whole = reported.groupby("month")["complete"].transform("all").astype("bool")
    reported = reported[whole].rename(columns={"value_usd": "value"})
    provisional = reported["month"].isin(latest)
    return reported.assign(currency="USD", provisional=provisional, source=_COMTRADE)
