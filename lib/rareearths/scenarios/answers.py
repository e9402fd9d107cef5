"""The outlook in words: sentences chosen by what the draws show."""

import numpy as np
import pandas as pd

from rareearths import catalogue, trade
from rareearths.network import blocs
from rareearths.scenarios import capacity, levers, outlook, packages, party, uncertainty
from rareearths.scenarios.levers import STAGE_NAMES
from rareearths.scenarios.party import BASE_YEAR, GROUPS, SUPPLIER, Party
from rareearths.scenarios.tables import points_text
from rareearths.words import joined, ranged

MAGNETS = ("magnet_light", "magnet_heavy")
SMALL = 0.005  # a change of the dependence that is called none
LITTLE = 0.03  # a gain at the bottleneck that is called little
FIRM = 0.7  # a bottleneck in this share of draws is called firm
THIN = "metal"  # the stage of which the data name the fewest plants
OFTEN = 0.5  # a stage that binds in this share of draws is called the bottleneck


def shares(done: outlook.Outlook, year: int) -> dict[str, str]:
    """The dependence in a year by group, as text with the middle 90% of draws."""
    at = list(done.years).index(year)
    return {group: share_text(done.dependence(group)[:, at]) for group in GROUPS}


def share_text(values: np.ndarray) -> str:
    """Median and middle 90% of draws: "43% (31% to 56%)"."""
    low, middle, high = np.percentile(values, [5, 50, 95])
    return ranged(middle, low, high, "pct0")


def answer_words(outlooks: dict, package: str, end: int) -> str:
    """The share of each magnet group today, with the package, and with nothing new."""
    now = shares(outlooks[package], BASE_YEAR)
    then = {name: shares(done, end) for name, done in outlooks.items()}
    own, none = then[package], then[packages.REFERENCE]
    label = packages.name_of(package)
    parts = []
    for group in MAGNETS:
        name = GROUPS[group]
        helped = f"{own[group]} with the package {label}, "
        with_it = "" if package == packages.REFERENCE else helped
        start = f"{name}: {now[group]} in {BASE_YEAR}; in {end} "
        parts.append(f"{start}{with_it}{none[group]} with nothing new.")
    return " ".join(part[0].upper() + part[1:] for part in parts)


def moved_words(package: str | packages.Moved) -> str:
    """Which levers are held at which value, where some were moved; else empty."""
    if not isinstance(package, packages.Moved):
        return ""
    known = packages.levers()
    said = "; ".join(
        f"{lower_first(known[name].label)}, {100 * value:g}%" for name, value in package.levers
    )
    return (
        f"The package {packages.MOVED} is {packages.name_of(package.package)}, with these levers "
        f"held at one value: {said}."
    )


def share_words(done: outlook.Outlook, year: int) -> str:
    """The shares of a year as a list: "43% (31% to 56%) of its neodymium and praseodymium, ..."."""
    texts = shares(done, year)
    return joined([f"{texts[group]} of its {name}" for group, name in GROUPS.items()])


def direction(done: outlook.Outlook, group: str) -> str:
    """Whether the median falls, rises or stays from the first to the last year."""
    medians = np.median(done.dependence(group), axis=0)
    change = medians[-1] - medians[0]
    return "hardly changes" if abs(change) < SMALL else "falls" if change < 0 else "rises"


def direction_words(done: outlook.Outlook) -> str:
    """What the share does for each group: "falls for ..., and rises for ..."."""
    found = {group: direction(done, group) for group in GROUPS}
    parts = [
        f"{word} {joined([f'for {GROUPS[g]}' for g in GROUPS if found[g] == word])}"
        for word in ("falls", "hardly changes", "rises")
        if word in found.values()
    ]
    return "; it ".join(parts)


def stage_words(done: outlook.Outlook, group: str) -> str:
    """Which stage holds a group back in the last year, with the share of draws."""
    last = outlook.bottlenecks(done, group).iloc[:, -1]
    stage, share = last.idxmax(), last.max()
    if stage == "met":
        return f"for {GROUPS[group]} the need is met in {share:.0%} of draws"
    most = "" if share >= OFTEN else "most often "
    return f"{STAGE_NAMES[stage]} {most}for {GROUPS[group]} (in {share:.0%} of draws)"


def held_words(done: outlook.Outlook) -> str:
    """Which stage holds each magnet group back in the last year, as one list."""
    return joined([stage_words(done, group) for group in MAGNETS])


def width(done: outlook.Outlook, group: str) -> str:
    """Width of the middle 90% of draws in the last year, in percentage points."""
    low, high = np.percentile(done.dependence(group)[:, -1], [5, 95])
    return f"{100 * (high - low):.0f}"


def change_words(done: outlook.Outlook, group: str) -> str:
    """How the bottleneck moves from the first to the last year."""
    table = outlook.bottlenecks(done, group)
    first, last = table.iloc[:, 0], table.iloc[:, -1]
    name = GROUPS[group][0].upper() + GROUPS[group][1:]
    start, end = STAGE_NAMES[first.idxmax()], STAGE_NAMES[last.idxmax()]
    moved = f"stays {end}" if start == end else f"moves from {start} to {end}"
    return f"{name}: the bottleneck {moved} ({first.max():.0%} and {last.max():.0%} of draws)."


def chance_words(done: outlook.Outlook, target: float) -> str:
    """The chance of the target in the last year by magnet group: "41% for neodymium ..."."""
    found = {g: chance_text(outlook.reached(done, g, target).iloc[-1]) for g in MAGNETS}
    if len(set(found.values())) == 1:
        return f"{found[MAGNETS[0]]} for both groups of magnet elements"
    return joined([f"{chance} for {GROUPS[g]}" for g, chance in found.items()])


def sampling_error(draws: int) -> str:
    """Half of the widest 95% interval of a chance that is counted in draws, percentage points."""
    return f"{100 * 1.96 * (0.25 / draws) ** 0.5:.1f}"


def chance_text(share: float) -> str:
    """A share of draws as text; none and all are said with the doubt of a finite sample."""
    if share < 0.01:
        return "under 1%"
    if share > 0.99:
        return "over 99%"
    return f"{share:.0%}"


def lever_words(table: pd.DataFrame, group: str) -> str:
    """The largest lever of a waterfall, and the ones that do nothing; see `levers.waterfall`."""
    rows = table[table["step"].isin(packages.LEVERS)]
    name = GROUPS[group]
    if not (rows["mean"] < 0).any():
        return f"For {name} this package moves nothing."
    if rows["mean"].min() > -SMALL:
        return f"For {name} no lever moves the share by half a point."
    best = rows.loc[rows["mean"].idxmin()]
    text = points_text(best["mean"], best["low"], best["high"])
    idle = [label.lower() for label in rows[rows["mean"] > -SMALL]["label"]]
    rest = f" Next to nothing: {joined(idle)}." if idle else ""
    return f"For {name} the largest lever is {best['label'].lower()}: {text} points.{rest}"


def relief_words(done: outlook.Outlook, group: str) -> str:
    """What would be gained if the bottleneck were no limit; see `levers.relief`."""
    found = levers.relief(done, group)
    if not found:
        return ""
    low, middle, high = np.percentile(found["tonnes"], [5, 50, 95])
    after = "the need is met" if found["next"] == "met" else f"{STAGE_NAMES[found['next']]} binds"
    now = np.median(done.dependence(group)[:, -1])
    gained = now - np.median(found["share"])
    less = f"{100 * gained:.0f} point" + ("s" if round(100 * gained) != 1 else "")
    little = " Alone it gains little." if gained < LITTLE else ""
    return (
        f"With {ranged(middle, low, high, 'count')} t a year more of {STAGE_NAMES[found['stage']]} "
        f"for {GROUPS[group]} the share would be {share_text(found['share'])}, "
        f"{less} less; then {after}.{little}"
    )


def advice(done: outlook.Outlook, tables: dict) -> str:
    """What to do: the stage that binds, what it lacks, and the lever that moves most."""
    parts = []
    for group in MAGNETS:
        last = outlook.bottlenecks(done, group).iloc[:, -1]
        stage = last.idxmax()
        if stage != "met":
            check = (
                " Ask first which plants make metal: few are in the table." if stage == THIN else ""
            )
            parts.append(
                f"For {GROUPS[group]}, put {STAGE_NAMES[stage]} first: it binds in "
                f"{last.max():.0%} of draws, and new capacity of other stages stays idle where it "
                f"does.{check} {relief_words(done, group)}"
            )
        parts.append(lever_words(tables[group], group))
    return " ".join(parts)


def sure_words(done: outlook.Outlook) -> str:
    """For which magnet groups the same stage binds in most draws of the last year."""
    most = {g: outlook.bottlenecks(done, g).iloc[:, -1].max() for g in MAGNETS}
    firm = [GROUPS[g] for g in MAGNETS if most[g] >= FIRM]
    if not firm:
        return f"No stage binds in {FIRM:.0%} of draws: the bottleneck is open."
    said = f"One stage binds in {FIRM:.0%} of draws or more for {joined(firm)}: that is firm"
    if any(binding(done, g) == THIN for g in MAGNETS if GROUPS[g] in firm):
        return (
            said + ", but firm in the model only where it is metal making, the stage with the "
            "thinnest data."
        )
    return said + "."


def binding(done: outlook.Outlook, group: str) -> str:
    """The stage that binds most often in the last year, or "met"."""
    return outlook.bottlenecks(done, group).iloc[:, -1].idxmax()


def thin_words(done: outlook.Outlook) -> str:
    """A warning where metal making binds: few of its plants are in the data; else empty."""
    if not any(binding(done, group) == THIN for group in MAGNETS):
        return ""
    rows = capacity.load_projects()
    count = int((rows["stage"] == THIN).sum())
    named = {0: "no new plant names", 1: "one new plant names"}.get(count, f"{count} name")
    return (
        f" Metal making is the stage with the thinnest data: {named} its tonnes, so part of this "
        "bottleneck may be a gap in the table."
    )


def other_words(done: outlook.Outlook) -> str:
    """How thin the data are for the other rare earths, whose share is a ceiling."""
    rows = capacity.load_projects()
    light = rows.loc[(rows["stage"] == "separation") & (rows["group"] == "magnet_light"), "project"]
    own = rows.loc[rows["group"] == "other", "project"].unique()
    named = {0: "none", 1: "one"}.get(len(own), len(own))
    return (
        f"Read the {GROUPS['other']} with care. Of the {len(light)} plants below that will "
        f"separate {GROUPS['magnet_light']}, {named} "
        f"{'is' if len(own) == 1 else 'are'} counted with other elements, because the pages name "
        "no tonnes of them. Most ores hold more lanthanum and cerium than magnet elements, so that "
        "for these two the share is likely too high. For yttrium, samarium and the other scarce "
        "ones it says nothing: they are few tonnes, and can be short while the group is not. "
        "No figure of its bottleneck or its levers is drawn for that reason."
    )


def kept_words() -> str:
    """Magnets made outside China, then and now: why plants that stand keep their tonnes."""
    rows = assumptions_of_output()
    tonnes = [row["made"] / row["share"] - row["made"] for row in rows]
    said = [
        f"about {round(made, -2):,.0f} t where China made {row['made']:,.0f} t ({row['year']}, at "
        f"{row['share']:.0%} of the world)"
        for made, row in zip(tonnes, rows, strict=True)
    ]
    word = "have not grown with China" if tonnes[1] < 1.1 * tonnes[0] else "have grown"
    return f"Magnet plants outside China {word}: they made {said[0]}, and {said[1]}."


def assumptions_of_output() -> list[dict]:
    """China's output of magnets and the share published for it: the two pairs in the data."""
    made = catalogue.load("scenario_assumptions").set_index("id")["value"]
    shares_ = catalogue.load("stage_shares")
    shares_ = shares_[(shares_["stage"] == "magnet") & (shares_["scope_group"] == "ndfeb")]
    shares_ = shares_[(shares_["economy"] == SUPPLIER) & (shares_["measure"] == "output")]
    share = shares_.set_index("year")["share"]
    pairs = ((2019, 2017), (2024, 2024))  # output, and the nearest year with a share
    return [
        {
            "year": year,
            "made": float(made[f"end-use-demand-chn-{year}-output-ndfeb-magnets"]),
            "share": float(share[of]),
        }
        for year, of in pairs
    ]


def deciding_words(table: pd.DataFrame, group: str) -> str:
    """The three assumptions that explain most of the spread, with their total index."""
    if table.empty:
        return f"For {GROUPS[group]} the result does not vary."
    named = [
        f"{lower_first(row.label)}, {_index(row.total, row.total_conf)}"
        for row in table.head(3).itertuples()
    ]
    return f"For {GROUPS[group]}: {'; '.join(named)}."


def lower_first(label: str) -> str:
    """A label as it stands inside a sentence; names keep their capital."""
    keeps = label.split()[0].removesuffix("'s") in ("China", "Japan")
    return label if keeps else label[0].lower() + label[1:]


def _index(value: float, half: float) -> str:
    return ranged(value, max(0.0, value - half), value + half, "ratio")


def judgement_words(*tables: pd.DataFrame) -> str:
    """How many of the assumptions are ours, in whole or in a part of the range."""
    rows = pd.concat([table[["kind", "note"]] for table in tables])
    own = rows["kind"] == "judgement"
    partly = ~own & rows["note"].str.contains(r"\b(?:is|are) ours\b")
    return (
        f"{own.sum()} of {len(rows)} assumptions are our judgement, and a part of the range of "
        f"{partly.sum()} more"
    )


def metal_words() -> str:
    """How few of the projects make metal, and what that means for the bottleneck."""
    rows = capacity.load_projects()
    n = int((rows["stage"] == "metal").sum())
    return (
        f"Of the {len(rows)} rows of projects below, {({0: 'none', 1: 'one'}).get(n, n)} "
        f"{'is' if n == 1 else 'are'} of metal making. "
        "If plants are missing from the table rather than from the ground, metal making binds less "
        "than it seems; part of the new magnet plants is taken to bring its own."
    )


def moved_by_seed(of: Party, package: str, done: outlook.Outlook, draws: int, seed: int) -> str:
    """How far the medians of the last year move with another seed, in percentage points."""
    parts = uncertainty.draw(of, draws, seed + 1)
    other = outlook.run(of, package, parts, done.years[-1:])
    moves = [
        abs(np.median(other.dependence(g)[:, -1]) - np.median(done.dependence(g)[:, -1]))
        for g in GROUPS
    ]
    return f"{100 * max(moves):.1f}"


def trade_words(of: Party) -> str:
    """China's share of the importer's purchases in the trade data, to be read beside the model."""
    if of.code not in trade.economy_names():
        return ""
    flows = trade.load_flows(of.code, products="rare_earths", years=(BASE_YEAR, BASE_YEAR))
    if flows.empty:
        return ""
    row = trade.dependence(flows, SUPPLIER).iloc[-1]
    return (
        f"In the trade data of {BASE_YEAR} (compounds and metals, no magnets) China sold "
        f"{row['share_tonnes']:.0%} of the tonnes and {row['share_value']:.0%} of the value. The "
        "shares here differ: they count what is inside magnets, and follow a good back to the "
        "stage that holds it up, not to the border it crossed last."
    )


def party_words(of: Party) -> str:
    """Which members a bloc is the sum of, who is left out, and its end; empty for one area."""
    if not of.left_out:
        return ""
    counted = joined([party.name_of(area) for area in of.areas])
    end = blocs.ended(of.code)
    over = f"The bloc ended on {end}; it is counted with the members it had then, in every year. "
    return (over if end else "") + (
        f"The need of {of.name} is that of {counted}; for {joined(list(of.left_out))} no use of "
        "magnets is in the data, so they are left out, and their plants are counted as its own."
    )


def numbers(outlooks: dict, package: str, target: float) -> dict:
    """The numbers of the record: medians and middle 90% by group, and chances of the target."""
    found = {}
    for name, done in (("none", outlooks[packages.REFERENCE]), ("package", outlooks[package])):
        for group in GROUPS:
            band = uncertainty.band(done.dependence(group)[:, -1])
            keys = {"median": "", "low90": "_low", "high90": "_high"}
            found |= {f"{group}_{name}{end}": float(band[key]) for key, end in keys.items()}
    done = outlooks[package]
    for group in GROUPS:
        found[f"{group}_base"] = float(np.median(done.dependence(group)[:, 0]))
        found[f"{group}_chance"] = float(outlook.reached(done, group, target).iloc[-1])
    return found
