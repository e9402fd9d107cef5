"""Thresholds of ``reports.yml`` and the alerts that the numbers of a report raise.

A threshold names a number that the report records and one limit: ``above`` or ``below`` (of the
number itself) or ``change`` (of its change since the last report, up or down, whatever the cause)::

    alerts:
      - {number: share_tonnes, above: 0.7}
      - {number: share_tonnes, change: 0.05}
"""

import json
import math

from rareearths import words
from rareearths.reports import change_text, labels

LIMITS = ("above", "below", "change")


def check_thresholds(entry, where: str) -> list[dict]:
    """Return the thresholds of an ``alerts:`` entry, checked.

    Parameters
    ----------
    entry : list of dict or None
        As read from ``reports.yml``.
    where : str
        What the error message names: file and report.

    Raises
    ------
    rareearths.reports.config.ConfigError
        No list, an unknown key, no number, not exactly one limit, or a limit that is no number.
    """
    from rareearths.reports.config import ConfigError

    if entry is None:
        return []
    if not isinstance(entry, list):
        raise ConfigError(f"{where}: alerts must be a list of {{number: NAME, above: LIMIT}}")
    for place, threshold in enumerate(entry, 1):
        fault = _fault(threshold)
        if fault:
            raise ConfigError(f"{where}, alert {place}: {fault}")
    return [dict(threshold) for threshold in entry]


def merged(defaults: list[dict], own: list[dict]) -> list[dict]:
    """Return the thresholds of a report: a default stands unless the report has its own.

    Examples
    --------
    >>> low, high = {"number": "gap", "above": 0.1}, {"number": "gap", "above": 0.9}
    >>> merged([low, {"number": "gap", "change": 0.2}], [high])
    [{'number': 'gap', 'change': 0.2}, {'number': 'gap', 'above': 0.9}]
    """
    chosen = {(t["number"], _limit(t)) for t in own}
    return [t for t in defaults if (t["number"], _limit(t)) not in chosen] + own


def unrecorded(thresholds: list[dict], numbers, where: str) -> list[str]:
    """Say which thresholds name a number that is not recorded, with the known ones.

    Parameters
    ----------
    thresholds : list of dict
    numbers : iterable of str
        The names that the report records; for ``defaults:`` those of all reports together.
    where : str

    Returns
    -------
    list of str
        One message for each name, none when all is well.
    """
    known = sorted(set(numbers))
    wrong = dict.fromkeys(t["number"] for t in thresholds if t["number"] not in known)
    return [
        f"{where}: alerts: no number {name!r} is recorded; "
        + (_near(name, known) if known else "none is recorded at all")
        for name in wrong
    ]


def raised(thresholds: list[dict], facts: dict) -> list[dict]:
    """Return the alerts that a report raises.

    A number that is missing now and was known in the last report raises an alert too: a watch
    that went blind is no quiet watch.

    Parameters
    ----------
    thresholds : list of dict
        From `merged`; one whose number the report does not record is passed over.
    facts : dict
        The record of the report, with its ``change``.

    Returns
    -------
    list of dict
        ``report``, ``title``, ``headline``, ``date``, ``number``, the limit under its own name,
        ``value`` and ``message``.
    """
    about = {"report": facts["id"]} | {k: facts[k] for k in ("title", "headline", "date")}
    alerts = []
    for threshold in thresholds:
        message = _message(threshold, facts)
        if message:
            value = facts["numbers"].get(threshold["number"])
            alerts.append(about | threshold | {"value": value, "message": message})
    return alerts


def json_text(alerts: list[dict]) -> str:
    """Return ``alerts.json``."""
    return json.dumps({"alerts": alerts}, ensure_ascii=False, indent=2) + "\n"


def message_text(alerts: list[dict], base: str = "") -> str:
    """Return ``alerts.md``, ready for mail or chat: a subject line, then a list by report.

    Parameters
    ----------
    alerts : list of dict
        From `raised`, of all reports.
    base : str, optional
        Address of the published site, ending in ``/``; links are relative without it.
    """
    by_report: dict[str, list[dict]] = {}
    for alert in alerts:
        by_report.setdefault(alert["report"], []).append(alert)
    lines = [f"Subject: {_subject(alerts, by_report)}", ""]
    for report, group in by_report.items():
        first = group[0]
        lines += [f"**[{_line(first['title'])}]({base}{report}.html)**, {first['date']}", ""]
        lines += [f"- {_line(alert['message'])}" for alert in group]
        lines += ["", _line(first["headline"]), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _fault(threshold) -> str | None:
    allowed = ("number", *LIMITS)
    if not isinstance(threshold, dict):
        return f"{{number: NAME, above: LIMIT}} is wanted, found {threshold!r}"
    for key in threshold:
        if key not in allowed:
            return f"unknown key {key!r}; {_near(key, allowed)}"
    if not isinstance(threshold.get("number"), str):
        return "number is missing or not the name of a recorded number"
    limits = [key for key in LIMITS if key in threshold]
    if len(limits) != 1:
        return f"exactly one of {', '.join(LIMITS)} is wanted, found {', '.join(limits) or 'none'}"
    return _limit_fault(limits[0], threshold[limits[0]])


def _limit_fault(name: str, limit) -> str | None:
    is_number = isinstance(limit, int | float) and not isinstance(limit, bool)
    if not is_number or not math.isfinite(limit):
        return f"{name} must be a number, found {limit!r}"
    if name == "change" and limit < 0:
        return f"change is a size and never negative, found {limit!r}"
    return None


def _limit(threshold: dict) -> str:
    return next(key for key in LIMITS if key in threshold)


def _near(name: str, known) -> str:
    from rareearths.catalogue import closest

    return closest(name, known)


def _message(threshold: dict, facts: dict) -> str | None:
    name, kind = threshold["number"], _limit(threshold)
    if name not in facts["numbers"]:
        return None
    value, limit = facts["numbers"][name], threshold[kind]
    parts = ((facts.get("change") or {}).get("numbers") or {}).get(name)
    label = labels.label(facts, name)
    if value is None:
        went_blind = parts and parts["before"] is not None
        if not went_blind:
            return None
        return f"{label.text} is missing now, it was {_with_unit(label, parts['before'])}"
    if kind == "change":
        moved = parts and parts["change"] is not None and abs(parts["change"]) > limit
        return _change_message(label, parts, limit) if moved else None
    beyond = value > limit if kind == "above" else value < limit
    if not beyond:
        return None
    least = f"{label.scaled(limit):,}{label.unit}"
    return f"{label.text} is {_with_unit(label, value, limit)}, {kind} {least}"


def _change_message(label: labels.Label, parts: dict, limit: float) -> str:
    split = {part: parts[part] for part in change_text.PART_NAMES}
    values = label.exact([parts["before"], parts["after"]], parts["change"])
    size, *sizes = label.steps([parts["change"], *split.values()], parts["change"])
    causes = ", ".join(
        f"{change_text.PART_NAMES[part]} {text}" for part, text in zip(split, sizes, strict=True)
    )
    most = f"{label.scaled(limit):,}{label.step_unit}"
    return f"{label.text} changed by {size} (limit {most}), from {' to '.join(values)}: {causes}"


def _with_unit(label: labels.Label, value: float, limit: float | None = None) -> str:
    other = limit if limit is None else label.scaled(limit)
    return _exact(label.scaled(value), other) + label.unit


def _exact(value: float, other: float | None = None) -> str:
    """At least three digits, and as many as tell the value from another one."""
    least = max(3, math.floor(math.log10(abs(value))) + 1) if value else 3
    texts = (f"{value:,.{digits}g}" for digits in range(least, 18))
    return next((t for t in texts if float(t.replace(",", "")) != other), str(value))


def _subject(alerts: list[dict], by_report: dict) -> str:
    if not alerts:
        return "no alerts"
    noun = "alert" if len(alerts) == 1 else "alerts"
    reports = "report" if len(by_report) == 1 else "reports"
    return f"{len(alerts)} {noun} in {len(by_report)} {reports}"


def _line(text: str) -> str:
    """Text from data as harmless Markdown on one line."""
    return words.escape(" ".join(text.split()))
