"""What trade data allow to be said of dependence: sentences chosen by what was found.

They are templates; the values that they name come from `risk.dependence_summary` and from the
caller: ``importer``, ``exporter``, ``material`` and ``goods`` as they stand in a sentence.
"""

import pandas as pd

from rareearths import quality, stages, trade
from rareearths.words import choose, fill, joined, literal, show_number, signed_usd, with_signs

CLOSE = 0.02  # shares closer than this are not told apart
FIRM = 0.25  # of a factor: two methods closer than this give a firm account
MATTERS = 0.1  # of the change: smaller factors are not looked at
OLD = 5  # years before the last one asked for, from which an answer names the distance
APART = 10  # times the mean unit value of all suppliers, from which one is out of line
NEAR = 0.005  # of an HHI to a threshold, within which three digits are shown


def on_dependence(summary: dict, newest: pd.DataFrame) -> str:
    """The share of the supplier, by stage where the data have several.

    Parameters
    ----------
    summary : dict
        See `risk.dependence_summary`.
    newest : pandas.DataFrame
        See `stages.latest`.
    """
    start = "Of the {goods} that {importer} imported in {year} ({total_usd:usd}"
    magnets = stages.MAGNETS in set(newest["stage"])
    start += " without magnets), " if magnets else "), "
    never = not (newest["share_value"].fillna(0) > 0).any()
    return choose(
        (never, start + "{exporter} supplied none."),
        (
            len(newest) > 1,
            start + "{exporter} supplied: " + stage_list(newest, summary["year"], bold=True) + ".",
        ),
        (
            pd.notna(summary["share_tonnes"]),
            start + "{exporter} supplied **{share_tonnes:pct}** of the tonnes and "
            "**{share_value:pct}** of the value.",
        ),
        (
            True,
            start + "{exporter} supplied **{share_value:pct}** of the value; too few weights are "
            "known for a share of the tonnes.",
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
        larger = " (larger flows)" if row.stage == stages.MAGNETS else ""
        said.append(f"{row.goods}{larger}{when} {stages.share_words(row, form)}")
    return "; ".join(said)


def on_gap(summary: dict, newest: pd.DataFrame) -> str:
    """The distance between the share of tonnes and the share of value, and the unit values."""
    gap, ratio = summary["gap"], summary["usd_per_kg"] / summary["usd_per_kg_others"]
    goods = newest.loc[newest["stage"] != stages.MAGNETS, "goods"].tolist()
    start = f"{joined(goods)} together, it has".capitalize() if len(goods) > 1 else "It has"
    levels = f"{start} {{share_tonnes:pct}} of the tonnes and {{share_value:pct}} of the value"
    whose = "its kilogram cost on average"
    cost = f"{whose} {ratio:.0%} of one from the others"
    if ratio >= 1:
        cost = f"{whose} {ratio:.1f} times as much as one from the others"
    cost = f": {cost}" if ratio > 0 else ""
    higher = "more" if gap > 0 else "less"
    together = len(goods) > 1
    return choose(
        (pd.isna(gap) or summary["share_value"] in (0, 1), ""),
        (abs(gap) < CLOSE, "By tonnes and by value its share is less than two points apart."),
        (together, f"{levels}, **{{gap:pp}} {higher} by tonnes than by value**{cost}."),
        (True, f"That is **{{gap:pp}} {higher} by tonnes than by value**{cost}."),
    )


def on_suppliers(summary: dict, newest: pd.DataFrame, exporter: str) -> str:
    """How many suppliers there are, and who is the largest."""
    leads = summary["largest"] == exporter
    several = "By value, supply is as concentrated as if it came from "
    by_stage = [f"{1 / row.hhi:.1f} of {row.goods}" for row in newest.itertuples()]
    if len(by_stage) > 1:
        by_stage[0] = by_stage[0].replace(" of ", " equal suppliers of ")
        return f"{several}{joined(by_stage)}."
    single = summary["effective_suppliers"] < 1.05
    several += "{effective_suppliers:.1f} equal suppliers"
    return choose(
        (summary["suppliers"] == 1 and leads, "There is no other supplier."),
        (summary["suppliers"] == 1, "The only supplier is {largest_name}."),
        (single, "Practically all of the value comes from {largest_name}."),
        (leads, several + "."),
        (True, f"{several}; the largest is {{largest_name}}, with {{largest_share:pct0}} of it."),
    )


def on_years(
    summary: dict, end_year: int, everything: pd.DataFrame, importer: str, material: str
) -> str:
    """Why the answer is not of the last year asked for, and how old it is; empty where it is.

    Parameters
    ----------
    summary : dict
        See `risk.dependence_summary`.
    end_year : int
        The last year asked for.
    everything : pandas.DataFrame
        The flows before `quality.reliable`, see `stages.load_flows`.
    importer, material : str
    """
    year = summary["year"]
    if year >= end_year:
        return ""
    later = everything[(everything["year"] > year) & (everything["stage"] != stages.MAGNETS)]
    doubtful = quality.unusable(later, importer, material)
    reason = choose(
        (len(doubtful) > 0, _doubtful_years(doubtful)),
        (len(later) > 0, "Later imports have no weights, so that shares of tonnes end here."),
        (True, _moved_code(year, end_year, importer, material)),
    )
    gap = end_year - year
    if gap < OLD:
        return reason
    return f"{reason} The answer is of {year}, {gap} years before {end_year}."


def _doubtful_years(doubtful: pd.DataFrame) -> str:
    years = joined([str(year) for year in sorted(doubtful["year"].unique())])
    reasons = "; ".join(map(literal, doubtful["description"].unique()))
    return f"Figures of {years} are in the data and not relied on: {reasons}."


def _moved_code(year: int, end_year: int, importer: str, material: str) -> str:
    """A later break by which the codes no longer hold the material, or that imports end."""
    breaks = quality.known_breaks(importer, material, (year + 1, end_year))
    breaks = breaks[(breaks["series"] == trade.TABLE) & (breaks["best_mark"] == "C")]
    moved = breaks[(breaks["first_year"] > year) & (breaks["last_year"] >= end_year)]
    if moved.empty:
        return "No later imports are in the data."
    since, why = moved[["first_year", "description"]].iloc[0]
    return f"From {since} on these codes cannot be read: {literal(why)}."


def on_cause(parts: pd.DataFrame) -> str:
    """Which of the causes of `decompose.why_gap` makes the gap, as plain text."""
    points = parts.set_index("cause")["part"] * 100
    if abs(points.sum()) < CLOSE * 100:
        return "The two shares are less than two points apart, so there is little to take apart."
    said = [f"{_signed(value)} {name}" for name, value in points.items() if abs(value) >= 0.05]
    total = _signed(points.sum())
    return f"Share of tonnes less share of value, in points: {total} = {', '.join(said)}."


def on_change(rows: pd.DataFrame) -> str:
    """What moved the value bought, and how far the two methods agree, as plain text.

    Parameters
    ----------
    rows : pandas.DataFrame
        See `decompose.why_changed`.
    """
    table = rows.set_index("factor")[["lmdi_usd", "shapley_usd"]]
    change = table["lmdi_usd"].sum()
    if change == 0:
        return "The value did not change."
    order = table["lmdi_usd"].abs().sort_values(ascending=False).index
    said = [f"{name} {_span(table.loc[name])}" for name in order if table.loc[name].abs().max() > 0]
    if not rows.set_index("factor").at["share", "before"] > 0:
        return fill("Nothing was bought before; {size:usd} is all new.", size=change)
    apart = (table["lmdi_usd"] - table["shapley_usd"]).abs()
    sizes = table.abs().max(axis=1)
    far = sizes.index[(sizes >= MATTERS * abs(change)) & (apart > FIRM * sizes)]
    turned = table.index[(table["lmdi_usd"] * table["shapley_usd"]) < 0]
    verdict = choose(
        (len(turned) > 0, f"The methods do not agree on the direction of: {joined([*turned])}."),
        (len(far) == 0, "The two methods lie close: the account is firm."),
        (True, f"The methods agree on the directions, not on the size of {joined([*far])}."),
    )
    went = "rose" if change > 0 else "fell"
    return fill(
        "The value {went} by {size:usd}: {parts}, by the two methods. {verdict} Values are current "
        "US dollars, so that inflation is part of the unit value.",
        went=went,
        size=abs(change),
        parts="; ".join(said),
        verdict=verdict,
    )


def on_magnets(newest: pd.DataFrame, importer: str, exporter: str) -> str:
    """Where the figures of rare-earth magnets come from, and where they end, as plain text."""
    names = {
        "importer": trade.economy_in_text(importer),
        "exporter": trade.economy_in_text(exporter),
    }
    known = newest[newest["stage"] == stages.MAGNETS]
    said = [
        "Magnets: flows of {limit:usd} or more a year, the same limit for all years; smaller ones "
        "are not listed, so that shares and HHI are of the larger flows and run high. The code "
        "also holds magnets without rare earths, and where a magnet's material was mined and "
        "separated does not show."
        if len(known)
        else "Magnets: the suppliers of {importer} are not in the data."
    ]
    union = stages.union_magnets(importer, exporter)
    values = names | {"limit": stages.magnet_limit()}
    if len(union):
        said.append(
            "Of the rare-earth magnets that the European Union imported from outside in "
            "{union_year}, {exporter} had {value:pct0} of the value and {tonnes:pct0} of the "
            "tonnes."
        )
        last = union.iloc[-1]
        values |= {"union_year": int(last["year"])}
        values |= {"value": last["share_value"], "tonnes": last["share_tonnes"]}
    return fill(" ".join(said), **values)


def on_faults(importer: str, material: str, years: tuple[int, int], newest: pd.DataFrame) -> str:
    """Known faults of the series that a report shows, as plain text; empty without any."""
    breaks = quality.known_breaks(importer, material, years)
    magnets = stages.MAGNETS in set(newest["stage"])
    series = [trade.TABLE, "magnets"] if magnets else [trade.TABLE]
    breaks = breaks[breaks["series"].isin(series) & (breaks["kind"] != "weights")]
    breaks = breaks[(breaks["first_year"] <= years[1]) & (breaks["last_year"] >= years[0])]
    said = [f"{row.years.capitalize()}: {row.description}" for row in breaks.itertuples()]
    return f"Known faults of these series. {'; '.join(said)}." if said else ""


def on_outliers(table: pd.DataFrame) -> str:
    """Suppliers whose unit value is far from the mean of all, as plain text; empty without any."""
    known = table.dropna(subset=["usd_per_kg"])
    mean = known["value_with_quantity_usd"].sum() / (known["quantity_t"].sum() * 1000)
    far = known[(known["usd_per_kg"] > APART * mean) | (known["usd_per_kg"] < mean / APART)]
    if far.empty:
        return ""
    said = [
        f"{row.name} (${show_number(row.usd_per_kg, 'plain_usd')})"
        for row in far.itertuples(index=False)
    ]
    return (
        f"More than {APART} times from the mean, by other goods or a wrong weight: {joined(said)}."
    )


def on_published(differences: pd.Series) -> str:
    """The title of the published shares beside the computed ones: how far they are apart."""
    low, high = 100 * differences.min(), 100 * differences.max()
    one = f"{abs(high):.0f} points {'higher' if high > 0 else 'lower'} than computed"
    one = "less than a point from the computed one" if abs(high) < 0.5 else one
    ends = f"{min(abs(low), abs(high)):.0f} to {max(abs(low), abs(high)):.0f}"
    return choose(
        (len(differences) == 1, f"The published share is {one}"),
        (low >= 0, f"Published shares are {ends} points higher than computed"),
        (high <= 0, f"Published shares are {ends} points lower than computed"),
        (True, f"Published less computed: {_signed(low)} to {_signed(high)} points"),
    )


def hhi_list(rows: pd.DataFrame, named: bool) -> str:
    """The HHI of each stage as text, with its name or without; three digits next to a threshold."""
    close = [min(abs(row.hhi - 0.25), abs(row.hhi - 0.4)) < NEAR for row in rows.itertuples()]
    said = [
        f"{row.goods if named else ''} {row.hhi:{'.3f' if near else '.2f'}}".strip()
        for row, near in zip(rows.itertuples(), close, strict=True)
    ]
    return joined(said)


def headline(summary: dict, newest: pd.DataFrame) -> str:
    """One short sentence for the index."""
    return choose(
        (not (newest["share_value"].fillna(0) > 0).any(), "{exporter} supplied nothing in {year}."),
        (
            len(newest) > 1,
            f"Share of {{exporter}} in {{year}}: {stage_list(newest, summary['year'])}.",
        ),
        (
            True,
            f"{{exporter}} supplied {stages.share_words(next(newest.itertuples()))} in {{year}}.",
        ),
    )


def _span(parts: pd.Series) -> str:
    """Both contributions of a factor as text, one where they look the same."""
    ends = [signed_usd(part) for part in sorted(parts, key=abs)]
    return " to ".join(dict.fromkeys(ends))


def _signed(number: float) -> str:
    return with_signs(f"{round(number, 1) + 0.0:+,.1f}")
