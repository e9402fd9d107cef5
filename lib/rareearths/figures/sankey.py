"""Flows from suppliers to buyers as bands whose width is the amount."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from rareearths.figures import spec
from rareearths.figures.look import INK, MUTED, economy_colours, economy_name, spread

GAP = 0.018  # between two nodes, in heights of the figure
_BAR = 0.03  # width of a node
_SIDES = (-0.62, 1.62)  # how far the names reach; bands run from 0 to 1
_CHART_PX = 330  # height of the interactive version


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
    axes.set(xlim=_SIDES, ylim=(-0.01, 1.01))
    for end in _ends(placed, strong, 11 / (axes.figure.get_figheight() * 72 * 0.95)).itertuples():
        height = end.high - end.low
        axes.add_patch(Rectangle((end.start, end.low), _BAR, height, fc=end.colour, ec="none"))
        axes.text(
            end.text_x, end.place, end.label, ha="left" if end.text_x > 0 else "right",
            va="center", fontsize=8.5, color=end.ink,
        )  # fmt: skip
    axes.axis("off")
    return axes


def sankey_chart(bands: pd.DataFrame, strong: list[str], basis: str) -> dict:
    """Return the interactive `plot_sankey`: from whom to whom how much, one flow lit at a time.

    Parameters
    ----------
    bands : pandas.DataFrame
        See `sankey_layout`; amounts in current US$ or tonnes, as ``basis`` says.
    strong : list of str
        See `plot_sankey`.
    basis : {"value", "tonnes"}
    """
    placed = sankey_layout(bands)
    sources = list(dict.fromkeys(bands["source"]))
    rows = placed.drop(columns="amount").assign(
        source=placed["source"].map(economy_name),
        target=placed["target"].map(economy_name),
        share=(placed["amount"] / placed["amount"].sum()).map(_share),
        text=placed["amount"].map(lambda amount: spec.amount(amount, basis)),
    )
    x = {"type": "quantitative", "axis": None, "scale": {"domain": _SIDES, "nice": False}}
    y = {"type": "quantitative", "axis": None, "scale": {"domain": [0, 1], "nice": False}}
    names = map(economy_name, sources)
    flows = {
        "data": spec.values(rows),
        "transform": [  # a band is drawn through 25 points of a smooth step
            {"calculate": "sequence(0, 1.01, 1 / 24)", "as": "way"},
            {"flatten": ["way"]},
            {"calculate": "datum.way * datum.way * (3 - 2 * datum.way)", "as": "step"},
            *(
                {"calculate": f"datum.source_{end} * (1 - datum.step) + datum.target_{end} "
                 "* datum.step", "as": end}
                for end in ("low", "high")
            ),
            {"calculate": f"{_BAR} + {1 - 2 * _BAR} * datum.way", "as": "x"},
        ],
        "params": [spec.hover(["source", "target"])],
        "mark": {"type": "area"},
        "encoding": {
            "x": {"field": "x", **x},
            "y": {"field": "low", **y},
            "y2": {"field": "high"},
            "detail": [{"field": "source"}, {"field": "target"}],
            "color": spec.named("source", names, economy_colours(sources), legend=None),
            "opacity": spec.over(1, 0.5),
            "tooltip": spec.tooltip(
                source="From", target="To", share="Share", text=spec.AMOUNTS[basis]
            ),
        },
    }  # fmt: skip
    ends = _ends(placed, strong, 14 / _CHART_PX)
    ends["stop"] = ends["start"] + _BAR
    plain = {"scale": None, "type": "nominal"}
    nodes = {
        "mark": "rect",
        "encoding": {
            "x": {"field": "start", **x}, "x2": {"field": "stop"},
            "y": {"field": "low", **y}, "y2": {"field": "high"},
            "color": {"field": "colour", **plain},
        },
    }  # fmt: skip
    labels = [
        {
            "transform": [{"filter": f"datum.text_x {side} 0"}],
            "mark": {"type": "text", "align": align},
            "encoding": {
                "x": {"field": "text_x", **x},
                "y": {"field": "place", **y},
                "text": {"field": "label"},
                "color": {"field": "ink", **plain},
            },
        }
        for side, align in (("<", "right"), (">", "left"))
    ]
    return spec.chart(
        width=spec.WIDTH_PX,
        height=_CHART_PX,
        layer=[flows, {"data": spec.values(ends), "layer": [nodes, *labels]}],
        resolve={"scale": {"color": "independent"}},
    )


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


def _ends(placed: pd.DataFrame, strong: list[str], gap: float) -> pd.DataFrame:
    """The nodes of both sides with bar, name and colours, names ``gap`` apart.

    ``start`` is the left end of a bar from ``low`` to ``high``; the ``label`` of each stands at
    ``text_x`` and ``place``.
    """
    total, sides = placed["amount"].sum(), []
    for side, start, text_x in (("source", 0.0, -0.02), ("target", 1 - _BAR, 1.02)):
        ends = placed.groupby(side, sort=False).agg(
            low=(f"{side}_low", "min"), high=(f"{side}_high", "max"), amount=("amount", "sum")
        )
        names, left = list(ends.index), side == "source"
        shares = ends["amount"] / total
        sides.append(
            ends.drop(columns="amount").assign(
                start=start,
                text_x=text_x,
                place=spread(((ends["low"] + ends["high"]) / 2).to_numpy(), gap),
                label=[f"{economy_name(n)} {_share(s)}" for n, s in shares.items()],
                colour=economy_colours(names) if left else MUTED,
                ink=[INK if not left or name in strong else MUTED for name in names],
            )
        )
    return pd.concat(sides, ignore_index=True)


def _share(share: float) -> str:
    return "<1%" if share < 0.005 else f"{share:.0%}"
