"""A standalone cluster of Apache Spark on loopback: a master and workers, which can be killed."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

SPARK = Path(sys.prefix) / "spark"  # where install_spark.sh has put it
STARTS_S = 120
DEFAULTS = """
spark.driver.host 127.0.0.1
spark.driver.bindAddress 127.0.0.1
spark.driver.memory 600m
spark.executor.memory 600m
spark.executor.cores 1
spark.sql.shuffle.partitions 8
spark.sql.adaptive.enabled false
spark.ui.enabled false
spark.ui.showConsoleProgress false
spark.log.level ERROR
"""


class Cluster:
    """A master with two workers of one core each; use it as a context.

    Attributes
    ----------
    url : str
        Of the master.
    """

    def __init__(self, folder: Path):
        self._folder, self._started, self.url = folder, {}, ""

    def __enter__(self):
        sys.path.append(str(SPARK))  # not before: what finds Spark uses it, pandera for one
        self._home = SPARK / "pyspark"
        (self._folder / "conf").mkdir(parents=True)
        (self._folder / "conf" / "spark-defaults.conf").write_text(DEFAULTS)
        try:
            master = ["master.Master", "--port", "0"]
            self.url = self._start("master", master, r"Starting Spark master at (spark://\S+)")
            for name in ("first", "second"):
                worker = ["worker.Worker", "--cores", "1", "--memory", "700m", self.url]
                self._start(name, worker, r"(Successfully registered with master)")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in list(self._started):
            self.kill(name)
        sys.path.remove(str(SPARK))
        for name in [name for name in sys.modules if name.split(".")[0] in ("pyspark", "py4j")]:
            del sys.modules[name]  # or the tests that follow would find Spark

    @property
    def environment(self) -> dict[str, str]:
        """What the driver's environment needs to be like the cluster's."""
        return {"SPARK_CONF_DIR": str(self._folder / "conf"), "SPARK_LOCAL_IP": "127.0.0.1"}

    def kill(self, name: str) -> None:
        """Kill a worker, or the master, and the executors that it started, without a word."""
        process = self._started.pop(name)
        try:
            children = psutil.Process(process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            children = []
        for one in (*children, process):
            try:
                os.kill(one.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait()

    def _start(self, name: str, arguments: list[str], sign: str) -> str:
        """Start a process and wait for a line of its log; returns what the sign finds in it."""
        kind, *rest = arguments
        log = self._folder / f"{name}.log"
        command = [
            self._home / "bin" / "spark-class", f"org.apache.spark.deploy.{kind}",
            "--host", "127.0.0.1", "--webui-port", "0", *rest,
        ]  # fmt: skip
        work = {"SPARK_WORKER_DIR": str(self._folder / "work")}
        environment = os.environ | self.environment | work
        with log.open("wb") as file:
            self._started[name] = subprocess.Popen(
                command, stdout=file, stderr=file, env=environment, cwd=self._folder
            )
        ends = time.monotonic() + STARTS_S
        while time.monotonic() < ends and self._started[name].poll() is None:
            if found := re.search(sign, log.read_text(errors="replace")):
                return found[1]
            time.sleep(0.1)
        raise RuntimeError(f"{name} of Spark did not start:\n{log.read_text(errors='replace')}")
