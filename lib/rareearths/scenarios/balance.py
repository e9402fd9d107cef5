"""Material balance of a chain: a stage helps only as far as the ones before and after carry it.

Every quantity is tonnes of oxide of one element group that the material holds. Arrays have any
shape, usually one row a draw and one column a year.
"""

from dataclasses import dataclass, field

import numpy as np

STAGES = ("mining", "separation", "metal", "magnet")
SHORT = ("mining", "separation")  # the way of the rare earths that are no magnet elements
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Chain:
    """What each stage can make, from the ore to the last stage.

    Attributes
    ----------
    capacity : dict of str to numpy.ndarray
        Most that a stage can put out, tonnes of oxide held, by stage in order.
    recovery : dict of str to numpy.ndarray
        Part of what enters a stage that leaves it, (0, 1]; none for the first stage.
    scrap : dict of str to numpy.ndarray
        Recycled material that enters a stage beside the output of the one before, tonnes.
    """

    capacity: dict
    recovery: dict
    scrap: dict = field(default_factory=dict)


def levels(chain: Chain) -> np.ndarray:
    """What would come out at the end if each stage alone were the limit.

    Returns
    -------
    numpy.ndarray
        One row a stage, in order, then the shape of the capacities; tonnes of oxide.

    Notes
    -----
    Output of stage s is min(capacity(s), recovery(s) (output(s-1) + scrap(s))). The output of the
    last stage is then the least of these levels, because each step is non-decreasing.

    Examples
    --------
    >>> chain = Chain({"mining": 100.0, "separation": 60.0}, {"separation": 0.9})
    >>> levels(chain).tolist()
    [90.0, 60.0]
    """
    found = []
    for stage, capacity in chain.capacity.items():
        found = [chain.recovery[stage] * (level + chain.scrap.get(stage, 0)) for level in found]
        found.append(capacity)
    return np.stack(np.broadcast_arrays(*found)).astype(float)


def delivered(chain: Chain, need: np.ndarray) -> np.ndarray:
    """What the chain delivers of a need, tonnes of oxide: the least of its levels and the need.

    Examples
    --------
    >>> chain = Chain({"mining": 100.0, "separation": 60.0}, {"separation": 0.9})
    >>> float(delivered(chain, 80.0)), float(delivered(chain, 50.0))
    (60.0, 50.0)
    """
    return np.minimum(need, levels(chain).min(axis=0))


def dependence(need: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Share of a need that has to come from the supplier: 1 - outside / need, in [0, 1].

    Raises
    ------
    ValueError
        A need that is not positive, or an outside supply that is negative or above the need.

    Examples
    --------
    >>> float(dependence(80.0, 60.0))
    0.25
    """
    if not np.all(np.asarray(need) > 0):
        raise ValueError("the need must be positive: a share of nothing says nothing")
    if np.any(np.asarray(outside) < 0) or np.any(outside > need * (1 + TOLERANCE)):
        raise ValueError("what comes from outside must lie between zero and the need")
    return 1 - np.minimum(1, outside / need)


def bottleneck(chain: Chain, need: np.ndarray) -> np.ndarray:
    """Which stage binds: the one at which one more tonne delivers more.

    Returns
    -------
    numpy.ndarray
        One row a stage: 1 where it alone binds, 1/k where k stages bind together (then a tonne more
        at one of them alone gains nothing), 0 elsewhere and where the need is met.

    Examples
    --------
    >>> chain = Chain({"mining": 100.0, "separation": 60.0}, {"separation": 0.9})
    >>> bottleneck(chain, 80.0).tolist(), bottleneck(chain, 50.0).tolist()
    ([0.0, 1.0], [0.0, 0.0])
    """
    found = levels(chain)
    least = found.min(axis=0)
    binds = (found <= least * (1 + TOLERANCE)) & (least < need * (1 - TOLERANCE))
    return binds / np.maximum(1, binds.sum(axis=0))


def gain(chain: Chain, need: np.ndarray, stage: str, tonnes: float = 1.0) -> np.ndarray:
    """What is delivered more with ``tonnes`` more capacity at one stage, tonnes of oxide."""
    more = chain.capacity | {stage: chain.capacity[stage] + tonnes}
    wider = Chain(more, chain.recovery, chain.scrap)
    return delivered(wider, need) - delivered(chain, need)


def without_limit(chain: Chain, stage: str) -> Chain:
    """The same chain with no limit at one stage."""
    return Chain(chain.capacity | {stage: np.inf}, chain.recovery, chain.scrap)


def missing(chain: Chain, need: np.ndarray, stage: str) -> np.ndarray:
    """Capacity that a stage lacks until another stage or the need is the limit, tonnes of oxide.

    Examples
    --------
    >>> chain = Chain({"mining": 100.0, "separation": 60.0}, {"separation": 0.9})
    >>> float(missing(chain, 80.0, "separation")), float(missing(chain, 80.0, "mining"))
    (20.0, 0.0)
    """
    wanted = delivered(without_limit(chain, stage), need)
    stages = list(chain.capacity)
    for after in reversed(stages[stages.index(stage) + 1 :]):
        wanted = wanted / chain.recovery[after] - chain.scrap.get(after, 0)
    return np.maximum(0, wanted - chain.capacity[stage])


def account(chain: Chain, need: np.ndarray) -> dict[str, np.ndarray]:
    """Where the material of the chain goes, tonnes of oxide.

    Returns
    -------
    dict
        ``mined`` and ``scrap``, what is there; ``delivered``, ``lost`` in the stages,
        ``unused_ore`` and ``unused_scrap``. The first two equal the sum of the other four. Scrap is
        used before new material.
    """
    stages = list(chain.capacity)
    wanted = out = delivered(chain, need)
    lost = scrap = used_scrap = np.zeros_like(out)
    for stage in reversed(stages[1:]):
        entering = wanted / chain.recovery[stage]
        lost = lost + entering - wanted
        there = chain.scrap.get(stage, 0) + np.zeros_like(out)
        used = np.minimum(there, entering)
        scrap, used_scrap = scrap + there, used_scrap + used
        wanted = entering - used
    mined = chain.capacity[stages[0]] + np.zeros_like(out)
    return {
        "mined": mined,
        "scrap": scrap,
        "delivered": out,
        "lost": lost,
        "unused_ore": mined - wanted,
        "unused_scrap": scrap - used_scrap,
    }


def under_stop(
    need: np.ndarray, outside: np.ndarray, stopped: float, stock: np.ndarray
) -> np.ndarray:
    """Supply of a year in which the supplier holds back a part, tonnes of oxide.

    Parameters
    ----------
    need, outside, stock : numpy.ndarray
        Tonnes of oxide: the need of the year, what comes from others, what is in stock.
    stopped : float
        Part of the supplier's deliveries that does not come, in [0, 1].

    Examples
    --------
    >>> float(under_stop(100.0, 0.0, 1.0, 0.0)), float(under_stop(100.0, 40.0, 1.0, 10.0))
    (0.0, 50.0)
    """
    bought = need - outside
    return outside + bought * (1 - stopped) + np.minimum(stock, bought * stopped)


def months_of_cover(stock_days: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Months for which a stock replaces the supplier when it stops all deliveries.

    Parameters
    ----------
    stock_days : numpy.ndarray
        Stock in days of the whole use.
    share : numpy.ndarray
        Dependence on the supplier, see `dependence`; infinite cover where it is zero.

    Examples
    --------
    >>> round(float(months_of_cover(60, 0.5)), 2)
    3.95
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(share > 0, stock_days * 12 / 365 / share, np.inf)
