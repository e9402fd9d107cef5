"""What an event study allows to be said: templates of sentences, chosen by what was found.

The values that a template names come from `evidence.summary` and from the caller: ``importer``,
``exporter`` and ``material`` as they stand in a sentence.
"""

import pandas as pd

from rareearths import evidence, series
from rareearths.events import Study
from rareearths.synthetic import Synthetic
from rareearths.words import choose, fill

_STEP = (
    "By {measure}, the first year after lies **{off}** the trend before (95% interval "
    "{step_range}). "
)
_VERDICTS = {
    "found": "**Found**: every test that can be made tells this from chance.",
    "mixed": "**Mixed**: some tests tell this from chance, others do not.",
    "not found": "**Not found**: no test tells this from chance. A fall of less than {smallest} "
    "would seldom have been seen.",
    "cannot be decided": "There are too few placebos to rank it.",
}


def on_step(study: Study) -> str:
    """The step of the leading measure and its verdict."""
    if study.estimate is None:
        return "**Cannot be decided** with these yearly data ({reason})."
    return _STEP + _VERDICTS[study.verdict]


def on_share(share: Study, lead: Study) -> str:
    """The step of the exporter's share in the importer's tonnes."""
    said = (
        "The share of {exporter} in the tonnes that {importer} imports moved by {share_step} "
        "({share_step_range}); "
    )
    return choose(
        (
            share.estimate is None and lead.estimate is None,
            "Nor can the share of {exporter} in the tonnes be studied.",
        ),
        (share.estimate is None, "The share of {exporter} cannot be studied ({share_reason})."),
        (share.verdict == "found", said + "there every test speaks for a break."),
        (True, said + "there the verdict is {share_verdict}."),
    )


def on_customers(lead: Study, share: Study, months: pd.DataFrame) -> str:
    """Whether the importer stands apart, or what months there are where no year can tell."""
    others = "other importers of {material} from {exporter}"
    return choose(
        (
            lead.estimate is None and len(months) > 0,
            "In China's monthly exports, {n_months:count} series reach around the event; "
            "{n_own:count} show a step by their own errors, {n_ranked:count} by rank among other "
            "dates.",
        ),
        (lead.estimate is None, "No monthly series reaches around the event either."),
        (
            lead.against_others == "like the others" and share.against_others == "lower",
            f"By {{measure}}, {{importer}} does not stand apart from {others}; by the share of "
            "{exporter} it does, below them.",
        ),
        (
            lead.against_others == "like the others",
            f"{{importer_first}} does not stand apart from {others}: no sign, in years, of a "
            "measure aimed at it alone.",
        ),
        (
            lead.against_others == "lower",
            f"{{importer_first}} stands below {others}, which fits a measure aimed at it.",
        ),
        (lead.against_others == "higher", f"{{importer_first}} stands above {others}."),
        (True, "Too few other importers can be set beside {importer}."),
    )


def on_act(act: pd.Series, named: bool) -> str:
    """What the event was: its summary, whom it aimed at, and what must be said of it."""
    return " ".join(
        [
            "{summary} Aimed at: {aimed}.",
            *["The accounts of it are contested, so it is tested here and not taken as fact."]
            * bool(act["contested"]),
            *["It does not name {material}: read what follows as a comparison."] * (not named),
        ]
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


def on_partners(lead: Study) -> str:
    """The step beside that of other importers, by the leading measure."""
    beside = "(rank p = {p_partner:p} among {n_partners})"
    return choose(
        (
            lead.estimate is None or not lead.partner.n,
            "No other importer can be set beside {importer}.",
        ),
        (
            lead.against_others == "like the others",
            "By {measure}, the step of {importer} does not stand out from that of the others "
            f"{beside}; on average {{n_lower}} of them ended lower. That is what a change for all "
            "customers would look like; it does not rule out a short stop.",
        ),
        (
            lead.against_others == "lower",
            f"By {{measure}}, {{importer}} stands below the others {beside}. That is what a stop "
            "aimed at it would look like.",
        ),
        (
            lead.against_others == "higher",
            f"By {{measure}}, {{importer}} stands above the others {beside}.",
        ),
        (True, "With {n_partners} other importers, no rank can tell one customer from all."),
    )


def on_partners_share(share: Study) -> str:
    """The step of the exporter's share beside that of other importers."""
    start = "By the share of {exporter} in its tonnes, {importer} "
    return choose(
        (
            share.against_others == "lower",
            start + "does stand apart: below the others (rank p = {p_share:p}). A share falls "
            "when the exporter sells less to this customer than to others, and also when the "
            "customer finds other suppliers.",
        ),
        (
            share.against_others == "higher",
            start + "stands apart: above the others (rank p = {p_share:p}).",
        ),
        (
            share.against_others == "like the others",
            start + "does not stand apart (rank p = {p_share:p}).",
        ),
        (True, "The share of {exporter} cannot be set beside that of other importers."),
    )


def on_quota(quotas: pd.DataFrame) -> str:
    """The general quota of these years, as plain text; empty where there is none."""
    if quotas.empty:
        return ""
    before, after = quotas.to_dict("records")
    change = evidence.show_change(after["quota_t"] / before["quota_t"] - 1, "tonnes")
    return fill(
        "The quota that China set for the exports of rare earths to all customers went from "
        "{before:tonnes} in {first} to {after:tonnes} in {last} ({change}).",
        before=before["quota_t"],
        after=after["quota_t"],
        first=str(before["year"]),
        last=str(after["year"]),
        change=change,
    )


def on_mix(mix: Synthetic | None, limit: float) -> str:
    """The synthetic control and its rank."""
    if mix is None:
        return "No synthetic control can be made: {why}."
    return (
        "The mix is {recipe}. Among {n_units} importers treated as if the event had been theirs, "
        "the distance after, measured by the misfit before, has rank p = {mix_p:p}: it "
        + ("stands out." if mix.p <= limit else "does not stand out.")
    )


def on_breaks(found: pd.DataFrame | None, nearest: int | None, day: pd.Timestamp) -> str:
    """The break nearest to the event."""
    return choose(
        (found is None, "The search cannot be made: the series has gaps or is too short."),
        (nearest is None, "The level of the series shifts nowhere by more than its noise."),
        (
            nearest is not None and abs(nearest - day.year) <= 1,
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
        (
            not (months["rank_p"] <= limit).any(),
            "By destination the goods cannot be told apart; most are magnets. Ranked among other "
            "dates, none of these steps is rare.",
        ),
        (
            True,
            "By destination the goods cannot be told apart; most are magnets. Ranked among other "
            "dates, {n_ranked:count} of {n_months:count} steps would be rare.",
        ),
    )


def on_customs(customs: dict[str, pd.DataFrame], day: pd.Timestamp) -> str:
    """The months that customs statistics give around the event, as plain text."""
    if not customs:
        return "No month of customs statistics is at hand within a year of the event."
    said = [_on_series(name, rows, day) for name, rows in customs.items()]
    return " ".join([*said, "So few months, with gaps, bear no test."])


def _on_series(name: str, rows: pd.DataFrame, day: pd.Timestamp) -> str:
    mean, n_rest = series.rest_of_year(day.year)
    if name == series.JAPAN_MONTHS and n_rest:
        own_year = rows["month"].dt.year == day.year
        return _on_japan(rows[own_year], mean, n_rest) + _on_next_year(rows[~own_year])
    sums = evidence.before_and_after(rows, day)
    template = choose(
        (
            sums["n_before"] == 0 or sums["n_after"] == 0,
            "{name}: all known months lie on one side of the event.",
        ),
        (
            True,
            "{name}: {mean_before:tonnes} a month on average before, {mean_after:tonnes} after "
            "(known months: {n_before} and {n_after}); lowest {lowest:tonnes} in {lowest_month}.",
        ),
    )
    return fill(template, name=name, **sums)


def _on_japan(rows: pd.DataFrame, mean: float, n_rest: int) -> str:
    """The quoted months of a year against the mean of its others, known from the year's total."""
    total = rows["quantity_t"].sum()
    parts = [
        fill(
            "{month} {tonnes:tonnes} ({change})",
            month=str(row.month),
            tonnes=row.quantity_t,
            change=evidence.show_change(row.quantity_t / mean - 1, "tonnes"),
        )
        for row in rows.itertuples()
    ]
    return fill(
        "{name}: the year's total is known too, and leaves {mean:tonnes} a month for the {n_rest} "
        "months that no page quotes. Against that: {list}. Together these {n} months had "
        "{total:tonnes}, {ratio:pct0} of what that mean makes of them.",
        name=series.JAPAN_MONTHS,
        mean=mean,
        n_rest=n_rest,
        list=", ".join(parts),
        n=len(rows),
        total=total,
        ratio=total / (mean * len(rows)),
    )


def _on_next_year(rows: pd.DataFrame) -> str:
    later = rows.sort_values("month")
    if later.empty:
        return ""
    return fill(
        " From {first} to {last} it was {mean:tonnes} a month.",
        first=str(later["month"].iloc[0]),
        last=str(later["month"].iloc[-1]),
        mean=later["quantity_t"].mean(),
    )


def on_readings(lead: Study, share: Study) -> str:
    """What the data say to the two readings of an event, a general change or one customer."""
    return choose(
        (lead.estimate is None, "The data here cannot side with any reading."),
        (
            lead.against_others == "like the others" and share.against_others == "lower",
            "The data here side with neither reading alone: by {measure} {importer} fared like "
            "others, which fits a change for all; the share of {exporter} stands below that "
            "elsewhere, which fits a stop, and fits a customer that left.",
        ),
        (
            lead.against_others == "like the others",
            "By {measure} {importer} fared like others, which fits a change for all.",
        ),
        (
            lead.against_others == "lower",
            "By {measure} {importer} stands below others, which fits a stop aimed at it.",
        ),
        (True, "The data here do not tell the readings apart."),
    )
