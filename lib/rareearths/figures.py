"""One look for all figures.

A plot function draws on an Axes and returns it; `show` puts title, subtitle, source, description
and data around it. Colour means economy, always the same one. The chart itself is an SVG whose
neutral colours follow the reader's light or dark setting.
"""

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    PercentFormatter,
)

from rareearths import catalogue, trade, words

WIDTH_IN = 4.4  # text stays legible when a phone shows it 336 pixels wide
INK, MUTED, GRID, PAPER = "#1b2026", "#56606b", "#d5dae0", "#ffffff"
BASIS_COLOURS = {"value": "#6a4fb3", "tonnes": "#1a7f69"}  # of no economy
_DARK = {
    INK: "#e4e8ec",
    MUTED: "#a3adb8",
    GRID: "#3b434c",
    PAPER: "#14181d",
    BASIS_COLOURS["value"]: "#b3a2f2",
    BASIS_COLOURS["tonnes"]: "#55c7ae",
}
OTHERS_COLOUR = "#9aa3ad"
# Heading and format of each column that a table can show. A format is one of numbers (see
# `words.fill`) or "link COLUMN": the text as a link to the address in that column.
COLUMNS = {
    "name": ("Supplier", ""),
    "product": ("HS code", ""),
    "label": ("Goods", ""),
    "stage": ("Stage", ""),
    "year": ("Year", ""),
    "period": ("Period", ""),
    "value_usd": ("Value, million US$", "million_usd"),
    "quantity_t": ("Tonnes", "count"),
    "share_value": ("Share of value", "pct"),
    "share_tonnes": ("Share of tonnes", "pct"),
    "usd_per_kg": ("US$ per kg", "plain_usd"),
    "share": ("Published share", "pct"),
    "basis": ("Basis", ""),
    "computed_value": ("Computed, value", "pct"),
    "computed_tonnes": ("Computed, tonnes", "pct"),
    "covers": ("Who says it, of what", "link source_url"),
    "reported_usd": ("As reported, million US$", "million_usd"),
    "baci_usd": ("BACI, million US$", "million_usd"),
    "ratio": ("Reported / BACI", "ratio"),
    "note": ("What else it holds, known faults", ""),
}
_SPARE_COLOURS = ("#777733", "#885599", "#558866", "#996655", "#667788", "#aa6677")
_STYLE = {
    "font.size": 9,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.facecolor": "none",
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "ytick.left": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "rareearths",
}


def canvas(height_in: float = 2.9) -> Axes:
    """Return an empty Axes in the house style, ``WIDTH_IN`` wide.

    Parameters
    ----------
    height_in : float
        Height in inches.
    """
    with sns.axes_style("whitegrid", rc=_STYLE), mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
        axes = figure.subplots()
    axes.grid(axis="x", visible=False)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    return axes


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
    labels = [f"{_name(c)} {share:.0%}" for c, share in last.items()]
    axes.set(xlim=_year_limits(wide.index), ylim=(0, 1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    _label_right(axes, middles, labels, [INK] * len(labels), marks=colours)
    return axes


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
    ends = _draw_lines(axes, {"value": value, "tonnes": tonnes}, BASIS_COLOURS)
    thin = tonnes[dependence["quantity_coverage"] < 0.8]
    axes.plot(thin.index, thin, "o", ms=4, color=BASIS_COLOURS["tonnes"], mfc=PAPER, clip_on=False)
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    _label_basis(axes, ends, "{:.0%}")
    return axes


def plot_hhi(axes: Axes, by_basis: dict[str, pd.Series]) -> Axes:
    """Draw the HHI of suppliers by value and by tonnes, with the thresholds 0.25 and 0.4.

    Parameters
    ----------
    by_basis : dict of str to pandas.Series
        ``"value"`` and ``"tonnes"``: HHI (0-1] indexed by year, see `risk.concentration`.
    """
    for threshold in (0.25, 0.4):
        axes.axhline(threshold, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
    ends = _draw_lines(axes, by_basis, BASIS_COLOURS)
    axes.set(ylim=(0, 1), yticks=(0, 0.25, 0.4, 0.6, 0.8, 1))
    _label_basis(axes, ends, "{:.2f}")
    return axes


def plot_unit_values(axes: Axes, unit_values: pd.DataFrame, exporter: str) -> Axes:
    """Draw the unit value of one supplier and of all others, in US$ per kg.

    Parameters
    ----------
    unit_values : pandas.DataFrame
        Indexed by year: ``exporter``, ``others`` (US$ per kg), see `trade.unit_values`.
    exporter : str
        ISO3 code, for name and colour. The scale is logarithmic where the highest value is more
        than 30 times the lowest.
    """
    colours = {"exporter": economy_colours([exporter])[0], "others": OTHERS_COLOUR}
    names = {"exporter": _name(exporter), "others": "Others"}
    ends = _draw_lines(axes, {key: unit_values[key] for key in names}, colours)
    values = unit_values.to_numpy(dtype=float)
    if np.nanmax(values) > 30 * np.nanmin(values):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"${v:,.4g}"))
    labels = [f"{names[k]} ${value:,.3g}" for k, value in ends.items()]
    _label_right(axes, ends, labels, [colours[k] for k in ends.index])
    return axes


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


def show(
    axes: Axes,
    *,
    title: str,
    subtitle: str,
    source: str,
    alt: str,
    data: pd.DataFrame | None = None,
    note: str = "",
    **values,
) -> None:
    """Show a figure with what a reader needs around it.

    The texts are templates, filled with ``values`` (see `words.fill`).

    Parameters
    ----------
    title : str
        What the figure shows, as a sentence.
    subtitle : str
        Measure and unit.
    source : str
        Where the data come from, with their last year.
    alt : str
        Description for those who cannot see it.
    data : pandas.DataFrame, optional
        The numbers behind the figure, folded under it.
    note : str
        What to add to the source.

    Raises
    ------
    ValueError
        One of the texts is empty.
    """
    texts = {"title": title, "subtitle": subtitle, "source": source, "alt": alt}
    for name, text in texts.items():
        if not text.strip():
            raise ValueError(f"a figure needs a text for {name}")
    texts["source"] += note
    texts = {name: words.fill(text, **values) for name, text in texts.items()}
    safe = {name: html.escape(text) for name, text in texts.items()}
    folded = "" if data is None else _folded(data, texts["title"])
    _display_html(
        f"<figure><h3>{safe['title']}</h3><p class='subtitle'>{safe['subtitle']}</p>"
        f"<img alt='{safe['alt']}' src='{_data_address(axes.figure)}'>"
        f"<figcaption>{safe['source']}</figcaption>{folded}</figure>",
        texts["alt"],
    )


def show_table(rows: pd.DataFrame, columns: list[str], caption: str, **values) -> None:
    """Show a small table.

    Parameters
    ----------
    rows : pandas.DataFrame
    columns : list of str
        Columns to show, in this order; heading and format of each stand in `COLUMNS`.
    caption : str
        A template, filled with ``values``.

    Raises
    ------
    ValueError
        A column that `COLUMNS` does not know.
    """
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown:
        raise ValueError(f"figures.COLUMNS has no heading for {', '.join(unknown)}")
    caption = words.fill(caption, **values)
    table = [_table_column(rows, name, *COLUMNS[name]) for name in columns]
    text = rows[list(columns)].to_string(index=False)
    _display_html(_as_html(table, caption), f"{caption}\n{text}")


def economy_colours(economies: Sequence[str]) -> list[str]:
    """Return the fixed colour of each economy; grey for "others".

    An economy without a fixed colour takes a muted one, in the order in which they come.
    """
    fixed = _fixed_colours()
    spare = iter(_SPARE_COLOURS * (1 + len(economies) // len(_SPARE_COLOURS)))
    return [
        OTHERS_COLOUR if e == "others" else fixed[e] if e in fixed else next(spare)
        for e in economies
    ]


@cache
def _fixed_colours() -> dict[str, str]:
    return catalogue.load("colours").set_index("economy")["colour"].to_dict()


def _name(economy: str) -> str:
    return "Others" if economy == "others" else trade.economy_names().get(economy, economy)


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


def _draw_lines(axes: Axes, lines: dict[str, pd.Series], colours: dict) -> pd.Series:
    """Draw lines over years; a missing year breaks the line, a year between gaps is a dot.

    A line without any known year is left out. Returns the last known height of each line.
    """
    lines = {key: series for key, series in lines.items() if series.notna().any()}
    if not lines:
        raise ValueError("there is nothing to draw: no year is known")
    for key, series in lines.items():
        years = range(int(series.index.min()), int(series.index.max()) + 1)
        full = series.reindex(years).astype(float)
        sns.lineplot(x=list(years), y=full.to_numpy(), ax=axes, color=colours[key], estimator=None)
        lone = full.notna() & full.shift(1).isna() & full.shift(-1).isna()
        axes.plot(full.index[lone], full[lone], "o", ms=3.5, color=colours[key])
    years = sorted({year for series in lines.values() for year in series.index})
    axes.set(xlim=_year_limits(years), xlabel="", ylabel="")
    return pd.Series({key: series.dropna().iloc[-1] for key, series in lines.items()})


def _label_basis(axes: Axes, ends: pd.Series, number: str) -> None:
    labels = [f"by {basis} {number.format(value)}" for basis, value in ends.items()]
    _label_right(axes, ends, labels, [BASIS_COLOURS[basis] for basis in ends.index])


def _year_limits(years: Sequence[int]) -> tuple[float, float]:
    pad = 0.5 if len(years) == 1 else 0
    return years[0] - pad, years[-1] + pad


def _label_right(
    axes: Axes,
    heights: pd.Series,
    labels: list[str],
    colours: list[str],
    marks: list[str] | None = None,
) -> None:
    """Write labels right of the Axes at these heights, moved apart where they would overlap.

    With ``marks``, a square of that colour stands before each label.

    Scale and limits of the Axes must be final.
    """
    to_axes = axes.transData + axes.transAxes.inverted()
    places = np.array([to_axes.transform((0, height))[1] for height in heights])
    label_height = 11 / (axes.figure.get_figheight() * 72 * 0.88)
    places = _spread(places, label_height)
    for place, label, colour in zip(places, labels, colours, strict=True):
        axes.text(
            1.05 if marks else 1.015, place, label,
            color=colour, transform=axes.transAxes, va="center", fontsize=8.5,
        )  # fmt: skip
    for place, mark in zip(places, marks, strict=True) if marks else ():
        axes.plot(1.025, place, "s", color=mark, ms=5, transform=axes.transAxes, clip_on=False)


def _spread(places: np.ndarray, gap: float) -> np.ndarray:
    """Move places in [0, 1] apart to at least ``gap``, upwards first, then down from the top."""
    order = np.argsort(places, kind="stable")
    moved = places[order]
    for i in range(1, len(moved)):
        moved[i] = max(moved[i], moved[i - 1] + gap)
    limit = 1.0
    for i in range(len(moved) - 1, -1, -1):
        moved[i] = limit = min(moved[i], limit)
        limit -= gap
    result = np.empty_like(moved)
    result[order] = moved
    return result


def _folded(data: pd.DataFrame, caption: str) -> str:
    table = _as_html([_table_column(data, name, name) for name in data], caption)
    return f"<details><summary>Data</summary>{table}</details>"


def _svg(figure: Figure) -> str:
    """Return the figure as SVG; its neutral colours follow the reader's setting."""
    buffer = io.StringIO()
    with mpl.rc_context(_STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    for colour in _DARK:
        svg = svg.replace(colour, f"var(--{colour[1:]})")
    light = "".join(f"--{c[1:]}:{c};" for c in _DARK)
    dark = "".join(f"--{c[1:]}:{d};" for c, d in _DARK.items())
    style = f"<style>:root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}</style>"
    start = svg.index("<svg")
    end_of_tag = svg.index(">", start) + 1
    return svg[start:end_of_tag] + style + svg[end_of_tag:]


def _data_address(figure: Figure) -> str:
    encoded = base64.b64encode(_svg(figure).encode()).decode()
    return f"data:image/svg+xml;base64,{encoded}"


@dataclass(frozen=True)
class _Column:
    """A table column as HTML: heading, cells, and whether they are numbers (set to the right)."""

    heading: str
    cells: list[str]
    numeric: bool


def _table_column(rows: pd.DataFrame, name: str, heading: str, form: str = "") -> _Column:
    numeric = pd.api.types.is_numeric_dtype(rows[name])
    if form.startswith("link "):
        pairs = zip(rows[name], rows[form.removeprefix("link ")], strict=True)
        cells = [_link(text, address) for text, address in pairs]
    elif form:
        cells = [html.escape(words.show_number(value, form)) for value in rows[name]]
    else:
        cells = [html.escape(_cell(name, value)) for value in rows[name]]
    return _Column(html.escape(heading), cells, numeric)


def _link(text: str, address: str) -> str:
    if not address.startswith(("http://", "https://")):
        return html.escape(text)
    return f"<a href='{html.escape(address)}'>{html.escape(text)}</a>"


def _cell(name: str, value) -> str:
    if pd.isna(value):
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, (int, np.integer)):
        return str(value) if name == "year" else f"{value:,}"
    return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


def _kind(column: _Column) -> str:
    if column.numeric:
        return ""
    long = max((len(cell) for cell in column.cells), default=0) > 40
    return " class='text long'" if long else " class='text'"


def _as_html(columns: list[_Column], caption: str) -> str:
    """Return a table that scrolls sideways where it is too wide."""
    kinds = [_kind(column) for column in columns]
    named = list(zip(columns, kinds, strict=True))
    head = "".join(f"<th scope='col'{kind}>{column.heading}</th>" for column, kind in named)
    lines = (
        "".join(f"<td{kind}>{column.cells[row]}</td>" for column, kind in named)
        for row in range(len(columns[0].cells))
    )
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    name = html.escape(caption)
    return (
        f"<p class='caption'>{name}</p>"
        f"<div class='scroll' tabindex='0' role='region' aria-label='{name}'>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _display_html(markup: str, text: str) -> None:
    from IPython.display import display

    display({"text/html": markup, "text/plain": text}, raw=True)
