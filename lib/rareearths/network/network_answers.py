"""What the report on a bloc says: its numbers in sentences that the numbers choose."""

import re

import pandas as pd

from rareearths import catalogue, stages, trade, words
from rareearths.network import blocs, nodes
from rareearths.words import choose, ranged

ONE_MEMBER, YEARS = "One member", "Year, of the last five"  # rows of the sensitivity table
SMALL = 0.005  # a share that is printed as 0%
_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine")


def names(bloc: str, members: list[str], listed: bool) -> dict:
    """How the group stands in a sentence.

    Parameters
    ----------
    bloc : str
    members : list of str
        ISO3 codes, see `blocs.members_of`.
    listed : bool
        Whether the members were named one by one, so that the bloc counts for nothing.

    Returns
    -------
    dict
        ``who`` ("the 14 members of the Minerals Security Partnership"), ``short`` ("members of the
        MSP"), ``members`` (count), ``about`` (what to know about the bloc; empty for a list) and
        ``ended`` (the day a bloc ended; empty while it lasts).
    """
    count = len(members)
    if listed:
        named = words.joined([trade.economy_in_text(code) for code in members])
        number = _NUMBERS[count - 2] if count < len(_NUMBERS) + 2 else str(count)
        short = named if count < 4 else f"the {number}"
        return {"who": named, "short": short, "members": count, "about": "", "ended": ""}
    about = catalogue.load("blocs").set_index("bloc").loc[bloc]
    ended, name = blocs.ended(bloc), about["name"].split(",")[0]
    coded = len(about["name"]) > (25 if "_" in bloc else 6)
    short = bloc.replace("_", " ") if coded else about["name"]
    return {
        "who": f"the {count} members {'that' if ended else 'of'} the {name}"
        + (f" had when it ended on {ended}" if ended else ""),
        "short": f"the members of the {short}",
        "members": count,
        "about": _readable(about["note"]),
        "ended": ended,
    }


def paragraphs(parts: list[list[str]]) -> str:
    """Join sentences to paragraphs; empty ones are left out."""
    said = [" ".join(filter(None, sentences)) for sentences in parts]
    return "\n\n".join(filter(None, said))


def ranges(facts: dict) -> dict:
    """The numbers of `summary` as text with their ranges: ``inside_text``, ``left_text``, ..."""
    named = dict.fromkeys(
        ("inside", "direct", "left", "rests", "potential", "loss", "mined_share"), "pct0"
    ) | {"mined_t": "count"}
    several = facts.get("mined_t_low") != facts.get("mined_t_high")
    return {
        f"{name}_text": ranged(facts[name], facts[f"{name}_low"], facts[f"{name}_high"], form)
        for name, form in named.items()
        if f"{name}_low" in facts
    } | {"mined_range": " (the range is that of publishers)" if several else ""}


def apart(material: str) -> str:
    """Reminder that magnets are in no total; empty for a material without them."""
    return ", magnets apart" if material == stages.WITH_MAGNETS else ""


def on_inside(facts: dict) -> str:
    """How much the members buy from one another, and how much from the supplier."""
    if facts["inside_high"] == 0:
        return (
            "Of the {material} they import{apart}, {who} bought **nothing** from one another in "
            "{year}. Straight from {exporter} came {direct_text} of the {basis}."
        )
    spread = choose(
        (pd.isna(facts["inside_tonnes"]), "by value; weights are not known well enough"),
        (facts["basis"] == "value", "by value; the range is that of value and tonnes"),
        (True, "by tonnes; the range is that of value and tonnes"),
    )
    return (
        "Of the {material} they import{apart}, {who} bought **{inside_text}** from one another in "
        "{year}, and {direct_text} straight from {exporter} (" + spread + ")."
    )


def on_left(facts: dict) -> str:
    """What is left of it after the look-through."""
    taken = facts["left_high"] - facts["left_low"]
    return choose(
        (facts["inside"] < SMALL, ""),
        (taken < SMALL, "Hardly any of what they sell one another can rest on {exporter}."),
        (
            True,
            "Leaving out what sellers can have bought from {exporter} before, **{left_text}** of "
            "the {basis} remains: the low end if they passed on all they can, the high end if "
            "none.",
        ),
    )


def on_potential(facts: dict) -> str:
    """What the members' present exports could cover at most."""
    return (
        "If everything that members export stayed inside, it could cover at most {potential_text} "
        "of the {basis} of these imports, goods that rest on {exporter} not counted."
    )


def on_members(facts: dict) -> str:
    """Who adds most, inside and outside."""
    said = choose(
        (facts["best_adds"] < SMALL / 10, "No member adds to this share"),
        (facts["members"] == 2, "With two members, each adds the whole share of {inside:pct0}"),
        (
            True,
            "To the share of {inside:pct0}, {best_name} adds most of all members{best_else}, "
            "{best_adds_text} points",
        ),
    )
    if facts["candidate"]:
        said += "; of the outsiders other than {exporter}, {candidate_name} would add most"
        said += "{candidate_else}, {candidate_adds_text} points"
        said += choose(
            (
                facts["candidate_rests"] >= 0.1,
                ", but {candidate_rests:pct0} ({candidate_rests_low:pct0} to "
                "{candidate_rests_high:pct0}) of what it sells rests on {exporter}.",
            ),
            (True, "."),
        )
    else:
        said += "; no outsider other than {exporter} would add to it."
    return said


def on_magnets_short(newest: pd.DataFrame, members: list[str]) -> str:
    """The inside share of magnets, which are in no total; empty where none are counted."""
    rows = newest[newest["stage"] == stages.MAGNETS]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    return words.literal(
        words.fill(
            "Magnets stand apart: of those that {who} bought{when} ({worth:usd} in larger flows), "
            "members sold {share}.",
            who=words.joined(_listed(members)), when=f" in {row['year']}", worth=row["value_usd"],
            share=_inside(row),
        )
    )  # fmt: skip


def _inside(row: pd.Series) -> str:
    """The inside share of a row by value, with the range of value and tonnes."""
    known = [share for share in (row["share_value"], row["share_tonnes"]) if pd.notna(share)]
    return ranged(row["share_value"], min(known), max(known), "pct0")


def _listed(members: list[str]) -> list[str]:
    listed = set(catalogue.load("magnets_coverage")["importers_listed"].str.split(";").explode())
    return [trade.economy_in_text(code) for code in members if code in listed]


def on_loss(facts: dict) -> str:
    """What the members would be short of without the supplier."""
    if facts["loss"] < SMALL and facts["loss_high"] < SMALL:
        return "Without {exporter} they would lose next to nothing."
    return (
        "Without {exporter} they would lose {loss_text} of the {basis} of these imports: the low "
        "end if all that others sell elsewhere went to them, the high end if goods that rest on "
        "{exporter} were lost as well."
    )


def on_stages(newest: pd.DataFrame) -> str:
    """The inside share of each stage in a sentence."""
    parts = []
    for _, row in newest.iterrows():
        when = f" ({row['year']})" if newest["year"].nunique() > 1 else ""
        parts.append(f"{_inside(row)} of the {row['goods']}{when}")
    return "By value, members sold one another " + words.joined(parts) + "."


def headline(facts: dict) -> str:
    """Template of the record's headline."""
    return (
        "{short_first} buy {inside_text} of their {material} from one another, {left_text} without "
        "what rests on {exporter}"
    )


def do_text(facts: dict, newest: pd.DataFrame) -> str:
    """What to do, as a template."""
    thin = facts["left"] < 0.25
    first = choose(
        (
            thin,
            "Do not take membership for supply: what is sourced inside and does not rest on "
            "{exporter} is {left_text}.",
        ),
        (
            True,
            "Keep what is there: {left_text} is sourced inside and does not rest on {exporter}.",
        ),
    )
    gain = facts["potential_high"] - facts["left"]
    second = choose(
        (
            gain >= 0.05,
            " Long-term contracts that keep the members' exports inside could cover at most "
            "{potential_text} of the imports.",
        ),
        (True, " Contracts among members alone will not do: they have little left to sell inside."),
    )
    third = choose(
        (
            facts["candidate"] != "" and facts["candidate_rests"] < 0.5,
            " Look at {candidate_name} first: among outsiders it would add most{candidate_else}"
            + choose(
                (facts["candidate_rests"] < 0.1, "."),
                (True, ", as far as its material is its own."),
            ),
        ),
        (
            True,
            " The outsider that would add most, {candidate_name}, is no way out: "
            "{candidate_rests:pct0} of what it sells rests on {exporter}.",
        ),
    )
    return first + second + (third if facts["candidate"] else "") + _most_outside(newest)


def _most_outside(newest: pd.DataFrame) -> str:
    """Of which goods most is bought outside, as a template; empty with a single stage."""
    if len(newest) < 2:
        return ""
    outside = (newest["value_usd"] * (1 - newest["share_value"])).idxmax()
    row, part = newest.loc[outside], 1 - newest.loc[outside, ["share_value", "share_tonnes"]]
    share = ranged(part["share_value"], part.min(), part.max(), "pct0")
    return words.literal(
        words.fill(
            " Most value comes from outside in {goods}: {share} of {worth:usd} in {year}.",
            goods=row["goods"], share=share, worth=row["value_usd"], year=str(row["year"]),
        )
    )  # fmt: skip


def change_text(cases: pd.DataFrame) -> str:
    """What would change the answer, as a template without fields."""
    widest, one = cases.iloc[0], cases[cases["changed"] == ONE_MEMBER]
    said = f'The inside share moves most with "{widest["changed"]}" (widest row of the table '
    said += f"above): {widest['end_low']}, {widest['end_high']}. "
    if len(one) and widest["changed"] != ONE_MEMBER:
        said += f"With one member less or more: {one['end_low'].iloc[0]}, "
        said += f"{one['end_high'].iloc[0]}. "
    return words.literal(
        said + "A new plant in a member changes the answer only when its goods cross a border."
    )


def sure_text(facts: dict, cases: pd.DataFrame) -> str:
    """How sure it is, as a template."""
    distance = facts["inside_high"] - facts["inside_low"]
    years = cases[cases["changed"] == YEARS]
    line = [f" By year, the last five lay between {row.end_low} and {row.end_high}."
            for row in years.itertuples()]  # fmt: skip
    return (
        choose(
            (
                pd.isna(facts["inside_tonnes"]),
                "The share as sold rests on value alone, because weights are lacking.",
            ),
            (
                distance < 0.05 and 0 < facts["inside_low"] >= 0.6 * facts["inside_high"],
                "Value and tonnes agree on the share as sold within five points.",
            ),
            (
                distance < 0.05,
                "Value and tonnes agree on the share as sold within five points, "
                "which is much of so small a share.",
            ),
            (True, "The share as sold is known, but value and tonnes tell different stories."),
        )
        + words.literal("".join(line))
        + " What rests on {exporter} is bounded, not measured: nobody records where a seller's "
        "goods came from. The loss without {exporter} is a bound too, of the first moment."
    )


def stage_lines(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Inside share by value of each stage, for a figure: by its goods, indexed by year."""
    order = [stage for stage in stages.ORDER if stage in set(table["stage"])]
    return {
        stages.PLURALS[stage].capitalize(): table[table["stage"] == stage].set_index("year")[
            "share_value"
        ]
        for stage in order
    }


def names_of(facts: dict) -> dict:
    """The economies of `network_cases.marginal_summary` as they stand in a sentence."""
    said = {"candidate_name": ""}
    for key in ("best_adds", "candidate_adds"):
        if key in facts:
            ends = (facts[key], facts[f"{key}_low"], facts[f"{key}_high"])
            said[f"{key}_text"] = ranged(*ends, "points")
    measure = "tonnes" if facts["basis"] == "value" else "value"
    for key in ("best", "candidate"):
        second = facts[f"{key}_other"]
        apart = second and second != facts[key]
        name = trade.economy_in_text(second) if apart else ""
        said[f"{key}_else"] = f" (by {measure} {name})" if apart else ""
    for key in ("best", "candidate", "fair"):
        if facts[key]:
            said[f"{key}_name"] = trade.economy_in_text(facts[key])
            said[f"{key}_name_first"] = trade.economy_at_start(facts[key])
    short = facts["short"]
    return said | {"short_first": short[0].upper() + short[1:]}


def on_magnets(newest: pd.DataFrame, members: list[str]) -> str:
    """Whose magnets are counted; empty where none are."""
    if stages.MAGNETS not in set(newest["stage"]):
        return ""
    who = words.joined(_listed(members))
    return f"Magnets are those of {who} only, whose suppliers are listed; they are in no total."


def reading_table(through: pd.DataFrame) -> pd.DataFrame:
    """`origins.look_through` with ``look_reading``, each reading in words."""
    said = {
        "none": "nothing",
        "proportional": "a mix of all they have",
        "supplier_first": "the supplier's goods first",
    }
    return through.reset_index().assign(look_reading=lambda table: table["assumed"].map(said))


def on_rests(facts: dict) -> str:
    """All that rests on the supplier."""
    return choose(
        (
            facts["rests_high"] - facts["direct"] < SMALL,
            "What comes from {exporter} comes straight from there: {rests_text} of these imports.",
        ),
        (
            True,
            "Straight, through members and through others together, {rests_text} of these imports "
            "rest on {exporter}: at least what it sold itself, at most all that sellers can have "
            "passed on.",
        ),
    )


def on_mined(facts: dict) -> str:
    """Mine output of the members, beside what they import."""
    if pd.isna(facts["mined_t"]):
        return "No mine output is in the data for {year}, so that own output counts as not known."
    if facts["mined_t"] == 0:
        return "No member is listed with mine output in {year}."
    return (
        "Members' own mines made {mined_t_text} {unit} in {year}, {mined_share_text} of what is "
        "listed for the world{mined_range}. Whether it can meet their need depends on who refines "
        "it, which this trade does not show."
    )


def member_parts(table: pd.DataFrame, parts: pd.DataFrame) -> pd.DataFrame:
    """`network.marginal` of the members beside `network.shapley`."""
    inside = table[table["member"]]
    return inside.assign(
        member_name=inside["economy"].map(trade.economy_names()),
        adds=inside["change"],
        fair_part=inside["economy"].map(parts["part"]),
    )


def on_orders(facts: dict) -> str:
    """Whether the order of joining matters for who comes first."""
    return choose(
        (facts["fair_part"] == 0, "No member sold anything to another."),
        (facts["members"] == 2, "With two members, averaged over both orders, each gets half."),
        (
            facts["best"] == facts["fair"],
            "{best_name_first} comes first either way: as the last to join, and averaged over all "
            "orders ({fair_part:points} points).",
        ),
        (
            True,
            "Averaged over every order of joining, {fair_name} comes first, with "
            "{fair_part:points} points: a flow needs a seller and a buyer, and each gets half.",
        ),
    )


def hub_rows(table: pd.DataFrame, basis: str, most: int = 8) -> pd.DataFrame:
    """The first rows of `nodes.hub_table` in words."""
    rows = nodes.names(table.head(most))
    size = 1e6 if basis == "value" else 1.0
    low, high = rows["passed"] / size, rows["passed_high"] / size
    return rows.assign(
        economy_name=rows["name"],
        maker_text=rows["maker"].map({True: "yes", False: "no"}),
        sold_text=[f"{amount / size:,.1f}" for amount in rows["to_members"]],
        passed_text=[f"{a:,.1f} (0 to {b:,.1f})" for a, b in zip(low, high, strict=True)],
        between_rank=rows["rank"],
    )


def on_hubs(table: pd.DataFrame, facts: dict) -> str:
    """Which hub without a known mine or plant passes on most."""
    if table.empty:
        return "No economy both buys from {exporter} and sells to members."
    bare = table[~table["maker"] & ~table["member"]]
    if bare.empty or bare["passed_high"].max() <= 0:
        return (
            "No outsider without a known mine or plant stands between {exporter} and the members."
        )
    total = bare["passed_high"].sum() / table["passed_high"].sum()
    largest = bare.loc[bare["passed_high"].idxmax(), "economy"]
    first = words.literal(trade.economy_in_text(largest))
    return (
        f"Among outsiders without a known mine or plant, {first} can pass on most. All of these "
        f"together stand for {total:.0%} of what can be passed on at most."
    )


def loss_rows(table: pd.DataFrame) -> pd.DataFrame:
    """`nodes.removal` in words."""
    rows = nodes.names(table)
    ends = zip(rows["loss"], rows["loss_low"], rows["loss_high"], strict=True)
    return rows.assign(
        economy_name=rows["name"], loss_text=[ranged(*three, "pct0") for three in ends]
    )


def on_diverted(facts: dict) -> str:
    """How realistic the low end of the loss is."""
    share = facts["diverted"]
    return choose(
        (pd.isna(share), "{exporter_first} sells the members nothing that would be lost."),
        (
            facts["loss_low"] > SMALL,
            "Even if all others sold to members only, {loss_low:pct0} could not be replaced.",
        ),
        (
            True,
            "To replace {exporter}, members would have to take {diverted:pct0} of what others now "
            "sell elsewhere: the low end is a bound, not a plan.",
        ),
    )


def numbers(newest: pd.DataFrame) -> dict:
    """The inside shares by stage for the record: ``compound_inside_value``, ..."""
    return {
        f"{row.stage}_inside_{basis}": getattr(row, f"share_{basis}")
        for row in newest.itertuples()
        for basis in trade.BASES
    }


def stage_title(newest: pd.DataFrame) -> str:
    """What a figure of the stages shows, in a sentence."""
    least = newest.loc[newest["share_value"].idxmin()]
    return words.literal(
        f"Least is sourced inside of the {least['goods']}: {_inside(least)} in {least['year']}"
    )


def stage_intro(newest: pd.DataFrame) -> str:
    """Why stages stand apart, or that there is only one."""
    if len(newest) == 1:
        return f"The codes in the data are of one stage, {newest['goods'].iloc[0]}."
    goods = words.joined(list(newest["goods"]))
    return (
        f"{goods[0].upper()}{goods[1:]} are different purchases: a partner that sells one does not "
        "replace another."
    )


def hub_unit(basis: str) -> str:
    """Unit of the amounts in `hub_rows`."""
    return "million US$" if basis == "value" else "tonnes"


def _readable(note: str) -> str:
    """A note of ``blocs`` without addresses, rows of other tables and names of columns."""
    note = re.sub(r" \((https?://\S+|conflict C\d+)\)|, see [a-z]+-[a-z0-9-]+", "", note)
    return re.sub(r"(^|\. )`since`", r"\1The date below", note).replace("`since`", "the date below")
