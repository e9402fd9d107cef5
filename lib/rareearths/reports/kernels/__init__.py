"""Kernels of reports: ordinary ones, or forked from one process that has imported everything.

papermill itself is not changed: the warm kernel is a kernel spec whose provisioner, an entry point
of jupyter_client, asks the `server` for a fork instead of starting a Python.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ORDINARY = "python3"
WARM = "rareearths-warm"
ADDRESS = "RAREEARTHS_KERNELS"  # environment variable: the socket of the server
# Several reports run at once, one a core; and sums do not depend on the number of cores.
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_LONGEST = 70  # letters of the temporary folder: a socket's path has 107 at most
SPECS = Path(__file__).parent / "specs"


def can_fork() -> bool:
    """Whether warm kernels work here: forking a process with threads is safe on Linux only."""
    return sys.platform.startswith("linux") and has_sockets()


def has_sockets() -> bool:
    """Whether processes can talk through files in a private folder: their paths must be short."""
    return os.name == "posix" and len(tempfile.gettempdir()) <= _LONGEST


def reachable(address: str) -> bool:
    """Whether a process listens on the socket from which kernels are forked."""
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(address) == 0


@contextmanager
def serving(modules: Iterable[str] = ()) -> Iterator[Callable[[], str]]:
    """Run the process that warm kernels are forked from; at the end all of them are ended.

    Parameters
    ----------
    modules : iterable of str
        Modules of the library that it imports before; all that a notebook may want for none.

    Yields
    ------
    function
        Waits until the process has imported all; returns its socket, "" when it could not start.
    """
    with tempfile.TemporaryDirectory(prefix="kernels-") as folder:
        address = Path(folder) / "server"
        command = [sys.executable, "-m", f"{__name__}.server", address, *modules]
        env = ONE_THREAD | os.environ
        server = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, env=env)

        def wait() -> str:
            while server.poll() is None and not address.exists():
                time.sleep(0.01)
            return str(address) if server.poll() is None else ""

        with server:
            try:
                yield wait
            finally:
                server.stdin.close()  # it ends its kernels and itself
                if not address.exists():
                    server.kill()  # it still imports, and has no kernels
