"""What one kernel may use: wall-clock time and memory, watched from outside."""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

_EVERY_S = 0.2
_SLACK_MB = 2000  # of address space that is reserved and not used, such as that of thread stacks


@dataclass(frozen=True)
class Limits:
    """Limits of one report.

    Attributes
    ----------
    seconds : float
        Wall-clock time.
    memory_mb : float
        Resident memory of the kernel and what it started, in units of 10**6 bytes.
    output_mb : float
        Text of all outputs together.
    """

    seconds: float = 600
    memory_mb: float = 2000
    output_mb: float = 50


class Exceeded(Exception):
    """A kernel exceeded a limit; the message says which."""


class Watch:
    """Ends a kernel that exceeds its limits, and everything it started, in any case at the end.

    Parameters
    ----------
    pid : int
        The kernel; it leads a session of its own.
    limits : Limits
    received_mb : callable
        Returns the size of all outputs so far.

    Attributes
    ----------
    peak_mb : float
        Highest resident memory seen of the kernel and its descendants.
    exceeded : str
        Which limit was exceeded, in words; empty for none.
    """

    def __init__(self, pid: int, limits: Limits, received_mb: Callable[[], float]):
        import psutil

        self.peak_mb = 0.0
        self.exceeded = ""
        self._limits = limits
        self._received_mb = received_mb
        self._used_mb = 0.0
        self._kernel = psutil.Process(pid)
        self._family = {self._kernel}
        self._done = threading.Event()
        self._ends = time.monotonic() + limits.seconds
        self._refuse_memory()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise `Exceeded` when a limit was exceeded, though the kernel came to its end."""
        self._judge()
        if self.exceeded:
            raise Exceeded(self.exceeded)

    def close(self) -> None:
        """Stop watching and end what is left."""
        self._done.set()
        self._thread.join()
        self._look()
        self._end()

    def _refuse_memory(self) -> None:
        """A cell that asks for far too much at once gets a MemoryError, where the system can."""
        import psutil

        if hasattr(psutil, "RLIMIT_DATA"):
            most = int((self._limits.memory_mb + _SLACK_MB) * 1e6)
            with suppress(psutil.Error):
                self._kernel.rlimit(psutil.RLIMIT_DATA, (most, most))

    def _run(self) -> None:
        while not self._done.wait(_EVERY_S):
            self._look()
            self._judge()
            if self.exceeded:
                self._end()
                return

    def _judge(self) -> None:
        limits = self._limits
        if time.monotonic() > self._ends:
            self.exceeded = f"it ran longer than {limits.seconds:g} s"
        elif self._used_mb > limits.memory_mb:
            self.exceeded = f"it used more than {limits.memory_mb:g} MB of memory"
        elif self._received_mb() > limits.output_mb:
            self.exceeded = f"its outputs have more than {limits.output_mb:g} MB"

    def _look(self) -> None:
        import psutil

        self._used_mb = 0.0
        with suppress(psutil.Error):
            self._family |= set(self._kernel.children(recursive=True))
        for process in self._family:
            with suppress(psutil.Error):
                self._used_mb += process.memory_info().rss / 1e6
        self.peak_mb = max(self.peak_mb, self._used_mb)

    def _end(self) -> None:
        import psutil

        with suppress(OSError):
            if os.name == "posix":
                os.killpg(self._kernel.pid, signal.SIGKILL)
        for process in self._family:
            with suppress(psutil.Error):
                process.kill()
