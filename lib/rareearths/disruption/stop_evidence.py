"""What the page on a supply stop says of its evidence: prices, uses, losses, third countries, past.

As in `stop_answers`: templates and texts chosen by the numbers.
"""

import math

import pandas as pd

from rareearths import disruption, trade
from rareearths.assumptions import Range
from rareearths.disruption import cascade, losses, outcomes, precedents
from rareearths.disruption.stop_answers import text
from rareearths.words import choose, fill, joined, ranged, show_number


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


def price_title(price: Range, pairs: pd.DataFrame) -> str:
    """The title of the figure of prices; an end that no one ever saw is not printed as a price."""
    peak = float(pairs["price"].max())
    if not price.high > peak:
        return "Without stock, the formula asks for {price_text} times the old price"
    value, low = (show_number(end, "multiple") for end in (price.value, price.low))
    if math.isinf(price.value) or price.value > peak:
        value = f"more than the {peak:.0f}"
        return f"Without stock, the formula asks for {value} times the old price ever printed"
    return (
        f"Without stock, the formula asks for {value} times the old price, from {low} to beyond "
        f"the {peak:.0f} ever printed"
    )


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
        "truth the use that pays most is served first. Losses in money that others print stand "
        "under published estimates; no multiplier is added here."
    )  # fmt: skip


def on_measure(cost: Range | None, assumed: dict[str, Range], worst_cut: float) -> str:
    """What the losses are put against, as a template; ``assumed``: of the model ``disruption``."""
    if cost is None and worst_cut == 1:
        return (
            "The data hold no output of {importer} in dollars, so the loss is given for each "
            "dollar that a year of imports costs. If all of the input can be missing, it has no "
            "upper end."
        )
    if cost is None:
        agree = assumed["models_agree"]
        substitution = assumed["substitution"]
        few, from_s, many = (losses.held(substitution, f, worst_cut, cost).low for f in agree)
        return (
            "The data hold no output of {importer} in dollars, so the loss is given for each "
            "dollar that a year of imports costs. Nothing then bounds the CES where s is low. So "
            f"it is told only for s of {from_s:g} or more, where the two models differ by a factor "
            f"of {agree.value:g} at most in the worst month (a factor of {agree.low:g}: s of "
            f"{few:g} or more; a factor of {agree.high:g}: {many:g}). The centre is the geometric "
            "mean of the ends."
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
        "adds up all that touches the material, which is exposure and no loss. Goldman Sachs takes "
        "the output of all industries that use it, in a disruption of a tenth. EPoS looks back at "
        "2010-15. Ours takes one input, a stock and one elasticity."
    )  # fmt: skip


def published_text(rows: pd.DataFrame) -> pd.DataFrame:
    """`losses.published` for a table: the note behind the shock, the publisher's name alone."""
    notes = rows["note"].str.replace(r"https?://\S+( (?=;))?", "a second report", regex=True)
    return rows.assign(
        loss_where=rows["where"],
        loss_shock=rows["shock"] + (". " + notes).where(notes != "", ""),
        loss_printed=rows["value_as_printed"],
        loss_kind=rows["kind"],
        loss_by=rows["publisher"].str.split(" (", regex=False).str[0],
    )


def on_rounds(rounds: pd.DataFrame, through: pd.DataFrame, stock: Range) -> str:
    """First round against total, and the way round, as a template."""
    if rounds.empty:
        return "The supplier has no flow in the network of this year, so nothing is passed on."
    spans = {name: cascade.spread(rounds, name) for name in
             ("first_round", "stop_for_all", "through_others", "only_importer")}  # fmt: skip
    total = spans["stop_for_all"]
    cover = disruption.cover_range(stock, total, 1.0)
    told = {name: text(span, "pct0") for name, span in spans.items()}
    said = fill(
        "A stop for all takes {stop_for_all} of the supply, where the first round alone takes "
        "{first_round}: {through_others} come on top through third countries, and {days:g} days of "
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
    contested = (
        "Whether it was a stop aimed at Japan is contested (see "
        "[the event study](40_export_control_events.ipynb)). "
    )
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


def through_text(through: pd.DataFrame) -> pd.DataFrame:
    """`cascade.carriers_range` for a table: each number as text with its range."""
    pairs = (("bought_text", "bought"), ("lost_text", "lost"), ("passes_text", "passed_on"))
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
