"""Eurostat, Comext: imports of the European Union and its members by month, CN8 code and origin.

Data set DS-045409 as SDMX-CSV, without a key. A request names its products, so the code list is
read first: it has the eight-digit codes of all years. A request that is too large is refused, with
status 413 or with an error that has status 200; it is asked again in parts. Values are statistical
values in euro, weights come in units of 100 kg.

The six-digit code and the total over partners are asked for too, to compare sums with them. Trade
that a member keeps confidential stands under codes that are no country (``QY`` and others), or
under products that are no code: it is left out and told.
"""

import csv
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from io import StringIO

import pandas as pd

from rareearths.sources import monthly
from rareearths.sources.fetch import BYTES, Manners, Refused, Request, Unusable, one_line
from rareearths.sources.plan import Fetched, Plan

NAME, TABLE = "eurostat", monthly.TABLE
TABLES = (TABLE,)
ordered, describe = monthly.ordered, monthly.describe
BASE = "https://ec.europa.eu/eurostat/api/comext/dissemination/sdmx/2.1"
LICENCE = "Eurostat: re-use with the source named"
MANNERS = Manners(spacing=2.0)
KEY = None
RULE = monthly.RULE
UNION, SYSTEM = "EUU", "comext"
IMPORTERS = (UNION, "DEU", "FRA")  # the union, and the members that reports are about
UNION_CODE = "EU27_2020"
PRODUCTS = ("280530", "284610", "284690", "850511")
DAYS = 42  # a month is out about six weeks after its end
MOST_MONTHS = 12  # of one request: far below the limit of five million cells
MOST_EUR = 1e13
VALUE, WEIGHT = "VALUE_IN_EUROS", "QUANTITY_IN_100KG"
KG = 100  # of one unit of WEIGHT
OUTSIDE, INSIDE, WORLD = "EXT_EU27_2020", "INT_EU27_2020", "WORLD"
GROUPS = ("EU", "EA")  # of two letters; others have more
BRITAIN, BRITAIN_ALONE = "GB", "XU"  # XU is without Northern Ireland; one of the two is counted
_COLUMNS = ("freq", "reporter", "partner", "product", "flow", "indicators", "TIME_PERIOD",
            "OBS_VALUE")  # fmt: skip
_KEY = ["reporter", "partner", "product", "TIME_PERIOD"]
_TOTAL = ["importer", "month", "product"]


@dataclass(frozen=True)
class _Part:
    """What one request asks for: one reporter, months without a gap, codes of products."""

    reporter: str
    months: tuple[str, ...]
    products: tuple[str, ...]

    def halves(self) -> Iterator["_Part"]:
        """Split by month, then by product."""
        for name in ("months", "products"):
            values = getattr(self, name)
            if len(values) > 1:
                middle = len(values) // 2
                for half in (values[:middle], values[middle:]):
                    yield replace(self, **{name: half})
                return
        raise Unusable(f"{self} alone is too large")

    def __str__(self) -> str:
        products = "+".join(sorted({code[:6] for code in self.products}))
        return f"Eurostat, {self.reporter} {self.months[0]} to {self.months[-1]} {products}"


def plan(
    tables: dict,
    since: int | None,
    today: date,
    base: str | None = None,
    economies: pd.DataFrame | None = None,
    **_,
) -> Plan:
    """Say what to ask: `IMPORTERS` and the members in the table, months by `RULE`.

    Parameters
    ----------
    tables : dict
        The present tables by name.
    since : int, optional
        Ask for every month of this year and later.
    today : datetime.date
    base : str, optional
        Address of the API, for tests.
    economies : pandas.DataFrame
        The table ``economies``: which of them are members.
    """
    rows, last = tables[TABLE], monthly.last_published(today, DAYS)
    present = rows.loc[rows["schedule"] == "CN", "importer"].unique()
    chosen = {
        importer: monthly.months_to_ask(rows, importer, last, since)
        for importer in (*IMPORTERS, *sorted(set(present) - set(IMPORTERS)))
    }
    reasons: dict[str, list[str]] = {}
    for importer, (_months, why) in chosen.items():
        reasons.setdefault(why, []).append(importer)
    rest = {
        "base": base or BASE,
        "months": {importer: months for importer, (months, _) in chosen.items()},
        "members": tuple(economies.loc[economies["eu27"].astype("bool"), "economy"]),
        "revised_from": monthly.first_revised(last),
    }
    periods = tuple(sorted({month for months, _ in chosen.values() for month in months}))
    why = "; ".join(f"{', '.join(these)}: {why}" for why, these in reasons.items())
    return Plan(NAME, TABLES, periods, why, (_code_list(rest),) if periods else (), rest)


def fetch(
    made: Plan, read: Callable, economies: pd.DataFrame, note: Callable[[str], None]
) -> Fetched:
    """Read the plan's months in the columns of ``monthly_imports``.

    The imports of the union are those from outside of it; those of a member are all of its imports.
    Rows of zero are left out.

    Parameters
    ----------
    made, read, economies, note
        As of `rareearths.sources.worldbank.fetch`.

    Raises
    ------
    SourceError
        An answer is an error or is not what is documented.
    """
    codes = monthly.partners(SYSTEM)
    products = _products(read(_code_list(made.rest), lambda data: len(_products(data))))
    cells = pd.concat(
        [
            _cells(content, part)
            for importer, months in made.rest["months"].items()
            for span in monthly.spans(months, MOST_MONTHS)
            for part, content in _whole(_part(importer, span, products, codes), made.rest, read)
        ]
    )
    if not len(cells):
        raise Unusable(f"Eurostat: no row at all for {monthly.months_in_words(made.periods)}")
    flows = _flows(cells, codes)
    members = set(made.rest["members"])
    flows["economy"] = flows["partner"].map(codes["economy"])
    inside = (flows["importer"] == UNION) & flows["economy"].isin(members)
    origins = _origins(flows[~inside & (flows["product"].str.len() == 8)])
    _tell_gaps(flows, origins, note)
    unknown = origins["economy"].isna()
    monthly.tell_left_out("Eurostat", origins[unknown], "EUR", note)
    parts = origins[~unknown].rename(columns={"product": "code", "economy": "exporter"})
    same = {"schedule": "CN", "currency": "EUR", "valuation": "statistical"}
    source = "Eurostat, Comext, DS-045409"
    tidy = monthly.table_rows(parts, made.rest["revised_from"], source=source, **same)
    return Fetched({TABLE: tidy}, _edition(cells, note))


def replaced(made: Plan, table: str, rows: pd.DataFrame) -> pd.Series:
    """Say which of the present rows the new ones stand for: each importer's months asked for."""
    asked = {(name, month) for name, months in made.rest["months"].items() for month in months}
    pairs = zip(rows["importer"], rows["month"], strict=True)
    return pd.Series([pair in asked for pair in pairs], rows.index, dtype="bool")


def _code_list(rest: dict) -> Request:
    return Request(f"{rest['base']}/codelist/ESTAT/CXT_NC", {"format": "TSV"}, BYTES)


def _products(content) -> tuple[str, ...]:
    """The six-digit codes and every eight-digit code under them, of all years."""
    text = content.decode("utf-8-sig", "replace") if isinstance(content, bytes) else ""
    listed = set(re.findall(r"^([0-9]{8})\t", text, re.MULTILINE))
    chosen = sorted(code for code in listed if code.startswith(PRODUCTS))
    for product in PRODUCTS:
        if not any(code.startswith(product) for code in chosen):
            raise Unusable(f"Eurostat: the code list CXT_NC has no eight-digit code of {product}")
    return (*PRODUCTS, *chosen)


def _part(importer: str, span: tuple[str, ...], products: tuple, codes: pd.DataFrame) -> _Part:
    letters = {economy: code for code, economy in codes["economy"].items()}
    return _Part(UNION_CODE if importer == UNION else letters[importer], span, products)


def _request(part: _Part, rest: dict) -> Request:
    key = f"M.{part.reporter}..{'+'.join(part.products)}.1.{VALUE}+{WEIGHT}"
    params = {
        "startPeriod": part.months[0],
        "endPeriod": part.months[-1],
        "format": "SDMX-CSV",
    }
    return Request(f"{rest['base']}/data/DS-045409/{key}", params, BYTES)


def _whole(part: _Part, rest: dict, read: Callable) -> Iterator[tuple[_Part, bytes]]:
    """Read one part, in smaller ones where the publisher finds it too large."""

    def judge(content) -> int:
        return 0 if _is_too_large(content) else len(_cells(content, part))

    try:
        content = read(_request(part, rest), judge)
        if not _is_too_large(content):
            yield part, content
            return
    except Refused as error:
        if error.status != 413:
            raise
    for half in part.halves():
        yield from _whole(half, rest, read)


def _is_too_large(content) -> bool:
    """Whether an answer is the error for a request that is too large, or put in a queue."""
    start = content[:4096] if isinstance(content, bytes) else b""
    is_csv = start.startswith((b"DATAFLOW", b"STRUCTURE", b"\xef\xbb\xbf"))
    marks = (b"EXTRACTION_TOO_BIG", b"ASYNCHRONOUS_RESPONSE", b"<faultcode>413")
    return not is_csv and any(mark in start for mark in marks)


def _cells(content, part: _Part) -> pd.DataFrame:
    """Return the cells of a reply after it was found to answer what was asked."""
    cells = _table(content, part)
    for name in _COLUMNS:
        if name not in cells:
            begins = one_line(content[:200].decode(errors="replace"))
            raise Unusable(f"{part}: there is no column {name!r}; the answer begins {begins}")
    strange = cells[
        (cells["freq"] != "M")
        | (cells["reporter"] != part.reporter)
        | (cells["flow"] != "1")
        | ~cells["product"].isin(part.products)
        | ~cells["TIME_PERIOD"].isin(part.months)
        | ~cells["indicators"].isin([VALUE, WEIGHT])
    ]
    if len(strange):
        named = one_line(" ".join(strange.iloc[0][list(_COLUMNS[:-1])]))
        raise Unusable(f"{part}: a row was not asked for: {named}")
    twice = cells[cells.duplicated([*_KEY, "indicators"])]
    if len(twice):
        named = one_line(" ".join(twice.iloc[0][[*_KEY, "indicators"]]))
        raise Unusable(f"{part}: a row comes twice: {named}")
    return cells.assign(number=[_number(text, part) for text in cells["OBS_VALUE"]])


def _table(content, part: _Part) -> pd.DataFrame:
    """Read a CSV as text alone: ``NA`` is Namibia."""
    if not isinstance(content, bytes):
        raise Unusable(f"{part}: the answer is empty")
    try:
        lines = [line for line in csv.reader(StringIO(content.decode("utf-8-sig"))) if line]
    except (UnicodeDecodeError, csv.Error):
        raise Unusable(f"{part}: the answer is not a CSV") from None
    header, *rows = lines or [[]]
    if any(len(row) != len(header) for row in rows):
        raise Unusable(f"{part}: a row has not the columns of the header")
    if len(set(header)) < len(header):
        raise Unusable(f"{part}: a column comes twice")
    return pd.DataFrame(rows, columns=header, dtype="str")


def _number(text: str, part: _Part) -> float:
    if text in ("", ":"):
        return math.nan
    try:
        number = float(text)
    except ValueError:
        raise Unusable(f"{part}: {one_line(text)!r} is no number") from None
    if not abs(number) <= MOST_EUR:
        raise Unusable(f"{part}: {one_line(text)!r} cannot be")
    return number


def _flows(cells: pd.DataFrame, codes: pd.DataFrame) -> pd.DataFrame:
    """Put value (EUR) and weight (kg) of a flow in one row; rows without a value are left out."""
    wide = cells.set_index([*_KEY, "indicators"])["number"].unstack("indicators")
    wide = wide.reindex(columns=[VALUE, WEIGHT]).reset_index()
    weight = wide[WEIGHT] * KG
    importer = {UNION_CODE: UNION} | codes["economy"].to_dict()
    flows = pd.DataFrame(
        {
            "importer": wide["reporter"].map(importer),
            "month": wide["TIME_PERIOD"],
            "product": wide["product"],
            "partner": wide["partner"],
            "value": wide[VALUE],
            "quantity_kg": weight.where(weight != 0),  # zero means that none is known
        }
    )
    return flows[flows["value"].notna() & ((flows["value"] != 0) | flows["quantity_kg"].notna())]


def _origins(flows: pd.DataFrame) -> pd.DataFrame:
    """Leave out groups of countries, and Britain's second code where it has its first."""
    single = flows[(flows["partner"].str.len() == 2) & ~flows["partner"].isin(GROUPS)]
    flow = ["importer", "month", "product"]
    with_first = pd.MultiIndex.from_frame(single.loc[single["partner"] == BRITAIN, flow])
    has_first = pd.MultiIndex.from_frame(single[flow]).isin(with_first)
    return single[~((single["partner"] == BRITAIN_ALONE) & has_first)]


def _tell_gaps(flows: pd.DataFrame, origins: pd.DataFrame, note: Callable[[str], None]) -> None:
    """Compare the sums over origins and eight-digit codes with the totals of six digits."""
    sums = origins.assign(product=origins["product"].str[:6]).groupby(_TOTAL)["value"].sum()
    six = flows[flows["product"].str.len() == 6]
    wide = six.pivot_table(index=_TOTAL, columns="partner", values="value", aggfunc="sum")
    wide = wide.reindex(columns=[OUTSIDE, INSIDE, WORLD])
    both = wide[OUTSIDE].fillna(0) + wide[INSIDE].fillna(0)
    both = both.where(wide[[OUTSIDE, INSIDE]].notna().any(axis=1))
    is_union = wide.index.get_level_values("importer") == UNION
    totals = wide[OUTSIDE].where(is_union, wide[WORLD].fillna(both))
    monthly.tell_gaps("Eurostat", sums, totals, "EUR", note)


def _edition(cells: pd.DataFrame, note: Callable[[str], None]) -> str:
    """What the publisher states of its edition; the oldest of several."""
    if "LAST UPDATE" not in cells:
        return "not stated"
    editions = list(dict.fromkeys(one_line(text) for text in cells["LAST UPDATE"].dropna()))
    if len(editions) > 1:
        note(f"Eurostat: the data set was updated meanwhile ({', '.join(editions)})")
    return f"Comext of {editions[0]}" if editions and editions[0] else "not stated"
