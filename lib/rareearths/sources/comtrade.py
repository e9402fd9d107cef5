"""UN Comtrade: annual imports as the importer reports them.

A reply is cut at the row cap without a word, so one that reaches the cap is asked again in parts.
Rows exist for each second partner, customs procedure and mode of transport; only the total row of
each flow is taken. Its terms forbid to publish rows again: raw copies stay local.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import pandas as pd

from rareearths.catalogue import DataError
from rareearths.sources.fetch import Manners, Refused, Request, SourceError, Unusable, one_line
from rareearths.sources.plan import Fetched, KeyRule, Plan, years_in_words

NAME, TABLE = "comtrade", "reported_imports"
TABLES = (TABLE,)
BASE = "https://comtradeapi.un.org"
LICENCE = "UN Comtrade: figures as facts with attribution; rows may not be re-published"
MANNERS = Manners(spacing=2.0)  # at 1.0 s half of the calls of one client drew a 429
KEY = KeyRule("COMTRADE_KEY", "Ocp-Apim-Subscription-Key")
REVISED_YEARS = 2  # reporters restate their latest years
RULE = f"years that are missing or incomplete, and the {REVISED_YEARS} latest, which are revised"
MOST_PERIODS = 12
CAP, PREVIEW_CAP = 100_000, 500  # rows of one reply
MOST_USD = 1e14  # more than all goods trade of a year
WORLD = "0"
TOLERANCE = 0.001  # of the World row; what a sum of rounded partners may miss
TOTALS = {"partner2Code": "0", "customsCode": "C00", "motCode": "0"}
_FIELDS = ("reporterCode", "period", "cmdCode", "partnerCode", "flowCode", "primaryValue",
           "netWgt", *TOTALS)  # fmt: skip
_FLOW = ["importer", "year", "product"]
_KEYS = ["reporterCode", "period", "cmdCode", "partnerCode"]


@dataclass(frozen=True)
class _Part:
    """What one request asks for: codes of reporters, years and products."""

    reporters: tuple[str, ...]
    years: tuple[int, ...]
    products: tuple[str, ...]

    def halves(self) -> Iterator["_Part"]:
        """Split by year, then by reporter, then by product."""
        for name in ("years", "reporters", "products"):
            values = getattr(self, name)
            if len(values) > 1:
                middle = len(values) // 2
                for half in (values[:middle], values[middle:]):
                    yield _Part(**(vars(self) | {name: half}))
                return
        raise Unusable(f"UN Comtrade: {self} alone reaches the row cap; with a key it is higher")

    def __str__(self) -> str:
        return f"{'+'.join(self.reporters)} {years_in_words(self.years)} {'+'.join(self.products)}"


def plan(
    tables: dict,
    since: int | None,
    today: date,
    base: str | None = None,
    keyed: bool = False,
    economies: pd.DataFrame | None = None,
) -> Plan:
    """Say what to ask: importers and products of the present table, years by `RULE`.

    Parameters
    ----------
    tables : dict
        The present tables by name.
    since : int, optional
        Ask for every year from this one on, whatever the rule says.
    today : datetime.date
        Years are asked for to the last complete one.
    base : str, optional
        Address of the API, for tests.
    keyed : bool
        Whether there is a key; without one the preview is asked, 500 rows a reply.
    economies : pandas.DataFrame
        The table ``economies``, for the codes.
    """
    rows = tables[TABLE]
    importers = sorted(rows["importer"].unique())
    if not importers:
        raise DataError(f"{TABLE} has no rows, which say what importers and products to ask for")
    codes = {economy: code for code, economy in _iso3(economies).items()}
    if unknown := [importer for importer in importers if importer not in codes]:
        raise DataError(f"{TABLE}: economies has no area code of {', '.join(unknown)}")
    last = today.year - 1
    years, why = (_chosen_years(rows, last) if since is None else
                  (tuple(range(since, last + 1)), f"every year from {since}"))  # fmt: skip
    rest = {
        "base": base or BASE,
        "keyed": keyed,
        "reporters": tuple(codes[importer] for importer in importers),
        "products": tuple(sorted(rows["product"].unique())),
    }
    asked = tuple(_request(part, rest) for part in _parts(years, rest))
    access = "with a key" if keyed else f"preview without a key, {PREVIEW_CAP} rows a reply"
    return Plan(NAME, TABLES, years, f"{why} ({access})", asked, rest)


def fetch(
    made: Plan, read: Callable, economies: pd.DataFrame, note: Callable[[str], None]
) -> Fetched:
    """Read the plan's flows in the columns of ``reported_imports``.

    ``share_in_source`` stays missing, as the publisher prints none; weights are not in the table.
    ``complete`` is false where the origins do not add up to the reported total.

    Parameters
    ----------
    made, read, economies, note
        As of `rareearths.sources.worldbank.fetch`.

    Raises
    ------
    SourceError
        The quota of the day is used up, the key is refused, or an answer is not what is documented.
    """
    rows = read_flows(made, read, economies, note)
    rows["share_in_source"] = pd.Series(pd.NA, rows.index, dtype="Float64")
    columns = [*_FLOW, "exporter", "value_usd", "share_in_source", "complete"]
    return Fetched({TABLE: rows[columns].reset_index(drop=True)}, "not stated")


def read_flows(
    made: Plan, read: Callable, economies: pd.DataFrame, note: Callable[[str], None]
) -> pd.DataFrame:
    """Read the plan's flows with their weights.

    Returns
    -------
    pandas.DataFrame
        ``importer``, ``year``, ``product``, ``exporter`` (ISO3), ``value_usd`` (current US$, as
        the importer values its imports), ``quantity_t`` (net weight in tonnes; missing where the
        reply has none or zero), ``quantity_estimated`` and ``complete`` (flags).
    """
    records = [
        record
        for part in _parts(made.periods, made.rest)
        for record in _whole_part(part, made.rest, read)
    ]
    if not records:
        raise Unusable(f"UN Comtrade: no row at all for {years_in_words(made.periods)}")
    total = _total_rows(pd.DataFrame(records), note)
    return _with_completeness(_tidy(total, economies), note)


def replaced(made: Plan, table: str, rows: pd.DataFrame) -> pd.Series:
    """Say which of the present rows the new ones stand for: those of the years asked for."""
    return rows["year"].isin(made.periods)


def ordered(table: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Sort the table as the bundled one: the largest origin of each flow first."""
    by = [*_FLOW, "value_usd", "exporter"]
    return rows.sort_values(by, ascending=[True, True, True, False, True], ignore_index=True)


def describe(resource: dict, rows: pd.DataFrame, whole: bool) -> dict:
    """Return the texts of ``datapackage.json`` that a refresh makes untrue."""
    title = resource["title"].rsplit(",", 1)[0]
    by_flow = rows.groupby("year")["complete"].all()
    complete = years_in_words(by_flow.index[by_flow])
    text = (
        "Imports by origin, as the importer reports them. "
        f"All origins are here for {complete or 'no year'}; elsewhere those that are known. "
        "Kept apart from BACI so that it can be refreshed or dropped."
    )
    years = f"{rows['year'].min()}-{rows['year'].max()}"
    return {"title": f"{title}, {years}", "description": text}


def _chosen_years(rows: pd.DataFrame, last: int) -> tuple[tuple[int, ...], str]:
    present = sorted(int(year) for year in rows["year"].unique())
    partial = {int(year) for year in rows.loc[~rows["complete"], "year"].unique()}
    missing = set(range(present[0], last + 1)) - set(present)
    revised = set(present[-REVISED_YEARS:])
    named = {"missing": missing, "incomplete": partial, "may be revised": revised - partial}
    why = "; ".join(f"{what}: {years_in_words(y)}" for what, y in named.items() if y)
    return tuple(sorted(missing | partial | revised)), why


def _iso3(economies: pd.DataFrame) -> dict[str, str]:
    """ISO3 by area code: BACI's codes are those of Comtrade (842 USA, 251 FRA, 490 Taiwan)."""
    coded = economies.dropna(subset=["baci_code"])
    return dict(zip(coded["baci_code"].astype("str"), coded["economy"], strict=True))


def _parts(years: tuple[int, ...], rest: dict) -> Iterator[_Part]:
    for first in range(0, len(years), MOST_PERIODS):
        yield _Part(rest["reporters"], years[first : first + MOST_PERIODS], rest["products"])


def _request(part: _Part, rest: dict) -> Request:
    path = "data/v1/get" if rest["keyed"] else "public/v1/preview"
    params = TOTALS | {
        "reporterCode": ",".join(part.reporters),
        "period": ",".join(map(str, part.years)),
        "cmdCode": ",".join(part.products),
        "flowCode": "M",
        "breakdownMode": "classic",
        "maxRecords": str(_cap(rest)),
        "includeDesc": "false",
    }
    return Request(f"{rest['base']}/{path}/C/A/HS", params)


def _cap(rest: dict) -> int:
    return CAP if rest["keyed"] else PREVIEW_CAP


def _whole_part(part: _Part, rest: dict, read: Callable) -> Iterator[dict]:
    """Read one part, in smaller ones where the reply is cut at the cap."""
    try:
        data = read(_request(part, rest), lambda data: len(_records(data, part)))
    except Refused as error:
        raise _explained(error) from None
    records = _records(data, part)
    if len(records) < _cap(rest):
        yield from records
        return
    for half in part.halves():
        yield from _whole_part(half, rest, read)


def _explained(error: Refused) -> SourceError:
    if error.status == 403 and "quota" in error.excerpt.lower():
        return SourceError(
            f"UN Comtrade: the quota of the day is used up ({error.excerpt}); run the same command "
            "again after that, it goes on where it stopped"
        )
    if error.status in (401, 403):
        return SourceError(
            f"UN Comtrade does not accept the key (status {error.status}: {error.excerpt}); "
            f"set {KEY.variable}, or unset it to read the preview"
        )
    return error


def _records(data, part: _Part) -> list[dict]:
    """Return the rows of a reply after it was found to answer what was asked."""
    said = (data.get("error") or data.get("message")) if isinstance(data, dict) else None
    if said:
        raise Unusable(f"UN Comtrade, {part}: the answer is an error: {one_line(said)}")
    rows = data.get("data") if isinstance(data, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unusable(f"UN Comtrade, {part}: the answer has no list 'data'")
    for row in rows:
        lacking = [name for name in _FIELDS if name not in row]
        if lacking:
            raise Unusable(f"UN Comtrade, {part}: a row has no field {lacking[0]!r}")
        if not re.fullmatch(r"[0-9]+", str(row["partnerCode"])):
            code = one_line(row["partnerCode"])
            raise Unusable(f"UN Comtrade, {part}: {code!r} is no partner code")
        asked = (
            str(row["reporterCode"]) in part.reporters
            and str(row["period"]) in map(str, part.years)
            and str(row["cmdCode"]) in part.products
            and row["flowCode"] == "M"
        )
        if not asked:
            flow = [
                one_line(row[name]) for name in ("reporterCode", "period", "cmdCode", "flowCode")
            ]
            raise Unusable(f"UN Comtrade, {part}: a row was not asked for: {' '.join(flow)}")
    return rows


def _total_rows(rows: pd.DataFrame, note: Callable[[str], None]) -> pd.DataFrame:
    """Reduce rows by second partner, customs procedure and transport to the total of each flow."""
    rows = rows.astype(dict.fromkeys([*_KEYS, *TOTALS], "str"))
    is_total = pd.concat([rows[name] == code for name, code in TOTALS.items()], axis=1).all(axis=1)
    total = rows[is_total]
    flows, totals = rows[_KEYS].drop_duplicates(), total[_KEYS].drop_duplicates()
    if len(totals) < len(flows):
        lost = flows.merge(totals, how="left", indicator=True).query("_merge == 'left_only'")
        raise Unusable(f"UN Comtrade: no total row for {' '.join(lost.iloc[0][_KEYS])}")
    if len(total) > len(totals):
        first = total[total.duplicated(_KEYS)].iloc[0]
        raise Unusable(f"UN Comtrade: two total rows for {' '.join(first[_KEYS])}")
    if len(rows) > len(total):
        note(f"UN Comtrade: {len(rows) - len(total)} rows that break flows down are left out")
    return total


def _tidy(total: pd.DataFrame, economies: pd.DataFrame) -> pd.DataFrame:
    iso3 = _iso3(economies)
    weight = _numbers(total["netWgt"], "netWgt")
    value = _numbers(total["primaryValue"], "primaryValue")
    if not value.between(0, MOST_USD).all():
        raise Unusable("UN Comtrade: a flow has no value, or one that cannot be (primaryValue)")
    estimated = total.get("isNetWgtEstimated", pd.Series(False, total.index))
    return pd.DataFrame(
        {
            "importer": total["reporterCode"].map(iso3),
            "year": total["period"].astype("int64"),
            "product": total["cmdCode"],
            "exporter": total["partnerCode"].map(iso3),
            "partner": total["partnerCode"],
            "value_usd": value.round().astype("int64"),
            "quantity_t": (weight / 1000).where(weight > 0),  # zero means that none is known
            "quantity_estimated": [flag is True for flag in estimated.to_list()],
        }
    )


def _numbers(column: pd.Series, name: str) -> pd.Series:
    try:
        return pd.to_numeric(column).astype("float64")
    except (TypeError, ValueError, OverflowError):
        raise Unusable(f"UN Comtrade: a value of {name} is no number") from None


def _with_completeness(rows: pd.DataFrame, note: Callable[[str], None]) -> pd.DataFrame:
    """Compare the origins with the World row, tell every difference, and drop aggregates."""
    world = rows[rows["partner"] == WORLD].set_index(_FLOW)["value_usd"]
    origins = rows[rows["partner"] != WORLD]
    unknown = origins[origins["exporter"].isna()]
    if len(unknown):
        codes = ", ".join(sorted(unknown["partner"].unique()))
        value = f"{unknown['value_usd'].sum():,} US$"
        note(f"UN Comtrade: {value} of partners that are no economy, left out (codes {codes})")
    origins = origins.dropna(subset=["exporter"])
    known = origins.groupby(_FLOW)["value_usd"].sum()
    both = pd.DataFrame({"world": world, "origins": known})
    both["origins"] = both["origins"].fillna(0)
    short = (both["origins"] - both["world"]).abs() > TOLERANCE * both["world"]
    for flow, row in both[short | both["world"].isna()].iterrows():
        said = "not reported" if pd.isna(row["world"]) else f"{row['world']:,.0f} US$"
        name = " ".join(map(str, flow))
        note(f"UN Comtrade: {name}: origins sum to {row['origins']:,.0f} US$, World is {said}")
    complete = ~(short | both["world"].isna())
    origins = origins.join(complete.rename("complete"), on=_FLOW)
    return origins.drop(columns="partner").reset_index(drop=True)
