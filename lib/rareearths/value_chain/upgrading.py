"""Is an economy moving up its chain? Three signals, an early and a late window, and a rule.

The signals are the share of the last stage in the exports of the chain, the normalised balance of
the last stage, and the unit value of exports over that of imports. Each is compared between the
first and the last years by an exact rank test; the verdict counts what moved.
"""

from itertools import combinations
from math import comb

import numpy as np
import pandas as pd

from rareearths import catalogue, stages, trade
from rareearths.value_chain import position
from rareearths.words import show_number

WINDOW = 5  # years at each end of the period
LEAST_WINDOW = 4  # years a window may shrink to where fewer are known
LEVEL = 0.05  # two-sided p from which a signal counts as moved
UP, DOWN, MIXED, UNCLEAR, NONE = "moving up", "moving down", "mixed", "not clear", "cannot be told"
NAMES = {
    "last_share": "last stage in exports",
    "last_ntb": "balance of the last stage",
    "unit_value_ratio": "unit value, exports over imports",
}
FORMS = {"last_share": "pct0", "last_ntb": "ratio", "unit_value_ratio": "ratio"}


def series(flows: pd.DataFrame, economy: str, magnets: bool = True) -> pd.DataFrame:
    """The three signals of one economy by year.

    Parameters
    ----------
    flows : pandas.DataFrame
        See `position.load_flows`.
    economy : str
        ISO3 code.
    magnets : bool
        Whether magnets count as the last stage, where both their directions are in the data.

    Returns
    -------
    pandas.DataFrame
        Indexed by year: ``last_share`` (fraction of the exports of all stages), ``last_ntb``,
        ``unit_value_ratio`` (all stages but magnets together); missing where not known.
    """
    counted = _counted(flows, economy, magnets)
    flows = flows[(flows["exporter"] == economy) | (flows["importer"] == economy)]
    flows = flows[flows["stage"].isin(counted)]
    table = position.balance(flows, economy)
    if table.empty:
        return pd.DataFrame(columns=list(NAMES), index=pd.Index([], name="year"), dtype=float)
    exports = table.pivot(index="year", columns="stage", values="exports_usd").fillna(0)
    total = exports.sum(axis=1)
    last = table[table["stage"] == counted[-1]].set_index("year")
    together = flows[flows["stage"] != stages.MAGNETS].assign(stage="all")
    terms = position.balance(together, economy).set_index("year")["unit_value_ratio"]
    share = exports[counted[-1]] if counted[-1] in exports else 0 * total
    share = (share / total).where(total >= position.LEAST_USD)
    if len(counted) == 1:
        share = share * float("nan")  # one stage is always the whole: no signal
    found = {"last_share": share, "last_ntb": last["ntb"], "unit_value_ratio": terms}
    return pd.DataFrame(found).sort_index().astype(float)


def _counted(flows: pd.DataFrame, economy: str, magnets: bool) -> list[str]:
    found = [s for s in stages.present(flows) if magnets or s != stages.MAGNETS]
    return [s for s in found if position.both_ways(economy, s)]


def last_stage(flows: pd.DataFrame, economy: str) -> str:
    """The last stage whose exports and imports are both in the data for an economy."""
    return _counted(flows, economy, magnets=True)[-1]


def terms(flows: pd.DataFrame, economies: list[str]) -> dict[str, pd.Series]:
    """Unit value of exports over that of imports by year, of each economy that has one."""
    found = {code: series(flows, code)["unit_value_ratio"] for code in economies}
    return {code: ratio for code, ratio in found.items() if ratio.notna().any()}


def mixed_stage(material: str, stage: str) -> bool:
    """Whether a code of the stage also holds scrap or intermediates, by its note."""
    rows = catalogue.load("products")
    rows = rows[(rows["material"] == material) & (rows["stage"] == stage)]
    notes = (rows["note"].fillna("") + " " + rows["label_en"]).str.lower()
    return bool(notes.str.contains("scrap|intermediate|matte").any())


def rank_p(early: list[float], late: list[float]) -> float:
    """Two-sided exact p of the Mann-Whitney test: could the years be dealt out like this by chance?

    Every way of dealing the years to the two windows counts as equally likely.

    References
    ----------
    Mann and Whitney (1947), On a test of whether one of two random variables is stochastically
    larger than the other, Annals of Mathematical Statistics 18.

    Examples
    --------
    >>> round(rank_p([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]), 4)  # 2 of 252
    0.0079
    """
    values = np.array([*early, *late], dtype=float)
    n, middle = len(early), len(early) * len(late) / 2
    # Pairs in which a column's value exceeds a row's; a tie is half a pair.
    exceeds = np.less.outer(values, values) + 0.5 * np.equal.outer(values, values)
    picked = np.zeros((comb(len(values), n), len(values)))
    for row, places in enumerate(combinations(range(len(values)), n)):
        picked[row, places] = 1.0
    wins = ((picked @ exceeds) * (1 - picked)).sum(axis=1)  # of those not picked; halves: exact
    distance = abs(wins - middle)  # the first row picks the early values
    return float(np.mean(distance >= distance[0] - 1e-9))


def signals(table: pd.DataFrame, window: int = WINDOW, level: float = LEVEL) -> pd.DataFrame:
    """Compare the first and the last known years of each signal.

    Parameters
    ----------
    table : pandas.DataFrame
        See `series`.
    window : int
        Years in each window.
    level : float
        Two-sided p from which a signal counts as moved.

    Returns
    -------
    pandas.DataFrame
        One row a signal: ``signal``, ``name``, ``early``, ``late`` (means), ``early_low``,
        ``early_high``, ``late_low``, ``late_high`` (lowest and highest year), ``early_years``,
        ``late_years`` (text), ``p`` and ``direction`` (1 up, -1 down, 0 not told apart). A signal
        with fewer than two windows of `LEAST_WINDOW` known years is left out.
    """
    rows = []
    for signal, name in NAMES.items():
        known = table[signal].dropna()
        size = min(window, len(known) // 2)
        if size < min(LEAST_WINDOW, window):
            continue
        early, late = known.iloc[:size], known.iloc[-size:]
        p = rank_p(list(early), list(late))
        moved = 1 if late.mean() > early.mean() else -1
        rows.append(
            {"signal": signal, "name": name}
            | _window("early", early)
            | _window("late", late)
            | {"p": p, "direction": moved if p <= level else 0}
        )
    columns = ["signal", "name", *_window("early", pd.Series({0: 0.0}))]
    columns += [*_window("late", pd.Series({0: 0.0})), "p", "direction"]
    return pd.DataFrame(rows, columns=columns)


def _window(name: str, part: pd.Series) -> dict:
    ends = (int(part.index[0]), int(part.index[-1]))
    return {
        name: part.mean(),
        f"{name}_low": part.min(),
        f"{name}_high": part.max(),
        f"{name}_years": f"{ends[0]}–{ends[1]}" if ends[0] != ends[1] else str(ends[0]),
    }


def verdict(found: pd.DataFrame) -> str:
    """Count the signals that moved.

    Parameters
    ----------
    found : pandas.DataFrame
        See `signals`.

    Returns
    -------
    str
        `UP`: two or more up and none down; `DOWN`: the reverse; `MIXED`: some up, some down;
        `NONE`: fewer than two signals are known, or the data hold one stage only; else `UNCLEAR`.
    """
    ups, downs = (found["direction"] > 0).sum(), (found["direction"] < 0).sum()
    if len(found) < 2 or "last_share" not in set(found["signal"]):
        return NONE
    if ups and downs:
        return MIXED
    return UP if ups >= 2 else DOWN if downs >= 2 else UNCLEAR


def verdicts(flows: pd.DataFrame, economies: list[str], window: int = WINDOW) -> pd.DataFrame:
    """The verdict on each economy without magnets, so that all are judged alike.

    Returns
    -------
    pandas.DataFrame
        ``economy``, ``who`` (name), the three signals as text ("58% from 86%, down"), ``verdict``.
    """
    rows = []
    for economy in economies:
        found = signals(series(flows, economy, magnets=False), window)
        texts = {row.signal: signal_text(row) for row in found.itertuples()}
        rows.append(
            {"economy": economy, "who": trade.economy_names()[economy]}
            | {signal: texts.get(signal, "–") for signal in NAMES}
            | {"moves": verdict(found)}
        )
    return pd.DataFrame(rows)


def signal_text(row) -> str:
    """One row of `signals` in short: "0.67 to -0.13, down"."""
    form = FORMS[row.signal]
    way = {1: "up", -1: "down", 0: "not told apart"}[row.direction]
    return f"{show_number(row.early, form)} to {show_number(row.late, form)}, {way}"
