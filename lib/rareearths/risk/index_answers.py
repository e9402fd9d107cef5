"""What the criticality page says: sentences and small tables from computed ranks and terms."""

import numpy as np
import pandas as pd

from rareearths import trade, words
from rareearths.risk import concordance, indices
from rareearths.risk.index_tables import at_start, ends

FULL = ["supplier_hhi", "geopolrisk", "eu_supply_risk", "usgs_risk"]  # net reliance has many ties
FIRM = 0.9  # of the samples in which a term is the largest, from which that is sure
ENOUGH = 20  # materials that make a list worth ranking
UNLISTED = (
    " The timeline is mostly about rare earths: a control on another material that it does not "
    "list counts as none, and the EU index of that material is then too low."
)


def check_pair(first: str, second: str) -> tuple[str, str]:
    """Return the two names, or raise ValueError where they are no two indices."""
    if indices.check_index(first) == indices.check_index(second):
        raise ValueError(f"first and second are the same index, {first}; choose two")
    return first, second


def comparable(scores: pd.DataFrame, importer: str, names: tuple[str, str]) -> pd.DataFrame:
    """Scores of one importer under two indices; empty where their ranks cannot be compared."""
    own = scores.loc[importer, list(names)].dropna()
    known = not np.isnan(concordance.tau(own[names[0]], own[names[1]]))
    return own if known else own.iloc[:0]


def summary(
    scores: pd.DataFrame,
    pairs: pd.DataFrame,
    parts: pd.DataFrame,
    flags: pd.DataFrame,
    importer: str,
    material: str,
    names: tuple[str, str],
) -> dict:
    """The headline numbers of the page.

    Parameters
    ----------
    scores : pandas.DataFrame
        See `indices.table`.
    pairs, parts : pandas.DataFrame
        See `concordance.pairs` and `concordance.why_differ`, of the importer and of the two names.
    flags : pandas.DataFrame
        See `geodep.by_material`, of the importer.

    Returns
    -------
    dict
        ``n``, ``tau``, ``tau_low``, ``tau_high``, ``gap`` (1 - tau), ``term`` and ``term_label``,
        ``part``, ``part_low``, ``part_high``, ``part_share`` (of the gap), ``first_in``;
        ``lowest_tau`` and ``highest_tau`` of all pairs; ``flagged`` and ``screened`` (materials by
        GeoDep), ``material_flagged``; ``tau_text``, ``part_text`` and the labels ``first`` and
        ``second``.
    """
    wanted = pairs["first"].isin(names) & pairs["second"].isin(names)
    pair, top = pairs[wanted].iloc[0], parts.iloc[0]
    gap = 1 - pair["tau"]
    return {
        "first": indices.INDICES[names[0]].label,
        "second": indices.INDICES[names[1]].label,
        "first_at_start": at_start(indices.INDICES[names[0]].label),
        "n": int(pair["n"]),
        "tau": pair["tau"],
        "tau_low": pair["low"],
        "tau_high": pair["high"],
        "tau_text": words.ranged(pair["tau"], pair["low"], pair["high"], "ratio"),
        "gap": gap,
        "term": top["term"],
        "term_label": top["label"],
        "part": top["part"],
        "part_low": top["low"],
        "part_high": top["high"],
        "part_text": words.ranged(top["part"], top["low"], top["high"], "ratio"),
        "part_share": top["part"] / gap if gap > 1e-9 else np.nan,
        "first_in": top["first_in"],
        "lowest_tau": pairs["tau"].min(),
        "highest_tau": pairs["tau"].max(),
        "known_pairs": int(pairs["tau"].notna().sum()),
        "flagged": int(flags["flagged"].sum()),
        "screened": len(flags),
        "material_flagged": bool(flags["flagged"].get(material, False)),
    }


def on_agreement(facts: dict) -> str:
    """How far the two indices agree, as a template."""
    strength = words.choose(
        (facts["tau"] > 1 - 1e-9, "the same"),
        (facts["tau_low"] > 0.7, "much alike"),
        (facts["tau_low"] > 0.4, "fairly alike"),
        (facts["tau_low"] > 0, "only loosely alike"),
        (facts["tau_high"] < 0, "opposed to each other"),
        (True, "not to be told from unrelated ones"),
    )
    return (
        "For {n} materials that {importer} buys, {first} and {second} give rankings that are "
        + strength
        + ": Kendall's tau is {tau_text}, where 1 is the same order and 0 no relation; the range "
        "is over samples of the materials. Over {compared} importers tau runs from "
        "{over_low:ratio} to {over_high:ratio}."
    )


def on_lowest(pairs: pd.DataFrame) -> str:
    """How far apart the two indices are that agree least, as a template."""
    return words.choose(
        (
            pairs.loc[pairs["tau"].idxmin(), "high"] < 0,
            "The two that agree least are {pair}, with a tau of {lowest_text}: one tends to put "
            "first what the other puts last.",
        ),
        (
            pairs.loc[pairs["tau"].idxmin(), "low"] > 0,
            "Even the two that agree least, {pair}, are related, with a tau of {lowest_text}.",
        ),
        (
            True,
            "The two that agree least are {pair}, with a tau of {lowest_text}: not to be told from "
            "no relation at all.",
        ),
    )


def lowest_facts(pairs: pd.DataFrame) -> dict:
    """The pair of `on_lowest`: ``pair`` and ``tau`` (text with its range)."""
    row = pairs.loc[pairs["tau"].idxmin()]
    labels = [indices.INDICES[row[name]].label for name in ("first", "second")]
    tau = words.ranged(row["tau"], row["low"], row["high"], "ratio")
    return {"pair": words.joined(labels), "lowest_text": tau}


def over_facts(each: pd.DataFrame) -> dict:
    """Numbers for `on_importers`.

    Parameters
    ----------
    each : pandas.DataFrame
        See `concordance.for_each_importer`.

    Returns
    -------
    dict
        ``compared`` (importers), ``over_low`` and ``over_high`` (lowest and highest tau),
        ``alike``, ``opposed`` and ``open`` (importers whose range lies above 0, below 0, around
        it), ``no_tau`` (importers without one), ``fewest`` and ``most`` (materials), ``twenty``
        (importers with 20 materials or more).
    """
    known = each.dropna(subset=["tau"])
    alike, opposed = int((known["low"] > 0).sum()), int((known["high"] < 0).sum())
    return {
        "compared": len(each),
        "over_low": known["tau"].min(),
        "over_high": known["tau"].max(),
        "alike": alike,
        "opposed": opposed,
        "open": len(known) - alike - opposed,
        "no_tau": len(each) - len(known),
        "fewest": int(each["n"].min()),
        "most": int(each["n"].max()),
        "twenty": int((each["n"] >= ENOUGH).sum()),
    }


def on_importers(facts: dict) -> str:
    """How far two indices agree for each importer, as a template; see `over_facts`."""
    counts = [("alike", "above"), ("opposed", "below"), ("open", "on both sides of")]
    said = [f"{side} 0 for {{{name}}}" for name, side in counts if facts[name]]
    unknown = " For {no_tau} it cannot be computed." if facts["no_tau"] else ""
    return (
        "Of the {compared} importers, {twenty} have both scores for 20 materials or more ({fewest} "
        "to {most} materials). The range of tau lies " + words.joined(said) + "." + unknown
    )


def on_term(facts: dict) -> str:
    """Which term makes the two differ, as a template."""
    return words.choose(
        (facts["gap"] < 1e-9, "So there is no difference to explain."),
        (
            facts["part_share"] > 0.5,
            "Most of the disagreement "
            + ("comes" if facts["first_in"] >= FIRM else "seems to come")
            + " from one term, {term_label}: {part_text} of the {gap:ratio} by which tau falls "
            "short of 1.",
        ),
        (
            True,
            "No single term explains most of it. The largest is {term_label}: {part_text} of the "
            "{gap:ratio} by which tau falls short of 1.",
        ),
    )


def on_material(ranked: pd.DataFrame, name: str, why_not: str) -> str:
    """Where a material ranks under the indices, as plain text.

    Parameters
    ----------
    ranked : pandas.DataFrame
        See `index_checks.material_scores`.
    name : str
        As it stands in a sentence.
    why_not : str
        The reason where it has no rank.
    """
    shown = ranked[ranked["index"].isin(FULL)].sort_values("rank")
    if shown.empty:
        return f"For {name} there is no rank: {why_not}."
    highest, lowest = shown.iloc[0], shown.iloc[-1]
    parts = [
        words.ranged(row["rank"], row["rank_low"], row["rank_high"], "count")
        + f" of {row['n']:.0f} under {indices.INDICES[row['index']].label}"
        for row in (highest, lowest)
    ]
    if len(shown) == 1:
        return f"{at_start(name)}: rank {parts[0]}, the only index with a score."
    return (
        f"{at_start(name)}: from rank {parts[0]} to rank {parts[1]}; 1 is the riskiest, and net "
        "import reliance is not counted here."
    )


def on_screen(facts: dict, flags: pd.DataFrame, material: str) -> str:
    """What the GeoDep screen flags, as a template."""
    there = words.choose(
        (material not in flags.index, "; it has no trade in {material} to screen"),
        (facts["material_flagged"], ", {material} among them"),
        (True, ", but not {material}"),
    )
    return (
        "The GeoDep screen of trade flags {flagged} of {screened} materials ({more})" + there + "."
    )


def why_not(left_out: pd.DataFrame, material: str) -> str:
    """Why a material has no full set of indices, as part of a sentence; empty where it has."""
    found = left_out.loc[left_out["material"] == material, "reason"]
    return "" if found.empty else found.iloc[0].rstrip(".")


def largest_effect(rows: pd.DataFrame) -> pd.Series:
    """The row of `index_checks.sensitivity` that moves tau most; samples are not a choice."""
    choices = rows.iloc[1:]
    return choices.loc[(choices["tau_high"] - choices["tau_low"]).idxmax()]


def choice_text(row: pd.Series) -> str:
    """A row of `index_checks.sensitivity` as it stands in a sentence."""
    choices = " or ".join(end for end in (row["low_end"], row["high_end"]) if end)
    changed = row["changed"]
    start = changed if changed.startswith("Taiwan") else changed[0].lower() + changed[1:]
    return f"{start} ({choices})"


def shortlist(scores: pd.DataFrame) -> list[str]:
    """Materials of one importer in the top third under every index but net import reliance.

    Parameters
    ----------
    scores : pandas.DataFrame
        Of one importer, indexed by material.
    """
    known = scores[FULL].dropna()
    high = concordance.ranks(known) <= len(known) / 3
    return list(high.index[high.all(axis=1)])


def advice(facts: dict, short: list[str]) -> str:
    """What to do, as a template.

    Parameters
    ----------
    facts : dict
        See `summary`.
    short : list of str
        See `shortlist`.
    """
    question = (
        "say first which question is asked: who mines (GeoPolRisk, USGS-style) or who ships (HHI, "
        "and at least half of the EU index)."
    )
    return words.choose(
        (
            facts["lowest_tau"] > 0.7,
            "All indices rank much alike here, so any of them will do for a first list; the "
            "riskiest third under all holds {short}.",
        ),
        (
            len(short) > 0,
            "Do not order materials by one index. Under all indices but net import reliance the "
            "riskiest third holds {short}: start there. For all others " + question,
        ),
        (
            True,
            "Do not order materials by one index: no material is in the riskiest third under all "
            "indices but net import reliance. " + at_start(question),
        ),
    )


def certainty(facts: dict) -> str:
    """How sure the answer is, as a template."""
    largest = words.choose(
        (facts["gap"] < 1e-9, "There is no difference to explain."),
        (
            facts["first_in"] >= FIRM,
            "Which term is largest is sure within these data ({first_in:pct0} of the samples).",
        ),
        (True, "Which term is largest is not sure ({first_in:pct0} of the samples)."),
    )
    return (
        "Tau is {tau_text} over samples of the {n} materials. " + largest + " A rank is no "
        "probability of a stop, and two of the indices are here without all of their terms."
    )


def names_text(materials: list[str]) -> str:
    """Materials as they stand in a sentence; "none" where there is none."""
    return words.joined([trade.material_in_text(m) for m in materials]) if materials else "none"


def on_hubs(places: pd.DataFrame, screened: pd.DataFrame, material: str, to_exporter: float) -> str:
    """What the screen sees of a material, and what it does not see, as a template."""
    codes = screened[screened["material"] == material]
    if codes.empty:
        return "{importer_first} bought no {material} that the screen could look at."
    world = places[places["place"] == "world"]["share"]
    seen = words.choose(
        (codes["flagged"].all(), "The screen flags every code of {material}. "),
        (codes["flagged"].any(), "The screen flags some codes of {material} and not others. "),
        (
            not codes["world"].any(),
            "No code of {material} is flagged: too many economies sell these codes to the world "
            "for the second criterion. ",
        ),
        (True, "No code of {material} is flagged; the table shows which criterion fails. "),
    )
    mine = places.loc[places["place"] == "mines", "share"].iloc[0]
    start = (
        "{exporter_first} mines {mine:pct0} of the world's output and ships {ships} of the value "
        "of the world's exports of each of these codes"
    )
    hidden = words.choose(
        (
            mine > world.max() + 0.1,
            ": trade shows less of it than mining, and what it uses at home crosses no border. ",
        ),
        (mine < world.min() - 0.1, ": trade shows more of it than mining. "),
        (True, ". "),
    )
    customer = words.choose(
        (
            to_exporter >= 0.2,
            "It is a customer too: {to_exporter:pct0} of the world's exports of these goods go to "
            "{exporter}, and those who sell to it count as sources of the world. Among the sales "
            "to all others the HHI is {rest}. ",
        ),
        (True, ""),
    )
    hubs = (
        "Economies for which the mine table lists no output ship {hubs:pct0} of these goods, each "
        "counted as a source of its own; whose material it is, the table of trade does not say."
    )
    return seen + start + hidden + customer + hubs


def hub_facts(places: pd.DataFrame, exports: pd.DataFrame, sold: dict) -> dict:
    """Numbers for `on_hubs`.

    Parameters
    ----------
    places, exports, sold
        See `index_checks.hub_example`, `index_checks.hub_exports` and `index_checks.sold_to`.

    Returns
    -------
    dict
        ``mine`` and ``mine_hhi`` (of the exporter, of all mines), ``world_hhi``, ``ships`` and
        ``rest`` (text),
        ``to_exporter``, ``hubs`` (share of the exports of economies without mine output).
    """
    world = places[places["place"] == "world"]["share"]
    mines = places[places["place"] == "mines"].iloc[0]
    exported = places.loc[places["place"] == "world", "hhi"]
    return {
        "mine": mines["share"],
        "mine_hhi": mines["hhi"],
        "world_hhi": ends(exported.min(), exported.max(), "ratio"),
        "ships": ends(world.min(), world.max(), "pct0"),
        "rest": ends(sold["rest_low"], sold["rest_high"], "ratio"),
        "to_exporter": sold["to_exporter"],
        "hubs": exports.loc[exports["mine_share"] == 0, "share"].sum(),
    }


def credit_facts(series: pd.DataFrame) -> dict:
    """What crediting own mine output did to GeoPolRisk between the first and the lowest year.

    Returns
    -------
    dict
        ``start``, ``lowest`` (years), ``fell_to`` and ``fell_to_not_credited`` (fractions of the
        first year), ``credited`` and ``not_credited`` (scores of the last year), ``last`` (year).
    """
    known = series.dropna(subset=["credited"])
    start, lowest, last = known.index[0], known["credited"].idxmin(), known.index[-1]
    return {
        "start": int(start),
        "lowest": int(lowest),
        "last": int(last),
        "fell_to": known.at[lowest, "credited"] / known.at[start, "credited"],
        "fell_to_not_credited": known.at[lowest, "not_credited"] / known.at[start, "not_credited"],
        "credited": known.at[last, "credited"],
        "not_credited": known.at[last, "not_credited"],
    }


def other_thresholds(thresholds: pd.DataFrame) -> str:
    """How many materials the screen flags at other thresholds than the published one, as text.

    Parameters
    ----------
    thresholds : pandas.DataFrame
        See `index_checks.flagged_by_threshold`; the published threshold last.
    """
    published, others = thresholds.iloc[-1], thresholds.iloc[:-1]
    more = [f"{row.materials} with an HHI of {row.hhi:g}" for row in others.itertuples()]
    return f"{words.joined(more)} instead of {published['hhi']:g}"


def on_thresholds(thresholds: pd.DataFrame, material: str) -> str:
    """What another threshold of the screen changes, as plain text.

    Parameters
    ----------
    thresholds : pandas.DataFrame
        See `index_checks.flagged_by_threshold`: a lower one, then the published one.
    """
    low, published = thresholds.iloc[0], thresholds.iloc[1]
    also = material in low["names"] and material not in published["names"]
    return words.fill(
        "The screen depends on its threshold. Flagged with an HHI of {published:ratio}: {few} "
        "({names}); with {low:ratio}: {many}{there}.",
        published=published["hhi"],
        low=low["hhi"],
        few=published["materials"],
        many=low["materials"],
        names=names_text(published["names"]),
        there=f", {trade.material_in_text(material)} among them" if also else "",
    )


def on_verdict(facts: dict) -> str:
    """How firm it is which term is the largest, as a template.

    Parameters
    ----------
    facts : dict
        See `summary`, with ``same`` and ``all``: for how many importers it is the largest.
    """
    here = words.choose(
        (
            facts["first_in"] >= FIRM,
            "The verdict is firm: in {first_in:pct0} of the samples this term is the largest, "
            "{term_label}.",
        ),
        (
            True,
            "The verdict is not firm: in {first_in:pct0} of the samples the largest term is "
            "{term_label}.",
        ),
    )
    elsewhere = "; for most it is another" if facts["same"] < facts["all"] / 2 else ""
    if facts["gap"] < 1e-9:
        return "There is nothing to share out."
    return here + " It is the largest for {same} of {all} importers" + elsewhere + "."


def on_credit(credit: dict) -> str:
    """What own mine output does to GeoPolRisk, as a template.

    Parameters
    ----------
    credit : dict
        See `credit_facts`; empty where there is no example.
    """
    if not credit:
        return "No importer compared has mine output and usable trade of {material} to show it by."
    return words.choose(
        (
            credit["not_credited"] - credit["credited"] < 0.005
            and credit["fell_to"] > 0.9 * credit["fell_to_not_credited"],
            "In {last} own mine output hardly changes the score of {miner}, {credited:ratio}.",
        ),
        (
            credit["fell_to"] < 0.9 * credit["fell_to_not_credited"],
            "From {start} to {lowest} the score of {miner} fell to {fell_to:pct0} of what it was. "
            "Without the credit it would stand at {fell_to_not_credited:pct0}: the rest comes from "
            "how much ore is dug at home beside what is bought, whatever became of the ore.",
        ),
        (
            True,
            "In {last} own mine output takes the score of {miner} from {not_credited:ratio} to "
            "{credited:ratio}; it changed no more over the years than without it.",
        ),
    )


def on_published(published: pd.DataFrame) -> str:
    """Our net import reliance beside the published one, as a template.

    Parameters
    ----------
    published : pandas.DataFrame
        See `index_checks.published_reliance`.
    """
    last = published.dropna(subset=["published"]).iloc[-1]
    between = last["computed"] < last["published"] < last["uncounted"]
    text = words.choose(
        (
            between and last["refined_t"] < last["output_t"] / 2,
            "In {year} the published {published:pct0} lies between ours with own mines counted, "
            "{computed:pct0}, and without, {uncounted:pct0}. The Survey counts the "
            "{refined:tonnes} of compounds and metals made at home; the mine table, all "
            "{mined:tonnes} of ore by content, most of which is not made into them there.",
        ),
        (True, "In {year}: published {published:pct0}, ours {computed:pct0} to {uncounted:pct0}."),
    )
    if not len(_no_balance(published)):
        return text
    return text + (
        " In {zero_years} exports by these codes weigh more than imports, so ours is 0: the "
        "balance of gross weight tells nothing of what is used."
    )


def published_facts(published: pd.DataFrame) -> dict:
    """Numbers for `on_published`."""
    last = published.dropna(subset=["published"]).iloc[-1]
    zero = [str(year) for year in _no_balance(published)["year"]]
    return {
        "year": int(last["year"]),
        "published": last["published"],
        "computed": last["computed"],
        "uncounted": last["uncounted"],
        "refined": last["refined_t"],
        "mined": last["output_t"],
        "zero_years": words.joined(zero) if zero else "",
    }


def _no_balance(published: pd.DataFrame) -> pd.DataFrame:
    return published[(published["computed"] == 0) & (published["published"] > 0)]


def on_acts(acts: pd.DataFrame) -> str:
    """Which controls the EU index weighs, as a template; see `index_weights.restrictions`."""
    if acts.empty:
        return (
            "The policy timeline lists no export control on these materials in force at the end of "
            "{year}." + UNLISTED
        )
    return (
        "Export controls in force at the end of {year} that the EU index weighs: on {held} "
        "({count} acts of the policy timeline)." + UNLISTED
    )


def on_own_mines(mines: list[str]) -> str:
    """For which materials own output is set against trade, as a template."""
    if not mines:
        return "- The mine table lists no output of {importer} that is set against its trade."
    return (
        "- Own output by content is set against gross weights of trade for {mines}: ranks of these "
        "under net import reliance, GeoPolRisk, USGS-style and EU supply risk are the least sure."
    )


def on_weights(thin: list[str]) -> str:
    """For which materials weights are thin, as a template; see `thin_weights`."""
    if not thin:
        return "- Weights are known for 80% of the import value or more, for every material."
    return (
        "- Weights are known for less than 80% of the import value of {thin}: their scores by "
        "weight rest on a part of the trade."
    )


def own_mines(cells: pd.DataFrame, importer: str) -> list[str]:
    """Materials of which an importer has mine output and a full set of terms."""
    own = cells.loc[importer]
    return list(own.index[(own["output_t"] > 0) & own["credited"].notna()])


def thin_weights(cells: pd.DataFrame, importer: str) -> list[str]:
    """Materials of an importer whose weights are known for too little of the value."""
    known = cells.loc[importer, "coverage"].dropna()
    return list(known.index[known < trade.LEAST_COVERAGE])
