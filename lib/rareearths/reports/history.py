"""Tables that published reports read, kept by content, so that a report can be re-run on them.

The kept files are state, not output: they lie in a folder of their own (``.rareearths/`` beside
``reports.yml``), never in the site, because some publishers forbid to publish their rows again.
"""

import csv
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PERIOD_FIELDS = ("year", "month", "period_end", "end_year", "date")


@dataclass(frozen=True)
class Version:
    """One version of a table: its file and its entry of ``datapackage.json``.

    Attributes
    ----------
    file : pathlib.Path
    resource : dict
        ``path``, ``hash``, ``rows`` and the rest, as in ``datapackage.json``.
    """

    file: Path
    resource: dict


@dataclass(frozen=True)
class History:
    """The folder of kept tables: ``tables/<sha256>.<ext>`` and what is known of it, ``.json``."""

    folder: Path

    def keep(self, names: Iterable[str]) -> dict[str, str]:
        """Keep the present version of tables; one that is kept already is not written again.

        Parameters
        ----------
        names : iterable of str
            Names of the catalogue.

        Returns
        -------
        dict of str to str
            The sha256 by name.

        Raises
        ------
        rareearths.catalogue.DataError
            A table is unknown, missing or damaged; a damaged file is never kept.
        """
        from rareearths import catalogue

        resources = _resources(catalogue.folder())
        kept = {}
        for name in names:
            found = catalogue.table(name)
            catalogue.verify(found)
            kept[name] = found.sha256
            if self.find(found.sha256) is None:
                self._write(found.sha256, found.file, resources[name])
        return kept

    def find(self, sha256: str) -> Version | None:
        """Return a kept version; None when it is missing or no longer what its hash says."""
        from rareearths import catalogue

        about = self._about(sha256)
        if about is None:
            return None
        file = self._file(sha256, about["resource"])
        if not file.is_file() or catalogue.file_sha256(file) != sha256:
            return None
        return Version(file, about["resource"])

    def last_period(self, sha256: str) -> str | None:
        """Return the last period that a version covers; it outlives the file itself.

        Returns
        -------
        str or None
            As `last_period`; ``""`` for a table without periods; None when nothing is known.
        """
        about = self._about(sha256)
        return None if about is None else about["last_period"]

    def prune(self, hashes: Iterable[str]) -> list[str]:
        """Delete every kept version but these; returns the sha256 of those deleted."""
        wanted = set(hashes)
        gone = set()
        for path in sorted((self.folder / "tables").glob("[0-9a-f]*.*")):
            if path.stem not in wanted:
                path.unlink(missing_ok=True)
                gone.add(path.stem)
        return sorted(gone)

    def _write(self, sha256: str, file: Path, resource: dict) -> None:
        """Write the file first: an entry without its file is a version without its rows."""
        about = {"resource": resource, "last_period": last_period(Version(file, resource))}
        text = json.dumps(about, ensure_ascii=False, indent=2)
        _place(self._file(sha256, resource), lambda new: shutil.copyfile(file, new))
        _place(
            self.folder / "tables" / f"{sha256}.json",
            lambda new: new.write_text(text, encoding="utf-8"),
        )

    def _about(self, sha256: str) -> dict | None:
        try:
            text = (self.folder / "tables" / f"{sha256}.json").read_text(encoding="utf-8")
            about = json.loads(text)
            whole = {"resource": about["resource"], "last_period": about["last_period"]}
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return whole

    def _file(self, sha256: str, resource: dict) -> Path:
        return self.folder / "tables" / f"{sha256}{Path(resource['path']).suffix}"


def current(name: str) -> Version | None:
    """Return the present version of a table, None when the catalogue has none of this name."""
    from rareearths import catalogue

    resource = _resources(catalogue.folder()).get(name)
    return resource and Version(catalogue.folder() / resource["path"], resource)


def period_field(resource: dict) -> str | None:
    """Return the field that says to which period a row belongs.

    It is the first of `PERIOD_FIELDS` that the schema has: a year, a month, the end of a longer
    period, or the day of an event. Editions, target years of projects and dates of access are no
    periods. A table without such a field has no new periods: all of its change is revision.
    """
    names = {field["name"] for field in resource["schema"]["fields"]}
    return next((name for name in PERIOD_FIELDS if name in names), None)


def last_period(version: Version) -> str:
    """Return the last period of a table, as text; ``""`` when it has no period field.

    Periods after the day on which the table was read are projections, not observations, and do
    not count.
    """
    field = period_field(version.resource)
    if field is None:
        return ""
    seen = (p for p in _periods(version, field) if p and p <= _day_read(version.resource))
    return max(seen, default="0")


def old_periods(new: Version, last: str, folder: Path) -> Version | None:
    """Cut a table to the rows that are not later than a period: new values of old periods.

    Parameters
    ----------
    new : Version
    last : str
        The last period of the older version, see `last_period`. Projections stay.
    folder : pathlib.Path
        Where the cut file is written.

    Returns
    -------
    Version or None
        None when no row is later.
    """
    field = period_field(new.resource) if last else None
    if field is None:
        return None
    until = _day_read(new.resource)
    stays = [not p or p <= last or p > until for p in _periods(new, field)]
    if all(stays):
        return None
    file = folder / f"{new.resource['name']}{new.file.suffix}"
    _write_rows(new.file, stays, file)
    return Version(file, _sealed(new.resource, file, sum(stays)))


def same_rows(one: Version, other: Version) -> bool:
    """Tell whether two versions hold the same rows in the same order."""
    if one.file.suffix != other.file.suffix:
        return False
    if one.file.suffix == ".parquet":
        from pyarrow import parquet

        return parquet.read_table(one.file).equals(parquet.read_table(other.file))
    return _read_csv(one.file) == _read_csv(other.file)


@contextmanager
def with_tables(versions: Mapping[str, Version]) -> Iterator[Path]:
    """Make a data folder in which some tables have another version, for ``RAREEARTHS_DATA``.

    Parameters
    ----------
    versions : mapping of str to Version
        By table; one that the catalogue no longer has is added.

    Yields
    ------
    pathlib.Path
        A temporary folder with ``datapackage.json``; the other tables are hard links where the
        file system can, else copies.
    """
    from rareearths import catalogue

    source = catalogue.folder()
    package = json.loads((source / "datapackage.json").read_text(encoding="utf-8"))
    tables = {r["name"]: Version(source / r["path"], r) for r in package["resources"]}
    tables |= versions
    package["resources"] = [version.resource for version in tables.values()]
    with tempfile.TemporaryDirectory(prefix="data-") as scratch:
        for version in tables.values():
            _link(version.file, Path(scratch) / version.resource["path"])
        text = json.dumps(package, ensure_ascii=False, indent=2)
        (Path(scratch) / "datapackage.json").write_text(text, encoding="utf-8")
        yield Path(scratch)


def _resources(folder: Path) -> dict[str, dict]:
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    return {resource["name"]: resource for resource in package["resources"]}


def _day_read(resource: dict) -> str:
    return resource.get("accessed") or "9999"


def _periods(version: Version, field: str) -> list[str]:
    """The period of each row as text; ``""`` where it is missing."""
    if version.file.suffix == ".parquet":
        from pyarrow import parquet

        column = parquet.read_table(version.file, columns=[field])[field].cast("string")
        return [period for chunk in column.chunks for period in _texts(chunk)]
    header, *rows = _read_csv(version.file)
    place = header.index(field)
    return [row[place] for row in rows]


def _texts(chunk) -> list[str]:
    """Texts of a column with few different ones: one object for each, not one for each row."""
    encoded = chunk.dictionary_encode()
    known = encoded.dictionary.to_pylist()
    return ["" if place is None else known[place] for place in encoded.indices.to_pylist()]


def _write_rows(file: Path, stays: list[bool], to: Path) -> None:
    if file.suffix == ".parquet":
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(parquet.read_table(file).filter(pa.array(stays)), to)
        return
    header, *rows = _read_csv(file)
    with to.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerows([header, *(row for row, stay in zip(rows, stays, strict=True) if stay)])


def _read_csv(file: Path) -> list[list[str]]:
    """Read the cells as text, so that what is written again has the same digits."""
    with file.open(encoding="utf-8", newline="") as text:
        return [row for row in csv.reader(text) if row]


def _sealed(resource: dict, file: Path, rows: int) -> dict:
    from rareearths import catalogue

    found = {"hash": f"sha256:{catalogue.file_sha256(file)}", "bytes": file.stat().st_size}
    return resource | found | {"rows": rows}


def _link(file: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, to)
    except OSError:
        shutil.copyfile(file, to)


def _place(to: Path, make: Callable[[Path], object]) -> None:
    """Make a file so that it is either whole or not there, also when two do it at once."""
    to.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".new-", dir=to.parent)
    os.close(handle)
    try:
        make(Path(name))
        os.replace(name, to)
    finally:
        Path(name).unlink(missing_ok=True)
