"""BACI's yearly archives into the store: each read once, year by year, in bounded memory.

A member is read in pieces and written as it comes; DuckDB then sorts the year by importer, with a
limit of memory and a folder to spill to, so that a question about one importer reads little of it.
Years that the store holds whole, made from the same archive, are not read again.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from rareearths import catalogue
from rareearths.scale.store import FILE, MEMORY, SCHEMA, Partition, Store, StoreError
from rareearths.sources import archive, baci_flows
from rareearths.sources.fetch import Unusable

MEMBER = re.compile(r"BACI_(HS\d\d)_Y(\d{4})_(V\d{6}[a-z]?)\.csv")
ROW_GROUP = 122_880  # rows; DuckDB's own, of which it skips those without the importer asked for


def import_baci(
    archives: Iterable[Path], store: Store, note: Callable[[str], None] = print
) -> list[Partition]:
    """Import archives of BACI, whole, into a store.

    Parameters
    ----------
    archives : iterable of pathlib.Path
        Of any revision and release, each under the name of its own.
    store : Store
    note : callable
        Gets each line of progress.

    Returns
    -------
    list of Partition
        Those that were written.

    Raises
    ------
    StoreError
        An archive is no archive of BACI, is damaged, or the store cannot be written. The years
        before the fault are in the store, and the next run goes on after them.
    """
    economies, written = catalogue.load("economies"), []
    with store.writing() as work:
        for path in map(Path, archives):
            try:
                written += _import(path, store, economies, work, note)
            except Unusable as error:
                raise StoreError(f"{path}: {error}") from None
            except OSError as error:
                where = error.filename or path
                raise StoreError(f"{where}: {error.strerror or error}") from None
    return written


def _import(path: Path, store: Store, economies, work: Path, note) -> list[Partition]:
    sha256, written = catalogue.file_sha256(path), []
    with archive.opened(path, path.name) as opened:
        members = _members(opened)
        _, release = _kind(members)
        codes_name = f"country_codes_{release}.csv"
        opened.require([codes_name, *members.values()])
        codes = baci_flows.country_codes(opened.text(codes_name), f"{path.name}, {codes_name}")
        for number, (partition, member) in enumerate(members.items(), 1):
            place = f"[{number}/{len(members)}] {partition.revision} {release} {partition.year}"
            if store.has(partition, sha256):
                note(f"{place}: already there")
                continue
            rows = _write(opened, member, partition, codes, economies, work, note)
            store.put(partition, work / FILE, sha256, rows)
            note(f"{place}: {rows:,} flows")
            written.append(partition)
    return written


def _members(opened: archive.Archive) -> dict[Partition, str]:
    """Return the member of each year, in their order."""
    found = {}
    for name in opened.members:
        if match := MEMBER.fullmatch(name):
            revision, year, release = match.groups()
            found[Partition(revision, release, int(year))] = name
    if not found:
        raise Unusable("no member is called as BACI's are, BACI_HS92_Y2024_V202601.csv")
    return dict(sorted(found.items(), key=lambda item: item[0].year))


def _kind(members: Iterable[Partition]) -> tuple[str, str]:
    """Return the revision and the release of an archive, which has one of each."""
    kinds = sorted({(one.revision, one.release) for one in members})
    if len(kinds) > 1:
        named = ", ".join(" ".join(kind) for kind in kinds)
        raise Unusable(f"an archive has one revision and release, this one has {named}")
    return kinds[0]


def _write(opened, member: str, partition: Partition, codes, economies, work: Path, note) -> int:
    """Write the rows of a year to the work folder, sorted; returns how many there are."""
    unsorted, place = work / "unsorted.parquet", f"{opened.name}, {member}"
    left, partners = 0, set()
    with pq.ParquetWriter(unsorted, SCHEMA) as writer:
        for table in opened.tables(member, baci_flows.COLUMNS):
            flows = baci_flows.typed(table, partition.year, place)
            flows, value, unknown = baci_flows.named(flows, codes, economies, place)
            left, partners = left + value, partners | unknown
            writer.write_table(pa.Table.from_pandas(flows[SCHEMA.names], SCHEMA, False))
    if partners:
        note(f"{partition.year}: {baci_flows.left_out(left, partners)}")
    _sort(unsorted, work / FILE, work, place)
    unsorted.unlink()
    return pq.read_metadata(work / FILE).num_rows


def _sort(unsorted: Path, made: Path, work: Path, place: str) -> None:
    """Sort a file by importer, product and exporter; two rows of one flow are an error."""
    options = {"memory_limit": MEMORY, "temp_directory": str(work / "spill")}
    with duckdb.connect(config=options) as database:
        database.execute(
            "COPY (SELECT * FROM read_parquet(?) ORDER BY importer, product, exporter) "
            f"TO '{_quoted(made)}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})",
            [str(unsorted)],
        )
        twice = database.execute(
            "SELECT exporter, importer, product FROM (SELECT *, lag((importer, product, exporter)) "
            "OVER (ORDER BY importer, product, exporter) AS before FROM read_parquet(?)) "
            "WHERE before = (importer, product, exporter) LIMIT 1",
            [str(made)],
        ).fetchone()
    if twice:
        raise Unusable(f"{place}: the flow {' '.join(twice)} is there twice")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
