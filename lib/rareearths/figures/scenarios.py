"""Figures of the levers: fans, bottlenecks by year, waterfalls, which assumption decides."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from rareearths.figures import spec
from rareearths.figures.frame import show
from rareearths.figures.look import (
    BASIS_COLOURS,
    INK,
    MUTED,
    PAPER,
    THIRD_COLOUR,
    WARM_COLOUR,
    canvas,
    draw_lines,
    for_night,
    label_right,
    labelled_years,
)
from rareearths.figures.table import show_table
from rareearths.figures.tilemap import key_below
from rareearths.scenarios import answers, levers, outlook, packages
from rareearths.scenarios.party import GROUPS
from rareearths.scenarios.tables import lever_table, path_table, points_text
from rareearths.words import ranged, show_number, with_signs

_CHOSEN, _OTHERS = BASIS_COLOURS["tonnes"], (MUTED, THIRD_COLOUR, BASIS_COLOURS["value"])
_WEDGES = for_night(["#a6761d", "#56b4e9", "#0072b2", "#009e73", "#cc79a7"])
_WEDGE_NAMES = {"mining": "Mines", "separation": "Separation", "making": "Metal, magnets",
                "saving": "Saving", "recycling": "Recycling"}  # fmt: skip
_BOARD = (MUTED, _CHOSEN)  # halfway, and in the last year
_SHOWN = 0.005  # of draws, what a whole number of per cent shows
_SPAN = 0.2  # of the whole, the least that a scale of shares shows
_CUT, _RISE = BASIS_COLOURS["tonnes"], WARM_COLOUR


def plot_fan(axes: Axes, fans: dict[str, pd.DataFrame], chosen: str, target: float) -> Axes:
    """Draw the dependence by year: the chosen package as a fan, the others as medians.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    fans : dict of str to pandas.DataFrame
        By the name of the package: ``year``, ``median``, ``low50``, ``high50``, ``low90``,
        ``high90`` (fractions), see `outlook.fan`.
    chosen : str
        Name of the package whose bands (50 and 90% of draws) are drawn.
    target : float
        Share that is marked by a dashed line.
    """
    own = fans[chosen]
    for ends, alpha in ((("low90", "high90"), 0.18), (("low50", "high50"), 0.32)):
        low, high = (own[end] for end in ends)
        axes.fill_between(own["year"], low, high, color=_CHOSEN, alpha=alpha, lw=0)
    axes.axhline(target, color=INK, lw=0.9, linestyle=(0, (4, 3)))
    spare = iter(_OTHERS)
    colours = {name: _CHOSEN if name == chosen else next(spare) for name in fans}
    ends = draw_lines(axes, {n: f.set_index("year")["median"] for n, f in fans.items()}, colours)
    axes.set(ylim=(0, 1), xticks=labelled_years(own["year"].min(), own["year"].max()))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    labels = [f"{name.split(' US-')[0]} {end:.0%}" for name, end in ends.items()]
    label_right(axes, ends, labels, [colours[name] for name in ends.index])
    return axes


def plot_bottlenecks(axes: Axes, table: pd.DataFrame) -> Axes:
    """Draw in how many draws each stage binds, a row a stage and a column a year.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    table : pandas.DataFrame
        Share of draws, indexed by stage, a column a year; see `outlook.bottlenecks`.
    """
    for place, stage in enumerate(table.index):
        for column, share in enumerate(table.loc[stage]):
            axes.add_patch(_cell(column, place, share))
            if share >= _SHOWN:
                text = f"{100 * share:.0f}"
                axes.text(column, place, text, ha="center", va="center", fontsize=8, color=INK)
        if table.loc[stage].max() < _SHOWN:
            middle = (table.shape[1] - 1) / 2
            axes.text(middle, place, "none", ha="center", va="center", fontsize=8, color=MUTED)
    axes.set(xlim=(-0.5, table.shape[1] - 0.5), ylim=(len(table) - 0.5, -0.5))
    axes.set_yticks(range(len(table)), [_stage(stage) for stage in table.index])
    shown = labelled_years(table.columns.min(), table.columns.max())
    axes.set_xticks([table.columns.get_loc(year) for year in shown], [str(y) for y in shown])
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines["bottom"].set_visible(False)
    return axes


def plot_waterfall(axes: Axes, table: pd.DataFrame) -> Axes:
    """Draw how the dependence moves from the base year to the last, step by step, from the top.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    table : pandas.DataFrame
        ``step``, ``label``, ``mean``, ``low``, ``high`` (fractions), see `levers.waterfall`.
        Whiskers are the middle 90% of draws. The scale shows what is moved over, not all from 0.
    """
    level, reached = 0.0, []
    for place, row in enumerate(table.itertuples()):
        total = row.step in ("base", "end")
        start = 0.0 if total else level
        if total:
            axes.plot(row.mean, place, "o", ms=6, color=INK)
        else:
            colour = _CUT if row.mean <= 0 else _RISE
            axes.barh(place, row.mean, 0.62, left=start, color=colour, alpha=0.6)
        axes.plot([start + row.low, start + row.high], [place] * 2, color=INK, lw=1.1)
        level = row.mean if total else level + row.mean
        right = max(start, level, start + row.high)
        reached += [right, min(level, start + row.low)]
        text = f"{row.mean:.0%}" if total else _points(row.mean)
        axes.annotate(text, (right, place), (4, 0), textcoords="offset points", va="center",
                      fontsize=8.5, color=INK)  # fmt: skip
    low, high = _span(reached)
    axes.set(xlim=(low, high + 0.14 * (high - low)), ylim=(len(table) - 0.5, -0.5))
    axes.xaxis.set_major_locator(_Shares(4))
    axes.set_yticks(range(len(table)), list(table["label"]))
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    return axes


def plot_wedges(axes: Axes, table: pd.DataFrame) -> Axes:
    """Draw what each lever takes off the dependence, year by year, between two paths.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    table : pandas.DataFrame
        ``year``, ``step``, ``mean`` (fractions), see `levers.by_year`. The upper line is the path
        with nothing new, the lower one that of the package; one wedge a lever between them. The
        scale shows what they move over, not all from 0.
    """
    wide = table.pivot(index="year", columns="step", values="mean")
    upper, middles, colours = wide["none"], {}, dict(zip(packages.LEVERS, _WEDGES, strict=True))
    for lever in packages.LEVERS:
        lower = upper + wide[lever]
        axes.fill_between(wide.index, lower, upper, color=colours[lever], alpha=0.75, lw=0)
        middles[lever], upper = (upper.iloc[-1] + lower.iloc[-1]) / 2, lower
    axes.plot(wide.index, wide["none"], color=MUTED, lw=1)
    axes.plot(wide.index, wide["end"], color=INK, lw=2.2)
    first, end = wide.index.min(), wide.index.max()
    axes.set(xlim=(first, end), xticks=labelled_years(first, end))
    axes.set_ylim(_span(wide[["none", "end"]].to_numpy().ravel()))
    axes.yaxis.set_major_locator(_Shares(5))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    last = wide.iloc[-1]
    shown = [lever for lever in packages.LEVERS if last[lever] < -answers.SMALL]
    texts = [f"{_WEDGE_NAMES[lever]} {_points(last[lever])}" for lever in shown]
    room = 0.03 * np.ptp(axes.get_ylim())
    heights = [last["none"] + room, *[middles[lever] for lever in shown], last["end"] - room]
    label_right(
        axes,
        pd.Series(heights),
        [f"Nothing new {last['none']:.0%}", *texts, f"All of it {last['end']:.0%}"],
        [INK] * len(heights),
        marks=[MUTED, *[colours[lever] for lever in shown], INK],
    )
    return axes


def board_effects(table: pd.DataFrame, years: tuple[int, int]) -> pd.DataFrame:
    """The effects of a lever board as numbers, one row a lever and year; the stock has none.

    Returns
    -------
    pandas.DataFrame
        ``lever``, ``setting``, ``year``, ``change``, ``low``, ``high`` (fractions), ``binds``.
    """
    parts = [
        table[["lever", "setting"]].assign(
            year=year,
            change=table[name],
            low=table[f"{name}_low"],
            high=table[f"{name}_high"],
            binds=table[binds],
        )
        for name, binds, year in zip(("mid", "end"), ("binds_mid", "binds"), years, strict=True)
    ]
    return pd.concat(parts).dropna(subset=["change"]).sort_index(kind="stable")


def plot_board(axes: Axes, table: pd.DataFrame, years: tuple[int, int]) -> Axes:
    """Draw what each lever changes alone in both years: a dot, and 90% of draws as a line.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    table : pandas.DataFrame
        See `board.board`.
    years : (int, int)
        Those of the board.
    """
    effects = board_effects(table, years)
    levers = list(dict.fromkeys(effects["lever"]))
    for year, colour, shift in zip(years, _BOARD, (-0.17, 0.17), strict=True):
        shown = effects[effects["year"] == year]
        for place, row in enumerate(shown.itertuples()):
            ends = [100 * row.low, 100 * row.high]
            axes.plot(ends, [place + shift] * 2, color=colour, lw=3, alpha=0.45)
            axes.annotate(
                _points(row.change), (min(0, ends[0]), place + shift), (-5, 0),
                textcoords="offset points", ha="right", va="center", fontsize=8, color=INK,
            )  # fmt: skip
        places = [place + shift for place in range(len(shown))]
        axes.plot(100 * shown["change"], places, "o", ms=5.5, color=colour, mec=PAPER, mew=0.6,
                  label=str(year))  # fmt: skip
    axes.axvline(0, color=INK, lw=0.8)
    axes.set_yticks(range(len(levers)), levers)
    axes.set(ylim=(len(levers) - 0.5, -0.5))
    least, most = axes.get_xlim()
    axes.set_xlim(least - 0.15 * (most - least), most)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: with_signs(f"{value:g}")))
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    return key_below(axes, axes.get_legend_handles_labels()[0], 2)


def board_chart(table: pd.DataFrame, years: tuple[int, int]) -> dict:
    """Return the interactive `plot_board`: effect, range, setting and what binds."""
    rows = board_effects(table, years)
    rows = rows.assign(
        points=100 * rows["change"],
        low=100 * rows["low"],
        high=100 * rows["high"],
        label=rows["change"].map(_points),
        effect=[points_text(*row) for row in rows[["change", "low", "high"]].to_numpy()],
    )
    order = list(dict.fromkeys(rows["lever"]))
    points = {"type": "quantitative", "axis": {"tickCount": 5}}
    colours = spec.named("year", years, _BOARD)
    told = spec.tooltip(
        lever="Lever", year="Year", effect="Effect, points (90% of draws)", setting="How far",
        binds="What binds then",
    )  # fmt: skip
    span = {
        "mark": {"type": "rule", "strokeWidth": 5},
        "params": [spec.hover(["lever", "year"])],
        "encoding": {
            "x": {"field": "low", **points},
            "x2": {"field": "high"},
            "color": colours,
            "opacity": spec.over(1, 0.45),
            "tooltip": told,
        },
    }
    dot = {
        "mark": {"type": "point", "filled": True, "opacity": 1, "strokeWidth": 1},
        "encoding": {
            "x": {"field": "points", **points},
            "color": colours,
            "size": spec.over(170, 70),
            "tooltip": told,
        },
    }
    label = {
        "transform": [{"calculate": "max(0, datum.high)", "as": "right"}],
        "mark": {"type": "text", "align": "left", "dx": 7},
        "encoding": {"x": {"field": "right", **points}, "text": {"field": "label"}},
    }
    return spec.chart(
        data=spec.values(rows),
        height=44 * len(order),
        encoding={
            "y": {"field": "lever", "type": "nominal", "sort": order,
                  "axis": {"labelExpr": spec.TWO_LINES, "domain": False, "ticks": False}},
            "yOffset": {"field": "year", "type": "ordinal"},
        },
        layer=[span, dot, label],
    )  # fmt: skip


def plot_deciding(axes: Axes, table: pd.DataFrame, top: int = 7) -> Axes:
    """Draw the Sobol indices of the assumptions that explain most: total filled, alone hollow.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    table : pandas.DataFrame
        ``label``, ``first``, ``total`` (shares of the variance), ``first_conf``, ``total_conf``
        (half of the 95% interval), see `sensitivity.deciding`.
    """
    shown = table.head(top)
    for place, row in enumerate(shown.itertuples()):
        marks = (
            (row.total, row.total_conf, -0.14, _CHOSEN),
            (row.first, row.first_conf, 0.16, PAPER),
        )
        for value, half, shift, fill in marks:
            ends = [max(0, value - half), max(0, value + half)]
            axes.plot(ends, [place + shift] * 2, color=_CHOSEN, lw=1.4, alpha=0.6)
            axes.plot(max(0, value), place + shift, "o", ms=6, color=_CHOSEN, mfc=fill)
    axes.set(xlim=(-0.02, None), ylim=(len(shown) - 0.5, -0.5))
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_yticks(range(len(shown)), [_wrapped(label) for label in shown["label"]], fontsize=8)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    return axes


def show_fans(outlooks: dict, package: str, target: float, /, **facts) -> None:
    """Show a fan for each element group; see `plot_fan`.

    Parameters
    ----------
    outlooks : dict of str to Outlook
        By package.
    package : str
        The one whose bands are drawn.
    target : float
    **facts
        Values of the templates: ``importer``, ``supplier``, ``package`` (its name), ``end``,
        ``draws``.
    """
    for group, goods in GROUPS.items():
        fans = {packages.name_of(p): outlook.fan(done, group) for p, done in outlooks.items()}
        said = answers.shares(outlooks[package], facts["end"])[group]
        show(
            plot_fan(canvas(2.7), fans, packages.name_of(package), target),
            title="{goods}: {said} from {supplier} in {end}",
            subtitle="Share of the need of {importer} that has to come from {supplier}; bands: 50 "
            "and 90% of draws; dashed: target",
            alt="Lines by year for each package, with bands around {package}: {said} in {end}.",
            source="Source: own model, {draws} draws; assumptions and their sources below",
            data=_together(fans),
            goods=goods[0].upper() + goods[1:],
            said=said,
            **facts,
        )


def show_bottlenecks(done: outlook.Outlook, **facts) -> None:
    """Show which stage binds, one figure a group of magnet elements; see `plot_bottlenecks`."""
    for group in answers.MAGNETS:
        table = outlook.bottlenecks(done, group)
        last = table.iloc[:, -1]
        show(
            plot_bottlenecks(canvas(1.9), table),
            title="{goods}: {stage} in {share:pct0} of draws in {end}",
            subtitle="Stage that holds back the supply of {importer}, % of draws, {package}",
            alt="A row for each stage, a column for each year: share of draws in which it binds.",
            source="Source: own model, {draws} draws; a tie counts in equal parts",
            data=table.rename(index=_stage).rename_axis("stage").reset_index().rename(columns=str),
            goods=GROUPS[group][0].upper() + GROUPS[group][1:],
            stage=levers.STAGE_NAMES[last.idxmax()],
            share=last.max(),
            **facts,
        )


def show_waterfalls(tables: dict[str, pd.DataFrame], **facts) -> None:
    """Show the waterfall of each element group in ``tables``; see `plot_waterfall`."""
    for group, table in tables.items():
        first, last = table.iloc[0], table.iloc[-1]
        show(
            plot_waterfall(canvas(2.6), table),
            title="{goods}: from a mean of {before} to {after}",
            subtitle="Dependence on {supplier}: mean of draws, and points by step ({package}); "
            "whiskers: 90% of draws; the scale is cut",
            alt="Bars from the base year to {end}: growth of need, then one bar for each lever.",
            source="Source: own model, {draws} draws; levers by Shapley, they sum exactly",
            data=table.drop(columns="step"),
            goods=GROUPS[group][0].upper() + GROUPS[group][1:],
            before=ranged(first["mean"], first["low"], first["high"], "pct0"),
            after=ranged(last["mean"], last["low"], last["high"], "pct0"),
            **facts,
        )


def show_wedges(tables: dict[str, dict[str, pd.DataFrame]], **facts) -> None:
    """Show what each lever adds by year, a figure a package and element group; see `plot_wedges`.

    Parameters
    ----------
    tables : dict of str to dict of str to pandas.DataFrame
        By package and group, see `levers.by_year`.
    **facts
        As for `show_fans`.
    """
    labels = packages.LEVERS
    for package, groups in tables.items():
        for group, table in groups.items():
            last = table[table["year"] == table["year"].max()].set_index("step")
            added = last.loc[list(labels), "mean"]
            show(
                plot_wedges(canvas(2.7), table),
                title="{goods}, {name}: "
                + ("{best} {does} most" if added.min() < -answers.SMALL else "no lever does much"),
                subtitle="Share from {supplier}, mean of draws: with nothing new (thin), with the "
                "package (thick), and what each lever takes off, points in {end}; the scale is cut",
                alt="Two lines by year, and between them one wedge for each lever.",
                source="Source: own model, {draws} draws; levers by Shapley; ranges under Data",
                data=table.assign(step=table["step"].replace(_STEPS | labels)).round(4),
                goods=GROUPS[group][0].upper() + GROUPS[group][1:],
                name=packages.name_of(package),
                best=labels[added.idxmin()].lower(),
                does="does" if added.idxmin() in ("separation", "recycling") else "do",
                **facts,
            )


def show_paths(outlooks: dict, **facts) -> None:
    """Show the dependence of every year under every package, a table a group."""
    for group, goods in GROUPS.items():
        table = path_table(outlooks, group)
        show_table(
            table,
            list(table),
            caption="{goods}: share from {supplier} by year and package, median and 90% of draws",
            goods=goods[0].upper() + goods[1:],
            **facts,
        )


def show_lever_years(found: dict[str, pd.DataFrame], done, **facts) -> None:
    """Show what each lever adds in each year, a table a group; see `tables.lever_table`."""
    for group, table in found.items():
        shown = lever_table(table, done, group)
        show_table(
            shown,
            list(shown),
            caption="{goods}, {package}: what each lever takes off the share from {supplier}, "
            "points, and months that the stock lasts, as if it stood from the first year on; "
            "median and 90% of draws, and where a few draws make a mean outside them, the mean",
            goods=GROUPS[group][0].upper() + GROUPS[group][1:],
            **facts,
        )


def show_boards(boards: dict[str, pd.DataFrame], **facts) -> None:
    """Show the lever board of each element group in ``boards``; see `board.board`.

    A board on which no lever does anything has no figure.
    """
    for group, table in boards.items():
        goods = GROUPS[group][0].upper() + GROUPS[group][1:]
        alone = table.dropna(subset=["end"]).iloc[:-1].set_index("lever")["end"]
        if alone.min() < -answers.SMALL:
            years = (facts["mid"], facts["end"])
            show(
                plot_board(canvas(2.9), table, years),
                title="{goods}: pulled alone, {best} {does} most",
                subtitle="What each lever of {package} changes in the share from {supplier}, "
                "points, median of draws; lines: 90% of draws",
                alt="A row for each lever: a dot and a range for {mid}, and one for {end}.",
                source="Source: own model, {draws} draws; the pages are in the table below",
                data=board_effects(table, years).drop(columns=["setting", "binds"]),
                chart=board_chart(table, years),
                goods=goods,
                best=answers.lower_first(alone.idxmin()),
                does="does" if alone.idxmin() in ("Separation", "Recycling") else "do",
                **facts,
            )
        show_table(
            table,
            ["lever", "setting", "effect_mid", "effect_end", "binds", "pages"],
            caption="{goods}: each lever of {package} pulled alone; effect on the share from "
            "{supplier} halfway, in {mid}, and in {end}, points (median, 90% of draws)",
            goods=goods,
            **facts,
        )


def show_deciding(tables: dict[str, pd.DataFrame], **facts) -> None:
    """Show the Sobol indices of each element group in ``tables``; see `plot_deciding`."""
    for group, table in tables.items():
        if table.empty:
            continue
        show(
            plot_deciding(canvas(3.4), table),
            title="{goods}: the spread comes most from {first}",
            subtitle="Share of the variance in {end} that an assumption explains; filled: with its "
            "interactions, hollow: alone; lines: 95% interval",
            alt="A row for each assumption with its first and its total Sobol index.",
            source="Source: own model, Sobol indices by SALib, fixed seed",
            data=table[["label", "first", "first_conf", "total", "total_conf"]].astype(
                dict.fromkeys(("first", "first_conf", "total", "total_conf"), float)
            ),
            goods=GROUPS[group][0].upper() + GROUPS[group][1:],
            first=answers.lower_first(table["label"].iloc[0]),
            **facts,
        )


def show_sensitivities(tables: dict[str, pd.DataFrame], **facts) -> None:
    """Show the sensitivity of each element group in ``tables``; see `sensitivity.at_the_ends`."""
    for group, table in tables.items():
        if len(table):
            show_table(
                table,
                ["changed", "held_low", "held_high", "lever_low", "lever_high", "lever_effect"],
                caption="{goods}: median share from {supplier} in {end}, {package}",
                goods=GROUPS[group][0].upper() + GROUPS[group][1:],
                **facts,
            )


_STEPS = {"none": "Share with nothing new", "end": "Share with the package"}


def _span(values) -> tuple[float, float]:
    """The scale for shares that move over a part of the whole: that part with some room."""
    low, high = min(values), max(values)
    room = max(0.08 * (high - low), (_SPAN - (high - low)) / 2)
    return max(0.0, low - room), min(1.0, high + room)


class _Shares(MaxNLocator):
    """Ticks at whole per cent, none above the whole."""

    def tick_values(self, vmin: float, vmax: float) -> np.ndarray:
        return (places := super().tick_values(vmin, vmax))[places <= 1]


def _points(change: float) -> str:
    text = show_number(change, "points")
    return "0.0" if text == "+0.0" else text


def _cell(column: int, place: int, share: float):
    from matplotlib.patches import Rectangle

    strength = 0.5 * share  # on more of it no number could be read, by day or by night
    return Rectangle((column - 0.47, place - 0.45), 0.94, 0.9, color=_CHOSEN, alpha=strength, lw=0)


def _stage(stage: str) -> str:
    name = "need met" if stage == "met" else levers.STAGE_NAMES[stage]
    return name.capitalize()


def _wrapped(label: str) -> str:
    from textwrap import fill

    return fill(label, 40)


def _together(fans: dict[str, pd.DataFrame]) -> pd.DataFrame:
    tables = [fan.round(4).assign(package=name) for name, fan in fans.items()]
    columns = ["package", "year", "median", "low50", "high50", "low90", "high90"]
    return pd.concat(tables, ignore_index=True)[columns]
