"""Which processes a render has, what memory they use: read from ``/proc``."""

import os
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

COMMAND, SERVER, KERNEL, FORKER, WORKER, OTHER = (
    "command", "kernel server", "kernel", "worker server", "worker", "other",
)  # fmt: skip
MB = 1e6


def family(root: int) -> dict[int, str]:
    """Return what each process below a render is, by its number; its own entry is `COMMAND`."""
    below: dict[int, list[int]] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with suppress(OSError, IndexError, ValueError):
                parent = int(_read(path / "stat").rsplit(")", 1)[1].split()[1])
                below.setdefault(parent, []).append(int(path.name))
    kinds, waiting = {root: COMMAND}, [root]
    while waiting:
        parent = waiting.pop()
        for child in below.get(parent, ()):
            kinds[child] = _kind(kinds[parent], _command_line(child))
            waiting.append(child)
    return kinds


def _kind(parent: str, command: str) -> str:
    if parent in (SERVER, KERNEL):
        return KERNEL
    if parent == FORKER:
        return WORKER
    if parent == COMMAND and "kernels.server" in command:
        return SERVER
    if parent == COMMAND and "multiprocessing.forkserver" in command:
        return FORKER
    return OTHER


def memory_mb(pid: int) -> tuple[float, float]:
    """Return PSS (its share of shared pages counted in proportion) and RSS, in 10**6 bytes."""
    found = {"Pss:": 0, "Rss:": 0}
    with suppress(OSError):
        for line in _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
            name, *rest = line.split()
            if name in found:
                found[name] = int(rest[0])
    return found["Pss:"] * 1024 / MB, found["Rss:"] * 1024 / MB


def open_files(pid: int) -> dict[str, int]:
    """Count open file descriptors; ``signals`` are event descriptors.

    Each zmq socket has one of these, so they show a socket that stays open.
    """
    targets = []
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            targets.append(os.readlink(path))
    return {"files": len(targets), "signals": targets.count("anon_inode:[eventfd]")}


@dataclass
class Sampler:
    """Looks at a process and what is below it until it is closed.

    Parameters
    ----------
    root : int
    every : float
        Seconds between two looks.
    with_memory : bool

    Attributes
    ----------
    seen : dict of int to str
        Every process that was seen and what it is.
    peaks : dict of str to (float, float)
        Highest PSS and RSS of one process of a kind; for `PAIR` of the largest worker and the
        largest kernel of one look together.
    """

    root: int
    every: float
    with_memory: bool = True
    seen: dict[int, str] = field(default_factory=dict)
    peaks: dict[str, tuple[float, float]] = field(default_factory=dict)
    looks: int = 0

    def __enter__(self) -> "Sampler":
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(self.every) and Path(f"/proc/{self.root}").exists():
            self._look()

    def _look(self) -> None:
        now = family(self.root)
        self.seen |= now
        self.looks += 1
        if not self.with_memory:
            return
        used = {pid: memory_mb(pid) for pid in now}
        highest = {kind: _highest(used[p] for p in now if now[p] == kind) for kind in now.values()}
        nothing = (0.0, 0.0)
        pair = [highest.get(WORKER, nothing), highest.get(KERNEL, nothing)]
        highest[PAIR] = tuple(map(sum, zip(*pair, strict=True)))
        for kind, value in highest.items():
            self.peaks[kind] = _highest([value, self.peaks.get(kind, nothing)])


PAIR = "worker and kernel"


def _highest(pairs) -> tuple[float, float]:
    return tuple(map(max, zip(*pairs, strict=True)))


def _command_line(pid: int) -> str:
    with suppress(OSError):
        return _read(Path(f"/proc/{pid}/cmdline")).replace("\0", " ")
    return ""


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
