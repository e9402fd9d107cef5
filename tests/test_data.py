"""The data: described, as described, and a check that sees every planted fault."""

import hashlib
import json
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from frictionless import Package

from rareearths import build, catalogue, check

DATA = Path(__file__).parents[1] / "data"
BACI = DATA / "trade/baci_minerals.parquet"
STABILITY = "governance/political_stability.csv"
RESOURCES = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))["resources"]
NAMES = [resource["name"] for resource in RESOURCES]
each_resource = pytest.mark.parametrize("resource", RESOURCES, ids=NAMES)


@pytest.fixture(scope="module")
def flows():
    return pq.read_table(BACI).to_pandas()


def run_check(folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "rareearths", "data", "check"],
        env=os.environ | {"RAREEARTHS_DATA": str(folder)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


# The check passes on the good data and sees every planted fault.


def test_the_bundled_data_are_good():
    assert check.check_all() == []


def test_the_command_line_says_so():
    done = run_check(DATA)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{len(RESOURCES)} tables checked, all good\n"


def replaced(path, row, old, new):
    """Plant a fault: other bytes in one row (header = 1) of a file."""

    def plant(data):
        lines = (data / path).read_bytes().split(b"\n")
        assert old in lines[row - 1]
        lines[row - 1] = lines[row - 1].replace(old, new, 1)
        (data / path).write_bytes(b"\n".join(lines))

    return plant


def rows_of(path, change):
    """Plant a fault: other rows (a list of lines without the header) in a file."""

    def plant(data):
        header, *rows = (data / path).read_text(encoding="utf-8").splitlines()
        text = "\n".join([header, *change(rows)]) + "\n"
        (data / path).write_text(text, encoding="utf-8")

    return plant


def described(name, change):
    """Plant a fault: another description of a table."""

    def plant(data):
        descriptor = data / "datapackage.json"
        package = json.loads(descriptor.read_text(encoding="utf-8"))
        change(next(r for r in package["resources"] if r["name"] == name))
        descriptor.write_text(json.dumps(package), encoding="utf-8")

    return plant


def without_unit(resource):
    (field,) = (f for f in resource["schema"]["fields"] if f["name"] == "estimate")
    del field["unit"]


def in_trade(row, column, value):
    """Plant a fault: another value in one row (header = 1) of the trade table."""

    def plant(data):
        path = data / "trade/baci_minerals.parquet"
        rows = pd.read_parquet(path)
        rows.loc[row - 2, column] = value
        rows.to_parquet(path, index=False)

    return plant


def trade_key_twice(data):
    path = data / "trade/baci_minerals.parquet"
    rows = pd.read_parquet(path)
    pd.concat([rows, rows.iloc[[0]]]).to_parquet(path, index=False)


LAST = 5336 + 1  # row of the last economy and year of political_stability in its file
QUOTA_ROW = 30  # chn-ree-quota-2011h1, in effect from 2011-01-01 to 2011-06-30
FAULTS = {
    "wrong hash": (
        described("colours", lambda r: r.update(hash="sha256:" + "0" * 64)),
        ("colours", None, "hash"),
    ),
    "missing required number": (
        replaced(STABILITY, 2, b"0.993218", b""),
        ("political_stability", 2, "required"),
    ),
    "missing required text": (
        replaced("reference/colours.csv", 4, b"#56b4e9", b""),
        ("colours", 4, "required"),
    ),
    "missing required flag": (
        replaced("reference/economies.csv", 2, b"false,false,false", b",false,false"),
        ("economies", 2, "required"),
    ),
    "unknown code": (
        replaced("reference/colours.csv", 3, b"JPN", b"XXX"),
        ("colours", 3, "foreign key"),
    ),
    "unknown code in trade": (
        in_trade(500_000, "importer", "XXX"),
        ("baci_minerals", 500_000, "foreign key"),
    ),
    "duplicate key": (
        rows_of(STABILITY, lambda rows: [*rows, rows[0]]),
        ("political_stability", LAST + 1, "primary key"),
    ),
    "duplicate key in trade": (
        trade_key_twice,
        ("baci_minerals", 691_086 + 2, "primary key"),
    ),
    "text in a number": (
        replaced(STABILITY, 2, b"0.993218", b"about 1"),
        ("political_stability", 2, "type"),
    ),
    "fraction in an integer": (
        replaced(STABILITY, 3, b"2005", b"2005.5"),
        ("political_stability", 3, "type"),
    ),
    "other word in a flag": (
        replaced("reference/economies.csv", 2, b"false", b"no"),
        ("economies", 2, "constraint"),
    ),
    "share above 1": (
        replaced("trade/published_shares.csv", 3, b"0.66", b"1.66"),
        ("published_shares", 3, "constraint"),
    ),
    "negative value in trade": (
        in_trade(7, "value_usd", -1),
        ("baci_minerals", 7, "constraint"),
    ),
    "text not of its pattern": (
        replaced("reference/colours.csv", 2, b"#d55e00", b"d55e00"),
        ("colours", 2, "constraint"),
    ),
    "unit missing": (
        described("political_stability", without_unit),
        ("political_stability", None, "unit"),
    ),
    "source missing": (
        described("colours", lambda r: r.pop("sources")),
        ("colours", None, "description"),
    ),
    "how often it is updated missing": (
        described("colours", lambda r: r.pop("updated")),
        ("colours", None, "description"),
    ),
    "updated in an unknown rhythm": (
        described("baci_minerals", lambda r: r.update(updated="now and then")),
        ("baci_minerals", None, "description"),
    ),
    "row without a source": (
        rows_of(
            "policy/sources.csv",
            lambda rows: [re.sub(r"https?://[^,]*", "", rows[0], count=1), *rows[1:]],
        ),
        ("policy_sources", 2, "required"),
    ),
    "source empty": (
        described("colours", lambda r: r.update(sources=[])),
        ("colours", None, "description"),
    ),
    "date out of order": (
        replaced("policy/events.csv", QUOTA_ROW, b"2011-06-30", b"2010-06-30"),
        ("policy_events", QUOTA_ROW, "date order"),
    ),
    "row dropped": (
        rows_of("reference/colours.csv", lambda rows: rows[:-1]),
        ("colours", None, "rows"),
    ),
    "broken encoding": (
        replaced("trade/published_shares.csv", 9, b"Destatis", b"D\xe9statis"),
        ("published_shares", 9, "encoding"),
    ),
    "column renamed": (
        replaced("reference/colours.csv", 1, b"colour", b"color"),
        ("colours", None, "columns"),
    ),
    "file missing": (
        lambda data: (data / "reference/colours.csv").unlink(),
        ("colours", None, "file"),
    ),
    "trade file cut short": (
        lambda data: os.truncate(data / "trade/baci_minerals.parquet", 5_000_000),
        ("baci_minerals", None, "format"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(data, fault):
    plant, (table, row, rule) = FAULTS[fault]
    plant(data)
    problems = check.check_all()
    assert (table, row, rule) in [(p.table, p.row, p.rule) for p in problems]
    # One fault: one table, one rule, beside the hash and the row count that change with it.
    assert {p.table for p in problems} == {table}
    assert {p.rule for p in problems} <= {rule, "hash", "rows"}


def test_an_event_without_a_page_is_found(data):
    event = "chn-7ree-licensing-2025"
    rows_of("policy/sources.csv", lambda rows: [r for r in rows if not r.startswith(event)])(data)
    events = (data / "policy/events.csv").read_text(encoding="utf-8").splitlines()
    (row,) = (i for i, line in enumerate(events, 1) if line.startswith(event))
    found = [(p.table, p.row, p.rule) for p in check.check_all()]
    assert ("policy_events", row, "referred by") in found


PARENT_FAULTS = {
    "file missing": (lambda data: (data / "reference/economies.csv").unlink(), None, "file"),
    "broken encoding": (
        replaced("reference/economies.csv", 4, b"Angola", b"Ang\xf4la"),
        4,
        "encoding",
    ),
    "column renamed": (
        replaced("reference/economies.csv", 1, b"economy", b"country"),
        None,
        "columns",
    ),
}


@pytest.mark.parametrize("fault", PARENT_FAULTS)
def test_a_fault_in_a_table_that_others_refer_to_is_found(data, fault):
    plant, row, rule = PARENT_FAULTS[fault]
    plant(data)
    found = [(p.table, p.row, p.rule) for p in check.check_all()]
    assert ("economies", row, rule) in found


UNREADABLE = {
    "empty file": lambda data: (data / "reference/colours.csv").write_bytes(b""),
    "a comma too many": replaced("reference/colours.csv", 2, b"Vermilion", b"Vermilion, red"),
    "a quote not closed": replaced("reference/colours.csv", 2, b"Vermilion", b'"Vermilion'),
    "infinite number": replaced(STABILITY, 2, b"0.425198", b"inf"),
}


@pytest.mark.parametrize("fault", UNREADABLE)
def test_a_file_that_cannot_be_read_is_a_problem_not_a_crash(data, fault):
    UNREADABLE[fault](data)
    problems = check.check_all()
    tables = {"colours", "political_stability"}
    assert [p for p in problems if p.table in tables and p.rule not in ("hash", "rows")]


def test_a_blank_line_does_not_shift_the_row_numbers(data):
    rows_of("reference/colours.csv", lambda rows: [rows[0], "", *rows[1:]])(data)
    replaced("reference/colours.csv", 5, b"#56b4e9", b"56b4e9")(data)
    found = [(p.table, p.row, p.rule) for p in check.check_all()]
    assert ("colours", 5, "constraint") in found


def test_at_most_five_rows_of_a_broken_rule_are_shown(data):
    rows_of(STABILITY, lambda rows: [r.rsplit(",", 1)[0] + ",2" for r in rows[:8]])(data)
    problems = [p for p in check.check_all() if p.rule == "constraint"]
    assert [p.row for p in problems] == [2, 3, 4, 5, 6, None]
    assert "3 more rows" in problems[-1].message


@pytest.mark.parametrize("fault", ["share above 1", "unknown code", "file missing"])
def test_the_command_line_fails_and_prints_the_fault(data, fault):
    plant, (table, row, rule) = FAULTS[fault]
    plant(data)
    done = run_check(data)
    place = table if row is None else f"{table}, row {row}"
    assert done.returncode == 1
    assert any(line.startswith(f"{place}: {rule}: ") for line in done.stdout.splitlines())
    assert done.stdout.splitlines()[-1].startswith(f"{len(RESOURCES)} tables checked, ")
    assert "Traceback" not in done.stderr


# The catalogue describes everything.


# Their publishers' rows may not be bundled; the schema says what a refresh brings.
FILLED_BY_A_REFRESH = {"mirror_months", "monthly_imports", "reported_exports"}


@each_resource
def test_a_table_is_fully_described(resource):
    for key in ("title", "description", "sources", "licenses", "accessed", "hash"):
        assert resource[key], key
    assert (resource["rows"] == 0) == (resource["name"] in FILLED_BY_A_REFRESH)
    assert resource["schema"]["primaryKey"]
    assert all(source["title"] for source in resource["sources"])
    assert all(licence["name"] and licence["title"] for licence in resource["licenses"])
    assert date.fromisoformat(resource["accessed"]) >= date(2026, 1, 1)
    for field in resource["schema"]["fields"]:
        assert field["description"], field["name"]
        assert (field["type"] in ("number", "integer")) == bool(field.get("unit")), field["name"]


@each_resource
def test_a_file_is_what_its_hash_says(resource):
    content = (DATA / resource["path"]).read_bytes()
    assert resource["hash"] == "sha256:" + hashlib.sha256(content).hexdigest()
    assert resource["bytes"] == len(content)


def test_every_file_is_described_and_every_description_has_a_file():
    files = {p.relative_to(DATA).as_posix() for p in DATA.rglob("*") if p.is_file()}
    files = {file for file in files if not file.startswith("raw/")}  # copies of a refresh
    described_paths = {resource["path"] for resource in RESOURCES}
    assert files - {"README.md", "datapackage.json"} == described_paths
    assert len(described_paths) == len(RESOURCES)


def test_the_codebook_names_every_table_and_variable():
    codebook = (DATA / "README.md").read_text(encoding="utf-8")
    for resource in RESOURCES:
        section = codebook.split(f"\n## {resource['name']}\n")[1].split("\n## ")[0]
        assert f"`{resource['path']}`" in section
        for field in resource["schema"]["fields"]:
            assert f"| `{field['name']}` |" in section, (resource["name"], field["name"])


CSV = [resource for resource in RESOURCES if resource["path"].endswith(".csv")]


@pytest.mark.parametrize("resource", CSV, ids=[r["name"] for r in CSV])
def test_frictionless_agrees(resource):
    """An independent reading of the same schema, hash, row count and foreign keys."""
    package = Package({"name": "csv", "resources": CSV}, basepath=str(DATA))
    report = package.get_resource(resource["name"]).validate()
    assert report.flatten(["rowNumber", "type", "note"]) == []
    assert report.stats["tasks"] == 1


def test_frictionless_reads_the_whole_descriptor():
    package = Package(str(DATA / "datapackage.json"))
    assert package.resource_names == NAMES


# What the tables hold.


def test_parquet_is_small():
    assert BACI.stat().st_size <= 10_000_000


def test_missing_quantities_are_missing_and_none_is_zero(flows):
    groups = pq.ParquetFile(BACI).metadata
    column = groups.schema.names.index("quantity_t")
    nulls = sum(
        groups.row_group(i).column(column).statistics.null_count
        for i in range(groups.num_row_groups)
    )
    assert nulls == flows["quantity_t"].isna().sum() == 46_619
    assert catalogue.load("baci_minerals")["quantity_t"].isna().sum() == nulls
    assert flows["quantity_t"].min() > 0


def test_values_are_positive_and_every_year_is_there(flows):
    assert flows["value_usd"].min() > 0
    assert sorted(flows["year"].unique()) == list(range(1995, 2025))
    assert not (flows["exporter"] == flows["importer"]).any()


@pytest.mark.parametrize(
    ("economy", "year"),
    [(code, 2023) for code in ("FRA", "USA", "IND", "TWN", "CHE", "NOR")]
    + [("BEL", 1996), ("BEL", 2023), ("ZAF", 1996), ("SDN", 2005)],
)
def test_economies_with_a_code_of_their_own_in_baci_trade(flows, economy, year):
    in_year = flows[flows["year"] == year]
    assert (in_year["importer"] == economy).any()
    assert (in_year["exporter"] == economy).any()


def test_trade_and_products_know_the_same_codes(flows):
    products = pd.read_csv(DATA / "reference/products.csv", dtype="str")
    materials = pd.read_csv(DATA / "reference/materials.csv", dtype="str")
    assert set(flows["product"]) == set(products["hs6"])
    assert set(products["material"]) == set(materials["material"])


def test_world_mine_production_is_positive_in_every_year():
    rows = pd.read_csv(DATA / "supply/mine_production.csv")
    world = rows.groupby(["material", "year"])["quantity_t"].sum()
    materials = pd.read_csv(DATA / "reference/materials.csv").dropna(subset=["wmd_material"])
    every = pd.MultiIndex.from_product([materials["material"], range(2018, 2025)])
    assert set(world.index) == set(every)
    assert world.gt(0).all()


def test_political_stability_is_normalised_as_described():
    rows = pd.read_csv(DATA / STABILITY, keep_default_na=False)
    expected = ((2.5 - rows["estimate"]) / 5).clip(0, 1)
    assert (rows["normalised"] - expected).abs().max() <= 1e-6  # both are rounded to 6 decimals
    assert sorted(set(range(1996, 2025)) - set(rows["year"])) == [1997, 1999, 2001]
    assert "GUY" not in set(rows["economy"])


def test_published_shares_run_forward_in_time():
    rows = pd.read_csv(DATA / "trade/published_shares.csv")
    assert (rows["start_year"] <= rows["end_year"]).all()


# Sealing and writing.


def test_sealing_twice_changes_nothing(data):
    before = (data / "datapackage.json").read_bytes()
    assert build.seal() == []
    assert (data / "datapackage.json").read_bytes() == before
    assert build.seal() == []
    assert (data / "datapackage.json").read_bytes() == before


def test_sealing_takes_over_a_deliberate_change_only(data):
    replaced("reference/colours.csv", 2, b"Vermilion", b"Orange red")(data)
    assert [(p.table, p.rule) for p in check.check_all()] == [("colours", "hash")]
    assert build.seal(["products"]) == []
    assert build.seal() == ["colours"]
    assert check.check_all() == []
    assert build.seal() == []


def synthetic() -> pd.DataFrame:
    """Make a synthetic table with each type, a missing value and letters beyond ASCII."""
    return pd.DataFrame(
        {
            "name": ["b", "日本", None],
            "year": [2001, 2002, 2003],
            "quantity_t": [0.1, None, 3.5],
            "flag": [True, False, True],
        }
    )


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_writing_twice_gives_the_same_bytes(tmp_path, ending):
    first, second = tmp_path / f"first/rows.{ending}", tmp_path / f"second/rows.{ending}"
    for path in (first, second, second):
        build.write(synthetic(), path)
    assert first.read_bytes() == second.read_bytes()
    assert [p.name for p in second.parent.iterdir()] == [second.name]


def test_what_is_written_is_what_is_read(tmp_path):
    build.write(synthetic(), tmp_path / "rows.csv")
    expected = "name,year,quantity_t,flag\nb,2001,0.1,true\n日本,2002,,false\n,2003,3.5,true\n"
    assert (tmp_path / "rows.csv").read_bytes() == expected.encode()
    build.write(synthetic(), tmp_path / "rows.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "rows.parquet"), synthetic())


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "rows.csv"
    build.write(synthetic(), path)
    before = path.read_bytes()

    def fail(frame, target, **kwargs):
        target.write_text("half of it")
        raise OSError("disk full")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fail)
    with pytest.raises(OSError, match="disk full"):
        build.write(synthetic(), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["rows.csv"]
