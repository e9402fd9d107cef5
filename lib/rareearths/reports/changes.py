"""What changed since the last report, and why: new periods, revised data or another method.

The change of a number is split along one path from the last report to this one::

    last report  = old code on the old data
    same data    = new code on the old data
    old periods  = new code on the new values of the old periods
    this report  = new code on the new data

    method   = same data   - last report
    revision = old periods - same data
    real     = this report - old periods

so that the three add up to the change. Another order of the steps would give other parts where
code and data act together; this one asks of the new data only what the code of today makes of it.
A report whose last year (`PERIOD_PARAMETERS`) moved forward is run on the old data with the old
one: to look at a new year is a new period.

Differences are given on twelve significant digits of the largest value of the path: what is
smaller is the rounding of the machine, and the printed parts add up exactly.
"""

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from rareearths.reports import labels
from rareearths.reports.history import (
    History,
    Version,
    current,
    old_periods,
    same_rows,
    with_tables,
)

PERIOD_PARAMETERS = ("year", "end_year", "end")
DIGITS = 12

Numbers = dict[str, float | None]
Rerun = Callable[[Path, dict], Numbers]


def compare(previous: dict | None, facts: dict, rerun: Rerun, history: History) -> dict | None:
    """Say which recorded numbers changed since the last report, and why.

    Parameters
    ----------
    previous : dict or None
        The record of the last report; None for a first report.
    facts : dict
        The record of this one: ``date``, ``parameters``, ``numbers``, ``tables``, ``inputs``.
    rerun : callable
        ``rerun(data_folder, parameters)`` runs the notebook of today on another data folder and
        returns its numbers; called at most twice, and only when the split needs it.
    history : History
        The tables that earlier reports read.

    Returns
    -------
    dict or None
        None for a first report. Else ``since`` (date of the last report), ``date`` (of this one),
        ``state`` (``changed``, ``same`` or ``new question``), ``numbers`` (those that changed:
        ``before``, ``after``, ``change``, ``real``, ``revision``, ``method``; a part that is not
        known is None; without years that moved with time), ``appeared`` and ``vanished`` (names),
        ``code`` and ``tables`` (names of what is new), ``replaced`` (the old sha256 of these
        tables) and ``note`` (why a part is not known, or which parameters differ).
        The change of the last report is carried over when nothing that can move a number is new.
    """
    if previous is None:
        return None
    cause = _cause(previous, facts)
    changed = _changed(previous["numbers"], facts["numbers"])
    if cause.nothing and not changed:
        return previous.get("change")
    result = {
        "since": previous["date"],
        "date": facts["date"],
        "state": "same",
        "numbers": {},
        "appeared": sorted(set(facts["numbers"]) - set(previous["numbers"])),
        "vanished": sorted(set(previous["numbers"]) - set(facts["numbers"])),
        "code": cause.code,
        "tables": sorted(cause.tables),
        "replaced": dict(sorted(cause.tables.items())),
        "note": "",
    }
    if cause.question:
        return result | {"state": "new question", "note": cause.question}
    if any(_differ(a, b) for a, b in changed.values()):
        path, note = _path(previous, facts, cause, rerun, history)
    else:
        path, note = _Path(previous["numbers"], None, None, facts["numbers"]), ""
    split = {name: _parts(name, path) for name in changed}
    numbers = {name: parts for name, parts in split.items() if not _is_passing(name, parts, facts)}
    moved = numbers or result["appeared"] or result["vanished"]
    state = "changed" if moved else "same"
    return result | {"state": state, "numbers": numbers, "note": note}


def _is_passing(name: str, parts: dict, facts: dict) -> bool:
    """Whether a number is a year that moved with time, and by no revision and no other method."""
    return labels.is_year(facts, name) and not (parts["revision"] or parts["method"])


@dataclass(frozen=True)
class _Cause:
    """What is new since the last report: names of code, hashes of tables, the parameters."""

    code: list[str]
    tables: dict[str, str]  # sha256 of the last report
    moved: bool
    question: str

    @property
    def nothing(self) -> bool:
        return not (self.code or self.tables or self.moved or self.question)


@dataclass(frozen=True)
class _Path:
    """The numbers at the four places of the path; None where a place could not be reached."""

    before: Numbers
    same_data: Numbers | None
    old_periods: Numbers | None
    after: Numbers

    def at(self, name: str) -> list[float | None]:
        places = (self.before, self.same_data, self.old_periods, self.after)
        return [_finite((place or {}).get(name)) for place in places]


@dataclass
class _Tables:
    """Versions of the changed tables: the old ones, and the new ones cut to the old periods."""

    old: dict[str, Version] = field(default_factory=dict)
    cut: dict[str, Version] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    revised: bool = False


def _cause(previous: dict, facts: dict) -> _Cause:
    """Name what is new; a parameter that the notebook gained or lost is a matter of its code."""
    old, new = previous["parameters"], facts["parameters"]
    differ = [name for name in sorted(new) if name in old and old[name] != new[name]]
    moved = [n for n in differ if n in PERIOD_PARAMETERS and _is_later(old[n], new[n])]
    other = [f"{n} was {old[n]!r} and is {new[n]!r}" for n in differ if n not in moved]
    return _Cause(
        code=_new_code(previous.get("inputs"), facts.get("inputs")),
        tables={
            table["name"]: table["sha256"]
            for table in previous["tables"]
            if table["sha256"] != _present_hash(table["name"], facts)
        },
        moved=bool(moved),
        question=", ".join(other),
    )


def _new_code(old: dict | None, new: dict | None) -> list[str]:
    """Name what differs of the code; the page's template is none of it, it moves no number."""
    if not old or not new:
        return ["code of the last report not known"]
    before, after = old.get("modules") or {}, new.get("modules") or {}
    names = [part for part in ("notebook", "environment") if old.get(part) != new.get(part)]
    return names + sorted(m for m in {*before, *after} if before.get(m) != after.get(m))


def _present_hash(name: str, facts: dict) -> str | None:
    read = {table["name"]: table["sha256"] for table in facts["tables"]}
    if name in read:
        return read[name]
    version = current(name)
    return version and version.resource["hash"].removeprefix("sha256:")


def _is_later(old, new) -> bool:
    return type(old) is type(new) and new > old


def _changed(before: Numbers, after: Numbers) -> dict[str, tuple]:
    """Return the numbers in both records that differ, with both values."""
    both = {name: (_finite(before[name]), _finite(after[name])) for name in after if name in before}
    return {n: (a, b) for n, (a, b) in both.items() if (a is None) != (b is None) or _differ(a, b)}


def _differ(before, after) -> bool:
    return bool(_difference(before, after))


def _difference(before, after) -> float | None:
    """The difference on `DIGITS` digits of the larger value; None where one is missing."""
    if before is None or after is None:
        return None
    one, other = _steps([before, after])
    return _number(other - one)


def _path(previous: dict, facts: dict, cause: _Cause, rerun: Rerun, history: History):
    """Walk from the last report to this one; returns the path, and why it has gaps."""
    before, after = previous["numbers"], facts["numbers"]
    if cause.nothing:
        note = "Neither code nor data is new: the report does not give the same numbers twice"
        return _Path(before, None, None, after), note
    old = previous["parameters"]
    parameters = {name: old.get(name, value) for name, value in facts["parameters"].items()}
    notes: list[str] = []

    def run(versions: dict[str, Version], what: str) -> Numbers | None:
        try:
            with with_tables(versions) as folder:
                return _rerun(rerun, folder, parameters)
        except Exception as error:
            notes.append(f"The re-run on {what} failed: {error}")
            return None

    with tempfile.TemporaryDirectory(prefix="cut-") as scratch:
        tables = _versions(cause.tables, history, Path(scratch))
        same_data = _on_same_data(before, after, cause, tables, run)
        cut = _on_old_periods(after, same_data, cause, tables, run)
    if cause.code and tables.missing:
        notes.append(f"The last version of {', '.join(tables.missing)} is not kept")
    if tables.unknown:
        notes.append(f"The last period of the old {', '.join(tables.unknown)} is not known")
    return _Path(before, same_data, cut, after), "; ".join(notes)


def _on_same_data(before: Numbers, after: Numbers, cause: _Cause, tables: _Tables, run):
    """Return what the code of today makes of the data of the last report."""
    if not cause.code:
        return before
    if not cause.tables and not cause.moved:
        return after
    return None if tables.missing else run(tables.old, "the data of the last report")


def _on_old_periods(after: Numbers, same_data: Numbers | None, cause: _Cause, tables: _Tables, run):
    """Return what the code of today makes of the new values of the old periods."""
    if tables.unknown:
        return None
    if not tables.cut and not cause.moved:
        return after
    return run(tables.cut, "the old periods") if tables.revised else same_data


def _versions(changed: dict[str, str], history: History, scratch: Path) -> _Tables:
    tables = _Tables()
    for name, sha256 in sorted(changed.items()):
        new, old, last = current(name), history.find(sha256), history.last_period(sha256)
        if old is None:
            tables.missing.append(name)
        else:
            tables.old[name] = old
        if last is None:
            tables.unknown.append(name)
            continue
        cut = new and old_periods(new, last, scratch)
        if cut:
            tables.cut[name] = cut
        only_added = bool(cut and old and same_rows(cut, old))
        tables.revised = tables.revised or not only_added
    return tables


def _parts(name: str, path: _Path) -> dict:
    """Split the change of one number: whole steps of the last digit, so that the parts add up."""
    values = path.at(name)
    steps = _steps(values)
    parts = {
        part: None if start is None or end is None else _number(end - start)
        for part, start, end in (
            ("change", steps[0], steps[3]),
            ("real", steps[2], steps[3]),
            ("revision", steps[1], steps[2]),
            ("method", steps[0], steps[1]),
        )
    }
    return {"before": values[0], "after": values[3]} | parts


def _steps(values: list[float | None]) -> list[Decimal | None]:
    """Round values to the same decimal place, that of the `DIGITS`-th digit of the largest."""
    known = [Decimal(repr(float(v))) for v in values if v is not None]
    largest = max((abs(v) for v in known), default=Decimal(0))
    place = largest.adjusted() - DIGITS + 1 if largest else 0
    return [None if v is None else _rounded(Decimal(repr(float(v))), place) for v in values]


def _rounded(value: Decimal, place: int) -> Decimal:
    return value.scaleb(-place).to_integral_value().scaleb(place)


def _number(value: Decimal) -> float:
    return float(value) + 0.0  # no minus before a zero


def _finite(value) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _rerun(rerun: Rerun, folder: Path, parameters: dict) -> Numbers:
    """Re-run; an error becomes one line without the temporary folder, whose name never repeats."""
    try:
        return rerun(folder, parameters)
    except Exception as error:
        first = (str(error).strip().splitlines() or ["no message"])[0]
        message = f"{type(error).__name__}: {first.replace(str(folder), 'data')}"
        raise RuntimeError(message) from error
