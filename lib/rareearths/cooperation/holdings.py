"""What each of two economies holds along the chain: ground, mine, plants, published shares, trade.

Missing is not zero: where no figure is known the text is a dash, and a sentence says that the data
hold none, never that there is none.
"""

import pandas as pd

from rareearths import catalogue, chain, resources, stages, supply, trade, words
from rareearths.cooperation import ventures

NONE = "–"
RUNNING = ("operating", "ramping")
SELLER = 0.25  # of its own imports of magnets: a judgement; below, sales are no strength
_STATUS = {"running": RUNNING, "under construction": ("construction",), "planned": ("planned",)}


def plants(economy: str | None = None) -> pd.DataFrame:
    """Load the mines and plants of rare earths, without contracts.

    Parameters
    ----------
    economy : str, optional
        ISO3 code of the host; all by default.

    Returns
    -------
    pandas.DataFrame
        Rows of ``projects`` that are no contract: rows of several products of one plant stay apart.
    """
    rows = catalogue.load("projects")
    left_out = rows["count_in_capacity"].eq(False).fillna(False)
    paper = rows["capacity_kind"].eq("contract").fillna(False)
    paper |= left_out & rows["capacity_as_given"].isna()
    rows = rows[~paper.astype(bool)]
    return rows if economy is None else rows[rows["economy"] == trade.check_economy(economy)]


def plants_text(rows: pd.DataFrame) -> str:
    """How many plants run, are built and are planned; a dash where there is none.

    The rows of one plant, which differ in what stands in brackets or in the phase, count once at
    each state.
    """
    names = rows["project"].str.replace(r" (\(.*|phase \d.*)$", "", regex=True)
    counts = {
        state: names[rows["status"].isin(known)].nunique() for state, known in _STATUS.items()
    }
    said = [f"{number} {state}" for state, number in counts.items() if number]
    return ", ".join(said) or NONE


def mined(economy: str, material: str) -> dict:
    """Mine output of an economy in the newest two years, over all publishers that name it.

    Parameters
    ----------
    economy : str
        ISO3 code.
    material : str
        A material of ``reference/materials.csv``.

    Returns
    -------
    dict
        ``low`` and ``high`` (tonnes of content; None where no figure is above zero), ``span``
        (both as text with who says so), ``text`` (the newest figure of the series, with the span).
        Of each publisher the newest edition counts.
    """
    series = supply.mine_output(material)
    last = int(series["year"].max())
    rows = series
    if material == supply.RARE_EARTHS:
        rows = catalogue.load("rare_earth_mine_production").sort_values("edition")
        rows = rows.drop_duplicates(["economy", "year", "source"], keep="last")
    own = (rows["economy"] == economy) & (rows["year"] >= last - 1)
    rows = rows[own & (rows["quantity_t"] > 0)]
    if rows.empty:
        return {"low": None, "high": None, "span": NONE, "text": NONE}
    ends = rows.sort_values("quantity_t", kind="stable").iloc[[0, -1]]
    low, high = ends["quantity_t"]
    if low == high:
        ends = ends.head(1)
    said = [f"{row.quantity_t:,.0f} ({row.source}, {row.year})" for row in ends.itertuples()]
    span = " to ".join(dict.fromkeys(said))
    own = series[(series["economy"] == economy) & (series["year"] == last)]
    text = span if own.empty else f"{_newest(own.iloc[0])}; range {span}"
    return {"low": low, "high": high, "span": span, "text": text}


def _newest(row: pd.Series) -> str:
    guess = ", estimate" if row["status"] == "estimated" else ""
    return f"{supply.tonnes_text(row['quantity_t'])} in {row['year']} ({row['source']}{guess})"


def reserves(economy: str, material: str) -> str:
    """Reserves of rare earths by the newest edition of the US Geological Survey, as text."""
    if material != supply.RARE_EARTHS:
        return NONE
    rows = resources.reserves().set_index("economy")
    held = rows["reserves_t"].get(economy)
    if pd.isna(held):
        return NONE
    return f"{supply.tonnes_text(held)} ({rows.at[economy, 'edition']})"


def published(economy: str, stage: str, material: str) -> str:
    """The newest published world share of a stage, of each scope, as text; a dash without one."""
    if material != chain.CHAIN:
        return NONE
    rows = chain.stage_figures((1980, 2100))
    names = [stage, chain.JOINT] if stage == "magnet" else [stage]
    rows = rows[(rows["economy"] == economy) & rows["stage"].isin(names)]
    rows = rows.sort_values("year", ascending=False).drop_duplicates(["stage", "scope_group"])
    said = [_figure(row) for row in rows.itertuples()]
    return "; ".join(said) or NONE


def _figure(row) -> str:
    doubt = "" if row.counted else ", uncertain"
    joint = " of metal to magnet" if row.stage == chain.JOINT else ""
    return f"{row.printed}{joint} ({row.year}{doubt})"


def net_exports(economy: str, material: str, year: int) -> dict[str, str]:
    """Exports less imports of each customs stage in one year, as text by stage.

    Magnets are left out: the table lists the larger flows only, and not all customers.
    """
    stage = catalogue.load("products").set_index("hs6")["stage"]
    sides = []
    for side in ("exporter", "importer"):
        flows = trade.load_flows(**{side: economy}, products=material, years=year)
        sides.append(flows.groupby(flows["product"].map(stage))["value_usd"].sum())
    found = pd.concat(sides, axis=1, keys=["sold", "bought"])
    return {
        row.Index: f"{words.signed_usd(row.sold - row.bought)} ({year})"
        for row in found.dropna().itertuples()
    }


def magnet_exports(economy: str, material: str) -> dict:
    """Magnets that the table lists the economy to sell in its newest year.

    Returns
    -------
    dict
        ``usd`` (current US$), ``text``, ``strong`` (whether that is at least `SELLER` times what
        it is listed to buy), ``part`` (of what it is listed to buy, as text; empty if nothing is).

    Notes
    -----
    At least so much: only the larger flows are listed, of most economies only to four customers.
    """
    rows = catalogue.load("magnets")
    year = int(rows["year"].max())
    rows = rows[rows["year"] == year]
    sold, bought = (
        float(rows.loc[rows[side] == economy, "value_usd"].sum())
        for side in ("exporter", "importer")
    )
    if not sold or material != stages.WITH_MAGNETS:
        return {"usd": 0.0, "strong": False, "text": NONE, "part": ""}
    text = words.fill("at least {v:usd} ({y})", v=sold, y=str(year))
    part = f", {sold / bought:.0%} of what it is listed to buy" if bought else ""
    return {"usd": sold, "strong": sold >= SELLER * bought, "text": text, "part": part}


def abroad(economy: str, material: str, exporter: str = "") -> str:
    """Plants in other economies in which the table prints a part of the economy, as text.

    Those that stand in the exporter are told apart: they are no way around it.
    """
    if material != chain.CHAIN:
        return NONE
    rows = _abroad(economy)
    there = rows[rows["economy"] == exporter]
    if there.empty:
        return plants_text(rows)
    name = trade.economy_in_text(exporter)
    return f"{plants_text(rows)}; of these in {name}: {plants_text(there)}"


def _abroad(economy: str) -> pd.DataFrame:
    rows = plants()
    return rows[ventures.parts(rows, economy).notna() & (rows["economy"] != economy)]


def matrix(pair: tuple[str, str], material: str, year: int, exporter: str = "") -> pd.DataFrame:
    """What each of the two holds, one row an item of the chain.

    Parameters
    ----------
    pair : (str, str)
        ISO3 codes.
    material : str
        A material of ``reference/materials.csv``.
    year : int
        Year of the trade balance.
    exporter : str
        ISO3 code of the supplier in question; plants abroad that stand there are told apart.

    Returns
    -------
    pandas.DataFrame
        ``held`` (the item), ``first_text``, ``second_text`` (text, a dash where no figure is
        known); items on which neither has a figure are left out.
    """
    rows = {"Reserves": [reserves(code, material) for code in pair]}
    rows[supply.output_name(material).capitalize()] = [mined(c, material)["text"] for c in pair]
    if material == chain.CHAIN:
        for stage in (*chain.STAGES, "recycling"):
            name = "mines" if stage == "mining" else f"{LABELS[stage]} plants"
            hosted = [plants(code) for code in pair]
            rows[name.capitalize()] = [plants_text(p[p["stage"] == stage]) for p in hosted]
        rows["Plants abroad with its part"] = [abroad(code, material, exporter) for code in pair]
        for stage in chain.STAGES:
            name = f"Published share, {chain.NAMES[stage]}"
            rows[name] = [published(code, stage, material) for code in pair]
    balances = [net_exports(code, material, year) for code in pair]
    for stage in stages.ORDER:
        name = f"Exports less imports, {stages.PLURALS[stage]}"
        rows[name] = [balance.get(stage, NONE) for balance in balances]
    rows["Magnet exports, listed flows"] = [magnet_exports(c, material)["text"] for c in pair]
    sides = ["first_text", "second_text"]
    table = pd.DataFrame(rows, index=sides).T.rename_axis("held").reset_index()
    return table[(table[sides] != NONE).any(axis=1)].reset_index(drop=True)


def has(economy: str, material: str) -> dict[str, str]:
    """What the data show an economy to have: item by words for a sentence.

    Only positive findings: mine output, a plant that runs, magnets that it sells. An item that is
    absent is not known to be absent.
    """
    made, found = mined(economy, material), {}
    if made["low"]:
        what = supply.output_name(material)
        found["mine"] = f"{what} of {made['span']} tonnes{supply.content(material)}"
    if material != chain.CHAIN:
        return found
    hosted = plants(economy)
    hosted = hosted[hosted["status"].isin(RUNNING)]
    for stage, label in LABELS.items():
        if (hosted["stage"] == stage).any():
            found[stage] = f"running {label} plants"
    if plants_text(_abroad(economy)) != NONE:
        found["abroad"] = f"parts in plants abroad ({plants_text(_abroad(economy))})"
    sold = magnet_exports(economy, material)
    if sold["strong"]:
        found["sold"] = f"large magnet exports, {sold['text']}{sold['part']}"
    return found


LABELS = {"separation": "separation", "metal": "metal making", "magnet": "magnet",
           "recycling": "recycling"}  # fmt: skip


SHORT = {"mine": "mines", "separation": "separation", "metal": "metal making",
         "magnet": "magnet making", "recycling": "recycling", "abroad": "parts in plants abroad",
         "sold": "large magnet exports"}  # fmt: skip


def lacks(pair: tuple[str, str], material: str) -> tuple[dict[str, str], dict[str, str]]:
    """What the data show the first to have and not the second, and the other way round.

    Returns
    -------
    (dict, dict)
        As `has`.
    """
    first, second = (has(code, material) for code in pair)
    if not set(pair) <= set(ventures.PRINTED):  # parts abroad are printed for these two only
        for found in (first, second):
            found.pop("abroad", None)
    return (
        {item: text for item, text in first.items() if item not in second},
        {item: text for item, text in second.items() if item not in first},
    )
