"""Figures of the claims ledger: verdicts, and the numbers with their ranges."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from rareearths.claims import CONTESTED, NOT_SUPPORTED, NOT_TESTABLE, NOT_YET, SUPPORTED, VERDICTS
from rareearths.figures.look import BASIS_COLOURS, INK, MUTED, PAPER, WARM_COLOUR, stagger

_COLOURS = {
    SUPPORTED: BASIS_COLOURS["tonnes"],
    CONTESTED: WARM_COLOUR,
    NOT_SUPPORTED: BASIS_COLOURS["value"],
    NOT_YET: MUTED,
    NOT_TESTABLE: MUTED,
}
_HOLLOW = (NOT_YET, NOT_TESTABLE)
_COLUMNS = ["\n".join(v.capitalize().rsplit(" ", 1)) for v in VERDICTS]


def plot_verdicts(axes: Axes, table: pd.DataFrame) -> Axes:
    """Draw one row a claim and one column a verdict, a dot where they meet.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    table : pandas.DataFrame
        ``label``, ``verdict``, see `claims.ledger`; hollow dots are no verdict.
    """
    rows = table.sort_values("verdict", key=lambda v: v.map(VERDICTS.index), kind="stable")
    for place, row in enumerate(rows.itertuples()):
        _dot(axes, VERDICTS.index(row.verdict), place, row.verdict)
    axes.set(xlim=(-0.5, len(VERDICTS) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    axes.set_xticks(range(len(VERDICTS)), _COLUMNS, fontsize=8)
    axes.set_yticks(range(len(rows)), list(rows["label"]), fontsize=8)
    axes.xaxis.tick_top()
    stagger(axes)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(length=0)
    axes.grid(axis="y", visible=True)
    return axes


def plot_ranges(axes: Axes, table: pd.DataFrame) -> Axes:
    """Draw the number of each claim as a dot and its range as a line.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    table : pandas.DataFrame
        ``label``, ``verdict``, ``value``, ``low``, ``high`` (fractions), see
        `claims.with_range`.
    """
    for place, row in enumerate(table.itertuples()):
        axes.plot([row.low, row.high], [place] * 2, color=_COLOURS[row.verdict], lw=2.2, alpha=0.5)
        _dot(axes, row.value, place, row.verdict)
    axes.axvline(0, color=INK, lw=0.8)
    axes.set(ylim=(len(table) - 0.5, -0.5))
    axes.set_yticks(range(len(table)), list(table["label"]), fontsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    return axes


def _dot(axes: Axes, x: float, y: float, verdict: str) -> None:
    colour = _COLOURS[verdict]
    axes.plot(x, y, "o", ms=7, color=colour, mfc=PAPER if verdict in _HOLLOW else colour)
