"""A store of flows: Parquet files, one a year, in folders that name revision, release and year.

``flows/revision=HS92/release=V202601/year=2024/flows.parquet``, with ``store.json`` beside
``flows``: what each file is made from, its rows and its hash. A file is written anew under another
name and then put in place, so that what the store lists is whole whenever a writer is stopped.
"""

import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from filelock import FileLock, Timeout

from rareearths import catalogue

SCHEMA = pa.schema(
    {
        "exporter": pa.string(),  # ISO3
        "importer": pa.string(),  # ISO3
        "product": pa.string(),  # HS code, six digits
        "value_usd": pa.int64(),  # current US$, FOB
        "quantity_t": pa.float64(),  # tonnes; missing where none is known
    }
)
FLOWS, MANIFEST, FILE = "flows", "store.json", "flows.parquet"
MEMORY = os.environ.get("RAREEARTHS_MEMORY", "2GB")  # what DuckDB may hold; beyond that it spills


class StoreError(Exception):
    """A store that cannot be read or written; the message says why and what to do."""


@dataclass(frozen=True)
class Partition:
    """The flows of one year in one release of one revision.

    Attributes
    ----------
    revision, release : str
        Such as ``"HS92"`` and ``"V202601"``.
    year : int
    """

    revision: str
    release: str
    year: int

    @property
    def path(self) -> str:
        """Folder of the partition in the store."""
        return f"{FLOWS}/revision={self.revision}/release={self.release}/year={self.year}"


class Store:
    """A folder of partitioned flows.

    Parameters
    ----------
    folder : pathlib.Path
        Made by the first writer.
    """

    def __init__(self, folder: Path):
        self.folder = Path(folder)

    def entries(self) -> dict[Partition, dict]:
        """Return what the store lists: by partition ``archive`` (sha256), ``rows`` and ``sha256``.

        Raises
        ------
        StoreError
            The list is there and cannot be read.
        """
        file = self.folder / MANIFEST
        if not file.exists():
            return {}
        try:
            listed = json.loads(file.read_text(encoding="utf-8"))["partitions"]
            return {
                Partition(one["revision"], one["release"], one["year"]): one["about"]
                for one in listed
            }
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{file} cannot be read ({error}); import the archives anew") from None

    def file(self, partition: Partition) -> Path:
        """Return where the rows of a partition lie."""
        return self.folder / partition.path / FILE

    def newest(self, revision: str | None = None, release: str | None = None) -> tuple[str, str]:
        """Return the revision and the release to read: those named, or the newest of the store.

        Raises
        ------
        StoreError
            The store is empty, or has no such revision or release; the message names what it has.
        """
        held = sorted({(one.release, one.revision) for one in self.entries()})
        if not held:
            raise StoreError(
                f"{self.folder} is no store of flows: `rareearths data import baci ARCHIVE...` "
                "makes one"
            )
        fit = [pair for pair in held if release in (None, pair[0]) and revision in (None, pair[1])]
        if not fit:
            named = " ".join(name for name in (revision, release) if name)
            there = ", ".join(f"{rev} {rel}" for rel, rev in held)
            raise StoreError(f"{self.folder} has no flows of {named}; there are {there}")
        newest_release, its_revision = fit[-1]
        return its_revision, newest_release

    def has(self, partition: Partition, archive: str) -> bool:
        """Whether the rows of a partition are there, whole, and made from this archive."""
        about, file = self.entries().get(partition), self.file(partition)
        return (
            about is not None
            and about["archive"] == archive
            and file.is_file()
            and catalogue.file_sha256(file) == about["sha256"]
        )

    def put(self, partition: Partition, made: Path, archive: str, rows: int) -> None:
        """Take a file into the store as the rows of a partition, and list it.

        Parameters
        ----------
        made : pathlib.Path
            On the same disk; it is moved.
        archive : str
            sha256 of the archive it was made from.
        rows : int
        """
        file = self.file(partition)
        file.parent.mkdir(parents=True, exist_ok=True)
        about = {"archive": archive, "rows": rows, "sha256": catalogue.file_sha256(made)}
        os.replace(made, file)
        self._list(self.entries() | {partition: about})

    @contextmanager
    def writing(self):
        """Hold the store for one writer; yields a folder for unfinished files, gone afterwards.

        Raises
        ------
        StoreError
            Another writer holds it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.folder / "store.lock", timeout=0):
                work = self.folder / "unfinished"
                shutil.rmtree(work, ignore_errors=True)
                work.mkdir()
                try:
                    yield work
                finally:
                    shutil.rmtree(work, ignore_errors=True)
        except Timeout:
            raise StoreError(f"another import writes {self.folder}") from None

    def _list(self, entries: dict[Partition, dict]) -> None:
        listed = [
            {**vars(partition), "about": about}
            for partition, about in sorted(entries.items(), key=lambda item: item[0].path)
        ]
        new = self.folder / f".{MANIFEST}.{os.getpid()}.new"
        new.write_text(json.dumps({"partitions": listed}, indent=1) + "\n", encoding="utf-8")
        os.replace(new, self.folder / MANIFEST)
