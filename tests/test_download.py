"""A large file comes down whole, in parts or with a clear error, and never as a mixture."""

import json
from collections import namedtuple
from dataclasses import replace
from functools import partial

import pytest

import archives
import publishers as play
from archives import cut_after, ranged
from publishers import FOREVER, Publisher
from rareearths import catalogue
from rareearths.sources import fetch, raw
from rareearths.sources.fetch import ARCHIVE, Refused, Request, SourceError, Unusable
from rareearths.sources.plan import Plan
from test_sources import QUICK, Clock, client

BODY = archives.zipped({"a.csv": bytes(range(256)) * 40}) + bytes(5000)
MANY = replace(QUICK, spacing=0.0)


@pytest.fixture
def publisher(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Publisher() as running:
        running.pages = {"/file": lambda path, query: (200, BODY, "application/zip")}
        running.faults = [ranged] * FOREVER
        yield running


@pytest.fixture
def file(tmp_path):
    return tmp_path / "raw" / "file.zip"


def download(publisher, file, **given):
    request = Request(f"{publisher.url}/file.zip", kind=ARCHIVE)
    return client(**({"manners": MANY} | given)).download(request, file)


def ranges(publisher) -> list:
    return [headers.get("Range") for _, _, headers in publisher.asked]


def left(file) -> list[str]:
    return sorted(path.name for path in file.parent.iterdir()) if file.parent.exists() else []


def test_a_file_comes_as_it_is(publisher, file):
    assert download(publisher, file).data == file
    assert file.read_bytes() == BODY
    ((_, _, headers),) = publisher.asked
    assert headers["Accept-Encoding"] == "identity"
    assert "Range" not in headers


def test_a_file_that_is_whole_is_not_asked_for_again(publisher, file):
    download(publisher, file)
    download(publisher, file)
    assert len(publisher.asked) == 1


def test_a_cut_download_goes_on_where_it_stopped(publisher, file):
    publisher.faults = [cut_after(1000), cut_after(500), ranged]
    download(publisher, file)
    assert file.read_bytes() == BODY
    assert ranges(publisher) == [None, "bytes=1000-", "bytes=1500-"]
    tags = {headers.get("If-Range") for _, _, headers in publisher.asked[1:]}
    assert len(tags) == 1
    assert tags.pop().startswith('"')


def test_another_run_goes_on_where_the_first_stopped(publisher, file):
    publisher.faults = [cut_after(1000), play.status(500)]
    with pytest.raises(SourceError, match="status 500"):
        download(publisher, file, manners=replace(MANY, attempts=2))
    publisher.faults = [ranged]
    download(publisher, file)
    assert file.read_bytes() == BODY
    assert ranges(publisher) == [None, "bytes=1000-", "bytes=1000-"]


def test_what_came_from_another_address_is_not_continued(publisher, file):
    publisher.faults = [cut_after(1000)]
    with pytest.raises(SourceError):
        download(publisher, file, manners=replace(MANY, attempts=1))
    publisher.faults = [ranged]
    client().download(Request(f"{publisher.url}/file-2.zip", kind=ARCHIVE), file)
    assert ranges(publisher) == [None, None]
    assert file.read_bytes() == BODY


def test_another_edition_comes_from_its_beginning(publisher, file):
    publisher.faults = [cut_after(1000), lambda handler, body: ranged(handler, body[::-1])]
    download(publisher, file)
    assert ranges(publisher) == [None, "bytes=1000-"]
    assert file.read_bytes() == BODY[::-1]


def plain(handler, body, until=None, **headers):
    """A host that knows no ranges; the length is of the whole body."""
    play.send(
        handler, body[:until], 200, "application/zip", Content_Length=str(len(body)), **headers
    )


def test_without_a_sign_of_the_edition_all_comes_again(publisher, file):
    publisher.faults = [partial(plain, until=1000), plain]
    download(publisher, file)
    assert ranges(publisher) == [None, None]
    assert file.read_bytes() == BODY


def test_a_weak_tag_is_no_sign_but_the_date_of_the_last_change_is(publisher, file):
    changed = {"ETag": 'W/"1"', "Last_Modified": "Fri, 30 Jan 2026 10:00:00 GMT"}
    publisher.faults = [partial(plain, until=1000, **changed), partial(plain, **changed)]
    download(publisher, file)
    assert publisher.asked[1][2]["If-Range"] == "Fri, 30 Jan 2026 10:00:00 GMT"
    assert file.read_bytes() == BODY


def test_a_file_without_a_length_is_whole_at_its_end(publisher, file):
    def chunked(handler, body):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n")

    publisher.faults = [chunked]
    download(publisher, file)
    download(publisher, file)
    assert file.read_bytes() == BODY
    assert len(publisher.asked) == 1


def rest(content_range, begin=1000, **headers):
    """Answer with status 206 and some Content-Range."""

    def fault(handler, body):
        given = {"Content_Range": content_range.format(last=len(body) - 1, size=len(body))}
        given = given if content_range else {}
        play.send(handler, body[begin:], 206, "application/zip", **(given | headers))

    return fault


MIXTURES = {
    "from elsewhere": rest("bytes 900-{last}/{size}", 900),
    "to elsewhere": rest("bytes 1000-1999/{size}"),
    "of another size": rest("bytes 1000-1999/2000"),
    "without a place": rest(""),
    "of another edition": rest("bytes 1000-{last}/{size}", ETag='"another"'),
    "none, it says": play.status(416),
}


@pytest.mark.parametrize("mixture", MIXTURES)
def test_a_rest_that_does_not_fit_is_never_put_to_the_beginning(publisher, file, mixture):
    publisher.faults = [cut_after(1000), MIXTURES[mixture], ranged]
    download(publisher, file)
    assert ranges(publisher) == [None, "bytes=1000-", None]
    assert file.read_bytes() == BODY


def test_a_rest_that_was_not_asked_for_is_not_taken(publisher, file):
    publisher.faults = [rest("bytes 1000-{last}/{size}"), ranged]
    download(publisher, file)
    assert file.read_bytes() == BODY


def test_bytes_that_changed_on_disk_beyond_the_size_are_not_continued(publisher, file):
    publisher.faults = [cut_after(1000)]
    with pytest.raises(SourceError):
        download(publisher, file, manners=replace(MANY, attempts=1))
    file.write_bytes(BODY + b"more")
    publisher.faults = [ranged]
    download(publisher, file)
    assert ranges(publisher) == [None, None]
    assert file.read_bytes() == BODY


PASSING = {
    "429 with Retry-After": (play.status(429, Retry_After="7"), 7.0),
    "429 without": (play.status(429), 1.0),
    "500": (play.status(500), 1.0),
    "503": (play.status(503, Retry_After="3"), 3.0),
    "time-out": (play.silence, 1.0),
    "slow drip": (play.drip, 1.0),
    "connection cut": (play.cut_connection, 1.0),
    "HTML page": (play.html, 1.0),
    "HTML page that says data": (
        lambda handler, _: play.send(handler, b"<html>", kind="application/zip"),
        1.0,
    ),
    "nothing": (lambda handler, _: play.send(handler, b"", kind="application/zip"), 1.0),
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_is_tried_again_after_the_right_time(publisher, file, fault):
    make, pause = PASSING[fault]
    publisher.faults = [make, ranged]
    clock = Clock()
    download(publisher, file, clock=clock, sleep=clock.sleep)
    assert clock.slept[0] == pause
    assert file.read_bytes() == BODY


@pytest.mark.parametrize("fault", ["500", "HTML page", "connection cut", "time-out"])
def test_a_passing_fault_leaves_what_came_before(publisher, file, fault):
    publisher.faults = [cut_after(1000), PASSING[fault][0], ranged]
    download(publisher, file)
    assert ranges(publisher) == [None, "bytes=1000-", "bytes=1000-"]
    assert file.read_bytes() == BODY


FINAL = {
    "404": (play.status(404, "not here"), "status 404: .*not here"),
    "403": (play.status(403, "no"), "status 403"),
    "204": (lambda handler, _: play.send(handler, b"", 204), "answers with status 204"),
    "another host": (play.redirect("https://example.org/file.zip"), "redirects to https://example"),
    "a gigabyte": (play.gigabyte, "more than 500,000 bytes"),
    "an endless body": (play.endless, "more than 500,000 bytes"),
    "packed": (
        lambda handler, body: play.send(handler, body, Content_Encoding="gzip"),
        "packs a file that was asked for as it is",
    ),
}


@pytest.mark.parametrize("fault", FINAL)
def test_a_fault_that_stays_ends_at_once_and_leaves_nothing(publisher, file, fault):
    make, message = FINAL[fault]
    publisher.faults = [make]
    with pytest.raises(SourceError, match=message):
        download(publisher, file)
    assert len(publisher.asked) == 1
    assert left(file) == []


def test_a_file_that_is_not_there_is_refused_with_its_status(publisher, file):
    publisher.pages = {"/file": lambda path, query: (404, b"", "text/html")}
    with pytest.raises(Refused, match="an HTML page") as caught:
        download(publisher, file)
    assert caught.value.status == 404


def test_a_full_disk_is_said_before_it_is_full(publisher, file, monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda path: usage(free=100))
    with pytest.raises(SourceError, match="the disk has 100 left"):
        download(publisher, file)


def test_a_redirect_on_the_same_host_is_followed(publisher, file):
    publisher.faults = [play.redirect_here, ranged]
    download(publisher, file)
    assert file.read_bytes() == BODY


def test_the_progress_of_a_large_file_is_told(publisher, file, monkeypatch):
    monkeypatch.setattr(fetch, "LARGE", 1)
    monkeypatch.setattr(fetch, "CHUNK", 1000)
    lines = []
    download(publisher, file, lines=lines)
    assert 5 <= len(lines) <= 10
    assert lines[-1].endswith("0 of 0 MB")


# The raw copy.


def copies(publisher, folder, **given) -> raw.Copies:
    request = Request(f"{publisher.url}/file.zip", kind=ARCHIVE)
    made = Plan("baci", ("baci_minerals",), (2025,), "why", (request,), {})
    return raw.begin(folder, made, "free", client(**({"manners": MANY} | given)))


def read(made: raw.Copies, publisher, judge=lambda path: 7):
    return made.read(Request(f"{publisher.url}/file.zip", kind=ARCHIVE), judge)


def test_an_archive_is_kept_with_its_sidecar(publisher, tmp_path):
    made = copies(publisher, tmp_path)
    path = read(made, publisher)
    assert path.read_bytes() == BODY
    (sidecar,) = made.folder.glob("*.meta.json")
    about = json.loads(sidecar.read_text())
    assert (about["bytes"], about["rows"], about["status"]) == (len(BODY), 7, 200)
    assert about["sha256"] == catalogue.file_sha256(path)
    assert left(path) == sorted([path.name, sidecar.name, "refresh.json"])
    assert read(copies(publisher, tmp_path), publisher) == path
    assert len(publisher.asked) == 1


def test_an_interrupted_refresh_goes_on_with_the_archive(publisher, tmp_path):
    publisher.faults = [cut_after(1000)]
    with pytest.raises(SourceError):
        read(copies(publisher, tmp_path, manners=replace(MANY, attempts=1)), publisher)
    publisher.faults = [ranged]
    assert read(copies(publisher, tmp_path), publisher).read_bytes() == BODY
    assert ranges(publisher) == [None, "bytes=1000-"]


def test_a_stop_while_an_archive_is_judged_asks_for_no_byte_again(publisher, tmp_path):
    def stop(path):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(copies(publisher, tmp_path), publisher, stop)
    assert read(copies(publisher, tmp_path), publisher).read_bytes() == BODY
    assert len(publisher.asked) == 1


def test_an_archive_that_is_not_usable_is_not_kept(publisher, tmp_path):
    def judge(path):
        raise Unusable("not what is documented")

    made = copies(publisher, tmp_path)
    with pytest.raises(Unusable):
        read(made, publisher, judge)
    assert [path.name for path in made.folder.iterdir()] == ["refresh.json"]


@pytest.mark.parametrize("damage", ["deleted", "altered"])
def test_an_archive_that_is_not_what_its_sidecar_says_is_asked_for_again(
    publisher, tmp_path, damage
):
    path = read(copies(publisher, tmp_path), publisher)
    path.unlink() if damage == "deleted" else path.write_bytes(b"PK")
    assert read(copies(publisher, tmp_path), publisher).read_bytes() == BODY
    assert len(publisher.asked) == 2
