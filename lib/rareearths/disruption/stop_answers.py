"""What the page on a supply stop says: sentences chosen by the numbers.

Each function returns a template or a dict of values for `reports.say`; the numbers come from
`disruption`, `outcomes`, `losses`, `cascade` and `precedents`.
"""

import math

import pandas as pd

from rareearths import catalogue, disruption, supply, trade
from rareearths.assumptions import Range
from rareearths.disruption import Exposure, outcomes, precedents
from rareearths.words import choose, fill, joined, ranged, show_number

UNMOVED = 0.05  # months of use; a change that is not seen in the text
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
        "exporter_first": trade.economy_at_start(exporter),
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
        "share_text": text(share, "pct0" if share.high >= 0.01 else "fine_pct"),
        "measures": _measures(exposed),
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


def nothing(importer: str, exporter: str, material: str, stopped: float) -> str:
    """Why there is nothing to report, a template; empty where there is something."""
    if disruption.recent_flows(importer, material).empty:
        return (
            "The data show no imports of {material} by {importer} of recent years that can be "
            "relied on, so a stop cannot be worked out."
        )
    exposed = disruption.exposure(importer, exporter, material)
    return choose(
        (stopped == 0, "Nothing is stopped, so nothing changes."),
        (
            exposed.share.high == 0,
            f"Nothing would change directly: {{exporter}} sold {{importer}} no {{material}} in "
            f"{exposed.year}.",
        ),
        (True, ""),
    )


def answer(short: Range, cost: Range | None, marks: pd.DataFrame, lost: Range) -> str:
    """The answer of the page, a template."""
    stands = (
        "With {stock.value:g} days of normal use in stock, {importer} could stand a stop of "
        "{part} {material} from {exporter} for **{cover_text} months**. "
    )
    lacks = choose(
        (
            short.high == 0,
            "At every end of the range the stock outlasts the {length} from {from_month}. ",
        ),
        (
            short.value == 0,
            "At the central figures the stock outlasts the {length} from {from_month}; at the far "
            "end {short_high_text} months of use are missing. ",
        ),
        (
            True,
            "Over the {length} from {from_month}, **{short_text} months of use** are missing, "
            "{short_part}. ",
        ),
    )
    runs = (
        "The ranges run over the share of {exporter}, {share_text} {measures}, and over "
        "{stock.low:g} to {stock.high:g} days in stock. "
    )
    return stands + lacks + runs + _loss_sentence(short, cost, marks, lost)


def _measures(exposed: Exposure) -> str:
    """The measures behind the range of the share: "by tonnes, by value and as published"."""
    kinds = list(exposed.rows["basis"].str.split(",").str[0].unique())
    said = {"tonnes": "by tonnes", "value": "by value", "published": "as published"}
    return joined([words_of for kind, words_of in said.items() if kind in kinds])


def _loss_sentence(short: Range, cost: Range | None, marks: pd.DataFrame, lost: Range) -> str:
    if short.high == 0:
        return "Nothing is missing, so nothing is lost."
    if cost is None:
        return choose(
            (
                math.isinf(lost.high),
                "What that costs cannot be told: with nothing left to use, neither model of this "
                "page has an upper end.",
            ),
            (
                True,
                "What that costs can be told in part only: {loss_text} of output for each dollar a "
                "year of imports, if other inputs stand in well enough for two models to agree. If "
                "they do not, it is more, and no figure holds.",
            ),
        )
    told = "a standard model gives {loss_text}, which is no answer"
    if marks.empty:
        return f"What that costs a year's output is not known: {told}."
    low, high = (show_number(marks["loss"].agg(end), "fine_pct") for end in ("min", "max"))
    said = low if low == high else f"{low} to {high}"
    return f"Published estimates of the cost are {said} of a year's output; {told}."


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
    gap = (ranked["share_value"] - ranked["share_tonnes"]).abs()
    apart = ranked.loc[gap.fillna(-1).idxmax(), "importer"]
    return order + fill(
        "{{importer_first}} is number {place} of {n}, by value alone number {by_value}. The two "
        "shares are furthest apart for {apart}.",
        place=place, n=len(codes), by_value=int(by_value[place - 1]),
        apart=trade.economy_in_text(apart),
    )  # fmt: skip


def ranked_text(ranked: pd.DataFrame) -> pd.DataFrame:
    """`disruption.first_hit` for a table: cover as text with its range."""
    cover = [
        precedents.months_text(Range(row.cover_low, row.cover, row.cover_high))
        for row in ranked.itertuples()
    ]
    return ranked.assign(importer_name=ranked["place"], cover_months=cover)


def advice(short: Range, through: pd.DataFrame) -> str:
    """What to do, a template."""
    passed = through["passed_on_high"].iloc[0] if len(through) else 0.0
    if short.high == 0 and passed < NOTICED:
        return "Nothing for this stop: at every end of the range the stock outlasts it."
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
                passed >= NOTICED,
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
    if high == none["short_low"] == 0:
        return "No end of any range changes it: nothing is missing, with or without a stock."
    if high - low < UNMOVED:
        return fill(
            "No end of a range that is not known moves it. Without any stock {none:.1f} months of "
            "use would be missing.",
            none=none["short_low"],
        )
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
        (
            math.isinf(loss.high),
            "The loss has no upper end here: quote no number of it.",
        ),
        (
            form == "dollars",
            "The loss, {low} to {high} for each dollar of imports, is a lower part: it leaves out "
            "the case that hurts, when nothing stands in. Do not quote it as the cost.",
        ),
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
        ends |= {"lost_first_round": rounds["first_round"].iloc[0],
                 "lost_stop_for_all": rounds["stop_for_all"].iloc[0]}  # fmt: skip
    return {name: value if math.isfinite(value) else math.nan for name, value in ends.items()}


def loss_title(tested: pd.DataFrame) -> str:
    """The title of the figure of losses: which assumption moves the loss most, a template."""
    row = outcomes.widest_loss(tested)
    return fill(
        "The CES loss, {{loss_text}}, hangs most on the {what}", what=row["changed"].lower()
    )
