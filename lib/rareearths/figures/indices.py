"""Figures of the criticality indices: ranks, agreement, the terms behind it, known flaws."""

import textwrap

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from rareearths import trade
from rareearths.figures.look import (
    BASIS_COLOURS,
    GRID,
    INK,
    MUTED,
    OTHERS_COLOUR,
    THIRD_COLOUR,
    draw_lines,
    label_right,
    stagger,
)
from rareearths.risk.indices import INDICES

_INK_OF_RANK = BASIS_COLOURS["value"]
_HEADINGS = {
    "supplier_hhi": "Supplier\nHHI",
    "geopolrisk": "GeoPol-\nRisk",
    "eu_supply_risk": "EU supply\nrisk",
    "usgs_risk": "USGS-\nstyle",
    "net_reliance": "Net\nreliance",
    "geodep": "GeoDep\nflag",
}
_PLACE_COLOURS = {"mines": THIRD_COLOUR, "world": BASIS_COLOURS["tonnes"], "imports": _INK_OF_RANK}


def rank_height(ranks: pd.DataFrame) -> float:
    """Height in inches of a chart of `plot_ranks`."""
    return 0.7 + 0.19 * len(ranks)


def plot_ranks(axes: Axes, ranks: pd.DataFrame, flagged: pd.Series, material: str) -> Axes:
    """Draw the rank of each material under each index as a field; the darker, the riskier.

    Parameters
    ----------
    ranks : pandas.DataFrame
        Indexed by material, see `concordance.ranks`; missing ranks are dashes, and materials with
        one stand last.
    flagged : pandas.Series
        Whether GeoDep flags the material, by material.
    material : str
        The one whose row is framed.
    """
    order = ranks.mean(axis=1, skipna=False).sort_values(kind="stable", na_position="last").index
    ranks, last = ranks.loc[order], ranks.max().max()
    for row, name in enumerate(order):
        for column, value in enumerate(ranks.loc[name]):
            _field(axes, column, row, value, last)
        if name in flagged.index:
            size = 5.5 if flagged[name] else 1.2
            axes.plot(len(ranks.columns), row, "o", ms=size, color=INK)
    if material in order:
        place = order.get_loc(material) - 0.5
        frame = Rectangle((-0.5, place), len(ranks.columns) + 1, 1, fill=False, ec=INK, lw=1.3)
        axes.add_patch(frame)
    heads = [_HEADINGS[name] for name in [*ranks.columns, "geodep"]]
    axes.set(xlim=(-0.5, len(heads) - 0.5), ylim=(len(order) - 0.5, -0.5))
    axes.set_xticks(range(len(heads)), heads, fontsize=8)
    names = [trade.material_names()[m].capitalize() for m in order]
    axes.set_yticks(range(len(order)), names, fontsize=8)
    return _bare(axes, top=True)


def _field(axes: Axes, column: int, row: int, value: float, last: float) -> None:
    if pd.isna(value):
        axes.text(column, row, "–", ha="center", va="center", fontsize=8, color=MUTED)
        return
    strength = 0.06 + 0.4 * (1 - (value - 1) / max(last - 1, 1))
    box = Rectangle((column - 0.48, row - 0.46), 0.96, 0.92, fc=_INK_OF_RANK, alpha=strength, lw=0)
    axes.add_patch(box)
    axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=8, color=INK)


def plot_concordance(axes: Axes, pairs: pd.DataFrame, others: pd.DataFrame) -> Axes:
    """Draw Kendall's tau of every two indices: one importer with its range, all others as ticks.

    Parameters
    ----------
    pairs : pandas.DataFrame
        See `concordance.pairs`; pairs without a tau have their ticks only.
    others : pandas.DataFrame
        See `concordance.over_importers`.
    """
    for row, pair in enumerate(pairs.itertuples()):
        own = others[(others["first"] == pair.first) & (others["second"] == pair.second)]["tau"]
        axes.plot(own, [row] * len(own), "|", ms=8, color=OTHERS_COLOUR, alpha=0.7, mew=1)
        axes.plot([pair.low, pair.high], [row, row], color=_INK_OF_RANK, lw=2, alpha=0.55)
        axes.plot(pair.tau, row, "o", ms=6, color=_INK_OF_RANK)
    labels = [f"{INDICES[p.first].short}\n{INDICES[p.second].short}" for p in pairs.itertuples()]
    axes.axvline(0, color=INK, lw=0.8)
    axes.set(xlim=(-1, 1), ylim=(len(pairs) - 0.5, -0.5))
    axes.set_yticks(range(len(pairs)), labels, fontsize=8)
    return _tau_axis(axes)


def importers_height(rows: pd.DataFrame) -> float:
    """Height in inches of a chart of `plot_importers`."""
    return 0.7 + 0.18 * len(rows)


def plot_importers(axes: Axes, rows: pd.DataFrame, importer: str) -> Axes:
    """Draw Kendall's tau of two indices for each importer by name, with its range.

    Parameters
    ----------
    rows : pandas.DataFrame
        See `concordance.for_each_importer`; an importer without a tau is a dash.
    importer : str
        The one that is picked out.
    """
    names = trade.economy_names()
    for place, row in enumerate(rows.itertuples()):
        if pd.isna(row.tau):
            axes.text(0, place, "–", ha="center", va="center", fontsize=8, color=MUTED)
            continue
        colour = _INK_OF_RANK if row.importer == importer else MUTED
        axes.plot([row.low, row.high], [place, place], color=colour, lw=2, alpha=0.45)
        axes.plot(row.tau, place, "o", ms=4.5, color=colour)
    axes.axvline(0, color=INK, lw=0.8)
    axes.set(xlim=(-1, 1), ylim=(len(rows) - 0.5, -0.5))
    axes.set_yticks(range(len(rows)), [names[code] for code in rows["importer"]], fontsize=8)
    for label, code in zip(axes.get_yticklabels(), rows["importer"], strict=True):
        label.set(fontweight="bold" if code == importer else "normal")
        label.set_color(INK if code == importer else MUTED)  # a Japanese font has one weight
    return _tau_axis(axes)


def _tau_axis(axes: Axes) -> Axes:
    axes.set_xticks(
        [-1, -0.5, 0, 0.5, 1], ["−1\nreversed", "−0.5", "0\nno relation", "0.5", "1\nsame"]
    )
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    return axes


def plot_parts(axes: Axes, parts: pd.DataFrame) -> Axes:
    """Draw what each term adds to the disagreement of two indices, with its range.

    Parameters
    ----------
    parts : pandas.DataFrame
        See `concordance.why_differ`.
    """
    for row, part in enumerate(parts.itertuples()):
        axes.barh(row, part.part, height=0.55, color=_INK_OF_RANK, alpha=0.45, lw=0)
        axes.plot([part.low, part.high], [row, row], color=INK, lw=1.4)
        axes.plot(part.part, row, "o", ms=4.5, color=INK)
    axes.axvline(0, color=INK, lw=0.8)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    labels = ["\n".join(textwrap.wrap(part.label.capitalize(), 26)) for part in parts.itertuples()]
    axes.set(ylim=(len(parts) - 0.5, -0.5))
    axes.set_yticks(range(len(parts)), labels, fontsize=8)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    return axes


def plot_credit(axes: Axes, series: pd.DataFrame) -> Axes:
    """Draw GeoPolRisk with own mine output credited and not credited, by year.

    Parameters
    ----------
    series : pandas.DataFrame
        See `index_checks.credit_series`.
    """
    lines = {"credited": series["credited"], "not credited": series["not_credited"]}
    colours = {"credited": _INK_OF_RANK, "not credited": BASIS_COLOURS["tonnes"]}
    ends = draw_lines(axes, lines, colours)
    axes.set_ylim(bottom=0)
    label_right(axes, ends, list(ends.index), [colours[name] for name in ends.index])
    return axes


def plot_places(axes: Axes, rows: pd.DataFrame, threshold: float) -> Axes:
    """Draw the HHI where a material is mined and where it is shipped from, one dot a place.

    Parameters
    ----------
    rows : pandas.DataFrame
        See `index_checks.hub_example`.
    threshold : float
        Drawn as a dashed line.
    """
    rows = rows.sort_values("place", key=lambda p: p.map(list(_PLACE_COLOURS).index), kind="stable")
    for row, place in enumerate(rows.itertuples()):
        colour = _PLACE_COLOURS[place.place]
        axes.plot([0, place.hhi], [row, row], color=colour, lw=1.2, alpha=0.5)
        axes.plot(place.hhi, row, "o", ms=6, color=colour)
        label = f"{place.hhi:.2f}"
        axes.text(place.hhi + 0.04, row, label, va="center", fontsize=8, color=INK)
    axes.axvline(threshold, color=INK, lw=0.9, ls="--")
    labels = ["\n".join(textwrap.wrap(label, 28)) for label in rows["label"]]
    axes.set(xlim=(0, 1.1), ylim=(len(rows) - 0.5, -0.5))
    axes.set_yticks(range(len(rows)), labels, fontsize=8)
    axes.set_xticks([0, 0.5, 1])
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    return axes


def _bare(axes: Axes, top: bool = False) -> Axes:
    if top:
        axes.xaxis.tick_top()
        stagger(axes)
    axes.spines["bottom"].set_color(GRID)
    axes.spines["bottom"].set_visible(not top)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    return axes
