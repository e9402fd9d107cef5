"""Parts of Vega-Lite specifications that all interactive charts share: the look, tooltips, choices.

A specification is a plain dict. Every text in it is a whole plain string.
"""

from collections.abc import Iterable, Sequence

import pandas as pd

from rareearths import translation
from rareearths.figures.look import GRID, INK
from rareearths.words import show_number

WIDTH_PX = 440  # of a chart that grows and shrinks as a whole, as its static twin does
SMALL_PX = 12  # text of a chart that is as wide as its place
_TEXTS = {"title", "domain", "sort", "labels", "options"}  # what a reader sees, besides the data
_CUT = "lastindexof(slice(datum.label, 0, 17), ' ')"
TWO_LINES = (  # a long label of an axis, cut at a space
    f"length(datum.label) > 16 && {_CUT} > 0"
    f" ? [slice(datum.label, 0, {_CUT}), slice(datum.label, {_CUT} + 1)] : datum.label"
)
_CONFIG = {
    "font": "system-ui, 'signs of this page', sans-serif",  # those that a Japanese page carries
    "view": {"stroke": None},
    "mark": {"aria": False},  # a label would name columns; keys read the tooltip out
    "axis": {
        "labelFontSize": SMALL_PX, "labelColor": INK, "domainColor": INK, "tickColor": INK,
        "gridColor": GRID, "title": None,
    },
    "legend": {
        "labelFontSize": SMALL_PX, "labelColor": INK, "orient": "top", "title": None,
        "symbolType": "square", "symbolStrokeWidth": 0,
    },
    "text": {"color": INK, "fontSize": SMALL_PX},
}  # fmt: skip


def chart(**parts) -> dict:
    """Return a specification in the common look, as wide as its place.

    Parameters
    ----------
    **parts
        Parts of a Vega-Lite specification; they go before those of the look.
    """
    return {
        "width": "container",
        "autosize": {"type": "fit-x", "contains": "padding"},
        "background": "transparent",
        "config": _CONFIG,
        **parts,
    }


def translated(part, shown: bool = False):
    """Return a specification, or a part of one, in the language that is spoken.

    A text becomes the same wherever it stands, so that data, scales and lists stay of one mind.

    Parameters
    ----------
    part : dict, list, str or number
    shown : bool
        Whether a text in it is one that a reader sees.
    """
    if isinstance(part, dict):
        data = isinstance(part.get("values"), list)  # rows, or texts of a legend
        return {key: translated(value, _is_shown(key, part, data)) for key, value in part.items()}
    if isinstance(part, list):
        return [
            _row(item) if shown and isinstance(item, dict) else translated(item, shown)
            for item in part
        ]
    return translation.said(part) if shown and isinstance(part, str) else part


def _is_shown(key: str, part: dict, data: bool) -> bool:
    return key in _TEXTS or (key == "values" and data) or (key == "name" and "input" in part)


def _row(row: dict) -> dict:
    """A row of data: names and words of ours; the rest, such as a title or a colour, stays."""
    language = translation.current()
    return {
        name: translation.said(value)
        if isinstance(value, str) and not translation.lacking(value, language)
        else value
        for name, value in row.items()
    }


def values(rows: pd.DataFrame) -> dict:
    """Return the rows as data of a chart; a missing value is null."""
    return {"values": rows.astype(object).where(rows.notna(), None).to_dict("records")}


def tooltip(**titles: str) -> list[dict]:
    """Return a tooltip: by column what is written before its text."""
    return [{"field": f, "title": t, "type": "nominal"} for f, t in titles.items()]


def named(field: str, names: Iterable[str], looks: Iterable, **parts) -> dict:
    """Return the encoding of a column of names by these colours, shapes or strengths.

    For ``parts`` see Vega-Lite.
    """
    scale = {"type": "ordinal", "domain": list(names), "range": list(looks)}
    return {"field": field, "type": "ordinal", "scale": scale, **parts}


def hover(fields: Sequence[str]) -> dict:
    """Return a parameter ``over``: the marks that agree in these columns with that pointed at."""
    select = {"type": "point", "on": "pointerover", "clear": "pointerout", "fields": list(fields)}
    return {"name": "over", "select": select}


def over(pointed, other) -> dict:
    """Return a value for the marks of `hover`, and another for all marks besides them."""
    return {"condition": {"param": "over", "empty": False, "value": pointed}, "value": other}


def choice(label: str, everything: str, names: Iterable[str]) -> dict:
    """Return a parameter ``chosen`` that a reader sets with a list; null is everything."""
    names = list(names)
    bind = {"input": "select", "name": label, "options": [None, *names]}
    return {"name": "chosen", "value": None, "bind": bind | {"labels": [everything, *names]}}


def amount(number: float, basis: str) -> str:
    """Return an amount of trade as text: current US$ by value, tonnes by tonnes."""
    return show_number(number, {"value": "usd", "tonnes": "tonnes"}[basis])


AMOUNTS = {"value": "Value", "tonnes": "Quantity"}  # title of `amount` in a tooltip
