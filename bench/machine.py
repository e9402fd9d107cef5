"""What the figures were measured on."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = (
    "papermill", "nbclient", "nbconvert", "ipykernel", "jupyter-client", "pyzmq", "pandas",
    "matplotlib", "duckdb", "ibis-framework",
)  # fmt: skip
BUSY = 0.3  # load per core at the start above which times are not to be trusted


def about() -> dict:
    """Return cores, processor, memory, system, Python and the packages that matter here."""
    return {
        "cores": cores(),
        "processor": _field("/proc/cpuinfo", "model name") or platform.machine(),
        "memory_mb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def load() -> float:
    """Return how many processes ran at once on average over the last minute."""
    return os.getloadavg()[0]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _field(path: str, name: str) -> str:
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "")
