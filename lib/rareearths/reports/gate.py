"""The gate between an executed notebook, or the page made of it, and publication.

A fault stops the report: its old page stays. `faults` looks at what the notebook put out,
`page_faults` at what the page would do in a browser.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser

LIMIT_MB = 5.0  # of the outputs of one cell; the largest chart with its library has 1 MB
NOTHING = "NothingToReport"  # see `rareearths.reports.prose`: how a report ends, and no fault
SCHEMES = ("http", "https", "mailto")  # to which a page may link
EMBEDDED = ("data:text/csv",)  # what a page may hold for download

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_TRACEBACK = re.compile(
    r"Traceback \(most recent call last\)"
    r"|\(most recent call first\)"  # a crash, by faulthandler
    r"|^ *(?:Cell In\[\d+\]|File (?:\"[^\"\n]+\"|\S+)), line \d+(?:$|, in |\n.*\n *\^)"
    r"|^File \S+:\d+(?:, in |$)",
    re.MULTILINE,
)
_ERROR_LINE = re.compile(
    r"^(?:\w+\.)*[A-Z]\w*(?:Error|Exception|Interrupt|Exit|Warning)\b.*$", re.M
)
_LOST = re.compile(r"^ERROR:tornado\.general:Uncaught exception in zmq", re.M | re.I)
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_POLICY = re.compile(
    r'<meta (?=[^>]*http-equiv="Content-Security-Policy")[^>]*content="([^"]*)"[^>]*>'
)
_REFUSED = ("default-src", "connect-src", "form-action", "frame-src", "object-src", "base-uri")
_LOADING = ("src", "srcset", "data", "action", "formaction", "poster", "background", "ping")
_FORBIDDEN = {"applet", "base", "embed", "form", "frame", "frameset", "iframe", "link", "meta",
              "object", "portal"}  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """What keeps a report from being published.

    Attributes
    ----------
    cell : int or None
        Execution count; None for a cell that was not run and for the page.
    cell_id : str
    kind : str
        ``error``, ``traceback``, ``not run``, ``not UTF-8``, ``huge output`` or ``page``.
    text : str
        What it is, in a line.
    """

    cell: int | None
    cell_id: str
    kind: str
    text: str

    def __str__(self) -> str:
        count = "" if self.cell is None else f" [{self.cell}]"
        where = f"cell{count} ({self.cell_id}): " if self.cell_id else ""
        return f"{where}{self.kind}: {self.text}"


def faults(notebook, limit_mb: float = LIMIT_MB) -> list[Fault]:
    """Return what keeps an executed notebook from being published, cell by cell.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    limit_mb : float
        Largest size of the outputs of a cell, MB of text.
    """
    found = []
    end = _end(notebook)
    for position, cell in enumerate(notebook.cells):
        ended = end is not None and position >= end
        count, cell_id = cell.get("execution_count"), cell.get("id", "")
        found += [Fault(count, cell_id, *fault) for fault in _faults_of(cell, limit_mb, ended)]
    return found


def lost(output: str) -> str:
    """Return why a kernel could not send what a cell put out; empty when nothing was lost.

    Parameters
    ----------
    output : str
        What the kernel wrote to its own stdout and stderr, past the notebook.
    """
    found = _LOST.search(output)
    return _last_error(output[found.start() :]) if found else ""


def warnings(notebook) -> list[str]:
    """Return what the cells wrote to stderr, each text once, in order, without colours."""
    texts = [_stream(cell, "stderr").strip() for cell in notebook.cells]
    return [text for text in dict.fromkeys(texts) if text]


def page_faults(page: str) -> list[Fault]:
    """Return what a page must not hold: foreign scripts, outside addresses, a weak policy.

    The policy is read from the page; a script whose hash it does not name is a fault, since
    nothing of the library made it.
    """
    head, _, body = page.partition("</head>")
    found = _POLICY.search(head)
    policy = found[1] if found and "<title" not in head[: found.start()] else ""
    parser = _Parser()
    parser.feed(_SCRIPT.sub("", body))
    parser.close()
    texts = [*_policy_faults(policy), *_script_faults(policy, body), *parser.faults]
    return [Fault(None, "", "page", text) for text in dict.fromkeys(texts)]


def encodable(text: str) -> str:
    r"""Return a text that UTF-8 can encode: lone surrogates become ``\udxxx``, as they read.

    Examples
    --------
    >>> print(encodable("Jap" + chr(0xD800) + "n"))
    Jap\ud800n
    """
    return text.encode("utf-8", "backslashreplace").decode()


def _end(notebook) -> int | None:
    """Position of the cell with which a notebook ended because there is nothing to report."""
    code = [(i, cell) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    run = [(i, cell) for i, cell in code if cell.get("execution_count") is not None]
    if run and any(_is_nothing(output) for output in run[-1][1].outputs):
        return run[-1][0]
    return None


def _is_nothing(output) -> bool:
    return output.output_type == "error" and output.ename == NOTHING


def _faults_of(cell, limit_mb: float, ended: bool) -> Iterator[tuple[str, str]]:
    if unreadable := next((t for t in strings(cell) if not _is_utf8(t)), None):
        yield "not UTF-8", _short(encodable(unreadable))
    if cell.cell_type != "code":
        return
    if cell.get("execution_count") is None:
        skipped = "skip-execution" in cell.metadata.get("tags", ())
        if cell.source.strip() and not ended and not skipped:
            yield "not run", _short(cell.source)
    for output in cell.outputs:
        if output.output_type == "error" and not (ended and _is_nothing(output)):
            yield "error", _short(f"{output.ename}: {output.evalue}")
    for text in _printed(cell):
        if found := _TRACEBACK.search(text):
            yield "traceback", _last_error(text[found.start() :])
    size = sum(len(text) for text in strings(cell.outputs)) / 1e6
    if size > limit_mb:
        yield "huge output", f"{size:.1f} MB, {limit_mb:g} MB are allowed"


def _printed(cell) -> Iterator[str]:
    """Yield the texts in which a cell may show a traceback, without colours and markup."""
    for name in ("stdout", "stderr"):
        yield _COLOUR.sub("", _stream(cell, name))
    for output in cell.outputs:
        for kind, text in output.get("data", {}).items():
            if not kind.startswith("text/"):
                continue
            text = _COLOUR.sub("", _joined(text))
            if kind == "text/html":
                text = unescape(re.sub("<[^>]*>", "", _SCRIPT.sub("", text)))
            # An expression shows a text as its repr.
            yield text.replace("\\n", "\n") if kind == "text/plain" else text


def _stream(cell, name: str) -> str:
    found = [_joined(o.text) for o in cell.get("outputs", ()) if o.get("name") == name]
    return _COLOUR.sub("", "".join(found))


def _joined(text) -> str:
    return text if isinstance(text, str) else "".join(text)


def _last_error(text: str) -> str:
    lines = _ERROR_LINE.findall(text)
    return _short(lines[-1] if lines else text)


def _short(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= 200 else f"{line[:197]}..."


def strings(content) -> Iterator[str]:
    """Yield all strings of nested dicts and lists, keys too."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for key, value in content.items():
            yield key
            yield from strings(value)
    elif isinstance(content, (list, tuple)):
        for value in content:
            yield from strings(value)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _policy_faults(policy: str) -> Iterator[str]:
    """Say what a Content-Security-Policy lets through that no page needs."""
    allowed = {}
    for directive in policy.split(";"):
        name, _, values = directive.strip().partition(" ")
        allowed[name] = values
    for name in _REFUSED:
        if allowed.get(name) != "'none'":
            yield f"its Content-Security-Policy does not say {name} 'none' before anything else"
    if not re.fullmatch(r"'none'|'sha256-\S+'(?: 'sha256-\S+')*", allowed.get("script-src", "")):
        yield "its Content-Security-Policy names no hashes of scripts, nor script-src 'none'"


def _script_faults(policy: str, body: str) -> Iterator[str]:
    for script in _SCRIPT.findall(body):
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        if f"'sha256-{digest}'" not in policy:
            yield f"a script that the library did not make: {_short(script)}"


class _Parser(HTMLParser):
    """Collects what elements of a page could do to its reader."""

    def __init__(self):
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag, attrs):
        values = {name: value or "" for name, value in attrs}
        if tag in _FORBIDDEN:
            self.faults.append(f"an element <{tag}>")
        if tag == "script" and values.get("type") != "application/json":
            self.faults.append("a script that the library did not make")
        for name, value in values.items():
            if name.startswith("on"):
                self.faults.append(f"a script in an attribute, {name}")
            elif name in _LOADING and not value.startswith("data:image/"):
                self.faults.append(f"<{tag}> loads {_short(value)}")
            elif name in ("href", "xlink:href") and not _may_link(value):
                self.faults.append(f"<{tag}> leads to {_short(value)}")


def _may_link(address: str) -> bool:
    """Tell whether an address is http(s), mailto, relative, or a file the page holds."""
    plain = re.sub(r"[\x00-\x20]", "", address)  # a browser leaves them out
    if plain.startswith(("//", "\\")):
        return False
    scheme = re.match(r"([^/?#:]*):", plain)
    return not scheme or scheme[1].lower() in SCHEMES or plain.startswith(EMBEDDED)
