"""The process that kernels are forked from: it imports once what the notebooks import.

It listens on a socket in a private folder. A request is one line of JSON, ``{"argv", "env",
"cwd", "output"}``; the answers are lines too, ``{"pid"}`` at once and ``{"status"}`` when the
kernel has ended. A connection that is closed ends its kernel with all that it started in its
session, and the end of standard input, which is the end of the process that renders, ends
everything.

What a fork must not inherit is undone in `_become_kernel`; `tests/test_kernels.py` compares the
result with an ordinary kernel.
"""

import builtins
import gc
import importlib.util
import json
import os
import pkgutil
import random
import selectors
import shutil
import signal
import socket
import sys
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import rareearths
from rareearths import catalogue, translation
from rareearths.reports import lean

_MODULES = (
    "ipykernel.ipkernel", "ipykernel.kernelapp", "ipykernel.zmqshell", "ipykernel.debugger",
    "IPython.core.completerlib", "IPython.core.debugger", "IPython.extensions.storemagic",
    "pyarrow.parquet", "pyarrow.dataset",
)  # fmt: skip
_FIGURES = "rareearths.figures"
# What notebooks with figures load, some of it late.
_BESIDE_FIGURES = (
    "matplotlib.pyplot", "matplotlib.backends.backend_svg", "scipy.stats", "scipy.optimize",
    "statsmodels.regression.linear_model", "networkx",
)  # fmt: skip
_NOT_FOR_NOTEBOOKS = tuple(
    f"rareearths.{name}"
    for name in ("reports.", "sources", "build", "check", "explore", "scale", "__main__")
)


@dataclass
class _Kernel:
    """One connection and the kernel behind it, once it is forked."""

    connection: socket.socket
    request: bytes = b""
    pid: int | None = field(default=None)


def serve(address: str, modules: list[str]) -> None:
    """Import what notebooks do, then fork a kernel for each request until standard input ends.

    A module that cannot be imported is left to the notebook that wants it, which then says so.

    Parameters
    ----------
    address : str
        Path of the socket to listen on, in a folder of its own that is removed at the end.
    modules : list of str
        Modules of the library that the notebooks import; all that any may import for none.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # else it warns; kernels have their own
    before = dict(os.environ)
    _import_pandas()
    if draws := not modules or _FIGURES in modules:
        with lean.imports():
            importlib.import_module("seaborn")  # it would take the widgets of JupyterLab along
    for name in [*_MODULES, *(_BESIDE_FIGURES if draws else ()), *(modules or _library())]:
        with suppress(Exception):
            importlib.import_module(name)
    catalogue.preload()
    with suppress(Exception):
        translation.preload()
    if draws:
        _warm_up()
    gc.collect()
    gc.freeze()  # a collection in a kernel then copies none of the shared memory
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address + ".new")
        listener.listen()
        os.rename(address + ".new", address)
        _Server(listener, dict(os.environ.items() - before.items())).run()
    shutil.rmtree(Path(address).parent, ignore_errors=True)  # its starter may have been killed


def _library() -> Iterator[str]:
    """Yield the modules of the library that notebooks import, those of its packages too."""
    for found in pkgutil.walk_packages(rareearths.__path__, "rareearths.", lambda _: None):
        if not found.name.startswith(_NOT_FOR_NOTEBOOKS):
            yield found.name


def _import_pandas() -> None:
    """Import pandas as in a kernel: without one it takes other defaults, for a terminal."""
    sys.stdout.reconfigure(encoding="UTF-8")  # that of a kernel's output, and so written
    builtins.get_ipython = lambda: SimpleNamespace(kernel=None)
    importlib.import_module("pandas")
    del builtins.get_ipython


def _warm_up() -> None:
    """Load the fonts, and what else drawing loads late."""
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained")
    figure.subplots().set(title="Ag", xlabel="1")
    with open(os.devnull, "wb") as nowhere:
        figure.savefig(nowhere, format="svg")


class _Server:
    def __init__(self, listener: socket.socket, set_by_imports: dict[str, str]):
        self.listener = listener
        self.set_by_imports = set_by_imports  # variables of the environment
        self.kernels: dict[int, _Kernel] = {}  # by number of the connection
        self.selector = selectors.DefaultSelector()
        self.ended, wake = os.pipe()
        for end in (self.ended, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def run(self) -> None:
        for source in (sys.stdin.fileno(), self.listener.fileno(), self.ended):
            self.selector.register(source, selectors.EVENT_READ)
        while True:
            for key, _ in self.selector.select():
                if key.fd == sys.stdin.fileno():
                    for kernel in self.kernels.values():
                        _end(kernel)
                    return
                if key.fd == self.listener.fileno():
                    self._accept()
                elif key.fd == self.ended:
                    self._reap()
                elif key.fd in self.kernels:
                    self._read(self.kernels[key.fd])

    def _accept(self) -> None:
        connection, _ = self.listener.accept()
        self.kernels[connection.fileno()] = _Kernel(connection)
        self.selector.register(connection, selectors.EVENT_READ)

    def _read(self, kernel: _Kernel) -> None:
        received = b""
        with suppress(OSError):
            received = kernel.connection.recv(1 << 20)
        if not received:
            self._forget(kernel)
            return
        kernel.request += received
        if kernel.request.endswith(b"\n") and kernel.pid is None:
            self._fork(kernel)

    def _fork(self, kernel: _Kernel) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside BLAS threads
            kernel.pid = os.fork()
        if kernel.pid == 0:
            try:
                _become_kernel(self, json.loads(kernel.request))
            finally:
                os._exit(1)
        _send(kernel, {"pid": kernel.pid})

    def _reap(self) -> None:
        with suppress(BlockingIOError):
            os.read(self.ended, 4096)
        with suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = found
                for kernel in [k for k in self.kernels.values() if k.pid == pid]:
                    _end(kernel)
                    kernel.pid = -1
                    _send(kernel, {"status": os.waitstatus_to_exitcode(status)})

    def _forget(self, kernel: _Kernel) -> None:
        _end(kernel)
        del self.kernels[kernel.connection.fileno()]
        self.selector.unregister(kernel.connection)
        kernel.connection.close()


def _send(kernel: _Kernel, answer: dict) -> None:
    with suppress(OSError):
        kernel.connection.sendall(json.dumps(answer).encode() + b"\n")


def _end(kernel: _Kernel) -> None:
    """End a kernel and what it started in its session; a kernel that has ended is no error."""
    if kernel.pid and kernel.pid > 0:
        for end in (os.kill, os.killpg):  # a fork may not lead its session yet
            with suppress(ProcessLookupError, PermissionError):
                end(kernel.pid, signal.SIGKILL)


def _become_kernel(server: _Server, request: dict) -> None:
    """Turn this fork into what ``python -m ipykernel_launcher`` would be."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    server.selector.close()
    server.listener.close()
    for kernel in server.kernels.values():
        kernel.connection.close()
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, sys.stdin.fileno())
    output = os.open(request["output"], os.O_WRONLY | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(output, stream.fileno())
    os.environ.clear()
    os.environ.update(request["env"] | server.set_by_imports)
    os.chdir(request["cwd"])
    _reseed()
    module, *arguments = request["argv"]
    sys.argv = [importlib.util.find_spec(module).origin, *arguments]
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()
    os._exit(0)


def _reseed() -> None:
    random.seed()
    if "numpy" in sys.modules:
        import numpy as np

        np.random.seed()


if __name__ == "__main__":
    if sys.path[0] in ("", os.getcwd()):
        del sys.path[0]  # a kernel adds its own folder
    serve(sys.argv[1], sys.argv[2:])
