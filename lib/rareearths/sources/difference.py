"""What differs between two vintages of a table: rows of new periods, revised data, rows gone."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from rareearths import catalogue
from rareearths.reports.change_text import PART_NAMES
from rareearths.reports.history import Version, last_period, period_field

SHOWN = 20  # revised values that `lines` lists


@dataclass(frozen=True)
class Difference:
    """The difference of two vintages of one table.

    Attributes
    ----------
    table : str
    until : str
        Last period of the older vintage; ``""`` when the table has no periods.
    periods : tuple of str
        The new periods.
    new : pandas.DataFrame
        Rows of new periods.
    added, gone : pandas.DataFrame
        Rows of old periods that only the newer, only the older vintage has.
    revised : pandas.DataFrame
        One row for each value of an old period that differs: the key, ``column``, ``old``, ``new``.
    """

    table: str
    until: str
    periods: tuple[str, ...]
    new: pd.DataFrame
    added: pd.DataFrame
    revised: pd.DataFrame
    gone: pd.DataFrame

    def __bool__(self) -> bool:
        return any(len(part) for part in (self.new, self.added, self.revised, self.gone))

    def __str__(self) -> str:
        if not self:
            return f"{self.table}: no difference"
        said = []
        if len(self.new):
            said.append(f"{PART_NAMES['real']}: {_count(self.new)} of {', '.join(self.periods)}")
        keys = list(self.revised.columns[:-3])
        parts = {
            "revised": self.revised[keys].drop_duplicates(),
            "added": self.added,
            "gone": self.gone,
        }
        counts = ", ".join(f"{_count(rows)} {what}" for what, rows in parts.items() if len(rows))
        if counts:
            until = f" to {self.until}" if self.until else ""
            said.append(f"{PART_NAMES['revision']}{until}: {counts}")
        return f"{self.table}: {'; '.join(said)}"

    def lines(self, most: int = SHOWN) -> list[str]:
        """Return the summary and, one a line, the revised values and the rows added and gone."""
        keys = list(self.revised.columns[:-3])
        listed = [
            f"  {_name(row, keys)}: {row['column']} {row['old']} -> {row['new']}"
            for row in self.revised.to_dict("records")
        ]
        for what, rows in (("added", self.added), ("gone", self.gone)):
            listed += [f"  {_name(row, keys)}: {what}" for row in rows.to_dict("records")]
        rest = [f"  ... and {len(listed) - most:,} more"] if len(listed) > most else []
        return [str(self), *listed[:most], *rest]


def compare_rows(
    name: str,
    old: pd.DataFrame,
    new: pd.DataFrame,
    key: list[str],
    period: str | None,
    until: str,
) -> Difference:
    """Compare two vintages by their primary key.

    Parameters
    ----------
    name : str
        Of the table.
    old, new : pandas.DataFrame
        With the same columns; a value that is missing in both is the same.
    key : list of str
    period : str or None
        Field that says to which period a row belongs.
    until : str
        Last period of the older vintage, as text.

    Raises
    ------
    rareearths.catalogue.DataError
        The columns differ, or a key occurs twice.
    """
    if set(old.columns) != set(new.columns):
        names = ", ".join(sorted(set(old.columns) ^ set(new.columns)))
        raise catalogue.DataError(f"{name}: the two have different columns ({names})")
    for rows in (old, new):
        if rows.duplicated(key).any():
            raise catalogue.DataError(f"{name}: a key of {', '.join(key)} occurs twice")
    before, after = old.set_index(key), new.set_index(key)[old.columns.drop(key)]
    is_new = pd.Series(False, new.index)
    if period:  # a row that was there before is not new: it may be a projection
        known = after.index.isin(before.index)
        is_new = (new[period].astype("str") > until).fillna(False) & ~known
    later, after = new[is_new], after[~is_new.to_numpy(dtype="bool")]
    periods = tuple(sorted(later[period].astype("str").unique())) if period else ()
    return Difference(
        table=name,
        until=until,
        periods=periods,
        new=later.reset_index(drop=True),
        added=after[~after.index.isin(before.index)].reset_index(),
        revised=_revised(before, after),
        gone=before[~before.index.isin(after.index)].reset_index(),
    )


def compare(old: Path, new: Path) -> list[Difference]:
    """Compare two table files, or the tables that two data folders have in common.

    Raises
    ------
    rareearths.catalogue.DataError
        A path is missing, one is a file and the other a folder, or nothing describes the file.
    """
    for path in (old, new):
        if not path.exists():
            raise catalogue.DataError(f"{path} is missing")
    if old.is_dir() != new.is_dir():
        raise catalogue.DataError("two files or two folders are compared, not one of each")
    if not old.is_dir():
        return [_compare_versions(_version_of(old), _version_of(new))]
    before, after = _versions_in(old), _versions_in(new)
    common = [name for name in before if name in after]
    if not common:
        raise catalogue.DataError(f"{old} and {new} have no table in common")
    return [_compare_versions(before[name], after[name]) for name in common]


def _compare_versions(old: Version, new: Version) -> Difference:
    name = new.resource["name"]
    key = new.resource["schema"]["primaryKey"]
    until, period = last_period(old), period_field(new.resource)
    same = catalogue.file_sha256(old.file) == catalogue.file_sha256(new.file)
    before = _read(old).head(0) if same else _read(old)  # large tables take seconds to compare
    after = before if same else _read(new)
    return compare_rows(name, before, after, key, period if until else None, until)


def _read(version: Version) -> pd.DataFrame:
    """Read the columns of the schema, typed."""
    try:
        return catalogue.read(catalogue.described(version.resource), version.file)
    except (ValueError, KeyError) as error:
        raise catalogue.DataError(f"{version.file} cannot be read: {error}") from error


def _version_of(file: Path) -> Version:
    """Find the entry of a file: beside it, in a folder above it, or by its name."""
    for folder in file.resolve().parents:
        for version in _versions_in(folder, missing_ok=True).values():
            if version.file.resolve() == file.resolve():
                return version
    named = [v for v in _versions_in(catalogue.folder()).values() if v.file.name == file.name]
    if len(named) != 1:
        raise catalogue.DataError(f"{file}: no entry of datapackage.json describes {file.name}")
    return Version(file, named[0].resource)


def _versions_in(folder: Path, missing_ok: bool = False) -> dict[str, Version]:
    descriptor = folder / "datapackage.json"
    if not descriptor.is_file():
        if missing_ok:
            return {}
        raise catalogue.DataError(f"{descriptor} is missing: not a data folder")
    try:
        resources = json.loads(descriptor.read_text(encoding="utf-8"))["resources"]
    except (ValueError, KeyError) as error:
        raise catalogue.DataError(f"{descriptor} is not a descriptor: {error}") from error
    versions = {r["name"]: Version(folder / r["path"], r) for r in resources}
    return {name: version for name, version in versions.items() if version.file.is_file()}


def _revised(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    common = before.index[before.index.isin(after.index)]
    one, other = before.loc[common], after.loc[common]
    parts = []
    for column in before.columns:
        same = (one[column] == other[column]).fillna(False).astype("bool")
        differs = ~(same | (one[column].isna() & other[column].isna()))
        values = {"column": column, "old": one[column][differs], "new": other[column][differs]}
        parts.append(pd.DataFrame(values, index=common[differs]).astype("object"))
    names = [*before.index.names, "column", "old", "new"]
    rows = pd.concat(parts).rename_axis(before.index.names).reset_index()
    return rows[names].sort_values(names[:-2], ignore_index=True)


def _count(rows: pd.DataFrame) -> str:
    return f"{len(rows):,} row{'s' if len(rows) != 1 else ''}"


def _name(row: dict, keys: list[str]) -> str:
    return " ".join(str(row[key]) for key in keys)
