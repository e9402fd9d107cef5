"""The stages of supply: who separates, makes metal and magnets, as published, beside the mines.

Shares are fractions. Only rare earths have figures on the stages after the mine. They are what
publications print: a figure that two pages give differently stands twice, none is averaged.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rareearths import catalogue, resources, supply, trade

CHAIN = supply.RARE_EARTHS  # the one material whose stages after the mine are in the data
STAGES = ("mining", "separation", "metal", "magnet")
JOINT = "metal_to_magnet"  # figures on metal, alloy and magnet together
WHOLE = {"mining": "all_ree", "separation": "all_ree", "metal": "all_ree", "magnet": "ndfeb",
         JOINT: "ndfeb"}  # fmt: skip
PART = "magnet_ree"  # the four magnet elements together
NAMES = {"mining": "mining", "separation": "separation", "metal": "metal making",
         "magnet": "NdFeB magnets", JOINT: "metal to magnet"}  # fmt: skip
TRADED = {"mining": ["ore"], "separation": ["compound"], "metal": ["metal", "alloy"], "magnet": []}
AT_LEAST, AT_MOST = ("at_least", "more_than"), ("up_to", "less_than")
UNCERTAIN = (
    "Uncertain: every figure of that year is of low confidence, or is one of control or of a "
    "market share, or does not say what it measures."
)
_EVER = (0, 9999)
_COUNTS = ("output", "capacity", "supply")


def stages_asked(stage: str) -> list[str]:
    """The stages that ``"all"`` or one of `STAGES` asks for.

    Raises
    ------
    ValueError
        Neither of them.
    """
    if stage not in ("all", *STAGES):
        raise ValueError(f"stage {stage!r} is not one of all, {', '.join(STAGES)}")
    return list(STAGES) if stage == "all" else [stage]


def question(material: str, stage: str) -> str:
    """The title of a report on one stage, or on all of them."""
    name = trade.material_in_text(material)
    verb = "produces" if supply.carriers(material) else "mines"
    titles = {
        "mining": f"Who {verb} the world's {supply.mined(material)}?",
        "separation": f"Who separates the world's {name}?",
        "metal": f"Who turns the world's {name} into metal?",
        "magnet": f"Who turns the world's {name} into magnets?",
    }
    whole = f"Who supplies the world with {name}"
    return titles.get(stage, whole + (", at which stage?" if material == CHAIN else "?"))


def sections(material: str, stage: str, years: tuple[int, int]) -> set[str]:
    """The sections of a report for which there are data.

    Parameters
    ----------
    material : str
        A material of ``reference/materials.csv``.
    stage : str
        ``"all"`` or one of `STAGES`.
    years : (int, int)
        First and last year.

    Returns
    -------
    set of str
        Of ``mining``, ``later``, ``exports``, ``reserves``, ``prices``, ``abundance``.
    """
    asked, chain = stages_asked(stage), material == CHAIN
    later = asked != ["mining"] and chain
    there = {
        "mining": "mining" in asked and len(basis(material, "mining", years)),
        "later": later and len(later_figures(stage_figures(years), asked)),
        "exports": len(exports(material, years, asked)),
        "reserves": chain and "mining" in asked,
        "prices": later and len(resources.magnet_prices(years)),
        "abundance": chain and "mining" in asked,
    }
    return {name for name, found in there.items() if found}


def basis(material: str, stage: str, years: tuple[int, int]) -> pd.DataFrame:
    """The figures that a report cannot do without: mine output, or what is published on a stage.

    Empty where there are none: of the stages after the mine for other materials than rare earths.
    """
    asked = stages_asked(stage)
    if "mining" not in asked and material == CHAIN:
        return later_figures(stage_figures(years), asked)
    rows = supply.mine_output(material)
    wanted = rows["year"].between(*years) & (rows["quantity_t"] > 0) & ("mining" in asked)
    return rows[wanted]


def what_there_is(material: str, stage: str) -> str:
    """Which years of mine output or of a stage's figures there are, as a sentence."""
    name = trade.material_in_text(material)
    rows = basis(material, stage, _EVER)
    if not len(rows):
        rows, stage = basis(material, "mining", _EVER), "mining"
    made = stage in ("all", "mining")
    what = supply.output_name(material) if made else f"figures on {NAMES[stage]}"
    years = supply.years_text(rows["year"].min(), rows["year"].max())
    return f"Of {name} the data hold {what} of {years}."


def stage_figures(years: tuple[int, int]) -> pd.DataFrame:
    """World shares of single economies by stage of the rare-earth chain, as published.

    Parameters
    ----------
    years : (int, int)
        First and last year; projections are left out.

    Returns
    -------
    pandas.DataFrame
        Columns of ``stage_shares``, in the order of the stages, with ``stage_name`` and ``place``
        (names of stage and economy), ``printed`` (the figure with its hedge), ``least`` and
        ``most`` (ends of a printed range, else the figure), ``whole`` (of the whole stage),
        ``counted`` (of high or medium confidence, and of output, capacity or supply), ``said``
        (who, what measure).
    """
    rows = catalogue.load("stage_shares")
    rows = rows[rows["economy"].notna() & rows["stage"].isin(NAMES)]
    rows = rows[rows["year"].between(*years) & (rows["measure"] != "projection")]
    rows = rows.assign(
        place=rows["economy"].map(trade.economy_names()),
        least=rows["share_low"].fillna(rows["share"]),
        most=rows["share_high"].fillna(rows["share"]),
        said=rows["publisher"] + ": " + rows["measure_as_given"].fillna(rows["measure"]),
        order=rows["stage"].map([*STAGES, JOINT].index),
        stage_name=rows["stage"].map(NAMES).map(_capital),
        whole=rows["scope_group"] == rows["stage"].map(WHOLE),
        counted=(rows["confidence"] != "low") & rows["measure"].isin(_COUNTS),
    )
    rows["printed"] = [printed(*row) for row in rows[_PRINTED].itertuples(index=False)]
    return rows.sort_values(["order", "year"], kind="stable", ignore_index=True)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


_PRINTED = ["least", "most", "qualifier"]


def printed(least: float, most: float, qualifier: str) -> str:
    """A share as text, with its hedge.

    Examples
    --------
    >>> printed(0.155, 0.155, ""), printed(0.85, 0.9, "range"), printed(0.9, 0.9, "at_least")
    ('15.5%', '85% to 90%', 'at least 90%')
    """
    hedges = ("about", *AT_LEAST, *AT_MOST)
    hedge = qualifier.replace("_", " ") + " " if qualifier in hedges else ""
    one = f"{100 * least:.3g}%"
    return hedge + (one if least == most else f"{one} to {100 * most:.3g}%")


def span(rows: pd.DataFrame) -> str:
    """Published figures as one text: the figure, or the lowest and the highest."""
    if len(rows) == 1:
        return rows["printed"].iloc[0]
    return printed(rows["least"].min(), rows["most"].max(), "")


def stage_hhi(rows: pd.DataFrame) -> tuple[float, float]:
    """Bounds of the HHI of one stage in one year, over all pages that name its producers.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of `stage_figures` of one stage, one year and the whole stage.

    Returns
    -------
    (float, float)
        The lowest and the highest bound of any page; NaN where a page only says "up to".
    """
    pages = rows.groupby(["source_url", "scope", "measure"], sort=False)
    bounds = [_page_hhi(page) for _, page in pages if not page["qualifier"].isin(AT_MOST).all()]
    if not bounds:
        return np.nan, np.nan
    return min(low for low, _ in bounds), max(high for _, high in bounds)


def _page_hhi(rows: pd.DataFrame) -> tuple[float, float]:
    """Bounds by the figures of one page; "at least" leaves the rest open, "up to" says nothing."""
    known = rows[~rows["qualifier"].isin(AT_MOST)]
    least, spare = known["least"], 1 - known["least"].sum()
    most = known["most"].mask(known["qualifier"].isin(AT_LEAST), least + spare)
    low, high = supply.hhi_bounds(least)
    return low, max(high, supply.hhi_bounds(most)[1])


def by_year(
    material: str, exporter: str, stages: Sequence[str], years: tuple[int, int]
) -> pd.DataFrame:
    """Share of one economy and HHI, by year and stage, as text; newest year first.

    Parameters
    ----------
    material : str
        A material of ``reference/materials.csv``.
    exporter : str
        ISO3 code.
    stages : sequence of str
        Of `STAGES`.
    years : (int, int)
        First and last year.

    Returns
    -------
    pandas.DataFrame
        ``year`` and for each stage ``<stage>_share`` and ``<stage>_hhi``, for mining also
        ``mining_span`` (the share by each of several publishers alone); of other materials than
        rare earths ``output_of_all`` and ``output_hhi``. Missing where there is no figure; years
        and columns without any figure are left out. Mining is of the series, later stages are all
        figures of the whole stage; where none is counted (see `stage_figures`) the share is marked
        "uncertain".
    """
    cells = _mining_cells(material, exporter, years) if "mining" in stages else {}
    if material == CHAIN:
        figures = later_figures(stage_figures(years), stages)
        figures = figures[figures["whole"] & figures["stage"].isin(STAGES)]
        for (stage, year), rows in figures.groupby(["stage", "year"]):
            cells[year, f"{stage}_share"] = _marked(rows[rows["economy"] == exporter])
            low, high = stage_hhi(rows)
            cells[year, f"{stage}_hhi"] = None if np.isnan(low) else supply.hhi_text(low, high)
    columns = [f"{stage}_{what}" for stage in stages for what in ("share", "span", "hhi")]
    table = pd.Series(cells, dtype=object).unstack().reindex(columns=columns)
    table = table.dropna(axis=1, how="all").sort_index(ascending=False)
    if material != CHAIN:
        table = table.rename(columns={"mining_share": "output_of_all", "mining_hhi": "output_hhi"})
    return table.rename_axis("year").reset_index()


def _mining_cells(material: str, exporter: str, years: tuple[int, int]) -> dict:
    output = supply.mine_output(material)
    output = output[output["year"].between(*years)]
    shares = supply.outside(output, exporter)["share"].dropna()
    bounds = supply.mine_concentration(supply.mine_shares(output))
    cells = {(year, "mining_share"): supply.share_text(share, 1) for year, share in shares.items()}
    cells |= {
        (row.Index, "mining_hhi"): supply.hhi_text(row.low, row.high) for row in bounds.itertuples()
    }
    if material == CHAIN:
        for year, known in supply.by_publisher(exporter, years).dropna().groupby("year")["share"]:
            if len(known) > 1:
                ends = (supply.share_text(share, 1) for share in (known.min(), known.max()))
                cells[year, "mining_span"] = " to ".join(ends)
    return cells


def _marked(rows: pd.DataFrame) -> str | None:
    if rows.empty:
        return None
    return span(rows) if rows["counted"].any() else f"{span(rows)}, uncertain"


def newest_figures(figures: pd.DataFrame, stages: Sequence[str]) -> pd.DataFrame:
    """The newest published figures of each economy: who is at work at each stage after the mine.

    Returns
    -------
    pandas.DataFrame
        Rows of `stage_figures`: of each economy, stage and scope (the whole stage, or the four
        magnet elements) all figures of the newest year, by stage and share.
    """
    rows = figures[figures["whole"] | (figures["scope_group"] == PART)]
    rows = rows[rows["stage"].isin(_later(stages))]
    last = rows.groupby(["stage", "scope_group", "economy"])["year"].transform("max")
    rows = rows[rows["year"] == last]
    order = ["order", "whole", "most", "year"]
    return rows.sort_values(order, ascending=[True, False, False, False], ignore_index=True)


def _later(stages: Sequence[str]) -> list[str]:
    """The stages after the mine, with the joint one where metal or magnets are asked for."""
    joint = [JOINT] if {"metal", "magnet"} & set(stages) else []
    return [stage for stage in stages if stage != "mining"] + joint


def later_figures(figures: pd.DataFrame, stages: Sequence[str]) -> pd.DataFrame:
    """The published figures on the stages after the mine that are asked for."""
    return figures[figures["stage"].isin(_later(stages))]


def later_answer(figures: pd.DataFrame, exporter: str, stages: Sequence[str]) -> str:
    """Who is published to hold what after the mine: the largest economy, and the one in question.

    Parameters
    ----------
    figures : pandas.DataFrame
        See `later_figures`.
    exporter : str
        ISO3 code of the economy in question.
    stages : sequence of str
        Of `STAGES`.

    Returns
    -------
    str
        One sentence for each; empty where there are no figures at all.
    """
    if figures.empty:
        return ""
    newest = newest_figures(figures, stages)
    first = newest.loc[newest["most"].idxmax(), "economy"]
    said = []
    for code in dict.fromkeys([first, exporter]):
        name, words = trade.economy_in_text(code), stage_sentence(figures, code, stages)
        after = "" if len(stages) == 1 else " after the mine"
        if words:
            said.append(f"Published shares of {name}{after}: {words}.")
        else:
            said.append(f"No share of {name}{after or ' at this stage'} is in the data.")
    return " ".join(said)


def stage_sentence(figures: pd.DataFrame, exporter: str, stages: Sequence[str]) -> str:
    """The newest published shares of one economy after the mine; empty where there is none.

    "Uncertain" marks a year without a counted figure (see `stage_figures`); the last year that has
    one stands beside it.
    """
    own = figures[figures["economy"] == exporter]
    parts = [_stage_words(own, stage) for stage in stages if stage != "mining"]
    return "; ".join(part for part in parts if part)


def _stage_words(own: pd.DataFrame, stage: str) -> str:
    rows = own[own["stage"] == stage]
    whole = rows[rows["whole"]]
    counted = whole[whole["counted"]]
    said = []
    if len(whole):
        now = _newest(whole)
        sure = now["counted"].any()
        now = now[now["counted"]] if sure else now
        said.append(f"{span(now)} ({now['year'].iloc[0]}{'' if sure else ', uncertain'})")
    if len(counted) and not sure:
        said.append(f"{span(_newest(counted))} ({counted['year'].max()})")
    part = rows[(rows["scope_group"] == PART) & rows["counted"]]
    if len(part):
        said.append(f"of the magnet elements {span(_newest(part))} ({part['year'].max()})")
    return f"{NAMES[stage]} {', '.join(said)}" if said else ""


def numbers(figures: pd.DataFrame, exporter: str) -> dict:
    """The newest published shares of one economy to be recorded, by stage.

    Parameters
    ----------
    figures : pandas.DataFrame
        See `later_figures`.
    exporter : str
        ISO3 code.

    Returns
    -------
    dict
        ``<stage>_year``, ``<stage>_least`` and ``<stage>_most`` (fractions) of each stage after the
        mine on which there is a figure of the whole stage.
    """
    if figures.empty:
        return {}
    own = figures[figures["whole"] & (figures["economy"] == exporter)]
    found = {}
    for stage, rows in own.groupby("stage"):
        now = _newest(rows)
        found |= {f"{stage}_year": now["year"].iloc[0]}
        found |= {f"{stage}_least": now["least"].min(), f"{stage}_most": now["most"].max()}
    return found


def _newest(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["year"] == rows["year"].max()]


def mining_beside(figures: pd.DataFrame, sides: pd.DataFrame, exporter: str) -> pd.DataFrame:
    """Published shares of one economy in mining, beside those of the series.

    Parameters
    ----------
    figures, sides : pandas.DataFrame
        See `stage_figures` and `supply.outside`.
    exporter : str
        ISO3 code.

    Returns
    -------
    pandas.DataFrame
        Rows of `stage_figures` on all rare earths, newest first, with ``computed`` (fraction).
    """
    own = figures["whole"] & (figures["stage"] == "mining") & (figures["economy"] == exporter)
    rows = figures[own].iloc[::-1]
    return rows.assign(computed=rows["year"].map(sides["share"])).reset_index(drop=True)


def exports(material: str, years: tuple[int, int], stages: Sequence[str]) -> pd.DataFrame:
    """World exports of each HS code of a material: exports are no production, hubs ship again.

    Parameters
    ----------
    material : str
        A material of ``reference/materials.csv``.
    years : (int, int)
        First and last year; the last one of the trade table is taken.
    stages : sequence of str
        Of `STAGES`; all of them takes all codes.

    Returns
    -------
    pandas.DataFrame
        ``year``, ``label`` (goods), ``stage`` (of ``products``), ``value_usd`` (current US$),
        ``hhi`` (of world exports by value), ``first_exporter`` (name of the largest) and its
        ``share_value``, ``note`` (known faults of the code); one row a code that was traded.
    """
    about = catalogue.load("products").set_index("hs6")
    wanted = about["stage"].isin([name for stage in stages for name in TRADED[stage]])
    codes = about[(about["material"] == material) & (wanted | (len(stages) == len(STAGES)))].index
    year = min(years[1], trade.year_range()[1])
    if not len(codes) or year < max(years[0], trade.year_range()[0]):
        return pd.DataFrame(columns=_EXPORTS)
    flows = trade.load_flows(products=list(codes), years=year)
    rows = [(year, about.loc[code], *_largest_exporter(part))
            for code, part in flows.groupby("product")]  # fmt: skip
    return pd.DataFrame(
        [(y, row["label_en"], row["stage"], *numbers, row["note"]) for y, row, *numbers in rows],
        columns=_EXPORTS,
    )


_EXPORTS = ["year", "label", "stage", "value_usd", "hhi", "first_exporter", "share_value", "note"]


def _largest_exporter(flows: pd.DataFrame) -> tuple[float, float, str, float]:
    """Value, HHI, name of the largest exporter and its share, of one code and year."""
    shares = trade.supplier_shares(flows).set_index("exporter")["share"]
    name = trade.economy_names()[shares.idxmax()]
    return flows["value_usd"].sum(), np.square(shares).sum(), name, shares.max()
