"""The provisioner of warm kernels: jupyter_client asks it, it asks the `server`."""

import asyncio
import json
import os
import select
import signal
import socket
from contextlib import suppress
from subprocess import TimeoutExpired

from jupyter_client.provisioning import LocalProvisioner

from rareearths.reports.kernels import ADDRESS


class ForkProvisioner(LocalProvisioner):
    """Starts a kernel as a fork; everything else is as with a local kernel."""

    async def launch_kernel(self, cmd: list[str], **kwargs):
        """Have the kernel forked; returns its connection information."""
        env = kwargs.get("env") or dict(os.environ)
        cwd = kwargs.get("cwd") or os.getcwd()
        output = kwargs["stdout"].name if kwargs.get("stdout") else os.devnull
        self.process = Fork(env[ADDRESS], cmd[2:], env, cwd, output)
        self.pid = self.pgid = self.process.pid
        return self.connection_info

    async def wait(self) -> int | None:
        """Wait for the end of the kernel; a fork that was killed ends within milliseconds."""
        while await self.poll() is None:
            await asyncio.sleep(0.002)
        return await super().wait()

    async def cleanup(self, restart: bool = False) -> None:
        """Close the connection, which ends the kernel."""
        if self.process:
            self.process.close()
        await super().cleanup(restart)


class Fork:
    """A forked kernel, with what jupyter_client uses of `subprocess.Popen`.

    Parameters
    ----------
    address : str
        Socket of the server.
    argv : list of str
        The command of an ordinary kernel after ``python -m``.
    env : dict of str to str
    cwd : str
    output : str
        File to which the kernel's own stdout and stderr lead.
    """

    stdin = stdout = stderr = None

    def __init__(
        self,
        address: str,
        argv: list[str],
        env: dict[str, str],
        cwd: str,
        output: str = os.devnull,
    ):
        self.returncode: int | None = None
        self._connection = socket.socket(socket.AF_UNIX)
        try:
            self._connection.connect(address)
        except OSError:
            self._connection.close()
            raise
        request = {"argv": argv, "env": env, "cwd": cwd, "output": output}
        self._connection.sendall(json.dumps(request).encode() + b"\n")
        self._lines = self._connection.makefile("rb", buffering=0)
        self.pid: int = json.loads(self._lines.readline())["pid"]

    def poll(self) -> int | None:
        """Return the exit code, None while the kernel runs."""
        return self._status(wait=0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit code; negative for a signal."""
        status = self._status(wait=timeout)
        if status is None:
            raise TimeoutExpired("kernel", timeout)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal; one that comes too late, as for `subprocess.Popen`, does nothing."""
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has ended, and that is still on its way
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """Close the connection: the server ends the kernel and what it started."""
        self._lines.close()
        self._connection.close()

    def _status(self, wait: float | None) -> int | None:
        if self.returncode is None and select.select([self._connection], [], [], wait)[0]:
            line = self._lines.readline()
            self.returncode = json.loads(line)["status"] if line else -signal.SIGKILL
            self.close()
        return self.returncode
