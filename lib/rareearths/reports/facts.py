"""What a report records: everything a page says about itself, read from the executed notebook."""

from rareearths import translation
from rareearths.reports import gate, inputs, page, receipts, subject, trend
from rareearths.reports.execute import Execution
from rareearths.reports.prose import RECORD_MIME, SOURCES_MIME
from rareearths.reports.task import NO_DATA, RENDERED, Task, now

HIDDEN_TAGS = {"parameters", "injected-parameters", "setup", "record", "lab-only"}


class NotebookError(Exception):
    """A notebook that ran but did not say what every report must say."""


def facts_of(task: Task, executed: Execution) -> dict:
    """Return the record of a report but for its change since the last one.

    Raises
    ------
    NotebookError
        The notebook has no title, or does not call ``sources()`` and ``record()`` once.
    """
    report, notebook = task.report, executed.notebook
    shown = visible(notebook)
    language = task.report.language
    recorded = _only_output(notebook, RECORD_MIME, "record") if not executed.nothing else {}
    numbers = recorded.get("numbers", {})
    tables = _only_output(notebook, SOURCES_MIME, "sources")
    read = recorded.get("tables", [table["name"] for table in tables])
    untranslated = recorded.get("untranslated", []) + _untranslated(shown, language)
    return {
        "id": report.id,
        "state": NO_DATA if executed.nothing else RENDERED,
        "title": _title(notebook),
        "headline": recorded.get("headline", executed.nothing),
        "date": now().strftime("%Y-%m-%d"),
        "commit": task.commit,
        "notebook": report.notebook.name,
        "schedule": report.schedule,
        "parameters": task.parameters,
        "numbers": numbers,
        "language": language,
        "translations": report.translations,
        "warnings": gate.warnings(notebook) + [f"not translated: {text}" for text in untranslated],
        "untranslated": untranslated,
        "tables": tables,
        "inputs": inputs.narrow(task.inputs, read, page.links(shown)),
        "receipts": receipts.collect(shown),
        "subject": subject.subject(notebook, task.parameters),
        "reads": report.reads,
        "change": None,
        "trend": trend.trend(shown, numbers),
    }


def _untranslated(shown, language: str) -> list[str]:
    texts = (cell.source for cell in shown.cells if cell.cell_type == "markdown")
    return [sentence for text in texts for sentence in translation.lacking(text, language)]


def recorded_numbers(executed: Execution) -> dict:
    """Return the recorded numbers of an executed notebook."""
    if executed.nothing:
        return {}
    return _only_output(executed.notebook, RECORD_MIME, "record")["numbers"]


def visible(notebook):
    """Return the notebook without what a page does not show: plumbing cells, errors, stderr."""
    shown = notebook.copy()
    shown.cells = []
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", []))
        if tags & HIDDEN_TAGS or any(tag.startswith("papermill-error") for tag in tags):
            continue
        kept = cell.copy()
        if cell.cell_type == "code":
            kept.outputs = [o for o in cell.outputs if not _is_noise(o)]
            if not kept.outputs:
                continue
        shown.cells.append(kept)
        if any(o.output_type == "error" for o in cell.get("outputs", ())):
            break  # what follows a NothingToReport was never run
    shown.cells = _without_empty_sections(shown.cells)
    return shown


def _without_empty_sections(cells: list) -> list:
    """Leave out a heading that stands alone: nothing is shown before the next one."""
    starts = [cell.cell_type == "markdown" and cell.source.startswith("## ") for cell in cells]
    followed = [*starts[1:], True]
    return [
        cell
        for cell, start, empty in zip(cells, starts, followed, strict=True)
        if not (start and empty and "\n" not in cell.source.strip())
    ]


def _is_noise(output) -> bool:
    return output.output_type == "error" or output.get("name") == "stderr"


def _only_output(notebook, mime: str, function: str):
    found = [
        output.data[mime]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if mime in output.get("data", {})
    ]
    if len(found) != 1:
        raise NotebookError(f"{function}() must be called once, it was called {len(found)} times")
    return found[0]


def _title(notebook) -> str:
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.get("metadata", {}).get("rareearths", {}).get("role") == "title":
                return page.plain_text(output.data["text/markdown"])
    raise NotebookError('no title: say("...", role="title") is missing')
