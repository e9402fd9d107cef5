"""Render reports: plan what has to run, run it, write the index; say what became of each."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rareearths.reports import config, inputs, kernels, published, schedule, site, workers
from rareearths.reports.config import Report
from rareearths.reports.store import Site, SiteError
from rareearths.reports.task import CACHED, FAILED, Place, Result, Task, now

ALERT = 3  # exit code
_REASONS = 4  # shown of each report in a plan


@dataclass(frozen=True)
class Options:
    """What to render, and how.

    Attributes
    ----------
    config, site, state : pathlib.Path
        ``reports.yml``, the site folder, and the folder of the tables of earlier reports.
    ids : list of str
        Ids or patterns; all reports for an empty list.
    matrix : str, optional
        Only the reports of this matrix; ``""`` for those of all.
    shard : str, optional
        ``i/n``: this part of them.
    due : datetime, optional
        Only what is due at this time.
    changed : bool
        Only what was published before and has other inputs now.
    force : bool
        Also what has not changed.
    plan : bool
        Run nothing, say what would run and why.
    stock : bool
        Ordinary kernels.
    jobs : int, optional
        Reports at once; one per core by default.
    fail_on_alert : bool
        Exit with `ALERT` when a threshold is passed.
    """

    config: Path = Path("reports.yml")
    site: Path = Path("site")
    state: Path | None = None
    ids: list[str] = field(default_factory=list)
    matrix: str | None = None
    shard: str | None = None
    due: datetime | None = None
    changed: bool = False
    force: bool = False
    plan: bool = False
    stock: bool = False
    jobs: int | None = None
    fail_on_alert: bool = False

    @property
    def state_folder(self) -> Path:
        return self.state or self.config.parent / ".rareearths"


@dataclass(frozen=True)
class Step:
    """A report with the reasons for which it has to run; none when its page is up to date."""

    report: Report
    beside: dict[str, str]
    inputs: dict
    reasons: list[str]
    headline: str


def render(options: Options) -> int:
    """Render what the options choose.

    Returns
    -------
    int
        0 when all are good, 1 when a report failed, `ALERT` when asked for and raised.

    Raises
    ------
    ConfigError, ParameterError, DataError, SiteError
        Before any kernel starts.
    """
    everything = config.load(options.config)
    wanted = config.select(everything, options.ids, options.matrix)
    last = [r for r in wanted if r.reads and not options.shard]  # a shard has not all records
    wanted = config.shard([r for r in wanted if not r.reads], options.shard) + last
    if options.due:
        checked = site.checked(options.site)
        wanted = [r for r in wanted if schedule.is_due(r.schedule, checked.get(r.id), options.due)]
    if options.plan:
        return _show(plan(wanted, everything, options))
    started, at, store = time.perf_counter(), now(), Site(options.site)
    notebooks = {report.notebook for report in wanted}
    with workers.Preparation(_place(options), notebooks) as preparation:
        if any(store.record_path(report.id) is None for report in wanted) and not options.changed:
            preparation.begin()
        steps = plan(wanted, everything, options)
        tasks = _tasks(steps)
        with store.lock() as waited:
            if waited:  # the other command may have rendered the same
                steps = plan(wanted, everything, options)
                tasks = _tasks(steps)
            results = _run(
                [s for s in steps if not s.report.reads],
                [t for t in tasks if not t.report.reads],
                preparation,
                options,
            )
            if last:
                results += _run_last(last, everything, options, preparation, _good(results, at))
            alerts, trouble = _write(everything, store, _good(results, at))
    order = [step.report.id for step in steps]
    results.sort(key=lambda r: order.index(r.id))
    code = _finish(results, alerts, time.perf_counter() - started, options)
    if trouble:
        print(f"\nrareearths: {trouble}", file=sys.stderr)
    return 1 if trouble else code


def _run(
    steps: list[Step], tasks: list[Task], preparation: workers.Preparation, options: Options
) -> list[Result]:
    """Make what has to run, and say of the rest that it is up to date."""
    cached = [s for s in steps if not s.reasons]
    current = [Result(s.report.id, CACHED, headline=s.headline) for s in cached]
    place = preparation.ready() if tasks else _place(options)
    with closing(workers.run(tasks, place, options.jobs)) as results:
        return current + list(_progress(results, len(tasks)))


def _run_last(
    last: list[Report],
    everything: list[Report],
    options: Options,
    preparation: workers.Preparation,
    checked: dict,
) -> list[Result]:
    """Make the reports about the others, whose records are now known."""
    with suppress(SiteError):  # the files of the whole site are written once more, and that is told
        site.write_records(everything, Site(options.site), checked)
    steps = plan(last, everything, options)
    return _run(steps, _tasks(steps), preparation, options)


def _good(results: list[Result], at: datetime) -> dict[str, datetime]:
    return {r.id: at for r in results if r.state != FAILED}


def _write(reports: list[Report], store: Site, checked: dict) -> tuple[list[dict], str]:
    """Write the files of the whole site; returns the alerts, and why a file is not written."""
    try:
        return site.write(reports, store, checked), ""
    except SiteError as error:  # what became of the reports is said in any case
        return [], str(error)


def plan(wanted: list[Report], everything: list[Report], options: Options) -> list[Step]:
    """Return the reports that are asked for, each with the reasons why it has to run."""
    store, steps, neighbours = Site(options.site), [], config.Neighbours(everything)
    with inputs.snapshot(options.state_folder / "imports.json"):
        for report in wanted:
            record, beside = store.record(report.id), neighbours.of(report)
            if options.changed and not record:
                continue
            settings = _settings(report, options)
            reasons = inputs.changes(report, beside, record and record["inputs"], settings)
            if not reasons and store.failure(report.id):
                reasons = ["the newest run failed"]
            if not reasons and options.force:
                reasons = ["asked for"]
            current = inputs.collect(report, beside, settings=settings) if reasons else {}
            headline = record["headline"] if record else ""
            steps.append(Step(report, beside, current, reasons, headline))
    return steps


def _settings(report: Report, options: Options) -> dict:
    """Return the further inputs of a report about the others: their records, and its month."""
    if not report.reads:
        return {}
    read = {"records": published.digest(options.site, report.parameters)}
    return read if "as_of" in report.parameters else read | {"month": f"{now():%Y-%m}"}


def _tasks(steps: list[Step]) -> list[Task]:
    """Return the tasks of the reports that have to run; their parameters are checked here."""
    waiting = [step for step in steps if step.reasons]
    if not waiting:
        return []
    from rareearths.reports import parameters

    known = commit()
    return [
        Task(
            s.report,
            parameters.check(s.report.notebook, s.report.parameters, s.report.id),
            s.beside,
            s.inputs,
            known,
        )
        for s in waiting
    ]


def commit() -> str:
    """Return the commit of the project, with "+" when files differ from it; empty outside git."""
    asked = ["git", "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _place(options: Options) -> Place:
    warm = kernels.can_fork() and not options.stock
    kernel = kernels.WARM if warm else kernels.ORDINARY
    return Place(options.site, options.state_folder, kernel)


def _progress(results: Iterator[Result], total: int) -> Iterator[Result]:
    """Pass the results on, with a bar in a terminal and plain lines elsewhere."""
    if not total:
        return
    from tqdm import tqdm

    in_terminal = sys.stderr.isatty()
    with tqdm(total=total, unit="report", disable=not in_terminal, leave=False) as bar:
        for number, result in enumerate(results, 1):
            line = f"[{number}/{total}] {result.id}: {result.state}, {result.seconds:.1f} s"
            lines = [line, *(f"    warning: {w}" for w in result.warnings)]
            tqdm.write("\n".join(lines))
            sys.stdout.flush()
            bar.update()
            yield result


def _finish(results: list[Result], alerts: list[dict], seconds: float, options: Options) -> int:
    """Print the table of all results, what failed and what gave an alert; return the exit code."""
    width = max((len(r.id) for r in results), default=2)
    print(f"\n{'report':{width}}  state     seconds  peak MB  headline")
    for r in results:
        used = f"{r.seconds:7.1f}  {r.peak_mb:7.0f}" if r.seconds else f"{'':7}  {'':7}"
        print(f"{r.id:{width}}  {r.state:8}  {used}  {r.headline}")
    failed = [r for r in results if r.failure]
    for result in failed:
        print(f"\n{_describe(result)}", file=sys.stderr)
    for alert in alerts:
        print(f"\nalert: {alert['message']}", file=sys.stderr)
    good, index = len(results) - len(failed), options.site / "index.html"
    print(f"\n{good} of {len(results)} reports in {seconds:.1f} s: {index}")
    if failed:
        return 1
    return ALERT if alerts and options.fail_on_alert else 0


def _show(steps: list[Step]) -> int:
    others = any(step.reasons for step in steps if not step.report.reads)
    for step in steps:
        unless = ", unless a record that it reads changes" if step.report.reads and others else ""
        print(f"{step.report.id}: {_in_short(step.reasons) or 'up to date' + unless}")
    running = sum(bool(step.reasons) for step in steps)
    print(f"\n{running} of {len(steps)} reports would run")
    return 0


def _in_short(reasons: list[str]) -> str:
    more = len(reasons) - _REASONS
    shown = reasons[:_REASONS] + ([f"and {more} more"] if more > 0 else [])
    return "; ".join(shown)


def _describe(result: Result) -> str:
    failure = result.failure
    cell = "" if failure.cell is None else f", cell [{failure.cell}]"
    parts = [f"{result.id} failed in {failure.notebook}{cell}: {failure.error}"]
    parts += [text for text in (failure.source, failure.traceback) if text]
    return "\n\n".join(parts)
