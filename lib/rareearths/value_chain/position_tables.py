"""Tables of the page on the value chain, with every range as text."""

import pandas as pd

from rareearths import stages, trade
from rareearths.value_chain import abroad, position, upgrading, value_added
from rareearths.value_chain.position_words import INPUTS, capital, span, stage_name
from rareearths.words import ranged

WITHOUT = "without magnets"  # a variant whose last stage is another


def standing_table(rows: pd.DataFrame) -> pd.DataFrame:
    """`position.standing` of one economy as a table to show."""
    return pd.DataFrame(
        {
            "goods": [capital(stage_name(stage)) for stage in rows["stage"]],
            "sold_usd": rows["exports_usd"],
            "bought_usd": rows["imports_usd"],
            "balance_text": [_balance_text(row) for row in rows.itertuples()],
            "sold_per_kg": rows["exports_usd_per_kg"],
            "bought_per_kg": rows["imports_usd_per_kg"],
        }
    )


def _balance_text(row) -> str:
    return ranged(row.value, row.low, row.high, "ratio") if pd.notna(row.value) else "–"


def peers_table(rows: pd.DataFrame) -> pd.DataFrame:
    """`position.standing` of all economies, one row an economy, one column a stage."""
    cells = rows.assign(
        text=[_balance_text(row) for row in rows.itertuples()],
        column="stage_" + rows["stage"],
    )
    order = list(dict.fromkeys(rows["economy"]))
    wide = cells.pivot(index="economy", columns="column", values="text").reindex(order).fillna("–")
    wide = wide[[f"stage_{s}" for s in stages.ORDER if f"stage_{s}" in wide]]
    wide.insert(0, "who", [trade.economy_names()[code] for code in order])
    return wide.reset_index(drop=True)


def advantage_table(rows: pd.DataFrame) -> pd.DataFrame:
    """`advantage.by_year` as a table: RCA with its range of single years."""
    back = {end: (1 + rows[end]) / (1 - rows[end]) for end in ("low", "high")}
    return pd.DataFrame(
        {
            "who": rows["economy"].map(trade.economy_names()),
            "goods": [capital(stages.PLURALS[stage]) for stage in rows["stage"]],
            "rca": [
                ranged(value, low, high, "ratio")
                for value, low, high in zip(rows["rca"], back["low"], back["high"], strict=True)
            ],
            "symmetric": [
                ranged(row.value, row.low, row.high, "ratio") for row in rows.itertuples()
            ],
        }
    )


def value_table(table: pd.DataFrame, codes: list[str]) -> pd.DataFrame:
    """The ladder with the published world share of two economies at each step."""
    shown = pd.DataFrame(
        {
            "value_step": table["name"],
            "usd_text": [ranged(r.usd, r.usd_low, r.usd_high, "short") for r in table.itertuples()],
            "of_price": [
                ranged(r.share, r.share_low, r.share_high, "pct0") for r in table.itertuples()
            ],
        }
    )
    for column, code in zip(("supplier_part", "own_part"), codes, strict=True):
        shares = value_added.made_where(code)
        shown[column] = [
            "–" if pd.isna(row.least) else span(row.least, row.most) for row in shares.itertuples()
        ]
    return shown


def hosts_table(table: pd.DataFrame) -> pd.DataFrame:
    """`abroad.hosts` as a table to show."""
    return pd.DataFrame(
        {
            "place_of_plant": table["place"],
            "bought_usd": table["bought_usd"],
            "of_magnets": table["share"],
            "sold_usd": table["sold_usd"],
            "supplier_inputs": [span(row.low, row.high) for row in table.itertuples()],
        }
    )


def look_table(rows: dict[str, dict]) -> pd.DataFrame:
    """`abroad.look_through` of several economies as a table to show."""
    return pd.DataFrame(
        {
            "who": [trade.economy_names()[code] for code in rows],
            "by_customs": [row["direct"] for row in rows.values()],
            "looked_through": [span(row["low"], row["high"]) for row in rows.values()],
            "if_all": [row["direct"] + row["third"] for row in rows.values()],
        }
    )


def signals_table(found: pd.DataFrame, last_stage: str) -> pd.DataFrame:
    """`upgrading.signals` as a table to show."""
    rows = []
    for row in found.itertuples():
        form = upgrading.FORMS[row.signal]
        rows.append(
            {
                "signal": capital(row.name.replace("last stage", stages.PLURALS[last_stage])
                                   .replace("the last stage", stages.PLURALS[last_stage])),
                "early_text": ranged(row.early, row.early_low, row.early_high, form),
                "late_text": ranged(row.late, row.late_low, row.late_high, form),
                "chance": row.p,
                "moves": {1: "up", -1: "down", 0: "not told apart"}[row.direction],
            }
        )  # fmt: skip
    return pd.DataFrame(rows, columns=["signal", "early_text", "late_text", "chance", "moves"])


def variants(flows: pd.DataFrame, economy: str, others: list[str]) -> pd.DataFrame:
    """The verdict when the window, the first year, the test or the magnets change.

    Returns
    -------
    pandas.DataFrame
        ``varied``, ``at_low``, ``at_high`` (what the ends are, with the verdict of each) and
        ``then`` (whether the verdict changes); ``low_move``, ``high_move`` (the verdicts),
        ``low_ways``, ``high_ways`` (the direction of each signal that is known, by its name;
        without magnets only of the unit value, the others being of another stage).
    """
    base = upgrading.series(flows, economy)
    verdict = upgrading.verdict(upgrading.signals(base))
    first = int(base.index.min()) if len(base) else 0
    pairs = [
        ("Years in each window", [(f"{n} years", upgrading.signals(base, n)) for n in (4, 8)]),
        (
            "First year",
            [(str(y), upgrading.signals(base[base.index >= y])) for y in (first + 2, first + 5)],
        ),
        (
            "What counts as chance",
            [(f"p {p:g}", upgrading.signals(base, level=p)) for p in (0.01, 0.1)],
        ),
    ]
    if position.both_ways(economy, stages.MAGNETS) and stages.MAGNETS in set(flows["stage"]):
        left = abroad.without(flows, economy, others)
        tried = (upgrading.series(flows, economy, magnets=False), upgrading.series(left, economy))
        names = (WITHOUT, "without the magnets of round trips")
        found = [upgrading.signals(table) for table in tried]
        pairs.append(("Magnets", list(zip(names, found, strict=True))))
    return pd.DataFrame([_variant(name, verdict, *ends) for name, ends in pairs])


def _variant(name: str, verdict: str, low: tuple, high: tuple) -> dict:
    """One row of `variants`; each end is its name and its signals."""
    moves = [upgrading.verdict(found) for _, found in (low, high)]
    return {
        "varied": name,
        "at_low": f"{low[0]}: {moves[0]}",
        "at_high": f"{high[0]}: {moves[1]}",
        "then": "Verdict stays" if set(moves) == {verdict} else "Verdict changes",
        "low_move": moves[0],
        "high_move": moves[1],
        "low_ways": _ways(*low),
        "high_ways": _ways(*high),
    }


def _ways(name: str, found: pd.DataFrame) -> dict[str, int]:
    known = found[found["signal"] == "unit_value_ratio"] if name == WITHOUT else found
    return dict(zip(known["signal"], known["direction"], strict=True))


def value_variants(table: pd.DataFrame, labels: pd.Series, top: int = 4) -> pd.DataFrame:
    """Rows of the sensitivity table on the share of the oxide, see `value_added.sensitivity`."""
    names = labels.to_dict() | INPUTS
    return pd.DataFrame(
        {
            "varied": names[row.input],
            "at_low": f"oxide {row.share_at_low:.0%} of the price",
            "at_high": f"oxide {row.share_at_high:.0%} of the price",
            "then": f"{100 * row.effect:.0f} points of the share of the oxide",
        }
        for row in table.head(top).itertuples()
    )


def look_variant(found: dict, tonnes: float | None) -> pd.DataFrame:
    """The rows of the sensitivity table on the supplier's share in magnets.

    Parameters
    ----------
    found : dict
        See `abroad.look_through`.
    tonnes : float or None
        The customs share by tonnes; None where weights are not known.
    """
    direct, every = found["direct"], found["direct"] + found["third"]
    rows = [
        {
            "varied": "Material of the third economies",
            "at_low": f"none from the supplier: {direct:.0%}",
            "at_high": f"all from the supplier: {every:.0%}",
            "then": f"{100 * found['third']:.0f} points of the share in magnets",
        }
    ]
    if tonnes is not None:
        rows.append(
            {
                "varied": "Measure of the customs share",
                "at_low": f"by value: {direct:.0%}",
                "at_high": f"by tonnes: {tonnes:.0%}",
                "then": f"{abs(100 * (tonnes - direct)):.0f} points of the share in magnets",
            }
        )
    return pd.DataFrame(rows)


def stacked(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Several tables one below the other."""
    return pd.concat(parts, ignore_index=True)
