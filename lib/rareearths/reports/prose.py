"""What a notebook says: sentences whose numbers are computed, claims that are checked, records.

A sentence is a template and its values: ``say("{who} sold {share:pct}.", who=name, share=0.42)``;
see `rareearths.words` for the formats.
"""

import numbers
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from rareearths import catalogue, translation, words
from rareearths.words import choose, escape, fill

if TYPE_CHECKING:
    import pandas as pd

RECORD_MIME = "application/vnd.rareearths.record+json"
SOURCES_MIME = "application/vnd.rareearths.sources+json"
_ADDRESS_SIGNS = (
    ":/?#[]@!$&*+,;=%~"  # besides letters, digits and _.-; no quote, no bracket ( ) < >
)
ROLES = ("title", "answer", "text", "banner")


class ClaimError(AssertionError):
    """A sentence that the data do not bear out; it has to be rewritten."""


class NothingToReport(Exception):
    """The selection holds no trade or no event: nothing to report, and not a fault."""

    def _render_traceback_(self):
        return [f"Nothing to report: {self}"]


def say(template: str, /, role: str = "text", **values) -> None:
    """Show a sentence in Markdown; ``role`` marks ``title``, ``answer`` and ``banner``."""
    if role not in ROLES:
        raise ValueError(f"role {role!r} is not one of {', '.join(ROLES)}")
    text = translation.said(words.fill_markdown(template, **values))
    shown = f"# {text}" if role == "title" else text
    _display({"text/markdown": shown}, {"role": role})


def claim(*cases: tuple[bool, str], role: str = "text", **values) -> None:
    """Say the first sentence that holds, so that no sentence can outlive its truth.

    Parameters
    ----------
    *cases : (bool, str)
        Whether the sentence holds, and the template of the sentence.
    role : str
        As for `say`.
    **values
        Values that the templates name.

    Raises
    ------
    ClaimError
        None of them holds; the message names the sentences to rewrite.
    """
    try:
        sentence = choose(*cases)
    except LookupError as none:
        message = f"the data do not bear this out, rewrite it: {none}"
        raise ClaimError(message) from None
    say(sentence, role=role, **values)


def conclude(*, do: str, change: str, sure: str, **values) -> None:
    """Say what follows from the page: what to do, what would change the answer, how sure it is.

    Parameters
    ----------
    do, change, sure : str
        Templates of one or more sentences, filled with ``values``; choose them by computed
        conditions, so that the advice cannot outlive the numbers.
    """
    say(
        "## What follows\n\n"
        f"- **What to do.** {do}\n"
        f"- **What would change this answer.** {change}\n"
        f"- **How sure it is.** {sure}",
        **values,
    )


def record(headline: str, /, **values) -> None:
    """Record the report's headline and its numbers: what tests, the index and changes read.

    Parameters
    ----------
    headline : str
        Template of one short sentence.
    **values
        Numbers are recorded (a missing one as null); text only fills the headline.
    """
    recorded = {k: _as_json(v) for k, v in values.items() if not isinstance(v, str)}
    filled = translation.said(fill(headline, **values))
    lines = [filled, *(f"{name}: {value}" for name, value in recorded.items())]
    content = {"headline": filled, "numbers": recorded, "tables": catalogue.consulted()}
    if untranslated := translation.missed():
        content["untranslated"] = untranslated
    _display({RECORD_MIME: content, "text/plain": "\n".join(lines)})


def sources() -> None:
    """List the tables read so far: title, source, licence, date read, hash.

    A table that no refresh has filled is recorded as read, and gave no figure: it is not listed.
    """
    tables = catalogue.used()
    if not tables:
        raise ValueError("sources(): no table was read through the catalogue")
    lines = [
        f"- **{escape(t.title)}** (<code>{escape(f'data/{t.path}')}</code>, {t.rows:,} rows). "
        f"{'; '.join(_link(s) for s in t.sources)}. {'; '.join(_link(s) for s in t.licences)}. "
        f"Read {escape(t.accessed)}; sha256 `{t.sha256[:12]}`."
        for t in tables
        if t.rows
    ]
    entries = [
        {"name": t.name, "path": t.path, "sha256": t.sha256, "rows": t.rows, "accessed": t.accessed}
        for t in tables
    ]
    _display(
        {SOURCES_MIME: entries, "text/markdown": translation.said("\n".join(lines))},
        {"role": "sources"},
    )


def require_rows(rows: "pd.DataFrame", template: str, /, **values) -> None:
    """End the report here, with a page that says why, when a selection is empty.

    Raises
    ------
    NothingToReport
        ``rows`` is empty; the message is the filled template.
    """
    if rows.empty:
        say(template, role="answer", **values)
        say("## Sources")
        sources()
        raise NothingToReport(translation.said(fill(template, **values)))


def _link(entry: dict) -> str:
    title, address = escape(translation.said(entry["title"])), entry.get("path", "")
    if translation.current() != translation.ENGLISH:  # a publication keeps its title
        title = re.sub("“(.+?)”", r'“<span lang="en">\1</span>”', title)
    if not address.startswith(("http://", "https://")):
        return title
    return f"[{title}]({quote(address, safe=_ADDRESS_SIGNS)})"


def _as_json(value):
    import pandas as pd  # here, because a plan of what to render needs none

    if pd.isna(value):
        return None
    return int(value) if isinstance(value, numbers.Integral) else float(value)


def _display(data: dict, metadata: dict | None = None) -> None:
    from IPython.display import display

    display(data, raw=True, metadata={"rareearths": metadata or {}})
