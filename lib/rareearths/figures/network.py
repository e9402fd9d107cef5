"""Figures of a bloc: its inside share, the look-through, who adds most, what can be lost."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from rareearths import trade
from rareearths.figures.frame import show
from rareearths.figures.look import (
    BASIS_COLOURS,
    GRID,
    INK,
    LINE_COLOURS,
    MUTED,
    OTHERS_COLOUR,
    PAPER,
    canvas,
    draw_lines,
    economy_colours,
    economy_name,
    label_right,
)
from rareearths.figures.tilemap import (
    SMALLEST,
    key_below,
    plot_tile_map,
    tile_canvas,
    tile_chart,
    tile_layout,
)

INSIDE_COLOUR = BASIS_COLOURS["tonnes"]
READINGS = {
    "none": "As sold",
    "proportional": "Proportional",
    "supplier_first": "Supplier's first",
}


def plot_inside_lines(axes: Axes, lines: dict[str, pd.Series]) -> Axes:
    """Draw shares by year, one line each, with the name and the last value at its end.

    Parameters
    ----------
    lines : dict of str to pandas.Series
        Fractions indexed by year, by the name of the line.
    """
    colours = dict(zip(lines, LINE_COLOURS, strict=False))
    ends = draw_lines(axes, lines, colours)
    top = max(series.max() for series in lines.values())
    axes.set_ylim(0, min(1.0, max(0.1, 1.15 * top)))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    labels = [f"{name} {end:.0%}" for name, end in ends.items()]
    label_right(axes, ends, labels, [colours[name] for name in ends.index])
    return axes


def plot_inside_shares(axes: Axes, shares: pd.DataFrame) -> Axes:
    """Draw the inside share by value and by tonnes, the gap between them shaded.

    As `plot_share_lines`, but the axis ends a little above the highest share.

    Parameters
    ----------
    shares : pandas.DataFrame
        See `network.inside_shares`.
    """
    value, tonnes = shares["share_value"], shares["share_tonnes"]
    axes.fill_between(shares.index, value, tonnes, color=OTHERS_COLOUR, alpha=0.18, lw=0)
    plot_inside_lines(axes, {"by value": value, "by tonnes": tonnes})
    thin = tonnes[shares["quantity_coverage"] < trade.LEAST_COVERAGE]
    axes.plot(thin.index, thin, "o", ms=4, color=BASIS_COLOURS["tonnes"], mfc=PAPER, clip_on=False)
    return axes


def plot_look_through(axes: Axes, table: pd.DataFrame, exporter: str) -> Axes:
    """Split the members' imports by seller and by what rests on the supplier, a bar a reading.

    Parameters
    ----------
    table : pandas.DataFrame
        See `origins.look_through`.
    exporter : str
        For its name and colour.
    """
    (colour,) = economy_colours([exporter])
    name = economy_name(exporter)
    parts = {
        f"{name}, direct": (table["direct"], colour, 1.0),
        f"members, from {name}": (table["inside_rests"], colour, 0.6),
        f"others, from {name}": (table["rest_rests"], colour, 0.3),
        "others": (table["rest"] - table["rest_rests"], OTHERS_COLOUR, 0.7),
        "members": (table["inside_left"], INSIDE_COLOUR, 1.0),
    }
    start = pd.Series(0.0, index=table.index)
    for widths, fill, strength in parts.values():
        axes.barh(range(len(table)), widths, 0.62, left=start, color=fill, alpha=strength)
        for place, (width, left) in enumerate(zip(widths, start, strict=True)):
            if width >= 0.06:
                axes.text(
                    left + width / 2, place, f"{width:.0%}", ha="center", va="center", fontsize=8,
                    color=PAPER if strength == 1 and fill == INSIDE_COLOUR else INK,
                )  # fmt: skip
        start = start + widths
    axes.set_yticks(range(len(table)), [READINGS[reading] for reading in table.index])
    axes.set(xlim=(0, 1), ylim=(len(table) - 0.5, -0.5))
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(visible=False)
    keys = [Patch(fc=fill, alpha=a, label=label) for label, (_, fill, a) in parts.items()]
    return key_below(axes, keys, 2)


def plot_marginal(axes: Axes, table: pd.DataFrame) -> Axes:
    """Draw what each economy changes in the inside share, as a supplier and as a buyer.

    Parameters
    ----------
    table : pandas.DataFrame
        ``economy``, ``member``, ``as_supplier``, ``as_buyer``, ``change`` (fractions), see
        `network.marginal`; drawn in this order from the top, members first.
    """
    places = range(len(table))
    sides = {"as a supplier": ("as_supplier", 0), "as a buyer": ("as_buyer", 1)}
    for label, (column, line) in sides.items():
        offset = -0.3 + 0.3 * line
        axes.barh(
            [place + offset for place in places], table[column] * 100, 0.27,
            color=LINE_COLOURS[line], label=label,
        )  # fmt: skip
    below = [place + 0.28 for place in places]
    axes.plot(table["change"] * 100, below, "D", ms=4.5, color=INK, label="both", clip_on=False)
    axes.axvline(0, color=MUTED, lw=0.8)
    inside = int(table["member"].sum())
    if 0 < inside < len(table):
        axes.axhline(inside - 0.5, color=MUTED, lw=0.9, ls=(0, (4, 3)))
    axes.set_yticks(places, [economy_name(code) for code in table["economy"]])
    axes.set(ylim=(len(table) - 0.5, -0.5), xlabel="")
    return _points(axes)


def plot_removal(axes: Axes, table: pd.DataFrame) -> Axes:
    """Draw what members lose without each supplier: a dot, and its range as a line.

    Parameters
    ----------
    table : pandas.DataFrame
        ``economy``, ``loss``, ``loss_low``, ``loss_high`` (fractions), see `nodes.removal`.
    """
    colours = economy_colours(list(table["economy"]))
    for place, (row, colour) in enumerate(zip(table.itertuples(), colours, strict=True)):
        axes.plot([row.loss_low, row.loss_high], [place] * 2, color=colour, lw=3.2, alpha=0.6,
                  solid_capstyle="butt")  # fmt: skip
        axes.plot(row.loss, place, "o", ms=6, color=colour, zorder=5, clip_on=False)
        axes.annotate(
            f"{row.loss:.0%} ({row.loss_low:.0%} to {row.loss_high:.0%})", (row.loss_high, place),
            (8, 0), textcoords="offset points", va="center", fontsize=8, color=INK,
            bbox={"fc": PAPER, "ec": "none", "pad": 0.8},
        )  # fmt: skip
    axes.set_yticks(range(len(table)), [economy_name(code) for code in table["economy"]])
    highest = max(0.05, table["loss_high"].max())
    ticks = MaxNLocator(4).tick_values(0, highest)
    axes.set(ylim=(len(table) - 0.5, -0.5), xlim=(0, max(1.55 * highest, ticks[-1])), xticks=ticks)
    axes.spines["bottom"].set_bounds(0, ticks[-1])
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    return axes


def show_tile_map(
    sold: pd.Series, members: list[str], exporter: str, basis: str, /, **texts
) -> None:
    """Show who supplies the members on a map of tiles; for ``texts`` see `frame.show`.

    Parameters
    ----------
    sold : pandas.Series
        What each economy sold to the members: current US$ or tonnes, as ``basis`` says.
    members : list of str
    exporter : str
    basis : {"value", "tonnes"}
    """
    shares = sold / sold.sum()
    large = set(shares.index[shares >= SMALLEST])
    layout = tile_layout(large | set(members) | {exporter})
    show(
        plot_tile_map(tile_canvas(layout), layout, shares, members, exporter),
        chart=tile_chart(layout, sold, basis, members, exporter),
        **texts,
    )


def marginal_canvas(rows: int) -> Axes:
    """Return a canvas with room for so many economies."""
    return canvas(0.9 + 0.36 * rows)


def _points(axes: Axes) -> Axes:
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g}" if value else "0"))
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True, color=GRID)
    both, *sides = axes.get_legend_handles_labels()[0]
    return key_below(axes, [*sides, both], 3)
