"""The sentences of a brief, each chosen by what holds."""

import pandas as pd

from rareearths.words import choose, fill, joined

NO_REPORTS = (
    "**No report has been rendered yet.** `rareearths render` in the folder of the project makes "
    "the reports; the parameter `site` names the folder in which they lie, if it is not `site/`. "
    "What follows is from the tables alone."
)


def on_numbers(facts: dict) -> str:
    """Say whether headline numbers changed, and by which causes."""
    return choose(
        (
            facts["reports"] == 0,
            "No report has been rendered yet, so no number can be compared.",
        ),
        (
            facts["first"] == facts["reports"],
            "Reports: {reports:count}, each the first of its kind, so that no number has one "
            "before it.",
        ),
        (
            facts["changed"] == 0,
            "Of {headlines:count} headline numbers **none changed** in the {days:count} days to "
            "{as_of}.",
        ),
        (
            True,
            "Of {headlines:count} headline numbers **{changed:count} changed** in the {days:count} "
            "days to {as_of}: {by_real:count} by new periods, {by_revision:count} by revised data, "
            "{by_method:count} by another method.",
        ),
    )


def on_rest(facts: dict) -> str:
    """Return how many acts, changes of state, alerts and stale sources there are."""
    return (
        "Acts dated in these {days:count} days: **{acts:count}**; measures that came into force: "
        "**{into_force:count}**, whose state changed otherwise: **{other_states:count}**. "
        "Alerts: {alerts:count}. Stale sources: {stale:count} of {series:count}."
    )


def on_stale(table: pd.DataFrame) -> str:
    """Return the banner, which needs ``stale_list``; empty when no source is stale."""
    stale = int(table["is_stale"].sum())
    return choose(
        (stale == 0, ""),
        (stale == 1, "**One source is stale**: {stale_list}."),
        (True, "**{stale:count} sources are stale**: {stale_list}."),
    )


def stale_list(table: pd.DataFrame) -> str:
    """Return the stale sources, each with its last period and the day on which it was read."""
    return "; ".join(
        fill("{series} (last period {last_period}, read on {accessed})", **row)
        if row["last_period"] != "–"
        else fill("{series} (read on {accessed})", **row)
        for row in table[table["is_stale"]].to_dict("records")
    )


def on_causes(facts: dict) -> str:
    """Say what the three causes mean here, and what is not known or not shown."""
    said = [
        "A change by new periods is one of the world; revised data changed what was known of old "
        "periods; a change by method is ours."
    ]
    if facts["unknown"]:
        said.append("Of {unknown:count} numbers the causes are not all known.")
    if facts["others"]:
        said.append(
            "Besides headline numbers, {others:count} recorded numbers changed; their reports list "
            "them."
        )
    if facts["incomparable"]:
        said.append("Reports that asked another question before: {incomparable:count}.")
    return " ".join(said)


def on_acts(facts: dict) -> str:
    """Say that no act is dated in these days, and which is the newest."""
    return choose(
        (
            bool(facts["newest_act"]),
            "No act is dated in these days; the newest is of {newest_act}.",
        ),
        (True, "No act on {material} that concerns {importer} is in the table."),
    )


def on_new_rows(rows: pd.DataFrame | None) -> str:
    """Say which events entered the table, whatever their date."""
    if rows is None:
        return "Which events are new in the table is not known: its version before is not kept."
    if rows.empty:
        return "No event entered the table with the last reports."
    return "Events that entered the table with the last reports: {n:count} ({dates})."


def dates(rows: pd.DataFrame | None) -> str:
    """Return the dates of events as they stand in a sentence."""
    return "" if rows is None else joined(list(dict.fromkeys(rows["date"])))
