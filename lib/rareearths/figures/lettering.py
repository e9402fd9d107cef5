"""The lettering of a figure: its texts and the labels of its ticks in the language of the page."""

import math
import re
from dataclasses import replace
from functools import cache, partial
from itertools import chain

import budoux
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import Formatter, NullFormatter

from rareearths import translation
from rareearths.words import with_signs

_BORDER = re.compile(r"(?<=[A-Za-z])(?=[^ -~])|(?<=[^ -~])(?=[A-Za-z])|(?<=[：・])(?=.)")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
FAMILY = "DejaVu Sans"  # of all signs that it has


def translate(figure: Figure) -> None:
    """Put the texts of a figure into the language that is spoken; of English only the minus."""
    if translation.current() == translation.ENGLISH:
        for text in figure.findobj(Text):
            text.set_text(with_signs(text.get_text()))
        return
    families = [FAMILY, _japanese()]
    ticks = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(_Translated(axis.get_major_formatter()))
            if not isinstance(axis.get_minor_formatter(), NullFormatter):
                axis.set_minor_formatter(_Translated(axis.get_minor_formatter()))
            axis.get_ticklabels()  # writes them
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                for label in (tick.label1, tick.label2):  # on both sides, shown or not
                    label.set_fontfamily(families)
                    ticks.add(label)  # the formatter says it
    for text in (text for text in figure.findobj(Text) if text not in ticks):
        text.set_fontfamily(families)
        text.set_text(_said(text.get_text()))


def _said(text: str) -> str:
    """Translate a label; one that was wrapped is wrapped again, to as many lines."""
    lines = text.splitlines()
    unwrapped = text.replace("-\n", "-").replace("\n", " ")
    of_its_own = any(not any(map(str.isalpha, line)) for line in lines)  # a number above its name
    if len(lines) < 2 or of_its_own or translation.lacking(unwrapped, translation.current()):
        return translation.said(text)
    said = translation.said(unwrapped)
    if said == with_signs(unwrapped):
        return with_signs(text)
    return _wrapped(said, math.ceil(len(said) / len(lines)))


def _wrapped(text: str, length: int) -> str:
    """Break a Japanese text into lines of about this length, between its phrases.

    A phrase that is longer may also break where Latin letters begin or end, 供給国/HHI, after a
    mark between words, or where a Latin word begins in another, GeoPol/Risk.
    """
    lines = [""]
    for phrase in chain.from_iterable(map(partial(_parts, length), _phrases().parse(text))):
        if lines[-1] and len(lines[-1]) + len(phrase) > length + 1:
            lines.append("")
        lines[-1] += phrase
    return "\n".join(line.strip() for line in lines)


def _parts(length: int, phrase: str) -> list[str]:
    """Cut a phrase that is longer than a line."""
    if len(phrase) <= length:
        return [phrase]
    parts = _BORDER.split(phrase)
    return parts if len(parts) > 1 else _HUMP.split(phrase)


@cache
def _phrases() -> budoux.Parser:
    return budoux.load_default_japanese_parser()


class _Translated(Formatter):
    """A formatter of ticks whose labels are translated."""

    def __init__(self, formatter: Formatter):
        self._formatter = formatter

    def __call__(self, value, position=None) -> str:
        return _said(self._formatter(value, position))

    def format_ticks(self, values) -> list[str]:
        return [_said(label) for label in self._formatter.format_ticks(values)]

    def set_locs(self, locs) -> None:
        self._formatter.set_locs(locs)

    def get_offset(self) -> str:
        return self._formatter.get_offset()


@cache
def _japanese() -> str:
    """Register the Japanese font that comes with a package; returns its family."""
    known = font_manager.fontManager
    known.addfont(translation.font())
    known.ttflist.append(replace(known.ttflist[-1], weight="bold"))  # it has one weight
    return known.ttflist[-1].name
