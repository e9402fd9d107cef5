"""The Atom feed of a site: an entry for each report that is new or whose numbers changed."""

import re
import uuid
from xml.etree import ElementTree

from rareearths.reports import change_text

ATOM = "http://www.w3.org/2005/Atom"
MOST = 50
TITLE = "Critical-mineral dependence: reports"
AUTHOR = "rare-earth-strategy"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def feed_text(records: list[dict], base: str = "", earlier: str = "") -> str:
    """Return the feed, newest entry first, reports of one day by their id.

    Parameters
    ----------
    records : list of dict
    base : str, optional
        Address at which the site is published; without one, links are relative to the feed.
    earlier : str, optional
        The feed before this one; an entry stays while its report is on the site.
    """
    entries = _earlier_entries(earlier, {f"{r['id']}.html" for r in records})
    for entry in map(_entry, filter(_is_news, records)):
        known = entries.get(entry["id"], entry)
        entries[entry["id"]] = entry | {"updated": known["updated"]}
    newest = sorted(entries.values(), key=lambda e: (e["link"], e["id"]))
    newest = sorted(newest, key=lambda e: e["updated"], reverse=True)[:MOST]
    latest = max((_time(r["date"]) for r in records), default=_time("1970-01-01"))
    feed = ElementTree.Element("feed", {"xmlns": ATOM} | ({"xml:base": base} if base else {}))
    _add(feed, "title", TITLE)
    _add(feed, "id", _urn(base or AUTHOR))
    _add(feed, "updated", latest)
    _add(ElementTree.SubElement(feed, "author"), "name", AUTHOR)
    ElementTree.SubElement(feed, "link", rel="self", href="feed.xml")
    ElementTree.SubElement(feed, "link", rel="alternate", href="index.html")
    for entry in newest:
        element = ElementTree.SubElement(feed, "entry")
        for name in ("title", "id", "updated"):
            _add(element, name, entry[name])
        ElementTree.SubElement(element, "link", rel="alternate", href=entry["link"])
        _add(element, "summary", entry["summary"])
    ElementTree.indent(feed)
    text = ElementTree.tostring(feed, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _is_news(record: dict) -> bool:
    change = record.get("change")
    return change is None or change["state"] != "same"


def _entry(record: dict) -> dict[str, str]:
    """The id holds the day of the change, not that of a page made anew without a change.

    A report about the others is news once a month.
    """
    change = record.get("change")
    said = change_text.summary(change) or "First report"
    when = change["date"] if change else "first"
    if record.get("reads"):
        when = said = record["date"][:7]
    return {
        "id": _urn(f"{record['id']}/{when}"),
        "title": record["title"],
        "updated": _time(change["date"] if change else record["date"]),
        "link": f"{record['id']}.html",
        "summary": f"{record['headline']} ({said})",
    }


def _earlier_entries(text: str, links: set[str]) -> dict[str, dict]:
    """Read the entries of a feed back; a damaged one has none."""
    try:
        feed = ElementTree.fromstring(text.encode())
    except ElementTree.ParseError:
        return {}
    found = {}
    for element in feed.iter(f"{{{ATOM}}}entry"):
        parts = ("id", "title", "updated", "summary")
        entry = {name: element.findtext(f"{{{ATOM}}}{name}", "") for name in parts}
        link = element.find(f"{{{ATOM}}}link")
        entry["link"] = "" if link is None else link.get("href", "")
        if entry["link"] in links and entry["id"]:
            found[entry["id"]] = entry
    return found


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = _NOT_XML.sub("", text)


def _time(date: str) -> str:
    return f"{date}T00:00:00Z"


def _urn(name: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, name).urn
