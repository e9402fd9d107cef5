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


# Every usual way to change a frame; none of them may reach the frame of another caller.
CHANGES = {
    "loc": lambda rows: rows.loc.__setitem__((0, "name_en"), "X"),
    "iloc": lambda rows: rows.iloc.__setitem__((slice(None), 0), "X"),
    "column": lambda rows: rows.__setitem__("name_en", "X"),
    "new column": lambda rows: rows.insert(0, "new", 1),
    "del": lambda rows: rows.__delitem__("name_en"),
    "mask": lambda rows: rows.loc.__setitem__((rows["g7"], "name_en"), "X"),
    "fill": lambda rows: rows.fillna({"before_until": 1}, inplace=True),
    "order": lambda rows: rows.sort_values("name_ja", inplace=True, ignore_index=True),
    "index": lambda rows: rows.set_index("name_en", inplace=True),
    "columns": lambda rows: rows.__setattr__("columns", range(rows.shape[1])),
    "axis names": lambda rows: (
        rows.columns.__setattr__("name", "X"),
        rows.index.__setattr__("name", "X"),
    ),
    "attrs": lambda rows: rows.attrs.update(X=1),
}


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


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.filterwarnings("ignore:The inplace keyword")
@pytest.mark.parametrize("make", [lambda: catalogue.load("economies"), lambda: derived()])
def test_a_caller_that_changes_its_frame_changes_nobody_elses(make, change):
    before = make()
    earlier, kept = make(), before.copy(deep=True)
    mine = make()
    change(mine)
    assert (
        not mine.equals(kept)
        or mine.attrs != kept.attrs
        or mine.columns.names != kept.columns.names
    ), "the change must be one"
    for rows in (before, earlier, make()):
        pd.testing.assert_frame_equal(rows, kept)
        assert rows.attrs == kept.attrs
        assert (rows.index.name, rows.columns.name) == (kept.index.name, kept.columns.name)


def test_a_number_column_given_as_an_array_cannot_be_written_through():
    rows = catalogue.load("political_stability")
    values = rows["normalised"].to_numpy()
    with pytest.raises(ValueError, match="read-only"):
        values[0] = -1


def test_a_table_is_parsed_once_for_each_choice_of_columns_and_rows(data, monkeypatch):
    parsed = []
    read = pd.read_parquet
    monkeypatch.setattr(pd, "read_parquet", lambda *a, **k: parsed.append(k) or read(*a, **k))
    choices = [
        {"columns": ["importer"], "filters": [("year", "==", 2024)]},
        {"columns": ["exporter"], "filters": [("year", "==", 2024)]},
        {"columns": ["importer"], "filters": [("year", "in", [2023, 2024])]},
    ]
    made = [[catalogue.load("baci_minerals", **choice) for choice in choices] for _ in range(3)]
    assert len(parsed) == 3
    assert [len(rows) for rows in made[0]] == [len(rows) for rows in made[2]]
    assert made[0][0].columns.tolist() == ["importer"]
    assert made[2][1].columns.tolist() == ["exporter"]
    assert len(made[2][2]) > len(made[2][0])


@catalogue.remembered
def derived(name: str = "economies", columns: list | None = None) -> pd.DataFrame:
    return catalogue.load(name, columns).assign(derived=1)


def counted(result):
    """A remembered function that reads two tables, and the list of its real calls."""
    calls = []

    @catalogue.remembered
    def function(*arguments, **named):
        calls.append((arguments, named))
        catalogue.load("blocs")
        catalogue.load("colours")
        return result

    return function, calls


def test_a_remembered_function_runs_once_for_each_set_of_arguments():
    function, calls = counted(1)
    assert [function(), function(), function(2), function([2]), function((2,)), function(a=2)]
    assert calls == [((), {}), ((2,), {}), (([2],), {}), ((), {"a": 2})]


def test_a_remembered_function_takes_no_frame():
    function, _ = counted(1)
    with pytest.raises(TypeError, match="unhashable"):
        function(pd.DataFrame())


def test_only_so_many_results_are_kept():
    function, calls = counted(1)
    last = catalogue.KEPT
    for number in [*range(last + 1), last, 0]:
        function(number)
    assert [arguments[0] for arguments, _ in calls] == [*range(last + 1), 0]


def test_a_remembered_function_logs_its_tables_on_every_call(nothing_read, monkeypatch):
    function, calls = counted(1)
    function()
    for _ in range(2):
        monkeypatch.setattr(catalogue, "_read_log", {})
        with catalogue.recorded() as outer, catalogue.recorded() as inner:
            function()
        assert list(outer) == list(inner) == ["blocs", "colours"]
        assert [table.name for table in catalogue.used()] == ["blocs", "colours"]
    assert len(calls) == 1


def test_a_recording_inside_another_ends_before_it():
    with catalogue.recorded() as outer:
        with catalogue.recorded() as inner:
            pass
        catalogue.load("blocs")
    assert (list(outer), list(inner)) == (["blocs"], [])


def test_what_a_remembered_function_read_is_verified_on_every_call(data):
    function, _ = counted(1)
    function()
    flip_a_byte(data / "reference/colours.csv")
    with pytest.raises(DataError, match="is not the file the catalogue describes"):
        function()
    shutil.copy2(DATA / "reference/colours.csv", data / "reference/colours.csv")
    assert function() == 1
    (data / "reference/colours.csv").unlink()
    with pytest.raises(DataError, match="is missing"):
        function()


def test_a_changed_table_changes_what_is_read_and_derived(data):
    assert "changed" not in set(derived("blocs")["name"]) | set(catalogue.load("blocs")["name"])
    path = data / "reference/blocs.csv"
    rows = catalogue.load("blocs")
    before = sha256(path)
    rows.assign(name="changed").to_csv(path, index=False)
    descriptor = data / "datapackage.json"
    text = descriptor.read_text(encoding="utf-8").replace(before, sha256(path))
    descriptor.write_text(text, encoding="utf-8")
    assert set(catalogue.load("blocs")["name"]) == set(derived("blocs")["name"]) == {"changed"}


def test_another_data_folder_has_results_of_its_own(data, monkeypatch):
    function, calls = counted(1)
    function()
    monkeypatch.delenv("RAREEARTHS_DATA")
    function()
    assert len(calls) == 2


def test_a_failure_is_not_remembered():
    answers = iter([ValueError("first"), None])

    @catalogue.remembered
    def fails_once():
        if error := next(answers):
            raise error
        return "made"

    with pytest.raises(ValueError, match="first"):
        fails_once()
    assert fails_once() == "made"
    with catalogue.recorded() as tables:
        catalogue.load("blocs")
    assert list(tables) == ["blocs"], "the recording of the failed call has ended"


@pytest.mark.parametrize("kind", [dict, list, tuple, set])
def test_what_holds_results_is_handed_out_as_a_copy(kind):
    frame = pd.DataFrame({"a": [1]})
    made = {dict: {"x": frame}, list: [frame], tuple: (frame,), set: {1}}[kind]
    function, _ = counted(made)
    mine = function()
    assert type(mine) is kind
    if kind is set:
        mine.add(2)
        assert function() == {1}
        return
    inside = mine["x" if kind is dict else 0]
    inside.loc[0, "a"] = 9
    if kind is dict:
        mine["new"] = 1
    if kind is list:
        mine.append(1)
    again = function()
    assert len(again) == 1
    assert again["x" if kind is dict else 0].loc[0, "a"] == 1


def test_a_remembered_function_keeps_its_name_and_text():
    assert derived.__name__ == "derived"
    assert catalogue.remembered(catalogue.closest).__doc__ == catalogue.closest.__doc__


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


# What is read ahead, for processes that are forked.

FILTERS = {
    "none": None,
    "one": [("importer", "==", "JPN")],
    "several": [
        ("product", "in", ["280530", "284690"]),
        ("year", ">=", 2022),
        ("year", "<=", 2023),
    ],
    "nothing": [("importer", "==", "XXX")],
}


@pytest.fixture
def read_ahead(data, monkeypatch):
    """A process of its own: nothing read or kept, then every table of a copy read ahead."""
    monkeypatch.setattr(catalogue, "_frames", catalogue._Kept(64))
    for name in ("_whole", "_read_log", "_consulted"):
        monkeypatch.setattr(catalogue, name, {})
    catalogue.preload()
    return data


@pytest.mark.usefixtures("read_ahead")
def test_what_is_read_ahead_does_not_count_as_read():
    assert catalogue.used() == []
    assert catalogue.consulted() == []


@pytest.mark.usefixtures("read_ahead")
def test_no_file_is_read_again(monkeypatch):
    for name in ("read_csv", "read_parquet"):
        monkeypatch.setattr(pd, name, lambda *_, **__: pytest.fail("a file was read"))
    for table in catalogue.tables():
        assert len(catalogue.load(table)) == catalogue.table(table).rows
    assert [table.name for table in catalogue.used()] == list(catalogue.tables())


@pytest.mark.usefixtures("read_ahead")
@pytest.mark.parametrize("columns", [None, ["year", "value_usd"]])
@pytest.mark.parametrize("filters", FILTERS.values(), ids=FILTERS)
def test_rows_chosen_from_memory_are_those_of_the_file(filters, columns):
    file = DATA / "trade/baci_minerals.parquet"
    pd.testing.assert_frame_equal(
        catalogue.load("baci_minerals", columns, filters),
        pd.read_parquet(file, columns=columns, filters=filters),
    )


@pytest.mark.parametrize("path", TABLES)
def test_damage_after_the_reading_ahead_is_seen(read_ahead, path):
    flip_a_byte(read_ahead / path)
    with pytest.raises(DataError, match="is not the file the catalogue describes"):
        catalogue.load(Path(path).stem)


def test_a_damaged_table_stops_no_other_from_being_read_ahead(data, monkeypatch):
    flip_a_byte(data / "reference/colours.csv")
    monkeypatch.setattr(catalogue, "_whole", {})
    monkeypatch.setattr(catalogue, "_frames", catalogue._Kept(64))
    catalogue.preload()
    assert len(catalogue.load("baci_minerals", ["year"])) == catalogue.table("baci_minerals").rows
    with pytest.raises(DataError, match=r"colours\.csv"):
        catalogue.load("colours")
