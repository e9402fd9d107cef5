"""The translated sentences of a language: patterns with open places, found by the words in them.

They stand in the ``.po`` files of the language's folder. In a ``msgid``, ``{name}`` is an open
place: whatever stands there is translated by itself. ``{name:num}`` takes only a number with its
unit, ``{name:raw}`` any text, which stays as it is. No place holds the end of a sentence, unless
the message is of several. Two braces stand for one.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rareearths.translation import sentences

_SLOT = re.compile(r"(?<!\{)\{(\w+)(?::(num|raw))?\}(?!\})")
_WORD = re.compile(r"[A-Za-z]{2,}")

Translate = Callable[[str, str], str | None]  # of what stands in a place: its text and its kind


class MessageError(ValueError):
    """An entry of a ``.po`` file that cannot be used; the message names file and entry."""


@dataclass(frozen=True)
class Message:
    """A translated sentence.

    Attributes
    ----------
    literals : tuple of str
        What stands before, between and after the open places; one more than those.
    slots : tuple of (str, str)
        Name and kind of each open place.
    target : str
        The translation, with the same places; one may stand there more than once.
    """

    literals: tuple[str, ...]
    slots: tuple[tuple[str, str], ...]
    target: str

    @cached_property
    def _several(self) -> bool:
        return any(". " in literal for literal in self.literals)

    def fill(self, text: str, translate: Translate) -> str | None:
        """Return the translation of a text; None where the text is not of this form."""
        if not self._may_be(text):
            return None
        first = self.literals[0]
        found = self._match(text, len(first), 0, translate)
        return None if found is None else _put(self.target, found)

    def _may_be(self, text: str) -> bool:
        """Whether the literals stand in the text, in their order: quickly told."""
        first, *inner, last = self.literals
        if not text.startswith(first) or not text.endswith(last):
            return False
        place = len(first)
        for literal in inner:
            place = text.find(literal, place + 1)
            if place == -1:
                return False
            place += len(literal)
        return place < len(text) - len(last)

    def _match(self, text: str, start: int, slot: int, translate: Translate) -> dict | None:
        """Return the translation by place, from a place on; every way to cut the text is tried."""
        name, kind = self.slots[slot]
        for end in _ends(text, start, self.literals[slot + 1], slot + 1 == len(self.slots)):
            part = text[start:end]
            if not self._several and ". " in part and len(sentences.sentences(part)) > 1:
                return None
            said = translate(part, kind)
            if said is None:
                continue
            following = {}
            if slot + 1 < len(self.slots):
                after = end + len(self.literals[slot + 1])
                following = self._match(text, after, slot + 1, translate)
            if following is not None:
                return {name: said} | following
        return None


def _ends(text: str, start: int, literal: str, last: bool) -> Iterator[int]:
    """Where a place that begins at ``start`` can end: before the next literal, nearest first."""
    if last:
        end = len(text) - len(literal)
        if end > start:
            yield end
        return
    end = text.find(literal, start + 1)
    while end != -1:
        yield end
        end = text.find(literal, end + 1)


def _put(target: str, values: dict[str, str]) -> str:
    return _unbraced(
        _SLOT.sub(lambda m: values[m[1]].replace("{", "{{").replace("}", "}}"), target)
    )


def _unbraced(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}")


class Messages:
    """The sentences of a language.

    Parameters
    ----------
    pairs : iterable of (str, str)
        English and translated; see the module's text.

    Raises
    ------
    MessageError
        Two places without a text between them or of one name, or other places in the translation.
    """

    def __init__(self, pairs: dict[str, str]):
        self.exact = {_unbraced(s): _unbraced(t) for s, t in pairs.items() if not _SLOT.search(s)}
        patterns = [_message(s, t) for s, t in pairs.items() if _SLOT.search(s)]
        # The most particular first: with more of its own text, then with fewer places.
        patterns.sort(key=lambda m: (-sum(map(len, m.literals)), len(m.slots)))
        common = Counter(word for message in patterns for word in _words(message))
        self._by_word: dict[str, list[tuple[int, Message]]] = {}
        for rank, message in enumerate(patterns):
            rarest = min(_words(message), key=lambda word: (common[word], word), default="")
            self._by_word.setdefault(rarest, []).append((rank, message))

    def patterns(self, text: str) -> list[Message]:
        """Return the sentences with places that a text may be of, the most particular first."""
        words = {"", *_WORD.findall(text)}
        found = [ranked for word in words for ranked in self._by_word.get(word, ())]
        return [message for _, message in sorted(found, key=lambda ranked: ranked[0])]


def _words(message: Message) -> set[str]:
    """The whole words of a sentence's own text: none that a place may continue."""
    found = set()
    last = len(message.literals) - 1
    for number, literal in enumerate(message.literals):
        for match in _WORD.finditer(literal):
            open_left = match.start() == 0 and number > 0
            open_right = match.end() == len(literal) and number < last
            if not open_left and not open_right:
                found.add(match[0])
    return found


def _message(source: str, target: str) -> Message:
    slots = tuple((m[1], m[2] or "") for m in _SLOT.finditer(source))
    literals = tuple(map(_unbraced, _SLOT.split(source)[::3]))
    if any(not literal for literal in literals[1:-1]):
        raise MessageError(f"two places without a text between them: {source!r}")
    named, used = [name for name, _ in slots], {m[1] for m in _SLOT.finditer(target)}
    if len(set(named)) < len(named) or set(named) != used:
        raise MessageError(f"the places differ between {source!r} and {target!r}")
    return Message(literals, slots, target)


def read(folder: Path) -> dict[str, str]:
    """Return the pairs of all ``.po`` files of a folder.

    Raises
    ------
    MessageError
        A file that cannot be read, an entry without a translation, or one with two.
    """
    pairs: dict[str, str] = {}
    for path in sorted(folder.glob("*.po")):
        for source, target in _entries(path).items():
            if not target:
                raise MessageError(f"{path.name}: no translation of {source!r}")
            if pairs.setdefault(source, target) != target:
                raise MessageError(f"{path.name}: {source!r} is translated otherwise elsewhere")
            try:
                if _SLOT.search(source):
                    _message(source, target)
            except MessageError as error:
                raise MessageError(f"{path.name}: {error}") from None
    return pairs


def _entries(path: Path) -> dict[str, str]:
    from babel.messages.pofile import PoFileError, read_po

    try:
        with path.open("rb") as file:
            found = read_po(file, abort_invalid=True, ignore_obsolete=True)
    except (PoFileError, OSError, UnicodeDecodeError) as error:
        raise MessageError(f"{path.name}: {error}") from error
    return {message.id: message.string for message in found if message.id}
