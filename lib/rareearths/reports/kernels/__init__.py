"""Kernels of reports: ordinary ones, or forked from one process that has imported everything.

papermill itself is not changed: the warm kernel is a kernel spec whose provisioner, an entry point
of jupyter_client, asks the `server` for a fork instead of starting a Python.
"""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ORDINARY = "python3"
WARM = "rareearths-warm"
ADDRESS = "RAREEARTHS_KERNELS"  # environment variable: the socket of the server
SPECS = Path(__file__).parent / "specs"


def can_fork() -> bool:
    """Whether warm kernels work here: forking a process with threads is safe on Linux only."""
    return sys.platform.startswith("linux")


def reachable(address: str) -> bool:
    """Whether a process listens on the socket from which kernels are forked."""
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(address) == 0


@contextmanager
def serving(modules: list[str]) -> Iterator[str]:
    """Run the process that warm kernels are forked from; at the end all of them are ended.

    Parameters
    ----------
    modules : list of str
        What it imports beyond the libraries that every notebook uses.

    Yields
    ------
    str
        Its socket; empty when it could not start.
    """
    with tempfile.TemporaryDirectory(prefix="kernels-") as folder:
        address, listed = Path(folder) / "server", Path(folder) / "modules"
        listed.write_text("\n".join(modules), encoding="utf-8")
        command = [sys.executable, "-m", f"{__name__}.server", address, listed]
        with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as server:
            try:
                while server.poll() is None and not address.exists():
                    time.sleep(0.01)
                yield str(address) if server.poll() is None else ""
            finally:
                server.stdin.close()  # it ends its kernels and itself
