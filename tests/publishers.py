"""A server on loopback that answers like the World Bank and UN Comtrade, and misbehaves on demand.

Every value it gives is invented. It answers in the documented shape of each publisher, or by the
`FAULTS` that a test puts before the good answer.
"""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import parse_qsl, urlsplit

KEY = "k3y-of-the-test+/=07"  # with letters that an address would escape
FOREVER = 99

ISO = {"842": "USA", "156": "CHN", "392": "JPN", "490": "TWN", "251": "FRA"}


@dataclass
class Publisher:
    """What the server holds and what it was asked.

    Attributes
    ----------
    stability : dict
        By series a list of ``(iso3, name, year, value)``.
    flows : list of dict
        Comtrade rows, see `flow`.
    per_page : int
        Largest page of the World Bank.
    cap : int
        Most rows of a Comtrade reply; the rest is cut off without a word.
    faults : list
        What is done in the place of the next good answers, one a request.
    pages : dict
        By the beginning of a path: ``page(path, query)`` gives status, body (bytes) and content
        type, for publishers that this module does not know.
    alter : callable or None
        Changes a good answer before it is sent.
    asked : list of (str, dict, dict)
        Path, parameters and headers of each request.
    """

    stability: dict = field(default_factory=dict)
    flows: list = field(default_factory=list)
    per_page: int = 1000
    cap: int = 100_000
    faults: list = field(default_factory=list)
    pages: dict = field(default_factory=dict)
    alter: Callable | None = None
    asked: list = field(default_factory=list)
    released: Event = field(default_factory=Event)
    url: str = ""

    def __enter__(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def page(self, path: str, query: dict) -> tuple[int, bytes, str]:
        """Return status, body and content type of a good answer."""
        for beginning, page in self.pages.items():
            if path.startswith(beginning):
                return page(path, query)
        status, data = self.answer(path, query)
        if self.alter:
            data = self.alter(data)
        return status, json.dumps(data).encode(), "application/json; charset=utf-8"

    def answer(self, path: str, query: dict) -> tuple[int, object]:
        """Return status and JSON of a good answer."""
        if "/indicator/" in path:
            return 200, self._indicator(path.rsplit("/", 1)[1], query)
        if "/getDA/" in path:
            return 200, self._available(query)
        if path.endswith(("/C/A/HS", "/C/M/HS")):
            return self._comtrade(query)
        return 404, {"message": "Resource not found"}

    def _indicator(self, series: str, query: dict):
        if series not in self.stability or query.get("source") != "3":
            text = "The indicator was not found. It may have been deleted or archived."
            return [{"message": [{"id": "175", "key": "Invalid format", "value": text}]}]
        first, last = map(int, query["date"].split(":"))
        rows = [r for r in self.stability[series] if first <= r[2] <= last]
        size, page = min(int(query["per_page"]), self.per_page), int(query["page"])
        header = {
            "page": page,
            "pages": -(-len(rows) // size),
            "per_page": size,
            "total": len(rows),
            "sourceid": "3",
            "lastupdated": "2027-01-15",
        }
        chosen = rows[(page - 1) * size : page * size]
        return [header, [observation(series, *row) for row in chosen] or None]

    def _available(self, query: dict):
        """The years of which a reporter has a row, periods as numbers."""
        wanted = [query[name].split(",") for name in ("reporterCode", "period")]
        known = sorted({(f["reporterCode"], int(f["period"])) for f in self.flows})
        rows = [
            {"reporterCode": code, "period": year, "freqCode": "A", "totalRecords": 1}
            for code, year in known
            if str(code) in wanted[0] and str(year) in wanted[1]
        ]
        return {"elapsedTime": "0.01 secs", "count": len(rows), "data": rows, "error": ""}

    def _comtrade(self, query: dict):
        periods = query["period"].split(",")
        if len(periods) > 12:
            return 400, {"error": "Maximum number of periods is 12", "details": []}
        wanted = {
            "reporterCode": query["reporterCode"].split(","),
            "period": periods,
            "cmdCode": query["cmdCode"].split(","),
            "flowCode": [query["flowCode"]],
        }
        if "partnerCode" in query:
            wanted["partnerCode"] = query["partnerCode"].split(",")
        rows = [f for f in self.flows if all(str(f[k]) in v for k, v in wanted.items())]
        cut = rows[: min(self.cap, int(query["maxRecords"]))]
        return 200, {"elapsedTime": "0.05 secs", "count": len(cut), "data": cut, "error": ""}


def observation(series, iso3, name, year, value) -> dict:
    """Return one row in the World Bank's shape."""
    return {
        "indicator": {"id": series, "value": "Political Stability"},
        "country": {"id": iso3[:2] or name[:2], "value": name},
        "countryiso3code": iso3,
        "date": str(year),
        "value": value,
        "unit": "",
        "obs_status": "",
        "decimal": 1,
    }


def flow(reporter, year, product, partner, value, weight=None, **other) -> dict:
    """Return one row in Comtrade's shape: an import, its total over all modes and procedures."""
    return {
        "typeCode": "C",
        "freqCode": "A",
        "refYear": year,
        "refMonth": 52,
        "period": str(year),
        "reporterCode": int(reporter),
        "reporterISO": None,
        "flowCode": "M",
        "partnerCode": int(partner),
        "partnerISO": None,
        "partner2Code": 0,
        "classificationCode": "H6",
        "cmdCode": product,
        "customsCode": "C00",
        "motCode": 0,
        "qtyUnitCode": 8,
        "qty": weight,
        "netWgt": weight,
        "isNetWgtEstimated": False,
        "cifvalue": value,
        "fobvalue": None,
        "primaryValue": value,
        "isReported": True,
        "isAggregate": False,
    } | other


def _handler(publisher: Publisher) -> type:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            publisher.asked.append((parts.path, query, dict(self.headers)))
            status, body, kind = publisher.page(parts.path, query)
            self.close_connection = True
            with suppress(OSError):  # the client went away, as it should
                if publisher.faults:
                    publisher.faults.pop(0)(self, body)
                else:
                    send(self, body, status, kind)

        def log_message(self, *_):
            pass

    Handler.publisher = publisher
    return Handler


def send(handler, body: bytes, status=200, kind="application/json; charset=utf-8", **headers):
    """Send a whole answer; an underscore in the name of a header is a hyphen."""
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in ({"Content-Length": str(len(body))} | given).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


good = send  # in the place of a fault, the answer itself


# Faults: each takes the handler and the body of the good answer.


def status(code: int, text: str = "", **headers):
    """Answer with a status and a message in JSON, as the gateways of the publishers do."""

    def fault(handler, body):
        said = json.dumps({"statusCode": code, "message": text or "no"}).encode()
        send(handler, said, code, **headers)

    return fault


def html(handler, body):
    send(handler, b"<!DOCTYPE html><html><title>Maintenance</title></html>", kind="text/html")


def html_called_json(handler, body):
    send(handler, b"<!DOCTYPE html><html><title>Maintenance</title></html>")


def wrong_type(handler, body):
    send(handler, body, kind="application/octet-stream")


def cut_json(handler, body):
    """A body that is whole by its length, and ends in the middle."""
    send(handler, body[: len(body) // 2])


def short_body(handler, body):
    """Fewer bytes than the length says, then the connection ends."""
    send(handler, body[: len(body) // 2], Content_Length=str(len(body)))


def short_whole_json(handler, body):
    """Fewer bytes than the length says; what came parses all the same."""
    send(handler, body, Content_Length=str(len(body) + 10))


def cut_connection(handler, body):
    """The connection ends before anything is said."""
    handler.connection.close()


def silence(handler, body):
    handler.server.RequestHandlerClass.publisher.released.wait(5)


def drip(handler, body):
    """One byte at a time, each in time, the whole never."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        if handler.server.RequestHandlerClass.publisher.released.wait(0.1):
            return


def gigabyte(handler, body):
    send(handler, b"[", Content_Length=str(10**9))


def endless(handler, body):
    """A body without a length that goes on as long as somebody reads."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    end = time.monotonic() + 5
    while time.monotonic() < end:
        handler.wfile.write(b"10000\r\n" + b" " * 65_536 + b"\r\n")


def redirect(to: str, code: int = 302):
    def fault(handler, body):
        send(handler, b"", code, Location=to)

    return fault


def redirect_here(handler, body):
    """To the same host, where the good answer is."""
    send(handler, b"", 307, Location=handler.path)


def echo_of_key(code: int):
    """Repeat the key that was sent, in the body."""

    def fault(handler, body):
        key = handler.headers.get("Ocp-Apim-Subscription-Key", "")
        said = json.dumps({"message": f"key {key} is not known", "data": [], "error": ""})
        send(handler, said.encode(), code)

    return fault


def instead(data, code: int = 200):
    """Answer with other JSON."""
    return lambda handler, body: send(handler, json.dumps(data).encode(), code)


# What each source is tried with, by name: the fault, and what its error says. Sizes and times are
# those of the client that tests make, see `test_refresh.asking`.
BROKEN = {
    "429 for ever": (status(429), "status 429"),
    "429 for an hour": (status(429, Retry_After="3600"), "asks to wait 3600 s"),
    "500 for ever": (status(500), "status 500"),
    "503 for ever": (status(503, Retry_After="1"), "status 503"),
    "time-out": (silence, "no answer in time"),
    "slow drip": (drip, "not whole after 1 s"),
    "connection cut": (cut_connection, "connection was cut"),
    "body cut": (short_body, "connection was cut"),
    "HTML page": (html, "an HTML page came in the place of"),
    "another host": (redirect("https://example.org/"), "redirects to https://example.org"),
    "a gigabyte": (gigabyte, "more than 5,000,000 bytes"),
    "an endless body": (endless, "more than 5,000,000 bytes"),
}
NOT_JSON = {  # where JSON is asked for
    "JSON cut": (cut_json, "is not whole JSON"),
    "HTML page that says JSON": (html_called_json, "is not whole JSON"),
    "wrong type": (wrong_type, "content of type 'application/octet-stream'"),
}
OF_COMTRADE = {
    "quota": (status(403, "Out of call volume quota."), "quota of the day is used up"),
    "the key repeated": (echo_of_key(200), "repeats the key"),
    "the key repeated in an error": (echo_of_key(400), r"key \[key\] is not known"),
    "empty": (instead({"count": 0, "data": [], "error": ""}), "no row at all"),
    "an error with 200": (
        instead({"count": -1, "data": [], "error": "Maximum number of periods is 12"}),
        "the answer is an error",
    ),
    "another shape": (instead({"rows": []}), "no list 'data'"),
}
# Faults that are gone when the same is asked again.
PASSING = {
    "429": status(429, Retry_After="1"),
    "500": status(500),
    "503": status(503),
    "connection cut": cut_connection,
    "body cut": short_body,
    "HTML page": html,
}
REDIRECTED = {"a redirect on the same host": redirect_here}
