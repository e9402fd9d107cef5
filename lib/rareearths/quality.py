"""How far the numbers can be trusted: marks, and what each caution does to a share.

A mark is A (no fault found), B (use with care) or C (do not rely on it), for one HS code of one
importer in one year. The rule stands in docs/methods/data_quality.md; its thresholds are here.
"""

import numpy as np
import pandas as pd

from rareearths import catalogue, trade, words

COVERAGE_A, COVERAGE_B = 0.95, 0.80  # least share of value with a known weight
DIFFERENCE_A, DIFFERENCE_B = 0.05, 0.10  # largest distance of a published share, fraction
RATIO_A, RATIO_B = 1.25, 2.0  # largest ratio of reported to reconciled value, or its inverse
MARKS = ("A", "B", "C")
_KEYS = ["product", "year"]
_PLACES = {"WLD": "World", "ROW": "Other countries"}


def quality_marks(
    importer: str,
    material: str,
    years: int | tuple[int, int] | None = None,
    exporter: str = "CHN",
) -> pd.DataFrame:
    """Mark the figures of one importer and material, code by code and year by year.

    Parameters
    ----------
    importer, exporter : str
        ISO3 codes; published and reported figures are those on this exporter.
    material : str
        A material; published shares are those of the whole material.
    years : int or (int, int), optional
        One year, or the first and the last year.

    Returns
    -------
    pandas.DataFrame
        One row for each ``product`` and ``year`` with imports: ``label`` (name of the product),
        ``coverage`` (share of the import value with a known weight), ``published_difference``
        (published minus computed share, of the page that comes nearest; fraction),
        ``reported_ratio`` (reported / BACI value), ``known_break`` (text), each missing where there
        is nothing to compare; ``compared`` (whether a published or a reported figure exists),
        ``mark`` and ``reason`` (text).
        Empty when nothing was imported.

    Raises
    ------
    UnknownCode, ValueError
        As `trade.load_flows`; an HS6 code is no material.

    References
    ----------
    docs/methods/data_quality.md
    """
    trade.check_economy(exporter)
    trade.check_material(material)
    flows = trade.load_flows(importer, products=material, years=years)
    rows = coverage_by_product(flows)
    rows.insert(1, "label", rows["product"].map(trade.product_labels()).astype("str"))
    rows["published_difference"] = rows["year"].map(
        _nearest_published(flows, importer, exporter, material)
    )
    reported = trade.compare_reported(flows, importer, exporter).set_index(_KEYS)["ratio"]
    rows["reported_ratio"] = _looked_up(rows, reported)
    breaks = _breaks_by_year(rows, importer, material)
    rows["known_break"] = _looked_up(rows, breaks["description"], "str")
    rows["compared"] = rows[["published_difference", "reported_ratio"]].notna().any(axis=1)
    grades = _grades(rows).assign(known_break=_looked_up(rows, breaks["grade"]).fillna(0))
    rows["mark"] = grades.max(axis=1).astype(int).map(dict(enumerate(MARKS))).astype("str")
    rows["reason"] = pd.Series(
        [_reason(row, grades.loc[row.Index]) for row in rows.itertuples()], rows.index, dtype="str"
    )
    return rows


def add_marks(
    table: pd.DataFrame, importer: str, material: str, year: int, exporter: str = "CHN"
) -> pd.DataFrame:
    """Add to a table with a row a ``product`` the ``mark`` and ``reason`` of one year."""
    marks = quality_marks(importer, material, year, exporter)
    return table.merge(marks[["product", "mark", "reason"]], on="product", how="left")


def marks_in_words(marks: pd.DataFrame) -> str:
    """Say which goods have each mark: "Mark A in 2024: Cerium compounds (HS 284610)."."""
    found = marks.groupby(["mark", "year"])["product"]
    return " ".join(
        f"Mark {mark} in {year}: {'; '.join(map(trade.product_in_text, products))}."
        for (mark, year), products in found
    )


def mark_counts(marks: pd.DataFrame) -> dict[str, int]:
    """Count the marks: ``n_A``, ``n_B``, ``n_C``, ``n_all`` and ``n_compared``."""
    counts = {f"n_{mark}": int((marks["mark"] == mark).sum()) for mark in MARKS}
    return counts | {"n_all": len(marks), "n_compared": int(marks["compared"].sum())}


def coverage_by_product(flows: pd.DataFrame) -> pd.DataFrame:
    """Share of the import value with a known weight (``coverage``), by ``product`` and ``year``.

    See `trade.quantity_coverage`. A code and year without any import value has no row.
    """
    flows = flows[flows["value_usd"] > 0]
    parts = {code: trade.quantity_coverage(part) for code, part in flows.groupby("product")}
    if not parts:
        return pd.DataFrame(columns=[*_KEYS, "coverage"]).astype(
            {"product": "str", "year": "int64", "coverage": "float64"}
        )
    return pd.concat(parts, names=_KEYS).rename("coverage").reset_index()


def published_differences(
    shares: pd.DataFrame, importer: str, exporter: str, material: str
) -> pd.DataFrame:
    """Published shares that can be compared with the computed ones, see `trade.beside_published`.

    Returns
    -------
    pandas.DataFrame
        Its rows marked comparable whose ``difference`` (published minus computed, fraction) is
        known, with ``difference_pp`` (percentage points); empty when there are none.
    """
    rows = trade.beside_published(trade.load_published(importer, exporter, material), shares)
    rows["difference_pp"] = _points(rows["difference"])
    return rows[rows["comparable"]].dropna(subset=["difference"]).reset_index(drop=True)


def reported_effect(
    flows: pd.DataFrame, importer: str, exporter: str, by: str | list[str] = "year"
) -> pd.DataFrame:
    """Share by value if the importer's own figure for one supplier replaced that of BACI.

    Only the flows of the exporter are replaced; the other suppliers keep BACI's value, so the
    total moves by the same amount.

    Parameters
    ----------
    flows : pandas.DataFrame
        Canonical flows of the importer.
    by : str or list of str
        ``"year"``, or ``["product", "year"]``.

    Returns
    -------
    pandas.DataFrame
        The keys, ``share_baci``, ``share_if_reported`` and ``effect`` (their difference; all
        fractions); only where something reported is bundled, else empty.
    """
    both = trade.compare_reported(flows, importer, exporter)
    change = (both["reported_usd"] - both["baci_usd"]).groupby([both[k] for k in _listed(by)]).sum()
    own = flows[flows["exporter"] == exporter].groupby(by)["value_usd"].sum().reindex(change.index)
    total = flows.groupby(by)["value_usd"].sum().reindex(change.index)
    rows = pd.DataFrame({"share_baci": own / total})
    rows["share_if_reported"] = (own + change) / (total + change)
    rows["effect"] = rows["share_if_reported"] - rows["share_baci"]
    return rows.astype("float64").reset_index()


def reported_by_code(flows: pd.DataFrame, importer: str, exporter: str) -> pd.DataFrame:
    """`trade.compare_reported` with the shares of `reported_effect`, by code and year.

    ``goods`` is the code with its name, see `trade.product_in_text`.
    """
    effects = reported_effect(flows, importer, exporter, _KEYS)
    rows = trade.compare_reported(flows, importer, exporter).merge(effects, on=_KEYS)
    return rows.assign(goods=rows["product"].map(trade.product_in_text))


def revisions(material: str) -> pd.DataFrame:
    """Mine production that a later edition of the same source states differently.

    Returns
    -------
    pandas.DataFrame
        Largest change in tonnes first: ``place``, ``year``, ``editions`` (text), ``before_t``,
        ``after_t``, ``change_t`` (tonnes of oxide), ``revision_ratio``. Empty for a material of
        which only one edition is bundled.
    """
    pairs = catalogue.load("mine_production_overlaps")
    same = (pairs["source_a"] == pairs["source_b"]) & (material == "rare_earths")
    pairs = pairs[same & (pairs["quantity_a_t"] != pairs["quantity_b_t"])]
    years = pairs[["edition_a", "edition_b"]].apply(lambda names: names.str.removeprefix("MCS"))
    rows = pd.DataFrame(
        {
            "place": pairs["economy"].map(trade.economy_names() | _PLACES),
            "year": pairs["year"],
            "editions": years["edition_a"] + ", " + years["edition_b"],
            "before_t": pairs["quantity_a_t"],
            "after_t": pairs["quantity_b_t"],
            "change_t": pairs["quantity_b_t"] - pairs["quantity_a_t"],
            "revision_ratio": pairs["ratio"],
        }
    )
    return rows.sort_values("change_t", key=abs, ascending=False, ignore_index=True, kind="stable")


@catalogue.remembered
def known_breaks(importer: str, material: str, years: tuple[int, int]) -> pd.DataFrame:
    """Breaks of the series that concern an importer, a material and a span of years.

    The years select among the breaks of the trade table; those of other tables all come.

    Returns
    -------
    pandas.DataFrame
        The rows of ``known_breaks`` and, for an importer that takes over a predecessor's flows,
        one made from ``economies``; with ``last_year`` filled and ``years`` (text). Sorted by year.
    """
    rows = pd.concat([catalogue.load("known_breaks"), _predecessor(importer)], ignore_index=True)
    for column, wanted in (("material", material), ("economy", importer)):
        rows = rows[rows[column].isna() | (rows[column] == wanted)]
    to_the_end = rows["last_year"].isna()
    first = rows["first_year"].astype("str")
    rows = rows.assign(last_year=rows["last_year"].fillna(9999))
    span = first + "–" + rows["last_year"].astype("str")
    one = rows["first_year"] == rows["last_year"]
    rows["years"] = span.where(~one, first).where(~to_the_end, "from " + first)
    inside = (rows["first_year"] <= years[1]) & (rows["last_year"] >= years[0])
    rows = rows[inside | (rows["series"] != trade.TABLE)]
    return rows.sort_values(["first_year", "break_id"], ignore_index=True)


def unusable(flows: pd.DataFrame, importer: str, material: str) -> pd.DataFrame:
    """Years of an HS code that a known break marks C: they are not to be relied on.

    Returns
    -------
    pandas.DataFrame
        ``product``, ``year``, ``description`` of the break, of the flows given; empty without any.
    """
    breaks = _breaks_by_year(flows[_KEYS].drop_duplicates(), importer, material)
    worst = breaks[breaks["grade"] == MARKS.index("C")]
    return worst.reset_index()[[*_KEYS, "description"]]


def reliable(flows: pd.DataFrame, importer: str, material: str) -> pd.DataFrame:
    """Keep the flows of the years that no known break marks C, see `unusable`."""
    found = unusable(flows, importer, material)
    pairs = pd.MultiIndex.from_frame(found[_KEYS])
    return flows[~pd.MultiIndex.from_frame(flows[_KEYS]).isin(pairs)].reset_index(drop=True)


def caution_effects(
    flows: pd.DataFrame, importer: str, exporter: str, material: str, year: int
) -> pd.DataFrame:
    """What each caution does to the exporter's share of one year.

    A published share of several years moves the share by its difference from the computed one of
    those years. A page that does not state its measure is held against the tonnes.

    Parameters
    ----------
    flows : pandas.DataFrame
        Canonical flows of the importer, with imports in ``year``.

    Returns
    -------
    pandas.DataFrame
        ``caution`` (text), ``measure`` (``value`` or ``tonnes``), ``share_if`` (fraction),
        ``effect`` (fraction, against the computed share by the same measure; of the computed
        share by tonnes against the one by value), ``effect_pp`` (percentage points).
    """
    shares = trade.dependence(flows, exporter)
    now = shares.loc[year]
    of_year = flows[(flows["year"] == year) & flows["quantity_t"].notna()]
    rows = [("Computed by value", "value", now["share_value"], 0.0)]
    if len(of_year):
        rows.append(("Computed by tonnes", "tonnes", now["share_tonnes"], now["gap"]))
        weighed = trade.dependence(of_year, exporter).at[year, "share_value"]
        change = weighed - now["share_value"]
        rows.append(("Only flows with a known weight", "value", weighed, change))
    reported = reported_effect(flows, importer, exporter).set_index("year")
    if year in reported.index:
        share, change = reported.loc[year, ["share_if_reported", "effect"]]
        rows.append(("As the importer reports it", "value", share, change))
    for page in published_differences(shares, importer, exporter, material).itertuples():
        measure = "value" if page.basis == "value" else "tonnes"
        base = now[f"share_{measure}"]
        if page.start_year <= year <= page.end_year and not np.isnan(base):
            share = min(max(base + page.difference, 0.0), 1.0)
            text = f"Published for {page.period}: {page.publisher.partition(' (')[0]}"
            rows.append((text, measure, share, share - base))
    effects = pd.DataFrame(rows, columns=["caution", "measure", "share_if", "effect"])
    return effects.assign(effect_pp=_points(effects["effect"]))


def share_range(effects: pd.DataFrame) -> dict:
    """The lowest and the highest share over all cautions of `caution_effects`.

    Returns
    -------
    dict
        ``low``, ``high``; ``value_low``, ``value_high``, ``tonnes_low``, ``tonnes_high`` (NaN where
        no weight is known); ``by_measure`` (how far value and tonnes are apart as computed),
        ``by_source`` (the largest effect of the other cautions, without sign), all fractions;
        ``value_range``, ``tonnes_range`` (text).
    """
    result = {"low": effects["share_if"].min(), "high": effects["share_if"].max()}
    for measure in trade.BASES:
        of_measure = effects.loc[effects["measure"] == measure, "share_if"]
        low, high = of_measure.min(), of_measure.max()
        result |= {f"{measure}_low": low, f"{measure}_high": high}
        result[f"{measure}_range"] = _range_text(low, high) if len(of_measure) else "not known"
    computed = effects["caution"] == "Computed by tonnes"
    result["by_measure"] = effects.loc[computed, "effect"].abs().max()
    result["by_source"] = effects.loc[~computed, "effect"].abs().max()
    return result


def _range_text(low: float, high: float) -> str:
    ends = [words.fill("{end:pct}", end=end) for end in (low, high)]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def _points(fraction: pd.Series) -> pd.Series:
    """Percentage points with two decimals; adding zero turns -0 into 0."""
    return (100 * fraction.astype("float64")).round(2) + 0.0


def _listed(by: str | list[str]) -> list[str]:
    return [by] if isinstance(by, str) else by


def _looked_up(rows: pd.DataFrame, values: pd.Series, dtype: str = "float64") -> pd.Series:
    """Return the value of each row's product and year, missing where there is none."""
    found = values.reindex(pd.MultiIndex.from_frame(rows[_KEYS]))
    return pd.Series(found.to_numpy(), index=rows.index).astype(dtype)


def _nearest_published(
    flows: pd.DataFrame, importer: str, exporter: str, material: str
) -> pd.Series:
    """Difference of the page of each single year that comes nearest, indexed by year."""
    if flows.empty:
        return pd.Series(dtype="float64")
    shares = trade.dependence(flows, exporter)
    pages = published_differences(shares, importer, exporter, material)
    pages = pages[pages["start_year"] == pages["end_year"]]
    nearest = pages.sort_values("difference", key=abs).drop_duplicates("start_year")
    return nearest.set_index("start_year")["difference"]


def _breaks_by_year(rows: pd.DataFrame, importer: str, material: str) -> pd.DataFrame:
    """The worst known break of each product and year, with ``description`` and ``grade``."""
    breaks = known_breaks(importer, material, trade.year_range())
    breaks = breaks[(breaks["series"] == trade.TABLE) & breaks["best_mark"].notna()]
    breaks = breaks.assign(grade=breaks["best_mark"].map(MARKS.index))
    pairs = rows[_KEYS].merge(breaks, how="cross", suffixes=("", "_of_break"))
    concerned = pairs["product_of_break"].isna() | (pairs["product_of_break"] == pairs["product"])
    pairs = pairs[concerned & pairs["year"].between(pairs["first_year"], pairs["last_year"])]
    worst = pairs.sort_values("grade", ascending=False, kind="stable").drop_duplicates(_KEYS)
    return worst.set_index(_KEYS)[["description", "grade"]]


def _grades(rows: pd.DataFrame) -> pd.DataFrame:
    """0, 1 or 2 (A, B, C) by each test; 0 where there is nothing to compare."""
    coverage, ratio = rows["coverage"], rows["reported_ratio"]
    difference = rows["published_difference"].abs().fillna(0)
    ratio = np.maximum(ratio, 1 / ratio).fillna(1)
    steps = {
        "coverage": (coverage >= COVERAGE_A, coverage >= COVERAGE_B),
        "published_difference": (difference <= DIFFERENCE_A, difference <= DIFFERENCE_B),
        "reported_ratio": (ratio <= RATIO_A, ratio <= RATIO_B),
    }
    graded = {name: np.select(list(tests), [0, 1], 2) for name, tests in steps.items()}
    return pd.DataFrame(graded, index=rows.index)


def _reason(row, grades: pd.Series) -> str:
    texts = {
        "coverage": "weights known for {coverage:pct0} of the value",
        "published_difference": "nearest published share {published_difference:pp} away",
        "reported_ratio": "importer reports {reported_ratio:times} the value",
        "known_break": "known break: {known_break}",
    }
    found = [words.fill(texts[name], **row._asdict()) for name, grade in grades.items() if grade]
    return "; ".join(found) or ("no fault found" if row.compared else "nothing to compare")


def _predecessor(importer: str) -> pd.DataFrame:
    economies = catalogue.load("economies")
    own = economies[(economies["economy"] == importer) & economies["before_until"].notna()]
    return pd.DataFrame(
        {
            "break_id": "predecessor",
            "series": trade.TABLE,
            "economy": own["economy"],
            "first_year": trade.year_range()[0],
            "last_year": own["before_until"],
            "kind": "predecessor",
            "best_mark": "B",
            "description": "The importer's figures are those of its predecessor, a larger area",
            "source": "economies",
        }
    )
