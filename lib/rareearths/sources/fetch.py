"""Ask a publisher politely: time-outs, retries, spacing, a size limit, and no key in sight.

A reply is good when it has status 200 and all of its bytes, is of the kind that was asked for, and
parses. Status 204 is a good reply that says nothing. Passing faults (429, 408, 5xx, a cut
connection, a time-out, a half body, an error page) are tried again with exponential back-off and
jitter, or after the time that the publisher names; any other fault ends at once.
"""

import hashlib
import json
import random
import re
import shutil
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from urllib.parse import quote, quote_plus, urlencode, urljoin, urlsplit

import requests
import urllib3

from rareearths.sources.parts import Mismatch, Part

RETRIED = (408, 429, 500, 502, 503, 504)
REDIRECTS = (301, 302, 303, 307, 308)
MOST_REDIRECTS = 3
UNREACHED_ATTEMPTS = 2  # a host that cannot be reached at all is not asked more often
LONGEST_BACK_OFF = 60.0  # seconds
CHUNK = 65_536  # bytes
LARGE = 16 * 2**20  # bytes; the progress of a larger download is told
EXCERPT = 200  # characters of an error body that a message shows
SHORTEST_KEY = 8
HIDDEN = "[key]"
_TRANSPORT = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


class SourceError(Exception):
    """A publisher gave no usable answer; the message says why. What is read already is kept."""


class Unusable(SourceError):
    """An answer arrived, but it is not what the publisher documents."""


class Refused(SourceError):
    """The publisher refused a request for good (4xx); ``status`` and ``excerpt`` say how."""

    def __init__(self, host: str, status: int, excerpt: str):
        self.status, self.excerpt = status, excerpt
        super().__init__(f"{host} refused the request with status {status}: {excerpt}")


@dataclass(frozen=True)
class Manners:
    """How a publisher is asked; times in seconds, ``largest`` in bytes.

    Attributes
    ----------
    spacing : float
        Least time from the start of one call to a host to the next.
    attempts : int
        Calls for one request, the first included.
    connect_timeout, read_timeout, whole_timeout : float
        To connect, without a byte, and for the whole reply.
    longest_wait : float
        A longer ``Retry-After`` ends the refresh.
    largest : int
        A larger body is refused while it streams; counted after decompression.
    follows : bool
        Whether a redirect to the same host is followed; where one means that something is wrong
        with the key, it is not.
    """

    spacing: float = 1.0
    attempts: int = 5
    connect_timeout: float = 10.0
    read_timeout: float = 180.0
    whole_timeout: float = 600.0
    longest_wait: float = 120.0
    largest: int = 256 * 2**20
    follows: bool = True


JSON, BYTES, ARCHIVE = "json", "bytes", "zip"


@dataclass(frozen=True)
class Request:
    """One question: an address and its parameters, never a key.

    Attributes
    ----------
    url : str
    params : mapping of str to str
    kind : str
        What the answer is: `JSON`, or `BYTES` for a CSV file or an archive that is not gzipped
        any more, also where no header said that it was; `ARCHIVE` for a zip archive that is too
        large for memory and is saved to disk.
    """

    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    kind: str = JSON

    @property
    def address(self) -> str:
        """The whole address; the same question gives the same one."""
        query = urlencode(sorted(self.params.items()), safe=",:")
        return f"{self.url}?{query}" if query else self.url

    @property
    def name(self) -> str:
        """A file name for the reply, made of the address alone."""
        return hashlib.sha256(self.address.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Key:
    """A secret that goes into one header or parameter and is shown nowhere.

    Attributes
    ----------
    name : str
        Of the header, or of the parameter.
    value : str
    in_address : bool
        Whether it is a parameter, as some publishers take no other; the address that is kept and
        shown has none.

    Raises
    ------
    SourceError
        The value is too short to be told from other texts, or has blanks or letters that no header
        may hold; the message does not show it.
    """

    name: str
    value: str = field(repr=False)
    in_address: bool = False

    def __post_init__(self):
        if not re.fullmatch(r"[!-~]+", self.value):
            raise SourceError("the key holds a blank or a letter that no key has; set it again")
        if len(self.value) < SHORTEST_KEY:
            raise SourceError(f"the key has fewer than {SHORTEST_KEY} letters; set it again")

    @property
    def writings(self) -> set[str]:
        """The key as it is, and as an address would hold it."""
        return {self.value, quote(self.value, safe=""), quote_plus(self.value), quote(self.value)}

    def hide(self, text: str) -> str:
        """Return a text with `HIDDEN` in the place of the key."""
        for written in self.writings:
            text = text.replace(written, HIDDEN)
        return text

    def is_in(self, content: bytes, data: object) -> bool:
        """Whether a reply holds the key, also behind the escapes of JSON."""
        if any(written.encode() in content for written in self.writings):
            return True
        if isinstance(data, bytes) or b"\\" not in content:
            return False
        plain = json.dumps(data, ensure_ascii=False)
        return any(json.dumps(written)[1:-1] in plain for written in self.writings)


@dataclass(frozen=True)
class Reply:
    """A good reply: its bytes, and what they say; None when the publisher says nothing (204)."""

    status: int
    content: bytes = field(repr=False)
    data: object = field(repr=False)


class _Passing(Exception):
    """A fault that may be gone in a moment; ``after`` in seconds is what the publisher asks for."""

    def __init__(self, what: str, after: float | None = None, attempts: int | None = None):
        self.after, self.attempts = after, attempts
        super().__init__(what)


@dataclass
class Client:
    """Asks one publisher; remembers when each host was asked last.

    Attributes
    ----------
    manners : Manners
    key : Key or None
    progress : callable
        Gets a line whenever a request is tried again.
    clock, sleep, chance, now : callable
        Monotonic seconds, a pause, a number from 0 to 1, the time of day (UTC); for tests.
    """

    manners: Manners = field(default_factory=Manners)
    key: Key | None = None
    progress: Callable[[str], None] = lambda line: None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _asked: dict[str, float] = field(default_factory=dict, repr=False)

    def get(self, request: Request) -> Reply:
        """Ask until there is a good reply.

        Raises
        ------
        SourceError
            There is none: `Refused` after a 4xx, `Unusable` when the reply repeats the key.
        """
        judge = partial(self._judge, request.kind)
        return self._tried(request, lambda: self._ask(request, judge))

    def download(self, request: Request, file: Path) -> Reply:
        """Save a reply to disk, and go on from what an earlier try left of it.

        Nothing says what the bytes hold: who asked judges the file, and calls `Part.settle` when
        it is good. A key that the reply would repeat is not looked for.

        Parameters
        ----------
        request : Request
        file : pathlib.Path

        Returns
        -------
        Reply
            Without content; its data are the path.

        Raises
        ------
        SourceError
            As `get`; what came so far stays where it can be continued.
        OSError
            The disk is full, or does not take the file.
        """
        part = Part(file, request.address)

        def once() -> None:
            if not part.is_whole:
                asked = {"Accept-Encoding": "identity"} | part.headers
                self._ask(request, partial(self._save, part), asked)

        self._tried(request, once)
        return Reply(200, b"", file)

    def _tried(self, request: Request, once: Callable):
        host = urlsplit(request.url).netloc
        attempt = 0
        while True:
            attempt += 1
            try:
                return once()
            except _Passing as fault:
                if attempt >= min(fault.attempts or self.manners.attempts, self.manners.attempts):
                    raise SourceError(self._hide(f"{host}: {fault} (asked {attempt}x)")) from None
                pause = self._pause(host, fault, attempt)
                self.progress(self._hide(f"{host}: {fault}; again in {pause:.0f} s"))
                self.sleep(pause)

    def _pause(self, host: str, fault: _Passing, attempt: int) -> float:
        if fault.after is None:
            return min(2.0 ** (attempt - 1), LONGEST_BACK_OFF) * (1 + self.chance()) / 2
        if fault.after > self.manners.longest_wait:
            raise SourceError(
                f"{host} asks to wait {fault.after:.0f} s; run the command again after that"
            )
        return fault.after

    def _ask(self, request: Request, take: Callable, headers: Mapping[str, str] | None = None):
        """Ask once, through redirects; ``take(host, response)`` makes the result."""
        address, host = request.address, urlsplit(request.url).netloc
        accepted = {"Accept": "application/json" if request.kind == JSON else "*/*"}
        for _ in range(MOST_REDIRECTS + 1):
            self._keep_distance(urlsplit(address).netloc)
            with self._open(address, accepted | (headers or {})) as response:
                if response.status_code not in REDIRECTS:
                    return take(host, response)
                location = response.headers.get("Location", "")
            if not self.manners.follows:
                said = f"redirects to {one_line(self._hide(urlsplit(location).path))}"
                raise Refused(host, response.status_code, said)
            address = self._next(address, location)
        raise SourceError(f"{host} redirects more than {MOST_REDIRECTS} times")

    def _keep_distance(self, host: str) -> None:
        if host in self._asked:
            rest = self._asked[host] + self.manners.spacing - self.clock()
            if rest > 0:
                self.sleep(rest)
        self._asked[host] = self.clock()

    @contextmanager
    def _open(self, address: str, more: Mapping[str, str]) -> Iterator[requests.Response]:
        headers = {"User-Agent": "rareearths data refresh"} | more
        if self.key and self.key.in_address:
            sign = "&" if "?" in address else "?"
            address += sign + urlencode({self.key.name: self.key.value})
        elif self.key:
            headers[self.key.name] = self.key.value
        timeout = (self.manners.connect_timeout, self.manners.read_timeout)
        with requests.Session() as session:
            session.auth = lambda prepared: prepared  # none, also not one from a .netrc file
            try:
                response = session.get(
                    address, headers=headers, timeout=timeout, stream=True, allow_redirects=False
                )
            except _TRANSPORT as error:
                raise _transport_fault(error) from None
            with response:
                yield response

    def _next(self, address: str, location: str) -> str:
        """Return where a redirect leads; another host, or http after https, is refused."""
        if not location:
            raise SourceError(f"{urlsplit(address).netloc} redirects to nowhere")
        there = urljoin(address, location)
        old, new = urlsplit(address), urlsplit(there)
        if new.netloc != old.netloc or new.scheme not in (old.scheme, "https"):
            shown = self._hide(f"{new.scheme}://{new.hostname}")
            raise SourceError(f"{old.netloc} redirects to {shown}, which is refused")
        return there

    def _refuse_status(self, host: str, response: requests.Response, good: tuple) -> None:
        status = response.status_code
        if status in RETRIED:
            said = self._excerpt(response)
            after = _retry_after(response.headers.get("Retry-After", ""), self.now())
            raise _Passing(f"status {status}: {said}", after)
        if 400 <= status < 500:
            raise Refused(host, status, self._excerpt(response))
        if status not in good:
            raise SourceError(f"{host} answers with status {status}: {self._excerpt(response)}")

    def _judge(self, asked: str, host: str, response: requests.Response) -> Reply:
        status = response.status_code
        self._refuse_status(host, response, (200, 204))
        if status == 204:
            return Reply(status, b"", None)
        _refuse_kind(asked, response.headers.get("Content-Type", ""))
        content = self._body(host, response)
        if asked == BYTES:
            content = _unzipped(host, content, self.manners.largest)
        try:
            data = json.loads(content) if asked == JSON else content
        except (ValueError, RecursionError):
            raise _Passing(f"the reply of {len(content):,} bytes is not whole JSON") from None
        if self.key and self.key.is_in(content, data):
            raise Unusable(f"{host} repeats the key in its reply, which is therefore not kept")
        return Reply(status, content, data)

    def _body(self, host: str, response: requests.Response) -> bytes:
        """Read a body piece by piece, so that neither its size nor its slowness has no end."""
        too_large = f"{host} sends more than {self.manners.largest:,} bytes, which is refused"
        stated = response.headers.get("Content-Length", "")
        if stated.isdigit() and int(stated) > self.manners.largest:
            raise SourceError(too_large)
        start, content = self.clock(), bytearray()
        try:
            while piece := response.raw.read1(CHUNK, decode_content=True):
                content += piece
                if len(content) > self.manners.largest:
                    raise SourceError(too_large)
                if self.clock() - start > self.manners.whole_timeout:
                    raise _Passing(f"not whole after {self.manners.whole_timeout:g} s")
        except _TRANSPORT as error:
            raise _transport_fault(error) from None
        return bytes(content)

    def _save(self, part: Part, host: str, response: requests.Response) -> None:
        """Write a body to disk piece by piece; a fault leaves what can be continued."""
        if response.status_code == 416:
            part.discard()
            raise _Passing("it cannot go on where the download stopped")
        self._refuse_status(host, response, (200, 206))
        _refuse_kind(ARCHIVE, response.headers.get("Content-Type", ""))
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise SourceError(f"{host} packs a file that was asked for as it is")
        try:
            total = part.begin(response.status_code, response.headers)
        except Mismatch as fault:
            part.discard()
            raise _Passing(str(fault)) from None
        self._refuse_size(host, part, total)
        self._write(host, part, total, response)
        if total is not None and part.size != total:
            raise _Passing("the connection was cut")
        if not part.size:
            raise _Passing("a file without a byte came")
        part.finish()
        with part.file.open("rb") as file:
            if _is_page(file.read(CHUNK)):
                part.discard()
                raise _Passing("an HTML page came in the place of data")

    def _refuse_size(self, host: str, part: Part, total: int | None) -> None:
        if total and total > self.manners.largest:
            part.discard()
            raise SourceError(
                f"{host} sends more than {self.manners.largest:,} bytes, which is refused"
            )
        free = shutil.disk_usage(part.file.parent).free
        if total and total - part.size > free:
            raise SourceError(f"{host} sends {total:,} bytes, the disk has {free:,} left")

    def _write(self, host: str, part: Part, total: int | None, response: requests.Response) -> None:
        start, size, told = self.clock(), part.size, 0
        with part.open() as file:
            while piece := _piece(response):
                file.write(piece)
                size += len(piece)
                if size > self.manners.largest:
                    file.close()
                    self._refuse_size(host, part, size)
                if self.clock() - start > self.manners.whole_timeout:
                    raise _Passing(f"not whole after {self.manners.whole_timeout:g} s")
                if total and total >= LARGE and size * 10 // total > told:
                    told = size * 10 // total
                    self.progress(f"{host}: {size / 1e6:,.0f} of {total / 1e6:,.0f} MB")

    def _excerpt(self, response: requests.Response) -> str:
        """The beginning of an error body in one line, without the key."""
        try:
            raw = response.raw.read1(4096, decode_content=True) or b""
        except _TRANSPORT:
            raw = b""
        text = self._hide(raw.decode("utf-8", "replace"))
        if text.lstrip().startswith("<"):
            return "an HTML page"
        return one_line(text) or one_line(response.reason or "") or "no text"

    def _hide(self, text: str) -> str:
        return self.key.hide(text) if self.key else text


def parsed(content: bytes, kind: str) -> object:
    """Return what a reply of this kind says; None for one without a byte.

    Raises
    ------
    ValueError
        It is not whole JSON.
    """
    if kind == BYTES:
        return content
    return json.loads(content) if content else None


def _refuse_kind(asked: str, given: str) -> None:
    """Raise when a content type is none of the kind that was asked for."""
    is_page = "html" in given.lower()
    if is_page or (asked == JSON and "json" not in given.lower()):
        what = "an HTML page" if is_page else f"content of type {given[:60]!r}"
        raise _Passing(f"{what} came in the place of {'JSON' if asked == JSON else 'data'}")


def _unzipped(host: str, content: bytes, largest: int) -> bytes:
    """Unpack gzip that no header announced, and refuse a page that no header called one."""
    if content[:2] == b"\x1f\x8b":
        unpacker = zlib.decompressobj(wbits=31)
        try:
            content = unpacker.decompress(content, largest + 1)
        except zlib.error:
            raise _Passing("the gzipped reply is damaged") from None
        if len(content) > largest:
            raise SourceError(f"{host} sends more than {largest:,} bytes, which is refused")
        if not unpacker.eof:
            raise _Passing("the gzipped reply is not whole")
    if _is_page(content):
        raise _Passing("an HTML page came in the place of data")
    return content


def _is_page(content: bytes) -> bool:
    return content.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html"))


def _piece(response: requests.Response) -> bytes:
    """Return some bytes of a body as they come over the wire; none at its end."""
    try:
        return response.raw.read1(CHUNK, decode_content=False)
    except _TRANSPORT as error:
        raise _transport_fault(error) from None


def one_line(text: object) -> str:
    """Return the beginning of a publisher's text, for a message: no line break, nothing unseen.

    Examples
    --------
    >>> one_line("Bad\\nvalue\\x1b[31m")
    'Bad value [31m'
    """
    shown = "".join(sign if sign.isprintable() else " " for sign in str(text))
    return " ".join(shown.split())[:EXCERPT]


def _transport_fault(error: Exception) -> Exception:
    """What went wrong below HTTP, in words; what cannot pass is no `_Passing`."""
    if isinstance(error, requests.exceptions.SSLError):
        return SourceError("no connection: the certificate of the host is not accepted")
    timeouts = (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
    if isinstance(error, timeouts):
        return _Passing("no answer in time")
    inner = error.args[0] if error.args else None
    if isinstance(inner, urllib3.exceptions.MaxRetryError):
        return _Passing("no connection; is there a network?", attempts=UNREACHED_ATTEMPTS)
    if isinstance(error, ValueError):  # an address or a header that requests does not take
        return SourceError("the address or a header is not one that can be sent")
    return _Passing("the connection was cut")


def _retry_after(text: str, now: datetime) -> float | None:
    """Return the seconds that ``Retry-After`` asks for; None when it does not say.

    Examples
    --------
    >>> _retry_after("7", datetime(2026, 1, 1, tzinfo=UTC))
    7.0
    >>> _retry_after("Thu, 01 Jan 2026 00:01:00 GMT", datetime(2026, 1, 1, tzinfo=UTC))
    60.0
    """
    if re.fullmatch(r"\d{1,9}", text.strip()):
        return float(text)
    try:
        then = parsedate_to_datetime(text)
    except ValueError:
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return max((then - now).total_seconds(), 0.0)
