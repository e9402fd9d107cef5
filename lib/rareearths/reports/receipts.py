"""Receipts of an executed notebook: what each figure and table shows, its sources and its data.

The figures write them (`rareearths.figures.receipt`); here they are read for the record of a
report, for the manifest and for the page.
"""

import base64
import hashlib
from collections.abc import Iterator

CSV_MIME = "text/csv"
# What a reader sees as a figure or table; text, records and sources need no receipt.
_SHOWN_MIMES = ("text/html", "image/")


def collect(notebook) -> list[dict]:
    """Return the receipts of an executed notebook in the order of its page.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Only the cells that the page shows, so that the numbers are those of the page.

    Returns
    -------
    list of dict
        What `rareearths.figures.receipt.receipt` says of each figure and table (``kind``,
        ``title``, ``alt``, ``columns``, ``rows``, ``tables``), with ``n`` (from 1), ``cell`` (id)
        and ``csv_sha256`` (of its data as UTF-8, hexadecimal).

    Raises
    ------
    ValueError
        A receipt without data; the message names the cell.
    """
    return [
        {"n": n, "cell": cell.id}
        | found
        | {"csv_sha256": hashlib.sha256(_csv(cell, output)).hexdigest()}
        for n, (cell, output, found) in enumerate(_with_receipt(notebook), 1)
    ]


def of_page(notebook) -> list[dict]:
    """Return the receipts that a page prints: those of `collect`, each with its data.

    Returns
    -------
    list of dict
        As `collect`, with ``href``: the data as an address that a link can download.
    """
    outputs = [output for _, output, _ in _with_receipt(notebook)]
    return [
        found | {"href": _address(output.data[CSV_MIME])}
        for found, output in zip(collect(notebook), outputs, strict=True)
    ]


def data(notebook) -> Iterator[str]:
    """Yield the data of each receipt as CSV, in the order of `collect`."""
    for cell, output, _ in _with_receipt(notebook):
        yield _csv(cell, output).decode()


def without_receipt(notebook) -> list[str]:
    """Return the ids of the cells that show a table or picture without a receipt."""
    return list(
        dict.fromkeys(
            cell.id
            for cell, output in _outputs(notebook)
            if _receipt(output) is None
            and any(mime.startswith(_SHOWN_MIMES) for mime in output.get("data", {}))
        )
    )


def _outputs(notebook) -> Iterator[tuple]:
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            yield cell, output


def _with_receipt(notebook) -> Iterator[tuple]:
    for cell, output in _outputs(notebook):
        found = _receipt(output)
        if found is not None:
            yield cell, output, found


def _receipt(output) -> dict | None:
    return output.get("metadata", {}).get("rareearths", {}).get("receipt")


def _csv(cell, output) -> bytes:
    if CSV_MIME not in output.data:
        raise ValueError(f"cell {cell.id}: a receipt without its data ({CSV_MIME})")
    return output.data[CSV_MIME].encode()


def _address(csv: str) -> str:
    return f"data:text/csv;charset=utf-8;base64,{base64.b64encode(csv.encode()).decode()}"
