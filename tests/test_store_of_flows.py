"""Archives of BACI in the store: every row once, year by year, and nothing half-written."""

import json
from itertools import pairwise

import pandas as pd
import pyarrow.parquet as pq
import pytest

import archives
from archives import codes_name, members_of, year_name, zipped
from conftest import ROOT, run_cli
from rareearths import trade
from rareearths.scale import baci_store, engine
from rareearths.scale.store import Partition, Store, StoreError

RELEASE = archives.RELEASE
YEARS = (2022, 2023)
FLOWS = trade.load_flows(years=YEARS).drop(columns="source")
ORDER = ["year", "importer", "product", "exporter"]


def archived(folder, flows=FLOWS, release=RELEASE, **changed):
    path = folder / f"BACI_HS92_{release}.zip"
    path.write_bytes(zipped(members_of(flows, release) | changed))
    return path


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return archived(tmp_path_factory.mktemp("archive"))


def put_in(store: Store, *paths) -> tuple[list, list[str]]:
    notes: list[str] = []
    return baci_store.import_baci(paths, store, notes.append), notes


def read(store: Store, **chosen) -> pd.DataFrame:
    rows = engine.compute(engine.open_flows(store.folder, **chosen))
    return rows.sort_values(ORDER, ignore_index=True)


def expected(flows=FLOWS) -> pd.DataFrame:
    return flows.sort_values(ORDER, ignore_index=True)


def same(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    names = ["exporter", "importer", "product", "year", "value_usd", "quantity_t"]
    found, wanted = found[names], wanted[names]
    pd.testing.assert_frame_equal(found.astype(object), wanted.astype(object), check_dtype=False)


def stamps(store: Store) -> dict:
    return {path: path.stat().st_mtime_ns for path in store.folder.rglob("*.parquet")}


def test_every_flow_is_in_the_store_once(tmp_path, archive):
    store = Store(tmp_path / "store")
    written, notes = put_in(store, archive)
    assert written == [Partition("HS92", RELEASE, year) for year in YEARS]
    same(read(store), expected())
    counts = [len(FLOWS[FLOWS["year"] == year]) for year in YEARS]
    assert notes == [
        f"[{n}/2] HS92 {RELEASE} {year}: {count:,} flows"
        for n, (year, count) in enumerate(zip(YEARS, counts, strict=True), 1)
    ]
    assert {path.name for path in store.folder.iterdir()} == {"flows", "store.json", "store.lock"}


def test_a_year_lies_sorted_so_that_one_importer_is_read_alone(tmp_path, archive, monkeypatch):
    monkeypatch.setattr(baci_store, "ROW_GROUP", 2048)
    store = Store(tmp_path / "store")
    put_in(store, archive)
    file = pq.ParquetFile(store.file(Partition("HS92", RELEASE, 2022)))
    rows = file.read().to_pandas()
    by = ["importer", "product", "exporter"]
    pd.testing.assert_frame_equal(rows, rows.sort_values(by, ignore_index=True))
    groups = [file.metadata.row_group(i).column(1).statistics for i in range(file.num_row_groups)]
    assert len(groups) > 2
    assert all(one.max <= other.min for one, other in pairwise(groups))


def test_years_that_are_there_are_not_read_again(tmp_path, archive):
    store = Store(tmp_path / "store")
    put_in(store, archive)
    before = stamps(store)
    written, notes = put_in(store, archive)
    assert written == []
    assert all(note.endswith("already there") for note in notes)
    assert stamps(store) == before


def test_a_new_vintage_stands_beside_the_old_one_which_is_not_touched(tmp_path, archive):
    store = Store(tmp_path / "store")
    put_in(store, archive)
    before = stamps(store)
    newer = FLOWS.assign(value_usd=FLOWS["value_usd"] + 1_000)
    put_in(store, archived(tmp_path, newer, "V202801"))
    assert {path: stamps(store)[path] for path in before} == before
    same(read(store), expected(newer))
    same(read(store, release=RELEASE), expected())
    with pytest.raises(StoreError, match=r"no flows of HS17 V202701; there are HS92 V202701, HS92"):
        read(store, revision="HS17", release=RELEASE)


def test_a_corrected_archive_replaces_its_years(tmp_path, archive):
    store = Store(tmp_path / "store")
    put_in(store, archive)
    newer = FLOWS.assign(value_usd=FLOWS["value_usd"] + 1_000)
    written, _ = put_in(store, archived(tmp_path, newer))
    assert len(written) == 2
    same(read(store), expected(newer))


def test_an_import_that_was_stopped_goes_on_where_it_was(tmp_path, archive, monkeypatch):
    store = Store(tmp_path / "store")
    sort = baci_store._sort

    def killed(unsorted, made, work, place):
        if "2023" in place:
            raise KeyboardInterrupt
        sort(unsorted, made, work, place)

    monkeypatch.setattr(baci_store, "_sort", killed)
    with pytest.raises(KeyboardInterrupt):
        put_in(store, archive)
    same(read(store), expected(FLOWS[FLOWS["year"] == 2022]))
    assert not (store.folder / "unfinished").exists()
    monkeypatch.undo()
    _, notes = put_in(store, archive)
    assert [note.rsplit(": ", 1)[1] == "already there" for note in notes] == [True, False]
    same(read(store), expected())


def test_a_damaged_file_is_found_and_written_anew(tmp_path, archive):
    store = Store(tmp_path / "store")
    put_in(store, archive)
    partition = Partition("HS92", RELEASE, 2022)
    store.file(partition).write_bytes(b"PAR1")
    written, _ = put_in(store, archive)
    assert written == [partition]
    same(read(store), expected())


YEAR = year_name(2022)
FAULTS = {
    "no year": ({"readme.txt": "x"}, "no member is called as BACI's are"),
    "no country table": ({YEAR: "t,i,j,k,v,q\n"}, "no member country_codes_V202701.csv"),
    "another year": (
        {codes_name(): archives.countries(), YEAR: "t,i,j,k,v,q\n2021,156,392,280530,1,1\n"},
        "a row is of the year '2021'",
    ),
    "a flow twice": (
        {codes_name(): archives.countries(),
         YEAR: "t,i,j,k,v,q\n2022,156,392,280530,1,1\n2022,156,392,280530,2,1\n"},
        "two rows for 2022 CHN JPN 280530",
    ),
    "two releases": (
        {YEAR: "t\n", year_name(2023, "V202801"): "t\n"},
        "one revision and release, this one has HS92 V202701, HS92 V202801",
    ),
    "no column": (
        {codes_name(): archives.countries(), YEAR: "t,i,j,k,v\n2022,156,392,280530,1\n"},
        "0 columns 'q'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_an_archive_is_named_and_nothing_is_written(tmp_path, fault):
    members, message = FAULTS[fault]
    path = tmp_path / "archive.zip"
    path.write_bytes(zipped(members))
    store = Store(tmp_path / "store")
    with pytest.raises(StoreError, match=message) as caught:
        put_in(store, path)
    assert str(path) in str(caught.value)
    assert store.entries() == {}
    assert list(store.folder.rglob("*.parquet")) == []


def test_a_flow_that_comes_again_in_another_piece_is_found(tmp_path, monkeypatch):
    from rareearths.sources import archive as reader

    monkeypatch.setattr(reader, "BLOCK", 60)
    lines = [f"2022,156,392,28{n:04d},1.0,1.0" for n in range(20)]
    text = "\n".join(["t,i,j,k,v,q", *lines, lines[0]]) + "\n"
    path = tmp_path / "archive.zip"
    path.write_bytes(zipped({codes_name(): archives.countries(), YEAR: text}))
    with pytest.raises(StoreError, match="the flow CHN JPN 280000 is there twice"):
        put_in(Store(tmp_path / "store"), path)


def test_partners_that_are_no_economy_are_told_once_a_year(tmp_path, monkeypatch):
    from rareearths.sources import archive as reader

    monkeypatch.setattr(reader, "BLOCK", 60)
    lines = [f"2022,899,392,28{n:04d},1.0,1.0" for n in range(10)]
    text = "\n".join(["t,i,j,k,v,q", *lines, "2022,156,392,280530,1,1"]) + "\n"
    path = tmp_path / "archive.zip"
    codes = archives.countries() + "899,Areas nes,XX,N/A\n"
    path.write_bytes(zipped({codes_name(): codes, YEAR: text}))
    store = Store(tmp_path / "store")
    _, notes = put_in(store, path)
    assert notes[0] == (
        "2022: BACI: 10,000 US$ of partners that are no economy of ours, left out: 899 N/A"
    )
    assert len(notes) == 2
    assert len(read(store)) == 1


def test_what_is_no_archive_is_named(tmp_path):
    path = tmp_path / "archive.zip"
    path.write_bytes(b"PK no zip")
    with pytest.raises(StoreError, match="is no whole zip archive"):
        put_in(Store(tmp_path / "store"), path)
    with pytest.raises(StoreError, match=r"none\.zip: No such file"):
        put_in(Store(tmp_path / "store"), tmp_path / "none.zip")


def test_two_imports_at_once_are_refused(tmp_path, archive):
    store = Store(tmp_path / "store")
    with store.writing(), pytest.raises(StoreError, match="another import writes"):
        put_in(Store(tmp_path / "store"), archive)


def test_a_list_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "store.json").write_text("{", encoding="utf-8")
    with pytest.raises(StoreError, match=r"store\.json cannot be read"):
        Store(tmp_path).entries()


def test_from_the_command_line(tmp_path, archive):
    done = run_cli("data", "import", "baci", str(archive), "--store", str(tmp_path / "store"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"2 years written: {tmp_path / 'store'}"
    refused = run_cli("data", "import", "baci", str(tmp_path / "none.zip"), "--store",
                      str(tmp_path / "other"))  # fmt: skip
    assert refused.returncode == 2
    assert refused.stderr.startswith("rareearths: ")
    assert "No such file" in refused.stderr


# Opening.


def test_an_archive_is_imported_once_and_opened(archive, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = engine.compute(engine.open_flows(archive)).sort_values(ORDER, ignore_index=True)
    same(first, expected())
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    assert len(before) == 2
    engine.open_flows(archive)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")} == before


def test_a_database_is_opened_by_its_address(tmp_path):
    import duckdb

    with duckdb.connect(str(tmp_path / "flows.db")) as database:
        database.execute("create table traded as select * from read_parquet(?)",
                         [str(ROOT / "data/trade/baci_minerals.parquet")])  # fmt: skip
    flows = engine.open_flows(f"duckdb://{tmp_path / 'flows.db'}", table="traded")
    assert len(engine.compute(flows)) == len(trade.load_flows())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "nothing", "is no file and no folder"),
        (lambda folder: folder, "holds no Parquet file"),
        (lambda folder: written(folder, year=["2024"]), "year is string, not integer"),
        (lambda folder: written(folder, exporter=[1]), "exporter is int64, not string"),
    ],
)
def test_what_holds_no_flows_is_named(tmp_path, make, message):
    with pytest.raises(StoreError, match=message):
        engine.open_flows(make(tmp_path))


def test_a_lacking_column_is_named_with_those_there_are(tmp_path):
    path = tmp_path / "flows.parquet"
    pd.DataFrame({"year": [2024], "exporter": ["CHN"]}).to_parquet(path)
    with pytest.raises(StoreError, match="no column 'importer'; there are year, exporter"):
        trade.open_flows(path)


def written(folder, **changed):
    row = {"year": [2024], "exporter": ["CHN"], "importer": ["JPN"], "product": ["280530"],
           "value_usd": [1], "quantity_t": [1.0]}  # fmt: skip
    pd.DataFrame(row | changed).to_parquet(folder / "flows.parquet")
    return folder / "flows.parquet"


def test_an_unknown_engine_is_named(archive):
    with pytest.raises(StoreError, match="engine 'oracle' does not answer"):
        trade.open_flows(archive, "oracle")


def test_only_the_years_asked_for_are_read(tmp_path, archive):
    store = Store(tmp_path / "store")
    put_in(store, archive)
    store.file(Partition("HS92", RELEASE, 2023)).write_bytes(b"no Parquet at all, it is not read")
    flows = engine.open_flows(store.folder)
    same(
        engine.compute(flows.filter(flows.year == 2022)).sort_values(ORDER, ignore_index=True),
        expected(FLOWS[FLOWS["year"] == 2022]),
    )
    with pytest.raises(StoreError, match=r"the engine failed: .*2023"):
        engine.compute(flows)


def test_an_answer_is_written_whole_or_the_earlier_one_stays(tmp_path, archive):
    store, file = Store(tmp_path / "store"), tmp_path / "answer.parquet"
    put_in(store, archive)
    flows = engine.open_flows(store.folder)
    engine.write(flows, file)
    same(pd.read_parquet(file).sort_values(ORDER, ignore_index=True), expected())
    before = file.read_bytes()
    store.file(Partition("HS92", RELEASE, 2023)).write_bytes(b"no Parquet at all")
    with pytest.raises(StoreError, match=r"answer\.parquet is not written: .*2023"):
        engine.write(flows, file)
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if "new" in path.name] == []


def test_the_manifest_names_no_place_of_this_machine(tmp_path, archive):
    store = Store(tmp_path / "store")
    put_in(store, archive)
    text = (store.folder / "store.json").read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    assert json.loads(text)["partitions"][0]["year"] == 2022
