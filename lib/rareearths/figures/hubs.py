"""Figures of a transshipment scan: suppliers before and after, rates among placebos."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import (
    FuncFormatter,
    LogLocator,
    MultipleLocator,
    NullFormatter,
    PercentFormatter,
)

from rareearths import hub_rates, hubs
from rareearths.figures.frame import layers, show
from rareearths.figures.look import INK, MUTED, OTHERS_COLOUR, PAPER, canvas, dollars
from rareearths.figures.table import show_table
from rareearths.hub_rates import LEAST_CANDIDATES
from rareearths.words import choose

_SELLERS = [
    "name", "before_usd", "after_usd", "times", "share_before", "share_after",
    "bought_before_usd", "bought_after_usd", "jump",
]  # fmt: skip
_JUMPED = [
    "year", "candidates", "hits", "false_rate", "false_range", "year_rate", "product_rate", "rank_p"
]  # fmt: skip
_FED = ["year", "fed_hits", "fed_false_rate", "fed_false_range", "fed_rank_p"]


def show_scan(market: hubs.Market, material: str, /, **facts) -> None:
    """Show the suppliers before and after the control of the headline, as a figure and a table.

    Parameters
    ----------
    market : hubs.Market
    material : str
    **facts
        Values of the templates: those of `hub_verdicts.summary`, ``importer``, ``exporter``,
        ``source``. Without candidates nothing is shown.
    """
    if not facts.get("candidates"):
        return
    table = hubs.scan(market, material, facts["control_year"])
    table = table[table["candidate"]]
    show(
        plot_scan(canvas(0.8 + 0.24 * min(len(table), 12)), table),
        title=choose(
            (
                facts["hits"] == 0,
                "No supplier without a {plants} jumped after {control_year}; looked at: "
                "{candidates}",
            ),
            (
                True,
                "{hits} of {candidates} suppliers without a {plants} jumped after {control_year}",
            ),
        ),
        subtitle="Sold to {importer}, US$ a year, median: {before_years} (hollow), {after_years} "
        "(filled); strong: jumped; logarithmic scale",
        alt="A line a supplier, from its sales in {before_years} to those in {after_years}.",
        data=table[["name", "before_usd", "after_usd", "jump"]],
        **facts,
    )
    caption = (
        "Sold to {importer} and bought from {exporter}, median of a year: before, {before_years}; "
        "after, {after_years}"
    )
    show_table(table, _SELLERS, caption=caption, **facts)


def show_scan_rates(runs: pd.DataFrame, /, **facts) -> None:
    """Show every control beside its placebos, as a figure and tables; see `show_scan`.

    Parameters
    ----------
    runs : pandas.DataFrame
        See `hubs.scan_all`.
    """
    if not facts.get("candidates"):
        return
    judged, table = hub_rates.judge(runs), hub_rates.control_table(runs)
    show(
        plot_scan_rates(canvas(1.1 + 0.42 * len(judged)), runs, judged),
        title="Without a control, {false_rate:pct0} of suppliers jump (scan of {control_year})",
        subtitle="Share of suppliers that jumped: diamond, at the control; hollow dots, in other "
        "years; grey dots, of other goods",
        alt="A row a control: its rate, those of the placebo scans, and their interval.",
        data=layers(controls=table, scans=runs),
        **facts,
    )
    caption = (
        "Each control year of {exporter} that can be scanned: suppliers that jumped, and how often "
        "they jump without a control"
    )
    show_table(table, _JUMPED, caption=caption, **facts)
    caption = "The same for those that bought more from {exporter} too"
    show_table(table, _FED, caption=caption, **facts)


def plot_scan(axes: Axes, table: pd.DataFrame, top: int = 12) -> Axes:
    """Draw what each candidate sold before (hollow) and after (filled), on a logarithmic scale.

    Those that at least doubled, in dollars and as a share, are dark; the label says how many times
    as much they sold, "from 0" or "to 0" where that median is zero, and "fed" where they
    bought more from the exporter too. Those with one such median have one dot and a line to the
    edge.

    Parameters
    ----------
    table : pandas.DataFrame
        ``name``, ``before_usd``, ``after_usd`` (US$ a year), ``times``, ``candidate``, ``flagged``,
        ``fed``, see `hubs.scan`.
    top : int
        Candidates shown; those that jumped come first when there are more.

    Raises
    ------
    ValueError
        No candidate is in the table.
    """
    shown = table[table["candidate"]]
    if shown.empty:
        raise ValueError("there is nothing to draw: no supplier is large enough")
    shown = shown.sort_values("flagged", ascending=False, kind="stable").head(top)
    shown = shown.sort_values(["after_usd", "before_usd"], ascending=False, kind="stable")
    amounts = shown[["before_usd", "after_usd"]].to_numpy()
    low, high = amounts[amounts > 0].min() / 3, amounts.max()
    for place, row in enumerate(shown.itertuples()):
        colour, width = (INK, 2.2) if row.flagged else (OTHERS_COLOUR, 1.4)
        ends = np.maximum([row.before_usd, row.after_usd], low)
        axes.plot(ends, [place] * 2, color=colour, lw=width)
        for amount, fill in ((row.before_usd, PAPER), (row.after_usd, colour)):
            axes.plot(amount or np.nan, place, "o", ms=5.5, color=colour, mfc=fill, zorder=5)
        axes.annotate(
            _times(row), (max(ends), place), (7, 0), textcoords="offset points", va="center",
            fontsize=8, color=INK if row.flagged else MUTED,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set(xlim=(low, high * (high / low) ** 0.25), ylim=(len(shown) - 0.5, -0.5))
    axes.set_yticks(range(len(shown)), shown["name"])
    return _dollars(axes)


def plot_scan_rates(
    axes: Axes, runs: pd.DataFrame, judged: pd.DataFrame, grade: str = "flagged"
) -> Axes:
    """Draw, for each control, the rate of jumps among all placebo scans and at the control.

    Hollow dots: other years of the material; grey dots: other goods in the same years, both as far
    as they are ranked. The bar is the false-positive rate of all placebo scans with its 95 %
    interval, the diamond the control.

    Parameters
    ----------
    runs : pandas.DataFrame
        ``control``, ``kind``, ``candidates`` and the counts of the grade, see `hubs.scan_all`.
    judged : pandas.DataFrame
        ``year``, ``rate``, ``false_rate``, ``low``, ``high``, ``ranked``, see `hub_rates.judge`;
        of the same grade.
    grade : {"flagged", "fed"}

    Raises
    ------
    ValueError
        No control is in the table.
    """
    if judged.empty:
        raise ValueError("there is nothing to draw: no control can be scanned")
    for place, row in enumerate(judged.itertuples()):
        own = runs[(runs["control"] == row.year) & (runs["candidates"] >= LEAST_CANDIDATES)]
        for kind, fill in (("product", OTHERS_COLOUR), ("year", PAPER)):
            part = own[own["kind"] == kind]
            rates = (part[grade] / part["candidates"]).sort_values().to_numpy(dtype=float)
            side = 1 if kind == "product" else -1
            heights = place + side * (0.14 + 0.06 * _piled(rates))
            axes.plot(rates, heights, "o", ms=3.6, color=OTHERS_COLOUR, mfc=fill)
        axes.plot([row.low, row.high], [place] * 2, color=MUTED, lw=3, alpha=0.5)
        axes.plot(row.false_rate, place, "|", ms=10, mew=1.6, color=MUTED)
        axes.plot(row.rate, place, "D", ms=7, color=INK, mec=PAPER, mew=0.8, zorder=5)
    top = max([0.5, *(line.get_xdata()[-1] for line in axes.lines if len(line.get_xdata()))])
    axes.set(xlim=(-0.03, top + 0.03), ylim=(len(judged) - 0.5, -0.5))
    axes.xaxis.set_major_locator(MultipleLocator(0.1 if top <= 0.6 else 0.2))
    axes.set_yticks(range(len(judged)), judged["year"].astype(str))
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    return axes


def _piled(values: np.ndarray) -> np.ndarray:
    """How many equal values (to 2 points) come before each, up to five; they are sorted."""
    groups = pd.Series(np.round(values / 0.02))
    return groups.groupby(groups).cumcount().clip(upper=5).to_numpy()


def _times(row) -> str:
    """How many times as much a supplier sold after, or which of the two is zero."""
    if row.after_usd == 0:
        return "to 0"
    text = "from 0" if pd.isna(row.times) else f"×{row.times:,.{0 if row.times >= 10 else 1}f}"
    return f"{text}, fed" if row.fed else text


def _dollars(axes: Axes) -> Axes:
    axes.xaxis.set_major_locator(LogLocator(10, numticks=4))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(_short_usd))
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    return axes


def _short_usd(value: float, _) -> str:
    for size, sign in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if value >= size:
            return f"${value / size:,.0f}{sign}"
    return dollars(value)
