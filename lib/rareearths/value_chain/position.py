"""Where an economy stands in a chain: balance, unit value and comparative advantage by stage.

Every function takes the flows of `load_flows`: all trade of the world in one material, with the
stage of each flow. Magnets of rare earths are a selection (flows above one value, see `stages`):
their suppliers are listed for a few importers, their customers for fewer still. What is not listed
is unknown, never zero. Values are current US$, unit values US$ per kg of gross weight.
"""

import numpy as np
import pandas as pd

from rareearths import catalogue, quality, stages, trade

EXPORTS_LISTED = ("JPN",)  # whose customers of magnets are listed, see `magnets` in data/README.md
SIDES = {"exports": "exporter", "imports": "importer"}
LEAST_USD = 100_000  # a stage traded for less in a year has no ratio: one consignment decides


def load_flows(material: str, years: tuple[int, int], magnets: bool = True) -> pd.DataFrame:
    """Load the world's trade in a material with the stage of each flow.

    Parameters
    ----------
    material : str
        A material of ``reference/materials.csv``.
    years : (int, int)
        First and last year.
    magnets : bool
        Whether the listed flows of magnets come along (rare earths only), those from
        `stages.magnet_limit` on.

    Returns
    -------
    pandas.DataFrame
        Canonical flows, see `trade.load_flows`, with ``stage``. Years that a known break of the
        whole material marks C are left out.

    Raises
    ------
    UnknownCode, ValueError
        As `trade.load_flows`.
    """
    flows = trade.load_flows(products=trade.check_material(material), years=years)
    flows = quality.reliable(flows, "", material)
    stage = catalogue.load("products").set_index("hs6")["stage"]
    flows = flows.assign(stage=flows["product"].map(stage))
    if material != stages.WITH_MAGNETS or not magnets:
        return flows
    listed = load_magnets(years).assign(stage=stages.MAGNETS)
    return pd.concat([flows, listed[flows.columns]], ignore_index=True)


def load_magnets(years: tuple[int, int], limit: float | None = None) -> pd.DataFrame:
    """Load the listed flows of magnets of at least ``limit`` US$ (by default the common limit)."""
    rows = catalogue.load("magnets")
    limit = stages.magnet_limit() if limit is None else limit
    rows = rows[rows["year"].between(*years) & (rows["value_usd"] >= limit)]
    return rows.astype({"year": "int64", "value_usd": "int64", "quantity_t": "float64"})


def importers_listed() -> list[str]:
    """The economies whose suppliers of magnets are listed in every year."""
    listed = catalogue.load("magnets_coverage")["importers_listed"].str.split(";")
    return sorted(set.intersection(*map(set, listed)))


def both_ways(economy: str, stage: str) -> bool:
    """Whether exports and imports of a stage are both in the data for this economy."""
    if stage != stages.MAGNETS:
        return True
    return economy in EXPORTS_LISTED and economy in importers_listed()


def balance(flows: pd.DataFrame, economy: str) -> pd.DataFrame:
    """Exports, imports and balance of one economy by stage and year.

    Parameters
    ----------
    flows : pandas.DataFrame
        See `load_flows`.
    economy : str
        ISO3 code.

    Returns
    -------
    pandas.DataFrame
        ``stage``, ``year``, ``exports_usd``, ``imports_usd``, ``balance_usd``, ``ntb`` (see
        `normalised_balance`), ``exports_usd_per_kg``, ``imports_usd_per_kg`` (missing where weights
        are known for less than `trade.LEAST_COVERAGE` of the value) and ``unit_value_ratio``
        (exports over imports). What is not listed is missing; a ratio of a stage traded for less
        than `LEAST_USD` is missing too.

    References
    ----------
    docs/methods/position.md
    """
    trade.check_economy(economy)
    parts = {name: _side(flows[flows[by] == economy], name) for name, by in SIDES.items()}
    table = pd.concat(parts.values(), axis=1).sort_index()
    sums = [f"{name}_usd" for name in SIDES]
    table[sums] = table[sums].fillna(0)  # the table of trade is complete: no row is no trade
    table = _blank_unlisted(table, economy)
    table["balance_usd"] = table["exports_usd"] - table["imports_usd"]
    enough = table[sums].sum(axis=1, skipna=False) >= LEAST_USD
    table["ntb"] = normalised_balance(table["exports_usd"], table["imports_usd"]).where(enough)
    ratio = table["exports_usd_per_kg"] / table["imports_usd_per_kg"]
    table["unit_value_ratio"] = ratio.where((table[sums] >= LEAST_USD).all(axis=1))
    return table.reset_index()


def _side(flows: pd.DataFrame, name: str) -> pd.DataFrame:
    keys = ["stage", "year"]
    known = flows.dropna(subset=["quantity_t"])
    sums = known.groupby(keys)[["value_usd", "quantity_t"]].sum()
    value = flows.groupby(keys)["value_usd"].sum()
    covered = sums["value_usd"] >= trade.LEAST_COVERAGE * value.reindex(sums.index)
    per_kg = (sums["value_usd"] / (1000 * sums["quantity_t"])).where(covered)
    return pd.DataFrame({f"{name}_usd": value, f"{name}_usd_per_kg": per_kg})


def _blank_unlisted(table: pd.DataFrame, economy: str) -> pd.DataFrame:
    """Make missing what a selection of flows cannot tell."""
    of_magnets = table.index.get_level_values("stage") == stages.MAGNETS
    if not of_magnets.any():
        return table
    if economy not in EXPORTS_LISTED:
        table.loc[of_magnets, ["exports_usd", "exports_usd_per_kg"]] = np.nan
    if economy not in importers_listed():
        table.loc[of_magnets, ["imports_usd", "imports_usd_per_kg"]] = np.nan
    return table.dropna(subset=["exports_usd", "imports_usd"], how="all")


def normalised_balance(exports, imports):
    """Return the trade balance over the trade, (x - m) / (x + m), in [-1, 1].

    1: only exports; -1: only imports; NaN without trade.

    References
    ----------
    docs/methods/position.md

    Examples
    --------
    >>> float(normalised_balance(3.0, 1.0))
    0.5
    """
    total = np.asarray(exports, dtype=float) + np.asarray(imports, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(total > 0, (np.asarray(exports) - np.asarray(imports)) / total, np.nan)
    return pd.Series(found, exports.index) if isinstance(exports, pd.Series) else found


def below_limit(economy: str, years: tuple[int, int]) -> dict[str, tuple[float, float]]:
    """How much of an economy's magnet trade lies below the common limit, where it can be seen.

    Years whose own list reaches down to a tenth of the limit or further show it.

    Returns
    -------
    dict of str to (float, float)
        ``exports`` and ``imports``: lowest and highest share of the listed value of a year that
        lies below the limit; (0, 0) where no year shows it.
    """
    limit, coverage = stages.magnet_limit(), catalogue.load("magnets_coverage")
    deep = coverage.loc[coverage["smallest_value_usd"] <= limit / 10, "year"]
    rows = load_magnets(years, limit=0)
    rows = rows[rows["year"].isin(deep)]
    found = {}
    for name, by in SIDES.items():
        own = rows[rows[by] == economy]
        total = own.groupby("year")["value_usd"].sum()
        below = own[own["value_usd"] < limit].groupby("year")["value_usd"].sum()
        share = below.reindex(total.index, fill_value=0) / total
        found[name] = (float(share.min()), float(share.max())) if len(share) else (0.0, 0.0)
    return found


def ntb_bounds(row: pd.Series, missing: dict[str, tuple[float, float]]) -> tuple[float, float]:
    """Bounds of the normalised balance of magnets when flows below the limit are added.

    Parameters
    ----------
    row : pandas.Series
        ``exports_usd``, ``imports_usd``.
    missing : dict
        See `below_limit`; a share m of the whole is missing, so that the whole is value / (1 - m).
    """
    more_exports = row["exports_usd"] / (1 - missing["exports"][1])
    more_imports = row["imports_usd"] / (1 - missing["imports"][1])
    low = normalised_balance(row["exports_usd"], more_imports)
    high = normalised_balance(more_exports, row["imports_usd"])
    return float(low), float(high)


def economies(importer: str, peers: list[str], exporter: str) -> list[str]:
    """Return the importer and its peers, each once, after a check of all codes.

    Raises
    ------
    UnknownCode
        A code that the data do not know.
    ValueError
        Importer and exporter are the same.
    """
    for code in (importer, exporter, *peers):
        trade.check_economy(code)
    if importer == exporter:
        same = f"importer and exporter are the same economy, {importer}"
        raise ValueError(f"{same}; name another exporter")
    return list(dict.fromkeys([importer, *peers]))


def standing(flows: pd.DataFrame, codes: list[str], size: int = 5) -> pd.DataFrame:
    """Balance of each economy by stage over the last years of the flows, with its range.

    Parameters
    ----------
    flows : pandas.DataFrame
        See `load_flows`.
    codes : list of str
        ISO3 codes.
    size : int
        Number of years.

    Returns
    -------
    pandas.DataFrame
        ``stage``, ``economy``, ``exports_usd``, ``imports_usd``, ``balance_usd`` (a year, mean),
        ``value`` (normalised balance of all years together), ``low``, ``high`` (lowest and highest
        year; of magnets with what lies below the limit, see `ntb_bounds`), ``exports_usd_per_kg``,
        ``imports_usd_per_kg`` (of the last year with both, else with
        one of them), ``years`` (text).
    """
    last = int(flows["year"].max())
    recent = flows[flows["year"] > last - size]
    span = (int(recent["year"].min()), last)
    rows = []
    for code in codes:
        table = balance(recent, code)
        for stage in [s for s in stages.ORDER if s in set(table["stage"])]:
            part = table[table["stage"] == stage]
            rows.append({"stage": stage, "economy": code} | _standing(part, code, stage, span))
    columns = ["stage", "economy", "exports_usd", "imports_usd", "balance_usd", "value", "low"]
    columns += ["high", "exports_usd_per_kg", "imports_usd_per_kg", "years"]
    return pd.DataFrame(rows, columns=columns)


def last_years(flows: pd.DataFrame, size: int = 5) -> str:
    """The last years of the flows, as text: the years of `standing`."""
    last = int(flows["year"].max())
    first = int(flows.loc[flows["year"] > last - size, "year"].min())
    return f"{first}–{last}" if first < last else str(last)


def _standing(part: pd.DataFrame, code: str, stage: str, span: tuple[int, int]) -> dict:
    n = span[1] - span[0] + 1
    sums = {f"{name}_usd": part[f"{name}_usd"].sum(min_count=1) / n for name in SIDES}
    ends = list(part["ntb"].dropna())
    if stage == stages.MAGNETS and both_ways(code, stage):
        missing = below_limit(code, span)
        ends += [end for _, row in part.iterrows() for end in ntb_bounds(row, missing)]
    known = sum(sums.values()) >= LEAST_USD
    value = float(normalised_balance(sums["exports_usd"], sums["imports_usd"]))
    prices = ["exports_usd_per_kg", "imports_usd_per_kg"]
    weighed = part.dropna(subset=prices)
    weighed = part.dropna(subset=prices, how="all") if weighed.empty else weighed
    newest = weighed.iloc[-1] if len(weighed) else dict.fromkeys(prices, np.nan)
    return (
        sums
        | {
            "balance_usd": sums["exports_usd"] - sums["imports_usd"],
            "value": value if known else np.nan,
            "low": min(ends, default=np.nan),
            "high": max(ends, default=np.nan),
            "years": f"{span[0]}–{span[1]}" if n > 1 else str(span[0]),
        }
        | {name: newest[name] for name in prices}
    )
