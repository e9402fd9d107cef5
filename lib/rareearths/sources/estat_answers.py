"""The answers of e-Stat's API 3.0: status, axes of a table, pages of values.

Errors come with status 200 as well; one element comes as an object where several are a list; every
value is text. An answer is judged here, and `Unusable` says what was wrong.
"""

import unicodedata
from dataclasses import dataclass, field

from rareearths.sources.fetch import Unusable, one_line

PUBLISHER = "e-Stat"
NO_DATA = 1  # a status: all is well, and there is nothing
FIRST_ERROR = 100
AXES = ("cat01", "cat02", "area", "time")


@dataclass(frozen=True)
class Page:
    """One page of values.

    Attributes
    ----------
    rows : list of dict
        Each with ``cat01``, ``cat02``, ``area``, ``time``, ``unit`` and ``text``.
    total : int
        Rows that all pages have together.
    following : int or None
        Where the next page starts.
    updated : str
        When the table was changed, as the publisher says.
    """

    rows: list[dict] = field(repr=False)
    total: int
    following: int | None
    updated: str


def listed(part) -> list:
    """Return a list: of one element where it came as an object, empty where it is missing."""
    if part is None:
        return []
    return part if isinstance(part, list) else [part]


def plain(text: object) -> str:
    """Return a text with half-width letters and digits, without blanks around it."""
    return unicodedata.normalize("NFKC", str(text)).strip()


def body(data, name: str, place: str) -> dict | None:
    """Return what an answer says below ``name``; None when it says that there is no data.

    Raises
    ------
    Unusable
        It is an error, or has no status.
    """
    found = data.get(name) if isinstance(data, dict) else None
    result = found.get("RESULT") if isinstance(found, dict) else None
    if not isinstance(result, dict):
        raise Unusable(f"{place}: the answer has no {name} with a RESULT")
    status = _whole(result.get("STATUS"), "STATUS", place)
    if status == NO_DATA:
        return None
    if status >= FIRST_ERROR:
        said = one_line(result.get("ERROR_MSG"))
        hint = "; is the key of ESTAT_APP_ID right?" if status == FIRST_ERROR else ""
        raise Unusable(f"{place}: the answer is error {status}: {said}{hint}")
    if status != 0:
        raise Unusable(f"{place}: status {status} is not documented for {name}")
    return found


def axes(data, table: str) -> dict[str, dict[str, dict]]:
    """Return the members of each axis of a table: by axis and code their name and unit."""
    place = f"{PUBLISHER}, table {table}"
    found = body(data, "GET_META_INFO", place)
    objects = listed(_below(found or {}, "METADATA_INF", "CLASS_INF", "CLASS_OBJ"))
    by_axis = {str(one.get("@id")): one for one in objects if isinstance(one, dict)}
    for axis in AXES:
        if axis not in by_axis:
            raise Unusable(f"{place}: the table has no axis {axis!r}")
    return {axis: _members(by_axis[axis], axis, place) for axis in AXES}


def titles(data) -> dict[str, str]:
    """Return the titles of a list of tables, by id."""
    place = f"{PUBLISHER}, list of tables"
    found = body(data, "GET_STATS_LIST", place)
    tables = listed(_below(found or {}, "DATALIST_INF", "TABLE_INF"))
    named = {}
    for table in tables:
        if not isinstance(table, dict) or "@id" not in table or "TITLE" not in table:
            raise Unusable(f"{place}: a table has no '@id' or no 'TITLE'")
        title = table["TITLE"]
        named[str(table["@id"])] = plain(title.get("$") if isinstance(title, dict) else title)
    return named


def page(data, table: str, start: int) -> Page:
    """Return one page after it was found to be the one that was asked for."""
    place = f"{PUBLISHER}, table {table}, row {start:,}"
    found = body(data, "GET_STATS_DATA", place)
    if found is None:
        return Page([], 0, None, "not stated")
    part = found.get("STATISTICAL_DATA")
    about = part.get("RESULT_INF") if isinstance(part, dict) else None
    if not isinstance(about, dict):
        raise Unusable(f"{place}: the answer has no RESULT_INF")
    values = part.get("DATA_INF") if isinstance(part.get("DATA_INF"), dict) else {}
    rows = [_row(row, place) for row in listed(values.get("VALUE"))]
    first = about.get("FROM_NUMBER")
    if rows and first is not None and _whole(first, "FROM_NUMBER", place) != start:
        raise Unusable(f"{place}: the page begins at row {one_line(first)}")
    following = about.get("NEXT_KEY", values.get("NEXT_KEY"))
    if following is not None:
        following = _whole(following, "NEXT_KEY", place)
        if following != start + len(rows) or not rows:
            raise Unusable(f"{place}: {len(rows):,} rows came, the next page is {following:,}")
    updated = plain(_below(part, "TABLE_INF", "UPDATED_DATE") or "not stated")
    total = _whole(about.get("TOTAL_NUMBER"), "TOTAL_NUMBER", place)
    return Page(rows, total, following, one_line(updated))


def _row(row, place: str) -> dict:
    if not isinstance(row, dict):
        raise Unusable(f"{place}: a value is no object")
    for axis in AXES:
        if f"@{axis}" not in row:
            raise Unusable(f"{place}: a value has no field '@{axis}'")
    text = row.get("$")
    read = {axis: str(row[f"@{axis}"]) for axis in AXES}
    return read | {"unit": plain(row.get("@unit") or ""), "text": "" if text is None else str(text)}


def _members(axis: dict, name: str, place: str) -> dict[str, dict]:
    members = listed(axis.get("CLASS"))
    for member in members:
        if not isinstance(member, dict) or "@code" not in member or "@name" not in member:
            raise Unusable(f"{place}: a member of {name} has no '@code' or no '@name'")
    return {
        str(m["@code"]): {"name": plain(m["@name"]), "unit": plain(m.get("@unit") or "")}
        for m in members
    }


def _below(found, *names: str):
    """Return what lies below some names; None when one of them is missing."""
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _whole(number, name: str, place: str) -> int:
    try:
        if isinstance(number, bool):
            raise TypeError
        return int(number)
    except (TypeError, ValueError, OverflowError):
        raise Unusable(f"{place}: {name} is no number") from None
