"""The look: size, style, colours, lines and labels that all figures share."""

import math
from collections.abc import Iterable, Sequence
from functools import cache

import matplotlib as mpl
import matplotlib.colors
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rareearths import catalogue, trade
from rareearths.words import show_number

WIDTH_IN = 4.0  # letters of 8 points are 10 pixels high where a phone shows it 360 pixels wide
INK, MUTED, GRID, PAPER = "#1b2026", "#56606b", "#d5dae0", "#ffffff"
BASIS_COLOURS = {"value": "#6a4fb3", "tonnes": "#1a7f69"}  # of no economy
THIRD_COLOUR = "#8a5a00"  # of a third line beside those
WARM_COLOUR = "#b5541c"  # of what rises, or is contested
LINE_COLOURS = (*BASIS_COLOURS.values(), THIRD_COLOUR, MUTED)  # of lines that are no economy
DARK = {
    INK: "#e4e8ec",
    MUTED: "#a3adb8",
    GRID: "#3b434c",
    PAPER: "#14181d",
    BASIS_COLOURS["value"]: "#b3a2f2",
    BASIS_COLOURS["tonnes"]: "#55c7ae",
    THIRD_COLOUR: "#e0a63c",
    WARM_COLOUR: "#e08a55",
}
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
OTHERS_COLOUR = "#9aa3ad"
_by_night = dict(DARK)  # and what `for_night` adds
_SPARE_COLOURS = ("#777733", "#885599", "#558866", "#996655", "#667788", "#aa6677")
_kept: dict[str, str] = {}  # the spare colour that each economy was given first
STYLE = {
    "font.size": 9,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.facecolor": "none",
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "ytick.left": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "rareearths",
}


def canvas(height_in: float = 2.9) -> Axes:
    """Return an empty Axes in the house style, ``WIDTH_IN`` wide.

    Parameters
    ----------
    height_in : float
        Height in inches.
    """
    with sns.axes_style("whitegrid", rc=STYLE), mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
        axes = figure.subplots()
    axes.grid(axis="x", visible=False)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    return axes


def follow_reader(drawn: str) -> str:
    """Return an SVG, a style or JSON whose colours are those of `colour_rules`."""
    for colour in _by_night:
        drawn = drawn.replace(colour, f"var(--{colour[1:]})")
    return drawn


def colour_rules(drawn: str) -> str:
    """Return the style that makes the colours in it light or dark, as the reader has set.

    Parameters
    ----------
    drawn : str
        As `follow_reader` returns it.
    """
    found = {c: d for c, d in _by_night.items() if f"var(--{c[1:]})" in drawn}
    light = "".join(f"--{c[1:]}:{c};" for c in found)
    dark = "".join(f"--{c[1:]}:{d};" for c, d in found.items())
    return f":root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}"


def economy_colours(economies: Sequence[str]) -> list[str]:
    """Return the fixed colour of each economy; grey for "others".

    An economy without a fixed colour takes a muted one and keeps it in the figures that follow.
    """
    fixed, by_night = _fixed_colours()
    _by_night.update(by_night)
    spare = _spare_colours(e for e in economies if e not in fixed and e != "others")
    return for_night([fixed.get(e) or spare.get(e, OTHERS_COLOUR) for e in economies])


def _spare_colours(economies: Iterable[str]) -> dict[str, str]:
    """Colours that differ within a figure while there are enough, and seldom change between two."""
    taken: dict[str, str] = {}
    for economy in economies:
        colour = _kept.get(economy)
        if colour is None or colour in taken.values():
            free = [c for c in _SPARE_COLOURS if c not in taken.values()] or _SPARE_COLOURS
            colour = min(free, key=list(_kept.values()).count)
        taken[economy] = colour
        _kept.setdefault(economy, colour)
    return taken


def for_night(colours: Iterable[str]) -> list[str]:
    """Return colours as they are; for a reader who has set dark they get a lighter shade."""
    colours = list(colours)
    for colour in colours:
        _by_night.setdefault(colour, _legible(colour, DARK[PAPER], PAPER))
    return colours


def text_colour(colour: str) -> str:
    """Return a shade of a colour in which a text can be read, on light and on dark paper."""
    if colour in DARK:
        return colour
    for_night([colour])
    shade = _legible(colour, PAPER, INK)
    _by_night[shade] = _by_night[colour]
    return shade


@cache
def _legible(colour: str, paper: str, towards: str) -> str:
    """Mix a colour with another one until it stands out from the paper as WCAG 2.2 asks of text."""
    ends = np.array([mpl.colors.to_rgb(colour), mpl.colors.to_rgb(towards)])
    mixed = (mpl.colors.to_hex([1 - part, part] @ ends) for part in np.linspace(0, 1, 41))
    return next(shade for shade in mixed if contrast(shade, paper) >= LEAST_CONTRAST)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21, as WCAG 2.2 defines it."""
    values = np.array([mpl.colors.to_rgb(one), mpl.colors.to_rgb(other)])
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    dark, light = sorted(linear @ [0.2126, 0.7152, 0.0722])
    return (light + 0.05) / (dark + 0.05)


@cache
def _fixed_colours() -> tuple[dict[str, str], dict[str, str]]:
    """The colour of each economy, and what each of these colours is by night."""
    table = catalogue.load("colours")
    return (
        dict(zip(table["economy"], table["colour"], strict=True)),
        dict(zip(table["colour"], table["night"], strict=True)),
    )


def economy_name(economy: str) -> str:
    others = {"others": "Others", "ROW": "Not listed"}
    return others.get(economy) or trade.economy_names().get(economy, economy)


def dollars(value: float, _=None) -> str:
    """Return a price as the label of a point or, as a formatter, of a tick: "$1,710"."""
    return "$" + show_number(value, "short")


def percent(share: float) -> str:
    """Return a share as the label of a point: 0% only where it is nothing.

    Examples
    --------
    >>> percent(0.0), percent(0.003), percent(0.694)
    ('0%', '<1%', '69%')
    """
    return "0%" if share == 0 else "<1%" if share < 0.005 else f"{share:.0%}"


def labelled_years(first: int, last: int, most: int = 6) -> list[int]:
    """Return the years to label on an axis, evenly spaced and at most so many, with the last one.

    Examples
    --------
    >>> labelled_years(2024, 2035), labelled_years(2010, 2012)
    ([2026, 2029, 2032, 2035], [2010, 2011, 2012])
    """
    step = max(1, math.ceil((last - first) / (most - 1)))
    return list(range(last, first - 1, -step))[::-1]


def year_limits(years: Sequence[int]) -> tuple[float, float]:
    pad = 0.5 if len(years) == 1 else 0
    return years[0] - pad, years[-1] + pad


def label_right(
    axes: Axes,
    heights: pd.Series,
    labels: list[str],
    colours: list[str],
    marks: list[str] | None = None,
) -> None:
    """Write labels right of the Axes at these heights, moved apart where they would overlap.

    With ``marks``, a square of that colour stands before each label.

    Scale and limits of the Axes must be final.
    """
    to_axes = axes.transData + axes.transAxes.inverted()
    places = np.array([to_axes.transform((0, height))[1] for height in heights])
    label_height = 11 / (axes.figure.get_figheight() * 72 * 0.88)
    places = spread(places, label_height)
    for place, label, colour in zip(places, labels, colours, strict=True):
        axes.text(
            1.05 if marks else 1.015, place, label,
            color=text_colour(colour), transform=axes.transAxes, va="center", fontsize=8.5,
        )  # fmt: skip
    for place, mark in zip(places, marks, strict=True) if marks else ():
        axes.plot(1.025, place, "s", color=mark, ms=5, transform=axes.transAxes, clip_on=False)


def stagger(axes: Axes) -> None:
    """Lift every second heading over the columns of an Axes above the others, which it may cross.

    For ticks at the top; the height of the Axes is taken to be most of that of the figure.
    """
    headings = axes.get_xticklabels()
    lines = max(heading.get_text().count("\n") + 1 for heading in headings)
    line_height = 1.2 * headings[0].get_fontsize() / (axes.figure.get_figheight() * 72 * 0.88)
    for heading in headings[1::2]:
        heading.set_y(1 + lines * line_height)


def draw_lines(axes: Axes, lines: dict[str, pd.Series], colours: dict) -> pd.Series:
    """Draw lines over years; a missing year breaks the line, a year between gaps is a dot.

    A line without any known year is left out. Returns the last known height of each line.
    """
    lines = {key: series for key, series in lines.items() if series.notna().any()}
    if not lines:
        raise ValueError("there is nothing to draw: no year is known")
    for key, series in lines.items():
        years = range(int(series.index.min()), int(series.index.max()) + 1)
        full = series.reindex(years).astype(float)
        axes.plot(list(years), full.to_numpy(), color=colours[key])  # seaborn would bridge a gap
        lone = full.notna() & full.shift(1).isna() & full.shift(-1).isna()
        axes.plot(full.index[lone], full[lone], "o", ms=3.5, color=colours[key])
    years = sorted({year for series in lines.values() for year in series.index})
    axes.set(xlim=year_limits(years), xlabel="", ylabel="")
    return pd.Series({key: series.dropna().iloc[-1] for key, series in lines.items()})


def spread(places: np.ndarray, gap: float) -> np.ndarray:
    """Move places in [0, 1] apart to at least ``gap``, upwards first, then down from the top."""
    order = np.argsort(places, kind="stable")
    moved = places[order]
    for i in range(1, len(moved)):
        moved[i] = max(moved[i], moved[i - 1] + gap)
    limit = 1.0
    for i in range(len(moved) - 1, -1, -1):
        moved[i] = limit = min(moved[i], limit)
        limit -= gap
    result = np.empty_like(moved)
    result[order] = moved
    return result
