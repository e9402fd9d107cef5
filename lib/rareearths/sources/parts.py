"""A large file that comes in pieces: what is on disk so far, and how the rest is asked for.

Beside the file lies ``<file>.part.json`` until the file is judged good: the address, what tells
its edition (a strong ETag, or the date of its last change) and its size. The rest is asked for by
``Range`` on condition that the edition is still the same (``If-Range``); else all comes again.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


class Mismatch(Exception):
    """What the host sends does not continue what is on disk; the message says why."""


@dataclass(frozen=True)
class Part:
    """A file on its way.

    Attributes
    ----------
    file : pathlib.Path
    address : str
        Where it comes from; what came from another address is not continued.
    """

    file: Path
    address: str

    @property
    def _note(self) -> Path:
        return self.file.with_name(f"{self.file.name}.part.json")

    @property
    def size(self) -> int:
        """Bytes that count; 0 when what is there cannot be continued."""
        return self.file.stat().st_size if self._known() else 0

    @property
    def is_whole(self) -> bool:
        """Whether every byte is here."""
        return self.size > 0 and self.size == self._known()["total"]

    @property
    def headers(self) -> dict[str, str]:
        """What asks for the rest; nothing when all has to come."""
        known = self._known()
        if not known or not known["edition"]:
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": known["edition"]}

    def begin(self, status: int, headers: Mapping[str, str]) -> int | None:
        """Note what an answer brings: the whole (200) or the rest (206).

        Returns
        -------
        int or None
            Bytes of the whole file, if the host says so.

        Raises
        ------
        Mismatch
            A rest was not asked for, begins elsewhere or is of another edition.
        """
        if status == 206:
            return self._continued(headers)
        length = headers.get("Content-Length", "")
        total = int(length) if re.fullmatch(r"[0-9]{1,15}", length) else None
        self.discard()
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self._write(_edition(headers), total)
        self.file.touch()
        return total

    def open(self) -> BinaryIO:
        """Open the file to add bytes at its end."""
        return self.file.open("ab")

    def finish(self) -> None:
        """Note that every byte is here, which a host without lengths does not say before."""
        known = self._known()
        self._write(known["edition"], self.size)

    def settle(self) -> None:
        """Forget that the file was on its way: it is whole and good."""
        self._note.unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove the file and what is known of it."""
        self.file.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def _continued(self, headers: Mapping[str, str]) -> int:
        known = self._known()
        found = re.fullmatch(
            r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15})", headers.get("Content-Range", "")
        )
        if not known or not found:
            raise Mismatch("a part came that was not asked for")
        first, last, total = map(int, found.groups())
        if (first, last) != (self.size, total - 1) or known["total"] not in (None, total):
            raise Mismatch("another part came than the one that was asked for")
        if "ETag" in headers and not known["edition"] == _edition(headers):
            raise Mismatch("a part of another edition came")
        return total

    def _known(self) -> dict | None:
        """Return what is noted of the bytes on disk; None when they cannot be continued."""
        try:
            known = json.loads(self._note.read_text(encoding="utf-8"))
            size, total = self.file.stat().st_size, known["total"]
            fits = total is None or size <= total
            return known if fits and size and known["address"] == self.address else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write(self, edition: str, total: int | None) -> None:
        known = {"address": self.address, "edition": edition, "total": total}
        self._note.write_text(json.dumps(known) + "\n", encoding="utf-8")


def _edition(headers: Mapping[str, str]) -> str:
    """Return what tells an edition from another; a weak ETag does not."""
    tag = headers.get("ETag", "")
    return tag if tag.startswith('"') else headers.get("Last-Modified", "")
