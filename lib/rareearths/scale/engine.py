"""Open flows as an Ibis table: with DuckDB on this machine, or with Apache Spark where it is named.

What is asked of the table is the same on both; see `rareearths.scale.world`.
"""

import os
import warnings
from contextlib import contextmanager
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd
from platformdirs import user_cache_path

from rareearths.scale.store import FLOWS, MEMORY, Store, StoreError

DUCKDB = "duckdb"
KINDS = {
    "year": "integer",
    "exporter": "string",
    "importer": "string",
    "product": "string",
    "value_usd": "numeric",
    "quantity_t": "numeric",
}
_SPARK_MASTERS = ("spark://", "local", "yarn", "k8s://")
_SPARK_CONNECT = "sc://"


def connect(engine: str = DUCKDB, spill: Path | None = None) -> ibis.BaseBackend:
    """Start an engine.

    Parameters
    ----------
    engine : str
        ``"duckdb"``; a Spark master, ``"spark://host:7077"`` or ``"local[*]"``; the address of a
        Spark Connect server, ``"sc://host:15002"``; or any address that `ibis.connect` knows.
    spill : pathlib.Path, optional
        Where DuckDB puts what does not fit into `MEMORY`; by default a folder of this user's cache.

    Raises
    ------
    StoreError
        The engine is not installed or does not answer.
    """
    if engine == DUCKDB:
        return _duckdb(spill)
    try:
        if engine.startswith((*_SPARK_MASTERS, _SPARK_CONNECT)):
            return _spark(engine)
        return ibis.connect(engine)
    except ImportError as error:
        raise StoreError(f"engine {engine!r} is not installed ({error}): docs/scale.md") from None
    except Exception as error:  # of the engine's own kinds
        raise StoreError(f"engine {engine!r} does not answer: {error}") from error


def open_flows(
    source: str | Path,
    engine: str | ibis.BaseBackend = DUCKDB,
    *,
    revision: str | None = None,
    release: str | None = None,
    table: str = FLOWS,
) -> ir.Table:
    """Open flows of the world, whatever holds them.

    Parameters
    ----------
    source : str or pathlib.Path
        A folder that ``rareearths data import`` made; a Parquet file, or a folder of them
        partitioned by ``key=value``; an archive of BACI, which is imported into a folder of this
        user's cache once; or the address of a database, such as ``"postgres://host/name"``.
    engine : str or ibis.BaseBackend
        As of `connect`, or what it returned; a database is its own engine.
    revision, release : str, optional
        Of a store: ``"HS92"``, ``"V202601"``; by default the newest release.
    table : str
        Name of the table in a database.

    Returns
    -------
    ibis.expr.types.Table
        One row a flow: ``year``, ``exporter``, ``importer`` (ISO3), ``product`` (HS code),
        ``value_usd`` (current US$) and ``quantity_t`` (tonnes, missing where not known).
        Nothing is read before it is asked for.

    Raises
    ------
    StoreError
        There are no flows, a column is lacking or of another kind, or the engine does not answer.
    """
    if "://" in str(source):
        flows = connect(str(source)).table(table)
    else:
        backend = connect(engine) if isinstance(engine, str) else engine
        flows = backend.read_parquet(_files(Path(source), revision, release, backend))
    return _checked(flows, source)


def compute(question: ir.Table) -> pd.DataFrame:
    """Ask an engine, and return the answer.

    Parameters
    ----------
    question : ibis.expr.types.Table
        Of `rareearths.scale.world`, or flows.

    Raises
    ------
    StoreError
        The engine failed; the message is its own.
    """
    try:
        with _unwarned():
            return question.to_pyarrow().to_pandas()
    except Exception as error:  # of the engine's own kinds
        raise StoreError(f"the engine failed: {error}") from error


def write(question: ir.Table, file: Path) -> None:
    """Ask an engine, and put the answer into a Parquet file as it comes: it may exceed memory.

    Parameters
    ----------
    question : ibis.expr.types.Table
        Of `rareearths.scale.world`, or flows.
    file : pathlib.Path
        Replaced in one step once the answer is whole.

    Raises
    ------
    StoreError
        The engine failed, or the file cannot be written; an earlier file stays.
    """
    file = Path(file)
    new = file.with_name(f".{file.name}.{os.getpid()}.new")
    try:
        with _unwarned():
            question.to_parquet(new)
        os.replace(new, file)
    except Exception as error:  # of the engine's own kinds
        raise StoreError(f"{file} is not written: {error}") from error
    finally:
        new.unlink(missing_ok=True)


@contextmanager
def _unwarned():
    """Hold back what Ibis and Spark say of their own use of pandas; tests compare their answers."""
    with warnings.catch_warnings():
        for kind in (DeprecationWarning, FutureWarning):
            warnings.simplefilter("ignore", kind)
        yield


def _files(source: Path, revision: str | None, release: str | None, backend) -> str:
    """Return what the engine reads: a file, or the folder of a release with its years."""
    if source.suffix == ".zip":
        source = _imported(source)
    if source.is_file():
        return str(source)
    if not source.is_dir():
        raise StoreError(f"{source} is no file and no folder")
    folder = source
    if (source / FLOWS).is_dir():
        kind, newest = Store(source).newest(revision, release)
        folder = source / FLOWS / f"revision={kind}" / f"release={newest}"
    if next(folder.rglob("*.parquet"), None) is None:
        raise StoreError(f"{folder} holds no Parquet file")
    return f"{folder}/**/*.parquet" if backend.name == DUCKDB else str(folder)


def _imported(archive: Path) -> Path:
    """Import an archive of BACI, once, and return its store."""
    from rareearths.scale import baci_store

    folder = user_cache_path("rareearths") / "stores" / archive.stem
    baci_store.import_baci([archive], Store(folder), note=lambda line: None)
    return folder


def _checked(flows: ir.Table, source) -> ir.Table:
    schema = flows.schema()
    for name, kind in KINDS.items():
        if name not in schema:
            raise StoreError(f"{source}: no column {name!r}; there are {', '.join(schema)}")
        if not getattr(schema[name], f"is_{kind}")():
            raise StoreError(f"{source}: {name} is {schema[name]}, not {kind}")
    return flows.select(
        year=flows.year,  # as it is, so that years that are not asked for are not read
        exporter=flows.exporter,
        importer=flows.importer,
        product=flows["product"],
        value_usd=flows.value_usd.cast("float64"),
        quantity_t=flows.quantity_t.cast("float64"),
    )


def _duckdb(spill: Path | None) -> ibis.BaseBackend:
    folder = spill or user_cache_path("rareearths") / "spill"
    folder.mkdir(parents=True, exist_ok=True)
    return ibis.duckdb.connect(
        temp_directory=str(folder), memory_limit=MEMORY, preserve_insertion_order=False
    )


def _spark(engine: str) -> ibis.BaseBackend:
    if engine.startswith(_SPARK_CONNECT):
        import grpc  # noqa: F401  without it pyspark may end the process, and say nothing
    with _unwarned():
        from pyspark.sql import SparkSession

        return ibis.pyspark.connect(_session(SparkSession.builder.appName("rareearths"), engine))


def _session(builder, engine: str):
    if engine.startswith(_SPARK_CONNECT):
        session = builder.remote(engine).getOrCreate()
    else:
        session = builder.master(engine).getOrCreate()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    return session
