"""Alternative text of a figure: what the author says is drawn, and what the data say."""

import re
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from rareearths import translation, words
from rareearths.figures.look import economy_name
from rareearths.figures.table import COLUMNS
from rareearths.policy import instrument_name

LONGEST = 400  # characters; a screen reader cannot skim
MOST_COLUMNS = 4
_TIMES = ("year", "month", "date", "period")
_ECONOMIES = ("exporter", "importer", "economy", "supplier", "buyer", "source", "target")
_LABELS = ("number", "n", "rank")  # numbers that only name a row
_WORDS = {"usd": "US$", "hhi": "HHI", "rca": "RCA", "pp": "points", "t": "tonnes"}
_NO_FORM = ("low", "high")  # ends of a range of anything; COLUMNS has them for shares
Text = Callable[[str, object], str]  # of a value in a column
_ZERO = 1e-12  # less is a zero that was computed


def describe(sentence: str, data: pd.DataFrame) -> str:
    """Return the author's sentence with sentences on the data behind the figure.

    Said are the number of rows and their range, and of up to `MOST_COLUMNS` numeric columns the
    lowest and highest value, each with its row; where a row is named by its first column alone,
    the first and last value too. Missing and infinite values are passed over, and what would make
    the text longer than `LONGEST` is left out.

    Parameters
    ----------
    sentence : str
        What is drawn.
    data : pandas.DataFrame
        As for `frame.show`.

    Examples
    --------
    >>> shares = pd.DataFrame({"year": [2022, 2023, 2024], "share_value": [0.41, 0.52, 0.378]})
    >>> describe("A line by year.", shares).partition("2024. ")[2]
    'Share of value: first 41.0%, last 37.8%, lowest 37.8% (2024), highest 52.0% (2023).'
    """
    english, shown = sentence, sentence
    for part, other in zip(_sentences(data, _english), _sentences(data, _named), strict=True):
        if len(english) + 1 + len(part) > LONGEST:  # in each language the same is said
            break
        english, shown = f"{english} {part}", f"{shown} {other}"
    return shown


def _sentences(data: pd.DataFrame, text: Text) -> Iterator[str]:
    """What the data say; of a figure of several layers, layer by layer."""
    data = data.rename(columns=str)
    if "layer" not in data:
        yield from _summary(data, text)
        return
    for name, part in data.groupby("layer", sort=False):
        rows, *values = _summary(part.drop(columns="layer").dropna(axis=1, how="all"), text)
        yield f"{name.capitalize()}: {rows}"
        yield from values


def _summary(data: pd.DataFrame, text: Text) -> Iterator[str]:
    count = f"{len(data)} {'row' if len(data) == 1 else 'rows'}"
    data = data.replace([np.inf, -np.inf], np.nan).reset_index(drop=True)
    key = _key(data)
    if key is None or data[key].isna().all():
        yield f"{count}."
        return
    if key in _TIMES:
        data = data.sort_values(key, kind="stable")
    names = _row_names(data, key, text)
    ends = [text(key, data[key].dropna().iloc[i]) for i in (0, -1)]
    yield f"{count}, {_lower(_heading(key))} {' to '.join(dict.fromkeys(ends))}."
    ordered = data[key].is_unique
    for name in _numeric(data, key)[:MOST_COLUMNS]:
        values = data[name].astype(float).dropna()
        if len(values):
            yield f"{_heading(name)}: {_extremes(name, values, names, ordered)}."


def _key(data: pd.DataFrame) -> str | None:
    """The column that names the rows: time where it varies, else the first text that does."""
    varies = [name for name in data if data[name].astype(str).nunique() > 1]
    times = [name for name in _TIMES if name in varies]
    texts = [name for name in varies if not pd.api.types.is_numeric_dtype(data[name])]
    return next(iter([*times, *texts, *varies, *data.columns]), None)


def _numeric(data: pd.DataFrame, key: str) -> list[str]:
    skipped = {key, *_TIMES, *_LABELS}
    return [
        name
        for name, dtype in data.dtypes.items()
        if pd.api.types.is_numeric_dtype(dtype)
        and not pd.api.types.is_bool_dtype(dtype)
        and name not in skipped
    ]


def _row_names(data: pd.DataFrame, key: str, text: Text) -> pd.Series:
    """A name of each row: its key, and where rows share keys the first text that tells apart."""
    names = data[key].map(lambda value: text(key, value))
    others = [n for n in data if n != key and _tells_apart(data[n])]
    if data[key].is_unique or not others:
        return names
    return data[others[0]].map(lambda value: text(others[0], value)) + ", " + names


def _tells_apart(column: pd.Series) -> bool:
    is_text = not pd.api.types.is_numeric_dtype(column)
    return is_text and column.notna().all() and column.astype(str).nunique() > 1


def _extremes(name: str, values: pd.Series, names: pd.Series, ordered: bool) -> str:
    low, high = values.idxmin(), values.idxmax()
    if len(values) == 1 or values[low] == values[high]:
        return _number(name, values.iloc[0])
    first, last = (
        f"{end} {_number(name, values.iloc[i])}" for end, i in (("first", 0), ("last", -1))
    )
    ends = [first, last] if ordered else []
    lowest = f"lowest {_number(name, values[low])} ({names[low]})"
    highest = f"highest {_number(name, values[high])} ({names[high]})"
    return ", ".join([*ends, lowest, highest])


def _number(name: str, value: float) -> str:
    form = _form(name)
    value = 0.0 if abs(value) < _ZERO else value
    usable = form in words.FORMATS and not (form == "count" and value < 0)
    shown = words.show_number(value, form) if usable else _short(value)
    return re.sub(r"^(\$?)[-−]", r"minus \1", shown)


def _short(value: float) -> str:
    """Three digits, and no power of ten, which is read out sign by sign."""
    if 0 < abs(value) < 0.001:
        return "under 0.001" if value > 0 else "-0.001 or nearer to 0"
    return words.show_number(value, "short")


def _form(name: str) -> str:
    form = "" if name in _NO_FORM else COLUMNS.get(name, ("", ""))[1]
    in_dollars = form == "million_usd" or (not form and name.endswith("_usd"))
    return "usd" if in_dollars else form


def _named(name: str, value) -> str:
    """A value in the language that is spoken."""
    return translation.said(_english(name, value))


def _english(name: str, value) -> str:
    if not pd.api.types.is_scalar(value) or pd.isna(value):
        return "not named"
    if isinstance(value, pd.Timestamp):
        value = value.date().isoformat()
    if isinstance(value, float):
        value = f"{value:.4g}"
    if name == "instrument":
        return instrument_name(value)
    return economy_name(str(value)) if name in _ECONOMIES else str(value).replace("_", " ")


def _heading(name: str) -> str:
    """A column in words: its heading in a table where the name is that of no other measure."""
    if "_" in name and name in COLUMNS:
        return re.sub(r", million US\$( a year)?", "", COLUMNS[name][0])
    said = " ".join(_WORDS.get(word, word) for word in name.removesuffix("_usd").split("_"))
    return said[:1].upper() + said[1:]


def _lower(heading: str) -> str:
    """As it stands within a sentence; abbreviations stay."""
    return heading if heading[1:2].isupper() else heading[:1].lower() + heading[1:]
