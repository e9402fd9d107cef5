"""The processes that make reports, and the process that their kernels are forked from."""

import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

from rareearths.reports import kernels
from rareearths.reports.scan import scan_notebook
from rareearths.reports.task import FAILED, Failure, Place, Result, Task

_PRELOAD = ("rareearths.reports.preload",)
_GRACE_S = 5.0


class Preparation:
    """Imports what workers and kernels need, while the command does something else.

    Parameters
    ----------
    place : Place
        With the kind of kernel that is wanted.
    notebooks : iterable of pathlib.Path
        Those that may have to run.
    """

    def __init__(self, place: Place, notebooks: Iterable[Path]):
        self._place = place
        self._notebooks = sorted(set(notebooks))
        self._open = ExitStack()
        self._wait: Callable[[], str] | None = None

    def __enter__(self) -> "Preparation":
        return self

    def __exit__(self, *_) -> None:
        self._open.close()

    def begin(self) -> None:
        """Begin, if this has not been done; ordinary kernels need no preparation."""
        if self._wait is None and self._place.kernel == kernels.WARM:
            from multiprocessing import forkserver  # not everywhere

            _context()
            forkserver.ensure_running()
            self._wait = self._open.enter_context(kernels.serving(self._modules()))

    def _modules(self) -> list[str]:
        """The modules of the library that the notebooks name; the package where they name none."""
        names = {name for path in self._notebooks for name in scan_notebook(path).names}
        return sorted(n for n in names if n.startswith("rareearths.")) or ["rareearths"]

    def ready(self) -> Place:
        """Wait until kernels can be forked; returns the place to hand to `run`."""
        self.begin()
        if self._wait is None:
            return self._place
        if address := self._wait():
            return replace(self._place, server=address)
        print("Kernels cannot be forked here; each is started anew", file=sys.stderr)
        return replace(self._place, kernel=kernels.ORDINARY)


def run(tasks: list[Task], place: Place, jobs: int | None = None) -> Iterator[Result]:
    """Make reports, several at once; yields each result as it is ready.

    A worker process that the system ends takes no other report with it: what was not ready is
    made again, each report in a worker of its own.

    Parameters
    ----------
    tasks : list of Task
    place : Place
        A ready one, see `Preparation`.
    jobs : int, optional
        Reports at once; one per core by default.
    """
    if not tasks:
        return
    workers = min(jobs or os.cpu_count() or 1, len(tasks))
    left = {task.report.id: task for task in tasks}
    with closing(_pool(tasks, place, workers)) as results:
        for result in results:
            del left[result.id]
            yield result
    for task in list(left.values()):
        yield next(_pool([task], place, 1), None) or _lost(task)


def _pool(tasks: list[Task], place: Place, workers: int) -> Iterator[Result]:
    """Yield the results of a pool of workers; it ends early when one of them was lost."""
    with ProcessPoolExecutor(workers, mp_context=_context(), initializer=_begin) as pool:
        try:
            futures = [pool.submit(_run, task, place) for task in tasks]
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool:
            return
        except BaseException:  # Ctrl-C, or whoever reads the results has stopped
            for process in multiprocessing.active_children():
                process.terminate()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def _context():
    """Workers are forked from a process that has imported what they need, where that is safe."""
    if not kernels.can_fork():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_PRELOAD))
    return context


def _begin() -> None:
    """Leave Ctrl-C to the command, and end with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)

    def follow() -> None:
        multiprocessing.parent_process().join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE_S)
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _stop(*_) -> None:
    """End the worker: what is open is closed, the kernel too, of whose death nothing is said.

    The exception may be raised where Python ignores it, in a callback; so there is a second end.
    """
    logging.disable()
    sys.unraisablehook = lambda *_: None
    last = threading.Timer(_GRACE_S, os._exit, [1])
    last.daemon = True
    last.start()
    sys.exit(1)


def _run(task: Task, place: Place) -> Result:
    from rareearths.reports.run import run

    return run(task, place)


def _lost(task: Task) -> Result:
    message = "the process that made the report was ended; perhaps memory was short"
    return Result(task.report.id, FAILED, failure=Failure(task.report.notebook.name, None, message))
