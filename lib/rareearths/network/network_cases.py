"""The numbers of the report on a bloc, and what they become under other assumptions."""

import pandas as pd

from rareearths import catalogue, hubs, network, supply, trade, words
from rareearths.network import blocs, nodes, origins
from rareearths.words import fill


def by_stage(flows: pd.DataFrame, basis: str) -> dict[str, pd.DataFrame]:
    """A matrix of trade for each stage, see `network.matrix`."""
    return {stage: network.matrix(part, basis) for stage, part in flows.groupby("stage")}


def summary(
    flows: pd.DataFrame, members: list[str], exporter: str, material: str, basis: str
) -> dict:
    """The headline numbers of a group.

    Parameters
    ----------
    flows : pandas.DataFrame
        See `network.load_flows`.
    members : list of str
    exporter, material : str
    basis : {"value", "tonnes"}
        By value too where weights are known for less than `trade.LEAST_COVERAGE` of it.

    Returns
    -------
    dict
        ``year`` (the last one with both measures), ``first_year``; ``basis`` (used); ``inside``,
        ``inside_low``, ``inside_high`` (the lower and the higher of the measures),
        ``inside_value``, ``inside_tonnes``, ``inside_first``; ``direct`` (from the supplier) and
        its ``_low`` and
        ``_high``, as for inside; ``left`` (inside share after the look-through), ``left_low``,
        ``left_high``; ``rests`` (all that rests on the supplier), ``rests_low``, ``rests_high``;
        ``potential`` (of all exports of the members less what rests on the supplier),
        ``potential_low``, ``potential_high``; ``other_low``, ``other_left``, ``other_high`` (as
        left, by the other measure; missing where weights are thin); ``total_usd``; ``mined_t`` and
        ``mined_share`` (mine output of the members, and its share of all that is listed; missing
        where not known; with ``_low`` and ``_high``, the range of publishers); ``coverage``.
    """
    shares = network.inside_shares(flows, members)
    year = trade.latest_year(shares)
    now = shares.loc[year]
    weighed = bool(now["quantity_coverage"] >= trade.LEAST_COVERAGE)
    used = basis if weighed else "value"
    of_year = flows[flows["year"] == year]
    bases = list(trade.BASES) if weighed else ["value"]
    direct = {}
    for measure in bases:
        trades = network.matrix(of_year, measure)
        table = network.by_member(trades, members, exporter)
        direct[measure] = float((table["direct"] * table["bought"]).sum() / table["bought"].sum())
    inside = {measure: float(now[f"share_{measure}"]) for measure in bases}
    trades = network.matrix(of_year, used)
    own = origins.own_output(material, year, of_year, used)
    through = origins.look_through(trades, members, exporter, own)
    first = shares[f"share_{used}"].dropna()
    bought = of_year[of_year["importer"].isin(members)]
    return {
        "year": year,
        "first_year": int(first.index[0]),
        "basis": used,
        "coverage": float(now["quantity_coverage"]),
        "total_usd": float(bought["value_usd"].sum()),
        "inside_value": inside["value"],
        "inside_tonnes": inside.get("tonnes", float("nan")),
        "inside_first": float(first.iloc[0]),
        **_span("inside", inside, used),
        **_span("direct", direct, used),
        **_potential(of_year, trades, members, exporter, own, used),
        "left": through.at["proportional", "inside_left"],
        "left_low": through.at["supplier_first", "inside_left"],
        "left_high": through.at["none", "inside_left"],
        "rests": through.at["proportional", "rests"],
        "rests_low": through.at["none", "rests"],
        "rests_high": through.at["supplier_first", "rests"],
        **_other_left(of_year, members, exporter, material, used if weighed else ""),
        **_mined(material, year, members),
    }


def marginal_summary(
    table: pd.DataFrame, parts: pd.DataFrame, other: pd.DataFrame | None = None
) -> dict:
    """Who adds most, inside and outside.

    Parameters
    ----------
    table, parts : pandas.DataFrame
        See `network.marginal` and `network.shapley`.
    other : pandas.DataFrame, optional
        The first by the other measure, for the range.

    Returns
    -------
    dict
        ``best``, ``candidate``, ``fair`` (ISO3; ``candidate`` empty without any) with
        ``best_adds``, ``candidate_adds`` (each with ``_low`` and ``_high``),
        ``candidate_supplies``, ``fair_part``; ``best_other`` and ``candidate_other``, who comes
        first by the other measure (empty where it is not known).
    """
    inside, outside = table[table["member"]], table[~table["member"]]
    helps = outside[outside["change"] > 0]
    candidate = helps.iloc[0] if len(helps) else None
    best = inside.iloc[0]
    return {
        "best": best["economy"],
        **_adds("best", best, other),
        "candidate": "" if candidate is None else candidate["economy"],
        **({} if candidate is None else _adds("candidate", candidate, other)),
        **_firsts(other),
        "candidate_supplies": float("nan") if candidate is None else candidate["as_supplier"],
        "fair": parts.index[0],
        "fair_part": parts["part"].iloc[0],
    }


def loss_of(lost: pd.DataFrame, exporter: str) -> dict:
    """The row of the supplier: ``loss``, ``loss_low``, ``loss_high``, ``diverted``."""
    row = lost.set_index("economy").loc[exporter]
    return {name: float(row[name]) for name in ("loss", "loss_low", "loss_high", "diverted")}


def sensitivity(
    flows: pd.DataFrame,
    facts: dict,
    members: list[str],
    newest: pd.DataFrame,
    table: pd.DataFrame,
    rows: pd.DataFrame,
    material: str,
) -> pd.DataFrame:
    """What else could have been assumed, and what it does to the inside share.

    Parameters
    ----------
    flows : pandas.DataFrame
        See `network.load_flows`.
    facts : dict
        See `summary`.
    members : list of str
    newest, table : pandas.DataFrame
        See `network.latest_stages` and `network.marginal`.
    rows : pandas.DataFrame
        See `blocs.memberships`; empty for a list of members.
    material : str

    Returns
    -------
    pandas.DataFrame
        ``changed``, ``end_low``, ``end_high`` (text), ``effect`` (text, points against the
        headline), ``width`` (fraction); the widest first.
    """
    base, year, column = facts["inside"], facts["year"], f"share_{facts['basis']}"
    trades = network.matrix(flows[flows["year"] == year], facts["basis"])
    cases = []

    def add(changed: str, ends: dict[str, float]) -> None:
        known = {name: value for name, value in ends.items() if pd.notna(value)}
        if known:
            ordered = sorted(known, key=known.get)
            low, high = ordered[0], ordered[-1]
            cases.append((changed, low, known[low], high, known[high]))

    add("Measure", {"by value": facts["inside_value"], "by tonnes": facts["inside_tonnes"]})
    by_goods = newest.set_index("goods")[column].dropna()
    add("Stage", by_goods.to_dict() if len(by_goods) > 1 else {})
    line = network.inside_shares(flows, members)[column].loc[year - 4 : year].dropna()
    add(
        "Year, of the last five",
        {str(when): share for when, share in line.items() if len(line) > 1},
    )
    looks = {"all that can": "left_low", "proportional": "left", "none": "left_high"}
    add("What rests on the supplier", {name: facts[key] for name, key in looks.items()})
    looks = {"all that can": "other_low", "proportional": "other_left", "none": "other_high"}
    other = "tonnes" if facts["basis"] == "value" else "value"
    add(
        f"What rests on the supplier, by {other}", {name: facts[key] for name, key in looks.items()}
    )
    add("Sales of members without a known mine or plant", {
        "left out": makers_only(trades, members, material), "counted": base,
    })  # fmt: skip
    best = table[table["member"]].iloc[0]
    ends = {f"without {trade.economy_in_text(best['economy'])}": base - best["change"]}
    if facts["candidate"]:
        ends[f"with {trade.economy_in_text(facts['candidate'])}"] = base + facts["candidate_adds"]
    add("One member", ends | {"as it is": base})
    then = blocs.members_in(rows, year) if len(rows) else []
    if len(then) > 1 and then != members:
        add("Members", {
            f"as dated in {year} ({len(then)})": network.inside_share(trades, then),
            f"all ({len(members)})": base,
        })  # fmt: skip
    return _as_table(cases, base)


def makers_only(trades: pd.DataFrame, members: list[str], material: str) -> float:
    """Inside share that counts only what members with a known mine or plant sold."""
    within = [code for code in members if code in trades.index]
    makers = [code for code in within if code in hubs.producers(material)]
    return float(trades.loc[makers, within].to_numpy().sum() / trades[within].to_numpy().sum())


def between_text(of_year: pd.DataFrame, facts: dict, most: int = 3) -> str:
    """Who lies on most of the shortest ways through the trade of a year, in a sentence."""
    bases = [facts["basis"]]
    if pd.notna(facts["inside_tonnes"]):
        bases += [basis for basis in trade.BASES if basis not in bases]
    found = [nodes.betweenness(network.matrix(of_year, basis)) for basis in bases]
    named = []
    for code, part in found[0][found[0] > 0].head(most).items():
        values = [float(other.get(code, 0.0)) for other in found]
        text = words.ranged(part, min(values), max(values), "pct0")
        named.append(f"{trade.economy_in_text(code)} {text}")
    spread = " (the range is that of value and tonnes)" if len(bases) > 1 else ""
    if not named:
        return "No economy lies on a shortest way between two others."
    return (
        "Who lies most often on the shortest way between two others, as a part of all pairs of "
        f"economies{spread}: {'; '.join(named)}."
    )


def candidate_rests(trades: pd.DataFrame, own: pd.Series, exporter: str, economy: str) -> dict:
    """How far the sales of one economy rest on the supplier: proportional, and both ends."""
    ends = {
        assumed: origins.content(trades, own, exporter, assumed).get(economy, float("nan"))
        for assumed in origins.ASSUMPTIONS
    }
    return {
        "candidate_rests": ends["proportional"],
        "candidate_rests_low": ends["none"],
        "candidate_rests_high": ends["supplier_first"],
    }


def losses(
    flows: pd.DataFrame, members: list[str], exporter: str, own: pd.Series, basis: str
) -> pd.DataFrame:
    """`nodes.removal` of the supplier and of the other large suppliers, for flows of one year."""
    apart = by_stage(flows, basis)
    largest = nodes.large_nodes(network.matrix(flows, basis), members, exporter)
    return nodes.removal(apart, members, largest, own)


def _span(name: str, values: dict[str, float], used: str) -> dict:
    ends = values.values()
    return {name: values[used], f"{name}_low": min(ends), f"{name}_high": max(ends)}


def _mined(material: str, year: int, members: list[str]) -> dict:
    """Mine output of the members in a year, and its share of all producers that are listed."""
    output = origins.own_output(material, year, pd.DataFrame(), "tonnes")
    if output.empty:
        return {"mined_t": float("nan"), "mined_share": float("nan")}
    own = output[output.index.isin(members)].sum()
    found = {"mined_t": float(own), "mined_share": float(own / output.sum())}
    ends = _mined_by_publisher(material, year, members)
    return found | {
        f"{name}_{end}": getattr(pd.Series([found[name], *ends[name]]), how)()
        for name in found
        for end, how in (("low", "min"), ("high", "max"))
    }


def _mined_by_publisher(material: str, year: int, members: list[str]) -> pd.DataFrame:
    """What each publisher alone lists for the members; empty where only one is in the data."""
    if material != supply.RARE_EARTHS:
        return pd.DataFrame(columns=["mined_t", "mined_share"], dtype=float)
    rows = catalogue.load("rare_earth_mine_production")
    rows = rows[(rows["year"] == year) & (rows["economy"] != "WLD")].sort_values("edition")
    rows = rows.drop_duplicates(["source", "economy"], keep="last")
    world = rows.groupby("source")["quantity_t"].sum()
    own = rows[rows["economy"].isin(members)].groupby("source")["quantity_t"].sum()
    return pd.DataFrame({"mined_t": own, "mined_share": own / world}).dropna()


def _as_table(cases: list[tuple], base: float) -> pd.DataFrame:
    rows = [
        {
            "changed": changed,
            "end_low": fill("{name}: {share:pct0}", name=low, share=least),
            "end_high": fill("{name}: {share:pct0}", name=high, share=most),
            "effect": f"{words.show_number(least - base, 'points')} to "
            f"{words.show_number(most - base, 'points')}",
            "width": most - least,
        }
        for changed, low, least, high, most in cases
    ]
    table = pd.DataFrame(rows, columns=["changed", "end_low", "end_high", "effect", "width"])
    return table.sort_values("width", ascending=False, kind="stable", ignore_index=True)


def _potential(
    of_year: pd.DataFrame,
    trades: pd.DataFrame,
    members: list[str],
    exporter: str,
    own: pd.Series,
    used: str,
) -> dict:
    """`network.potential` less what rests on the supplier: proportional, and both ends."""
    apart = by_stage(of_year, used)
    found = {
        assumed: network.potential(apart, members, origins.content(trades, own, exporter, assumed))
        for assumed in origins.ASSUMPTIONS
    }
    return {
        "potential": found["proportional"],
        "potential_low": found["supplier_first"],
        "potential_high": found["none"],
    }


def _adds(name: str, row: pd.Series, other: pd.DataFrame | None) -> dict:
    """The change that one economy makes, and the lower and higher of the two measures."""
    values = [float(row["change"])]
    if other is not None:
        values += other.loc[other["economy"] == row["economy"], "change"].astype(float).to_list()
    return {
        f"{name}_adds": values[0],
        f"{name}_adds_low": min(values),
        f"{name}_adds_high": max(values),
    }


def other_marginal(
    of_year: pd.DataFrame, members: list[str], exporter: str, facts: dict
) -> pd.DataFrame | None:
    """`network.marginal` by the measure that the page does not use; None where weights are thin."""
    if pd.isna(facts["inside_tonnes"]):
        return None
    other = next(basis for basis in trade.BASES if basis != facts["basis"])
    return network.marginal(network.matrix(of_year, other), members, exporter)


def leader(of_year: pd.DataFrame, members: list[str], facts: dict) -> dict:
    """The largest supplier of the members: ``leader`` (at the start of a sentence), its share."""
    bases = [facts["basis"]]
    if pd.notna(facts["inside_tonnes"]):
        bases += [basis for basis in trade.BASES if basis not in bases]
    parts = [network.supplier_part(network.matrix(of_year, basis), members) for basis in bases]
    code = parts[0].index[0]
    shares = [float(part.get(code, 0.0)) for part in parts]
    return {
        "leader": trade.economy_at_start(code),
        "leader_text": words.ranged(shares[0], min(shares), max(shares), "pct0"),
    }


def _firsts(table: pd.DataFrame | None) -> dict:
    """Who adds most by another measure, inside and outside; empty where not known."""
    if table is None:
        return {"best_other": "", "candidate_other": ""}
    outside = table[~table["member"] & (table["change"] > 0)]
    return {
        "best_other": table.loc[table["member"], "economy"].iloc[0],
        "candidate_other": outside["economy"].iloc[0] if len(outside) else "",
    }


def _other_left(
    of_year: pd.DataFrame, members: list[str], exporter: str, material: str, used: str
) -> dict:
    """What is left after the look-through by the other measure than ``used``; empty: missing."""
    names = dict(zip(("other_high", "other_left", "other_low"), origins.ASSUMPTIONS, strict=True))
    if not used:
        return dict.fromkeys(names, float("nan"))
    (basis,) = (other for other in trade.BASES if other != used)
    own = origins.own_output(material, int(of_year["year"].iloc[0]), of_year, basis)
    through = origins.look_through(network.matrix(of_year, basis), members, exporter, own)
    return {name: float(through.at[reading, "inside_left"]) for name, reading in names.items()}
