"""What a transshipment scan allows to be said: its headline numbers, and sentences for them.

The sentences are templates; the values that they name come from `summary` and from the caller:
``importer``, ``exporter`` and ``material`` as they stand in a sentence.
"""

import pandas as pd

from rareearths import events, policy, trade
from rareearths.hub_rates import LEAST_CANDIDATES, judge
from rareearths.hubs import (
    BEFORE,
    GRADES,
    SMALLEST_SHARE,
    SMALLEST_USD,
    Market,
    controls,
    scan,
)
from rareearths.words import choose, joined

CAUTION = (
    "A jump is no proof of transshipment: a plant that the tables do not hold, a new customer or a "
    "wrong record looks the same."
)


def headline_year(acts: pd.DataFrame) -> int | None:
    """The control to show first: the start of the longest run of years with a control.

    Later years of a run have years of control before them. The earliest of equal runs; None where
    no year can be scanned.

    Parameters
    ----------
    acts : pandas.DataFrame
        See `hubs.controls`.
    """
    years = acts.loc[acts["reason"] == "", "year"]
    if years.empty:
        return None
    runs = years.groupby((years.diff() != 1).cumsum())
    return int(runs.min()[runs.size().idxmax()])


def summary(market: Market, material: str, runs: pd.DataFrame) -> dict:
    """The headline numbers of a transshipment scan.

    Parameters
    ----------
    market : Market
    material : str
    runs : pandas.DataFrame
        See `hubs.scan_all`.

    Returns
    -------
    dict
        ``control_year`` (see `headline_year`), ``n_acts`` (years with a control), ``why`` and
        ``left_out`` (text: the years that cannot be scanned, with their acts and by the reason),
        ``plants`` ("mine or plant", "mine"), and the thresholds ``least_usd``, ``least_share``,
        ``least_candidates``, ``least_placebos``, ``limit`` (of p). Where there is a scan also
        ``acts`` (text), ``contested`` (whether all of them are), ``before_years``, ``after_years``
        (text), ``n_before``, ``n_after``, ``candidates``, ``placebo_scans``, ``ranked``; for each
        grade, the second with ``fed_`` before it: ``hits``, ``names`` (text), ``rate``,
        ``false_rate``, ``low``, ``high``, ``rank_p``, ``verdict``, ``n_judged`` (controls),
        ``n_often``, ``often_years`` (text).
    """
    years = controls(market.exporter, material, market.importer)
    year = headline_year(years)
    said = {
        "control_year": year,
        "n_acts": len(years),
        **_left_out(years, material, market.importer),
        "plants": "mine or plant" if material == "rare_earths" else "mine",
        "least_usd": SMALLEST_USD,
        "least_share": SMALLEST_SHARE,
        "least_candidates": LEAST_CANDIDATES,
        "least_placebos": events.LEAST_PLACEBOS,
        "limit": events.RANK,
    }
    if year is None:
        return said
    years = years.set_index("year")
    said |= _compared(year, int(years.at[year, "years_after"]))
    said["acts"] = "; ".join(_acts(years.at[year, "acts"], material, market.importer))
    said["contested"] = bool(years.at[year, "contested"])
    table = scan(market, material, year)
    for grade, prefix in zip(GRADES, ("", "fed_"), strict=True):
        judged = judge(runs, grade).set_index("year")
        own = judged.loc[year]
        said |= {"candidates": own["candidates"], "ranked": own["ranked"]}
        said |= {"placebo_scans": own["runs"]}
        kept = ["hits", "rate", "false_rate", "low", "high", "rank_p", "verdict"]
        found = own[kept].to_dict() | {"names": _names(table.loc[table[grade], "supplier"])}
        found |= _over_time(judged.join(years["contested"]))
        said |= {prefix + name: value for name, value in found.items()}
    return said


def on_all(said: dict) -> str:
    """Everything that a scan allows to be said, and the caution; a template for `summary`."""
    parts = [part(said) for part in (on_scan, on_chance, on_fed, on_controls, on_left_out)]
    return " ".join(filter(None, [*parts, CAUTION if said.get("candidates") else ""]))


def on_scan(said: dict) -> str:
    """What the scan of the control shown first found; a template for the values of `summary`."""
    if not said["n_acts"]:
        return (
            "The timeline knows no act by which {exporter} holds back exports of {material} to "
            "{importer}: there is nothing to scan."
        )
    if said["control_year"] is None:
        return "No control of {exporter} on {material} can be scanned. {why}"
    if said["candidates"]:
        return f"{_on_acts(said)} {_on_windows(said)} {_on_jumps(said)}"
    return (
        f"{_on_acts(said)} No supplier without a known {{plants}} sold {{importer}} "
        "{least_usd:usd} a year and {least_share:pct} of its purchases, in {before_years} or in "
        "{after_years}: there is nothing to compare."
    )


def on_chance(said: dict) -> str:
    """How the jumps compare with those where nothing was controlled; empty without a scan."""
    if not said.get("candidates"):
        return ""
    if said["verdict"] != "cannot be decided":
        do_so = "do so" if said["hits"] else "double theirs"
        return (
            f"Where nothing was controlled, {{false_rate:pct0}} of such suppliers {do_so} "
            "({placebo_scans:count} scans of other years and goods; 95% interval {low:pct0} to "
            "{high:pct0}). By its rank among the {ranked:count} of these scans with "
            f"{{least_candidates}} suppliers or more, the {_outcome(said)} "
            "(p = {rank_p:p}; the limit is {limit:p})."
        )
    missing = choose(
        (
            said["candidates"] < LEAST_CANDIDATES,
            "at least {least_candidates} such suppliers are needed",
        ),
        (
            True,
            "at least {least_placebos} scans of other years and goods with {least_candidates} such "
            "suppliers or more are needed, and there are {ranked:count}",
        ),
    )
    return f"Whether suppliers jump more often than without a control cannot be decided: {missing}."


def on_fed(said: dict) -> str:
    """Whether those that jumped bought more from the exporter; empty where none jumped."""
    hits, fed = said.get("hits", 0), said.get("fed_hits", 0)
    if not hits:
        return ""
    who = choose(
        (hits == 1 and not fed, "The one that jumped did not buy so much"),
        (not fed, "None of those that jumped bought so much"),
        (hits == 1, "The one that jumped also bought"),
        (fed == hits, "All that jumped also bought"),
        (True, "Of those that jumped, {fed_names} also bought"),
    )
    amount = "at least half of the rise in sales, and a larger part of its exports"
    return f"{who} more from {{exporter}}: {amount}.{_on_fed_chance(said) if fed else ''}"


def on_controls(said: dict) -> str:
    """Which controls stand out, by either grade; empty where fewer than two can be judged."""
    n = said.get("n_judged", 0)
    if n < 2:
        return ""
    tests = len(GRADES) * n
    found = choose(
        (not said["n_often"] and not said["fed_n_often"], "none stands out by either"),
        (
            True,
            f"by the first, {_standing(said, '')}; by the second, {_standing(said, 'fed_')}",
        ),
    )
    return (
        "Of the control years, {n_judged:count} can be judged, each by two tests (all jumps, and "
        f"those that {{exporter}} fed): {found}. With a limit of p = {{limit:p}}, chance alone "
        f"makes up to {events.RANK * tests:.1f} of {tests} tests stand out on average."
    )


def on_left_out(said: dict) -> str:
    """Which control years cannot be scanned, where others can."""
    return "{left_out}" if said["control_year"] is not None and said["left_out"] else ""


def _on_acts(said: dict) -> str:
    held = "are said to have held" if said["contested"] else "held"
    return f"Acts of {{exporter}} that {held} {{material}} back in {{control_year}}: {{acts}}."


def _on_windows(said: dict) -> str:
    after = choose(
        (said["n_after"] == 1, "{after_years}, the only year after it in the data"),
        (True, "that of the {n_after} years after it, {after_years}"),
    )
    return (
        "For each supplier, the median of the {n_before} years before it, {before_years}, is "
        f"compared with {after}."
    )


def _on_jumps(said: dict) -> str:
    """How many at least doubled, and who."""
    hits, candidates = said["hits"], said["candidates"]
    kind = (
        "of {importer} without a known {plants} (from {least_usd:usd} a year and {least_share:pct} "
        "of its purchases)"
    )
    where = "there, both in dollars and as a share"
    all_of = "all " if hits == candidates else ""
    found = choose(
        (candidates == 1 and not hits, f"The one supplier {kind} **did not double** its sales"),
        (candidates == 1, f"The one supplier {kind}, {{names}}, **at least doubled** its sales"),
        (not hits, f"Of the {{candidates:count}} suppliers {kind}, **none** doubled its sales"),
        (
            True,
            f"Of the {{candidates:count}} suppliers {kind}, **{all_of}{{hits:count}}** at least "
            f"doubled {'its' if hits == 1 else 'their'} sales",
        ),
    )
    names = ": {names}." if hits and candidates > 1 else "."
    mines = (
        ""
        if said["plants"] == "mine or plant"
        else " For {material} the tables know mines only: a refiner counts as a supplier without "
        "one."
    )
    return f"{found} {where}{names}{mines}"


def _on_fed_chance(said: dict) -> str:
    if said["fed_verdict"] == "cannot be decided":
        return ""
    return (
        " Where nothing was controlled, {fed_false_rate:pct0} of such suppliers do both "
        "(95% interval {fed_low:pct0} to {fed_high:pct0}): by this count the "
        f"{_outcome(said, 'fed_')} (p = {{fed_rank_p:p}})."
    )


def _outcome(said: dict, prefix: str = "") -> str:
    control = "reported control" if said["contested"] else "control"
    often = said[f"{prefix}verdict"] == "more often"
    return f"{control} {'**stands out**' if often else 'does not stand out'}"


def _standing(said: dict, prefix: str) -> str:
    n = said[f"{prefix}n_often"]
    return choose(
        (n == 0, "none stands out"),
        (n == 1, f"{{{prefix}often_years}} stands out"),
        (True, f"{{{prefix}often_years}} stand out"),
    )


def _compared(year: int, n_after: int) -> dict:
    last = year + n_after
    return {
        "n_before": BEFORE,
        "n_after": n_after,
        "before_years": f"{year - BEFORE}-{year - 1}",
        "after_years": f"{year + 1}-{last}" if n_after > 1 else str(last),
    }


def _left_out(years: pd.DataFrame, material: str, importer: str | None) -> dict:
    """The control years that cannot be scanned: each with its acts, and grouped by the reason."""
    rows = years[years["reason"] != ""]
    alone = [
        f"{row.year}, by {joined(_acts(row.acts, material, importer))}: {row.reason}."
        for row in rows.itertuples()
    ]
    grouped = [
        f"The control{'s' if len(part) > 1 else ''} of {_marked(part)} cannot be scanned: {why}."
        for why, part in rows.groupby("reason", sort=False)
    ]
    return {"why": " ".join(alone), "left_out": " ".join(grouped)}


def _acts(ids: list[str], material: str, importer: str | None) -> list[str]:
    """The instruments of acts; each says that it is contested, unsure or aimed at somebody."""
    acts = policy.load_events(materials=[material]).set_index("event_id").loc[ids]
    return list(dict.fromkeys(_act(act, importer) for act in acts.itertuples()))


def _act(act, importer: str | None) -> str:
    aimed = importer is None and act.targets != [policy.EVERYONE]
    aim = f" at {joined([policy.name_of(code) for code in act.targets])}" if aimed else ""
    marks = ["contested"] if act.contested else []
    marks += [] if act.confidence == "high" else [f"confidence {act.confidence}"]
    noted = f" ({', '.join(marks)})" if marks else ""
    return f"{policy.instrument_name(act.instrument)}{aim}{noted}"


def _marked(rows: pd.DataFrame) -> str:
    """Years as text; one whose acts are all contested says so."""
    marks = rows["contested"].map({True: " (contested)", False: ""})
    return joined(list(rows["year"].astype(str) + marks))


def _over_time(judged: pd.DataFrame) -> dict:
    often = judged[judged["verdict"] == "more often"].reset_index()
    return {
        "n_judged": int((judged["verdict"] != "cannot be decided").sum()),
        "n_often": len(often),
        "often_years": _marked(often),
    }


def _names(economies: pd.Series) -> str:
    return joined([trade.economy_in_text(code) for code in economies])
