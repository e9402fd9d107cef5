"""The mirror band around a share or around the concentration, by year."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from rareearths.figures.frame import show
from rareearths.figures.look import (
    BASIS_COLOURS,
    MUTED,
    OTHERS_COLOUR,
    canvas,
    draw_lines,
    label_right,
)
from rareearths.words import choose

_FORMS = {"share": "{:.0%}", "hhi": "{:.2f}"}
_LEAST_SPAN = 0.2  # of the vertical axis, so that a narrow band looks narrow
HHI_LIMIT = 0.4  # of several conditions of a strategic dependency, see docs/methods/hhi.md
_COLOURS = {"high": BASIS_COLOURS["value"], "baci": OTHERS_COLOUR, "low": BASIS_COLOURS["value"]}
_NAMES = {"high": "highest", "baci": "BACI", "low": "lowest"}


def plot_band(axes: Axes, band: pd.DataFrame, measure: str) -> Axes:
    """Draw BACI's value within the band of what either side's statements allow.

    Parameters
    ----------
    band : pandas.DataFrame
        ``year`` and, for the measure, its columns ``_low``, ``_baci`` and ``_high`` (fractions),
        see `mirror.mirror_band`.
    measure : str
        ``share`` or ``hhi``; the latter with the threshold 0.4.
    """
    rows = band.set_index("year")
    low, high, baci = (rows[f"{measure}_{end}"] for end in ("low", "high", "baci"))
    colour = BASIS_COLOURS["value"]
    axes.fill_between(rows.index, low, high, color=colour, alpha=0.22, lw=0)
    axes.vlines(rows.index, low, high, color=colour, lw=1.6, alpha=0.55)
    ends = draw_lines(axes, {"high": high, "baci": baci, "low": low}, _COLOURS)
    spare = max(0.0, _LEAST_SPAN - (high.max() - low.min())) / 2 + 0.04
    bottom, top = max(0.0, low.min() - spare), min(1.0, high.max() + spare)
    if measure == "hhi":
        axes.axhline(HHI_LIMIT, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
        bottom, top = min(bottom, HHI_LIMIT - 0.04), max(top, HHI_LIMIT + 0.04)
    axes.set_ylim(bottom, top)
    form = _FORMS[measure].format
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: form(value)))
    labels = [f"{_NAMES[key]} {form(end)}" for key, end in ends.items()]
    label_right(axes, ends, labels, [_COLOURS[key] for key in ends.index])
    return axes


def show_share_band(band: pd.DataFrame, /, **facts) -> None:
    """Show the band around one supplier's share; nothing where there is none.

    Parameters
    ----------
    band : pandas.DataFrame
        See `mirror.mirror_band`.
    **facts
        ``exporter``, ``material``, ``importer``, ``source``, ``reporters`` (whose reports they
        are, in words) and the numbers of `mirror.numbers`.
    """
    if band.empty:
        return
    show(
        plot_band(canvas(2.6), band, "share"),
        title=choose(
            (
                facts["band_high"] - facts["band_low"] >= 0.01,
                "Between {band_low:pct0} and {band_high:pct0} in {band_year}, whoever is right",
            ),
            (True, "About {band_low:pct0} in {band_year}, whoever is right"),
        ),
        subtitle="Share of {exporter} in imports of {material} by {importer}, by value",
        alt="A band around the share in BACI, at its end {band_low:pct} to {band_high:pct}.",
        note="; UN Comtrade as reported by {reporters}",
        data=band[["year", "share_low", "share_baci", "share_high", "stated_twice"]],
        **facts,
    )


def show_hhi_band(band: pd.DataFrame, /, **facts) -> None:
    """Show the band around the HHI, as `show_share_band`."""
    if band.empty:
        return
    low, high = facts["band_hhi_low"], facts["band_hhi_high"]
    show(
        plot_band(canvas(2.6), band, "hhi"),
        title=choose(
            (low > HHI_LIMIT, "The HHI of {band_year} is above {limit} in any case"),
            (
                high > HHI_LIMIT,
                "Whether the HHI of {band_year} is above {limit} depends on who is right",
            ),
            (True, "The HHI of {band_year} is not above {limit} in any case"),
        ),
        subtitle="HHI of the suppliers of {material} to {importer}, by value; dashed: {limit}",
        alt="A band around BACI's HHI, at its end {band_hhi_low:ratio} to {band_hhi_high:ratio}.",
        note="; UN Comtrade as reported by {reporters}",
        data=band[["year", "hhi_low", "hhi_baci", "hhi_high"]],
        **facts | {"limit": HHI_LIMIT},
    )
