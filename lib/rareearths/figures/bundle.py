"""The scripts of interactive charts, Vega, Vega-Lite and Vega-Embed, as one text.

vl-convert holds them as many modules and starts V8 to make one script of them: a second and a half
and 130 MB of memory, so the result is kept in the user's cache folder (the Makefile asks for it
while it sets up). A file whose hash is not the one in its name is not used.
"""

import base64
import gzip
import hashlib
import os
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path


@cache
def script() -> str:
    """Return the script; it defines ``vegaEmbed``."""
    folder, of = user_cache_path("rareearths"), f"vega-{version('vl-convert-python')}"
    for file in folder.glob(f"{of}-*.js"):
        with suppress(OSError):
            kept = file.read_bytes()
            if file.name == _name(of, kept):  # else it is damaged
                return kept.decode()
    import vl_convert

    made = vl_convert.javascript_bundle()
    with suppress(OSError):  # without a cache it is made anew by each process
        _keep(folder / _name(of, made.encode()), made.encode())
    return made


@cache
def packed() -> str:
    """Return the script as base64 of gzip, less than half as long."""
    return base64.b64encode(gzip.compress(script().encode(), mtime=0)).decode()


def _name(of: str, content: bytes) -> str:
    return f"{of}-{hashlib.sha256(content).hexdigest()}.js"


def _keep(file: Path, content: bytes) -> None:
    new = file.with_name(f".{file.name}.{os.getpid()}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(content)
        os.replace(new, file)
    finally:
        new.unlink(missing_ok=True)
