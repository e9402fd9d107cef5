"""Make the bundled tables from their source and keep the catalogue's hashes true."""

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rareearths import catalogue
from rareearths.sources import geopolrisk


def build(progress: Callable[[str], None] = print) -> None:
    """Rebuild the trade, economy, governance and production tables, always to the same bytes."""
    with tempfile.TemporaryDirectory() as scratch:
        progress(f"downloading {geopolrisk.REQUIREMENT} (21 MB; checked, unpacked, not installed)")
        databases = geopolrisk.fetch(Path(scratch))
        products = _text_table("products")["hs6"]
        materials = _text_table("materials")
        made = {
            "economies": lambda: geopolrisk.economies(databases),
            "baci_minerals": lambda: geopolrisk.trade(databases, products),
            "political_stability": lambda: geopolrisk.political_stability(databases),
            "mine_production": lambda: geopolrisk.mine_production(databases, materials),
        }
        for name, make in made.items():
            rows = make()
            write(rows, catalogue.table(name).file)
            progress(f"{name}: {len(rows):,} rows")
    seal(list(made))


def seal(names: list[str] | None = None) -> list[str]:
    """Write the present sha256, bytes and row count of tables into ``datapackage.json``.

    Parameters
    ----------
    names : list of str, optional
        Tables; all by default.

    Returns
    -------
    list of str
        The tables whose entry changed.
    """
    descriptor = catalogue.folder() / "datapackage.json"
    package = json.loads(descriptor.read_text(encoding="utf-8"))
    changed = []
    for name in names or list(catalogue.tables()):
        path = catalogue.table(name).file
        if not path.is_file():
            raise catalogue.DataError(f"table {name}: {path} is missing")
        entry = next(r for r in package["resources"] if r["name"] == name)
        found = {
            "hash": f"sha256:{catalogue.file_sha256(path)}",
            "bytes": path.stat().st_size,
            "rows": _count_rows(path),
        }
        if any(entry.get(key) != value for key, value in found.items()):
            entry.update(found)
            changed.append(name)
    text = json.dumps(package, ensure_ascii=False, indent=2) + "\n"
    _replace(descriptor, lambda new: new.write_text(text, encoding="utf-8"))
    return changed


def write(rows: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet or CSV by its ending, atomically and byte for byte repeatable."""
    if path.suffix == ".parquet":
        table = pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata(None)
        _replace(
            path,
            lambda new: pq.write_table(
                table, new, compression="zstd", compression_level=19, row_group_size=65_536
            ),
        )
    else:
        flags = rows.select_dtypes(["bool", "boolean"]).columns
        text = rows.assign(**{c: rows[c].map({True: "true", False: "false"}) for c in flags})
        _replace(path, lambda new: text.to_csv(new, index=False, lineterminator="\n"))


def _replace(path: Path, make: Callable[[Path], None]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    try:
        make(new)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)


def _count_rows(path: Path) -> int:
    if path.suffix == ".parquet":
        return pq.read_metadata(path).num_rows
    return len(pd.read_csv(path, dtype="str"))


def _text_table(name: str) -> pd.DataFrame:
    return pd.read_csv(
        catalogue.table(name).file, dtype="str", keep_default_na=False, na_values=[""]
    )
