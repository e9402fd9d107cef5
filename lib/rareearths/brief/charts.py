"""The three charts of a brief: the headline numbers that moved most, else the standing ones."""

import pandas as pd

from rareearths import figures, monthly, policy, quality, trade
from rareearths.brief import numbers
from rareearths.brief.window import Window
from rareearths.words import choose

MOST = 3
TIMELINE_YEARS = 2


def drawn(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose way can be drawn: headline numbers whose three parts are known."""
    parts = [*numbers.PARTS, "before", "after"]
    return table[table["is_headline"] & table[parts].notna().all(axis=1)].head(MOST)


def show_changes(table: pd.DataFrame, /, **facts) -> int:
    """Show a chart for each of the headline numbers that changed most; returns how many.

    Parameters
    ----------
    table : pandas.DataFrame
        From `numbers.changed`.
    **facts
        ``importer`` and ``material``, as they stand in a sentence.
    """
    rows = drawn(table)
    for _, row in rows.iterrows():
        steps = numbers.steps(row)
        figures.show(
            figures.plot_steps(figures.canvas(2.2), steps, row["shares"]),
            title="{label}: {change}, most of it by {cause}",
            subtitle="From the last report to this one, by cause",
            alt="Two dots, before and now, and between them a bar for each of the three causes.",
            data=steps.drop(columns="step"),
            label=row["label_text"][:1].upper() + row["label_text"][1:],
            change=row["change_text"],
            cause=numbers.main_cause(row),
            report=row["title"],
            **facts | {"source": "Source: records of the report “{report}”"},
        )
    return len(rows)


def show_standing(
    importer: str, exporter: str, material: str, window: Window, most: int, /, **facts
) -> int:
    """Show the standing charts up to a number.

    The share by month, where customs' months are at hand; the share by year; unit values; events
    of the last two years.

    Parameters
    ----------
    importer, exporter : str
        ISO3 codes.
    material : str
    window : Window
    most : int
    **facts
        Names of the three as they stand in a sentence, and ``source``.
    """
    everything = trade.load_flows(importer, products=material)
    flows = quality.reliable(everything, importer, material)
    months = monthly.shares(importer, exporter, material)
    charts = [
        (_show_months, (months, window)),
        (_show_shares, (flows, exporter)),
        (_show_prices, (flows, exporter)),
        (_show_events, (importer, material, window)),
    ]
    shown = 0
    for show, about in charts:
        if shown < most:
            shown += show(*about, **facts)
    return shown


def _show_months(months: pd.DataFrame, window: Window, /, **facts) -> bool:
    months = months[months["month"] <= window.end.to_period("M")]
    known = months.dropna(subset=["share_value"])
    if known.empty:
        return False
    newest = known.iloc[-1]
    hollow = "; hollow dots: may be revised" if months["provisional"].any() else ""
    figures.show(
        figures.plot_monthly_share(figures.canvas(2.6), months),
        title="{month}: {exporter} has {share:pct0} of the value by customs' months",
        subtitle="Share in imports of {goods} by {importer}, by month" + hollow,
        alt="A dot a month. In {month} it is {share:pct0}.",
        data=months.assign(month=months["month"].astype(str)),
        month=str(newest["month"]),
        share=newest["share_value"],
        **facts | {"source": f"Source: {newest['source']}, months to {newest['month']}"},
    )
    return True


def _show_shares(flows: pd.DataFrame, supplier: str, /, **facts) -> bool:
    if flows.empty:
        return False
    shares = trade.dependence(flows, supplier)
    year = trade.latest_year(shares)
    figures.show(
        figures.plot_share_lines(figures.canvas(), shares),
        title="In {year}, {exporter} has {share:pct0} of the value",
        subtitle="Share in imports of {goods} by {importer}" + figures.hollow_note(shares),
        alt="Two lines by year. By value the share is {share:pct0} in {year}.",
        data=shares.reset_index(),
        year=year,
        share=shares.at[year, "share_value"],
        **facts,
    )
    return True


def _show_prices(flows: pd.DataFrame, supplier: str, /, **facts) -> bool:
    per_kg = trade.unit_values(flows, supplier) if len(flows) else pd.DataFrame()
    both = per_kg.dropna()
    if both.empty:
        return False
    year = int(both.index[-1])
    ratio = both.at[year, "exporter"] / both.at[year, "others"]
    figures.show(
        figures.plot_unit_values(figures.canvas(), per_kg, supplier),
        title=choose(
            (
                ratio >= 1,
                "{year}: from {exporter} at {ratio:.1f} times the unit value of the others",
            ),
            (True, "{year}: from {exporter} at {ratio:pct0} of the unit value of the others"),
        ),
        subtitle="Unit value of imports of {goods} by {importer}, current US$ per kg"
        + figures.scale_note(per_kg),
        alt="Lines by year: unit value of goods from {exporter} and from all other suppliers.",
        data=per_kg.reset_index(),
        year=year,
        ratio=ratio,
        **facts,
    )
    return True


def _show_events(importer: str, material: str, window: Window, /, **facts) -> bool:
    start = f"{window.end - pd.DateOffset(years=TIMELINE_YEARS):%Y-%m-%d}"
    events = policy.load_events(None, None, [material], start, window.last, concerning=importer)
    if events.empty:
        return False
    told = policy.event_table(events)
    facts |= {
        "source": "Source: policy events of this project, each with its pages",
        "restrictive": int((events["direction"] == "restrictive").sum()),
        "events": len(events),
        "first": events["date"].iloc[0],
        "last": events["date"].iloc[-1],
    }
    figures.show(
        figures.plot_timeline(figures.canvas(4.2), events),
        chart=figures.timeline_chart(events, policy.load_sources()),
        title="{restrictive:count} of {events:count} events of these two years restrict",
        subtitle="Events by issuer and direction; those of a quarter are stacked",
        alt="Timeline of the events from {first} to {last} ({events}), in lanes by issuer.",
        data=told[["date", "who", "direction", "instrument", "event_id"]],
        **facts,
    )
    return True
