"""What stands beside the pages: index, manifest, changes, feed and alerts of the whole site."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from rareearths.reports import alerts, change_text, feed, page
from rareearths.reports.config import Report
from rareearths.reports.published import ALERTS
from rareearths.reports.published import RECORDS as MANIFEST
from rareearths.reports.schedule import parse_time
from rareearths.reports.store import Site, SiteError

_NEVER = datetime.min.replace(tzinfo=UTC)


def write(reports: list[Report], site: Site, checked: dict[str, datetime]) -> list[dict]:
    """Write the files of the whole site, each in one step.

    Parameters
    ----------
    reports : list of Report
        All of the report list.
    site : Site
    checked : dict of str to datetime
        When these reports were rendered or found up to date.

    Returns
    -------
    list of dict
        The alerts, see `alerts.raised`.

    Raises
    ------
    SiteError
        One of them cannot be written.
    """
    records = {r.id: site.record(r.id) for r in reports}
    published = {report_id: record for report_id, record in records.items() if record}
    languages = list(dict.fromkeys(report.language for report in reports))
    of_first = [r for r in reports if r.language == languages[0]]  # an alert is given once
    told, raised = _told(of_first, published), _alerts(of_first, published)
    files = _records(published, raised, site, checked) | {
        "changes.json": change_text.collect(told),
        "feed.xml": feed.feed_text(told, earlier=site.read("feed.xml")),
        "alerts.md": alerts.message_text(raised),
    }
    for language in languages:
        own = [r for r in reports if r.language == language]
        entries = [_entry(r, records[r.id], site) for r in own]
        others = [code for code in languages if code != language]
        name = page.index_name(language)
        files[name] = page.render_index(entries, _alerts(own, published), language, others)
    _write(files, site)
    return raised


def write_records(reports: list[Report], site: Site, checked: dict[str, datetime]) -> None:
    """Write what a report about the others reads; parameters and errors as for `write`."""
    records = {r.id: site.record(r.id) for r in reports}
    published = {report_id: record for report_id, record in records.items() if record}
    of_first = [r for r in reports if r.language == reports[0].language]
    _write(_records(published, _alerts(of_first, published), site, checked), site)


def _records(published: dict, raised: list[dict], site: Site, checked: dict) -> dict[str, str]:
    return {
        MANIFEST: _json(_manifest(published, site, checked)),
        ALERTS: alerts.json_text(raised),
    }


def _write(files: dict[str, str], site: Site) -> None:
    try:
        for name, text in files.items():
            site.write(name, text)
    except OSError as error:
        message = f"{site.folder / name} cannot be written: {error.strerror}"
        raise SiteError(message) from error


def _told(reports: list[Report], published: dict[str, dict]) -> list[dict]:
    return [published[r.id] for r in reports if r.id in published]


def _alerts(reports: list[Report], published: dict[str, dict]) -> list[dict]:
    known = [(r.alerts, published[r.id]) for r in reports if r.id in published]
    return [alert for thresholds, record in known for alert in alerts.raised(thresholds, record)]


def checked(folder: Path) -> dict[str, datetime]:
    """Return when each report of a site was last rendered or found up to date."""
    times = {}
    for report_id, entry in _read_manifest(folder).items():
        with suppress(KeyError, AttributeError, ValueError):
            times[report_id] = parse_time(entry["checked"])
    return times


def join(parts: list[Path], site: Site, reports: list[Report]) -> int:
    """Copy the reports of several sites into one, such as those of the shards of a render.

    Of a report that several sites hold, the one that was checked last is taken, or the one whose
    newest run failed.

    Returns
    -------
    int
        Number of reports copied.

    Raises
    ------
    SiteError
        A folder that is no site, or a damaged page in it.
    """
    for folder in parts:
        if not (folder / MANIFEST).is_file():
            raise SiteError(f"{folder} is not a site: it has no {MANIFEST}")
    times = {folder: checked(folder) for folder in parts}
    newest, sources = {}, {}
    for report in reports:
        found = [_state(Site(folder), report.id, times[folder]) for folder in parts]
        time, failed, source = max(found, key=lambda state: state[:2])
        if time > _NEVER:
            newest[report.id] = time
        if time > _NEVER or failed:
            sources[report.id] = source
    with site.lock():
        for report_id, source in sources.items():
            if source.folder.resolve() != site.folder.resolve():
                site.copy(source, report_id)
        write(reports, site, newest)
    return len(newest)


def _state(part: Site, report_id: str, times: dict[str, datetime]) -> tuple[datetime, bool, Site]:
    """Return when a site checked a report and whether the newest run failed.

    Raises
    ------
    SiteError
        The page is damaged.
    """
    time = times.get(report_id, _NEVER)
    if time > _NEVER and part.record(report_id) is None:
        raise SiteError(f"{part.page(report_id)} or its record is damaged; render it again")
    return time, part.failure(report_id) is not None, part


def _entry(report: Report, record: dict | None, site: Site) -> dict:
    return {
        "id": report.id,
        "schedule": report.schedule,
        "notebook": report.notebook.name,
        "parameters": report.parameters,
        "facts": record,
        "change": change_text.summary(record["change"]) if record else "",
        "failure": site.failure(report.id),
    }


def _manifest(published: dict[str, dict], site: Site, checked: dict[str, datetime]) -> dict:
    old = _read_manifest(site.folder)
    entries = {}
    for report_id, record in published.items():
        path = site.record_path(report_id).relative_to(site.folder).as_posix()
        files = {"page": f"{report_id}.html", "record": path, "notebook": f"{path[:-5]}.ipynb"}
        time = checked[report_id].isoformat() if report_id in checked else None
        time = time or old.get(report_id, {}).get("checked")
        entries[report_id] = {"files": files, "checked": time} | record
    return {"reports": entries}


def _read_manifest(folder: Path) -> dict:
    """Return the entries of the manifest; a missing or damaged one has none."""
    try:
        entries = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["reports"]
        return {i: entry for i, entry in entries.items() if isinstance(entry, dict)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _json(content) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
