"""Put new tables in the place of old ones: all of them, or none.

Everything is prepared first: the old files are copied to a folder, the new ones written beside
their places. Then each file is replaced, the descriptor last. What fails is undone at once; what
was killed in the middle is undone by `recover` from the journal, ``data/raw/swap.json``.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from rareearths import catalogue
from rareearths.sources.raw import place

DESCRIPTOR = "datapackage.json"


@dataclass(frozen=True)
class NewTable:
    """A table that takes the place of an old one.

    Attributes
    ----------
    resource : dict
        Its new entry of ``datapackage.json``.
    file : pathlib.Path
        Where the new file lies now.
    """

    resource: dict
    file: Path


def journal() -> Path:
    """Return where a swap notes what it is about to do."""
    return catalogue.folder() / "raw" / "swap.json"


def swap(tables: list[NewTable], before: Path) -> None:
    """Replace tables and their entries.

    Parameters
    ----------
    tables : list of NewTable
    before : pathlib.Path
        A folder that does not exist yet: it gets the old files and the old descriptor, so that
        the two vintages can be compared.

    Raises
    ------
    OSError
        A file cannot be written or replaced; nothing has changed then.
    """
    folder = catalogue.folder()
    descriptor = json.loads((folder / DESCRIPTOR).read_text(encoding="utf-8"))
    new = {table.resource["name"]: table for table in tables}
    descriptor["resources"] = [
        new[r["name"]].resource if r["name"] in new else r for r in descriptor["resources"]
    ]
    text = json.dumps(descriptor, ensure_ascii=False, indent=2) + "\n"
    paths = [*(table.resource["path"] for table in tables), DESCRIPTOR]
    contents = [*(table.file.read_bytes() for table in tables), text.encode()]
    for path in paths:
        (before / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / path, before / path)
    about = {"before": before.relative_to(folder).as_posix(), "files": paths}
    place(journal(), json.dumps(about).encode())
    try:
        for path, content in zip(paths, contents, strict=True):
            _beside(folder / path).write_bytes(content)
        for path in paths:
            os.replace(_beside(folder / path), folder / path)
    except BaseException:
        recover()
        raise
    journal().unlink()


def recover() -> bool:
    """Undo a swap that did not come to its end; returns whether there was something to undo.

    Where tables and descriptor agree there is nothing: no file was replaced, or all were, or
    somebody repaired them since.
    """
    if not journal().is_file():
        return False
    folder = catalogue.folder()
    about = json.loads(journal().read_text(encoding="utf-8"))
    is_half = not _agree(about["files"])
    for path in about["files"]:
        _beside(folder / path).unlink(missing_ok=True)
        if is_half:
            place(folder / path, (folder / about["before"] / path).read_bytes())
    journal().unlink()
    return is_half


def _agree(paths: list[str]) -> bool:
    """Whether each of the tables is what the descriptor says."""
    try:
        tables = [table for table in catalogue.tables().values() if table.path in paths]
        for table in tables:
            catalogue.verify(table)
    except catalogue.DataError:
        return False
    return True


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")
