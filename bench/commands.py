"""Run commands as a user would, in processes of their own, and time them."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_RESULT = re.compile(r"\[\d+/\d+\] (\S+): (.+), ([0-9.]+) s$")


class CommandFailed(Exception):
    """A command ended with an error; the message has the end of what it said."""


@dataclass
class Done:
    """A command that has ended.

    Attributes
    ----------
    seconds : float
        From before its start to after its end.
    lines : list of (float, str)
        What it printed, each line with the seconds since the start.
    """

    seconds: float = 0.0
    lines: list[tuple[float, str]] = field(default_factory=list)

    @property
    def results(self) -> dict[str, tuple[str, float, float]]:
        """Return state, start and end of each report that a render ran (seconds since its start).

        A line comes when a report is ready and tells how long it took, to 0.1 s.
        """
        found = {}
        for time_s, line in self.lines:
            if match := _RESULT.match(line):
                found[match[1]] = (match[2], time_s - float(match[3]), time_s)
        return found

    @property
    def warm_up(self) -> float:
        """Return when the first report of a render started (seconds since its start)."""
        return min(start for _, start, _ in self.results.values())


def run(command: list, cwd: Path, env: dict[str, str], stdin: str | None = None) -> Done:
    """Run a command to its end.

    Raises
    ------
    CommandFailed
        Its exit code is not 0.
    """
    with started(command, cwd, env, stdin) as (_, done):
        pass
    return done


@contextmanager
def started(
    command: list, cwd: Path, env: dict[str, str], stdin: str | None = None
) -> Iterator[tuple[subprocess.Popen, Done]]:
    """Run a command while the ``with`` block does something, and wait for its end."""
    done, began = Done(), time.perf_counter()
    pipe = subprocess.PIPE
    source = subprocess.DEVNULL if stdin is None else pipe
    with subprocess.Popen(
        command, cwd=cwd, env=env, stdin=source, stdout=pipe, stderr=subprocess.STDOUT, text=True
    ) as process:

        def read() -> None:
            for line in process.stdout:
                done.lines.append((time.perf_counter() - began, line.rstrip("\n")))

        reader = threading.Thread(target=read)
        reader.start()
        if stdin is not None:
            process.stdin.write(stdin)
            process.stdin.close()
        yield process, done
        reader.join()
        process.wait()
    done.seconds = time.perf_counter() - began
    if process.returncode:
        said = "\n".join(line for _, line in done.lines[-15:])
        shown = " ".join(Path(str(part)).name for part in command[:6])
        raise CommandFailed(f"{shown} ended with {process.returncode}: {said}")


def script(name: str, folder: Path | None = None) -> str:
    """Return the path of a command of this environment, or of another one."""
    return str((folder / "bin" if folder else Path(sys.executable).parent) / name)


def environment(library: Path) -> dict[str, str]:
    """Return the variables of a command that uses the library in a folder."""
    here = str(Path(__file__).parents[1])
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(library), here])}
