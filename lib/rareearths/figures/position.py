"""Figures of the value chain: balance, advantage, unit values, value by step, look-through."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, PercentFormatter

from rareearths import stages
from rareearths.figures.look import (
    BASIS_COLOURS,
    INK,
    MUTED,
    OTHERS_COLOUR,
    PAPER,
    THIRD_COLOUR,
    dollars,
    draw_lines,
    economy_colours,
    economy_name,
    label_right,
    year_limits,
)

_COLOURS = (*BASIS_COLOURS.values(), THIRD_COLOUR)


def plot_stage_balance(axes: Axes, table: pd.DataFrame) -> Axes:
    """Draw the normalised balance of one economy by year, one line a stage.

    Parameters
    ----------
    table : pandas.DataFrame
        ``stage``, ``year``, ``ntb`` in [-1, 1], see `position.balance`.
    """
    lines = {stage: part.set_index("year")["ntb"] for stage, part in table.groupby("stage")}
    lines = {stage: lines[stage] for stage in stages.ORDER if stage in lines}
    colours = dict(zip(lines, _COLOURS, strict=False))
    axes.axhline(0, color=INK, linewidth=0.8)
    ends = draw_lines(axes, lines, colours)
    axes.set(ylim=(-1.04, 1.04), yticks=(-1, -0.5, 0, 0.5, 1))
    labels = [f"{stages.PLURALS[stage].capitalize()} {end:+.2f}" for stage, end in ends.items()]
    label_right(axes, ends, labels, [colours[stage] for stage in ends.index])
    return axes


def plot_positions(axes: Axes, rows: pd.DataFrame) -> Axes:
    """Draw one dot an economy under each stage, in [-1, 1], its range as a line.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``stage``, ``economy``, ``value``, ``low``, ``high``, see `position.standing` and
        `advantage.by_year`; rows without a value are left out.
    """
    shown = rows.dropna(subset=["value"])
    names = []
    axes.axvline(0, color=INK, linewidth=0.8)
    for stage in [s for s in stages.ORDER if s in set(shown["stage"])]:
        names.append((stages.PLURALS[stage].capitalize(), True))
        for row in shown[shown["stage"] == stage].itertuples():
            colour = economy_colours([row.economy])[0]
            place = len(names)
            axes.plot([row.low, row.high], [place] * 2, color=colour, lw=3, alpha=0.45)
            axes.plot(row.value, place, "o", ms=6.5, color=colour, mec=PAPER, mew=0.6)
            names.append((economy_name(row.economy), False))
    axes.set_yticks(range(len(names)), [name for name, _ in names])
    for label, (_, heading) in zip(axes.get_yticklabels(), names, strict=True):
        if heading:
            label.set(fontweight="bold", color=INK)
    axes.set(xlim=(-1.05, 1.05), xticks=(-1, -0.5, 0, 0.5, 1), ylim=(len(names) - 0.5, -0.5))
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    return axes


def plot_terms(axes: Axes, lines: dict[str, pd.Series]) -> Axes:
    """Draw the unit value of exports over that of imports by year, one line an economy, log scale.

    Parameters
    ----------
    lines : dict of str to pandas.Series
        By ISO3 code: ratio indexed by year, see `upgrading.series`.
    """
    colours = dict(zip(lines, economy_colours(list(lines)), strict=True))
    axes.axhline(1, color=INK, linewidth=0.8)
    axes.set_yscale("log")
    ends = draw_lines(axes, lines, colours)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    labels = [f"{economy_name(code)} {end:.2g}" for code, end in ends.items()]
    label_right(axes, ends, labels, [colours[code] for code in ends.index])
    return axes


def plot_value_steps(axes: Axes, table: pd.DataFrame) -> Axes:
    """Draw what each step adds to a kilogram of magnet as bars that follow one another.

    Parameters
    ----------
    table : pandas.DataFrame
        ``name``, ``usd``, ``usd_low``, ``usd_high`` (US$ per kg), see `value_added.ladder`. The
        line on a bar is its range.
    """
    places = np.arange(len(table))
    starts = table["usd"].cumsum() - table["usd"]
    axes.barh(places, table["usd"], 0.55, left=starts, color=_COLOURS[: len(table)], alpha=0.85)
    for place, start, row in zip(places, starts, table.itertuples(), strict=True):
        ends = [start + row.usd_low, start + row.usd_high]
        axes.plot(ends, [place + 0.37] * 2, color=INK, lw=1.6)
        axes.text(
            max(start + row.usd, ends[1]), place, f" {dollars(row.usd)}", va="center",
            fontsize=8.5, color=INK,
        )  # fmt: skip
    top = (starts + table[["usd", "usd_high"]].max(axis=1)).max()
    axes.set(xlim=(min(0, (starts + table["usd_low"]).min()), top * 1.16))
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.set_yticks(places, [name.replace(" (", "\n(") for name in table["name"]])
    axes.xaxis.set_major_formatter(FuncFormatter(dollars))
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    return axes


def plot_material_band(axes: Axes, table: pd.DataFrame, exporter: str) -> Axes:
    """Draw the customs share of a supplier, and the band it lies in with third economies.

    Parameters
    ----------
    table : pandas.DataFrame
        Indexed by year: ``direct``, ``low``, ``high``, ``third`` (fractions), see
        `abroad.by_year`.
    exporter : str
        ISO3 code, for the colour.
    """
    colour = economy_colours([exporter])[0]
    if len(table) == 1:
        row, year = table.iloc[0], table.index[0]
        axes.plot([year] * 2, [row["low"], row["high"]], color=OTHERS_COLOUR, lw=6, alpha=0.6)
    axes.fill_between(table.index, table["low"], table["high"], color=OTHERS_COLOUR, alpha=0.5)
    every = (table["direct"] + table["third"]).rename("every")
    axes.plot(table.index, every, color=MUTED, lw=1.1, linestyle=(0, (4, 3)))
    ends = draw_lines(axes, {"direct": table["direct"]}, {"direct": colour})
    last = table.iloc[-1]
    heights = pd.Series([ends["direct"], last["low"], last["high"], every.iloc[-1]])
    labels = [
        f"By customs {ends['direct']:.0%}",
        f"Material from {last['low']:.0%}",
        f"Material to {last['high']:.0%}",
        f"If all {every.iloc[-1]:.0%}",
    ]
    axes.set(xlim=year_limits(list(table.index)), ylim=(0, 1.02))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    label_right(axes, heights, labels, [colour, INK, INK, MUTED])
    return axes
