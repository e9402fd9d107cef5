"""How far the ranks of the indices can be trusted: variants, known flaws, published figures."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from rareearths import assumptions, catalogue, risk, trade
from rareearths.risk import concordance, geodep, index_cells, index_weights, indices

AS_PUBLISHED = "not rated, as published"
DRAWS = 200
SMALL_USD = 10e6  # imports a year, below which a material is left out in one of the variants


def each_year(flows: pd.DataFrame, importers: Collection[str]) -> dict[int, pd.DataFrame]:
    """Cells of these importers by year, see `index_cells.load`.

    Parameters
    ----------
    flows : pandas.DataFrame
        See `index_cells.load_flows`, of all years of `index_cells.year_range`.
    """
    first, last = index_cells.year_range()
    return {
        year: index_cells.load(flows, year, dict.fromkeys(importers))
        for year in range(first, last + 1)
    }


def variants(flows: pd.DataFrame, year: int, importer: str) -> dict[str, dict[str, pd.DataFrame]]:
    """Cells of one importer under other choices than the central ones.

    Returns
    -------
    dict
        By what is changed: the two ends by name, each as `index_cells.load`.
    """
    rows = index_weights.parameters()

    def cells(**choices) -> pd.DataFrame:
        return index_cells.load(flows, year, [importer], **choices)

    control, member = rows.loc["control_weight"], rows.loc["member_weight"]
    return {
        "Taiwan's political stability": {
            AS_PUBLISHED: cells(),
            "rated": cells(unrated=()),
        },
        "Weight of an export control": {
            f"{end:g}": cells(control=end) for end in (control["low"], control["high"])
        },
        "Weight of own output and of EU partners": {
            f"{end:g}": cells(member=end) for end in (member["low"], member["high"])
        },
    }


@catalogue.remembered
def unknown_factors(draws: int = DRAWS) -> list[pd.Series]:
    """Draws of the factor for recycling and substitution, independent for each material.

    Triangular over the ranges of the parameters, with a fixed seed.
    """
    ends = assumptions.ranges(index_weights.parameters())
    materials = list(trade.material_names())
    random = np.random.default_rng(concordance.SEED)
    factors = []
    for _ in range(draws):
        recycled = _triangle(random, ends["recycling_unknown"], len(materials))
        recycled[materials.index("rare_earths")] = _triangle(
            random, ends["recycling_rare_earths"], 1
        )[0]
        substituted = _triangle(random, ends["substitution"], len(materials))
        factors.append(pd.Series((1 - recycled) * substituted, index=materials))
    return factors


def sensitivity(
    choices: dict[str, dict[str, pd.DataFrame]],
    years: dict[int, pd.DataFrame],
    names: tuple[str, str],
    material: str,
    basis: str,
) -> pd.DataFrame:
    """What becomes of the agreement of two indices, and of a material's ranks, under other choices.

    Parameters
    ----------
    choices : dict
        See `variants`.
    years : dict
        See `each_year`, of the importer of the choices alone or with others.
    names : (str, str)
        Two of `indices.INDICES`.
    basis : {"value", "tonnes"}
        Measure of the concentration of suppliers.

    Returns
    -------
    pandas.DataFrame
        ``changed``, ``low_end``, ``high_end`` (text), ``tau_low``, ``tau_high``, and of the
        material ``first_low``, ``first_high``, ``second_low``, ``second_high`` (ranks; missing
        where it has none).
    """
    pair = tuple(indices.with_basis(basis)[name] for name in names)
    cells = _central(choices)
    importers = cells.index.unique("importer")
    by_year = {year: rows.loc[importers] for year, rows in years.items()}
    cases = [
        _case(
            "Which materials are compared", f"drawn {concordance.DRAWS:,} times", "", [cells], pair
        )
    ]
    cases[0] |= _sampled(cells, pair)
    each = f"each of {min(years)}–{max(years)}"
    cases.append(_case("Year", each, "", list(by_year.values()), pair, material))
    for changed, ends in choices.items():
        cases.append(_case(changed, *ends, list(ends.values()), pair, material))
    by_measure = [tuple(_measured(index, measure) for index in pair) for measure in trade.BASES]
    rows = [_measures(cells, each, material) for each in by_measure]
    cases.append(_collect("Weight or value, in both", "by value", "by tonnes", rows))
    rows = [_measures(cells, pair, material, factor) for factor in unknown_factors()]
    cases.append(_collect("Recycling and substitution", f"drawn {DRAWS} times", "", rows))
    sizes = [cells, cells[cells["imports_usd"] >= SMALL_USD]]
    ends = ("kept", "left out")
    cases.append(_case("Imports under 10 million US$", *ends, sizes, pair, material))
    return pd.DataFrame(cases)


def material_scores(
    choices: dict[str, dict[str, pd.DataFrame]], material: str, basis: str
) -> pd.DataFrame:
    """Score and rank of one material under each index, with their range over the choices.

    Parameters
    ----------
    choices : dict
        See `variants`.

    Returns
    -------
    pandas.DataFrame
        ``index`` (name), ``label``, ``score``, ``score_low``, ``score_high``, ``rank``,
        ``rank_low``, ``rank_high`` (1 the highest score) and ``n``; an index without a score for
        the material is left out.
    """
    cells = _central(choices)
    cases = [(rows, basis) for ends in choices.values() for rows in ends.values()]
    cases += [(cells, measure) for measure in trade.BASES]
    tables = [indices.table(*case).droplevel("importer") for case in cases]
    central = indices.table(cells, basis).droplevel("importer")
    ranked = pd.DataFrame([concordance.ranks(t).loc[material] for t in tables])
    scored = pd.DataFrame([t.loc[material] for t in tables])
    for name, index in indices.with_basis(basis).items():
        if index.terms.recycling == "yes":
            drawn = _drawn(cells, index)
            ranks = concordance.ranks(drawn).loc[material].to_frame(name)
            scored = pd.concat([scored, drawn.loc[material].to_frame(name)])
            ranked = pd.concat([ranked, ranks])
    made = pd.DataFrame(
        {
            "index": central.columns,
            "label": [indices.INDICES[name].short for name in central],
            "score": central.loc[material].to_numpy(),
            "score_low": scored.min().to_numpy(),
            "score_high": scored.max().to_numpy(),
            "rank": concordance.ranks(central).loc[material].to_numpy(),
            "rank_low": ranked.min().to_numpy(),
            "rank_high": ranked.max().to_numpy(),
            "n": central.notna().sum().to_numpy(),
        }
    )
    return made.dropna(subset=["score"]).reset_index(drop=True)


def credit_example(cells: pd.DataFrame, importer: str, material: str) -> str | None:
    """The economy that shows best what crediting own mine output does to GeoPolRisk.

    The importer itself where it mines the material; else the one whose score is lowered most,
    without the largest producer of the world. None where nobody in the cells mines it.
    """
    own = cells.xs(material, level="material").dropna(subset=["credited"])
    mined = own[own["output_t"] > 0]
    if importer in mined.index:
        return importer
    made = catalogue.load("mine_production").query("material == @material")
    largest = made.groupby("economy")["quantity_t"].sum().idxmax()
    mined = mined.drop(largest, errors="ignore")
    if mined.empty:
        return None
    return (mined["unstable_tonnes"] * (1 - mined["credited"])).idxmax()


def credit_series(years: dict[int, pd.DataFrame], importer: str, material: str) -> pd.DataFrame:
    """GeoPolRisk of each year as published, and with own mine output not credited.

    Parameters
    ----------
    years : dict
        See `each_year`; with cells of the importer.

    Returns
    -------
    pandas.DataFrame
        Indexed by year: ``credited`` and ``not_credited`` (scores), ``output_t``, ``imports_t``.
    """
    terms = indices.INDICES["geopolrisk"].terms
    rows = {}
    for year, all_cells in years.items():
        cells = all_cells.loc[[(importer, material)]]
        rows[year] = {
            "credited": indices.score(cells, terms).iloc[0],
            "not_credited": indices.score(cells, terms._replace(own="no")).iloc[0],
            "output_t": cells["output_t"].iloc[0],
            "imports_t": cells["imports_t"].iloc[0],
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("year")


def hub_example(
    flows: pd.DataFrame, screened: pd.DataFrame, year: int, exporter: str, material: str
) -> pd.DataFrame:
    """Concentration of a material where it is mined, and where it is shipped from.

    Parameters
    ----------
    screened : pandas.DataFrame
        Rows of `geodep.screen` of one importer.

    Returns
    -------
    pandas.DataFrame
        ``place`` (``mines``, ``world`` exports or ``imports`` of the importer), ``label``,
        ``product``, ``hhi`` and ``share`` of the exporter, by tonnes of output and by value.
    """
    codes = screened[screened["material"] == material]
    labels = trade.product_labels()
    mined = catalogue.load("mine_production").query("material == @material and year == @year")
    output = mined.set_index("economy")["quantity_t"].dropna()
    share = output / output.sum()
    rows = [("mines", "Mine output", "", risk.hhi(share), share.get(exporter, 0.0))]
    for code in codes.itertuples():
        world = flows[(flows["year"] == year) & (flows["product"] == code.product)]
        part = world[world["exporter"] == exporter]["value_usd"].sum() / world["value_usd"].sum()
        label = labels[code.product]
        rows.append(("world", f"World exports: {label}", code.product, code.world_hhi, part))
        own = world[world["importer"] == code.importer]
        part = own[own["exporter"] == exporter]["value_usd"].sum() / own["value_usd"].sum()
        rows.append(("imports", f"Imports: {label}", code.product, code.import_hhi, part))
    return pd.DataFrame(rows, columns=["place", "label", "product", "hhi", "share"])


def hub_exports(flows: pd.DataFrame, year: int, material: str) -> pd.DataFrame:
    """Who ships a material to the world, and what part of it each mines.

    Returns
    -------
    pandas.DataFrame
        ``exporter``, ``share`` of the value of the world's exports of its codes, ``mine_share`` of
        the world's mine output (0 where the mine table lists none); largest exporter first.
    """
    world = flows[(flows["year"] == year) & (flows["material"] == material)]
    world = world[world["exporter"] != trade.UNSPECIFIED]
    mined = catalogue.load("mine_production").query("material == @material and year == @year")
    output = mined.set_index("economy")["quantity_t"].dropna()
    sums = world.groupby("exporter")["value_usd"].sum().sort_values(ascending=False)
    share = (sums / sums.sum()).rename("share").reset_index()
    mine = share["exporter"].map(output / output.sum()).astype(float)
    return share.assign(mine_share=mine.fillna(0.0))


def sold_to(flows: pd.DataFrame, year: int, exporter: str, material: str) -> dict:
    """How much of the world's exports of a material go to one economy, and how spread the rest is.

    Returns
    -------
    dict
        ``to_exporter``, its share as a customer of the value of the world's exports;
        ``rest_low`` and ``rest_high``, the HHI of the exporters to all others, over the HS codes.
    """
    world = flows[(flows["year"] == year) & (flows["material"] == material)]
    rest = world[world["importer"] != exporter]
    amounts = rest.groupby(["product", "exporter"])["value_usd"].sum()
    shares = amounts / amounts.groupby("product").transform("sum")
    hhi = np.square(shares).groupby("product").sum()
    bought = world.loc[world["importer"] == exporter, "value_usd"].sum()
    return {
        "to_exporter": bought / world["value_usd"].sum(),
        "rest_low": hhi.min(),
        "rest_high": hhi.max(),
    }


def flagged_by_threshold(
    flows: pd.DataFrame, year: int, importer: str, hhi: tuple[float, ...] = (0.25, 0.4)
) -> pd.DataFrame:
    """How many codes and materials GeoDep flags for one importer at other thresholds of HHI.

    Returns
    -------
    pandas.DataFrame
        ``hhi``, ``codes``, ``materials`` (flagged), ``names`` (list of materials).
    """
    rows = []
    for threshold in hhi:
        screened = geodep.screen(flows, year, [importer], geodep.Thresholds(threshold))
        found = screened[screened["flagged"]]
        names = sorted(found["material"].unique())
        rows.append((threshold, len(found), len(names), names))
    return pd.DataFrame(rows, columns=["hhi", "codes", "materials", "names"])


def published_reliance(years: dict[int, pd.DataFrame]) -> pd.DataFrame:
    """Net import reliance of the United States for rare earths: ours beside the published one.

    Parameters
    ----------
    years : dict
        See `each_year`; with cells of the United States.

    Returns
    -------
    pandas.DataFrame
        ``year``; ``computed`` (own mine output counted), ``uncounted`` (not counted), ``published``
        (fraction) and ``as_printed`` (text) of the newest edition; ``output_t`` (mines) and
        ``refined_t`` (compounds and metals made, as published).
    """
    rows = catalogue.load("us_salient_statistics")
    rows = rows[rows["newest_edition"]].set_index("year")
    published = rows[rows["item"] == "net_import_reliance_compounds_metals"]
    refined = rows[rows["item"] == "production_compounds_metals"]["quantity_t"]
    made = []
    for year, cells in years.items():
        cell = cells.loc[("USA", "rare_earths")]
        bare = index_cells.net_reliance(*(pd.Series([cell[k]]) for k in ("imports_t", "exports_t")),
                                    pd.Series([0.0])).iloc[0]  # fmt: skip
        made.append((year, cell["net_tonnes"], bare, cell["output_t"], refined.get(year, np.nan)))
    columns = ["year", "computed", "uncounted", "output_t", "refined_t"]
    table = pd.DataFrame(made, columns=columns).merge(
        published[["share", "value_as_printed"]].reset_index(), on="year", how="left"
    )
    return table.rename(columns={"share": "published", "value_as_printed": "as_printed"})


def by_importer(cells: pd.DataFrame, first: indices.Index, second: indices.Index) -> pd.DataFrame:
    """The largest term behind the disagreement of two indices, for each importer.

    Returns
    -------
    pandas.DataFrame
        ``importer``, ``tau``, ``term``, ``label``, ``part``; without importers whose tau is not
        known or is 1.
    """
    rows = []
    for importer in cells.index.get_level_values("importer").unique():
        parts = concordance.why_differ(cells.loc[[importer]], first, second, draws=0)
        if len(parts) and parts["part"].sum() > 0:
            top = parts.iloc[0]
            rows.append((importer, 1 - parts["part"].sum(), top["term"], top["label"], top["part"]))
    return pd.DataFrame(rows, columns=["importer", "tau", "term", "label", "part"])


def _central(choices: dict[str, dict[str, pd.DataFrame]]) -> pd.DataFrame:
    return next(ends[AS_PUBLISHED] for ends in choices.values() if AS_PUBLISHED in ends)


def _drawn(cells: pd.DataFrame, index: indices.Index) -> pd.DataFrame:
    """Scores of one importer's materials (rows) for each draw of `unknown_factors` (columns)."""
    bare = indices.score(cells, index.terms._replace(recycling="no")).droplevel("importer")
    factors = pd.concat(unknown_factors(), axis=1)
    return index.scale * factors.reindex(bare.index).mul(bare, axis=0) ** index.power


def _measures(cells, pair, material, factor=None) -> dict:
    """Tau of two indices and the ranks of a material under both."""
    scores = [indices.score(cells, index.terms, factor).droplevel("importer") for index in pair]
    ranked = [concordance.ranks(s.to_frame("r"))["r"].get(material, np.nan) for s in scores]
    return {"tau": concordance.tau(*scores), "first": ranked[0], "second": ranked[1]}


def _case(changed, low, high, cells, pair, material="") -> dict:
    return _collect(changed, low, high, [_measures(c, pair, material) for c in cells])


def _collect(changed: str, low: str, high: str, rows: list[dict]) -> dict:
    made = pd.DataFrame(rows)
    return {
        "changed": changed,
        "low_end": low,
        "high_end": high,
        "tau_low": made["tau"].min(),
        "tau_high": made["tau"].max(),
        "first_low": made["first"].min(),
        "first_high": made["first"].max(),
        "second_low": made["second"].min(),
        "second_high": made["second"].max(),
    }


def _sampled(cells: pd.DataFrame, pair: tuple) -> dict:
    drawn = concordance.tau_draws(*(indices.score(cells, index.terms) for index in pair))
    low, high = concordance.percentiles(drawn)
    return {"tau_low": low, "tau_high": high}


def _measured(index: indices.Index, measure: str) -> indices.Index:
    return index._replace(terms=index.terms._replace(measure=measure))


def _triangle(random: np.random.Generator, ends: assumptions.Range, n: int) -> np.ndarray:
    return np.array([ends.at(part) for part in random.random(n)])
