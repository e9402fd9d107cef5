"""Check every table against its schema: what ``rareearths data check`` runs.

The rules are those of the Table Schema in ``datapackage.json`` (types, constraints, primary and
foreign keys), the file's sha256 and row count, and that each table and number is described.
"""

from collections.abc import Iterator
from dataclasses import dataclass

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


def check_table(table: Table) -> list[Problem]:
    """Check one table; returns at most five rows of each broken rule."""
    problems = list(_check_description(table))
    if not table.file.is_file():
        return [*problems, Problem(table.name, None, "file", f"data/{table.path} is missing")]
    problems += _check_hash(table)
    try:
        rows = _read_raw(table)
    except UnicodeDecodeError as error:
        line = table.file.read_bytes()[: error.start].count(b"\n") + 1
        return [*problems, Problem(table.name, line, "encoding", f"not UTF-8: {error.reason}")]
    except (pd.errors.ParserError, OSError) as error:
        return [*problems, Problem(table.name, None, "format", str(error).strip())]
    if len(rows) != table.rows:
        problems.append(
            Problem(table.name, None, "rows", f"{len(rows)} rows, the catalogue says {table.rows}")
        )
    expected = [f["name"] for f in table.fields]
    if list(rows.columns) != expected:
        message = f"columns are {list(rows.columns)}, the schema says {expected}"
        return [*problems, Problem(table.name, None, "columns", message)]
    return problems + list(_check_values(table, rows)) + list(_check_foreign_keys(table, rows))


def _check_description(table: Table) -> Iterator[Problem]:
    for what in ("title", "sources", "licences", "accessed", "primary_key"):
        if not getattr(table, what):
            yield Problem(table.name, None, "description", f"no {what} in datapackage.json")
    for field in table.fields:
        if not field.get("description"):
            yield Problem(table.name, None, "description", f"{field['name']} has no description")
        if field["type"] == "number" and not field.get("unit"):
            yield Problem(table.name, None, "unit", f"{field['name']} has no unit")


def _check_hash(table: Table) -> Iterator[Problem]:
    found = catalogue.file_sha256(table.file)
    if found != table.sha256:
        message = f"expected sha256 {table.sha256}, found {found}"
        yield Problem(table.name, None, "hash", message)


def _read_raw(table: Table) -> pd.DataFrame:
    """Read a CSV file as text, so that each value is judged as it stands; Parquet as typed."""
    if table.is_parquet:
        return pd.read_parquet(table.file)
    return pd.read_csv(table.file, dtype="str", keep_default_na=False, na_values=[""])


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
    # A value that is not of its type fails the type of the whole column too: once is enough.
    failures = failures[~failures["check"].str.startswith("dtype(")]
    repeats = failures["check"] == "multiple_fields_uniqueness"
    failures.loc[repeats, ["column", "failure_case"]] = "row"
    failures = failures.drop_duplicates(["column", "check", "index"])
    for (_, check), cases in failures.groupby(["column", "check"], dropna=False, sort=False):
        rule, words = _rule_in_words(table, str(check))
        for case in cases.head(_ROWS_SHOWN).to_dict("records"):
            row = None if pd.isna(case["index"]) else int(case["index"]) + 2
            value = (
                f": {case['failure_case']!r}" if rule in ("type", "constraint", "unique") else ""
            )
            yield Problem(table.name, row, rule, f"{case['column']} {words}{value}")
        if len(cases) > _ROWS_SHOWN:
            yield Problem(table.name, None, rule, f"{len(cases) - _ROWS_SHOWN} more rows")


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


def _check_foreign_keys(table: Table, rows: pd.DataFrame) -> Iterator[Problem]:
    for key in table.foreign_keys:
        field, target = key["fields"], key["reference"]
        parent = table if not target["resource"] else catalogue.table(target["resource"])
        known = set(_read_raw(parent)[target["fields"]].dropna())
        unknown = rows.index[rows[field].notna() & ~rows[field].isin(known)]
        for index in unknown[:_ROWS_SHOWN]:
            value = rows.at[index, field]
            message = f"{field} {value!r} is not in {target['resource']}"
            yield Problem(table.name, int(index) + 2, "foreign key", message)
