"""What the page on the value chain says: each sentence is chosen by the numbers."""

import pandas as pd

from rareearths import catalogue, quality, stages, trade
from rareearths.value_chain import position, position_advice, upgrading, value_added
from rareearths.value_chain.position_words import capital, span, stage_name
from rareearths.words import choose, joined, literal, ranged, show_number

MOVES = {
    upgrading.UP: "is **moving up** the chain of {material}",
    upgrading.DOWN: "is **moving down** the chain of {material}",
    upgrading.MIXED: "**moves both ways** in the chain of {material}",
    upgrading.UNCLEAR: "shows **no clear move** in the chain of {material}",
    upgrading.NONE: "cannot be placed on a way up or down the chain of {material}",
}
CLOSE = 0.05  # normalised balances nearer to zero are even


def question(flows: pd.DataFrame) -> str:
    """The title: with one stage in the data there is no way up to ask for."""
    if len(stages.present(flows)) > 1:
        return "Where does {importer} stand in the chain of {material}, and is it moving up?"
    return "Where does {importer} stand in the trade of {goods}?"


def on_move(
    found: pd.DataFrame,
    move: str,
    last_stage: str,
    steady: tuple[int, int],
    mixed: bool = False,
    tried: pd.DataFrame | None = None,
) -> str:
    """The verdict, and the signals it rests on.

    Parameters
    ----------
    found : pandas.DataFrame
        See `upgrading.signals`.
    move : str
        See `upgrading.verdict`.
    last_stage : str
    steady : (int, int)
        How many variants give this verdict, and of how many, see
        `position_advice.steadiness`.
    mixed : bool
        Whether the last stage also holds scrap or intermediates.
    tried : pandas.DataFrame, optional
        The variants, see `position_tables.variants`: in how many of them each signal moves.
    """
    votes = {} if tried is None else position_advice.votes(tried)
    text = "By what it trades, {importer} " + _no_rise(move, votes) + _said(move, steady, mixed)
    if move == upgrading.NONE:
        why = choose(
            ("last_share" not in set(found["signal"]), ": too few stages or years are in the data"),
            (True, ": too few years are in the data"),
        )
        return text + why + "."
    counted = {} if tried is None else position_advice.signal_votes(tried, found)
    moved = found[found["direction"] != 0]
    said = [_signal(row, last_stage, counted.get(row.signal)) for row in moved.itertuples()]
    text += " " + _agreement(steady, move, votes)
    if not said:
        return text + ": no signal is told apart from chance."
    span = f" From {moved['early_years'].iloc[0]} to {moved['late_years'].iloc[0]} "
    scrap = f" The code of {stage_name(last_stage)} also holds scrap or intermediates: what moved "
    scrap += "need not be a later product."
    text += "." + span + joined(said) + "." + _mean_of_years(moved) + _unmoved(found, last_stage)
    return text + (scrap if mixed else "")


def _no_rise(move: str, votes: dict[str, int]) -> str:
    """The answer to the title where the verdict is down and no variant says up."""
    no = move == upgrading.DOWN and votes and not votes.get(upgrading.UP)
    return "shows no sign of moving up and " if no else ""


def _agreement(steady: tuple[int, int], move: str, votes: dict[str, int]) -> str:
    """How many variants of the test give the verdict, and how many say the reverse."""
    reverse = {upgrading.UP: upgrading.DOWN, upgrading.DOWN: upgrading.UP}.get(move)
    if reverse is None or not votes:
        return f"({steady[0]} of {steady[1]} variants of the test agree)"
    against = votes.get(reverse, 0)
    says = f"{against} say" if against > 1 else f"{against or 'none'} says"
    return f"({steady[0]} of {steady[1]} variants of the test say so, {says} the reverse)"


def _mean_of_years(moved: pd.DataFrame) -> str:
    """Why a balance quoted here need not be that of the figures; empty where none is quoted."""
    if "last_ntb" not in set(moved["signal"]):
        return ""
    return (
        " The balance here is the mean of the single years, as the test compares them; by the sums "
        "of all years, as in the figure and the tables by stage, it can differ in the last digits."
    )


def _unmoved(found: pd.DataFrame, last_stage: str) -> str:
    """The signals that did not move beyond chance, as a sentence; empty where all did."""
    still = found.loc[found["direction"] == 0, "signal"]
    names = [_signal_name(signal, last_stage, plain=True) for signal in still]
    return f" Not moved beyond chance: {joined(names)}." if names else ""


def on_path(table: pd.DataFrame, found: pd.DataFrame, last_stage: str) -> str:
    """Signals that moved, but left the range of both windows in between; empty without any.

    Parameters
    ----------
    table : pandas.DataFrame
        See `upgrading.series`.
    found : pandas.DataFrame
        See `upgrading.signals`.
    """
    said = []
    for row in found[found["direction"] != 0].itertuples():
        ends = [int(years.split("–")[place]) for years, place in
                ((row.early_years, -1), (row.late_years, 0))]  # fmt: skip
        between = table.loc[ends[0] + 1 : ends[1] - 1, row.signal].dropna()
        low, high = min(row.early_low, row.late_low), max(row.early_high, row.late_high)
        found_out = {} if between.empty else dict([_lowest(between), _highest(between)])
        stood = [
            f"at {show_number(value, upgrading.FORMS[row.signal])} in {year}"
            for year, value in sorted(found_out.items())
            if not low <= value <= high
        ]
        if stood:
            said.append(f"{_signal_name(row.signal, last_stage)} stood {joined(stood)}")
    if not said:
        return ""
    return "The way was not steady: between the two, " + joined(said) + ", outside both ranges."


def _lowest(values: pd.Series) -> tuple[int, float]:
    return int(values.idxmin()), float(values.min())


def _highest(values: pd.Series) -> tuple[int, float]:
    return int(values.idxmax()), float(values.max())


def _signal_name(signal: str, last_stage: str, plain: bool = False) -> str:
    goods = stages.PLURALS[last_stage] if plain else stage_name(last_stage)
    return {
        "last_share": f"the share of {goods} in its exports",
        "last_ntb": f"its balance in {goods}",
        "unit_value_ratio": "the unit value of its exports over that of its imports",
    }[signal]


def _said(move: str, steady: tuple[int, int], mixed: bool) -> str:
    """The verdict in words; "may" where over a quarter of the variants differ, or it is mixed."""
    unsure = mixed or 4 * steady[0] < 3 * steady[1]
    hedged = move in (upgrading.UP, upgrading.DOWN) and unsure
    return MOVES[move].replace("is **moving", "**may be moving") if hedged else MOVES[move]


def _signal(row, last_stage: str, counted: tuple[int, int] | None = None) -> str:
    name = _signal_name(row.signal, last_stage)
    form = upgrading.FORMS[row.signal]
    early = ranged(row.early, row.early_low, row.early_high, form)
    late = ranged(row.late, row.late_low, row.late_high, form)
    way = "rose" if row.direction > 0 else "fell"
    same = f" (so in {counted[0]} of {counted[1]} variants)" if counted else ""
    return f"{name} {way} from {early} to {late}{same}"


def on_standing(rows: pd.DataFrame, quoted: str = "") -> str:
    """The balance of the importer by stage: `position.standing` of one economy.

    ``quoted`` is a stage whose balance another sentence quotes, so that it is left out here.
    """
    rows = rows.dropna(subset=["value"])
    if rows.empty:
        return "Its trade is too small for a balance by stage."
    shown = rows[rows["stage"] != quoted] if len(rows) > 1 else rows
    said = [
        f"{stage_name(row.stage)} {ranged(row.value, row.low, row.high, 'ratio')}"
        for row in shown.itertuples()
    ]
    lead = _lean(rows["value"])
    turned = [stages.PLURALS[row.stage] for row in rows.itertuples() if row.low < 0 < row.high]
    if turned:
        lead += f" (for {joined(turned)} not in every single year)"
    scale = "the balance (1: only exports, -1: only imports) was "
    return f"In {rows['years'].iloc[0]} {lead}; {scale}" + joined(said) + "."


def _lean(values: pd.Series) -> str:
    """Whether more was sold or bought, by the balance of each stage."""
    everywhere = " at every stage in the data" if len(values) > 1 else ""
    some = "it sold more than it bought at some stages in the data, less or about as much at others"
    return choose(
        ((values < -CLOSE).all(), "it bought more than it sold" + everywhere),
        ((values > CLOSE).all(), "it sold more than it bought" + everywhere),
        ((values.abs() <= CLOSE).all(), "it sold about as much as it bought" + everywhere),
        ((values > CLOSE).any(), some),
        (True, "it bought more than it sold at some stages in the data, about as much at others"),
    )


def quoted_stage(found: pd.DataFrame, last_stage: str) -> str:
    """The stage whose balance `on_move` quotes; empty where it quotes none."""
    moved = found[(found["signal"] == "last_ntb") & (found["direction"] != 0)]
    return last_stage if len(moved) else ""


def on_plants(found: dict, year: int, tonnes: float | None = None) -> tuple[str, dict]:
    """The customs share of the supplier in magnets, and the look through third economies.

    ``tonnes`` is the customs share by tonnes; None where weights are not known.
    """
    values = {**found, "all": found["direct"] + found["third"], "year": str(year)}
    values["look_span"] = span(found["low"], found["high"])
    by_weight = "" if tonnes is None else f" ({tonnes:.0%} of the tonnes)"
    if found["direct"] == 0:
        return (
            "No flow of magnets from {exporter} is listed in {year}: under the limit, not known to "
            "be none. What the third economies buy from {exporter} makes it {look_span}.",
            values,
        )
    if found["high"] - found["direct"] < 0.01:
        return (
            "Of the value of its magnets {direct:pct0}" + by_weight + " came from {exporter} in "
            "{year} by customs (larger flows); the third economies it buys from change little.",
            values,
        )
    return (
        "Customs name who shipped a magnet, not whose material is in it. So {direct:pct0} of the "
        "value of its magnets came from {exporter} in {year}" + by_weight + ", but **{look_span}** "
        "when what the other sellers themselves buy from {exporter} is counted, and {all:pct0} if "
        "all of their material were from there.",
        values,
    )


def on_value(table: pd.DataFrame, year: int) -> tuple[str, dict]:
    """Where the price of a magnet comes from, see `value_added.ladder`."""
    by_step = table.set_index("step")
    said = {
        step: ranged(row["share"], row["share_low"], row["share_high"], "pct0")
        for step, row in by_step.iterrows()
    }
    return (
        "By the prices of oxides and an assumed content, the oxide made up **{oxide}** of the "
        "price of a magnet it bought in {value_year} (range: 8 of 10 draws).",
        said | {"value_year": str(year)},
    )


def on_central(given: pd.DataFrame, year: int, price, table: pd.DataFrame) -> tuple[str, dict]:
    """What the central values alone give, beside the mean of the draws of `value_added.ladder`."""
    found = value_added.central_case(given, year, price)
    facts = {"at_centre": found["oxide"], "paid": price.value, "drawn": table["usd"].sum()}
    drawn = choose(
        (
            facts["drawn"] > facts["paid"],
            "The price drawn is {drawn:usd_kg} on average, and the oxide drawn is dearer too, "
            "because their ranges reach further up than down.",
        ),
        (True, "The oxide drawn is dearer, because its ranges reach further up than down."),
    )
    return (
        "With every input at its central value, and the {paid:usd_kg} that a kilogram cost on "
        "average, the oxide is {at_centre:pct0} of the price. " + drawn,
        facts,
    )


def on_advantage(rows: pd.DataFrame, importer: str) -> str:
    """Which stages the importer exports more of than the average economy."""
    own = rows[rows["economy"] == importer]
    if own.empty:
        return "{importer_first} exports nothing of these."
    firm_up = [stages.PLURALS[r.stage] for r in own.itertuples() if r.low > 0]
    firm_down = [stages.PLURALS[r.stage] for r in own.itertuples() if r.high < 0]
    open_ = [stages.PLURALS[r.stage] for r in own.itertuples() if r.low <= 0 <= r.high]
    said = []
    if firm_up:
        said.append(f"an advantage in {joined(firm_up)} in every one of these years")
    if firm_down:
        said.append(f"a disadvantage in {joined(firm_down)} in every one of these years")
    if open_:
        said.append(f"neither advantage nor disadvantage for certain in {joined(open_)}")
    return "{importer_first} has " + joined(said) + "."


def on_places(table: pd.DataFrame, importer: str, exporter: str) -> tuple[str, dict]:
    """In which economy the world's magnet value arises, as far as shares are published."""
    sentences, values = [], {}
    for who, code in (("exporter", exporter), ("importer", importer)):
        low, high, whole = value_added.value_share(table, value_added.made_where(code))
        if high == 0:
            sentences.append(f"For {{{who}}} no page prints a share of any step.")
            continue
        values[f"{who}_value"] = span(low, high)
        hedge = "" if whole else "at least "
        gap = "" if whole else " (steps without a published share count as nothing)"
        sentences.append(
            f"{hedge}{{{who}_value}} of the value of the world's magnets arises in {{{who}}}{gap}"
        )
    if not values:
        return " ".join(sentences), values
    known = [text for text in sentences if not text.startswith("For ")]
    rest = [text for text in sentences if text.startswith("For ")]
    lead = "Weighing the published world shares with the mean shares of the steps, "
    return " ".join([lead + joined(known) + ".", *rest]), values


def on_round_trip(found: dict, year: int) -> tuple[str, dict]:
    """The magnets that go to third economies and come back."""
    names = [trade.economy_in_text(code) for code in found["partners"]]
    known = pd.notna(found["sold_usd_per_kg"]) and pd.notna(found["bought_usd_per_kg"])
    weighed = "; {sold_usd_per_kg:usd_kg} out, {bought_usd_per_kg:usd_kg} back" if known else ""
    return (
        "With {names} the trade goes both ways: in {trip_year} {importer} sold them magnets for "
        "{sold_usd:usd} and bought magnets from them for {bought_usd:usd} ({bought:pct0} of what "
        "it buys)" + weighed + ". Such a round trip is what plants of its own would leave in the "
        "customs: unfinished magnets out, finished ones back. The table of projects names few of "
        "these plants, so who owns them is mostly not in the data.",
        {k: v for k, v in found.items() if k != "partners"}
        | {"names": joined(names), "trip_year": str(year)},
    )


def code_notes(material: str) -> list[str]:
    """Known limits of the codes of a material, as sentences."""
    rows = catalogue.load("products")
    notes = rows[(rows["material"] == material) & rows["note"].notna()]
    return [f"{row.hs6}, {row.label_en}: {row.note}" for row in notes.itertuples()]


def names(codes: list[str]) -> str:
    """Economies as they stand in a sentence."""
    return joined([trade.economy_in_text(code) for code in codes])


def balance_title(rows: pd.DataFrame) -> str:
    """Title of the balance by stage: that of the last stage, with its range."""
    rows = rows.dropna(subset=["value"])
    if rows.empty:
        return "Balance by stage"
    last = rows.iloc[-1]
    said = ranged(last["value"], last["low"], last["high"], "ratio")
    return f"Balance of {{importer}} in {stage_name(last['stage'])}: {said} in {{span}}"


def peers_title(rows: pd.DataFrame, importer: str) -> str:
    """Title of the balances side by side: the rank of the importer at its last known stage."""
    known = rows.dropna(subset=["value"])
    own = known[known["economy"] == importer]
    counts = known["stage"].value_counts()
    shared = [stage for stage in own["stage"] if counts[stage] > 1]
    if not shared:
        return "Balance by stage and economy"
    part = known[known["stage"] == shared[-1]]
    rank = int((part["value"] > part.set_index("economy").at[importer, "value"]).sum()) + 1
    return f"Balance in {stages.PLURALS[shared[-1]]}: {{importer}} is number {rank} of {len(part)}"


def terms_title(terms: dict[str, pd.Series], importer: str) -> str:
    """Title of the unit values: mean and range of the last known ratios of the importer."""
    if importer not in terms:
        return "No unit values are known for {importer}"
    known = terms[importer].dropna()
    last = known.iloc[-upgrading.WINDOW :]
    said = ranged(last.mean(), last.min(), last.max(), "ratio")
    span = f"{last.index[0]}–{last.index[-1]}" if len(last) > 1 else str(last.index[0])
    return f"{{importer_first}}: a kilogram sold is worth {said} bought ones, {span}"


def advantage_title(rows: pd.DataFrame, importer: str) -> str:
    """Title of the advantage: RCA of the importer at the last stage, with its range."""
    own = rows[rows["economy"] == importer]
    if own.empty:
        return "{importer_first} exports none of these"
    last = own.iloc[-1]
    low, high = ((1 + end) / (1 - end) for end in (last["low"], last["high"]))
    said = ranged(last["rca"], low, high, "ratio")
    goods = stages.PLURALS[last["stage"]]
    return f"{capital(goods)} in the exports of {{importer}}: {said} times their world share"


def magnet_source(rows: pd.DataFrame) -> str:
    """What to add to the source of a figure that shows magnets."""
    shown = rows[rows["stage"] == stages.MAGNETS]
    column = "ntb" if "ntb" in rows else "value"
    return "; magnets: larger flows of HS 850511" if shown[column].notna().any() else ""


def plants_title(found: dict) -> str:
    """Title of the look-through: by customs, and with material, see `abroad.look_through`."""
    customs = "{direct:pct0} from {exporter} by customs"
    if not found["direct"]:
        customs = "no flow from {exporter} is listed"
    return "Magnets of {importer}: " + customs + ", with material {look_span}"


def look_note(seen: pd.DataFrame) -> str:
    """What a year of a single listed supplier means, for the source of the figure."""
    alone = (seen["third"] == 0) & (seen["direct"] == 1)
    return "; at 100%: no other supplier has a flow above the limit" if alone.any() else ""


def on_magnet_list(importer: str, years: tuple[int, int]) -> str:
    """What the list of magnets holds for an importer, and what it leaves out."""
    who = trade.economy_at_start(importer)
    if position.both_ways(importer, stages.MAGNETS):
        missing = position.below_limit(importer, years)
        said = [f"{span(*missing[name])} of its {name}" for name in position.SIDES]
        reach = choose(
            (
                any(high > 0 for _, high in missing.values()),
                "In years whose list reaches further down, the flows below the common limit were "
                f"{joined(said)}. ",
            ),
            (True, "No list of these years shows what lies below the common limit. "),
        )
        return (
            f"Magnets of {trade.economy_in_text(importer)} are listed both ways. {reach}"
            "A world total of magnets is not in the data."
        )
    if importer in position.importers_listed():
        return (
            f"{who} has its magnet suppliers listed, not its customers: imports are known, exports "
            "and the balance are not."
        )
    return f"{who} has neither suppliers nor customers of magnets listed."


def headline(move: str, look: dict, steady: tuple[int, int], mixed: bool = False) -> str:
    """One short sentence for the index of reports."""
    text = "{importer_first} " + _said(move, steady, mixed).replace("**", "")
    text += f" ({steady[0]} of {steady[1]} variants agree)" if move != upgrading.NONE else ""
    if look:
        customs = "{direct:pct0} by customs" if look["direct"] else "no flow listed"
        text += f"; {{exporter}} in its magnets: {customs}, {span(look['low'], look['high'])} with"
        text += " material"
    return text + "."


def numbers(rows: pd.DataFrame, found: pd.DataFrame, ladder: pd.DataFrame | None) -> dict:
    """The numbers of the record."""
    recorded = {f"{row.stage}_ntb": row.value for row in rows.itertuples()}
    for row in found.itertuples():
        recorded |= {f"{row.signal}_early": row.early, f"{row.signal}_late": row.late}
        recorded |= {f"{row.signal}_p": row.p}
    if ladder is not None:
        for row in ladder.itertuples():
            recorded |= {f"{row.step}_share": row.share, f"{row.step}_share_low": row.share_low}
            recorded |= {f"{row.step}_share_high": row.share_high}
    return recorded


def limits_of_codes(material: str) -> str:
    """The known limits of the codes as a list in Markdown; empty without any."""
    return "".join(f"- {literal(note)}\n" for note in code_notes(material)).strip()


def limits_of_magnets(importer: str, years: tuple[int, int]) -> str:
    """The known limits of the list of magnets, as a list in Markdown."""
    rows = quality.known_breaks(importer, stages.WITH_MAGNETS, years)
    rows = rows[(rows["series"] == "magnets") & (rows["first_year"] <= years[1])]
    lines = [literal(text) for text in rows["description"]]
    return "".join(f"\n- {line}." for line in lines)


def metal_words(check: dict) -> str:
    """The check on the metal step, see `value_added.metal_check`."""
    if not check:
        return "The unit values of metal in the trade data give no margin for making metal."
    margin = choose(
        (
            check["metal"] < check["oxide_low"],
            "The metal so costs less than the oxide in it, and the trade data show no margin for "
            "making metal; the code mixes all rare earths.",
        ),
        (
            check["metal"] <= check["oxide_high"],
            "The metal so lies within the range of the oxide in it, and a margin for making metal "
            "cannot be told; the code mixes all rare earths.",
        ),
        (True, "The metal so costs more than the oxide in it; the code mixes all rare earths."),
    )
    return (
        "A check on the metal step: metal from {place}, the largest supplier whose metal costs "
        "between {least:usd_kg} and {most:usd_kg}, was worth {metal:usd_kg} in {value_year}; the "
        "oxide for a kilogram of neodymium and praseodymium cost {oxide_low:usd_kg} to "
        "{oxide_high:usd_kg}. " + margin
    )


def on_trip(found: dict, move: str = "") -> str:
    """One sentence for the answer on the magnets that go both ways; empty without any."""
    if not found["partners"]:
        return ""
    text = (
        "{bought:pct0} of the value of the magnets it buys comes from economies to which it also "
        "sells magnets, as plants of its own abroad would do"
    )
    if move != upgrading.DOWN:
        return text + "."
    return text + "; such plants lower the balance too, so a fall is no proof of lost output."
