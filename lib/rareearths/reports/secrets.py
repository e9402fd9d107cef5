"""Find secrets in what would be published: values of the environment, and known kinds of keys.

A value is compared by its letters and digits only, so that escaping, quoting and line breaks
between them hide nothing; its base64 is looked for as well, wherever in a text it starts. Texts in
``data:`` addresses are decoded. What a page holds compressed, such as a PNG, is not looked into.
"""

import base64
import binascii
import html
import json
import os
import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote

from rareearths import words

# Parts of a name (as in COMTRADE_API_KEY) that make its value a secret. A weak one names other
# things as often, so a value of letters only is no secret there.
STRONG = ("APIKEY", "SECRETKEY", "ACCESSKEY", "PRIVATEKEY", "TOKEN", "SECRET", "SECRETS",
          "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL", "CREDENTIALS")  # fmt: skip
WEAK = ("KEY", "KEYS", "TOKENS", "AUTH", "PAT", "DSN", "PASS", "PWD", "CREDS", "COOKIE")
# Last parts of names whose value says where a secret is, not what it is.
WHERE = ("SOCK", "FILE", "PATH", "DIR", "HOME", "PID", "PORT", "HOST")
SHORTEST = 6  # characters; a shorter value would be found everywhere
LONGEST_WORD = 9  # letters; "changeme" and "required" are words of public texts
SHORTEST_LINE = 16  # characters of a line of a value of several lines
LARGE = 10_000  # characters of a figure or script that is looked into only once
FEWEST_DIGITS = 12  # of a value that is a number; a shorter one may be a date or a price

_NOT_COMPARED = bytes(set(range(128)) - set((string.ascii_letters + string.digits).encode()))
_LINE_BREAK = re.compile(r"\r?\n|(?:\\r)?\\n")
_URL_PASSWORD = re.compile(r"://[^\s/:@\"'<>]*:([^\s/@\"'<>]+)@[\w\[]")
_EMBEDDED = re.compile(
    r"<script>.*?</script>|data:[\w/+.-]*(?:;[\w=.-]+)*;base64,([\w+/=%-]+)", re.DOTALL
)
_FLAGS = {"true", "false", "none", "null", "yes", "no", "on", "off"}


@dataclass(frozen=True)
class Leak:
    """A secret in what would be published: the place and what it is, never its value."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


@dataclass(frozen=True)
class _Kind:
    """A kind of key: its name, literal parts of which it has one (for speed), and its pattern."""

    name: str
    parts: tuple[bytes, ...]
    pattern: re.Pattern


def _kind(name: str, parts: str, pattern: str) -> _Kind:
    return _Kind(name, tuple(parts.encode().split()), re.compile(pattern.encode()))


KINDS = (
    _kind("an AWS access key id", "AKIA ASIA",
          r"A(?<![\w+/]A)(?:KIA|SIA)(?![A-Z0-9]*EXAMPLE)[A-Z0-9]{16}(?![\w+/])"),
    _kind("a GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
          r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,}"),
    _kind("a GitLab token", "glpat- gldt- glrt-", r"gl(?:pat|dt|rt)-[\w-]{20,}"),
    _kind("a Slack token", "xox xapp- hooks.slack.com/services/",
          r"x(?<!\wx)(?:ox[abeprs]|app)-\d[\w-]{9,}|hooks\.slack\.com/services/T\w+/B\w+/\w+"),
    _kind("a Google API key", "AIza GOCSPX-",
          r"AIza(?<![\w+/]AIza)[\w-]{35}(?![\w+/])|GOCSPX-[\w-]{20,}"),
    _kind("a Stripe key", "k_live_ k_test_ whsec_",
          r"[srp]k_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{24,}"),
    _kind("an API key (sk-...)", "sk-",  # names of style sheets have no capital letter
          r"sk-(?<![\w-]sk-)(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{20,}"),
    _kind("a Hugging Face token", "hf_", r"hf_(?<!\whf_)[A-Za-z0-9]{30,}"),
    _kind("a package registry token", "npm_ pypi-Ag",
          r"npm_(?<!\wnpm_)[A-Za-z0-9]{36}|pypi-Ag[\w-]{50,}"),
    _kind("a SendGrid key", "SG.", r"SG\.(?<!\wSG\.)[\w-]{22}\.[\w-]{43}"),
    _kind("an Azure storage key", "AccountKey=", r"AccountKey=[A-Za-z0-9+/]{60,}=*"),
    _kind("a JSON Web Token", "eyJ", r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    _kind("a private key", "PRIVATE KEY", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    _kind("an authorisation header", "Bearer Basic",
          r"(?:Bearer|Basic) (?=[\w.~+/-]*\d)[\w.~+/-]{20,}=*"),
    _kind("a key in an address", "key= token= Key= Token=",
          r"[?&;](?:[\w-]*[_-])?(?:api)?(?:[Kk]ey|[Tt]oken)=(?=[\w-]*\d)[\w-]{16,}"),
    _kind("a password in an address", "://",
          r"://[^\s/:@\"'<>]{1,100}:(?![*$<{\[]|x+@)[^\s/@\"'<>]{1,200}@[\w\[]"),
)  # fmt: skip


def find(texts: Mapping[str, str], environment: Mapping[str, str] | None = None) -> list[Leak]:
    """Search texts for secrets.

    Parameters
    ----------
    texts : dict of str to str
        What would be published, by place; see `places`.
    environment : dict of str to str, optional
        ``os.environ`` by default.

    Returns
    -------
    list of Leak
        Each place and secret once, in the order of the texts; a large figure or script that
        stands in several texts is named where it stands first.
    """
    hidden = _needles(environment)
    found: dict[Leak, None] = {}
    seen: set[str] = set()  # figures and scripts stand in an output and in the page
    for place, text in texts.items():
        for where, piece, is_base64 in _pieces(place, text):
            if len(piece) > LARGE and piece in seen:
                continue
            seen.add(piece)
            plain = _decoded(piece) if is_base64 else piece
            found |= {Leak(where, what): None for what in _hits(plain, hidden)}
    return list(found)


def redact(text: str, environment: Mapping[str, str] | None = None) -> str:
    """Put ``[secret: NAME]`` in the place of secrets, for a text that is shown or published.

    A text in which a secret cannot be cut out (it is broken over lines, say) is withheld.
    """
    for name, value in _values(environment):
        for written in sorted(_writings(value), key=len, reverse=True):
            text = text.replace(written, f"[secret: {name}]")
    raw = text.encode("utf-8", "surrogatepass")
    for kind in KINDS:
        raw = kind.pattern.sub(f"[secret: {kind.name}]".encode(), raw)
    cleaned = raw.decode("utf-8", "surrogatepass")
    left = find({"text": cleaned}, environment)
    return f"[text withheld, it holds {left[0].what}]" if left else cleaned


def places(notebook, facts_text: str, page: str) -> dict[str, str]:
    """Return all that would be published of a report, by the place an error message names.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed.
    facts_text : str
        The record, JSON.
    page : str
        HTML.
    """
    found = {}
    for number, cell in enumerate(notebook.cells, 1):
        name = _cell_name(cell, number)
        found[f"source of {name}"] = _as_text(cell.source)
        found[f"metadata of {name}"] = _as_text([cell.metadata, cell.get("attachments", {})])
        for position, output in enumerate(cell.get("outputs", ()), 1):
            for kind, content in _contents(output):
                found[f"{name}, output {position} ({kind})"] = _as_text(content)
    return found | {
        "metadata of the notebook": _as_text(notebook.metadata),
        "record": facts_text,
        "page": page,
    }


def _cell_name(cell, number: int) -> str:
    if cell.cell_type != "code":
        return f"{cell.cell_type} cell {number}"
    count = cell.get("execution_count")
    return f"cell {cell.get('id', number)}" if count is None else f"cell [{count}]"


def _contents(output) -> Iterator[tuple[str, object]]:
    if output.output_type == "stream":
        yield output.name, output.text
    elif output.output_type == "error":
        yield "error", "\n".join([output.ename, output.evalue, *output.traceback])
    else:
        yield from output.data.items()
        yield "metadata", output.get("metadata", {})


def _as_text(content) -> str:
    """A text, the joined lines of one, or anything else as JSON."""
    if isinstance(content, list) and all(isinstance(line, str) for line in content):
        return "".join(content)
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def _pieces(place: str, text: str) -> Iterator[tuple[str, str, bool]]:
    """Yield the scripts and data: addresses of a text, and the rest; and whether it is base64."""
    rest, end = [], 0
    for piece in _EMBEDDED.finditer(text):
        rest.append(text[end : piece.start()])
        end = piece.end()
        if piece[1] is None:
            yield f"{place}, script", piece[0], False
        else:
            yield f"{place}, data: address", piece[1], True
    yield place, " ".join([*rest, text[end:]]), False


def _decoded(coded: str) -> str:
    plain = unquote(coded).translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4)).decode("utf-8", "replace")
    except binascii.Error:
        return coded


def _hits(text: str, hidden: tuple) -> Iterator[str]:
    raw = _as_bytes(text)
    compared = raw.translate(None, _NOT_COMPARED)
    for name, needle in hidden:
        if needle in compared:
            yield f"value of the environment variable {name}"
    plain = raw.replace(b"\\", b"")
    for kind in KINDS:
        if any(part in plain for part in kind.parts) and kind.pattern.search(plain):
            yield f"looks like {kind.name}"


def _as_bytes(text: str) -> bytes:
    """Return a text without line breaks that are written as an escape of JSON."""
    return text.encode("utf-8", "surrogatepass").replace(b"\\n", b" ")


def _needles(environment: Mapping[str, str] | None) -> tuple[tuple[str, bytes], ...]:
    return _needles_of(tuple(_values(environment)))


@lru_cache(maxsize=8)
def _needles_of(values: tuple[tuple[str, str], ...]) -> tuple[tuple[str, bytes], ...]:
    found = {
        (name, needle): None
        for name, value in values
        for written in _writings(value)
        if len(needle := _as_bytes(written).translate(None, _NOT_COMPARED)) >= SHORTEST
    }
    return tuple(found)


def _values(environment: Mapping[str, str] | None) -> list[tuple[str, str]]:
    """Names and values that are secret; a value of several lines is several values."""
    found = []
    for name, value in (os.environ if environment is None else environment).items():
        passwords = [unquote(p) for p in _URL_PASSWORD.findall(value)]
        found += [(name, password) for password in passwords if len(password) >= SHORTEST]
        found += [(name, part) for part in _parts(value) if _is_secret(name, part)]
    return found


def _parts(value: str) -> list[str]:
    lines = [line.strip() for line in _LINE_BREAK.split(value)]
    if len(lines) == 1:
        return lines
    return [line for line in lines if len(line) >= SHORTEST_LINE and not line.startswith("-----")]


def _is_secret(name: str, value: str) -> bool:
    parts = re.split(r"[\W_]+", name.upper())
    strong = any(part.endswith(STRONG) for part in parts)
    if not (strong or set(WEAK) & set(parts)) or parts[-1] in WHERE:
        return False
    if len(value) < SHORTEST or value.casefold() in _FLAGS or os.path.exists(value):
        return False
    if re.fullmatch(r"[\d.,:+-]+", value):
        return sum(map(str.isdigit, value)) >= FEWEST_DIGITS
    if re.fullmatch(r"[A-Z]?[a-z]+|[A-Z]+", value):
        return strong and len(value) > LONGEST_WORD
    return True


@lru_cache(maxsize=256)
def _writings(value: str) -> tuple[str, ...]:
    """How a value may be written: as it is, escaped, and in base64 from any place in a text."""
    escaped, in_markdown = html.escape(value), words.escape(value)
    address = quote(value, safe="")
    plain = {
        value, escaped, escaped.replace("&#x27;", "&#39;"), html.escape(value, quote=False),
        json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1],
        in_markdown, json.dumps(in_markdown)[1:-1],
        address, quote_plus(value), quote(value),
        re.sub(r"%..", lambda code: code[0].lower(), address),
    }  # fmt: skip
    coded = {form for text in (value, escaped) for form in _in_base64(text)}
    return tuple(sorted(plain | coded))


def _in_base64(text: str) -> list[str]:
    """The digits of a text in base64 that do not depend on what stands before and after it."""
    raw = text.encode("utf-8", "surrogatepass")
    forms = []
    for before in range(3):
        digits = base64.b64encode(bytes(before) + raw).decode()
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        forms.append(digits[first:last])
    return [f for form in forms for f in (form, form.translate(str.maketrans("+/", "-_")))]
