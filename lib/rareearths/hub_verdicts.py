"""What a transshipment scan allows to be said: its headline numbers, and sentences for them.

The sentences are templates; the values that they name come from `summary` and from the caller:
``importer``, ``exporter`` and ``material`` as they stand in a sentence.
"""

import pandas as pd

from rareearths import events, trade
from rareearths.hubs import (
    GRADES,
    LEAST_CANDIDATES,
    SMALLEST_SHARE,
    SMALLEST_USD,
    Market,
    controls,
    judge,
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
        ``control_year`` (see `headline_year`), ``n_acts``, ``why`` (text: the years that cannot be
        scanned), ``plants`` ("mine or plant", "mine"), and the thresholds ``least_usd``,
        ``least_share``, ``least_candidates``, ``least_placebos``. Where there is a scan also
        ``candidates``, ``placebo_scans``, ``ranked``; for each grade, the second with ``fed_``
        before it: ``hits``, ``names`` (text), ``rate``, ``false_rate``, ``low``, ``high``,
        ``rank_p``, ``verdict``, ``n_judged`` (controls), ``n_often`` and ``often_years`` (text).
    """
    acts = controls(market.exporter, material, market.importer)
    year = headline_year(acts)
    left_out = acts[acts["reason"] != ""]
    said = {
        "control_year": year,
        "n_acts": len(acts),
        "why": "; ".join(f"{row.year}: {row.reason}" for row in left_out.itertuples()),
        "plants": "mine or plant" if material == "rare_earths" else "mine",
        "least_usd": SMALLEST_USD,
        "least_share": SMALLEST_SHARE,
        "least_candidates": LEAST_CANDIDATES,
        "least_placebos": events.LEAST_PLACEBOS,
    }
    if year is None:
        return said
    table = scan(market, material, year)
    for grade, prefix in zip(GRADES, ("", "fed_"), strict=True):
        judged = judge(runs, grade)
        own = judged.set_index("year").loc[year]
        said |= {"candidates": own["candidates"], "ranked": own["ranked"]}
        said |= {"placebo_scans": own["runs"]}
        kept = ["hits", "rate", "false_rate", "low", "high", "rank_p", "verdict"]
        found = own[kept].to_dict() | {"names": _names(table.loc[table[grade], "supplier"])}
        said |= {prefix + name: value for name, value in (found | _over_time(judged)).items()}
    return said


def on_all(said: dict) -> str:
    """Everything that a scan allows to be said, and the caution; a template for `summary`."""
    parts = [part(said) for part in (on_scan, on_chance, on_fed, on_controls)]
    return " ".join(filter(None, [*parts, CAUTION if said.get("candidates") else ""]))


def on_scan(said: dict) -> str:
    """What the scan of the control shown first found; a template for the values of `summary`."""
    found = (
        "After the control of {control_year}, **{hits:count} of {candidates:count}** suppliers of "
        "{importer} without a known {plants} at least doubled what they sold to it, in dollars and "
        "as a share: {names}."
    )
    return choose(
        (
            not said["n_acts"],
            "The timeline knows no act by which {exporter} holds back exports of {material} to "
            "{importer}: there is nothing to scan.",
        ),
        (
            said["control_year"] is None,
            "No control of {exporter} on {material} can be scanned ({why}).",
        ),
        (
            not said.get("candidates"),
            "Around the control of {control_year}, no supplier without a known {plants} sold "
            "{importer} {least_usd:usd} a year and {least_share:pct} of its {material}: there is "
            "nothing to scan.",
        ),
        (
            not said.get("hits"),
            "After the control of {control_year}, **none of {candidates:count}** suppliers of "
            "{importer} without a known {plants} doubled what it sold to it, in dollars and as a "
            "share.",
        ),
        (True, found),
    )


def on_chance(said: dict, grade: str = "flagged") -> str:
    """How the jumps compare with those where nothing was controlled; empty without a scan."""
    prefix = "" if grade == "flagged" else "fed_"
    chance = (
        f"Where nothing was controlled, {{{prefix}false_rate:pct0}} of such suppliers do the same "
        f"(95% interval {{{prefix}low:pct0}} to {{{prefix}high:pct0}}, {{placebo_scans:count}} "
        "scans of other years and goods): by rank among these scans, the control "
    )
    return choose(
        (not said.get("candidates"), ""),
        (
            said.get(prefix + "verdict") == "cannot be decided",
            "Whether that is more than chance cannot be decided: {least_candidates} such suppliers "
            "and {least_placebos} placebo scans with as many are needed; there are "
            "{candidates:count} and {ranked:count}.",
        ),
        (
            said.get(prefix + "verdict") == "more often",
            f"{chance}**stands out** (p = {{{prefix}rank_p:p}}).",
        ),
        (True, f"{chance}does not stand out (p = {{{prefix}rank_p:p}})."),
    )


def on_fed(said: dict) -> str:
    """Whether those that jumped bought more from the exporter; empty where none jumped."""
    fed = (
        "Of them, {fed_names} bought more from {exporter} too, by half of the rise in sales or "
        "more."
    )
    return choose(
        (not said.get("hits"), ""),
        (
            not said.get("fed_hits"),
            "None of them bought so much more from {exporter} that it could have passed it on.",
        ),
        (said.get("fed_verdict") == "cannot be decided", fed),
        (True, f"{fed} {on_chance(said, 'fed')}"),
    )


def on_controls(said: dict) -> str:
    """How many controls stand out, by either grade; empty where fewer than two can be judged."""
    jumps = choose(
        (not said.get("n_often"), "none stands out by its jumps"),
        (True, "{n_often:count} stand out by their jumps ({often_years})"),
    )
    fed = choose(
        (not said.get("fed_n_often"), "none by jumps that {exporter} fed"),
        (True, "{fed_n_often:count} by jumps that {exporter} fed ({fed_often_years})"),
    )
    few = said.get("n_judged", 0) < 2
    counted = "Of the {n_judged:count} control years that can be judged, "
    return "" if few else f"{counted}{jumps} and {fed}; by chance up to one in ten would."


def _over_time(judged: pd.DataFrame) -> dict:
    often = judged[judged["verdict"] == "more often"]
    return {
        "n_judged": int((judged["verdict"] != "cannot be decided").sum()),
        "n_often": len(often),
        "often_years": ", ".join(often["year"].astype(str)),
    }


def _names(economies: pd.Series) -> str:
    return joined([trade.economy_in_text(code) for code in economies])
