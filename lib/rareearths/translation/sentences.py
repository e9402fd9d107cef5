"""Cut a text into what can be translated by itself: lines, sentences, marked and listed parts."""

import re
from collections.abc import Callable, Iterator

# A line of Markdown: what opens a heading, a list item or a quotation, and what follows.
_OPENING = re.compile(r"(\s*(?:#{1,6}|[-*+]|\d+[.)]|>)\s+)?(.*)", re.DOTALL)
# After these a full stop ends no sentence.
_SHORT = re.compile(
    r"(?:\b(?:No|Nos|vs|cf|St|Inc|Co|Corp|Ltd|al|ca|Art|Dr|Mr|Ms|approx|e\.g|i\.e|etc|ed|U\.S|Nr)"
    r"|\b[A-Z])\.$"
)
_END = re.compile(r"""[.!?](?:\*\*|["”’)\]])*(\s+)(?=[*"“‘(\[$\\`A-Z0-9])""")
Translate = Callable[[str], str | None]


def lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield each line of a Markdown text as what opens it and the rest."""
    for line in text.split("\n"):
        opening, rest = _OPENING.fullmatch(line).groups()
        yield opening or "", rest


def sentences(text: str) -> list[str]:
    """Return the sentences of a line.

    Examples
    --------
    >>> sentences("See No. 18 of 2025. **Then.** It rose by 3.5 points (J. Doe). 2010 was worse.")
    ['See No. 18 of 2025.', '**Then.**', 'It rose by 3.5 points (J. Doe).', '2010 was worse.']
    """
    found, start = [], 0
    for match in _END.finditer(text):
        if not _SHORT.search(text[start : match.start() + 1]):
            found.append(text[start : match.start(1)])
            start = match.end(1)
    return [*found, text[start:]]


def combined(text: str, translate: Translate) -> str | None:
    """Translate a text that is made of parts: marked, in brackets, listed, with a full stop.

    Returns None where it is not, or where a part has no translation.
    """
    ways = (_marked, _possessive, _ended, _bracketed, _listed, _with_colon, _with_number)
    return next((said for way in ways if (said := way(text, translate)) is not None), None)


_LINK = re.compile(r"\[([^\]]+)\](\([^)\s]+\))")
_MARKS = (re.compile(r"(\*\*)([^*]+)(\*\*)"), re.compile(r"(\*)([^*]+)(\*)"))


def _marked(text: str, translate: Translate) -> str | None:
    if re.fullmatch(r"`[^`]+`", text):
        return text
    if link := _LINK.fullmatch(text):
        said = translate(link[1])
        return said and f"[{said}]{link[2]}"
    for mark in _MARKS:
        if match := mark.fullmatch(text):
            said = translate(match[2])
            return said and f"{match[1]}{said}{match[3]}"
    return None


def _possessive(text: str, translate: Translate) -> str | None:
    match = re.fullmatch(r"(.+?)(?:'s|’s|(?<=s)'|(?<=s)’)", text)
    said = match and translate(match[1])
    return f"{said}の" if said else None


def _ended(text: str, translate: Translate) -> str | None:
    for mark, other in ((".", "。"), (":", "："), ("?", "？")):
        if text.endswith(mark) and not text.endswith("..") and (said := translate(text[:-1])):
            return said + other
    return None


def _listed(text: str, translate: Translate) -> str | None:
    """A list; its parts must all have a translation."""
    for between, other in (("; ", "；"), (", ", "、")):
        parts = _split(text, between)
        if len(parts) > 1:
            *first, last = parts
            last = last.removeprefix("and ")
            if between == ", " and " and " in last and translate(last) is None:
                *more, last = last.split(" and ")
                first += more
            said = [translate(part) for part in [*first, last]]
            if all(said):
                return other.join(said)
    joints = ((" and ", "、"), (" or ", "または"), (" / ", "／"), (" to ", "〜"), (" → ", "→"))
    for between, other in joints:
        parts = _split(text, between)
        for cut in range(1, len(parts)):
            said = [translate(between.join(parts[:cut])), translate(between.join(parts[cut:]))]
            if all(said):
                return other.join(said)
    return None


def _split(text: str, between: str) -> list[str]:
    """Cut a text at what stands between its parts, but not inside brackets."""
    parts = []
    for part in text.split(between):
        if parts and parts[-1].count("(") > parts[-1].count(")"):
            parts[-1] += between + part
        else:
            parts.append(part)
    return parts


def _bracketed(text: str, translate: Translate) -> str | None:
    """A text and what is in brackets, a code as it is where it has the name's translation; not
    twice where a Japanese name holds its abbreviation."""
    match = re.fullmatch(r"(.+?) \(([^()]+(?:\([^()]*\)[^()]*)*)\)", text)
    if not match:
        return None
    said, inside = translate(match[1]), translate(match[2])
    if not said or not inside:
        return None
    if inside == said:
        inside = match[2]
    return said if said.endswith(f"（{inside}）") else f"{said}（{inside}）"


def _with_colon(text: str, translate: Translate) -> str | None:
    for cut in re.finditer(": ", text):
        said = [translate(text[: cut.start()]), translate(text[cut.end() :])]
        if all(said):
            return "：".join(said)
    return None


def _with_number(text: str, translate: Translate) -> str | None:
    """A label: a name and a number; after a name in letters, four digits are a year."""
    match = re.fullmatch(r"(\D.*?) ([<>≤≥+\-−~]?\$?\d[\d,.]*%?)", text)
    said = match and translate(match[1])
    if not said:
        return None
    year = said != match[1] and re.fullmatch(r"(?:19|20)\d\d", match[2])
    return f"{said} {translate(match[2])}{'年' if year else ''}"
