"""Headline numbers of the reports: which changed, by how much, and by which of three causes.

A change has three parts, which the report factory has found: ``real`` (new periods), ``revision``
(other values of old periods) and ``method`` (another notebook or library).
"""

import math

import pandas as pd

from rareearths.brief.window import Window
from rareearths.reports import labels, published, tiles
from rareearths.reports.change_text import PART_NAMES

PARTS = tuple(PART_NAMES)
_COLUMNS = ("report", "title", "page", "number", "label_text", "is_headline", "before", "after",
            *("change", *PARTS), "before_text", "after_text", "change_text",
            *(f"by_{part}" for part in PARTS), "size", "shares")  # fmt: skip


def changed(records: list[dict], window: Window, raised: list[dict] = ()) -> pd.DataFrame:
    """Return the recorded numbers that changed in the days of a brief.

    Parameters
    ----------
    records : list of dict
        From `reports.published.records`.
    window : Window
    raised : list of dict
        Alerts; a number that raised one comes first.

    Returns
    -------
    pandas.DataFrame
        One row a number, headline numbers first, then those with an alert, then the largest
        relative to their range: ``report`` (id), ``title``, ``page``, ``number``,
        ``label_text``, ``is_headline``, ``before``, ``after``, ``change`` and its parts ``real``,
        ``revision``, ``method`` (missing where not known), the same as text (``before_text``,
        ``after_text``, ``change_text``, ``by_real``, ``by_revision``, ``by_method``), ``size``
        (change over the
        range of the number's line, or over the larger value where it has no line) and ``shares``
        (whether the number is a fraction that is written by the hundred).
    """
    alarmed = {(alert["report"], alert["number"]) for alert in raised}
    rows = [
        _row(record, name, parts)
        for record in records
        if is_new(record, window)
        for name, parts in record["change"]["numbers"].items()
    ]
    types = dict.fromkeys(("before", "after", "change", *PARTS, "size"), "float64")
    table = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(types | {"is_headline": bool})
    keys = zip(table["report"], table["number"], strict=True)
    table["alarmed"] = pd.Series([key in alarmed for key in keys], dtype=bool)
    order = ["is_headline", "alarmed", "size"]
    return table.sort_values(order, ascending=False, kind="stable", ignore_index=True)


def is_new(record: dict, window: Window) -> bool:
    """Tell whether a report changed in the days of a brief, in a way that can be compared."""
    change = record["change"]
    return bool(change) and change["state"] != "new question" and window.holds(change["date"])


def standing(records: list[dict]) -> pd.DataFrame:
    """Return one headline number of each report as it stands: the first that the page shows.

    Returns
    -------
    pandas.DataFrame
        ``title``, ``page``, ``label_text``, ``after_text``.
    """
    found = [(record, _headlines(record)) for record in records]
    rows = [
        {
            "title": record["title"],
            "page": _page(record),
            "label_text": labels.label(record, names[0]).text,
            "after_text": labels.label(record, names[0]).shown(record["numbers"][names[0]]),
        }
        for record, names in found
        if names
    ]
    return pd.DataFrame(rows, columns=["title", "page", "label_text", "after_text"])


def tally(records: list[dict]) -> dict[str, int]:
    """Count the reports of a brief.

    Returns
    -------
    dict of str to int
        ``reports``, ``headlines`` (numbers that their pages show large), ``first`` (reports with
        none before them) and ``incomparable`` (reports that asked another question before).
    """
    changes = [record["change"] for record in records]
    return {
        "reports": len(records),
        "headlines": sum(len(_headlines(record)) for record in records),
        "first": sum(change is None for change in changes),
        "incomparable": sum(bool(c) and c["state"] == "new question" for c in changes),
    }


def alert_table(raised: list[dict], records: list[dict]) -> pd.DataFrame:
    """Return the alerts as a table: ``alert`` (text), ``title`` and ``page`` of the report."""
    named = {record["id"]: record for record in records}
    rows = [
        {
            "alert": alert["message"],
            "title": named[alert["report"]]["title"],
            "page": _page(named[alert["report"]]),
        }
        for alert in raised
    ]
    return pd.DataFrame(rows, columns=["alert", "title", "page"])


def counts(table: pd.DataFrame) -> dict[str, int]:
    """Count the headline numbers that changed, in all and by cause; one may have several causes.

    Returns
    -------
    dict of str to int
        ``changed``, ``by_real``, ``by_revision``, ``by_method``, ``unknown`` (some part is not
        known) and ``others`` (recorded numbers that changed and are no headline).
    """
    own = table[table["is_headline"]]
    known = {f"by_{part}": int((own[part].fillna(0) != 0).sum()) for part in PARTS}
    unknown = int(own[list(PARTS)].isna().any(axis=1).sum())
    return {"changed": len(own), **known, "unknown": unknown, "others": len(table) - len(own)}


def steps(row: pd.Series) -> pd.DataFrame:
    """Return the way from the last value of a number to the new one.

    Returns
    -------
    pandas.DataFrame
        ``step`` (before, method, revision, real, now), ``label``, ``start``, ``end``, ``text``.
    """
    level = row["before"]
    made = [("before", "last report", 0.0, level, row["before_text"])]
    for part, name in (("method", "method"), ("revision", "revised data"), ("real", "new periods")):
        made.append((part, name, level, level + row[part], row[f"by_{part}"]))
        level += row[part]
    made.append(("now", "now", 0.0, row["after"], row["after_text"]))
    return pd.DataFrame(made, columns=["step", "label", "start", "end", "text"])


def main_cause(row: pd.Series) -> str:
    """Return the largest part of a change in words; no text where a part is not known."""
    parts = row[list(PARTS)].astype(float)
    return "" if parts.isna().any() else PART_NAMES[parts.abs().idxmax()]


def _row(record: dict, name: str, parts: dict) -> dict:
    label = labels.label(record, name)
    split = [parts[part] for part in PARTS]
    scale = max((abs(v) for v in [parts["change"], *split] if v), default=None)
    before, after = label.exact([parts["before"], parts["after"]], scale)
    change, *texts = label.steps([parts["change"], *split], scale)
    return {
        "report": record["id"],
        "title": record["title"],
        "page": _page(record),
        "number": name,
        "label_text": label.text,
        "is_headline": name in _headlines(record),
        **{key: _float(parts[key]) for key in ("before", "after", "change", *PARTS)},
        "before_text": before,
        "after_text": after,
        "change_text": change,
        **{f"by_{part}": text for part, text in zip(PARTS, texts, strict=True)},
        "size": _size(record, name, parts),
        "shares": label.by_hundred,
    }


def _size(record: dict, name: str, parts: dict) -> float:
    """The change relative to the range of the number; one that came or went is the largest."""
    if parts["change"] is None:
        return math.inf
    trend = record["trend"] or {}
    seen = [v for v in trend.get("values", ()) if v is not None]
    own = trend.get("number") == name and max(seen) > min(seen)
    scale = max(seen) - min(seen) if own else max(abs(parts["before"]), abs(parts["after"]))
    return abs(parts["change"]) / scale if scale else 0.0


def _headlines(record: dict) -> list[str]:
    """Return the recorded numbers that a page shows large, in their order."""
    stem = record["notebook"].removesuffix(".ipynb")
    own = [row["number"] for row in tiles.rows() if row["notebook"] == stem]
    return [name for name in own if record["numbers"].get(name) is not None]


def _page(record: dict) -> str:
    """The page of a report beside that of the brief; none where no page is being made."""
    return f"{record['id']}.html" if published.is_rendering() else ""


def _float(value) -> float:
    return math.nan if value is None else float(value)
