"""Import the Jupyter libraries without what costs a second and serves nothing here."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

GRAMMAR = "rfc3987_syntax"  # of international addresses: jsonschema does without, if it is missing


@contextmanager
def imports() -> Iterator[None]:
    """Inside a ``with`` block, what jsonschema compiles for a format no notebook has is missing.

    Examples
    --------
    >>> with imports():
    ...     import nbformat
    """
    loaded = GRAMMAR in sys.modules
    if not loaded:
        sys.modules[GRAMMAR] = None
    try:
        yield
    finally:
        if not loaded:
            del sys.modules[GRAMMAR]
