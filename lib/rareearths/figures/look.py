"""The look: size, style, colours, lines and labels that all figures share."""

from collections.abc import Sequence
from functools import cache

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rareearths import catalogue, trade
from rareearths.words import show_number

WIDTH_IN = 4.4  # text stays legible when a phone shows it 336 pixels wide
INK, MUTED, GRID, PAPER = "#1b2026", "#56606b", "#d5dae0", "#ffffff"
BASIS_COLOURS = {"value": "#6a4fb3", "tonnes": "#1a7f69"}  # of no economy
THIRD_COLOUR = "#8a5a00"  # of a third line beside those
LINE_COLOURS = (*BASIS_COLOURS.values(), THIRD_COLOUR, MUTED)  # of lines that are no economy
DARK = {
    INK: "#e4e8ec",
    MUTED: "#a3adb8",
    GRID: "#3b434c",
    PAPER: "#14181d",
    BASIS_COLOURS["value"]: "#b3a2f2",
    BASIS_COLOURS["tonnes"]: "#55c7ae",
    THIRD_COLOUR: "#e0a63c",
}
OTHERS_COLOUR = "#9aa3ad"
_SPARE_COLOURS = ("#777733", "#885599", "#558866", "#996655", "#667788", "#aa6677")
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
    """Return an SVG, a style or JSON whose neutral colours are those of `colour_rules`."""
    for colour in DARK:
        drawn = drawn.replace(colour, f"var(--{colour[1:]})")
    return drawn


def colour_rules() -> str:
    """Return the style that makes neutral colours light or dark, as the reader has set."""
    light = "".join(f"--{c[1:]}:{c};" for c in DARK)
    dark = "".join(f"--{c[1:]}:{d};" for c, d in DARK.items())
    return f":root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}"


def economy_colours(economies: Sequence[str]) -> list[str]:
    """Return the fixed colour of each economy; grey for "others".

    An economy without a fixed colour takes a muted one, in the order in which they come.
    """
    fixed = _fixed_colours()
    spare = iter(_SPARE_COLOURS * (1 + len(economies) // len(_SPARE_COLOURS)))
    return [
        OTHERS_COLOUR if e == "others" else fixed[e] if e in fixed else next(spare)
        for e in economies
    ]


@cache
def _fixed_colours() -> dict[str, str]:
    return catalogue.load("colours").set_index("economy")["colour"].to_dict()


def economy_name(economy: str) -> str:
    others = {"others": "Others", "ROW": "Not listed"}
    return others.get(economy) or trade.economy_names().get(economy, economy)


def dollars(value: float, _=None) -> str:
    """Return a price as the label of a point or, as a formatter, of a tick: "$1,710"."""
    return "$" + show_number(value, "short")


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
            color=colour, transform=axes.transAxes, va="center", fontsize=8.5,
        )  # fmt: skip
    for place, mark in zip(places, marks, strict=True) if marks else ():
        axes.plot(1.025, place, "s", color=mark, ms=5, transform=axes.transAxes, clip_on=False)


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
