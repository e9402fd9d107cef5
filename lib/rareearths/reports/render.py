"""Render reports: check all parameters, run the notebooks, write the index."""

import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tqdm import tqdm

from rareearths.reports import config, parameters, site
from rareearths.reports.run import Result, run


def render(config_path: Path, site_path: Path, ids: list[str], jobs: int | None = None) -> int:
    """Render the reports of a list.

    Parameters
    ----------
    config_path : pathlib.Path
        ``reports.yml``.
    site_path : pathlib.Path
        Output folder.
    ids : list of str
        Reports to render; all for an empty list.
    jobs : int, optional
        Reports at once; one per core by default.

    Returns
    -------
    int
        0 when all are good, 1 when a report failed.

    Raises
    ------
    ConfigError, ParameterError
        Before any kernel starts.
    """
    everything = config.load(config_path)
    wanted = config.select(everything, ids)
    tasks = [
        (r, parameters.check(r.notebook, r.parameters, r.id), config.beside(r, everything))
        for r in wanted
    ]
    started = time.perf_counter()
    results = list(_progress(_run_all(tasks, site_path, jobs), len(tasks)))
    index = site.write_index(everything, site_path)
    failed = [r for r in results if r.failure]
    for result in failed:
        print(f"\n{_describe(result)}", file=sys.stderr)
    seconds = time.perf_counter() - started
    good = len(results) - len(failed)
    print(f"\n{good} of {len(results)} reports in {seconds:.1f} s: {index}")
    return 1 if failed else 0


def _run_all(tasks: list, site_path: Path, jobs: int | None) -> Iterator[Result]:
    workers = min(jobs or os.cpu_count() or 1, len(tasks))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        futures = [
            pool.submit(run, report, values, site_path, links) for report, values, links in tasks
        ]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _progress(results: Iterator[Result], total: int) -> Iterator[Result]:
    """Pass the results on, with a bar in a terminal and plain lines elsewhere."""
    in_terminal = sys.stderr.isatty()
    with tqdm(total=total, unit="report", disable=not in_terminal, leave=False) as bar:
        for number, result in enumerate(results, 1):
            line = f"[{number}/{total}] {result.id}: {result.state}, {result.seconds:.1f} s"
            lines = [line, *(f"    warning: {w}" for w in result.warnings)]
            tqdm.write("\n".join(lines))
            sys.stdout.flush()
            bar.update()
            yield result


def _describe(result: Result) -> str:
    failure = result.failure
    cell = "" if failure.cell is None else f", cell [{failure.cell}]"
    parts = [f"{result.id} failed in {failure.notebook}{cell}: {failure.error}"]
    parts += [text for text in (failure.source, failure.traceback) if text]
    return "\n\n".join(parts)
