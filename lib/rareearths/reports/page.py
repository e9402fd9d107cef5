"""Make the HTML of a report and of the index: one file each, no request to any host."""

import base64
import hashlib
import json
import re
from collections.abc import Collection
from functools import cache
from pathlib import Path

from rareearths import translation, words
from rareearths.reports import cards, change_text, compare, contents, receipts, tiles

TEMPLATES = Path(__file__).parent / "template"
_NOTEBOOK_LINK = re.compile(
    r"""<a href=["'](?P<notebook>\w+\.ipynb)["'][^>]*>(?P<text>.*?)</a>""", re.DOTALL
)
_NOTEBOOK = re.compile(r"\b\w+\.ipynb\b")
LANGUAGES = {"en": "English", "ja": "日本語"}  # as their readers call them
_TAG = re.compile(r"(<[^>]*>)")
_DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_LOSS = re.compile(r"−\$[\d.,]*\d(?: [mb]illion)?")
_PATH = re.compile(r"<code>[\w.-]+(?:/[\w.-]+)+</code>")
_FACE = '@font-face { font-family: "signs of this page"; src: url("%s"); }'
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_WITH_SCRIPTS = re.compile(r"(<script>.*?</script>)", re.DOTALL)
# Controls that no text of a page needs; the last two ranges turn the order of letters round, also
# of the numbers after them.
_CONTROLS = (*range(9), 11, *range(14, 32), 127, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_UNSHOWN = dict.fromkeys(_CONTROLS)


def render(
    notebook,
    facts: dict,
    beside: dict[str, str] | None = None,
    helps: dict[str, str] | None = None,
    values: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
) -> str:
    """Return the page of an executed notebook.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Only the cells that the page shows.
    facts : dict
        What ``<id>.json`` holds: title, headline, date, parameters, tables, ...
    beside : dict of str to str, optional
        Report by notebook, to which links to a notebook lead in the page.
    helps : dict of str to str, optional
        What each parameter means, see `parameters.helps`.
    values : dict of str to str, optional
        The parameters as text, see `parameters.texts`.
    labels : dict of str to str, optional
        What each parameter is called, see `parameters.labels`.
    """
    language = facts.get("language", translation.ENGLISH)
    resources = {
        "facts": facts,
        "index": index_name(language),
        "languages": LANGUAGES,
        "said": lambda text: translation.said(text, language),
        "helps": helps or {},
        "labels": labels or {},
        "parameters": values or facts["parameters"],
        "tiles": tiles.of_report(facts),
        "change": change_text.view(facts),
        "summary": change_text.summary(facts["change"]),
        "receipts": receipts.of_page(notebook),
        "style": _style(),
        "script": _script(),
    }
    body, _ = _exporter().from_notebook_node(notebook, resources)
    parts = _WITH_SCRIPTS.split(body)  # text and scripts in turn
    parts[::2] = [_lead_to_reports(part.translate(_UNSHOWN), beside or {}) for part in parts[::2]]
    made = _scripts_once("".join(contents.add(parts)))
    made = _in_language(made, language)
    return _allow_scripts(made, _own_scripts(notebook) | {_digest(_script())})


def index_name(language: str) -> str:
    """Return the file name of the index in a language."""
    return "index.html" if language == translation.ENGLISH else f"index-{language}.html"


def render_index(
    reports: list[dict],
    alerts: list[dict],
    language: str = translation.ENGLISH,
    translations: Collection[str] = (),
) -> str:
    """Return the index page in a language.

    Parameters
    ----------
    reports, alerts : list of dict
        One a report and an alert, see `rareearths.reports.site`.
    language : str
    translations : collection of str
        The other languages that have an index.
    """
    from jinja2 import Environment, FileSystemLoader
    from markupsafe import Markup

    made = cards.cards(reports)
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    body = environment.get_template("site.html.j2").render(
        cards=made,
        summary=cards.summary(made),
        news=cards.news(made),
        choices=cards.choices(made),
        tables=compare.tables(made),
        alerts=alerts,
        style=Markup(_style() + _read("site.css")),
        script=Markup(_read("site.js")),
        language=language,
        languages={code: (LANGUAGES[code], index_name(code)) for code in translations},
    )
    body = _in_language(body, language)
    return _allow_scripts(body.translate(_UNSHOWN), {_digest(_read("site.js"))})


def _in_language(page: str, language: str) -> str:
    """Translate what the template says, and give the page the signs that a font may lack."""
    made = translation.translated(page, language)
    signs = made
    if language == translation.ENGLISH:  # names of languages, and words quoted from a source
        signs = "".join(sign for sign in made if sign >= "\u3000")
    return made.replace("</style>", f"{_FACE % translation.part(signs)}</style>", 1)


@cache
def _read(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def links(notebook) -> set[str]:
    """Return the file names of the notebooks that a page may link to."""
    return set(_NOTEBOOK.findall(json.dumps(notebook)))


def plain_text(markdown: str) -> str:
    """Return a one-line Markdown heading or sentence as plain text."""
    return words.unescape(markdown.strip().lstrip("# "))


def _lead_to_reports(body: str, beside: dict[str, str]) -> str:
    """Turn links to notebooks into links to their reports; without a report the text stays."""

    def lead(match: re.Match) -> str:
        report = beside.get(match["notebook"])
        return f'<a href="{report}.html">{match["text"]}</a>' if report else match["text"]

    return _NOTEBOOK_LINK.sub(lead, body)


def _unbroken(markup: str) -> str:
    """Mark what a browser would else break: dates at their hyphens, amounts after their minus."""
    parts = _TAG.split(markup)  # texts and tags in turn
    for pattern, marked in ((_DATE, "<time>{}</time>"), (_LOSS, "<span class='whole'>{}</span>")):
        parts[::2] = [pattern.sub(marked.format(r"\g<0>"), part) for part in parts[::2]]
    return "".join(parts)


def _breakable_paths(markup: str) -> str:
    """Let a path break after its parts; a browser would else break it, or after it, anywhere."""
    return _PATH.sub(lambda path: re.sub(r"(?<!<)[/_]", r"\g<0><wbr>", path[0]), markup)


def _scripts_once(body: str) -> str:
    """Keep the first of scripts that are the same, such as the library of several charts."""
    seen = set()

    def keep(match: re.Match) -> str:
        known = match.group() in seen
        seen.add(match.group())
        return "" if known else match.group()

    return _SCRIPT.sub(keep, body)


def _own_scripts(notebook) -> set[str]:
    """The hashes of the scripts that the library put out, as it says in the outputs' metadata."""
    said = (o.get("metadata", {}) for c in notebook.cells for o in c.get("outputs", ()))
    return {digest for m in said for digest in m.get("rareearths", {}).get("scripts", ())}


def _allow_scripts(body: str, own: set[str]) -> str:
    """Name the hashes of the page's own scripts in its Content-Security-Policy: no other runs."""
    return body.replace("SCRIPT-HASHES", " ".join(f"'sha256-{d}'" for d in sorted(own)), 1)


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def template():
    """Return the template of a report, compiled once in a process and those forked from it."""
    return _exporter().template


@cache
def _exporter():
    from nbconvert.exporters import HTMLExporter
    from nbconvert.exporters.templateexporter import TemplateExporter

    class PageExporter(HTMLExporter):
        """Without the second parsing of the page, which looks for pictures without alt text."""

        from_notebook_node = TemplateExporter.from_notebook_node

    exporter = PageExporter(
        template_name="template",
        extra_template_basedirs=[str(TEMPLATES.parent)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    exporter.register_filter("unbroken", _unbroken)
    exporter.register_filter("breakable_paths", _breakable_paths)
    return exporter


@cache
def _style() -> str:
    return (TEMPLATES / "style.css").read_text(encoding="utf-8")


@cache
def _script() -> str:
    """The template's own script, the only one that a page trusts besides those of the figures."""
    return (TEMPLATES / "page.js").read_text(encoding="utf-8")
