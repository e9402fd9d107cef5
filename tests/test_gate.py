"""The gate: what keeps an executed notebook or a page from being published."""

import base64
import html
import json
import re
import subprocess
import sys
from urllib.parse import quote, quote_plus

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from conftest import ROOT, run_cli
from rareearths import words
from rareearths.reports import gate, secrets

TRACEBACK = """Traceback (most recent call last):
  File "x.py", line 1, in <module>
    1 / 0
ZeroDivisionError: division by zero
"""


def stream(text: str, name: str = "stdout"):
    return new_output("stream", name=name, text=text)


def shown(kind: str, text):
    return new_output("display_data", {kind: text})


def error(name: str = "ValueError", value: str = "wrong"):
    return new_output("error", ename=name, evalue=value, traceback=[])


def notebook_of(*outputs, count: int | None = 1):
    """A notebook of one cell that was run, with these outputs."""
    cell = new_code_cell("x = 1", id="c0", execution_count=count, outputs=list(outputs))
    return new_notebook(cells=[new_markdown_cell("# Title", id="intro"), cell])


# Faults of a notebook


@pytest.mark.parametrize(
    "output",
    [
        stream(TRACEBACK),
        stream(TRACEBACK, "stderr"),
        stream(f"ERROR:root:failed\n{TRACEBACK}", "stderr"),
        stream(f"Exception in thread Thread-3:\n{TRACEBACK}", "stderr"),
        stream(TRACEBACK.replace("Traceback", "\x1b[31mTraceback\x1b[0m"), "stderr"),
        stream("  + Exception Group " + TRACEBACK, "stderr"),
        shown("text/plain", repr(TRACEBACK)),
        shown("text/plain", TRACEBACK),
        shown("text/html", f"<pre>{html.escape(TRACEBACK)}</pre>"),
        shown("text/html", f"<b>Trace</b>{TRACEBACK[5:]}"),
        shown("text/html", [f"<p>{line}</p>\n" for line in TRACEBACK.splitlines()]),
        shown("text/markdown", f"```\n{TRACEBACK}```"),
    ],
)
def test_a_printed_traceback_is_a_fault(output):
    (fault,) = gate.faults(notebook_of(output))
    assert (fault.cell, fault.cell_id, fault.kind) == (1, "c0", "traceback")
    assert "division by zero" in fault.text
    assert str(fault).startswith("cell [1] (c0): traceback: ")


def test_a_traceback_in_several_outputs_is_one_fault():
    first, second = TRACEBACK[:20], TRACEBACK[20:]
    assert (
        len(gate.faults(notebook_of(stream(first), shown("text/plain", "x"), stream(second)))) == 1
    )


@pytest.mark.parametrize(
    "text",
    [
        "Cell In[3], line 1\n----> 1 1 / 0\nZeroDivisionError: division by zero",
        "  Cell In[2], line 1\n    x = = 3\n        ^\nSyntaxError: invalid syntax",
        '  File "x.py", line 3\n    x = = 3\n        ^\nSyntaxError: invalid syntax',
        '  File "x.py", line 3, in f\n    return g()\n',
        "Fatal Python error: Segmentation fault\n\nCurrent thread 0x1 (most recent call first):\n",
    ],
)
def test_other_forms_of_a_traceback_are_faults(text):
    assert [f.kind for f in gate.faults(notebook_of(stream(text)))] == ["traceback"]


@pytest.mark.parametrize(
    "output",
    [
        stream("/lib/x.py:3: UserWarning: odd numbers\n  warnings.warn(...)\n", "stderr"),
        stream("Traceback of the ore to its mine; most recent call for tenders: 2024\n"),
        shown("text/html", "<p>In cell 3, line 1 of the file</p>"),
        shown("text/plain", "ValueError('kept for later')"),
        shown("application/json", {"text": "fine"}),
        shown("text/markdown", "The error was 3%. File closed."),
    ],
)
def test_what_is_no_traceback_is_no_fault(output):
    assert gate.faults(notebook_of(output)) == []


def test_an_error_output_is_a_fault_also_where_the_cell_may_raise():
    notebook = notebook_of(error())
    notebook.cells[1].metadata.tags = ["raises-exception"]
    assert [str(f) for f in gate.faults(notebook)] == ["cell [1] (c0): error: ValueError: wrong"]


def test_nothing_to_report_ends_a_notebook_without_a_fault():
    notebook = notebook_of(error("NothingToReport", "no trade"))
    notebook.cells.append(new_code_cell("never = 1", id="c1"))
    assert gate.faults(notebook) == []
    notebook.cells[2].execution_count = 2
    assert [f.kind for f in gate.faults(notebook)] == ["error"], "the notebook went on"


@pytest.mark.parametrize(
    ("source", "tags", "kinds"),
    [("x = 1", [], ["not run"]), (" \n", [], []), ("x = 1", ["skip-execution"], [])],
)
def test_a_cell_that_was_never_run_is_a_fault(source, tags, kinds):
    notebook = notebook_of()
    notebook.cells.append(new_code_cell(source, id="c1", metadata={"tags": tags}))
    faults = gate.faults(notebook)
    assert [f.kind for f in faults] == kinds
    assert all((f.cell, f.cell_id) == (None, "c1") for f in faults)


@pytest.mark.parametrize(
    "output",
    [
        stream("Jap\ud800n"),
        shown("text/plain", "Jap\ud800n"),
        shown("application/json", {"names": ["Jap\ud800n"]}),
        shown("application/json", {"Jap\ud800n": 1}),
    ],
)
def test_text_that_utf8_cannot_encode_is_a_fault_that_can_be_printed(output):
    (fault,) = gate.faults(notebook_of(output))
    assert (fault.cell_id, fault.kind, fault.text) == ("c0", "not UTF-8", "Jap\\ud800n")
    str(fault).encode()


def test_a_huge_output_is_a_fault():
    notebook = notebook_of(stream("x" * 600_000), shown("text/html", "y" * 600_000))
    (fault,) = gate.faults(notebook, limit_mb=1)
    assert str(fault) == "cell [1] (c0): huge output: 1.2 MB, 1 MB are allowed"
    assert gate.faults(notebook, limit_mb=1.3) == []
    assert gate.faults(notebook_of(stream("x" * 6_000_000)))[0].kind == "huge output"


def test_warnings_stand_once_and_in_order():
    notebook = notebook_of(stream("\x1b[33mfirst\x1b[0m\n", "stderr"), stream("printed"))
    for text in ("second\n", "first\n", " \n"):
        notebook.cells.append(
            new_code_cell("x", execution_count=2, outputs=[stream(text, "stderr")])
        )
    assert gate.warnings(notebook) == ["first", "second"]


def test_tracebacks_of_a_real_kernel_are_found(tmp_path):
    """What Python, logging, IPython, a thread and a subprocess really print."""
    raising = "try:\n    1 / 0\nexcept Exception:\n    "
    sources = {
        "print_exc": f"import traceback\n{raising}traceback.print_exc()",
        "format_exc": f"{raising}text = traceback.format_exc()\ntext",
        "logging": f"import logging\n{raising}logging.exception('failed')",
        "thread": "from threading import Thread\n"
        "thread = Thread(target=lambda: 1 / 0)\nthread.start()\nthread.join()",
        "subprocess": "import subprocess, sys\n"
        "done = subprocess.run([sys.executable, '-c', '1 / 0'], capture_output=True, text=True)\n"
        "print(done.stderr)",
        "ipython": "from IPython.core.ultratb import VerboseTB\n"
        f"{raising}import sys\n    print(VerboseTB().text(*sys.exc_info()))",
        "stack": "traceback.print_stack()",
        "warning": "import warnings\nwarnings.warn('odd', stacklevel=1)",
        "plain": "print('fine')",
    }
    cells = [new_code_cell(source, id=name) for name, source in sources.items()]
    path, done = tmp_path / "a.ipynb", tmp_path / "done.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    command = [sys.executable, "-m", "papermill", "-k", "python3", "--no-progress-bar"]
    subprocess.run([*command, path, done], check=True, capture_output=True)
    notebook = nbformat.read(done, as_version=4)
    found = {f.cell_id: f.kind for f in gate.faults(notebook)}
    assert found == dict.fromkeys(list(sources)[:-2], "traceback")
    assert any("UserWarning: odd" in text for text in gate.warnings(notebook))


# Faults of a page


POLICY = (
    "default-src 'none'; connect-src 'none'; form-action 'none'; frame-src 'none'; "
    "object-src 'none'; base-uri 'none'; img-src data:; script-src 'none'"
)


def page_of(body: str, policy: str = POLICY, before: str = "") -> str:
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return f"<html><head>{before}{meta}<title>T</title></head><body>{body}</body></html>"


@pytest.mark.parametrize(
    "body",
    [
        "<a href='https://e.org'>x</a><a href='one.html'>x</a><a href='#a'>x</a>",
        "<a href='mailto:a@example.org'>x</a><a href='data:text/csv;base64,YQ==' download>x</a>",
        "<img src='data:image/svg+xml;base64,YQ=='>",
        "<script type='application/json'>{}</script>",
    ],
)
def test_what_a_page_may_hold(body):
    assert gate.page_faults(page_of(body)) == []


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("<script>1</script>", "a script that the library did not make: 1"),
        ("<SCRIPT >1</SCRIPT>", "a script that the library did not make"),
        ("<script src=http://e.org></script>", "loads http://e.org"),
        ("<b onclick='x()'>x</b>", "a script in an attribute, onclick"),
        ("<a href='javascript:x()'>x</a>", "<a> leads to javascript:x()"),
        ("<a href=' java\nscript:x()'>x</a>", "<a> leads to"),
        ("<a href='JAVASCRIPT&colon;x()'>x</a>", "<a> leads to"),
        ("<a href='data:text/html,x'>x</a>", "<a> leads to data:text/html"),
        ("<a href='//e.org/x'>x</a>", "<a> leads to //e.org"),
        ("<a href='file:///etc'>x</a>", "<a> leads to file:"),
        ("<img src='http://e.org/x.png'>", "<img> loads http://e.org/x.png"),
        ("<a href='x.html' ping='http://e.org'>x</a>", "<a> loads http://e.org"),
        ("<meta http-equiv=refresh content='0;url=x'>", "an element <meta>"),
        ("<base href=x>", "an element <base>"),
        ("<link rel=dns-prefetch href=//e.org>", "an element <link>"),
        ("<iframe srcdoc=x></iframe>", "an element <iframe>"),
        ("<form></form>", "an element <form>"),
    ],
)
def test_what_a_page_must_not_hold(body, what):
    assert any(what in f.text for f in gate.page_faults(page_of(body))), body


@pytest.mark.parametrize("name", ["default-src", "connect-src", "form-action", "base-uri"])
def test_a_policy_without_a_refusal_is_a_fault(name):
    weak = POLICY.replace(f"{name} 'none'", f"{name} https:")
    assert [name in f.text for f in gate.page_faults(page_of("", weak))] == [True]


@pytest.mark.parametrize("scripts", ["'unsafe-inline'", "*", "https://e.org", "'self'"])
def test_a_policy_that_lets_scripts_run_is_a_fault(scripts):
    weak = POLICY.replace("script-src 'none'", f"script-src {scripts}")
    assert len(gate.page_faults(page_of("", weak))) == 1


def test_a_policy_that_comes_too_late_or_never_is_a_fault():
    assert gate.page_faults(page_of("", before="<title>x</title>"))
    assert gate.page_faults("<html><body>x</body></html>")


# Secrets: values of the environment


VALUE = "p&ss<w\"o'r>d/+ö_x-7*Kq"
WRITINGS = {
    "as it is": str,
    "JSON": json.dumps,
    "JSON with other letters": lambda v: json.dumps(v, ensure_ascii=False),
    "JSON in JSON": lambda v: json.dumps(json.dumps(v)),
    "JSON in a script": lambda v: json.dumps(v).replace("</", "<\\/"),
    "HTML": html.escape,
    "HTML without quotes": lambda v: html.escape(v, quote=False),
    "Markdown": words.escape,
    "Markdown in JSON": lambda v: json.dumps(words.escape(v)),
    "address": quote,
    "address, everything": lambda v: quote(v, safe=""),
    "address, a form": quote_plus,
    "base64": lambda v: base64.b64encode(v.encode()).decode(),
    "base64, second place": lambda v: base64.b64encode(b"a" + v.encode() + b"bc").decode(),
    "base64, third place": lambda v: base64.b64encode(b"ab" + v.encode() + b"c").decode(),
    "base64 of an address": lambda v: base64.urlsafe_b64encode(f"user:{v}@".encode()).decode(),
    "base64 in lines": lambda v: base64.encodebytes(b"x" * 40 + v.encode() + b"y" * 40).decode(),
    "data: address": lambda v: (
        "<img src='data:image/svg+xml;base64,"
        + base64.b64encode(f"<svg><!-- {html.escape(v)} -->".encode()).decode()
        + "'>"
    ),
    "in lines": lambda v: f"{v[:7]}\n{v[7:]}",
    "in lines of a notebook": lambda v: json.dumps([f"{v[:7]}\n", v[7:]], indent=1),
    "repr": repr,
}


@pytest.mark.parametrize("write", WRITINGS.values(), ids=WRITINGS)
@pytest.mark.parametrize("value", [VALUE, "0f3c9e8d7a6b5c4d3e2f1a0b", "Hunter2x"])
def test_a_value_is_found_however_it_is_written(write, value):
    environment = {"COMTRADE_API_KEY": value}
    text = f"before {write(value)} after"
    found = secrets.find({"page": text}, environment)
    assert {leak.what for leak in found} == {"value of the environment variable COMTRADE_API_KEY"}
    assert all(leak.place.startswith("page") for leak in found)
    assert all(value not in str(leak) for leak in found)


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40), st.integers(0, 30))
def test_any_value_of_enough_letters_is_found_and_cut_out(tail, before):
    value = f"kX9{tail}Zq81"
    environment = {"MY_TOKEN": value}
    text = "~" * before + value
    if secrets.find({"text": text}, environment):
        cleaned = secrets.redact(f"say {text}!", environment)
        assert secrets.find({"text": cleaned}, environment) == []
        assert "MY_TOKEN" in cleaned
    else:
        assert len(value.splitlines()) > 1 or "\\n" in value, "only lines that are short are not"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_KEY", "abc12"),
        ("DEBUG_AUTH", "true"),
        ("USE_TOKEN", "1"),
        ("MAX_TOKENS", "128000"),
        ("KEY_DATE", "2024-11-24"),
        ("AUTH_MODE", "required"),
        ("SSH_AUTH_SOCK", "/run/user/1000/agent"),
        ("PASSWORD_FILE", "/run/absent/password"),
        ("GOOGLE_APPLICATION_CREDENTIALS", __file__),
        ("DB_PASSWORD", "changeme"),
        ("PASSWORD", "JAPAN"),
        ("MONKEY", "bananas-4-all"),
        ("AUTHOR_NAME", "Ada Lovelace"),
        ("PATH", "/usr/bin:/bin"),
        ("HOME", "/home/somebody"),
    ],
)
def test_values_that_tell_nothing_are_not_searched(name, value):
    assert secrets.find({"page": f"The page says {value} here."}, {name: value}) == []


@pytest.mark.parametrize(
    "name",
    ["COMTRADE_API_KEY", "census_key", "GITHUB_TOKEN", "PGPASSWORD", "DbPassword", "MYSQL_PWD",
     "AWS_SECRET_ACCESS_KEY", "SENTRY_DSN", "AZURE_PAT", "npm_config__auth", "GPG_PASSPHRASE",
     "TWINE_CREDENTIALS", "APIKEY", "SESSION_COOKIE", "MY-API-KEY"],
)  # fmt: skip
def test_names_that_look_secret(name):
    (leak,) = secrets.find({"record": "x: Tr0ub4dor&3"}, {name: "Tr0ub4dor&3"})
    assert leak == secrets.Leak("record", f"value of the environment variable {name}")


def test_a_word_is_a_secret_only_where_the_name_says_so_and_it_is_long():
    text = {"page": "correcthorsebattery"}
    assert secrets.find(text, {"PASSWORD": "correcthorsebattery"})
    assert not secrets.find(text, {"AUTH": "correcthorsebattery"})


def test_a_value_of_several_lines_counts_by_lines():
    lines = ["MIIEvQIBADANBgkqhkiG9w0B", "AQEFAASCBKcwggSjAgEAAoIB", "short"]
    key = "\n".join(["-----BEGIN KEY-----", *lines, "-----END KEY-----"])
    for value in (key, key.replace("\n", "\\n")):
        for line in lines[:2]:
            assert secrets.find({"page": f"x {line} y"}, {"DEPLOY_KEY": value})
        assert not secrets.find({"page": "-----BEGIN KEY-----\nshort"}, {"DEPLOY_KEY": value})


def test_a_password_in_the_address_of_any_variable_is_searched():
    environment = {"http_proxy": "http://user:s3cr%40tpw@proxy:8080", "PIP_INDEX_URL": "http://x/y"}
    assert secrets.find({"page": "it is s3cr@tpw"}, environment)
    assert not secrets.find({"page": "user, proxy:8080, http://x/y"}, environment)


# Secrets: known kinds of keys


A = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6kL9n"
KINDS = {
    "AKIA" + "Q3EGKXLFN4LMPABC": "an AWS access key id",
    "ASIA" + "Q3EGKXLFN4LMPABC": "an AWS access key id",
    "ghp_" + A[:36]: "a GitHub token",
    "github_pat_" + A[:22] + "_" + A: "a GitHub token",
    "glpat-" + A[:20]: "a GitLab token",
    "xoxb-" + "123456789012-" + A[:24]: "a Slack token",
    "AIza" + A[:35]: "a Google API key",
    "sk_live_" + A[:24]: "a Stripe key",
    "sk-proj-" + A: "an API key (sk-...)",
    "sk-ant-api03-" + A: "an API key (sk-...)",
    "hf_" + A[:34]: "a Hugging Face token",
    "npm_" + A[:36]: "a package registry token",
    "SG." + A[:22] + "." + A + "abc": "a SendGrid key",
    "AccountKey=" + A + A + "==": "an Azure storage key",
    f"eyJ{A[:20]}.eyJ{A[:30]}.{A}": "a JSON Web Token",
    "-----BEGIN RSA " + "PRIVATE KEY-----": "a private key",
    "-----BEGIN " + "PRIVATE KEY-----": "a private key",
    "Authorization: Bearer " + A: "an authorisation header",
    "https://e.org/data?subscription-key=" + A[:32]: "a key in an address",
    "https://e.org/data?year=2024&amp;key=" + A[:32]: "a key in an address",
    "postgresql://admin:" + "Tr0ub4dor@db.e.org/x": "a password in an address",
}


@pytest.mark.parametrize("write", [str, json.dumps, html.escape, WRITINGS["data: address"]])
@pytest.mark.parametrize(("key", "kind"), KINDS.items(), ids=range(len(KINDS)))
def test_known_kinds_of_keys_are_found(key, kind, write):
    found = secrets.find({"page": f"x\n'{write(key)}' y"}, {})
    assert [leak.what for leak in found] == [f"looks like {kind}"]
    assert key not in secrets.redact(f"x {key} y", {})


@pytest.mark.parametrize("key", [key for key in KINDS if "_" in key])
def test_a_key_in_a_sentence_of_markdown_is_found(key):
    assert secrets.find({"cell": json.dumps(words.escape(key))}, {})


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7" + "EXAMPLE",
        "class='sk-estimator-doc-link sk-container-id-1 sk-top-container'",
        "risk-assessment-of-Heavy-Rare-Earths-2024",
        "sha256 " + "3f786850e387550fdab836ed7e6dc881de23001b" * 2,
        "script-src 'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='",
        "https://medium.com/@somebody/a:b@c",
        "http://localhost:8888/lab",
        "https://user:${PASSWORD}@e.org and https://user:***@e.org",
        "Basic metals and Bearer shares of 2024",
        "https://e.org/?key=short&token=word",
        "-----BEGIN PUBLIC KEY-----",
    ],
)
def test_what_only_resembles_a_key_is_not_found(text):
    assert secrets.find({"page": text}, {}) == []


def test_a_text_from_which_a_secret_cannot_be_cut_is_withheld():
    environment = {"MY_TOKEN": "abcdef123456"}
    assert secrets.redact("it is abcdef123456.", environment) == "it is [secret: MY_TOKEN]."
    withheld = secrets.redact("it is abcdef\n123456.", environment)
    assert withheld == "[text withheld, it holds value of the environment variable MY_TOKEN]"


# Secrets: places


def test_places_name_what_an_author_can_find():
    notebook = notebook_of(stream("out"), shown("text/html", ["<b>", "x</b>"]), error(), count=5)
    notebook.cells.append(new_code_cell("never", id="c9"))
    notebook.metadata["papermill"] = {"parameters": {"text": "given"}}
    found = secrets.places(notebook, "{}", "<html>")
    assert found["source of markdown cell 1"] == "# Title"
    assert found["source of cell [5]"] == "x = 1"
    assert found["source of cell c9"] == "never"
    assert found["cell [5], output 1 (stdout)"] == "out"
    assert found["cell [5], output 2 (text/html)"] == "<b>x</b>"
    assert "wrong" in found["cell [5], output 3 (error)"]
    assert "given" in found["metadata of the notebook"]
    assert (found["record"], found["page"]) == ("{}", "<html>")


@given(st.data())
def test_no_part_of_a_notebook_is_left_out(data):
    """A secret put into any string of an executed notebook is found at some place."""
    notebook = notebook_of(
        stream("HERE"), shown("application/json", {"a": ["HERE"]}), error("HERE", "HERE"), count=5
    )
    notebook.cells[0].attachments = {"a.txt": {"text/plain": "HERE"}}
    notebook.cells[1].metadata["note"] = "HERE"
    notebook.cells[1].outputs[2].traceback = ["HERE"]
    notebook.cells[1].source = "HERE"
    notebook.metadata["title"] = "HERE"
    text = json.dumps(notebook)
    spots = [m.start() for m in re.finditer("HERE", text)]
    spot = data.draw(st.sampled_from(spots))
    leaking = text[:spot] + "ghp_" + A[:36] + text[spot + 4 :]
    places = secrets.places(nbformat.reads(leaking, as_version=4), "", "")
    assert len(secrets.find(places, {})) == 1


# Our own pages


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Two reports of ours: one with an interactive chart, one with many figures and tables."""
    folder = tmp_path_factory.mktemp("site")
    ids = ["policy-timeline-japan-rare-earths", "data-quality-japan-rare-earths"]
    done = run_cli("render", "--site", str(folder), *ids)
    assert done.returncode == 0, done.stderr
    return folder


def test_our_own_pages_pass_the_gate(site):
    environment = {"COMTRADE_API_KEY": A, "DB_PASSWORD": "Tr0ub4dor&3"}
    texts = {str(p.name): p.read_text(encoding="utf-8") for p in site.rglob("*.*")}
    assert len([name for name in texts if name.endswith(".ipynb")]) == 2
    assert secrets.find(texts, environment) == []
    for name, text in texts.items():
        if name.endswith(".html"):
            assert gate.page_faults(text) == [], name
        if name.endswith(".ipynb"):
            notebook = nbformat.reads(text, as_version=4)
            assert gate.faults(notebook) == []
            assert secrets.find(secrets.places(notebook, "", ""), environment) == []


def test_a_secret_in_a_figure_of_our_own_page_is_found(site):
    """It is put into the SVG, before that is encoded."""
    page = (site / "data-quality-japan-rare-earths.html").read_text(encoding="utf-8")
    coded = re.search(r"data:image/svg\+xml;base64,([\w+/=]+)", page)[1]
    figure = base64.b64decode(coded).decode().replace("</svg>", "<!-- Tr0ub4dor&amp;3 --></svg>")
    leaking = page.replace(coded, base64.b64encode(figure.encode()).decode(), 1)
    (leak,) = secrets.find({"page": leaking}, {"DB_PASSWORD": "Tr0ub4dor&3"})
    assert leak.place == "page, data: address"


def test_the_data_of_the_project_hold_no_secret():
    texts = {
        str(path): path.read_text(encoding="utf-8")
        for folder in ("data", "notebooks", "docs")
        for path in (ROOT / folder).rglob("*.*")
        if path.suffix in (".csv", ".json", ".md", ".ipynb")
    }
    assert len(texts) > 30
    assert secrets.find(texts, {}) == []
