"""Tables of the outlook: targets, the balance by stage, months of cover, projects, assumptions."""

import numpy as np
import pandas as pd

from rareearths import assumptions, trade
from rareearths.scenarios import balance, capacity, outlook, packages, party, uncertainty
from rareearths.scenarios.levers import STAGE_NAMES
from rareearths.scenarios.party import BASE_YEAR, GROUPS, Party
from rareearths.words import ranged, show_number


def target_table(outlooks: dict, target: float) -> pd.DataFrame:
    """When the target is reached, by package and group; see `outlook.first_year`.

    Returns
    -------
    pandas.DataFrame
        ``element_group``, ``lever_package``, ``chance_now`` and ``chance_end`` (share of draws) and
        ``year_from`` (median and middle 90%, of the draws that reach it).
    """
    rows = []
    for group, name in GROUPS.items():
        for package, done in outlooks.items():
            found = outlook.first_year(done, group, target)
            rows.append(
                {
                    "element_group": name[0].upper() + name[1:],
                    "lever_package": packages.name_of(package),
                    "chance_now": outlook.reached(done, group, target).iloc[0],
                    "chance_end": found["probability"],
                    "year_from": _year_text(found),
                }
            )
    return pd.DataFrame(rows)


def path_table(outlooks: dict, group: str) -> pd.DataFrame:
    """The dependence of each year under each package, as text: median and middle 90% of draws.

    Returns
    -------
    pandas.DataFrame
        ``lever_year`` and one column a package, named ``path_`` and its code.
    """
    years = next(iter(outlooks.values())).years
    columns = {
        f"path_{package}": [_share(done.dependence(group)[:, at]) for at in range(len(years))]
        for package, done in outlooks.items()
    }
    return pd.DataFrame({"lever_year": years.astype(str)} | columns)


def lever_table(table: pd.DataFrame, done: outlook.Outlook, group: str) -> pd.DataFrame:
    """What each lever takes off the dependence in each year, and how long the stock lasts, as text.

    Parameters
    ----------
    table : pandas.DataFrame
        See `levers.by_year`.
    done : Outlook
        Of the same package, with all years of the table.

    Returns
    -------
    pandas.DataFrame
        ``lever_year``, ``adds_`` and each lever of `packages.LEVERS` (points; median and middle
        90% of draws, beside them a mean that lies outside), ``adds_stock`` (months of cover).
    """
    wide = {step: rows.set_index("year") for step, rows in table.groupby("step")}
    months = pd.DataFrame(outlook.cover(done, group), index=done.years)
    rows = []
    for year in sorted(table["year"].unique()):
        row = {"lever_year": str(year)}
        for lever in packages.LEVERS:
            at = wide[lever].loc[year]
            row[f"adds_{lever}"] = _lever_text(at)
        rows.append(row | {"adds_stock": _months(months.loc[year].to_dict())})
    return pd.DataFrame(rows)


def _lever_text(row: pd.Series) -> str:
    """A row of `levers.by_year`: the median with its range, and a mean that lies outside it."""
    text = points_text(row["median"], row["low"], row["high"])
    mean, low, high = (round(100 * row[name], 1) for name in ("mean", "low", "high"))
    return text if low <= mean <= high else f"{text}; mean {show_number(row['mean'], 'points')}"


def points_text(middle: float, low: float, high: float) -> str:
    """A change in percentage points with its range; no change is 0.0, without a sign.

    Examples
    --------
    >>> points_text(-0.02, -0.05, 0.0)
    '−2.0 (−5.0 to 0.0)'
    """
    return ranged(middle, low, high, "points").replace("+0.0", "0.0")


def _share(values: np.ndarray) -> str:
    low, middle, high = np.percentile(values, [5, 50, 95])
    return ranged(middle, low, high, "pct0")


def _year_text(found: dict) -> str:
    if found["year"] is None:
        return "in no draw"
    if found["early"] == found["late"] == BASE_YEAR:
        return "from the start"
    return ranged(found["year"], found["early"], found["late"], "year")


def balance_table(done: outlook.Outlook) -> pd.DataFrame:
    """What each stage could carry to the end in the first and the last year, beside the need.

    Returns
    -------
    pandas.DataFrame
        ``element_group``, ``stage_name`` (the last row of a group is the need), ``level_first`` and
        ``level_last``: tonnes of oxide as text, median and middle 90% of draws.
    """
    rows = []
    for group, name in GROUPS.items():
        chain, need = done.chains[group], done.need[group]
        stages = [STAGE_NAMES[stage].capitalize() for stage in chain.capacity]
        for label, level in zip([*stages, "Need"], [*balance.levels(chain), need], strict=True):
            first, last = (_tonnes(level[:, at] * np.ones(len(need))) for at in (0, -1))
            rows.append([name[0].upper() + name[1:], label, first, last])
    columns = ["element_group", "stage_name", "level_first", "level_last"]
    return pd.DataFrame(rows, columns=columns)


def _tonnes(values: np.ndarray) -> str:
    low, middle, high = np.percentile(values, [5, 50, 95])
    return ranged(middle, low, high, "count")


def cover_table(outlooks: dict) -> pd.DataFrame:
    """Months that the stock lasts if all deliveries stop in the last year.

    Returns
    -------
    pandas.DataFrame
        ``lever_package``, ``lever_stock`` (days, with the range) and one column a group with the
        months.
    """
    rows = []
    for package, done in outlooks.items():
        days = packages.settings(package)["stock_days"]
        row = {
            "lever_package": packages.name_of(package),
            "lever_stock": ranged(days.value, days.low, days.high, "count") + " days",
        }
        for group in GROUPS:
            band = {k: float(v[-1]) for k, v in outlook.cover(done, group).items()}
            row[f"cover_{group}"] = _months(band)
        rows.append(row)
    return pd.DataFrame(rows)


def _months(band: dict) -> str:
    if band["high90"] > 120:
        return f"over {show_number(band['low90'], 'few')}"
    return ranged(band["median"], band["low90"], band["high90"], "one")


def project_table() -> pd.DataFrame:
    """The projects that are counted, with what each adds when it makes what it states.

    Returns
    -------
    pandas.DataFrame
        ``lever_project`` (with ``source_url``), ``where``, ``adds_at``, ``lever_adds`` (tonnes a
        year) and ``begins`` (start and status).
    """
    rows = capacity.load_projects()
    names = trade.economy_names()
    goods = GROUPS | {capacity.MAGNETS: "magnets"}
    return pd.DataFrame(
        {
            "lever_project": rows["project"],
            "source_url": rows["source_url"],
            "where": rows["economy"].map(names),
            "adds_at": [STAGE_NAMES[stage] for stage in rows["stage"]],
            "lever_adds": [_adds(row, goods) for row in rows.itertuples()],
            "begins": [_begins(row) for row in rows.itertuples()],
        }
    )


def _adds(row, goods: dict) -> str:
    ends = [row.capacity_t * part for part in (row.value, row.low, row.high)]
    return f"{ranged(*ends, 'count')} t {goods[row.group]}"


def _begins(row) -> str:
    year = "no year" if np.isnan(row.start) else f"{row.start:.0f}"
    return f"{year}, {row.status}"


def need_rows(of: Party) -> pd.DataFrame:
    """The rows of ``model_parameters`` that hold its use of magnets; empty where none does."""
    rows = assumptions.load(party.MODEL)
    return rows[rows.index.isin([f"magnet_use_{area.lower()}" for area in of.areas])]


def used_rows(of: Party) -> pd.DataFrame:
    """The rows of ``model_parameters`` that the page rests on, see `assumptions.load`."""
    rows = assumptions.load(party.MODEL)
    spans = uncertainty.ranges(of, packages.REFERENCE)
    return rows[rows.index.isin(spans)]
