"""The contents list of a page: made of its second-level headings, which get an address each."""

import html
import re
import unicodedata
from collections.abc import Iterator

_HEADING = re.compile(r"<h2(?P<attributes>[^>]*)>(?P<text>.*?)</h2>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_ID = re.compile(r"""\bid=["']([^"'<>]*)["']""")
_LONGEST = 60  # characters of an address
EMPTY = "<ol></ol>"  # what the template leaves to be filled, once for each layout


def add(parts: list[str]) -> list[str]:
    """Give the headings of a page an id, and fill the lists of contents with links to them.

    Parameters
    ----------
    parts : list of str
        The page split at its scripts: text and scripts in turn. Scripts stay as they are.

    Examples
    --------
    >>> add(["<ol></ol><h2>By stage</h2>"])
    ['<ol><li><a href="#by-stage">By stage</a></li></ol><h2 id="by-stage">By stage</h2>']
    """
    taken = {found for part in parts[::2] for found in _ID.findall(part)}
    entries: list[tuple[str, str]] = []

    def name(match: re.Match) -> str:
        known, text = _ID.search(match["attributes"]), _plain(match["text"])
        address = known[1] if known else _free(slug(html.unescape(text)), taken)
        entries.append((address, text))
        own = "" if known else f' id="{address}"'
        return f"<h2{own}{match['attributes']}>{match['text']}</h2>"

    made = list(parts)
    made[::2] = [_HEADING.sub(name, part) for part in parts[::2]]
    made[0] = made[0].replace(EMPTY, f"<ol>{''.join(_links(entries))}</ol>", 2)
    return made


def slug(heading: str) -> str:
    """Return a heading as an address in its page: the same words give the same address.

    Examples
    --------
    >>> slug("A change for all, or for one customer?"), slug("?!")
    ('a-change-for-all-or-for-one-customer', 'section')
    """
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", heading).lower())
    made = "-".join(words)
    if len(made) > _LONGEST:
        made = made[:_LONGEST].rpartition("-")[0] or made[:_LONGEST]
    return made or "section"


def _plain(markup: str) -> str:
    """Return the text of a heading without elements; what is escaped stays so."""
    return _TAG.sub("", markup).replace("<", "&lt;").strip()


def _free(wanted: str, taken: set[str]) -> str:
    number, made = 1, wanted
    while made in taken:
        number += 1
        made = f"{wanted}-{number}"
    taken.add(made)
    return made


def _links(entries: list[tuple[str, str]]) -> Iterator[str]:
    for address, text in entries:
        yield f'<li><a href="#{address}">{text}</a></li>'
