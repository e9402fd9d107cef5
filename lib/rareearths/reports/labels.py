"""What a recorded number is called and how it is written, wherever its name would stand.

Both stand in ``template/numbers.csv``, a row for each notebook and number; a row without a
notebook holds for all of them. A number without a row has its name in words and its plain value.
"""

import csv
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rareearths.words import FORMATS, fill

TABLE = Path(__file__).parent / "template/numbers.csv"
THE_SUPPLIER = "the supplier"  # where a record does not name it
YEAR = "year"

_PERCENT = {"pct", "pct0", "fine_pct", "signed_pct0"}
_POINTS = {"points"}


@dataclass(frozen=True)
class Label:
    """The words for a recorded number.

    Attributes
    ----------
    text : str
        What it is, as in the head of a table.
    form : str
        One of `words.FORMATS`; empty for a number without a row.
    """

    text: str
    form: str

    def shown(self, value: float | None) -> str:
        """Return a value as a reader wants it: 51%.

        Examples
        --------
        >>> Label("share", "fine_pct").shown(0.508), Label("gap", "points").shown(-0.203)
        ('51%', '−20.3 points')
        >>> Label("in a record only", "").shown(0.508)
        '0.508'
        """
        if value is None:
            return "–"
        if not self.form:
            return plain([value])[0]
        text = FORMATS[self.form](value)
        return f"{text} points" if self.form in _POINTS else text

    def exact(self, values: list[float | None], scale: float | None) -> list[str]:
        """Return values with as many digits as show three of ``scale``, such as of their change.

        Examples
        --------
        >>> Label("share", "fine_pct").exact([0.50822, None], scale=0.0123)
        ['50.82%', '–']
        """
        return self._digits(values, scale, self.unit, signed=False)

    def steps(self, values: list[float | None], scale: float | None) -> list[str]:
        """Return changes of values with their sign, as `exact`; of shares, in points.

        Examples
        --------
        >>> Label("share", "fine_pct").steps([0.0123, -0.0002, None], scale=0.0123)
        ['+1.23 points', '−0.02 points', 'not known']
        """
        return self._digits(values, scale, self.step_unit, signed=True)

    @property
    def unit(self) -> str:
        """What follows a value that is written by the hundred."""
        return "%" if self.form in _PERCENT else " points" if self.form in _POINTS else ""

    @property
    def step_unit(self) -> str:
        """What follows a change of such a value."""
        return " points" if self.by_hundred else ""

    def scaled(self, value: float) -> float:
        """Return a value in its unit: per cent and points are hundredths."""
        if not self.by_hundred:
            return value
        hundredths = round(100 * value, 12)
        return int(hundredths) if hundredths.is_integer() else hundredths

    @property
    def by_hundred(self) -> bool:
        """Whether values are fractions, written by the hundred."""
        return self.form in _PERCENT | _POINTS

    def _digits(self, values: list, scale: float | None, unit: str, signed: bool) -> list[str]:
        numbers = [None if v is None else self.scaled(v) for v in values]
        texts = plain(numbers, signed, scale and self.scaled(scale))
        return [t if v is None else t + unit for v, t in zip(values, texts, strict=True)]


def label(facts: dict, number: str, supplier: str | None = None) -> Label:
    """Return the label of a number of a report.

    Parameters
    ----------
    facts : dict
        The record; of it ``notebook`` and the supplier in its ``subject``.
    number : str
        Name as recorded.
    supplier : str, optional
        How the supplier is called, in place of the name in the record.
    """
    row = _row(facts.get("notebook", ""), number)
    if row is None:
        return Label(readable(number), "")
    named = fill(row["label"], supplier=supplier or supplier_of(facts))
    return Label(named, row["format"])


def supplier_of(facts: dict) -> str:
    """Return the name of the supplier that a report is about, as it stands in a sentence."""
    suppliers = (facts.get("subject") or {}).get("suppliers", {})
    return next(iter(suppliers.values()), THE_SUPPLIER)


def is_year(facts: dict, number: str) -> bool:
    """Return whether a number is a year, which no change and no comparison is about."""
    row = _row(facts.get("notebook", ""), number)
    return row is not None and row["format"] == YEAR


def rows() -> list[dict[str, str]]:
    """Return the rows of the table.

    Returns
    -------
    list of dict
        ``notebook``, ``number``, ``format`` (of `words.FORMATS`) and ``label``; of a headline
        number (see `tiles`) also ``tile``, what stands below the value, and ``value`` where it is
        more than the number in its format. ``{supplier}`` is the name of the supplier.
    """
    return list(_table().values())


def readable(name: str) -> str:
    """Return a name as words: ``share_tonnes`` is "share tonnes"."""
    return name.replace("_", " ")


def plain(
    values: list[float | None], signed: bool = False, scale: float | None = None
) -> list[str]:
    """Return numbers as text, with as many decimals as show three digits of ``scale``.

    Examples
    --------
    >>> plain([0.66128, None], scale=0.0123), plain([0.0123, -0.0023], signed=True, scale=0.0123)
    (['0.6613', '–'], ['+0.0123', '−0.0023'])
    """
    scale = scale or max((abs(v) for v in values if v is not None), default=1.0)
    whole = all(v is None or float(v).is_integer() for v in [*values, scale])
    decimals = 0 if whole or not scale else max(0, 2 - math.floor(math.log10(abs(scale))))
    return [_text(v, decimals, signed) for v in values]


def _text(value: float | None, decimals: int, signed: bool) -> str:
    if value is None:
        return "not known" if signed else "–"
    comma = "," if abs(value) >= 10_000 else ""  # none in a year
    form = f"{comma}.{decimals}f" if decimals <= 9 else ".3g"
    text = format(value, form)
    if not any(digit in "123456789" for digit in text):
        return text.lstrip("-")
    sign = "−" if value < 0 else "+" if signed else ""
    return sign + text.lstrip("-")


def _row(notebook: str, number: str) -> dict[str, str] | None:
    table, stem = _table(), notebook.removesuffix(".ipynb")
    return table.get((stem, number)) or table.get(("", number))


@cache
def _table() -> dict[tuple[str, str], dict[str, str]]:
    with TABLE.open(newline="", encoding="utf-8") as file:
        return {(row["notebook"], row["number"]): row for row in csv.DictReader(file)}
