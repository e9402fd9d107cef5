"""Check parameters against a notebook's own parameters cell, before a kernel starts.

A line of that cell is ``name: type = default  # help [allowed]``. What is allowed stands in square
brackets at the end of the help: ``[economy]``, ``[material]``, ``[year]`` (of the trade table),
``[supply year]`` (of the supply tables), ``[event]`` and ``[issuer]`` (of the policy timeline),
``[bloc]``, ``[economy or bloc]``, ``[index]`` (of criticality), ``[date]`` (YYYY, YYYY-MM or
YYYY-MM-DD), ``[day]``, ``[day or today]``, ``[lever]`` (of a package, with its value),
or the values themselves, ``[value | tonnes]``. For a list it holds for each element, for a dict for
each name and value.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from rareearths import policy, supply, trade
from rareearths.brief import window
from rareearths.catalogue import UnknownCode, closest
from rareearths.reports import lean, subject
from rareearths.reports.config import papermill_path
from rareearths.risk import indices
from rareearths.scenarios import packages

with lean.imports():
    from nbformat import ValidationError

# What nbformat raises for a file that is JSON, but no notebook, besides errors of its reading.
_NO_NOTEBOOK = (ValueError, AttributeError, KeyError, TypeError, ValidationError)
_HELP = re.compile(r"^(\w+)[^#\n]*# *([^\[\n]*[^\[\s]) *(?:\[([^\]\n]*)\])?", re.MULTILINE)
_KINDS = {  # of codes, by what is allowed
    "economy": "importers",
    "bloc": "importers",
    "economy or bloc": "importers",
    "material": "materials",
}
# What a page calls parameters whose names alone say too little, by what is allowed.
_LABELS = {
    ("target", "economy"): "target economy",
    ("target", ""): "target share",
    ("days", ""): "length in days",
    ("as_of", "day or today"): "last day",
    ("site", ""): "reports from",
}
_IN_PLACE_OF = {"bloc": "members"}  # a parameter, and the one that takes its place if given
_TYPES = {"str": str, "int": int, "float": float, "bool": bool, "list": list, "dict": dict}


class ParameterError(Exception):
    """Parameters that a notebook cannot take; the message names each and what is allowed."""


@dataclass(frozen=True)
class Parameter:
    """One line of a parameters cell."""

    name: str
    type: str
    default: object
    help: str
    allowed: str


def declared(notebook: Path) -> list[Parameter]:
    """Return the parameters that a notebook declares.

    Raises
    ------
    ParameterError
        The notebook has no cell tagged ``parameters``, or a line that cannot be read.
    """
    with lean.imports():
        from papermill import inspect_notebook

    try:
        inspected = inspect_notebook(papermill_path(notebook))
    except _NO_NOTEBOOK as error:
        raise ParameterError(f"{notebook} cannot be read as a notebook: {error}") from error
    found = [_parameter(notebook, p) for p in inspected.values()]
    if not found:
        raise ParameterError(f"{notebook}: no cell tagged 'parameters' with 'name: type = default'")
    return found


def check(notebook: Path, given: dict, where: str = "parameters") -> dict:
    """Return all parameters of a run: the defaults, with the given ones in their place.

    Parameters
    ----------
    notebook : pathlib.Path
    given : dict
        Parameters that differ from the defaults.
    where : str
        What the error message names, such as the report's id.

    Raises
    ------
    ParameterError
        Unknown names, wrong types, values not allowed, reversed years; all at once.
    """
    known = {p.name: p for p in declared(notebook)}
    wrong = [
        f"there is no parameter {name!r}; {closest(name, known)}"
        for name in given
        if name not in known
    ]
    values = {p.name: given.get(p.name, p.default) for p in known.values()}
    wrong += [m for p in known.values() if (m := _fault(p, values[p.name]))]
    if not wrong:
        wrong = _faults_between(values)
    if wrong:
        raise ParameterError("\n".join(f"{where} ({notebook.name}): {m}" for m in wrong))
    return values


def helps(notebook) -> dict[str, str]:
    """Return what an executed notebook says of its parameters, without what is allowed.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    """
    return {name: text for name, text, _ in _documented(notebook)}


def labels(notebook) -> dict[str, str]:
    """Return what a page calls the parameters of an executed notebook, in words.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    """
    found = _documented(notebook)
    return {n: _LABELS.get((n, allowed), n.replace("_", " ")) for n, _, allowed in found}


def texts(notebook, values: dict) -> dict[str, str]:
    """Return the values of an executed notebook as text, codes with their names: Japan (JPN).

    An empty text, list or dict is "none"; a value whose place another one takes is "not used".

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    values : dict
        Value of each parameter.
    """
    allowed = {name: domain for name, _, domain in _documented(notebook)}
    shown = {name: _in_words(value, allowed.get(name, "")) for name, value in values.items()}
    replaced = [name for name, other in _IN_PLACE_OF.items() if values.get(other)]
    return shown | {name: "not used" for name in replaced if name in shown}


def _in_words(value, allowed: str) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items()) or "none"
    items = value if isinstance(value, list) else [value]
    both = zip(_named(items, allowed), items, strict=True)
    shown = (str(item) if name == item else f"{name} ({item})" for name, item in both)
    return ", ".join(shown) or "none"


def _named(items: list, allowed: str) -> list:
    """The names of codes; what is no code stays."""
    if allowed == "issuer":
        return [policy.name_of(code) for code in items]
    if allowed == "index":
        return [indices.INDICES[code].label for code in items]
    kind = _KINDS.get(allowed)
    names = subject.named(kind, items) if kind else {}
    return [names.get(item, item) for item in items]


def _documented(notebook) -> list[tuple[str, str, str]]:
    """Return name, help and what is allowed of each parameter of an executed notebook."""
    tagged = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", ())]
    return [found for cell in tagged for found in _HELP.findall(cell.source)]


def _parameter(notebook: Path, found: dict) -> Parameter:
    help_text, allowed = re.fullmatch(r"(.*?)\s*(?:\[([^\]]+)\])?", found["help"]).groups()
    try:
        default = ast.literal_eval(found["default"])
    except (ValueError, SyntaxError) as error:
        message = f"default of {found['name']} is not a plain value: {found['default']}"
        raise ParameterError(f"{notebook}: {message}") from error
    type_name = found["inferred_type_name"]
    if type_name not in _TYPES:
        allowed_types = ", ".join(_TYPES)
        raise ParameterError(f"{notebook}: type of {found['name']} must be one of {allowed_types}")
    return Parameter(found["name"], type_name, default, help_text, allowed or "")


def _fault(parameter: Parameter, value) -> str | None:
    wanted = _TYPES[parameter.type]
    is_number_as_bool = isinstance(value, bool) and wanted is not bool
    if not isinstance(value, wanted) or is_number_as_bool:
        given = type(value).__name__
        return f"{parameter.name} must be {parameter.type}, {value!r} is {given}"
    try:
        for item in _items(value):
            _check_allowed(parameter.allowed, item)
    except (UnknownCode, ValueError) as error:
        return f"{parameter.name}: {error}"
    return None


def _items(value) -> list:
    if isinstance(value, dict):
        return list(value.items())
    return value if isinstance(value, list) else [value]


_DOMAINS = {
    "economy": trade.check_economy,
    "material": trade.check_material,
    "year": trade.check_years,
    "supply year": supply.check_years,
    "index": indices.check_index,
    "issuer": policy.check_issuer,
    "bloc": policy.check_bloc,
    "economy or bloc": policy.check_party,
    "event": policy.load_event,
    "lever": packages.check_lever,
    "date": policy.first_day,
    "day": policy.check_day,
    "day or today": window.check_day,
}


def _check_allowed(allowed: str, value) -> None:
    if allowed in _DOMAINS:
        _DOMAINS[allowed](value)
    elif "|" in allowed:
        choices = [c.strip() for c in allowed.split("|")]
        if str(value) not in choices:
            raise ValueError(f"{value!r} is not one of {', '.join(choices)}")


def _faults_between(values: dict) -> list[str]:
    faults = []
    if "start_year" in values and values["start_year"] > values.get("end_year", 9999):
        first, last = values["start_year"], values["end_year"]
        faults.append(f"start_year {first} comes after end_year {last}")
    if {"start", "end"} <= set(values) and policy.first_day(values["start"]) > policy.last_day(
        values["end"]
    ):
        faults.append(f"start {values['start']} comes after end {values['end']}")
    if "importer" in values and values["importer"] == values.get("exporter"):
        faults.append(f"importer and exporter are the same economy, {values['importer']}")
    if "first" in values and values["first"] == values.get("second"):
        faults.append(f"first and second are the same economy, {values['first']}")
    elif "first" in values and values.get("exporter") in (values["first"], values.get("second")):
        faults.append(f"exporter {values['exporter']} is one of the two economies compared")
    return faults
