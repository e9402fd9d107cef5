"""Bring the newest data from the publishers into the tables, or change nothing.

A refresh plans, asks, makes the new tables, checks them by the schemas of the bundled ones, and
only then replaces files and entries, of all sources at once. What a table held before lies in
``data/raw/<source>/<start>/before/``.
"""

import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from filelock import FileLock, Timeout

from rareearths import build, catalogue, check
from rareearths.reports.history import period_field
from rareearths.sources import (
    baci,
    census,
    comtrade,
    comtrade_mirror,
    comtrade_months,
    estat,
    eurostat,
    raw,
    swap,
    usgs,
    worldbank,
)
from rareearths.sources.difference import Difference, compare_rows
from rareearths.sources.fetch import Client, Key, SourceError, Unusable
from rareearths.sources.plan import Fetched, Plan
from rareearths.sources.swap import NewTable

SOURCES = {
    module.NAME: module
    for module in (
        baci,
        census,
        comtrade,
        comtrade_mirror,
        comtrade_months,
        estat,
        eurostat,
        usgs,
        worldbank,
    )
}
MOST_GONE = 0.1  # of the old rows in the years asked for; more is a fault, not a revision


class RefreshError(Exception):
    """The refresh failed; the message says why. No table has changed."""


@dataclass(frozen=True)
class Options:
    """How a refresh is run.

    Attributes
    ----------
    since : int, optional
        Ask for every year from this one on.
    dry_run : bool
        Only say what would be asked.
    progress : callable
        Gets each line that is shown.
    client : callable
        Makes the `Client` of a source; for tests.
    environment : mapping
        Where keys are looked up.
    """

    since: int | None = None
    dry_run: bool = False
    progress: Callable[[str], None] = print
    client: Callable[..., Client] = Client
    environment: dict = field(default_factory=lambda: os.environ)


def refresh(names: Iterable[str] = (), options: Options | None = None) -> list[Difference]:
    """Refresh the tables of some sources, all by default.

    Returns
    -------
    list of Difference
        What changed, by table; empty after a dry run and when nothing is new.

    Raises
    ------
    rareearths.catalogue.UnknownCode
        An unknown source.
    RefreshError
        A publisher gave no usable answer, or a new table breaks its schema. Nothing has changed.
    """
    options = options or Options()
    names = list(dict.fromkeys(names))
    chosen = names or list(SOURCES)
    for name in chosen:
        if name not in SOURCES:
            raise catalogue.UnknownCode(f"no source {name!r}; {catalogue.closest(name, SOURCES)}")
    chosen = _with_keys(chosen, bool(names), options)
    if options.dry_run:
        for name in chosen:
            _tell(_plan(name, options), options)
        options.progress("dry run: nothing was asked")
        return []
    folder = catalogue.folder() / "raw"
    try:
        folder.mkdir(exist_ok=True)
        with FileLock(folder / "refresh.lock", timeout=0):
            changed, said = _refresh(chosen, options)
    except Timeout:
        raise RefreshError("another refresh of this data folder is running") from None
    except OSError as error:
        raise RefreshError(f"{_reason(error)}; {_state_of_tables()}") from error
    options.progress(said)
    return changed


def _reason(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror or error}{where}"


def _state_of_tables() -> str:
    if swap.journal().is_file():
        return "tables are half replaced: run the command again, it undoes that first"
    return "no table was changed"


def _refresh(chosen: list[str], options: Options) -> tuple[list[Difference], str]:
    """Prepare all, then replace all; returns what changed, and the last line to show."""
    if swap.recover():
        options.progress("an earlier refresh was killed while it replaced tables: undone")
    ready: _Ready = {}
    made = [_prepare(_plan(name, options), options, ready) for name in chosen]
    changed = [step for step in made if step is not None]
    if not changed:
        return [], "no table has changed"
    before = changed[0].copies.folder / "before"
    swap.swap([table for table, _ in ready.values()], before)
    with suppress(OSError):  # the tables are replaced; unmarked, the next refresh finds no news
        for step in changed:
            step.copies.mark(raw.FINISHED)
    shown = before.relative_to(catalogue.folder()).as_posix()
    count = len({table for name in chosen for table in SOURCES[name].TABLES})
    said = f"{len(ready)} of {count} tables replaced; the old ones: {shown}"
    return [difference for step in changed for difference in step.differences], said


@dataclass(frozen=True)
class _Step:
    """The raw copies of one source that has news, and what they change."""

    copies: raw.Copies
    differences: list[Difference]


# New tables by name with their rows; a later source of the same table goes on from them.
_Ready = dict[str, tuple[NewTable, pd.DataFrame]]


def _plan(name: str, options: Options) -> Plan:
    source = SOURCES[name]
    return source.plan(
        {table: catalogue.load(table) for table in source.TABLES},
        options.since,
        _client(name, options).now().date(),
        keyed=_key(name, options) is not None,
        economies=catalogue.load("economies"),
    )


def _with_keys(names: list[str], named: bool, options: Options) -> list[str]:
    """Leave out the sources that are not asked without a key; one that was named must have it."""
    lacking = {
        name: SOURCES[name].KEY.variable
        for name in names
        if SOURCES[name].KEY and SOURCES[name].KEY.required and _key(name, options) is None
    }
    for name, variable in lacking.items():
        if named:
            raise RefreshError(f"{name} is not asked without a key: set {variable}")
        options.progress(f"{name}: left out, no key in {variable}")
    return [name for name in names if name not in lacking]


def _key(name: str, options: Options) -> Key | None:
    rule = SOURCES[name].KEY
    value = options.environment.get(rule.variable, "").strip() if rule else ""
    try:
        return Key(rule.name, value, rule.in_address) if value else None
    except SourceError as error:
        raise RefreshError(f"{rule.variable}: {error}") from None


def _client(name: str, options: Options) -> Client:
    return options.client(
        manners=SOURCES[name].MANNERS, key=_key(name, options), progress=options.progress
    )


def _tell(plan: Plan, options: Options) -> None:
    options.progress(f"{plan.source} -> {', '.join(plan.tables)}: {plan.why}")
    for request in plan.requests:
        options.progress(f"  GET {request.address}")


def _prepare(plan: Plan, options: Options, ready: _Ready) -> _Step | None:
    """Fetch one source and make its new table in the raw folder; None when nothing is new."""
    _tell(plan, options)
    source, client = SOURCES[plan.source], _client(plan.source, options)
    if not plan.periods:
        return None
    copies = raw.begin(catalogue.folder() / "raw", plan, source.LICENCE, client)

    def read(request, judge):
        kept = (copies.folder / f"{request.name}.meta.json").is_file()
        data = copies.read(request, judge)
        options.progress(f"  {'kept' if kept else 'read'} {request.address}")
        return data

    try:
        economies = catalogue.load("economies")
        fetched = source.fetch(plan, read, economies, lambda line: options.progress(f"  {line}"))
        step = _new_tables(plan, fetched, copies, options, ready)
    except Unusable as error:
        copies.mark(raw.REJECTED)  # the next refresh asks anew
        raise RefreshError(f"{error}; no table was changed") from error
    except SourceError as error:
        raise RefreshError(f"{error}; no table was changed") from error
    if step is None:
        copies.mark(raw.FINISHED)
        options.progress(f"  {', '.join(plan.tables)}: nothing is new")
    return step


def _new_tables(
    plan: Plan, fetched: Fetched, copies, options: Options, ready: _Ready
) -> _Step | None:
    """Make the new tables of a source; None when none differs from the present one."""
    tables, differences = [], []
    for name, fresh in fetched.tables.items():
        old = ready[name][1] if name in ready else catalogue.load(name)
        asked = SOURCES[plan.source].replaced(plan, name, old)
        rows, difference = _merged(plan, name, old, asked, fresh)
        if not difference:
            continue
        options.progress(f"  {difference}")
        file = copies.folder / "tables" / Path(catalogue.table(name).path).name
        build.write(rows, file)
        about = {"vintage": fetched.vintage, "accessed": copies.client.now()}
        resource = _entry(plan, _resource(name), rows, file, bool(asked.all()), **about)
        tables.append(NewTable(resource, file))
        ready[name] = (tables[-1], rows)
        differences.append(difference)
    _check(tables)
    return _Step(copies, differences) if differences else None


def _merged(
    plan: Plan, name: str, old: pd.DataFrame, asked: pd.Series, fresh: pd.DataFrame
) -> tuple[pd.DataFrame, Difference]:
    """Put the new rows in the place of those they stand for."""
    fresh = fresh.astype(old.dtypes.to_dict())
    parts = [part for part in (old[~asked], fresh) if len(part)]
    if not parts:
        raise Unusable(f"{plan.source}: no row at all for {name}")
    rows = SOURCES[plan.source].ordered(name, pd.concat(parts))
    period = period_field(_resource(name))
    until = str(old.loc[asked, period].max()) if period and asked.any() else ""
    key = list(catalogue.table(name).primary_key)
    difference = compare_rows(name, old, rows, key, period, until)
    if name not in getattr(SOURCES[plan.source], "DERIVED", ()):
        _refuse_losses(plan, old[asked], fresh, difference, period)
    return rows, difference


def _refuse_losses(plan, old: pd.DataFrame, fresh: pd.DataFrame, difference, period) -> None:
    """A publisher revises; a period or a tenth of the rows that vanish are a fault of the reply."""
    lost = sorted(set(old[period]) - set(fresh[period])) if period else []
    if lost:
        periods = ", ".join(map(str, lost))
        raise Unusable(f"{plan.source}: no row for {periods}, which the table has")
    if len(difference.gone) > MOST_GONE * len(old):
        raise Unusable(f"{plan.source}: {len(difference.gone)} of {len(old)} old rows are missing")


def _resource(name: str) -> dict:
    """Return the present entry of a table in ``datapackage.json``, to be changed freely."""
    descriptor = catalogue.folder() / "datapackage.json"
    resources = json.loads(descriptor.read_text(encoding="utf-8"))["resources"]
    return next(r for r in resources if r["name"] == name)


def _entry(
    plan: Plan, resource: dict, rows, file: Path, whole: bool, vintage: str, accessed: datetime
) -> dict:
    """Make the new entry of ``datapackage.json``: what the file is, and when it was read."""
    for column in resource["schema"]["fields"]:
        if column["name"] == "year":
            bounds = column["constraints"]
            bounds["minimum"] = min(bounds["minimum"], int(rows["year"].min()))
            bounds["maximum"] = max(bounds["maximum"], int(rows["year"].max()))
    return (
        resource
        | SOURCES[plan.source].describe(resource, rows, whole)
        | {
            "hash": f"sha256:{catalogue.file_sha256(file)}",
            "bytes": file.stat().st_size,
            "rows": len(rows),
            "accessed": accessed.astimezone(UTC).date().isoformat(),
            "vintage": vintage,
        }
    )


def _check(tables: list[NewTable]) -> None:
    """Check new tables where they lie, by the rules that ``rareearths data check`` has."""
    staged = {
        table.resource["name"]: catalogue.described(
            table.resource | {"path": table.file.relative_to(catalogue.folder()).as_posix()}
        )
        for table in tables
    }
    for table in staged.values():
        problems = check.check_table(table, staged)
        if problems:
            more = f" and {len(problems) - 1} more problems" if len(problems) > 1 else ""
            raise Unusable(f"the new table breaks its schema: {problems[0]}{more}")
