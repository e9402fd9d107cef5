"""Figures by stage: the share of one supplier, and all suppliers, one figure a stage."""

import pandas as pd

from rareearths import stages, trade
from rareearths.figures.frame import show
from rareearths.figures.look import canvas
from rareearths.figures.shares import (
    hollow_note,
    newest_first,
    plot_share_lines,
    plot_supplier_shares,
    supplier_chart,
)


def show_stage_shares(table: pd.DataFrame, newest: pd.DataFrame, **facts) -> None:
    """Show one figure a stage: the share of the supplier by value and by tonnes.

    Parameters
    ----------
    table, newest : pandas.DataFrame
        See `stages.dependence` and `stages.latest`; a stage without a known share has no figure.
    **facts
        Values of the templates: ``importer``, ``exporter``, ``source``.
    """
    for row in newest.itertuples():
        shares = table[table["stage"] == row.stage].set_index("year")
        if not shares["share_value"].max() > 0:
            continue
        said = stages.share_words(row)
        show(
            plot_share_lines(canvas(2.3), shares),
            title="{plural}: {exporter} {said} in {year}",
            subtitle="Share of {exporter} in the imports of {importer}" + hollow_note(shares),
            alt="Lines by year, {first} to {year}: the share of {exporter} in the {stage} stage.",
            data=shares.drop(columns="stage").reset_index(),
            **facts
            | {
                "source": _source(row.stage, facts),
                "plural": _name(row.goods),
                "said": said,
                "stage": row.stage,
                "year": row.year,
                "first": int(shares.index.min()),
            },
        )


def show_stage_suppliers(flows: pd.DataFrame, basis: str, **facts) -> None:
    """Show one figure a stage: the share of each supplier, by value where weights are lacking.

    Parameters
    ----------
    flows : pandas.DataFrame
        See `stages.load_flows`.
    basis : {"value", "tonnes"}
    **facts
        Values of the templates: ``importer``, ``goods``, ``source``.
    """
    found = stages.present(flows)
    for stage in found:
        part = flows[flows["stage"] == stage]
        weighed = trade.quantity_coverage(part) >= trade.LEAST_COVERAGE
        lines = part["year"].nunique() == 1 or weighed.sum() > 1
        shown = basis if weighed.iloc[-1] and lines else "value"
        shares = trade.supplier_shares(part, shown)
        year = int(shares["year"].max())
        last = shares[shares["year"] == year].nlargest(8, "share")
        show(
            plot_supplier_shares(canvas(3.0), shares),
            title="{plural} in {year}: {leader} sold {share:pct0} of the {shown}",
            subtitle="Share of each supplier in the imports of {importer}, by {shown}",
            alt="Stacked areas: suppliers by year; {leader} has {share:pct0} in {year}.",
            data=newest_first(shares)[["year", "exporter", "amount", "share"]],
            chart=supplier_chart(shares, shown),
            **facts
            | {
                "source": _source(stage, facts),
                "plural": _name(stages.PLURALS[stage] if len(found) > 1 else facts["goods"]),
                "leader": trade.economy_in_text(last["exporter"].iloc[0]),
                "share": last["share"].iloc[0],
                "shown": shown,
                "year": year,
            },
        )


def _name(goods: str) -> str:
    return goods[0].upper() + goods[1:]


def _source(stage: str, facts: dict) -> str:
    if stage != stages.MAGNETS:
        return facts["source"]
    return stages.magnet_source()
