"""What the report on two economies says: the sentences of the answer and of what follows.

Every sentence is chosen by a computed condition, so that it holds for any pair and material. Text
that comes back is finished: it is a value of a template, never a template.
"""

import pandas as pd

from rareearths import accords, answers, pairs, stages, supply, trade, words

MOST = 0.75  # of the overlap: from here on the shared supplier is "most of it"
NONE = "–"
APART = 1 / 3  # overlap of the other suppliers: below, the two buy from different ones


def on_exposure(exposure: pd.DataFrame, pair: pairs.Pair, exporter: str) -> str:
    """How much of what each buys comes from the exporter, stage by stage."""
    year, said = int(exposure["year"].max()), []
    for code in pair:
        rows = exposure[exposure["importer"] == code]
        name = trade.economy_in_text(code)
        said.append(f"In {year}, {trade.economy_in_text(exporter)} sold {name}: "
                    f"{answers.stage_list(rows, year)}.")  # fmt: skip
    return " ".join(said)


def on_overlap(newest: pd.DataFrame, exporter: str) -> str:
    """How far the suppliers of both are the same, and how much of that is the exporter."""
    if newest.empty:
        return (
            "The two bought no goods of the same stage in the same year, so nothing can be shared."
        )
    said = "; ".join(f"{row.goods} {pairs.basis_text(row)}" for row in newest.itertuples())
    return f"Suppliers in common: {said}. {on_exporter_part(newest, exporter)}"


def on_exporter_part(newest: pd.DataFrame, exporter: str) -> str:
    """The exporter's part of the overlap, from the lowest to the highest of stages and measures."""
    low, high = exporter_part(newest)
    name = trade.economy_in_text(exporter)
    if pd.isna(low):
        return f"How much of that is {name} is not known."
    span = " to ".join(dict.fromkeys(supply.share_text(end) for end in (low, high)))
    template = words.choose(
        (high == 0, "None of that is {name}."),
        (low >= MOST, "Nearly all of that is {name}: {span} of it, by stage and measure."),
        (low >= 0.5, "More than half of that is {name}: {span} of it, by stage and measure."),
        (high < 0.5, "Less than half of that is {name}: {span} of it, by stage and measure."),
        (True, "Of that, {name} is {span}, by stage and measure."),
    )
    return words.fill(template, name=name, span=span)


def exporter_part(newest: pd.DataFrame) -> tuple[float, float]:
    """The lowest and the highest part of the overlap that is the exporter, over stages and bases."""
    found = pd.concat(
        [newest[f"exporter_{basis}"] / newest[f"share_{basis}"].where(lambda s: s > 0)
         for basis in trade.BASES]
    ).dropna()  # fmt: skip
    return (found.min(), found.max()) if len(found) else (float("nan"), float("nan"))


def on_holdings(own: tuple[list[str], list[str]], pair: pairs.Pair) -> str:
    """What the data show one to have and not the other."""
    said = []
    for code, other, items in zip(pair, reversed(pair), own, strict=True):
        if items:
            said.append(
                f"The data show {trade.economy_in_text(code)}, and not {trade.economy_in_text(other)}, "
                f"with {words.joined(items)}."
            )
    return " ".join(said) or "The data show neither with a stage that the other has no figure for."


def on_accords(events: pd.DataFrame, pair: pairs.Pair) -> str:
    """How many instruments both signed."""
    alone, others = (int((events["how"] == how).sum()) for how in accords.HOW[:2])
    first, second = (trade.economy_in_text(code) for code in pair)
    if not alone + others:
        return f"The timeline holds no instrument of both {first} and {second}."
    when = events.loc[events["how"] != accords.TOWARDS, "date"]
    bounds = supply.years_text(int(when.min()[:4]), int(when.max()[:4]))
    return (
        f"The timeline holds {alone + others} acts of both ({bounds}): {alone} of the two alone, "
        f"{others} with others."
    )


def accords_title(events: pd.DataFrame) -> str:
    """The title of the figure of instruments: how many, and since when of the two alone."""
    counts = events["how"].value_counts()
    said = [f"{how.lower()} {counts[how]}" for how in accords.HOW if how in counts.index]
    return f"{len(events)} acts: {', '.join(said)}"


def on_magnets(added: tuple[float, float], bought: pd.Series, exporter: str) -> str:
    """What magnet plants with a part of the two could add, against what both buy; empty without."""
    if not added[1] or bought.empty:
        return ""
    total = bought.sum()
    return words.fill(
        "Magnet plants that do not run yet, or are starting up, would add {low:count} to "
        "{high:count} tonnes a year at their stated capacity, if all are built; the two bought "
        "{total:count} tonnes from {name} ({least} to {most} of it).",
        low=added[0], high=added[1], total=total, name=trade.economy_in_text(exporter),
        least=supply.share_text(added[0] / total), most=supply.share_text(added[1] / total),
    )  # fmt: skip


def on_suppliers(others: pd.DataFrame, newest: pd.DataFrame, variants: pd.DataFrame) -> str:
    """Whether the two buy from the same other suppliers, stage by stage."""
    said = []
    apart = variants[variants["changed"].str.startswith("suppliers other")].set_index("stage")
    for row in newest.itertuples():
        if row.stage not in apart.index:
            said.append(f"{row.goods}: one of the two has no other supplier")
            continue
        rows = others[others["stage"] == row.stage]
        both = rows[(rows[["first_value", "second_value"]] >= 0.01).all(axis=1)]["name"]
        names = f" ({words.joined(list(both))} sell to both, each at least 1%)" if len(both) else ""
        said.append(f"{row.goods} {supply.share_text(apart.at[row.stage, 'value'])}{names}")
    return "; ".join(said)


def on_trend(table: pd.DataFrame) -> str:
    """The overlap by value, mean of the first years against the mean of the last, by stage."""
    said = []
    for stage, rows in table.groupby("stage", sort=False):
        if len(rows) < 2 * pairs.RECENT:
            continue
        first, last = rows.head(pairs.RECENT), rows.tail(pairs.RECENT)
        ends = [f"{supply.share_text(part['share_value'].mean())} "
                f"({supply.years_text(part['year'].min(), part['year'].max())})"
                for part in (first, last)]  # fmt: skip
        said.append(f"{stages.PLURALS[stage]} from {ends[0]} to {ends[1]}")
    if not said:
        return "There are too few years to compare the first with the last."
    return f"Overlap by value, mean of {pairs.RECENT} years: {'; '.join(said)}."


def on_certainty(newest: pd.DataFrame, exporter: str) -> str:
    """How sure the overlap is: how far the two measures lie apart, and what holds by both."""
    gaps = (newest["share_tonnes"] - newest["share_value"]).abs()
    low, name = exporter_part(newest)[0], trade.economy_in_text(exporter)
    widest = gaps.max()
    if pd.isna(widest):
        return "The overlap rests on values alone: weights are not known well enough. "
    template = words.choose(
        (low >= 0.5 and widest >= 0.1,
         "Sure that {name} is more than half of what they share, by both measures and at every "
         "stage that has figures; not sure how much that is: the measures lie up to {gap} apart. "),
        (low >= 0.5, "Fairly sure: by both measures {name} is more than half of what they share, "
                     "and the measures lie at most {gap} apart. "),
        (True, "How much they share depends on the measure: the two lie up to {gap} apart. "),
    )  # fmt: skip
    return words.fill(template, name=name, gap=words.fill("{g:pp}", g=widest))


def largest_effect(variants: pd.DataFrame) -> dict:
    """The change that moves an overlap most: ``changed``, ``goods``, ``base``, ``value``."""
    if variants.empty:
        return {"changed": "none", "goods": "goods", "base": 0.0, "value": 0.0}
    return variants.loc[variants["effect"].abs().idxmax()].to_dict()


def on_pooled(flows: pd.DataFrame, newest: pd.DataFrame, pair: pairs.Pair) -> str:
    """The overlap by value of all stages together, with magnets and without; empty without them."""
    if stages.MAGNETS not in set(newest["stage"]) or len(newest) < 2:
        return ""
    year = newest["year"].min()
    now = flows[(flows["year"] == year) & flows["stage"].isin(newest["stage"])]
    bare = pairs.shares(now[now["stage"] != stages.MAGNETS], pair)
    ends = pairs.overlap(pairs.shares(now, pair)), pairs.overlap(bare)
    return words.fill(
        "All stages in one, which is no good measure, the overlap by value is {a:pct0} with magnets "
        "and {b:pct0} without.", a=ends[0], b=ends[1],
    )  # fmt: skip


def what_to_do(
    newest: pd.DataFrame, variants: pd.DataFrame, own: tuple, pair: pairs.Pair, exporter: str
) -> str:
    """Advice by the numbers: where both depend, whether other suppliers are shared, who has what."""
    name = trade.economy_in_text(exporter)
    parts = newest[["exporter_value", "exporter_tonnes"]]
    if newest.empty or not parts.max().max() > 0:
        first = f"The two share no dependence on {name} here; look at each on its own page. "
        return first + _do_holdings(own, pair)
    row = newest.loc[parts.min(axis=1).idxmax()]
    apart = variants[(variants["stage"] == row["stage"])]
    apart = apart[apart["changed"].str.startswith("suppliers other")]["value"]
    other = float(apart.iloc[0]) if len(apart) else 0.0
    said = f"Begin with {row['goods']}: each of the two buys at least {pairs.span_text(row, 'exporter')} from {name}. "
    said += words.choose(
        (other < APART, "They buy the rest from different suppliers (overlap {o}): let each use the "
                        "other's. "),
        (True, "They buy the rest from much the same suppliers (overlap {o}): buy and contract "
               "together, or they outbid each other. "),
    ).format(o=supply.share_text(other))  # fmt: skip
    return said + _do_holdings(own, pair)


def _do_holdings(own: tuple, pair: pairs.Pair) -> str:
    first, second = (trade.economy_in_text(code) for code in pair)
    return words.choose(
        (bool(own[0]) and bool(own[1]), "Each shows something that the other does not: join them."),
        (bool(own[0]), f"The data show what {first} can offer and not what {second} can."),
        (bool(own[1]), f"The data show what {second} can offer and not what {first} can."),
        (True, "The data show no stage that only one of them has."),
    )


def headline(newest: pd.DataFrame) -> str:
    """The overlap of each stage, for the headline."""
    return "; ".join(f"{row.goods} {pairs.span_text(row)}" for row in newest.itertuples())


def numbers(newest: pd.DataFrame) -> dict[str, float]:
    """The numbers of `pairs.latest` for the record, by stage."""
    names = ("share_value", "share_tonnes", "exporter_value", "exporter_tonnes")
    return {
        f"{row['stage']}_{name.replace('share', 'overlap')}": row[name]
        for row in newest.to_dict("records")
        for name in names
    }


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
    worth = f"{words.show_number(row['value_usd'], 'usd')} in {row['year']}"
    return f"{_span(row[['share_value', 'share_tonnes']])} of {worth}"


def _span(shares: pd.Series) -> str:
    known = sorted(share for share in shares if pd.notna(share))
    return " to ".join(dict.fromkeys(supply.share_text(share) for share in known)) or "not known"


def supplier_cells(others: pd.DataFrame, material: str) -> pd.DataFrame:
    """`pairs.suppliers` as text, with the newest mine output of each supplier."""
    output = supply.mine_output(material)
    last = output[output["year"] == output["year"].max()].set_index("economy")["quantity_t"]
    cells = {
        f"{side}_text": [
            _span(ends) for _, ends in others[[f"{side}_value", f"{side}_tonnes"]].iterrows()
        ]
        for side in ("first", "second")
    }
    mined = others["exporter"].map(last)
    text = [words.show_number(tonnes if tonnes > 0 else None, "count") for tonnes in mined]
    return others.assign(**cells, mined_text=text)
