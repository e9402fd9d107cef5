"""Figures of policy events: who did what and when, and what it was laid over."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.lines import Line2D

from rareearths import policy, translation
from rareearths.figures import spec
from rareearths.figures.look import GRID, INK, MUTED, PAPER, for_night, labelled_years, spread
from rareearths.figures.shares import plot_share_lines

# Direction of a measure: colour and shape, so that neither alone carries the meaning.
DIRECTIONS = {
    "restrictive": ("#c8421a", "v", "triangle-down"),
    "liberalising": ("#0072b2", "^", "triangle-up"),
    "supportive": ("#1a8a5a", "o", "circle"),
    "contextual": ("#8a8f98", "D", "diamond"),
}
for_night([colour for colour, _, _ in DIRECTIONS.values()])
CONTESTED = (INK, "o", "circle")  # in the legend; such a mark is hollow, whatever its direction
LANES = 6
LEVEL_PX = 7  # of a mark in a stack of the interactive timeline
NARROW_PX = 320  # of a timeline that leaves a quarter no room for a whole mark
NUMBER_WIDTH = 0.075  # of a number above an Axes, as a part of its width

# Dates in figures, of years, months, days: without names of months, the same in each language.
_FORMATS = ["%Y", "%Y-%m", "%Y-%m-%d", "%H:%M", "%H:%M", "%S"]
# The same in the interactive timeline, whose labels nothing translates: of days, months, years.
_WRITTEN = {
    "en": ("%Y-%m-%d", "%Y-%m", "%Y"),
    "ja": ("%Y年%-m月%-d日", "%Y年%-m月", "%Y"),
}


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


def stacked(events: pd.DataFrame) -> pd.DataFrame:
    """Lay the events in `lanes`, those of a quarter on top of each other, sorted by direction.

    Parameters
    ----------
    events : pandas.DataFrame
        Rows of `policy.load_events`.

    Returns
    -------
    pandas.DataFrame
        As `lanes`, with ``quarter`` (its first day) and ``level`` (place in the stack, from 0).
    """
    points = lanes(events)
    points["quarter"] = points["earliest"].dt.to_period("Q").dt.start_time
    order = {direction: place for place, direction in enumerate(DIRECTIONS)}
    ordered = points.sort_values("direction", key=lambda names: names.map(order), kind="stable")
    points["level"] = ordered.groupby(["lane", "quarter"], observed=True).cumcount()
    return points


def plot_timeline(axes: Axes, events: pd.DataFrame) -> Axes:
    """Draw the events in one lane an issuer, those of a quarter stacked; hollow: contested.

    Parameters
    ----------
    events : pandas.DataFrame
        Rows of `policy.load_events`.
    """
    if events.empty:
        raise ValueError("there is nothing to draw: no event")
    points = stacked(events)
    deepest = points.groupby("lane", observed=True)["level"].max() + 1
    base = (deepest + 1).cumsum() - deepest
    heights = points["lane"].map(base).astype(float) + points["level"]
    for direction, (colour, marker, _) in DIRECTIONS.items():
        for contested in (False, True):
            chosen = (points["direction"] == direction) & (points["contested"] == contested)
            axes.plot(
                points.loc[chosen, "quarter"], heights[chosen], marker, ls="", color=colour,
                ms=2.8 if marker == "D" else 3.6, mew=0.8, mfc=PAPER if contested else colour,
            )  # fmt: skip
    axes.set(yticks=base, yticklabels=list(base.index))
    axes.set_ylim(float((base + deepest).max()), 0)
    axes.grid(axis="y", visible=False)
    for top in base.iloc[1:]:
        axes.axhline(top - 1, color=GRID, linewidth=0.8, zorder=0)
    locator = AutoDateLocator(minticks=3, maxticks=6)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(
        ConciseDateFormatter(
            locator,
            formats=_FORMATS,
            zero_formats=["", "%Y", *_FORMATS[1:5]],
            show_offset=False,
        )
    )
    handles = [
        Line2D([], [], color=colour, marker=marker, ls="", ms=4, label=name,
               mfc=PAPER if name == "contested" else colour)
        for name, (colour, marker, _) in _legend(points).items()
    ]  # fmt: skip
    axes.figure.legend(
        handles=handles, loc="outside upper left", ncols=2, frameon=False, labelcolor=INK,
        fontsize=8.5, handletextpad=0.1, columnspacing=1.2,
    )  # fmt: skip
    return axes


def _legend(points: pd.DataFrame) -> dict[str, tuple[str, str, str]]:
    """Return what the legend explains: the directions that occur, and what is contested."""
    occur = set(points["direction"])
    shown = {direction: look for direction, look in DIRECTIONS.items() if direction in occur}
    return shown | ({"contested": CONTESTED} if points["contested"].any() else {})


def plot_events_over_shares(axes: Axes, dependence: pd.DataFrame, events: pd.DataFrame) -> Axes:
    """Draw one supplier's share by value and tonnes with the events as numbered thin lines.

    The share of a year stands at the middle of the year, an event at its date.

    Parameters
    ----------
    dependence : pandas.DataFrame
        As for `plot_share_lines`.
    events : pandas.DataFrame
        Rows with ``earliest`` and ``number``; those outside the years of the shares are left out.
    """
    plot_share_lines(axes, dependence)
    first, last = int(dependence.index[0]), int(dependence.index[-1])
    axes.set(xlim=(first - 0.5, last + 0.5), xticks=labelled_years(first, last))
    shown = events[events["earliest"].dt.year.between(first, last)].sort_values("earliest")
    if len(shown):
        days = shown["earliest"].dt
        years = days.year - first + (days.day_of_year - 1) / (365 + days.is_leap_year)
        _number_lines(axes, (years / (last - first + 1)).to_numpy(), list(shown["number"]))
    return axes


def _number_lines(axes: Axes, places: np.ndarray, numbers: list[int]) -> None:
    """Draw upright lines at places in [0, 1] of the Axes, bent above it towards their numbers."""
    gap = min(NUMBER_WIDTH, 1 / len(places))
    for place, end, number in zip(places, _apart(places, gap), numbers, strict=True):
        axes.plot(
            [place, place, end], [0, 1.01, 1.07], color=MUTED, linewidth=0.7, zorder=0,
            transform=axes.transAxes, clip_on=False,
        )  # fmt: skip
        axes.text(
            end, 1.08, str(number), transform=axes.transAxes, color=INK, fontsize=8,
            ha="center", va="bottom",
        )  # fmt: skip


def _apart(places: np.ndarray, gap: float) -> np.ndarray:
    """Move rising places in [0, 1] apart to both sides, to at least ``gap``."""
    right = spread(places, gap)
    left = 1 - spread(1 - places[::-1], gap)[::-1]
    return (left + right) / 2


def timeline_chart(events: pd.DataFrame, pages: pd.DataFrame) -> dict:
    """Return the interactive timeline: hover for the event, zoom and drag in time.

    Parameters
    ----------
    events : pandas.DataFrame
        Rows of `policy.load_events`.
    pages : pandas.DataFrame
        Rows of `policy.load_sources`.
    """
    points = stacked(events)
    table = _rows(points, pages)
    levels = list(range(points["level"].max() + 1))
    lane_px = LEVEL_PX * (len(levels) + 1)
    legend = _legend(points)
    colours, _, shapes = zip(*legend.values(), strict=True)
    fills = [PAPER if name == "contested" else look[0] for name, look in legend.items()]
    key = {"columns": 2, "symbolType": None, "symbolStrokeWidth": 1.2}
    apart = {"type": "nominal", "legend": key}
    hollow = {"test": "datum.contested", "value": PAPER}
    return spec.chart(
        data=spec.values(table),
        height=lane_px * table["lane"].nunique(),
        params=[
            {"name": "zoom", "bind": "scales", "select": {"type": "interval", "encodings": ["x"]}}
        ],
        mark={"type": "point", "size": {"expr": f"width < {NARROW_PX} ? 14 : 30"},
              "strokeWidth": 1, "opacity": 1},
        encoding={
            "x": {"field": "begins", "type": "temporal", "scale": {"nice": "year"},
                  "axis": {"labelFlush": False, "labelExpr": _label()}},
            "y": {"field": "lane", "type": "nominal", "sort": list(points["lane"].cat.categories),
                  "scale": {"padding": 0},
                  "axis": {"tickBand": "extent", "grid": True, "ticks": False,
                           "labelOffset": LEVEL_PX - lane_px / 2}},
            "yOffset": {"field": "level", "type": "ordinal",
                        "scale": {"domain": levels, "padding": 1}},
            "fill": spec.named("direction", legend, fills, condition=hollow, **apart),
            "stroke": spec.named("direction", legend, colours, **apart),
            "shape": spec.named("direction", legend, shapes, **apart),
            "tooltip": spec.tooltip(
                date="Date", lane="Issuer", instrument="Instrument", summary="What",
                reading="Reading", page="Page",
            ),
        },
    )  # fmt: skip


def _label() -> str:
    day, month, year = _WRITTEN[translation.current()]
    forms = f"date(datum.value) > 1 ? '{day}' : month(datum.value) ? '{month}' : '{year}'"
    return f"timeFormat(datum.value, {forms})"


def _rows(points: pd.DataFrame, pages: pd.DataFrame) -> pd.DataFrame:
    """Return what the interactive timeline draws and tells of each mark, as text."""
    first = pages.sort_values("n").drop_duplicates("event_id")
    names = {page.event_id: policy.page_name(page) for page in first.itertuples()}
    told = points.assign(
        page=points["event_id"].map(names),
        reading=points["contested"].map({True: "contested", False: "not contested"}),
        instrument=points["instrument"].map(policy.instrument_name),
        begins=points["quarter"].dt.strftime("%Y-%m-%dT00:00:00"),
    )
    columns = ["begins", "level", "date", "lane", "direction", "instrument", "summary", "page"]
    return told[[*columns, "reading", "contested"]].astype({"lane": "str"})
