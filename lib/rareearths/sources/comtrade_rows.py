"""The rows of a reply of UN Comtrade: checked, reduced to totals, in units, against the World row.

Rows exist for each second partner, customs procedure and mode of transport; only the total row of
each flow is taken.
"""

import re
from collections.abc import Callable, Iterable

import pandas as pd

from rareearths.catalogue import DataError
from rareearths.sources.fetch import Unusable, one_line

WORLD = "0"
MOST_USD = 1e14  # more than all goods trade of a year
TOLERANCE = 0.001  # of the World row; what a sum of rounded partners may miss
KEYS = ["reporter", "year", "product"]
_CODES = ["reporterCode", "period", "cmdCode", "partnerCode"]
TOTALS = {"partner2Code": "0", "customsCode": "C00", "motCode": "0"}
_FIELDS = (*_CODES, "flowCode", "primaryValue", "netWgt", *TOTALS)


def area_codes(economies: pd.DataFrame) -> dict[str, str]:
    """ISO3 by area code: BACI's codes are those of Comtrade (842 USA, 251 FRA, 490 Taiwan)."""
    coded = economies.dropna(subset=["baci_code"])
    return dict(zip(coded["baci_code"].astype("str"), coded["economy"], strict=True))


def codes_of(side: Iterable[str], economies: pd.DataFrame, table: str) -> tuple[str, ...]:
    """Area codes of the economies in a column of a table, in the order of their ISO3 codes."""
    codes = {economy: code for code, economy in area_codes(economies).items()}
    chosen = sorted(set(side))
    if unknown := [economy for economy in chosen if economy not in codes]:
        raise DataError(f"{table}: economies has no area code of {', '.join(unknown)}")
    return tuple(codes[economy] for economy in chosen)


def checked(data: object, part) -> list[dict]:
    """Return the rows of a reply after it was found to answer what was asked.

    Parameters
    ----------
    data : object
        The JSON of the reply.
    part : rareearths.sources.comtrade_parts.Part
        What was asked.

    Raises
    ------
    Unusable
        It is an error, has another shape, or a row that was not asked for.
    """
    rows = listed(data, part)
    for row in rows:
        lacking = [name for name in _FIELDS if name not in row]
        if lacking:
            raise Unusable(f"UN Comtrade, {part}: a row has no field {lacking[0]!r}")
        partner = str(row["partnerCode"])
        if not re.fullmatch(r"[0-9]+", partner):
            raise Unusable(f"UN Comtrade, {part}: {one_line(partner)!r} is no partner code")
        asked = (
            str(row["reporterCode"]) in part.reporters
            and str(row["period"]) in map(str, part.years)
            and str(row["cmdCode"]) in part.products
            and row["flowCode"] == part.flow
            and (not part.partners or partner in part.partners)
        )
        if not asked:
            flow = [one_line(row[name]) for name in (*_CODES[:3], "flowCode", _CODES[3])]
            raise Unusable(f"UN Comtrade, {part}: a row was not asked for: {' '.join(flow)}")
    return rows


def listed(data: object, what: object) -> list[dict]:
    """Return the list ``data`` of a reply; raises `Unusable` for an error and for another shape."""
    said = (data.get("error") or data.get("message")) if isinstance(data, dict) else None
    if said:
        raise Unusable(f"UN Comtrade, {what}: the answer is an error: {one_line(said)}")
    rows = data.get("data") if isinstance(data, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unusable(f"UN Comtrade, {what}: the answer has no list 'data'")
    return rows


def tidy(records: list[dict], iso3: dict[str, str], note: Callable[[str], None]) -> pd.DataFrame:
    """Return the total row of each flow.

    Parameters
    ----------
    records : list of dict
        Checked rows.
    iso3 : dict
        ISO3 by area code.
    note : callable
        Gets a line for what is left out.

    Returns
    -------
    pandas.DataFrame
        ``reporter``, ``partner`` (ISO3; missing for what is no economy), ``partner_code``,
        ``year`` (or month, as 202601), ``product``, ``value_usd`` (whole current US$),
        ``quantity_t`` (net weight in tonnes; missing where the reply has none or zero) and
        ``quantity_estimated`` (flag).

    Raises
    ------
    Unusable
        A flow has no total row, or two; a value is none or cannot be.
    """
    total = _total_rows(pd.DataFrame(records, columns=None if records else _FIELDS), note)
    weight = _numbers(total["netWgt"], "netWgt")
    value = _numbers(total["primaryValue"], "primaryValue")
    if not value.between(0, MOST_USD).all():
        raise Unusable("UN Comtrade: a flow has no value, or one that cannot be (primaryValue)")
    estimated = total.get("isNetWgtEstimated", pd.Series(False, total.index))
    return pd.DataFrame(
        {
            "reporter": total["reporterCode"].map(iso3),
            "year": total["period"].astype("int64"),
            "product": total["cmdCode"],
            "partner": total["partnerCode"].map(iso3),
            "partner_code": total["partnerCode"],
            "value_usd": value.round().astype("int64"),
            "quantity_t": (weight / 1000).where(weight > 0),  # zero means that none is known
            "quantity_estimated": [flag is True for flag in estimated.to_list()],
        }
    )


def with_completeness(rows: pd.DataFrame, note: Callable[[str], None]) -> pd.DataFrame:
    """Compare the partners with the World row, tell every difference, and drop aggregates.

    Returns
    -------
    pandas.DataFrame
        The rows of economies with ``complete``: whether the partners add up to the World row.
    """
    world, partners = _apart(rows)
    unknown = partners[partners["partner"].isna()]
    if len(unknown):
        codes = ", ".join(sorted(unknown["partner_code"].unique()))
        value = f"{unknown['value_usd'].sum():,} US$"
        note(f"UN Comtrade: {value} of partners that are no economy, left out (codes {codes})")
    partners = partners.dropna(subset=["partner"])
    both = _beside_world(partners, world)
    short = (both["known"] - both["world"]).abs() > TOLERANCE * both["world"]
    for flow, row in both[short | both["world"].isna()].iterrows():
        note(f"{_named(flow)}: origins sum to {row['known']:,.0f} US$, {_world_words(row)}")
    complete = ~(short | both["world"].isna())
    return partners.join(complete.rename("complete"), on=KEYS).reset_index(drop=True)


def within_world(rows: pd.DataFrame, note: Callable[[str], None]) -> pd.DataFrame:
    """Tell where some partners together exceed the World row or none is given, and drop aggregates.

    For replies that hold some of the partners only.
    """
    world, partners = _apart(rows)
    partners = partners.dropna(subset=["partner"])
    both = _beside_world(partners, world)
    both = both[both["known"] > 0]
    above = both["known"] > (1 + TOLERANCE) * both["world"]
    for flow, row in both[above | both["world"].isna()].iterrows():
        note(f"{_named(flow)}: destinations sum to {row['known']:,.0f} US$, {_world_words(row)}")
    return partners.reset_index(drop=True)


def _apart(rows: pd.DataFrame) -> tuple[pd.Series, pd.DataFrame]:
    is_world = rows["partner_code"] == WORLD
    return rows[is_world].set_index(KEYS)["value_usd"], rows[~is_world]


def _beside_world(partners: pd.DataFrame, world: pd.Series) -> pd.DataFrame:
    both = pd.DataFrame({"world": world, "known": partners.groupby(KEYS)["value_usd"].sum()})
    return both.assign(known=both["known"].fillna(0))  # no row of a partner: nothing to add up


def _named(flow: tuple) -> str:
    return f"UN Comtrade: {' '.join(map(str, flow))}"


def _world_words(row: pd.Series) -> str:
    return "World is " + ("not reported" if pd.isna(row["world"]) else f"{row['world']:,.0f} US$")


def _total_rows(rows: pd.DataFrame, note: Callable[[str], None]) -> pd.DataFrame:
    """Reduce rows by second partner, customs procedure and transport to the total of each flow."""
    rows = rows.astype(dict.fromkeys([*_CODES, *TOTALS], "str"))
    is_total = pd.concat([rows[name] == code for name, code in TOTALS.items()], axis=1)
    total = rows[is_total.all(axis=1)]
    flows, totals = rows[_CODES].drop_duplicates(), total[_CODES].drop_duplicates()
    if len(totals) < len(flows):
        lost = flows.merge(totals, how="left", indicator=True).query("_merge == 'left_only'")
        raise Unusable(f"UN Comtrade: no total row for {' '.join(lost.iloc[0][_CODES])}")
    if len(total) > len(totals):
        first = total[total.duplicated(_CODES)].iloc[0]
        raise Unusable(f"UN Comtrade: two total rows for {' '.join(first[_CODES])}")
    if len(rows) > len(total):
        note(f"UN Comtrade: {len(rows) - len(total)} rows that break flows down are left out")
    return total


def _numbers(column: pd.Series, name: str) -> pd.Series:
    try:
        return pd.to_numeric(column).astype("float64")
    except (TypeError, ValueError, OverflowError):
        raise Unusable(f"UN Comtrade: a value of {name} is no number") from None
