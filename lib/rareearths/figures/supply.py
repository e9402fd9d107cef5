"""Figures of world supply: concentration, stages, reserves, prices, abundance."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import (
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    PercentFormatter,
)

from rareearths.figures.look import (
    BASIS_COLOURS,
    INK,
    MUTED,
    OTHERS_COLOUR,
    PAPER,
    WARM_COLOUR,
    draw_lines,
    economy_colours,
    economy_name,
    for_night,
    label_right,
)

_ELEMENT_COLOURS = {
    "neodymium": WARM_COLOUR,
    "praseodymium": "#7a8b2a",
    "dysprosium": BASIS_COLOURS["tonnes"],
    "terbium": BASIS_COLOURS["value"],
}
for_night(_ELEMENT_COLOURS.values())
_MARKS = {"at_least": ">", "more_than": ">", "up_to": "<", "less_than": "<"}


def mark_splices(axes: Axes, years: list[int]) -> Axes:
    """Draw a dotted upright line before each year from which on a series has another source.

    Years are marked whole, also where there is only one.
    """
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    for year in years:
        axes.axvline(year - 0.5, color=INK, linewidth=0.9, linestyle=(0, (1, 2)))
    return axes


def plot_mine_hhi(axes: Axes, bounds: pd.DataFrame) -> Axes:
    """Draw the HHI of mining by year between its bounds, with the marks 0.18, 0.25 and 0.4.

    Parameters
    ----------
    bounds : pandas.DataFrame
        Indexed by year: ``low``, ``high``, see `supply.mine_concentration`.
    """
    for threshold in (0.18, 0.25, 0.4):
        axes.axhline(threshold, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.fill_between(bounds.index, bounds["low"], bounds["high"], color=OTHERS_COLOUR, alpha=0.5)
    ends = draw_lines(axes, {"HHI": bounds["low"]}, {"HHI": INK})
    axes.set(ylim=(0, 1), yticks=(0, 0.18, 0.25, 0.4, 0.6, 0.8, 1))
    label_right(axes, ends, [f"HHI {ends['HHI']:.2f}"], [INK])
    return axes


def plot_outside(axes: Axes, sums: pd.DataFrame, exporter: str) -> Axes:
    """Draw mine output of one economy and of all others, in tonnes.

    Parameters
    ----------
    sums : pandas.DataFrame
        Indexed by year: ``inside_t``, ``outside_t``, see `supply.outside`.
    exporter : str
        ISO3 code for name and colour; not drawn where no year is known.
    """
    colours = {"inside_t": economy_colours([exporter])[0], "outside_t": INK}
    names = {"inside_t": economy_name(exporter), "outside_t": "All others"}
    ends = draw_lines(axes, {key: sums[key] for key in names}, colours)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: _tonnes(v)))
    label_right(axes, ends, [names[k] for k in ends.index], [colours[k] for k in ends.index])
    return axes


def _tonnes(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:,.4g} million"
    return f"{value:,.0f}" if value >= 1e4 else f"{value:,.4g}"


def plot_stages(axes: Axes, figures: pd.DataFrame) -> Axes:
    """Draw published shares, one row for each economy under its stage; newer ones are stronger.

    Filled marks are of the whole stage, hollow ones of a part; a bar is a printed range, a triangle
    points to where a bound leaves the share open.

    Parameters
    ----------
    figures : pandas.DataFrame
        ``stage_name``, ``economy``, ``year``, ``least``, ``most``, ``qualifier``,
        ``whole``, see `chain.stage_figures`.
    """
    rows = _stage_rows(figures)
    first, last = figures["year"].min(), figures["year"].max()
    for figure in figures.itertuples():
        colour = economy_colours([figure.economy])[0]
        place = rows.index((figure.stage_name, figure.economy)) + (-0.14 if figure.whole else 0.18)
        look = {
            "color": colour,
            "alpha": 1 - 0.65 * (last - figure.year) / max(1, last - first),
        }
        if figure.least < figure.most:
            axes.plot([figure.least, figure.most], [place] * 2, lw=3, **look)
        else:
            mark = _MARKS.get(figure.qualifier, "o")
            filled = colour if figure.whole else PAPER
            axes.plot(figure.least, place, mark, ms=5.5, mfc=filled, **look)
    _label_rows(axes, rows)
    axes.set(xlim=(-0.02, 1.02), ylim=(len(rows) - 0.5, -0.5), xticks=(0, 0.25, 0.5, 0.75, 1))
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    return axes


def _stage_rows(figures: pd.DataFrame) -> list[tuple[str, str]]:
    """Rows from the top: each stage as a heading, below it its economies, largest share first."""
    rows = []
    for stage, of_stage in figures.groupby("stage_name", sort=False):
        most = of_stage.groupby("economy")["most"].max().sort_values(ascending=False)
        rows += [(stage, ""), *((stage, economy) for economy in most.index)]
    return rows


def _label_rows(axes: Axes, rows: list[tuple[str, str]]) -> None:
    names = [economy_name(economy) if economy else stage for stage, economy in rows]
    axes.set_yticks(range(len(rows)), names)
    for label, (_, economy) in zip(axes.get_yticklabels(), rows, strict=True):
        if not economy:
            label.set(fontweight="bold", color=INK)


def plot_reserves(axes: Axes, table: pd.DataFrame, top: int = 8) -> Axes:
    """Draw share of reserves (bar) and share of output (diamond), largest reserves first.

    Parameters
    ----------
    table : pandas.DataFrame
        ``economy``, ``reserve_share``, ``output_share``, see `resources.reserves`.
    """
    shown = table.dropna(subset=["reserve_share"]).head(top)
    places = np.arange(len(shown))
    axes.barh(places, shown["reserve_share"], 0.6, color=economy_colours(list(shown["economy"])))
    axes.plot(shown["output_share"], places, "D", ms=6, color=INK, mec=PAPER, clip_on=False)
    axes.set_yticks(places, [economy_name(code) for code in shown["economy"]])
    axes.set(ylim=(len(shown) - 0.5, -0.5), xlim=(0, None))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    return axes


def plot_prices(axes: Axes, prices: pd.DataFrame) -> Axes:
    """Draw oxide prices on a logarithmic scale: averages as a line, ranges as upright bars.

    Parameters
    ----------
    prices : pandas.DataFrame
        ``year``, ``element``, ``price``, ``low``, ``high`` (US$ per kg), see
        `resources.magnet_prices`.
    """
    years = sorted(prices["year"].unique())
    lines = {name: part.set_index("year")["price"] for name, part in prices.groupby("element")}
    if prices["price"].notna().any():
        draw_lines(axes, lines, _ELEMENT_COLOURS)
    for row in prices.dropna(subset=["low"]).itertuples():
        colour = _ELEMENT_COLOURS[row.element]
        axes.plot([row.year] * 2, [row.low, row.high], lw=5, color=colour, solid_capstyle="butt")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"${v:,.0f}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set(xlim=(years[0] - 0.5, years[-1] + 0.5))
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
    last = prices.groupby("element").tail(1)
    heights = pd.Series(last["price"].fillna(last["high"]).to_numpy(), index=last["element"])
    colours = [_ELEMENT_COLOURS[name] for name in heights.index]
    label_right(axes, heights, [_price_label(row, years[-1]) for row in last.itertuples()], colours)
    return axes


def _price_label(row, last_year: int) -> str:
    price = f"${row.low:,.0f}–{row.high:,.0f}" if np.isnan(row.price) else f"${row.price:,.0f}"
    return f"{row.element.capitalize()} {price}" + (
        "" if row.year == last_year else f" ({row.year})"
    )


def plot_abundance(axes: Axes, table: pd.DataFrame, metals: pd.DataFrame) -> Axes:
    """Draw the abundance of each element in the crust, magnet elements filled, beside other metals.

    Parameters
    ----------
    table : pandas.DataFrame
        ``symbol``, ``ppm`` (parts per million by mass), ``magnet`` (bool), see
        `resources.abundance`.
    metals : pandas.DataFrame
        ``name``, ``ppm`` of the metals drawn as dashed lines, see `resources.yardsticks`.
    """
    for height in metals["ppm"]:
        axes.axhline(height, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
    for place, row in enumerate(table.itertuples()):
        axes.plot(place, row.ppm, "o", ms=6, color=INK, mfc=INK if row.magnet else PAPER)
    axes.set_xticks(range(len(table)), table["symbol"], fontsize=8)
    for symbol in axes.get_xticklabels()[1::2]:
        symbol.set_y(-0.055)  # in two rows, as they are close
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    axes.minorticks_off()
    names = list(metals["name"].str.capitalize())
    label_right(axes, metals["ppm"], names, [MUTED] * len(names))
    return axes
