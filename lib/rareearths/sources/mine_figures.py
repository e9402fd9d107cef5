"""Figures of mine production side by side: which is best, and which two can be compared.

The rules are those of ``data/README.md``: to 2017 the British Geological Survey, then World Mining
Data; where that source has no row the newest edition of USGS; what is left last.
"""

import pandas as pd

LAST_OF_BGS = 2017
BEFORE = ("World Mining Data", "USGS", "BGS")  # the last of these is taken first
AFTER = ("BGS", "USGS", "World Mining Data")
OLDEST_FIRST = ("BGS", "World Mining Data", "USGS")  # figure a of a pair comes first here
_KEY = ["economy", "year"]


def mark_best(rows: pd.DataFrame) -> pd.DataFrame:
    """Mark one row for each economy and year.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of ``rare_earth_mine_production``; ``best`` is set anew.

    Returns
    -------
    pandas.DataFrame
        The same rows in the same order.
    """
    early = rows["year"] <= LAST_OF_BGS
    rank = _places(rows, BEFORE).where(early, _places(rows, AFTER))
    by_rank = rows.assign(rank=rank, edition_year=edition_year(rows))
    chosen = by_rank.sort_values(["rank", "edition_year"]).drop_duplicates(_KEY, keep="last")
    return rows.assign(best=rows.index.isin(chosen.index))


def overlaps(rows: pd.DataFrame) -> pd.DataFrame:
    """Pair every two figures of the same economy and year.

    Returns
    -------
    pandas.DataFrame
        Columns of ``mine_production_overlaps``; tonnes of oxide, ``ratio`` is b over a, four
        decimals, missing where a is zero.
    """
    order = _places(rows, OLDEST_FIRST) * 10_000 + edition_year(rows)
    figures = rows.assign(order=order)[[*_KEY, "source", "edition", "quantity_t", "order"]]
    pairs = figures.merge(figures, on=_KEY, suffixes=("_a", "_b"))
    pairs = pairs[pairs["order_a"] < pairs["order_b"]]
    pairs = pairs.rename(columns={"quantity_t_a": "quantity_a_t", "quantity_t_b": "quantity_b_t"})
    known = pairs["quantity_a_t"].where(pairs["quantity_a_t"] > 0)
    pairs["ratio"] = (pairs["quantity_b_t"] / known).round(4)
    of_pair = [f"{name}_{side}" for side in "ab" for name in ("source", "edition")]
    columns = [*_KEY, *of_pair[:2], "quantity_a_t", *of_pair[2:], "quantity_b_t", "ratio"]
    return pairs[columns].sort_values([*_KEY, *of_pair], ignore_index=True)


def edition_year(rows: pd.DataFrame) -> pd.Series:
    """Return the year of each edition of the Mineral Commodity Summaries; 0 for others."""
    found = rows["edition"].str.extract(r"^MCS(\d{4})$", expand=False)
    return found.fillna("0").astype("int64")


def _places(rows: pd.DataFrame, sources: tuple[str, ...]) -> pd.Series:
    return rows["source"].map({source: place for place, source in enumerate(sources)})
