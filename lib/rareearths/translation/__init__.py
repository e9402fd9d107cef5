"""Pages in another language: English sentences are translated where they leave the library.

The library thinks and speaks English. Where a text leaves it (a sentence, a caption, a cell, a
label in a picture), `said` puts it into the language that `speak` chose. A translation is found by
the sentence as it is shown, numbers and names left open, so that one entry holds for every report.
"""

from rareearths.translation.font import font, part
from rareearths.translation.language import (
    ENGLISH,
    LANGUAGES,
    Untold,
    current,
    lacking,
    missed,
    preload,
    said,
    speak,
)
from rareearths.translation.markup import translated

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "Untold",
    "current",
    "font",
    "lacking",
    "missed",
    "part",
    "preload",
    "said",
    "speak",
    "translated",
]
