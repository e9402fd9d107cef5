"""The flows in an archive of BACI: the products wanted, in our codes and units.

Documented members are ``BACI_HS92_Y2024_V202601.csv``, one a year (``t`` year, ``i`` exporter,
``j`` importer, ``k`` product, ``v`` thousand US$, ``q`` tonnes or NA), and
``country_codes_V202601.csv``.
BACI's codes are not those of ISO: the country table says what each one is.
"""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rareearths.sources import archive
from rareearths.sources.fetch import Unusable, one_line
from rareearths.sources.geopolrisk import ISO3_OF_BACI

COLUMNS = ("t", "i", "j", "k", "v", "q")
KEY = ["year", "exporter", "importer", "product"]
MOST_USD = 1e14  # more than all goods trade of a year


@dataclass(frozen=True)
class Flows:
    """What an archive holds of the products wanted.

    Attributes
    ----------
    rows : pandas.DataFrame
        ``year``, ``exporter``, ``importer`` (ISO3), ``product``, ``value_usd`` (whole US$, FOB),
        ``quantity_t`` (tonnes, three decimals; missing where BACI has none).
    read : int
        Rows of the whole archive.
    """

    rows: pd.DataFrame
    read: int


def read_flows(
    path: Path,
    release: str,
    years: range,
    products: tuple[str, ...],
    economies: pd.DataFrame,
    note: Callable[[str], None],
) -> Flows:
    """Read an archive of the classification HS92 from its first to its last byte.

    Parameters
    ----------
    path : pathlib.Path
    release : str
        Such as ``"V202601"``.
    years : range
        Every one must be there; others are left out.
    products : tuple of str
        HS 1992 codes, six digits.
    economies : pandas.DataFrame
        The table ``economies``. Flows of predecessors count for the economy that it names; those of
        economies that it does not know are left out and told.
    note : callable

    Raises
    ------
    Unusable
        The archive is damaged or lacks a year, the country table, a column or a product, or a value
        is none.
    """
    place = f"BACI {release}"
    names = {year: f"BACI_HS92_Y{year}_{release}.csv" for year in years}
    codes_name = f"country_codes_{release}.csv"
    with archive.opened(path, place) as opened:
        opened.require([codes_name, *names.values()])
        codes = country_codes(opened.text(codes_name), f"{place}, {codes_name}")
        found, read = [], 0
        for year, name in names.items():
            rows, count = _year(opened, name, year, products, f"{place}, {name}")
            found.append(rows)
            read += count
    rows = pd.concat(found, ignore_index=True)
    lacking = sorted(set(products) - set(rows["product"]))
    if lacking:
        raise Unusable(f"{place}: no flow at all of {', '.join(lacking)}")
    rows, left, partners = named(rows, codes, economies, place)
    if partners:
        note(left_out(left, partners))
    return Flows(rows, read)


def country_codes(text: str, place: str) -> dict[str, str]:
    """Return the ISO3 code (or what stands in its place) by BACI's code."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    for column in ("country_code", "country_iso3"):
        if column not in (reader.fieldnames or []):
            raise Unusable(f"{place}: no column {column!r}")
    codes: dict[str, str] = {}
    for row in reader:
        code, iso3 = ((row[name] or "").strip() for name in ("country_code", "country_iso3"))
        if codes.setdefault(code, iso3) != iso3:
            raise Unusable(f"{place}: code {one_line(code)} is {codes[code]} and {one_line(iso3)}")
    return codes


def _year(
    opened: archive.Archive, name: str, year: int, products: tuple[str, ...], place: str
) -> tuple[pd.DataFrame, int]:
    """Read the flows of one year; returns them, and the rows of all products."""
    wanted, parts, read = pa.array(products, pa.string()), [], 0
    for table in opened.tables(name, COLUMNS):
        read += len(table)
        parts.append(table.filter(pc.is_in(table["k"], value_set=wanted)))
    if not parts or not any(map(len, parts)):
        raise Unusable(f"{place}: no flow of our products")
    return typed(pa.concat_tables(parts), year, place), read


def typed(table: pa.Table, year: int, place: str) -> pd.DataFrame:
    """Return rows of a member, all text, in our units; economies keep BACI's codes.

    Raises
    ------
    Unusable
        A row of another year, or a value or weight that is no number or cannot be.
    """
    rows = table.to_pandas()
    rows = rows.apply(lambda column: column.str.strip())
    other = rows.loc[rows["t"] != str(year), "t"]
    if len(other):
        raise Unusable(f"{place}: a row is of the year {one_line(other.iloc[0])!r}")
    value = _numbers(rows["v"], "v", place)
    weight = _numbers(rows["q"].where(~rows["q"].isin(["NA", ""])), "q", place)
    if not value.between(0, MOST_USD / 1000, inclusive="right").all():
        raise Unusable(f"{place}: a flow has no value, or one that cannot be (v)")
    if (weight < 0).any() or (weight == float("inf")).any():
        raise Unusable(f"{place}: a weight that cannot be (q)")
    weight = weight.round(3)
    flows = {
        "year": year,
        "exporter": rows["i"],
        "importer": rows["j"],
        "product": rows["k"],
        "value_usd": (value * 1000).round().astype("int64"),
        "quantity_t": weight.where(weight > 0),  # zero would mean that none is known
    }
    return pd.DataFrame(flows)


def _numbers(column: pd.Series, name: str, place: str) -> pd.Series:
    try:
        return pd.to_numeric(column.astype("object")).astype("float64")
    except (TypeError, ValueError, OverflowError) as error:
        raise Unusable(f"{place}: a value of {name} is no number: {one_line(error)}") from None


def named(
    rows: pd.DataFrame, codes: dict[str, str], economies: pd.DataFrame, place: str
) -> tuple[pd.DataFrame, int, set[str]]:
    """Put ISO3 codes in the place of BACI's, and leave out who is no economy of ours.

    Returns
    -------
    (pandas.DataFrame, int, set of str)
        The flows; the value of those left out, US$; and who their partners are.
    """
    before = economies.dropna(subset=["baci_code_before"])
    successors = dict(zip(before["baci_code_before"].astype("str"), before["economy"], strict=True))
    iso3 = {code: ISO3_OF_BACI.get(name, name) for code, name in codes.items()} | successors
    unknown = sorted({*rows["exporter"], *rows["importer"]} - set(codes))
    if unknown:
        raise Unusable(f"{place}: code {one_line(unknown[0])!r} is not in the country table")
    named = rows.assign(exporter=rows["exporter"].map(iso3), importer=rows["importer"].map(iso3))
    known = (
        named["exporter"].isin(economies["economy"]),
        named["importer"].isin(economies["economy"]),
    )
    left = ~(known[0] & known[1])
    both = pd.concat([rows.loc[~known[0], "exporter"], rows.loc[~known[1], "importer"]])
    partners = {f"{code} {one_line(iso3[code])}" for code in set(both)}
    value = int(named.loc[left, "value_usd"].sum())
    named = named[~left]
    twice = named[named.duplicated(KEY)]
    if len(twice):
        raise Unusable(f"{place}: two rows for {' '.join(map(str, twice.iloc[0][KEY]))}")
    return named.reset_index(drop=True), value, partners


def left_out(value: int, partners: set[str]) -> str:
    """Say what `named` left out."""
    listed = ", ".join(sorted(partners))
    return f"BACI: {value:,} US$ of partners that are no economy of ours, left out: {listed}"
