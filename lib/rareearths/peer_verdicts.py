"""What may be said of an importer beside others: a test that fails to tell them apart is no proof.

The values that a template names come from `peers.summary`, `evidence.summary` and the caller.
"""

import pandas as pd

from rareearths import evidence
from rareearths.events import Study
from rareearths.synthetic import Synthetic
from rareearths.words import choose, fill, joined

_SIDES = {"lower": "below", "higher": "above"}
_RANK = "(rank p = {p_partner:p} among {n_partners})"


def on_answer(lead: Study, apart: list[Study], peers: dict) -> str:
    """Whether the importer stands apart from others, in one sentence; it needs an estimate.

    Parameters
    ----------
    lead : Study
    apart : list of Study
        As from `peers.set_apart`.
    peers : dict
        As from `peers.summary`.
    """
    start = "Beside other importers of {material} from {exporter}, "
    return choose(
        (
            lead.against_others == "cannot be decided",
            "Too few other importers can be set beside {importer}.",
        ),
        (
            lead.against_others == "like the others",
            f"{start}{{importer}} cannot be told apart by its step in {{measure}} {_RANK}"
            + "".join(["; but ", " and ".join(_signs(apart, peers))] * bool(_signs(apart, peers)))
            + ".",
        ),
        (
            True,
            f"{start}{{importer}} stands {_SIDES.get(lead.against_others)} by its step in "
            f"{{measure}} {_RANK}" + "".join(f"; {sign}" for sign in _signs(apart, peers)) + ".",
        ),
    )


def _signs(apart: list[Study], peers: dict) -> list[str]:
    """What else sets the importer apart."""
    return [
        *[f"by the {study.measure} it stands {_side(study)}" for study in apart],
        *[
            "its mean changed by {own_change}, that of the median importer by {median_change} "
            "(rank p = {change_p:p})"
        ]
        * peers["change_apart"],
        *["it lies {mix_size} {mix_side} a mix of others (rank p = {mix_p:p})"]
        * peers["mix_apart"],
    ]


def _side(study: Study) -> str:
    side = _SIDES[study.against_others]
    return fill("{side} them (rank p = {p:p})", side=side, p=study.partner.p)


def on_partners(lead: Study, peers: dict) -> str:
    """The step and the mean change beside those of other importers, by the leading measure."""
    step = choose(
        (
            lead.estimate is None or not lead.partner.n,
            "No other importer can be set beside {importer}.",
        ),
        (
            lead.against_others == "like the others",
            f"By {{measure}}, the step of {{importer}} cannot be told apart from those of the "
            f"others {_RANK}; its own 95% interval is {{step_range}}.",
        ),
        (
            lead.against_others == "cannot be decided",
            "With {n_partners} other importers, no rank can tell one customer from all.",
        ),
        (
            True,
            f"By {{measure}}, {{importer}} stands {_SIDES.get(lead.against_others)} the others "
            f"{_RANK}. A measure aimed at it can look like that, and so can a change of its own: "
            "of its demand, or of its suppliers.",
        ),
    )
    return f"{step} {_on_change(lead, peers)}".strip()


def _on_change(lead: Study, peers: dict) -> str:
    """The mean change beside the others', and what follows for sameness."""
    change = (
        "Without any trend, its mean changed by {own_change} and that of the median importer by "
        "{median_change} (rank p = {change_p:p}, by the distance from the median); the mean of "
        "{n_more} of the {n_partners} {moved}."
    )
    return choose(
        (lead.estimate is None or not peers["n_partners"], ""),
        (
            peers["change_apart"] and peers["change_ranks"],
            f"{change} By that it did not fare like most others.",
        ),
        (
            peers["change_apart"],
            f"{change} So wide a gap is no sameness, and with such a rank no proof of a "
            "difference.",
        ),
        (
            lead.against_others == "like the others" and not peers["mix_apart"],
            f"{change} A change for all customers would look like that; but what is not told "
            "apart is not shown to be alike, and an effect on one alone can hide in "
            "the interval.",
        ),
        (True, change),
    )


def on_other_measures(apart: list[Study], lead: Study) -> str:
    """The other measures by which the importer stands apart."""
    if lead.estimate is None:
        return "Nor can its other measures be set beside theirs."
    if not apart:
        return "By none of the other measures does {importer} rank apart from them."
    said = joined([f"the {study.measure} {_side(study)}" for study in apart])
    fell = any(s.measure == "share of tonnes" and s.against_others == "lower" for s in apart)
    return f"{{importer_first}} does stand apart by other measures: {said}." + (
        " A share falls when the exporter sells less to this customer than to others, and also "
        "when the customer finds other suppliers." * fell
    )


def on_quota(quotas: pd.DataFrame) -> str:
    """The general quota of these years, as plain text; empty where there is none."""
    if quotas.empty:
        return ""
    before, after = quotas.to_dict("records")
    change = evidence.show_change(after["quota_t"] / before["quota_t"] - 1, "tonnes")
    return fill(
        "The quota that China set for the exports of rare earths to all customers went from "
        "{before:tonnes} in {first} to {after:tonnes} in {last} ({change}). Both figures: "
        "{source}; an announcement that counts from another base gives another cut.",
        before=before["quota_t"],
        after=after["quota_t"],
        first=str(before["year"]),
        last=str(after["year"]),
        change=change,
        source=after["source_title"].replace("USGS", "US Geological Survey (USGS)", 1),
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


def on_readings(lead: Study, apart: list[Study], peers: dict) -> str:
    """What the data say to the two readings of an event, a general change or one customer."""
    return choose(
        (lead.estimate is None, "The yearly data here cannot side with any reading."),
        (
            lead.against_others == "cannot be decided",
            "The data here do not tell a change for all from one for this customer.",
        ),
        (True, f"{_reading(lead, peers)} {_reading_of(apart)}".strip()),
    )


def _reading(lead: Study, peers: dict) -> str:
    signs = _signs([], peers)
    start = f"By {{measure}} {{importer}} cannot be told apart from others by its step {_RANK}"
    return choose(
        (
            lead.against_others != "like the others",
            f"By {{measure}} {{importer}} stands {_SIDES.get(lead.against_others)} others {_RANK}: "
            "the data do not fit a change that was the same for all.",
        ),
        (
            bool(signs),
            f"{start}, but {' and '.join(signs)}: the data do not show that it "
            "simply fared like others.",
        ),
        (
            True,
            f"{start}, nor by its mean change (rank p = {{change_p:p}}): the {{measure}} fit a "
            "change for all and do not exclude one for it alone; its own step is {step_range}.",
        ),
    )


def _reading_of(apart: list[Study]) -> str:
    """What the other measures by which the importer stands apart add to a reading."""
    left = [s for s in apart if s.measure == "share of tonnes" and s.against_others == "lower"]
    rest = [f"the {s.measure} {_side(s)}" for s in apart if s not in left]
    fell = (
        "The share of {exporter} in its tonnes stands below that elsewhere, which fits a stop, and "
        "fits a customer that left."
    )
    others = f"By other measures it stands apart, {joined(rest)}, which a change that is the same "
    others += "for all does not make."
    return " ".join([fell] * bool(left) + [others] * bool(rest))
