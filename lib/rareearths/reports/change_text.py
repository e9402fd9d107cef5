"""The change since the last report in words: for the index, the page and machines."""

import json
import math

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


def view(change: dict | None) -> dict | None:
    """Return what ``change.html.j2`` shows: a sentence, what is new, the rows of the table.

    Returns
    -------
    dict or None
        ``sentence``, ``notes`` (list of str), ``rows`` (list of lists of str: number, before,
        after, new periods, revised data, method); None for a first report.
    """
    if change is None:
        return None
    notes = [
        f"{label}: {', '.join(names)}."
        for label, names in (
            ("New or revised tables", change["tables"]),
            ("New code", change["code"]),
            ("Recorded for the first time", [readable(n) for n in change["appeared"]]),
            ("No longer recorded", [readable(n) for n in change["vanished"]]),
        )
        if names and change["state"] != "new question"
    ]
    if change["note"] and change["state"] != "new question":
        notes.append(f"{change['note']}.")
    rows = [_row(name, parts) for name, parts in change["numbers"].items()]
    return {"sentence": f"{summary(change)}.", "notes": notes, "rows": rows}


def readable(name: str) -> str:
    """Return the name of a number or table as words: ``share_tonnes`` is "share tonnes"."""
    return name.replace("_", " ")


def shown(values: list[float | None], signed: bool = False, scale: float | None = None) -> list:
    """Return numbers as text, with as many decimals as show three digits of ``scale``.

    Examples
    --------
    >>> shown([0.66128, None], scale=0.0123), shown([0.0123, -0.0023], signed=True, scale=0.0123)
    (['0.6613', '–'], ['+0.0123', '−0.0023'])
    """
    scale = scale or max((abs(v) for v in values if v is not None), default=1.0)
    whole = all(v is None or float(v).is_integer() for v in [*values, scale])
    decimals = 0 if whole or not scale else max(0, 2 - math.floor(math.log10(abs(scale))))
    return [_text(v, decimals, signed) for v in values]


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


def _row(name: str, parts: dict) -> list[str]:
    split = [parts[part] for part in PART_NAMES]
    sizes = [abs(v) for v in [parts["change"], *split] if v]
    scale = max(sizes, default=None)
    values = shown([parts["before"], parts["after"]], scale=scale)
    return [readable(name), *values, *shown(split, signed=True, scale=scale)]


def _text(value: float | None, decimals: int, signed: bool) -> str:
    if value is None:
        return "not known" if signed else "–"
    comma = "," if abs(value) >= 10_000 else ""  # none in a year
    form = f"{comma}.{decimals}f" if decimals <= 9 else ".3g"
    text = format(value, form)
    if not any(digit in "123456789" for digit in text):
        return text.lstrip("-")
    sign = "−" if value < 0 else "+" if signed else ""
    return sign + text.lstrip("-")
