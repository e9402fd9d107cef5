"""Figures of the monthly brief: how a number moved from the last report to this one."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from rareearths.figures.look import BASIS_COLOURS, INK, MUTED, THIRD_COLOUR, WARM_COLOUR
from rareearths.words import show_number

# Of no economy; by cause.
_COLOURS = {
    "method": WARM_COLOUR,
    "revision": THIRD_COLOUR,
    "real": BASIS_COLOURS["tonnes"],
}


def plot_steps(axes: Axes, steps: pd.DataFrame, shares: bool = False) -> Axes:
    """Draw the way of a number from the last report to this one, cause by cause.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    steps : pandas.DataFrame
        ``step``, ``label``, ``start``, ``end``, ``text``, see `brief.numbers.steps`. The axis
        begins where the changes can be seen, and not at zero, so values are dots and changes bars.
    shares : bool
        Whether the numbers are fractions, written by the hundred.
    """
    for place, row in enumerate(steps.itertuples()):
        if row.step in _COLOURS:
            width = row.end - row.start
            axes.barh(place, width, 0.56, left=row.start, color=_COLOURS[row.step], alpha=0.8)
        else:
            axes.plot(row.end, place, "o", ms=7, color=MUTED if row.step == "before" else INK)
        right = row.end if row.step not in _COLOURS else max(row.start, row.end)
        axes.annotate(row.text, (right, place), (8, 0), textcoords="offset points", va="center",
                      fontsize=8.5, color=INK)  # fmt: skip
    axes.set(ylim=(len(steps) - 0.5, -0.5), xlim=_limits(steps))
    axes.set_yticks(range(len(steps)), list(steps["label"]))
    low, high = _range(steps)
    ticks = MaxNLocator(4).tick_values(low, high)
    axes.set_xticks([tick for tick in ticks if low <= tick <= high] or [low])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, shares)))
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    return axes


def _limits(steps: pd.DataFrame) -> tuple[float, float]:
    """The range of all values, with room for the text at the right."""
    low, high = _range(steps)
    width = (high - low) or abs(high) or 1.0
    return low - 0.08 * width, high + 0.5 * width


def _range(steps: pd.DataFrame) -> tuple[float, float]:
    seen = [*steps["end"], *steps.loc[steps["step"].isin(_COLOURS), "start"]]
    return min(seen), max(seen)


def _tick(value: float, shares: bool) -> str:
    if shares:
        return f"{100 * value:.4g}%"
    return show_number(value, "short").replace("-", "−")
