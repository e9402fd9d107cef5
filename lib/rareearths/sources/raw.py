"""Raw copies: each good reply as it came, with a sidecar that says what it is.

``data/raw/<source>/<start>/<request>.json`` (or ``.bytes``, ``.zip``) is a reply,
``<request>.meta.json`` its sidecar: address without key, time (UTC), sha256, bytes, rows, status,
licence. ``refresh.json`` in the same folder says what the refresh asks for, and whether it is done;
one that was interrupted is resumed. An archive that is still on its way has a ``.part.json``
beside it, see `parts`.
"""

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rareearths.sources.fetch import ARCHIVE, Client, Request, Unusable, parsed
from rareearths.sources.parts import Part

RESUMED_FOR = timedelta(hours=24)  # later the publisher may have another edition
STAMP = "%Y-%m-%dT%H%M%SZ"
UNFINISHED, FINISHED, REJECTED = "unfinished", "finished", "rejected"

Judge = Callable[[object], int]


def place(path: Path, content: bytes) -> None:
    """Write a file so that it is either whole or as it was before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_bytes(content)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)


class _NotKept(Exception):
    """There is no finished copy of a reply."""


@dataclass(frozen=True)
class Copies:
    """The raw copies of one refresh of one source.

    Attributes
    ----------
    folder : pathlib.Path
    licence : str
        What each sidecar says on the use of the rows.
    client : rareearths.sources.fetch.Client
        Asks for what is not here yet.
    """

    folder: Path
    licence: str
    client: Client

    def read(self, request: Request, judge: Judge) -> object:
        """Return what a reply says: from its raw copy, or from the publisher.

        Of an archive it is the path of the copy.

        Parameters
        ----------
        request : Request
        judge : callable
            ``judge(data)`` returns the number of rows, or raises `Unusable`: what it raises for is
            not kept.

        Raises
        ------
        rareearths.sources.fetch.SourceError
            The publisher gives no usable answer.
        """
        with suppress(_NotKept):
            kept = self._find(request)
            judge(kept)
            return kept
        if request.kind == ARCHIVE:
            return self._download(request, judge)
        reply = self.client.get(request)
        rows = judge(reply.data)
        place(self._copy(request), reply.content)  # first: without its sidecar it does not count
        self._describe(request, reply.status, rows)
        return reply.data

    def _download(self, request: Request, judge: Judge) -> Path:
        """Save an archive; it counts when it was judged good, and goes on from its parts before."""
        part = Part(self._copy(request), request.address)
        reply = self.client.download(request, part.file)
        try:
            rows = judge(reply.data)
        except Unusable:
            part.discard()
            raise
        self._describe(request, reply.status, rows)
        part.settle()
        return part.file

    def mark(self, state: str) -> None:
        """Say in ``refresh.json`` how the refresh stands."""
        about = json.loads((self.folder / "refresh.json").read_text(encoding="utf-8"))
        _place_json(self.folder / "refresh.json", about | {"state": state})

    def _find(self, request: Request) -> object:
        """Return a finished copy; one that is not what its sidecar says counts as none."""
        try:
            copy = self._copy(request)
            about = _read_json(self.folder / f"{request.name}.meta.json")
            if about["sha256"] == _sha256(copy) and about["url"] == request.address:
                is_archive = request.kind == ARCHIVE
                return copy if is_archive else parsed(copy.read_bytes(), request.kind)
        except (OSError, ValueError, KeyError, TypeError):
            pass
        raise _NotKept

    def _copy(self, request: Request) -> Path:
        return self.folder / f"{request.name}.{request.kind}"

    def _describe(self, request: Request, status: int, rows: int) -> None:
        """Write the sidecar of a copy."""
        copy = self._copy(request)
        about = {
            "url": request.address,
            "time": self.client.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "status": status,
            "sha256": _sha256(copy),
            "bytes": copy.stat().st_size,
            "rows": rows,
            "licence": self.licence,
        }
        _place_json(self.folder / f"{request.name}.meta.json", about)


def begin(raw: Path, plan, licence: str, client: Client) -> Copies:
    """Open the folder of a refresh: that of one interrupted less than a day ago, or a new one.

    Parameters
    ----------
    raw : pathlib.Path
        ``data/raw``.
    plan : rareearths.sources.plan.Plan
        Only a refresh of the same plan is resumed.
    """
    now = client.now().astimezone(UTC)
    for folder in sorted((raw / plan.source).glob("*Z"), reverse=True):
        if _is_resumed(folder, plan.digest, now):
            return Copies(folder, licence, client)
    folder = raw / plan.source / now.strftime(STAMP)
    while folder.exists():  # two in one second
        now += timedelta(seconds=1)
        folder = raw / plan.source / now.strftime(STAMP)
    about = {"source": plan.source, "plan": plan.digest, "why": plan.why, "state": UNFINISHED}
    _place_json(folder / "refresh.json", about)
    return Copies(folder, licence, client)


def _is_resumed(folder: Path, digest: str, now: datetime) -> bool:
    try:
        about = _read_json(folder / "refresh.json")
        start = datetime.strptime(folder.name, STAMP).replace(tzinfo=UTC)
        same = about["plan"] == digest and about["state"] == UNFINISHED
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return same and abs(now - start) <= RESUMED_FOR


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def _place_json(path: Path, about: dict) -> None:
    place(path, (json.dumps(about, ensure_ascii=False, indent=2) + "\n").encode())
