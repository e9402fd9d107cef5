"""Make the HTML of a report and of the index: one file each, no request to any host."""

from functools import cache
from pathlib import Path

from rareearths import words

TEMPLATES = Path(__file__).parent / "template"


def render(notebook, facts: dict) -> str:
    """Return the page of an executed notebook.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Only the cells that the page shows.
    facts : dict
        What ``<id>.json`` holds: title, headline, date, parameters, tables, ...
    """
    body, _ = _exporter().from_notebook_node(notebook, {"facts": facts, "style": _style()})
    return body


def render_index(reports: list[dict]) -> str:
    """Return the index page; one dict a report, see `rareearths.reports.site`."""
    environment = _exporter().environment
    return environment.get_template("site.html.j2").render(reports=reports, style=_style())


def plain_text(markdown: str) -> str:
    """Return a one-line Markdown heading or sentence as plain text."""
    return words.unescape(markdown.strip().lstrip("# "))


@cache
def _exporter():
    from nbconvert.exporters import HTMLExporter

    return HTMLExporter(
        template_name="template",
        extra_template_basedirs=[str(TEMPLATES.parent)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )


@cache
def _style() -> str:
    return (TEMPLATES / "style.css").read_text(encoding="utf-8")
