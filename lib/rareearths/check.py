"""Check every table against its schema: what ``rareearths data check`` runs.

The rules are those of the Table Schema in ``datapackage.json`` (types, constraints, primary and
foreign keys), the file's sha256 and row count, and that each table and number is described, with
how often its source has something new; where
``datapackage.json`` asks for it, the order of dates and that another table refers to each row.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
import pandera.pandas as pa

from rareearths import catalogue
from rareearths.catalogue import Table

_TYPES = {"string": str, "boolean": str, "integer": "Int64", "number": "float64"}
_ROWS_SHOWN = 5


@dataclass(frozen=True)
class Problem:
    """One broken rule; ``row`` counts from 1, the header, and is None for the whole table."""

    table: str
    row: int | None
    rule: str
    message: str

    def __str__(self) -> str:
        place = self.table if self.row is None else f"{self.table}, row {self.row}"
        return f"{place}: {self.rule}: {self.message}"


def check_all() -> list[Problem]:
    """Check all tables; an empty list means that everything holds."""
    return [problem for table in catalogue.tables().values() for problem in check_table(table)]


def check_table(table: Table, others: Mapping[str, Table] | None = None) -> list[Problem]:
    """Check one table; returns at most five rows of each broken rule.

    Parameters
    ----------
    table : rareearths.catalogue.Table
    others : mapping of str to Table, optional
        Tables by name that stand for those of the catalogue where this one refers to another.
    """
    problems = list(_check_description(table))
    if not table.file.is_file():
        return [*problems, Problem(table.name, None, "file", f"data/{table.path} is missing")]
    problems += _check_hash(table)
    try:
        rows = _read_raw(table)
    except _Unreadable as unreadable:
        return [*problems, unreadable.problem]
    if len(rows) != table.rows:
        problems.append(
            Problem(table.name, None, "rows", f"{len(rows)} rows, the catalogue says {table.rows}")
        )
    expected = [f["name"] for f in table.fields]
    if list(rows.columns) != expected:
        message = f"columns are {list(rows.columns)}, the schema says {expected}"
        return [*problems, Problem(table.name, None, "columns", message)]
    for rule in (_check_values, _check_date_order):
        problems += rule(table, rows)
    for keys, name in ((table.foreign_keys, "foreign key"), (table.referred_by, "referred by")):
        problems += _check_membership(table, rows, keys, name, others or {})
    return problems


def _check_description(table: Table) -> Iterator[Problem]:
    for what in ("title", "sources", "licences", "accessed", "primary_key"):
        if not getattr(table, what):
            yield Problem(table.name, None, "description", f"no {what} in datapackage.json")
    if table.updated not in catalogue.UPDATED:
        wanted = ", ".join(catalogue.UPDATED)
        message = f"updated is {table.updated!r}, not one of {wanted}"
        yield Problem(table.name, None, "description", message)
    for field in table.fields:
        if not field.get("description"):
            yield Problem(table.name, None, "description", f"{field['name']} has no description")
        if field["type"] in ("number", "integer") and not field.get("unit"):
            yield Problem(table.name, None, "unit", f"{field['name']} has no unit")


def _check_hash(table: Table) -> Iterator[Problem]:
    found = catalogue.file_sha256(table.file)
    if found != table.sha256:
        message = f"expected sha256 {table.sha256}, found {found}"
        yield Problem(table.name, None, "hash", message)


class _Unreadable(Exception):
    def __init__(self, table: Table, row: int | None, rule: str, message: str):
        self.problem = Problem(table.name, row, rule, message)
        super().__init__(str(self.problem))


def _read_raw(table: Table) -> pd.DataFrame:
    """Read a table indexed by the row in its file; CSV as text, so that each value is judged."""
    if table.is_parquet:
        try:
            rows = pd.read_parquet(table.file)
        except (OSError, ValueError) as error:
            raise _Unreadable(table, None, "format", str(error).strip()) from error
        return rows.set_axis(range(2, len(rows) + 2))
    reader = csv.reader(io.StringIO(_text(table), newline=""), strict=True)
    try:
        lines = list(reader)
    except csv.Error as error:
        raise _Unreadable(table, reader.line_num, "format", str(error)) from error
    if not lines:
        raise _Unreadable(table, None, "format", "the file is empty")
    header = lines[0]
    for row, line in enumerate(lines, 1):
        if line and len(line) != len(header):
            message = f"{len(line)} fields, the header has {len(header)}"
            raise _Unreadable(table, row, "format", message)
    numbered = {row: line for row, line in enumerate(lines[1:], 2) if line}
    rows = pd.DataFrame.from_dict(numbered, orient="index", columns=header, dtype="str")
    return rows.replace("", pd.NA)


def _text(table: Table) -> str:
    content = table.file.read_bytes()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise _Unreadable(table, row, "encoding", f"not UTF-8: {error.reason}") from error


def _check_values(table: Table, rows: pd.DataFrame) -> Iterator[Problem]:
    schema = pa.DataFrameSchema(
        {f["name"]: _column(f, coerce=not table.is_parquet) for f in table.fields},
        unique=list(table.primary_key) or None,
        report_duplicates="exclude_first",
    )
    try:
        schema.validate(rows, lazy=True)
    except pa.errors.SchemaErrors as errors:
        yield from _as_problems(table, errors.failure_cases)


def _column(field: dict, coerce: bool) -> pa.Column:
    constraints = dict(field.get("constraints", {}))
    required = constraints.pop("required", False)
    unique = constraints.pop("unique", False)
    if field["type"] == "boolean":
        constraints["enum"] = ["true", "false"]
    checks = [_constraint(rule, value) for rule, value in constraints.items()]
    if field["type"] == "number":
        checks.append(pa.Check(np.isfinite, name="finite"))
    dtype = _TYPES[field["type"]] if coerce or field["type"] == "string" else None
    return pa.Column(dtype, checks, nullable=not required, unique=unique, coerce=coerce)


def _constraint(rule: str, value) -> pa.Check:
    makers = {
        "minimum": lambda: pa.Check.ge(value),
        "maximum": lambda: pa.Check.le(value),
        "enum": lambda: pa.Check.isin(value),
        "pattern": lambda: pa.Check.str_matches(rf"^(?:{value})$"),
    }
    if rule not in makers:
        raise catalogue.DataError(f"datapackage.json: constraint {rule!r} is not one we check")
    return makers[rule]()


def _as_problems(table: Table, failures: pd.DataFrame) -> Iterator[Problem]:
    """Turn pandera's failure cases into problems, at most five rows of each rule and column."""
    failures = _once_each(failures)
    for (_, check), cases in failures.groupby(["column", "check"], dropna=False, sort=False):
        rule, words = _rule_in_words(table, str(check))
        for case in cases.head(_ROWS_SHOWN).to_dict("records"):
            row = None if pd.isna(case["index"]) else int(case["index"])
            shows_value = rule in ("type", "constraint", "unique")
            value = f": {case['failure_case']!r}" if shows_value else ""
            yield Problem(table.name, row, rule, f"{case['column']} {words}{value}")
        if len(cases) > _ROWS_SHOWN:
            yield Problem(table.name, None, rule, f"{len(cases) - _ROWS_SHOWN} more rows")


def _once_each(failures: pd.DataFrame) -> pd.DataFrame:
    """Leave out what pandera says twice.

    A value that is not of its type fails the type of the whole column and its constraints too; a
    repeated key fails once for each column of the key.
    """
    checks = failures["check"]
    mistyped = checks.str.startswith("coerce_dtype")
    repeats_type = checks.str.startswith("dtype(")
    repeats_column = failures["column"].isin(failures.loc[mistyped, "column"]) & ~mistyped
    once = failures[~repeats_type & ~repeats_column].copy()
    once.loc[once["check"] == "multiple_fields_uniqueness", "column"] = "row"
    return once.drop_duplicates(["column", "check", "index"])


def _rule_in_words(table: Table, check: str) -> tuple[str, str]:
    if check.startswith("coerce_dtype"):
        return "type", "has a value that is not of its type"
    if check == "not_nullable":
        return "required", "is missing"
    if check == "multiple_fields_uniqueness":
        return "primary key", f"repeats a key of {', '.join(table.primary_key)}"
    if check == "field_uniqueness":
        return "unique", "repeats a value"
    return "constraint", f"breaks {check}"


def _check_membership(
    table: Table, rows: pd.DataFrame, keys, rule: str, others: Mapping[str, Table]
) -> Iterator[Problem]:
    """Every value of a field must occur in a field of another table."""
    for key in keys:
        field, target = key["fields"], key["reference"]
        try:
            other = others.get(target["resource"]) or catalogue.table(target["resource"])
            known = set(_read_raw(other)[target["fields"]].dropna())
        except (_Unreadable, FileNotFoundError, KeyError):
            continue  # the other table's own check says what is wrong with it
        unknown = rows.index[rows[field].notna() & ~rows[field].isin(known)]
        for index in unknown[:_ROWS_SHOWN]:
            value = rows.at[index, field]
            message = f"{field} {value!r} is not in {target['resource']}"
            yield Problem(table.name, int(index), rule, message)


def _check_date_order(table: Table, rows: pd.DataFrame) -> Iterator[Problem]:
    """Dates must not go backwards, as far as their precision tells (2010-07 is not before 2010)."""
    excepted = rows[table.primary_key[0]].isin(table.date_order.get("except", ()))
    for earlier, later in combinations(table.date_order.get("fields", ()), 2):
        for index, row in rows.loc[~excepted, [earlier, later]].dropna().iterrows():
            first, second = row[earlier], row[later]
            known = min(len(first), len(second))
            if first[:known] > second[:known]:
                message = f"{earlier} {first} is after {later} {second}"
                yield Problem(table.name, int(index), "date order", message)
