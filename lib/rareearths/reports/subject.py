"""What a report is about: its question, importers, suppliers and materials, by their names.

It reads the small reference tables without pandas, since the command itself does so too.
"""

import csv
import io
from contextlib import suppress

from rareearths import catalogue, words

# Of each kind the first parameters that are set count: members stand in place of a bloc.
IMPORTERS = (("importer",), ("target",), ("first", "second"), ("members",), ("bloc",))
MATERIALS = (("material",), ("materials",))
SUPPLIERS = (("exporter",),)
_TABLES = {"importers": ("economies", "blocs"), "materials": ("materials",)}
_NAMES = {
    "economies": ("economy", "name_en"),
    "blocs": ("bloc", "name"),
    "materials": ("material", "name_en"),
}


def subject(notebook, parameters: dict) -> dict:
    """Return what the record of a report says of its subject.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    parameters : dict
        All of the run, defaults too.

    Returns
    -------
    dict
        ``question`` (first heading of the notebook; empty without one), ``importers``,
        ``materials`` and ``suppliers`` (name by code; the code where the data have no name for it;
        that of a supplier as it stands in a sentence).
    """
    return {
        "question": _question(notebook),
        "importers": named("importers", codes(parameters, IMPORTERS)),
        "materials": named("materials", codes(parameters, MATERIALS)),
        "suppliers": _in_sentence(codes(parameters, SUPPLIERS)),
    }


def codes(parameters: dict, kinds: tuple) -> list[str]:
    """Return the codes that parameters hold, each once.

    Examples
    --------
    >>> codes({"members": [], "bloc": "G7", "exporter": "CHN"}, IMPORTERS)
    ['G7']
    >>> codes({"first": "JPN", "second": "USA"}, IMPORTERS)
    ['JPN', 'USA']
    """
    for names in kinds:
        found = [code for name in names for code in _as_list(parameters.get(name))]
        if found:
            return list(dict.fromkeys(found))
    return []


def named(kind: str, found: list[str]) -> dict[str, str]:
    """Return the names of ``importers`` or ``materials`` by code, as the data have them now.

    A code without a name is its own.
    """
    names = {code: name for table in _TABLES[kind] for code, name in _names(table).items()}
    return {code: names.get(code) or code for code in found}


def _in_sentence(found: list[str]) -> dict[str, str]:
    """Return the names of economies by code, with their article: the Netherlands."""
    articles = _column("economies", "with_article")
    the = {code: "the " for code in found if articles.get(code) == "true"}
    return {code: the.get(code, "") + name for code, name in named("importers", found).items()}


def _as_list(value) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(v) for v in values if v not in (None, "")]


def _question(notebook) -> str:
    texts = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    lines = (line for text in texts for line in text.splitlines())
    return next((words.unescape(line[2:].strip()) for line in lines if line.startswith("# ")), "")


def _names(table: str) -> dict[str, str]:
    """Return the name by code of a reference table."""
    return _column(table, _NAMES[table][1])


def _column(table: str, name: str) -> dict[str, str]:
    """Return a column by code of a reference table; none when the data have no such table."""
    code = _NAMES[table][0]
    with suppress(OSError, KeyError, ValueError):
        text = catalogue.tables()[table].file.read_text(encoding="utf-8")
        return {row[code]: row[name] for row in csv.DictReader(io.StringIO(text))}
    return {}
