"""A map of the world on which every economy is one tile of the same size.

Tiles stand in ``reference/tile_map.csv``. The two halves of the world are drawn one under the
other, so that a phone shows tiles large enough to be read; rows and columns of tiles without an
economy that matters are left out.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from rareearths import catalogue
from rareearths.figures import spec
from rareearths.figures.look import (
    BASIS_COLOURS,
    GRID,
    INK,
    MUTED,
    PAPER,
    WIDTH_IN,
    canvas,
    economy_name,
)

CLASSES = (  # lower end, name, strength of the colour
    (0.20, "20% or more", 1.0),
    (0.05, "5 to 20%", 0.62),
    (0.01, "1 to 5%", 0.36),
    (0.001, "0.1 to 1%", 0.16),
)
SMALLEST = CLASSES[-1][0]
_FEWEST = 11  # columns that an interactive map has room for, so that tiles stay small
_SPLIT = 17  # first column of Asia and Oceania
_COLOUR = BASIS_COLOURS["value"]


def tile_layout(matters: set[str]) -> pd.DataFrame:
    """Place the tiles that are drawn.

    Parameters
    ----------
    matters : set of str
        Economies whose rows and columns are kept.

    Returns
    -------
    pandas.DataFrame
        Indexed by economy: ``x`` and ``y`` (tiles, from 0, y downwards), unique; the eastern half
        below the western one.
    """
    tiles = catalogue.load("tile_map").set_index("economy")
    halves, top = [], 0
    for half in (tiles[tiles["column"] < _SPLIT], tiles[tiles["column"] >= _SPLIT]):
        kept = half[half.index.isin(matters)]
        rows, columns = sorted(kept["row"].unique()), sorted(kept["column"].unique())
        half = half[half["row"].isin(rows) & half["column"].isin(columns)]
        x = half["column"].map({column: i for i, column in enumerate(columns)})
        y = half["row"].map({row: i + top for i, row in enumerate(rows)})
        halves.append(pd.DataFrame({"x": x, "y": y}))
        top += len(rows) + bool(rows)
    return pd.concat(halves).astype(int)


def tile_canvas(layout: pd.DataFrame) -> Axes:
    """Return a canvas on which the tiles are squares as large as its width allows."""
    columns, rows = layout["x"].max() + 1, layout["y"].max() + 1
    return canvas(0.95 + rows * min(0.42, (WIDTH_IN - 0.1) / columns))


def plot_tile_map(
    axes: Axes, layout: pd.DataFrame, shares: pd.Series, members: list[str], exporter: str
) -> Axes:
    """Draw a tile for each economy, the stronger the larger its share; members are outlined.

    Parameters
    ----------
    layout : pandas.DataFrame
        See `tile_layout`.
    shares : pandas.Series
        Fractions by economy; below `SMALLEST` a tile stays empty.
    members : list of str
    exporter : str
        The supplier in question, outlined with a broken line.
    """
    size = axes.figure.get_size_inches()[0] / (layout["x"].max() + 1) * 72
    for economy, (x, y) in layout.iterrows():
        strength = _strength(shares.get(economy, 0.0))
        matters = strength > 0 or economy in members or economy == exporter
        _tile(axes, x, y, strength, GRID if not matters else PAPER)
        if matters:
            _outline(axes, x, y, economy in members, economy == exporter)
            axes.text(
                x, y, economy, ha="center", va="center", fontsize=min(8, size * 0.38),
                color=PAPER if strength == 1 else INK, zorder=4,
            )  # fmt: skip
    axes.set(xlim=(-0.6, layout["x"].max() + 0.6), ylim=(layout["y"].max() + 0.6, -0.6))
    axes.set_aspect("equal")
    axes.axis("off")
    return _key(axes)


def tile_chart(
    layout: pd.DataFrame, sold: pd.Series, basis: str, members: list[str], exporter: str
) -> dict:
    """Return the interactive `plot_tile_map`: name, share and amount of each economy.

    Parameters
    ----------
    layout : pandas.DataFrame
        See `tile_layout`.
    sold : pandas.Series
        What each economy sold to the members: current US$ or tonnes, as ``basis`` says.
    basis : {"value", "tonnes"}
    members : list of str
    exporter : str
    """
    amounts = sold.reindex(layout.index, fill_value=0.0)
    shares = amounts / sold.sum()
    roles = {exporter: "supplier in question"} | dict.fromkeys(members, "member")
    drawn = set(roles) | set(shares.index[shares >= SMALLEST])
    rows = layout.assign(
        code=[code if code in drawn else "" for code in layout.index],
        economy=layout.index.map(economy_name),
        role=[roles.get(code, "neither" if code in drawn else "small") for code in layout.index],
        part=shares.map(_class),
        full=shares >= CLASSES[0][0],
        outlined=[code in roles for code in layout.index],
        share=shares.map(lambda share: "<0.1%" if 0 < share < 0.0005 else f"{share:.1%}"),
        amount=amounts.map(lambda amount: spec.amount(amount, basis)),
    ).sort_values(["y", "x"])
    counts = {"x": max(_FEWEST, int(rows["x"].max()) + 1), "y": int(rows["y"].max()) + 1}
    size = spec.WIDTH_PX / counts["x"]
    outlines = ["member", "supplier in question", "neither", "small"]
    key = {"orient": "bottom", "columns": 2, "symbolSize": 120}
    outline_key = key | {
        "values": outlines[:2],
        "symbolFillColor": "transparent",
        "symbolStrokeWidth": 1.5,
    }
    names = [name for _, name, _ in CLASSES]
    dashes = [[1, 0], [3, 2], [1, 0], [1, 0]]
    fills = [f"color-mix(in srgb, {_COLOUR} {part:.0%}, transparent)" for *_, part in CLASSES]
    widths = spec.over(4, 0.9)
    outlined = {"test": "datum.outlined", "value": 2}
    tile = {
        "mark": "bar",
        "params": [spec.hover(["economy"])],
        "encoding": {
            "fill": spec.named("part", [*names, "less"], [*fills, "transparent"],
                               legend=key | {"values": names}),
            "stroke": spec.named("role", outlines, [INK, INK, MUTED, GRID], legend=outline_key),
            "strokeDash": spec.named("role", outlines, dashes, legend=outline_key),
            "strokeWidth": widths | {"condition": [widths["condition"], outlined]},
            "tooltip": spec.tooltip(economy="Economy", share="Share", amount=spec.AMOUNTS[basis]),
        },
    }  # fmt: skip
    on_full = {"test": "datum.full", "value": PAPER}
    code = {
        "mark": {"type": "text", "fontSize": min(10.5, 0.38 * size)},
        "encoding": {
            "text": {"field": "code", "type": "nominal"},
            "color": {"condition": on_full, "value": INK},
        },
    }
    places = {
        side: {"field": side, "type": "ordinal", "axis": None,
               "scale": {"domain": list(range(count)), "padding": 0.08}}
        for side, count in counts.items()
    }  # fmt: skip
    return spec.chart(
        data=spec.values(rows),
        width=spec.WIDTH_PX,
        height=round(size * counts["y"]),
        encoding=places,
        layer=[tile, code],
    )


def _class(share: float) -> str:
    return next((name for least, name, _ in CLASSES if share >= least), "less")


def _strength(share: float) -> float:
    return next((strength for least, _, strength in CLASSES if share >= least), 0.0)


def _tile(axes: Axes, x: int, y: int, strength: float, edge: str) -> None:
    box = (x - 0.46, y - 0.46)
    axes.add_patch(Rectangle(box, 0.92, 0.92, fc="none", ec=edge, lw=0.6))
    if strength:
        axes.add_patch(Rectangle(box, 0.92, 0.92, fc=_COLOUR, ec="none", alpha=strength, zorder=2))


def _outline(axes: Axes, x: int, y: int, member: bool, supplier: bool) -> None:
    style = (
        (1.5, "-", INK) if member else (1.5, (0, (2, 1.2)), INK) if supplier else (0.6, "-", MUTED)
    )
    width, line, colour = style
    box = Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, fc="none", ec=colour, lw=width, ls=line)
    box.set_zorder(3)
    axes.add_patch(box)


def _key(axes: Axes) -> Axes:
    keys = [Patch(fc=_COLOUR, ec="none", alpha=a, label=name) for _, name, a in CLASSES]
    keys.append(Patch(fc="none", ec=INK, lw=1.5, label="member"))
    keys.append(Patch(fc="none", ec=INK, lw=1.5, ls=(0, (2, 1.2)), label="supplier in question"))
    return key_below(axes, keys, 3)


def key_below(axes: Axes, keys: list, columns: int) -> Axes:
    """Write a key under the Axes, in so many columns."""
    axes.figure.legend(
        handles=keys, loc="outside lower center", ncols=columns, frameon=False, fontsize=8.5,
        handlelength=1.2, handleheight=1.0, columnspacing=1.2, labelcolor=INK,
    )  # fmt: skip
    return axes
