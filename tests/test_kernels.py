"""Warm kernels: the outputs of ordinary ones, nothing passed on, nothing left behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from rareearths.reports import kernels
from rareearths.reports.execute import Usage, execute
from rareearths.reports.kernels.limits import Limits
from rareearths.reports.kernels.provisioner import Fork
from rareearths.reports.task import ReportFailed

KINDS = (kernels.ORDINARY, kernels.WARM)


@pytest.fixture
def ran(server, tmp_path):
    """`ran(kind, *sources)`: the outputs of these cells in a kernel of this kind."""

    def execute_cells(kind: str, *sources: str, limits=None, usage=None):
        path = tmp_path / "cells.ipynb"
        notebook = new_notebook(cells=[new_code_cell(s, id=f"c{i}") for i, s in enumerate(sources)])
        notebook.metadata.kernelspec = {
            "name": "python3",
            "display_name": "P",
            "language": "python",
        }
        nbformat.write(notebook, path)
        done = execute(path, {}, limits or Limits(), usage or Usage(), kernel=kind, server=server)
        return [cell.outputs for cell in done.notebook.cells]

    return execute_cells


def text(outputs) -> str:
    return "".join(
        o.get("text", "") or o.get("data", {}).get("text/plain", "") or o.get("evalue", "")
        for o in outputs
    )


# The same outputs; those of our notebooks are compared in `test_notebooks.py`

PROCESS = re.compile(r"(?<=ipykernel_)\d+")  # number of the process in the name of a cell's file

BEHAVIOUR = {
    "value": "6 * 7",
    "await": "import asyncio\nawait asyncio.sleep(0.01, result='slept')",
    "shell escape": "!echo from the shell",
    "shell variable": "x = 3\nlines = !echo {x}\nlines",
    "subprocess": "import subprocess\nsubprocess.run(['echo', 'from a process']).returncode",
    "written by C": "import os\nos.write(1, b'straight to the file\\n')",
    "stderr": "import sys\nprint('odd', file=sys.stderr)",
    "warning": "import warnings\nwarnings.warn('odd')",
    "display": "from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'), 3)",
    "figure": "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
    "frame": "import pandas as pd\npd.DataFrame({f'c{i}': range(70) for i in range(30)})",
    "options": "import pandas as pd\npd.describe_option(_print_desc=False)",
    "rc": "import matplotlib as mpl\nsorted(map(str, mpl.rcParams.items()))",
    "magic": "%pwd",
    "cell magic": "%%bash\nexport A=1; echo $A",
    "argv": "import sys\n[a for a in sys.argv if not a.startswith('/')]",
    "path": "import sys\nsys.path",
    "main": "__name__, sorted(k for k in globals() if not k.startswith('_'))",
    "builtins": "import builtins\nsorted(dir(builtins))",
    "environment": "import os\nsorted(k for k in os.environ if k != 'JPY_PARENT_PID')",
    "encoding": "import sys, locale\nsys.stdout.encoding, locale.getpreferredencoding()",
    "stdin": "import sys\nsys.stdin.read()",
    "session": "import os\nos.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid()",
    "signals": "import signal\n[str(signal.getsignal(s)) for s in "
    "(signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE)]",
    "threads": "import threading\nfound = []\n"
    "t = threading.Thread(target=lambda: found.append(1)); t.start(); t.join()\nfound",
    "process pool": "from concurrent.futures import ProcessPoolExecutor\n"
    "with ProcessPoolExecutor(1) as pool: print(list(pool.map(abs, [-3])))",
    "temporary": "import tempfile, os\nos.path.dirname(tempfile.mkdtemp())",
    "file": "import os\nos.path.basename(os.getcwd()) != ''",
    "limits": "import resource\nresource.getrlimit(resource.RLIMIT_NOFILE)",
    "history": "In[-1]",
    "garbage": "import gc\ngc.isenabled(), gc.get_threshold()",
    "matrix": "import numpy as np\nnp.linalg.eigvalsh(np.arange(250000.).reshape(500, 500))[:3]",
    "locale": "import locale\nlocale.setlocale(locale.LC_ALL)",
}  # fmt: skip


@pytest.mark.parametrize("name", BEHAVIOUR)
def test_a_cell_behaves_as_in_an_ordinary_kernel(name, ran):
    ordinary, warm = (str(ran(kind, BEHAVIOUR[name])) for kind in KINDS)
    assert "output_type" in ordinary, "the cell shows something"
    assert PROCESS.sub("", warm) == PROCESS.sub("", ordinary)


FAILING = {
    "name": "undefined_name",
    "missing import": "pd.DataFrame()",
    "missing module": "import no_such_module",
    "assertion": "assert 1 == 2, 'no'",
    "syntax": "1 +",
    "exit": "import os\nos._exit(7)",
    "killed": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "terminated": "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)",
    "await": "import asyncio\nawait asyncio.wait_for(asyncio.sleep(9), 0.01)",
    "interrupt": "raise KeyboardInterrupt",
}


@pytest.mark.parametrize("name", FAILING)
def test_a_cell_fails_as_in_an_ordinary_kernel(name, ran):
    failures = []
    for kind in KINDS:
        with pytest.raises(ReportFailed) as failed:
            ran(kind, "1", FAILING[name])
        failures.append(failed.value.failure)
    assert failures[0].cell == 2
    assert failures[0].source == FAILING[name]
    assert failures[1] == failures[0]


# Nothing passes from one report to the next

LEAKS = {
    "builtins": ("import builtins\nbuiltins.leak = 1", "'leak' in dir(__builtins__)"),
    "names": ("leak = 1", "'leak' in globals()"),
    "environment": ("import os\nos.environ['LEAK'] = '1'", "import os\nos.environ.get('LEAK')"),
    "pandas options": (
        "import pandas as pd\npd.set_option('display.max_rows', 3)",
        "import pandas as pd\npd.get_option('display.max_rows')",
    ),
    "matplotlib settings": (
        "import matplotlib as mpl\nmpl.rcParams['font.size'] = 99",
        "import matplotlib as mpl\nmpl.rcParams['font.size']",
    ),
    "working folder": ("import os\nos.chdir('/')", "import os\nos.getcwd() == '/'"),
    "current figure": (
        "import matplotlib.pyplot as plt\nplt.figure(); plt.close('all'); f = plt.figure()",
        "import matplotlib.pyplot as plt\nplt.get_fignums()",
    ),
    "modules": ("import sys\nsys.modules['leak'] = sys", "import sys\n'leak' in sys.modules"),
    "patched library": (
        "from rareearths import catalogue\ncatalogue.load = None",
        "from rareearths import catalogue\ncatalogue.load is None",
    ),
    "tables read": (
        "from rareearths import catalogue\nr = catalogue.load('blocs')",
        "from rareearths import catalogue\ncatalogue.used()",
    ),
    "warning filters": (
        "import warnings\nwarnings.simplefilter('error')",
        "import warnings\n[f[0] for f in warnings.filters if f[0] == 'error']",
    ),
    "decimal context": (
        "import decimal\ndecimal.getcontext().prec = 3",
        "import decimal\ndecimal.getcontext().prec",
    ),
    "file mask": ("import os\nm = os.umask(0)", "import os\nos.umask(0)"),
}


@pytest.mark.parametrize("name", LEAKS)
def test_nothing_leaks_into_the_next_report(name, ran):
    first, then = LEAKS[name]
    before = text(ran(kernels.WARM, then)[0])
    ran(kernels.WARM, first)
    assert text(ran(kernels.WARM, then)[0]) == before


@pytest.mark.parametrize(
    "draw",
    [
        "import random\nrandom.random()",
        "import numpy as np\nnp.random.random()",
        "import numpy as np\nnp.random.default_rng().random()",
        "import uuid\nuuid.uuid4()",
    ],
)
def test_random_numbers_differ_from_report_to_report(draw, ran):
    assert text(ran(kernels.WARM, draw)[0]) != text(ran(kernels.WARM, draw)[0])


def test_a_warm_kernel_has_what_draws_and_no_widgets(ran):
    asked = "import sys\n[name in sys.modules for name in ('seaborn', 'ipywidgets')]"
    assert text(ran(kernels.WARM, asked)[0]) == "[True, False]"


# Limits, and what is left


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_that_takes_too_long_is_ended_and_named(kind, ran):
    with pytest.raises(ReportFailed) as failed:
        ran(kind, "1", "while True: pass", limits=Limits(seconds=3))
    assert failed.value.failure.error == "it ran longer than 3 s"
    assert failed.value.failure.cell == 2
    assert failed.value.failure.source == "while True: pass"


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_that_takes_too_much_memory_is_ended_and_named(kind, ran):
    growing = "kept = []\nwhile True: kept.append(bytearray(10_000_000))"
    usage = Usage()
    with pytest.raises(ReportFailed) as failed:
        ran(kind, growing, limits=Limits(memory_mb=600), usage=usage)
    error = failed.value.failure.error
    assert error.startswith(("it used more than 600 MB of memory", "MemoryError"))
    assert usage.peak_mb > 400


@pytest.mark.parametrize("kind", KINDS)
def test_far_too_much_memory_at_once_is_an_error_of_the_cell(kind, ran):
    with pytest.raises(ReportFailed, match="MemoryError") as failed:
        ran(kind, "1", "kept = bytearray(20_000_000_000)", limits=Limits(memory_mb=600))
    assert failed.value.failure.cell == 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "detached", ["", "start_new_session=True"], ids=["child", "session of its own"]
)
def test_no_process_is_left_behind(kind, detached, ran):
    source = (
        "import subprocess\n"
        f"child = subprocess.Popen(['sleep', '300'], {detached})\n"
        "import time; time.sleep(0.6)\nchild.pid"
    )
    pid = int(text(ran(kind, source)[0]))
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the child of a kernel outlives its report"
        time.sleep(0.05)


def test_the_server_ends_the_kernel_of_a_client_that_is_gone(server):
    kernel = Fork(server, ["ipykernel_launcher"], dict(os.environ), os.getcwd())
    assert kernel.poll() is None
    process = psutil.Process(kernel.pid)
    kernel.close()
    gone, _ = psutil.wait_procs([process], timeout=10)
    assert gone or process.status() == psutil.STATUS_ZOMBIE


def test_the_server_ends_with_its_starter(tmp_path):
    """Also when the starter is killed: nothing has to be told to it."""
    script = (
        "from rareearths.reports import kernels\nimport time\n"
        "with kernels.serving() as wait:\n    print(wait(), flush=True)\n    time.sleep(300)"
    )
    starter = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    with starter:
        address = starter.stdout.readline().strip()
        family = psutil.Process(starter.pid).children(recursive=True)
        assert len(family) == 1
        kernel = Fork(address, ["ipykernel_launcher"], dict(os.environ), str(tmp_path))
        family.append(psutil.Process(kernel.pid))
        starter.send_signal(signal.SIGKILL)
    kernel.close()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []


def test_an_exit_code_is_passed_on(server, tmp_path):
    kernel = Fork(server, ["ipykernel_launcher"], dict(os.environ), str(tmp_path))
    kernel.terminate()
    assert kernel.wait(10) == -signal.SIGTERM
    kernel.close()


def test_a_signal_to_a_kernel_whose_end_is_not_yet_told_does_nothing(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "server"))
        listener.listen()
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(Fork, str(tmp_path / "server"), [], {}, str(tmp_path))
            connection, _ = listener.accept()
            connection.sendall(b'{"pid": %d}\n' % ended.pid)
            kernel = asked.result()
        kernel.kill()
        assert kernel.poll() is None
        connection.sendall(b'{"status": 3}\n')
        assert kernel.wait() == 3
        connection.close()


def test_a_long_temporary_folder_does_without_sockets(monkeypatch, tmp_path, ran):
    long = tmp_path / ("long" * 20)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    assert not kernels.can_fork()
    assert text(ran(kernels.ORDINARY, "6 * 7")[0]) == "42"


def test_a_kernel_that_cannot_be_found_says_so(tmp_path):
    with pytest.raises(OSError, match=re.escape("No such file")):
        Fork(str(tmp_path / "none"), [], {}, str(tmp_path))
