"""What the report on two economies says: the sentences of the answer and of what follows.

Every sentence is chosen by a computed condition, so that it holds for any pair and material. Text
that comes back is finished: it is a value of a template, never a template.
"""

import pandas as pd

from rareearths import quality, stages, supply, trade, words
from rareearths.cooperation import accords, holdings, pair_tables, pairs

NEARLY = 0.9  # of the overlap: from here on the shared supplier is "nearly all of it"
LITTLE = 0.05  # of what each buys: below, no shared dependence to speak of
OLD = 3  # years before the last of the trade data: figures older than that are called old
SMALL_BUYER = 0.1  # of what the other buys: below, a fellow buyer in name only
APART, ALIKE = 0.25, 0.5  # overlap of the other suppliers: below, different; above, much the same


def on_common(
    newest: pd.DataFrame,
    exposure: pd.DataFrame,
    pair: pairs.Pair,
    exporter: str,
    material: str,
) -> str:
    """The one thing to know first: how much is in common, and how much of that is the exporter."""
    first, second = (trade.economy_in_text(code) for code in pair)
    ends = newest[[f"share_{basis}" for basis in trade.BASES]].stack().dropna()
    facts = {
        "who": f"{first[0].upper()}{first[1:]} and {second}",
        "goods": trade.material_in_text(material),
        "common": pair_tables.span(pd.Series([ends.min(), ends.max()])),
        "which": "by stage and measure" if len(newest) > 1 else "by value and by tonnes",
        "year": str(newest["year"].max()),
        "tail": _tail(*exporter_part(newest), trade.economy_in_text(exporter)),
    }
    template = words.choose(
        (ends.max() == 0, "{who} had no supplier of {goods} in common in {year}."),
        (True, "{who} had {common} of their supply of {goods} in common in {year}, {which} (for "
               "each supplier the smaller of the two shares){tail}."),
    )  # fmt: skip
    return words.fill(template, **facts) + _small_pair(newest, exposure)


def _small_pair(newest: pd.DataFrame, exposure: pd.DataFrame) -> str:
    """That one of the two buys little of all goods that are compared; empty where none does."""
    rows = exposure[exposure["stage"].isin(newest["stage"])]
    return _buys_little(
        rows,
        " But {who} buys little of these goods ({low:usd} against {high:usd}), so that its shares "
        "rest on few shipments.",
    )


def _tail(low: float, high: float, name: str) -> str:
    span = pair_tables.span(pd.Series([low, high]))
    return words.choose(
        (pd.isna(low), f"; how much of that was {name} is not known"),
        (high == 0, f", and none of that was {name}"),
        (low >= NEARLY, f", and nearly all of that was {name} ({span} of it)"),
        (low >= 0.5, f", and most of that was {name} ({span} of it)"),
        (high < 0.5, f", and less than half of that was {name} ({span} of it)"),
        (True, f", and {name} was {span} of that"),
    )


def on_exposure(exposure: pd.DataFrame, pair: pairs.Pair, exporter: str) -> str:
    """How much of what each buys comes from the exporter, stage by stage."""
    year, said = int(exposure["year"].max()), []
    for code in pair:
        rows = exposure[exposure["importer"] == code]
        parts = [f"{_part(row)} of its {_goods(row, year)}" for row in rows.itertuples()]
        said.append(f"{trade.economy_in_text(code)} {words.joined(parts)}")
    return (
        f"By value and by tonnes, {trade.economy_in_text(exporter)} sold {said[0]} in {year}; it "
        f"sold {said[1]}."
    )


def on_size(exposure: pd.DataFrame, pair: pairs.Pair) -> str:
    """Stages of which one buys less than a tenth of what the other does; empty without any."""
    worth = exposure.pivot(index="stage", columns="importer", values="value_usd")
    worth = worth.reindex(columns=list(pair)).dropna()
    small = worth[worth.min(axis=1) < SMALL_BUYER * worth.max(axis=1)]
    said = [
        words.fill(
            "{goods} of {who} ({low:usd} against {high:usd})",
            goods=stages.PLURALS[stage], who=trade.economy_in_text(row.idxmin()),
            low=row.min(), high=row.max(),
        )
        for stage, row in small.iterrows()
    ]  # fmt: skip
    if not said:
        return ""
    return f"Little is bought, so that a few shipments move the shares: {words.joined(said)}."


def on_reported(flows: pd.DataFrame, pair: pairs.Pair, exporter: str) -> str:
    """Where what an importer reports is far from the table used here; empty without any."""
    said = []
    for code in pair:
        own = flows[(flows["importer"] == code) & (flows["stage"] != stages.MAGNETS)]
        rows = trade.compare_reported(own, code, exporter)
        rows = rows[(rows["ratio"] > 1.25) | (rows["ratio"] < 0.8)]
        said += [
            f"{row.ratio:.1f} times in {row.year} (HS {row.product}, {trade.economy_in_text(code)})"
            for row in rows.itertuples()
        ]
    if not said:
        return ""
    return (
        f"As the importer reports them, imports from {trade.economy_in_text(exporter)} were far "
        f"from those used here: {words.joined(said)}."
    )


def on_published(flows: pd.DataFrame, pair: pairs.Pair, exporter: str, material: str) -> str:
    """Published shares of the newest year that has any, beside the computed; empty without any."""
    said = []
    for code in pair:
        rows = trade.load_published(code, exporter, material)
        rows = rows[rows["comparable"] & (rows["start_year"] == rows["end_year"])]
        rows = rows[rows["end_year"] <= flows["year"].max()]
        rows = rows[rows["end_year"] == rows["end_year"].max()]
        own = flows[(flows["importer"] == code) & (flows["stage"] != stages.MAGNETS)]
        own = own[own["year"] == rows["end_year"].max()]
        if rows.empty or own.empty:
            continue
        computed = trade.dependence(own, exporter).iloc[0]
        basis = words.joined(sorted(rows["basis"].str.replace("_", " ").unique()))
        here = [computed["share_value"], computed["share_tonnes"]]
        published, computed_here = rows["share"].agg(["min", "max"]), pd.Series(here)
        said.append(
            f"{pair_tables.span(published)} of what {trade.economy_in_text(code)} bought in "
            f"{rows['end_year'].iloc[0]} (basis: {basis}; here {pair_tables.span(computed_here)}, "
            "all stages but magnets in one)"
        )
    if not said:
        return ""
    name = trade.economy_in_text(exporter)
    return f"Published statistics give {name} {words.joined(said)}."


def exposure_title(exposure: pd.DataFrame, pair: pairs.Pair, exporter: str) -> str:
    """The title of the figure of exposure: whose share is the larger, by value."""
    shares = exposure.pivot(index="stage", columns="importer", values="share_value")
    shares = shares.reindex(columns=list(pair)).dropna()
    name, start = trade.economy_in_text(exporter), trade.economy_at_start(exporter)
    first, second = (trade.economy_in_text(code) for code in pair)
    more = int((shares[pair[0]] > shares[pair[1]]).sum())
    less = int((shares[pair[0]] < shares[pair[1]]).sum())
    larger = f"{start} has a larger share of what {{}} buys than of what {{}} buys"
    return words.choose(
        (len(shares) == 0, f"The share of {name} in what {first} and {second} buy"),
        (more == len(shares), larger.format(first, second)),
        (less == len(shares), larger.format(second, first)),
        (True, f"Where the share of {name} is larger differs by stage"),
    )


def _goods(row, year: int) -> str:
    larger = " (larger flows)" if row.stage == stages.MAGNETS else ""
    return row.goods + larger + ("" if row.year == year else f" ({row.year})")


def on_overlap(newest: pd.DataFrame, exporter: str) -> str:
    """How far the suppliers of both are the same, and how much of that is the exporter."""
    said = words.joined([f"{pairs.span_text(row)} for {row.goods}" for row in newest.itertuples()])
    return f"Suppliers in common make up {said}. {on_exporter_part(newest, exporter)}"


def on_exporter_part(newest: pd.DataFrame, exporter: str) -> str:
    """The exporter's part of the overlap, from the lowest to the highest of stages and measures."""
    low, high = exporter_part(newest)
    name = trade.economy_in_text(exporter)
    if pd.isna(low):
        return f"How much of that is {name} is not known."
    span = " to ".join(dict.fromkeys(supply.share_text(end) for end in (low, high)))
    template = words.choose(
        (high == 0, "None of that is {name}."),
        (low >= NEARLY, "Nearly all of that is {name} ({span} of it, by stage and measure)."),
        (low >= 0.5, "Most of that is {name} ({span} of it, by stage and measure)."),
        (high < 0.5, "Less than half of that is {name} ({span} of it, by stage and measure)."),
        (True, "Of that, {name} is {span}, by stage and measure."),
    )
    return words.fill(template, name=name, span=span)


def exporter_part(newest: pd.DataFrame) -> tuple[float, float]:
    """The lowest and the highest part of the overlap that is the exporter, of all measures."""
    found = pd.concat(
        [newest[f"exporter_{basis}"] / newest[f"share_{basis}"].where(lambda s: s > 0)
         for basis in trade.BASES]
    ).dropna()  # fmt: skip
    return (found.min(), found.max()) if len(found) else (float("nan"), float("nan"))


def on_holdings(own: tuple[dict, dict], pair: pairs.Pair) -> str:
    """What the data show one to have and not the other."""
    said = []
    for code, items in zip(pair, own, strict=True):
        if items:
            what = words.joined(list(items.values()))
            said.append(f"Only for {trade.economy_in_text(code)} do the data show {what}.")
    return " ".join(said) or "The data show no stage that only one of the two has."


def on_holdings_short(own: tuple[dict, dict], pair: pairs.Pair) -> str:
    """As `on_holdings`, in one sentence without figures."""
    said = [
        f"{_short(items)} for {trade.economy_in_text(code)} only"
        for code, items in zip(pair, own, strict=True)
        if items
    ]
    if not said:
        return "The data show no stage that only one of the two has."
    return f"The data show {', and '.join(said)}."


def _short(items: dict) -> str:
    return words.joined([holdings.SHORT[item] for item in items])


def on_accords(events: pd.DataFrame, pair: pairs.Pair) -> str:
    """How many instruments both signed."""
    alone, others = (int((events["how"] == how).sum()) for how in accords.HOW[:2])
    first, second = (trade.economy_in_text(code) for code in pair)
    if not alone + others:
        return f"The timeline holds no instrument of both {first} and {second}."
    when = events.loc[events["how"] != accords.TOWARDS, "date"]
    bounds = supply.years_text(int(when.min()[:4]), int(when.max()[:4]))
    said = f"{alone or 'none'} of the two alone, {others or 'none'} with others"
    disputes = int((events["instrument"] == "wto_dispute").sum())
    if disputes:
        said += f" ({disputes} of them {'steps' if disputes > 1 else 'a step'} of a WTO dispute)"
    acts = "1 act" if alone + others == 1 else f"{alone + others} acts"
    return f"The timeline of policy holds {acts} of both ({bounds}): {said}."


def accords_title(events: pd.DataFrame) -> str:
    """The title of the figure of instruments: how many, and since when of the two alone."""
    counts = events["how"].value_counts()
    said = [f"{how.lower()} {counts[how]}" for how in accords.HOW if how in counts.index]
    return f"{len(events)} acts: {', '.join(said)}"


def on_magnets(
    added: tuple[float, float], bought: pd.Series, exporter: str, year: int | None
) -> str:
    """What magnet plants with a part of the two could add, against what both buy; empty without."""
    if not added[1] or bought.empty:
        return ""
    total = bought.sum()
    return words.fill(
        "Magnet plants with a part of the two that do not fully run yet could add {low:count} "
        "(those that start up) to {high:count} tonnes a year (all that are planned) at their "
        "stated capacity, {least} to {most} of the {total:count} tonnes that the two bought from "
        "{name} in {year}.",
        year=str(year), low=added[0], high=added[1],
        total=total, name=trade.economy_in_text(exporter),
        least=supply.share_text(added[0] / total), most=supply.share_text(added[1] / total),
    )  # fmt: skip


def on_suppliers(others: pd.DataFrame, newest: pd.DataFrame, variants: pd.DataFrame) -> str:
    """Whether the two buy from the same other suppliers, stage by stage."""
    said = []
    for row in newest.itertuples():
        ends = _others(variants, row.stage)
        if ends.empty:
            said.append(f"{row.goods}: one of the two has no other supplier")
            continue
        rows = others[others["stage"] == row.stage]
        both = rows[(rows[["first_value", "second_value"]] >= 0.01).all(axis=1)]["exporter"]
        both = [trade.economy_in_text(code) for code in both]
        names = f" (both buy 1% or more of the value from {words.joined(both)})" if both else ""
        said.append(f"{row.goods} {pair_tables.span(ends)}{names}")
    return "; ".join(said)


def _others(variants: pd.DataFrame, stage: str) -> pd.Series:
    """Overlap of the suppliers other than the exporter, by value and where known by tonnes."""
    kinds = variants["kind"].isin(["others_value", "others_tonnes"])
    return variants.loc[kinds & (variants["stage"] == stage), "value"]


def on_feed(flows: pd.DataFrame, pair: pairs.Pair, exporter: str, material: str) -> str:
    """Who mines outside the exporter and the two, and what both buy from there directly."""
    output = supply.mine_output(material)
    last = output[output["year"] == output["year"].max()].set_index("economy")["quantity_t"]
    left_out = [exporter, *pair, supply.REST]
    miners = last[last > 0].drop(left_out, errors="ignore").nlargest(3)
    year = flows["year"].max()
    now = flows[(flows["year"] == year) & (flows["stage"] != stages.MAGNETS)]
    if miners.empty or now.empty:
        return ""
    total = now.groupby("importer")["value_usd"].sum()
    bought = now.groupby(["importer", "exporter"])["value_usd"].sum()
    said = []
    for code in miners.index:
        buyers = [c for c in pair if c in total.index]
        parts = [supply.share_text(bought.get((c, code), 0.0) / total[c]) for c in buyers]
        whose = [trade.economy_in_text(c) for c in buyers]
        pieces = words.joined([f"{p} for {w}" for p, w in zip(parts, whose, strict=True)])
        span = holdings.mined(code, material)["span"]
        said.append(f"{trade.economy_in_text(code)}, {span} tonnes: {pieces}")
    goods = words.joined([stages.PLURALS[stage] for stage in stages.present(now)])
    return (
        f"Who mines most outside {trade.economy_in_text(exporter)} and the two, and the part of "
        f"the {goods} bought in {year} that it sold directly, by value: {'; '.join(said)}. "
        "What is mined there and separated elsewhere counts for the place of separation."
    )


def on_trend(table: pd.DataFrame) -> str:
    """The overlap by value, mean of the first years against the mean of the last, by stage."""
    said = []
    for stage, rows in table.groupby("stage", sort=False):
        if len(rows) < 2 * pairs.RECENT:
            continue
        first, last = rows.head(pairs.RECENT), rows.tail(pairs.RECENT)
        ends = [_mean(part) for part in (first, last)]
        how = _turned(first["share_value"], last["share_value"])
        said.append(f"{stages.PLURALS[stage]} from {ends[0]} to {ends[1]}, {how}")
    if not said:
        return "There are too few years to compare the first with the last."
    return (
        f"Overlap by value, mean of {pairs.RECENT} years, and in brackets the lowest and the "
        f"highest of them: {'; '.join(said)}. A change is called clear where every one of the "
        f"last {pairs.RECENT} years lies above, or below, each of the first."
    )


def trend_title(rows: pd.DataFrame) -> str:
    """The title of the figure of the overlap of one stage by year: how it turned, by value.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of `pairs.by_year` of one stage.
    """
    goods = stages.PLURALS[rows["stage"].iloc[0]].capitalize()
    if len(rows) < 2 * pairs.RECENT:
        years = supply.years_text(rows["year"].min(), rows["year"].max())
        return f"{goods}: overlap of suppliers in {years}"
    values = rows["share_value"]
    first, last = values.head(pairs.RECENT), values.tail(pairs.RECENT)
    ends = [words.show_number(part.mean(), "pct0") for part in (first, last)]
    text = words.choose(
        (
            ends[0] == ends[1],
            "{goods}: {a} by value in the last {n} years, as much as in the first",
        ),
        (True, "{goods}: {how}, {a} by value in the first {n} years, {b} in the last"),
    )
    a, b = ends
    return words.fill(text, goods=goods, how=_turned(first, last), n=str(pairs.RECENT), a=a, b=b)


def _turned(first: pd.Series, last: pd.Series) -> str:
    return words.choose(
        (last.min() > first.max(), "clearly more alike"),
        (last.max() < first.min(), "clearly less alike"),
        (True, "no clear change"),
    )


def _mean(part: pd.DataFrame) -> str:
    values = part["share_value"]
    mean = words.ranged(values.mean(), values.min(), values.max(), "pct0")
    return f"{mean} in {supply.years_text(part['year'].min(), part['year'].max())}"


def on_certainty(newest: pd.DataFrame, exporter: str) -> str:
    """How sure the overlap is: how far the two measures lie apart, and what holds by both."""
    gaps = (newest["share_tonnes"] - newest["share_value"]).abs()
    low, name = exporter_part(newest)[0], trade.economy_in_text(exporter)
    widest = gaps.max()
    year = int(newest["year"].max())
    old = year < trade.year_range()[1] - OLD
    before = f"The newest figures that can be relied on are of {year}. " if old else ""
    if pd.isna(widest):
        return f"{before}The overlap rests on values alone: weights are not known well enough. "
    template = words.choose(
        (low >= 0.5 and widest >= 0.1,
         "Fairly sure that {name} is more than half of what they share, by both measures and at "
         "every stage that has figures; not sure how much they share: the measures lie up to {gap} "
         "apart. "),
        (low >= 0.5, "Fairly sure: by both measures {name} is more than half of what they share, "
                     "and the measures lie at most {gap} apart. "),
        (widest < 0.05, "Fairly sure of how much they share: the two measures lie at most {gap} "
                        "apart. "),
        (True, "How much they share depends on the measure: the two lie up to {gap} apart. "),
    )  # fmt: skip
    return before + words.fill(template, name=name, gap=words.fill("{g:pp}", g=widest))


def on_faults(pair: pairs.Pair, material: str, years: tuple[int, int], newest: pd.DataFrame) -> str:
    """Known faults of the series of both, each once; empty without any."""
    series = [trade.TABLE] + ["magnets"] * (stages.MAGNETS in set(newest["stage"]))
    found = []
    for code in pair:
        breaks = quality.known_breaks(code, material, years)
        breaks = breaks[breaks["series"].isin(series) & (breaks["kind"] != "weights")]
        inside = (breaks["first_year"] <= years[1]) & (breaks["last_year"] >= years[0])
        found.append(breaks[inside].assign(importer=code))
    rows = pd.concat(found).sort_values("first_year", kind="stable")
    said = []
    for (when, fault), part in rows.groupby(["years", "description"], sort=False):
        who = (
            ""
            if part["importer"].nunique() > 1
            else trade.economy_names()[part["importer"].iloc[0]]
        )
        said.append(f"{when}{', ' if who else ''}{who}: {fault}")
    return f"Known faults of these series: {'; '.join(said)}." if said else ""


def largest_effect(variants: pd.DataFrame) -> dict:
    """The change of measure, years or flows that moves an overlap most, as numbers and words.

    Leaving out the exporter and the cosine ask another question and do not count.

    Returns
    -------
    dict
        ``changed``, ``goods`` (text), ``base``, ``value`` (overlap before and after).
    """
    same = variants[variants["kind"].isin(["measure", "years", "mutual"])]
    if same.empty:
        row = variants.iloc[0]
        return {"changed": "no change", "goods": row["goods"]} | dict.fromkeys(
            ["base", "value"], row["base"]
        )
    row = same.loc[same["effect"].abs().idxmax()]
    return row[["changed", "goods", "base", "value"]].to_dict()


def on_effect(effect: dict) -> str:
    """`largest_effect` as a sentence."""
    template = words.choose(
        (abs(effect["value"] - effect["base"]) < 0.005,
         "No choice of measure, years or flows moves an overlap by half a point."),
        (True, "The choice of measure, years or flows that matters most: with {changed}, the "
               "overlap of {goods} is {value:pct0} instead of {base:pct0}."),
    )  # fmt: skip
    return words.fill(template, **effect)


def on_pooled(flows: pd.DataFrame, newest: pd.DataFrame, pair: pairs.Pair) -> str:
    """The overlap by value of all stages together, with magnets and without; empty without them."""
    if stages.MAGNETS not in set(newest["stage"]) or len(newest) < 2:
        return ""
    year = newest["year"].min()
    now = flows[(flows["year"] == year) & flows["stage"].isin(newest["stage"])]
    bare = pairs.shares(now[now["stage"] != stages.MAGNETS], pair)
    ends = pairs.overlap(pairs.shares(now, pair)), pairs.overlap(bare)
    return words.fill(
        "With all stages in one, which mixes goods, the overlap by value is {a:pct0} with magnets "
        "and {b:pct0} without.", a=ends[0], b=ends[1],
    )  # fmt: skip


def what_to_do(
    newest: pd.DataFrame,
    variants: pd.DataFrame,
    own: tuple,
    pair: pairs.Pair,
    exporter: str,
    exposure: pd.DataFrame,
) -> str:
    """Advice by the numbers: where both depend, whether others are shared, who has what."""
    name = trade.economy_in_text(exporter)
    parts = newest[["exporter_value", "exporter_tonnes"]]
    most = parts.max().max()
    if not most >= LITTLE:
        how = (
            "no dependence"
            if not most > 0
            else f"hardly a dependence (under {LITTLE:.0%} of what each buys)"
        )
        return (
            f"The two share {how} on {name} as the one that sold last: look at the import "
            f"dependence of each, and at who stands behind its sellers. {_do_holdings(own, pair)}"
        )
    row = newest.loc[parts.min(axis=1).idxmax()]
    ends = _others(variants, row["stage"])
    start = (
        f"Begin with {row['goods']}, where both depend on {name} most: it has at least "
        f"{pairs.span_text(row, 'exporter')} of what each buys. "
    )
    small = _small_buyer(exposure, row["stage"], pair)
    rest = words.choose(
        (bool(small), small),
        (ends.empty, "One of the two has no other supplier there: any second source is new. "),
        (ends.max() < APART, "The rest they buy from different suppliers (overlap {o}): each can "
                             "open its own to the other. "),
        (ends.min() >= ALIKE, "The rest they buy from much the same suppliers (overlap {o}): buy "
                              "together, or they outbid each other. "),
        (True, "The rest they buy partly from the same suppliers (overlap {o}): contract together "
               "with those that sell to both, and open the others to each other. "),
    )  # fmt: skip
    return (
        start
        + words.fill(rest, o="" if ends.empty else pair_tables.span(ends))
        + _do_holdings(own, pair)
    )


def _small_buyer(exposure: pd.DataFrame, stage: str, pair: pairs.Pair) -> str:
    """That one of the two buys little at a stage, as advice; empty where both buy much."""
    rows = exposure[(exposure["stage"] == stage) & exposure["importer"].isin(pair)]
    return _buys_little(
        rows,
        "But {who} buys little of these ({low:usd} against {high:usd}), so that buying together "
        "gains little there; what counts is what each can supply. ",
    )


def _buys_little(rows: pd.DataFrame, template: str) -> str:
    """The template, filled where one importer of the rows buys little beside the other."""
    worth = rows.groupby("importer")["value_usd"].sum()
    if len(worth) < 2 or worth.min() >= SMALL_BUYER * worth.max():
        return ""
    who = trade.economy_in_text(worth.idxmin())
    return words.fill(template, who=who, low=worth.min(), high=worth.max())


def _do_holdings(own: tuple[dict, dict], pair: pairs.Pair) -> str:
    first, second = (trade.economy_in_text(code) for code in pair)
    has = [_short(items) for items in own]
    return words.choose(
        (bool(own[0] and own[1]), f"Join what the data show for one only: {has[0]} of {first}, "
                                  f"{has[1]} of {second}; no figure for the other is not zero."),
        (bool(own[0]), f"The data show {has[0]} for {first} only; no figure for {second} is not "
                       "zero, so ask before building on it."),
        (bool(own[1]), f"The data show {has[1]} for {second} only; no figure for {first} is not "
                       "zero, so ask before building on it."),
        (True, "The data show no stage that only one of them has."),
    )  # fmt: skip


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


def _part(row) -> str:
    span = pair_tables.span(pd.Series([row.share_value, row.share_tonnes]))
    return {"0%": "none", "not known": "an unknown part"}.get(span, span)
