"""Start a kernel for one report and end it; everything papermill needs to talk to it."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_client import AsyncKernelClient, AsyncKernelManager
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_core.utils import run_sync
from traitlets import Type

from rareearths.reports.gate import strings
from rareearths.reports.kernels import ADDRESS, ORDINARY, SPECS, WARM, has_sockets, reachable

_ARGUMENTS = ["--IPKernelApp.log_level=CRITICAL", "--HistoryManager.enabled=False"]
_PATIENCE_S = 60.0
_KINDS = ("stream", "display_data", "execute_result", "update_display_data", "error")


class _Outputs(AsyncZMQSocketChannel):
    """The channel of outputs; it counts them, and passes on none beyond the limit."""

    received_mb = 0.0
    most_mb = float("inf")
    starting = False
    _idle = False

    async def get_msg(self, timeout: float | None = None) -> dict:
        if self.starting and self._idle:
            timeout = 0  # of a kernel that has answered and is idle nothing more is to come
        message = await super().get_msg(timeout)
        self._idle = message["content"].get("execution_state") == "idle"
        size_mb = sum(map(len, strings(message["content"]))) / 1e6
        self.received_mb += size_mb
        if self.received_mb > self.most_mb and message["msg_type"] in _KINDS:
            message["msg_type"] = message["header"]["msg_type"] = "stream"
            message["content"] = {"name": "stdout", "text": ""}
        return message


class _Client(AsyncKernelClient):
    """A client that does not wait for a silence of the kernel before its first request."""

    iopub_channel_class = Type(_Outputs)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        self.iopub_channel.starting = True
        await super().wait_for_ready(timeout)
        self.iopub_channel.starting = False


class Manager(AsyncKernelManager):
    """A kernel manager that knows its clients, so that it can close their sockets.

    Attributes
    ----------
    output : pathlib.Path
        What the kernel wrote to its own stdout and stderr, past the notebook.
    most_mb : float
        Of outputs that are taken from the kernel.
    """

    output: Path

    def __init__(self, **kwargs):
        super().__init__(client_factory=_Client, **kwargs)
        self.clients = []
        self.most_mb = float("inf")

    def client(self, **kwargs):
        client = super().client(**kwargs)
        client.iopub_channel.most_mb = self.most_mb
        self.clients.append(client)
        return client

    def received_mb(self) -> float:
        """Return the size of all outputs so far, or of what was written past the notebook."""
        sent = sum(client.iopub_channel.received_mb for client in self.clients)
        return max(sent, self.output.stat().st_size / 1e6)


@contextmanager
def started(kernel: str, cwd: str, env: dict[str, str], folder: str) -> Iterator[Manager]:
    """Start a kernel; at the end it is killed, and its sockets are closed.

    When the process that warm kernels are forked from is gone, it is an ordinary one.

    Parameters
    ----------
    kernel : str
        Name of the kernel spec, one of those of this package or any installed one.
    cwd : str
    env : dict of str to str
    folder : str
        Private folder for the connection; where the system can, kernels talk through files in it,
        which no other process reaches.
    """
    if kernel == WARM and not reachable(env[ADDRESS]):
        kernel = ORDINARY
    specs = KernelSpecManager()
    specs.kernel_dirs = [*specs.kernel_dirs, str(SPECS)]
    manager = Manager(
        kernel_name=kernel,
        kernel_spec_manager=specs,
        connection_file=os.path.join(folder, "kernel.json"),
    )
    manager.output = Path(folder) / "output"
    if has_sockets():
        manager.transport, manager.ip = "ipc", os.path.join(folder, "k")
    try:
        with manager.output.open("ab") as file:
            streams = {"stdout": file, "stderr": file}
            run_sync(manager.start_kernel)(cwd=cwd, env=env, extra_arguments=_ARGUMENTS, **streams)
        _wait_for_sockets(manager)
        yield manager
    finally:
        for client in manager.clients:
            client.stop_channels()
        if manager.has_kernel:  # `shutdown_kernel` would look ten times a second for the end
            run_sync(manager.provisioner.kill)()
            run_sync(manager.provisioner.wait)()
        run_sync(manager.cleanup_resources)()


def _wait_for_sockets(manager: Manager) -> None:
    """Wait until the kernel listens: a connection that is refused is tried again a while later.

    A kernel that never does is left to papermill, which says so.
    """
    names = ("shell", "iopub", "stdin", "control", "hb")
    files = [Path(f"{manager.ip}-{getattr(manager, f'{name}_port')}") for name in names]
    latest = time.monotonic() + _PATIENCE_S
    while manager.transport == "ipc" and not all(file.exists() for file in files):
        if manager.provisioner.process.poll() is not None or time.monotonic() > latest:
            return
        time.sleep(0.002)
