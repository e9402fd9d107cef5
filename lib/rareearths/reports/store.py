"""The site folder: reports are published in one step, and one command at a time writes.

A page names the record and the executed notebook that belong to it, whose names hold their digest.
So the three change together when the page is replaced, which the system does in one step: whenever
a process is stopped, each page stands with its own files.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RECORDS = "records"
_SCRATCH = ".scratch"
DIGEST = "RECORD-DIGEST"  # stands in the draft of a page for the digest of its own files
_LINK = re.compile(r'href="(records/[^"]+\.[0-9a-f]{16}\.json)"')
_HEAD = 20_000  # characters of a page in which its link to the record stands


class SiteError(Exception):
    """The site folder cannot be written or read; the message says where and why."""


class Site:
    """A site folder.

    Parameters
    ----------
    folder : pathlib.Path
    """

    def __init__(self, folder: Path):
        self.folder = folder

    def page(self, report_id: str) -> Path:
        return self.folder / f"{report_id}.html"

    def record_path(self, report_id: str) -> Path | None:
        """Return the path of the record that the page names; None without a page."""
        try:
            with self.page(report_id).open(encoding="utf-8") as page:
                found = _LINK.search(page.read(_HEAD))
        except (OSError, UnicodeDecodeError):
            return None
        return self.folder / found[1] if found else None

    def record(self, report_id: str) -> dict | None:
        """Return the record of a published report; None when there is none, or a damaged one."""
        path = self.record_path(report_id)
        if path is None:
            return None
        try:
            text, notebook = path.read_bytes(), path.with_suffix(".ipynb").read_bytes()
            record = json.loads(text)
            draft = self.page(report_id).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None
        digest = _digest(text, notebook)
        draft = draft.replace(digest, DIGEST)
        whole = path.stem == f"{report_id}.{digest}" and record["page"] == _sha256(draft.encode())
        return record if whole else None

    def failure(self, report_id: str) -> dict | None:
        """Return how the newest run failed; None when it did not."""
        try:
            return json.loads(self._failure_path(report_id).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def publish(self, report_id: str, draft: str, record: str, notebook: str) -> None:
        """Publish a report: record and notebook under new names, then the page that names them.

        Parameters
        ----------
        report_id : str
        draft : str
            Page in which `DIGEST` stands for the digest of record and notebook.
        record, notebook : str
            JSON texts; the record holds the sha256 of the draft as ``page``.
        """
        old = self.record_path(report_id)
        digest = _digest(record.encode(), notebook.encode())
        name = f"{RECORDS}/{report_id}.{digest}"
        self.write(f"{name}.json", record)
        self.write(f"{name}.ipynb", notebook)
        self.write(f"{report_id}.html", draft.replace(DIGEST, digest))
        self._failure_path(report_id).unlink(missing_ok=True)
        if old is not None and old.stem != Path(name).name:
            for suffix in (".json", ".ipynb"):
                old.with_suffix(suffix).unlink(missing_ok=True)

    def copy(self, other: "Site", report_id: str) -> None:
        """Take over a report of another site, and how its newest run failed, if it did."""
        record, failure = other.record_path(report_id), other.failure(report_id)
        if record:
            digest = record.stem.rsplit(".", 1)[1]
            page = other.page(report_id).read_text(encoding="utf-8")
            texts = [record.with_suffix(s).read_text(encoding="utf-8") for s in (".json", ".ipynb")]
            self.publish(report_id, page.replace(digest, DIGEST), *texts)
        if failure:
            self.write_failure(report_id, failure)

    def write_failure(self, report_id: str, failure: dict) -> None:
        """Write down how a report failed; what is published stays."""
        text = json.dumps(failure, ensure_ascii=False, indent=2) + "\n"
        self.write(f"{RECORDS}/{report_id}.error.json", text)

    def read(self, name: str) -> str:
        """Return the text of a file of the site; empty when it is missing or damaged."""
        try:
            return (self.folder / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return ""

    def write(self, name: str, text: str) -> None:
        """Write a file of the site in one step."""
        data = text.encode()
        path = self.folder / name
        if path.is_file() and path.read_bytes() == data:
            return
        scratch = self.folder / _SCRATCH / f"{path.name}.{os.getpid()}"
        for folder in (path.parent, scratch.parent):
            folder.mkdir(parents=True, exist_ok=True)
        try:
            with scratch.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(scratch, path)
        finally:
            scratch.unlink(missing_ok=True)

    @contextmanager
    def lock(self) -> Iterator[bool]:
        """Hold the site for one command; another one waits and says so. Yields whether it waited.

        Raises
        ------
        SiteError
            The folder cannot be written.
        """
        import filelock

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock, waited = filelock.FileLock(self.folder / ".lock"), False
            try:
                lock.acquire(blocking=False)
            except filelock.Timeout:
                waited = True
                print(f"Another command writes {self.folder}; waiting for it to end", flush=True)
                lock.acquire()
            self._clean()
        except OSError as error:
            message = f"the site {self.folder} cannot be written: {error.strerror}"
            raise SiteError(message) from error
        try:
            yield waited
        finally:
            shutil.rmtree(self.folder / _SCRATCH, ignore_errors=True)
            lock.release()

    def _clean(self) -> None:
        """Remove what a stopped command left: scratch files, and files that no page names."""
        shutil.rmtree(self.folder / _SCRATCH, ignore_errors=True)
        for path in (self.folder / RECORDS).glob("*.*"):
            report_id, kind = path.name.split(".", 1)
            if kind != "error.json" and self.record_path(report_id) != path.with_suffix(".json"):
                path.unlink()

    def _failure_path(self, report_id: str) -> Path:
        return self.folder / RECORDS / f"{report_id}.error.json"


def _digest(record: bytes, notebook: bytes) -> str:
    return _sha256(record + notebook)[:16]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
