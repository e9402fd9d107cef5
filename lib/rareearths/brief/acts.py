"""Policy in the days of a brief: acts, rows that are new, measures that changed their state."""

from pathlib import Path

import pandas as pd

from rareearths import catalogue, policy
from rareearths.brief.numbers import is_new
from rareearths.brief.window import Window
from rareearths.reports.history import History

TABLE = "policy_events"
STATES = ("not yet", "in force", "suspended", "uncertain", "ended")


def dated(importer: str, material: str, window: Window) -> pd.DataFrame:
    """Return the events whose date can lie in the days of a brief, with names and pages.

    Parameters
    ----------
    importer : str
        ISO3 code; an event counts that names it or the whole world, or is its own.
    material : str
    window : Window

    Returns
    -------
    pandas.DataFrame
        As `policy.event_table`.
    """
    events = policy.load_events(
        None, None, [material], window.first, window.last, concerning=importer
    )
    return policy.event_table(events)


def new_rows(
    records: list[dict], importer: str, material: str, window: Window, state: Path
) -> pd.DataFrame | None:
    """Return the events that entered the table in the days of a brief, whatever their date.

    Parameters
    ----------
    records : list of dict
        Of reports; one that read another version of the events before says which.
    importer, material : str
    window : Window
    state : pathlib.Path
        Folder of the tables that earlier reports read.

    Returns
    -------
    pandas.DataFrame or None
        As `policy.event_table`; None when the version before is not kept.
    """
    replaced = {
        record["change"].get("replaced", {}).get(TABLE)
        for record in records
        if is_new(record, window)
    } - {None}
    kept = [History(state).find(sha256) for sha256 in sorted(replaced)]
    events = policy.load_events(None, None, [material], concerning=importer)
    if None in kept:
        return None
    known = [set(catalogue.read(catalogue.table(TABLE), v.file)["event_id"]) for v in kept]
    fresh = events["event_id"].map(lambda name: any(name not in before for before in known))
    return policy.event_table(events[fresh.astype(bool)])


def moved(importer: str, material: str, window: Window) -> pd.DataFrame:
    """Return the measures at an importer whose state at the end differs from that before.

    Returns
    -------
    pandas.DataFrame
        As `policy.event_table`, with ``state_before`` (on the day before the first) and ``state``.
    """
    before = policy.in_force(window.before, target=importer, material=material, states=STATES)
    after = policy.in_force(window.last, target=importer, material=material, states=STATES)
    told = after.assign(state_before=before["state"])
    rows = told[told["state"] != told["state_before"]]
    return policy.event_table(rows.reset_index(drop=True))


def tally(rows: pd.DataFrame) -> dict[str, int]:
    """Count the rows of `moved`: ``into_force`` (for the first time) and ``other_states``."""
    began = (rows["state_before"] == "not yet") & (rows["state"] == "in force")
    return {"into_force": int(began.sum()), "other_states": int((~began).sum())}


def coming(importer: str, material: str, window: Window) -> pd.DataFrame:
    """Return the days after the brief on which a measure at an importer begins, ends or resumes.

    Returns
    -------
    pandas.DataFrame
        As `policy.event_table`, with ``comes`` (YYYY-MM-DD) and ``what_comes``, the next first.
    """
    rows = policy.in_force(window.last, target=importer, material=material, states=STATES)
    begins = rows[rows["from_day"] > window.end]
    ends = rows[(rows["to_day"] > window.end) & (rows["from_day"] <= window.end)]
    both = [
        begins.assign(comes=begins["from_day"], what_comes="begins"),
        ends.assign(comes=ends["to_day"], what_comes="last day known"),
    ]
    table = pd.concat(both, ignore_index=True).sort_values("comes", kind="stable")
    table = table.assign(comes=[f"{day:%Y-%m-%d}" for day in table["comes"]])
    return policy.event_table(table.reset_index(drop=True))


def last_date(importer: str, material: str, window: Window) -> str:
    """Return the date of the newest event up to the end of the brief; empty where there is none."""
    events = policy.load_events(None, None, [material], end=window.last, concerning=importer)
    return "" if events.empty else events["date"].iloc[-1]
