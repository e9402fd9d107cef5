"""The language that a process speaks, and the translation of a text into it."""

import re
from functools import cache, lru_cache
from pathlib import Path

from rareearths import catalogue
from rareearths.translation import messages, names, quantities, sentences
from rareearths.words import with_signs

ENGLISH = "en"
LANGUAGES = (ENGLISH, "ja")
_FOLDER = Path(__file__).parent
_LETTERS = re.compile(r"[A-Za-z]{2,}")
_BOLD = re.compile(r"\*\*(.+?)\*\*")  # Markdown wants blanks around, which Japanese has not
# No English words: JPN, HHI, 2E001, PAX_SILICA; baci_minerals, chn-ree-quota-2010.
_CODE = re.compile(
    r"[A-Z0-9][A-Z0-9/&._-]*|[a-z0-9]+(?:_[a-z0-9]+)+|[a-z0-9]+(?:-[a-z0-9]+){2,}|https?://\S+"
)
_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_TWO_WORDS = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")
_LONGEST = 1500  # characters; no sentence is longer, and to look for one would take long


class Untold(ValueError):
    """A language that the library does not speak."""


_language = ENGLISH
_missed: dict[str, None] = {}


def speak(language: str) -> None:
    """Choose the language of everything that is shown from here on.

    Parameters
    ----------
    language : str
        One of `LANGUAGES`.

    Raises
    ------
    Untold
        Another one.
    """
    global _language
    if language not in LANGUAGES:
        raise Untold(f"language {language!r} is not one of {', '.join(LANGUAGES)}")
    _language = language
    _missed.clear()
    if language != ENGLISH:
        for table in names.TABLES:
            catalogue.table(table)  # what is shown depends on the names in it


def current() -> str:
    """Return the language that is spoken."""
    return _language


def preload() -> None:
    """Read all messages now: a process that is forked from this one has them."""
    _known()


def missed() -> list[str]:
    """Return the texts that had no translation since `speak`, in order; they stay English."""
    return list(_missed)


def said(text: str, language: str | None = None) -> str:
    """Return a text, plain or Markdown, in the language that is spoken, its numbers with a minus.

    A sentence without a translation stays English and is remembered, see `missed`.

    Parameters
    ----------
    text : str
    language : str, optional
        Another language than the one chosen by `speak`.
    """
    if (language or _language) == ENGLISH or not text:
        return with_signs(text)
    return with_signs(_translated(text))


def lacking(text: str, language: str) -> list[str]:
    """Return the sentences of a text that have no translation."""
    if language == ENGLISH:
        return []
    return [english for english, other in _pieces(text) if other is None]


def _translated(text: str) -> str:
    made = ""
    for english, other in _pieces(text):
        if other is None:
            _missed.setdefault(english)
            other = f"{english} "
        made += other
    return _BOLD.sub(r"<strong>\1</strong>", made.rstrip(" "))


@lru_cache(maxsize=10_000)
def _pieces(text: str) -> list[tuple[str, str | None]]:
    """Cut a text into pieces, each with its translation: the whole, its lines, their sentences."""
    whole = _lookup(text)
    if whole is not None:
        return [(text, whole)]
    found = []
    for number, (opening, line) in enumerate(sentences.lines(text)):
        start = ("\n" if number else "") + opening
        found.append((start, start))
        whole = _lookup(line)
        parts = sentences.sentences(line) if whole is None else []
        found += [(part, _lookup(part)) for part in parts] or [(line, whole)]
    return found


def _lookup(text: str) -> str | None:
    """Return the translation of a piece of Markdown; None where there is none."""
    bare = _find(with_signs(text.strip().replace("\\$", "$")))
    return bare and (bare.replace("$", "\\$") if "\\$" in text else bare)


@lru_cache(maxsize=100_000)
def _find(text: str) -> str | None:
    if len(text) > _LONGEST:
        return None
    if not _LETTERS.search(text):
        number = quantities.japanese(text)
        return number if number is not None else re.sub(r"\.$", "。", text)
    known = _known()
    turned = text[:1].swapcase() + text[1:]
    for form in (text, turned):
        if form in known.exact:
            return known.exact[form]
    if _CODE.fullmatch(text):
        return text
    if (number := quantities.japanese(text)) is not None:
        return number
    for form in (text, turned):
        for message in known.patterns(form):
            if (found := message.fill(form, _place)) is not None:
                return found
    if (found := sentences.combined(text, _find)) is not None:
        return found
    told = _JAPANESE.search(text) and not _TWO_WORDS.search(text)
    return text if told else None


def _place(text: str, kind: str) -> str | None:
    if kind == "raw":
        return text
    if kind == "num":
        return quantities.japanese(text.replace("**", "")) and _find(text)
    return _find(text) if text == text.strip() else None


@cache
def _known() -> messages.Messages:
    """The sentences and names of the other language; what a file says goes before a table.

    They are looked up as they are shown, with the minus sign of numbers.
    """
    pairs = names.names("ja") | messages.read(_FOLDER / "ja")
    return messages.Messages({with_signs(text): said for text, said in pairs.items()})
