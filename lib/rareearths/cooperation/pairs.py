"""Two importers side by side: shared suppliers, similarity of suppliers, trade with each other.

A pair is two ISO3 codes, ``(first, second)``. Shares are fractions of an importer's purchases at
one stage of the chain, see `rareearths.stages`; by tonnes, flows without a weight are left out.
"""

import math
from collections.abc import Collection

import numpy as np
import pandas as pd

from rareearths import quality, stages, supply, trade

Pair = tuple[str, str]
RECENT = 3  # years that are taken together, to see if one year alone misleads


def check_pair(first: str, second: str, exporter: str) -> Pair:
    """Return the two economies.

    Raises
    ------
    UnknownCode
        A code that the data do not know.
    ValueError
        The same economy twice, or the supplier in question as one of the two.

    Examples
    --------
    >>> check_pair("JPN", "USA", "CHN")
    ('JPN', 'USA')
    """
    codes = [trade.check_economy(code) for code in (first, second, exporter)]
    if first == second:
        raise ValueError(f"first and second are the same economy, {first}; two are compared")
    if exporter in (first, second):
        raise ValueError(
            f"exporter {exporter} is one of the two, {first} and {second}; a third one is wanted"
        )
    return codes[0], codes[1]


def load_flows(pair: Pair, material: str, years: tuple[int, int] | None = None) -> pd.DataFrame:
    """Load what both buy, see `stages.load_flows`, without the years that a known break spoils."""
    parts = [
        quality.reliable(stages.load_flows(code, material, years), code, material) for code in pair
    ]
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def similarity(first: pd.Series, second: pd.Series) -> float:
    """Overlap of two structures: the sum of the smaller share of each supplier.

    Parameters
    ----------
    first, second : pandas.Series
        Shares by supplier, fractions that sum to 1; who is missing in one has share 0 there.

    Returns
    -------
    float
        1 where all shares are equal, 0 where no supplier is shared.

    Raises
    ------
    ValueError
        Shares that are missing or negative, or do not sum to 1.

    References
    ----------
    Finger and Kreinin (1979), A measure of "export similarity" and its possible uses, Economic
    Journal 89, equation 1, here of suppliers; docs/methods/pairs.md

    Examples
    --------
    >>> similarity(pd.Series({"CHN": 0.6, "VNM": 0.4}), pd.Series({"CHN": 0.8, "MYS": 0.2}))
    0.6
    """
    a, b = _aligned(first, second)
    return float(np.minimum(a, b).sum())


def cosine(first: pd.Series, second: pd.Series) -> float:
    """Cosine of the angle between two structures of suppliers, in [0, 1].

    Large suppliers weigh more than in `similarity`. Parameters and errors as there.

    References
    ----------
    Salton and McGill (1983), Introduction to Modern Information Retrieval, chapter 4.

    Examples
    --------
    >>> cosine(pd.Series({"CHN": 1.0}), pd.Series({"MYS": 1.0}))
    0.0
    """
    a, b = _aligned(first, second)
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def _aligned(first: pd.Series, second: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    for shares in (first, second):
        values = shares.to_numpy(dtype=float)
        if not (values >= 0).all() or not math.isclose(values.sum(), 1, abs_tol=1e-9):
            raise ValueError("shares must not be missing or negative, and must sum to 1")
    if first.index.equals(second.index):
        return first.to_numpy(float), second.to_numpy(float)
    both = pd.concat([first, second], axis=1).fillna(0.0)  # who sold nothing has no share
    return both.iloc[:, 0].to_numpy(), both.iloc[:, 1].to_numpy()


def shares(
    flows: pd.DataFrame, pair: Pair, basis: str = "value", without: Collection[str] = ()
) -> pd.DataFrame:
    """Shares of each supplier in what both buy, all years of the flows taken together.

    Parameters
    ----------
    flows : pandas.DataFrame
        See `load_flows`; usually of one stage.
    pair : (str, str)
    basis : {"value", "tonnes"}
    without : collection of str
        Suppliers to leave out; the shares are those of the others.

    Returns
    -------
    pandas.DataFrame
        Indexed by exporter: ``first``, ``second``, ``common`` (the smaller one), largest common
        share first. Empty where one of the two bought nothing.
    """
    column = trade.BASES[trade.check_basis(basis)]
    known = flows[column].notna()
    kept = flows[known & ~flows["exporter"].isin(list(without)) if without else known]
    sums = kept.groupby(["exporter", "importer"])[column].sum().astype(float).unstack()
    sums = sums.reindex(columns=list(pair)).set_axis(["first", "second"], axis=1)
    sums = sums.fillna(0.0)  # a supplier without a flow sold nothing
    if sums.empty or not (sums.sum() > 0).all():
        return pd.DataFrame(columns=["first", "second", "common"], dtype=float)
    found = sums / sums.sum()
    found["common"] = found.min(axis=1)
    return found.sort_values(["common", "first"], ascending=False, kind="stable")


def overlap(found: pd.DataFrame) -> float:
    """Overlap of two structures, see `similarity`; missing where one of the two bought nothing."""
    return similarity(found["first"], found["second"]) if len(found) else np.nan


def by_year(flows: pd.DataFrame, pair: Pair, exporter: str) -> pd.DataFrame:
    """Similarity of the suppliers of both, stage by stage and year by year.

    Parameters
    ----------
    flows : pandas.DataFrame
        See `load_flows`.
    pair : (str, str)
    exporter : str
        ISO3 code of the supplier whose part is told apart.

    Returns
    -------
    pandas.DataFrame
        ``stage``, ``year``; for each basis ``share_<basis>`` (the overlap), ``exporter_<basis>``
        (the part of it that is the exporter) and ``cosine_<basis>``; ``quantity_coverage``, the
        lower one of the two importers; ``value_usd``, what both bought. Missing where one of the
        two bought nothing. Of magnets in which the exporter has no listed flow its part is missing.
    """
    rows = []
    for stage in stages.present(flows):
        of_stage = flows[flows["stage"] == stage]
        for year, part in of_stage.groupby("year"):
            row = {"stage": stage, "year": year, "value_usd": part["value_usd"].sum()}
            for basis in trade.BASES:
                row |= _measures(shares(part, pair, basis), exporter, basis, stage)
            weighed = part["value_usd"].where(part["quantity_t"].notna(), 0)
            sums = [
                values.groupby(part["importer"]).sum() for values in (weighed, part["value_usd"])
            ]
            rows.append(row | {"quantity_coverage": (sums[0] / sums[1]).min()})
    table = pd.DataFrame(rows, columns=_COLUMNS if not rows else None)
    return table.dropna(subset=["share_value"]).reset_index(drop=True)


_COLUMNS = ["stage", "year", "value_usd", "share_value", "quantity_coverage"]


def _measures(found: pd.DataFrame, exporter: str, basis: str, stage: str) -> dict:
    part = found["common"].get(exporter, 0.0) if len(found) else np.nan
    unlisted = stage == stages.MAGNETS and not part > 0
    return {
        f"share_{basis}": overlap(found),
        f"exporter_{basis}": np.nan if unlisted else part,
        f"cosine_{basis}": cosine(found["first"], found["second"]) if len(found) else np.nan,
    }


def exposure(flows: pd.DataFrame, pair: Pair, exporter: str) -> pd.DataFrame:
    """The share of the exporter in what each buys, stage by stage, newest year of each.

    Returns
    -------
    pandas.DataFrame
        The columns of `stages.latest` and ``importer``.
    """
    parts = [(code, flows[flows["importer"] == code]) for code in pair]
    tables = [
        stages.latest(part, exporter).assign(importer=code) for code, part in parts if len(part)
    ]
    return pd.concat(tables, ignore_index=True)


def latest(table: pd.DataFrame) -> pd.DataFrame:
    """The newest year of each stage of `by_year`, with ``goods`` (plural of the stage).

    Measures by tonnes are missing where weights are known for less than
    `trade.LEAST_COVERAGE` of the value of one of the two.
    """
    last = table.groupby("stage", sort=False)["year"].transform("max")
    rows = table[table["year"] == last].assign(goods=lambda t: t["stage"].map(stages.PLURALS))
    weighed = [name for name in rows if name.endswith("_tonnes")]
    rows.loc[rows["quantity_coverage"] < trade.LEAST_COVERAGE, weighed] = np.nan
    return rows.reset_index(drop=True)


def span_text(row, name: str = "share") -> str:
    """A measure of a row of `latest` as its span over value and tonnes: "62% to 83%"."""
    known = [getattr(row, f"{name}_{basis}") for basis in trade.BASES]
    ends = sorted(value for value in known if pd.notna(value))
    return " to ".join(dict.fromkeys(supply.share_text(end) for end in ends)) or "not known"


def variants(flows: pd.DataFrame, newest: pd.DataFrame, pair: Pair, exporter: str) -> pd.DataFrame:
    """The overlap of each stage when one choice is changed at a time.

    Parameters
    ----------
    flows, newest : pandas.DataFrame
        See `load_flows` and `latest`.
    pair : (str, str)
    exporter : str
        ISO3 code.

    Returns
    -------
    pandas.DataFrame
        ``stage``, ``goods``, ``changed`` (text), ``kind`` (short), ``base`` (overlap by
        value in the newest year), ``value`` (the overlap after the change), ``low``, ``high`` (of
        the two), ``effect`` (after less before). A change that cannot be made with the data is
        left out.
    """
    rows = []
    for row in newest.itertuples():
        part = flows[flows["stage"] == row.stage]
        now, recent = part[part["year"] == row.year], part[part["year"] > row.year - RECENT]
        name = trade.economy_in_text(exporter)
        without = {basis: overlap(shares(now, pair, basis, [exporter])) for basis in trade.BASES}
        weighed = pd.notna(row.share_tonnes)
        changed = [
            ("tonnes in place of value", "measure", row.share_tonnes),
            (f"the last {RECENT} years together", "years", overlap(shares(recent, pair))),
            (
                "what the two sell each other left out",
                "mutual",
                overlap(shares(now, pair, without=pair)),
            ),
            (f"without {name}, by value", "others_value", without["value"]),
            (
                f"without {name}, by tonnes",
                "others_tonnes",
                without["tonnes"] if weighed else np.nan,
            ),
            ("cosine, where large suppliers weigh more", "cosine", row.cosine_value),
        ]
        rows += [
            (row.stage, row.goods, *change[:2], row.share_value, change[2]) for change in changed
        ]
    table = pd.DataFrame(rows, columns=["stage", "goods", "changed", "kind", "base", "value"])
    table = table.dropna(subset=["value"]).reset_index(drop=True)
    return table.assign(
        low=table[["base", "value"]].min(axis=1),
        high=table[["base", "value"]].max(axis=1),
        effect=table["value"] - table["base"],
    )
