"""The outcome of a stop with its range, and what moves it: one assumption at a time."""

import math
from dataclasses import dataclass, replace

import pandas as pd

from rareearths import disruption, words
from rareearths.assumptions import Range
from rareearths.disruption import losses, precedents

NO_STOCK = "No stock"


@dataclass(frozen=True)
class Stop:
    """One set of numbers for a stop.

    ``share``, ``stopped``, ``months``, ``stock_days`` and ``demand`` as in `disruption.path`;
    ``substitution`` and ``cost_share`` as in `losses.ces_loss` (None: losses are told in dollars
    for each dollar a year of imports).
    """

    share: float
    stopped: float
    months: int
    stock_days: float
    substitution: float
    cost_share: float | None = None
    demand: float = 1.0

    @property
    def cover(self) -> float:
        """Months until the stock is used up."""
        return disruption.cover_months(self.stock_days, self.share, self.stopped, self.demand)

    @property
    def shortfall(self) -> pd.Series:
        """Shortfall of each month, as a share of the need."""
        table = disruption.path(self.share, self.stopped, self.months, self.stock_days, self.demand)
        return table["short"] / table["need"]

    @property
    def short(self) -> float:
        """Shortfall over the stop, months of normal use."""
        return float(self.shortfall.sum() * self.demand)

    @property
    def loss(self) -> float:
        """CES loss: share of a year's output, or dollars a dollar of imports."""
        if self.cost_share is None:
            return losses.per_dollar_over_months(self.shortfall, self.substitution)
        return losses.over_months(
            losses.ces_loss, self.cost_share, self.shortfall, self.substitution
        )


def loss_range(
    middle: Stop, share: Range, stock: Range, substitution: Range, cost_share: Range | None
) -> Range:
    """CES loss with every assumption at the end that lowers it, and at the end that raises it."""
    cost = cost_share or Range(None, None, None)
    low = replace(middle, share=share.low, stock_days=stock.high, substitution=substitution.high,
                  cost_share=cost.low)  # fmt: skip
    high = replace(middle, share=share.high, stock_days=stock.low, substitution=substitution.low,
                   cost_share=cost.high)  # fmt: skip
    return Range(low.loss, middle.loss, high.loss)


def sensitivity(
    middle: Stop,
    share: Range,
    stock: Range,
    substitution: Range,
    elasticity: Range,
    with_others: Range | None = None,
) -> pd.DataFrame:
    """What happens to the headline when one assumption goes to an end of its range.

    Parameters
    ----------
    middle : Stop
        The page as it is.
    share, stock, substitution, elasticity : Range
    with_others : Range, optional
        Share of the supply that is missing once third countries have passed the stop on.

    Returns
    -------
    pandas.DataFrame
        ``changed`` (what), ``ends`` (from, to), ``cover_text``, ``short_text`` (months of use) and
        ``ces_text`` at the two ends; ``short_low``, ``short_high``, ``loss_low`` and
        ``loss_high``, the numbers behind them; the base first.
    """
    part, length = middle.stopped, middle.months
    longer = min(2 * length, disruption.LONGEST)
    price = precedents.times(precedents.figures_by_id().loc[precedents.GALLIUM])
    saving = [disruption.demand_after(price, e) for e in (elasticity.low, elasticity.high)]
    saved = f"{1 - saving[0]:.0%} to {1 - saving[1]:.0%}"
    rows = [
        ("Nothing: the page as it is", "–", middle, None),
        ("Share of the supplier", f"{share.low:.0%} to {share.high:.0%}",
         replace(middle, share=share.low), replace(middle, share=share.high)),
        ("Days in stock", f"{stock.low:g} to {stock.high:g}",
         replace(middle, stock_days=stock.low), replace(middle, stock_days=stock.high)),
        (NO_STOCK, "0 days", replace(middle, stock_days=0), None),
        ("Part that stops", f"{part / 2:.0%} to {part:.0%}",
         replace(middle, stopped=part / 2), middle),
        ("Months of the stop", f"{max(1, length // 2)} to {longer}",
         replace(middle, months=max(1, length // 2)), replace(middle, months=longer)),
        (f"Users save, at {price:.3g} times the price", saved,
         replace(middle, demand=saving[0]), replace(middle, demand=saving[1])),
        ("Elasticity of substitution", f"{substitution.low:g} to {substitution.high:g}",
         replace(middle, substitution=substitution.low),
         replace(middle, substitution=substitution.high)),
    ]  # fmt: skip
    if with_others is not None:
        ends = [replace(middle, share=end / part) for end in (with_others.low, with_others.high)]
        name, lacking = "Third countries pass it on", "{:.0%} to {:.0%} missing"
        rows.insert(2, (name, lacking.format(with_others.low, with_others.high), *ends))
    return pd.DataFrame(
        [
            {
                "changed": changed,
                "ends": ends,
                "short_low": low.short,
                "short_high": (high or low).short,
                "loss_low": low.loss,
                "loss_high": (high or low).loss,
                "cover_text": _both("cover", low, high),
                "short_text": _both("short", low, high),
                "ces_text": _both("loss", low, high),
            }
            for changed, ends, low, high in rows
        ]
    )


def widest(table: pd.DataFrame) -> pd.Series:
    """The assumption of `sensitivity` that moves the shortfall most, of those a user cannot set.

    Share, stock and saving are not known; part and months of the stop are the question itself.
    """
    unknown = table[table["changed"].str.startswith(("Share", "Days", "Users"))]
    return unknown.loc[(unknown["short_high"] - unknown["short_low"]).abs().idxmax()]


def widest_loss(table: pd.DataFrame) -> pd.Series:
    """The assumption of `sensitivity` that moves the loss most, of those a user cannot set."""
    unknown = table[table["changed"].str.startswith(("Share", "Days", "Elasticity"))]
    return unknown.loc[(unknown["loss_high"] - unknown["loss_low"]).abs().idxmax()]


def loss_form(cost_share: float | None) -> str:
    """The format of a loss: per cent of output, or dollars."""
    return "dollars" if cost_share is None else "fine_pct"


def _both(name: str, low: Stop, high: Stop | None) -> str:
    form = loss_form(low.cost_share) if name == "loss" else "one"
    texts = [_number(getattr(stop, name), form) for stop in (low, high) if stop is not None]
    return texts[0] if len(set(texts)) == 1 else " to ".join(texts)


def _number(value: float, form: str) -> str:
    return "no end" if math.isinf(value) and form == "one" else words.show_number(value, form)
