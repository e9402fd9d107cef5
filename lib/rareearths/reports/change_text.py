"""The change since the last report in words: for the index, the page and machines."""

import json

from rareearths.reports import labels

PART_NAMES = {"real": "new periods", "revision": "revised data", "method": "method"}


def collect(records: list[dict]) -> str:
    """Return ``changes.json``: the change of every report of the site, in the order given."""
    reports = [
        {"id": r["id"], "title": r["title"], "date": r["date"], "change": r.get("change")}
        for r in records
    ]
    return json.dumps({"reports": reports}, ensure_ascii=False, indent=2) + "\n"


def summary(change: dict | None) -> str:
    """Return one line for the index; empty for a first report.

    Examples
    --------
    >>> parts = {"before": 1, "after": 3, "change": 2.0, "real": 2.0, "revision": 0.0}
    >>> numbers = {"suppliers": parts | {"method": 0.0}}
    >>> summary({"since": "2026-11-01", "state": "changed", "numbers": numbers})
    '1 number changed since 2026-11-01: 1 by new periods'
    """
    if change is None:
        return ""
    if change["state"] == "new question":
        return f"Not comparable with {change['since']}: {change['note']}"
    new, gone = len(change.get("appeared", ())), len(change.get("vanished", ()))
    said = [_count(change)] if change["numbers"] else []
    said += [f"{new} new"] if new else []
    said += [f"{gone} no longer recorded"] if gone else []
    if not said:
        return f"No number changed since {change['since']}"
    return "; ".join(said) if change["numbers"] else f"Since {change['since']}: {', '.join(said)}"


def view(facts: dict) -> dict | None:
    """Return what ``change.html.j2`` shows: a sentence, what is new, the rows of the table.

    Parameters
    ----------
    facts : dict
        The record of the report; its ``change``, and what its numbers are called.

    Returns
    -------
    dict or None
        ``sentence``, ``notes`` (list of str), ``rows`` (list of lists of str: number, before,
        after, new periods, revised data, method); None for a first report.
    """
    change = facts.get("change")
    if change is None:
        return None
    notes = [
        f"{label}: {'; '.join(names)}."
        for label, names in (
            ("New or revised tables", change["tables"]),
            ("New code", change["code"]),
            ("Recorded for the first time", _names(change["appeared"], facts)),
            ("No longer recorded", _names(change["vanished"], facts)),
        )
        if names and change["state"] != "new question"
    ]
    if change["note"] and change["state"] != "new question":
        notes.append(f"{change['note']}.")
    rows = [_row(name, parts, facts) for name, parts in change["numbers"].items()]
    return {"sentence": f"{summary(change)}.", "notes": notes, "rows": rows}


def _names(numbers: list[str], facts: dict) -> list[str]:
    return [labels.label(facts, number).text for number in numbers]


def _count(change: dict) -> str:
    numbers = change["numbers"].values()
    causes = [
        f"{n} by {PART_NAMES[part]}"
        for part in PART_NAMES
        if (n := sum(bool(p[part]) for p in numbers))
    ]
    if unknown := sum(any(p[part] is None for part in PART_NAMES) for p in numbers):
        causes.append(f"{unknown} not fully explained")
    noun = "number" if len(numbers) == 1 else "numbers"
    return f"{len(numbers)} {noun} changed since {change['since']}: {', '.join(causes)}"


def _row(name: str, parts: dict, facts: dict) -> list[str]:
    label = labels.label(facts, name)
    split = [parts[part] for part in PART_NAMES]
    scale = max((abs(v) for v in [parts["change"], *split] if v), default=None)
    values = label.exact([parts["before"], parts["after"]], scale)
    return [label.text, *values, *label.steps(split, scale)]
