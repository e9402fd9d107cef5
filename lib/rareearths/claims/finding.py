"""What the test of a claim gives, and how a test is named.

A test is a function of a `Setting` that returns a `Finding` or raises `MissingData`; `register`
names the claim it is of and the notebook that shows its data.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import nan

SUPPORTED = "supported"
CONTESTED = "contested"
NOT_SUPPORTED = "not supported"
NOT_TESTABLE = "not testable"
NOT_YET = "not yet decidable"
EXPORTER, MATERIAL = "CHN", "rare_earths"
VERDICTS = (SUPPORTED, CONTESTED, NOT_SUPPORTED, NOT_YET, NOT_TESTABLE)


class MissingData(Exception):
    """The data that a test needs are not there; the message says which."""


@dataclass(frozen=True)
class Setting:
    """Whom the claims are tested for.

    ``importer`` and ``partner`` are ISO3 codes, ``bloc`` a bloc of ``reference/blocs.csv``. The
    claims are about rare earths and China: `EXPORTER` and `MATERIAL` are fixed.
    """

    importer: str = "JPN"
    partner: str = "USA"
    bloc: str = "MSP"


@dataclass(frozen=True)
class Finding:
    """The outcome of one test.

    ``verdict`` is one of `VERDICTS`; ``measure`` says what ``value`` is and ``span`` what its range
    ``low`` to ``high`` runs over (NaN and empty where there is none); ``form`` is the format of the
    three (see `words.fill`) and ``unit`` what follows them; ``because`` leads to the verdict.
    """

    verdict: str
    measure: str
    because: str
    value: float = nan
    low: float = nan
    high: float = nan
    form: str = "pct0"
    span: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Test:
    """The test of a claim, its rule in words, and the notebook that shows its data.

    ``general`` tests are about the world and give every importer the same verdict.
    """

    run: Callable[[Setting], Finding]
    rule: str
    notebook: str
    general: bool


TESTS: dict[str, Test] = {}


def register(claim_id: str, notebook: str, rule: str, general: bool = False) -> Callable:
    """Register a function as the test of a claim."""

    def keep(run: Callable[[Setting], Finding]) -> Callable[[Setting], Finding]:
        TESTS[claim_id] = Test(run, rule, notebook, general)
        return run

    return keep


def judge(signs: Iterable[bool]) -> str:
    """Supported where every sign speaks for the claim, not supported where none does.

    Examples
    --------
    >>> judge([True, True]), judge([True, False]), judge([False])
    ('supported', 'contested', 'not supported')
    """
    signs = list(signs)
    if not signs:
        raise MissingData("nothing to judge by")
    return SUPPORTED if all(signs) else CONTESTED if any(signs) else NOT_SUPPORTED
