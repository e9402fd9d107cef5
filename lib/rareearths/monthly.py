"""Imports by month as the customs of the importer report them, where a refresh has brought them."""

import pandas as pd

from rareearths import catalogue, trade


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
        rows of this importer; months without a row are left out.

    References
    ----------
    Share in imports by origin, data/README.md, table ``monthly_imports``.
    """
    rows = catalogue.load("monthly_imports")
    codes = trade.product_codes(products)
    own = rows[(rows["importer"] == importer) & rows["product"].isin(codes)]
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
