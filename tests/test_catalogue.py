"""The catalogue: finds, verifies, loads, and remembers what was read."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from rareearths import catalogue
from rareearths.catalogue import DataError

DATA = Path(__file__).parents[1] / "data"
TABLES = ["reference/colours.csv", "trade/baci_minerals.parquet"]


@pytest.fixture
def nothing_read(monkeypatch):
    monkeypatch.setattr(catalogue, "_read_log", {})


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_tables_are_those_of_the_descriptor():
    package = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))
    assert list(catalogue.tables()) == [resource["name"] for resource in package["resources"]]
    for resource in package["resources"]:
        found = catalogue.table(resource["name"])
        assert found.file == DATA / resource["path"]
        assert found.sha256 == sha256(found.file)


def test_an_unknown_table_names_the_closest():
    with pytest.raises(DataError, match=r"'economy'.*closest: economies"):
        catalogue.table("economy")
    with pytest.raises(DataError, match=r"'economy'.*closest: economies"):
        catalogue.load("economy")


@pytest.mark.parametrize("path", TABLES)
def test_a_damaged_file_names_itself_both_hashes_and_the_repair(data, path):
    good = sha256(data / path)
    flip_a_byte(data / path)
    with pytest.raises(DataError) as error:
        catalogue.load(Path(path).stem)
    for words in (f"data/{path}", good, sha256(data / path), f"git checkout -- data/{path}"):
        assert words in str(error.value)


def test_damage_after_a_good_reading_is_seen(data):
    catalogue.load("colours")
    flip_a_byte(data / "reference/colours.csv")
    with pytest.raises(DataError, match="is not the file the catalogue describes"):
        catalogue.load("colours")


@pytest.mark.parametrize("path", TABLES)
def test_a_missing_file_names_itself_and_the_repair(data, path):
    (data / path).unlink()
    with pytest.raises(DataError) as error:
        catalogue.load(Path(path).stem)
    assert f"data/{path}" in str(error.value)
    assert "is missing" in str(error.value)
    assert f"git checkout -- data/{path}" in str(error.value)


def test_a_missing_descriptor_names_itself_and_the_repair(data):
    (data / "datapackage.json").unlink()
    with pytest.raises(DataError, match=r"datapackage\.json is missing.*git checkout -- data"):
        catalogue.tables()


def test_a_repaired_file_loads_again(data):
    path = data / "reference/colours.csv"
    flip_a_byte(path)
    with pytest.raises(DataError):
        catalogue.load("colours")
    shutil.copy2(DATA / "reference/colours.csv", path)
    assert len(catalogue.load("colours")) == 25


def test_used_remembers_what_was_read_in_order(nothing_read):
    assert catalogue.used() == []
    for name in ("products", "colours", "products"):
        catalogue.load(name)
    assert [table.name for table in catalogue.used()] == ["products", "colours"]
    assert catalogue.used()[1].sha256 == sha256(DATA / "reference/colours.csv")


@pytest.mark.usefixtures("nothing_read")
def test_used_does_not_remember_what_could_not_be_read(data):
    flip_a_byte(data / "reference/colours.csv")
    with pytest.raises(DataError):
        catalogue.load("colours")
    assert catalogue.used() == []


@pytest.mark.parametrize("name", list(catalogue.tables()))
def test_a_table_loads_with_the_types_of_its_schema(name):
    found = catalogue.table(name)
    rows = catalogue.load(name)
    assert list(rows.columns) == [field["name"] for field in found.fields]
    assert len(rows) == found.rows
    is_of = {
        "string": pd.api.types.is_string_dtype,
        "integer": pd.api.types.is_integer_dtype,
        "number": pd.api.types.is_float_dtype,
        "boolean": pd.api.types.is_bool_dtype,
    }
    for field in found.fields:
        assert is_of[field["type"]](rows[field["name"]]), field["name"]


def test_codes_keep_their_zeros_and_letters():
    assert "NAM" in set(catalogue.load("economies")["economy"])
    assert catalogue.load("products")["hs6"].str.fullmatch(r"\d{6}").all()


def test_columns_and_filters_choose_what_is_read():
    rows = catalogue.load(
        "baci_minerals", columns=["importer", "value_usd"], filters=[("year", "==", 2024)]
    )
    assert list(rows.columns) == ["importer", "value_usd"]
    everything = pd.read_parquet(DATA / "trade/baci_minerals.parquet")
    assert len(rows) == (everything["year"] == 2024).sum()
    assert list(catalogue.load("colours", columns=["colour"]).columns) == ["colour"]


def test_filters_are_refused_for_csv():
    with pytest.raises(ValueError, match="filters are for Parquet"):
        catalogue.load("colours", filters=[("economy", "==", "JPN")])


def test_importing_the_library_is_silent_and_light(tmp_path):
    modules = "rareearths.catalogue, rareearths.trade, rareearths.risk"
    heavy = "{'matplotlib', 'pandera', 'papermill', 'nbconvert'}"
    code = f"import sys, {modules}; sys.exit(bool({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []
