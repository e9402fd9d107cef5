"""Policy events: who did what and when, what was in force on a day, how many there were.

Dates are known to the day, the month or the year; `load_events` gives the first and the last day a
date can mean. Announced, effective and ended stay apart.
"""

import re
from datetime import date
from urllib.parse import urlsplit

import pandas as pd

from rareearths import catalogue, trade
from rareearths.catalogue import UnknownCode, closest

CONFIDENCE = ("low", "medium", "high")
EVERYONE = "WLD"
LISTS = ("issuers", "targets", "stage", "materials")
_NO_LIFE_CYCLE = ("not_assessed", "one_off")
_INSTRUMENTS = {  # as they are called where their code in words is no English
    "offtake_equity": "purchase contract, loan or stake",
    "subsidy_investment": "public money",
    "wto_dispute": "WTO dispute",
}
_END_NOT_READ = ("check_expiry", "superseded", "removed", "expired", "suspended")


@catalogue.remembered
def load_events(
    issuers: list[str] | None = None,
    target: str | None = None,
    materials: list[str] | None = None,
    start: str | None = None,
    end: str | None = None,
    min_confidence: str = "low",
    concerning: str | None = None,
) -> pd.DataFrame:
    """Load policy events, oldest first.

    Parameters
    ----------
    issuers : list of str, optional
        ISO3 codes (EUU for the European Union); an event counts when one of them issued it.
    target : str, optional
        ISO3 code; an event counts when it names this economy or the whole world.
    materials : list of str, optional
        Materials of ``reference/materials.csv``; an event counts when it concerns one of them.
    start, end : str, optional
        Dates (YYYY, YYYY-MM or YYYY-MM-DD); the event's date lies between them.
    min_confidence : {"low", "medium", "high"}
    concerning : str, optional
        ISO3 code of an economy; an event counts when it names it or the whole world, or when it is
        the economy's own act or its Union's, whomever that names.

    Returns
    -------
    pandas.DataFrame
        The columns of ``policy_events``; ``issuers``, ``targets``, ``stage`` and ``materials`` as
        lists; ``earliest`` and ``latest`` (datetime64), the first and last day the date can mean;
        ``from_day`` and ``to_day``, the days between which the measure applies as far as known.

    Raises
    ------
    UnknownCode
        An issuer, target or material that no event has.
    ValueError
        A date that is not one, or dates that are reversed.
    """
    events = _all_events()
    chosen = pd.Series(True, index=events.index)
    if issuers is not None:
        wanted = {check_issuer(code) for code in issuers}
        chosen &= events["issuers"].map(lambda codes: bool(wanted & set(codes)))
    if target is not None:
        named = {target, EVERYONE} if check_target(target) else set()
        chosen &= events["targets"].map(lambda codes: bool(named & set(codes)))
    if concerning is not None:
        own = codes_of(concerning)
        chosen &= events["issuers"].map(lambda codes: bool(own & set(codes))) | events[
            "targets"
        ].map(lambda codes: bool((own | {EVERYONE}) & set(codes)))
    if materials is not None:
        tokens = set().union(*(material_tokens(material) for material in materials))
        chosen &= events["materials"].map(lambda names: bool(tokens & set(names)))
    first, last = _span(start, end)
    chosen &= (events["latest"] >= first) & (events["earliest"] <= last)
    if min_confidence not in CONFIDENCE:
        raise ValueError(f"confidence {min_confidence!r} is not one of {', '.join(CONFIDENCE)}")
    enough = CONFIDENCE[CONFIDENCE.index(min_confidence) :]
    chosen &= events["confidence"].isin(enough)
    return events[chosen].reset_index(drop=True)


def load_event(event_id: str) -> pd.Series:
    """Return one event, as a row of `load_events`.

    Raises
    ------
    UnknownCode
        No such event; the message names the closest ones.
    """
    events = _all_events().set_index("event_id", drop=False)
    if event_id not in events.index:
        raise UnknownCode(f"unknown event {event_id!r}; {closest(event_id, events.index)}")
    return events.loc[event_id]


@catalogue.remembered
def in_force(
    on: str,
    issuer: str | None = None,
    target: str | None = None,
    material: str | None = None,
    states: tuple[str, ...] = ("in force",),
) -> pd.DataFrame:
    """Measures that were in force on a day.

    Only rows that are policy and have a life cycle can be in force: an agreement or a speech is
    not. It applies from its effective date, or from its date where no effective one was read. One
    that a later act paused is ``suspended`` while that act lasts. It is ``uncertain`` where its
    state is in doubt, its end was not read, or the last day known has passed.

    Parameters
    ----------
    on : str
        A day, YYYY-MM-DD.
    issuer, target, material : str, optional
        As for `load_events`.
    states : tuple of str
        Which states to return: ``in force``, ``suspended``, ``uncertain``.

    Returns
    -------
    pandas.DataFrame
        As `load_events`, with ``state``.

    Notes
    -----
    Method and limits: docs/methods/in_force.md
    """
    day = check_day(on)
    events = load_events([issuer] if issuer else None, target, [material] if material else None)
    measures = events[events["is_policy"] & ~events["status"].isin(_NO_LIFE_CYCLE)].copy()
    pauses = _all_events().set_index("event_id")
    measures["state"] = [_state(measure, day, pauses) for measure in measures.itertuples()]
    return measures[measures["state"].isin(states)].reset_index(drop=True)


def count_events(events: pd.DataFrame, every: str = "year", by: str | None = None) -> pd.DataFrame:
    """Count policy measures per period.

    Rows that are no policy (finds, elections, disruptions, context) are left out; the rows of one
    package count once.

    Parameters
    ----------
    events : pandas.DataFrame
        Rows of `load_events`.
    every : {"year", "quarter"}
    by : str, optional
        A column to count by, for example ``"direction"``; a package counts once in each group.

    Returns
    -------
    pandas.DataFrame
        Indexed by period, without gaps; one column ``events``, or one for each value of ``by``.
        By quarter, events known only to the year are left out.
    """
    policy = group_packages(events[events["is_policy"]])
    frequency = {"year": "Y", "quarter": "Q"}[every]
    if every == "quarter":
        policy = policy[policy["date_precision"] != "year"]
    periods = policy["earliest"].dt.to_period(frequency)
    groups = pd.Series("events", index=policy.index) if by is None else policy[by]
    counts = pd.crosstab(periods, groups)
    if counts.empty:
        return counts
    full = pd.period_range(counts.index.min(), counts.index.max(), freq=frequency, name="period")
    return counts.reindex(full, fill_value=0).rename_axis(columns=None)


def group_packages(events: pd.DataFrame) -> pd.DataFrame:
    """Keep one row for each package of measures, the earliest, with its number of ``measures``."""
    package = events["package_id"].fillna(events["event_id"])
    grouped = events.assign(measures=package.groupby(package).transform("size"))
    return grouped[~package.duplicated()].reset_index(drop=True)


def summary(events: pd.DataFrame, measures: pd.DataFrame) -> dict:
    """The headline numbers of a selection of events and of the measures on a day.

    Parameters
    ----------
    events : pandas.DataFrame
        Rows of `load_events`, not empty.
    measures : pandas.DataFrame
        Rows of `in_force` with their ``state``.

    Returns
    -------
    dict
        ``events`` and their number by direction; ``first`` and ``last`` date (text); ``contested``;
        ``since_2025`` (share of the events, fraction); ``after_june_2026``; ``busiest`` issuer
        (name) and ``busiest_events``; ``in_force``, ``suspended`` and ``uncertain`` measures.
    """
    directions = events["direction"].value_counts()
    states = measures["state"].value_counts()
    by_issuer = events["issuers"].explode().value_counts()
    return {
        "events": len(events),
        **{d: int(directions.get(d, 0)) for d in ("restrictive", "liberalising", "supportive")},
        "first": events["date"].iloc[0],
        "last": events["date"].iloc[-1],
        "contested": int(events["contested"].sum()),
        "since_2025": float((events["earliest"] >= "2025").mean()),
        "after_june_2026": int((events["earliest"] > "2026-06-30").sum()),
        "busiest": name_of(by_issuer.index[0]),
        "busiest_events": int(by_issuer.iloc[0]),
        "in_force": int(states.get("in force", 0)),
        "suspended": int(states.get("suspended", 0)),
        "uncertain": int(states.get("uncertain", 0)),
    }


def pause_of(event: pd.Series) -> pd.Series | None:
    """Return the act that suspended an event, a row of `load_events`, where its status says so."""
    return _pause_of(event, _all_events().set_index("event_id"))


def acts_of(events: pd.DataFrame, issuer: str) -> pd.DataFrame:
    """Keep what an issuer restricted or lifted: policy of these two directions."""
    own = events["issuers"].map(lambda codes: issuer in codes)
    acts = events["direction"].isin(["restrictive", "liberalising"])
    return events[own & acts & events["is_policy"]].reset_index(drop=True)


def numbered(events: pd.DataFrame, years: tuple[int, int]) -> pd.DataFrame:
    """Keep the events of some years and give each a ``number``, from 1."""
    kept = events[events["earliest"].dt.year.between(*years)].reset_index(drop=True)
    return kept.assign(number=range(1, len(kept) + 1))


def with_span(measures: pd.DataFrame) -> pd.DataFrame:
    """Add ``span`` as text, from when to when, and sort by state and date.

    A start that was not read is said with what the date stands for: 2020-03 (announced).
    """
    own_date = measures["date"] + " (" + measures["date_basis"] + ")"
    since = measures["date_effective"].fillna(own_date)
    until = measures["date_end"].fillna("")
    order = {"in force": 0, "suspended": 1, "uncertain": 2}
    rows = measures.assign(span=since + " – " + until, order=measures["state"].map(order))
    return rows.sort_values(["order", "from_day"], kind="stable", ignore_index=True)


def load_sources(event_ids: list[str] | None = None) -> pd.DataFrame:
    """Load the pages behind events: ``event_id``, ``n``, ``title``, ``publisher``, ``url``, ..."""
    sources = catalogue.load("policy_sources")
    return sources if event_ids is None else sources[sources["event_id"].isin(event_ids)]


def load_readings(event_id: str) -> pd.DataFrame:
    """Load what publications say on an event; empty where none is bundled.

    Returns
    -------
    pandas.DataFrame
        The columns of ``policy_readings``, ``reading`` in words, and ``publication`` (title, year).
    """
    rows = catalogue.load("policy_readings")
    rows = rows[rows["event_id"] == event_id]
    return rows.assign(
        reading=rows["reading"].str.replace("_", " "),
        publication=rows["title"] + " (" + rows["year"].astype(str) + ")",
    )


def event_table(events: pd.DataFrame) -> pd.DataFrame:
    """Make events readable: names instead of codes, and the pages behind each.

    Returns
    -------
    pandas.DataFrame
        The events with ``who`` (text), ``act`` (who, at whom, what kind; contested and unsure
        ones are marked) and ``pages`` (list of (text, address)).
    """
    sources = load_sources(list(events["event_id"])).sort_values(["event_id", "n"])
    named = sources.assign(name=[page_name(row) for row in sources.itertuples()])
    links = {event: _links(pages) for event, pages in named.groupby("event_id")}
    return events.assign(
        who=events["issuers"].map(_names),
        act=[_act(event) for event in events.itertuples()],
        pages=events["event_id"].map(links),
    )


def page_name(page) -> str:
    """Return how a link to a page is called: its publisher, else the site that it stands on.

    Parameters
    ----------
    page : namedtuple
        A row of `load_sources`.
    """
    if pd.notna(page.publisher):
        return page.publisher
    return urlsplit(page.url).hostname.strip(".").removeprefix("www.")


def _links(pages: pd.DataFrame) -> list[tuple[str, str]]:
    """The pages as (name, address); a further one of the same name has its number: Reuters (2)."""
    nth = pages.groupby("name").cumcount() + 1
    names = pages["name"].where(nth == 1, pages["name"] + " (" + nth.astype(str) + ")")
    return list(zip(names, pages["url"], strict=True))


def _act(event) -> str:
    aim = "" if event.targets == [EVERYONE] else f" at {_names(event.targets)}"
    marks = "; contested" if event.contested else ""
    marks += "" if event.confidence == "high" else f"; confidence {event.confidence}"
    return f"{_names(event.issuers)}{aim}: {instrument_name(event.instrument)}{marks}"


def instrument_name(code: str) -> str:
    """Return what an instrument is called.

    Examples
    --------
    >>> instrument_name("export_quota"), instrument_name("wto_dispute")
    ('export quota', 'WTO dispute')
    """
    return _INSTRUMENTS.get(code, code.replace("_", " "))


@catalogue.remembered
def name_of(code: str) -> str:
    """Return the name of an issuer or target; some are no economy."""
    economies = catalogue.load("economies").set_index("economy")["name_en"]
    if code in economies:
        return economies[code]
    regions = catalogue.load("policy_vocabulary").query("field == 'region'").set_index("value")
    return (
        re.match(r"[^;,(]+", regions.at[code, "meaning"]).group().strip().removesuffix(" as such")
    )


def _names(codes: list[str]) -> str:
    return ", ".join(name_of(code) for code in codes)


@catalogue.remembered
def codes_of(economy: str) -> set[str]:
    """Return the codes under which events name an economy: its own, and its Union's."""
    economies = catalogue.load("economies").set_index("economy")
    member = economies.at[trade.check_economy(economy), "eu27"]
    return {economy, "EUU"} if member else {economy}


@catalogue.remembered
def issuers() -> list[str]:
    """Return the code of every issuer, the busiest first."""
    return list(_all_events()["issuers"].explode().value_counts().index)


@catalogue.remembered
def material_tokens(material: str) -> set[str]:
    """Return the words under which events name a material, from ``policy_materials``.

    Raises
    ------
    UnknownCode
        A material that ``reference/materials.csv`` does not have.
    """
    trade.check_material(material)
    words = catalogue.load("policy_materials")
    return set(words.loc[words["material"].isin([material, "all"]), "token"])


def check_issuer(code: str) -> str:
    """Return the code of an economy that issued some event, or raise `UnknownCode`."""
    known = issuers()
    if code not in known:
        raise UnknownCode(f"{code!r} has issued no event; {closest(code, known)}")
    return code


def check_bloc(bloc: str) -> str:
    """Return the bloc, or raise `UnknownCode` with the closest ones of ``reference/blocs.csv``."""
    names = catalogue.load("blocs").set_index("bloc")["name"].to_dict()
    if bloc not in names:
        raise UnknownCode(f"unknown bloc {bloc!r}; {closest(bloc, names, names)}")
    return bloc


def check_party(code: str) -> str:
    """Return the code of an economy or of a bloc, or raise `UnknownCode` with the closest ones."""
    blocs = catalogue.load("blocs").set_index("bloc")["name"].to_dict()
    names = trade.economy_names() | blocs
    if code not in names:
        raise UnknownCode(f"unknown economy or bloc {code!r}; {closest(code, names, names)}")
    return code


def check_target(code: str) -> str:
    """Return the code of an economy or of a target that some event names."""
    known = set(_all_events()["targets"].explode()) | set(catalogue.load("economies")["economy"])
    if code not in known:
        raise UnknownCode(f"unknown target {code!r}; {closest(code, known)}")
    return code


@catalogue.remembered
def _all_events() -> pd.DataFrame:
    events = catalogue.load("policy_events")
    for column in LISTS:
        events[column] = events[column].fillna("").str.split(";")
    events["earliest"] = events["date"].map(first_day)
    events["latest"] = events["date"].map(last_day)
    starts = events["date_effective"].fillna(events["date"])
    events["from_day"] = starts.map(first_day)
    events["to_day"] = events["date_end"].map(last_day, na_action="ignore").astype("datetime64[s]")
    return events.sort_values(["earliest", "event_id"], ignore_index=True)


def _state(measure, day: pd.Timestamp, events: pd.DataFrame) -> str:
    if day < measure.from_day:
        return "not yet"
    if measure.status == "check_status":
        return "uncertain"
    pause = _pause_of(measure, events)
    if pause is not None:
        return _state_of_paused(measure, day, pause)
    if pd.notna(measure.to_day):
        after = "uncertain" if measure.status == "check_expiry" else "ended"
        return "in force" if day <= measure.to_day else after
    return "uncertain" if measure.status in _END_NOT_READ else "in force"


def _state_of_paused(measure, day: pd.Timestamp, pause: pd.Series) -> str:
    if day < pause["from_day"]:
        # Announced and paused before a start was read: whether it ever applied is not known.
        return "in force" if pd.notna(measure.date_effective) else "uncertain"
    lasts = pd.isna(pause["to_day"]) or day <= pause["to_day"]
    return "suspended" if lasts else "uncertain"


def _pause_of(measure, events: pd.DataFrame) -> pd.Series | None:
    """Return the act that suspended a measure, if that is what its status says."""
    if measure.status != "suspended" or measure.related_event_id not in events.index:
        return None
    pause = events.loc[measure.related_event_id]
    return pause if pause["instrument"] == "suspension" else None


def _span(start: str | None, end: str | None) -> tuple[pd.Timestamp, pd.Timestamp]:
    first = first_day(start or "1900")
    last = last_day(end or "2100")
    if first > last:
        raise ValueError(f"dates are reversed: {start} comes after {end}")
    return first, last


def check_day(text: str) -> pd.Timestamp:
    """Return a day from YYYY-MM-DD; ValueError where it is none."""
    try:
        return pd.Timestamp(date.fromisoformat(text))
    except ValueError as error:
        raise ValueError(f"{text!r} is not a day, YYYY-MM-DD") from error


def first_day(text: str) -> pd.Timestamp:
    """Return the first day that YYYY, YYYY-MM or YYYY-MM-DD can mean; ValueError otherwise."""
    return _period(text).start_time.floor("D")


def last_day(text: str) -> pd.Timestamp:
    """Return the last day that YYYY, YYYY-MM or YYYY-MM-DD can mean; ValueError otherwise."""
    return _period(text).end_time.floor("D")


def _period(text: str) -> pd.Period:
    frequency = {4: "Y", 7: "M", 10: "D"}.get(len(str(text)))
    try:
        return pd.Period(text, freq=frequency) if frequency else _not_a_date(text)
    except (ValueError, TypeError):
        return _not_a_date(text)


def _not_a_date(text):
    raise ValueError(f"{text!r} is not a date: YYYY, YYYY-MM or YYYY-MM-DD is wanted")
