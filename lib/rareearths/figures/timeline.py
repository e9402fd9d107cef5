"""Figures of policy events: who did what and when, and what it was laid over."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.lines import Line2D

from rareearths import policy
from rareearths.figures import spec
from rareearths.figures.look import INK, MUTED, PAPER
from rareearths.figures.shares import plot_share_lines

# Direction of a measure: colour and shape, so that neither alone carries the meaning.
DIRECTIONS = {
    "restrictive": ("#c8421a", "v", "triangle-down"),
    "liberalising": ("#0072b2", "^", "triangle-up"),
    "supportive": ("#1a8a5a", "o", "circle"),
    "contextual": ("#8a8f98", "D", "diamond"),
}
LANES = 6


def lanes(events: pd.DataFrame, most: int = LANES) -> pd.DataFrame:
    """One row for each event and each of its issuers, in lanes of the busiest issuers.

    Parameters
    ----------
    events : pandas.DataFrame
        Rows of `policy.load_events`.
    most : int
        Number of issuers with a lane of their own; the rest share the lane "Others".

    Returns
    -------
    pandas.DataFrame
        The events with ``lane`` (text); an event of two shown issuers stands in both lanes, one
        of several others once.
    """
    apart = events.explode("issuers").rename(columns={"issuers": "issuer"})
    busiest = list(apart["issuer"].value_counts().index[:most])
    apart["lane"] = apart["issuer"].where(apart["issuer"].isin(busiest), "others")
    names = {code: policy.name_of(code) for code in busiest} | {"others": "Others"}
    apart["lane"] = apart["lane"].map(names)
    order = list(names.values())
    apart["lane"] = pd.Categorical(apart["lane"], order, ordered=True).remove_unused_categories()
    return apart.drop_duplicates(["event_id", "lane"]).reset_index(drop=True)


def plot_timeline(axes: Axes, events: pd.DataFrame) -> Axes:
    """Draw the events in one lane an issuer, those of a quarter stacked; hollow: contested.

    Parameters
    ----------
    events : pandas.DataFrame
        Rows of `policy.load_events`.
    """
    if events.empty:
        raise ValueError("there is nothing to draw: no event")
    points = lanes(events)
    quarter = points["earliest"].dt.to_period("Q").dt.start_time
    points = points.assign(quarter=quarter)
    points["level"] = points.groupby(["lane", "quarter"], observed=True).cumcount()
    deepest = points.groupby("lane", observed=True)["level"].max() + 1
    base = (deepest + 1.2).cumsum() - deepest
    points["height"] = points["lane"].map(base).astype(float) + points["level"]
    for direction, (colour, marker, _) in DIRECTIONS.items():
        for contested in (False, True):
            chosen = points[(points["direction"] == direction) & (points["contested"] == contested)]
            face = PAPER if contested else colour
            axes.plot(
                chosen["quarter"], chosen["height"], marker, ms=4, color=colour, mfc=face, ls=""
            )
    axes.set(yticks=base - 0.2, yticklabels=list(base.index))
    axes.set_ylim(-0.2, float((base + deepest).max()) + 0.5)
    axes.invert_yaxis()
    axes.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=6))
    axes.xaxis.set_major_formatter(ConciseDateFormatter(axes.xaxis.get_major_locator()))
    shown = [d for d in DIRECTIONS if (points["direction"] == d).any()]
    handles = [
        Line2D([], [], color=DIRECTIONS[d][0], marker=DIRECTIONS[d][1], ls="", ms=4, label=d)
        for d in shown
    ]
    axes.figure.legend(
        handles=handles, loc="outside upper left", ncols=2, frameon=False, labelcolor=INK,
        fontsize=8.5, handletextpad=0.1, columnspacing=1.2,
    )  # fmt: skip
    return axes


def plot_events_over_shares(axes: Axes, dependence: pd.DataFrame, events: pd.DataFrame) -> Axes:
    """Draw one supplier's share by value and tonnes with the events as numbered thin lines.

    Parameters
    ----------
    dependence : pandas.DataFrame
        As for `plot_share_lines`.
    events : pandas.DataFrame
        Rows with ``earliest`` and ``number``; those outside the years of the shares are left out.
    """
    plot_share_lines(axes, dependence)
    axes.set_ylim(0, 1.25)
    axes.set_yticks(np.arange(0, 1.01, 0.2))
    first, last = dependence.index[0], dependence.index[-1]
    years = events["earliest"].dt.year + (events["earliest"].dt.day_of_year - 1) / 365.25
    shown = events.assign(position=(years * 2).round() / 2)[years.between(first, last + 1)]
    before, level = -np.inf, 0
    for position, numbers in shown.groupby("position"):
        level = (level + 1) % 3 if position - before < 1.6 else 0
        before = position
        label = ",".join(str(number) for number in numbers["number"])
        axes.axvline(min(position, last), color=MUTED, linewidth=0.7, zorder=0)
        axes.text(
            min(position, last), 1.05 + 0.07 * level, label,
            color=INK, fontsize=7.5, ha="center", va="center",
        )  # fmt: skip
    return axes


def timeline_chart(events: pd.DataFrame, pages: pd.DataFrame) -> dict:
    """Return the interactive timeline: hover for the event, zoom and drag in time.

    Parameters
    ----------
    events : pandas.DataFrame
        Rows of `policy.load_events`.
    pages : pandas.DataFrame
        Rows of `policy.load_sources`.
    """
    points = lanes(events)
    first = pages.sort_values("n").drop_duplicates("event_id").set_index("event_id")
    points["page"] = points["event_id"].map(first["publisher"].fillna(first["url"]))
    points["reading"] = points["contested"].map({True: "contested", False: "not contested"})
    points["instrument"] = points["instrument"].str.replace("_", " ")
    points["begins"] = points["earliest"].dt.strftime("%Y-%m-%dT00:00:00")
    columns = ["begins", "date", "lane", "direction", "instrument", "summary", "page"]
    columns += ["reading", "contested"]
    table = points[columns].astype({"lane": "str"})
    colours, _, shapes = zip(*DIRECTIONS.values(), strict=True)
    legend = {"columns": 2, "symbolType": None, "symbolStrokeWidth": 1.5}
    apart = {"legend": legend, "type": "nominal"}
    by_colour = spec.named("direction", DIRECTIONS, colours, **apart)
    return spec.chart(
        data=spec.values(table),
        height=48 * table["lane"].nunique(),
        params=[
            {"name": "zoom", "bind": "scales", "select": {"type": "interval", "encodings": ["x"]}}
        ],
        mark={"type": "point", "size": 70, "opacity": 0.85},
        encoding={
            "x": {"field": "begins", "type": "temporal", "scale": {"nice": "year"}},
            "y": {"field": "lane", "type": "nominal", "sort": list(points["lane"].cat.categories)},
            "yOffset": {"field": "direction", "type": "nominal", "sort": list(DIRECTIONS)},
            "fill": by_colour,
            "stroke": by_colour,
            "shape": spec.named("direction", DIRECTIONS, shapes, **apart),
            "fillOpacity": {
                "condition": {"test": "datum.contested", "value": 0},
                "value": 0.85,
            },
            "tooltip": spec.tooltip(
                date="Date", lane="Issuer", instrument="Instrument", summary="What",
                reading="Reading", page="Page",
            ),
        },
    )  # fmt: skip
