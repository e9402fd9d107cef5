"""What can go wrong in a render: it is named, and nothing else is lost by it."""

import json
import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

import factory
from factory import CHEAP, HANGS_S, Command, render, strays, whole, with_cell

PASSWORD = "tUrquoise-7431-otter"

# By report: the cell at fault, the count of the cell that is named, what is said
FAULTS = {
    "exception": ("1 / 0", 4, "ZeroDivisionError: division by zero"),
    "loop": ("while True:\n    pass", 4, "it ran longer than 6 s"),
    "growth": (
        "import time\n\nkept = []\nwhile True:\n    kept.append(bytearray(4_000_000))\n"
        "    time.sleep(0.01)",
        4,
        "it used more than 400 MB of memory",
    ),
    "request": ("kept = bytearray(50_000_000_000)", 4, "MemoryError"),
    "exit": ("import os\n\nos._exit(7)", 4, "the kernel ended with exit code 7"),
    "killed": (
        "import os\nimport signal\n\nos.kill(os.getpid(), signal.SIGKILL)",
        4,
        "the kernel was ended by SIGKILL",
    ),
    "crash": ("import ctypes\n\nctypes.string_at(0)", 4, "the kernel was ended by SIGSEGV"),
    "flood": (
        "for _ in range(100_000):\n    print('x' * 1000)",
        4,
        "its outputs have more than 50 MB",
    ),
    "past-python": (
        "import subprocess\n\nsubprocess.run(['sh', '-c', 'while :; do echo xxxxxxxx; done'])",
        4,
        "its outputs have more than 50 MB",
    ),
    "past-ipython": (
        "import subprocess\nimport sys\n\nloop = 'while :; do echo xxxxxxxx; done'\n"
        "subprocess.run(['sh', '-c', loop], stdout=sys.stdout)",
        4,
        "its outputs have more than 50 MB",
    ),
    "one-text": ("print('x' * 100_000_000)", 4, "its outputs have more than 50 MB"),
    "huge": (
        "from IPython.display import Markdown, display\n\ndisplay(Markdown('x' * 20_000_000))",
        4,
        "huge output: 20.0 MB, 5 MB are allowed",
    ),
    "surrogate": ("print('Jap' + chr(0xD800) + 'n')", None, "could not be sent, so it is lost"),
    "shown-surrogate": (
        "from IPython.display import display\n\n"
        "display({'text/plain': 'Jap' + chr(0xD800) + 'n'}, raw=True)",
        4,
        "surrogates not allowed",
    ),
    "printed": (
        "import traceback\n\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    traceback.print_exc()",
        4,
        "traceback: ZeroDivisionError: division by zero",
    ),
    "tagged": ("1 / 0", 4, "ZeroDivisionError: division by zero"),
    "secret": ("import os\n\nprint(os.environ['METALS_PASSWORD'])", None, "METALS_PASSWORD"),
    "secret-in-error": (
        "import os\n\nraise ValueError(os.environ['METALS_PASSWORD'])",
        4,
        "METALS_PASSWORD",
    ),
    "secret-past-python": (
        "import os\nimport time\n\ncode = os.system('echo $METALS_PASSWORD')\ntime.sleep(1)",
        None,
        "METALS_PASSWORD",
    ),
}
WARNING = "import warnings\n\nwarnings.warn('odd numbers', stacklevel=1)"
SETTINGS = {
    "loop": {"seconds": 6},
    "growth": {"memory_mb": 400},
    "request": {"memory_mb": 400},
}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    """A site rendered well, then with a fault in each report but two, then well again."""
    folder = tmp_path_factory.mktemp("faulty")
    ids, site = [*FAULTS, "warns", "fine"], folder / "site"
    good = dict.fromkeys(ids, CHEAP)
    factory.write(folder, good, **SETTINGS)
    first = render(folder)
    assert first.returncode == 0, first.stderr
    before = whole(site, *ids)

    bad = {name: with_cell(cell) for name, (cell, _, _) in FAULTS.items()}
    bad |= {"warns": with_cell(WARNING), "fine": with_cell("6 * 7")}
    factory.write(folder, bad, **SETTINGS)
    factory.tag(folder / "tagged.ipynb", 3, "raises-exception")
    done = render(folder, METALS_PASSWORD=PASSWORD)
    found = {
        "done": done,
        "before": before,
        "after": whole(site, *ids),
        "failures": {p.name: p.read_text() for p in (site / "records").glob("*.error.json")},
        "index": (site / "index.html").read_text(encoding="utf-8"),
    }
    factory.write(folder, good, **SETTINGS)
    last = render(folder)
    return found | {"last": last, "healed": whole(site, *ids), "site": site}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_and_the_last_good_report_stays(name, faulty):
    _, count, said = FAULTS[name]
    where = f"{name} failed in {name}.ipynb" + (f", cell [{count}]: " if count else ": ")
    (line,) = [x for x in faulty["done"].stderr.splitlines() if x.startswith(f"{name} failed")]
    assert line.startswith(where)
    assert said in line
    assert faulty["after"][name] == faulty["before"][name]
    failure = json.loads(faulty["failures"][f"{name}.error.json"])
    assert failure["cell"] == count
    assert said in failure["error"]
    assert "This page is the last good one" in faulty["index"]


def test_the_other_reports_are_rendered_and_the_command_fails(faulty):
    done = faulty["done"]
    assert done.returncode == 1
    assert f"2 of {len(FAULTS) + 2} reports" in done.stdout
    for name in ("warns", "fine"):
        assert faulty["after"][name] != faulty["before"][name]
        assert f"{name}.error.json" not in faulty["failures"]


def test_a_warning_is_reported_and_not_published(faulty):
    assert "odd numbers" in faulty["done"].stdout
    page = faulty["after"]["warns"]["warns.html"].decode()
    assert "odd numbers" not in page
    assert "1 warning while it ran" in faulty["index"]


def test_a_secret_stands_nowhere(faulty):
    done = faulty["done"]
    texts = [done.stdout, done.stderr, faulty["index"], *faulty["failures"].values()]
    assert [text for text in texts if PASSWORD in text] == []
    assert "cell [4], output 1 (stdout)" in done.stderr


def test_the_terminal_shows_no_output_of_a_kernel(faulty):
    assert "xxxxxxxx\n" not in faulty["done"].stdout + faulty["done"].stderr.replace("echo ", "")
    assert "tornado" not in faulty["done"].stderr


def test_after_the_repair_all_is_as_before(faulty):
    assert faulty["last"].returncode == 0, faulty["last"].stderr
    assert {n: faulty["healed"][n] for n in FAULTS} == {n: faulty["before"][n] for n in FAULTS}
    assert strays(faulty["site"]) == []
    assert list((faulty["site"] / "records").glob("*.error.json")) == []
    assert "failed" not in (faulty["site"] / "index.html").read_text().split("</style>")[1]


# Processes that are ended from outside


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """A project with four reports, rendered once."""
    folder = tmp_path_factory.mktemp("rendered")
    factory.write(folder, dict.fromkeys(("one", "two", "three", "four"), CHEAP))
    done = render(folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def four(rendered, tmp_path):
    """A copy of the project with the reports one, two, three and four."""
    return Path(shutil.copytree(rendered, tmp_path / "p"))


IDS = ("one", "two", "three", "four")
WAITS = (
    "import os\nimport pathlib\nimport time\n\npathlib.Path('running').write_text(str(os.getpid()))"
    "\nwhile not pathlib.Path('go').exists():\n    time.sleep(0.02)"
)


def wait_for(path: Path, command: Command) -> str:
    """Wait until a cell has written a file; returns its text."""
    ends = time.monotonic() + HANGS_S
    while not (path.exists() and path.read_text()):
        assert command.process.poll() is None, "the command ended before"
        assert time.monotonic() < ends
        time.sleep(0.02)
    return path.read_text()


def change(folder: Path, **cells: str) -> None:
    """Put a cell into the notebooks of some reports."""
    notebooks = dict.fromkeys(IDS, CHEAP) | {n: with_cell(c) for n, c in cells.items()}
    factory.write(folder, notebooks)


def waiting(folder: Path, *arguments: str) -> tuple[Command, int]:
    """Start a render and wait until a cell of report one runs; returns the kernel's id too."""
    change(folder, one=WAITS)
    command = Command("render", *arguments, cwd=folder, temporary=folder / "tmp")
    return command, int(wait_for(folder / "running", command))


@pytest.mark.parametrize("kind", [[], ["--stock"]], ids=["warm", "stock"])
def test_a_kernel_that_is_killed_from_outside(four, kind):
    before = whole(four / "site", *IDS)
    command, kernel = waiting(four, *kind)
    os.kill(kernel, signal.SIGKILL)
    done = command.end()
    assert done.returncode == 1
    assert "one failed in one.ipynb, cell [4]: the kernel was ended by SIGKILL" in done.stderr
    assert "3 of 4 reports" in done.stdout
    assert whole(four / "site", *IDS) == before


KILLS_PARENT = "import os\nimport signal\n\nos.kill(os.getppid(), signal.SIGKILL)\nwhile True: pass"


def test_a_worker_that_is_killed_each_time(four):
    """The parent of an ordinary kernel is the worker; it is killed again when it is made again."""
    change(four, one=KILLS_PARENT, two="6 * 7", three="6 * 7")
    before = whole(four / "site", *IDS)
    done = render_leaving_folders(four, "--stock")
    assert done.returncode == 1
    assert "one failed in one.ipynb: the process that made the report was ended" in done.stderr
    assert "3 of 4 reports" in done.stdout
    after = whole(four / "site", *IDS)
    assert [i for i in IDS if after[i] != before[i]] == ["two", "three"]


def test_a_worker_that_is_killed_once_takes_no_report_with_it(four):
    once = "import pathlib\n\nfirst = not pathlib.Path('x').exists()\npathlib.Path('x').touch()\n"
    change(four, one=f"{once}if first:\n    import os\n    os.kill(os.getppid(), 9)", two="6 * 7")
    before = whole(four / "site", *IDS)
    done = render_leaving_folders(four, "--stock")
    assert done.returncode == 0, done.stderr
    after = whole(four / "site", *IDS)
    assert [i for i in IDS if after[i] != before[i]] == ["one", "two"]


def test_the_process_that_kernels_are_forked_from_is_killed(four):
    """It is the parent of a warm kernel; the reports after it run in ordinary kernels."""
    change(four, one=KILLS_PARENT, two="6 * 7", three="6 * 7")
    before = whole(four / "site", *IDS)
    done = render(four, "--jobs", "1")
    assert done.returncode == 1
    assert "one failed in one.ipynb, cell [4]: the kernel was ended by SIGKILL" in done.stderr
    assert "3 of 4 reports" in done.stdout
    after = whole(four / "site", *IDS)
    assert [i for i in IDS if after[i] != before[i]] == ["two", "three"]


def render_leaving_folders(folder: Path, *arguments: str):
    """Render; what a killed process had in the folder for temporary files may stay there."""
    return Command("render", *arguments, cwd=folder, temporary=folder / "tmp").end()


def assert_heals(folder: Path) -> None:
    """The next render of good notebooks succeeds and leaves nothing behind."""
    change(folder)
    done = render_leaving_folders(folder)
    assert done.returncode == 0, done.stderr
    assert strays(folder / "site") == []
    assert list((folder / "site/records").glob("*.error.json")) == []


# The command is stopped


def test_ctrl_c_stops_the_command_and_everything_it_started(four):
    before = whole(four / "site", *IDS)
    command, _ = waiting(four, "--force")
    command.press_ctrl_c()
    done = command.end()
    assert done.returncode == 130
    assert "rareearths: stopped" in done.stderr
    assert "Traceback" not in done.stderr
    assert whole(four / "site", *IDS)["one"] == before["one"]
    assert list((four / "tmp").iterdir()) == []


STOPS = [(signal.SIGTERM, []), (signal.SIGKILL, []), (signal.SIGKILL, ["--stock"])]


@pytest.mark.parametrize(("number", "kind"), STOPS, ids=["SIGTERM", "SIGKILL", "SIGKILL stock"])
def test_a_command_that_is_ended_leaves_no_process(four, number, kind):
    before = whole(four / "site", *IDS)
    command, _ = waiting(four, *kind)
    command.kill(number)
    done = command.end()
    assert done.returncode == -number
    assert whole(four / "site", *IDS) == before
    left = [p.name for p in (four / "tmp").iterdir() if not p.name.startswith("pymp-")]
    assert left == [], "only the socket of Python's own fork server may stay"


def test_a_command_killed_at_random_moments_leaves_the_site_whole(four):
    chance = random.Random(11)
    for _ in range(5):
        command = Command("render", "--force", cwd=four, temporary=four / "tmp")
        time.sleep(chance.uniform(0.3, 6))
        command.kill()
        command.end()
        whole(four / "site", *IDS)
    assert_heals(four)
