"""Figures of data quality: marks, coverage, and what differs from what."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from rareearths import trade
from rareearths.figures.look import (
    BASIS_COLOURS,
    GRID,
    INK,
    MUTED,
    OTHERS_COLOUR,
    PAPER,
    draw_lines,
    label_right,
    labelled_years,
)
from rareearths.words import with_signs

# The darker, the less reliable; the ends follow the reader's light or dark setting.
MARK_COLOURS = {"A": GRID, "B": OTHERS_COLOUR, "C": INK}
MARK_WORDS = {"A": "A no fault found", "B": "B with care", "C": "C do not rely on it"}
_LINE_COLOURS = {"metals": BASIS_COLOURS["value"], "compounds": BASIS_COLOURS["tonnes"]}


def plot_marks(axes: Axes, marks: pd.DataFrame) -> Axes:
    """Draw the data-quality mark of each code and year; what was not imported stays empty.

    Parameters
    ----------
    marks : pandas.DataFrame
        ``product``, ``year``, ``mark`` (A, B or C), see `quality.quality_marks`.
    """
    colours = marks["mark"].map(MARK_COLOURS)
    _draw_cells(axes, marks, colours, np.ones(len(marks)))
    keys = [Patch(facecolor=MARK_COLOURS[m], label=text) for m, text in MARK_WORDS.items()]
    return _key_below(axes, keys)


def plot_coverage(axes: Axes, marks: pd.DataFrame) -> Axes:
    """Draw the share of the import value with a known weight, by code and year.

    Parameters
    ----------
    marks : pandas.DataFrame
        ``product``, ``year``, ``coverage`` (fraction), see `quality.coverage_by_product`.
    """
    colour = BASIS_COLOURS["tonnes"]
    _draw_cells(axes, marks, pd.Series(colour, marks.index), marks["coverage"].to_numpy())
    keys = [
        Patch(facecolor=(colour, share), edgecolor=GRID, label=f"{share:.0%}")
        for share in (0, 0.5, 0.8, 1)
    ]
    return _key_below(axes, keys)


def plot_differences(axes: Axes, pages: pd.DataFrame, limits: tuple[float, float]) -> Axes:
    """Draw published minus computed shares: points, or bars where several years are covered.

    Parameters
    ----------
    pages : pandas.DataFrame
        ``start_year``, ``end_year``, ``difference`` (fraction), see
        `quality.published_differences`.
    limits : (float, float)
        Distances up to which the mark is A and B, as fractions; drawn as bands.
    """
    for limit, alpha in zip(limits, (0.16, 0.12), strict=True):
        axes.axhspan(-100 * limit, 100 * limit, color=OTHERS_COLOUR, alpha=alpha, lw=0)
    axes.axhline(0, color=MUTED, linewidth=0.9)
    for page in pages.itertuples():
        years, height = (page.start_year, page.end_year), 100 * page.difference
        axes.plot(
            years, (height, height), color=INK, lw=1.4, marker="o", ms=4.5, mfc=PAPER,
            clip_on=False, zorder=5,
        )  # fmt: skip
    first, last = pages["start_year"].min(), pages["end_year"].max()
    heights = 100 * pages["difference"]
    low, high = min(heights.min(), -100 * limits[1]), max(heights.max(), 100 * limits[1])
    axes.set(xlim=(first - 1, last + 1), ylim=(1.1 * low, 1.1 * high), xlabel="", ylabel="")
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True))
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda v, _: with_signs(f"{v:+.0f}") if v else "0")
    )
    heights = pd.Series([100 * limits[0], 100 * limits[1]])
    label_right(axes, heights, [f"±{h:.0f}" for h in heights], [MUTED] * 2)
    return axes


def plot_reported(axes: Axes, effects: pd.DataFrame) -> Axes:
    """Draw the share by value as in BACI, and with the reported value in its place.

    Parameters
    ----------
    effects : pandas.DataFrame
        ``year``, ``share_baci``, ``share_if_reported`` (fractions), see `quality.reported_effect`.
    """
    shares = effects.set_index("year")[["share_baci", "share_if_reported"]]
    lines = {"baci": shares["share_baci"], "reported": shares["share_if_reported"]}
    colours = {"baci": OTHERS_COLOUR, "reported": BASIS_COLOURS["value"]}
    ends = draw_lines(axes, lines, colours)
    axes.fill_between(shares.index, *lines.values(), color=OTHERS_COLOUR, alpha=0.25, lw=0)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    low, high = shares.to_numpy().min(), shares.to_numpy().max()
    axes.set_ylim(max(0, low - 0.1), min(1, high + 0.1))
    names = {"baci": "BACI", "reported": "reported"}
    labels = [f"{names[key]} {share:.0%}" for key, share in ends.items()]
    label_right(axes, ends, labels, [MUTED, BASIS_COLOURS["value"]])
    return axes


def plot_revisions(axes: Axes, revisions: pd.DataFrame) -> Axes:
    """Draw what an edition said and what the next one says, on a logarithmic scale.

    Parameters
    ----------
    revisions : pandas.DataFrame
        ``place``, ``year``, ``before_t``, ``after_t`` (tonnes), see `quality.revisions`.
    """
    places = np.arange(len(revisions))[::-1]
    before, after = revisions["before_t"], revisions["after_t"]
    axes.hlines(places, before, after, color=OTHERS_COLOUR, linewidth=2)
    axes.plot(before, places, "o", ms=5, color=MUTED, mfc=PAPER, label="earlier edition")
    axes.plot(after, places, "o", ms=5, color=INK, label="later edition")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.0f}"))
    axes.set_yticks(places, revisions["place"] + " " + revisions["year"].astype("str"))
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, fontsize=8.5,
        borderaxespad=0.2, handletextpad=0.3, labelcolor=INK,
    )  # fmt: skip
    return axes


def plot_gaps(axes: Axes, gaps: pd.DataFrame) -> Axes:
    """Draw by how much one side's figure stands above the other's, by product group and year.

    Parameters
    ----------
    gaps : pandas.DataFrame
        ``product_group``, ``year``, ``gap`` (logarithm), see `mirror.china_exports_against_baci`;
        a group without any gap is left out.
    """
    wide = gaps.dropna(subset=["gap"]).pivot(index="year", columns="product_group", values="gap")
    axes.axhline(0, color=MUTED, linewidth=0.9)
    ends = draw_lines(axes, dict(wide.items()), _LINE_COLOURS)
    reach = np.ceil(wide.abs().to_numpy().max() * 20) / 20
    axes.set_ylim(-1.08 * reach, 1.08 * reach)
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda v, _: with_signs(f"{v:+.2f}") if abs(v) > 1e-9 else "0")
    )
    labels = [f"{name} {gap:+.2f}" for name, gap in ends.items()]
    label_right(axes, ends, labels, [_LINE_COLOURS[name] for name in ends.index])
    return axes


def plot_cautions(axes: Axes, effects: pd.DataFrame) -> Axes:
    """Draw the share that each caution leads to, one line each; colour is the measure.

    Parameters
    ----------
    effects : pandas.DataFrame
        ``caution``, ``measure`` (``value`` or ``tonnes``), ``share_if`` (fraction), see
        `quality.caution_effects`.
    """
    low, high = effects["share_if"].min(), effects["share_if"].max()
    axes.axvspan(low, high, color=OTHERS_COLOUR, alpha=0.16, lw=0)
    for place, row in zip(np.arange(len(effects))[::-1], effects.itertuples(), strict=True):
        colour = BASIS_COLOURS[row.measure]
        axes.plot(row.share_if, place, "o", ms=6, color=colour, clip_on=False, zorder=5)
        text = textwrap.fill(row.caution, 62)
        axes.text(0, place + 0.28, text, fontsize=8, va="bottom", color=INK, linespacing=1)
        near_edge = row.share_if > 0.88
        axes.annotate(
            f"{row.share_if:.1%}", (row.share_if, place), (-7 if near_edge else 7, 0),
            textcoords="offset points", va="center", ha="right" if near_edge else "left",
            color=colour, fontsize=8.5,
        )  # fmt: skip
    axes.set(xlim=(0, 1), ylim=(-0.5, len(effects) - 0.1), yticks=[], xlabel="", ylabel="")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(axis="x", visible=True)
    return axes


def _draw_cells(axes: Axes, rows: pd.DataFrame, colours: pd.Series, alphas: np.ndarray) -> None:
    """Fill one cell for each row's product (downwards) and year, under the name of the product."""
    products = sorted(rows["product"].unique())
    heights = rows["product"].map({code: -i for i, code in enumerate(products)})
    bars = axes.bar(rows["year"], 0.6, 0.92, bottom=heights - 0.4, color=list(colours))
    for bar, alpha in zip(bars, alphas, strict=True):
        bar.set(alpha=float(alpha), linewidth=0)
    axes.bar(rows["year"], 0.6, 0.92, bottom=heights - 0.4, color="none", edgecolor=GRID, lw=0.5)
    axes.set(ylim=(-len(products) + 0.45, 0.75), xlabel="", ylabel="")
    first, last = rows["year"].min(), rows["year"].max()
    axes.set(xlim=(first - 0.6, last + 0.6), xticks=labelled_years(first, last))
    axes.set_yticks([])
    for row, code in enumerate(products):
        axes.text(first - 0.46, 0.3 - row, trade.product_in_text(code), fontsize=8.5, color=INK)
    axes.grid(visible=False)


def _key_below(axes: Axes, keys: list[Patch]) -> Axes:
    axes.figure.legend(
        handles=keys, loc="outside lower center", ncols=len(keys), frameon=False, fontsize=8.5,
        handlelength=1.1, columnspacing=1.2, handletextpad=0.4, labelcolor=INK,
    )  # fmt: skip
    return axes
