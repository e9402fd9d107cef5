"""Import libraries without what costs time and serves nothing here."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Without the grammar of international addresses jsonschema does not check a format that no notebook
# has; without ipywidgets seaborn has no palettes to click on.
LEFT_OUT = ("rfc3987_syntax", "ipywidgets")


@contextmanager
def imports() -> Iterator[None]:
    """Inside a ``with`` block, the modules `LEFT_OUT` are missing unless they are loaded already.

    Examples
    --------
    >>> with imports():
    ...     import nbformat
    """
    hidden = [name for name in LEFT_OUT if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
