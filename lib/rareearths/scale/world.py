"""Questions to all importers, products and years at once, as Ibis expressions.

Each takes a table of flows as `engine.open_flows` returns it, and returns another table; nothing is
computed before `engine.compute` asks. They run unchanged on DuckDB and on Spark: sums
and counts alone, no function that one of them rounds or breaks ties in a way of its own.
"""

import ibis
import ibis.expr.types as ir

from rareearths.hubs import BEFORE, FED_PART, JUMP, SMALLEST_SHARE, SMALLEST_USD
from rareearths.mirror import freight_margin
from rareearths.risk import MISSING_STABILITY
from rareearths.risk.geodep import LEAST_YEARS, NO_EXPORTS, WINDOW, Thresholds
from rareearths.trade import BASES, check_basis

CELL = ["importer", "product", "year"]


def concentration(flows: ir.Table, basis: str = "value") -> ir.Table:
    """Concentration of the suppliers of every importer, product and year.

    Parameters
    ----------
    flows : ibis.expr.types.Table
        One row a flow.
    basis : {"value", "tonnes"}
        By tonnes, flows without a weight are left out.

    Returns
    -------
    ibis.expr.types.Table
        ``importer``, ``product``, ``year``; ``amount`` (US$ or tonnes), ``hhi`` ((0, 1]),
        ``suppliers`` (count) and ``largest`` (share of the largest one, (0, 1]). A cell that sums
        to zero, or of which no weight is known, has no row.

    References
    ----------
    docs/methods/hhi.md; the same as `rareearths.risk.concentration` by HS code.
    """
    amount = flows[BASES[check_basis(basis)]]
    traded = flows.filter(amount > 0).select(*CELL, amount=amount)
    sums = traded.group_by(CELL).agg(
        hhi=_hhi(traded.amount),
        suppliers=traded.count(),
        largest=traded.amount.max() / traded.amount.sum(),
        total=traded.amount.sum(),
    )
    return sums.select(*CELL, "hhi", "suppliers", "largest", amount=sums.total)


def dependency_screen(
    flows: ir.Table,
    year: int,
    thresholds: Thresholds = Thresholds(),  # noqa: B008
) -> ir.Table:
    """The GeoDep screen of every importer and product of a year.

    Parameters
    ----------
    flows : ibis.expr.types.Table
    year : int
        Looked at with the two years before it.
    thresholds : rareearths.risk.geodep.Thresholds

    Returns
    -------
    ibis.expr.types.Table
        ``importer``, ``product``; of the year ``value_usd``, ``import_hhi``, ``world_hhi``,
        ``ratio`` (imports / exports by value) and ``met`` (criteria that hold, 0-3);
        ``years_met`` (of three, with all of them) and ``flagged``.

    References
    ----------
    docs/methods/geodep.md; the same as `rareearths.risk.geodep.screen`.
    """
    traded = flows.filter((flows.year > year - WINDOW) & (flows.year <= year))
    traded = traded.filter(traded.value_usd > 0)
    bought = concentration(traded)
    sales = traded.group_by(["exporter", "product", "year"]).agg(sold=traded.value_usd.sum())
    world = sales.group_by(["product", "year"]).agg(world_hhi=_hhi(sales.sold))
    own = sales.select(importer=sales.exporter, product=sales["product"], year=sales.year,
                       sold=sales.sold)  # fmt: skip
    cells = bought.left_join(own, CELL).select(
        *(bought[name] for name in CELL),
        value_usd=bought.amount,
        import_hhi=bought.hhi,
        ratio=ibis.coalesce(bought.amount / own.sold, ibis.literal(NO_EXPORTS)),
    )
    cells = cells.join(world, ["product", "year"]).select(
        *(cells[name] for name in cells.columns), world_hhi=world.world_hhi
    )
    criteria = (
        cells.import_hhi > thresholds.hhi,
        cells.world_hhi > thresholds.hhi,
        cells.ratio > thresholds.ratio,
    )
    cells = cells.mutate(met=sum(one.cast("int32") for one in criteria))
    keys = ["importer", "product"]
    years = cells.group_by(keys).agg(years_met=(cells.met == len(criteria)).cast("int32").sum())
    now = cells.filter(cells.year == year)
    screened = now.join(years, keys)
    return screened.select(
        *(now[name] for name in (*keys, "value_usd", "import_hhi", "world_hhi", "ratio", "met")),
        years_met=years.years_met,
        flagged=years.years_met >= LEAST_YEARS,
    )


def mirror_scan(imports: ir.Table, exports: ir.Table, margin: float | None = None) -> ir.Table:
    """Both sides' statements of every flow, and the gap between them.

    Parameters
    ----------
    imports, exports : ibis.expr.types.Table
        Flows as importers report them (CIF) and as exporters do (FOB), in the columns of flows.
    margin : float, optional
        Freight and insurance as a fraction; that of `rareearths.mirror.freight_margin` by default.

    Returns
    -------
    ibis.expr.types.Table
        ``year``, ``importer``, ``exporter``, ``product``; ``imported_usd`` and ``exported_usd`` (as
        reported; missing where one side states nothing) and ``gap`` (``rareearths.mirror.log_gap``;
        missing where one is missing or zero).

    References
    ----------
    docs/methods/mirror.md
    """
    margin = freight_margin().value if margin is None else margin
    keys = ["year", "importer", "exporter", "product"]
    bought = imports.group_by(keys).agg(usd=imports.value_usd.sum())
    sold = exports.group_by(keys).agg(usd=exports.value_usd.sum())
    both = bought.outer_join(sold, keys)
    rows = both.select(
        *(ibis.coalesce(bought[key], sold[key]).name(key) for key in keys),
        imported_usd=bought.usd,
        exported_usd=sold.usd,
    )
    first, second = (
        (amount > 0).ifelse(amount, ibis.null("float64"))
        for amount in (rows.imported_usd, rows.exported_usd)
    )
    return rows.mutate(gap=first.ln() - second.ln() - ibis.literal(1.0 + margin).ln())


def transshipment_scan(
    flows: ir.Table, exporter: str, year: int, importer: str | None = None, years_after: int = 3
) -> ir.Table:
    """Suppliers that jumped after a control of one exporter, for every product.

    The same comparison as `rareearths.hubs.scan`, by HS code and without its lists of mines and
    plants: who is known to produce is for the reader to leave out.

    Parameters
    ----------
    flows : ibis.expr.types.Table
    exporter : str
        ISO3 code of the exporter with the control.
    year : int
        Of the control; left out itself.
    importer : str, optional
        Sales to this importer alone; to everybody but the exporter by default.
    years_after : int
        From 1 to 3.

    Returns
    -------
    ibis.expr.types.Table
        ``product``, ``supplier``; ``before_usd``, ``after_usd`` (medians, US$ a year),
        ``share_before``, ``share_after`` (of the sum of the medians of all suppliers),
        ``bought_before_usd``, ``bought_after_usd`` (from the exporter), ``flagged`` (at least
        doubled, in US$ and as a share, and large enough) and ``fed`` (and bought at least half of
        the rise more from the exporter).

    Raises
    ------
    ValueError
        ``years_after`` is not 1, 2 or 3.

    References
    ----------
    docs/methods/transshipment.md
    """
    if years_after not in (1, 2, 3):
        raise ValueError(f"years_after is {years_after}, not 1, 2 or 3")
    spans = {
        "before": range(year - BEFORE, year),
        "after": range(year + 1, year + years_after + 1),
    }
    to = flows.importer == importer if importer else flows.importer != exporter
    sold = _medians(flows.filter(to), "exporter", spans)
    bought = _medians(flows.filter(flows.exporter == exporter), "importer", spans)
    rows = _with_parts(sold, "{}_usd", "share_{}")
    fed = _with_parts(bought, "bought_{}_usd", "part_{}")
    keys = ["product", "supplier"]
    joined = rows.left_join(fed, keys)
    rows = joined.select(
        *(rows[name] for name in rows.columns),
        **{name: ibis.coalesce(fed[name], 0.0) for name in fed.columns if name not in keys},
    )
    others = [exporter] if importer is None else [exporter, importer]
    return _graded(rows.filter(rows.supplier.notin(others)))


def network_layers(flows: ir.Table) -> ir.Table:
    """The network of each product and year in numbers.

    Parameters
    ----------
    flows : ibis.expr.types.Table

    Returns
    -------
    ibis.expr.types.Table
        ``product``, ``year``; ``links`` (flows above zero), ``exporters``, ``importers``,
        ``density`` (links of those that these economies could have), ``value_usd``,
        ``exporter_hhi`` and ``importer_hhi`` (concentration of both sides, (0, 1]).
    """
    traded = flows.filter((flows.value_usd > 0) & (flows.exporter != flows.importer))
    keys = ["product", "year"]
    sides = {}
    for side in ("exporter", "importer"):
        sums = traded.group_by([*keys, side]).agg(usd=traded.value_usd.sum())
        sides[side] = sums.group_by(keys).agg(count=sums.count(), hhi=_hhi(sums.usd))
    economies = ibis.union(
        traded.select(*keys, economy=traded.exporter),
        traded.select(*keys, economy=traded.importer),
        distinct=True,
    )
    nodes = economies.group_by(keys).agg(nodes=economies.count())
    links = traded.group_by(keys).agg(links=traded.count(), value_usd=traded.value_usd.sum())
    sold, bought = sides["exporter"], sides["importer"]
    rows = links.join(nodes, keys).join(sold, keys).join(bought, keys)
    return rows.select(
        *(links[key] for key in keys),
        links=links.links,
        exporters=sold["count"],
        importers=bought["count"],
        density=links.links / (nodes.nodes * (nodes.nodes - 1)),
        value_usd=links.value_usd,
        exporter_hhi=sold.hhi,
        importer_hhi=bought.hhi,
    )


def criticality(
    flows: ir.Table, materials: ir.Table, production: ir.Table, instability: ir.Table
) -> ir.Table:
    """GeoPolRisk of every importer, material and year.

    Parameters
    ----------
    flows : ibis.expr.types.Table
    materials : ibis.expr.types.Table
        ``product`` and ``material``.
    production : ibis.expr.types.Table
        Mine production: ``material``, ``economy``, ``year``, ``quantity_t``.
    instability : ibis.expr.types.Table
        ``economy``, ``year``, ``instability`` (0 best, 1 worst); a supplier without one counts with
        `rareearths.risk.MISSING_STABILITY`.

    Returns
    -------
    ibis.expr.types.Table
        ``importer``, ``material``, ``year``, ``score``, ``hhi`` (of mine production) and
        ``import_risk``. Rows where mine production and the weight of some import are known.

    References
    ----------
    docs/methods/geopolrisk.md; the same as `rareearths.risk.geopolrisk`.
    """
    weighed = flows.filter(flows.quantity_t > 0)
    bought = weighed.join(materials, "product").select(
        importer=weighed.importer,
        exporter=weighed.exporter,
        year=weighed.year,
        material=materials.material,
        quantity_t=weighed.quantity_t,
    )
    rated = bought.left_join(
        instability,
        [bought.exporter == instability.economy, bought.year == instability.year],
    ).select(
        *(bought[name] for name in ("importer", "material", "year", "quantity_t")),
        risky=bought.quantity_t * ibis.coalesce(instability.instability, MISSING_STABILITY),
    )
    keys = ["importer", "material", "year"]
    imports = rated.group_by(keys).agg(bought=rated.quantity_t.sum(), risky=rated.risky.sum())
    mined = production.filter(production.quantity_t > 0)
    output = mined.group_by(["material", "year"]).agg(hhi=_hhi(mined.quantity_t))
    own = mined.select(importer=mined.economy, material=mined.material, year=mined.year,
                       own=mined.quantity_t)  # fmt: skip
    scored = imports.join(output, ["material", "year"]).select(
        *(imports[name] for name in (*keys, "bought", "risky")), hhi=output.hhi
    )
    scored = scored.left_join(own, keys).select(
        *(scored[name] for name in (*keys, "hhi")),
        import_risk=scored.risky / (scored.bought + ibis.coalesce(own.own, 0.0)),
    )
    return scored.select(*keys, score=scored.hhi * scored.import_risk, hhi=scored.hhi,
                         import_risk=scored.import_risk)  # fmt: skip


def _medians(flows: ir.Table, side: str, spans: dict[str, range]) -> ir.Table:
    """Median value of the years of each span by product and economy; a year without trade is 0."""
    years = [year for span in spans.values() for year in span]
    kept = flows.filter(flows.year.isin(years))
    by_year = {
        f"y{year}": ibis.coalesce((kept.year == year).ifelse(kept.value_usd, 0.0).sum(), 0.0)
        for year in years
    }
    sums = kept.group_by(product=kept["product"], economy=kept[side]).agg(**by_year)
    medians = {name: _median([sums[f"y{year}"] for year in span]) for name, span in spans.items()}
    return sums.select("product", "economy", **medians)


def _median(values: list):
    """Median of up to three values, without an aggregate that engines take in ways of their own."""
    if len(values) == 3:
        return sum(values) - ibis.greatest(*values) - ibis.least(*values)
    return sum(values) / len(values)


def _with_parts(medians: ir.Table, amount: str, part: str) -> ir.Table:
    """The medians of each supplier, and its parts of their sums; names of columns by span."""
    sums = medians.group_by("product").agg(before=medians.before.sum(), after=medians.after.sum())
    columns = {}
    for span in ("before", "after"):
        total = sums[span]
        columns[amount.format(span)] = medians[span]
        columns[part.format(span)] = (total > 0).ifelse(medians[span] / total, 0.0)
    return medians.join(sums, "product").select(
        product=medians["product"], supplier=medians.economy, **columns
    )


def _hhi(amounts):
    return (amounts * amounts).sum() / (amounts.sum() * amounts.sum())


def _graded(rows: ir.Table) -> ir.Table:
    rows = rows.filter((rows.before_usd > 0) | (rows.after_usd > 0))
    large = (ibis.greatest(rows.before_usd, rows.after_usd) >= SMALLEST_USD) & (
        ibis.greatest(rows.share_before, rows.share_after) >= SMALLEST_SHARE
    )
    jumped = (rows.after_usd >= JUMP * rows.before_usd) & (
        rows.share_after >= JUMP * rows.share_before
    )
    more = rows.bought_after_usd - rows.bought_before_usd
    supplied = (more >= FED_PART * (rows.after_usd - rows.before_usd)) & (
        rows.part_after > rows.part_before
    )
    flagged = large & jumped
    return rows.mutate(flagged=flagged, fed=flagged & supplied).drop("part_before", "part_after")
