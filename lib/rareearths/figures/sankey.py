"""Flows from suppliers to buyers as bands whose width is the amount."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from rareearths.figures.look import INK, MUTED, economy_colours, economy_name, spread

GAP = 0.018  # between two nodes, in heights of the figure
_BAR = 0.03  # width of a node


def sankey_layout(bands: pd.DataFrame) -> pd.DataFrame:
    """Place the ends of the bands; both sides have one scale.

    Parameters
    ----------
    bands : pandas.DataFrame
        ``source``, ``target``, ``amount`` (above zero). Nodes stand in the order in which they
        come, from the top.

    Returns
    -------
    pandas.DataFrame
        The bands with ``source_low``, ``source_high``, ``target_low``, ``target_high``: heights
        in [0, 1]; high less low is the same at both ends and proportional to the amount.

    Raises
    ------
    ValueError
        No bands, or an amount that is not above zero.
    """
    if bands.empty or not (bands["amount"] > 0).all():
        raise ValueError("a band needs an amount above zero")
    sides = {side: list(dict.fromkeys(bands[side])) for side in ("source", "target")}
    most = max(len(nodes) for nodes in sides.values())
    scale = (1 - GAP * (most - 1)) / bands["amount"].sum()
    placed = bands.copy()
    for side, nodes in sides.items():
        other = "target" if side == "source" else "source"
        order = {node: i for i, node in enumerate(sides[other])}
        top = 1 - GAP * (most - len(nodes)) / 2
        for node in nodes:
            own = bands[bands[side] == node]
            own = own.iloc[np.argsort(own[other].map(order), kind="stable")]
            for label, amount in own["amount"].items():
                placed.loc[label, [f"{side}_low", f"{side}_high"]] = (top - scale * amount, top)
                top -= scale * amount
            top -= GAP
    return placed


def plot_sankey(axes: Axes, bands: pd.DataFrame, strong: list[str]) -> Axes:
    """Draw bands from suppliers (left) to buyers (right), in the colours of the suppliers.

    Parameters
    ----------
    bands : pandas.DataFrame
        See `sankey_layout`; ``others`` is the rest.
    strong : list of str
        Suppliers whose names are dark; the others are muted.
    """
    placed = sankey_layout(bands)
    sources = list(dict.fromkeys(bands["source"]))
    colours = dict(zip(sources, economy_colours(sources), strict=True))
    for row in placed.itertuples():
        axes.add_patch(PathPatch(_band(row), fc=colours[row.source], ec="none", alpha=0.5))
    total = bands["amount"].sum()
    axes.set(xlim=(-0.62, 1.62), ylim=(-0.01, 1.01))
    for side, x in (("source", 0.0), ("target", 1.0)):
        ends = placed.groupby(side, sort=False).agg(
            low=(f"{side}_low", "min"), high=(f"{side}_high", "max"), amount=("amount", "sum")
        )
        _label(axes, ends, x, total, colours if side == "source" else {}, strong)
    axes.axis("off")
    return axes


def _band(row) -> Path:
    """The outline of a band: straight ends, a Bezier curve above and one below."""
    left, right, middle = _BAR, 1 - _BAR, 0.5
    points = [
        (left, row.source_high), (middle, row.source_high), (middle, row.target_high),
        (right, row.target_high), (right, row.target_low), (middle, row.target_low),
        (middle, row.source_low), (left, row.source_low), (left, row.source_high),
    ]  # fmt: skip
    curve = [Path.CURVE4] * 3
    return Path(points, [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY])


def _label(
    axes: Axes, ends: pd.DataFrame, x: float, total: float, colours: dict, strong: list[str]
) -> None:
    """Draw the nodes of one side and write their names beside them, moved apart."""
    middles = ((ends["low"] + ends["high"]) / 2).to_numpy()
    places = spread(middles, 11 / (axes.figure.get_figheight() * 72 * 0.95))
    left = x == 0
    for (node, end), place in zip(ends.iterrows(), places, strict=True):
        start = x if left else x - _BAR
        colour = colours.get(node, MUTED)
        height = end["high"] - end["low"]
        axes.add_patch(Rectangle((start, end["low"]), _BAR, height, fc=colour, ec="none"))
        axes.text(
            x - 0.02 if left else x + 0.02, place,
            f"{economy_name(node)} {_share(end['amount'] / total)}",
            ha="right" if left else "left", va="center", fontsize=8.5,
            color=INK if not left or node in strong else MUTED,
        )  # fmt: skip


def _share(share: float) -> str:
    return "<1%" if share < 0.005 else f"{share:.0%}"
