"""Translate what stands around the notebook's own words: the fixed texts of a page."""

import html
import re

from rareearths.translation.language import ENGLISH, said

_TAG = re.compile(r"(<!--.*?-->|<[^>]*>)", re.DOTALL)
_NAME = re.compile(r"</?([a-zA-Z0-9]+)")
# What a reader sees or hears, of attributes; no address, no class.
_SPOKEN = re.compile(
    r"""\b(aria-label|alt|title|placeholder|data-(?:text|without|others|none))=("[^"]*"|'[^']*')"""
)
_DESCRIPTION = re.compile(r"""(?<=name="description" )(content)=("[^"]*")""")
_APART = frozenset({"script", "style", "code", "pre", "svg"})
_VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"})
_ENGLISH = re.compile(r"""\blang=["']en["']""")


def translated(page: str, language: str) -> str:
    """Return an HTML page whose texts are in another language.

    Code, scripts, pictures, and elements that are marked as English stay as they are.

    Examples
    --------
    >>> translated("<p>Mine <code>output</code></p>", "en")
    '<p>Mine <code>output</code></p>'
    """
    if language == ENGLISH:
        return page
    parts, apart = _TAG.split(page), []  # texts and tags in turn; the elements left alone
    for number, part in enumerate(parts):
        if number % 2:
            parts[number] = _tag(part, language) if not apart else part
            _follow(part, apart)
        elif not apart:
            parts[number] = _text(part, language)
    return "".join(parts)


def _follow(tag: str, apart: list[str]) -> None:
    """Keep account of the elements that are left alone: the outermost, and those within it."""
    found = _NAME.match(tag)
    if not found or found[1] in _VOID or tag.endswith("/>"):
        return
    if tag.startswith("</"):
        if apart:
            apart.pop()
    elif apart or found[1] in _APART or (_ENGLISH.search(tag) and found[1] != "html"):
        apart.append(found[1])


def _text(text: str, language: str) -> str:
    inner = text.strip()
    if not inner:
        return text
    start = text[: text.index(inner[0])]
    end = text[len(start) + len(inner) :]
    return f"{start}{html.escape(said(html.unescape(inner), language), quote=False)}{end}"


def _tag(tag: str, language: str) -> str:
    def speak(match: re.Match) -> str:
        text = html.unescape(match[2][1:-1])
        return f'{match[1]}="{html.escape(said(text, language))}"'

    spoken = _DESCRIPTION if tag.startswith("<meta") else _SPOKEN
    return spoken.sub(speak, tag)
