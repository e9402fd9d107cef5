"""Pictures of pages: take one, keep it, and say where two of them differ.

A picture of another machine is never the same to the pixel. What differs is taken out before, as
far as it can be: the letters are those of a font that matplotlib brings, dates are fixed, and what
is compared is not pixels but the mean colour of cells. What is left is a few grey levels.
"""

import base64
import io
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image
from playwright.sync_api import Browser

FOLDER = Path(__file__).parent / "pictures"
RENEW = "RENEW_PICTURES"  # the variable that has them written anew
WIDTHS = {"phone": 360, "desktop": 1200}
KEPT = {"phone": 3, "desktop": 4}  # pixels of the page in one of the file, which people look at

CELL_PX = 12  # a cell of the page: about half a line of text
WINDOW_CELLS = 6  # windows of 72 pixels: the size of a tile, a tenth of a figure
# The largest mean difference of a window, of 255 grey levels. The same machine gives under 1, one
# that places each letter on a whole pixel under 10, an emptied figure or another colour over 16.
TOLERANCE = 13.0
HEIGHT_TOLERANCE = 0.01  # of the page: a form control may be a pixel higher elsewhere


def take(browser: Browser, path: Path, device: str, scheme: str, change: str = "") -> Image.Image:
    """Return a picture of a whole page.

    Parameters
    ----------
    browser : playwright.sync_api.Browser
    path : pathlib.Path
    device : str
        One of `WIDTHS`.
    scheme : str
        ``light`` or ``dark``.
    change : str, optional
        Script that changes the page first.
    """
    size = {"width": WIDTHS[device], "height": 800}
    context = browser.new_context(
        viewport=size, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(path.as_uri())
    if change:
        page.evaluate(change)
    page.add_style_tag(content=_letters())
    page.evaluate("document.fonts.ready")
    png = page.screenshot(full_page=True, animations="disabled")
    context.close()
    return Image.open(io.BytesIO(png)).convert("RGB")


def keep(name: str, picture: Image.Image) -> None:
    """Write a picture, in the size that is kept."""
    FOLDER.mkdir(exist_ok=True)
    reduced = picture.reduce(KEPT[name.split("-")[1]])
    reduced.save(_path(name), lossless=True, quality=100, method=6)


def read(name: str) -> Image.Image:
    """Return a kept picture."""
    return Image.open(_path(name)).convert("RGB")


def _path(name: str) -> Path:
    return FOLDER / f"{name}.webp"


def differences(picture: Image.Image, other: Image.Image) -> list[str]:
    """Say where a picture of a page differs from a kept one; nothing where they are alike."""
    if picture.width not in WIDTHS.values():
        return [f"the page is {picture.width} pixels wide: it scrolls sideways"]
    height = other.height * picture.width // other.width
    if abs(picture.height - height) > HEIGHT_TOLERANCE * height:
        return [f"the page is {picture.height} pixels high, it was {height}"]
    found = windows(picture, other)
    rows, columns = np.nonzero(found > TOLERANCE)
    step = WINDOW_CELLS * CELL_PX // 2
    return [
        f"{found[row, column]:.0f} levels at {column * step}, {row * step}"
        for row, column in zip(rows, columns, strict=True)
    ]


def windows(picture: Image.Image, other: Image.Image) -> np.ndarray:
    """Return the mean difference of two pictures in windows that overlap by half.

    Both are reduced to cells of `CELL_PX` pixels of the page; of the three colours the one that
    differs most counts.
    """
    cells = [np.asarray(p.reduce(CELL_PX * p.width // picture.width), float)
             for p in (picture, other)]  # fmt: skip
    rows = min(map(len, cells))
    apart = np.abs(cells[0][:rows] - cells[1][:rows]).max(axis=2)
    views = np.lib.stride_tricks.sliding_window_view(apart, (WINDOW_CELLS, WINDOW_CELLS))
    step = WINDOW_CELLS // 2
    return views[::step, ::step].mean(axis=(2, 3))


@cache
def _letters() -> str:
    """A style that writes everything in the font of matplotlib."""
    fonts = Path(matplotlib.get_data_path()) / "fonts/ttf"
    faces = [
        f"@font-face {{ font-family: Kept; font-weight: {weight}; src: url(data:font/ttf;base64,"
        f"{base64.b64encode((fonts / name).read_bytes()).decode()}); }}"
        for weight, name in (("400", "DejaVuSans.ttf"), ("700", "DejaVuSans-Bold.ttf"))
    ]
    return "".join(faces) + "* { font-family: Kept !important; }"
