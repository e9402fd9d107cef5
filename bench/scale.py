"""Flows of the size of BACI, made up here, asked by this library and by hand-written queries.

The rows are synthetic: they have the shape of the world's trade and none of its figures, lie in a
folder that is removed at the end, and never beside real data.
"""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

from bench import commands, data
from bench.figures import Bench, Figure
from bench.project import ROOT

TITLE = "Flows at the size of BACI"
TELLS = (
    "Synthetic flows: 230 importers, 2,900 products, ten suppliers each, by year; 200 million rows "
    "are thirty years. Concentration is the HHI of every importer, product and year, written to a "
    "file; the peers compute the same by SQL written by hand for DuckDB, with the same limit of "
    "memory, and by Polars with its streaming engine. Each question is a process of its own; the "
    "page cache is warm."
)
IMPORTERS, PRODUCTS, SUPPLIERS = 230, 2_900, 10
YEARS = {"20 million": range(2022, 2025), "200 million": range(1995, 2025)}
STREAMING = "Polars 2.1.0, streaming"
REQUIREMENTS = Path(__file__).with_name("requirements-scale.txt")
GB = 1e9

# In the order of the store: by importer and product.
_ROWS = f"""
    SELECT printf('S%03d', (cell * 7 + supplier * 23) % {IMPORTERS}) AS exporter,
        printf('S%03d', cell // {PRODUCTS}) AS importer,
        printf('%06d', cell % {PRODUCTS}) AS product,
        (1 + hash(flow, $year) % 1_000_000)::BIGINT AS value_usd,
        CASE WHEN hash(flow) % 33 = 0 THEN NULL ELSE (hash(flow, $year) % 9_973) / 100.0
            END::DOUBLE AS quantity_t
    FROM (
        SELECT range AS flow, range // {SUPPLIERS} AS cell, range % {SUPPLIERS} AS supplier
        FROM range({IMPORTERS * PRODUCTS * SUPPLIERS})
    )
"""
_MAKE = f"""
import sys
from pathlib import Path
import duckdb
from rareearths.scale.baci_store import ROW_GROUP
from rareearths.scale.store import FILE, Partition, Store
store = Store(Path(sys.argv[1]))
with store.writing() as work, duckdb.connect() as database:
    for year in range(int(sys.argv[2]), int(sys.argv[3])):
        made = work / FILE
        options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {{ROW_GROUP}}"
        rows = '''{_ROWS}'''.replace("$year", str(year))
        (count,) = database.execute(f"COPY ({{rows}}) TO '{{made}}' ({{options}})").fetchone()
        store.put(Partition("HS92", "V000000", year), made, "synthetic", count)
"""
# What each process prints last: its seconds and its highest resident memory in bytes.
_TIMED = """
import json, resource, sys, time
store, out, spill = sys.argv[1:]
{setup}
began = time.perf_counter()
{ask}
seconds = time.perf_counter() - began
print(json.dumps([seconds, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""
_OWN = (
    "from pathlib import Path\nfrom rareearths import trade\n"
    "from rareearths.scale import engine, world",
    "flows = trade.open_flows(store, engine.connect(spill=Path(spill)))\n"
    "engine.write(world.concentration(flows), Path(out))",
)
_SQL = (
    "import duckdb\nfrom rareearths.scale.store import MEMORY",
    "database = duckdb.connect(config={'memory_limit': MEMORY, 'temp_directory': spill,\n"
    "    'preserve_insertion_order': False})\n"
    "database.execute(f'''COPY (SELECT importer, product, year,\n"
    "    sum(value_usd::DOUBLE * value_usd) / sum(value_usd::DOUBLE) ** 2 AS hhi,\n"
    "    count(*) AS suppliers, max(value_usd) / sum(value_usd::DOUBLE) AS largest,\n"
    "    sum(value_usd::DOUBLE) AS amount\n"
    "    FROM read_parquet('{store}/flows/**/*.parquet', hive_partitioning = true)\n"
    "    WHERE value_usd > 0 GROUP BY importer, product, year)\n"
    "    TO '{out}' (FORMAT parquet, COMPRESSION zstd)''')",
)
_POLARS = (
    "import polars as pl",
    "value = pl.col('value_usd').cast(pl.Float64)\n"
    "flows = pl.scan_parquet(f'{store}/flows/**/*.parquet', hive_partitioning=True)\n"
    "flows.filter(value > 0).group_by('importer', 'product', 'year').agg(\n"
    "    hhi=(value * value).sum() / value.sum() ** 2, suppliers=pl.len(),\n"
    "    largest=value.max() / value.sum(), amount=value.sum(),\n"
    ").sink_parquet(out, engine='streaming')",
)
_ONE = (
    "from rareearths import trade\nfrom rareearths.scale import engine\n"
    "flows = trade.open_flows(store)\n"
    "mine = flows.filter(flows.importer == 'S100').group_by('product', 'year')\n"
    "mine = mine.agg(value_usd=flows.value_usd.sum())\nengine.compute(mine)",
    "answer = engine.compute(mine)\nassert len(answer) > 2_900",
)


def run(bench: Bench) -> list[Figure]:
    """Make the flows, then ask."""
    env = commands.environment(ROOT / "lib")
    polars = _installed(bench)
    figures, own = [], {}
    for name, years in YEARS.items():
        store = bench.scratch / name.split()[0]
        bench.say(f"making {name} rows")
        make = [sys.executable, "-c", _MAKE, str(store), str(years.start), str(years.stop)]
        seconds = commands.run(make, bench.scratch, env).seconds
        asked = _Asked(bench, store, env)
        bench.say(f"concentration of {name} rows")
        own[name] = [asked.ask(_OWN) for _ in range(bench.runs)]
        figures += [
            Figure(f"{name} rows: concentration", [s for s, _ in own[name]]),
            Figure(f"{name} rows: highest memory", [m / GB for _, m in own[name]], "GB", 3.0),
        ]
    note = f"made here in {seconds:.0f} s, {_size(store) / GB:.1f} GB on disk"
    bench.say("the same by hand: DuckDB, Polars")
    sql = [asked.ask(_SQL) for _ in range(bench.runs)]
    peers = {"DuckDB, SQL by hand": sql}
    figures += _peer("DuckDB, SQL by hand", sql)
    if isinstance(polars, Path):
        theirs = _Asked(bench, store, commands.environment(polars))
        peers[STREAMING] = [theirs.ask(_POLARS) for _ in range(bench.runs)]
        figures += _peer(STREAMING, peers[STREAMING])
    else:
        figures.append(Figure(STREAMING, [], error=polars))
    best = min(peers, key=lambda name: median(s for s, _ in peers[name]))
    ratios = [o / p for (o, _), (p, _) in zip(own["200 million"], peers[best], strict=True)]
    twenty = median(s for s, _ in own["20 million"])
    growth = [seconds / twenty for seconds, _ in own["200 million"]]
    bench.say("products of one importer")
    one = [asked.ask(_ONE)[0] for _ in range(3 * bench.runs)]
    return [
        *figures,
        Figure(f"200 million rows: over {best}", ratios, "x", at_most=1.3, note=note),
        Figure("200 million rows over 20 million", growth, "x", at_most=10),
        Figure("products of one importer by year, of 200 million rows", one, at_most=0.3),
    ]


class _Asked:
    """Asks a store in processes of their own.

    Parameters
    ----------
    bench : Bench
    store : pathlib.Path
    env : dict of str to str
    """

    def __init__(self, bench: Bench, store: Path, env: dict[str, str]):
        self._bench, self._store, self._env = bench, store, env

    def ask(self, question: tuple[str, str]) -> tuple[float, float]:
        """Return the seconds of a question without imports, and the memory of the process."""
        setup, ask = question
        source = _TIMED.format(setup=setup, ask=ask)
        out, spill = self._bench.scratch / "answer.parquet", self._bench.scratch / "spill"
        command = [sys.executable, "-c", source, str(self._store), str(out), str(spill)]
        done = commands.run(command, ROOT, self._env)
        out.unlink(missing_ok=True)
        return tuple(json.loads(done.lines[-1][1]))


def _peer(name: str, found: list[tuple[float, float]]) -> list[Figure]:
    return [
        Figure(f"200 million rows: {name}", [seconds for seconds, _ in found]),
        Figure(f"200 million rows: {name}, memory", [memory / GB for _, memory in found], "GB"),
    ]


def _installed(bench: Bench) -> Path | str:
    """Return the folder of Polars, or why there is none."""
    folder = bench.peers.with_name(".polars")
    try:
        data.install(bench, REQUIREMENTS, folder)
    except (OSError, subprocess.CalledProcessError) as error:
        return (getattr(error, "stderr", "") or str(error))[-400:]
    return folder


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.parquet"))
