"""Make one report: execute its notebook, check what it says, make the page, publish it."""

import hashlib
import json
import time
import traceback
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from rareearths.reports import alerts, changes, gate, page, published, secrets
from rareearths.reports.execute import Usage, execute
from rareearths.reports.facts import NotebookError, facts_of, recorded_numbers, visible
from rareearths.reports.history import History
from rareearths.reports.store import Site
from rareearths.reports.task import FAILED, RENDERED, Failure, Place, ReportFailed, Result, Task


def run(task: Task, place: Place) -> Result:
    """Render one report into the site.

    Page, record and executed notebook replace the old ones in one step, when all is well. After a
    failure the old ones stay, and ``records/<id>.error.json`` says what failed.
    """
    started, usage, site = time.perf_counter(), Usage(), Site(place.site)
    try:
        made = _make(task, place, site, usage)
    except Exception as error:
        failure = error.failure if isinstance(error, ReportFailed) else _unexpected(task, error)
        made = {"state": FAILED, "failure": _without_secrets(failure)}
        with suppress(OSError):  # on a full disk the message of the command must do
            site.write_failure(task.report.id, asdict(made["failure"]))
    return Result(task.report.id, seconds=time.perf_counter() - started, **asdict(usage), **made)


def _make(task: Task, place: Place, site: Site, usage: Usage) -> dict:
    def numbers_with(data: Path, parameters: dict) -> dict:
        other = replace(task, parameters=parameters)
        return recorded_numbers(_execute(other, place, usage, data))

    executed = _execute(task, place, usage)
    try:
        facts = facts_of(task, executed)
        previous, history = site.record(task.report.id), History(place.state)
        _check_alerts(task, facts)
        if not task.report.reads:  # what is new in a report about changes is what it is about
            facts["change"] = changes.compare(previous, facts, numbers_with, history)
        files = _files(task, executed, facts)
        history.keep([table["name"] for table in facts["tables"]])
        _publish(task, site, executed, files)
    except NotebookError as error:
        raise _failed(task, str(error)) from error
    except OSError as error:
        raise _failed(task, f"{error.filename or site.folder}: {error.strerror}") from error
    return {name: facts[name] for name in ("state", "headline", "warnings")}


def _execute(task: Task, place: Place, usage: Usage, data: Path | None = None):
    notebook, limits = task.report.notebook, task.report.limits
    chosen = {"kernel": place.kernel, "server": place.server, "data": data}
    if task.report.reads:
        chosen["folders"] = {published.SITE: place.site, published.STATE: place.state}
    executed = execute(notebook, task.parameters, limits, usage, **chosen)
    if lost := gate.lost(executed.output):
        raise _failed(task, f"what a cell put out could not be sent, so it is lost: {lost}")
    if faults := gate.faults(executed.notebook):
        text = "; ".join(f"{fault.kind}: {fault.text}" for fault in faults)
        raise ReportFailed(Failure(notebook.name, faults[0].cell, gate.encodable(text)))
    return executed


def _check_alerts(task: Task, facts: dict) -> None:
    """A threshold for a number that the report does not record would never be passed."""
    if facts["state"] == RENDERED:
        where = f"reports.yml ({task.report.id})"
        if wrong := alerts.unrecorded(task.report.own_alerts, facts["numbers"], where):
            raise _failed(task, "; ".join(wrong))


def _files(task: Task, executed, facts: dict) -> dict[str, str]:
    """Return the three files of a report as text: draft of the page, record and notebook."""
    import nbformat

    from rareearths.reports import parameters

    helps = parameters.helps(executed.notebook)
    values = parameters.texts(executed.notebook, facts["parameters"])
    labels = parameters.labels(executed.notebook)
    draft = page.render(visible(executed.notebook), facts, task.beside, helps, values, labels)
    facts = facts | {"page": hashlib.sha256(draft.encode()).hexdigest()}
    text = json.dumps(facts, ensure_ascii=False, indent=2) + "\n"
    return {"draft": draft, "record": text, "notebook": nbformat.writes(executed.notebook)}


def _publish(task: Task, site: Site, executed, files: dict[str, str]) -> None:
    if faults := gate.page_faults(files["draft"]):
        raise _failed(task, "the page would hold " + "; ".join(f.text for f in faults))
    searched = secrets.places(executed.notebook, files["record"], files["draft"])
    if leaks := secrets.find(searched):
        places = "; ".join(f"{leak.place}: {leak.what}" for leak in leaks)
        raise _failed(task, f"a secret would be published: {places}")
    site.publish(task.report.id, **files)


def _failed(task: Task, error: str) -> ReportFailed:
    return ReportFailed(Failure(task.report.notebook.name, None, error))


def _unexpected(task: Task, error: Exception) -> Failure:
    """A fault of the factory itself: it too stops this report only."""
    text = f"{type(error).__name__}: {error}"
    lines = "".join(traceback.format_exception(error))
    return Failure(task.report.notebook.name, None, text, traceback=lines)


def _without_secrets(failure: Failure) -> Failure:
    texts = {name: getattr(failure, name) for name in ("error", "source", "traceback")}
    shown = {name: gate.encodable(secrets.redact(text)) for name, text in texts.items()}
    return replace(failure, **shown)
