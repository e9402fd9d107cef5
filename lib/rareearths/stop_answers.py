"""What the page on a supply stop says: sentences chosen by the numbers.

Each function returns a template or a dict of values for `reports.say`; the numbers come from
`disruption`, `outcomes`, `losses`, `cascade` and `precedents`.
"""

import math

import pandas as pd

from rareearths import (
    cascade,
    catalogue,
    disruption,
    losses,
    outcomes,
    precedents,
    supply,
    trade,
)
from rareearths.assumptions import Range
from rareearths.disruption import Exposure
from rareearths.words import choose, fill, joined, ranged, show_number

NOTICED = 0.01  # share of the supply that a third country must pass on to be named in the advice
HELD = "stockpile-jpn-2020-metals-actually-held-by-jogmec"


def names(
    importer: str, exporter: str, material: str, stopped: float, calendar: pd.PeriodIndex
) -> dict:
    """The names and words that the sentences share."""
    part = "all" if stopped == 1 else f"{stopped:.0%} of its"
    length = f"{len(calendar)} month" + ("s" if len(calendar) > 1 else "")
    return {
        "importer": trade.economy_in_text(importer),
        "importer_first": trade.economy_at_start(importer),
        "exporter": trade.economy_in_text(exporter),
        "material": trade.material_in_text(material),
        "goods": trade.goods_in_text(material),
        "part": part,
        "length": length,
        "from_month": f"{calendar[0]:%B %Y}",
        "rare_earths": material == supply.RARE_EARTHS,
        "china": material == supply.RARE_EARTHS and exporter == "CHN",
    }


def in_words(
    exposed: Exposure,
    stock: Range,
    stopped: float,
    months: int,
    price: Range,
    loss: Range,
    cost: Range | None,
) -> dict:
    """The numbers of the page as text, each with its range."""
    share = exposed.share
    cut = disruption.scaled(share, stopped)
    cover = disruption.cover_range(stock, share, stopped)
    short = disruption.short_range(stock, share, stopped, months)
    part = disruption.scaled(short, 1 / months)
    needed = disruption.scaled(cut, months * disruption.DAYS_A_MONTH)
    month = disruption.cover_range(Range(30, 30, 30), share, stopped)
    form = outcomes.loss_form(cost and cost.value)
    unit = "in dollars for each dollar a year of imports"
    return {
        "share_text": text(share, "pct0"),
        "cut_text": text(cut, "pct0"),
        "cover_text": precedents.months_text(cover),
        "short_text": text(short, "one"),
        "short_part": text(part, "pct0") + " of the need",
        "short_high_text": show_number(short.high, "one"),
        "needed_text": text(needed, "count"),
        "month_text": precedents.months_text(month),
        "price_text": text(price, "multiple"),
        "loss_text": text(loss, form),
        "form": form,
        "unit": unit if cost is None else "in per cent of a year's output",
        "year": exposed.year,
        "stock": stock,
    }


def text(values: Range, form: str) -> str:
    """A range as text, see `words.ranged`."""
    return ranged(values.value, values.low, values.high, form)


def answer(short: Range, cost: Range | None, marks: pd.DataFrame) -> str:
    """The answer of the page, a template."""
    stands = (
        "With {stock.value:g} days of normal use in stock, {importer} could stand a stop of "
        "{part} {material} from {exporter} for **{cover_text} months**. "
    )
    lacks = choose(
        (
            short.value == 0,
            "At the central figures the stock outlasts the {length} from {from_month}; at the far end "
            "{short_high_text} months of use are missing. ",
        ),
        (
            True,
            "Over the {length} from {from_month}, **{short_text} months of use** are missing, "
            "{short_part}. ",
        ),
    )
    runs = (
        "The ranges run over the share of {exporter}, {share_text} by tonnes, by value and as "
        "published, and over {stock.low:g} to {stock.high:g} days in stock. "
    )
    return stands + lacks + runs + _loss_sentence(short, cost, marks)


def _loss_sentence(short: Range, cost: Range | None, marks: pd.DataFrame) -> str:
    if cost is None:
        return (
            "What that costs is not known to any useful degree: {loss_text} of output for each "
            "dollar a year of imports. Against the output of {importer} it cannot be put, because "
            "the data hold no figure of it."
        )
    told = "What that costs is not known to any useful degree: {loss_text} of a year's output"
    if marks.empty:
        return told + "."
    low, high = (show_number(marks["loss"].agg(end), "fine_pct") for end in ("min", "max"))
    said = low if low == high else f"{low} to {high}"
    return told + f" by a standard model; published estimates say {said}."


def on_stock(importer: str, material: str) -> str:
    """What is known of the stock, as a sentence."""
    rows = catalogue.load("stockpile_recycling").set_index("measure")
    base, risky = rows.loc["stockpile_target"], rows.loc["stockpile_target_high_risk"]
    held = precedents.figures_by_id().loc[HELD]
    values = {
        "base": float(base["days"]), "risky": float(risky["days"]), "scope": base["scope"],
        "year": int(held["year"]), "held": int(held["value"]),
    }  # fmt: skip
    target = (
        "{base:g} days is Japan's target for {scope} together, {risky:g} days an example in its "
        "strategy for minerals of high risk. "
    )
    secret = "A target is no stock: what is held of each metal is kept secret. "
    seven = "In {year}, {held} metals were held, none of them a rare earth."
    if importer != "JPN":
        stands = "No table says what is held here; the target stands in as an example."
        return fill(target + stands, **values)
    rare_earths = material == supply.RARE_EARTHS
    return fill(target + secret + (seven if rare_earths else ""), **values)


def on_rank(ranked: pd.DataFrame, importer: str) -> str:
    """Where the importer stands among those ranked, as a sentence."""
    codes = list(ranked["importer"])
    order = "Ranked by tonnes where the weights are known. "
    if importer not in codes:
        return order + "{importer_first} is not among the largest importers by value."
    place = codes.index(importer) + 1
    by_value = ranked["share_value"].rank(ascending=False, method="min")
    apart = (ranked["cover_high"] / ranked["cover_low"]).idxmax()
    return order + fill(
        "{{importer_first}} is number {place} of {n}, by value alone number {by_value}. The two "
        "measures are furthest apart for {apart}.",
        place=place, n=len(codes), by_value=int(by_value[place - 1]),
        apart=trade.economy_in_text(codes[apart]),
    )  # fmt: skip


def ranked_text(ranked: pd.DataFrame) -> pd.DataFrame:
    """`disruption.first_hit` for a table: cover as text with its range."""
    cover = [
        precedents.months_text(Range(row.cover_low, row.cover, row.cover_high))
        for row in ranked.itertuples()
    ]
    return ranked.assign(importer_name=ranked["place"], cover_months=cover)


def on_price(price: Range, pairs: pd.DataFrame) -> str:
    """Whether the range of prices lies within what was ever printed, as a sentence."""
    peak = float(pairs["price"].max())
    far = (
        "The upper end is {high} the old price; the highest rise that is printed is {peak:.0f} "
        "times. Out there the formula is no forecast: users stop work or find a way round before "
        "they pay that."
    )
    near = "All of the range lies under the highest rise that is printed, {peak:.0f} times."
    high = show_number(price.high, "multiple")
    high = "without limit against" if math.isinf(price.high) else f"{high} times"
    return fill(choose((price.high > peak, far), (True, near)), high=high, peak=peak)


def on_pairs(pairs: pd.DataFrame, elasticity: Range) -> str:
    """How the observed pairs lie to the range of the elasticity, as a sentence."""
    inside = pairs["elasticity"].between(elasticity.low, elasticity.high).sum()
    return fill(
        "The pairs imply {low:ratio} to {high:ratio}; {inside} of {n} lie within the range taken, "
        "{ends}. All are of rare earths. USGS gives price rises for a stop of gallium and "
        "germanium without the quantity, so they imply nothing.",
        low=pairs["elasticity"].min(), high=pairs["elasticity"].max(), inside=int(inside),
        n=len(pairs), ends=f"{elasticity.low:g} to {elasticity.high:g}",
    )  # fmt: skip


def on_uses(uses: pd.DataFrame | None, importer: str) -> str:
    """What is known of the end uses, as a template."""
    if uses is None:
        return "The data hold shares of end uses for rare earths only."
    own = uses["use_area"].str.startswith(trade.economy_names()[importer]).any()
    return (
        choose(
            (own, "The shares of use in {importer} are old and may not be whole; the world's stand "
             "beside. "),
            (True, "No share of use is printed for {importer}; those of the world stand in. "),
        )
        + "Uses that no page splits off are missing. Cutting all uses alike is the assumption: in "
        "truth the use that pays most is served first. In dollars the data print what stands under "
        "published estimates, and no multiplier is added."
    )  # fmt: skip


def on_measure(cost: Range | None) -> str:
    """What the losses are put against, as a sentence."""
    if cost is None:
        return (
            "The data hold no output of {importer} in dollars, so the loss is given for each "
            "dollar that a year of imports costs, and not against GDP."
        )
    return fill(
        "The input's share in output is {share}: a year's imports over the output that printed "
        "losses imply.",
        share=text(cost, "fine_pct"),
    )


def both_at(cost_share: float | None, shortfall: pd.Series, substitution: Range) -> dict:
    """Both losses at the centre and at the low end of the elasticity, as text."""
    form = outcomes.loss_form(cost_share)
    at = losses.curve(cost_share, shortfall, [substitution.value, substitution.low])
    shown = at[["ces", "second_order"]].map(lambda loss: show_number(loss, form))
    return {
        "ces": shown.at[0, "ces"], "second": shown.at[0, "second_order"],
        "ces_low": shown.at[1, "ces"], "second_low": shown.at[1, "second_order"],
        "s_low": substitution.low, "s": substitution.value,
    }  # fmt: skip


def on_published(rows: pd.DataFrame, rare_earths: bool) -> str:
    """What the published figures have that ours have not, as a template."""
    return (
        choose(
            (not rare_earths, "None is of {material}: those of rare earths, gallium and germanium "
             "are analogues. "),
            (rows["own"].any(), "Those of {importer} or its area come first. "),
            (True, "None is printed for {importer} itself. "),
        )
        + "They differ from ours and from each other. Nomura scales the episode of 2010 and is "
        "linear in time. Daiwa lets a missing part curb output for a year. Mizuho counts reserves "
        "first. USGS weights by probability, or takes a stop of gallium and germanium. McKinsey "
        "and Goldman add up what touches the material, which is exposure and no loss. EPoS looks "
        "back at 2010-15. Ours takes one input, a stock and one elasticity."
    )  # fmt: skip


def on_rounds(rounds: pd.DataFrame, through: pd.DataFrame, stock: Range) -> str:
    """First round against total, and the way round, as a template."""
    if rounds.empty:
        return "The supplier has no flow in the network of this year, so nothing is passed on."
    spans = {name: cascade.spread(rounds, name) for name in
             ("direct", "stop_for_all", "through_others", "only_importer")}  # fmt: skip
    total = spans["stop_for_all"]
    cover = disruption.cover_range(stock, total, 1.0)
    told = {name: text(span, "pct0") for name, span in spans.items()}
    said = fill(
        "A stop for all takes {stop_for_all} of the supply, where the first round alone takes "
        "{direct}: {through_others} come on top through third countries, and {days:g} days of "
        "stock then last {cover} months. Cut off alone, {{importer}} lacks {only_importer}: more "
        "than the first round where it buys back what it sends out. The "
        "others are then still served, so that goods of {{exporter}} equal to {through_others} of "
        "its supply go on coming by way of them, and more could.",
        cover=precedents.months_text(cover), days=stock.value, **told,
    )  # fmt: skip
    largest = joined([trade.economy_in_text(code) for code in through["exporter"].head(3)])
    return said + (f" The largest ways: {largest}." if largest else "")


def on_past(share_japan: Range, stock: Range, elasticity: Range) -> str:
    """The stops of 2010 and 2025 against what the model says, as text."""
    found = precedents.japan_2010()
    plant = precedents.plant_stop_2025(share_japan)
    factor = Range(*(disruption.price_factor(found["cut"], e) for e in reversed(elasticity)))
    printed = precedents.times(precedents.figures_by_id().loc[precedents.DYSPROSIUM])
    tonnes = (
        "**2010.** Against the mean of the other months of the year, Japan's customs missed up to "
        "{deepest_t:tonnes} from China by {deepest}, {stock_text} days of Japan's use. "
    )
    bridged = choose(
        (
            found["stock_days"].high <= stock.value,
            "The model says that {days:g} days in stock bridge that. Without any, it says, the "
            "price would have risen to {factor} times. ",
        ),
        (
            True,
            "The model says that {days:g} days in stock do not bridge that at one end of the "
            "range, and that without any the price would have risen to {factor} times. ",
        ),
    )
    prices = choose(
        (
            printed > factor.high,
            "Dysprosium rose more than {printed:.0f} times by 2011, above the whole range: what "
            "Japan missed in these months does not explain it; China's quota for the world was cut "
            "as well. ",
        ),
        (True, "Dysprosium rose more than {printed:.0f} times by 2011. "),
    )
    contested = "Whether it was a stop aimed at Japan is contested. "
    cars = (
        "**2025.** The first car plant in Japan stood still {plant_days:g} days after the control. "
        "A full stop would have used up {implied} days of stock by then"
    )
    below = choose(
        (
            plant["implied"].high < stock.value,
            ", less than the {days:g} days assumed here: what counts is the stock of the one part "
            "at the one plant, not a national figure.",
        ),
        (True, ", no less than the {days:g} days assumed here at one end of the range."),
    )
    return fill(
        tonnes + bridged + prices + contested + "\n\n" + cars + below,
        days=stock.value, factor=text(factor, "multiple"), printed=printed,
        plant_days=plant["days"], implied=text(plant["implied"], "count"),
        stock_text=text(found["stock_days"], "count"), deepest_t=found["deepest_t"],
        deepest=found["deepest"],
    )  # fmt: skip


def advice(short: Range, through: pd.DataFrame) -> str:
    """What to do, a template."""
    return (
        "First find out what is held, by element and by firm; the page can only assume it. "
        "Bridging the {length} would take {needed_text} days of use in stock, and every 30 days "
        "more buy {month_text} months. "
        + choose(
            (short.value == 0, "At the central figures the assumed stock does that. "),
            (True, "At the central figures the assumed stock does not. "),
        )
        + choose(
            (
                len(through) > 0 and through["passed_on_high"].iloc[0] >= NOTICED,
                "Talk with the third countries on the list above, {first_way} first: in a stop for "
                "all they pass the shortage on, in a stop aimed at one they are the way round.",
            ),
            (True, "Third countries change little here."),
        )
    )


def on_change(tested: pd.DataFrame) -> str:
    """What would change the answer, as a sentence."""
    row = outcomes.widest(tested)
    none = tested[tested["changed"] == outcomes.NO_STOCK].iloc[0]
    low, high = sorted((row["short_low"], row["short_high"]))
    return fill(
        "Of what is not known, “{what}” ({ends}) moves it most: from {low:.1f} to {high:.1f} "
        "months of use missing. Without any stock it would be {none:.1f}.",
        what=row["changed"], ends=row["ends"], low=low, high=high, none=none["short_low"],
    )  # fmt: skip


def on_certainty(loss: Range, form: str) -> str:
    """How sure the answer is, as a sentence."""
    first = (
        "Cover and shortfall are arithmetic, as sure as the share and the stock that go in; the "
        "stock is a target, the weak part. "
    )
    last = choose(
        (loss.high == 0, "Nothing is lost in any case."),
        (loss.low == 0, "The loss runs from nothing to {high}: quote no single number."),
        (True, "The loss runs from {low} to {high}: quote no single number."),
    )
    return fill(first + last, low=show_number(loss.low, form), high=show_number(loss.high, form))


def numbers(
    exposed: Exposure,
    cover: Range,
    short: Range,
    price: Range,
    loss: Range,
    rounds: pd.DataFrame,
) -> dict:
    """The numbers of the record, ranges by their ends; without an end they are missing."""
    found = {"share": exposed.share, "cover_months": cover, "short_months": short,
             "price_times": price, "loss_ces": loss}  # fmt: skip
    ends = {
        f"{name}{'' if end == 'value' else '_' + end}": value
        for name, span in found.items()
        for end, value in span._asdict().items()
    }
    if len(rounds):
        ends |= {"lost_first_round": rounds["direct"].iloc[0],
                 "lost_stop_for_all": rounds["stop_for_all"].iloc[0]}  # fmt: skip
    return {name: value if math.isfinite(value) else math.nan for name, value in ends.items()}


def through_text(through: pd.DataFrame) -> pd.DataFrame:
    """`cascade.carriers_range` for a table: each number as text with its range."""
    pairs = (("bought_text", "bought"), ("lost_text", "lost"), ("passed_text", "passed_on"))
    texts = {
        heading: [
            ranged(*ends, "pct")
            for ends in through[[name, f"{name}_low", f"{name}_high"]].itertuples(index=False)
        ]
        for heading, name in pairs
    }
    return through.assign(carrier=through["place"], **texts)


def ways(through: pd.DataFrame) -> dict[str, str]:
    """The third country that passes on most, as in a sentence and at its start; maybe empty."""
    if through.empty:
        return {"first_way": "", "first_way_start": ""}
    code = through["exporter"].iloc[0]
    return {
        "first_way": trade.economy_in_text(code),
        "first_way_start": trade.economy_at_start(code),
    }


def loss_title(tested: pd.DataFrame) -> str:
    """The title of the figure of losses: which assumption moves the loss most, a template."""
    row = outcomes.widest_loss(tested)
    return fill(
        "The CES loss, {{loss_text}}, hangs most on the {what}", what=row["changed"].lower()
    )
