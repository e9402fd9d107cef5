"""Questions to all the world: the library's own answers, the same on DuckDB and on a cluster."""

import os
import sys
import threading
import time

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from cluster import Cluster
from conftest import ROOT
from rareearths import catalogue, hubs, mirror, risk, trade
from rareearths.risk import geodep, index_cells
from rareearths.scale import engine, world

BUNDLED = ROOT / "data/trade/baci_minerals.parquet"
TEXTS = ("importer", "exporter", "product", "supplier", "material", "year")


@pytest.fixture(scope="module")
def flows():
    return engine.open_flows(BUNDLED)


def memtable(rows: pd.DataFrame) -> ibis.Table:
    return ibis.memtable(pa.Table.from_pandas(rows, preserve_index=False))


def answer(question) -> pd.DataFrame:
    rows = engine.compute(question)
    by = [name for name in rows.columns if name in TEXTS]
    return rows.sort_values(by, ignore_index=True)


# The library's own answers.


@pytest.mark.parametrize("basis", ["value", "tonnes"])
def test_concentration_is_that_of_the_library(flows, basis):
    found = answer(world.concentration(flows, basis)).set_index(["importer", "product", "year"])
    for importer, code in (("JPN", "284690"), ("USA", "811230"), ("DEU", "280530")):
        own = risk.concentration(trade.load_flows(importer, products=code), basis)
        these = found.loc[importer, code]
        years = own.index.intersection(these.index)
        assert set(own.index) == set(these.index)
        np.testing.assert_allclose(these.loc[years, "hhi"], own.loc[years, "hhi"], rtol=1e-12)
        assert (these.loc[years, "suppliers"] == own.loc[years, "suppliers"]).all()


def test_an_unknown_basis_is_named(flows):
    with pytest.raises(ValueError, match="basis 'kilograms'"):
        world.concentration(flows, "kilograms")


def test_the_screen_is_geodep_for_every_importer_and_code(flows):
    rows = index_cells.load_flows((2022, 2024))
    own = geodep.screen(rows, 2024, sorted(set(rows["importer"])))
    found = answer(world.dependency_screen(flows, 2024))
    own = own.sort_values(["importer", "product"], ignore_index=True)
    assert len(found) == len(own) > 4000
    assert found[["importer", "product"]].equals(own[["importer", "product"]].astype("str"))
    for name in ("value_usd", "import_hhi", "world_hhi", "ratio"):
        np.testing.assert_allclose(found[name], own[name].astype(float), rtol=1e-12)
    for name in ("met", "years_met", "flagged"):
        assert (found[name] == own[name]).all(), name


@pytest.mark.parametrize(
    ("material", "code", "importer"), [("antimony", "261710", None), ("bismuth", "810600", "USA")]
)
def test_the_transshipment_scan_is_that_of_the_library(flows, material, code, importer):
    own = hubs.scan(hubs.load_market(importer, "CHN"), material, 2019, 3)
    found = answer(world.transshipment_scan(flows, "CHN", 2019, importer))
    found = found[found["product"] == code].set_index("supplier")
    found = found[~found.index.isin(hubs.producers(material))]
    own = own.set_index("supplier")
    assert set(found.index) == set(own.index)
    assert own["flagged"].any()
    found = found.loc[own.index]
    for name in ("before_usd", "after_usd", "share_before", "share_after", "bought_after_usd"):
        np.testing.assert_allclose(found[name], own[name], rtol=1e-12)
    for name in ("flagged", "fed"):
        assert (found[name] == own[name]).all(), name


def test_years_after_are_one_to_three(flows):
    with pytest.raises(ValueError, match="years_after is 4, not 1, 2 or 3"):
        world.transshipment_scan(flows, "CHN", 2019, years_after=4)


def test_criticality_is_geopolrisk_for_every_importer_and_material(flows):
    found = answer(world.criticality(flows, *tables_of_criticality()))
    assert len(found) > 20_000
    for row in found.sample(120, random_state=1).itertuples():
        own = risk.geopolrisk(row.material, row.importer, row.year)
        assert (row.score, row.hhi) == pytest.approx((own.score, own.hhi), rel=1e-12)


def tables_of_criticality() -> list:
    codes = catalogue.load("products")[["hs6", "material"]].rename(columns={"hs6": "product"})
    mined = catalogue.load("mine_production")[["material", "economy", "year", "quantity_t"]]
    stable = catalogue.load("political_stability")
    stable = stable[~stable["economy"].isin(risk.UNRATED)].dropna(subset=["normalised"])
    stable = stable[["economy", "year", "normalised"]].rename(columns={"normalised": "instability"})
    return [memtable(plain(rows)) for rows in (codes, mined, stable)]


def plain(rows: pd.DataFrame) -> pd.DataFrame:
    years = {"year": "int64"} if "year" in rows else {}
    return rows.dropna(subset=["year"] if years else []).astype(years)


def test_a_gap_is_that_of_the_library():
    rows = answer(world.mirror_scan(*map(memtable, STATED), 0.06))
    gaps = rows.set_index("exporter")["gap"]
    assert gaps["CHN"] == pytest.approx(mirror.log_gap(106.0, 120.0, 0.06), rel=1e-12)
    assert gaps[["EST", "VNM", "MYS"]].isna().all()  # zero, or stated by one side


def test_layers_of_a_network_by_hand():
    rows = pd.DataFrame(
        [("A", "B", 6.0), ("A", "C", 2.0), ("B", "C", 2.0), ("C", "C", 9.0), ("D", "A", 0.0)],
        columns=["exporter", "importer", "value_usd"],
    ).assign(year=2024, product="280530", quantity_t=1.0)
    (row,) = answer(world.network_layers(memtable(rows))).itertuples()
    assert (row.links, row.exporters, row.importers, row.value_usd) == (3, 2, 2, 10.0)
    assert row.density == pytest.approx(3 / (3 * 2))
    assert row.exporter_hhi == pytest.approx(0.8**2 + 0.2**2)
    assert row.importer_hhi == pytest.approx(0.6**2 + 0.4**2)


# The same on a cluster.


def stated(*rows) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["exporter", "value_usd"])
    return table.assign(year=2024, importer="USA", product="280530", quantity_t=1.0)


STATED = (
    stated(("CHN", 106.0), ("EST", 0.0), ("MYS", 5.0)),
    stated(("CHN", 120.0), ("EST", 7.0), ("VNM", 3.0)),
)


def made() -> pd.DataFrame:
    """Invented flows with zeros, missing weights, ties, and goods of one supplier alone."""
    random, names = np.random.default_rng(1), [f"E{n:02d}" for n in range(12)]
    grid = pd.MultiIndex.from_product(
        [range(2015, 2025), names, names, ["280530", "284690", "850511"]],
        names=["year", "exporter", "importer", "product"],
    ).to_frame(index=False)
    grid = grid[grid["exporter"] != grid["importer"]].sample(frac=0.6, random_state=1)
    value = random.integers(0, 4, len(grid)) * 1_000_000.0  # many zeros, many ties
    weight = np.where(random.random(len(grid)) < 0.3, np.nan, random.integers(0, 3, len(grid)))
    rows = grid.assign(value_usd=value, quantity_t=weight)
    lone = rows.tail(1).assign(product="811230", value_usd=5.0, quantity_t=np.nan)
    return pd.concat([rows, lone], ignore_index=True)


@pytest.fixture(scope="module")
def parquet(tmp_path_factory):
    """The invented flows, a file a year, in folders that name it."""
    folder = tmp_path_factory.mktemp("flows")
    for year, rows in made().groupby("year"):
        (folder / f"year={year}").mkdir()
        rows.drop(columns="year").to_parquet(folder / f"year={year}" / "flows.parquet")
    return folder


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("spark")) as running:
        before = {name: os.environ.get(name) for name in running.environment}
        os.environ.update(running.environment)
        backend = engine.connect(running.url)
        yield running, backend
        backend.disconnect()
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


QUESTIONS = {
    "concentration": world.concentration,
    "concentration by tonnes": lambda flows: world.concentration(flows, "tonnes"),
    "dependency screen": lambda flows: world.dependency_screen(flows, 2024),
    "transshipment": lambda flows: world.transshipment_scan(flows, "E03", 2019),
    "transshipment to one": lambda flows: world.transshipment_scan(flows, "E03", 2021, "E01", 2),
    "network layers": world.network_layers,
    "criticality": lambda flows: world.criticality(flows, *invented_of_criticality()),
    "mirror scan": lambda flows: world.mirror_scan(
        flows.filter(flows.exporter < "E06"), flows.filter(flows.importer < "E09")
    ),
}


def invented_of_criticality() -> list:
    codes = pd.DataFrame({"product": ["280530", "284690"], "material": ["rare_earths"] * 2})
    mined = pd.DataFrame(
        [("rare_earths", "E00", year, 5.0) for year in range(2015, 2025)]
        + [("rare_earths", "E01", year, 5.0 * (year > 2019)) for year in range(2015, 2025)],
        columns=["material", "economy", "year", "quantity_t"],
    )
    rated = pd.DataFrame(
        {"economy": ["E00", "E02"], "year": [2024, 2024], "instability": [0.2, 0.8]}
    )
    return [memtable(rows) for rows in (codes, mined, rated)]


@pytest.mark.parametrize("question", QUESTIONS)
def test_both_engines_give_the_same_answer(parquet, cluster, question):
    ask, (_, backend) = QUESTIONS[question], cluster
    here = answer(ask(engine.open_flows(parquet)))
    there = answer(ask(engine.open_flows(parquet, backend)))
    assert len(here) > 0
    pd.testing.assert_frame_equal(here, there, check_dtype=False, rtol=1e-12)


def test_the_answers_hold_zeros_missing_values_and_ties(parquet):
    """Else the comparison above would not be about them."""
    rows = made()
    assert (rows["value_usd"] == 0).any()
    assert rows["quantity_t"].isna().any()
    gaps = answer(QUESTIONS["mirror scan"](engine.open_flows(parquet)))
    assert gaps["gap"].isna().any()
    largest = answer(world.concentration(engine.open_flows(parquet)))
    assert (largest["suppliers"] * largest["largest"] == 1).any()  # all alike


def test_a_cluster_answers_right_when_a_worker_is_killed_in_the_middle(parquet, cluster):
    running, backend = cluster
    flows = engine.open_flows(parquet, backend)
    wanted = answer(world.network_layers(engine.open_flows(parquet)))
    answers, tracker = [], backend._session.sparkContext.statusTracker()
    thread = threading.Thread(target=lambda: answers.append(answer(world.network_layers(flows))))
    thread.start()
    ends = time.monotonic() + 120
    while not (stages := tracker.getActiveStageIds()) and time.monotonic() < ends:
        time.sleep(0.002)
    assert stages, "the query was at work"
    running.kill("second")
    assert thread.is_alive(), "and was not done when the worker was killed"
    thread.join(300)
    pd.testing.assert_frame_equal(answers[0], wanted, check_dtype=False, rtol=1e-12)
    left = backend._session.sparkContext._jsc.sc().getExecutorMemoryStatus().size()
    assert left == 2, "the driver and one executor"


def test_what_an_engine_needs_is_named(monkeypatch):
    monkeypatch.delattr(sys, "ps1", raising=False)  # of a shell that another test has started
    with pytest.raises(engine.StoreError, match=r"is not installed|does not answer") as caught:
        engine.connect("sc://127.0.0.1:9")
    assert "engine 'sc://127.0.0.1:9'" in str(caught.value)
