"""Rare earths in the data file of one edition of the Mineral Commodity Summaries (USGS).

One CSV file holds all commodities, one figure a row, every figure as text: ``12,000``,
``e13,000`` (estimated), ``>50``, ``W`` (withheld), ``NA``, an em dash (zero by the legend). Only a
plain number, a lower bound, a dash and, of reserves, NA become rows; the rest is left out and told.
"""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from rareearths.sources.fetch import Unusable, one_line

CHAPTER, COMMODITY, UNIT = "RARE EARTHS", "Rare Earths", "metric tons"
WORLD, REST = "WLD", "ROW"
# Names of USGS that are not those of economies; "World total" has a remark behind it at times.
NAMES = {
    "Burma": "MMR",
    "Congo (Kinshasa)": "COD",
    "Korea, Republic of": "KOR",
    "Other countries": REST,
    "Other": REST,
}
DASHES = ("—", "–", "--", "-")
REMARKS = {
    "Estimated based on reported import data for China": (
        "Estimated by USGS from China's reported imports"
    ),
    "Production quota; does not include undocumented production": (
        "Production quota; undocumented production is not in it"
    ),
}
ROUNDED = "Printed as rounded"
SALIENT = "US salient statistics: mineral concentrates"
OTHERS = 'USGS "Other": can hold economies that World Mining Data lists (Laos, Burundi)'
TOLERANCE = 0.1  # by which producers may miss the printed total, which is rounded
_COLUMNS = ("MCS chapter", "Section", "Commodity", "Country", "Statistics", "Statistics_detail",
            "Unit", "Year", "Value", "Notes")  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """What a cell says: the number (None for NA), the text without commas, how it is printed."""

    number: float | None
    printed: str
    qualifier: str | None = None
    estimated: bool = False


def chapter(content: bytes, edition: int) -> list[dict]:
    """Return the rows of the chapter on rare earths.

    Raises
    ------
    Unusable
        The file is not what is documented; the message names what has changed.
    """
    rows = [row for row in lines(content, edition) if row["MCS chapter"] == CHAPTER]
    if not rows:
        raise Unusable(f"{place(edition)}: the file has no chapter {CHAPTER}")
    return rows


def lines(content: bytes, edition: int) -> list[dict]:
    """Return the rows of all chapters; raises as `chapter`."""
    is_utf8 = content.startswith(b"\xef\xbb\xbf")
    try:
        text = content.decode("utf-8-sig" if is_utf8 else "cp1252")
        cells = list(csv.reader(io.StringIO(text), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise Unusable(f"{place(edition)}: the file is no CSV file in Windows-1252") from None
    header = [name.strip() for name in cells[0]] if cells else []
    for name in _COLUMNS:
        if name not in header:
            raise Unusable(f"{place(edition)}: the file has no column {name!r}")
    if any(len(line) != len(header) for line in cells[1:] if line):
        raise Unusable(f"{place(edition)}: a line has not as many cells as the header")
    return [dict(zip(header, map(str.strip, line), strict=True)) for line in cells[1:] if line]


def production(
    content: bytes, edition: int, economies: pd.DataFrame, note: Callable[[str], None]
) -> pd.DataFrame:
    """Read mine production, in the columns of ``rare_earth_mine_production`` but the last ones.

    The world table has the last two years, the salient statistics five years of the United States.

    Returns
    -------
    pandas.DataFrame
        ``economy``, ``year``, ``quantity_t`` (tonnes of oxide equivalent),
        ``quantity_as_printed``, ``qualifier``, ``status``, ``note``.

    Raises
    ------
    Unusable
        There is no world total, or the producers miss it by more than `TOLERANCE`.
    """
    rows = chapter(content, edition)
    world = _of(rows, "world", "production", "mine production")
    salient = _of(rows, "salient", "production", "production: mineral concentrates")
    made, left_out = _figures(world, edition, economies, note, "mine production")
    _check_total(made, edition, left_out)
    if salient:
        own, _ = _figures(salient, edition, economies, note, "US mine production")
        own = own[~own["year"].isin(made["year"])].assign(note=SALIENT)
        made = pd.concat([made, own], ignore_index=True)
    else:
        note(f"{place(edition)}: the salient statistics have no mine production")
    return made.rename(columns={"number": "quantity_t", "printed": "quantity_as_printed"})


def reserves(
    content: bytes, edition: int, economies: pd.DataFrame, note: Callable[[str], None]
) -> pd.DataFrame:
    """Read reserves.

    Returns
    -------
    pandas.DataFrame
        ``economy``, ``reserves_t`` (tonnes of oxide equivalent; missing where NA is printed),
        ``reserves_as_printed``, ``qualifier``.
    """
    rows = _of(chapter(content, edition), "world", "reserves", "reserves")
    held, _ = _figures(rows, edition, economies, note, "reserves")
    if WORLD not in set(held["economy"]) or held["economy"].duplicated().any():
        raise Unusable(f"{place(edition)}: reserves have no world total, or more than one year")
    held = held.rename(columns={"number": "reserves_t", "printed": "reserves_as_printed"})
    return held[["economy", "reserves_t", "reserves_as_printed", "qualifier"]]


def figure(text: str) -> Figure | None:
    """Read one cell; None for what the tables cannot hold: withheld, less than, a range.

    Examples
    --------
    >>> figure("e13,000")
    Figure(number=13000.0, printed='13000', qualifier=None, estimated=True)
    >>> figure(">85,000,000")
    Figure(number=85000000.0, printed='>85000000', qualifier='greater_than', estimated=False)
    >>> figure("W") is None
    True
    """
    if text in DASHES:
        return Figure(0.0, "—", "zero_dash")
    if text == "NA":
        return Figure(None, "NA", "not_available")
    found = re.fullmatch(r"(e?)(>?)([0-9]{1,3}(?:,?[0-9]{3})*(?:\.[0-9]+)?)", text)
    if not found:
        return None
    mark, bound, digits = found.groups()
    digits = digits.replace(",", "")
    return Figure(float(digits), bound + digits, "greater_than" if bound else None, bool(mark))


def _place(edition: int) -> str:
    return f"USGS, MCS {edition}"


def place(edition: int) -> str:
    """Return publisher and edition, as messages begin."""
    return f"USGS, MCS {edition}"


def year_of(row: dict, edition: int, what: str) -> int:
    """Return the year of a row, one of the five before its edition."""
    year = row["Year"]
    if not (re.fullmatch(r"[0-9]{4}", year) and edition - 6 < int(year) < edition):
        raise Unusable(f"{place(edition)}: {one_line(year)!r} is no year of {what}")
    return int(year)


def _of(rows: list[dict], section: str, statistic: str, detail: str) -> list[dict]:
    """Return the rows of a section; its wording and the capitals vary between editions."""
    return [
        row
        for row in rows
        if row["Section"].lower().startswith(section)
        and row["Commodity"].lower() == COMMODITY.lower()
        and row["Statistics"].lower() == statistic
        and row["Statistics_detail"].lower().startswith(detail)
    ]


def _figures(
    rows: list[dict], edition: int, economies: pd.DataFrame, note: Callable, what: str
) -> tuple[pd.DataFrame, list[str]]:
    """Read rows of one kind; returns them and what was left out."""
    iso3 = dict(zip(economies["name_en"], economies["economy"], strict=True)) | NAMES
    read, left_out = [], []
    for row in rows:
        year, unit, name = year_of(row, edition, what), row["Unit"], row["Country"]
        if unit.lower() != UNIT:
            raise Unusable(f"{place(edition)}: {what} in {one_line(unit)!r}, not in {UNIT}")
        economy = WORLD if name.startswith("World total") else iso3.get(name)
        found = figure(row["Value"])
        if economy is None or found is None or (found.number is None and "production" in what):
            left_out.append(f"{one_line(name)} {year} ({one_line(row['Value'])})")
            continue
        read.append({"economy": economy, "year": year} | _told(row, found, edition, economy))
    if left_out:
        note(f"{place(edition)}: {what} without a figure or an economy: {', '.join(left_out)}")
    table = pd.DataFrame(read, columns=["economy", "year", "number", "printed", "qualifier",
                                        "status", "note"])  # fmt: skip
    table = table.astype({"number": "float64"})
    if table.empty or table.duplicated(["economy", "year"]).any():
        how_many = "no figure" if table.empty else "two figures for one economy and year"
        raise Unusable(f"{place(edition)}: {how_many} of {what}")
    return table, left_out


def _told(row: dict, found: Figure, edition: int, economy: str) -> dict:
    """What a row says of its figure; the last year of an edition is an estimate."""
    marks = [part.strip(" .") for part in row["Notes"].split(" -- ")]
    is_last = int(row["Year"]) == edition - 1
    status = "reported" if "Reported" in marks else "estimated" if is_last else "not_stated"
    if found.estimated or "Estimated" in marks:
        status = "estimated"
    own = [part for part in marks if part and part not in ("Estimated", "Reported")]
    remarks = [_remark(part) for part in own]
    if "rounded" in row["Statistics_detail"]:
        remarks = [ROUNDED]
    elif economy == REST:
        remarks = [OTHERS]
    about = {"number": found.number, "printed": found.printed, "qualifier": found.qualifier}
    return about | {"status": status, "note": "; ".join(remarks) or None}


def _remark(text: str) -> str:
    """Return a footnote in the words of the bundled rows, where it is one of theirs."""
    known = (ours for theirs, ours in REMARKS.items() if text.startswith(theirs))
    return next(known, one_line(text))


def _check_total(made: pd.DataFrame, edition: int, left_out: list[str]) -> None:
    """Refuse producers that do not add up to the printed total, where all figures are plain."""
    for year, rows in made.groupby("year"):
        total = rows.loc[rows["economy"] == WORLD, "number"]
        if total.empty:
            raise Unusable(f"{place(edition)}: no world total of mine production in {year}")
        parts = rows.loc[rows["economy"] != WORLD, "number"].sum()
        all_plain = not left_out and not (rows["qualifier"] == "greater_than").any()
        if all_plain and abs(parts - total.iloc[0]) > TOLERANCE * total.iloc[0]:
            said = f"producers of {year} sum to {parts:,.0f} t, the total is {total.iloc[0]:,.0f} t"
            raise Unusable(f"{place(edition)}: {said}")
