"""Figures of a supply stop: its months, who is hit first, prices, losses, third countries."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, PercentFormatter

from rareearths import disruption
from rareearths.assumptions import Range
from rareearths.figures.look import (
    BASIS_COLOURS,
    INK,
    MUTED,
    OTHERS_COLOUR,
    PAPER,
    THIRD_COLOUR,
    economy_colours,
    label_right,
)
from rareearths.figures.tilemap import key_below
from rareearths.words import show_number

FARTHEST = 24  # months of cover that are drawn; more is an arrow
_DOT = 0.045  # of the axis, the width of a numbered dot
_PARTS = {"arriving": OTHERS_COLOUR, "drawn": BASIS_COLOURS["tonnes"], "short": THIRD_COLOUR}
_HALO = {PAPER: 2.8, INK: 1.3}  # a line that is seen on any colour: widths in points
_NAMES = {"arriving": "arriving", "drawn": "from stock", "short": "missing"}


def plot_stop(axes: Axes, table: pd.DataFrame) -> Axes:
    """Stack what arrives, what is drawn from stock and what is missing, month by month.

    Two lines show where the missing part begins at the ends of the range.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    table : pandas.DataFrame
        See `disruption.path_table`.
    """
    places, bottom = np.arange(len(table)), np.zeros(len(table))
    for part, colour in _PARTS.items():
        heights = table[part].to_numpy()
        axes.bar(places, heights, bottom=bottom, color=colour, width=0.86, lw=0)
        bottom = bottom + heights
    edges = np.arange(len(table) + 1) - 0.5
    for end in ("short_high", "short_low"):
        for colour, width in _HALO.items():
            axes.stairs(1 - table[end], edges, baseline=None, color=colour, lw=width)
    shown = places[:: max(1, -(-len(places) // 5))]
    axes.set_xticks(shown, [table["month"].iloc[place] for place in shown], fontsize=8)
    axes.set(ylim=(0, 1), xlim=(-0.6, len(places) - 0.4))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    return key_below(axes, [Patch(fc=_PARTS[part], label=_NAMES[part]) for part in _PARTS], 3)


def plot_cover(axes: Axes, table: pd.DataFrame, importer: str) -> Axes:
    """Draw the months that equal stocks last, importer by importer, as ranges.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    table : pandas.DataFrame
        See `disruption.first_hit`.
    importer : str
        Its name is set in bold, and the others are muted.
    """
    colours = economy_colours(list(table["importer"]))
    for place, (row, colour) in enumerate(zip(table.itertuples(), colours, strict=True)):
        low, high = (min(end, FARTHEST) for end in (row.cover_low, row.cover_high))
        axes.plot([low, high], [place] * 2, color=colour, lw=2.4, alpha=0.55)
        if row.cover <= FARTHEST:
            axes.plot(row.cover, place, "o", ms=5.5, color=colour, zorder=3)
        if row.cover_high > FARTHEST:
            axes.plot(FARTHEST, place, ">", ms=6, color=colour, zorder=3, clip_on=False)
    axes.set_yticks(range(len(table)), list(table["place"]), fontsize=8)
    for label, code in zip(axes.get_yticklabels(), table["importer"], strict=True):
        label.set(fontweight="bold" if code == importer else "normal")
        label.set_color(INK if code == importer else MUTED)  # a Japanese font has one weight
    axes.set(ylim=(len(table) - 0.5, -0.5), xlim=(0, FARTHEST))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    return axes


def price_lines(elasticity: Range) -> pd.DataFrame:
    """The price of the formula by cut, for an elasticity and the ends of its range.

    Returns
    -------
    pandas.DataFrame
        ``cut`` (fraction, 0 to 0.95); ``value``, ``low``, ``high``: times the old price.
    """
    cuts = np.linspace(0, 0.95, 96)
    return pd.DataFrame(
        {"cut": cuts}
        | {
            end: [min(disruption.price_factor(q, e), 1e9) for q in cuts]
            for end, e in elasticity._asdict().items()
        }
    )


def plot_price(axes: Axes, pairs: pd.DataFrame, elasticity: Range, cut: Range) -> Axes:
    """Draw the price of the formula against the cut, and the observed pairs as numbered dots.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    pairs : pandas.DataFrame
        ``number``, ``cut``, ``price``, see `precedents.observed_pairs`.
    elasticity : Range
        Of demand; the band lies between its ends.
    cut : Range
        The cut of this stop once the stock is used up; shaded.
    """
    lines = price_lines(elasticity)
    cuts = lines["cut"]
    axes.fill_between(cuts, lines["low"], lines["high"], color=BASIS_COLOURS["value"], alpha=0.2,
                      lw=0)  # fmt: skip
    axes.plot(cuts, lines["value"], color=BASIS_COLOURS["value"])
    axes.axvspan(cut.low, min(cut.high, 0.95), color=OTHERS_COLOUR, alpha=0.25, lw=0)
    axes.axvline(min(cut.value, 0.95), color=MUTED, lw=1, ls=(0, (4, 3)))
    axes.set(xlim=(0, 0.95), ylim=(1, 1000), yscale="log")
    for row in _apart(pairs).itertuples():
        axes.plot(row.cut, row.price, "o", ms=10, color=INK, mfc=PAPER, zorder=4)
        axes.text(row.cut, row.price, row.number, ha="center", va="center", fontsize=8, zorder=5,
                  color=INK)  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"× {v:,.0f}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    return axes


def _apart(pairs: pd.DataFrame) -> pd.DataFrame:
    """Move a dot to the right of one that it would hide."""
    moved = pairs.sort_values("number").reset_index(drop=True)
    for place in range(1, len(moved)):
        before = moved.iloc[:place]
        near = (before["price"] / moved.at[place, "price"]).between(0.7, 1.4)
        near &= (before["cut"] - moved.at[place, "cut"]).abs() < _DOT
        if near.any():
            moved.loc[place, "cut"] = before.loc[near, "cut"].max() + _DOT
    return moved


def plot_losses(
    axes: Axes, curve: pd.DataFrame, marks: pd.DataFrame, substitution: Range, form: str
) -> Axes:
    """Draw both losses against the elasticity of substitution, with published ones as lines.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    curve : pandas.DataFrame
        See `losses.curve`.
    marks : pandas.DataFrame
        ``who``, ``loss``, see `losses.marks`; may be empty.
    substitution : Range
        Shaded.
    form : str
        Format of the loss, ``fine_pct`` or ``dollars``.
    """
    known = curve[(curve["ces"] > 0) & np.isfinite(curve["ces"])]
    axes.axvspan(substitution.low, substitution.high, color=OTHERS_COLOUR, alpha=0.25, lw=0)
    axes.plot(known["substitution"], known["ces"], color=BASIS_COLOURS["value"])
    second = known[known["second_order"] > 0]
    axes.plot(second["substitution"], second["second_order"], color=BASIS_COLOURS["tonnes"],
              ls=(0, (4, 2)))  # fmt: skip
    bottom = min(known["ces"].min(), second["second_order"].min())
    top = max(known["ces"].max(), second["second_order"].max(), *marks["loss"], bottom * 10)
    ends = (curve["substitution"].min(), curve["substitution"].max())
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=(bottom / 2, top * 2))
    ticks = [tick for tick in (0.1, 0.2, 0.5, 1, 2) if ends[0] <= tick <= ends[1] * 1.001]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: show_number(v, form)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.hlines(marks["loss"], *ends, color=INK, lw=0.9, ls=":")
    labels = [f"{row.who} {show_number(row.loss, form)}" for row in marks.itertuples()]
    last = [known["ces"].iloc[-1], second["second_order"].iloc[-1]]
    heights = pd.Series([*marks["loss"], last[0], last[1] / 1.5])
    colours = [*[INK] * len(marks), BASIS_COLOURS["value"], BASIS_COLOURS["tonnes"]]
    label_right(axes, heights, [*labels, "CES", "second order"], colours)
    return axes


def plot_carriers(axes: Axes, table: pd.DataFrame) -> Axes:
    """Draw how much of the importer's supply each third country passes the stop on to, as bars.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    table : pandas.DataFrame
        ``exporter``, ``place``, ``passed_on`` and its ends (fractions of the importer's supply),
        see `cascade.carriers_range`.
    """
    places = range(len(table))
    axes.barh(places, table["passed_on"], color=economy_colours(list(table["exporter"])), lw=0)
    for colour, width in _HALO.items():
        axes.hlines(places, table["passed_on_low"], table["passed_on_high"], color=colour, lw=width)
    axes.set_yticks(places, list(table["place"]), fontsize=8.5)
    for label in axes.get_yticklabels():
        label.set_color(INK)
    ticks = MaxNLocator(5).tick_values(0, table[["passed_on", "passed_on_high"]].max(axis=None))
    axes.set(ylim=(len(table) - 0.5, -0.5), xlim=(0, ticks[-1]), xticks=ticks)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:g}%"))
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    return axes
