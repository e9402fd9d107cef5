"""The Japanese font, a file of the package ``matplotlib-fontja``, and the part a page needs."""

import base64
import io
from contextlib import closing
from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path

_LATIN = 0x2000  # below: signs that every reader's font has


def font() -> Path:
    """Return the path of the font file, IPAex Gothic."""
    package = distribution("matplotlib-fontja")  # importing it would set styles
    return Path(package.locate_file("matplotlib_fontja/fonts/ipaexg.ttf"))


@lru_cache(maxsize=2)  # what English pages need is the same for all
def part(text: str) -> str:
    """Return a ``data:`` address of the font with the signs of a text alone (WOFF).

    A page that carries it can be read where no Japanese font is installed.
    """
    from fontTools import subset

    options = subset.Options(flavor="woff", hinting=False, layout_features=[], notdef_outline=True)
    options.drop_tables += ["vhea", "vmtx"]  # of vertical text
    chooser, buffer = subset.Subsetter(options), io.BytesIO()
    chooser.populate(unicodes={ord(sign) for sign in text if ord(sign) > _LATIN})
    with closing(subset.load_font(str(font()), options, lazy=True)) as made:
        chooser.subset(made)
        subset.save_font(made, buffer, options)
    return "data:font/woff;base64," + base64.b64encode(buffer.getvalue()).decode()
