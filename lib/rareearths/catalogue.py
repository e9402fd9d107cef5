"""Find, verify and load the tables that ``data/datapackage.json`` describes.

Every table a notebook reads comes through `load`, which compares the file with the sha256 in the
catalogue first and remembers what was read, so that a report can name its sources.

A file is parsed once: `load` keeps what it read, and `remembered` does the same for a function that
derives something from tables. Both compare the files with their hashes and log them on every call,
kept or not, and both hand out shallow copies, which pandas writes to a place of their own: what a
caller does with its frame, nobody else sees. Only a list or another object inside a cell is shared;
do not alter such an object in place.
"""

import hashlib
import json
import os
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache, lru_cache, partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_P, _T = ParamSpec("_P"), TypeVar("_T")
# A series by month or by year; gathered from many pages; a list or a series that has ended.
UPDATED = ("monthly", "annual", "irregular", "fixed")
KEPT = 256  # results of each function that `remembered` keeps
_PANDAS_TYPES = {"string": "str", "integer": "Int64", "number": "float64", "boolean": "boolean"}


class DataError(Exception):
    """A table is missing, damaged or not described; the message says how to repair it."""


class UnknownCode(ValueError):
    """A code (economy, product, material) that the data do not know."""


@dataclass(frozen=True)
class Table:
    """One table of the catalogue.

    Attributes
    ----------
    name, title, path : str
        ``path`` is relative to the data folder.
    sha256 : str
    rows : int
    fields : tuple of dict
        Table Schema fields: name, type, unit, description, constraints.
    primary_key : tuple of str
    foreign_keys : tuple of dict
    referred_by : tuple of dict
        Foreign keys of other tables in which every row of this one must occur.
    date_order : dict
        ``fields`` whose dates must not go backwards, and the keys that are excepted (``except``).
    sources, licences : tuple of dict
        Each with ``title`` and, where there is one, ``path`` (address).
    accessed : str
        Date on which the source was read, YYYY-MM-DD.
    updated : str
        How often the source has something new, one of `UPDATED`.
    """

    name: str
    title: str
    path: str
    sha256: str
    rows: int
    fields: tuple = field(repr=False)
    primary_key: tuple = field(repr=False)
    foreign_keys: tuple = field(repr=False)
    referred_by: tuple = field(repr=False)
    date_order: dict = field(repr=False)
    sources: tuple
    licences: tuple = field(repr=False)
    accessed: str
    updated: str = ""

    @property
    def file(self) -> Path:
        return folder() / self.path

    @property
    def is_parquet(self) -> bool:
        return self.path.endswith(".parquet")

    def field(self, name: str) -> dict:
        return next(f for f in self.fields if f["name"] == name)


def folder() -> Path:
    """Return the data folder: ``RAREEARTHS_DATA``, or ``data/`` beside ``lib/``."""
    return Path(os.environ.get("RAREEARTHS_DATA") or Path(__file__).parents[2] / "data")


def tables() -> dict[str, Table]:
    """Return every table of the catalogue by name."""
    return _read_descriptor(*_descriptor())


def table(name: str) -> Table:
    """Return one table; an unknown name raises `DataError` with the closest ones."""
    known = tables()
    _consulted[name] = None
    if name not in known:
        raise DataError(f"no table {name!r} in datapackage.json; {closest(name, known)}")
    return known[name]


def load(
    name: str, columns: list[str] | None = None, filters: list | None = None
) -> "pd.DataFrame":
    """Read one table after its hash was verified.

    Parameters
    ----------
    name : str
        Name in ``datapackage.json``, for example ``"baci_minerals"``.
    columns : list of str, optional
        Columns to read; all by default.
    filters : list, optional
        Row filter in pyarrow's form, ``[("year", ">=", 2010)]``; Parquet tables only.

    Returns
    -------
    pandas.DataFrame
        Typed by the table's schema. Missing values stay missing.

    Raises
    ------
    DataError
        The file is missing or is not what the catalogue's hash says.
    """
    found = table(name)
    _use(found)
    if filters is not None and not found.is_parquet:
        raise ValueError(f"filters are for Parquet tables; {name} is {found.path}")
    read = partial(_read, found, columns, filters)
    return _frames.get(_key(found, columns, filters), read).copy(deep=False)


def preload() -> None:
    """Read every table into memory, for processes that are forked from this one.

    No table counts as read by this, and each is compared with its hash when it is used. One that
    is missing or damaged is left out: who uses it gets the error.
    """
    for found in tables().values():
        with suppress(Exception):
            verify(found)
            if found.is_parquet:
                import pyarrow.parquet as pq

                _whole[_key(found)] = pq.read_table(found.file, use_threads=False)
            else:
                _frames.get(_key(found), partial(_read, found))


def verify(found: Table) -> None:
    """Raise `DataError` unless the file is there and has the catalogue's sha256."""
    repair = (
        f"Restore it: git checkout -- data/{found.path}\n"
        "After a deliberate change: rareearths data check, then rareearths data seal"
    )
    if not found.file.is_file():
        raise DataError(f"data/{found.path} (table {found.name}) is missing.\n{repair}")
    actual = file_sha256(found.file)
    if actual != found.sha256:
        raise DataError(
            f"data/{found.path} (table {found.name}) is not the file the catalogue describes:\n"
            f"  expected sha256 {found.sha256}\n  found sha256    {actual}\n{repair}"
        )


def used() -> list[Table]:
    """Return the tables read in this process, in the order of their first reading."""
    return list(_read_log.values())


def consulted() -> list[str]:
    """Return every table asked for in this process, also if only its description was.

    The years it covers are such a description; what a run made depends on all of these tables.
    """
    return list(_consulted)


@contextmanager
def recorded() -> Iterator[dict[str, Table]]:
    """Record which tables are read inside a ``with`` block, by name.

    Examples
    --------
    >>> with recorded() as tables:
    ...     rows = load("blocs")
    >>> list(tables)
    ['blocs']
    """
    tables: dict[str, Table] = {}
    _recordings.append(tables)
    try:
        yield tables
    finally:
        _recordings.pop()


def remembered(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Keep what a function makes of tables, by its arguments and the state of the data.

    A function fits whose result hangs on its arguments and on tables of the catalogue alone. The
    arguments must be hashable; a list counts as a tuple. The tables that the first call read are
    verified and logged again on every further one, so that `used` and `recorded` see no difference.
    Another data folder or another ``datapackage.json`` makes a new result. Frames, and frames in a
    dict, list or tuple, are handed out as shallow copies; of each function the last `KEPT` results
    are kept.

    Examples
    --------
    >>> @remembered
    ... def first_bloc():
    ...     return load("blocs")["bloc"].iloc[0]
    >>> with recorded() as tables:
    ...     first_bloc() == first_bloc()
    True
    >>> list(tables)
    ['blocs']
    """
    results = _Kept(KEPT)

    @wraps(function)
    def remembering(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        def make() -> tuple[_T, tuple[str, ...]]:
            with recorded() as read:
                made = function(*args, **kwargs)
            return made, tuple(read)

        key = (_descriptor(), _frozen(args), _frozen(sorted(kwargs.items())))
        made, read = results.get(key, make)
        for name in read:
            _use(table(name))
        return _handed_out(made)

    return remembering


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file, hexadecimal."""
    stat = path.stat()
    return _sha256(path, stat.st_mtime_ns, stat.st_size)


def closest(wrong: str, known: Iterable[str], names: Mapping[str, str] | None = None) -> str:
    """Say which valid codes come closest to a wrong one, for error messages.

    With ``names``, a wrong code is compared with the name of each code too.
    """
    terms = {str(code).casefold(): str(code) for code in known}
    terms = {name.casefold(): str(code) for code, name in (names or {}).items()} | terms
    near = [terms[t] for t in get_close_matches(str(wrong).casefold(), terms, 5, 0.5)]
    codes = list(dict.fromkeys(near))
    start = "closest: " if codes else "known: "
    codes = codes or sorted(set(terms.values()))
    shown = [f"{code} ({names[code]})" if names else code for code in codes[:20]]
    return start + ", ".join(shown) + (", ..." if len(codes) > 20 else "")


class _Kept:
    """Results by key; beyond ``most`` the one that was not asked for longest goes."""

    def __init__(self, most: int):
        self._most = most
        self._results = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], object]):
        if key not in self._results:
            self._results[key] = make()
        self._results.move_to_end(key)
        if len(self._results) > self._most:
            self._results.popitem(last=False)
        return self._results[key]


_read_log: dict[str, Table] = {}
_consulted: dict[str, None] = {}
_recordings: list[dict[str, Table]] = []
_frames = _Kept(64)  # the largest, every flow of the trade table, takes some 60 MB


_whole: dict[Hashable, "pa.Table"] = {}  # Parquet tables that `preload` read


def _key(found: Table, columns: list[str] | None = None, filters: list | None = None) -> Hashable:
    return (_descriptor(), found.name, _frozen(columns), _frozen(filters))


def _use(found: Table) -> None:
    """Verify a table and log that it is read."""
    verify(found)
    _read_log[found.name] = found
    for names in _recordings:
        names.setdefault(found.name, found)


def _read(
    found: Table, columns: list[str] | None = None, filters: list | None = None
) -> "pd.DataFrame":
    if whole := _whole.get(_key(found)):
        import pyarrow.parquet as pq

        rows = whole if filters is None else whole.filter(pq.filters_to_expression(filters))
        return (rows if columns is None else rows.select(columns)).to_pandas()
    return read(found, found.file, columns, filters)


def read(
    found: Table, file: Path, columns: list[str] | None = None, filters: list | None = None
) -> "pd.DataFrame":
    """Read a file that has a table's schema, another vintage of it say; nothing is verified."""
    import pandas as pd  # here, because a plan of what to render reads no table

    if found.is_parquet:
        return pd.read_parquet(file, columns=columns, filters=filters)
    return pd.read_csv(
        file,
        usecols=columns,
        dtype={f["name"]: _PANDAS_TYPES[f["type"]] for f in found.fields},
        keep_default_na=False,
        na_values=[""],
    )


def _descriptor() -> tuple[Path, int]:
    """Path and time of the descriptor: with the hashes in it, the state of the data."""
    path = folder() / "datapackage.json"
    if not path.is_file():
        raise DataError(f"{path} is missing. Restore it: git checkout -- data")
    return path, path.stat().st_mtime_ns


def _frozen(value):
    """Return arguments as something that can be a key."""
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value


def _handed_out(kept):
    """Return a copy of what a caller may change; frames share their columns until then."""
    import pandas as pd

    if isinstance(kept, (str, int, float)):
        return kept
    if isinstance(kept, (pd.DataFrame, pd.Series)):
        return kept.copy(deep=False)
    if isinstance(kept, dict):
        return {key: _handed_out(value) for key, value in kept.items()}
    if type(kept) in (list, tuple, set):
        return type(kept)(map(_handed_out, kept))
    return kept


@cache
def _sha256(path: Path, mtime_ns: int, size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache
def _read_descriptor(path: Path, mtime_ns: int) -> dict[str, Table]:
    try:
        package = json.loads(path.read_text(encoding="utf-8"))
        return {r["name"]: described(r) for r in package["resources"]}
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}") from error
    except KeyError as error:
        raise DataError(f"{path}: a resource, field or key lacks {error}") from error


def described(resource: dict) -> Table:
    """Return the table that an entry of ``datapackage.json`` describes."""
    schema = resource["schema"]
    return Table(
        name=resource["name"],
        title=resource.get("title", ""),
        path=resource["path"],
        sha256=resource["hash"].removeprefix("sha256:"),
        rows=resource["rows"],
        fields=tuple(schema["fields"]),
        primary_key=tuple(schema.get("primaryKey", ())),
        foreign_keys=tuple(schema.get("foreignKeys", ())),
        referred_by=tuple(resource.get("referredBy", ())),
        date_order=resource.get("dateOrder", {}),
        sources=tuple(resource.get("sources", ())),
        licences=tuple(resource.get("licenses", ())),
        accessed=resource.get("accessed", ""),
        updated=resource.get("updated", ""),
    )
