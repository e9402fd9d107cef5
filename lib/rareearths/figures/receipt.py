"""The receipt of a figure or table: what it shows, the tables read up to it, and its data as CSV.

It goes with the output into the executed notebook, where `rareearths.reports.receipts` finds it.
"""

import re

import pandas as pd

from rareearths import catalogue
from rareearths.figures.interactive import own_scripts

KINDS = ("figure", "table")
# A spreadsheet takes text that begins so for a formula, whatever the quotes (OWASP).
_FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?%?")


def display(
    markup: str, text: str, data: pd.DataFrame, *, kind: str, title: str, alt: str = ""
) -> None:
    """Show a figure or table together with its receipt and its data.

    Parameters
    ----------
    markup, text : str
        What is shown as HTML and, where there is no HTML, as plain text.
    data : pandas.DataFrame
        The numbers shown; the index is left out.
    kind : str
        One of `KINDS`.
    title : str
        Title of the figure or caption of the table, plain text.
    alt : str
        Description of a figure; empty for a table, which needs none.

    Raises
    ------
    ValueError
        An unknown kind.
    """
    from IPython.display import display as show_output

    said = {"role": kind, "receipt": receipt(data, kind=kind, title=title, alt=alt)}
    if scripts := own_scripts(markup):  # a page lets no other run
        said["scripts"] = scripts
    content = {"text/html": markup, "text/plain": text, "text/csv": to_csv(data)}
    show_output(content, raw=True, metadata={"rareearths": said})


def receipt(data: pd.DataFrame, *, kind: str, title: str, alt: str = "") -> dict:
    """Return the receipt of a figure or table, ready for JSON; see `display`.

    Returns
    -------
    dict
        ``kind``, ``title``, ``alt``, ``columns`` (names), ``rows`` (count), and ``tables``: all
        that were read in this process so far, each with ``name``, ``sha256``, ``accessed``.
    """
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} of a receipt is not one of {', '.join(KINDS)}")
    return {
        "kind": kind,
        "title": title,
        "alt": alt,
        "columns": [str(name) for name in data.columns],
        "rows": len(data),
        "tables": [
            {"name": t.name, "sha256": t.sha256, "accessed": t.accessed} for t in catalogue.used()
        ],
    }


def to_csv(data: pd.DataFrame) -> str:
    """Return a table as CSV: all digits of each number, nothing for a missing value.

    A number that is a text for a page, with its minus sign, gets the hyphen of numbers.

    Text that a spreadsheet would run as a formula gets an apostrophe before it, as OWASP advises;
    numbers never do. A list of (text, address) becomes ``text <address>``, joined by "; ".

    Examples
    --------
    >>> print(to_csv(pd.DataFrame({"who": ["=A1", None], "share": [-0.1, 1 / 3]})), end="")
    who,share
    '=A1,-0.1
    ,0.3333333333333333
    """
    plain = pd.DataFrame(
        {i: _plain(data.iloc[:, i]) for i in range(data.shape[1])}, index=data.index
    )
    header = [_harmless(str(name)) for name in data.columns]
    return plain.to_csv(index=False, header=header, lineterminator="\n")


def _plain(column: pd.Series) -> pd.Series:
    kinds = (pd.api.types.is_numeric_dtype, pd.api.types.is_datetime64_any_dtype)
    if any(is_kind(column) for is_kind in kinds):
        return column
    return column.astype(object).map(_as_text)


def _as_text(value) -> object:
    if isinstance(value, (list, tuple)):
        return _harmless("; ".join(f"{text} <{address}>" for text, address in value))
    if isinstance(value, (int, float)):
        return value
    if pd.isna(value):
        return None
    number = str(value).replace("−", "-")
    return number if _NUMBER.fullmatch(number) else _harmless(str(value))


def _harmless(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text
