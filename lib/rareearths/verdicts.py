"""What an event study allows to be said: templates of sentences, chosen by what was found.

The values that a template names come from `evidence.summary` and from the caller: ``importer``,
``exporter`` and ``material`` as they stand in a sentence.
"""

import pandas as pd

from rareearths import policy
from rareearths.events import Study
from rareearths.words import choose, fill

_STEP = (
    "By {measure}, the line fitted to the years after starts **{off}** the line before, drawn on "
    "(95% interval {step_range}); {first_period} itself lies {first_off}. "
)
_MAIN = "in the main window ({years_before} years before, {years_after} after)"
_VERDICTS = {
    "found": f"**Found**: {_MAIN} every test that can be made tells this from chance{{windows}}.",
    "mixed": f"**Mixed**: {_MAIN} some tests tell this from chance, others do not{{windows}}.",
    "not found": f"**Not found**: {_MAIN} no test tells this from chance{{windows}}. A {{push}} "
    "has to reach {smallest} to be seen four times in five.",
    "cannot be decided": "There are too few placebos to rank it{windows}.",
}
_OWN_ONLY = f"**Mixed**: {_MAIN} only its own error tells this from chance, no placebo{{windows}}."
_GOODS = (
    "By destination the goods cannot be told apart; most are magnets. These are values: a fall of "
    "prices looks like a fall of shipments. Ranked among other dates,"
)
_STATES = {
    "in_force": "It is in force on the newest page read.",
    "check_status": "Whether it is in force is in doubt.",
    "check_expiry": "Its scheduled end{end} has passed or is near; what followed was not read.",
    "expired": "It has expired as scheduled{end}.",
    "removed": "It has ended{end}.",
    "superseded": "A later act has replaced it{end}.",
    "suspended": "It is suspended.",
}


def answer(lead: Study, share: Study, others: str, warned: str, in_months: str) -> str:
    """The answer: step, share, warning, the importer beside others, months.

    Parameters
    ----------
    others : str
        The template of `peer_verdicts.on_answer` or `on_monthly`.
    warned, in_months : str
        The texts of `around.on_strained` and `customs.answer`, maybe empty; to be given as the
        values ``warned`` and ``in_months``.
    """
    said = [on_step(lead), on_share(share, lead), "{warned}" if warned else "", others]
    return " ".join(text for text in [*said, "{in_months}" if in_months else ""] if text)


def on_step(study: Study) -> str:
    """The step of the leading measure and its verdict; ``windows`` is `evidence.windows_in_words`.

    The step is one between two fitted lines; the first year after is told beside it.
    """
    if study.estimate is None:
        return "**Cannot be decided** with these yearly data ({reason})."
    return _STEP + (_OWN_ONLY if study.own_only else _VERDICTS[study.verdict])


def on_share(share: Study, lead: Study) -> str:
    """The step of the exporter's share in the importer's tonnes."""
    return choose(
        (
            share.estimate is None and lead.estimate is None,
            "Nor can the share of {exporter} in the tonnes be studied.",
        ),
        (share.estimate is None, "The share of {exporter} cannot be studied ({share_reason})."),
        (
            True,
            "For the share of {exporter} in the tonnes that {importer} imports, that step is "
            "{share_step} ({share_step_range}; {share_first_period} itself lies "
            "{share_first_off}): {share_verdict}.",
        ),
    )


def on_monthly(monthly: list[Study], months: pd.DataFrame) -> str:
    """What China's monthly exports show where no year can tell."""
    return choose(
        (not monthly, "No monthly series of {material} is at hand for a test."),
        (months.empty, "No monthly series is long enough for a test."),
        (
            True,
            "In China's monthly exports, by value, {n_months:count} series reach around the event; "
            "{n_own:count} show a step by their own errors, {n_ranked:count} by rank among other "
            "dates. The largest: {largest}.",
        ),
    )


def on_act(act: pd.Series, named: bool) -> str:
    """What the event was: its summary, whom it aimed at, its state, and what must be said of it."""
    return " ".join(
        [
            "{summary} Aimed at: {aimed}.",
            *on_state(act),
            *on_day(act),
            *[
                "Sources disagree on it, on what happened or on how long it lasts: here the trade "
                "is tested and no side is taken."
            ]
            * bool(act["contested"]),
            *["It does not name {material}: read what follows as a comparison."] * (not named),
        ]
    )


def on_state(act: pd.Series) -> list[str]:
    """The state of the event on the newest page read, and when a later act paused it."""
    pause = policy.pause_of(act)
    if pause is not None:
        begin = (act["from_day"] - pause["from_day"]).days
        when = f"{pause['from_day']:%Y-%m-%d}"
        last = pause["date_end"]
        return [
            choose(
                (begin == 1, f"It was suspended on {when}, a day before it was to begin."),
                (begin > 1, f"It was suspended on {when}, {begin} days before it was to begin."),
                (True, f"It was suspended on {when}."),
            ),
            *[f"The suspension was to last until {last}; what followed was not read."]
            * pd.notna(last),
        ]
    template = _STATES.get(act["status"])
    end = "" if pd.isna(act["date_end"]) else f" ({act['date_end']})"
    return [] if template is None else [fill(template, end=end)]


def on_day(act: pd.Series) -> list[str]:
    """The day that is tested, where it is not the day of the event's date."""
    tested = f"{act['from_day']:%Y-%m-%d}"
    start = act["date"] if pd.isna(act["date_effective"]) else act["date_effective"]
    coarse = f", the first that {start} can mean" * (len(start) < len(tested))
    return choose(
        (tested == act["date"], []),
        (start == act["date"], [f"The day tested is {tested}{coarse}."]),
        (
            True,
            [
                f"The day tested is {tested}{coarse}, from which it was to apply, and not "
                f"{act['date']} ({act['date_basis'].replace('_', ' ')})."
            ],
        ),
    )


def on_other_acts(lead: Study, others: pd.DataFrame) -> str:
    """What else happened in the window."""
    return choose(
        (
            lead.estimate is None,
            "Other acts are not listed, because no window of years can be formed.",
        ),
        (
            len(others) == 1,
            "One other act falls into the window: a step in these years can be its work.",
        ),
        (
            len(others) > 1,
            "{n_others:count} other acts fall into the window: a step in these years can be the "
            "work of any of them, or of all.",
        ),
        (True, "No other act of {exporter} on {material} is known in the years looked at."),
    )


def on_breaks(found: pd.DataFrame | None, nearest: int | None, day: pd.Timestamp) -> str:
    """The break nearest to the event."""
    return choose(
        (found is None, "The search cannot be made: the series has gaps or is too short."),
        (nearest is None, "The level of the series shifts nowhere by more than its noise."),
        (
            nearest == day.year - 1,
            "The break nearest to the event is that of {nearest}, the year before it: the level "
            "shifts before the event.",
        ),
        (
            nearest in (day.year, day.year + 1),
            "The break nearest to the event is that of {nearest}: the search, which does not know "
            "the date, puts one there.",
        ),
        (True, "The break nearest to the event of {event_year} is that of {nearest}."),
    )


def on_months(studies: list[Study], months: pd.DataFrame, limit: float) -> str:
    """China's monthly exports."""
    return choose(
        (
            not studies,
            "The monthly exports at hand are China's, of rare earths and magnets only.",
        ),
        (months.empty, "China's monthly exports cannot decide: {why}."),
        (not (months["rank_p"] <= limit).any(), f"{_GOODS} none of these steps is rare."),
        (True, f"{_GOODS} {{n_ranked:count}} of {{n_months:count}} steps would be rare."),
    )


def on_power(table: pd.DataFrame, months: pd.DataFrame) -> str:
    """Whether there are series that could have shown anything, by year and by month."""
    return choose(
        (table.empty, "No yearly series reaches far enough; the monthly ones do."),
        (months.empty, "No monthly series reaches far enough; the yearly ones do."),
        (True, "Yearly and monthly series reach around the event."),
    )
