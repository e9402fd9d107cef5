"""What shares and their concentration can be when each supplier's amount lies in an interval.

Every amount moves for itself between its low and its high end, all in one unit. The bounds are
those over all such amounts, and each is reached. Proofs: docs/methods/mirror.md.
"""

import numpy as np

ACCURACY = 1e-9  # relative; how near the search comes to the largest HHI
MOST_BOXES = 5_000  # boxes that the search for it may open


def share_bounds(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and largest share of each supplier.

    A share is least with its own amount at the low end and all others at the high one, and largest
    the other way round.

    Parameters
    ----------
    low, high : numpy.ndarray
        Ends of each supplier's amount, not negative, low <= high.

    Returns
    -------
    tuple of numpy.ndarray
        Fractions, over all amounts that are not all zero; NaN when nothing can be sold.

    Raises
    ------
    ValueError
        Ends that are missing, negative or in the wrong order.

    Examples
    --------
    >>> least, largest = share_bounds(np.array([40.0, 40.0]), np.array([60.0, 40.0]))
    >>> least.tolist(), largest.tolist()
    ([0.5, 0.4], [0.6, 0.5])
    """
    low, high = _checked(low, high)
    others_low, others_high = _of_others(low), _of_others(high)
    with np.errstate(invalid="ignore"):
        least, largest = low / (low + others_high), high / (high + others_low)
    # Nothing is sold at that end: then whatever is sold is the supplier's own, or none of it is.
    least = np.where(low + others_high > 0, least, np.where(high > 0, 1.0, np.nan))
    return least, np.where(high + others_low > 0, largest, np.where(others_high > 0, 0.0, np.nan))


def _of_others(amounts: np.ndarray) -> np.ndarray:
    """Sum of all amounts but the own: added up, as the total less a large one loses the digits."""
    before = np.concatenate([[0.0], amounts.cumsum()[:-1]])
    after = np.concatenate([amounts[::-1].cumsum()[::-1][1:], [0.0]])
    return before + after


def hhi(amounts: np.ndarray) -> float:
    """Return the sum of squared shares; NaN when nothing is sold.

    Examples
    --------
    >>> hhi(np.array([60.0, 40.0]))
    0.52
    """
    amounts = np.asarray(amounts, dtype="float64")
    total = amounts.sum()
    return float(((amounts / total) ** 2).sum()) if total > 0 else float("nan")


def least_hhi(low: np.ndarray, high: np.ndarray) -> float:
    """Least sum of squared shares.

    It is reached where every amount is as near as it can be to one level, which equals the sum of
    squared amounts over their sum. The condition is linear in the level between two ends.

    Parameters
    ----------
    low, high : numpy.ndarray
        As of `share_bounds`.

    Returns
    -------
    float
        NaN when nothing can be sold.

    Examples
    --------
    >>> least_hhi(np.array([40.0, 30.0]), np.array([60.0, 50.0]))
    0.5
    """
    low, high = _checked(low, high)
    if high.sum() == 0:
        return float("nan")
    levels = np.unique(np.concatenate([low, high]))
    levels = levels[levels > 0]
    amounts = np.clip(levels[:, None], low, high)
    surplus = (amounts * (amounts - levels[:, None])).sum(axis=1)  # falls as the level rises
    level = np.interp(0.0, surplus[::-1], levels[::-1])
    return hhi(np.clip(level, low, high))


def largest_hhi(low: np.ndarray, high: np.ndarray) -> float:
    """Largest sum of squared shares.

    It is reached with every amount at one of its ends, because the index is quasi-convex. Which
    ends is searched for: `_reach` bounds what a box can hold, and a box that could hold more than
    the best ends found is divided at one supplier.

    Parameters
    ----------
    low, high : numpy.ndarray
        As of `share_bounds`.

    Returns
    -------
    float
        To `ACCURACY`; NaN when nothing can be sold. Where the search would open more than
        `MOST_BOXES` boxes (dozens of suppliers with one and the same interval), what none of
        the open ones exceeds: never too low.

    Examples
    --------
    >>> round(largest_hhi(np.array([40.0, 30.0]), np.array([60.0, 50.0])), 4)  # 60 and 30
    0.5556
    """
    low, high = _checked(low, high)
    if high.sum() == 0:
        return float("nan")
    best, boxes = 0.0, [(low, high)]
    for _ in range(MOST_BOXES):
        if not boxes:
            return best
        low, high = boxes.pop()
        found, bound, divided = _reach(low, high)
        best = max(best, found)
        if bound > best * (1 + ACCURACY):
            up, down = low.copy(), high.copy()
            up[divided], down[divided] = high[divided], low[divided]
            boxes += [(low, down), (up, high)]
    return max(best, *(_reach(*box)[1] for box in boxes))


def _reach(low: np.ndarray, high: np.ndarray) -> tuple[float, float, int]:
    """Return an HHI that ends of a box have, one that none exceeds, and where to divide the box.

    Between two ends an amount's square lies below the chord, which is linear in the amount. With
    chords for squares, and a given total, the sum is largest when amounts go to their high ends in
    the order of low + high. Along this path the ratio of the sum to the squared total has at most
    one top between two steps: where slope x total = 2 x sum.
    """
    order = np.argsort(-(low + high), kind="stable")
    order = order[high[order] > low[order]]
    width, slope = (high - low)[order], (high + low)[order]
    total = low.sum() + np.concatenate([[0.0], np.cumsum(width)])
    squares = (low**2).sum() + np.concatenate([[0.0], np.cumsum(width * slope)])
    ratios = squares / np.where(total > 0, total, np.inf) ** 2
    found = float(ratios.max())
    start = squares[:-1] - slope * total[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        top = -2 * start / slope
        tops = np.where((top > total[:-1]) & (top < total[1:]), slope**2 / (-4 * start), 0.0)
    if not len(tops) or tops.max() <= found:
        return found, found, -1
    return found, float(tops.max()), int(order[tops.argmax()])


def _checked(low, high) -> tuple[np.ndarray, np.ndarray]:
    low, high = (np.asarray(ends, dtype="float64") for ends in (low, high))
    if not (len(low) == len(high) and np.all((low >= 0) & (low <= high) & (high < np.inf))):
        raise ValueError("ends of amounts must be known, not negative, and low <= high")
    return low, high
