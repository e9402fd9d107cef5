"""What a shortfall costs: two models of output without an input, and what others published.

Both models see the input as one of many in a single economy's output. ``cost_share`` is what is
paid for the input, as a share of that output; ``cut`` the share of the input that is missing;
``substitution`` the elasticity with which other inputs can stand in for it.
"""

import math

import numpy as np
import pandas as pd

from rareearths import assumptions, catalogue, trade
from rareearths.assumptions import Range

WITH_GDP = "JPN"  # the one economy whose output follows from printed figures
HALF_A_YEAR = 6
LOWEST, HIGHEST = 0.08, 2  # elasticities of substitution that are drawn
SMALLEST = 1e-9  # a distance from 1 below which the Cobb-Douglas limit is taken
_AREAS = {"EUU": "European Union", "EUROPE": "Europe", "WLD": "World"}
GOLDMAN = "gdp-loss-wld-2025-output-10-disruption-in-industries-reliant-on-rare-earths"


def ces_loss(cost_share: float, cut: float, substitution: float) -> float:
    """Share of output lost in a CES economy when an input falls by ``cut``.

    Parameters
    ----------
    cost_share : float
        Of the input in output before the stop, in [0, 1].
    cut : float
        Share of the input that is missing, in [0, 1].
    substitution : float
        Elasticity of substitution s, 0 or more; 0 is Leontief, 1 Cobb-Douglas.

    Returns
    -------
    float
        1 - [(1 - a) + a (1 - q)^((s-1)/s)]^(s/(s-1)), in [0, 1]; s = 0: q, s = 1: 1 - (1-q)^a.

    Raises
    ------
    ValueError
        A parameter out of range.

    References
    ----------
    Arrow, Chenery, Minhas and Solow (1961), Review of Economics and Statistics 43;
    docs/methods/losses.md

    Examples
    --------
    >>> round(ces_loss(0.5, 0.5, 0.5), 4), ces_loss(0.001, 0.5, 0.0)
    (0.3333, 0.5)
    """
    _check(cost_share, cut, substitution)
    if cut == 0 or cost_share == 0:
        return 0.0
    if substitution == 0:
        return float(cut)
    if abs(substitution - 1) < SMALLEST:
        return 1 - (1 - cut) ** cost_share
    power = (substitution - 1) / substitution
    if cut == 1:
        return 1.0 if power < 0 else 1 - (1 - cost_share) ** (1 / power)
    tail = math.log(cost_share) + power * math.log1p(-cut)
    log_sum = np.logaddexp(math.log1p(-cost_share) if cost_share < 1 else -np.inf, tail)
    return float(-math.expm1(log_sum / power))


def second_order_loss(cost_share: float, cut: float, substitution: float) -> float:
    """Share of output lost to the second order: Hulten's theorem and the curvature.

    Parameters as in `ces_loss`; ``substitution`` above 0.

    Returns
    -------
    float
        1 - exp(a l + a (1 - a) (1 - 1/s) l^2 / 2) with l = ln(1 - q); 1 for a cut of 1 when s < 1.
        For s > 1 it turns negative (a gain) at large cuts: the approximation is local.

    References
    ----------
    Baqaee and Farhi (2019), The Macroeconomic Impact of Microeconomic Shocks: Beyond Hulten's
    Theorem, Econometrica 87; docs/methods/losses.md

    Examples
    --------
    >>> round(second_order_loss(0.5, 0.1, 0.5), 4), round(ces_loss(0.5, 0.1, 0.5), 4)
    (0.0526, 0.0526)
    """
    _check(cost_share, cut, substitution)
    if substitution == 0:
        raise ValueError("the second order needs a substitution elasticity above 0")
    if cut == 1:
        return 1.0 if substitution < 1 or cost_share == 1 else math.nan
    shock = math.log1p(-cut)
    curvature = cost_share * (1 - cost_share) * (1 - 1 / substitution) / 2
    return -math.expm1(cost_share * shock + curvature * shock**2)


def hulten_loss(cost_share: float, cut: float) -> float:
    """Share of output lost to the first order (Hulten's theorem), 1 - (1 - q)^a.

    Examples
    --------
    >>> round(hulten_loss(0.01, 0.5), 5)
    0.00691
    """
    return ces_loss(cost_share, cut, 1.0)


def loss_per_dollar(cut: float, substitution: float) -> float:
    """Dollars of output lost for each dollar a year that is paid for a small input.

    `ces_loss` divided by the cost share, for a cost share near 0.

    Returns
    -------
    float
        s / (1 - s) [(1 - q)^((s-1)/s) - 1]; s = 1: -ln(1 - q); infinite for a cut of 1 when s <= 1.

    Examples
    --------
    >>> round(loss_per_dollar(0.5, 0.5), 3), round(loss_per_dollar(0.5, 1.0), 3)
    (1.0, 0.693)
    """
    _check(0.0, cut, substitution)
    if cut == 0:
        return 0.0
    if abs(substitution - 1) < SMALLEST:
        return math.inf if cut == 1 else -math.log1p(-cut)
    if substitution == 0:
        return math.inf
    power = (substitution - 1) / substitution
    if cut == 1:
        return math.inf if power < 0 else 1 / power
    try:
        return (1 - cut) ** power / -power + 1 / power
    except OverflowError:
        return math.inf


def held(assumed: Range, agree: float, worst_cut: float, cost: Range | None) -> Range:
    """The part of the substitution elasticities in which a loss can be told at all.

    Where the output is known, a loss cannot exceed the cut, and the whole range stays. Per dollar
    nothing bounds the CES at low elasticities; there the range begins where it is no more than
    ``agree`` times the second order, and its centre is the geometric mean of its ends.

    Parameters
    ----------
    assumed : Range
        Of the elasticity of substitution, its upper end at most 1.
    agree : float
        Factor up to which the two models may differ, above 1.
    worst_cut : float
        Largest share of a month's need that may be missing.
    cost : Range or None
        See `cost_share`.

    Examples
    --------
    >>> held(Range(0.1, 0.3, 1.0), 2.0, 0.7, Range(1e-4, 1e-4, 2e-4)).low
    0.1
    >>> [held(Range(0.1, 0.3, 1.0), 2.0, cut, None).low for cut in (0.1, 0.7)]
    [0.1, 0.33]
    """
    if cost is not None or worst_cut == 0:
        return assumed
    if worst_cut == 1:
        return Range(assumed.high, assumed.high, assumed.high)
    shock = math.log1p(-worst_cut)

    def apart(s: float) -> bool:
        second = -shock - (1 - 1 / s) * shock**2 / 2
        return loss_per_dollar(worst_cut, s) > agree * second

    hundredths = range(math.ceil(100 * assumed.low), math.floor(100 * assumed.high) + 1)
    low = next((s / 100 for s in hundredths if not apart(s / 100)), assumed.high)
    return (
        assumed if low == assumed.low else Range(low, math.sqrt(low * assumed.high), assumed.high)
    )


def over_months(loss, cost_share: float, short: pd.Series, substitution: float) -> float:
    """Loss of a year's output: the losses of the months of the stop, each a twelfth of a year.

    Parameters
    ----------
    loss : callable
        `ces_loss` or `second_order_loss`.
    short : pandas.Series
        Shortfall of each month, as a share of its need; see `disruption.path`.
    """
    counts = pd.Series(short).round(12).value_counts()
    return sum(loss(cost_share, cut, substitution) * n for cut, n in counts.items()) / 12


def per_dollar_over_months(short: pd.Series, substitution: float) -> float:
    """As `over_months`, of `loss_per_dollar`."""
    counts = pd.Series(short).round(12).value_counts()
    return sum(loss_per_dollar(cut, substitution) * n for cut, n in counts.items()) / 12


def implied_substitution(cost_share: float, short: pd.Series, loss: float) -> float:
    """The substitution elasticity at which the CES gives a published loss.

    Parameters
    ----------
    loss : float
        Share of a year's output.

    Returns
    -------
    float
        Found by halving between 0.001 and 1; missing where no value in between gives the loss.

    Examples
    --------
    >>> short = pd.Series([0.5] * 12)
    >>> round(implied_substitution(0.1, short, ces_loss(0.1, 0.5, 0.3)), 6)
    0.3
    """
    low, high = 0.001, 1.0
    if not over_months(ces_loss, cost_share, short, high) <= loss:
        return math.nan
    if not over_months(ces_loss, cost_share, short, low) >= loss:
        return math.nan
    for _ in range(60):
        middle = (low + high) / 2
        if over_months(ces_loss, cost_share, short, middle) > loss:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def gdp_usd(importer: str) -> Range | None:
    """Output of a year in US dollars, where printed figures imply it; else None.

    Japan's: a loss in yen over the same loss in per cent, at the exchange rate of a loss that is
    printed in yen and in dollars.
    """
    if importer != WITH_GDP:
        return None
    assumed = assumptions.ranges(assumptions.load("disruption"))
    output, rate = assumed["gdp_jpn"], assumed["jpy_per_usd"]
    ends = ((output.low, rate.high), (output.value, rate.value), (output.high, rate.low))
    return Range(*(yen * 1e12 / per_dollar for yen, per_dollar in ends))


def cost_share(importer: str, imports_usd: float) -> Range | None:
    """A year's imports over a year's output, where the output is known; else None."""
    output = gdp_usd(importer)
    if output is None:
        return None
    return Range(*(imports_usd / end for end in reversed(output)))


def implied(marks: pd.DataFrame, share: Range | None, short: pd.Series) -> pd.DataFrame:
    """Published losses with the substitution elasticity at which our CES gives them.

    Returns
    -------
    pandas.DataFrame
        The rows of `marks` with ``implied_s``; empty without a cost share.
    """
    if share is None or not pd.Series(short).max() > 0:
        return marks[:0]
    found = [implied_substitution(share.value, short, loss) for loss in marks["loss"]]
    return marks.assign(implied_s=found, loss_by=marks["who"], loss_shock=marks["shock"],
                        loss_printed=marks["value_as_printed"])  # fmt: skip


def curve(
    cost_share: float | None,
    short: pd.Series,
    substitutions: list[float] | None = None,
    lowest: float = LOWEST,
) -> pd.DataFrame:
    """Both losses over a range of substitution elasticities.

    Parameters
    ----------
    cost_share : float or None
        None: dollars per dollar of the input (the limit of a small cost share).
    substitutions : list of float, optional
        Else a grid from ``lowest`` to `HIGHEST`.

    Returns
    -------
    pandas.DataFrame
        ``substitution``, ``ces``, ``second_order``: share of a year's output, or dollars for each
        dollar a year of the input.
    """
    grid = np.geomspace(lowest, HIGHEST, 61) if substitutions is None else substitutions
    if cost_share is not None:
        pairs = [
            (over_months(ces_loss, cost_share, short, s),
             over_months(second_order_loss, cost_share, short, s))
            for s in grid
        ]  # fmt: skip
    else:
        tiny = 1e-9  # so small that the loss is the input's share times a number
        pairs = [
            (per_dollar_over_months(short, s),
             over_months(second_order_loss, tiny, short, s) / tiny)
            for s in grid
        ]  # fmt: skip
    table = pd.DataFrame(pairs, columns=["ces", "second_order"])
    return table.assign(substitution=grid)[["substitution", "ces", "second_order"]]


def published(importer: str) -> pd.DataFrame:
    """Losses and exposures as published, those of the importer's area first.

    Parameters
    ----------
    importer : str
        ISO3 code.

    Returns
    -------
    pandas.DataFrame
        The columns of ``scenario_assumptions``; ``where`` (area, in words), ``kind`` (``loss`` or
        ``exposure``), ``shock`` (what falls, and what stops), ``own`` (of the importer's area).
    """
    members = catalogue.load("bloc_members").query("bloc == 'EU27'")["economy"]
    union, names = set(members), trade.economy_names()
    rows = catalogue.load("scenario_assumptions")
    at_risk = (rows["topic"] == "exposure") & (rows["subtopic"] == "value_at_risk")
    rows = rows[((rows["topic"] == "gdp_loss") | at_risk) & rows["source_url"].notna()]
    areas = rows["region"].str.split(";")
    own = areas.map(lambda codes: importer in codes or (importer in union and "EUU" in codes))
    rows = rows.assign(
        where=[", ".join(_AREAS.get(code) or names.get(code, code) for code in codes)
               for codes in areas],
        kind=np.where(at_risk[rows.index], "exposure", "loss"),
        shock=rows["item"] + ": " + rows["shock"],
        own=own,
        note=rows["note"].fillna(""),
    )  # fmt: skip
    order = rows.assign(first=~rows["own"], whole=~rows["item"].isin(["GDP", "real GDP"]))
    order = order.sort_values(["first", "region", "whole"], kind="stable")
    return order.drop(columns=["first", "whole"]).reset_index(drop=True)


def marks(rows: pd.DataFrame, importer: str, months: int) -> pd.DataFrame:
    """The published losses of a year's output in a stop of rare earths alone, for one economy.

    Parameters
    ----------
    rows : pandas.DataFrame
        See `published`.
    importer : str
        ISO3 code.
    months : int
        Length of our stop: a published stop of three months stands beside one of six or less,
        that of a year beside a longer one.

    Returns
    -------
    pandas.DataFrame
        ``who`` (publisher, first word), ``shock``, ``loss`` (share of a year's output, positive),
        ``value_as_printed``, ``source_url``; the smallest first.
    """
    short = rows["shock"].str.contains("3 months")
    chosen = rows[
        (rows["region"] == importer)
        & rows["unit"].isin(["relative change", "relative change of annual GDP"])
        & rows["shock"].str.startswith(("GDP:", "real GDP:"))
        & ~rows["shock"].str.contains("other critical minerals")
        & (short if months <= HALF_A_YEAR else ~short)
    ]
    found = chosen.assign(who=chosen["publisher"].str.split().str[0], loss=-chosen["value"])
    columns = ["who", "shock", "loss", "value_as_printed", "source_url"]
    return found[columns].sort_values("loss", ignore_index=True)


def _check(cost_share: float, cut: float, substitution: float) -> None:
    if not 0 <= cost_share <= 1 or not 0 <= cut <= 1:
        raise ValueError(f"cost share and cut are shares in [0, 1], not {cost_share} and {cut}")
    if not substitution >= 0:
        raise ValueError(f"an elasticity of substitution is 0 or more, not {substitution}")
