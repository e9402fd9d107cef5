"""Do indices rank alike, and which term makes them differ?

Ranks are over the materials of one importer, 1 the riskiest. Agreement is Kendall's tau-b: 1 the
same order, 0 no relation, -1 the reverse.
"""

from collections.abc import Callable, Iterable
from functools import cache, partial
from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd

from rareearths.risk import indices

DRAWS = 400
SEED = 20261124
RANGE = (5, 95)  # percentiles of the draws
TERM_LABELS = {
    "stage": "where concentration is measured (mines or suppliers)",
    "stability": "how political stability is weighed",
    "own": "how own mine output and exports count",
    "controls": "export controls and membership",
    "measure": "weight or value",
    "recycling": "recycling and substitution",
}


def ranks(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rank of each material under each index, 1 the highest score.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a material, one column an index; missing scores have no rank.

    Examples
    --------
    >>> ranks(pd.DataFrame({"a": [0.1, 0.3, 0.2]}))["a"].tolist()
    [3.0, 1.0, 2.0]
    """
    return table.rank(ascending=False, method="min")


def tau(first: pd.Series, second: pd.Series) -> float:
    """Kendall's tau-b of two scores, over the materials that both know.

    Returns
    -------
    float
        In [-1, 1]; NaN where one of them is the same for every material, or fewer than
        `indices.LEAST` materials have both.

    References
    ----------
    Kendall (1945), The treatment of ties in ranking problems; docs/methods/concordance.md

    Examples
    --------
    >>> a = pd.Series([1.0, 2, 3, 4, 5])
    >>> tau(a, a), tau(a, -a)
    (1.0, -1.0)
    """
    values = tau_draws(first, second, draws=0)
    return float(values[0])


def tau_draws(
    first: pd.Series, second: pd.Series, draws: int = DRAWS, seed: int = SEED
) -> np.ndarray:
    """Kendall's tau-b, and that of ``draws`` samples of the materials drawn with replacement.

    Returns
    -------
    numpy.ndarray
        The value itself first, then one for each draw. A material drawn twice is a tie with
        itself and adds nothing.
    """
    if not second.index.equals(first.index):
        second = second.reindex(first.index)
    both = np.column_stack([first.to_numpy(float), second.to_numpy(float)])
    both = both[~np.isnan(both).any(axis=1)]
    if len(both) < indices.LEAST:
        return np.full(1 + draws, np.nan)
    a, b = (_signs(column) for column in both.T)
    weights = _pair_weights(len(both), draws, seed)
    sums = weights @ np.column_stack([a * b, a**2, b**2]).astype(weights.dtype)
    common, of_a, of_b = sums.T.astype(float)
    scale = np.sqrt(of_a * of_b)
    return np.divide(common, scale, out=np.full(len(common), np.nan), where=scale > 0)


def pairs(table: pd.DataFrame, draws: int = DRAWS) -> pd.DataFrame:
    """Agreement of every two indices of one importer.

    Returns
    -------
    pandas.DataFrame
        ``first``, ``second`` (names), ``tau``, ``low`` and ``high`` (5th and 95th percentile over
        samples of the materials), ``n`` (materials with both); ``tau`` is missing where an index
        says the same for every material.
    """
    rows = []
    for first, second in combinations(table.columns, 2):
        drawn = tau_draws(table[first], table[second], draws)
        n = int(table[[first, second]].notna().all(axis=1).sum())
        rows.append((first, second, drawn[0], *percentiles(drawn), n))
    return pd.DataFrame(rows, columns=["first", "second", "tau", "low", "high", "n"])


def over_importers(scores: pd.DataFrame) -> pd.DataFrame:
    """Agreement of every two indices for each importer.

    Parameters
    ----------
    scores : pandas.DataFrame
        Indexed by ``importer`` and ``material``, see `indices.table`.

    Returns
    -------
    pandas.DataFrame
        ``importer``, and the columns of `pairs` without the range.
    """
    made = [
        pairs(own.droplevel("importer"), draws=0).assign(importer=importer)
        for importer, own in scores.groupby("importer", sort=False)
    ]
    return pd.concat(made, ignore_index=True)[["importer", "first", "second", "tau", "n"]]


def for_each_importer(
    scores: pd.DataFrame, names: tuple[str, str], draws: int = DRAWS
) -> pd.DataFrame:
    """Agreement of two indices for each importer, with its range.

    Parameters
    ----------
    scores : pandas.DataFrame
        As for `over_importers`.
    names : (str, str)
        Two of its columns.

    Returns
    -------
    pandas.DataFrame
        ``importer``, and ``tau``, ``low``, ``high`` and ``n`` of `pairs`; highest tau first,
        importers without one last.
    """
    rows = [
        pairs(own.droplevel("importer")[list(names)], draws).assign(importer=importer)
        for importer, own in scores.groupby("importer", sort=False)
    ]
    table = pd.concat(rows)[["importer", "tau", "low", "high", "n"]]
    return table.sort_values("tau", ascending=False, kind="stable", ignore_index=True)


def differing_terms(first: indices.Terms, second: indices.Terms) -> list[str]:
    """Return the names of the terms in which two indices differ."""
    return [name for name in first._fields if getattr(first, name) != getattr(second, name)]


def exchange(first: indices.Terms, second: indices.Terms, names: Iterable[str]) -> indices.Terms:
    """Return the first index with these terms taken from the second.

    Examples
    --------
    >>> made = exchange(indices.INDICES["geopolrisk"].terms,
    ...                 indices.INDICES["supplier_hhi"].terms, ["stage"])
    >>> made.stage, made.own
    ('suppliers', 'credited')
    """
    return first._replace(**{name: getattr(second, name) for name in names})


def shapley(players: list[str], worth: Callable[[frozenset], np.ndarray]) -> dict[str, np.ndarray]:
    """Share out the worth of all players together: the mean marginal worth over all orders.

    Parameters
    ----------
    players : list of str
    worth : callable
        Worth of a set of players, a number or an array of draws.

    Returns
    -------
    dict
        The part of each; they sum to ``worth(all) - worth(none)`` exactly.

    References
    ----------
    Shapley (1953), A value for n-person games.

    Examples
    --------
    >>> parts = shapley(["a", "b"], lambda s: 10.0 * ("a" in s) + 4.0 * (len(s) == 2))
    >>> parts["a"], parts["b"]
    (12.0, 2.0)
    """
    n, parts = len(players), {}
    worths = {s: worth(s) for s in _subsets(players)}
    for player in players:
        others = [p for p in players if p != player]
        parts[player] = sum(
            factorial(len(s)) * factorial(n - len(s) - 1) / factorial(n)
            * (worths[s | {player}] - worths[s])
            for s in _subsets(others)
        )  # fmt: skip
    return parts


def why_differ(
    cells: pd.DataFrame, first: indices.Index, second: indices.Index, draws: int = DRAWS
) -> pd.DataFrame:
    """Which term makes two indices rank differently, by exchanging terms.

    Parameters
    ----------
    cells : pandas.DataFrame
        Cells of one importer, see `index_cells.load`.
    first, second : indices.Index
    draws : int
        Samples of the materials for the range.

    Returns
    -------
    pandas.DataFrame
        ``term`` (name), ``label``, ``part`` (of 1 - tau, the mean of starting from either index),
        ``low`` and ``high`` (over samples and over the two starts), ``first_in`` (share of the
        samples in which the term is the largest); largest part first. The parts sum to 1 - tau.
        Empty where tau is not known.

    Notes
    -----
    v(S) = 1 - tau(A, A with the terms S of B); the part of a term is its Shapley value, averaged
    with that of the exchange in the other direction. On the way an index may become the same for
    every material; it then orders nothing, and tau counts as 0.

    References
    ----------
    docs/methods/concordance.md
    """
    columns = ["term", "label", "part", "low", "high", "first_in"]
    names = differing_terms(first.terms, second.terms)
    known = indices.score(cells, first.terms).notna() & indices.score(cells, second.terms).notna()
    score = cache(partial(indices.score, cells[known]))  # both ways lead through the same indices
    sides = [_parts(score, *ends, names, draws) for ends in ((first, second), (second, first))]
    means = {name: (sides[0][name] + sides[1][name]) / 2 for name in names}
    if not names or np.isnan(tau(score(first.terms), score(second.terms))):
        return pd.DataFrame(columns=columns)
    largest = np.array([means[name][1:] for name in names]).argmax(axis=0)
    rows = []
    for place, name in enumerate(names):
        low, high = percentiles(means[name])
        ends = [side[name][0] for side in sides]
        often = np.mean(largest == place) if len(largest) else np.nan
        value = means[name][0]
        rows.append(
            (name, TERM_LABELS[name], value, min(low, *ends), max(high, *ends), float(often))
        )
    made = pd.DataFrame(rows, columns=columns)
    return made.sort_values("part", ascending=False, ignore_index=True, kind="stable")


def main_terms(
    cells: pd.DataFrame, basis: str, table: pd.DataFrame, draws: int = DRAWS
) -> pd.DataFrame:
    """The largest term of every pair of indices of one importer.

    Parameters
    ----------
    table : pandas.DataFrame
        See `pairs`.

    Returns
    -------
    pandas.DataFrame
        The rows of ``table`` with a known tau, with ``term``, ``label``, ``part``, ``part_low``,
        ``part_high`` and ``first_in`` of the largest term.
    """
    known, rows = indices.with_basis(basis), []
    for pair in table.dropna(subset=["tau"]).itertuples(index=False):
        parts = why_differ(cells, known[pair.first], known[pair.second], draws)
        if len(parts):
            top = parts.iloc[0].rename({"low": "part_low", "high": "part_high"})
            rows.append(pd.Series(pair._asdict()).to_dict() | top.to_dict())
    return pd.DataFrame(rows)


def one_at_a_time(
    cells: pd.DataFrame, first: indices.Index, second: indices.Index, material: str
) -> pd.DataFrame:
    """Exchange one term alone, and see what becomes of the ranking.

    Parameters
    ----------
    cells : pandas.DataFrame
        Cells of one importer.
    material : str
        The material whose rank is followed.

    Returns
    -------
    pandas.DataFrame
        ``step`` (text), ``tau`` with the first index, ``rank`` of the material (missing where it
        has no score) among ``n``; first the first index, last the second.
    """
    names = differing_terms(first.terms, second.terms)
    steps = [(first.label, [])]
    steps += [(f"only: {TERM_LABELS[name]}", [name]) for name in names]
    steps.append((second.label, names))
    known = indices.score(cells, first.terms).notna() & indices.score(cells, second.terms).notna()
    scores = {
        step: indices.score(cells, exchange(first.terms, second.terms, taken))[known].droplevel(0)
        for step, taken in steps
    }
    start = scores[first.label]
    rows = [
        (step, tau(start, made), ranks(made.to_frame("r"))["r"].get(material, np.nan), len(made))
        for step, made in scores.items()
    ]
    return pd.DataFrame(rows, columns=["step", "tau", "rank", "n"])


def percentiles(drawn: np.ndarray) -> tuple[float, float]:
    """The ends of the range over the draws; the value itself where there are none."""
    sample = drawn[1:][~np.isnan(drawn[1:])]
    if not len(sample):
        return float(drawn[0]), float(drawn[0])
    low, high = np.percentile(sample, RANGE)
    return float(low), float(high)


def _parts(
    score: Callable[[indices.Terms], pd.Series],
    start: indices.Index,
    other: indices.Index,
    names: list[str],
    draws: int,
) -> dict[str, np.ndarray]:
    """Shapley parts of 1 - tau, each with its draws, going from one index to the other."""
    base = score(start.terms)

    def worth(taken: frozenset) -> np.ndarray:
        made = score(exchange(start.terms, other.terms, taken))
        return 1 - np.nan_to_num(tau_draws(base, made, draws), nan=0.0)

    return shapley(names, worth)


def _subsets(players: list[str]) -> list[frozenset]:
    sizes = range(len(players) + 1)
    return [frozenset(s) for size in sizes for s in combinations(players, size)]


@cache
def _pair_weights(n: int, draws: int, seed: int) -> np.ndarray:
    """How often each two of n materials meet: once, and as drawn with replacement."""
    chosen = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws)
    times = np.vstack([np.ones((1, n)), chosen])
    one, other = _places(n)
    return (times[:, one] * times[:, other]).astype(np.float32)  # small whole numbers: exact


@cache
def _places(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Every two of n places, once."""
    return np.triu_indices(n, k=1)


def _signs(values: np.ndarray) -> np.ndarray:
    """+1, 0 or -1 for every two values; differences of rounding are ties."""
    one, other = (values[places] for places in _places(len(values)))
    apart = one - other
    scale = np.maximum(np.abs(one), np.abs(other))
    return np.where(np.abs(apart) <= 1e-12 * scale, 0.0, np.sign(apart))
