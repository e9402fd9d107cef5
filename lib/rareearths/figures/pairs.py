"""Figures of two importers: exposure, suppliers, overlap, mutual trade, instruments."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from rareearths import stages, supply, trade
from rareearths.cooperation import accords, pair_answers, pairs
from rareearths.figures.frame import show
from rareearths.figures.look import (
    BASIS_COLOURS,
    GRID,
    INK,
    MUTED,
    OTHERS_COLOUR,
    PAPER,
    canvas,
    draw_lines,
    economy_colours,
    economy_name,
    labelled_years,
    percent,
)
from rareearths.figures.shares import hollow_note, plot_share_lines
from rareearths.words import show_number

_NUMBERS_BESIDE = 12  # numbers that find room beside one another in `plot_instruments`


def plot_exposure(axes: Axes, exposure: pd.DataFrame, pair: pairs.Pair) -> Axes:
    """Draw the exporter's share of what each buys: a bar between value (hollow) and tonnes.

    Parameters
    ----------
    exposure : pandas.DataFrame
        See `pairs.exposure`; rows without a share are left out.
    pair : (str, str)
    """
    known = exposure.dropna(subset=["share_value"])
    order = [stage for stage in stages.ORDER if stage in set(known["stage"])]
    colours = dict(zip(pair, economy_colours(list(pair)), strict=True))
    labels = {}
    for row in known.itertuples():
        place = order.index(row.stage) * 2.6 + list(pair).index(row.importer)
        labels[place] = f"{economy_name(row.importer)}, {row.goods}"
        look = {"color": colours[row.importer], "zorder": 3, "clip_on": False}
        ends = [row.share_value] + ([] if np.isnan(row.share_tonnes) else [row.share_tonnes])
        axes.plot([min(ends), max(ends)], [place] * 2, lw=3, **look)
        axes.plot(row.share_value, place, "o", ms=7, mfc=PAPER, **look)
        axes.plot(ends[1:], [place] * len(ends[1:]), "o", ms=7, **look)
        said = " to ".join(dict.fromkeys(supply.share_text(end) for end in sorted(ends)))
        axes.annotate(
            said, (max(ends), place), (8, 0), textcoords="offset points", va="center",
            fontsize=8.5, color=INK, bbox={"fc": PAPER, "ec": "none", "pad": 0.8},
        )  # fmt: skip
    axes.set_yticks(list(labels), list(labels.values()))
    axes.set_ylim(max(labels) + 0.7, -0.7)
    return _share_axis(axes, right=1.45)


def _share_axis(axes: Axes, right: float = 1.3) -> Axes:
    """Give the Axes a horizontal axis of shares that ends at 100%, with room for labels after."""
    axes.set(xlim=(0, right), xticks=np.arange(0, 1.01, 0.25))
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.spines["bottom"].set_bounds(0, 1)
    axes.tick_params(axis="y", pad=7)  # a mark at 0% reaches over the edge
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    return axes


def plot_side_by_side(axes: Axes, found: pd.DataFrame, weights: pd.DataFrame, pair) -> Axes:
    """Draw the largest suppliers of both: a bar each by value, a diamond by tonnes.

    Parameters
    ----------
    found, weights : pandas.DataFrame
        See `pairs.shares`, by value and by tonnes; the second one may be empty.
    pair : (str, str)
    """
    names = found[["first", "second"]].max(axis=1).nlargest(6).index
    shown = found.loc[[name for name in found.index if name in names]]
    shown = shown.iloc[np.argsort(-shown[["first", "second"]].max(axis=1), kind="stable")]
    colours = economy_colours(list(pair))
    for side, shift, colour in zip(("first", "second"), (-0.2, 0.2), colours, strict=True):
        places = np.arange(len(shown)) + shift
        axes.barh(places, shown[side], 0.36, color=colour, zorder=2)
        tonnes = weights[side].reindex(shown.index) if len(weights) else shown[side] * np.nan
        sold = tonnes.where(tonnes > 0)
        axes.plot(sold, places, color=INK, zorder=3, clip_on=False, **_DIAMOND)
        for place, share, weight in zip(places, shown[side], tonnes, strict=True):
            text = percent(share) + ("" if np.isnan(weight) else f" / {percent(weight)}")
            axes.text(1.04, place, text, va="center", fontsize=8, color=INK)
    for place in range(1, len(shown)):
        axes.axhline(place - 0.5, color=GRID, lw=0.6)
    axes.set_yticks(range(len(shown)), [economy_name(code) for code in shown.index])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    keys = _keys(pair) + ([Line2D([], [], color=INK, label="by tonnes", **_DIAMOND)]
                          if len(weights) else [])  # fmt: skip
    _key_above(axes, keys)
    return _share_axis(axes)


_DIAMOND = {"ls": "", "marker": "D", "ms": 4, "mfc": PAPER}


def _keys(pair: pairs.Pair, label: str = "{name}") -> list[Patch]:
    """A square for each of the two, in its colour."""
    return [
        Patch(fc=colour, label=label.format(name=economy_name(code)))
        for code, colour in zip(pair, economy_colours(list(pair)), strict=True)
    ]


def _key_above(axes: Axes, keys: list) -> None:
    axes.figure.legend(
        handles=keys, loc="outside upper left", ncols=len(keys), frameon=False, labelcolor=INK,
        fontsize=8.5, handlelength=1.0, columnspacing=1.2,
    )  # fmt: skip


def plot_overlap(axes: Axes, of_stage: pd.DataFrame) -> Axes:
    """Draw the overlap of two structures by year, by value and tonnes; dotted: the exporter's part.

    Parameters
    ----------
    of_stage : pandas.DataFrame
        Rows of `pairs.by_year` of one stage, indexed by year.
    """
    plot_share_lines(axes, of_stage)
    for basis, colour in BASIS_COLOURS.items():
        part = of_stage[f"exporter_{basis}"].reindex(
            range(int(of_stage.index.min()), int(of_stage.index.max()) + 1)
        )
        axes.plot(part.index, part, color=colour, lw=1.3, ls=(0, (1, 1.6)))
    first, last = int(of_stage.index.min()), int(of_stage.index.max())
    axes.set_xticks(labelled_years(first, last))
    axes.set_xlim(right=axes.get_xlim()[1] + 0.02 * (last - first))  # for a dot of the last year
    return axes


def plot_mutual(axes: Axes, rows: pd.DataFrame, pair: pairs.Pair) -> Axes:
    """Draw what the two sell each other at one stage, million US$; a year without a flow is a gap.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of `pair_tables.bilateral` of one stage.
    pair : (str, str)
    """
    lines = {
        code: rows[rows["exporter"] == code].set_index("year")["value_usd"] / 1e6 for code in pair
    }
    colours = dict(zip(pair, economy_colours(list(pair)), strict=True))
    drawn = draw_lines(axes, lines, colours).index
    for line in axes.get_lines():
        line.set_clip_on(False)
    ticks = MaxNLocator(4).tick_values(0, rows["value_usd"].max() / 1e6)
    axes.set(ylim=(0, ticks[-1]), yticks=ticks)
    axes.set_xticks(labelled_years(int(rows["year"].min()), int(rows["year"].max())))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.4g}"))
    keys = _keys(pair, "{name} sold")
    _key_above(axes, [key for code, key in zip(pair, keys, strict=True) if code in drawn])
    return axes


def plot_instruments(axes: Axes, events: pd.DataFrame) -> Axes:
    """Draw numbered instruments by year, in a lane each for who took part.

    Parameters
    ----------
    events : pandas.DataFrame
        See `accords.load`: ``earliest``, ``how``, ``number``.
    """
    if events.empty:
        raise ValueError("there is nothing to draw: no instrument")
    shown = [how for how in accords.HOW if how in set(events["how"])]
    points = _in_levels(events)
    base, ticks = 0.0, []
    for how in shown:
        lane = points[points["how"] == how]
        ticks.append(base)
        for point in lane.itertuples():
            axes.text(
                point.year, base + point.level, str(point.number), ha="center", va="center",
                fontsize=8, color=INK,
                bbox={"boxstyle": "round,pad=0.12", "fc": PAPER, "ec": MUTED, "lw": 0.8},
            )  # fmt: skip
        base += lane["level"].max() + 1.7
        axes.axhline(base - 0.85, color=OTHERS_COLOUR, lw=0.5)
    first, last = points["year"].min(), points["year"].max()
    axes.set_yticks(ticks, shown)
    axes.set(ylim=(base - 0.85, -0.85), xlim=(first - 1, last + 1))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.grid(axis="y", visible=False)
    return axes


def _in_levels(events: pd.DataFrame) -> pd.DataFrame:
    """Add ``year`` and ``level``: numbers of years that are close stand below one another."""
    points = events.assign(year=events["earliest"].dt.year, level=0)
    points = points.sort_values("year", kind="stable")
    apart = (points["year"].max() - points["year"].min() + 2) / _NUMBERS_BESIDE
    for _, lane in points.groupby("how"):
        last = {}  # year of the newest number by level
        for row in lane.itertuples():
            level = 0
            while row.year - last.get(level, -np.inf) < apart:
                level += 1
            last[level] = row.year
            points.loc[row.Index, "level"] = level
    return points


def instruments_height(events: pd.DataFrame) -> float:
    """Height in inches that `plot_instruments` needs."""
    deepest = _in_levels(events).groupby("how")["level"].max() + 1
    return 0.7 + 0.22 * float((deepest + 0.7).sum())


def show_side_by_side(flows: pd.DataFrame, newest: pd.DataFrame, pair: pairs.Pair, **facts) -> None:
    """Show one figure a stage: the largest suppliers of both, see `plot_side_by_side`."""
    for row in newest.itertuples():
        part = flows[(flows["stage"] == row.stage) & (flows["year"] == row.year)]
        found, weights = pairs.shares(part, pair), pairs.shares(part, pair, "tonnes")
        weights = weights[:0] if np.isnan(row.share_tonnes) else weights
        show(
            plot_side_by_side(canvas(0.9 + 0.36 * min(6, len(found))), found, weights, pair),
            title="{plural}: {common} in common in {year}",
            subtitle="Share of each supplier by value (bars){diamonds}",
            alt="Bars: the largest suppliers of {first} and of {second} in {year}.",
            data=_side_data(found, weights, pair),
            **_about(row, facts)
            | {"diamonds": " / by tonnes (diamonds)" if len(weights) else "", "year": row.year},
        )


def show_overlaps(table: pd.DataFrame, newest: pd.DataFrame, **facts) -> None:
    """Show one figure a stage: the overlap by year, see `plot_overlap`."""
    for row in newest.itertuples():
        of_stage = table[table["stage"] == row.stage].set_index("year")
        show(
            plot_overlap(canvas(2.3), of_stage),
            title=pair_answers.trend_title(table[table["stage"] == row.stage]),
            subtitle="Overlap of suppliers; dotted: {exporter} alone" + hollow_note(of_stage),
            alt="Lines by year, {start} to {year}: overlap of the suppliers of both.",
            data=_overlap_data(of_stage),
            **facts | _about(row, facts) | {"start": int(of_stage.index.min()), "year": row.year},
        )


def show_mutual(rows: pd.DataFrame, pair: pairs.Pair, **facts) -> None:
    """Show one figure a stage with mutual trade in two years or more, see `plot_mutual`."""
    for stage in stages.present(rows):
        part = rows[rows["stage"] == stage]
        if part["year"].nunique() < 2:
            continue
        last = part[part["year"] == part["year"].max()].nlargest(1, "value_usd").iloc[0]
        show(
            plot_mutual(canvas(2.2), part, pair),
            title="{plural}: {seller} sold {worth} to {buyer} in {year}",
            subtitle="What the two sell each other, million US$",
            alt="Lines by year: {plural} that {first} and {second} sell each other.",
            data=part.drop(columns="stage"),
            **facts
            | {
                "plural": stages.PLURALS[stage].capitalize(),
                "seller": trade.economy_in_text(last["exporter"]),
                "buyer": trade.economy_in_text(last["importer"]),
                "worth": show_number(last["value_usd"], "usd"),
                "year": int(last["year"]),
                "source": stages.magnet_source() if stage == stages.MAGNETS else facts["source"],
            },
        )


def _side_data(found: pd.DataFrame, weights: pd.DataFrame, pair: pairs.Pair) -> pd.DataFrame:
    sides = {"value": found, "tonnes": weights}
    named = [
        part[["first", "second"]].set_axis([f"{code} {basis}" for code in pair], axis=1)
        for basis, part in sides.items()
    ]
    return named[0].join(named[1]).rename_axis("supplier").reset_index()


def _overlap_data(of_stage: pd.DataFrame) -> pd.DataFrame:
    names = {f"{name}_{basis}": f"{said} {basis}" for basis in trade.BASES
             for name, said in (("share", "overlap"), ("exporter", "of it"))}  # fmt: skip
    return of_stage[list(names)].rename(columns=names).reset_index()


def _about(row, facts: dict) -> dict:
    source = stages.magnet_source() if row.stage == stages.MAGNETS else facts["source"]
    plural = stages.PLURALS[row.stage].capitalize()
    return facts | {"plural": plural, "common": pairs.span_text(row), "source": source}
