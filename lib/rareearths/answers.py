"""What trade data allow to be said of dependence: sentences chosen by what was found.

They are templates; the values that they name come from `risk.dependence_summary` and from the
caller: ``importer``, ``exporter`` and ``material`` as they stand in a sentence.
"""

import pandas as pd

from rareearths import stages
from rareearths.words import choose, fill, joined

CLOSE = 0.02  # shares closer than this are called nearly the same


def on_dependence(summary: dict, newest: pd.DataFrame) -> str:
    """The share of the supplier, by stage where the data have several.

    Parameters
    ----------
    summary : dict
        See `risk.dependence_summary`.
    newest : pandas.DataFrame
        See `stages.latest`.
    """
    weighed = pd.notna(summary["share_tonnes"])
    return choose(
        (
            len(newest) > 1,
            "Of the {material} that {importer} imported in {year}, {exporter} supplied: "
            + stage_list(newest, summary["year"], bold=True)
            + ".",
        ),
        (
            summary["share_value"] == 0,
            "In {year}, {exporter} supplied none of the {material} that {importer} imported.",
        ),
        (
            weighed,
            "In {year}, {exporter} supplied **{share_tonnes:pct}** of the tonnes and "
            "**{share_value:pct}** of the value of the {material} that {importer} imported.",
        ),
        (
            True,
            "In {year}, {exporter} supplied **{share_value:pct}** of the value of the {material} "
            "that {importer} imported; weights are not known.",
        ),
    )


def stage_list(newest: pd.DataFrame, year: int, bold: bool = False) -> str:
    """The share of the supplier in each stage, as text; a year other than ``year`` is named.

    Examples
    --------
    >>> rows = pd.DataFrame({"stage": ["compound", "metal"], "goods": ["compounds", "metals"],
    ...     "year": [2024, 2024], "share_value": [0.5, 0.2], "share_tonnes": [0.6, None]})
    >>> stage_list(rows, 2024)
    'compounds 60% of the tonnes and 50% of the value; metals 20% of the value'
    """
    form = "**{:.0%}**" if bold else "{:.0%}"
    said = []
    for row in newest.itertuples():
        when = "" if row.year == year else f" ({row.year})"
        said.append(f"{row.goods}{when} {stages.share_words(row, form)}")
    return "; ".join(said)


def on_gap(summary: dict, newest: pd.DataFrame) -> str:
    """The distance between the share of tonnes and the share of value, and its cause."""
    gap, ratio = summary["gap"], summary["usd_per_kg"] / summary["usd_per_kg_others"]
    mixed = newest.loc[newest["stage"] != stages.MAGNETS, "goods"].tolist()
    together = f"{joined(mixed)} together: " if len(newest) > 1 and len(mixed) > 1 else ""
    together = together[:1].upper() + together[1:]
    it = "its share" if together else "Its share"
    cost = f"{ratio:.0%} of" if ratio < 1 else f"{ratio:.1f} times"
    cause = f", because a kilogram from it cost {cost} one from the others" * bool(ratio > 0)
    return choose(
        (pd.isna(gap) or summary["share_value"] in (0, 1), ""),
        (abs(gap) < CLOSE, f"{together}{it} is nearly the same by tonnes and by value."),
        (gap > 0, f"{together}{it} is **{{gap:pp}} higher by tonnes than by value**{cause}."),
        (True, f"{together}{it} is **{{gap:pp}} lower by tonnes than by value**{cause}."),
    )


def on_suppliers(summary: dict, newest: pd.DataFrame, exporter: str) -> str:
    """How many suppliers there are, and who is the largest."""
    leads = summary["largest"] == exporter
    several = "By value, supply is as concentrated as if it came from "
    by_stage = [f"{1 / row.hhi:.1f} of {row.goods}" for row in newest.itertuples()]
    if len(by_stage) > 1:
        by_stage[0] = by_stage[0].replace(" of ", " equal suppliers of ")
        return f"{several}{joined(by_stage)}."
    several += "{effective_suppliers:.1f} equal suppliers"
    return choose(
        (summary["suppliers"] == 1 and leads, "There is no other supplier."),
        (summary["suppliers"] == 1, "The only supplier is {largest_name}."),
        (leads, several + "."),
        (
            True,
            several + "; the largest is {largest_name}, with {largest_share:pct0} of the value.",
        ),
    )


def on_years(summary: dict, end_year: int, left_out: pd.DataFrame) -> str:
    """What the newest year is where it is not the last one asked for; empty where it is."""
    if len(left_out):
        years = f"{left_out['year'].min()} to {left_out['year'].max()}"
        return f"The figures of {years} are not used: {left_out['description'].iloc[-1]}."
    if summary["year"] < end_year:
        return "No later imports are in the data."
    return ""


def on_cause(parts: pd.DataFrame) -> str:
    """Which of the causes of `decompose.why_gap` makes the gap, as plain text."""
    points = parts.set_index("cause")["part"]
    gap = points.sum()
    if abs(gap) < CLOSE:
        return "The two shares hardly differ, so there is little to explain."
    template = (
        "Of the {gap:pp}, {prices} come from unit values within the same HS codes and {goods} "
        "from the mix of codes, counted as tonnes less value."
    )
    signed = {name: _signed(100 * points[name]) for name in points.index}
    return fill(
        template,
        gap=gap,
        prices=signed["unit values within codes"],
        goods=signed["mix of HS codes"],
    )


def on_change(rows: pd.DataFrame) -> str:
    """What moved the value bought, and whether the two methods agree, as plain text.

    Parameters
    ----------
    rows : pandas.DataFrame
        See `decompose.why_changed`.
    """
    table = rows.set_index("factor")[["lmdi_usd", "shapley_usd"]]
    change = table["lmdi_usd"].sum()
    if change == 0:
        return "The value did not change."
    most = (table["lmdi_usd"] * (1 if change > 0 else -1)).idxmax()
    low, high = sorted(table.loc[most])
    agree = (table["lmdi_usd"] * table["shapley_usd"] >= 0).all()
    return fill(
        "The value {went} by {size:usd}. Most of that is due to the {most}: {low} to {high} "
        "million US$ by the two methods, which {agree} on the direction of every factor.",
        went="rose" if change > 0 else "fell",
        size=abs(change),
        most=most,
        low=_signed(low / 1e6),
        high=_signed(high / 1e6),
        agree="agree" if agree else "do not agree",
    )


def on_magnets(newest: pd.DataFrame, importer: str, exporter: str) -> str:
    """Where the figures of rare-earth magnets come from, and where they end, as plain text."""
    union = stages.union_magnets(importer, exporter)
    known = newest[newest["stage"] == stages.MAGNETS]
    said = []
    if len(known):
        said.append(
            fill(
                "Magnets: flows of {limit:usd} or more in {year}; smaller ones are not listed, so "
                "that the shares are of the listed flows. The code also holds magnets without "
                "rare earths, and where a magnet's material was mined and separated does not show.",
                limit=stages.magnet_limit(int(known["year"].iloc[0])),
                year=int(known["year"].iloc[0]),
            )
        )
    else:
        said.append("Magnets: the suppliers of this importer are not in the data.")
    if len(union):
        last = union.iloc[-1]
        said.append(
            fill(
                "Of the rare-earth magnets that the European Union as a whole imported in "
                "{year:.0f}, the supplier had {value:pct0} of the value and {tonnes:pct0} of the "
                "tonnes.",
                year=last["year"],
                value=last["share_value"],
                tonnes=last["share_tonnes"],
            )
        )
    return " ".join(said)


def hhi_list(rows: pd.DataFrame) -> str:
    """The HHI of each stage as text: compounds 0.42, metals 0.50."""
    return ", ".join(f"{row.goods} {row.hhi:.2f}" for row in rows.itertuples())


def headline(summary: dict, newest: pd.DataFrame) -> str:
    """One short sentence for the index."""
    return choose(
        (
            len(newest) > 1,
            f"Share of {{exporter}} in {{year}}: {stage_list(newest, summary['year'])}.",
        ),
        (summary["share_value"] == 0, "{exporter} supplied nothing in {year}."),
        (
            pd.notna(summary["share_tonnes"]),
            "{exporter} supplied {share_tonnes:pct0} of the tonnes and {share_value:pct0} of the "
            "value in {year}.",
        ),
        (True, "{exporter} supplied {share_value:pct0} of the value in {year}."),
    )


def _signed(number: float) -> str:
    return f"{number:+,.1f}".replace("-", "−")
