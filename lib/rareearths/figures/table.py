"""Tables in a page: headings and formats in one place, sideways scroll, folded data."""

import html
import re
from dataclasses import dataclass
from itertools import cycle

import numpy as np
import pandas as pd

from rareearths import translation, words
from rareearths.figures import receipt
from rareearths.figures.interactive import searchable_html

FOLDED_ROWS = 400  # more would make a page heavy, and nobody reads them there
_ENGLISH_LENGTH = 1.3  # of the width of a Japanese text
_LETTERS = re.compile(r"[A-Za-z]{2,}")
_TAG = re.compile("<[^>]*>")
# A date or a month, which no line may end within.
_DAY = re.compile(r"\b(?:19|20)\d\d(?:-\d\d(?:-\d\d)?\b|年\d+月(?:\d+日)?)")
# Columns of proper names, of codes and of quotations, which no language changes.
_ORIGINAL = {
    "author", "capacity_as_given", "company", "event_id", "loss_printed", "printed", "project_name",
    "publisher", "share_as_printed", "value_as_printed",
}  # fmt: skip
_ROLES = {
    "table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tr": "row", "th": "columnheader",
    "td": "cell",
}  # fmt: skip
# A notebook beside this one, in a page its report; or another page of the site.
_NEAR = re.compile(r"\w+\.ipynb|[\w-]+\.html")

# Heading and format of each column that a table can show. A format is one of numbers (see
# `words.fill`), "link COLUMN": the text as a link to the address in that column, or "links": a list
# of (text, address).
COLUMNS = {
    "name": ("Supplier", ""),
    "product": ("HS code", ""),
    "label": ("Goods", ""),
    "stage": ("Stage", ""),
    "year": ("Year", ""),
    "period": ("Period", ""),
    "value_usd": ("Value, million US$", "million_usd"),
    "quantity_t": ("Tonnes", "few"),
    "share_value": ("Share of value", "pct"),
    "share_tonnes": ("Share of tonnes", "pct"),
    "usd_per_kg": ("US$ per kg", "plain_usd"),
    "share": ("Published share", "pct"),
    "basis": ("Basis", ""),
    "share_as_printed": ("As printed", ""),
    "compared": ("Compared", ""),
    "computed_value": ("Computed, value", "pct"),
    "computed_tonnes": ("Computed, tonnes", "pct"),
    "covers": ("Who says it, of what", "link source_url"),
    "reported_usd": ("As reported, million US$", "million_usd"),
    "baci_usd": ("BACI, million US$", "million_usd"),
    "ratio": ("Reported / BACI", "ratio"),
    "factor": ("Factor", ""),
    "before": ("Before", "short"),
    "after": ("After", "short"),
    "lmdi_usd": ("Change by LMDI, million US$", "million_usd"),
    "shapley_usd": ("Change by Shapley, million US$", "million_usd"),
    "date": ("Date", ""),
    "who": ("Who", ""),
    "act": ("Act", ""),
    "summary": ("What", ""),
    "event_id": ("Event", ""),
    "pages": ("Sources", "links"),
    "restrictive": ("Restrict", ""),
    "liberalising": ("Lift or pause", ""),
    "supportive": ("Build", ""),
    "contextual": ("Context", ""),
    "number": ("No.", ""),
    "span": ("From, to", ""),
    "state": ("State", ""),
    "coverage": ("Weight known", "pct"),
    "mark": ("Data quality", ""),
    "reason": ("Why", ""),
    "computed": ("Computed", "pct"),
    "difference_pp": ("Difference, points", "ratio"),
    "share_baci": ("Share, BACI", "pct"),
    "share_if_reported": ("Share, as reported", "pct"),
    "importer_usd": ("Without freight, million US$", "million_usd"),
    "exporter_usd": ("As the exporter reports, million US$", "million_usd"),
    "gap_baci": ("Gap to BACI (logarithm)", "ratio"),
    "sides": ("Whose statements", ""),
    "share_low": ("Share, lowest", "pct"),
    "share_high": ("Share, highest", "pct"),
    "hhi_low": ("HHI, lowest", "ratio"),
    "hhi_baci": ("HHI, BACI", "ratio"),
    "hhi_high": ("HHI, highest", "ratio"),
    "stated_twice": ("Stated twice, of the value", "pct0"),
    "margin": ("Freight and insurance", "pct0"),
    "place": ("Producer", ""),
    "editions": ("Editions", ""),
    "before_t": ("Before, tonnes", "count"),
    "after_t": ("After, tonnes", "count"),
    "change_t": ("Change, tonnes", "change"),
    "flow": ("Flow", ""),
    "stated_t": ("China's customs, tonnes", "count"),
    "other": ("Other side", ""),
    "other_t": ("Other side, tonnes", "count"),
    "gap": ("Gap (logarithm)", "ratio"),
    "why": ("How it was compared", ""),
    "years": ("Years", ""),
    "description": ("What happens", ""),
    "caution": ("Caution", ""),
    "measure": ("Measure", ""),
    "share_if": ("Share", "pct"),
    "effect_pp": ("Effect, percentage points", "ratio"),
    "mean_change": ("Mean after against before", ""),
    "step": ("Step between the lines", ""),
    "step_range": ("95% interval", ""),
    "p_value": ("p, Newey-West", "p"),
    "slope_change": ("Change of trend per period (95%)", ""),
    "first": ("First period itself, off the line drawn on", ""),
    "seen_from": ("Seen 4 times in 5 from", ""),
    "ranked_from": ("Ranks among dates from", ""),
    "placebo": ("Compared with", ""),
    "said": ("Who says it, what is measured", "link source_url"),
    "scope": ("Of what", ""),
    "low": ("Lowest", "pct0"),
    "high": ("Highest", "pct0"),
    "hhi": ("HHI", "ratio"),
    "stage_name": ("Stage", ""),
    "printed": ("Share as printed", ""),
    "confidence": ("Confidence", ""),
    "first_exporter": ("Largest exporter", ""),
    "mining_share": ("Mining: share", ""),
    "mining_span": ("Mining: by each publisher", ""),
    "mining_hhi": ("Mining: HHI", ""),
    "output_of_all": ("Share of output", ""),
    "output_hhi": ("HHI of output", ""),
    "separation_share": ("Separation: share", ""),
    "separation_hhi": ("Separation: HHI", ""),
    "metal_share": ("Metal: share", ""),
    "metal_hhi": ("Metal: HHI", ""),
    "magnet_share": ("Magnets: share", ""),
    "magnet_hhi": ("Magnets: HHI", ""),
    "reserves_t": ("Reserves, tonnes", "count"),
    "output_t": ("Output, tonnes", "count"),
    "reserve_part": ("Share of reserves", ""),
    "output_part": ("Share of output", ""),
    "years_left": ("Reserves / output", "count"),
    "largest": ("Largest supplier", ""),
    "largest_share": ("Its share of value", "pct"),
    "suppliers": ("Suppliers", "count"),
    "cause": ("Cause", ""),
    "part": ("Points of the gap", "points"),
    "before_usd": ("Sold before, million US$ a year", "million_usd"),
    "after_usd": ("Sold after, million US$ a year", "million_usd"),
    "times": ("Times as much", "short"),
    "share_before": ("Share before", "pct"),
    "share_after": ("Share after", "pct"),
    "bought_before_usd": ("Bought before, million US$ a year", "million_usd"),
    "bought_after_usd": ("Bought after, million US$ a year", "million_usd"),
    "jump": ("Jump", ""),
    "candidates": ("Suppliers looked at", "count"),
    "placebo_scans": ("Placebo scans", "count"),
    "hits": ("Jumped", "count"),
    "false_rate": ("Jump rate without a control", "pct0"),
    "false_range": ("95% interval of this rate", ""),
    "year_rate": ("This rate in other years only", "pct0"),
    "product_rate": ("This rate for other goods only", "pct0"),
    "fed_hits": ("Jumped and fed", "count"),
    "fed_false_rate": ("Rate of these without a control", "pct0"),
    "fed_false_range": ("95% interval of this rate", ""),
    "fed_rank_p": ("Rank p, jumped and fed", "p"),
    "goods": ("Goods", ""),
    "window": ("Before and after", ""),
    "partner": ("Partner", ""),
    "verdict": ("Verdict", ""),
    "reading": ("Reading", ""),
    "author": ("Who", ""),
    "says": ("What they find", ""),
    "publication": ("Publication", "link source_url"),
    "claim": ("Claim", ""),
    "claim_label": ("Claim", ""),
    "item": ("What", ""),
    "value_as_printed": ("As printed", ""),
    "where": ("Where", ""),
    "read": ("Publication", "link source_url"),
    "value_text": ("Number", ""),
    "range": ("Range", ""),
    "range_of": ("Range", ""),
    "because": ("What the data show", ""),
    "rule": ("How the verdict is made", ""),
    "tables": ("Tables read", ""),
    "shown_in": ("Shown in", "link notebook"),
    "rank_p": ("Rank p", "p"),
    "placebos": ("Placebos", "count"),
    "reach": ("Smallest p possible", "p"),
    "note": ("What else it holds, known faults", ""),
    "held": ("What", ""),
    "first_text": ("First", ""),
    "second_text": ("Second", ""),
    "common_text": ("In common", ""),
    "common_exporter": ("Of it, the supplier", ""),
    "mined_text": ("Mine output, tonnes", ""),
    "overlap_low": ("Low end", "pct0"),
    "overlap_high": ("High end", "pct0"),
    "overlap_effect": ("Effect, points", "points"),
    "added_low": ("Start-ups only, tonnes", "count"),
    "added_high": ("All, tonnes", "count"),
    "how_text": ("Who; state", ""),
    "since_first": ("First since", ""),
    "since_second": ("Second since", ""),
    "bloc_name": ("Bloc", "link source_url"),
    "project_name": ("Project", "link source_url"),
    "place_stage": ("Where, stage", ""),
    "part_text": ("Part of each", ""),
    "capacity_text": ("Capacity a year; start, status", ""),
    "basis_name": ("Tonnes a year of", ""),
    "step_operating": ("Operating", ""),
    "step_ramp_up": ("With ramp-up", ""),
    "step_building": ("With construction", ""),
    "step_planned": ("With planned", ""),
    "way": ("From, to", ""),
    "worth": ("Value, million US$", "million_usd"),
    "bought_part": ("Part of the buyer's imports", "pct"),
    "exposed_basis": ("Measure", ""),
    "exposed_share": ("Share", "pct"),
    "exposed_from": ("Source", "link source_url"),
    "cover_text": ("Stock lasts, months", ""),
    "short_text": ("Missing, months of use", ""),
    "ces_text": ("Loss (CES)", ""),
    "changed": ("What is changed", ""),
    "ends": ("Ends of the range", ""),
    "importer_name": ("Importer", ""),
    "cover_months": ("Stock lasts, months", ""),
    "mine_t": ("Own mine, tonnes", "few"),
    "episode": ("Episode", ""),
    "cut": ("Quantity fell by", "pct0"),
    "price": ("Price, times", "short"),
    "price_text": ("Price", ""),
    "elasticity": ("Implied elasticity", "ratio"),
    "mixed": ("What else is in it", "link source_url"),
    "saved": ("Users save", ""),
    "saved_from": ("Price printed by", "link source_url"),
    "end_use": ("End use", ""),
    "use_area": ("Where, when", ""),
    "use_part": ("Share of use", ""),
    "use_risk": ("Missing over the stop, tonnes", ""),
    "loss_where": ("Where", ""),
    "loss_shock": ("What falls: what stops. Remarks", ""),
    "loss_printed": ("As printed", ""),
    "loss_kind": ("Kind", ""),
    "loss_by": ("Publisher", "link source_url"),
    "case": ("Supply counted", ""),
    "first_round": ("First round", "pct"),
    "stop_for_all": ("With third countries", "pct"),
    "only_importer": ("If it alone is cut off", "pct"),
    "carrier": ("Third country", ""),
    "bought_text": ("Share of supply", ""),
    "lost_text": ("It loses", ""),
    "passes_text": ("Passes on, of the supply", ""),
    "month": ("Month", ""),
    "arrived_t": ("Arrived, tonnes", "count"),
    "missing_t": ("Missing, tonnes", "change"),
    "missing_so_far_t": ("Missing so far, tonnes", "change"),
    "implied_s": ("Substitution that gives it", "ratio"),
    "member_name": ("Member", ""),
    "member_since": ("Since", ""),
    "member_text": ("Member", ""),
    "bought_usd": ("Imports, million US$", "million_usd"),
    "inside": ("From members", "pct0"),
    "direct": ("From the supplier in question", "pct0"),
    "rest": ("From others", "pct0"),
    "as_supplier": ("As a supplier, points", "points"),
    "as_buyer": ("As a buyer, points", "points"),
    "adds": ("Together, points", "points"),
    "fair_part": ("Averaged over all orders, points", "points"),
    "economy_name": ("Economy", ""),
    "from_supplier_usd": ("Bought from it, million US$", "million_usd"),
    "to_members_usd": ("Sold to members, million US$", "million_usd"),
    "sold_text": ("Sold to members", ""),
    "passed_text": ("Of this, passed on", ""),
    "maker_text": ("Mine or plant known", ""),
    "between_rank": ("Rank between others", "count"),
    "loss_text": ("Loss (range)", ""),
    "diverted": ("Part of others' sales it would take", "pct0"),
    "end_low": ("Low end", ""),
    "end_high": ("High end", ""),
    "effect": ("Effect, points", ""),
    "look_reading": ("What sellers pass on", ""),
    "inside_left": ("Inside, without that", "pct0"),
    "inside_rests": ("Inside, from the supplier", "pct0"),
    "rests": ("All that rests on the supplier", "pct0"),
    "stage_goods": ("Goods", ""),
    "index_label": ("Index", ""),
    "score_range": ("Score", ""),
    "rank_range": ("Rank", ""),
    "of_n": ("Of", "count"),
    "material_name": ("Material", ""),
    "index_pair": ("Indices", ""),
    "tau_range": ("Kendall's tau", ""),
    "main_term": ("Largest term", ""),
    "part_range": ("Its part of the gap", ""),
    "often": ("Largest in samples", "pct0"),
    "step_text": ("What is exchanged", ""),
    "tau_alone": ("Tau with the first", "ratio"),
    "rank_alone": ("Rank", "count"),
    "import_hhi": ("HHI of imports", "ratio"),
    "world_hhi": ("HHI of world exports", "ratio"),
    "trade_ratio": ("Imports / exports", ""),
    "export_place": ("Exporter", ""),
    "export_share": ("Share of world exports", ""),
    "mine_part": ("Share of mine output", ""),
    "years_met": ("Years with all three", "count"),
    "flag": ("Flagged", ""),
    "reliance_counted": ("Ours, own mines counted", "pct0"),
    "reliance_uncounted": ("Own mines not counted", "pct0"),
    "reliance_printed": ("USGS, % as printed", ""),
    "refined_t": ("Compounds and metals made, tonnes", "count"),
    "low_end": ("One end", ""),
    "high_end": ("Other end", ""),
    "first_ranks": ("Rank, first index", ""),
    "second_ranks": ("Rank, second index", ""),
    "sold_usd": ("Exports, million US$", "million_usd"),
    "balance_text": ("Balance, -1 to 1", ""),
    "sold_per_kg": ("Exports, US$ per kg", "plain_usd"),
    "bought_per_kg": ("Imports, US$ per kg", "plain_usd"),
    "stage_ore": ("Ores", ""),
    "stage_compound": ("Compounds", ""),
    "stage_alloy": ("Alloys", ""),
    "stage_metal": ("Metals", ""),
    "stage_article": ("Semi-manufactures", ""),
    "stage_magnet": ("Magnets", ""),
    "rca": ("Advantage (RCA)", ""),
    "symmetric": ("Symmetric, -1 to 1", ""),
    "value_step": ("Step", ""),
    "usd_text": ("US$ per kg of magnet", ""),
    "of_price": ("Share of the price", ""),
    "supplier_part": ("Supplier's share of the step", ""),
    "own_part": ("Importer's share", ""),
    "place_of_plant": ("Third economy", ""),
    "of_magnets": ("Share of the magnets bought", "pct0"),
    "supplier_inputs": ("Supplier in its inputs", ""),
    "by_customs": ("By customs", "pct0"),
    "looked_through": ("With material", ""),
    "if_all": ("If all", "pct0"),
    "project": ("Plant", "link source_url"),
    "company": ("Company", ""),
    "capacity_as_given": ("Capacity as given", ""),
    "status": ("Status", ""),
    "signal": ("Signal", ""),
    "early_text": ("First years", ""),
    "late_text": ("Last years", ""),
    "chance": ("p", "p"),
    "moves": ("Moved", ""),
    "last_share": ("Last stage in exports", ""),
    "last_ntb": ("Balance of the last stage", ""),
    "unit_value_ratio": ("Unit value, exports over imports", ""),
    "varied": ("What is changed", ""),
    "at_low": ("Low end", ""),
    "at_high": ("High end", ""),
    "then": ("Effect", ""),
    "assumed": ("Assumption", ""),
    "assumed_value": ("Value (range)", ""),
    "assumed_from": ("Source", "link source_url"),
    "assumed_note": ("Kind, and how it was found", ""),
    "level_first": ("First year, tonnes", ""),
    "level_last": ("Last year, tonnes", ""),
    "lever": ("Lever", ""),
    "setting": ("How far", ""),
    "effect_mid": ("Halfway", ""),
    "effect_end": ("Last year", ""),
    "binds": ("Binds then", ""),
    "lever_year": ("Year", ""),
    "path_china_only": ("China only", ""),
    "path_announced": ("Announced", ""),
    "path_accelerated": ("Accelerated", ""),
    "path_moved": ("Moved levers", ""),
    "adds_mining": ("Mines", ""),
    "adds_separation": ("Separation", ""),
    "adds_making": ("Metal, magnets", ""),
    "adds_saving": ("Saving", ""),
    "adds_recycling": ("Recycling", ""),
    "adds_stock": ("Stock, months", ""),
    "lever_package": ("Package", ""),
    "element_group": ("Elements", ""),
    "chance_now": ("Chance, first year", "pct0"),
    "chance_end": ("Chance, last year", "pct0"),
    "year_from": ("From year on", ""),
    "lever_stock": ("Stock", ""),
    "cover_magnet_light": ("Months: Nd, Pr", ""),
    "cover_magnet_heavy": ("Months: Dy, Tb", ""),
    "cover_other": ("Months: others", ""),
    "lever_project": ("Project", "link source_url"),
    "adds_at": ("Adds at", ""),
    "lever_adds": ("Adds, tonnes a year", ""),
    "begins": ("Start and status", ""),
    "held_low": ("Low end", ""),
    "held_high": ("High end", ""),
    "lever_low": ("Share at low end", "pct0"),
    "lever_high": ("Share at high end", "pct0"),
    "lever_effect": ("Difference, points", ""),
    "title": ("Report", "link page"),
    "label_text": ("Number", ""),
    "moved_number": ("Number", "link page"),
    "before_text": ("Before", ""),
    "after_text": ("Now", ""),
    "change_text": ("Change", ""),
    "by_method": ("Method", ""),
    "by_revision": ("Revised data", ""),
    "by_real": ("New periods", ""),
    "alert": ("Alert", ""),
    "state_before": ("State before", ""),
    "comes": ("Day", ""),
    "what_comes": ("What comes", ""),
    "series": ("Table", ""),
    "rhythm": ("New data come", ""),
    "last_period": ("Last period", ""),
    "accessed": ("Read on", ""),
    "age_days": ("Age, days", "count"),
    "most_days": ("Stale after, days", "count"),
    "freshness": ("Data are", ""),
}


def show_table(
    rows: pd.DataFrame,
    columns: list[str],
    caption: str,
    search: str = "",
    headings: dict[str, str] | None = None,
    **values,
) -> None:
    """Show a small table.

    On a phone the cells of a table with long texts stand below one another, each after its heading,
    under the first one of the row.

    Parameters
    ----------
    rows : pandas.DataFrame
    columns : list of str
        Columns to show, in this order; heading and format of each stand in `COLUMNS`.
    caption : str
        A template, filled with ``values``.
    search : str
        Label of a field to search the rows with; no such field where it is empty.
    headings : dict of str to str, optional
        Headings in place of those of `COLUMNS`, by column: the names of two economies, for example.

    Raises
    ------
    ValueError
        A column that `COLUMNS` does not know.
    """
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown:
        raise ValueError(f"figures.COLUMNS has no heading for {', '.join(unknown)}")
    caption = translation.said(words.fill(caption, **values))
    own = headings or {}
    table = [
        _table_column(rows, name, own.get(name, COLUMNS[name][0]), COLUMNS[name][1])
        for name in columns
    ]
    text = rows[list(columns)].to_string(index=False)
    markup = _as_html(table, caption)
    receipt.display(
        searchable_html(markup, translation.said(search)) if search else markup,
        f"{caption}\n{text}",
        rows[_with_addresses(columns)],
        kind="table",
        title=caption,
    )


def _with_addresses(columns: list[str]) -> list[str]:
    """Columns of a table with those that hold the addresses of its links."""
    forms = [COLUMNS[name][1] for name in columns]
    addresses = [form.removeprefix("link ") for form in forms if form.startswith("link ")]
    return list(dict.fromkeys([*columns, *addresses]))


def show_assumptions(rows: pd.DataFrame, caption: str, **values) -> None:
    """Show the assumptions of a model, each with its range and a link to its source.

    Parameters
    ----------
    rows : pandas.DataFrame
        See `assumptions.load`.
    caption : str
        A template, filled with ``values``.
    """
    shown = pd.DataFrame(
        {
            "assumed": rows["label"],
            "assumed_value": [_value_text(row) for row in rows.itertuples()],
            "assumed_from": rows["source"],
            "source_url": rows["source_url"].fillna(""),
            "assumed_note": rows["kind"].str.capitalize() + ". " + rows["note"],
        }
    )
    show_table(shown, [name for name in shown if name != "source_url"], caption, **values)


def _value_text(row) -> str:
    """A value with its range and unit: "0.9 (0.85 to 0.95) fraction"; years without a comma."""
    form = "g" if row.unit == "year" else ",g"
    ends = "" if row.low == row.high else f" ({row.low:{form}} to {row.high:{form}})"
    return f"{row.value:{form}}{ends} {row.unit}"


@dataclass(frozen=True)
class _Column:
    """A table column as HTML: heading, cells, and whether they are numbers (set to the right)."""

    heading: str
    cells: list[str]
    numeric: bool


def folded(data: pd.DataFrame, caption: str) -> str:
    """Return the data of a figure as a folded table; of a long one its first rows."""
    if len(data) > FOLDED_ROWS:
        first = f"the first {FOLDED_ROWS} of {len(data):,} rows; the CSV has all"
        caption += f" ({translation.said(first)})"
    rows = data.head(FOLDED_ROWS)
    table = _as_html([_table_column(rows, name, "") for name in data], caption, role="group")
    return f"<details class='data'><summary>{_text('Data')}</summary>{table}</details>"


def _table_column(rows: pd.DataFrame, name: str, heading: str, form: str = "") -> _Column:
    """A column under its heading, or under its own name where there is none."""
    numeric = pd.api.types.is_numeric_dtype(rows[name])
    if form.startswith("link "):
        pairs = zip(rows[name], rows[form.removeprefix("link ")], strict=True)
        cells = [_link(text, address) for text, address in pairs]
    elif form == "links":
        cells = ["; ".join(_link(text, address) for text, address in pages) for pages in rows[name]]
    elif form:
        cells = [_text(words.show_number(value, form)) for value in rows[name]]
    else:
        cells = [_text(_cell(name, value), name) for value in rows[name]]
    shown = _text(heading) if heading else f"<code>{html.escape(str(name))}</code>"
    return _Column(shown, cells, numeric)


def _text(text: str, column: str = "") -> str:
    """Return a text as HTML in the language of the page; what stays English is marked as such."""
    english = words.with_signs(text)
    shown = english if column in _ORIGINAL else translation.said(text)
    spoken = translation.current() == translation.ENGLISH
    if spoken or shown != english or not _LETTERS.search(text):
        return _DAY.sub(r"<span class='whole'>\g<0></span>", html.escape(shown))
    return f"<span lang='en'>{html.escape(shown)}</span>"


def _link(text: str, address: str) -> str:
    if not address.startswith(("http://", "https://")) and not _NEAR.fullmatch(address):
        return _text(text)
    return f"<a href='{html.escape(address)}'>{_title(text)}</a>"


def _title(text: str) -> str:
    """The text of a link: a title or a publisher stays as it is, words of ours are translated."""
    own = not translation.lacking(text, translation.current())
    if own:
        return _text(text)
    return f"<span lang='en'>{html.escape(words.with_signs(text))}</span>"


def _cell(name: str, value) -> str:
    if pd.isna(value):
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, (int, np.integer)):
        return str(value) if name == "year" else f"{value:,}"
    value += 0.0  # no minus before a zero
    return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


def _width(text: str) -> int:
    """The width of a text in Latin letters; a Japanese sign is as wide as two."""
    return sum(2 if sign > "\u2fff" else 1 for sign in text)


def _kind(column: _Column) -> str:
    if column.numeric:
        return ""
    longest = max((_width(_TAG.sub("", cell)) for cell in column.cells), default=0)
    if translation.current() != translation.ENGLISH:
        longest *= _ENGLISH_LENGTH  # both pages have the same layout
    limits = ((14, " short"), (40, ""), (120, " long"))
    width = next((name for limit, name in limits if longest <= limit), " longer")
    return f" class='text{width}'"


def _is_of_texts(columns: list[_Column], kinds: list[str]) -> bool:
    """Whether the rows of a table are read one by one, and not down its columns of numbers."""
    few_numbers = sum(column.numeric for column in columns) <= 2
    return any(" longer" in kind or (" long" in kind and few_numbers) for kind in kinds)


def _as_html(columns: list[_Column], caption: str, role: str = "region") -> str:
    """Return a table that scrolls sideways where it is too wide."""
    kinds = [_kind(column) for column in columns]
    stacked = role == "region" and _is_of_texts(columns, kinds)
    named = list(zip(columns, kinds, strict=True))
    head = "".join(f"<th scope='col'{kind}>{column.heading}</th>" for column, kind in named)
    lines = (
        "".join(f"<td{kind}>{column.cells[row]}</td>" for column, kind in named)
        for row in range(len(columns[0].cells))
    )
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    name = html.escape(caption)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return (
        f"<p class='caption'>{name}</p>"
        f"<div class='scroll' tabindex='0' role='{role}' aria-label='{name}'>"
        f"{_stacked(table, columns) if stacked else table}</div>"
    )


def _stacked(table: str, columns: list[_Column]) -> str:
    """Give each cell its heading, and name the roles, which a browser forgets of stacked cells."""
    headings = cycle(_TAG.sub("", column.heading) for column in columns)
    table = re.sub("<td", lambda _: f'<td data-heading="{next(headings)}"', table)
    for element, role in _ROLES.items():
        table = re.sub(rf"<{element}\b", f"<{element} role='{role}'", table)
    return table.replace("<table", "<table class='stacked'", 1)
