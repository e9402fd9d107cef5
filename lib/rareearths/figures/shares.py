"""Figures of supplier shares, concentration and unit values."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    Locator,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    PercentFormatter,
)

from rareearths import trade
from rareearths.figures import spec
from rareearths.figures.frame import show
from rareearths.figures.look import (
    BASIS_COLOURS,
    INK,
    LINE_COLOURS,
    MUTED,
    OTHERS_COLOUR,
    PAPER,
    canvas,
    dollars,
    draw_lines,
    economy_colours,
    economy_name,
    label_right,
    percent,
    year_limits,
)


def plot_supplier_shares(axes: Axes, shares: pd.DataFrame, top: int = 7) -> Axes:
    """Stack the shares of the largest suppliers over time; a year without data stays empty.

    Parameters
    ----------
    shares : pandas.DataFrame
        Columns ``year``, ``exporter``, ``share`` (fraction), see `trade.supplier_shares`.
    top : int
        Number of suppliers shown apart; the rest is "others".
    """
    wide = _largest_suppliers(shares, top)
    colours = economy_colours(list(wide.columns))
    for run in _runs_of_years(wide.index):
        part = wide.loc[run]
        if len(part) == 1:
            _stack_bar(axes, part.iloc[0], part.index[0], colours)
        else:
            layers = [part[c].to_numpy() for c in part]
            axes.stackplot(part.index, layers, colors=colours, edgecolor=PAPER, linewidth=0.4)
    last = wide.iloc[-1]
    middles = last.cumsum() - last / 2
    labels = [f"{economy_name(c)} {percent(share)}" for c, share in last.items()]
    axes.set(xlim=year_limits(wide.index), ylim=(0, 1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    label_right(axes, middles, labels, [INK] * len(labels), marks=colours)
    return axes


def supplier_chart(shares: pd.DataFrame, basis: str, top: int = 7) -> dict | None:
    """Return the interactive `plot_supplier_shares`, a bar a year; None where there is one year.

    Parameters
    ----------
    shares : pandas.DataFrame
        As for `plot_supplier_shares`, with ``amount``.
    basis : {"value", "tonnes"}
        What the amounts are.
    top : int
        See `plot_supplier_shares`.
    """
    wide = _largest_suppliers(shares, top)
    if len(wide) < 2:
        return None
    names = {code: economy_name(code) for code in wide}
    rows = wide.rename_axis(columns="supplier").unstack().rename("part").reset_index()
    rows = rows[rows["part"] > 0]
    amounts = rows["part"] * rows["year"].map(shares.groupby("year")["amount"].sum())
    rows = rows.assign(
        order=rows["supplier"].map({code: place for place, code in enumerate(wide)}),
        supplier=rows["supplier"].map(names),
        share=rows["part"].map("{:.1%}".format),
        amount=amounts.map(lambda amount: spec.amount(amount, basis)),
    )
    years = list(range(int(wide.index.min()), int(wide.index.max()) + 1))
    faded = {"test": "chosen && datum.supplier != chosen", "value": 0.12}
    return spec.chart(
        data=spec.values(rows),
        height=260,
        params=[spec.choice("Supplier", "All suppliers", names.values()), spec.hover(["supplier"])],
        mark={"type": "bar", "strokeWidth": 1.2},
        encoding={
            "x": {
                "field": "year",
                "type": "ordinal",
                "scale": {"domain": years, "paddingInner": 0.08},
                "axis": {"labelAngle": 0, "labelOverlap": "greedy", "labelSeparation": 8},
            },
            "y": {"field": "part", "type": "quantitative", "scale": {"domain": [0, 1]},
                  "axis": {"format": ".0%", "tickCount": 5}},
            "order": {"field": "order", "type": "quantitative"},
            "color": spec.named("supplier", names.values(), economy_colours(list(wide)),
                                 legend={"columns": {"expr": "width < 400 ? 2 : 3"}}),
            "opacity": {"condition": faded, "value": 1},
            "stroke": spec.over(INK, None),
            "tooltip": spec.tooltip(
                supplier="Supplier", year="Year", share="Share", amount=spec.AMOUNTS[basis]
            ),
        },
    )  # fmt: skip


def plot_share_lines(axes: Axes, dependence: pd.DataFrame) -> Axes:
    """Draw one supplier's share by value and by tonnes, the gap between them shaded.

    Years whose weights are known for less than 80 % of the value are marked by a hollow dot.

    Parameters
    ----------
    dependence : pandas.DataFrame
        Indexed by year: ``share_value``, ``share_tonnes``, ``quantity_coverage`` (fractions), see
        `trade.dependence`.
    """
    value, tonnes = dependence["share_value"], dependence["share_tonnes"]
    axes.fill_between(dependence.index, value, tonnes, color=OTHERS_COLOUR, alpha=0.18, lw=0)
    ends = draw_lines(axes, {"value": value, "tonnes": tonnes}, BASIS_COLOURS)
    thin = tonnes[dependence["quantity_coverage"] < trade.LEAST_COVERAGE]
    axes.plot(thin.index, thin, "o", ms=4, color=BASIS_COLOURS["tonnes"], mfc=PAPER, clip_on=False)
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    labels = [f"by {basis} {percent(share)}" for basis, share in ends.items()]
    label_right(axes, ends, labels, [BASIS_COLOURS[basis] for basis in ends.index])
    return axes


def hollow_note(dependence: pd.DataFrame) -> str:
    """What the hollow dots of `plot_share_lines` mean, for a subtitle; empty without any."""
    thin = dependence["share_tonnes"].notna() & (
        dependence["quantity_coverage"] < trade.LEAST_COVERAGE
    )
    return "; hollow dots: few weights known" if thin.any() else ""


def plot_hhi(axes: Axes, lines: dict[str, pd.Series]) -> Axes:
    """Draw the HHI of suppliers by measure or by stage, with the thresholds 0.25 and 0.4.

    Parameters
    ----------
    lines : dict of str to pandas.Series
        HHI (0-1] indexed by year: by ``"value"`` and ``"tonnes"``, or by stage, see
        `stages.concentration`.
    """
    for threshold in (0.25, 0.4):
        axes.axhline(threshold, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
    colours = dict(zip(lines, LINE_COLOURS, strict=False))
    ends = draw_lines(axes, lines, colours)
    axes.set(ylim=(0, 1), yticks=(0, 0.25, 0.4, 0.6, 0.8, 1))
    names = {basis: f"by {basis}" for basis in BASIS_COLOURS}
    labels = [f"{names.get(key, key.capitalize())} {end:.2f}" for key, end in ends.items()]
    label_right(axes, ends, labels, [colours[key] for key in ends.index])
    return axes


def plot_supplier_unit_values(axes: Axes, table: pd.DataFrame, exporter: str) -> Axes:
    """Draw the unit value of each supplier as a dot, dearest first, on a logarithmic scale.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    table : pandas.DataFrame
        ``exporter``, ``usd_per_kg`` (US$ per kg), see `trade.supplier_table`; suppliers without a
        weight are left out.
    exporter : str
        ISO3 code of the supplier that is set apart by its colour.
    """
    shown = table.dropna(subset=["usd_per_kg"]).sort_values("usd_per_kg", ascending=False)
    colours = [
        economy_colours([code])[0] if code == exporter else OTHERS_COLOUR
        for code in shown["exporter"]
    ]
    places = range(len(shown))
    axes.scatter(shown["usd_per_kg"], places, s=42, color=colours, zorder=3)
    for place, value in zip(places, shown["usd_per_kg"], strict=True):
        axes.annotate(
            dollars(value), (value, place), (7, 0), textcoords="offset points", va="center",
            fontsize=8.5, color=INK,
        )  # fmt: skip
    axes.set_xscale("log")
    low, high = shown["usd_per_kg"].min(), shown["usd_per_kg"].max()
    axes.set(xlim=(low / 1.6, high * (high / low) ** 0.25 * 1.6), ylim=(len(shown) - 0.5, -0.5))
    axes.set_yticks(places, [economy_name(code) for code in shown["exporter"]])
    axes.xaxis.set_major_locator(_price_ticks(axes))
    axes.xaxis.set_major_formatter(FuncFormatter(dollars))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    return axes


def _price_ticks(axes: Axes) -> Locator:
    """Ticks of a logarithmic axis of prices, so far apart that their labels do not touch."""
    low, high = axes.get_xlim()
    decades = np.log10(high / low)
    if decades < 1:
        steps = np.multiply.outer(10.0 ** np.arange(-3, 9), (1, 2, 5)).ravel()
        inside = steps[(steps >= low) & (steps <= high)]
        return FixedLocator(inside) if len(inside) > 1 else MaxNLocator(3)
    return LogLocator(subs=(1, 3) if decades < 2 else (1,))


def show_supplier_unit_values(table: pd.DataFrame, exporter: str, /, **facts) -> None:
    """Show the unit values of the largest suppliers of a year; see `plot_supplier_unit_values`.

    Parameters
    ----------
    table : pandas.DataFrame
        See `trade.supplier_table`.
    exporter : str
        ISO3 code.
    **facts
        Values of the templates: those of `risk.dependence_summary`, ``importer``, ``exporter``,
        ``goods``, ``source``.
    """
    known = facts["usd_per_kg"] > 0 and facts["usd_per_kg_others"] > 0
    dearest = table.dropna(subset=["usd_per_kg"]).nlargest(1, "usd_per_kg").iloc[0]
    show(
        plot_supplier_unit_values(canvas(0.8 + 0.22 * len(table)), table, exporter),
        title="{usd_per_kg:usd_kg} from {exporter}, {usd_per_kg_others:usd_kg} from the others"
        if known
        else "The dearest kilogram came from {dearest}",
        subtitle="Unit value of {goods} imported by {importer} in {year}, largest suppliers, "
        "logarithmic scale",
        alt="A dot for each of the largest suppliers: unit value in US$ per kg.",
        data=table[["name", "usd_per_kg", "share_tonnes", "share_value"]],
        **facts | {"dearest": trade.economy_in_text(dearest["exporter"])},
    )


def by_year(lines: dict[str, pd.Series]) -> pd.DataFrame:
    """The lines of a figure as a table, one row a year."""
    return pd.DataFrame(lines).rename_axis("year").reset_index()


def newest_first(shares: pd.DataFrame) -> pd.DataFrame:
    """Shares of `plot_supplier_shares` as a reader wants them: last year, largest share first."""
    return shares.sort_values(["year", "share"], ascending=False, kind="stable", ignore_index=True)


def plot_unit_values(axes: Axes, unit_values: pd.DataFrame, exporter: str) -> Axes:
    """Draw the unit value of one supplier and of all others, in US$ per kg.

    Parameters
    ----------
    unit_values : pandas.DataFrame
        Indexed by year: ``exporter``, ``others`` (US$ per kg), see `trade.unit_values`.
    exporter : str
        ISO3 code, for name and colour. For the scale see `scale_note`.
    """
    colours = {"exporter": economy_colours([exporter])[0], "others": OTHERS_COLOUR}
    names = {"exporter": economy_name(exporter), "others": "Others"}
    ends = draw_lines(axes, {key: unit_values[key] for key in names}, colours)
    if scale_note(unit_values):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(dollars))
    labels = [f"{names[k]} {dollars(value)}" for k, value in ends.items()]
    label_right(axes, ends, labels, [colours[k] for k in ends.index])
    return axes


def scale_note(unit_values: pd.DataFrame) -> str:
    """What the subtitle of `plot_unit_values` says of its scale, which is logarithmic where the
    highest value is more than 30 times the lowest; else nothing."""
    values = unit_values.to_numpy(dtype=float)
    return ", logarithmic scale" if np.nanmax(values) > 30 * np.nanmin(values) else ""


def plot_published(axes: Axes, dependence: pd.DataFrame, published: pd.DataFrame) -> Axes:
    """Set published shares beside the computed ones: points, or bars where a period is covered.

    Parameters
    ----------
    dependence : pandas.DataFrame
        As for `plot_share_lines`.
    published : pandas.DataFrame
        ``start_year``, ``end_year``, ``share`` (fraction); rows of the published shares.
    """
    plot_share_lines(axes, dependence)
    for row in published.itertuples():
        years = (row.start_year, row.end_year)
        axes.plot(
            years, (row.share, row.share), color=INK, lw=1.4, marker="o", ms=4, mfc=PAPER,
            clip_on=False, zorder=5,
        )  # fmt: skip
    return axes


def _largest_suppliers(shares: pd.DataFrame, top: int) -> pd.DataFrame:
    """Shares by year (rows) and supplier (columns): the largest first, "others" last.

    Large is who has a high share over the whole period and in the last year, one counting as
    much as the other.
    """
    # A supplier without a row in a year sold nothing in that year: its share is zero.
    wide = shares.pivot(index="year", columns="exporter", values="share").fillna(0)
    size = wide.mean() + wide.iloc[-1]
    order = size.sort_values(ascending=False, kind="stable").index
    shown = wide[order[:top]].copy()
    if len(order) > top:
        shown["others"] = wide[order[top:]].sum(axis=1)
    return shown


def _runs_of_years(years: pd.Index) -> list[list[int]]:
    breaks = np.flatnonzero(np.diff(years) != 1) + 1
    return [list(run) for run in np.split(np.asarray(years), breaks)]


def _stack_bar(axes: Axes, shares: pd.Series, year: int, colours: list[str]) -> None:
    bottoms = shares.cumsum() - shares
    axes.bar(year, shares, 0.7, bottom=bottoms, color=colours, edgecolor=PAPER, linewidth=0.4)
