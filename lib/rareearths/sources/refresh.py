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
from rareearths.sources import comtrade, raw, swap, worldbank
from rareearths.sources.difference import Difference, compare_rows
from rareearths.sources.fetch import Client, Key, SourceError, Unusable
from rareearths.sources.plan import Fetched, Plan
from rareearths.sources.swap import NewTable

SOURCES = {module.NAME: module for module in (comtrade, worldbank)}
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
    chosen = list(dict.fromkeys(names)) or list(SOURCES)
    for name in chosen:
        if name not in SOURCES:
            raise catalogue.UnknownCode(f"no source {name!r}; {catalogue.closest(name, SOURCES)}")
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
    made = [_prepare(_plan(name, options), options) for name in chosen]
    changed = [step for step in made if step is not None]
    if not changed:
        return [], "no table has changed"
    before = changed[0].copies.folder / "before"
    swap.swap([step.table for step in changed], before)
    with suppress(OSError):  # the tables are replaced; unmarked, the next refresh finds no news
        for step in changed:
            step.copies.mark(raw.FINISHED)
    shown = before.relative_to(catalogue.folder()).as_posix()
    said = f"{len(changed)} of {len(made)} tables replaced; the old ones: {shown}"
    return [step.difference for step in changed], said


@dataclass(frozen=True)
class _Step:
    """A new table that is ready, its raw copies, and what it changes."""

    table: NewTable
    copies: raw.Copies
    difference: Difference


def _plan(name: str, options: Options) -> Plan:
    source = SOURCES[name]
    return source.plan(
        catalogue.load(source.TABLE),
        options.since,
        _client(name, options).now().date(),
        keyed=_key(name, options) is not None,
        economies=catalogue.load("economies"),
    )


def _key(name: str, options: Options) -> Key | None:
    source = SOURCES[name]
    value = options.environment.get(source.KEY_VARIABLE or "", "").strip()
    try:
        return Key(source.KEY_HEADER, value) if value else None
    except SourceError as error:
        raise RefreshError(f"{source.KEY_VARIABLE}: {error}") from None


def _client(name: str, options: Options) -> Client:
    return options.client(
        manners=SOURCES[name].MANNERS, key=_key(name, options), progress=options.progress
    )


def _tell(plan: Plan, options: Options) -> None:
    options.progress(f"{plan.source} -> {plan.table}: {len(plan.years)} years ({plan.why})")
    for request in plan.requests:
        options.progress(f"  GET {request.address}")


def _prepare(plan: Plan, options: Options) -> _Step | None:
    """Fetch one source and make its new table in the raw folder; None when nothing is new."""
    _tell(plan, options)
    source, client = SOURCES[plan.source], _client(plan.source, options)
    if not plan.years:
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
        step = _new_table(plan, fetched, copies, options)
    except Unusable as error:
        copies.mark(raw.REJECTED)  # the next refresh asks anew
        raise RefreshError(f"{error}; no table was changed") from error
    except SourceError as error:
        raise RefreshError(f"{error}; no table was changed") from error
    if step is None:
        copies.mark(raw.FINISHED)
        options.progress(f"  {plan.table}: nothing is new")
    return step


def _new_table(plan: Plan, fetched: Fetched, copies, options: Options) -> _Step | None:
    old = catalogue.load(plan.table)
    table = catalogue.table(plan.table)
    asked = old["year"].isin(plan.years)
    fresh = fetched.rows.astype(old.dtypes.to_dict())
    parts = [part for part in (old[~asked], fresh) if len(part)]
    key = list(table.primary_key)
    rows = SOURCES[plan.source].ordered(pd.concat(parts))
    difference = compare_rows(plan.table, old, rows, key, "year", str(old["year"].max()))
    _refuse_losses(plan, old[asked], fresh, difference)
    if not difference:
        return None
    options.progress(f"  {difference}")
    file = copies.folder / "tables" / Path(table.path).name
    build.write(rows, file)
    whole = bool(asked.all())
    resource = _entry(plan, rows, file, fetched, whole, copies.client.now())
    _check(resource, file)
    return _Step(NewTable(resource, file), copies, difference)


def _refuse_losses(plan: Plan, old: pd.DataFrame, fresh: pd.DataFrame, difference) -> None:
    """A publisher revises; a year or a tenth of the rows that vanish are a fault of the reply."""
    lost = sorted(set(old["year"]) - set(fresh["year"]))
    if lost:
        years = ", ".join(map(str, lost))
        raise Unusable(f"{plan.source}: no row for {years}, which the table has")
    if len(difference.gone) > MOST_GONE * len(old):
        raise Unusable(f"{plan.source}: {len(difference.gone)} of {len(old)} old rows are missing")


def _entry(plan, rows, file: Path, fetched: Fetched, whole: bool, now: datetime) -> dict:
    """Make the new entry of ``datapackage.json``: what the file is, and when it was read."""
    descriptor = catalogue.folder() / "datapackage.json"
    resources = json.loads(descriptor.read_text(encoding="utf-8"))["resources"]
    resource = next(r for r in resources if r["name"] == plan.table)
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
            "accessed": now.astimezone(UTC).date().isoformat(),
            "vintage": fetched.vintage,
        }
    )


def _check(resource: dict, file: Path) -> None:
    """Check a new table where it lies, by the rules that ``rareearths data check`` has."""
    staged = file.relative_to(catalogue.folder()).as_posix()
    problems = check.check_table(catalogue.described(resource | {"path": staged}))
    if problems:
        more = f" and {len(problems) - 1} more problems" if len(problems) > 1 else ""
        raise Unusable(f"the new table breaks its schema: {problems[0]}{more}")
