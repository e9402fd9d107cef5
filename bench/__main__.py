"""Measure: ``python -m bench [TOPIC ...] [--quick]`` writes results.json and README.md."""

import argparse
import json
import sys
import tempfile
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path

from bench import caching, data, machine, memory, page, peers, rendering, scale, startup
from bench.figures import Bench

TOPICS = {
    "rendering": rendering,
    "caching": caching,
    "memory": memory,
    "peers": peers,
    "start-up": startup,
    "data": data,
    "scale": scale,
}
HERE = Path(__file__).parent
RUNS = 3


def main() -> int:
    """Run the topics that are asked for; the results of the others stay as they are."""
    args = _parser().parse_args()
    results, failed, load = read(args.out), False, machine.load()
    for name in [] if args.page else args.topics or TOPICS:
        print(name, flush=True)
        runs = 1 if args.quick else args.runs
        results[name] = measured(name, runs, HERE / ".venv", load)
        failed |= bool(results[name]["error"])
        write(args.out, results)
    write(args.out, results)
    print(args.out / "README.md")
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=", ".join(TOPICS))
    parser.add_argument("--quick", action="store_true", help="every figure once")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"of main figures; {RUNS}")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the results; bench/")
    parser.add_argument("--page", action="store_true", help="only README.md from results.json")
    parse = parser.parse_args

    def checked(*given):
        args = parse(*given)
        if wrong := set(args.topics) - set(TOPICS):
            parser.error(f"no topic {', '.join(sorted(wrong))}; there are {', '.join(TOPICS)}")
        return args

    parser.parse_args = checked
    return parser


def measured(name: str, runs: int, environment: Path, load: float) -> dict:
    """Run one topic; a topic that fails leaves its error as its result.

    The load is that of the machine before the first topic: later it is that of the benchmark.
    """
    topic, started = TOPICS[name], time.perf_counter()
    found = {
        "title": topic.TITLE,
        "tells": topic.TELLS,
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        "runs": runs,
        "load_before": round(load, 2),
        "machine": machine.about(),
        "figures": [],
        "error": "",
    }
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        try:
            figures = topic.run(Bench(runs, Path(folder), environment))
            found["figures"] = [figure.as_dict() for figure in figures]
        except Exception as error:
            traceback.print_exc()
            found["error"] = f"{type(error).__name__}: {error}"[-1500:].replace(folder, "")
    return found | {"seconds": round(time.perf_counter() - started)}


def read(folder: Path) -> dict[str, dict]:
    """Return earlier results by topic; none when there is no file."""
    path = folder / "results.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def write(folder: Path, results: dict[str, dict]) -> None:
    """Write the results, in the order of the topics, and the page that shows them."""
    ordered = {name: results[name] for name in TOPICS if name in results}
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(ordered, ensure_ascii=False, indent=1) + "\n"
    (folder / "results.json").write_text(text, encoding="utf-8")
    (folder / "README.md").write_text(page.readme(ordered), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
