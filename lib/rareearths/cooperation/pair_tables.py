"""Tables of two economies side by side: suppliers, mutual trade, and cells as text."""

import pandas as pd

from rareearths import stages, supply, trade, words
from rareearths.cooperation import holdings, pairs

NONE = holdings.NONE
SMALL = 5e4  # US$; less is shown in dollars


def suppliers(
    flows: pd.DataFrame, newest: pd.DataFrame, pair: pairs.Pair, exporter: str, top: int = 5
) -> pd.DataFrame:
    """The largest suppliers of both other than the exporter and the two, stage by stage.

    Returns
    -------
    pandas.DataFrame
        ``stage``, ``goods``, ``year``, ``exporter``, ``name``, and for each of ``first`` and
        ``second`` its share by value and by tonnes (``first_value``, ``first_tonnes``, ...;
        fractions of all that it buys; tonnes missing as in `pairs.latest`).
    """
    parts = []
    for row in newest.itertuples():
        part = flows[(flows["stage"] == row.stage) & (flows["year"] == row.year)]
        found = pairs.shares(part, pair).add_suffix("_value")
        weights = pairs.shares(part, pair, "tonnes")
        if pd.isna(row.share_tonnes):
            weights = weights[:0]
        found = found.join(weights.add_suffix("_tonnes"))
        found = found.drop(index=[exporter, *pair], errors="ignore")
        largest = found[["first_value", "second_value"]].max(axis=1).nlargest(top).index
        about = {"stage": row.stage, "goods": row.goods, "year": row.year}
        parts.append(found.loc[largest].reset_index().assign(**about))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(name=table["exporter"].map(trade.economy_names()))


def supplier_cells(others: pd.DataFrame, material: str) -> pd.DataFrame:
    """`suppliers` as text, with the range of the newest mine output of each supplier."""
    cells = {
        f"{side}_text": [
            span(ends) for _, ends in others[[f"{side}_value", f"{side}_tonnes"]].iterrows()
        ]
        for side in ("first", "second")
    }
    found = [holdings.mined(code, material) for code in others["exporter"]]
    mined = [
        NONE if row["low"] is None
        else " to ".join(dict.fromkeys(f"{row[end]:,.0f}" for end in ("low", "high")))
        for row in found
    ]  # fmt: skip
    return others.assign(**cells, mined_text=mined)


def bilateral(flows: pd.DataFrame, pair: pairs.Pair) -> pd.DataFrame:
    """What the two sell each other, by stage and year.

    Returns
    -------
    pandas.DataFrame
        ``stage``, ``year``, ``exporter``, ``importer``, ``value_usd`` (current US$),
        ``quantity_t`` (tonnes; missing where no weight is known), ``share_value`` (of all that the
        importer buys at the stage). A year without a row has no flow in the data.
    """
    keys = ["stage", "year", "importer"]
    total = flows.groupby(keys)["value_usd"].sum().rename("total_usd").reset_index()
    own = flows[flows["exporter"].isin(pair) & (flows["exporter"] != flows["importer"])]
    found = own.groupby([*keys, "exporter"], as_index=False).agg(
        value_usd=("value_usd", "sum"), quantity_t=("quantity_t", lambda q: q.sum(min_count=1))
    )
    found = found.merge(total, on=keys)
    found["share_value"] = found["value_usd"] / found["total_usd"]
    return found.drop(columns="total_usd")


def newest_mutual(rows: pd.DataFrame) -> pd.DataFrame:
    """The newest year of each flow of `bilateral`, ready for a table.

    Returns
    -------
    pandas.DataFrame
        ``goods``, ``way`` (from, to), ``year``, ``worth`` (current US$), ``quantity_t``,
        ``bought_part`` (of all that the buyer imports at the stage, by value).
    """
    keys = ["stage", "exporter", "importer"]
    last = rows[rows["year"] == rows.groupby(keys)["year"].transform("max")]
    names = trade.economy_names()
    return last.assign(
        goods=last["stage"].map(stages.PLURALS),
        way=last["exporter"].map(names) + " → " + last["importer"].map(names),
        worth=last["value_usd"],
        bought_part=last["share_value"],
    ).reset_index(drop=True)


def share_cells(table: pd.DataFrame, newest: pd.DataFrame, pair: pairs.Pair) -> pd.DataFrame:
    """Exposure side by side as text: one row a stage, a column for each, and what is in common.

    Parameters
    ----------
    table, newest : pandas.DataFrame
        See `pairs.exposure` and `pairs.latest`.
    pair : (str, str)
    """
    common = {row.stage: row for row in newest.itertuples()}
    rows = []
    for stage in stages.present(table):
        row = common.get(stage)
        own = [_cell(table, stage, code) for code in pair]
        both = [pairs.span_text(row, name) if row else NONE for name in ("share", "exporter")]
        rows.append((stages.PLURALS[stage], *own, *both))
    columns = ["goods", "first_text", "second_text", "common_text", "common_exporter"]
    return pd.DataFrame(rows, columns=columns)


def _cell(table: pd.DataFrame, stage: str, code: str) -> str:
    rows = table[(table["importer"] == code) & (table["stage"] == stage)]
    if rows.empty:
        return NONE
    row = rows.iloc[0]
    part = span(row[["share_value", "share_tonnes"]])
    when = "" if row["year"] == table["year"].max() else f" ({row['year']})"
    value = row["value_usd"]
    small = value < SMALL
    worth = words.show_number(value, "usd" if small else "million_usd")
    return f"{part} of {worth if small else f'${worth}m'}{when}"


def span(shares: pd.Series) -> str:
    """The known ones of some shares as text, from the lowest to the highest: "24% to 62%"."""
    known = sorted(share for share in shares if pd.notna(share))
    return " to ".join(dict.fromkeys(supply.share_text(share) for share in known)) or "not known"


def variant_cells(table: pd.DataFrame) -> pd.DataFrame:
    """`pairs.variants` with the names of the columns of the sensitivity table."""
    names = {"low": "overlap_low", "high": "overlap_high", "effect": "overlap_effect"}
    return table.rename(columns=names)
