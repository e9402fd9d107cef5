"""A publisher's zip archive: read where it lies, member by member, and never unpacked to disk.

Names are compared with the documented ones, so that none leads anywhere. Sizes are limited before
a byte is read; a damaged member shows by its checksum when it was read to its end.
"""

import csv
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from rareearths.sources.fetch import Unusable, one_line

MOST_MEMBERS = 1000
LARGEST = 2 * 2**30  # bytes of a member when unpacked; a year of BACI has some 0.5 GB
LARGEST_TEXT = 4 * 2**20  # of a member that is read at once
BLOCK = 16 * 2**20  # bytes of a table that are in memory at once
LONGEST_HEADER = 1000
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True)
class Archive:
    """An open archive whose list of members holds nothing suspicious.

    Attributes
    ----------
    name : str
        For messages.
    members : dict of str to zipfile.ZipInfo
    """

    name: str
    members: dict[str, zipfile.ZipInfo]
    _zip: zipfile.ZipFile

    def require(self, names: list[str]) -> None:
        """Raise `Unusable` unless every member is there and not too large."""
        missing = [name for name in names if name not in self.members]
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise Unusable(f"{self.name}: no member {missing[0]}{more}")
        for name in names:
            self._refuse_size(name, LARGEST)

    def text(self, name: str) -> str:
        """Return a small member as text: UTF-8, or as older archives ISO 8859-1."""
        self.require([name])
        self._refuse_size(name, LARGEST_TEXT)
        with self._told(name), self._zip.open(name) as member:
            content = member.read()
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return content.decode("latin-1")

    def tables(self, name: str, columns: tuple[str, ...]) -> Iterator[pa.Table]:
        """Read columns of a CSV member piece by piece, all as text.

        Parameters
        ----------
        name : str
        columns : tuple of str
            In any order in the member; others are left out.

        Raises
        ------
        Unusable
            The member is damaged, has no such column, or is no CSV.
        """
        with self._told(name), self._zip.open(name) as member:
            header = member.readline(LONGEST_HEADER).decode("utf-8-sig")
            names = [field.strip() for field in next(csv.reader([header]), [])]
            for column in columns:
                if names.count(column) != 1:
                    raise Unusable(f"{self.name}, {name}: {names.count(column)} columns {column!r}")
            rest = b""
            while piece := member.read(BLOCK):
                whole, end, begun = (rest + piece).rpartition(b"\n")
                if len(begun) > BLOCK:
                    raise Unusable(f"{self.name}, {name}: a line without an end")
                rest = begun
                if whole.strip():
                    yield _table(whole + end, names, columns)
            if rest.strip():
                yield _table(rest, names, columns)

    def _refuse_size(self, name: str, most: int) -> None:
        size = self.members[name].file_size
        if size > most:
            raise Unusable(f"{self.name}: {name} would unpack to {size:,} bytes, which is refused")

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        try:
            yield
        except pa.ArrowException as error:
            raise Unusable(f"{self.name}, {name}: no such table: {one_line(error)}") from None
        except _DAMAGED as error:
            raise Unusable(f"{self.name}, {name}: damaged: {one_line(error)}") from None


@contextmanager
def opened(path: Path, name: str) -> Iterator[Archive]:
    """Open an archive.

    Raises
    ------
    Unusable
        It is no whole zip archive, holds a name twice, one that leads out of a folder, or a member
        with a password.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (*_DAMAGED, OSError) as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise  # the disk, not the archive
        raise Unusable(f"{name} is no whole zip archive: {one_line(error)}") from None
    with archive:
        yield Archive(name, _members(archive, name), archive)


def _members(archive: zipfile.ZipFile, name: str) -> dict[str, zipfile.ZipInfo]:
    listed = archive.infolist()
    if len(listed) > MOST_MEMBERS:
        raise Unusable(f"{name} has {len(listed):,} members, which is refused")
    members: dict[str, zipfile.ZipInfo] = {}
    for info in listed:
        shown = one_line(info.orig_filename)
        if _leads_out(info.orig_filename):
            raise Unusable(f"{name}: the name {shown!r} leads out of a folder")
        if info.filename in members:
            raise Unusable(f"{name} has {shown} twice")
        if info.flag_bits & 0x1:
            raise Unusable(f"{name}: {shown} has a password")
        members[info.filename] = info
    return members


def _leads_out(name: str) -> bool:
    """Whether a name is absolute, has a drive, a zero byte or ``..``.

    Examples
    --------
    >>> [_leads_out(name) for name in ("a.csv", "b/a.csv", "../a.csv", "/a.csv", "C:\\\\a.csv")]
    [False, False, True, True, True]
    """
    parts = re.split(r"[/\\]", name)
    return ".." in parts or parts[0] == "" or ":" in name or "\0" in name


def _table(content: bytes, names: list[str], columns: tuple[str, ...]) -> pa.Table:
    return pa.csv.read_csv(
        pa.BufferReader(content),
        read_options=pa.csv.ReadOptions(column_names=names),
        convert_options=pa.csv.ConvertOptions(
            include_columns=list(columns),
            column_types=dict.fromkeys(columns, pa.string()),
            strings_can_be_null=False,
        ),
    )
