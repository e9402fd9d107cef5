"""Kernels of reports: ordinary ones, or forked from one process that has imported everything.

papermill itself is not changed: the warm kernel is a kernel spec whose provisioner, an entry point
of jupyter_client, asks the `server` for a fork instead of starting a Python.
"""

import sys
from pathlib import Path

ORDINARY = "python3"
WARM = "rareearths-warm"
ADDRESS = "RAREEARTHS_KERNELS"  # environment variable: the socket of the server
SPECS = Path(__file__).parent / "specs"


def can_fork() -> bool:
    """Whether warm kernels work here: forking a process with threads is safe on Linux only."""
    return sys.platform.startswith("linux")
